/* prefs.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "prefs.h"

mailxtra_preferences mailxtra_prefs = {
    .stock_trees = TRUE,
    .call_imf = TRUE,
    .call_media = TRUE,
    .export_text = FALSE,
    .decode_auth = TRUE,
};

static void register_ports(module_t *module, const char *name, const char *title, const char *description,
                           range_t **ports, const char *preset)
{
    range_convert_str(wmem_epan_scope(), ports, preset, 65535);
    prefs_register_range_preference(module, name, title, description, ports, 65535);
}

void mailxtra_prefs_register(int proto)
{
    module_t *module = prefs_register_protocol(proto, NULL);

    register_ports(module, "smtp_ports", "SMTP and LMTP ports",
                   "TCP ports on which SMTP or LMTP is expected. Ports that you gave to another protocol with Decode "
                   "As stay with it",
                   &mailxtra_prefs.smtp_ports, "24,25,587,2525");
    register_ports(module, "pop3_ports", "POP3 ports", "TCP ports on which POP3 is expected",
                   &mailxtra_prefs.pop3_ports, "110");
    register_ports(module, "imap_ports", "IMAP ports", "TCP ports on which IMAP is expected",
                   &mailxtra_prefs.imap_ports, "143");
    register_ports(module, "smtps_ports", "SMTP over TLS ports", "TCP ports on which SMTP inside TLS is expected",
                   &mailxtra_prefs.smtps_ports, "465");
    register_ports(module, "pop3s_ports", "POP3 over TLS ports", "TCP ports on which POP3 inside TLS is expected",
                   &mailxtra_prefs.pop3s_ports, "995");
    register_ports(module, "imaps_ports", "IMAP over TLS ports", "TCP ports on which IMAP inside TLS is expected",
                   &mailxtra_prefs.imaps_ports, "993");
    prefs_register_bool_preference(
        module, "stock_trees", "Draw the SMTP, POP and IMAP trees of Wireshark too",
        "Keeps smtp.*, pop.* and imap.* filters, columns and colours working, drawn from this plugin's own records",
        &mailxtra_prefs.stock_trees);
    prefs_register_bool_preference(module, "call_imf", "Hand messages to the Internet Message Format dissector",
                                   "Keeps imf.* filters and Export Objects > IMF working, with the dot-stuffing undone",
                                   &mailxtra_prefs.call_imf);
    prefs_register_bool_preference(module, "call_media", "Hand decoded parts to the media type dissectors",
                                   "A PNG shows as a PNG, a PDF as a PDF, ...", &mailxtra_prefs.call_media);
    prefs_register_bool_preference(
        module, "decode_auth", "Show user names and passwords",
        "Decode AUTH exchanges (PLAIN, LOGIN, CRAM-MD5, SCRAM, XOAUTH2, ...) into the tree and the credentials tap",
        &mailxtra_prefs.decode_auth);
    prefs_register_bool_preference(module, "export_text", "Export text bodies with the attachments",
                                   "Export Objects > Mail attachments offers text parts without a file name too",
                                   &mailxtra_prefs.export_text);
}
