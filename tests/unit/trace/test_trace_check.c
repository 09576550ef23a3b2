/* test_trace_check.c
 *
 * Every finding where it must show and where it must not, and ordinary mail in the forms of the
 * large providers, lists and forwarders, where none may show. All of it made up for this test.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "header.h"
#include "limits.h"
#include "trace_check.h"

/* Tue, 14 Nov 2023 22:15:00 UTC: when the capture shows the message. */
#define NOW 1700000100
#define WHEN "; Tue, 14 Nov 2023 22:13:20 +0000\r\n"

#define BODY "Hello.\r\n\r\nSee you.\r\n"

typedef struct trace_case {
    const char *about;
    const char *header; /* "@BH@" becomes the hash of BODY, relaxed */
    const char *findings; /* in order, separated by blanks */
    const char *envelope_from, *envelope_to; /* NULL: fetched from a mailbox */
    const char *client_ip, *helo, *hello_name, *server_name, *auth_user;
    const char *bcc; /* NULL: not looked at */
    gboolean is_lmtp;
} trace_case;

/* From a mailbox: no envelope, nothing known of a client. */
#define FETCHED .envelope_from = NULL

#define FROM_ANNA "From: Anna Berg <anna@sender.example>\r\nTo: bob@example.org\r\nSubject: Hi\r\n"

static const trace_case ordinary[] = {
    {"a submission", FROM_ANNA, "", .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org", .client_ip = "198.51.100.7",
     .helo = "[192.168.1.5]", .hello_name = "dial-9.isp.example", .auth_user = "anna@sender.example", .bcc = ""},
    {"a submission by name", FROM_ANNA, "", .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org",
     .client_ip = "198.51.100.7", .helo = "DESKTOP-465M1IO", .auth_user = "anna"},
    {"Foxmail to 163",
     "Date: Sat, 26 Oct 2019 15:37:18 +0800\r\nFrom: \"wang@163.com\" <wang@163.com>\r\nTo: li <li@qq.com>\r\nSubject: x\r\nX-Priority: 3\r\n"
     "X-Mailer: Foxmail 7.2.13.365[cn]\r\nMime-Version: 1.0\r\n",
     "", .envelope_from = "wang@163.com", .envelope_to = "li@qq.com", .client_ip = "198.51.100.7", .helo = "DESKTOP-465M1IO",
     .auth_user = "wang@163.com"},
    {"163 to QQ",
     "Received: from DESKTOP-465M1IO (unknown [198.51.100.9])\r\n\tby gzga-smtp-mtada-g0-0 (Coremail) with SMTP id _____wD3X1ab.1S2" WHEN
     "Date: Tue, 14 Nov 2023 22:13:00 +0800\r\nFrom: \"wang@163.com\" <wang@163.com>\r\nTo: li@qq.com\r\nSubject: x\r\nX-Mailer: Foxmail 7.2\r\n",
     "", .envelope_from = "wang@163.com", .envelope_to = "li@qq.com", .client_ip = "220.181.12.1", .helo = "m16.mail.163.com",
     .hello_name = "m16.mail.163.com", .server_name = "newxmmxszb.qq.com"},
    {"QQ to others",
     "X-QQ-mid: bizesmtp80t1700000000t\r\nReceived: from DESKTOP-1 ( [198.51.100.9])\r\n\tby bizesmtp.qq.com (ESMTP) with \r\n\tid ; Tue, 14 Nov 2023 22:13:20 +0000 (CST)\r\n"
     "From: li@foxmail.com\r\nTo: bob@example.org\r\nSubject: x\r\n",
     "", .envelope_from = "li@foxmail.com", .envelope_to = "bob@example.org", .client_ip = "203.205.221.155", .helo = "out203-205-221-155.mail.qq.com"},
    {"Gmail",
     "Received: by mail-lf1-f53.google.com with SMTP id 2adb3069b0e04-5079f6efd64so8500000e87.3\r\n        for <bob@example.org>" WHEN
     "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=gmail.com; s=20230601; t=1700000000;\r\n h=to:subject; bh=@BH@; b=x\r\n"
     "X-Google-DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=1e100.net; bh=@BH@; b=y\r\n"
     "X-Gm-Message-State: AOJu0\r\nX-Received: by 2002:a05:6512:1112:b0:507:96ff:1 with SMTP id l18; Tue, 14 Nov 2023 14:13:20 -0800 (PST)\r\n"
     "MIME-Version: 1.0\r\nFrom: Anna Berg <anna.berg@gmail.com>\r\nSubject: Hi\r\nTo: bob@example.org\r\n",
     "", .envelope_from = "anna.berg@gmail.com", .envelope_to = "bob@example.org", .client_ip = "209.85.167.53", .helo = "mail-lf1-f53.google.com",
     .hello_name = "mail-lf1-f53.google.com"},
    {"fetched from Gmail",
     "Delivered-To: bob@gmail.com\r\nReceived: by 2002:a05:6638:1234:b0:456:abcd:ef01 with SMTP id x17csp1234" WHEN
     "X-Received: by 2002:a05:600c:1::1 with SMTP id g9; Tue, 14 Nov 2023 14:13:19 -0800 (PST)\r\n"
     "ARC-Seal: i=1; a=rsa-sha256; t=1700000000; cv=none; d=google.com; s=arc; b=x\r\n"
     "ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=google.com; s=arc; h=from; bh=@BH@; b=x\r\n"
     "ARC-Authentication-Results: i=1; mx.google.com; spf=pass smtp.mailfrom=anna@sender.example; dmarc=pass\r\n"
     "Return-Path: <anna@sender.example>\r\n"
     "Received: from out.sender.example (out.sender.example. [192.0.2.12])\r\n        by mx.google.com with ESMTPS id a1-2\r\n        for <bob@gmail.com>\r\n"
     "        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256)" WHEN
     "Received-SPF: pass (google.com: domain of anna@sender.example designates 192.0.2.12 as permitted sender) client-ip=192.0.2.12;\r\n"
     "Authentication-Results: mx.google.com; dkim=pass header.i=@sender.example; spf=pass; dmarc=pass (p=NONE)\r\n"
     "Received: from [192.168.1.5] (dial-9.isp.example [198.51.100.7])\r\n\t(Authenticated sender: anna@sender.example)\r\n"
     "\tby out.sender.example (Postfix) with ESMTPSA id 4RzX" WHEN FROM_ANNA,
     "", FETCHED},
    {"fetched from Outlook",
     "Received: from AS8PR01MB1.eurprd01.prod.exchangelabs.com (2603:10a6:20b::1)\r\n by DB9PR01MB2.eurprd01.prod.exchangelabs.com with HTTPS" WHEN
     "ARC-Authentication-Results: i=1; mx.microsoft.com 1; spf=pass (sender ip is 192.0.2.12) smtp.rcpttodomain=outlook.com; dmarc=pass\r\n"
     "Received: from DU2PR01CA1.eurprd01.prod.exchangelabs.com (2603:10a6:10::1) by\r\n AS8PR01MB1.eurprd01.prod.exchangelabs.com (2603:10a6:20b::1) with Microsoft\r\n"
     " SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id\r\n 15.20.7002.15" WHEN
     "Received: from DB5EUR01FT1.eop-EUR01.prod.protection.outlook.com\r\n (2603:10a6:10:cafe::1) by DU2PR01CA1.outlook.office365.com\r\n (2603:10a6:10::2) with Microsoft SMTP Server (version=TLS1_2,\r\n"
     " cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.7002.15 via Frontend\r\n Transport" WHEN
     "Authentication-Results: spf=pass (sender IP is 192.0.2.12)\r\n smtp.mailfrom=sender.example; dkim=pass header.d=sender.example; dmarc=pass\r\n action=none header.from=sender.example;compauth=pass reason=100\r\n"
     "Received-SPF: Pass (protection.outlook.com: domain of sender.example designates\r\n 192.0.2.12 as permitted sender) receiver=protection.outlook.com; client-ip=192.0.2.12;\r\n"
     "Received: from out.sender.example (192.0.2.12) by\r\n DB5EUR01FT1.mail.protection.outlook.com (10.152.4.1) with Microsoft SMTP\r\n Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id\r\n 15.20.7002.15 via Frontend Transport" WHEN
     FROM_ANNA "X-MS-Exchange-Organization-ExpirationStartTime: 14 Nov 2023 22:13:19.0000 (UTC)\r\n",
     "", FETCHED},
    {"from Outlook",
     "Received: from AM0PR01MB1.eurprd01.prod.exchangelabs.com\r\n ([fe80::1]) by AM0PR01MB1.eurprd01.prod.exchangelabs.com\r\n ([fe80::1%4]) with mapi id 15.20.7002.015" WHEN
     "From: Anna Berg <anna.berg@outlook.com>\r\nTo: bob@example.org\r\nSubject: Hi\r\n",
     "", .envelope_from = "anna.berg@outlook.com", .envelope_to = "bob@example.org", .client_ip = "40.92.89.1",
     .helo = "EUR01-DB5-obe.outbound.protection.outlook.com", .hello_name = "mail-db5eur01olkn2001.outbound.protection.outlook.com"},
    {"from Yahoo",
     "X-YMail-OSG: abc\r\nReceived: from sonic.gate.mail.ne1.yahoo.com by sonic302.consmr.mail.bf2.yahoo.com with HTTP; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
     "Received: by hermes--production-sg3-7c6f (Yahoo Inc. Hermes SMTP Server) with ESMTPA ID 2b1c;\r\n          Tue, 14 Nov 2023 22:13:18 +0000 (UTC)\r\n"
     "From: Anna <anna@yahoo.com>\r\nTo: bob@example.org\r\nSubject: Hi\r\n",
     "", .envelope_from = "anna@yahoo.com", .envelope_to = "bob@example.org", .client_ip = "74.6.135.41", .helo = "sonic302-2.consmr.mail.bf2.yahoo.com"},
    {"fetched from Yahoo",
     "X-Apparently-To: bob@yahoo.com; Tue, 14 Nov 2023 22:13:25 +0000\r\nReturn-Path: <anna@sender.example>\r\n"
     "Authentication-Results: atlas-production.v2-mail-prod1-gq1.omega.yahoo.com;\r\n dkim=pass header.i=@sender.example;\r\n spf=pass smtp.mailfrom=sender.example;\r\n dmarc=pass(p=REJECT) header.from=sender.example;\r\n"
     "X-Originating-IP: [192.0.2.12]\r\nReceived-SPF: pass (domain of sender.example designates 192.0.2.12 as permitted sender)\r\n"
     "Received: from 192.0.2.12 (EHLO out.sender.example)\r\n by 10.197.36.11 with SMTPs\r\n (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256);\r\n Tue, 14 Nov 2023 22:13:25 +0000\r\n" FROM_ANNA,
     "", FETCHED},
    {"Amazon SES, a newsletter",
     "DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/relaxed;\r\n\ts=abc; d=shop.example; t=1700000000;\r\n\th=From:To; bh=@BH@; b=x\r\n"
     "DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/relaxed;\r\n\ts=def; d=amazonses.com; t=1700000000;\r\n\th=From:To; bh=@BH@; b=x\r\n"
     "From: The Shop <news@shop.example>\r\nTo: bob@example.org\r\nReply-To: help@shop.example\r\nSubject: Hi\r\nFeedback-ID: ::1.eu-west-1.x:AmazonSES\r\n",
     "", .envelope_from = "0102018bd0000000-11111111-000000@eu-west-1.amazonses.com", .envelope_to = "bob@example.org", .client_ip = "54.240.7.1",
     .helo = "a7-1.smtp-out.eu-west-1.amazonses.com", .hello_name = "a7-1.smtp-out.eu-west-1.amazonses.com"},
    {"a mailing list, Mailman",
     "Received: from lists.example.net (localhost [127.0.0.1])\r\n\tby lists.example.net (Postfix) with ESMTP id 4AA" WHEN
     "Received: from out.sender.example (out.sender.example [192.0.2.12])\r\n\tby lists.example.net (Postfix) with ESMTPS id 3BB\r\n\tfor <dev@lists.example.net>" WHEN
     "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=x; bh=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=; b=x\r\n"
     "From: Anna Berg <anna@sender.example>\r\nTo: dev@lists.example.net\r\nSubject: [dev] Hi\r\nList-Id: Developers <dev.lists.example.net>\r\nPrecedence: list\r\n"
     "Errors-To: dev-bounces@lists.example.net\r\nSender: dev <dev-bounces@lists.example.net>\r\n",
     "", .envelope_from = "dev-bounces@lists.example.net", .envelope_to = "bob@example.org", .client_ip = "192.0.2.50", .helo = "lists.example.net",
     .hello_name = "lists.example.net", .bcc = "bob@example.org"},
    {"Google Groups, From rewritten",
     "Received: by mail-oi1-f190.google.com with SMTP id 5614622812f47-3b6d" WHEN
     "From: \"'Anna Berg anna@sender.example' via Dev\" <dev@groups.example>\r\nTo: dev@groups.example\r\nReply-To: Anna <anna@gmail.com>\r\nSubject: Hi\r\n"
     "List-ID: <dev.groups.example>\r\nMailing-list: list dev@groups.example\r\n",
     "", .envelope_from = "dev+bncBCX@groups.example", .envelope_to = "bob@example.org", .client_ip = "209.85.167.190", .helo = "mail-oi1-f190.google.com"},
    {"forwarded with SRS",
     "Received: from out.sender.example (out.sender.example [192.0.2.12])\r\n\tby mx.forward.example (Postfix) with ESMTPS id 3BB\r\n\tfor <bob@forward.example>" WHEN FROM_ANNA,
     "", .envelope_from = "SRS0=ab12=cd=sender.example=anna@forward.example", .envelope_to = "bob@example.org", .client_ip = "192.0.2.60",
     .helo = "mx.forward.example"},
    {"forwarded as it came",
     "Received: from out.sender.example (out.sender.example [192.0.2.12])\r\n\tby mx.forward.example (Postfix) with ESMTPS id 3BB\r\n\tfor <bob@forward.example>" WHEN
     "Authentication-Results: mx.forward.example; spf=pass smtp.mailfrom=sender.example\r\n" FROM_ANNA,
     "", .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org", .client_ip = "192.0.2.60", .helo = "mx.forward.example",
     .server_name = "mx.example.org"},
    {"redirected by its reader",
     "Resent-From: Carl <carl@forward.example>\r\nResent-To: bob@example.org\r\nReceived: from out.sender.example (out.sender.example [192.0.2.12])\r\n\tby mx.forward.example (Postfix) with ESMTPS id 3" WHEN FROM_ANNA,
     "", .envelope_from = "carl@forward.example", .envelope_to = "bob@example.org", .client_ip = "192.0.2.60", .helo = "mx.forward.example"},
    {"a bounce",
     "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\r\nTo: anna@sender.example\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n"
     "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n",
     "", .envelope_from = "", .envelope_to = "anna@sender.example", .client_ip = "192.0.2.61", .helo = "mx.example.net"},
    {"an out of office note", "From: Bob <bob@example.org>\r\nTo: anna@sender.example\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n", "",
     .envelope_from = "", .envelope_to = "anna@sender.example", .client_ip = "192.0.2.61", .helo = "mx.example.org"},
    {"through a content filter to LMTP",
     "Received: from localhost (localhost [127.0.0.1])\r\n\tby mx.example.org (Postfix) with ESMTP id 5" WHEN
     "Received: from mx.example.org ([127.0.0.1])\r\n\tby localhost (mx.example.org [127.0.0.1]) (amavisd-new, port 10024)\r\n\twith ESMTP id aB1" WHEN
     "Authentication-Results: mx.example.org; dkim=pass\r\n"
     "Received: from out.sender.example (out.sender.example [192.0.2.12])\r\n\tby mx.example.org (Postfix) with ESMTPS id 4" WHEN FROM_ANNA,
     "", .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org", .client_ip = "127.0.0.1", .helo = "mx.example.org",
     .server_name = "mx.example.org", .is_lmtp = TRUE},
    {"inside a firm, private addresses",
     "Received: from EX1.corp.contoso.example (10.1.1.1) by EX2.contoso.example (10.1.1.2)\r\n with Microsoft SMTP Server (version=TLS1_2,\r\n"
     " cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.1.2507.34" WHEN
     "Received: from laptop (10.9.9.9) by EX1.corp.contoso.example (10.1.1.1) with Microsoft SMTP Server id 15.1" WHEN
     "From: a@contoso.example\r\nTo: b@example.org\r\nSubject: x\r\n",
     "", .envelope_from = "a@contoso.example", .envelope_to = "b@example.org", .client_ip = "192.0.2.70", .helo = "mail.contoso.example"},
    {"qmail, its own lines",
     "Received: (qmail 12345 invoked from network); 14 Nov 2023 22:13:20 -0000\r\nReceived: from unknown (HELO out.sender.example) (192.0.2.12)\r\n  by mx.example.org with SMTP; 14 Nov 2023 22:13:20 -0000\r\n" FROM_ANNA,
     "", FETCHED},
    {"fetchmail", "Received: from pop.example.org [192.0.2.110] by laptop with POP3 (fetchmail-6.4.37) for <bob@localhost> (single-drop)" WHEN
     "Received: from out.sender.example (out.sender.example [192.0.2.12]) by mx.provider.example (Postfix) with ESMTPS id 4" WHEN FROM_ANNA,
     "", .envelope_from = "anna@sender.example", .envelope_to = "bob@laptop", .client_ip = "127.0.0.1", .helo = "laptop"},
    {"clocks that are off by a minute",
     "Received: from out.sender.example (out.sender.example [192.0.2.12]) by mx.example.org (Postfix) with ESMTPS id 4; Tue, 14 Nov 2023 22:12:20 +0000\r\n"
     "Received: from pc (unknown [198.51.100.7]) by out.sender.example (Postfix) with ESMTPSA id 4" WHEN FROM_ANNA,
     "", FETCHED},
    {"no header at all", "", "", FETCHED},
};

/* A step of the document's examples. */
#define TOP_FORGED "Received: from galangal.org (linuxaid.com.cn [202.99.11.120]) by mail.zky.ac.cn (8.8.5) with SMTP id LAA1 for <lisi@zky.ac.cn>" WHEN

static const trace_case suspicious[] = {
    /* the three examples of the document, as they lie in the mailbox */
    {"plain forged HELO", TOP_FORGED FROM_ANNA, "received_helo_differs", FETCHED},
    {"invented Received lines", TOP_FORGED "Received: from nowhere by fictitious-site (8.8.3/8.7.2)" WHEN "Received: No Information Here, Go Away!\r\n" FROM_ANNA,
     "received_helo_differs received_no_address received_malformed", FETCHED},
    {"a believable chain",
     TOP_FORGED "Received: from lemongrass.org by galangal.org (8.7.3/8.5.1)" WHEN "Received: from graprao.com by lemongrass.org (8.6.4)" WHEN FROM_ANNA,
     "received_helo_differs received_no_address received_no_address", FETCHED},
    /* senders */
    {"another domain in From", FROM_ANNA, "from_domain_differs", .envelope_from = "x@spam.example", .envelope_to = "bob@example.org"},
    {"another domain, signed by it, but altered",
     "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=x; bh=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=; b=x\r\n" FROM_ANNA,
     "from_domain_differs dkim_body_altered", .envelope_from = "x@spam.example", .envelope_to = "bob@example.org"},
    {"another domain, signed by the envelope's", "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=spam.example; s=x; bh=@BH@; b=x\r\n" FROM_ANNA,
     "from_domain_differs", .envelope_from = "x@spam.example", .envelope_to = "bob@example.org"},
    {"a sub-domain is the same", FROM_ANNA, "", .envelope_from = "x@mail.sender.example", .envelope_to = "bob@example.org"},
    {"an address as display name", "From: \"service@bank.example\" <x@spam.example>\r\nSubject: x\r\n", "display_name_address", FETCHED},
    {"an address in a display name", "From: Bank service@bank.example <x@spam.example>\r\nSubject: x\r\n", "display_name_address", FETCHED},
    {"its own address as display name", "From: \"x@spam.example\" <x@spam.example>\r\nSubject: x\r\n", "", FETCHED},
    {"answers to free mail", "From: Boss <boss@firm.example>\r\nReply-To: boss.firm@gmail.com\r\nSubject: x\r\n", "reply_to_differs", FETCHED},
    {"answers to another firm", "From: Boss <boss@firm.example>\r\nReply-To: desk@tickets.example\r\nSubject: x\r\n", "", FETCHED},
    {"free mail to free mail", "From: a@qq.com\r\nReply-To: a@gmail.com\r\nSubject: x\r\n", "", FETCHED},
    {"Return-Path before delivery", "Return-Path: <a@bank.example>\r\nFrom: x@spam.example\r\nSubject: x\r\n", "return_path_differs",
     .envelope_from = "x@spam.example", .envelope_to = "bob@example.org"},
    /* from a mailbox Return-Path is the envelope sender */
    {"Return-Path in a mailbox", "Return-Path: <a@bank.example>\r\nFrom: x@spam.example\r\nSubject: x\r\n", "from_domain_differs", FETCHED},
    {"Return-Path of the same organisation in a mailbox", "Return-Path: <a@out.spam.example>\r\nFrom: x@spam.example\r\nSubject: x\r\n", "", FETCHED},
    {"Return-Path of a list in a mailbox", "Return-Path: <a@bank.example>\r\nList-Id: <l>\r\nFrom: x@spam.example\r\nSubject: x\r\n", "", FETCHED},
    {"no report in a mailbox", "Return-Path: <>\r\n" FROM_ANNA, "null_sender_no_report", FETCHED},
    {"a report in a mailbox", "Return-Path: <>\r\nAuto-Submitted: auto-replied\r\n" FROM_ANNA, "", FETCHED},
    /* From */
    {"nobody", "From: Anonymous Spammer\r\nSubject: x\r\n", "from_no_address", FETCHED},
    {"a group of nobody", "From: undisclosed:;\r\nSubject: x\r\n", "", FETCHED},
    {"root, on one host", "From: root\r\nSubject: x\r\n", "", .envelope_from = "root@a.example", .envelope_to = "b@a.example", .client_ip = "127.0.0.1", .helo = "a.example"},
    /* dates that are missing hide nothing */
    {"forged HELO without a date", "Received: from galangal.org (linuxaid.com.cn [202.99.11.120]) by mail.zky.ac.cn (8.8.5)...\r\n" FROM_ANNA,
     "received_malformed received_helo_differs", FETCHED},
    {"a broken chain without dates",
     "Received: from a.example (a.example [192.0.2.1]) by mx.example.org (Postfix)\r\nReceived: from c.example (c.example [192.0.2.3]) by b.example\r\n" FROM_ANNA,
     "received_malformed received_malformed received_chain_broken", FETCHED},
    /* relays */
#define RELAYED "Received: from linuxaid.com.cn ([202.99.11.120]) by unwilling.intermedia.com (8.6.5) with SMTP id L" WHEN
#define RELAY_ID "Message-ID: <w45@unwilling.intermedia.com>\r\n"
#define AT_RELAY .envelope_from = "spam@linuxaid.com.cn", .envelope_to = "rth@zky.ac.cn", .client_ip = "98.134.11.32", .helo = "unwilling.intermedia.com"
#define FROM_SPAM "From: spam@linuxaid.com.cn\r\nSubject: x\r\n"
    {"a third party relayed", RELAYED "From: Anonymous Spammer\r\n" RELAY_ID, "from_no_address relayed_by_third_party", AT_RELAY},
    {"a third party relayed, From has an address", RELAYED FROM_SPAM RELAY_ID, "relayed_by_third_party", AT_RELAY},
    {"a third party relayed, another Message-ID", RELAYED "From: Anonymous Spammer\r\nMessage-ID: <1@pc>\r\n", "from_no_address relayed_by_third_party", AT_RELAY},
    {"a customer's mail", RELAYED FROM_SPAM "Message-ID: <1@linuxaid.com.cn>\r\n", "", AT_RELAY},
    {"the recipient's own relay", RELAYED FROM_SPAM RELAY_ID, "", .envelope_from = "spam@linuxaid.com.cn", .envelope_to = "rth@intermedia.com",
     .client_ip = "98.134.11.32", .helo = "unwilling.intermedia.com"},
    {"logged in at the relay", "Received: from linuxaid.com.cn ([202.99.11.120]) by unwilling.intermedia.com (8.6.5) with ESMTPA id L" WHEN FROM_SPAM RELAY_ID, "", AT_RELAY},
    {"a third party relayed, in the mailbox",
     "Received: from unwilling.intermedia.com (unwilling.intermedia.com [98.134.11.32]) by mail.zky.ac.cn (8.8.5) id 0 for <rth@zky.ac.cn>" WHEN
     RELAYED "From: Anonymous Spammer\r\n" RELAY_ID, "from_no_address relayed_by_third_party", FETCHED},
    {"a third party relayed, in the mailbox, with Return-Path",
     "Return-Path: <spam@linuxaid.com.cn>\r\nReceived: from unwilling.intermedia.com (unwilling.intermedia.com [98.134.11.32]) by mail.zky.ac.cn (8.8.5) id 0 for <rth@zky.ac.cn>" WHEN
     RELAYED FROM_SPAM RELAY_ID, "relayed_by_third_party", FETCHED},
    {"null sender, no report", FROM_ANNA, "null_sender_no_report", .envelope_from = "", .envelope_to = "bob@example.org"},
    {"another account", FROM_ANNA, "auth_user_differs", .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org",
     .auth_user = "stolen@sender.example"},
    {"a tag is no other account", FROM_ANNA, "", .envelope_from = "anna+news@sender.example", .envelope_to = "bob@example.org",
     .auth_user = "Anna@sender.example"},
    {"blind copies", FROM_ANNA "Cc: Carl <carl@example.org>\r\n", "", .envelope_from = "anna@sender.example",
     .envelope_to = "BOB@example.org,carl@Example.org,eve@example.org", .bcc = "eve@example.org"},
    /* HELO */
    {"another address in HELO", FROM_ANNA, "helo_address_differs", .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org",
     .client_ip = "198.51.100.7", .helo = "[202.99.11.120]"},
    {"another address in HELO, bare", FROM_ANNA, "helo_address_differs", .envelope_from = "anna@sender.example",
     .envelope_to = "bob@example.org", .client_ip = "172.16.16.225", .helo = "202.99.11.120"},
    {"its own address in HELO", FROM_ANNA, "", .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org",
     .client_ip = "2001:db8::1", .helo = "[IPv6:2001:DB8::0:1]"},
    {"the server knows better", FROM_ANNA, "helo_name_differs", .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org",
     .client_ip = "202.99.11.120", .helo = "galangal.org", .hello_name = "linuxaid.com.cn"},
    /* Received */
    {"HELO with another address", "Received: from [192.0.2.1] (unknown [192.0.2.2]) by mx.example.org (Postfix) with SMTP id 1" WHEN FROM_ANNA,
     "received_helo_differs", FETCHED},
    {"HELO with an address behind NAT", "Received: from [192.168.1.5] (unknown [192.0.2.2]) by mx.example.org (Postfix) with SMTP id 1" WHEN FROM_ANNA, "", FETCHED},
    {"logged in, HELO does not matter",
     "Received: from pc.home.example (dial.isp.example [192.0.2.2]) by mx.example.org (Postfix) with ESMTPSA id 1" WHEN FROM_ANNA, "", FETCHED},
    {"a broken chain",
     "Received: from a.example (a.example [192.0.2.1]) by mx.example.org (Postfix) with SMTP id 1" WHEN
     "Received: from c.example (c.example [192.0.2.3]) by b.example (Postfix) with SMTP id 1" WHEN FROM_ANNA,
     "received_chain_broken", FETCHED},
    {"a chain kept by the reverse name",
     "Received: from a.example (out7.b.example [192.0.2.1]) by mx.example.org (Postfix) with ESMTPSA id 1" WHEN
     "Received: from c.example (c.example [192.0.2.3]) by b.example (Postfix) with SMTP id 1" WHEN FROM_ANNA,
     "", FETCHED},
    {"a chain broken in this capture", "Received: from c.example (c.example [192.0.2.3]) by bank.example (Postfix) with SMTP id 1" WHEN FROM_ANNA,
     "received_chain_broken", .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org", .client_ip = "202.99.11.120",
     .helo = "galangal.org"},
    {"time runs backwards",
     "Received: from a.example (a.example [192.0.2.1]) by mx.example.org (Postfix) with SMTP id 1; Tue, 14 Nov 2023 12:00:00 +0000\r\n"
     "Received: from c.example (c.example [192.0.2.3]) by a.example (Postfix) with SMTP id 1" WHEN FROM_ANNA,
     "received_time_backwards", FETCHED},
    {"time without a zone is not sure",
     "Received: from a.example (a.example [192.0.2.1]) by mx.example.org (Postfix) with SMTP id 1; Tue Nov 14 12:00:00 2023\r\n"
     "Received: from c.example (c.example [192.0.2.3]) by a.example (Postfix) with SMTP id 1" WHEN FROM_ANNA,
     "", FETCHED},
    {"a hop from the future of the capture",
     "Received: from c.example (c.example [192.0.2.3]) by a.example (Postfix) with SMTP id 1; Wed, 15 Nov 2023 22:13:20 +0000\r\n" FROM_ANNA,
     "received_time_backwards", .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org", .client_ip = "192.0.2.1", .helo = "a.example"},
    {"no address", "Received: from c.example by a.example with SMTP id 1" WHEN FROM_ANNA, "received_no_address", FETCHED},
    {"no address inside of an organisation", "Received: from c.a.example by mx.a.example with SMTP id 1" WHEN FROM_ANNA, "", FETCHED},
    {"no address, but not by SMTP", "Received: from c.example by a.example with HTTP id 1" WHEN FROM_ANNA, "", FETCHED},
    {"Received below From", "From: a@b.example\r\nReceived: from c.b.example (c.b.example [192.0.2.3]) by a.b.example with SMTP id 1" WHEN "Subject: x\r\n",
     "received_below_author_fields", FETCHED},
    {"Received below X-Mailer", "X-Mailer: Bulk 1.0\r\nReceived: from c.b.example (c.b.example [192.0.2.3]) by a.b.example with SMTP id 1" WHEN FROM_ANNA,
     "received_below_author_fields", FETCHED},
    {"Received below other X fields", "X-Spam-Status: No\r\nReceived: from c.b.example (c.b.example [192.0.2.3]) by a.b.example with SMTP id 1" WHEN FROM_ANNA, "", FETCHED},
    {"a private address from outside", "Received: from bank.example (unknown [10.1.2.3]) by mx.example.org (Postfix) with SMTP id 1" WHEN FROM_ANNA,
     "received_private_address", FETCHED},
    {"a private address inside", "Received: from web3.example.org (unknown [10.1.2.3]) by mx.example.org (Postfix) with SMTP id 1" WHEN FROM_ANNA, "", FETCHED},
    /* servers and signers */
    {"the server's own results", "Authentication-Results: MX.example.org; spf=pass; dmarc=pass\r\n" FROM_ANNA, "auth_results_claimed",
     .envelope_from = "anna@sender.example", .envelope_to = "bob@example.org", .client_ip = "192.0.2.1", .helo = "a.example",
     .server_name = "mx.example.org"},
    {"DMARC failed", "Authentication-Results: mx.example.org; spf=fail; dmarc=fail (p=none) header.from=sender.example\r\n" FROM_ANNA, "dmarc_failed", FETCHED},
    {"SPF failed, DMARC passed", "Authentication-Results: mx.example.org; spf=fail; dmarc=pass header.from=sender.example\r\n" FROM_ANNA, "", FETCHED},
    {"a signature for another body",
     "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=x; bh=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=; b=x\r\n" FROM_ANNA,
     "dkim_body_altered", FETCHED},
};

static char *body_hash(void)
{
    dkim_body *body = dkim_body_new(DKIM_CANON_RELAXED, G_CHECKSUM_SHA256, DKIM_BODY_NO_LIMIT);
    dkim_body_feed(body, slice_of(BODY));
    return dkim_body_finish(body);
}

static char *with_hash(const char *header)
{
    char *hash = body_hash();
    char **pieces = g_strsplit(header, "@BH@", -1);
    char *text = g_strjoinv(hash, pieces);
    g_strfreev(pieces);
    g_free(hash);
    return text;
}

/* Names of the findings, in order. */
static char *names_of(const trace_report *report)
{
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < report->findings->len; i++) {
        const trace_finding *finding = g_ptr_array_index(report->findings, i);
        g_string_append_printf(names, "%s%s", i ? " " : "", anomaly_describe(finding->kind)->name);
        g_assert_cmpuint(strlen(finding->text), >, 20);
        g_assert_true(g_utf8_validate(finding->text, -1, NULL));
        g_assert_cmpint(anomaly_describe(finding->kind)->weight, !=, ANOMALY_ERROR);
    }
    return g_string_free(names, FALSE);
}

static void check(const trace_case *one)
{
    char *text = with_hash(one->header);
    char **recipients = one->envelope_to ? g_strsplit(one->envelope_to, ",", -1) : NULL;
    header_block block = header_read(slice_of(text), 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    const trace_facts facts = {.fields = block.fields,
                               .body = slice_of(BODY),
                               .complete = TRUE,
                               .is_upload = one->envelope_from != NULL,
                               .is_smtp = one->envelope_from != NULL && !one->is_lmtp,
                               .client_ip = one->client_ip,
                               .server_ip = "192.0.2.200",
                               .helo = one->helo,
                               .hello_name = one->hello_name,
                               .server_name = one->server_name,
                               .auth_user = one->auth_user,
                               .envelope_from = one->envelope_from,
                               .envelope_to = recipients,
                               .time = NOW};
    trace_report *report = trace_examine(&facts);
    char *names = names_of(report);
    g_test_message("%s", one->about);
    g_assert_cmpstr(names, ==, one->findings);
    if (one->bcc) {
        g_ptr_array_add(report->mailboxes.bcc, NULL);
        char *bcc = g_strjoinv(",", (char **)report->mailboxes.bcc->pdata);
        g_ptr_array_set_size(report->mailboxes.bcc, (gint)report->mailboxes.bcc->len - 1);
        g_assert_cmpstr(bcc, ==, one->bcc);
        g_free(bcc);
    }
    trace_report_free(report);
    g_ptr_array_unref(block.fields);
    g_strfreev(recipients);
    g_free(names);
    g_free(text);
}

static void test_ordinary(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(ordinary); i++)
        check(&ordinary[i]);
}

static void test_suspicious(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(suspicious); i++)
        check(&suspicious[i]);
}

/* Every finding of this module shows in one of the cases. */
static void test_all_shown(void)
{
    for (int kind = ANOMALY_FROM_DOMAIN_DIFFERS; kind <= ANOMALY_DKIM_BODY_ALTERED; kind++) {
        gboolean shown = kind == ANOMALY_RECEIVED_CONTRADICTS_CAPTURE; /* in test_witnesses() */
        for (gsize i = 0; i < G_N_ELEMENTS(suspicious) && !shown; i++)
            shown = strstr(suspicious[i].findings, anomaly_describe((anomaly_kind)kind)->name) != NULL;
        g_test_message("%s", anomaly_describe((anomaly_kind)kind)->name);
        g_assert_true(shown);
    }
}

static void test_witnesses(void)
{
    static const struct {
        trace_witness witness;
        const char *findings;
        gboolean claimed[3];
    } rows[] = {
        {{0, 7, "192.0.2.9", "pc"}, "", {TRUE, TRUE, FALSE}},
        {{1, 7, "192.0.2.3", "c.example"}, "", {TRUE, FALSE, TRUE}},
        {{1, 7, "192.0.2.4", "c.example"}, "received_contradicts_capture", {TRUE, FALSE, TRUE}},
        {{1, 7, "10.0.0.4", "c.example"}, "", {TRUE, FALSE, TRUE}}, /* address translation */
        {{1, 7, "2001:db8::4", "c.example"}, "", {TRUE, FALSE, TRUE}},
        {{1, 7, "192.0.2.3", "d.example"}, "received_contradicts_capture", {TRUE, FALSE, TRUE}},
        {{1, 7, "192.0.2.3", "C.example."}, "", {TRUE, FALSE, TRUE}},
        {{1, 7, NULL, NULL}, "", {TRUE, FALSE, TRUE}},
        {{3, 7, "192.0.2.4", "x.example"}, "", {TRUE, TRUE, TRUE}}, /* no such line */
    };
    header_block block = header_read(slice_of("Received: from a.example (a.example [192.0.2.1]) by mx.a.example with SMTP id 1" WHEN
                                              "Received: from c.example (c.example [192.0.2.3]) by a.example with SMTP id 2" WHEN
                                              "Received: from pc (pc.c.example [192.0.2.9]) by c.example with ESMTPSA id 3" WHEN),
                                     0, LIMIT_HEADER_FIELDS, NULL, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        trace_facts facts = {.fields = block.fields, .is_upload = TRUE, .is_smtp = TRUE, .time = NOW, .witnesses = &rows[i].witness, .witness_count = 1};
        trace_report *report = trace_examine(&facts);
        char *names = names_of(report);
        g_assert_cmpstr(names, ==, rows[i].findings);
        for (guint h = 0; h < 3; h++) {
            const trace_hop *hop = g_ptr_array_index(report->hops, h);
            g_assert_cmpint(hop->claimed, ==, rows[i].claimed[h]);
            g_assert_cmpuint(hop->seen_in, ==, rows[i].claimed[h] ? 0 : 7);
        }
        g_free(names);
        trace_report_free(report);
    }
    /* in a mailbox: what the first client of the capture brought is only claimed, what later servers wrote is not */
    for (guint seen = 0; seen <= 3; seen++) {
        const trace_witness witness = {seen, 7, NULL, NULL};
        trace_facts facts = {.fields = block.fields, .time = NOW, .witnesses = &witness, .witness_count = 1};
        trace_report *report = trace_examine(&facts);
        for (guint from_bottom = 0; from_bottom < 3; from_bottom++) {
            const trace_hop *hop = g_ptr_array_index(report->hops, 2 - from_bottom);
            g_assert_cmpint(hop->claimed, ==, from_bottom < seen);
        }
        trace_report_free(report);
    }
    g_ptr_array_unref(block.fields);
    trace_report_free(NULL);
}

/* A private address from another organisation is none to wonder about where the capture shows that it is right. */
static void test_witnessed_private_address(void)
{
    header_block block = header_read(slice_of("Received: from bank.example (unknown [10.1.2.3]) by mx.example.org (Postfix) with SMTP id 1" WHEN), 0,
                                     LIMIT_HEADER_FIELDS, NULL, NULL);
    const trace_witness witness = {0, 7, "10.1.2.3", "bank.example"};
    for (guint count = 0; count <= 1; count++) {
        trace_facts facts = {.fields = block.fields, .time = NOW, .witnesses = &witness, .witness_count = count};
        trace_report *report = trace_examine(&facts);
        char *names = names_of(report);
        g_assert_cmpstr(names, ==, count ? "" : "received_private_address");
        g_free(names);
        trace_report_free(report);
    }
    g_ptr_array_unref(block.fields);
}

static void test_delays(void)
{
    header_block block = header_read(slice_of("Received: from b by c; Tue, 14 Nov 2023 22:14:25 +0000\r\nReceived: from a by b; Tue, 14 Nov 2023 23:14:20 +0100\r\n"
                                              "Received: rubbish\r\n"),
                                     0, LIMIT_HEADER_FIELDS, NULL, NULL);
    trace_facts facts = {.fields = block.fields, .time = NOW};
    trace_report *report = trace_examine(&facts);
    const trace_hop *top = g_ptr_array_index(report->hops, 0), *middle = g_ptr_array_index(report->hops, 1);
    g_assert_true(top->has_delay);
    g_assert_cmpint(top->delay, ==, 5);
    g_assert_false(middle->has_delay);
    trace_report_free(report);
    g_ptr_array_unref(block.fields);
}

static void test_limit(void)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < LIMIT_TRACE_HOPS + 1; i++)
        g_string_append(text, "Received: from b by c; Tue, 14 Nov 2023 22:14:25 +0000\r\n");
    for (guint i = 0; i < LIMIT_TRACE_RESULTS + 1; i++)
        g_string_append(text, "Authentication-Results: a; spf=pass\r\n");
    for (guint i = 0; i < LIMIT_TRACE_SIGNATURES + 1; i++)
        g_string_append(text, "DKIM-Signature: a=rsa-sha256; d=a\r\n");
    header_block block = header_read(slice_of(text->str), 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    const trace_witness witness = {0, 1, "192.0.2.1", "x.example"}; /* its line is beyond the limit */
    trace_facts facts = {.fields = block.fields, .time = NOW, .witnesses = &witness, .witness_count = 1};
    trace_report *report = trace_examine(&facts);
    g_assert_cmpuint(report->hops->len, ==, LIMIT_TRACE_HOPS);
    g_assert_cmpuint(report->hop_fields, ==, LIMIT_TRACE_HOPS + 1);
    g_assert_cmpuint(report->results->len, ==, LIMIT_TRACE_RESULTS);
    g_assert_cmpuint(report->signatures->len, ==, LIMIT_TRACE_SIGNATURES);
    trace_report_free(report);
    g_ptr_array_unref(block.fields);
    g_string_free(text, TRUE);
}

static void test_hello_names(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"mail.zky.ac.cn Hello linuxaid.com.cn [202.99.11.120], pleased to meet you", "linuxaid.com.cn"}, /* Sendmail */
        {"mx.example.org Hello out.example.net [192.0.2.1]", "out.example.net"},                           /* Exim */
        {"mx.google.com at your service, [192.0.2.1]", NULL},
        {"DB5EUR01FT1.mail.protection.outlook.com Hello [192.0.2.12]", NULL},
        {"mail01.skynet.local", NULL},
        {"x Hello client.skynet.local [172.16.16.225]", NULL}, /* no name of the Internet */
        {"", NULL},
        {"x Hello ", NULL},
        {"x Hello \xFF.example.org", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *name = trace_hello_name(slice_of(cases[i].in));
        g_assert_cmpstr(name, ==, cases[i].out);
        g_free(name);
    }
}

static void test_durations(void)
{
    static const struct {
        gint64 seconds;
        const char *text;
    } cases[] = {{0, "0 s"}, {59, "59 s"}, {-4, "-4 s"}, {185, "3 min 5 s"}, {7260, "2 h 1 min"}, {-200000, "-2 d 7 h"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *text = trace_duration_text(cases[i].seconds);
        g_assert_cmpstr(text, ==, cases[i].text);
        g_free(text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace_check/ordinary", test_ordinary);
    g_test_add_func("/trace_check/suspicious", test_suspicious);
    g_test_add_func("/trace_check/all_shown", test_all_shown);
    g_test_add_func("/trace_check/witnesses", test_witnesses);
    g_test_add_func("/trace_check/witnessed_private_address", test_witnessed_private_address);
    g_test_add_func("/trace_check/delays", test_delays);
    g_test_add_func("/trace_check/limit", test_limit);
    g_test_add_func("/trace_check/hello_names", test_hello_names);
    g_test_add_func("/trace_check/durations", test_durations);
    return g_test_run();
}
