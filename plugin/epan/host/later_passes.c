/* later_passes.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who comes back to frames keeps them all, from the first one on, in one sequence of the program's capture file.
 * `tshark` with one pass has no such sequence.
 */
#include "later_passes.h"

#include <stdio.h>
#include <stdlib.h>

#define OVERRIDE "MAILXTRA_LATER_PASSES"

static gboolean is_decided;
static ws_frames_kept kept;
static gboolean may_come;

void later_passes_forget(void)
{
    is_decided = FALSE;
}

static void show_decision(void)
{
    static const char *const texts[] = {"not known", "no", "yes"};
    fprintf(stderr, "mailxtra: later passes: %s (the program keeps its frames: %s)\n", may_come ? "yes" : "no",
            texts[kept]);
}

static void decide(const packet_info *pinfo)
{
    const char *wanted = getenv(OVERRIDE);
    char **words = g_strsplit(wanted ? wanted : "", ",", -1);
    kept = ws_keeps_frames(pinfo->epan);
    may_come = kept != WS_FRAMES_NOT_KEPT;
    is_decided = TRUE;
    if (g_strv_contains((const char *const *)words, "yes"))
        may_come = TRUE;
    else if (g_strv_contains((const char *const *)words, "no"))
        may_come = FALSE;
    if (g_strv_contains((const char *const *)words, "show"))
        show_decision();
    g_strfreev(words);
}

gboolean later_passes_may_come(const packet_info *pinfo)
{
    if (!is_decided)
        decide(pinfo);
    return may_come;
}

gboolean later_passes_are_sure(void)
{
    return is_decided && kept == WS_FRAMES_KEPT;
}
