/* capture_file.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "capture_file.h"

#include <ws_version.h>

#include <wiretap/wtap.h>
#include <wsutil/buffer.h>
#include <wsutil/wslog.h>

/* From 4.6 on the buffer of a record is a part of it. (The plugin's versions are in plugin/epan/ws_compat.h, which
 * needs epan.) */
#if WIRESHARK_VERSION_MAJOR > 4 || (WIRESHARK_VERSION_MAJOR == 4 && WIRESHARK_VERSION_MINOR >= 6)
#define WS_RECORD_HAS_DATA
#endif

#define FIRST_BUFFER 2048

/* Values of frame.link_type for what no pcap file can hold. */
#define LINK_NONE G_MAXUINT

struct capture_file {
    char *path;
    wtap *wth;
    wtap_rec record;
    Buffer buffer; /* not used where the record has one */
    guint64 count;
};

static void begin_record(capture_file *file)
{
#ifdef WS_RECORD_HAS_DATA
    wtap_rec_init(&file->record, FIRST_BUFFER);
#else
    wtap_rec_init(&file->record);
    ws_buffer_init(&file->buffer, FIRST_BUFFER);
#endif
}

static void end_record(capture_file *file)
{
    wtap_rec_cleanup(&file->record);
#ifndef WS_RECORD_HAS_DATA
    ws_buffer_free(&file->buffer);
#endif
}

static gboolean read_record(capture_file *file, int *error, char **details)
{
    gint64 offset;
    wtap_rec_reset(&file->record); /* gives back the options of the last one */
#ifdef WS_RECORD_HAS_DATA
    return wtap_read(file->wth, &file->record, error, details, &offset);
#else
    return wtap_read(file->wth, &file->record, &file->buffer, error, details, &offset);
#endif
}

static const guint8 *record_bytes(capture_file *file)
{
#ifdef WS_RECORD_HAS_DATA
    return ws_buffer_start_ptr(&file->record.data);
#else
    return ws_buffer_start_ptr(&file->buffer);
#endif
}

/* Takes `details` over. */
static char *describe(const char *path, int error, char *details)
{
    const char *reason = error == WTAP_ERR_FILE_UNKNOWN_FORMAT ? "this is no capture file that Wireshark knows"
                         : error == WTAP_ERR_SHORT_READ        ? "the capture is cut short in the middle of a packet"
                                                               : wtap_strerror(error);
    char *text =
        details ? g_strdup_printf("%s: %s (%s)", path, reason, details) : g_strdup_printf("%s: %s", path, reason);
    g_free(details);
    return text;
}

capture_file *capture_file_open(const char *path, char **error_r)
{
    int error = 0;
    char *details = NULL;
    ws_log_set_level(LOG_LEVEL_WARNING); /* a program that sets none gets all of wiretap's */
    wtap_init(FALSE);                    /* without plugins */
    wtap *wth = wtap_open_offline(path, WTAP_TYPE_AUTO, &error, &details, FALSE);
    if (!wth) {
        *error_r = describe(path, error, details);
        return NULL;
    }
    capture_file *file = g_new0(capture_file, 1);
    file->path = g_strdup(path);
    file->wth = wth;
    begin_record(file);
    *error_r = NULL;
    return file;
}

void capture_file_close(capture_file *file)
{
    if (!file)
        return;
    end_record(file);
    wtap_close(file->wth);
    wtap_cleanup();
    g_free(file->path);
    g_free(file);
}

static guint64 milliseconds(const wtap_rec *record)
{
    if (!(record->presence_flags & WTAP_HAS_TS) || record->ts.secs < 0)
        return 0;
    return (guint64)record->ts.secs * 1000 + (guint64)record->ts.nsecs / 1000000;
}

/* wiretap does not export its own table. */
static guint link_type(const wtap_rec *record)
{
    static const struct {
        int encapsulation;
        guint link;
    } links[] = {
        {WTAP_ENCAP_ETHERNET, FRAME_LINK_ETHERNET}, {WTAP_ENCAP_NULL, FRAME_LINK_NULL},
        {WTAP_ENCAP_LOOP, FRAME_LINK_LOOP},         {WTAP_ENCAP_RAW_IP, FRAME_LINK_RAW},
        {WTAP_ENCAP_RAW_IP4, FRAME_LINK_IPV4},      {WTAP_ENCAP_RAW_IP6, FRAME_LINK_IPV6},
        {WTAP_ENCAP_SLL, FRAME_LINK_LINUX_SLL},     {WTAP_ENCAP_SLL2, FRAME_LINK_LINUX_SLL2},
        {WTAP_ENCAP_PPP, FRAME_LINK_PPP},           {WTAP_ENCAP_PPP_WITH_PHDR, FRAME_LINK_PPP},
        {WTAP_ENCAP_PPP_ETHER, FRAME_LINK_PPPOE},   {WTAP_ENCAP_CHDLC, FRAME_LINK_CISCO_HDLC},
    };
    int encapsulation = record->rec_header.packet_header.pkt_encap;
    for (gsize i = 0; i < G_N_ELEMENTS(links); i++)
        if (links[i].encapsulation == encapsulation)
            return links[i].link;
    return LINK_NONE;
}

gboolean capture_file_next(capture_file *file, frame *frame_r, guint64 *number_r, char **error_r)
{
    int error = 0;
    char *details = NULL;
    *error_r = NULL;
    if (!read_record(file, &error, &details)) {
        if (error)
            *error_r = describe(file->path, error, details);
        return FALSE;
    }
    const wtap_rec *record = &file->record;
    *number_r = ++file->count;
    *frame_r = (frame){.link_type = LINK_NONE, .time = milliseconds(record)};
    if (record->rec_type == REC_TYPE_PACKET) {
        frame_r->link_type = link_type(record);
        frame_r->bytes = (slice){record_bytes(file), record->rec_header.packet_header.caplen};
        frame_r->length = record->rec_header.packet_header.len;
    }
    return TRUE;
}
