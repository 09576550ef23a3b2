/* part_content.h
 * What is inside of a decoded part: the attachments and bodies of TNEF, the mail inside of S/MIME. And how a part
 * is protected.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_PART_CONTENT_H
#define MAILXTRA_PART_CONTENT_H

#include "mime_parser.h"
#include "url_finder.h"

/* Part numbers. Part 2's content has
 *   TNEF: 2.1, 2.2, ... for its attachments; 2.text, 2.html, 2.rtf for its bodies
 *   S/MIME: the numbers of an attached message (RFC 3501 6.4.5): 2.1, 2.2 for the parts of a multipart, 2.1 for a
 * single part */

typedef struct derived_part {
    mime_part part;        /* as if it had come with a header; its header and its place in a message are empty */
    slice bytes;           /* borrowed from what was opened, or from `owned` */
    GByteArray *owned;     /* NULL: none */
    mime_message *message; /* the bytes are a whole mail (or MIME entity): here it is, with its paths put right. NULL:
                              they are a file */
} derived_part;

typedef struct part_content {
    GPtrArray *parts; /* of derived_part*, owned; may be empty */
    anomaly_set anomalies;
} part_content;

/* How much has come out of one message so far, and how deep we are. Start with {0}; one for all parts of a message. */
typedef struct part_budget {
    guint depth, parts;
    gsize bytes;
} part_budget;

/* Can part_content_open() find something in that leaf? `head`: the first PART_CONTENT_HEAD of its decoded bytes, or
 * all. */
enum { PART_CONTENT_HEAD = 16 };
gboolean part_content_may_open(const mime_part *part, slice head);

/* Looks into a leaf: `decoded` are its bytes, which have to live longer than the result. NULL: there is nothing inside.
 * At the limits of the budget: CONTENT_LIMIT, and the rest is left out. Close with part_content_close(), the
 * inner before the outer. */
part_content *part_content_open(const mime_part *part, slice decoded, part_budget *budget);
void part_content_close(part_content *content, part_budget *budget);

/* "signed", "encrypted", "compressed": what S/MIME (RFC 8551) and OpenPGP (RFC 3156, or armour in the
 * text) made of a part; NULL: nothing. `decoded`: of a leaf, else empty. Static. */
const char *part_content_protection(const mime_part *part, slice decoded);

/* Is the part shown as lines of text? text/anything, and calendars and cards that are declared as application/anything.
 */
gboolean part_content_is_text(const mime_part *part);

/* The links of a text part; `text`: mime_part_text(). Clear with url_list_clear(). */
url_list part_content_urls(const mime_part *part, const char *text);

#endif
