/* Metrics, trace context and the log of calls: one typed server, one that it calls, and a client.
 */
#include "lib/rpc/test_util.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/alloc_sweep.h"
#include "lib/base/bytes.h"
#include "lib/base/log.h"
#include "lib/rpc/calls_log.h"
#include "lib/rpc/calls_metrics.h"
#include "lib/rpc/observe.h"
#include "lib/rpc/trace.h"
#include "rpc_test.pb-c.h"

#define METHOD(p)                                                                                  \
    {                                                                                              \
        .path = (p), .input = &test__v1__text__descriptor, .output = &test__v1__text__descriptor   \
    }
static const struct rpc_method_desc methods[] = {METHOD("/test.v1.Test/Unary"),
                                                 METHOD("/test.v1.Test/Never")};
static const struct rpc_service_desc service = {
    .name = "test.v1.Test", .methods = methods, .n_methods = 2};

struct scene {
    struct world w;
    struct metrics *registry;
    struct rpc_observer *observer;
    struct rpc_trace server_saw;
    char server_state[2000];
    int n_done, code;
};

static void on_unary(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Test__V1__Text *text = (const Test__V1__Text *)request;
    const struct rpc_trace *t = rpc_call_trace(call);
    struct scene *s = user;
    struct err err;

    if (t) {
        s->server_saw = *t;
        (void)snprintf(s->server_state, sizeof(s->server_state), "%s", t->state ? t->state : "");
    }
    if (strcmp(text->text, "missing") == 0) {
        err_set(&err, RPC_NOT_FOUND, "NotThere", "it is \"missing\"");
        rpc_call_fail(call, &err);
        return;
    }
    rpc_reply(call, request);
}

static void on_reply(struct rpc_call *call, const ProtobufCMessage *reply,
                     const struct rpc_status *status, void *user)
{
    struct scene *s = user;

    (void)call;
    (void)reply;
    s->n_done++;
    s->code = status->code;
}

static int add_interceptors(struct scene *s, struct err *err)
{
    struct rpc_observer_opts opts = {.traces = true, .logs = true};

    if (metrics_new(&s->registry, err) < 0)
        return -1;
    opts.metrics = s->registry;
    if (rpc_observer_new(&s->observer, &opts, err) < 0 ||
        rpc_observe_server(s->observer, s->w.server, err) < 0 ||
        rpc_observe_channel(s->observer, s->w.channel, err) < 0)
        return -1;
    return rpc_server_handle_method(s->w.server, &methods[0], on_unary, s, err);
}

static void scene_up(struct scene *s)
{
    struct err err;

    world_up(&s->w);
    assert_int_equal(add_interceptors(s, &err), 0);
}

static void scene_down(struct scene *s)
{
    world_down(&s->w);
    rpc_observer_free(s->observer);
    metrics_free(s->registry);
}

static int ask(struct scene *s, const char *text, const struct rpc_call_opts *opts, struct err *err)
{
    Test__V1__Text msg = TEST__V1__TEXT__INIT;

    msg.text = (char *)text;
    return rpc_unary(s->w.channel, &methods[0], opts, &msg.base, on_reply, s, NULL, err);
}

static void ask_once(struct scene *s, const char *text, const struct rpc_call_opts *opts)
{
    int n = s->n_done;
    struct err err;

    assert_int_equal(ask(s, text, opts, &err), 0);
    run_until(&s->w, &s->n_done, n + 1);
}

/* ---- metrics ---- */

static void has_line(struct scene *s, const char *line)
{
    struct buf out;
    struct err err;

    buf_init(&out, 1 << 20);
    assert_int_equal(metrics_write(s->registry, &out, &err), 0);
    if (!strstr(buf_cstr(&out, &err), line))
        fail_msg("no line %s in:\n%s", line, buf_cstr(&out, &err));
    buf_done(&out);
}

static size_t count_lines(struct scene *s)
{
    struct buf out;
    struct err err;
    size_t n = 0;

    buf_init(&out, 1 << 20);
    assert_int_equal(metrics_write(s->registry, &out, &err), 0);
    for (const char *c = buf_cstr(&out, &err); (c = strchr(c, '\n')); c++)
        n++;
    buf_done(&out);
    return n;
}

#define UNARY   "grpc_type=\"unary\",grpc_service=\"test.v1.Test\",grpc_method=\"Unary\""
#define UNKNOWN "grpc_type=\"unknown\",grpc_service=\"unknown\",grpc_method=\"unknown\""

static void counts_by_method(void **state)
{
    static const char *const lines[] = {
        "grpc_server_started_total{" UNARY "} 3\n",
        "grpc_server_handled_total{" UNARY ",grpc_code=\"OK\"} 2\n",
        "grpc_server_handled_total{" UNARY ",grpc_code=\"NotFound\"} 1\n",
        "grpc_server_msg_received_total{" UNARY "} 3\n",
        "grpc_server_msg_sent_total{" UNARY "} 2\n",
        "grpc_server_handling_seconds_count{" UNARY "} 3\n",
        "grpc_server_handling_seconds_bucket{" UNARY ",le=\"60\"} 3\n",
        "grpc_client_started_total{" UNARY "} 3\n",
        "grpc_client_handled_total{" UNARY ",grpc_code=\"OK\"} 2\n",
        "grpc_client_handled_total{" UNARY ",grpc_code=\"NotFound\"} 1\n",
        "grpc_client_msg_received_total{" UNARY "} 2\n",
        "grpc_client_msg_sent_total{" UNARY "} 3\n",
        "grpc_client_handling_seconds_count{" UNARY "} 3\n",
        "# TYPE grpc_server_handling_seconds histogram\n",
    };
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    ask_once(&s, "a", NULL);
    ask_once(&s, "b", NULL);
    ask_once(&s, "missing", NULL);
    assert_int_equal(s.code, RPC_NOT_FOUND);
    run_for(&s.w, 20); /* the server's side of the last one */
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        has_line(&s, lines[i]);
    scene_down(&s);
}

/* Who invents methods makes no series. */
static void unknown_methods_are_one(void **state)
{
    struct scene s = {0};
    struct talk t = {0};
    size_t n = 0;
    char path[64];

    (void)state;
    scene_up(&s);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(path, sizeof(path), "/evil.S%d/M%d", i, i);
        talk_start(&s.w, &t, path, NULL);
        run_until(&s.w, &t.n_done, i + 1);
        run_for(&s.w, 1);
        if (i == 5)
            n = count_lines(&s);
    }
    run_for(&s.w, 20);
    assert_int_equal(count_lines(&s), n);
    has_line(&s, "grpc_server_started_total{" UNKNOWN "} 300\n");
    has_line(&s, "grpc_server_handled_total{" UNKNOWN ",grpc_code=\"Unimplemented\"} 300\n");
    has_line(&s, "grpc_client_handled_total{" UNKNOWN ",grpc_code=\"Unimplemented\"} 300\n");
    scene_down(&s);
}

/* A proxy's: raw calls of a service that was named. */
static void named_services(void **state)
{
    struct scene s = {0};
    struct talk t = {0};
    struct err err;

    (void)state;
    scene_up(&s);
    assert_int_equal(rpc_observe_proxied(s.observer,
                                         (const struct rpc_service_desc *const[]){&service, NULL},
                                         &err),
                     0);
    has_line(&s, "grpc_server_started_total{grpc_type=\"unary\",grpc_service=\"test.v1.Test\","
                 "grpc_method=\"Never\"} 0\n");
    talk_start(&s.w, &t, "/test.v1.Test/Never", NULL);
    run_until(&s.w, &t.n_done, 1);
    run_for(&s.w, 20);
    has_line(&s, "grpc_server_handled_total{grpc_type=\"unary\",grpc_service=\"test.v1.Test\","
                 "grpc_method=\"Never\",grpc_code=\"Unimplemented\"} 1\n");
    scene_down(&s);
}

/* ---- trace context ---- */

#define GOOD "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void parsing(void **state)
{
    static const char *const good[] = {
        GOOD,
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later",
    };
    static const char *const bad[] = {
        "",
        "00",
        (GOOD " "),
        (GOOD "-"),
        (GOOD "-00"),
        (" " GOOD),
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "0-00af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0X",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-.1",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
        "00-0af7651916cd43dd8448eb211c80319cb-7ad6b7169203331-01",
    };
    char text[RPC_TRACEPARENT_CHARS + 1];
    struct rpc_trace t;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        if (rpc_trace_parse(good[i], strlen(good[i]), &t) < 0)
            fail_msg("refused: %s", good[i]);
        rpc_trace_format(&t, text);
        assert_memory_equal(text + 3, good[i] + 3, 50);
        assert_string_equal(text + 53, i == 1 ? "03" : "01");
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (rpc_trace_parse(bad[i], strlen(bad[i]), &t) == 0)
            fail_msg("taken: %s", bad[i]);
    for (size_t n = 0; n < RPC_TRACEPARENT_CHARS; n++)
        assert_int_equal(rpc_trace_parse(GOOD, n, &t), -1);
}

/* A call with these fields, to the traced server, by a channel that adds nothing. */
static void ask_with(struct scene *s, const char *const *fields)
{
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    arena_init(&arena, 65536);
    rpc_metadata_init(&md, &arena);
    for (size_t i = 0; fields[i]; i += 2)
        assert_int_equal(rpc_metadata_add_str(&md, fields[i], fields[i + 1], &err), 0);
    ask_once(s, "x", &(struct rpc_call_opts){.metadata = &md});
    arena_done(&arena);
}

static void server_up(struct scene *s)
{
    struct err err;

    world_up(&s->w);
    assert_int_equal(rpc_trace_server(s->w.server, &err), 0);
    assert_int_equal(rpc_server_handle_method(s->w.server, &methods[0], on_unary, s, &err), 0);
}

static void trace_id_is(const struct scene *s, bool is_given)
{
    char hex[33];

    bytes_hex(s->server_saw.trace_id, 16, hex);
    assert_int_equal(strcmp(hex, "0af7651916cd43dd8448eb211c80319c") == 0, is_given);
}

static void the_server_joins_or_begins(void **state)
{
    char long_state[1100];
    struct scene s = {0};
    char hex[33];

    (void)state;
    server_up(&s);
    ask_with(&s, (const char *[]){"traceparent", GOOD, "tracestate", "a=1", "tracestate", "b=2,c=3",
                                  NULL});
    trace_id_is(&s, true);
    bytes_hex(s.server_saw.parent_id, 8, hex);
    assert_string_equal(hex, "b7ad6b7169203331");
    bytes_hex(s.server_saw.span_id, 8, hex);
    assert_string_not_equal(hex, "b7ad6b7169203331");
    assert_int_equal(s.server_saw.flags, RPC_TRACE_SAMPLED);
    assert_string_equal(s.server_state, "a=1,b=2,c=3");

    memset(long_state, 'x', sizeof(long_state) - 1);
    long_state[sizeof(long_state) - 1] = '\0';
    ask_with(&s, (const char *[]){"traceparent", GOOD, "tracestate", long_state, NULL});
    trace_id_is(&s, true);
    assert_string_equal(s.server_state, "");

    ask_with(&s, (const char *[]){"traceparent", GOOD, "traceparent", GOOD, NULL});
    trace_id_is(&s, false); /* two: neither */
    ask_with(&s, (const char *[]){"traceparent", GOOD "x", "tracestate", "a=1", NULL});
    trace_id_is(&s, false);
    assert_string_equal(s.server_state, "");
    ask_with(&s, (const char *[]){NULL});
    trace_id_is(&s, false);
    assert_int_equal(s.server_saw.flags, RPC_TRACE_RANDOM);
    world_down(&s.w);
}

/* Server front, asked with a trace, asks the server behind it on behalf of that call. */
struct front {
    struct scene behind;
    struct world w;
    struct rpc_trace saw;
    struct talk client;
};

static void on_front(struct rpc_call *call, void *user)
{
    struct rpc_call_opts opts = {.parent = call};
    struct front *f = user;
    struct err err;

    f->saw = *rpc_call_trace(call);
    assert_int_equal(ask(&f->behind, "x", &opts, &err), 0);
    rpc_call_finish(call, RPC_OK, NULL);
}

static void a_call_made_for_another(void **state)
{
    struct front f = {0};
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    (void)state;
    server_up(&f.behind);
    assert_int_equal(rpc_trace_channel(f.behind.w.channel, &err), 0);
    world_up(&f.w);
    assert_int_equal(rpc_trace_server(f.w.server, &err), 0);
    assert_int_equal(rpc_server_handle(f.w.server, "/f.F/M", on_front, &f, &err), 0);
    arena_init(&arena, 4096);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add_str(&md, "traceparent", GOOD, &err), 0);
    assert_int_equal(rpc_metadata_add_str(&md, "tracestate", "v=1", &err), 0);
    talk_start(&f.w, &f.client, "/f.F/M", &(struct rpc_call_opts){.metadata = &md});
    arena_done(&arena);
    run_until(&f.w, &f.client.n_done, 1);
    run_until(&f.behind.w, &f.behind.n_done, 1);
    trace_id_is(&f.behind, true);
    /* client's span -> front's -> the call's between -> behind's */
    assert_memory_not_equal(f.behind.server_saw.parent_id, f.saw.span_id, 8);
    assert_memory_not_equal(f.behind.server_saw.parent_id, f.saw.parent_id, 8);
    assert_string_equal(f.behind.server_state, "v=1");
    /* without a parent, one of its own; a given one is left alone */
    ask_once(&f.behind, "x", NULL);
    trace_id_is(&f.behind, false);
    ask_with(&f.behind, (const char *[]){"traceparent", GOOD, NULL});
    trace_id_is(&f.behind, true);
    world_down(&f.w);
    world_down(&f.behind.w);
}

/* A command's calls are of the trace that it was started in. */
static void the_environment(void **state)
{
    struct rpc_trace of;
    struct scene s = {0};
    struct err err;

    (void)state;
    assert_int_equal(unsetenv("TRACEPARENT"), 0);
    assert_int_equal(rpc_trace_environment(&of), -1);
    assert_int_equal(setenv("TRACEPARENT", "00-not", 1), 0);
    assert_int_equal(rpc_trace_environment(&of), -1);
    assert_int_equal(setenv("TRACEPARENT", GOOD, 1), 0);
    assert_int_equal(setenv("TRACESTATE", "e=1\n", 1), 0);
    assert_int_equal(rpc_trace_environment(&of), 0);
    assert_null(of.state);
    assert_int_equal(setenv("TRACESTATE", "e=1", 1), 0);
    assert_int_equal(rpc_trace_environment(&of), 0);
    server_up(&s);
    assert_int_equal(rpc_trace_channel_of(s.w.channel, &of, &err), 0);
    ask_once(&s, "x", NULL);
    trace_id_is(&s, true);
    assert_memory_not_equal(s.server_saw.parent_id, of.span_id, 8); /* the call between */
    assert_string_equal(s.server_state, "e=1");
    world_down(&s.w);
    assert_int_equal(unsetenv("TRACEPARENT") + unsetenv("TRACESTATE"), 0);
}

/* ---- the log ---- */

static void logs_ends(void **state)
{
    char text[8192] = "";
    struct scene s = {0};
    int fds[2];
    ssize_t n;

    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    log_init("test", LOG_DEBUG, LOG_FORMAT_KV, fds[1]);
    scene_up(&s);
    ask_once(&s, "fine", NULL);
    ask_once(&s, "missing", NULL);
    run_for(&s.w, 20);
    n = read(fds[0], text, sizeof(text) - 1);
    assert_true(n > 0);
    assert_non_null(strstr(text, "level=debug service=test msg=\"call ended\" side=server "
                                 "method=/test.v1.Test/Unary code=OK peer=\"unix"));
    assert_non_null(strstr(text, " received=1 sent=1 trace="));
    assert_non_null(strstr(text, "level=info service=test msg=\"call ended\" side=client"));
    assert_non_null(strstr(text, "code=NOT_FOUND"));
    assert_non_null(strstr(text, "reason=NotThere error=\"it is \\\"missing\\\"\" trace="));
    for (int i = 0; i < 50; i++)
        ask_once(&s, "missing", NULL);
    run_for(&s.w, 20);
    memset(text, 0, sizeof(text));
    (void)read(fds[0], text, sizeof(text) - 1);
    n = 0;
    for (const char *c = text; (c = strstr(c, "NOT_FOUND")); c++)
        n++;
    assert_in_range(n, 1, 20);
    scene_down(&s);
    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void levels(void **state)
{
    (void)state;
    assert_int_equal(rpc_log_level_of(RPC_OK), LOG_DEBUG);
    assert_int_equal(rpc_log_level_of(RPC_NOT_FOUND), LOG_INFO);
    assert_int_equal(rpc_log_level_of(RPC_INTERNAL), LOG_WARN);
    assert_int_equal(rpc_log_level_of(99), LOG_WARN);
}

/* ---- no memory ---- */

static int connect_both(struct scene *s, struct err *err)
{
    int sv[2];

    if (rpc_server_new(&s->w.server, s->w.loop, NULL, err) < 0)
        return -1;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    if (rpc_server_serve_fd(s->w.server, sv[0], NULL, NULL, err) < 0) {
        (void)close(sv[1]);
        return -1;
    }
    return rpc_channel_new_fd(&s->w.channel, s->w.loop, sv[1], NULL, err);
}

static int run_calls(struct scene *s, struct err *err)
{
    if (connect_both(s, err) < 0 || add_interceptors(s, err) < 0 || ask(s, "x", NULL, err) < 0)
        return -1;
    RUN_WHILE(&s->w, s->n_done < 1);
    return s->code == RPC_OK ? 0 : err_oom(err); /* as a status the reason is gone */
}

static int whole_call(void *user, struct err *err)
{
    struct scene s = {0};
    int r;

    (void)user;
    alloc_sweep_pause();
    assert_int_equal(loop_new(&s.w.loop, err), 0);
    alloc_sweep_resume();
    r = run_calls(&s, err);
    alloc_sweep_pause();
    scene_down(&s);
    alloc_sweep_resume();
    return r;
}

static void no_memory(void **state)
{
    (void)state;
    alloc_sweep(whole_call, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_method),
        cmocka_unit_test(unknown_methods_are_one),
        cmocka_unit_test(named_services),
        cmocka_unit_test(parsing),
        cmocka_unit_test(the_server_joins_or_begins),
        cmocka_unit_test(a_call_made_for_another),
        cmocka_unit_test(the_environment),
        cmocka_unit_test(logs_ends),
        cmocka_unit_test(levels),
        cmocka_unit_test(no_memory),
    };

    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
