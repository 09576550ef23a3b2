/* ports.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An entry that the user changed himself is never touched: for those of them that name
 * Wireshark's own mail dissectors, the conversation is claimed instead (ports_given_by_user).
 */
#include "ports.h"

#include "mailxtra.h"
#include "prefs.h"

#define LMTP_PORT 24

typedef struct taken_port {
    const char *table;
    guint32 port;
    mail_protocol hint;
    dissector_handle_t front, before;
} taken_port;

static mailxtra_fronts fronts;
static GArray *taken; /* of taken_port */

/* What is asked of a port for every segment, looked up once while the tables stay as they are. */
typedef struct port_facts {
    unsigned known : 1;
    unsigned changed : 1; /* by the user */
    unsigned by_user : 3; /* mail_protocol that he gave it to */
    unsigned hint : 3;    /* mail_protocol that our own preferences promise */
} port_facts;

static port_facts facts[65536];
static dissector_table_t tcp_ports;
static dissector_handle_t stock_smtp, stock_pop, stock_imap, tls_handle;

static void give_back_all(void)
{
    for (guint i = taken->len; i-- > 0;) {
        const taken_port *entry = &g_array_index(taken, taken_port, i);
        dissector_table_t table = find_dissector_table(entry->table);
        if (dissector_get_uint_handle(table, entry->port) != entry->front)
            continue; /* somebody else has put his own there since */
        dissector_delete_uint(entry->table, entry->port, entry->front);
        if (entry->before)
            dissector_add_uint(entry->table, entry->port, entry->before);
    }
    g_array_set_size(taken, 0);
}

static void take(const char *table_name, guint32 port, dissector_handle_t front, mail_protocol hint)
{
    dissector_table_t table = find_dissector_table(table_name);
    if (port == 0 || !table || dissector_is_uint_changed(table, port))
        return;
    taken_port entry = {table_name, port, hint, front, dissector_get_uint_handle(table, port)};
    if (entry.before == front)
        return;
    dissector_add_uint(table_name, port, front);
    g_array_append_val(taken, entry);
}

static void take_range(const char *table, const range_t *range, dissector_handle_t front, mail_protocol hint)
{
    for (guint i = 0; i < range->nranges; i++) {
        for (guint32 port = range->ranges[i].low; port <= range->ranges[i].high && port <= 65535; port++)
            take(table, port, front, port == LMTP_PORT && hint == MAIL_PROTOCOL_SMTP ? MAIL_PROTOCOL_LMTP : hint);
    }
}

/* TLS from the first byte: TCP has to call TLS on that port first. */
static void take_tls_range(const range_t *range, dissector_handle_t front)
{
    take_range("tls.port", range, front, MAIL_PROTOCOL_NONE);
    for (guint i = 0; i < range->nranges; i++) {
        for (guint32 port = range->ranges[i].low; port <= range->ranges[i].high && port <= 65535; port++) {
            if (!dissector_get_uint_handle(tcp_ports, port))
                take("tcp.port", port, tls_handle, MAIL_PROTOCOL_NONE);
        }
    }
}

static void take_all(void)
{
    memset(facts, 0, sizeof facts);
    give_back_all();
    if (!mailxtra_is_enabled())
        return;
    take_range("tcp.port", mailxtra_prefs.smtp_ports, fronts.tcp, MAIL_PROTOCOL_SMTP);
    take_range("tcp.port", mailxtra_prefs.pop3_ports, fronts.tcp, MAIL_PROTOCOL_POP3);
    take_range("tcp.port", mailxtra_prefs.imap_ports, fronts.tcp, MAIL_PROTOCOL_IMAP);
    take_tls_range(mailxtra_prefs.smtps_ports, fronts.smtp_tls);
    take_tls_range(mailxtra_prefs.pop3s_ports, fronts.pop3_tls);
    take_tls_range(mailxtra_prefs.imaps_ports, fronts.imap_tls);
}

void ports_install(const mailxtra_fronts *handles)
{
    fronts = *handles;
    taken = g_array_new(FALSE, FALSE, sizeof(taken_port));
    tcp_ports = find_dissector_table("tcp.port");
    stock_smtp = find_dissector("smtp");
    stock_pop = find_dissector("pop");
    stock_imap = find_dissector("imap");
    tls_handle = find_dissector("tls");
    register_init_routine(take_all);
}

static const taken_port *find_taken(guint32 port)
{
    for (guint i = 0; i < taken->len; i++) {
        const taken_port *entry = &g_array_index(taken, taken_port, i);
        if (entry->port == port && entry->front == fronts.tcp)
            return entry;
    }
    return NULL;
}

dissector_handle_t ports_replaced(guint32 port)
{
    const taken_port *entry = find_taken(port);
    return entry ? entry->before : NULL;
}

static mail_protocol given_by_user(guint32 port)
{
    dissector_handle_t handle = dissector_get_uint_handle(tcp_ports, port);
    if (!handle)
        return MAIL_PROTOCOL_NONE;
    return handle == stock_smtp   ? MAIL_PROTOCOL_SMTP
           : handle == stock_pop  ? MAIL_PROTOCOL_POP3
           : handle == stock_imap ? MAIL_PROTOCOL_IMAP
                                  : MAIL_PROTOCOL_NONE;
}

static const port_facts *facts_of(guint32 port)
{
    port_facts *of = &facts[port & 0xffff];
    if (!of->known) {
        const taken_port *entry = find_taken(port);
        of->known = 1;
        of->changed = dissector_is_uint_changed(tcp_ports, port) ? 1 : 0;
        of->by_user = of->changed ? (unsigned)given_by_user(port) : MAIL_PROTOCOL_NONE;
        of->hint = entry ? (unsigned)entry->hint : MAIL_PROTOCOL_NONE;
    }
    return of;
}

mail_protocol ports_hint(guint32 port)
{
    return (mail_protocol)facts_of(port)->hint;
}

gboolean ports_changed_by_user(guint32 port)
{
    return facts_of(port)->changed;
}

mail_protocol ports_given_by_user(guint32 port)
{
    return (mail_protocol)facts_of(port)->by_user;
}
