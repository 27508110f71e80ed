/* Windows of two sessions with a delay of our making between them: no sockets, no clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/limits.h"
#include "lib/rpc/session.h"

enum { DELAY_MS = 20, STREAMS_MAX = 400, PULL_BYTES = 64 * 1024, FILL_BYTES = 64 * 1024 };

struct side {
    struct rpc_session *session;
    struct rpc_stream streams[STREAMS_MAX];
    struct arena arenas[STREAMS_MAX];
    size_t n_streams;
    struct buf line[DELAY_MS]; /* what it sent, by when it arrives */
    uint64_t n_received;
    bool is_reading;
};

static struct side client, server;

static struct rpc_stream *add_stream(struct side *side)
{
    struct rpc_stream *st = &side->streams[side->n_streams];
    struct arena *arena = &side->arenas[side->n_streams++];

    arena_init(arena, 64 * 1024);
    *st = (struct rpc_stream){.arena = arena};
    list_init(&st->link);
    buf_init(&st->out, 4 * FILL_BYTES);
    return st;
}

static struct rpc_stream *stream_new(void *user)
{
    return add_stream(user);
}

static void side_init(struct side *side, enum rpc_role role)
{
    struct rpc_session_opts opts = {
        .role = role, .max_streams = STREAMS_MAX, .stream_new = stream_new, .user = side};
    struct err err;

    memset(side, 0, sizeof(*side));
    for (int i = 0; i < DELAY_MS; i++)
        buf_init(&side->line[i], 64u << 20);
    assert_int_equal(rpc_session_new(&side->session, &opts, &err), 0);
}

static void side_done(struct side *side)
{
    rpc_session_free(side->session);
    for (size_t i = 0; i < side->n_streams; i++) {
        buf_done(&side->streams[i].out);
        arena_done(&side->arenas[i]);
    }
    for (int i = 0; i < DELAY_MS; i++)
        buf_done(&side->line[i]);
}

static void take_events(struct side *side)
{
    struct rpc_event ev;

    while (rpc_session_next(side->session, &ev) > 0) {
        if (ev.type != RPC_EVENT_DATA)
            continue;
        side->n_received += ev.n;
        if (side->is_reading)
            rpc_stream_consume(ev.stream, ev.n);
    }
}

static void deliver(struct side *from, struct side *to, uint64_t now_ms)
{
    struct buf *b = &from->line[now_ms % DELAY_MS];
    struct err err;

    while (buf_len(b) > 0) { /* as a socket is read */
        size_t n = MIN(buf_len(b), (size_t)PULL_BYTES);

        assert_int_equal(rpc_session_recv(to->session, buf_data(b), n, now_ms, &err), 0);
        buf_consume(b, n);
        take_events(to);
    }
    take_events(to);
    buf_clear(b);
}

static void send_all(struct side *side, uint64_t now_ms)
{
    static uint8_t bytes[PULL_BYTES];
    struct err err;
    ssize_t n;

    while ((n = rpc_session_pull(side->session, bytes, sizeof(bytes), &err)) > 0)
        assert_int_equal(buf_append(&side->line[now_ms % DELAY_MS], bytes, (size_t)n, &err), 0);
    assert_int_equal(n, 0);
}

/* Each of the client's streams always has something to send. */
static void fill(void)
{
    static uint8_t zeros[FILL_BYTES];
    struct err err;

    for (size_t i = 0; i < client.n_streams; i++) {
        struct rpc_stream *st = &client.streams[i];

        while (buf_len(&st->out) < FILL_BYTES)
            assert_int_equal(buf_append(&st->out, zeros, sizeof(zeros), &err), 0);
        rpc_stream_resume(st);
    }
}

static void run(uint64_t *now_ms, unsigned ms)
{
    for (unsigned i = 0; i < ms; i++, ++*now_ms) {
        deliver(&server, &client, *now_ms);
        deliver(&client, &server, *now_ms);
        for (int k = 0; k < 8; k++) { /* at most 8 MiB in a millisecond */
            fill();
            send_all(&client, *now_ms);
        }
        send_all(&server, *now_ms);
    }
}

static void begin(size_t n_streams)
{
    static const nghttp2_nv nv[] = {
        {(uint8_t *)":method", (uint8_t *)"POST", 7, 4, 0},
        {(uint8_t *)":scheme", (uint8_t *)"http", 7, 4, 0},
        {(uint8_t *)":path", (uint8_t *)"/a", 5, 2, 0},
        {(uint8_t *)":authority", (uint8_t *)"a", 10, 1, 0},
    };
    struct err err;

    side_init(&client, RPC_CLIENT);
    side_init(&server, RPC_SERVER);
    for (size_t i = 0; i < n_streams; i++)
        assert_int_equal(
            rpc_session_request(client.session, add_stream(&client), nv, ARRAY_SIZE(nv), &err), 0);
}

/* 40 ms there and back: with the first window that would be 6.5 MB a second. */
static void test_growth(void **state)
{
    uint64_t now_ms = 1, before;

    (void)state;
    begin(1);
    server.is_reading = true;
    run(&now_ms, 2000);
    before = server.n_received;
    run(&now_ms, 400); /* ten round trips */
    assert_int_equal(server.streams[0].window, LIMIT_RPC_STREAM_WINDOW_MAX);
    assert_true(server.n_received - before > 4ull * LIMIT_RPC_STREAM_WINDOW_MAX);
    side_done(&client);
    side_done(&server);
}

/* Of all streams together only so much, or a few that stall would use up what the connection may
 * hold, and stall the others with them. */
static void test_growth_is_shared(void **state)
{
    uint64_t now_ms = 1;
    size_t grown = 0;

    (void)state;
    begin(4);
    server.is_reading = true;
    run(&now_ms, 2000);
    for (size_t i = 0; i < server.n_streams; i++)
        grown += server.streams[i].window - LIMIT_RPC_STREAM_WINDOW;
    assert_int_equal(grown, LIMIT_RPC_CONN_GROWN);
    side_done(&client);
    side_done(&server);
}

/* Nobody reads: each stream keeps one first window, all of them what the connection may hold. */
static void test_unread(void **state)
{
    uint64_t now_ms = 1, stalled;

    (void)state;
    begin(STREAMS_MAX);
    run(&now_ms, 1500);
    stalled = server.n_received;
    assert_true(stalled >= LIMIT_RPC_CONN_UNREAD);
    assert_true(stalled <= LIMIT_RPC_CONN_UNREAD + LIMIT_RPC_CONN_WINDOW + PULL_BYTES);
    for (size_t i = 0; i < server.n_streams; i++)
        assert_int_equal(server.streams[i].window, LIMIT_RPC_STREAM_WINDOW);

    for (size_t i = 0; i < server.n_streams; i++)
        rpc_stream_consume(&server.streams[i], server.streams[i].n_unread);
    server.is_reading = true;
    run(&now_ms, 500);
    assert_true(server.n_received > stalled + 4 * LIMIT_RPC_CONN_WINDOW);
    side_done(&client);
    side_done(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_growth_is_shared),
        cmocka_unit_test(test_unread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
