/* test_imap_session.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "transcript.h"

typedef struct session_test {
    const char *name;
    gboolean late; /* the capture begins in the middle */
    const char *script[40];
    const char *expected;
} session_test;

static const session_test tests[] = {
    {"login_select_fetch",
     FALSE,
     {"S: * OK [CAPABILITY IMAP4rev1 SASL-IR] hello", "C: a1 LOGIN wang \"se\\\"cret\"", "S: a1 OK done",
      "C: a2 SELECT \"&U,BTFw-\"", "S: * 2 EXISTS", "S: * OK [UIDVALIDITY 77] valid", "S: a2 OK [READ-WRITE] Select",
      "C: a3 UID FETCH 5 (UID FLAGS BODY.PEEK[])", "S: * 1 FETCH (UID 5 FLAGS (\\Seen) BODY[] {12}",
      "S| Subject: x\r\n INTERNALDATE \"1-Jan-2020 00:00:00 +0000\")\r\n", "S: a3 OK Fetch", "C: a4 LOGOUT",
      "S: * BYE bye", "S: a4 OK"},
     "S OK code=\"CAPABILITY\" capability=\"IMAP4rev1\" capability=\"SASL-IR\" [NOT AUTHENTICATED]\n"
     "C LOGIN \"wang \\\"se\\\\\\\"cret\\\"\" tag=\"a1\" auth=LOGIN user=\"wang\" pass=\"se\\\"cret\" #1 [NOT "
     "AUTHENTICATED] !cleartext_password\n"
     "S OK tag=\"a1\" auth=LOGIN user=\"wang\" SUCCESS #1 [AUTHENTICATED]\n"
     "C SELECT \"\\\"&U,BTFw-\\\"\" tag=\"a2\" mailbox=\"\\xe5\\x8f\\xb0\\xe5\\x8c\\x97\" #2 [AUTHENTICATED]\n"
     "S * untagged=\"EXISTS\" exists=2 [AUTHENTICATED]\n"
     "S OK code=\"UIDVALIDITY\" .code.argument=\"77\" .uidvalidity=77 [AUTHENTICATED]\n"
     "S OK tag=\"a2\" code=\"READ-WRITE\" #2 [SELECTED]\n"
     "C FETCH \"5 (UID FLAGS BODY.PEEK[])\" tag=\"a3\" by_uid=\"UID\" set=\"5\" fetch=\"UID\" fetch=\"FLAGS\" "
     "fetch=\"BODY.PEEK[]\" .section=\"\" #3 [SELECTED]\n"
     "S * first [SELECTED]\n"
     "S message 1 FETCH BODY[] seq=1 uid=77.5 in=\"\\xe5\\x8f\\xb0\\xe5\\x8c\\x97\" flags=\"\\\\Seen\" [SELECTED]\n"
     "  data \"Subject: x\\r\\n\"\n"
     "S * rest untagged=\"FETCH\" sequence=1 uid=5 flags=\"\\\\Seen\" section=\"\" .section.length=12 "
     "internaldate=\"1-Jan-2020 00:00:00 +0000\" [SELECTED]\n"
     "S end COMPLETE 1 FETCH BODY[] seq=1 uid=77.5 in=\"\\xe5\\x8f\\xb0\\xe5\\x8c\\x97\" flags=\"\\\\Seen\" "
     "date=\"1-Jan-2020 00:00:00 +0000\" [SELECTED]\n"
     "S OK tag=\"a3\" #3 [SELECTED]\n"
     "C LOGOUT tag=\"a4\" #4 [SELECTED]\n"
     "S BYE [LOGOUT]\n"
     "S OK tag=\"a4\" #4 [LOGOUT]\n"},
    {"literals_in_login",
     FALSE,
     {"S: * OK hi", "C: 1 LOGIN {5}", "S: + go", "C: alice {6+}", "C: pa wo\r", "S: 1 NO [AUTHENTICATIONFAILED] no"},
     "S OK [NOT AUTHENTICATED]\n"
     "S + [NOT AUTHENTICATED]\n"
     "C LOGIN \"{5}\\r\\nalice {6+}\\r\\npa wo\\r\" tag=\"1\" auth=LOGIN user=\"alice\" pass=\"pa wo\\r\" #1 [NOT "
     "AUTHENTICATED] !cleartext_password\n"
     "S NO tag=\"1\" code=\"AUTHENTICATIONFAILED\" auth=LOGIN user=\"alice\" FAILURE #1 [NOT AUTHENTICATED]\n"},
    {"authenticate",
     FALSE,
     {"S: * OK hi", "C: 1 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==", "S: 1 NO no", "C: 2 AUTHENTICATE LOGIN",
      "S: + VXNlcm5hbWU6", "C: YWxpY2U=", "S: + UGFzc3dvcmQ6", "C: c2VjcmV0", "S: 2 OK yes",
      "C: 3 AUTHENTICATE CRAM-MD5", "S: + PDFAeD4=", "C: *", "S: 3 BAD cancelled"},
     "S OK [NOT AUTHENTICATED]\n"
     "C AUTHENTICATE \"PLAIN AGFsaWNlAHNlY3JldA==\" tag=\"1\" auth=PLAIN user=\"alice\" pass=\"secret\" "
     "response=\"\\x00alice\\x00secret\" #1 [NOT AUTHENTICATED] !cleartext_password\n"
     "S NO tag=\"1\" auth=PLAIN user=\"alice\" FAILURE #1 [NOT AUTHENTICATED]\n"
     "C AUTHENTICATE \"LOGIN\" tag=\"2\" auth=LOGIN #2 [NOT AUTHENTICATED]\n"
     "S + auth=LOGIN challenge=\"Username:\" #2 [NOT AUTHENTICATED]\n"
     "C auth line tag=\"2\" auth=LOGIN user=\"alice\" response=\"alice\" #3 [NOT AUTHENTICATED]\n"
     "S + auth=LOGIN challenge=\"Password:\" of=\"alice\" #3 [NOT AUTHENTICATED]\n"
     "C auth line tag=\"2\" auth=LOGIN pass=\"secret\" response=\"secret\" of=\"alice\" #4 [NOT AUTHENTICATED] "
     "!cleartext_password\n"
     "S OK tag=\"2\" auth=LOGIN user=\"alice\" SUCCESS #4 [AUTHENTICATED]\n"
     "C AUTHENTICATE \"CRAM-MD5\" tag=\"3\" auth=CRAM-MD5 #5 [AUTHENTICATED]\n"
     "S + auth=CRAM-MD5 challenge=\"<1@x>\" #5 [AUTHENTICATED]\n"
     "C auth line tag=\"3\" auth=CRAM-MD5 cancelled #6 [AUTHENTICATED]\n"
     "S BAD tag=\"3\" auth=CRAM-MD5 FAILURE #6 [AUTHENTICATED]\n"},
    {"many_messages",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 SELECT INBOX", "S: 1 OK", "C: 2 FETCH 1:2 (RFC822.HEADER RFC822.TEXT)",
      "S: * 1 FETCH (RFC822.HEADER {8}",
      "S| A: b\r\n\r\n RFC822.TEXT {4}\r\nxy\r\n)\r\n* 2 FETCH (RFC822.HEADER {8}\r\nC: d\r\n\r\n RFC822.TEXT "
      "\"z\\\\\")\r\n2 OK\r\n"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C SELECT \"INBOX\" tag=\"1\" mailbox=\"INBOX\" #1 [AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [SELECTED]\n"
     "C FETCH \"1:2 (RFC822.HEADER RFC822.TEXT)\" tag=\"2\" set=\"1:2\" fetch=\"RFC822.HEADER\" .section=\"HEADER\" "
     "fetch=\"RFC822.TEXT\" .section=\"TEXT\" #2 [SELECTED]\n"
     "S * first [SELECTED]\n"
     "S message 1 FETCH BODY[HEADER] seq=1 in=\"INBOX\" [SELECTED]\n"
     "  data \"A: b\\r\\n\\r\\n\"\n"
     "S * ... [SELECTED]\n"
     "S message 2 FETCH BODY[TEXT] seq=1 in=\"INBOX\" [SELECTED]\n"
     "  data \"xy\\r\\n\"\n"
     "S * rest untagged=\"FETCH\" sequence=1 section=\"HEADER\" .section.length=8 section=\"TEXT\" .section.length=4 "
     "[SELECTED]\n"
     "S end COMPLETE 1 FETCH BODY[HEADER] seq=1 in=\"INBOX\" [SELECTED]\n"
     "S end COMPLETE 2 FETCH BODY[TEXT] seq=1 in=\"INBOX\" [SELECTED]\n"
     "S * first [SELECTED]\n"
     "S message 3 FETCH BODY[HEADER] seq=2 in=\"INBOX\" [SELECTED]\n"
     "  data \"C: d\\r\\n\\r\\n\"\n"
     "S * rest untagged=\"FETCH\" sequence=2 section=\"HEADER\" .section.length=8 section=\"TEXT\" [SELECTED]\n"
     "S end COMPLETE 3 FETCH BODY[HEADER] seq=2 in=\"INBOX\" [SELECTED]\n"
     "S message 4 FETCH BODY[TEXT] seq=2 in=\"INBOX\" [SELECTED]\n"
     "  data \"z\\\\\"\n"
     "S end COMPLETE 4 FETCH BODY[TEXT] seq=2 in=\"INBOX\" [SELECTED]\n"
     "S OK tag=\"2\" #2 [SELECTED]\n"},
    {"append",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 APPEND Sent (\\Seen) \"1-Jan-2020 00:00:00 +0000\" {5}", "S: + ok", "C| A: b\r",
      "C: ", "S: 1 OK [APPENDUID 5 9] done", "C: 2 APPEND Drafts {3+}", "C| abc (\\Draft) {4+}\r\nwxyz\r\n", "S: 2 OK",
      "C: 3 APPEND Big {100}", "S: 3 NO [TOOBIG] no", "C: 4 NOOP", "S: 4 OK"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C APPEND \"Sent (\\\\Seen) \\\"1-Jan-2020 00:00:00 +0000\\\" {5}\" first tag=\"1\" mailbox=\"Sent\" #1 "
     "[AUTHENTICATED]\n"
     "S + [AUTHENTICATED]\n"
     "C message 1 APPEND in=\"Sent\" flags=\"\\\\Seen\" date=\"1-Jan-2020 00:00:00 +0000\" #1 [AUTHENTICATED]\n"
     "  data \"A: b\\r\"\n"
     "C end COMPLETE 1 APPEND in=\"Sent\" flags=\"\\\\Seen\" date=\"1-Jan-2020 00:00:00 +0000\" #1 [AUTHENTICATED]\n"
     "C  rest tag=\"1\" #1 [AUTHENTICATED]\n"
     "S OK tag=\"1\" code=\"APPENDUID\" .code.argument=\"5 9\" .uidvalidity=5 .uid=9 #1 [AUTHENTICATED]\n"
     "C APPEND \"Drafts {3+}\" first tag=\"2\" mailbox=\"Drafts\" #2 [AUTHENTICATED]\n"
     "C message 2 APPEND in=\"Drafts\" #2 [AUTHENTICATED]\n"
     "  data \"abc\"\n"
     "C end COMPLETE 2 APPEND in=\"Drafts\" #2 [AUTHENTICATED]\n"
     "C  ... tag=\"2\" #2 [AUTHENTICATED]\n"
     "C message 3 APPEND in=\"Drafts\" flags=\"\\\\Draft\" #2 [AUTHENTICATED]\n"
     "  data \"wxyz\"\n"
     "C end COMPLETE 3 APPEND in=\"Drafts\" flags=\"\\\\Draft\" #2 [AUTHENTICATED]\n"
     "C  rest tag=\"2\" #2 [AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [AUTHENTICATED]\n"
     "C APPEND \"Big {100}\" first tag=\"3\" mailbox=\"Big\" #3 [AUTHENTICATED]\n"
     "S NO tag=\"3\" code=\"TOOBIG\" #3 [AUTHENTICATED]\n"
     "C NOOP tag=\"4\" #4 [AUTHENTICATED]\n"
     "S OK tag=\"4\" #4 [AUTHENTICATED]\n"},
    {"catenate",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 APPEND Sent CATENATE (TEXT {4}", "S: + ok",
      "C| A: b URL \"/x;UID=1\" TEXT {2+}\r\ncd)\r\n", "S: 1 OK", "C: 2 APPEND Sent UTF8 (~{3+}", "C: abc)", "S: 2 OK"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C APPEND \"Sent CATENATE (TEXT {4}\" first tag=\"1\" mailbox=\"Sent\" #1 [AUTHENTICATED]\n"
     "S + [AUTHENTICATED]\n"
     "C message 1 APPEND in=\"Sent\" #1 [AUTHENTICATED]\n"
     "  data \"A: b\"\n"
     "C  ... tag=\"1\" #1 [AUTHENTICATED]\n"
     "C gap 0 [AUTHENTICATED] !not_fetched\n"
     "  data \"cd\"\n"
     "C  rest tag=\"1\" #1 [AUTHENTICATED]\n"
     "C end COMPLETE 1 APPEND in=\"Sent\" #1 [AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [AUTHENTICATED]\n"
     "C APPEND \"Sent UTF8 (~{3+}\" first tag=\"2\" mailbox=\"Sent\" #2 [AUTHENTICATED]\n"
     "C message 2 APPEND in=\"Sent\" #2 [AUTHENTICATED]\n"
     "  data \"abc\"\n"
     "C end COMPLETE 2 APPEND in=\"Sent\" #2 [AUTHENTICATED]\n"
     "C  rest tag=\"2\" #2 [AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [AUTHENTICATED]\n"},
    {"partial",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 SELECT INBOX", "S: * OK [UIDVALIDITY 3]", "S: 1 OK",
      "C: 2 UID FETCH 9 (BODY.PEEK[2]<0.4>)", "S: * 7 FETCH (UID 9 BODY[2]<0> {4}", "S: abcd)", "S: 2 OK",
      "C: 3 FETCH 7 BODY[2]<4.4>", "S: * 7 FETCH (BODY[2]<4> \"ef\")", "S: 3 OK", "S: * 7 EXPUNGE",
      "C: 4 FETCH 7 BODY[2]<4.4>", "S: * 7 FETCH (BODY[2]<4> {0}", "S: )", "S: 4 OK"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C SELECT \"INBOX\" tag=\"1\" mailbox=\"INBOX\" #1 [AUTHENTICATED]\n"
     "S OK code=\"UIDVALIDITY\" .code.argument=\"3\" .uidvalidity=3 [AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [SELECTED]\n"
     "C FETCH \"9 (BODY.PEEK[2]<0.4>)\" tag=\"2\" by_uid=\"UID\" set=\"9\" fetch=\"BODY.PEEK[2]<0.4>\" .section=\"2\" "
     ".section.origin=0 .section.length=4 #2 [SELECTED]\n"
     "S * first [SELECTED]\n"
     "S message 1 FETCH BODY[2]<0.4> seq=7 uid=3.9 in=\"INBOX\" [SELECTED]\n"
     "  data \"abcd\"\n"
     "S * rest untagged=\"FETCH\" sequence=7 uid=9 section=\"2\" .section.origin=0 .section.length=4 [SELECTED]\n"
     "S end COMPLETE 1 FETCH BODY[2]<0.4> seq=7 uid=3.9 in=\"INBOX\" [SELECTED]\n"
     "S OK tag=\"2\" #2 [SELECTED]\n"
     "C FETCH \"7 BODY[2]<4.4>\" tag=\"3\" set=\"7\" fetch=\"BODY[2]<4.4>\" .section=\"2\" .section.origin=4 "
     ".section.length=4 #3 [SELECTED]\n"
     "S * untagged=\"FETCH\" sequence=7 section=\"2\" .section.origin=4 [SELECTED]\n"
     "S message 2 FETCH BODY[2]<4.4> seq=7 uid=3.9 in=\"INBOX\" [SELECTED]\n"
     "  data \"ef\"\n"
     "S end COMPLETE 2 FETCH BODY[2]<4.4> seq=7 uid=3.9 in=\"INBOX\" [SELECTED]\n"
     "S OK tag=\"3\" #3 [SELECTED]\n"
     "S * untagged=\"EXPUNGE\" sequence=7 [SELECTED]\n"
     "C FETCH \"7 BODY[2]<4.4>\" tag=\"4\" set=\"7\" fetch=\"BODY[2]<4.4>\" .section=\"2\" .section.origin=4 "
     ".section.length=4 #4 [SELECTED]\n"
     "S * untagged=\"FETCH\" sequence=7 section=\"2\" .section.origin=4 .section.length=0 [SELECTED]\n"
     "S message 3 FETCH BODY[2]<4.4> seq=7 in=\"INBOX\" [SELECTED]\n"
     "S end COMPLETE 3 FETCH BODY[2]<4.4> seq=7 in=\"INBOX\" [SELECTED]\n"
     "S OK tag=\"4\" #4 [SELECTED]\n"},
    {"urlfetch",
     FALSE,
     {"S: * PREAUTH hi",
      "C: 1 URLFETCH \"imap://joe;AUTH=*@x.org/INBOX/;UID=20/;SECTION=1.2;URLAUTH=submit+f:internal:9\"",
      "S: * URLFETCH \"imap://joe;AUTH=*@x.org/INBOX/;UID=20/;SECTION=1.2;URLAUTH=submit+f:internal:9\" {5}",
      "S| hello", "S: ", "S: 1 OK", "C: 2 GENURLAUTH \"imap://joe@x.org/INBOX/;UID=1\" INTERNAL",
      "S: * GENURLAUTH \"imap://joe@x.org/INBOX/;UID=1;URLAUTH=x\"", "S: 2 OK", "C: 3 URLFETCH /a /b",
      "S: * URLFETCH {46}",
      "S: /Dr%C3%A4fts;UIDVALIDITY=7/;UID=3/;PARTIAL=4.5 \"q\\\"q\" /INBOX/;UID=9 NIL nonsense {3}",
      "S: abc /INBOX/;UID=8 \"\"", "S: 3 OK"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C URLFETCH \"\\\"imap://joe;AUTH=*@x.org/INBOX/;UID=20/;SECTION=1.2;URLAUTH=submit+f:internal:9\\\"\" tag=\"1\" "
     "url=\"imap://joe;AUTH=*@x.org/INBOX/;UID=20/;SECTION=1.2;URLAUTH=submit+f:internal:9\" #1 [AUTHENTICATED]\n"
     "S * first [AUTHENTICATED]\n"
     "S message 1 FETCH BODY[1.2] uid=0.20 in=\"INBOX\" owner=\"joe\" [AUTHENTICATED]\n"
     "  data \"hello\"\n"
     "S * rest untagged=\"URLFETCH\" "
     "url=\"imap://joe;AUTH=*@x.org/INBOX/;UID=20/;SECTION=1.2;URLAUTH=submit+f:internal:9\" .section=\"1.2\" "
     ".section.length=5 [AUTHENTICATED]\n"
     "S end COMPLETE 1 FETCH BODY[1.2] uid=0.20 in=\"INBOX\" owner=\"joe\" [AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [AUTHENTICATED]\n"
     "C GENURLAUTH \"\\\"imap://joe@x.org/INBOX/;UID=1\\\" INTERNAL\" tag=\"2\" url=\"imap://joe@x.org/INBOX/;UID=1\" "
     "#2 [AUTHENTICATED]\n"
     "S * untagged=\"GENURLAUTH\" url=\"imap://joe@x.org/INBOX/;UID=1;URLAUTH=x\" [AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [AUTHENTICATED]\n"
     "C URLFETCH \"/a /b\" tag=\"3\" url=\"/a\" url=\"/b\" #3 [AUTHENTICATED]\n"
     "S * untagged=\"URLFETCH\" url=\"/Dr%C3%A4fts;UIDVALIDITY=7/;UID=3/;PARTIAL=4.5\" .section=\"\" .section.origin=4 "
     "url=\"/INBOX/;UID=9\" .section=\"\" url=\"nonsense\" .section.length=3 url=\"/INBOX/;UID=8\" .section=\"\" "
     "[AUTHENTICATED]\n"
     "S message 2 FETCH BODY[]<4.5> uid=7.3 in=\"Dr\\xc3\\xa4fts\" [AUTHENTICATED]\n"
     "  data \"q\\\"q\"\n"
     "S end COMPLETE 2 FETCH BODY[]<4.5> uid=7.3 in=\"Dr\\xc3\\xa4fts\" [AUTHENTICATED]\n"
     "S message 3 FETCH BODY[] uid=0.8 in=\"INBOX\" [AUTHENTICATED]\n"
     "S end COMPLETE 3 FETCH BODY[] uid=0.8 in=\"INBOX\" [AUTHENTICATED]\n"
     "S OK tag=\"3\" #3 [AUTHENTICATED]\n"},
    {"urlfetch_extended",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 URLFETCH (\"/INBOX;UIDVALIDITY=5/;UID=2/;SECTION=2\" BODYPARTSTRUCTURE BINARY BODY)",
      "S: * URLFETCH \"/INBOX;UIDVALIDITY=5/;UID=2/;SECTION=2\" (BODY {4}",
      "S| QUJD) (BODYPARTSTRUCTURE (\"image\" \"png\" (\"name\" \"x)\") NIL NIL \"base64\" 4)) (BINARY ~{3}\r\nABC)"
      " (BODY {1}\r\nx) \"/INBOX;UIDVALIDITY=5/;UID=3\" (BODY \"y\") \"/INBOX/;UID=4\" (BODY NIL)\r\n",
      "S: 1 OK", "S| * URLFETCH \"/INBOX/;UID=4\" {10}\r\nabc", "S? 3", "S| xyz", "S? 9", "S: x", "S: * 3 EXISTS"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C URLFETCH \"(\\\"/INBOX;UIDVALIDITY=5/;UID=2/;SECTION=2\\\" BODYPARTSTRUCTURE BINARY BODY)\" tag=\"1\" "
     "url=\"/INBOX;UIDVALIDITY=5/;UID=2/;SECTION=2\" #1 [AUTHENTICATED]\n"
     "S * first [AUTHENTICATED]\n"
     "S message 1 FETCH BODY[2] uid=5.2 in=\"INBOX\" [AUTHENTICATED]\n"
     "  data \"QUJD\"\n"
     "S * ... [AUTHENTICATED]\n"
     "S message 2 FETCH BINARY[2] uid=5.2 in=\"INBOX\" [AUTHENTICATED]\n"
     "  data \"ABC\"\n"
     "S * rest untagged=\"URLFETCH\" url=\"/INBOX;UIDVALIDITY=5/;UID=2/;SECTION=2\" .section=\"2\" .section.length=4 "
     ".body=\"1\" ..body.type=\"image/png\" ..body.parameter=\"name=x)\" ..body.filename=\"x)\" "
     "..body.encoding=\"base64\" ..body.octets=4 .section.length=3 .section.length=1 "
     "url=\"/INBOX;UIDVALIDITY=5/;UID=3\" .section=\"\" url=\"/INBOX/;UID=4\" .section=\"\" [AUTHENTICATED]\n"
     "S end COMPLETE 1 FETCH BODY[2] uid=5.2 in=\"INBOX\" structure=\"(\\\"image\\\" \\\"png\\\" (\\\"name\\\" "
     "\\\"x)\\\") NIL NIL \\\"base64\\\" 4)\" [AUTHENTICATED]\n"
     "S end COMPLETE 2 FETCH BINARY[2] uid=5.2 in=\"INBOX\" structure=\"(\\\"image\\\" \\\"png\\\" (\\\"name\\\" "
     "\\\"x)\\\") NIL NIL \\\"base64\\\" 4)\" [AUTHENTICATED]\n"
     "S message 3 FETCH BODY[] uid=5.3 in=\"INBOX\" [AUTHENTICATED]\n"
     "  data \"y\"\n"
     "S end COMPLETE 3 FETCH BODY[] uid=5.3 in=\"INBOX\" [AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [AUTHENTICATED]\n"
     "S * first [AUTHENTICATED]\n"
     "S message 4 FETCH BODY[] uid=0.4 in=\"INBOX\" [AUTHENTICATED]\n"
     "  data \"abc\"\n"
     "S gap 3 [AUTHENTICATED] !lost_bytes\n"
     "  data \"xyz\"\n"
     "S gap 1 [AUTHENTICATED] !lost_bytes\n"
     "S end COMPLETE 4 FETCH BODY[] uid=0.4 in=\"INBOX\" [AUTHENTICATED] !lost_bytes\n"
     "S gap 8 [AUTHENTICATED] !lost_bytes\n"
     "S text \"x\" [AUTHENTICATED] !lost_bytes\n"
     "S * untagged=\"EXISTS\" exists=3 [AUTHENTICATED]\n"},
    {"idle",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 IDLE", "S: + idling", "S: * 3 EXISTS", "C: DONE", "S: 1 OK"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C IDLE tag=\"1\" #1 [AUTHENTICATED]\n"
     "S + #1 [AUTHENTICATED]\n"
     "S * untagged=\"EXISTS\" exists=3 [AUTHENTICATED]\n"
     "C DONE tag=\"1\" #2 [AUTHENTICATED]\n"
     "S OK tag=\"1\" #2 [AUTHENTICATED]\n"},
    {"data",
     FALSE,
     {"S: * PREAUTH hi", "S: * CAPABILITY IMAP4rev1 AUTH=PLAIN",
      "S: * LIST (\\HasNoChildren \\Sent) \"/\" \"&ZeVnLIqe-/x\"", "S: * STATUS INBOX (MESSAGES 3 UIDNEXT 4)",
      "S: * SEARCH 1 2 3", "S: * ID (\"name\" \"Dovecot\" \"version\" NIL)",
      "S: * NAMESPACE ((\"\" \"/\")) NIL ((\"#shared\" \"/\"))", "S: * QUOTA \"User\" (STORAGE 10 512)",
      "S: * QUOTAROOT INBOX \"User\"", "S: * VANISHED (EARLIER) 41,43:116", "S: * FLAGS (\\Seen $x)", "S: * FOO bar",
      "S: rubbish"},
     "S PREAUTH [AUTHENTICATED]\n"
     "S * untagged=\"CAPABILITY\" capability=\"IMAP4rev1\" capability=\"AUTH=PLAIN\" [AUTHENTICATED]\n"
     "S * untagged=\"LIST\" mailbox.attribute=\"\\\\HasNoChildren\" mailbox.attribute=\"\\\\Sent\" "
     "mailbox.separator=\"/\" mailbox=\"\\xe6\\x97\\xa5\\xe6\\x9c\\xac\\xe8\\xaa\\x9e/x\" [AUTHENTICATED]\n"
     "S * untagged=\"STATUS\" mailbox=\"INBOX\" item.name=\"MESSAGES\" .item.value=\"3\" item.name=\"UIDNEXT\" "
     ".item.value=\"4\" [AUTHENTICATED]\n"
     "S * untagged=\"SEARCH\" search=\"1 2 3\" [AUTHENTICATED]\n"
     "S * untagged=\"ID\" item.name=\"name\" .item.value=\"Dovecot\" item.name=\"version\" .item.value=\"NIL\" "
     "[AUTHENTICATED]\n"
     "S * untagged=\"NAMESPACE\" namespace=\"\" .mailbox.separator=\"/\" namespace=\"#shared\" "
     ".mailbox.separator=\"/\" [AUTHENTICATED]\n"
     "S * untagged=\"QUOTA\" quota.root=\"User\" quota.resource=\"STORAGE\" .quota.usage=10 .quota.limit=512 "
     "[AUTHENTICATED]\n"
     "S * untagged=\"QUOTAROOT\" mailbox=\"INBOX\" quota.root=\"User\" [AUTHENTICATED]\n"
     "S * untagged=\"VANISHED\" set=\"41,43:116\" [AUTHENTICATED]\n"
     "S * untagged=\"FLAGS\" flags=\"\\\\Seen\" flags=\"$x\" [AUTHENTICATED]\n"
     "S * untagged=\"FOO\" [AUTHENTICATED]\n"
     "S text \"rubbish\" [AUTHENTICATED] !bad_syntax\n"},
    {"envelope",
     FALSE,
     {"S: * PREAUTH hi",
      "S: * 1 FETCH (ENVELOPE (\"d\" \"=?utf-8?q?h=C3=A9?=\" ((\"A B\" NIL \"a\" \"x.org\")) NIL NIL ((NIL NIL \"b\" "
      "\"y.org\")(NIL NIL \"c\" \"y.org\")) NIL NIL NIL \"<i@x>\")"
      " BODYSTRUCTURE ((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 10 1)(\"application\" \"pdf\" "
      "(\"name\" {5}",
      "S: a.pdf) NIL NIL \"base64\" 100 NIL (\"attachment\" (\"filename*\" \"utf-8''%e4%bc%9a.pdf\")) NIL NIL) "
      "\"mixed\" (\"boundary\" \"b\") NIL NIL))"},
     "S PREAUTH [AUTHENTICATED]\n"
     "S * untagged=\"FETCH\" sequence=1 envelope=\"h\\xc3\\xa9\" .envelope.date=\"d\" "
     ".envelope.subject=\"h\\xc3\\xa9\" .envelope.from=\"A B <a@x.org>\" .envelope.to=\"b@y.org, c@y.org\" "
     ".envelope.message_id=\"<i@x>\" body=\"\" .body.type=\"multipart/mixed\" .body.parameter=\"boundary=b\" "
     ".body=\"1\" ..body.type=\"text/plain\" ..body.parameter=\"charset=utf-8\" ..body.encoding=\"7bit\" "
     "..body.octets=10 .body=\"2\" ..body.type=\"application/pdf\" ..body.parameter=\"name=a.pdf\" "
     "..body.disposition=\"attachment\" ..body.parameter=\"filename*=utf-8''%e4%bc%9a.pdf\" "
     "..body.filename=\"\\xe4\\xbc\\x9a.pdf\" ..body.encoding=\"base64\" ..body.octets=100 [AUTHENTICATED]\n"},
    {"gap_in_literal",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 FETCH 1:2 BODY[]", "S| * 1 FETCH (BODY[] {10}\r\nabc", "S? 4",
      "S| xyz UID 3)\r\n* 2 FETCH (BODY[] {10}\r\nabc", "S? 30", "S: rest {5}", "S: * 3 EXISTS", "S: 1 OK"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C FETCH \"1:2 BODY[]\" tag=\"1\" set=\"1:2\" fetch=\"BODY[]\" .section=\"\" #1 [AUTHENTICATED]\n"
     "S * first [AUTHENTICATED]\n"
     "S message 1 FETCH BODY[] seq=1 [AUTHENTICATED]\n"
     "  data \"abc\"\n"
     "S gap 4 [AUTHENTICATED] !lost_bytes\n"
     "  data \"xyz\"\n"
     "S * rest untagged=\"FETCH\" sequence=1 section=\"\" .section.length=10 uid=3 [AUTHENTICATED]\n"
     "S end COMPLETE 1 FETCH BODY[] seq=1 uid=0.3 [AUTHENTICATED] !lost_bytes\n"
     "S * first [AUTHENTICATED]\n"
     "S message 2 FETCH BODY[] seq=2 [AUTHENTICATED]\n"
     "  data \"abc\"\n"
     "S gap 7 [AUTHENTICATED] !lost_bytes\n"
     "S end COMPLETE 2 FETCH BODY[] seq=2 [AUTHENTICATED] !lost_bytes\n"
     "S gap 23 [AUTHENTICATED] !lost_bytes\n"
     "S text \"rest {5}\" [AUTHENTICATED] !lost_bytes\n"
     "S * untagged=\"EXISTS\" exists=3 [AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [AUTHENTICATED]\n"},
    {"gap_in_line",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 NO", "C? 3", "C: junk check", "C: 2 NOOP", "S: * 1 FE", "S? 9", "S: )", "S: 2 OK",
      "S? 0", "S: 3 OK a", "S: * OK b"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C unknown NO tag=\"1\" #1 [AUTHENTICATED] !unknown_command\n"
     "C gap 3 [AUTHENTICATED] !lost_bytes\n"
     "C text \"junk check\" [AUTHENTICATED] !lost_bytes\n"
     "C NOOP tag=\"2\" #2 [AUTHENTICATED]\n"
     "S * untagged=\"FE\" sequence=1 [AUTHENTICATED]\n"
     "S gap 9 [AUTHENTICATED] !lost_bytes\n"
     "S text \")\" [AUTHENTICATED] !lost_bytes\n"
     "S OK tag=\"2\" #2 [AUTHENTICATED]\n"
     "S gap 0 [AUTHENTICATED] !lost_bytes\n"
     "S text \"3 OK a\" [AUTHENTICATED] !lost_bytes\n"
     "S OK [AUTHENTICATED]\n"},
    {"gap_in_fetch_line",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 UID FETCH 7 (UID BODY.PEEK[])", "S| * 1 F", "S? 3", "S| H (UID 7 BODY[] {12}\r\nSubject: a\r\n)\r\n", "S: 1 OK",
      "C: 2 UID FETCH 8 (UID BODY.PEEK[])", "S| * 2 FETCH (UID 8 BO", "S? 3", "S| [] {12}\r\nSubject: b\r\n FLAGS (\\Seen))\r\n", "S: 2 OK",
      "C: 3 FETCH 3 RFC822", "S? 15", "S| {12}\r\nSubject: c\r\n)\r\n", "S: 3 OK",
      "C: 4 UID FETCH 9 BODY[]", "S| * 4 FETCH (UID 9 BODY[] {1", "S? 1", "S: }", "S: Subject: d", "S: ", "S: text", "S: )", "S: 4 OK",
      "C: 5 UID FETCH 10:11 BODY[]", "S? 40", "S: eject: e", "S: ", "S: text UID 10)", "S| * 5 FETCH (UI", "S? 19", "S: ", "S: From: f", "S: ", "S? 7",
      "S: rest)", "S: 5 OK"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C FETCH \"7 (UID BODY.PEEK[])\" tag=\"1\" by_uid=\"UID\" set=\"7\" fetch=\"UID\" fetch=\"BODY.PEEK[]\" .section=\"\" #1 [AUTHENTICATED]\n"
     "S text \"* 1 F\" [AUTHENTICATED] !lost_bytes\n"
     "S gap 3 [AUTHENTICATED] !lost_bytes\n"
     "S * first [AUTHENTICATED]\n"
     "S message 1 FETCH BODY[] uid=0.7 [AUTHENTICATED]\n"
     "  data \"Subject: a\\r\\n\"\n"
     "S * rest uid=7 section=\"\" .section.length=12 [AUTHENTICATED] !lost_bytes\n"
     "S end COMPLETE 1 FETCH BODY[] uid=0.7 [AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [AUTHENTICATED]\n"
     "C FETCH \"8 (UID BODY.PEEK[])\" tag=\"2\" by_uid=\"UID\" set=\"8\" fetch=\"UID\" fetch=\"BODY.PEEK[]\" .section=\"\" #2 [AUTHENTICATED]\n"
     "S text \"* 2 FETCH (UID 8 BO\" [AUTHENTICATED] !lost_bytes\n"
     "S gap 3 [AUTHENTICATED] !lost_bytes\n"
     "S * first [AUTHENTICATED]\n"
     "S message 2 FETCH BODY[] uid=0.8 [AUTHENTICATED]\n"
     "  data \"Subject: b\\r\\n\"\n"
     "S * rest item.name=\"[]\" .item.value=\"{12}\\r\\n\" flags=\"\\\\Seen\" [AUTHENTICATED] !lost_bytes\n"
     "S end COMPLETE 2 FETCH BODY[] uid=0.8 flags=\"\\\\Seen\" [AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [AUTHENTICATED]\n"
     "C FETCH \"3 RFC822\" tag=\"3\" set=\"3\" fetch=\"RFC822\" .section=\"\" #3 [AUTHENTICATED]\n"
     "S gap 15 [AUTHENTICATED] !lost_bytes\n"
     "S * first [AUTHENTICATED]\n"
     "S message 3 FETCH BODY[] [AUTHENTICATED]\n"
     "  data \"Subject: c\\r\\n\"\n"
     "S * rest item.name=\"\" .item.value=\"{12}\\r\\n\" [AUTHENTICATED] !lost_bytes\n"
     "S end COMPLETE 3 FETCH BODY[] [AUTHENTICATED]\n"
     "S OK tag=\"3\" #3 [AUTHENTICATED]\n"
     "C FETCH \"9 BODY[]\" tag=\"4\" by_uid=\"UID\" set=\"9\" fetch=\"BODY[]\" .section=\"\" #4 [AUTHENTICATED]\n"
     "S text \"* 4 FETCH (UID 9 BODY[] {1\" [AUTHENTICATED] !lost_bytes\n"
     "S gap 1 [AUTHENTICATED] !lost_bytes\n"
     "S text \"}\" [AUTHENTICATED] !lost_bytes\n"
     "S message 4 FETCH BODY[] uid=0.9 [AUTHENTICATED]\n"
     "  data \"Subject: d\\r\\n\\r\\ntext\\r\\n\"\n"
     "S text \")\" [AUTHENTICATED] !lost_bytes\n"
     "S end COMPLETE 4 FETCH BODY[] uid=0.9 [AUTHENTICATED]\n"
     "S OK tag=\"4\" #4 [AUTHENTICATED]\n"
     "C FETCH \"10:11 BODY[]\" tag=\"5\" by_uid=\"UID\" set=\"10:11\" fetch=\"BODY[]\" .section=\"\" #5 [AUTHENTICATED]\n"
     "S gap 40 [AUTHENTICATED] !lost_bytes\n"
     "S message 5 FETCH BODY[] [AUTHENTICATED]\n"
     "  data \"eject: e\\r\\n\\r\\ntext\"\n"
     "S text \" UID 10)\" [AUTHENTICATED] !lost_bytes\n"
     "S end COMPLETE 5 FETCH BODY[] uid=0.10 [AUTHENTICATED] !lost_bytes\n"
     "S text \"* 5 FETCH (UI\" [AUTHENTICATED] !lost_bytes\n"
     "S gap 19 [AUTHENTICATED] !lost_bytes\n"
     "S text \"\" [AUTHENTICATED] !lost_bytes\n"
     "S message 6 FETCH BODY[] [AUTHENTICATED]\n"
     "  data \"From: f\\r\\n\\r\\n\"\n"
     "S gap 7 [AUTHENTICATED] !lost_bytes\n"
     "  data \"rest\"\n"
     "S text \")\" [AUTHENTICATED] !lost_bytes\n"
     "S end COMPLETE 6 FETCH BODY[] [AUTHENTICATED] !lost_bytes\n"
     "S OK tag=\"5\" #5 [AUTHENTICATED]\n"},
    {"gap_in_append",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 APPEND x {10+}", "C| ab", "C? 5", "C| xyz\r\n2 NOOP\r\n", "C| 3 APPEND x {10+}\r\nab",
      "C? 0", "C: x", "C: 4 NOOP"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C APPEND \"x {10+}\" first tag=\"1\" mailbox=\"x\" #1 [AUTHENTICATED]\n"
     "C message 1 APPEND in=\"x\" #1 [AUTHENTICATED]\n"
     "  data \"ab\"\n"
     "C gap 5 [AUTHENTICATED] !lost_bytes\n"
     "  data \"xyz\"\n"
     "C end COMPLETE 1 APPEND in=\"x\" #1 [AUTHENTICATED] !lost_bytes\n"
     "C  rest tag=\"1\" #1 [AUTHENTICATED]\n"
     "C NOOP tag=\"2\" #2 [AUTHENTICATED]\n"
     "C APPEND \"x {10+}\" first tag=\"3\" mailbox=\"x\" #3 [AUTHENTICATED]\n"
     "C message 2 APPEND in=\"x\" #3 [AUTHENTICATED]\n"
     "  data \"ab\"\n"
     "C end CUT 2 APPEND in=\"x\" #3 [AUTHENTICATED] !message_cut\n"
     "C gap 0 [AUTHENTICATED] !lost_bytes\n"
     "C text \"x\" [AUTHENTICATED] !lost_bytes\n"
     "C NOOP tag=\"4\" #4 [AUTHENTICATED]\n"},
    {"late",
     TRUE,
     {"S: the rest of a mail", "S: )", "S: a7 OK Fetch completed", "C: ting", "C: a8 UID FETCH 3 BODY[]",
      "S: * 2 FETCH (UID 3 BODY[] {3}", "S: abc)", "S: a8 OK"},
     "S text \"the rest of a mail\" [UNKNOWN] !lost_bytes\n"
     "S text \")\" [UNKNOWN] !lost_bytes\n"
     "S OK tag=\"a7\" [UNKNOWN]\n"
     "C text \"ting\" [UNKNOWN] !lost_bytes\n"
     "C FETCH \"3 BODY[]\" tag=\"a8\" by_uid=\"UID\" set=\"3\" fetch=\"BODY[]\" .section=\"\" #1 [UNKNOWN]\n"
     "S * first [UNKNOWN]\n"
     "S message 1 FETCH BODY[] seq=2 uid=0.3 [UNKNOWN]\n"
     "  data \"abc\"\n"
     "S * rest untagged=\"FETCH\" sequence=2 uid=3 section=\"\" .section.length=3 [SELECTED]\n"
     "S end COMPLETE 1 FETCH BODY[] seq=2 uid=0.3 [SELECTED]\n"
     "S OK tag=\"a8\" #1 [SELECTED]\n"},
    {"cut",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 FETCH 1 BODY[]", "S: * 1 FETCH (UID 4 BODY[] {10}", "S| abc", "C.", "S."},
     "S PREAUTH [AUTHENTICATED]\n"
     "C FETCH \"1 BODY[]\" tag=\"1\" set=\"1\" fetch=\"BODY[]\" .section=\"\" #1 [AUTHENTICATED]\n"
     "S * first [AUTHENTICATED]\n"
     "S message 1 FETCH BODY[] seq=1 uid=0.4 [AUTHENTICATED]\n"
     "  data \"abc\"\n"
     "S end CUT 1 FETCH BODY[] seq=1 uid=0.4 [AUTHENTICATED] !message_cut\n"},
    {"starttls",
     FALSE,
     {"S: * OK hi", "C: 1 STARTTLS", "S: 1 OK go", "TLS", "C: 2 NOOP", "S: 2 OK"},
     "S OK [NOT AUTHENTICATED]\n"
     "C STARTTLS tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "S TLS [NOT AUTHENTICATED]\n"
     "C NOOP tag=\"2\" #2 [NOT AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [NOT AUTHENTICATED]\n"},
    {"starttls_injected",
     FALSE,
     {"S: * OK hi", "C: 1 STARTTLS", "C: 2 LOGIN a b", "S: 1 OK go", "TLS", "C: 3 NOOP", "S: 3 OK"},
     "S OK [NOT AUTHENTICATED]\n"
     "C STARTTLS tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "C text \"2 LOGIN a b\" [NOT AUTHENTICATED] !starttls_injection\n"
     "S TLS [NOT AUTHENTICATED]\n"
     "C NOOP tag=\"3\" #2 [NOT AUTHENTICATED]\n"
     "S OK tag=\"3\" #2 [NOT AUTHENTICATED]\n"},
    {"starttls_injected_by_the_server",
     FALSE,
     {"S: * OK hi", "C: 1 STARTTLS", "S: 1 OK go", "S: * CAPABILITY IMAP4rev1", "S: * 1 FETCH (BODY[] {3}", "TLS",
      "C: 2 NOOP", "S: 2 OK"},
     "S OK [NOT AUTHENTICATED]\n"
     "C STARTTLS tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "S TLS [NOT AUTHENTICATED]\n"
     "S text \"* CAPABILITY IMAP4rev1\" [NOT AUTHENTICATED] !starttls_injection\n"
     "S text \"* 1 FETCH (BODY[] {3}\" [NOT AUTHENTICATED] !starttls_injection\n"
     "C NOOP tag=\"2\" #2 [NOT AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [NOT AUTHENTICATED]\n"},
    {"starttls_taken_off",
     FALSE,
     {"S: * OK hi", "C: 1 STARTTLS", "S: 1 OK go", "C: 2 NOOP", "S: 2 OK"},
     "S OK [NOT AUTHENTICATED]\n"
     "C STARTTLS tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "S TLS [NOT AUTHENTICATED]\n"
     "C NOOP tag=\"2\" #2 [NOT AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [NOT AUTHENTICATED]\n"},
    {"compress",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 COMPRESS DEFLATE", "S: 1 OK go", "C~ 2 SELECT INBOX", "S~ * 1 EXISTS", "S~ 2 OK done",
      "C~ 3 UID FETCH 5 BODY[]", "S~ * 1 FETCH (UID 5 BODY[] {12}", "S~ Subject: x", "S~ )", "S~ 3 OK",
      "C~ 4 APPEND Sent {4+}", "C~ A: b", "S~ 4 OK"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C COMPRESS \"DEFLATE\" tag=\"1\" #1 [AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [AUTHENTICATED]\n"
     "C SELECT \"INBOX\" tag=\"2\" mailbox=\"INBOX\" #2 [AUTHENTICATED]\n"
     "S * untagged=\"EXISTS\" exists=1 [AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [SELECTED]\n"
     "C FETCH \"5 BODY[]\" tag=\"3\" by_uid=\"UID\" set=\"5\" fetch=\"BODY[]\" .section=\"\" #3 [SELECTED]\n"
     "S * first [SELECTED]\n"
     "S message 1 FETCH BODY[] seq=1 uid=0.5 in=\"INBOX\" [SELECTED]\n"
     "  data \"Subject: x\\r\\n\"\n"
     "S * rest untagged=\"FETCH\" sequence=1 uid=5 section=\"\" .section.length=12 [SELECTED]\n"
     "S end COMPLETE 1 FETCH BODY[] seq=1 uid=0.5 in=\"INBOX\" [SELECTED]\n"
     "S OK tag=\"3\" #3 [SELECTED]\n"
     "C APPEND \"Sent {4+}\" first tag=\"4\" mailbox=\"Sent\" #4 [SELECTED]\n"
     "C message 2 APPEND in=\"Sent\" #4 [SELECTED]\n"
     "  data \"A: b\"\n"
     "C end COMPLETE 2 APPEND in=\"Sent\" #4 [SELECTED]\n"
     "C  rest tag=\"4\" #4 [SELECTED]\n"
     "S OK tag=\"4\" #4 [SELECTED]\n"},
    {"compress_with_the_command",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 COMPRESS DEFLATE", "C~ 2 NOOP", "S: 1 OK go", "S~ 2 OK", "S| \x07\x07", "S: more"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C COMPRESS \"DEFLATE\" tag=\"1\" #1 [AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [AUTHENTICATED]\n"
     "C NOOP tag=\"2\" #2 [AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [AUTHENTICATED]\n"
     "S anomaly at 29-29 [AUTHENTICATED] !bad_deflate\n"},
    {"compress_refused",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 COMPRESS DEFLATE", "C: 2 NOOP", "S: 1 NO no", "S: 2 OK"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C COMPRESS \"DEFLATE\" tag=\"1\" #1 [AUTHENTICATED]\n"
     "S NO tag=\"1\" #1 [AUTHENTICATED]\n"
     "C NOOP tag=\"2\" #2 [AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [AUTHENTICATED]\n"},
    {"compress_and_a_hole",
     FALSE,
     {"S: * PREAUTH hi", "C: 1 COMPRESS DEFLATE", "S: 1 OK go", "C~ 2 NOOP", "S~ * 1 EXISTS", "S? 5", "S~ 2 OK",
      "C~ 3 NOOP"},
     "S PREAUTH [AUTHENTICATED]\n"
     "C COMPRESS \"DEFLATE\" tag=\"1\" #1 [AUTHENTICATED]\n"
     "S OK tag=\"1\" #1 [AUTHENTICATED]\n"
     "C NOOP tag=\"2\" #2 [AUTHENTICATED]\n"
     "S * untagged=\"EXISTS\" exists=1 [AUTHENTICATED]\n"
     "S gap 5 [AUTHENTICATED] !lost_bytes\n"
     "C NOOP tag=\"3\" #3 [AUTHENTICATED]\n"},
    {"starttls_refused",
     FALSE,
     {"S: * OK hi", "C: 1 STARTTLS", "S: 1 NO no", "C: 2 NOOP", "S: 2 OK"},
     "S OK [NOT AUTHENTICATED]\n"
     "C STARTTLS tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "S NO tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "C NOOP tag=\"2\" #2 [NOT AUTHENTICATED]\n"
     "S OK tag=\"2\" #2 [NOT AUTHENTICATED]\n"},
    {"human_text",
     FALSE,
     {"S: * OK text that ends in {5}", "C: 1 NOOP", "S: 1 BAD what {3}", "S: + x {3}", "S: * 1 EXISTS"},
     "S OK [NOT AUTHENTICATED]\n"
     "C NOOP tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "S BAD tag=\"1\" #1 [NOT AUTHENTICATED]\n"
     "S + [NOT AUTHENTICATED]\n"
     "S * untagged=\"EXISTS\" exists=1 [NOT AUTHENTICATED]\n"},
    {"tags",
     FALSE,
     {"S: * OK hi", "C: a NOOP", "C: b NOOP", "C: a UID EXPUNGE 3:4", "S: b OK", "S: c OK", "S: a OK"},
     "S OK [NOT AUTHENTICATED]\n"
     "C NOOP tag=\"a\" #1 [NOT AUTHENTICATED]\n"
     "C NOOP tag=\"b\" #2 [NOT AUTHENTICATED]\n"
     "C EXPUNGE \"3:4\" tag=\"a\" by_uid=\"UID\" set=\"3:4\" #3 [NOT AUTHENTICATED]\n"
     "S OK tag=\"b\" #2 [NOT AUTHENTICATED]\n"
     "S OK tag=\"c\" [NOT AUTHENTICATED] !unexpected_reply\n"
     "S OK tag=\"a\" #3 [NOT AUTHENTICATED]\n"},
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        transcript_check(tests[i].name, MAIL_PROTOCOL_IMAP, !tests[i].late, tests[i].script, tests[i].expected);
    return g_test_run();
}
