/* Spans of steps, and how they reach a collector: a server of TraceService here, the exporter over
 * a real connection. */
#include "lib/rpc/test_util.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/base/alloc_sweep.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.rpc.h"
#include "services/controller/otlp.h"
#include "services/controller/spans.h"

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest Request;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse Response;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTracePartialSuccess Partial;
typedef Opentelemetry__Proto__Collector__Trace__V1__ResourceSpans ResourceSpans;
typedef Opentelemetry__Proto__Collector__Trace__V1__Span Span;

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

struct scene {
    struct loop *loop;
    struct rpc_server *server;
    struct spans spans;
    struct otlp *otlp;
    char endpoint[192];
    /* what the collector answers */
    int answer;      /* enum rpc_code                      */
    int64_t refuses; /* spans of each batch                */
    /* what it got */
    int n_batches, n_spans;
    char names[256], attrs[512], token[64], service[64];
    uint8_t trace_id[16], parent_id[8];
    int n_flushed;
    struct opentelemetry_proto_collector_trace_v1_trace_service_impl impl;
};

static void note(char *to, size_t n, const char *text)
{
    size_t at = strlen(to);

    (void)snprintf(to + at, n - at, "%s ", text);
}

static void take_span(struct scene *s, const Span *span)
{
    s->n_spans++;
    note(s->names, sizeof(s->names), span->name);
    for (size_t i = 0; i < span->n_attributes; i++) {
        note(s->attrs, sizeof(s->attrs), span->attributes[i]->key);
        note(s->attrs, sizeof(s->attrs), span->attributes[i]->value->string_value);
    }
    for (size_t i = 0; i < span->n_events; i++)
        note(s->attrs, sizeof(s->attrs), span->events[i]->name);
    if (span->status)
        note(s->attrs, sizeof(s->attrs), span->status->message);
    assert_int_equal(span->trace_id.len, 16);
    assert_int_equal(span->span_id.len, 8);
    assert_true(span->end_time_unix_nano >= span->start_time_unix_nano);
    memcpy(s->trace_id, span->trace_id.data, 16);
    if (span->parent_span_id.len == 8)
        memcpy(s->parent_id, span->parent_span_id.data, 8);
}

static void on_export(struct rpc_call *call, const Request *req, void *user)
{
    Response reply =
        OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__EXPORT_TRACE_SERVICE_RESPONSE__INIT;
    Partial partial =
        OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__EXPORT_TRACE_PARTIAL_SUCCESS__INIT;
    const char *token = rpc_metadata_get(rpc_call_headers(call), "authorization");
    struct scene *s = user;

    s->n_batches++;
    (void)snprintf(s->token, sizeof(s->token), "%s", token ? token : "");
    if (s->answer) {
        rpc_call_finish(call, s->answer, "not now");
        return;
    }
    assert_int_equal(req->n_resource_spans, 1);
    (void)snprintf(s->service, sizeof(s->service), "%s",
                   req->resource_spans[0]->resource->attributes[0]->value->string_value);
    for (size_t i = 0; i < req->resource_spans[0]->scope_spans[0]->n_spans; i++)
        take_span(s, req->resource_spans[0]->scope_spans[0]->spans[i]);
    partial.rejected_spans = s->refuses;
    if (s->refuses)
        reply.partial_success = &partial;
    opentelemetry_proto_collector_trace_v1_trace_service_export_reply(call, &reply);
}

static void wait_for(struct scene *s, const int *n, int want)
{
    uint64_t end = clock_monotonic_ms() + 10000;

    while (*n < want) {
        (void)loop_turn(s->loop, false);
        if (clock_monotonic_ms() > end)
            fail_msg("waited for %d, there are %d", want, *n);
    }
}

static void collector_up(struct scene *s)
{
    char address[128];
    struct err err;

    s->impl.export_ = on_export;
    s->impl.user = s;
    spans_init(&s->spans);
    assert_int_equal(loop_new(&s->loop, &err), 0);
    assert_int_equal(rpc_server_new(&s->server, s->loop, NULL, &err), 0);
    assert_int_equal(
        opentelemetry_proto_collector_trace_v1_trace_service_register(s->server, &s->impl, &err),
        0);
    assert_int_equal(rpc_server_listen(s->server, "127.0.0.1:0", NULL, address, &err), 0);
    (void)snprintf(s->endpoint, sizeof(s->endpoint), "http://%s", address);
}

static int exporter_up(struct scene *s, const char *headers, struct err *err)
{
    struct otlp_opts opts = {.endpoint = s->endpoint,
                             .headers = headers,
                             .service_name = "agent-sandbox-controller",
                             .version = "1",
                             .every_ms = 10};

    return otlp_new(&s->otlp, s->loop, &s->spans, &opts, err);
}

static void up(struct scene *s, const char *headers)
{
    struct err err;

    collector_up(s);
    if (exporter_up(s, headers, &err) < 0)
        fail_msg("%s", err.msg);
}

static void down(struct scene *s)
{
    otlp_free(s->otlp);
    rpc_server_free(s->server);
    spans_done(&s->spans);
    loop_free(s->loop);
}

static void one_step(struct spans *t, const char *context, const struct err *failed)
{
    struct span step, inner;

    span_begin(&step, t, "ReconcileSandbox", context);
    span_attr(&step, "sandbox.name", "web-1");
    span_begin(&inner, t, "reconcilePod", NULL);
    span_event_attr(span_event(t, "NewPodStatusObserved"), "pod.Name", "web-1");
    span_end(&inner, NULL);
    span_end(&step, failed);
}

static void hex(const uint8_t *data, size_t n, char *ret)
{
    for (size_t i = 0; i < n; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", data[i]);
}

/* ---- tests ---- */

static void test_spans_go_on_with_the_trace_of_their_object(void **state)
{
    struct err failed;
    struct scene s = {0};
    char id[33];

    (void)state;
    up(&s, "authorization=Bearer%20x, other=1");
    err_set(&failed, RPC_UNAVAILABLE, "Gone", "the pod is gone");
    one_step(&s.spans, "{\"traceparent\":\"00-" TRACE "-" PARENT "-01\"}", &failed);
    assert_int_equal(s.spans.n, 2);
    assert_null(s.spans.current);
    wait_for(&s, &s.n_spans, 2);
    assert_string_equal(s.names, "reconcilePod ReconcileSandbox ");
    assert_string_equal(s.attrs, "NewPodStatusObserved sandbox.name web-1 the pod is gone ");
    assert_string_equal(s.service, "agent-sandbox-controller");
    assert_string_equal(s.token, "Bearer x");
    hex(s.trace_id, 16, id);
    assert_string_equal(id, TRACE);
    hex(s.parent_id, 8, id); /* of the last: the step's parent is the object's */
    assert_string_equal(id, PARENT);
    down(&s);
}

static void test_an_object_without_a_trace_gets_that_of_its_step(void **state)
{
    char context[SPAN_CONTEXT_CHARS];
    struct scene s = {0};
    struct span step;
    char id[33];

    (void)state;
    up(&s, NULL);
    span_begin(&step, &s.spans, "ReconcileSandboxClaim", "no JSON");
    span_context(&s.spans, context);
    span_end(&step, NULL);
    wait_for(&s, &s.n_spans, 1);
    hex(s.trace_id, 16, id);
    assert_memory_equal(context + strlen("{\"traceparent\":\"00-"), id, 32);
    down(&s);
}

static void test_what_is_not_sampled_is_not_sent(void **state)
{
    struct spans t;

    (void)state;
    spans_init(&t);
    one_step(&t, "{\"traceparent\":\"00-" TRACE "-" PARENT "-00\"}", NULL);
    assert_int_equal(t.n, 0);
    spans_done(&t);
}

static void test_without_tracing_nothing_happens(void **state)
{
    char context[SPAN_CONTEXT_CHARS];

    (void)state;
    one_step(NULL, NULL, NULL);
    span_context(NULL, context);
    assert_int_equal(strlen(context), 55 + strlen("{\"traceparent\":\"\"}"));
}

static void test_the_queue_is_bounded(void **state)
{
    struct spans t;

    (void)state;
    spans_init(&t);
    for (int i = 0; i < SPANS_MAX; i++)
        one_step(&t, NULL, NULL);
    assert_int_equal(t.n, SPANS_MAX);
    assert_int_equal(t.n_dropped, SPANS_MAX);
    spans_done(&t);
}

static void test_a_collector_that_is_busy_is_asked_again(void **state)
{
    struct scene s = {.answer = RPC_UNAVAILABLE};
    struct otlp_stats stats;

    (void)state;
    up(&s, NULL);
    one_step(&s.spans, NULL, NULL);
    wait_for(&s, &s.n_batches, 1);
    s.answer = 0;
    wait_for(&s, &s.n_batches, 2);
    wait_for(&s, &s.n_spans, 2);
    for (int i = 0; i < 5; i++)
        (void)loop_turn(s.loop, false);
    assert_string_equal(s.names, "reconcilePod ReconcileSandbox ");
    otlp_stats(s.otlp, &stats);
    assert_int_equal(stats.n_failures, 1);
    assert_int_equal(stats.n_refused, 0);
    down(&s);
}

static void test_what_a_collector_refuses_is_dropped(void **state)
{
    struct scene s = {.answer = RPC_INVALID_ARGUMENT};
    struct otlp_stats stats;

    (void)state;
    up(&s, NULL);
    one_step(&s.spans, NULL, NULL);
    do {
        (void)loop_turn(s.loop, false);
        otlp_stats(s.otlp, &stats);
    } while (stats.n_refused < 2);
    assert_int_equal(s.spans.n, 0);
    down(&s);
}

static void on_flushed(void *user)
{
    struct scene *s = user;

    s->n_flushed++;
}

static void test_an_orderly_end_sends_what_waits(void **state)
{
    struct scene s = {0};

    (void)state;
    up(&s, NULL);
    for (int i = 0; i < 600; i++)
        one_step(&s.spans, NULL, NULL);
    otlp_flush(s.otlp, on_flushed, &s);
    assert_int_equal(s.n_flushed, 0);
    wait_for(&s, &s.n_flushed, 1);
    assert_int_equal(s.n_spans, 1200);
    assert_int_equal(s.n_batches, 3);
    otlp_flush(s.otlp, on_flushed, &s); /* nothing waits */
    wait_for(&s, &s.n_flushed, 2);
    down(&s);
}

static void test_a_bad_endpoint_is_said(void **state)
{
    static const char *const bad[] = {"ftp://x:1", "http://", "http://user@x:1",
                                      "http://u:secret@x:1"};
    struct otlp_opts opts = {.service_name = "x"};
    struct spans spans;
    struct loop *loop;
    struct otlp *o;
    struct err err;

    (void)state;
    assert_int_equal(loop_new(&loop, &err), 0);
    spans_init(&spans);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        opts.endpoint = bad[i];
        assert_int_equal(otlp_new(&o, loop, &spans, &opts, &err), -1);
        assert_string_equal(err.reason, "BadEndpoint");
        assert_null(strstr(err.msg, "secret"));
    }
    opts.endpoint = "http://[::1]:1";
    opts.headers = "=x";
    assert_int_equal(otlp_new(&o, loop, &spans, &opts, &err), -1);
    assert_string_equal(err.reason, "BadHeaders");
    opts.headers = "a=1,b=2";
    assert_int_equal(otlp_new(&o, loop, &spans, &opts, &err), 0);
    otlp_free(o);
    loop_free(loop);
}

/* A span that finds no memory is dropped and counted, a batch that finds none is sent later. */
static int export_one(void *user, struct err *err)
{
    struct scene s = {0};
    int r;

    (void)user;
    alloc_sweep_pause();
    collector_up(&s);
    alloc_sweep_resume();
    r = exporter_up(&s, "a=1", err);
    if (r == 0) {
        one_step(&s.spans, NULL, NULL);
        if (s.spans.n_dropped)
            r = err_oom(err);
        for (int i = 0; i < 40; i++)
            (void)loop_turn(s.loop, false);
    }
    alloc_sweep_pause();
    down(&s);
    alloc_sweep_resume();
    return r;
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    alloc_sweep(export_one, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans_go_on_with_the_trace_of_their_object),
        cmocka_unit_test(test_an_object_without_a_trace_gets_that_of_its_step),
        cmocka_unit_test(test_what_is_not_sampled_is_not_sent),
        cmocka_unit_test(test_without_tracing_nothing_happens),
        cmocka_unit_test(test_the_queue_is_bounded),
        cmocka_unit_test(test_a_collector_that_is_busy_is_asked_again),
        cmocka_unit_test(test_what_a_collector_refuses_is_dropped),
        cmocka_unit_test(test_an_orderly_end_sends_what_waits),
        cmocka_unit_test(test_a_bad_endpoint_is_said),
        cmocka_unit_test(test_every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
