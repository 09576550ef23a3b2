/* stream_call.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stream_call.h"

void stream_call_fill_data_record(const stream_call *call, mail_record *record)
{
    const plain_data *data = &call->data;
    record->event.kind = MAIL_EVENT_MESSAGE_DATA;
    record->event.protocol = call->protocol;
    record->event.side = data->side;
    record->event.start = data->start;
    record->event.end = data->end;
    record->event.exchange = data->exchange;
    record->event.message = data->message->ordinal;
    record->event.source = data->source;
    record->event.is_inflated = data->is_inflated;
    record->message = data->message;
    record->data_length = data->kept;
}

const mail_record *stream_call_data_record(const stream_call *call)
{
    static mail_record record; /* the fields that are not filled are never set */
    stream_call_fill_data_record(call, &record);
    return &record;
}
