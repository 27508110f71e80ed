#include "services/controller/ctl_wake.h"

#include <string.h>

#include "services/controller/names.h"

/* Pools that use a template. */
static void wake_pools_of(struct ctl *c, const char *ns, const char *template)
{
    struct store_query q = {.kind = KIND_POOL, .ns = ns};

    STORE_FOREACH(o, c->store, &q)
    {
        if (strcmp(obj_str_or(o->json, "spec.sandboxTemplateRef.name", ""), template) == 0)
            ctl_wake(c, Q_POOL, o->ns, o->name);
    }
}

/* Claims that have no sandbox yet; pool NULL: of any pool. A claim by template may be served by
 * any. */
static void wake_unbound_claims(struct ctl *c, const char *ns, const char *pool)
{
    struct store_query q = {.kind = KIND_CLAIM, .ns = ns};

    STORE_FOREACH(o, c->store, &q)
    {
        const char *ref = obj_str_or(o->json, "spec.warmPoolRef.name", "");

        if (o->is_deleting || obj_str(o->json, "status.sandbox.name"))
            continue;
        if (!pool || strcmp(ref, pool) == 0 ||
            strncmp(ref, SHADOW_POOL_PREFIX, strlen(SHADOW_POOL_PREFIX)) == 0)
            ctl_wake(c, Q_CLAIM, o->ns, o->name);
    }
}

static void on_template(struct ctl *c, const struct store_event *ev)
{
    const struct store_object *o = ev->object;

    ctl_wake(c, Q_TEMPLATE, o->ns, o->name);
    wake_pools_of(c, o->ns, o->name);
    if (ev->type == STORE_ADDED)
        wake_unbound_claims(c, o->ns, NULL);
}

static void on_pool(struct ctl *c, const struct store_event *ev)
{
    const struct store_object *o = ev->object;

    ctl_wake(c, Q_POOL, o->ns, o->name);
    if (ev->type == STORE_DELETED)
        members_remove_pool(&c->members, o->ns, o->name);
    if (ev->type != STORE_MODIFIED || !ev->old_object ||
        ev->old_object->generation != o->generation)
        wake_unbound_claims(c, o->ns, o->name);
}

static void wake_owner(struct ctl *c, const struct store_object *o)
{
    struct obj_owner owner;

    if (!o)
        return;
    if (obj_controlled_by_kind(o->json, GROUP_EXT, KIND_POOL, &owner))
        ctl_wake(c, Q_POOL, o->ns, owner.name);
    else if (obj_controlled_by_kind(o->json, GROUP_EXT, KIND_CLAIM, &owner)) {
        ctl_wake(c, Q_CLAIM, o->ns, owner.name);
        ctl_tell_claim(c, o->ns, owner.name);
    }
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ?: "", b ?: "") == 0;
}

/* Whether a pool would count this member otherwise than before. */
static bool is_news_for_pool(const struct store_object *old, const struct store_object *o)
{
    static const char *const labels[] = {L_WARM_POOL, L_TEMPLATE_REF_HASH, L_TEMPLATE_HASH,
                                         L_LAUNCH_TYPE};
    struct obj_owner a = {0}, b = {0};

    for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
        if (!same_text(obj_label(old->json, labels[i]), obj_label(o->json, labels[i])))
            return true;
    (void)obj_controller(old->json, &a); /* none is none */
    (void)obj_controller(o->json, &b);
    return old->is_deleting != o->is_deleting || old->generation != o->generation ||
           !same_text(a.uid, b.uid) ||
           cond_is_true(obj_get(old->json, "status"), C_READY) !=
               cond_is_true(obj_get(o->json, "status"), C_READY) ||
           cond_is_true(obj_get(old->json, "status"), C_FINISHED) !=
               cond_is_true(obj_get(o->json, "status"), C_FINISHED);
}

/* Wakes who owns it, and who owned it when that is another. */
static void wake_owners(struct ctl *c, const struct store_event *ev)
{
    const struct store_object *o = ev->object, *old = ev->old_object;
    const char *pool = obj_label(o->json, L_WARM_POOL);
    struct obj_owner owner, before;
    bool has_owner = obj_controller(o->json, &owner);

    if (!has_owner && pool)
        ctl_wake_pools_of_hash(c, o->ns, pool);
    if (ev->type == STORE_MODIFIED && old && has_owner && strcmp(owner.kind, KIND_POOL) == 0 &&
        !is_news_for_pool(old, o))
        return;
    wake_owner(c, o);
    if (old &&
        !(has_owner && obj_controller(old->json, &before) && strcmp(owner.uid, before.uid) == 0))
        wake_owner(c, old);
}

static void on_sandbox(struct ctl *c, const struct store_event *ev)
{
    const struct store_object *o = ev->object;

    if (ev->type == STORE_DELETED)
        members_remove(&c->members, o->uid);
    else
        members_update(&c->members, o);
    ctl_wake(c, Q_SANDBOX, o->ns, o->name);
    wake_owners(c, ev);
    ctl_tell_sandbox(c, o->ns, o->name, o->uid);
}

/* A child that is nobody's, or another's, may stand in the way of the Sandbox of its name. */
static void wake_waiting_sandbox(struct ctl *c, const struct store_object *o)
{
    if (c->opts.is_cluster && store_get(c->store, KIND_SANDBOX, o->ns, o->name))
        ctl_wake(c, Q_SANDBOX, o->ns, o->name);
}

static void on_service(struct ctl *c, const struct store_event *ev)
{
    const struct store_object *o = ev->object;
    struct obj_owner owner;

    if (obj_controlled_by_kind(o->json, GROUP_CORE, KIND_SANDBOX, &owner))
        ctl_wake(c, Q_SANDBOX, o->ns, owner.name);
    else
        wake_waiting_sandbox(c, o);
}

static void on_policy(struct ctl *c, const struct store_event *ev)
{
    const struct store_object *o = ev->object;
    struct obj_owner owner;

    if (obj_controlled_by_kind(o->json, GROUP_EXT, KIND_TEMPLATE, &owner))
        ctl_wake(c, Q_TEMPLATE, o->ns, owner.name);
}

static void on_pod(struct ctl *c, const struct store_event *ev)
{
    const struct store_object *o = ev->object;
    const struct store_object *sandbox;
    struct obj_owner owner;

    if (!c->opts.is_cluster)
        ctl_wake(c, Q_POD, o->ns, o->name);
    if (!obj_controlled_by_kind(o->json, GROUP_CORE, KIND_SANDBOX, &owner)) {
        wake_waiting_sandbox(c, o);
        return;
    }
    ctl_wake(c, Q_SANDBOX, o->ns, owner.name);
    sandbox = store_get(c->store, KIND_SANDBOX, o->ns, owner.name);
    ctl_tell_sandbox(c, o->ns, owner.name, owner.uid);
    if (sandbox && obj_controlled_by_kind(sandbox->json, GROUP_EXT, KIND_CLAIM, &owner))
        ctl_tell_claim(c, o->ns, owner.name);
}

void ctl_on_event(struct ctl *c, const struct store_event *ev)
{
    const struct store_object *o = ev->object;

    if (strcmp(o->kind, KIND_TEMPLATE) == 0)
        on_template(c, ev);
    else if (strcmp(o->kind, KIND_POOL) == 0)
        on_pool(c, ev);
    else if (strcmp(o->kind, KIND_SANDBOX) == 0)
        on_sandbox(c, ev);
    else if (strcmp(o->kind, KIND_POD) == 0)
        on_pod(c, ev);
    else if (strcmp(o->kind, KIND_SERVICE) == 0)
        on_service(c, ev);
    else if (strcmp(o->kind, KIND_POLICY) == 0)
        on_policy(c, ev);
    else if (strcmp(o->kind, KIND_CLAIM) == 0) {
        claim_on_event(c, ev);
        ctl_wake(c, Q_CLAIM, o->ns, o->name);
        ctl_tell_claim(c, o->ns, o->name);
    }
}
