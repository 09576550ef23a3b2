/* imap_pieces.c
 *
 * A section ("", "TEXT", "2", "2.MIME", ...) of a message is a sequence of runs by their offset. It is whole when it
 * is covered from 0 to its end, and the end is known:
 *   - it was fetched whole;
 *   - a partial fetch gave less than was asked for (RFC 9051 6.4.5: the octets that are there);
 *   - RFC822.SIZE or BODYSTRUCTURE said its size.
 * Lost bytes count as covered: they were fetched. Fetched again, they are filled.
 *
 * A whole part of which nothing is known waits for BODYSTRUCTURE or its header, which may come in a later response or
 * another connection. Only what is news is looked at again, so that each response costs as much as it brings.
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
    gboolean is_too_large; /* bytes were not kept */
};

typedef struct section {
    GSequence *runs; /* of stored_run*, by offset */
    guint64 reached; /* covered from 0 to here */
    gboolean end_known;
    guint64 end;
    gboolean in_pieces; /* partial fetches of it were seen */
    gboolean done;      /* was handed out */
    imap_body *body;    /* what the server said of this section alone (RFC 5524); NULL: nothing */
    GString *content;   /* a header: its Content-* fields; NULL: it says nothing of a part's content */
    GString *introduce; /* a part: the header that goes in front of it; NULL: not made yet */
} section;

typedef struct known_mail {
    imap_body *structure;
    char *subject, *from;
    guint64 size;
    GHashTable *sections; /* name -> section */
    const section *top;   /* the header of the message, or some fields of it, that says what part 1 is; NULL: none */
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

    if (bytes.len == 0)
        return;
    if (piece->length + bytes.len > LIMIT_MESSAGE_BYTES) {
        piece->is_too_large = TRUE;
        return;
    }
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

static void forget_text(GString **text)
{
    if (*text)
        g_string_free(*text, TRUE);
    *text = NULL;
}

static void section_free(gpointer data)
{
    section *s = data;
    g_sequence_free(s->runs);
    imap_body_free(s->body);
    forget_text(&s->content);
    forget_text(&s->introduce);
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
    s->end_known = s->in_pieces = s->done = FALSE;
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

/* The fields that say what a part is, and a blank line. At most LIMIT_IMAP_PART_HEADER_BYTES: they stand in front of
 * the part each time it is fetched. `is_binary`: the encoding was undone. */
static GString *content_fields(slice header, gboolean is_binary)
{
    header_block block = header_read(header, 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < block.fields->len; i++) {
        const header_field *field = g_ptr_array_index(block.fields, i);
        if (is_binary && g_ascii_strcasecmp(field->name, "Content-Transfer-Encoding") == 0)
            continue;
        if (g_ascii_strncasecmp(field->name, "Content-", strlen("Content-")) == 0 &&
            out->len + field->length <= LIMIT_IMAP_PART_HEADER_BYTES)
            g_string_append_len(out, (const char *)header.data + field->offset, (gssize)field->length);
    }
    g_ptr_array_unref(block.fields);
    if (out->len && out->str[out->len - 1] != '\n')
        g_string_append(out, "\r\n");
    return g_string_append(out, "\r\n");
}

static char *raw_value(const GPtrArray *fields, const char *name)
{
    const header_field *field = header_find(fields, name);
    return field ? slice_dup(slice_trim(field->raw_value)) : NULL;
}

/* Does that header say that the body is one part? Then the part is what it says; a header without Content-Type says
 * that it is text (RFC 2045 5.2), if it is a whole one. */
static gboolean tells_of_part(const GPtrArray *fields, gboolean is_whole_header)
{
    const header_field *type = header_find(fields, "Content-Type");
    return type ? !slice_begins(slice_trim(type->raw_value), "multipart/") : is_whole_header;
}

/* A header has become whole: what it says of the message and its parts. */
static void read_header(known_mail *mail, const char *name, section *s)
{
    GByteArray *bytes = section_bytes(s);
    slice header = {bytes->data, bytes->len};
    gboolean of_mail = g_str_has_prefix(name, "HEADER"), some_fields = strstr(name, "HEADER.FIELDS") != NULL;
    header_block block = header_read(header, 0, LIMIT_HEADER_FIELDS, NULL, NULL);

    forget_text(&s->content);
    if (tells_of_part(block.fields, !some_fields))
        s->content = content_fields(header, FALSE);
    if (of_mail && s->content)
        mail->top = s;
    if (of_mail && !mail->subject && !mail->from) {
        mail->subject = raw_value(block.fields, "Subject");
        mail->from = raw_value(block.fields, "From");
    }
    g_ptr_array_unref(block.fields);
    g_byte_array_unref(bytes);
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

/* What BODYSTRUCTURE says of that part; NULL: nothing. */
static const imap_body *body_of(const known_mail *mail, const char *number, const section *s)
{
    return s->body ? s->body : imap_body_find(mail->structure, slice_of(number));
}

/* The header of the message whose only part this would be: "1" of the mail, "2.1" of the message that is part 2. */
static const section *header_around(const known_mail *mail, const char *number)
{
    if (strcmp(number, "1") == 0)
        return mail->top;
    if (!ends_in(number, ".1"))
        return NULL;
    char *name = g_strdup_printf("%.*s.HEADER", (int)(strlen(number) - strlen(".1")), number);
    const section *header = find_section(mail, name);
    g_free(name);
    return header;
}

/* The fields of the part's own header; NULL: nobody fetched it. */
static const GString *fields_of(const known_mail *mail, const char *number, const section *s)
{
    char *name = g_strconcat(number, ".MIME", NULL);
    const section *header = find_section(mail, name);

    g_free(name);
    if (header && header->content)
        return header->content;
    header = body_of(mail, number, s) ? NULL : header_around(mail, number);
    return header ? header->content : NULL;
}

static gboolean is_known(const known_mail *mail, const char *number, const section *s)
{
    return s->introduce || body_of(mail, number, s) || fields_of(mail, number, s);
}

static GString *structure_fields(const imap_body *body, gboolean is_binary)
{
    GString *all = imap_body_header(body);
    GString *fields = content_fields((slice){(const guint8 *)all->str, all->len}, is_binary);
    g_string_free(all, TRUE);
    return fields;
}

/* The header to put in front of part `number`; *guessed_r: nothing says what it is. Made once, as long as it is
 * fetched. */
static const GString *part_header(const known_mail *mail, const char *number, section *s, gboolean is_binary,
                                  gboolean *guessed_r)
{
    static const char guess[] = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    const GString *fields = fields_of(mail, number, s);
    const imap_body *body = body_of(mail, number, s);

    *guessed_r = !s->introduce && !fields && !body;
    if (s->introduce)
        return s->introduce;
    if (fields)
        s->introduce = content_fields((slice){(const guint8 *)fields->str, fields->len}, is_binary);
    else if (body)
        s->introduce = structure_fields(body, is_binary);
    else
        s->introduce = g_string_new(!is_binary && looks_like_base64(s) ? guess : "\r\n");
    if (is_binary)
        g_string_prepend(s->introduce, "Content-Transfer-Encoding: binary\r\n");
    return s->introduce;
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

/* What nobody fetched stands where the first bytes do that were. */
static imap_run made_run(const char *text, gsize len, const section *s)
{
    GSequenceIter *begin = g_sequence_get_begin_iter(s->runs);
    const stored_run *first = g_sequence_iter_is_end(begin) ? NULL : g_sequence_get(begin);
    imap_run run = {.bytes = {(const guint8 *)text, len}};
    if (first) {
        run.where = first->where;
        run.tag = first->tag;
    }
    return run;
}

static void join_part(joining *j, const char *number, section *s, gboolean is_binary)
{
    const GString *header = part_header(j->mail, number, s, is_binary, &j->joined.guessed);
    imap_run run = made_run(header->str, header->len, s);

    g_array_append_val(j->runs, run);
    gboolean whole = append_runs(s, j->runs);
    s->done = TRUE;
    hand_out(j, IMAP_JOINED_PART, number, !whole);
    j->joined.guessed = FALSE;
}

/* Header and text of a message inside the message, as that part. */
static void join_inner(joining *j, const char *number, section *header, section *text)
{
    static const char type[] = "Content-Type: message/rfc822\r\n\r\n";
    imap_run run = made_run(type, strlen(type), header);

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

static gboolean is_binary_name(const char *name)
{
    return g_str_has_prefix(name, "BINARY ");
}

/* The part number of a section that is a part; NULL: it is none. */
static const char *part_number(const char *name)
{
    const char *number = is_binary_name(name) ? name + strlen("BINARY ") : name;
    return is_number(number) ? number : NULL;
}

/* Hands out what is whole with section `name`. `now`: no more will be known of it. */
static void join(joining *j, const char *name, section *s, gboolean now)
{
    const char *number = part_number(name);

    if (number) {
        if (now || is_known(j->mail, number, s))
            join_part(j, number, s, number != name);
    } else if (!*name || is_binary_name(name)) {
        join_message(j, NULL, s, "");
    } else if (strcmp(name, "HEADER") == 0 || strcmp(name, "TEXT") == 0 || ends_in(name, ".HEADER") ||
               ends_in(name, ".TEXT")) {
        join_halves(j, name, s);
    } else if (is_header(name)) {
        (void)append_runs(s, j->runs);
        hand_out(j, IMAP_JOINED_HEADER, name, FALSE);
    }
}

/* Hands out the section if it is whole, and has not been. A header is kept: what comes later may need it. */
static void join_whole(imap_pieces *pieces, joining *j, const char *name, section *s)
{
    if (!s || s->done || !is_whole(s))
        return;
    join(j, name, s, FALSE);
    if (s->done && !is_header(name)) {
        empty_section(pieces, s);
        s->done = TRUE;
    }
}

/* --- what is news --- */

/* The end of a partial fetch, where something but the fetch itself says it. */
static void find_end(const known_mail *mail, const char *name, section *s)
{
    const char *number = part_number(name);
    const imap_body *body = number && number == name ? body_of(mail, number, s) : NULL;

    if (s->end_known || !s->in_pieces)
        return;
    s->end_known = (!*name && mail->size) || (body && !body->children && body->has_octets);
    s->end = !*name ? mail->size : body ? body->octets : 0;
}

static void look_again(imap_pieces *pieces, joining *j, const char *name)
{
    section *s = find_section(j->mail, name);
    if (!s || s->done)
        return;
    find_end(j->mail, name, s);
    join_whole(pieces, j, name, s);
}

static GList *names_in_order(const known_mail *mail)
{
    return g_list_sort(g_hash_table_get_keys(mail->sections), (GCompareFunc)strcmp);
}

/* Keeps what the response says of the message, and hands out what waited for that. */
static void note(imap_pieces *pieces, joining *j, const mail_imap *imap)
{
    known_mail *mail = j->mail;
    imap_envelope envelope;

    if (imap->envelope.len && !mail->subject && !mail->from && imap_envelope_parse(imap->envelope, &envelope)) {
        mail->subject = g_strdup(envelope.subject);
        mail->from = g_strdup(envelope.from);
        imap_envelope_clear(&envelope);
    }
    if (imap->size && imap->size != mail->size) {
        mail->size = imap->size;
        look_again(pieces, j, "");
    }
    if (imap->structure.len && !imap->is_section_structure && !mail->structure) {
        mail->structure = imap_body_parse(imap->structure);
        GList *names = mail->structure ? names_in_order(mail) : NULL; /* once for each message */
        for (GList *link = names; link; link = link->next)
            if (part_number(link->data))
                look_again(pieces, j, link->data);
        g_list_free(names);
    }
}

/* The part of which that header says what it is, new; NULL: none. */
static char *part_told_by(const char *header)
{
    if (ends_in(header, ".MIME"))
        return g_strndup(header, strlen(header) - strlen(".MIME"));
    if (ends_in(header, ".HEADER"))
        return g_strdup_printf("%.*s.1", (int)(strlen(header) - strlen(".HEADER")), header);
    return g_str_has_prefix(header, "HEADER") ? g_strdup("1") : NULL;
}

/* A part may wait for the header that has come. */
static void look_at_part(imap_pieces *pieces, joining *j, const char *header)
{
    char *number = part_told_by(header);
    char *binary = g_strconcat("BINARY ", number, NULL);
    if (number) {
        look_again(pieces, j, number);
        look_again(pieces, j, binary);
    }
    g_free(binary);
    g_free(number);
}

static gboolean begin_joining(joining *j, imap_pieces *pieces, const char *key, imap_joined_sink sink, void *user)
{
    *j = (joining){.mail = find_mail(pieces, key), .sink = sink, .user = user};
    if (j->mail)
        j->runs = g_array_new(FALSE, FALSE, sizeof(imap_run));
    return j->mail != NULL;
}

void imap_pieces_note(imap_pieces *pieces, const char *key, const mail_imap *imap, imap_joined_sink sink, void *user)
{
    joining j;
    if (!imap->size && !imap->structure.len && !imap->envelope.len)
        return;
    if (!begin_joining(&j, pieces, key, sink, user))
        return;
    note(pieces, &j, imap);
    g_array_unref(j.runs);
}

gboolean imap_pieces_rename(imap_pieces *pieces, const char *from, const char *to)
{
    gpointer key, mail;
    if (g_hash_table_contains(pieces->mails, to) || !g_hash_table_steal_extended(pieces->mails, from, &key, &mail))
        return FALSE;
    g_hash_table_insert(pieces->mails, g_strdup(to), mail);
    g_free(key);
    return TRUE;
}

/* --- a new piece --- */

static void note_end(section *s, const known_mail *mail, const mail_imap *imap, const char *name, guint64 length,
                     gboolean cut)
{
    if (!cut && (!imap->is_partial || length == 0 || length < imap->requested)) {
        s->end_known = TRUE;
        s->end = imap->origin + length;
    } else if (imap->is_partial) {
        find_end(mail, name, s);
    }
}

static gboolean has_hole(const section *s)
{
    for (GSequenceIter *at = g_sequence_get_begin_iter(s->runs); !g_sequence_iter_is_end(at);
         at = g_sequence_iter_next(at))
        if (!((const stored_run *)g_sequence_get(at))->bytes)
            return TRUE;
    return FALSE;
}

/* Is all of the section there already, waiting for what says what it is? */
static gboolean waits_whole(const section *s, const char *name)
{
    return !s->done && part_number(name) && is_whole(s) && !has_hole(s);
}

static section *section_of(known_mail *mail, const char *name)
{
    section *s = find_section(mail, name);
    if (!s) {
        s = section_new();
        g_hash_table_insert(mail->sections, g_strdup(name), s);
    }
    return s;
}

/* Puts the piece in its place. */
static void place_piece(imap_pieces *pieces, joining *j, const mail_imap *imap, const char *name, imap_piece *piece,
                        gboolean cut)
{
    section *s = section_of(j->mail, name);
    guint64 length = piece->length;

    if (imap->is_section_structure && imap->structure.len && !s->body)
        s->body = imap_body_parse(imap->structure);
    if (waits_whole(s, name)) {
        join_whole(pieces, j, name, s);
        return;
    }
    if (!imap->is_partial || (s->done && imap->origin == 0))
        empty_section(pieces, s); /* it is fetched anew */
    if (s->done)
        return;
    s->in_pieces = s->in_pieces || imap->is_partial;
    insert_runs(pieces, s, piece, imap->origin);
    note_end(s, j->mail, imap, name, length, cut);
    if (!is_whole(s))
        return;
    if (is_header(name))
        read_header(j->mail, name, s);
    join_whole(pieces, j, name, s);
    if (is_header(name))
        look_at_part(pieces, j, name);
}

gboolean imap_pieces_add(imap_pieces *pieces, const char *key, const mail_imap *imap, imap_piece *piece, gboolean cut,
                         imap_joined_sink sink, void *user)
{
    char *name = imap->is_binary
                     ? g_strdup_printf("BINARY %.*s", (int)imap->section.len, (const char *)imap->section.data)
                     : slice_dup(imap->section);
    gboolean fits = !piece->is_too_large && pieces->bytes + piece->length <= LIMIT_IMAP_PIECES_BYTES &&
                    imap->origin <= LIMIT_MESSAGE_BYTES - MIN(piece->length, LIMIT_MESSAGE_BYTES);
    joining j;

    fits = fits && begin_joining(&j, pieces, key, sink, user);
    if (fits) {
        note(pieces, &j, imap);
        place_piece(pieces, &j, imap, name, piece, cut);
        g_array_unref(j.runs);
    }
    imap_piece_free(piece);
    g_free(name);
    return fits;
}

/* --- the end --- */

static gboolean has_bytes(const section *s)
{
    return !g_sequence_iter_is_end(g_sequence_get_begin_iter(s->runs));
}

/* A text whose header nobody fetched: what the structure says of the message stands in for it. "TEXT", or "2.TEXT" of
 * the message that is part 2. */
static void join_lone_text(joining *j, const char *name, section *s)
{
    gsize prefix = strlen(name) - strlen("TEXT");
    const imap_body *body = j->mail->structure;

    if (prefix) {
        body = imap_body_find(body, (slice){(const guint8 *)name, prefix - 1});
        body = body && body->children && body->children->len == 1 ? g_ptr_array_index(body->children, 0) : NULL;
    }
    if (body && !s->introduce)
        s->introduce = structure_fields(body, FALSE);
    join_part(j, name, s, FALSE);
}

void imap_pieces_finish(imap_pieces *pieces, const char *key, imap_joined_sink sink, void *user)
{
    known_mail *mail = g_hash_table_lookup(pieces->mails, key);
    GList *names, *link;

    if (!mail)
        return;
    joining j = {.mail = mail, .sink = sink, .user = user, .runs = g_array_new(FALSE, FALSE, sizeof(imap_run))};
    names = names_in_order(mail);
    for (link = names; link; link = link->next) {
        const char *name = link->data;
        section *s = find_section(mail, name);
        if (s->done || !has_bytes(s) || is_header(name))
            continue;
        if (ends_in(name, "TEXT"))
            join_lone_text(&j, name, s);
        else
            join(&j, name, s, TRUE);
    }
    g_list_free(names);
    g_array_unref(j.runs);
}
