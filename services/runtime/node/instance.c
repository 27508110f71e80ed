#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "services/runtime/node/instance_parts.h"

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

/* ---- running ---- */

static void end_start_boost(struct instance *i)
{
    char cgroup[128];
    struct err err = {0};

    bundle_cgroup(i->node, i->id, cgroup);
    if (cgroup_weigh(&i->node->cgroups, cgroup, bundle_cpu_weight(i->request->container), &err) < 0)
        log_warn("CPU share of a sandbox not set, ignoring", LOG_S("instance", i->id),
                 LOG_ERR(&err));
}

void instance_now_running(struct instance *i)
{
    if (i->state != INSTANCE_STARTING)
        return;
    end_start_boost(i);
    i->was_started = true;
    i->start_ns = clock_realtime_ns();
    enter(i, INSTANCE_RUNNING, CLOCK_NEVER);
    instance_answer_creators(i);
}

/* ---- making one ---- */

static void agent_changed(void *user)
{
    struct instance *i = user;

    if (i->agent.connected)
        instance_now_running(i);
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
    instance_cause_set(&i->forced, KIND(PROBE_FAILED), "ProbeFailed", text);
    i->forced.exit_code = PROBE_KILL_CODE;
    log_info("probe failed, ending the container", LOG_S("instance", i->id),
             LOG_S("probe", agent_probe_name(kind)), LOG_S("answer", message));
    instance_monitor_signal(i, SIGTERM);
}

static void agent_stopped(void *user)
{
    (void)user; /* its end shows in the monitor's */
}

static const struct agent_link_ops AGENT_OPS = {agent_changed, agent_unhealthy, agent_stopped};

int instance_open_sockets(struct instance *i, struct err *err)
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

int instance_alloc(struct node *n, PB(CreateSandboxRequest) *request, struct instance **ret,
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

    if (instance_alloc(n, request, &i, err) < 0)
        return -1;
    if (check_all(i, err) < 0 || bundle_create(n, i->request, err) < 0 ||
        instance_open_sockets(i, err) < 0 || map_set(&n->instances, i->id, i, NULL, err) < 0) {
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
    instance_monitor_forget(i);
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
        r = instance_monitor_spawn(i, &cmd, err);
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
    instance_monitor_signal(i, SIGKILL);
    instance_monitor_forget(i);
    i->failure = err;
    instance_cause_set(&i->forced, KIND(START_FAILED), err.reason, err.msg);
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

/* Returns whether its monitor left a record: without one nobody knows what became of it, and it is
 * not started again. */
static bool take_cause(struct instance *i)
{
    struct record r;
    bool recorded = instance_read_record(i, &r) == 0;

    if (i->forced.kind)
        i->cause = i->forced;
    else if (recorded)
        instance_cause_from_record(&i->cause, &r);
    else
        instance_cause_set(&i->cause, KIND(LOST), "SandboxLost",
                           "its monitor ended without a record: what ran in it is lost");
    instance_cause_tell_limit(i, &i->cause);
    return recorded || i->forced.kind;
}

void instance_kill_rest(struct instance *i)
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
    instance_kill_rest(i);
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
    instance_monitor_signal(i, SIGTERM);
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
        instance_cause_set(&i->forced, KIND(KILLED), "Killed", "deleted on request");
        door_entry_close(
            &i->door); /* a data connection that no router took would hold the agent's end up */
        if (i->grace_ms > 0 && agent_link_stop(&i->agent, i->grace_ms, &err) == 0)
            enter(i, INSTANCE_STOPPING, i->grace_ms + STOP_MARGIN_MS);
        else
            begin_kill(i);
        return;
    case INSTANCE_STOPPING: /* again, with less patience */
        enter(i, INSTANCE_KILLING, KILL_WAIT_MS);
        instance_monitor_signal(i, SIGTERM);
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
        instance_monitor_signal(i, SIGKILL);
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
