/* Calls that are sent again: by policy, transparently, and not at all. The server's handler plays
 * what the test says. */
#include "lib/rpc/test_util.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/base/limits.h"
#include "lib/rpc/call_core.h"

/* What becomes of the n-th attempt; the last one of a list goes on for ever. */
enum act {
    ACT_END,     /* a null byte ends a list */
    ECHO,        /* answers with what it got */
    FAIL,        /* UNAVAILABLE, at once */
    FAIL_LATE,   /* the same, when the client has half-closed */
    FAIL_OTHER,  /* INTERNAL */
    HEADERS,     /* initial metadata, then UNAVAILABLE */
    REFUSE,      /* RST_STREAM REFUSED_STREAM */
    REFUSE_LATE, /* the same, when all of it has come */
    LEAVE_OUT,   /* GOAWAY that does not count it, and the end of the connection */
    BREAK,       /* the connection ends */
    WAIT_20,     /* pushback: 20 ms */
    NEVER,       /* pushback: do not */
    HOLD,        /* no answer */
};

struct scene {
    struct world w;
    struct rpc_service_config config;
    char dir[32];
    const enum act *acts;
    int n_attempts;
    char previous[16][4]; /* grpc-previous-rpc-attempts of each; "" none */
    uint64_t at_ms[16];
};

static const struct rpc_retry_policy quick = {.max_attempts = 4,
                                              .initial_backoff_ms = 10,
                                              .max_backoff_ms = 30,
                                              .multiplier_milli = 2000,
                                              .codes = 1u << RPC_UNAVAILABLE};

static void fail_now(struct rpc_call *call, int code, const char *pushback)
{
    struct err err;

    if (pushback) {
        /* Its name is reserved: added as the library would. */
        struct rpc_metadata *md = &call->trailers;

        assert_int_equal(rpc_metadata_add(md, "x-pushback", pushback, strlen(pushback), &err), 0);
        md->fields[md->n - 1].name = "grpc-retry-pushback-ms";
    }
    rpc_call_finish(call, code, "not now");
}

static void echo_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    assert_true(rpc_call_send(call, data, n, NULL) >= 0);
    rpc_call_read(call);
}

static void echo_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static void drop_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)data;
    (void)n;
    (void)user;
    rpc_call_read(call);
}

static void fail_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    fail_now(call, RPC_UNAVAILABLE, NULL);
}

static void refuse_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_stream_reset(&call->stream, NGHTTP2_REFUSED_STREAM);
    rpc_conn_dirty(call->conn);
}

static const struct rpc_call_ops refuse_ops = {.on_message = drop_message,
                                               .on_half_close = refuse_half_close};
static const struct rpc_call_ops echo_ops = {.on_message = echo_message,
                                             .on_half_close = echo_half_close};
static const struct rpc_call_ops late_ops = {.on_message = drop_message,
                                             .on_half_close = fail_half_close};

static void leave_out(struct rpc_call *call)
{
    static const uint8_t goaway[17] = {0, 0, 8, 7};
    int fd = call->conn->transport->fd;

    assert_int_equal(send(fd, goaway, sizeof(goaway), MSG_NOSIGNAL), sizeof(goaway));
    (void)shutdown(fd, SHUT_RDWR);
}

static void play(struct rpc_call *call, enum act act)
{
    switch (act) {
    case ACT_END:
        abort();
    case ECHO:
    case FAIL_LATE:
        rpc_call_set_ops(call, act == ECHO ? &echo_ops : &late_ops, NULL);
        rpc_call_read(call);
        break;
    case HEADERS:
        assert_int_equal(rpc_call_send_headers(call, NULL), 0);
        fail_now(call, RPC_UNAVAILABLE, NULL);
        break;
    case FAIL:
    case WAIT_20:
    case NEVER:
        fail_now(call, RPC_UNAVAILABLE, act == WAIT_20 ? "20" : act == NEVER ? "-1" : NULL);
        break;
    case FAIL_OTHER:
        fail_now(call, RPC_INTERNAL, NULL);
        break;
    case REFUSE:
        rpc_stream_reset(&call->stream, NGHTTP2_REFUSED_STREAM);
        rpc_conn_dirty(call->conn);
        break;
    case REFUSE_LATE:
        rpc_call_set_ops(call, &refuse_ops, NULL);
        rpc_call_read(call);
        break;
    case LEAVE_OUT:
        leave_out(call);
        break;
    case BREAK:
        (void)shutdown(call->conn->transport->fd, SHUT_RDWR);
        break;
    case HOLD:
        break;
    }
}

static void on_attempt(struct rpc_call *call, void *user)
{
    struct scene *s = user;
    const struct rpc_field *f = NULL;

    /* It is not metadata, so the handler of an application may see it as such. */
    f = rpc_metadata_find(rpc_call_headers(call), "grpc-previous-rpc-attempts");
    assert_true(s->n_attempts < 16);
    s->at_ms[s->n_attempts] = clock_monotonic_ms();
    (void)snprintf(s->previous[s->n_attempts], sizeof(s->previous[0]), "%s",
                   f ? (const char *)f->value : "");
    s->n_attempts++;
    play(call, *s->acts);
    if (s->acts[1])
        s->acts++;
}

static void scene_up(struct scene *s, const enum act *acts, const struct rpc_retry_policy *policy)
{
    struct rpc_method_config m = {0};
    char address[64];
    struct err err;

    memset(s, 0, sizeof(*s));
    s->acts = acts;
    (void)snprintf(s->dir, sizeof(s->dir), "/tmp/rpc-test-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    (void)snprintf(address, sizeof(address), "unix:%s/s", s->dir);
    rpc_service_config_init(&s->config);
    if (policy)
        m.retry = *policy;
    assert_int_equal(rpc_service_config_add(&s->config, "t.T", "", &m, &err), 0);
    s->w.channel_opts.service_config = &s->config;
    s->w.channel_opts.backoff_first_ms = 5;
    assert_int_equal(loop_new(&s->w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&s->w.server, s->w.loop, NULL, &err), 0);
    assert_int_equal(rpc_server_handle(s->w.server, "/t.T/Try", on_attempt, s, &err), 0);
    assert_int_equal(rpc_server_listen(s->w.server, address, NULL, NULL, &err), 0);
    assert_int_equal(rpc_channel_new(&s->w.channel, s->w.loop, address, &s->w.channel_opts, &err),
                     0);
}

static void scene_down(struct scene *s)
{
    world_down(&s->w);
    rpc_service_config_done(&s->config);
    assert_int_equal(rmdir(s->dir), 0);
}

/* Two messages and the end; waits for the status. */
static void call_once(struct scene *s, struct talk *t)
{
    struct rpc_call_opts opts = {.timeout_ms = 8000};

    *t = (struct talk){.reads_on = true};
    talk_start(&s->w, t, "/t.T/Try", &opts);
    rpc_call_read(t->call);
    assert_int_equal(rpc_call_send(t->call, "one", 3, NULL), 0);
    assert_int_equal(rpc_call_send(t->call, "two", 3, NULL), 0);
    rpc_call_send_end(t->call);
    run_until(&s->w, &t->n_done, 1);
}

static void test_table(void **state)
{
    static const struct {
        const char *name;
        enum act acts[6];
        bool has_policy;
        int code, n_attempts;
        const char *last_previous;
    } cases[] = {
        {"nothing wrong", {ECHO}, true, RPC_OK, 1, ""},
        {"one failure", {FAIL, ECHO}, true, RPC_OK, 2, "1"},
        {"late failures", {FAIL_LATE, FAIL_LATE, ECHO}, true, RPC_OK, 3, "2"},
        {"all fail", {FAIL}, true, RPC_UNAVAILABLE, 4, "3"},
        {"no policy", {FAIL, ECHO}, false, RPC_UNAVAILABLE, 1, ""},
        {"another code", {FAIL_OTHER, ECHO}, true, RPC_INTERNAL, 1, ""},
        {"committed by headers", {HEADERS, ECHO}, true, RPC_UNAVAILABLE, 1, ""},
        {"refused, no policy", {REFUSE, ECHO}, false, RPC_OK, 2, ""},
        {"refused twice, no policy", {REFUSE, REFUSE, ECHO}, false, RPC_UNAVAILABLE, 2, ""},
        {"refused twice", {REFUSE, REFUSE, ECHO}, true, RPC_OK, 3, "1"},
        {"left out, no policy", {LEAVE_OUT, ECHO}, false, RPC_OK, 2, ""},
        {"left out after a failure", {FAIL, LEAVE_OUT, ECHO}, true, RPC_OK, 3, "1"},
        {"connection lost, no policy", {BREAK, ECHO}, false, RPC_UNAVAILABLE, 1, ""},
        {"connection lost", {BREAK, ECHO}, true, RPC_OK, 2, "1"},
        {"forbidden", {NEVER, ECHO}, true, RPC_UNAVAILABLE, 1, ""},
        {"asked to wait", {WAIT_20, ECHO}, true, RPC_OK, 2, "1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct scene s;
        struct talk t;

        scene_up(&s, cases[i].acts, cases[i].has_policy ? &quick : NULL);
        call_once(&s, &t);
        if (t.code != cases[i].code || s.n_attempts != cases[i].n_attempts)
            fail_msg("%s: %s (%s) after %d attempts", cases[i].name, rpc_code_name(t.code),
                     t.message, s.n_attempts);
        assert_string_equal(s.previous[0], "");
        assert_string_equal(s.previous[s.n_attempts - 1], cases[i].last_previous);
        assert_int_equal(t.n_messages, t.code == RPC_OK ? 2 : 0);
        if (t.code == RPC_OK)
            assert_string_equal(t.last, "two");
        scene_down(&s);
    }
}

/* 10, 20, 30 (not 40) ms, each ±20 %. */
static void test_backoff(void **state)
{
    static const enum act acts[] = {FAIL, ACT_END};
    static const uint64_t least[] = {8, 16, 24};
    struct scene s;
    struct talk t;

    (void)state;
    scene_up(&s, acts, &quick);
    call_once(&s, &t);
    assert_int_equal(s.n_attempts, 4);
    for (int i = 0; i < 3; i++)
        assert_in_range(s.at_ms[i + 1] - s.at_ms[i], least[i] - 2, 4000);
    scene_down(&s);
}

static void test_pushback_time(void **state)
{
    static const enum act acts[] = {WAIT_20, ECHO, ACT_END};
    struct scene s;
    struct talk t;

    (void)state;
    scene_up(&s, acts, &quick);
    call_once(&s, &t);
    assert_in_range(s.at_ms[1] - s.at_ms[0], 18, 4000);
    scene_down(&s);
}

/* Each failure takes a token; with half of them gone nothing is tried again, and successes bring
 * them back. */
static void test_throttling(void **state)
{
    static const enum act fails[] = {FAIL, ACT_END}, echoes[] = {ECHO, ACT_END};
    struct scene s;
    struct talk t;
    struct rpc_channel_opts opts;
    char address[64];

    (void)state;
    scene_up(&s, fails, &quick);
    s.config.throttle_max = 6000;
    s.config.throttle_ratio = 500;
    opts = s.w.channel_opts;
    rpc_channel_free(s.w.channel);
    (void)snprintf(address, sizeof(address), "unix:%s/s", s.dir);
    assert_int_equal(rpc_channel_new(&s.w.channel, s.w.loop, address, &opts, NULL), 0);
    call_once(&s, &t);
    assert_int_equal(s.n_attempts, 3); /* 6 → 5 → 4 → 3: no fourth */
    call_once(&s, &t);
    assert_int_equal(s.n_attempts, 4); /* 2 */
    s.acts = echoes;
    for (int i = 0; i < 6; i++)
        call_once(&s, &t); /* 5 */
    s.acts = fails;
    s.n_attempts = 0;
    call_once(&s, &t);
    assert_int_equal(s.n_attempts, 2); /* 4 → 3 */
    scene_down(&s);
}

/* More than the buffer holds was sent: the failure is final. */
static void test_buffer_limit(void **state)
{
    static const enum act acts[] = {FAIL_LATE, ECHO, ACT_END};
    static uint8_t block[LIMIT_RPC_RETRY_BUFFER / 2];
    struct scene s;

    (void)state;
    for (int n = 1; n <= 3; n += 2) {
        struct talk t = {.reads_on = true};

        scene_up(&s, acts, &quick);
        talk_start(&s.w, &t, "/t.T/Try", NULL);
        rpc_call_read(t.call);
        for (int i = 0; i < n; i++)
            assert_true(rpc_call_send(t.call, block, sizeof(block), NULL) >= 0);
        rpc_call_send_end(t.call);
        run_until(&s.w, &t.n_done, 1);
        assert_int_equal(t.code, n == 1 ? RPC_OK : RPC_UNAVAILABLE);
        assert_int_equal(s.n_attempts, n == 1 ? 2 : 1);
        assert_int_equal(t.n_bytes, n == 1 ? sizeof(block) : 0);
        scene_down(&s);
    }
}

/* Without a policy little is kept: what was refused is then told. */
static void test_repeat_limit(void **state)
{
    static const enum act acts[] = {REFUSE_LATE, ECHO, ACT_END};
    static uint8_t block[3 * LIMIT_RPC_REPEAT_BUFFER];
    struct scene s;

    (void)state;
    for (int i = 0; i < 2; i++) {
        size_t n = i ? sizeof(block) : LIMIT_RPC_REPEAT_BUFFER / 2;
        struct talk t = {.reads_on = true};

        scene_up(&s, acts, NULL);
        talk_start(&s.w, &t, "/t.T/Try", NULL);
        rpc_call_read(t.call);
        assert_true(rpc_call_send(t.call, block, n, NULL) >= 0);
        rpc_call_send_end(t.call);
        run_until(&s.w, &t.n_done, 1);
        assert_int_equal(t.code, i ? RPC_UNAVAILABLE : RPC_OK);
        assert_int_equal(s.n_attempts, i ? 1 : 2);
        scene_down(&s);
    }
}

/* It is still sending when it fails, and goes on. */
static void test_while_sending(void **state)
{
    static const enum act acts[] = {FAIL, ECHO, ACT_END};
    struct scene s;
    struct talk t = {.reads_on = true};

    (void)state;
    scene_up(&s, acts, &quick);
    talk_start(&s.w, &t, "/t.T/Try", NULL);
    rpc_call_read(t.call);
    assert_int_equal(rpc_call_send(t.call, "one", 3, NULL), 0);
    run_until(&s.w, &s.n_attempts, 1);
    assert_int_equal(rpc_call_send(t.call, "two", 3, NULL), 0);
    run_until(&s.w, &s.n_attempts, 2);
    run_until(&s.w, &t.n_messages, 2);
    assert_int_equal(rpc_call_send(t.call, "three", 5, NULL), 0);
    rpc_call_send_end(t.call);
    run_until(&s.w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_OK);
    assert_int_equal(t.n_messages, 3);
    assert_string_equal(t.last, "three");
    scene_down(&s);
}

static const struct rpc_retry_policy slow = {.max_attempts = 4,
                                             .initial_backoff_ms = 60000,
                                             .max_backoff_ms = 60000,
                                             .multiplier_milli = 1000,
                                             .codes = 1u << RPC_UNAVAILABLE};

/* What may happen to a call that waits to be sent again. */
static void test_end_waiting(void **state)
{
    static const enum act acts[] = {FAIL, ACT_END};

    (void)state;
    for (int how = 0; how < 4; how++) {
        struct rpc_call_opts opts = {.timeout_ms = how == 0 ? 50 : 0};
        struct talk t = {0};
        struct scene s;

        scene_up(&s, acts, &slow);
        talk_start(&s.w, &t, "/t.T/Try", &opts);
        rpc_call_send_end(t.call);
        run_until(&s.w, &s.n_attempts, 1);
        run_for(&s.w, 10);
        assert_int_equal(t.n_done, 0);
        if (how == 1)
            rpc_call_cancel(t.call, RPC_CANCELLED, NULL);
        else if (how == 2)
            rpc_channel_free(TAKE_PTR(s.w.channel));
        else if (how == 3)
            rpc_call_abandon(t.call);
        if (how < 3)
            run_until(&s.w, &t.n_done, 1);
        run_for(&s.w, 5);
        if (how < 3)
            assert_int_equal(t.code, how == 0   ? RPC_DEADLINE_EXCEEDED
                                     : how == 1 ? RPC_CANCELLED
                                                : RPC_UNAVAILABLE);
        assert_int_equal(s.n_attempts, 1);
        scene_down(&s);
    }
}

/* The rest of what a service config says. */
static void test_config(void **state)
{
    static const enum act acts[] = {HOLD, ACT_END};
    struct rpc_method_config m = {.timeout_ms = 30, .max_request = 10};
    struct scene s;
    struct talk t = {0};
    struct err err;

    (void)state;
    scene_up(&s, acts, NULL);
    assert_int_equal(rpc_service_config_add(&s.config, "t.T", "Try", &m, &err), 0);
    talk_start(&s.w, &t, "/t.T/Try", NULL);
    assert_int_equal(rpc_call_send(t.call, "0123456789", 10, &err), 0);
    assert_int_equal(rpc_call_send(t.call, "0123456789a", 11, &err), -1);
    assert_string_equal(err.reason, "MessageTooLarge");
    run_until(&s.w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_DEADLINE_EXCEEDED);
    scene_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),         cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_pushback_time), cmocka_unit_test(test_throttling),
        cmocka_unit_test(test_buffer_limit),  cmocka_unit_test(test_repeat_limit),
        cmocka_unit_test(test_while_sending), cmocka_unit_test(test_end_waiting),
        cmocka_unit_test(test_config),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
