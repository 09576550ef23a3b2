/* message_analysis_private.h
 * What message_analysis.c and message_findings.c share.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MESSAGE_ANALYSIS_PRIVATE_H
#define MAILXTRA_MESSAGE_ANALYSIS_PRIVATE_H

#include "message_analysis.h"

struct part_analysis {
    message_analysis *analysis;
    const mime_part *part;
    gboolean is_derived; /* the bytes were at hand from the beginning */
    guint depth;         /* parts that were opened to get here */
    gboolean is_decoded, is_opened, is_detected, is_listed;
    slice bytes;
    GByteArray *owned;     /* what `bytes` points into; NULL: something else owns it */
    anomaly_set decoding;  /* met while decoding */
    part_content *content; /* NULL: nothing inside, or not opened */
    file_type detected;
    archive_listing *listing;
    char *digests[3];
    char *text;
    anomaly_set text_anomalies;
    gboolean has_urls;
    url_list urls;
};

struct message_analysis {
    message_source source;
    mime_message *mime;
    GHashTable *parts;  /* mime_part -> part_analysis, owned */
    GHashTable *values; /* name -> value that no field of the header holds, owned */
    GHashTable *addresses;
    part_budget budget; /* of all that comes out of the parts */
    gboolean is_opened; /* all parts that can be opened are */
    printable summary;
    guint findings_made; /* FINDINGS_* */
    GPtrArray *findings;
    trace_report *trace;
};

#endif
