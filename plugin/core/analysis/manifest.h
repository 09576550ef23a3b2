/* manifest.h
 * The lines of a manifest of what was saved: docs/manifest.md says what each member means. A line is made in the order
 * of the functions here: manifest_message() once for each message, then for each of its lines manifest_*_begin(),
 * manifest_object(), manifest_digest() and manifest_file().
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MANIFEST_H
#define MAILXTRA_MANIFEST_H

#include "message_analysis.h"

/* Counts up when a member changes its meaning. */
#define MANIFEST_SCHEMA 1

/* ---- the first and the last line, whole ---- */

typedef struct manifest_options {
    gboolean messages;    /* are mails saved, too? */
    char *const *digests; /* names of the hashes, NULL-terminated */
    guint64 capture_size; /* bytes, as given; 0: not given */
    const char *filter;   /* NULL: none */
} manifest_options;

void manifest_begin(GString *line, const char *plugin_version, const manifest_options *options);

typedef struct manifest_counts {
    guint64 messages, attachments; /* lines of either kind */
    guint64 failed;                /* objects and lines that could not be saved */
} manifest_counts;

/* Without this line the run was interrupted. */
void manifest_end(GString *line, const manifest_counts *counts);

/* ---- what all lines of a message say ---- */

/* One end of the connection. */
typedef struct manifest_endpoint {
    const char *address; /* as text */
    guint32 port;
    gboolean is_ipv6;
} manifest_endpoint;

typedef struct manifest_transfer {
    guint64 number;       /* of the message, from 1 */
    guint resets;         /* sessions with mail that were forgotten before */
    guint32 frame;        /* that completed the message */
    gint64 seconds;       /* when that was, since 1970, UTC */
    gint32 nanoseconds;   /* and these */
    const char *protocol; /* "SMTP", ... */
    manifest_endpoint client, server;
    const char *envelope_from; /* NULL: none */
    char *const *envelope_to;  /* NULL-terminated; NULL: none */
} manifest_transfer;

/* An object that is begun and not ended, for manifest_*_begin(). */
void manifest_message(GString *common, const manifest_transfer *transfer, message_analysis *analysis);

/* ---- the line of an object ---- */

/* A message with so many attachments; the part with that path, whose file name was sent as `name` (NULL: none). */
void manifest_message_begin(GString *line, const GString *common, guint attachments);
void manifest_attachment_begin(GString *line, const GString *common, const char *path, const char *name);

/* It is not known how much is missing, as the end or the beginning was not captured. */
#define MANIFEST_MISSING_UNKNOWN G_MAXUINT64

typedef struct manifest_content {
    const char *type; /* media type */
    guint64 size;     /* bytes that are there */
    gboolean complete;
    guint64 missing; /* bytes, or MANIFEST_MISSING_UNKNOWN */
} manifest_content;

void manifest_object(GString *line, const manifest_content *content);

/* `algorithm`: "sha256", ...; `digest`: in hexadecimal. */
void manifest_digest(GString *line, const char *algorithm, const char *digest);

/* Where the object was saved, below the folder (NULL: it was not), and why not (NULL: nothing went wrong). Ends the
 * line. */
void manifest_file(GString *line, const char *file, const char *error);

/* ---- how much is missing ---- */

/* Bytes missing in the part. `is_end_known`: is it known how far the message would have gone on? */
guint64 manifest_missing_of_part(const message_analysis *analysis, const mime_part *part, gboolean is_end_known);

#endif
