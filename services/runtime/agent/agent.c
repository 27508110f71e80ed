#include "services/runtime/agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/http/http1.h"
#include "lib/loop/loop.h"
#include "lib/rpc/health.h"
#include "lib/rpc/server.h"
#include "services/runtime/agent/exec_service.h"
#include "services/runtime/agent/forward.h"
#include "services/runtime/agent/spawn.h"

enum {
    AGENT_UID_DEFAULT = 1000,
    AGENT_GID_DEFAULT = 1000,
    AGENT_PROBE_BUDGET = 1024 * 1024,
    AGENT_LINGER_MS = 2000, /* after SIGKILL: what cannot be killed is left to the kernel */
};

/* ---- the way to the end ---- */

static void schedule_step(void *user)
{
    struct agent *a = user;

    loop_task_schedule(a->step);
}

static void signal_command(const struct agent *a, int signum)
{
    if (a->is_command_running)
        (void)kill(-a->command_pid, signum); /* ESRCH: it is being reaped this turn */
}

static void kill_all(struct agent *a)
{
    execs_end_all(&a->execs, true, NULL);
    signal_command(a, SIGKILL);
    if (getpid() == 1)
        (void)kill(-1, SIGKILL); /* orphans too; ESRCH: there are none */
}

static void on_drained(struct rpc_server *s, void *user)
{
    struct agent *a = user;

    (void)s;
    if (--a->n_draining == 0)
        loop_stop(a->loop);
}

static void enter_draining(struct agent *a)
{
    uint64_t deadline = clock_add(loop_now_ms(a->loop), AGENT_DRAIN_MS);

    a->state = AGENT_DRAINING;
    loop_timer_disarm(a->timer);
    rpc_health_shutdown(a->health);
    a->n_draining = 2;
    rpc_server_drain(a->control, deadline, on_drained, a);
    rpc_server_drain(a->data, deadline, on_drained, a);
}

static void on_step(struct loop_task *t, void *user)
{
    struct agent *a = user;

    (void)t;
    if (a->state == AGENT_STOPPING && a->execs.n_live == 0 && !a->is_command_running)
        enter_draining(a);
}

static void on_grace_over(struct loop_timer *t, void *user)
{
    struct agent *a = user;

    if (a->is_killed) {
        enter_draining(a);
        return;
    }
    a->is_killed = true;
    kill_all(a);
    if (a->is_command_running)
        a->exit_code = 128 + SIGKILL;
    loop_timer_arm(t, clock_add(loop_now_ms(a->loop), AGENT_LINGER_MS));
}

void agent_stop(struct agent *a, uint64_t grace_ms, const struct cause *why)
{
    if (a->state == AGENT_DRAINING)
        return;
    grace_ms = MIN(grace_ms, (uint64_t)AGENT_GRACE_MAX_MS);
    if (a->state == AGENT_RUNNING)
        log_info("stopping", LOG_S("reason", why->reason), LOG_U("grace_ms", grace_ms));
    a->state = AGENT_STOPPING;
    execs_end_all(&a->execs, grace_ms == 0, why);
    signal_command(a, grace_ms == 0 ? SIGKILL : SIGTERM);
    if (!a->is_killed)
        loop_timer_arm(a->timer, clock_add(loop_now_ms(a->loop), grace_ms));
    loop_task_schedule(a->step);
}

static void on_terminate(struct loop_signal *s, int signum, void *user)
{
    struct cause why = {.kind = CAUSE_KILLED, .reason = "Stopped", .time_ns = clock_realtime_ns()};

    (void)s;
    (void)snprintf(why.message, sizeof(why.message), "the agent got signal %d", signum);
    agent_stop(user, AGENT_GRACE_DEFAULT_MS, &why);
}

/* ---- the container's own command ---- */

static void on_command_ended(struct reap_watch *w, int status, const struct rusage *usage)
{
    struct agent *a = CONTAINER_OF(w, struct agent, command_watch);
    enum cause_kind wish = a->state == AGENT_RUNNING ? CAUSE_NONE : CAUSE_KILLED;

    (void)usage;
    a->is_command_running = false;
    cause_of_status(&a->command_cause, status, wish, 0, &a->execs.host.oom);
    a->exit_code = cause_exit_code(&a->command_cause);
    log_info("the container's command has ended", LOG_I("code", a->exit_code),
             LOG_S("cause", a->command_cause.reason));
    agent_stop(a, 0, &a->command_cause);
}

static int start_command(struct agent *a, const char *const *argv, struct err *err)
{
    struct command command;

    if (command_plain(argv, &a->identity, &a->command_arena, &command, err) < 0)
        return -1;
    if (spawn_inheriting(&command, &a->command_pid, err) < 0)
        return err_wrap(err, "the container's command");
    a->has_command = a->is_command_running = true;
    a->command_watch.pid = a->command_pid;
    a->command_watch.fn = on_command_ended;
    a->command_watch.kill_group = true;
    reaper_watch(a->reaper, &a->command_watch);
    return 0;
}

/* ---- making it ---- */

static void answer_http(const struct http1_request *req, struct http1_reply *reply, void *user)
{
    (void)user;
    reply->content_type = "application/json";
    if (strcmp(req->path, "/") == 0 || strcmp(req->path, "/healthz") == 0) {
        (void)buf_append_str(&reply->body, "{\"status\":\"ok\"}\n", NULL);
        return;
    }
    reply->status = 404;
    (void)buf_append_str(&reply->body, "{\"error\":\"not found\"}\n", NULL);
}

static int make_servers(struct agent *a, struct err *err)
{
    if (rpc_server_new(&a->control, a->loop, NULL, err) < 0 ||
        rpc_server_new(&a->data, a->loop, NULL, err) < 0 ||
        http1_server_new(&a->http, a->loop, answer_http, a, err) < 0 ||
        agent_service_register(a->control, a, err) < 0 ||
        exec_service_register(a->data, &a->execs, err) < 0 ||
        stream_service_register(a->data, &a->execs, err) < 0 ||
        rpc_health_new(&a->health, a->data, err) < 0 ||
        rpc_health_set(a->health, agentsandbox_v1_exec_service.name, RPC_HEALTH_SERVING, err) < 0 ||
        rpc_health_set(a->health, agentsandbox_v1_stream_service.name, RPC_HEALTH_SERVING, err) < 0)
        return -1;
    return 0;
}

static int open_doors(struct agent *a, const struct options *o, struct err *err)
{
    const struct rpc_listen_opts listen = {.on_other = http1_server_take, .user = a->http};

    if (o->listen && rpc_server_listen(a->data, o->listen, &listen, a->address, err) < 0)
        return -1;
    if (o->listen)
        log_info("listening", LOG_S("address", a->address));
    if (o->control &&
        dial_new(&a->dial_control, a->loop, a->control, "control", o->control, err) < 0)
        return -1;
    if (o->data && dial_new(&a->dial_data, a->loop, a->data, "data", o->data, err) < 0)
        return -1;
    return 0;
}

static void settle_identity(struct agent *a, const struct options *o, const char *const *envp)
{
    bool is_root = geteuid() == 0;

    a->identity = (struct identity){
        .uid = is_root ? AGENT_UID_DEFAULT : geteuid(),
        .gid = is_root ? AGENT_GID_DEFAULT : getegid(),
        .cwd = o->cwd,
        .envp = envp,
        .is_switchable = is_root,
    };
    if (o->has_user && is_root) {
        a->identity.uid = o->uid;
        a->identity.gid = o->gid;
    }
}

static int watch_signals(struct agent *a, struct err *err)
{
    if (loop_signal_new(&a->sigterm, a->loop, SIGTERM, on_terminate, a, err) < 0 ||
        loop_signal_new(&a->sigint, a->loop, SIGINT, on_terminate, a, err) < 0)
        return -1;
    return 0;
}

int agent_init(struct agent *a, struct loop *loop, const struct options *o, const char *const *envp,
               struct err *err)
{
    *a = (struct agent){.loop = loop};
    list_init(&a->probe_calls);
    list_init(&a->command_watch.link);
    arena_init(&a->command_arena, LIMIT_EXEC_ARGS * 2);
    settle_identity(a, o, envp);
    if (reaper_new(&a->reaper, loop, err) < 0)
        return -1;
    execs_init(&a->execs, loop, a->reaper, &a->identity);
    a->execs.on_none_live = schedule_step;
    a->execs.user = a;
    a->probe_host = (struct exec_host){
        .loop = loop, .reaper = a->reaper, .budget = {.max = AGENT_PROBE_BUDGET}};
    oom_watch_init(&a->probe_host.oom, NULL);
    if (loop_timer_new(&a->timer, loop, on_grace_over, a, err) < 0 ||
        loop_task_new(&a->step, loop, on_step, a, err) < 0 || watch_signals(a, err) < 0 ||
        make_servers(a, err) < 0)
        return -1;
    if (o->has_user && o->uid != a->identity.uid)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                       "--user %u: only root can run commands as others", (unsigned)o->uid);
    /* The doors before the command: it may ask for its own readiness. */
    if (open_doors(a, o, err) < 0 || (o->argv && start_command(a, o->argv, err) < 0))
        return -1;
    return 0;
}

void agent_done(struct agent *a)
{
    rpc_server_free(a->control); /* calls end first: they stand on what follows */
    rpc_server_free(a->data);
    rpc_health_free(a->health);
    http1_server_free(a->http);
    dial_free(a->dial_control);
    dial_free(a->dial_data);
    agent_service_end_probes(a);
    if (a->reaper) {
        signal_command(a, SIGKILL);
        reaper_unwatch(&a->command_watch);
        execs_done(&a->execs);
    }
    reaper_free(a->reaper);
    loop_timer_free(a->timer);
    loop_task_free(a->step);
    loop_signal_free(a->sigterm);
    loop_signal_free(a->sigint);
    arena_done(&a->command_arena);
}

int agent_run(struct agent *a)
{
    loop_run(a->loop);
    return a->exit_code;
}
