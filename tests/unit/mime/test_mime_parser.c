/* test_mime_parser.c
 * Each case is a message and a picture of the tree: one line per part,
 *   PATH TYPE [@FILENAME] [OTHER:FILENAME] [A] [M] [LOST:BYTES] [{anomaly ...}] [=DECODED BODY (leaves)]
 * A: attachment, M: parsed as a message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "mime_parser.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)

/* ---- pictures ---- */

static void append_anomalies(GString *out, anomaly_set set)
{
    const char *separator = " {";
    for (int kind = 0; kind < ANOMALY_COUNT; kind++) {
        if (set & ANOMALY_BIT(kind)) {
            g_string_append_printf(out, "%s%s", separator, anomaly_describe(kind)->name);
            separator = " ";
        }
    }
    if (set)
        g_string_append_c(out, '}');
}

static gboolean take_piece(slice piece, void *user)
{
    g_assert_cmpuint(piece.len, >, 0);
    g_byte_array_append(user, piece.data, (guint)piece.len);
    return TRUE;
}

/* The decoded body; in pieces it is the same. */
static GByteArray *decode(const mime_message *message, const mime_part *part)
{
    GByteArray *body = mime_part_decode(message, part, NULL), *pieces = g_byte_array_new();
    mime_part_read(part, take_piece, pieces);
    g_assert_cmpmem(body->data, body->len, pieces->data, pieces->len);
    g_byte_array_unref(pieces);
    return body;
}

/* Decoded bytes with line ends as "/", and without the CR. */
static void append_body(GString *out, const mime_message *message, const mime_part *part)
{
    GByteArray *body = decode(message, part);
    g_string_append(out, " =");
    for (guint i = 0; i < body->len; i++) {
        if (body->data[i] != '\r')
            g_string_append_c(out, body->data[i] == '\n' ? '/' : (char)body->data[i]);
    }
    g_byte_array_unref(body);
}

static char *picture(const mime_message *message)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < message->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(message->parts, i);
        g_string_append_printf(out, "%s%s %s", i ? "\n" : "", *part->path ? part->path : "-", part->type);
        if (part->filename)
            g_string_append_printf(out, " @%s", part->filename);
        if (part->other_filename)
            g_string_append_printf(out, " OTHER:%s", part->other_filename);
        g_string_append(out, part->is_attachment ? " A" : "");
        g_string_append(out, part->is_message ? " M" : "");
        if (!part->complete)
            g_string_append_printf(out, " LOST:%" G_GUINT64_FORMAT, part->missing);
        append_anomalies(out, part->anomalies & ~BIT(PART_INCOMPLETE));
        if (!part->children)
            append_body(out, message, part);
    }
    return g_string_free(out, FALSE);
}

/* What must hold for any message: the parts nest and lie inside of the bytes, the strings are
 * UTF-8, the tree and the list are the same. */
static void check_invariants(const mime_message *message)
{
    for (guint i = 0; i < message->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(message->parts, i);
        const char *strings[] = {part->path, part->type, part->charset, part->boundary, part->encoding_name, part->disposition, part->filename, part->content_id};
        g_assert_cmpuint(part->header_offset + part->header_length, ==, part->body_offset);
        g_assert_cmpuint(part->body_offset + part->body_length, <=, part->source->bytes.len);
        g_assert_cmpuint(part->preamble_offset + part->preamble_length, <=, part->body_offset + part->body_length);
        g_assert_cmpuint(part->epilogue_offset + part->epilogue_length, <=, part->body_offset + part->body_length);
        g_assert_true((i == 0) == (part->parent == NULL));
        if (part->parent && part->source == part->parent->source) {
            g_assert_cmpuint(part->header_offset, >=, part->parent->body_offset);
            g_assert_cmpuint(part->body_offset + part->body_length, <=, part->parent->body_offset + part->parent->body_length);
        } else if (part->parent) {
            g_assert_true(part->source->part == part->parent);
        }
        g_assert_true(!part->parent || part->depth == part->parent->depth + 1);
        for (gsize s = 0; s < G_N_ELEMENTS(strings); s++)
            g_assert_true(!strings[s] || g_utf8_validate(strings[s], -1, NULL));
        g_assert_true(part->complete == !(part->anomalies & BIT(PART_INCOMPLETE)));
    }
}

static void check_bytes(slice bytes, const mime_gap *gaps, guint gap_count, gboolean cut, const char *expected)
{
    mime_message *message = mime_message_parse(bytes, gaps, gap_count, cut);
    char *out = picture(message);
    check_invariants(message);
    g_assert_cmpstr(out, ==, expected);
    g_free(out);
    mime_message_free(message);
}

static char *with_crlf(const char *in)
{
    char **lines = g_strsplit(in, "\n", -1);
    char *out = g_strjoinv("\r\n", lines);
    g_strfreev(lines);
    return out;
}

/* With LF and with CRLF: the same tree. */
static void check(const char *in, const char *expected)
{
    char *crlf = with_crlf(in);
    check_bytes(slice_of(in), NULL, 0, FALSE, expected);
    check_bytes(slice_of(crlf), NULL, 0, FALSE, expected);
    g_free(crlf);
}

/* ---- structure ---- */

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"
#define TEXT "Content-Type: text/plain\n\n"
#define INNER "From: a@b\nSubject: inner\n"

static void test_single(void)
{
    check("", "1 text/plain =");
    check("\n", "1 text/plain =");
    check("\nbody\n", "1 text/plain =body/");
    check("Subject: x\n", "1 text/plain =");
    check("Subject: x", "1 text/plain =");
    check("Subject: x\n\n", "1 text/plain =");
    check("Subject: x\n\nHello\n", "1 text/plain =Hello/");
    check("Hello\nWorld\n", "1 text/plain =Hello/World/");
    check("Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nYWJj\n", "1 application/pdf A =abc");
    check("Content-Type: text\n\nx", "1 text/plain {bad_content_type} =x");
    check("Content-Type: \n\nx", "1 text/plain {bad_content_type} =x");
    check("Content-Transfer-Encoding: x-foo\n\n=41", "1 text/plain {unknown_encoding} ==41");
    check("From a@b Mon Jan 1\nSubject: x\n\nHello", "1 text/plain {mbox_line} =Hello");
    check("Content-Type: text/plain\nContent-Type: text/html\n\nx", "1 text/plain {duplicate_field} =x"); /* the first one counts */
}

static void test_multipart(void)
{
    check(MIXED "--b\n" TEXT "one\n--b\nContent-Type: text/html\n\ntwo\n--b--\n", "- multipart/mixed\n1 text/plain =one\n2 text/html =two");
    /* preamble and epilogue; the line end in front of a boundary is not the part's */
    check(MIXED "preamble\n--b\n\none\n\n--b--\nepilogue\n--b\n", "- multipart/mixed\n1 text/plain =one/");
    check(MIXED "--b\n\n--b--", "- multipart/mixed\n1 text/plain =");
    check(MIXED "--b\nA: b\n--b--", "- multipart/mixed\n1 text/plain =");        /* a part without body */
    check(MIXED "--b \t\n\none\n--b-- \n", "- multipart/mixed\n1 text/plain =one"); /* blanks behind boundaries */
    check(MIXED "--b\n--b\n\none\n--b\n--b--", "- multipart/mixed\n1 text/plain =one"); /* empty ones are none */
    check(MIXED "--b\nHello World\nand more\n--b--", "- multipart/mixed\n1 text/plain =Hello World/and more");
    check(MIXED "--b\nContent-Type: text/html\n<p>no blank line</p>\n--b--",
          "- multipart/mixed\n1 text/html {part_without_blank_line} =<p>no blank line</p>");
    check("MIME-Version: 1.0\nContent-Type: MULTIPART/Mixed;\n\tBoundary=\"b  \"\n\n--b\n\nx\n--b--", "- multipart/mixed\n1 text/plain =x");
}

/* Only a whole line is a boundary. */
static void test_similar_boundaries(void)
{
    check(MIXED "--b\n\n--bb\n--b-\n--b---\n --b\n-b\n--\n--B\n--b--x\n--b--", "- multipart/mixed\n1 text/plain =--bb/--b-/--b---/ --b/-b/--/--B/--b--x");
    /* one boundary begins with the other; Foxmail's differ in one digit */
    check("Content-Type: multipart/mixed; boundary=ab\n\n--ab\nContent-Type: multipart/mixed; boundary=abc\n\n--abc\n\n1\n--abc--\n--ab\n\n2\n--ab--",
          "- multipart/mixed\n1 multipart/mixed\n1.1 text/plain =1\n2 text/plain =2");
    check("Content-Type: multipart/mixed; boundary=abc\n\n--abc\nContent-Type: multipart/mixed; boundary=ab\n\n--ab\n\n1\n--ab--\n--abc\n\n2\n--abc--",
          "- multipart/mixed\n1 multipart/mixed\n1.1 text/plain =1\n2 text/plain =2");
    /* "x--": closes "x", opens "x--": the longest wins */
    check("Content-Type: multipart/mixed; boundary=\"x--\"\n\n--x--\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\n1\n--x--\n\n2\n--x----",
          "- multipart/mixed\n1 multipart/mixed {missing_close_boundary}\n1.1 text/plain =1\n2 text/plain =2");
    /* the same boundary inside and outside: the innermost is meant */
    check(MIXED "--b\n" MIXED "--b\n\n1\n--b--\n--b\n\n2\n--b--", "- multipart/mixed\n1 multipart/mixed {boundary_reused}\n1.1 text/plain =1\n2 text/plain =2");
}

static void test_nested(void)
{
    check(MIXED "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\n1\n--c\nContent-Type: text/html\n\n2\n--c--\nepilogue\n--b\n\n3\n--b--",
          "- multipart/mixed\n1 multipart/alternative\n1.1 text/plain =1\n1.2 text/html =2\n2 text/plain =3");
    /* no closing boundaries: the outer one ends all inner parts */
    check(MIXED "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\n1\n--b\n\n3\n",
          "- multipart/mixed {missing_close_boundary}\n1 multipart/alternative {missing_close_boundary}\n1.1 text/plain =1\n2 text/plain =3");
    check(MIXED "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\n1\n--b--\n",
          "- multipart/mixed\n1 multipart/alternative {missing_close_boundary}\n1.1 text/plain =1");
    /* the inner multipart's boundary stands where its blank line should */
    check(MIXED "--b\nContent-Type: multipart/alternative; boundary=c\n--c\nContent-Type: text/html\n\n1\n--c--\n--b--\n",
          "- multipart/mixed\n1 multipart/alternative {part_without_blank_line}\n1.1 text/html =1");
}

static void test_missing_boundary(void)
{
    check("Content-Type: multipart/mixed\n\nbody\n", "1 multipart/mixed {missing_boundary} =body/");
    check("Content-Type: multipart/mixed; boundary=\"\"\n\nbody\n", "1 multipart/mixed {missing_boundary} =body/");
    check("Content-Type: multipart/mixed; boundary=x\n\nbody\n--y\n", "1 multipart/mixed {missing_boundary} =body/--y/");
    check("Content-Type: multipart/mixed; boundary=b\n\n--b--\n", "1 multipart/mixed {missing_boundary} =--b--/");
    /* guessed from a line "--x" with a Content- field behind it */
    check("Content-Type: multipart/mixed\n\npreamble\n--x y\nContent-Type: text/html\n\n1\n--x y\n\n2\n--x y--\n",
          "- multipart/mixed {missing_boundary}\n1 text/html =1\n2 text/plain =2");
    check(MIXED "--b\nContent-Type: multipart/alternative\n\nx\n--b\n\n2\n--b--", "- multipart/mixed\n1 multipart/alternative {missing_boundary} =x\n2 text/plain =2");
}

/* The parameter is there, but the body has another boundary. */
static void test_boundary_never_occurs(void)
{
#define TWO_PARTS(boundary) "--" boundary "\n" TEXT "one\n--" boundary "\nContent-Type: image/png; name=a.png\n\ntwo\n--" boundary "--\n"
#define TREE "- multipart/mixed {missing_boundary}\n1 text/plain =one\n2 image/png @a.png A =two"
#define BAD_TREE "- multipart/mixed {bad_parameter missing_boundary}\n1 text/plain =one\n2 image/png @a.png A =two"
    check(MIXED TWO_PARTS("c"), TREE);
    check(MIXED "preamble\n\n" TWO_PARTS("B"), TREE);
    check(MIXED TWO_PARTS("b c"), TREE);
    check(MIXED "--b--\n\n" TWO_PARTS("c"), TREE); /* its closing form opens no part */
    /* a comment, an escape and a blank that readers understand in several ways */
    check("Content-Type: multipart/mixed; boundary=b c\n\n" TWO_PARTS("b c"), BAD_TREE);
    check("Content-Type: multipart/mixed; boundary=(comment)b\n\n" TWO_PARTS("bb"), TREE);
    check("Content-Type: multipart/mixed; boundary=\"a\\b\"\n\n" TWO_PARTS("a\\b"), TREE);
    check("Content-Type: multipart/mixed; boundary=\" b\"\n\n" TWO_PARTS("b"), TREE);
    /* the first part has no header; its fields stand in another order, folded, after others */
    check(MIXED "--c\n\none\n--c\nX-Id: 1\n 2\nContent-type: image/png; name=a.png\n\ntwo\n--c--", TREE);
    /* the closing one is as declared */
    check(MIXED "--B\n" TEXT "one\n--B\nContent-Type: image/png; name=a.png\n\ntwo\n--b--\n", TREE);
    /* far behind the beginning */
    char *padding = g_strnfill(20000, 'x');
    char *in = g_strdup_printf(MIXED "%s\n" TWO_PARTS("c"), padding);
    check(in, TREE);
    g_free(in);
    g_free(padding);
    /* one that is nested ends where the one around goes on */
    check(MIXED "--b\nContent-Type: multipart/alternative; boundary=x\n\n--c\nContent-Type: text/html\n\n1\n--c--\n--b\n\n2\n--b--",
          "- multipart/mixed\n1 multipart/alternative {missing_boundary}\n1.1 text/html =1\n2 text/plain =2");
    check(MIXED "--b\nContent-Type: multipart/alternative; boundary=x\n\n1\n--b\nContent-Type: text/html\n\n2\n--b--",
          "- multipart/mixed\n1 multipart/alternative {missing_boundary} =1\n2 text/html =2");
    /* inside of an encoding */
    check(MIXED "--b\nContent-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\nLS1jCkNvbnRlbnQtVHlwZTogdGV4dC9odG1sCgoxCi0tYy0t\n--b--",
          "- multipart/mixed\n1 multipart/mixed {missing_boundary encoded_composite}\n1.1 text/html =1");
    /* lines that are no boundaries: no header behind them, a signature's "-- " */
    check(MIXED "--c\n\none\n--c--\n", "1 multipart/mixed {missing_boundary} =--c//one/--c--/");
    check(MIXED "-- \nContent-Type: is a field of MIME\n", "1 multipart/mixed {missing_boundary} =-- /Content-Type: is a field of MIME/");
}

/* The line end in front of a boundary is not the message's, also where that is the one of its header. */
static void test_message_of_header_only(void)
{
    static const char *const ends[] = {"--b--", "--b\n\n2\n--b--"};
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        for (int blank = 0; blank < 2; blank++) {
            char *in = g_strconcat(MIXED "--b\nContent-Type: message/rfc822\n\n" INNER, blank ? "\n" : "", ends[i], NULL);
            mime_message *message = mime_message_parse(slice_of(in), NULL, 0, FALSE);
            const mime_part *attached = g_ptr_array_index(message->parts, 1);
            check_invariants(message);
            g_assert_cmpmem(in + attached->body_offset, attached->body_length, INNER, strlen(INNER) - (blank ? 0 : 1));
            mime_message_free(message);
            g_free(in);
        }
    }
    /* the last part of an attached message */
    static const char nested[] = MIXED "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: text/html\n\n--b--";
    mime_message *message = mime_message_parse(slice_of(nested), NULL, 0, FALSE);
    const mime_part *attached = g_ptr_array_index(message->parts, 1);
    g_assert_true(g_str_has_suffix(nested, "text/html\n\n--b--"));
    g_assert_cmpuint(attached->body_offset + attached->body_length, ==, strlen(nested) - strlen("\n--b--"));
    check_invariants(message);
    mime_message_free(message);
}


static void test_messages(void)
{
    check(MIXED "--b\n" TEXT "1\n--b\nContent-Type: message/rfc822\n\n" INNER "\nHello\n--b--",
          "- multipart/mixed\n1 text/plain =1\n2 message/rfc822 M\n2.1 text/plain =Hello");
    check(MIXED "--b\nContent-Type: message/rfc822; name=\"a.eml\"\n\n" INNER "Content-Type: multipart/mixed; boundary=c\n\n--c\n\n1\n--c\nContent-Type: image/png; name=a.png\n\n2\n--c--\n--b--",
          "- multipart/mixed\n1 message/rfc822 @a.eml A M\n1 multipart/mixed\n1.1 text/plain =1\n1.2 image/png @a.png A =2");
    check("Content-Type: message/rfc822\n\n" INNER "\nHello", "1 message/rfc822 M\n1.1 text/plain =Hello");
    check("Content-Type: Message/News; charset=x\n\n" INNER "\nHello", "1 message/news M\n1.1 text/plain =Hello");
    check("Content-Type: message/global\n\n" INNER "\nHello", "1 message/global M\n1.1 text/plain =Hello");
    check("Content-Type: message/rfc822\n\n" INNER "Content-Type: message/rfc822\n\n" INNER "\nHello", "1 message/rfc822 M\n1.1 message/rfc822 M\n1.1.1 text/plain =Hello");
    /* a digest's parts are messages: RFC 2046 5.1.5 */
    check("Content-Type: multipart/digest; boundary=b\n\n--b\n\n" INNER "\n1\n--b\nContent-Type: text/plain\n\n2\n--b--",
          "- multipart/digest\n1 message/rfc822 M\n1.1 text/plain =1\n2 text/plain =2");
    /* encoded, which RFC 2046 5.2.1 forbids: looked into */
    check(MIXED "--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nRnJvbTogYQoK\n--b--",
          "- multipart/mixed\n1 message/rfc822 M {encoded_composite}\n1.1 text/plain =");
    check(MIXED "--b\nContent-Type: message/rfc822\n\n--b--", "- multipart/mixed\n1 message/rfc822 M\n1.1 text/plain =");
    check(MIXED "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: x\n--b--", "- multipart/mixed\n1 message/delivery-status =Reporting-MTA: x");
    /* an attached message whose multipart is never closed */
    check(MIXED "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\n1\n--b\n\n2\n--b--",
          "- multipart/mixed\n1 message/rfc822 M\n1 multipart/mixed {missing_close_boundary}\n1.1 text/plain =1\n2 text/plain =2");
    /* a multipart that is none gets the number of a single part */
    check(MIXED "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n1\n--b--",
          "- multipart/mixed\n1 message/rfc822 M\n1.1 multipart/mixed {missing_boundary} =1");
}

static void test_attachments(void)
{
    check(MIXED "--b\nContent-Disposition: attachment\n\n1\n--b\nContent-Disposition: inline; filename=a.txt\n\n2\n--b\n"
                "Content-Type: text/plain; name=\"=?utf-8?B?5pel?=.txt\"\n\n3\n--b\nContent-Disposition: inline\n\n4\n--b\n"
                "Content-Type: image/gif\n\n5\n--b\nContent-Type: text/plain; name=x\nContent-Disposition: attachment; filename=y\n\n6\n--b--",
          "- multipart/mixed\n1 text/plain A =1\n2 text/plain @a.txt A =2\n3 text/plain @日.txt A =3\n4 text/plain =4\n5 image/gif A =5\n6 text/plain @y OTHER:x A {filenames_differ} =6");
    check("Content-Type: text/plain; name=\"\"\nContent-Disposition: attachment; filename=\"\"\n\n1", "1 text/plain A =1");
    check("Content-Type: multipart/mixed; boundary=b; name=x\n\n--b\n\n1\n--b--", "- multipart/mixed @x\n1 text/plain =1");
}

static void test_encodings(void)
{
    check(MIXED "--b\nContent-Transfer-Encoding: quoted-printable\n\na=3Db=\nc\n--b\nContent-Transfer-Encoding: base64\n\nYWJj\n\n--b\n"
                "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#86)C\n`\nend\n--b\nContent-Transfer-Encoding: x-uuencode\n\nno begin\n--b--",
          "- multipart/mixed\n1 text/plain =a=bc\n2 text/plain =abc\n3 text/plain =abc\n4 text/plain =no begin");
    /* a multipart's encoding says nothing of its bytes */
    check("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\n1\n--b--",
          "- multipart/mixed {encoded_composite}\n1 text/plain =1");
}

/* What RFC 2045 6.4 forbids: decoded when the body has no structure as it stands. */
static void test_encoded_composites(void)
{
    static const char plain[] = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" INNER "\nHello";
    check(plain, "1 message/rfc822 M {encoded_composite}\n1.1 text/plain =Hello");
    check("Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n"
          "Content-Type: text/plain; charset=3Dutf-8\n\ncaf=C3=A9",
          "1 message/rfc822 M {encoded_composite}\n1.1 text/plain =caf\xC3\xA9");
    check("Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n"
          "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9",
          "1 message/rfc822 M {encoded_composite}\n1.1 text/plain =caf\xC3\xA9");
    check("Content-Type: message/global\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeAoKaGk=", "1 message/global M\n1.1 text/plain =hi");
    /* "--b" CRLF "Content-Type: image/png" CRLF CRLF "A" CRLF "--b--" */
    check("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n"
          "LS1iDQpDb250ZW50LVR5cGU6IGltYWdlL3BuZw0KDQpBDQotLWItLQ==\n",
          "- multipart/mixed {encoded_composite}\n1 image/png A =A");
    check(MIXED "--b\nContent-Type: multipart/mixed; boundary=c\nContent-Transfer-Encoding: quoted-printable\n\n"
          "--c\nContent-Type: text/plain; charset=3Dutf-8\n\na=3Db\n--c--\n--b\n\n2\n--b--",
          "- multipart/mixed\n1 multipart/mixed {encoded_composite}\n1.1 text/plain =a=b\n2 text/plain =2");
    /* says uuencode, has nothing of it, and is no header as it stands: what is there is not lost */
    check("Content-Type: message/rfc822\nContent-Transfer-Encoding: x-uuencode\n\nplain words",
          "1 message/rfc822 M {encoded_composite}\n1.1 text/plain =plain words");
    check("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\nYWJj", "1 multipart/mixed {missing_boundary encoded_composite} =abc");
}

/* Base64 in base64 in base64 ...: as deep as the limit, and marked there. */
static void test_encoded_depth(void)
{
    char *text = g_strdup("Subject: x\n\nHello");
    for (guint i = 0; i < LIMIT_DECODED_DEPTH + 2; i++) {
        char *coded = g_base64_encode((const guchar *)text, strlen(text));
        g_free(text);
        text = g_strconcat("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n", coded, NULL);
        g_free(coded);
    }
    mime_message *message = mime_message_parse(slice_of(text), NULL, 0, FALSE);
    const mime_part *last = g_ptr_array_index(message->parts, message->parts->len - 1);
    check_invariants(message);
    g_assert_cmpuint(message->parts->len, ==, LIMIT_DECODED_DEPTH + 1);
    g_assert_true(last->anomalies & BIT(NESTING_LIMIT));
    g_assert_true(last->is_attachment);
    mime_message_free(message);
    g_free(text);
}

static void test_embedded_files(void)
{
    check("Subject: x\n\nHi\nbegin 644 a.txt\n#86)C\n`\nend\nBye\n",
          "1 text/plain {embedded_file} =Hi/begin 644 a.txt/#86)C/`/end/Bye/\n1.f1 application/octet-stream @a.txt A =abc");
    check("\nbegin-base64 644 a b\nYWJj\n====\nbegin 644 c\n#86)C\n \nend\n",
          "1 text/plain {embedded_file} =begin-base64 644 a b/YWJj/====/begin 644 c/#86)C/ /end/\n"
          "1.f1 application/octet-stream @a b A =abc\n1.f2 application/octet-stream @c A =abc");
    /* not one: no line of uuencode behind it, no mode, no name */
    check("\nbegin 644 quotes\nhello\nend\n", "1 text/plain =begin 644 quotes/hello/end/");
    check("\nbegin now\n#86)C\n", "1 text/plain =begin now/#86)C/");
    check("\nbegin 644\n#86)C\n", "1 text/plain {embedded_file} =begin 644/#86)C/\n1.f1 application/octet-stream A =abc");
    check("\nbegin 644\nwill do\n", "1 text/plain =begin 644/will do/");
    /* without its end */
    check("\nbegin 644 a\n#86)C\nText again\n", "1 text/plain {embedded_file} =begin 644 a/#86)C/Text again/\n1.f1 application/octet-stream @a A =abc");
    /* yEnc: "abc" is 8B 8C 8D */
    check("\n=ybegin line=128 size=3 name=a b.bin\n\x8B\x8C\x8D\n=yend size=3 crc32=352441c2\n",
          "1 text/plain {embedded_file} ==ybegin line=128 size=3 name=a b.bin/\x8B\x8C\x8D/=yend size=3 crc32=352441c2/\n1.f1 application/octet-stream @a b.bin A =abc");
    /* inside of an encoding: the decoded text is a source of its own */
    check("Content-Transfer-Encoding: base64\n\nYmVnaW4gNjQ0IGEKIzg2KUMKYAplbmQK\n",
          "1 text/plain {embedded_file} =begin 644 a/#86)C/`/end/\n1.f1 application/octet-stream @a A =abc");
    check("Content-Transfer-Encoding: quoted-printable\n\nbegin 644 =\na\n#86)C\n`\nend\n",
          "1 text/plain {embedded_file} =begin 644 a/#86)C/`/end/\n1.f1 application/octet-stream @a A =abc");
    check("Content-Type: text/html\n\nbegin 644 a\n#86)C\n`\nend\n", "1 text/html =begin 644 a/#86)C/`/end/");
}

/* The headers that a body is made of: "name=value,name=value;" */
static void check_blocks(const char *in, const char *expected)
{
    mime_message *message = mime_message_parse(slice_of(in), NULL, 0, FALSE);
    const mime_part *part = g_ptr_array_index(message->parts, message->parts->len - 1);
    GString *out = g_string_new(NULL);
    for (guint i = 0; part->blocks && i < part->blocks->len; i++) {
        const mime_block *block = g_ptr_array_index(part->blocks, i);
        g_assert_cmpuint(block->offset + block->length, <=, part->block_source->bytes.len);
        for (guint k = 0; k < block->fields->len; k++) {
            const header_field *field = g_ptr_array_index(block->fields, k);
            g_string_append_printf(out, "%s=%s,", field->name, field->value);
        }
        g_string_append_c(out, ';');
    }
    g_assert_cmpstr(out->str, ==, expected);
    g_string_free(out, TRUE);
    mime_message_free(message);
}

static void test_blocks(void)
{
    check_blocks(MIXED "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n\nFinal-Recipient: b\nAction: failed\n\n--b--",
                 "Reporting-MTA=dns; a,;Final-Recipient=b,Action=failed,;");
    check_blocks("Content-Type: message/disposition-notification\nContent-Transfer-Encoding: base64\n\nRGlzcG9zaXRpb246IHg7IGRpc3BsYXllZAo=",
                 "Disposition=x; displayed,;");
    check_blocks("Content-Type: text/rfc822-headers\n\nSubject: =?utf-8?q?=C3=A4?=\n\nnot: this", "Subject=ä,;");
    check_blocks("Content-Type: message/external-body; access-type=URL\n\nContent-Type: image/png\nContent-ID: <x>\n\nphantom", "Content-Type=image/png,Content-ID=<x>,;");
    check_blocks("Content-Type: message/delivery-status\n\nno header\n", "");
    check_blocks("\nA: b\n", "");
}

static void test_preamble(void)
{
    static const char in[] = MIXED "pre\namble\n--b\n\n1\n--b--\nepi\nlogue\n";
    mime_message *message = mime_message_parse(slice_of(in), NULL, 0, FALSE);
    const mime_part *root = message->root;
    g_assert_cmpmem(in + root->preamble_offset, root->preamble_length, "pre\namble", 9);
    g_assert_cmpmem(in + root->epilogue_offset, root->epilogue_length, "epi\nlogue\n", 10);
    mime_message_free(message);
    message = mime_message_parse(slice_of(MIXED "--b\n\n1\n--b--"), NULL, 0, FALSE);
    g_assert_cmpuint(message->root->preamble_length, ==, 0);
    g_assert_cmpuint(message->root->epilogue_length, ==, 0);
    mime_message_free(message);
}

/* A CR alone ends a line where that makes a structure, and is a byte of its line elsewhere. */
static void test_bare_cr(void)
{
    check_bytes(slice_of("Subject: x\rContent-Type: multipart/mixed; boundary=b\r\r--b\r\rone\r--b--\r"), NULL, 0, FALSE,
                "- multipart/mixed {bare_cr}\n1 text/plain =one");
    check_bytes(slice_of("Subject: a\rb\nContent-Type: text/html\n\nx\ry"), NULL, 0, FALSE, "1 text/html =xy");
    check_bytes(slice_of("Subject: a\rContent-Type: text/html\r\n\r\nx"), NULL, 0, FALSE, "1 text/html {bare_cr} =x");
    check_bytes(slice_of("Subject: a\r\r\nContent-Type: text/html\r\r\n\r\r\nx"), NULL, 0, FALSE, "1 text/html =x");
    check_bytes(slice_of("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na\r--b\r\rb\n--b--"), NULL, 0, FALSE,
                "- multipart/mixed\n1 text/plain =a\n2 text/plain =b");
}

static void test_strange_boundaries(void)
{
    check("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\none\n--\n\ntwo\n----\n",
          "- multipart/mixed {missing_boundary}\n1 text/plain =one\n2 text/plain =two");
    check("Content-Type: multipart/mixed; boundary=\"--\"\n\n----\n\none\n------\n", "- multipart/mixed\n1 text/plain =one");
    check("Content-Type: multipart/mixed; boundary=\"----------\"\n\n------------\n\none\n--------------\n", "- multipart/mixed\n1 text/plain =one");
    char *seventy_one = g_strnfill(71, 'x');
    char *in = g_strdup_printf("Content-Type: multipart/mixed; boundary=%s\n\n--%s\n\none\n--%s--\n", seventy_one, seventy_one, seventy_one);
    check(in, "- multipart/mixed {long_boundary}\n1 text/plain =one");
    g_free(in);
    g_free(seventy_one);
    check("Content-Type: multipart/mixed; boundary*0=\"a\"; boundary*1=b\n\n--ab\n\none\n--ab--\n", "- multipart/mixed\n1 text/plain =one");
}

static void test_two_names(void)
{
    check("Content-Type: image/png; name=a.png\nContent-Disposition: attachment; filename=a.png\n\n", "1 image/png @a.png A =");
    check("Content-Type: image/png; name=a.exe\nContent-Disposition: attachment; filename=a.png\n\n", "1 image/png @a.png OTHER:a.exe A {filenames_differ} =");
    check("Content-Disposition: attachment; filename=EURO.txt; filename*=UTF-8''%E2%82%AC.txt\n\n", "1 text/plain @€.txt OTHER:EURO.txt A =");
    check("Content-Disposition: attachment; filename=a.exe; filename*=UTF-8''a.txt\n\n", "1 text/plain @a.txt OTHER:a.exe A {filenames_differ} =");
    check("Content-Disposition: attachment; filename=a.txt; filename=a.exe\n\n", "1 text/plain @a.txt OTHER:a.exe A {duplicate_parameter filenames_differ} =");
    check("Content-Type: image/png\nContent-Description: photo.png\n\n", "1 image/png @photo.png A =");
    check("Content-Type: image/png\nContent-Description: A photo. Of me\n\n", "1 image/png A =");
}

static void test_nul_and_8bit(void)
{
    static const char in[] = "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: a\0b\n\n1\0\xE4\n--b\0\n--b--";
    mime_message *message = mime_message_parse((slice){(const guint8 *)in, sizeof in - 1}, NULL, 0, FALSE);
    const mime_part *part = g_ptr_array_index(message->parts, 1);
    GByteArray *body = mime_part_decode(message, part, NULL);
    g_assert_cmpmem(body->data, body->len, "1\0\xE4\n--b\0", 8);
    char *text = mime_part_text(message, part, body->data, body->len, NULL);
    g_assert_cmpstr(text, ==, "1\uFFFDä\n--b\uFFFD");
    check_invariants(message);
    g_free(text);
    g_byte_array_unref(body);
    mime_message_free(message);
    /* a boundary with bytes of no charset is compared as bytes */
    check("Content-Type: multipart/mixed; boundary=\"\xFF=?utf-8?q?a?=\"\n\n--\xFF=?utf-8?q?a?=\n\n1\n--\xFF=?utf-8?q?a?=--", "- multipart/mixed {header_8bit}\n1 text/plain =1");
}

static void test_fields(void)
{
    static const char in[] = "Subject: =?utf-8?Q?=C3=A4?=\nContent-Type: text/plain; charset=\"KOI8-R\"\nContent-ID: <a@b>\nContent-Disposition: Inline\n"
                             "Content-Transfer-Encoding: 8BIT\n\n\xF0";
    mime_message *message = mime_message_parse(slice_of(in), NULL, 0, FALSE);
    const mime_part *root = message->root;
    g_assert_cmpstr(mime_part_field(root, "subject")->value, ==, "ä");
    g_assert_cmpuint(mime_part_field(root, "content-type")->offset, ==, 28);
    g_assert_null(mime_part_field(root, "x"));
    g_assert_cmpstr(root->charset, ==, "KOI8-R");
    g_assert_cmpstr(root->content_id, ==, "a@b");
    g_assert_cmpstr(root->disposition, ==, "inline");
    g_assert_cmpstr(root->encoding_name, ==, "8bit");
    char *text = mime_part_text(message, root, (const guint8 *)"\xF0", 1, NULL);
    g_assert_cmpstr(text, ==, "П");
    g_free(text);
    mime_message_free(message);
}

/* ---- real senders ---- */

static void test_foxmail(void)
{
    check("Content-Type: multipart/mixed;\n\tboundary=\"----=_001_NextPart166634325136_=----\"\n\nThis is a multi-part message in MIME format.\n\n"
          "------=_001_NextPart166634325136_=----\nContent-Type: multipart/related;\n\tboundary=\"----=_002_NextPart166634325136_=----\"\n\n\n"
          "------=_002_NextPart166634325136_=----\nContent-Type: multipart/alternative;\n\tboundary=\"----=_003_NextPart166634325136_=----\"\n\n\n"
          "------=_003_NextPart166634325136_=----\nContent-Type: text/plain;\n\tcharset=\"GB2312\"\nContent-Transfer-Encoding: base64\n\nxOO6ww==\n\n"
          "------=_003_NextPart166634325136_=----\nContent-Type: text/html;\n\tcharset=\"GB2312\"\nContent-Transfer-Encoding: quoted-printable\n\n<p>=C4=E3</p>\n"
          "------=_003_NextPart166634325136_=------\n\n------=_002_NextPart166634325136_=----\nContent-Type: image/jpeg;\n\tname=\"InsertPic_5C7E.jpg\"\n"
          "Content-Transfer-Encoding: base64\nContent-ID: <_Foxmail.1@x>\n\n/9j/\n\n------=_002_NextPart166634325136_=------\n\n"
          "------=_001_NextPart166634325136_=----\nContent-Type: application/octet-stream;\n\tname=\"=?GB2312?B?1dXGrC5qcGc=?=\"\nContent-Transfer-Encoding: base64\n"
          "Content-Disposition: attachment;\n\tfilename=\"=?GB2312?B?1dXGrC5qcGc=?=\"\n\nYWJj\n\n------=_001_NextPart166634325136_=------\n\n",
          "- multipart/mixed\n1 multipart/related\n1.1 multipart/alternative\n1.1.1 text/plain =\xC4\xE3\xBA\xC3\n1.1.2 text/html =<p>\xC4\xE3</p>\n"
          "1.2 image/jpeg @InsertPic_5C7E.jpg A =\xFF\xD8\xFF\n2 application/octet-stream @照片.jpg A =abc");
}

static void test_senders(void)
{
    /* Thunderbird: RFC 2231 in sections, and the name in RFC 2047 for old readers */
    check("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"------------AqOxzJ9wkQ0y\"\n\nThis is a multi-part message in MIME format.\n"
          "--------------AqOxzJ9wkQ0y\nContent-Type: text/plain; charset=UTF-8; format=flowed\nContent-Transfer-Encoding: 8bit\n\nGr\xC3\xBC\xC3\x9F" "e\n\n"
          "--------------AqOxzJ9wkQ0y\nContent-Type: application/pdf;\n name=\"=?UTF-8?Q?=C3=9Cbersicht=2Epdf?=\"\nContent-Disposition: attachment;\n"
          " filename*0*=UTF-8''%C3%9Cber;\n filename*1*=sicht.pdf\nContent-Transfer-Encoding: base64\n\nYWJj\n\n--------------AqOxzJ9wkQ0y--\n",
          "- multipart/mixed\n1 text/plain =Gr\xC3\xBC\xC3\x9F" "e/\n2 application/pdf @Übersicht.pdf A =abc");
    /* Outlook */
    check("Content-Type: multipart/mixed;\n\tboundary=\"----=_NextPart_000_0001_01DA5C2A.1B2C3D40\"\n\nThis is a multipart message in MIME format.\n\n"
          "------=_NextPart_000_0001_01DA5C2A.1B2C3D40\nContent-Type: multipart/alternative;\n\tboundary=\"----=_NextPart_001_0002_01DA5C2A.1B2C3D40\"\n\n\n"
          "------=_NextPart_001_0002_01DA5C2A.1B2C3D40\nContent-Type: text/plain;\n\tcharset=\"windows-1251\"\nContent-Transfer-Encoding: quoted-printable\n\n=D1\n"
          "------=_NextPart_001_0002_01DA5C2A.1B2C3D40--\n\n------=_NextPart_000_0001_01DA5C2A.1B2C3D40\nContent-Type: application/ms-tnef;\n\tname=\"winmail.dat\"\n"
          "Content-Transfer-Encoding: base64\nContent-Disposition: attachment;\n\tfilename=\"winmail.dat\"\n\neJ8+\n\n------=_NextPart_000_0001_01DA5C2A.1B2C3D40--\n",
          "- multipart/mixed\n1 multipart/alternative\n1.1 text/plain =\xD1\n2 application/ms-tnef @winmail.dat A =\x78\x9F\x3E");
    /* Apple Mail: no blank line end in front of boundaries, name with blanks, backslash-quoted */
    check("Content-Type: multipart/mixed;\n\tboundary=\"Apple-Mail=_F3A0\"\n\n\n--Apple-Mail=_F3A0\nContent-Transfer-Encoding: 7bit\nContent-Type: text/plain;\n\tcharset=us-ascii\n\nHi\n\n"
          "--Apple-Mail=_F3A0\nContent-Disposition: attachment;\n\tfilename=\"Bildschirmfoto 2024.png\"\nContent-Type: image/png;\n\tx-unix-mode=0644;\n\tname=\"Bildschirmfoto 2024.png\"\n"
          "Content-Transfer-Encoding: base64\n\nYWJj\n--Apple-Mail=_F3A0--\n",
          "- multipart/mixed\n1 text/plain =Hi/\n2 image/png @Bildschirmfoto 2024.png A =abc");
    /* Gmail */
    check("Content-Type: multipart/mixed; boundary=\"000000000000a1b2c3060f1e2d3c\"\n\n--000000000000a1b2c3060f1e2d3c\nContent-Type: multipart/alternative; boundary=\"000000000000a1b2c1060f1e2d3a\"\n\n"
          "--000000000000a1b2c1060f1e2d3a\nContent-Type: text/plain; charset=\"UTF-8\"\n\nHi\n\n--000000000000a1b2c1060f1e2d3a\nContent-Type: text/html; charset=\"UTF-8\"\n\n<div>Hi</div>\n\n"
          "--000000000000a1b2c1060f1e2d3a--\n--000000000000a1b2c3060f1e2d3c\nContent-Type: application/zip; name=\"=?UTF-8?B?5pelLnppcA==?=\"\nContent-Disposition: attachment; filename=\"=?UTF-8?B?5pelLnppcA==?=\"\n"
          "Content-Transfer-Encoding: base64\nContent-ID: <f_x>\nX-Attachment-Id: f_x\n\nYWJj\n--000000000000a1b2c3060f1e2d3c--",
          "- multipart/mixed\n1 multipart/alternative\n1.1 text/plain =Hi/\n1.2 text/html =<div>Hi</div>/\n2 application/zip @日.zip A =abc");
    /* mutt: no quotes it can do without; Python: the boundary in quotes, blanks kept */
    check("Content-Type: multipart/mixed; boundary=7AUc2qLy4jB3hD7Z\nContent-Disposition: inline\n\n\n--7AUc2qLy4jB3hD7Z\nContent-Type: text/plain; charset=us-ascii\nContent-Disposition: inline\n\nHi\n\n"
          "--7AUc2qLy4jB3hD7Z\nContent-Type: text/x-diff; charset=us-ascii\nContent-Disposition: attachment; filename=fix.patch\n\n--- a\n+++ b\n\n--7AUc2qLy4jB3hD7Z--\n",
          "- multipart/mixed\n1 text/plain =Hi/\n2 text/x-diff @fix.patch A =--- a/+++ b/");
    check("Content-Type: multipart/mixed; boundary=\"===============1234567890==\"\nMIME-Version: 1.0\n\n--===============1234567890==\nContent-Type: text/plain; charset=\"us-ascii\"\nMIME-Version: 1.0\n"
          "Content-Transfer-Encoding: 7bit\n\nHi\n--===============1234567890==\nContent-Type: application/octet-stream\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n"
          "Content-Disposition: attachment; filename*=utf-8''St%C3%A4dte.csv\n\nYWJj\n\n--===============1234567890==--\n",
          "- multipart/mixed\n1 text/plain =Hi\n2 application/octet-stream @Städte.csv A =abc");
    /* QQ mail: gb18030, name and filename in long B words folded with a tab */
    check("Content-Type: multipart/mixed;\n\tboundary=\"----=_NextPart_65A1B2C3_0F0E0D0C_12345678\"\n\nThis is a multi-part message in MIME format.\n\n"
          "------=_NextPart_65A1B2C3_0F0E0D0C_12345678\nContent-Type: application/octet-stream;\n\tcharset=\"gb18030\";\n\tname=\"=?gb18030?B?1dXGrC5qcGc=?=\"\n"
          "Content-Disposition: attachment; filename=\"=?gb18030?B?1dXG?=\n\t=?gb18030?B?rC5qcGc=?=\"\nContent-Transfer-Encoding: base64\n\nYWJj\n\n"
          "------=_NextPart_65A1B2C3_0F0E0D0C_12345678--\n",
          "- multipart/mixed\n1 application/octet-stream @照片.jpg A =abc");
}

/* ---- holes ---- */

/* '|' marks holes of 10 bytes each; '#' the cut. */
static void check_gaps(const char *in, const char *expected)
{
    for (int crlf = 0; crlf < 2; crlf++) {
        char *text = crlf ? with_crlf(in) : g_strdup(in);
        GByteArray *bytes = g_byte_array_new();
        GArray *gaps = g_array_new(FALSE, FALSE, sizeof(mime_gap));
        gboolean cut = FALSE;
        for (const char *p = text; *p; p++) {
            mime_gap gap = {bytes->len, 10};
            if (*p == '|')
                g_array_append_val(gaps, gap);
            else if (*p == '#')
                cut = TRUE;
            else
                g_byte_array_append(bytes, (const guint8 *)p, 1);
        }
        check_bytes((slice){bytes->data, bytes->len}, (mime_gap *)(void *)gaps->data, gaps->len, cut, expected);
        g_byte_array_unref(bytes);
        g_array_unref(gaps);
        g_free(text);
    }
}

#define BOUNDARY "------=_NextPart_0001"
#define LONG "Content-Type: multipart/mixed; boundary=\"----=_NextPart_0001\"\n\n"

static void test_gaps(void)
{
    check_gaps(MIXED "--b\n\nAA\n--b\n\nB|B\n--b\n\nCC\n--b--", "- multipart/mixed LOST:10\n1 text/plain =AA\n2 text/plain LOST:10 =BB\n3 text/plain =CC");
    check_gaps(MIXED "--b\n\nAA\n--b\nX: |y\n\nBB\n--b\n\nCC\n--b--", "- multipart/mixed LOST:10\n1 text/plain =AA\n2 text/plain LOST:10 =BB\n3 text/plain =CC");
    check_gaps(MIXED "--b\n\nA|A|\n--b\n\nBB\n--b--", "- multipart/mixed LOST:20\n1 text/plain LOST:20 =AA\n2 text/plain =BB");
    check_gaps("Subject: |x\n\nAA", "1 text/plain LOST:10 =AA");
    check_gaps("|Subject: x\n\nAA", "1 text/plain LOST:10 =AA");
    check_gaps("Subject: x\n\nAA|", "1 text/plain LOST:10 =AA");
    /* at the border: in front of a boundary it is the part before's, behind it the part after's */
    check_gaps(MIXED "--b\n\nAA\n|--b\n\nBB\n--b--", "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AA\n2 text/plain =BB");
    check_gaps(MIXED "--b\n\nAA\n--b\n|\nBB\n--b--", "- multipart/mixed LOST:10\n1 text/plain =AA\n2 text/plain LOST:10 =BB");
    /* preamble and epilogue are the multipart's own */
    check_gaps(MIXED "pre|amble\n--b\n\nAA\n--b--\nepi|logue", "- multipart/mixed LOST:20\n1 text/plain =AA");
    /* a nested multipart is not marked, the root is */
    check_gaps(MIXED "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nA|A\n--c\n\nBB\n--c--\n--b--",
               "- multipart/mixed LOST:10\n1 multipart/alternative\n1.1 text/plain LOST:10 =AA\n1.2 text/plain =BB");
    /* an attached message is exported as a whole: it and its root are */
    check_gaps(MIXED "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nA|A\n--c\n\nBB\n--c--\n--b\n\nCC\n--b--",
               "- multipart/mixed LOST:10\n1 message/rfc822 M LOST:10\n1 multipart/mixed LOST:10\n1.1 text/plain LOST:10 =AA\n1.2 text/plain =BB\n2 text/plain =CC");
    check_gaps(MIXED "--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nYWJj\nZG|Vm\nZ2hp\n--b\n\nBB\n--b--",
               "- multipart/mixed LOST:10\n1 image/png A LOST:10 =abcghi\n2 text/plain =BB");
}

static void test_gaps_in_boundaries(void)
{
    /* the hole ends where the boundary begins, or took some of it */
    check_gaps(LONG BOUNDARY "\n\nAA|" BOUNDARY "\n\nBB\n" BOUNDARY "--", "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AA\n2 text/plain =BB");
    check_gaps(LONG BOUNDARY "\n\nAA|NextPart_0001\n\nBB\n" BOUNDARY "--", "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AA\n2 text/plain =BB");
    check_gaps(LONG BOUNDARY "\n\nAA|NextPart_0001--\nepilogue", "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AA");
    /* only of it: no part is touched */
    check_gaps(LONG BOUNDARY "\n\nAA\n------=_Nex|art_0001\n\nBB\n" BOUNDARY "--", "- multipart/mixed LOST:10\n1 text/plain =AA\n2 text/plain =BB");
    /* its end and what is behind */
    check_gaps(LONG BOUNDARY "\n\nAA\n------=_Nex|\n\nBB\n" BOUNDARY "--", "- multipart/mixed LOST:10\n1 text/plain =AA\n2 text/plain LOST:10 =/BB");
    /* all of it: the next part is the tail of this one, which is marked; the one behind is exact */
    check_gaps(LONG BOUNDARY "\n\nAA|BB\n" BOUNDARY "\n\nCC\n" BOUNDARY "--", "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AABB\n2 text/plain =CC");
    /* all of it and the first of the header behind: what is left of the header says that a part begins */
    check_gaps(LONG BOUNDARY "\n\nAA|lain\nContent-Disposition: attachment; filename=a.txt\n\nBB\n" BOUNDARY "\n\nCC\n" BOUNDARY "--",
               "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AA\n2 text/plain @a.txt A LOST:0 =BB\n3 text/plain =CC");
    check_gaps(LONG "pre|Content-Type: image/png\n\nBB\n" BOUNDARY "--", "- multipart/mixed LOST:10\n1 image/png A LOST:0 =BB");
    /* the closing boundary of an inner multipart */
    check_gaps(MIXED "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nA|\n--b\n\nBB\n--b--",
               "- multipart/mixed LOST:10\n1 multipart/alternative {missing_close_boundary}\n1.1 text/plain LOST:10 =A\n2 text/plain =BB");
    /* the header field that named the boundary */
    check_gaps("Subject: x|\n\n--b\nContent-Type: text/html\n\nAA\n--b\n\nBB\n--b--", "- multipart/mixed LOST:10 {missing_boundary}\n1 text/html =AA\n2 text/plain =BB");
}

#define B64_LINE "YWJjYWJjYWJjYWJjYWJjYWJj"
#define B64_TEXT "abcabcabcabcabcabc"

/* The hole took a boundary and all of the header behind it, or so much of the header that the encoding is not known. */
static void test_gaps_in_part_headers(void)
{
    check_gaps(MIXED "--b\n\nAA|YWJj" B64_LINE "\n" B64_LINE "\nYWI=\n--b--",
               "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AA\n2 application/octet-stream A LOST:0 {part_header_lost} =abc" B64_TEXT B64_TEXT "ab");
    /* in the middle of a quantum */
    check_gaps(MIXED "--b\n\nAA|mNhYmNh" B64_LINE "\n" B64_LINE "\n--b\n\nCC\n--b--",
               "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AA\n2 application/octet-stream A LOST:0 {part_header_lost} =bca" B64_TEXT B64_TEXT "\n3 text/plain =CC");
    /* in front of a line */
    check_gaps(MIXED "--b\n\nAA|\n" B64_LINE "\n" B64_LINE "\n--b--",
               "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AA\n2 application/octet-stream A LOST:0 {part_header_lost} =" B64_TEXT B64_TEXT);
    /* the rest of a boundary in front, a hole further behind, no closing boundary */
    check_gaps(LONG BOUNDARY "\n\nAA\n--|" B64_LINE "\n" B64_LINE "\nYW|J\n" B64_LINE "\n",
               "- multipart/mixed LOST:20 {missing_close_boundary}\n1 text/plain LOST:10 =AA/--\n2 application/octet-stream A LOST:10 {part_header_lost} =" B64_TEXT B64_TEXT B64_TEXT);
    /* some of the header is left */
    check_gaps(MIXED "--b\nContent-Type: application/pdf; name=a.pdf\nContent-Disp|n\n" B64_LINE "\n" B64_LINE "\n--b--",
               "- multipart/mixed LOST:10\n1 application/pdf @a.pdf A LOST:10 {part_without_blank_line part_header_lost} =" B64_TEXT B64_TEXT);
    check_gaps(MIXED "--b\nContent-Type: application/pdf; name=a.pdf\nX: |y\n\n" B64_LINE "\n" B64_LINE "\n--b--",
               "- multipart/mixed LOST:10\n1 application/pdf @a.pdf A LOST:10 {part_header_lost} =" B64_TEXT B64_TEXT);
    check_gaps("Subject: |" B64_LINE "\n" B64_LINE "\n" B64_LINE "\n", "1 application/octet-stream A LOST:10 {part_without_blank_line part_header_lost} =" B64_TEXT B64_TEXT);
    /* what is no base64, or has been base64 before the hole */
    check_gaps(MIXED "--b\n\nAA|text and\nmore of the text\n--b--", "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AAtext and/more of the text");
    check_gaps(MIXED "--b\n\nAA|\nabcdabcdabcdabcd\nis a key\n--b--", "- multipart/mixed LOST:10\n1 text/plain LOST:10 =AA/abcdabcdabcdabcd/is a key");
    check_gaps(MIXED "--b\n\n-----BEGIN PGP MESSAGE-----\n\n" B64_LINE "\nYW|Jj\n" B64_LINE "\n" B64_LINE "\n--b--",
               "- multipart/mixed LOST:10\n1 text/plain LOST:10 =-----BEGIN PGP MESSAGE-----//" B64_LINE "/YWJj/" B64_LINE "/" B64_LINE);
    check_gaps(MIXED "--b\nX: |y\nContent-Transfer-Encoding: 7bit\n\n" B64_LINE "\n" B64_LINE "\n--b--",
               "- multipart/mixed LOST:10\n1 text/plain LOST:10 =" B64_LINE "/" B64_LINE);
}

static void test_cut(void)
{
    check_gaps("Subject: x\n\nAA#", "1 text/plain LOST:0 =AA");
    check_gaps("Subj#", "1 text/plain LOST:0 =Subj");
    check_gaps(MIXED "--b\n\nAA\n--b\n\nBB\n#", "- multipart/mixed LOST:0 {missing_close_boundary}\n1 text/plain =AA\n2 text/plain LOST:0 =BB/");
    check_gaps(MIXED "--b\n\nAA\n--b--\n#", "- multipart/mixed LOST:0\n1 text/plain =AA");
    check_gaps(MIXED "--b\n\nAA\n--b\n#", "- multipart/mixed LOST:0 {missing_close_boundary}\n1 text/plain =AA");
    check_gaps("Content-Type: multipart/mixed; bound#", "1 multipart/mixed LOST:0 {bad_parameter missing_boundary} =");
    mime_message *message = mime_message_parse(slice_of("A: b\n\n"), NULL, 0, TRUE);
    g_assert_cmphex(message->anomalies, ==, BIT(MESSAGE_CUT));
    mime_message_free(message);
}

/* Every cut and every single hole of a message: what comes behind a hole is exact. */
static void test_every_gap(void)
{
    static const char in[] = LONG "preamble\n" BOUNDARY "\n" TEXT "AAAA\n" BOUNDARY "\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nYWJj\n" BOUNDARY "\n\nCCCC\n" BOUNDARY "--\n";
    const gsize last = strlen(in) - strlen("\nCCCC\n" BOUNDARY "--\n");
    for (gsize at = 0; at < strlen(in); at++) {
        for (gsize len = 1; at + len <= strlen(in) && len < 60; len++) {
            GString *text = g_string_new(in);
            mime_gap gap = {at, len};
            g_string_erase(text, (gssize)at, (gssize)len);
            mime_message *message = mime_message_parse(slice_of(text->str), &gap, 1, FALSE);
            check_invariants(message);
            g_assert_false(message->root->complete);
            /* A hole that ends in front of the last boundary but one leaves the last part as it was. */
            if (at + len < last - strlen(BOUNDARY) && at > strlen(LONG)) {
                const mime_part *part = g_ptr_array_index(message->parts, message->parts->len - 1);
                g_assert_true(part->complete);
                g_assert_cmpmem(text->str + part->body_offset, part->body_length, "CCCC", 4);
            }
            mime_message_free(message);
            g_string_free(text, TRUE);
        }
    }
}

static void test_every_cut(void)
{
    static const char in[] = MIXED "pre\n--b\nContent-Type: message/rfc822\n\n" INNER "\nAA\n--b\nContent-Type: multipart/alternative; boundary=\"c\"\n\n--c\n\nB\n--c--\n--b--\n";
    for (gsize len = 0; len <= strlen(in); len++) {
        guint8 *copy = g_memdup2(in, len); /* an exact copy: a read beyond its end shows under ASan */
        mime_message *message = mime_message_parse((slice){copy, len}, NULL, 0, TRUE);
        check_invariants(message);
        for (guint i = 0; i < message->parts->len; i++)
            g_byte_array_unref(mime_part_decode(message, g_ptr_array_index(message->parts, i), NULL));
        mime_message_free(message);
        g_free(copy);
    }
}

/* ---- limits ---- */

static void test_depth(void)
{
    for (guint depth = LIMIT_MIME_DEPTH - 1; depth <= LIMIT_MIME_DEPTH + 2; depth++) {
        GString *text = g_string_new(NULL);
        for (guint i = 0; i < depth; i++)
            g_string_append_printf(text, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
        g_string_append(text, "\nbody\n");
        for (guint i = depth; i-- > 0;)
            g_string_append_printf(text, "--b%u--\n", i);
        mime_message *message = mime_message_parse(slice_of(text->str), NULL, 0, FALSE);
        check_invariants(message);
        g_assert_cmpuint(message->parts->len, ==, MIN(depth, LIMIT_MIME_DEPTH) + 1);
        g_assert_cmphex(message->anomalies, ==, depth > LIMIT_MIME_DEPTH ? BIT(NESTING_LIMIT) : 0);
        mime_message_free(message);
        g_string_free(text, TRUE);
    }
}

static void test_message_depth(void)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < 2 * LIMIT_MIME_DEPTH; i++)
        g_string_append(text, "Content-Type: message/rfc822\n\n");
    mime_message *message = mime_message_parse(slice_of(text->str), NULL, 0, FALSE);
    check_invariants(message);
    g_assert_cmpuint(message->parts->len, ==, LIMIT_MIME_DEPTH + 1);
    g_assert_cmphex(message->anomalies, ==, BIT(NESTING_LIMIT));
    mime_message_free(message);
    g_string_free(text, TRUE);
}

static void test_parts(void)
{
    for (guint count = LIMIT_MIME_PARTS - 2; count <= LIMIT_MIME_PARTS + 1; count++) {
        GString *text = g_string_new(MIXED);
        for (guint i = 0; i < count; i++)
            g_string_append(text, "--b\n\nx\n");
        g_string_append(text, "--b--\n");
        mime_message *message = mime_message_parse(slice_of(text->str), NULL, 0, FALSE);
        check_invariants(message);
        g_assert_cmpuint(message->parts->len, ==, MIN(count + 1, LIMIT_MIME_PARTS));
        g_assert_cmphex(message->anomalies, ==, count + 1 >= LIMIT_MIME_PARTS ? BIT(PART_LIMIT) : 0);
        mime_message_free(message);
        g_string_free(text, TRUE);
    }
}

/* One thing again and again. */
static void test_repetitions(void)
{
    static const char *const starts[] = {MIXED, "Content-Type: multipart/mixed\n\n", "", "Subject: x\n\n",
                                         "Content-Type: multipart/digest; boundary=b\n\n"};
    static const char *const patterns[] = {"--b\n", "--b\n\nx\n", "--", "--\n", "--x\n", "--bb\n", "\n", "a", "a\n", ":\n", "a:\n", " \n", "--b\nContent-Type: multipart/mixed\n\n",
                                           "--b\nContent-Type: message/rfc822\n\n", "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n", "--b\na\n", "a: =?\n"};
    for (gsize s = 0; s < G_N_ELEMENTS(starts); s++) {
        for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
            GString *text = g_string_new(starts[s]);
            while (text->len < 1000000)
                g_string_append(text, patterns[i]);
            mime_message *message = mime_message_parse(slice_of(text->str), NULL, 0, FALSE);
            check_invariants(message);
            mime_message_free(message);
            g_string_free(text, TRUE);
        }
    }
}

static gboolean take_one(slice piece, void *user)
{
    guint *pieces = user;
    g_assert_cmpuint(piece.len, <, 1000);
    ++*pieces;
    return FALSE;
}

/* Bodies of many pieces, with a hole and without, in each encoding; whoever has enough gets no more. */
static void test_pieces(void)
{
    static const char *const encodings[] = {"base64", "quoted-printable", "7bit", "x-uuencode", "x-yenc", "binhex", "x-strange"};
    for (guint i = 0; i < G_N_ELEMENTS(encodings); i++) {
        GString *text = g_string_new(NULL);
        g_string_printf(text, "Content-Transfer-Encoding: %s\r\n\r\n", encodings[i]);
        if (strcmp(encodings[i], "x-uuencode") == 0)
            g_string_append(text, "begin 644 x\r\n");
        if (strcmp(encodings[i], "x-yenc") == 0)
            g_string_append(text, "=ybegin line=128 size=3 name=x\r\n");
        for (guint line = 0; line < 5000; line++)
            g_string_append_printf(text, "M%04u=C3=BC- AAAABBBBccccDDDD+/+/aaaaa0000111122223333444455556666\r\n", line);
        for (guint holes = 0; holes < 3; holes++) {
            mime_gap gaps[2] = {{100, 50}, {text->len / 2, 1000}};
            mime_message *message = mime_message_parse((slice){(const guint8 *)text->str, text->len}, gaps, holes, FALSE);
            guint pieces = 0;
            g_byte_array_unref(decode(message, message->root));
            mime_part_read(message->root, take_one, &pieces);
            g_assert_cmpuint(pieces, <=, 1);
            mime_message_free(message);
        }
        g_string_free(text, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mime_parser/single", test_single);
    g_test_add_func("/mime_parser/multipart", test_multipart);
    g_test_add_func("/mime_parser/similar_boundaries", test_similar_boundaries);
    g_test_add_func("/mime_parser/nested", test_nested);
    g_test_add_func("/mime_parser/missing_boundary", test_missing_boundary);
    g_test_add_func("/mime_parser/boundary_never_occurs", test_boundary_never_occurs);
    g_test_add_func("/mime_parser/messages", test_messages);
    g_test_add_func("/mime_parser/message_of_header_only", test_message_of_header_only);
    g_test_add_func("/mime_parser/attachments", test_attachments);
    g_test_add_func("/mime_parser/encodings", test_encodings);
    g_test_add_func("/mime_parser/encoded_composites", test_encoded_composites);
    g_test_add_func("/mime_parser/encoded_depth", test_encoded_depth);
    g_test_add_func("/mime_parser/embedded_files", test_embedded_files);
    g_test_add_func("/mime_parser/blocks", test_blocks);
    g_test_add_func("/mime_parser/preamble", test_preamble);
    g_test_add_func("/mime_parser/bare_cr", test_bare_cr);
    g_test_add_func("/mime_parser/strange_boundaries", test_strange_boundaries);
    g_test_add_func("/mime_parser/two_names", test_two_names);
    g_test_add_func("/mime_parser/nul_and_8bit", test_nul_and_8bit);
    g_test_add_func("/mime_parser/fields", test_fields);
    g_test_add_func("/mime_parser/foxmail", test_foxmail);
    g_test_add_func("/mime_parser/senders", test_senders);
    g_test_add_func("/mime_parser/gaps", test_gaps);
    g_test_add_func("/mime_parser/gaps_in_boundaries", test_gaps_in_boundaries);
    g_test_add_func("/mime_parser/gaps_in_part_headers", test_gaps_in_part_headers);
    g_test_add_func("/mime_parser/cut", test_cut);
    g_test_add_func("/mime_parser/every_gap", test_every_gap);
    g_test_add_func("/mime_parser/every_cut", test_every_cut);
    g_test_add_func("/mime_parser/depth", test_depth);
    g_test_add_func("/mime_parser/message_depth", test_message_depth);
    g_test_add_func("/mime_parser/parts", test_parts);
    g_test_add_func("/mime_parser/pieces", test_pieces);
    g_test_add_func("/mime_parser/repetitions", test_repetitions);
    return g_test_run();
}
