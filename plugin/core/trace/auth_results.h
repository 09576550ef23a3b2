/* auth_results.h
 * What servers and signers say about who a message is from: Authentication-Results (RFC 8601), ARC (RFC 8617),
 * Received-SPF (RFC 7208 9.1) and the tags of DKIM signatures (RFC 6376 3.5).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_AUTH_RESULTS_H
#define MAILXTRA_AUTH_RESULTS_H

#include "slice.h"

/* One "method=result (comment) ptype.property=value ..." */
typedef struct auth_result {
    char *method;     /* lower case: "spf", "dkim", "dmarc", "arc", "auth", ... */
    char *result;     /* lower case: "pass", "fail", "softfail", "none", ... */
    char *comment;    /* NULL: none */
    char *properties; /* "smtp.mailfrom=example.org header.d=example.org"; empty: none */
} auth_result;

typedef struct auth_results {
    guint instance;     /* ARC's i=; 0: none */
    char *server;       /* authserv-id, lower case; Received-SPF: receiver=; NULL: none */
    GPtrArray *results; /* of auth_result*, owned */
} auth_results;

/* An Authentication-Results or ARC-Authentication-Results value (raw, as behind the colon). At most LIMIT_PARAMS
 * results. Never NULL. Free with auth_results_free(). */
auth_results *auth_results_parse(slice raw);

/* A Received-SPF value, as one result of the method "spf". Never NULL. */
auth_results *auth_results_parse_spf(slice raw);
void auth_results_free(auth_results *results);

typedef enum dkim_canon { DKIM_CANON_SIMPLE, DKIM_CANON_RELAXED } dkim_canon;

/* The tags of a DKIM-Signature, an ARC-Message-Signature or an ARC-Seal. */
typedef struct dkim_signature {
    char *domain, *selector; /* d=, s=; NULL: none */
    char *algorithm;         /* a=, lower case; NULL: none */
    char *identity;          /* i=; NULL: none; ARC's number is `instance` */
    char *signed_fields;     /* h=, without blanks; NULL: none */
    char *canon;             /* c= as written; NULL: none */
    char *body_hash;         /* bh=, without blanks; NULL: none */
    guint instance;          /* ARC; 0: none */
    dkim_canon body_canon;
    gboolean canon_known;
    gboolean has_length; /* l= */
    guint64 length;
    gint64 signed_at, expires_at; /* t=, x=: seconds since 1970; -1: none */
} dkim_signature;

/* The tags of such a value (raw). Never NULL; free with dkim_signature_free(). */
dkim_signature *dkim_signature_parse(slice raw);
void dkim_signature_free(dkim_signature *signature);

#endif
