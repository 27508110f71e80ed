#include "bench/first/client.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/stream.rpc.h"
#include "agentsandbox/v1/template.rpc.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"

enum { PATIENCE_MS = 60 * 1000, POLL_MS = 10 };

_noreturn_ void bench_die(const char *what, const struct err *err)
{
    (void)fprintf(stderr, "bench-first: %s%s%s\n", what, err ? ": " : "", err ? err->msg : "");
    exit(1);
}

void bench_open(struct bench *b, const char *controller, const char *router)
{
    struct err err;

    if (loop_new(&b->loop, &err) < 0 ||
        rpc_channel_new(&b->controller, b->loop, controller, NULL, &err) < 0 ||
        rpc_channel_new(&b->router, b->loop, router, NULL, &err) < 0)
        bench_die("connecting", &err);
}

void bench_close(struct bench *b)
{
    rpc_channel_free(b->controller);
    rpc_channel_free(b->router);
    loop_free(b->loop);
}

static void on_tick(struct loop_timer *t, void *user)
{
    (void)t;
    (void)user;
}

void bench_wait(struct bench *b, const bool *flag, const char *what)
{
    uint64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    struct loop_timer *tick;
    struct err err;

    if (loop_timer_new(&tick, b->loop, on_tick, NULL, &err) < 0)
        bench_die(what, &err);
    loop_timer_arm(tick, end_ms); /* so that a turn ends in any case */
    while (!*flag) {
        (void)loop_turn(b->loop, true);
        if (clock_monotonic_ms() >= end_ms)
            bench_die(what, &(struct err){.msg = "no answer for a minute"});
    }
    loop_timer_free(tick);
}

/* ---- unary calls ---- */

struct answer {
    bool is_there;
    const char *what;
    void (*take)(const ProtobufCMessage *reply, void *user);
    void *user;
};

static void on_answer(struct rpc_call *call, const ProtobufCMessage *reply,
                      const struct rpc_status *status, void *user)
{
    struct answer *a = user;
    struct err err;

    (void)call;
    if (status->code != RPC_OK) {
        (void)rpc_status_to_err(status, &err);
        bench_die(a->what, &err);
    }
    if (a->take)
        a->take(reply, a->user);
    a->is_there = true;
}

static void ask(struct bench *b, struct rpc_channel *ch, const struct rpc_method_desc *method,
                const char *sandbox, const ProtobufCMessage *request, struct answer *a)
{
    struct rpc_call_opts opts = {.timeout_ms = PATIENCE_MS, .wait_for_ready = true};
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    arena_init(&arena, LIMIT_RPC_METADATA);
    rpc_metadata_init(&md, &arena);
    if (sandbox && rpc_metadata_add_str(&md, "x-sandbox-id", sandbox, &err) < 0)
        bench_die(a->what, &err);
    opts.metadata = &md;
    if (rpc_unary(ch, method, &opts, request, on_answer, a, NULL, &err) < 0)
        bench_die(a->what, &err);
    bench_wait(b, &a->is_there, a->what);
    arena_done(&arena);
}

static void take_claim(const ProtobufCMessage *reply, void *user)
{
    const Agentsandbox__V1__Claim *c =
        ((const Agentsandbox__V1__CreateClaimResponse *)reply)->claim;
    struct bench_claim *ret = user;

    if (!c || !c->sandbox)
        bench_die("claim", &(struct err){.msg = "the answer names no sandbox"});
    (void)snprintf(ret->name, sizeof(ret->name), "%s", c->name);
    (void)snprintf(ret->sandbox, sizeof(ret->sandbox), "%s", c->sandbox->name);
    ret->is_warm = c->launch_type == AGENTSANDBOX__V1__LAUNCH_TYPE__LAUNCH_TYPE_WARM;
}

void bench_claim_create(struct bench *b, const char *pool, const char *template,
                        struct bench_claim *ret)
{
    Agentsandbox__V1__CreateClaimRequest request = AGENTSANDBOX__V1__CREATE_CLAIM_REQUEST__INIT;
    Agentsandbox__V1__ClaimSpec spec = AGENTSANDBOX__V1__CLAIM_SPEC__INIT;
    struct answer a = {.what = "CreateClaim", .take = take_claim, .user = ret};

    if (pool) {
        spec.source_case = AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_POOL;
        spec.pool = (char *)pool;
    } else {
        spec.source_case = AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_TEMPLATE;
        spec.template_ = (char *)template;
    }
    request.spec = &spec;
    request.delete_on_failure = true;
    ask(b, b->controller, &agentsandbox_v1_claim_service_create_claim_method, NULL, &request.base,
        &a);
}

void bench_claim_delete(struct bench *b, const struct bench_claim *c)
{
    Agentsandbox__V1__DeleteClaimRequest request = AGENTSANDBOX__V1__DELETE_CLAIM_REQUEST__INIT;
    struct answer a = {.what = "DeleteClaim"};

    request.name = (char *)c->name;
    request.wait = true;
    ask(b, b->controller, &agentsandbox_v1_claim_service_delete_claim_method, NULL, &request.base,
        &a);
}

static void take_ready(const ProtobufCMessage *reply, void *user)
{
    const Agentsandbox__V1__GetResponse *m = (const Agentsandbox__V1__GetResponse *)reply;
    json_t *pool =
        m->object ? json_loadb((const char *)m->object->json.data, m->object->json.len, 0, NULL)
                  : NULL;

    *(unsigned *)user = (unsigned)json_integer_value(
        json_object_get(json_object_get(pool, "status"), "readyReplicas"));
    json_decref(pool);
}

void bench_pool_wait(struct bench *b, const char *pool, unsigned n_ready)
{
    Agentsandbox__V1__GetRequest request = AGENTSANDBOX__V1__GET_REQUEST__INIT;
    uint64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    unsigned ready = 0;

    request.kind = (char *)"SandboxWarmPool";
    request.namespace_ = (char *)"default";
    request.name = (char *)pool;
    while (clock_monotonic_ms() < end_ms) {
        struct answer a = {.what = "Get SandboxWarmPool", .take = take_ready, .user = &ready};

        ask(b, b->controller, &agentsandbox_v1_template_service_get_method, NULL, &request.base,
            &a);
        if (ready >= n_ready)
            return;
        (void)usleep(POLL_MS * 1000);
    }
    bench_die("the warm pool does not fill", NULL);
}

void bench_agent_answers(struct bench *b, struct rpc_channel *ch, const char *sandbox)
{
    Agentsandbox__V1__ListExecsRequest request = AGENTSANDBOX__V1__LIST_EXECS_REQUEST__INIT;
    struct answer a = {.what = "ExecService.List"};

    ask(b, ch, &agentsandbox_v1_exec_service_list_method, sandbox, &request.base, &a);
}

static void take_exit(const ProtobufCMessage *reply, void *user)
{
    const Agentsandbox__V1__ExecRecord *e = ((const Agentsandbox__V1__RunResponse *)reply)->exec;

    (void)user;
    if (!e || !e->cause || e->cause->exit_code != 0)
        bench_die("exec", &(struct err){.msg = "the command did not exit with 0"});
}

void bench_exec(struct bench *b, const char *sandbox, const char *const *argv)
{
    Agentsandbox__V1__RunRequest request = AGENTSANDBOX__V1__RUN_REQUEST__INIT;
    Agentsandbox__V1__Command command = AGENTSANDBOX__V1__COMMAND__INIT;
    struct answer a = {.what = "ExecService.Run", .take = take_exit};

    command.argv = (char **)argv;
    while (argv[command.n_argv])
        command.n_argv++;
    request.command = &command;
    ask(b, b->router, &agentsandbox_v1_exec_service_run_method, sandbox, &request.base, &a);
}

/* ---- a conversation ---- */

struct bench_cat {
    struct bench *bench;
    struct rpc_call *call;
    bool is_started, is_back, is_done;
    uint64_t sent, got;
};

static void cat_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__AttachResponse *m = (const Agentsandbox__V1__AttachResponse *)msg;
    struct bench_cat *c = user;

    if (m->kind_case == AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STARTED)
        c->is_started = true;
    if (m->kind_case == AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_OUTPUT)
        c->got += m->output->data.len;
    c->is_back = c->got == c->sent;
    rpc_call_read(call);
}

static void cat_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct bench_cat *c = user;
    struct err err;

    (void)call;
    if (status->code != RPC_OK && status->code != RPC_CANCELLED) {
        (void)rpc_status_to_err(status, &err);
        bench_die("StreamService.Attach", &err);
    }
    c->is_done = true;
}

static void cat_send(struct bench_cat *c, const Agentsandbox__V1__AttachRequest *m)
{
    struct err err;

    if (rpc_send(c->call, &m->base, &err) < 0)
        bench_die("sending to cat", &err);
}

static void cat_start(struct bench_cat *c, const char *sandbox)
{
    static const struct rpc_msg_ops ops = {.on_message = cat_message, .on_done = cat_done};
    struct rpc_call_opts opts = {.wait_for_ready = true};
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    arena_init(&arena, LIMIT_RPC_METADATA);
    rpc_metadata_init(&md, &arena);
    opts.metadata = &md;
    if (rpc_metadata_add_str(&md, "x-sandbox-id", sandbox, &err) < 0 ||
        rpc_start(c->bench->router, &agentsandbox_v1_stream_service_attach_method, &opts, &ops, c,
                  &c->call, &err) < 0)
        bench_die("Attach", &err);
    arena_done(&arena);
    rpc_call_read(c->call);
}

struct bench_cat *bench_cat_open(struct bench *b, const char *sandbox)
{
    char *argv[] = {(char *)"cat"};
    Agentsandbox__V1__AttachRequest m = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;
    Agentsandbox__V1__StartRequest start = AGENTSANDBOX__V1__START_REQUEST__INIT;
    Agentsandbox__V1__Command command = AGENTSANDBOX__V1__COMMAND__INIT;
    struct bench_cat *c = calloc(1, sizeof(*c));

    if (!c)
        bench_die("out of memory", NULL);
    c->bench = b;
    cat_start(c, sandbox);
    command.argv = argv;
    command.n_argv = 1;
    command.stdin = true;
    start.command = &command;
    start.on_disconnect = AGENTSANDBOX__V1__ON_DISCONNECT__ON_DISCONNECT_KILL;
    m.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_START;
    m.start = &start;
    cat_send(c, &m);
    bench_wait(b, &c->is_started, "starting cat");
    return c;
}

static void send_stdin(struct bench_cat *c, const void *data, size_t n, bool eof)
{
    Agentsandbox__V1__AttachRequest m = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;
    Agentsandbox__V1__StdinData in = AGENTSANDBOX__V1__STDIN_DATA__INIT;

    in.offset = c->sent;
    in.data.data = (uint8_t *)data;
    in.data.len = n;
    in.eof = eof;
    m.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_STDIN;
    m.stdin = &in;
    c->sent += n;
    cat_send(c, &m);
}

void bench_cat_echo(struct bench_cat *c, const void *data, size_t n)
{
    c->is_back = false;
    send_stdin(c, data, n, false);
    bench_wait(c->bench, &c->is_back, "an echo from cat");
}

void bench_cat_close(struct bench_cat *c)
{
    send_stdin(c, NULL, 0, true);
    rpc_call_send_end(c->call);
    bench_wait(c->bench, &c->is_done, "the end of cat");
    free(c);
}
