/* record_view.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "record_view.h"

#include "frame_scope.h"

tvbuff_t *record_view_copy(tvbuff_t *parent, packet_info *pinfo, slice bytes, const char *name)
{
    guint8 *copy = g_malloc(MAX(bytes.len, 1));
    if (bytes.len)
        memcpy(copy, bytes.data, bytes.len);
    tvbuff_t *tvb = tvb_new_child_real_data(parent, copy, (guint)bytes.len, (gint)bytes.len);
    tvb_set_free_cb(tvb, g_free);
    add_new_data_source(pinfo, tvb, name);
    return tvb;
}

tvbuff_t *record_view_borrow(tvbuff_t *parent, packet_info *pinfo, slice bytes, const char *name)
{
    static const guint8 nothing[1];
    tvbuff_t *tvb =
        tvb_new_child_real_data(parent, bytes.len ? bytes.data : nothing, (guint)bytes.len, (gint)bytes.len);
    add_new_data_source(pinfo, tvb, name);
    return tvb;
}

gboolean record_view_in_frame(const stream_call *call, const mail_record *record, tvbuff_t *tvb, gint *offset_r)
{
    const mail_event *event = &record->event;
    if (event->is_inflated || !call->has_start || event->side != call->side || event->start < call->start)
        return FALSE;
    if (event->end - call->start > tvb_captured_length(tvb))
        return FALSE;
    *offset_r = (gint)(event->start - call->start);
    return TRUE;
}

/* The line as it was on the wire; an over-long one was cut, and shows as far as it was kept. */
static tvbuff_t *rebuild_line(const mail_record *record, tvbuff_t *tvb, packet_info *pinfo)
{
    const mail_event *event = &record->event;
    guint64 ending = event->end - event->start - event->line.len;
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, event->line.data, (guint)event->line.len);
    if (ending >= 1)
        g_byte_array_append(bytes, (const guint8 *)(ending == 1 ? "\n" : "\r\n"), ending == 1 ? 1 : 2);
    tvbuff_t *line = record_view_copy(tvb, pinfo, (slice){bytes->data, bytes->len}, "Mail line");
    g_byte_array_unref(bytes);
    return line;
}

record_view record_view_line(const stream_call *call, const mail_record *record, tvbuff_t *tvb, packet_info *pinfo)
{
    record_view view = {tvb, 0, 0, (gint)record->event.line.len};
    if (record_view_in_frame(call, record, tvb, &view.offset)) {
        view.length = (gint)(record->event.end - record->event.start);
        return view;
    }
    wmem_map_t *views = frame_scope_map(pinfo, FRAME_VIEWS);
    view.tvb = wmem_map_lookup(views, record);
    if (!view.tvb) {
        view.tvb = rebuild_line(record, tvb, pinfo);
        wmem_map_insert(views, record, view.tvb);
    }
    view.length = (gint)tvb_captured_length(view.tvb);
    return view;
}
