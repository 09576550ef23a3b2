/* test_mail_session.c
 * What holds for every session: any split gives the same events, bounds hold.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "transcript.h"

/* --- sessions thrown together at random --- */

static const char *const smtp_words[] = {
    "C: EHLO c",       "C: LHLO c",        "C: MAIL FROM:<a@x>", "C: RCPT TO:<b@y>", "C: DATA",      "C: .",
    "C: BDAT 5",       "C: BDAT 3 LAST",   "C: BDAT 0 LAST",     "C: RSET",          "C: QUIT",      "C: STARTTLS",
    "C: AUTH LOGIN",   "C: AUTH PLAIN AA", "C: YWxpY2U=",        "C: *",             "C: some text", "C: ..x",
    "C| \n.\n",        "C| \r\n.\n",       "C| \r.\r",           "C| ab",            "C| \n",        "C| .\r\n",
    "C| \x16\x03",     "C: XEXCH50 4 1",   "C: FOO",             "C? 7",             "C? 0",         "C: a\nQUIT\n.\nb",
    "S: 220 x ESMTP",  "S: 250 ok",        "S: 250-x",           "S: 354 go",        "S: 334 VXNlcjo=", "S: 235 ok",
    "S: 550 5.1.1 no", "S: 421 bye",       "S: 221 bye",         "S: 454 no",        "S: junk",      "S| 25",
    "S| 0 ok\n",       "S? 9",             "S? 0",               "S| \x16",          "S: 500 what",  "S: 250 DSN",
    "C.",              "S.",               "TLS"};

static const char *const pop3_words[] = {
    "C: USER a",   "C: PASS b",    "C: APOP a 00", "C: AUTH PLAIN", "C: AUTH",     "C: AAAA",  "C: *",       "C: STAT",
    "C: LIST",     "C: LIST 1",    "C: RETR 1",    "C: TOP 1 0",    "C: QUIT",     "C: STLS",  "C: CAPA",    "C: FOO",
    "C| US",       "C| \n",        "C? 5",         "C? 0",          "C| \x16",     "S: +OK",   "S: +OK <a@b> ready", "S: -ERR no",
    "S: + AAAA",   "S: +",         "S: 1 100",     "S: PIPELINING", "S: .",        "S: ..",    "S: Subject: x", "S: text",
    "S: ",         "S| +O",        "S| .",         "S| \n.\n",      "S| \r\n.\r",  "S? 5",     "S? 0",       "S| \x16",
    "C.",          "S.",           "TLS"};

static const char *const imap_words[] = {
    "C: a LOGIN x y",   "C: b LOGIN {3}", "C: abc",           "C: c SELECT INBOX",   "C: d FETCH 1 BODY[]<0.4>", "C: e UID FETCH 1 (BODY[1] BODY[2])",
    "C: f APPEND x {4}", "C| abcd",       "C: g APPEND x (\\Seen) {4+}", "C: h APPEND x CATENATE (URL \"u\" TEXT {4}", "C: )",  "C: ",
    "C: i IDLE",        "C: DONE",        "C: j STARTTLS",    "C: k COMPRESS DEFLATE", "C: l AUTHENTICATE LOGIN", "C: AAAA",  "C: *",
    "C: 1 NOOP",        "C| \n",          "C? 5",             "C? 0",                "C| \x16",  "C: m \"q",   "C: n BODY[",
    "S: * OK hi",       "S: * PREAUTH",   "S: * BYE",         "S: + x",              "S: a OK",  "S: b NO x",  "S: f NO", "S: g OK [APPENDUID 1 2]",
    "S: c OK",          "S: j OK",        "S: k OK",          "S: l NO",             "S: i OK",  "S: * 3 EXISTS", "S: * 1 EXPUNGE",
    "S: * 1 FETCH (BODY[] {4}", "S: * 2 FETCH (UID 5 BODY[1] {6}", "S| abcd", "S: )", "S: abcd BODY[2] {3}", "S: abcd)", "S: * OK [UIDVALIDITY 4]",
    "S: * 1 FETCH (BODY[TEXT] \"x\" ENVELOPE (NIL {2}", "S: * LIST () \"/\" {3}", "S: * FETCH (((", "S: * 1 FETCH (BODY[1", "S| \x16", "S? 9", "S? 2", "S? 0",
    "C.",               "S.",             "TLS"};

static void play_random(mail_protocol protocol, const char *const *words, gsize count, guint32 seed)
{
    GRand *random = g_rand_new_with_seed(seed);
    for (guint i = 0; i < 3000; i++) {
        const char *script[40];
        guint len = (guint)g_rand_int_range(random, 1, G_N_ELEMENTS(script) - 3);
        gboolean from_start = g_rand_boolean(random);
        char *turns, *bytes;

        for (guint k = 0; k < len; k++)
            script[k] = words[g_rand_int_range(random, 0, (gint32)count)];
        script[len] = "C.";
        script[len + 1] = "S.";
        script[len + 2] = NULL;
        turns = transcript_play(protocol, from_start, script, BY_TURN);
        bytes = transcript_play(protocol, from_start, script, BY_BYTE);
        if (strcmp(turns, bytes) != 0 || strstr(turns, "MISPLACED")) {
            for (guint k = 0; script[k]; k++)
                g_print("\"%s\", ", script[k]);
            g_print("from_start %d\n--- by turn\n%s--- by byte\n%s", from_start, turns, bytes);
            g_test_fail();
        }
        g_free(turns);
        g_free(bytes);
        if (g_test_failed())
            break;
    }
    g_rand_free(random);
}

/* 3000 sessions per protocol; MAILXTRA_SEEDS=n plays n times as many. */
static guint32 seeds(void)
{
    const char *wanted = getenv("MAILXTRA_SEEDS");
    return wanted ? (guint32)atoi(wanted) : 1;
}

static void test_random_smtp(void)
{
    for (guint32 seed = 0; seed < seeds(); seed++)
        play_random(seed % 2 ? MAIL_PROTOCOL_LMTP : MAIL_PROTOCOL_SMTP, smtp_words, G_N_ELEMENTS(smtp_words), seed);
}

static void test_random_pop3(void)
{
    for (guint32 seed = 0; seed < seeds(); seed++)
        play_random(MAIL_PROTOCOL_POP3, pop3_words, G_N_ELEMENTS(pop3_words), seed);
}

static void test_random_imap(void)
{
    for (guint32 seed = 0; seed < seeds(); seed++)
        play_random(MAIL_PROTOCOL_IMAP, imap_words, G_N_ELEMENTS(imap_words), seed);
}

/* --- bounds --- */

typedef struct tally {
    guint events[MAIL_EVENT_UNTAGGED + 1];
    guint64 data;
    anomaly_set anomalies;
    guint recipients;
    guint32 last_exchange; /* of a reply */
} tally;

static void count(const mail_event *event, void *user)
{
    tally *t = user;
    t->events[event->kind]++;
    t->data += event->kind == MAIL_EVENT_MESSAGE_DATA ? event->data.len : 0;
    t->anomalies |= event->anomalies;
    if (event->kind == MAIL_EVENT_MESSAGE_START)
        t->recipients = event->envelope_to_count;
    if (event->kind == MAIL_EVENT_REPLY_LINE)
        t->last_exchange = event->exchange;
}

static void feed(mail_session *session, mail_side side, const char *text)
{
    mail_session_feed(session, side, slice_of(text));
}

static void test_pending_limit(void)
{
    for (guint extra = 0; extra < 2; extra++) {
        tally t = {0};
        mail_session *session = mail_session_new(MAIL_PROTOCOL_SMTP, TRUE, count, &t);
        feed(session, MAIL_SERVER, "220 x\r\n");
        for (guint i = 0; i < LIMIT_PENDING_COMMANDS + extra; i++)
            feed(session, MAIL_CLIENT, "NOOP\r\n");
        g_assert_cmphex(t.anomalies, ==, extra ? ANOMALY_BIT(ANOMALY_TOO_MANY_PENDING) : 0);
        feed(session, MAIL_SERVER, "250 ok\r\n");
        g_assert_cmpuint(t.last_exchange, ==, 1 + extra);
        mail_session_free(session);
    }
}

static void test_recipient_limit(void)
{
    for (guint extra = 0; extra < 2; extra++) {
        tally t = {0};
        mail_session *session = mail_session_new(MAIL_PROTOCOL_SMTP, TRUE, count, &t);
        feed(session, MAIL_CLIENT, "MAIL FROM:<a@x>\r\n");
        for (guint i = 0; i < LIMIT_RECIPIENTS + extra; i++)
            feed(session, MAIL_CLIENT, "RCPT TO:<b@y>\r\n");
        feed(session, MAIL_CLIENT, "DATA\r\nx\r\n.\r\n");
        g_assert_cmpuint(t.recipients, ==, LIMIT_RECIPIENTS);
        mail_session_free(session);
    }
}

/* A client that does not wait for the 354: held up to the bound, then taken as the message it looks like. */
static void test_held_limit(void)
{
    static const char line[] = "0123456789012345678901234567890123456789012345678901234567890\r\n";
    guint64 sent = 0;
    tally t = {0};
    mail_session *session = mail_session_new(MAIL_PROTOCOL_SMTP, TRUE, count, &t);

    feed(session, MAIL_SERVER, "220 x\r\n");
    feed(session, MAIL_CLIENT, "DATA\r\n");
    for (; sent + strlen(line) < LIMIT_HELD_BYTES; sent += strlen(line))
        feed(session, MAIL_CLIENT, line);
    g_assert_cmpuint(t.events[MAIL_EVENT_MESSAGE_START], ==, 0);
    for (; sent < 2 * LIMIT_HELD_BYTES; sent += strlen(line))
        feed(session, MAIL_CLIENT, line);
    g_assert_cmpuint(t.events[MAIL_EVENT_MESSAGE_START], ==, 1);
    g_assert_cmpuint(t.data, ==, sent);
    feed(session, MAIL_SERVER, "354 go\r\n");
    feed(session, MAIL_CLIENT, ".\r\n");
    feed(session, MAIL_SERVER, "250 ok\r\n");
    g_assert_cmpuint(t.data, ==, sent);
    g_assert_cmpuint(t.events[MAIL_EVENT_MESSAGE_END], ==, 1);
    g_assert_cmpuint(t.last_exchange, ==, 2);
    mail_session_free(session);
}

/* --- a PROXY header in front --- */

static void test_proxy_header(void)
{
    static const char v2[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
                             "0123\n5678\nabEHLO c\r\n";
    static const char v1[] = "PROXY TCP4 10.0.0.1 10.0.0.2 1111 110\r\nCAPA\r\n";

    for (gsize piece = 1; piece < sizeof v2; piece++) {
        tally smtp = {0}, pop3 = {0};
        mail_session *a = mail_session_new(MAIL_PROTOCOL_SMTP, TRUE, count, &smtp);
        mail_session *b = mail_session_new(MAIL_PROTOCOL_POP3, TRUE, count, &pop3);
        for (gsize at = 0; at < sizeof v2 - 1; at += piece)
            mail_session_feed(a, MAIL_CLIENT, (slice){(const guint8 *)v2 + at, MIN(piece, sizeof v2 - 1 - at)});
        for (gsize at = 0; at < sizeof v1 - 1; at += piece)
            mail_session_feed(b, MAIL_CLIENT, (slice){(const guint8 *)v1 + at, MIN(piece, sizeof v1 - 1 - at)});
        feed(a, MAIL_SERVER, "220 x\r\n250 x\r\n");
        feed(b, MAIL_SERVER, "+OK\r\n-ERR\r\n");
        g_assert_cmpuint(smtp.events[MAIL_EVENT_TEXT], ==, 1);
        g_assert_cmpuint(smtp.events[MAIL_EVENT_COMMAND], ==, 1);
        g_assert_cmpuint(smtp.last_exchange, ==, 1);
        g_assert_cmpuint(pop3.events[MAIL_EVENT_TEXT], ==, 1);
        g_assert_cmpuint(pop3.events[MAIL_EVENT_COMMAND], ==, 1);
        g_assert_cmpuint(pop3.last_exchange, ==, 1);
        mail_session_free(a);
        mail_session_free(b);
    }
}

/* --- much of one kind --- */

static void test_large_message(void)
{
    const guint64 size = 8 << 20;
    for (mail_side side = MAIL_CLIENT; side <= MAIL_SERVER; side++) {
        tally t = {0};
        mail_session *session =
            mail_session_new(side == MAIL_CLIENT ? MAIL_PROTOCOL_SMTP : MAIL_PROTOCOL_POP3, TRUE, count, &t);

        if (side == MAIL_CLIENT) {
            feed(session, MAIL_CLIENT, "DATA\r\n");
            feed(session, MAIL_SERVER, "220 x\r\n354 go\r\n");
        } else {
            feed(session, MAIL_SERVER, "+OK hello\r\n");
            feed(session, MAIL_CLIENT, "RETR 1\r\n");
            feed(session, MAIL_SERVER, "+OK\r\n");
        }
        for (guint64 done = 0; done < size; done += strlen("QUFB\r\n.\r\n")) /* one dot of two is stuffing */
            feed(session, side, "QUFB\r\n..\r\n");
        feed(session, side, ".\r\n");
        g_assert_cmpuint(t.events[MAIL_EVENT_MESSAGE_END], ==, 1);
        g_assert_cmpuint(t.data, >=, size);
        g_assert_cmpuint(t.data, <, size + strlen("QUFB\r\n.\r\n"));
        mail_session_free(session);
    }
}

/* Many questions, and answers that fit none of them. */
static void test_unfitting_replies(void)
{
    tally t = {0};
    mail_session *session = mail_session_new(MAIL_PROTOCOL_SMTP, TRUE, count, &t);

    feed(session, MAIL_SERVER, "220 x\r\n");
    for (guint i = 0; i < LIMIT_PENDING_COMMANDS; i++)
        feed(session, MAIL_CLIENT, "NOOP\r\n");
    for (guint i = 0; i < 10000; i++)
        feed(session, MAIL_SERVER, "354 go\r\n");
    g_assert_cmpuint(t.events[MAIL_EVENT_REPLY_LINE], ==, 10001);
    g_assert_cmpuint(t.last_exchange, ==, 0);
    feed(session, MAIL_SERVER, "250 ok\r\n");
    g_assert_cmpuint(t.last_exchange, ==, 1);
    mail_session_free(session);
}

/* Responses sent ahead are released one by one. */
static void test_responses_sent_ahead(void)
{
    tally t = {0};
    mail_session *session = mail_session_new(MAIL_PROTOCOL_SMTP, TRUE, count, &t);

    feed(session, MAIL_SERVER, "220 x\r\n");
    feed(session, MAIL_CLIENT, "AUTH FOO\r\n");
    for (guint i = 0; i < 100000; i++)
        feed(session, MAIL_CLIENT, "QUFB\r\n");
    for (guint i = 0; i < 100000; i++)
        feed(session, MAIL_SERVER, "334 x\r\n");
    g_assert_cmpuint(t.events[MAIL_EVENT_AUTH_LINE], ==, 100000);
    mail_session_free(session);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mail_session/random_smtp", test_random_smtp);
    g_test_add_func("/mail_session/random_pop3", test_random_pop3);
    g_test_add_func("/mail_session/random_imap", test_random_imap);
    g_test_add_func("/mail_session/pending_limit", test_pending_limit);
    g_test_add_func("/mail_session/recipient_limit", test_recipient_limit);
    g_test_add_func("/mail_session/held_limit", test_held_limit);
    g_test_add_func("/mail_session/proxy_header", test_proxy_header);
    g_test_add_func("/mail_session/large_message", test_large_message);
    g_test_add_func("/mail_session/unfitting_replies", test_unfitting_replies);
    g_test_add_func("/mail_session/responses_sent_ahead", test_responses_sent_ahead);
    return g_test_run();
}
