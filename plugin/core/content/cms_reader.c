/* cms_reader.c
 *   ContentInfo    ::= SEQUENCE { contentType OID, content [0] EXPLICIT ANY }                       RFC 5652 3
 *   SignedData     ::= SEQUENCE { version, digestAlgorithms SET, encapContentInfo, ... }            5.1
 *   CompressedData ::= SEQUENCE { version, compressionAlgorithm SEQUENCE, encapContentInfo }        RFC 3274 1.1
 *   encapContentInfo ::= SEQUENCE { eContentType OID, eContent [0] EXPLICIT OCTET STRING OPTIONAL }
 *
 * Writers that stream use BER (X.690): lengths that are not known yet (0x80, ended by two zeros), and OCTET STRINGs in
 * pieces, each with a header of its own. A level of unknown length is not measured when it is entered: its elements are
 * read until the end mark comes, so that reading is linear.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cms_reader.h"

#include "inflater.h"
#include "limits.h"

enum {
    TAG_INTEGER = 0x02,
    TAG_OCTET_STRING = 0x04,
    TAG_OID = 0x06,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_CONTEXT_0 = 0xA0,
    TAG_OCTET_STRING_PIECES = 0x24,
    CONSTRUCTED = 0x20
};

typedef struct element {
    guint8 tag;          /* its first byte */
    gboolean indefinite; /* then `content` goes on to the end of what is around it */
    gboolean cut;        /* less is there than its length says */
    slice content;
} element;

/* ---- BER ---- */

static gboolean is_end_mark(slice s)
{
    return s.len >= 2 && s.data[0] == 0 && s.data[1] == 0;
}

/* The element at the front. FALSE: none (end mark, end of bytes, nonsense). *header_r: bytes of tag and length. */
static gboolean read_element(slice s, element *e, gsize *header_r)
{
    if (s.len < 2 || is_end_mark(s) || (s.data[0] & 0x1F) == 0x1F)
        return FALSE;
    gsize at = 2;
    guint64 length = s.data[1];
    *e = (element){.tag = s.data[0], .indefinite = length == 0x80};
    if (e->indefinite && !(e->tag & CONSTRUCTED))
        return FALSE;
    if (length > 0x80) {
        guint count = (guint)length & 0x7F;
        length = 0;
        if (count > 8 || s.len < 2 + count)
            return FALSE;
        for (guint i = 0; i < count; i++)
            length = length << 8 | s.data[at++];
    }
    slice rest = slice_from(s, at);
    e->cut = !e->indefinite && length > rest.len;
    e->content = e->indefinite || e->cut ? rest : slice_head(rest, (gsize)length);
    *header_r = at;
    return TRUE;
}

/* What is behind the element at the front; counts the levels of unknown length that are open. */
static slice skip_element(slice s)
{
    guint open = 0;
    do {
        element e;
        gsize header;
        if (open && is_end_mark(s)) {
            s = slice_from(s, 2);
            open--;
            continue;
        }
        if (!read_element(s, &e, &header))
            return slice_from(s, s.len);
        s = slice_from(s, header + (e.indefinite ? 0 : e.content.len));
        open += e.indefinite;
    } while (open);
    return s;
}

/* Enters the element at the front of *s if it has that tag. */
static gboolean enter(slice *s, guint8 tag)
{
    element e;
    gsize header;
    if (!read_element(*s, &e, &header) || e.tag != tag)
        return FALSE;
    *s = e.content;
    return TRUE;
}

/* Skips the element at the front of *s if it has that tag. */
static gboolean skip(slice *s, guint8 tag)
{
    if (s->len == 0 || s->data[0] != tag)
        return FALSE;
    *s = skip_element(*s);
    return TRUE;
}

/* Appends an OCTET STRING, whole or in pieces. Pieces nest (8.7.3.2). Returns FALSE when it is malformed or cut. */
static gboolean append_octets(GByteArray *out, slice s)
{
    gsize ends[LIMIT_BER_DEPTH]; /* bytes left behind the end of each open level of known length; G_MAXSIZE: unknown */
    guint depth = 0;
    do {
        element e;
        gsize header;
        if (depth && (ends[depth - 1] == G_MAXSIZE ? is_end_mark(s) : s.len <= ends[depth - 1])) {
            if (ends[--depth] == G_MAXSIZE)
                s = slice_from(s, 2);
            continue;
        }
        if (!read_element(s, &e, &header))
            return FALSE;
        if (e.tag == TAG_OCTET_STRING) {
            g_byte_array_append(out, e.content.data, (guint)e.content.len);
            s = slice_from(s, header + e.content.len);
            if (e.cut)
                return FALSE;
        } else if (e.tag == TAG_OCTET_STRING_PIECES && depth < LIMIT_BER_DEPTH) {
            ends[depth++] = e.indefinite ? G_MAXSIZE : s.len - header - e.content.len;
            s = slice_from(s, header);
        } else {
            return FALSE;
        }
    } while (depth);
    return TRUE;
}

/* ---- CMS ---- */

/* id-data etc.: 1.2.840.113549.1.7.n, and S/MIME's content types 1.2.840.113549.1.9.16.1.n. */
static const guint8 pkcs7[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07};
static const guint8 smime[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01};

static cms_kind kind_of_oid(slice oid)
{
    if (oid.len == sizeof pkcs7 + 1 && memcmp(oid.data, pkcs7, sizeof pkcs7) == 0) {
        static const cms_kind kinds[] = {CMS_OTHER,     CMS_DATA,  CMS_SIGNED,   CMS_ENVELOPED,
                                         CMS_ENVELOPED, CMS_OTHER, CMS_ENVELOPED};
        guint8 n = oid.data[sizeof pkcs7];
        return n < G_N_ELEMENTS(kinds) ? kinds[n] : CMS_OTHER;
    }
    if (oid.len == sizeof smime + 1 && memcmp(oid.data, smime, sizeof smime) == 0) {
        guint8 n = oid.data[sizeof smime];
        return n == 9 ? CMS_COMPRESSED : n == 23 ? CMS_ENVELOPED : CMS_OTHER;
    }
    return CMS_NONE;
}

/* Enters a ContentInfo: *s becomes its content. */
static cms_kind enter_content_info(slice *s)
{
    slice oid;
    if (!enter(s, TAG_SEQUENCE))
        return CMS_NONE;
    oid = *s;
    if (!enter(&oid, TAG_OID) || !skip(s, TAG_OID))
        return CMS_NONE;
    cms_kind kind = kind_of_oid(oid);
    if (!enter(s, TAG_CONTEXT_0))
        *s = SLICE_EMPTY;
    return kind;
}

cms_kind cms_reader_kind(slice bytes)
{
    return enter_content_info(&bytes);
}

/* Moves *s from a SignedData or CompressedData to its eContent; FALSE: malformed, or it has none (*none_r). */
static gboolean find_content(slice *s, cms_kind kind, gboolean *none_r)
{
    *none_r = FALSE;
    if (!enter(s, TAG_SEQUENCE) || !skip(s, TAG_INTEGER) || !skip(s, kind == CMS_SIGNED ? TAG_SET : TAG_SEQUENCE) ||
        !enter(s, TAG_SEQUENCE) || !skip(s, TAG_OID))
        return FALSE;
    *none_r = s->len == 0 || is_end_mark(*s) || s->data[0] != TAG_CONTEXT_0;
    return !*none_r && enter(s, TAG_CONTEXT_0);
}

gboolean cms_reader_has_content(slice bytes)
{
    gboolean none;
    cms_kind kind = enter_content_info(&bytes);
    return (kind == CMS_SIGNED || kind == CMS_COMPRESSED) && find_content(&bytes, kind, &none);
}

GByteArray *cms_reader_content(slice bytes, gsize limit, anomaly_set *anomalies)
{
    gboolean none;
    cms_kind kind = enter_content_info(&bytes);
    if (kind != CMS_SIGNED && kind != CMS_COMPRESSED)
        return NULL;
    if (!find_content(&bytes, kind, &none)) {
        *anomalies |= none ? 0 : ANOMALY_BIT(ANOMALY_BAD_CMS);
        return NULL;
    }
    GByteArray *content = g_byte_array_new();
    if (!append_octets(content, bytes))
        *anomalies |= ANOMALY_BIT(ANOMALY_BAD_CMS);
    if (kind == CMS_SIGNED)
        return content;
    GByteArray *inflated = inflater_unpack((slice){content->data, content->len}, limit, anomalies);
    g_byte_array_unref(content);
    return inflated;
}
