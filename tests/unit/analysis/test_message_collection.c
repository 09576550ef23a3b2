/* test_message_collection.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_session.h"
#include "message_collection.h"

/* What was collected, as text. */
static void on_message(const collected_message *m, void *session, void *user)
{
    GString *log = user;
    g_string_append_printf(log, "[%s %d%s%s%s", (const char *)session, m->end_reason, m->section ? " section " : "",
                           m->section ? m->section : "", m->is_header ? " header" : "");
    if (m->has_envelope_from)
        g_string_append_printf(log, " <%s>", m->envelope_from);
    for (guint i = 0; i < m->envelope_to->len; i++)
        g_string_append_printf(log, " to %s", (const char *)g_ptr_array_index(m->envelope_to, i));
    for (guint i = 0; i < m->gap_count; i++)
        g_string_append_printf(log, " gap %u+%u", (guint)m->gaps[i].offset, (guint)m->gaps[i].missing);
    if (m->missing || m->not_fetched)
        g_string_append_printf(log, " lost %u,%u", (guint)m->missing, (guint)m->not_fetched);
    if (m->is_excerpt)
        g_string_append(log, " excerpt");
    g_string_append_printf(log, ": %.*s]", (int)m->bytes.len, (const char *)m->bytes.data);
}

typedef struct player {
    message_collector *collector;
    mail_session *session;
    gsize cut; /* bytes that are fed at a time */
} player;

static void on_event(const mail_event *event, void *user)
{
    player *p = user;
    message_collector_event(p->collector, event);
}

static void begin(player *p, message_collection *collection, mail_protocol protocol, const char *name, gsize cut)
{
    p->cut = cut;
    p->collector = message_collection_open(collection, "10.0.0.2", (void *)name);
    p->session = mail_session_new(protocol, TRUE, on_event, p);
}

/* "C..." or "S...": what one side sends; "G": 5 bytes of the client's are missing; NULL: the end. */
static void play(player *p, const char *const *turns)
{
    for (; *turns; turns++) {
        mail_side side = **turns == 'S' ? MAIL_SERVER : MAIL_CLIENT;
        if (**turns == 'G') {
            mail_session_gap(p->session, MAIL_CLIENT, 5);
            continue;
        }
        for (slice rest = slice_of(*turns + 1); rest.len; rest = slice_from(rest, p->cut))
            mail_session_feed(p->session, side, slice_head(rest, p->cut));
    }
}

static void end(player *p)
{
    mail_session_end(p->session, MAIL_CLIENT);
    mail_session_end(p->session, MAIL_SERVER);
    mail_session_free(p->session);
}

/* One session, whole and byte by byte. */
static void check(mail_protocol protocol, const char *const *turns, const char *expected)
{
    for (gsize cut = 1; cut < 1000; cut *= 9) {
        GString *log = g_string_new(NULL);
        message_collection *collection = message_collection_new(on_message, log);
        player p;
        begin(&p, collection, protocol, "one", cut);
        play(&p, turns);
        end(&p);
        message_collection_finish(collection);
        message_collection_free(collection);
        g_assert_cmpstr(log->str, ==, expected);
        g_string_free(log, TRUE);
    }
}

#define ENVELOPE                                                                                                       \
    "S220 mx ESMTP\r\n", "CEHLO c\r\n", "S250 mx\r\n", "CMAIL FROM:<a@b>\r\n", "S250 ok\r\n", "CRCPT TO:<c@d>\r\n",    \
        "S250 ok\r\n", "CDATA\r\n", "S354 go\r\n"

static void test_smtp(void)
{
    const char *const whole[] = {ENVELOPE, "CSubject: x\r\n\r\n..text\r\n.\r\n", "S250 queued\r\n", NULL};
    check(MAIL_PROTOCOL_SMTP, whole, "[one 0 <a@b> to c@d: Subject: x\r\n\r\n.text\r\n]");
    const char *const gap[] = {ENVELOPE, "CSubject: x\r\n", "G", "Cmore\r\n.\r\n", "S250 queued\r\n", NULL};
    check(MAIL_PROTOCOL_SMTP, gap, "[one 0 <a@b> to c@d gap 12+5 lost 5,0: Subject: x\r\nmore\r\n]");
    const char *const cut[] = {ENVELOPE, "CSubject: x\r\n", NULL};
    check(MAIL_PROTOCOL_SMTP, cut, "[one 2 <a@b> to c@d: Subject: x\r\n]");
}

static void test_pop3(void)
{
    const char *const turns[] = {"S+OK POP3\r\n",
                                 "CTOP 1 1\r\n",
                                 "S+OK\r\nSubject: x\r\n\r\none\r\n.\r\n",
                                 "CTOP 1 9\r\n",
                                 "S+OK\r\nSubject: x\r\n\r\none\r\n.\r\n",
                                 NULL};
    check(MAIL_PROTOCOL_POP3, turns, "[one 0 excerpt: Subject: x\r\n\r\none\r\n][one 0: Subject: x\r\n\r\none\r\n]");
}

#define LOGIN                                                                                                          \
    "S* OK IMAP4rev1\r\n", "Ca LOGIN me secret\r\n", "Sa OK\r\n", "Cb SELECT INBOX\r\n",                               \
        "S* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nb OK\r\n"

static void test_imap_chunks(void)
{
    const char *const turns[] = {LOGIN,
                                 "Cc UID FETCH 3 BODY[]<0.14>\r\n",
                                 "S* 1 FETCH (UID 3 BODY[]<0> {14}\r\nSubject: x\r\n\r\n)\r\nc OK\r\n",
                                 "Cd UID FETCH 3 BODY[]<14.14>\r\n",
                                 "S* 1 FETCH (UID 3 BODY[]<14> {6}\r\ntext\r\n)\r\nd OK\r\n",
                                 NULL};
    check(MAIL_PROTOCOL_IMAP, turns, "[one 0: Subject: x\r\n\r\ntext\r\n]");
    const char *const half[] = {LOGIN, "Cc UID FETCH 3 BODY[]<0.14>\r\n",
                                "S* 1 FETCH (UID 3 BODY[]<0> {14}\r\nSubject: x\r\n\r\n)\r\nc OK\r\n", NULL};
    check(MAIL_PROTOCOL_IMAP, half, "[one 2: Subject: x\r\n\r\n]");
}

/* The second half comes in another connection of the same user's, after the first one is over. */
static void test_imap_two_sessions(void)
{
    const char *const first[] = {LOGIN, "Cc UID FETCH 3 BODY[]<0.14>\r\n",
                                 "S* 1 FETCH (UID 3 BODY[]<0> {14}\r\nSubject: x\r\n\r\n)\r\nc OK\r\n", NULL};
    const char *const second[] = {LOGIN, "Cd UID FETCH 3 BODY[]<14.14>\r\n",
                                  "S* 1 FETCH (UID 3 BODY[]<14> {6}\r\ntext\r\n)\r\nd OK\r\n", NULL};
    GString *log = g_string_new(NULL);
    message_collection *collection = message_collection_new(on_message, log);
    player one, two;
    begin(&one, collection, MAIL_PROTOCOL_IMAP, "one", 9);
    play(&one, first);
    end(&one);
    begin(&two, collection, MAIL_PROTOCOL_IMAP, "two", 9);
    play(&two, second);
    end(&two);
    message_collection_finish(collection);
    message_collection_free(collection);
    g_assert_cmpstr(log->str, ==, "[two 0: Subject: x\r\n\r\ntext\r\n]");
    g_string_free(log, TRUE);
}

/* Known by its number first, by its UID then. */
static void test_imap_renamed(void)
{
    const char *const turns[] = {LOGIN,
                                 "Cc FETCH 1 BODY[]<0.14>\r\n",
                                 "S* 1 FETCH (BODY[]<0> {14}\r\nSubject: x\r\n\r\n)\r\nc OK\r\n",
                                 "Cd UID FETCH 3 BODY[]<14.14>\r\n",
                                 "S* 1 FETCH (UID 3 BODY[]<14> {6}\r\ntext\r\n)\r\nd OK\r\n",
                                 NULL};
    check(MAIL_PROTOCOL_IMAP, turns, "[one 0: Subject: x\r\n\r\ntext\r\n]");
}

static void test_imap_section(void)
{
    const char *const turns[] = {
        LOGIN, "Cc UID FETCH 3 BODY[HEADER.FIELDS (SUBJECT)]\r\n",
        "S* 1 FETCH (UID 3 BODY[HEADER.FIELDS (SUBJECT)] {14}\r\nSubject: x\r\n\r\n)\r\nc OK\r\n", NULL};
    check(MAIL_PROTOCOL_IMAP, turns, "[one 0 section HEADER.FIELDS (SUBJECT) header: Subject: x\r\n\r\n]");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/message_collection/smtp", test_smtp);
    g_test_add_func("/message_collection/pop3", test_pop3);
    g_test_add_func("/message_collection/imap_chunks", test_imap_chunks);
    g_test_add_func("/message_collection/imap_two_sessions", test_imap_two_sessions);
    g_test_add_func("/message_collection/imap_renamed", test_imap_renamed);
    g_test_add_func("/message_collection/imap_section", test_imap_section);
    return g_test_run();
}
