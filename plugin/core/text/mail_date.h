/* mail_date.h
 * The date of a Date or Received field as a moment in time. RFC 5322 3.3 and 4.3, and what
 * else is found: RFC 850 and asctime() order, month before day, no seconds, no zone.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MAIL_DATE_H
#define MAILXTRA_MAIL_DATE_H

#include "slice.h"

typedef struct mail_date {
    gint64 epoch;        /* seconds since 1970-01-01 00:00 UTC; as if in UTC when the zone is not known */
    gint zone_minutes;   /* east of Greenwich; 0 when not known */
    gboolean zone_known; /* FALSE: none, "-0000" or a name that stands for several (RFC 5322 3.3, 4.3) */
} mail_date;

/* Reads a date (raw, as behind the colon or the semicolon; comments and folding are passed over). Years of two
 * and three digits are RFC 5322 4.3's. FALSE: no day, month, year and time in it, or one that cannot
 * be; *date_r is then untouched. */
gboolean mail_date_parse(slice raw, mail_date *date_r);

#endif
