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
#include "services/controller/sandbox_service.h"
#include "services/controller/sandbox_volumes.h"
#include "services/controller/spans.h"

#define TRUE_  "True"
#define FALSE_ "False"

/* How often a child that stands in our way is looked at, beside its events. */
enum { RECHECK_MS = 5000 };
/* A paced pool's member is told of after so many paces at the latest: 3 s. */
enum { PACES_OF_NEWBORN = 150 };

struct view {
    struct ctl *c;
    struct ctl_item *it;
    const struct store_object *sb;
    struct sandbox_volumes volumes;
    struct sandbox_pod pod;
    struct sandbox_service service;
    char problems[2048]; /* of the children and of the API, a line each */
    json_t *status;      /* being built */
    int64_t now_s;
    bool is_invalid; /* the problems are all of a child that the API server will never take */
    int r;           /* < 0 once something could not be allocated */
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
    char text[sizeof(v->problems) + 32];
    char pod[96];
    const char *message;
    bool ready;

    if (v->pod.is_multiple) {
        put(v, C_READY, FALSE_, "MultiplePods", v->pod.problem);
        return;
    }
    if (v->problems[0]) {
        (void)snprintf(text, sizeof(text), "Error seen: %s", v->problems);
        put(v, C_READY, FALSE_, v->is_invalid ? R_INVALID_CONFIGURATION : R_RECONCILER_ERROR, text);
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
    message = describe(v, &ready, pod, sizeof(pod));
    if (v->service.is_required) {
        ready = ready && v->service.service;
        (void)snprintf(text, sizeof(text), "%s; Service %s", message,
                       v->service.service ? "Exists" : "does not exist");
        message = text;
    }
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

static void put_service_facts(struct view *v)
{
    char fqdn[700];

    if (v->pod.is_multiple || v->service.problem[0])
        return; /* not looked at: as it was */
    obj_drop(v->status, "service");
    obj_drop(v->status, "serviceFQDN");
    if (!v->service.service)
        return;
    (void)snprintf(fqdn, sizeof(fqdn), "%s.%s.svc.%s", v->sb->name, v->sb->ns,
                   v->c->opts.cluster_domain);
    v->r |= obj_put_str(v->status, "service", v->sb->name);
    v->r |= obj_put_str(v->status, "serviceFQDN", fqdn);
}

static json_t *status_copy(const struct store_object *sb)
{
    const json_t *old = json_object_get(sb->json, "status");

    return old ? meta_deep_copy(old) : json_object();
}

static int put_node_name(json_t *status, json_t *name)
{
    if (name)
        return json_object_set(status, "nodeName", name);
    obj_drop(status, "nodeName");
    return 0;
}

/* Where a Pod runs that is not ready is no news by itself: it rides along with the next write. */
static bool is_only_node_name(struct view *v)
{
    const json_t *old = json_object_get(v->sb->json, "status");
    json_t *was = json_object_get(old, "nodeName");
    _cleanup_(json_decrefp) json_t *is = json_incref(json_object_get(v->status, "nodeName"));
    bool is_same;

    if (cond_is_true(v->status, C_READY) || obj_equal(is, was))
        return false;
    v->r |= put_node_name(v->status, was);
    is_same = obj_equal(v->status, old);
    v->r |= put_node_name(v->status, is);
    return is_same;
}

/*
 * A pool member that has just been made is nobody's yet: what becomes of it in its first seconds is
 * told once, when it has an address or is ready or the time is over. That is two writes less.
 */
static bool is_newborn(struct view *v, struct step *st)
{
    uint64_t hold_ms = (uint64_t)v->c->opts.pool_pace_ms * PACES_OF_NEWBORN;
    int64_t created, age_ms;

    if (hold_ms == 0 || v->problems[0] || cond_is_true(v->status, C_READY) ||
        json_object_get(v->status, "podIPs") || cond_get(v->status, C_FINISHED) ||
        json_object_get(v->sb->json, "status") ||
        !obj_controlled_by_kind(v->sb->json, GROUP_EXT, KIND_POOL, NULL) ||
        !obj_time(v->sb->json, "metadata.creationTimestamp", &created))
        return false;
    age_ms = (v->now_s - created) * 1000;
    if (age_ms < 0 || (uint64_t)age_ms >= hold_ms)
        return false;
    step_again(st, hold_ms - (uint64_t)age_ms);
    return true;
}

static bool is_same_condition(const json_t *is, const json_t *was)
{
    static const char *const told[] = {"type", "status", "reason", "message"};

    for (size_t i = 0; i < ARRAY_SIZE(told); i++)
        if (strcmp(obj_str_or(is, told[i], ""), obj_str_or(was, told[i], "")) != 0)
            return false;
    return true;
}

/* It says what it said, of a newer generation: that is what an owner's change leaves to write. */
static bool is_only_generation(const struct view *v)
{
    const json_t *old = json_object_get(v->sb->json, "status");
    const json_t *is = json_object_get(v->status, "conditions");
    const json_t *was = json_object_get(old, "conditions");
    size_t n = json_array_size(is);
    const char *key;
    json_t *value;

    if (n == 0 || n != json_array_size(was) || json_object_size(v->status) != json_object_size(old))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_same_condition(json_array_get(is, i), json_array_get(was, i)))
            return false;
    json_object_foreach(v->status, key, value)
    {
        if (value != is && !obj_equal(value, json_object_get(old, key)))
            return false;
    }
    return true;
}

static int write_status(struct view *v, struct step *st, struct err *err)
{
    bool is_news;

    v->status = status_copy(v->sb);
    if (!v->status)
        return err_oom(err);
    put_pod_facts(v);
    put_service_facts(v);
    put_suspended(v);
    put_finished(v);
    put_scheduled(v);
    put_ready(v);
    is_news = !v->c->opts.is_cluster || !(is_only_node_name(v) || is_newborn(v, st));
    if (is_news && is_only_generation(v) && ctl_gives_way(v->it, st))
        is_news = false;
    if (v->r || !is_news) {
        json_decref(v->status);
        return v->r ? err_oom(err) : 0;
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

/* The status of what has expired: its conditions alone. */
static int clear_status(struct view *v, struct step *st, struct err *err)
{
    const json_t *conditions = obj_get(v->sb->json, "status.conditions");

    v->status = json_object();
    v->r |= obj_put(v->status, "conditions", meta_deep_copy(conditions));
    if (v->r == 0)
        put(v, C_READY, FALSE_, R_SANDBOX_EXPIRED, "Sandbox has expired");
    if (v->r) {
        json_decref(v->status);
        return err_oom(err);
    }
    batch_status(&st->batch, v->sb, v->status);
    return 0;
}

static void delete_ours(struct view *v, const struct store_object *child, struct step *st)
{
    if (child && !child->is_deleting && obj_controlled_by_uid(child->json, v->sb->uid))
        batch_delete(&st->batch, child, false);
}

/* Volume claims stay; they go with the Sandbox. */
static int finish_expired(struct view *v, struct step *st, struct err *err)
{
    const struct store_object *sb = v->sb;

    if (v->it->problem && ctl_now_ms(v->c) < v->it->retry_ms) {
        step_again(st, v->it->retry_ms - ctl_now_ms(v->c));
        st->is_telling = true;
        return 0;
    }
    delete_ours(v, sandbox_pod_named(v->c, sb), st);
    if (v->c->opts.is_cluster)
        delete_ours(v, store_get(v->c->store, KIND_SERVICE, sb->ns, sb->name), st);
    if (strcmp(obj_str_or(sb->json, "spec.shutdownPolicy", "Retain"), "Delete") == 0) {
        batch_delete(&st->batch, sb, false);
        return 0;
    }
    return st->batch.n > 0 ? 0 : clear_status(v, st, err);
}

/* ---- the step ---- */

static void join(char *to, size_t n, const char *problem)
{
    size_t at = strlen(to);

    if (problem && *problem)
        (void)snprintf(to + at, n - at, "%s%s", at ? "\n" : "", problem);
}

static void join_problems(struct view *v)
{
    join(v->problems, sizeof(v->problems), v->volumes.problem);
    join(v->problems, sizeof(v->problems), v->pod.problem);
    join(v->problems, sizeof(v->problems), v->service.problem);
}

static int step_volumes(struct view *v, struct step *st, struct err *err)
{
    struct span span;
    int r;

    span_begin(&span, v->c->spans, "reconcilePVCs", NULL);
    r = sandbox_volumes_step(v->c, v->sb, st, &v->volumes, err);
    span_end(&span, r < 0 ? err : NULL);
    return r;
}

static int step_pod(struct view *v, struct step *st, struct err *err)
{
    struct span_event *event;
    struct span span;
    int r;

    span_begin(&span, v->c->spans, "reconcilePod", NULL);
    r = sandbox_pod_step(v->it, v->sb, st, &v->pod, err);
    event = span.spans && v->pod.pod ? span_event(v->c->spans, "ExistingPodStatusObserved") : NULL;
    if (event) {
        span_event_attr(event, "pod.Name", v->pod.pod->name);
        span_event_attr(event, "pod.Phase", pod_phase(v));
    }
    span_end(&span, r < 0 ? err : NULL);
    return r;
}

/* Volumes, Pod, Service, in this order; each goes on when the one before failed. */
static int step_children(struct view *v, struct step *st, struct err *err)
{
    if (v->c->opts.is_cluster && step_volumes(v, st, err) < 0)
        return -1;
    if (step_pod(v, st, err) < 0)
        return -1;
    if (!v->c->opts.is_cluster || v->pod.is_multiple)
        return 0;
    return sandbox_service_step(v->c, v->sb, st, &v->service, err);
}

/* Something was refused a moment ago: the status says so, and it is tried again later. */
static bool is_backing_off(struct view *v, struct step *st)
{
    uint64_t now = ctl_now_ms(v->c);

    if (v->it->tried_generation != (uint32_t)v->sb->generation) {
        v->it->tried_generation = (uint32_t)v->sb->generation;
        v->it->must_tell = false;
        v->it->told[0] = '\0'; /* of another spec: this one is tried at once, and told of */
        return false;
    }
    if (!v->it->problem || (now >= v->it->retry_ms && !v->it->must_tell))
        return false;
    v->it->must_tell = false;
    v->is_invalid = v->it->is_invalid && !v->problems[0];
    batch_done(&st->batch);
    join(v->problems, sizeof(v->problems), v->it->problem);
    step_again(st, v->it->retry_ms > now ? v->it->retry_ms - now : 0);
    st->is_telling = true;
    return true;
}

static void tell_multiple(struct view *v)
{
    const json_t *ready = cond_get(obj_get(v->sb->json, "status"), C_READY);

    if (v->pod.is_multiple && strcmp(obj_str_or(ready, "reason", ""), "MultiplePods") != 0)
        ctl_record(v->c, v->sb, true, "MultiplePods", "Reconciling", "%s", v->pod.problem);
}

static int step_running(struct view *v, struct step *st, struct err *err)
{
    bool has_written;

    if (step_children(v, st, err) < 0)
        return -1;
    join_problems(v);
    tell_multiple(v);
    if (v->volumes.problem[0] || v->service.problem[0] ||
        (v->pod.problem[0] && !v->pod.is_multiple))
        step_again(st, RECHECK_MS);
    has_written = v->volumes.has_written || v->pod.has_written || v->service.has_written;
    if (!is_backing_off(v, st) && has_written)
        return 0;
    return write_status(v, st, err);
}

/* A trace begins here when the object carries none. */
static void put_trace(const struct ctl *c, const struct store_object *sb, struct step *st)
{
    char text[SPAN_CONTEXT_CHARS];

    if (!c->spans || obj_annotation(sb->json, A_TRACE))
        return;
    span_context(c->spans, text);
    batch_patch(&st->batch, sb,
                json_pack("{s:{s:{s:s}}}", "metadata", "annotations", A_TRACE, text));
}

/* A claim waits for the readiness of its Sandbox. */
static enum store_hurry hurry_of(const struct store_object *sb)
{
    bool is_awaited = obj_controlled_by_kind(sb->json, GROUP_EXT, KIND_CLAIM, NULL) &&
                      !cond_is_true(obj_get(sb->json, "status"), C_READY);

    return is_awaited ? STORE_HURRY_FIRST : STORE_HURRY_BY_KIND;
}

int sandbox_step(struct ctl *c, const struct store_object *o, struct ctl_item *it, struct step *st,
                 struct err *err)
{
    struct view v = {.c = c, .it = it, .sb = o, .now_s = ctl_now_s(c)};
    int64_t shutdown;

    if (!o || o->is_deleting)
        return 0;
    st->batch.separate = c->opts.is_cluster;
    st->hurry = hurry_of(o);
    put_trace(c, o, st);
    if (!obj_time(o->json, "spec.shutdownTime", &shutdown))
        return step_running(&v, st, err);
    if (v.now_s >= shutdown)
        return is_marked_expired(o) ? finish_expired(&v, st, err) : mark_expired(&v, st, err);
    step_again(st, (uint64_t)MAX(shutdown - v.now_s, (int64_t)2) * 1000);
    return step_running(&v, st, err);
}
