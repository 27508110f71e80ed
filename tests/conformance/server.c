/*
 * Our server under test for the conformance suite of connectrpc.com/conformance: one process per
 * server configuration, which it reads from standard input. All kinds of call are one thing here:
 * requests are collected, a definition in the first says what to answer, `step` goes as far as it
 * can.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/rpc/server.h"
#include "lib/rpc/tls.h"
#include "tests/conformance/compat.h"

enum kind { KIND_UNARY, KIND_CLIENT_STREAM, KIND_SERVER_STREAM, KIND_BIDI };

struct method {
    const char *name;
    enum kind kind;
    const char *request_type;
};

/* What to answer, the unary and the stream definition in one. */
struct definition {
    compat_header **headers, **trailers;
    size_t n_headers, n_trailers;
    ProtobufCBinaryData *data;
    size_t n_data;
    compat_error *error;
    uint32_t delay_ms;
    bool is_set;
};

struct exchange {
    const struct method *method;
    struct rpc_call *call;
    struct arena *arena;
    struct arena memory; /* the call's own holds one message; we keep all */
    struct loop_timer *timer;
    struct definition def;
    bool is_full_duplex;
    bool has_first;
    bool is_half_closed;
    bool is_delaying;
    bool has_delayed; /* the delay before the next answer is over */
    bool is_finished;
    compat_any **requests; /* collected, not yet echoed */
    size_t n_requests, cap_requests;
    size_t n_received;
    size_t n_sent;
};

static void step(struct exchange *x);

static void collect_request(struct exchange *x, const uint8_t *data, size_t n)
{
    compat_any *any = compat_alloc(x->arena, sizeof(*any));
    char *url = compat_alloc(x->arena, 128);

    google__protobuf__any__init(any);
    (void)snprintf(url, 128, COMPAT_TYPE_PREFIX "connectrpc.conformance.v1.%s",
                   x->method->request_type);
    any->type_url = url;
    any->value.data = (uint8_t *)arena_memdup(x->arena, data, n);
    any->value.len = n;
    if (!any->value.data)
        abort();
    if (x->n_requests == x->cap_requests) {
        size_t cap = x->cap_requests ? x->cap_requests * 2 : 4;
        compat_any **more = compat_alloc(x->arena, cap * sizeof(*more));

        if (x->n_requests)
            memcpy(more, x->requests, x->n_requests * sizeof(*more));
        x->requests = more;
        x->cap_requests = cap;
    }
    x->requests[x->n_requests++] = any;
    x->n_received++;
}

static void take_unary_definition(struct exchange *x,
                                  const Connectrpc__Conformance__V1__UnaryResponseDefinition *d)
{
    if (!d)
        return;
    x->def = (struct definition){.is_set = true,
                                 .headers = d->response_headers,
                                 .n_headers = d->n_response_headers,
                                 .trailers = d->response_trailers,
                                 .n_trailers = d->n_response_trailers,
                                 .delay_ms = d->response_delay_ms};
    if (d->response_case == CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE_DEFINITION__RESPONSE_ERROR)
        x->def.error = d->error;
    if (d->response_case ==
        CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE_DEFINITION__RESPONSE_RESPONSE_DATA) {
        x->def.data = compat_alloc(x->arena, sizeof(*x->def.data));
        *x->def.data = d->response_data;
        x->def.n_data = 1;
    }
}

static void take_stream_definition(struct exchange *x,
                                   const Connectrpc__Conformance__V1__StreamResponseDefinition *d)
{
    if (!d)
        return;
    x->def = (struct definition){.is_set = true,
                                 .headers = d->response_headers,
                                 .n_headers = d->n_response_headers,
                                 .trailers = d->response_trailers,
                                 .n_trailers = d->n_response_trailers,
                                 .data = d->response_data,
                                 .n_data = d->n_response_data,
                                 .error = d->error,
                                 .delay_ms = d->response_delay_ms};
}

/* The messages of one family differ in name only; the definition is field 1 of all. < 0: not such a
 * message. */
static int take_first(struct exchange *x, const uint8_t *data, size_t n)
{
    ProtobufCAllocator allocator = compat_allocator(x->arena);

    switch (x->method->kind) {
    case KIND_UNARY:
    case KIND_CLIENT_STREAM: {
        Connectrpc__Conformance__V1__UnaryRequest *m =
            connectrpc__conformance__v1__unary_request__unpack(&allocator, n, data);

        if (!m)
            return -1;
        take_unary_definition(x, m->response_definition);
        return 0;
    }
    case KIND_SERVER_STREAM: {
        Connectrpc__Conformance__V1__ServerStreamRequest *m =
            connectrpc__conformance__v1__server_stream_request__unpack(&allocator, n, data);

        if (!m)
            return -1;
        take_stream_definition(x, m->response_definition);
        return 0;
    }
    case KIND_BIDI: {
        Connectrpc__Conformance__V1__BidiStreamRequest *m =
            connectrpc__conformance__v1__bidi_stream_request__unpack(&allocator, n, data);

        if (!m)
            return -1;
        take_stream_definition(x, m->response_definition);
        x->is_full_duplex = m->full_duplex;
        return 0;
    }
    }
    abort();
}

static int add_header(void *user, const char *name, const void *value, size_t n, struct err *err)
{
    return rpc_call_add_header(user, name, value, n, err);
}

static int add_trailer(void *user, const char *name, const void *value, size_t n, struct err *err)
{
    return rpc_call_add_trailer(user, name, value, n, err);
}

/* What was asked of us, as the suite wants it echoed; takes the collected requests. */
static Connectrpc__Conformance__V1__ConformancePayload__RequestInfo *
request_info(struct exchange *x, bool is_first)
{
    Connectrpc__Conformance__V1__ConformancePayload__RequestInfo *info =
        compat_alloc(x->arena, sizeof(*info));
    uint64_t deadline = rpc_call_deadline_ms(x->call), now = loop_now_ms(rpc_call_loop(x->call));

    connectrpc__conformance__v1__conformance_payload__request_info__init(info);
    if (is_first) {
        info->request_headers =
            compat_headers(rpc_call_headers(x->call), x->arena, &info->n_request_headers);
        if (deadline != CLOCK_NEVER) {
            info->_timeout_ms_case =
                CONNECTRPC__CONFORMANCE__V1__CONFORMANCE_PAYLOAD__REQUEST_INFO___TIMEOUT_MS_TIMEOUT_MS;
            info->timeout_ms = deadline > now ? (int64_t)(deadline - now) : 0;
        }
    }
    info->requests = x->requests;
    info->n_requests = x->n_requests;
    x->requests = NULL;
    x->n_requests = x->cap_requests = 0;
    return info;
}

/* All the suite's response messages have the payload as field 1. */
static void send_payload(struct exchange *x, const ProtobufCBinaryData *data,
                         Connectrpc__Conformance__V1__ConformancePayload__RequestInfo *info)
{
    Connectrpc__Conformance__V1__ConformancePayload payload =
        CONNECTRPC__CONFORMANCE__V1__CONFORMANCE_PAYLOAD__INIT;
    Connectrpc__Conformance__V1__UnaryResponse response =
        CONNECTRPC__CONFORMANCE__V1__UNARY_RESPONSE__INIT;
    uint8_t *packed;
    size_t n;

    if (data)
        payload.data = *data;
    payload.request_info = info;
    response.payload = &payload;
    n = connectrpc__conformance__v1__unary_response__get_packed_size(&response);
    packed = compat_alloc(x->arena, n);
    (void)connectrpc__conformance__v1__unary_response__pack(&response, packed);
    (void)rpc_call_send(x->call, packed, n,
                        NULL); /* a call that ended meanwhile says so by on_done */
    x->n_sent++;
}

static void finish(struct exchange *x)
{
    struct rpc_status status = {.code = RPC_OK, .message = ""};
    compat_any any = GOOGLE__PROTOBUF__ANY__INIT;

    x->is_finished = true;
    if (!x->def.error) {
        rpc_call_finish(x->call, RPC_OK, NULL);
        return;
    }
    if (x->n_sent == 0) {
        Connectrpc__Conformance__V1__ConformancePayload__RequestInfo *info = request_info(x, true);

        any.type_url =
            (char *)COMPAT_TYPE_PREFIX "connectrpc.conformance.v1.ConformancePayload.RequestInfo";
        any.value.len = protobuf_c_message_get_packed_size(&info->base);
        any.value.data = compat_alloc(x->arena, any.value.len);
        (void)protobuf_c_message_pack(&info->base, any.value.data);
        compat_pack_status(x->def.error, &any, x->arena, &status);
    } else {
        compat_pack_status(x->def.error, NULL, x->arena, &status);
    }
    rpc_call_finish_status(x->call, &status);
}

/* Waits for the definition's delay once per answer. */
static bool must_wait(struct exchange *x)
{
    if (x->def.delay_ms == 0 || x->has_delayed)
        return false;
    if (!x->is_delaying) {
        x->is_delaying = true;
        loop_timer_arm(x->timer, loop_now_ms(rpc_call_loop(x->call)) + x->def.delay_ms);
    }
    return true;
}

static void step_unary(struct exchange *x)
{
    if (!x->is_half_closed)
        return;
    if (x->method->kind == KIND_UNARY && x->n_received != 1) {
        rpc_call_finish(x->call, RPC_UNIMPLEMENTED, "a unary call has one request");
        x->is_finished = true;
        return;
    }
    if (must_wait(x))
        return;
    if (!x->def.error)
        send_payload(x, x->def.n_data ? x->def.data : NULL, request_info(x, true));
    finish(x);
}

/* Full duplex: an answer for each request, then the rest. Otherwise all answers once the requests
 * are there. */
static void step_stream(struct exchange *x)
{
    bool echo_all = !x->is_full_duplex;

    if (x->method->kind == KIND_SERVER_STREAM && x->is_half_closed && x->n_received != 1) {
        rpc_call_finish(x->call, RPC_UNIMPLEMENTED, "a server-streaming call has one request");
        x->is_finished = true;
        return;
    }
    while (x->n_sent < x->def.n_data) {
        bool is_first = x->n_sent == 0;

        if (!x->is_half_closed && (echo_all || x->n_requests == 0))
            return;
        if (must_wait(x))
            return;
        x->has_delayed = false;
        send_payload(x, &x->def.data[x->n_sent],
                     is_first || (x->is_full_duplex && x->n_requests) ? request_info(x, is_first)
                                                                      : NULL);
    }
    if (x->is_half_closed || (x->is_full_duplex && x->n_requests > 0))
        finish(x);
}

static void step(struct exchange *x)
{
    if (x->is_finished)
        return;
    if (x->method->kind == KIND_UNARY || x->method->kind == KIND_CLIENT_STREAM)
        step_unary(x);
    else
        step_stream(x);
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct exchange *x = user;

    (void)t;
    x->is_delaying = false;
    x->has_delayed = true;
    step(x);
}

static void on_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct exchange *x = user;
    struct err err;

    if (!x->has_first) {
        x->has_first = true;
        if (take_first(x, (const uint8_t *)arena_memdup(x->arena, data, n), n) < 0) {
            rpc_call_finish(call, RPC_INVALID_ARGUMENT, "not such a message");
            x->is_finished = true;
            return;
        }
        if (compat_add_headers(x->def.headers, x->def.n_headers, add_header, call, &err) < 0 ||
            compat_add_headers(x->def.trailers, x->def.n_trailers, add_trailer, call, &err) < 0) {
            rpc_call_fail(call, &err);
            x->is_finished = true;
            return;
        }
        if (x->method->kind >= KIND_SERVER_STREAM && x->def.is_set)
            (void)rpc_call_send_headers(call, NULL);
    }
    collect_request(x, data, n);
    step(x);
    rpc_call_read(call);
}

static void on_half_close(struct rpc_call *call, void *user)
{
    struct exchange *x = user;

    (void)call;
    x->is_half_closed = true;
    step(x);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct exchange *x = user;

    (void)call;
    (void)status;
    loop_timer_free(x->timer);
    arena_done(&x->memory);
    free(x);
}

static void on_call(struct rpc_call *call, void *user)
{
    static const struct rpc_call_ops ops = {
        .on_message = on_message, .on_half_close = on_half_close, .on_done = on_done};
    struct exchange *x = calloc(1, sizeof(*x));

    if (!x)
        abort();
    x->method = user;
    x->call = call;
    x->arena = &x->memory;
    arena_init(&x->memory, COMPAT_MAX_MESSAGE);
    if (loop_timer_new(&x->timer, rpc_call_loop(call), on_timer, x, NULL) < 0)
        abort();
    rpc_call_set_ops(call, &ops, x);
    rpc_call_read(call);
}

static void on_term(struct loop_signal *s, int signum, void *user)
{
    (void)s;
    (void)signum;
    loop_stop(user);
}

static int register_methods(struct rpc_server *s, struct err *err)
{
    static const struct method methods[] = {
        {"Unary", KIND_UNARY, "UnaryRequest"},
        {"IdempotentUnary", KIND_UNARY, "IdempotentUnaryRequest"},
        {"ClientStream", KIND_CLIENT_STREAM, "ClientStreamRequest"},
        {"ServerStream", KIND_SERVER_STREAM, "ServerStreamRequest"},
        {"BidiStream", KIND_BIDI, "BidiStreamRequest"}};
    char path[128];

    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        (void)snprintf(path, sizeof(path), "/" COMPAT_SERVICE "/%s", methods[i].name);
        if (rpc_server_handle(s, path, on_call, (void *)&methods[i], err) < 0)
            return -1;
    }
    return 0;
}

static int make_tls(const Connectrpc__Conformance__V1__ServerCompatRequest *q, struct arena *arena,
                    struct rpc_tls **ret, struct err *err)
{
    struct rpc_tls_opts opts = {.is_server = true, .allow_tls12 = true};

    if (!q->use_tls)
        return 0;
    if (!q->server_creds)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "TLS without a certificate");
    opts.cert_pem = arena_memdup(arena, q->server_creds->cert.data, q->server_creds->cert.len);
    opts.key_pem = arena_memdup(arena, q->server_creds->key.data, q->server_creds->key.len);
    if (q->client_tls_cert.len)
        opts.ca_pem = arena_memdup(arena, q->client_tls_cert.data, q->client_tls_cert.len);
    return rpc_tls_new(ret, &opts, err);
}

static int run(struct err *err)
{
    _cleanup_(loop_freep) struct loop *loop = NULL;
    Connectrpc__Conformance__V1__ServerCompatResponse answer =
        CONNECTRPC__CONFORMANCE__V1__SERVER_COMPAT_RESPONSE__INIT;
    Connectrpc__Conformance__V1__ServerCompatRequest *q;
    struct rpc_tls *tls = NULL;
    struct rpc_server *server = NULL;
    struct loop_signal *term = NULL;
    ProtobufCAllocator allocator;
    struct arena arena;
    char address[128];
    uint8_t *data;
    size_t n;
    int r;

    arena_init(&arena, COMPAT_MAX_MESSAGE);
    allocator = compat_allocator(&arena);
    if (compat_read(STDIN_FILENO, &arena, &data, &n, err) <= 0)
        return -1;
    q = connectrpc__conformance__v1__server_compat_request__unpack(&allocator, n, data);
    if (!q)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "not a ServerCompatRequest");

    r = loop_new(&loop, err);
    if (r == 0)
        r = make_tls(q, &arena, &tls, err);
    if (r == 0)
        r = rpc_server_new(&server, loop,
                           &(struct rpc_server_opts){.max_message = q->message_receive_limit}, err);
    if (r == 0)
        r = register_methods(server, err);
    if (r == 0)
        r = rpc_server_listen(server, "127.0.0.1:0", &(struct rpc_listen_opts){.tls = tls}, address,
                              err);
    if (r == 0)
        r = loop_signal_new(&term, loop, SIGTERM, on_term, loop, err);
    if (r == 0) {
        answer.host = (char *)"127.0.0.1";
        answer.port = (uint32_t)strtoul(strrchr(address, ':') + 1, NULL, 10);
        if (q->use_tls)
            answer.pem_cert = q->server_creds->cert;
        r = compat_write(STDOUT_FILENO, &answer.base, err);
    }
    if (r == 0)
        loop_run(loop);
    loop_signal_free(term);
    rpc_server_free(server);
    rpc_tls_free(tls);
    arena_done(&arena);
    return r;
}

int main(void)
{
    struct err err = {0};

    (void)signal(SIGPIPE, SIG_IGN);
    if (run(&err) < 0) {
        fprintf(stderr, "conformance-server: %s\n", err.msg);
        return 1;
    }
    return 0;
}
