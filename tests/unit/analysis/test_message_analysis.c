/* test_message_analysis.c
 * The linker sends every call of mime_part_decode() and mime_part_read() through here, so that decoding is counted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "message_analysis.h"

#include "digest.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)

static guint decoded, pieces;

GByteArray *__real_mime_part_decode(const mime_message *message, const mime_part *part, anomaly_set *anomalies_r);
GByteArray *__wrap_mime_part_decode(const mime_message *message, const mime_part *part, anomaly_set *anomalies_r);
GByteArray *__wrap_mime_part_decode(const mime_message *message, const mime_part *part, anomaly_set *anomalies_r)
{
    decoded++;
    return __real_mime_part_decode(message, part, anomalies_r);
}

static const char mail[] =
    "From: =?utf-8?B?5byg5LiJ?= <zhang@example.org>, \"Li, Si\" <li@EXAMPLE.net>\r\n"
    "To: undisclosed-recipients:;\r\n"
    "Cc: a@example.org\r\n"
    "Cc: b@example.org\r\n"
    "Subject: line \x1b[31mone\r\n"
    "Date: Thu, 01 Jan 1970 01:00:10 +0100\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n"
    "\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nhttp://example.org/ \xff\r\n"
    "--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nIyEvYmluL3NoCg==\r\n"
    "--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename=old.eml\r\n\r\n"
    "Subject: inner\r\nContent-Type: image/png; name=p.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
    "--b--\r\n";

static message_source source_of(const char *text)
{
    return (message_source){.bytes = slice_of(text)};
}

static message_analysis *analyse(const char *text)
{
    message_source source = source_of(text);
    decoded = 0;
    return message_analysis_new(&source);
}

/* ---- the header ---- */

static char *joined(const GPtrArray *texts)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < texts->len; i++)
        g_string_append_printf(out, "%s%s", i ? " " : "", (const char *)g_ptr_array_index(texts, i));
    return g_string_free(out, FALSE);
}

static void assert_addresses(message_analysis *analysis, const char *name, const char *expected)
{
    char *text = joined(message_analysis_addresses(analysis, name));
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void test_header(void)
{
    message_analysis *analysis = analyse(mail);
    gint64 epoch;
    g_assert_cmpstr(message_analysis_field(analysis, "From"), ==, "张三 <zhang@example.org>, \"Li, Si\" <li@EXAMPLE.net>");
    g_assert_null(message_analysis_field(analysis, "Message-ID"));
    assert_addresses(analysis, "From", "zhang@example.org li@example.net");
    assert_addresses(analysis, "To", "");
    assert_addresses(analysis, "Cc", "a@example.org b@example.org");
    g_assert_true(message_analysis_addresses(analysis, "Cc") == message_analysis_addresses(analysis, "Cc"));
    g_assert_true(message_analysis_date(analysis, &epoch));
    g_assert_cmpint(epoch, ==, 10);
    message_analysis_free(analysis);
    analysis = analyse("Date: soon\r\n\r\n");
    g_assert_false(message_analysis_date(analysis, &epoch));
    message_analysis_free(analysis);
}

/* A true value has the control character, or what the header made of it; a printable one never. */
static void test_summary_is_printable(void)
{
    message_analysis *analysis = analyse(mail);
    const char *summary = message_analysis_summary(analysis)->text;
    g_assert_nonnull(strstr(summary, "subject: line "));
    g_assert_null(strchr(summary, 0x1b));
    g_assert_nonnull(strstr(summary, ", attachments: a.pdf, old.eml, p.png"));
    g_assert_cmpuint(decoded, ==, 0);
    message_analysis_free(analysis);
}

static void test_summary_of_many(void)
{
    GString *text = g_string_new("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (guint i = 0; i < 9; i++)
        g_string_append_printf(text, "--b\r\nContent-Type: image/png; name=%u.png\r\n\r\nx\r\n", i);
    message_analysis *analysis = analyse(text->str);
    g_assert_cmpstr(message_analysis_summary(analysis)->text, ==, "attachments: 0.png, 1.png, 2.png, 3.png, ...");
    message_analysis_free(analysis);
    g_string_free(text, TRUE);
}

/* IMAP: a part that was fetched by itself has its numbers in the message, and the names of the ENVELOPE. */
static void test_section(void)
{
    message_source source = source_of("Content-Type: application/pdf; name=a.pdf\r\n\r\nx");
    source.section = "2.3";
    source.subject = "=?utf-8?Q?caf=C3=A9?=";
    message_analysis *analysis = message_analysis_new(&source);
    g_assert_cmpstr(message_analysis_field(analysis, "Subject"), ==, "café");
    g_assert_null(message_analysis_field(analysis, "From"));
    g_assert_cmpstr(message_analysis_mime(analysis)->root->path, ==, "2.3");
    g_assert_cmpstr(message_analysis_summary(analysis)->text, ==, "part 2.3, attachments: a.pdf");
    message_analysis_free(analysis);
}

/* ---- attachments ---- */

static void append_attachment(part_analysis *part, void *user)
{
    const mime_part *p = part_analysis_part(part);
    slice bytes = part_analysis_bytes(part);
    g_string_append_printf(user, "%s %s %" G_GSIZE_FORMAT "\n", p->path, p->filename, bytes.len);
}

static gboolean count_bytes(slice piece, void *user)
{
    pieces++;
    *(gsize *)user += piece.len;
    return TRUE;
}

static void read_attachment(part_analysis *part, void *user)
{
    part_analysis_read(part, count_bytes, user);
}

static void count_attachment(part_analysis *part, void *user)
{
    (void)part;
    ++*(guint *)user;
}

static guint count_of(message_analysis *analysis)
{
    guint count = 0;
    message_analysis_attachments(analysis, count_attachment, &count);
    return count;
}

static void test_attachments_are_decoded_once(void)
{
    message_analysis *analysis = analyse(mail);
    GString *list = g_string_new(NULL);
    message_analysis_attachments(analysis, append_attachment, list);
    g_assert_cmpstr(list->str, ==, "2 a.pdf 10\n3 old.eml 102\n3.1 p.png 8\n");
    g_assert_cmpuint(decoded, ==, 3);
    message_analysis_attachments(analysis, append_attachment, list);
    message_analysis_findings(analysis, FINDINGS_ALL);
    g_assert_cmpuint(count_of(analysis), ==, 3);
    g_assert_cmpuint(decoded, ==, 4); /* and the text, for its charset */
    g_string_free(list, TRUE);
    message_analysis_free(analysis);
}

static void test_reading_keeps_nothing(void)
{
    message_analysis *analysis = analyse(mail);
    gsize total = 0;
    message_analysis_attachments(analysis, read_attachment, &total);
    g_assert_cmpuint(total, ==, 10 + 102 + 8);
    g_assert_cmpuint(decoded, ==, 0);
    message_analysis_free(analysis);
}

/* The same digest whether the part is kept or read in pieces. */
static void test_digests(void)
{
    char *expected = digest_hex(G_CHECKSUM_SHA256, (slice){(const guint8 *)"#!/bin/sh\n", 10});
    for (int keep = 0; keep < 2; keep++) {
        message_analysis *analysis = analyse(mail);
        part_analysis *pdf =
            message_analysis_part(analysis, g_ptr_array_index(message_analysis_mime(analysis)->parts, 2));
        if (keep)
            part_analysis_bytes(pdf);
        g_assert_cmpstr(part_analysis_digest(pdf, G_CHECKSUM_SHA256), ==, expected);
        g_assert_cmpuint(decoded, ==, keep);
        g_assert_true(part_analysis_digest(pdf, G_CHECKSUM_SHA256) == part_analysis_digest(pdf, G_CHECKSUM_SHA256));
        g_assert_cmpuint(strlen(part_analysis_digest(pdf, G_CHECKSUM_MD5)), ==, 32);
        g_assert_cmpuint(strlen(part_analysis_digest(pdf, G_CHECKSUM_SHA1)), ==, 40);
        message_analysis_free(analysis);
    }
    g_free(expected);
}

static void test_texts_count_when_wanted(void)
{
    message_source source = source_of(mail);
    source.texts_count = TRUE;
    message_analysis *analysis = message_analysis_new(&source);
    g_assert_cmpuint(count_of(analysis), ==, 4);
    message_analysis_free(analysis);
}

/* ---- findings ---- */

static const message_finding *find(const GPtrArray *findings, anomaly_kind kind)
{
    const message_finding *found = NULL;
    for (guint i = 0; i < findings->len; i++) {
        const message_finding *one = g_ptr_array_index(findings, i);
        if (one->kind == kind) {
            g_assert_null(found); /* each once */
            found = one;
        }
    }
    return found;
}

static void test_findings_name_their_part(void)
{
    message_analysis *analysis = analyse(mail);
    const GPtrArray *findings = message_analysis_findings(analysis, FINDINGS_STRUCTURE);
    g_assert_cmpuint(decoded, ==, 0);
    g_assert_null(find(findings, ANOMALY_EXECUTABLE_CONTENT));
    findings = message_analysis_findings(analysis, FINDINGS_ALL);
    guint count = findings->len;
    const message_finding *program = find(findings, ANOMALY_EXECUTABLE_CONTENT);
    g_assert_nonnull(program);
    g_assert_cmpstr(program->path, ==, "2");
    g_assert_cmpstr(program->text, ==, anomaly_describe(ANOMALY_EXECUTABLE_CONTENT)->text);
    g_assert_cmpstr(find(findings, ANOMALY_TYPE_MISMATCH)->part->filename, ==, "a.pdf");
    g_assert_cmpstr(find(findings, ANOMALY_BAD_CHARSET_BYTES)->path, ==, "1");
    g_assert_cmpuint(message_analysis_findings(analysis, FINDINGS_ALL)->len, ==, count);
    message_analysis_free(analysis);
}

static void test_findings_of_transfer_and_fields(void)
{
    message_source source = source_of("Subject: \xe4\r\n\r\n");
    source.is_cut = TRUE;
    source.anomalies = BIT(DATA_BEFORE_354);
    message_analysis *analysis = message_analysis_new(&source);
    const GPtrArray *findings = message_analysis_findings(analysis, FINDINGS_STRUCTURE);
    g_assert_null(find(findings, ANOMALY_DATA_BEFORE_354)->part);
    g_assert_nonnull(find(findings, ANOMALY_MESSAGE_CUT));
    g_assert_cmpstr(find(findings, ANOMALY_HEADER_8BIT)->field->name, ==, "Subject");
    message_analysis_free(analysis);
    source.is_cut = FALSE;
    source.is_excerpt = TRUE; /* TOP: nothing is cut that was requested */
    analysis = message_analysis_new(&source);
    g_assert_null(find(message_analysis_findings(analysis, FINDINGS_ALL), ANOMALY_MESSAGE_CUT));
    message_analysis_free(analysis);
}

static void test_findings_of_the_trace(void)
{
    message_analysis *analysis = analyse("From: a@example.org\r\nReturn-Path: <b@other.example.com>\r\n\r\n");
    const mime_message *mime = message_analysis_mime(analysis);
    trace_facts facts = {.fields = mime->root->fields, .complete = TRUE, .is_smtp = TRUE, .is_upload = TRUE, .envelope_from = "c@mail.test"};
    trace_report *report = trace_examine(&facts);
    guint expected = report->findings->len;
    g_assert_cmpuint(expected, >, 0);
    guint before = message_analysis_findings(analysis, FINDINGS_ALL)->len;
    message_analysis_set_trace(analysis, report);
    g_assert_true(message_analysis_trace(analysis) == report);
    g_assert_cmpuint(message_analysis_findings(analysis, FINDINGS_ALL)->len, ==, before + expected);
    message_analysis_free(analysis);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/message_analysis/header", test_header);
    g_test_add_func("/message_analysis/summary", test_summary_is_printable);
    g_test_add_func("/message_analysis/summary_of_many", test_summary_of_many);
    g_test_add_func("/message_analysis/section", test_section);
    g_test_add_func("/message_analysis/attachments", test_attachments_are_decoded_once);
    g_test_add_func("/message_analysis/reading", test_reading_keeps_nothing);
    g_test_add_func("/message_analysis/digests", test_digests);
    g_test_add_func("/message_analysis/texts", test_texts_count_when_wanted);
    g_test_add_func("/message_analysis/findings_of_parts", test_findings_name_their_part);
    g_test_add_func("/message_analysis/findings_of_transfer", test_findings_of_transfer_and_fields);
    g_test_add_func("/message_analysis/findings_of_trace", test_findings_of_the_trace);
    return g_test_run();
}
