/* imap_fetch.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_fetch.h"
#include "imap_bodystructure.h"
#include "imap_command.h"

void imap_fetch_init(imap_fetch *fetch)
{
    *fetch = (imap_fetch){.values = g_array_new(FALSE, FALSE, sizeof(imap_fetch_value))};
}

void imap_fetch_clear(imap_fetch *fetch)
{
    g_array_unref(fetch->values);
}

void imap_fetch_begin(imap_fetch *fetch, gsize at)
{
    GArray *values = fetch->values;
    g_array_set_size(values, 0);
    *fetch = (imap_fetch){.progress.at = at, .values = values};
}

void imap_fetch_begin_inside(imap_fetch *fetch, gsize at, gboolean is_value)
{
    imap_fetch_begin(fetch, at);
    fetch->state = is_value ? FETCH_VALUE : FETCH_NAMES;
    fetch->name = FETCH_OTHER;
}

static void end_value(imap_fetch *fetch, gsize end)
{
    imap_fetch_value *last = &g_array_index(fetch->values, imap_fetch_value, fetch->values->len - 1);
    last->value_len = end - last->value_at;
    fetch->state = FETCH_NAMES;
}

static void begin_value(imap_fetch *fetch, const imap_token *token)
{
    imap_fetch_value value = {fetch->name_at, fetch->name_len,  token->offset, 0,
                              token->kind,    token->is_passed, token->size};
    g_array_append_val(fetch->values, value);
    if (fetch->name != FETCH_OTHER && !fetch->first[fetch->name])
        fetch->first[fetch->name] = fetch->values->len;
}

static imap_fetch_name name_of(slice text)
{
    static const char *const names[FETCH_OTHER] = {
        [FETCH_UID] = "UID",          [FETCH_FLAGS] = "FLAGS",       [FETCH_INTERNALDATE] = "INTERNALDATE",
        [FETCH_SIZE] = "RFC822.SIZE", [FETCH_ENVELOPE] = "ENVELOPE", [FETCH_BODYSTRUCTURE] = "BODYSTRUCTURE",
        [FETCH_BODY] = "BODY",
    };
    for (guint i = 0; i < FETCH_OTHER; i++)
        if (slice_is(text, names[i]))
            return i;
    return FETCH_OTHER;
}

static void fetch_token(const imap_token *token, gpointer user)
{
    imap_fetch *fetch = user;

    switch (fetch->state) {
    case FETCH_BEFORE:
        fetch->state = token->kind == IMAP_TOKEN_OPEN ? FETCH_NAMES : FETCH_AFTER;
        break;
    case FETCH_NAMES:
        if (token->kind == IMAP_TOKEN_ATOM) {
            fetch->name_at = token->offset;
            fetch->name_len = token->length;
            fetch->name = name_of(token->text);
            fetch->state = FETCH_VALUE;
        } else if (token->kind == IMAP_TOKEN_CLOSE) {
            fetch->state = FETCH_AFTER;
        }
        break;
    case FETCH_VALUE:
        if (token->kind == IMAP_TOKEN_CLOSE) {
            fetch->state = FETCH_AFTER;
            break;
        }
        begin_value(fetch, token);
        if (token->kind == IMAP_TOKEN_OPEN) {
            fetch->state = FETCH_LIST;
            fetch->depth = 1;
        } else {
            end_value(fetch, token->offset + token->length);
        }
        break;
    case FETCH_LIST:
        if (token->kind == IMAP_TOKEN_OPEN)
            fetch->depth++;
        else if (token->kind == IMAP_TOKEN_CLOSE && --fetch->depth == 0)
            end_value(fetch, token->offset + token->length);
        break;
    case FETCH_AFTER:
        break;
    }
}

gboolean imap_fetch_read(imap_fetch *fetch, const imap_line *line, slice *name_r)
{
    /* announced, and not there yet: what it is a value of is known already */
    gboolean direct = imap_line_read_on(line, &fetch->progress, fetch_token, fetch) && fetch->state == FETCH_VALUE;
    if (direct)
        *name_r = (slice){line->text.data + fetch->name_at, fetch->name_len};
    return direct;
}

gboolean imap_fetch_find(const imap_fetch *fetch, const imap_line *line, imap_fetch_name name, slice *value_r)
{
    const imap_fetch_value *value;
    if (!fetch->first[name])
        return FALSE;
    value = &g_array_index(fetch->values, imap_fetch_value, fetch->first[name] - 1);
    *value_r = (slice){line->text.data + value->value_at, value->value_len};
    return TRUE;
}

/* --- items --- */

static void add_section(const imap_fetch_value *value, const imap_section *section, imap_items *items)
{
    gsize at = value->name_at, len = value->name_len;
    imap_items_take(items, IMAP_ITEM_SECTION, 0, imap_section_name(section), at, len);
    if (section->is_partial)
        imap_items_number(items, IMAP_ITEM_ORIGIN, 1, section->origin, at, len);
    if (value->kind == IMAP_TOKEN_LITERAL)
        imap_items_number(items, IMAP_ITEM_LENGTH, 1, value->size, at, len);
}

static void add_envelope(slice text, gsize at, imap_items *items)
{
    imap_envelope envelope;
    if (!imap_envelope_parse(text, &envelope))
        return;
    imap_envelope_items(&envelope, at, text.len, 0, items);
    imap_envelope_clear(&envelope);
}

static void add_pair(slice name, const imap_fetch_value *value, slice text, imap_items *items)
{
    imap_items_add(items, IMAP_ITEM_NAME, 0, name, value->name_at, name.len);
    imap_items_add(items, IMAP_ITEM_VALUE, 1, text, value->value_at, text.len);
}

/* A list or one value, as strings or numbers. */
static void add_value(const imap_line *line, const imap_fetch_value *value, imap_item_kind kind, gboolean is_number,
                      imap_items *items)
{
    imap_cursor cursor = imap_cursor_of(slice_head(line->text, value->value_at + value->value_len));
    GByteArray *scratch = g_byte_array_new();
    imap_token token;
    guint64 number;

    cursor.at = value->value_at;
    for (imap_cursor_next(&cursor, &token); token.kind != IMAP_TOKEN_END; imap_cursor_next(&cursor, &token)) {
        if (!imap_token_is_string(&token))
            continue;
        if (!is_number)
            imap_items_take(items, kind, 0, slice_dup(imap_token_string(&token, scratch)), token.offset, token.length);
        else if (imap_number(token.text, &number))
            imap_items_number(items, kind, 0, number, token.offset, token.length);
    }
    g_byte_array_unref(scratch);
}

static const struct {
    const char *name;
    imap_item_kind kind;
    gboolean is_number;
} plain_values[] = {{"UID", IMAP_ITEM_UID, TRUE},
                    {"FLAGS", IMAP_ITEM_FLAG, FALSE},
                    {"INTERNALDATE", IMAP_ITEM_INTERNALDATE, FALSE},
                    {"RFC822.SIZE", IMAP_ITEM_SIZE, TRUE},
                    {"MODSEQ", IMAP_ITEM_MODSEQ, TRUE}};

static void add_fetch_value(const imap_line *line, const imap_fetch_value *value, imap_items *items)
{
    slice name = {line->text.data + value->name_at, value->name_len};
    slice text = {line->text.data + value->value_at, value->value_len};
    imap_section section;

    for (gsize i = 0; i < G_N_ELEMENTS(plain_values); i++)
        if (slice_is(name, plain_values[i].name)) {
            add_value(line, value, plain_values[i].kind, plain_values[i].is_number, items);
            return;
        }
    if (slice_is(name, "ENVELOPE"))
        add_envelope(text, value->value_at, items);
    else if (slice_is(name, "BODYSTRUCTURE") || slice_is(name, "BODY"))
        imap_body_text_items(text, value->value_at, 0, items);
    else if (imap_section_parse(name, &section))
        add_section(value, &section, items);
    else
        add_pair(name, value, text, items);
}

void imap_fetch_items(const imap_fetch *fetch, const imap_line *line, imap_items *items)
{
    for (guint i = 0; i < fetch->values->len; i++)
        add_fetch_value(line, &g_array_index(fetch->values, imap_fetch_value, i), items);
}
