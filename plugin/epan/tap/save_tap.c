/* save_tap.c
 * Nothing is collected: what a message holds is written when it is over, one object after the other, and decoded,
 * hashed and written piece by piece. So the cost is linear in the bytes, and there is no memory but for the message
 * itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "save_tap.h"

#include "capture_end.h"
#include "export_object.h"
#include "message_facts.h"
#include "text.h"

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <epan/to_str.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "digest.h"
#include "export_name.h"
#include "imap_identity.h"
#include "manifest.h"
#include "option_word.h"
#include "save_dir.h"

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
    manifest_counts counts;
    guint64 files, bytes;
    char *first_error;
    GHashTable *seen;   /* of imap_identity_of_object(); NULL: nothing has one so far */
    GHashTable *places; /* the same without hashes */
    char *sha256;       /* of what was saved last */
    gboolean terminal;
    gint64 next_progress;
} saver;

static int tap = -1;
static guint64 earlier_messages; /* before the session was reset */
static guint resets;
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
    s->counts.failed++;
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
    if (s->counts.failed)
        fprintf(stderr, "mailxtra: %" G_GUINT64_FORMAT " could not be saved; the first: %s\n", s->counts.failed,
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

/* *text_r: what it borrows, wmem_free() it. */
static manifest_endpoint endpoint(const address *end, guint32 port, char **text_r)
{
    *text_r = address_to_str(NULL, end);
    return (manifest_endpoint){*text_r, port, end->type == AT_IPv6};
}

/* What every line says of the message. Numbers go on when the session was reset, those of frames do not. */
static void enter_message(GString *common, const stored_message *stored, message_analysis *analysis)
{
    char *client, *server;
    const manifest_transfer transfer = {.number = earlier_messages + stored->id,
                                        .resets = resets,
                                        .frame = stored->finished_in,
                                        .seconds = stored->finished_at.secs,
                                        .nanoseconds = stored->finished_at.nsecs,
                                        .protocol = text_protocol(stored->protocol),
                                        .client = endpoint(&stored->client, stored->client_port, &client),
                                        .server = endpoint(&stored->server, stored->server_port, &server),
                                        .envelope_from = stored->envelope_from,
                                        .envelope_to = stored->envelope_to};
    manifest_message(common, &transfer, analysis);
    wmem_free(NULL, client);
    wmem_free(NULL, server);
}

/* What is saved, or only entered. */
typedef struct object {
    guint64 *lines;      /* of its kind in the manifest */
    part_analysis *part; /* whose bytes; NULL: those of `whole` */
    slice whole;
    manifest_content content; /* size: known when it was read */
} object;

/* Is it known how far the message would have gone on? */
static gboolean is_end_known(const stored_message *stored)
{
    return stored->end_reason == MAIL_END_COMPLETE || stored->not_fetched;
}

static guint64 missing_of_message(const stored_message *stored)
{
    gboolean is_counted = stored->missing || stored->not_fetched;
    return message_store_is_complete(stored) || (is_end_known(stored) && is_counted)
               ? stored->missing + stored->not_fetched
               : MANIFEST_MISSING_UNKNOWN;
}

/* Adds the line to the manifest, and counts it. FALSE: it is not there, and this is counted. */
static gboolean enter_line(saver *s, guint64 *lines)
{
    char *error = NULL;
    if (!save_dir_enter(s->dir, s->line, &error)) {
        count_failure(s, error);
        return FALSE;
    }
    if (lines)
        ++*lines;
    return TRUE;
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
            manifest_digest(s->line, digest_table[i].key, text);
        if (i == 0) {
            g_free(s->sha256);
            s->sha256 = text;
        } else {
            g_free(text);
        }
    }
}

/* The first line. */
static void begin_manifest(saver *s)
{
    char *digests[G_N_ELEMENTS(digest_table) + 1] = {NULL};
    for (gsize i = 0, count = 0; i < G_N_ELEMENTS(digest_table); i++)
        if (s->digests[i])
            digests[count++] = (char *)digest_table[i].key;
    const manifest_options options = {s->messages, digests, s->capture_size, s->filter};
    manifest_begin(s->line, MAILXTRA_VERSION, &options);
    enter_line(s, NULL);
}

/* The last line: without it the run was interrupted. */
static void end_manifest(saver *s)
{
    manifest_end(s->line, &s->counts);
    enter_line(s, NULL);
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
static void save_object(saver *s, const char *name, object *o)
{
    char *error = NULL;
    writing w = {s, 0};
    save_dir_begin(s->dir, name);
    if (o->part)
        part_analysis_read(o->part, write_piece, &w);
    else if (o->whole.len)
        write_piece(o->whole, &w);
    char *file = save_dir_end(s->dir, &error);
    o->content.size = w.size;
    manifest_object(s->line, &o->content);
    enter_digests(s);
    manifest_file(s->line, file, error);
    if (error)
        count_failure(s, error);
    if (!enter_line(s, o->lines)) {
        if (file)
            save_dir_undo(s->dir);
    } else if (file) {
        s->files++;
        s->bytes += w.size;
    }
    g_free(file);
}

/* Enters the object, which is not saved, and ends its line. */
static void enter_object(saver *s, object *o)
{
    o->content.size = o->whole.len;
    manifest_object(s->line, &o->content);
    manifest_file(s->line, NULL, NULL);
    enter_line(s, o->lines);
}

/* ---- one message ---- */

static gboolean remember(GHashTable **set, const stored_message *stored, const char *path, const char *sha256)
{
    if (!*set)
        *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return g_hash_table_add(*set, imap_identity_of_object(stored->imap->key, path, sha256));
}

/* What was fetched again (IMAP) is there already. */
static gboolean is_new(saver *s, stored_message *stored, const char *path, part_analysis *part)
{
    return !message_store_may_come_again(stored) ||
           remember(&s->seen, stored, path, message_facts_digest(stored, part, G_CHECKSUM_SHA256));
}

static char *name_of_message(message_analysis *analysis)
{
    char *safe = export_name_safe(message_analysis_field(analysis, "Subject"), NULL);
    char *name = g_strconcat(safe ? safe : "message", ".eml", NULL);
    g_free(safe);
    return name;
}

static char *name_of_part(message_analysis *analysis, const mime_part *part)
{
    char *name = export_name_safe(part->filename, NULL);
    return name ? name : export_name_for_part(message_analysis_field(analysis, "Subject"), part->path, part->type);
}

/* One message on its way to the disk. */
typedef struct saving {
    saver *saver;
    stored_message *stored;
    message_analysis *analysis;
    guint attachments;
} saving;

static manifest_content content_of_part(const saving *saved, const mime_part *part)
{
    return (manifest_content){.type = part->type,
                              .complete = part->complete,
                              .missing = manifest_missing_of_part(saved->analysis, part, is_end_known(saved->stored))};
}

static void save_attachment(part_analysis *one, void *user)
{
    saving *saved = user;
    saver *s = saved->saver;
    const mime_part *part = part_analysis_part(one);
    gboolean may_come_again = message_store_may_come_again(saved->stored);
    saved->attachments++;
    /* the first of its place is saved without a look at its hash, which is known then */
    gboolean is_first = may_come_again && remember(&s->places, saved->stored, part->path, "");
    if (export_object_is_wanted() || (may_come_again && !is_first))
        part_analysis_bytes(one); /* is needed twice: is decoded once */
    if (!is_first && !is_new(s, saved->stored, part->path, one))
        return;
    char *name = name_of_part(saved->analysis, part);
    object o = {.lines = &s->counts.attachments, .part = one, .content = content_of_part(saved, part)};
    manifest_attachment_begin(s->line, s->common, part->path, part->filename);
    save_object(s, name, &o);
    if (is_first)
        remember(&s->seen, saved->stored, part->path, s->sha256);
    g_free(name);
}

static void save_message(const saving *one)
{
    saver *s = one->saver;
    stored_message *stored = one->stored;
    object o = {.lines = &s->counts.messages,
                .whole = message_store_bytes(stored),
                .content = {.type = "message/rfc822",
                            .complete = message_store_is_complete(stored),
                            .missing = missing_of_message(stored)}};
    if (!is_new(s, stored, "", NULL))
        return;
    manifest_message_begin(s->line, s->common, one->attachments);
    if (!s->messages) {
        enter_object(s, &o);
        return;
    }
    char *name = name_of_message(one->analysis);
    save_object(s, name, &o);
    g_free(name);
}

static void save_all(saver *s, stored_message *stored, message_analysis *analysis)
{
    if (!message_store_is_offered(stored))
        return;
    enter_message(s->common, stored, analysis);
    saving one = {s, stored, analysis, 0};
    message_analysis_attachments(analysis, save_attachment, &one);
    if (message_store_is_mail(stored))
        save_message(&one);
}

/* ---- the tap ---- */

static tap_packet_status on_message(void *tap_data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                                    tap_flags_t flags _U_)
{
    saver *s = tap_data;
    const frame_messages *messages = data;
    for (guint i = 0; i < messages->count; i++)
        save_all(s, messages->messages[i], message_facts(messages->messages[i], pinfo));
    if (messages->count)
        show_progress(s, pinfo);
    return TAP_PACKET_DONT_REDRAW;
}

/* tshark calls this once, when the capture is over. */
static void on_draw(void *tap_data _U_)
{
    capture_end_finish();
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

/* The program ends: the last session is over, too. */
static void on_finish(void *tap_data)
{
    end_manifest(tap_data);
    show_result(tap_data);
    g_ptr_array_remove(savers, tap_data);
    free_saver(tap_data);
}

gboolean save_tap_is_wanted(void)
{
    return have_tap_listener(tap);
}

void save_tap_offer(const frame_messages *messages, packet_info *pinfo)
{
    if (save_tap_is_wanted())
        tap_queue_packet(tap, pinfo, messages);
}

/* What the end of the capture has cut. A saver with a filter gets it as a listener of the tap "mailxtra". */
static void save_at_end(stored_message *stored)
{
    message_analysis *analysis = savers ? message_facts_new(stored) : NULL;
    for (guint i = 0; savers && i < savers->len; i++) {
        saver *s = g_ptr_array_index(savers, i);
        if (!s->filter)
            save_all(s, stored, analysis);
    }
    message_analysis_free(analysis);
}

/* The session is over: its messages' numbers are used, and frames will be counted from 1 again. */
static void count_session(void)
{
    earlier_messages += message_store_count();
    resets++;
}

static tap_packet_status on_end(void *tap_data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                tap_flags_t flags _U_)
{
    const stream_call *call = ((const tapped_frame *)tapped)->calls[0];
    for (guint i = 0; i < stream_call_count(call); i++) {
        const mail_record *record = stream_call_record(call, i);
        if (mail_record_finishes(record, pinfo->num))
            save_all(tap_data, record->message, message_facts(record->message, pinfo));
    }
    return TAP_PACKET_DONT_REDRAW;
}

/* A frame that a saver's filter lets through. */
static tap_packet_status on_frame(void *tap_data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                  tap_flags_t flags _U_)
{
    capture_end_note(on_end, tap_data, pinfo, tapped, CAPTURE_END_LAST_FRAME);
    return TAP_PACKET_DONT_REDRAW;
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
    char *error = NULL, *folder = option_word_name(&arguments);
    if (!*folder)
        give_up("which folder? " COMMAND ",DIR[,messages][,md5][,sha1][,of=BYTES][,FILTER]");
    while (arguments && *arguments && !s->filter) {
        const char *rest = arguments;
        char *word = option_word(&rest);
        if (read_option(s, word))
            arguments = rest;
        else
            s->filter = g_strdup(arguments);
        g_free(word);
    }
    s->dir = save_dir_open(folder, &error);
    if (!s->dir)
        give_up(error);
    g_free(folder);
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
    if (!error && s->filter)
        error = register_tap_listener("mailxtra", s, s->filter, TL_REQUIRES_NOTHING, NULL, on_frame, NULL, NULL);
    if (error)
        give_up(error->str);
    if (!savers) {
        savers = g_ptr_array_new();
        atexit(exit_with_failure);
        capture_end_add_consumer((capture_end_consumer){.message = save_at_end, .forget = count_session});
    }
    g_ptr_array_add(savers, s);
    begin_manifest(s);
    return WS_STAT_INIT_DONE;
}

void save_tap_register(void)
{
    static stat_tap_ui ui = {REGISTER_LOG_STAT_GROUP_UNSORTED, NULL, COMMAND, on_option, 0, NULL};
    tap = register_tap("mailxtra_save");
    register_stat_tap_ui(&ui, NULL);
}
