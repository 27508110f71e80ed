/*
 * Members that claims name. A claim bears its assignment before its Sandbox has its new owner; from
 * then on, through conflicts and restarts, the member is out of the index and kept for that claim
 * alone. So whoever was told "this one is yours" over gRPC keeps it, whatever happens between the
 * two writes.
 */
#include <string.h>

#include "lib/base/log.h"
#include "services/controller/claim.h"
#include "services/controller/names.h"

static void hold(struct ctl *c, const struct store_object *claim)
{
    const char *name = claim->is_deleting ? NULL : claim_assignment(claim->json);
    const struct store_object *sb =
        name ? store_get(c->store, KIND_SANDBOX, claim->ns, name) : NULL;

    if (sb) /* false: it is a claim's already, or another claim was first */
        (void)members_hold(&c->members, sb->uid, members_holder(claim->ns, claim->name));
}

/*
 * A claim over gRPC whose caller was told of its Sandbox before that was the claim's. Who knows
 * what it was used for: nobody gets it after him. It stays held, so that until it is gone nobody
 * does.
 */
static bool was_promised(const struct ctl *c, const struct store_object *claim,
                         const struct store_object *sb)
{
    const char *pool;

    return c->opts.is_cluster && obj_annotation(claim->json, A_SPEC_HASH) &&
           sandbox_is_adoptable(sb->json, &pool);
}

static void delete_used(struct ctl *c, const struct store_object *claim,
                        const struct store_object *sb)
{
    const struct store_op op = {.type = STORE_DELETE,
                                .kind = KIND_SANDBOX,
                                .ns = sb->ns,
                                .name = sb->name,
                                .uid = sb->uid,
                                .hurry = STORE_HURRY_FIRST};
    struct err err;

    if (store_write(c->store, &op, 1, NULL, NULL, &err) < 0)
        log_warn("the sandbox of a deleted claim could not be deleted, and is not given again",
                 LOG_S("namespace", sb->ns), LOG_S("sandbox", sb->name),
                 LOG_S("claim", claim->name), LOG_ERR(&err));
}

/* It names another one now, or none. */
static void release(struct ctl *c, const struct store_object *was, const struct store_object *is)
{
    const char *old = claim_assignment(was->json);
    const char *new = is ? claim_assignment(is->json) : NULL;
    const struct store_object *sb;

    if (!old || (new && !is->is_deleting &&strcmp(old, new) == 0))
        return;
    sb = store_get(c->store, KIND_SANDBOX, was->ns, old);
    if (!sb || !members_is_held_by(&c->members, sb->uid, members_holder(was->ns, was->name)))
        return;
    if ((!is || is->is_deleting) && was_promised(c, was, sb))
        delete_used(c, was, sb);
    else
        members_settle(&c->members, sb->uid, sb);
}

void claim_on_event(struct ctl *c, const struct store_event *ev)
{
    if (ev->type == STORE_DELETED) {
        release(c, ev->object, NULL);
        return;
    }
    if (ev->old_object)
        release(c, ev->old_object, ev->object);
    hold(c, ev->object);
}

/* Claims that were made over gRPC first: their callers have been told. */
void claim_hold_all(struct ctl *c)
{
    struct store_query q = {.kind = KIND_CLAIM};

    for (int pass = 0; pass < 2; pass++)
        STORE_FOREACH(claim, c->store, &q)
        {
            if ((obj_annotation(claim->json, A_SPEC_HASH) != NULL) == (pass == 0))
                hold(c, claim);
        }
}

void claim_settle(struct ctl *c, const char *ns, const char *claim, const char *member_uid)
{
    const struct store_object *o = store_get(c->store, KIND_CLAIM, ns, claim);
    const struct store_object *sb = store_get_by_uid(c->store, member_uid);
    const char *name = o && !o->is_deleting ? claim_assignment(o->json) : NULL;
    const char *pool;

    if (!sb || !name || strcmp(name, sb->name) != 0 || !sandbox_is_adoptable(sb->json, &pool))
        members_settle(&c->members, member_uid, sb);
}
