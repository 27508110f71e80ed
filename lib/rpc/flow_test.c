/* Flow control, limits, drain: what keeps one call or one peer from harming the rest. */
#include "lib/rpc/test_util.h"

#include <malloc.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/limits.h"

/* A server call that sends `left` bytes in messages of `size`, as fast as it is told it may. */
struct pump {
    struct rpc_call *call;
    size_t left, size, most_queued;
    int n_done;
};

static uint8_t block[512 * 1024];

static void pump_more(struct rpc_call *call, void *user)
{
    struct pump *p = user;
    struct err err;
    int r = 0;

    while (p->left > 0 && r == 0) {
        size_t n = MIN(p->left, p->size);

        r = rpc_call_send(call, block, n, &err);
        assert_true(r >= 0);
        p->left -= n;
        p->most_queued = MAX(p->most_queued, rpc_call_queued(call));
    }
    if (p->left == 0)
        rpc_call_finish(call, 0, NULL);
}

static void pump_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct pump *p = user;

    (void)call;
    (void)status;
    p->call = NULL;
    p->n_done++;
}

static const struct rpc_call_ops pump_ops = {.on_writable = pump_more, .on_done = pump_done};

enum { STREAMS = 64 };

struct pumps {
    struct pump pump[STREAMS];
    int n;
    size_t bytes, size;
};

static void on_pump(struct rpc_call *call, void *user)
{
    struct pumps *all = user;
    struct pump *p = &all->pump[all->n++];

    *p = (struct pump){.call = call, .left = all->bytes, .size = all->size};
    rpc_call_set_ops(call, &pump_ops, p);
    pump_more(call, p);
}

/* 63 streams that nobody reads, the 64th gets all of its 24 MiB, and nobody holds more than its
 * window and mark. */
static void test_stalled(void **state)
{
    struct world w = {0};
    struct talk clients[STREAMS] = {0};
    struct pumps pumps = {.bytes = 24 << 20, .size = 16 * 1024};
    struct err err;
    size_t stalled_sent = 0;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Pump", on_pump, &pumps, &err), 0);
    for (int i = 0; i < STREAMS; i++)
        talk_start(&w, &clients[i], "/t.T/Pump", NULL);
    run_until(&w, &pumps.n, STREAMS);
    run_for(&w, 50);
    clients[STREAMS - 1].reads_on = true;
    rpc_call_read(clients[STREAMS - 1].call);
    run_until(&w, &clients[STREAMS - 1].n_done, 1);
    assert_int_equal(clients[STREAMS - 1].n_bytes, pumps.bytes);
    assert_int_equal(clients[STREAMS - 1].code, 0);
    for (int i = 0; i < STREAMS - 1; i++) {
        stalled_sent = pumps.bytes - pumps.pump[i].left;
        assert_int_equal(clients[i].n_messages, 0);
        assert_true(stalled_sent <= LIMIT_RPC_STREAM_WINDOW + LIMIT_RPC_SEND_MARK + 2 * pumps.size);
        assert_true(pumps.pump[i].most_queued <= LIMIT_RPC_SEND_MARK + pumps.size + 5);
    }
    world_down(&w);
}

/* A stalled stream goes on where it was. */
static void test_resume(void **state)
{
    struct world w = {0};
    struct talk client = {0};
    struct pumps pumps = {.bytes = 3 << 20, .size = 40000};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Pump", on_pump, &pumps, &err), 0);
    talk_start(&w, &client, "/t.T/Pump", NULL);
    while (!client.n_done) {
        int n = client.n_messages + 1;

        run_for(&w, 1);
        rpc_call_read(client.call);
        while (client.n_messages < n && !client.n_done)
            (void)loop_turn(w.loop, false);
    }
    assert_int_equal(client.n_bytes, pumps.bytes);
    assert_int_equal(client.code, 0);
    world_down(&w);
}

/* A message far larger than any window passes, both ways. */
static void test_large_message(void **state)
{
    struct world w = {0};
    struct talk client = {.reads_on = true}, server = {.reads_on = true, .echoes = true};
    uint8_t *big = calloc(1, LIMIT_RPC_MESSAGE);
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", talk_handler, &server, &err), 0);
    talk_start(&w, &client, "/t.T/Echo", NULL);
    assert_int_equal(rpc_call_send(client.call, big, LIMIT_RPC_MESSAGE, &err), RPC_WAIT);
    rpc_call_send_end(client.call);
    rpc_call_read(client.call);
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.code, 0);
    assert_int_equal(client.n_bytes, LIMIT_RPC_MESSAGE);
    assert_int_equal(client.n_writable, 0); /* it had half-closed */
    free(big);
    world_down(&w);
}

static void test_writable(void **state)
{
    struct world w = {0};
    struct talk client = {.reads_on = true}, server = {0};
    struct err err;
    int r, n = 0;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Sink", talk_handler, &server, &err), 0);
    talk_start(&w, &client, "/t.T/Sink", NULL);
    while ((r = rpc_call_send(client.call, block, 10000, &err)) == 0)
        n++;
    assert_int_equal(r, RPC_WAIT);
    assert_int_equal(n, LIMIT_RPC_SEND_MARK / 10005);
    run_until(&w, &client.n_writable, 1);
    /* One who ignores RPC_WAIT is refused in the end. */
    while ((r = rpc_call_send(client.call, block, sizeof(block), &err)) >= 0)
        ;
    assert_string_equal(err.reason, "TooLarge");
    assert_true(rpc_call_queued(client.call) <= LIMIT_RPC_MESSAGE + LIMIT_RPC_SEND_MARK + 5);
    world_down(&w);
}

static void test_message_limit(void **state)
{
    struct world w = {.server_opts = {.max_message = 1000}, .channel_opts = {.max_message = 2000}};
    struct talk client = {.reads_on = true}, server = {.reads_on = true, .echoes = true};
    struct pumps pumps = {.bytes = 2001, .size = 2001};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", talk_handler, &server, &err), 0);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Pump", on_pump, &pumps, &err), 0);
    talk_start(&w, &client, "/t.T/Echo", NULL);
    assert_int_equal(rpc_call_send(client.call, block, 1000, &err), 0);
    rpc_call_read(client.call);
    run_until(&w, &client.n_messages, 1);
    assert_int_equal(rpc_call_send(client.call, block, 1001, &err), 0);
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.code, RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(server.code, RPC_RESOURCE_EXHAUSTED);
    talk_start(&w, &client, "/t.T/Pump", NULL);
    rpc_call_read(client.call);
    run_until(&w, &client.n_done, 2);
    assert_int_equal(client.code, RPC_RESOURCE_EXHAUSTED);
    assert_string_equal(client.reason, "MessageTooLarge");
    world_down(&w);
}

static void on_large_headers(struct rpc_call *call, void *user)
{
    static char value[LIMIT_RPC_METADATA - 100];
    struct err err;

    (void)user;
    memset(value, 'v', sizeof(value));
    assert_int_equal(rpc_call_add_header(call, "x-a", value, sizeof(value), &err), 0);
    rpc_call_finish(call, 0, NULL);
}

/* What is too large together with the protocol's own fields is refused by the receiver. */
static void test_metadata_limit(void **state)
{
    static char value[LIMIT_RPC_METADATA - 100];
    struct world w = {0};
    struct talk client = {0}, server = {.reads_on = true, .echoes = true};
    struct arena arena;
    struct rpc_metadata md;
    struct rpc_call_opts opts = {.metadata = &md};
    struct err err;

    (void)state;
    memset(value, 'v', sizeof(value));
    arena_init(&arena, 1 << 20);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add(&md, "x-a", value, sizeof(value), &err), 0);
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", talk_handler, &server, &err), 0);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Large", on_large_headers, NULL, &err), 0);
    talk_start(&w, &client, "/t.T/Echo", &opts);
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.code, RPC_RESOURCE_EXHAUSTED);
    talk_start(&w, &client, "/t.T/Large", NULL);
    run_until(&w, &client.n_done, 2);
    assert_int_equal(client.code, RPC_RESOURCE_EXHAUSTED);
    talk_start(&w, &client, "/t.T/Echo", NULL); /* the connection lives on */
    rpc_call_send_end(client.call);
    run_until(&w, &client.n_done, 3);
    assert_int_equal(client.code, 0);
    world_down(&w);
    arena_done(&arena);
}

static void on_hold(struct rpc_call *call, void *user)
{
    int *n = user;

    (void)call; /* neither answered nor read: it ends when its client ends it */
    ++*n;
}

/* More calls than the server takes at once wait for their turn. */
static void test_stream_limit(void **state)
{
    struct world w = {.server_opts = {.max_streams = 4}};
    struct talk clients[20] = {0};
    struct rpc_server_stats stats;
    struct err err;
    int n_held = 0;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Hold", on_hold, &n_held, &err), 0);
    for (int i = 0; i < 20; i++)
        talk_start(&w, &clients[i], "/t.T/Hold", NULL);
    run_until(&w, &n_held, 4);
    run_for(&w, 10); /* no fifth follows */
    rpc_server_stats(w.server, &stats);
    assert_int_equal(stats.n_calls, 4);
    assert_int_equal(n_held, 4);
    rpc_call_abandon(clients[19].call); /* one that still waits */
    for (int i = 0; i < 19; i++) {
        rpc_call_cancel(clients[i].call, RPC_CANCELLED, NULL);
        run_until(&w, &clients[i].n_done, 1);
    }
    RUN_WHILE(&w, (rpc_server_stats(w.server, &stats), stats.n_calls > 0));
    assert_int_equal(stats.n_connections, 1);
    assert_int_equal(n_held, 19);
    world_down(&w);
}

/* ---- drain ---- */

static void on_drained(struct rpc_server *s, void *user)
{
    int *n = user;

    (void)s;
    ++*n;
}

static int closed;

static void on_closed(void *user, const struct err *why)
{
    (void)user;
    (void)why;
    closed++;
}

static void check_drain(bool in_time)
{
    struct world w = {0};
    struct talk client = {.reads_on = true}, server = {.reads_on = true, .echoes = true};
    char dir[] = "/tmp/rpc-test-XXXXXX", address[64];
    struct err err;
    int drained = 0;

    assert_non_null(mkdtemp(dir));
    (void)snprintf(address, sizeof(address), "unix:%s/s", dir);
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&w.server, w.loop, NULL, &err), 0);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", talk_handler, &server, &err), 0);
    assert_int_equal(rpc_server_listen(w.server, address, NULL, NULL, &err), 0);
    assert_int_equal(rpc_channel_new(&w.channel, w.loop, address, NULL, &err), 0);
    talk_start(&w, &client, "/t.T/Echo", NULL);
    rpc_call_read(client.call);
    RUN_WHILE(&w, !server.call);
    rpc_server_drain(w.server, loop_now_ms(w.loop) + (in_time ? 60000 : 500), on_drained, &drained);
    /* Until it has heard the GOAWAY. */
    RUN_WHILE(&w, rpc_channel_state(w.channel) != RPC_CHANNEL_IDLE);
    assert_int_equal(drained, 0);
    assert_int_equal(rpc_call_send(client.call, "still", 5, &err), 0);
    run_until(&w, &client.n_messages, 1);
    if (in_time)
        rpc_call_send_end(client.call);
    run_until(&w, &client.n_done, 1);
    run_until(&w, &drained, 1);
    assert_int_equal(client.code, in_time ? RPC_OK : RPC_UNAVAILABLE);
    assert_int_equal(server.n_done, 1);
    world_down(&w);
    assert_int_equal(rmdir(dir), 0);
}

static void test_drain(void **state)
{
    struct world w = {0};
    struct err err;
    int drained = 0;

    (void)state;
    check_drain(true);
    check_drain(false);

    /* One without connections is drained at once, but told from the loop. */
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&w.server, w.loop, NULL, &err), 0);
    rpc_server_drain(w.server, CLOCK_NEVER, on_drained, &drained);
    assert_int_equal(drained, 0);
    run_until(&w, &drained, 1);
    world_down(&w);
}

/* ---- reconnect ---- */

static void on_state(struct rpc_channel *ch, enum rpc_channel_state state, const struct err *why,
                     void *user)
{
    int *seen = user;

    (void)ch;
    (void)why;
    seen[state]++;
}

static void test_reconnect(void **state)
{
    int seen[5] = {0}, failures;
    uint64_t started_ms;
    struct world w = {
        .channel_opts = {
            .backoff_first_ms = 10, .backoff_max_ms = 30, .on_state = on_state, .user = seen}};
    struct talk client = {.reads_on = true}, server = {.reads_on = true, .echoes = true};
    struct rpc_call_opts wait = {.wait_for_ready = true};
    char dir[] = "/tmp/rpc-test-XXXXXX", address[64];
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(address, sizeof(address), "unix:%s/s", dir);
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_channel_new(&w.channel, w.loop, address, &w.channel_opts, &err), 0);
    for (int round = 1; round <= 3; round++) {
        assert_int_equal(rpc_server_new(&w.server, w.loop, NULL, &err), 0);
        assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", talk_handler, &server, &err), 0);
        assert_int_equal(rpc_server_listen(w.server, address, NULL, NULL, &err), 0);
        talk_start(&w, &client, "/t.T/Echo", &wait);
        rpc_call_send_end(client.call);
        run_until(&w, &client.n_done, round);
        assert_int_equal(client.code, 0);
        assert_int_equal(seen[RPC_CHANNEL_READY], round);
        rpc_server_free(TAKE_PTR(w.server));
        RUN_WHILE(&w, rpc_channel_state(w.channel) != RPC_CHANNEL_IDLE);
        rpc_channel_connect(w.channel); /* nobody is there: failures with back-off */
        started_ms = clock_monotonic_ms();
        failures = seen[RPC_CHANNEL_TRANSIENT_FAILURE];
        RUN_WHILE(&w, seen[RPC_CHANNEL_TRANSIENT_FAILURE] < failures + 4);
        assert_true(clock_monotonic_ms() - started_ms >= (10 + 16 + 25) * 8 / 10 - 3);
    }
    world_down(&w);
    assert_int_equal(rmdir(dir), 0);
}

/* ---- freeing from inside ---- */

static void free_all(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct talk *t = user;

    (void)call;
    (void)data;
    (void)n;
    t->n_messages++;
    rpc_channel_free(TAKE_PTR(t->world->channel));
    rpc_server_free(TAKE_PTR(t->world->server));
}

static void test_free_inside(void **state)
{
    struct rpc_call_ops ops = talk_ops;
    struct world w = {0};
    struct talk client = {.world = &w}, server = {.reads_on = true, .echoes = true};
    struct err err;

    (void)state;
    ops.on_message = free_all;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", talk_handler, &server, &err), 0);
    assert_int_equal(
        rpc_channel_call(w.channel, "/t.T/Echo", NULL, &ops, &client, &client.call, &err), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(rpc_call_send(client.call, "x", 1, &err), 0);
    rpc_call_read(client.call);
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.n_messages, 1);
    assert_int_equal(client.code, RPC_UNAVAILABLE);
    assert_int_equal(server.n_done, 1);
    run_for(&w, 10);
    assert_int_equal(client.n_done, 1);
    world_down(&w);
}

static void test_serve_fd_closed(void **state)
{
    struct world w = {0};
    struct err err;
    int sv[2];

    (void)state;
    closed = 0;
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&w.server, w.loop, NULL, &err), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
        assert_int_equal(rpc_server_serve_fd(w.server, sv[0], on_closed, NULL, &err), 0);
        if (i == 1)
            break;
        (void)close(sv[1]);
        run_until(&w, &closed, 1);
    }
    rpc_server_free(TAKE_PTR(w.server));
    assert_int_equal(closed, 2);
    (void)close(sv[1]);
    world_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stalled),         cmocka_unit_test(test_resume),
        cmocka_unit_test(test_large_message),   cmocka_unit_test(test_writable),
        cmocka_unit_test(test_message_limit),   cmocka_unit_test(test_metadata_limit),
        cmocka_unit_test(test_stream_limit),    cmocka_unit_test(test_drain),
        cmocka_unit_test(test_reconnect),       cmocka_unit_test(test_free_inside),
        cmocka_unit_test(test_serve_fd_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
