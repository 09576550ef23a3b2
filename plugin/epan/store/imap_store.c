/* imap_store.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_store.h"

#include "stream_call.h"
#include "text.h"

#include <epan/to_str.h>

#include "imap_identity.h"
#include "imap_pieces.h"

struct imap_mailbox_view {
    imap_viewer viewer;   /* strings in file scope */
    GHashTable *open;     /* ordinal -> imap_piece */
    GPtrArray *keys;      /* of char*, owned: messages of which pieces were fetched, in order */
    gboolean has_numbers; /* some of them are known by their sequence number only */
};

static imap_pieces *all_pieces;
static GHashTable *last_readers; /* key -> view: who fetched a piece of it last; owns the keys */
static GPtrArray *all_views;

static void free_piece(gpointer piece)
{
    imap_piece_free(piece);
}

void imap_store_forget(void)
{
    for (guint i = 0; i < all_views->len; i++) {
        imap_mailbox_view *view = g_ptr_array_index(all_views, i);
        g_hash_table_destroy(view->open);
        g_ptr_array_unref(view->keys);
    }
    g_ptr_array_set_size(all_views, 0);
    g_hash_table_remove_all(last_readers);
    imap_pieces_free(all_pieces);
    all_pieces = imap_pieces_new();
}

void imap_store_register(void)
{
    all_pieces = imap_pieces_new();
    all_views = g_ptr_array_new();
    last_readers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

imap_mailbox_view *imap_store_open(guint32 id, const address *server)
{
    imap_mailbox_view *view = wmem_new0(wmem_file_scope(), imap_mailbox_view);
    view->viewer = (imap_viewer){id, address_to_str(wmem_file_scope(), server), ""};
    view->open = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_piece);
    view->keys = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(all_views, view);
    return view;
}

void imap_store_login(imap_mailbox_view *view, const char *user)
{
    view->viewer.user = user ? user : "";
}

gboolean imap_store_has_piece(const imap_mailbox_view *view, guint32 message)
{
    return g_hash_table_contains(view->open, GUINT_TO_POINTER(message));
}

static char *keep_text(slice text)
{
    return text.len ? text_keep(text) : NULL;
}

void imap_store_facts(imap_mailbox_view *view, stored_message *message, const mail_imap *imap)
{
    imap_facts *facts = wmem_new0(wmem_file_scope(), imap_facts);
    facts->mailbox = keep_text(imap->mailbox);
    facts->flags = keep_text(imap->flags);
    facts->internaldate = keep_text(imap->internaldate);
    facts->uidvalidity = imap->uidvalidity;
    facts->uid = imap->uid;
    facts->sequence = imap->sequence;
    char *key = imap_identity_key(&view->viewer, imap);
    if (key) /* of NULL wmem_strdup() makes a text */
        facts->key = wmem_strdup(wmem_file_scope(), key);
    g_free(key);
    message->imap = facts;
}

/* ---- pieces ---- */

void imap_store_data(imap_mailbox_view *view, const mail_event *event, guint32 frame, gpointer record)
{
    imap_piece *piece = g_hash_table_lookup(view->open, GUINT_TO_POINTER(event->message));
    if (piece)
        imap_piece_append(piece, event->data, frame, record);
}

/* What is joined, on its way into a message. */
typedef struct joining {
    imap_mailbox_view *view;
    packet_info *pinfo;
    const mail_imap *imap;
    stored_message *message;
    imap_store_joined joined;
    void *user;
} joining;

static void add_facts(joining *j, const imap_joined *joined)
{
    imap_facts *facts;
    imap_store_facts(j->view, j->message, j->imap);
    facts = j->message->imap;
    facts->is_header = joined->kind == IMAP_JOINED_HEADER;
    facts->section = joined->kind == IMAP_JOINED_MESSAGE
                         ? NULL
                         : wmem_strdup(wmem_file_scope(), joined->section ? joined->section : "");
    facts->guessed = joined->guessed;
    facts->subject = joined->subject ? keep_text(slice_of(joined->subject)) : NULL;
    facts->from = joined->from ? keep_text(slice_of(joined->from)) : NULL;
}

static void add_run(stored_message *message, const imap_run *run)
{
    if (run->bytes.len) {
        message_store_append_from(message, run->where, run->bytes);
        if (run->tag)
            ((mail_record *)run->tag)->message = message;
    } else if (run->not_fetched) {
        message_store_not_fetched(message, run->missing);
    } else {
        message_store_gap(message, run->missing);
    }
}

static void on_joined(const imap_joined *joined, void *user)
{
    joining *j = user;
    mail_event event = {.protocol = MAIL_PROTOCOL_IMAP, .source = MAIL_FROM_FETCH, .side = MAIL_SERVER};
    j->message = message_store_open(&event);
    for (guint i = 0; i < joined->runs->len; i++)
        add_run(j->message, &g_array_index(joined->runs, imap_run, i));
    add_facts(j, joined);
    event.end_reason = joined->cut ? MAIL_END_CUT : MAIL_END_COMPLETE;
    if (joined->cut)
        event.anomalies |= ANOMALY_BIT(ANOMALY_NOT_FETCHED);
    if (joined->guessed)
        event.anomalies |= ANOMALY_BIT(ANOMALY_PART_UNKNOWN);
    message_store_finish(j->message, j->pinfo, &event);
    j->joined(j->message, j->user);
}

static void note_reader(imap_mailbox_view *view, const char *key)
{
    if (g_hash_table_lookup(last_readers, key) == view)
        return;
    g_hash_table_insert(last_readers, g_strdup(key), view);
    g_ptr_array_add(view->keys, g_strdup(key));
}

/* A message that was known by its number turns out to have that UID. */
static void find_old_name(imap_mailbox_view *view, const mail_imap *imap, const char *key)
{
    char *old = view->has_numbers ? imap_identity_key_by_number(&view->viewer, imap) : NULL;
    if (old && imap_pieces_rename(all_pieces, old, key)) {
        g_hash_table_remove(last_readers, old);
        note_reader(view, key);
    }
    g_free(old);
}

void imap_store_note(imap_mailbox_view *view, const mail_event *event, packet_info *pinfo, imap_store_joined joined,
                     void *user)
{
    char *key = event->imap ? imap_identity_key(&view->viewer, event->imap) : NULL;
    joining j = {.view = view, .pinfo = pinfo, .imap = event->imap, .joined = joined, .user = user};
    if (key) {
        find_old_name(view, event->imap, key);
        imap_pieces_note(all_pieces, key, event->imap, on_joined, &j);
    }
    g_free(key);
}

static anomaly_set end_piece(imap_mailbox_view *view, const mail_event *event, joining *j)
{
    gpointer ordinal = GUINT_TO_POINTER(event->message);
    imap_piece *piece = g_hash_table_lookup(view->open, ordinal);
    char *key = imap_identity_key(&view->viewer, event->imap);
    gboolean kept = TRUE;
    if (piece && key) {
        g_hash_table_steal(view->open, ordinal);
        note_reader(view, key);
        view->has_numbers = view->has_numbers || !event->imap->uid;
        kept =
            imap_pieces_add(all_pieces, key, event->imap, piece, event->end_reason != MAIL_END_COMPLETE, on_joined, j);
    }
    g_free(key);
    return kept ? 0 : ANOMALY_BIT(ANOMALY_PIECE_NOT_KEPT);
}

anomaly_set imap_store_piece(imap_mailbox_view *view, const mail_event *event, packet_info *pinfo,
                             imap_store_joined joined, void *user)
{
    joining j = {.view = view, .pinfo = pinfo, .imap = event->imap, .joined = joined, .user = user};
    imap_piece *piece;
    switch (event->kind) {
    case MAIL_EVENT_MESSAGE_START:
        g_hash_table_insert(view->open, GUINT_TO_POINTER(event->message), imap_piece_new());
        return 0;
    case MAIL_EVENT_GAP:
        piece = g_hash_table_lookup(view->open, GUINT_TO_POINTER(event->message));
        if (piece)
            imap_piece_gap(piece, event->missing);
        return 0;
    case MAIL_EVENT_MESSAGE_END:
        return end_piece(view, event, &j);
    default:
        return 0;
    }
}

void imap_store_finish(imap_mailbox_view *view, packet_info *pinfo, imap_store_joined joined, void *user)
{
    for (guint i = 0; i < view->keys->len; i++) {
        const char *key = g_ptr_array_index(view->keys, i);
        mail_imap imap = {0};
        joining j = {.view = view, .pinfo = pinfo, .imap = &imap, .joined = joined, .user = user};
        if (g_hash_table_lookup(last_readers, key) != view)
            continue;
        imap_identity_split(key, &imap);
        imap_pieces_finish(all_pieces, key, on_joined, &j);
    }
}
