/* imap_response.c
 *
 *   response      = "+" SP text / "*" SP [number SP] name ... / tag SP ("OK" / "NO" / "BAD") SP resp-text    RFC 9051 9
 *   resp-text     = ["[" resp-text-code "]" SP] text
 *   message-data  = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att))
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_response.h"
#include "imap_bodystructure.h"
#include "imap_command.h"
#include "imap_urlfetch.h"
#include "imap_utf7.h"
#include "limits.h"

static slice take_word(slice *rest)
{
    const guint8 *blank = rest->len ? memchr(rest->data, ' ', rest->len) : NULL;
    slice word = slice_head(*rest, blank ? (gsize)(blank - rest->data) : rest->len);
    *rest = slice_from(*rest, word.len + (blank ? 1 : 0));
    return word;
}

static const char *status_of(slice word, gboolean tagged)
{
    static const char *const statuses[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};
    for (gsize i = 0; i < (tagged ? 3 : G_N_ELEMENTS(statuses)); i++)
        if (slice_is(word, statuses[i]))
            return statuses[i];
    return NULL;
}

/* "[CODE argument] text": a "]" may stand in a quoted string of the argument. */
static void read_text(slice rest, imap_response *response)
{
    gboolean quoted = FALSE;

    response->text = rest;
    if (rest.len == 0 || rest.data[0] != '[')
        return;
    for (gsize i = 1; i < rest.len; i++) {
        if (quoted && rest.data[i] == '\\') {
            i++;
        } else if (rest.data[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && rest.data[i] == ']') {
            slice inside = {rest.data + 1, i - 1};
            response->code = take_word(&inside);
            response->code_argument = inside;
            response->text = slice_trim(slice_from(rest, i + 1));
            return;
        }
    }
}

static gboolean is_name(slice name)
{
    if (name.len == 0 || name.len > 40)
        return FALSE;
    for (gsize i = 0; i < name.len; i++)
        if (!g_ascii_isalnum(name.data[i]) && !strchr("-_.", name.data[i]))
            return FALSE;
    return g_ascii_isalpha(name.data[0]);
}

static gboolean parse_untagged(slice line, slice rest, imap_response *response)
{
    slice word = take_word(&rest);

    response->status = status_of(word, FALSE);
    if (response->status) {
        read_text(rest, response);
        return TRUE;
    }
    if (imap_number(word, &response->number)) {
        response->has_number = TRUE;
        word = take_word(&rest);
    }
    response->name = word;
    response->data_offset = rest.len ? (gsize)(rest.data - line.data) : line.len;
    return is_name(word);
}

gboolean imap_response_parse(slice line, imap_response *response_r)
{
    slice rest = line, word;

    *response_r = (imap_response){0};
    word = take_word(&rest);
    if (slice_is(word, "*"))
        return parse_untagged(line, rest, response_r);
    if (slice_is(word, "+")) {
        response_r->status = "+";
        read_text(rest, response_r);
        return TRUE;
    }
    if (!imap_is_tag(word))
        return FALSE;
    response_r->tag = word;
    response_r->status = status_of(take_word(&rest), TRUE);
    read_text(rest, response_r);
    return response_r->status != NULL;
}

gboolean imap_response_is_certain(const imap_response *response)
{
    static const char *const with_number[] = {"FETCH", "EXISTS", "RECENT", "EXPUNGE"};
    static const char *const without[] = {"CAPABILITY", "FLAGS",    "LIST",      "LSUB",  "XLIST",     "STATUS",
                                          "SEARCH",     "ESEARCH",  "SORT",      "QUOTA", "QUOTAROOT", "NAMESPACE",
                                          "ENABLED",    "VANISHED", "ID",        "ACL",   "MYRIGHTS",  "METADATA",
                                          "THREAD",     "URLFETCH", "GENURLAUTH"};
    if (response->status)
        return strcmp(response->status, "+") != 0;
    for (gsize i = 0; response->has_number && i < G_N_ELEMENTS(with_number); i++)
        if (slice_is(response->name, with_number[i]))
            return TRUE;
    for (gsize i = 0; !response->has_number && i < G_N_ELEMENTS(without); i++)
        if (slice_is(response->name, without[i]))
            return TRUE;
    return FALSE;
}

/* --- items of data --- */

typedef struct reading {
    const imap_line *line;
    imap_cursor cursor;
    imap_token token;
    imap_items *items;
    GByteArray *scratch;
    anomaly_set *anomalies;
} reading;

static void advance(reading *r)
{
    imap_cursor_next(&r->cursor, &r->token);
}

static gboolean at_end(const reading *r)
{
    return r->token.kind == IMAP_TOKEN_END;
}

static void add_string(reading *r, imap_item_kind kind, guint depth)
{
    slice text = imap_token_string(&r->token, r->scratch);
    imap_items_take(r->items, kind, depth, slice_dup(text), r->token.offset, r->token.length);
}

static void add_mailbox(reading *r)
{
    slice text = imap_token_string(&r->token, r->scratch);
    imap_items_take(r->items, IMAP_ITEM_MAILBOX, 0, imap_utf7_decode(text, r->anomalies), r->token.offset,
                    r->token.length);
}

static void take_mailbox(reading *r)
{
    if (!imap_token_is_string(&r->token))
        return;
    add_mailbox(r);
    advance(r);
}

/* All strings of a list, or the one that stands there. */
static void take_list(reading *r, imap_item_kind kind, guint depth)
{
    if (r->token.kind != IMAP_TOKEN_OPEN) {
        if (imap_token_is_string(&r->token))
            add_string(r, kind, depth);
        advance(r);
        return;
    }
    for (advance(r); imap_token_is_string(&r->token); advance(r))
        add_string(r, kind, depth);
    while (!at_end(r) && r->token.kind != IMAP_TOKEN_CLOSE) {
        imap_cursor_skip_value(&r->cursor, &r->token);
        advance(r);
    }
    advance(r);
}

/* The value that stands there, as it is. */
static void take_value(reading *r, guint depth)
{
    gsize from = r->token.offset;
    if (imap_token_is_string(&r->token)) {
        add_string(r, IMAP_ITEM_VALUE, depth);
    } else {
        imap_cursor_skip_value(&r->cursor, &r->token);
        imap_items_add(r->items, IMAP_ITEM_VALUE, depth, (slice){r->line->text.data + from, r->cursor.at - from}, from,
                       r->cursor.at - from);
    }
    advance(r);
}

/* "(" name SP value ... ")": STATUS, ID, METADATA. */
static void take_pairs(reading *r)
{
    if (r->token.kind != IMAP_TOKEN_OPEN)
        return;
    advance(r);
    while (imap_token_is_string(&r->token)) {
        add_string(r, IMAP_ITEM_NAME, 0);
        advance(r);
        if (at_end(r) || r->token.kind == IMAP_TOKEN_CLOSE)
            return;
        take_value(r, 1);
    }
}

static void read_words(reading *r, imap_item_kind kind)
{
    for (; imap_token_is_string(&r->token); advance(r))
        add_string(r, kind, 0);
}

static void read_capability(reading *r)
{
    read_words(r, IMAP_ITEM_CAPABILITY);
}

static void read_flags(reading *r)
{
    take_list(r, IMAP_ITEM_FLAG, 0);
}

static void read_list(reading *r)
{
    take_list(r, IMAP_ITEM_MAILBOX_ATTRIBUTE, 0);
    if (imap_token_is_string(&r->token) && !imap_token_is_nil(&r->token))
        add_string(r, IMAP_ITEM_SEPARATOR, 0);
    advance(r);
    take_mailbox(r);
}

static void read_status(reading *r)
{
    take_mailbox(r);
    take_pairs(r);
}

static void read_rest(reading *r, imap_item_kind kind)
{
    gsize from = r->token.offset;
    slice rest = slice_from(r->line->text, from);
    if (rest.len)
        imap_items_add(r->items, kind, 0, rest, from, rest.len);
}

static void read_search(reading *r)
{
    read_rest(r, IMAP_ITEM_SEARCH);
}

static void read_vanished(reading *r)
{
    if (r->token.kind == IMAP_TOKEN_OPEN) {
        imap_cursor_skip_value(&r->cursor, &r->token);
        advance(r);
    }
    if (r->token.kind == IMAP_TOKEN_ATOM)
        add_string(r, IMAP_ITEM_SET, 0);
}

/* "root (STORAGE 10 512 ...)", RFC 9208 5.1. */
static void read_quota(reading *r)
{
    guint64 number;
    if (imap_token_is_string(&r->token)) {
        add_string(r, IMAP_ITEM_QUOTA_ROOT, 0);
        advance(r);
    }
    if (r->token.kind != IMAP_TOKEN_OPEN)
        return;
    advance(r);
    while (r->token.kind == IMAP_TOKEN_ATOM) {
        add_string(r, IMAP_ITEM_QUOTA_RESOURCE, 0);
        for (guint i = 0; i < 2; i++) {
            advance(r);
            if (imap_number(r->token.text, &number))
                imap_items_number(r->items, i ? IMAP_ITEM_QUOTA_LIMIT : IMAP_ITEM_QUOTA_USAGE, 1, number,
                                  r->token.offset, r->token.length);
        }
        advance(r);
    }
}

static void read_quotaroot(reading *r)
{
    take_mailbox(r);
    read_words(r, IMAP_ITEM_QUOTA_ROOT);
}

/* Three lists of (prefix separator ...), RFC 2342 5. */
static void read_namespace(reading *r)
{
    guint depth = 0, string = 0;
    for (; !at_end(r); advance(r)) {
        if (r->token.kind == IMAP_TOKEN_OPEN) {
            depth++;
            string = 0;
        } else if (r->token.kind == IMAP_TOKEN_CLOSE) {
            depth -= depth ? 1 : 0;
        } else if (depth == 2 && string++ < 2 && !imap_token_is_nil(&r->token)) {
            add_string(r, string == 1 ? IMAP_ITEM_NAMESPACE : IMAP_ITEM_SEPARATOR, string == 1 ? 0 : 1);
        }
    }
}

static void read_metadata(reading *r)
{
    take_mailbox(r);
    take_pairs(r);
}

static void read_acl(reading *r)
{
    take_mailbox(r);
    while (imap_token_is_string(&r->token)) {
        add_string(r, IMAP_ITEM_NAME, 0);
        advance(r);
        if (imap_token_is_string(&r->token)) {
            add_string(r, IMAP_ITEM_VALUE, 1);
            advance(r);
        }
    }
}

static void read_myrights(reading *r)
{
    take_mailbox(r);
    if (imap_token_is_string(&r->token))
        add_string(r, IMAP_ITEM_VALUE, 0);
}

static void read_urls(reading *r)
{
    imap_url_items(&r->cursor, &r->token, r->items);
}

static const struct {
    const char *name;
    void (*read)(reading *r);
} readers[] = {
    {"CAPABILITY", read_capability},
    {"ENABLED", read_capability},
    {"FLAGS", read_flags},
    {"LIST", read_list},
    {"LSUB", read_list},
    {"XLIST", read_list},
    {"STATUS", read_status},
    {"SEARCH", read_search},
    {"SORT", read_search},
    {"THREAD", read_search},
    {"ESEARCH", read_search},
    {"VANISHED", read_vanished},
    {"QUOTA", read_quota},
    {"QUOTAROOT", read_quotaroot},
    {"NAMESPACE", read_namespace},
    {"ID", take_pairs},
    {"METADATA", read_metadata},
    {"ANNOTATION", read_metadata},
    {"ACL", read_acl},
    {"MYRIGHTS", read_myrights},
    {"GENURLAUTH", read_urls},
};

static gsize place_of(const imap_line *line, slice piece)
{
    return piece.len ? (gsize)(piece.data - line->text.data) : 0;
}

static char *upper(slice text)
{
    char *copy = slice_dup(text);
    for (char *c = copy; *c; c++)
        *c = g_ascii_toupper(*c);
    return copy;
}

static const struct {
    const char *code;
    imap_item_kind kind;
} number_codes[] = {{"UIDVALIDITY", IMAP_ITEM_UIDVALIDITY},
                    {"UIDNEXT", IMAP_ITEM_UIDNEXT},
                    {"UNSEEN", IMAP_ITEM_UNSEEN},
                    {"HIGHESTMODSEQ", IMAP_ITEM_MODSEQ}};

static void add_code(const imap_line *line, const imap_response *response, imap_items *items, anomaly_set *anomalies)
{
    gsize at = place_of(line, response->code_argument), len = response->code_argument.len;
    guint64 number;

    if (response->code.len == 0)
        return;
    imap_items_take(items, IMAP_ITEM_CODE, 0, upper(response->code), place_of(line, response->code),
                    response->code.len);
    if (len == 0)
        return;
    if (slice_is(response->code, "CAPABILITY")) {
        reading r = {line, imap_cursor_of(slice_head(line->text, at + len)), {0}, items, g_byte_array_new(), anomalies};
        r.cursor.at = at;
        advance(&r);
        read_capability(&r);
        g_byte_array_unref(r.scratch);
        return;
    }
    imap_items_add(items, IMAP_ITEM_CODE_ARGUMENT, 1, response->code_argument, at, len);
    for (gsize i = 0; i < G_N_ELEMENTS(number_codes); i++)
        if (slice_is(response->code, number_codes[i].code) && imap_number(response->code_argument, &number))
            imap_items_number(items, number_codes[i].kind, 1, number, at, len);
    slice rest = response->code_argument;
    if (slice_is(response->code, "APPENDUID") || slice_is(response->code, "COPYUID")) {
        slice word = take_word(&rest);
        if (imap_number(word, &number))
            imap_items_number(items, IMAP_ITEM_UIDVALIDITY, 1, number, place_of(line, word), word.len);
        if (imap_number(rest, &number))
            imap_items_number(items, IMAP_ITEM_UID, 1, number, place_of(line, rest), rest.len);
    }
}

static void add_number(const imap_line *line, const imap_response *response, imap_items *items)
{
    imap_item_kind kind = slice_is(response->name, "EXISTS")   ? IMAP_ITEM_EXISTS
                          : slice_is(response->name, "RECENT") ? IMAP_ITEM_RECENT
                                                               : IMAP_ITEM_SEQUENCE;
    if (response->has_number)
        imap_items_number(items, kind, 0, response->number, 2, place_of(line, response->name) - 3);
}

void imap_response_items(const imap_line *line, const imap_response *response, imap_items *items,
                         anomaly_set *anomalies)
{
    add_code(line, response, items, anomalies);
    if (response->status)
        return;
    imap_items_take(items, IMAP_ITEM_UNTAGGED, 0, upper(response->name), place_of(line, response->name),
                    response->name.len);
    add_number(line, response, items);
    for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
        if (!slice_is(response->name, readers[i].name))
            continue;
        reading r = {line, imap_cursor_of_line(line), {0}, items, g_byte_array_new(), anomalies};
        r.cursor.at = response->data_offset;
        advance(&r);
        readers[i].read(&r);
        g_byte_array_unref(r.scratch);
    }
}
