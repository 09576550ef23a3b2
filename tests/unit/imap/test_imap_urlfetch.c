/* test_imap_urlfetch.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_urlfetch.h"

/* What a URL names, as "owner mailbox uidvalidity uid [section] <origin.count>"; NULL: no message. */
static const struct {
    const char *url, *expected;
} urls[] = {
    {"imap://joe@example.com/INBOX/;uid=20/;section=1.2", "joe INBOX 0 20 [1.2]"},
    {"IMAP://minbari.example.org/gray-council;UIDVALIDITY=385759045/;UID=20/;PARTIAL=0.1024",
     "- gray-council 385759045 20 [] <0.1024>"},
    {"imap://joe;AUTH=GSSAPI@x.org/Drafts;UIDVALIDITY=3/;UID=2/;SECTION=header;EXPIRE=2005-03-01T03:00:00Z;"
     "URLAUTH=submit+joe:internal:91354a473744909de610943775f92038",
     "joe Drafts 3 2 [HEADER]"},
    {"/Arch%C3%AFv/2024%3B/;UID=7/;PARTIAL=9", "- Arch\xc3\xafv/2024; 0 7 [] <9.0>"},
    {"INBOX/;UID=1", "- INBOX 0 1 []"},
    {"imap://a%40b@x/INBOX/;UID=1", "a@b INBOX 0 1 []"},
    {"imap://x/a%zz%4/;UID=1", "- a%zz%4 0 1 []"},
    {"imap://x/a%00b/;UID=1/;SECTION=1/;SECTION=2", "- ab 0 1 [1]"},
    {"imap://x/INBOX", NULL},
    {"imap://x/INBOX;UIDVALIDITY=3/;UID=x", NULL},
    {"imap://", NULL},
    {"", NULL},
};

static void test_urls(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
        imap_url url;
        gboolean fits = imap_url_parse(slice_of(urls[i].url), &url);
        char *got, *partial;

        g_assert_true(fits == (urls[i].expected != NULL));
        if (!fits)
            continue;
        partial = url.is_partial ? g_strdup_printf(" <%d.%d>", (int)url.origin, (int)url.count) : g_strdup("");
        got = g_strdup_printf("%s %s %u %u [%s]%s", url.owner ? url.owner : "-", url.mailbox, url.uidvalidity, url.uid,
                              url.section, partial);
        g_assert_cmpstr(got, ==, urls[i].expected);
        g_free(partial);
        g_free(got);
        imap_url_clear(&url);
    }
}

/* A URL of a megabyte with values without end: it is read for three of them. */
static void test_many_values(void)
{
    GString *text = g_string_new("\"/");
    imap_urlfetch fetch;
    imap_urlfetch_value value;
    guint texts = 0;

    for (guint i = 0; i < 1000000; i++)
        g_string_append_c(text, 'x');
    g_string_append(text, "/;UID=1\"");
    for (guint i = 0; i < 100000; i++)
        g_string_append(text, " (BODY \"y\")");
    imap_line line = {.text = {(const guint8 *)text->str, text->len}};
    imap_urlfetch_init(&fetch);
    imap_urlfetch_begin(&fetch, 0);
    g_assert_false(imap_urlfetch_read(&fetch, &line, &value));
    g_assert_cmpuint(fetch.values->len, ==, 100000);
    for (guint i = 0; i < fetch.values->len; i++)
        texts += imap_urlfetch_is_text(&g_array_index(fetch.values, imap_urlfetch_value, i), &line) ? 1 : 0;
    g_assert_cmpuint(texts, ==, 3);
    imap_urlfetch_clear(&fetch);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap_urlfetch/urls", test_urls);
    g_test_add_func("/imap_urlfetch/many_values", test_many_values);
    return g_test_run();
}
