/*
 * Four calls as they are made most, over a pair of sockets and over a listener, with each
 * allocation failing in turn (oom_util.h). Nothing leaks (LeakSanitizer), nothing crashes, nothing
 * hangs, every call that was begun ends. The other kinds of call are in oom_kinds_test.c.
 */
#include "lib/rpc/oom_util.h"

#include <unistd.h>

#include "lib/rpc/service.h"
#include "rpc_test.pb-c.h"

/* ---- the scenario ---- */

static const struct rpc_method_desc unary_method = {.path = "/test.v1.Test/Unary",
                                                    .input = &test__v1__text__descriptor,
                                                    .output = &test__v1__text__descriptor};

static void typed_unary(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    (void)user;
    rpc_reply(call, request);
}

static void echo_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    if (rpc_call_send(call, data, n, NULL) < 0)
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "cannot answer");
    rpc_call_read(call);
}

static void echo_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    (void)rpc_call_add_trailer(call, "x-end-bin", "\0\1", 2, NULL);
    rpc_call_finish(call, RPC_OK, NULL);
}

static const struct rpc_call_ops echo_ops = {.on_message = echo_message,
                                             .on_half_close = echo_half_close};

static void on_echo(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_set_ops(call, &echo_ops, NULL);
    rpc_call_read(call);
}

static void on_stream(struct rpc_call *call, void *user)
{
    struct err err;

    (void)user;
    for (int i = 0; i < 5; i++)
        (void)rpc_call_send(call, "item", 4, NULL);
    err_set(&err, RPC_ABORTED, "Enough", "that is all");
    rpc_call_fail(call, &err);
}

struct seen {
    int n_started, n_done, n_ok;
};

static void read_on(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)data;
    (void)n;
    (void)user;
    rpc_call_read(call);
}

static void count_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct seen *seen = user;

    (void)call;
    seen->n_done++;
    seen->n_ok += status->code == RPC_OK || strcmp(status->message, "that is all") == 0;
}

static const struct rpc_call_ops client_ops = {.on_message = read_on, .on_done = count_done};

static void unary_done(struct rpc_call *call, const ProtobufCMessage *reply,
                       const struct rpc_status *status, void *user)
{
    (void)reply;
    count_done(call, status, user);
}

static void begin_calls(struct rpc_channel *ch, struct seen *seen)
{
    static uint8_t big[100000];
    struct rpc_call_opts opts = {.timeout_ms = 60000};
    Test__V1__Text msg = TEST__V1__TEXT__INIT;
    struct rpc_call *call;
    char text[] = "unary";

    msg.text = text;
    seen->n_started +=
        rpc_unary(ch, &unary_method, &opts, &msg.base, unary_done, seen, NULL, NULL) == 0;
    if (rpc_channel_call(ch, "/t.T/Echo", &opts, &client_ops, seen, &call, NULL) == 0) {
        seen->n_started++;
        if (rpc_call_send(call, big, sizeof(big), NULL) < 0)
            rpc_call_cancel(call, RPC_RESOURCE_EXHAUSTED, NULL);
        rpc_call_send_end(call);
        rpc_call_read(call);
    }
    if (rpc_channel_call(ch, "/t.T/Stream", NULL, &client_ops, seen, &call, NULL) == 0) {
        seen->n_started++;
        rpc_call_send_end(call);
        rpc_call_read(call);
    }
    if (rpc_channel_call(ch, "/t.T/None", NULL, &client_ops, seen, &call, NULL) == 0)
        seen->n_started++;
}

/* Either over a pair of sockets or, with a folder, over a listener. */
static char dir[] = "/tmp/rpc-test-XXXXXX";

static int connect_listener(struct world *w)
{
    static const struct rpc_channel_opts opts = {.backoff_first_ms = 5};
    char address[64];

    (void)snprintf(address, sizeof(address), "unix:%s/s", dir);
    if (rpc_server_listen(w->server, address, NULL, NULL, NULL) < 0)
        return -1;
    return rpc_channel_new(&w->channel, w->loop, address, &opts, NULL);
}

static int connect_both(struct world *w, bool listens)
{
    int sv[2];

    if (rpc_server_new(&w->server, w->loop, NULL, NULL) < 0 ||
        rpc_server_handle(w->server, "/t.T/Echo", on_echo, NULL, NULL) < 0 ||
        rpc_server_handle(w->server, "/t.T/Stream", on_stream, NULL, NULL) < 0 ||
        rpc_server_handle_method(w->server, &unary_method, typed_unary, NULL, NULL) < 0)
        return -1;
    if (listens)
        return connect_listener(w);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    if (rpc_server_serve_fd(w->server, sv[0], NULL, NULL, NULL) < 0) {
        (void)close(sv[1]);
        return -1;
    }
    return rpc_channel_new_fd(&w->channel, w->loop, sv[1], NULL, NULL);
}

/* Returns whether all was as if memory had sufficed. */
static bool run(int listens)
{
    struct world w = {0};
    struct seen seen = {0};
    struct err err;
    bool is_ok;

    assert_int_equal(loop_new(&w.loop, &err), 0);
    oom.is_on = true;
    if (connect_both(&w, listens) == 0)
        begin_calls(w.channel, &seen);
    oom_wait(w.loop, &seen.n_started, &seen.n_done);
    is_ok = seen.n_started == 4 && seen.n_ok == 3;
    rpc_channel_free(w.channel);
    rpc_server_free(w.server);
    oom.is_on = false;
    loop_free(w.loop);
    return is_ok;
}

static void test_one_fails(void **state)
{
    (void)state;
    oom_sweep(false, run, false);
    oom_sweep(false, run, true);
}

static void test_all_fail(void **state)
{
    (void)state;
    oom_sweep(true, run, false);
    oom_sweep(true, run, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_fails),
                                       cmocka_unit_test(test_all_fail)};

    int r;

    if (!mkdtemp(dir))
        return 1;
    r = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(dir);
    return r;
}
