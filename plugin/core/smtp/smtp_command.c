/* smtp_command.c
 * RFC 5321 4.1.1:
 *
 *   mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
 *   rcpt = "RCPT TO:" Forward-path [SP Rcpt-parameters] CRLF
 *   Path = "<" [ A-d-l ":" ] Mailbox ">"        A-d-l = "@" Domain *( "," "@" Domain )
 *   Mailbox = Local-part "@" Domain             Local-part = Dot-string / Quoted-string
 *   esmtp-param = esmtp-keyword ["=" esmtp-value]
 *
 * RFC 3030 2: "BDAT" SP chunk-size [ SP "LAST" ]
 * RFC 4468 3: "BURL" SP url [ SP "LAST" ]
 * XCLIENT, XFORWARD (Postfix's XCLIENT_README): *( SP attribute "=" xtext )
 * RFC 3461 4: xtext = *( xchar / hexchar ), hexchar = "+" 2(%x30-39 / %x41-46)
 *
 * Policy: blanks behind the colon ("MAIL FROM: <a@b>", very common) are accepted. So is, as BAD_SYNTAX, what clients
 * write who take the command for a header field, and most servers read: a display name or encoded words in front of
 * the "<" or inside of it, comments, a missing colon or "=", missing <>, parameters glued to the ">".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smtp_command.h"
#include "limits.h"

struct smtp_command_parser {
    smtp_command command;
    GByteArray *decoded; /* xtext; sized for a whole line beforehand so that slices into it stay */
    mail_param params[LIMIT_PARAMS];
};

static const struct {
    smtp_verb verb;
    const char *wire;
} verb_table[] = {
#define X(name, wire) {SMTP_VERB_##name, wire},
    SMTP_VERB_LIST(X)
#undef X
};

/* Parameters whose value is xtext: RFC 3461 4.1 (ORCPT), 4.4 (ENVID), RFC 4954 5 (AUTH). */
static const char *const xtext_params[] = {"ENVID", "ORCPT", "AUTH"};

smtp_command_parser *smtp_command_parser_new(void)
{
    smtp_command_parser *parser = g_malloc(sizeof *parser);
    memset(parser, 0, G_STRUCT_OFFSET(smtp_command_parser, params)); /* the rest is scratch */
    parser->decoded = g_byte_array_new();
    return parser;
}

void smtp_command_parser_free(smtp_command_parser *parser)
{
    if (!parser)
        return;
    g_byte_array_unref(parser->decoded);
    g_free(parser);
}

static smtp_verb verb_of(slice name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(verb_table); i++)
        if (slice_is(name, verb_table[i].wire))
            return verb_table[i].verb;
    return SMTP_VERB_UNKNOWN;
}

static gboolean is_blank(guint8 byte)
{
    return byte == ' ' || byte == '\t';
}

static gsize word_length(slice s)
{
    gsize len = 0;
    while (len < s.len && !is_blank(s.data[len]))
        len++;
    return len;
}

/* Splits the line into verb and argument. */
static void split(smtp_command *command, slice line)
{
    slice rest = line;
    while (rest.len && is_blank(rest.data[0]))
        rest = slice_from(rest, 1);
    command->name_offset = (guint)(line.len - rest.len);
    command->name = slice_head(rest, word_length(rest));
    rest = slice_from(rest, command->name.len);
    command->argument = slice_trim(rest);
    command->argument_offset = command->argument.data ? (guint)(command->argument.data - line.data) : 0;
}

/* Where the first of these bytes stands that is in no quoted string; s.len: none. */
static gsize find_unquoted(slice s, const char *bytes)
{
    gboolean quoted = FALSE;
    for (gsize i = 0; i < s.len; i++) {
        if (quoted && s.data[i] == '\\')
            i++;
        else if (s.data[i] == '"')
            quoted = !quoted;
        else if (!quoted && s.data[i] && strchr(bytes, s.data[i]))
            return i;
    }
    return s.len;
}

/* Length of what stands in <>, up to the ">"; a quoted string that never ends is none. */
static gsize angled_length(slice s)
{
    gsize len = find_unquoted(s, ">");
    const guint8 *end = len == s.len && s.len ? memchr(s.data, '>', s.len) : NULL;
    return end ? (gsize)(end - s.data) : len;
}

/* Where the "<" of the path stands; s.len: there is none. Not that of a parameter: "a@b ENVID=<x>". */
static gsize find_angle(slice s)
{
    for (gsize at = 0; at < s.len;) {
        gsize len = find_unquoted(slice_from(s, at), " \t");
        slice word = slice_head(slice_from(s, at), len);
        gsize angle = find_unquoted(word, "<");
        const guint8 *equals = word.len ? memchr(word.data, '=', word.len) : NULL;
        if (angle < word.len && (at == 0 || !equals || equals > word.data + angle || word.data[0] == '='))
            return at + angle;
        at += len + 1;
    }
    return s.len;
}

/* The words of a path without <>: the first with an "@", else the first. *at_r: where it begins. */
static slice bare_mailbox(slice s, gsize *at_r)
{
    *at_r = 0;
    slice first = slice_head(s, find_unquoted(s, " \t"));
    for (gsize at = 0; at < s.len;) {
        slice word = slice_head(slice_from(s, at), find_unquoted(slice_from(s, at), " \t"));
        gsize sign = find_unquoted(word, "@");
        gboolean whole = word.len > 2 && word.data[0] == '"' && word.data[word.len - 1] == '"';
        if (whole ? memchr(word.data, '@', word.len) != NULL : sign < find_unquoted(word, "=(")) {
            *at_r = at;
            return word;
        }
        if (word.len && memchr(word.data, '=', word.len))
            break; /* the parameters */
        at += word.len + 1;
    }
    return first;
}

/* "@a,@b:user@c" -> "user@c" (RFC 5321 Appendix C: the source route is ignored). */
static slice without_route(slice path)
{
    const guint8 *colon;
    if (path.len == 0 || path.data[0] != '@' || !(colon = memchr(path.data, ':', path.len)))
        return path;
    return slice_from(path, (gsize)(colon - path.data) + 1);
}

static slice decode_xtext(smtp_command_parser *parser, slice text)
{
    guint begin = parser->decoded->len;
    for (gsize i = 0; i < text.len; i++) {
        guint8 byte = text.data[i];
        if (byte == '+' && i + 2 < text.len && g_ascii_isxdigit(text.data[i + 1]) &&
            g_ascii_isxdigit(text.data[i + 2])) {
            byte = (guint8)(g_ascii_xdigit_value(text.data[i + 1]) << 4 | g_ascii_xdigit_value(text.data[i + 2]));
            i += 2;
        }
        g_byte_array_append(parser->decoded, &byte, 1);
    }
    return (slice){parser->decoded->data + begin, parser->decoded->len - begin};
}

/* Room for every decoded value of the line, so that appending never moves earlier ones. */
static void reserve_decoded(smtp_command_parser *parser, gsize len)
{
    g_byte_array_set_size(parser->decoded, (guint)len);
    g_byte_array_set_size(parser->decoded, 0);
}

static gboolean is_xtext(smtp_verb verb, slice name)
{
    if (verb == SMTP_VERB_XCLIENT || verb == SMTP_VERB_XFORWARD)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(xtext_params); i++)
        if (slice_is(name, xtext_params[i]))
            return TRUE;
    return FALSE;
}

static void parse_param(smtp_command_parser *parser, slice word, guint offset)
{
    mail_param *param = &parser->params[parser->command.param_count++];
    const guint8 *equals = memchr(word.data, '=', word.len);
    gsize name_len = equals ? (gsize)(equals - word.data) : word.len;

    *param = (mail_param){
        .name = slice_head(word, name_len), .value = SLICE_EMPTY, .offset = offset, .length = (guint)word.len};
    if (!equals)
        return;
    param->value = slice_from(word, name_len + 1);
    if (is_xtext(parser->command.verb, param->name))
        param->value = decode_xtext(parser, param->value);
}

static void parse_params(smtp_command_parser *parser, slice line, slice rest)
{
    smtp_command *command = &parser->command;
    reserve_decoded(parser, rest.len);
    for (rest = slice_trim(rest); rest.len; rest = slice_trim(rest)) {
        gsize len = word_length(rest);
        if (command->param_count == LIMIT_PARAMS) {
            command->anomalies |= ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
            return;
        }
        parse_param(parser, slice_head(rest, len), (guint)(rest.data - line.data));
        rest = slice_from(rest, len);
    }
}

static void bad_syntax(smtp_command *command)
{
    command->anomalies |= ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
}

/* Behind FROM or TO: without the colon, or what stands for it. */
static slice pass_colon(smtp_command *command, slice rest)
{
    rest = slice_trim(rest);
    if (!rest.len || rest.data[0] != ':')
        bad_syntax(command);
    return rest.len && (rest.data[0] == ':' || rest.data[0] == '=') && !slice_begins(rest, "=?")
               ? slice_trim(slice_from(rest, 1))
               : rest;
}

/* "<a@b> ...", "<Bob <a@b>> ...". Returns what is behind. */
static slice take_angled(smtp_command *command, slice rest)
{
    for (gsize inner; rest = slice_from(rest, 1), inner = find_unquoted(rest, "<"), inner < angled_length(rest);) {
        bad_syntax(command);
        rest = slice_from(rest, inner);
    }
    gsize len = angled_length(rest);
    command->path = slice_trim(slice_head(rest, len));
    command->has_path = TRUE;
    if (len == rest.len)
        bad_syntax(command);
    for (rest = slice_from(rest, len + 1); rest.len && rest.data[0] == '>'; rest = slice_from(rest, 1))
        bad_syntax(command);
    return rest;
}

static slice take_bare(smtp_command *command, slice rest)
{
    gsize at;
    bad_syntax(command);
    slice word = bare_mailbox(rest, &at);
    rest = slice_from(rest, at + word.len);
    if (word.len > 2 && word.data[0] == '"' && word.data[word.len - 1] == '"' && memchr(word.data, '@', word.len))
        word = slice_head(slice_from(word, 1), word.len - 2);
    command->path = slice_head(word, find_unquoted(word, "("));
    command->has_path = TRUE;
    return rest;
}

/* "(Bob)" behind the path. */
static slice pass_comments(smtp_command *command, slice rest)
{
    for (slice at = slice_trim(rest); at.len && at.data[0] == '('; at = slice_trim(rest)) {
        gsize end = find_unquoted(at, ")");
        bad_syntax(command);
        rest = slice_from(at, end + 1);
    }
    return rest;
}

/* "FROM:<a@b> SIZE=1" or "TO:<c@d>"; `keyword` is "FROM" or "TO". */
static void parse_path(smtp_command_parser *parser, slice line, const char *keyword)
{
    smtp_command *command = &parser->command;
    slice rest = command->argument;

    if (slice_begins(rest, keyword))
        rest = pass_colon(command, slice_from(rest, strlen(keyword)));
    else
        bad_syntax(command);
    gsize angle = find_angle(rest);
    if (angle > 0 || rest.len == 0)
        bad_syntax(command);
    if (rest.len == 0 || (angle > 0 && !slice_begins(command->argument, keyword)))
        return;
    rest = angle < rest.len ? take_angled(command, slice_from(rest, angle)) : take_bare(command, rest);
    command->path = without_route(command->path);
    if (rest.len && !is_blank(rest.data[0]))
        bad_syntax(command);
    parse_params(parser, line, pass_comments(command, rest));
}

/* Digits of s as a number; FALSE when there are none or it does not fit 63 bits. */
static gboolean parse_number(slice s, guint64 *number_r)
{
    guint64 number = 0;
    if (s.len == 0)
        return FALSE;
    for (gsize i = 0; i < s.len; i++) {
        if (!g_ascii_isdigit(s.data[i]) || number > (G_MAXINT64 - 9) / 10)
            return FALSE;
        number = number * 10 + (guint)(s.data[i] - '0');
    }
    *number_r = number;
    return TRUE;
}

static void parse_bdat(smtp_command *command)
{
    slice size = slice_head(command->argument, word_length(command->argument));
    slice last = slice_trim(slice_from(command->argument, size.len));

    if (!parse_number(size, &command->size)) {
        command->anomalies |= ANOMALY_BIT(ANOMALY_BDAT_BAD_SIZE);
        return;
    }
    command->last = slice_is(last, "LAST");
    if (last.len && !command->last)
        command->anomalies |= ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
}

static void parse_burl(smtp_command *command)
{
    slice url = slice_head(command->argument, word_length(command->argument));
    command->last = slice_is(slice_trim(slice_from(command->argument, url.len)), "LAST");
}

/* [MS-XEXCH50] 2.2: "XEXCH50" SP size SP count */
static void parse_xexch50(smtp_command *command)
{
    if (!parse_number(slice_head(command->argument, word_length(command->argument)), &command->size))
        command->anomalies |= ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
}

const smtp_command *smtp_command_parse(smtp_command_parser *parser, slice line)
{
    smtp_command *command = &parser->command;

    *command = (smtp_command){.params = parser->params};
    split(command, line);
    command->verb = verb_of(command->name);
    switch (command->verb) {
    case SMTP_VERB_MAIL:
    case SMTP_VERB_SEND:
    case SMTP_VERB_SOML:
    case SMTP_VERB_SAML:
        parse_path(parser, line, "FROM");
        break;
    case SMTP_VERB_RCPT:
        parse_path(parser, line, "TO");
        break;
    case SMTP_VERB_BDAT:
        parse_bdat(command);
        break;
    case SMTP_VERB_BURL:
        parse_burl(command);
        break;
    case SMTP_VERB_XCLIENT:
    case SMTP_VERB_XFORWARD:
        parse_params(parser, line, command->argument);
        break;
    case SMTP_VERB_XEXCH50:
        parse_xexch50(command);
        break;
    default:
        break;
    }
    return command;
}

/* "FROM:" or "TO:" with what the RFC or sloppy clients put behind it: "<", or, behind a name, "<" and "@". */
static gboolean certain_path(slice argument, const char *keyword)
{
    if (!slice_begins(argument, keyword))
        return FALSE;
    argument = slice_trim(slice_from(argument, strlen(keyword)));
    if (argument.len == 0 || argument.data[0] == '<')
        return argument.len > 0;
    gsize angle = find_angle(argument);
    return angle < argument.len && memchr(argument.data + angle, '@', argument.len - angle);
}

static gboolean is_one_word(slice s)
{
    return s.len > 0 && word_length(s) == s.len;
}

static gboolean certain_bdat(slice argument)
{
    slice size = slice_head(argument, word_length(argument));
    slice last = slice_trim(slice_from(argument, size.len));
    guint64 number;
    return parse_number(size, &number) && (last.len == 0 || slice_is(last, "LAST"));
}

gboolean smtp_command_is_certain(slice line)
{
    smtp_command command = {0};

    split(&command, line);
    if (command.name_offset > 0)
        return FALSE;
    switch (verb_of(command.name)) {
    case SMTP_VERB_UNKNOWN:
    case SMTP_VERB_HELP:
    case SMTP_VERB_SEND:
    case SMTP_VERB_VERB:
    case SMTP_VERB_TURN:
        return FALSE;
    case SMTP_VERB_HELO:
    case SMTP_VERB_EHLO:
    case SMTP_VERB_LHLO:
    case SMTP_VERB_ETRN:
    case SMTP_VERB_VRFY:
    case SMTP_VERB_EXPN:
    case SMTP_VERB_ATRN:
        return is_one_word(command.argument);
    case SMTP_VERB_MAIL:
    case SMTP_VERB_SOML:
    case SMTP_VERB_SAML:
        return certain_path(command.argument, "FROM:");
    case SMTP_VERB_RCPT:
        return certain_path(command.argument, "TO:");
    case SMTP_VERB_BDAT:
        return certain_bdat(command.argument);
    case SMTP_VERB_DATA:
    case SMTP_VERB_RSET:
    case SMTP_VERB_NOOP:
    case SMTP_VERB_QUIT:
    case SMTP_VERB_STARTTLS:
    case SMTP_VERB_ONEX:
    case SMTP_VERB_X_ANONYMOUSTLS:
        return command.argument.len == 0;
    case SMTP_VERB_AUTH:
    case SMTP_VERB_BURL:
    case SMTP_VERB_XCLIENT:
    case SMTP_VERB_XFORWARD:
    case SMTP_VERB_XEXCH50:
    case SMTP_VERB_X_EXPS:
    case SMTP_VERB_X_LINK2STATE:
        return command.argument.len > 0;
    }
    return FALSE;
}
