/* export_name.h
 * File names for exported parts: safe on every file system, unique within one export.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_EXPORT_NAME_H
#define MAILXTRA_EXPORT_NAME_H

#include <glib.h>

/* A safe form of `wanted` (UTF-8, may be NULL or empty): no path separators, control
 * characters, leading dots, trailing dots or blanks, characters or names that Windows reserves, at
 * most LIMIT_FILENAME_BYTES with the extension kept and no character cut. NULL when
 * nothing is left. *changed_r (may be NULL): was anything changed? g_free() it. */
char *export_name_safe(const char *wanted, gboolean *changed_r);

/* A name for a part without one: "<stem>-part-<path><extension of type>"; `stem` is made safe
 * ("message" when NULL or nothing is left), e.g. the subject. g_free() it. */
char *export_name_for_part(const char *stem, const char *path, const char *type);

/* The usual extension of a media type with its dot (".pdf"), "" when unknown. Static. */
const char *export_name_extension(const char *type);

/* Names given out so far (compared without case, as Windows and macOS do). */
typedef struct export_names export_names;
export_names *export_names_new(void);
void export_names_free(export_names *names);

/* `name` if it is free, else "stem-2.ext", "stem-3.ext", ...; constant time on average, also
 * for thousands of equal names. g_free() it. */
char *export_names_unique(export_names *names, const char *name);

#endif
