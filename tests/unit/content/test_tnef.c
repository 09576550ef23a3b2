/* test_tnef.c
 * Streams made here, byte by byte; each is also read cut at every byte. The same streams, made by an
 * independent writer, are compared with Debian's tnef and ytnef in tests/tshark/test_content.py.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "tnef.h"
#include "tnef_writer.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)

/* "subject|text|rtf bytes|name:type:data,..." */
static char *picture(const tnef_stream *stream)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s|%s|%u|", stream->subject ? stream->subject : "", stream->text ? stream->text : "",
                           (guint)stream->compressed_rtf.len);
    for (guint i = 0; i < stream->attachments->len; i++) {
        const tnef_attachment *a = g_ptr_array_index(stream->attachments, i);
        g_string_append_printf(out, "%s%s:%s:%s%.*s", i ? "," : "", a->name ? a->name : "", a->type ? a->type : "",
                               a->is_tnef ? "tnef " : "", a->is_tnef ? 0 : (int)a->data.len,
                               (const char *)a->data.data);
    }
    return g_string_free(out, FALSE);
}

static void check(slice bytes, const char *expected, anomaly_set anomalies)
{
    tnef_stream *stream = tnef_read(bytes);
    g_assert_nonnull(stream);
    char *seen = picture(stream);
    g_assert_cmpstr(seen, ==, expected);
    g_assert_true(stream->anomalies == anomalies);
    g_free(seen);
    tnef_stream_free(stream);
}

static void check_cuts(slice bytes)
{
    for (gsize len = 0; len < bytes.len; len++) {
        guint8 *copy = g_memdup2(bytes.data, len);
        tnef_stream *stream = tnef_read((slice){copy, len});
        g_assert_true((stream != NULL) == (len >= 6));
        for (guint i = 0; stream && i < stream->attachments->len; i++) {
            const tnef_attachment *a = g_ptr_array_index(stream->attachments, i);
            g_assert_true(a->data.len == 0 || (a->data.data >= copy && a->data.data + a->data.len <= copy + len));
        }
        tnef_stream_free(stream);
        g_free(copy);
    }
}

static void test_plain(void)
{
    GByteArray *out = tnef_begin();
    put_attribute(out, 1, 0x00069007, "\xE3\4\0\0\0\0\0\0", 8); /* 1251 */
    put_attribute_text(out, 1, 0x00018004, "\xCF\xF0\xE8\xE2\xE5\xF2");
    put_attribute_text(out, 1, 0x0002800C, "text\r\nmore");
    put_file(out, "A.TXT", "aaa", sizeof "aaa" - 1);
    put_file(out, "\xC1.txt", "bbbb", sizeof "bbbb" - 1);
    put_file(out, "empty", "", sizeof "" - 1);
    check(written(out), "\u041F\u0440\u0438\u0432\u0435\u0442|text\r\nmore|0|A.TXT::aaa,\u0411.txt::bbbb,empty::", 0);
    check_cuts(written(out));
    g_byte_array_unref(out);
}

static void test_properties(void)
{
    GByteArray *out = tnef_begin(), *props = g_byte_array_new();
    put_le(props, 6, 4);
    put_le(props, 0x0003, 2); /* a number */
    put_le(props, 0x0E07, 2);
    put_le(props, 7, 4);
    put_le(props, 0x0003, 2); /* a named one: by number */
    put_le(props, 0x8001, 2);
    put_le(props, 0, 16);
    put_le(props, 0, 4);
    put_le(props, 0x8554, 4);
    put_le(props, 1, 4);
    put_le(props, 0x001E, 2); /* a named one: by name */
    put_le(props, 0x8002, 2);
    put_le(props, 0, 16);
    put_le(props, 1, 4);
    put_padded(props, "x\0\0\0", 4);
    put_le(props, 1, 4);
    put_padded(props, "value", 6);
    put_le(props, 0x1003, 2); /* many numbers */
    put_le(props, 0x1234, 2);
    put_le(props, 2, 4);
    put_le(props, 1, 8);
    put_property_utf16(props, 0x0037, "Sch\u00F6n");
    put_property(props, 0x102, 0x1009, "12345", 5);
    put_attribute(out, 1, 0x00069003, props->data, props->len);
    put_file(out, "LONGNA~1.DOC", "data", sizeof "data" - 1);
    g_byte_array_set_size(props, 0);
    put_le(props, 3, 4);
    put_property_utf16(props, 0x3707, "long name \u65E5.docx");
    put_property(props, 0x1E, 0x370E, "Text/Plain", 11);
    put_property(props, 0x1E, 0x3704, "SHORT", 6);
    put_attribute(out, 2, 0x00069005, props->data, props->len);
    check(written(out), "Sch\u00F6n||5|long name \u65E5.docx:text/plain:data", 0);
    check_cuts(written(out));
    g_byte_array_unref(out);
    g_byte_array_unref(props);
}

static void test_embedded(void)
{
    GByteArray *inner = tnef_begin(), *out = tnef_begin();
    put_file(inner, "in.txt", "inner", 5);
    put_embedded(out, "Fwd", inner);
    check(written(out), "||0|Fwd::tnef ", 0);
    tnef_stream *stream = tnef_read(written(out));
    check(((tnef_attachment *)g_ptr_array_index(stream->attachments, 0))->data, "||0|in.txt::inner", 0);
    tnef_stream_free(stream);
    check_cuts(written(out));
    g_byte_array_unref(inner);
    g_byte_array_unref(out);
}

static void test_malformed(void)
{
    GByteArray *out = tnef_begin();
    check(written(out), "||0|", 0);
    put_text(out, "\7nonsense of some length");
    check(written(out), "||0|", BIT(BAD_TNEF));
    g_byte_array_unref(out);

    out = tnef_begin();
    put_attribute(out, 1, 0x00069003, "\xFF\xFF\xFF\xFF\x1E\0\1\0\1\0\0\0\xFF\xFF\xFF\xFF", 16);
    put_file(out, "a", "b", sizeof "b" - 1);
    check(written(out), "||0|a::b", BIT(BAD_TNEF));
    g_byte_array_unref(out);

    out = tnef_begin();
    put_attribute(out, 2, 0x0006800F, "data without a beginning", 24);
    check(written(out), "||0|::data without a beginning", 0);
    g_byte_array_unref(out);
    g_assert_null(tnef_read(slice_of("not tnef at all")));
}

/* Cut at each byte: what is not whole says so, and nothing else does. */
static void test_cut(void)
{
    GByteArray *out = tnef_begin();
    put_file(out, "whole", "first", 5);
    guint begin = out->len;
    put_file(out, "cut", "0123456789", 10);
    guint whole = out->len;
    for (guint length = begin + 1; length < whole; length++) {
        tnef_stream *stream = tnef_read((slice){out->data, length});
        g_assert_true(stream->anomalies == BIT(BAD_TNEF) || stream->anomalies == 0);
        for (guint i = 0; i < stream->attachments->len; i++) {
            const tnef_attachment *attachment = g_ptr_array_index(stream->attachments, i);
            if (i == 0)
                g_assert_true(!attachment->is_cut && attachment->data.len == 5);
            else if (attachment->data.len > 0 && attachment->data.len < 10)
                g_assert_true(attachment->is_cut && stream->anomalies == BIT(BAD_TNEF));
        }
        tnef_stream_free(stream);
    }
    g_byte_array_unref(out);
}

static void test_limits(void)
{
    GByteArray *out = tnef_begin();
    for (guint i = 0; i <= LIMIT_TNEF_ATTACHMENTS; i++)
        put_file(out, "n", "d", sizeof "d" - 1);
    tnef_stream *stream = tnef_read(written(out));
    g_assert_cmpuint(stream->attachments->len, ==, LIMIT_TNEF_ATTACHMENTS);
    g_assert_true(stream->anomalies == BIT(CONTENT_LIMIT));
    tnef_stream_free(stream);
    g_byte_array_unref(out);

    out = tnef_begin();
    for (guint i = 0; i <= LIMIT_TNEF_ATTRIBUTES; i++)
        put_attribute(out, 1, 0x00089006, "\0\0\1\0", 4);
    stream = tnef_read(written(out));
    g_assert_true(stream->anomalies == BIT(CONTENT_LIMIT));
    tnef_stream_free(stream);
    g_byte_array_unref(out);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tnef/plain", test_plain);
    g_test_add_func("/tnef/properties", test_properties);
    g_test_add_func("/tnef/embedded", test_embedded);
    g_test_add_func("/tnef/malformed", test_malformed);
    g_test_add_func("/tnef/cut", test_cut);
    g_test_add_func("/tnef/limits", test_limits);
    return g_test_run();
}
