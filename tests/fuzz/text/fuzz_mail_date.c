/* fuzz_mail_date.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_date.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    mail_date date;
    if (mail_date_parse((slice){data, size}, &date))
        g_assert(date.epoch > G_GINT64_CONSTANT(-2300000000) && date.zone_minutes > -7000 && date.zone_minutes < 7000);
    return 0;
}
