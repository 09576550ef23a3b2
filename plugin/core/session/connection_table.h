/* connection_table.h
 * From TCP segments to mail sessions, without Wireshark: finds the connection of each segment, puts its streams in
 * order, recognises mail on any port and follows it. What a session says comes as events (mail_event.h).
 *
 * The rules are those of the plugin (plugin/epan/stream_store.c): a connection is known by its two ends; a SYN with
 * another sequence number begins a new one; one whose beginning was captured is judged by its beginning only.
 *
 * Knowingly not done: decryption. A session that turns to TLS gives MAIL_EVENT_TLS_START and nothing behind it; one on
 * a port of mail inside TLS is reported without events. COMPRESS (RFC 4978) is inflated by the session.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_CONNECTION_TABLE_H
#define MAILXTRA_CONNECTION_TABLE_H

#include "frame_reader.h"
#include "mail_event.h"

typedef struct connection_end {
    frame_address address;
    guint16 port;
} connection_end;

/* A connection that is mail. Owned by the table; valid until the sink's `closed` returns. */
typedef struct mail_connection {
    guint32 number;     /* of the session, from 1, in the order of recognition */
    guint64 where;      /* the frame of the segment that is being read; at the end of the capture last_where */
    guint64 last_where; /* that of the last segment with bytes */
    mail_protocol protocol;
    connection_end client, server;
    gboolean from_start;   /* the beginning of the connection was captured */
    gboolean is_encrypted; /* inside TLS, from its first byte or from some command on */
    void *data;            /* of whoever reads the sessions: what `opened` returned */
} mail_connection;

/* Who reads the sessions. Calls of several connections come in between each other. */
typedef struct connection_sink {
    void *(*opened)(const mail_connection *connection, void *user);
    void (*event)(const mail_connection *connection, const mail_event *event, void *user);
    void (*closed)(const mail_connection *connection,
                   void *user); /* nothing more comes; frees what `opened` returned */
} connection_sink;

typedef struct connection_table connection_table;

connection_table *connection_table_new(const connection_sink *sink, void *user);

/* Ends the sessions that are open as connection_table_finish() does. */
void connection_table_free(connection_table *table);

/* The next segment in the order of capture; `where`: its frame. What it does with it is amortized linear in its bytes;
 * memory is bounded by LIMIT_CONNECTIONS: the connection of which nothing was seen for the longest time is closed. */
void connection_table_segment(connection_table *table, const frame_segment *segment, guint64 where);

/* The capture is over: what waits for bytes that did not come is handed on, messages that are open are cut. */
void connection_table_finish(connection_table *table);

/* How many connections there are, mail or not. */
guint connection_table_count(const connection_table *table);

/* The protocol that belongs to the port; NONE: none. *is_tls_r: inside TLS from the first byte. */
mail_protocol connection_table_port(guint16 port, gboolean *is_tls_r);

#endif
