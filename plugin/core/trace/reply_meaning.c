/* reply_meaning.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "reply_meaning.h"

static const struct {
    guint code;
    const char *text;
} codes[] = {
    {421, "the server closes the connection: it is going down, overloaded, or has had enough"},
    {432, "the password must be changed first"},
    {450, "the mailbox cannot be reached now: busy, or held back (greylisting)"},
    {451, "an error in the server; the mail can be sent again later"},
    {452, "the server has not enough room now, or there are too many recipients at once"},
    {454, "TLS or authentication is not to be had now"},
    {455, "the server cannot take these parameters now"},
    {458, "the server has no mail for this node"},
    {459, "the server does not hand out mail to this node"},
    {500, "not a command that the server knows"},
    {501, "the command is known, but not what stands behind it"},
    {502, "the server does not do this command"},
    {503, "the command comes at the wrong time"},
    {504, "the server does not do this parameter"},
    {521, "this host takes no mail"},
    {523, "the password must be changed, or the login protected by TLS, first"},
    {524, "this way of logging in is not strong enough"},
    {530, "the client must log in, or begin TLS, first"},
    {534, "this way of logging in is not strong enough"},
    {535, "user name or password is wrong"},
    {538, "this way of logging in takes TLS"},
    {541, "the recipient refuses it, most often as spam"},
    {550, "the mailbox does not exist, may not be reached, or the mail is refused by policy"},
    {551, "the recipient is not here, and the server does not forward"},
    {552, "the mail is too large, or the mailbox is full"},
    {553, "the address is not allowed or not well formed"},
    {554, "the transaction failed, or the server wants no mail from this client"},
    {555, "the server does not know these parameters of MAIL or RCPT"},
    {556, "the domain takes no mail"},
};

static const char *const subjects[] = {
    NULL,
    "something about an address",
    "something about the mailbox",
    "something about the recipient's mail system",
    "something about network or routing",
    "something about the protocol",
    "something about the content or its form",
    "something about security or policy",
};

/* "subject.detail" */
static const struct {
    const char *status, *text;
} details[] = {
    {"1.1", "there is no such mailbox"},
    {"1.2", "there is no such domain, or it takes no mail"},
    {"1.3", "the recipient's address is not well formed"},
    {"1.4", "the address stands for several mailboxes"},
    {"1.6", "the mailbox has moved, nobody knows where to"},
    {"1.7", "the sender's address is not well formed"},
    {"1.8", "the sender's domain does not exist, or takes no mail"},
    {"1.10", "the recipient's domain takes no mail (null MX)"},
    {"2.1", "the mailbox is switched off"},
    {"2.2", "the mailbox is full"},
    {"2.3", "the mail is larger than this mailbox takes"},
    {"2.4", "a mailing list that cannot be expanded"},
    {"3.1", "the mail system is full"},
    {"3.2", "the mail system takes no mail now"},
    {"3.4", "the mail is too large for the mail system"},
    {"4.1", "the host does not answer"},
    {"4.2", "the connection broke"},
    {"4.3", "the directory cannot be asked"},
    {"4.4", "no way to the host is known"},
    {"4.5", "the mail system is congested"},
    {"4.6", "the mail goes round in a loop"},
    {"4.7", "the mail has been under way for too long"},
    {"5.1", "the command is not allowed here"},
    {"5.2", "syntax error"},
    {"5.3", "too many recipients"},
    {"5.4", "the parameters are not right"},
    {"6.1", "this kind of content is not taken"},
    {"6.7", "addresses outside of ASCII are not taken"},
    {"7.1", "the sender may not send to this recipient: refused by policy"},
    {"7.8", "user name or password is wrong"},
    {"7.9", "this way of logging in is not strong enough"},
    {"7.11", "this way of logging in takes TLS"},
    {"7.12", "the password must be changed first"},
    {"7.13", "the account is switched off"},
    {"7.20", "no DKIM signature passes"},
    {"7.23", "SPF does not allow this sender from this address"},
    {"7.25", "the client's address has no valid reverse name"},
    {"7.26", "several checks of the sender failed (SPF, DKIM, DMARC)"},
    {"7.28", "too much mail from this sender"},
};

static const char *meaning_of_code(guint code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
        if (codes[i].code == code)
            return codes[i].text;
    return NULL;
}

static const char *meaning_of_detail(slice status)
{
    if (status.len < 4 || status.data[1] != '.')
        return NULL;
    slice rest = slice_from(status, 2);
    for (gsize i = 0; i < G_N_ELEMENTS(details); i++)
        if (slice_is(rest, details[i].status))
            return details[i].text;
    return NULL;
}

static const char *meaning_of_subject(slice status)
{
    if (status.len < 4 || status.data[1] != '.' || status.data[3] != '.')
        return NULL;
    guint subject = (guint)(status.data[2] - '0');
    return subject < G_N_ELEMENTS(subjects) ? subjects[subject] : NULL;
}

const char *reply_meaning(guint code, slice status)
{
    const char *text = meaning_of_detail(status);
    if (!text)
        text = meaning_of_code(code);
    return text ? text : meaning_of_subject(status);
}
