/*
 * SandboxClaim: gets one Sandbox, from its pool or made for it, keeps it until its time is over,
 * and says how it is (reference, "SandboxClaim controller"; design 9.6). A step makes one move: it
 * finds the Sandbox, or takes a member (one batch: the claim with its assignment, then the Sandbox
 * with its new owner), or makes a Sandbox of the claim's name; with nothing to move it writes the
 * status.
 *
 * A claim that came over gRPC with a ready member at hand has both writes behind it when it is
 * first seen here (claim_service.c), and only its status is left to do.
 */
#include "services/controller/claim.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "services/controller/ctl_metrics.h"
#include "services/controller/names.h"

enum { PENDING_WINDOW_S = 2, PENDING_AGAIN_MS = 500, NOT_FOUND_AGAIN_MS = 60 * 1000 };
enum { CREATE_AGAIN_MS = 200 };

struct work {
    struct ctl *c;
    struct ctl_item *it;
    const struct store_object *claim;
    struct step *st;
    struct claim_outcome out;
    json_t *edit;    /* the claim as it shall be; NULL until something changes */
    bool has_moved;  /* Sandbox or assignment are being written: no status now */
    bool is_pending; /* a member is about to get its address: write nothing    */
    struct err *err;
};

static int oom(struct work *w)
{
    return err_oom(w->err);
}

/* The claim's copy to change; NULL: out of memory, *err set. */
static json_t *edit(struct work *w)
{
    if (!w->edit)
        w->edit = store_object_edit(w->claim, w->err);
    return w->edit;
}

static const char *ready_reason(const struct work *w)
{
    return obj_str_or(cond_get(obj_get(w->claim->json, "status"), C_READY), "reason", "");
}

#define say(w, reason, ...)                                                                        \
    (void)events_add(&(w)->c->events, KIND_CLAIM, (w)->claim->ns, (w)->claim->name, false, reason, \
                     ctl_now_s((w)->c), __VA_ARGS__)

/* ---- giving it a Sandbox ---- */

static int put_assignment(struct work *w, const char *sandbox)
{
    json_t *e = edit(w);

    if (!e)
        return -1;
    if (obj_put_annotation(e, A_SANDBOX_NAME, sandbox) < 0 ||
        (!sandbox && obj_put_label(e, L_SANDBOX_NAME, NULL) < 0))
        return oom(w);
    w->has_moved = true;
    return 0;
}

static int flush_edit(struct work *w)
{
    if (w->edit) {
        batch_update(&w->st->batch, w->claim, w->edit, true);
        w->edit = NULL;
    }
    return 0;
}

/* Commit 1 and commit 2 of the adoption protocol in one batch, in this order. */
static int adopt(struct work *w, struct member *m, const struct claim_source *src)
{
    const struct store_object *sb = store_get_by_uid(w->c->store, m->uid);
    json_t *wanted;

    (void)snprintf(w->it->taken_uid, sizeof(w->it->taken_uid), "%s", m->uid);
    if (put_assignment(w, sb->name) < 0)
        return -1;
    wanted = claim_adopted_sandbox(w->c, w->claim->json, sb, src->template, &w->out.problem);
    if (!wanted)
        return w->out.problem.reason[0] ? 1 : oom(w);
    (void)flush_edit(w);
    batch_update(&w->st->batch, sb, wanted, true);
    say(w, "SandboxAdopted", "Adopted warm pool Sandbox \"%s\"", sb->name);
    ctl_metrics_claim(w->c->metrics, w->claim->ns, src->template, src->pool, true, m->is_ready);
    return 0;
}

static int create_cold(struct work *w, const struct claim_source *src)
{
    json_t *sb;

    if (w->it->was_refused) {
        (void)claim_problem_set(&w->out.problem, true, R_CREATE_PENDING,
                                "Sandbox already created; waiting for cache to converge");
        step_again(w->st, CREATE_AGAIN_MS);
        return 0;
    }
    sb = claim_cold_sandbox(w->c, w->claim->json, src->template, &w->out.problem);
    if (!sb)
        return w->out.problem.reason[0] ? 0 : oom(w);
    (void)flush_edit(w);
    batch_create(&w->st->batch, KIND_SANDBOX, sb);
    w->has_moved = true;
    say(w, "SandboxProvisioned", "Created Sandbox \"%s\"", w->claim->name);
    ctl_metrics_claim(w->c->metrics, w->claim->ns, src->template, src->pool, false, false);
    return 0;
}

static int find_source(struct work *w, struct claim_source *src)
{
    const char *ref = obj_str_or(w->claim->json, "spec.warmPoolRef.name", "");

    if (claim_find_source(w->c, w->claim->ns, ref, src, &w->out.problem) == 0)
        return 0;
    step_again(w->st, NOT_FOUND_AGAIN_MS);
    return 1;
}

static bool needs_cold(const json_t *claim)
{
    return json_array_size(obj_get(claim, "spec.env")) > 0 ||
           json_array_size(obj_get(claim, "spec.volumeClaimTemplates")) > 0;
}

static int give_sandbox(struct work *w)
{
    int64_t created = ctl_now_s(w->c);
    struct claim_source src;
    bool is_near = false;
    struct member *m = NULL;
    int r = find_source(w, &src);

    if (r != 0)
        return r < 0 ? -1 : 0;
    if (!needs_cold(w->claim->json))
        m = claim_take_member(w->c, w->claim->ns, &src, false, &is_near);
    if (m)
        return adopt(w, m, &src) < 0 ? -1 : 0;

    (void)obj_time(w->claim->json, "metadata.creationTimestamp", &created);
    if (is_near && ctl_now_s(w->c) - created < PENDING_WINDOW_S) {
        w->is_pending = true;
        step_again(w->st, PENDING_AGAIN_MS);
        return 0;
    }
    return create_cold(w, &src);
}

/* ---- the one it has ---- */

/* What a bound Sandbox's metadata lacks: the template's and the claim's newest, and the claim's
 * uid. */
static int sync_sandbox(struct work *w, const struct store_object *sb)
{
    const char *ref = obj_str_or(w->claim->json, "spec.warmPoolRef.name", "");
    const char *launch = obj_label(sb->json, L_LAUNCH_TYPE);
    struct claim_problem problem = {0};
    struct claim_source src = {0};
    _cleanup_(json_decrefp) json_t *want = store_object_edit(sb, w->err);
    json_t *meta;
    int r = 0;

    if (!want)
        return -1;
    if (claim_find_source(w->c, w->claim->ns, ref, &src, &problem) == 0) {
        char hash[9];

        meta = claim_pod_metadata(w->claim->json, src.template, &w->out.problem);
        if (!meta)
            return w->out.problem.reason[0] ? 0 : oom(w);
        r |= obj_put(want, "spec.podTemplate.metadata", meta);
        r |= obj_put_label(want, L_TEMPLATE_REF_HASH, obj_hash(src.template->name, hash));
        r |= obj_put_label(want, L_CREATED_BY, obj_label(w->claim->json, L_CREATED_BY));
    } else if (obj_get(w->claim->json, "spec.additionalPodMetadata")) {
        /* A bound claim outlives its pool and template; only what needs them is an error. */
        (void)claim_problem_set(&w->out.problem, true, problem.reason,
                                "failed to get template for metadata propagation: %s",
                                problem.message);
        step_again(w->st, NOT_FOUND_AGAIN_MS);
        return 0;
    }
    if (!launch)
        r |= obj_put_label(want, L_LAUNCH_TYPE,
                           strcmp(sb->name, w->claim->name) == 0 ? "cold" : "warm");
    r |= obj_put_label(want, L_CLAIM_UID, w->claim->uid);
    if (r)
        return oom(w);
    if (!obj_equal(obj_get(want, "metadata.labels"), obj_get(sb->json, "metadata.labels")) ||
        !obj_equal(obj_get(want, "spec.podTemplate.metadata"),
                   obj_get(sb->json, "spec.podTemplate.metadata")))
        batch_update(&w->st->batch, sb, TAKE_PTR(want), false);
    return 0;
}

/* An assignment that is written but not carried out, after a crash between the two writes. */
static int resume_assignment(struct work *w, const char *name)
{
    const struct store_object *sb = store_get(w->c->store, KIND_SANDBOX, w->claim->ns, name);
    const char *ref = obj_str_or(w->claim->json, "spec.warmPoolRef.name", "");
    struct claim_source src = {0};
    struct claim_problem none;
    const char *pool = NULL;
    json_t *wanted;

    if (!sb || !sandbox_is_adoptable(sb->json, &pool) ||
        claim_find_source(w->c, w->claim->ns, ref, &src, &none) < 0 ||
        (src.pool && strcmp(src.pool->name, pool) != 0))
        return put_assignment(w, NULL); /* gone, or another's: forget it and choose again */

    (void)members_take_uid(&w->c->members, sb->uid); /* it may be taken already, by this claim */
    (void)snprintf(w->it->taken_uid, sizeof(w->it->taken_uid), "%s", sb->uid);
    wanted = claim_adopted_sandbox(w->c, w->claim->json, sb, src.template, &w->out.problem);
    if (!wanted)
        return w->out.problem.reason[0] ? 0 : oom(w);
    batch_update(&w->st->batch, sb, wanted, true);
    w->has_moved = true;
    return 0;
}

static int step_active(struct work *w)
{
    const struct store_object *same_name;
    const char *assigned = obj_annotation(w->claim->json, A_SANDBOX_NAME);

    if (claim_check_metadata(w->c, w->claim->json, &w->out.problem) < 0)
        return 0;
    w->out.sandbox = claim_sandbox(w->c, w->claim);
    if (w->out.sandbox)
        return sync_sandbox(w, w->out.sandbox);
    if (!assigned)
        assigned = obj_label(w->claim->json, L_SANDBOX_NAME);
    if (assigned && *assigned)
        return resume_assignment(w, assigned);

    same_name = store_get(w->c->store, KIND_SANDBOX, w->claim->ns, w->claim->name);
    if (same_name) {
        (void)claim_problem_set(&w->out.problem, true, R_NOT_OWNED,
                                "sandbox \"%s\" is not controlled by claim \"%s\". Please use a "
                                "different claim name or delete the sandbox manually",
                                same_name->name, w->claim->name);
        return 0;
    }
    return give_sandbox(w);
}

/* ---- the end of its time ---- */

static int mark_expired(struct work *w)
{
    json_t *status;

    w->out.is_expired = true;
    w->out.sandbox = claim_sandbox(w->c, w->claim);
    status = claim_build_status(w->c, w->claim, &w->out);
    if (!status)
        return oom(w);
    batch_status(&w->st->batch, w->claim, status);
    say(w, R_CLAIM_EXPIRED, "Claim expired");
    step_again(w->st, 1);
    return 0;
}

static int delete_claim(struct work *w, const char *policy)
{
    say(w, R_CLAIM_EXPIRED, "Deleting Claim (ShutdownPolicy=%s)", policy);
    batch_delete(&w->st->batch, w->claim, false);
    if (!w->st->batch.oom && strcmp(policy, "DeleteForeground") == 0)
        w->st->batch.ops[w->st->batch.n - 1].foreground = true;
    return 0;
}

/* Retain: the claim stays and says so, its Sandbox goes. */
static int retire_sandbox(struct work *w)
{
    const char *name = obj_str_or(w->claim->json, "status.sandbox.name", w->claim->name);
    const struct store_object *sb = store_get(w->c->store, KIND_SANDBOX, w->claim->ns, name);

    if (sb && !obj_controlled_by_uid(sb->json, w->claim->uid)) {
        (void)claim_problem_set(&w->out.problem, true, R_NOT_OWNED,
                                "sandbox not owned by this claim: sandbox \"%s\" is not owned by "
                                "claim \"%s\"; deletion skipped.",
                                sb->name, w->claim->name);
        return 0;
    }
    w->out.sandbox = sb;
    if (sb && !sb->is_deleting)
        batch_delete(&w->st->batch, sb, false);
    return 0;
}

static int step_expired(struct work *w)
{
    const char *policy = obj_str_or(w->claim->json, "spec.lifecycle.shutdownPolicy", "Retain");

    if (strcmp(ready_reason(w), R_CLAIM_EXPIRED) != 0)
        return mark_expired(w);
    if (strncmp(policy, "Delete", 6) == 0)
        return delete_claim(w, policy);
    w->out.is_expired = true;
    return retire_sandbox(w);
}

/* ---- status ---- */

/* The first time that it is ready is counted, and remembered so that it is counted once. */
static int note_first_ready(struct work *w, const json_t *status)
{
    bool was_ready = cond_is_true(obj_get(w->claim->json, "status"), C_READY);
    char now[40];

    if (!cond_is_true(status, C_READY) || obj_annotation(w->claim->json, A_FIRST_READY))
        return 0;
    if (!edit(w))
        return -1;
    ctl_format_nano(ctl_now_ns(w->c), now);
    if (!was_ready)
        ctl_metrics_ready(w->c->metrics, w->claim->json, w->out.sandbox, ctl_now_ns(w->c));
    return obj_put_annotation(w->edit, A_FIRST_READY, was_ready ? "unknown" : now) < 0 ? oom(w) : 0;
}

static int write_status(struct work *w)
{
    json_t *status = claim_build_status(w->c, w->claim, &w->out);

    if (!status)
        return oom(w);
    if (note_first_ready(w, status) < 0) {
        json_decref(status);
        return -1;
    }
    (void)flush_edit(w);
    batch_status(&w->st->batch, w->claim, status);
    return 0;
}

static int note_first_seen(struct work *w)
{
    char now[40];

    if (obj_annotation(w->claim->json, A_FIRST_OBSERVED))
        return 0;
    if (!edit(w))
        return -1;
    ctl_format_nano(ctl_now_ns(w->c), now);
    return obj_put_annotation(w->edit, A_FIRST_OBSERVED, now) < 0 ? oom(w) : 0;
}

/* delete_on_failure survives a crash of ours: who asked is gone, and it never got ready. */
static bool is_abandoned(struct work *w)
{
    int64_t until;
    int64_t now = ctl_now_s(w->c);
    const char *text = obj_annotation(w->claim->json, A_KEEP_IF_READY_BY);

    if (!text || obj_annotation(w->claim->json, A_FIRST_READY) ||
        clock_parse_rfc3339(text, &until) < 0 ||
        cond_is_true(obj_get(w->claim->json, "status"), C_READY))
        return false;
    if (now >= until)
        return true;
    step_again(w->st, (uint64_t)(until - now) * 1000);
    return false;
}

static int work_through(struct work *w)
{
    uint64_t wait_ms;
    int r;

    if (is_abandoned(w)) {
        batch_delete(&w->st->batch, w->claim, true);
        return 0;
    }
    if (note_first_seen(w) < 0)
        return -1;
    if (claim_is_expired(w->c, w->claim->json, &wait_ms)) {
        r = step_expired(w);
        if (r < 0 || !w->out.is_expired || strcmp(ready_reason(w), R_CLAIM_EXPIRED) != 0)
            return r;
        return write_status(w);
    }
    if (wait_ms != CLOCK_NEVER)
        step_again(w->st, wait_ms);
    r = step_active(w);
    if (r < 0 || w->is_pending)
        return r;
    if (!w->has_moved)
        return write_status(w);
    (void)flush_edit(w);
    return 0;
}

int claim_step(struct ctl *c, const struct store_object *o, struct ctl_item *it, struct step *st,
               struct err *err)
{
    struct work w = {.c = c, .it = it, .claim = o, .st = st, .err = err};
    int r;

    if (!o || o->is_deleting)
        return 0;
    r = work_through(&w);
    json_decref(w.edit);
    if (r == 0 && w.out.problem.reason[0] && !w.out.problem.is_final)
        step_again(st, MIN(5u << MIN(it->n_fails, 12), 30000u));
    if (r == 0 && st->batch.n == 0 && it->taken_uid[0]) { /* taken, but then refused */
        members_settle(&c->members, it->taken_uid, store_get_by_uid(c->store, it->taken_uid));
        it->taken_uid[0] = '\0';
    }
    return r;
}
