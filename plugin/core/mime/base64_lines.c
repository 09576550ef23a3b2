/* base64_lines.c
 * With AVX2 32 characters are looked at and decoded at once, also where fewer are of use: what is written too much is
 * written over by what follows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "base64_lines.h"

#include "base64_digit.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAS_AVX2_BUILD
#include <immintrin.h>
#endif

/* What a character is worth at each of the four places of a quantum, its first bit topmost. The lowest byte is no part
 * of the value: it says of what kind the character is. */
enum { NO_DIGIT = 1, PLUS_OR_SLASH = 2 };
static guint32 values[4][256];

static void fill_values(void)
{
    for (guint c = 0; c < 256; c++) {
        gint digit = base64_digit((guint8)c, '/');
        for (guint place = 0; place < 4; place++)
            values[place][c] =
                digit < 0 ? NO_DIGIT : (guint32)digit << (26 - 6 * place) | (digit >= 62 ? PLUS_OR_SLASH : 0);
    }
}

static inline __attribute__((always_inline)) void plain_quanta(base64_lines *l)
{
    guint32 met = 0;
    for (; l->stop - l->at >= 4; l->at += 4, l->out += 3) {
        guint32 bits = values[0][l->at[0]] | values[1][l->at[1]] | values[2][l->at[2]] | values[3][l->at[3]];
        if (bits & NO_DIGIT)
            break;
        met |= bits;
        bits = GUINT32_TO_BE(bits);
        memcpy(l->out, &bits, sizeof bits);
    }
    l->standard = l->standard || (met & PLUS_OR_SLASH);
}

/* The line end at `at`, if one is there. */
static inline __attribute__((always_inline)) gboolean pass_line_end(base64_lines *l)
{
    const guint8 *lf = l->at < l->stop && *l->at == '\r' ? l->at + 1 : l->at;
    if (lf >= l->stop || *lf != '\n')
        return FALSE;
    l->any_line = TRUE;
    l->column = 0;
    l->at = lf + 1;
    return TRUE;
}

void base64_lines_decode_plain(base64_lines *lines)
{
    base64_lines l = *lines; /* a copy that nothing else can point to */
    if (!values[0][0])
        fill_values();
    do {
        const guint8 *line = l.at;
        plain_quanta(&l);
        l.column += (gsize)(l.at - line);
    } while (pass_line_end(&l));
    *lines = l;
}

#ifdef HAS_AVX2_BUILD

/* The same 16 bytes in both halves. */
#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

/* The values of 32 characters; *bad_r: a bit for each that is none of the alphabet. The alphabet lies in rows of 16 of
 * the ASCII table: 2 has "+" and "/", 3 the digits, 4 and 5 the capitals, 6 and 7 the small letters. `wrong_columns`
 * has for each column in which kinds of rows nothing of the alphabet stands there (1: row 2, 2: row 3, 4: rows 4 and 6,
 * 8: rows 5 and 7, 16: any other), `kinds` of which kind each row is, and `shifts` what leads from character to value.
 */
__attribute__((target("avx2"))) static inline __m256i sextets(__m256i characters, guint32 *bad_r)
{
    const __m256i wrong_columns = TWICE(21, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19, 26, 27, 27, 27, 26);
    const __m256i kinds = TWICE(16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16);
    const __m256i shifts = TWICE(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0); /* 1: of "/" */
    const __m256i low_half = _mm256_set1_epi8(15);
    __m256i rows = _mm256_and_si256(_mm256_srli_epi16(characters, 4), low_half);
    __m256i columns = _mm256_and_si256(characters, low_half);
    __m256i wrong = _mm256_and_si256(_mm256_shuffle_epi8(wrong_columns, columns), _mm256_shuffle_epi8(kinds, rows));
    __m256i slashes = _mm256_cmpeq_epi8(characters, _mm256_set1_epi8('/'));
    *bad_r = ~(guint32)_mm256_movemask_epi8(_mm256_cmpeq_epi8(wrong, _mm256_setzero_si256()));
    return _mm256_add_epi8(characters, _mm256_shuffle_epi8(shifts, _mm256_add_epi8(rows, slashes)));
}

/* 32 times 6 bits to 24 bytes, in front. */
__attribute__((target("avx2"))) static inline __m256i join(__m256i values_of_6_bits)
{
    const __m256i order = TWICE(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    __m256i pairs = _mm256_maddubs_epi16(values_of_6_bits, _mm256_set1_epi16(0x0140));
    __m256i quanta = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(quanta, order), _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
}

__attribute__((target("avx2"))) static inline void avx2_quanta(base64_lines *l)
{
    while (l->stop - l->at >= 32) {
        guint32 bad;
        __m256i digits = sextets(_mm256_loadu_si256((const __m256i *)(const void *)l->at), &bad);
        guint32 special = (guint32)_mm256_movemask_epi8(_mm256_cmpgt_epi8(digits, _mm256_set1_epi8(61)));
        guint taken = bad ? (guint)__builtin_ctz(bad) & ~3u : 32;
        _mm256_storeu_si256((__m256i *)(void *)l->out, join(digits));
        l->standard = l->standard || (special & (guint32)(((guint64)1 << taken) - 1));
        l->at += taken;
        l->out += taken / 4 * 3;
        if (bad)
            return;
    }
    plain_quanta(l);
}

/* How far ahead memory is asked for: a mail of some megabytes is not in the cache any more when it is over. */
enum { AHEAD = 4096 };

/* Full lines like the one before: `width` characters and CRLF. As nothing that was read decides where the next line
 * begins, the processor is ahead with it. */
__attribute__((target("avx2"))) static inline void avx2_equal_lines(base64_lines *l, gsize width)
{
    while ((gsize)(l->stop - l->at) >= width + 32 && l->at[width] == '\r' && l->at[width + 1] == '\n') {
        guint32 special = 0, bad = 0;
        __builtin_prefetch((const void *)((guintptr)l->at + AHEAD));
        __builtin_prefetch((const void *)((guintptr)l->at + AHEAD + 64));
        for (gsize i = 0; i < width; i += 32) {
            guint32 bad_here, of_line = (guint32)(((guint64)1 << MIN(width - i, 32)) - 1);
            __m256i digits = sextets(_mm256_loadu_si256((const __m256i *)(const void *)(l->at + i)), &bad_here);
            special |= (guint32)_mm256_movemask_epi8(_mm256_cmpgt_epi8(digits, _mm256_set1_epi8(61))) & of_line;
            bad |= bad_here & of_line;
            _mm256_storeu_si256((__m256i *)(void *)(l->out + i / 4 * 3), join(digits));
        }
        if (bad)
            return;
        l->standard = l->standard || special;
        l->at += width + 2;
        l->out += width / 4 * 3;
    }
}

__attribute__((target("avx2"))) static void decode_avx2(base64_lines *lines)
{
    base64_lines l = *lines; /* a copy that nothing else can point to */
    gsize width = 0;
    do {
        if (width)
            avx2_equal_lines(&l, width);
        const guint8 *line = l.at;
        avx2_quanta(&l);
        width = (gsize)(l.at - line);
        l.column += width;
    } while (pass_line_end(&l));
    *lines = l;
}

static gboolean has_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}
#else
static void decode_avx2(base64_lines *lines)
{
    base64_lines_decode_plain(lines);
}

static gboolean has_avx2(void)
{
    return FALSE;
}
#endif

void base64_lines_decode(base64_lines *lines)
{
    if (!values[0][0])
        fill_values();
    if (has_avx2())
        decode_avx2(lines);
    else
        base64_lines_decode_plain(lines);
}
