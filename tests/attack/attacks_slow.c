/* Little, and slowly; or connections, and nothing else. The target's limits of time are in
 * target.c. */
#include <string.h>
#include <unistd.h>

#include "tests/attack/attacks.h"

enum {
    SETTINGS_TIMEOUT = 4,
    ENHANCE_YOUR_CALM = 11,
    STREAMS = 500,
    WAIT_MS = 4000,
    SMALL_SOCKET = 4096,
    CONNECTIONS = 150,
    MANY = 64,
};

static void open_head(struct out *o)
{
    put_request(o, 1, "/t.T/Echo", 0);
}

/* A frame that promises more than comes. */
static void half_head(struct out *o)
{
    struct out whole = {.at = (uint8_t[512]){0}};

    put_request(&whole, 1, "/t.T/Echo", FL_END_HEADERS);
    put(o, whole.at, whole.n - 5);
}

static void ask_closed(struct out *o, unsigned i)
{
    put_request(o, 2 * i + 1, "/t.T/Echo", FL_END_HEADERS);
    put_message(o, 2 * i + 1, 32, true);
}

/* Messages of 60 KB that never end, each within its stream's first window. */
static void half_message(struct out *o, unsigned i)
{
    static const uint8_t zeros[16000];

    put_request(o, 2 * i + 1, "/t.T/Echo", FL_END_HEADERS);
    put_frame(o, F_DATA, 0, 2 * i + 1, "\0\0\1\0\0", 5);
    for (int k = 0; k < 4; k++)
        put_frame(o, F_DATA, 0, 2 * i + 1, zeros, sizeof(zeros) - 1000);
}

static void ask_much(struct out *o, unsigned i)
{
    if (i == 0)
        put_u32_frame(o, F_WINDOW, 0, 0x3fffffff);
    put_request(o, 2 * i + 1, "/t.T/Flood", FL_END_HEADERS | FL_END);
}

/* More connections than the server takes: those over it are told, the others stay. */
static void many_connections(struct wire *w, uint16_t port)
{
    static const uint8_t hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    static struct wire open[CONNECTIONS];
    size_t n = 0;

    for (; n < CONNECTIONS && wire_open(&open[n], port, 0) == 0; n++) {
        (void)wire_send(&open[n], hello, sizeof(hello) - 1, false, 1000);
        if (n % MANY == 0)
            (void)usleep(1000);
    }
    for (size_t i = 0; i < n; i++) {
        if (i + 1 == n)
            wire_read(&open[i], 1000);
        else
            wire_read(&open[i], 0);
        if (open[i].has_goaway)
            *w = open[i];
    }
    wire_read(w, 200);
    w->is_closed |= w->has_goaway;
    for (size_t i = 0; i < n; i++)
        wire_close(&open[i]);
    w->fd = -1;
}

/* clang-format off */
const struct attack slow_attacks[] = {
    {"slow_preface", .no_preface = true, .no_settings = true, .wait_ms = WAIT_MS, .guard = RPC_GUARD_SLOW_STARTS, .end = ENDS},
    {"slow_settings", .no_settings = true, .wait_ms = WAIT_MS, .guard = RPC_GUARD_SLOW_STARTS, .code = SETTINGS_TIMEOUT},
    {"slow_head", .first = open_head, .wait_ms = WAIT_MS, .guard = RPC_GUARD_SLOW_HEADS, .code = ENHANCE_YOUR_CALM},
    {"slow_head_frame", .first = half_head, .wait_ms = WAIT_MS, .guard = RPC_GUARD_SLOW_HEADS, .code = ENHANCE_YOUR_CALM},
    /* The streams go; the connection may stay, it costs no more than an idle one. */
    {"closed_window", .unit = ask_closed, .n_units = STREAMS, .closed_window = true, .wait_ms = WAIT_MS,
     .guard = RPC_GUARD_SLOW_STREAMS, .n_counted = STREAMS, .end = SURVIVES},
    {"deaf_reader", .unit = ask_much, .n_units = 40, .deaf = true, .window = 0x7fffffff, .wait_ms = WAIT_MS,
     .guard = RPC_GUARD_SLOW_READERS, .end = ENDS},
    {"half_messages", .unit = half_message, .n_units = 1000, .wait_ms = 400, .guard = RPC_GUARD_HELD, .n_counted = 500, .end = SURVIVES},
    {"connections", .custom = many_connections, .guard = RPC_GUARD_CONNECTIONS, .n_counted = CONNECTIONS / 4, .code = ENHANCE_YOUR_CALM},
};
/* clang-format on */
const size_t n_slow_attacks = sizeof(slow_attacks) / sizeof(slow_attacks[0]);
