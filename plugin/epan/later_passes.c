/* later_passes.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who comes back to frames keeps them all, and can tell when each was captured. Who does not keeps the time of the
 * previous frame (for the differences that columns show), of the one displayed last and of the reference, and no
 * other. So an earlier frame is asked for, and the previous one as well, to know that an answer is one.
 */
#include "later_passes.h"

#include <epan/column-utils.h>
#include <epan/frame_data.h>

/* Frames of which the earlier one was known: after that no more is asked. The one displayed last may be it. */
#define LIMIT_QUESTIONS 16

static guint32 earlier_frame; /* of which the time was known then; 0: none yet */
static guint questions;
static gboolean are_forgotten;

static void forget(void)
{
    earlier_frame = questions = 0;
    are_forgotten = FALSE;
}

void later_passes_register(void)
{
    register_cleanup_routine(forget);
}

/* epan_get_frame_ts() is not exported, but what compares frames by the time since the one in front of them is: an
 * age that lies before every capture is less than none, if that frame's time is known. */
static gboolean is_remembered(const packet_info *pinfo, guint32 frame)
{
    const frame_data behind = {.num = frame + 1, .has_ts = 1, .abs_ts = {.secs = -(G_GINT64_CONSTANT(1) << 40)}};
    const frame_data first = {.num = 1, .has_ts = 1};
    return frame_data_compare(pinfo->epan, &behind, &first, COL_DELTA_TIME) < 0;
}

gboolean later_passes_may_come(const packet_info *pinfo)
{
    if (are_forgotten)
        return FALSE;
    if (questions >= LIMIT_QUESTIONS)
        return TRUE;
    if (earlier_frame && pinfo->num > earlier_frame + 1 && is_remembered(pinfo, pinfo->num - 1)) {
        questions++;
        are_forgotten = !is_remembered(pinfo, earlier_frame);
        earlier_frame = 0;
    }
    if (!earlier_frame && pinfo->fd->has_ts && pinfo->num > 1 && pinfo->num != pinfo->fd->frame_ref_num)
        earlier_frame = pinfo->num;
    return !are_forgotten;
}
