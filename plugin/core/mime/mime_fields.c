/* mime_fields.c
 *
 * Which of two counts:
 *   - of two fields of a name the first (DUPLICATE_FIELD);
 *   - of the names: Content-Disposition filename, Content-Type name, Content-Disposition name, Content-Type
 *     filename, Content-Description if it looks like a file name. The first two that differ are both kept
 *     (FILENAMES_DIFFER): a filter that reads one and a client that reads the other is an old way past filters.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mime_fields.h"

#include "charset.h"
#include "charset_guess.h"
#include "cte_decoder.h"
#include "export_name.h"
#include "header.h"
#include "mime_param.h"
#include "rfc822_lexer.h"

/* RFC 2045 8.1 "at most once" by its grammar, and RFC 5322 3.6. */
static const char *const single_fields[] = {"Content-Type",
                                            "Content-Transfer-Encoding",
                                            "Content-Disposition",
                                            "Content-ID",
                                            "From",
                                            "Sender",
                                            "Reply-To",
                                            "Subject",
                                            "Date",
                                            "Message-ID",
                                            "MIME-Version"};

static void check_duplicates(mime_part *part)
{
    gboolean seen[G_N_ELEMENTS(single_fields)] = {FALSE};
    for (guint i = 0; i < part->fields->len; i++) {
        const header_field *field = g_ptr_array_index(part->fields, i);
        for (gsize k = 0; k < G_N_ELEMENTS(single_fields); k++) {
            if (!header_field_is(field, single_fields[k]))
                continue;
            if (seen[k])
                part->anomalies |= ANOMALY_BIT(ANOMALY_DUPLICATE_FIELD);
            seen[k] = TRUE;
        }
    }
}

static void parameter_free(gpointer data)
{
    mime_parameter *parameter = data;
    g_free(parameter->name);
    g_free(parameter->value);
    g_free(parameter);
}

/* The parsed value of that field, its parameters noted; NULL: no such field. */
static mime_param_list *read_value(mime_part *part, const char *name)
{
    const header_field *field = header_find(part->fields, name);
    mime_param_list *list = field ? mime_param_parse(field->raw_value, &part->anomalies) : NULL;
    for (guint i = 0; list && i < list->params->len; i++) {
        const mime_param *param = g_ptr_array_index(list->params, i);
        mime_parameter *parameter = g_new(mime_parameter, 1);
        *parameter = (mime_parameter){g_strdup(param->name), g_strdup(param->value)};
        g_ptr_array_add(part->parameters, parameter);
    }
    return list;
}

static char *dup_value(const mime_param_list *list, const char *name)
{
    const char *value = list ? mime_param_value(list, name) : NULL;
    return value && *value ? g_strdup(value) : NULL;
}

/* token "/" token, and nothing behind it but what can be cut off: "text/html=..." where a ";" was lost. Its length;
 * 0: it is none. */
static gsize media_type_length(const char *value)
{
    gsize type = 0;
    while (rfc822_is_token_char((guint8)value[type]))
        type++;
    if (type == 0 || value[type] != '/')
        return 0;
    gsize end = type + 1;
    while (rfc822_is_token_char((guint8)value[end]))
        end++;
    return end > type + 1 && value[end] != '/' ? end : 0;
}

/* RFC 2045 5.2 and RFC 2046 5.1.5: what a part is that does not say so, or says nonsense. */
static void set_type(mime_part *part, const mime_param_list *content)
{
    gsize len = content ? media_type_length(content->value) : 0;
    gboolean in_digest = part->parent && strcmp(part->parent->type, "multipart/digest") == 0;
    if (content && (len == 0 || content->value[len]))
        part->anomalies |= ANOMALY_BIT(ANOMALY_BAD_CONTENT_TYPE);
    if (len)
        part->type = g_strndup(content->value, len);
    else
        part->type = g_strdup(!content && in_digest ? "message/rfc822" : "text/plain");
}

static void set_encoding(mime_part *part)
{
    const header_field *field = header_find(part->fields, "Content-Transfer-Encoding");
    if (!field || rfc822_trim(field->raw_value).len == 0)
        return;
    part->encoding = cte_decoder_encoding(field->raw_value);
    char *lower = g_ascii_strdown(field->value, -1);
    part->encoding_name = g_strstrip(lower);
    if (part->encoding == MIME_ENCODING_UNKNOWN)
        part->anomalies |= ANOMALY_BIT(ANOMALY_UNKNOWN_ENCODING);
}

static void set_content_id(mime_part *part)
{
    const header_field *field = header_find(part->fields, "Content-ID");
    if (!field)
        return;
    slice id = rfc822_trim(slice_of(field->value));
    if (id.len >= 2 && id.data[0] == '<' && id.data[id.len - 1] == '>')
        id = slice_head(slice_from(id, 1), id.len - 2);
    part->content_id = slice_dup(id);
}

/* ---- names ---- */

/* The extension with its dot; the end of the name when there is none. */
static const char *extension_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot : name + strlen(name);
}

/* A name found later. A plain filename= beside the filename*= that says it in Unicode is what RFC 6266 4.3 wants: it
 * hides nothing as long as the extension is the same. */
static void add_filename(mime_part *part, const char *name, gboolean fallback)
{
    if (!name || !*name)
        return;
    if (!part->filename) {
        part->filename = g_strdup(name);
        return;
    }
    if (part->other_filename || strcmp(part->filename, name) == 0)
        return;
    part->other_filename = g_strdup(name);
    if (!fallback || g_ascii_strcasecmp(extension_of(part->filename), extension_of(name)) != 0)
        part->anomalies |= ANOMALY_BIT(ANOMALY_FILENAMES_DIFFER);
}

static void add_parameter_name(mime_part *part, const mime_param_list *list, const char *parameter)
{
    const mime_param *param = list ? mime_param_find(list, parameter) : NULL;
    if (!param)
        return;
    add_filename(part, param->value, FALSE);
    add_filename(part, param->other, param->other_is_fallback);
}

/* "report.pdf", and not "The report (v1.2)": one dot-separated extension of letters and digits. */
static gboolean looks_like_filename(const char *text)
{
    const char *extension = extension_of(text);
    gsize len = strlen(extension);
    for (gsize i = 1; i < len; i++) {
        if (!g_ascii_isalnum(extension[i]))
            return FALSE;
    }
    return extension > text && extension[-1] != ' ' && len >= 2 && len <= 6;
}

static void set_filename(mime_part *part, const mime_param_list *content, const mime_param_list *disposition)
{
    add_parameter_name(part, disposition, "filename");
    add_parameter_name(part, content, "name");
    add_parameter_name(part, disposition, "name");
    add_parameter_name(part, content, "filename");
    if (!part->filename && part->description && looks_like_filename(part->description) &&
        !g_str_has_prefix(part->type, "multipart/"))
        part->filename = g_strdup(part->description);
    mime_fields_check_filename(part);
}

void mime_fields_check_filename(mime_part *part)
{
    gboolean changed = FALSE;
    if (part->filename)
        g_free(export_name_safe(part->filename, &changed));
    if (changed)
        part->anomalies |= ANOMALY_BIT(ANOMALY_UNSAFE_FILENAME);
}

/* ---- 8-bit bytes in the header ---- */

static gboolean is_raw(const header_field *field)
{
    return !charset_is_ascii(field->sent) &&
           !g_utf8_validate_len((const char *)field->sent.data, field->sent.len, NULL);
}

/* Are all raw fields text in that charset? */
static gboolean fits(const mime_part *part, slice charset)
{
    anomaly_set met = 0;
    for (guint i = 0; i < part->fields->len; i++) {
        const header_field *field = g_ptr_array_index(part->fields, i);
        if (is_raw(field))
            g_free(charset_to_utf8(field->sent, charset, &met));
    }
    return charset.len && met == 0;
}

/* What all raw fields together look like: one alone may be too short to tell. */
static const char *guess_charset(const mime_part *part)
{
    GByteArray *all = g_byte_array_new();
    for (guint i = 0; i < part->fields->len; i++) {
        const header_field *field = g_ptr_array_index(part->fields, i);
        if (!is_raw(field))
            continue;
        g_byte_array_append(all, field->sent.data, (guint)field->sent.len);
        g_byte_array_append(all, (const guint8 *)"\n", 1);
    }
    const char *charset = charset_guess((slice){all->data, all->len});
    g_byte_array_unref(all);
    return charset;
}

static char *declared_charset(const mime_part *part)
{
    const header_field *field = header_find(part->fields, "Content-Type");
    mime_param_list *list = field ? mime_param_parse(field->sent, NULL) : NULL;
    const char *value = list ? mime_param_value(list, "charset") : NULL;
    char *charset = value ? g_strdup(value) : NULL;
    mime_param_list_free(list);
    return charset;
}

/* RFC 6532 wants UTF-8. Before it there were senders who wrote the charset of the body, and others. */
static void convert_raw_fields(mime_part *part)
{
    guint raw = 0;
    for (guint i = 0; i < part->fields->len; i++)
        raw += is_raw(g_ptr_array_index(part->fields, i));
    char *declared = raw ? declared_charset(part) : NULL;
    const char *around = part->parent ? part->parent->header_charset : NULL;
    if (part->parent && !raw)
        part->header_charset = g_strdup(around);
    if (!raw)
        return;
    const char *charset = fits(part, slice_of(declared)) ? declared
                          : fits(part, slice_of(around)) ? around
                                                         : guess_charset(part);
    for (guint i = 0; i < part->fields->len; i++) {
        header_field *field = g_ptr_array_index(part->fields, i);
        if (is_raw(field))
            header_field_convert(field, slice_of(charset));
    }
    part->header_charset = g_strdup(charset);
    g_free(declared);
}

void mime_fields_interpret(mime_part *part)
{
    part->parameters = g_ptr_array_new_with_free_func(parameter_free);
    convert_raw_fields(part);
    mime_param_list *content = read_value(part, "Content-Type");
    mime_param_list *disposition = read_value(part, "Content-Disposition");
    const header_field *description = header_find(part->fields, "Content-Description");
    check_duplicates(part);
    set_type(part, content);
    set_encoding(part);
    set_content_id(part);
    part->description = description && *description->value ? g_strdup(description->value) : NULL;
    set_filename(part, content, disposition);
    if (disposition && *disposition->value)
        part->disposition = g_strdup(disposition->value);
    part->charset = dup_value(content, "charset");
    part->boundary = g_str_has_prefix(part->type, "multipart/") ? dup_value(content, "boundary") : NULL;
    mime_param_list_free(content);
    mime_param_list_free(disposition);
}

GByteArray *mime_fields_boundary(const mime_part *part)
{
    const header_field *field = header_find(part->fields, "Content-Type");
    mime_param_list *list = field ? mime_param_parse(field->sent, NULL) : NULL;
    GByteArray *boundary = NULL;
    if (list && mime_param_find(list, "boundary")) {
        slice bytes = rfc822_trim_right(mime_param_bytes(list, "boundary"));
        boundary = g_byte_array_append(g_byte_array_new(), bytes.data, (guint)bytes.len);
    }
    mime_param_list_free(list);
    return boundary;
}
