/* mime_fields.h
 * What the header fields of a part say about it: type, encoding, disposition, names. RFC 2045, 2183, 2231.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MIME_FIELDS_H
#define MAILXTRA_MIME_FIELDS_H

#include "mime_parser.h"

/* Sets the members of `part` that follow from part->fields and the type of its parent; no more than
 * that is needed. Anomalies go to the part. */
void mime_fields_interpret(mime_part *part);

/* Marks a part whose file name is not safe to use as it is. */
void mime_fields_check_filename(mime_part *part);

/* The boundary parameter's bytes without blanks at its end, new; NULL: there is no such parameter. */
GByteArray *mime_fields_boundary(const mime_part *part);

#endif
