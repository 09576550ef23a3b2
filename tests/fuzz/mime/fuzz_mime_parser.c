/* fuzz_mime_parser.c
 * The first two bytes place two holes and the cut; the rest is a message. Every part is decoded, whole and in
 * pieces.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mime_parser.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static gboolean take_piece(slice piece, void *user)
{
    g_byte_array_append(user, piece.data, (guint)piece.len);
    return TRUE;
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size < 2)
        return 0;
    mime_gap gaps[2] = {{MIN(data[0], size - 2), data[1]}, {MIN((gsize)data[0] + data[1], size - 2), 0}};
    mime_message *message = mime_message_parse((slice){data + 2, size - 2}, gaps, data[0] % 3, data[1] & 1);
    for (guint i = 0; i < message->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(message->parts, i);
        g_assert(part->body_offset + part->body_length <= part->source->bytes.len);
        g_assert(part->preamble_offset + part->preamble_length <= part->source->bytes.len);
        for (guint k = 0; part->blocks && k < part->blocks->len; k++) {
            const mime_block *block = g_ptr_array_index(part->blocks, k);
            g_assert(block->offset + block->length <= part->block_source->bytes.len);
        }
        GByteArray *body = mime_part_decode(message, part, NULL), *pieces = g_byte_array_new();
        mime_part_read(part, take_piece, pieces);
        g_assert(pieces->len == body->len && (body->len == 0 || memcmp(pieces->data, body->data, body->len) == 0));
        g_byte_array_unref(pieces);
        char *text = mime_part_text(message, part, body->data, body->len, NULL);
        g_assert(g_utf8_validate(text, -1, NULL));
        g_free(text);
        g_byte_array_unref(body);
    }
    mime_message_free(message);
    return 0;
}
