/* fuzz_connection_table.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "connection_table.h"
#include "message_collection.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

typedef struct reader {
    message_collection *collection;
    guint open, last;
    guint64 bytes;
} reader;

static void on_message(const collected_message *message, void *session, void *user)
{
    reader *r = user;
    (void)session;
    for (gsize i = 0; i < message->bytes.len; i++)
        r->bytes += message->bytes.data[i];
    for (guint i = 0; i < message->gap_count; i++)
        g_assert(message->gaps[i].offset <= message->bytes.len);
}

/* What the header says of the sink: sessions are numbered, each is opened once and closed once. */
static void *on_opened(const mail_connection *connection, void *user)
{
    reader *r = user;
    r->open++;
    g_assert(connection->number == ++r->last);
    return message_collection_open(r->collection, "server", NULL);
}

static void on_event(const mail_connection *connection, const mail_event *event, void *user)
{
    (void)user;
    message_collector_event(connection->data, event);
}

static void on_closed(const mail_connection *connection, void *user)
{
    reader *r = user;
    g_assert(connection->data && r->open > 0);
    r->open--;
}

enum { HEAD = 8 };

/* Segments of three connections: which and what flags; port and side; time step; snapshot length; place, which is that
 * behind what the side sent so far when 0; acknowledgement of all or of less; payload's length (two bytes). */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    static const connection_sink sink = {on_opened, on_event, on_closed};
    static const guint16 ports[] = {25, 2626, 110, 143, 993, 5000};
    reader r = {.collection = message_collection_new(on_message, &r)};
    connection_table *table = connection_table_new(&sink, &r);
    guint32 next[3][2] = {{0}};
    guint64 time = 0, where = 0;
    for (slice rest = {data, size}; rest.len >= HEAD;) {
        const guint8 *b = rest.data;
        slice payload = slice_head(slice_from(rest, HEAD), (gsize)((b[6] << 8 | b[7]) & 1023));
        rest = slice_from(rest, HEAD + payload.len);
        guint which = b[0] % 3, side = b[1] & 1;
        guint16 server = ports[(which + (b[1] >> 6)) % G_N_ELEMENTS(ports)];
        frame_segment segment = {.source = {4, {10, 0, 0, (guint8)(1 + side)}},
                                 .destination = {4, {10, 0, 0, (guint8)(2 - side)}},
                                 .source_port = side ? server : (guint16)(40000 + which),
                                 .destination_port = side ? (guint16)(40000 + which) : server,
                                 .seq = next[which][side] + (guint32)(gint8)b[4],
                                 .ack = next[which][!side] - b[5],
                                 .flags = (b[0] >> 2) & 0x17,
                                 .payload = slice_head(payload, b[3] & 1 ? b[3] : payload.len),
                                 .length = (guint32)payload.len,
                                 .time = time += b[2] * 16U};
        if (b[4] == 0)
            next[which][side] += segment.length + ((segment.flags & 3) != 0);
        connection_table_segment(table, &segment, ++where);
    }
    connection_table_free(table);
    message_collection_finish(r.collection);
    message_collection_free(r.collection);
    g_assert(r.open == 0);
    return 0;
}
