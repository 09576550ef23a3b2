/* mail_date.c
 *
 *   date-time = [day-name ","] day month year hour ":" minute [":" second] zone
 *
 * The words are taken by what they look like, not by where they stand: "Tue, 18 Mar 1997 14:36:14 -0800",
 * "Tue Mar 18 14:36:14 1997", "Wed, Jul 30 1997 16:39:50 -0800 (PST)" and "1997-03-18 14:36:14" all read the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_date.h"

#include "rfc822_lexer.h"

/* Words looked at: a full date has seven. */
#define LIMIT_DATE_WORDS 12

/* A word of a date is no longer than a spelt-out month or zone. */
#define LIMIT_DATE_WORD_BYTES 32

#define NOT_SET G_MININT

/* What has been found so far. */
typedef struct date_words {
    gint day, month, year, hour, minute, second; /* NOT_SET: not yet */
    gint zone_minutes;
    gboolean has_zone, zone_known;
} date_words;

static const char month_names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

/* RFC 5322 4.3; all other names and the military letters (which RFC 822 had wrong) say nothing sure. */
static const struct {
    const char *name;
    gint hours;
} zone_names[] = {
    {"UT", 0},   {"UTC", 0},  {"GMT", 0},  {"Z", 0},    {"EST", -5}, {"EDT", -4},
    {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7},
};

static gboolean all_digits(slice s)
{
    for (gsize i = 0; i < s.len; i++)
        if (!g_ascii_isdigit(s.data[i]))
            return FALSE;
    return s.len > 0;
}

/* At most nine digits, so it cannot overflow. */
static gint number_of(slice digits)
{
    gint value = 0;
    for (gsize i = 0; i < digits.len && i < 9; i++)
        value = value * 10 + (digits.data[i] - '0');
    return value;
}

/* Takes leading digits of *s. */
static gint take_number(slice *s)
{
    gsize len = 0;
    while (len < s->len && g_ascii_isdigit(s->data[len]))
        len++;
    gint value = len && len <= 9 ? number_of(slice_head(*s, len)) : NOT_SET;
    *s = slice_from(*s, len);
    return value;
}

static gboolean take_byte(slice *s, char wanted)
{
    if (s->len == 0 || s->data[0] != (guint8)wanted)
        return FALSE;
    *s = slice_from(*s, 1);
    return TRUE;
}

/* RFC 5322 4.3: two digits below 50 are 20xx, other two and three digits 19xx. */
static gint full_year(gint year, gsize digits)
{
    if (digits <= 2)
        return year < 50 ? 2000 + year : 1900 + year;
    return digits == 3 ? 1900 + year : year;
}

/* hh:mm[:ss[.fraction]] [AM/PM is not read] */
static void take_time(slice word, date_words *date)
{
    date->hour = take_number(&word);
    date->minute = take_byte(&word, ':') ? take_number(&word) : NOT_SET;
    date->second = take_byte(&word, ':') ? take_number(&word) : 0;
}

/* 1997-03-18, and 18-Mar-1997 as RFC 850 has it */
static gint month_of(slice word);
static void take_hyphenated(slice word, date_words *date)
{
    slice rest = word;
    gint first = take_number(&rest);
    gsize first_digits = word.len - rest.len;
    take_byte(&rest, '-');
    gsize len = 0;
    while (len < rest.len && rest.data[len] != '-')
        len++;
    slice middle = slice_head(rest, len);
    rest = slice_from(rest, len + 1);
    date->month = all_digits(middle) ? number_of(middle) : month_of(middle);
    gsize last_digits = rest.len;
    gint last = all_digits(rest) ? number_of(rest) : NOT_SET;
    if (first_digits == 4) {
        date->year = first;
        date->day = last;
    } else {
        date->day = first;
        date->year = last == NOT_SET ? NOT_SET : full_year(last, last_digits);
    }
}

/* "+0800" and "-0330"; "-0000" says that the zone is not known. */
static void take_offset(slice word, date_words *date)
{
    slice digits = slice_from(word, 1);
    if (date->has_zone || digits.len != 4 || !all_digits(digits))
        return;
    gint value = number_of(digits);
    gint minutes = value / 100 * 60 + value % 100;
    date->has_zone = TRUE;
    date->zone_known = word.data[0] == '+' || value != 0;
    date->zone_minutes = word.data[0] == '-' ? -minutes : minutes;
}

static gint month_of(slice word)
{
    for (gint month = 0; word.len >= 3 && month < 12; month++)
        if (g_ascii_strncasecmp((const char *)word.data, month_names + 3 * month, 3) == 0)
            return month + 1;
    return NOT_SET;
}

static void take_name(slice word, date_words *date)
{
    gint month = month_of(word);
    if (month != NOT_SET && date->month == NOT_SET) {
        date->month = month;
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(zone_names) && !date->has_zone; i++)
        if (slice_is(word, zone_names[i].name)) {
            date->has_zone = date->zone_known = TRUE;
            date->zone_minutes = zone_names[i].hours * 60;
        }
}

static void take_digits(slice word, date_words *date)
{
    gint value = number_of(word);
    if (word.len <= 2 && date->day == NOT_SET)
        date->day = value;
    else if (word.len <= 4 && date->year == NOT_SET)
        date->year = full_year(value, word.len);
}

static void take_word(slice word, date_words *date)
{
    guint8 first = word.data[0];
    if (memchr(word.data, ':', word.len) && g_ascii_isdigit(first)) {
        if (date->hour == NOT_SET)
            take_time(word, date);
    } else if ((first == '+' || first == '-') && date->hour != NOT_SET) {
        take_offset(word, date);
    } else if (g_ascii_isdigit(first) && memchr(word.data, '-', word.len)) {
        if (date->day == NOT_SET && date->month == NOT_SET)
            take_hyphenated(word, date);
    } else if (all_digits(word)) {
        take_digits(word, date);
    } else {
        take_name(word, date);
    }
}

/* The next word at the cursor; commas separate as blanks do. FALSE: none left. */
static gboolean next_word(slice *cursor, slice *word_r)
{
    for (;;) {
        rfc822_skip_cfws(cursor);
        if (!take_byte(cursor, ','))
            break;
    }
    gsize len = 0;
    while (len < cursor->len && !rfc822_is_lwsp(cursor->data[len]) && cursor->data[len] != ',' &&
           cursor->data[len] != '(')
        len++;
    *word_r = slice_head(*cursor, len);
    *cursor = slice_from(*cursor, len);
    return len > 0;
}

static gboolean is_leap(gint year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static gint days_in(gint month, gint year)
{
    static const gint days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static gboolean is_possible(const date_words *date)
{
    return date->year >= 1900 && date->year <= 9999 && date->month >= 1 && date->month <= 12 && date->day >= 1 &&
           date->day <= days_in(date->month, date->year) && date->hour >= 0 && date->hour <= 23 && date->minute >= 0 &&
           date->minute <= 59 && date->second >= 0 && date->second <= 60;
}

/* Days from 1970-01-01 to the first of January. */
static gint64 days_to_year(gint year)
{
    gint64 before = year - 1;
    return (gint64)(year - 1970) * 365 + (before / 4 - before / 100 + before / 400) -
           (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static gint64 epoch_of(const date_words *date)
{
    gint64 days = days_to_year(date->year) + date->day - 1;
    for (gint month = 1; month < date->month; month++)
        days += days_in(month, date->year);
    return ((days * 24 + date->hour) * 60 + date->minute - date->zone_minutes) * 60 + date->second;
}

gboolean mail_date_parse(slice raw, mail_date *date_r)
{
    date_words date = {NOT_SET, NOT_SET, NOT_SET, NOT_SET, NOT_SET, 0, 0, FALSE, FALSE};
    slice word;
    for (guint count = 0; count < LIMIT_DATE_WORDS && next_word(&raw, &word); count++)
        if (word.len <= LIMIT_DATE_WORD_BYTES)
            take_word(word, &date);
    if (!is_possible(&date))
        return FALSE;
    *date_r = (mail_date){epoch_of(&date), date.zone_minutes, date.zone_known};
    return TRUE;
}
