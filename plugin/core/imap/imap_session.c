/* imap_session.c
 * Both sides are logical lines (imap_lexer.h): commands with tags, and responses with the tag of what they answer or
 * with none. Literals in a line are kept as a part of it, but for those that are mail: the direct values of BODY[...],
 * BINARY[...] and RFC822... in a FETCH response, and the messages of APPEND and REPLACE. Those come out as messages
 * while they come in.
 *
 * Pieces of mail in a FETCH response end with the response, not with their literal: only then are UID, flags and date
 * known, which servers put in front or behind.
 *
 * The client's bytes are held only behind STARTTLS and COMPRESS, until the answer says what they are. All else tells
 * itself: SASL responses and DONE have no blank in them, and a command has.
 *
 * Behind lost bytes that were not inside a mail, and at the beginning of a capture that starts late, a side is read
 * line by line until a line can be nothing but a command or response.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_session_private.h"

static const char *const phase_names[] = {"NOT AUTHENTICATED", "AUTHENTICATED", "SELECTED", "LOGOUT", "UNKNOWN"};

/* --- events --- */

void imap_emit(imap_session *s, mail_event *event)
{
    event->protocol = MAIL_PROTOCOL_IMAP;
    event->state = phase_names[s->phase];
    event->is_inflated = (event->side == MAIL_CLIENT ? &s->client : &s->server)->inflate != NULL;
    s->sink(event, s->user);
}

half *imap_half(imap_session *s, mail_side side)
{
    return side == MAIL_CLIENT ? &s->client : &s->server;
}

void imap_emit_text(imap_session *s, mail_side side, const text_line *line, anomaly_set anomalies)
{
    mail_event event = event_of_line(MAIL_EVENT_TEXT, side, line);
    event.anomalies |= anomalies;
    imap_emit(s, &event);
}

void imap_emit_gap(imap_session *s, mail_side side, guint64 missing, guint32 message)
{
    half *h = imap_half(s, side);
    mail_event event = event_at(MAIL_EVENT_GAP, side, h->in.offset, h->in.offset + missing);
    h->in.offset += missing;
    event.missing = missing;
    event.anomalies = ANOMALY_BIT(ANOMALY_LOST_BYTES);
    event.message = message;
    imap_emit(s, &event);
}

/* The stretch of the line under way that was not said yet. */
mail_event imap_event_of_chunk(const half *h, mail_event_kind kind, mail_side side, const imap_line *line,
                               gboolean last)
{
    mail_event event = event_at(kind, side, h->chunks ? h->chunk_start : line->start, line->end);
    event.line = slice_from(line->text, h->chunk_at);
    while (!last && event.line.len &&
           (event.line.data[event.line.len - 1] == '\n' || event.line.data[event.line.len - 1] == '\r'))
        event.line.len--;
    event.anomalies = last ? line->anomalies : 0;
    event.first = h->chunks == 0;
    event.last = last;
    return event;
}

void imap_next_chunk(half *h, const imap_line *line)
{
    h->chunks++;
    h->chunk_at = line->text.len;
    h->chunk_start = line->end;
}

void imap_end_chunks(half *h)
{
    h->chunks = 0;
    h->chunk_at = 0;
}

/* Items count their places from the beginning of the event's own stretch; what stands in front of it has none. */
void imap_place_items(imap_session *s, const half *h, mail_imap *imap)
{
    for (guint i = 0; i < s->items.array->len; i++) {
        imap_item *item = &g_array_index(s->items.array, imap_item, i);
        if (item->offset >= h->chunk_at) {
            item->offset -= h->chunk_at;
        } else {
            item->offset = 0;
            item->length = 0;
        }
    }
    imap->items = (const imap_item *)(const void *)s->items.array->data;
    imap->item_count = s->items.array->len;
}

text_line imap_text_line_of(const half *h, const imap_line *line)
{
    return (text_line){.line = slice_from(line->text, h->chunk_at),
                       .start = h->chunks ? h->chunk_start : line->start,
                       .end = line->end,
                       .ended = TRUE,
                       .anomalies = line->anomalies};
}

/* --- questions --- */

void imap_forget_question(imap_session *s, question *asked)
{
    if (asked->number == s->awaited)
        s->answer_lost = TRUE;
    if (s->auth == asked)
        s->auth = NULL;
    if (s->idle == asked)
        s->idle = NULL;
    if (s->asked == asked)
        s->asked = NULL;
    g_queue_delete_link(&s->queue, asked->link);
    g_hash_table_remove(s->by_tag, asked->tag); /* frees it */
}

static void question_free(gpointer data)
{
    question *asked = data;
    g_free(asked->tag);
    g_free((gpointer)asked->user.data);
    g_free(asked->mailbox);
    if (asked->requests)
        g_array_unref(asked->requests);
    g_free(asked->section);
    g_free(asked);
}

void imap_forget_questions(imap_session *s)
{
    while (!g_queue_is_empty(&s->queue))
        imap_forget_question(s, g_queue_peek_head(&s->queue));
}

question *imap_ask(imap_session *s, slice tag, imap_verb verb, anomaly_set *anomalies)
{
    question *asked = g_new0(question, 1), *before;

    asked->tag = slice_dup(tag);
    before = g_hash_table_lookup(s->by_tag, asked->tag);
    if (before)
        imap_forget_question(s, before);
    if (g_queue_get_length(&s->queue) >= LIMIT_PENDING_COMMANDS) {
        if (s->server.seen)
            *anomalies |= ANOMALY_BIT(ANOMALY_TOO_MANY_PENDING);
        imap_forget_question(s, g_queue_peek_head(&s->queue));
    }
    asked->verb = verb;
    asked->number = ++s->exchange_count;
    g_queue_push_tail(&s->queue, asked);
    asked->link = g_queue_peek_tail_link(&s->queue);
    g_hash_table_insert(s->by_tag, asked->tag, asked);
    return asked;
}

question *imap_find_question(imap_session *s, slice tag)
{
    char *key = slice_dup(tag);
    question *asked = g_hash_table_lookup(s->by_tag, key);
    g_free(key);
    return asked;
}

/* The oldest command of that kind without its reply; NULL: none. */
question *imap_find_select(imap_session *s)
{
    guint looked = 0;
    for (GList *link = g_queue_peek_head_link(&s->queue); link && looked < LIMIT_IMAP_COMMANDS_ASKED;
         link = link->next, looked++) {
        question *asked = link->data;
        if (asked->verb == IMAP_VERB_SELECT || asked->verb == IMAP_VERB_EXAMINE)
            return asked;
    }
    return NULL;
}

/* How many octets the piece was asked to have; 0: not known. */
guint64 imap_find_requested(imap_session *s, const char *section, gboolean is_binary, guint64 origin)
{
    guint looked = 0;
    for (GList *link = g_queue_peek_head_link(&s->queue); link && looked < LIMIT_IMAP_COMMANDS_ASKED;
         link = link->next, looked++) {
        const question *asked = link->data;
        for (guint i = 0; asked->requests && i < asked->requests->len; i++) {
            const fetch_request *request = &g_array_index(asked->requests, fetch_request, i);
            if (request->origin == origin && request->is_binary == is_binary && strcmp(request->section, section) == 0)
                return request->count;
        }
    }
    return 0;
}

/* --- mailboxes --- */

void imap_forget_numbers(imap_session *s)
{
    s->epoch++;
    g_hash_table_remove_all(s->uids);
}

void imap_select_mailbox(imap_session *s, const char *mailbox, guint32 uidvalidity)
{
    g_free(s->mailbox);
    s->mailbox = g_strdup(mailbox);
    s->uidvalidity = uidvalidity;
    imap_forget_numbers(s);
    s->phase = mailbox ? PHASE_SELECTED : PHASE_AUTHENTICATED;
}

/* --- messages --- */

void imap_emit_message(imap_session *s, mail_event_kind kind, mail_side side, open_message *open, slice data,
                       mail_end_reason reason)
{
    half *h = imap_half(s, side);
    mail_event event = event_at(kind, side, h->in.offset - data.len, h->in.offset);

    event.message = open->message;
    event.source = side == MAIL_CLIENT ? MAIL_FROM_APPEND : MAIL_FROM_FETCH;
    event.exchange = side == MAIL_CLIENT && s->asked ? s->asked->number : 0;
    event.imap = &open->imap;
    event.data = data;
    event.end_reason = reason;
    if (kind == MAIL_EVENT_MESSAGE_END && open->hole)
        event.anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (kind == MAIL_EVENT_MESSAGE_END && reason == MAIL_END_CUT)
        event.anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_CUT);
    imap_emit(s, &event);
}

/* Said in front of the message's first bytes, which have just been read: `len` of them. */
void imap_begin_message(imap_session *s, mail_side side, open_message *open, gsize len)
{
    half *h = imap_half(s, side);
    if (open->begun)
        return;
    open->begun = TRUE;
    open->message = ++s->message_count;
    h->in.offset -= len;
    imap_emit_message(s, MAIL_EVENT_MESSAGE_START, side, open, SLICE_EMPTY, MAIL_END_COMPLETE);
    h->in.offset += len;
}

/* --- TLS and compression --- */

void imap_start_tls(imap_session *s)
{
    mail_event event;
    slice held = held_bytes_peek(s->held);

    s->hold = HOLD_NOT;
    s->tls = TLS_EXPECTED;
    if (held.len > 0 && !is_tls_byte(held.data[0]))
        imap_held_show(s, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
    imap_server_break(s, 0);
    event = event_at(MAIL_EVENT_TLS_START, MAIL_SERVER, s->server.in.offset, s->server.in.offset);
    imap_emit(s, &event);
}

/* Does the server speak in clear behind its consent, before the client said a byte? No server does, somebody in between
 * wants the client to take that for what was said inside. */
static gboolean is_injected(const imap_session *s, const half *h)
{
    return h == &s->server && s->client.seen &&
           (line_reader_pending(h->lines) > 0 || !is_tls_byte(h->in.bytes.data[0]));
}

gboolean imap_pass_over_tls(imap_session *s, half *h)
{
    if (s->tls == TLS_EXPECTED && h->in.bytes.len > 0 && !is_injected(s, h))
        s->tls = is_tls_byte(h->in.bytes.data[0]) ? TLS_OPAQUE : TLS_NONE;
    if (s->tls != TLS_OPAQUE && !h->opaque)
        return FALSE;
    stream_cursor_take(&h->in, h->in.bytes.len);
    return TRUE;
}

/* RFC 4978 3: compression begins behind the CRLF of the command and of the OK. */
void imap_start_compression(imap_session *s)
{
    s->hold = HOLD_NOT;
    if (!s->client.inflate) {
        s->client.inflate = inflater_new(INFLATER_RAW, LIMIT_COMPRESS_BYTES);
        s->held_is_compressed = !held_bytes_is_empty(s->held);
    }
    if (!s->server.inflate)
        s->server.inflate = inflater_new(INFLATER_RAW, LIMIT_COMPRESS_BYTES);
}

static void say_broken(imap_session *s, mail_side side)
{
    half *h = imap_half(s, side);
    mail_event event;

    if (side == MAIL_CLIENT)
        imap_client_break(s, 0);
    else
        imap_server_break(s, 0);
    h->opaque = TRUE;
    event = event_at(MAIL_EVENT_ANOMALY, side, h->in.offset, h->in.offset);
    event.anomalies = ANOMALY_BIT(ANOMALY_BAD_DEFLATE);
    imap_emit(s, &event);
}

/* Inflates and reads; what cannot be inflated is passed over. */
void imap_feed_compressed(imap_session *s, mail_side side, slice bytes, void (*feed)(imap_session *s, slice bytes))
{
    half *h = imap_half(s, side);
    slice out;

    while (!h->opaque) {
        if (!inflater_next(h->inflate, &bytes, &out)) {
            if (bytes.len)
                say_broken(s, side);
            return;
        }
        if (out.len)
            feed(s, out);
        else if (bytes.len == 0)
            return;
    }
}

void imap_reread(half *h, const text_line *line, void (*step)(imap_session *s), imap_session *s)
{
    static const char *const ends[] = {"\r\n", "\n"};
    stream_cursor rest = h->in;
    gboolean bare = (line->anomalies & ANOMALY_BIT(ANOMALY_BARE_LF)) != 0;

    h->lost = FALSE;
    h->in = (stream_cursor){line->line, line->start};
    step(s);
    h->in = (stream_cursor){slice_of(ends[bare]), line->end - (bare ? 1 : 2)};
    step(s);
    h->in = rest;
}

/* --- the interface --- */

static void init_half(half *h, mail_side side, gboolean from_start)
{
    *h = (half){
        .reader = imap_reader_new(side), .lines = line_reader_new(), .lost = !from_start, .behind_hole = !from_start};
}

static void clear_piece(gpointer data)
{
    open_message *piece = data;
    g_free(piece->section);
    g_free(piece->mailbox);
    g_free(piece->owner);
}

imap_session *imap_session_new(gboolean from_start, mail_event_sink sink, void *user)
{
    imap_session *s = g_new0(imap_session, 1);

    s->sink = sink;
    s->user = user;
    s->from_start = from_start;
    s->phase = from_start ? PHASE_NOT_AUTHENTICATED : PHASE_UNKNOWN;
    init_half(&s->client, MAIL_CLIENT, from_start);
    init_half(&s->server, MAIL_SERVER, from_start);
    s->held = held_bytes_new();
    s->by_tag = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, question_free);
    g_queue_init(&s->queue);
    s->uids = g_hash_table_new(g_direct_hash, g_direct_equal);
    imap_append_init(&s->append);
    imap_items_init(&s->items);
    imap_fetch_init(&s->fetch);
    imap_urlfetch_init(&s->urls);
    s->pieces = g_array_new(FALSE, FALSE, sizeof(open_message));
    g_array_set_clear_func(s->pieces, clear_piece);
    s->stray.held = g_byte_array_new();
    return s;
}

static void clear_half(half *h)
{
    imap_reader_free(h->reader);
    line_reader_free(h->lines);
    inflater_free(h->inflate);
}

void imap_session_free(imap_session *s)
{
    if (!s)
        return;
    clear_half(&s->client);
    clear_half(&s->server);
    held_bytes_free(s->held);
    g_queue_clear(&s->queue);
    g_hash_table_destroy(s->by_tag);
    g_hash_table_destroy(s->uids);
    imap_items_clear(&s->items);
    imap_fetch_clear(&s->fetch);
    imap_urlfetch_clear(&s->urls);
    g_array_unref(s->pieces);
    g_byte_array_unref(s->stray.held);
    g_free(s->stray.piece.section);
    sasl_free(s->exchange);
    imap_append_clear(&s->append);
    g_free(s->mailbox);
    g_free(s);
}

void imap_session_feed(imap_session *s, mail_side side, slice bytes)
{
    half *h = imap_half(s, side);

    if (bytes.len == 0)
        return;
    h->seen = TRUE;
    if (h->inflate && !h->opaque)
        imap_feed_compressed(s, side, bytes, side == MAIL_CLIENT ? imap_held_feed : imap_server_feed);
    else if (side == MAIL_CLIENT)
        imap_held_feed(s, bytes);
    else
        imap_server_feed(s, bytes);
    imap_held_read(s, FALSE);
}

void imap_session_preface(imap_session *s, const text_line *line)
{
    s->client.in.offset = line->end;
    imap_emit_text(s, MAIL_CLIENT, line, 0);
}

void imap_session_gap(imap_session *s, mail_side side, guint64 missing)
{
    if (s->tls == TLS_EXPECTED)
        s->tls = TLS_OPAQUE;
    imap_half(s, side)->seen = TRUE;
    if (side == MAIL_CLIENT)
        held_bytes_append_gap(s->held, missing);
    else
        imap_server_cross_gap(s, missing);
    imap_held_read(s, FALSE);
}

void imap_session_tls(imap_session *s)
{
    gboolean inside = s->client.seen || s->server.seen;

    if (inside)
        s->replied = TRUE; /* no greeting behind STARTTLS (RFC 9051 6.2.1) */
    imap_held_show(s, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
    imap_client_break(s, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
    imap_server_break(s, 0);
    imap_forget_questions(s);
    if (inside)
        s->client.lost = s->server.lost = s->client.behind_hole = s->server.behind_hole = FALSE;
    sasl_free(s->exchange);
    s->exchange = NULL;
    s->hold = HOLD_NOT;
    s->tls = TLS_NONE;
    s->tls_active = TRUE;
    s->phase = PHASE_NOT_AUTHENTICATED;
    s->client.in = s->server.in = (stream_cursor){0};
    s->client.ended = s->server.ended = FALSE;
}

void imap_session_end(imap_session *s, mail_side side)
{
    half *h = imap_half(s, side);

    if (h->ended)
        return;
    h->ended = TRUE;
    if (side == MAIL_SERVER)
        imap_server_break(s, 0);
    imap_held_read(s, s->client.ended && s->server.ended);
    if (s->client.ended && held_bytes_is_empty(s->held))
        imap_client_break(s, 0);
}
