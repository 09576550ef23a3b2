/* manifest.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "manifest.h"

#include "jsonl.h"

#include <time.h>

/* ---- the first and the last line ---- */

static void begin_record(GString *line, const char *record)
{
    jsonl_begin(line);
    jsonl_text(line, "record", record);
}

static void enter_options(GString *object, const manifest_options *options)
{
    jsonl_begin(object);
    jsonl_bool(object, "messages", options->messages);
    jsonl_texts(object, "digests", options->digests);
    if (options->capture_size)
        jsonl_number(object, "of", options->capture_size);
    else
        jsonl_null(object, "of");
    jsonl_text(object, "filter", options->filter);
}

void manifest_begin(GString *line, const char *plugin_version, const manifest_options *options)
{
    GString *object = g_string_new(NULL);
    begin_record(line, "begin");
    jsonl_number(line, "schema", MANIFEST_SCHEMA);
    jsonl_text(line, "plugin", plugin_version);
    enter_options(object, options);
    jsonl_object(line, "options", object);
    jsonl_end(line);
    g_string_free(object, TRUE);
}

void manifest_end(GString *line, const manifest_counts *counts)
{
    begin_record(line, "end");
    jsonl_number(line, "messages", counts->messages);
    jsonl_number(line, "attachments", counts->attachments);
    jsonl_number(line, "failed", counts->failed);
    jsonl_bool(line, "complete", counts->failed == 0);
    jsonl_end(line);
}

/* ---- what all lines of a message say ---- */

static void enter_time(GString *line, gint64 since_1970, gint32 nanoseconds)
{
    char text[64];
    struct tm utc;
    time_t seconds = (time_t)since_1970;
    g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT ".%09d", since_1970, nanoseconds);
    jsonl_literal(line, "epoch", text);
    gsize length = gmtime_r(&seconds, &utc) ? strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc) : 0;
    g_snprintf(text + length, (gulong)(sizeof text - length), ".%09dZ", nanoseconds);
    jsonl_text(line, "time", length ? text : NULL);
}

static void enter_endpoint(GString *line, const char *key, const manifest_endpoint *end)
{
    char *text = g_strdup_printf(end->is_ipv6 ? "[%s]:%u" : "%s:%u", end->address, end->port);
    jsonl_text(line, key, text);
    g_free(text);
}

/* Numbers of messages go on when the session was reset, those of frames do not. */
void manifest_message(GString *common, const manifest_transfer *transfer, message_analysis *analysis)
{
    static const struct {
        const char *key, *name;
    } fields[] = {
        {"from", "From"}, {"to", "To"}, {"subject", "Subject"}, {"date", "Date"}, {"message_id", "Message-ID"}};
    jsonl_begin(common);
    jsonl_number(common, "message", transfer->number);
    if (transfer->resets)
        jsonl_number(common, "reset", transfer->resets);
    jsonl_number(common, "frame", transfer->frame);
    enter_time(common, transfer->seconds, transfer->nanoseconds);
    jsonl_text(common, "protocol", transfer->protocol);
    enter_endpoint(common, "client", &transfer->client);
    enter_endpoint(common, "server", &transfer->server);
    jsonl_text(common, "envelope_from", transfer->envelope_from);
    jsonl_texts(common, "envelope_to", transfer->envelope_to);
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        jsonl_text(common, fields[i].key, message_analysis_field(analysis, fields[i].name));
}

/* ---- the line of an object ---- */

void manifest_message_begin(GString *line, const GString *common, guint attachments)
{
    begin_record(line, "message");
    jsonl_members(line, common);
    jsonl_number(line, "attachments", attachments);
}

void manifest_attachment_begin(GString *line, const GString *common, const char *path, const char *name)
{
    begin_record(line, "attachment");
    jsonl_members(line, common);
    jsonl_text(line, "part", path);
    jsonl_text(line, "name", name);
}

void manifest_object(GString *line, const manifest_content *content)
{
    jsonl_text(line, "type", content->type);
    jsonl_number(line, "size", content->size);
    jsonl_bool(line, "complete", content->complete);
    if (content->missing == MANIFEST_MISSING_UNKNOWN)
        jsonl_null(line, "missing");
    else
        jsonl_number(line, "missing", content->missing);
}

void manifest_digest(GString *line, const char *algorithm, const char *digest)
{
    jsonl_text(line, algorithm, digest);
}

void manifest_file(GString *line, const char *file, const char *error)
{
    jsonl_text(line, "file", file);
    if (error)
        jsonl_text(line, "error", error);
    jsonl_end(line);
}

/* ---- how much is missing ---- */

/* Is it the last part, or around it? What comes behind the end of the bytes would have been in there. */
static gboolean is_last(const mime_message *mime, const mime_part *part)
{
    const mime_part *last = g_ptr_array_index(mime->parts, mime->parts->len - 1);
    while (last && last != part)
        last = last->parent;
    return last != NULL;
}

guint64 manifest_missing_of_part(const message_analysis *analysis, const mime_part *part, gboolean is_end_known)
{
    const mime_message *mime = message_analysis_mime(analysis);
    gboolean is_known = part->complete || (part->missing && (is_end_known || !is_last(mime, part)));
    return is_known ? part->missing : MANIFEST_MISSING_UNKNOWN;
}
