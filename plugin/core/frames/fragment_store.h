/* fragment_store.h
 * Joins the fragments of IP datagrams, RFC 791 3.2 and RFC 8200 4.5.
 * Of overlapping fragments the first one counts, byte for byte, as in Wireshark. A fragment that the snapshot length
 * cut is of no use, for its datagram would have a gap in front of bytes: the caller does not add it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_FRAGMENT_STORE_H
#define MAILXTRA_FRAGMENT_STORE_H

#include "frame_reader.h"

typedef struct fragment {
    frame_address source, destination;
    guint8 protocol; /* IPv4: the protocol; IPv6: 0, the identification alone counts there */
    guint8 next;     /* what follows the header: IPv4 as protocol, IPv6 the Next Header field */
    guint32 id;
    guint32 offset;   /* bytes, a multiple of 8 */
    gboolean is_last; /* no more fragments behind it */
    slice bytes;
    guint64 time; /* milliseconds */
} fragment;

typedef struct fragment_store fragment_store;

fragment_store *fragment_store_new(void);
void fragment_store_free(fragment_store *store);

/* Takes a copy of the fragment. The bytes of the whole datagram when it was the last one that was missing, else NULL.
 * *next_r: what the datagram begins with, as its first fragment says. The caller unrefs the array. */
GByteArray *fragment_store_add(fragment_store *store, const fragment *added, guint8 *next_r);

#endif
