/* trace_store.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "trace_store.h"

#include "header.h"
#include "limits.h"

/* Earlier hops of one message that are compared with its Received fields. */
#define LIMIT_WITNESSES 32

static GPtrArray *entries;  /* of trace_entry*, file scope; index as in `links` */
static GHashTable *indexes; /* stored_message -> index + 1 */
static mail_trace *links;   /* of the first mail_trace_count(links) entries */

static slice body_of(guint index, void *user _U_)
{
    const trace_entry *entry = trace_store_entry(index);
    return slice_from(message_store_bytes(entry->message), entry->body_at);
}

void trace_store_forget(void)
{
    g_ptr_array_set_size(entries, 0);
    g_hash_table_remove_all(indexes);
    mail_trace_free(links);
    links = mail_trace_new(body_of, NULL);
}

void trace_store_register(void)
{
    entries = g_ptr_array_new();
    indexes = g_hash_table_new(g_direct_hash, g_direct_equal);
    links = mail_trace_new(body_of, NULL);
}

void trace_store_add(stored_message *message, const session_summary *session, mail_side sender, packet_info *pinfo)
{
    trace_entry *entry = wmem_new0(wmem_file_scope(), trace_entry);
    entry->message = message;
    entry->session = session;
    entry->helo = session->helo;
    entry->hello_name = session->hello_name;
    entry->user = session->user;
    entry->in_tls = session->in_tls;
    entry->is_upload = sender == MAIL_CLIENT;
    entry->frame = pinfo->num;
    entry->time = pinfo->abs_ts;
    g_ptr_array_add(entries, entry);
    g_hash_table_insert(indexes, message, GUINT_TO_POINTER(entries->len));
}

const trace_entry *trace_store_entry(guint index)
{
    return g_ptr_array_index(entries, index);
}

static gint by_frame(gconstpointer a, gconstpointer b)
{
    const trace_entry *const *one = a, *const *other = b;
    return (*one)->frame < (*other)->frame ? -1 : (*one)->frame > (*other)->frame;
}

void trace_store_sort(void)
{
    guint linked = mail_trace_count(links);
    GPtrArray *added = g_ptr_array_new();
    for (guint i = linked; i < entries->len; i++)
        g_ptr_array_add(added, g_ptr_array_index(entries, i));
    g_ptr_array_sort(added, by_frame); /* stable */
    g_ptr_array_set_size(entries, (gint)linked);
    for (guint i = 0; i < added->len; i++) {
        g_ptr_array_add(entries, g_ptr_array_index(added, i));
        g_hash_table_insert(indexes, trace_store_entry(linked + i)->message, GUINT_TO_POINTER(entries->len));
    }
    g_ptr_array_unref(added);
}

static guint index_of(const stored_message *message)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(indexes, message));
}

const trace_entry *trace_store_find(const stored_message *message)
{
    guint index = index_of(message);
    return index ? trace_store_entry(index - 1) : NULL;
}

static gboolean is_partial(const stored_message *message)
{
    return message->source == MAIL_FROM_TOP || message->anomalies & ANOMALY_BIT(ANOMALY_NOT_FETCHED);
}

static void link_entry(trace_entry *entry)
{
    slice bytes = message_store_bytes(entry->message);
    header_block block = header_read(bytes, 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    entry->body_at = block.length;
    const mail_transfer transfer = {.fields = block.fields,
                                    .body = slice_from(bytes, block.length),
                                    .complete = message_store_is_complete(entry->message),
                                    .partial = is_partial(entry->message),
                                    .is_upload = entry->is_upload,
                                    .client = entry->session->client,
                                    .server = entry->session->server};
    mail_trace_add(links, &transfer);
    g_ptr_array_unref(block.fields);
}

const mail_hop *trace_store_hop(const trace_entry *entry)
{
    while (mail_trace_count(links) < entries->len)
        link_entry(g_ptr_array_index(entries, mail_trace_count(links)));
    return mail_trace_hop(links, index_of(entry->message) - 1);
}

const GArray *trace_store_transfers(guint number)
{
    return mail_trace_transfers(links, number);
}

static guint find_witnesses(const trace_entry *entry, trace_witness *witnesses_r)
{
    mail_trace_writer writers[LIMIT_WITNESSES];
    trace_store_hop(entry);
    guint count = mail_trace_writers(links, index_of(entry->message) - 1, writers, LIMIT_WITNESSES);
    for (guint i = 0; i < count; i++) {
        const trace_entry *hop = trace_store_entry(writers[i].transfer);
        witnesses_r[i] = (trace_witness){writers[i].from_bottom, hop->frame, hop->session->client, hop->helo};
    }
    return count;
}

trace_report *trace_store_examine(const trace_entry *entry, const GPtrArray *fields, slice body)
{
    const stored_message *message = entry->message;
    trace_witness witnesses[LIMIT_WITNESSES];
    const trace_facts facts = {.fields = fields,
                               .body = body,
                               .complete = message_store_is_complete(message) && !is_partial(message),
                               .is_upload = entry->is_upload,
                               .is_smtp = message->protocol == MAIL_PROTOCOL_SMTP,
                               .client_ip = entry->session->client,
                               .server_ip = entry->session->server,
                               .helo = entry->helo,
                               .hello_name = entry->hello_name,
                               .server_name = entry->session->server_name,
                               .auth_user = entry->user,
                               .envelope_from = message->has_envelope_from ? message->envelope_from : NULL,
                               .envelope_to = message->envelope_to,
                               .time = entry->time.secs,
                               .witnesses = witnesses,
                               .witness_count = find_witnesses(entry, witnesses)};
    return trace_examine(&facts);
}
