/* test_manifest.c
 * Whole lines, as docs/manifest.md describes them.
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "manifest.h"

static void check_line(const GString *line, const char *expected)
{
    g_assert_cmpstr(line->str, ==, expected);
}

static void test_begin(void)
{
    char *none[] = {NULL}, *two[] = {"sha256", "md5", NULL};
    GString *line = g_string_new("the last line");
    manifest_begin(line, "0.1.0", &(manifest_options){FALSE, none, 0, NULL});
    check_line(line, "{\"record\":\"begin\",\"schema\":1,\"plugin\":\"0.1.0\",\"options\":"
                     "{\"messages\":false,\"digests\":[],\"of\":null,\"filter\":null}}\n");
    manifest_begin(line, "0.1.0", &(manifest_options){TRUE, two, 4711, "imf.subject == \"a\""});
    check_line(line, "{\"record\":\"begin\",\"schema\":1,\"plugin\":\"0.1.0\",\"options\":"
                     "{\"messages\":true,\"digests\":[\"sha256\",\"md5\"],\"of\":4711,"
                     "\"filter\":\"imf.subject == \\\"a\\\"\"}}\n");
    g_string_free(line, TRUE);
}

static void test_end(void)
{
    GString *line = g_string_new(NULL);
    manifest_end(line, &(manifest_counts){3, 2, 0});
    check_line(line, "{\"record\":\"end\",\"messages\":3,\"attachments\":2,\"failed\":0,\"complete\":true}\n");
    manifest_end(line, &(manifest_counts){3, 2, 1});
    check_line(line, "{\"record\":\"end\",\"messages\":3,\"attachments\":2,\"failed\":1,\"complete\":false}\n");
    g_string_free(line, TRUE);
}

static message_analysis *analyse(const char *text)
{
    const message_source source = {.bytes = slice_of(text)};
    return message_analysis_new(&source);
}

#define SENDER "From: a@x.example\r\n"

static manifest_transfer transfer_of(char *const *recipients)
{
    return (manifest_transfer){.number = 5,
                               .frame = 17,
                               .seconds = 1700000000,
                               .nanoseconds = 1000,
                               .protocol = "SMTP",
                               .client = {"192.0.2.1", 40000, FALSE},
                               .server = {"2001:db8::1", 25, TRUE},
                               .envelope_from = recipients ? "a@x" : NULL,
                               .envelope_to = recipients};
}

/* The members that all lines of the message have, as an object. */
static void check_message(const manifest_transfer *transfer, const char *text, const char *expected)
{
    message_analysis *analysis = analyse(text);
    GString *common = g_string_new(NULL);
    manifest_message(common, transfer, analysis);
    g_string_append_c(common, '}');
    check_line(common, expected);
    g_string_free(common, TRUE);
    message_analysis_free(analysis);
}

static void test_message(void)
{
    char *recipients[] = {"b@x", "c@x", NULL};
    manifest_transfer transfer = transfer_of(recipients);
    check_message(&transfer,
                  SENDER "To: b@x\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\nDate: soon\r\nMessage-ID: <1@x>\r\n\r\n",
                  "{\"message\":5,\"frame\":17,\"epoch\":1700000000.000001000,"
                  "\"time\":\"2023-11-14T22:13:20.000001000Z\",\"protocol\":\"SMTP\",\"client\":\"192.0.2.1:40000\","
                  "\"server\":\"[2001:db8::1]:25\",\"envelope_from\":\"a@x\",\"envelope_to\":[\"b@x\",\"c@x\"],"
                  "\"from\":\"a@x.example\",\"to\":\"b@x\",\"subject\":\"gr\xc3\xbcn\",\"date\":\"soon\","
                  "\"message_id\":\"<1@x>\"}");
    transfer = transfer_of(NULL);
    transfer.resets = 2;
    check_message(&transfer, SENDER "\r\n",
                  "{\"message\":5,\"reset\":2,\"frame\":17,\"epoch\":1700000000.000001000,"
                  "\"time\":\"2023-11-14T22:13:20.000001000Z\",\"protocol\":\"SMTP\",\"client\":\"192.0.2.1:40000\","
                  "\"server\":\"[2001:db8::1]:25\",\"envelope_from\":null,\"envelope_to\":[],"
                  "\"from\":\"a@x.example\",\"to\":null,\"subject\":null,\"date\":null,\"message_id\":null}");
}

/* A time that no calendar has still has its seconds. */
static void test_odd_times(void)
{
    static const struct {
        gint64 seconds;
        const char *expected;
    } times[] = {{0, "\"epoch\":0.000001000,\"time\":\"1970-01-01T00:00:00.000001000Z\""},
                 {-1, "\"epoch\":-1.000001000,\"time\":\"1969-12-31T23:59:59.000001000Z\""},
                 {G_MAXINT64, "\"epoch\":9223372036854775807.000001000,\"time\":null"}};
    message_analysis *analysis = analyse(SENDER "\r\n");
    GString *common = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
        manifest_transfer transfer = transfer_of(NULL);
        transfer.seconds = times[i].seconds;
        manifest_message(common, &transfer, analysis);
        g_assert_nonnull(strstr(common->str, times[i].expected));
    }
    g_string_free(common, TRUE);
    message_analysis_free(analysis);
}

static void test_objects(void)
{
    GString *line = g_string_new(NULL), *common = g_string_new("{\"message\":5");
    manifest_message_begin(line, common, 2);
    manifest_object(line, &(manifest_content){"message/rfc822", 100, TRUE, 0});
    manifest_file(line, NULL, NULL);
    check_line(line, "{\"record\":\"message\",\"message\":5,\"attachments\":2,\"type\":\"message/rfc822\",\"size\":100,"
                     "\"complete\":true,\"missing\":0,\"file\":null}\n");
    manifest_attachment_begin(line, common, "1.2", "a\".pdf");
    manifest_object(line, &(manifest_content){"application/pdf", 7, FALSE, 3});
    manifest_digest(line, "sha256", "00ff");
    manifest_file(line, "a.pdf", NULL);
    check_line(line, "{\"record\":\"attachment\",\"message\":5,\"part\":\"1.2\",\"name\":\"a\\\".pdf\","
                     "\"type\":\"application/pdf\",\"size\":7,\"complete\":false,\"missing\":3,\"sha256\":\"00ff\","
                     "\"file\":\"a.pdf\"}\n");
    manifest_attachment_begin(line, common, "1.2", NULL);
    manifest_object(line, &(manifest_content){"text/plain", 7, FALSE, MANIFEST_MISSING_UNKNOWN});
    manifest_file(line, NULL, "no room");
    check_line(line, "{\"record\":\"attachment\",\"message\":5,\"part\":\"1.2\",\"name\":null,\"type\":\"text/plain\","
                     "\"size\":7,\"complete\":false,\"missing\":null,\"file\":null,\"error\":\"no room\"}\n");
    g_string_free(line, TRUE);
    g_string_free(common, TRUE);
}

static guint64 missing_of(const char *text, const mime_gap *gap, gboolean is_cut, guint part, gboolean is_end_known)
{
    const message_source source = {
        .bytes = slice_of(text), .gaps = gap, .gap_count = gap ? 1 : 0, .is_cut = is_cut};
    message_analysis *analysis = message_analysis_new(&source);
    const mime_message *mime = message_analysis_mime(analysis);
    g_assert_cmpuint(part, <, mime->parts->len);
    guint64 missing = manifest_missing_of_part(analysis, g_ptr_array_index(mime->parts, part), is_end_known);
    message_analysis_free(analysis);
    return missing;
}

#define HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none"
#define REST " 1\r\n--b\r\n\r\ntwo"

/* Parts: 0 is the multipart, 1 and 2 are in it. */
static void test_missing(void)
{
    const mime_gap in_first = {.offset = strlen(HEAD), .missing = 10};
    const mime_gap at_end = {.offset = strlen(HEAD REST), .missing = 10};
    g_assert_cmpuint(missing_of(HEAD REST "\r\n--b--\r\n", NULL, FALSE, 1, TRUE), ==, 0);
    /* in front of the last part it does not matter what would have followed */
    g_assert_cmpuint(missing_of(HEAD REST "\r\n--b--\r\n", &in_first, FALSE, 1, TRUE), ==, 10);
    g_assert_cmpuint(missing_of(HEAD REST, &in_first, TRUE, 1, FALSE), ==, 10);
    /* the last part, and what it is in */
    g_assert_cmpuint(missing_of(HEAD REST "\r\n--b--\r\n", &at_end, FALSE, 2, TRUE), ==, 10);
    g_assert_true(missing_of(HEAD REST, &at_end, TRUE, 2, FALSE) == MANIFEST_MISSING_UNKNOWN);
    g_assert_true(missing_of(HEAD REST, &at_end, TRUE, 0, FALSE) == MANIFEST_MISSING_UNKNOWN);
    /* cut, and not a byte is known to be missing */
    g_assert_true(missing_of(HEAD REST, NULL, TRUE, 2, FALSE) == MANIFEST_MISSING_UNKNOWN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manifest/begin", test_begin);
    g_test_add_func("/manifest/end", test_end);
    g_test_add_func("/manifest/message", test_message);
    g_test_add_func("/manifest/odd_times", test_odd_times);
    g_test_add_func("/manifest/objects", test_objects);
    g_test_add_func("/manifest/missing", test_missing);
    return g_test_run();
}
