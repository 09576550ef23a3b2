/* event_copy.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "event_copy.h"

/* A slice of the event's line stays one of the copied line; others are copied. */
static slice keep_slice(wmem_allocator_t *scope, slice s, slice line, slice kept_line)
{
    if (s.len == 0)
        return SLICE_EMPTY;
    if (line.data && s.data >= line.data && s.data + s.len <= line.data + line.len)
        return (slice){kept_line.data + (s.data - line.data), s.len};
    return (slice){wmem_memdup(scope, s.data, s.len), s.len};
}

static const mail_auth *keep_auth(wmem_allocator_t *scope, const mail_auth *auth, slice line, slice kept_line)
{
    if (!auth)
        return NULL;
    mail_auth *kept = wmem_new(scope, mail_auth);
    *kept = *auth;
    kept->mechanism = wmem_strdup(scope, auth->mechanism);
    slice *const fields[] = {&kept->username, &kept->authzid,   &kept->password,
                             &kept->token,    &kept->challenge, &kept->response};
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        *fields[i] = keep_slice(scope, *fields[i], line, kept_line);
    return kept;
}

static const mail_param *keep_params(wmem_allocator_t *scope, const mail_event *event, slice kept_line)
{
    if (event->param_count == 0)
        return NULL;
    mail_param *kept = wmem_alloc_array(scope, mail_param, event->param_count);
    for (guint i = 0; i < event->param_count; i++) {
        kept[i] = event->params[i];
        kept[i].name = keep_slice(scope, kept[i].name, event->line, kept_line);
        kept[i].value = keep_slice(scope, kept[i].value, event->line, kept_line);
    }
    return kept;
}

static const mail_imap *keep_imap(wmem_allocator_t *scope, const mail_event *event, slice kept_line)
{
    const mail_imap *imap = event->imap;
    if (!imap || event->kind == MAIL_EVENT_MESSAGE_START || event->kind == MAIL_EVENT_MESSAGE_END)
        return NULL; /* kept with the message */
    mail_imap *kept = wmem_new0(scope, mail_imap);
    kept->tag = keep_slice(scope, imap->tag, event->line, kept_line);
    kept->item_count = imap->item_count;
    if (imap->item_count) {
        imap_item *items = wmem_alloc_array(scope, imap_item, imap->item_count);
        for (guint i = 0; i < imap->item_count; i++) {
            items[i] = imap->items[i];
            items[i].text = keep_slice(scope, items[i].text, event->line, kept_line);
        }
        kept->items = items;
    }
    return kept;
}

void event_copy(wmem_allocator_t *scope, mail_event *copy, const mail_event *event)
{
    *copy = *event;
    slice line = keep_slice(scope, event->line, SLICE_EMPTY, SLICE_EMPTY);
    slice *const fields[] = {&copy->verb, &copy->argument,   &copy->path,     &copy->enhanced,
                             &copy->text, &copy->capability, &copy->recipient};
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        *fields[i] = keep_slice(scope, *fields[i], event->line, line);
    copy->params = keep_params(scope, event, line);
    copy->auth = keep_auth(scope, event->auth, event->line, line);
    copy->imap = keep_imap(scope, event, line);
    copy->line = line;
    /* kept with the message */
    copy->data = copy->envelope_from = SLICE_EMPTY;
    copy->envelope_to = NULL;
    copy->envelope_to_count = 0;
}
