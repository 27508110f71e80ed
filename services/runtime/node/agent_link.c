#include "services/runtime/node/agent_link.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agentsandbox/v1/node.rpc.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "services/runtime/node/door.h"

enum {
    HELLO_TIMEOUT_MS = 10000,
    STOP_MARGIN_MS = 2000,
    PROBE_MARGIN_MS =
        500, /* the agent enforces the probe's own timeout; this is for one that hangs */
    MAX_MESSAGE = 64 * 1024,
};

const char *agent_probe_name(enum probe_kind kind)
{
    static const char *const NAMES[] = {"startup", "readiness", "liveness"};

    return NAMES[kind];
}

static void drop_call(struct rpc_call **call)
{
    rpc_call_abandon(TAKE_PTR(*call));
}

static void hang_up(struct agent_link *l)
{
    drop_call(&l->hello);
    drop_call(&l->stop);
    for (int i = 0; i < N_PROBES; i++)
        drop_call(&l->probes[i].call);
    loop_timer_disarm(l->timer);
    rpc_channel_free(TAKE_PTR(l->channel));
    l->connected = l->command_running = l->ready = l->lost = false;
}

/* ---- readiness ---- */

static bool passes(const struct agent_probe *p)
{
    return !p->spec || p->prober.passing;
}

static void update_ready(struct agent_link *l)
{
    bool ready = l->connected && l->command_running && passes(&l->probes[PROBE_STARTUP]) &&
                 passes(&l->probes[PROBE_READINESS]);

    if (ready == l->ready)
        return;
    l->ready = ready;
    l->ops->on_change(l->user);
}

static bool may_run(const struct agent_link *l, const struct agent_probe *p)
{
    return p->spec && l->channel && !l->lost &&
           (p->kind == PROBE_STARTUP ? !p->prober.passing : passes(&l->probes[PROBE_STARTUP]));
}

static void plan(struct agent_link *l)
{
    uint64_t next = CLOCK_NEVER;

    for (int i = 0; i < N_PROBES; i++)
        if (may_run(l, &l->probes[i]))
            next = MIN(next, prober_next_ms(&l->probes[i].prober));
    loop_timer_arm(l->timer, next);
}

static void start_probers(struct agent_link *l)
{
    for (int i = 0; i < N_PROBES; i++) {
        const PB(Probe) *s = l->probes[i].spec;

        if (s)
            prober_init(&l->probes[i].prober,
                        &(struct prober_timing){s->initial_delay_ms, s->period_ms, s->timeout_ms,
                                                s->success_threshold, s->failure_threshold},
                        i != PROBE_LIVENESS, loop_now_ms(l->loop));
    }
}

static void keep_answer(struct agent_probe *p, bool success, const char *message)
{
    struct agent_link *l = p->link;

    l->has_last = true;
    l->last_kind = p->kind;
    l->last_success = success;
    l->last_ns = clock_realtime_ns();
    bytes_escape(message, strlen(message), l->last_message, sizeof(l->last_message));
}

static void take_answer(struct agent_probe *p, bool success, const char *message)
{
    struct agent_link *l = p->link;
    bool changed =
        !l->has_last || l->last_success != success || strcmp(l->last_message, message) != 0;
    int outcome = prober_answer(&p->prober, success, loop_now_ms(l->loop));

    keep_answer(p, success, message);
    plan(l);
    if (outcome == PROBER_FAILED && p->kind != PROBE_READINESS) {
        l->ops->on_unhealthy(l->user, p->kind, l->last_message);
        return;
    }
    if (outcome == PROBER_SAME && changed)
        l->ops->on_change(l->user);
    update_ready(l);
}

static void probe_answered(struct rpc_call *call, const ProtobufCMessage *reply,
                           const struct rpc_status *status, void *user)
{
    struct agent_probe *p = user;
    const PB(RunProbeResponse) *r = (const PB(RunProbeResponse) *)reply;

    (void)call;
    p->call = NULL;
    if (r)
        take_answer(p, r->success, r->message);
    else if (status->code == RPC_DEADLINE_EXCEEDED)
        take_answer(p, false, "the agent did not answer in time");
    else
        take_answer(p, false, status->message);
}

static void run_probe(struct agent_link *l, struct agent_probe *p)
{
    PB(RunProbeRequest) request = AGENTSANDBOX__V1__RUN_PROBE_REQUEST__INIT;
    PB(Probe) probe = *p->spec;
    struct rpc_call_opts opts = {.timeout_ms = p->prober.t.timeout_ms + PROBE_MARGIN_MS};
    struct err err = {0};

    probe.timeout_ms = p->prober.t.timeout_ms;
    request.probe = &probe;
    prober_sent(&p->prober);
    if (agentsandbox_v1_agent_service_run_probe(l->channel, &opts, &request, probe_answered, p,
                                                &p->call, &err) < 0)
        take_answer(p, false, err.msg);
}

static void probes_due(struct loop_timer *t, void *user)
{
    struct agent_link *l = user;
    uint64_t now = loop_now_ms(l->loop);

    (void)t;
    for (int i = 0; i < N_PROBES; i++)
        if (may_run(l, &l->probes[i]) && prober_next_ms(&l->probes[i].prober) <= now)
            run_probe(l, &l->probes[i]);
    plan(l);
}

/* ---- the connection ---- */

static void hello_answered(struct rpc_call *call, const ProtobufCMessage *reply,
                           const struct rpc_status *status, void *user)
{
    const PB(GetAgentResponse) *r = (const PB(GetAgentResponse) *)reply;
    struct agent_link *l = user;

    (void)call;
    (void)status;
    l->hello = NULL;
    if (!r) {
        l->lost = true; /* no agent of ours: it may dial again */
        loop_task_schedule(l->task);
        return;
    }
    l->connected = true;
    /* An agent that is itself the command has none to report: it did not end either. */
    l->command_running = r->command_running || !r->command_cause;
    l->ops->on_change(l->user);
    update_ready(l);
}

static void channel_state(struct rpc_channel *ch, enum rpc_channel_state state,
                          const struct err *why, void *user)
{
    struct agent_link *l = user;

    (void)ch;
    (void)why;
    if (state == RPC_CHANNEL_SHUTDOWN) {
        l->lost = true;
        loop_task_schedule(l->task);
    }
}

static void put_down(struct loop_task *t, void *user)
{
    struct agent_link *l = user;

    (void)t;
    if (!l->lost)
        return;
    hang_up(l);
    l->ops->on_change(l->user);
}

static void pause_over(struct loop_timer *t, void *user)
{
    struct agent_link *l = user;

    (void)t;
    loop_io_set(l->listen_io, LOOP_READ);
}

static void agent_dials(struct loop_io *io, int events, void *user)
{
    PB(GetAgentRequest) hello = AGENTSANDBOX__V1__GET_AGENT_REQUEST__INIT;
    struct rpc_call_opts opts = {.timeout_ms = HELLO_TIMEOUT_MS};
    struct agent_link *l = user;
    struct rpc_channel_opts channel = {
        .max_message = MAX_MESSAGE, .keepalive_ms = 10000, .on_state = channel_state, .user = l};
    int fd = accept4(l->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)io;
    (void)events;
    if (fd < 0)
        return;
    loop_io_set(l->listen_io, 0);
    loop_timer_arm(l->pause, clock_add(loop_now_ms(l->loop), DOOR_PAUSE_MS));
    hang_up(l); /* the newer connection replaces the older */
    if (rpc_channel_new_fd(&l->channel, l->loop, fd, &channel, NULL) < 0)
        return;
    start_probers(l);
    if (agentsandbox_v1_agent_service_get_agent(l->channel, &opts, &hello, hello_answered, l,
                                                &l->hello, NULL) < 0) {
        hang_up(l);
        return;
    }
    probes_due(l->timer, l); /* the first ones travel with it */
}

int agent_link_open(struct agent_link *l, struct loop *loop, const char *path,
                    const PB(Container) *container, const struct agent_link_ops *ops, void *user,
                    struct err *err)
{
    *l = (struct agent_link){.loop = loop, .ops = ops, .user = user, .listen_fd = -1};
    for (int i = 0; i < N_PROBES; i++)
        l->probes[i] = (struct agent_probe){.link = l, .kind = (enum probe_kind)i};
    l->probes[PROBE_STARTUP].spec = container->startup_probe;
    l->probes[PROBE_READINESS].spec = container->readiness_probe;
    l->probes[PROBE_LIVENESS].spec = container->liveness_probe;
    l->listen_fd = fd_unix_listen(path, SOCK_STREAM, 0600, err);
    if (l->listen_fd < 0 || loop_timer_new(&l->pause, loop, pause_over, l, err) < 0 ||
        loop_timer_new(&l->timer, loop, probes_due, l, err) < 0 ||
        loop_task_new(&l->task, loop, put_down, l, err) < 0 ||
        loop_io_new(&l->listen_io, loop, l->listen_fd, LOOP_READ, agent_dials, l, err) < 0) {
        agent_link_close(l);
        return -1;
    }
    return 0;
}

void agent_link_reset(struct agent_link *l)
{
    if (!l->loop)
        return;
    hang_up(l);
    l->has_last = false;
}

void agent_link_close(struct agent_link *l)
{
    if (!l->loop)
        return;
    if (l->timer)
        hang_up(l);
    loop_io_free(TAKE_PTR(l->listen_io));
    loop_timer_free(TAKE_PTR(l->pause));
    loop_timer_free(TAKE_PTR(l->timer));
    loop_task_free(TAKE_PTR(l->task));
    if (l->listen_fd >= 0)
        (void)close(TAKE_FD(l->listen_fd));
    l->loop = NULL;
}

static void stop_answered(struct rpc_call *call, const ProtobufCMessage *reply,
                          const struct rpc_status *status, void *user)
{
    struct agent_link *l = user;

    (void)call;
    (void)reply;
    (void)status;
    l->stop = NULL;
    l->ops->on_stopped(l->user);
}

int agent_link_stop(struct agent_link *l, uint64_t grace_ms, struct err *err)
{
    Google__Protobuf__Duration grace = GOOGLE__PROTOBUF__DURATION__INIT;
    PB(StopRequest) request = AGENTSANDBOX__V1__STOP_REQUEST__INIT;
    struct rpc_call_opts opts = {.timeout_ms = grace_ms + STOP_MARGIN_MS};

    if (!l->connected || l->lost)
        return err_set(err, RPC_UNAVAILABLE, "AgentUnavailable", "the agent is not connected");
    if (l->stop)
        return 0;
    grace.seconds = (int64_t)(grace_ms / 1000);
    grace.nanos = (int32_t)(grace_ms % 1000) * 1000000;
    request.grace = &grace;
    return agentsandbox_v1_agent_service_stop(l->channel, &opts, &request, stop_answered, l,
                                              &l->stop, err);
}
