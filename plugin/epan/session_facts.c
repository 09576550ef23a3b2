/* session_facts.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session_facts.h"

#include "stream_store.h"
#include "text.h"
#include "trace_store.h"

#include <epan/to_str.h>

#include "imap_response.h"
#include "trace_check.h"

/* Failed logins of one session that are worth a note. People mistype their password once or twice. */
#define MANY_LOGIN_FAILURES 3

session_facts *session_facts_new(void)
{
    static const address nobody = ADDRESS_INIT_NONE;
    session_facts *facts = wmem_new0(wmem_file_scope(), session_facts);
    facts->client = facts->server = nobody;
    return facts;
}

void session_facts_set_ends(session_facts *facts, const address *client, guint32 client_port, const address *server,
                            guint32 server_port)
{
    copy_address_wmem(wmem_file_scope(), &facts->client, client);
    copy_address_wmem(wmem_file_scope(), &facts->server, server);
    facts->client_port = client_port;
    facts->server_port = server_port;
    facts->client_text = address_to_str(wmem_file_scope(), client);
    facts->server_text = address_to_str(wmem_file_scope(), server);
}

/* At the end of the capture no frame is there to ask. */
static void note_beginning(session_facts *facts, const packet_info *pinfo)
{
    if (facts->first_frame || pinfo->src.type == AT_NONE)
        return;
    facts->first_frame = pinfo->num;
    facts->began = pinfo->abs_ts;
}

static gboolean is_loopback(const session_facts *facts)
{
    return facts->client_text && address_ip(slice_of(facts->client_text), NULL) == ADDRESS_LOOPBACK;
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
static gboolean tells_secrets(const mail_event *event)
{
    static const char *const verbs[] = {"MAIL", "AUTH", "AUTHENTICATE", "USER", "PASS", "APOP", "LOGIN"};
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (is_verb(event, verbs[i]))
            return TRUE;
    return FALSE;
}

static void note_command(session_facts *facts, mail_record *record)
{
    mail_event *event = &record->event;
    facts->commands++;
    if (is_verb(event, "HELO") || is_verb(event, "EHLO") || is_verb(event, "LHLO"))
        facts->helo = text_keep(first_word(event->argument));
    else if (is_verb(event, "QUIT") || is_verb(event, "LOGOUT"))
        facts->end = SESSION_QUIT;
    if (facts->offers_tls && !facts->in_tls && !facts->tls_unused_noted && !is_loopback(facts) &&
        tells_secrets(event)) {
        facts->tls_unused_noted = TRUE;
        event->anomalies |= ANOMALY_BIT(ANOMALY_STARTTLS_NOT_USED);
    }
}

/* ---- what the server says ---- */

static void note_greeting(session_facts *facts, const mail_event *event)
{
    facts->banner = text_keep(event->text);
    slice name = first_word(event->text);
    if (name.len && event->code == 220)
        facts->server_name = text_keep(name);
}

static gboolean refuses(const mail_event *event)
{
    return event->code >= 400 ||
           (event->status && (slice_is(slice_of(event->status), "-ERR") || slice_is(slice_of(event->status), "NO") ||
                              slice_is(slice_of(event->status), "BAD")));
}

static gboolean answers(const mail_record *record, const char *verb)
{
    return record->exchange && g_strcmp0(record->exchange->verb, verb) == 0;
}

static void note_capability(session_facts *facts, const mail_event *event)
{
    if (slice_is(event->capability, "STARTTLS") || slice_is(event->capability, "STLS"))
        facts->offers_tls = TRUE;
    for (guint i = 0; event->imap && i < event->imap->item_count; i++)
        if (event->imap->items[i].kind == IMAP_ITEM_CAPABILITY && slice_is(event->imap->items[i].text, "STARTTLS"))
            facts->offers_tls = TRUE;
}

static void note_reply(session_facts *facts, mail_record *record)
{
    const mail_event *event = &record->event;
    note_capability(facts, event);
    if (event->first) {
        facts->last_code = event->code;
        facts->said_bye |= event->status && strcmp(event->status, "BYE") == 0;
        facts->failures += refuses(event);
        if (!record->exchange && !facts->banner && !facts->commands)
            note_greeting(facts, event);
        if (answers(record, "EHLO") || answers(record, "HELO")) {
            char *name = trace_hello_name(event->text);
            facts->hello_name = name ? wmem_strdup(wmem_file_scope(), name) : NULL;
            g_free(name);
        }
    }
    if (event->outcome == MAIL_OUTCOME_SUCCESS) {
        facts->logins++;
        facts->user = facts->user_said;
    } else if (event->outcome == MAIL_OUTCOME_FAILURE) {
        facts->login_failures++;
        if (facts->login_failures >= MANY_LOGIN_FAILURES)
            record->login_failures = facts->login_failures;
    }
}

/* ---- messages ---- */

static void note_message(session_facts *facts, packet_info *pinfo, const mail_record *record)
{
    stored_message *message = record->message;
    if (!message || message->finished_in != pinfo->num)
        return;
    if (record->event.end_reason == MAIL_END_CUT && facts->end != SESSION_OPEN && message->missing == 0 &&
        !(message->anomalies & ANOMALY_BIT(ANOMALY_LOST_BYTES)))
        message->anomalies |= ANOMALY_BIT(ANOMALY_CONNECTION_LOST_IN_MESSAGE);
    if (!message_store_is_mail(message))
        return;
    facts->messages++;
    facts->message_bytes += message->size;
    trace_store_add(message, facts, record->event.side, pinfo);
}

void session_facts_note(session_facts *facts, packet_info *pinfo, gboolean in_tls, mail_record *record)
{
    const mail_event *event = &record->event;
    facts->protocol = event->protocol;
    facts->in_tls = in_tls;
    facts->last_frame = pinfo->num;
    note_beginning(facts, pinfo);
    if (event->auth) {
        slice name = event->auth->user.len ? event->auth->user : event->auth->username;
        if (name.len)
            facts->user_said = text_keep(name);
        if (event->auth->mechanism)
            facts->mechanism = wmem_strdup(wmem_file_scope(), event->auth->mechanism);
    }
    switch (event->kind) {
    case MAIL_EVENT_COMMAND:
        note_command(facts, record);
        break;
    case MAIL_EVENT_REPLY_LINE:
        note_reply(facts, record);
        break;
    case MAIL_EVENT_LISTING_LINE:
    case MAIL_EVENT_UNTAGGED:
        note_capability(facts, event);
        break;
    case MAIL_EVENT_MESSAGE_END:
        note_message(facts, pinfo, record);
        break;
    case MAIL_EVENT_TLS_START:
        facts->tls_announced = TRUE;
        break;
    default:
        break;
    }
}

/* ---- the end ---- */

/* Behind STARTTLS without keys nothing is known of what the two say. 421, in IMAP BYE, is the server's way to say that
 * it closes. */
gboolean session_facts_close(session_facts *facts, mail_side side)
{
    if (facts->end != SESSION_OPEN)
        return FALSE;
    facts->end = side == MAIL_SERVER ? SESSION_SERVER_CLOSED : SESSION_CLIENT_CLOSED;
    gboolean hidden = facts->tls_announced && !facts->in_tls;
    if (hidden || facts->said_bye || facts->last_code == 421 || facts->last_code == 221)
        facts->end = SESSION_QUIT;
    return facts->end == SESSION_SERVER_CLOSED && facts->commands > 0;
}

const char *session_facts_end_text(const session_facts *facts)
{
    switch (facts->end) {
    case SESSION_QUIT:
        return facts->last_code == 421 ? "421" : "quit";
    case SESSION_SERVER_CLOSED:
        return "closed by the server";
    case SESSION_CLIENT_CLOSED:
        return "closed by the client";
    default:
        return "open";
    }
}
