/* address.h
 * Mailboxes and domains compared: what stands in From, To, Reply-To, an envelope or a display name.
 * RFC 5322 3.4, RFC 5321 4.1.2 and 4.1.3.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_ADDRESS_H
#define MAILXTRA_ADDRESS_H

#include "slice.h"

/* One mailbox of a list, taken apart. */
typedef struct mail_address {
    char *name;   /* display name, decoded, UTF-8; NULL: none */
    char *local;  /* in front of the last "@"; all of it when there is none; never NULL */
    char *domain; /* behind it, lower case, without a final dot; NULL: none */
    char *group;  /* the group it stands in; NULL: none */
} mail_address;

/* The mailboxes of an address field (raw, as behind the colon); at most LIMIT_RECIPIENTS. Array of mail_address*,
 * owned; free with g_ptr_array_unref(). Never NULL. */
GPtrArray *address_list_parse(slice raw);

/* One mailbox as an envelope or a field has it: "local@domain", <> around it allowed. Free with address_free(). */
mail_address *address_parse(slice mailbox);
void address_free(mail_address *address); /* NULL is allowed */

/* "local@domain", or the local part alone; g_free() it. */
char *address_text(const mail_address *address);

/* The same mailbox: domains without case; local parts without case too, as servers in use compare them. */
gboolean address_equal(const mail_address *a, const mail_address *b);

/* A mail address inside other text (a display name that poses as one); NULL: none. Free with address_free(). */
mail_address *address_in_text(const char *text);

/* The domain that an organisation registers: "mail.example.co.uk" -> "example.co.uk", borrowed from `domain`. A
 * domain of one label is its own. Two-level registries are known for the common cases, not all of
 * the Public Suffix List: where one is missing, two organisations pass for one. */
const char *address_organisation(const char *domain);

/* Do two domains (NULL: none) belong to one organisation, as far as their names tell? Groups of domains that one
 * operator uses in one chain (gmail.com and google.com, outlook.com and exchangelabs.com, ...) count as one. */
gboolean address_same_organisation(const char *a, const char *b);

/* Is it a name that the public DNS could hold: a dot, and no ending that is for private use (.local, .lan, ...)? */
gboolean address_is_public_name(const char *domain);

/* Does the local part look rewritten by a forwarder or a list: SRS, BATV, VERP, "bounce"? */
gboolean address_is_rewritten(const mail_address *address);

typedef enum address_scope {
    ADDRESS_NO_IP,    /* not an address */
    ADDRESS_LOOPBACK, /* 127.0.0.0/8, ::1 */
    ADDRESS_PRIVATE,  /* RFC 1918, RFC 6598, RFC 4193, link-local */
    ADDRESS_PUBLIC    /* all other, those for documentation too */
} address_scope;

/* An IPv4 or IPv6 address, as inside of "[...]": "IPv6:" in front, "::ffff:" and a ":port" behind IPv4 are taken off.
 * *ip_r (may be NULL) gets it in its usual form; g_free() it. ADDRESS_NO_IP: it is none. */
address_scope address_ip(slice text, char **ip_r);

#endif
