/* pop3_command.c
 * RFC 1939 3: a command is a keyword of three or four letters, then arguments separated by single
 * blanks; RFC 2449 4: lines up to 255 octets, keywords without case.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pop3_command.h"

static const struct {
    const char *name;
    pop3_verb verb;
    pop3_argument form;
} verb_table[] = {
#define X(name, form) {#name, POP3_VERB_##name, POP3_##form},
    POP3_VERB_LIST(X)
#undef X
};

static gsize word_length(slice s)
{
    gsize len = 0;
    while (len < s.len && s.data[len] != ' ' && s.data[len] != '\t')
        len++;
    return len;
}

void pop3_command_parse(slice line, pop3_command *command_r)
{
    slice rest = line;

    *command_r = (pop3_command){.verb = POP3_VERB_UNKNOWN};
    while (rest.len && (rest.data[0] == ' ' || rest.data[0] == '\t'))
        rest = slice_from(rest, 1);
    command_r->name_offset = (guint)(line.len - rest.len);
    command_r->name = slice_head(rest, word_length(rest));
    rest = slice_from(rest, command_r->name.len);
    command_r->raw_argument = slice_from(rest, 1);
    command_r->argument = slice_trim(rest);
    command_r->argument_offset = line.len ? (guint)(command_r->argument.data - line.data) : 0;
    for (gsize i = 0; i < G_N_ELEMENTS(verb_table); i++)
        if (slice_is(command_r->name, verb_table[i].name))
            command_r->verb = verb_table[i].verb;
}

static gboolean is_number(slice s)
{
    for (gsize i = 0; i < s.len; i++)
        if (!g_ascii_isdigit(s.data[i]))
            return FALSE;
    return s.len > 0 && s.len <= 10;
}

static gboolean is_digest(slice s)
{
    for (gsize i = 0; i < s.len; i++)
        if (!g_ascii_isxdigit(s.data[i]))
            return FALSE;
    return s.len == 32;
}

static gboolean has_form(slice argument, pop3_argument form)
{
    slice first = slice_head(argument, word_length(argument));
    slice second = slice_trim(slice_from(argument, first.len));

    switch (form) {
    case POP3_NOTHING:
        return argument.len == 0;
    case POP3_ANYTHING:
        return TRUE;
    case POP3_SOMETHING:
        return argument.len > 0;
    case POP3_NUMBER:
        return is_number(argument);
    case POP3_MAYBE_NUMBER:
        return argument.len == 0 || is_number(argument);
    case POP3_TWO_NUMBERS:
        return is_number(first) && is_number(second);
    case POP3_NAME_AND_DIGEST:
        return is_digest(second);
    }
    return FALSE;
}

gboolean pop3_command_is_certain(slice line)
{
    pop3_command command;
    pop3_command_parse(line, &command);
    for (gsize i = 0; i < G_N_ELEMENTS(verb_table); i++)
        if (command.verb == verb_table[i].verb)
            return command.name_offset == 0 && has_form(command.argument, verb_table[i].form);
    return FALSE;
}

/* Takes "[CODE]" off the text (RFC 2449 8). */
static void take_code(pop3_reply *reply)
{
    const guint8 *end;
    if (reply->text.len == 0 || reply->text.data[0] != '[')
        return;
    end = memchr(reply->text.data, ']', reply->text.len);
    if (!end)
        return;
    reply->code = slice_head(slice_from(reply->text, 1), (gsize)(end - reply->text.data) - 1);
    reply->text = slice_trim(slice_from(reply->text, reply->code.len + 2));
}

gboolean pop3_reply_parse(slice line, pop3_reply *reply_r)
{
    static const char *const statuses[] = {"+OK", "-ERR", "+"};

    for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
        gsize len = strlen(statuses[i]);
        if (!slice_begins(line, statuses[i]) || (line.len > len && line.data[len] != ' ' && line.data[len] != '\t'))
            continue;
        *reply_r = (pop3_reply){.status = statuses[i], .text = slice_trim(slice_from(line, len))};
        if (i == 1)
            take_code(reply_r);
        return TRUE;
    }
    return FALSE;
}
