/* test_session_summary.c
 * Sessions are played to a mail_session, and its events are given to the summary.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_session.h"
#include "session_summary.h"

typedef struct play {
    session_summary *summary;
    session_moment moment;
    GPtrArray *verbs; /* of char*: of each exchange's command; NULL: none */
    anomaly_set anomalies;
    guint login_failures;
} play;

static const char *verb_of(play *p, const mail_event *event)
{
    if (p->verbs->len <= event->exchange)
        g_ptr_array_set_size(p->verbs, (gint)event->exchange + 1);
    if (event->kind == MAIL_EVENT_COMMAND && event->exchange) {
        char *verb = slice_dup(event->verb);
        g_ptr_array_index(p->verbs, event->exchange) = g_ascii_strup(verb, -1);
        g_free(verb);
    }
    return g_ptr_array_index(p->verbs, event->exchange);
}

static void on_event(const mail_event *event, void *user)
{
    play *p = user;
    p->moment.frame++;
    session_remarks remarks = session_summary_event(p->summary, event, verb_of(p, event), &p->moment);
    p->anomalies |= remarks.anomalies;
    p->login_failures = MAX(p->login_failures, remarks.login_failures);
}

static void begin(play *p, const char *client)
{
    *p = (play){session_summary_new(), {0, TRUE, FALSE}, g_ptr_array_new_with_free_func(g_free), 0, 0};
    if (client)
        session_summary_set_ends(p->summary, client, 40000, "192.0.2.25", 25);
}

/* "C: ..." and "S: ...", CRLF is added. The play is left open for its summary. */
static void play_script(play *p, const char *client, mail_protocol protocol, const char *const *script)
{
    begin(p, client);
    mail_session *session = mail_session_new(protocol, TRUE, on_event, p);
    for (; *script; script++) {
        char *line = g_strconcat(*script + 3, "\r\n", NULL);
        mail_session_feed(session, **script == 'C' ? MAIL_CLIENT : MAIL_SERVER, slice_of(line));
        g_free(line);
    }
    mail_session_free(session);
}

static void end(play *p)
{
    session_summary_free(p->summary);
    g_ptr_array_unref(p->verbs);
}

#define GREETING "S: 220 mx.example, ESMTP ready", "C: EHLO host.example (me)", "S: 250-mx.example Hello host.example"

static void test_smtp(void)
{
    static const char *const script[] = {GREETING, "S: 250 STARTTLS", "C: MAIL FROM:<a@b>", "S: 550 no",
                                         "C: QUIT", "S: 221 bye", NULL};
    play p;
    play_script(&p, "198.51.100.7", MAIL_PROTOCOL_SMTP, script);
    const session_summary *s = p.summary;
    g_assert_cmpint(s->protocol, ==, MAIL_PROTOCOL_SMTP);
    g_assert_cmpstr(s->client, ==, "198.51.100.7");
    g_assert_cmpstr(s->server, ==, "192.0.2.25");
    g_assert_cmpuint(s->client_port, ==, 40000);
    g_assert_cmpuint(s->server_port, ==, 25);
    g_assert_cmpuint(s->first_frame, ==, 1);
    g_assert_cmpuint(s->last_frame, ==, p.moment.frame);
    g_assert_cmpstr(s->banner, ==, "mx.example, ESMTP ready");
    g_assert_cmpstr(s->server_name, ==, "mx.example");
    g_assert_cmpstr(s->helo, ==, "host.example");
    g_assert_cmpstr(s->hello_name, ==, "host.example");
    g_assert_cmpuint(s->commands, ==, 3);
    g_assert_cmpuint(s->failures, ==, 1);
    g_assert_true(s->offers_tls);
    g_assert_true(p.anomalies == ANOMALY_BIT(ANOMALY_STARTTLS_NOT_USED));
    g_assert_cmpstr(session_summary_end_text(s), ==, "quit");
    g_assert_false(session_summary_close(p.summary, MAIL_SERVER));
    end(&p);
}

/* What nobody on the way can read needs no TLS; and one remark is enough. */
static void test_tls_not_used(void)
{
    static const char *const script[] = {GREETING, "S: 250 STARTTLS", "C: MAIL FROM:<a@b>", NULL};
    play p;
    play_script(&p, "127.0.0.1", MAIL_PROTOCOL_SMTP, script);
    g_assert_true(p.anomalies == 0);
    end(&p);
    const mail_event mail = {.kind = MAIL_EVENT_COMMAND, .verb = slice_of("mail")};
    begin(&p, NULL);
    p.summary->offers_tls = TRUE;
    on_event(&mail, &p);
    g_assert_true(p.anomalies == ANOMALY_BIT(ANOMALY_STARTTLS_NOT_USED));
    p.anomalies = 0;
    on_event(&mail, &p);
    g_assert_true(p.anomalies == 0);
    end(&p);
    begin(&p, NULL);
    p.summary->offers_tls = p.moment.in_tls = TRUE;
    on_event(&mail, &p);
    g_assert_true(p.anomalies == 0);
    end(&p);
}

static void test_logins(void)
{
    static const char *const script[] = {"S: +OK ready", "C: USER ann", "S: +OK", "C: PASS a", "S: -ERR no",
                                         "C: USER ann",  "S: +OK",      "C: PASS b", "S: -ERR no",
                                         "C: USER bob",  "S: +OK",      "C: PASS c", "S: -ERR no",
                                         "C: USER ann",  "S: +OK",      "C: PASS d", "S: +OK in", NULL};
    play p;
    play_script(&p, NULL, MAIL_PROTOCOL_POP3, script);
    g_assert_cmpuint(p.summary->login_failures, ==, 3);
    g_assert_cmpuint(p.login_failures, ==, 3);
    g_assert_cmpuint(p.summary->logins, ==, 1);
    g_assert_cmpuint(p.summary->failures, ==, 3);
    g_assert_cmpstr(p.summary->user, ==, "ann");
    g_assert_cmpstr(p.summary->user_said, ==, "ann");
    g_assert_null(p.summary->server_name);
    g_assert_null(p.summary->client);
    end(&p);
}

/* Who reads a string may keep it while the summary lives. */
static void test_strings_stay(void)
{
    static const char *const script[] = {"S: 220 mx.example", "C: EHLO one\xff", "S: 250 mx.example", "C: EHLO two",
                                         NULL};
    play p;
    begin(&p, NULL);
    const mail_event hello = {.kind = MAIL_EVENT_COMMAND, .verb = slice_of("EHLO"), .argument = slice_of("first")};
    on_event(&hello, &p);
    const char *first = p.summary->helo;
    const mail_event again = {.kind = MAIL_EVENT_COMMAND, .verb = slice_of("EHLO"), .argument = slice_of("second")};
    on_event(&again, &p);
    g_assert_cmpstr(first, ==, "first");
    g_assert_cmpstr(p.summary->helo, ==, "second");
    end(&p);
    play_script(&p, NULL, MAIL_PROTOCOL_SMTP, script);
    g_assert_cmpstr(p.summary->helo, ==, "two");
    end(&p);
    begin(&p, NULL);
    const mail_event odd = {.kind = MAIL_EVENT_COMMAND, .verb = slice_of("HELO"), .argument = slice_of("a\xff")};
    on_event(&odd, &p);
    g_assert_cmpstr(p.summary->helo, ==, "a\xef\xbf\xbd");
    end(&p);
}

static void test_imap(void)
{
    static const char *const script[] = {"S: * OK [CAPABILITY IMAP4rev1 STARTTLS] ready", "C: a LOGIN ann secret",
                                         "S: a OK in", "S: * BYE closing", NULL};
    play p;
    play_script(&p, "198.51.100.7", MAIL_PROTOCOL_IMAP, script);
    g_assert_true(p.summary->offers_tls);
    g_assert_true(p.anomalies == ANOMALY_BIT(ANOMALY_STARTTLS_NOT_USED));
    g_assert_cmpuint(p.summary->logins, ==, 1);
    g_assert_cmpstr(p.summary->user, ==, "ann");
    g_assert_true(p.summary->said_bye);
    g_assert_false(session_summary_close(p.summary, MAIL_SERVER));
    g_assert_cmpint(p.summary->end, ==, SESSION_QUIT);
    end(&p);
}

static void test_close(void)
{
    static const char *const open[] = {GREETING, "S: 250 SIZE", NULL};
    static const char *const goodbye[] = {GREETING, "S: 250 SIZE", "S: 421 too long", NULL};
    play p;
    play_script(&p, NULL, MAIL_PROTOCOL_SMTP, open);
    g_assert_cmpstr(session_summary_end_text(p.summary), ==, "open");
    g_assert_true(session_summary_close(p.summary, MAIL_SERVER));
    g_assert_false(session_summary_close(p.summary, MAIL_CLIENT));
    g_assert_cmpstr(session_summary_end_text(p.summary), ==, "closed by the server");
    end(&p);
    play_script(&p, NULL, MAIL_PROTOCOL_SMTP, open);
    g_assert_false(session_summary_close(p.summary, MAIL_CLIENT));
    g_assert_cmpstr(session_summary_end_text(p.summary), ==, "closed by the client");
    end(&p);
    play_script(&p, NULL, MAIL_PROTOCOL_SMTP, goodbye);
    g_assert_false(session_summary_close(p.summary, MAIL_SERVER));
    g_assert_cmpstr(session_summary_end_text(p.summary), ==, "421");
    end(&p);
    play_script(&p, NULL, MAIL_PROTOCOL_SMTP, open);
    p.summary->tls_announced = TRUE; /* and no keys: nobody knows what was said */
    g_assert_false(session_summary_close(p.summary, MAIL_SERVER));
    g_assert_cmpstr(session_summary_end_text(p.summary), ==, "quit");
    end(&p);
    begin(&p, NULL); /* no command: the server only hung up */
    g_assert_false(session_summary_close(p.summary, MAIL_SERVER));
    end(&p);
}

static void test_frames_and_messages(void)
{
    const mail_event text = {.kind = MAIL_EVENT_TEXT, .protocol = MAIL_PROTOCOL_SMTP};
    play p;
    begin(&p, NULL);
    p.moment.is_in_capture = FALSE;
    on_event(&text, &p);
    g_assert_cmpuint(p.summary->first_frame, ==, 0);
    g_assert_cmpuint(p.summary->last_frame, ==, 1);
    p.moment.is_in_capture = TRUE;
    on_event(&text, &p);
    on_event(&text, &p);
    g_assert_cmpuint(p.summary->first_frame, ==, 2);
    g_assert_cmpuint(p.summary->last_frame, ==, 3);
    session_summary_message(p.summary, 100);
    session_summary_message(p.summary, 11);
    g_assert_cmpuint(p.summary->messages, ==, 2);
    g_assert_cmpuint(p.summary->message_bytes, ==, 111);
    end(&p);
    session_summary_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session_summary/smtp", test_smtp);
    g_test_add_func("/session_summary/tls_not_used", test_tls_not_used);
    g_test_add_func("/session_summary/logins", test_logins);
    g_test_add_func("/session_summary/strings_stay", test_strings_stay);
    g_test_add_func("/session_summary/imap", test_imap);
    g_test_add_func("/session_summary/close", test_close);
    g_test_add_func("/session_summary/frames_and_messages", test_frames_and_messages);
    return g_test_run();
}
