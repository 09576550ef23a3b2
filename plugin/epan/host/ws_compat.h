/* ws_compat.h
 * The only file that knows Wireshark versions: the sources are written in the newest
 * names, what an older (or newer) version calls otherwise is mapped here. Also holds what
 * libwireshark exports but no installed header declares.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_WS_COMPAT_H
#define MAILXTRA_WS_COMPAT_H

#include <epan/epan.h>
#include <epan/packet.h>
#include <epan/prefs.h>
#include <epan/tap.h>
#include <ws_version.h>

#define WS_VERSION_AT_LEAST(major, minor)                                                                              \
    (WIRESHARK_VERSION_MAJOR > (major) || (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

/* Text with what cannot be printed escaped, as the stock dissectors show it. */
#if WS_VERSION_AT_LEAST(4, 4)
#include <wsutil/str_util.h>
#define ws_format_text(scope, text, length) format_text(scope, text, length)
#else
#include <epan/strutil.h>
#define ws_format_text(scope, text, length) format_text(scope, (const guchar *)(text), length)
#endif

/* Does the program that reads the capture keep its frames, to dissect them again? cfile.h says how it does, and is
 * installed with 4.0, 4.4 and 4.6; struct epan_session, which leads there, is private, and the same in all of them.
 * Nobody has looked at later versions. */
typedef enum ws_frames_kept { WS_FRAMES_UNKNOWN, WS_FRAMES_NOT_KEPT, WS_FRAMES_KEPT } ws_frames_kept;

#if defined(__has_include) && !WS_VERSION_AT_LEAST(4, 7)
#if __has_include(<cfile.h>)
#include <cfile.h>
#define WS_HAS_CFILE
#endif
#endif

static inline ws_frames_kept ws_keeps_frames(const epan_t *session)
{
#ifdef WS_HAS_CFILE
    typedef struct session_inside {
        const struct packet_provider_data *provider; /* of every program that reads capture files */
    } session_inside;
    const struct packet_provider_data *provider = ((const session_inside *)(const void *)session)->provider;
    return !provider ? WS_FRAMES_UNKNOWN : provider->frames ? WS_FRAMES_KEPT : WS_FRAMES_NOT_KEPT;
#else
    (void)session;
    return WS_FRAMES_UNKNOWN;
#endif
}

/* What prefs_register_bool_preference() writes to and heuristics return. */
#if WS_VERSION_AT_LEAST(4, 4)
#include <wsutil/array.h>
typedef bool ws_bool;
#else
typedef gboolean ws_bool;
#endif

#if !WS_VERSION_AT_LEAST(4, 4)
#define tvb_get_uint8 tvb_get_guint8
#endif

/* plugin_describe() came with 4.4; before, the exported function is not looked at. */
#ifndef WS_PLUGIN_DESC_DISSECTOR
#define WS_PLUGIN_DESC_DISSECTOR (1UL << 0)
#endif

/* What the function behind a -z option returns. */
#if WS_VERSION_AT_LEAST(4, 6)
typedef bool ws_stat_init;
#define WS_STAT_INIT_DONE true
#else
typedef void ws_stat_init;
#define WS_STAT_INIT_DONE
#endif

/* epan/dissectors/packet-tls-utils.h declares it, but needs gcrypt.h. */
WS_DLL_PUBLIC guint32 ssl_starttls_ack(dissector_handle_t tls_handle, packet_info *pinfo,
                                       dissector_handle_t app_handle);

/* epan/prefs-int.h is in no -dev package. pref_source_t: default, stashed, current. */
#define WS_PREF_CURRENT 2
#if WS_VERSION_AT_LEAST(4, 4)
WS_DLL_PUBLIC bool prefs_get_bool_value(pref_t *pref, int source);
#else
WS_DLL_PUBLIC gboolean prefs_get_bool_value(pref_t *pref, int source);
#endif

/* ui/tap-credentials.h is in no -dev package; the layout is the same in 4.0, 4.4 and 4.6. */
typedef struct ws_tap_credential {
    guint num;
    guint username_num;
    guint password_hf_id;
    char *username;
    const char *proto;
    char *info;
} ws_tap_credential;

/* epan/sequence_analysis.h is in no -dev package. */
typedef struct register_analysis register_analysis_t;
WS_DLL_PUBLIC void register_seq_analysis(const char *name, const char *ui_name, const int proto_id,
                                         const char *tap_listener, guint tap_flags, tap_packet_cb tap_func);
WS_DLL_PUBLIC register_analysis_t *sequence_analysis_find_by_name(const char *name);
WS_DLL_PUBLIC tap_packet_cb sequence_analysis_get_packet_func(register_analysis_t *analysis);

/* register_follow_stream() has two more arguments from 4.2 on. */
#if WS_VERSION_AT_LEAST(4, 2)
#define ws_register_follow_stream(proto, tap, conversation, index, addresses, port, handler, count)                    \
    register_follow_stream(proto, tap, conversation, index, addresses, port, handler, count, NULL)
#else
#define ws_register_follow_stream(proto, tap, conversation, index, addresses, port, handler, count)                    \
    register_follow_stream(proto, tap, conversation, index, addresses, port, handler)
#endif

/* Bits of tcp_flow_t.static_flags, private to packet-tcp.c. */
#define WS_TCP_SAW_SYN_BIT 0x02
#define WS_TCP_SAW_SYNACK_BIT 0x04

#endif
