/* imap_pieces.c
 *
 * A section ("", "TEXT", "2", "2.MIME", ...) of a message is a sequence of runs by their offset. It is whole when it
 * is covered from 0 to its end, and the end is known:
 *   - it was fetched whole;
 *   - a partial fetch gave less than was asked for (RFC 9051 6.4.5: the octets that are there);
 *   - RFC822.SIZE or BODYSTRUCTURE said its size.
 * Lost bytes count as covered: they were fetched. Fetched again, they are filled.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_pieces.h"
#include "header.h"
#include "imap_bodystructure.h"
#include "limits.h"

typedef struct stored_run {
    guint64 offset, length;
    GByteArray *bytes; /* NULL: lost */
    guint32 where;
    gpointer tag;
} stored_run;

struct imap_piece {
    GPtrArray *runs; /* of stored_run* */
    guint64 length;
};

typedef struct section {
    GSequence *runs; /* of stored_run*, by offset */
    guint64 reached; /* covered from 0 to here */
    gboolean end_known;
    guint64 end;
    gboolean done; /* was handed out */
} section;

typedef struct known_mail {
    imap_body *structure;
    char *subject, *from;
    guint64 size;
    GHashTable *sections; /* name -> section */
} known_mail;

struct imap_pieces {
    GHashTable *mails; /* key -> known_mail */
    guint64 bytes;     /* kept in all of them */
};

/* --- one literal --- */

static void run_free(gpointer data)
{
    stored_run *run = data;
    if (run->bytes)
        g_byte_array_unref(run->bytes);
    g_free(run);
}

imap_piece *imap_piece_new(void)
{
    imap_piece *piece = g_new0(imap_piece, 1);
    piece->runs = g_ptr_array_new_with_free_func(run_free);
    return piece;
}

void imap_piece_free(imap_piece *piece)
{
    if (!piece)
        return;
    g_ptr_array_unref(piece->runs);
    g_free(piece);
}

static stored_run *last_run(const imap_piece *piece)
{
    return piece->runs->len ? g_ptr_array_index(piece->runs, piece->runs->len - 1) : NULL;
}

static stored_run *add_run(imap_piece *piece, gboolean lost, guint32 where, gpointer tag)
{
    stored_run *run = g_new0(stored_run, 1);
    run->offset = piece->length;
    run->bytes = lost ? NULL : g_byte_array_new();
    run->where = where;
    run->tag = tag;
    g_ptr_array_add(piece->runs, run);
    return run;
}

void imap_piece_append(imap_piece *piece, slice bytes, guint32 where, gpointer tag)
{
    stored_run *run = last_run(piece);

    if (bytes.len == 0 || piece->length + bytes.len > LIMIT_MESSAGE_BYTES)
        return;
    if (!run || !run->bytes || run->where != where || run->tag != tag)
        run = add_run(piece, FALSE, where, tag);
    g_byte_array_append(run->bytes, bytes.data, (guint)bytes.len);
    run->length += bytes.len;
    piece->length += bytes.len;
}

void imap_piece_gap(imap_piece *piece, guint64 missing)
{
    stored_run *run;
    if (missing == 0)
        return;
    run = add_run(piece, TRUE, 0, NULL);
    run->length = missing;
    piece->length += missing;
}

/* --- sections --- */

static void section_free(gpointer data)
{
    section *s = data;
    g_sequence_free(s->runs);
    g_free(s);
}

static section *section_new(void)
{
    section *s = g_new0(section, 1);
    s->runs = g_sequence_new(run_free);
    return s;
}

static void empty_section(imap_pieces *pieces, section *s)
{
    for (GSequenceIter *at = g_sequence_get_begin_iter(s->runs); !g_sequence_iter_is_end(at);
         at = g_sequence_iter_next(at)) {
        const stored_run *run = g_sequence_get(at);
        pieces->bytes -= run->bytes ? run->length : 0;
    }
    g_sequence_free(s->runs);
    s->runs = g_sequence_new(run_free);
    s->reached = 0;
    s->end_known = s->done = FALSE;
}

/* By offset; what is there goes in front of what is lost. */
static gint compare_runs(gconstpointer a, gconstpointer b, gpointer user)
{
    const stored_run *left = a, *right = b;
    (void)user;
    if (left->offset != right->offset)
        return left->offset < right->offset ? -1 : 1;
    return (left->bytes ? 0 : 1) - (right->bytes ? 0 : 1);
}

static void advance(section *s, GSequenceIter *at)
{
    for (; !g_sequence_iter_is_end(at); at = g_sequence_iter_next(at)) {
        const stored_run *run = g_sequence_get(at);
        if (run->offset > s->reached)
            return;
        s->reached = MAX(s->reached, run->offset + run->length);
    }
}

static void insert_runs(imap_pieces *pieces, section *s, imap_piece *piece, guint64 origin)
{
    for (guint i = 0; i < piece->runs->len; i++) {
        stored_run *run = g_ptr_array_index(piece->runs, i);
        run->offset += origin;
        pieces->bytes += run->bytes ? run->length : 0;
        GSequenceIter *at = g_sequence_insert_sorted(s->runs, run, compare_runs, NULL);
        advance(s, at);
    }
    g_ptr_array_set_free_func(piece->runs, NULL);
    g_ptr_array_set_size(piece->runs, 0);
}

static gboolean is_whole(const section *s)
{
    return s && s->end_known && s->reached >= s->end;
}

/* The section's bytes and holes as runs; FALSE: its end is not there. */
static gboolean append_runs(const section *s, GArray *out)
{
    guint64 at = 0;

    for (GSequenceIter *i = g_sequence_get_begin_iter(s->runs); !g_sequence_iter_is_end(i);) {
        const stored_run *run = g_sequence_get(i);
        guint64 end = run->offset + run->length;
        i = g_sequence_iter_next(i);
        if (run->offset > at) {
            imap_run hole = {.missing = run->offset - at, .not_fetched = TRUE};
            g_array_append_val(out, hole);
            at = run->offset;
        }
        if (!run->bytes && !g_sequence_iter_is_end(i)) /* fetched again? then only as far as that begins */
            end = MIN(end, MAX(((const stored_run *)g_sequence_get(i))->offset, run->offset));
        if (s->end_known)
            end = MIN(end, s->end);
        if (end <= at)
            continue;
        imap_run piece = {.where = run->where, .tag = run->tag};
        if (run->bytes)
            piece.bytes = (slice){run->bytes->data + (at - run->offset), (gsize)(end - at)};
        else
            piece.missing = end - at;
        g_array_append_val(out, piece);
        at = end;
    }
    if (s->end_known && at < s->end) {
        imap_run hole = {.missing = s->end - at, .not_fetched = TRUE};
        g_array_append_val(out, hole);
    }
    return s->end_known && at >= s->end;
}

/* The bytes of a section, holes left out. */
static GByteArray *section_bytes(const section *s)
{
    GByteArray *bytes = g_byte_array_new();
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(imap_run));
    append_runs(s, runs);
    for (guint i = 0; i < runs->len; i++) {
        const imap_run *run = &g_array_index(runs, imap_run, i);
        if (run->bytes.len)
            g_byte_array_append(bytes, run->bytes.data, (guint)run->bytes.len);
    }
    g_array_unref(runs);
    return bytes;
}

/* --- messages --- */

static void mail_free(gpointer data)
{
    known_mail *mail = data;
    imap_body_free(mail->structure);
    g_free(mail->subject);
    g_free(mail->from);
    g_hash_table_destroy(mail->sections);
    g_free(mail);
}

imap_pieces *imap_pieces_new(void)
{
    imap_pieces *pieces = g_new0(imap_pieces, 1);
    pieces->mails = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, mail_free);
    return pieces;
}

void imap_pieces_free(imap_pieces *pieces)
{
    if (!pieces)
        return;
    g_hash_table_destroy(pieces->mails);
    g_free(pieces);
}

/* NULL: there are too many. */
static known_mail *find_mail(imap_pieces *pieces, const char *key)
{
    known_mail *mail = g_hash_table_lookup(pieces->mails, key);
    if (mail || g_hash_table_size(pieces->mails) >= LIMIT_IMAP_MAILS)
        return mail;
    mail = g_new0(known_mail, 1);
    mail->sections = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, section_free);
    g_hash_table_insert(pieces->mails, g_strdup(key), mail);
    return mail;
}

static void note(known_mail *mail, const mail_imap *imap)
{
    imap_envelope envelope;

    if (imap->size)
        mail->size = imap->size;
    if (imap->structure.len && !mail->structure)
        mail->structure = imap_body_parse(imap->structure);
    if (imap->envelope.len && !mail->subject && !mail->from && imap_envelope_parse(imap->envelope, &envelope)) {
        mail->subject = g_strdup(envelope.subject);
        mail->from = g_strdup(envelope.from);
        imap_envelope_clear(&envelope);
    }
}

void imap_pieces_note(imap_pieces *pieces, const char *key, const mail_imap *imap)
{
    known_mail *mail;
    if (!imap->size && !imap->structure.len && !imap->envelope.len)
        return;
    mail = find_mail(pieces, key);
    if (mail)
        note(mail, imap);
}

static section *find_section(const known_mail *mail, const char *name)
{
    return g_hash_table_lookup(mail->sections, name);
}

static section *whole_section(const known_mail *mail, const char *name)
{
    section *s = find_section(mail, name);
    return is_whole(s) ? s : NULL;
}

/* --- what a part is --- */

static gboolean ends_in(const char *name, const char *end)
{
    return g_str_has_suffix(name, end);
}

static gboolean is_number(const char *name)
{
    return *name && strspn(name, "0123456789.") == strlen(name);
}

static gboolean is_header(const char *name)
{
    return strcmp(name, "HEADER") == 0 || ends_in(name, ".HEADER") || ends_in(name, ".MIME") ||
           strstr(name, "HEADER.FIELDS");
}

/* Does that header say that the body is one part? Then the part is what it says. */
static gboolean tells_of_part(slice header)
{
    header_block block = header_read(header, 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    const header_field *type = header_find(block.fields, "Content-Type");
    gboolean tells = type && !slice_begins(slice_trim(type->raw_value), "multipart/");
    g_ptr_array_unref(block.fields);
    return tells;
}

static GByteArray *header_from(const known_mail *mail, const char *name)
{
    section *s = whole_section(mail, name);
    GByteArray *bytes = s ? section_bytes(s) : NULL;
    if (bytes && !tells_of_part((slice){bytes->data, bytes->len})) {
        g_byte_array_unref(bytes);
        return NULL;
    }
    return bytes;
}

/* HEADER or any HEADER.FIELDS (... CONTENT-TYPE ...). */
static GByteArray *header_of_mail(const known_mail *mail)
{
    GByteArray *bytes = header_from(mail, "HEADER");
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, mail->sections);
    while (!bytes && g_hash_table_iter_next(&iter, &name, NULL))
        if (g_str_has_prefix(name, "HEADER.FIELDS"))
            bytes = header_from(mail, name);
    return bytes;
}

/* Nothing but base64 in lines of a usual length? */
static gboolean looks_like_base64(const section *s)
{
    const stored_run *first;
    gsize len;
    GSequenceIter *begin = g_sequence_get_begin_iter(s->runs);

    if (g_sequence_iter_is_end(begin))
        return FALSE;
    first = g_sequence_get(begin);
    if (first->offset || !first->bytes)
        return FALSE;
    for (len = 0; len < first->length; len++) {
        guint8 c = first->bytes->data[len];
        if (!g_ascii_isalnum(c) && c != '+' && c != '/')
            break;
    }
    return len >= 60 && len <= 76 && len % 4 == 0 && len < first->length &&
           (first->bytes->data[len] == '\r' || first->bytes->data[len] == '\n');
}

static void append_text(GByteArray *out, const char *text)
{
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
}

/* The header to put in front of part `number`; *guessed_r: nothing says what it is. */
static GByteArray *part_header(const known_mail *mail, const char *number, const section *s, gboolean is_binary,
                               gboolean *guessed_r)
{
    const imap_body *body = imap_body_find(mail->structure, slice_of(number));
    char *mime = g_strconcat(number, ".MIME", NULL);
    GByteArray *out = g_byte_array_new(), *header = header_from(mail, mime);

    g_free(mime);
    if (is_binary) /* of two fields the first one counts */
        append_text(out, "Content-Transfer-Encoding: binary\r\n");
    if (!header && !body && strcmp(number, "1") == 0)
        header = header_of_mail(mail);
    *guessed_r = !header && !body;
    if (header) {
        g_byte_array_append(out, header->data, header->len);
        if (!(header->len >= 2 && memcmp(header->data + header->len - 2, "\n\n", 2) == 0) &&
            !(header->len >= 4 && memcmp(header->data + header->len - 4, "\r\n\r\n", 4) == 0))
            append_text(out, "\r\n");
        g_byte_array_unref(header);
    } else if (body) {
        GString *text = imap_body_header(body);
        g_byte_array_append(out, (const guint8 *)text->str, (guint)text->len);
        g_string_free(text, TRUE);
    } else if (looks_like_base64(s)) {
        append_text(out, "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    } else {
        append_text(out, "\r\n");
    }
    return out;
}

/* --- joining --- */

typedef struct joining {
    known_mail *mail;
    imap_joined joined;
    GArray *runs;
    imap_joined_sink sink;
    void *user;
} joining;

static void hand_out(joining *j, imap_joined_kind kind, const char *name, gboolean cut)
{
    j->joined.kind = kind;
    j->joined.section = name;
    j->joined.runs = j->runs;
    j->joined.cut = cut;
    j->joined.subject = j->mail->subject;
    j->joined.from = j->mail->from;
    j->sink(&j->joined, j->user);
    g_array_set_size(j->runs, 0);
}

/* `header` (may be NULL) and what is behind it as one message. */
static void join_message(joining *j, section *header, section *text, const char *name)
{
    gboolean whole = (!header || append_runs(header, j->runs));
    whole = append_runs(text, j->runs) && whole;
    text->done = TRUE;
    hand_out(j, IMAP_JOINED_MESSAGE, name, !whole);
}

static void join_part(joining *j, const char *number, section *s, gboolean is_binary)
{
    GByteArray *header = part_header(j->mail, number, s, is_binary, &j->joined.guessed);
    GSequenceIter *first = g_sequence_get_begin_iter(s->runs);
    imap_run run = {.bytes = {header->data, header->len}};

    if (!g_sequence_iter_is_end(first)) {
        run.where = ((const stored_run *)g_sequence_get(first))->where;
        run.tag = ((const stored_run *)g_sequence_get(first))->tag;
    }
    g_array_append_val(j->runs, run);
    gboolean whole = append_runs(s, j->runs);
    s->done = TRUE;
    hand_out(j, IMAP_JOINED_PART, number, !whole);
    j->joined.guessed = FALSE;
    g_byte_array_unref(header);
}

/* Header and text of a message inside the message, as that part. */
static void join_inner(joining *j, const char *number, section *header, section *text)
{
    static const char type[] = "Content-Type: message/rfc822\r\n\r\n";
    const stored_run *first = g_sequence_iter_is_end(g_sequence_get_begin_iter(header->runs))
                                  ? NULL
                                  : g_sequence_get(g_sequence_get_begin_iter(header->runs));
    imap_run run = {.bytes = slice_of(type), .where = first ? first->where : 0, .tag = first ? first->tag : NULL};

    g_array_append_val(j->runs, run);
    gboolean whole = append_runs(header, j->runs);
    whole = append_runs(text, j->runs) && whole;
    text->done = TRUE;
    hand_out(j, IMAP_JOINED_PART, number, !whole);
}

/* "2." of "2.HEADER" and "2.TEXT", "" of "HEADER"; the other of the two in *other_r (new). */
static char *other_half(const char *name, char **other_r)
{
    gboolean header = ends_in(name, "HEADER");
    char *prefix = g_strndup(name, strlen(name) - strlen(header ? "HEADER" : "TEXT"));
    *other_r = g_strconcat(prefix, header ? "TEXT" : "HEADER", NULL);
    return prefix;
}

/* A header or a text: with the other one it is a message. */
static void join_halves(joining *j, const char *name, section *s)
{
    gboolean is_text = ends_in(name, "TEXT");
    char *other_name, *prefix = other_half(name, &other_name);
    section *other = whole_section(j->mail, other_name);
    section *header = is_text ? other : s, *text = is_text ? s : other;

    if (header && text && !text->done) {
        if (*prefix) {
            prefix[strlen(prefix) - 1] = 0;
            join_inner(j, prefix, header, text);
        } else {
            join_message(j, header, text, "");
        }
    } else if (!is_text) {
        (void)append_runs(s, j->runs);
        hand_out(j, IMAP_JOINED_HEADER, name, FALSE);
    }
    g_free(prefix);
    g_free(other_name);
}

/* Hands out what has become whole with section `name`. */
static void join(joining *j, const char *name, section *s)
{
    if (!*name)
        join_message(j, NULL, s, "");
    else if (g_str_has_prefix(name, "BINARY "))
        join_part(j, name + strlen("BINARY "), s, TRUE);
    else if (is_number(name))
        join_part(j, name, s, FALSE);
    else if (strcmp(name, "HEADER") == 0 || strcmp(name, "TEXT") == 0 || ends_in(name, ".HEADER") ||
             ends_in(name, ".TEXT"))
        join_halves(j, name, s);
    else if (is_header(name)) {
        (void)append_runs(s, j->runs);
        hand_out(j, IMAP_JOINED_HEADER, name, FALSE);
    }
}

/* Its bytes may be wanted by what comes later. */
static gboolean is_needed_on(const char *name)
{
    return is_header(name);
}

static void note_end(section *s, const known_mail *mail, const mail_imap *imap, const char *name, guint64 length,
                     gboolean cut)
{
    const imap_body *body;

    if (!cut && (!imap->is_partial || length == 0 || length < imap->requested)) {
        s->end_known = TRUE;
        s->end = imap->origin + length;
    } else if (imap->is_partial && !s->end_known) {
        body = is_number(name) ? imap_body_find(mail->structure, slice_of(name)) : NULL;
        s->end_known = (!*name && mail->size) || (body && !body->children && body->has_octets);
        s->end = !*name ? mail->size : body ? body->octets : 0;
    }
}

gboolean imap_pieces_add(imap_pieces *pieces, const char *key, const mail_imap *imap, imap_piece *piece, gboolean cut,
                         imap_joined_sink sink, void *user)
{
    known_mail *mail = find_mail(pieces, key);
    char *name = imap->is_binary
                     ? g_strdup_printf("BINARY %.*s", (int)imap->section.len, (const char *)imap->section.data)
                     : slice_dup(imap->section);
    gboolean fits = mail && pieces->bytes + piece->length <= LIMIT_IMAP_PIECES_BYTES &&
                    imap->origin + piece->length <= LIMIT_MESSAGE_BYTES;
    guint64 length = piece->length;

    if (fits) {
        joining j = {.mail = mail, .sink = sink, .user = user};
        section *s = find_section(mail, name);
        note(mail, imap);
        if (!s) {
            s = section_new();
            g_hash_table_insert(mail->sections, g_strdup(name), s);
        }
        if (!imap->is_partial || (s->done && imap->origin == 0))
            empty_section(pieces, s); /* it is fetched anew */
        if (!s->done) {
            insert_runs(pieces, s, piece, imap->origin);
            note_end(s, mail, imap, name, length, cut);
        }
        if (!s->done && is_whole(s)) {
            j.runs = g_array_new(FALSE, FALSE, sizeof(imap_run));
            join(&j, name, s);
            g_array_unref(j.runs);
            if (s->done && !is_needed_on(name)) {
                empty_section(pieces, s);
                s->done = TRUE;
            }
        }
    }
    imap_piece_free(piece);
    g_free(name);
    return fits;
}

static gboolean has_bytes(const section *s)
{
    return !g_sequence_iter_is_end(g_sequence_get_begin_iter(s->runs));
}

/* A text whose header nobody fetched: what the structure says of the message stands in for it. */
static void join_lone_text(joining *j, section *s)
{
    if (j->mail->structure) {
        GString *header = imap_body_header(j->mail->structure);
        imap_run run = {.bytes = {(const guint8 *)header->str, header->len}};
        g_array_append_val(j->runs, run);
        gboolean whole = append_runs(s, j->runs);
        s->done = TRUE;
        hand_out(j, IMAP_JOINED_PART, "TEXT", !whole);
        g_string_free(header, TRUE);
    } else {
        join_part(j, "TEXT", s, FALSE);
    }
}

void imap_pieces_finish(imap_pieces *pieces, const char *key, imap_joined_sink sink, void *user)
{
    known_mail *mail = g_hash_table_lookup(pieces->mails, key);
    GList *names, *link;

    if (!mail)
        return;
    joining j = {.mail = mail, .sink = sink, .user = user, .runs = g_array_new(FALSE, FALSE, sizeof(imap_run))};
    names = g_list_sort(g_hash_table_get_keys(mail->sections), (GCompareFunc)strcmp);
    for (link = names; link; link = link->next) {
        const char *name = link->data;
        section *s = find_section(mail, name);
        if (s->done || !has_bytes(s) || is_header(name))
            continue;
        if (strcmp(name, "TEXT") == 0)
            join_lone_text(&j, s);
        else if (!ends_in(name, ".TEXT"))
            join(&j, name, s);
    }
    g_list_free(names);
    g_array_unref(j.runs);
}
