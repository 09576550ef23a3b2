/* test_smtp_envelope.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "smtp_envelope.h"

static void test_recipients(void)
{
    smtp_envelope *envelope = smtp_envelope_new();
    const slice *kept;
    guint count;

    g_assert_false(smtp_envelope_has_from(envelope));
    smtp_envelope_set_from(envelope, SLICE_EMPTY);
    g_assert_true(smtp_envelope_has_from(envelope));
    g_assert_cmpuint(smtp_envelope_from(envelope).len, ==, 0);
    smtp_envelope_set_from(envelope, slice_of("a@x"));
    g_assert_true(slice_is(smtp_envelope_from(envelope), "a@x"));
    (void)smtp_envelope_recipients(envelope, &count);
    g_assert_cmpuint(count, ==, 0);
    g_assert_cmpuint(smtp_envelope_add(envelope, slice_of("b@y")), ==, 0);
    g_assert_cmpuint(smtp_envelope_add(envelope, slice_of("c@y")), ==, 1);
    g_assert_cmpuint(smtp_envelope_add(envelope, slice_of("d@y")), ==, 2);
    smtp_envelope_refuse(envelope, 1);
    smtp_envelope_refuse(envelope, SMTP_ENVELOPE_NO_RECIPIENT);
    kept = smtp_envelope_recipients(envelope, &count);
    g_assert_cmpuint(count, ==, 2);
    g_assert_true(slice_is(kept[0], "b@y") && slice_is(kept[1], "d@y"));
    smtp_envelope_unref(smtp_envelope_ref(envelope));
    smtp_envelope_unref(envelope);
    smtp_envelope_unref(NULL);
}

static void test_limits(void)
{
    smtp_envelope *envelope = smtp_envelope_new();
    guint8 *longest = g_malloc0(LIMIT_MAILBOX_BYTES + 1);

    memset(longest, 'x', LIMIT_MAILBOX_BYTES + 1);
    smtp_envelope_set_from(envelope, (slice){longest, LIMIT_MAILBOX_BYTES});
    g_assert_cmpuint(smtp_envelope_from(envelope).len, ==, LIMIT_MAILBOX_BYTES);
    smtp_envelope_set_from(envelope, (slice){longest, LIMIT_MAILBOX_BYTES + 1});
    g_assert_cmpuint(smtp_envelope_from(envelope).len, ==, LIMIT_MAILBOX_BYTES);
    for (guint i = 0; i < LIMIT_RECIPIENTS; i++)
        g_assert_cmpuint(smtp_envelope_add(envelope, slice_of("b@y")), ==, i);
    g_assert_cmpuint(smtp_envelope_add(envelope, slice_of("b@y")), ==, SMTP_ENVELOPE_NO_RECIPIENT);
    smtp_envelope_unref(envelope);
    g_free(longest);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp_envelope/recipients", test_recipients);
    g_test_add_func("/smtp_envelope/limits", test_limits);
    return g_test_run();
}
