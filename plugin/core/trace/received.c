/* received.c
 *
 *   Received: from HELO (RDNS [IP]) by HOST with PROTOCOL id ID for <MAILBOX>; date-time
 *
 * What stands in the comments is each server's own affair. Read here, by example:
 *
 *   Postfix     from h (r [1.2.3.4]) (using TLSv1.3 with cipher C (256/256 bits)) (Authenticated sender: u) by s
 * (Postfix) with ESMTPSA id I Exim        from r ([1.2.3.4]:41234 helo=h) by s with esmtps (TLS1.3) tls C (Exim 4.94)
 * (envelope-from <m>) id I from [1.2.3.4] (helo=h) by s with esmtp (Exim 4.94) Sendmail    from h (user@r [1.2.3.4]
 * (may be forged)) by s (8.15.2/8.15.2) with ESMTP id I Exchange    from h (1.2.3.4) by s (1.2.3.5) with Microsoft SMTP
 * Server (version=TLS1_2, cipher=C) id 15.20.1 qmail       from r (HELO h) (user@1.2.3.4) by s with SMTP;   (qmail 123
 * invoked from network); date Gmail       from h (r. [1.2.3.4]) by mx.google.com with ESMTPS id I for <m>
 * (version=TLS1_3 cipher=C bits=256/256) Courier     from h (r [::ffff:1.2.3.4]) (AUTH: LOGIN u, TLS: TLSv1,168bits,C)
 * by s with ESMTP Dovecot     from h ([1.2.3.4]) by s with LMTPS id I (envelope-from <m>) for <m> Qpsmtpd     from r
 * (HELO h) (1.2.3.4) by s (qpsmtpd/0.96) with (C encrypted) ESMTPS Zimbra      from r (LHLO h) (1.2.3.4) by s with LMTP
 *   OpenSMTPD   from h (r [1.2.3.4]) by s (OpenSMTPD) with ESMTPS id I (TLSv1.3:C:256:NO) for <m>
 *   Coremail    from h (unknown [1.2.3.4]) by s (Coremail) with SMTP id I
 *
 * So: words outside of comments belong to the clause whose keyword stands last in front of them, and comments
 * tell by their content what they are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "received.h"

#include "limits.h"
#include "rfc822_lexer.h"

/* Words and comments looked at in one field; real ones have some twenty. */
#define LIMIT_RECEIVED_TOKENS 200

typedef enum clause {
    CLAUSE_NONE,
    CLAUSE_FROM,
    CLAUSE_BY,
    CLAUSE_VIA,
    CLAUSE_WITH,
    CLAUSE_ID,
    CLAUSE_FOR,
    CLAUSE_COUNT
} clause;

static const char *const clause_keywords[CLAUSE_COUNT] = {
    [CLAUSE_FROM] = "from", [CLAUSE_BY] = "by", [CLAUSE_VIA] = "via",
    [CLAUSE_WITH] = "with", [CLAUSE_ID] = "id", [CLAUSE_FOR] = "for",
};

typedef struct received_reader {
    slice cursor;
    clause now;
    GString *words[CLAUSE_COUNT];
    char *helo; /* said in a comment: (HELO h), helo=h */
    gboolean saw_qmail, in_tls_words;
    received_trace *trace;
} received_reader;

void received_free(received_trace *trace)
{
    if (!trace)
        return;
    char *const strings[] = {trace->from,        trace->rdns,          trace->ip,       trace->by,  trace->by_ip,
                             trace->via,         trace->with,          trace->id,       trace->tls, trace->user,
                             trace->for_mailbox, trace->envelope_from, trace->date_text};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(strings[i]);
    g_free(trace);
}

/* One line of valid UTF-8: blanks and folding become single blanks. NULL when there is nothing. */
static char *one_line(slice text)
{
    GString *line = g_string_sized_new(text.len);
    text = rfc822_trim(text);
    for (gsize i = 0; i < text.len; i++) {
        guint8 c = text.data[i];
        gboolean blank = c <= ' ' || c == 0x7f;
        if (!blank)
            g_string_append_c(line, (char)c);
        else if (line->len && line->str[line->len - 1] != ' ')
            g_string_append_c(line, ' ');
    }
    char *valid = line->len ? g_utf8_make_valid(line->str, (gssize)line->len) : NULL;
    g_string_free(line, TRUE);
    return valid;
}

/* Keeps the first value that is said. */
static void set_once(char **field, char *value)
{
    if (*field)
        g_free(value);
    else
        *field = value;
}

static slice without_angles(slice text)
{
    text = rfc822_trim(text);
    if (text.len >= 2 && text.data[0] == '<' && text.data[text.len - 1] == '>')
        return slice_head(slice_from(text, 1), text.len - 2);
    return text;
}

/* ---- comments ---- */

/* Where `word` begins in s, without case; s.len: nowhere. */
static gsize find(slice s, const char *word)
{
    gsize len = strlen(word);
    for (gsize i = 0; i + len <= s.len; i++)
        if (g_ascii_strncasecmp((const char *)s.data + i, word, len) == 0)
            return i;
    return s.len;
}

/* The run of bytes up to a blank or one of `stops`. */
static slice word_at(slice s, const char *stops)
{
    gsize len = 0;
    while (len < s.len && s.data[len] > ' ' && !strchr(stops, s.data[len]))
        len++;
    return slice_head(s, len);
}

static void set_ip(received_trace *trace, slice text)
{
    char *ip = NULL;
    address_scope scope = trace->ip ? ADDRESS_NO_IP : address_ip(text, &ip);
    if (scope == ADDRESS_NO_IP)
        return;
    trace->ip = ip;
    trace->ip_scope = scope;
}

/* The name found for the client: "unknown" and an address are none; "user@" and "IDENT:user@" in front are
 * what the client's ident service said (RFC 1413). */
static void set_rdns(received_trace *trace, slice text)
{
    text = rfc822_trim(text);
    for (gsize i = text.len; i-- > 0;)
        if (text.data[i] == '@') {
            text = slice_from(text, i + 1);
            break;
        }
    if (text.len && text.data[text.len - 1] == '.')
        text.len--;
    if (text.len == 0 || text.data[0] == '[' || slice_is(text, "unknown") || slice_is(text, "may be forged") ||
        address_ip(text, NULL) != ADDRESS_NO_IP || memchr(text.data, ' ', text.len))
        return;
    set_once(&trace->rdns, one_line(text));
}

static void set_user(received_trace *trace, slice text)
{
    trace->authenticated = TRUE;
    if (text.len)
        set_once(&trace->user, one_line(text));
}

/* ... [1.2.3.4] ..., with the name in front of the bracket. FALSE: no such thing. */
static gboolean take_bracket(received_trace *trace, slice comment)
{
    gsize open = find(comment, "[");
    slice inside = slice_from(comment, open + 1);
    gsize close = find(inside, "]");
    if (open == comment.len || close == inside.len || address_ip(slice_head(inside, close), NULL) == ADDRESS_NO_IP)
        return FALSE;
    set_ip(trace, slice_head(inside, close));
    set_rdns(trace, slice_head(comment, open));
    return TRUE;
}

/* "(1.2.3.4)", "(user@1.2.3.4)" */
static void take_bare_ip(received_trace *trace, slice comment)
{
    for (gsize i = comment.len; i-- > 0;)
        if (comment.data[i] == '@') {
            comment = slice_from(comment, i + 1);
            break;
        }
    set_ip(trace, comment);
}

static void take_from_comment(received_reader *r, slice comment)
{
    static const char *const greetings[] = {"HELO ", "EHLO ", "LHLO "};
    for (gsize i = 0; i < G_N_ELEMENTS(greetings); i++)
        if (slice_begins(comment, greetings[i])) {
            set_once(&r->helo, one_line(word_at(slice_from(comment, 5), "")));
            return;
        }
    gsize helo = find(comment, "helo=");
    if (helo < comment.len)
        set_once(&r->helo, one_line(word_at(slice_from(comment, helo + 5), ")")));
    if (!take_bracket(r->trace, comment))
        take_bare_ip(r->trace, comment);
}

static gboolean says_tls(slice comment)
{
    return slice_begins(comment, "using TLS") || slice_begins(comment, "using SSL") ||
           slice_begins(comment, "version=") || slice_begins(comment, "TLS") || slice_begins(comment, "SSL") ||
           find(comment, "TLS: ") < comment.len || find(comment, " encrypted") < comment.len;
}

static void take_comment(received_reader *r, slice comment)
{
    static const char *const user_marks[] = {"Authenticated sender: ", "authenticated user ", "authenticated as ",
                                             "authenticated bits=",    "smtp-auth username ", "AUTH: "};
    received_trace *trace = r->trace;
    comment = rfc822_trim(comment);
    if (says_tls(comment))
        set_once(&trace->tls, one_line(comment));
    for (gsize i = 0; i < G_N_ELEMENTS(user_marks); i++) {
        gsize at = find(comment, user_marks[i]);
        slice name = slice_from(comment, at + strlen(user_marks[i]));
        if (at == comment.len)
            continue;
        if (i == 5) /* AUTH: LOGIN user, ... */
            name = rfc822_trim(slice_from(name, word_at(name, ",").len));
        set_user(trace, i == 3 ? SLICE_EMPTY : word_at(name, ",)"));
        return;
    }
    gsize sender = find(comment, "envelope-from ");
    if (sender < comment.len)
        set_once(&trace->envelope_from, one_line(without_angles(word_at(slice_from(comment, sender + 14), ")"))));
    if (slice_begins(comment, "qmail "))
        r->saw_qmail = TRUE;
    if (r->now == CLAUSE_FROM)
        take_from_comment(r, comment);
    else if (r->now == CLAUSE_BY && !trace->by_ip)
        address_ip(comment, &trace->by_ip);
}

/* ---- words ---- */

static void append_word(received_reader *r, clause which, slice word)
{
    GString *words = r->words[which];
    if (words->len)
        g_string_append_c(words, ' ');
    g_string_append_len(words, (const char *)word.data, (gssize)word.len);
}

/* The clause that the word begins; CLAUSE_NONE: it is a value. What follows a keyword at once is its value, even
 * if it reads like one ("from by ..." is not written by any server, "id for" is). */
static clause keyword(const received_reader *r, slice word)
{
    for (int i = CLAUSE_FROM; i < CLAUSE_COUNT; i++)
        if (slice_is(word, clause_keywords[i]) && r->words[i]->len == 0)
            return (clause)i;
    return CLAUSE_NONE;
}

static void take_word(received_reader *r, slice word)
{
    clause next = keyword(r, word);
    if (next != CLAUSE_NONE) {
        r->now = next;
        r->in_tls_words = FALSE;
    } else if (r->now == CLAUSE_WITH && slice_is(word, "tls")) {
        r->in_tls_words = TRUE; /* Exim: "with esmtps tls TLS_AES_256_GCM_SHA384" */
    } else if (r->in_tls_words) {
        set_once(&r->trace->tls, one_line(word));
        r->in_tls_words = FALSE;
    } else if (r->now != CLAUSE_NONE) {
        append_word(r, r->now, word);
    }
}

/* A comment's inside, nested ones included; one that is never closed reaches to the end. */
static slice comment_inside(slice *cursor)
{
    gsize depth = 0, i = 0;
    for (; i < cursor->len; i++) {
        guint8 c = cursor->data[i];
        if (c == '\\')
            i++;
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            break;
    }
    i = MIN(i, cursor->len);
    slice inside = slice_head(slice_from(*cursor, 1), i ? i - 1 : 0);
    *cursor = slice_from(*cursor, i + 1);
    return inside;
}

/* Up to a blank, a comment or the semicolon; quoted strings, <> and [] are of one piece. */
static slice take_plain_word(slice *cursor)
{
    gsize len = 0;
    guint8 closing = 0;
    while (len < cursor->len) {
        guint8 c = cursor->data[len];
        if (closing) {
            if (c == closing)
                closing = 0;
        } else if (rfc822_is_lwsp(c) || c == '(' || c == ';') {
            break;
        } else {
            closing = c == '"' ? '"' : c == '[' ? ']' : c == '<' ? '>' : 0;
        }
        len++;
    }
    slice word = slice_head(*cursor, len);
    *cursor = slice_from(*cursor, len);
    return word;
}

/* Reads clauses up to the semicolon; FALSE: there is none. */
static gboolean read_clauses(received_reader *r)
{
    for (guint tokens = 0; tokens < LIMIT_RECEIVED_TOKENS; tokens++) {
        rfc822_skip_lwsp(&r->cursor);
        if (r->cursor.len == 0)
            return FALSE;
        guint8 c = r->cursor.data[0];
        if (c == ';') {
            r->cursor = slice_from(r->cursor, 1);
            return TRUE;
        }
        if (c == '(')
            take_comment(r, comment_inside(&r->cursor));
        else
            take_word(r, take_plain_word(&r->cursor));
    }
    return FALSE;
}

/* ---- the whole ---- */

/* A root dot, or the "..." of somebody who has cut the line. */
static slice without_dots(slice name)
{
    while (name.len > 1 && name.data[name.len - 1] == '.')
        name.len--;
    return name;
}

static void set_from_words(received_trace *trace, clause which, const GString *words)
{
    slice text = {(const guint8 *)words->str, words->len};
    switch (which) {
    case CLAUSE_BY:
        trace->by = one_line(without_dots(word_at(text, "")));
        break;
    case CLAUSE_VIA:
        trace->via = one_line(text);
        break;
    case CLAUSE_WITH:
        trace->with = one_line(text);
        break;
    case CLAUSE_ID:
        trace->id = one_line(without_angles(word_at(text, "")));
        break;
    case CLAUSE_FOR:
        trace->for_mailbox = one_line(without_angles(word_at(text, "")));
        break;
    default:
        break;
    }
}

/* Whose name stands behind "from"? The client's own word for itself; but where a comment gives that,
 * the name that the server found; and Exim's "[1.2.3.4]" is the address. */
static void settle_from(received_reader *r)
{
    received_trace *trace = r->trace;
    slice words = {(const guint8 *)r->words[CLAUSE_FROM]->str, r->words[CLAUSE_FROM]->len};
    slice word = word_at(words, "");
    gboolean literal = word.len >= 2 && word.data[0] == '[' && word.data[word.len - 1] == ']';
    if (literal && !trace->ip)
        set_ip(trace, slice_head(slice_from(word, 1), word.len - 2));
    else if (!trace->ip)
        set_ip(trace, word);
    if (r->helo) {
        set_rdns(trace, word);
        trace->from = r->helo;
        r->helo = NULL;
    } else {
        trace->from = one_line(word);
    }
    g_free(r->helo);
}

static gboolean is_authenticated_protocol(const char *with)
{
    /* RFC 3848, RFC 6531: ...A is authenticated, ...S is TLS */
    static const char *const names[] = {"ESMTPA", "ESMTPSA", "LMTPA", "LMTPSA", "UTF8SMTPA", "UTF8SMTPSA", "ASMTP"};
    for (gsize i = 0; with && i < G_N_ELEMENTS(names); i++)
        if (slice_is(word_at(slice_of(with), ""), names[i]))
            return TRUE;
    return FALSE;
}

received_trace *received_parse(slice raw)
{
    received_reader r = {.cursor = raw, .trace = g_new0(received_trace, 1)};
    received_trace *trace = r.trace;
    for (int i = 0; i < CLAUSE_COUNT; i++)
        r.words[i] = g_string_new(NULL);
    gboolean has_semicolon = read_clauses(&r);
    if (has_semicolon) {
        trace->date_text = one_line(r.cursor);
        trace->has_date = mail_date_parse(r.cursor, &trace->date);
    }
    settle_from(&r);
    for (int i = 0; i < CLAUSE_COUNT; i++) {
        set_from_words(trace, (clause)i, r.words[i]);
        g_string_free(r.words[i], TRUE);
    }
    trace->authenticated = trace->authenticated || is_authenticated_protocol(trace->with);
    trace->malformed = (!trace->from && !trace->by && !r.saw_qmail) || !trace->has_date;
    return trace;
}

gboolean received_is_smtp(const received_trace *trace)
{
    return !trace->with || slice_begins(slice_of(trace->with), "smtp") ||
           slice_begins(slice_of(trace->with), "esmtp") || slice_begins(slice_of(trace->with), "utf8smtp") ||
           slice_begins(slice_of(trace->with), "Microsoft SMTP");
}
