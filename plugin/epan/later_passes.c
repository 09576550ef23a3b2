/* later_passes.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who comes back to frames keeps them all, and can tell when each was captured. Who does not keeps the time of the
 * previous frame (for the differences that columns show), of the one displayed last and of the reference, and no
 * other. So an earlier frame is asked for, and the previous one as well, to know that an answer is one.
 */
#include "later_passes.h"

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

static gboolean is_remembered(const packet_info *pinfo, guint32 frame)
{
    return ws_frame_time(pinfo->epan, frame) != NULL;
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
