/* stat_tables.h
 * Tables of mails, of their ways and of sessions: `-z mailxtra,messages`, `-z mailxtra,trace`, `-z mailxtra,sessions`,
 * each with
 * ",FILTER", and in the GUI under Statistics.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STAT_TABLES_H
#define MAILXTRA_STAT_TABLES_H

#include "ws_compat.h"

void stat_tables_register(void);

#endif
