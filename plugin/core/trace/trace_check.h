/* trace_check.h
 * Looks at where a message says it comes from: its Received fields, its senders, what servers and signers say
 * about it, against each other and against what the capture shows. What does not fit becomes a finding with
 * the reason in words. docs/tracing.md says of each what it means and when it is a false alarm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TRACE_CHECK_H
#define MAILXTRA_TRACE_CHECK_H

#include "anomaly.h"
#include "auth_results.h"
#include "dkim_body.h"
#include "mime_parser.h"
#include "received.h"

/* A hop that this capture shows, and that one Received field of the message tells of. */
typedef struct trace_witness {
    guint from_bottom;     /* which Received field, 0: the last one of the header */
    guint32 frame;         /* that completed the message on that hop */
    const char *client_ip; /* NULL: not known */
    const char *helo;      /* NULL: not known */
} trace_witness;

/* What is known besides the message itself. Everything is borrowed; NULL: not known. */
typedef struct trace_facts {
    const GPtrArray *fields; /* of header_field*: the message's own header */
    slice body;
    gboolean complete; /* the whole message is there */

    gboolean is_upload; /* SMTP, LMTP: the client hands it over; else it is fetched from a mailbox */
    gboolean is_smtp;
    const char *client_ip, *server_ip;
    const char *helo;          /* argument of HELO, EHLO, LHLO */
    const char *hello_name;    /* the name by which the server's answer calls the client */
    const char *server_name;   /* how the server calls itself in its greeting */
    const char *auth_user;     /* who is logged in */
    const char *envelope_from; /* without <>; "": the null sender */
    char **envelope_to;        /* NULL-terminated */
    gint64 time;               /* when the capture shows it, seconds since 1970 */

    const trace_witness *witnesses;
    guint witness_count;
} trace_facts;

typedef struct trace_finding {
    anomaly_kind kind;
    char *text;                /* what was seen, and why it may mean forgery */
    const header_field *field; /* the field it is about; NULL: the message */
} trace_finding;

/* A Received field. */
typedef struct trace_hop {
    const header_field *field;
    received_trace *trace;
    gboolean has_delay;
    gint64 delay;     /* seconds since the hop before */
    gboolean claimed; /* the client brought it: nothing but its word for it */
    guint32 seen_in;  /* frame in which the capture shows this hop; 0: it does not */
} trace_hop;

typedef enum trace_result_kind {
    TRACE_AUTHENTICATION_RESULTS,
    TRACE_ARC_RESULTS,
    TRACE_RECEIVED_SPF
} trace_result_kind;

typedef struct trace_result {
    const header_field *field;
    trace_result_kind kind;
    auth_results *results;
} trace_result;

typedef enum trace_signature_kind {
    TRACE_DKIM_SIGNATURE,
    TRACE_ARC_MESSAGE_SIGNATURE,
    TRACE_ARC_SEAL
} trace_signature_kind;

typedef struct trace_signature {
    const header_field *field;
    trace_signature_kind kind;
    dkim_signature *signature;
    dkim_verdict verdict; /* DKIM_BODY_UNKNOWN too when the message is not whole */
} trace_signature;

/* Who it is from and for, by the header. */
typedef struct trace_mailboxes {
    GPtrArray *from, *sender, *reply_to, *return_path, *resent_from; /* of mail_address* */
    GPtrArray *bcc; /* of char*: envelope recipients that no field of the header names */
} trace_mailboxes;

typedef struct trace_report {
    GPtrArray *hops;       /* of trace_hop*, as they stand in the header: the latest first; at most LIMIT_TRACE_HOPS */
    guint hop_fields;      /* Received fields that there are */
    GPtrArray *results;    /* of trace_result* */
    GPtrArray *signatures; /* of trace_signature* */
    trace_mailboxes mailboxes;
    gboolean is_list; /* a mailing list has sent it on */
    gboolean null_sender;
    GPtrArray *findings; /* of trace_finding* */
} trace_report;

/* Never NULL; points into facts->fields. Free with trace_report_free(). Linear in the header, and in the body times
 * LIMIT_TRACE_SIGNATURES. */
trace_report *trace_examine(const trace_facts *facts);
void trace_report_free(trace_report *report);

/* The name by which a server's answer to HELO or EHLO calls the client ("mx.example Hello host.example [192.0.2.1],
 * pleased to meet you"); g_free() it. NULL: it does not. */
char *trace_hello_name(slice reply_text);

/* "3 min 5 s", "2 h", "-4 s"; g_free() it. */
char *trace_duration_text(gint64 seconds);

#endif
