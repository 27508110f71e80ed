/*
 * interop-client ADDRESS CASE [CA NAME]: one case of gRPC's interoperability tests against a
 * server. With CA: TLS, the server's name is NAME. Says what is wrong and ends with 1, or with 0.
 *
 * The cases read from the top like their description: `unary()` and the `talk_…` functions turn the
 * loop until what they wait for is there.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "grpc/testing/test.rpc.h"
#include "lib/base/clock.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/tls.h"
#include "tests/conformance/interop.h"
#include "xds/service/orca/v3/orca.rpc.h"

enum {
    LARGE_REQUEST = 271828,
    LARGE_RESPONSE = 314159,
    VERY_LARGE = 10 * 1024 * 1024,
    CASE_MS = 40 * 1000,
    SOAK_ROUNDS = 10,
    SOAK_ROUND_MS = 1000,
};

static const int32_t request_sizes[] = {27182, 8, 1828, 45904};
static const int32_t response_sizes[] = {31415, 9, 2653, 58979};
static uint8_t zeros[VERY_LARGE];

static struct loop *loop;
static struct rpc_channel *channel;
static struct rpc_tls *tls;
static const char *target, *server_name;
static uint64_t give_up_ms;

static _Noreturn _printf_(1, 2) void fail(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\n");
    exit(1);
}

static void turn(const char *waiting_for)
{
    if (clock_monotonic_ms() > give_up_ms)
        fail("waited too long for %s", waiting_for);
    (void)loop_turn(loop, true);
}

static void expect_int(long long seen, long long want, const char *what)
{
    if (seen != want)
        fail("%s: want %lld, seen %lld", what, want, seen);
}

static void open_channel(void)
{
    struct rpc_channel_opts opts = {
        .tls = tls, .authority = server_name, .max_message = INTEROP_MAX_MESSAGE};
    struct err err;

    if (rpc_channel_new(&channel, loop, target, &opts, &err) < 0)
        fail("%s", err.msg);
}

/* ---- load reports ---- */

struct load {
    bool is_there;
    double cpu, mem, cost, util; /* < 0: not in the report */
};

static struct load read_load(const Xds__Data__Orca__V3__OrcaLoadReport *m)
{
    struct load load = {.is_there = true,
                        .cpu = m->cpu_utilization,
                        .mem = m->mem_utilization,
                        .cost = -1,
                        .util = -1};

    if (m->n_request_cost == 1 && strcmp(m->request_cost[0]->key, "cost") == 0)
        load.cost = m->request_cost[0]->value;
    if (m->n_utilization == 1 && strcmp(m->utilization[0]->key, "util") == 0)
        load.util = m->utilization[0]->value;
    return load;
}

static bool same_load(const struct load *a, const struct load *b)
{
    return a->is_there == b->is_there && !(a->cpu < b->cpu || a->cpu > b->cpu) &&
           !(a->mem < b->mem || a->mem > b->mem) && !(a->cost < b->cost || a->cost > b->cost) &&
           !(a->util < b->util || a->util > b->util);
}

/* ---- what a call brought ---- */

struct ended {
    bool is_done;
    int code;
    char message[256];
    char initial[64];
    uint8_t trailing[16];
    size_t n_trailing;
    struct load load;
};

static void note_load(struct ended *e, const struct rpc_field *f)
{
    Xds__Data__Orca__V3__OrcaLoadReport *m =
        xds__data__orca__v3__orca_load_report__unpack(NULL, f->n_value, f->value);

    if (!m)
        fail("the load report in the trailers is none");
    e->load = read_load(m);
    xds__data__orca__v3__orca_load_report__free_unpacked(m, NULL);
}

static void note_end(struct ended *e, struct rpc_call *call, const struct rpc_status *status)
{
    const struct rpc_metadata *headers = rpc_call_headers(call);
    const struct rpc_metadata *trailers = rpc_call_trailers(call);
    const char *initial = headers ? rpc_metadata_get(headers, INTEROP_INITIAL) : NULL;
    const struct rpc_field *trailing =
        trailers ? rpc_metadata_find(trailers, INTEROP_TRAILING) : NULL;
    const struct rpc_field *report = trailers ? rpc_metadata_find(trailers, INTEROP_REPORT) : NULL;

    e->is_done = true;
    e->code = status->code;
    (void)snprintf(e->message, sizeof(e->message), "%s", status->message);
    (void)snprintf(e->initial, sizeof(e->initial), "%s", initial ? initial : "");
    if (trailing && trailing->n_value <= sizeof(e->trailing)) {
        e->n_trailing = trailing->n_value;
        memcpy(e->trailing, trailing->value, trailing->n_value);
    }
    if (report)
        note_load(e, report);
}

static void expect_end(const struct ended *e, int code, const char *message)
{
    if (e->code != code)
        fail("want status %d, seen %d: %s", code, e->code, e->message);
    if (message && strcmp(e->message, message) != 0)
        fail("want the message \"%s\", seen \"%s\"", message, e->message);
}

/* ---- unary ---- */

struct reply {
    struct ended end;
    size_t n_body;
    bool was_gzip;
    char server_id[64];
    char peer[96];
};

static void on_reply(struct rpc_call *call, const ProtobufCMessage *msg,
                     const struct rpc_status *status, void *user)
{
    const Grpc__Testing__SimpleResponse *in = (const Grpc__Testing__SimpleResponse *)msg;
    struct reply *r = user;

    note_end(&r->end, call, status);
    if (!in)
        return;
    r->n_body = in->payload ? in->payload->body.len : 0;
    r->was_gzip = rpc_call_was_gzip(call);
    (void)snprintf(r->server_id, sizeof(r->server_id), "%s", in->server_id);
    (void)snprintf(r->peer, sizeof(r->peer), "%s", rpc_call_peer(call)->address);
}

static struct reply unary(Grpc__Testing__SimpleRequest *request, int32_t n_request,
                          int32_t n_response, const struct rpc_call_opts *opts)
{
    Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;
    struct reply r = {0};
    struct err err;

    payload.body.data = zeros;
    payload.body.len = (size_t)n_request;
    request->payload = &payload;
    request->response_size = n_response;
    if (grpc_testing_test_service_unary_call(channel, opts, request, on_reply, &r, NULL, &err) < 0)
        fail("UnaryCall: %s", err.msg);
    while (!r.end.is_done)
        turn("the answer to UnaryCall");
    return r;
}

static struct reply good_unary(Grpc__Testing__SimpleRequest *request, int32_t n_request,
                               int32_t n_response, const struct rpc_call_opts *opts)
{
    struct reply r = unary(request, n_request, n_response, opts);

    expect_end(&r.end, RPC_OK, NULL);
    expect_int((long long)r.n_body, n_response, "bytes of the answer");
    return r;
}

#define REQUEST(name) Grpc__Testing__SimpleRequest name = GRPC__TESTING__SIMPLE_REQUEST__INIT

static void on_empty(struct rpc_call *call, const ProtobufCMessage *msg,
                     const struct rpc_status *status, void *user)
{
    (void)msg;
    note_end(user, call, status);
}

typedef int (*empty_fn)(struct rpc_channel *ch, const struct rpc_call_opts *opts,
                        const Grpc__Testing__Empty *request, rpc_unary_fn fn, void *user,
                        struct rpc_call **ret, struct err *err);

static struct ended empty_call(empty_fn fn)
{
    Grpc__Testing__Empty request = GRPC__TESTING__EMPTY__INIT;
    struct ended e = {0};
    struct err err;

    if (fn(channel, NULL, &request, on_empty, &e, NULL, &err) < 0)
        fail("%s", err.msg);
    while (!e.is_done)
        turn("the answer to an empty call");
    return e;
}

static void empty_unary(void)
{
    struct ended e = empty_call(grpc_testing_test_service_empty_call);

    expect_end(&e, RPC_OK, NULL);
}

static void unimplemented_method(void)
{
    struct ended e = empty_call(grpc_testing_test_service_unimplemented_call);

    expect_end(&e, RPC_UNIMPLEMENTED, NULL);
}

static void unimplemented_service(void)
{
    struct ended e = empty_call(grpc_testing_unimplemented_service_unimplemented_call);

    expect_end(&e, RPC_UNIMPLEMENTED, NULL);
}

static void large_unary(void)
{
    REQUEST(request);

    (void)good_unary(&request, LARGE_REQUEST, LARGE_RESPONSE, NULL);
}

static void very_large_request(void)
{
    REQUEST(request);

    (void)good_unary(&request, VERY_LARGE, VERY_LARGE, NULL);
}

/* ---- unary, compressed ---- */

static void compressed_unary_request(bool probes)
{
    Grpc__Testing__BoolValue expected = GRPC__TESTING__BOOL_VALUE__INIT;
    REQUEST(request);

    expected.value = true;
    request.expect_compressed = &expected;
    if (probes) {
        struct reply r = unary(&request, LARGE_REQUEST, LARGE_RESPONSE, NULL);

        expect_end(&r.end, RPC_INVALID_ARGUMENT, NULL);
    }
    (void)good_unary(&request, LARGE_REQUEST, LARGE_RESPONSE,
                     &(struct rpc_call_opts){.gzip = true});
    expected.value = false;
    (void)good_unary(&request, LARGE_REQUEST, LARGE_RESPONSE, NULL);
}

static void client_compressed_unary(void)
{
    compressed_unary_request(true);
}

static void client_compressed_unary_noprobe(void)
{
    compressed_unary_request(false);
}

static void server_compressed_unary(void)
{
    Grpc__Testing__BoolValue wanted = GRPC__TESTING__BOOL_VALUE__INIT;
    REQUEST(request);
    struct reply r;

    request.response_compressed = &wanted;
    wanted.value = true;
    r = good_unary(&request, LARGE_REQUEST, LARGE_RESPONSE, NULL);
    expect_int(r.was_gzip, true, "compressed");
    wanted.value = false;
    r = good_unary(&request, LARGE_REQUEST, LARGE_RESPONSE, NULL);
    expect_int(r.was_gzip, false, "compressed");
}

/* ---- streams ---- */

struct talk {
    struct rpc_call *call;
    struct ended end;
    int n_messages;
    int32_t sizes[8]; /* of payloads, or the aggregated size */
    bool was_gzip[8];
    struct load load; /* the last message of StreamCoreMetrics */
};

static int32_t size_of(const ProtobufCMessage *msg)
{
    const Grpc__Testing__StreamingOutputCallResponse *out =
        (const Grpc__Testing__StreamingOutputCallResponse *)msg;

    if (msg->descriptor == &grpc__testing__streaming_input_call_response__descriptor)
        return ((const Grpc__Testing__StreamingInputCallResponse *)msg)->aggregated_payload_size;
    return out->payload ? (int32_t)out->payload->body.len : 0;
}

static void talk_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    struct talk *t = user;

    if (msg->descriptor == &xds__data__orca__v3__orca_load_report__descriptor) {
        t->load = read_load((const Xds__Data__Orca__V3__OrcaLoadReport *)msg);
    } else if (t->n_messages < (int)ARRAY_SIZE(t->sizes)) {
        t->sizes[t->n_messages] = size_of(msg);
        t->was_gzip[t->n_messages] = rpc_call_was_gzip(call);
    }
    t->n_messages++;
    rpc_call_read(call);
}

static void talk_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct talk *t = user;

    note_end(&t->end, call, status);
    t->call = NULL;
}

static const struct rpc_msg_ops talk_ops = {.on_message = talk_message, .on_done = talk_done};

static void talk_open(struct talk *t, const struct rpc_method_desc *m,
                      const struct rpc_call_opts *opts)
{
    struct err err;

    memset(t, 0, sizeof(*t));
    if (rpc_start(channel, m, opts, &talk_ops, t, &t->call, &err) < 0)
        fail("%s: %s", m->path, err.msg);
    rpc_call_read(t->call);
}

static void talk_send(struct talk *t, const ProtobufCMessage *msg)
{
    if (t->call)
        (void)rpc_send(t->call, msg, NULL); /* not taken: its end says why */
}

static void talk_wait(struct talk *t, int n_messages)
{
    while (t->n_messages < n_messages) {
        if (t->end.is_done)
            fail("ended after %d messages with %d: %s", t->n_messages, t->end.code, t->end.message);
        turn("a message");
    }
}

static void talk_close(struct talk *t)
{
    if (t->call)
        rpc_call_send_end(t->call);
}

static void talk_wait_end(struct talk *t)
{
    while (!t->end.is_done)
        turn("the end of a stream");
}

/* Asks for one answer of that size; < 0: for none. */
static void talk_ask(struct talk *t, int32_t n_request, int32_t n_response)
{
    Grpc__Testing__StreamingOutputCallRequest request =
        GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    Grpc__Testing__ResponseParameters parameters = GRPC__TESTING__RESPONSE_PARAMETERS__INIT;
    Grpc__Testing__ResponseParameters *list[] = {&parameters};
    Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;

    payload.body.data = zeros;
    payload.body.len = (size_t)n_request;
    parameters.size = n_response;
    request.payload = &payload;
    request.response_parameters = list;
    request.n_response_parameters = n_response >= 0;
    talk_send(t, &request.base);
}

static void talk_give(struct talk *t, int32_t size, Grpc__Testing__BoolValue *compressed)
{
    Grpc__Testing__StreamingInputCallRequest request =
        GRPC__TESTING__STREAMING_INPUT_CALL_REQUEST__INIT;
    Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;

    payload.body.data = zeros;
    payload.body.len = (size_t)size;
    request.payload = &payload;
    request.expect_compressed = compressed;
    talk_send(t, &request.base);
}

static const struct rpc_method_desc *const duplex_method =
    &grpc_testing_test_service_full_duplex_call_method;
static const struct rpc_method_desc *const input_method =
    &grpc_testing_test_service_streaming_input_call_method;
static const struct rpc_method_desc *const output_method =
    &grpc_testing_test_service_streaming_output_call_method;

static void client_streaming(void)
{
    struct talk t;

    talk_open(&t, input_method, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(request_sizes); i++)
        talk_give(&t, request_sizes[i], NULL);
    talk_close(&t);
    talk_wait_end(&t);
    expect_end(&t.end, RPC_OK, NULL);
    expect_int(t.n_messages, 1, "answers");
    expect_int(t.sizes[0], 74922, "the aggregated size");
}

static void compressed_requests(bool probes)
{
    Grpc__Testing__BoolValue expected = GRPC__TESTING__BOOL_VALUE__INIT;
    struct talk t;

    if (probes) {
        expected.value = true;
        talk_open(&t, input_method, NULL);
        talk_give(&t, 27182, &expected);
        talk_close(&t);
        talk_wait_end(&t);
        expect_end(&t.end, RPC_INVALID_ARGUMENT, NULL);
    }
    talk_open(&t, input_method, &(struct rpc_call_opts){.gzip = true});
    expected.value = true;
    talk_give(&t, 27182, &expected);
    rpc_call_set_gzip(t.call, false);
    expected.value = false;
    talk_give(&t, 45904, &expected);
    talk_close(&t);
    talk_wait_end(&t);
    expect_end(&t.end, RPC_OK, NULL);
    expect_int(t.sizes[0], 73086, "the aggregated size");
}

static void client_compressed_streaming(void)
{
    compressed_requests(true);
}

static void client_compressed_streaming_noprobe(void)
{
    compressed_requests(false);
}

static void output_stream(struct talk *t, const int32_t *sizes, size_t n,
                          const Grpc__Testing__BoolValue *compressed)
{
    Grpc__Testing__StreamingOutputCallRequest request =
        GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    Grpc__Testing__ResponseParameters parameters[4], *list[4];

    for (size_t i = 0; i < n; i++) {
        grpc__testing__response_parameters__init(&parameters[i]);
        parameters[i].size = sizes[i];
        parameters[i].compressed = compressed ? (Grpc__Testing__BoolValue *)&compressed[i] : NULL;
        list[i] = &parameters[i];
    }
    request.response_parameters = list;
    request.n_response_parameters = n;
    talk_open(t, output_method, NULL);
    talk_send(t, &request.base);
    talk_close(t);
    talk_wait_end(t);
    expect_end(&t->end, RPC_OK, NULL);
    expect_int(t->n_messages, (long long)n, "answers");
    for (size_t i = 0; i < n; i++)
        expect_int(t->sizes[i], sizes[i], "bytes of an answer");
}

static void server_streaming(void)
{
    struct talk t;

    output_stream(&t, response_sizes, ARRAY_SIZE(response_sizes), NULL);
}

static void server_compressed_streaming(void)
{
    static const int32_t sizes[] = {31415, 92653};
    Grpc__Testing__BoolValue compressed[2];
    struct talk t;

    grpc__testing__bool_value__init(&compressed[0]);
    grpc__testing__bool_value__init(&compressed[1]);
    compressed[0].value = true;
    output_stream(&t, sizes, ARRAY_SIZE(sizes), compressed);
    expect_int(t.was_gzip[0], true, "compressed");
    expect_int(t.was_gzip[1], false, "compressed");
}

static void ping_pong(void)
{
    struct talk t;

    talk_open(&t, duplex_method, NULL);
    for (int i = 0; i < (int)ARRAY_SIZE(request_sizes); i++) {
        talk_ask(&t, request_sizes[i], response_sizes[i]);
        talk_wait(&t, i + 1);
        expect_int(t.sizes[i], response_sizes[i], "bytes of an answer");
    }
    talk_close(&t);
    talk_wait_end(&t);
    expect_end(&t.end, RPC_OK, NULL);
    expect_int(t.n_messages, 4, "answers");
}

static void empty_stream(void)
{
    struct talk t;

    talk_open(&t, duplex_method, NULL);
    talk_close(&t);
    talk_wait_end(&t);
    expect_end(&t.end, RPC_OK, NULL);
    expect_int(t.n_messages, 0, "answers");
}

/* ---- the end before the end ---- */

static void timeout_on_sleeping_server(void)
{
    struct talk t;

    talk_open(&t, duplex_method, &(struct rpc_call_opts){.timeout_ms = 1});
    talk_ask(&t, 27182, -1);
    talk_wait_end(&t);
    expect_end(&t.end, RPC_DEADLINE_EXCEEDED, NULL);
}

static void cancel_after_begin(void)
{
    struct talk t;

    talk_open(&t, input_method, NULL);
    rpc_call_cancel(t.call, RPC_CANCELLED, "enough");
    talk_wait_end(&t);
    expect_end(&t.end, RPC_CANCELLED, NULL);
}

static void cancel_after_first_response(void)
{
    struct talk t;

    talk_open(&t, duplex_method, NULL);
    talk_ask(&t, 27182, 31415);
    talk_wait(&t, 1);
    rpc_call_cancel(t.call, RPC_CANCELLED, "enough");
    talk_wait_end(&t);
    expect_end(&t.end, RPC_CANCELLED, NULL);
}

/* ---- status and metadata ---- */

static void status_code_and_message(void)
{
    static char text[] = "test status message";
    Grpc__Testing__StreamingOutputCallRequest request =
        GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    Grpc__Testing__EchoStatus status = GRPC__TESTING__ECHO_STATUS__INIT;
    REQUEST(simple);
    struct reply r;
    struct talk t;

    status.code = 2;
    status.message = text;
    simple.response_status = request.response_status = &status;
    r = unary(&simple, 0, 0, NULL);
    expect_end(&r.end, 2, text);
    talk_open(&t, duplex_method, NULL);
    talk_send(&t, &request.base);
    talk_close(&t);
    talk_wait_end(&t);
    expect_end(&t.end, 2, text);
}

static void special_status_message(void)
{
    static char text[] = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP "
                         "\U0001f608\t\n";
    Grpc__Testing__EchoStatus status = GRPC__TESTING__ECHO_STATUS__INIT;
    REQUEST(request);
    struct reply r;

    status.code = 2;
    status.message = text;
    request.response_status = &status;
    r = unary(&request, 0, 0, NULL);
    expect_end(&r.end, 2, text);
}

static const uint8_t trailing_value[] = {0x0a, 0x0b, 0x0a, 0x0b, 0x0a, 0x0b};

static void check_metadata(const struct ended *e)
{
    expect_end(e, RPC_OK, NULL);
    if (strcmp(e->initial, "test_initial_metadata_value") != 0)
        fail("initial metadata: seen \"%s\"", e->initial);
    if (e->n_trailing != sizeof(trailing_value) ||
        memcmp(e->trailing, trailing_value, e->n_trailing) != 0)
        fail("trailing metadata: seen %zu bytes", e->n_trailing);
}

static void custom_metadata(void)
{
    struct rpc_metadata md;
    struct rpc_call_opts opts = {.metadata = &md};
    struct arena arena;
    REQUEST(request);
    struct reply r;
    struct talk t;
    struct err err;

    arena_init(&arena, 4096);
    rpc_metadata_init(&md, &arena);
    if (rpc_metadata_add_str(&md, INTEROP_INITIAL, "test_initial_metadata_value", &err) < 0 ||
        rpc_metadata_add(&md, INTEROP_TRAILING, trailing_value, sizeof(trailing_value), &err) < 0)
        fail("%s", err.msg);
    r = good_unary(&request, LARGE_REQUEST, LARGE_RESPONSE, &opts);
    check_metadata(&r.end);
    talk_open(&t, duplex_method, &opts);
    talk_ask(&t, LARGE_REQUEST, LARGE_RESPONSE);
    talk_close(&t);
    talk_wait_end(&t);
    check_metadata(&t.end);
    arena_done(&arena);
}

/* ---- channels ---- */

static void pick_first_unary(void)
{
    REQUEST(request);
    struct reply first, r;

    request.fill_server_id = true;
    first = good_unary(&request, 1, 1, NULL);
    for (int i = 1; i < 100; i++) {
        r = good_unary(&request, 1, 1, NULL);
        if (strcmp(r.server_id, first.server_id) != 0 || strcmp(r.peer, first.peer) != 0)
            fail("call %d went to another server", i);
    }
}

static void soak(bool renews)
{
    for (int i = 0; i < SOAK_ROUNDS; i++) {
        uint64_t begun_ms = clock_monotonic_ms(), took_ms;
        REQUEST(request);

        if (renews) {
            rpc_channel_free(channel);
            open_channel();
        }
        (void)good_unary(&request, LARGE_REQUEST, LARGE_RESPONSE, NULL);
        took_ms = clock_monotonic_ms() - begun_ms;
        if (took_ms > SOAK_ROUND_MS)
            fail("round %d took %llu ms", i, (unsigned long long)took_ms);
    }
}

static void rpc_soak(void)
{
    soak(false);
}

static void channel_soak(void)
{
    soak(true);
}

/* ---- load reports ---- */

struct report {
    Grpc__Testing__TestOrcaReport m;
    Grpc__Testing__TestOrcaReport__RequestCostEntry cost, *costs[1];
    Grpc__Testing__TestOrcaReport__UtilizationEntry util, *utils[1];
};

static void report_init(struct report *r, const struct load *load)
{
    static char cost_key[] = "cost", util_key[] = "util";

    grpc__testing__test_orca_report__init(&r->m);
    grpc__testing__test_orca_report__request_cost_entry__init(&r->cost);
    grpc__testing__test_orca_report__utilization_entry__init(&r->util);
    r->cost.key = cost_key;
    r->cost.value = load->cost;
    r->util.key = util_key;
    r->util.value = load->util;
    r->costs[0] = &r->cost;
    r->utils[0] = &r->util;
    r->m.cpu_utilization = load->cpu;
    r->m.memory_utilization = load->mem;
    r->m.request_cost = r->costs;
    r->m.n_request_cost = load->cost >= 0;
    r->m.utilization = r->utils;
    r->m.n_utilization = load->util >= 0;
}

static void orca_per_rpc(void)
{
    static const struct load load = {true, 0.8210, 0.5847, 3456.32, 0.30499};
    struct report report;
    REQUEST(request);
    struct reply r;

    report_init(&report, &load);
    request.orca_per_query_report = &report.m;
    r = good_unary(&request, 0, 0, NULL);
    if (!same_load(&r.end.load, &load))
        fail("the load report is not the one that was sent");
}

static void orca_oob(void)
{
    static const struct load loads[] = {{true, 0.8210, 0.5847, -1, 0.30499},
                                        {true, 0.29309, 0.2, -1, 0.2039}};
    Grpc__Testing__StreamingOutputCallRequest request =
        GRPC__TESTING__STREAMING_OUTPUT_CALL_REQUEST__INIT;
    Grpc__Testing__ResponseParameters parameters = GRPC__TESTING__RESPONSE_PARAMETERS__INIT;
    Grpc__Testing__ResponseParameters *list[] = {&parameters};
    Xds__Service__Orca__V3__OrcaLoadReportRequest ask =
        XDS__SERVICE__ORCA__V3__ORCA_LOAD_REPORT_REQUEST__INIT;
    Google__Protobuf__Duration second = GOOGLE__PROTOBUF__DURATION__INIT;
    struct report report;
    struct talk t, metrics;

    second.seconds = 1;
    ask.report_interval = &second;
    talk_open(&metrics, &xds_service_orca_v3_open_rca_service_stream_core_metrics_method, NULL);
    talk_send(&metrics, &ask.base);
    talk_close(&metrics);
    talk_open(&t, duplex_method, NULL);
    parameters.size = 1;
    request.response_parameters = list;
    request.n_response_parameters = 1;
    request.orca_oob_report = &report.m;
    for (int i = 0; i < (int)ARRAY_SIZE(loads); i++) {
        report_init(&report, &loads[i]);
        talk_send(&t, &request.base);
        talk_wait(&t, i + 1);
        while (!same_load(&metrics.load, &loads[i])) {
            if (metrics.end.is_done)
                fail("StreamCoreMetrics ended with %d: %s", metrics.end.code, metrics.end.message);
            turn("the load report");
        }
    }
    talk_close(&t);
    talk_wait_end(&t);
    rpc_call_abandon(metrics.call);
}

/* ---- the program ---- */

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
static const struct {
    const char *name;
    void (*fn)(void);
} cases[] = {
    CASE(empty_unary),
    CASE(large_unary),
    CASE(very_large_request),
    CASE(client_compressed_unary),
    CASE(client_compressed_unary_noprobe),
    CASE(server_compressed_unary),
    CASE(client_streaming),
    CASE(client_compressed_streaming),
    CASE(client_compressed_streaming_noprobe),
    CASE(server_streaming),
    CASE(server_compressed_streaming),
    CASE(ping_pong),
    CASE(empty_stream),
    CASE(timeout_on_sleeping_server),
    CASE(cancel_after_begin),
    CASE(cancel_after_first_response),
    CASE(status_code_and_message),
    CASE(special_status_message),
    CASE(custom_metadata),
    CASE(unimplemented_method),
    CASE(unimplemented_service),
    CASE(pick_first_unary),
    CASE(rpc_soak),
    CASE(channel_soak),
    CASE(orca_per_rpc),
    CASE(orca_oob),
};

static void run_case(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (strcmp(cases[i].name, name) != 0)
            continue;
        open_channel();
        cases[i].fn();
        rpc_channel_free(channel);
        return;
    }
    fail("there is no case %s", name);
}

int main(int argc, char **argv)
{
    struct err err;

    if (argc != 3 && argc != 5)
        fail("usage: interop-client ADDRESS CASE [CA NAME]");
    (void)signal(SIGPIPE, SIG_IGN);
    target = argv[1];
    if (argc == 5) {
        struct rpc_tls_opts opts = {
            .ca_file = argv[3], .server_name = argv[4], .allow_tls12 = true};

        server_name = argv[4];
        if (rpc_tls_new(&tls, &opts, &err) < 0)
            fail("%s", err.msg);
    }
    if (loop_new(&loop, &err) < 0)
        fail("%s", err.msg);
    give_up_ms = clock_monotonic_ms() + CASE_MS;
    run_case(argv[2]);
    loop_free(loop);
    rpc_tls_free(tls);
    return 0;
}
