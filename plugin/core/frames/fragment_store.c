/* fragment_store.c
 * A datagram under way keeps its fragments in the order they came in, and a bit for each 8 bytes that are there: so
 * each fragment costs its own length. They are put in place when the last one has come.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "fragment_store.h"

#include "limits.h"

/* RFC 791 3.1: the offset counts 8 bytes, in 13 bits; the whole has at most 65,535 bytes. */
#define BLOCK 8
#define BLOCKS 8192
#define DATAGRAM_BYTES 65535

typedef struct datagram_key {
    frame_address source, destination;
    guint32 id;
    guint32 protocol;
} datagram_key;

typedef struct piece {
    guint32 offset, length;
} piece;

typedef struct datagram {
    datagram_key key;
    GList link;     /* in the store's `by_age` */
    guint64 time;   /* of the first fragment that came */
    guint32 total;  /* bytes; 0: the last fragment did not come yet */
    guint32 blocks; /* that are there */
    guint8 next;    /* of the fragment at offset 0 */
    guint8 seen[BLOCKS / 8];
    GArray *pieces;    /* of piece, in the order they came in */
    GByteArray *bytes; /* theirs */
} datagram;

struct fragment_store {
    GHashTable *datagrams; /* of datagram, by datagram.key */
    GQueue by_age;         /* of datagram, the oldest first */
    guint32 seed;          /* so that datagrams with the same hash cannot be made on purpose */
};

static guint hash_key(gconstpointer key)
{
    const guint8 *bytes = key;
    guint hash = 2166136261U;
    for (gsize i = 0; i < sizeof(datagram_key); i++)
        hash = (hash ^ bytes[i]) * 16777619U;
    return hash;
}

static gboolean equal_keys(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(datagram_key)) == 0;
}

static void free_datagram(gpointer data)
{
    datagram *d = data;
    g_array_unref(d->pieces);
    g_byte_array_unref(d->bytes);
    g_free(d);
}

fragment_store *fragment_store_new(void)
{
    fragment_store *store = g_new0(fragment_store, 1);
    store->datagrams = g_hash_table_new_full(hash_key, equal_keys, NULL, free_datagram);
    g_queue_init(&store->by_age);
    store->seed = g_random_int();
    return store;
}

void fragment_store_free(fragment_store *store)
{
    if (!store)
        return;
    g_hash_table_destroy(store->datagrams);
    g_free(store);
}

static void drop(fragment_store *store, datagram *d)
{
    g_queue_unlink(&store->by_age, &d->link);
    g_hash_table_remove(store->datagrams, &d->key);
}

static datagram *new_datagram(fragment_store *store, const datagram_key *key, guint64 time)
{
    if (store->by_age.length >= LIMIT_DATAGRAMS)
        drop(store, store->by_age.head->data);
    datagram *d = g_new0(datagram, 1);
    d->key = *key;
    d->time = time;
    d->pieces = g_array_new(FALSE, FALSE, sizeof(piece));
    d->bytes = g_byte_array_new();
    d->link.data = d;
    g_queue_push_tail_link(&store->by_age, &d->link);
    g_hash_table_insert(store->datagrams, &d->key, d);
    return d;
}

/* Identifications are used again: what is too old belongs to another datagram. */
static datagram *find_datagram(fragment_store *store, const fragment *added)
{
    datagram_key key;
    memset(&key, 0, sizeof key); /* the padding is compared, too */
    key.source = added->source;
    key.destination = added->destination;
    key.id = added->id ^ store->seed;
    key.protocol = added->protocol;
    datagram *d = g_hash_table_lookup(store->datagrams, &key);
    if (d && added->time > d->time + LIMIT_DATAGRAM_MS) {
        drop(store, d);
        d = NULL;
    }
    return d ? d : new_datagram(store, &key, added->time);
}

static gboolean is_possible(const fragment *added)
{
    return added->bytes.len > 0 && added->bytes.len <= DATAGRAM_BYTES && added->offset % BLOCK == 0 &&
           added->offset <= DATAGRAM_BYTES - added->bytes.len && (added->is_last || added->bytes.len % BLOCK == 0);
}

/* Does the fragment say something else about where the datagram ends? */
static gboolean contradicts(const datagram *d, const fragment *added)
{
    gsize end = added->offset + added->bytes.len;
    return d->total && (added->is_last ? end != d->total : end > d->total);
}

/* The last fragment says where the datagram ends. FALSE: earlier ones go on behind it. */
static gboolean set_total(datagram *d, guint32 total)
{
    for (guint i = 0; i < d->pieces->len; i++) {
        const piece *p = &g_array_index(d->pieces, piece, i);
        if (p->offset + p->length > total)
            return FALSE;
    }
    d->total = total;
    return TRUE;
}

/* How many blocks the fragment brings that were not there. */
static guint32 mark(datagram *d, const fragment *added)
{
    guint32 first = added->offset / BLOCK, behind = (guint32)((added->offset + added->bytes.len + BLOCK - 1) / BLOCK);
    guint32 brought = 0;
    for (guint32 i = first; i < behind; i++) {
        guint8 bit = (guint8)(1 << i % 8);
        brought += !(d->seen[i / 8] & bit);
        d->seen[i / 8] |= bit;
    }
    d->blocks += brought;
    return brought;
}

static GByteArray *join(const datagram *d)
{
    GByteArray *whole = g_byte_array_new();
    g_byte_array_set_size(whole, d->total);
    guint32 behind = d->bytes->len;
    for (guint i = d->pieces->len; i-- > 0;) { /* the first one that came is put there last */
        const piece *p = &g_array_index(d->pieces, piece, i);
        behind -= p->length;
        memcpy(whole->data + p->offset, d->bytes->data + behind, p->length);
    }
    return whole;
}

static gboolean is_whole(const datagram *d)
{
    return d->total && d->blocks >= (d->total + BLOCK - 1) / BLOCK;
}

/* FALSE: the datagram is malformed, or too large. */
static gboolean keep(datagram *d, const fragment *added)
{
    const piece p = {added->offset, (guint32)added->bytes.len};
    if (d->bytes->len + p.length > LIMIT_DATAGRAM_FRAGMENT_BYTES)
        return FALSE;
    if (added->is_last && !d->total && !set_total(d, p.offset + p.length))
        return FALSE;
    g_array_append_val(d->pieces, p);
    g_byte_array_append(d->bytes, added->bytes.data, p.length);
    if (added->offset == 0)
        d->next = added->next;
    return TRUE;
}

GByteArray *fragment_store_add(fragment_store *store, const fragment *added, guint8 *next_r)
{
    if (!is_possible(added))
        return NULL;
    datagram *d = find_datagram(store, added);
    if (contradicts(d, added) || mark(d, added) == 0)
        return NULL;
    if (!keep(d, added)) {
        drop(store, d);
        return NULL;
    }
    if (!is_whole(d))
        return NULL;
    GByteArray *whole = join(d);
    *next_r = d->next;
    drop(store, d);
    return whole;
}
