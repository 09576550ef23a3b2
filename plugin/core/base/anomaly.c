/* anomaly.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "anomaly.h"

static const anomaly_info anomaly_table[ANOMALY_COUNT] = {
#define X(name, filter, weight, text) [ANOMALY_##name] = {filter, ANOMALY_##weight, text},
    ANOMALY_LIST(X)
#undef X
};

const anomaly_info *anomaly_describe(anomaly_kind kind)
{
    return &anomaly_table[kind];
}
