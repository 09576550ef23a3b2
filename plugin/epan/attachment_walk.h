/* attachment_walk.h
 * The attachments of a message one by one, those that are inside of others (TNEF, S/MIME) among them: what the export
 * lists offer and `-z mailxtra,save` writes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_ATTACHMENT_WALK_H
#define MAILXTRA_ATTACHMENT_WALK_H

#include <glib.h>

#include "../core/mime_parser.h"

/* The bytes of an attachment: in one block, or decoded while they are read. */
typedef struct attachment_body {
    const mime_part *part; /* what is decoded; NULL: all is in `whole` */
    slice whole;
} attachment_body;

/* Hands them on from the first; as often as one likes. */
void attachment_body_read(const attachment_body *body, mime_sink sink, void *user);

typedef struct attachment_visitor {
    /* An attachment and its bytes, which live as long as the call. */
    void (*visit)(const mime_part *part, const attachment_body *body, void *user);
    /* Told of every buffer before what is in it is visited: whoever needs it for longer takes a reference, and every
     * body is whole. NULL: nobody does; then only what has to be looked into is ever in memory as a whole. */
    void (*keep)(GByteArray *bytes, void *user);
    void *user;
} attachment_visitor;

/* Is the part one that counts as an attachment? Policy: docs/architecture.md, and the preference. */
gboolean attachment_walk_counts(const mime_part *part);

/* Visits the attachments of `mime` in the order of the message, each in front of what is inside of it. Bounded as
 * part_content.h says. */
void attachment_walk(const mime_message *mime, const attachment_visitor *visitor);

#endif
