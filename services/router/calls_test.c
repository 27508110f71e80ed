/* What goes through the router comes out the same; who stalls, stalls alone; who leaves, is missed
 * on the other side. */
#include "services/router/scene.h"

static void test_echo(void **state)
{
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    for (int i = 0; i < 20; i++)
        scene_echo(&s, "web-1");
    assert_int_equal(s.agent.n_calls, 20);
    UNTIL(&s, s.agent.n_open == 0);
    assert_int_equal(s.controller.n_resolves, 0); /* the watch had told */
    scene_down(&s);
}

/* Of every size around the marks and windows, byte for byte, both ways at once. */
static void test_bytes_are_kept(void **state)
{
    static uint8_t big[700000];
    struct talk t = {.reads_on = true};
    struct scene s = {0};
    size_t sent = 0;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (uint8_t)(i * 7 + i / 256);
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_call(&s, &t, ECHO, "web-1");
    rpc_call_read(t.call);
    for (int i = 0; i < 24; i++) {
        size_t n = (size_t)(i * i) * 1201;

        assert_true(rpc_call_send(t.call, big, n, &err) >= 0);
        sent += n;
        UNTIL(&s, t.n_messages == i + 1);
        assert_int_equal(t.n_bytes, sent);
    }
    rpc_call_send_end(t.call);
    UNTIL(&s, t.n_done);
    assert_int_equal(t.code, RPC_OK);
    scene_down(&s);
}

/* The agent's call is of the client's trace; without one it begins here. */
static void test_traces_travel(void **state)
{
    static const char given[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    struct rpc_call_opts opts = {.wait_for_ready = true};
    struct talk t = {.reads_on = true};
    struct scene s = {0};
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    arena_init(&arena, LIMIT_RPC_METADATA);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add_str(&md, "x-sandbox-id", "web-1", &err), 0);
    assert_int_equal(rpc_metadata_add_str(&md, "traceparent", given, &err), 0);
    assert_int_equal(rpc_metadata_add_str(&md, "tracestate", "v=1,w=2", &err), 0);
    opts.metadata = &md;
    talk_start(&s.w, &t, SEEN, &opts);
    arena_done(&arena);
    rpc_call_send_end(t.call);
    rpc_call_read(t.call);
    UNTIL(&s, t.n_done);
    assert_int_equal(t.code, RPC_OK);
    assert_int_equal(s.agent.n_traceparents, 1);
    assert_memory_equal(s.agent.traceparent, given, 36); /* the trace */
    assert_memory_not_equal(s.agent.traceparent + 36, given + 36, 16);
    assert_string_equal(s.agent.traceparent + 53, "01");
    assert_string_equal(s.agent.tracestate, "v=1,w=2");

    scene_echo(&s, "web-1");
    assert_int_equal(s.agent.n_traceparents, 1);
    assert_memory_not_equal(s.agent.traceparent + 3, given + 3, 32);
    assert_string_equal(s.agent.tracestate, "");
    scene_down(&s);
}

static void test_metadata_and_deadline_travel(void **state)
{
    struct talk t = {.reads_on = true};
    struct scene s = {0};
    const char *ms;

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_call_as(&s, &t, SEEN, "web-1", "u-1", 7000);
    rpc_call_read(t.call);
    rpc_call_send_end(t.call);
    UNTIL(&s, t.n_done);
    assert_int_equal(t.code, RPC_OK);
    assert_non_null(strstr(t.last, "x-sandbox-id=web-1;"));
    assert_non_null(strstr(t.last, "x-sandbox-uid=u-1;"));
    assert_non_null(strstr(t.last, "content-type=application/grpc"));
    assert_non_null(strstr(t.last, "user-agent="));
    assert_null(strstr(strstr(t.last, "user-agent=") + 1, "user-agent="));
    ms = strstr(t.last, ";ms=");
    assert_non_null(ms);
    assert_in_range(atoi(ms + 4), 5000, 7000);

    t = (struct talk){.reads_on = true};
    scene_call(&s, &t, SEEN, "web-1");
    rpc_call_read(t.call);
    UNTIL(&s, t.n_done);
    assert_non_null(strstr(t.last, ";ms=0"));
    scene_down(&s);
}

struct ending {
    int n_headers, n_done, code;
    bool has_head, has_head_bin, has_tail, has_tail_bin;
    char message[128], reason[ERR_REASON_MAX];
    size_t n_details, n_trailers;
};

static bool has_field(const struct rpc_metadata *md, const char *name, const char *value, size_t n)
{
    const struct rpc_field *f = md ? rpc_metadata_find(md, name) : NULL;

    return f && f->n_value == n && memcmp(f->value, value, n) == 0;
}

static void ending_headers(struct rpc_call *call, void *user)
{
    struct ending *e = user;

    e->n_headers++;
    e->has_head = has_field(rpc_call_headers(call), "x-head", "h", 1);
    e->has_head_bin = has_field(rpc_call_headers(call), "x-head-bin", "\0\1\2", 3);
}

static void ending_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    const struct rpc_metadata *trailers = rpc_call_trailers(call);
    struct ending *e = user;

    e->n_done++;
    e->code = status->code;
    (void)snprintf(e->message, sizeof(e->message), "%s", status->message);
    (void)snprintf(e->reason, sizeof(e->reason), "%s", status->reason);
    e->n_details = status->n_details;
    e->has_tail = has_field(trailers, "x-tail", "t", 1);
    e->has_tail_bin = has_field(trailers, "x-tail-bin", "\xFF\0", 2);
    e->n_trailers = trailers ? trailers->n : 0;
}

static const struct rpc_call_ops ending_ops = {.on_headers = ending_headers,
                                               .on_done = ending_done};

static void call_ending(struct rpc_channel *channel, struct scene *s, const char *path,
                        struct ending *e)
{
    struct rpc_call *call;
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    *e = (struct ending){0};
    arena_init(&arena, LIMIT_RPC_METADATA);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add_str(&md, "x-sandbox-id", "web-1", &err), 0);
    assert_int_equal(rpc_channel_call(channel, path, &(struct rpc_call_opts){.metadata = &md},
                                      &ending_ops, e, &call, &err),
                     0);
    arena_done(&arena);
    rpc_call_read(call);
    rpc_call_send_end(call);
    UNTIL(s, e->n_done);
}

/* Header and trailer metadata, status, message and details are the agent's, whoever is asked: its
 * own end or the router. */
static void test_endings_are_kept(void **state)
{
    static const char *const paths[] = {"/agentsandbox.v1.ExecService/Fail",
                                        "/agentsandbox.v1.ExecService/Refuse",
                                        "/agentsandbox.v1.ExecService/NoSuchMethod"};
    struct rpc_channel *direct;
    struct scene s = {0};
    struct err err;

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    assert_int_equal(
        rpc_channel_new_fd(&direct, s.w.loop, fake_agent_connect(&s.agent), NULL, &err), 0);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct ending plain, routed;

        call_ending(direct, &s, paths[i], &plain);
        call_ending(s.w.channel, &s, paths[i], &routed);
        assert_true(plain.code != RPC_OK);
        assert_memory_equal(&plain, &routed, sizeof(plain));
    }
    rpc_channel_free(direct);
    scene_down(&s);
}

static void test_cancel_and_deadline_reach_the_agent(void **state)
{
    struct talk t = {0}, late = {0};
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_call(&s, &t, HANG, "web-1");
    UNTIL(&s, s.agent.n_open == 1);
    rpc_call_cancel(t.call, RPC_CANCELLED, "enough");
    UNTIL(&s, s.agent.n_cancelled == 1);

    scene_call_as(&s, &late, HANG, "web-1", NULL, 150);
    UNTIL(&s, late.n_done);
    assert_int_equal(late.code, RPC_DEADLINE_EXCEEDED);
    UNTIL(&s, s.agent.n_open == 0);

    /* A client that vanishes with its connection. */
    t = (struct talk){0};
    scene_call(&s, &t, HANG, "web-1");
    UNTIL(&s, s.agent.n_open == 1);
    rpc_channel_free(s.w.channel);
    scene_client(&s);
    UNTIL(&s, s.agent.n_open == 0);
    scene_echo(&s, "web-1");
    scene_down(&s);
}

/* One reader of 64 stops; the 63 others get megabytes, and nobody keeps more than a few windows for
 * the stalled one. */
static void test_one_stalled_of_64(void **state)
{
    enum { N = 64, WANTED = 2 * 1024 * 1024 };
    static struct talk talks[N];
    struct scene s = {0};
    size_t stalled;
    int done = 0;

    (void)state;
    memset(talks, 0, sizeof(talks));
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    for (int i = 0; i < N; i++) {
        talks[i].reads_on = i > 0; /* the first asks for nothing */
        scene_call(&s, &talks[i], FLOOD, "web-1");
        if (i > 0)
            rpc_call_read(talks[i].call);
    }
    UNTIL(&s, s.agent.n_open == N);
    for (uint64_t end = clock_monotonic_ms() + 60000; done < N - 1 && clock_monotonic_ms() < end;) {
        (void)loop_turn(s.w.loop, false);
        for (int i = 1; i < N; i++)
            if (talks[i].reads_on && talks[i].n_bytes >= WANTED) {
                talks[i].reads_on = false; /* stalls too, from here on */
                done++;
            }
    }
    assert_int_equal(done, N - 1);
    assert_int_equal(talks[0].n_bytes, 0);
    assert_int_equal(talks[0].n_done, 0);

    /* All stalled now: the flood stops, having filled windows and marks only. */
    do {
        stalled = s.agent.n_flooded;
        run_for(&s.w, 200);
        assert_true(s.agent.n_flooded < (size_t)N * (WANTED + 4u * 1024 * 1024));
    } while (s.agent.n_flooded != stalled);
    assert_true(s.agent.max_queued <= LIMIT_RPC_SEND_MARK + 16384 + 5);
    for (int i = 0; i < N; i++)
        stalled -= MIN(stalled, talks[i].n_bytes);
    assert_true(stalled < (size_t)N * (3 * LIMIT_RPC_STREAM_WINDOW + 3 * LIMIT_RPC_SEND_MARK) +
                              2 * LIMIT_RPC_CONN_GROWN);

    /* And the stalled one goes on where it was. */
    talks[0].reads_on = true;
    rpc_call_read(talks[0].call);
    UNTIL(&s, talks[0].n_bytes >= WANTED);
    scene_down(&s);
}

/* The other way: an agent that reads nothing stops its client, after the windows on the way. */
static void test_back_pressure_to_the_client(void **state)
{
    static uint8_t chunk[16384];
    struct talk t = {0};
    struct scene s = {0};
    size_t sent = 0;
    struct err err;

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_call(&s, &t, SINK, "web-1");
    for (int quiet = 0; quiet < 200;) {
        int writable = t.n_writable, r = 0;

        while (r == 0 && sent < 64u * 1024 * 1024) {
            r = rpc_call_send(t.call, chunk, sizeof(chunk), &err);
            assert_true(r >= 0);
            sent += sizeof(chunk);
        }
        for (quiet = 0; t.n_writable == writable && quiet < 200; quiet++)
            run_for(&s.w, 1);
    }
    assert_true(sent < 3 * LIMIT_RPC_STREAM_WINDOW + 3 * LIMIT_RPC_SEND_MARK);
    assert_true(sent > LIMIT_RPC_STREAM_WINDOW);
    scene_echo(&s, "web-1"); /* others do not notice */
    scene_down(&s);
}

/* What is sent before there is a connection is kept, in order, and the half-close too. */
static void test_early_data(void **state)
{
    static uint8_t chunk[50000];
    struct talk t = {.reads_on = true}, bare = {.reads_on = true};
    struct scene s = {0};
    struct err err;

    (void)state;
    scene_up(&s);
    scene_call(&s, &t, ECHO, "web-1");
    rpc_call_read(t.call);
    for (int i = 0; i < 8; i++) /* more than a window */
        assert_true(rpc_call_send(t.call, chunk, sizeof(chunk), &err) >= 0);
    rpc_call_send_end(t.call);
    scene_call(&s, &bare, ECHO, "web-1");
    rpc_call_send_end(bare.call);
    run_for(&s.w, 100);
    assert_int_equal(t.n_done, 0);
    scene_agent(&s, "inst1", 1);
    UNTIL(&s, t.n_done && bare.n_done);
    assert_int_equal(t.code, RPC_OK);
    assert_int_equal(t.n_bytes, 8 * sizeof(chunk));
    assert_int_equal(bare.code, RPC_OK);
    scene_down(&s);
}

/* ---- the hot path ---- */

int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *))
    __attribute__((weak));

static size_t n_mallocs;
static bool counts;

static void count_malloc(const volatile void *p, size_t n)
{
    (void)p;
    (void)n;
    n_mallocs += counts;
}

static void ignore_free(const volatile void *p)
{
    (void)p;
}

/* Client, router and agent together: a message that goes there and back takes no memory from
 * malloc; only the window updates of nghttp2, one for many messages, do. */
static void test_messages_allocate_nothing(void **state)
{
    enum { N = 2000 };
    struct talk t = {.reads_on = true};
    struct scene s = {0};
    struct err err;

    (void)state;
    if (!__sanitizer_install_malloc_and_free_hooks) /* a build without sanitizers cannot count */
        return;
    assert_true(__sanitizer_install_malloc_and_free_hooks(count_malloc, ignore_free) != 0);
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_call(&s, &t, ECHO, "web-1");
    rpc_call_read(t.call);
    for (int i = 0; i < 100 + N; i++) {
        counts = i >= 100;
        assert_int_equal(rpc_call_send(t.call, "0123456789abcdef", 16, &err), 0);
        UNTIL(&s, t.n_messages == i + 1);
    }
    counts = false;
    if (n_mallocs > N / 20)
        fail_msg("%zu allocations for %d messages there and back", n_mallocs, N);
    rpc_call_send_end(t.call);
    UNTIL(&s, t.n_done);
    scene_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_bytes_are_kept),
        cmocka_unit_test(test_traces_travel),
        cmocka_unit_test(test_metadata_and_deadline_travel),
        cmocka_unit_test(test_endings_are_kept),
        cmocka_unit_test(test_cancel_and_deadline_reach_the_agent),
        cmocka_unit_test(test_one_stalled_of_64),
        cmocka_unit_test(test_back_pressure_to_the_client),
        cmocka_unit_test(test_early_data),
        cmocka_unit_test(test_messages_allocate_nothing),
    };

    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
