/* save_dir.h
 * A folder that files are saved to, with a manifest. Nothing that is there already is ever touched, no link is
 * followed, and what could not be written whole does not stay.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SAVE_DIR_H
#define MAILXTRA_SAVE_DIR_H

#include "slice.h"

typedef struct save_dir save_dir;

/* Opens the folder, making it if it is not there, and begins a new manifest in it: manifest.jsonl, or the next free
 * name. NULL: not possible, *error_r says why (g_free() it). */
save_dir *save_dir_open(const char *path, char **error_r);
void save_dir_close(save_dir *dir);

/* Begins a file under `name` (safe, see export_name.h) or a free variation of it; behind SAVE_DIR_FILES files in a new
 * folder inside, so that no folder gets too large. What goes wrong is in the result of save_dir_end(). */
#define SAVE_DIR_FILES 10000
void save_dir_begin(save_dir *dir, const char *name);

/* The next bytes of the file that was begun. */
void save_dir_write(save_dir *dir, slice bytes);

/* The file is over. Returns its name below the folder, g_free() it; NULL: not saved, *error_r says why. */
char *save_dir_end(save_dir *dir, char **error_r);

/* Takes back the file saved last: it could not be entered in the manifest. */
void save_dir_undo(save_dir *dir);

/* Adds a line to the manifest, whole or not at all. FALSE: not at all. */
gboolean save_dir_enter(save_dir *dir, const GString *line, char **error_r);

#endif
