/* conversation_table.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "conversation_table.h"

#include "mailxtra.h"

static guint32 next_conversation_id, next_session_number;
static GPtrArray *all_conversations;
static GHashTable *known_pairs; /* the latest mail_conversation by pair_hash() of its ends */

void conversation_table_register(void)
{
    all_conversations = g_ptr_array_new();
    known_pairs = g_hash_table_new(NULL, NULL);
}

void conversation_table_forget(void)
{
    for (guint i = 0; i < all_conversations->len; i++)
        mail_conversation_clear(g_ptr_array_index(all_conversations, i));
    g_ptr_array_set_size(all_conversations, 0);
    g_hash_table_remove_all(known_pairs);
    next_session_number = 0; /* ids go on: keys of messages are made of them, and may outlive the session */
}

/* ---- hashes of the two ends ---- */

static guint32 end_hash(const address *end, guint32 port)
{
    guint32 hash = port * 0x9e3779b1;
    const guint8 *bytes = end->data;
    for (int i = 0; i + 4 <= end->len; i += 4) {
        guint32 word;
        memcpy(&word, bytes + i, 4);
        hash = (hash ^ word) * 0x85ebca6b;
        hash ^= hash >> 15;
    }
    return hash;
}

/* The same for both directions. */
static gpointer pair_hash(const address *a, guint32 a_port, const address *b, guint32 b_port)
{
    return GUINT_TO_POINTER(end_hash(a, a_port) + end_hash(b, b_port));
}

/* ---- the table ---- */

mail_conversation *conversation_table_add(conversation_t *conversation, const packet_info *pinfo, mail_protocol hint)
{
    mail_conversation *mail = mail_conversation_new(++next_conversation_id, conversation, pinfo, hint);
    conversation_add_proto_data(conversation, proto_mailxtra, mail);
    g_ptr_array_add(all_conversations, mail);
    g_hash_table_insert(known_pairs, pair_hash(&pinfo->src, pinfo->srcport, &pinfo->dst, pinfo->destport), mail);
    return mail;
}

mail_conversation *conversation_table_of(const conversation_t *conversation)
{
    return conversation_get_proto_data(conversation, proto_mailxtra);
}

guint conversation_table_count(void)
{
    return all_conversations->len;
}

mail_conversation *conversation_table_get(guint index)
{
    return g_ptr_array_index(all_conversations, index);
}

guint32 conversation_table_next_session(void)
{
    return ++next_session_number;
}

/* ---- segments ---- */

static gboolean is_end(const mail_endpoint *end, const address *from, guint32 port)
{
    return port == end->port && addresses_equal(from, &end->address);
}

static gboolean is_between(const mail_conversation *mail, const packet_info *pinfo)
{
    int source = is_end(&mail->ends[0], &pinfo->src, pinfo->srcport) ? 0 : 1;
    return is_end(&mail->ends[source], &pinfo->src, pinfo->srcport) &&
           is_end(&mail->ends[!source], &pinfo->dst, pinfo->destport);
}

gboolean conversation_table_look_up(packet_info *pinfo, tcp_segment_view *segment)
{
    if (all_conversations->len == 0)
        return FALSE;
    gpointer key = pair_hash(&pinfo->src, pinfo->srcport, &pinfo->dst, pinfo->destport);
    mail_conversation *mail = g_hash_table_lookup(known_pairs, key);
    if (!mail)
        return FALSE;
    if (segment->flags & STREAM_SYN) { /* may begin a new conversation, which TCP makes */
        mail->reopened = TRUE;
        return FALSE;
    }
    if (!PINFO_FD_VISITED(pinfo) && !mail->reopened && is_between(mail, pinfo)) {
        segment->conversation = mail->conversation;
        segment->mail = mail;
        return TRUE;
    }
    conversation_t *found =
        find_conversation(pinfo->num, &pinfo->src, &pinfo->dst, CONVERSATION_TCP, pinfo->srcport, pinfo->destport, 0);
    segment->mail = found ? conversation_table_of(found) : NULL;
    segment->conversation = segment->mail ? found : NULL;
    return segment->mail != NULL;
}

gboolean conversation_table_may_be_mail(const tcp_segment_view *segment, const conversation_t *conversation)
{
    const mail_conversation *mail = segment->mail ? segment->mail : conversation_table_of(conversation);
    return mail && mail->verdict != VERDICT_NOT_MAIL;
}

gboolean conversation_table_may_know(const address *source, guint32 source_port, const address *destination,
                                     guint32 destination_port)
{
    return all_conversations->len > 0 &&
           g_hash_table_contains(known_pairs, pair_hash(source, source_port, destination, destination_port));
}
