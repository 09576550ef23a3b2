/* jsonl.h
 * Lines of JSON (RFC 8259), one object each: what a manifest consists of.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_JSONL_H
#define MAILXTRA_JSONL_H

#include <glib.h>

/* Begins an object in `line`, which is emptied. */
void jsonl_begin(GString *line);

/* Members. Text that is not UTF-8 gets U+FFFD for its wrong bytes; NULL is null. Keys are ASCII and written as they
 * are. */
void jsonl_text(GString *line, const char *key, const char *text);
void jsonl_texts(GString *line, const char *key, char *const *texts); /* NULL-terminated; an array */
void jsonl_number(GString *line, const char *key, guint64 number);
void jsonl_null(GString *line, const char *key);
void jsonl_bool(GString *line, const char *key, gboolean value);

/* A number that is written already, such as "12.500000". */
void jsonl_literal(GString *line, const char *key, const char *literal);

/* An object, which was begun and not ended. */
void jsonl_object(GString *line, const char *key, const GString *object);

/* All members of `object`, which was begun and not ended. */
void jsonl_members(GString *line, const GString *object);

/* Ends the object and the line. */
void jsonl_end(GString *line);

#endif
