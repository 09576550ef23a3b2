/* file_extension.h
 * What the end of a file name promises: one table of extensions for all who ask.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_FILE_EXTENSION_H
#define MAILXTRA_FILE_EXTENSION_H

#include "slice.h"

typedef enum file_extension_kind {
    FILE_EXTENSION_OTHER,      /* not in the table, or none */
    FILE_EXTENSION_DOCUMENT,   /* what people open without fear: documents, pictures, music, archives */
    FILE_EXTENSION_MARKUP,     /* opens in a browser and may run scripts there: html, svg */
    FILE_EXTENSION_IMAGE,      /* a disk image: opens as a drive, and its files lose the mark of the web */
    FILE_EXTENSION_EXECUTABLE, /* a double click runs it: programs, scripts, shortcuts */
} file_extension_kind;

/* The extension behind the last dot of a name's last component, without blanks and dots that Windows drops; empty:
 * none. Borrowed. */
slice file_extension_of(slice name);

/* What kind it is, ASCII letters compared without case. */
file_extension_kind file_extension_classify(slice extension);

/* The media type that a document's extension stands for; NULL: none, or more than one. Static. */
const char *file_extension_type(slice extension);

/* Is the real extension behind a harmless one ("invoice.pdf.exe", "scan.pdf        .scr", "a.doc.html")? */
gboolean file_extension_is_double(slice name);

/* Does the name (UTF-8) have a character that turns the direction of what follows, as in
 * "annexe<U+202E>fdp.exe"? The overrides (U+202D, U+202E) and the right-to-left isolate (U+2067); marks, embeddings and
 * the other isolates stand in honest Hebrew, Arabic and translated names. */
gboolean file_extension_has_override(const char *name);

#endif
