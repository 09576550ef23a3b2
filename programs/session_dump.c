/* session_dump.c
 * Prints the mail sessions of a capture as the core sees them, without Wireshark's dissectors: for developers and
 * tests.
 *
 *     session_dump CAPTURE
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "capture_file.h"

#include "message_analysis.h"
#include "connection_table.h"
#include "message_collection.h"

#include <stdio.h>

enum { STATUS_DONE = 0, STATUS_CANNOT_READ = 1, STATUS_USAGE = 2 };

static const char usage[] =
    "Usage: session_dump CAPTURE\n"
    "\n"
    "Prints the mail sessions (SMTP, LMTP, POP3, IMAP) of a capture file of any format that Wireshark reads: events,\n"
    "messages, parts and attachments. Each line begins with the number of the session, the number of the frame, and\n"
    "who it is about: C the client, S the server, - neither. Nothing is decrypted.\n"
    "\n"
    "Exit status: 0, or 1 when the file cannot be read (to its end), or 2 when it is called otherwise.\n";

/* One session; lives until the end, as pieces of its mail may be joined then. */
typedef struct session {
    guint32 number;
    guint64 where; /* the frame that is being read; at the end the last one that brought bytes */
    message_collector *collector;
} session;

typedef struct dump {
    message_collection *messages;
    GPtrArray *sessions; /* of session*, owned */
    guint64 frames, unread, message_count, attachment_count;
} dump;

/* ---- lines ---- */

/* All that is printed goes through here: text of the capture must not steer a terminal. */
static void print_line(const char *bytes, gsize length)
{
    printable shown = printable_of_bytes(bytes, length);
    puts(shown.text);
    printable_clear(&shown);
}

static void say(const session *s, char who, const char *kind, slice text)
{
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, "%u %" G_GUINT64_FORMAT " %c %s", s->number, s->where, who, kind);
    if (text.len) {
        g_string_append_c(line, ' ');
        g_string_append_len(line, (const char *)text.data, (gssize)text.len);
    }
    print_line(line->str, line->len);
    g_string_free(line, TRUE);
}

static void say_text(const session *s, char who, const char *kind, const char *format, ...) G_GNUC_PRINTF(4, 5);

static void say_text(const session *s, char who, const char *kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    say(s, who, kind, slice_of(text));
    g_free(text);
}

static void say_anomalies(const session *s, char who, anomaly_set anomalies)
{
    for (anomaly_kind kind = 0; kind < ANOMALY_COUNT; kind++)
        if (anomalies & ANOMALY_BIT(kind))
            say(s, who, "anomaly", slice_of(anomaly_describe(kind)->name));
}

/* ---- messages ---- */

static const char *source_name(mail_message_source source)
{
    static const char *const names[] = {"DATA", "BDAT", "RETR", "TOP", "FETCH", "APPEND"};
    return names[source];
}

static const char *reason_name(mail_end_reason reason)
{
    static const char *const names[] = {"complete", "aborted", "cut"};
    return names[reason];
}

static void say_field(const session *s, message_analysis *analysis, const char *name)
{
    const char *value = message_analysis_field(analysis, name);
    if (value)
        say_text(s, '-', "field", "%s: %s", name, value);
}

static void say_part(const session *s, const mime_part *part)
{
    say_text(s, '-', "part", "%s %s, %" G_GSIZE_FORMAT " bytes%s%s%s", *part->path ? part->path : "-", part->type,
             part->body_length, part->encoding_name ? ", " : "", part->encoding_name ? part->encoding_name : "",
             part->complete ? "" : ", incomplete");
}

/* Who reads the attachments of one message. */
typedef struct attachment_reader {
    dump *d;
    const session *s;
} attachment_reader;

static void say_attachment(part_analysis *analysis, void *user)
{
    attachment_reader *reader = user;
    const mime_part *part = part_analysis_part(analysis);
    reader->d->attachment_count++;
    say_text(reader->s, '-', "attachment", "%s %s, %" G_GSIZE_FORMAT " bytes, %s, sha256 %s, name %s", part->path,
             part->type, part_analysis_bytes(analysis).len, part->complete ? "complete" : "incomplete",
             part_analysis_digest(analysis, G_CHECKSUM_SHA256), part->filename ? part->filename : "-");
}

static void say_envelope(const session *s, const collected_message *m)
{
    if (m->has_envelope_from)
        say_text(s, '-', "envelope-from", "%s", m->envelope_from);
    for (guint i = 0; i < m->envelope_to->len; i++)
        say_text(s, '-', "envelope-to", "%s", (const char *)g_ptr_array_index(m->envelope_to, i));
}

static void say_findings(const session *s, message_analysis *analysis)
{
    const GPtrArray *findings = message_analysis_findings(analysis, FINDINGS_ALL);
    for (guint i = 0; i < findings->len; i++) {
        const message_finding *finding = g_ptr_array_index(findings, i);
        say_text(s, '-', "finding", "%s%s%s: %s", anomaly_describe(finding->kind)->name,
                 finding->path ? " in part " : "", finding->path ? finding->path : "", finding->text);
    }
}

static gboolean is_complete(const collected_message *m)
{
    return m->end_reason == MAIL_END_COMPLETE && m->gap_count == 0 &&
           !(m->anomalies & (ANOMALY_BIT(ANOMALY_MESSAGE_TOO_LARGE) | ANOMALY_BIT(ANOMALY_LOST_BYTES)));
}

static void say_message(const session *s, const collected_message *m)
{
    char *sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, m->bytes.data, m->bytes.len);
    say_text(s, '-', m->section ? "section" : "message", "%s %s, %" G_GSIZE_FORMAT " bytes, %s, sha256 %s",
             source_name(m->source), reason_name(m->end_reason), m->bytes.len,
             is_complete(m) ? "complete" : "incomplete", sha256);
    if (m->section)
        say_text(s, '-', "of-section", "%s", m->section);
    if (m->missing || m->not_fetched)
        say_text(s, '-', "missing", "%" G_GUINT64_FORMAT " lost, %" G_GUINT64_FORMAT " not fetched", m->missing,
                 m->not_fetched);
    say_envelope(s, m);
    g_free(sha256);
}

/* A header that was fetched by itself has no parts. */
static void say_parts(dump *d, const session *s, message_analysis *analysis)
{
    const mime_message *mime = message_analysis_mime(analysis);
    attachment_reader reader = {d, s};
    for (guint i = 0; i < mime->parts->len; i++)
        say_part(s, g_ptr_array_index(mime->parts, i));
    message_analysis_attachments(analysis, say_attachment, &reader);
}

static message_source source_of(const collected_message *m)
{
    return (message_source){.bytes = m->bytes,
                            .gaps = m->gaps,
                            .gap_count = m->gap_count,
                            .is_cut = m->end_reason != MAIL_END_COMPLETE,
                            .is_excerpt = m->is_excerpt,
                            .anomalies = m->anomalies,
                            .section = m->section,
                            .is_header = m->is_header,
                            .subject = m->subject,
                            .from = m->from};
}

static void on_message(const collected_message *m, void *of_session, void *user)
{
    static const char *const fields[] = {"From", "To", "Subject", "Date", "Message-ID"};
    dump *d = user;
    const session *s = of_session;
    const message_source source = source_of(m);
    message_analysis *analysis = message_analysis_new(&source);
    d->message_count += !m->section;
    say_message(s, m);
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        say_field(s, analysis, fields[i]);
    if (!m->is_header)
        say_parts(d, s, analysis);
    say_findings(s, analysis);
    message_analysis_free(analysis);
}

/* ---- events ---- */

static const char *protocol_name(mail_protocol protocol)
{
    static const char *const names[] = {"none", "SMTP", "LMTP", "POP3", "IMAP"};
    return names[protocol];
}

/* NULL: said otherwise, or no line. */
static const char *line_kind(mail_event_kind kind)
{
    switch (kind) {
    case MAIL_EVENT_COMMAND:
        return "command";
    case MAIL_EVENT_AUTH_LINE:
        return "auth";
    case MAIL_EVENT_REPLY_LINE:
        return "reply";
    case MAIL_EVENT_LISTING_LINE:
        return "listing";
    case MAIL_EVENT_UNTAGGED:
        return "untagged";
    case MAIL_EVENT_TEXT:
        return "text";
    default:
        return NULL;
    }
}

/* A further line of a reply of several, a further piece of a line of IMAP with a mail in it. */
static gboolean goes_on(const mail_event *event)
{
    return !event->first && (event->kind == MAIL_EVENT_REPLY_LINE || event->imap);
}

static void say_line(const session *s, char who, const mail_event *event)
{
    const char *kind = line_kind(event->kind);
    if (!kind)
        return;
    char *name = g_strconcat(kind, goes_on(event) ? "-more" : "", NULL);
    say(s, who, name, event->line);
    g_free(name);
}

static void say_event(const session *s, const mail_event *event)
{
    char who = event->side == MAIL_CLIENT ? 'C' : 'S';
    switch (event->kind) {
    case MAIL_EVENT_MESSAGE_START:
        say_text(s, who, "start", "message %u, %s", event->message, source_name(event->source));
        break;
    case MAIL_EVENT_MESSAGE_END:
        say_text(s, who, "end", "message %u, %s", event->message, reason_name(event->end_reason));
        break;
    case MAIL_EVENT_TLS_START:
        say(s, who, "tls", slice_of("what follows is encrypted"));
        break;
    case MAIL_EVENT_GAP:
        say_text(s, who, "gap", "%" G_GUINT64_FORMAT " bytes", event->missing);
        break;
    default:
        say_line(s, who, event);
    }
    say_anomalies(s, who, event->anomalies);
}

static char *end_text(const connection_end *end)
{
    char *address = frame_address_text(&end->address);
    char *text = g_strdup_printf(end->address.size == 16 ? "[%s]:%u" : "%s:%u", address, end->port);
    g_free(address);
    return text;
}

static void *on_opened(const mail_connection *connection, void *user)
{
    dump *d = user;
    session *s = g_new0(session, 1);
    char *client = end_text(&connection->client), *server = end_text(&connection->server);
    char *server_address = frame_address_text(&connection->server.address);
    s->number = connection->number;
    s->where = connection->where;
    s->collector = message_collection_open(d->messages, server_address, s);
    g_ptr_array_add(d->sessions, s);
    say_text(s, '-', "session", "%s %s > %s%s%s", protocol_name(connection->protocol), client, server,
             connection->is_encrypted ? ", encrypted" : "", connection->from_start ? "" : ", from the middle");
    g_free(server_address);
    g_free(client);
    g_free(server);
    return s;
}

static void on_event(const mail_connection *connection, const mail_event *event, void *user)
{
    session *s = connection->data;
    (void)user;
    s->where = connection->where;
    if (event->kind != MAIL_EVENT_MESSAGE_DATA)
        say_event(s, event);
    message_collector_event(s->collector, event);
}

static void on_closed(const mail_connection *connection, void *user)
{
    session *s = connection->data;
    (void)user;
    s->where = connection->where;
    say_text(s, '-', "closed", "%s%s", protocol_name(connection->protocol),
             connection->is_encrypted ? ", encrypted" : "");
    s->where = connection->last_where;
}

/* ---- the capture ---- */

static void read_frames(dump *d, capture_file *file, char **error_r)
{
    static const connection_sink sink = {on_opened, on_event, on_closed};
    connection_table *table = connection_table_new(&sink, d);
    frame_reader *reader = frame_reader_new();
    frame next;
    frame_segment segment;
    while (capture_file_next(file, &next, &d->frames, error_r)) {
        frame_result result = frame_reader_read(reader, &next, &segment);
        d->unread += result == FRAME_UNREAD;
        if (result == FRAME_SEGMENT)
            connection_table_segment(table, &segment, d->frames);
    }
    connection_table_free(table);
    message_collection_finish(d->messages);
    frame_reader_free(reader);
}

static int dump_capture(const char *path)
{
    char *error;
    capture_file *file = capture_file_open(path, &error);
    if (file) {
        dump d = {.sessions = g_ptr_array_new_with_free_func(g_free)};
        d.messages = message_collection_new(on_message, &d);
        read_frames(&d, file, &error);
        printf("%u sessions, %" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT " attachments, %" G_GUINT64_FORMAT
               " frames, %" G_GUINT64_FORMAT " of them not read\n",
               d.sessions->len, d.message_count, d.attachment_count, d.frames, d.unread);
        message_collection_free(d.messages);
        g_ptr_array_unref(d.sessions);
        capture_file_close(file);
    }
    if (!error)
        return STATUS_DONE;
    fflush(stdout);
    printable shown = printable_of(error);
    fprintf(stderr, "session_dump: %s\n", shown.text);
    printable_clear(&shown);
    g_free(error);
    return STATUS_CANNOT_READ;
}

int main(int argc, char **argv)
{
    if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        fputs(usage, stdout);
        return STATUS_DONE;
    }
    if (argc != 2 || argv[1][0] == '-') {
        fputs(usage, stderr);
        return STATUS_USAGE;
    }
    return dump_capture(argv[1]);
}
