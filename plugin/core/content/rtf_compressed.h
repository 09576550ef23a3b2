/* rtf_compressed.h
 * The RTF body of an Outlook mail, unpacked. [MS-OXRTFCP].
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_RTF_COMPRESSED_H
#define MAILXTRA_RTF_COMPRESSED_H

#include "anomaly.h"
#include "slice.h"

/* PidTagRtfCompressed to RTF: "LZFu" (compressed) or "MELA" (not). At most `limit` bytes. *anomalies
 * gets BAD_COMPRESSED and CONTENT_LIMIT; what could be unpacked is returned all the same. NULL: not of this form. Free
 * with g_byte_array_unref(). */
GByteArray *rtf_compressed_unpack(slice packed, gsize limit, anomaly_set *anomalies);

#endif
