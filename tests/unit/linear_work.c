/* linear_work.c
 * Inputs made to be slow, each worked through at one size and at four times that, for check_linear_work.py: it counts
 * the instructions of each under valgrind. Prints the name of every case; without valgrind the marks do nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <valgrind/callgrind.h>

#include "auth_results.h"
#include "cte_decoder.h"
#include "encoded_word.h"
#include "export_name.h"
#include "header.h"
#include "imap_lexer.h"
#include "imap_pieces.h"
#include "limits.h"
#include "mail_session.h"
#include "mail_trace.h"
#include "mime_param.h"
#include "mime_parser.h"
#include "received.h"
#include "rfc822_lexer.h"
#include "url_finder.h"

/* --- a pattern again and again --- */

static void read_message(slice text)
{
    mime_message *message = mime_message_parse(text, NULL, 0, FALSE);
    for (guint i = 0; i < message->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(message->parts, i);
        GByteArray *body = part->children ? NULL : mime_part_decode(message, part, NULL);
        char *shown = body ? mime_part_text(message, part, body->data, body->len, NULL) : NULL;
        const header_field *from = mime_part_field(part, "From");
        anomaly_set met = 0;
        if (from)
            g_ptr_array_unref(rfc822_parse_address_list(from->raw_value, &met));
        if (body)
            g_byte_array_unref(body);
        g_free(shown);
    }
    mime_message_free(message);
}

static void read_addresses(slice text)
{
    g_ptr_array_unref(rfc822_parse_address_list(text, NULL));
}

static void read_params(slice text)
{
    mime_param_list_free(mime_param_parse(text, NULL));
}

static void read_encoded_words(slice text)
{
    g_free(encoded_word_decode(text, NULL));
    encoded_word_is_in(text);
}

static void decode(mime_encoding encoding, slice text)
{
    GByteArray *out = g_byte_array_new();
    cte_decoder *decoder = cte_decoder_new(encoding, out);
    cte_decoder_feed(decoder, text);
    cte_decoder_finish(decoder);
    cte_decoder_free(decoder);
    g_byte_array_unref(out);
}

static void decode_all(slice text)
{
    for (int encoding = MIME_ENCODING_BASE64; encoding <= MIME_ENCODING_UUENCODE; encoding++)
        decode((mime_encoding)encoding, text);
}

static void read_received(slice text)
{
    received_free(received_parse(text));
}

static void read_results(slice text)
{
    auth_results_free(auth_results_parse(text));
    auth_results_free(auth_results_parse_spf(text));
    dkim_signature_free(dkim_signature_parse(text));
}

static void find_urls(slice text)
{
    url_list list = url_finder_html(text);
    url_list_clear(&list);
    list = url_finder_text(text);
    url_list_clear(&list);
}

static void skip_imap_values(slice text)
{
    imap_cursor cursor = imap_cursor_of(text);
    imap_token token;
    for (guint i = 0; i < 10; i++) {
        imap_cursor_next(&cursor, &token);
        imap_cursor_skip_value(&cursor, &token);
    }
}

/* What the check has to find: every place looks through all that follows. */
static void search_from_everywhere(slice text)
{
    for (; text.len; text = slice_from(text, 1))
        g_assert_null(memchr(text.data, '\0', text.len));
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"
#define QP "Content-Transfer-Encoding: quoted-printable\n"
#define B64 "Content-Transfer-Encoding: base64\n"

/* Every start with every pattern. */
typedef struct grid {
    const char *name;
    void (*work)(slice text);
    const char *starts[10], *patterns[20], *end;
} grid;

static const grid grids[] = {
    {"quadratic", search_from_everywhere, {""}, {"a"}, ""},
    {"message",
     read_message,
     {MIXED},
     {"--bx\n", "--b\nContent-Type: multipart/mixed; boundary=b\n\n",
      "--b\nContent-Type: multipart/mixed; boundary=c\n" QP "\n", "--b\nContent-Type: message/rfc822\n" QP "\n",
      "--b\nContent-Type: message/rfc822\n" B64 "\n"},
     ""},
    {"message",
     read_message,
     {MIXED, "Content-Type: multipart/mixed\n\n", "", "Subject: x\n\n",
      "Content-Type: multipart/digest; boundary=b\n\n"},
     {"--b\n", "--b\n\nx\n", "--", "--\n", "--x\n", "--bb\n", "\n", "a", "a\n", ":\n", "a:\n", " \n",
      "--b\nContent-Type: multipart/mixed\n\n", "--b\nContent-Type: message/rfc822\n\n",
      "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n", "--b\na\n", "a: =?\n"},
     ""},
    {"message", read_message, {"Content-Type: message/rfc822\n" B64 "\n"}, {"QUJD"}, ""},
    {"message", read_message, {"Content-Type: multipart/mixed; boundary=b\n" QP "\n"}, {"--b\n\nx\n"}, ""},
    {"message", read_message, {"Subject: "}, {"=?", "=?utf-8?Q?", "=?utf-8?B?w7w?= ", "x\r"}, "\n\n"},
    {"message", read_message, {"Subject: "}, {"\r"}, "x\n\n"},
    {"message", read_message, {""}, {"a: b\r"}, ""},
    {"message", read_message, {"From: "}, {"(", "<(", "\"", "a@b,", "a:"}, "\n\n"},
    {"message", read_message, {"From: <"}, {"("}, "\n\n"},
    {"message", read_message, {"Content-Type: text/plain"}, {"; a=b", "; name*0=b", "; a=("}, "\n\n"},
    {"message", read_message, {"Content-Type: "}, {"("}, "\n\n"},
    {"message", read_message, {"Content-Type: text/plain; name=\""}, {"\"; ", "a\""}, "\n\n"},
    {"message", read_message, {"Content-Type: text/plain; name="}, {"=?utf-8?q?"}, "\n\n"},
    {"message",
     read_message,
     {"\n"},
     {"begin 644 a\n", "begin 644 a\n#86)C\n", "begin 644 a\n#86)C\n`\nend\n", "begin-base64 644 a\n",
      "=ybegin line=1 size=1 name=a\n", "(This file must be converted\n", "(This file must be converted\n\n",
      "(This file must be converted\n:\n"},
     ""},
    {"message", read_message, {B64 "\n"}, {"QUJD-", "QQ=="}, ""},
    {"message", read_message, {QP "\n"}, {"= ", "  "}, ""},
    {"message", read_message, {"Content-Type: message/delivery-status\n\n"}, {"a: b\n\n", "\n"}, ""},
    {"addresses", read_addresses, {"aaa@"}, {"(", ":", "a@:", "<", "\"", "\\", ",", "@", "<a,", "x:y;", "()"}, ""},
    {"parameters",
     read_params,
     {"a; filename=", "a; filename=\"", "a; x=\"", "a", "a; filename*=''", "("},
     {"\"", "\\\"", "; name=", " ", "a ", "(", "=?", "=?a?q?", ";", " a=", "x;name ", "\" ", "%"},
     ""},
    {"encoded words",
     read_encoded_words,
     {""},
     {"=?", "=?a?q?", "=?a?q? ", "=?utf-8?b?YQ==?= ", "=?a?q?=?", "?=", "=?gb2312?q?=C4?=", "\xE4"},
     ""},
    {"transfer encodings", decode_all, {""}, {" ", "=", "a ", "= ", "YQ==", "Y", "=\r", "\r", "YQ==\n!", "M\n"}, ""},
    {"Received",
     read_received,
     {"from a ("},
     {"(", ")", "[", "(()", "\"", "<", "from ", "(helo=", "a b ", ";", "\\("},
     ""},
    {"results and signatures",
     read_results,
     {"x; y=z "},
     {"(", ";", "\"", "a=", "a=b ", "=", "()", "a=b;", "\\(", ";i="},
     ""},
    {"links",
     find_urls,
     {""},
     {"<", "<a ", "<a href=\"", "<!--", "http://", "<http://", "&#", "(((", "url(", "<style>", "<!--[if",
      "<a href='x' "},
     ""},
    {"IMAP values", skip_imap_values, {""}, {"(BODY["}, ""},
};

/* --- a step again and again --- */

static void nothing(const mail_event *event, void *user)
{
    (void)event;
    (void)user;
}

static void feed(mail_session *session, mail_side side, const char *text)
{
    mail_session_feed(session, side, slice_of(text));
}

/* A message of `count` segments. */
static void feed_message(mail_session *session, mail_side side, guint count)
{
    GString *segment = g_string_new("");
    while (segment->len < 1460)
        g_string_append(segment,
                        "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\r\n..\r\n");
    for (guint i = 0; i < count; i++)
        feed(session, side, segment->str);
    feed(session, side, ".\r\n");
    mail_session_free(session);
    g_string_free(segment, TRUE);
}

static void send_large_message(guint count)
{
    mail_session *session = mail_session_new(MAIL_PROTOCOL_SMTP, TRUE, nothing, NULL);
    feed(session, MAIL_CLIENT, "DATA\r\n");
    feed(session, MAIL_SERVER, "220 x\r\n354 go\r\n");
    feed_message(session, MAIL_CLIENT, count);
}

static void fetch_large_message(guint count)
{
    mail_session *session = mail_session_new(MAIL_PROTOCOL_POP3, TRUE, nothing, NULL);
    feed(session, MAIL_SERVER, "+OK hello\r\n");
    feed(session, MAIL_CLIENT, "RETR 1\r\n");
    feed(session, MAIL_SERVER, "+OK\r\n");
    feed_message(session, MAIL_SERVER, count);
}

/* Questions, and as many answers that fit none: no walk of the queue per reply. */
static void answer_unfittingly(guint count)
{
    mail_session *session = mail_session_new(MAIL_PROTOCOL_SMTP, TRUE, nothing, NULL);
    feed(session, MAIL_SERVER, "220 x\r\n");
    for (guint i = 0; i < count; i++)
        feed(session, MAIL_CLIENT, "NOOP\r\n");
    for (guint i = 0; i < count; i++)
        feed(session, MAIL_SERVER, "354 go\r\n");
    mail_session_free(session);
}

/* Responses sent ahead are released one by one, without moving the rest each time. */
static void respond_ahead(guint count)
{
    mail_session *session = mail_session_new(MAIL_PROTOCOL_SMTP, TRUE, nothing, NULL);
    feed(session, MAIL_SERVER, "220 x\r\n");
    feed(session, MAIL_CLIENT, "AUTH FOO\r\n");
    for (guint i = 0; i < count; i++)
        feed(session, MAIL_CLIENT, "QUFB\r\n");
    for (guint i = 0; i < count; i++)
        feed(session, MAIL_SERVER, "334 x\r\n");
    mail_session_free(session);
}

static void name_alike(guint count)
{
    export_names *names = export_names_new();
    for (guint i = 0; i < count; i++)
        g_free(export_names_unique(names, "image001.png"));
    export_names_free(names);
}

static slice one_line(guint index, void *user)
{
    (void)index;
    (void)user;
    return slice_of("x\r\n");
}

/* Copies of one mail, each looked up among the last ones only. */
static void trace_copies(guint count)
{
    header_block block = header_read(slice_of("Message-ID: <1@a.example>\r\n"), 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    mail_trace *trace = mail_trace_new(one_line, NULL);
    for (guint i = 0; i < count; i++) {
        char *server = g_strdup_printf("10.%u.%u.%u", 1 + i / 65536, i / 256 % 256, i % 256);
        mail_transfer transfer = {.fields = block.fields,
                                  .body = slice_of("x\r\n"),
                                  .complete = TRUE,
                                  .is_upload = TRUE,
                                  .client = "10.0.0.2",
                                  .server = server};
        mail_trace_add(trace, &transfer);
        g_free(server);
    }
    mail_trace_free(trace);
    g_ptr_array_unref(block.fields);
}

static void ignore_joined(const imap_joined *joined, void *user)
{
    (void)joined;
    (void)user;
}

/* Chunks of one octet from the end to the beginning: no walk of all of them for each. */
static void join_backwards(guint count)
{
    imap_pieces *pieces = imap_pieces_new();
    for (guint i = count + 1; i-- > 0;) {
        mail_imap imap = {.is_partial = TRUE, .origin = i, .requested = 1};
        imap_piece *piece = imap_piece_new();
        imap_piece_append(piece, slice_of(i == count ? "" : "x"), i != count, NULL);
        imap_pieces_add(pieces, "key", &imap, piece, FALSE, ignore_joined, NULL);
    }
    imap_pieces_free(pieces);
}

/* Parts of one octet behind a long header: it is not read again for each. */
static void fetch_parts(guint count)
{
    imap_pieces *pieces = imap_pieces_new();
    GString *header = g_string_new("Content-Type: text/html\nContent-Description:");
    for (guint i = 0; i < count; i++)
        g_string_append(header, "\n 12345678");
    g_string_append(header, "\n\n");
    for (guint i = 0; i <= count; i++) {
        mail_imap imap = {.section = slice_of(i ? "1" : "HEADER")};
        imap_piece *piece = imap_piece_new();
        imap_piece_append(piece, i ? slice_of("x") : (slice){(const guint8 *)header->str, header->len}, 1, NULL);
        imap_pieces_add(pieces, "key", &imap, piece, FALSE, ignore_joined, NULL);
    }
    imap_pieces_free(pieces);
    g_string_free(header, TRUE);
}

/* One response with many pieces: what it says of the message is not looked for anew for each. */
static void fetch_pieces(guint count)
{
    mail_session *session = mail_session_new(MAIL_PROTOCOL_IMAP, TRUE, nothing, NULL);
    feed(session, MAIL_SERVER, "* PREAUTH x\r\n* 1 FETCH (FLAGS ()");
    for (guint i = 0; i < count; i++)
        feed(session, MAIL_SERVER, " BODY[1] {1}\r\nx");
    feed(session, MAIL_SERVER, ")\r\n");
    mail_session_free(session);
}

/* A long URL with many values: it is not read again for each. */
static void fetch_by_url(guint count)
{
    mail_session *session = mail_session_new(MAIL_PROTOCOL_IMAP, TRUE, nothing, NULL);
    feed(session, MAIL_SERVER, "* PREAUTH x\r\n* URLFETCH \"/");
    for (guint i = 0; i < count; i++)
        feed(session, MAIL_SERVER, "mailbox/");
    feed(session, MAIL_SERVER, ";UID=1\"");
    for (guint i = 0; i < count; i++)
        feed(session, MAIL_SERVER, i % 2 ? " (BODY \"x\")" : " (BODY {1}\r\nx)");
    feed(session, MAIL_SERVER, "\r\n");
    mail_session_free(session);
}

/* Several messages in one APPEND. */
static void append_many(guint count)
{
    mail_session *session = mail_session_new(MAIL_PROTOCOL_IMAP, TRUE, nothing, NULL);
    feed(session, MAIL_SERVER, "* PREAUTH x\r\n");
    feed(session, MAIL_CLIENT, "1 APPEND x");
    for (guint i = 0; i < count; i++)
        feed(session, MAIL_CLIENT, i % 2 ? " CATENATE (URL /x TEXT {1+}\r\ny)" : " (a) {1+}\r\nx");
    feed(session, MAIL_CLIENT, "\r\n");
    mail_session_free(session);
}

typedef struct repetition {
    const char *name;
    void (*work)(guint count);
    guint count;
} repetition;

static const repetition repetitions[] = {
    {"a large message sent", send_large_message, 200},
    {"a large message fetched", fetch_large_message, 200},
    {"answers that fit nothing", answer_unfittingly, LIMIT_PENDING_COMMANDS / 4},
    {"responses sent ahead", respond_ahead, 1000},
    {"one name for many files", name_alike, 500},
    {"copies of a mail", trace_copies, 200},
    {"chunks from the end", join_backwards, 2000},
    {"parts behind a long header", fetch_parts, 2000},
    {"pieces of one response", fetch_pieces, 2000},
    {"values of one URL", fetch_by_url, 2000},
    {"messages of one APPEND", append_many, 2000},
};

/* --- measuring --- */

/* The sizes; the first one is to load what is loaded once. The others are above the bounds of depth, of parameters and
 * of what is looked at, where a cost may grow with them, and below those of parts, of header and of fields, behind
 * which nothing costs much. */
static const guint times[] = {0, 1, 4};
#define LEAST_BYTES 500
#define SMALL_BYTES 6000
#define LEAST_COUNT 10

static void mark(const char *name, guint size)
{
    char *label = g_strdup_printf("%u x %s", size, name);
    CALLGRIND_DUMP_STATS_AT(label);
    g_free(label);
}

static void work_on_pattern(const grid *g, const char *start, const char *pattern)
{
    char *name = g_strdup_printf("%s: %s, %s ... %s", g->name, start, pattern, g->end),
         *plain = g_strescape(name, NULL);
    puts(plain);
    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        GString *text = g_string_new(start);
        while (text->len < MAX(times[i] * SMALL_BYTES, LEAST_BYTES))
            g_string_append(text, pattern);
        g_string_append(text, g->end);
        CALLGRIND_ZERO_STATS;
        g->work((slice){(const guint8 *)text->str, text->len});
        mark(plain, times[i]);
        g_string_free(text, TRUE);
    }
    g_free(plain);
    g_free(name);
}

static void work_on_repetition(const repetition *r)
{
    puts(r->name);
    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        CALLGRIND_ZERO_STATS;
        r->work(MAX(times[i] * r->count, LEAST_COUNT));
        mark(r->name, times[i]);
    }
}

int main(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(grids); i++)
        for (gsize s = 0; s < G_N_ELEMENTS(grids[i].starts) && grids[i].starts[s]; s++)
            for (gsize p = 0; p < G_N_ELEMENTS(grids[i].patterns) && grids[i].patterns[p]; p++)
                work_on_pattern(&grids[i], grids[i].starts[s], grids[i].patterns[p]);
    for (gsize i = 0; i < G_N_ELEMENTS(repetitions); i++)
        work_on_repetition(&repetitions[i]);
    return 0;
}
