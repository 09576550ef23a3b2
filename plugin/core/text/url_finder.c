/* url_finder.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "url_finder.h"

#include "limits.h"

/* ---- what is collected ---- */

typedef struct collector {
    url_list list;
    GHashTable *seen; /* of char*, borrowed from the list */
    char *base;       /* <base href>; NULL: none */
} collector;

static void collector_start(collector *c)
{
    *c = (collector){{g_ptr_array_new_with_free_func(g_free), FALSE}, g_hash_table_new(g_str_hash, g_str_equal), NULL};
}

static url_list collector_finish(collector *c)
{
    g_hash_table_unref(c->seen);
    g_free(c->base);
    return c->list;
}

static gboolean is_full(const collector *c)
{
    return c->list.urls->len >= LIMIT_URLS;
}

/* Takes `url` over. */
static void collect(collector *c, char *url)
{
    if (!*url || g_hash_table_contains(c->seen, url) || is_full(c)) {
        c->list.has_more = c->list.has_more || (*url && is_full(c) && !g_hash_table_contains(c->seen, url));
        g_free(url);
        return;
    }
    g_ptr_array_add(c->list.urls, url);
    g_hash_table_add(c->seen, url);
}

/* At most LIMIT_URL_BYTES, without half a character. */
static slice bounded(collector *c, slice url)
{
    if (url.len <= LIMIT_URL_BYTES)
        return url;
    c->list.has_more = TRUE;
    url.len = LIMIT_URL_BYTES;
    while (url.len && (url.data[url.len] & 0xC0) == 0x80)
        url.len--;
    return url;
}

void url_list_clear(url_list *list)
{
    if (list->urls)
        g_ptr_array_unref(list->urls);
    list->urls = NULL;
}

/* ---- plain text ---- */

static const char *const text_schemes[] = {"http://", "https://", "ftp://", "mailto:", "www."};

/* Does a URL begin at the front of s? Returns the length of what it begins with; 0: no. */
static gsize begins_url(slice s)
{
    for (guint i = 0; i < G_N_ELEMENTS(text_schemes); i++) {
        if (slice_begins(s, text_schemes[i]))
            return strlen(text_schemes[i]);
    }
    return 0;
}

/* RFC 3986 2, and letters of any script (RFC 3987): what may stand in a URL. Length in bytes; 0: it ends here. */
static gsize url_character(slice s)
{
    guint8 c = s.data[0];
    if (c < 0x80)
        return g_ascii_isalnum(c) || (c && strchr("-._~:/?#[]@!$&'()*+,;=%|{}^`\\", c)) ? 1 : 0;
    gunichar wide = g_utf8_get_char_validated((const char *)s.data, (gssize)s.len);
    if (wide >= (gunichar)-2 || !(g_unichar_isalnum(wide) || g_unichar_ismark(wide)))
        return 0;
    return MIN(s.len, (gsize)g_utf8_skip[c]);
}

static gsize count_byte(slice s, guint8 byte)
{
    gsize count = 0;
    for (gsize i = 0; i < s.len; i++)
        count += s.data[i] == byte;
    return count;
}

/* Without the punctuation that ends the sentence, and a bracket or quote that opened in front of the URL. */
static slice trim_sentence(slice url)
{
    gssize round = (gssize)count_byte(url, ')') - (gssize)count_byte(url, '(');
    gssize square = (gssize)count_byte(url, ']') - (gssize)count_byte(url, '[');
    gssize curly = (gssize)count_byte(url, '}') - (gssize)count_byte(url, '{');
    while (url.len) {
        guint8 c = url.data[url.len - 1];
        if (c == ')' ? round-- <= 0 : c == ']' ? square-- <= 0 : c == '}' ? curly-- <= 0 : !strchr(".,;:!?'*`|\\^", c))
            break;
        url.len--;
    }
    return url;
}

/* Inside <>: everything up to ">", line ends and the blanks around them dropped. FALSE: no ">" comes, or blanks inside
 * of a line come first. */
static gboolean take_bracketed(collector *c, slice text, gsize *length_r)
{
    GString *url = g_string_new(NULL);
    gsize at = 0;
    gboolean ends = FALSE;
    while (at < text.len && at < LIMIT_URL_BYTES && !ends) {
        guint8 byte = text.data[at];
        ends = byte == '>';
        if (byte == '\n' || byte == '\r') {
            while (at < text.len && g_ascii_isspace(text.data[at]))
                at++;
            continue;
        }
        if (byte <= ' ' || byte == '<')
            break;
        if (!ends)
            g_string_append_c(url, (char)byte);
        at++;
    }
    *length_r = at;
    if (ends)
        collect(c, g_string_free(url, FALSE));
    else
        g_string_free(url, TRUE);
    return ends;
}

/* A URL at the front of `text`; returns how far it goes. */
static gsize take_plain(collector *c, slice text, gsize scheme)
{
    gsize end = 0, step;
    while (end < text.len && (step = url_character(slice_from(text, end))) > 0)
        end += step;
    slice url = trim_sentence(slice_head(text, end));
    if (url.len > scheme)
        collect(c, slice_dup(bounded(c, url)));
    return MAX(end, 1);
}

static gboolean is_word(guint8 c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

url_list url_finder_text(slice text)
{
    collector c;
    gsize at = 0, length;
    collector_start(&c);
    while (at < text.len && !(is_full(&c) && c.list.has_more)) {
        guint8 byte = text.data[at] | 0x20;
        gsize scheme = byte == 'h' || byte == 'f' || byte == 'm' || byte == 'w' ? begins_url(slice_from(text, at)) : 0;
        if (!scheme || (at && is_word(text.data[at - 1]))) {
            at++;
            continue;
        }
        gboolean bracketed =
            (at && text.data[at - 1] == '<') || (at >= 5 && slice_begins(slice_from(text, at - 5), "<URL:"));
        slice rest = slice_from(text, at);
        if (!bracketed || !take_bracketed(&c, rest, &length))
            length = take_plain(&c, rest, scheme);
        at += length;
    }
    return collector_finish(&c);
}

/* ---- format=flowed ---- */

/* Quote marks at the front of a line (RFC 3676 4.5). */
static gsize quote_depth(const char *line)
{
    return strspn(line, ">");
}

char *url_finder_unflow(const char *text, gboolean del_sp)
{
    GString *out = g_string_sized_new(strlen(text));
    gboolean soft = FALSE;
    gsize depth_before = 0;
    while (*text) {
        const char *end = strchr(text, '\n'), *next = end ? end + 1 : text + strlen(text);
        gsize depth = quote_depth(text);
        if (!end)
            end = next;
        if (end > text && end[-1] == '\r')
            end--;
        if (soft && depth != depth_before)
            g_string_append_c(out, '\n');
        gboolean joined = soft && depth == depth_before;
        const char *line = joined ? text + depth : text;
        if (line < end && (joined ? line[0] : line[depth]) == ' ')
            line += joined; /* space-stuffing of a continued line */
        gboolean signature = end - text >= 3 && strncmp(end - 3, "-- ", 3) == 0 && (gsize)(end - text) <= depth + 4;
        soft = end > text && end[-1] == ' ' && !signature;
        g_string_append_len(out, line, MAX(end - line - (soft && del_sp), 0));
        if (!soft)
            g_string_append_c(out, '\n');
        depth_before = depth;
        text = next;
    }
    return g_string_free(out, FALSE);
}

/* ---- HTML: character references ---- */

/* Those that occur in links; all others stay as they are. */
static const struct {
    const char *name;
    gunichar character;
} references[] = {
    {"amp", '&'},    {"lt", '<'},        {"gt", '>'},     {"quot", '"'},  {"apos", '\''},  {"colon", ':'},
    {"sol", '/'},    {"period", '.'},    {"quest", '?'},  {"num", '#'},   {"equals", '='}, {"lpar", '('},
    {"rpar", ')'},   {"commat", '@'},    {"percnt", '%'}, {"nbsp", 0xA0}, {"Tab", '\t'},   {"NewLine", '\n'},
    {"lowbar", '_'}, {"hyphen", 0x2010}, {"bsol", '\\'},  {"plus", '+'},
};

/* A number behind "&#"; returns the bytes used, 0: none. */
static gsize read_number(slice s, gunichar *character_r)
{
    gboolean hex = s.len > 0 && (s.data[0] | 0x20) == 'x';
    gsize at = hex ? 1 : 0, start = at;
    guint64 value = 0;
    for (; at < s.len; at++) {
        int digit = hex ? g_ascii_xdigit_value((char)s.data[at]) : g_ascii_digit_value((char)s.data[at]);
        if (digit < 0)
            break;
        value = MIN(value * (hex ? 16 : 10) + (guint)digit, 0x110000);
    }
    *character_r = value && value < 0x110000 && (value < 0xD800 || value > 0xDFFF) ? (gunichar)value : 0xFFFD;
    return at > start ? at : 0;
}

/* A reference at "&"; returns the bytes used, 0: it is none. */
static gsize read_reference(slice s, gunichar *character_r)
{
    gsize used = 0;
    if (s.len > 2 && s.data[1] == '#') {
        used = read_number(slice_from(s, 2), character_r);
        used += used ? 2 : 0;
    } else {
        for (guint i = 0; i < G_N_ELEMENTS(references) && !used; i++) {
            gsize len = strlen(references[i].name);
            slice rest = slice_from(s, 1);
            /* "&num=1" in a link is a parameter: without ";" only the old five are references */
            gboolean ends = rest.len > len && rest.data[len] == ';';
            gboolean old = i < 4 && !(rest.len > len && (g_ascii_isalnum(rest.data[len]) || rest.data[len] == '='));
            if (rest.len >= len && memcmp(rest.data, references[i].name, len) == 0 && (ends || old)) {
                *character_r = references[i].character;
                used = 1 + len;
            }
        }
    }
    return used && used < s.len && s.data[used] == ';' ? used + 1 : used;
}

/* References resolved; tab, CR and LF dropped, blanks at both ends too, as browsers do with links. */
static char *resolve_references(slice value)
{
    GString *out = g_string_sized_new(value.len);
    for (gsize at = 0, used; at < value.len; at += used) {
        gunichar character;
        used = value.data[at] == '&' ? read_reference(slice_from(value, at), &character) : 0;
        if (used && character != '\t' && character != '\n' && character != '\r')
            g_string_append_unichar(out, character);
        if (used)
            continue;
        used = 1;
        if (!strchr("\t\n\r", value.data[at]) || value.data[at] == 0)
            g_string_append_c(out, (char)value.data[at]);
    }
    return g_strstrip(g_string_free(out, FALSE));
}

/* ---- HTML: links ---- */

static gboolean has_prefix(const char *text, const char *prefix)
{
    return g_ascii_strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static gboolean is_inside(const char *url)
{
    return !*url || *url == '#' || has_prefix(url, "cid:") || has_prefix(url, "mid:") ||
           has_prefix(url, "data:image/") || has_prefix(url, "data:font/") || has_prefix(url, "about:");
}

/* "scheme:" in front (RFC 3986 3.1)? */
static gboolean is_absolute(const char *url)
{
    gsize scheme = strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    return scheme > 0 && url[scheme] == ':';
}

static void collect_link(collector *c, slice value)
{
    if (is_full(c) && c->list.has_more)
        return;
    char *url = resolve_references(bounded(c, value));
    if (is_inside(url)) {
        g_free(url);
        return;
    }
    char *whole =
        c->base && !is_absolute(url) ? g_uri_resolve_relative(c->base, url, G_URI_FLAGS_PARSE_RELAXED, NULL) : NULL;
    if (whole)
        g_free(url);
    collect(c, whole ? whole : url);
}

static gssize find_text(slice s, const char *text)
{
    gsize len = strlen(text);
    for (gsize at = 0; at + len <= s.len; at++) {
        if ((s.data[at] | 0x20) == (text[0] | 0x20) && slice_begins(slice_from(s, at), text))
            return (gssize)at;
    }
    return -1;
}

static slice trim_quotes(slice s)
{
    while (s.len && (g_ascii_isspace(s.data[0]) || s.data[0] == '"' || s.data[0] == '\''))
        s = slice_from(s, 1);
    while (s.len && (g_ascii_isspace(s.data[s.len - 1]) || s.data[s.len - 1] == '"' || s.data[s.len - 1] == '\''))
        s.len--;
    return s;
}

/* url(...) of a style sheet or a style attribute. */
static void collect_style(collector *c, slice style)
{
    gssize at;
    while ((at = find_text(style, "url(")) >= 0) {
        style = slice_from(style, (gsize)at + 4);
        const guint8 *end = style.len ? memchr(style.data, ')', style.len) : NULL;
        if (!end)
            return;
        collect_link(c, trim_quotes(slice_head(style, (gsize)(end - style.data))));
    }
}

/* "5; url=http://..." of a meta refresh. */
static void collect_refresh(collector *c, slice content)
{
    gssize at = find_text(content, "url=");
    if (at >= 0)
        collect_link(c, trim_quotes(slice_from(content, (gsize)at + 4)));
}

/* "a.png 1x, b.png 2x" */
static void collect_srcset(collector *c, slice set)
{
    while (set.len) {
        while (set.len && (g_ascii_isspace(set.data[0]) || set.data[0] == ','))
            set = slice_from(set, 1);
        gsize end = 0;
        while (end < set.len && !g_ascii_isspace(set.data[end]))
            end++;
        slice url = slice_head(set, end);
        while (url.len && url.data[url.len - 1] == ',')
            url.len--;
        collect_link(c, url);
        const guint8 *comma = end < set.len ? memchr(set.data + end, ',', set.len - end) : NULL;
        set = comma ? slice_from(set, (gsize)(comma - set.data)) : SLICE_EMPTY;
    }
}

/* ---- HTML: tags ---- */

static const char *const link_attributes[] = {"href",       "src",    "action", "formaction", "background",
                                              "data",       "poster", "cite",   "longdesc",   "ping",
                                              "xlink:href", "lowsrc", "dynsrc", "codebase",   "manifest"};

static void take_attribute(collector *c, slice tag, slice name, slice value)
{
    if (slice_is(name, "style")) {
        collect_style(c, value);
    } else if (slice_is(name, "srcset")) {
        collect_srcset(c, value);
    } else if (slice_is(name, "content")) {
        if (slice_is(tag, "meta"))
            collect_refresh(c, value);
    } else {
        for (guint i = 0; i < G_N_ELEMENTS(link_attributes); i++) {
            if (!slice_is(name, link_attributes[i]))
                continue;
            if (slice_is(tag, "base") && i == 0 && !c->base)
                c->base = resolve_references(bounded(c, value));
            collect_link(c, value);
        }
    }
}

/* A value at the front of *rest, quoted or not. A quote that never ends: up to the ">", as what the reader sees. */
static slice take_value(slice *rest)
{
    slice value = *rest;
    guint8 quote = value.len ? value.data[0] : 0;
    gsize end = 0;
    if (quote == '"' || quote == '\'') {
        const guint8 *close = value.len > 1 ? memchr(value.data + 1, quote, value.len - 1) : NULL;
        if (close) {
            gsize len = (gsize)(close - value.data) - 1;
            *rest = slice_from(value, len + 2);
            return slice_head(slice_from(value, 1), len);
        }
        value = slice_from(value, 1);
    }
    while (end < value.len && value.data[end] != '>' && !g_ascii_isspace(value.data[end]))
        end++;
    *rest = slice_from(value, end);
    return slice_head(value, end);
}

static slice take_name(slice *rest)
{
    slice name = *rest;
    gsize end = 0;
    while (end < name.len && !g_ascii_isspace(name.data[end]) && !strchr("=>/", name.data[end]))
        end++;
    if (end < name.len && name.data[end] == 0)
        end++;
    *rest = slice_from(name, end);
    return slice_head(name, end);
}

static void skip_blanks(slice *rest)
{
    while (rest->len && g_ascii_isspace(rest->data[0]))
        *rest = slice_from(*rest, 1);
}

/* The attributes of `tag` up to ">". */
static void take_attributes(collector *c, slice tag, slice *rest)
{
    for (;;) {
        while (rest->len && (g_ascii_isspace(rest->data[0]) || rest->data[0] == '/'))
            *rest = slice_from(*rest, 1);
        if (!rest->len || rest->data[0] == '>')
            return;
        slice name = take_name(rest);
        skip_blanks(rest);
        if (!rest->len || rest->data[0] != '=')
            continue;
        *rest = slice_from(*rest, 1);
        skip_blanks(rest);
        take_attribute(c, tag, name, take_value(rest));
    }
}

/* Behind "<script>" and "<style>" comes no markup up to the end tag. */
static void skip_raw(collector *c, slice tag, slice *rest)
{
    gboolean style = slice_is(tag, "style");
    if (!style && !slice_is(tag, "script"))
        return;
    gssize end = find_text(*rest, style ? "</style" : "</script");
    slice raw = slice_head(*rest, end < 0 ? rest->len : (gsize)end);
    if (style)
        collect_style(c, raw);
    *rest = slice_from(*rest, raw.len);
}

/* A comment; but Outlook reads what is in "<!--[if mso]> ... <![endif]-->". */
static void skip_comment(slice *rest)
{
    gssize end = slice_begins(*rest, "<!--[if") ? find_text(*rest, ">") : find_text(slice_from(*rest, 2), "-->");
    *rest = end < 0 ? SLICE_EMPTY : slice_from(*rest, (gsize)end + 1);
}

url_list url_finder_html(slice html)
{
    collector c;
    collector_start(&c);
    while (html.len && !(is_full(&c) && c.list.has_more)) {
        const guint8 *open = memchr(html.data, '<', html.len);
        if (!open)
            break;
        html = slice_from(html, (gsize)(open - html.data));
        if (slice_begins(html, "<!--")) {
            skip_comment(&html);
            continue;
        }
        html = slice_from(html, 1);
        if (!html.len || !g_ascii_isalpha(html.data[0]))
            continue;
        slice tag = take_name(&html);
        take_attributes(&c, tag, &html);
        html = slice_from(html, 1);
        skip_raw(&c, tag, &html);
    }
    return collector_finish(&c);
}
