/* test_stream_assembler.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "stream_assembler.h"

/* What the sink got: both sides' events in one line of text, and the bytes. */
typedef struct received {
    GString *log;
    GByteArray *bytes[2]; /* gaps as '?' */
    guint64 missing[2];
    gboolean ended[2];
} received;

static void on_bytes(int side, guint64 offset, slice bytes, void *user)
{
    received *got = user;
    g_assert_cmpuint(offset, ==, got->bytes[side]->len);
    g_assert_false(got->ended[side]);
    g_string_append_printf(got->log, "%c:%.*s ", side ? 'b' : 'a', (int)bytes.len, (const char *)bytes.data);
    g_byte_array_append(got->bytes[side], bytes.data, (guint)bytes.len);
}

static void on_gap(int side, guint64 offset, guint64 missing, void *user)
{
    received *got = user;
    g_assert_cmpuint(offset, ==, got->bytes[side]->len);
    g_assert_cmpuint(missing, >, 0);
    g_string_append_printf(got->log, "%c?%u ", side ? 'b' : 'a', (guint)missing);
    for (guint64 i = 0; i < missing; i++)
        g_byte_array_append(got->bytes[side], (const guint8 *)"?", 1);
    got->missing[side] += missing;
}

static void on_end(int side, void *user)
{
    received *got = user;
    g_assert_false(got->ended[side]);
    got->ended[side] = TRUE;
    g_string_append_printf(got->log, "%c. ", side ? 'b' : 'a');
}

static const stream_sink sink = {on_bytes, on_gap, on_end};

static received *received_new(void)
{
    received *got = g_new0(received, 1);
    got->log = g_string_new(NULL);
    for (int side = 0; side < 2; side++)
        got->bytes[side] = g_byte_array_new();
    return got;
}

static void received_free(received *got)
{
    g_string_free(got->log, TRUE);
    for (int side = 0; side < 2; side++)
        g_byte_array_unref(got->bytes[side]);
    g_free(got);
}

/* One segment of a table test. `wire`: length on the wire when longer than the text. */
typedef struct segment_row {
    int side;
    guint flags;
    guint32 seq, ack;
    const char *text;
    guint32 wire;
} segment_row;

typedef struct table_case {
    const char *name;
    const char *expected;
    segment_row rows[16];
    gboolean flush;
} table_case;

#define A STREAM_ACK
#define ISN_A 0xfffffff0U /* the sequence numbers wrap soon */
#define ISN_B 500U
#define SYN_BOTH {0, STREAM_SYN, ISN_A, 0, "", 0}, {1, STREAM_SYN | A, ISN_B, ISN_A + 1, "", 0}
#define SEQ_A(n) (ISN_A + 1 + (n))
#define SEQ_B(n) (ISN_B + 1 + (n))

static const table_case cases[] = {
    {"in order", "b:220 a:EHLO b:250 ",
     {SYN_BOTH, {1, A, SEQ_B(0), SEQ_A(0), "220", 0}, {0, A, SEQ_A(0), SEQ_B(3), "EHLO", 0}, {1, A, SEQ_B(3), SEQ_A(4), "250", 0}}, FALSE},
    {"out of order, over the wrap", "a:0123456789 a:abcdefghij a:KLMNO ",
     {SYN_BOTH, {0, A, SEQ_A(10), SEQ_B(0), "abcdefghij", 0}, {0, A, SEQ_A(20), SEQ_B(0), "KLMNO", 0}, {0, A, SEQ_A(0), SEQ_B(0), "0123456789", 0}}, FALSE},
    {"the same again", "a:abc ", {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "abc", 0}, {0, A, SEQ_A(0), SEQ_B(0), "abc", 0}}, FALSE},
    {"longer again", "a:abc a:def ", {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "abc", 0}, {0, A, SEQ_A(0), SEQ_B(0), "abcdef", 0}}, FALSE},
    {"overlapping", "a:abcd a:ef ", {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "abcd", 0}, {0, A, SEQ_A(2), SEQ_B(0), "cdef", 0}}, FALSE},
    {"overlap among waiting ones", "a:ab a:cdef a:gh ",
     {SYN_BOTH, {0, A, SEQ_A(2), SEQ_B(0), "cdef", 0}, {0, A, SEQ_A(4), SEQ_B(0), "efgh", 0}, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}}, FALSE},
    {"keep-alive of one byte", "a:ab a:c ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {0, A, SEQ_A(1), SEQ_B(0), "\1", 0}, {0, A, SEQ_A(2), SEQ_B(0), "c", 0}}, FALSE},
    {"reply captured before its command", "a:EHLO b:250 ",
     {SYN_BOTH, {1, A, SEQ_B(0), SEQ_A(4), "250", 0}, {0, A, SEQ_A(0), SEQ_B(0), "EHLO", 0}}, FALSE},
    {"no SYN: the first data counts", "a:def b:ok ",
     {{0, A, SEQ_A(100), SEQ_B(7), "def", 0}, {1, A, SEQ_B(7), SEQ_A(103), "ok", 0}}, FALSE},
    {"one side only", "b:250 b:354 ", {{1, A, SEQ_B(9), SEQ_A(50), "250", 0}, {1, A, SEQ_B(12), SEQ_A(60), "354", 0}}, FALSE},
    {"cut by the snapshot length", "a:abc a?5 a:xy ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "abc", 8}, {0, A, SEQ_A(8), SEQ_B(0), "xy", 0}}, FALSE},
    {"hole, and the close says it is one", "a:ab a?2 a:ef a. b. ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {0, A, SEQ_A(4), SEQ_B(0), "ef", 0}, {0, A | STREAM_FIN, SEQ_A(6), SEQ_B(0), "", 0},
      {1, A | STREAM_FIN, SEQ_B(0), SEQ_A(7), "", 0}, {0, A, SEQ_A(7), SEQ_B(1), "", 0}}, FALSE},
    {"out of order, and the rest comes behind the close", "a:abcd a:ef a:gh b:ok b. a. ",
     {SYN_BOTH, {1, A, SEQ_B(0), SEQ_A(4), "", 0}, {0, A, SEQ_A(0), SEQ_B(0), "abcd", 0}, {1, A, SEQ_B(0), SEQ_A(8), "ok", 0},
      {0, A | STREAM_FIN, SEQ_A(8), SEQ_B(2), "", 0}, {1, A | STREAM_FIN, SEQ_B(2), SEQ_A(9), "", 0}, {0, A, SEQ_A(9), SEQ_B(3), "", 0},
      {0, A, SEQ_A(6), SEQ_B(0), "gh", 0}, {0, A, SEQ_A(4), SEQ_B(0), "ef", 0}}, FALSE},
    {"a hole of two turns, and what was said in between", "a:ab a?2 b:ok a?3 a:ef ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {1, A, SEQ_B(0), SEQ_A(4), "ok", 0}, {0, A, SEQ_A(7), SEQ_B(2), "ef", 0}}, TRUE},
    {"hole at the very end", "a:ab a?3 a. b. ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {1, A, SEQ_B(0), SEQ_A(5), "", 0}, {0, STREAM_RST | A, SEQ_A(5), SEQ_B(0), "", 0}}, FALSE},
    {"hole at the very end, acknowledged by nobody", "a:ab a?3 a. ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {0, STREAM_RST | A, SEQ_A(5), SEQ_B(0), "", 0}}, TRUE},
    {"reset", "a:ab a. b. ", {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {0, STREAM_RST, SEQ_A(2), 0, "", 0}}, FALSE},
    {"a forged reset ahead of the window", "a:ab a:cd ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {0, STREAM_RST, SEQ_A(300), 0, "", 0}, {0, A, SEQ_A(2), SEQ_B(0), "cd", 0}}, TRUE},
    {"an old reset", "a:ab a:cd ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {0, STREAM_RST, SEQ_A(1), 0, "", 0}, {0, A, SEQ_A(2), SEQ_B(0), "cd", 0}}, TRUE},
    {"a reset far away", "a:ab a:cd ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {0, STREAM_RST, SEQ_A(0x40000000), 0, "", 0}, {0, A, SEQ_A(2), SEQ_B(0), "cd", 0}}, TRUE},
    {"a forged acknowledgement far away, and a reset", "a:ab b. a. ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {1, A | STREAM_RST, SEQ_B(0), SEQ_A(0x40000000), "", 0}}, FALSE},
    {"bytes that somebody made up, behind the FIN", "a:ab a. b. ",
     {SYN_BOTH, {0, A, SEQ_A(0x40000000), SEQ_B(0), "x", 0}, {0, A | STREAM_FIN, SEQ_A(0), SEQ_B(0), "ab", 0},
      {1, A | STREAM_FIN, SEQ_B(0), SEQ_A(3), "", 0}, {0, A, SEQ_A(3), SEQ_B(1), "", 0}}, FALSE},
    {"flush", "a:ab a?2 a:ef ", {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(0), "ab", 0}, {0, A, SEQ_A(4), SEQ_B(0), "ef", 0}}, TRUE},
    {"flush: a hole behind what acknowledges bytes that were never sent", "b. a:ab a?2 a:ef ",
     {SYN_BOTH, {0, A, SEQ_A(0), SEQ_B(100), "ab", 0}, {0, A, SEQ_A(4), SEQ_B(0), "ef", 0}, {1, A | STREAM_FIN, SEQ_B(0), SEQ_A(0), "", 0}}, TRUE},
    {"FIN with data, retransmitted", "a:QUIT a. ",
     {SYN_BOTH, {0, A | STREAM_FIN, SEQ_A(0), SEQ_B(0), "QUIT", 0}, {0, A | STREAM_FIN, SEQ_A(0), SEQ_B(0), "QUIT", 0}}, FALSE},
    {"FIN before the data", "a:QUIT a. ",
     {SYN_BOTH, {0, A | STREAM_FIN, SEQ_A(4), SEQ_B(0), "", 0}, {0, A, SEQ_A(0), SEQ_B(0), "QUIT", 0}}, FALSE},
};

static void feed_row_at(stream_assembler *assembler, const segment_row *row, guint64 time)
{
    slice payload = slice_of(row->text);
    guint32 length = MAX(row->wire, (guint32)payload.len);
    stream_segment segment = {row->side, row->flags, row->seq, row->ack, payload, length, time};
    stream_assembler_segment(assembler, &segment);
}

static void feed_row(stream_assembler *assembler, const segment_row *row)
{
    feed_row_at(assembler, row, 0);
}

static void test_table(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        received *got = received_new();
        stream_assembler *assembler = stream_assembler_new(&sink, got);
        for (guint row = 0; row < 16 && cases[i].rows[row].text; row++)
            feed_row(assembler, &cases[i].rows[row]);
        if (cases[i].flush)
            stream_assembler_flush(assembler);
        g_test_message("%s", cases[i].name);
        g_assert_cmpstr(got->log->str, ==, cases[i].expected);
        stream_assembler_free(assembler);
        received_free(got);
    }
}

/* A capture that is out of order, with a hole that both sides' close leaves: it waits for the end of the capture, unless
 * that is too late for whoever looks. */
static void test_hurry(void)
{
    static const segment_row rows[] = {
        SYN_BOTH,
        {1, A, SEQ_B(0), SEQ_A(4), "", 0},
        {0, A, SEQ_A(0), SEQ_B(0), "abcd", 0},
        {0, A | STREAM_FIN, SEQ_A(6), SEQ_B(0), "gh", 0},
        {1, A | STREAM_FIN, SEQ_B(0), SEQ_A(9), "", 0},
        {0, A, SEQ_A(9), SEQ_B(1), "", 0},
    };
    for (int hurried = 0; hurried < 2; hurried++) {
        received *got = received_new();
        stream_assembler *assembler = stream_assembler_new(&sink, got);
        stream_assembler_hurry(assembler, hurried);
        for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
            feed_row(assembler, &rows[i]);
        g_assert_cmpstr(got->log->str, ==, hurried ? "a:abcd a?2 a:gh a. b. " : "a:abcd ");
        g_assert_true(stream_assembler_is_over(assembler) == hurried);
        stream_assembler_flush(assembler);
        g_assert_cmpstr(got->log->str, ==, "a:abcd a?2 a:gh a. b. ");
        stream_assembler_free(assembler);
        received_free(got);
    }
}

/* A hole is given up STREAM_GRACE_SEGMENTS after it was acknowledged: not one before. */
static void test_grace(void)
{
    received *got = received_new();
    stream_assembler *assembler = stream_assembler_new(&sink, got);
    static const segment_row start[] = {SYN_BOTH, {0, A, SEQ_A(3), SEQ_B(0), "def", 0}};
    for (guint i = 0; i < G_N_ELEMENTS(start); i++)
        feed_row(assembler, &start[i]);
    segment_row ack = {1, A, SEQ_B(0), SEQ_A(6), "", 0};
    for (int i = 0; i < STREAM_GRACE_SEGMENTS; i++)
        feed_row(assembler, &ack);
    g_assert_cmpstr(got->log->str, ==, "");
    g_assert_true(stream_assembler_is_waiting(assembler));
    feed_row(assembler, &ack);
    g_assert_cmpstr(got->log->str, ==, "a?3 a:def ");
    stream_assembler_free(assembler);
    received_free(got);
}

/* A capture with a hole in front of "def", and then segments at these times until one of them brings the verdict. */
typedef struct patience_case {
    const char *name;
    segment_row passing[2]; /* in turn */
    gint64 times[2];        /* of the n-th pair: start + n * step for each */
    gint64 steps[2];
    int verdict; /* in this segment, counted from 0 behind the start; -1: not within 40 */
    gboolean one_way;
} patience_case;

#define ACK_ALL {1, A, SEQ_B(0), SEQ_A(6), "", 0}
#define ACK_NONE {1, A, SEQ_B(0), SEQ_A(0), "", 0}
#define AGAIN {0, A, SEQ_A(3), SEQ_B(0), "def", 0}

static const patience_case patience[] = {
    {"a segment a second: the fifth is the first that may decide", {ACK_ALL, ACK_ALL}, {10000, 11000}, {2000, 2000}, 4, FALSE},
    {"quick ones wait", {ACK_ALL, ACK_ALL}, {10000, 10001}, {2, 2}, -1, FALSE},
    {"100 ms: behind three seconds", {ACK_ALL, ACK_ALL}, {10000, 10100}, {200, 200}, 31, FALSE},
    {"not acknowledged: never by time", {ACK_NONE, ACK_NONE}, {10000, 20000}, {20000, 20000}, -1, FALSE},
    {"two clocks: only that of the side that acknowledges counts", {ACK_ALL, AGAIN}, {10000, 900000}, {1, 1}, -1, FALSE},
    {"a clock that goes backwards proves nothing", {ACK_ALL, ACK_ALL}, {900000, 899000}, {-2000, -2000}, -1, FALSE},
    {"no clock", {ACK_ALL, ACK_ALL}, {0, 0}, {0, 0}, -1, FALSE},
    {"one direction: a minute", {AGAIN, AGAIN}, {10000, 20000}, {20000, 20000}, 7, TRUE},
};

static void test_patience(void)
{
    static const segment_row start[] = {{0, STREAM_SYN, ISN_A, 0, "", 0}, {1, STREAM_SYN | A, ISN_B, ISN_A + 1, "", 0}, AGAIN};
    for (guint i = 0; i < G_N_ELEMENTS(patience); i++) {
        const patience_case *one = &patience[i];
        received *got = received_new();
        stream_assembler *assembler = stream_assembler_new(&sink, got);
        for (guint row = 0; row < G_N_ELEMENTS(start); row++)
            if (!one->one_way || start[row].side == 0)
                feed_row_at(assembler, &start[row], (guint64)one->times[start[row].side]);
        int verdict = -1;
        for (int n = 0; n < 40 && verdict < 0; n++) {
            feed_row_at(assembler, &one->passing[n % 2], (guint64)(one->times[n % 2] + n / 2 * one->steps[n % 2]));
            if (got->log->len)
                verdict = n;
        }
        g_test_message("%s", one->name);
        g_assert_cmpint(verdict, ==, one->verdict);
        g_assert_cmpstr(got->log->str, ==, verdict < 0 ? "" : "a?3 a:def ");
        stream_assembler_free(assembler);
        received_free(got);
    }
}

/* Segments of one byte, behind a hole: their number is bounded as well. */
static void test_bound_of_segments(void)
{
    received *got = received_new();
    stream_assembler *assembler = stream_assembler_new(&sink, got);
    static const segment_row start[] = {SYN_BOTH};
    for (guint i = 0; i < G_N_ELEMENTS(start); i++)
        feed_row(assembler, &start[i]);
    for (guint32 at = 1; at <= STREAM_MAX_PENDING_SEGMENTS + 1; at++) {
        g_assert_cmpuint(got->bytes[0]->len, ==, 0);
        segment_row row = {0, A, SEQ_A(at), SEQ_B(0), "x", 0};
        feed_row(assembler, &row);
    }
    g_assert_cmpuint(got->missing[0], ==, 1);
    g_assert_cmpuint(got->bytes[0]->len, ==, STREAM_MAX_PENDING_SEGMENTS + 2);
    stream_assembler_free(assembler);
    received_free(got);
}

static void test_bound(void)
{
    received *got = received_new();
    stream_assembler *assembler = stream_assembler_new(&sink, got);
    static const segment_row start[] = {SYN_BOTH};
    for (guint i = 0; i < G_N_ELEMENTS(start); i++)
        feed_row(assembler, &start[i]);
    guint32 at = 1; /* byte 0 never comes */
    char *text = g_strnfill(1000, 'x');
    for (gsize bytes = 0; bytes <= STREAM_MAX_PENDING_BYTES; bytes += 1000, at += 1000) {
        g_assert_cmpuint(got->bytes[0]->len, ==, 0);
        segment_row row = {0, A, SEQ_A(at), SEQ_B(0), text, 0};
        feed_row(assembler, &row);
    }
    g_assert_cmpuint(got->missing[0], ==, 1);
    g_assert_cmpuint(got->bytes[0]->len, ==, at);
    g_free(text);
    stream_assembler_free(assembler);
    received_free(got);
}

/* ---- a dialogue cut, shuffled, doubled at random ---- */

typedef struct wire_segment {
    stream_segment segment;
    gboolean dropped;
    double place;
} wire_segment;

/* A side answers to what it has read: segments as they leave an honest pair of hosts. */
static GArray *make_dialogue(GRand *rand, GByteArray **streams, guint32 isn[2])
{
    GArray *wire = g_array_new(FALSE, TRUE, sizeof(wire_segment));
    gsize sent[2] = {0, 0};
    for (int turn = 0; turn < 40; turn++) {
        int side = turn & 1;
        gsize burst = (gsize)g_rand_int_range(rand, 1, 4000);
        gsize until = MIN(sent[side] + burst, streams[side]->len);
        while (sent[side] < until) {
            gsize length = MIN((gsize)g_rand_int_range(rand, 1, 1460), until - sent[side]);
            wire_segment one = {{side, A, isn[side] + 1 + (guint32)sent[side], isn[!side] + 1 + (guint32)sent[!side],
                                 {streams[side]->data + sent[side], length}, (guint32)length, 0}, FALSE, 0};
            g_array_append_val(wire, one);
            sent[side] += length;
        }
    }
    for (int side = 0; side < 2; side++)
        g_byte_array_set_size(streams[side], (guint)sent[side]);
    return wire;
}

static gint by_place(gconstpointer a, gconstpointer b)
{
    const wire_segment *left = a, *right = b;
    return left->place < right->place ? -1 : left->place > right->place;
}

/* No segment is captured more than `window` places late. */
static void shuffle(GRand *rand, GArray *wire, guint window)
{
    for (guint i = 0; i < wire->len; i++)
        g_array_index(wire, wire_segment, i).place = i + g_rand_double_range(rand, 0, window);
    g_array_sort(wire, by_place);
}

static void run_random(guint32 seed, gboolean lossy)
{
    GRand *rand = g_rand_new_with_seed(seed);
    guint32 isn[2] = {g_rand_int(rand), g_rand_int(rand)};
    GByteArray *streams[2];
    for (int side = 0; side < 2; side++) {
        streams[side] = g_byte_array_new();
        for (int i = 0; i < 30000; i++) {
            guint8 byte = (guint8)g_rand_int_range(rand, 'a', 'z');
            g_byte_array_append(streams[side], &byte, 1);
        }
    }
    GArray *wire = make_dialogue(rand, streams, isn);
    guint64 dropped[2] = {0, 0};
    for (guint i = 0; lossy && i < wire->len; i++) {
        wire_segment *one = &g_array_index(wire, wire_segment, i);
        one->dropped = g_rand_int_range(rand, 0, 15) == 0;
        if (one->dropped)
            dropped[one->segment.side] += one->segment.length;
    }
    shuffle(rand, wire, 1 + seed % 24);

    received *got = received_new();
    stream_assembler *assembler = stream_assembler_new(&sink, got);
    for (int side = 0; side < 2; side++)
        stream_assembler_start(assembler, side, isn[side] + 1, TRUE);
    for (guint i = 0; i < wire->len; i++) {
        const wire_segment *one = &g_array_index(wire, wire_segment, i);
        if (one->dropped)
            continue;
        stream_assembler_segment(assembler, &one->segment);
        if (g_rand_int_range(rand, 0, 10) == 0)
            stream_assembler_segment(assembler, &one->segment);
    }
    for (int side = 0; side < 2; side++) {
        stream_segment fin = {side, A | STREAM_FIN, isn[side] + 1 + streams[side]->len, isn[!side] + 1 + streams[!side]->len, SLICE_EMPTY, 0, 0};
        stream_assembler_segment(assembler, &fin);
    }
    stream_assembler_flush(assembler);

    for (int side = 0; side < 2; side++) {
        g_assert_cmpuint(got->bytes[side]->len, ==, streams[side]->len);
        g_assert_cmpuint(got->missing[side], ==, dropped[side]);
        for (guint i = 0; i < streams[side]->len; i++)
            g_assert_true(got->bytes[side]->data[i] == streams[side]->data[i] || got->bytes[side]->data[i] == '?');
        g_byte_array_unref(streams[side]);
    }
    stream_assembler_free(assembler);
    received_free(got);
    g_array_unref(wire);
    g_rand_free(rand);
}

static void test_random(void)
{
    for (guint32 seed = 1; seed <= 200; seed++) {
        run_random(seed, FALSE);
        run_random(seed, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream_assembler/table", test_table);
    g_test_add_func("/stream_assembler/grace", test_grace);
    g_test_add_func("/stream_assembler/hurry", test_hurry);
    g_test_add_func("/stream_assembler/patience", test_patience);
    g_test_add_func("/stream_assembler/bound", test_bound);
    g_test_add_func("/stream_assembler/bound_of_segments", test_bound_of_segments);
    g_test_add_func("/stream_assembler/random", test_random);
    return g_test_run();
}
