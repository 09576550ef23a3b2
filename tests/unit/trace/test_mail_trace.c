/* test_mail_trace.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "header.h"
#include "limits.h"
#include "mail_trace.h"

/* "+" in front of a protocol: a look at the beginning only; "-": bytes are missing. */
typedef struct transfer_row {
    const char *how, *client, *server, *header, *body;
    guint trace, hop, previous; /* previous: row, from 1; 0: none */
    const char *changes;        /* "+Added -Removed ~Changed *": the body */
} transfer_row;

#define ID "Message-ID: <1@a.example>\r\n"
#define R(n) "Received: from h" #n " by s" #n "; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
#define END_OF_ROWS NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL

static void add_row(mail_trace *trace, const transfer_row *row)
{
    header_block block = header_read(slice_of(row->header), 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    gboolean partial = row->how[0] == '+', cut = row->how[0] == '-';
    mail_transfer transfer = {.fields = block.fields,
                              .body = slice_of(row->body),
                              .complete = !cut,
                              .partial = partial,
                              .is_upload = strstr(row->how, "MTP") != NULL,
                              .client = row->client,
                              .server = row->server};
    mail_trace_add(trace, &transfer);
    g_ptr_array_unref(block.fields);
}

static void append_names(GString *out, const char *sign, const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(out, "%s%s%s", out->len ? " " : "", sign, (const char *)g_ptr_array_index(names, i));
}

static void check_row(const mail_trace *trace, guint index, const transfer_row *row)
{
    const mail_hop *hop = mail_trace_hop(trace, index);
    g_test_message("%u: %s %s -> %s", index + 1, row->how, row->client, row->server);
    g_assert_cmpuint(hop->trace, ==, row->trace);
    g_assert_cmpuint(hop->hop, ==, row->hop);
    g_assert_cmpuint(hop->previous == MAIL_TRACE_NONE ? 0 : hop->previous + 1, ==, row->previous);
    GString *changes = g_string_new(NULL);
    append_names(changes, "+", hop->added);
    append_names(changes, "-", hop->removed);
    append_names(changes, "~", hop->changed);
    if (hop->body_changed)
        g_string_append(changes, changes->len ? " *" : "*");
    g_assert_cmpstr(changes->str, ==, row->changes);
    g_string_free(changes, TRUE);
}

static slice body_of(guint index, void *user)
{
    const transfer_row *rows = user;
    return slice_of(rows[index].body);
}

static mail_trace *run(const transfer_row *rows)
{
    mail_trace *trace = mail_trace_new(body_of, (void *)rows);
    for (guint i = 0; rows[i].how; i++)
        add_row(trace, &rows[i]);
    for (guint i = 0; rows[i].how; i++)
        check_row(trace, i, &rows[i]);
    return trace;
}

static void test_three_hops(void)
{
    static const transfer_row rows[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", ID "Subject: a\r\n", "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.9", "10.0.0.2", "Message-ID: <2@a.example>\r\n", "x\r\n", 2, 1, 0, ""}, /* another mail between them */
        {"SMTP", "10.0.0.2", "10.0.0.3", R(2) ID "Subject:\r\n a\r\n", "x\r\n\r\n", 1, 2, 1, "+Received"},
        {"LMTP", "127.0.0.1", "127.0.0.1", R(3) R(2) ID "Subject: a\r\n", "x\r\n", 1, 3, 3, "+Received"},
        {"POP3", "10.0.0.4", "10.0.0.3", "Return-Path: <a>\r\n" R(4) R(3) R(2) ID "Subject: a\r\n", "x\r\n", 1, 4, 4, "+Received +Return-Path"},
        {END_OF_ROWS},
    };
    mail_trace *trace = run(rows);
    mail_trace_writer writers[5];
    g_assert_cmpuint(mail_trace_count(trace), ==, 5);
    g_assert_cmpuint(mail_trace_transfers(trace, 1)->len, ==, 4);
    g_assert_cmpuint(g_array_index(mail_trace_hop(trace, 0)->next, guint, 0), ==, 2);
    g_assert_cmpuint(mail_trace_hop(trace, 1)->next->len, ==, 0);
    g_assert_cmpuint(mail_trace_writers(trace, 0, writers, 5), ==, 0);
    g_assert_cmpuint(mail_trace_writers(trace, 4, writers, 5), ==, 3);
    for (guint i = 0; i < 3; i++)
        g_assert_cmpuint(writers[i].from_bottom, ==, 2 - i);
    g_assert_cmpuint(writers[0].transfer, ==, 3);
    g_assert_cmpuint(writers[1].transfer, ==, 2);
    g_assert_cmpuint(writers[2].transfer, ==, 0);
    g_assert_cmpuint(mail_trace_writers(trace, 4, writers, 1), ==, 1);
    mail_trace_free(trace);
    mail_trace_free(NULL);
}

/* The first server adds what the author's program has not written. */
static void test_added_id(void)
{
#define AUTHOR "From: a@a.example\r\nSubject: a\r\n"
#define DATED "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n" AUTHOR
    static const transfer_row added[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", DATED, "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", R(2) DATED ID, "x\r\n", 1, 2, 1, "+Received +Message-ID"},
        {"POP3", "10.0.0.4", "10.0.0.3", R(3) R(2) DATED ID, "x\r\n", 1, 3, 2, "+Received"},
        {END_OF_ROWS},
    };
    mail_trace *trace = run(added);
    mail_trace_writer writers[5];
    g_assert_cmpuint(mail_trace_writers(trace, 2, writers, 5), ==, 2);
    mail_trace_free(trace);
    static const transfer_row date_too[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", AUTHOR, "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", R(2) DATED ID, "x\r\n", 1, 2, 1, "+Received +Date +Message-ID"},
        {END_OF_ROWS},
    };
    mail_trace_free(run(date_too));
    static const transfer_row fetched[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", DATED, "x\r\n", 1, 1, 0, ""},
        {"POP3", "10.0.0.4", "10.0.0.2", R(2) DATED ID, "x\r\n", 1, 2, 1, "+Received +Message-ID"},
        {END_OF_ROWS},
    };
    mail_trace_free(run(fetched));
    /* another body, another author, another way: another mail */
    static const transfer_row others[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", DATED, "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", R(2) DATED ID, "y\r\n", 2, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", R(2) "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nFrom: b@a.example\r\nMessage-ID: <2@a.example>\r\n", "x\r\n", 3, 1, 0, ""},
        {"SMTP", "10.0.0.7", "10.0.0.3", R(2) DATED "Message-ID: <3@a.example>\r\n", "x\r\n", 4, 1, 0, ""},
        {END_OF_ROWS},
    };
    mail_trace_free(run(others));
    /* it has an id from the beginning: a server that gives it another one is not seen through */
    static const transfer_row replaced[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", DATED ID, "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", R(2) DATED "Message-ID: <3@a.example>\r\n", "x\r\n", 2, 1, 0, ""},
        {END_OF_ROWS},
    };
    mail_trace_free(run(replaced));
}

static void test_expansion(void)
{
    static const transfer_row rows[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", ID, "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", R(2) ID, "x\r\n", 1, 2, 1, "+Received"},
        {"SMTP", "10.0.0.2", "10.0.0.4", R(2) ID, "x\r\n-- list\r\n", 1, 2, 1, "+Received *"},
        {"SMTP", "10.0.0.4", "10.0.0.5", R(4) R(2) ID, "x\r\n-- list\r\n", 1, 3, 3, "+Received"},
        {"POP3", "10.0.0.9", "10.0.0.3", R(3) R(2) ID, "x\r\n", 1, 3, 2, "+Received"},
        {END_OF_ROWS},
    };
    mail_trace *trace = run(rows);
    const GArray *next = mail_trace_hop(trace, 0)->next;
    g_assert_cmpuint(next->len, ==, 2);
    mail_trace_free(trace);
}

static void test_repetitions(void)
{
    static const transfer_row rows[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", ID, "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.1", "10.0.0.2", ID, "x\r\n", 1, 1, 0, ""}, /* once more */
        {"+POP3", "10.0.0.9", "10.0.0.2", R(1) ID, "", 1, 2, 2, "+Received"},
        {"POP3", "10.0.0.9", "10.0.0.2", R(1) ID, "x\r\n", 1, 2, 2, "+Received"},
        {"POP3", "10.0.0.9", "10.0.0.2", R(1) ID, "x\r\n", 1, 2, 2, "+Received"},
        {END_OF_ROWS},
    };
    mail_trace_free(run(rows));
    static const transfer_row fetched[] = {
        {"+POP3", "10.0.0.9", "10.0.0.2", ID, "", 1, 1, 0, ""},
        {"POP3", "10.0.0.9", "10.0.0.2", ID, "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.7", "10.0.0.8", R(1) ID, "x\r\n", 1, 2, 2, "+Received"}, /* unknown how it got there */
        {END_OF_ROWS},
    };
    mail_trace_free(run(fetched));
    static const transfer_row copies[] = {
        {"SMTP", "10.0.0.2", "10.0.0.3", ID, "x\r\n", 1, 1, 0, ""}, /* how it came to .2 is not in the capture */
        {"SMTP", "10.0.0.2", "10.0.0.4", ID, "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.4", "10.0.0.5", R(4) ID, "x\r\n", 1, 2, 2, "+Received"},
        {"POP3", "10.0.0.8", "10.0.0.5", R(5) R(4) ID, "x\r\n", 1, 3, 3, "+Received"},
        {"POP3", "10.0.0.9", "10.0.0.5", R(5) R(4) ID, "x\r\n", 1, 3, 3, "+Received"}, /* another reader of the box */
        {END_OF_ROWS},
    };
    mail_trace_free(run(copies));
    static const transfer_row one_host[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", ID, "x\r\n", 1, 1, 0, ""},
        {"SMTP", "127.0.0.1", "127.0.0.1", R(1) ID, "x\r\n", 1, 2, 1, "+Received"}, /* to the filter */
        {"SMTP", "127.0.0.1", "127.0.0.1", R(2) R(1) ID, "x\r\n", 1, 3, 2, "+Received"}, /* and back */
        {"LMTP", "127.0.0.1", "127.0.0.1", R(3) R(2) R(1) ID, "x\r\n", 1, 4, 3, "+Received"},
        {"LMTP", "127.0.0.1", "127.0.0.1", R(3) R(2) R(1) ID, "x\r\n", 1, 4, 3, "+Received"}, /* a second recipient */
        {END_OF_ROWS},
    };
    mail_trace_free(run(one_host));
}

static void test_changes(void)
{
    static const transfer_row rows[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", R(0) ID "Subject: a\r\nX-One: 1\r\nTo: b\r\nX-Two: a\r\nX-Two: b\r\n", "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", ID "Subject: [list] a\r\nTo: b\r\nX-Three: 1\r\nX-Two: b\r\n", "x\r\n", 1, 2, 1,
         "+X-Three -Received -X-One -X-Two ~Subject"},
        {"-SMTP", "10.0.0.3", "10.0.0.4", ID "Subject: [list] a\r\nTo: b\r\nX-Three: 1\r\nX-Two: b\r\n", "", 1, 3, 2, ""},
        {END_OF_ROWS},
    };
    mail_trace *trace = run(rows);
    mail_trace_writer writer;
    g_assert_cmpuint(mail_trace_writers(trace, 1, &writer, 1), ==, 0); /* the Received field is gone */
    mail_trace_free(trace);
}

static void test_without_id(void)
{
    static const transfer_row rows[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", "Date: d\r\n", "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", R(1) "Date: d\r\n", "x\r\n", 1, 2, 1, "+Received"},
        {"SMTP", "10.0.0.2", "10.0.0.3", "Date: e\r\n", "x\r\n", 2, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", "Date: d\r\n", "y\r\n", 3, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", "Date: d\r\n", "", 4, 1, 0, ""}, /* nothing to know it by */
        {"SMTP", "10.0.0.2", "10.0.0.3", "Date: d\r\n", "", 5, 1, 0, ""},
        {"SMTP", NULL, NULL, "Message-ID:\r\n", "x\r\n", 6, 1, 0, ""},
        {"SMTP", NULL, NULL, ID, "x\r\n", 7, 1, 0, ""},
        {"POP3", NULL, NULL, ID, "x\r\n", 7, 2, 8, ""},
        {END_OF_ROWS},
    };
    mail_trace_free(run(rows));
}

/* A server that writes no Received field leaves none to the hop after it. */
static void test_writers_of_silent_servers(void)
{
    static const transfer_row rows[] = {
        {"SMTP", "10.0.0.1", "10.0.0.2", ID, "x\r\n", 1, 1, 0, ""},
        {"SMTP", "10.0.0.2", "10.0.0.3", ID, "x\r\n", 1, 2, 1, ""},
        {"POP3", "10.0.0.4", "10.0.0.3", R(3) ID, "x\r\n", 1, 3, 2, "+Received"},
        {END_OF_ROWS},
    };
    mail_trace *trace = run(rows);
    mail_trace_writer writers[3];
    g_assert_cmpuint(mail_trace_writers(trace, 2, writers, 3), ==, 1);
    g_assert_cmpuint(writers[0].transfer, ==, 1);
    g_assert_cmpuint(writers[0].from_bottom, ==, 0);
    mail_trace_free(trace);
}

static slice no_body(guint index, void *user)
{
    (void)index;
    (void)user;
    return SLICE_EMPTY;
}

/* Many copies of one mail, whose bodies are gone. */
static void test_many(void)
{
    mail_trace *trace = mail_trace_new(no_body, NULL);
    for (guint i = 0; i < 50000; i++) {
        char *server = g_strdup_printf("10.%u.%u.%u", 1 + i / 65536, i / 256 % 256, i % 256);
        transfer_row row = {"SMTP", "10.0.0.2", server, ID, "x\r\n", 1, 1, 0, ""};
        add_row(trace, &row);
        g_free(server);
        g_assert_false(mail_trace_hop(trace, i)->body_changed);
    }
    g_assert_cmpuint(mail_trace_count(trace), ==, 50000);
    g_assert_cmpuint(mail_trace_transfers(trace, 1)->len, ==, 50000);
    mail_trace_free(trace);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mail_trace/three_hops", test_three_hops);
    g_test_add_func("/mail_trace/added_id", test_added_id);
    g_test_add_func("/mail_trace/expansion", test_expansion);
    g_test_add_func("/mail_trace/repetitions", test_repetitions);
    g_test_add_func("/mail_trace/changes", test_changes);
    g_test_add_func("/mail_trace/without_id", test_without_id);
    g_test_add_func("/mail_trace/writers_of_silent_servers", test_writers_of_silent_servers);
    g_test_add_func("/mail_trace/many", test_many);
    return g_test_run();
}
