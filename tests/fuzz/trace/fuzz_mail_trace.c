/* fuzz_mail_trace.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "header.h"
#include "limits.h"
#include "mail_trace.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static slice body_of(guint index, void *user)
{
    return g_array_index((GArray *)user, slice, index);
}

/* Messages separated by NUL; the first byte of each says who sends it to whom. */
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static const char *const hosts[] = {"10.0.0.1", "10.0.0.2", "127.0.0.1", NULL};
    GArray *bodies = g_array_new(FALSE, FALSE, sizeof(slice));
    mail_trace *trace = mail_trace_new(body_of, bodies);
    slice rest = {data, size};
    while (rest.len) {
        const guint8 *end = memchr(rest.data, 0, rest.len);
        slice one = slice_head(rest, end ? (gsize)(end - rest.data) : rest.len);
        rest = slice_from(rest, one.len + 1);
        guint8 how = one.len ? one.data[0] : 0;
        slice message = slice_from(one, 1);
        header_block block = header_read(message, 0, LIMIT_HEADER_FIELDS, NULL, NULL);
        mail_transfer transfer = {block.fields, slice_from(message, block.length), how & 1, how & 2, how & 4, hosts[how >> 3 & 3], hosts[how >> 5 & 3]};
        g_array_append_val(bodies, transfer.body);
        guint index = mail_trace_add(trace, &transfer);
        const mail_hop *hop = mail_trace_hop(trace, index);
        g_assert(hop->previous == MAIL_TRACE_NONE || hop->previous < index);
        g_assert(hop->hop >= 1 && hop->hop <= index + 1);
        mail_trace_writer writers[4];
        guint count = mail_trace_writers(trace, index, writers, 4);
        for (guint i = 0; i < count; i++)
            g_assert(writers[i].transfer < index && writers[i].from_bottom < hop->received);
        g_ptr_array_unref(block.fields);
    }
    mail_trace_free(trace);
    g_array_unref(bodies);
    return 0;
}
