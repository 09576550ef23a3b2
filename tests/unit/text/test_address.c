/* test_address.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "address.h"

static void test_lists(void)
{
    static const struct {
        const char *in, *out; /* name|local|domain|group; */
    } cases[] = {
        {"", ""},
        {"a@b.example", "|a|b.example|;"},
        {"Anna <a@B.Example.>, c", "Anna|a|b.example|;|c||;"},
        {"\"wang@skynet.local\" <wang@skynet.local>", "wang@skynet.local|wang|skynet.local|;"},
        {"Team: a@b, C <c@d>; e@f", "|a|b|Team;C|c|d|Team;|e|f|;"},
        {"\"x@y\"@z.example", "|\"x@y\"|z.example|;"}, /* the last @ counts */
        {"Anna <>", "Anna|||;"},
        {"a@ ", "|a||;"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *out = g_string_new(NULL);
        GPtrArray *list = address_list_parse(slice_of(cases[i].in));
        for (guint j = 0; j < list->len; j++) {
            const mail_address *a = g_ptr_array_index(list, j);
            g_string_append_printf(out, "%s|%s|%s|%s;", a->name ? a->name : "", a->local, a->domain ? a->domain : "",
                                   a->group ? a->group : "");
        }
        g_assert_cmpstr(out->str, ==, cases[i].out);
        g_ptr_array_unref(list);
        g_string_free(out, TRUE);
    }
}

static void test_one(void)
{
    static const struct {
        const char *in, *local, *domain, *text;
    } cases[] = {
        {"<Anna@Example.ORG>", "Anna", "example.org", "Anna@example.org"},
        {" anna@example.org ", "anna", "example.org", "anna@example.org"},
        {"<>", "", NULL, ""},
        {"postmaster", "postmaster", NULL, "postmaster"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        mail_address *a = address_parse(slice_of(cases[i].in));
        char *text = address_text(a);
        g_assert_cmpstr(a->local, ==, cases[i].local);
        g_assert_cmpstr(a->domain, ==, cases[i].domain);
        g_assert_cmpstr(text, ==, cases[i].text);
        g_free(text);
        address_free(a);
    }
    address_free(NULL);
}

static void test_equal(void)
{
    mail_address *a = address_parse(slice_of("Anna@example.org")), *b = address_parse(slice_of("anna@EXAMPLE.org")),
                 *c = address_parse(slice_of("anna@example.net"));
    g_assert_true(address_equal(a, b));
    g_assert_false(address_equal(a, c));
    address_free(a);
    address_free(b);
    address_free(c);
}

static void test_in_text(void)
{
    static const struct {
        const char *in, *found;
    } cases[] = {
        {"Anna Berg", NULL},
        {"anna@example.org", "anna@example.org"},
        {"Bank (service@bank.example) ", "service@bank.example"},
        {"write to <a.b@c.example>.", "a.b@c.example"},
        {"meet @ noon", NULL},
        {"anna@host", NULL}, /* no domain of the Internet */
        {"a@@b.example", NULL},
        {"@b.example", NULL},
        {"x@y.", NULL},
        {"x@y x@y.example.", "x@y.example"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        mail_address *a = address_in_text(cases[i].in);
        char *text = a ? address_text(a) : NULL;
        g_assert_cmpstr(text, ==, cases[i].found);
        g_free(text);
        address_free(a);
    }
}

static void test_organisations(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"example.org", "example.org"},       {"mail.eu.example.org", "example.org"}, {"www.example.co.uk", "example.co.uk"},
        {"mail.zky.ac.cn", "zky.ac.cn"},      {"linuxaid.com.cn", "linuxaid.com.cn"}, {"co.uk", "co.uk"},
        {"localhost", "localhost"},           {"", ""},                               {"a.co.com", "co.com"},
        {"x.y.com.au", "y.com.au"},           {".", "."},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(address_organisation(cases[i].in), ==, cases[i].out);
    g_assert_true(address_same_organisation("a.example.org", "B.EXAMPLE.org"));
    g_assert_false(address_same_organisation("a.example.co.uk", "b.test.co.uk"));
    g_assert_true(address_same_organisation("gmail.com", "mail-sor-f41.google.com"));
    g_assert_true(address_same_organisation("EUR01.prod.exchangelabs.com", "mail.protection.outlook.com"));
    g_assert_false(address_same_organisation("gmail.com", "qq.com"));
    g_assert_false(address_same_organisation(NULL, "qq.com"));
}

static void test_public_names(void)
{
    static const char *const yes[] = {"example.org", "mail-a1.example.co.uk", "m\xC3\xBCller.de"};
    static const char *const no[] = {"localhost", "mail01.skynet.local", "box.lan", "1.2.3.4", "a b.example", ".org", "example.",
                                     "", "[1.2.3.4]", "DESKTOP-465M1IO", "pps.filterd"};
    for (gsize i = 0; i < G_N_ELEMENTS(yes); i++)
        g_assert_true(address_is_public_name(yes[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(no); i++)
        g_assert_false(address_is_public_name(no[i]));
    g_assert_false(address_is_public_name(NULL));
}

static void test_rewritten(void)
{
    static const char *const yes[] = {"SRS0=ab=cd=example.org=anna@forward.example", "prvs=123456789a=anna@example.org",
                                      "bounce+123@news.example", "list-bounces@lists.example", "owner-list@lists.example",
                                      "010001-000000@amazonses.example=x", "anna+caf_=bob=b.example@gmail.com"};
    static const char *const no[] = {"anna@example.org", "anna.berg@example.org", "support@example.org"};
    for (gsize i = 0; i < G_N_ELEMENTS(yes) + G_N_ELEMENTS(no); i++) {
        gboolean wanted = i < G_N_ELEMENTS(yes);
        mail_address *a = address_parse(slice_of(wanted ? yes[i] : no[i - G_N_ELEMENTS(yes)]));
        /* the last but one of `yes` is told by its domain, not by its local part */
        g_assert_cmpint(address_is_rewritten(a), ==, wanted && i != 5);
        address_free(a);
    }
}

static void test_ips(void)
{
    static const struct {
        const char *in, *out;
        address_scope scope;
    } cases[] = {
        {"192.0.2.1", "192.0.2.1", ADDRESS_PUBLIC},
        {"202.99.11.120", "202.99.11.120", ADDRESS_PUBLIC},
        {"10.1.2.3", "10.1.2.3", ADDRESS_PRIVATE},
        {"172.15.0.1", "172.15.0.1", ADDRESS_PUBLIC},
        {"172.16.0.1", "172.16.0.1", ADDRESS_PRIVATE},
        {"172.31.255.255", "172.31.255.255", ADDRESS_PRIVATE},
        {"172.32.0.1", "172.32.0.1", ADDRESS_PUBLIC},
        {"192.168.0.1", "192.168.0.1", ADDRESS_PRIVATE},
        {"169.254.1.1", "169.254.1.1", ADDRESS_PRIVATE},
        {"100.64.0.1", "100.64.0.1", ADDRESS_PRIVATE},
        {"100.127.255.255", "100.127.255.255", ADDRESS_PRIVATE},
        {"100.128.0.1", "100.128.0.1", ADDRESS_PUBLIC},
        {"127.0.0.1", "127.0.0.1", ADDRESS_LOOPBACK},
        {"::1", "::1", ADDRESS_LOOPBACK},
        {"IPv6:2001:DB8:0:0::1", "2001:db8::1", ADDRESS_PUBLIC},
        {"fe80::1%eth0", "fe80::1", ADDRESS_PRIVATE},
        {"fd00::1", "fd00::1", ADDRESS_PRIVATE},
        {"::ffff:192.168.1.1", "192.168.1.1", ADDRESS_PRIVATE},
        {"192.0.2.1:41234", "192.0.2.1", ADDRESS_PUBLIC},
        {"2002:a05:6638:1234::", "2002:a05:6638:1234::", ADDRESS_PRIVATE},
        {"", NULL, ADDRESS_NO_IP},
        {"localhost", NULL, ADDRESS_NO_IP},
        {"1.2.3", NULL, ADDRESS_NO_IP},
        {"1.2.3.256", NULL, ADDRESS_NO_IP},
        {"1.2.3.4.5", NULL, ADDRESS_NO_IP},
        {"8.8.5", NULL, ADDRESS_NO_IP},
        {"1234567890123456789012345678901234567890123456789012345678901234567890", NULL, ADDRESS_NO_IP},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *ip = NULL;
        g_test_message("%s", cases[i].in);
        g_assert_cmpint(address_ip(slice_of(cases[i].in), &ip), ==, cases[i].scope);
        g_assert_cmpstr(ip, ==, cases[i].out);
        g_free(ip);
    }
    g_assert_cmpint(address_ip((slice){(const guint8 *)"1.2.3.4\0x", 9}, NULL), ==, ADDRESS_NO_IP);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/address/lists", test_lists);
    g_test_add_func("/address/one", test_one);
    g_test_add_func("/address/equal", test_equal);
    g_test_add_func("/address/in_text", test_in_text);
    g_test_add_func("/address/organisations", test_organisations);
    g_test_add_func("/address/public_names", test_public_names);
    g_test_add_func("/address/rewritten", test_rewritten);
    g_test_add_func("/address/ips", test_ips);
    return g_test_run();
}
