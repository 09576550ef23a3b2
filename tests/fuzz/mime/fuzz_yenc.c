/* fuzz_yenc.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "yenc.h"
#include "split_fuzzer.h"

SPLIT_FUZZER(yenc)
