/* attachment_check.h
 * What an analyst wants to be told of an attachment: its name, its declared type and its content held
 * against each other. docs/content.md has the rules with their known errors.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_ATTACHMENT_CHECK_H
#define MAILXTRA_ATTACHMENT_CHECK_H

#include "anomaly.h"
#include "archive_listing.h"
#include "file_type.h"

typedef struct attachment_facts {
    const char *declared;           /* media type, lower case; NULL: the mail declares none */
    const char *filename;           /* UTF-8; NULL: none */
    file_type detected;             /* of the decoded bytes */
    const archive_listing *listing; /* NULL: no archive */
    gboolean complete;              /* no bytes are lost: else nothing contradicts */
} attachment_facts;

/* Everything that attachment_check() can say; who needs none of it need not call it. */
#define ATTACHMENT_CHECK_ANOMALIES                                                                                     \
    (ANOMALY_BIT(ANOMALY_TYPE_MISMATCH) | ANOMALY_BIT(ANOMALY_EXECUTABLE_CONTENT) |                                    \
     ANOMALY_BIT(ANOMALY_DOUBLE_EXTENSION) | ANOMALY_BIT(ANOMALY_RTLO_FILENAME) |                                      \
     ANOMALY_BIT(ANOMALY_ENCRYPTED_ARCHIVE) | ANOMALY_BIT(ANOMALY_MACRO_DOCUMENT) |                                    \
     ANOMALY_BIT(ANOMALY_ARCHIVE_WITH_EXECUTABLE) | ANOMALY_BIT(ANOMALY_BAD_ARCHIVE) |                                 \
     ANOMALY_BIT(ANOMALY_CONTENT_LIMIT))

anomaly_set attachment_check(const attachment_facts *facts);

#endif
