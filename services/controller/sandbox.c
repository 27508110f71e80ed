/*
 * Sandbox: has one Pod while it runs, none while it is suspended or expired, and says in its
 * conditions how that Pod is (reference, "Sandbox controller"). A step first moves the Pod; the
 * status is written by a step that had nothing to move, so it always tells what is.
 */
#include <stdio.h>
#include <string.h>

#include "services/controller/ctl.h"
#include "services/controller/names.h"
#include "services/controller/sandbox_pod.h"

#define TRUE_  "True"
#define FALSE_ "False"

struct view {
    struct ctl *c;
    const struct store_object *sb;
    struct sandbox_pod pod;
    json_t *status; /* being built */
    int64_t now_s;
    int r; /* < 0 once something could not be allocated */
};

static void put(struct view *v, const char *type, const char *status, const char *reason,
                const char *message)
{
    v->r |= cond_set(v->status, type, status, reason, message, v->sb->generation, v->now_s);
}

static const char *pod_phase(const struct view *v)
{
    return v->pod.pod ? obj_str_or(v->pod.pod->json, "status.phase", "Pending") : "";
}

static bool pod_is(const struct view *v, const char *phase)
{
    return v->pod.pod && v->pod.is_ours && strcmp(pod_phase(v), phase) == 0;
}

/* ---- conditions ---- */

static void put_suspended(struct view *v)
{
    if (!sandbox_is_suspended(v->sb->json))
        put(v, C_SUSPENDED, FALSE_, "NotSuspended", "Sandbox is not suspended");
    else if (!v->pod.pod && v->pod.problem[0])
        put(v, C_SUSPENDED, "Unknown", "PodStateUnknown",
            "Pod state is unknown. Sandbox suspension cannot be confirmed");
    else if (!v->pod.pod)
        put(v, C_SUSPENDED, TRUE_, "PodTerminated",
            "Pod has been terminated. Sandbox is suspended");
    else if (!v->pod.is_ours)
        put(v, C_SUSPENDED, FALSE_, "PodNotOwned",
            "Refused to delete pod because it is not owned by this sandbox");
    else
        put(v, C_SUSPENDED, FALSE_, "PodTerminating", "Pod is terminating. Sandbox is suspending");
}

static void put_finished(struct view *v)
{
    if (pod_is(v, "Succeeded"))
        put(v, C_FINISHED, TRUE_, "PodSucceeded", "Pod completed successfully");
    else if (pod_is(v, "Failed"))
        put(v, C_FINISHED, TRUE_, "PodFailed", "Pod failed");
    else
        cond_drop(v->status, C_FINISHED);
}

static void put_scheduled(struct view *v)
{
    const json_t *cond;
    const char *status, *reason;

    if (!v->pod.pod && v->pod.problem[0]) {
        put(v, C_POD_SCHEDULED, "Unknown", "PodSchedulingUnknown",
            "Pod state is unknown. Pod scheduling cannot be determined");
        return;
    }
    if (!v->pod.pod || !v->pod.is_ours) {
        cond_drop(v->status, C_POD_SCHEDULED);
        return;
    }
    cond = cond_get(obj_get(v->pod.pod->json, "status"), C_POD_SCHEDULED);
    if (!cond) {
        put(v, C_POD_SCHEDULED, "Unknown", "PodSchedulingUnknown",
            "Pod has not reported a PodScheduled condition yet");
        return;
    }
    status = obj_str_or(cond, "status", "Unknown");
    reason = obj_str_or(cond, "reason", "");
    if (!*reason)
        reason = strcmp(status, TRUE_) == 0 ? "PodScheduled" : "PodSchedulingUnknown";
    put(v, C_POD_SCHEDULED, status, reason, obj_str_or(cond, "message", ""));
}

/* The composed message of the table in 2.1.3; *ready says whether it means ready. */
static const char *describe(const struct view *v, bool *ready, char *buf, size_t n)
{
    const json_t *status = v->pod.pod ? obj_get(v->pod.pod->json, "status") : NULL;

    *ready = false;
    if (!v->pod.pod)
        return "Pod does not exist";
    if (strcmp(pod_phase(v), "Running") != 0) {
        (void)snprintf(buf, n, "Pod exists with phase: %s", pod_phase(v));
        return buf;
    }
    if (!cond_is_true(status, C_READY))
        return "Pod is Running but not Ready";
    if (json_array_size(obj_get(status, "podIPs")) == 0)
        return "Pod is Ready but has no podIPs yet";
    *ready = true;
    return "Pod is Ready";
}

static void put_ready(struct view *v)
{
    char text[440];
    const char *message;
    bool ready;

    if (v->pod.is_multiple) {
        put(v, C_READY, FALSE_, "MultiplePods", v->pod.problem);
        return;
    }
    if (v->pod.problem[0]) {
        (void)snprintf(text, sizeof(text), "Error seen: %s", v->pod.problem);
        put(v, C_READY, FALSE_, R_RECONCILER_ERROR, text);
        return;
    }
    if (sandbox_is_suspended(v->sb->json)) {
        put(v, C_READY, FALSE_, "SandboxSuspended",
            v->pod.pod ? "Sandbox is suspending" : "Sandbox is suspended");
        return;
    }
    if (pod_is(v, "Succeeded")) {
        put(v, C_READY, FALSE_, "PodSucceeded", "Pod completed successfully");
        return;
    }
    if (pod_is(v, "Failed")) {
        put(v, C_READY, FALSE_, "PodFailed", "Pod failed");
        return;
    }
    message = describe(v, &ready, text, sizeof(text));
    put(v, C_READY, ready ? TRUE_ : FALSE_, ready ? "DependenciesReady" : "DependenciesNotReady",
        message);
}

/* ---- the rest of the status ---- */

static void put_pod_facts(struct view *v)
{
    char selector[80], hash[9];
    json_t *ips;
    const json_t *pod_ips;

    obj_drop(v->status, "podIPs");
    obj_drop(v->status, "nodeName");
    if (!v->pod.pod)
        return;
    (void)snprintf(selector, sizeof(selector), "%s=%s", L_NAME_HASH, obj_hash(v->sb->name, hash));
    v->r |= obj_put_str(v->status, "selector", selector);
    if (!v->pod.is_ours)
        return;

    pod_ips = obj_get(v->pod.pod->json, "status.podIPs");
    if (json_array_size(pod_ips) > 0) {
        ips = json_array();
        for (size_t i = 0; i < json_array_size(pod_ips); i++)
            v->r |= json_array_append_new(
                ips, json_string(obj_str_or(json_array_get(pod_ips, i), "ip", "")));
        v->r |= obj_put(v->status, "podIPs", ips);
    }
    v->r |= obj_put_str(v->status, "nodeName", obj_str(v->pod.pod->json, "spec.nodeName"));
}

static json_t *status_copy(const struct store_object *sb)
{
    const json_t *old = json_object_get(sb->json, "status");

    return old ? meta_deep_copy(old) : json_object();
}

static int write_status(struct view *v, struct step *st, struct err *err)
{
    v->status = status_copy(v->sb);
    if (!v->status)
        return err_oom(err);
    put_pod_facts(v);
    put_suspended(v);
    put_finished(v);
    put_scheduled(v);
    put_ready(v);
    if (v->r) {
        json_decref(v->status);
        return err_oom(err);
    }
    batch_status(&st->batch, v->sb, v->status);
    return 0;
}

/* ---- expiry ---- */

static bool is_marked_expired(const struct store_object *sb)
{
    const json_t *ready = cond_get(obj_get(sb->json, "status"), C_READY);

    return strcmp(obj_str_or(ready, "reason", ""), R_SANDBOX_EXPIRED) == 0;
}

/* Seen before it is done: the first pass only says so. */
static int mark_expired(struct view *v, struct step *st, struct err *err)
{
    v->status = status_copy(v->sb);
    if (!v->status)
        return err_oom(err);
    cond_drop(v->status, C_POD_SCHEDULED);
    put(v, C_READY, FALSE_, R_SANDBOX_EXPIRED, "Sandbox has expired");
    if (v->r) {
        json_decref(v->status);
        return err_oom(err);
    }
    batch_status(&st->batch, v->sb, v->status);
    step_again(st, 1);
    return 0;
}

static int finish_expired(struct view *v, struct step *st, struct err *err)
{
    const struct store_object *pod = sandbox_pod_named(v->c, v->sb);
    json_t *conditions;

    if (pod && !pod->is_deleting && obj_controlled_by_uid(pod->json, v->sb->uid))
        batch_delete(&st->batch, pod, false);
    if (strcmp(obj_str_or(v->sb->json, "spec.shutdownPolicy", "Retain"), "Delete") == 0) {
        batch_delete(&st->batch, v->sb, false);
        return 0;
    }
    conditions = obj_get(v->sb->json, "status.conditions");
    v->status = json_pack("{s:O}", "conditions", conditions);
    if (v->status) {
        json_t *own = meta_deep_copy(v->status); /* conditions are shared with the snapshot */

        json_decref(v->status);
        v->status = own;
    }
    if (!v->status)
        return err_oom(err);
    put(v, C_READY, FALSE_, R_SANDBOX_EXPIRED, "Sandbox has expired");
    if (v->r) {
        json_decref(v->status);
        return err_oom(err);
    }
    batch_status(&st->batch, v->sb, v->status);
    return 0;
}

/* ---- the step ---- */

static int step_running(struct view *v, struct step *st, struct err *err)
{
    if (sandbox_pod_step(v->c, v->sb, st, &v->pod, err) < 0)
        return -1;
    if (v->pod.is_multiple)
        (void)events_add(&v->c->events, KIND_SANDBOX, v->sb->ns, v->sb->name, true, "MultiplePods",
                         v->now_s, "%s", v->pod.problem);
    return v->pod.has_written ? 0 : write_status(v, st, err);
}

int sandbox_step(struct ctl *c, const struct store_object *o, struct ctl_item *it _unused_,
                 struct step *st, struct err *err)
{
    struct view v = {.c = c, .sb = o, .now_s = ctl_now_s(c)};
    int64_t shutdown;

    if (!o || o->is_deleting)
        return 0;
    if (!obj_time(o->json, "spec.shutdownTime", &shutdown))
        return step_running(&v, st, err);
    if (v.now_s >= shutdown)
        return is_marked_expired(o) ? finish_expired(&v, st, err) : mark_expired(&v, st, err);
    step_again(st, (uint64_t)MAX(shutdown - v.now_s, (int64_t)2) * 1000);
    return step_running(&v, st, err);
}
