/* Connections that grow old, that nobody uses, and clients that ping too often. */
#include "lib/rpc/test_util.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/rpc/call_core.h"
#include "lib/rpc/conn.h"

struct scene {
    struct world w;
    struct talk server;
    char dir[32];
    int seen[5]; /* states of the channel */
};

static void on_state(struct rpc_channel *ch, enum rpc_channel_state state, const struct err *why,
                     void *user)
{
    struct scene *s = user;

    (void)ch;
    (void)why;
    s->seen[state]++;
}

static void scene_up(struct scene *s, const struct rpc_server_opts *opts)
{
    const struct rpc_channel_opts channel = {.on_state = on_state, .user = s};
    char address[64];
    struct err err;

    memset(s, 0, sizeof(*s));
    s->server = (struct talk){.reads_on = true, .echoes = true};
    (void)snprintf(s->dir, sizeof(s->dir), "/tmp/rpc-test-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    (void)snprintf(address, sizeof(address), "unix:%s/s", s->dir);
    assert_int_equal(loop_new(&s->w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&s->w.server, s->w.loop, opts, &err), 0);
    assert_int_equal(rpc_server_handle(s->w.server, "/t.T/Echo", talk_handler, &s->server, &err),
                     0);
    assert_int_equal(rpc_server_listen(s->w.server, address, NULL, NULL, &err), 0);
    assert_int_equal(rpc_channel_new(&s->w.channel, s->w.loop, address, &channel, &err), 0);
}

static void scene_down(struct scene *s)
{
    world_down(&s->w);
    assert_int_equal(rmdir(s->dir), 0);
}

/* A call that stays open; it has answered once. */
static void open_call(struct scene *s, struct talk *t)
{
    *t = (struct talk){.reads_on = true};
    talk_start(&s->w, t, "/t.T/Echo", NULL);
    rpc_call_read(t->call);
    assert_int_equal(rpc_call_send(t->call, "a", 1, NULL), 0);
    run_until(&s->w, &t->n_messages, 1);
}

static uint64_t n_connections(struct scene *s)
{
    struct rpc_server_stats stats;

    rpc_server_stats(s->w.server, &stats);
    return stats.n_connections;
}

/* The client goes elsewhere with new calls; the open one goes on, and ends well within the grace.
 */
static void test_age(void **state)
{
    struct scene s;
    struct talk old, young = {.reads_on = true};
    struct talk second = {.reads_on = true, .echoes = true};
    uint64_t started_ms = clock_monotonic_ms();

    (void)state;
    scene_up(&s, &(struct rpc_server_opts){.max_age_ms = 50, .age_grace_ms = 60000});
    open_call(&s, &old);
    run_until(&s.w, &s.seen[RPC_CHANNEL_IDLE], 1);
    assert_true(clock_monotonic_ms() - started_ms >= 44);
    assert_int_equal(rpc_call_send(old.call, "b", 1, NULL), 0);
    run_until(&s.w, &old.n_messages, 2);
    assert_int_equal(rpc_server_handle(s.w.server, "/t.T/Echo", talk_handler, &second, NULL), 0);
    talk_start(&s.w, &young, "/t.T/Echo", NULL);
    rpc_call_send_end(young.call);
    run_until(&s.w, &young.n_done, 1);
    assert_int_equal(young.code, RPC_OK);
    assert_int_equal(s.seen[RPC_CHANNEL_READY], 2);
    rpc_call_send_end(old.call);
    run_until(&s.w, &old.n_done, 1);
    scene_down(&s);
}

static void test_grace(void **state)
{
    struct scene s;
    struct talk t;

    (void)state;
    scene_up(&s, &(struct rpc_server_opts){.max_age_ms = 20, .age_grace_ms = 40});
    open_call(&s, &t);
    run_until(&s.w, &s.seen[RPC_CHANNEL_IDLE], 1);
    assert_int_equal(t.n_done, 0);
    run_until(&s.w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    RUN_WHILE(&s.w, n_connections(&s) > 0);
    scene_down(&s);
}

/* An open call keeps it; its end starts the time. */
static void test_idle(void **state)
{
    struct scene s;
    struct talk t;
    uint64_t ended_ms;

    (void)state;
    scene_up(&s, &(struct rpc_server_opts){.max_idle_ms = 40});
    open_call(&s, &t);
    run_for(&s.w, 100);
    assert_int_equal(s.seen[RPC_CHANNEL_IDLE], 0);
    rpc_call_send_end(t.call);
    run_until(&s.w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_OK);
    ended_ms = clock_monotonic_ms();
    run_until(&s.w, &s.seen[RPC_CHANNEL_IDLE], 1);
    assert_true(clock_monotonic_ms() - ended_ms >= 30);
    RUN_WHILE(&s.w, n_connections(&s) > 0);

    /* One that never had a call. */
    rpc_channel_connect(s.w.channel);
    run_until(&s.w, &s.seen[RPC_CHANNEL_READY], 2);
    run_until(&s.w, &s.seen[RPC_CHANNEL_IDLE], 2);
    scene_down(&s);
}

static void ping(struct scene *s, struct talk *t)
{
    rpc_session_ping(t->call->conn->session);
    rpc_conn_dirty(t->call->conn);
    run_for(&s->w, 5);
}

static void test_pings(void **state)
{
    struct scene s;
    struct talk t;

    (void)state;
    scene_up(&s, &(struct rpc_server_opts){.min_ping_ms = 60000});
    open_call(&s, &t);
    /* What is sent to the client starts the count anew. */
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++)
            ping(&s, &t);
        assert_int_equal(t.n_done, 0);
        assert_int_equal(rpc_call_send(t.call, "b", 1, NULL), 0);
        run_until(&s.w, &t.n_messages, 2 + round);
    }
    for (int i = 0; i < 4 && t.n_done == 0; i++)
        ping(&s, &t);
    run_until(&s.w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    RUN_WHILE(&s.w, n_connections(&s) > 0);
    scene_down(&s);
}

/* As often as is permitted: nothing happens. */
static void test_slow_pings(void **state)
{
    struct scene s;
    struct talk t;

    (void)state;
    scene_up(&s, &(struct rpc_server_opts){.min_ping_ms = 2});
    open_call(&s, &t);
    for (int i = 0; i < 10; i++)
        ping(&s, &t);
    assert_int_equal(t.n_done, 0);
    assert_int_equal(n_connections(&s), 1);
    rpc_call_abandon(t.call);
    scene_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_age),        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_idle),       cmocka_unit_test(test_pings),
        cmocka_unit_test(test_slow_pings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
