/* Floods: as many frames as go, each cheap to send. */
#include "tests/attack/attacks.h"

#include <stdio.h>
#include <string.h>

enum {
    PROTOCOL_ERROR = 1,
    ENHANCE_YOUR_CALM = 11,
    INITIAL_WINDOW = 4,
    CANCEL = 8,
    BOMB_BYTES = 3900,
    BOMB_USES = 3000,
    BIG_FIELD = 16000,
    DRIBBLE_BYTES = 60000,
};

static uint32_t id(unsigned i)
{
    return 2 * i + 1;
}

static void rapid_reset(struct out *o, unsigned i)
{
    put_request(o, id(i), "/t.T/Echo", FL_END_HEADERS);
    put_u32_frame(o, F_RST, id(i), CANCEL);
}

/* CVE-2025-8671: the server is provoked into resetting, so the client's own resets are none. */
static void provoke_window(struct out *o, unsigned i)
{
    put_request(o, id(i), "/t.T/Echo", FL_END_HEADERS);
    put_u32_frame(o, F_WINDOW, id(i), 0x7fffffff);
}

static void provoke_zero(struct out *o, unsigned i)
{
    put_request(o, id(i), "/t.T/Echo", FL_END_HEADERS);
    put_u32_frame(o, F_WINDOW, id(i), 0);
}

static void provoke_head(struct out *o, unsigned i)
{
    uint8_t block[300];
    size_t n = request_head(block, "/t.T/Echo");

    n += literal(block + n, "UPPER", 5, "x", 1);
    put_frame(o, F_HEADERS, FL_END_HEADERS, id(i), block, n);
}

static void open_block(struct out *o)
{
    put_request(o, 1, "/t.T/Echo", 0);
}

static void continuation(struct out *o, unsigned i)
{
    uint8_t block[200];
    char name[16], value[64];

    (void)snprintf(name, sizeof(name), "x-%07u", i);
    memset(value, 'v', sizeof(value));
    put_frame(o, F_CONTINUATION, 0, 1, block,
              literal(block, name, strlen(name), value, sizeof(value)));
}

static void continuation_empty(struct out *o, unsigned i)
{
    (void)i;
    put_frame(o, F_CONTINUATION, 0, 1, NULL, 0);
}

static void continuation_blocks(struct out *o, unsigned i)
{
    put_request(o, id(i), "/t.T/Echo", FL_END);
    for (int k = 0; k < 10; k++)
        put_frame(o, F_CONTINUATION, k == 9 ? FL_END_HEADERS : 0, id(i), NULL, 0);
}

static void big_header(struct out *o, unsigned i)
{
    static uint8_t block[BIG_FIELD + 64];
    static char value[BIG_FIELD];

    (void)i;
    memset(value, 'v', sizeof(value));
    put_frame(o, F_CONTINUATION, 0, 1, block, literal(block, "x-big", 5, value, sizeof(value)));
}

/* The field goes into the table once (0x40: incremental indexing), then a byte each names it. */
static void bomb_first(struct out *o)
{
    static uint8_t block[BOMB_BYTES + 300];
    static char value[BOMB_BYTES];
    size_t n = request_head(block, "/t.T/Echo"), at = n;

    memset(value, 'A', sizeof(value));
    n += literal(block + n, "x-bomb", 6, value, sizeof(value));
    block[at] = 0x40;
    put_frame(o, F_HEADERS, FL_END_HEADERS | FL_END, 1, block, n);
}

static void bomb(struct out *o, unsigned i)
{
    static uint8_t block[BOMB_USES + 300];
    size_t n = request_head(block, "/t.T/Echo");

    memset(block + n, 0xbe, BOMB_USES);
    put_frame(o, F_HEADERS, FL_END_HEADERS | FL_END, id(i + 1), block, n + BOMB_USES);
}

static void ping(struct out *o, unsigned i)
{
    (void)i;
    put_frame(o, F_PING, 0, 0, "12345678", 8);
}

static void pong(struct out *o, unsigned i)
{
    (void)i;
    put_frame(o, F_PING, FL_ACK, 0, "12345678", 8);
}

static void settings(struct out *o, unsigned i)
{
    put_settings(o, INITIAL_WINDOW, 65535 + (i & 1));
}

static void open_stream(struct out *o)
{
    put_request(o, 1, "/t.T/Echo", FL_END_HEADERS);
}

static void goaway(struct out *o, unsigned i)
{
    (void)i;
    put_frame(o, F_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
}

static void empty_data(struct out *o, unsigned i)
{
    (void)i;
    put_frame(o, F_DATA, 0, 1, NULL, 0);
}

static void padded_data(struct out *o, unsigned i)
{
    static const uint8_t padding[256] = {255};

    (void)i;
    put_frame(o, F_DATA, FL_PADDED, 1, padding, sizeof(padding));
}

static void window_update(struct out *o, unsigned i)
{
    (void)i;
    put_u32_frame(o, F_WINDOW, 0, 1);
}

static void stream_window_update(struct out *o, unsigned i)
{
    (void)i;
    put_u32_frame(o, F_WINDOW, 1, 1);
}

/* CVE-2019-9511, "data dribble": an answer fetched byte by byte. */
static void dribble_first(struct out *o)
{
    put_request(o, 1, "/t.T/Echo", FL_END_HEADERS);
    put_message(o, 1, DRIBBLE_BYTES, false);
}

static void priority(struct out *o, unsigned i)
{
    put_frame(o, F_PRIORITY, 0, id(i), "\0\0\0\0\x10", 5);
}

static void unknown_frame(struct out *o, unsigned i)
{
    static const uint8_t bytes[64];

    (void)i;
    put_frame(o, 0x42, 0, 0, bytes, sizeof(bytes));
}

static void open_without_end(struct out *o, unsigned i)
{
    put_request(o, id(i), "/t.T/Echo", FL_END_HEADERS);
}

/* Answered at once, so that the server resets what is left of the stream: later HEADERS may be
 * late. */
static void late_first(struct out *o)
{
    put_request(o, 1, "/t.T/None", FL_END_HEADERS);
}

static void late_head(struct out *o, unsigned i)
{
    if (i == 0)
        put_frame(o, F_PING, 0, 0, "12345678", 8); /* what is waited for */
    put_request(o, i == 0 ? 3 : 1, "/t.T/None", FL_END_HEADERS);
}

static void skip_first(struct out *o)
{
    for (uint32_t i = 0; i < 100; i++) /* 1, 5, 9 … */
        put_request(o, 4 * i + 1, "/t.T/None", FL_END_HEADERS | FL_END);
}

static void skipped_id(struct out *o, unsigned i)
{
    (void)i;
    put_request(o, 3, "/t.T/Echo", FL_END_HEADERS);
}

/* clang-format off */
const struct attack floods[] = {
    {"rapid_reset", .unit = rapid_reset, .guard = RPC_GUARD_RESETS, .code = ENHANCE_YOUR_CALM},
    {"provoked_reset_window", .unit = provoke_window, .guard = RPC_GUARD_PROVOKED_RESETS, .code = ENHANCE_YOUR_CALM},
    {"provoked_reset_zero", .unit = provoke_zero, .guard = RPC_GUARD_OTHER_RULES, .code = PROTOCOL_ERROR},
    {"provoked_reset_head", .unit = provoke_head, .guard = RPC_GUARD_PROVOKED_RESETS, .code = ENHANCE_YOUR_CALM},
    {"continuation", .first = open_block, .unit = continuation, .guard = RPC_GUARD_LONG_HEADS, .code = ENHANCE_YOUR_CALM},
    {"continuation_empty", .first = open_block, .unit = continuation_empty, .guard = RPC_GUARD_LONG_HEADS, .code = ENHANCE_YOUR_CALM},
    {"continuation_blocks", .unit = continuation_blocks, .guard = RPC_GUARD_CONTINUATIONS, .code = ENHANCE_YOUR_CALM},
    {"big_header", .first = open_block, .unit = big_header, .n_units = 2000, .guard = RPC_GUARD_LONG_HEADS, .code = ENHANCE_YOUR_CALM},
    {"hpack_bomb", .first = bomb_first, .unit = bomb, .n_units = 2000, .guard = RPC_GUARD_LARGE_HEADS, .code = ENHANCE_YOUR_CALM},
    {"ping", .unit = ping, .guard = RPC_GUARD_PINGS, .code = ENHANCE_YOUR_CALM},
    {"ping_deaf", .unit = ping, .deaf = true, .guard = RPC_GUARD_PINGS, .end = ENDS},
    {"pong", .unit = pong, .guard = RPC_GUARD_PINGS, .code = ENHANCE_YOUR_CALM},
    {"settings", .unit = settings, .guard = RPC_GUARD_SETTINGS, .code = ENHANCE_YOUR_CALM},
    {"settings_deaf", .unit = settings, .deaf = true, .guard = RPC_GUARD_SETTINGS, .end = ENDS},
    {"goaway", .first = open_stream, .unit = goaway, .guard = RPC_GUARD_GOAWAYS, .code = ENHANCE_YOUR_CALM},
    {"empty_data", .first = open_stream, .unit = empty_data, .guard = RPC_GUARD_EMPTY_DATA, .code = ENHANCE_YOUR_CALM},
    {"padded_data", .first = open_stream, .unit = padded_data, .acks = true, .guard = RPC_GUARD_EMPTY_DATA, .code = ENHANCE_YOUR_CALM},
    {"window_update", .unit = window_update, .guard = RPC_GUARD_WINDOW_UPDATES, .code = ENHANCE_YOUR_CALM},
    {"stream_window_update", .first = open_stream, .unit = stream_window_update, .guard = RPC_GUARD_WINDOW_UPDATES, .code = ENHANCE_YOUR_CALM},
    {"data_dribble", .first = dribble_first, .unit = stream_window_update, .waits = true, .closed_window = true, .guard = RPC_GUARD_TINY_WINDOWS, .code = ENHANCE_YOUR_CALM},
    {"priority", .unit = priority, .guard = RPC_GUARD_PRIORITIES, .code = ENHANCE_YOUR_CALM},
    {"unknown_frame", .unit = unknown_frame, .guard = RPC_GUARD_UNKNOWN_FRAMES, .code = ENHANCE_YOUR_CALM},
    {"open_streams", .unit = open_without_end, .guard = RPC_GUARD_REFUSED_STREAMS, .code = ENHANCE_YOUR_CALM},
    {"open_streams_acked", .unit = open_without_end, .acks = true, .guard = RPC_GUARD_OTHER_RULES, .code = PROTOCOL_ERROR},
    {"late_heads", .first = late_first, .unit = late_head, .waits = true, .guard = RPC_GUARD_LATE_HEADS, .code = ENHANCE_YOUR_CALM},
    {"reused_id", .first = skip_first, .unit = skipped_id, .n_units = 1, .wait_ms = 1000, .guard = RPC_GUARD_REUSED_IDS, .code = PROTOCOL_ERROR},
};
/* clang-format on */
const size_t n_floods = sizeof(floods) / sizeof(floods[0]);
