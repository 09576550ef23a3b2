/* message_store.h
 * The bytes of the messages: collected while they come in, put through Wireshark's
 * reassembly when they are complete, kept in file scope.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MESSAGE_STORE_H
#define MAILXTRA_MESSAGE_STORE_H

#include "ws_compat.h"

#include <epan/reassemble.h>

#include "../core/mail_event.h"
#include "../core/mime_parser.h"

typedef struct stored_message {
    guint32 id;          /* unique in this capture file */
    guint32 ordinal;     /* in its session, from 1 */
    mail_protocol protocol;
    mail_message_source source;
    gboolean has_envelope_from;
    char *envelope_from; /* UTF-8 */
    char **envelope_to;  /* UTF-8, NULL-terminated */

    GByteArray *bytes;       /* while it is open; then NULL */
    wmem_array_t *fragments; /* of message_fragment */
    GArray *gaps;            /* of mime_gap */
    guint32 finished_in;     /* frame; 0: open */
    mail_end_reason end_reason;
    anomaly_set anomalies;
    guint64 missing;         /* bytes lost */
    gsize size;              /* bytes kept */
    fragment_head *head;     /* reassembled bytes; NULL when there are none */
    wmem_map_t *digests;     /* "algorithm path" to hexadecimal, each made when it is first asked for; NULL: none yet */
    char *summary;           /* for the Info column, made when it is first asked for */
} stored_message;

void message_store_register(void);

/* A new open message, from a MESSAGE_START event. File scope. */
stored_message *message_store_open(const mail_event *event);

/* Adds what a MESSAGE_DATA event brought in this frame. Returns the bytes kept. */
gsize message_store_append(stored_message *message, packet_info *pinfo, slice bytes);

/* `missing` bytes are lost at the place reached. */
void message_store_gap(stored_message *message, guint64 missing);

/* The message is over: its bytes go through the reassembly table. First pass only. */
void message_store_finish(stored_message *message, packet_info *pinfo, const mail_event *event);

gboolean message_store_is_complete(const stored_message *message);

/* The bytes of a finished message, valid as long as the file is open; empty for none. */
slice message_store_bytes(const stored_message *message);

/* The digest in hexadecimal of what has that part number ("": the message itself); made once, and only when asked for. */
const char *message_store_digest(stored_message *message, GChecksumType algorithm, const char *path, slice bytes);

/* Parses a finished message. Free with mime_message_free(). */
mime_message *message_store_parse(const stored_message *message);

#endif
