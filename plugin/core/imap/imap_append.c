/* imap_append.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_append.h"
#include "imap_utf7.h"

void imap_append_init(imap_append *append)
{
    *append = (imap_append){.steps = g_array_new(FALSE, FALSE, sizeof(imap_append_step))};
}

void imap_append_clear(imap_append *append)
{
    g_free(append->mailbox);
    g_array_unref(append->steps);
}

void imap_append_begin(imap_append *append, const imap_command *command)
{
    GArray *steps = append->steps;

    g_free(append->mailbox);
    g_array_set_size(steps, 0);
    *append = (imap_append){.progress.at = command->argument_offset, .steps = steps};
    if (command->verb == IMAP_VERB_REPLACE) { /* the number of the message that is replaced stands in front */
        const guint8 *blank = memchr(command->argument.data, ' ', command->argument.len);
        if (blank)
            append->progress.at += (gsize)(blank - command->argument.data);
    }
}

static void add_step(imap_append *append, int what)
{
    imap_append_step step = {.what = what, .facts = append->facts};
    g_array_append_val(append->steps, step);
}

static void take_mailbox(imap_append *append, const imap_token *token)
{
    GByteArray *scratch = g_byte_array_new();
    append->mailbox = imap_utf7_decode(imap_token_string(token, scratch), NULL);
    append->has_mailbox = TRUE;
    g_byte_array_unref(scratch);
}

static void open_list(imap_append *append, const imap_token *token)
{
    if (append->wants_list) {
        append->wants_list = FALSE;
    } else if (!append->in_catenate && !append->in_utf8) {
        append->in_flags = TRUE;
        append->facts.flags_at = token->offset + 1;
    }
}

static void close_list(imap_append *append, const imap_token *token)
{
    if (append->in_flags)
        append->facts.flags_len = token->offset - append->facts.flags_at;
    if (append->in_catenate) {
        add_step(append, IMAP_APPEND_END);
        append->facts = (imap_append_facts){0};
    }
    append->in_flags = append->in_catenate = append->in_utf8 = FALSE;
}

static void take_token(const imap_token *token, gpointer user)
{
    imap_append *append = user;

    if (!append->has_mailbox) {
        take_mailbox(append, token);
        return;
    }
    switch (token->kind) {
    case IMAP_TOKEN_OPEN:
        open_list(append, token);
        break;
    case IMAP_TOKEN_CLOSE:
        close_list(append, token);
        break;
    case IMAP_TOKEN_ATOM:
        append->wants_url = append->in_catenate && imap_token_is(token, "URL");
        append->wants_text = append->in_catenate && imap_token_is(token, "TEXT");
        if (append->in_flags || append->in_catenate)
            break;
        append->in_catenate = imap_token_is(token, "CATENATE");
        append->in_utf8 = imap_token_is(token, "UTF8");
        append->wants_list = append->in_catenate || append->in_utf8;
        break;
    case IMAP_TOKEN_QUOTED:
        if (append->wants_url) {
            add_step(append, IMAP_APPEND_URL);
        } else if (!append->in_catenate && !append->in_flags) {
            append->facts.date_at = token->offset + 1;
            append->facts.date_len = token->text.len;
        }
        append->wants_url = FALSE;
        break;
    case IMAP_TOKEN_LITERAL:
        if (append->wants_url)
            add_step(append, IMAP_APPEND_URL);
        append->wants_url = append->wants_text = FALSE;
        if (!append->in_catenate) /* the next message of a MULTIAPPEND has its own */
            append->facts = (imap_append_facts){0};
        break;
    case IMAP_TOKEN_END:
        break;
    }
}

gboolean imap_append_read(imap_append *append, const imap_line *line)
{
    gboolean announced = imap_line_read_on(line, &append->progress, take_token, append);
    return announced && append->has_mailbox && (!append->in_catenate || append->wants_text);
}
