/* fuzz_imap_lexer.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_bodystructure.h"
#include "imap_command.h"
#include "imap_fetch.h"
#include "imap_response.h"
#include "imap_urlfetch.h"
#include "imap_utf7.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void read_urls(const imap_line *line, gsize at, imap_items *items)
{
    imap_urlfetch urls;
    imap_urlfetch_value value;
    imap_url url;

    imap_urlfetch_init(&urls);
    imap_urlfetch_begin(&urls, at);
    if (imap_urlfetch_read(&urls, line, &value) && imap_urlfetch_url(&value, line, &url))
        imap_url_clear(&url);
    imap_urlfetch_items(&urls, line, items);
    imap_urlfetch_clear(&urls);
    if (imap_url_parse(line->text, &url))
        imap_url_clear(&url);
}

/* Lines of a server or a client, in pieces as long as the first byte says. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    slice rest = slice_from((slice){data, size}, 1);
    imap_reader *reader;
    imap_items items;
    stream_cursor in = {0};

    if (size == 0)
        return 0;
    reader = imap_reader_new(data[0] & 1 ? MAIL_SERVER : MAIL_CLIENT);
    imap_items_init(&items);
    while (rest.len) {
        in.bytes = slice_head(rest, 1 + (data[0] >> 1));
        rest = slice_from(rest, in.bytes.len);
        for (imap_read what; (what = imap_reader_next(reader, &in)) != IMAP_READ_MORE;) {
            anomaly_set anomalies = 0;
            imap_command command;
            imap_response response;
            imap_line line;

            if (what != IMAP_READ_LINE)
                continue;
            imap_reader_line(reader, &line);
            imap_items_reset(&items);
            if (imap_command_parse(line.text, &command))
                imap_command_items(&line, &command, &items, &anomalies);
            if (imap_response_parse(line.text, &response)) {
                imap_fetch fetch;
                slice name;
                imap_response_items(&line, &response, &items, &anomalies);
                imap_fetch_init(&fetch);
                imap_fetch_begin(&fetch, response.status ? 0 : response.data_offset);
                imap_fetch_read(&fetch, &line, &name);
                imap_fetch_items(&fetch, &line, &items);
                imap_fetch_clear(&fetch);
                read_urls(&line, response.status ? 0 : response.data_offset, &items);
            }
            imap_body_free(imap_body_parse(line.text));
            g_free(imap_utf7_decode(line.text, &anomalies));
        }
    }
    imap_items_clear(&items);
    imap_reader_free(reader);
    return 0;
}
