/* tnef_writer.h
 * Makes TNEF streams ([MS-OXTNEF]) for tests.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TNEF_WRITER_H
#define MAILXTRA_TNEF_WRITER_H

#include "byte_writer.h"

static inline GByteArray *tnef_begin(void)
{
    GByteArray *out = g_byte_array_new();
    put_le(out, 0x223E9F78, 4);
    put_le(out, 1, 2);
    return out;
}

static inline void put_attribute(GByteArray *out, guint8 level, guint32 id, const void *data, gsize len)
{
    guint16 sum = 0;
    for (gsize i = 0; i < len; i++)
        sum = (guint16)(sum + ((const guint8 *)data)[i]);
    put_le(out, level, 1);
    put_le(out, id, 4);
    put_le(out, len, 4);
    put(out, data, len);
    put_le(out, sum, 2);
}

static inline void put_attribute_text(GByteArray *out, guint8 level, guint32 id, const char *text)
{
    put_attribute(out, level, id, text, strlen(text) + 1);
}

static inline void put_padded(GByteArray *out, const void *bytes, gsize len)
{
    put_le(out, len, 4);
    put(out, bytes, len);
    put_le(out, 0, (guint)(-len & 3));
}

static inline void put_property(GByteArray *out, guint16 type, guint16 id, const void *bytes, gsize len)
{
    put_le(out, type, 2);
    put_le(out, id, 2);
    put_le(out, 1, 4);
    put_padded(out, bytes, len);
}

static inline void put_property_utf16(GByteArray *out, guint16 id, const char *text)
{
    glong length;
    gunichar2 *wide = g_utf8_to_utf16(text, -1, NULL, &length, NULL);
    put_property(out, 0x1F, id, wide, 2 * ((gsize)length + 1));
    g_free(wide);
}

/* An attachment with its first attribute, a title and data. */
static inline void put_file(GByteArray *out, const char *title, const void *data, gsize len)
{
    static const guint8 rend[14] = {1};
    put_attribute(out, 2, 0x00069002, rend, sizeof rend);
    put_attribute_text(out, 2, 0x00018010, title);
    put_attribute(out, 2, 0x0006800F, data, len);
}

/* An attachment that is a message. */
static inline void put_embedded(GByteArray *out, const char *name, const GByteArray *inner)
{
    static const guint8 rend[14] = {2}, iid[16] = {7, 3, 2, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};
    GByteArray *object = g_byte_array_new(), *props = g_byte_array_new();
    put(object, iid, sizeof iid);
    put(object, inner->data, inner->len);
    put_le(props, 2, 4);
    put_property(props, 0x0D, 0x3701, object->data, object->len);
    put_property(props, 0x1E, 0x3001, name, strlen(name) + 1);
    put_attribute(out, 2, 0x00069002, rend, sizeof rend);
    put_attribute(out, 2, 0x0006800F, "x", 1);
    put_attribute(out, 2, 0x00069005, props->data, props->len);
    g_byte_array_unref(object);
    g_byte_array_unref(props);
}

#endif
