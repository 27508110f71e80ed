/*
 * SandboxClaim: gets one Sandbox, from its pool or made for it, keeps it until its time is over,
 * and says how it is (reference, "SandboxClaim controller"; design 9.6). A step makes one move: it
 * finds the Sandbox, or takes a member (one batch: the claim with its assignment, then the Sandbox
 * with its new owner), or makes a Sandbox of the claim's name; with nothing to move it writes the
 * status. docs/internals/claims.md counts the writes and says what each is for.
 *
 * A claim that came over gRPC with a ready member at hand has its assignment when it is first seen
 * here (claim_call.c); on one machine its Sandbox has its owner too.
 *
 * What a step hopes for is counted and told when its batch has ended well (claim_written()), so a
 * refused write counts nothing.
 */
#include "services/controller/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "services/controller/ctl_metrics.h"
#include "services/controller/names.h"
#include "services/controller/spans.h"

enum { PENDING_WINDOW_S = 2, PENDING_AGAIN_MS = 500, NOT_FOUND_AGAIN_MS = 60 * 1000 };
enum { CREATE_AGAIN_MS = 200, WATCHES_APART_MS = 1000, INVALID_AGAIN_MS = 60 * 1000 };
/* Failures in a row before they show in the status: what passes at once is not worth a write. */
enum { SHOWN_FAILURES = 3, SHOWN_CONFLICTS = 5 };

enum move { MOVE_NONE, MOVE_ADOPT, MOVE_CREATE };

/* What a step knows of those before it; made again from nothing after a restart. */
struct claim_memo {
    int64_t first_seen_ns;
    uint64_t invalid_until_ms;  /* the API server refused its Sandbox: tried again then */
    int64_t invalid_generation; /*   or when the claim changes                          */
    enum move move;             /* of the batch under way                               */
    uint8_t n_conflicts;        /* of the adoption, in a row                            */
    uint8_t n_ready;            /* the op of the batch that says Ready first, + 1; or 0 */
    bool is_counted;            /* its readiness is in the metrics                      */
    char *pool;                 /* that the batch takes a member of; or NULL            */
    char *why;                  /* the last move failed; or NULL                        */
};

void claim_memo_free(struct claim_memo *m)
{
    if (!m)
        return;
    free(m->pool);
    free(m->why);
    free(m);
}

struct work {
    struct ctl *c;
    struct ctl_item *it;
    struct claim_memo *memo;
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

/* ---- what is only for those who look on ---- */

static int64_t now_ms(const struct work *w)
{
    return ctl_now_ns(w->c) / 1000000;
}

static int put_trace(const struct ctl *c, json_t *claim)
{
    char text[SPAN_CONTEXT_CHARS];

    span_context(c->spans, text);
    return obj_put_annotation(claim, A_TRACE, text);
}

/* controller-first-observed-at and, with tracing, trace-context. */
static int note_first_seen(struct work *w)
{
    bool lacks_time = !obj_annotation(w->claim->json, A_FIRST_OBSERVED);
    bool lacks_trace = w->c->spans && !obj_annotation(w->claim->json, A_TRACE);
    char when[40];

    if (!lacks_time && !lacks_trace)
        return 0;
    if (!edit(w))
        return -1;
    ctl_format_nano(w->memo->first_seen_ns, when);
    if ((lacks_time && obj_put_annotation(w->edit, A_FIRST_OBSERVED, when) < 0) ||
        (lacks_trace && !obj_annotation(w->edit, A_TRACE) && put_trace(w->c, w->edit) < 0))
        return oom(w);
    return 0;
}

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
    return sandbox ? note_first_seen(w) : 0;
}

/* locked: an assignment counts only over the claim that was looked at. */
static void flush_edit(struct work *w, bool locked)
{
    if (!w->edit)
        return;
    batch_update(&w->st->batch, w->claim, w->edit, locked);
    w->edit = NULL;
}

/* The claim as it will be when this step is written: its Sandbox goes on with its trace. */
static const json_t *wanted_claim(const struct work *w)
{
    return w->edit ? w->edit : w->claim->json;
}

/* Commit 2 of the adoption protocol: the Sandbox gets its new owner. */
static int transfer(struct work *w, const struct store_object *sb, const char *pool,
                    const struct store_object *template)
{
    json_t *wanted = claim_adopted_sandbox(wanted_claim(w), sb, template, &w->out.problem);

    if (!wanted)
        return w->out.problem.reason[0] ? 1 : oom(w);
    free(w->memo->pool);
    w->memo->pool = strdup(pool); /* for the metrics: without it they say "none" */
    w->memo->move = MOVE_ADOPT;
    flush_edit(w, true);
    batch_update(&w->st->batch, sb, wanted, true);
    w->has_moved = true;
    return 0;
}

static void take_for(struct work *w, const char *uid)
{
    (void)members_hold(&w->c->members, uid, members_holder(w->claim->ns, w->claim->name));
    (void)snprintf(w->it->taken_uid, sizeof(w->it->taken_uid), "%s", uid);
}

/* Commit 1 and commit 2 in one batch, in this order. */
static int adopt(struct work *w, struct member *m, const struct claim_source *src)
{
    const struct store_object *sb = store_get_by_uid(w->c->store, m->uid);
    const char *pool = "";
    int r;

    take_for(w, m->uid);
    (void)sandbox_is_adoptable(sb->json, &pool); /* it is: it was in the index */
    if (put_assignment(w, sb->name) < 0)
        return -1;
    r = transfer(w, sb, pool, src->template);
    if (r > 0)
        w->has_moved = false; /* refused: the assignment is not written either */
    return r;
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
    if (w->c->spans && note_first_seen(w) < 0)
        return -1;
    sb = claim_cold_sandbox(wanted_claim(w), src->template, &w->out.problem);
    if (!sb)
        return w->out.problem.reason[0] ? 0 : oom(w);
    w->memo->move = MOVE_CREATE;
    flush_edit(w, false);
    batch_create(&w->st->batch, KIND_SANDBOX, sb);
    w->has_moved = true;
    return 0;
}

/* Pool or template are not there. In a cluster the claim may have been faster than they: each kind
 * has a watch of its own, and clients give up at the first sight of these reasons. */
static void not_found(struct work *w, const struct claim_problem *p)
{
    int64_t since_ms = now_ms(w) - w->memo->first_seen_ns / 1000000;

    if (w->c->opts.is_cluster && since_ms >= 0 && since_ms < WATCHES_APART_MS) {
        w->is_pending = true;
        step_again(w->st, (uint64_t)(WATCHES_APART_MS - since_ms));
        return;
    }
    w->out.problem = *p;
    step_again(w->st, NOT_FOUND_AGAIN_MS);
}

static bool needs_cold(const json_t *claim)
{
    return json_array_size(obj_get(claim, "spec.env")) > 0 ||
           json_array_size(obj_get(claim, "spec.volumeClaimTemplates")) > 0;
}

static bool is_young(const struct work *w)
{
    int64_t created = ctl_now_s(w->c);

    (void)obj_time(w->claim->json, "metadata.creationTimestamp", &created); /* absent: it is new */
    return ctl_now_s(w->c) - created < PENDING_WINDOW_S;
}

static int give_sandbox(struct work *w)
{
    const char *ref = obj_str_or(w->claim->json, "spec.warmPoolRef.name", "");
    struct claim_problem problem;
    struct claim_source src;
    bool is_near = false;
    struct member *m = NULL;

    if (claim_find_source(w->c, w->claim->ns, ref, &src, &problem) < 0) {
        not_found(w, &problem);
        return 0;
    }
    if (!needs_cold(w->claim->json) && !(!src.pool && claim_is_seed_era(w->claim->json)))
        m = claim_take_member(w->c, w->claim->ns, &src, false, &is_near);
    if (m)
        return adopt(w, m, &src) < 0 ? -1 : 0;
    if (is_near && is_young(w)) {
        w->is_pending = true;
        step_again(w->st, PENDING_AGAIN_MS);
        return 0;
    }
    return create_cold(w, &src);
}

/* ---- the one it has ---- */

static bool is_label(const json_t *o, const char *key, const char *want)
{
    const char *have = obj_label(o, key);

    return have == want || (have && want && strcmp(have, want) == 0);
}

/* Labels that a bound Sandbox shall have; template NULL: not known. */
static int put_labels(const struct work *w, json_t *sb, const struct store_object *template)
{
    const char *assigned = claim_assignment(w->claim->json);
    char hash[9];
    int r = 0;

    if (template) {
        r |= obj_put_label(sb, L_TEMPLATE_REF_HASH, obj_hash(template->name, hash));
        r |= obj_put_label(sb, L_CREATED_BY, obj_label(w->claim->json, L_CREATED_BY));
    }
    if (!obj_label(sb, L_LAUNCH_TYPE))
        r |= obj_put_label(sb, L_LAUNCH_TYPE,
                           (assigned && strcmp(assigned, obj_name(sb)) == 0) ||
                                   strcmp(obj_name(sb), w->claim->name) != 0
                               ? "warm"
                               : "cold");
    return r | obj_put_label(sb, L_CLAIM_UID, w->claim->uid);
}

static bool has_labels(const struct work *w, const json_t *sb, const struct store_object *template)
{
    char hash[9];

    if (template && (!is_label(sb, L_TEMPLATE_REF_HASH, obj_hash(template->name, hash)) ||
                     !is_label(sb, L_CREATED_BY, obj_label(w->claim->json, L_CREATED_BY))))
        return false;
    return obj_label(sb, L_LAUNCH_TYPE) && is_label(sb, L_CLAIM_UID, w->claim->uid);
}

/* What a bound Sandbox's metadata lacks: the template's and the claim's newest, and the claim's
 * uid. meta: what its pod template shall have, or NULL to leave it; the reference is taken. */
static int patch_sandbox(struct work *w, const struct store_object *sb,
                         const struct store_object *template, json_t *meta)
{
    _cleanup_(json_decrefp) json_t *owned = meta;
    json_t *want;
    int r = 0;

    if (has_labels(w, sb->json, template) &&
        (!meta || obj_equal(meta, obj_get(sb->json, "spec.podTemplate.metadata"))))
        return 0;
    want = store_object_edit(sb, w->err);
    if (!want)
        return -1;
    if (meta)
        r |= obj_put(want, "spec.podTemplate.metadata", TAKE_PTR(owned));
    r |= put_labels(w, want, template);
    if (r) {
        json_decref(want);
        return oom(w);
    }
    batch_update(&w->st->batch, sb, want, false);
    return 0;
}

static bool has_extra_metadata(const json_t *claim)
{
    const json_t *extra = obj_get(claim, "spec.additionalPodMetadata");

    return json_object_size(obj_get(extra, "labels")) > 0 ||
           json_object_size(obj_get(extra, "annotations")) > 0;
}

static int sync_sandbox(struct work *w, const struct store_object *sb)
{
    const char *ref = obj_str_or(w->claim->json, "spec.warmPoolRef.name", "");
    struct claim_problem problem, wrapped = {0};
    struct claim_source src;
    json_t *meta;

    if (claim_find_source(w->c, w->claim->ns, ref, &src, &problem) < 0) {
        /* A bound claim outlives its pool and template; only what needs them is an error. */
        if (!has_extra_metadata(w->claim->json))
            return patch_sandbox(w, sb, NULL, NULL);
        (void)claim_problem_set(&wrapped, true, problem.reason,
                                "failed to get template for metadata propagation: %s",
                                problem.message);
        not_found(w, &wrapped);
        return 0;
    }
    meta = claim_pod_metadata(w->claim->json, src.template, &w->out.problem);
    if (!meta)
        return w->out.problem.reason[0] ? 0 : oom(w);
    return patch_sandbox(w, sb, src.template, meta);
}

/* The legacy label becomes the annotation. */
static int migrate_assignment(struct work *w)
{
    const char *label = obj_label(w->claim->json, L_SANDBOX_NAME);

    if (!label || obj_annotation(w->claim->json, A_SANDBOX_NAME))
        return 0;
    if (!edit(w))
        return -1;
    return obj_put_annotation(w->edit, A_SANDBOX_NAME, label) < 0 ? oom(w) : 0;
}

/* Whether a pool's Sandbox is one that the claim may have, pool and template gone or not. */
static bool is_from(const json_t *sb, const char *pool, const char *ref)
{
    const char *template = claim_shadow_template(ref);

    return strcmp(pool, ref) == 0 ||
           (template && strcmp(obj_annotation(sb, A_TEMPLATE_REF) ?: "", template) == 0);
}

/* An assignment that is written but not carried out: a claim over gRPC, or a crash or a conflict
 * between the two writes. */
static int resume_assignment(struct work *w, const char *name)
{
    const char *ref = obj_str_or(w->claim->json, "spec.warmPoolRef.name", "");
    const struct store_object *sb = store_get(w->c->store, KIND_SANDBOX, w->claim->ns, name);
    const char *pool = NULL;
    int r;

    if (!sb || !sandbox_is_adoptable(sb->json, &pool) || !is_from(sb->json, pool, ref) ||
        !members_hold(&w->c->members, sb->uid, members_holder(w->claim->ns, w->claim->name)))
        return put_assignment(w, NULL); /* gone, or another's: forget it and choose again */

    if (w->memo->n_conflicts >= SHOWN_CONFLICTS && w->memo->n_conflicts % 2) {
        w->memo->n_conflicts++; /* every other time it is tried again */
        (void)claim_problem_set(
            &w->out.problem, false, R_ADOPTION_CONFLICT,
            "adoption write conflict: sandbox %s could not be handed to claim %s (conflicting "
            "concurrent write); the next pass retries from a converged view",
            sb->name, w->claim->name);
        return 0;
    }
    take_for(w, sb->uid);
    r = transfer(w, sb, pool,
                 store_get(w->c->store, KIND_TEMPLATE, sb->ns,
                           obj_annotation(sb->json, A_TEMPLATE_REF) ?: ""));
    return r < 0 ? -1 : 0;
}

/* The API server does not take the Sandbox: no use in trying before something changes. */
static bool is_invalid(struct work *w)
{
    struct claim_memo *m = w->memo;
    uint64_t now = ctl_now_ms(w->c);

    if (now >= m->invalid_until_ms || m->invalid_generation != w->claim->generation)
        return false;
    (void)claim_problem_set(&w->out.problem, true, R_INVALID_CONFIGURATION, "%s", m->why ?: "");
    step_again(w->st, m->invalid_until_ms - now);
    return true;
}

static int step_active(struct work *w)
{
    const struct store_object *same_name;
    const char *assigned = claim_assignment(w->claim->json);

    if (claim_check_metadata(w->c, w->claim->json, &w->out.problem) < 0)
        return 0;
    w->out.sandbox = claim_sandbox(w->c, w->claim);
    if (w->out.sandbox)
        return migrate_assignment(w) < 0 ? -1 : sync_sandbox(w, w->out.sandbox);
    if (assigned)
        return resume_assignment(w, assigned);

    same_name = store_get(w->c->store, KIND_SANDBOX, w->claim->ns, w->claim->name);
    if (same_name)
        (void)claim_problem_set(&w->out.problem, false, R_RECONCILER_ERROR,
                                "sandbox \"%s\" is not controlled by claim \"%s\". Please use a "
                                "different claim name or delete the sandbox manually",
                                same_name->name, w->claim->name);
    else if (!is_invalid(w))
        return give_sandbox(w);
    return 0;
}

/* ---- the end of its time ---- */

/* Takes the reference. With the claim's version: what was said of an older one is not true. */
static void put_status(struct work *w, json_t *status)
{
    struct batch *b = &w->st->batch;
    size_t n = b->n;

    batch_status(b, w->claim, status);
    if (b->n > n && w->c->opts.is_cluster)
        b->ops[n].resource_version = w->claim->resource_version;
}

static int mark_expired(struct work *w)
{
    json_t *status;

    w->out.is_expired = true;
    w->out.sandbox = claim_sandbox(w->c, w->claim);
    status = claim_build_status(w->c, w->claim, &w->out);
    if (!status)
        return oom(w);
    put_status(w, status);
    ctl_record(w->c, w->claim, false, R_CLAIM_EXPIRED, "Claim Expired", "Claim expired");
    step_again(w->st, 1);
    return 0;
}

static int delete_claim(struct work *w, const char *policy)
{
    ctl_record(w->c, w->claim, false, R_CLAIM_EXPIRED, "Deleting",
               "Deleting Claim (ShutdownPolicy=%s)", policy);
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

/* The first time that it is ready is counted when that is written, and noted so that it is counted
 * once. */
static int note_first_ready(struct work *w, const json_t *status)
{
    bool was_ready = cond_is_true(obj_get(w->claim->json, "status"), C_READY);
    bool is_ready = cond_is_true(status, C_READY);
    char now[40] = "unknown";

    if ((!is_ready && !was_ready) || obj_annotation(w->claim->json, A_FIRST_READY))
        return 0;
    if (!was_ready)
        w->memo->n_ready = (uint8_t)(w->st->batch.n + 1);
    if (!was_ready && w->c->opts.is_cluster)
        return 0; /* with the next step: what is counted ends with the status */
    if (ctl_gives_way(w->it, w->st))
        return 0;
    if (!edit(w))
        return -1;
    if (!was_ready || w->memo->is_counted)
        ctl_format_nano(ctl_now_ns(w->c), now);
    return obj_put_annotation(w->edit, A_FIRST_READY, now) < 0 ? oom(w) : 0;
}

/* The status first: somebody waits for it. */
static int write_status(struct work *w)
{
    json_t *status = claim_build_status(w->c, w->claim, &w->out);

    if (!status)
        return oom(w);
    if (note_first_ready(w, status) < 0) {
        json_decref(status);
        return -1;
    }
    put_status(w, status);
    if (w->st->batch.n == 0)
        w->st->hurry = STORE_HURRY_LAST; /* only notes */
    flush_edit(w, false);
    return 0;
}

/* A move has failed again and again: that is said before it is tried once more. */
static bool tell_failure(struct work *w)
{
    const struct claim_memo *m = w->memo;
    struct claim_outcome out = {.sandbox = claim_sandbox(w->c, w->claim)};
    json_t *status;

    if (!m->why || w->it->n_fails < SHOWN_FAILURES || ctl_now_ms(w->c) < m->invalid_until_ms)
        return false;
    (void)claim_problem_set(&out.problem, false, R_RECONCILER_ERROR, "%s", m->why);
    status = claim_build_status(w->c, w->claim, &out);
    if (!status)
        return false; /* the step itself will say so */
    put_status(w, status);
    return w->st->batch.n > 0;
}

/* ---- what became of a batch ---- */

static void count_adoption(struct ctl *c, const struct store_object *claim,
                           const struct claim_memo *m)
{
    const struct store_object *sb = claim_sandbox(c, claim);

    if (!sb)
        return;
    ctl_metrics_claim(c->metrics, claim->json, obj_annotation(sb->json, A_TEMPLATE_REF), m->pool,
                      true, cond_is_true(obj_get(sb->json, "status"), C_READY));
    ctl_record(c, claim, false, "SandboxAdopted", "Adoption", "Adopted warm pool Sandbox \"%s\"",
               sb->name);
}

static void count_creation(struct ctl *c, const struct store_object *claim)
{
    const struct store_object *sb = claim_sandbox(c, claim);

    ctl_metrics_claim(c->metrics, claim->json, sb ? obj_annotation(sb->json, A_TEMPLATE_REF) : NULL,
                      obj_str(claim->json, "spec.warmPoolRef.name"), false, false);
    ctl_record(c, claim, false, "SandboxProvisioned", "Provisioning", "Created Sandbox \"%s\"",
               claim->name);
}

static void move_failed(struct ctl *c, const struct store_object *claim, struct claim_memo *m,
                        const struct err *err)
{
    if (err->code == RPC_ABORTED || err->code == RPC_NOT_FOUND) {
        m->n_conflicts += m->n_conflicts < UINT8_MAX - 1;
        return;
    }
    if (err->code == RPC_ALREADY_EXISTS)
        return; /* ctl remembers it */
    free(m->why);
    m->why = strdup(err->msg); /* NULL: it is not told */
    if (m->move == MOVE_CREATE && err->code == RPC_INVALID_ARGUMENT) {
        m->invalid_until_ms = ctl_now_ms(c) + INVALID_AGAIN_MS;
        m->invalid_generation = claim ? claim->generation : 0;
    }
}

void claim_written(struct ctl *c, struct ctl_item *it, const struct store_result *res)
{
    const struct store_object *claim = store_get(c->store, KIND_CLAIM, it->ns, it->name);
    struct claim_memo *m = it->memo;

    if (!m)
        return;
    if (claim && m->n_ready && (!res->err || res->failed >= m->n_ready)) {
        ctl_metrics_ready(c->metrics, claim->json, claim_sandbox(c, claim), m->first_seen_ns,
                          ctl_now_ns(c));
        m->is_counted = true;
    }
    if (m->move != MOVE_NONE && res->err) {
        move_failed(c, claim, m, res->err);
    } else if (m->move != MOVE_NONE) {
        m->n_conflicts = 0;
        free(m->why);
        m->why = NULL;
        if (claim && m->move == MOVE_ADOPT)
            count_adoption(c, claim, m);
        else if (claim)
            count_creation(c, claim);
    }
    m->move = MOVE_NONE;
    m->n_ready = 0;
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

/* Releases before 0.2 made one per claim. Whether it goes is nobody's concern, so it comes last. */
static void drop_legacy_policy(struct work *w)
{
    const struct store_object *policy;
    char name[280];

    if (!w->c->opts.is_cluster)
        return;
    (void)snprintf(name, sizeof(name), "%s-network-policy", w->claim->name);
    policy = store_get(w->c->store, KIND_POLICY, w->claim->ns, name);
    if (policy && !policy->is_deleting && obj_controlled_by_uid(policy->json, w->claim->uid) &&
        batch_room(&w->st->batch) > 0)
        batch_delete(&w->st->batch, policy, false);
}

static int work_through(struct work *w)
{
    uint64_t wait_ms;
    int r;

    if (is_abandoned(w)) {
        batch_delete(&w->st->batch, w->claim, true);
        return 0;
    }
    if (!w->c->opts.no_claim_annotations && note_first_seen(w) < 0)
        return -1;
    if (claim_is_expired(w->c, w->claim->json, &wait_ms)) {
        r = step_expired(w);
        if (r < 0 || !w->out.is_expired || strcmp(ready_reason(w), R_CLAIM_EXPIRED) != 0)
            return r;
        return write_status(w);
    }
    if (wait_ms != CLOCK_NEVER)
        step_again(w->st, wait_ms);
    if (tell_failure(w))
        return 0;
    r = step_active(w);
    if (r < 0 || w->is_pending)
        return r;
    if (!w->has_moved)
        return write_status(w);
    flush_edit(w, true);
    return 0;
}

static struct claim_memo *memo_of(struct ctl *c, struct ctl_item *it)
{
    if (!it->memo) {
        it->memo = calloc(1, sizeof(*it->memo));
        if (it->memo)
            it->memo->first_seen_ns = ctl_now_ns(c);
    }
    return it->memo;
}

int claim_step(struct ctl *c, const struct store_object *o, struct ctl_item *it, struct step *st,
               struct err *err)
{
    struct work w = {.c = c, .it = it, .claim = o, .st = st, .err = err};
    int r;

    if (!o) {
        claim_memo_free(it->memo);
        it->memo = NULL;
        return 0;
    }
    w.memo = memo_of(c, it);
    if (!w.memo)
        return err_oom(err);
    r = o->is_deleting ? 0 : work_through(&w);
    if (r == 0)
        drop_legacy_policy(&w);
    json_decref(w.edit);
    if (r == 0 && w.out.problem.reason[0] && !w.out.problem.is_final)
        step_again(st, MIN(5u << MIN(it->n_fails, 12), 30000u));
    if (r == 0 && w.memo->move == MOVE_NONE && it->taken_uid[0]) { /* taken, but then refused */
        claim_settle(c, it->ns, it->name, it->taken_uid);
        it->taken_uid[0] = '\0';
    }
    return r;
}
