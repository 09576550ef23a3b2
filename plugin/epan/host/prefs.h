/* prefs.h
 * The user's preferences (Edit > Preferences > Protocols > Mailxtra).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_PREFS_H
#define MAILXTRA_PREFS_H

#include "ws_compat.h"

typedef struct mailxtra_preferences {
    range_t *smtp_ports;  /* TCP ports taken for SMTP and LMTP */
    range_t *pop3_ports;  /* TCP ports taken for POP3 */
    range_t *imap_ports;  /* TCP ports taken for IMAP */
    range_t *smtps_ports; /* TLS from the first byte, SMTP inside */
    range_t *pop3s_ports; /* TLS from the first byte, POP3 inside */
    range_t *imaps_ports; /* TLS from the first byte, IMAP inside */
    ws_bool stock_trees;  /* draw the smtp, pop and imap trees too */
    ws_bool call_imf;     /* hand whole messages to the stock IMF dissector */
    ws_bool call_media;   /* hand decoded parts to the media type dissectors */
    ws_bool export_text;  /* text bodies are attachments for Export Objects too */
    ws_bool decode_auth;  /* show what AUTH exchanges say */
} mailxtra_preferences;

extern mailxtra_preferences mailxtra_prefs;

void mailxtra_prefs_register(int proto);

#endif
