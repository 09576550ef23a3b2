/* fuzz_trace_check.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "header.h"
#include "limits.h"
#include "trace_check.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* The first byte says what is known; the next lines are HELO, sender and recipient; the rest is the message. */
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size == 0)
        return 0;
    guint8 known = data[0];
    slice rest = {data + 1, size - 1};
    char *lines[3];
    for (int i = 0; i < 3; i++) {
        const guint8 *end = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
        slice line = slice_head(rest, end ? (gsize)(end - rest.data) : rest.len);
        char *copy = slice_dup(line);
        lines[i] = g_utf8_make_valid(copy, -1);
        g_free(copy);
        rest = slice_from(rest, line.len + 1);
    }
    header_block block = header_read(rest, 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    char *recipients[] = {lines[2], NULL};
    const trace_witness witness = {known & 3, 1, "192.0.2.1", lines[0]};
    const trace_facts facts = {.fields = block.fields,
                               .body = slice_from(rest, block.length),
                               .complete = known & 4,
                               .is_upload = known & 8,
                               .is_smtp = known & 8,
                               .client_ip = known & 16 ? "198.51.100.7" : NULL,
                               .helo = known & 32 ? lines[0] : NULL,
                               .hello_name = known & 64 ? lines[0] : NULL,
                               .server_name = lines[0],
                               .auth_user = known & 128 ? lines[1] : NULL,
                               .envelope_from = lines[1],
                               .envelope_to = recipients,
                               .time = 1700000000,
                               .witnesses = &witness,
                               .witness_count = 1};
    trace_report *report = trace_examine(&facts);
    for (guint i = 0; i < report->findings->len; i++)
        g_assert(g_utf8_validate(((const trace_finding *)g_ptr_array_index(report->findings, i))->text, -1, NULL));
    trace_report_free(report);
    g_ptr_array_unref(block.fields);
    g_free(trace_hello_name(rest));
    for (int i = 0; i < 3; i++)
        g_free(lines[i]);
    return 0;
}
