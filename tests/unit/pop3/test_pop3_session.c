/* test_pop3_session.c
 * Whole sessions as transcripts, see transcript.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transcript.h"

#define SCRIPT(...) ((const char *const[]){__VA_ARGS__, NULL})

static void pop3(const char *name, const char *const *script, const char *expected)
{
    transcript_check(name, MAIL_PROTOCOL_POP3, TRUE, script, expected);
}

/* The capture begins in the middle of the session. */
static void pop3_late(const char *name, const char *const *script, const char *expected)
{
    transcript_check(name, MAIL_PROTOCOL_POP3, FALSE, script, expected);
}

static void test_plain(void)
{
    pop3("a mailbox",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: CAPA", "S: +OK", "S: TOP", "S: SASL PLAIN CRAM-MD5",
                "S: LOGIN-DELAY 900 USER", "S: .", "C: USER alice", "S: +OK", "C: PASS se cret ",
                "S: +OK logged in", "C: STAT", "S: +OK 2 320", "C: LIST", "S: +OK 2 messages", "S: 1 120",
                "S: 2 200", "S: .", "C: LIST 2", "S: +OK 2 200", "C: UIDL", "S: +OK", "S: 1 abc", "S: 2 def",
                "S: .", "C: UIDL 1", "S: +OK 1 abc", "C: RETR 1", "S: +OK 10 octets", "S: Subject: x", "S: ",
                "S: ..dot", "S: +OK not a reply", "S: .", "C: TOP 2 0", "S: +OK", "S: Subject: y", "S: ", "S: .",
                "C: DELE 1", "S: +OK", "C: RETR 9", "S: -ERR no such message", "C: NOOP", "S: +OK", "C: RSET",
                "S: +OK", "C: QUIT", "S: +OK bye", "C.", "S."),
         "S +OK [AUTHORIZATION]\n"
         "C CAPA #1 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "S item cap=\"TOP\" #1 [AUTHORIZATION]\n"
         "S item cap=\"SASL\" PLAIN CRAM-MD5 #1 [AUTHORIZATION]\n"
         "S item cap=\"LOGIN-DELAY\" 900 USER #1 [AUTHORIZATION]\n"
         "S item . #1 [AUTHORIZATION]\n"
         "C USER \"alice\" auth=USER user=\"alice\" #2 [AUTHORIZATION]\n"
         "S +OK #2 [AUTHORIZATION]\n"
         "C PASS \"se cret\" auth=USER pass=\"se cret \" of=\"alice\" #3 [AUTHORIZATION] !cleartext_password\n"
         "S +OK auth=USER user=\"alice\" SUCCESS #3 [TRANSACTION]\n"
         "C STAT #4 [TRANSACTION]\n"
         "S +OK #4 [TRANSACTION]\n"
         "C LIST #5 [TRANSACTION]\n"
         "S +OK #5 [TRANSACTION]\n"
         "S item 1=120 #5 [TRANSACTION]\n"
         "S item 2=200 #5 [TRANSACTION]\n"
         "S item . #5 [TRANSACTION]\n"
         "C LIST \"2\" #6 [TRANSACTION]\n"
         "S +OK 2=200 #6 [TRANSACTION]\n"
         "C UIDL #7 [TRANSACTION]\n"
         "S +OK #7 [TRANSACTION]\n"
         "S item 1=abc #7 [TRANSACTION]\n"
         "S item 2=def #7 [TRANSACTION]\n"
         "S item . #7 [TRANSACTION]\n"
         "C UIDL \"1\" #8 [TRANSACTION]\n"
         "S +OK 1=abc #8 [TRANSACTION]\n"
         "C RETR \"1\" #9 [TRANSACTION]\n"
         "S +OK #9 [TRANSACTION]\n"
         "S message 1 RETR #9 [TRANSACTION]\n"
         "  data \"Subject: x\\r\\n\\r\\n.dot\\r\\n+OK not a reply\\r\\n\"\n"
         "S end COMPLETE 1 RETR #9 [TRANSACTION]\n"
         "C TOP \"2 0\" #10 [TRANSACTION]\n"
         "S +OK #10 [TRANSACTION]\n"
         "S message 2 TOP #10 [TRANSACTION]\n"
         "  data \"Subject: y\\r\\n\\r\\n\"\n"
         "S end COMPLETE 2 TOP #10 [TRANSACTION]\n"
         "C DELE \"1\" #11 [TRANSACTION]\n"
         "S +OK #11 [TRANSACTION]\n"
         "C RETR \"9\" #12 [TRANSACTION]\n"
         "S -ERR #12 [TRANSACTION]\n"
         "C NOOP #13 [TRANSACTION]\n"
         "S +OK #13 [TRANSACTION]\n"
         "C RSET #14 [TRANSACTION]\n"
         "S +OK #14 [TRANSACTION]\n"
         "C QUIT #15 [UPDATE]\n"
         "S +OK #15 [UPDATE]\n");
    pop3("refused login",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: USER alice", "S: +OK", "C: PASS x", "S: -ERR [AUTH] wrong",
                "C: USER bob", "S: -ERR never heard of him", "C: QUIT", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C USER \"alice\" auth=USER user=\"alice\" #1 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "C PASS \"x\" auth=USER pass=\"x\" of=\"alice\" #2 [AUTHORIZATION] !cleartext_password\n"
         "S -ERR AUTH auth=USER user=\"alice\" FAILURE #2 [AUTHORIZATION]\n"
         "C USER \"bob\" auth=USER user=\"bob\" #3 [AUTHORIZATION]\n"
         "S -ERR auth=USER user=\"bob\" FAILURE #3 [AUTHORIZATION]\n"
         "C QUIT #4 [AUTHORIZATION]\n"
         "S +OK #4 [AUTHORIZATION]\n");
    pop3("APOP",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: APOP mrose c4c9334bac560ecc979e58001b3e22fb",
                "S: +OK maildrop has 1 message", "C: APOP x", "S: -ERR"),
         "S +OK [AUTHORIZATION]\n"
         "C APOP \"mrose c4c9334bac560ecc979e58001b3e22fb\" auth=APOP user=\"mrose\" token=\"c4c9334bac560ecc979e58001b3e22fb\" challenge=\"<1.2@h>\" #1 [AUTHORIZATION]\n"
         "S +OK auth=APOP user=\"mrose\" SUCCESS #1 [TRANSACTION]\n"
         "C APOP \"x\" #2 [TRANSACTION] !bad_syntax\n"
         "S -ERR auth=APOP FAILURE #2 [TRANSACTION]\n");
    pop3("pipelined",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: USER a", "C: PASS b", "C: STAT", "C: LIST", "C: RETR 1",
                "C: RETR 2", "C: QUIT", "S: +OK", "S: +OK", "S: +OK 2 20", "S: +OK", "S: 1 10", "S: 2 10", "S: .",
                "S: +OK", "S: one", "S: .", "S: +OK", "S: two", "S: .", "S: +OK bye"),
         "S +OK [AUTHORIZATION]\n"
         "C USER \"a\" auth=USER user=\"a\" #1 [AUTHORIZATION]\n"
         "C PASS \"b\" auth=USER pass=\"b\" of=\"a\" #2 [AUTHORIZATION] !cleartext_password\n"
         "C STAT #3 [AUTHORIZATION]\n"
         "C LIST #4 [AUTHORIZATION]\n"
         "C RETR \"1\" #5 [AUTHORIZATION]\n"
         "C RETR \"2\" #6 [AUTHORIZATION]\n"
         "C QUIT #7 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "S +OK auth=USER user=\"a\" SUCCESS #2 [TRANSACTION]\n"
         "S +OK #3 [TRANSACTION]\n"
         "S +OK #4 [TRANSACTION]\n"
         "S item 1=10 #4 [TRANSACTION]\n"
         "S item 2=10 #4 [TRANSACTION]\n"
         "S item . #4 [TRANSACTION]\n"
         "S +OK #5 [TRANSACTION]\n"
         "S message 1 RETR #5 [TRANSACTION]\n"
         "  data \"one\\r\\n\"\n"
         "S end COMPLETE 1 RETR #5 [TRANSACTION]\n"
         "S +OK #6 [TRANSACTION]\n"
         "S message 2 RETR #6 [TRANSACTION]\n"
         "  data \"two\\r\\n\"\n"
         "S end COMPLETE 2 RETR #6 [TRANSACTION]\n"
         "S +OK #7 [UPDATE]\n");
    pop3("UTF8, LANG and unknown commands",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: UTF8", "S: +OK", "C: LANG", "S: +OK", "S: en English",
                "S: i-default default", "S: .", "C: LANG de", "S: +OK de Sprache", "C: XFOO 1", "S: -ERR what",
                "C: !", "S: -ERR", "C: AUTH", "S: +OK", "S: PLAIN", "S: NTLM", "S: .", "C: XTND XMIT", "S: -ERR"),
         "S +OK [AUTHORIZATION]\n"
         "C UTF8 #1 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "C LANG #2 [AUTHORIZATION]\n"
         "S +OK #2 [AUTHORIZATION]\n"
         "S item en=English #2 [AUTHORIZATION]\n"
         "S item i-default=default #2 [AUTHORIZATION]\n"
         "S item . #2 [AUTHORIZATION]\n"
         "C LANG \"de\" #3 [AUTHORIZATION]\n"
         "S +OK #3 [AUTHORIZATION]\n"
         "C unknown XFOO \"1\" #4 [AUTHORIZATION] !unknown_command\n"
         "S -ERR #4 [AUTHORIZATION]\n"
         "C text \"!\" #5 [AUTHORIZATION]\n"
         "S -ERR #5 [AUTHORIZATION]\n"
         "C AUTH #6 [AUTHORIZATION]\n"
         "S +OK #6 [AUTHORIZATION]\n"
         "S item PLAIN #6 [AUTHORIZATION]\n"
         "S item NTLM #6 [AUTHORIZATION]\n"
         "S item . #6 [AUTHORIZATION]\n"
         "C XTND \"XMIT\" #7 [AUTHORIZATION]\n"
         "S -ERR #7 [AUTHORIZATION]\n");
    pop3("empty message and empty listings",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: USER a", "S: +OK", "C: PASS b", "S: +OK", "C: LIST", "S: +OK",
                "S: .", "C: RETR 1", "S: +OK", "S: .", "C: UIDL", "S: -ERR", "C: CAPA", "S: -ERR"),
         "S +OK [AUTHORIZATION]\n"
         "C USER \"a\" auth=USER user=\"a\" #1 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "C PASS \"b\" auth=USER pass=\"b\" of=\"a\" #2 [AUTHORIZATION] !cleartext_password\n"
         "S +OK auth=USER user=\"a\" SUCCESS #2 [TRANSACTION]\n"
         "C LIST #3 [TRANSACTION]\n"
         "S +OK #3 [TRANSACTION]\n"
         "S item . #3 [TRANSACTION]\n"
         "C RETR \"1\" #4 [TRANSACTION]\n"
         "S +OK #4 [TRANSACTION]\n"
         "S message 1 RETR #4 [TRANSACTION]\n"
         "S end COMPLETE 1 RETR #4 [TRANSACTION]\n"
         "C UIDL #5 [TRANSACTION]\n"
         "S -ERR #5 [TRANSACTION]\n"
         "C CAPA #6 [TRANSACTION]\n"
         "S -ERR #6 [TRANSACTION]\n");
    pop3("bare LF server",
         SCRIPT("S| +OK ready\n", "C| USER a\n", "S| +OK\n", "C| PASS b\n", "S| +OK\n", "C| RETR 1\n",
                "S| +OK\none\n..two\n.\n", "C| QUIT\n", "S| +OK\n"),
         "S +OK [AUTHORIZATION] !bare_lf\n"
         "C USER \"a\" auth=USER user=\"a\" #1 [AUTHORIZATION] !bare_lf\n"
         "S +OK #1 [AUTHORIZATION] !bare_lf\n"
         "C PASS \"b\" auth=USER pass=\"b\" of=\"a\" #2 [AUTHORIZATION] !bare_lf !cleartext_password\n"
         "S +OK auth=USER user=\"a\" SUCCESS #2 [TRANSACTION] !bare_lf\n"
         "C RETR \"1\" #3 [TRANSACTION] !bare_lf\n"
         "S +OK #3 [TRANSACTION] !bare_lf\n"
         "S message 1 RETR #3 [TRANSACTION]\n"
         "  data \"one\\n.two\\n\"\n"
         "S end COMPLETE 1 RETR #3 [TRANSACTION] !bare_lf\n"
         "C QUIT #4 [UPDATE] !bare_lf\n"
         "S +OK #4 [UPDATE] !bare_lf\n");
    pop3("the client takes LF.LF for the end",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: RETR 1", "S: +OK", "S| one\n.\n", "C: QUIT", "S: +OK bye"),
         "S +OK [AUTHORIZATION]\n"
         "C RETR \"1\" #1 [AUTHORIZATION]\n"
         "S +OK #1 [TRANSACTION]\n"
         "S message 1 RETR #1 [TRANSACTION]\n"
         "  data \"one\\n\"\n"
         "S anomaly at 33-35 #1 [TRANSACTION] !ambiguous_end_of_data\n"
         "S end COMPLETE 1 RETR #1 [TRANSACTION] !bare_lf !ambiguous_end_of_data\n"
         "C QUIT #2 [UPDATE]\n"
         "S +OK #2 [UPDATE]\n");
}

static void test_auth(void)
{
    pop3("AUTH PLAIN",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==", "S: +OK in", "C: QUIT",
                "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C AUTH \"PLAIN AGFsaWNlAHNlY3JldA==\" auth=PLAIN user=\"alice\" pass=\"secret\" response=\"\\x00alice\\x00secret\" #1 [AUTHORIZATION] !cleartext_password\n"
         "S +OK auth=PLAIN user=\"alice\" SUCCESS #1 [TRANSACTION]\n"
         "C QUIT #2 [UPDATE]\n"
         "S +OK #2 [UPDATE]\n");
    pop3("AUTH PLAIN with continuation, AUTH LOGIN",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: AUTH PLAIN", "S: + ", "C: AGEAYg==", "S: -ERR no",
                "C: AUTH LOGIN", "S: + VXNlcm5hbWU6", "C: YWxpY2U=", "S: + UGFzc3dvcmQ6", "C: c2VjcmV0", "S: +OK",
                "C: STAT", "S: +OK 0 0"),
         "S +OK [AUTHORIZATION]\n"
         "C AUTH \"PLAIN\" auth=PLAIN #1 [AUTHORIZATION]\n"
         "S + auth=PLAIN #1 [AUTHORIZATION]\n"
         "C auth line auth=PLAIN user=\"a\" pass=\"b\" response=\"\\x00a\\x00b\" #2 [AUTHORIZATION] !cleartext_password\n"
         "S -ERR auth=PLAIN user=\"a\" FAILURE #2 [AUTHORIZATION]\n"
         "C AUTH \"LOGIN\" auth=LOGIN #3 [AUTHORIZATION]\n"
         "S + auth=LOGIN challenge=\"Username:\" #3 [AUTHORIZATION]\n"
         "C auth line auth=LOGIN user=\"alice\" response=\"alice\" #4 [AUTHORIZATION]\n"
         "S + auth=LOGIN challenge=\"Password:\" of=\"alice\" #4 [AUTHORIZATION]\n"
         "C auth line auth=LOGIN pass=\"secret\" response=\"secret\" of=\"alice\" #5 [AUTHORIZATION] !cleartext_password\n"
         "S +OK auth=LOGIN user=\"alice\" SUCCESS #5 [TRANSACTION]\n"
         "C STAT #6 [TRANSACTION]\n"
         "S +OK #6 [TRANSACTION]\n");
    pop3("AUTH CRAM-MD5, cancelled and done",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: AUTH CRAM-MD5", "S: + PDEuMkBoPg==", "C: *", "S: -ERR",
                "C: AUTH CRAM-MD5", "S: + PDEuMkBoPg==", "C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw",
                "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C AUTH \"CRAM-MD5\" auth=CRAM-MD5 #1 [AUTHORIZATION]\n"
         "S + auth=CRAM-MD5 challenge=\"<1.2@h>\" #1 [AUTHORIZATION]\n"
         "C auth line auth=CRAM-MD5 cancelled #2 [AUTHORIZATION]\n"
         "S -ERR auth=CRAM-MD5 FAILURE #2 [AUTHORIZATION]\n"
         "C AUTH \"CRAM-MD5\" auth=CRAM-MD5 #3 [AUTHORIZATION]\n"
         "S + auth=CRAM-MD5 challenge=\"<1.2@h>\" #3 [AUTHORIZATION]\n"
         "C auth line auth=CRAM-MD5 user=\"tim\" token=\"b913a602c7eda7a495b4e6e7334d3890\" response=\"tim b913a602c7eda7a495b4e6e7334d3890\" #4 [AUTHORIZATION]\n"
         "S +OK auth=CRAM-MD5 user=\"tim\" SUCCESS #4 [TRANSACTION]\n");
}

static void test_tls(void)
{
    pop3("STLS",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: STLS", "S: +OK begin", "C| \026\003\001", "S| \026\003\003",
                "TLS", "C: CAPA", "S: +OK", "S: USER", "S: .", "C: USER a", "S: +OK", "C: PASS b", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C STLS #1 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "S TLS [TLS]\n"
         "C CAPA #2 [AUTHORIZATION]\n"
         "S +OK #2 [AUTHORIZATION]\n"
         "S item cap=\"USER\" #2 [AUTHORIZATION]\n"
         "S item . #2 [AUTHORIZATION]\n"
         "C USER \"a\" auth=USER user=\"a\" #3 [AUTHORIZATION]\n"
         "S +OK #3 [AUTHORIZATION]\n"
         "C PASS \"b\" auth=USER pass=\"b\" of=\"a\" #4 [AUTHORIZATION]\n"
         "S +OK auth=USER user=\"a\" SUCCESS #4 [TRANSACTION]\n");
    pop3("STLS refused",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: STLS", "S: -ERR no", "C: USER a", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C STLS #1 [AUTHORIZATION]\n"
         "S -ERR #1 [AUTHORIZATION]\n"
         "C USER \"a\" auth=USER user=\"a\" #2 [AUTHORIZATION]\n"
         "S +OK #2 [AUTHORIZATION]\n");
    pop3("STLS decrypted in place",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: STLS", "S: +OK", "C: USER a", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C STLS #1 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "S TLS [TLS]\n"
         "C USER \"a\" auth=USER user=\"a\" #2 [AUTHORIZATION]\n"
         "S +OK #2 [AUTHORIZATION]\n");
    pop3("STLS injection",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: STLS", "C: USER evil", "S: +OK", "TLS", "C: CAPA", "S: -ERR"),
         "S +OK [AUTHORIZATION]\n"
         "C STLS #1 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "C text \"USER evil\" [TLS] !starttls_injection\n"
         "S TLS [TLS]\n"
         "C CAPA #2 [AUTHORIZATION]\n"
         "S -ERR #2 [AUTHORIZATION]\n");
    pop3("injection behind the server's consent",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: STLS", "S: +OK", "S: +OK 1 \303\251", "S| -E", "C| \026\003\001", "TLS", "C: CAPA", "S: -ERR"),
         "S +OK [AUTHORIZATION]\n"
         "C STLS #1 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "S TLS [TLS]\n"
         "S text \"+OK 1 \\xc3\\xa9\" [TLS] !starttls_injection\n"
         "S text \"-E\" [TLS]\n"
         "C CAPA #2 [AUTHORIZATION]\n"
         "S -ERR #2 [AUTHORIZATION]\n");
    pop3("implicit TLS",
         SCRIPT("TLS", "S: +OK POP3 ready <1.2@h>", "C: USER a", "S: +OK", "C: PASS b", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C USER \"a\" auth=USER user=\"a\" #1 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "C PASS \"b\" auth=USER pass=\"b\" of=\"a\" #2 [AUTHORIZATION]\n"
         "S +OK auth=USER user=\"a\" SUCCESS #2 [TRANSACTION]\n");
}

static void test_one_side(void)
{
    pop3("client only",
         SCRIPT("C: USER a", "C: PASS b", "C: AUTH LOGIN", "C: YWxpY2U=", "C: c2VjcmV0", "C: STAT", "C: RETR 1",
                "C: QUIT", "C.", "S."),
         "C USER \"a\" auth=USER user=\"a\" #1 [AUTHORIZATION]\n"
         "C PASS \"b\" auth=USER pass=\"b\" of=\"a\" #2 [AUTHORIZATION] !cleartext_password\n"
         "C AUTH \"LOGIN\" auth=LOGIN #3 [AUTHORIZATION]\n"
         "C auth line auth=LOGIN user=\"alice\" response=\"alice\" #4 [AUTHORIZATION]\n"
         "C auth line auth=LOGIN pass=\"secret\" response=\"secret\" of=\"alice\" #5 [AUTHORIZATION] !cleartext_password\n"
         "C STAT #6 [TRANSACTION]\n"
         "C RETR \"1\" #7 [TRANSACTION]\n"
         "C QUIT #8 [UPDATE]\n");
    pop3("server only",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "S: +OK", "S: +OK logged in", "S: +OK 2 messages", "S: 1 120",
                "S: 2 200", "S: .", "S: +OK 120 octets", "S: Received: from x", "S: ", "S: body", "S: .",
                "S: -ERR what", "S: +OK bye"),
         "S +OK [AUTHORIZATION]\n"
         "S +OK [AUTHORIZATION]\n"
         "S +OK [AUTHORIZATION]\n"
         "S +OK [AUTHORIZATION]\n"
         "S item 1=120 [TRANSACTION]\n"
         "S item 2=200 [TRANSACTION]\n"
         "S item . [TRANSACTION]\n"
         "S +OK [TRANSACTION]\n"
         "S message 1 RETR [TRANSACTION]\n"
         "  data \"Received: from x\\r\\n\\r\\nbody\\r\\n\"\n"
         "S end COMPLETE 1 RETR [TRANSACTION]\n"
         "S -ERR [TRANSACTION]\n"
         "S +OK [TRANSACTION]\n");
}

static void test_late(void)
{
    pop3_late("in a message",
         SCRIPT("S| 0K\r\nQUFBQUFB\r\nQUFB\r\n.\r\n", "C: QUIT", "S: +OK bye"),
         "S message 1 RETR [TRANSACTION] !lost_bytes\n"
         "  data \"0K\\r\\nQUFBQUFB\\r\\nQUFB\\r\\n\"\n"
         "S end COMPLETE 1 RETR [TRANSACTION] !lost_bytes\n"
         "C QUIT #1 [UPDATE]\n"
         "S +OK #1 [UPDATE]\n");
    pop3("from the middle, although the caller says from the start",
         SCRIPT("C: PASS x", "S: +OK in", "C: RETR 1", "S: +OK", "S: Subject: y", "S: ", "S: ."),
         "C PASS \"x\" auth=USER pass=\"x\" #1 [AUTHORIZATION] !cleartext_password\n"
         "S +OK auth=USER SUCCESS #1 [TRANSACTION]\n"
         "C RETR \"1\" #2 [TRANSACTION]\n"
         "S +OK #2 [TRANSACTION]\n"
         "S message 1 RETR #2 [TRANSACTION]\n"
         "  data \"Subject: y\\r\\n\\r\\n\"\n"
         "S end COMPLETE 1 RETR #2 [TRANSACTION]\n");
    pop3_late("from RETR on",
         SCRIPT("C: RETR 3", "S: +OK 10 octets", "S: Subject: z", "S: ", "S: .", "C: DELE 3", "S: +OK"),
         "C RETR \"3\" #1 [TRANSACTION]\n"
         "S +OK #1 [TRANSACTION]\n"
         "S message 1 RETR #1 [TRANSACTION]\n"
         "  data \"Subject: z\\r\\n\\r\\n\"\n"
         "S end COMPLETE 1 RETR #1 [TRANSACTION]\n"
         "C DELE \"3\" #2 [TRANSACTION]\n"
         "S +OK #2 [TRANSACTION]\n");
    pop3_late("from the +OK of RETR on",
         SCRIPT("S: +OK 10 octets", "S: Subject: z", "S: ", "S: .", "C: DELE 3", "S: +OK"),
         "S +OK [UNKNOWN]\n"
         "S message 1 RETR [TRANSACTION]\n"
         "  data \"Subject: z\\r\\n\\r\\n\"\n"
         "S end COMPLETE 1 RETR [TRANSACTION]\n"
         "C DELE \"3\" #1 [TRANSACTION]\n"
         "S +OK #1 [TRANSACTION]\n");
    pop3_late("in a listing",
         SCRIPT("S| 2 200\r\n3 300\r\n.\r\n", "C: UIDL", "S: +OK", "S: 1 a", "S: ."),
         "S item 2=200 [TRANSACTION]\n"
         "S item 3=300 [TRANSACTION]\n"
         "S item . [TRANSACTION]\n"
         "C UIDL #1 [TRANSACTION]\n"
         "S +OK #1 [TRANSACTION]\n"
         "S item 1=a #1 [TRANSACTION]\n"
         "S item . #1 [TRANSACTION]\n");
    pop3_late("in a command",
         SCRIPT("C: ER bob", "S: +OK", "C: PASS x", "S: +OK"),
         "C text \"ER bob\" [UNKNOWN]\n"
         "S +OK [UNKNOWN]\n"
         "C PASS \"x\" auth=USER pass=\"x\" #1 [AUTHORIZATION] !cleartext_password\n"
         "S +OK auth=USER SUCCESS #1 [TRANSACTION]\n");
    pop3_late("never ending",
         SCRIPT("S: text of a mail", "S: more text", "S: and more", "S.", "C."),
         "S message 1 RETR [TRANSACTION] !lost_bytes\n"
         "  data \"text of a mail\\r\\nmore text\\r\\nand more\\r\\n\"\n"
         "S end CUT 1 RETR [TRANSACTION] !lost_bytes !message_cut\n");
}

static void test_loss(void)
{
    pop3("hole in a message",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: RETR 1", "S| +OK\r\none\r\n", "S? 100", "S| ree\r\n.\r\n",
                "C: QUIT", "S: +OK bye"),
         "S +OK [AUTHORIZATION]\n"
         "C RETR \"1\" #1 [AUTHORIZATION]\n"
         "S +OK #1 [TRANSACTION]\n"
         "S message 1 RETR #1 [TRANSACTION]\n"
         "  data \"one\\r\\n\"\n"
         "S gap 100 [TRANSACTION] !lost_bytes\n"
         "  data \"ree\\r\\n\"\n"
         "S end COMPLETE 1 RETR #1 [TRANSACTION] !lost_bytes\n"
         "C QUIT #2 [UPDATE]\n"
         "S +OK #2 [UPDATE]\n");
    pop3("the dot in the hole",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: RETR 1", "C: RETR 2", "S| +OK\r\none\r\n", "S? 3", "S: +OK 2",
                "S: two", "S: ."),
         "S +OK [AUTHORIZATION]\n"
         "C RETR \"1\" #1 [AUTHORIZATION]\n"
         "C RETR \"2\" #2 [AUTHORIZATION]\n"
         "S +OK #1 [TRANSACTION]\n"
         "S message 1 RETR #1 [TRANSACTION]\n"
         "  data \"one\\r\\n\"\n"
         "S gap 3 [TRANSACTION] !lost_bytes\n"
         "S end CUT 1 RETR #1 [TRANSACTION] !lost_bytes !message_cut\n"
         "S +OK #2 [TRANSACTION]\n"
         "S message 2 RETR #2 [TRANSACTION]\n"
         "  data \"two\\r\\n\"\n"
         "S end COMPLETE 2 RETR #2 [TRANSACTION]\n");
    pop3("the dot in the hole, the next command shows it",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: RETR 1", "S| +OK\r\none\r\n", "S? 10", "C: QUIT", "S: +OK bye"),
         "S +OK [AUTHORIZATION]\n"
         "C RETR \"1\" #1 [AUTHORIZATION]\n"
         "S +OK #1 [TRANSACTION]\n"
         "S message 1 RETR #1 [TRANSACTION]\n"
         "  data \"one\\r\\n\"\n"
         "S gap 10 [TRANSACTION] !lost_bytes\n"
         "C QUIT #2 [UPDATE]\n"
         "S end CUT 1 RETR #1 [UPDATE] !lost_bytes !message_cut\n"
         "S +OK #2 [UPDATE]\n");
    pop3("hole in a listing",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: LIST", "S| +OK\r\n1 1", "S? 10", "S| 00\r\n5 10\r\n.\r\n",
                "C: LIST", "S| +OK\r\n1 1", "S? 10", "C: QUIT", "S: +OK bye"),
         "S +OK [AUTHORIZATION]\n"
         "C LIST #1 [AUTHORIZATION]\n"
         "S +OK #1 [TRANSACTION]\n"
         "S text \"1 1\" [TRANSACTION] !lost_bytes\n"
         "S gap 10 [TRANSACTION] !lost_bytes\n"
         "S text \"00\" #1 [TRANSACTION] !lost_bytes\n"
         "S item 5=10 #1 [TRANSACTION]\n"
         "S item . #1 [TRANSACTION]\n"
         "C LIST #2 [TRANSACTION]\n"
         "S +OK #2 [TRANSACTION]\n"
         "S text \"1 1\" [TRANSACTION] !lost_bytes\n"
         "S gap 10 [TRANSACTION] !lost_bytes\n"
         "C QUIT #3 [UPDATE]\n"
         "S +OK #3 [UPDATE]\n");
    pop3("status of RETR lost",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: RETR 1", "S? 5", "S: Subject: a", "S: ", "S: x", "S: .",
                "C: QUIT", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C RETR \"1\" #1 [AUTHORIZATION]\n"
         "S gap 5 [AUTHORIZATION] !lost_bytes\n"
         "S message 1 RETR #1 [TRANSACTION] !lost_bytes\n"
         "  data \"Subject: a\\r\\n\\r\\nx\\r\\n\"\n"
         "S end COMPLETE 1 RETR #1 [TRANSACTION] !lost_bytes\n"
         "C QUIT #2 [UPDATE]\n"
         "S +OK #2 [UPDATE]\n");
    pop3("hole in the status of RETR",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: RETR 1", "S? 3", "S|  20 octets\r\n", "S: Subject: a", "S: ", "S: .", "C: RETR 2", "S| +",
                "S? 2", "S: ", "S: Subject: b", "S: ", "S: .", "C: RETR 3", "S| +O", "S? 2", "S: message follows", "S: Subject: c", "S: ", "S: .",
                "C: RETR 4", "S? 4", "S:  no such message", "C: RETR 5", "S| -E", "S? 1", "S: R no such message", "C: QUIT", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C RETR \"1\" #1 [AUTHORIZATION]\n"
         "S gap 3 [AUTHORIZATION] !lost_bytes\n"
         "S +OK #1 [TRANSACTION] !lost_bytes\n"
         "S message 1 RETR #1 [TRANSACTION]\n"
         "  data \"Subject: a\\r\\n\\r\\n\"\n"
         "S end COMPLETE 1 RETR #1 [TRANSACTION]\n"
         "C RETR \"2\" #2 [TRANSACTION]\n"
         "S text \"+\" [TRANSACTION] !lost_bytes\n"
         "S gap 2 [TRANSACTION] !lost_bytes\n"
         "S +OK #2 [TRANSACTION] !lost_bytes\n"
         "S message 2 RETR #2 [TRANSACTION]\n"
         "  data \"Subject: b\\r\\n\\r\\n\"\n"
         "S end COMPLETE 2 RETR #2 [TRANSACTION]\n"
         "C RETR \"3\" #3 [TRANSACTION]\n"
         "S text \"+O\" [TRANSACTION] !lost_bytes\n"
         "S gap 2 [TRANSACTION] !lost_bytes\n"
         "S +OK #3 [TRANSACTION] !lost_bytes\n"
         "S message 3 RETR #3 [TRANSACTION]\n"
         "  data \"Subject: c\\r\\n\\r\\n\"\n"
         "S end COMPLETE 3 RETR #3 [TRANSACTION]\n"
         "C RETR \"4\" #4 [TRANSACTION]\n"
         "S gap 4 [TRANSACTION] !lost_bytes\n"
         "S -ERR #4 [TRANSACTION] !lost_bytes\n"
         "C RETR \"5\" #5 [TRANSACTION]\n"
         "S text \"-E\" [TRANSACTION] !lost_bytes\n"
         "S gap 1 [TRANSACTION] !lost_bytes\n"
         "S -ERR #5 [TRANSACTION] !lost_bytes\n"
         "C QUIT #6 [UPDATE]\n"
         "S +OK #6 [UPDATE]\n");
    pop3("hole in the status, pipelined: nothing else is lost",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: STAT", "C: RETR 1", "C: NOOP", "S? 1", "S: OK 1 20", "S| +O", "S? 1", "S: ",
                "S: Subject: a", "S: ", "S: .", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C STAT #1 [AUTHORIZATION]\n"
         "C RETR \"1\" #2 [AUTHORIZATION]\n"
         "C NOOP #3 [AUTHORIZATION]\n"
         "S gap 1 [AUTHORIZATION] !lost_bytes\n"
         "S +OK #1 [TRANSACTION] !lost_bytes\n"
         "S text \"+O\" [TRANSACTION] !lost_bytes\n"
         "S gap 1 [TRANSACTION] !lost_bytes\n"
         "S +OK #2 [TRANSACTION] !lost_bytes\n"
         "S message 1 RETR #2 [TRANSACTION]\n"
         "  data \"Subject: a\\r\\n\\r\\n\"\n"
         "S end COMPLETE 1 RETR #2 [TRANSACTION]\n"
         "S +OK #3 [TRANSACTION]\n");
    pop3("hole over the end of a pipelined message: of what follows nobody knows what it answers",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: RETR 1", "C: DELE 1", "C: RETR 2", "C: DELE 2", "S| +OK\r\nSubject: a\r\n", "S? 50", "S: text", "S: .",
                "S: +OK", "S: +OK", "S: Subject: b", "S: ", "S: .", "S: +OK", "C: RETR 3", "C: RETR 4", "C: RETR 5", "S? 60", "S: text", "S: more", "S: text", "S: .",
                "S| +OK\r\n", "S? 9", "S: text", "S: .", "C: QUIT", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C RETR \"1\" #1 [AUTHORIZATION]\n"
         "C DELE \"1\" #2 [AUTHORIZATION]\n"
         "C RETR \"2\" #3 [AUTHORIZATION]\n"
         "C DELE \"2\" #4 [AUTHORIZATION]\n"
         "S +OK #1 [TRANSACTION]\n"
         "S message 1 RETR #1 [TRANSACTION]\n"
         "  data \"Subject: a\\r\\n\"\n"
         "S gap 50 [TRANSACTION] !lost_bytes\n"
         "  data \"text\\r\\n\"\n"
         "S end COMPLETE 1 RETR #1 [TRANSACTION] !lost_bytes\n"
         "S +OK [TRANSACTION]\n"
         "S +OK [TRANSACTION]\n"
         "S message 2 RETR #3 [TRANSACTION]\n"
         "  data \"Subject: b\\r\\n\\r\\n\"\n"
         "S end COMPLETE 2 RETR #3 [TRANSACTION]\n"
         "S +OK [TRANSACTION]\n"
         "C RETR \"3\" #5 [TRANSACTION]\n"
         "C RETR \"4\" #6 [TRANSACTION]\n"
         "C RETR \"5\" #7 [TRANSACTION]\n"
         "S gap 60 [TRANSACTION] !lost_bytes\n"
         "S message 3 RETR [TRANSACTION] !lost_bytes\n"
         "  data \"text\\r\\nmore\\r\\ntext\\r\\n\"\n"
         "S end COMPLETE 3 RETR [TRANSACTION] !lost_bytes\n"
         "S +OK [TRANSACTION]\n"
         "S message 4 RETR [TRANSACTION]\n"
         "S gap 9 [TRANSACTION] !lost_bytes\n"
         "  data \"text\\r\\n\"\n"
         "S end COMPLETE 4 RETR [TRANSACTION] !lost_bytes\n"
         "C QUIT #8 [UPDATE]\n"
         "S +OK #8 [UPDATE]\n");
    pop3("hole in pipelined commands: of what follows nobody knows what it answers",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C? 1", "C| ETR 1\r\nRETR 2\r\nDELE 2\r\n", "S: +OK 14 octets", "S: Subject: a", "S: ", "S: .", "S: +OK 14 octets",
                "S: Subject: b", "S: ", "S: .", "S: +OK", "C: QUIT", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C gap 1 [AUTHORIZATION] !lost_bytes\n"
         "C text \"ETR 1\" [AUTHORIZATION]\n"
         "C RETR \"2\" #1 [AUTHORIZATION]\n"
         "C DELE \"2\" #2 [AUTHORIZATION]\n"
         "S +OK [AUTHORIZATION]\n"
         "S message 1 RETR [TRANSACTION]\n"
         "  data \"Subject: a\\r\\n\\r\\n\"\n"
         "S end COMPLETE 1 RETR [TRANSACTION]\n"
         "S +OK [TRANSACTION]\n"
         "S message 2 RETR [TRANSACTION]\n"
         "  data \"Subject: b\\r\\n\\r\\n\"\n"
         "S end COMPLETE 2 RETR [TRANSACTION]\n"
         "S +OK [TRANSACTION]\n"
         "C QUIT #3 [UPDATE]\n"
         "S +OK #3 [UPDATE]\n");
    pop3("what ends like the status of a message, and is none",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C? 9", "S: +OK joe has 1 visible message (0 hidden) in 14 octets.", "C: LIST", "S: +OK", "S: ."),
         "S +OK [AUTHORIZATION]\n"
         "C gap 9 [AUTHORIZATION] !lost_bytes\n"
         "S +OK [AUTHORIZATION]\n"
         "C LIST #1 [AUTHORIZATION]\n"
         "S +OK #1 [TRANSACTION]\n"
         "S item . #1 [TRANSACTION]\n");
    pop3("hole in the status, and what it was nobody can say",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: RETR 1", "S? 3", "S: xyz", "S: Subject: a", "S: ", "S: .", "C: RETR 2", "S? 3", "S|  20 oc", "S? 9",
                "S: Subject: b", "S: ", "S: .", "C: QUIT", "S: +OK"),
         "S +OK [AUTHORIZATION]\n"
         "C RETR \"1\" #1 [AUTHORIZATION]\n"
         "S gap 3 [AUTHORIZATION] !lost_bytes\n"
         "S message 1 RETR #1 [TRANSACTION] !lost_bytes\n"
         "  data \"xyz\\r\\nSubject: a\\r\\n\\r\\n\"\n"
         "S end COMPLETE 1 RETR #1 [TRANSACTION] !lost_bytes\n"
         "C RETR \"2\" #2 [TRANSACTION]\n"
         "S gap 3 [TRANSACTION] !lost_bytes\n"
         "S text \" 20 oc\" [TRANSACTION]\n"
         "S gap 9 [TRANSACTION] !lost_bytes\n"
         "S message 2 RETR #2 [TRANSACTION] !lost_bytes\n"
         "  data \"Subject: b\\r\\n\\r\\n\"\n"
         "S end COMPLETE 2 RETR #2 [TRANSACTION] !lost_bytes\n"
         "C QUIT #3 [UPDATE]\n"
         "S +OK #3 [UPDATE]\n");
    pop3("a larger hole in the status of RETR, and what it says",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: RETR 1", "S? 8", "S: 0 octets follow.", "S: Subject: a", "S: ", "S: .", "C: RETR 2", "S| +OK 1",
                "S? 3", "S: 4 bytes", "S: Subject: b", "S: ", "S: .", "C: RETR 3", "S? 30", "S: 4 bytes", "S: are no header", "S: x: y", "S: ."),
         "S +OK [AUTHORIZATION]\n"
         "C RETR \"1\" #1 [AUTHORIZATION]\n"
         "S gap 8 [AUTHORIZATION] !lost_bytes\n"
         "S text \"0 octets follow.\" [AUTHORIZATION] !lost_bytes\n"
         "S message 1 RETR #1 [TRANSACTION]\n"
         "  data \"Subject: a\\r\\n\\r\\n\"\n"
         "S end COMPLETE 1 RETR #1 [TRANSACTION]\n"
         "C RETR \"2\" #2 [TRANSACTION]\n"
         "S text \"+OK 1\" [TRANSACTION] !lost_bytes\n"
         "S gap 3 [TRANSACTION] !lost_bytes\n"
         "S text \"4 bytes\" [TRANSACTION] !lost_bytes\n"
         "S message 2 RETR #2 [TRANSACTION]\n"
         "  data \"Subject: b\\r\\n\\r\\n\"\n"
         "S end COMPLETE 2 RETR #2 [TRANSACTION]\n"
         "C RETR \"3\" #3 [TRANSACTION]\n"
         "S gap 30 [TRANSACTION] !lost_bytes\n"
         "S message 3 RETR #3 [TRANSACTION] !lost_bytes\n"
         "  data \"4 bytes\\r\\nare no header\\r\\nx: y\\r\\n\"\n"
         "S end COMPLETE 3 RETR #3 [TRANSACTION] !lost_bytes\n");
    pop3("commands lost",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C| USE", "C? 6", "C| \nPASS b\r\n", "S: +OK", "S: +OK", "C: STAT",
                "S: +OK 1 2"),
         "S +OK [AUTHORIZATION]\n"
         "C text \"USE\" [AUTHORIZATION] !lost_bytes\n"
         "C gap 6 [AUTHORIZATION] !lost_bytes\n"
         "C text \"\" [AUTHORIZATION] !bare_lf\n"
         "C PASS \"b\" auth=USER pass=\"b\" #1 [AUTHORIZATION] !cleartext_password\n"
         "S +OK [AUTHORIZATION]\n"
         "S +OK [AUTHORIZATION]\n"
         "C STAT #2 [AUTHORIZATION]\n"
         "S +OK #2 [TRANSACTION]\n");
    pop3("greeting lost",
         SCRIPT("S? 30", "C: USER a", "S: +OK", "C: PASS b", "S: +OK"),
         "S gap 30 [AUTHORIZATION] !lost_bytes\n"
         "C USER \"a\" auth=USER user=\"a\" #1 [AUTHORIZATION]\n"
         "S +OK #1 [AUTHORIZATION]\n"
         "C PASS \"b\" auth=USER pass=\"b\" of=\"a\" #2 [AUTHORIZATION] !cleartext_password\n"
         "S +OK auth=USER user=\"a\" SUCCESS #2 [TRANSACTION]\n");
    pop3("cut",
         SCRIPT("S: +OK POP3 ready <1.2@h>", "C: RETR 1", "S: +OK", "S| one\r\n.", "C.", "S."),
         "S +OK [AUTHORIZATION]\n"
         "C RETR \"1\" #1 [AUTHORIZATION]\n"
         "S +OK #1 [TRANSACTION]\n"
         "S message 1 RETR #1 [TRANSACTION]\n"
         "  data \"one\\r\\n\"\n"
         "S end CUT 1 RETR #1 [TRANSACTION] !message_cut\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pop3_session/plain", test_plain);
    g_test_add_func("/pop3_session/auth", test_auth);
    g_test_add_func("/pop3_session/tls", test_tls);
    g_test_add_func("/pop3_session/one_side", test_one_side);
    g_test_add_func("/pop3_session/late", test_late);
    g_test_add_func("/pop3_session/loss", test_loss);
    return g_test_run();
}
