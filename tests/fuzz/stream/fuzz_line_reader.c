/* fuzz_line_reader.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "line_reader.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

/* First byte: size of the pieces. The lines have to cover the stream without a hole. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    line_reader *reader = line_reader_new();
    gsize piece = size ? data[0] + 1 : 1;
    stream_cursor in = {SLICE_EMPTY, 0};
    guint64 reached = 0;
    text_line line;

    for (size_t at = 1; at < size; at += piece) {
        in.bytes = (slice){data + at, MIN(piece, size - at)};
        while (line_reader_next(reader, &in, &line)) {
            g_assert(line.start == reached && line.end > line.start);
            reached = line.end;
        }
    }
    if (line_reader_flush(reader, &line))
        reached = line.end;
    g_assert(reached == in.offset);
    line_reader_free(reader);
    return 0;
}
