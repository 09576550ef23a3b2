/* imap_item.h
 * What an IMAP command or response says, as a flat list of named values: the names are one table, from which
 * the filter fields are made, too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_ITEM_H
#define MAILXTRA_IMAP_ITEM_H

#include "slice.h"

/* clang-format off */
/* X(ENUM, "filter name behind mailxtra.imap.", STRING or NUMBER, "title", "description") */
#define IMAP_ITEM_LIST(X)                                                                                            \
    X(UNTAGGED, "untagged", STRING, "Untagged response", "Its name, in upper case: FETCH, EXISTS, LIST, ...")         \
    X(CODE, "code", STRING, "Response code", "In upper case: UIDVALIDITY, ALERT, APPENDUID, ...")                     \
    X(CODE_ARGUMENT, "code.argument", STRING, "Response code argument", "What stands behind the code")                \
    X(BY_UID, "by_uid", STRING, "By UID", "The command has UID in front of it: its numbers are UIDs")                 \
    X(SEQUENCE, "sequence", NUMBER, "Sequence number", "The message's place in the mailbox: FETCH, EXPUNGE")          \
    X(SET, "set", STRING, "Message set", "Sequence numbers or UIDs: FETCH, STORE, COPY, VANISHED, ...")               \
    X(EXISTS, "exists", NUMBER, "Messages in the mailbox", "EXISTS")                                                  \
    X(RECENT, "recent", NUMBER, "Recent messages", "RECENT")                                                          \
    X(MAILBOX, "mailbox", STRING, "Mailbox", "Name, modified UTF-7 decoded")                                          \
    X(SEPARATOR, "mailbox.separator", STRING, "Hierarchy separator", "LIST, LSUB, NAMESPACE")                         \
    X(MAILBOX_ATTRIBUTE, "mailbox.attribute", STRING, "Mailbox attribute", "LIST: \\Noselect, \\Sent, ...")           \
    X(FETCH_ITEM, "fetch", STRING, "Asked for", "One data item of a FETCH command")                                   \
    X(UID, "uid", NUMBER, "UID", "Unique identifier of the message")                                                  \
    X(UIDVALIDITY, "uidvalidity", NUMBER, "UIDVALIDITY", "While it stays the same, so do the UIDs")                   \
    X(UIDNEXT, "uidnext", NUMBER, "UIDNEXT", "The next message gets at least this UID")                               \
    X(UNSEEN, "unseen", NUMBER, "First unseen message", "Response code UNSEEN")                                       \
    X(MODSEQ, "modseq", NUMBER, "Modification sequence", "RFC 7162: MODSEQ, HIGHESTMODSEQ")                           \
    X(FLAG, "flags", STRING, "Flag", "One flag: \\Seen, $Forwarded, ...")                                             \
    X(INTERNALDATE, "internaldate", STRING, "Internal date", "When the message came to the server")                   \
    X(SIZE, "size", NUMBER, "Message size", "RFC822.SIZE, octets")                                                    \
    X(SECTION, "section", STRING, "Section", "What of the message: 2, 2.MIME, HEADER, TEXT; empty: all of it")        \
    X(ORIGIN, "section.origin", NUMBER, "From octet", "Of a partial fetch")                                           \
    X(LENGTH, "section.length", NUMBER, "Octets", "Announced by the literal, or asked for by a partial FETCH")        \
    X(NAME, "item.name", STRING, "Name", "Of a pair in STATUS, ID, METADATA or an unknown FETCH item")                \
    X(VALUE, "item.value", STRING, "Value", "Of a pair in STATUS, ID, METADATA or an unknown FETCH item")             \
    X(SEARCH, "search", STRING, "Found", "SEARCH, SORT, THREAD, ESEARCH: what the server says")                       \
    X(QUOTA_ROOT, "quota.root", STRING, "Quota root", "RFC 9208")                                                     \
    X(QUOTA_RESOURCE, "quota.resource", STRING, "Quota resource", "STORAGE, MESSAGE, ...")                            \
    X(QUOTA_USAGE, "quota.usage", NUMBER, "Quota usage", "Of the resource")                                           \
    X(QUOTA_LIMIT, "quota.limit", NUMBER, "Quota limit", "Of the resource")                                           \
    X(NAMESPACE, "namespace", STRING, "Namespace", "Prefix of mailbox names, RFC 2342")                               \
    X(URL, "url", STRING, "URL", "Of a message or a piece of one: URLFETCH, GENURLAUTH (RFC 4467)")                   \
    X(ENVELOPE, "envelope", STRING, "Envelope", "What the server read from the message's header")                     \
    X(ENVELOPE_DATE, "envelope.date", STRING, "Date", "ENVELOPE")                                                     \
    X(ENVELOPE_SUBJECT, "envelope.subject", STRING, "Subject", "ENVELOPE, decoded")                                   \
    X(ENVELOPE_FROM, "envelope.from", STRING, "From", "ENVELOPE, decoded: all addresses")                               \
    X(ENVELOPE_SENDER, "envelope.sender", STRING, "Sender", "ENVELOPE, decoded: all addresses")                         \
    X(ENVELOPE_REPLY_TO, "envelope.reply_to", STRING, "Reply-To", "ENVELOPE, decoded: all addresses")                   \
    X(ENVELOPE_TO, "envelope.to", STRING, "To", "ENVELOPE, decoded: all addresses")                                     \
    X(ENVELOPE_CC, "envelope.cc", STRING, "Cc", "ENVELOPE, decoded: all addresses")                                     \
    X(ENVELOPE_BCC, "envelope.bcc", STRING, "Bcc", "ENVELOPE, decoded: all addresses")                                  \
    X(ENVELOPE_IN_REPLY_TO, "envelope.in_reply_to", STRING, "In-Reply-To", "ENVELOPE")                                \
    X(ENVELOPE_MESSAGE_ID, "envelope.message_id", STRING, "Message-ID", "ENVELOPE")                                   \
    X(BODY, "body", STRING, "Body structure", "One part of it: its part number")                                      \
    X(BODY_TYPE, "body.type", STRING, "Type", "BODYSTRUCTURE, lower case")                                            \
    X(BODY_PARAMETER, "body.parameter", STRING, "Parameter", "BODYSTRUCTURE: name=value")                             \
    X(BODY_FILENAME, "body.filename", STRING, "File name", "BODYSTRUCTURE, decoded")                                  \
    X(BODY_ID, "body.id", STRING, "Content id", "BODYSTRUCTURE")                                                      \
    X(BODY_DESCRIPTION, "body.description", STRING, "Description", "BODYSTRUCTURE, decoded")                          \
    X(BODY_ENCODING, "body.encoding", STRING, "Transfer encoding", "BODYSTRUCTURE, lower case")                       \
    X(BODY_OCTETS, "body.octets", NUMBER, "Octets", "BODYSTRUCTURE, as transferred")                                  \
    X(BODY_DISPOSITION, "body.disposition", STRING, "Disposition", "BODYSTRUCTURE, lower case")
/* clang-format on */

typedef enum imap_item_kind {
#define X(id, name, type, title, text) IMAP_ITEM_##id,
    IMAP_ITEM_LIST(X)
#undef X
        IMAP_ITEM_COUNT
} imap_item_kind;

typedef struct imap_item {
    imap_item_kind kind;
    guint depth;          /* 0: of the line itself; n: of the nearest item in front with depth n - 1 */
    slice text;           /* STRING */
    guint64 number;       /* NUMBER */
    gsize offset, length; /* in the line */
} imap_item;

/* A list under construction, which owns the texts that are not pieces of the line. At most LIMIT_IMAP_ITEMS; what is
 * beyond is passed over. */
typedef struct imap_items {
    GArray *array;   /* of imap_item */
    GPtrArray *kept; /* of char* */
} imap_items;

void imap_items_init(imap_items *items);
void imap_items_clear(imap_items *items);
void imap_items_reset(imap_items *items);

/* Adds an item that stands at [offset, offset + length) of the line. The text is borrowed in _add, taken over
 * in _take (g_free). */
void imap_items_add(imap_items *items, imap_item_kind kind, guint depth, slice text, gsize offset, gsize length);
void imap_items_take(imap_items *items, imap_item_kind kind, guint depth, char *text, gsize offset, gsize length);
void imap_items_number(imap_items *items, imap_item_kind kind, guint depth, guint64 number, gsize offset, gsize length);

/* The first item of that kind; NULL: none. */
const imap_item *imap_items_find(const imap_items *items, imap_item_kind kind);

#endif
