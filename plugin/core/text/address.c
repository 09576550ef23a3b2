/* address.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "address.h"

#include <arpa/inet.h>

#include "limits.h"
#include "rfc822_lexer.h"

/* ---- mailboxes ---- */

void address_free(mail_address *address)
{
    if (!address)
        return;
    g_free(address->name);
    g_free(address->local);
    g_free(address->domain);
    g_free(address->group);
    g_free(address);
}

static void free_address(gpointer address)
{
    address_free(address);
}

/* Lower case, without the dot of a fully qualified name and without blanks around. */
static char *clean_domain(const char *domain)
{
    char *clean = g_strstrip(g_ascii_strdown(domain, -1));
    gsize len = strlen(clean);
    if (len && clean[len - 1] == '.')
        clean[len - 1] = '\0';
    if (*clean)
        return clean;
    g_free(clean);
    return NULL;
}

static mail_address *split(const char *mailbox)
{
    mail_address *address = g_new0(mail_address, 1);
    const char *at = strrchr(mailbox, '@');
    address->local = at ? g_strndup(mailbox, (gsize)(at - mailbox)) : g_strdup(mailbox);
    address->domain = at ? clean_domain(at + 1) : NULL;
    return address;
}

mail_address *address_parse(slice mailbox)
{
    mailbox = slice_head(rfc822_trim(mailbox), LIMIT_MAILBOX_BYTES);
    if (mailbox.len >= 2 && mailbox.data[0] == '<' && mailbox.data[mailbox.len - 1] == '>')
        mailbox = slice_head(slice_from(mailbox, 1), mailbox.len - 2);
    char *text = slice_dup(mailbox);
    char *valid = g_utf8_make_valid(text, -1);
    mail_address *address = split(valid);
    g_free(valid);
    g_free(text);
    return address;
}

GPtrArray *address_list_parse(slice raw)
{
    GPtrArray *read = rfc822_parse_address_list(raw, NULL);
    GPtrArray *list = g_ptr_array_new_with_free_func(free_address);
    for (guint i = 0; i < read->len; i++) {
        const rfc822_address *one = g_ptr_array_index(read, i);
        mail_address *address = split(one->mailbox);
        address->name = g_strdup(one->name);
        address->group = g_strdup(one->group);
        g_ptr_array_add(list, address);
    }
    g_ptr_array_unref(read);
    return list;
}

char *address_text(const mail_address *address)
{
    return address->domain ? g_strconcat(address->local, "@", address->domain, NULL) : g_strdup(address->local);
}

gboolean address_equal(const mail_address *a, const mail_address *b)
{
    return g_strcmp0(a->domain, b->domain) == 0 && g_ascii_strcasecmp(a->local, b->local) == 0;
}

static gboolean is_address_char(guint8 c)
{
    return g_ascii_isalnum(c) || c >= 0x80 || strchr("!#$%&*+-/=?^_.{|}~", c) != NULL;
}

static gboolean is_domain_char(guint8 c)
{
    return g_ascii_isalnum(c) || c >= 0x80 || c == '-' || c == '.';
}

mail_address *address_in_text(const char *text)
{
    const char *begin = text; /* of the run of address characters that the "@" ends */
    for (const char *c = text; *c; c++) {
        if (*c == '@') {
            const char *end = c + 1;
            while (*end && is_domain_char((guint8)*end))
                end++;
            while (end > c + 1 && (end[-1] == '.' || end[-1] == '-'))
                end--;
            if (c > begin && memchr(c + 1, '.', (gsize)(end - c - 1)))
                return address_parse((slice){(const guint8 *)begin, (gsize)(end - begin)});
            begin = c + 1;
        } else if (!is_address_char((guint8)*c)) {
            begin = c + 1;
        }
    }
    return NULL;
}

gboolean address_is_rewritten(const mail_address *address)
{
    static const char *const prefixes[] = {"srs0", "srs1", "prvs=", "msprvs1=", "btv1=", "bounce", "return", "owner-"};
    static const char *const parts[] = {"=", "bounce", "-return-", "-owner", "+caf_"};
    char *local = g_ascii_strdown(address->local, -1);
    gboolean found = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes) && !found; i++)
        found = g_str_has_prefix(local, prefixes[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(parts) && !found; i++)
        found = strstr(local, parts[i]) != NULL;
    g_free(local);
    return found;
}

/* ---- domains ---- */

/* Second-level labels under which registries of countries sell names. */
static const char *const registry_labels[] = {"ac",  "co", "com", "edu", "gob", "gouv", "gov", "govt", "ltd",   "me",
                                              "mil", "ne", "net", "nom", "or",  "org",  "plc", "sch",  "school"};

static gboolean is_registry_label(const char *label, gsize len)
{
    for (gsize i = 0; i < G_N_ELEMENTS(registry_labels); i++)
        if (strlen(registry_labels[i]) == len && g_ascii_strncasecmp(registry_labels[i], label, len) == 0)
            return TRUE;
    return FALSE;
}

/* The label in front of the dot at `dot`: where it begins. */
static const char *label_before(const char *domain, const char *dot)
{
    while (dot > domain && dot[-1] != '.')
        dot--;
    return dot;
}

const char *address_organisation(const char *domain)
{
    const char *last_dot = strrchr(domain, '.');
    if (!last_dot)
        return domain;
    const char *second = label_before(domain, last_dot);
    gboolean is_country = strlen(last_dot + 1) == 2;
    if (is_country && second > domain && is_registry_label(second, (gsize)(last_dot - second)))
        return label_before(domain, second - 1);
    return second;
}

/* One operator each, by the names that stand together in its chains of Received fields. */
static const struct {
    const char *domain;
    int operator_number;
} shared_domains[] = {
    {"google.com", 1},       {"gmail.com", 1},      {"googlemail.com", 1}, {"1e100.net", 1},     {"outlook.com", 2},
    {"exchangelabs.com", 2}, {"office365.com", 2},  {"hotmail.com", 2},    {"live.com", 2},      {"microsoft.com", 2},
    {"msn.com", 2},          {"yahoo.com", 3},      {"yahoodns.net", 3},   {"ymail.com", 3},     {"aol.com", 3},
    {"rocketmail.com", 3},   {"qq.com", 4},         {"foxmail.com", 4},    {"163.com", 5},       {"126.com", 5},
    {"yeah.net", 5},         {"netease.com", 5},    {"icloud.com", 6},     {"apple.com", 6},     {"me.com", 6},
    {"mac.com", 6},          {"amazonses.com", 7},  {"amazon.com", 7},     {"amazonaws.com", 7}, {"pphosted.com", 8},
    {"ppops.net", 8},        {"proofpoint.com", 8}, {"gmx.net", 9},        {"gmx.de", 9},        {"web.de", 9},
    {"kundenserver.de", 9},
};

static int operator_of(const char *organisation)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shared_domains); i++)
        if (g_ascii_strcasecmp(shared_domains[i].domain, organisation) == 0)
            return shared_domains[i].operator_number;
    return 0;
}

gboolean address_same_organisation(const char *a, const char *b)
{
    if (!a || !b)
        return FALSE;
    const char *one = address_organisation(a), *other = address_organisation(b);
    return g_ascii_strcasecmp(one, other) == 0 || (operator_of(one) && operator_of(one) == operator_of(other));
}

gboolean address_is_public_name(const char *domain)
{
    /* RFC 2606, RFC 6762 appendix G, and names that mail products give their inner hosts */
    static const char *const private_endings[] = {"local",    "localdomain", "localhost", "lan",     "internal",
                                                  "intranet", "corp",        "home",      "private", "invalid",
                                                  "test",     "filterd",     "arpa",      "ad"};
    const char *last_dot = domain ? strrchr(domain, '.') : NULL;
    if (!last_dot || !last_dot[1] || last_dot == domain || g_ascii_isdigit(last_dot[1]))
        return FALSE;
    for (const char *c = domain; *c; c++)
        if (!is_domain_char((guint8)*c))
            return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(private_endings); i++)
        if (g_ascii_strcasecmp(last_dot + 1, private_endings[i]) == 0)
            return FALSE;
    return TRUE;
}

/* ---- IP addresses ---- */

static address_scope scope_of_ipv4(guint32 ip)
{
    if (ip >> 24 == 127)
        return ADDRESS_LOOPBACK;
    if (ip >> 24 == 10 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8 || ip >> 16 == 0xa9fe || ip >> 22 == 0x64400000 >> 22)
        return ADDRESS_PRIVATE;
    return ADDRESS_PUBLIC;
}

static address_scope scope_of_ipv6(const guint8 *ip)
{
    static const guint8 loopback[16] = {[15] = 1};
    if (memcmp(ip, loopback, 16) == 0)
        return ADDRESS_LOOPBACK;
    if ((ip[0] & 0xfe) == 0xfc || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80))
        return ADDRESS_PRIVATE;
    /* 6to4 (RFC 3056) of a private IPv4 address: how Google names its inner hosts */
    if (ip[0] == 0x20 && ip[1] == 0x02)
        return scope_of_ipv4((guint32)ip[2] << 24 | (guint32)ip[3] << 16 | (guint32)ip[4] << 8 | ip[5]);
    return ADDRESS_PUBLIC;
}

static address_scope read_ipv4(const char *text, char **ip_r)
{
    struct in_addr ip;
    if (inet_pton(AF_INET, text, &ip) != 1)
        return ADDRESS_NO_IP;
    if (ip_r)
        *ip_r = g_strdup(text);
    return scope_of_ipv4(g_ntohl(ip.s_addr));
}

static address_scope read_ipv6(const char *text, char **ip_r)
{
    struct in6_addr ip;
    char usual[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET6, text, &ip) != 1)
        return ADDRESS_NO_IP;
    if (ip_r)
        *ip_r = g_strdup(inet_ntop(AF_INET6, &ip, usual, sizeof usual));
    return scope_of_ipv6(ip.s6_addr);
}

address_scope address_ip(slice text, char **ip_r)
{
    char copy[INET6_ADDRSTRLEN + 8];
    text = rfc822_trim(text);
    if (slice_begins(text, "IPv6:"))
        text = slice_from(text, 5);
    if (slice_begins(text, "::ffff:") && memchr(text.data, '.', text.len))
        text = slice_from(text, 7);
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, '\0', text.len))
        return ADDRESS_NO_IP;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    char *percent = strchr(copy, '%'); /* the zone of a link-local address */
    if (percent)
        *percent = '\0';
    char *colon = strchr(copy, ':');
    if (colon && strchr(colon + 1, ':'))
        return read_ipv6(copy, ip_r);
    if (colon)
        *colon = '\0'; /* 192.0.2.1:25 */
    return read_ipv4(copy, ip_r);
}
