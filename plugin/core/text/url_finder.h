/* url_finder.h
 * The links of a text: those that a reader sees in plain text, and those that a mail program follows in HTML.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_URL_FINDER_H
#define MAILXTRA_URL_FINDER_H

#include "slice.h"

typedef struct url_list {
    GPtrArray *urls;   /* of char*, owned: UTF-8, one line, in the order of the text, each once; at most LIMIT_URLS */
    gboolean has_more; /* there were more, or longer ones than LIMIT_URL_BYTES */
} url_list;

/* http, https, ftp and mailto URLs of plain text (UTF-8), also "www." names; in <> also over line ends (RFC 3986
 * appendix C). Punctuation at the end belongs to the sentence. Linear. */
url_list url_finder_text(slice text);

/* Links of HTML (UTF-8): attributes that name a resource, meta refresh, url() in styles; character
 * references resolved, relative ones resolved against <base href>. Not those inside the document ("#top") or the mail
 * ("cid:"), and not pictures inside the link itself ("data:image/"). Linear. */
url_list url_finder_html(slice html);

/* The paragraphs of a format=flowed text (RFC 3676) put together: with DelSp=yes a URL broken in two is whole
 * again. g_free() it. */
char *url_finder_unflow(const char *text, gboolean del_sp);

void url_list_clear(url_list *list);

#endif
