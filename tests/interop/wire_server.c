/*
 * A server for clients in other languages that has the wire of Agent Sandbox and nothing behind it:
 * one claim at a time, a "sandbox" whose Run answers what the interop clients ask for, and an
 * Attach that echoes like cat. So what fails against it is lib/rpc or the generated code; what
 * fails only against the whole system is something else.
 *
 *   wire_server ADDRESS        prints the address that it listens on; SIGUSR1: ClaimService
 * NOT_SERVING; SIGTERM: drains
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/claim.rpc.h"
#include "agentsandbox/v1/exec.rpc.h"
#include "agentsandbox/v1/stream.rpc.h"
#include "grpc/health/v1/health.rpc.h"
#include "lib/base/clock.h"
#include "lib/rpc/health.h"
#include "lib/rpc/reflection.h"

#define CLAIM_NAME   "c-wire"
#define SANDBOX_NAME "wire-sandbox"

static const struct rpc_service_desc *const services[] = {
    &agentsandbox_v1_claim_service,
    &agentsandbox_v1_exec_service,
    &agentsandbox_v1_stream_service,
    &grpc_health_v1_health,
    NULL,
};

struct wire {
    struct loop *loop;
    struct rpc_server *server;
    struct rpc_health *health;
    struct loop_signal *on_term, *on_usr1;
    bool has_claim;
    char request_id[129];
};

/* ---- ClaimService ---- */

static int check_claim(struct wire *w, struct rpc_call *call, const char *name)
{
    struct err err;

    if (w->has_claim && strcmp(name, CLAIM_NAME) == 0)
        return 0;
    (void)err_set(&err, RPC_NOT_FOUND, "ClaimNotFound", "there is no claim \"%s\"", name);
    rpc_call_fail(call, &err);
    return -1;
}

static void create_claim(struct rpc_call *call, const Agentsandbox__V1__CreateClaimRequest *request,
                         void *user)
{
    Agentsandbox__V1__CreateClaimResponse response = AGENTSANDBOX__V1__CREATE_CLAIM_RESPONSE__INIT;
    Agentsandbox__V1__SandboxRef sandbox = AGENTSANDBOX__V1__SANDBOX_REF__INIT;
    Agentsandbox__V1__Claim claim = AGENTSANDBOX__V1__CLAIM__INIT;
    struct wire *w = user;
    struct err err;

    if (!request->spec || request->spec->source_case != AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_POOL) {
        (void)err_set(&err, RPC_INVALID_ARGUMENT, "BadRequest", "spec.pool is not set");
        rpc_call_fail(call, &err);
        return;
    }
    response.existed = w->has_claim && strcmp(w->request_id, request->request_id) == 0;
    w->has_claim = true;
    (void)snprintf(w->request_id, sizeof(w->request_id), "%s", request->request_id);
    sandbox.namespace_ = request->namespace_;
    sandbox.name = (char *)SANDBOX_NAME;
    claim.namespace_ = request->namespace_;
    claim.name = (char *)CLAIM_NAME;
    claim.uid = (char *)"00000000-0000-4000-8000-000000000001";
    claim.phase = AGENTSANDBOX__V1__CLAIM_PHASE__CLAIM_PHASE_READY;
    claim.sandbox = &sandbox;
    response.claim = &claim;
    agentsandbox_v1_claim_service_create_claim_reply(call, &response);
}

static void get_claim(struct rpc_call *call, const Agentsandbox__V1__GetClaimRequest *request,
                      void *user)
{
    Agentsandbox__V1__GetClaimResponse response = AGENTSANDBOX__V1__GET_CLAIM_RESPONSE__INIT;

    if (check_claim(user, call, request->name) == 0)
        agentsandbox_v1_claim_service_get_claim_reply(call, &response);
}

static void delete_claim(struct rpc_call *call, const Agentsandbox__V1__DeleteClaimRequest *request,
                         void *user)
{
    Agentsandbox__V1__DeleteClaimResponse response = AGENTSANDBOX__V1__DELETE_CLAIM_RESPONSE__INIT;
    struct wire *w = user;

    if (check_claim(w, call, request->name) < 0)
        return;
    w->has_claim = false;
    agentsandbox_v1_claim_service_delete_claim_reply(call, &response);
}

/* ---- ExecService ---- */

/* As the router does it: no sandbox, no call. */
static int check_sandbox(struct rpc_call *call)
{
    const char *id = rpc_metadata_get(rpc_call_headers(call), "x-sandbox-id");
    struct err err;

    if (id && strcmp(id, SANDBOX_NAME) == 0)
        return 0;
    (void)err_set(&err, RPC_NOT_FOUND, "SandboxNotFound", "there is no sandbox \"%s\"",
                  id ? id : "");
    rpc_call_fail(call, &err);
    return -1;
}

static void run(struct rpc_call *call, const Agentsandbox__V1__RunRequest *request, void *user)
{
    static const char hello[] = "hello from the sandbox\n", oops[] = "oops\n";
    Agentsandbox__V1__RunResponse response = AGENTSANDBOX__V1__RUN_RESPONSE__INIT;
    Agentsandbox__V1__ExecRecord exec = AGENTSANDBOX__V1__EXEC_RECORD__INIT;
    Agentsandbox__V1__Cause cause = AGENTSANDBOX__V1__CAUSE__INIT;
    size_t n_hello = sizeof(hello) - 1;
    uint8_t *out;

    (void)user;
    if (check_sandbox(call) < 0)
        return;
    out = arena_alloc(rpc_call_arena(call), n_hello + request->stdin.len);
    if (!out) {
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    memcpy(out, hello, n_hello);
    if (request->stdin.len > 0)
        memcpy(out + n_hello, request->stdin.data, request->stdin.len);
    response.stdout.data = out;
    response.stdout.len = n_hello + request->stdin.len;
    response.stderr.data = (uint8_t *)oops;
    response.stderr.len = sizeof(oops) - 1;
    cause.kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXITED;
    cause.exit_code = 3;
    exec.state = AGENTSANDBOX__V1__EXEC_STATE__EXEC_STATE_ENDED;
    exec.cause = &cause;
    response.exec = &exec;
    agentsandbox_v1_exec_service_run_reply(call, &response);
}

static void list(struct rpc_call *call, const Agentsandbox__V1__ListExecsRequest *request,
                 void *user)
{
    Agentsandbox__V1__ListExecsResponse response = AGENTSANDBOX__V1__LIST_EXECS_RESPONSE__INIT;

    (void)request;
    (void)user;
    if (check_sandbox(call) == 0)
        agentsandbox_v1_exec_service_list_reply(call, &response);
}

/* ---- StreamService: cat ---- */

struct cat {
    uint64_t n; /* bytes so far, in and out */
    bool is_started;
};

static int cat_send(struct rpc_call *call, Agentsandbox__V1__AttachResponse *response,
                    struct err *err)
{
    return agentsandbox_v1_stream_service_attach_reply(call, response, err);
}

static int cat_start(struct rpc_call *call, struct cat *cat, struct err *err)
{
    Agentsandbox__V1__AttachResponse response = AGENTSANDBOX__V1__ATTACH_RESPONSE__INIT;
    Agentsandbox__V1__ExecRecord exec = AGENTSANDBOX__V1__EXEC_RECORD__INIT;

    cat->is_started = true;
    exec.exec_id = (char *)"cat";
    exec.state = AGENTSANDBOX__V1__EXEC_STATE__EXEC_STATE_RUNNING;
    response.kind_case = AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STARTED;
    response.started = &exec;
    return cat_send(call, &response, err);
}

static int cat_end(struct rpc_call *call, struct cat *cat, struct err *err)
{
    Agentsandbox__V1__AttachResponse response = AGENTSANDBOX__V1__ATTACH_RESPONSE__INIT;
    Agentsandbox__V1__ExecRecord exec = AGENTSANDBOX__V1__EXEC_RECORD__INIT;
    Agentsandbox__V1__Cause cause = AGENTSANDBOX__V1__CAUSE__INIT;

    cause.kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXITED;
    exec.exec_id = (char *)"cat";
    exec.state = AGENTSANDBOX__V1__EXEC_STATE__EXEC_STATE_ENDED;
    exec.cause = &cause;
    exec.stdout_end = cat->n;
    response.kind_case = AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_EXITED;
    response.exited = &exec;
    if (cat_send(call, &response, err) < 0)
        return -1;
    rpc_call_finish(call, RPC_OK, NULL);
    return 0;
}

static int cat_echo(struct rpc_call *call, struct cat *cat, const Agentsandbox__V1__StdinData *in,
                    struct err *err)
{
    Agentsandbox__V1__AttachResponse ack = AGENTSANDBOX__V1__ATTACH_RESPONSE__INIT;
    Agentsandbox__V1__AttachResponse response = AGENTSANDBOX__V1__ATTACH_RESPONSE__INIT;
    Agentsandbox__V1__OutputData output = AGENTSANDBOX__V1__OUTPUT_DATA__INIT;
    Agentsandbox__V1__StdinAck taken = AGENTSANDBOX__V1__STDIN_ACK__INIT;

    if (in->offset != cat->n)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "stdin has a hole");
    output.stream = AGENTSANDBOX__V1__OUTPUT_STREAM__OUTPUT_STREAM_STDOUT;
    output.offset = cat->n;
    output.data = in->data;
    cat->n += in->data.len;
    taken.offset = cat->n;
    ack.kind_case = AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STDIN_ACK;
    ack.stdin_ack = &taken;
    response.kind_case = AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_OUTPUT;
    response.output = &output;
    if (in->data.len > 0 && (cat_send(call, &ack, err) < 0 || cat_send(call, &response, err) < 0))
        return -1;
    return in->eof ? cat_end(call, cat, err) : 0;
}

static void cat_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__AttachRequest *request = (const Agentsandbox__V1__AttachRequest *)msg;
    struct cat *cat = user;
    struct err err;
    int r;

    if (request->kind_case == AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_START && !cat->is_started)
        r = cat_start(call, cat, &err);
    else if (request->kind_case == AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_STDIN && cat->is_started)
        r = cat_echo(call, cat, request->stdin, &err);
    else
        r = err_set(&err, RPC_INVALID_ARGUMENT, "BadRequest", "not the kind that comes now");
    if (r < 0)
        rpc_call_fail(call, &err);
    else
        rpc_call_read(call);
}

static const struct rpc_msg_ops cat_ops = {.on_message = cat_message};

static void attach(struct rpc_call *call, void *user)
{
    struct cat *cat = arena_zalloc(rpc_call_arena(call), sizeof(*cat));

    (void)user;
    if (check_sandbox(call) < 0)
        return;
    if (!cat) {
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    agentsandbox_v1_stream_service_attach_accept(call, &cat_ops, cat);
    rpc_call_read(call);
}

/* ---- the program ---- */

static void drained(struct rpc_server *s, void *user)
{
    struct wire *w = user;

    (void)s;
    loop_stop(w->loop);
}

static void on_signal(struct loop_signal *s, int signum, void *user)
{
    struct wire *w = user;

    (void)s;
    if (signum == SIGUSR1) {
        (void)rpc_health_set(w->health, agentsandbox_v1_claim_service.name, RPC_HEALTH_NOT_SERVING,
                             NULL); /* it is there already: needs no memory */
        return;
    }
    rpc_health_shutdown(w->health);
    rpc_server_drain(w->server, loop_now_ms(w->loop) + 2000, drained, w);
}

static int serve(struct wire *w, const char *address, struct err *err)
{
    static struct agentsandbox_v1_claim_service_impl claims = {
        .create_claim = create_claim, .get_claim = get_claim, .delete_claim = delete_claim};
    static struct agentsandbox_v1_exec_service_impl execs = {.run = run, .list = list};
    static struct agentsandbox_v1_stream_service_impl streams = {.attach = attach};
    char real[128];

    claims.user = w;
    if (rpc_server_new(&w->server, w->loop, NULL, err) < 0 ||
        agentsandbox_v1_claim_service_register(w->server, &claims, err) < 0 ||
        agentsandbox_v1_exec_service_register(w->server, &execs, err) < 0 ||
        agentsandbox_v1_stream_service_register(w->server, &streams, err) < 0 ||
        rpc_reflection_register(w->server, services, err) < 0 ||
        rpc_health_new(&w->health, w->server, err) < 0 ||
        rpc_health_set(w->health, agentsandbox_v1_claim_service.name, RPC_HEALTH_SERVING, err) <
            0 ||
        loop_signal_new(&w->on_term, w->loop, SIGTERM, on_signal, w, err) < 0 ||
        loop_signal_new(&w->on_usr1, w->loop, SIGUSR1, on_signal, w, err) < 0 ||
        rpc_server_listen(w->server, address, NULL, real, err) < 0)
        return -1;
    (void)printf("%s\n", real);
    (void)fflush(stdout);
    loop_run(w->loop);
    return 0;
}

int main(int argc, char *argv[])
{
    struct wire w = {0};
    struct err err;
    int r = -1;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: wire_server ADDRESS\n");
        return 2;
    }
    if (loop_new(&w.loop, &err) == 0)
        r = serve(&w, argv[1], &err);
    if (r < 0)
        (void)fprintf(stderr, "wire_server: %s\n", err.msg);
    rpc_server_free(w.server);
    rpc_health_free(w.health);
    loop_signal_free(w.on_term);
    loop_signal_free(w.on_usr1);
    if (w.loop)
        loop_free(w.loop);
    return r < 0;
}
