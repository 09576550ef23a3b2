/* gmime_dump.c
 * Prints what GMime makes of messages, in the words of mime_dump.c, for check_mime_against_references.py.
 *
 *   gmime_dump        (reads 4-byte big-endian lengths and messages from standard input; prints one JSON line
 *                      per part and an empty line behind each message)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <gmime/gmime.h>
#include <stdio.h>

static void print_string(const char *key, const char *text)
{
    char *valid = text ? g_utf8_make_valid(text, -1) : NULL;
    printf("\"%s\": %s", key, valid ? "\"" : "null, ");
    for (const guchar *p = (const guchar *)valid; p && *p; p++) {
        if (*p < 0x20 || *p == '"' || *p == '\\')
            printf("\\u%04x", *p);
        else
            putchar(*p);
    }
    if (valid)
        printf("\", ");
    g_free(valid);
}

static const char *filename_of(GMimeObject *object)
{
    GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(object);
    GMimeContentType *type = g_mime_object_get_content_type(object);
    const char *name = disposition ? g_mime_content_disposition_get_parameter(disposition, "filename") : NULL;
    return name ? name : g_mime_content_type_get_parameter(type, "name");
}

static void print_content(GMimePart *part)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (content)
        g_mime_data_wrapper_write_to_stream(content, stream);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    char *sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes->data, bytes->len);
    print_string("sha256", sha256);
    printf("\"size\": %u, ", bytes->len);
    g_free(sha256);
    g_object_unref(stream);
    if (GMIME_IS_TEXT_PART(part)) {
        char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(part));
        print_string("text", text);
        g_free(text);
    }
}

/* Prints the part; `path` as mime_parser.h numbers them, `root`: of a message. */
static void print_object(GMimeObject *object, const char *path, gboolean root)
{
    GMimeContentType *content = g_mime_object_get_content_type(object);
    gboolean multipart = GMIME_IS_MULTIPART(object) && g_mime_multipart_get_count(GMIME_MULTIPART(object)) > 0;
    char *type = g_mime_content_type_get_mime_type(content), *lower = g_ascii_strdown(type, -1);
    char *own = root && !multipart ? g_strdup_printf("%s%s1", path, *path ? "." : "") : g_strdup(path);
    putchar('{');
    print_string("path", own);
    print_string("type", lower);
    print_string("filename", filename_of(object));
    if (GMIME_IS_PART(object))
        print_content(GMIME_PART(object));
    printf("\"by\": \"gmime\"}\n");
    for (int i = 0; multipart && i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); i++) {
        char *child = g_strdup_printf("%s%s%d", own, *own ? "." : "", i + 1);
        print_object(g_mime_multipart_get_part(GMIME_MULTIPART(object), i), child, FALSE);
        g_free(child);
    }
    GMimeMessage *inner = GMIME_IS_MESSAGE_PART(object) ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)) : NULL;
    if (inner && g_mime_message_get_mime_part(inner))
        print_object(g_mime_message_get_mime_part(inner), own, TRUE);
    g_free(own);
    g_free(type);
    g_free(lower);
}

static void dump(const char *bytes, gsize len)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    if (message && g_mime_message_get_mime_part(message))
        print_object(g_mime_message_get_mime_part(message), "", TRUE);
    if (message)
        g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
    putchar('\n');
    fflush(stdout);
}

int main(void)
{
    guint8 head[4];
    g_mime_init();
    while (fread(head, 1, 4, stdin) == 4) {
        gsize len = (gsize)head[0] << 24 | (gsize)head[1] << 16 | (gsize)head[2] << 8 | head[3];
        char *bytes = g_malloc(len + 1);
        if (fread(bytes, 1, len, stdin) == len)
            dump(bytes, len);
        g_free(bytes);
    }
    g_mime_shutdown();
    return 0;
}
