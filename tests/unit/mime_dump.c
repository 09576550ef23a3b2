/* mime_dump.c
 * Prints what the core makes of a message, as JSON lines: one object per part. For
 * the check_mime_*.py scripts and for looking at a message by hand.
 *
 *   mime_dump [--cut] [--gap OFFSET:MISSING]... [FILE...]      (no FILE: standard input)
 *   mime_dump --batch                (reads 4-byte big-endian lengths and messages from standard
 *                                     input; prints an empty line behind each)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>

#include "charset.h"
#include "cte_decoder.h"
#include "mime_parser.h"
#include "rfc822_lexer.h"

static void print_string(const char *key, const char *text)
{
    printf("\"%s\": ", key);
    if (!text) {
        printf("null, ");
        return;
    }
    putchar('"');
    for (const guchar *p = (const guchar *)text; *p; p++) {
        if (*p < 0x20 || *p == '"' || *p == '\\')
            printf("\\u%04x", *p);
        else
            putchar(*p);
    }
    printf("\", ");
}

static void print_anomalies(const char *key, anomaly_set set)
{
    const char *separator = "";
    printf("\"%s\": [", key);
    for (int kind = 0; kind < ANOMALY_COUNT; kind++) {
        if (set & ANOMALY_BIT(kind)) {
            printf("%s\"%s\"", separator, anomaly_describe(kind)->name);
            separator = ", ";
        }
    }
    printf("], ");
}

static void print_fields(const mime_part *part)
{
    printf("\"fields\": [");
    for (guint i = 0; i < part->fields->len; i++) {
        const header_field *field = g_ptr_array_index(part->fields, i);
        printf("%s{", i ? ", " : "");
        print_string("name", field->name);
        print_string("value", field->value);
        printf("\"offset\": %zu, \"length\": %zu}", field->offset, field->length);
    }
    printf("], ");
}

static void print_blocks(const mime_part *part)
{
    printf("\"blocks\": [");
    for (guint i = 0; part->blocks && i < part->blocks->len; i++) {
        const mime_block *block = g_ptr_array_index(part->blocks, i);
        printf("%s[", i ? ", " : "");
        for (guint k = 0; k < block->fields->len; k++) {
            const header_field *field = g_ptr_array_index(block->fields, k);
            printf("%s{", k ? ", " : "");
            print_string("name", field->name);
            print_string("value", field->value);
            printf("\"length\": %zu}", field->length);
        }
        printf("]");
    }
    printf("], \"parameters\": [");
    for (guint i = 0; i < part->parameters->len; i++) {
        const mime_parameter *parameter = g_ptr_array_index(part->parameters, i);
        printf("%s{", i ? ", " : "");
        print_string("name", parameter->name);
        print_string("value", parameter->value);
        printf("\"index\": %u}", i);
    }
    printf("], ");
}

static void print_text_around(const char *key, const mime_part *part, gsize offset, gsize length)
{
    slice bytes = slice_head(slice_from(part->source->bytes, offset), length);
    char *text = charset_to_utf8(bytes, SLICE_EMPTY, NULL);
    print_string(key, length ? text : NULL);
    g_free(text);
}

/* The decoder fed byte by byte: the same must come out. */
static gboolean same_byte_by_byte(const mime_part *part, const GByteArray *decoded)
{
    GByteArray *out = g_byte_array_new();
    cte_decoder *decoder = cte_decoder_new(part->encoding, out);
    for (gsize i = 0; i < part->body_length; i++)
        cte_decoder_feed(decoder, (slice){part->source->bytes.data + part->body_offset + i, 1});
    anomaly_set met = cte_decoder_finish(decoder);
    cte_decoder_free(decoder);
    gboolean undecodable = part->encoding == MIME_ENCODING_UUENCODE && (met & ANOMALY_BIT(ANOMALY_BAD_UUENCODE)) && out->len == 0;
    gboolean same = undecodable || (out->len == decoded->len && (out->len == 0 || memcmp(out->data, decoded->data, out->len) == 0));
    g_byte_array_unref(out);
    return same;
}

/* The mailboxes of the fields that are address lists, each as name, address, group. */
static void print_addresses(const mime_part *part)
{
    static const char *const names[] = {"From", "To", "Cc"};
    printf("\"addresses\": [");
    for (gsize n = 0, count = 0; n < G_N_ELEMENTS(names); n++) {
        const header_field *field = mime_part_field(part, names[n]);
        GPtrArray *list = field ? rfc822_parse_address_list(field->raw_value, NULL) : NULL;
        for (guint i = 0; list && i < list->len; i++) {
            const rfc822_address *address = g_ptr_array_index(list, i);
            printf("%s{", count++ ? ", " : "");
            print_string("field", names[n]);
            print_string("name", address->name);
            print_string("group", address->group);
            print_string("mailbox", address->mailbox);
            printf("\"index\": %u}", i);
        }
        if (list)
            g_ptr_array_unref(list);
    }
    printf("], ");
}

/* Small bodies as they are. */
enum { SHOWN_BYTES = 16384 };

static void print_bytes(const GByteArray *decoded)
{
    char *text = decoded->len <= SHOWN_BYTES ? g_base64_encode(decoded->data, decoded->len) : NULL;
    print_string("bytes", decoded->len ? text : "");
    g_free(text);
}

static void print_part(const mime_message *message, const mime_part *part)
{
    anomaly_set decoding = 0, texts = 0;
    GByteArray *decoded = mime_part_decode(message, part, &decoding);
    char *sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, decoded->data, decoded->len);
    putchar('{');
    print_string("path", part->path);
    print_string("type", part->type);
    print_string("charset", part->charset);
    print_string("boundary", part->boundary);
    print_string("encoding", part->encoding_name);
    print_string("disposition", part->disposition);
    print_string("filename", part->filename);
    print_string("other_filename", part->other_filename);
    print_string("description", part->description);
    print_text_around("preamble", part, part->preamble_offset, part->preamble_length);
    print_text_around("epilogue", part, part->epilogue_offset, part->epilogue_length);
    print_string("content_id", part->content_id);
    print_string("sha256", sha256);
    print_anomalies("anomalies", part->anomalies);
    print_anomalies("decoding", decoding);
    print_fields(part);
    print_blocks(part);
    print_addresses(part);
    print_bytes(decoded);
    if (!part->children && g_str_has_prefix(part->type, "text/")) {
        char *text = mime_part_text(message, part, decoded->data, decoded->len, &texts);
        print_string("text", text);
        print_anomalies("in_text", texts);
        g_free(text);
    }
    if (!message->gap_count)
        printf("\"same_byte_by_byte\": %s, ", same_byte_by_byte(part, decoded) ? "true" : "false");
    const mime_part *first = part->children ? g_ptr_array_index(part->children, 0) : NULL;
    printf("\"looked_into\": %s, ", first && first->source != part->source ? "true" : "false");
    printf("\"decoded_inside\": %s, ", part->source->depth ? "true" : "false");
    printf("\"children\": %u, \"attachment\": %s, \"message\": %s, \"complete\": %s, \"missing\": %" G_GUINT64_FORMAT
           ", \"size\": %u, \"offsets\": [%zu, %zu, %zu, %zu]}\n",
           part->children ? part->children->len : 0, part->is_attachment ? "true" : "false", part->is_message ? "true" : "false",
           part->complete ? "true" : "false", part->missing, decoded->len, part->header_offset, part->header_length,
           part->body_offset, part->body_length);
    g_free(sha256);
    g_byte_array_unref(decoded);
}

static void dump(slice bytes, const GArray *gaps, gboolean cut)
{
    mime_message *message = mime_message_parse(bytes, (const mime_gap *)(void *)gaps->data, gaps->len, cut);
    for (guint i = 0; i < message->parts->len; i++)
        print_part(message, g_ptr_array_index(message->parts, i));
    mime_message_free(message);
}

static GByteArray *read_all(FILE *file)
{
    guint8 buffer[65536];
    GByteArray *bytes = g_byte_array_new();
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;)
        g_byte_array_append(bytes, buffer, (guint)got);
    return bytes;
}

static void dump_file(FILE *file, const GArray *gaps, gboolean cut)
{
    GByteArray *bytes = read_all(file);
    dump((slice){bytes->data, bytes->len}, gaps, cut);
    g_byte_array_unref(bytes);
}

static void dump_batch(const GArray *gaps)
{
    guint8 head[4];
    while (fread(head, 1, 4, stdin) == 4) {
        gsize len = (gsize)head[0] << 24 | (gsize)head[1] << 16 | (gsize)head[2] << 8 | head[3];
        guint8 *bytes = g_malloc(len + 1);
        if (fread(bytes, 1, len, stdin) == len)
            dump((slice){bytes, len}, gaps, FALSE);
        putchar('\n');
        fflush(stdout);
        g_free(bytes);
    }
}

int main(int argc, char **argv)
{
    GArray *gaps = g_array_new(FALSE, FALSE, sizeof(mime_gap));
    gboolean cut = FALSE, done = FALSE;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--cut") == 0) {
            cut = TRUE;
        } else if (strcmp(argv[i], "--batch") == 0) {
            dump_batch(gaps);
            done = TRUE;
        } else if (strcmp(argv[i], "--gap") == 0 && i + 1 < argc) {
            char *colon = NULL;
            mime_gap gap = {(gsize)strtoull(argv[++i], &colon, 0), 0};
            gap.missing = *colon == ':' ? strtoull(colon + 1, NULL, 0) : 0;
            g_array_append_val(gaps, gap);
        } else {
            FILE *file = fopen(argv[i], "rb");
            if (!file) {
                perror(argv[i]);
                return 1;
            }
            dump_file(file, gaps, cut);
            fclose(file);
            done = TRUE;
        }
    }
    if (!done)
        dump_file(stdin, gaps, cut);
    g_array_unref(gaps);
    return 0;
}
