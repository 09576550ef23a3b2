/* slice.h
 * A borrowed run of bytes: never owned, never NUL-terminated, valid only as
 * long as the buffer it points into. The currency of everything in core/.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SLICE_H
#define MAILXTRA_SLICE_H

#include <glib.h>
#include <string.h>

typedef struct slice {
    const guint8 *data; /* may be NULL when len is 0 */
    gsize len;          /* bytes */
} slice;

#define SLICE_EMPTY ((slice){NULL, 0})

/* The bytes of a C string, without its NUL. */
static inline slice slice_of(const char *text)
{
    return (slice){(const guint8 *)text, text ? strlen(text) : 0};
}

/* The part of s that begins at byte `from` (the empty slice when beyond its end). */
static inline slice slice_from(slice s, gsize from)
{
    if (from >= s.len)
        return (slice){s.data ? s.data + s.len : NULL, 0};
    return (slice){s.data + from, s.len - from};
}

/* At most the first `len` bytes of s. */
static inline slice slice_head(slice s, gsize len)
{
    return (slice){s.data, MIN(len, s.len)};
}

/* Does s equal `text`, ASCII letters compared without case? */
static inline gboolean slice_is(slice s, const char *text)
{
    if (s.len && ((s.data[0] ^ (guint8)text[0]) & ~0x20)) /* the quick no, as most answers are */
        return FALSE;
    gsize len = strlen(text);
    return s.len == len && (len == 0 || g_ascii_strncasecmp((const char *)s.data, text, len) == 0);
}

/* Does s begin with `text`, ASCII letters compared without case? */
static inline gboolean slice_begins(slice s, const char *text)
{
    if (s.len && *text && ((s.data[0] ^ (guint8)*text) & ~0x20))
        return FALSE;
    gsize len = strlen(text);
    return s.len >= len && (len == 0 || g_ascii_strncasecmp((const char *)s.data, text, len) == 0);
}

/* Does s begin with `text`, byte by byte? */
static inline gboolean slice_has_prefix(slice s, const char *text)
{
    gsize len = strlen(text);
    return s.len >= len && memcmp(s.data, text, len) == 0;
}

/* s without leading and trailing blanks (SP and HTAB). */
static inline slice slice_trim(slice s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.len--;
    }
    while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* A NUL-terminated copy of the bytes; the caller frees it with g_free(). */
static inline char *slice_dup(slice s)
{
    return s.len ? g_strndup((const char *)s.data, s.len) : g_strdup("");
}

#endif
