/* dkim_body.c
 *
 *   simple:  empty lines at the end are left out; a last line without CRLF gets one; an empty body is one CRLF.
 *   relaxed: blanks at the end of a line are left out, other runs of blanks are one SP; then as above, but an
 *            empty body stays empty.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "dkim_body.h"

struct dkim_body {
    dkim_canon canon;
    GChecksum *checksum;
    GChecksumType type;
    guint64 room;      /* bytes that still go into the hash */
    guint64 line_ends; /* CRLFs held back: they count if something follows them */
    gboolean blank;    /* relaxed: blanks held back */
    gboolean cr;       /* a CR held back */
    gboolean any;      /* something went out */
};

dkim_body *dkim_body_new(dkim_canon canon, GChecksumType type, guint64 limit)
{
    dkim_body *body = g_new0(dkim_body, 1);
    body->canon = canon;
    body->type = type;
    body->checksum = g_checksum_new(type);
    body->room = limit;
    return body;
}

static void put(dkim_body *body, const void *bytes, gsize len)
{
    gsize taken = (gsize)MIN((guint64)len, body->room);
    if (taken)
        g_checksum_update(body->checksum, bytes, (gssize)taken);
    if (body->room != DKIM_BODY_NO_LIMIT)
        body->room -= taken;
    body->any = TRUE;
}

/* Bytes of a line: what was held back in front of them counts now. */
static void put_text(dkim_body *body, const void *bytes, gsize len)
{
    for (; body->line_ends; body->line_ends--)
        put(body, "\r\n", 2);
    if (body->blank)
        put(body, " ", 1);
    body->blank = FALSE;
    put(body, bytes, len);
}

static void end_line(dkim_body *body)
{
    body->line_ends++;
    body->blank = FALSE;
}

static gboolean is_plain(const dkim_body *body, guint8 c)
{
    return c != '\r' && c != '\n' && (body->canon == DKIM_CANON_SIMPLE || (c != ' ' && c != '\t'));
}

static gsize plain_run(const dkim_body *body, slice bytes)
{
    gsize len = 0;
    while (len < bytes.len && is_plain(body, bytes.data[len]))
        len++;
    return len;
}

void dkim_body_feed(dkim_body *body, slice bytes)
{
    while (bytes.len) {
        guint8 c = bytes.data[0];
        if (body->cr && c != '\n')
            put_text(body, "\r", 1); /* a bare CR is a byte like others */
        body->cr = c == '\r';
        gsize run = plain_run(body, bytes);
        if (run)
            put_text(body, bytes.data, run);
        else if (c == '\n')
            end_line(body);
        else if (c != '\r')
            body->blank = TRUE;
        bytes = slice_from(bytes, MAX(run, 1));
    }
}

char *dkim_body_finish(dkim_body *body)
{
    guint8 digest[64];
    gsize len = sizeof digest;
    if (body->cr)
        put_text(body, "\r", 1);
    if (body->any || body->canon == DKIM_CANON_SIMPLE)
        put(body, "\r\n", 2);
    gboolean too_short = body->room != DKIM_BODY_NO_LIMIT && body->room > 0;
    g_checksum_get_digest(body->checksum, digest, &len);
    char *text = too_short ? NULL : g_base64_encode(digest, len);
    g_checksum_free(body->checksum);
    g_free(body);
    return text;
}

/* "rsa-sha256", "ed25519-sha256", "rsa-sha1" */
static gboolean hash_of(const char *algorithm, GChecksumType *type_r)
{
    const char *hash = algorithm ? strrchr(algorithm, '-') : NULL;
    if (g_strcmp0(hash, "-sha256") == 0)
        *type_r = G_CHECKSUM_SHA256;
    else if (g_strcmp0(hash, "-sha1") == 0)
        *type_r = G_CHECKSUM_SHA1;
    else
        return FALSE;
    return TRUE;
}

dkim_verdict dkim_body_check(const dkim_signature *signature, slice bytes)
{
    GChecksumType type;
    if (!signature->body_hash || !signature->canon_known || !hash_of(signature->algorithm, &type))
        return DKIM_BODY_UNKNOWN;
    dkim_body *body =
        dkim_body_new(signature->body_canon, type, signature->has_length ? signature->length : DKIM_BODY_NO_LIMIT);
    dkim_body_feed(body, bytes);
    char *hash = dkim_body_finish(body);
    gboolean same = g_strcmp0(hash, signature->body_hash) == 0;
    g_free(hash);
    return same ? DKIM_BODY_OK : DKIM_BODY_ALTERED;
}
