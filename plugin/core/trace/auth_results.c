/* auth_results.c
 *
 *   authres  = authserv-id [CFWS version] (";" "none" / 1*(";" resinfo))
 *   resinfo  = method ["/" version] "=" result [CFWS comment] ["reason" "=" value] *(ptype "." property "=" value)
 *   tag-list = tag-name "=" tag-value *(";" tag-name "=" tag-value) [";"]
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "auth_results.h"

#include "limits.h"
#include "rfc822_lexer.h"

/* ---- pieces ---- */

static char *utf8_of(slice s)
{
    char *copy = slice_dup(s);
    char *valid = g_utf8_make_valid(copy, -1);
    g_free(copy);
    return valid;
}

static char *lower_case(slice s)
{
    char *text = utf8_of(s);
    char *lower = g_ascii_strdown(text, -1);
    g_free(text);
    return lower;
}

/* Text with its folding and runs of blanks as one blank. */
static char *one_line(slice s)
{
    GString *line = g_string_new(NULL);
    s = rfc822_trim(s);
    for (gsize i = 0; i < s.len; i++) {
        guint8 c = s.data[i];
        if (c > ' ')
            g_string_append_c(line, (char)c);
        else if (line->len && line->str[line->len - 1] != ' ')
            g_string_append_c(line, ' ');
    }
    char *valid = g_utf8_make_valid(line->str, (gssize)line->len);
    g_string_free(line, TRUE);
    return valid;
}

/* Takes what stands up to the next ";" that is in no comment or quoted string; the ";" is passed over. FALSE: nothing
 * left. */
static gboolean take_section(slice *cursor, slice *section_r)
{
    slice start = *cursor;
    if (cursor->len == 0)
        return FALSE;
    while (cursor->len && cursor->data[0] != ';') {
        if (cursor->data[0] == '"')
            rfc822_take_quoted_string(cursor, NULL);
        else if (cursor->data[0] == '(')
            rfc822_skip_cfws(cursor);
        else
            *cursor = slice_from(*cursor, 1);
    }
    *section_r = slice_head(start, start.len - cursor->len);
    *cursor = slice_from(*cursor, 1);
    return TRUE;
}

/* The comment at the cursor, without its parentheses; empty: none there. */
static slice take_comment(slice *cursor)
{
    rfc822_skip_lwsp(cursor);
    if (cursor->len == 0 || cursor->data[0] != '(')
        return SLICE_EMPTY;
    slice start = *cursor;
    rfc822_skip_cfws(cursor);
    slice comment = rfc822_trim(slice_head(slice_from(start, 1), start.len - cursor->len - 1));
    if (comment.len && comment.data[comment.len - 1] == ')')
        comment.len--;
    return comment;
}

/* A run up to a blank, a comment or one of `stops`. */
static slice take_run(slice *cursor, const char *stops)
{
    gsize len = 0;
    while (len < cursor->len && !rfc822_is_lwsp(cursor->data[len]) && cursor->data[len] != '(' &&
           (cursor->data[len] == 0 || !strchr(stops, cursor->data[len])))
        len++;
    slice run = slice_head(*cursor, len);
    *cursor = slice_from(*cursor, len);
    return run;
}

/* Takes a value: a quoted string or a run. */
static char *take_value(slice *cursor, const char *stops)
{
    rfc822_skip_cfws(cursor);
    if (cursor->len == 0 || cursor->data[0] != '"')
        return utf8_of(take_run(cursor, stops));
    GString *text = g_string_new(NULL);
    rfc822_take_quoted_string(cursor, text);
    char *valid = g_utf8_make_valid(text->str, (gssize)text->len);
    g_string_free(text, TRUE);
    return valid;
}

/* Takes "=" with blanks around it. */
static gboolean take_equals(slice *cursor)
{
    rfc822_skip_cfws(cursor);
    if (cursor->len == 0 || cursor->data[0] != '=')
        return FALSE;
    *cursor = slice_from(*cursor, 1);
    return TRUE;
}

/* ---- results ---- */

static void result_free(gpointer data)
{
    auth_result *result = data;
    g_free(result->method);
    g_free(result->result);
    g_free(result->comment);
    g_free(result->properties);
    g_free(result);
}

void auth_results_free(auth_results *results)
{
    if (!results)
        return;
    g_free(results->server);
    g_ptr_array_unref(results->results);
    g_free(results);
}

static auth_results *results_new(void)
{
    auth_results *results = g_new0(auth_results, 1);
    results->results = g_ptr_array_new_with_free_func(result_free);
    return results;
}

/* "name=value" pairs to the end of the section, in one line. `receiver_r`: the value of "receiver". */
static char *take_properties(slice *cursor, const char *stops, char **receiver_r)
{
    GString *properties = g_string_new(NULL);
    guint count = 0;
    for (rfc822_skip_cfws(cursor); cursor->len && count < LIMIT_PARAMS; rfc822_skip_cfws(cursor), count++) {
        slice name = take_run(cursor, "=;");
        if (!take_equals(cursor)) {
            if (name.len == 0)
                *cursor = slice_from(*cursor, 1);
            continue;
        }
        char *key = utf8_of(name), *value = take_value(cursor, stops);
        g_string_append_printf(properties, "%s%s=%s", properties->len ? " " : "", key, value);
        if (receiver_r && !*receiver_r && g_ascii_strcasecmp(key, "receiver") == 0)
            *receiver_r = g_ascii_strdown(value, -1);
        g_free(key);
        g_free(value);
    }
    return g_string_free(properties, FALSE);
}

/* method=result ...; FALSE: no such thing (also "none", which says that nothing was looked at). */
static gboolean take_result(slice section, auth_results *results)
{
    rfc822_skip_cfws(&section);
    slice method = take_run(&section, "=/");
    if (section.len && section.data[0] == '/')
        take_run(&section, "=");
    if (method.len == 0 || !take_equals(&section))
        return FALSE;
    rfc822_skip_lwsp(&section);
    slice verdict = take_run(&section, "=");
    if (slice_is(method, "i")) {
        results->instance =
            (guint)CLAMP(g_ascii_strtoll(verdict.len ? (const char *)verdict.data : "0", NULL, 10), 0, 1000);
        return TRUE;
    }
    auth_result *result = g_new0(auth_result, 1);
    slice comment = take_comment(&section);
    result->method = lower_case(method);
    result->result = lower_case(verdict);
    result->comment = comment.len ? one_line(comment) : NULL;
    result->properties = take_properties(&section, "", NULL);
    g_ptr_array_add(results->results, result);
    return TRUE;
}

auth_results *auth_results_parse(slice raw)
{
    auth_results *results = results_new();
    slice section;
    while (results->results->len < LIMIT_PARAMS && take_section(&raw, &section)) {
        if (take_result(section, results) || results->server)
            continue;
        rfc822_skip_cfws(&section);
        slice server = take_run(&section, "=");
        if (server.len)
            results->server = lower_case(server);
    }
    return results;
}

auth_results *auth_results_parse_spf(slice raw)
{
    auth_results *results = results_new();
    auth_result *result = g_new0(auth_result, 1);
    rfc822_skip_lwsp(&raw);
    result->method = g_strdup("spf");
    result->result = lower_case(take_run(&raw, ";"));
    slice comment = take_comment(&raw);
    result->comment = comment.len ? one_line(comment) : NULL;
    result->properties = take_properties(&raw, ";", &results->server);
    g_ptr_array_add(results->results, result);
    return results;
}

/* ---- tags ---- */

void dkim_signature_free(dkim_signature *signature)
{
    if (!signature)
        return;
    g_free(signature->domain);
    g_free(signature->selector);
    g_free(signature->algorithm);
    g_free(signature->identity);
    g_free(signature->signed_fields);
    g_free(signature->canon);
    g_free(signature->body_hash);
    g_free(signature);
}

/* Folding may stand anywhere inside of base64 and lists. */
static char *without_blanks(slice s)
{
    GString *text = g_string_sized_new(s.len);
    for (gsize i = 0; i < s.len; i++)
        if (s.data[i] > ' ')
            g_string_append_c(text, (char)s.data[i]);
    char *valid = g_utf8_make_valid(text->str, (gssize)text->len);
    g_string_free(text, TRUE);
    return valid;
}

static void set_once(char **field, char *value)
{
    if (*field)
        g_free(value);
    else
        *field = value;
}

/* A decimal number; FALSE: none, or too large. */
static gboolean number_of(slice value, guint64 *number_r)
{
    char *text = without_blanks(value);
    gboolean read = g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, number_r, NULL);
    g_free(text);
    return read;
}

/* c= header[/body]; simple where it says nothing (RFC 6376 3.5). */
static void read_canon(dkim_signature *signature)
{
    const char *body = signature->canon ? strchr(signature->canon, '/') : NULL;
    body = body ? body + 1 : "simple";
    signature->body_canon = g_ascii_strcasecmp(body, "relaxed") == 0 ? DKIM_CANON_RELAXED : DKIM_CANON_SIMPLE;
    signature->canon_known = signature->body_canon == DKIM_CANON_RELAXED || g_ascii_strcasecmp(body, "simple") == 0;
}

static void read_tag(dkim_signature *signature, slice name, slice value)
{
    guint64 number;
    if (slice_is(name, "d"))
        set_once(&signature->domain, without_blanks(value));
    else if (slice_is(name, "s"))
        set_once(&signature->selector, without_blanks(value));
    else if (slice_is(name, "a"))
        set_once(&signature->algorithm, lower_case(rfc822_trim(value)));
    else if (slice_is(name, "h"))
        set_once(&signature->signed_fields, without_blanks(value));
    else if (slice_is(name, "c"))
        set_once(&signature->canon, without_blanks(value));
    else if (slice_is(name, "bh"))
        set_once(&signature->body_hash, without_blanks(value));
    else if (slice_is(name, "i") && number_of(value, &number))
        signature->instance = (guint)MIN(number, 1000);
    else if (slice_is(name, "i"))
        set_once(&signature->identity, without_blanks(value));
    else if (slice_is(name, "l") && number_of(value, &number)) {
        signature->has_length = TRUE;
        signature->length = number;
    } else if (slice_is(name, "t") && number_of(value, &number))
        signature->signed_at = (gint64)number;
    else if (slice_is(name, "x") && number_of(value, &number))
        signature->expires_at = (gint64)number;
}

dkim_signature *dkim_signature_parse(slice raw)
{
    dkim_signature *signature = g_new0(dkim_signature, 1);
    signature->signed_at = signature->expires_at = -1;
    for (guint count = 0; raw.len && count < LIMIT_PARAMS; count++) {
        const guint8 *semicolon = memchr(raw.data, ';', raw.len);
        slice tag = slice_head(raw, semicolon ? (gsize)(semicolon - raw.data) : raw.len);
        const guint8 *equals = tag.len ? memchr(tag.data, '=', tag.len) : NULL;
        if (equals) {
            gsize at = (gsize)(equals - tag.data);
            read_tag(signature, rfc822_trim(slice_head(tag, at)), slice_from(tag, at + 1));
        }
        raw = slice_from(raw, tag.len + 1);
    }
    read_canon(signature);
    return signature;
}
