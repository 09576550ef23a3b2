/* test_url_finder.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "url_finder.h"

/* The links, separated by blanks. */
static char *picture(url_list list)
{
    g_ptr_array_set_free_func(list.urls, g_free);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < list.urls->len; i++)
        g_string_append_printf(out, "%s%s", i ? " " : "", (char *)g_ptr_array_index(list.urls, i));
    url_list_clear(&list);
    return g_string_free(out, FALSE);
}

typedef struct url_case {
    const char *text, *expected;
} url_case;

static void check(const url_case *cases, gsize count, url_list (*find)(slice))
{
    for (gsize i = 0; i < count; i++) {
        char *seen = picture(find(slice_of(cases[i].text)));
        if (strcmp(seen, cases[i].expected) != 0)
            g_error("%s: %s, not %s", cases[i].text, seen, cases[i].expected);
        g_free(seen);
        /* cut anywhere it reads nothing behind its end */
        for (gsize len = 0; len < strlen(cases[i].text); len++) {
            guint8 *copy = g_memdup2(cases[i].text, len);
            url_list list = find((slice){copy, len});
            url_list_clear(&list);
            g_free(copy);
        }
    }
}

static void test_text(void)
{
    static const url_case cases[] = {
        {"", ""},
        {"no links here", ""},
        {"see http://a.example/x.", "http://a.example/x"},
        {"see HTTP://A.example/X!", "HTTP://A.example/X"},
        {"(https://a.example/b_(c))", "https://a.example/b_(c)"},
        {"(see https://a.example/b)", "https://a.example/b"},
        {"[http://[::1]:80/x]", "http://[::1]:80/x"},
        {"\"http://a.example/x\", 'http://b.example/'", "http://a.example/x http://b.example/"},
        {"ftp://f.example/a;type=i and mailto:ann@example.org?subject=x%20y.",
         "ftp://f.example/a;type=i mailto:ann@example.org?subject=x%20y"},
        {"www.example.com, xwww.example.com", "www.example.com"},
        {"xhttp://a.example", ""},
        {"http://", ""},
        {"<http://a.example/a b>", "http://a.example/a"},
        {"<http://a.example/long\r\n  er>", "http://a.example/longer"},
        {"<URL:http://a.example/x.>", "http://a.example/x."},
        {"<http://a.example/x", "http://a.example/x"},
        {"http://m\u00FCller.example/stra\u00DFe\u3002next", "http://m\u00FCller.example/stra\u00DFe"},
        {"http://a.example/ twice http://a.example/", "http://a.example/"},
        {"a http://a.example/?q=1&r=2#f, b", "http://a.example/?q=1&r=2#f"},
        {"http://a.example/x...", "http://a.example/x"},
        {"http://user:pass@a.example:8080/", "http://user:pass@a.example:8080/"},
        {"http://a.example/)))", "http://a.example/"},
    };
    check(cases, G_N_ELEMENTS(cases), url_finder_text);
}

static void test_html(void)
{
    static const url_case cases[] = {
        {"", ""},
        {"<a href=\"http://a.example/\">x</a>", "http://a.example/"},
        {"<A HREF='http://a.example/?a=1&amp;b=2'>", "http://a.example/?a=1&b=2"},
        {"<a class=x href=http://a.example/x>y", "http://a.example/x"},
        {"<a href = \n \"http://a.example/\"", "http://a.example/"},
        {"<a href=\"&#104;ttp&#x3A;//a.example/&copy=1&num=2\">", "http://a.example/&copy=1&num=2"},
        {"<a href=\" java\tscript:alert(1)\">", "javascript:alert(1)"},
        {"<a href=\"ht\ntp://a.example/a\r\nb\">", "http://a.example/ab"},
        {"<a href='#top'><img src='cid:1@x'><img src=data:image/png;base64,AAAA>", ""},
        {"<a href='data:text/html,x'>", "data:text/html,x"},
        {"<img src=http://i.example/1.png><form action=\"http://f.example/\"><body background=http://b.example/>",
         "http://i.example/1.png http://f.example/ http://b.example/"},
        {"<area href='http://m.example/'><iframe src=//n.example/x></iframe><link href=l.css>",
         "http://m.example/ //n.example/x l.css"},
        {"<meta http-equiv=refresh content=\"0; URL='http://r.example/'\"><p content='url=http://no.example/'>",
         "http://r.example/"},
        {"<p style=\"background:url( 'http://s.example/a.png' )\"><style>b{background:URL(http://t.example/)}</style>",
         "http://s.example/a.png http://t.example/"},
        {"<script>var a = '<a href=http://no.example/>';</script><a href=http://yes.example/>", "http://yes.example/"},
        {"<!-- <a href=http://no.example/> --><a href=http://yes.example/>", "http://yes.example/"},
        {"<!--[if mso]><v:fill src=\"http://mso.example/\"/><![endif]-->", "http://mso.example/"},
        {"<base href=\"http://base.example/d/\"><a href=\"x.html\"><a href=/y><a href=mailto:a@b.example>",
         "http://base.example/d/ http://base.example/d/x.html http://base.example/y mailto:a@b.example"},
        {"<img srcset=\"a.png 1x, http://i.example/b.png 2x\">", "a.png http://i.example/b.png"},
        {"1 < 2 <a href=http://a.example/>", "http://a.example/"},
        {"<a title=\"x > y\" href=http://a.example/>", "http://a.example/"},
        {"<a href=\"http://a.example/>text", "http://a.example/"},
        {"<a/href='http://a.example/'/onclick=x>", "http://a.example/"},
        {"<a href=>", ""},
        {"<a href", ""},
        {"</a href=http://no.example/>", ""},
        {"http://text.example/ is no link in HTML", ""},
    };
    check(cases, G_N_ELEMENTS(cases), url_finder_html);
}

static void test_unflow(void)
{
    static const struct {
        const char *text;
        gboolean del_sp;
        const char *expected;
    } cases[] = {
        {"a \nb\n", FALSE, "a b\n"},
        {"a \r\nb", TRUE, "ab\n"},
        {"http://a.example/lo \nng\nnext", TRUE, "http://a.example/long\nnext\n"},
        {"> a \n> b\n> c", FALSE, "> a b\n> c\n"},
        {">a \n>b\n", FALSE, ">a b\n"},
        {"a \n> b", FALSE, "a \n> b\n"},
        {"-- \nname", FALSE, "-- \nname\n"},
        {"", FALSE, ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *seen = url_finder_unflow(cases[i].text, cases[i].del_sp);
        g_assert_cmpstr(seen, ==, cases[i].expected);
        g_free(seen);
    }
}

static void test_limits(void)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < LIMIT_URLS; i++)
        g_string_append_printf(text, "http://a.example/%u ", i);
    url_list list = url_finder_text(slice_of(text->str));
    g_assert_cmpuint(list.urls->len, ==, LIMIT_URLS);
    g_assert_false(list.has_more);
    url_list_clear(&list);
    g_string_append(text, "http://b.example/ ");
    list = url_finder_text(slice_of(text->str));
    g_assert_cmpuint(list.urls->len, ==, LIMIT_URLS);
    g_assert_true(list.has_more);
    url_list_clear(&list);

    g_string_assign(text, "http://a.example/");
    for (guint i = 0; i < LIMIT_URL_BYTES; i++)
        g_string_append(text, "\u00E4");
    list = url_finder_text(slice_of(text->str));
    g_assert_true(list.has_more);
    const char *url = g_ptr_array_index(list.urls, 0);
    g_assert_cmpuint(strlen(url), <=, LIMIT_URL_BYTES);
    g_assert_true(g_utf8_validate(url, -1, NULL));
    url_list_clear(&list);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/url_finder/text", test_text);
    g_test_add_func("/url_finder/html", test_html);
    g_test_add_func("/url_finder/unflow", test_unflow);
    g_test_add_func("/url_finder/limits", test_limits);
    return g_test_run();
}
