/* AgentService: what the node asks of the agent, over the control connection alone. */
#include "agentsandbox/v1/node.rpc.h"
#include "lib/base/clock.h"
#include "services/runtime/agent/agent.h"
#include "services/runtime/agent/probe.h"

#include <stdio.h>

#ifndef ASB_VERSION
#error "the build sets ASB_VERSION"
#endif

static void on_get_agent(struct rpc_call *call, const Agentsandbox__V1__GetAgentRequest *request,
                         void *user)
{
    Agentsandbox__V1__GetAgentResponse reply = AGENTSANDBOX__V1__GET_AGENT_RESPONSE__INIT;
    Google__Protobuf__Timestamp time;
    Agentsandbox__V1__Cause cause;
    struct agent *a = user;

    (void)request;
    reply.version = (char *)ASB_VERSION;
    reply.command_running = a->is_command_running;
    reply.execs_running = (uint32_t)a->execs.n_live;
    if (a->command_cause.kind != CAUSE_NONE) {
        cause_to_message(&a->command_cause, &cause, &time);
        reply.command_cause = &cause;
    }
    agentsandbox_v1_agent_service_get_agent_reply(call, &reply);
}

/* ---- probes: the call owns its probe ---- */

struct probe_call {
    struct rpc_call *call;
    struct probe *probe;
    struct list link;
};

static void probe_call_free(struct probe_call *c)
{
    list_remove(&c->link);
    probe_free(c->probe);
    free(c);
}

static void on_probe_result(struct probe *p, bool success, const char *message, void *user)
{
    Agentsandbox__V1__RunProbeResponse reply = AGENTSANDBOX__V1__RUN_PROBE_RESPONSE__INIT;
    struct probe_call *c = user;

    (void)p;
    reply.success = success;
    reply.message = (char *)message;
    agentsandbox_v1_agent_service_run_probe_reply(c->call, &reply);
}

static void on_probe_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    (void)call;
    (void)status;
    probe_call_free(user);
}

static const struct rpc_msg_ops probe_ops = {.on_done = on_probe_done};

static void on_run_probe(struct rpc_call *call, const Agentsandbox__V1__RunProbeRequest *request,
                         void *user)
{
    struct probe_call *c = calloc(1, sizeof(*c));
    struct agent *a = user;
    struct err err = {0};

    if (!c) {
        (void)err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    c->call = call;
    list_push_back(&a->probe_calls, &c->link);
    if (!request->probe)
        (void)err_set(&err, RPC_INVALID_ARGUMENT, "BadRequest", "probe is not set");
    if (!request->probe || probe_start(&c->probe, request->probe, &a->probe_host, &a->identity,
                                       on_probe_result, c, &err) < 0) {
        probe_call_free(c);
        rpc_call_fail(call, &err);
        return;
    }
    agentsandbox_v1_agent_service_run_probe_accept(call, &probe_ops, c);
}

void agent_service_end_probes(struct agent *a)
{
    LIST_FOREACH_SAFE(it, &a->probe_calls)
    probe_call_free(CONTAINER_OF(it, struct probe_call, link));
}

/* ---- the end ---- */

static void on_stop(struct rpc_call *call, const Agentsandbox__V1__StopRequest *request, void *user)
{
    Agentsandbox__V1__StopResponse reply = AGENTSANDBOX__V1__STOP_RESPONSE__INIT;
    struct cause why = {.kind = CAUSE_KILLED, .reason = "Stopped", .time_ns = clock_realtime_ns()};
    struct err err = {0};
    uint64_t grace_ms;

    if (command_duration_ms(request->grace, AGENT_GRACE_DEFAULT_MS, "grace", &grace_ms, &err) < 0) {
        rpc_call_fail(call, &err);
        return;
    }
    (void)snprintf(why.message, sizeof(why.message), "the sandbox was stopped on request");
    agent_stop(user, grace_ms, &why);
    agentsandbox_v1_agent_service_stop_reply(call, &reply);
}

int agent_service_register(struct rpc_server *server, struct agent *a, struct err *err)
{
    static struct agentsandbox_v1_agent_service_impl impl;

    impl = (struct agentsandbox_v1_agent_service_impl){
        .user = a, .get_agent = on_get_agent, .run_probe = on_run_probe, .stop = on_stop};
    return agentsandbox_v1_agent_service_register(server, &impl, err);
}
