/* message_collection.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "message_collection.h"

#include "byte_rope.h"
#include "imap_pieces.h"
#include "limits.h"

/* A message under way. */
typedef struct open_message {
    collected_message facts; /* without bytes and gaps */
    byte_rope *bytes;
    GArray *gaps; /* of mime_gap */
    char *envelope_from;
    GPtrArray *envelope_to; /* of char*, owned */
} open_message;

struct message_collector {
    message_collection *collection;
    void *session;
    guint32 number;
    char *server, *user;  /* user: who is logged in */
    char *login_name;     /* the last user name that was sent */
    GHashTable *messages; /* ordinal -> open_message */
    GHashTable *pieces;   /* ordinal -> imap_piece */
    GPtrArray *keys;      /* of char*, owned: messages of which pieces were fetched, in order */
    gboolean has_numbers; /* some of them are known by their sequence number only */
};

struct message_collection {
    collected_message_sink sink;
    void *user;
    GPtrArray *collectors;
    imap_pieces *pieces;
    GHashTable *last_readers; /* key -> collector that fetched a piece of it last; owns the keys */
};

/* ---- one message ---- */

static open_message *open_message_new(const mail_event *event)
{
    open_message *m = g_new0(open_message, 1);
    m->facts.ordinal = event->message;
    m->facts.protocol = event->protocol;
    m->facts.source = event->source;
    m->facts.anomalies = event->anomalies;
    m->bytes = byte_rope_new();
    m->gaps = g_array_new(FALSE, FALSE, sizeof(mime_gap));
    m->envelope_to = g_ptr_array_new_with_free_func(g_free);
    return m;
}

static void open_message_free(gpointer data)
{
    open_message *m = data;
    byte_rope_free(m->bytes);
    g_array_unref(m->gaps);
    g_free(m->envelope_from);
    g_ptr_array_unref(m->envelope_to);
    g_free(m);
}

static void keep_envelope(open_message *m, const mail_event *event)
{
    if (!event->has_envelope_from && event->envelope_to_count == 0)
        return;
    g_free(m->envelope_from);
    m->envelope_from = event->has_envelope_from ? slice_dup(event->envelope_from) : NULL;
    g_ptr_array_set_size(m->envelope_to, 0);
    for (guint i = 0; i < event->envelope_to_count; i++)
        g_ptr_array_add(m->envelope_to, slice_dup(event->envelope_to[i]));
}

static void append(open_message *m, slice bytes)
{
    gsize room = LIMIT_MESSAGE_BYTES - MIN(LIMIT_MESSAGE_BYTES, byte_rope_length(m->bytes));
    if (bytes.len > room)
        m->facts.anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_TOO_LARGE);
    byte_rope_append(m->bytes, slice_head(bytes, room));
}

static void add_gap(open_message *m, guint64 missing, gboolean not_fetched)
{
    const mime_gap gap = {byte_rope_length(m->bytes), missing};
    g_array_append_val(m->gaps, gap);
    *(not_fetched ? &m->facts.not_fetched : &m->facts.missing) += missing;
    m->facts.anomalies |= not_fetched ? ANOMALY_BIT(ANOMALY_NOT_FETCHED) : ANOMALY_BIT(ANOMALY_LOST_BYTES);
}

/* Lines behind the first empty one. */
static guint64 body_lines(slice bytes)
{
    gboolean in_body = FALSE;
    guint64 lines = 0;
    const guint8 *lf;
    for (; bytes.len && (lf = memchr(bytes.data, '\n', bytes.len));
         bytes = slice_from(bytes, (gsize)(lf - bytes.data) + 1)) {
        lines += in_body;
        in_body = in_body || lf == bytes.data || (lf == bytes.data + 1 && *bytes.data == '\r');
    }
    return lines;
}

static void hand_on(const message_collector *c, open_message *m)
{
    byte_rope_close(m->bytes);
    collected_message *facts = &m->facts;
    facts->bytes = byte_rope_whole(m->bytes);
    facts->gaps = (const mime_gap *)(const void *)m->gaps->data;
    facts->gap_count = m->gaps->len;
    facts->has_envelope_from = m->envelope_from != NULL;
    facts->envelope_from = m->envelope_from;
    facts->envelope_to = m->envelope_to;
    c->collection->sink(facts, c->session, c->collection->user);
}

static void finish_message(message_collector *c, open_message *m, const mail_event *event)
{
    m->facts.end_reason = event->end_reason;
    m->facts.anomalies |= event->anomalies;
    m->facts.uid = event->imap ? event->imap->uid : 0;
    keep_envelope(m, event);
    if (event->has_top_lines)
        m->facts.is_excerpt = body_lines(byte_rope_whole(m->bytes)) >= event->top_lines;
    hand_on(c, m);
    g_hash_table_remove(c->messages, GUINT_TO_POINTER(event->message));
}

static void take_message_event(message_collector *c, const mail_event *event)
{
    gpointer ordinal = GUINT_TO_POINTER(event->message);
    open_message *m = g_hash_table_lookup(c->messages, ordinal);
    if (!m && event->kind == MAIL_EVENT_MESSAGE_START) {
        m = open_message_new(event);
        keep_envelope(m, event);
        g_hash_table_insert(c->messages, ordinal, m);
    }
    if (!m)
        return;
    if (event->kind == MAIL_EVENT_MESSAGE_DATA) {
        m->facts.anomalies |= event->anomalies;
        append(m, event->data);
    } else if (event->kind == MAIL_EVENT_MESSAGE_END) {
        finish_message(c, m, event);
    } else if (event->kind == MAIL_EVENT_GAP) {
        add_gap(m, event->missing, (event->anomalies & ANOMALY_BIT(ANOMALY_NOT_FETCHED)) != 0);
    }
}

/* ---- pieces of IMAP mail ---- */

/* The same message in every connection of that user to that server, if it is known which; else in this session, as long
 * as its number means it. NULL: nothing is known. */
static char *key_of(const message_collector *c, const mail_imap *imap)
{
    slice mailbox = slice_is(imap->mailbox, "INBOX") ? slice_of("INBOX") : imap->mailbox; /* RFC 9051 5.1 */
    slice owner = imap->owner.len ? imap->owner : slice_of(c->user);
    if (imap->uid && imap->uidvalidity && mailbox.len)
        return g_strdup_printf("%s\n%.*s\n%.*s\n%u\n%u", c->server, (int)owner.len, (const char *)owner.data,
                               (int)mailbox.len, (const char *)mailbox.data, imap->uidvalidity, imap->uid);
    if (imap->uid)
        return g_strdup_printf("%u\n%.*s\n%u", c->number, (int)mailbox.len, (const char *)mailbox.data, imap->uid);
    if (imap->sequence)
        return g_strdup_printf("%u\n#%u\n%u", c->number, imap->epoch, imap->sequence);
    return NULL;
}

static void on_joined(const imap_joined *joined, void *user)
{
    message_collector *c = user;
    const mail_event event = {.protocol = MAIL_PROTOCOL_IMAP, .source = MAIL_FROM_FETCH};
    open_message *m = open_message_new(&event);
    for (guint i = 0; i < joined->runs->len; i++) {
        const imap_run *run = &g_array_index(joined->runs, imap_run, i);
        if (run->bytes.len)
            append(m, run->bytes);
        else
            add_gap(m, run->missing, run->not_fetched);
    }
    m->facts.end_reason = joined->cut ? MAIL_END_CUT : MAIL_END_COMPLETE;
    if (joined->cut)
        m->facts.anomalies |= ANOMALY_BIT(ANOMALY_NOT_FETCHED);
    if (joined->guessed)
        m->facts.anomalies |= ANOMALY_BIT(ANOMALY_PART_UNKNOWN);
    m->facts.is_header = joined->kind == IMAP_JOINED_HEADER;
    if (joined->kind != IMAP_JOINED_MESSAGE)
        m->facts.section = joined->section ? joined->section : "";
    m->facts.subject = joined->subject;
    m->facts.from = joined->from;
    hand_on(c, m);
    open_message_free(m);
}

static void note_reader(message_collector *c, const char *key)
{
    GHashTable *readers = c->collection->last_readers;
    if (g_hash_table_lookup(readers, key) == c)
        return;
    g_hash_table_insert(readers, g_strdup(key), c);
    g_ptr_array_add(c->keys, g_strdup(key));
}

/* A message that was known by its number turns out to have that UID. */
static void find_old_name(message_collector *c, const mail_imap *imap, const char *key)
{
    const mail_imap by_number = {.epoch = imap->epoch, .sequence = imap->sequence};
    if (!c->has_numbers || !imap->uid || !imap->sequence)
        return;
    char *old = key_of(c, &by_number);
    if (imap_pieces_rename(c->collection->pieces, old, key)) {
        g_hash_table_remove(c->collection->last_readers, old);
        note_reader(c, key);
    }
    g_free(old);
}

/* What a FETCH response says of a message, beside its pieces. */
static void note_response(message_collector *c, const mail_event *event)
{
    char *key = event->imap ? key_of(c, event->imap) : NULL;
    if (key) {
        find_old_name(c, event->imap, key);
        imap_pieces_note(c->collection->pieces, key, event->imap, on_joined, c);
    }
    g_free(key);
}

static void end_piece(message_collector *c, const mail_event *event)
{
    gpointer ordinal = GUINT_TO_POINTER(event->message);
    imap_piece *piece = g_hash_table_lookup(c->pieces, ordinal);
    char *key = event->imap ? key_of(c, event->imap) : NULL;
    if (piece && key) {
        g_hash_table_steal(c->pieces, ordinal);
        note_reader(c, key);
        c->has_numbers = c->has_numbers || !event->imap->uid;
        imap_pieces_add(c->collection->pieces, key, event->imap, piece, event->end_reason != MAIL_END_COMPLETE,
                        on_joined, c);
    }
    g_free(key);
}

static void take_piece_event(message_collector *c, const mail_event *event)
{
    gpointer ordinal = GUINT_TO_POINTER(event->message);
    imap_piece *piece = g_hash_table_lookup(c->pieces, ordinal);
    if (event->kind == MAIL_EVENT_MESSAGE_START)
        g_hash_table_insert(c->pieces, ordinal, imap_piece_new());
    else if (event->kind == MAIL_EVENT_MESSAGE_END)
        end_piece(c, event);
    else if (piece && event->kind == MAIL_EVENT_GAP)
        imap_piece_gap(piece, event->missing);
    else if (piece && event->kind == MAIL_EVENT_MESSAGE_DATA)
        imap_piece_append(piece, event->data, 0, NULL);
}

/* Is the event about a piece of a mail, to be joined with others? */
static gboolean is_piece(const message_collector *c, const mail_event *event)
{
    const mail_imap *imap = event->imap;
    if (event->protocol != MAIL_PROTOCOL_IMAP || event->message == 0)
        return FALSE;
    if (event->kind == MAIL_EVENT_GAP)
        return g_hash_table_contains(c->pieces, GUINT_TO_POINTER(event->message));
    return event->source == MAIL_FROM_FETCH && imap && (imap->section.len || imap->is_partial || imap->is_binary);
}

/* ---- events ---- */

static void note_login(message_collector *c, const mail_event *event)
{
    if (!event->auth)
        return;
    if (event->auth->username.len) {
        g_free(c->login_name);
        c->login_name = slice_dup(event->auth->username);
    }
    if (event->outcome == MAIL_OUTCOME_SUCCESS) {
        g_free(c->user);
        c->user = g_strdup(c->login_name ? c->login_name : "");
    }
}

void message_collector_event(message_collector *c, const mail_event *event)
{
    if (event->message && is_piece(c, event))
        take_piece_event(c, event);
    else if (event->message)
        take_message_event(c, event);
    if (event->kind == MAIL_EVENT_UNTAGGED && event->last)
        note_response(c, event);
    note_login(c, event);
}

/* ---- life ---- */

static void free_piece(gpointer piece)
{
    imap_piece_free(piece);
}

static void free_collector(gpointer data)
{
    message_collector *c = data;
    g_free(c->server);
    g_free(c->user);
    g_free(c->login_name);
    g_hash_table_destroy(c->messages);
    g_hash_table_destroy(c->pieces);
    g_ptr_array_unref(c->keys);
    g_free(c);
}

message_collection *message_collection_new(collected_message_sink sink, void *user)
{
    message_collection *collection = g_new0(message_collection, 1);
    collection->sink = sink;
    collection->user = user;
    collection->collectors = g_ptr_array_new_with_free_func(free_collector);
    collection->pieces = imap_pieces_new();
    collection->last_readers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return collection;
}

void message_collection_free(message_collection *collection)
{
    if (!collection)
        return;
    g_ptr_array_unref(collection->collectors);
    imap_pieces_free(collection->pieces);
    g_hash_table_destroy(collection->last_readers);
    g_free(collection);
}

message_collector *message_collection_open(message_collection *collection, const char *server, void *session)
{
    message_collector *c = g_new0(message_collector, 1);
    g_ptr_array_add(collection->collectors, c);
    c->collection = collection;
    c->session = session;
    c->number = collection->collectors->len;
    c->server = g_strdup(server);
    c->user = g_strdup("");
    c->messages = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, open_message_free);
    c->pieces = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_piece);
    c->keys = g_ptr_array_new_with_free_func(g_free);
    return c;
}

void message_collection_finish(message_collection *collection)
{
    for (guint i = 0; i < collection->collectors->len; i++) {
        message_collector *c = g_ptr_array_index(collection->collectors, i);
        for (guint k = 0; k < c->keys->len; k++) {
            const char *key = g_ptr_array_index(c->keys, k);
            if (g_hash_table_lookup(collection->last_readers, key) == c)
                imap_pieces_finish(collection->pieces, key, on_joined, c);
        }
    }
}
