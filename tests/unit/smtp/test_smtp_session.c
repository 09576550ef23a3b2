/* test_smtp_session.c
 * Whole sessions as transcripts (see transcript.h): what the stream says, and what the
 * machine makes of it, whole, line by line and byte by byte.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transcript.h"

#define SCRIPT(...) ((const char *const[]){__VA_ARGS__, NULL})

static void smtp(const char *name, const char *const *script, const char *expected)
{
    transcript_check(name, MAIL_PROTOCOL_SMTP, TRUE, script, expected);
}

/* The capture begins in the middle of the session. */
static void smtp_late(const char *name, const char *const *script, const char *expected)
{
    transcript_check(name, MAIL_PROTOCOL_SMTP, FALSE, script, expected);
}

static void test_plain(void)
{
    smtp("plain",
         SCRIPT("S: 220 mx.example ESMTP", "C: EHLO c.example", "S: 250-mx.example", "S: 250-SIZE 1000",
                "S: 250-AUTH=LOGIN PLAIN", "S: 250 8BITMIME", "C: MAIL FROM:<a@x> SIZE=12 BODY=8BITMIME",
                "S: 250 2.1.0 Ok", "C: RCPT TO:<b@y> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+40y", "S: 250 2.1.5 Ok",
                "C: RCPT TO:<no@y>", "S: 550 5.1.1 Unknown", "C: DATA", "S: 354 go ahead", "C: Subject: x", "C: ",
                "C: ..stuffed", "C: .", "S: 250 2.0.0 queued", "C: QUIT", "S: 221 2.0.0 Bye", "C.", "S."),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c.example\" #1 [CONNECTED]\n"
         "S 250- #1 [CONNECTED]\n"
         "S 250- cap=\"SIZE\" 1000 #1 [CONNECTED]\n"
         "S 250- cap=\"AUTH\" LOGIN PLAIN #1 [CONNECTED]\n"
         "S 250 cap=\"8BITMIME\" #1 [GREETED]\n"
         "C MAIL <a@x> SIZE=12 BODY=8BITMIME #2 [GREETED]\n"
         "S 250 2.1.0 #2 [MAIL]\n"
         "C RCPT <b@y> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@y #3 [MAIL]\n"
         "S 250 2.1.5 #3 [RCPT]\n"
         "C RCPT <no@y> #4 [RCPT]\n"
         "S 550 5.1.1 #4 [RCPT]\n"
         "C DATA #5 [RCPT]\n"
         "S 354 #5 [DATA]\n"
         "C message 1 DATA <a@x> b@y [DATA]\n"
         "  data \"Subject: x\\r\\n\\r\\n.stuffed\\r\\n\"\n"
         "C end COMPLETE 1 DATA <a@x> b@y #6 [DATA]\n"
         "S 250 2.0.0 #6 [GREETED]\n"
         "C QUIT #7 [GREETED]\n"
         "S 221 2.0.0 #7 [QUIT]\n");
}

static void test_pipelining(void)
{
    smtp("pipelined",
         SCRIPT("S: 220 x ESMTP", "C: EHLO c", "S: 250 x", "C: MAIL FROM:<a@x>", "C: RCPT TO:<b@y>",
                "C: RCPT TO:<c@y>", "C: DATA", "S: 250 ok", "S: 550 no", "S: 250 ok", "S: 354 go", "C: one",
                "C: .", "C: MAIL FROM:<>", "C: RCPT TO:<d@z>", "C: DATA", "S: 250 queued", "S: 250 ok",
                "S: 250 ok", "S: 354 go", "C: two", "C: .", "C: QUIT", "S: 250 queued", "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "C RCPT <b@y> #3 [GREETED]\n"
         "C RCPT <c@y> #4 [GREETED]\n"
         "C DATA #5 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "S 550 #3 [MAIL]\n"
         "S 250 #4 [RCPT]\n"
         "S 354 #5 [DATA]\n"
         "C message 1 DATA <a@x> c@y [DATA]\n"
         "  data \"one\\r\\n\"\n"
         "C end COMPLETE 1 DATA <a@x> c@y #6 [DATA]\n"
         "C MAIL <> #7 [DATA]\n"
         "C RCPT <d@z> #8 [DATA]\n"
         "C DATA #9 [DATA]\n"
         "S 250 #6 [GREETED]\n"
         "S 250 #7 [MAIL]\n"
         "S 250 #8 [RCPT]\n"
         "S 354 #9 [DATA]\n"
         "C message 2 DATA <> d@z [DATA]\n"
         "  data \"two\\r\\n\"\n"
         "C end COMPLETE 2 DATA <> d@z #10 [DATA]\n"
         "C QUIT #11 [DATA]\n"
         "S 250 #10 [GREETED]\n"
         "S 221 #11 [QUIT]\n");
    smtp("whole session in one segment",
         SCRIPT("S: 220 x ESMTP", "C: HELO c", "C: MAIL FROM:<a@x>", "C: RCPT TO:<b@y>", "C: DATA", "C: one",
                "C: .", "C: QUIT", "S: 250 x", "S: 250 ok", "S: 250 ok", "S: 354 go", "S: 250 queued",
                "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "C MAIL <a@x> #2 [CONNECTED]\n"
         "C RCPT <b@y> #3 [CONNECTED]\n"
         "C DATA #4 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "S 250 #3 [RCPT]\n"
         "S 354 #4 [DATA]\n"
         "C message 1 DATA <a@x> b@y [DATA] !data_before_354\n"
         "  data \"one\\r\\n\"\n"
         "C end COMPLETE 1 DATA <a@x> b@y #5 [DATA]\n"
         "C QUIT #6 [DATA]\n"
         "S 250 #5 [GREETED]\n"
         "S 221 #6 [QUIT]\n");
    smtp("all refused but pipelined",
         SCRIPT("S: 220 x ESMTP", "C: EHLO c", "S: 250 x", "C: MAIL FROM:<a@x>", "C: RCPT TO:<b@y>", "C: DATA",
                "C: RSET", "C: QUIT", "S: 250 ok", "S: 550 no", "S: 503 no valid recipients", "S: 250 ok",
                "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "C RCPT <b@y> #3 [GREETED]\n"
         "C DATA #4 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "S 550 #3 [MAIL]\n"
         "S 503 #4 [MAIL] !data_refused\n"
         "C RSET #5 [MAIL]\n"
         "C QUIT #6 [MAIL]\n"
         "S 250 #5 [GREETED]\n"
         "S 221 #6 [QUIT]\n");
    smtp("early talker",
         SCRIPT("C: EHLO c", "C: MAIL FROM:<a@x>", "C: RCPT TO:<b@y>", "C: DATA", "C: one", "C: .", "C: QUIT",
                "S: 220 x ESMTP", "S: 250 x", "S: 250 ok", "S: 250 ok", "S: 354 go", "S: 250 queued",
                "S: 221 bye"),
         "C EHLO \"c\" #1 [GREETED]\n"
         "C MAIL <a@x> #2 [MAIL]\n"
         "C RCPT <b@y> #3 [RCPT]\n"
         "C DATA #4 [RCPT]\n"
         "C message 1 DATA <a@x> b@y [DATA]\n"
         "  data \"one\\r\\n\"\n"
         "C end COMPLETE 1 DATA <a@x> b@y #5 [GREETED]\n"
         "C QUIT #6 [QUIT]\n"
         "S 220 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "S 250 #3 [RCPT]\n"
         "S 354 #4 [DATA] !data_before_354\n"
         "S 250 #5 [GREETED]\n"
         "S 221 #6 [QUIT]\n");
}

static void test_data(void)
{
    smtp("refused data",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: MAIL FROM:<a@x>", "S: 250 ok", "C: DATA",
                "S: 503 5.5.1 need RCPT", "C: RCPT TO:<b@y>", "S: 250 ok", "C: DATA", "S: 354 go", "C: .",
                "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "C DATA #3 [MAIL]\n"
         "S 503 5.5.1 #3 [MAIL] !data_refused\n"
         "C RCPT <b@y> #4 [MAIL]\n"
         "S 250 #4 [RCPT]\n"
         "C DATA #5 [RCPT]\n"
         "S 354 #5 [DATA]\n"
         "C message 1 DATA <a@x> b@y [DATA]\n"
         "C end COMPLETE 1 DATA <a@x> b@y #6 [DATA]\n"
         "S 250 #6 [GREETED]\n");
    smtp("bare LF client",
         SCRIPT("S: 220 x", "C| HELO c\n", "S: 250 x", "C| MAIL FROM:<a@x>\n", "S: 250 ok", "C| RCPT TO:<b@y>\n",
                "S: 250 ok", "C| DATA\n", "S: 354 go", "C| one\n..two\n.\nQUIT\n", "S: 250 ok", "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED] !bare_lf\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED] !bare_lf\n"
         "S 250 #2 [MAIL]\n"
         "C RCPT <b@y> #3 [MAIL] !bare_lf\n"
         "S 250 #3 [RCPT]\n"
         "C DATA #4 [RCPT] !bare_lf\n"
         "S 354 #4 [DATA]\n"
         "C message 1 DATA <a@x> b@y [DATA]\n"
         "  data \"one\\n.two\\n\"\n"
         "C end COMPLETE 1 DATA <a@x> b@y #5 [DATA] !bare_lf\n"
         "C QUIT #6 [DATA] !bare_lf\n"
         "S 250 #5 [GREETED]\n"
         "S 221 #6 [QUIT]\n");
    smtp("smuggling",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "S: 354 go",
                "C| one\n.\r\nMAIL FROM:<evil@x>\r\n\n.\nRCPT\r\n\r.\rDATA\r\n.\r\n", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"one\\n\"\n"
         "C anomaly at 18-21 [DATA] !ambiguous_end_of_data\n"
         "  data \".\\r\\nMAIL FROM:<evil@x>\\r\\n\\n\"\n"
         "C anomaly at 42-44 [DATA] !ambiguous_end_of_data\n"
         "  data \".\\nRCPT\\r\\n\\r\"\n"
         "C anomaly at 51-53 [DATA] !ambiguous_end_of_data\n"
         "  data \".\\rDATA\\r\\n\"\n"
         "C end COMPLETE 1 DATA #3 [DATA] !bare_lf\n"
         "S 250 #3 [GREETED]\n");
    smtp("the server saw LF.LF as the end",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "S: 354 go", "C| one\n.\n", "S: 250 ok", "C: QUIT",
                "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"one\\n\"\n"
         "C anomaly at 18-20 [DATA] !ambiguous_end_of_data\n"
         "C end COMPLETE 1 DATA #3 [DATA] !bare_lf !ambiguous_end_of_data\n"
         "S 250 #3 [GREETED]\n"
         "C QUIT #4 [GREETED]\n"
         "S 221 #4 [QUIT]\n");
    smtp("refused in the middle",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "S: 354 go", "C: one", "S: 552 too large",
                "C: two", "C: .", "S: 250 eh"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"one\\r\\n\"\n"
         "S 552 [DATA] !data_refused\n"
         "  data \"two\\r\\n\"\n"
         "C end COMPLETE 1 DATA #3 [DATA] !data_refused\n"
         "S 250 #3 [GREETED]\n");
    smtp("closed in the middle",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "S: 354 go", "C: one", "S: 421 shutting down",
                "S.", "C."),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"one\\r\\n\"\n"
         "S 421 [DATA] !data_refused\n"
         "C end ABORTED 1 DATA [DATA] !data_refused !message_aborted\n");
    smtp("cut",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "S: 354 go", "C: one", "C| .\r", "C.", "S."),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"one\\r\\n\"\n"
         "C end CUT 1 DATA [DATA] !message_cut\n");
    smtp("RSET and odd lines",
         SCRIPT("S: 220-x", "S: 220 y", "C: NOOP", "S: 250 ok", "C: FOO bar", "S: 502 what", "C: ?? huh",
                "S: 500 what", "C: ", "S: 500 what", "C: MAIL FROM: a@b", "S: 250 ok", "C: RSET", "S: 250 ok",
                "C: QUIT", "S: 250-x", "S: 221 y", "S: garbage", "S: 250 unasked"),
         "S 220- [CONNECTED]\n"
         "S 220 [CONNECTED]\n"
         "C NOOP #1 [CONNECTED]\n"
         "S 250 #1 [CONNECTED]\n"
         "C unknown FOO \"bar\" #2 [CONNECTED] !unknown_command\n"
         "S 502 #2 [CONNECTED]\n"
         "C text \"?? huh\" #3 [CONNECTED] !unknown_command\n"
         "S 500 #3 [CONNECTED]\n"
         "C text \"\" #4 [CONNECTED] !unknown_command\n"
         "S 500 #4 [CONNECTED]\n"
         "C MAIL <a@b> #5 [CONNECTED] !bad_syntax\n"
         "S 250 #5 [MAIL]\n"
         "C RSET #6 [MAIL]\n"
         "S 250 #6 [GREETED]\n"
         "C QUIT #7 [GREETED]\n"
         "S 250- #7 [GREETED]\n"
         "S 221 #7 [QUIT] !reply_code_changes\n"
         "S text \"garbage\" [QUIT] !bad_syntax\n"
         "S 250 [QUIT] !unexpected_reply\n");
}

static void test_auth(void)
{
    smtp("AUTH PLAIN",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==", "S: 535 5.7.8 no",
                "C: AUTH PLAIN", "S: 334 ", "C: YWRtAGJvYgBwdw==", "S: 235 2.7.0 ok", "C: AUTH PLAIN", "S: 334",
                "C: *", "S: 501 5.0.0 cancelled"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C AUTH \"PLAIN AGFsaWNlAHNlY3JldA==\" auth=PLAIN user=\"alice\" pass=\"secret\" response=\"\\x00alice\\x00secret\" #2 [AUTH] !cleartext_password\n"
         "S 535 5.7.8 auth=PLAIN user=\"alice\" FAILURE #2 [GREETED]\n"
         "C AUTH \"PLAIN\" auth=PLAIN #3 [AUTH]\n"
         "S 334 auth=PLAIN #3 [AUTH]\n"
         "C auth line auth=PLAIN user=\"bob\" authzid=\"adm\" pass=\"pw\" response=\"adm\\x00bob\\x00pw\" #4 [AUTH] !cleartext_password\n"
         "S 235 2.7.0 auth=PLAIN user=\"bob\" authzid=\"adm\" SUCCESS #4 [GREETED]\n"
         "C AUTH \"PLAIN\" auth=PLAIN #5 [AUTH]\n"
         "S 334 auth=PLAIN #5 [AUTH]\n"
         "C auth line auth=PLAIN cancelled #6 [AUTH]\n"
         "S 501 5.0.0 auth=PLAIN FAILURE #6 [GREETED]\n");
    smtp("AUTH LOGIN",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: YWxpY2U=",
                "S: 334 UGFzc3dvcmQ6", "C: c2VjcmV0", "S: 535-5.7.8 no", "S: 535 5.7.8 no", "C: AUTH LOGIN Ym9i",
                "S: 334 UGFzc3dvcmQ6", "C: cHc=", "S: 235 ok", "C: MAIL FROM:<b@x>", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C AUTH \"LOGIN\" auth=LOGIN #2 [AUTH]\n"
         "S 334 auth=LOGIN challenge=\"Username:\" #2 [AUTH]\n"
         "C auth line auth=LOGIN user=\"alice\" response=\"alice\" #3 [AUTH]\n"
         "S 334 auth=LOGIN challenge=\"Password:\" of=\"alice\" #3 [AUTH]\n"
         "C auth line auth=LOGIN pass=\"secret\" response=\"secret\" of=\"alice\" #4 [AUTH] !cleartext_password\n"
         "S 535- 5.7.8 #4 [AUTH]\n"
         "S 535 5.7.8 auth=LOGIN user=\"alice\" FAILURE #4 [GREETED]\n"
         "C AUTH \"LOGIN Ym9i\" auth=LOGIN user=\"bob\" response=\"bob\" #5 [AUTH]\n"
         "S 334 auth=LOGIN challenge=\"Password:\" of=\"bob\" #5 [AUTH]\n"
         "C auth line auth=LOGIN pass=\"pw\" response=\"pw\" of=\"bob\" #6 [AUTH] !cleartext_password\n"
         "S 235 auth=LOGIN user=\"bob\" SUCCESS #6 [GREETED]\n"
         "C MAIL <b@x> #7 [GREETED]\n"
         "S 250 #7 [MAIL]\n");
    smtp("AUTH LOGIN sent at once",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: AUTH LOGIN", "C: YWxpY2U=", "C: c2VjcmV0",
                "C: MAIL FROM:<a@x>", "S: 334 VXNlcm5hbWU6", "S: 334 UGFzc3dvcmQ6", "S: 235 ok", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C AUTH \"LOGIN\" auth=LOGIN #2 [AUTH]\n"
         "S 334 auth=LOGIN challenge=\"Username:\" #2 [AUTH]\n"
         "C auth line auth=LOGIN user=\"alice\" response=\"alice\" #3 [AUTH]\n"
         "S 334 auth=LOGIN challenge=\"Password:\" of=\"alice\" #3 [AUTH]\n"
         "C auth line auth=LOGIN pass=\"secret\" response=\"secret\" of=\"alice\" #4 [AUTH] !cleartext_password\n"
         "S 235 auth=LOGIN user=\"alice\" SUCCESS #4 [GREETED]\n"
         "C MAIL <a@x> #5 [GREETED]\n"
         "S 250 #5 [MAIL]\n");
    smtp("AUTH refused, the client goes on",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: AUTH FOO", "S: 504 no", "C: AUTH XYZ aGk=", "S: 334 aG8=",
                "C: !!", "S: 535 no", "C: AUTH", "S: 501 syntax", "C: QUIT", "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C AUTH \"FOO\" auth=FOO #2 [AUTH]\n"
         "S 504 auth=FOO FAILURE #2 [GREETED]\n"
         "C AUTH \"XYZ aGk=\" auth=XYZ response=\"hi\" #3 [AUTH]\n"
         "S 334 auth=XYZ challenge=\"ho\" #3 [AUTH]\n"
         "C auth line auth=XYZ response=\"!!\" #4 [AUTH] !bad_base64_auth\n"
         "S 535 auth=XYZ FAILURE #4 [GREETED]\n"
         "C AUTH #5 [GREETED]\n"
         "S 501 #5 [GREETED]\n"
         "C QUIT #6 [GREETED]\n"
         "S 221 #6 [QUIT]\n");
}

static void test_lmtp(void)
{
    smtp("LMTP",
         SCRIPT("S: 220 x LMTP", "C: LHLO c", "S: 250-x", "S: 250 PIPELINING", "C: MAIL FROM:<a@x>",
                "C: RCPT TO:<b@y>", "C: RCPT TO:<c@y>", "C: RCPT TO:<d@y>", "C: DATA", "S: 250 ok", "S: 250 ok",
                "S: 550 no", "S: 250 ok", "S: 354 go", "C: m", "C: .", "C: QUIT", "S: 250 2.1.5 b",
                "S: 452-4.2.2 d", "S: 452 4.2.2 d", "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C LHLO \"c\" #1 [CONNECTED]\n"
         "S 250- #1 [CONNECTED]\n"
         "S 250 cap=\"PIPELINING\" #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "C RCPT <b@y> #3 [GREETED]\n"
         "C RCPT <c@y> #4 [GREETED]\n"
         "C RCPT <d@y> #5 [GREETED]\n"
         "C DATA #6 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "S 250 #3 [RCPT]\n"
         "S 550 #4 [RCPT]\n"
         "S 250 #5 [RCPT]\n"
         "S 354 #6 [DATA]\n"
         "C message 1 DATA <a@x> b@y d@y [DATA]\n"
         "  data \"m\\r\\n\"\n"
         "C end COMPLETE 1 DATA <a@x> b@y d@y #7 [DATA]\n"
         "C QUIT #8 [DATA]\n"
         "S 250 2.1.5 for=\"b@y\" #7 [DATA]\n"
         "S 452- 4.2.2 for=\"d@y\" #7 [DATA]\n"
         "S 452 4.2.2 for=\"d@y\" #7 [GREETED]\n"
         "S 221 #8 [QUIT]\n");
    smtp("LMTP with BDAT",
         SCRIPT("S: 220 x LMTP", "C: LHLO c", "S: 250 x", "C: MAIL FROM:<a@x>", "C: RCPT TO:<b@y>",
                "C: RCPT TO:<c@y>", "C: BDAT 2", "C| hiBDAT 0 LAST\r\n", "C: QUIT", "S: 250 ok", "S: 250 ok",
                "S: 250 ok", "S: 250 2 octets", "S: 250 b", "S: 250 c", "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C LHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "C RCPT <b@y> #3 [GREETED]\n"
         "C RCPT <c@y> #4 [GREETED]\n"
         "C BDAT \"2\" #5 [GREETED]\n"
         "C message 1 BDAT <a@x> b@y c@y [GREETED]\n"
         "  data \"hi\"\n"
         "C BDAT \"0 LAST\" #6 [GREETED]\n"
         "C end COMPLETE 1 BDAT <a@x> b@y c@y #6 [GREETED]\n"
         "C QUIT #7 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "S 250 #3 [RCPT]\n"
         "S 250 #4 [RCPT]\n"
         "S 250 #5 [BDAT]\n"
         "S 250 for=\"b@y\" #6 [BDAT]\n"
         "S 250 for=\"c@y\" #6 [GREETED]\n"
         "S 221 #7 [QUIT]\n");
}

static void test_bdat(void)
{
    smtp("chunks",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: MAIL FROM:<a@x> BODY=BINARYMIME", "S: 250 ok",
                "C: RCPT TO:<b@y>", "S: 250 ok", "C: BDAT 5", "C| .\r\n.\r", "S: 250 ok", "C: BDAT 3 LAST",
                "C| \nab", "S: 250 ok", "C: MAIL FROM:<a@x>", "S: 250 ok", "C: RCPT TO:<b@y>", "S: 250 ok",
                "C: DATA", "S: 354 go", "C: two", "C: .", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> BODY=BINARYMIME #2 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "C RCPT <b@y> #3 [MAIL]\n"
         "S 250 #3 [RCPT]\n"
         "C BDAT \"5\" #4 [RCPT]\n"
         "C message 1 BDAT <a@x> b@y [RCPT]\n"
         "  data \".\\r\\n.\\r\"\n"
         "S 250 #4 [BDAT]\n"
         "C BDAT \"3 LAST\" #5 [BDAT]\n"
         "  data \"\\nab\"\n"
         "C end COMPLETE 1 BDAT <a@x> b@y #5 [BDAT]\n"
         "S 250 #5 [GREETED]\n"
         "C MAIL <a@x> #6 [GREETED]\n"
         "S 250 #6 [MAIL]\n"
         "C RCPT <b@y> #7 [MAIL]\n"
         "S 250 #7 [RCPT]\n"
         "C DATA #8 [RCPT]\n"
         "S 354 #8 [DATA]\n"
         "C message 2 DATA <a@x> b@y [DATA]\n"
         "  data \"two\\r\\n\"\n"
         "C end COMPLETE 2 DATA <a@x> b@y #9 [DATA]\n"
         "S 250 #9 [GREETED]\n");
    smtp("LAST with zero",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: MAIL FROM:<a@x>", "C: RCPT TO:<b@y>", "C: BDAT 2",
                "C| hiBDAT 0 LAST\r\n", "C: QUIT", "S: 250 ok", "S: 250 ok", "S: 250 ok", "S: 250 ok",
                "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "C RCPT <b@y> #3 [GREETED]\n"
         "C BDAT \"2\" #4 [GREETED]\n"
         "C message 1 BDAT <a@x> b@y [GREETED]\n"
         "  data \"hi\"\n"
         "C BDAT \"0 LAST\" #5 [GREETED]\n"
         "C end COMPLETE 1 BDAT <a@x> b@y #5 [GREETED]\n"
         "C QUIT #6 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "S 250 #3 [RCPT]\n"
         "S 250 #4 [BDAT]\n"
         "S 250 #5 [GREETED]\n"
         "S 221 #6 [QUIT]\n");
    smtp("refused chunk, RSET",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: MAIL FROM:<a@x>", "C: RCPT TO:<b@y>", "C: BDAT 2",
                "C| hiBDAT 2\r\nyo", "S: 250 ok", "S: 550 no", "S: 503 no rcpt", "S: 503 no rcpt", "C: RSET",
                "S: 250 ok", "C: MAIL FROM:<c@x>", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "C RCPT <b@y> #3 [GREETED]\n"
         "C BDAT \"2\" #4 [GREETED]\n"
         "C message 1 BDAT <a@x> b@y [GREETED]\n"
         "  data \"hi\"\n"
         "C BDAT \"2\" #5 [GREETED]\n"
         "  data \"yo\"\n"
         "S 250 #2 [MAIL]\n"
         "S 550 #3 [MAIL]\n"
         "S 503 #4 [MAIL]\n"
         "S 503 #5 [MAIL]\n"
         "C end ABORTED 1 BDAT <a@x> [MAIL] !data_refused !message_aborted\n"
         "C RSET #6 [MAIL]\n"
         "S 250 #6 [GREETED]\n"
         "C MAIL <c@x> #7 [GREETED]\n"
         "S 250 #7 [MAIL]\n");
    smtp("refused chunk, sent on to the last",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: MAIL FROM:<a@x>", "S: 250 ok", "C: BDAT 2", "C| hi",
                "S: 452 full", "C: BDAT 2 LAST", "C| yo", "S: 503 no"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "C BDAT \"2\" #3 [MAIL]\n"
         "C message 1 BDAT <a@x> [MAIL]\n"
         "  data \"hi\"\n"
         "S 452 #3 [MAIL]\n"
         "C BDAT \"2 LAST\" #4 [MAIL]\n"
         "  data \"yo\"\n"
         "C end COMPLETE 1 BDAT <a@x> #4 [MAIL] !data_refused\n"
         "S 503 #4 [GREETED]\n");
    smtp("wrong sizes",
         SCRIPT("S: 220 x", "C: BDAT", "S: 501 no", "C: BDAT x LAST", "S: 501 no",
                "C: BDAT 99999999999999999999 LAST", "S: 501 no", "C: BDAT -1", "S: 501 no", "C: BDAT 10",
                "C| 123", "C.", "S."),
         "S 220 [CONNECTED]\n"
         "C BDAT #1 [CONNECTED] !bdat_bad_size\n"
         "S 501 #1 [CONNECTED]\n"
         "C BDAT \"x LAST\" #2 [CONNECTED] !bdat_bad_size\n"
         "S 501 #2 [CONNECTED]\n"
         "C BDAT \"99999999999999999999 LAST\" #3 [CONNECTED] !bdat_bad_size\n"
         "S 501 #3 [CONNECTED]\n"
         "C BDAT \"-1\" #4 [CONNECTED] !bdat_bad_size\n"
         "S 501 #4 [CONNECTED]\n"
         "C BDAT \"10\" #5 [CONNECTED]\n"
         "C message 1 BDAT [CONNECTED]\n"
         "  data \"123\"\n"
         "C end CUT 1 BDAT [CONNECTED] !message_cut\n");
    smtp("BURL and aborted by DATA",
         SCRIPT("S: 220 x", "C: MAIL FROM:<a@x>", "S: 250 ok", "C: BDAT 1", "C| x", "S: 250 ok", "C: DATA",
                "S: 503 no", "C: BURL imap://u@h/ LAST", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C MAIL <a@x> #1 [CONNECTED]\n"
         "S 250 #1 [MAIL]\n"
         "C BDAT \"1\" #2 [MAIL]\n"
         "C message 1 BDAT <a@x> [MAIL]\n"
         "  data \"x\"\n"
         "S 250 #2 [BDAT]\n"
         "C end ABORTED 1 BDAT <a@x> [BDAT] !message_aborted\n"
         "C DATA #3 [BDAT]\n"
         "S 503 #3 [BDAT] !data_refused\n"
         "C BURL \"imap://u@h/ LAST\" #4 [BDAT]\n"
         "S 250 #4 [GREETED]\n");
}

static void test_tls(void)
{
    smtp("STARTTLS",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go", "C| \026\003\001",
                "S| \026\003\003", "TLS", "C: EHLO c", "S: 250-x", "S: 250 AUTH PLAIN", "C: AUTH PLAIN AGEAYg==",
                "S: 235 ok", "C: MAIL FROM:<a@x>", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 cap=\"STARTTLS\" #1 [GREETED]\n"
         "C STARTTLS #2 [GREETED]\n"
         "S 220 #2 [GREETED]\n"
         "S TLS [TLS]\n"
         "C EHLO \"c\" #3 [CONNECTED]\n"
         "S 250- #3 [CONNECTED]\n"
         "S 250 cap=\"AUTH\" PLAIN #3 [GREETED]\n"
         "C AUTH \"PLAIN AGEAYg==\" auth=PLAIN user=\"a\" pass=\"b\" response=\"\\x00a\\x00b\" #4 [AUTH]\n"
         "S 235 auth=PLAIN user=\"a\" SUCCESS #4 [GREETED]\n"
         "C MAIL <a@x> #5 [GREETED]\n"
         "S 250 #5 [MAIL]\n");
    smtp("STARTTLS refused",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: STARTTLS", "C: RSET", "S: 454 no", "S: 250 ok", "C: QUIT",
                "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C STARTTLS #2 [GREETED]\n"
         "S 454 #2 [GREETED]\n"
         "C RSET #3 [GREETED]\n"
         "S 250 #3 [GREETED]\n"
         "C QUIT #4 [GREETED]\n"
         "S 221 #4 [QUIT]\n");
    smtp("STARTTLS decrypted in place",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: STARTTLS", "S: 220 go", "C: EHLO c", "S: 250 x",
                "C: MAIL FROM:<a@x>", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C STARTTLS #2 [GREETED]\n"
         "S 220 #2 [GREETED]\n"
         "S TLS [TLS]\n"
         "C EHLO \"c\" #3 [CONNECTED]\n"
         "S 250 #3 [GREETED]\n"
         "C MAIL <a@x> #4 [GREETED]\n"
         "S 250 #4 [MAIL]\n");
    smtp("STARTTLS injection",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: STARTTLS", "C: RSET", "C| MAIL", "S: 220 go",
                "C| \026\003\001", "TLS", "C: EHLO c", "S: 250 x"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C STARTTLS #2 [GREETED]\n"
         "S 220 #2 [GREETED]\n"
         "C text \"RSET\" [TLS] !starttls_injection\n"
         "C text \"MAIL\" [TLS] !starttls_injection\n"
         "S TLS [TLS]\n"
         "C EHLO \"c\" #3 [CONNECTED]\n"
         "S 250 #3 [GREETED]\n");
    smtp("injection behind the server's consent",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: STARTTLS", "S: 220 go", "S: 250 AUTH \303\251", "S| 25", "C| \026\003\001", "TLS",
                "C: EHLO c", "S: 250 x"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C STARTTLS #2 [GREETED]\n"
         "S 220 #2 [GREETED]\n"
         "S TLS [TLS]\n"
         "S text \"250 AUTH \\xc3\\xa9\" [TLS] !starttls_injection\n"
         "S text \"25\" [TLS]\n"
         "C EHLO \"c\" #3 [CONNECTED]\n"
         "S 250 #3 [GREETED]\n");
    smtp("decrypted in place, only the server's side",
         SCRIPT("S: 220 x", "S: 250-x", "S: 250 STARTTLS", "S: 220 go", "S: 250 x", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "S 250- [CONNECTED]\n"
         "S 250 cap=\"STARTTLS\" [GREETED]\n"
         "S 220 [CONNECTED]\n"
         "S 250 [GREETED]\n"
         "S 250 [GREETED]\n");
    smtp("implicit TLS",
         SCRIPT("TLS", "S: 220 x", "C: EHLO c", "S: 250 x", "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: YWxpY2U=",
                "S: 334 UGFzc3dvcmQ6", "C: c2VjcmV0", "S: 235 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C AUTH \"LOGIN\" auth=LOGIN #2 [AUTH]\n"
         "S 334 auth=LOGIN challenge=\"Username:\" #2 [AUTH]\n"
         "C auth line auth=LOGIN user=\"alice\" response=\"alice\" #3 [AUTH]\n"
         "S 334 auth=LOGIN challenge=\"Password:\" of=\"alice\" #3 [AUTH]\n"
         "C auth line auth=LOGIN pass=\"secret\" response=\"secret\" of=\"alice\" #4 [AUTH]\n"
         "S 235 auth=LOGIN user=\"alice\" SUCCESS #4 [GREETED]\n");
    smtp("TLS without keys",
         SCRIPT("S: 220 x", "C: STARTTLS", "S: 220 go", "C| \026\003\001", "S| \026\003\003", "C? 10",
                "C| \027\003\003", "C.", "S."),
         "S 220 [CONNECTED]\n"
         "C STARTTLS #1 [CONNECTED]\n"
         "S 220 #1 [CONNECTED]\n"
         "S TLS [TLS]\n"
         "C gap 10 [TLS] !lost_bytes\n");
}

static void test_one_side(void)
{
    smtp("client only",
         SCRIPT("C: EHLO c", "C: AUTH LOGIN", "C: YWxpY2U=", "C: c2VjcmV0", "C: MAIL FROM:<a@x>",
                "C: RCPT TO:<b@y>", "C: DATA", "C: Subject: x", "C: ", "C: QUIT", "C: .", "C: MAIL FROM:<c@x>",
                "C: DATA", "C: .", "C: QUIT", "C.", "S."),
         "C EHLO \"c\" #1 [GREETED]\n"
         "C AUTH \"LOGIN\" auth=LOGIN #2 [AUTH]\n"
         "C auth line auth=LOGIN user=\"alice\" response=\"alice\" #3 [AUTH]\n"
         "C auth line auth=LOGIN pass=\"secret\" response=\"secret\" of=\"alice\" #4 [AUTH] !cleartext_password\n"
         "C MAIL <a@x> #5 [MAIL]\n"
         "C RCPT <b@y> #6 [RCPT]\n"
         "C DATA #7 [RCPT]\n"
         "C message 1 DATA <a@x> b@y [DATA]\n"
         "  data \"Subject: x\\r\\n\\r\\nQUIT\\r\\n\"\n"
         "C end COMPLETE 1 DATA <a@x> b@y #8 [GREETED]\n"
         "C MAIL <c@x> #9 [MAIL]\n"
         "C DATA #10 [MAIL]\n"
         "C message 2 DATA <c@x> [DATA]\n"
         "C end COMPLETE 2 DATA <c@x> #11 [GREETED]\n"
         "C QUIT #12 [QUIT]\n");
    smtp("client only, DATA refused",
         SCRIPT("C: EHLO c", "C: MAIL FROM:<a@x>", "C: DATA", "C: RSET", "C: QUIT"),
         "C EHLO \"c\" #1 [GREETED]\n"
         "C MAIL <a@x> #2 [MAIL]\n"
         "C DATA #3 [MAIL]\n"
         "C RSET #4 [GREETED]\n"
         "C QUIT #5 [QUIT]\n");
    smtp("server only",
         SCRIPT("S: 220 x ESMTP", "S: 250-x", "S: 250-PIPELINING", "S: 250 SIZE 10", "S: 250 2.1.0 ok",
                "S: 250 2.1.5 ok", "S: 354 go", "S: 250 2.0.0 queued", "S: 334 VXNlcm5hbWU6", "S: 235 ok",
                "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "S 250- [CONNECTED]\n"
         "S 250- cap=\"PIPELINING\" [CONNECTED]\n"
         "S 250 cap=\"SIZE\" 10 [GREETED]\n"
         "S 250 2.1.0 [GREETED]\n"
         "S 250 2.1.5 [GREETED]\n"
         "S 354 [DATA]\n"
         "S 250 2.0.0 [GREETED]\n"
         "S 334 [AUTH]\n"
         "S 235 [GREETED]\n"
         "S 221 [QUIT]\n");
}

static void test_late(void)
{
    smtp_late("from the middle of a command",
         SCRIPT("C: OM:<a@x>", "S: 250 ok", "C: RCPT TO:<b@y>", "S: 250 ok", "C: DATA", "S: 354 go", "C: x",
                "C: .", "S: 250 ok"),
         "C text \"OM:<a@x>\" [UNKNOWN]\n"
         "S 250 [UNKNOWN]\n"
         "C RCPT <b@y> #1 [UNKNOWN]\n"
         "S 250 #1 [RCPT]\n"
         "C DATA #2 [RCPT]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA b@y [DATA]\n"
         "  data \"x\\r\\n\"\n"
         "C end COMPLETE 1 DATA b@y #3 [DATA]\n"
         "S 250 #3 [GREETED]\n");
    smtp_late("from the middle of a message",
         SCRIPT("C| QUFBQUFB\r\nQUFBQUFB\r\nQUFBQUFB\r\n.\r\n", "S: 250 2.0.0 ok", "C: QUIT", "S: 221 bye"),
         "C message 1 DATA [DATA] !lost_bytes\n"
         "  data \"QUFBQUFB\\r\\nQUFBQUFB\\r\\nQUFBQUFB\\r\\n\"\n"
         "C end COMPLETE 1 DATA #1 [GREETED] !lost_bytes\n"
         "S 250 2.0.0 #1 [GREETED]\n"
         "C QUIT #2 [GREETED]\n"
         "S 221 #2 [QUIT]\n");
    smtp_late("from the last line of a message",
         SCRIPT("C| ther\r\n.\r\n", "S: 250 ok", "C: QUIT", "S: 221 bye"),
         "C message 1 DATA [DATA] !lost_bytes\n"
         "  data \"ther\\r\\n\"\n"
         "C end COMPLETE 1 DATA #1 [GREETED] !lost_bytes\n"
         "S 250 #1 [GREETED]\n"
         "C QUIT #2 [GREETED]\n"
         "S 221 #2 [QUIT]\n");
    smtp_late("from the dot",
         SCRIPT("C: .", "S: 250 ok", "C: QUIT", "S: 221 bye"),
         "C text \".\" [UNKNOWN]\n"
         "S 250 [UNKNOWN]\n"
         "C QUIT #1 [UNKNOWN]\n"
         "S 221 #1 [QUIT]\n");
    smtp_late("from the 354",
         SCRIPT("S: 354 go", "C: Subject: x", "C: ", "C: .", "S: 250 ok"),
         "S 354 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"Subject: x\\r\\n\\r\\n\"\n"
         "C end COMPLETE 1 DATA #1 [DATA]\n"
         "S 250 #1 [GREETED]\n");
    smtp("from the middle, although the caller says from the start",
         SCRIPT("S: 250 2.1.0 OK", "S: 354 go", "C: Subject: x", "C: ", "C: .", "S: 250 ok"),
         "S 250 2.1.0 [UNKNOWN]\n"
         "S 354 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"Subject: x\\r\\n\\r\\n\"\n"
         "C end COMPLETE 1 DATA #1 [DATA]\n"
         "S 250 #1 [GREETED]\n");
    smtp_late("from a reply",
         SCRIPT("S| 0-SIZE 10\r\n250 DSN\r\n", "C: MAIL FROM:<a@x>", "S: 250 ok"),
         "S text \"0-SIZE 10\" [UNKNOWN] !lost_bytes\n"
         "S 250 cap=\"DSN\" [UNKNOWN]\n"
         "C MAIL <a@x> #1 [UNKNOWN]\n"
         "S 250 #1 [MAIL]\n");
    smtp_late("in an AUTH exchange",
         SCRIPT("C: YWxpY2U=", "S: 334 UGFzc3dvcmQ6", "C: c2VjcmV0", "S: 235 ok", "C: MAIL FROM:<a@x>",
                "S: 250 ok"),
         "C text \"YWxpY2U=\" [UNKNOWN]\n"
         "S 334 [AUTH]\n"
         "C text \"c2VjcmV0\" [AUTH]\n"
         "S 235 [GREETED]\n"
         "C MAIL <a@x> #1 [GREETED]\n"
         "S 250 #1 [MAIL]\n");
    smtp_late("mid message, never ending",
         SCRIPT("C: just a line of text", "C: and one more", "C: and a third", "C: and a fourth", "C.", "S."),
         "C message 1 DATA [DATA] !lost_bytes\n"
         "  data \"just a line of text\\r\\nand one more\\r\\nand a third\\r\\nand a fourth\\r\\n\"\n"
         "C end CUT 1 DATA [DATA] !lost_bytes !message_cut\n");
    smtp_late("greeting after all",
         SCRIPT("S: 220 x ESMTP", "C: EHLO c", "S: 250 x", "C: QUIT", "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C QUIT #2 [GREETED]\n"
         "S 221 #2 [QUIT]\n");
}

static void test_loss(void)
{
    smtp("hole in a message",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: MAIL FROM:<a@x>", "S: 250 ok", "C: DATA", "S: 354 go",
                "C| one\r\n", "C? 100", "C| wo\r\n.\r\n", "S: 250 ok", "C: QUIT", "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "C DATA #3 [MAIL]\n"
         "S 354 #3 [DATA]\n"
         "C message 1 DATA <a@x> [DATA]\n"
         "  data \"one\\r\\n\"\n"
         "C gap 100 [DATA] !lost_bytes\n"
         "  data \"wo\\r\\n\"\n"
         "C end COMPLETE 1 DATA <a@x> #4 [DATA] !lost_bytes\n"
         "S 250 #4 [GREETED]\n"
         "C QUIT #5 [GREETED]\n"
         "S 221 #5 [QUIT]\n");
    smtp("the dot in the hole",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "S: 354 go", "C| one\r\n", "C? 3",
                "C: MAIL FROM:<b@x>", "S: 250 ok", "S: 250 ok", "C: RCPT TO:<c@y>", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"one\\r\\n\"\n"
         "C gap 3 [DATA] !lost_bytes\n"
         "C end CUT 1 DATA #3 [DATA] !lost_bytes !message_cut\n"
         "C MAIL <b@x> #4 [DATA]\n"
         "S 250 [GREETED]\n"
         "S 250 [GREETED]\n"
         "C RCPT <c@y> #5 [GREETED]\n"
         "S 250 #5 [RCPT]\n");
    smtp("DATA lost, and then the beginning of the message",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: MAIL FROM:<a@x>", "S: 250 ok", "C? 6", "S: 354 go", "C? 100", "C| wo\r\n.\r\n",
                "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "S 250 #2 [MAIL]\n"
         "C gap 6 [MAIL] !lost_bytes\n"
         "S 354 [DATA]\n"
         "C message 1 DATA <a@x> [DATA]\n"
         "C gap 100 [DATA] !lost_bytes\n"
         "  data \"wo\\r\\n\"\n"
         "C end COMPLETE 1 DATA <a@x> #3 [DATA] !lost_bytes\n"
         "S 250 #3 [GREETED]\n");
    smtp("a hole over chunks, and the client's next turn",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C| MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nBDAT 4\r\none\n", "C? 30", "C| text\r\ntext\r\ntext\r\nBDAT 0 LAST\r\n",
                "S: 250 ok", "S: 250 ok", "S: 250 ok", "S: 250 ok", "S: 250 ok", "C| MAIL FROM:<c@x>\r\nBDAT 4 LAST\r\ntwo\n", "S: 250 ok", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "C RCPT <b@y> #3 [GREETED]\n"
         "C BDAT \"4\" #4 [GREETED]\n"
         "C message 1 BDAT <a@x> b@y [GREETED]\n"
         "  data \"one\\n\"\n"
         "C gap 30 [GREETED] !lost_bytes\n"
         "C end CUT 1 BDAT <a@x> b@y [GREETED] !lost_bytes !message_cut\n"
         "C message 2 DATA [DATA] !lost_bytes\n"
         "  data \"text\\r\\ntext\\r\\ntext\\r\\nBDAT 0 LAST\\r\\n\"\n"
         "S 250 [GREETED]\n"
         "S 250 [GREETED]\n"
         "S 250 [GREETED]\n"
         "S 250 [GREETED]\n"
         "S 250 [GREETED]\n"
         "C end CUT 2 DATA #5 [GREETED] !lost_bytes !message_cut\n"
         "C MAIL <c@x> #6 [GREETED]\n"
         "C BDAT \"4 LAST\" #7 [GREETED]\n"
         "C message 3 BDAT <c@x> [GREETED]\n"
         "  data \"two\\n\"\n"
         "C end COMPLETE 3 BDAT <c@x> #7 [GREETED]\n"
         "S 250 [GREETED]\n"
         "S 250 [GREETED]\n");
    smtp("the dot in the hole, the reply says so",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "S: 354 go", "C| one\r\n", "C? 3", "S: 250 ok",
                "C: MAIL FROM:<b@x>", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"one\\r\\n\"\n"
         "C gap 3 [DATA] !lost_bytes\n"
         "C end CUT 1 DATA #3 [DATA] !lost_bytes !message_cut\n"
         "S 250 #3 [GREETED]\n"
         "C MAIL <b@x> #4 [GREETED]\n"
         "S 250 #4 [MAIL]\n");
    smtp("the dot behind the hole",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "S: 354 go", "C| one\r\n", "C? 30", "C: .",
                "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"one\\r\\n\"\n"
         "C gap 30 [DATA] !lost_bytes\n"
         "C end COMPLETE 1 DATA #3 [DATA] !lost_bytes\n"
         "S 250 #3 [GREETED]\n");
    smtp("commands lost",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C| MAIL", "C? 20", "C| >\r\nRCPT TO:<c@y>\r\n", "S: 250 ok",
                "S: 250 ok", "C: DATA", "S: 354 go", "C: x", "C: .", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C text \"MAIL\" [GREETED] !lost_bytes\n"
         "C gap 20 [GREETED] !lost_bytes\n"
         "C text \">\" [GREETED]\n"
         "C RCPT <c@y> #2 [GREETED]\n"
         "S 250 [GREETED]\n"
         "S 250 [GREETED]\n"
         "C DATA #3 [GREETED]\n"
         "S 354 #3 [DATA]\n"
         "C message 1 DATA c@y [DATA]\n"
         "  data \"x\\r\\n\"\n"
         "C end COMPLETE 1 DATA c@y #4 [DATA]\n"
         "S 250 #4 [GREETED]\n");
    smtp("DATA lost",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C? 6", "S: 354 go", "C: Subject: y", "C: .", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C gap 6 [GREETED] !lost_bytes\n"
         "S 354 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"Subject: y\\r\\n\"\n"
         "C end COMPLETE 1 DATA #2 [DATA]\n"
         "S 250 #2 [GREETED]\n");
    smtp("354 lost",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "S? 8", "C: Subject: y", "C: .", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S gap 8 [GREETED] !lost_bytes\n"
         "C message 1 DATA [DATA]\n"
         "  data \"Subject: y\\r\\n\"\n"
         "C end COMPLETE 1 DATA #3 [DATA]\n"
         "S 250 #3 [GREETED]\n");
    smtp("part of the EHLO reply lost",
         SCRIPT("S: 220 x", "C: EHLO c", "S| 250-x\r\n250-SI", "S? 10", "S| N\r\n250-DSN\r\n250 HELP\r\n",
                "C: MAIL FROM:<a@x>", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250- #1 [CONNECTED]\n"
         "S text \"250-SI\" [CONNECTED] !lost_bytes\n"
         "S gap 10 [CONNECTED] !lost_bytes\n"
         "S text \"N\" [CONNECTED] !lost_bytes\n"
         "S 250- cap=\"DSN\" #1 [CONNECTED]\n"
         "S 250 cap=\"HELP\" #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "S 250 #2 [MAIL]\n");
    smtp("greeting lost",
         SCRIPT("S? 20", "C: EHLO c", "S: 250 x"),
         "S gap 20 [CONNECTED] !lost_bytes\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n");
    smtp("hole in a chunk",
         SCRIPT("S: 220 x", "C: BDAT 10", "C| 123", "C? 4", "C| 890", "S: 250 ok", "C: BDAT 5 LAST", "C| 1",
                "C? 4", "S: 250 ok", "C: QUIT", "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C BDAT \"10\" #1 [CONNECTED]\n"
         "C message 1 BDAT [CONNECTED]\n"
         "  data \"123\"\n"
         "C gap 4 [CONNECTED] !lost_bytes\n"
         "  data \"890\"\n"
         "S 250 #1 [BDAT]\n"
         "C BDAT \"5 LAST\" #2 [BDAT]\n"
         "  data \"1\"\n"
         "C gap 4 [BDAT] !lost_bytes\n"
         "C end COMPLETE 1 BDAT #2 [BDAT] !lost_bytes\n"
         "S 250 #2 [GREETED]\n"
         "C QUIT #3 [GREETED]\n"
         "S 221 #3 [QUIT]\n");
    smtp("hole beyond a chunk",
         SCRIPT("S: 220 x", "C: BDAT 10 LAST", "C| 123", "C? 20", "C: OM:<b@y>", "S: 250 ok", "S: 250 ok",
                "C: QUIT", "S: 221 bye"),
         "S 220 [CONNECTED]\n"
         "C BDAT \"10 LAST\" #1 [CONNECTED]\n"
         "C message 1 BDAT [CONNECTED]\n"
         "  data \"123\"\n"
         "C gap 20 [CONNECTED] !lost_bytes\n"
         "C end CUT 1 BDAT #1 [CONNECTED] !lost_bytes !message_cut\n"
         "C text \"OM:<b@y>\" [CONNECTED]\n"
         "S 250 [GREETED]\n"
         "S 250 [GREETED]\n"
         "C QUIT #2 [GREETED]\n"
         "S 221 #2 [QUIT]\n");
    smtp("hole while held",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "C| one\r\n", "C? 10", "C| two\r\n.\r\n",
                "S: 354 go", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA [DATA] !data_before_354\n"
         "  data \"one\\r\\n\"\n"
         "C gap 10 [DATA] !lost_bytes\n"
         "  data \"two\\r\\n\"\n"
         "C end COMPLETE 1 DATA #3 [DATA] !lost_bytes\n"
         "S 250 #3 [GREETED]\n");
    smtp("hole of unknown size at the end",
         SCRIPT("S: 220 x", "C: HELO c", "S: 250 x", "C: DATA", "S: 354 go", "C: one", "C? 0", "C.", "S."),
         "S 220 [CONNECTED]\n"
         "C HELO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C DATA #2 [GREETED]\n"
         "S 354 #2 [DATA]\n"
         "C message 1 DATA [DATA]\n"
         "  data \"one\\r\\n\"\n"
         "C gap 0 [DATA] !lost_bytes\n"
         "C end CUT 1 DATA [DATA] !lost_bytes !message_cut\n");
}

static void test_dialects(void)
{
    smtp("Exchange",
         SCRIPT("S: 220 x Microsoft ESMTP MAIL Service", "C: EHLO c", "S: 250-x", "S: 250-X-EXPS GSSAPI NTLM",
                "S: 250 XEXCH50", "C: X-EXPS NTLM", "S: 334 NTLM supported", "C: TlRMTVNTUAABAAAA", "S: 535 no",
                "C: X-LINK2STATE LAST CHUNK={00}", "S: 200 LAST CHUNK={00} MORE", "C: MAIL FROM:<a@x>",
                "S: 250 ok", "C: XEXCH50 5 2", "S: 354 Send binary data", "C| \001\002\n\r\005",
                "S: 250 XEXCH50 OK", "C: DATA", "S: 354 go", "C: .", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250- #1 [CONNECTED]\n"
         "S 250- cap=\"X-EXPS\" GSSAPI NTLM #1 [CONNECTED]\n"
         "S 250 cap=\"XEXCH50\" #1 [GREETED]\n"
         "C X-EXPS \"NTLM\" auth=NTLM #2 [AUTH]\n"
         "S 334 auth=NTLM challenge=\"NTLM supported\" #2 [AUTH]\n"
         "C auth line auth=NTLM response=\"NTLMSSP\\x00\\x01\\x00\\x00\\x00\" ntlm #3 [AUTH]\n"
         "S 535 auth=NTLM FAILURE #3 [GREETED]\n"
         "C X-LINK2STATE \"LAST CHUNK={00}\" #4 [GREETED]\n"
         "S 200 #4 [GREETED]\n"
         "C MAIL <a@x> #5 [GREETED]\n"
         "S 250 #5 [MAIL]\n"
         "C XEXCH50 \"5 2\" #6 [MAIL]\n"
         "S 354 #6 [MAIL]\n"
         "C text \"\" #7 [MAIL]\n"
         "S 250 #7 [MAIL]\n"
         "C DATA #8 [MAIL]\n"
         "S 354 #8 [DATA]\n"
         "C message 1 DATA <a@x> [DATA]\n"
         "C end COMPLETE 1 DATA <a@x> #9 [DATA]\n"
         "S 250 #9 [GREETED]\n");
    smtp("X-EXPS GSSAPI, and bytes that are no command",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: X-EXPS GSSAPI", "S: 334 GSSAPI supported", "C: YII=", "S: 235 ok",
                "C: \303\251 hello", "S: 500 what?"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C X-EXPS \"GSSAPI\" auth=GSSAPI #2 [AUTH]\n"
         "S 334 auth=GSSAPI challenge=\"GSSAPI supported\" #2 [AUTH]\n"
         "C auth line auth=GSSAPI response=\"`\\x82\" #3 [AUTH]\n"
         "S 235 auth=GSSAPI SUCCESS #3 [GREETED]\n"
         "C text \"\\xc3\\xa9 hello\" #4 [GREETED] !unknown_command\n"
         "S 500 #4 [GREETED]\n");
    smtp("BURL: what the server fetches itself is a hole",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250 x", "C: MAIL FROM:<a@x>", "C: RCPT TO:<b@y>", "C: BURL imap://u@h/1", "C: BDAT 2 LAST",
                "C| hi", "S: 250 ok", "S: 250 ok", "S: 250 ok", "S: 250 ok", "C: MAIL FROM:<c@x>", "S: 250 ok",
                "C: BURL imap://u@h/2 LAST", "S: 250 ok", "C: MAIL FROM:<d@x>", "S: 250 ok", "C: BDAT 2", "C| hi", "S: 250 ok",
                "C: BURL imap://u@h/3 LAST", "S: 250 ok", "C: MAIL FROM:<e@x>", "S: 250 ok", "C: BDAT 2 LAST", "C| hi", "S: 250 ok"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "C RCPT <b@y> #3 [GREETED]\n"
         "C BURL \"imap://u@h/1\" #4 [GREETED]\n"
         "C BDAT \"2 LAST\" #5 [GREETED]\n"
         "C message 1 BDAT <a@x> b@y [GREETED]\n"
         "  data \"hi\"\n"
         "C end COMPLETE 1 BDAT <a@x> b@y #5 [GREETED] !lost_bytes\n"
         "S 250 #2 [MAIL]\n"
         "S 250 #3 [RCPT]\n"
         "S 250 #4 [BDAT]\n"
         "S 250 #5 [GREETED]\n"
         "C MAIL <c@x> #6 [GREETED]\n"
         "S 250 #6 [MAIL]\n"
         "C BURL \"imap://u@h/2 LAST\" #7 [MAIL]\n"
         "S 250 #7 [GREETED]\n"
         "C MAIL <d@x> #8 [GREETED]\n"
         "S 250 #8 [MAIL]\n"
         "C BDAT \"2\" #9 [MAIL]\n"
         "C message 2 BDAT <d@x> [MAIL]\n"
         "  data \"hi\"\n"
         "S 250 #9 [BDAT]\n"
         "C BURL \"imap://u@h/3 LAST\" #10 [BDAT]\n"
         "C end COMPLETE 2 BDAT <d@x> #10 [BDAT] !lost_bytes\n"
         "S 250 #10 [GREETED]\n"
         "C MAIL <e@x> #11 [GREETED]\n"
         "S 250 #11 [MAIL]\n"
         "C BDAT \"2 LAST\" #12 [MAIL]\n"
         "C message 3 BDAT <e@x> [MAIL]\n"
         "  data \"hi\"\n"
         "C end COMPLETE 3 BDAT <e@x> #12 [MAIL]\n"
         "S 250 #12 [GREETED]\n");
    smtp("XCLIENT and PROXY",
         SCRIPT("C: PROXY TCP4 10.0.0.1 10.0.0.2 1111 25", "S: 220 x", "C: EHLO c", "S: 250 XCLIENT NAME ADDR",
                "C: XCLIENT NAME=a ADDR=10.1.2.3", "S: 220 x again", "C: EHLO d", "S: 250 x", "C: XFORWARD NAME=b",
                "S: 250 ok"),
         "C text \"PROXY TCP4 10.0.0.1 10.0.0.2 1111 25\" [CONNECTED]\n"
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C XCLIENT \"NAME=a ADDR=10.1.2.3\" NAME=a ADDR=10.1.2.3 #2 [GREETED]\n"
         "S 220 #2 [CONNECTED]\n"
         "C EHLO \"d\" #3 [CONNECTED]\n"
         "S 250 #3 [GREETED]\n"
         "C XFORWARD \"NAME=b\" NAME=b #4 [GREETED]\n"
         "S 250 #4 [GREETED]\n");
    smtp("421 and codes that change",
         SCRIPT("S: 220 x", "C: EHLO c", "S: 250-x", "S: 220 y", "C: MAIL FROM:<a@x>", "S: 421 4.3.2 closing"),
         "S 220 [CONNECTED]\n"
         "C EHLO \"c\" #1 [CONNECTED]\n"
         "S 250- #1 [CONNECTED]\n"
         "S 220 #1 [GREETED] !reply_code_changes\n"
         "C MAIL <a@x> #2 [GREETED]\n"
         "S 421 4.3.2 #2 [GREETED]\n");
}

static void test_typed(void)
{
    smtp("typed and never ended",
         SCRIPT("S: 220 x", "C: helo c", "S: 250 x", "C| quit", "C.", "S| 221 bye", "S."),
         "S 220 [CONNECTED]\n"
         "C helo \"c\" #1 [CONNECTED]\n"
         "S 250 #1 [GREETED]\n"
         "C quit #2 [GREETED]\n"
         "S 221 #2 [QUIT]\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp_session/plain", test_plain);
    g_test_add_func("/smtp_session/pipelining", test_pipelining);
    g_test_add_func("/smtp_session/data", test_data);
    g_test_add_func("/smtp_session/auth", test_auth);
    g_test_add_func("/smtp_session/lmtp", test_lmtp);
    g_test_add_func("/smtp_session/bdat", test_bdat);
    g_test_add_func("/smtp_session/tls", test_tls);
    g_test_add_func("/smtp_session/one_side", test_one_side);
    g_test_add_func("/smtp_session/late", test_late);
    g_test_add_func("/smtp_session/loss", test_loss);
    g_test_add_func("/smtp_session/dialects", test_dialects);
    g_test_add_func("/smtp_session/typed", test_typed);
    return g_test_run();
}
