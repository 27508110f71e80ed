#include "services/runtime/node/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/base/proc.h"
#include "services/runtime/node/bundle.h"

enum {
    BACKOFF_FIRST_MS = 1000,
    BACKOFF_MAX_MS = 60000,
    BACKOFF_FORGET_MS = 600000, /* ran so long: the next failure is a new story (kubelet) */
    DEFAULT_GRACE_MS = 30000,
    STOP_MARGIN_MS = 500,
    KILL_WAIT_MS = 6000, /* the monitor itself waits 5 s for the last process */
    REMOVE_RETRY_MS = 25,
    REMOVE_TRIES = 400,
    PROBE_KILL_CODE = 137,
};

static void step(struct loop_task *t, void *user);
static void time_up(struct loop_timer *t, void *user);

/* ---- states ---- */

static const char *state_name(enum instance_state s)
{
    static const char *const NAMES[] = {"queued", "starting", "running", "backoff",
                                        "ended",  "stopping", "killing", "removing"};

    return NAMES[s];
}

static bool may_move(enum instance_state from, enum instance_state to)
{
    static const unsigned MOVES[] = {
        [INSTANCE_QUEUED] = 1 << INSTANCE_STARTING | 1 << INSTANCE_BACKOFF | 1 << INSTANCE_ENDED |
                            1 << INSTANCE_REMOVING | 1 << INSTANCE_RUNNING | 1 << INSTANCE_QUEUED,
        [INSTANCE_STARTING] = 1 << INSTANCE_RUNNING | 1 << INSTANCE_BACKOFF | 1 << INSTANCE_ENDED |
                              1 << INSTANCE_KILLING | 1 << INSTANCE_REMOVING,
        [INSTANCE_RUNNING] = 1 << INSTANCE_BACKOFF | 1 << INSTANCE_ENDED | 1 << INSTANCE_STOPPING |
                             1 << INSTANCE_KILLING | 1 << INSTANCE_REMOVING,
        [INSTANCE_BACKOFF] = 1 << INSTANCE_QUEUED | 1 << INSTANCE_REMOVING,
        [INSTANCE_ENDED] = 1 << INSTANCE_REMOVING,
        [INSTANCE_STOPPING] = 1 << INSTANCE_KILLING | 1 << INSTANCE_REMOVING,
        [INSTANCE_KILLING] = 1 << INSTANCE_REMOVING,
        [INSTANCE_REMOVING] = 0,
    };

    return MOVES[from] >> to & 1;
}

static void enter(struct instance *i, enum instance_state to, uint64_t wait_ms)
{
    if (!may_move(i->state, to))
        abort();
    log_debug("instance", LOG_S("instance", i->id), LOG_S("from", state_name(i->state)),
              LOG_S("to", state_name(to)));
    if (i->holds_slot && to != INSTANCE_STARTING) {
        i->holds_slot = false;
        i->node->n_starting--;
        node_pump(i->node);
    }
    i->state = to;
    i->deadline_ms =
        wait_ms == CLOCK_NEVER ? CLOCK_NEVER : clock_add(loop_now_ms(i->node->loop), wait_ms);
    loop_timer_arm(i->timer, i->deadline_ms);
    loop_task_schedule(i->task);
    node_changed(i->node, i);
}

bool instance_is_started(const struct instance *i)
{
    return i->was_started;
}

/* ---- causes ---- */

static void set_cause(struct instance_cause *c, PB(CauseKind) kind, const char *reason,
                      const char *message)
{
    *c = (struct instance_cause){.kind = kind, .time_ns = clock_realtime_ns()};
    (void)snprintf(c->reason, sizeof(c->reason), "%s", reason);
    (void)snprintf(c->message, sizeof(c->message), "%s", message);
}

#define KIND(name) AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_##name

static void cause_from_exit(struct instance_cause *c, const struct record *r)
{
    char text[96];

    if (r->code > 128 && r->code < 128 + NSIG) {
        (void)snprintf(text, sizeof(text), "its command was ended by signal %d", r->code - 128);
        set_cause(c, KIND(SIGNALLED), "Error", text);
        c->signal = r->code - 128;
    } else {
        (void)snprintf(text, sizeof(text), "its command returned %d", r->code);
        set_cause(c, KIND(EXITED), r->code == 0 ? "Completed" : "Error", text);
    }
    c->exit_code = r->code;
}

static void cause_from_record(struct instance_cause *c, const struct record *r)
{
    char text[128];

    switch (r->kind) {
    case RECORD_EXITED:
        cause_from_exit(c, r);
        break;
    case RECORD_SIGNALLED:
        set_cause(c, KIND(SIGNALLED), "Error", r->message);
        break;
    case RECORD_OUT_OF_MEMORY:
        (void)snprintf(text, sizeof(text), "the memory limit of %" PRIu64 " bytes was reached",
                       r->limit_bytes);
        set_cause(c, KIND(OUT_OF_MEMORY), "OOMKilled", text);
        break;
    case RECORD_KILLED:
        set_cause(c, KIND(KILLED), "Killed", r->message);
        break;
    case RECORD_START_FAILED:
        set_cause(c, KIND(START_FAILED), "RuntimeFailed", r->message);
        break;
    case RECORD_LOST:
        set_cause(c, KIND(LOST), "SandboxLost", r->message);
        break;
    }
    if (r->kind != RECORD_EXITED)
        c->signal = r->signal;
    c->limit_bytes = r->limit_bytes;
    c->peak_bytes = r->peak_bytes;
    c->time_ns = r->time_ns;
}

/* The limit that is told is the pod's, without what we put on top for the runtime. */
static void tell_pods_limit(const struct instance *i, struct instance_cause *c)
{
    if (c->kind == KIND(OUT_OF_MEMORY) && i->request->container->memory_limit_bytes)
        c->limit_bytes = i->request->container->memory_limit_bytes;
}

/* ---- the monitor ---- */

static void forget_monitor(struct instance *i)
{
    loop_io_free(TAKE_PTR(i->monitor_io));
    loop_io_free(TAKE_PTR(i->report_io));
    if (i->monitor_pidfd >= 0)
        (void)close(TAKE_FD(i->monitor_pidfd));
    if (i->report_fd >= 0)
        (void)close(TAKE_FD(i->report_fd));
    i->monitor_pid = 0;
}

static void signal_monitor(struct instance *i, int signum)
{
    if (i->monitor_pidfd >= 0)
        (void)syscall(SYS_pidfd_send_signal, i->monitor_pidfd, signum, NULL, 0);
}

static void monitor_ready(struct loop_io *io, int events, void *user)
{
    struct instance *i = user;
    siginfo_t info;

    (void)io;
    (void)events;
    (void)waitid(P_PIDFD, (id_t)i->monitor_pidfd, &info,
                 WEXITED | WNOHANG); /* not our child after a restart */
    forget_monitor(i);
    i->monitor_ended = true;
    loop_task_schedule(i->task);
}

static void end_start_boost(struct instance *i)
{
    char cgroup[128];
    struct err err = {0};

    bundle_cgroup(i->node, i->id, cgroup);
    if (cgroup_weigh(&i->node->cgroups, cgroup, bundle_cpu_weight(i->request->container), &err) < 0)
        log_warn("CPU share of a sandbox not set, ignoring", LOG_S("instance", i->id),
                 LOG_ERR(&err));
}

static void now_running(struct instance *i)
{
    if (i->state != INSTANCE_STARTING)
        return;
    end_start_boost(i);
    i->was_started = true;
    i->start_ns = clock_realtime_ns();
    enter(i, INSTANCE_RUNNING, CLOCK_NEVER);
    instance_answer_creators(i);
}

static void monitor_reports(struct loop_io *io, int events, void *user)
{
    struct instance *i = user;
    char word[16];
    ssize_t n = read(i->report_fd, word, sizeof(word));

    (void)io;
    (void)events;
    if (n > 0)
        now_running(i);
    loop_io_free(TAKE_PTR(i->report_io));
    (void)close(TAKE_FD(i->report_fd));
}

static int watch_monitor(struct instance *i, struct err *err)
{
    return loop_io_new(&i->monitor_io, i->node->loop, i->monitor_pidfd, LOOP_READ, monitor_ready, i,
                       err);
}

static int spawn_monitor(struct instance *i, const struct bundle_command *cmd, struct err *err)
{
    _cleanup_(close_fdp) int report_w = -1;
    struct proc p;
    int pair[2];

    if (fd_pipe(pair, 0, err) < 0)
        return -1;
    i->report_fd = pair[0];
    report_w = pair[1];
    if (fd_set_nonblock(i->report_fd, err) < 0 ||
        loop_io_new(&i->report_io, i->node->loop, i->report_fd, LOOP_READ, monitor_reports, i,
                    err) < 0)
        return -1;

    const int fds[] = {-1, -1, -1, report_w, i->node->opts.lifeline_fd};
    bool lifeline = bundle_has_lifeline(i->node);

    if (proc_spawn(
            &(struct proc_spec){.argv = cmd->argv,
                                .cwd = "/",
                                .fds = fds,
                                .n_fds = lifeline ? BUNDLE_LIFELINE_FD + 1 : BUNDLE_REPORT_FD + 1,
                                .uid = (uid_t)-1,
                                .gid = (gid_t)-1,
                                .new_session = true},
            &p, err) < 0)
        return -1;
    i->monitor_pid = p.pid;
    i->monitor_pidfd = p.pidfd;
    i->monitor_ended = false;
    return watch_monitor(i, err);
}

static int read_start_time(pid_t pid, unsigned long long *ret)
{
    char path[64], text[1024], *after;
    _cleanup_(close_fdp) int fd = -1;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (n <= 0)
        return -1;
    text[n] = '\0';
    after = strrchr(text, ')');
    /* Field 22 of proc_pid_stat(5). */
    return after &&
                   sscanf(
                       after + 1,
                       " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                       ret) == 1
               ? 0
               : -1;
}

/* The monitor that a predecessor started: by its number, if that still is the same process. */
static bool find_monitor(struct instance *i)
{
    char state[256], run[256], path[PATH_MAX], text[64];
    unsigned long long want = 0, have = 0;
    _cleanup_(close_fdp) int fd = -1, pidfd = -1;
    ssize_t n;
    int pid = 0;

    if (bundle_paths(i->node, i->id, state, run, NULL) < 0 ||
        image_path(path, sizeof(path), NULL, "%s/monitor", state) < 0)
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (n <= 0)
        return false;
    text[n] = '\0';
    if (sscanf(text, "%d %llu", &pid, &want) != 2 || pid <= 1)
        return false;
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0 || read_start_time(pid, &have) < 0 || have != want)
        return false;
    i->monitor_pid = pid;
    i->monitor_pidfd = TAKE_FD(pidfd);
    return true;
}

/* ---- making one ---- */

static void agent_changed(void *user)
{
    struct instance *i = user;

    if (i->agent.connected)
        now_running(i);
    if (i->agent.ready && !i->ready_ns)
        i->ready_ns = clock_realtime_ns();
    node_changed(i->node, i);
}

static void agent_unhealthy(void *user, enum probe_kind kind, const char *message)
{
    struct instance *i = user;
    char text[RECORD_MESSAGE_MAX];

    if (i->state != INSTANCE_RUNNING || i->forced.kind)
        return;
    (void)snprintf(text, sizeof(text), "the %s probe failed: %s", agent_probe_name(kind), message);
    set_cause(&i->forced, KIND(PROBE_FAILED), "ProbeFailed", text);
    i->forced.exit_code = PROBE_KILL_CODE;
    log_info("probe failed, ending the container", LOG_S("instance", i->id),
             LOG_S("probe", agent_probe_name(kind)), LOG_S("answer", message));
    signal_monitor(i, SIGTERM);
}

static void agent_stopped(void *user)
{
    (void)user; /* its end shows in the monitor's */
}

static const struct agent_link_ops AGENT_OPS = {agent_changed, agent_unhealthy, agent_stopped};

static int open_sockets(struct instance *i, struct err *err)
{
    char state[256], run[256], path[PATH_MAX];

    if (bundle_paths(i->node, i->id, state, run, err) < 0 || fd_mkdir_p(run, 0700, err) < 0 ||
        image_path(path, sizeof(path), err, "%s/data.sock", run) < 0 ||
        door_entry_open(&i->door, &i->node->door, i->id, path, err) < 0 ||
        image_path(path, sizeof(path), err, "%s/control.sock", run) < 0)
        return -1;
    return agent_link_open(&i->agent, i->node->loop, path, i->request->container, &AGENT_OPS, i,
                           err);
}

static int alloc(struct node *n, PB(CreateSandboxRequest) *request, struct instance **ret,
                 struct err *err)
{
    struct instance *i = calloc(1, sizeof(*i));

    if (!i) {
        agentsandbox__v1__create_sandbox_request__free_unpacked(request, NULL);
        return err_oom(err);
    }
    i->node = n;
    i->request = request;
    i->monitor_pidfd = i->report_fd = -1;
    i->deadline_ms = CLOCK_NEVER;
    list_init(&i->link);
    list_init(&i->creators);
    list_init(&i->deleters);
    (void)snprintf(i->id, sizeof(i->id), "%s", request->instance_id);
    if (loop_timer_new(&i->timer, n->loop, time_up, i, err) < 0 ||
        loop_task_new(&i->task, n->loop, step, i, err) < 0) {
        instance_free(i);
        return -1;
    }
    *ret = i;
    return 0;
}

static uint64_t grace_of(const PB(CreateSandboxRequest) *r)
{
    const Google__Protobuf__Duration *g = r->termination_grace;

    if (!g || g->seconds < 0)
        return DEFAULT_GRACE_MS;
    return (uint64_t)MIN(g->seconds, (int64_t)86400) * 1000 +
           (uint64_t)(g->nanos > 0 ? g->nanos / 1000000 : 0);
}

static int check_all(struct instance *i, struct err *err)
{
    const PB(Container) *c = i->request->container;
    struct oci_identity identity;
    struct image image = {0};
    const char **argv = NULL;
    int r;

    if (classes_find(&i->node->classes, i->request->runtime_class, &i->class, err) < 0 ||
        image_find(i->node->images, c->image, &image, err) < 0)
        return -1;
    (void)snprintf(i->image_digest, sizeof(i->image_digest), "%s", image.digest);
    r = oci_identity(c, &image, &identity, err) < 0 || oci_argv(c, &image, &argv, err) < 0 ? -1 : 0;
    free(argv);
    image_done(&image);
    return r;
}

int instance_new(struct node *n, PB(CreateSandboxRequest) *request, struct instance **ret,
                 struct err *err)
{
    struct instance *i = NULL;

    if (alloc(n, request, &i, err) < 0)
        return -1;
    if (check_all(i, err) < 0 || bundle_create(n, i->request, err) < 0 ||
        open_sockets(i, err) < 0 || map_set(&n->instances, i->id, i, NULL, err) < 0) {
        instance_free(i);
        return -1;
    }
    list_push_back(&n->queue, &i->link);
    node_pump(n);
    node_changed(n, i);
    *ret = i;
    return 0;
}

void instance_free(struct instance *i)
{
    if (!i)
        return;
    list_remove(&i->link);
    agent_link_close(&i->agent);
    door_entry_close(&i->door);
    forget_monitor(i);
    loop_timer_free(TAKE_PTR(i->timer));
    loop_task_free(TAKE_PTR(i->task));
    agentsandbox__v1__create_sandbox_request__free_unpacked(i->request, NULL);
    free(i);
}

/* ---- starting ---- */

static int try_start(struct instance *i, struct err *err)
{
    struct bundle_command cmd;
    struct image image = {0};
    int r;

    if (image_find(i->node->images, i->request->container->image, &image, err) < 0)
        return -1;
    r = bundle_prepare(i->node, i->request, i->class, &image, err);
    if (r == 0)
        r = bundle_monitor_command(i->node, i->request, i->class, &image, &cmd, err);
    if (r == 0)
        r = spawn_monitor(i, &cmd, err);
    image_done(&image);
    return r;
}

void instance_start(struct instance *i)
{
    struct err err = {0};

    list_remove(&i->link);
    i->holds_slot = true;
    i->node->n_starting++;
    i->started_ms = loop_now_ms(i->node->loop);
    i->ready_ns = 0;
    i->forced.kind = KIND(UNSPECIFIED);
    agent_link_reset(&i->agent);
    enter(i, INSTANCE_STARTING, CLOCK_NEVER); /* the monitor bounds it */
    if (try_start(i, &err) == 0)
        return;
    signal_monitor(i, SIGKILL);
    forget_monitor(i);
    i->failure = err;
    set_cause(&i->forced, KIND(START_FAILED), err.reason, err.msg);
    i->monitor_ended = true;
    loop_task_schedule(i->task);
}

/* ---- ending ---- */

static bool wants_restart(const struct instance *i)
{
    switch (i->request->restart_policy) {
    case AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_NEVER:
        return false;
    case AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_ON_FAILURE:
        return !(i->cause.kind == KIND(EXITED) && i->cause.exit_code == 0);
    case AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_ALWAYS:
    case AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_UNSPECIFIED:
        return true;
    case _AGENTSANDBOX__V1__RESTART_POLICY_IS_INT_SIZE:
        break;
    }
    return false;
}

static int read_record(struct instance *i, struct record *ret)
{
    char state[256], run[256], path[PATH_MAX];

    if (bundle_paths(i->node, i->id, state, run, NULL) < 0 ||
        image_path(path, sizeof(path), NULL, "%s/end", state) < 0)
        return -1;
    return record_read(AT_FDCWD, path, ret, NULL);
}

/* Returns whether its monitor left a record: without one nobody knows what became of it, and it is
 * not started again. */
static bool take_cause(struct instance *i)
{
    struct record r;
    bool recorded = read_record(i, &r) == 0;

    if (i->forced.kind)
        i->cause = i->forced;
    else if (recorded)
        cause_from_record(&i->cause, &r);
    else
        set_cause(&i->cause, KIND(LOST), "SandboxLost",
                  "its monitor ended without a record: what ran in it is lost");
    tell_pods_limit(i, &i->cause);
    return recorded || i->forced.kind;
}

static void kill_rest(struct instance *i)
{
    char cgroup[128];

    bundle_cgroup(i->node, i->id, cgroup);
    (void)cgroup_kill(&i->node->cgroups, cgroup,
                      NULL); /* what does not end now is met again when it is removed */
}

static void begin_removal(struct instance *i)
{
    i->n_tries = 0;
    enter(i, INSTANCE_REMOVING, 0);
}

static void back_off(struct instance *i)
{
    uint64_t ran_ms = loop_now_ms(i->node->loop) - i->started_ms;

    if (ran_ms > BACKOFF_FORGET_MS || i->backoff_ms == 0)
        i->backoff_ms = BACKOFF_FIRST_MS;
    else
        i->backoff_ms = MIN(i->backoff_ms * 2, (uint32_t)BACKOFF_MAX_MS);
    enter(i, INSTANCE_BACKOFF, i->backoff_ms);
}

/* The first start failed: that is the answer to CreateSandbox, and nothing of it stays. */
static void creation_failed(struct instance *i)
{
    if (!i->failure.code)
        err_set(&i->failure, RPC_INTERNAL,
                i->cause.kind == KIND(START_FAILED) ? "RuntimeFailed" : i->cause.reason,
                "the OCI runtime could not start the sandbox: %s", i->cause.message);
    log_warn("sandbox could not be started", LOG_S("instance", i->id), LOG_ERR(&i->failure));
    instance_answer_creators(i);
    begin_removal(i);
}

static void container_ended(struct instance *i)
{
    bool recorded;

    i->monitor_ended = false;
    kill_rest(i);
    agent_link_reset(&i->agent);
    recorded = take_cause(i);
    log_info("container ended", LOG_S("instance", i->id), LOG_S("pod", i->request->pod_name),
             LOG_S("reason", i->cause.reason), LOG_S("cause", i->cause.message),
             LOG_I("code", i->cause.exit_code), LOG_I("signal", i->cause.signal));
    if (i->delete_wanted || i->state == INSTANCE_STOPPING || i->state == INSTANCE_KILLING) {
        begin_removal(i);
        return;
    }
    if (!i->was_started && i->cause.kind == KIND(START_FAILED)) {
        creation_failed(i);
        return;
    }
    i->was_started = true; /* it ended before anybody saw it run */
    if (recorded && wants_restart(i))
        back_off(i);
    else
        enter(i, INSTANCE_ENDED, CLOCK_NEVER);
    instance_answer_creators(i);
}

/* ---- removing ---- */

static int try_remove(struct instance *i, struct err *err)
{
    char state[256], run[256], cgroup[128];

    bundle_cgroup(i->node, i->id, cgroup);
    if (cgroup_kill(&i->node->cgroups, cgroup, err) < 0 ||
        cgroup_remove(&i->node->cgroups, cgroup, err) < 0 ||
        bundle_paths(i->node, i->id, state, run, err) < 0 || fd_rm_tree(AT_FDCWD, run, err) < 0)
        return -1;
    node_trash(i->node, state, i->id);
    return 0;
}

static void remove_now(struct instance *i)
{
    struct err err = {0};

    agent_link_close(&i->agent);
    door_entry_close(&i->door);
    if (try_remove(i, &err) < 0 && ++i->n_tries < REMOVE_TRIES) {
        loop_timer_arm(i->timer, clock_add(loop_now_ms(i->node->loop), REMOVE_RETRY_MS));
        return;
    }
    if (i->n_tries >= REMOVE_TRIES)
        log_error("sandbox cannot be removed whole, leaving it to the sweep",
                  LOG_S("instance", i->id), LOG_ERR(&err));
    instance_answer_deleters(i);
    node_instance_gone(i->node, i); /* Careful: i is gone here. */
}

static void begin_kill(struct instance *i)
{
    signal_monitor(i, SIGTERM);
    enter(i, INSTANCE_KILLING, KILL_WAIT_MS);
}

static void begin_delete(struct instance *i)
{
    struct err err = {0};

    switch (i->state) {
    case INSTANCE_QUEUED:
    case INSTANCE_BACKOFF:
    case INSTANCE_ENDED:
        list_remove(&i->link);
        err_set(&i->failure, RPC_ABORTED, "SandboxGone", "it was deleted before it was started");
        instance_answer_creators(i);
        begin_removal(i);
        return;
    case INSTANCE_STARTING:
        err_set(&i->failure, RPC_ABORTED, "SandboxGone", "it was deleted while it was started");
        instance_answer_creators(i);
        begin_kill(i);
        return;
    case INSTANCE_RUNNING:
        set_cause(&i->forced, KIND(KILLED), "Killed", "deleted on request");
        door_entry_close(
            &i->door); /* a data connection that no router took would hold the agent's end up */
        if (i->grace_ms > 0 && agent_link_stop(&i->agent, i->grace_ms, &err) == 0)
            enter(i, INSTANCE_STOPPING, i->grace_ms + STOP_MARGIN_MS);
        else
            begin_kill(i);
        return;
    case INSTANCE_STOPPING: /* again, with less patience */
        enter(i, INSTANCE_KILLING, KILL_WAIT_MS);
        signal_monitor(i, SIGTERM);
        return;
    case INSTANCE_KILLING:
    case INSTANCE_REMOVING:
        return;
    }
    abort();
}

void instance_delete(struct instance *i, uint64_t grace_ms)
{
    uint64_t grace = grace_ms == UINT64_MAX ? grace_of(i->request) : grace_ms;
    bool sooner = grace < i->grace_ms;

    if (i->delete_wanted && !(sooner && i->state == INSTANCE_STOPPING))
        return;
    i->grace_ms = grace;
    if (i->delete_wanted && grace > 0) {
        i->deadline_ms = clock_add(loop_now_ms(i->node->loop), grace);
        loop_timer_arm(i->timer, i->deadline_ms);
        return;
    }
    i->delete_wanted = true;
    begin_delete(i);
}

/* ---- the round ---- */

static void time_up(struct loop_timer *t, void *user)
{
    struct instance *i = user;

    (void)t;
    loop_task_schedule(i->task);
}

static void on_deadline(struct instance *i)
{
    switch (i->state) {
    case INSTANCE_BACKOFF:
        i->n_restarts++;
        enter(i, INSTANCE_QUEUED, CLOCK_NEVER);
        list_push_back(&i->node->queue, &i->link);
        node_pump(i->node);
        return;
    case INSTANCE_STOPPING:
        begin_kill(i);
        return;
    case INSTANCE_KILLING: /* the monitor does not end: without it */
        signal_monitor(i, SIGKILL);
        i->deadline_ms = CLOCK_NEVER;
        return;
    case INSTANCE_REMOVING:
    case INSTANCE_QUEUED:
    case INSTANCE_STARTING:
    case INSTANCE_RUNNING:
    case INSTANCE_ENDED:
        return;
    }
    abort();
}

static void step(struct loop_task *t, void *user)
{
    struct instance *i = user;

    (void)t;
    if (i->monitor_ended && i->state != INSTANCE_REMOVING)
        container_ended(i);
    if (i->state == INSTANCE_REMOVING)
        remove_now(i); /* Careful: i may be gone here. */
    else if (loop_now_ms(i->node->loop) >= i->deadline_ms)
        on_deadline(i);
}

/* ---- after a restart of the node ---- */

static uint64_t from_timestamp(const Google__Protobuf__Timestamp *t)
{
    return t ? (uint64_t)t->seconds * 1000000000u + (uint64_t)t->nanos : 0;
}

static void take_cause_back(struct instance *i, const PB(Cause) *c)
{
    set_cause(&i->cause, c->kind, c->reason, c->message);
    i->cause.exit_code = c->exit_code;
    i->cause.signal = c->signal;
    i->cause.limit_bytes = c->limit_bytes;
    i->cause.peak_bytes = c->peak_bytes;
    i->cause.time_ns = from_timestamp(c->time);
}

/* What instance.pb says of it; returns the state it had. */
static PB(InstanceState) take_memory_back(struct instance *i)
{
    char state[256], run[256], path[PATH_MAX];
    _cleanup_(buf_done) struct buf data;
    PB(InstanceState) was = AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_UNSPECIFIED;
    PB(Instance) *m;

    buf_init(&data, 65536);
    if (bundle_paths(i->node, i->id, state, run, NULL) < 0 ||
        image_path(path, sizeof(path), NULL, "%s/instance.pb", state) < 0 ||
        fd_read_file(AT_FDCWD, path, &data, NULL) < 0 ||
        !(m = agentsandbox__v1__instance__unpack(NULL, buf_len(&data), buf_data(&data))))
        return was;
    was = m->state;
    i->n_restarts = m->restart_count;
    i->start_ns = from_timestamp(m->start_time);
    i->ready_ns = from_timestamp(m->ready_time);
    (void)snprintf(i->image_digest, sizeof(i->image_digest), "%s", m->image_id);
    if (m->cause)
        take_cause_back(i, m->cause);
    agentsandbox__v1__instance__free_unpacked(m, NULL);
    return was;
}

/* By name, also when the host cannot do it any more: what runs goes on, only a restart would fail.
 */
static void find_class(struct instance *i)
{
    const char *name = *i->request->runtime_class ? i->request->runtime_class : "gvisor";

    for (int c = 0; c < N_RUNTIMES; c++)
        if (strcmp(i->node->classes.c[c].name, name) == 0)
            i->class = &i->node->classes.c[c];
}

int instance_adopt(struct node *n, const char *id, struct instance **ret, struct err *err)
{
    PB(CreateSandboxRequest) *request = NULL;
    struct instance *i = NULL;
    PB(InstanceState) was;

    if (bundle_load_request(n, id, &request, err) < 0)
        return -1;
    if (oci_check(request, err) < 0 || strcmp(request->instance_id, id) != 0) {
        agentsandbox__v1__create_sandbox_request__free_unpacked(request, NULL);
        return err_set(err, RPC_DATA_LOSS, "BadRecord",
                       "the folder of instance %s holds something else", id);
    }
    if (alloc(n, request, &i, err) < 0)
        return -1;
    find_class(i);
    was = take_memory_back(i);
    i->was_started = true;
    if (!i->class || open_sockets(i, err) < 0 || map_set(&n->instances, i->id, i, NULL, err) < 0) {
        instance_free(i);
        return i->class ? -1
                        : err_set(err, RPC_DATA_LOSS, "BadRecord",
                                  "instance %s: unknown runtime class", id);
    }
    i->state = INSTANCE_RUNNING;
    i->started_ms = loop_now_ms(n->loop);
    *ret = i;
    if (was == AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_ENDED) {
        i->state = INSTANCE_ENDED;
        kill_rest(i);
    } else if (find_monitor(i) && watch_monitor(i, err) == 0) {
        if (was == AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_DELETING)
            instance_delete(i, 0);
    } else {
        i->monitor_ended = true;
        i->delete_wanted = was == AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_DELETING;
    }
    loop_task_schedule(i->task);
    node_changed(n, i);
    return 0;
}

/* ---- describing ---- */

static void to_timestamp(uint64_t ns, Google__Protobuf__Timestamp *t,
                         Google__Protobuf__Timestamp **ret)
{
    google__protobuf__timestamp__init(t);
    t->seconds = (int64_t)(ns / 1000000000u);
    t->nanos = (int32_t)(ns % 1000000000u);
    *ret = ns ? t : NULL;
}

static PB(InstanceState) outer_state(const struct instance *i)
{
    switch (i->state) {
    case INSTANCE_QUEUED:
    case INSTANCE_STARTING:
        return i->was_started ? AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_RUNNING
                              : AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_CREATING;
    case INSTANCE_RUNNING:
    case INSTANCE_BACKOFF:
        return AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_RUNNING;
    case INSTANCE_ENDED:
        return AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_ENDED;
    case INSTANCE_STOPPING:
    case INSTANCE_KILLING:
    case INSTANCE_REMOVING:
        return AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_DELETING;
    }
    abort();
}

static void describe_cause(const struct instance_cause *c, struct instance_message *ret)
{
    agentsandbox__v1__cause__init(&ret->cause);
    ret->cause.kind = c->kind;
    ret->cause.exit_code = c->exit_code;
    ret->cause.signal = c->signal;
    ret->cause.limit_bytes = c->limit_bytes;
    ret->cause.peak_bytes = c->peak_bytes;
    ret->cause.reason = (char *)c->reason;
    ret->cause.message = (char *)c->message;
    to_timestamp(c->time_ns, &ret->cause_time, &ret->cause.time);
    ret->msg.cause = &ret->cause;
}

static void describe_probe(const struct agent_link *a, struct instance_message *ret)
{
    agentsandbox__v1__probe_result__init(&ret->probe);
    ret->probe.probe = (char *)agent_probe_name(a->last_kind);
    ret->probe.success = a->last_success;
    ret->probe.message = (char *)a->last_message;
    to_timestamp(a->last_ns, &ret->probe_time, &ret->probe.time);
    ret->msg.last_probe = &ret->probe;
}

void instance_describe(const struct instance *i, struct instance_message *ret)
{
    bool runs = i->state == INSTANCE_RUNNING;

    agentsandbox__v1__instance__init(&ret->msg);
    ret->msg.instance_id = (char *)i->id;
    ret->msg.sandbox = i->request->sandbox;
    ret->msg.state = outer_state(i);
    ret->msg.ready = runs && i->agent.ready;
    ret->msg.agent_connected = runs && i->agent.connected;
    ret->msg.restart_count = i->n_restarts;
    ret->msg.runtime_class = (char *)i->class->name;
    ret->msg.image_id = (char *)i->image_digest;
    if (i->cause.kind)
        describe_cause(&i->cause, ret);
    if (i->agent.has_last)
        describe_probe(&i->agent, ret);
    to_timestamp(i->start_ns, &ret->start, &ret->msg.start_time);
    to_timestamp(i->ready_ns, &ret->ready, &ret->msg.ready_time);
}
