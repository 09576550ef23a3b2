/* test_mime_linear.c
 * Messages made to be slow, at 450 and at 900 KB (below LIMIT_HEADER_BYTES): the longer one may cost twice the time of the shorter, and not
 * four times. CPU time, the best of three, so that a busy machine does not matter.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <time.h>

#include "mime_parser.h"
#include "rfc822_lexer.h"

typedef struct slow_case {
    const char *start, *pattern, *end;
} slow_case;

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"
#define QP "Content-Transfer-Encoding: quoted-printable\n"
#define B64 "Content-Transfer-Encoding: base64\n"

static const slow_case cases[] = {
    {MIXED, "--b\n", ""},
    {MIXED, "--b\n\nx\n", ""},
    {MIXED, "--bx\n", ""},
    {MIXED, "--b\nContent-Type: multipart/mixed; boundary=b\n\n", ""},
    {MIXED, "--b\nContent-Type: message/rfc822\n\n", ""},
    {MIXED, "--b\nContent-Type: multipart/mixed; boundary=c\n" QP "\n", ""},
    {MIXED, "--b\nContent-Type: message/rfc822\n" QP "\n", ""},
    {MIXED, "--b\nContent-Type: message/rfc822\n" B64 "\n", ""},
    {"Content-Type: message/rfc822\n" B64 "\n", "QUJD", ""},
    {"Content-Type: multipart/mixed; boundary=b\n" QP "\n", "--b\n\nx\n", ""},
    {"Subject: ", "=?", "\n\n"},
    {"Subject: ", "=?utf-8?Q?", "\n\n"},
    {"Subject: ", "=?utf-8?B?w7w?= ", "\n\n"},
    {"Subject: ", "x\r", "\n\n"},
    {"Subject: ", "\r", "x\n\n"},
    {"", "a: b\r", ""},
    {"From: ", "(", "\n\n"},
    {"From: <", "(", "\n\n"},
    {"From: ", "<(", "\n\n"},
    {"From: ", "\"", "\n\n"},
    {"From: ", "a@b,", "\n\n"},
    {"From: ", "a:", "\n\n"},
    {"Content-Type: text/plain", "; a=b", "\n\n"},
    {"Content-Type: text/plain", "; name*0=b", "\n\n"},
    {"Content-Type: text/plain", "; a=(", "\n\n"},
    {"Content-Type: ", "(", "\n\n"},
    {"Content-Type: text/plain; name=\"", "\"; ", "\n\n"},
    {"Content-Type: text/plain; name=\"", "a\"", "\n\n"},
    {"Content-Type: text/plain; name=", "=?utf-8?q?", "\n\n"},
    {"\n", "begin 644 a\n", ""},
    {"\n", "begin 644 a\n#86)C\n", ""},
    {"\n", "begin 644 a\n#86)C\n`\nend\n", ""},
    {"\n", "begin-base64 644 a\n", ""},
    {"\n", "=ybegin line=1 size=1 name=a\n", ""},
    {"\n", "(This file must be converted\n", ""},
    {"\n", "(This file must be converted\n\n", ""},
    {"\n", "(This file must be converted\n:\n", ""},
    {B64 "\n", "QUJD-", ""},
    {B64 "\n", "QQ==", ""},
    {QP "\n", "= ", ""},
    {QP "\n", "  ", ""},
    {"Content-Type: message/delivery-status\n\n", "a: b\n\n", ""},
    {"Content-Type: message/delivery-status\n\n", "\n", ""},
};

static void read_everything(slice bytes)
{
    mime_message *message = mime_message_parse(bytes, NULL, 0, FALSE);
    for (guint i = 0; i < message->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(message->parts, i);
        GByteArray *body = part->children ? NULL : mime_part_decode(message, part, NULL);
        char *text = body ? mime_part_text(message, part, body->data, body->len, NULL) : NULL;
        const header_field *from = mime_part_field(part, "From");
        anomaly_set met = 0;
        if (from)
            g_ptr_array_unref(rfc822_parse_address_list(from->raw_value, &met));
        if (body)
            g_byte_array_unref(body);
        g_free(text);
    }
    mime_message_free(message);
}

static double best_seconds(slice bytes)
{
    double best = 1e9;
    for (int i = 0; i < 3; i++) {
        clock_t start = clock();
        read_everything(bytes);
        best = MIN(best, (double)(clock() - start) / CLOCKS_PER_SEC);
    }
    return best;
}

static GString *make(const slow_case *c, gsize size)
{
    GString *text = g_string_new(c->start);
    while (text->len < size)
        g_string_append(text, c->pattern);
    return g_string_append(text, c->end);
}

/* Below this the clock is too coarse to say anything, and nobody waits. */
#define SECONDS_THAT_COUNT 0.1

static void test_linear(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *one = make(&cases[i], 450000), *two = make(&cases[i], 900000);
        double first = best_seconds((slice){(const guint8 *)one->str, one->len});
        double second = best_seconds((slice){(const guint8 *)two->str, two->len});
        g_test_message("%.30s...: %.3f s, %.3f s", cases[i].pattern, first, second);
        if (second > SECONDS_THAT_COUNT && second > 3 * first)
            g_error("\"%s\" again and again: %.3f s for 450 KB, %.3f s for 900 KB", cases[i].pattern, first, second);
        g_string_free(one, TRUE);
        g_string_free(two, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime/linear", test_linear);
    return g_test_run();
}
