/*
 * Our client under test for the conformance suite: reads calls to make from standard input, makes
 * each as it is told, one after another, and writes what became of it.
 *
 * A call is a script: send the requests with delays, cancel where told, close, collect. `advance`
 * does the next thing that is due; timers and callbacks only wake it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/rpc/channel.h"
#include "lib/rpc/tls.h"
#include "tests/conformance/compat.h"

typedef Connectrpc__Conformance__V1__ClientCompatRequest compat_request;
typedef Connectrpc__Conformance__V1__ConformancePayload compat_payload;

struct run {
    struct loop *loop;
    struct arena arena;
    const compat_request *q;
    struct rpc_channel *channel;
    struct rpc_tls *tls;
    struct rpc_call *call;
    struct loop_timer *timer;
    struct rpc_metadata metadata;
    size_t n_sent;
    bool has_delayed;     /* the delay before the next request is over     */
    bool wants_answer;    /* full duplex: wait for one before the next one */
    bool is_closed;       /* our side                                      */
    bool cancel_is_armed; /* the timer counts to the cancellation          */
    bool is_done;
    Connectrpc__Conformance__V1__ClientResponseResult result;
    size_t cap_payloads;
};

static bool is_full_duplex(const struct run *r)
{
    return r->q->stream_type ==
           CONNECTRPC__CONFORMANCE__V1__STREAM_TYPE__STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM;
}

static bool is_streaming_requests(const struct run *r)
{
    return is_full_duplex(r) ||
           r->q->stream_type ==
               CONNECTRPC__CONFORMANCE__V1__STREAM_TYPE__STREAM_TYPE_HALF_DUPLEX_BIDI_STREAM ||
           r->q->stream_type == CONNECTRPC__CONFORMANCE__V1__STREAM_TYPE__STREAM_TYPE_CLIENT_STREAM;
}

static bool has_one_answer(const struct run *r)
{
    return r->q->stream_type == CONNECTRPC__CONFORMANCE__V1__STREAM_TYPE__STREAM_TYPE_UNARY ||
           r->q->stream_type == CONNECTRPC__CONFORMANCE__V1__STREAM_TYPE__STREAM_TYPE_CLIENT_STREAM;
}

static void cancel(struct run *r)
{
    rpc_call_cancel(r->call, RPC_CANCELLED, "cancelled by the test");
}

static void close_and_maybe_cancel(struct run *r)
{
    const Connectrpc__Conformance__V1__ClientCompatRequest__Cancel *c = r->q->cancel;

    r->is_closed = true;
    if (c &&
        c->cancel_timing_case ==
            CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_REQUEST__CANCEL__CANCEL_TIMING_BEFORE_CLOSE_SEND) {
        cancel(r);
        return;
    }
    rpc_call_send_end(r->call);
    if (c &&
        c->cancel_timing_case !=
            CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_REQUEST__CANCEL__CANCEL_TIMING_AFTER_NUM_RESPONSES) {
        uint32_t ms =
            c->cancel_timing_case ==
                    CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_REQUEST__CANCEL__CANCEL_TIMING_AFTER_CLOSE_SEND_MS
                ? c->after_close_send_ms
                : 0;

        r->cancel_is_armed = true;
        loop_timer_arm(r->timer, loop_now_ms(r->loop) + ms);
    }
}

static void advance(struct run *r)
{
    while (!r->is_done && !r->is_closed && !r->wants_answer) {
        const compat_any *any;
        struct err err;

        if (r->n_sent == r->q->n_request_messages) {
            close_and_maybe_cancel(r);
            return;
        }
        if (r->q->request_delay_ms && is_streaming_requests(r) && !r->has_delayed) {
            loop_timer_arm(r->timer, loop_now_ms(r->loop) + r->q->request_delay_ms);
            return;
        }
        r->has_delayed = false;
        any = r->q->request_messages[r->n_sent];
        if (rpc_call_send(r->call, any->value.data, any->value.len, &err) < 0)
            return; /* on_done tells why */
        r->n_sent++;
        r->wants_answer = is_full_duplex(r);
    }
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct run *r = user;

    (void)t;
    if (r->cancel_is_armed) {
        cancel(r);
        return;
    }
    r->has_delayed = true;
    advance(r);
}

static void on_headers(struct rpc_call *call, void *user)
{
    struct run *r = user;

    r->result.response_headers =
        compat_headers(rpc_call_headers(call), &r->arena, &r->result.n_response_headers);
}

/* All the suite's response messages have the payload as field 1. */
static compat_payload *payload_of(struct run *r, const uint8_t *data, size_t n)
{
    ProtobufCAllocator allocator = compat_allocator(&r->arena);
    Connectrpc__Conformance__V1__UnaryResponse *m =
        connectrpc__conformance__v1__unary_response__unpack(&allocator, n, data);
    compat_payload *p = m ? m->payload : NULL;

    if (!p) {
        p = compat_alloc(&r->arena, sizeof(*p));
        connectrpc__conformance__v1__conformance_payload__init(p);
    }
    return p;
}

static void on_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct run *r = user;
    const Connectrpc__Conformance__V1__ClientCompatRequest__Cancel *c = r->q->cancel;

    if (r->result.n_payloads == r->cap_payloads) {
        size_t cap = r->cap_payloads ? r->cap_payloads * 2 : 4;
        compat_payload **more = compat_alloc(&r->arena, cap * sizeof(*more));

        if (r->cap_payloads)
            memcpy(more, r->result.payloads, r->cap_payloads * sizeof(*more));
        r->result.payloads = more;
        r->cap_payloads = cap;
    }
    r->result.payloads[r->result.n_payloads++] = payload_of(r, data, n);
    r->wants_answer = false;
    if (c &&
        c->cancel_timing_case ==
            CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_REQUEST__CANCEL__CANCEL_TIMING_AFTER_NUM_RESPONSES &&
        r->result.n_payloads == c->after_num_responses) {
        cancel(r);
        return;
    }
    rpc_call_read(call);
    advance(r);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct run *r = user;

    if (!r->result.response_headers)
        on_headers(call, user);
    r->result.response_trailers =
        compat_headers(rpc_call_trailers(call), &r->arena, &r->result.n_response_trailers);
    if (status->code != RPC_OK) {
        r->result.error = compat_unpack_status(status, &r->arena);
        if (has_one_answer(r))
            r->result.n_payloads = 0;
    }
    if (r->n_sent < r->q->n_request_messages)
        r->result.num_unsent_requests = (int32_t)(r->q->n_request_messages - r->n_sent);
    r->is_done = true;
    r->call = NULL;
    loop_stop(r->loop);
}

static int add_metadata(void *user, const char *name, const void *value, size_t n, struct err *err)
{
    return rpc_metadata_add(user, name, value, n, err);
}

static const char *text(struct run *r, const ProtobufCBinaryData *data)
{
    return arena_memdup(&r->arena, data->data, data->len);
}

static int make_channel(struct run *r, struct err *err)
{
    const compat_request *q = r->q;
    struct rpc_channel_opts opts = {.max_message = q->message_receive_limit,
                                    .authority = "localhost"};
    char target[128];

    if (q->server_tls_cert.len) {
        struct rpc_tls_opts tls = {.ca_pem = text(r, &q->server_tls_cert), .allow_tls12 = true};

        if (q->client_tls_creds) {
            tls.cert_pem = text(r, &q->client_tls_creds->cert);
            tls.key_pem = text(r, &q->client_tls_creds->key);
        }
        if (rpc_tls_new(&r->tls, &tls, err) < 0)
            return -1;
        opts.tls = r->tls;
    }
    (void)snprintf(target, sizeof(target), "ipv4:%s:%u", q->host, q->port);
    return rpc_channel_new(&r->channel, r->loop, target, &opts, err);
}

static int start(struct run *r, struct err *err)
{
    static const struct rpc_call_ops ops = {
        .on_headers = on_headers, .on_message = on_message, .on_done = on_done};
    struct rpc_call_opts opts = {.metadata = &r->metadata};
    char path[256];

    if (r->q->_timeout_ms_case)
        opts.timeout_ms = r->q->timeout_ms;
    opts.gzip = r->q->compression == CONNECTRPC__CONFORMANCE__V1__COMPRESSION__COMPRESSION_GZIP;
    opts.unary_response = has_one_answer(r);
    rpc_metadata_init(&r->metadata, &r->arena);
    if (compat_add_headers(r->q->request_headers, r->q->n_request_headers, add_metadata,
                           &r->metadata, err) < 0)
        return -1;
    if (make_channel(r, err) < 0 || loop_timer_new(&r->timer, r->loop, on_timer, r, err) < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "/%s/%s",
                   r->q->_service_case ? r->q->service : COMPAT_SERVICE,
                   r->q->_method_case ? r->q->method : "");
    if (rpc_channel_call(r->channel, path, &opts, &ops, r, &r->call, err) < 0)
        return -1;
    rpc_call_read(r->call);
    advance(r);
    return 0;
}

static int run_one(struct loop *loop, const uint8_t *data, size_t n, struct err *err)
{
    Connectrpc__Conformance__V1__ClientCompatResponse answer =
        CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_RESPONSE__INIT;
    Connectrpc__Conformance__V1__ClientErrorResult failure =
        CONNECTRPC__CONFORMANCE__V1__CLIENT_ERROR_RESULT__INIT;
    struct run r = {.loop = loop,
                    .result = CONNECTRPC__CONFORMANCE__V1__CLIENT_RESPONSE_RESULT__INIT};
    ProtobufCAllocator allocator;
    int ret;

    arena_init(&r.arena, COMPAT_MAX_MESSAGE);
    allocator = compat_allocator(&r.arena);
    r.q = connectrpc__conformance__v1__client_compat_request__unpack(&allocator, n, data);
    if (!r.q) {
        arena_done(&r.arena);
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "not a ClientCompatRequest");
    }
    if (start(&r, err) == 0)
        while (!r.is_done)
            loop_run(loop);

    answer.test_name = r.q->test_name;
    if (r.is_done) {
        answer.result_case = CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_RESPONSE__RESULT_RESPONSE;
        answer.response = &r.result;
    } else {
        failure.message = err->msg;
        answer.result_case = CONNECTRPC__CONFORMANCE__V1__CLIENT_COMPAT_RESPONSE__RESULT_ERROR;
        answer.error = &failure;
    }
    ret = compat_write(STDOUT_FILENO, &answer.base, err);
    loop_timer_free(r.timer);
    rpc_channel_free(r.channel);
    rpc_tls_free(r.tls);
    arena_done(&r.arena);
    return ret;
}

static int run(struct err *err)
{
    _cleanup_(loop_freep) struct loop *loop = NULL;
    struct arena arena;
    uint8_t *data;
    size_t n;
    int r = loop_new(&loop, err);

    arena_init(&arena, COMPAT_MAX_MESSAGE);
    while (r == 0 && (r = compat_read(STDIN_FILENO, &arena, &data, &n, err)) > 0) {
        r = run_one(loop, data, n, err);
        arena_reset(&arena);
    }
    arena_done(&arena);
    return r;
}

int main(void)
{
    struct err err = {0};

    (void)signal(SIGPIPE, SIG_IGN);
    if (run(&err) < 0) {
        fprintf(stderr, "conformance-client: %s\n", err.msg);
        return 1;
    }
    return 0;
}
