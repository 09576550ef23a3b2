/* mail_trace.c
 *
 * Which transfer comes before another one? A server sends on what it was given, so the client of the later is
 * the server of the earlier; and who fetches mail fetches it from the server that was given it. Where addresses
 * do not tell (loopback, several addresses of one host), it is the latest transfer that is not the
 * same step once more. Headers are not asked for this: they may lie.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_trace.h"

#include "address.h"
#include "dkim_body.h"
#include "header.h"
#include "limits.h"
#include "rfc822_lexer.h"

/* A field as it is compared: its value as a hash, blanks and folding aside. */
typedef struct field_print {
    char *name; /* as written */
    guint64 hash;
} field_print;

typedef struct transfer_record {
    mail_hop hop;
    gboolean complete, partial, is_upload;
    char *client, *server;
    gsize body_len;
    gboolean has_id;
    char *body_hash;  /* as DKIM's simple canonicalisation sees the body; NULL: nobody has asked so far */
    GArray *prints;   /* of field_print, sorted by name and hash; without Received */
    GArray *received; /* of guint64: hashes of the Received fields, as they stand in the header */
} transfer_record;

struct mail_trace {
    mail_trace_body body_of;
    void *user;
    GPtrArray *records;   /* of transfer_record* */
    GHashTable *numbers;  /* key -> number */
    GHashTable *nameless; /* author_key() -> GArray of guint: the transfers without a Message-ID */
    GPtrArray *mails;     /* of GArray* of guint; index is the number - 1 */
};

/* ---- life ---- */

static void clear_print(gpointer data)
{
    g_free(((field_print *)data)->name);
}

static void record_free(gpointer data)
{
    transfer_record *record = data;
    g_array_unref(record->hop.next);
    g_ptr_array_unref(record->hop.added);
    g_ptr_array_unref(record->hop.removed);
    g_ptr_array_unref(record->hop.changed);
    g_free(record->client);
    g_free(record->server);
    g_free(record->body_hash);
    g_array_unref(record->prints);
    g_array_unref(record->received);
    g_free(record);
}

static void array_free(gpointer data)
{
    g_array_unref(data);
}

mail_trace *mail_trace_new(mail_trace_body body_of, void *user)
{
    mail_trace *trace = g_new0(mail_trace, 1);
    trace->body_of = body_of;
    trace->user = user;
    trace->records = g_ptr_array_new_with_free_func(record_free);
    trace->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    trace->nameless = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, array_free);
    trace->mails = g_ptr_array_new_with_free_func(array_free);
    return trace;
}

void mail_trace_free(mail_trace *trace)
{
    if (!trace)
        return;
    g_ptr_array_unref(trace->records);
    g_hash_table_destroy(trace->numbers);
    g_hash_table_destroy(trace->nameless);
    g_ptr_array_unref(trace->mails);
    g_free(trace);
}

/* ---- prints ---- */

/* FNV-1a of the bytes without blanks: folding may change on the way. */
static guint64 hash_of(slice bytes)
{
    guint64 hash = G_GUINT64_CONSTANT(14695981039346656037);
    for (gsize i = 0; i < bytes.len; i++)
        if (!rfc822_is_lwsp(bytes.data[i]))
            hash = (hash ^ bytes.data[i]) * G_GUINT64_CONSTANT(1099511628211);
    return hash;
}

static gint compare_prints(gconstpointer a, gconstpointer b)
{
    const field_print *one = a, *other = b;
    gint order = g_ascii_strcasecmp(one->name, other->name);
    return order ? order : (one->hash > other->hash) - (one->hash < other->hash);
}

static void take_prints(transfer_record *record, const GPtrArray *fields)
{
    for (guint i = 0; i < fields->len; i++) {
        const header_field *field = g_ptr_array_index(fields, i);
        field_print print = {NULL, hash_of(field->raw_value)};
        if (slice_is(slice_of(field->name), "Received")) {
            g_array_append_val(record->received, print.hash);
        } else {
            print.name = g_strdup(field->name);
            g_array_append_val(record->prints, print);
        }
    }
    g_array_sort(record->prints, compare_prints);
}

static char *hash_body(slice body)
{
    dkim_body *hash = dkim_body_new(DKIM_CANON_SIMPLE, G_CHECKSUM_SHA256, DKIM_BODY_NO_LIMIT);
    dkim_body_feed(hash, body);
    return dkim_body_finish(hash);
}

static transfer_record *record_new(const mail_transfer *transfer)
{
    transfer_record *record = g_new0(transfer_record, 1);
    record->complete = transfer->complete;
    record->partial = transfer->partial;
    record->is_upload = transfer->is_upload;
    record->client = g_strdup(transfer->client);
    record->server = g_strdup(transfer->server);
    record->body_len = transfer->body.len;
    record->prints = g_array_new(FALSE, FALSE, sizeof(field_print));
    g_array_set_clear_func(record->prints, clear_print);
    record->received = g_array_new(FALSE, FALSE, sizeof(guint64));
    take_prints(record, transfer->fields);
    record->hop.received = record->received->len;
    record->hop.next = g_array_new(FALSE, FALSE, sizeof(guint));
    record->hop.added = g_ptr_array_new_with_free_func(g_free);
    record->hop.removed = g_ptr_array_new_with_free_func(g_free);
    record->hop.changed = g_ptr_array_new_with_free_func(g_free);
    return record;
}

/* ---- one mail ---- */

/* What two transfers of one mail have in common; NULL: nothing that could tell it from others. g_free() it. */
static char *key_of(transfer_record *record, const mail_transfer *transfer)
{
    const header_field *id = header_find(transfer->fields, "Message-ID"), *date = header_find(transfer->fields, "Date");
    slice value = id ? rfc822_trim(id->raw_value) : SLICE_EMPTY;
    if (value.len) {
        char *text = slice_dup(value);
        char *key = g_strconcat("id ", text, NULL);
        record->has_id = TRUE;
        g_free(text);
        return key;
    }
    value = date ? rfc822_trim(date->raw_value) : SLICE_EMPTY;
    if (value.len == 0 || transfer->body.len == 0)
        return NULL;
    record->body_hash = hash_body(transfer->body);
    char *text = slice_dup(value);
    char *key = g_strconcat("body ", record->body_hash, " ", text, NULL);
    g_free(text);
    return key;
}

/* ---- what comes before ---- */

static const transfer_record *record_at(const mail_trace *trace, guint index)
{
    return g_ptr_array_index(trace->records, index);
}

static gboolean is_loopback(const char *ip)
{
    return ip && address_ip(slice_of(ip), NULL) == ADDRESS_LOOPBACK;
}

static gboolean is_same_host(const char *a, const char *b)
{
    return a && b && (g_str_equal(a, b) || is_loopback(a) || is_loopback(b));
}

static gboolean leads_to(const transfer_record *earlier, const transfer_record *later)
{
    return earlier->is_upload && is_same_host(earlier->server, later->is_upload ? later->client : later->server);
}

/* Copies from one server to several others, a second attempt, a mailbox that is read again: the same step of the way.
 * On one host addresses do not tell; there whoever has more Received fields is further. */
static gboolean is_same_step(const transfer_record *earlier, const transfer_record *later)
{
    if (earlier->is_upload != later->is_upload)
        return FALSE;
    if (is_loopback(later->client) && later->hop.received > earlier->hop.received)
        return FALSE;
    return later->is_upload ? g_strcmp0(earlier->client, later->client) == 0
                            : g_strcmp0(earlier->server, later->server) == 0;
}

/* ---- which mail ---- */

static guint new_number(mail_trace *trace)
{
    g_ptr_array_add(trace->mails, g_array_new(FALSE, FALSE, sizeof(guint)));
    return trace->mails->len;
}

/* What the author writes, and no server changes; Date only where there is one, as servers add it. g_free() it. */
static char *author_key(const mail_transfer *transfer, gboolean with_date)
{
    const header_field *date = header_find(transfer->fields, "Date"), *from = header_find(transfer->fields, "From");
    guint64 hash = date && with_date ? hash_of(date->raw_value) : 0;
    return g_strdup_printf("%" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x", hash,
                           from ? hash_of(from->raw_value) : 0);
}

static gboolean has_same_body(const mail_trace *trace, transfer_record *record, slice body, guint index)
{
    transfer_record *earlier = g_ptr_array_index(trace->records, index);
    if (!record->complete || !earlier->complete || record->partial || earlier->partial || body.len == 0)
        return FALSE;
    if (!earlier->body_hash) {
        slice of_earlier = trace->body_of(index, trace->user);
        if (of_earlier.len != earlier->body_len)
            return FALSE;
        earlier->body_hash = hash_body(of_earlier);
    }
    if (!record->body_hash)
        record->body_hash = hash_body(body);
    return g_str_equal(record->body_hash, earlier->body_hash);
}

/* The number of the mail without a Message-ID that this transfer's client was given; 0: none. */
static guint number_before_id(const mail_trace *trace, transfer_record *record, const mail_transfer *transfer)
{
    for (int with_date = 1; with_date >= 0; with_date--) {
        char *key = author_key(transfer, with_date);
        const GArray *found = g_hash_table_lookup(trace->nameless, key);
        g_free(key);
        guint looks = found ? MIN(found->len, LIMIT_TRACE_CANDIDATES) : 0;
        for (guint i = 1; i <= looks; i++) {
            guint index = g_array_index(found, guint, found->len - i);
            if (leads_to(record_at(trace, index), record) && has_same_body(trace, record, transfer->body, index))
                return record_at(trace, index)->hop.trace;
        }
    }
    return 0;
}

static void note_nameless(mail_trace *trace, const mail_transfer *transfer, guint index)
{
    char *key = author_key(transfer, TRUE);
    GArray *found = g_hash_table_lookup(trace->nameless, key);
    if (!found) {
        found = g_array_new(FALSE, FALSE, sizeof(guint));
        g_hash_table_insert(trace->nameless, g_strdup(key), found);
    }
    g_array_append_val(found, index);
    g_free(key);
}

static guint number_of(mail_trace *trace, transfer_record *record, const mail_transfer *transfer)
{
    char *key = key_of(record, transfer);
    if (!key)
        return new_number(trace);
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(trace->numbers, key));
    if (number == 0) {
        number = record->has_id ? number_before_id(trace, record, transfer) : 0;
        number = number ? number : new_number(trace);
        g_hash_table_insert(trace->numbers, g_strdup(key), GUINT_TO_POINTER(number));
    }
    g_free(key);
    return number;
}

static guint find_previous(const mail_trace *trace, const transfer_record *record, const GArray *mail)
{
    guint fallback = MAIL_TRACE_NONE;
    guint looks = MIN(mail->len, LIMIT_TRACE_CANDIDATES);
    for (guint i = 1; i <= looks; i++) {
        guint index = g_array_index(mail, guint, mail->len - i);
        const transfer_record *earlier = record_at(trace, index);
        if (leads_to(earlier, record) && !is_same_step(earlier, record))
            return index;
    }
    for (guint i = 1; i <= looks && fallback == MAIL_TRACE_NONE; i++) {
        guint index = g_array_index(mail, guint, mail->len - i);
        const transfer_record *earlier = record_at(trace, index);
        if (is_same_step(earlier, record))
            return earlier->hop.previous;
        if (!earlier->partial)
            fallback = index;
    }
    return fallback;
}

/* ---- what changed ---- */

static void note(GPtrArray *names, const char *name)
{
    const char *last = names->len ? g_ptr_array_index(names, names->len - 1) : NULL;
    if (names->len < LIMIT_TRACE_CHANGES && (!last || g_ascii_strcasecmp(last, name) != 0))
        g_ptr_array_add(names, g_strdup(name));
}

/* Fields that are in one of two sorted lists only. */
static void compare_fields(const GArray *before, const GArray *after, GPtrArray *added, GPtrArray *removed)
{
    guint i = 0, j = 0;
    while (i < before->len || j < after->len) {
        const field_print *old = i < before->len ? &g_array_index(before, field_print, i) : NULL;
        const field_print *new = j < after->len ? &g_array_index(after, field_print, j) : NULL;
        gint order = !old ? 1 : !new ? -1 : compare_prints(old, new);
        if (order < 0)
            note(removed, old->name);
        else if (order > 0)
            note(added, new->name);
        i += order <= 0;
        j += order >= 0;
    }
}

/* A name in both lists has changed its value. Both are sorted. */
static void settle_changed(mail_hop *hop)
{
    for (guint i = 0, j = 0; i < hop->added->len && j < hop->removed->len;) {
        gint order = g_ascii_strcasecmp(g_ptr_array_index(hop->added, i), g_ptr_array_index(hop->removed, j));
        if (order == 0) {
            g_ptr_array_add(hop->changed, g_strdup(g_ptr_array_index(hop->added, i)));
            g_ptr_array_remove_index(hop->added, i);
            g_ptr_array_remove_index(hop->removed, j);
        } else if (order < 0) {
            i++;
        } else {
            j++;
        }
    }
}

/* Most mails come by once: their bodies need not be hashed. */
static void compare_bodies(const mail_trace *trace, transfer_record *record, slice body, transfer_record *before)
{
    if (!record->complete || !before->complete || record->partial || before->partial)
        return;
    if (!before->body_hash) {
        slice earlier = trace->body_of(record->hop.previous, trace->user);
        if (earlier.len != before->body_len)
            return;
        before->body_hash = hash_body(earlier);
    }
    if (!record->body_hash)
        record->body_hash = hash_body(body);
    record->hop.body_changed = !g_str_equal(record->body_hash, before->body_hash);
}

static void note_changes(transfer_record *record, const transfer_record *before)
{
    mail_hop *hop = &record->hop;
    compare_fields(before->prints, record->prints, hop->added, hop->removed);
    settle_changed(hop);
    if (hop->received > before->hop.received)
        g_ptr_array_insert(hop->added, 0, g_strdup("Received"));
    else if (hop->received < before->hop.received)
        g_ptr_array_insert(hop->removed, 0, g_strdup("Received"));
}

/* ---- the whole ---- */

guint mail_trace_add(mail_trace *trace, const mail_transfer *transfer)
{
    transfer_record *record = record_new(transfer);
    guint index = trace->records->len;
    mail_hop *hop = &record->hop;
    hop->trace = number_of(trace, record, transfer);
    if (!record->has_id)
        note_nameless(trace, transfer, index);
    GArray *mail = g_ptr_array_index(trace->mails, hop->trace - 1);
    hop->previous = find_previous(trace, record, mail);
    hop->hop = 1;
    if (hop->previous != MAIL_TRACE_NONE) {
        transfer_record *before = g_ptr_array_index(trace->records, hop->previous);
        hop->hop = before->hop.hop + 1;
        g_array_append_val(before->hop.next, index);
        compare_bodies(trace, record, transfer->body, before);
        note_changes(record, before);
    }
    g_array_append_val(mail, index);
    g_ptr_array_add(trace->records, record);
    return index;
}

guint mail_trace_count(const mail_trace *trace)
{
    return trace->records->len;
}

const mail_hop *mail_trace_hop(const mail_trace *trace, guint index)
{
    return &record_at(trace, index)->hop;
}

const GArray *mail_trace_transfers(const mail_trace *trace, guint number)
{
    return g_ptr_array_index(trace->mails, number - 1);
}

/* Are the Received fields of `before` the last ones of `after`, unchanged? */
static gboolean keeps_received(const transfer_record *before, const transfer_record *after)
{
    guint old = before->received->len, new = after->received->len;
    for (guint i = 1; i <= old && old <= new; i++)
        if (g_array_index(before->received, guint64, old - i) != g_array_index(after->received, guint64, new - i))
            return FALSE;
    return old <= new;
}

guint mail_trace_writers(const mail_trace *trace, guint index, mail_trace_writer *writers_r, guint room)
{
    const transfer_record *record = record_at(trace, index);
    guint count = 0, above = record->received->len;
    for (guint at = record->hop.previous; at != MAIL_TRACE_NONE && count < room;
         at = record_at(trace, at)->hop.previous) {
        const transfer_record *before = record_at(trace, at);
        if (!keeps_received(before, record))
            break;
        if (before->is_upload && before->received->len < above)
            writers_r[count++] = (mail_trace_writer){before->received->len, at};
        above = before->received->len;
    }
    return count;
}
