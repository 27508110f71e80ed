/*
 * interop-server ADDRESS [CERT KEY]: the server of gRPC's interoperability tests
 * (grpc.testing.TestService, xds.service.orca.v3.OpenRcaService). Prints the address it listens on;
 * serves until SIGTERM.
 *
 * All streaming answers go one way: what is to be sent is queued as sizes, and `step` sends while
 * the transport takes it and the interval that was asked for has passed.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "grpc/testing/test.rpc.h"
#include "lib/base/bytes.h"
#include "lib/base/list.h"
#include "lib/rpc/server.h"
#include "lib/rpc/tls.h"
#include "tests/conformance/interop.h"
#include "xds/service/orca/v3/orca.rpc.h"

enum { MAX_QUEUED = 64 * 1024, OOB_MIN_MS = 100 };

typedef Grpc__Testing__StreamingOutputCallRequest output_request;

static uint8_t zeros[INTEROP_MAX_MESSAGE];
static char server_id[17];
static uint8_t oob_report[1024]; /* packed; what StreamCoreMetrics sends */
static size_t n_oob_report;

/* ---- metadata, status, load reports ---- */

static void echo_metadata(struct rpc_call *call)
{
    const struct rpc_field *initial = rpc_metadata_find(rpc_call_headers(call), INTEROP_INITIAL);
    const struct rpc_field *trailing = rpc_metadata_find(rpc_call_headers(call), INTEROP_TRAILING);

    /* Ended meanwhile, or out of memory: the client sees that they are missing. */
    if (initial)
        (void)rpc_call_add_header(call, INTEROP_INITIAL, initial->value, initial->n_value, NULL);
    if (trailing)
        (void)rpc_call_add_trailer(call, INTEROP_TRAILING, trailing->value, trailing->n_value,
                                   NULL);
}

static bool echo_status(struct rpc_call *call, const Grpc__Testing__EchoStatus *status)
{
    if (!status || status->code == 0)
        return false;
    rpc_call_finish(call, status->code, status->message);
    return true;
}

/* What the client wants to have been compressed must have been. */
static bool check_compressed(struct rpc_call *call, const Grpc__Testing__BoolValue *expected)
{
    if (!expected || !expected->value || rpc_call_was_gzip(call))
        return true;
    rpc_call_finish(call, RPC_INVALID_ARGUMENT, "the message should have been compressed");
    return false;
}

static bool check_size(struct rpc_call *call, int32_t size)
{
    if (size >= 0 && size <= INTEROP_MAX_MESSAGE - 1024)
        return true;
    rpc_call_finish(call, RPC_INVALID_ARGUMENT, "no such size of a payload");
    return false;
}

static Grpc__Testing__Payload payload_of(int32_t size)
{
    Grpc__Testing__Payload payload = GRPC__TESTING__PAYLOAD__INIT;

    payload.body.data = zeros;
    payload.body.len = (size_t)size;
    return payload;
}

/* Packs what the request reports as the load report of xDS. */
static size_t pack_report(const Grpc__Testing__TestOrcaReport *in, uint8_t *to, size_t max)
{
    Xds__Data__Orca__V3__OrcaLoadReport out = XDS__DATA__ORCA__V3__ORCA_LOAD_REPORT__INIT;
    Xds__Data__Orca__V3__OrcaLoadReport__RequestCostEntry cost[8], *costs[8];
    Xds__Data__Orca__V3__OrcaLoadReport__UtilizationEntry util[8], *utils[8];

    out.cpu_utilization = in->cpu_utilization;
    out.mem_utilization = in->memory_utilization;
    out.request_cost = costs;
    out.utilization = utils;
    for (; out.n_request_cost < MIN(in->n_request_cost, ARRAY_SIZE(cost)); out.n_request_cost++) {
        size_t i = out.n_request_cost;

        xds__data__orca__v3__orca_load_report__request_cost_entry__init(&cost[i]);
        cost[i].key = in->request_cost[i]->key;
        cost[i].value = in->request_cost[i]->value;
        costs[i] = &cost[i];
    }
    for (; out.n_utilization < MIN(in->n_utilization, ARRAY_SIZE(util)); out.n_utilization++) {
        size_t i = out.n_utilization;

        xds__data__orca__v3__orca_load_report__utilization_entry__init(&util[i]);
        util[i].key = in->utilization[i]->key;
        util[i].value = in->utilization[i]->value;
        utils[i] = &util[i];
    }
    if (xds__data__orca__v3__orca_load_report__get_packed_size(&out) > max)
        return 0;
    return xds__data__orca__v3__orca_load_report__pack(&out, to);
}

/* ---- unary ---- */

static void on_empty(struct rpc_call *call, const Grpc__Testing__Empty *request, void *user)
{
    Grpc__Testing__Empty reply = GRPC__TESTING__EMPTY__INIT;

    (void)request;
    (void)user;
    grpc_testing_test_service_empty_call_reply(call, &reply);
}

static void on_unary(struct rpc_call *call, const Grpc__Testing__SimpleRequest *in, void *user)
{
    Grpc__Testing__SimpleResponse reply = GRPC__TESTING__SIMPLE_RESPONSE__INIT;
    Grpc__Testing__Payload payload = payload_of(in->response_size);
    uint8_t report[1024];

    (void)user;
    echo_metadata(call);
    if (echo_status(call, in->response_status) || !check_compressed(call, in->expect_compressed) ||
        !check_size(call, in->response_size))
        return;
    if (in->orca_per_query_report)
        (void)rpc_call_add_trailer(call, INTEROP_REPORT, report,
                                   pack_report(in->orca_per_query_report, report, sizeof(report)),
                                   NULL);
    if (in->response_compressed)
        rpc_call_set_gzip(call, in->response_compressed->value);
    reply.payload = &payload;
    if (in->fill_server_id)
        reply.server_id = server_id;
    grpc_testing_test_service_unary_call_reply(call, &reply);
}

/* ---- streams ---- */

struct answer {
    int32_t size;
    int32_t interval_us;
    bool has_gzip, gzip;
};

struct stream {
    struct rpc_call *call;
    struct loop_timer *timer;
    struct answer *answers; /* to be sent, from at on */
    size_t n_answers, at, cap;
    int64_t n_received;
    bool is_half_duplex; /* answers when all requests are there */
    bool is_waiting;     /* for the interval or for room         */
    bool has_waited;
    bool is_peer_ended;
    bool is_finished;
};

static void finish(struct stream *s, int code, const char *message)
{
    s->is_finished = true;
    rpc_call_finish(s->call, code, message);
}

/* 0 sent, 1 wait. */
static int send_answer(struct stream *s, const struct answer *a)
{
    Grpc__Testing__StreamingOutputCallResponse reply =
        GRPC__TESTING__STREAMING_OUTPUT_CALL_RESPONSE__INIT;
    Grpc__Testing__Payload payload = payload_of(a->size);
    struct err err;
    int r;

    reply.payload = &payload;
    if (a->has_gzip) {
        rpc_call_set_gzip(s->call, true); /* announced with the head, */
        (void)rpc_call_send_headers(s->call, NULL);
        rpc_call_set_gzip(s->call, a->gzip); /* used where asked for      */
    }
    r = rpc_send(s->call, &reply.base, &err);
    if (r < 0)
        s->is_finished = true; /* on_done says why */
    return r > 0;
}

static void step(struct stream *s)
{
    while (!s->is_finished && !s->is_waiting && s->at < s->n_answers &&
           (s->is_peer_ended || !s->is_half_duplex)) {
        const struct answer *a = &s->answers[s->at];

        if (a->interval_us > 0 && !s->has_waited) {
            s->is_waiting = true;
            loop_timer_arm(s->timer, loop_now_ms(rpc_call_loop(s->call)) +
                                         ((uint64_t)a->interval_us + 999) / 1000);
            return;
        }
        s->has_waited = false;
        s->at++;
        s->is_waiting = send_answer(s, a);
    }
    if (!s->is_finished && s->is_peer_ended && s->at == s->n_answers)
        finish(s, RPC_OK, NULL);
}

static void on_interval(struct loop_timer *t, void *user)
{
    struct stream *s = user;

    (void)t;
    s->is_waiting = false;
    s->has_waited = true;
    step(s);
}

static bool queue(struct stream *s, const output_request *in)
{
    struct answer *more;

    if (s->at == s->n_answers)
        s->at = s->n_answers = 0;
    if (s->n_answers + in->n_response_parameters > MAX_QUEUED) {
        finish(s, RPC_RESOURCE_EXHAUSTED, "too many answers were asked for");
        return false;
    }
    if (s->n_answers + in->n_response_parameters > s->cap) {
        s->cap = 2 * (s->n_answers + in->n_response_parameters);
        more = realloc(s->answers, s->cap * sizeof(*more));
        if (!more)
            abort();
        s->answers = more;
    }
    for (size_t i = 0; i < in->n_response_parameters; i++) {
        const Grpc__Testing__ResponseParameters *p = in->response_parameters[i];

        if (!check_size(s->call, p->size)) {
            s->is_finished = true;
            return false;
        }
        s->answers[s->n_answers++] = (struct answer){.size = p->size,
                                                     .interval_us = p->interval_us,
                                                     .has_gzip = p->compressed != NULL,
                                                     .gzip = p->compressed && p->compressed->value};
    }
    return true;
}

static void take_output_request(struct stream *s, const output_request *in)
{
    if (echo_status(s->call, in->response_status)) {
        s->is_finished = true;
        return;
    }
    if (in->orca_oob_report)
        n_oob_report = pack_report(in->orca_oob_report, oob_report, sizeof(oob_report));
    if (queue(s, in))
        step(s);
}

static void duplex_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    take_output_request(user, (const output_request *)msg);
    rpc_call_read(call);
}

static void input_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Grpc__Testing__StreamingInputCallRequest *in =
        (const Grpc__Testing__StreamingInputCallRequest *)msg;
    struct stream *s = user;

    if (s->is_finished)
        return;
    if (!check_compressed(call, in->expect_compressed)) {
        s->is_finished = true;
        return;
    }
    s->n_received += in->payload ? (int64_t)in->payload->body.len : 0;
    rpc_call_read(call);
}

static void duplex_end(struct rpc_call *call, void *user)
{
    struct stream *s = user;

    (void)call;
    s->is_peer_ended = true;
    step(s);
}

static void input_end(struct rpc_call *call, void *user)
{
    Grpc__Testing__StreamingInputCallResponse reply =
        GRPC__TESTING__STREAMING_INPUT_CALL_RESPONSE__INIT;
    struct stream *s = user;

    if (s->is_finished)
        return;
    s->is_finished = true;
    reply.aggregated_payload_size = (int32_t)s->n_received;
    grpc_testing_test_service_streaming_input_call_reply(call, &reply);
}

static void on_writable(struct rpc_call *call, void *user)
{
    struct stream *s = user;

    (void)call;
    s->is_waiting = false;
    step(s);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct stream *s = user;

    (void)call;
    (void)status;
    loop_timer_free(s->timer);
    free(s->answers);
    free(s);
}

static struct stream *stream_new(struct rpc_call *call)
{
    struct stream *s = calloc(1, sizeof(*s));

    if (!s || loop_timer_new(&s->timer, rpc_call_loop(call), on_interval, s, NULL) < 0)
        abort();
    s->call = call;
    echo_metadata(call);
    return s;
}

static const struct rpc_msg_ops duplex_ops = {.on_message = duplex_message,
                                              .on_half_close = duplex_end,
                                              .on_writable = on_writable,
                                              .on_done = on_done};
static const struct rpc_msg_ops input_ops = {
    .on_message = input_message, .on_half_close = input_end, .on_done = on_done};

static void on_streaming_output(struct rpc_call *call, const output_request *in, void *user)
{
    struct stream *s = stream_new(call);

    (void)user;
    grpc_testing_test_service_streaming_output_call_accept(call, &duplex_ops, s);
    s->is_peer_ended = true;
    take_output_request(s, in);
}

static void on_streaming_input(struct rpc_call *call, void *user)
{
    (void)user;
    grpc_testing_test_service_streaming_input_call_accept(call, &input_ops, stream_new(call));
    rpc_call_read(call);
}

static void on_full_duplex(struct rpc_call *call, void *user)
{
    (void)user;
    grpc_testing_test_service_full_duplex_call_accept(call, &duplex_ops, stream_new(call));
    rpc_call_read(call);
}

static void on_half_duplex(struct rpc_call *call, void *user)
{
    struct stream *s = stream_new(call);

    (void)user;
    s->is_half_duplex = true;
    grpc_testing_test_service_half_duplex_call_accept(call, &duplex_ops, s);
    rpc_call_read(call);
}

/* ---- load reports out of band ---- */

struct reporter {
    struct rpc_call *call;
    struct loop_timer *timer;
    uint64_t every_ms;
};

static void report(struct loop_timer *t, void *user)
{
    struct reporter *r = user;

    if (rpc_call_send(r->call, oob_report, n_oob_report, NULL) >= 0)
        loop_timer_arm(t, loop_now_ms(rpc_call_loop(r->call)) + r->every_ms);
}

static void reporter_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct reporter *r = user;

    (void)call;
    (void)status;
    loop_timer_free(r->timer);
    free(r);
}

static void on_stream_core_metrics(struct rpc_call *call,
                                   const Xds__Service__Orca__V3__OrcaLoadReportRequest *in,
                                   void *user)
{
    static const struct rpc_msg_ops ops = {.on_done = reporter_done};
    struct reporter *r = calloc(1, sizeof(*r));

    (void)user;
    if (!r || loop_timer_new(&r->timer, rpc_call_loop(call), report, r, NULL) < 0)
        abort();
    r->call = call;
    if (in->report_interval)
        r->every_ms = (uint64_t)in->report_interval->seconds * 1000 +
                      (uint64_t)in->report_interval->nanos / 1000000;
    r->every_ms = MAX(r->every_ms, (uint64_t)OOB_MIN_MS);
    xds_service_orca_v3_open_rca_service_stream_core_metrics_accept(call, &ops, r);
    report(r->timer, r);
}

/* ---- the program ---- */

static void on_signal(struct loop_signal *s, int signum, void *user)
{
    (void)s;
    (void)signum;
    loop_stop(user);
}

static int register_all(struct rpc_server *server, struct err *err)
{
    static const struct grpc_testing_test_service_impl tests = {
        .empty_call = on_empty,
        .unary_call = on_unary,
        .cacheable_unary_call = on_unary,
        .streaming_output_call = on_streaming_output,
        .streaming_input_call = on_streaming_input,
        .full_duplex_call = on_full_duplex,
        .half_duplex_call = on_half_duplex,
    };
    static const struct xds_service_orca_v3_open_rca_service_impl orca = {
        .stream_core_metrics = on_stream_core_metrics};

    if (grpc_testing_test_service_register(server, &tests, err) < 0)
        return -1;
    return xds_service_orca_v3_open_rca_service_register(server, &orca, err);
}

static int run(int argc, char **argv, struct err *err)
{
    _cleanup_(loop_freep) struct loop *loop = NULL;
    _cleanup_(rpc_tls_freep) struct rpc_tls *tls = NULL;
    _cleanup_(rpc_server_freep) struct rpc_server *server = NULL;
    struct rpc_server_opts opts = {.max_message = INTEROP_MAX_MESSAGE};
    struct loop_signal *term;
    char address[128];
    uint8_t id[8];

    bytes_random(id, sizeof(id));
    for (size_t i = 0; i < sizeof(id); i++)
        (void)snprintf(server_id + 2 * i, 3, "%02x", id[i]);
    if (argc > 3) {
        struct rpc_tls_opts tls_opts = {
            .is_server = true, .cert_file = argv[2], .key_file = argv[3], .allow_tls12 = true};

        if (rpc_tls_new(&tls, &tls_opts, err) < 0)
            return -1;
    }
    if (loop_new(&loop, err) < 0 || rpc_server_new(&server, loop, &opts, err) < 0 ||
        register_all(server, err) < 0 ||
        rpc_server_listen(server, argv[1], &(struct rpc_listen_opts){.tls = tls}, address, err) <
            0 ||
        loop_signal_new(&term, loop, SIGTERM, on_signal, loop, err) < 0)
        return -1;
    printf("%s\n", address);
    (void)fflush(stdout);
    loop_run(loop);
    loop_signal_free(term);
    return 0;
}

int main(int argc, char **argv)
{
    struct err err;

    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: interop-server ADDRESS [CERT KEY]\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (run(argc, argv, &err) < 0) {
        fprintf(stderr, "interop-server: %s\n", err.msg);
        return 1;
    }
    return 0;
}
