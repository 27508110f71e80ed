#include "services/controller/pod_status.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "services/controller/cause.h"
#include "services/controller/names.h"

typedef Agentsandbox__V1__Instance Instance;

#define STATE(s) AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_##s
#define CAUSE(k) AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_##k

struct build {
    const struct store_object *pod;
    const struct bind *b;
    const Instance *inst; /* NULL: none yet */
    json_t *status;
    int64_t now_s;
    int r;
};

static bool is_running(const struct build *s)
{
    return s->inst && s->inst->state == STATE(RUNNING);
}

static bool is_ended(const struct build *s)
{
    return s->b->state == BIND_LOST || (s->inst && s->inst->state == STATE(ENDED));
}

static bool is_success(const struct build *s)
{
    const Agentsandbox__V1__Cause *c = s->inst ? s->inst->cause : NULL;

    return s->b->state != BIND_LOST && c && c->kind == CAUSE(EXITED) && c->exit_code == 0;
}

static const char *container_name(const struct build *s)
{
    const json_t *first = json_array_get(obj_get(s->pod->json, "spec.containers"), 0);

    return obj_str_or(first, "name", "");
}

static void cond(struct build *s, const char *type, bool is_true, const char *reason,
                 const char *message)
{
    s->r |= cond_set(s->status, type, is_true ? "True" : "False", reason, message,
                     s->pod->generation, s->now_s);
}

/* What keeps it from being ready, for people: the probe and its last answer where there is one. */
static void describe_unready(const struct build *s, char *buf, size_t n)
{
    const Agentsandbox__V1__ProbeResult *p = s->inst ? s->inst->last_probe : NULL;
    int at = snprintf(buf, n, "containers with unready status: [%s]", container_name(s));

    if (p && !p->success && at > 0 && (size_t)at < n)
        (void)snprintf(buf + at, n - (size_t)at, "; %s probe: %s", p->probe, p->message);
}

static void put_conditions(struct build *s)
{
    bool is_ready = is_running(s) && s->inst->ready;
    const char *reason = NULL;
    char why[512] = "";

    if (!is_ready) {
        reason =
            is_ended(s) ? (is_success(s) ? "PodCompleted" : "PodFailed") : "ContainersNotReady";
        describe_unready(s, why, sizeof(why));
    }
    cond(s, "PodScheduled", true, "", "");
    cond(s, "Initialized", true, "", "");
    cond(s, "ContainersReady", is_ready, reason ?: "", why);
    cond(s, C_READY, is_ready, reason ?: "", why);
}

static int put_time(json_t *o, const char *path, const Google__Protobuf__Timestamp *t)
{
    char when[32];

    if (!t)
        return 0;
    clock_format_rfc3339(t->seconds, when, sizeof(when));
    return obj_put_str(o, path, when);
}

/* {exitCode, signal, reason, message, finishedAt} */
static json_t *terminated(const Agentsandbox__V1__Cause *c)
{
    json_t *t = json_object();
    char why[512];
    int r = 0;
    const char *reason = c->reason && *c->reason                         ? c->reason
                         : c->kind == CAUSE(OUT_OF_MEMORY)               ? "OOMKilled"
                         : c->kind == CAUSE(EXITED) && c->exit_code == 0 ? "Completed"
                                                                         : "Error";

    r |= obj_put_int(t, "exitCode", c->signal ? 128 + c->signal : c->exit_code);
    if (c->signal)
        r |= obj_put_int(t, "signal", c->signal);
    r |= obj_put_str(t, "reason", reason);
    r |= obj_put_str(t, "message", cause_describe(c, why, sizeof(why)));
    r |= put_time(t, "finishedAt", c->time);
    if (r) {
        json_decref(t);
        return NULL;
    }
    return t;
}

static json_t *waiting(const struct build *s)
{
    if (s->b->err)
        return json_pack("{s:s, s:s}", "reason", s->b->err->reason, "message", s->b->err->msg);
    return json_pack("{s:s}", "reason", "ContainerCreating");
}

static void put_container(struct build *s)
{
    const json_t *first = json_array_get(obj_get(s->pod->json, "spec.containers"), 0);
    const Agentsandbox__V1__Cause *cause = s->inst ? s->inst->cause : NULL;
    json_t *c = json_object();
    bool ended = is_ended(s);

    s->r |= obj_put_str(c, "name", container_name(s));
    s->r |= obj_put_str(c, "image", obj_str_or(first, "image", ""));
    s->r |= obj_put_str(c, "imageID", s->inst ? s->inst->image_id : "");
    s->r |= obj_put_bool(c, "ready", is_running(s) && s->inst->ready);
    s->r |= obj_put_bool(c, "started", is_running(s));
    s->r |= obj_put_int(c, "restartCount", s->inst ? (int64_t)s->inst->restart_count : 0);
    if (is_running(s)) {
        s->r |= obj_make(c, "state.running") ? 0 : -1;
        s->r |= put_time(c, "state.running.startedAt", s->inst->start_time);
    } else if (ended && cause) {
        s->r |= obj_put(c, "state.terminated", terminated(cause));
    } else if (ended) {
        s->r |= obj_put(c, "state.terminated",
                        json_pack("{s:i, s:s, s:s}", "exitCode", 137, "reason", POD_REASON_LOST,
                                  "message", "the node has no record of how it ended"));
    } else {
        s->r |= obj_put(c, "state.waiting", waiting(s));
    }
    if (!ended && cause && cause->kind != CAUSE(UNSPECIFIED))
        s->r |= obj_put(c, "lastState.terminated", terminated(cause));
    s->r |= obj_put(s->status, "containerStatuses", json_pack("[o]", c));
}

/* Why the Pod as a whole ended. */
static void put_end(struct build *s)
{
    Agentsandbox__V1__Cause lost = AGENTSANDBOX__V1__CAUSE__INIT;
    Google__Protobuf__Timestamp now = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    const Agentsandbox__V1__Cause *cause = s->inst ? s->inst->cause : NULL;
    char why[512];

    obj_drop(s->status, "reason");
    obj_drop(s->status, "message");
    if (!is_ended(s)) {
        obj_drop(s->status, "cause");
        return;
    }
    if (s->b->state == BIND_LOST || !cause) {
        now.seconds = s->now_s;
        lost.kind = CAUSE(LOST);
        lost.reason = (char *)POD_REASON_LOST;
        lost.message =
            (char *)"its instance is not on the node any more: the machine restarted, or "
                    "the node's state was removed";
        lost.time = &now;
        cause = &lost;
    }
    if (obj_get(s->status, "cause") && cause == &lost)
        return; /* said once, with its time */
    s->r |= obj_put(s->status, "cause", cause_to_json(cause));
    if (is_success(s))
        return;
    s->r |= obj_put_str(s->status, "reason",
                        cause == &lost                    ? POD_REASON_LOST
                        : cause->reason && *cause->reason ? cause->reason
                                                          : "Error");
    s->r |= obj_put_str(s->status, "message", cause_describe(cause, why, sizeof(why)));
}

static void put_phase(struct build *s)
{
    const char *phase = "Pending";

    if (is_ended(s))
        phase = is_success(s) ? "Succeeded" : "Failed";
    else if (is_running(s))
        phase = "Running";
    s->r |= obj_put_str(s->status, "phase", phase);
}

static json_t *old_status(const struct store_object *pod)
{
    const json_t *old = json_object_get(pod->json, "status");

    return old ? meta_deep_copy(old) : json_object();
}

json_t *pod_status_build(const struct store_object *pod, const struct bind *b, int64_t now_s)
{
    struct build s = {.pod = pod, .b = b, .inst = b->inst, .now_s = now_s};

    s.status = old_status(pod);
    if (!s.status)
        return NULL;
    put_phase(&s);
    put_conditions(&s);
    put_container(&s);
    put_end(&s);
    if (b->pod_ip[0]) {
        s.r |= obj_put_str(s.status, "podIP", b->pod_ip);
        s.r |= obj_put(s.status, "podIPs", json_pack("[{s:s}]", "ip", b->pod_ip));
    }
    if (s.inst) {
        s.r |= put_time(s.status, "startTime", s.inst->start_time);
        s.r |= put_time(s.status, "readyTime", s.inst->ready_time); /* ours: its first */
    }
    if (s.r) {
        json_decref(s.status);
        return NULL;
    }
    return s.status;
}

json_t *pod_status_unschedulable(const struct store_object *pod, const char *why, int64_t now_s)
{
    json_t *status = old_status(pod);

    if (!status)
        return NULL;
    if (obj_put_str(status, "phase", "Pending") < 0 ||
        cond_set(status, C_POD_SCHEDULED, "False", "Unschedulable", why, pod->generation, now_s) <
            0) {
        json_decref(status);
        return NULL;
    }
    return status;
}
