/* fuzz_sasl.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sasl.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

/* The lines of an exchange: the mechanism first, then client and server in turn. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    slice rest = {data, size};
    sasl *exchange = NULL;
    mail_auth auth;

    for (guint turn = 0; rest.len; turn++) {
        const guint8 *lf = memchr(rest.data, '\n', rest.len);
        slice line = slice_head(rest, lf ? (gsize)(lf - rest.data) : rest.len);
        if (!exchange)
            exchange = sasl_new(line);
        else if (turn % 2)
            sasl_client_line(exchange, line, turn == 1, &auth);
        else
            sasl_server_line(exchange, line, &auth);
        rest = slice_from(rest, line.len + 1);
    }
    if (exchange)
        sasl_summary(exchange, &auth);
    sasl_free(exchange);
    return 0;
}
