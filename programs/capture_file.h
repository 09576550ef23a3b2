/* capture_file.h
 * The frames of a capture file of any format that Wireshark reads, by wiretap. The only file of the programs that
 * includes Wireshark's headers is capture_file.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_CAPTURE_FILE_H
#define MAILXTRA_CAPTURE_FILE_H

#include "frame_reader.h"

typedef struct capture_file capture_file;

/* One at a time. A file without any bytes is a capture without frames, as for tshark. NULL: it cannot be read; *error_r
 * says why, in one line, the name included. g_free() that. */
capture_file *capture_file_open(const char *path, char **error_r);
void capture_file_close(capture_file *file);

/* The next frame; its bytes are valid until the next call. A record that is no frame (an event of another kind) has no
 * bytes. *number_r counts as Wireshark does, from 1. FALSE: there are no more, or *error_r says why the rest cannot be
 * read (NULL: the file ends). */
gboolean capture_file_next(capture_file *file, frame *frame_r, guint64 *number_r, char **error_r);

#endif
