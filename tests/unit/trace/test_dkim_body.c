/* test_dkim_body.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "dkim_body.h"

/* What is to be hashed, per canonicalisation. */
static const struct {
    const char *in, *simple, *relaxed;
} cases[] = {
    {"", "\r\n", ""},
    {"\r\n", "\r\n", ""},
    {"\r\n\r\n\r\n", "\r\n", ""},
    {"a", "a\r\n", "a\r\n"},
    {"a\r\n", "a\r\n", "a\r\n"},
    {"a\r\n\r\n\r\n", "a\r\n", "a\r\n"},
    {"a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"},
    {" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"}, /* RFC 6376 3.4.5 */
    {"\r\n\r\nx", "\r\n\r\nx\r\n", "\r\n\r\nx\r\n"},
    {" \t \r\n", " \t \r\n", ""},                 /* relaxed: an empty line */
    {"a\r\n \r\n\t", "a\r\n \r\n\t\r\n", "a\r\n"}, /* the last one without its end */
    {"a  ", "a  \r\n", "a\r\n"},
    {"a\rb\r", "a\rb\r\r\n", "a\rb\r\r\n"}, /* bare CR */
    {"a\r\r\nb", "a\r\r\nb\r\n", "a\r\r\nb\r\n"},
    {"a \rb", "a \rb\r\n", "a \rb\r\n"},
};

static char *hash_in_steps(dkim_canon canon, const char *in, gsize step, guint64 limit)
{
    dkim_body *body = dkim_body_new(canon, G_CHECKSUM_SHA256, limit);
    slice rest = slice_of(in);
    while (rest.len) {
        slice piece = slice_head(rest, step);
        dkim_body_feed(body, piece);
        rest = slice_from(rest, piece.len);
    }
    return dkim_body_finish(body);
}

static char *plain_hash(const char *text, gsize len)
{
    guint8 digest[32];
    gsize size = sizeof digest;
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)text, (gssize)len);
    g_checksum_get_digest(checksum, digest, &size);
    g_checksum_free(checksum);
    return g_base64_encode(digest, size);
}

static void check(dkim_canon canon, const char *in, const char *wanted)
{
    static const gsize steps[] = {1, 2, 3, 1000};
    char *right = plain_hash(wanted, strlen(wanted));
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        char *hash = hash_in_steps(canon, in, steps[i], DKIM_BODY_NO_LIMIT);
        g_assert_cmpstr(hash, ==, right);
        g_free(hash);
    }
    g_free(right);
}

static void test_canonical_forms(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char **lines = g_strsplit(cases[i].in, "\r\n", -1);
        char *bare = g_strjoinv("\n", lines);
        check(DKIM_CANON_SIMPLE, cases[i].in, cases[i].simple);
        check(DKIM_CANON_RELAXED, cases[i].in, cases[i].relaxed);
        if (!strstr(cases[i].in, "\r\r")) { /* "\r\n" made of a bare CR and an LF would be another text */
            check(DKIM_CANON_SIMPLE, bare, cases[i].simple);
            check(DKIM_CANON_RELAXED, bare, cases[i].relaxed);
        }
        g_strfreev(lines);
        g_free(bare);
    }
}

static void test_limit(void)
{
    for (guint64 limit = 0; limit <= 7; limit++) {
        char *hash = hash_in_steps(DKIM_CANON_SIMPLE, "abcd\r\n\r\n", 1, limit); /* canonical: 6 bytes */
        char *right = plain_hash("abcd\r\n", (gsize)MIN(limit, 6));
        if (limit <= 6)
            g_assert_cmpstr(hash, ==, right);
        else
            g_assert_null(hash);
        g_free(hash);
        g_free(right);
    }
}

#define JOE "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n"
#define JOE_HASH "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; " /* RFC 6376 A.2 */

static void test_check(void)
{
    static const struct {
        const char *tags, *body;
        dkim_verdict verdict;
    } rows[] = {
        {"v=1; a=rsa-sha256; c=simple/simple; " JOE_HASH, JOE, DKIM_BODY_OK},
        {"v=1; a=ed25519-sha256; c=relaxed/relaxed; " JOE_HASH, JOE, DKIM_BODY_OK}, /* RFC 8463 A.3 */
        {"v=1; a=rsa-sha256; " JOE_HASH, JOE "\r\n\r\n", DKIM_BODY_OK},
        {"v=1; a=rsa-sha256; c=relaxed; " JOE_HASH, JOE, DKIM_BODY_OK}, /* body: simple */
        {"v=1; a=rsa-sha256; " JOE_HASH, JOE "PS: send money.\r\n", DKIM_BODY_ALTERED},
        {"v=1; a=rsa-sha256; l=54; " JOE_HASH, JOE "PS: send money.\r\n", DKIM_BODY_OK}, /* what l= is feared for */
        {"v=1; a=rsa-sha256; l=10000; " JOE_HASH, JOE, DKIM_BODY_ALTERED},
        {"v=1; a=rsa-sha1; c=simple; bh=uoq1oCgLlTqpdDX/iUbLy7J1Wic=", "", DKIM_BODY_OK}, /* RFC 6376 3.4.3 */
        {"v=1; a=rsa-sha256; c=relaxed/simple; bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=", "\r\n", DKIM_BODY_OK},
        {"v=1; a=rsa-sha256; c=relaxed/relaxed; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "\r\n", DKIM_BODY_OK},
        {"v=1; a=rsa-md5; " JOE_HASH, JOE, DKIM_BODY_UNKNOWN},
        {"v=1; a=rsa-sha256; c=simple/nofws; " JOE_HASH, JOE, DKIM_BODY_UNKNOWN},
        {"v=1; a=rsa-sha256", JOE, DKIM_BODY_UNKNOWN},
        {"a=; " JOE_HASH, JOE, DKIM_BODY_UNKNOWN},
        {"", "", DKIM_BODY_UNKNOWN},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        dkim_signature *signature = dkim_signature_parse(slice_of(rows[i].tags));
        g_test_message("%s", rows[i].tags);
        g_assert_cmpint(dkim_body_check(signature, slice_of(rows[i].body)), ==, rows[i].verdict);
        dkim_signature_free(signature);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dkim_body/canonical_forms", test_canonical_forms);
    g_test_add_func("/dkim_body/limit", test_limit);
    g_test_add_func("/dkim_body/check", test_check);
    return g_test_run();
}
