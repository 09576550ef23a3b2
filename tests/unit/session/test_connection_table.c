/* test_connection_table.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "connection_table.h"

/* ---- who reads the sessions ---- */

typedef struct seen {
    GString *log;
    guint opened, closed;
} seen;

static void *on_opened(const mail_connection *connection, void *user)
{
    seen *s = user;
    s->opened++;
    g_assert_cmpuint(connection->number, ==, s->opened);
    g_string_append_printf(s->log, "%u:open(%d>%d%s%s) ", connection->number, connection->client.port,
                           connection->server.port, connection->from_start ? "" : ",middle",
                           connection->is_encrypted ? ",encrypted" : "");
    return GUINT_TO_POINTER(connection->number);
}

static void on_event(const mail_connection *connection, const mail_event *event, void *user)
{
    seen *s = user;
    g_assert_true(connection->data == GUINT_TO_POINTER(connection->number));
    switch (event->kind) {
    case MAIL_EVENT_COMMAND:
        g_string_append_printf(s->log, "%.*s ", (int)event->verb.len, (const char *)event->verb.data);
        break;
    case MAIL_EVENT_REPLY_LINE:
        g_string_append_printf(s->log, "%u@%d ", event->code, (int)connection->where);
        break;
    case MAIL_EVENT_MESSAGE_END:
        g_string_append_printf(s->log, "end%d@%d ", event->end_reason, (int)connection->where);
        break;
    case MAIL_EVENT_TLS_START:
        g_assert_true(connection->is_encrypted);
        g_string_append(s->log, "tls ");
        break;
    case MAIL_EVENT_GAP:
        g_string_append(s->log, "gap ");
        break;
    default:
        break;
    }
}

static void on_closed(const mail_connection *connection, void *user)
{
    seen *s = user;
    s->closed++;
    g_string_append_printf(s->log, "%u:closed@%d ", connection->number, (int)connection->where);
}

static const connection_sink sink = {on_opened, on_event, on_closed};

/* ---- making segments ---- */

#define SYN FRAME_TCP_SYN
#define FIN (FRAME_TCP_FIN | FRAME_TCP_ACK)
#define ACK FRAME_TCP_ACK
#define RST FRAME_TCP_RST

/* One write of the client ('C') or the server ('S'). */
typedef struct turn {
    char who;
    guint8 flags;
    const char *text;
} turn;

typedef struct wire {
    connection_table *table;
    guint16 client_port, server_port;
    guint32 next[2]; /* sequence numbers: client, server */
    guint64 where;
} wire;

static void send_bytes(wire *w, char who, guint8 flags, slice bytes)
{
    int side = who == 'C' ? 0 : 1;
    frame_segment segment = {.source = {4, {10, 0, 0, 1}},
                             .destination = {4, {10, 0, 0, 2}},
                             .source_port = w->client_port,
                             .destination_port = w->server_port,
                             .seq = w->next[side],
                             .ack = flags & ACK ? w->next[!side] : 0,
                             .flags = flags,
                             .payload = bytes,
                             .length = (guint32)bytes.len,
                             .time = 1000 + w->where};
    if (side == 1) {
        frame_address swapped = segment.source;
        segment.source = segment.destination;
        segment.destination = swapped;
        segment.source_port = w->server_port;
        segment.destination_port = w->client_port;
    }
    w->next[side] += (guint32)bytes.len + ((flags & FRAME_TCP_SYN) != 0) + ((flags & FRAME_TCP_FIN) != 0);
    connection_table_segment(w->table, &segment, ++w->where);
}

static void play(wire *w, const turn *turns, gsize cut)
{
    for (; turns->who; turns++) {
        slice text = slice_of(turns->text ? turns->text : "");
        do {
            send_bytes(w, turns->who, turns->flags ? turns->flags : ACK, slice_head(text, cut));
            text = slice_from(text, cut);
        } while (text.len);
    }
}

static wire wire_on(connection_table *table, guint16 server_port)
{
    return (wire){table, 40000, server_port, {1000, 5000}, 0};
}

/* The log of one connection; `cut`: bytes of a segment. */
static char *log_of(const turn *turns, guint16 server_port, gsize cut)
{
    seen s = {.log = g_string_new(NULL)};
    connection_table *table = connection_table_new(&sink, &s);
    wire w = wire_on(table, server_port);
    play(&w, turns, cut);
    connection_table_free(table);
    g_assert_cmpuint(s.opened, ==, s.closed);
    return g_string_free(s.log, FALSE);
}

static void check(const turn *turns, guint16 server_port, const char *expected)
{
    char *log = log_of(turns, server_port, G_MAXSIZE);
    g_assert_cmpstr(log, ==, expected);
    g_free(log);
}

#define HANDSHAKE                                                                                                      \
    {'C', SYN, NULL}, {'S', SYN | ACK, NULL},                                                                          \
    {                                                                                                                  \
        'C', ACK, NULL                                                                                                 \
    }
#define CLOSE                                                                                                          \
    {'C', FIN, NULL}, {'S', FIN, NULL},                                                                                \
    {                                                                                                                  \
        'C', ACK, NULL                                                                                                 \
    }
#define BANNER                                                                                                         \
    {                                                                                                                  \
        'S', 0, "220 mx.example ESMTP\r\n"                                                                             \
    }
#define MAIL                                                                                                           \
    {'C', 0, "EHLO c\r\n"}, {'S', 0, "250 mx\r\n"}, {'C', 0, "MAIL FROM:<a@b>\r\n"}, {'S', 0, "250 ok\r\n"},           \
        {'C', 0, "RCPT TO:<c@d>\r\n"}, {'S', 0, "250 ok\r\n"}, {'C', 0, "DATA\r\n"}, {'S', 0, "354 go\r\n"},           \
        {'C', 0, "Subject: x\r\n\r\ntext\r\n.\r\n"},                                                                   \
    {                                                                                                                  \
        'S', 0, "250 queued\r\n"                                                                                       \
    }
#define QUIT                                                                                                           \
    {'C', 0, "QUIT\r\n"},                                                                                              \
    {                                                                                                                  \
        'S', 0, "221 bye\r\n"                                                                                          \
    }
#define END                                                                                                            \
    {                                                                                                                  \
        0, 0, NULL                                                                                                     \
    }

static const turn whole_session[] = {HANDSHAKE, BANNER, MAIL, QUIT, CLOSE, END};

#define WHOLE_LOG(port)                                                                                                \
    "1:open(40000>" port ") 220@4 EHLO 250@6 MAIL 250@8 RCPT 250@10 DATA 354@12 end0@13 250@14 QUIT 221@16 "           \
    "1:closed@18 "

static void test_whole_session(void)
{
    check(whole_session, 25, WHOLE_LOG("25"));
    check(whole_session, 2626, WHOLE_LOG("2626"));
}

/* The same events however the bytes are cut; frames differ. */
static void test_byte_by_byte(void)
{
    GRegex *frames = g_regex_new("@[0-9]+", 0, 0, NULL);
    char *whole = log_of(whole_session, 2626, G_MAXSIZE);
    char *expected = g_regex_replace(frames, whole, -1, 0, "", 0, NULL);
    for (gsize cut = 1; cut < 8; cut++) {
        char *log = log_of(whole_session, 2626, cut), *shown = g_regex_replace(frames, log, -1, 0, "", 0, NULL);
        g_assert_cmpstr(shown, ==, expected);
        g_free(shown);
        g_free(log);
    }
    g_free(expected);
    g_free(whole);
    g_regex_unref(frames);
}

/* A capture that ends anywhere: each session that was opened is closed, and a message under way is cut. */
static void test_every_end(void)
{
    for (gsize count = 0; count < G_N_ELEMENTS(whole_session); count++) {
        turn turns[G_N_ELEMENTS(whole_session)] = {END};
        memcpy(turns, whole_session, count * sizeof *turns);
        g_free(log_of(turns, 25, G_MAXSIZE));
        g_free(log_of(turns, 2626, 3));
    }
    const turn cut[] = {
        HANDSHAKE,        BANNER, {'C', 0, "DATA\r\n"}, {'S', 0, "354 go\r\n"}, {'C', 0, "Subject: x\r\n"},
        {'C', ACK, NULL}, END};
    check(cut, 25, "1:open(40000>25) 220@4 DATA 354@6 end2@7 1:closed@7 ");
}

static void test_not_mail(void)
{
    const turn http[] = {
        HANDSHAKE, {'C', 0, "GET / HTTP/1.0\r\n\r\n"}, {'S', 0, "HTTP/1.0 200 OK\r\n\r\n"}, BANNER, MAIL, CLOSE, END};
    check(http, 8080, "");
    check(http, 25, "");
    const turn silent[] = {HANDSHAKE, CLOSE, END};
    check(silent, 25, "");
}

/* Without a beginning: on a port of mail any line will do, on others what can hardly be anything else; and a refusal is
 * not for ever. */
static void test_from_the_middle(void)
{
    const turn middle[] = {{'C', 0, "RCPT TO:<c@d>\r\n"}, {'S', 0, "250 ok\r\n"}, QUIT, END};
    check(middle, 25, "1:open(40000>25,middle) RCPT 250@2 QUIT 221@4 1:closed@4 ");
    const turn later[] = {{'C', 0, "\1\2\3 something else\r\n"},
                          {'S', 0, "\4\5\6 as well\r\n"},
                          {'C', 0, "EHLO c.example\r\n"},
                          {'S', 0, "250 mx.example\r\n"},
                          {'C', 0, "MAIL FROM:<a@b.example>\r\n"},
                          {'S', 0, "250 2.1.0 ok\r\n"},
                          END};
    char *log = log_of(later, 2626, G_MAXSIZE);
    g_assert_nonnull(strstr(log, "1:open(40000>2626,middle) "));
    g_assert_nonnull(strstr(log, "MAIL 250@6"));
    g_free(log);
}

static void test_starttls(void)
{
    const turn turns[] = {HANDSHAKE,
                          BANNER,
                          {'C', 0, "STARTTLS\r\n"},
                          {'S', 0, "220 go\r\n"},
                          {'C', 0, "\x16\x03\x01\x01 cipher"},
                          {'S', 0, "\x16\x03\x03\x01 cipher"},
                          {'C', 0, "\x17\x03\x03\x01 cipher"},
                          CLOSE,
                          END};
    check(turns, 25, "1:open(40000>25) 220@4 STARTTLS 220@6 tls 1:closed@11 ");
}

/* On a port of mail inside TLS; in clear there it is mail all the same. */
static void test_tls_port(void)
{
    const turn tls[] = {HANDSHAKE, {'C', 0, "\x16\x03\x01\x01 hello"}, {'S', 0, "\x16\x03\x03\x01 hello"}, CLOSE, END};
    check(tls, 993, "1:open(40000>993,encrypted) 1:closed@7 ");
    check(tls, 2626, "");
    check(whole_session, 465, WHOLE_LOG("465"));
}

/* The SYN once more, late: the connection is the same. */
static void test_syn_again(void)
{
    seen s = {.log = g_string_new(NULL)};
    connection_table *table = connection_table_new(&sink, &s);
    wire w = wire_on(table, 2626);
    const turn begin[] = {HANDSHAKE, BANNER, END}, syn[] = {{'C', SYN, NULL}, END}, rest[] = {QUIT, END};
    play(&w, begin, G_MAXSIZE);
    w.next[0]--;
    play(&w, syn, G_MAXSIZE);
    play(&w, rest, G_MAXSIZE);
    connection_table_free(table);
    g_assert_cmpstr(s.log->str, ==, "1:open(40000>2626) 220@4 QUIT 221@7 1:closed@7 ");
    g_string_free(s.log, TRUE);
}

/* The handshake says where the streams begin: what is missing there is a gap. */
static void test_gap_at_the_beginning(void)
{
    seen s = {.log = g_string_new(NULL)};
    connection_table *table = connection_table_new(&sink, &s);
    wire w = wire_on(table, 25);
    const turn begin[] = {HANDSHAKE, END}, rest[] = {{'C', 0, "EHLO c\r\n"}, {'S', 0, "250 mx\r\n"}, QUIT, END};
    play(&w, begin, G_MAXSIZE);
    w.next[1] += 22;
    play(&w, rest, G_MAXSIZE);
    connection_table_free(table);
    g_assert_cmpstr(s.log->str, ==, "1:open(40000>25) gap EHLO 250@7 QUIT 221@7 1:closed@7 ");
    g_string_free(s.log, TRUE);
}

/* A SYN with another number begins a new connection. */
static void test_ends_used_again(void)
{
    seen s = {.log = g_string_new(NULL)};
    connection_table *table = connection_table_new(&sink, &s);
    wire w = wire_on(table, 2626);
    const turn first[] = {{'C', SYN, NULL}, END},
               rest[] = {{'S', SYN | ACK, NULL}, {'C', ACK, NULL}, BANNER, QUIT, END};
    play(&w, first, 1);
    play(&w, rest, G_MAXSIZE);
    w.next[0] += 50000;
    play(&w, first, 1);
    play(&w, rest, G_MAXSIZE);
    connection_table_free(table);
    g_assert_cmpstr(
        s.log->str, ==,
        "1:open(40000>2626) 220@4 QUIT 221@6 1:closed@6 2:open(40000>2626) 220@10 QUIT 221@12 2:closed@12 ");
    g_string_free(s.log, TRUE);
}

static void test_gap_and_reset(void)
{
    seen s = {.log = g_string_new(NULL)};
    connection_table *table = connection_table_new(&sink, &s);
    wire w = wire_on(table, 25);
    const turn begin[] = {HANDSHAKE, BANNER, {'C', 0, "EHLO c\r\n"}, END},
               rest[] = {{'C', 0, "QUIT\r\n"}, {'S', RST, NULL}, END};
    play(&w, begin, G_MAXSIZE);
    w.next[1] += 10;
    play(&w, rest, G_MAXSIZE);
    connection_table_free(table);
    g_assert_cmpstr(s.log->str, ==, "1:open(40000>25) 220@4 EHLO gap QUIT 1:closed@6 ");
    g_string_free(s.log, TRUE);
}

/* A scan of ports: the table does not grow beyond its bound, and the session is still there. */
static void test_many_connections(void)
{
    seen s = {.log = g_string_new(NULL)};
    connection_table *table = connection_table_new(&sink, &s);
    wire w = wire_on(table, 2626);
    const turn begin[] = {HANDSHAKE, BANNER, END}, rest[] = {QUIT, CLOSE, END};
    play(&w, begin, G_MAXSIZE);
    for (guint i = 0; i <= LIMIT_CONNECTIONS; i++) {
        frame_segment syn = {.source = {4, {10, 1, 1, 1}},
                             .destination = {4, {10, 2, (guint8)(i >> 16), 1}},
                             .source_port = (guint16)i,
                             .destination_port = 80,
                             .flags = FRAME_TCP_SYN};
        connection_table_segment(table, &syn, 9);
    }
    g_assert_cmpuint(connection_table_count(table), ==, LIMIT_CONNECTIONS + 1);
    play(&w, rest, G_MAXSIZE);
    g_assert_cmpstr(s.log->str, ==, "1:open(40000>2626) 220@4 QUIT 221@6 1:closed@8 ");
    connection_table_free(table);
    g_string_free(s.log, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/connection_table/whole_session", test_whole_session);
    g_test_add_func("/connection_table/byte_by_byte", test_byte_by_byte);
    g_test_add_func("/connection_table/every_end", test_every_end);
    g_test_add_func("/connection_table/not_mail", test_not_mail);
    g_test_add_func("/connection_table/from_the_middle", test_from_the_middle);
    g_test_add_func("/connection_table/starttls", test_starttls);
    g_test_add_func("/connection_table/tls_port", test_tls_port);
    g_test_add_func("/connection_table/syn_again", test_syn_again);
    g_test_add_func("/connection_table/gap_at_the_beginning", test_gap_at_the_beginning);
    g_test_add_func("/connection_table/ends_used_again", test_ends_used_again);
    g_test_add_func("/connection_table/gap_and_reset", test_gap_and_reset);
    g_test_add_func("/connection_table/many_connections", test_many_connections);
    return g_test_run();
}
