/* message_facts.h
 * The analyses of the messages that a frame finishes: one for each message in one dissection of its frame, for
 * whoever reads it, and as long as the packet.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MESSAGE_FACTS_H
#define MAILXTRA_MESSAGE_FACTS_H

#include "message_store.h"

#include "message_analysis.h"

/* The analysis of a finished message whose bytes are there. Owned by pinfo->pool; never NULL. */
message_analysis *message_facts(stored_message *stored, packet_info *pinfo);

/* The same where there is no packet: at the end of the capture. Free with message_analysis_free(). */
message_analysis *message_facts_new(const stored_message *stored);

/* Where the message comes from, with what its session and earlier hops say; found out when it is first needed. NULL:
 * not known, as of a section that an IMAP client fetched by itself. */
const trace_report *message_facts_trace(const stored_message *stored, message_analysis *analysis);

/* The findings of FINDINGS_* `scope`, and with `with_trace` those of the trace: array of message_finding*, owned by the
 * analysis. */
const GPtrArray *message_facts_findings(const stored_message *stored, message_analysis *analysis, guint scope,
                                        gboolean with_trace);

/* One line for the Info column, kept as long as the file. */
const char *message_facts_summary(stored_message *stored, packet_info *pinfo);

/* Digest in hexadecimal of the part, or of the message (part NULL). Kept as long as the file, so that a later pass
 * need not make it again. */
const char *message_facts_digest(stored_message *stored, part_analysis *part, GChecksumType algorithm);

#endif
