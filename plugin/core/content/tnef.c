/* tnef.c
 *   stream     = signature u32, legacy key u16, *attribute                        [MS-OXTNEF] 2.1.3
 *   attribute  = level u8, id u32, length u32, data, checksum u16
 *   properties = count u32, *property                                             2.1.3.4, attMsgProps and
 * attAttachment property   = type u16, id u16, [guid, kind u32, id u32 or name], [count u32], *value value      = of
 * fixed size, padded to 4; or length u32, bytes, padded to 4 An attachment begins with attAttachRendData; what follows
 * at level 2 is of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tnef.h"

#include "byte_order.h"
#include "charset.h"
#include "limits.h"

enum {
    SIGNATURE = 0x223E9F78,
    HEADER_BYTES = 6,
    ATTRIBUTE_BYTES = 9,
    CHECKSUM_BYTES = 2,
    LEVEL_MESSAGE = 1,
    LEVEL_ATTACHMENT = 2
};

enum {
    ATT_SUBJECT = 0x00018004,
    ATT_BODY = 0x0002800C,
    ATT_MESSAGE_PROPERTIES = 0x00069003,
    ATT_CODE_PAGE = 0x00069007,
    ATT_REND_DATA = 0x00069002,
    ATT_DATA = 0x0006800F,
    ATT_TITLE = 0x00018010,
    ATT_ATTACHMENT = 0x00069005,
    ATT_TRANSPORT_NAME = 0x00069001,
};

enum { TYPE_STRING8 = 0x1E, TYPE_UNICODE = 0x1F, TYPE_OBJECT = 0x0D, TYPE_BINARY = 0x102, TYPE_MULTIPLE = 0x1000 };

enum {
    PROPERTY_SUBJECT = 0x0037,
    PROPERTY_BODY = 0x1000,
    PROPERTY_RTF = 0x1009,
    PROPERTY_HTML = 0x1013,
    PROPERTY_DISPLAY_NAME = 0x3001,
    PROPERTY_DATA = 0x3701,
    PROPERTY_NAME = 0x3704,
    PROPERTY_LONG_NAME = 0x3707,
    PROPERTY_MIME_TAG = 0x370E,
};

/* IID_IMessage {00020307-0000-0000-C000-000000000046}: the object is a message. */
static const guint8 message_interface[16] = {0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};

typedef struct reader {
    tnef_stream *stream;
    char charset[24];            /* of what is not Unicode */
    tnef_attachment *attachment; /* the open one; NULL: none */
    guint name_rank;             /* of the attachment's name: the long one beats the short one */
} reader;

typedef struct property {
    guint16 type, id;
    slice value; /* the first of many */
} property;

/* ---- strings ---- */

static slice until_nul(slice text, gsize unit)
{
    for (gsize at = 0; at + unit <= text.len; at += unit) {
        if (text.data[at] == 0 && (unit == 1 || text.data[at + 1] == 0))
            return slice_head(text, at);
    }
    return slice_head(text, text.len - text.len % unit);
}

static char *text_of(const reader *r, slice value, gboolean unicode)
{
    return unicode ? charset_to_utf8(until_nul(value, 2), slice_of("utf-16le"), NULL)
                   : charset_to_utf8(until_nul(value, 1), slice_of(r->charset), NULL);
}

static char *line_of(const reader *r, slice value, gboolean unicode)
{
    char *line = charset_one_line(text_of(r, value, unicode));
    if (!*line)
        g_clear_pointer(&line, g_free);
    return line;
}

static void replace(char **place, char *value)
{
    if (!value)
        return;
    g_free(*place);
    *place = value;
}

/* ---- attachments ---- */

static void begin_attachment(reader *r)
{
    if (r->stream->attachments->len >= LIMIT_TNEF_ATTACHMENTS) {
        r->stream->anomalies |= ANOMALY_BIT(ANOMALY_CONTENT_LIMIT);
        r->attachment = NULL;
        return;
    }
    r->attachment = g_new0(tnef_attachment, 1);
    r->name_rank = 0;
    g_ptr_array_add(r->stream->attachments, r->attachment);
}

/* Takes `name` over if no better one is there. */
static void name_attachment(reader *r, char *name, guint rank)
{
    if (name && r->attachment && rank >= r->name_rank) {
        replace(&r->attachment->name, name);
        r->name_rank = rank;
        return;
    }
    g_free(name);
}

/* PidTagAttachDataObject: an interface and its bytes; PidTagAttachDataBinary: bytes, which ATT_DATA
 * mostly has already. */
static void take_object(reader *r, const property *p)
{
    if (p->type == TYPE_OBJECT && slice_has(p->value, 0, message_interface, sizeof message_interface)) {
        slice inner = slice_from(p->value, sizeof message_interface);
        r->attachment->is_tnef = tnef_is_tnef(inner);
        r->attachment->data = inner;
    } else if (r->attachment->data.len == 0) {
        r->attachment->data = p->type == TYPE_OBJECT ? slice_from(p->value, sizeof message_interface) : p->value;
    }
}

static void take_attachment_property(reader *r, const property *p)
{
    gboolean unicode = p->type == TYPE_UNICODE, text = unicode || p->type == TYPE_STRING8;
    if (!r->attachment)
        return;
    if (text && p->id == PROPERTY_LONG_NAME)
        name_attachment(r, line_of(r, p->value, unicode), 4);
    else if (text && p->id == PROPERTY_NAME)
        name_attachment(r, line_of(r, p->value, unicode), 2);
    else if (text && p->id == PROPERTY_DISPLAY_NAME)
        name_attachment(r, line_of(r, p->value, unicode), 1);
    else if (text && p->id == PROPERTY_MIME_TAG) {
        char *type = line_of(r, p->value, unicode);
        replace(&r->attachment->type, type ? g_ascii_strdown(type, -1) : NULL);
        g_free(type);
    } else if ((p->type == TYPE_OBJECT || p->type == TYPE_BINARY) && p->id == PROPERTY_DATA)
        take_object(r, p);
}

static void take_message_property(reader *r, const property *p)
{
    gboolean unicode = p->type == TYPE_UNICODE, text = unicode || p->type == TYPE_STRING8;
    if (text && p->id == PROPERTY_SUBJECT)
        replace(&r->stream->subject, line_of(r, p->value, unicode));
    else if (text && p->id == PROPERTY_BODY)
        replace(&r->stream->text, text_of(r, p->value, unicode));
    else if (p->type == TYPE_BINARY && p->id == PROPERTY_RTF)
        r->stream->compressed_rtf = p->value;
    else if ((p->type == TYPE_BINARY || p->type == TYPE_STRING8) && p->id == PROPERTY_HTML)
        r->stream->html = p->type == TYPE_BINARY ? p->value : until_nul(p->value, 1);
}

/* ---- properties ---- */

/* Bytes of a value of that type, padding included; 0: it says its length itself. G_MAXUINT: unknown type. */
static guint fixed_size(guint16 type)
{
    switch (type) {
    case 0x01: /* null */
        return 0;
    case 0x02: /* 16 bits */
    case 0x03: /* 32 bits */
    case 0x04: /* float */
    case 0x0A: /* error */
    case 0x0B: /* boolean */
        return 4;
    case 0x05: /* double */
    case 0x06: /* currency */
    case 0x07: /* date */
    case 0x14: /* 64 bits */
    case 0x40: /* time */
        return 8;
    case 0x48: /* GUID */
        return 16;
    case TYPE_STRING8:
    case TYPE_UNICODE:
    case TYPE_OBJECT:
    case TYPE_BINARY:
        return 0;
    default:
        return G_MAXUINT;
    }
}

/* Cuts `len` bytes and their padding off the front. FALSE: there are not so many. */
static gboolean take(slice *rest, guint64 len, slice *value_r)
{
    if (len > rest->len)
        return FALSE;
    *value_r = slice_head(*rest, (gsize)len);
    *rest = slice_from(*rest, ((gsize)len + 3) & ~(gsize)3);
    return TRUE;
}

static gboolean take_sized(slice *rest, slice *value_r)
{
    slice size;
    return take(rest, 4, &size) && take(rest, slice_le32(size, 0), value_r);
}

/* 2.1.3.4.1: properties from 0x8000 on are named: a GUID, then a number or a name. */
static gboolean skip_name(slice *rest)
{
    slice head, name;
    if (!take(rest, 20, &head))
        return FALSE;
    return slice_le32(head, 16) == 0 ? take(rest, 4, &name) : take_sized(rest, &name);
}

static gboolean read_property(slice *rest, property *p)
{
    slice head, value;
    if (!take(rest, 4, &head))
        return FALSE;
    *p = (property){slice_le16(head, 0), slice_le16(head, 2), SLICE_EMPTY};
    guint size = fixed_size(p->type & ~TYPE_MULTIPLE);
    if (size == G_MAXUINT || (p->id >= 0x8000 && !skip_name(rest)))
        return FALSE;
    if ((p->type & ~TYPE_MULTIPLE) == 0x01)
        return TRUE;
    guint32 count = 1;
    if (size == 0 || (p->type & TYPE_MULTIPLE)) {
        if (!take(rest, 4, &head))
            return FALSE;
        count = slice_le32(head, 0);
    }
    for (guint32 i = 0; i < count; i++) {
        if (!(size ? take(rest, size, &value) : take_sized(rest, &value)))
            return FALSE;
        if (i == 0)
            p->value = value;
    }
    return TRUE;
}

static void read_properties(reader *r, slice data, void (*take_property)(reader *, const property *))
{
    guint32 count = slice_le32(data, 0);
    slice rest = slice_from(data, 4);
    property p;
    for (guint32 i = 0; i < count; i++) {
        if (i >= LIMIT_MAPI_PROPERTIES) {
            r->stream->anomalies |= ANOMALY_BIT(ANOMALY_CONTENT_LIMIT);
            return;
        }
        if (!read_property(&rest, &p)) {
            r->stream->anomalies |= ANOMALY_BIT(ANOMALY_BAD_TNEF);
            return;
        }
        take_property(r, &p);
    }
}

/* ---- attributes ---- */

static void take_message_attribute(reader *r, guint32 id, slice data)
{
    switch (id) {
    case ATT_CODE_PAGE:
        g_snprintf(r->charset, sizeof r->charset, "windows-%u", slice_le32(data, 0));
        if (!charset_is_known(slice_of(r->charset)))
            g_snprintf(r->charset, sizeof r->charset, "cp%u", slice_le32(data, 0));
        break;
    case ATT_SUBJECT:
        replace(&r->stream->subject, line_of(r, data, FALSE));
        break;
    case ATT_BODY:
        replace(&r->stream->text, text_of(r, data, FALSE));
        break;
    case ATT_MESSAGE_PROPERTIES:
        read_properties(r, data, take_message_property);
        break;
    default:
        break;
    }
}

static void take_attachment_attribute(reader *r, guint32 id, slice data)
{
    if (id == ATT_REND_DATA || (!r->attachment && r->stream->attachments->len == 0))
        begin_attachment(r);
    if (!r->attachment)
        return;
    switch (id) {
    case ATT_TITLE:
        name_attachment(r, line_of(r, data, FALSE), 3);
        break;
    case ATT_TRANSPORT_NAME:
        name_attachment(r, line_of(r, data, FALSE), 1);
        break;
    case ATT_DATA:
        r->attachment->data = data;
        break;
    case ATT_ATTACHMENT:
        read_properties(r, data, take_attachment_property);
        break;
    default:
        break;
    }
}

/* The stream ends inside of an attribute. */
static void mark_cut(reader *r, gboolean in_attachment)
{
    GPtrArray *attachments = r->stream->attachments;
    r->stream->anomalies |= ANOMALY_BIT(ANOMALY_BAD_TNEF);
    if (in_attachment && attachments->len)
        ((tnef_attachment *)g_ptr_array_index(attachments, attachments->len - 1))->is_cut = TRUE;
}

/* Reads one attribute off the front. A cut one gives what there is of it. FALSE: no more. */
static gboolean read_attribute(reader *r, slice *rest)
{
    if (rest->len < ATTRIBUTE_BYTES)
        return FALSE;
    guint8 level = rest->data[0];
    guint32 id = slice_le32(*rest, 1), length = slice_le32(*rest, 5);
    slice behind = slice_from(*rest, ATTRIBUTE_BYTES), data = slice_head(behind, length);
    if (level != LEVEL_MESSAGE && level != LEVEL_ATTACHMENT)
        return FALSE;
    if (level == LEVEL_MESSAGE)
        take_message_attribute(r, id, data);
    else
        take_attachment_attribute(r, id, data);
    *rest = slice_from(behind, (gsize)length + CHECKSUM_BYTES);
    if (length <= behind.len && behind.len - length >= CHECKSUM_BYTES)
        return TRUE;
    mark_cut(r, level == LEVEL_ATTACHMENT && length > behind.len);
    return FALSE;
}

static void attachment_free(gpointer data)
{
    tnef_attachment *attachment = data;
    g_free(attachment->name);
    g_free(attachment->type);
    g_free(attachment);
}

gboolean tnef_is_tnef(slice bytes)
{
    return bytes.len >= HEADER_BYTES && slice_le32(bytes, 0) == SIGNATURE;
}

tnef_stream *tnef_read(slice bytes)
{
    if (!tnef_is_tnef(bytes))
        return NULL;
    tnef_stream *stream = g_new0(tnef_stream, 1);
    stream->attachments = g_ptr_array_new_with_free_func(attachment_free);
    reader r = {.stream = stream, .charset = "windows-1252"};
    slice rest = slice_from(bytes, HEADER_BYTES);
    guint count = 0;
    while (count < LIMIT_TNEF_ATTRIBUTES && rest.len && read_attribute(&r, &rest))
        count++;
    if (count >= LIMIT_TNEF_ATTRIBUTES && rest.len)
        stream->anomalies |= ANOMALY_BIT(ANOMALY_CONTENT_LIMIT);
    else if (rest.len)
        stream->anomalies |= ANOMALY_BIT(ANOMALY_BAD_TNEF);
    return stream;
}

void tnef_stream_free(tnef_stream *stream)
{
    if (!stream)
        return;
    g_ptr_array_unref(stream->attachments);
    g_free(stream->subject);
    g_free(stream->text);
    g_free(stream);
}
