/* sasl.c
 * The lines are base64 (RFC 4954 4, RFC 5034 4); what is inside is the mechanism's own:
 *
 *   PLAIN         RFC 4616   [authzid] NUL authcid NUL passwd
 *   LOGIN         (draft)    user name, then password, each a message of its own
 *   CRAM-MD5      RFC 2195   authcid SP 32 hex digits
 *   DIGEST-MD5    RFC 2831   #( name "=" ( token / quoted-string ) )
 *   SCRAM-*       RFC 5802   gs2-header "n=" saslname ",r=" nonce ... ",p=" proof
 *   XOAUTH2       (Google)   "user=" user %x01 "auth=Bearer " token %x01 %x01
 *   OAUTHBEARER   RFC 7628   gs2-header %x01 *( key "=" value %x01 ) %x01
 *   EXTERNAL      RFC 4422 A [authzid]           ANONYMOUS  RFC 4505  [trace]
 *   NTLM          [MS-SMTPNTLM], [MS-NLMP]       GSSAPI, GSS-SPNEGO  RFC 4752, 4178: bytes
 *
 * Policy: which of LOGIN's messages a response is, the prompt says, if it is one of those that servers write (some ask
 * for the user name once more although it came with AUTH); others are translated, and then it is the order. Prompts
 * that are no base64, or end in NUL, are text. A line that is not base64 is given as it stands, BAD_BASE64_AUTH;
 * missing padding is forgiven but marked. PLAIN with something else than NUL in between is read as far as it can be,
 * BAD_SASL.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sasl.h"

typedef anomaly_set (*sasl_parser)(sasl *exchange, slice message, mail_auth *auth);

typedef struct sasl_mechanism {
    const char *name;
    sasl_parser client;
    gboolean prompts; /* what the server says is for people, if anything */
} sasl_mechanism;

/* What the last prompt of a server of LOGIN wants. */
typedef enum sasl_prompt { PROMPT_NONE, PROMPT_USERNAME, PROMPT_PASSWORD } sasl_prompt;

struct sasl {
    const sasl_mechanism *mechanism; /* NULL: unknown */
    char *name;                      /* upper case; NULL: none */
    sasl_prompt prompt;              /* not answered yet */
    guint client_messages;           /* seen so far */
    GByteArray *message;             /* the line decoded last */
    GByteArray *username, *authzid, *password, *token;
};

/* --- names and secrets, kept from line to line --- */

static slice bytes_of(const GByteArray *array)
{
    return (slice){array->data, array->len};
}

static slice remember(GByteArray *array, slice text)
{
    g_byte_array_set_size(array, 0);
    if (text.len)
        g_byte_array_append(array, text.data, (guint)text.len);
    return bytes_of(array);
}

/* --- mechanisms --- */

static gboolean take_until(slice *rest, guint8 byte, slice *taken_r)
{
    const guint8 *at = rest->len ? memchr(rest->data, byte, rest->len) : NULL;
    *taken_r = slice_head(*rest, at ? (gsize)(at - rest->data) : rest->len);
    *rest = slice_from(*rest, taken_r->len + (at ? 1 : 0));
    return at != NULL;
}

static void take_password(sasl *exchange, slice password, mail_auth *auth)
{
    auth->password = remember(exchange->password, password);
    auth->has_password = TRUE;
}

/* What clients write in the place of NUL: its escapes, and separators of other formats. */
static const char *const plain_separators[] = {"\\000", "\\x00", "\\0", "%00", "\001", "\t", "\n", "|", ":", " "};

static const guint8 *find_text(slice s, const char *text)
{
    gsize len = strlen(text);
    for (gsize i = 0; i + len <= s.len; i++)
        if (memcmp(s.data + i, text, len) == 0)
            return s.data + i;
    return NULL;
}

/* "user SEPARATOR password", with an authzid, which may be empty, in front or not. */
static void split_plain(sasl *exchange, slice message, const char *separator, mail_auth *auth)
{
    slice pieces[3];
    guint count = 0;
    for (; count < 2; count++) {
        const guint8 *at = find_text(message, separator);
        if (!at)
            break;
        pieces[count] = slice_head(message, (gsize)(at - message.data));
        message = slice_from(message, pieces[count].len + strlen(separator));
    }
    pieces[count] = message;
    if (count == 2 && pieces[0].len)
        auth->authzid = remember(exchange->authzid, pieces[0]);
    auth->username = remember(exchange->username, pieces[count - 1]);
    take_password(exchange, pieces[count], auth);
}

static anomaly_set parse_plain_without_nul(sasl *exchange, slice message, mail_auth *auth)
{
    for (gsize i = 0; i < G_N_ELEMENTS(plain_separators); i++) {
        if (!find_text(message, plain_separators[i]))
            continue;
        split_plain(exchange, message, plain_separators[i], auth);
        break;
    }
    return ANOMALY_BIT(ANOMALY_BAD_SASL);
}

static anomaly_set parse_plain(sasl *exchange, slice message, mail_auth *auth)
{
    slice rest = message, first, second;
    gboolean has_first, has_second, doubled = FALSE;

    if (message.len == 0)
        return 0;
    has_first = take_until(&rest, 0, &first);
    while (rest.len > 1 && rest.data[0] == 0 &&
           memchr(rest.data + 1, 0, rest.len - 1)) { /* NUL NUL user NUL password */
        rest = slice_from(rest, 1);
        doubled = TRUE;
    }
    has_second = take_until(&rest, 0, &second);
    if (!has_first)
        return parse_plain_without_nul(exchange, message, auth);
    if (!has_second) { /* "user NUL password", as some clients send it */
        auth->username = remember(exchange->username, first);
        take_password(exchange, second, auth);
        return ANOMALY_BIT(ANOMALY_BAD_SASL);
    }
    while (rest.len && rest.data[rest.len - 1] == 0) { /* a C string with its NUL */
        rest.len--;
        doubled = TRUE;
    }
    auth->authzid = remember(exchange->authzid, first);
    auth->username = remember(exchange->username, second);
    take_password(exchange, rest, auth);
    return doubled || (rest.len && memchr(rest.data, 0, rest.len)) ? ANOMALY_BIT(ANOMALY_BAD_SASL) : 0;
}

static anomaly_set parse_login(sasl *exchange, slice message, mail_auth *auth)
{
    sasl_prompt prompt = exchange->prompt;
    exchange->prompt = PROMPT_NONE;
    if (prompt == PROMPT_NONE)
        prompt = exchange->client_messages == 0   ? PROMPT_USERNAME
                 : exchange->client_messages == 1 ? PROMPT_PASSWORD
                                                  : PROMPT_NONE;
    if (prompt == PROMPT_USERNAME)
        auth->username = remember(exchange->username, message);
    else if (prompt == PROMPT_PASSWORD)
        take_password(exchange, message, auth);
    else
        return ANOMALY_BIT(ANOMALY_BAD_SASL);
    return 0;
}

static anomaly_set parse_cram_md5(sasl *exchange, slice message, mail_auth *auth)
{
    gsize at = message.len;
    if (message.len == 0)
        return 0;
    while (at > 0 && message.data[at - 1] != ' ') /* the user name may have blanks, the digest has none */
        at--;
    if (at == 0)
        return ANOMALY_BIT(ANOMALY_BAD_SASL);
    auth->username = remember(exchange->username, slice_head(message, at - 1));
    auth->token = remember(exchange->token, slice_from(message, at));
    return 0;
}

/* The next directive of RFC 2831 7.1: name "=" value, value unquoted into `out`. */
static gboolean next_directive(slice *rest, slice *name_r, GByteArray *out)
{
    gboolean quoted;
    while (rest->len && (rest->data[0] == ',' || g_ascii_isspace(rest->data[0])))
        *rest = slice_from(*rest, 1);
    if (rest->len == 0 || !take_until(rest, '=', name_r))
        return FALSE;
    *name_r = slice_trim(*name_r);
    g_byte_array_set_size(out, 0);
    quoted = rest->len && rest->data[0] == '"';
    if (quoted)
        *rest = slice_from(*rest, 1);
    while (rest->len && rest->data[0] != (quoted ? '"' : ',')) {
        if (quoted && rest->data[0] == '\\' && rest->len > 1)
            *rest = slice_from(*rest, 1);
        g_byte_array_append(out, rest->data, 1);
        *rest = slice_from(*rest, 1);
    }
    *rest = slice_from(*rest, quoted ? 1 : 0);
    return TRUE;
}

static anomaly_set parse_digest_md5(sasl *exchange, slice message, mail_auth *auth)
{
    GByteArray *value;
    slice name;
    if (message.len == 0) /* the answer to rspauth */
        return 0;
    value = g_byte_array_new();
    while (next_directive(&message, &name, value)) {
        if (slice_is(name, "username"))
            auth->username = remember(exchange->username, bytes_of(value));
        else if (slice_is(name, "authzid"))
            auth->authzid = remember(exchange->authzid, bytes_of(value));
        else if (slice_is(name, "response"))
            auth->token = remember(exchange->token, bytes_of(value));
    }
    g_byte_array_unref(value);
    return auth->username.len && auth->token.len ? 0 : ANOMALY_BIT(ANOMALY_BAD_SASL);
}

/* saslname: "=2C" is a comma, "=3D" an equals sign (RFC 5802 5.1). */
static slice remember_saslname(GByteArray *array, slice text)
{
    g_byte_array_set_size(array, 0);
    while (text.len) {
        guint8 byte = text.data[0];
        gsize used = 1;
        if (slice_begins(text, "=2C") || slice_begins(text, "=3D")) {
            byte = g_ascii_toupper(text.data[2]) == 'C' ? ',' : '=';
            used = 3;
        }
        g_byte_array_append(array, &byte, 1);
        text = slice_from(text, used);
    }
    return bytes_of(array);
}

/* gs2-header = ("p=" cb-name / "n" / "y") "," ["a=" saslname] "," ; leaves the rest in *message. */
static gboolean parse_gs2_header(sasl *exchange, slice *message, mail_auth *auth)
{
    slice flag, authzid;
    if (!take_until(message, ',', &flag) || !take_until(message, ',', &authzid))
        return FALSE;
    if (slice_begins(authzid, "a="))
        auth->authzid = remember_saslname(exchange->authzid, slice_from(authzid, 2));
    return slice_is(flag, "n") || slice_is(flag, "y") || slice_begins(flag, "p=");
}

static anomaly_set parse_scram(sasl *exchange, slice message, mail_auth *auth)
{
    slice attribute;
    if (message.len == 0)
        return 0;
    if (exchange->client_messages == 0 && !parse_gs2_header(exchange, &message, auth))
        return ANOMALY_BIT(ANOMALY_BAD_SASL);
    while (message.len) {
        (void)take_until(&message, ',', &attribute);
        if (exchange->client_messages == 0 && slice_begins(attribute, "n="))
            auth->username = remember_saslname(exchange->username, slice_from(attribute, 2));
        else if (exchange->client_messages > 0 && slice_begins(attribute, "p="))
            auth->token = remember(exchange->token, slice_from(attribute, 2));
    }
    if (exchange->client_messages > 1)
        return 0;
    return (exchange->client_messages == 0 ? auth->username.len : auth->token.len) ? 0 : ANOMALY_BIT(ANOMALY_BAD_SASL);
}

/* key "=" value %x01 ...: user and bearer token of XOAUTH2 and OAUTHBEARER. */
static void parse_oauth_pairs(sasl *exchange, slice message, mail_auth *auth)
{
    slice pair;
    while (message.len) {
        (void)take_until(&message, 1, &pair);
        if (slice_begins(pair, "user="))
            auth->username = remember(exchange->username, slice_from(pair, 5));
        else if (slice_begins(pair, "auth=Bearer "))
            auth->token = remember(exchange->token, slice_trim(slice_from(pair, 12)));
    }
}

static anomaly_set parse_xoauth2(sasl *exchange, slice message, mail_auth *auth)
{
    if (message.len == 0 || exchange->client_messages > 0) /* the empty answer to an error */
        return 0;
    parse_oauth_pairs(exchange, message, auth);
    return auth->username.len && auth->token.len ? 0 : ANOMALY_BIT(ANOMALY_BAD_SASL);
}

static anomaly_set parse_oauthbearer(sasl *exchange, slice message, mail_auth *auth)
{
    if (message.len == 0 || exchange->client_messages > 0) /* %x01, the answer to an error */
        return 0;
    if (!parse_gs2_header(exchange, &message, auth))
        return ANOMALY_BIT(ANOMALY_BAD_SASL);
    parse_oauth_pairs(exchange, message, auth);
    if (auth->username.len == 0 && auth->authzid.len) /* RFC 7628 3.1: the user stands in the gs2-header */
        auth->username = remember(exchange->username, auth->authzid);
    return auth->token.len ? 0 : ANOMALY_BIT(ANOMALY_BAD_SASL);
}

static anomaly_set parse_external(sasl *exchange, slice message, mail_auth *auth)
{
    if (exchange->client_messages == 0)
        auth->authzid = remember(exchange->authzid, message);
    return 0;
}

static anomaly_set parse_anonymous(sasl *exchange, slice message, mail_auth *auth)
{
    if (exchange->client_messages == 0)
        auth->username = remember(exchange->username, message);
    return 0;
}

/* --- NTLM: [MS-NLMP] 2.2.1.3 AUTHENTICATE_MESSAGE --- */

enum { NTLM_DOMAIN = 28, NTLM_USER = 36, NTLM_FLAGS = 60, NTLM_UNICODE = 1 };

static gboolean is_ntlmssp(slice message)
{
    return message.len >= 12 && memcmp(message.data, "NTLMSSP", 8) == 0;
}

static guint32 le(slice message, gsize at, guint bytes)
{
    guint32 number = 0;
    for (guint i = bytes; i-- > 0;)
        number = number << 8 | message.data[at + i];
    return number;
}

/* The field whose length and offset stand at `at`; empty when it lies outside. */
static slice ntlm_field(slice message, gsize at)
{
    gsize len = le(message, at, 2), offset = le(message, at + 4, 4);
    if (offset > message.len || len > message.len - offset)
        return SLICE_EMPTY;
    return slice_head(slice_from(message, offset), len);
}

/* Appends UTF-16LE as UTF-8; lone surrogates become U+FFFD. */
static void append_utf16le(GByteArray *out, slice text)
{
    for (gsize i = 0; i + 1 < text.len; i += 2) {
        gunichar c = le(text, i, 2);
        char utf8[6];
        if (c >= 0xD800 && c < 0xDC00 && i + 3 < text.len && (le(text, i + 2, 2) & 0xFC00) == 0xDC00) {
            c = 0x10000 + ((c - 0xD800) << 10) + (le(text, i + 2, 2) - 0xDC00);
            i += 2;
        } else if (c >= 0xD800 && c < 0xE000) {
            c = 0xFFFD;
        }
        g_byte_array_append(out, (const guint8 *)utf8, (guint)g_unichar_to_utf8(c, utf8));
    }
}

static void append_ntlm_name(GByteArray *out, slice name, gboolean unicode)
{
    if (unicode)
        append_utf16le(out, name);
    else if (name.len)
        g_byte_array_append(out, name.data, (guint)name.len);
}

/* domain\user of a type 3 message anywhere in the token (SPNEGO wraps it). */
static void find_ntlm_user(sasl *exchange, slice message, mail_auth *auth)
{
    for (slice at = message; at.len >= NTLM_FLAGS + 4; at = slice_from(at, 1)) {
        const guint8 *n = memchr(at.data, 'N', at.len);
        gboolean unicode;
        slice domain;
        if (!n)
            return;
        at = slice_from(at, (gsize)(n - at.data));
        if (at.len < NTLM_FLAGS + 4 || !is_ntlmssp(at) || le(at, 8, 4) != 3)
            continue;
        unicode = le(at, NTLM_FLAGS, 4) & NTLM_UNICODE;
        domain = ntlm_field(at, NTLM_DOMAIN);
        g_byte_array_set_size(exchange->username, 0);
        append_ntlm_name(exchange->username, domain, unicode);
        if (domain.len)
            g_byte_array_append(exchange->username, (const guint8 *)"\\", 1);
        append_ntlm_name(exchange->username, ntlm_field(at, NTLM_USER), unicode);
        auth->username = bytes_of(exchange->username);
        return;
    }
}

static anomaly_set parse_negotiate(sasl *exchange, slice message, mail_auth *auth)
{
    find_ntlm_user(exchange, message, auth);
    return 0;
}

static anomaly_set parse_ntlm(sasl *exchange, slice message, mail_auth *auth)
{
    find_ntlm_user(exchange, message, auth);
    return message.len == 0 || is_ntlmssp(message) ? 0 : ANOMALY_BIT(ANOMALY_BAD_SASL);
}

static anomaly_set parse_opaque(sasl *exchange, slice message, mail_auth *auth)
{
    (void)exchange;
    (void)message;
    (void)auth;
    return 0;
}

/* The names of IANA's registry, and LOGIN, NTLM and XOAUTH2, which are not in it. */
static const sasl_mechanism mechanism_table[] = {
    {"PLAIN", parse_plain, TRUE},
    {"LOGIN", parse_login, TRUE},
    {"CRAM-MD5", parse_cram_md5, FALSE},
    {"DIGEST-MD5", parse_digest_md5, FALSE},
    {"NTLM", parse_ntlm, FALSE},
    {"GSSAPI", parse_negotiate, FALSE},
    {"GSS-SPNEGO", parse_negotiate, FALSE},
    {"SCRAM-SHA-1", parse_scram, FALSE},
    {"SCRAM-SHA-1-PLUS", parse_scram, FALSE},
    {"SCRAM-SHA-256", parse_scram, FALSE},
    {"SCRAM-SHA-256-PLUS", parse_scram, FALSE},
    {"SCRAM-SHA-512", parse_scram, FALSE},
    {"SCRAM-SHA-512-PLUS", parse_scram, FALSE},
    {"XOAUTH2", parse_xoauth2, FALSE},
    {"OAUTHBEARER", parse_oauthbearer, FALSE},
    {"EXTERNAL", parse_external, TRUE},
    {"ANONYMOUS", parse_anonymous, TRUE},
    {"KERBEROS_V4", parse_opaque, FALSE},
};

/* --- the lines --- */

/* No registered name is longer than 20 characters (RFC 4422 3.1); what is sent may be. */
enum { NAME_BYTES = 64 };

/* The name as it can be shown; NULL: none. */
static char *name_of(slice mechanism)
{
    char *name = slice_dup(slice_head(mechanism, NAME_BYTES));
    for (char *p = name; *p; p++)
        *p = g_ascii_isgraph(*p) ? g_ascii_toupper(*p) : '?';
    if (!*name)
        g_clear_pointer(&name, g_free);
    return name;
}

sasl *sasl_new(slice mechanism)
{
    sasl *exchange = g_new0(sasl, 1);
    exchange->name = name_of(mechanism);
    for (gsize i = 0; i < G_N_ELEMENTS(mechanism_table); i++)
        if (slice_is(mechanism, mechanism_table[i].name))
            exchange->mechanism = &mechanism_table[i];
    exchange->message = g_byte_array_new();
    exchange->username = g_byte_array_new();
    exchange->authzid = g_byte_array_new();
    exchange->password = g_byte_array_new();
    exchange->token = g_byte_array_new();
    return exchange;
}

/* Overwrites a secret before its memory goes back. */
static void wipe(GByteArray *array)
{
    if (array->len)
        memset(array->data, 0, array->len);
    g_byte_array_unref(array);
}

void sasl_free(sasl *exchange)
{
    if (!exchange)
        return;
    wipe(exchange->message);
    wipe(exchange->username);
    wipe(exchange->authzid);
    wipe(exchange->password);
    wipe(exchange->token);
    g_free(exchange->name);
    g_free(exchange);
}

/* Is it base64 (RFC 4648 4) in form? *digits_r: without its padding; *padded_r: is that all there? */
static gboolean is_base64(slice line, gsize *digits_r, gboolean *padded_r)
{
    gsize digits = 0;
    while (digits < line.len &&
           (g_ascii_isalnum(line.data[digits]) || line.data[digits] == '+' || line.data[digits] == '/'))
        digits++;
    for (gsize i = digits; i < line.len; i++)
        if (line.data[i] != '=')
            return FALSE;
    *digits_r = digits;
    *padded_r = line.len % 4 == 0 && line.len - digits <= 2;
    return digits % 4 != 1 && line.len - digits <= 2;
}

/* Decodes the line into exchange->message; as it stands when it is no base64. */
static anomaly_set decode_line(sasl *exchange, slice line)
{
    gboolean padded;
    gint state = 0;
    guint save = 0;
    gsize digits, len;

    if (slice_is(line, "=")) {
        remember(exchange->message, SLICE_EMPTY);
        return 0;
    }
    if (!is_base64(line, &digits, &padded)) {
        remember(exchange->message, line);
        return ANOMALY_BIT(ANOMALY_BAD_BASE64_AUTH);
    }
    g_byte_array_set_size(exchange->message, (guint)(digits / 4 * 3 + 6));
    len = g_base64_decode_step((const gchar *)line.data, digits, exchange->message->data, &state, &save);
    len += g_base64_decode_step("==", (4 - digits % 4) % 4, exchange->message->data + len, &state, &save);
    g_byte_array_set_size(exchange->message, (guint)len);
    return padded ? 0 : ANOMALY_BIT(ANOMALY_BAD_BASE64_AUTH);
}

static void begin_auth(const sasl *exchange, mail_auth *auth_r)
{
    *auth_r = (mail_auth){.mechanism = exchange->name};
}

/* "LOGIN user password", both on one line. */
static anomaly_set take_both(sasl *exchange, slice first, slice second, mail_auth *auth_r)
{
    mail_auth user;
    anomaly_set anomalies = sasl_client_line(exchange, first, TRUE, &user);
    exchange->prompt = PROMPT_PASSWORD;
    anomalies |= sasl_client_line(exchange, second, FALSE, auth_r);
    auth_r->username = user.username;
    return anomalies;
}

anomaly_set sasl_begin(sasl **exchange, slice argument, mail_auth *auth_r)
{
    const guint8 *blank = argument.len ? memchr(argument.data, ' ', argument.len) : NULL;
    gsize len = blank ? (gsize)(blank - argument.data) : argument.len;
    slice rest = slice_trim(slice_from(argument, len)), first;

    sasl_free(*exchange);
    *exchange = sasl_new(slice_head(argument, len));
    if (slice_is(slice_head(argument, len), "LOGIN") && rest.len && take_until(&rest, ' ', &first))
        return take_both(*exchange, first, rest, auth_r);
    return sasl_client_line(*exchange, slice_from(argument, len), TRUE, auth_r);
}

anomaly_set sasl_client_line(sasl *exchange, slice line, gboolean initial, mail_auth *auth_r)
{
    anomaly_set anomalies;
    gboolean undecoded;

    begin_auth(exchange, auth_r);
    line = slice_trim(line);
    if (initial && line.len == 0) {
        auth_r->user = bytes_of(exchange->username);
        return 0;
    }
    if (slice_is(line, "*")) {
        auth_r->cancelled = TRUE;
        auth_r->user = bytes_of(exchange->username);
        return 0;
    }
    anomalies = decode_line(exchange, line);
    undecoded = anomalies != 0;
    auth_r->response = bytes_of(exchange->message);
    auth_r->is_ntlm = is_ntlmssp(auth_r->response);
    if (exchange->mechanism)
        anomalies |= exchange->mechanism->client(exchange, auth_r->response, auth_r);
    if (undecoded) /* one complaint is enough */
        anomalies &= ~ANOMALY_BIT(ANOMALY_BAD_SASL);
    exchange->client_messages++;
    auth_r->user = bytes_of(exchange->username);
    return anomalies;
}

/* "GSSAPI supported": Exchange's plain text in answer to a bare X-EXPS GSSAPI. */
static gboolean is_supported_line(const sasl *exchange, slice line)
{
    gsize len = exchange->mechanism ? strlen(exchange->mechanism->name) : 0;
    return len && slice_begins(line, exchange->mechanism->name) && slice_is(slice_from(line, len), " supported");
}

/* The words of prompts; of those in other languages the order decides. */
static sasl_prompt prompt_of(slice text)
{
    char *lower = slice_dup(slice_head(text, NAME_BYTES));
    for (char *p = lower; *p; p++)
        *p = g_ascii_tolower(*p);
    sasl_prompt prompt = strstr(lower, "pass") ? PROMPT_PASSWORD
                         : strstr(lower, "user") || strstr(lower, "login") || g_str_has_prefix(lower, "name")
                             ? PROMPT_USERNAME
                             : PROMPT_NONE;
    g_free(lower);
    return prompt;
}

static slice without_nul(slice text)
{
    while (text.len && text.data[text.len - 1] == 0)
        text.len--;
    return text;
}

static gboolean is_text(slice bytes)
{
    for (gsize i = 0; i < bytes.len; i++)
        if (bytes.data[i] < 0x20 || bytes.data[i] == 0x7F)
            return FALSE;
    return bytes.len == 0 || g_utf8_validate_len((const char *)bytes.data, bytes.len, NULL);
}

/* What a server says to people: base64, or in plain text, of which some words happen to be base64 as well ("Password").
 */
static anomaly_set read_prompt(sasl *exchange, slice line, anomaly_set anomalies)
{
    slice text = without_nul(bytes_of(exchange->message));
    g_byte_array_set_size(exchange->message, (guint)text.len);
    if (anomalies ? !is_text(text) || prompt_of(text) == PROMPT_NONE : !is_text(text))
        remember(exchange->message, line);
    exchange->prompt = prompt_of(bytes_of(exchange->message));
    return 0;
}

anomaly_set sasl_server_line(sasl *exchange, slice line, mail_auth *auth_r)
{
    anomaly_set anomalies;

    begin_auth(exchange, auth_r);
    auth_r->user = bytes_of(exchange->username);
    line = slice_trim(without_nul(line));
    anomalies = decode_line(exchange, line);
    if (anomalies && is_supported_line(exchange, line))
        anomalies = 0;
    if (exchange->mechanism && exchange->mechanism->prompts)
        anomalies = read_prompt(exchange, line, anomalies);
    /* "334 NTLM supported": the answer to a bare AUTH NTLM is plain text ([MS-SMTPNTLM] 2.2.1.2), and
     * "334 NTLM", as others say, happens to be base64 as well. */
    if (exchange->mechanism && exchange->mechanism->client == parse_ntlm && !is_ntlmssp(bytes_of(exchange->message))) {
        remember(exchange->message, line);
        anomalies = 0;
    }
    auth_r->challenge = bytes_of(exchange->message);
    auth_r->is_ntlm = is_ntlmssp(auth_r->challenge);
    return anomalies;
}

void sasl_summary(const sasl *exchange, mail_auth *auth_r)
{
    begin_auth(exchange, auth_r);
    auth_r->username = auth_r->user = bytes_of(exchange->username);
    auth_r->authzid = bytes_of(exchange->authzid);
}
