/* fuzz_message_analysis.c
 * All that is found out about a message: the first bytes say how it came, the rest is the message. What is read before
 * and behind the findings is the same, and what has a gap is not complete.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "message_analysis.h"

typedef struct seen {
    guint count;
    gsize bytes;
} seen;

static void look_at(part_analysis *part, void *user)
{
    seen *all = user;
    slice bytes = part_analysis_bytes(part);
    all->count++;
    all->bytes += bytes.len;
    g_assert(strlen(part_analysis_digest(part, G_CHECKSUM_MD5)) == 32);
    g_assert(!part_analysis_part(part)->missing || !part_analysis_part(part)->complete);
    part_analysis_type(part);
    part_analysis_listing(part);
    part_analysis_protection(part);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size < 4)
        return 0;
    const mime_gap gap = {MIN(data[1] * 16u, size - 4), 7};
    message_source source = {.bytes = {data + 4, size - 4},
                             .gaps = &gap,
                             .gap_count = data[0] & 1,
                             .is_cut = data[0] & 2,
                             .is_excerpt = data[0] & 4,
                             .section = data[0] & 8 ? "2.1" : NULL,
                             .is_header = (data[0] & 0x18) == 0x18,
                             .texts_count = data[0] & 32};
    message_analysis *analysis = message_analysis_new(&source);
    seen before = {0}, behind = {0};
    gint64 epoch;
    if (data[0] & 64)
        message_analysis_attachments(analysis, look_at, &before);
    message_analysis_date(analysis, &epoch);
    message_analysis_addresses(analysis, "From");
    g_assert(g_utf8_validate(message_analysis_summary(analysis)->text, -1, NULL));
    guint findings = message_analysis_findings(analysis, FINDINGS_ALL)->len;
    message_analysis_attachments(analysis, look_at, &behind);
    g_assert(!(data[0] & 64) || (before.count == behind.count && before.bytes == behind.bytes));
    g_assert(message_analysis_findings(analysis, FINDINGS_ALL)->len == findings);
    message_analysis_free(analysis);
    return 0;
}
