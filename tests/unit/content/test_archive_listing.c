/* test_archive_listing.c
 * Archives are put together here byte by byte; each is read whole and cut at every byte. Archives of real
 * programs are read in tests/tshark/test_content.py.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "archive_listing.h"
#include "byte_writer.h"
#include "limits.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)

/* ---- ZIP ---- */

typedef struct zip_case {
    const char *name;
    guint16 flags;
    const char *unicode_path;
} zip_case;

static guint16 extra_length(const zip_case *c)
{
    return c->unicode_path ? (guint16)(4 + 5 + strlen(c->unicode_path)) : 0;
}

static void put_extra(GByteArray *out, const zip_case *c)
{
    if (!c->unicode_path)
        return;
    put_le(out, 0x7075, 2);
    put_le(out, 5 + strlen(c->unicode_path), 2);
    put_le(out, 1, 1);
    put_le(out, 0, 4);
    put_text(out, c->unicode_path);
}

static void put_local(GByteArray *out, const zip_case *c, guint32 data)
{
    gboolean descriptor = (c->flags & 8) != 0;
    put_text(out, "PK\3\4");
    put_le(out, 20, 2);
    put_le(out, c->flags, 2);
    put_le(out, 0, 2 + 4 + 4);
    put_le(out, descriptor ? 0 : data, 4);
    put_le(out, descriptor ? 0 : data, 4);
    put_le(out, strlen(c->name), 2);
    put_le(out, extra_length(c), 2);
    put_text(out, c->name);
    put_extra(out, c);
    for (guint32 i = 0; i < data; i++)
        put_le(out, 'P', 1);
    if (descriptor) {
        put_text(out, "PK\7\10");
        put_le(out, 0, 4 + 8);
    }
}

static void put_central(GByteArray *out, const zip_case *c)
{
    put_text(out, "PK\1\2");
    put_le(out, 20, 2 + 2);
    put_le(out, c->flags, 2);
    put_le(out, 0, 2 + 4 + 4);
    put_le(out, 7, 4);
    put_le(out, 9, 4);
    put_le(out, strlen(c->name), 2);
    put_le(out, extra_length(c), 2);
    put_le(out, 0, 2 + 2 + 2 + 4 + 4);
    put_text(out, c->name);
    put_extra(out, c);
}

static void put_end(GByteArray *out, guint count, guint32 size, guint32 offset, const char *comment)
{
    put_text(out, "PK\5\6");
    put_le(out, 0, 4);
    put_le(out, count, 2);
    put_le(out, count, 2);
    put_le(out, size, 4);
    put_le(out, offset, 4);
    put_le(out, strlen(comment), 2);
    put_text(out, comment);
}

static GByteArray *make_zip(const char *prefix, const zip_case *cases, guint count, gboolean directory,
                            const char *comment)
{
    GByteArray *out = g_byte_array_new();
    put_text(out, prefix);
    for (guint i = 0; i < count; i++)
        put_local(out, &cases[i], 7);
    guint32 start = out->len;
    for (guint i = 0; directory && i < count; i++)
        put_central(out, &cases[i]);
    if (directory)
        put_end(out, count, out->len - start, start, comment);
    return out;
}

/* "name[!encrypted][/] ..." */
static char *picture(const archive_listing *listing)
{
    GString *out = g_string_new(listing->encrypted ? "encrypted: " : "");
    for (guint i = 0; i < listing->members->len; i++) {
        const archive_member *member = g_ptr_array_index(listing->members, i);
        g_string_append_printf(out, "%s%s%s", i ? " " : "", member->name, member->encrypted ? "!" : "");
    }
    g_string_append(out, listing->has_executable ? " executable" : "");
    return g_string_free(out, FALSE);
}

static void check(slice bytes, const char *expected, anomaly_set anomalies)
{
    archive_listing *listing = archive_listing_read(bytes);
    g_assert_nonnull(listing);
    char *seen = picture(listing);
    g_assert_cmpstr(seen, ==, expected);
    g_assert_true(listing->anomalies == anomalies);
    g_free(seen);
    archive_listing_free(listing);
}

/* Cut anywhere: nothing crashes, and nothing is made up. */
static void check_cuts(slice bytes)
{
    archive_listing *whole = archive_listing_read(bytes);
    for (gsize len = 0; len < bytes.len; len++) {
        guint8 *copy = g_memdup2(bytes.data, len);
        archive_listing *cut = archive_listing_read((slice){copy, len});
        if (cut)
            g_assert_cmpuint(cut->count, <=, whole->count);
        archive_listing_free(cut);
        g_free(copy);
    }
    archive_listing_free(whole);
}

static const zip_case plain[] = {{"a.txt", 0, NULL}, {"dir/", 0, NULL}, {"dir/b.txt", 8, NULL}};
static const zip_case secret[] = {{"a.txt", 0, NULL}, {"run.exe", 1, NULL}};
static const zip_case names[] = {{"\x81"
                                  "ber.txt",
                                  0, NULL},
                                 {"\xC3\xBC.txt", 0x800, NULL},
                                 {"\xC3\xA4.txt", 0, NULL},
                                 {"x.txt", 0, "\xE6\x97\xA5.txt"},
                                 {"a\nb", 0, NULL}};

static void test_zip(void)
{
    static const struct {
        const char *prefix;
        const zip_case *cases;
        guint count;
        gboolean directory;
        const char *comment, *expected;
        anomaly_set anomalies;
    } cases[] = {
        {"", plain, 3, TRUE, "", "a.txt dir/ dir/b.txt", 0},
        {"", plain, 3, TRUE, "a comment", "a.txt dir/ dir/b.txt", 0},
        {"", plain, 3, FALSE, "", "a.txt dir/ dir/b.txt", BIT(BAD_ARCHIVE)},
        {"PK00", plain, 3, TRUE, "", "a.txt dir/ dir/b.txt", 0},
        {"", secret, 2, TRUE, "", "encrypted: a.txt run.exe! executable", 0},
        {"", secret, 2, FALSE, "", "encrypted: a.txt run.exe! executable", BIT(BAD_ARCHIVE)},
        {"", names, 5, TRUE, "",
         "\u00FC"
         "ber.txt \u00FC.txt \u00E4.txt \u65E5.txt a b",
         0},
        {"", plain, 0, TRUE, "", "", 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GByteArray *zip =
            make_zip(cases[i].prefix, cases[i].cases, cases[i].count, cases[i].directory, cases[i].comment);
        check(written(zip), cases[i].expected, cases[i].anomalies);
        check_cuts(written(zip));
        g_byte_array_unref(zip);
    }
}

static void test_zip64(void)
{
    GByteArray *zip = make_zip("", plain, 1, FALSE, "");
    guint32 start = zip->len;
    put_central(zip, &plain[0]);
    guint32 size = zip->len - start;
    put_text(zip, "PK\6\6");
    put_le(zip, 44, 8);
    put_le(zip, 0, 4 + 4 + 4);
    put_le(zip, 1, 8);
    put_le(zip, 1, 8);
    put_le(zip, size, 8);
    put_le(zip, start, 8);
    put_text(zip, "PK\6\7");
    put_le(zip, 0, 8);
    put_le(zip, 0, 8);
    put_end(zip, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, "");
    check(written(zip), "a.txt", 0);
    check_cuts(written(zip));
    g_byte_array_unref(zip);
}

/* Names up to the limit are kept, the executable behind it is still seen. */
static void test_many_members(void)
{
    GByteArray *zip = g_byte_array_new();
    const zip_case last = {"virus.scr", 0, NULL};
    put_local(zip, &plain[0], 1);
    guint32 start = zip->len;
    for (guint i = 0; i < LIMIT_ARCHIVE_MEMBERS + 1; i++)
        put_central(zip, &plain[0]);
    put_central(zip, &last);
    put_end(zip, 0, zip->len - start, start, "");
    archive_listing *listing = archive_listing_read(written(zip));
    g_assert_cmpuint(listing->members->len, ==, LIMIT_ARCHIVE_MEMBERS);
    g_assert_cmpuint(listing->count, ==, LIMIT_ARCHIVE_MEMBERS + 2);
    g_assert_true(listing->has_executable);
    g_assert_true(listing->anomalies == BIT(CONTENT_LIMIT));
    archive_listing_free(listing);
    g_byte_array_unref(zip);
}

/* ---- RAR ---- */

static GByteArray *make_rar4(guint16 main_flags, const char *name, guint16 file_flags)
{
    GByteArray *out = g_byte_array_new();
    put(out, "Rar!\x1A\x07\0", 7);
    put_le(out, 0, 2);
    put_le(out, 0x73, 1);
    put_le(out, main_flags, 2);
    put_le(out, 13, 2);
    put_le(out, 0, 6);
    put_le(out, 0, 2);
    put_le(out, 0x74, 1);
    put_le(out, file_flags | 0x8000, 2);
    put_le(out, 32 + strlen(name), 2);
    put_le(out, 5, 4);
    put_le(out, 9, 4);
    put_le(out, 0, 1 + 4 + 4);
    put_le(out, 0, 2);
    put_le(out, strlen(name), 2);
    put_le(out, 0, 4);
    put_text(out, name);
    put_text(out, "12345");
    put_le(out, 0, 2);
    put_le(out, 0x7B, 1);
    put_le(out, 0, 2);
    put_le(out, 7, 2);
    return out;
}

static void put_block_5(GByteArray *out, guint8 type, const GByteArray *fields, const GByteArray *extra,
                        const char *data)
{
    GByteArray *header = g_byte_array_new();
    put_le(header, type, 1);
    put_le(header, (extra ? 1 : 0) | (data ? 2 : 0), 1);
    if (extra)
        put_le(header, extra->len, 1);
    if (data)
        put_le(header, strlen(data), 1);
    put(header, fields->data, fields->len);
    if (extra)
        put(header, extra->data, extra->len);
    put_le(out, 0, 4);
    put_le(out, header->len, 1);
    put(out, header->data, header->len);
    if (data)
        put_text(out, data);
    g_byte_array_unref(header);
}

static GByteArray *make_rar5(gboolean headers, const char *name, gboolean encrypted)
{
    GByteArray *out = g_byte_array_new(), *fields = g_byte_array_new(), *extra = g_byte_array_new();
    put(out, "Rar!\x1A\x07\1\0", 8);
    put_block_5(out, headers ? 4 : 1, fields, NULL, NULL);
    put_le(fields, 4, 1); /* has a checksum */
    put_le(fields, 9, 1);
    put_le(fields, 0, 1);
    put_le(fields, 0, 4);
    put_le(fields, 0, 1);
    put_le(fields, 1, 1);
    put_le(fields, strlen(name), 1);
    put_text(fields, name);
    put_le(extra, 3, 1);
    put_le(extra, 1, 1);
    put_le(extra, 0, 2);
    put_block_5(out, 2, fields, encrypted ? extra : NULL, "12345");
    put_block_5(out, 5, extra, NULL, NULL);
    g_byte_array_unref(fields);
    g_byte_array_unref(extra);
    return out;
}

static void test_rar(void)
{
    struct {
        GByteArray *rar;
        const char *expected;
    } cases[] = {
        {make_rar4(0, "a.txt", 0), "a.txt"},
        {make_rar4(0, "a.exe", 4), "encrypted: a.exe! executable"},
        {make_rar4(0x80, "a.exe", 4), "encrypted: "},
        {make_rar4(0, "d", 0xE0), "d"},
        {make_rar5(FALSE, "a.txt", FALSE), "a.txt"},
        {make_rar5(FALSE, "\u00FC.js", TRUE), "encrypted: \u00FC.js! executable"},
        {make_rar5(TRUE, "a.js", TRUE), "encrypted: "},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        check(written(cases[i].rar), cases[i].expected, 0);
        check_cuts(written(cases[i].rar));
        g_byte_array_unref(cases[i].rar);
    }
    check((slice){(const guint8 *)"Rar!\x1A\x07\0abcdefgh", 15}, "", BIT(BAD_ARCHIVE));
    check((slice){(const guint8 *)"Rar!\x1A\x07\1\0abcdefgh", 16}, "", BIT(BAD_ARCHIVE));
}

/* ---- 7z ---- */

static void test_7z(void)
{
    for (guint encrypted = 0; encrypted < 2; encrypted++) {
        GByteArray *out = g_byte_array_new();
        put(out, "7z\xBC\xAF\x27\x1C\0\4", 8);
        put_le(out, 0, 4);
        put_le(out, 3, 8);
        put_le(out, 10, 8);
        put_le(out, 0, 4);
        put_text(out, "abc\x17\x06");
        put(out, encrypted ? "\x06\xF1\x07\x01" : "\x03\x01\x01\x05", 4);
        put_le(out, 0, 4);
        check(written(out), encrypted ? "encrypted: " : "", 0);
        check_cuts(written(out));
        g_byte_array_unref(out);
    }
}

static void test_none(void)
{
    g_assert_null(archive_listing_read(SLICE_EMPTY));
    g_assert_null(archive_listing_read(slice_of("PKunzip is a program")));
    g_assert_null(archive_listing_read(slice_of("hello")));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/archive_listing/zip", test_zip);
    g_test_add_func("/archive_listing/zip64", test_zip64);
    g_test_add_func("/archive_listing/many_members", test_many_members);
    g_test_add_func("/archive_listing/rar", test_rar);
    g_test_add_func("/archive_listing/7z", test_7z);
    g_test_add_func("/archive_listing/none", test_none);
    return g_test_run();
}
