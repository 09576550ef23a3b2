/* digest.c
 * libgcrypt uses the processor's SHA instructions, GLib has plain C; where libgcrypt does not
 * want to (MD5 in FIPS mode) GLib does it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "digest.h"

#ifdef MAILXTRA_GCRYPT
#include <gcrypt.h>

static const struct {
    GChecksumType type;
    int algorithm;
} algorithms[] = {{G_CHECKSUM_MD5, GCRY_MD_MD5}, {G_CHECKSUM_SHA1, GCRY_MD_SHA1}, {G_CHECKSUM_SHA256, GCRY_MD_SHA256}};

static char *hex(const guint8 *bytes, gsize length)
{
    static const char digits[] = "0123456789abcdef";
    char *text = g_malloc(2 * length + 1);
    for (gsize i = 0; i < length; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * length] = '\0';
    return text;
}

/* NULL: not by libgcrypt. */
static char *by_gcrypt(GChecksumType type, slice bytes)
{
    guint8 digest[32];
    for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
        if (algorithms[i].type != type || gcry_md_test_algo(algorithms[i].algorithm) != 0)
            continue;
        gcry_md_hash_buffer(algorithms[i].algorithm, digest, bytes.data, bytes.len);
        return hex(digest, gcry_md_get_algo_dlen(algorithms[i].algorithm));
    }
    return NULL;
}
#else
static char *by_gcrypt(GChecksumType type, slice bytes)
{
    (void)type, (void)bytes;
    return NULL;
}
#endif

char *digest_hex(GChecksumType type, slice bytes)
{
    char *text = by_gcrypt(type, bytes);
    return text ? text : g_compute_checksum_for_data(type, bytes.data, bytes.len);
}
