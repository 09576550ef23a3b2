/* imap_command.c
 *
 *   command  = tag SP (command-any / ... / "UID" SP command) CRLF          RFC 9051 9
 *   tag      = 1*<any ASTRING-CHAR except "+">
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_command.h"
#include "imap_urlfetch.h"
#include "imap_utf7.h"
#include "limits.h"

typedef struct verb_row {
    const char *name;
    imap_verb verb;
    const char *form;
} verb_row;

static const verb_row verbs[] = {
#define X(id, name, form) {name, IMAP_VERB_##id, form},
    IMAP_VERB_LIST(X)
#undef X
};

static const verb_row *find_verb(slice name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (slice_is(name, verbs[i].name))
            return &verbs[i];
    return NULL;
}

static slice take_word(slice *rest)
{
    const guint8 *blank = rest->len ? memchr(rest->data, ' ', rest->len) : NULL;
    slice word = slice_head(*rest, blank ? (gsize)(blank - rest->data) : rest->len);
    *rest = slice_from(*rest, word.len);
    while (rest->len && rest->data[0] == ' ')
        *rest = slice_from(*rest, 1);
    return word;
}

static gboolean is_name(slice name)
{
    if (name.len == 0 || name.len > 40 || !g_ascii_isalpha(name.data[0]))
        return FALSE;
    for (gsize i = 0; i < name.len; i++)
        if (!g_ascii_isalnum(name.data[i]) && name.data[i] != '-' && name.data[i] != '_' && name.data[i] != '.')
            return FALSE;
    return TRUE;
}

gboolean imap_command_parse(slice line, imap_command *command_r)
{
    slice rest = line, after;
    const verb_row *row;

    *command_r = (imap_command){0};
    command_r->tag = take_word(&rest);
    if (!imap_is_tag(command_r->tag))
        return FALSE;
    command_r->name = take_word(&rest);
    if (slice_is(command_r->name, "UID")) {
        after = rest;
        slice name = take_word(&after);
        if (is_name(name)) {
            command_r->by_uid = TRUE;
            command_r->name = name;
            rest = after;
        }
    }
    if (!is_name(command_r->name))
        return FALSE;
    row = find_verb(command_r->name);
    command_r->verb = row ? row->verb : IMAP_VERB_UNKNOWN;
    command_r->name_offset = (gsize)(command_r->name.data - line.data);
    command_r->argument = slice_trim(rest);
    command_r->argument_offset = command_r->argument.len ? (gsize)(command_r->argument.data - line.data) : line.len;
    return TRUE;
}

static gboolean holds_digit(slice s)
{
    for (gsize i = 0; i < s.len; i++)
        if (g_ascii_isdigit(s.data[i]))
            return TRUE;
    return FALSE;
}

gboolean imap_command_is_certain(slice line)
{
    imap_command command;
    const verb_row *row;

    if (!imap_command_parse(line, &command) || command.verb == IMAP_VERB_UNKNOWN || command.verb == IMAP_VERB_DONE)
        return FALSE;
    /* text of a mail has words in front of words: "the list", "I fetch" */
    if (!holds_digit(command.tag) || command.tag.len > 20)
        return FALSE;
    row = find_verb(command.name);
    if (!*row->form)
        return command.argument.len == 0;
    if (row->form[0] == 's' && command.argument.len)
        return g_ascii_isdigit(command.argument.data[0]) || command.argument.data[0] == '*' ||
               command.argument.data[0] == '$';
    return command.argument.len > 0 || command.verb == IMAP_VERB_EXPUNGE;
}

/* --- sections --- */

static slice take_number(slice rest, guint64 *number_r)
{
    gsize digits = 0;
    *number_r = 0;
    for (; digits < rest.len && digits < 18 && g_ascii_isdigit(rest.data[digits]); digits++)
        *number_r = *number_r * 10 + (guint64)(rest.data[digits] - '0');
    return slice_from(rest, digits);
}

gboolean imap_section_parse(slice atom, imap_section *section_r)
{
    static const struct {
        const char *name, *spec;
    } whole[] = {{"RFC822", ""}, {"RFC822.PEEK", ""}, {"RFC822.HEADER", "HEADER"}, {"RFC822.TEXT", "TEXT"}};
    const guint8 *open = atom.len ? memchr(atom.data, '[', atom.len) : NULL;
    slice name = slice_head(atom, open ? (gsize)(open - atom.data) : atom.len), rest;
    gsize close;

    *section_r = (imap_section){0};
    for (gsize i = 0; !open && i < G_N_ELEMENTS(whole); i++)
        if (slice_is(name, whole[i].name)) {
            section_r->spec = slice_of(whole[i].spec);
            return TRUE;
        }
    section_r->is_binary = slice_is(name, "BINARY") || slice_is(name, "BINARY.PEEK");
    if (!open || (!section_r->is_binary && !slice_is(name, "BODY") && !slice_is(name, "BODY.PEEK")))
        return FALSE;
    for (close = atom.len; close > 0 && atom.data[close - 1] != ']'; close--)
        ;
    if (close < name.len + 2)
        return FALSE;
    section_r->spec = (slice){open + 1, close - name.len - 2};
    rest = slice_from(atom, close);
    if (rest.len > 1 && rest.data[0] == '<' && g_ascii_isdigit(rest.data[1])) {
        section_r->is_partial = TRUE;
        rest = take_number(slice_from(rest, 1), &section_r->origin);
        if (rest.len && rest.data[0] == '.')
            take_number(slice_from(rest, 1), &section_r->count);
    }
    return TRUE;
}

char *imap_section_name(const imap_section *section)
{
    GString *name = g_string_sized_new(section->spec.len + 1);
    for (gsize i = 0; i < section->spec.len; i++) {
        guint8 c = section->spec.data[i];
        if (g_ascii_isspace(c) || c == 0) {
            if (name->len && name->str[name->len - 1] != ' ')
                g_string_append_c(name, ' ');
        } else {
            g_string_append_c(name, g_ascii_toupper((gchar)c));
        }
    }
    return g_string_free(name, FALSE);
}

/* --- items --- */

static void add_mailbox(const imap_token *token, imap_items *items, GByteArray *scratch, anomaly_set *anomalies)
{
    slice name = imap_token_string(token, scratch);
    imap_items_take(items, IMAP_ITEM_MAILBOX, 0, imap_utf7_decode(name, anomalies), token->offset, token->length);
}

static void add_fetch_item(const imap_token *token, imap_items *items)
{
    imap_section section;
    imap_items_add(items, IMAP_ITEM_FETCH_ITEM, 0, token->text, token->offset, token->length);
    if (!imap_section_parse(token->text, &section))
        return;
    imap_items_take(items, IMAP_ITEM_SECTION, 1, imap_section_name(&section), token->offset, token->length);
    if (section.is_partial)
        imap_items_number(items, IMAP_ITEM_ORIGIN, 1, section.origin, token->offset, token->length);
    if (section.count)
        imap_items_number(items, IMAP_ITEM_LENGTH, 1, section.count, token->offset, token->length);
}

static void add_fetch_items(imap_cursor *cursor, imap_token *token, imap_items *items)
{
    if (token->kind != IMAP_TOKEN_OPEN) {
        add_fetch_item(token, items);
        return;
    }
    for (imap_cursor_next(cursor, token); token->kind == IMAP_TOKEN_ATOM || token->kind == IMAP_TOKEN_OPEN;
         imap_cursor_next(cursor, token)) {
        if (token->kind == IMAP_TOKEN_ATOM)
            add_fetch_item(token, items);
        else
            imap_cursor_skip_value(cursor, token); /* "PREVIEW (LAZY)" */
    }
}

void imap_command_items(const imap_line *line, const imap_command *command, imap_items *items, anomaly_set *anomalies)
{
    const verb_row *row = find_verb(command->name);
    imap_cursor cursor = imap_cursor_of_line(line);
    GByteArray *scratch;
    imap_token token;

    if (command->by_uid)
        imap_items_add(items, IMAP_ITEM_BY_UID, 0, slice_of("UID"), command->tag.len + 1, 3);
    if (!row || !*row->form)
        return;
    scratch = g_byte_array_new();
    cursor.at = command->argument_offset;
    /* selection options in front of the first argument (RFC 5258) */
    imap_cursor_next(&cursor, &token);
    if (row->form[0] == '-' && token.kind == IMAP_TOKEN_OPEN &&
        (row->verb == IMAP_VERB_LIST || row->verb == IMAP_VERB_LSUB)) {
        imap_cursor_skip_value(&cursor, &token);
        imap_cursor_next(&cursor, &token);
    }
    for (const char *form = row->form; *form && token.kind != IMAP_TOKEN_END; form++) {
        if (*form == 'm' && imap_token_is_string(&token))
            add_mailbox(&token, items, scratch, anomalies);
        else if (*form == 's' && token.kind == IMAP_TOKEN_ATOM)
            imap_items_add(items, IMAP_ITEM_SET, 0, token.text, token.offset, token.length);
        else if (*form == 'f')
            add_fetch_items(&cursor, &token, items);
        else if (*form == 'u')
            imap_url_items(&cursor, &token, items);
        else
            imap_cursor_skip_value(&cursor, &token);
        imap_cursor_next(&cursor, &token);
    }
    g_byte_array_unref(scratch);
}
