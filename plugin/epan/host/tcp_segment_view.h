/* tcp_segment_view.h
 * A TCP segment as the IP layer handed it to TCP.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TCP_SEGMENT_VIEW_H
#define MAILXTRA_TCP_SEGMENT_VIEW_H

#include "ws_compat.h"

#include <epan/conversation.h>

#include "slice.h"

typedef struct mail_conversation mail_conversation;

/* Made by tcp_watch, valid while TCP is called with the segment. */
typedef struct tcp_segment_view {
    guint32 frame;
    tvbuff_t *tvb;    /* from the TCP header on */
    gint header;      /* bytes of the header, as far as captured */
    slice payload;    /* captured part, borrowed from tvb; may be empty */
    guint32 seq, ack; /* as on the wire */
    guint flags;      /* STREAM_* of stream_assembler.h */
    guint32 length;   /* payload bytes on the wire */
    gboolean used;    /* has been given to stream_store already */
    conversation_t
        *conversation; /* that it belongs to, and its state, when conversation_table knows it; NULL: not looked up */
    mail_conversation *mail;
} tcp_segment_view;

#endif
