/* mime_param.h
 * Values with parameters: Content-Type and Content-Disposition. RFC 2045 5.1, RFC 2183 2,
 * RFC 2231 3 and 4, and what senders make of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MIME_PARAM_H
#define MAILXTRA_MIME_PARAM_H

#include "anomaly.h"
#include "slice.h"

typedef struct mime_param {
    char *name;        /* lower case, without "*" and section number; UTF-8 */
    char *value;       /* decoded, one line of UTF-8 */
    GByteArray *bytes; /* the value's bytes before any decoding but that of quotes and percents */
    char *other;       /* the value of another form of it, or of a second one, that says something else; NULL: none */
    gboolean other_is_fallback; /* it is the plain form of an extended one */
} mime_param;

typedef struct mime_param_list {
    char *value;       /* in front of the first ";": "text/plain", "attachment"; lower case, without blanks
                        * and comments; "" when there is none */
    GPtrArray *params; /* of mime_param*, owned, in the order of the field, one of each name */
} mime_param_list;

/* Parses `raw` (behind the colon, folded as it came). Never NULL; mime_param_list_free() it.
 * *anomalies (may be NULL) gets BAD_PARAMETER, DUPLICATE_PARAMETER and what decoding meets. At most
 * LIMIT_PARAMS parameters and sections. */
mime_param_list *mime_param_parse(slice raw, anomaly_set *anomalies);
void mime_param_list_free(mime_param_list *list);

/* The parameter of that name (lower case); NULL: none. Borrowed. */
const mime_param *mime_param_find(const mime_param_list *list, const char *name);

/* The decoded value of the parameter of that name (lower case); NULL: none. Borrowed. */
const char *mime_param_value(const mime_param_list *list, const char *name);

/* Its undecoded bytes, for what is compared with bytes (boundary); empty: none. Borrowed. */
slice mime_param_bytes(const mime_param_list *list, const char *name);

#endif
