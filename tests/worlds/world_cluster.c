/* The cluster of a story: a scheduler and a kubelet that move each Pod one state at a time, and the
 * store's side door, which counts writes and lets them fail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "services/controller/names.h"
#include "tests/worlds/world.h"

/* ---- writes ---- */

static const char *const verbs[] = {
    [STORE_CREATE] = "create",        [STORE_UPDATE] = "update", [STORE_PATCH] = "update",
    [STORE_UPDATE_STATUS] = "status", [STORE_DELETE] = "delete", [STORE_PATCH_STATUS] = "status",
};

static void count(struct fake_cluster *k, const char *key)
{
    for (size_t i = 0; i < k->n_counts; i++)
        if (strcmp(k->counts[i].key, key) == 0) {
            k->counts[i].n++;
            return;
        }
    if (k->n_counts == FAKE_MAX_COUNTS)
        return;
    (void)snprintf(k->counts[k->n_counts].key, sizeof(k->counts[0].key), "%s", key);
    k->counts[k->n_counts++].n = 1;
}

int fake_cluster_on_op(const struct store_op *op, void *user, struct err *err)
{
    struct world *w = user;
    struct fake_cluster *k = &w->cluster;
    char key[64];
    int r;

    if (w->is_outside)
        return 0;
    r = world_sweep_op(w, op, err);
    if (r != 0)
        return r;
    (void)snprintf(key, sizeof(key), "%s.%s", verbs[op->type], op->kind);
    count(k, key);
    if (strcmp(k->fault_key, key) != 0 || k->fault_n == 0)
        return 0;
    if (k->fault_n > 0)
        k->fault_n--;
    return err_set(err, k->fault_code, k->fault_reason, "%s", k->fault_message);
}

void fake_cluster_fault(struct world *w)
{
    static const struct {
        const char *word;
        int code;
    } codes[] = {{"PERMISSION_DENIED", RPC_PERMISSION_DENIED},
                 {"UNAVAILABLE", RPC_UNAVAILABLE},
                 {"ABORTED", RPC_ABORTED},
                 {"INVALID_ARGUMENT", RPC_INVALID_ARGUMENT},
                 {"ALREADY_EXISTS", RPC_ALREADY_EXISTS}};
    struct fake_cluster *k = &w->cluster;
    const char *key = world_need(w, 1), *code, *n = world_arg(w, "n");

    if (strcmp(key, "none") == 0) {
        k->fault_key[0] = '\0';
        return;
    }
    code = world_need(w, 2);
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (strcmp(codes[i].word, code) != 0)
            continue;
        k->fault_code = codes[i].code;
        (void)snprintf(k->fault_key, sizeof(k->fault_key), "%s", key);
        (void)snprintf(k->fault_reason, sizeof(k->fault_reason), "Refused");
        (void)snprintf(k->fault_message, sizeof(k->fault_message), "%s", world_need(w, 3));
        k->fault_n = n ? atoi(n) : -1;
        return;
    }
    world_fail(w, "\"%s\" is no code", code);
}

void fake_cluster_expect_writes(struct world *w)
{
    for (size_t i = 2; i < w->n_words; i++) {
        const char *eq = strchr(w->words[i], '=');
        unsigned have = 0;

        if (!eq)
            world_fail(w, "\"%s\" is no verb.Kind=N", w->words[i]);
        for (size_t j = 0; j < w->cluster.n_counts; j++) {
            const struct fake_count *c = &w->cluster.counts[j];

            if (strlen(c->key) == (size_t)(eq - w->words[i]) &&
                strncmp(c->key, w->words[i], strlen(c->key)) == 0)
                have = c->n;
        }
        if (have != (unsigned)atoi(eq + 1))
            world_fail(w, "%.*s was done %u times", (int)(eq - w->words[i]), w->words[i], have);
    }
}

/* ---- pods ---- */

static void put_cond(struct world *w, json_t *status, const char *type, bool is, const char *reason,
                     const char *message)
{
    json_t *conditions = obj_get(status, "conditions"), *c;
    char when[32];

    if (!conditions) {
        conditions = json_array();
        (void)json_object_set_new(status, "conditions", conditions);
    }
    c = cond_get(status, type);
    if (!c) {
        c = json_pack("{s:s}", "type", type);
        (void)json_array_append_new(conditions, c);
    }
    clock_format_rfc3339(world_now_s(w), when, sizeof(when));
    (void)obj_put_str(c, "status", is ? "True" : "False");
    (void)obj_put_str(c, "lastTransitionTime", when);
    (void)obj_put_str(c, "reason", reason);
    (void)obj_put_str(c, "message", message);
}

static json_t *status_of(const struct store_object *pod)
{
    const json_t *old = json_object_get(pod->json, "status");

    return old ? json_deep_copy(old) : json_object();
}

static void write_status(struct world *w, const struct store_object *pod, json_t *status)
{
    world_store(w, STORE_UPDATE_STATUS, KIND_POD, pod->name, json_pack("{s:o}", "status", status));
}

static bool is_stuck(const struct fake_cluster *k, const char *pod)
{
    for (size_t i = 0; i < k->n_stuck; i++)
        if (strcmp(k->stuck[i], pod) == 0)
            return true;
    return false;
}

static bool finish_deletion(struct world *w, const struct store_object *pod)
{
    const struct store_op op = {
        .type = STORE_DELETE, .kind = KIND_POD, .ns = pod->ns, .name = pod->name, .now = true};

    if (is_stuck(&w->cluster, pod->name))
        return false;
    store_flush(w->store);
    w->is_outside = true;
    (void)store_write(w->store, &op, 1, NULL, NULL, NULL);
    store_flush(w->store);
    w->is_outside = false;
    return true;
}

/* A node for it, or the reason why there is none. */
static bool schedule(struct world *w, const struct store_object *pod)
{
    const json_t *cond = cond_get(obj_get(pod->json, "status"), C_POD_SCHEDULED);
    json_t *edit, *status;

    if (w->cluster.is_unschedulable) {
        if (cond)
            return false;
        status = status_of(pod);
        (void)obj_put_str(status, "phase", "Pending");
        put_cond(w, status, C_POD_SCHEDULED, false, "Unschedulable", "0/1 nodes are available");
        write_status(w, pod, status);
        return true;
    }
    edit = store_object_edit(pod, NULL);
    (void)obj_put_str(edit, "spec.nodeName", "node-1");
    status = status_of(pod);
    (void)obj_put_str(status, "phase", "Pending");
    put_cond(w, status, C_POD_SCHEDULED, true, NULL, NULL);
    world_store(w, STORE_UPDATE, KIND_POD, pod->name, edit);
    write_status(w, pod, status);
    return true;
}

static bool run(struct world *w, const struct store_object *pod)
{
    json_t *status = status_of(pod);
    char ip[32];

    (void)snprintf(ip, sizeof(ip), "10.0.0.%u", ++w->cluster.n_ips);
    (void)obj_put_str(status, "phase", "Running");
    (void)obj_put_str(status, "podIP", ip);
    (void)obj_put(status, "podIPs", json_pack("[{s:s}]", "ip", ip));
    put_cond(w, status, C_READY, !w->cluster.is_manual, NULL, NULL);
    write_status(w, pod, status);
    return true;
}

static bool move(struct world *w, const struct store_object *pod)
{
    const char *phase = obj_str_or(pod->json, "status.phase", "Pending");

    if (pod->is_deleting)
        return finish_deletion(w, pod);
    if (!obj_str(pod->json, "spec.nodeName"))
        return schedule(w, pod);
    return strcmp(phase, "Pending") == 0 && run(w, pod);
}

bool fake_cluster_turn(struct world *w)
{
    struct store_query q = {.kind = KIND_POD};

    if (!w->opts.is_cluster || w->cluster.is_holding)
        return false;
    STORE_FOREACH(o, w->store, &q)
    {
        _cleanup_(store_object_unrefp) struct store_object *pod = store_object_ref(o);

        if (move(w, pod))
            return true; /* memory moved: the next turn looks anew */
    }
    return false;
}

/* ---- commands ---- */

static const struct store_object *need_pod(struct world *w, const char *word)
{
    const char *name = world_sandbox(w, word);
    const struct store_object *o = store_get(w->store, KIND_POD, "default", name);

    if (!o)
        world_fail(w, "no pod \"%s\"", name);
    return o;
}

static void end_pod(struct world *w, const struct store_object *o)
{
    _cleanup_(store_object_unrefp) struct store_object *pod = store_object_ref(o);
    const char *code = world_arg(w, "exit");
    json_t *status = status_of(pod);

    (void)obj_put_str(status, "phase", code && atoi(code) ? "Failed" : "Succeeded");
    put_cond(w, status, C_READY, false, "PodCompleted", NULL);
    write_status(w, pod, status);
}

static void set_ready(struct world *w, const struct store_object *o, bool is)
{
    _cleanup_(store_object_unrefp) struct store_object *pod = store_object_ref(o);
    json_t *status = status_of(pod);

    put_cond(w, status, C_READY, is, is ? NULL : "ContainersNotReady", NULL);
    write_status(w, pod, status);
}

static void all_ready(struct world *w)
{
    struct store_query q = {.kind = KIND_POD};

    for (size_t i = 0; i < store_count(w->store, KIND_POD); i++) {
        const struct store_object *pod = store_next(w->store, &q, NULL);

        for (size_t k = 0; pod && k < i; k++)
            pod = store_next(w->store, &q, pod);
        if (pod && strcmp(obj_str_or(pod->json, "status.phase", ""), "Running") == 0)
            set_ready(w, pod, true);
    }
}

void fake_cluster_do(struct world *w)
{
    struct fake_cluster *k = &w->cluster;
    const char *what = world_need(w, 1);

    if (strcmp(what, "hold") == 0 || strcmp(what, "release") == 0) {
        k->is_holding = *what == 'h';
    } else if (strcmp(what, "manual") == 0) {
        k->is_manual = true;
    } else if (strcmp(what, "auto") == 0) {
        k->is_manual = false;
        all_ready(w);
    } else if (strcmp(what, "full") == 0 || strcmp(what, "room") == 0) {
        k->is_unschedulable = *what == 'f';
    } else if (strcmp(what, "stuck") == 0 && k->n_stuck < FAKE_MAX_STUCK) {
        (void)snprintf(k->stuck[k->n_stuck++], sizeof(k->stuck[0]), "%s",
                       world_sandbox(w, world_need(w, 2)));
    } else if (strcmp(what, "unstuck") == 0) {
        k->n_stuck = 0;
    } else if (strcmp(what, "ready") == 0 || strcmp(what, "unready") == 0) {
        set_ready(w, need_pod(w, world_need(w, 2)), *what == 'r');
    } else if (strcmp(what, "end") == 0) {
        end_pod(w, need_pod(w, world_need(w, 2)));
    } else {
        world_fail(w, "kubelet: \"%s\" is no word", what);
    }
}
