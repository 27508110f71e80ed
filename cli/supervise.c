#include "cli/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/node.pb-c.h"
#include "cli/ctl.h"
#include "cli/service.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "lib/rpc/service.h"

enum {
    SUPERVISE_START_MS = 30000, /* until all answer                        */
    SUPERVISE_BACKOFF_MS = 100, /* doubled with each early death           */
    SUPERVISE_BACKOFF_MAX_MS = 5000,
    SUPERVISE_STEADY_MS = 10000, /* alive so long: back-off begins anew     */
    SUPERVISE_STOP_MS = 4000,    /* controller and router after SIGTERM     */
    SUPERVISE_STOP_NODE_MS = 25000,
};

struct supervisor;

struct service {
    struct supervisor *sup;
    enum service_kind kind;
    struct loop_child *child; /* NULL: does not run */
    struct loop_timer *timer; /* starts it again    */
    struct rpc_channel *channel;
    bool answered;
    uint64_t started_ms, backoff_ms;
};

enum super_state {
    SUPER_STARTING,
    SUPER_RUNNING,
    SUPER_STOPPING_FRONT,
    SUPER_STOPPING_NODE,
    SUPER_DONE
};

struct supervisor {
    struct supervise_opts *opts;
    struct loop *loop;
    struct loop_signal *signals[3];
    struct loop_io *lifeline;
    struct loop_timer *timer; /* limit of the present state */
    struct service services[N_SERVICES];
    int line[2]; /* [1] is held here alone; its end is the services' end */
    enum super_state state;
    int code;
};

/* ---- telling who started us ---- */

static void report(struct supervisor *s, bool is_last, const char *fmt, ...) _printf_(3, 4);

static void report(struct supervisor *s, bool is_last, const char *fmt, ...)
{
    char line[ERR_MSG_MAX + 64];
    struct err ignored = {0};
    va_list args;
    int n;

    if (s->opts->report_fd < 0)
        return;
    va_start(args, fmt);
    n = vsnprintf(line, sizeof(line) - 1, fmt, args);
    va_end(args);
    n = MIN(n, (int)sizeof(line) - 2);
    line[n] = '\n';
    /* A starter that went away needs no report. */
    (void)fd_write_all(s->opts->report_fd, line, (size_t)n + 1, &ignored);
    if (is_last)
        (void)close(TAKE_FD(s->opts->report_fd));
}

static void begin_stop(struct supervisor *s);

static void start_failed(struct supervisor *s, const struct err *err)
{
    log_error("start failed", LOG_ERR(err));
    report(s, true, "fail %d %s %s", err->code, err->reason, err->msg);
    s->code = CTL_FAILED;
    begin_stop(s);
}

/* ---- states ---- */

static void enter(struct supervisor *s, enum super_state state, uint64_t limit_ms)
{
    s->state = state;
    loop_timer_arm(s->timer, limit_ms ? clock_add(loop_now_ms(s->loop), limit_ms) : CLOCK_NEVER);
    if (state == SUPER_DONE)
        loop_stop(s->loop);
}

static void signal_service(struct service *v, int signum)
{
    struct err ignored = {0};

    if (v->timer)
        loop_timer_disarm(v->timer);
    if (v->child)
        (void)loop_child_kill(v->child, signum, &ignored); /* it has just ended by itself */
}

/* Moves on when what a stopping state waits for has ended. The doors close first; the node ends
 * last, with the sandboxes. */
static void step_stop(struct supervisor *s)
{
    struct service *v = s->services;

    if (s->state == SUPER_STOPPING_FRONT && !v[SERVICE_CONTROLLER].child &&
        !v[SERVICE_ROUTER].child) {
        signal_service(&v[SERVICE_NODE], SIGTERM);
        enter(s, SUPER_STOPPING_NODE, SUPERVISE_STOP_NODE_MS);
    }
    if (s->state == SUPER_STOPPING_NODE && !v[SERVICE_NODE].child)
        enter(s, SUPER_DONE, 0);
}

static void begin_stop(struct supervisor *s)
{
    if (s->state >= SUPER_STOPPING_FRONT)
        return;
    enter(s, SUPER_STOPPING_FRONT, SUPERVISE_STOP_MS);
    signal_service(&s->services[SERVICE_CONTROLLER], SIGTERM);
    signal_service(&s->services[SERVICE_ROUTER], SIGTERM);
    step_stop(s);
}

static void on_limit(struct loop_timer *t _unused_, void *user)
{
    struct supervisor *s = user;
    struct err err = {0};

    switch (s->state) {
    case SUPER_STARTING:
        err_set(&err, RPC_DEADLINE_EXCEEDED, "Timeout",
                "the services did not answer within %d s; see %s/log", SUPERVISE_START_MS / 1000,
                s->opts->home.state_dir);
        start_failed(s, &err);
        return;
    case SUPER_STOPPING_FRONT:
        log_warn("services did not stop in time, killing them");
        signal_service(&s->services[SERVICE_CONTROLLER], SIGKILL);
        signal_service(&s->services[SERVICE_ROUTER], SIGKILL);
        return;
    case SUPER_STOPPING_NODE:
        log_warn("the node did not stop in time, killing it");
        signal_service(&s->services[SERVICE_NODE], SIGKILL);
        return;
    case SUPER_RUNNING:
    case SUPER_DONE:
        return;
    }
    abort();
}

/* ---- services ---- */

static void check_all_answered(struct supervisor *s)
{
    if (s->state != SUPER_STARTING)
        return;
    for (int i = 0; i < N_SERVICES; i++)
        if (!s->services[i].answered)
            return;
    enter(s, SUPER_RUNNING, 0);
    log_info("all services answer");
    report(s, true, "ready");
}

static void on_health(struct rpc_call *call _unused_, const ProtobufCMessage *reply _unused_,
                      const struct rpc_status *status, void *user)
{
    struct service *v = user;

    /* That it answers at all is what was asked. */
    v->answered = status->code == RPC_OK || status->code == RPC_UNIMPLEMENTED;
    rpc_channel_free(TAKE_PTR(v->channel)); /* an open connection would hold up its drain */
    check_all_answered(v->sup);
}

static int ask_health(struct service *v, struct err *err)
{
    static const struct rpc_method_desc check = {
        .path = "/grpc.health.v1.Health/Check",
        .input = &agentsandbox__v1__get_node_request__descriptor,
        .output = &agentsandbox__v1__get_node_request__descriptor,
    };
    const struct rpc_channel_opts channel = {.backoff_first_ms = 10, .backoff_max_ms = 100};
    const struct rpc_call_opts call = {.timeout_ms = SUPERVISE_START_MS, .wait_for_ready = true};
    Agentsandbox__V1__GetNodeRequest empty = AGENTSANDBOX__V1__GET_NODE_REQUEST__INIT;
    char target[HOME_PATH_MAX + 32];

    (void)snprintf(target, sizeof(target), "unix:%s/%s", v->sup->opts->home.run_dir,
                   service_socket(v->kind));
    if (rpc_channel_new(&v->channel, v->sup->loop, target, &channel, err) < 0)
        return -1;
    return rpc_unary(v->channel, &check, &call, &empty.base, on_health, v, NULL, err);
}

static int start(struct service *v, struct err *err);

static void retry_later(struct service *v)
{
    uint64_t now = loop_now_ms(v->sup->loop);

    if (now - v->started_ms > SUPERVISE_STEADY_MS)
        v->backoff_ms = SUPERVISE_BACKOFF_MS;
    loop_timer_arm(v->timer, now + v->backoff_ms);
    v->backoff_ms = MIN(v->backoff_ms * 2, (uint64_t)SUPERVISE_BACKOFF_MAX_MS);
}

static void died_at_start(struct service *v, const char *how)
{
    char words[240];
    struct err err = {0};

    service_last_words(&v->sup->opts->home, v->kind, words, sizeof(words));
    err_set(&err, RPC_FAILED_PRECONDITION, "ServiceFailed", "the %s ended at its start (%s): %s",
            service_name(v->kind), how, *words ? words : "it said why above");
    start_failed(v->sup, &err);
}

static void on_end(struct loop_child *c, const siginfo_t *info, void *user)
{
    struct service *v = user;
    struct supervisor *s = v->sup;
    char how[40];

    (void)snprintf(how, sizeof(how), info->si_code == CLD_EXITED ? "exit code %d" : "signal %d",
                   info->si_status);
    loop_child_free(c);
    v->child = NULL;
    if (s->state >= SUPER_STOPPING_FRONT) {
        step_stop(s);
        return;
    }
    if (s->state == SUPER_STARTING) {
        died_at_start(v, how);
        return;
    }
    log_warn("service ended, starting it again", LOG_S("name", service_name(v->kind)),
             LOG_S("how", how), LOG_U("after_ms", v->backoff_ms));
    retry_later(v);
}

static void on_retry(struct loop_timer *t _unused_, void *user)
{
    struct service *v = user;
    struct err err = {0};

    if (start(v, &err) == 0)
        return;
    log_error("cannot start service", LOG_S("name", service_name(v->kind)), LOG_ERR(&err));
    retry_later(v);
}

static int start(struct service *v, struct err *err)
{
    struct supervisor *s = v->sup;
    struct proc p;

    if (service_start(&s->opts->home, v->kind, s->line[0], s->opts->logs_to_stderr ? 2 : -1,
                      s->opts->log_level, &p, err) < 0)
        return err_wrap(err, "starting the %s", service_name(v->kind));
    v->started_ms = loop_now_ms(s->loop);
    return loop_child_new(&v->child, s->loop, p.pid, p.pidfd, on_end, v, err);
}

/* ---- set-up ---- */

static void on_signal(struct loop_signal *sig _unused_, int signum _unused_, void *user)
{
    begin_stop(user);
}

static void on_lifeline(struct loop_io *io, int events _unused_, void *user)
{
    struct supervisor *s = user;
    char byte;

    ssize_t n = read(s->opts->lifeline_fd, &byte, 1);

    if (n > 0 || (n < 0 && errno == EAGAIN))
        return;
    loop_io_set(io, 0);
    log_info("lifeline ended");
    begin_stop(s);
}

static int watch_ends(struct supervisor *s, struct err *err)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        if (loop_signal_new(&s->signals[i], s->loop, signals[i], on_signal, s, err) < 0)
            return -1;
    if (loop_timer_new(&s->timer, s->loop, on_limit, s, err) < 0)
        return -1;
    if (s->opts->lifeline_fd < 0)
        return 0;
    return loop_io_new(&s->lifeline, s->loop, s->opts->lifeline_fd, LOOP_READ, on_lifeline, s, err);
}

static int start_all(struct supervisor *s, struct err *err)
{
    enter(s, SUPER_STARTING, SUPERVISE_START_MS);
    for (int i = 0; i < N_SERVICES; i++) {
        struct service *v = &s->services[i];

        *v = (struct service){
            .sup = s, .kind = (enum service_kind)i, .backoff_ms = SUPERVISE_BACKOFF_MS};
        if (loop_timer_new(&v->timer, s->loop, on_retry, v, err) < 0 || start(v, err) < 0 ||
            ask_health(v, err) < 0)
            return -1;
    }
    return 0;
}

static void supervisor_done(struct supervisor *s)
{
    for (int i = 0; i < N_SERVICES; i++) {
        rpc_channel_free(s->services[i].channel);
        loop_timer_free(s->services[i].timer);
        loop_child_free(s->services[i].child);
    }
    for (size_t i = 0; i < ARRAY_SIZE(s->signals); i++)
        loop_signal_free(s->signals[i]);
    loop_io_free(s->lifeline);
    loop_timer_free(s->timer);
    loop_free(s->loop);
    (void)close(s->line[0]);
    (void)close(s->line[1]);
}

/* The terminal or pipe of who started us is not ours to hold on to. */
static void redirect_log(const struct home *h)
{
    struct err ignored = {0};
    int fd = service_log_open(h, "supervisor", &ignored);

    if (fd < 0)
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)dup2(fd, 2);
        (void)close(fd);
    }
}

int supervise_run(struct supervise_opts *opts)
{
    struct supervisor s = {.opts = opts, .line = {-1, -1}};
    struct err err = {0};

    log_init("supervisor", LOG_INFO, LOG_FORMAT_KV, 2);
    if (loop_new(&s.loop, &err) < 0 || watch_ends(&s, &err) < 0 || fd_pipe(s.line, 0, &err) < 0 ||
        home_open(&opts->home, &err) < 0) {
        if (opts->report_fd < 0)
            return ctl_fail(&err);
        report(&s, true, "fail %d %s %s", err.code, err.reason, err.msg);
        return CTL_FAILED;
    }
    if (!opts->logs_to_stderr)
        redirect_log(&opts->home);
    if (start_all(&s, &err) < 0)
        start_failed(&s, &err);
    if (s.state != SUPER_DONE)
        loop_run(s.loop);
    supervisor_done(&s);

    err = (struct err){0};
    home_remove_sockets(&opts->home);
    if (opts->home.is_ephemeral && home_clean(&opts->home, true, &err) < 0)
        log_error("cleaning up", LOG_ERR(&err));
    home_close(&opts->home);
    return s.code;
}
