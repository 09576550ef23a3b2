/* imap_bodystructure.c
 *
 *   body            = "(" (body-type-1part / body-type-mpart) ")"                       RFC 9051 9
 *   body-type-mpart = 1*body SP media-subtype [SP param [SP dsp [SP lang [SP loc *(SP extension)]]]]
 *   body-type-1part = type SP subtype SP param SP id SP desc SP enc SP octets
 *                     [SP envelope SP body SP lines]   of message/rfc822 and message/global
 *                     [SP lines]                       of text
 *                     [SP md5 [SP dsp [SP lang [SP loc *(SP extension)]]]]
 *   envelope        = "(" date SP subject SP from SP sender SP reply-to SP to SP cc SP bcc SP in-reply-to SP message-id
 * ")" address         = "(" name SP adl SP mailbox SP host ")"
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_bodystructure.h"
#include "encoded_word.h"
#include "imap_lexer.h"
#include "limits.h"
#include "mime_param.h"

typedef struct body_reading {
    imap_cursor cursor;
    imap_token token; /* the one that is looked at */
    GByteArray *scratch;
    guint parts;
    gboolean failed;
} body_reading;

static void advance(body_reading *reading)
{
    imap_cursor_next(&reading->cursor, &reading->token);
}

static gboolean at_end(const body_reading *reading)
{
    return reading->token.kind == IMAP_TOKEN_END || reading->token.kind == IMAP_TOKEN_CLOSE;
}

/* Passes over the value that is looked at. */
static void skip(body_reading *reading)
{
    if (reading->token.kind == IMAP_TOKEN_END)
        return;
    imap_cursor_skip_value(&reading->cursor, &reading->token);
    advance(reading);
}

static char *dup_token(body_reading *reading)
{
    return slice_dup(imap_token_string(&reading->token, reading->scratch));
}

/* A nstring; NULL for NIL and for what is none. */
static char *take_string(body_reading *reading)
{
    char *text = NULL;
    if (at_end(reading))
        return NULL;
    if (imap_token_is_string(&reading->token) && !imap_token_is_nil(&reading->token))
        text = dup_token(reading);
    skip(reading);
    return text;
}

static char *take_lower(body_reading *reading)
{
    char *text = take_string(reading);
    for (char *c = text; c && *c; c++)
        *c = g_ascii_tolower(*c);
    return text;
}

static gboolean take_number(body_reading *reading, guint64 *number_r)
{
    gboolean is_number = reading->token.kind == IMAP_TOKEN_ATOM && imap_number(reading->token.text, number_r);
    if (!at_end(reading))
        skip(reading);
    return is_number;
}

/* "(" name SP value ... ")" or NIL. */
static void take_params(body_reading *reading, GPtrArray *params)
{
    if (reading->token.kind != IMAP_TOKEN_OPEN) {
        if (!at_end(reading))
            skip(reading);
        return;
    }
    advance(reading);
    while (!at_end(reading)) {
        char *name = take_string(reading), *value = take_string(reading);
        if (name && params->len < 2 * LIMIT_PARAMS) {
            g_ptr_array_add(params, name);
            g_ptr_array_add(params, value ? value : g_strdup(""));
        } else {
            g_free(name);
            g_free(value);
        }
    }
    advance(reading);
}

/* "(" disposition SP params ")" or NIL. */
static void take_disposition(body_reading *reading, imap_body *body)
{
    if (reading->token.kind != IMAP_TOKEN_OPEN) {
        if (!at_end(reading))
            skip(reading);
        return;
    }
    advance(reading);
    body->disposition = take_lower(reading);
    take_params(reading, body->disposition_params);
    while (!at_end(reading))
        skip(reading);
    advance(reading);
}

static imap_body *body_new(imap_body *parent, char *path)
{
    imap_body *body = g_new0(imap_body, 1);
    body->parent = parent;
    body->path = path;
    body->params = g_ptr_array_new_with_free_func(g_free);
    body->disposition_params = g_ptr_array_new_with_free_func(g_free);
    return body;
}

void imap_body_free(imap_body *body)
{
    if (!body)
        return;
    if (body->children)
        g_ptr_array_unref(body->children);
    g_ptr_array_unref(body->params);
    g_ptr_array_unref(body->disposition_params);
    g_free(body->path);
    g_free(body->type);
    g_free(body->encoding);
    g_free(body->id);
    g_free(body->description);
    g_free(body->disposition);
    g_free(body->envelope_subject);
    g_free(body->envelope_from);
    g_free(body);
}

static void free_child(gpointer data)
{
    imap_body_free(data);
}

static void read_body(body_reading *reading, imap_body *body, guint depth);

/* The part that is looked at, as a child of `parent`. */
static void read_child(body_reading *reading, imap_body *parent, char *path, guint depth)
{
    imap_body *child = body_new(parent, path);
    if (!parent->children)
        parent->children = g_ptr_array_new_with_free_func(free_child);
    g_ptr_array_add(parent->children, child);
    read_body(reading, child, depth);
}

static void read_multipart(body_reading *reading, imap_body *body, guint depth)
{
    for (guint number = 1; reading->token.kind == IMAP_TOKEN_OPEN && !reading->failed; number++)
        read_child(reading, body,
                   *body->path ? g_strdup_printf("%s.%u", body->path, number) : g_strdup_printf("%u", number),
                   depth + 1);
    char *subtype = take_lower(reading);
    body->type = g_strconcat("multipart/", subtype ? subtype : "mixed", NULL);
    g_free(subtype);
    if (!at_end(reading))
        take_params(reading, body->params);
    if (!at_end(reading))
        take_disposition(reading, body);
}

static void read_inner_message(body_reading *reading, imap_body *body, guint depth)
{
    guint64 lines;
    imap_envelope envelope;
    gsize from = reading->token.offset;

    skip(reading);
    if (imap_envelope_parse(slice_head(slice_from(reading->cursor.bytes, from), reading->token.offset - from),
                            &envelope)) {
        body->envelope_subject = g_strdup(envelope.subject);
        body->envelope_from = g_strdup(envelope.from);
        imap_envelope_clear(&envelope);
    }
    if (reading->token.kind == IMAP_TOKEN_OPEN) {
        imap_cursor look = reading->cursor;
        imap_token inner;
        imap_cursor_next(&look, &inner);
        read_child(reading, body,
                   inner.kind == IMAP_TOKEN_OPEN ? g_strdup(body->path) : g_strconcat(body->path, ".1", NULL),
                   depth + 1);
    } else if (!at_end(reading)) {
        skip(reading);
    }
    (void)take_number(reading, &lines);
}

static void read_leaf(body_reading *reading, imap_body *body, guint depth)
{
    guint64 lines;
    char *type, *subtype;

    if (!*body->path && !body->parent) {
        g_free(body->path);
        body->path = g_strdup("1");
    }
    type = take_lower(reading);
    subtype = take_lower(reading);
    body->type = g_strdup_printf("%s/%s", type ? type : "application", subtype ? subtype : "octet-stream");
    take_params(reading, body->params);
    body->id = take_string(reading);
    body->description = take_string(reading);
    body->encoding = take_lower(reading);
    body->has_octets = take_number(reading, &body->octets);
    if (strcmp(body->type, "message/rfc822") == 0 || strcmp(body->type, "message/global") == 0)
        read_inner_message(reading, body, depth);
    else if (type && strcmp(type, "text") == 0)
        (void)take_number(reading, &lines);
    g_free(type);
    g_free(subtype);
    if (!at_end(reading))
        skip(reading); /* md5 */
    if (!at_end(reading))
        take_disposition(reading, body);
}

/* Looking at "(": reads to behind its ")". */
static void read_body(body_reading *reading, imap_body *body, guint depth)
{
    if (depth > LIMIT_MIME_DEPTH || ++reading->parts > LIMIT_MIME_PARTS) {
        reading->failed = TRUE;
        body->type = g_strdup("application/octet-stream");
        skip(reading);
        return;
    }
    advance(reading);
    if (reading->token.kind == IMAP_TOKEN_OPEN)
        read_multipart(reading, body, depth);
    else
        read_leaf(reading, body, depth);
    while (!at_end(reading))
        skip(reading);
    advance(reading);
}

imap_body *imap_body_parse(slice text)
{
    body_reading reading = {.cursor = imap_cursor_of(text)};
    imap_body *body;

    advance(&reading);
    if (reading.token.kind != IMAP_TOKEN_OPEN)
        return NULL;
    reading.scratch = g_byte_array_new();
    body = body_new(NULL, g_strdup(""));
    read_body(&reading, body, 0);
    g_byte_array_unref(reading.scratch);
    return body;
}

const imap_body *imap_body_find(const imap_body *root, slice path)
{
    if (!root || !path.len)
        return NULL;
    if (strlen(root->path) == path.len && memcmp(root->path, path.data, path.len) == 0)
        return root;
    for (guint i = 0; root->children && i < root->children->len; i++) {
        const imap_body *child = g_ptr_array_index(root->children, i);
        const imap_body *found;
        gsize len = strlen(child->path);
        if (len > path.len || memcmp(child->path, path.data, len) != 0 ||
            (len < path.len && len && path.data[len] != '.'))
            continue;
        found = imap_body_find(child, path);
        if (found)
            return found;
    }
    return NULL;
}

/* --- a header made of it --- */

/* One line of text that cannot end the field. */
static void append_plain(GString *out, const char *text)
{
    for (; *text; text++)
        g_string_append_c(out, *text == '\r' || *text == '\n' ? ' ' : *text);
}

static void append_param(GString *out, const char *name, const char *value)
{
    gboolean extended = strchr(name, '*') && !strpbrk(value, " ;\"\\()<>@,:/[]?=");
    g_string_append(out, ";\r\n ");
    append_plain(out, name);
    g_string_append_c(out, '=');
    if (extended && *value) {
        append_plain(out, value);
        return;
    }
    g_string_append_c(out, '"');
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *value == '\r' || *value == '\n' ? ' ' : *value);
    }
    g_string_append_c(out, '"');
}

static void append_field(GString *out, const char *name, const char *value, const GPtrArray *params)
{
    if (!value)
        return;
    g_string_append_printf(out, "%s: ", name);
    append_plain(out, value);
    for (guint i = 0; params && i + 1 < params->len; i += 2)
        append_param(out, g_ptr_array_index(params, i), g_ptr_array_index(params, i + 1));
    g_string_append(out, "\r\n");
}

GString *imap_body_header(const imap_body *body)
{
    GString *out = g_string_new(NULL);
    append_field(out, "Content-Type", body->type, body->params);
    append_field(out, "Content-Transfer-Encoding", body->encoding, NULL);
    append_field(out, "Content-Disposition", body->disposition, body->disposition_params);
    append_field(out, "Content-ID", body->id, NULL);
    append_field(out, "Content-Description", body->description, NULL);
    g_string_append(out, "\r\n");
    return out;
}

/* --- envelopes --- */

/* Looking at "(" of an address: "name <mailbox@host>". Groups (RFC 9051 7.5.2): "name:" ... ";". */
static void take_address(body_reading *reading, GString *out)
{
    advance(reading);
    char *name = take_string(reading), *route = take_string(reading), *mailbox = take_string(reading),
         *host = take_string(reading);
    while (!at_end(reading))
        skip(reading);
    advance(reading);
    if (out->len && out->str[out->len - 1] != ':' && (host || mailbox))
        g_string_append(out, ", ");
    if (!host && mailbox)
        g_string_append_printf(out, "%s:", mailbox);
    else if (!host)
        g_string_append_c(out, ';');
    else if (name && *name)
        g_string_append_printf(out, "%s <%s@%s>", name, mailbox ? mailbox : "", host);
    else
        g_string_append_printf(out, "%s@%s", mailbox ? mailbox : "", host);
    g_free(name);
    g_free(route);
    g_free(mailbox);
    g_free(host);
}

static char *take_addresses(body_reading *reading)
{
    GString *out;
    if (reading->token.kind != IMAP_TOKEN_OPEN) {
        if (!at_end(reading))
            skip(reading);
        return NULL;
    }
    out = g_string_new(NULL);
    advance(reading);
    while (!at_end(reading)) {
        if (reading->token.kind == IMAP_TOKEN_OPEN)
            take_address(reading, out);
        else
            skip(reading);
    }
    advance(reading);
    return g_string_free(out, FALSE);
}

gboolean imap_envelope_parse(slice text, imap_envelope *envelope_r)
{
    body_reading reading = {.cursor = imap_cursor_of(text)};

    *envelope_r = (imap_envelope){0};
    advance(&reading);
    if (reading.token.kind != IMAP_TOKEN_OPEN)
        return FALSE;
    reading.scratch = g_byte_array_new();
    advance(&reading);
    envelope_r->date = take_string(&reading);
    envelope_r->subject = take_string(&reading);
    envelope_r->from = take_addresses(&reading);
    envelope_r->sender = take_addresses(&reading);
    envelope_r->reply_to = take_addresses(&reading);
    envelope_r->to = take_addresses(&reading);
    envelope_r->cc = take_addresses(&reading);
    envelope_r->bcc = take_addresses(&reading);
    envelope_r->in_reply_to = take_string(&reading);
    envelope_r->message_id = take_string(&reading);
    g_byte_array_unref(reading.scratch);
    return TRUE;
}

void imap_envelope_clear(imap_envelope *envelope)
{
    char **const fields[] = {&envelope->date, &envelope->subject, &envelope->in_reply_to, &envelope->message_id,
                             &envelope->from, &envelope->sender,  &envelope->reply_to,    &envelope->to,
                             &envelope->cc,   &envelope->bcc};
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_free(*fields[i]);
        *fields[i] = NULL;
    }
}

/* --- items --- */

/* Where the items stand, and how deep. */
typedef struct item_place {
    imap_items *items;
    gsize offset, length;
    guint depth;
} item_place;

static void add_text(const item_place *place, imap_item_kind kind, const char *raw)
{
    if (raw)
        imap_items_take(place->items, kind, place->depth, encoded_word_decode(slice_of(raw), NULL), place->offset,
                        place->length);
}

void imap_envelope_items(const imap_envelope *envelope, gsize offset, gsize length, guint depth, imap_items *items)
{
    item_place place = {items, offset, length, depth + 1};
    char *subject = encoded_word_decode(slice_of(envelope->subject), NULL);

    imap_items_take(items, IMAP_ITEM_ENVELOPE, depth, subject, offset, length);
    add_text(&place, IMAP_ITEM_ENVELOPE_DATE, envelope->date);
    add_text(&place, IMAP_ITEM_ENVELOPE_SUBJECT, envelope->subject);
    add_text(&place, IMAP_ITEM_ENVELOPE_FROM, envelope->from);
    add_text(&place, IMAP_ITEM_ENVELOPE_SENDER, envelope->sender);
    add_text(&place, IMAP_ITEM_ENVELOPE_REPLY_TO, envelope->reply_to);
    add_text(&place, IMAP_ITEM_ENVELOPE_TO, envelope->to);
    add_text(&place, IMAP_ITEM_ENVELOPE_CC, envelope->cc);
    add_text(&place, IMAP_ITEM_ENVELOPE_BCC, envelope->bcc);
    add_text(&place, IMAP_ITEM_ENVELOPE_IN_REPLY_TO, envelope->in_reply_to);
    add_text(&place, IMAP_ITEM_ENVELOPE_MESSAGE_ID, envelope->message_id);
}

/* The file name as a mail's own header would say it. */
static void add_filename(const item_place *place, const imap_body *body)
{
    GString *value = g_string_new("x");
    for (guint i = 0; i + 1 < body->disposition_params->len; i += 2)
        append_param(value, g_ptr_array_index(body->disposition_params, i),
                     g_ptr_array_index(body->disposition_params, i + 1));
    for (guint i = 0; i + 1 < body->params->len; i += 2)
        append_param(value, g_ptr_array_index(body->params, i), g_ptr_array_index(body->params, i + 1));
    mime_param_list *list = mime_param_parse((slice){(const guint8 *)value->str, value->len}, NULL);
    const char *name = mime_param_value(list, "filename");
    if (!name)
        name = mime_param_value(list, "name");
    if (name)
        imap_items_take(place->items, IMAP_ITEM_BODY_FILENAME, place->depth, g_strdup(name), place->offset,
                        place->length);
    mime_param_list_free(list);
    g_string_free(value, TRUE);
}

static void add_params(const item_place *place, const GPtrArray *params)
{
    for (guint i = 0; i + 1 < params->len; i += 2) {
        char *pair =
            g_strdup_printf("%s=%s", (char *)g_ptr_array_index(params, i), (char *)g_ptr_array_index(params, i + 1));
        add_text(place, IMAP_ITEM_BODY_PARAMETER, pair);
        g_free(pair);
    }
}

void imap_body_items(const imap_body *body, gsize offset, gsize length, guint depth, imap_items *items)
{
    item_place place = {items, offset, length, depth + 1};

    imap_items_take(items, IMAP_ITEM_BODY, depth, g_strdup(body->path), offset, length);
    add_text(&place, IMAP_ITEM_BODY_TYPE, body->type);
    add_params(&place, body->params);
    add_text(&place, IMAP_ITEM_BODY_DISPOSITION, body->disposition);
    add_params(&place, body->disposition_params);
    if (body->params->len || body->disposition_params->len)
        add_filename(&place, body);
    add_text(&place, IMAP_ITEM_BODY_ID, body->id);
    add_text(&place, IMAP_ITEM_BODY_DESCRIPTION, body->description);
    add_text(&place, IMAP_ITEM_BODY_ENCODING, body->encoding);
    if (body->has_octets)
        imap_items_number(items, IMAP_ITEM_BODY_OCTETS, depth + 1, body->octets, offset, length);
    for (guint i = 0; body->children && i < body->children->len; i++)
        imap_body_items(g_ptr_array_index(body->children, i), offset, length, depth + 1, items);
}

void imap_body_text_items(slice text, gsize offset, guint depth, imap_items *items)
{
    imap_body *body = imap_body_parse(text);
    if (!body)
        return;
    imap_body_items(body, offset, text.len, depth, items);
    imap_body_free(body);
}
