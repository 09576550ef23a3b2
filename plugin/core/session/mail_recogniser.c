/* mail_recogniser.c
 * Each side is looked at in six roles: server and client of SMTP, of POP3 and of IMAP. What it
 * says in a role is
 *
 *   IMPOSSIBLE  no peer in this role says that
 *   NOTHING     no bytes, or too few to say
 *   SHARED      it fits, and so it does FTP or Redis in the same place ("QUIT", "NOOP", "AUTH GSSAPI")
 *   POSSIBLE    it fits, but others have the like ("220 ready", "+OK", "DATA", "USER x")
 *   CERTAIN     only mail says that ("220 x ESMTP", "EHLO x", "MAIL FROM:<")
 *
 * and the two ways to deal the roles of a protocol to the sides are weighed against each
 * other. Protocols that share words with mail and must never be taken for it: FTP (220, 331,
 * USER, PASS, QUIT, AUTH TLS), ACAP (tags, "* ACAP"), NNTP (200, 381), dict (220), HylaFAX (220), Redis (+OK, -ERR,
 * +PONG), NATS
 * (+OK, -ERR '...'), IRC (USER, PASS, QUIT).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_recogniser.h"
#include "imap_command.h"
#include "imap_response.h"
#include "pop3_command.h"
#include "smtp_command.h"
#include "smtp_reply.h"

typedef enum fit { IMPOSSIBLE, NOTHING, SHARED, POSSIBLE, CERTAIN } fit;

enum { LINES_LOOKED_AT = 8 };

/* --- lines --- */

typedef struct first_line {
    slice line;
    gboolean whole;
} first_line;

/* Takes the next line off *rest; FALSE at the end. The last one may be not whole. */
static gboolean next_line(slice *rest, first_line *line_r)
{
    const guint8 *lf;
    if (rest->len == 0)
        return FALSE;
    lf = memchr(rest->data, '\n', rest->len);
    line_r->whole = lf != NULL;
    line_r->line = slice_head(*rest, lf ? (gsize)(lf - rest->data) : rest->len);
    *rest = slice_from(*rest, line_r->line.len + 1);
    if (line_r->line.len && line_r->line.data[line_r->line.len - 1] == '\r')
        line_r->line.len--;
    return TRUE;
}

static gboolean holds(slice s, const char *word)
{
    gsize len = strlen(word);
    for (gsize i = 0; i + len <= s.len; i++)
        if (((s.data[i] ^ (guint8)*word) & ~0x20) == 0 && slice_begins(slice_from(s, i), word))
            return TRUE;
    return FALSE;
}

static gboolean holds_any(slice s, const char *const *words)
{
    for (; *words; words++)
        if (holds(s, *words))
            return TRUE;
    return FALSE;
}

/* Printable ASCII, HTAB, CR, LF and 8-bit: what lines of these protocols consist of. */
static gboolean is_text(slice s)
{
    for (gsize i = 0; i < s.len; i++)
        if (s.data[i] < 0x20 && s.data[i] != '\t' && s.data[i] != '\r' && s.data[i] != '\n')
            return FALSE;
    return TRUE;
}

/* --- SMTP server --- */

/* Every code of RFC 5321 4.2.3, 4954 6, 3030, 7504, 7372 and of what servers in the wild send. FTP's
 * 230, 331, NNTP's 200, 201 and so on are not among them. */
static const guint16 smtp_codes[] = {211, 214, 220, 221, 235, 250, 251, 252, 334, 354, 421, 422, 430, 431, 432,
                                     441, 442, 446, 447, 450, 451, 452, 453, 454, 455, 458, 459, 471, 500, 501,
                                     502, 503, 504, 510, 511, 512, 515, 521, 523, 525, 530, 533, 534, 535, 538,
                                     541, 550, 551, 552, 553, 554, 555, 556, 557, 570, 571, 572};

static gboolean is_smtp_code(guint code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(smtp_codes); i++)
        if (smtp_codes[i] == code)
            return TRUE;
    return FALSE;
}

static const char *const smtp_words[] = {"SMTP",      "LMTP",   "Postfix",    "Exim",          "Sendmail", "qmail",
                                         "OpenSMTPD", "Haraka", "MailEnable", "Kerio Connect", NULL};
/* Greetings of others that begin with 220 too. */
static const char *const foreign_220[] = {"FTP",     "FileZilla", "dictd",     "dict.org",
                                          "HylaFAX", "Serv-U",    "JetDirect", NULL};

static const char *const ehlo_words[] = {"PIPELINING", "8BITMIME",   "ENHANCEDSTATUSCODES",
                                         "CHUNKING",   "SMTPUTF8",   "BINARYMIME",
                                         "XEXCH50",    "X-EXPS",     "STARTTLS",
                                         "ETRN",       "AUTH PLAIN", "AUTH LOGIN",
                                         "AUTH CRAM",  "AUTH NTLM",  "AUTH GSSAPI",
                                         "AUTH=",      "VRFY",       "DSN",
                                         NULL};

static gboolean is_ehlo_line(slice text)
{
    for (gsize i = 0; ehlo_words[i]; i++)
        if (slice_begins(text, ehlo_words[i]))
            return TRUE;
    return slice_begins(text, "SIZE ") && text.len > 5 && g_ascii_isdigit(text.data[5]);
}

static fit fit_smtp_reply(const first_line *line, const smtp_reply *reply, mail_protocol *protocol)
{
    static const char *const data_words[] = {"<CR", "\".\"", "end ", "mail", "data", "message", "dot", NULL};

    switch (reply->code) {
    case 220:
        if (holds_any(line->line, foreign_220))
            return IMPOSSIBLE;
        if (!holds_any(reply->text, smtp_words))
            return POSSIBLE;
        if (holds(reply->text, "LMTP"))
            *protocol = MAIL_PROTOCOL_LMTP;
        return CERTAIN;
    case 250:
        if (!reply->last && is_ehlo_line(reply->text))
            return CERTAIN;
        break;
    case 354:
        return holds_any(reply->text, data_words) ? CERTAIN : POSSIBLE;
    case 334: /* "Username:", "Password:", "User Name" in base64 */
        return slice_begins(reply->text, "VXNlc") || slice_begins(reply->text, "UGFzc3dvcmQ") ? CERTAIN : POSSIBLE;
    default:
        break;
    }
    return reply->enhanced.len ? CERTAIN : POSSIBLE;
}

/* Could these few bytes become a reply line? */
static gboolean begins_reply(slice s)
{
    return s.data[0] >= '2' && s.data[0] <= '5' && (s.len < 2 || (s.data[1] >= '0' && s.data[1] <= '9'));
}

static fit fit_smtp_server(slice bytes, mail_protocol *protocol)
{
    first_line line;
    fit best = NOTHING;
    smtp_reply reply;

    if (bytes.len && !begins_reply(bytes))
        return IMPOSSIBLE;
    for (guint i = 0; i < LINES_LOOKED_AT && best != CERTAIN && next_line(&bytes, &line); i++) {
        fit one;
        if (line.line.len < 4 && !line.whole)
            return begins_reply(line.line) ? best : IMPOSSIBLE;
        if (!smtp_reply_parse(line.line, &reply) || !is_smtp_code(reply.code) || !is_text(line.line))
            return IMPOSSIBLE;
        one = fit_smtp_reply(&line, &reply, protocol);
        if (one == IMPOSSIBLE)
            return IMPOSSIBLE;
        if (line.whole || one == CERTAIN)
            best = MAX(best, one);
    }
    return best;
}

/* --- SMTP client --- */

typedef struct client_word {
    const char *text;
    fit fit;
} client_word;

/* What a line must begin with to be a client's; POSSIBLE where FTP, NNTP, IRC and others have it too. */
static const client_word smtp_client_words[] = {
    {"EHLO ", CERTAIN},      {"HELO ", CERTAIN},   {"LHLO ", CERTAIN},         {"MAIL FROM:", CERTAIN},
    {"RCPT TO:", CERTAIN},   {"BDAT ", CERTAIN},   {"XCLIENT ", CERTAIN},      {"XFORWARD ", CERTAIN},
    {"ETRN ", CERTAIN},      {"X-EXPS ", CERTAIN}, {"X-LINK2STATE ", CERTAIN}, {"XEXCH50 ", CERTAIN},
    {"VRFY ", POSSIBLE},     {"EXPN ", POSSIBLE},  {"AUTH ", POSSIBLE},        {"SOML FROM:", CERTAIN},
    {"SAML FROM:", CERTAIN}, {"BURL ", POSSIBLE},  {"HELP ", SHARED},
};
/* These stand alone. */
static const client_word smtp_client_lines[] = {{"DATA", POSSIBLE}, {"RSET", POSSIBLE}, {"STARTTLS", POSSIBLE},
                                                {"NOOP", SHARED},   {"QUIT", SHARED},   {"HELP", SHARED},
                                                {"HELO", POSSIBLE}, {"EHLO", POSSIBLE}};

/* "AUTH TLS", "AUTH SSL" are FTP's (RFC 4217); "AUTH secret" is Redis'. */
static gboolean is_sasl_mechanism(slice argument)
{
    static const char *const names[] = {"PLAIN",  "LOGIN",   "CRAM-MD5",    "DIGEST-MD5", "NTLM",      "GSS",
                                        "SCRAM-", "XOAUTH2", "OAUTHBEARER", "EXTERNAL",   "ANONYMOUS", "KERBEROS_V4"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (slice_begins(argument, names[i]))
            return TRUE;
    return FALSE;
}

/* Does `text` begin with s (s too short to tell)? */
static gboolean is_prefix(slice s, const char *text)
{
    return s.len < strlen(text) && g_ascii_strncasecmp((const char *)s.data, text, s.len) == 0;
}

/* "AUTH mechanism"; FTP has "AUTH GSSAPI" and "AUTH KERBEROS_V4" as well (RFC 2228). */
static fit fit_auth(slice argument)
{
    if (!is_sasl_mechanism(argument))
        return IMPOSSIBLE;
    return slice_begins(argument, "GSS") || slice_begins(argument, "KERB") ? SHARED : POSSIBLE;
}

static fit fit_smtp_line(const first_line *line)
{
    slice s = line->line, trimmed = slice_trim(s);

    for (gsize i = 0; i < G_N_ELEMENTS(smtp_client_words); i++) {
        const client_word *word = &smtp_client_words[i];
        gsize len = strlen(word->text);
        if (!line->whole && is_prefix(s, word->text))
            return NOTHING;
        if (!slice_begins(s, word->text))
            continue;
        if (word->fit == CERTAIN && s.len > len)
            return CERTAIN;
        if (!line->whole)
            return NOTHING;
        return slice_begins(s, "AUTH ") ? fit_auth(slice_from(s, len)) : MIN(word->fit, POSSIBLE);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(smtp_client_lines); i++) {
        const client_word *word = &smtp_client_lines[i];
        if (slice_is(trimmed, word->text))
            return line->whole ? word->fit : NOTHING;
        if (!line->whole && is_prefix(s, word->text))
            return NOTHING;
    }
    return IMPOSSIBLE;
}

static fit fit_smtp_client(slice bytes, mail_protocol *protocol)
{
    first_line line;
    fit best = NOTHING;

    for (guint i = 0; i < LINES_LOOKED_AT && best != CERTAIN && next_line(&bytes, &line); i++) {
        fit one = fit_smtp_line(&line);
        if (one == IMPOSSIBLE || !is_text(line.line)) /* behind AUTH and DATA anything may follow */
            return best >= SHARED ? best : IMPOSSIBLE;
        if (one == CERTAIN && slice_begins(line.line, "LHLO "))
            *protocol = MAIL_PROTOCOL_LMTP;
        best = MAX(best, one);
    }
    return best;
}

/* --- POP3 server --- */

static const char *const pop3_words[] = {"POP",     "Dovecot", "maildrop", "mailbox", "octets", "messages",
                                         "Qpopper", "Courier", "Cyrus",    "Gpop",    "UTF8",   NULL};
/* -ERR of Redis and NATS. */
static const char *const foreign_err[] = {"unknown command",
                                          "wrong number of arg",
                                          "Protocol error",
                                          "invalid password",
                                          "Client sent AUTH",
                                          "operation not permitted",
                                          "syntax error",
                                          "max number of clients",
                                          "DB index",
                                          "value is not",
                                          "no such key",
                                          "NOAUTH",
                                          "MISCONF",
                                          "READONLY",
                                          NULL};

/* "<process.clock@host>": the challenge of APOP. */
static gboolean holds_timestamp(slice text)
{
    const guint8 *open = text.len ? memchr(text.data, '<', text.len) : NULL;
    slice inside;
    if (!open)
        return FALSE;
    inside = slice_from(text, (gsize)(open - text.data));
    return memchr(inside.data, '@', inside.len) && memchr(inside.data, '>', inside.len);
}

/* A +OK of Redis, NATS and the like stands alone; words behind it are POP3's. */
static gboolean holds_words(slice text)
{
    for (gsize i = 0; i + 1 < text.len; i++)
        if (g_ascii_isalpha(text.data[i]) && g_ascii_isalpha(text.data[i + 1]))
            return TRUE;
    return FALSE;
}

static fit fit_pop3_status(const pop3_reply *reply, gboolean whole)
{
    if (strcmp(reply->status, "+") == 0)
        return POSSIBLE;
    if (strcmp(reply->status, "-ERR") == 0 &&
        (holds_any(reply->text, foreign_err) || (reply->text.len && reply->text.data[0] == '\'')))
        return IMPOSSIBLE;
    if (holds_any(reply->text, pop3_words) || holds_timestamp(reply->text))
        return CERTAIN;
    return whole && strcmp(reply->status, "+OK") == 0 && holds_words(reply->text) ? CERTAIN : POSSIBLE;
}

static fit fit_pop3_server(slice bytes)
{
    first_line line;
    fit best = NOTHING;
    pop3_reply reply;

    for (guint i = 0; i < LINES_LOOKED_AT && best != CERTAIN && next_line(&bytes, &line); i++) {
        if (!line.whole && (is_prefix(line.line, "+OK ") || is_prefix(line.line, "-ERR ")))
            return best;
        if (!is_text(line.line))
            return IMPOSSIBLE;
        if (pop3_reply_parse(line.line, &reply)) {
            fit one = fit_pop3_status(&reply, line.whole);
            if (one == IMPOSSIBLE)
                return IMPOSSIBLE;
            if (line.whole || one == CERTAIN)
                best = MAX(best, one);
        } else if (i == 0 || (line.line.len && strchr("$*:+-", line.line.data[0]))) {
            return IMPOSSIBLE; /* RESP of Redis: "+OK" and then "$5", ":1", "+PONG" */
        } else {
            break; /* a listing or a message */
        }
    }
    return best;
}

/* --- POP3 client --- */

static guint words_of(slice s)
{
    guint words = 0;
    for (gsize i = 0; i < s.len; i++)
        if (s.data[i] != ' ' && (i == 0 || s.data[i - 1] == ' '))
            words++;
    return words;
}

static fit fit_pop3_line(const first_line *line)
{
    pop3_command command;
    pop3_command_parse(line->line, &command);

    if (!line->whole)
        return is_text(line->line) && (line->line.len < 4 || command.verb != POP3_VERB_UNKNOWN) ? NOTHING : IMPOSSIBLE;
    if (!pop3_command_is_certain(line->line))
        return IMPOSSIBLE;
    switch (command.verb) {
    case POP3_VERB_CAPA:
    case POP3_VERB_APOP:
    case POP3_VERB_UIDL:
    case POP3_VERB_TOP:
    case POP3_VERB_STLS:
        return CERTAIN;
    case POP3_VERB_USER: /* IRC: "USER name 0 * :real name" */
        return words_of(command.argument) <= 2 ? POSSIBLE : IMPOSSIBLE;
    case POP3_VERB_AUTH:
        return command.argument.len == 0 || is_sasl_mechanism(command.argument) ? POSSIBLE : IMPOSSIBLE;
    case POP3_VERB_QUIT: /* Redis answers it with +OK */
    case POP3_VERB_NOOP:
        return SHARED;
    default:
        return POSSIBLE;
    }
}

static fit fit_pop3_client(slice bytes)
{
    first_line line;
    fit best = NOTHING;

    if (bytes.len && !g_ascii_isalpha(bytes.data[0]))
        return IMPOSSIBLE;
    for (guint i = 0; i < LINES_LOOKED_AT && best != CERTAIN && next_line(&bytes, &line); i++) {
        fit one = fit_pop3_line(&line);
        if (one == IMPOSSIBLE) /* behind AUTH anything may follow */
            return best >= SHARED && is_text(line.line) ? best : IMPOSSIBLE;
        best = MAX(best, one);
    }
    return best;
}

/* --- what is something else --- */

/* Beginnings that clearly are something else, also on a mail port. */
static const char *const foreign_beginnings[] = {
    "GET ",       "POST ",        "HEAD ",   "PUT ",   "CONNECT ", "OPTIONS ", "HTTP/",   "SSH-",
    "INVITE sip", "REGISTER sip", "SIP/2.0", "RTSP/",  "* OK",     "<?xml",    "<stream", "NICK ",
    "PING ",      "PRI * HTTP",   "INFO {",  "*1\r\n", "*2\r\n",   "*3\r\n"};

static gboolean is_foreign(slice bytes, mail_protocol hint)
{
    if (hint == MAIL_PROTOCOL_IMAP && slice_begins(bytes, "* OK"))
        return FALSE;
    if (bytes.len && (bytes.data[0] < 0x09 || (bytes.data[0] > 0x0D && bytes.data[0] < 0x20)))
        return TRUE; /* TLS and other binary */
    for (gsize i = 0; i < G_N_ELEMENTS(foreign_beginnings); i++)
        if (slice_begins(bytes, foreign_beginnings[i]))
            return TRUE;
    return slice_begins(bytes, "220") && holds_any(bytes, foreign_220);
}

/* --- IMAP server --- */

static const char *const imap_words[] = {"IMAP", "Dovecot", "Cyrus", "Courier", NULL};

/* Responses that nobody else has. */
static fit fit_imap_data(const imap_response *response)
{
    static const char *const numbered[] = {"FETCH", "EXISTS", "RECENT", "EXPUNGE"};
    if (slice_is(response->name, "CAPABILITY") || slice_is(response->name, "FLAGS") ||
        slice_is(response->name, "LIST") || slice_is(response->name, "LSUB"))
        return CERTAIN;
    for (gsize i = 0; response->has_number && i < G_N_ELEMENTS(numbered); i++)
        if (slice_is(response->name, numbered[i]))
            return CERTAIN;
    return imap_response_is_certain(response) ? POSSIBLE : IMPOSSIBLE;
}

/* Could the line's first word be a tag, or is it "*"? The grammar allows more, programs do not use it. */
static gboolean begins_tagged(slice line)
{
    gsize len = 0;
    while (len < line.len && line.data[len] != ' ')
        len++;
    for (gsize i = 0; i < len; i++)
        if (!g_ascii_isalnum(line.data[i]) && !strchr("._-$", line.data[i]))
            return len == 1 && line.data[0] == '*';
    return len <= 20;
}

/* Tags of programs have a digit, soon. */
static gboolean may_be_tag(slice line)
{
    gsize len = 0;
    gboolean digit = FALSE;
    for (; len < line.len && line.data[len] != ' '; len++)
        digit = digit || g_ascii_isdigit(line.data[len]);
    return digit || (len == line.len && len <= 4);
}

/* "201 no posting" is NNTP's. */
static gboolean is_in_capitals(slice line, const char *status)
{
    const guint8 *blank = line.len ? memchr(line.data, ' ', line.len) : NULL;
    return blank && strncmp((const char *)blank + 1, status,
                            MIN(strlen(status), line.len - (gsize)(blank + 1 - line.data))) == 0;
}

static fit fit_imap_response(const first_line *line)
{
    imap_response response;

    if (!slice_begins(line->line, "+") && !slice_begins(line->line, "*") &&
        (!begins_tagged(line->line) || !may_be_tag(line->line)))
        return IMPOSSIBLE;
    if (!imap_response_parse(line->line, &response))
        return line->whole ? IMPOSSIBLE : NOTHING;
    if (response.tag.len && !is_in_capitals(line->line, response.status))
        return IMPOSSIBLE;
    if (!response.status)
        return line->whole ? fit_imap_data(&response) : NOTHING;
    if (strcmp(response.status, "+") == 0)
        return POSSIBLE;
    if (slice_is(response.code, "CAPABILITY") || (!response.tag.len && holds_any(response.text, imap_words)))
        return CERTAIN;
    return POSSIBLE;
}

/* Behind the first literal anything may follow. */
static gboolean ends_in_literal(slice line)
{
    return line.len && line.data[line.len - 1] == '}';
}

static fit fit_imap_server(slice bytes)
{
    first_line line;
    fit best = NOTHING;

    if (is_foreign(bytes, MAIL_PROTOCOL_IMAP) || (bytes.len && bytes.data[0] == '+')) /* as a first line POP3's */
        return IMPOSSIBLE;
    for (guint i = 0; i < LINES_LOOKED_AT && best != CERTAIN && next_line(&bytes, &line); i++) {
        fit one;
        if (!is_text(line.line) || (line.line.len > 2 && line.line.data[0] == '*' && line.line.data[1] != ' '))
            return IMPOSSIBLE;
        one = fit_imap_response(&line);
        if (one == IMPOSSIBLE)
            return IMPOSSIBLE;
        best = MAX(best, one);
        if (ends_in_literal(line.line))
            break;
    }
    return best;
}

/* --- IMAP client --- */

/* A tag with a digit in it and a verb; a word in front of a verb may be anything ("the list"). */
static fit fit_imap_command(const first_line *line)
{
    imap_command command;

    if (!begins_tagged(line->line) || slice_begins(line->line, "*") || !may_be_tag(line->line))
        return IMPOSSIBLE;
    if (!line->whole || !imap_command_is_certain(line->line))
        return line->whole ? IMPOSSIBLE : NOTHING;
    imap_command_parse(line->line, &command);
    if (command.by_uid)
        return CERTAIN;
    switch (command.verb) {
    case IMAP_VERB_CAPABILITY:
        return CERTAIN;
    case IMAP_VERB_SELECT:
    case IMAP_VERB_EXAMINE:
    case IMAP_VERB_STATUS:
        return slice_begins(command.argument, "INBOX") || slice_begins(command.argument, "\"INBOX") ? CERTAIN
                                                                                                    : POSSIBLE;
    default:
        return POSSIBLE;
    }
}

static fit fit_imap_client(slice bytes)
{
    first_line line;
    fit best = NOTHING;

    if (is_foreign(bytes, MAIL_PROTOCOL_IMAP)) /* "SSH-2.0-..." may be a tag so far */
        return IMPOSSIBLE;
    for (guint i = 0; i < LINES_LOOKED_AT && best != CERTAIN && next_line(&bytes, &line); i++) {
        fit one = fit_imap_command(&line);
        if (one == IMPOSSIBLE || !is_text(line.line))
            return best >= SHARED && is_text(line.line) ? best : IMPOSSIBLE;
        best = MAX(best, one);
        if (ends_in_literal(line.line))
            break;
    }
    return best;
}

/* --- mail text, only believed with a hint --- */

/* At least one whole line, and text throughout. */
static gboolean is_mail_text(slice bytes, mail_protocol hint)
{
    return bytes.len && memchr(bytes.data, '\n', bytes.len) && !is_foreign(bytes, hint) && is_text(bytes);
}

/* A stream captured from its middle: the first line may be a rest; what does the second say? */
static slice without_first_line(slice bytes)
{
    const guint8 *lf = bytes.len ? memchr(bytes.data, '\n', bytes.len) : NULL;
    return lf ? slice_from(bytes, (gsize)(lf - bytes.data) + 1) : SLICE_EMPTY;
}

/* --- both sides --- */

typedef struct deal {
    fit client, server;
    mail_protocol protocol;
    gboolean a_is_client;
} deal;

static deal deal_smtp(slice client, slice server, gboolean a_is_client)
{
    deal d = {.protocol = MAIL_PROTOCOL_SMTP, .a_is_client = a_is_client};
    d.server = fit_smtp_server(server, &d.protocol);
    d.client = fit_smtp_client(client, &d.protocol);
    return d;
}

static deal deal_pop3(slice client, slice server, gboolean a_is_client)
{
    deal d = {.protocol = MAIL_PROTOCOL_POP3, .a_is_client = a_is_client};
    d.server = fit_pop3_server(server);
    d.client = fit_pop3_client(client);
    return d;
}

static deal deal_imap(slice client, slice server, gboolean a_is_client)
{
    deal d = {.protocol = MAIL_PROTOCOL_IMAP, .a_is_client = a_is_client};
    d.server = fit_imap_server(server);
    d.client = fit_imap_client(client);
    return d;
}

static deal deal_as(mail_protocol protocol, slice client, slice server, gboolean a_is_client)
{
    if (protocol == MAIL_PROTOCOL_POP3)
        return deal_pop3(client, server, a_is_client);
    if (protocol == MAIL_PROTOCOL_IMAP)
        return deal_imap(client, server, a_is_client);
    return deal_smtp(client, server, a_is_client);
}

/* SMTP and LMTP are told apart by what is said, not by the port. */
static mail_protocol family(mail_protocol protocol)
{
    return protocol == MAIL_PROTOCOL_LMTP ? MAIL_PROTOCOL_SMTP : protocol;
}

/* A certain server stays one whatever talks to it (a scanner's HTTP request, say). */
static mail_verdict weigh(const deal *d)
{
    if (d->server == CERTAIN)
        return MAIL_VERDICT_YES;
    if (d->server == IMPOSSIBLE || d->client == IMPOSSIBLE)
        return MAIL_VERDICT_NO;
    if (d->client == CERTAIN || (d->client == POSSIBLE && d->server == POSSIBLE))
        return MAIL_VERDICT_YES;
    return MAIL_VERDICT_MAYBE;
}

static gboolean is_hinted(const deal *d, mail_protocol hint)
{
    return hint != MAIL_PROTOCOL_NONE && family(d->protocol) == family(hint);
}

/* On its own port what fits is enough. */
static mail_verdict weigh_hinted(const deal *d)
{
    if (d->client >= SHARED && d->server != IMPOSSIBLE)
        return MAIL_VERDICT_YES;
    if (d->server >= SHARED && d->client != IMPOSSIBLE)
        return MAIL_VERDICT_YES;
    return weigh(d);
}

static mail_guess yes(const deal *d, mail_protocol hint)
{
    gboolean lmtp = hint == MAIL_PROTOCOL_LMTP && d->protocol == MAIL_PROTOCOL_SMTP;
    return (mail_guess){MAIL_VERDICT_YES, lmtp ? MAIL_PROTOCOL_LMTP : d->protocol, d->a_is_client};
}

/* Three letters or more, and then a blank or the end of the line. */
static gboolean begins_with_word(slice bytes)
{
    gsize letters = 0;
    while (letters < bytes.len && g_ascii_isalpha(bytes.data[letters]))
        letters++;
    return letters >= 3 && letters < bytes.len && g_ascii_isspace(bytes.data[letters]);
}

/* No side fits its role from its first line on: on a mail port that is a session captured from its middle. */
static mail_guess look_inside(slice a, slice b, mail_protocol hint)
{
    gboolean from_server = hint == MAIL_PROTOCOL_POP3 || hint == MAIL_PROTOCOL_IMAP; /* mail comes from there */
    gboolean a_text = is_mail_text(a, hint), b_text = is_mail_text(b, hint);
    slice a_rest = without_first_line(a), b_rest = without_first_line(b);
    deal deals[2];

    /* the rest of one line of one side says nothing, unless it looks like a verb */
    if ((a.len == 0 && b_rest.len == 0 && !begins_with_word(b)) ||
        (b.len == 0 && a_rest.len == 0 && !begins_with_word(a)))
        a_text = b_text = FALSE;
    gboolean foreign = is_foreign(a, hint) || is_foreign(b, hint);
    if (foreign || (!a_text && !b_text))
        return (mail_guess){foreign ? MAIL_VERDICT_NO : MAIL_VERDICT_MAYBE, hint, FALSE};
    deals[0] = deal_as(hint, a_rest, b_rest, TRUE);
    deals[1] = deal_as(hint, b_rest, a_rest, FALSE);
    for (gsize i = 0; i < G_N_ELEMENTS(deals); i++)
        if (deals[i].client >= SHARED || deals[i].server >= SHARED)
            return yes(&deals[i], hint);
    /* only mail text: the client's in SMTP, the server's in POP3 and IMAP */
    if (a_text != b_text)
        return (mail_guess){MAIL_VERDICT_YES, hint, from_server ? b_text : a_text};
    return (mail_guess){MAIL_VERDICT_YES, hint, from_server ? a.len < b.len : a.len > b.len};
}

/* Can the first byte of either side not belong to a mail session? */
static gboolean is_hopeless(slice bytes)
{
    guint8 first = bytes.len ? bytes.data[0] : 'A';
    return !g_ascii_isalnum(first) && first != '+' && first != '-' && first != '*';
}

/* --- HAProxy's header in front of a stream ---
 *
 * https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt
 *   2.1 version 1: "PROXY" SP protocol SP addresses and ports CRLF, at most 107 bytes
 *   2.2 version 2: 12 bytes of signature, version and command, family, 16 bits of length, then that many bytes */

enum { V1_LONGEST = 107, V2_FIXED = 16 };

static const guint8 v1_signature[] = {'P', 'R', 'O', 'X', 'Y', ' '};
static const guint8 v2_signature[] = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

static gboolean begins(slice bytes, const guint8 *signature, gsize len)
{
    return bytes.len > 0 && memcmp(bytes.data, signature, MIN(bytes.len, len)) == 0;
}

mail_proxy_verdict mail_recogniser_proxy_header(slice bytes, gsize *len_r)
{
    const guint8 *lf;

    if (begins(bytes, v1_signature, sizeof v1_signature)) {
        lf = memchr(bytes.data, '\n', MIN(bytes.len, V1_LONGEST));
        *len_r = lf ? (gsize)(lf - bytes.data) + 1 : 0;
        if (!lf)
            return bytes.len < V1_LONGEST ? MAIL_PROXY_PARTIAL : MAIL_PROXY_NONE;
        return bytes.len > sizeof v1_signature && *len_r > sizeof v1_signature ? MAIL_PROXY_HEADER : MAIL_PROXY_NONE;
    }
    if (!begins(bytes, v2_signature, sizeof v2_signature))
        return MAIL_PROXY_NONE;
    if (bytes.len < V2_FIXED)
        return MAIL_PROXY_PARTIAL;
    *len_r = V2_FIXED + (gsize)(bytes.data[14] << 8 | bytes.data[15]);
    return bytes.len < *len_r ? MAIL_PROXY_PARTIAL : MAIL_PROXY_HEADER;
}

/* The stream behind a PROXY header, if there is one. */
static slice behind_proxy_header(slice bytes)
{
    gsize len;
    if (bytes.len == 0 || (bytes.data[0] != 'P' && bytes.data[0] != '\r'))
        return bytes;
    switch (mail_recogniser_proxy_header(bytes, &len)) {
    case MAIL_PROXY_NONE:
        return bytes;
    case MAIL_PROXY_PARTIAL: /* "PASS", cut short, is one as well: too few bytes either way */
        return bytes.data[0] == 'P' && bytes.len < 6 ? bytes : SLICE_EMPTY;
    case MAIL_PROXY_HEADER:
        return slice_from(bytes, len);
    }
    return bytes;
}

mail_guess mail_recogniser_look(slice a, slice b, mail_protocol hint)
{
    mail_guess best = {MAIL_VERDICT_NO, MAIL_PROTOCOL_NONE, FALSE};
    static const mail_protocol protocols[] = {MAIL_PROTOCOL_SMTP, MAIL_PROTOCOL_POP3, MAIL_PROTOCOL_IMAP};
    gboolean hinted = hint != MAIL_PROTOCOL_NONE;

    a = behind_proxy_header(slice_head(a, MAIL_RECOGNISER_BYTES));
    b = behind_proxy_header(slice_head(b, MAIL_RECOGNISER_BYTES));
    if (!hinted && (is_hopeless(a) || is_hopeless(b)))
        return best;
    for (gsize i = 0; i < 2 * G_N_ELEMENTS(protocols); i++) {
        gboolean a_is_client = i % 2 == 0;
        deal d = deal_as(protocols[i / 2], a_is_client ? a : b, a_is_client ? b : a, a_is_client);
        mail_verdict verdict = is_hinted(&d, hint) ? weigh_hinted(&d) : weigh(&d);
        if (verdict == MAIL_VERDICT_YES)
            return yes(&d, hint);
        best.verdict = MAX(best.verdict, verdict);
    }
    if (hinted && (a.len || b.len) && best.verdict == MAIL_VERDICT_NO)
        return look_inside(a, b, hint);
    return best;
}

/* IMAP: "* OK", "* PREAUTH", "* 5 EXISTS", or a tag with a digit in it and a word: "a1 CAPABILITY", "0001 LOGIN". */
static gboolean may_be_imap(slice bytes)
{
    const guint8 *b = bytes.data;
    gsize tag = 0;
    gboolean digit = FALSE;

    if (b[0] == '*')
        return b[1] == ' ' && g_ascii_isalnum(b[2]);
    for (; tag < MIN(bytes.len, 24) && b[tag] > ' ' && b[tag] < 0x7F; tag++)
        digit = digit || g_ascii_isdigit(b[tag]);
    return digit && tag + 1 < bytes.len && b[tag] == ' ' && g_ascii_isalpha(b[tag + 1]);
}

/* A reply code, a POP3 status, a word of four letters, the binary header of the PROXY protocol, or IMAP. */
gboolean mail_recogniser_may_open(slice bytes)
{
    static const guint8 proxy_v2 = 0x0d;
    if (bytes.len < MAIL_RECOGNISER_LEAST)
        return FALSE;
    const guint8 *b = bytes.data;
    if (may_be_imap(bytes))
        return TRUE;
    if (g_ascii_isdigit(b[0]))
        return g_ascii_isdigit(b[1]) && g_ascii_isdigit(b[2]) && (b[3] == ' ' || b[3] == '-' || b[3] == '\r');
    if (b[0] == '+' || b[0] == '-')
        return (b[1] | 0x20) == 'o' || (b[1] | 0x20) == 'e';
    if (!g_ascii_isalpha(b[0]))
        return b[0] == proxy_v2;
    for (gsize i = 1; i < MIN(bytes.len, 12); i++) {
        if (!g_ascii_isalpha(b[i]))
            return i >= 3 && (b[i] == ' ' || b[i] == '\r' || b[i] == '\n');
    }
    return FALSE;
}
