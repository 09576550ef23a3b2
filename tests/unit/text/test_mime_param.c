/* test_mime_param.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "mime_param.h"

#define BAD ANOMALY_BIT(ANOMALY_BAD_PARAMETER)
#define TWICE ANOMALY_BIT(ANOMALY_DUPLICATE_PARAMETER)
#define EIGHT ANOMALY_BIT(ANOMALY_HEADER_8BIT)

typedef struct param_case {
    const char *in;
    const char *out; /* "value|name=value|..." */
    anomaly_set anomalies;
} param_case;

static char *flatten(const mime_param_list *list)
{
    GString *out = g_string_new(list->value);
    for (guint i = 0; i < list->params->len; i++) {
        const mime_param *param = g_ptr_array_index(list->params, i);
        g_string_append_printf(out, "|%s=%s", param->name, param->value);
    }
    return g_string_free(out, FALSE);
}

static void check_all(const param_case *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        anomaly_set anomalies = 0;
        mime_param_list *list = mime_param_parse(slice_of(cases[i].in), &anomalies);
        char *out = flatten(list);
        if (g_strcmp0(out, cases[i].out) != 0 || anomalies != cases[i].anomalies)
            g_test_message("case: %s", cases[i].in);
        g_assert_cmpstr(out, ==, cases[i].out);
        g_assert_cmphex(anomalies, ==, cases[i].anomalies);
        g_free(out);
        mime_param_list_free(list);
    }
}

static void test_rfc2045(void)
{
    static const param_case cases[] = {
        {"", "", 0},
        {"text/plain", "text/plain", 0},
        {" Text/PLAIN ; Charset = UTF-8 ", "text/plain|charset=UTF-8", 0},
        {"text/plain; charset=us-ascii (Plain text)", "text/plain|charset=us-ascii", 0},
        {"text/plain; charset=us-ascii(x)", "text/plain|charset=us-ascii", 0},
        {"text/plain; (c) charset=\"us-ascii\" (d)", "text/plain|charset=us-ascii", 0},
        {"(a (nested) b) text/plain (c); (d) a=b", "text/plain|a=b", 0},
        {"text / plain; a=b", "text/plain|a=b", 0},
        {"multipart/mixed;\r\n\tboundary=\"----=_Part (1)\"", "multipart/mixed|boundary=----=_Part (1)", 0},
        {"multipart/mixed; boundary=----=_Part_1", "multipart/mixed|boundary=----=_Part_1", 0},
        {"multipart/mixed; boundary=gc0(pJ", "multipart/mixed|boundary=gc0(pJ", 0},
        {"a/b; x=\"q\\\"q\\\\q\\q\"", "a/b|x=q\"q\\qq", 0},
        {"a/b; x=\"\"", "a/b|x=", 0},
        {"a/b;;; x=1 ;", "a/b|x=1", 0},
        {"attachment", "attachment", 0},
        {"attachment; filename=genome.jpeg;\r\n modification-date=\"Wed, 12 Feb 1997 16:29:51 -0500\"",
         "attachment|filename=genome.jpeg|modification-date=Wed, 12 Feb 1997 16:29:51 -0500", 0}, /* RFC 2183 3 */
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

static void test_rfc2231(void)
{
    static const param_case cases[] = {
        {"message/external-body; access-type=URL;\n URL*0=\"ftp://\";\n URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
         "message/external-body|access-type=URL|url=ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar", 0},
        {"application/x-stuff;\n title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "application/x-stuff|title=This is ***fun***", 0},
        {"application/x-stuff;\n title*0*=us-ascii'en'This%20is%20even%20more%20;\n title*1*=%2A%2A%2Afun%2A%2A%2A%20;\n title*2=\"isn't it!\"",
         "application/x-stuff|title=This is even more ***fun*** isn't it!", 0},
        {"a; filename*=UTF-8''%E2%82%AC.txt", "a|filename=€.txt", 0},
        {"a; filename*1*=%AC.txt; filename*0*=UTF-8''%E2%82", "a|filename=€.txt", 0},  /* out of order, cut character */
        {"a; filename*0*=UTF-8''%E2%8; filename*1*=2%AC.txt", "a|filename=€.txt", 0},  /* cut inside of %82 */
        {"a; filename*0=\"a\"; filename*1*=%20b", "a|filename=a b", 0},
        {"a; filename*0*=UTF-8''a; filename*1=%20b", "a|filename=a%20b", 0},          /* no "*": "%" is text */
        {"a; filename*=gb2312''%C4%E3.txt", "a|filename=你.txt", 0},
        {"a; filename*=\"UTF-8''%E2%82%AC.txt\"", "a|filename=€.txt", 0},             /* quoted, as some do */
        {"a; filename*=report.pdf", "a|filename=report.pdf", 0},                      /* no charset'lang' */
        {"a; filename*=%E2%82%AC.pdf", "a|filename=€.pdf", EIGHT},
        {"a; filename*=UTF-8''100%.txt", "a|filename=100%.txt", BAD},
        {"a; filename*0=x; filename*2=z", "a|filename=xz", BAD},                      /* a section is missing */
        {"a; filename*=''x", "a|filename=x", 0},
        {"a; filename*=it's.txt", "a|filename=it's.txt", 0},
        {"a; boundary*0=ab; boundary*1=cd", "a|boundary=abcd", 0},
        {"a; filename*0*=UTF-8''%E6%97%A5; filename*01*=x", "a|filename=日x", 0},
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

/* The extended form is the one made for the name; the plain one is there for old readers. Python's
 * email takes the plain one, wherever it stands. */
static void test_preference(void)
{
    static const param_case cases[] = {
        {"a; filename=\"EURO.txt\"; filename*=UTF-8''%E2%82%AC.txt", "a|filename=€.txt", 0},
        {"a; filename*=UTF-8''%E2%82%AC.txt; filename=\"EURO.txt\"", "a|filename=€.txt", 0},
        {"a; filename*0=\"a\"; filename*1=\"b.txt\"; filename=\"short.txt\"", "a|filename=ab.txt", 0},
        {"a; filename*0=\"a\"; filename*=utf-8''b", "a|filename=b", 0},
        {"a; filename=a; filename=b", "a|filename=a", TWICE},
        {"a; filename*=utf-8''a; FILENAME*=utf-8''b", "a|filename=a", TWICE},
        {"a; filename*0=a; filename*0=x; filename*1=b", "a|filename=ab", TWICE},
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

static void test_real_senders(void)
{
    static const param_case cases[] = {
        /* Foxmail, QQ, Outlook: RFC 2047 in quotes */
        {"application/octet-stream;\n\tname=\"=?GB2312?B?1dXGrC5qcGc=?=\"", "application/octet-stream|name=照片.jpg", 0},
        {"attachment;\r\n\tfilename=\"=?UTF-8?B?5pel56iL6KGo?=\r\n =?UTF-8?B?IDIwMjQuemlw?=\"", "attachment|filename=日程表 2024.zip", 0},
        {"attachment; filename==?utf-8?B?5pelLnR4dA==?=", "attachment|filename=日.txt", 0},
        {"attachment; filename==?utf-8?Q?a;b.txt?=; size=3", "attachment|filename=a;b.txt|size=3", 0},
        {"attachment; filename*0=\"=?gb18030?B?xOO6\"; filename*1=\"w6GjLg==?=\"", "attachment|filename=你好。.", 0},
        {"attachment; filename*=utf-8''%3D%3Futf-8%3FB%3F5pel%3F%3D", "attachment|filename=日", 0},
        /* raw 8-bit */
        {"attachment; filename=\"\xE6\x97\xA5.txt\"", "attachment|filename=日.txt", EIGHT},
        {"attachment; filename=\"\xD5\xD5\xC6\xAC.jpg\"", "attachment|filename=照片.jpg", EIGHT},
        {"attachment; filename=\xE6\x97\xA5.txt", "attachment|filename=日.txt", EIGHT},
        /* blanks without quotes */
        {"attachment; filename=my report.pdf", "attachment|filename=my report.pdf", BAD},
        {"attachment; filename=my report (final).pdf; size=1", "attachment|filename=my report (final).pdf|size=1", BAD},
        {"image/png; name=my picture.png charset=x", "image/png|name=my picture.png|charset=x", BAD},
        /* backslashes and quotes */
        {"attachment; filename=\"C:\\temp\\new.txt\"", "attachment|filename=C:\\temp\\new.txt", 0},
        {"attachment; filename=\"C:\\\\temp\\\\new.txt\"", "attachment|filename=C:\\temp\\new.txt", 0},
        {"attachment; filename=\"C:\\dir\\\"", "attachment|filename=C:\\dir\\", 0},
        {"attachment; filename=\"say \\\"hi\\\".txt\"", "attachment|filename=say \"hi\".txt", 0},
        {"attachment; filename=\"a \"b\" c.txt\"; size=1", "attachment|filename=a \"b\" c.txt|size=1", 0},
        {"attachment; filename=\"a;b.txt\"", "attachment|filename=a;b.txt", 0},
        {"attachment; filename=\"a.txt", "attachment|filename=a.txt", BAD},
        {"attachment; name=\"a.txt; charset=utf-8", "attachment|name=a.txt|charset=utf-8", BAD},
        /* junk behind the end quote */
        {"image/png;\n\tname=\"it's 100%.csv\"\n =?utf-8?b?LnBkZg==?=", "image/png|name=it's 100%.csv", BAD},
        {"multipart/mixed; boundary=\"a b\"\n continued", "multipart/mixed|boundary=a b", BAD},
        {"multipart/mixed; boundary=\"a b\"\n continued; charset=\"utf-8\"", "multipart/mixed|boundary=a b|charset=utf-8", BAD},
        {"multipart/mixed; boundary=\"a b\"x charset=utf-8", "multipart/mixed|boundary=a b|charset=utf-8", BAD},
        {"attachment; filename=\"a\"b.txt\"; size=1", "attachment|filename=a\"b.txt|size=1", 0},
        {"attachment; filename=\"a \"b\" c.txt", "attachment|filename=a \"b\" c.txt", BAD},
        {"attachment; filename=\"a \"b\" c.txt; size=1", "attachment|filename=a \"b\" c.txt|size=1", BAD},
        /* no semicolons */
        {"text/plain charset=utf-8", "text/plain|charset=utf-8", 0},
        {"text/plain; charset=utf-8 name=\"x\"", "text/plain|charset=utf-8|name=x", 0},
        {"text/plain; name=\"x.txt\" charset=utf-8", "text/plain|name=x.txt|charset=utf-8", 0},
        {"filename=\"x.txt\"", "|filename=x.txt", 0},
        {"attachment;filename=\"long\r\n name.txt\"", "attachment|filename=long name.txt", 0},
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

static void test_broken(void)
{
    static const param_case cases[] = {
        {";", "", 0},
        {"=", "=", 0},
        {"a/b; =x", "a/b", BAD},
        {"a/b; x", "a/b", BAD},
        {"a/b; x y=1", "a/b|y=1", BAD},
        {"a/b; x=", "a/b|x=", 0},
        {"a/b; x=\"", "a/b|x=", BAD},
        {"a/b; *=1", "a/b|=1", 0},
        {"a/b; x*99999=1", "a/b|x*99999=1", 0},
        {"a/b (never closed; x=1", "a/b", 0},
        {"a/b; filename=\"a\nb\x01\"", "a/b|filename=ab\uFFFD", 0},
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

static void test_bytes(void)
{
    mime_param_list *list = mime_param_parse(slice_of("multipart/mixed; boundary=\"=?x?q?\xE9?=\""), NULL);
    slice bytes = mime_param_bytes(list, "boundary");
    g_assert_cmpmem(bytes.data, bytes.len, "=?x?q?\xE9?=", 9); /* compared with bytes: never decoded */
    g_assert_cmpuint(mime_param_bytes(list, "x").len, ==, 0);
    g_assert_null(mime_param_value(list, "x"));
    mime_param_list_free(list);
}

static void test_limit(void)
{
    for (guint count = LIMIT_PARAMS; count <= LIMIT_PARAMS + 1; count++) {
        anomaly_set anomalies = 0;
        GString *text = g_string_new("a/b");
        for (guint i = 0; i < count; i++)
            g_string_append_printf(text, "; p%u=%u", i, i);
        mime_param_list *list = mime_param_parse(slice_of(text->str), &anomalies);
        g_assert_cmpuint(list->params->len, ==, LIMIT_PARAMS);
        g_assert_cmphex(anomalies, ==, count > LIMIT_PARAMS ? BAD : 0);
        mime_param_list_free(list);
        g_string_free(text, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime_param/rfc2045", test_rfc2045);
    g_test_add_func("/mime_param/rfc2231", test_rfc2231);
    g_test_add_func("/mime_param/preference", test_preference);
    g_test_add_func("/mime_param/real_senders", test_real_senders);
    g_test_add_func("/mime_param/broken", test_broken);
    g_test_add_func("/mime_param/bytes", test_bytes);
    g_test_add_func("/mime_param/limit", test_limit);
    return g_test_run();
}
