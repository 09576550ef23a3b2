/* message_analysis.h
 * All that is known about one finished message, found out once and read by everybody: what saves, exports, lists and
 * counts, and what draws. Nothing in it depends on who reads it, or in which order.
 *
 * The MIME structure is read when the analysis is made. What costs more is found out when it is first needed, and kept
 * as long as the analysis: the decoded bytes of a part, what is inside of it, its digests, its text and links, the
 * findings. A part is decoded once; where only its bytes are wanted, and only once, it is read in pieces and never held
 * as a whole (part_analysis_read()).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MESSAGE_ANALYSIS_H
#define MAILXTRA_MESSAGE_ANALYSIS_H

#include "archive_listing.h"
#include "file_type.h"
#include "mime_parser.h"
#include "part_content.h"
#include "printable.h"
#include "trace_check.h"

/* What a message is made of. Everything is borrowed and has to live as long as the analysis. */
typedef struct message_source {
    slice bytes;          /* dot-stuffing undone */
    const mime_gap *gaps; /* missing bytes, sorted */
    guint gap_count;
    gboolean is_cut;            /* the end of the message was not seen */
    gboolean is_excerpt;        /* what is missing behind the end was not requested (POP3 TOP) */
    anomaly_set anomalies;      /* of the transfer */
    const char *section;        /* IMAP: the section (RFC 9051 6.4.5) that was fetched by itself; NULL: the message */
    gboolean is_header;         /* the section is a header, or some fields of one */
    const char *subject, *from; /* IMAP: the message's own, from an ENVELOPE, undecoded; NULL: not known */
    gboolean texts_count;       /* text bodies count as attachments */
} message_source;

typedef struct message_analysis message_analysis;

/* A leaf, an attached message, or a part that came out of another one (TNEF, S/MIME). Owned by the analysis. */
typedef struct part_analysis part_analysis;

/* Never NULL. Linear in the bytes. Free with message_analysis_free(). */
message_analysis *message_analysis_new(const message_source *source);
void message_analysis_free(message_analysis *analysis); /* NULL is allowed */

/* The structure; parts have the numbers that they have in the message, also when only a section was fetched. */
const mime_message *message_analysis_mime(const message_analysis *analysis);

/* ---- the header ---- */

/* The decoded value of the first field of that name. Of a section that was fetched by itself, Subject and From are
 * those of the ENVELOPE. NULL: there is none. Owned by the analysis. */
const char *message_analysis_field(message_analysis *analysis, const char *name);

/* The bare addresses ("local@domain") of all fields of that name: array of char*, owned by the analysis; never NULL.
 * RFC 5322 3.4. */
const GPtrArray *message_analysis_addresses(message_analysis *analysis, const char *name);

/* The Date field in seconds since 1970, UTC. FALSE: there is none, or it is no date. RFC 5322 3.3. */
gboolean message_analysis_date(message_analysis *analysis, gint64 *epoch_r);

/* One line: From, Subject and the names of the first attachments. Owned by the analysis. */
const printable *message_analysis_summary(message_analysis *analysis);

/* ---- parts ---- */

/* The analysis of `part`, a leaf or an attached message of this message or of one that came out of it. Never NULL. */
part_analysis *message_analysis_part(message_analysis *analysis, const mime_part *part);

/* Does the part count as an attachment? docs/architecture.md, Policy. */
gboolean message_analysis_counts(const message_analysis *analysis, const mime_part *part);

/* Visits the attachments in the order of the message, each in front of what is inside of it. Bounded as
 * part_content.h says. */
typedef void (*message_attachment_visit)(part_analysis *part, void *user);
void message_analysis_attachments(message_analysis *analysis, message_attachment_visit visit, void *user);

const mime_part *part_analysis_part(const part_analysis *part);

/* The bytes with the transfer encoding undone, never converted to another charset. Valid as long as the analysis. */
slice part_analysis_bytes(part_analysis *part);

/* The same in pieces, for a reader who needs them once: a part that is not decoded yet is not kept as a whole. */
void part_analysis_read(part_analysis *part, mime_sink sink, void *user);

/* In hexadecimal, of MD5, SHA-1 or SHA-256; made once. Owned by the analysis. */
const char *part_analysis_digest(part_analysis *part, GChecksumType algorithm);

/* What is inside; NULL: nothing. */
const part_content *part_analysis_content(part_analysis *part);

/* What the bytes are. */
file_type part_analysis_type(part_analysis *part);

/* The archive's directory; NULL: the part is no archive. */
const archive_listing *part_analysis_listing(part_analysis *part);

/* "signed", "encrypted", "compressed"; NULL: none. Static. For a multipart too, which has no analysis. */
const char *part_analysis_protection(part_analysis *part);

/* Of a text part: as UTF-8; its links. Owned by the analysis. */
const char *part_analysis_text(part_analysis *part);
const url_list *part_analysis_urls(part_analysis *part);

/* ---- findings ---- */

/* Something odd that was seen. Findings are evidence: expert infos, tables and manifests are made from them. */
typedef struct message_finding {
    anomaly_kind kind;         /* its severity is anomaly_describe(kind)->weight */
    const mime_part *part;     /* that it is about; NULL: the message */
    const header_field *field; /* that it is about; NULL: none */
    const char *path;          /* number of the part; NULL: the message */
    const char *text;          /* what was seen and why it matters; a true value. Never NULL */
} message_finding;

/* Findings by what it costs to find them. */
enum {
    FINDINGS_STRUCTURE = 1 << 0, /* transfer, header fields, parts: known from the structure */
    FINDINGS_CONTENT = 1 << 1,   /* needs the decoded bytes of all parts */
    FINDINGS_ALL = FINDINGS_STRUCTURE | FINDINGS_CONTENT
};

/* The anomalies that only FINDINGS_CONTENT finds. */
anomaly_set message_findings_of_content(void);

/* The findings of these kinds of work, each made once: array of message_finding*, owned by the analysis. Those of the
 * trace are among them once message_analysis_set_trace() was called. */
const GPtrArray *message_analysis_findings(message_analysis *analysis, guint scope);

/* Where the message comes from, as far as the capture tells; its findings are added. Takes the report over. Once. */
void message_analysis_set_trace(message_analysis *analysis, trace_report *report);
const trace_report *message_analysis_trace(const message_analysis *analysis); /* NULL: not set */

#endif
