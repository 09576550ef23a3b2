/* option_word.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "option_word.h"

#include <glib.h>
#include <string.h>

char *option_word_name(const char **rest)
{
    GString *name = g_string_new(NULL);
    const char *at = *rest;
    for (; *at && *at != ','; at++) {
        if (*at == '\\' && (at[1] == ',' || at[1] == '\\'))
            at++;
        g_string_append_c(name, *at);
    }
    *rest = *at ? at + 1 : NULL;
    return g_string_free(name, FALSE);
}

char *option_word(const char **rest)
{
    const char *comma = strchr(*rest, ',');
    char *word = comma ? g_strndup(*rest, (gsize)(comma - *rest)) : g_strdup(*rest);
    *rest = comma ? comma + 1 : NULL;
    return word;
}
