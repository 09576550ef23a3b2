/* connection_table.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "connection_table.h"

#include "byte_order.h"
#include "limits.h"
#include "mail_opening.h"
#include "mail_session.h"
#include "stream_assembler.h"

/* Times that a connection without a beginning is looked at again after it was refused. */
#define LOOKS 64

typedef enum verdict { VERDICT_UNDECIDED, VERDICT_MAIL, VERDICT_NOT_MAIL } verdict;

/* The two ends in an order that is the same for both directions. */
typedef struct connection_key {
    connection_end ends[2];
} connection_key;

/* What is known of the numbers of one side. Side i sends from ends[i]. */
typedef struct connection_side {
    gboolean is_known, saw_syn;
    guint32 first; /* sequence number of its first byte: behind its SYN, else of the first segment seen */
} connection_side;

typedef struct connection {
    connection_key key;
    connection_table *table;
    GList link; /* in a queue of the table */
    connection_side sides[2];
    int initiator;          /* the side that sent the SYN; -1: unknown */
    mail_protocol hint;     /* by a port of mail in clear */
    mail_protocol tls_hint; /* by a port of mail inside TLS */
    verdict verdict;
    guint looks;                 /* times that it was looked at again after it was refused */
    stream_assembler *assembler; /* NULL: not looked at, or no more */
    mail_opening *opening;       /* while undecided; NULL: no bytes yet */
    mail_session *session;       /* NULL: not mail, over, or encrypted from the first byte */
    gboolean ended[2];           /* the session knows that this side has ended */
    int client_side;
    gboolean is_open;        /* the reader knows of it */
    gboolean outlives_close; /* both sides have closed, and what was sent before may still be captured */
    mail_connection mail;    /* valid with VERDICT_MAIL, but for the frames */
} connection;

struct connection_table {
    const connection_sink *sink;
    void *user;
    GHashTable *connections; /* of connection, by connection.key */
    GQueue by_use[2];        /* of connection, the one used last at the end; [1]: open sessions */
    guint32 next_number;
    guint stragglers;       /* connections that outlive their close */
    gboolean is_disordered; /* seen in one connection, true of all */
};

/* ---- ports ---- */

mail_protocol connection_table_port(guint16 port, gboolean *is_tls_r)
{
    static const struct {
        guint16 port;
        mail_protocol protocol;
        gboolean is_tls;
    } ports[] = {
        {24, MAIL_PROTOCOL_LMTP, FALSE},  {25, MAIL_PROTOCOL_SMTP, FALSE}, {110, MAIL_PROTOCOL_POP3, FALSE},
        {143, MAIL_PROTOCOL_IMAP, FALSE}, {465, MAIL_PROTOCOL_SMTP, TRUE}, {587, MAIL_PROTOCOL_SMTP, FALSE},
        {993, MAIL_PROTOCOL_IMAP, TRUE},  {995, MAIL_PROTOCOL_POP3, TRUE}, {2525, MAIL_PROTOCOL_SMTP, FALSE},
    };
    *is_tls_r = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(ports); i++) {
        if (ports[i].port != port)
            continue;
        *is_tls_r = ports[i].is_tls;
        return ports[i].protocol;
    }
    return MAIL_PROTOCOL_NONE;
}

/* As Wireshark asks its table: the lower port first. */
static void set_hints(connection *c)
{
    guint16 a = c->key.ends[0].port, b = c->key.ends[1].port;
    gboolean is_tls;
    mail_protocol protocol = connection_table_port(MIN(a, b), &is_tls);
    if (protocol == MAIL_PROTOCOL_NONE)
        protocol = connection_table_port(MAX(a, b), &is_tls);
    c->hint = is_tls ? MAIL_PROTOCOL_NONE : protocol;
    c->tls_hint = is_tls ? protocol : MAIL_PROTOCOL_NONE;
}

/* ---- keys ---- */

static int compare_ends(const connection_end *a, const connection_end *b)
{
    if (a->address.size != b->address.size)
        return a->address.size - b->address.size;
    int order = memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes);
    return order ? order : a->port - b->port;
}

/* Returns the side that sends. */
static int make_key(const frame_segment *segment, connection_key *key_r)
{
    const connection_end source = {segment->source, segment->source_port};
    const connection_end destination = {segment->destination, segment->destination_port};
    int side = compare_ends(&source, &destination) <= 0 ? 0 : 1;
    key_r->ends[side] = source;
    key_r->ends[!side] = destination;
    return side;
}

/* Different in each run, so that connections with the same hash cannot be made on purpose. */
static guint32 hash_seed(void)
{
    static gsize seed;
    if (g_once_init_enter(&seed))
        g_once_init_leave(&seed, (gsize)g_random_int() | 1);
    return (guint32)seed;
}

static guint32 hash_end(const connection_end *end, guint32 hash)
{
    hash = (hash ^ end->port) * 0x9e3779b1;
    for (gsize i = 0; i < end->address.size; i++)
        hash = (hash ^ end->address.bytes[i]) * 16777619U;
    return hash ^ hash >> 15;
}

static guint hash_key(gconstpointer data)
{
    const connection_key *key = data;
    return hash_end(&key->ends[1], hash_end(&key->ends[0], hash_seed()));
}

static gboolean equal_keys(gconstpointer a, gconstpointer b)
{
    const connection_key *left = a, *right = b;
    return compare_ends(&left->ends[0], &right->ends[0]) == 0 && compare_ends(&left->ends[1], &right->ends[1]) == 0;
}

/* ---- connections ---- */

static void on_end(int side, void *user);

static GQueue *queue_of(const connection *c)
{
    return &c->table->by_use[c->is_open];
}

/* Nothing more comes of it, though it may not have ended. What waits may turn out to be mail. */
static void finish(connection *c)
{
    if (!c->assembler)
        return;
    c->mail.where = c->mail.last_where;
    stream_assembler_flush(c->assembler);
    for (int side = 0; side < 2; side++)
        on_end(side, c);
}

static void drop(connection *c)
{
    finish(c);
    g_queue_unlink(queue_of(c), &c->link);
    g_hash_table_remove(c->table->connections, &c->key);
}

/* Room for one more: sessions are not pushed out by a scan of ports. */
static void make_room(connection_table *table, gboolean is_open)
{
    GQueue *queue = &table->by_use[is_open];
    if (queue->length >= (is_open ? LIMIT_OPEN_SESSIONS : LIMIT_CONNECTIONS))
        drop(queue->head->data);
}

static void set_open(connection *c, gboolean is_open)
{
    if (c->is_open == is_open)
        return;
    make_room(c->table, is_open);
    g_queue_unlink(queue_of(c), &c->link);
    c->is_open = is_open;
    g_queue_push_tail_link(queue_of(c), &c->link);
}

/* ---- sessions ---- */

static mail_side role_of(const connection *c, int side)
{
    return side == c->client_side ? MAIL_CLIENT : MAIL_SERVER;
}

static void on_event(const mail_event *event, void *user)
{
    connection *c = user;
    c->mail.protocol = event->protocol;
    if (event->kind == MAIL_EVENT_TLS_START)
        c->mail.is_encrypted = TRUE;
    c->table->sink->event(&c->mail, event, c->table->user);
}

static void open_mail(connection *c, mail_protocol protocol, int client_side)
{
    c->verdict = VERDICT_MAIL;
    c->client_side = client_side;
    c->mail.number = ++c->table->next_number;
    c->mail.protocol = protocol;
    c->mail.client = c->key.ends[client_side];
    c->mail.server = c->key.ends[!client_side];
    c->mail.from_start = stream_assembler_from_start(c->assembler);
    set_open(c, TRUE);
    c->mail.data = c->table->sink->opened(&c->mail, c->table->user);
}

static void feed_again(int side, slice bytes, guint64 missing, void *user)
{
    connection *c = user;
    if (missing)
        mail_session_gap(c->session, role_of(c, side), missing);
    else
        mail_session_feed(c->session, role_of(c, side), bytes);
}

static void forget_opening(connection *c)
{
    mail_opening_free(c->opening);
    c->opening = NULL;
}

static void begin_session(connection *c, mail_protocol protocol, int client_side)
{
    open_mail(c, protocol, client_side);
    c->session = mail_session_new(protocol, c->mail.from_start, on_event, c);
    mail_opening_tell(c->opening, feed_again, c);
    forget_opening(c);
}

/* The last resort: a server's port is the lower one. */
static int probable_client(const connection *c)
{
    return c->initiator >= 0 ? c->initiator : c->key.ends[0].port > c->key.ends[1].port ? 0 : 1;
}

/* ---- is it mail? ---- */

/* A TLS record, RFC 8446 5.1: its content type and the version. */
static gboolean is_tls_record(slice bytes)
{
    return bytes.len >= 2 && bytes.data[0] >= 20 && bytes.data[0] <= 23 && bytes.data[1] == 3;
}

static void decide(connection *c, int side)
{
    gboolean is_telling;
    mail_guess guess = mail_opening_look(c->opening, c->hint, side, &is_telling);
    switch (guess.verdict) {
    case MAIL_VERDICT_YES:
        begin_session(c, guess.protocol, guess.a_is_client ? 0 : 1);
        break;
    case MAIL_VERDICT_NO:
        c->verdict = VERDICT_NOT_MAIL;
        break;
    case MAIL_VERDICT_MAYBE:
        if (c->hint != MAIL_PROTOCOL_NONE && is_telling)
            begin_session(c, c->hint, probable_client(c));
        else if (mail_opening_is_full(c->opening))
            c->verdict = VERDICT_NOT_MAIL;
        break;
    }
}

static mail_opening *opening_of(connection *c)
{
    if (!c->opening)
        c->opening = mail_opening_new();
    return c->opening;
}

static void take_bytes(connection *c, int side, slice bytes)
{
    if (c->tls_hint != MAIL_PROTOCOL_NONE && !c->opening && is_tls_record(bytes)) {
        c->mail.is_encrypted = TRUE;
        open_mail(c, c->tls_hint, probable_client(c));
        return;
    }
    mail_opening_bytes(opening_of(c), side, bytes);
    decide(c, side);
}

static void on_bytes(int side, guint64 offset, slice bytes, void *user)
{
    connection *c = user;
    (void)offset;
    if (c->session)
        mail_session_feed(c->session, role_of(c, side), bytes);
    else if (c->verdict == VERDICT_UNDECIDED)
        take_bytes(c, side, bytes);
}

static void on_gap(int side, guint64 offset, guint64 missing, void *user)
{
    connection *c = user;
    (void)offset;
    if (c->session)
        mail_session_gap(c->session, role_of(c, side), missing);
    else if (c->verdict == VERDICT_UNDECIDED)
        mail_opening_gap(opening_of(c), side, missing);
}

static void on_end(int side, void *user)
{
    connection *c = user;
    if (!c->session || c->ended[side])
        return;
    c->ended[side] = TRUE;
    mail_session_end(c->session, role_of(c, side));
}

static const stream_sink streams = {on_bytes, on_gap, on_end};

/* ---- life ---- */

static void set_outlives_close(connection *c, gboolean outlives)
{
    c->table->stragglers += outlives - c->outlives_close;
    c->outlives_close = outlives;
}

static void forget_machines(connection *c)
{
    set_outlives_close(c, FALSE);
    forget_opening(c);
    stream_assembler_free(c->assembler);
    c->assembler = NULL;
    if (c->session)
        mail_session_free(c->session);
    c->session = NULL;
}

static void close_session(connection *c)
{
    forget_machines(c);
    if (c->is_open)
        c->table->sink->closed(&c->mail, c->table->user);
}

static void free_connection(gpointer data)
{
    connection *c = data;
    close_session(c);
    g_free(c);
}

static connection *new_connection(connection_table *table, const connection_key *key)
{
    make_room(table, FALSE);
    connection *c = g_new0(connection, 1);
    c->key = *key;
    c->table = table;
    c->initiator = -1;
    c->link.data = c;
    set_hints(c);
    g_queue_push_tail_link(&table->by_use[0], &c->link);
    g_hash_table_insert(table->connections, &c->key, c);
    return c;
}

connection_table *connection_table_new(const connection_sink *sink, void *user)
{
    connection_table *table = g_new0(connection_table, 1);
    table->sink = sink;
    table->user = user;
    table->connections = g_hash_table_new_full(hash_key, equal_keys, NULL, free_connection);
    for (int i = 0; i < 2; i++)
        g_queue_init(&table->by_use[i]);
    return table;
}

void connection_table_finish(connection_table *table)
{
    for (int i = 1; i >= 0; i--)
        while (table->by_use[i].head)
            drop(table->by_use[i].head->data);
}

void connection_table_free(connection_table *table)
{
    if (!table)
        return;
    connection_table_finish(table);
    g_hash_table_destroy(table->connections);
    g_free(table);
}

guint connection_table_count(const connection_table *table)
{
    return table->by_use[0].length + table->by_use[1].length;
}

/* ---- segments ---- */

/* A SYN with another number is not one that was sent again. */
static gboolean begins_anew(const connection *c, int side, const frame_segment *segment)
{
    const connection_side *known = &c->sides[side];
    return (segment->flags & (FRAME_TCP_SYN | FRAME_TCP_ACK)) == FRAME_TCP_SYN && known->is_known &&
           known->first != segment->seq + 1;
}

static connection *find_connection(connection_table *table, const connection_key *key, int side,
                                   const frame_segment *segment)
{
    connection *c = g_hash_table_lookup(table->connections, key);
    if (c && begins_anew(c, side, segment)) {
        drop(c);
        c = NULL;
    }
    if (!c)
        return new_connection(table, key);
    g_queue_unlink(queue_of(c), &c->link);
    g_queue_push_tail_link(queue_of(c), &c->link);
    return c;
}

static void note_numbers(connection *c, int side, const frame_segment *segment)
{
    connection_side *known = &c->sides[side];
    gboolean is_syn = (segment->flags & FRAME_TCP_SYN) != 0;
    if (is_syn && c->initiator < 0)
        c->initiator = segment->flags & FRAME_TCP_ACK ? !side : side;
    if (known->saw_syn || (known->is_known && !is_syn))
        return;
    known->is_known = TRUE;
    known->saw_syn = is_syn;
    known->first = segment->seq + is_syn;
}

static gboolean saw_handshake(const connection *c)
{
    return c->sides[0].saw_syn || c->sides[1].saw_syn;
}

static void start_looking(connection *c)
{
    c->verdict = VERDICT_UNDECIDED;
    c->assembler = stream_assembler_new(&streams, c);
    for (int side = 0; side < 2; side++)
        if (c->sides[side].saw_syn)
            stream_assembler_start(c->assembler, side, c->sides[side].first, TRUE);
}

static mail_verdict look_at(slice bytes)
{
    return mail_recogniser_look(bytes, SLICE_EMPTY, MAIL_PROTOCOL_NONE).verdict;
}

/* A connection that sends no bytes (a scan of ports) is not looked at; without a beginning and on a port that
 * says nothing only what may be mail by itself is. */
static gboolean is_worth_a_look(const connection *c, const frame_segment *segment)
{
    if (segment->length == 0)
        return FALSE;
    if (saw_handshake(c) || c->hint != MAIL_PROTOCOL_NONE || c->tls_hint != MAIL_PROTOCOL_NONE)
        return TRUE;
    return look_at(segment->payload) != MAIL_VERDICT_NO;
}

/* A capture that begins in the middle of a message shows no mail until the message is over: there a refusal is not for
 * ever, if a segment is plainly mail by itself. */
static gboolean may_look_again(connection *c, const frame_segment *segment)
{
    if (c->hint != MAIL_PROTOCOL_NONE || c->looks >= LOOKS || saw_handshake(c) ||
        !mail_recogniser_may_open(segment->payload) || look_at(segment->payload) != MAIL_VERDICT_YES)
        return FALSE;
    c->looks++;
    return TRUE;
}

static gboolean is_looked_at(connection *c, const frame_segment *segment)
{
    if (c->assembler)
        return TRUE;
    if (c->verdict == VERDICT_MAIL) /* over */
        return FALSE;
    if (c->verdict == VERDICT_NOT_MAIL ? !may_look_again(c, segment) : !is_worth_a_look(c, segment))
        return FALSE;
    start_looking(c);
    return TRUE;
}

static guint stream_flags(guint8 flags)
{
    return (flags & FRAME_TCP_SYN ? STREAM_SYN : 0) | (flags & FRAME_TCP_FIN ? STREAM_FIN : 0) |
           (flags & FRAME_TCP_RST ? STREAM_RST : 0) | (flags & FRAME_TCP_ACK ? STREAM_ACK : 0);
}

static void place(connection *c, int side, const frame_segment *segment)
{
    connection_table *table = c->table;
    const stream_segment placed = {.side = side,
                                   .flags = stream_flags(segment->flags),
                                   .seq = segment->seq,
                                   .ack = segment->ack,
                                   .payload = segment->payload,
                                   .length = segment->length,
                                   .time = segment->time};
    if (table->is_disordered)
        stream_assembler_expect_disorder(c->assembler);
    stream_assembler_hurry(c->assembler, table->stragglers >= LIMIT_STRAGGLERS && !c->outlives_close);
    stream_assembler_segment(c->assembler, &placed);
    table->is_disordered = stream_assembler_is_disordered(c->assembler);
}

/* What the end of the capture says of gaps belongs where the close would have said it. */
static void note_last(connection *c, const frame_segment *segment)
{
    if (c->outlives_close)
        return;
    set_outlives_close(c, stream_assembler_outlives_close(c->assembler));
    if (segment->length || c->outlives_close)
        c->mail.last_where = c->mail.where;
}

void connection_table_segment(connection_table *table, const frame_segment *segment, guint64 where)
{
    connection_key key;
    int side = make_key(segment, &key);
    connection *c = find_connection(table, &key, side, segment);
    note_numbers(c, side, segment);
    c->mail.where = where;
    if (!is_looked_at(c, segment))
        return;
    place(c, side, segment);
    note_last(c, segment);
    if (c->verdict == VERDICT_NOT_MAIL)
        forget_machines(c);
    else if (c->verdict == VERDICT_MAIL && stream_assembler_is_over(c->assembler)) {
        close_session(c);
        set_open(c, FALSE);
    }
}
