/*
 * The four kinds of call on lib/rpc and gen/c, against the programs here in other languages:
 *
 *   kinds_peer serve            prints its address; SIGTERM ends it
 *   kinds_peer call TARGET      prints a line for each kind, then "ok"
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentsandbox/v1/file.rpc.h"
#include "agentsandbox/v1/stream.rpc.h"

enum { N_CHUNKS = 1000, N_WRITES = 100, WRITE_BYTES = 1000, N_ROUNDS = 20 };

/* ---- the server ---- */

static void stat_file(struct rpc_call *call, const Agentsandbox__V1__StatRequest *request,
                      void *user)
{
    Agentsandbox__V1__StatResponse response = AGENTSANDBOX__V1__STAT_RESPONSE__INIT;
    Agentsandbox__V1__FileInfo info = AGENTSANDBOX__V1__FILE_INFO__INIT;

    (void)user;
    if (request->path[0] == '\0') {
        rpc_call_finish(call, RPC_INVALID_ARGUMENT, "path is empty");
        return;
    }
    info.path = request->path;
    info.size_bytes = strlen(request->path);
    response.info = &info;
    agentsandbox_v1_file_service_stat_reply(call, &response);
}

struct reading {
    uint64_t i, n;
};

static void read_more(struct rpc_call *call, void *user)
{
    struct reading *r = user;
    int result = 0;

    while (r->i < r->n && result == 0) {
        Agentsandbox__V1__ReadResponse response = AGENTSANDBOX__V1__READ_RESPONSE__INIT;
        char text[32];

        response.offset = r->i++;
        response.data.len = (size_t)snprintf(text, sizeof(text), "chunk %" PRIu64, response.offset);
        response.data.data = (uint8_t *)text;
        result = agentsandbox_v1_file_service_read_reply(call, &response, NULL);
    }
    if (result < 0)
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
    else if (r->i == r->n)
        rpc_call_finish(call, RPC_OK, NULL);
}

static const struct rpc_msg_ops read_ops = {.on_writable = read_more};

static void read_file(struct rpc_call *call, const Agentsandbox__V1__ReadRequest *request,
                      void *user)
{
    struct reading *r = arena_zalloc(rpc_call_arena(call), sizeof(*r));

    (void)user;
    if (!r) {
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    r->n = request->length;
    agentsandbox_v1_file_service_read_accept(call, &read_ops, r);
    read_more(call, r);
}

struct writing {
    char path[64];
    uint64_t n;
};

static void write_on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__WriteRequest *request = (const Agentsandbox__V1__WriteRequest *)msg;
    struct writing *w = user;

    if (request->kind_case == AGENTSANDBOX__V1__WRITE_REQUEST__KIND_OPEN)
        (void)snprintf(w->path, sizeof(w->path), "%s", request->open->path);
    else
        w->n += request->data.len;
    rpc_call_read(call);
}

static void write_on_half_close(struct rpc_call *call, void *user)
{
    Agentsandbox__V1__WriteResponse response = AGENTSANDBOX__V1__WRITE_RESPONSE__INIT;
    Agentsandbox__V1__FileInfo info = AGENTSANDBOX__V1__FILE_INFO__INIT;
    struct writing *w = user;

    info.path = w->path;
    info.size_bytes = w->n;
    response.info = &info;
    agentsandbox_v1_file_service_write_reply(call, &response);
}

static const struct rpc_msg_ops write_ops = {.on_message = write_on_message,
                                             .on_half_close = write_on_half_close};

static void write_file(struct rpc_call *call, void *user)
{
    struct writing *w = arena_zalloc(rpc_call_arena(call), sizeof(*w));

    (void)user;
    if (!w) {
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    agentsandbox_v1_file_service_write_accept(call, &write_ops, w);
    rpc_call_read(call);
}

static void attach_on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__AttachRequest *request = (const Agentsandbox__V1__AttachRequest *)msg;
    Agentsandbox__V1__AttachResponse response = AGENTSANDBOX__V1__ATTACH_RESPONSE__INIT;
    Agentsandbox__V1__OutputData output = AGENTSANDBOX__V1__OUTPUT_DATA__INIT;

    (void)user;
    if (request->kind_case != AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_STDIN) {
        rpc_call_finish(call, RPC_INVALID_ARGUMENT, "not stdin");
        return;
    }
    output.offset = request->stdin->offset;
    output.data = request->stdin->data;
    response.kind_case = AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_OUTPUT;
    response.output = &output;
    if (agentsandbox_v1_stream_service_attach_reply(call, &response, NULL) < 0)
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
    rpc_call_read(call);
}

static void attach_on_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static const struct rpc_msg_ops attach_ops = {.on_message = attach_on_message,
                                              .on_half_close = attach_on_half_close};

static void attach(struct rpc_call *call, void *user)
{
    agentsandbox_v1_stream_service_attach_accept(call, &attach_ops, user);
    rpc_call_read(call);
}

static void on_signal(struct loop_signal *s, int signum, void *user)
{
    (void)s;
    (void)signum;
    loop_stop(user);
}

static int serve(struct loop *loop, struct err *err)
{
    static const struct agentsandbox_v1_file_service_impl files = {
        .stat = stat_file, .read = read_file, .write = write_file};
    static const struct agentsandbox_v1_stream_service_impl streams = {.attach = attach};
    _cleanup_(rpc_server_freep) struct rpc_server *server = NULL;
    struct loop_signal *term;
    char address[128];

    if (rpc_server_new(&server, loop, NULL, err) < 0 ||
        agentsandbox_v1_file_service_register(server, &files, err) < 0 ||
        agentsandbox_v1_stream_service_register(server, &streams, err) < 0 ||
        rpc_server_listen(server, "127.0.0.1:0", NULL, address, err) < 0 ||
        loop_signal_new(&term, loop, SIGTERM, on_signal, loop, err) < 0)
        return -1;
    (void)printf("%s\n", address);
    (void)fflush(stdout);
    loop_run(loop);
    loop_signal_free(term);
    return 0;
}

/* ---- the client: one call after the other ---- */

struct client {
    struct loop *loop;
    struct rpc_channel *channel;
    uint64_t n_in, n_out; /* messages of the call */
};

static void expect(bool is_so, const char *what)
{
    if (is_so)
        return;
    (void)fprintf(stderr, "kinds_peer: not as expected: %s\n", what);
    exit(1);
}

/* A call's status is in, all that was to come came before. */
static void ended(struct client *c, const struct rpc_status *status, int code, const char *kind)
{
    if (status->code != code)
        (void)fprintf(stderr, "kinds_peer: %s: %s\n", rpc_code_name(status->code), status->message);
    expect(status->code == code, kind);
    (void)printf("%s\n", kind);
    loop_stop(c->loop);
}

static void stat_done(struct rpc_call *call, const ProtobufCMessage *reply,
                      const struct rpc_status *status, void *user)
{
    const Agentsandbox__V1__StatResponse *response = (const Agentsandbox__V1__StatResponse *)reply;

    (void)call;
    if (response)
        expect(response->info && strcmp(response->info->path, "/a/b") == 0 &&
                   response->info->size_bytes == 4,
               "the answer of Stat");
    ended(user, status, RPC_OK, "unary");
}

static void stat_refused(struct rpc_call *call, const ProtobufCMessage *reply,
                         const struct rpc_status *status, void *user)
{
    (void)call;
    expect(!reply && strcmp(status->message, "path is empty") == 0, "the message of an error");
    ended(user, status, RPC_INVALID_ARGUMENT, "error");
}

static void read_on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__ReadResponse *response = (const Agentsandbox__V1__ReadResponse *)msg;
    struct client *c = user;
    char text[32];
    int n = snprintf(text, sizeof(text), "chunk %" PRIu64, c->n_in);

    expect(response->offset == c->n_in++ && response->data.len == (size_t)n &&
               memcmp(response->data.data, text, (size_t)n) == 0,
           "a chunk of Read");
    rpc_call_read(call);
}

static void read_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct client *c = user;

    (void)call;
    expect(c->n_in == N_CHUNKS || status->code != RPC_OK, "the number of chunks");
    ended(c, status, RPC_OK, "server-streaming");
}

static void write_more(struct rpc_call *call, void *user)
{
    static uint8_t bytes[WRITE_BYTES];
    struct client *c = user;
    int r = 0;

    while (c->n_out < N_WRITES && r == 0) {
        Agentsandbox__V1__WriteRequest request = AGENTSANDBOX__V1__WRITE_REQUEST__INIT;

        request.kind_case = AGENTSANDBOX__V1__WRITE_REQUEST__KIND_DATA;
        request.data.data = bytes;
        request.data.len = sizeof(bytes);
        r = agentsandbox_v1_file_service_write_send(call, &request, NULL);
        c->n_out++;
    }
    expect(r >= 0, "sending");
    if (c->n_out == N_WRITES)
        rpc_call_send_end(call);
}

static void write_answer(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__WriteResponse *response = (const Agentsandbox__V1__WriteResponse *)msg;
    struct client *c = user;

    expect(response->info && strcmp(response->info->path, "/w") == 0 &&
               response->info->size_bytes == (uint64_t)N_WRITES * WRITE_BYTES,
           "the answer of Write");
    c->n_in++;
    rpc_call_read(call);
}

static void write_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct client *c = user;

    (void)call;
    expect(c->n_in == 1 || status->code != RPC_OK, "one answer of Write");
    ended(c, status, RPC_OK, "client-streaming");
}

static void say_round(struct rpc_call *call, uint64_t i)
{
    Agentsandbox__V1__AttachRequest request = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;
    Agentsandbox__V1__StdinData data = AGENTSANDBOX__V1__STDIN_DATA__INIT;
    char text[32];

    data.offset = i;
    data.data.len = (size_t)snprintf(text, sizeof(text), "round %" PRIu64, i);
    data.data.data = (uint8_t *)text;
    request.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_STDIN;
    request.stdin = &data;
    expect(agentsandbox_v1_stream_service_attach_send(call, &request, NULL) >= 0, "sending");
}

static void attach_answer(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__AttachResponse *response =
        (const Agentsandbox__V1__AttachResponse *)msg;
    struct client *c = user;
    char text[32];
    size_t n = (size_t)snprintf(text, sizeof(text), "round %" PRIu64, c->n_in);

    expect(response->kind_case == AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_OUTPUT &&
               response->output->offset == c->n_in && response->output->data.len == n &&
               memcmp(response->output->data.data, text, n) == 0,
           "an answer of Attach");
    if (++c->n_in < N_ROUNDS)
        say_round(call, c->n_in);
    else
        rpc_call_send_end(call);
    rpc_call_read(call);
}

static void attach_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct client *c = user;

    (void)call;
    expect(c->n_in == N_ROUNDS || status->code != RPC_OK, "the number of rounds");
    ended(c, status, RPC_OK, "bidi");
}

static const struct rpc_call_opts call_opts = {.timeout_ms = 60000, .wait_for_ready = true};

static int call_unary(struct client *c, char *path, rpc_unary_fn fn, struct err *err)
{
    Agentsandbox__V1__StatRequest request = AGENTSANDBOX__V1__STAT_REQUEST__INIT;

    request.path = path;
    if (agentsandbox_v1_file_service_stat(c->channel, &call_opts, &request, fn, c, NULL, err) < 0)
        return -1;
    loop_run(c->loop);
    return 0;
}

static int call_read(struct client *c, struct err *err)
{
    static const struct rpc_msg_ops ops = {.on_message = read_on_message, .on_done = read_done};
    Agentsandbox__V1__ReadRequest request = AGENTSANDBOX__V1__READ_REQUEST__INIT;
    struct rpc_call *call;

    request.path = (char *)"/a";
    request.length = N_CHUNKS;
    if (agentsandbox_v1_file_service_read(c->channel, &call_opts, &request, &ops, c, &call, err) <
        0)
        return -1;
    rpc_call_read(call);
    loop_run(c->loop);
    return 0;
}

static int call_write(struct client *c, struct err *err)
{
    static const struct rpc_msg_ops ops = {
        .on_message = write_answer, .on_writable = write_more, .on_done = write_done};
    Agentsandbox__V1__WriteRequest request = AGENTSANDBOX__V1__WRITE_REQUEST__INIT;
    Agentsandbox__V1__WriteOpen open = AGENTSANDBOX__V1__WRITE_OPEN__INIT;
    struct rpc_call *call;

    c->n_in = c->n_out = 0;
    open.path = (char *)"/w";
    request.kind_case = AGENTSANDBOX__V1__WRITE_REQUEST__KIND_OPEN;
    request.open = &open;
    if (agentsandbox_v1_file_service_write(c->channel, &call_opts, &ops, c, &call, err) < 0 ||
        agentsandbox_v1_file_service_write_send(call, &request, err) < 0)
        return -1;
    rpc_call_read(call);
    write_more(call, c);
    loop_run(c->loop);
    return 0;
}

static int call_attach(struct client *c, struct err *err)
{
    static const struct rpc_msg_ops ops = {.on_message = attach_answer, .on_done = attach_done};
    struct rpc_call *call;

    c->n_in = 0;
    if (agentsandbox_v1_stream_service_attach(c->channel, &call_opts, &ops, c, &call, err) < 0)
        return -1;
    rpc_call_read(call);
    say_round(call, 0);
    loop_run(c->loop);
    return 0;
}

static int call_all(struct loop *loop, const char *target, struct err *err)
{
    _cleanup_(rpc_channel_freep) struct rpc_channel *channel = NULL;
    struct client c = {.loop = loop};

    if (rpc_channel_new(&channel, loop, target, NULL, err) < 0)
        return -1;
    c.channel = channel;
    if (call_unary(&c, (char *)"/a/b", stat_done, err) < 0 ||
        call_unary(&c, (char *)"", stat_refused, err) < 0 || call_read(&c, err) < 0 ||
        call_write(&c, err) < 0 || call_attach(&c, err) < 0)
        return -1;
    (void)printf("ok\n");
    return 0;
}

int main(int argc, char **argv)
{
    _cleanup_(loop_freep) struct loop *loop = NULL;
    struct err err;
    int r;

    if (!(argc == 2 && strcmp(argv[1], "serve") == 0) &&
        !(argc == 3 && strcmp(argv[1], "call") == 0)) {
        (void)fprintf(stderr, "usage: kinds_peer serve | call TARGET\n");
        return 2;
    }
    r = loop_new(&loop, &err);
    if (r == 0)
        r = argc == 2 ? serve(loop, &err) : call_all(loop, argv[2], &err);
    if (r < 0)
        (void)fprintf(stderr, "kinds_peer: %s\n", err.msg);
    return r < 0;
}
