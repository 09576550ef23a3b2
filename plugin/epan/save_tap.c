/* save_tap.c
 * Nothing is collected: what a message holds is written when it is over, one object after the other, and decoded,
 * hashed and written piece by piece. So the cost is linear in the bytes, and there is no memory but for the message
 * itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "save_tap.h"

#include "attachment_walk.h"
#include "../core/digest.h"
#include "export_object.h"
#include "save_dir.h"
#include "text.h"

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <epan/to_str.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../core/export_name.h"
#include "../core/jsonl.h"

#define COMMAND "mailxtra,save"

/* Microseconds between two looks of the progress at a terminal. */
#define PROGRESS_STEP (G_USEC_PER_SEC / 4)

/* One -z option. */
typedef struct saver {
    save_dir *dir;
    char *filter; /* NULL: none */
    gboolean messages;
    digest *digests[3];   /* as digest_table says; NULL: not wanted */
    guint64 capture_size; /* bytes, when the user said so; 0: unknown */
    GString *line;
    GString *common; /* what all lines of a message say */
    guint64 files, bytes, failed;
    char *first_error;
    GHashTable *seen;   /* of export_object_identity(); NULL: nothing has one so far */
    GHashTable *places; /* the same without hashes */
    char *sha256;       /* of what was saved last */
    gboolean terminal;
    gint64 next_progress;
} saver;

static int tap = -1;
static GPtrArray *savers;
static gboolean any_failed;

/* ---- what the user sees ---- */

static void show_progress(saver *s, const packet_info *pinfo)
{
    gint64 now = s->terminal ? g_get_monotonic_time() : 0;
    if (!s->terminal || now < s->next_progress)
        return;
    s->next_progress = now + PROGRESS_STEP;
    fprintf(stderr, "\rmailxtra: %" G_GUINT64_FORMAT " files, %.1f MB", s->files, (double)s->bytes / 1e6);
    if (s->capture_size)
        fprintf(stderr, ", %d %% of the capture",
                (int)MIN(100, 100.0 * (double)pinfo->fd->file_off / (double)s->capture_size));
    else
        fprintf(stderr, ", %.0f MB of the capture read", (double)pinfo->fd->file_off / 1e6);
    fflush(stderr);
}

static void count_failure(saver *s, char *error)
{
    s->failed++;
    any_failed = TRUE;
    if (s->first_error)
        g_free(error);
    else
        s->first_error = error;
}

static void show_result(saver *s)
{
    if (s->terminal)
        fprintf(stderr, "\rmailxtra: %" G_GUINT64_FORMAT " files, %.1f MB saved.%20s\n", s->files,
                (double)s->bytes / 1e6, "");
    if (s->failed)
        fprintf(stderr, "mailxtra: %" G_GUINT64_FORMAT " could not be saved; the first: %s\n", s->failed,
                s->first_error);
    fflush(stderr);
}

/* tshark's own exit status says nothing of taps. */
static void exit_with_failure(void)
{
    if (!any_failed)
        return;
    fflush(NULL);
    _exit(EXIT_FAILURE);
}

/* ---- the manifest ---- */

static void enter_time(GString *line, const nstime_t *when)
{
    char text[64];
    struct tm utc;
    time_t seconds = when->secs;
    g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT ".%09d", (gint64)when->secs, when->nsecs);
    jsonl_literal(line, "epoch", text);
    gsize length = gmtime_r(&seconds, &utc) ? strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc) : 0;
    g_snprintf(text + length, (gulong)(sizeof text - length), ".%09dZ", when->nsecs);
    jsonl_text(line, "time", length ? text : NULL);
}

static void enter_end(GString *line, const char *key, const address *end, guint32 port)
{
    char *host = address_to_str(NULL, end);
    char *text = g_strdup_printf(end->type == AT_IPv6 ? "[%s]:%u" : "%s:%u", host, port);
    jsonl_text(line, key, text);
    g_free(text);
    wmem_free(NULL, host);
}

static void enter_field(GString *line, const char *key, const stored_message *stored, const mime_message *mime,
                        const char *name)
{
    char *text = export_object_field(stored, mime, name);
    jsonl_text(line, key, text);
    g_free(text);
}

/* What every line says of the message. */
static void enter_message(GString *line, const stored_message *stored, const mime_message *mime)
{
    jsonl_begin(line);
    jsonl_number(line, "message", stored->id);
    jsonl_number(line, "frame", stored->finished_in);
    enter_time(line, &stored->finished_at);
    jsonl_text(line, "protocol", text_protocol(stored->protocol));
    enter_end(line, "client", &stored->client, stored->client_port);
    enter_end(line, "server", &stored->server, stored->server_port);
    jsonl_text(line, "envelope_from", stored->envelope_from);
    jsonl_texts(line, "envelope_to", stored->envelope_to);
    enter_field(line, "from", stored, mime, "From");
    enter_field(line, "to", stored, mime, "To");
    enter_field(line, "subject", stored, mime, "Subject");
    enter_field(line, "date", stored, mime, "Date");
    enter_field(line, "message_id", stored, mime, "Message-ID");
}

static void begin_line(saver *s, const char *record)
{
    jsonl_begin(s->line);
    jsonl_text(s->line, "record", record);
    jsonl_members(s->line, s->common);
}

/* What is saved, or only entered. */
typedef struct object {
    const char *type;
    attachment_body body;
    gboolean complete;
    guint64 missing;
} object;

static void enter_object(const saver *s, const object *o, guint64 size)
{
    jsonl_text(s->line, "type", o->type);
    jsonl_number(s->line, "size", size);
    jsonl_bool(s->line, "complete", o->complete);
    jsonl_number(s->line, "missing", o->missing);
}

static const struct {
    const char *key;
    GChecksumType type;
} digest_table[] = {{"sha256", G_CHECKSUM_SHA256}, {"sha1", G_CHECKSUM_SHA1}, {"md5", G_CHECKSUM_MD5}};

static void enter_digests(saver *s)
{
    for (gsize i = 0; i < G_N_ELEMENTS(digest_table); i++) {
        char *text = s->digests[i] ? digest_take(s->digests[i]) : NULL;
        if (text)
            jsonl_text(s->line, digest_table[i].key, text);
        if (i == 0) {
            g_free(s->sha256);
            s->sha256 = text;
        } else {
            g_free(text);
        }
    }
}

/* A file on its way to the disk. */
typedef struct writing {
    saver *saver;
    guint64 size;
} writing;

static gboolean write_piece(slice piece, void *user)
{
    writing *w = user;
    w->size += piece.len;
    save_dir_write(w->saver->dir, piece);
    for (gsize i = 0; i < G_N_ELEMENTS(digest_table); i++) {
        if (w->saver->digests[i])
            digest_feed(w->saver->digests[i], piece);
    }
    return TRUE;
}

/* Saves the object and ends its line. */
static void save_object(saver *s, const char *name, const object *o)
{
    char *error = NULL;
    writing w = {s, 0};
    save_dir_begin(s->dir, name);
    attachment_body_read(&o->body, write_piece, &w);
    char *file = save_dir_end(s->dir, &error);
    enter_object(s, o, w.size);
    enter_digests(s);
    jsonl_text(s->line, "file", file);
    if (error) {
        jsonl_text(s->line, "error", error);
        count_failure(s, error);
    }
    jsonl_end(s->line);
    error = NULL;
    if (!save_dir_enter(s->dir, s->line, &error)) {
        if (file)
            save_dir_undo(s->dir);
        count_failure(s, error);
    } else if (file) {
        s->files++;
        s->bytes += w.size;
    }
    g_free(file);
}

/* ---- one message ---- */

static gboolean hash_piece(slice piece, void *user)
{
    digest_feed(user, piece);
    return TRUE;
}

static gboolean remember(GHashTable **set, const stored_message *stored, const char *path, const char *sha256)
{
    if (!*set)
        *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return g_hash_table_add(*set, export_object_identity(stored, path, sha256));
}

/* What was fetched again (IMAP) is there already. Asked before there is a file: that takes a pass of its own. */
static gboolean is_new(saver *s, const stored_message *stored, const char *path, const attachment_body *body)
{
    if (!export_object_may_come_again(stored))
        return TRUE;
    attachment_body_read(body, hash_piece, s->digests[0]);
    char *sha256 = digest_take(s->digests[0]);
    gboolean added = remember(&s->seen, stored, path, sha256);
    g_free(sha256);
    return added;
}

static char *name_of_message(const stored_message *stored, const mime_message *mime)
{
    char *subject = export_object_field(stored, mime, "Subject");
    char *safe = export_name_safe(subject, NULL);
    char *name = g_strconcat(safe ? safe : "message", ".eml", NULL);
    g_free(safe);
    g_free(subject);
    return name;
}

static char *name_of_part(const stored_message *stored, const mime_message *mime, const mime_part *part)
{
    char *name = export_name_safe(part->filename, NULL);
    if (name)
        return name;
    char *subject = export_object_field(stored, mime, "Subject");
    name = export_name_for_part(subject, part->path, part->type);
    g_free(subject);
    return name;
}

/* One message on its way to the disk. */
typedef struct saving {
    saver *saver;
    const stored_message *stored;
    const mime_message *mime;
    guint attachments;
} saving;

static void save_attachment(const mime_part *part, const attachment_body *body, void *user)
{
    saving *one = user;
    saver *s = one->saver;
    one->attachments++;
    gboolean may_come_again = export_object_may_come_again(one->stored);
    /* the first of its place needs no such pass; its hash is known when it is saved */
    gboolean is_first = may_come_again && remember(&s->places, one->stored, part->path, "");
    if (!is_first && !is_new(s, one->stored, part->path, body))
        return;
    char *name = name_of_part(one->stored, one->mime, part);
    begin_line(s, "attachment");
    jsonl_text(s->line, "part", part->path);
    jsonl_text(s->line, "name", part->filename);
    save_object(s, name, &(object){part->type, *body, part->complete, part->missing});
    if (is_first)
        remember(&s->seen, one->stored, part->path, s->sha256);
    g_free(name);
}

static void save_message(const saving *one)
{
    saver *s = one->saver;
    const stored_message *stored = one->stored;
    object o = {
        "message/rfc822", {NULL, message_store_bytes(stored)}, message_store_is_complete(stored), stored->missing};
    if (!is_new(s, stored, "", &o.body))
        return;
    begin_line(s, "message");
    jsonl_number(s->line, "attachments", one->attachments);
    if (s->messages) {
        char *name = name_of_message(stored, one->mime);
        save_object(s, name, &o);
        g_free(name);
    } else {
        char *error = NULL;
        enter_object(s, &o, o.body.whole.len);
        jsonl_text(s->line, "file", NULL);
        jsonl_end(s->line);
        if (!save_dir_enter(s->dir, s->line, &error))
            count_failure(s, error);
    }
}

static void save_all(saver *s, stored_message *stored)
{
    if (stored->imap && stored->imap->is_header)
        return;
    mime_message *mime = message_store_parse(stored);
    enter_message(s->common, stored, mime);
    saving one = {s, stored, mime, 0};
    attachment_walk(mime, &(attachment_visitor){.visit = save_attachment, .user = &one});
    if (message_store_is_mail(stored))
        save_message(&one);
    mime_message_free(mime);
}

/* ---- the tap ---- */

static tap_packet_status on_message(void *tap_data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                                    tap_flags_t flags _U_)
{
    saver *s = tap_data;
    save_all(s, *(stored_message *const *)data);
    show_progress(s, pinfo);
    return TAP_PACKET_DONT_REDRAW;
}

/* tshark asks for this once, when the capture is over. */
static void on_draw(void *tap_data)
{
    saver *s = tap_data;
    export_object_finish();
    show_result(s);
}

static void free_saver(saver *s)
{
    if (s->dir)
        save_dir_close(s->dir);
    g_string_free(s->line, TRUE);
    g_string_free(s->common, TRUE);
    g_free(s->filter);
    g_free(s->first_error);
    for (gsize i = 0; i < G_N_ELEMENTS(digest_table); i++)
        digest_free(s->digests[i]);
    g_clear_pointer(&s->seen, g_hash_table_destroy);
    g_clear_pointer(&s->places, g_hash_table_destroy);
    g_free(s->sha256);
    g_free(s);
}

static void on_finish(void *tap_data)
{
    g_ptr_array_remove(savers, tap_data);
    free_saver(tap_data);
}

gboolean save_tap_is_wanted(void)
{
    return have_tap_listener(tap);
}

void save_tap_offer(stored_message *stored, packet_info *pinfo)
{
    if (save_tap_is_wanted())
        tap_queue_packet(tap, pinfo, wmem_memdup(pinfo->pool, &stored, sizeof stored));
}

void save_tap_at_end(stored_message *stored)
{
    for (guint i = 0; savers && i < savers->len; i++) {
        saver *s = g_ptr_array_index(savers, i);
        if (!s->filter) /* there is no frame that it could be asked of */
            save_all(s, stored);
    }
}

/* ---- the command line ---- */

static void give_up(const char *why)
{
    fprintf(stderr, "mailxtra: -z %s: %s\n", COMMAND, why);
    exit(EXIT_FAILURE);
}

static gboolean want_digest(saver *s, const char *key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(digest_table); i++) {
        if (strcmp(key, digest_table[i].key) != 0)
            continue;
        if (!s->digests[i])
            s->digests[i] = digest_new(digest_table[i].type);
        return TRUE;
    }
    return FALSE;
}

/* One word behind the folder. FALSE: no option, so the filter begins here. */
static gboolean read_option(saver *s, const char *word)
{
    if (strcmp(word, "messages") == 0)
        s->messages = TRUE;
    else if (want_digest(s, word))
        return TRUE;
    else if (g_str_has_prefix(word, "of=") && g_ascii_isdigit(word[3]))
        s->capture_size = g_ascii_strtoull(word + 3, NULL, 10);
    else
        return FALSE;
    return TRUE;
}

/* DIR[,OPTION...][,FILTER] */
static void read_arguments(saver *s, const char *arguments)
{
    char **words = g_strsplit(arguments, ",", -1), *error = NULL;
    guint i = 1;
    if (!words[0] || !*words[0])
        give_up("which folder? " COMMAND ",DIR[,messages][,md5][,sha1][,of=BYTES][,FILTER]");
    while (words[i] && read_option(s, words[i]))
        i++;
    s->filter = words[i] ? g_strjoinv(",", words + i) : NULL;
    s->dir = save_dir_open(words[0], &error);
    if (!s->dir)
        give_up(error);
    g_strfreev(words);
}

static ws_stat_init on_option(const char *option, void *user _U_)
{
    saver *s = g_new0(saver, 1);
    s->line = g_string_new(NULL);
    s->common = g_string_new(NULL);
    s->terminal = isatty(STDERR_FILENO);
    want_digest(s, digest_table[0].key);
    read_arguments(s, option[strlen(COMMAND)] == ',' ? option + strlen(COMMAND) + 1 : "");
    GString *error =
        register_tap_listener("mailxtra_save", s, s->filter, TL_REQUIRES_NOTHING, NULL, on_message, on_draw, on_finish);
    if (error)
        give_up(error->str);
    if (!savers) {
        savers = g_ptr_array_new();
        atexit(exit_with_failure);
    }
    g_ptr_array_add(savers, s);
    return WS_STAT_INIT_DONE;
}

void save_tap_register(void)
{
    static stat_tap_ui ui = {REGISTER_LOG_STAT_GROUP_UNSORTED, NULL, COMMAND, on_option, 0, NULL};
    tap = register_tap("mailxtra_save");
    register_stat_tap_ui(&ui, NULL);
}
