/* jsonl.c
 * RFC 8259 7: quotation mark, reverse solidus and U+0000..U+001F must be escaped. U+007F, U+2028 and U+2029 are too,
 * for readers that take them for control characters or line ends.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "jsonl.h"

static void append_character(GString *line, gunichar c)
{
    static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* character, letter of its escape */
    for (gsize i = 0; i + 1 < sizeof escapes - 1; i += 2) {
        if ((gunichar)escapes[i] == c) {
            g_string_append_c(line, '\\');
            g_string_append_c(line, escapes[i + 1]);
            return;
        }
    }
    if (c < 0x20 || c == 0x7f || c == 0x2028 || c == 0x2029)
        g_string_append_printf(line, "\\u%04x", c);
    else
        g_string_append_unichar(line, c);
}

/* How many bytes from `text` on stand for themselves. U+2028 and U+2029 begin with E2. */
static gsize plain_length(const char *text)
{
    gsize length = 0;
    for (;; length++) {
        guint8 byte = (guint8)text[length];
        if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f || byte == 0xe2)
            return length;
    }
}

static void append_valid(GString *line, const char *text)
{
    for (;;) {
        gsize plain = plain_length(text);
        g_string_append_len(line, text, (gssize)plain);
        text += plain;
        if (!*text)
            return;
        append_character(line, g_utf8_get_char(text));
        text = g_utf8_next_char(text);
    }
}

static void append_text(GString *line, const char *text)
{
    if (!text) {
        g_string_append(line, "null");
        return;
    }
    g_string_append_c(line, '"');
    if (g_utf8_validate(text, -1, NULL)) {
        append_valid(line, text);
    } else {
        char *valid = g_utf8_make_valid(text, -1);
        append_valid(line, valid);
        g_free(valid);
    }
    g_string_append_c(line, '"');
}

static void append_key(GString *line, const char *key)
{
    if (line->len > 1)
        g_string_append_c(line, ',');
    g_string_append_c(line, '"');
    g_string_append(line, key);
    g_string_append(line, "\":");
}

void jsonl_begin(GString *line)
{
    g_string_assign(line, "{");
}

void jsonl_text(GString *line, const char *key, const char *text)
{
    append_key(line, key);
    append_text(line, text);
}

void jsonl_texts(GString *line, const char *key, char *const *texts)
{
    append_key(line, key);
    g_string_append_c(line, '[');
    for (gsize i = 0; texts && texts[i]; i++) {
        if (i)
            g_string_append_c(line, ',');
        append_text(line, texts[i]);
    }
    g_string_append_c(line, ']');
}

void jsonl_number(GString *line, const char *key, guint64 number)
{
    append_key(line, key);
    g_string_append_printf(line, "%" G_GUINT64_FORMAT, number);
}

void jsonl_bool(GString *line, const char *key, gboolean value)
{
    jsonl_literal(line, key, value ? "true" : "false");
}

void jsonl_literal(GString *line, const char *key, const char *literal)
{
    append_key(line, key);
    g_string_append(line, literal);
}

void jsonl_null(GString *line, const char *key)
{
    jsonl_literal(line, key, "null");
}

void jsonl_object(GString *line, const char *key, const GString *object)
{
    jsonl_literal(line, key, object->str);
    g_string_append_c(line, '}');
}

void jsonl_members(GString *line, const GString *object)
{
    if (object->len > 1 && line->len > 1)
        g_string_append_c(line, ',');
    g_string_append_len(line, object->str + 1, (gssize)object->len - 1);
}

void jsonl_end(GString *line)
{
    g_string_append(line, "}\n");
}
