/* fuzz_binhex.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "binhex.h"
#include "split_fuzzer.h"

SPLIT_FUZZER(binhex)
