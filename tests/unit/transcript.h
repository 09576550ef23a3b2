/* transcript.h
 * For tests of the sessions: plays a script of both sides to a mail_session and writes
 * down the events, one per line. Every script is played three times, each side's turn whole, line by
 * line, and byte by byte; the three transcripts have to be equal.
 *
 * A script is a NULL-terminated array of strings:
 *   "C: text"  "S: text"   a line of the client, of the server; CRLF is added
 *   "C| text"  "S| text"   the same without CRLF: raw bytes
 *   "C~ text"  "S~ text"   the line compressed: the side's next bytes of a raw deflate stream (RFC 4978)
 *   "C? 100"   "S? 100"    100 bytes are missing (0: unknown how many)
 *   "C."       "S."        the side's stream has ended
 *   "TLS"                  mail_session_tls()
 *
 * A transcript line: side, kind, what it says, #exchange, [state], !anomalies.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include "mail_session.h"
#include <stdlib.h>
#include <zlib.h>

typedef enum transcript_grain { BY_TURN, BY_LINE, BY_BYTE } transcript_grain;

typedef struct transcript {
    GString *text;
    GString *data;         /* message bytes not written down yet */
    guint64 reached[2];    /* end of the last event of each side */
    gboolean in_message[2];
    gboolean tls;
} transcript;

static inline void transcript_quote(GString *out, slice s)
{
    g_string_append_c(out, '"');
    for (gsize i = 0; i < s.len; i++) {
        guint8 c = s.data[i];
        if (c == '\r')
            g_string_append(out, "\\r");
        else if (c == '\n')
            g_string_append(out, "\\n");
        else if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7F)
            g_string_append_printf(out, "\\x%02x", c);
        else
            g_string_append_c(out, (char)c);
    }
    g_string_append_c(out, '"');
}

static inline void transcript_named(GString *out, const char *name, slice s)
{
    if (s.len == 0)
        return;
    g_string_append_printf(out, " %s=", name);
    transcript_quote(out, s);
}

static inline void transcript_auth(GString *out, const mail_event *event)
{
    const mail_auth *auth = event->auth;
    if (auth) {
        g_string_append_printf(out, " auth=%s", auth->mechanism ? auth->mechanism : "?");
        transcript_named(out, "user", auth->username);
        transcript_named(out, "authzid", auth->authzid);
        transcript_named(out, "pass", auth->password);
        transcript_named(out, "token", auth->token);
        transcript_named(out, "challenge", auth->challenge);
        transcript_named(out, "response", auth->response);
        if (auth->is_ntlm)
            g_string_append(out, " ntlm");
        if (auth->cancelled)
            g_string_append(out, " cancelled");
        if (auth->username.len == 0)
            transcript_named(out, "of", auth->user);
    }
    if (event->outcome == MAIL_OUTCOME_SUCCESS)
        g_string_append(out, " SUCCESS");
    if (event->outcome == MAIL_OUTCOME_FAILURE)
        g_string_append(out, " FAILURE");
}

static inline void transcript_params(GString *out, const mail_event *event)
{
    for (guint i = 0; i < event->param_count; i++) {
        const mail_param *param = &event->params[i];
        g_assert_cmpuint(param->offset + param->length, <=, event->line.len);
        g_assert_cmpmem(event->line.data + param->offset, param->name.len, param->name.data, param->name.len);
        g_string_append_c(out, ' ');
        g_string_append_len(out, (const char *)param->name.data, (gssize)param->name.len);
        if (param->value.len) {
            g_string_append_c(out, '=');
            g_string_append_len(out, (const char *)param->value.data, (gssize)param->value.len);
        }
    }
}

static inline void transcript_command(GString *out, const mail_event *event)
{
    g_assert_cmpuint(event->verb_offset + event->verb.len, <=, event->line.len);
    if (event->verb.len)
        g_assert_true(event->line.data + event->verb_offset == event->verb.data);
    if (event->argument.len)
        g_assert_true(event->line.data + event->argument_offset == event->argument.data);
    g_string_append_len(out, (const char *)event->verb.data, (gssize)event->verb.len);
    if (event->has_path) {
        g_string_append(out, " <");
        g_string_append_len(out, (const char *)event->path.data, (gssize)event->path.len);
        g_string_append_c(out, '>');
    } else if (event->argument.len) {
        g_string_append_c(out, ' ');
        transcript_quote(out, event->argument);
    }
    transcript_params(out, event);
}

static inline void transcript_reply(GString *out, const mail_event *event)
{
    if (event->status)
        g_string_append(out, event->status);
    else
        g_string_append_printf(out, "%u%s", event->code, event->last ? "" : "-");
    if (event->enhanced.len) {
        g_string_append_c(out, ' ');
        g_string_append_len(out, (const char *)event->enhanced.data, (gssize)event->enhanced.len);
    }
    transcript_named(out, "cap", event->capability);
    transcript_named(out, "for", event->recipient);
    transcript_params(out, event);
}

static inline const char *transcript_item_name(imap_item_kind kind)
{
    static const char *const names[] = {
#define X(id, name, type, title, text) name,
        IMAP_ITEM_LIST(X)
#undef X
    };
    return kind < IMAP_ITEM_COUNT ? names[kind] : "capability";
}

static inline gboolean transcript_is_number(imap_item_kind kind)
{
    enum { STRING, NUMBER };
    static const guint8 types[] = {
#define X(id, name, type, title, text) type,
        IMAP_ITEM_LIST(X)
#undef X
    };
    return kind < IMAP_ITEM_COUNT && types[kind] == NUMBER;
}

/* Which piece of which message. */
static inline void transcript_place(GString *out, const mail_event *event)
{
    const mail_imap *imap = event->imap;
    if (event->source == MAIL_FROM_FETCH)
        g_string_append_printf(out, " %s[%.*s]", imap->is_binary ? "BINARY" : "BODY", (int)imap->section.len,
                               (const char *)imap->section.data);
    if (imap->is_partial)
        g_string_append_printf(out, "<%d.%d>", (int)imap->origin, (int)imap->requested);
    if (imap->sequence)
        g_string_append_printf(out, " seq=%u", imap->sequence);
    if (imap->uid)
        g_string_append_printf(out, " uid=%u.%u", imap->uidvalidity, imap->uid);
    transcript_named(out, "in", imap->mailbox);
    transcript_named(out, "owner", imap->owner);
    if (event->kind == MAIL_EVENT_MESSAGE_END)
        transcript_named(out, "structure", imap->is_section_structure ? imap->structure : SLICE_EMPTY);
    transcript_named(out, "flags", imap->flags);
    transcript_named(out, "date", imap->internaldate);
}

static inline void transcript_imap(GString *out, const mail_event *event)
{
    const mail_imap *imap = event->imap;
    if (!event->first && !event->last && event->kind != MAIL_EVENT_AUTH_LINE)
        g_string_append(out, " ...");
    else if (!event->last && event->kind != MAIL_EVENT_AUTH_LINE)
        g_string_append(out, " first");
    else if (!event->first && event->kind != MAIL_EVENT_AUTH_LINE)
        g_string_append(out, " rest");
    transcript_named(out, "tag", imap->tag);
    for (guint i = 0; i < imap->item_count; i++) {
        const imap_item *item = &imap->items[i];
        g_assert_cmpuint(item->offset + item->length, <=, event->line.len);
        g_string_append_printf(out, " %.*s%s=", (int)item->depth, "........", transcript_item_name(item->kind));
        if (transcript_is_number(item->kind))
            g_string_append_printf(out, "%" G_GUINT64_FORMAT, item->number);
        else
            transcript_quote(out, item->text);
    }
}

static inline void transcript_envelope(GString *out, const mail_event *event)
{
    static const char *const sources[] = {"DATA", "BDAT", "RETR", "TOP", "FETCH", "APPEND"};
    g_string_append_printf(out, "%u %s", event->message, sources[event->source]);
    if (event->has_envelope_from)
        g_string_append_printf(out, " <%.*s>", (int)event->envelope_from.len, (const char *)event->envelope_from.data);
    for (guint i = 0; i < event->envelope_to_count; i++)
        g_string_append_printf(out, " %.*s", (int)event->envelope_to[i].len, (const char *)event->envelope_to[i].data);
}

static inline void transcript_flush_data(transcript *t)
{
    if (t->data->len == 0)
        return;
    g_string_append(t->text, "  data ");
    transcript_quote(t->text, (slice){(const guint8 *)t->data->str, t->data->len});
    g_string_append_c(t->text, '\n');
    g_string_truncate(t->data, 0);
}

/* Events of one side follow each other without holes and overlaps, but for the dots of message data. */
static inline void transcript_check_place(transcript *t, const mail_event *event)
{
    g_assert_cmpuint(event->start, <=, event->end);
    if (event->kind == MAIL_EVENT_ANOMALY || t->tls)
        return;
    if (t->in_message[event->side] ? event->start < t->reached[event->side] : event->start != t->reached[event->side])
        g_string_append_printf(t->text, "MISPLACED at %d, not at %d: ", (int)event->start, (int)t->reached[event->side]);
    t->reached[event->side] = event->end;
    if (event->kind == MAIL_EVENT_MESSAGE_START)
        t->in_message[event->side] = TRUE;
    if (event->kind == MAIL_EVENT_MESSAGE_END)
        t->in_message[event->side] = FALSE;
}

static inline void transcript_sink(const mail_event *event, void *user)
{
    static const char *const ends[] = {"COMPLETE", "ABORTED", "CUT"};
    transcript *t = user;
    GString *out = t->text;

    transcript_check_place(t, event);
    if (event->kind == MAIL_EVENT_MESSAGE_DATA) {
        g_string_append_len(t->data, (const char *)event->data.data, (gssize)event->data.len);
        return;
    }
    transcript_flush_data(t);
    g_string_append(out, event->side == MAIL_CLIENT ? "C " : "S ");
    switch (event->kind) {
    case MAIL_EVENT_COMMAND:
        g_string_append(out, event->known ? "" : "unknown ");
        transcript_command(out, event);
        break;
    case MAIL_EVENT_AUTH_LINE:
        g_string_append(out, "auth line");
        break;
    case MAIL_EVENT_REPLY_LINE:
        transcript_reply(out, event);
        break;
    case MAIL_EVENT_UNTAGGED:
        g_string_append(out, "*");
        break;
    case MAIL_EVENT_LISTING_LINE:
        g_string_append(out, event->last ? "item ." : "item");
        transcript_named(out, "cap", event->capability);
        transcript_params(out, event);
        break;
    case MAIL_EVENT_MESSAGE_START:
        g_string_append(out, "message ");
        transcript_envelope(out, event);
        if (event->imap)
            transcript_place(out, event);
        break;
    case MAIL_EVENT_MESSAGE_END:
        g_string_append_printf(out, "end %s ", ends[event->end_reason]);
        transcript_envelope(out, event);
        if (event->imap)
            transcript_place(out, event);
        break;
    case MAIL_EVENT_TEXT:
        g_string_append(out, "text ");
        transcript_quote(out, event->line);
        break;
    case MAIL_EVENT_TLS_START:
        g_string_append(out, "TLS");
        t->tls = TRUE;
        break;
    case MAIL_EVENT_GAP:
        g_string_append_printf(out, "gap %" G_GUINT64_FORMAT, event->missing);
        break;
    default:
        g_string_append_printf(out, "anomaly at %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, event->start, event->end);
        break;
    }
    if (event->imap && event->kind != MAIL_EVENT_MESSAGE_START && event->kind != MAIL_EVENT_MESSAGE_END)
        transcript_imap(out, event);
    transcript_auth(out, event);
    if (event->exchange)
        g_string_append_printf(out, " #%u", event->exchange);
    g_string_append_printf(out, " [%s]", event->state);
    for (guint i = 0; i < ANOMALY_COUNT; i++)
        if (event->anomalies & ANOMALY_BIT(i))
            g_string_append_printf(out, " !%s", anomaly_describe(i)->name);
    g_string_append_c(out, '\n');
}

static inline void transcript_feed(mail_session *session, mail_side side, GString *bytes, transcript_grain grain)
{
    slice rest = {(const guint8 *)bytes->str, bytes->len};
    gsize piece = grain == BY_BYTE ? 1 : rest.len;
    while (rest.len) {
        /* a copy of its own, so that a borrowed slice that outlives the call is found by ASan */
        guint8 *copy = memcpy(g_malloc(MIN(piece, rest.len)), rest.data, MIN(piece, rest.len));
        mail_session_feed(session, side, (slice){copy, MIN(piece, rest.len)});
        g_free(copy);
        rest = slice_from(rest, piece);
    }
    g_string_truncate(bytes, 0);
}

/* Appends what the line becomes in the stream, flushed as servers and clients do behind each line. */
static inline void transcript_deflate(z_stream *stream, const char *line, GString *turn)
{
    guint8 out[1024];
    char *text = g_strconcat(line, "\r\n", NULL);
    if (!stream->state)
        g_assert_cmpint(deflateInit2(stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    stream->next_in = (Bytef *)text;
    stream->avail_in = (uInt)strlen(text);
    stream->next_out = out;
    stream->avail_out = sizeof out;
    g_assert_cmpint(deflate(stream, Z_SYNC_FLUSH), ==, Z_OK);
    g_assert_cmpuint(stream->avail_out, >, 0);
    g_string_append_len(turn, (const char *)out, (gssize)(sizeof out - stream->avail_out));
    g_free(text);
}

/* Plays the script; the transcript is the caller's to g_free(). */
static inline char *transcript_play(mail_protocol protocol, gboolean from_start, const char *const *script,
                                    transcript_grain grain)
{
    transcript t = {.text = g_string_new(""), .data = g_string_new("")};
    mail_session *session = mail_session_new(protocol, from_start, transcript_sink, &t);
    GString *turn = g_string_new("");
    mail_side side = MAIL_CLIENT;
    z_stream streams[2] = {{0}, {0}};

    for (; *script; script++) {
        const char *line = *script;
        mail_side new_side = line[0] == 'S' ? MAIL_SERVER : MAIL_CLIENT;
        gboolean bytes = line[1] == ':' || line[1] == '|' || line[1] == '~';
        if (!bytes || new_side != side || grain != BY_TURN)
            transcript_feed(session, side, turn, grain);
        side = new_side;
        if (line[1] == '~')
            transcript_deflate(&streams[side], line + 3, turn);
        else if (bytes)
            g_string_append_printf(turn, "%s%s", line[2] ? line + 3 : "", line[1] == ':' ? "\r\n" : "");
        else if (line[1] == '?')
            mail_session_gap(session, side, g_ascii_strtoull(line + 3, NULL, 10));
        else if (line[1] == '.')
            mail_session_end(session, side);
        else {
            mail_session_tls(session);
            t.reached[0] = t.reached[1] = 0;
            t.tls = FALSE;
        }
    }
    transcript_feed(session, side, turn, grain);
    transcript_flush_data(&t);
    mail_session_free(session);
    deflateEnd(&streams[0]);
    deflateEnd(&streams[1]);
    g_string_free(turn, TRUE);
    g_string_free(t.data, TRUE);
    return g_string_free(t.text, FALSE);
}

/* Plays the script in every grain and compares with `expected`. */
static inline void transcript_check(const char *name, mail_protocol protocol, gboolean from_start,
                                    const char *const *script, const char *expected)
{
    for (transcript_grain grain = BY_TURN; grain <= BY_BYTE; grain++) {
        char *got = transcript_play(protocol, from_start, script, grain);
        if (getenv("TRANSCRIPT_PRINT")) { /* to write a new expectation: read it first, then paste it */
            if (grain == BY_TURN)
                g_print("=== %s\n%s", name, got);
        } else if (strcmp(got, expected) != 0) {
            g_print("--- %s, grain %d: expected\n%s--- got\n%s---\n", name, grain, expected, got);
            g_test_fail();
        }
        g_free(got);
    }
}

#endif
