/* record_view.h
 * Where the bytes of a record can be shown: in the frame when they are all there, else in
 * a small data source made of the line that several segments carried.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_RECORD_VIEW_H
#define MAILXTRA_RECORD_VIEW_H

#include "stream_call.h"

typedef struct record_view {
    tvbuff_t *tvb;
    gint offset, length; /* of the line with its end in tvb */
    gint line_length;    /* without its end */
} record_view;

/* The view of a record that has a line. `tvb`: the frame's bytes of this call. The same data source
 * however often it is asked for in one dissection. */
record_view record_view_line(const stream_call *call, const mail_record *record, tvbuff_t *tvb, packet_info *pinfo);

/* Does the record's stretch of the stream lie wholly in this frame's bytes? Then *offset_r is where. */
gboolean record_view_in_frame(const stream_call *call, const mail_record *record, tvbuff_t *tvb, gint *offset_r);

/* A tvb that owns a copy of `bytes` and lives as long as `parent`, with a data source of that name (UTF-8). */
tvbuff_t *record_view_copy(tvbuff_t *parent, packet_info *pinfo, slice bytes, const char *name);

/* The same without a copy: the bytes have to live as long as the packet. */
tvbuff_t *record_view_borrow(tvbuff_t *parent, packet_info *pinfo, slice bytes, const char *name);

#endif
