/* test_imap_identity.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_identity.h"

static const imap_viewer ann = {7, "192.0.2.1", "ann"}, nobody = {8, "192.0.2.1", ""};

static mail_imap message(const char *mailbox, guint32 uidvalidity, guint32 uid, guint32 sequence)
{
    return (mail_imap){
        .mailbox = slice_of(mailbox), .uidvalidity = uidvalidity, .uid = uid, .sequence = sequence, .epoch = 3};
}

static void check_key(const imap_viewer *viewer, mail_imap imap, const char *expected)
{
    char *key = imap_identity_key(viewer, &imap);
    g_assert_cmpstr(key, ==, expected);
    g_free(key);
}

static void test_keys(void)
{
    check_key(&ann, message("Sent", 11, 5, 2), "192.0.2.1\nann\nSent\n11\n5");
    check_key(&nobody, message("Sent", 11, 5, 2), "192.0.2.1\n\nSent\n11\n5");
    /* less is known */
    check_key(&ann, message("Sent", 0, 5, 2), "7\nSent\n5");
    check_key(&ann, message("", 11, 5, 2), "7\n\n5");
    check_key(&ann, message("Sent", 11, 0, 2), "7\n#3\n2");
    check_key(&ann, message("Sent", 11, 0, 0), NULL);
}

/* INBOX is one mailbox in any case of its letters, other names are not. */
static void test_inbox(void)
{
    check_key(&ann, message("inbox", 11, 5, 0), "192.0.2.1\nann\nINBOX\n11\n5");
    check_key(&ann, message("Inbox", 0, 5, 0), "7\nINBOX\n5");
    check_key(&ann, message("sent", 11, 5, 0), "192.0.2.1\nann\nsent\n11\n5");
}

/* A mailbox of somebody else's (IMAP URLs, NAMESPACE) is that user's. */
static void test_owner(void)
{
    mail_imap imap = message("Sent", 11, 5, 0);
    imap.owner = slice_of("bob");
    check_key(&ann, imap, "192.0.2.1\nbob\nSent\n11\n5");
}

static void test_by_number(void)
{
    mail_imap both = message("Sent", 11, 5, 2), uid = message("Sent", 11, 5, 0), number = message("Sent", 11, 0, 2);
    char *key = imap_identity_key_by_number(&ann, &both);
    g_assert_cmpstr(key, ==, "7\n#3\n2");
    check_key(&ann, number, key); /* the one it had before */
    g_free(key);
    g_assert_null(imap_identity_key_by_number(&ann, &uid));
    g_assert_null(imap_identity_key_by_number(&ann, &number));
}

static void check_split(const char *mailbox)
{
    mail_imap imap = message(mailbox, 11, 4294967295u, 2), split = {0};
    char *key = imap_identity_key(&ann, &imap);
    imap_identity_split(key, &split);
    char *name = slice_dup(split.mailbox);
    g_assert_cmpstr(name, ==, mailbox);
    g_assert_cmpuint(split.uidvalidity, ==, 11);
    g_assert_cmpuint(split.uid, ==, 4294967295u);
    g_free(name);
    g_free(key);
}

static void test_split(void)
{
    mail_imap nothing = {0};
    check_split("Sent");
    check_split("line\nend");
    check_split("\n\n");
    imap_identity_split("7\nSent\n5", &nothing);
    imap_identity_split("7\n#3\n2", &nothing);
    imap_identity_split("", &nothing);
    g_assert_cmpuint(nothing.mailbox.len, ==, 0);
    g_assert_cmpuint(nothing.uid, ==, 0);
    g_assert_cmpuint(nothing.uidvalidity, ==, 0);
}

static void test_pieces(void)
{
    mail_imap whole = {0}, part = {.section = slice_of("2")};
    mail_imap partial = {.is_partial = TRUE}, binary = {.is_binary = TRUE};
    mail_event event = {.kind = MAIL_EVENT_MESSAGE_START, .source = MAIL_FROM_FETCH};
    g_assert_false(imap_identity_is_piece(&event));
    event.imap = &whole;
    g_assert_false(imap_identity_is_piece(&event));
    event.imap = &part;
    g_assert_true(imap_identity_is_piece(&event));
    event.imap = &partial;
    g_assert_true(imap_identity_is_piece(&event));
    event.imap = &binary;
    g_assert_true(imap_identity_is_piece(&event));
    event.source = MAIL_FROM_APPEND;
    g_assert_false(imap_identity_is_piece(&event));
}

static void test_objects(void)
{
    char *one = imap_identity_of_object("7\nSent\n5", "2.1", "aa");
    char *other = imap_identity_of_object("7\nSent\n5", "2.1", "");
    g_assert_cmpstr(one, ==, "7\nSent\n5\n2.1\naa");
    g_assert_cmpstr(other, ==, "7\nSent\n5\n2.1\n");
    g_free(one);
    g_free(other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap_identity/keys", test_keys);
    g_test_add_func("/imap_identity/inbox", test_inbox);
    g_test_add_func("/imap_identity/owner", test_owner);
    g_test_add_func("/imap_identity/by_number", test_by_number);
    g_test_add_func("/imap_identity/split", test_split);
    g_test_add_func("/imap_identity/pieces", test_pieces);
    g_test_add_func("/imap_identity/objects", test_objects);
    return g_test_run();
}
