/* mime_body.c
 * Bodies without their transfer encoding, and multiparts and messages that say that they have one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mime_parser_private.h"

#include "charset.h"
#include "cte_decoder.h"
#include "limits.h"
#include "mime_fields.h"
#include "rfc822_lexer.h"

/* ---- encodings of multiparts and messages ----
 *
 * RFC 2045 6.4 forbids them, and most readers ignore them. Some senders mean them. What the body looks like
 * decides: is there a structure as it stands? */

typedef enum qp_look { QP_NOTHING, QP_ESCAPED, QP_PLAIN } qp_look;

/* Does a header look quoted-printable? There each "=" is "=3D", or ends a line. */
static qp_look look_for_escapes(slice header)
{
    qp_look look = QP_NOTHING;
    for (gsize i = 0; i < header.len; i++) {
        slice behind = slice_from(header, i + 1);
        if (header.data[i] != '=')
            continue;
        if (slice_begins(behind, "3D") || (behind.len && strchr("\r\n", behind.data[0]) && behind.data[0]))
            return QP_ESCAPED;
        look = QP_PLAIN;
    }
    return look;
}

/* The header at `at`, unread. */
static slice header_at(parser *p, gsize at)
{
    gsize end = at, next;
    for (; end < p->bytes.len; end = next) {
        next = line_end(p, end);
        if (line_scan_chomp(range(p, end, next)).len == 0)
            break;
    }
    return range(p, at, end);
}

/* Is the boundary of this multipart found in its body as it stands, and are the headers behind plain? Without a
 * boundary the body is read once more at most; behind the first one no further than GUESS_BYTES. */
static gboolean has_plain_boundary(parser *p, const mime_part *part, const GByteArray *boundary)
{
    boundary_match outer;
    gboolean closing = FALSE, found = FALSE;
    gsize limit = p->bytes.len;
    for (gsize at = part->body_offset, end; at < limit && !closing; at = end) {
        end = line_end(p, at);
        slice line = rfc822_trim_right(range(p, at, end));
        if (line.len < 2 || line.data[0] != '-' || line.data[1] != '-')
            continue;
        if (mime_boundary_is(boundary, slice_from(line, 2), &closing)) {
            qp_look look = part->encoding == MIME_ENCODING_QP ? look_for_escapes(header_at(p, end)) : QP_PLAIN;
            if (look != QP_NOTHING)
                return look == QP_PLAIN;
            limit = found ? limit : MIN(limit, end + GUESS_BYTES);
            found = TRUE;
        } else if (mime_boundary_match(p, at, &outer)) {
            return found;
        }
    }
    return found;
}

/* Does the message's header stand there as it is? */
static gboolean has_plain_header(parser *p, const mime_part *part)
{
    header_block block = header_read(p->bytes, part->body_offset, LIMIT_HEADER_FIELDS, mime_boundary_ends_header, p);
    qp_look look = look_for_escapes(range(p, part->body_offset, part->body_offset + block.length));
    gboolean plain = block.fields->len > 0;
    if (part->encoding == MIME_ENCODING_QP && plain)
        plain = look == QP_PLAIN || (look == QP_NOTHING && header_find(block.fields, "Content-Transfer-Encoding"));
    g_ptr_array_unref(block.fields);
    return plain;
}

gboolean mime_body_is_encoded(parser *p, mime_part *part, const GByteArray *boundary)
{
    if (strcmp(part->type, "message/global") != 0) /* RFC 6532 3.7 lets it be encoded */
        part->anomalies |= ANOMALY_BIT(ANOMALY_ENCODED_COMPOSITE);
    gboolean plain =
        boundary ? has_plain_boundary(p, part, boundary) : is_message_type(part) && has_plain_header(p, part);
    if (plain)
        part->encoding = MIME_ENCODING_IDENTITY;
    return !plain;
}

/* ---- decoding ---- */

guint mime_body_first_gap(const mime_source *s, gsize offset)
{
    guint low = 0, high = s->gap_count;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (s->gaps[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Encoded bytes that are decoded at a time where the result is handed on: small enough for the processor's cache; the
 * first are few, as often they are all that is asked for. */
enum { FIRST_PIECE = 256, NEXT_PIECE = 64 * 1024 };

/* A body on its way through the decoder. */
typedef struct decoding {
    cte_decoder *decoder; /* NULL: the bytes are handed on as they are */
    GByteArray *out;
    mime_sink sink; /* NULL: all stays in `out` */
    void *user;
    gboolean begun, enough; /* something was handed on; nothing more is wanted */
} decoding;

static void hand_on(decoding *d, slice piece)
{
    if (!d->sink || !piece.len || d->enough)
        return;
    d->begun = TRUE;
    d->enough = !d->sink(piece, d->user);
}

static void hand_on_decoded(decoding *d)
{
    hand_on(d, (slice){d->out->data, d->out->len});
    if (d->sink)
        g_byte_array_set_size(d->out, 0);
}

static void decode_range(decoding *d, slice bytes)
{
    while (bytes.len && !d->enough) {
        slice piece = d->sink ? slice_head(bytes, d->begun ? NEXT_PIECE : FIRST_PIECE) : bytes;
        if (d->decoder) {
            cte_decoder_feed(d->decoder, piece);
            hand_on_decoded(d);
        } else {
            hand_on(d, piece);
        }
        bytes = slice_from(bytes, piece.len);
    }
}

/* Undoes the encoding of the body; `gaps` (of mime_gap, may be NULL) gets where its holes are in d->out. */
static anomaly_set decode_body(const mime_part *part, decoding *d, GArray *gaps)
{
    const mime_source *s = part->source;
    d->out = g_byte_array_new();
    d->decoder = d->sink && !is_encoded(part) ? NULL : cte_decoder_new(part->encoding, d->out);
    gsize at = part->body_offset, end = part->body_offset + part->body_length;
    guint first = mime_body_first_gap(s, part->header_lost ? at + 1 : at);
    for (guint i = first; i < s->gap_count && s->gaps[i].offset < end && !d->enough; i++) {
        decode_range(d, slice_head(slice_from(s->bytes, at), s->gaps[i].offset - at));
        if (d->decoder)
            cte_decoder_gap(d->decoder, s->gaps[i].missing);
        at = s->gaps[i].offset;
        mime_gap gap = {d->out->len, 0};
        if (gaps)
            g_array_append_val(gaps, gap);
    }
    decode_range(d, slice_head(slice_from(s->bytes, at), end - at));
    anomaly_set met = d->decoder ? cte_decoder_finish(d->decoder) : 0;
    hand_on_decoded(d);
    cte_decoder_free(d->decoder);
    d->decoder = NULL;
    return met;
}

/* Says uuencode and has nothing of it: it is taken as it stands. */
static gboolean is_not_uuencoded(const mime_part *part, gboolean empty, anomaly_set met)
{
    return part->encoding == MIME_ENCODING_UUENCODE && empty && (met & ANOMALY_BIT(ANOMALY_BAD_UUENCODE));
}

static slice raw_body(const mime_part *part)
{
    return slice_head(slice_from(part->source->bytes, part->body_offset), part->body_length);
}

static void append_raw_body(const mime_part *part, GByteArray *out)
{
    g_byte_array_append(out, raw_body(part).data, (guint)part->body_length);
}

/* The holes of the body as it stands, counted from its beginning. */
static void list_raw_gaps(const mime_part *part, GArray *gaps)
{
    const mime_source *s = part->source;
    gsize at = part->body_offset, end = at + part->body_length;
    g_array_set_size(gaps, 0);
    for (guint i = mime_body_first_gap(s, at); i < s->gap_count && s->gaps[i].offset < end; i++) {
        mime_gap gap = {s->gaps[i].offset - at, 0};
        g_array_append_val(gaps, gap);
    }
}

void mime_body_free_source(gpointer data)
{
    mime_source *source = data;
    if (source->depth) {
        g_free((gpointer)source->bytes.data);
        g_free((gpointer)source->gaps);
    }
    g_free(source);
}

mime_source *mime_body_source(const mime_part *part)
{
    decoding d = {0};
    if (part->source->depth >= LIMIT_DECODED_DEPTH)
        return NULL;
    GArray *gaps = g_array_new(FALSE, FALSE, sizeof(mime_gap));
    anomaly_set met = decode_body(part, &d, gaps);
    if (is_not_uuencoded(part, d.out->len == 0, met)) {
        append_raw_body(part, d.out);
        list_raw_gaps(part, gaps);
    }
    mime_source *source = g_new0(mime_source, 1);
    source->depth = part->source->depth + 1;
    source->part = part;
    source->gap_count = gaps->len;
    source->gaps = (const mime_gap *)(void *)g_array_free(gaps, FALSE);
    source->bytes.len = d.out->len;
    source->bytes.data = g_byte_array_free(d.out, FALSE);
    return source;
}

void mime_body_keep_source(mime_message *message, mime_source *source)
{
    source->index = message->sources->len;
    g_ptr_array_add(message->sources, source);
}

void mime_body_read_decoded(parser *p, mime_part *part)
{
    mime_source *source = mime_parser_may_nest(p, part) ? mime_body_source(part) : NULL;
    if (!source) {
        part->anomalies |= ANOMALY_BIT(ANOMALY_NESTING_LIMIT);
        return;
    }
    mime_body_keep_source(p->message, source);
    parser inner = mime_parser_of(p->message, source, p->cut && !part->complete);
    inner.fields = p->fields;
    if (is_message_type(part)) {
        part->is_message = TRUE;
        mime_parser_open_part(&inner, part);
    } else {
        level l = {.part = part};
        mime_boundary_settle(&inner, &l, 0);
        mime_parser_set_path(part, l.boundary != NULL);
        g_array_append_val(inner.levels, l);
    }
    mime_parser_read_parts(&inner);
    p->fields = inner.fields;
}

/* ---- public ---- */

GByteArray *mime_part_decode(const mime_message *message, const mime_part *part, anomaly_set *anomalies_r)
{
    (void)message;
    decoding d = {0};
    anomaly_set met = decode_body(part, &d, NULL);
    if (is_not_uuencoded(part, d.out->len == 0, met))
        append_raw_body(part, d.out);
    if (anomalies_r)
        *anomalies_r = met;
    return d.out;
}

void mime_part_read(const mime_part *part, mime_sink sink, void *user)
{
    decoding d = {.sink = sink, .user = user};
    anomaly_set met = decode_body(part, &d, NULL);
    if (is_not_uuencoded(part, !d.begun, met))
        decode_range(&d, raw_body(part));
    g_byte_array_unref(d.out);
}

char *mime_part_text(const mime_message *message, const mime_part *part, const guint8 *decoded, gsize len,
                     anomaly_set *anomalies_r)
{
    (void)message;
    anomaly_set met = 0;
    char *text = charset_to_utf8((slice){decoded, len}, slice_of(part->charset), &met);
    if (anomalies_r)
        *anomalies_r = met;
    return text;
}
