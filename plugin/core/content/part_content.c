/* part_content.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "part_content.h"

#include "cms_reader.h"
#include "file_extension.h"
#include "limits.h"
#include "mime_param.h"
#include "rtf_compressed.h"
#include "tnef.h"

/* ---- what a part is ---- */

static gboolean is_one_of(const char *type, const char *const *types)
{
    for (; *types; types++) {
        if (strcmp(type, *types) == 0)
            return TRUE;
    }
    return FALSE;
}

gboolean part_content_is_text(const mime_part *part)
{
    static const char *const types[] = {"application/ics", "application/vcard", "application/x-vcard", NULL};
    return g_str_has_prefix(part->type, "text/") || is_one_of(part->type, types);
}

/* RFC 8551 3.2 and 3.2.1: the type, its old form, or the name's extension where the type says nothing. */
static gboolean is_smime(const mime_part *part)
{
    static const char *const types[] = {"application/pkcs7-mime", "application/x-pkcs7-mime", NULL};
    static const char *const vague[] = {"application/octet-stream", "application/x-pkcs7", "application/pkcs7", NULL};
    slice extension = file_extension_of(slice_of(part->filename));
    return is_one_of(part->type, types) ||
           (is_one_of(part->type, vague) && (slice_is(extension, "p7m") || slice_is(extension, "p7z")));
}

/* ---- protection ---- */

/* A parameter of Content-Type; NULL: none. g_free() it. */
static char *content_parameter(const mime_part *part, const char *name)
{
    const header_field *field = part->fields ? mime_part_field(part, "Content-Type") : NULL;
    if (!field)
        return NULL;
    mime_param_list *content = mime_param_parse(field->raw_value, NULL);
    char *value = g_strdup(mime_param_value(content, name));
    mime_param_list_free(content);
    return value;
}

static gboolean has_parameter(const mime_part *part, const char *name, const char *value)
{
    char *given = content_parameter(part, name);
    gboolean same = slice_is(slice_of(given), value);
    g_free(given);
    return same;
}

/* What smime-type says of bytes that are cut or damaged. */
static const char *declared_protection(const mime_part *part)
{
    static const struct {
        const char *type, *protection;
    } rows[] = {{"signed-data", "signed"},
                {"enveloped-data", "encrypted"},
                {"authenveloped-data", "encrypted"},
                {"compressed-data", "compressed"}};
    char *type = content_parameter(part, "smime-type");
    const char *protection = NULL;
    for (guint i = 0; type && i < G_N_ELEMENTS(rows); i++) {
        if (slice_is(slice_of(type), rows[i].type))
            protection = rows[i].protection;
    }
    g_free(type);
    return protection;
}

static const char *smime_protection(const mime_part *part, slice decoded)
{
    switch (cms_reader_kind(decoded)) {
    case CMS_SIGNED: /* certificates alone (certs-only) come in signed-data, too */
        return cms_reader_has_content(decoded) ? "signed" : NULL;
    case CMS_ENVELOPED:
        return "encrypted";
    case CMS_COMPRESSED:
        return "compressed";
    case CMS_NONE:
        return declared_protection(part);
    default:
        return NULL;
    }
}

/* RFC 9580 6.2, 7: armour at the beginning of a line. A quoted one is none of this mail. */
static const char *armour_protection(slice text)
{
    static const char begin[] = "-----BEGIN PGP ";
    while (text.len > sizeof begin) {
        if (slice_has_prefix(text, begin)) {
            slice kind = slice_from(text, sizeof begin - 1);
            if (slice_has_prefix(kind, "MESSAGE-----"))
                return "encrypted";
            if (slice_has_prefix(kind, "SIGNED MESSAGE-----"))
                return "signed";
        }
        const guint8 *end = memchr(text.data, '\n', text.len);
        if (!end)
            return NULL;
        text = slice_from(text, (gsize)(end - text.data) + 1);
    }
    return NULL;
}

const char *part_content_protection(const mime_part *part, slice decoded)
{
    if (strcmp(part->type, "multipart/signed") == 0)
        return "signed";
    if (strcmp(part->type, "multipart/encrypted") == 0)
        return "encrypted";
    if (part->children)
        return NULL;
    if (is_smime(part))
        return smime_protection(part, decoded);
    return strcmp(part->type, "text/plain") == 0 ? armour_protection(decoded) : NULL;
}

/* ---- links ---- */

url_list part_content_urls(const mime_part *part, const char *text)
{
    if (strcmp(part->type, "text/html") == 0)
        return url_finder_html(slice_of(text));
    if (!has_parameter(part, "format", "flowed"))
        return url_finder_text(slice_of(text));
    char *joined = url_finder_unflow(text, has_parameter(part, "delsp", "yes"));
    url_list urls = url_finder_text(slice_of(joined));
    g_free(joined);
    return urls;
}

/* ---- derived parts ---- */

typedef struct opener {
    const mime_part *part; /* what is opened */
    part_budget *budget;
    part_content *content;
} opener;

static void derived_free(gpointer data)
{
    derived_part *derived = data;
    mime_message_free(derived->message);
    if (derived->owned)
        g_byte_array_unref(derived->owned);
    g_free(derived->part.path);
    g_free(derived->part.type);
    g_free(derived->part.charset);
    g_free(derived->part.filename);
    g_free(derived);
}

/* Is there room for one more of that size? */
static gboolean spend(opener *o, gsize bytes)
{
    part_budget *budget = o->budget;
    if (budget->parts >= LIMIT_DERIVED_PARTS || bytes > LIMIT_DERIVED_BYTES - budget->bytes) {
        o->content->anomalies |= ANOMALY_BIT(ANOMALY_CONTENT_LIMIT);
        return FALSE;
    }
    budget->parts++;
    budget->bytes += bytes;
    return TRUE;
}

/* What one compressed thing may become: many bombs in one mail share one budget. */
static gsize room_left(const opener *o)
{
    return MIN(LIMIT_INFLATED_BYTES, LIMIT_DERIVED_BYTES - o->budget->bytes);
}

/* A new derived part, or NULL at the limit. `path` and `owned` (may be NULL) are taken over. */
static derived_part *add(opener *o, char *path, const char *type, slice bytes, GByteArray *owned)
{
    if (!spend(o, bytes.len)) {
        g_free(path);
        if (owned)
            g_byte_array_unref(owned);
        return NULL;
    }
    derived_part *derived = g_new0(derived_part, 1);
    derived->part.path = path;
    derived->part.type = g_strdup(type);
    derived->part.depth = o->part->depth + 1;
    derived->part.complete = o->part->complete;
    derived->part.body_length = bytes.len;
    derived->bytes = bytes;
    derived->owned = owned;
    g_ptr_array_add(o->content->parts, derived);
    return derived;
}

static char *path_below(const mime_part *part, const char *path)
{
    if (!*part->path || !*path)
        return g_strdup(*path ? path : part->path);
    return g_strdup_printf("%s.%s", part->path, path);
}

/* Takes the bytes for a mail. Where bytes of the outer part are lost, nobody knows where they are missing inside. */
static void parse_as_mail(const mime_part *outer, derived_part *derived)
{
    mime_message *message = mime_message_parse(derived->bytes, NULL, 0, !outer->complete);
    for (guint i = 0; i < message->parts->len; i++) {
        mime_part *part = g_ptr_array_index(message->parts, i);
        char *path = path_below(outer, part->path);
        g_free(part->path);
        part->path = path;
        part->complete = part->complete && outer->complete;
    }
    derived->message = message;
}

/* ---- TNEF ---- */

/* What Outlook itself treats as mail when it is in a TNEF: a forwarded one, and a signed one as it came. */
static gboolean is_mail(const derived_part *derived)
{
    static const char *const types[] = {"message/rfc822", "multipart/signed", NULL};
    return is_one_of(derived->part.type, types);
}

static gboolean is_media_type(const char *type)
{
    const char *slash = type ? strchr(type, '/') : NULL;
    return slash && slash > type && slash[1] && !strpbrk(type, " ;,");
}

static void add_tnef_attachment(opener *o, const tnef_attachment *attachment, guint number)
{
    char *path = g_strdup_printf("%s.%u", o->part->path, number);
    const char *type = attachment->is_tnef               ? "application/ms-tnef"
                       : is_media_type(attachment->type) ? attachment->type
                                                         : "application/octet-stream";
    derived_part *derived = add(o, path, type, attachment->data, NULL);
    if (!derived)
        return;
    derived->part.is_attachment = TRUE;
    if (attachment->is_cut)
        derived->part.complete = FALSE;
    if (attachment->name)
        derived->part.filename = g_strconcat(attachment->name, attachment->is_tnef ? ".tnef" : NULL, NULL);
    if (is_mail(derived))
        parse_as_mail(&derived->part, derived);
}

static void add_tnef_body(opener *o, const char *name, const char *type, slice bytes, GByteArray *owned)
{
    derived_part *derived = add(o, g_strdup_printf("%s.%s", o->part->path, name), type, bytes, owned);
    if (derived && strcmp(name, "text") == 0)
        derived->part.charset = g_strdup("utf-8");
}

static void open_tnef(opener *o, slice decoded)
{
    tnef_stream *stream = tnef_read(decoded);
    o->content->anomalies |= stream->anomalies;
    for (guint i = 0; i < stream->attachments->len; i++)
        add_tnef_attachment(o, g_ptr_array_index(stream->attachments, i), i + 1);
    if (stream->text && *stream->text) {
        GByteArray *text =
            g_byte_array_append(g_byte_array_new(), (const guint8 *)stream->text, (guint)strlen(stream->text));
        add_tnef_body(o, "text", "text/plain", (slice){text->data, text->len}, text);
    }
    if (stream->html.len)
        add_tnef_body(o, "html", "text/html", stream->html, NULL);
    GByteArray *rtf = stream->compressed_rtf.len
                          ? rtf_compressed_unpack(stream->compressed_rtf, room_left(o), &o->content->anomalies)
                          : NULL;
    if (rtf)
        add_tnef_body(o, "rtf", "text/rtf", (slice){rtf->data, rtf->len}, rtf);
    tnef_stream_free(stream);
}

/* ---- S/MIME ---- */

static void open_smime(opener *o, slice decoded)
{
    GByteArray *content = cms_reader_content(decoded, room_left(o), &o->content->anomalies);
    if (!content)
        return;
    derived_part *derived =
        add(o, g_strdup(o->part->path), "message/rfc822", (slice){content->data, content->len}, content);
    if (derived)
        parse_as_mail(o->part, derived);
}

/* ---- public ---- */

static gboolean is_tnef(const mime_part *part, slice head)
{
    return tnef_is_tnef(head) && !g_str_has_prefix(part->type, "text/");
}

gboolean part_content_may_open(const mime_part *part, slice head)
{
    return is_tnef(part, head) || is_smime(part);
}

part_content *part_content_open(const mime_part *part, slice decoded, part_budget *budget)
{
    gboolean tnef = is_tnef(part, decoded);
    cms_kind kind = is_smime(part) ? cms_reader_kind(decoded) : CMS_NONE;
    if (!tnef && kind != CMS_SIGNED && kind != CMS_COMPRESSED)
        return NULL;
    part_content *content = g_new0(part_content, 1);
    content->parts = g_ptr_array_new_with_free_func(derived_free);
    opener o = {part, budget, content};
    budget->depth++;
    if (budget->depth > LIMIT_DERIVED_DEPTH)
        content->anomalies |= ANOMALY_BIT(ANOMALY_CONTENT_LIMIT);
    else if (tnef)
        open_tnef(&o, decoded);
    else
        open_smime(&o, decoded);
    return content;
}

void part_content_close(part_content *content, part_budget *budget)
{
    if (!content)
        return;
    budget->depth--;
    g_ptr_array_unref(content->parts);
    g_free(content);
}
