/* session_summary.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session_summary.h"

#include "address.h"
#include "imap_response.h"
#include "trace_check.h"

/* Failed logins of one session that are worth a note. People mistype their password once or twice. */
#define MANY_LOGIN_FAILURES 3

/* Most sessions say a few names and one banner. */
#define STRINGS_BLOCK 256

session_summary *session_summary_new(void)
{
    return g_new0(session_summary, 1);
}

void session_summary_free(session_summary *summary)
{
    if (summary && summary->strings)
        g_string_chunk_free(summary->strings);
    g_free(summary);
}

static const char *keep(session_summary *summary, const char *text)
{
    if (!summary->strings)
        summary->strings = g_string_chunk_new(STRINGS_BLOCK);
    return g_string_chunk_insert(summary->strings, text);
}

/* The bytes as text, up to a NUL: U+FFFD where they are not UTF-8. */
static const char *keep_bytes(session_summary *summary, slice bytes)
{
    char *copy = slice_dup(bytes);
    char *valid = g_utf8_make_valid(copy, -1);
    const char *kept = keep(summary, valid);
    g_free(valid);
    g_free(copy);
    return kept;
}

void session_summary_set_ends(session_summary *summary, const char *client, guint32 client_port, const char *server,
                              guint32 server_port)
{
    summary->client = keep(summary, client);
    summary->server = keep(summary, server);
    summary->client_port = client_port;
    summary->server_port = server_port;
}

static gboolean is_loopback(const session_summary *summary)
{
    return summary->client && address_ip(slice_of(summary->client), NULL) == ADDRESS_LOOPBACK;
}

static slice first_word(slice text)
{
    gsize len = 0;
    while (len < text.len && text.data[len] > ' ' && text.data[len] != ',')
        len++;
    return slice_head(text, len);
}

/* ---- what the client says ---- */

static gboolean is_verb(const mail_event *event, const char *verb)
{
    return slice_is(event->verb, verb);
}

/* The first command that says something about people. */
static gboolean shows_people(const mail_event *event)
{
    static const char *const verbs[] = {"MAIL", "AUTH", "AUTHENTICATE", "USER", "PASS", "APOP", "LOGIN"};
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (is_verb(event, verbs[i]))
            return TRUE;
    return FALSE;
}

static void note_command(session_summary *summary, const mail_event *event, session_remarks *remarks)
{
    summary->commands++;
    if (is_verb(event, "HELO") || is_verb(event, "EHLO") || is_verb(event, "LHLO"))
        summary->helo = keep_bytes(summary, first_word(event->argument));
    else if (is_verb(event, "QUIT") || is_verb(event, "LOGOUT"))
        summary->end = SESSION_QUIT;
    if (summary->offers_tls && !summary->in_tls && !summary->tls_unused_noted && !is_loopback(summary) &&
        shows_people(event)) {
        summary->tls_unused_noted = TRUE;
        remarks->anomalies |= ANOMALY_BIT(ANOMALY_STARTTLS_NOT_USED);
    }
}

/* ---- what the server says ---- */

static void note_greeting(session_summary *summary, const mail_event *event)
{
    summary->banner = keep_bytes(summary, event->text);
    slice name = first_word(event->text);
    if (name.len && event->code == 220)
        summary->server_name = keep_bytes(summary, name);
}

static gboolean refuses(const mail_event *event)
{
    return event->code >= 400 ||
           (event->status && (slice_is(slice_of(event->status), "-ERR") || slice_is(slice_of(event->status), "NO") ||
                              slice_is(slice_of(event->status), "BAD")));
}

static void note_capability(session_summary *summary, const mail_event *event)
{
    if (slice_is(event->capability, "STARTTLS") || slice_is(event->capability, "STLS"))
        summary->offers_tls = TRUE;
    for (guint i = 0; event->imap && i < event->imap->item_count; i++)
        if (event->imap->items[i].kind == IMAP_ITEM_CAPABILITY && slice_is(event->imap->items[i].text, "STARTTLS"))
            summary->offers_tls = TRUE;
}

static void note_hello_name(session_summary *summary, const mail_event *event)
{
    char *name = trace_hello_name(event->text);
    summary->hello_name = name ? keep(summary, name) : NULL;
    g_free(name);
}

static void note_first_line(session_summary *summary, const mail_event *event, const char *request)
{
    summary->last_code = event->code;
    summary->said_bye |= event->status && strcmp(event->status, "BYE") == 0;
    summary->failures += refuses(event);
    if (!event->exchange && !summary->banner && !summary->commands)
        note_greeting(summary, event);
    if (g_strcmp0(request, "EHLO") == 0 || g_strcmp0(request, "HELO") == 0)
        note_hello_name(summary, event);
}

static void note_login(session_summary *summary, const mail_event *event, session_remarks *remarks)
{
    if (event->outcome == MAIL_OUTCOME_SUCCESS) {
        summary->logins++;
        summary->user = summary->user_said;
    } else if (event->outcome == MAIL_OUTCOME_FAILURE) {
        summary->login_failures++;
        if (summary->login_failures >= MANY_LOGIN_FAILURES)
            remarks->login_failures = summary->login_failures;
    }
}

static void note_reply(session_summary *summary, const mail_event *event, const char *request, session_remarks *remarks)
{
    note_capability(summary, event);
    if (event->first)
        note_first_line(summary, event, request);
    note_login(summary, event, remarks);
}

/* ---- events ---- */

static void note_auth(session_summary *summary, const mail_auth *auth)
{
    slice name = auth->user.len ? auth->user : auth->username;
    if (name.len)
        summary->user_said = keep_bytes(summary, name);
    if (auth->mechanism)
        summary->mechanism = keep(summary, auth->mechanism);
}

session_remarks session_summary_event(session_summary *summary, const mail_event *event, const char *request,
                                      const session_moment *moment)
{
    session_remarks remarks = {0};
    summary->protocol = event->protocol;
    summary->in_tls = moment->in_tls;
    summary->last_frame = moment->frame;
    if (!summary->first_frame && moment->is_in_capture)
        summary->first_frame = moment->frame;
    if (event->auth)
        note_auth(summary, event->auth);
    switch (event->kind) {
    case MAIL_EVENT_COMMAND:
        note_command(summary, event, &remarks);
        break;
    case MAIL_EVENT_REPLY_LINE:
        note_reply(summary, event, request, &remarks);
        break;
    case MAIL_EVENT_LISTING_LINE:
    case MAIL_EVENT_UNTAGGED:
        note_capability(summary, event);
        break;
    case MAIL_EVENT_TLS_START:
        summary->tls_announced = TRUE;
        break;
    default:
        break;
    }
    return remarks;
}

void session_summary_message(session_summary *summary, gsize bytes)
{
    summary->messages++;
    summary->message_bytes += bytes;
}

/* ---- the end ---- */

/* Behind STARTTLS without keys nothing is known of what the two say. 421, in IMAP BYE, is the server's way to say that
 * it closes. */
gboolean session_summary_close(session_summary *summary, mail_side side)
{
    if (summary->end != SESSION_OPEN)
        return FALSE;
    summary->end = side == MAIL_SERVER ? SESSION_SERVER_CLOSED : SESSION_CLIENT_CLOSED;
    gboolean hidden = summary->tls_announced && !summary->in_tls;
    if (hidden || summary->said_bye || summary->last_code == 421 || summary->last_code == 221)
        summary->end = SESSION_QUIT;
    return summary->end == SESSION_SERVER_CLOSED && summary->commands > 0;
}

const char *session_summary_end_text(const session_summary *summary)
{
    switch (summary->end) {
    case SESSION_QUIT:
        return summary->last_code == 421 ? "421" : "quit";
    case SESSION_SERVER_CLOSED:
        return "closed by the server";
    case SESSION_CLIENT_CLOSED:
        return "closed by the client";
    default:
        return "open";
    }
}
