/* make_capture.c
 * make_capture SHAPE SIZE FILE: writes a capture to FILE, and to standard output one line for each
 * attachment in it: SHA-256, a blank, the size in bytes. Same arguments, same bytes.
 *
 *   attachments MB    mails with one attachment of 1.4 MB, ten in a session
 *   one MB            one mail with one attachment that takes MB megabytes on the wire
 *   interleaved MB    100 sessions at once, mails as in `attachments` (or smaller, for two in each session)
 *   small COUNT       mails of 4 KB with an attachment of 2 KB, each in a session of its own
 *   pop3 MB           a mailbox fetched in one session, all commands sent at once; mails of 100 KB
 *   imap MB           a mailbox fetched in one session, each mail whole; mails as in `attachments`
 *   imap-pieces MB    the same in partial fetches of 20 KB
 *   smtp-bytes COUNT  a mail of COUNT bytes, one byte in each segment
 *   pop3-bytes COUNT  the same, fetched
 *   no-mail MB        HTTP answers, TLS records, DNS
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEGABYTE 1000000
#define MSS 1460
#define LINE_BYTES 57 /* of an attachment in one line of 76 characters (RFC 2045 6.8) */
#define ATTACHMENT_BYTES 1400000
#define SMALL_ATTACHMENT_BYTES 2048
#define POP3_ATTACHMENT_BYTES 71000
#define MAILS_IN_A_SESSION 10
#define IMAP_PIECE_BYTES 20480
#define SESSIONS_AT_ONCE 100
#define STEP_MICROSECONDS 10

#define FIN 0x01
#define SYN 0x02
#define PSH 0x08
#define ACK 0x10

enum { CLIENT, SERVER };

/* One TCP connection, or the two ends of a DNS exchange. */
typedef struct connection {
    guint32 address[2];
    guint16 port[2];
    guint32 seq[2];
    gsize mss;
    guint unacknowledged; /* data segments since the reader acknowledged */
} connection;

static FILE *capture;
static guint64 now = 1700000000000000;
static guint64 seed = 0x9e3779b97f4a7c15;
static guint32 connections;
static guint64 written;

/* ---- random bytes (xorshift64*) ---- */

static guint64 next_random(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 0x2545f4914f6cdd1d;
}

static GByteArray *random_bytes(gsize length)
{
    GByteArray *bytes = g_byte_array_sized_new((guint)length + 8);
    for (gsize i = 0; i < length; i += 8) {
        guint64 word = next_random();
        g_byte_array_append(bytes, (const guint8 *)&word, 8);
    }
    g_byte_array_set_size(bytes, (guint)length);
    return bytes;
}

/* ---- frames ---- */

static void put16(guint8 *at, guint value)
{
    at[0] = (guint8)(value >> 8);
    at[1] = (guint8)value;
}

static void put32(guint8 *at, guint32 value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static guint32 add_words(guint32 sum, const guint8 *bytes, gsize length)
{
    for (gsize i = 0; i < length; i++)
        sum += i % 2 ? bytes[i] : (guint32)bytes[i] << 8;
    return sum;
}

static guint fold(guint32 sum)
{
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

static void write_record(const guint8 *head, gsize head_length, const guint8 *payload, gsize length)
{
    guint32 record[4] = {(guint32)(now / 1000000), (guint32)(now % 1000000), (guint32)(head_length + length),
                         (guint32)(head_length + length)};
    now += STEP_MICROSECONDS;
    written += sizeof record + head_length + length;
    fwrite(record, sizeof record, 1, capture);
    fwrite(head, head_length, 1, capture);
    if (length)
        fwrite(payload, length, 1, capture);
}

/* Ethernet and IPv4 in front of `length` bytes of protocol `ip_proto`. */
static void fill_ip(guint8 *head, const connection *c, int sender, guint8 ip_proto, gsize length)
{
    static const guint8 macs[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
    memcpy(head, macs + (sender == CLIENT ? 6 : 0), 12);
    put16(head + 12, 0x0800);
    guint8 *ip = head + 14;
    put32(ip, 0x45000000 | (guint32)(20 + length));
    put32(ip + 4, 0x00004000);
    put32(ip + 8, 0x40000000 | (guint32)ip_proto << 16);
    put32(ip + 12, c->address[sender]);
    put32(ip + 16, c->address[!sender]);
    put16(ip + 10, fold(add_words(0, ip, 20)));
}

static void send_segment(connection *c, int sender, guint flags, const void *payload, gsize length)
{
    guint8 head[54];
    guint8 *tcp = head + 34;
    fill_ip(head, c, sender, 6, 20 + length);
    put16(tcp, c->port[sender]);
    put16(tcp + 2, c->port[!sender]);
    put32(tcp + 4, c->seq[sender]);
    put32(tcp + 8, flags & ACK ? c->seq[!sender] : 0);
    put32(tcp + 12, 0x50000000 | flags << 16 | 64240);
    put32(tcp + 16, 0);
    guint32 sum = add_words(6 + 20 + (guint32)length, head + 26, 8);
    put16(tcp + 16, fold(add_words(add_words(sum, tcp, 20), payload, length)));
    write_record(head, sizeof head, payload, length);
    c->seq[sender] += (guint32)length + (flags & (SYN | FIN) ? 1 : 0);
}

static void send_datagram(connection *c, int sender, const guint8 *payload, gsize length)
{
    guint8 head[42];
    fill_ip(head, c, sender, 17, 8 + length);
    put16(head + 34, c->port[sender]);
    put16(head + 36, c->port[!sender]);
    put16(head + 38, (guint)(8 + length));
    put16(head + 40, 0);
    write_record(head, sizeof head, payload, length);
}

static connection open_connection(guint16 port, gsize mss)
{
    guint32 n = connections++;
    connection c = {{0x0a000000 | (n / 50000 + 1), 0xc0a80001},
                    {(guint16)(10000 + n % 50000), port},
                    {n * 7919, n * 104729},
                    mss,
                    0};
    send_segment(&c, CLIENT, SYN, NULL, 0);
    send_segment(&c, SERVER, SYN | ACK, NULL, 0);
    send_segment(&c, CLIENT, ACK, NULL, 0);
    return c;
}

static void close_connection(connection *c)
{
    send_segment(c, CLIENT, FIN | ACK, NULL, 0);
    send_segment(c, SERVER, FIN | ACK, NULL, 0);
    send_segment(c, CLIENT, ACK, NULL, 0);
}

/* The next segment of a write; the reader acknowledges every second one. Returns its length. */
static gsize send_piece(connection *c, int sender, const guint8 *bytes, gsize length)
{
    gsize piece = MIN(length, c->mss);
    send_segment(c, sender, PSH | ACK, bytes, piece);
    if (++c->unacknowledged == 2 && piece < length) {
        send_segment(c, !sender, ACK, NULL, 0);
        c->unacknowledged = 0;
    }
    return piece;
}

static void send_bytes(connection *c, int sender, const guint8 *bytes, gsize length)
{
    c->unacknowledged = 0;
    for (gsize at = 0; at < length;)
        at += send_piece(c, sender, bytes + at, length - at);
}

static void say(connection *c, int sender, const char *text)
{
    send_bytes(c, sender, (const guint8 *)text, strlen(text));
}

static void ask(connection *c, const char *command, const char *reply)
{
    say(c, CLIENT, command);
    say(c, SERVER, reply);
}

/* ---- mails ---- */

static void append_text(GByteArray *mail, const char *text)
{
    g_byte_array_append(mail, (const guint8 *)text, (guint)strlen(text));
}

/* Lines of 76 characters. */
static void append_base64(GByteArray *mail, const GByteArray *bytes)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (guint at = 0; at < bytes->len; at += LINE_BYTES) {
        char line[80];
        guint used = 0, end = MIN(at + LINE_BYTES, bytes->len);
        for (guint i = at; i < end; i += 3) {
            guint left = end - i;
            guint32 group = (guint32)bytes->data[i] << 16 | (left > 1 ? (guint32)bytes->data[i + 1] << 8 : 0) |
                            (left > 2 ? bytes->data[i + 2] : 0);
            line[used++] = alphabet[group >> 18];
            line[used++] = alphabet[group >> 12 & 63];
            line[used++] = left > 1 ? alphabet[group >> 6 & 63] : '=';
            line[used++] = left > 2 ? alphabet[group & 63] : '=';
        }
        line[used++] = '\r';
        line[used++] = '\n';
        g_byte_array_append(mail, (const guint8 *)line, used);
    }
}

/* A mail with a text and an attachment of that size, whose hash is printed. */
static GByteArray *make_mail(gsize attachment)
{
    static guint number;
    GByteArray *bytes = random_bytes(attachment), *mail = g_byte_array_sized_new((guint)(attachment / 57 * 78 + 4096));
    char *hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes->data, bytes->len);
    char *head = g_strdup_printf("From: Ann <ann@skynet.local>\r\nTo: Bob <bob@cyberdyne.local>\r\n"
                                 "Subject: Files of today, number %u\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
                                 "Message-ID: <%u.bench@skynet.local>\r\nMIME-Version: 1.0\r\n"
                                 "Content-Type: multipart/mixed; boundary=\"=_bench_%u\"\r\n\r\n"
                                 "--=_bench_%u\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
                                 number, number, number, number);
    append_text(mail, head);
    for (int i = 0; i < 8; i++)
        append_text(mail, "Please find the file attached, as we said. It is what came out of today.\r\n");
    g_free(head);
    head = g_strdup_printf("\r\n--=_bench_%u\r\nContent-Type: application/octet-stream; name=\"file-%u.bin\"\r\n"
                           "Content-Disposition: attachment; filename=\"file-%u.bin\"\r\n"
                           "Content-Transfer-Encoding: base64\r\n\r\n",
                           number, number, number);
    append_text(mail, head);
    append_base64(mail, bytes);
    g_free(head);
    head = g_strdup_printf("\r\n--=_bench_%u--\r\n", number++);
    append_text(mail, head);
    printf("%s %u\n", hash, bytes->len);
    g_free(head);
    g_free(hash);
    g_byte_array_unref(bytes);
    return mail;
}

static void greet(connection *c)
{
    say(c, SERVER, "220 mx.cyberdyne.local ESMTP\r\n");
    ask(c, "EHLO skynet.local\r\n",
        "250-mx.cyberdyne.local\r\n250-PIPELINING\r\n250-SIZE 0\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n");
}

static void begin_mail(connection *c)
{
    ask(c, "MAIL FROM:<ann@skynet.local>\r\n", "250 2.1.0 Ok\r\n");
    ask(c, "RCPT TO:<bob@cyberdyne.local>\r\n", "250 2.1.5 Ok\r\n");
    ask(c, "DATA\r\n", "354 End data with <CR><LF>.<CR><LF>\r\n");
}

static void end_mail(connection *c)
{
    ask(c, ".\r\n", "250 2.0.0 Ok: queued\r\n");
}

static void say_goodbye(connection *c)
{
    ask(c, "QUIT\r\n", "221 2.0.0 Bye\r\n");
    close_connection(c);
}

static void deliver(connection *c, gsize attachment)
{
    GByteArray *mail = make_mail(attachment);
    begin_mail(c);
    append_text(mail, ".\r\n");
    send_bytes(c, CLIENT, mail->data, mail->len);
    say(c, SERVER, "250 2.0.0 Ok: queued\r\n");
    g_byte_array_unref(mail);
}

/* ---- shapes ---- */

static void make_attachments(guint64 megabytes)
{
    while (written < megabytes * MEGABYTE) {
        connection c = open_connection(25, MSS);
        greet(&c);
        for (int i = 0; i < MAILS_IN_A_SESSION && written < megabytes * MEGABYTE; i++)
            deliver(&c, ATTACHMENT_BYTES);
        say_goodbye(&c);
    }
}

static void make_one(guint64 megabytes)
{
    connection c = open_connection(25, MSS);
    greet(&c);
    deliver(&c, (gsize)(megabytes * MEGABYTE / 78 * LINE_BYTES));
    say_goodbye(&c);
}

static void make_interleaved(guint64 megabytes)
{
    connection c[SESSIONS_AT_ONCE];
    GByteArray *mail[SESSIONS_AT_ONCE];
    gsize at[SESSIONS_AT_ONCE];
    guint open = SESSIONS_AT_ONCE;
    gsize attachment = MIN(ATTACHMENT_BYTES, (gsize)(megabytes * MEGABYTE / SESSIONS_AT_ONCE / 2));
    for (int i = 0; i < SESSIONS_AT_ONCE; i++) {
        c[i] = open_connection(25, MSS);
        greet(&c[i]);
        mail[i] = NULL;
    }
    while (open) {
        for (int i = 0; i < SESSIONS_AT_ONCE; i++) {
            if (!mail[i]) {
                mail[i] = make_mail(attachment);
                at[i] = 0;
                begin_mail(&c[i]);
            } else if (at[i] < mail[i]->len) {
                at[i] += send_piece(&c[i], CLIENT, mail[i]->data + at[i], mail[i]->len - at[i]);
            } else if (mail[i]->len) {
                end_mail(&c[i]);
                if (written < megabytes * MEGABYTE) {
                    g_byte_array_unref(mail[i]);
                    mail[i] = NULL;
                } else {
                    g_byte_array_set_size(mail[i], 0);
                    at[i] = 0;
                    say_goodbye(&c[i]);
                    open--;
                }
            }
        }
    }
    for (int i = 0; i < SESSIONS_AT_ONCE; i++)
        g_byte_array_unref(mail[i]);
}

static void make_small(guint64 count)
{
    for (guint64 i = 0; i < count; i++) {
        connection c = open_connection(25, MSS);
        greet(&c);
        deliver(&c, SMALL_ATTACHMENT_BYTES);
        say_goodbye(&c);
    }
}

static void log_in(connection *c)
{
    say(c, SERVER, "+OK POP3 server ready\r\n");
    ask(c, "USER bob\r\n", "+OK\r\n");
    ask(c, "PASS secret\r\n", "+OK Logged in.\r\n");
}

static void make_pop3(guint64 megabytes)
{
    guint count = (guint)(megabytes * MEGABYTE / (POP3_ATTACHMENT_BYTES / LINE_BYTES * 78 + 1500)) + 1;
    connection c = open_connection(110, MSS);
    GByteArray *commands = g_byte_array_new();
    log_in(&c);
    for (guint i = 1; i <= count; i++) {
        char *command = g_strdup_printf("RETR %u\r\n", i);
        append_text(commands, command);
        g_free(command);
    }
    send_bytes(&c, CLIENT, commands->data, commands->len);
    for (guint i = 0; i < count; i++) {
        GByteArray *mail = make_mail(POP3_ATTACHMENT_BYTES), *answer = g_byte_array_new();
        char *status = g_strdup_printf("+OK %u octets\r\n", mail->len);
        append_text(answer, status);
        g_byte_array_append(answer, mail->data, mail->len);
        append_text(answer, ".\r\n");
        send_bytes(&c, SERVER, answer->data, answer->len);
        g_free(status);
        g_byte_array_unref(mail);
        g_byte_array_unref(answer);
    }
    ask(&c, "QUIT\r\n", "+OK Bye.\r\n");
    close_connection(&c);
    g_byte_array_unref(commands);
}

static void make_smtp_bytes(guint64 count)
{
    connection c = open_connection(25, 1);
    greet(&c);
    deliver(&c, (gsize)(count / 78 * LINE_BYTES));
    say_goodbye(&c);
}

static void make_pop3_bytes(guint64 count)
{
    connection c = open_connection(110, 1);
    GByteArray *mail = make_mail((gsize)(count / 78 * LINE_BYTES));
    log_in(&c);
    ask(&c, "RETR 1\r\n", "+OK message follows\r\n");
    append_text(mail, ".\r\n");
    send_bytes(&c, SERVER, mail->data, mail->len);
    ask(&c, "QUIT\r\n", "+OK Bye.\r\n");
    close_connection(&c);
    g_byte_array_unref(mail);
}

static void http_exchange(gsize length)
{
    GByteArray *body = random_bytes(length);
    connection c = open_connection(80, MSS);
    char *head = g_strdup_printf("HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: application/octet-stream\r\n"
                                 "Content-Length: %u\r\n\r\n",
                                 body->len);
    say(&c, CLIENT, "GET /file HTTP/1.1\r\nHost: www.cyberdyne.local\r\nAccept: */*\r\n\r\n");
    say(&c, SERVER, head);
    send_bytes(&c, SERVER, body->data, body->len);
    close_connection(&c);
    g_free(head);
    g_byte_array_unref(body);
}

/* A hello each way would need a certificate; application data alone is what most of such a capture consists of. */
static void tls_exchange(gsize length)
{
    connection c = open_connection(443, MSS);
    GByteArray *records = g_byte_array_new();
    while (records->len < length) {
        GByteArray *body = random_bytes(16000);
        guint8 head[5] = {23, 3, 3, (guint8)(body->len >> 8), (guint8)body->len};
        g_byte_array_append(records, head, sizeof head);
        g_byte_array_append(records, body->data, body->len);
        g_byte_array_unref(body);
    }
    send_bytes(&c, CLIENT, records->data, 5 + 16000);
    send_bytes(&c, SERVER, records->data, records->len);
    close_connection(&c);
    g_byte_array_unref(records);
}

static void dns_exchange(guint number)
{
    static const guint8 question[] = "\3www\11cyberdyne\5local\0\0\1\0\1";
    guint8 query[12 + sizeof question - 1] = {0}, answer[sizeof query + 16];
    connection c = {{0x0a000001, 0x0a000002}, {(guint16)(20000 + number % 40000), 53}, {0, 0}, 0, 0};
    put16(query, number & 0xffff);
    put32(query + 2, 0x01000001);
    memcpy(query + 12, question, sizeof question - 1);
    memcpy(answer, query, sizeof query);
    put32(answer + 2, 0x81800001);
    put16(answer + 6, 1);
    memcpy(answer + sizeof query, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1", 16);
    send_datagram(&c, CLIENT, query, sizeof query);
    send_datagram(&c, SERVER, answer, sizeof answer);
}

static void make_no_mail(guint64 megabytes)
{
    for (guint i = 0; written < megabytes * MEGABYTE; i++) {
        http_exchange(400000);
        tls_exchange(400000);
        for (guint d = 0; d < 100; d++)
            dns_exchange(i * 100 + d);
    }
}

/* One FETCH of `len` bytes, and its answer. `place`: "<0>", or "" for all of the mail. */
static void fetch(connection *c, guint uid, const guint8 *bytes, gsize len, const char *asked, const char *place)
{
    GByteArray *answer = g_byte_array_new();
    char *command = g_strdup_printf("f%u UID FETCH %u (BODY.PEEK[]%s)\r\n", uid, uid, asked);
    char *begin = g_strdup_printf("* %u FETCH (UID %u BODY[]%s {%" G_GSIZE_FORMAT "}\r\n", uid, uid, place, len);
    char *end = g_strdup_printf(")\r\nf%u OK Fetch completed.\r\n", uid);

    say(c, CLIENT, command);
    append_text(answer, begin);
    g_byte_array_append(answer, bytes, (guint)len);
    append_text(answer, end);
    send_bytes(c, SERVER, answer->data, answer->len);
    g_free(command);
    g_free(begin);
    g_free(end);
    g_byte_array_unref(answer);
}

static void fetch_in_pieces(connection *c, guint uid, const GByteArray *mail)
{
    for (guint at = 0; at < mail->len; at += IMAP_PIECE_BYTES) {
        char *asked = g_strdup_printf("<%u.%u>", at, IMAP_PIECE_BYTES), *place = g_strdup_printf("<%u>", at);
        fetch(c, uid, mail->data + at, MIN(mail->len - at, IMAP_PIECE_BYTES), asked, place);
        g_free(asked);
        g_free(place);
    }
}

static void read_mailbox(guint64 megabytes, gboolean in_pieces)
{
    connection c = open_connection(143, MSS);

    say(&c, SERVER, "* OK [CAPABILITY IMAP4rev1] ready\r\n");
    ask(&c, "a LOGIN bob secret\r\n", "a OK Logged in\r\n");
    ask(&c, "b SELECT INBOX\r\n",
        "* 1000 EXISTS\r\n* OK [UIDVALIDITY 1] UIDs valid\r\nb OK [READ-WRITE] Select completed\r\n");
    for (guint uid = 1; uid == 1 || written < megabytes * MEGABYTE; uid++) {
        GByteArray *mail = make_mail(ATTACHMENT_BYTES);
        if (in_pieces)
            fetch_in_pieces(&c, uid, mail);
        else
            fetch(&c, uid, mail->data, mail->len, "", "");
        g_byte_array_unref(mail);
    }
    ask(&c, "z LOGOUT\r\n", "* BYE\r\nz OK Logged out\r\n");
    close_connection(&c);
}

static void make_imap(guint64 megabytes)
{
    read_mailbox(megabytes, FALSE);
}

static void make_imap_pieces(guint64 megabytes)
{
    read_mailbox(megabytes, TRUE);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*make)(guint64 size);
    } shapes[] = {
        {"attachments", make_attachments},
        {"one", make_one},
        {"interleaved", make_interleaved},
        {"small", make_small},
        {"pop3", make_pop3},
        {"imap", make_imap},
        {"imap-pieces", make_imap_pieces},
        {"smtp-bytes", make_smtp_bytes},
        {"pop3-bytes", make_pop3_bytes},
        {"no-mail", make_no_mail},
    };
    static const guint32 header[] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1};

    for (gsize i = 0; argc == 4 && i < G_N_ELEMENTS(shapes); i++) {
        if (strcmp(argv[1], shapes[i].name) != 0)
            continue;
        capture = fopen(argv[3], "wb");
        if (!capture || fwrite(header, sizeof header, 1, capture) != 1)
            break;
        shapes[i].make(g_ascii_strtoull(argv[2], NULL, 10));
        if (ferror(capture) || fclose(capture) != 0)
            break;
        return 0;
    }
    fprintf(stderr, "usage: make_capture SHAPE SIZE FILE, or the file cannot be written\n");
    return 1;
}
