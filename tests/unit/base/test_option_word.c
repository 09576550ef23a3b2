/* test_option_word.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <glib.h>

#include "option_word.h"

static void test_names(void)
{
    static const struct {
        const char *text, *name, *rest;
    } cases[] = {
        {"dir", "dir", NULL},
        {"dir,md5", "dir", "md5"},
        {"", "", NULL},
        {",", "", ""},
        {"a\\,b,md5", "a,b", "md5"},
        {"a\\\\,b", "a\\", "b"},
        {"a\\b\\", "a\\b\\", NULL},
        {"\\\\\\,\\,x", "\\,,x", NULL},
        {"d,a\\,b", "d", "a\\,b"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *rest = cases[i].text;
        char *name = option_word_name(&rest);
        g_assert_cmpstr(name, ==, cases[i].name);
        g_assert_cmpstr(rest, ==, cases[i].rest);
        g_free(name);
    }
}

static void test_words(void)
{
    const char *rest = "a\\,,b";
    char *word = option_word(&rest);
    g_assert_cmpstr(word, ==, "a\\");
    g_assert_cmpstr(rest, ==, ",b");
    g_free(word);
    word = option_word(&rest);
    g_assert_cmpstr(word, ==, "");
    g_free(word);
    word = option_word(&rest);
    g_assert_cmpstr(word, ==, "b");
    g_assert_null(rest);
    g_free(word);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/option_word/names", test_names);
    g_test_add_func("/option_word/words", test_words);
    return g_test_run();
}
