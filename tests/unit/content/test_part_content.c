/* test_part_content.c
 * A message is parsed, each leaf is opened, and what comes out, too. The picture has a line per derived part:
 *   PATH TYPE [@FILENAME] [A] [!: incomplete] [=BYTES]
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "part_content.h"
#include "tnef_writer.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)

/* ---- makers ---- */

static void put_der(GByteArray *out, guint8 tag, const GByteArray *content)
{
    put_le(out, tag, 1);
    put_le(out, 0x84, 1);
    for (guint i = 4; i-- > 0;)
        put_le(out, content->len >> (8 * i), 1);
    put(out, content->data, content->len);
}

/* Replaces `bytes` by an element around them. */
static GByteArray *wrap(guint8 tag, GByteArray *bytes)
{
    GByteArray *out = g_byte_array_new();
    put_der(out, tag, bytes);
    g_byte_array_unref(bytes);
    return out;
}

static GByteArray *prefix(const char *front, gsize len, GByteArray *bytes)
{
    return g_byte_array_prepend(bytes, (const guint8 *)front, (guint)len);
}

#define OID_DATA "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define OID_SIGNED "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"

/* signed-data around a mail (taken over) */
static GByteArray *sign(GByteArray *mail)
{
    GByteArray *bytes = wrap(0x30, prefix(OID_DATA, 11, wrap(0xA0, wrap(0x04, mail))));
    bytes = prefix("\x02\x01\x01\x31\x00", 5, bytes);
    return wrap(0x30, prefix(OID_SIGNED, 11, wrap(0xA0, wrap(0x30, bytes))));
}

static GByteArray *text(const char *string)
{
    GByteArray *out = g_byte_array_new();
    put_text(out, string);
    return out;
}

/* A mail of one part with that header, its body (taken over) in base64. */
static GByteArray *mail_of(const char *header, GByteArray *body)
{
    GByteArray *out = text(header);
    char *encoded = g_base64_encode(body->data, body->len);
    put_text(out, "\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    put_text(out, encoded);
    g_free(encoded);
    g_byte_array_unref(body);
    return out;
}

/* ---- pictures ---- */

typedef struct seen {
    GString *picture;
    anomaly_set anomalies;
    part_budget budget;
} seen;

static void look_into_message(seen *s, const mime_message *message);

static void look_into(seen *s, const mime_part *part, slice bytes)
{
    part_content *content = part_content_open(part, bytes, &s->budget);
    if (!content)
        return;
    s->anomalies |= content->anomalies;
    for (guint i = 0; i < content->parts->len; i++) {
        const derived_part *derived = g_ptr_array_index(content->parts, i);
        const mime_part *inner = &derived->part;
        g_string_append_printf(s->picture, "%s %s", inner->path, inner->type);
        if (inner->filename)
            g_string_append_printf(s->picture, " @%s", inner->filename);
        g_string_append(s->picture, inner->is_attachment ? " A" : "");
        g_string_append(s->picture, inner->complete ? "" : " !");
        if (!derived->message && !strstr(inner->type, "tnef"))
            g_string_append_printf(s->picture, " =%.*s", (int)derived->bytes.len, (const char *)derived->bytes.data);
        g_string_append_c(s->picture, '\n');
        if (derived->message)
            look_into_message(s, derived->message);
        else
            look_into(s, inner, derived->bytes);
    }
    part_content_close(content, &s->budget);
}

static void look_into_message(seen *s, const mime_message *message)
{
    for (guint i = 0; i < message->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(message->parts, i);
        if (s->budget.depth)
            g_string_append_printf(s->picture, "%s: %s%s\n", part->path, part->type, part->complete ? "" : " !");
        if (part->children)
            continue;
        GByteArray *decoded = mime_part_decode(message, part, NULL);
        look_into(s, part, (slice){decoded->data, decoded->len});
        g_byte_array_unref(decoded);
    }
}

static void check(GByteArray *mail, gboolean cut, const char *expected, anomaly_set anomalies)
{
    seen s = {g_string_new(NULL), 0, {0}};
    mime_message *message = mime_message_parse(written(mail), NULL, 0, cut);
    look_into_message(&s, message);
    g_assert_cmpstr(s.picture->str, ==, expected);
    g_assert_true(s.anomalies == anomalies);
    g_assert_cmpuint(s.budget.depth, ==, 0);
    mime_message_free(message);
    g_string_free(s.picture, TRUE);
    g_byte_array_unref(mail);
}

/* ---- tests ---- */

static void test_tnef(void)
{
    GByteArray *inner = tnef_begin(), *out = tnef_begin();
    put_file(inner, "in.txt", "inner", 5);
    put_attribute_text(inner, 1, 0x0002800C, "inner body");
    put_attribute_text(out, 1, 0x0002800C, "body \xE4");
    put_file(out, "a.txt", "aaa", 3);
    put_embedded(out, "Fwd: x", inner);
    put_file(out, "b.bin", "bbb", 3);
    g_byte_array_unref(inner);
    check(mail_of("Content-Type: application/octet-stream", out), FALSE,
          "1.1 application/octet-stream @a.txt A =aaa\n"
          "1.2 application/ms-tnef @Fwd: x.tnef A\n"
          "1.2.1 application/octet-stream @in.txt A =inner\n"
          "1.2.text text/plain =inner body\n"
          "1.3 application/octet-stream @b.bin A =bbb\n"
          "1.text text/plain =body \u00E4\n",
          0);
}

static void test_tnef_damaged(void)
{
    GByteArray *out = tnef_begin();
    put_file(out, "a.txt", "aaa", 3);
    put_text(out, "garbage behind the last one");
    check(mail_of("Content-Type: application/ms-tnef", out), TRUE, "1.1 application/octet-stream @a.txt A ! =aaa\n",
          BIT(BAD_TNEF));
    out = tnef_begin();
    put_file(out, "a.txt", "aaa", 3);
    check(mail_of("Content-Type: text/plain", out), FALSE, "", 0); /* no TNEF declares itself text */
}

static void test_signed(void)
{
    static const char multipart[] =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: "
        "image/png\r\n\r\ntwo\r\n--b--\r\n";
    check(mail_of("Content-Type: application/pkcs7-mime; name=smime.p7m", sign(text(multipart))), FALSE,
          "1 message/rfc822\n1: multipart/mixed\n1.1: text/plain\n1.2: image/png\n", 0);
    check(mail_of("Content-Type: application/x-pkcs7-mime", sign(text("Content-Type: text/plain\r\n\r\nhi"))), FALSE,
          "1 message/rfc822\n1.1: text/plain\n", 0);
    check(mail_of("Content-Type: application/octet-stream; name=smime.p7m", sign(text("\r\nhi"))), FALSE,
          "1 message/rfc822\n1.1: text/plain\n", 0);
    check(mail_of("Content-Type: application/octet-stream; name=other.bin", sign(text("\r\nhi"))), FALSE, "", 0);
    check(mail_of("Content-Type: application/pkcs7-mime", sign(text("\r\nhi"))), TRUE,
          "1 message/rfc822 !\n1.1: text/plain !\n", 0);
    check(mail_of("Content-Type: application/pkcs7-mime", text("0\x80" OID_SIGNED)), FALSE, "", BIT(BAD_CMS));
    /* signed twice, a winmail.dat inside */
    GByteArray *tnef = tnef_begin();
    put_file(tnef, "a.txt", "aaa", 3);
    GByteArray *once = sign(mail_of("Content-Type: application/ms-tnef", tnef));
    check(mail_of("Content-Type: application/pkcs7-mime", sign(mail_of("Content-Type: application/pkcs7-mime", once))),
          FALSE,
          "1 message/rfc822\n1.1: application/pkcs7-mime\n1.1 message/rfc822\n1.1.1: application/ms-tnef\n"
          "1.1.1.1 application/octet-stream @a.txt A =aaa\n",
          0);
}

static void test_depth(void)
{
    for (guint depth = LIMIT_DERIVED_DEPTH; depth <= LIMIT_DERIVED_DEPTH + 1; depth++) {
        GByteArray *out = tnef_begin();
        put_file(out, "deep", "x", 1);
        for (guint i = 1; i < depth; i++) {
            GByteArray *outer = tnef_begin();
            put_embedded(outer, "m", out);
            g_byte_array_unref(out);
            out = outer;
        }
        GByteArray *mail = mail_of("Content-Type: application/ms-tnef", out);
        seen s = {g_string_new(NULL), 0, {0}};
        mime_message *message = mime_message_parse(written(mail), NULL, 0, FALSE);
        look_into_message(&s, message);
        g_assert_true((strstr(s.picture->str, "@deep") != NULL) == (depth <= LIMIT_DERIVED_DEPTH));
        g_assert_true(s.anomalies == (depth <= LIMIT_DERIVED_DEPTH ? 0 : BIT(CONTENT_LIMIT)));
        mime_message_free(message);
        g_string_free(s.picture, TRUE);
        g_byte_array_unref(mail);
    }
}

static void test_budget(void)
{
    GByteArray *out = tnef_begin();
    mime_part part = {.type = (char *)"application/ms-tnef", .path = (char *)"1", .complete = TRUE};
    put_file(out, "a", "aaa", 3);
    put_file(out, "b", "bb", 2);
    part_budget budget = {.parts = LIMIT_DERIVED_PARTS - 1};
    part_content *content = part_content_open(&part, written(out), &budget);
    g_assert_cmpuint(content->parts->len, ==, 1);
    g_assert_true(content->anomalies == BIT(CONTENT_LIMIT));
    part_content_close(content, &budget);
    budget = (part_budget){.bytes = LIMIT_DERIVED_BYTES - 2};
    content = part_content_open(&part, written(out), &budget);
    g_assert_cmpuint(content->parts->len, ==, 1);
    g_assert_cmpstr(((derived_part *)g_ptr_array_index(content->parts, 0))->part.filename, ==, "b");
    g_assert_true(content->anomalies == BIT(CONTENT_LIMIT));
    part_content_close(content, &budget);
    g_byte_array_unref(out);
}

/* What is left of the budget bounds what is unpacked, not only what is kept. */
static void test_budget_of_compressed(void)
{
    static const char stored[] = "\x12\0\0\0\6\0\0\0MELA\0\0\0\0{\\rtf}";
    GByteArray *out = tnef_begin(), *props = g_byte_array_new();
    mime_part part = {.type = (char *)"application/ms-tnef", .path = (char *)"1", .complete = TRUE};
    put_le(props, 1, 4);
    put_property(props, 0x102, 0x1009, stored, sizeof stored - 1);
    put_attribute(out, 1, 0x00069003, props->data, props->len);
    part_budget budget = {.bytes = LIMIT_DERIVED_BYTES - 4};
    part_content *content = part_content_open(&part, written(out), &budget);
    g_assert_cmpuint(content->parts->len, ==, 1);
    g_assert_cmpuint(((derived_part *)g_ptr_array_index(content->parts, 0))->bytes.len, ==, 4);
    g_assert_true(content->anomalies == BIT(CONTENT_LIMIT));
    part_content_close(content, &budget);
    g_byte_array_unref(props);
    g_byte_array_unref(out);
}

static void check_protection(const char *mail, GByteArray *body, const char *expected)
{
    GByteArray *whole = body ? mail_of(mail, body) : text(mail);
    mime_message *message = mime_message_parse(written(whole), NULL, 0, FALSE);
    GByteArray *decoded = mime_part_decode(message, message->root, NULL);
    g_assert_cmpstr(part_content_protection(message->root, (slice){decoded->data, decoded->len}), ==, expected);
    g_byte_array_unref(decoded);
    mime_message_free(message);
    g_byte_array_unref(whole);
}

static void test_protection(void)
{
    static const char enveloped[] = "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80\x30\x80\x02\x01";
    static const char certificates[] = "\x30\x80" OID_SIGNED "\xa0\x80\x30\x80\x02\x01\x01\x31\x01x\x30\x80" OID_DATA;
    check_protection("\r\nhello", NULL, NULL);
    check_protection("Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--", NULL, "signed");
    check_protection("Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--", NULL, "encrypted");
    check_protection("Content-Type: application/pkcs7-mime", sign(text("\r\nhi")), "signed");
    check_protection("Content-Type: application/pkcs7-mime; smime-type=signed-data", text(enveloped),
                     "encrypted"); /* the bytes know */
    check_protection("Content-Type: application/pkcs7-mime; smime-type=certs-only", text(certificates), NULL);
    check_protection("Content-Type: application/pkcs7-mime; smime-type=Enveloped-Data", text("damaged"), "encrypted");
    check_protection("Content-Type: application/pkcs7-mime; smime-type=compressed-data", text("damaged"), "compressed");
    check_protection("Content-Type: application/pkcs7-mime", text("damaged"), NULL);
    check_protection("Content-Type: application/octet-stream; name=a.p7m", text(enveloped), "encrypted");
    check_protection("\r\nHi,\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nabc", NULL, "encrypted");
    check_protection("\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256", NULL, "signed");
    check_protection("\r\n> -----BEGIN PGP MESSAGE-----\r\n", NULL, NULL);
    check_protection("\r\n-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n", NULL, NULL);
}

static void test_is_text(void)
{
    static const char *const yes[] = {"text/plain", "text/calendar",  "text/x-vcard",
                                      "text/vcard", "text/directory", "application/ics"};
    static const char *const no[] = {"application/octet-stream", "application/pdf", "image/png"};
    mime_part part = {0};
    for (guint i = 0; i < G_N_ELEMENTS(yes); i++) {
        part.type = (char *)yes[i];
        g_assert_true(part_content_is_text(&part));
    }
    for (guint i = 0; i < G_N_ELEMENTS(no); i++) {
        part.type = (char *)no[i];
        g_assert_false(part_content_is_text(&part));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/part_content/tnef", test_tnef);
    g_test_add_func("/part_content/tnef_damaged", test_tnef_damaged);
    g_test_add_func("/part_content/signed", test_signed);
    g_test_add_func("/part_content/depth", test_depth);
    g_test_add_func("/part_content/budget", test_budget);
    g_test_add_func("/part_content/budget_of_compressed", test_budget_of_compressed);
    g_test_add_func("/part_content/protection", test_protection);
    g_test_add_func("/part_content/is_text", test_is_text);
    return g_test_run();
}
