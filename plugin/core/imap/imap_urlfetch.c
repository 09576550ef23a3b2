/* imap_urlfetch.c
 *
 *   url      = ["imap://" [user [";AUTH=" ...] "@"] host] "/" mailbox [";UIDVALIDITY=" n] "/;UID=" n
 *              ["/;SECTION=" section] ["/;PARTIAL=" n ["." n]] [";EXPIRE=" ...] [";URLAUTH=" ...]       RFC 5092 11
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_urlfetch.h"
#include "imap_bodystructure.h"

/* --- URLs --- */

/* Undoes percent encoding. New. */
static char *percent_decode(slice text)
{
    GString *out = g_string_sized_new(text.len);
    for (gsize i = 0; i < text.len; i++) {
        gint high = text.data[i] == '%' && i + 2 < text.len ? g_ascii_xdigit_value((gchar)text.data[i + 1]) : -1;
        gint low = high >= 0 ? g_ascii_xdigit_value((gchar)text.data[i + 2]) : -1;
        guint8 byte = low >= 0 ? (guint8)(high * 16 + low) : text.data[i];
        if (low >= 0)
            i += 2;
        if (byte)
            g_string_append_c(out, (gchar)byte);
    }
    return g_string_free(out, FALSE);
}

/* Up to that character, which is passed over; all of *rest when it is not there. */
static slice take_to(slice *rest, guint8 end)
{
    const guint8 *at = rest->len ? memchr(rest->data, end, rest->len) : NULL;
    slice piece = slice_head(*rest, at ? (gsize)(at - rest->data) : rest->len);
    *rest = slice_from(*rest, piece.len + (at ? 1 : 0));
    return piece;
}

/* "imap://user;AUTH=x@host:port/": *rest moves behind it. */
static void take_authority(slice *rest, imap_url *url)
{
    if (slice_begins(*rest, "imap://")) {
        *rest = slice_from(*rest, strlen("imap://"));
        slice authority = take_to(rest, '/');
        const guint8 *at = authority.len ? memchr(authority.data, '@', authority.len) : NULL;
        slice user = slice_head(authority, at ? (gsize)(at - authority.data) : 0);
        user = take_to(&user, ';');
        if (user.len)
            url->owner = percent_decode(user);
    } else if (slice_begins(*rest, "/")) {
        *rest = slice_from(*rest, 1);
    }
}

static void take_partial(slice value, imap_url *url)
{
    slice origin = take_to(&value, '.');
    url->is_partial = imap_number(origin, &url->origin);
    if (!imap_number(value, &url->count))
        url->count = 0;
}

/* "UID=20", "SECTION=1.2": one parameter behind a ";". */
static void take_parameter(slice text, imap_url *url)
{
    slice name = take_to(&text, '=');
    guint64 number;

    if (slice_is(name, "UIDVALIDITY") && imap_number(text, &number)) {
        url->uidvalidity = (guint32)number;
    } else if (slice_is(name, "UID") && imap_number(text, &number)) {
        url->uid = (guint32)number;
    } else if (slice_is(name, "SECTION") && !url->section) {
        url->section = percent_decode(text);
        for (char *c = url->section; *c; c++)
            *c = g_ascii_toupper(*c);
    } else if (slice_is(name, "PARTIAL")) {
        take_partial(text, url);
    }
}

/* Where the mailbox ends: at ";UIDVALIDITY=" or "/;UID=". A ";" in its name is percent-encoded. */
static slice take_mailbox(slice *rest)
{
    slice mailbox = take_to(rest, ';');
    if (mailbox.len && mailbox.data[mailbox.len - 1] == '/')
        mailbox.len--;
    return mailbox;
}

gboolean imap_url_parse(slice text, imap_url *url_r)
{
    *url_r = (imap_url){0};
    take_authority(&text, url_r);
    url_r->mailbox = percent_decode(take_mailbox(&text));
    while (text.len) {
        slice parameter = take_to(&text, ';');
        if (parameter.len && parameter.data[parameter.len - 1] == '/')
            parameter.len--;
        take_parameter(parameter, url_r);
    }
    if (!url_r->section)
        url_r->section = g_strdup("");
    if (url_r->uid)
        return TRUE;
    imap_url_clear(url_r);
    return FALSE;
}

void imap_url_clear(imap_url *url)
{
    g_free(url->owner);
    g_free(url->mailbox);
    g_free(url->section);
    *url = (imap_url){0};
}

/* --- the response --- */

void imap_urlfetch_init(imap_urlfetch *fetch)
{
    *fetch = (imap_urlfetch){.values = g_array_new(FALSE, FALSE, sizeof(imap_urlfetch_value))};
}

void imap_urlfetch_clear(imap_urlfetch *fetch)
{
    g_array_unref(fetch->values);
}

void imap_urlfetch_begin(imap_urlfetch *fetch, gsize at)
{
    GArray *values = fetch->values;
    g_array_set_size(values, 0);
    *fetch = (imap_urlfetch){.progress.at = at, .values = values};
}

/* Structure, body, and the body decoded (RFC 5524 3). */
#define VALUES_OF_URL 3

static void begin_value(imap_urlfetch *fetch, const imap_token *token)
{
    imap_urlfetch_value value = {.url_at = fetch->url_at,
                                 .name_at = fetch->name_at,
                                 .name_len = fetch->name_len,
                                 .value_at = token->offset,
                                 .value_len = token->length,
                                 .kind = token->kind,
                                 .is_passed = token->is_passed,
                                 .is_surplus = fetch->of_url >= VALUES_OF_URL,
                                 .size = token->size};
    g_array_append_val(fetch->values, value);
    fetch->of_url++;
}

static void end_list(imap_urlfetch *fetch, const imap_token *token)
{
    imap_urlfetch_value *last = &g_array_index(fetch->values, imap_urlfetch_value, fetch->values->len - 1);
    last->value_len = token->offset + token->length - last->value_at;
    fetch->state = URL_CLOSE;
}

static void take_token(const imap_token *token, gpointer user)
{
    imap_urlfetch *fetch = user;

    switch (fetch->state) {
    case URL_BEFORE: /* behind a list there may be another one for the same URL */
        if (token->kind == IMAP_TOKEN_OPEN) {
            fetch->state = URL_NAME;
        } else if (imap_token_is_string(token)) {
            fetch->url_at = token->offset;
            fetch->of_url = 0;
            fetch->state = URL_VALUE;
        }
        break;
    case URL_VALUE:
        fetch->name_at = fetch->name_len = 0;
        fetch->state = token->kind == IMAP_TOKEN_OPEN ? URL_NAME : URL_BEFORE;
        if (imap_token_is_string(token))
            begin_value(fetch, token);
        break;
    case URL_NAME:
        fetch->name_at = token->offset;
        fetch->name_len = token->length;
        fetch->state = token->kind == IMAP_TOKEN_ATOM ? URL_ITEM : URL_BEFORE;
        break;
    case URL_ITEM:
        if (token->kind == IMAP_TOKEN_CLOSE) {
            fetch->state = URL_BEFORE;
            break;
        }
        begin_value(fetch, token);
        fetch->depth = 1;
        fetch->state = token->kind == IMAP_TOKEN_OPEN ? URL_LIST : URL_CLOSE;
        break;
    case URL_LIST:
        if (token->kind == IMAP_TOKEN_OPEN)
            fetch->depth++;
        else if (token->kind == IMAP_TOKEN_CLOSE && --fetch->depth == 0)
            end_list(fetch, token);
        break;
    case URL_CLOSE:
        if (token->kind == IMAP_TOKEN_CLOSE)
            fetch->state = URL_BEFORE;
        break;
    }
}

static gboolean is_named(const imap_urlfetch_value *value, const imap_line *line, const char *name)
{
    return slice_is((slice){line->text.data + value->name_at, value->name_len}, name);
}

gboolean imap_urlfetch_is_binary(const imap_urlfetch_value *value, const imap_line *line)
{
    return is_named(value, line, "BINARY");
}

gboolean imap_urlfetch_is_text(const imap_urlfetch_value *value, const imap_line *line)
{
    if (value->is_surplus)
        return FALSE;
    return value->name_len == 0 || is_named(value, line, "BODY") || is_named(value, line, "BINARY");
}

gboolean imap_urlfetch_is_structure(const imap_urlfetch_value *value, const imap_line *line)
{
    return value->kind == IMAP_TOKEN_OPEN && !value->is_surplus && is_named(value, line, "BODYPARTSTRUCTURE");
}

gboolean imap_urlfetch_read(imap_urlfetch *fetch, const imap_line *line, imap_urlfetch_value *value_r)
{
    gboolean announced = imap_line_read_on(line, &fetch->progress, take_token, fetch);
    *value_r = (imap_urlfetch_value){.url_at = fetch->url_at, .is_surplus = fetch->of_url >= VALUES_OF_URL};
    if (fetch->state == URL_ITEM) {
        value_r->name_at = fetch->name_at;
        value_r->name_len = fetch->name_len;
    }
    return announced &&
           (fetch->state == URL_VALUE || (fetch->state == URL_ITEM && imap_urlfetch_is_text(value_r, line)));
}

static imap_token url_token(const imap_urlfetch_value *value, const imap_line *line)
{
    imap_cursor cursor = imap_cursor_of(line->text);
    imap_token token;
    cursor.at = value->url_at;
    imap_cursor_next(&cursor, &token);
    return token;
}

gboolean imap_urlfetch_url(const imap_urlfetch_value *value, const imap_line *line, imap_url *url_r)
{
    imap_token token = url_token(value, line);
    GByteArray *scratch = g_byte_array_new();
    gboolean fits = imap_url_parse(imap_token_string(&token, scratch), url_r);
    g_byte_array_unref(scratch);
    return fits;
}

static void add_url(const imap_urlfetch_value *value, const imap_line *line, imap_items *items)
{
    imap_token token = url_token(value, line);
    GByteArray *scratch = g_byte_array_new();
    slice text = imap_token_string(&token, scratch);
    imap_url url;

    imap_items_take(items, IMAP_ITEM_URL, 0, slice_dup(text), token.offset, token.length);
    if (imap_url_parse(text, &url)) {
        imap_items_take(items, IMAP_ITEM_SECTION, 1, g_strdup(url.section), token.offset, token.length);
        if (url.is_partial)
            imap_items_number(items, IMAP_ITEM_ORIGIN, 1, url.origin, token.offset, token.length);
        imap_url_clear(&url);
    }
    g_byte_array_unref(scratch);
}

void imap_url_items(imap_cursor *cursor, imap_token *token, imap_items *items)
{
    GByteArray *scratch = g_byte_array_new();
    for (; token->kind != IMAP_TOKEN_END; imap_cursor_next(cursor, token)) {
        slice text = imap_token_is_string(token) ? imap_token_string(token, scratch) : SLICE_EMPTY;
        if (slice_begins(text, "imap://") || slice_begins(text, "/"))
            imap_items_take(items, IMAP_ITEM_URL, 0, slice_dup(text), token->offset, token->length);
    }
    g_byte_array_unref(scratch);
}

void imap_urlfetch_items(const imap_urlfetch *fetch, const imap_line *line, imap_items *items)
{
    gsize last = 0;

    for (guint i = 0; i < fetch->values->len; i++) {
        const imap_urlfetch_value *value = &g_array_index(fetch->values, imap_urlfetch_value, i);
        slice text = slice_head(slice_from(line->text, value->value_at), value->value_len);
        if (value->url_at != last)
            add_url(value, line, items);
        last = value->url_at;
        if (value->kind == IMAP_TOKEN_LITERAL)
            imap_items_number(items, IMAP_ITEM_LENGTH, 1, value->size, value->value_at, value->value_len);
        if (imap_urlfetch_is_structure(value, line))
            imap_body_text_items(text, value->value_at, 1, items);
    }
}
