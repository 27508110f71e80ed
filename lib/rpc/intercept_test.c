/* Interceptors: their order, what they see of each kind of end, refusing, state, metadata. */
#include "lib/rpc/test_util.h"

#include "lib/rpc/intercept.h"

struct seen {
    const char *name;
    char *log; /* of all interceptors of a test, one letter each */
    int n_start, n_received, n_sent, n_end;
    size_t n_bytes;
    int code;
    char message[128], reason[ERR_REASON_MAX];
    enum rpc_kind kind;
    bool refuses, is_server;
    uint64_t took_ns, counted_received, counted_sent;
};

static void note(struct seen *s, char c)
{
    size_t n = s->log ? strlen(s->log) : 0;

    if (s->log && n < 60) {
        s->log[n] = c;
        s->log[n + 1] = s->name[0];
        s->log[n + 2] = ' ';
        s->log[n + 3] = '\0';
    }
}

static int on_start(struct rpc_call *call, void *state, void *user, struct err *err)
{
    struct seen *s = user;

    note(s, '+');
    assert_int_equal(*(int *)state, 0);
    *(int *)state = 42;
    s->n_start++;
    s->kind = rpc_call_kind(call);
    s->is_server = rpc_call_is_server(call);
    if (s->refuses)
        return err_set(err, RPC_UNAUTHENTICATED, "NoToken", "no token");
    return rpc_call_add_header(call, "x-seen", s->name, strlen(s->name), err);
}

static void on_received(struct rpc_call *call, size_t n, void *state, void *user)
{
    struct seen *s = user;

    (void)call;
    (void)state;
    s->n_received++;
    s->n_bytes += n;
}

static void on_sent(struct rpc_call *call, size_t n, void *state, void *user)
{
    struct seen *s = user;

    (void)call;
    (void)state;
    s->n_sent++;
    s->n_bytes += n;
}

static void on_end(struct rpc_call *call, const struct rpc_call_end *end, void *state, void *user)
{
    struct seen *s = user;

    (void)call;
    note(s, '-');
    assert_int_equal(*(int *)state, 42);
    s->n_end++;
    s->code = end->status->code;
    s->took_ns = end->took_ns;
    s->counted_received = end->n_received;
    s->counted_sent = end->n_sent;
    (void)snprintf(s->message, sizeof(s->message), "%s", end->status->message);
    (void)snprintf(s->reason, sizeof(s->reason), "%s", end->status->reason);
}

static const struct rpc_interceptor interceptor = {
    .n_state = sizeof(int),
    .on_start = on_start,
    .on_received = on_received,
    .on_sent = on_sent,
    .on_end = on_end,
};
static const struct rpc_interceptor other_interceptor = {.n_state = 16};

struct scene {
    struct world w;
    struct seen server, client;
    struct talk handler, caller;
};

static void scene_up(struct scene *s)
{
    struct err err;

    world_up(&s->w);
    s->server.name = "server";
    s->client.name = "client";
    assert_int_equal(rpc_server_intercept(s->w.server, &interceptor, &s->server, &err), 0);
    assert_int_equal(rpc_channel_intercept(s->w.channel, &interceptor, &s->client, &err), 0);
    assert_int_equal(rpc_server_handle(s->w.server, "/t.T/M", talk_handler, &s->handler, &err), 0);
    s->handler.reads_on = s->handler.echoes = s->caller.reads_on = true;
}

static void scene_down(struct scene *s)
{
    world_down(&s->w);
    assert_int_equal(s->client.n_start, s->client.n_end);
    assert_int_equal(s->server.n_start, s->server.n_end);
}

static void sees_messages_and_the_end(void **state)
{
    struct scene s = {0};
    struct err err;

    (void)state;
    scene_up(&s);
    talk_start(&s.w, &s.caller, "/t.T/M", NULL);
    assert_int_equal(rpc_call_send(s.caller.call, "abc", 3, &err), 0);
    assert_int_equal(rpc_call_send(s.caller.call, "de", 2, &err), 0);
    rpc_call_read(s.caller.call);
    run_until(&s.w, &s.handler.n_messages, 2);
    assert_int_equal(*(int *)rpc_call_state(s.handler.call, &interceptor), 42);
    assert_null(rpc_call_state(s.handler.call, &other_interceptor));
    assert_string_equal(rpc_metadata_get(rpc_call_headers(s.handler.call), "x-seen"), "client");
    run_until(&s.w, &s.caller.n_headers, 1);
    assert_string_equal(rpc_metadata_get(rpc_call_headers(s.caller.call), "x-seen"), "server");
    rpc_call_send_end(s.caller.call);
    run_until(&s.w, &s.client.n_end, 1);
    run_until(&s.w, &s.server.n_end, 1);
    assert_int_equal(s.client.code, RPC_OK);
    assert_int_equal(s.server.code, RPC_OK);
    assert_int_equal(s.client.counted_sent, 2);
    assert_int_equal(s.client.counted_received, 2);
    assert_int_equal(s.server.counted_sent, 2);
    assert_int_equal(s.server.counted_received, 2);
    assert_int_equal(s.server.n_received + s.server.n_sent, 4);
    assert_int_equal(s.server.n_bytes, 10);
    assert_int_equal(s.client.n_bytes, 10);
    assert_true(s.server.took_ns > 0 && s.client.took_ns > 0);
    assert_true(s.server.is_server && !s.client.is_server);
    assert_int_equal(s.server.kind, RPC_KIND_BIDI);
    assert_int_equal(s.client.kind, RPC_KIND_UNKNOWN);
    scene_down(&s);
}

static void a_server_refuses(void **state)
{
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    s.server.refuses = true;
    talk_start(&s.w, &s.caller, "/t.T/M", NULL);
    run_until(&s.w, &s.caller.n_done, 1);
    assert_int_equal(s.caller.code, RPC_UNAUTHENTICATED);
    assert_string_equal(s.caller.reason, "NoToken");
    assert_int_equal(s.handler.n_messages, 0);
    assert_null(s.handler.call);
    assert_int_equal(s.client.code, RPC_UNAUTHENTICATED);
    assert_int_equal(s.server.n_end, 0); /* it did not let the call pass */
    s.server.n_start = 0;
    scene_down(&s);
}

static void a_client_refuses(void **state)
{
    struct scene s = {0};
    struct rpc_call *call;
    struct err err;

    (void)state;
    scene_up(&s);
    s.client.refuses = true;
    assert_int_equal(
        rpc_channel_call(s.w.channel, "/t.T/M", NULL, &talk_ops, &s.caller, &call, &err), -1);
    assert_string_equal(err.reason, "NoToken");
    run_for(&s.w, 20);
    assert_int_equal(s.server.n_start, 0);
    assert_int_equal(s.caller.n_done, 0);
    s.client.n_start = 0;
    scene_down(&s);
}

static void order_of_the_chain(void **state)
{
    struct scene s = {0};
    char log[64] = "";
    struct seen second = {.name = "B", .log = log}, third = {.name = "C", .log = log};
    struct err err;

    (void)state;
    scene_up(&s);
    s.server.name = "A";
    s.server.log = log;
    assert_int_equal(rpc_server_intercept(s.w.server, &interceptor, &second, &err), 0);
    assert_int_equal(rpc_server_intercept(s.w.server, &interceptor, &third, &err), 0);
    talk_start(&s.w, &s.caller, "/t.T/M", NULL);
    rpc_call_send_end(s.caller.call);
    run_until(&s.w, &third.n_end, 1);
    run_until(&s.w, &s.server.n_end, 1);
    assert_string_equal(log, "+A +B +C -C -B -A ");
    log[0] = '\0';
    third.refuses = true;
    run_until(&s.w, &s.caller.n_done, 1);
    talk_start(&s.w, &s.caller, "/t.T/M", NULL);
    run_until(&s.w, &s.caller.n_done, 2);
    run_until(&s.w, &s.server.n_end, 2);
    assert_string_equal(log, "+A +B +C -B -A ");
    assert_int_equal(second.code, RPC_UNAUTHENTICATED); /* what the client was told */
    assert_string_equal(second.reason, "NoToken");
    scene_down(&s);
}

static void methods_that_do_not_exist(void **state)
{
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    talk_start(&s.w, &s.caller, "/t.T/Nothing", NULL);
    run_until(&s.w, &s.caller.n_done, 1);
    run_until(&s.w, &s.server.n_end, 1);
    assert_int_equal(s.caller.code, RPC_UNIMPLEMENTED);
    assert_int_equal(s.server.code, RPC_UNIMPLEMENTED);
    assert_int_equal(s.server.kind, RPC_KIND_UNKNOWN);
    scene_down(&s);
}

/* Each of them ends once, with what was first. */
static void other_ends(void **state)
{
    struct rpc_call_opts short_time = {.timeout_ms = 30};
    struct scene s = {0};
    struct talk silent = {0};
    struct err err;

    (void)state;
    scene_up(&s);
    assert_int_equal(rpc_server_handle(s.w.server, "/t.T/Silent", talk_handler, &silent, &err), 0);
    talk_start(&s.w, &s.caller, "/t.T/Silent", &short_time);
    run_until(&s.w, &s.caller.n_done, 1);
    run_until(&s.w, &s.server.n_end, 1);
    assert_int_equal(s.client.code, RPC_DEADLINE_EXCEEDED);
    assert_true(s.server.code == RPC_DEADLINE_EXCEEDED || s.server.code == RPC_CANCELLED);

    talk_start(&s.w, &s.caller, "/t.T/Silent", NULL);
    run_until(&s.w, &s.server.n_start, 2);
    rpc_call_abandon(s.caller.call);
    assert_int_equal(s.client.n_end, 2);
    assert_int_equal(s.client.code, RPC_CANCELLED);
    run_until(&s.w, &s.server.n_end, 2);
    assert_int_equal(s.server.code, RPC_CANCELLED);

    s.caller.call = NULL;
    talk_start(&s.w, &s.caller, "/t.T/Silent", NULL);
    run_until(&s.w, &s.server.n_start, 3);
    rpc_server_free(s.w.server);
    s.w.server = NULL;
    assert_int_equal(s.server.n_end, 3);
    assert_int_equal(s.server.code, RPC_UNAVAILABLE);
    run_until(&s.w, &s.caller.n_done, 2);
    assert_int_equal(s.client.code, RPC_UNAVAILABLE);
    scene_down(&s);
}

/* A channel that goes with a call open, and one that its own call's end frees. */
static void free_in_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct world *w = user;

    (void)call;
    (void)status;
    rpc_channel_free(w->channel);
    w->channel = NULL;
}

static void a_channel_freed_in_on_done(void **state)
{
    static const struct rpc_call_ops ops = {.on_done = free_in_done};
    struct scene s = {0};
    struct rpc_call *call;
    struct err err;

    (void)state;
    scene_up(&s);
    assert_int_equal(rpc_channel_call(s.w.channel, "/t.T/Nothing", NULL, &ops, &s.w, &call, &err),
                     0);
    RUN_WHILE(&s.w, s.w.channel);
    assert_int_equal(s.client.n_end, 1);
    run_until(&s.w, &s.server.n_end, 1);
    scene_down(&s);
}

static void bounds(void **state)
{
    static const struct rpc_interceptor large = {.n_state = 513};
    struct scene s = {0};
    struct err err;

    (void)state;
    scene_up(&s);
    assert_int_equal(rpc_server_intercept(s.w.server, &large, NULL, &err), -1);
    assert_string_equal(err.reason, "StateTooLarge");
    for (int i = 1; i < RPC_INTERCEPTORS_MAX; i++)
        assert_int_equal(rpc_server_intercept(s.w.server, &other_interceptor, NULL, &err), 0);
    assert_int_equal(rpc_server_intercept(s.w.server, &other_interceptor, NULL, &err), -1);
    assert_string_equal(err.reason, "TooManyInterceptors");
    talk_start(&s.w, &s.caller, "/t.T/M", NULL);
    rpc_call_send_end(s.caller.call);
    run_until(&s.w, &s.server.n_end, 1);
    scene_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_messages_and_the_end),  cmocka_unit_test(a_server_refuses),
        cmocka_unit_test(a_client_refuses),           cmocka_unit_test(order_of_the_chain),
        cmocka_unit_test(methods_that_do_not_exist),  cmocka_unit_test(other_ends),
        cmocka_unit_test(a_channel_freed_in_on_done), cmocka_unit_test(bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
