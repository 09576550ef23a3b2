/* charset.c
 * A table of the charset names that occur in mail, each with what iconv calls it (glibc,
 * GNU libiconv and musl differ: several names are tried), and the few converters that iconv lacks.
 *
 * Names outside of the table are not handed to iconv: it would load a module of the mail's
 * choice and understands suffixes such as //TRANSLIT.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "charset.h"

#include "charset_guess.h"

#include <errno.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

typedef enum charset_kind {
    KIND_ICONV, /* convert with `iconv_names` */
    KIND_GUESS, /* says nothing: guess */
    KIND_ASCII, /* guess when there are 8-bit bytes */
    KIND_UTF8,  /* check only */
    KIND_UTF16, /* byte order: BOM, else by the look of it */
    KIND_UTF16LE,
    KIND_UTF32,
    KIND_UTF32LE,
    KIND_ISO_2022_JP, /* through Shift_JIS, see below */
    KIND_HZ           /* through GB18030, see below */
} charset_kind;

typedef struct charset_row {
    charset_kind kind;
    const char *iconv_names; /* tried in this order */
    const char *keys;        /* names as charset_key() writes them */
} charset_row;

/* Supersets are taken where senders mean them: HTML and Windows mailers say iso-8859-1 for
 * windows-1252, gb2312 for GBK, ks_c_5601-1987 for code page 949, shift_jis for code page 932. */
static const charset_row charset_table[] = {
    {KIND_GUESS, NULL, "default|unknown8bit|unknown|8bit|none|binary|xuserdefined|userdefined"},
    {KIND_ASCII, NULL, "usascii|ascii|ansix341968|iso646us|us|7bit|iso88591us|csascii|ansix341986|cp367|ibm367"},
    {KIND_UTF8, NULL, "utf8|unicode11utf8|utf8mb4|cp65001|utf|unicode20utf8|csutf8|utf8n"},
    {KIND_UTF16, "UTF-16BE|UCS-2BE", "utf16|utf16be|ucs2|iso10646ucs2|unicode|csunicode"},
    {KIND_UTF16LE, "UTF-16LE|UCS-2LE", "utf16le|ucs2le|unicodelittle"},
    {KIND_UTF32, "UTF-32BE|UCS-4BE", "utf32|utf32be|ucs4|iso10646ucs4"},
    {KIND_UTF32LE, "UTF-32LE|UCS-4LE", "utf32le|ucs4le"},
    {KIND_ICONV, "UTF-7", "utf7|unicode11utf7|unicode20utf7|csunicode11utf7|csutf7|cp65000"},
    {KIND_ICONV, "WINDOWS-1252|CP1252",
     "windows1252|cp1252|win1252|ansi|iso88591|latin1|l1|iso885911987|isoir100|cp819|ibm819|88591|csisolatin1|iso8859|"
     "iso88591windows"},
    {KIND_ICONV, "ISO-8859-2", "iso88592|latin2|l2|iso885921987|isoir101|csisolatin2|88592"},
    {KIND_ICONV, "ISO-8859-3", "iso88593|latin3|l3|iso885931988|isoir109|csisolatin3"},
    {KIND_ICONV, "ISO-8859-4", "iso88594|latin4|l4|iso885941988|isoir110|csisolatin4"},
    {KIND_ICONV, "ISO-8859-5", "iso88595|cyrillic|iso885951988|isoir144|csisolatincyrillic"},
    {KIND_ICONV, "ISO-8859-6",
     "iso88596|iso88596e|iso88596i|arabic|asmo708|csiso88596e|csiso88596i|ecma114|isoir127|iso885961987|"
     "csisolatinarabic"},
    {KIND_ICONV, "ISO-8859-7",
     "iso88597|greek|greek8|ecma118|elot928|isoir126|suneugreek|iso885971987|csisolatingreek"},
    {KIND_ICONV, "ISO-8859-8",
     "iso88598|iso88598i|iso88598e|csiso88598e|csiso88598i|isoir138|hebrew|logical|visual|iso885981988|"
     "csisolatinhebrew"},
    {KIND_ICONV, "WINDOWS-1254|CP1254",
     "windows1254|cp1254|win1254|iso88599|latin5|isoir148|l5|iso885991989|csisolatin5|turkish"},
    {KIND_ICONV, "ISO-8859-10", "iso885910|latin6|isoir157|l6|iso8859101992|csisolatin6"},
    {KIND_ICONV, "ISO-8859-13", "iso885913|latin7|l7"},
    {KIND_ICONV, "ISO-8859-14", "iso885914|latin8|l8"},
    {KIND_ICONV, "ISO-8859-15", "iso885915|latin9|l9|csisolatin9|88591515"},
    {KIND_ICONV, "ISO-8859-16", "iso885916|latin10|l10"},
    {KIND_ICONV, "WINDOWS-1250|CP1250", "windows1250|cp1250|win1250"},
    {KIND_ICONV, "WINDOWS-1251|CP1251", "windows1251|cp1251|win1251"},
    {KIND_ICONV, "WINDOWS-1253|CP1253", "windows1253|cp1253|win1253"},
    {KIND_ICONV, "WINDOWS-1255|CP1255", "windows1255|cp1255|win1255"},
    {KIND_ICONV, "WINDOWS-1256|CP1256", "windows1256|cp1256|win1256"},
    {KIND_ICONV, "WINDOWS-1257|CP1257", "windows1257|cp1257|win1257"},
    {KIND_ICONV, "WINDOWS-1258|CP1258", "windows1258|cp1258|win1258"},
    {KIND_ICONV, "CP874|WINDOWS-874|TIS-620|ISO-8859-11",
     "windows874|cp874|tis620|tis6202533|iso885911|dos874|ibm874|thai|tis62025331"},
    {KIND_ICONV, "KOI8-R", "koi8r|koi8|koi|cskoi8r"},
    {KIND_ICONV, "KOI8-U|KOI8-RU|KOI8-R", "koi8u|koi8ru|cskoi8u"},
    {KIND_ICONV, "KOI8-T", "koi8t"},
    {KIND_ICONV, "GB18030|GBK|CP936",
     "gb18030|gb2312|gb231280|gb23121980|gbk|cp936|ms936|windows936|euccn|cngb|csgb2312|chinese|isoir58|"
     "csiso58gb231280|gb|gb180302000|gb180302005|gb18030200"},
    {KIND_ICONV, "BIG5-HKSCS|BIG5HKSCS|CP950|BIG5",
     "big5|big5hkscs|xbig5|cnbig5|csbig5|cp950|windows950|big5eten|eten|big5tw|big5hk|bigfive"},
    {KIND_ICONV, "EUC-TW", "euctw|cns11643"},
    {KIND_ICONV, "CP949|UHC|EUC-KR",
     "ksc56011987|ksc56011989|ksc5601|euckr|cp949|uhc|windows949|ks|korean|cseuckr|isoir149|csksc56011987|"
     "ksc5601198789|ksc5636|ms949"},
    {KIND_ICONV, "JOHAB|CP1361", "johab|cp1361|ksc5601johab|ksc56011992"},
    {KIND_ICONV, "ISO-2022-KR", "iso2022kr|csiso2022kr"},
    {KIND_ICONV, "CP932|SHIFT_JIS|SJIS",
     "shiftjis|sjis|mskanji|cp932|windows31j|windows932|ms932|csshiftjis|cswindows31j|cp943|cp943c|ibm943|"
     "shiftjisx0213"},
    {KIND_ICONV, "EUC-JP-MS|EUCJP-WIN|EUC-JP",
     "eucjp|cseucpkdfmtjapanese|ujis|eucjpms|cp51932|eucjpwin|extendedunixcodepackedformatforjapanese"},
    {KIND_ISO_2022_JP, "ISO-2022-JP-2|ISO-2022-JP",
     "iso2022jp|iso2022jpms|iso2022jp1|iso2022jp2|csiso2022jp|cp50220|cp50221|cp50222|jis|csiso2022jp2|iso2022jpwin|"
     "jis7|iso20222jp"},
    {KIND_ISO_2022_JP, "ISO-2022-JP-3|ISO-2022-JP-2004", "iso2022jp3|iso2022jp2004"},
    {KIND_ICONV, "ISO-2022-CN-EXT|ISO-2022-CN", "iso2022cn|iso2022cnext"},
    {KIND_HZ, NULL, "hz|hzgb2312|hzgb|cshzgb2312"},
    {KIND_ICONV, "MACINTOSH|MAC", "macintosh|macroman|mac|csmacintosh|macromaneurope|applemacroman"},
    {KIND_ICONV, "MAC-CYRILLIC|MACCYRILLIC|MAC-UK", "maccyrillic|macukraine|macukrainian"},
    {KIND_ICONV, "MAC-CENTRALEUROPE|MACCENTRALEUROPE", "maccentraleurope|macce|maccentraleurroman"},
    {KIND_ICONV, "CP437|IBM437", "cp437|ibm437|437|cspc8codepage437"},
    {KIND_ICONV, "CP850|IBM850", "cp850|ibm850|850|cspc850multilingual"},
    {KIND_ICONV, "CP852|IBM852", "cp852|ibm852|852|cspcp852"},
    {KIND_ICONV, "CP855|IBM855", "cp855|ibm855"},
    {KIND_ICONV, "CP857|IBM857", "cp857|ibm857"},
    {KIND_ICONV, "CP858|CP00858|IBM858|CP850", "cp858|ibm858|cp00858|ibm00858"},
    {KIND_ICONV, "CP860|IBM860", "cp860|ibm860"},
    {KIND_ICONV, "CP861|IBM861", "cp861|ibm861"},
    {KIND_ICONV, "CP862|IBM862", "cp862|ibm862|dos862"},
    {KIND_ICONV, "CP863|IBM863", "cp863|ibm863"},
    {KIND_ICONV, "CP864|IBM864", "cp864|ibm864"},
    {KIND_ICONV, "CP865|IBM865", "cp865|ibm865"},
    {KIND_ICONV, "CP866|IBM866", "cp866|ibm866|866|csibm866|dos866|alt"},
    {KIND_ICONV, "CP1125", "cp1125|cp866u"},
    {KIND_ICONV, "VISCII", "viscii|csviscii"},
    {KIND_ICONV, "TCVN|TCVN5712-1", "tcvn|tcvn5712|tcvn57121|tcvn571211993"},
    {KIND_ICONV, "PT154|CP154", "pt154|ptcp154|cp154"},
    {KIND_ICONV, "RK1048|STRK1048-2002", "rk1048|strk10482002"},
    {KIND_ICONV, "ARMSCII-8", "armscii8"},
    {KIND_ICONV, "GEORGIAN-PS", "georgianps"},
};

/* ---- names ---- */

enum { KEY_BYTES = 48 };

/* The name reduced to lower case letters and digits, without "x-" in front and "*language"
 * (RFC 2231 5) behind. FALSE: too long to be one. */
static gboolean charset_key(slice name, char key[KEY_BYTES])
{
    gsize len = 0;
    while (name.len && !g_ascii_isalnum(name.data[0]))
        name = slice_from(name, 1);
    if (slice_begins(name, "x-"))
        name = slice_from(name, 2);
    for (gsize i = 0; i < name.len && name.data[i] != '*'; i++) {
        if (!g_ascii_isalnum(name.data[i]))
            continue;
        if (len + 1 >= KEY_BYTES)
            return FALSE;
        key[len++] = g_ascii_tolower((char)name.data[i]);
    }
    key[len] = '\0';
    return TRUE;
}

/* key -> row; made once, kept for the life of the process. */
static GHashTable *charset_index(void)
{
    static GHashTable *index;
    if (index)
        return index;
    index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(charset_table); i++) {
        char **keys = g_strsplit(charset_table[i].keys, "|", -1);
        for (char **key = keys; *key; key++)
            g_hash_table_insert(index, *key, (gpointer)&charset_table[i]);
        g_free(keys); /* the strings belong to the table now */
    }
    return index;
}

/* The row of that name; NULL: unknown. The empty name is a reason to guess. */
static const charset_row *charset_find(slice name)
{
    char key[KEY_BYTES];
    if (!charset_key(name, key))
        return NULL;
    return key[0] ? g_hash_table_lookup(charset_index(), key) : &charset_table[0];
}

gboolean charset_is_known(slice name)
{
    return charset_find(name) != NULL;
}

/* ---- UTF-8 ---- */

gboolean charset_is_ascii(slice bytes)
{
    for (gsize i = 0; i < bytes.len; i++) {
        if (bytes.data[i] >= 0x80)
            return FALSE;
    }
    return TRUE;
}

gboolean charset_is_plain(slice bytes)
{
    for (gsize i = 0; i < bytes.len; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] >= 0x7F)
            return FALSE;
    }
    return TRUE;
}

static void mark(anomaly_set *anomalies, anomaly_kind kind)
{
    if (anomalies)
        *anomalies |= ANOMALY_BIT(kind);
}

/* How many bytes of the ill-formed sequence at s one U+FFFD stands for: as many as begin a
 * character (Unicode 3.9, "maximal subpart"), at least one. */
static gsize utf8_bad_length(slice s)
{
    guint8 lead = s.data[0];
    gsize want = lead >= 0xF0 && lead <= 0xF4  ? 4
                 : lead >= 0xE0 && lead < 0xF0 ? 3
                 : lead >= 0xC2 && lead < 0xE0 ? 2
                                               : 1;
    guint8 low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    guint8 high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    gsize len = 1;
    while (len < want && len < s.len && s.data[len] >= low && s.data[len] <= high) {
        low = 0x80;
        high = 0xBF;
        len++;
    }
    return len;
}

/* Appends UTF-8 with what is not UTF-8, and NUL, replaced. */
static void append_utf8(GString *out, slice bytes, anomaly_set *anomalies)
{
    while (bytes.len) {
        const char *end;
        gboolean valid = g_utf8_validate_len((const char *)bytes.data, bytes.len, &end);
        gsize good = (gsize)((const guint8 *)end - bytes.data);
        g_string_append_len(out, (const char *)bytes.data, (gssize)good);
        bytes = slice_from(bytes, good);
        if (valid)
            return;
        g_string_append(out, REPLACEMENT);
        mark(anomalies, ANOMALY_BAD_CHARSET_BYTES);
        bytes = slice_from(bytes, utf8_bad_length(bytes));
    }
}

static gboolean is_utf8(slice bytes)
{
    return bytes.len == 0 || g_utf8_validate_len((const char *)bytes.data, bytes.len, NULL);
}

/* ---- iconv ---- */

/* Bytes that a bad character takes up. */
static gsize unit_of(charset_kind kind)
{
    if (kind == KIND_UTF16 || kind == KIND_UTF16LE)
        return 2;
    return kind == KIND_UTF32 || kind == KIND_UTF32LE ? 4 : 1;
}

/* The row's converter to UTF-8, opened at its first use and then kept: loading a module for
 * each of a header's thousands of encoded words would cost more than all the rest. */
static GIConv charset_open(const charset_row *row)
{
    static GIConv converters[G_N_ELEMENTS(charset_table)];
    static gboolean tried[G_N_ELEMENTS(charset_table)];
    gsize index = (gsize)(row - charset_table);
    if (tried[index])
        return converters[index];
    tried[index] = TRUE;
    converters[index] = (GIConv)-1;
    char **names = g_strsplit(row->iconv_names ? row->iconv_names : "", "|", -1);
    for (char **name = names; *name && converters[index] == (GIConv)-1; name++)
        converters[index] = g_iconv_open("UTF-8", *name);
    g_strfreev(names);
    return converters[index];
}

/* Converts all of `bytes`; a byte at which the converter stops (`unit` bytes in UTF-16 and -32) is
 * replaced and passed over, so each call moves on. */
static void iconv_append(GIConv converter, slice bytes, gsize unit, GString *out, anomaly_set *anomalies)
{
    char *in = (char *)bytes.data;
    gsize in_left = bytes.len;
    char buffer[4096];
    gboolean flushed = FALSE;
    g_iconv(converter, NULL, NULL, NULL, NULL);
    while (!flushed) {
        char *end = buffer;
        gsize room = sizeof buffer, before = in_left;
        flushed = in_left == 0; /* the last call takes out what a converter holds back (CP1255, BIG5-HKSCS) */
        gsize result = g_iconv(converter, flushed ? NULL : &in, flushed ? NULL : &in_left, &end, &room);
        int error = errno;
        append_utf8(out, (slice){(guint8 *)buffer, (gsize)(end - buffer)}, anomalies);
        if (result != (gsize)-1 || flushed)
            continue;
        if (error == E2BIG && (in_left < before || end > buffer))
            continue;
        g_string_append(out, REPLACEMENT);
        mark(anomalies, ANOMALY_BAD_CHARSET_BYTES);
        gsize skip = MIN(unit, in_left);
        in += skip;
        in_left -= skip;
    }
}

static const charset_row *row_of(const char *key)
{
    return g_hash_table_lookup(charset_index(), key);
}

/* Converts with the row's iconv; without it (a small libc) 8-bit bytes are replaced. */
static void row_append(const charset_row *row, slice bytes, GString *out, anomaly_set *anomalies)
{
    GIConv converter = charset_open(row);
    if (converter != (GIConv)-1) {
        iconv_append(converter, bytes, unit_of(row->kind), out, anomalies);
        return;
    }
    mark(anomalies, ANOMALY_UNKNOWN_CHARSET);
    append_utf8(out, bytes, anomalies);
}

/* ---- UTF-16 and UTF-32 ---- */

/* RFC 2781 4.3: without a byte order mark big endian; but Windows software sends little endian,
 * which shows in the zero bytes of Latin text. */
static gboolean utf16_is_little(slice bytes)
{
    gsize even = 0, odd = 0;
    for (gsize i = 0; i + 1 < MIN(bytes.len, 512); i += 2) {
        even += bytes.data[i] == 0;
        odd += bytes.data[i + 1] == 0;
    }
    return odd > even;
}

static void append_utf16(const charset_row *row, slice bytes, GString *out, anomaly_set *anomalies)
{
    gboolean little = FALSE;
    if (bytes.len >= 2 && bytes.data[0] + bytes.data[1] == 0xFE + 0xFF && MAX(bytes.data[0], bytes.data[1]) == 0xFF) {
        little = bytes.data[0] == 0xFF;
        bytes = slice_from(bytes, 2);
    } else {
        little = utf16_is_little(bytes);
    }
    row_append(little ? row_of("utf16le") : row, bytes, out, anomalies);
}

static void append_utf32(const charset_row *row, slice bytes, GString *out, anomaly_set *anomalies)
{
    gboolean little = bytes.len >= 4 && memcmp(bytes.data, "\xFF\xFE\0\0", 4) == 0;
    if (little || (bytes.len >= 4 && memcmp(bytes.data, "\0\0\xFE\xFF", 4) == 0))
        bytes = slice_from(bytes, 4);
    row_append(little ? row_of("utf32le") : row, bytes, out, anomalies);
}

/* ---- ISO-2022-JP ----
 *
 * RFC 1468: ESC ( B and ESC ( J: ASCII; ESC $ @ and ESC $ B: JIS X 0208, two bytes of 7 bits. Mailers
 * add ESC ( I (half-width katakana) and NEC's row 13 (circled numbers, "(stock)"), as Microsoft's code
 * page 50221 has them and iconv's ISO-2022-JP has not. All this maps by arithmetic onto
 * Shift_JIS, whose converter knows those rows. */

typedef enum jp_mode { JP_ASCII, JP_KANJI, JP_KANA } jp_mode;

/* The mode that the escape sequence at s switches to and its length; 0: another one (JIS X 0212, ...). */
static gsize jp_escape(slice s, jp_mode *mode)
{
    if (s.len >= 3 && s.data[1] == '(' && (s.data[2] == 'B' || s.data[2] == 'J' || s.data[2] == 'H'))
        *mode = JP_ASCII;
    else if (s.len >= 3 && s.data[1] == '(' && s.data[2] == 'I')
        *mode = JP_KANA;
    else if (s.len >= 3 && s.data[1] == '$' && (s.data[2] == '@' || s.data[2] == 'B'))
        *mode = JP_KANJI;
    else
        return 0;
    return 3;
}

static void append_sjis_pair(GByteArray *sjis, guint8 row, guint8 cell)
{
    guint8 lead = (guint8)(((row - 0x21) >> 1) + 0x81);
    guint8 trail = (guint8)(row & 1 ? cell + (cell >= 0x60 ? 0x20 : 0x1F) : cell + 0x7E);
    guint8 pair[2] = {(guint8)(lead > 0x9F ? lead + 0x40 : lead), trail};
    g_byte_array_append(sjis, pair, 2);
}

/* NULL: has escape sequences that Shift_JIS cannot stand for. */
static GByteArray *jp_to_sjis(slice s)
{
    GByteArray *sjis = g_byte_array_sized_new((guint)MIN(s.len, G_MAXUINT / 2));
    jp_mode mode = JP_ASCII;
    for (gsize i = 0; i < s.len;) {
        guint8 c = s.data[i];
        if (c == 0x1B) {
            gsize len = jp_escape(slice_from(s, i), &mode);
            if (len == 0) {
                g_byte_array_unref(sjis);
                return NULL;
            }
            i += len;
        } else if (mode == JP_KANJI && c > 0x20 && c < 0x7F && i + 1 < s.len && s.data[i + 1] > 0x20 &&
                   s.data[i + 1] < 0x7F) {
            append_sjis_pair(sjis, c, s.data[i + 1]);
            i += 2;
        } else {
            guint8 byte = mode == JP_KANA && c > 0x20 && c < 0x60 ? c | 0x80 : c;
            if (c == '\n' || c == '\r')
                mode = JP_ASCII; /* each line begins in ASCII, also when the last one forgot to return to it */
            g_byte_array_append(sjis, &byte, 1);
            i++;
        }
    }
    return sjis;
}

/* Is there a switch to JIS X 0213 (ESC $ ( O, P or Q)? iconv has it in a converter of its own, which lacks
 * JIS X 0212. */
static gboolean has_x0213(slice s)
{
    for (gsize i = 0; i + 3 < s.len; i++) {
        if (memcmp(s.data + i, "\x1B$(", 3) == 0 && s.data[i + 3] >= 'O' && s.data[i + 3] <= 'Q')
            return TRUE;
    }
    return FALSE;
}

static void append_iso_2022_jp(const charset_row *row, slice bytes, GString *out, anomaly_set *anomalies)
{
    GByteArray *sjis = jp_to_sjis(bytes);
    if (!sjis) {
        row_append(has_x0213(bytes) ? row_of("iso2022jp3") : row, bytes, out, anomalies);
        return;
    }
    row_append(row_of("shiftjis"), (slice){sjis->data, sjis->len}, out, anomalies);
    g_byte_array_unref(sjis);
}

/* ---- HZ ----
 *
 * RFC 1843: "~{" GB 2312 in 7 bits "~}"; "~~" is a tilde, "~" LF nothing. Setting the top bits
 * gives GB18030. */
static void append_hz(slice s, GString *out, anomaly_set *anomalies)
{
    GByteArray *gb = g_byte_array_sized_new((guint)MIN(s.len, G_MAXUINT / 2));
    gboolean chinese = FALSE;
    for (gsize i = 0; i < s.len; i++) {
        guint8 c = s.data[i], next = i + 1 < s.len ? s.data[i + 1] : 0;
        if (c == '~' && (next == '{' || next == '}' || next == '\n')) {
            chinese = next == '{';
            i++;
        } else if (c == '~' && next == '~' && !chinese) {
            g_byte_array_append(gb, &c, 1);
            i++;
        } else if (chinese && c > 0x20 && c < 0x7F && next > 0x20 && next < 0x7F) {
            guint8 pair[2] = {c | 0x80, next | 0x80};
            g_byte_array_append(gb, pair, 2);
            i++;
        } else {
            chinese = chinese && c != '\n';
            g_byte_array_append(gb, &c, 1);
        }
    }
    row_append(row_of("gb18030"), (slice){gb->data, gb->len}, out, anomalies);
    g_byte_array_unref(gb);
}

/* ---- guess ----
 *
 * ISO-2022-JP if its escape sequences are there; UTF-8 if it is valid; else what charset_guess.c finds. */

static gboolean has_jp_escape(slice s)
{
    jp_mode mode = JP_ASCII;
    while (s.len) {
        const guint8 *escape = memchr(s.data, 0x1B, s.len);
        if (!escape)
            break;
        s = slice_from(s, (gsize)(escape - s.data));
        if (jp_escape(s, &mode) && mode != JP_ASCII)
            return TRUE;
        s = slice_from(s, 1);
    }
    return FALSE;
}

/* Appends what a guess has given: it must not show what no text has. */
static void append_without_junk(GString *out, const char *text)
{
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        g_string_append_unichar(out, c >= 0x80 && charset_guess_is_junk(c) ? 0xFFFD : c);
    }
}

static void append_guessed(slice bytes, GString *out, anomaly_set *anomalies)
{
    GString *text = g_string_sized_new(bytes.len + 1);
    charset_append(text, bytes, slice_of(charset_guess(bytes)), anomalies);
    append_without_junk(out, text->str);
    g_string_free(text, TRUE);
}

static void append_guess(slice bytes, GString *out, anomaly_set *anomalies)
{
    if (has_jp_escape(bytes))
        append_iso_2022_jp(row_of("iso2022jp"), bytes, out, anomalies);
    else if (is_utf8(bytes) || charset_is_ascii(bytes))
        append_utf8(out, bytes, anomalies);
    else
        append_guessed(bytes, out, anomalies);
}

/* ---- public ---- */

/* Without `name` the bytes are what they look like, and nothing is wrong about that. */
void charset_append(GString *out, slice bytes, slice name, anomaly_set *anomalies)
{
    const charset_row *row = charset_find(name);
    if (!row)
        mark(anomalies, ANOMALY_UNKNOWN_CHARSET);
    switch (row ? row->kind : KIND_GUESS) {
    case KIND_ASCII:
        if (!charset_is_ascii(bytes))
            mark(anomalies, ANOMALY_BAD_CHARSET_BYTES);
        append_guess(bytes, out, anomalies);
        break;
    case KIND_GUESS:
        append_guess(bytes, out, anomalies);
        break;
    case KIND_UTF8:
        append_utf8(out, bytes, anomalies);
        break;
    case KIND_UTF16:
        append_utf16(row, bytes, out, anomalies);
        break;
    case KIND_UTF32:
        append_utf32(row, bytes, out, anomalies);
        break;
    case KIND_ISO_2022_JP:
        append_iso_2022_jp(row, bytes, out, anomalies);
        break;
    case KIND_HZ:
        append_hz(bytes, out, anomalies);
        break;
    case KIND_UTF16LE:
    case KIND_UTF32LE:
    case KIND_ICONV:
        row_append(row, bytes, out, anomalies);
        break;
    }
}

char *charset_to_utf8(slice bytes, slice name, anomaly_set *anomalies)
{
    if (name.len == 0 && charset_is_plain(bytes))
        return slice_dup(bytes);
    GString *out = g_string_sized_new(bytes.len + 1);
    charset_append(out, bytes, name, anomalies);
    return g_string_free(out, FALSE);
}

static gboolean needs_cleaning(gunichar c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
}

char *charset_one_line(char *text)
{
    const char *p = text;
    while ((guint8)*p >= 0x20 && (guint8)*p < 0x7F)
        p++;
    while (*p && !needs_cleaning(g_utf8_get_char(p)))
        p = g_utf8_next_char(p);
    if (!*p)
        return text;
    GString *out = g_string_new_len(text, p - text);
    for (; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '\t' || c == '\r' || c == '\n')
            g_string_append_c(out, ' ');
        else
            g_string_append_unichar(out, needs_cleaning(c) ? 0xFFFD : c);
    }
    g_free(text);
    return g_string_free(out, FALSE);
}
