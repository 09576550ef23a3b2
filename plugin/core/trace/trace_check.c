/* trace_check.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "trace_check.h"

#include "header.h"
#include "limits.h"
#include "rfc822_lexer.h"

/* ---- memory ---- */

static void finding_free(gpointer data)
{
    g_free(((trace_finding *)data)->text);
    g_free(data);
}

static void hop_free(gpointer data)
{
    received_free(((trace_hop *)data)->trace);
    g_free(data);
}

static void result_free(gpointer data)
{
    auth_results_free(((trace_result *)data)->results);
    g_free(data);
}

static void signature_free(gpointer data)
{
    dkim_signature_free(((trace_signature *)data)->signature);
    g_free(data);
}

void trace_report_free(trace_report *report)
{
    if (!report)
        return;
    GPtrArray *const arrays[] = {report->hops,
                                 report->results,
                                 report->signatures,
                                 report->findings,
                                 report->mailboxes.from,
                                 report->mailboxes.sender,
                                 report->mailboxes.reply_to,
                                 report->mailboxes.return_path,
                                 report->mailboxes.resent_from,
                                 report->mailboxes.bcc};
    for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_ptr_array_unref(arrays[i]);
    g_free(report);
}

static void G_GNUC_PRINTF(4, 5)
    find(trace_report *report, anomaly_kind kind, const header_field *field, const char *format, ...)
{
    trace_finding *finding = g_new0(trace_finding, 1);
    va_list arguments;
    va_start(arguments, format);
    finding->text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    finding->kind = kind;
    finding->field = field;
    g_ptr_array_add(report->findings, finding);
}

/* ---- small questions ---- */

static gboolean has_field(const trace_facts *facts, const char *name)
{
    return header_find(facts->fields, name) != NULL;
}

static GPtrArray *mailboxes_of(const trace_facts *facts, const char *name)
{
    const header_field *field = header_find(facts->fields, name);
    return address_list_parse(field ? field->raw_value : SLICE_EMPTY);
}

static const mail_address *first_of(const GPtrArray *addresses)
{
    return addresses->len ? g_ptr_array_index(addresses, 0) : NULL;
}

static const char *domain_of(const GPtrArray *addresses)
{
    const mail_address *first = first_of(addresses);
    return first ? first->domain : NULL;
}

static gboolean is_public_ip(const char *text)
{
    return text && address_ip(slice_of(text), NULL) == ADDRESS_PUBLIC;
}

/* Both sides on one host: what a server says to itself (content filters, LMTP) proves nothing. */
static gboolean is_one_host(const trace_facts *facts)
{
    return (facts->client_ip && address_ip(slice_of(facts->client_ip), NULL) == ADDRESS_LOOPBACK) ||
           (facts->client_ip && facts->server_ip && g_str_equal(facts->client_ip, facts->server_ip));
}

/* An address literal without its brackets, in its usual form; NULL: it is none. g_free() it. */
static char *literal_ip(const char *name)
{
    slice text = slice_of(name);
    char *ip = NULL;
    if (text.len >= 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
        text = slice_head(slice_from(text, 1), text.len - 2);
    address_ip(text, &ip);
    return ip;
}

char *trace_duration_text(gint64 seconds)
{
    const char *sign = seconds < 0 ? "-" : "";
    guint64 s = seconds < 0 ? (guint64)-seconds : (guint64)seconds;
    if (s >= 2 * 86400)
        return g_strdup_printf("%s%" G_GUINT64_FORMAT " d %" G_GUINT64_FORMAT " h", sign, s / 86400, s % 86400 / 3600);
    if (s >= 3600)
        return g_strdup_printf("%s%" G_GUINT64_FORMAT " h %" G_GUINT64_FORMAT " min", sign, s / 3600, s % 3600 / 60);
    if (s >= 60)
        return g_strdup_printf("%s%" G_GUINT64_FORMAT " min %" G_GUINT64_FORMAT " s", sign, s / 60, s % 60);
    return g_strdup_printf("%s%" G_GUINT64_FORMAT " s", sign, s);
}

char *trace_hello_name(slice reply_text)
{
    /* mx.example Hello host.example [192.0.2.1], pleased to meet you */
    char *text = slice_dup(slice_head(reply_text, LIMIT_LINE_BYTES));
    char *hello = strstr(text, " Hello ");
    char *name = NULL;
    if (hello) {
        name = g_strstrip(g_strdup(hello + 7));
        name[strcspn(name, " [,(")] = '\0';
        gsize len = strlen(name);
        if (len && name[len - 1] == '.')
            name[len - 1] = '\0';
        if (!g_utf8_validate(name, -1, NULL) || !address_is_public_name(name))
            g_clear_pointer(&name, g_free);
    }
    g_free(text);
    return name;
}

/* ---- reading the header ---- */

static void read_received(trace_report *report, const header_field *field)
{
    report->hop_fields++;
    if (report->hops->len >= LIMIT_TRACE_HOPS)
        return;
    trace_hop *hop = g_new0(trace_hop, 1);
    hop->field = field;
    hop->trace = received_parse(field->raw_value);
    g_ptr_array_add(report->hops, hop);
}

static void read_result(trace_report *report, const header_field *field, trace_result_kind kind)
{
    if (report->results->len >= LIMIT_TRACE_RESULTS)
        return;
    trace_result *result = g_new0(trace_result, 1);
    result->field = field;
    result->kind = kind;
    result->results =
        kind == TRACE_RECEIVED_SPF ? auth_results_parse_spf(field->raw_value) : auth_results_parse(field->raw_value);
    g_ptr_array_add(report->results, result);
}

static void read_signature(trace_report *report, const trace_facts *facts, const header_field *field,
                           trace_signature_kind kind)
{
    if (report->signatures->len >= LIMIT_TRACE_SIGNATURES)
        return;
    trace_signature *signature = g_new0(trace_signature, 1);
    signature->field = field;
    signature->kind = kind;
    signature->signature = dkim_signature_parse(field->raw_value);
    if (facts->complete && kind != TRACE_ARC_SEAL)
        signature->verdict = dkim_body_check(signature->signature, facts->body);
    g_ptr_array_add(report->signatures, signature);
}

static void read_header(trace_report *report, const trace_facts *facts)
{
    for (guint i = 0; i < facts->fields->len; i++) {
        const header_field *field = g_ptr_array_index(facts->fields, i);
        slice name = slice_of(field->name);
        if (slice_is(name, "Received"))
            read_received(report, field);
        else if (slice_is(name, "Authentication-Results"))
            read_result(report, field, TRACE_AUTHENTICATION_RESULTS);
        else if (slice_is(name, "ARC-Authentication-Results"))
            read_result(report, field, TRACE_ARC_RESULTS);
        else if (slice_is(name, "Received-SPF"))
            read_result(report, field, TRACE_RECEIVED_SPF);
        else if (slice_is(name, "DKIM-Signature"))
            read_signature(report, facts, field, TRACE_DKIM_SIGNATURE);
        else if (slice_is(name, "ARC-Message-Signature"))
            read_signature(report, facts, field, TRACE_ARC_MESSAGE_SIGNATURE);
        else if (slice_is(name, "ARC-Seal"))
            read_signature(report, facts, field, TRACE_ARC_SEAL);
    }
}

/* RFC 2919, RFC 2369, and what lists wrote before. */
static gboolean is_from_list(const trace_facts *facts)
{
    static const char *const names[] = {"List-Id", "List-Post", "Mailing-List", "X-Mailing-List", "X-BeenThere"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (has_field(facts, names[i]))
            return TRUE;
    const header_field *precedence = header_find(facts->fields, "Precedence");
    return precedence &&
           (slice_is(slice_of(precedence->value), "list") || slice_is(slice_of(precedence->value), "bulk"));
}

/* ---- who it is from ---- */

/* A signature of the domain, over the body as it is. The signature itself is not verified. */
static gboolean is_signed_by(const trace_report *report, const char *domain)
{
    for (guint i = 0; i < report->signatures->len; i++) {
        const trace_signature *one = g_ptr_array_index(report->signatures, i);
        if (one->kind == TRACE_DKIM_SIGNATURE && one->verdict == DKIM_BODY_OK && one->signature->domain &&
            address_same_organisation(one->signature->domain, domain))
            return TRUE;
    }
    return FALSE;
}

/* The ordinary reasons for an envelope sender of another domain: lists, forwarders, senders on behalf of others. */
static gboolean has_reason_to_differ(const trace_report *report, const mail_address *envelope, const char *from_domain)
{
    const trace_mailboxes *boxes = &report->mailboxes;
    return report->is_list || address_is_rewritten(envelope) || is_signed_by(report, from_domain) ||
           address_same_organisation(domain_of(boxes->sender), envelope->domain) ||
           address_same_organisation(domain_of(boxes->resent_from), envelope->domain);
}

/* In a mailbox the envelope sender is what the last server wrote into Return-Path. */
static void check_envelope_from(trace_report *report, const trace_facts *facts, const mail_address *envelope)
{
    const char *from = domain_of(report->mailboxes.from);
    const char *path = facts->is_upload ? domain_of(report->mailboxes.return_path) : NULL;
    if (from && envelope->domain && !address_same_organisation(from, envelope->domain) &&
        !has_reason_to_differ(report, envelope, from))
        find(report, ANOMALY_FROM_DOMAIN_DIFFERS, header_find(facts->fields, "From"),
             "From says %s, but the envelope sender%s is of %s, no list or forwarder shows, and %s has not signed the "
             "message: the reader sees a sender whom nobody vouches for",
             from, facts->is_upload ? "" : " (Return-Path)", envelope->domain, from);
    if (path && envelope->domain && !address_same_organisation(path, envelope->domain) &&
        !has_reason_to_differ(report, envelope, path))
        find(report, ANOMALY_RETURN_PATH_DIFFERS, header_find(facts->fields, "Return-Path"),
             "Return-Path names %s, the envelope sender is of %s: the server that delivers writes this field, so here "
             "somebody else has",
             path, envelope->domain);
}

static gboolean is_report(const trace_facts *facts, const mail_address *from)
{
    static const char *const names[] = {"Auto-Submitted", "X-Auto-Response-Suppress", "X-Failed-Recipients",
                                        "X-Autoreply"};
    const header_field *type = header_find(facts->fields, "Content-Type");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (has_field(facts, names[i]))
            return TRUE;
    if (type && (slice_begins(rfc822_trim(type->raw_value), "multipart/report")))
        return TRUE;
    return !from || g_ascii_strncasecmp(from->local, "mailer-daemon", 13) == 0 ||
           g_ascii_strncasecmp(from->local, "postmaster", 10) == 0;
}

static void check_null_sender(trace_report *report, const trace_facts *facts)
{
    report->null_sender = TRUE;
    const mail_address *from = first_of(report->mailboxes.from);
    if (!is_report(facts, from) && !report->is_list) {
        char *text = address_text(from);
        find(report, ANOMALY_NULL_SENDER_NO_REPORT, NULL,
             "%s is for reports, but this is a mail from %s: it passes checks of the sender that ask for no "
             "address, and cannot be answered",
             facts->is_upload ? "MAIL FROM:<>" : "Return-Path: <>", text);
        g_free(text);
    }
}

/* "Ann via list" and the like: lists put the author's address there when they put their own into From. */
static void check_display_names(trace_report *report, const trace_facts *facts)
{
    const GPtrArray *from = report->mailboxes.from;
    for (guint i = 0; i < from->len && !report->is_list; i++) {
        const mail_address *one = g_ptr_array_index(from, i);
        mail_address *shown = one->name ? address_in_text(one->name) : NULL;
        if (shown && one->domain && !address_same_organisation(shown->domain, one->domain)) {
            char *a = address_text(shown), *b = address_text(one);
            find(report, ANOMALY_DISPLAY_NAME_ADDRESS, header_find(facts->fields, "From"),
                 "The display name shows %s, the address is %s: most mail programs show only the name", a, b);
            g_free(a);
            g_free(b);
        }
        address_free(shown);
    }
}

/* Where anybody gets an account. */
static gboolean is_free_mail(const char *domain)
{
    static const char *const domains[] = {"gmail.com", "googlemail.com", "outlook.com",    "hotmail.com", "live.com",
                                          "yahoo.com", "aol.com",        "qq.com",         "foxmail.com", "163.com",
                                          "126.com",   "yeah.net",       "sina.com",       "sohu.com",    "gmx.net",
                                          "gmx.de",    "web.de",         "protonmail.com", "proton.me",   "icloud.com",
                                          "mail.ru",   "yandex.ru",      "tutanota.com",   "mail.com",    "zoho.com"};
    for (gsize i = 0; domain && i < G_N_ELEMENTS(domains); i++)
        if (g_ascii_strcasecmp(domain, domains[i]) == 0)
            return TRUE;
    return FALSE;
}

static void check_reply_to(trace_report *report, const trace_facts *facts)
{
    const char *from = domain_of(report->mailboxes.from), *reply = domain_of(report->mailboxes.reply_to);
    if (from && !report->is_list && is_free_mail(reply) && !is_free_mail(from) &&
        !address_same_organisation(from, reply))
        find(report, ANOMALY_REPLY_TO_DIFFERS, header_find(facts->fields, "Reply-To"),
             "From is of %s, but answers go to an account of %s, where anybody can have one", from, reply);
}

/* local+tag@domain is local@domain's. */
static gboolean is_same_account(const mail_address *a, const mail_address *b)
{
    gsize one = strcspn(a->local, "+"), other = strcspn(b->local, "+");
    return g_strcmp0(a->domain, b->domain) == 0 && one == other && g_ascii_strncasecmp(a->local, b->local, one) == 0;
}

static void check_login(trace_report *report, const trace_facts *facts, const mail_address *envelope)
{
    if (!facts->auth_user || !strchr(facts->auth_user, '@'))
        return;
    mail_address *user = address_parse(slice_of(facts->auth_user));
    if (!is_same_account(user, envelope))
        find(report, ANOMALY_AUTH_USER_DIFFERS, NULL,
             "Logged in as %s, but the envelope sender is %s: an account that is used to send in the name of another",
             facts->auth_user, facts->envelope_from);
    address_free(user);
}

static void collect(GHashTable *named, const trace_facts *facts, const char *name)
{
    for (guint i = 0; i < facts->fields->len; i++) {
        const header_field *field = g_ptr_array_index(facts->fields, i);
        if (!slice_is(slice_of(field->name), name))
            continue;
        GPtrArray *list = address_list_parse(field->raw_value);
        for (guint j = 0; j < list->len; j++) {
            char *text = address_text(g_ptr_array_index(list, j));
            g_hash_table_add(named, g_ascii_strdown(text, -1));
            g_free(text);
        }
        g_ptr_array_unref(list);
    }
}

/* Recipients of the envelope that no field names: blind copies, or the members of a list. */
static void find_bcc(trace_report *report, const trace_facts *facts)
{
    static const char *const names[] = {"To", "Cc", "Resent-To", "Resent-Cc", "Apparently-To"};
    GHashTable *named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        collect(named, facts, names[i]);
    for (char **recipient = facts->envelope_to; recipient && *recipient; recipient++) {
        mail_address *address = address_parse(slice_of(*recipient));
        char *text = address_text(address);
        char *lower = g_ascii_strdown(text, -1);
        if (!g_hash_table_contains(named, lower))
            g_ptr_array_add(report->mailboxes.bcc, g_strdup(*recipient));
        g_free(lower);
        g_free(text);
        address_free(address);
    }
    g_hash_table_destroy(named);
}

/* Has nobody in From an address with a domain? A group is empty on purpose (RFC 6854). */
static gboolean is_from_without_address(const trace_report *report)
{
    const GPtrArray *from = report->mailboxes.from;
    for (guint i = 0; i < from->len; i++)
        if (((const mail_address *)g_ptr_array_index(from, i))->domain)
            return FALSE;
    return from->len > 0;
}

static void check_from_address(trace_report *report, const trace_facts *facts)
{
    const header_field *from = header_find(facts->fields, "From");
    if (from && !is_one_host(facts) && is_from_without_address(report))
        find(report, ANOMALY_FROM_NO_ADDRESS, from,
             "From says \"%s\", which is no address: it does not say who has sent the message, and cannot be answered",
             from->value);
}

static void check_senders(trace_report *report, const trace_facts *facts)
{
    const header_field *path = header_find(facts->fields, "Return-Path");
    const mail_address *returned = first_of(report->mailboxes.return_path);
    check_display_names(report, facts);
    check_reply_to(report, facts);
    check_from_address(report, facts);
    if (!facts->is_upload && path) {
        if (returned && returned->domain)
            check_envelope_from(report, facts, returned);
        else if (slice_is(rfc822_trim(path->raw_value), "<>"))
            check_null_sender(report, facts);
        return;
    }
    if (!facts->is_upload || !facts->envelope_from)
        return;
    find_bcc(report, facts);
    if (!*facts->envelope_from) {
        check_null_sender(report, facts);
        return;
    }
    mail_address *envelope = address_parse(slice_of(facts->envelope_from));
    check_envelope_from(report, facts, envelope);
    check_login(report, facts, envelope);
    address_free(envelope);
}

/* ---- HELO against the connection ---- */

static void check_helo(trace_report *report, const trace_facts *facts)
{
    if (!facts->is_smtp || !facts->helo || is_one_host(facts))
        return;
    char *literal = literal_ip(facts->helo);
    if (literal && is_public_ip(literal) && facts->client_ip && !g_str_equal(literal, facts->client_ip))
        find(report, ANOMALY_HELO_ADDRESS_DIFFERS, NULL,
             "HELO says %s, but the connection comes from %s: a client that names a public address names its own",
             facts->helo, facts->client_ip);
    if (facts->hello_name && address_is_public_name(facts->helo) && !facts->auth_user &&
        !address_same_organisation(facts->hello_name, facts->helo))
        find(report, ANOMALY_HELO_NAME_DIFFERS, NULL,
             "The client calls itself %s, the server calls it %s, by its address: the name in HELO is the client's to "
             "choose",
             facts->helo, facts->hello_name);
    g_free(literal);
}

/* ---- the Received fields ---- */

/* The Received field that tells of a hop of this capture; NULL: it is not there. */
static trace_hop *witnessed_hop(const trace_report *report, const trace_witness *witness)
{
    if (witness->from_bottom >= report->hop_fields)
        return NULL;
    guint index = report->hop_fields - 1 - witness->from_bottom;
    return index < report->hops->len ? g_ptr_array_index(report->hops, index) : NULL;
}

/* Which lines were seen to be written, and which did a client bring? Below what the first server of the capture
 * wrote stands what its client brought; in a message that is being handed over, all the rest too. */
static void sort_hops(trace_report *report, const trace_facts *facts)
{
    guint lowest = facts->is_upload ? G_MAXUINT : 0;
    for (guint i = 0; i < facts->witness_count; i++) {
        trace_hop *hop = witnessed_hop(report, &facts->witnesses[i]);
        guint from_bottom = facts->witnesses[i].from_bottom;
        if (hop)
            hop->seen_in = facts->witnesses[i].frame;
        if (!facts->is_upload)
            lowest = i == 0 ? from_bottom : MIN(lowest, from_bottom);
    }
    for (guint i = 0; i < report->hops->len; i++) {
        trace_hop *hop = g_ptr_array_index(report->hops, i);
        hop->claimed = !hop->seen_in && report->hop_fields - 1 - i < lowest;
    }
}

/* One side of a step from hop to hop: what is known of who took the message, and from whom. */
typedef struct trace_step {
    const char *from, *rdns;
    gboolean is_smtp;
    gboolean has_date;
    mail_date date;
} trace_step;

static trace_step step_of(const received_trace *trace)
{
    return (trace_step){trace->from, trace->rdns, received_is_smtp(trace), trace->has_date, trace->date};
}

/* The name of the client that a server could rely on: the one it found, else the one it was told. */
static const char *client_name(const received_trace *trace)
{
    return trace->rdns ? trace->rdns : trace->from;
}

/* Which one, counted from the top, and how it begins. g_free() it. */
static char *line_text(const trace_report *report, guint index)
{
    enum { CHARACTERS = 48 }; /* Wireshark shows 240 characters of a finding */
    const trace_hop *hop = g_ptr_array_index(report->hops, index);
    gboolean is_long = g_utf8_strlen(hop->field->value, -1) > CHARACTERS;
    char *value = g_utf8_substring(hop->field->value, 0, is_long ? CHARACTERS : g_utf8_strlen(hop->field->value, -1));
    char *text = g_strdup_printf("Received line %u of %u (from the top) \"%s%s\"", index + 1, report->hop_fields, value,
                                 is_long ? "..." : "");
    g_free(value);
    return text;
}

static void check_form(trace_report *report, guint index)
{
    const trace_hop *hop = g_ptr_array_index(report->hops, index);
    const received_trace *trace = hop->trace;
    const char *missing = trace->from || trace->by ? "has no date"
                          : trace->has_date        ? "says neither \"from\" nor \"by\""
                                                   : "says neither \"from\" nor \"by\", and has no date";
    char *line = line_text(report, index);
    if (hop->seen_in)
        find(report, ANOMALY_RECEIVED_MALFORMED, hop->field,
             "%s %s: the server that took the message in frame %u wrote it so", line, missing, hop->seen_in);
    else
        find(report, ANOMALY_RECEIVED_MALFORMED, hop->field,
             "%s %s, which servers write (RFC 5321 4.4): it is invented or of an unusual server, and lines below it "
             "prove nothing",
             line, missing);
    g_free(line);
}

/* Is there anything in it to compare? A date may be missing. */
static gboolean says_nothing(const received_trace *trace)
{
    return trace->malformed && !trace->from && !trace->by;
}

static void check_line(trace_report *report, guint index)
{
    const trace_hop *hop = g_ptr_array_index(report->hops, index);
    const received_trace *trace = hop->trace;
    if (trace->malformed)
        check_form(report, index);
    if (says_nothing(trace) || !received_is_smtp(trace) || !trace->from)
        return;
    if (!trace->ip && !address_same_organisation(trace->from, trace->by) && trace->by &&
        g_ascii_strcasecmp(trace->from, "localhost") != 0 && !trace->authenticated)
        find(report, ANOMALY_RECEIVED_NO_ADDRESS, hop->field,
             "%s took the message from %s without noting an address: servers that take mail from others note it, and "
             "nothing but the name is left to check",
             trace->by, trace->from);
}

static void check_names(trace_report *report, const trace_hop *hop)
{
    const received_trace *trace = hop->trace;
    if (says_nothing(trace) || trace->authenticated || !received_is_smtp(trace) || !trace->from)
        return;
    char *literal = literal_ip(trace->from);
    if (address_is_public_name(trace->from) && address_is_public_name(trace->rdns) &&
        !address_same_organisation(trace->from, trace->rdns))
        find(report, ANOMALY_RECEIVED_HELO_DIFFERS, hop->field,
             "%s: the client called itself %s, but its address%s%s belongs to %s", trace->by ? trace->by : "Received",
             trace->from, trace->ip ? " " : "", trace->ip ? trace->ip : "", trace->rdns);
    else if (literal && is_public_ip(literal) && trace->ip && !g_str_equal(literal, trace->ip))
        find(report, ANOMALY_RECEIVED_HELO_DIFFERS, hop->field, "%s: the client called itself %s, but it came from %s",
             trace->by ? trace->by : "Received", trace->from, trace->ip);
    if (trace->ip && trace->ip_scope == ADDRESS_PRIVATE && !hop->seen_in && address_is_public_name(trace->by) &&
        address_is_public_name(client_name(trace)) && !address_same_organisation(client_name(trace), trace->by))
        find(report, ANOMALY_RECEIVED_PRIVATE_ADDRESS, hop->field,
             "%s says it took the message from %s at %s: a private address, which nothing outside of its own network "
             "has",
             trace->by, client_name(trace), trace->ip);
    g_free(literal);
}

/* The server that had the message must be the one it came from next, as far as public names can be compared. */
static void check_step(trace_report *report, const trace_step *newer, const trace_hop *older, gboolean in_capture)
{
    const char *by = older->trace->by;
    gboolean comparable = address_is_public_name(newer->from) || address_is_public_name(newer->rdns);
    if (says_nothing(older->trace) || !newer->is_smtp || !address_is_public_name(by) || !comparable ||
        address_same_organisation(by, newer->from) || address_same_organisation(by, newer->rdns))
        return;
    find(report, ANOMALY_RECEIVED_CHAIN_BROKEN, older->field,
         "%s had the message, but %s it comes from %s%s%s%s: a link is missing, or this line was made up", by,
         in_capture ? "in this capture" : "on the next hop", newer->from ? newer->from : newer->rdns,
         newer->from && newer->rdns ? " (" : "", newer->from && newer->rdns ? newer->rdns : "",
         newer->from && newer->rdns ? ")" : "");
}

static void check_time(trace_report *report, const trace_step *newer, const trace_hop *older, gboolean in_capture)
{
    const received_trace *trace = older->trace;
    if (!newer->has_date || !trace->has_date)
        return;
    gint64 tolerance = TRACE_CLOCK_TOLERANCE;
    if (!newer->date.zone_known || !trace->date.zone_known)
        tolerance += TRACE_ZONE_TOLERANCE;
    gint64 early = trace->date.epoch - newer->date.epoch;
    if (early <= tolerance)
        return;
    char *text = trace_duration_text(early);
    find(report, ANOMALY_RECEIVED_TIME_BACKWARDS, older->field,
         "This hop is dated %s later than %s: a clock is wrong, or the line was made up", text,
         in_capture ? "the capture shows the message" : "the one after it");
    g_free(text);
}

static void note_delays(trace_report *report)
{
    for (guint i = 0; i + 1 < report->hops->len; i++) {
        trace_hop *newer = g_ptr_array_index(report->hops, i);
        const trace_hop *older = g_ptr_array_index(report->hops, i + 1);
        newer->has_delay = newer->trace->has_date && older->trace->has_date;
        if (newer->has_delay)
            newer->delay = newer->trace->date.epoch - older->trace->date.epoch;
    }
}

/* ---- relays ---- */

/* Is that domain one of a recipient? In a mailbox the newest Received line says for whom and where. */
static gboolean is_of_recipient(const trace_report *report, const trace_facts *facts, const char *domain)
{
    const trace_hop *top = g_ptr_array_index(report->hops, 0);
    gboolean found = !facts->is_upload && address_same_organisation(domain, top->trace->by);
    char *const in_mailbox[] = {top->trace->for_mailbox, NULL};
    char *const *recipients = facts->is_upload ? facts->envelope_to : in_mailbox;
    for (; recipients && *recipients && !found; recipients++) {
        mail_address *address = address_parse(slice_of(*recipients));
        found = address_same_organisation(domain, address->domain);
        address_free(address);
    }
    return found;
}

static gboolean is_of_sender(const trace_report *report, const trace_facts *facts, const char *domain)
{
    const trace_mailboxes *boxes = &report->mailboxes;
    const char *const senders[] = {domain_of(boxes->from), domain_of(boxes->sender), domain_of(boxes->resent_from),
                                   domain_of(boxes->return_path)};
    for (gsize i = 0; i < G_N_ELEMENTS(senders); i++)
        if (address_same_organisation(senders[i], domain))
            return TRUE;
    mail_address *envelope = facts->envelope_from ? address_parse(slice_of(facts->envelope_from)) : NULL;
    gboolean found =
        envelope && (address_same_organisation(envelope->domain, domain) || address_is_rewritten(envelope));
    address_free(envelope);
    return found || is_signed_by(report, domain);
}

/* Behind the "@" of the Message-ID; g_free() it. NULL: none. */
static char *message_id_domain(const trace_facts *facts)
{
    const header_field *field = header_find(facts->fields, "Message-ID");
    const char *sign = field ? strrchr(field->value, '@') : NULL;
    return sign ? g_strndup(sign + 1, strcspn(sign + 1, "> \t")) : NULL;
}

/* Did the server that wrote this line give the message to another organisation afterwards, here or on the next hop? */
static gboolean has_sent_on(const trace_report *report, const trace_facts *facts, guint index, const char *relay)
{
    if (index == 0)
        return facts->is_upload && !is_one_host(facts) &&
               (address_same_organisation(relay, facts->helo) || address_same_organisation(relay, facts->hello_name));
    const received_trace *next = ((const trace_hop *)g_ptr_array_index(report->hops, index - 1))->trace;
    return next->by && !address_same_organisation(relay, next->by) &&
           (address_same_organisation(relay, next->from) || address_same_organisation(relay, next->rdns));
}

/* A server that takes mail from strangers for strangers. Customers of a provider do so every day; but their programs
 * give the message an id and an author with an address. */
static void check_relay(trace_report *report, const trace_facts *facts, guint index)
{
    const trace_hop *hop = g_ptr_array_index(report->hops, index);
    const received_trace *trace = hop->trace;
    const char *relay = trace->by, *client = client_name(trace);
    if (says_nothing(trace) || trace->authenticated || !received_is_smtp(trace) || report->is_list ||
        !address_is_public_name(relay) || !address_is_public_name(client) || address_same_organisation(relay, client) ||
        !has_sent_on(report, facts, index, relay) || is_of_recipient(report, facts, relay) ||
        is_of_sender(report, facts, relay))
        return;
    char *id = message_id_domain(facts);
    gboolean own_id = id && address_same_organisation(id, relay), nobody = is_from_without_address(report);
    gboolean sender_known = facts->envelope_from || has_field(facts, "Return-Path");
    if (nobody || (own_id && sender_known))
        find(report, ANOMALY_RELAYED_BY_THIRD_PARTY, hop->field,
             "Relayed by a third party: %s took it from %s and sent it on, but is neither the sender's nor a "
             "recipient's%s%s",
             relay, client, own_id ? "; it wrote the Message-ID, too" : "", nobody ? "; From has no address" : "");
    g_free(id);
}

/* The first hop below is the one that this connection makes. */
static void check_chain(trace_report *report, const trace_facts *facts)
{
    const trace_step now = {.from = facts->helo,
                            .rdns = facts->hello_name,
                            .is_smtp = facts->is_smtp && !is_one_host(facts),
                            .has_date = TRUE,
                            .date = {facts->time, 0, TRUE}};
    for (guint i = 0; i < report->hops->len; i++) {
        trace_hop *hop = g_ptr_array_index(report->hops, i);
        trace_step newer = now;
        check_line(report, i);
        check_names(report, hop);
        if (i > 0)
            newer = step_of(((const trace_hop *)g_ptr_array_index(report->hops, i - 1))->trace);
        check_step(report, &newer, hop, i == 0);
        check_time(report, &newer, hop, i == 0);
        check_relay(report, facts, i);
    }
    note_delays(report);
}

/* Servers write on top. */
static void check_order(trace_report *report, const trace_facts *facts)
{
    static const char *const names[] = {"From", "Subject", "X-Mailer", "User-Agent"};
    const char *above = NULL;
    for (guint i = 0; i < facts->fields->len; i++) {
        const header_field *field = g_ptr_array_index(facts->fields, i);
        for (gsize n = 0; n < G_N_ELEMENTS(names) && !above; n++)
            if (slice_is(slice_of(field->name), names[n]))
                above = names[n];
        if (above && slice_is(slice_of(field->name), "Received")) {
            find(report, ANOMALY_RECEIVED_BELOW_AUTHOR_FIELDS, field,
                 "Received stands below %s: servers write on top of what they get, so whoever wrote %s wrote this too",
                 above, above);
            return;
        }
    }
}

static gboolean is_same_name(const char *a, const char *b)
{
    gsize one = strlen(a), other = strlen(b);
    if (one && a[one - 1] == '.')
        one--;
    if (other && b[other - 1] == '.')
        other--;
    return one == other && g_ascii_strncasecmp(a, b, one) == 0;
}

/* Two addresses of one kind, so that no translation between an inner and an outer network explains the difference. */
static gboolean are_contrary(const char *a, const char *b)
{
    address_scope one = address_ip(slice_of(a), NULL), other = address_ip(slice_of(b), NULL);
    return one == other && one != ADDRESS_LOOPBACK && one != ADDRESS_NO_IP && !g_str_equal(a, b) &&
           (strchr(a, ':') != NULL) == (strchr(b, ':') != NULL);
}

static void check_witness(trace_report *report, const trace_witness *witness)
{
    const trace_hop *hop = witnessed_hop(report, witness);
    if (!hop)
        return;
    const received_trace *trace = hop->trace;
    if (trace->ip && witness->client_ip && are_contrary(trace->ip, witness->client_ip))
        find(report, ANOMALY_RECEIVED_CONTRADICTS_CAPTURE, hop->field,
             "This line says that the message came from %s, but frame %u shows that it came from %s", trace->ip,
             witness->frame, witness->client_ip);
    else if (trace->from && witness->helo && received_is_smtp(trace) && !is_same_name(trace->from, witness->helo) &&
             !(trace->rdns && is_same_name(trace->rdns, witness->helo)))
        find(report, ANOMALY_RECEIVED_CONTRADICTS_CAPTURE, hop->field,
             "This line says that the client called itself %s, but frame %u belongs to a session in which it said %s",
             trace->from, witness->frame, witness->helo);
}

/* ---- what servers and signers say ---- */

static void check_results(trace_report *report, const trace_facts *facts)
{
    gboolean is_first = TRUE;
    for (guint i = 0; i < report->results->len; i++) {
        const trace_result *one = g_ptr_array_index(report->results, i);
        if (one->kind != TRACE_AUTHENTICATION_RESULTS)
            continue;
        if (facts->is_upload && !is_one_host(facts) && one->results->server && facts->server_name &&
            is_same_name(one->results->server, facts->server_name))
            find(report, ANOMALY_AUTH_RESULTS_CLAIMED, one->field,
                 "The client brings Authentication-Results of %s, the very server that is only just getting the "
                 "message: "
                 "readers who trust that name would trust the client",
                 one->results->server);
        for (guint r = 0; is_first && r < one->results->results->len; r++) {
            const auth_result *result = g_ptr_array_index(one->results->results, r);
            if (g_str_equal(result->method, "dmarc") && g_str_equal(result->result, "fail"))
                find(report, ANOMALY_DMARC_FAILED, one->field, "%s found: dmarc=fail%s%s",
                     one->results->server ? one->results->server : "A server", *result->properties ? ", " : "",
                     result->properties);
        }
        is_first = FALSE;
    }
}

static void check_signatures(trace_report *report)
{
    for (guint i = 0; i < report->signatures->len; i++) {
        const trace_signature *one = g_ptr_array_index(report->signatures, i);
        if (one->kind == TRACE_DKIM_SIGNATURE && one->verdict == DKIM_BODY_ALTERED && !report->is_list)
            find(
                report, ANOMALY_DKIM_BODY_ALTERED, one->field,
                "%s has signed another body than this one: it was altered on the way, or the signature was copied from "
                "another mail",
                one->signature->domain ? one->signature->domain : "Somebody");
    }
}

trace_report *trace_examine(const trace_facts *facts)
{
    trace_report *report = g_new0(trace_report, 1);
    trace_mailboxes *boxes = &report->mailboxes;
    report->hops = g_ptr_array_new_with_free_func(hop_free);
    report->results = g_ptr_array_new_with_free_func(result_free);
    report->signatures = g_ptr_array_new_with_free_func(signature_free);
    report->findings = g_ptr_array_new_with_free_func(finding_free);
    boxes->from = mailboxes_of(facts, "From");
    boxes->sender = mailboxes_of(facts, "Sender");
    boxes->reply_to = mailboxes_of(facts, "Reply-To");
    boxes->return_path = mailboxes_of(facts, "Return-Path");
    boxes->resent_from = mailboxes_of(facts, "Resent-From");
    boxes->bcc = g_ptr_array_new_with_free_func(g_free);
    report->is_list = is_from_list(facts);
    read_header(report, facts);
    sort_hops(report, facts);
    check_senders(report, facts);
    check_helo(report, facts);
    check_chain(report, facts);
    check_order(report, facts);
    for (guint i = 0; i < facts->witness_count; i++)
        check_witness(report, &facts->witnesses[i]);
    check_results(report, facts);
    check_signatures(report);
    return report;
}
