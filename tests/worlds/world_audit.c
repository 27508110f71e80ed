/*
 * What must be so at every moment of every story on a cluster, whatever the story is about: it is
 * looked at with each change of the store, so a state that passes at once is seen too. And what
 * clients watched meanwhile: the reasons that a claim's Ready had, one after another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "services/controller/names.h"
#include "tests/worlds/world.h"

/* SDKs take name, addresses and Ready from one update. */
static void audit_claim(struct world *w, const struct store_object *o)
{
    const json_t *status = obj_get(o->json, "status");

    if (!cond_is_true(status, C_READY))
        return;
    if (!obj_str(status, "sandbox.name") || json_array_size(obj_get(status, "sandbox.podIPs")) == 0)
        world_fail(w, "claim \"%s\" is Ready without its sandbox's name and addresses", o->name);
}

/* Clients and routers find the pod of a claim's sandbox by the annotation. */
static void audit_sandbox(struct world *w, const struct store_object *o)
{
    if (obj_controlled_by_kind(o->json, GROUP_EXT, KIND_CLAIM, NULL) &&
        cond_is_true(obj_get(o->json, "status"), C_READY) && !obj_annotation(o->json, A_POD_NAME))
        world_fail(w, "sandbox \"%s\" is a claim's and Ready, and does not name its pod", o->name);
}

/* Reserved words stay off pods, but for those that the controller itself puts there. */
static void audit_pod(struct world *w, const struct store_object *o)
{
    if (obj_label(o->json, L_CLAIM_UID) || obj_annotation(o->json, A_TRACE))
        world_fail(w, "pod \"%s\" bears what is reserved for sandboxes", o->name);
}

static void remember(struct world *w, const struct store_object *claim)
{
    const char *reason = obj_str(cond_get(obj_get(claim->json, "status"), C_READY), "reason");
    char *old = map_get(&w->history, claim->name), *text;
    const char *last = old ? strrchr(old, ',') : NULL;

    last = last ? last + 1 : old;
    if (!reason || (last && strcmp(last, reason) == 0))
        return;
    if (asprintf(&text, "%s%s%s", old ? old : "", old ? "," : "", reason) < 0)
        abort();
    if (map_set(&w->history, claim->name, text, NULL, NULL) < 0)
        abort();
    free(old);
}

static void on_event(const struct store_event *ev, void *user)
{
    const struct store_object *o = ev->object;
    struct world *w = user;

    if (ev->type == STORE_DELETED)
        return;
    if (strcmp(o->kind, KIND_CLAIM) == 0)
        remember(w, o);
    if (!w->opts.is_cluster)
        return;
    if (strcmp(o->kind, KIND_CLAIM) == 0)
        audit_claim(w, o);
    else if (strcmp(o->kind, KIND_SANDBOX) == 0)
        audit_sandbox(w, o);
    else if (strcmp(o->kind, KIND_POD) == 0)
        audit_pod(w, o);
}

void world_audit_start(struct world *w)
{
    struct err err;

    map_init(&w->history);
    if (store_watch_new(&w->audit, w->store, NULL, on_event, w, &err) < 0)
        world_fail(w, "no watch: %s", err.msg);
}

void world_audit_done(struct world *w)
{
    store_watch_free(w->audit);
    MAP_FOREACH(it, &w->history)
    free(map_entry_value(it));
    map_done(&w->history);
}

/* expect history CLAIM Reason,Reason */
void world_expect_history(struct world *w, const char *claim)
{
    const char *have = map_get(&w->history, claim);
    const char *want = world_need(w, 3);

    if (strcmp(have ? have : "-", want) != 0)
        world_fail(w, "its Ready had the reasons %s", have ? have : "-");
}

/* expect metric "name{label='x'}" VALUE; '-': there is no such series */
void world_expect_metric(struct world *w, const char *series)
{
    const char *want = world_need(w, 3), *have = NULL;
    struct err err;
    struct buf text;
    char line[600], value[64] = "-";

    (void)snprintf(line, sizeof(line), "\n%s ", series);
    for (char *p = line; *p; p++)
        if (*p == '\'')
            *p = '"';
    buf_init(&text, 1 << 22);
    if (metrics_write(w->metrics, &text, &err) < 0)
        world_fail(w, "no metrics: %s", err.msg);
    have = strstr(buf_cstr(&text, NULL), line);
    if (have)
        (void)sscanf(have + strlen(line), "%63s", value); /* else it stays "-" */
    if (strcmp(value, want) != 0)
        world_fail(w, "it is %s", value);
    buf_done(&text);
}
