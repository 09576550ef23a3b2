/* imap_pieces.h
 * Joins what clients fetch of a message in pieces: partial fetches ("BODY[]<0.20480>"), header and text, single
 * parts. A message is known by a key that the caller makes of mailbox, UIDVALIDITY and UID.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_PIECES_H
#define MAILXTRA_IMAP_PIECES_H

#include "mail_event.h"

/* One literal while it comes in. */
typedef struct imap_piece imap_piece;
imap_piece *imap_piece_new(void);
void imap_piece_free(imap_piece *piece);
/* `where`: the frame; `tag`: anything of the caller's, given back with the bytes. */
void imap_piece_append(imap_piece *piece, slice bytes, guint32 where, gpointer tag);
void imap_piece_gap(imap_piece *piece, guint64 missing);

typedef enum imap_joined_kind {
    IMAP_JOINED_MESSAGE, /* a whole mail */
    IMAP_JOINED_PART,    /* one part of it, behind a header that says its type, name and encoding */
    IMAP_JOINED_HEADER   /* (a piece of) the header of the message or a part */
} imap_joined_kind;

/* A stretch of the joined bytes, or a hole in them. */
typedef struct imap_run {
    slice bytes;
    guint32 where;
    gpointer tag;
    guint64 missing;      /* 0: bytes */
    gboolean not_fetched; /* of a hole: nobody asked for those bytes, as far as the capture shows */
} imap_run;

typedef struct imap_joined {
    imap_joined_kind kind;
    const char *section;        /* PART: its number */
    const GArray *runs;         /* of imap_run, in order */
    gboolean cut;               /* the end is not there */
    gboolean guessed;           /* PART: nothing says what it is */
    const char *subject, *from; /* of the message, raw; NULL: not known */
} imap_joined;

typedef void (*imap_joined_sink)(const imap_joined *joined, void *user);

typedef struct imap_pieces imap_pieces;
imap_pieces *imap_pieces_new(void);
void imap_pieces_free(imap_pieces *pieces);

/* What a FETCH response says beside the pieces: structure, envelope, size. A part of which nothing was known waits for
 * that: the sink is called for each thing that has become whole with it. */
void imap_pieces_note(imap_pieces *pieces, const char *key, const mail_imap *imap, imap_joined_sink sink, void *user);

/* A piece is over; it is taken over. `cut`: its end was not seen. The sink is called for each thing that has become
 * whole with it. FALSE: a bound is reached (LIMIT_IMAP_MAILS, LIMIT_IMAP_PIECES_BYTES, LIMIT_MESSAGE_BYTES), the piece
 * is dropped. */
gboolean imap_pieces_add(imap_pieces *pieces, const char *key, const mail_imap *imap, imap_piece *piece, gboolean cut,
                         imap_joined_sink sink, void *user);

/* The message that was known as `from` is known as `to` from now on. FALSE: there is none, or another one has that key.
 */
gboolean imap_pieces_rename(imap_pieces *pieces, const char *from, const char *to);

/* Nothing more comes for that message: what is there and was not handed out is, with holes where nothing was fetched.
 */
void imap_pieces_finish(imap_pieces *pieces, const char *key, imap_joined_sink sink, void *user);

#endif
