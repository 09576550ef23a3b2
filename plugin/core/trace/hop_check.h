/* hop_check.h
 * What changed between two hops of one mail, and should not have.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_HOP_CHECK_H
#define MAILXTRA_HOP_CHECK_H

#include "mail_trace.h"
#include "trace_check.h"

/* Adds to the report of a message the findings FIELDS_CHANGED (fields that its author wrote) and BODY_CHANGED, against
 * the hop before, which ended in `previous_frame`. Not for mail that a list sent on: lists change both. */
void hop_check(trace_report *report, const mail_hop *hop, guint32 previous_frame);

#endif
