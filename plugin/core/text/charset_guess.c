/* charset_guess.c
 * Each candidate converts the bytes, and what comes out is weighed: how much does it look like text of those who use
 * this charset? Without dictionaries, but with the characters that are most frequent, each two bytes of real text
 * weigh about 3, and the same bytes in a wrong charset around 0:
 *
 *   Chinese, Korean, Japanese    frequent characters and kana weigh most, those of the standard's first level some,
 *                                rare ones and symbols against it
 *   Cyrillic                     small letters weigh more than capitals; KOI8-R read as windows-1251, and the other way
 *                                round, has them swapped
 *   Latin                        letters with accents stand among letters without, seldom three in a row
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "charset_guess.h"

#include "charset.h"

enum { LOOK_BYTES = 64 * 1024 };

/* The most frequent characters of running text, and of what stands in subjects and file names. */
static const char simplified[] =
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种"
    "事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第"
    "公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合"
    "回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总"
    "何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听"
    "白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带"
    "导争运请您谢测试邮件附照片报告通知会议简历合同发票客户订单项目更新关于回复转发";
static const char traditional[] =
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種"
    "事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第"
    "公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西月話合回"
    "特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何"
    "電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻"
    "界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭"
    "運請您謝測試郵件附照片報告通知會議履歷合約發票客戶訂單專案更新關於回覆轉寄";
static const char hangul[] = "이다는을에의가하고지를사기한은로인그도나시있어리해서스대아일자것장부정수수전보제안만상년"
                             "오구과라여들면원회주성동우게신문화없경관용연국비조였음으문모와유금여공거위할세당기실적현"
                             "치러방중습니까감합요네저내선운날때말되학생미소호파메일첨부안녕하십계약서보고견적청구";

typedef struct weigher weigher;

/* What a candidate is and how its characters weigh. */
typedef struct candidate {
    const char *name;
    gint (*weigh)(const weigher *w, gunichar c);
    const char *frequent; /* NULL: no list */
    guint bytes;          /* of a character */
} candidate;

/* A character and what stands around it. */
struct weigher {
    const candidate *of;
    GHashTable *frequent;
    gunichar before, after; /* 0: none */
    guint run;              /* letters above ASCII up to this one, without a gap */
    guint8 lead, trail;     /* its bytes */
    gboolean in_word;       /* between two ASCII letters */
};

gboolean charset_guess_is_junk(gunichar c)
{
    if (c < 0x80)
        return (c < 0x20 && c != '\t' && c != '\r' && c != '\n' && c != 0x1B) || c == 0x7F;
    GUnicodeType type = g_unichar_type(c);
    return type == G_UNICODE_PRIVATE_USE || type == G_UNICODE_UNASSIGNED || type == G_UNICODE_SURROGATE ||
           type == G_UNICODE_CONTROL || c == 0xFFFD;
}

/* ---- two bytes a character ---- */

static gboolean is_frequent(const weigher *w, gunichar c)
{
    return g_hash_table_contains(w->frequent, GUINT_TO_POINTER(c));
}

static gboolean is_punctuation(gunichar c)
{
    return (c >= 0x3000 && c <= 0x3020) || (c >= 0xFF01 && c <= 0xFF5E) || (c >= 0x2010 && c <= 0x2026);
}

static gboolean is_han(gunichar c)
{
    return c >= 0x4E00 && c < 0xA000;
}

static gint weigh_gb(const weigher *w, gunichar c)
{
    if (is_frequent(w, c))
        return 30;
    if (is_punctuation(c))
        return 15;
    return is_han(c) && w->lead >= 0xB0 && w->lead <= 0xD7 && w->trail >= 0xA1 ? 12
           : is_han(c) && w->trail >= 0xA1                                     ? 0
                                                                               : -15;
}

static gint weigh_big5(const weigher *w, gunichar c)
{
    if (is_frequent(w, c))
        return 30;
    if (is_punctuation(c))
        return 15;
    return is_han(c) && w->lead >= 0xA4 && w->lead <= 0xC6 ? 12 : is_han(c) ? -5 : -15;
}

static gint weigh_korean(const weigher *w, gunichar c)
{
    if (is_frequent(w, c))
        return 30;
    if (is_punctuation(c))
        return 10;
    return c >= 0xAC00 && c < 0xD7A4 ? (w->lead >= 0xB0 && w->trail >= 0xA1 ? 12 : -20) : is_han(c) ? -10 : -15;
}

static gint weigh_japanese(const weigher *w, gunichar c)
{
    if (c >= 0x3041 && c <= 0x3096)
        return 30;
    if (c >= 0x30A1 && c <= 0x30FC)
        return 26;
    if (c >= 0xFF61 && c <= 0xFF9F) /* half a width: one byte in Shift_JIS, so that much fits */
        return -20;
    if (is_punctuation(c))
        return 15;
    gboolean first_level = w->lead < 0xA0 ? w->lead >= 0x88 && w->lead <= 0x98 : w->lead >= 0xB0 && w->lead <= 0xCF;
    return is_han(c) ? (is_frequent(w, c) ? 22 : first_level ? 12 : -5) : -15;
}

/* ---- one byte a character ---- */

static gboolean is_ascii_letter(gunichar c)
{
    return c < 0x80 && g_ascii_isalpha((char)c);
}

static gint weigh_cyrillic(const weigher *w, gunichar c)
{
    if (c < 0x400 || c > 0x45F)
        return (c >= 0x2010 && c <= 0x2026) || c == 0xAB || c == 0xBB || c == 0x2116 || c == 0xA0 ? 2 : -20;
    if (is_ascii_letter(w->before) || is_ascii_letter(w->after))
        return -15;
    if (g_unichar_isupper(c))
        return w->before >= 0x400 && g_unichar_islower(w->before) ? -25 : 5;
    return is_frequent(w, c) ? 17 : c == 0x451 || (c >= 0x430 && c <= 0x44F) ? 12 : 0;
}

static gint weigh_latin(const weigher *w, gunichar c)
{
    gboolean beside_letter = is_ascii_letter(w->before) || is_ascii_letter(w->after) || w->run > 1;
    if ((c >= 0x2010 && c <= 0x2026) || c == 0x20AC || c == 0xAB || c == 0xBB || c == 0xB0 || c == 0xA7 || c == 0xA0)
        return 6;
    if (!g_unichar_isalpha(c))
        return -10;
    if (w->run > 2)
        return -15;
    if (g_unichar_isupper(c) && w->before && g_unichar_islower(w->before))
        return -15;
    return beside_letter ? 15 : 5;
}

static const candidate candidates[] = {
    {"windows-1252", weigh_latin, NULL, 1},
    {"gb18030", weigh_gb, simplified, 2},
    {"big5", weigh_big5, traditional, 2},
    {"euc-kr", weigh_korean, hangul, 2},
    {"shift_jis", weigh_japanese, traditional, 2},
    {"euc-jp", weigh_japanese, traditional, 2},
    {"windows-1251", weigh_cyrillic, "оеаинтсрвлкмдпуяыьгзбчй", 1},
    {"koi8-r", weigh_cyrillic, "оеаинтсрвлкмдпуяыьгзбчй", 1},
};

static GHashTable *frequent_of(guint index)
{
    static GHashTable *sets[G_N_ELEMENTS(candidates)];
    if (sets[index])
        return sets[index];
    sets[index] = g_hash_table_new(NULL, NULL);
    for (const char *p = candidates[index].frequent; p && *p; p = g_utf8_next_char(p))
        g_hash_table_add(sets[index], GUINT_TO_POINTER(g_utf8_get_char(p)));
    return sets[index];
}

/* ---- the whole ---- */

/* Bytes of the character at s in this charset: where it is in two bytes, the second one may be ASCII. */
static gsize bytes_of(const candidate *of, slice s)
{
    gboolean kana =
        of->weigh == weigh_japanese && g_str_equal(of->name, "shift_jis") && s.data[0] >= 0xA1 && s.data[0] <= 0xDF;
    gboolean four = of->weigh == weigh_gb && s.len > 3 && s.data[1] >= '0' && s.data[1] <= '9';
    return s.data[0] < 0x80 || of->bytes == 1 || kana ? 1 : four ? 4 : MIN(2, s.len);
}

/* The weight of the bytes, of which `text` is what comes out; G_MININT: there is something in it that no text has. */
static gint weigh(guint index, slice bytes, const char *text)
{
    weigher w = {.of = &candidates[index], .frequent = frequent_of(index)};
    gint sum = 0;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        gsize used = bytes.len ? bytes_of(w.of, bytes) : 0;
        if (charset_guess_is_junk(c))
            return G_MININT;
        w.after = g_utf8_get_char(g_utf8_next_char(text));
        if (c >= 0x80) {
            w.run = g_unichar_isalpha(c) ? w.run + 1 : 0;
            w.lead = used ? bytes.data[0] : 0;
            w.trail = used > 1 ? bytes.data[1] : 0;
            w.in_word = is_ascii_letter(w.before) && is_ascii_letter(w.after);
            sum += w.in_word && w.of->bytes > 1 ? -15 : w.of->weigh(&w, c);
        } else {
            w.run = 0;
        }
        w.before = c;
        bytes = slice_from(bytes, used);
    }
    return sum;
}

const char *charset_guess(slice bytes)
{
    const char *best = "windows-1252";
    gint most = G_MININT;
    gsize len = bytes.len;
    if (len > LOOK_BYTES) /* not in the middle of a character */
        for (len = LOOK_BYTES; len > LOOK_BYTES / 2 && bytes.data[len - 1] != '\n' && bytes.data[len - 1] != ' ';)
            len--;
    bytes = slice_head(bytes, len);
    for (guint i = 0; i < G_N_ELEMENTS(candidates); i++) {
        anomaly_set met = 0;
        char *text = charset_to_utf8(bytes, slice_of(candidates[i].name), &met);
        gint weight = met ? G_MININT : weigh(i, bytes, text);
        if (weight > most) {
            most = weight;
            best = candidates[i].name;
        }
        g_free(text);
    }
    return best;
}
