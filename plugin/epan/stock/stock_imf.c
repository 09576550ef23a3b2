/* stock_imf.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stock_imf.h"

#include "drawing.h"
#include "message_facts.h"
#include "message_reassembly.h"
#include "prefs.h"

#include <epan/tap.h>

static dissector_handle_t imf_handle;
static int imf_tap; /* of Export Objects > IMF */

void stock_imf_handoff(void)
{
    imf_handle = find_dissector("imf");
}

gboolean stock_imf_is_wanted(void)
{
    if (imf_tap <= 0)
        imf_tap = find_tap_id("imf_eo");
    return imf_tap > 0 && have_tap_listener(imf_tap);
}

gboolean stock_imf_is_given(const stored_message *message, const packet_info *pinfo)
{
    /* a shortened message would pass for a whole one */
    return message && message->finished_in == pinfo->num && mailxtra_prefs.call_imf && imf_handle && message->size &&
           message_store_is_complete(message) && message_store_is_mail(message);
}

/* The parts that IMF and its multipart dissector find: not those inside of texts or of encoded messages. */
static guint stock_parts(const mime_message *mime)
{
    guint count = 0;
    for (guint i = 0; i < mime->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(mime->parts, i);
        count += part->source->depth == 0;
        count -= part->embedded && part->source->depth == 0 ? MIN(count, part->embedded->len) : 0;
    }
    return count;
}

/* By our own parse: a layer for each part, an item for each line of a text and some for each part. Where our parse has
 * met a limit, the stock parser may go on: then each line that can be a boundary counts as a part with a message in it.
 */
static drawing_cost cost_of_imf(stored_message *message, packet_info *pinfo)
{
    const mime_message *mime = message_analysis_mime(message_facts(message, pinfo));
    const anomaly_set limits = ANOMALY_BIT(ANOMALY_NESTING_LIMIT) | ANOMALY_BIT(ANOMALY_PART_LIMIT);
    slice bytes = message_store_bytes(message);
    guint boundaries = 0;
    guint64 lines = 0;
    for (const guint8 *lf; bytes.len && (lf = memchr(bytes.data, '\n', bytes.len));
         bytes = slice_from(bytes, (gsize)(lf - bytes.data) + 1), lines++)
        boundaries += slice_has_prefix(bytes, "--");
    guint parts = stock_parts(mime);
    if (mime->anomalies & limits)
        parts = MAX(parts, 2 * boundaries);
    return (drawing_cost){parts + 2, lines + 20ULL * parts};
}

void stock_imf_call(stored_message *message, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    if (!stock_imf_is_given(message, pinfo) || (!tree && !stock_imf_is_wanted()))
        return;
    tvbuff_t *whole = message_reassembly_tvb(message, tvb, pinfo);
    /* the tap of its export list is fed before a limit can end the call */
    drawing_cost cost = stock_imf_is_wanted() ? (drawing_cost){0, 0} : cost_of_imf(message, pinfo);
    if (whole)
        drawing_call_first(imf_handle, whole, pinfo, tree, cost);
}
