/* session_end.h
 * Ends all sessions when the capture is over. capture_end.c says when that is, and who gets what it brings.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SESSION_END_H
#define MAILXTRA_SESSION_END_H

#include "stream_call.h"

/* Called for each session that was not over, when it is: its records of the end are those of `call` from `first` on,
 * which are valid until the session is forgotten; `frame` and `time`: those of the last frame that brought it bytes. */
typedef void (*session_end_sink)(const stream_call *call, guint first, guint32 frame, const nstime_t *time, void *user);

/* What waits is handed on, what is missing becomes gaps, open messages end as cut. What the sessions say then is
 * recorded with the last frame that brought them bytes. What was finished stays so. `sink` may be NULL. */
void session_end_finish_all(session_end_sink sink, void *user);

#endif
