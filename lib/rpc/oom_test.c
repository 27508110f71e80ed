/*
 * The n-th allocation fails, for n = 0, 1, 2, … until the scenario no longer asks for that many:
 * once alone, once with all that follow. Nothing leaks (LeakSanitizer), nothing crashes, nothing
 * hangs, every call that was begun ends. nghttp2 is linked statically here, so that its allocations
 * fail too.
 */
#include "lib/rpc/test_util.h"

#include <unistd.h>

#include "lib/rpc/service.h"
#include "rpc_test.pb-c.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static struct {
    bool is_on, all_after;
    int n, fail_at;
} oom;

static bool must_fail(void)
{
    int i;

    if (!oom.is_on)
        return false;
    i = oom.n++;
    return oom.all_after ? i >= oom.fail_at : i == oom.fail_at;
}

void *__wrap_malloc(size_t n)
{
    return must_fail() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return must_fail() ? NULL : __real_realloc(p, n);
}

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
static bool run(bool listens)
{
    struct world w = {0};
    struct seen seen = {0};
    struct err err;
    uint64_t end;
    bool is_ok;

    assert_int_equal(loop_new(&w.loop, &err), 0);
    oom.is_on = true;
    if (connect_both(&w, listens) == 0)
        begin_calls(w.channel, &seen);
    end = clock_monotonic_ms() + 5000;
    while (seen.n_done < seen.n_started && clock_monotonic_ms() < end)
        (void)loop_turn(w.loop, false);
    if (seen.n_done != seen.n_started)
        fail_msg("allocation %d%s: %d calls began, %d ended", oom.fail_at,
                 oom.all_after ? " and all after it" : "", seen.n_started, seen.n_done);
    is_ok = seen.n_started == 4 && seen.n_ok == 3;
    rpc_channel_free(w.channel);
    rpc_server_free(w.server);
    oom.is_on = false;
    loop_free(w.loop);
    return is_ok;
}

static void sweep(bool all_after, bool listens)
{
    int n_harmless = 0;

    for (int i = 0;; i++) {
        bool is_ok;

        oom.n = 0;
        oom.fail_at = i;
        oom.all_after = all_after;
        is_ok = run(listens);
        if (oom.n <= i) {
            assert_true(is_ok);
            print_message("%d allocations, %d could fail unnoticed\n", i, n_harmless);
            assert_true(i > 50);
            return;
        }
        n_harmless += is_ok;
    }
}

static void test_one_fails(void **state)
{
    (void)state;
    sweep(false, false);
    sweep(false, true);
}

static void test_all_fail(void **state)
{
    (void)state;
    sweep(true, false);
    sweep(true, true);
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
