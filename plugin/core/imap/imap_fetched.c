/* imap_fetched.c
 * Pieces of mail in the responses of an IMAP server: FETCH, and URLFETCH (RFC 4467).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_session_private.h"

static open_message *last_piece(imap_session *s)
{
    return s->pieces->len ? &g_array_index(s->pieces, open_message, s->pieces->len - 1) : NULL;
}

/* --- FETCH --- */

static slice without_ends(slice text)
{
    return text.len >= 2 ? (slice){text.data + 1, text.len - 2} : SLICE_EMPTY;
}

/* What the response says of its message, as far as it has come. */
static void fetch_facts(imap_session *s, const imap_line *line, mail_imap *imap)
{
    guint64 number;
    slice value;

    imap->mailbox = s->mailbox ? slice_of(s->mailbox) : SLICE_EMPTY;
    imap->uidvalidity = s->uidvalidity;
    imap->epoch = s->epoch;
    imap->sequence = (guint32)s->response.number;
    if (imap_fetch_find(&s->fetch, line, FETCH_UID, &value) && imap_number(value, &number)) {
        imap->uid = (guint32)number;
        if (imap->sequence)
            g_hash_table_insert(s->uids, GUINT_TO_POINTER(imap->sequence), GUINT_TO_POINTER(imap->uid));
    } else if (imap->sequence == 0) {
        imap->uid = imap_stray_uid(s);
    } else {
        imap->uid = GPOINTER_TO_UINT(g_hash_table_lookup(s->uids, GUINT_TO_POINTER(imap->sequence)));
    }
    if (imap_fetch_find(&s->fetch, line, FETCH_FLAGS, &value) && value.len && value.data[0] == '(')
        imap->flags = without_ends(value);
    if (imap_fetch_find(&s->fetch, line, FETCH_INTERNALDATE, &value) && value.len && value.data[0] == '"')
        imap->internaldate = without_ends(value);
    if (imap_fetch_find(&s->fetch, line, FETCH_SIZE, &value) && imap_number(value, &number))
        imap->size = number;
    (void)imap_fetch_find(&s->fetch, line, FETCH_ENVELOPE, &imap->envelope);
    if (!imap_fetch_find(&s->fetch, line, FETCH_BODYSTRUCTURE, &imap->structure))
        (void)imap_fetch_find(&s->fetch, line, FETCH_BODY, &imap->structure);
}

static void set_section(imap_session *s, open_message *piece, const imap_section *section)
{
    piece->section = imap_section_name(section);
    piece->imap.section = slice_of(piece->section);
    piece->imap.is_binary = section->is_binary;
    piece->imap.is_partial = section->is_partial;
    piece->imap.origin = section->origin;
    if (section->is_partial)
        piece->imap.requested = imap_find_requested(s, piece->section, section->is_binary, section->origin);
}

/* Takes over what is known of the message, and keeps which piece of it this is. */
static void set_facts(open_message *piece, const mail_imap *facts)
{
    mail_imap imap = *facts;
    imap.section = piece->imap.section;
    imap.is_binary = piece->imap.is_binary;
    imap.is_partial = piece->imap.is_partial;
    imap.origin = piece->imap.origin;
    imap.requested = piece->imap.requested;
    imap.items = NULL;
    imap.item_count = 0;
    piece->imap = imap;
}

/* --- URLFETCH --- */

/* Which message the URL of a value names. FALSE: none. */
static gboolean set_url(open_message *piece, const imap_urlfetch_value *value, const imap_line *line)
{
    imap_url url;

    if (!imap_urlfetch_is_text(value, line) || !imap_urlfetch_url(value, line, &url))
        return FALSE;
    *piece =
        (open_message){.section = url.section, .mailbox = url.mailbox, .owner = url.owner, .url_at = value->url_at};
    piece->imap = (mail_imap){.section = slice_of(url.section),
                              .mailbox = slice_of(url.mailbox),
                              .owner = slice_of(url.owner),
                              .uidvalidity = url.uidvalidity,
                              .uid = url.uid,
                              .is_binary = imap_urlfetch_is_binary(value, line),
                              .is_partial = url.is_partial,
                              .origin = url.origin,
                              .requested = url.count};
    return TRUE;
}

/* The structure that came for the same URL, in front of the piece or behind it. */
static void set_url_structure(imap_session *s, const imap_line *line, open_message *piece)
{
    const GArray *values = s->urls.values;
    guint at = 0, end = values->len;

    while (at < end) { /* sorted by place: the first value of that URL */
        guint middle = (at + end) / 2;
        if (g_array_index(values, imap_urlfetch_value, middle).url_at < piece->url_at)
            at = middle + 1;
        else
            end = middle;
    }
    for (; at < values->len; at++) {
        const imap_urlfetch_value *value = &g_array_index(values, imap_urlfetch_value, at);
        if (value->url_at != piece->url_at || value->is_surplus)
            return;
        if (!imap_urlfetch_is_structure(value, line))
            continue;
        piece->imap.structure = slice_head(slice_from(line->text, value->value_at), value->value_len);
        piece->imap.is_section_structure = piece->imap.section.len > 0;
    }
}

/* --- pieces --- */

static void finish_piece(imap_session *s, const imap_line *line, open_message *piece, const mail_imap *facts)
{
    if (piece->url_at)
        set_url_structure(s, line, piece);
    else
        set_facts(piece, facts);
}

static void end_piece(imap_session *s, open_message *piece)
{
    imap_begin_message(s, MAIL_SERVER, piece, 0);
    imap_emit_message(s, MAIL_EVENT_MESSAGE_END, MAIL_SERVER, piece, SLICE_EMPTY,
                      piece->cut ? MAIL_END_CUT : MAIL_END_COMPLETE);
}

/* A piece that came as a string. */
static void say_text(imap_session *s, open_message *piece, slice text)
{
    imap_begin_message(s, MAIL_SERVER, piece, 0);
    if (text.len) {
        mail_event data = event_at(MAIL_EVENT_MESSAGE_DATA, MAIL_SERVER, s->server.in.offset, s->server.in.offset);
        data.message = piece->message;
        data.source = MAIL_FROM_FETCH;
        data.imap = &piece->imap;
        data.data = text;
        imap_emit(s, &data);
    }
    end_piece(s, piece);
}

static void say_string(imap_session *s, const imap_line *line, gsize value_at, open_message *piece,
                       const mail_imap *facts)
{
    imap_cursor cursor = imap_cursor_of(slice_from(line->text, value_at));
    GByteArray *scratch = g_byte_array_new();
    imap_token token;

    imap_cursor_next(&cursor, &token);
    if (token.kind == IMAP_TOKEN_QUOTED || token.kind == IMAP_TOKEN_LITERAL) {
        finish_piece(s, line, piece, facts);
        say_text(s, piece, imap_token_string(&token, scratch));
    }
    g_byte_array_unref(scratch);
}

static void free_texts(open_message *piece)
{
    g_free(piece->section);
    g_free(piece->mailbox);
    g_free(piece->owner);
}

/* Pieces of mail that came as a quoted string, or as a literal of no bytes (RFC 9051 allows both). */
static void say_strings(imap_session *s, const imap_line *line, const mail_imap *facts)
{
    for (guint i = 0; s->in_fetch && i < s->fetch.values->len; i++) {
        const imap_fetch_value *value = &g_array_index(s->fetch.values, imap_fetch_value, i);
        slice name = {line->text.data + value->name_at, value->name_len};
        open_message piece = {0};
        imap_section section;

        if (value->is_passed || !imap_section_parse(name, &section))
            continue;
        set_section(s, &piece, &section);
        say_string(s, line, value->value_at, &piece, facts);
        free_texts(&piece);
    }
    for (guint i = 0; s->in_urlfetch && i < s->urls.values->len; i++) {
        const imap_urlfetch_value *value = &g_array_index(s->urls.values, imap_urlfetch_value, i);
        open_message piece = {0};

        if (value->is_passed || !set_url(&piece, value, line))
            continue;
        say_string(s, line, value->value_at, &piece, facts);
        free_texts(&piece);
    }
}

static gboolean open_piece(imap_session *s, const imap_line *line, open_message *piece, mail_imap *facts_r)
{
    imap_urlfetch_value value;
    imap_section section;
    slice name;

    if (s->in_urlfetch)
        return imap_urlfetch_read(&s->urls, line, &value) && set_url(piece, &value, line);
    if (!s->in_fetch || !imap_fetch_read(&s->fetch, line, &name) || !imap_stray_section(s, name, &section))
        return FALSE;
    set_section(s, piece, &section);
    fetch_facts(s, line, facts_r);
    set_facts(piece, facts_r);
    return TRUE;
}

gboolean imap_fetched_begin(imap_session *s, const imap_line *line, mail_imap *facts_r)
{
    open_message piece = {0};
    if (!open_piece(s, line, &piece, facts_r))
        return FALSE;
    g_array_append_val(s->pieces, piece);
    return TRUE;
}

/* Says that the piece begins. The texts of its facts lie in the line, which may have moved. */
static open_message *begin_piece(imap_session *s, gsize len)
{
    open_message *piece = last_piece(s);
    mail_imap facts = {0};
    imap_line line;

    if (piece->begun)
        return piece;
    imap_reader_line(s->server.reader, &line);
    (void)imap_stray_parse(s, line.text);
    if (!piece->url_at) {
        fetch_facts(s, &line, &facts);
        set_facts(piece, &facts);
    }
    imap_begin_message(s, MAIL_SERVER, piece, len);
    return piece;
}

void imap_fetched_data(imap_session *s, slice data)
{
    open_message *piece = begin_piece(s, data.len);
    imap_emit_message(s, MAIL_EVENT_MESSAGE_DATA, MAIL_SERVER, piece, data, MAIL_END_COMPLETE);
}

void imap_fetched_gap(imap_session *s, guint64 missing)
{
    open_message *piece = begin_piece(s, 0);
    piece->hole = TRUE;
    imap_emit_gap(s, MAIL_SERVER, missing, piece->message);
}

void imap_fetched_read(imap_session *s, const imap_line *line, mail_imap *facts_r)
{
    imap_urlfetch_value value;
    slice ignored;

    *facts_r = (mail_imap){0};
    if (s->in_urlfetch)
        (void)imap_urlfetch_read(&s->urls, line, &value);
    if (!s->in_fetch)
        return;
    (void)imap_fetch_read(&s->fetch, line, &ignored);
    fetch_facts(s, line, facts_r);
}

static void end_pieces(imap_session *s, const imap_line *line, const mail_imap *facts)
{
    for (guint i = 0; i < s->pieces->len; i++) {
        open_message *piece = &g_array_index(s->pieces, open_message, i);
        finish_piece(s, line, piece, facts);
        end_piece(s, piece);
    }
    g_array_set_size(s->pieces, 0);
}

void imap_fetched_end(imap_session *s, const imap_line *line, const mail_imap *facts)
{
    end_pieces(s, line, facts);
    say_strings(s, line, facts);
}

void imap_fetched_break(imap_session *s, const imap_line *line, gboolean cut)
{
    mail_imap facts;
    if (s->pieces->len == 0)
        return;
    imap_fetched_read(s, line, &facts);
    last_piece(s)->cut = cut;
    end_pieces(s, line, &facts);
}

void imap_fetched_items(imap_session *s, const imap_line *line)
{
    if (s->in_fetch)
        imap_fetch_items(&s->fetch, line, &s->items);
    if (s->in_urlfetch)
        imap_urlfetch_items(&s->urls, line, &s->items);
}
