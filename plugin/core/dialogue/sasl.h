/* sasl.h
 * One authentication exchange (RFC 4422) as seen from outside: fed with the lines of both
 * sides, it says who wants to be whom, with which secret.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SASL_H
#define MAILXTRA_SASL_H

#include "mail_event.h"

typedef struct sasl sasl;

/* A new exchange of that mechanism ("PLAIN", any case). Of an unknown one, which keeps its name, challenges and
 * responses are given as decoded bytes. */
sasl *sasl_new(slice mechanism);
void sasl_free(sasl *exchange);

/* A new exchange out of the argument of AUTH, "mechanism [initial-response]" (RFC 4954 4, RFC 5034 4), or "LOGIN user
 * password", in place of
 * *exchange, which is freed. The rest as of sasl_client_line(). */
anomaly_set sasl_begin(sasl **exchange, slice argument, mail_auth *auth_r);

/* A line of the client: base64, "=" for an empty response, "*" to cancel. `initial`: it
 * came in the AUTH command itself; it may then be empty (no initial response, RFC 4954 4).
 * A challenge of the server (behind "334 " or "+ "). *auth_r is what this line says, borrowed
 * from the exchange until the next call on it (its username and the like: until sasl_free or
 * the next line that says them). Result: BAD_BASE64_AUTH, BAD_SASL. */
anomaly_set sasl_client_line(sasl *exchange, slice line, gboolean initial, mail_auth *auth_r);
anomaly_set sasl_server_line(sasl *exchange, slice line, mail_auth *auth_r);

/* The exchange is decided: *auth_r says mechanism, username and authzid as known from all its lines. */
void sasl_summary(const sasl *exchange, mail_auth *auth_r);

#endif
