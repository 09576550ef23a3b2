/* digest.c
 * libgcrypt uses the processor's SHA instructions, GLib has plain C; where libgcrypt does not
 * want to (MD5 in FIPS mode) GLib does it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "digest.h"

#ifdef MAILXTRA_GCRYPT
#include <gcrypt.h>
#else
typedef struct gcry_md_handle *gcry_md_hd_t; /* never one */
#endif

struct digest {
    gcry_md_hd_t gcrypt; /* NULL: GLib does it */
    int algorithm;       /* gcrypt's */
    GChecksum *glib;
};

#ifdef MAILXTRA_GCRYPT
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

/* FALSE: not by libgcrypt. */
static gboolean open_gcrypt(digest *d, GChecksumType type)
{
    for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
        d->algorithm = algorithms[i].algorithm;
        if (algorithms[i].type == type && gcry_md_test_algo(d->algorithm) == 0)
            return gcry_md_open(&d->gcrypt, d->algorithm, 0) == 0;
    }
    return FALSE;
}

static void feed_gcrypt(digest *d, slice bytes)
{
    gcry_md_write(d->gcrypt, bytes.data, bytes.len);
}

static char *take_gcrypt(digest *d)
{
    char *text = hex(gcry_md_read(d->gcrypt, d->algorithm), gcry_md_get_algo_dlen(d->algorithm));
    gcry_md_reset(d->gcrypt);
    return text;
}

static void close_gcrypt(digest *d)
{
    gcry_md_close(d->gcrypt);
}
#else
static gboolean open_gcrypt(digest *d, GChecksumType type)
{
    (void)d, (void)type;
    return FALSE;
}

static void feed_gcrypt(digest *d, slice bytes)
{
    (void)d, (void)bytes;
}

static char *take_gcrypt(digest *d)
{
    (void)d;
    return NULL;
}

static void close_gcrypt(digest *d)
{
    (void)d;
}
#endif

digest *digest_new(GChecksumType type)
{
    digest *d = g_new0(digest, 1);
    if (!open_gcrypt(d, type))
        d->glib = g_checksum_new(type);
    return d;
}

void digest_free(digest *d)
{
    if (!d)
        return;
    if (d->glib)
        g_checksum_free(d->glib);
    else
        close_gcrypt(d);
    g_free(d);
}

void digest_feed(digest *d, slice bytes)
{
    if (d->glib)
        g_checksum_update(d->glib, bytes.data, (gssize)bytes.len);
    else
        feed_gcrypt(d, bytes);
}

char *digest_take(digest *d)
{
    if (!d->glib)
        return take_gcrypt(d);
    char *text = g_strdup(g_checksum_get_string(d->glib));
    g_checksum_reset(d->glib);
    return text;
}

char *digest_hex(GChecksumType type, slice bytes)
{
    digest *d = digest_new(type);
    digest_feed(d, bytes);
    char *text = digest_take(d);
    digest_free(d);
    return text;
}
