/*
 * SandboxWarmPool: keeps `replicas` Sandboxes that nobody claimed. Each step counts the members as
 * the store has them and writes, in one batch, the status as counted, then what is missing or too
 * much. Because a step never runs while its own batch is under way, the count is always right:
 * there are no expectations to keep, and a pool never exceeds its replicas (reference,
 * "SandboxWarmPool controller").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "services/controller/blueprint.h"
#include "services/controller/ctl.h"
#include "services/controller/names.h"

enum { DEFAULT_REPLICAS = 1, CHURN_FIRST_S = 1 };
/* The longest that a status is held back while members are made. */
enum { MAX_STATUS_HELD_MS = 500, PACES_PER_STATUS = 10 };
enum { N_REMEMBERED = 8 };
/* The longest that a refill gives way to claims; while they go on then, so many steps share it. */
enum { MAX_REFILL_LATE_MS = 2000, LATE_STEPS = 64 };

/* What a step leaves for the next (ctl_item.memory). Lost with the process, and no harm. */
struct pool_memory {
    bool has_looked; /* all Sandboxes of the namespace were looked at for orphans */
    bool has_seen;   /* n_seen is known: active ones, for the replenish delay   */
    size_t n_seen;
    uint64_t hold_ms;       /* nothing is made before                                  */
    uint64_t late_since_ms; /* what is missing gives way to claims since; 0: it does not */
    double tokens;          /* of the refill rate; filled up at tokens_ms              */
    uint64_t tokens_ms;
    size_t n_slow;  /* slow start: what the next batch may make                */
    size_t n_tried; /* creates in the batch that has ended                     */
    uint64_t status_ms;
    bool is_stuck;  /* an event said that members cannot be placed             */
    uint32_t epoch; /* of what notes of members say; see is_known() */
    int64_t generation;
    uint64_t template_version;
    struct blueprint_hashes hashes; /* of that version */
};

struct census {
    struct ctl *c;
    struct ctl_item *item;
    const struct store_object *pool;
    const struct store_object *template; /* NULL: not there */
    struct blueprint_hashes hashes;      /* of template     */
    struct pool_memory *memory;
    struct {
        const char *label; /* sandbox-template-hash */
        bool is_stale;
    } known[N_REMEMBERED];
    size_t n_known;
    char pool_hash[9];
    bool recreate;
    const struct store_object **active; /* grows; freed by census_done() */
    size_t n_active, cap;
    size_t n_ready, n_terminating, n_unschedulable;
    struct step *st;
};

static void census_done(struct census *s)
{
    free(s->active);
}

static size_t room(const struct census *s)
{
    size_t left = batch_room(&s->st->batch);

    return left > 1 ? left - 1 : 0; /* one is kept for the status */
}

/*
 * Most members are as they were. What was found of one is noted on its snapshot: that it counts
 * as active, whether it is ready, and when it was made; of the epoch, in which neither pool nor
 * template changed.
 */
enum { NOTE_READY = 1, NOTE_ACTIVE = 2, NOTE_BITS = 2, NOTE_TIME_BITS = 34 };

static uint64_t note_of(const struct census *s, bool is_ready, int64_t created_s)
{
    return ((uint64_t)s->memory->epoch << (NOTE_TIME_BITS + NOTE_BITS)) |
           ((uint64_t)created_s << NOTE_BITS) | NOTE_ACTIVE | (is_ready ? NOTE_READY : 0);
}

static bool is_known(const struct census *s, const struct store_object *sb)
{
    return (sb->memo & NOTE_ACTIVE) &&
           sb->memo >> (NOTE_TIME_BITS + NOTE_BITS) == (uint64_t)s->memory->epoch;
}

static int64_t known_time(const struct store_object *sb)
{
    return (int64_t)((sb->memo >> NOTE_BITS) & ((UINT64_C(1) << NOTE_TIME_BITS) - 1));
}

static bool is_ready(const struct store_object *sb)
{
    return cond_is_true(obj_get(sb->json, "status"), C_READY);
}

/* Members with one hash are alike: compared once in a pass. A hash that is not ours is one that
 * another controller wrote, and says nothing. */
static bool is_other_blueprint(struct census *s, const struct store_object *sb, const char *label)
{
    bool is;

    for (size_t i = 0; i < s->n_known; i++)
        if (strcmp(s->known[i].label, label) == 0)
            return s->known[i].is_stale;
    is = !blueprint_matches(s->template->json, sb->json);
    if (s->n_known < N_REMEMBERED) {
        s->known[s->n_known].label = label;
        s->known[s->n_known++].is_stale = is;
    }
    return is;
}

static bool is_stale(struct census *s, const struct store_object *sb, bool is_orphan)
{
    const char *ref = obj_label(sb->json, L_TEMPLATE_REF_HASH);
    const char *blueprint = obj_label(sb->json, L_TEMPLATE_HASH);

    if (!ref || strcmp(ref, s->hashes.template_ref) != 0)
        return true;
    if (is_orphan)
        return !blueprint_matches(s->template->json, sb->json);
    if (blueprint && strcmp(blueprint, s->hashes.blueprint) == 0)
        return false;
    return is_other_blueprint(s, sb, blueprint ?: "");
}

bool pool_member_is_stale(const json_t *pool, const json_t *template, const json_t *sandbox)
{
    const char *blueprint = obj_label(sandbox, L_TEMPLATE_HASH);
    struct blueprint_hashes hashes;

    if (strcmp(obj_str_or(pool, "spec.updateStrategy.type", ""), "Recreate") != 0 || !template ||
        blueprint_hash(template, &hashes) < 0 ||
        (blueprint && strcmp(blueprint, hashes.blueprint) == 0))
        return false;
    return !blueprint_matches(template, sandbox);
}

/* Deletes a member; when the batch is full the next step goes on. */
static void drop_member(struct census *s, const struct store_object *sb)
{
    s->n_terminating++;
    if (room(s) == 0)
        step_again(s->st, 0);
    else
        batch_delete(&s->st->batch, sb, true);
}

static int add_active(struct census *s, const struct store_object *sb, bool ready)
{
    if (s->n_active == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 32;
        const struct store_object **active = realloc(s->active, cap * sizeof(const void *));

        if (!active)
            return -1;
        s->active = active;
        s->cap = cap;
    }
    s->active[s->n_active++] = sb;
    s->n_ready += ready;
    return 0;
}

/* An orphan becomes ours; ours gets its launch type. */
static int take_in(struct census *s, const struct store_object *sb, bool is_orphan)
{
    _cleanup_(json_decrefp) json_t *edit = NULL;
    int r = 0;

    if (!is_orphan && strcmp(obj_label(sb->json, L_LAUNCH_TYPE) ?: "", "warm") == 0)
        return 0;
    if (room(s) == 0) {
        step_again(s->st, 0);
        return 0;
    }
    if (!is_orphan) {
        batch_patch(&s->st->batch, sb,
                    json_pack("{s:{s:{s:s}}}", "metadata", "labels", L_LAUNCH_TYPE, "warm"));
        return 0;
    }
    edit = store_object_edit(sb, NULL);
    if (!edit)
        return -1;
    r |= obj_put_label(edit, L_LAUNCH_TYPE, "warm");
    r |= obj_set_controller(edit, API_EXT, KIND_POOL, s->pool->name, s->pool->uid);
    if (r == 0)
        batch_update(&s->st->batch, sb, TAKE_PTR(edit), true);
    return r;
}

static bool pod_is_unschedulable(const struct census *s, const struct store_object *sb)
{
    const char *name = obj_annotation(sb->json, A_POD_NAME);
    const struct store_object *pod =
        store_get(s->c->store, KIND_POD, sb->ns, name && *name ? name : sb->name);
    const json_t *cond;

    if (!pod || pod->is_deleting)
        return false;
    cond = cond_get(obj_get(pod->json, "status"), C_POD_SCHEDULED);
    return strcmp(obj_str_or(cond, "status", ""), "False") == 0 &&
           strcmp(obj_str_or(cond, "reason", ""), "Unschedulable") == 0;
}

/*
 * A member that ended never gets ready again, so it is not kept for the readiness grace; but a
 * template whose command always ends must not spin: each one in a row waits twice as long as the
 * one before.
 */
static bool ended_long_enough(struct census *s, const struct store_object *sb)
{
    int64_t now = ctl_now_s(s->c), since = now, wait;

    (void)obj_time(cond_get(obj_get(sb->json, "status"), C_FINISHED), "lastTransitionTime", &since);
    wait = MIN((int64_t)CHURN_FIRST_S << MIN(s->item->n_churn, 10),
               (int64_t)s->c->opts.readiness_grace_s);
    if (now - since >= wait) {
        if (s->item->n_churn < UINT8_MAX)
            s->item->n_churn++;
        return true;
    }
    step_again(s->st, (uint64_t)(wait - (now - since)) * 1000);
    return false;
}

/* Pools that were made together are not all looked at in the same moment: up to a half is added. */
static uint64_t with_jitter(const struct census *s, uint64_t wait_ms)
{
    uint64_t n = bytes_fnv1a64(s->pool->uid, strlen(s->pool->uid)) % 512;

    return s->c->opts.is_cluster ? wait_ms + wait_ms * n / 1024 : wait_ms;
}

/* Whether one made then may still get ready; it is looked at again when its time is over. */
static bool has_grace(struct census *s, int64_t created_s)
{
    int64_t age = ctl_now_s(s->c) - created_s, grace = s->c->opts.readiness_grace_s;

    if (age > grace)
        return false;
    step_again(s->st, with_jitter(s, (uint64_t)(grace - age + 2) * 1000));
    return true;
}

/* Whether a member that is not ready has had its time. */
static bool is_overdue(struct census *s, const struct store_object *sb)
{
    int64_t created = ctl_now_s(s->c);

    /* In a cluster as the original: whatever the reason, it has its grace. */
    if (!s->c->opts.is_cluster && cond_is_true(obj_get(sb->json, "status"), C_FINISHED))
        return ended_long_enough(s, sb);
    (void)obj_time(sb->json, "metadata.creationTimestamp", &created);
    if (has_grace(s, created))
        return false;
    if (!pod_is_unschedulable(s, sb))
        return true;
    s->n_unschedulable++;
    return false;
}

/* One that is as it was; 0: it has to be looked at. */
static int count_known(struct census *s, const struct store_object *sb)
{
    bool ready = sb->memo & NOTE_READY;

    if (!is_known(s, sb) || (!ready && !has_grace(s, known_time(sb))))
        return 0;
    return add_active(s, sb, ready) < 0 ? -1 : 1;
}

static void note(struct census *s, const struct store_object *sb, bool ready)
{
    int64_t created = 0;
    bool is_finished = cond_is_true(obj_get(sb->json, "status"), C_FINISHED);

    if (s->c->opts.is_cluster || !is_finished) {
        (void)obj_time(sb->json, "metadata.creationTimestamp", &created);
        store_object_note(sb, note_of(s, ready, MAX(created, (int64_t)0)));
    }
}

static int count_look(struct census *s, const struct store_object *sb)
{
    struct obj_owner owner;
    bool is_orphan = !obj_controller(sb->json, &owner), ready = is_ready(sb);
    bool is_ours = !is_orphan && strcmp(owner.uid, s->pool->uid) == 0;

    if (!is_ours && !is_orphan)
        return 0;
    if (sb->is_deleting) {
        s->n_terminating += is_ours;
        return 0;
    }
    if (members_is_taken(&s->c->members, sb->uid))
        return add_active(s, sb, ready); /* a claim is being written: hands off */
    if (s->template && (s->recreate || is_orphan) && is_stale(s, sb, is_orphan)) {
        drop_member(s, sb);
        return 0;
    }
    if (!ready && is_overdue(s, sb)) {
        (void)events_add(&s->c->events, KIND_POOL, s->pool->ns, s->pool->name, true,
                         "MemberReplaced", ctl_now_s(s->c),
                         "Sandbox \"%s\" is not ready and is replaced: %s", sb->name,
                         obj_str_or(cond_get(obj_get(sb->json, "status"), C_READY), "message",
                                    "it has no status"));
        drop_member(s, sb);
        return 0;
    }
    if (take_in(s, sb, is_orphan) < 0)
        return -1;
    if (is_ours)
        note(s, sb, ready);
    return add_active(s, sb, ready);
}

static bool has_mark(const struct census *s, const struct store_object *sb)
{
    const char *mark = obj_label(sb->json, L_WARM_POOL);

    return mark && strcmp(mark, s->pool_hash) == 0;
}

static int count_member(struct census *s, const struct store_object *sb)
{
    int r = count_known(s, sb);

    if (r != 0)
        return r;
    return has_mark(s, sb) ? count_look(s, sb) : 0;
}

/* Those that bear our mark; all of the namespace are looked at when there may be orphans, else
 * those that are ours. */
static int count_members(struct census *s, struct err *err)
{
    bool looks_at_all = !s->memory->has_looked;
    struct store_query q = {
        .kind = KIND_SANDBOX, .ns = s->pool->ns, .owner_uid = looks_at_all ? NULL : s->pool->uid};

    STORE_FOREACH(sb, s->c->store, &q)
    {
        if (count_member(s, sb) < 0)
            return err_oom(err);
    }
    s->memory->has_looked = true;
    if (s->n_ready > 0)
        s->item->n_churn = 0;
    return 0;
}

/* ---- what is missing ---- */

/* The name that generateName would give, given here: so the member bears the name of its Pod from
 * its first write on, and needs none more for it. One that exists is tried again with another. */
static int put_name(json_t *o, const char *generate)
{
    enum { RANDOM = 5, MAX_BASE = 63 - RANDOM };
    char random[RANDOM + 1], name[64];

    bytes_random_name(random, RANDOM);
    (void)snprintf(name, sizeof(name), "%.*s%s", (int)MAX_BASE, generate, random);
    return obj_put_str(o, "metadata.name", name) | obj_put_annotation(o, A_POD_NAME, name);
}

static json_t *member_object(const struct census *s)
{
    const char *tpl = s->template->name, *ns = s->pool->ns;
    _cleanup_(json_decrefp) json_t *o = obj_new(API_CORE, KIND_SANDBOX, ns, NULL);
    _cleanup_(freep) char *generate = NULL;
    json_t *pod_meta;
    int r = 0;

    if (!o || asprintf(&generate, "%s-", s->pool->name) < 0)
        return NULL;
    r |= obj_put_str(o, "metadata.generateName", generate);
    r |= s->c->opts.is_cluster ? put_name(o, generate) : 0;
    r |= obj_put_label(o, L_WARM_POOL, s->pool_hash);
    r |= obj_put_label(o, L_TEMPLATE_REF_HASH, s->hashes.template_ref);
    r |= obj_put_label(o, L_LAUNCH_TYPE, "warm");
    r |= obj_put_label(o, L_POD_TEMPLATE_HASH, s->hashes.pod_template);
    r |= obj_put_label(o, L_TEMPLATE_HASH, s->hashes.blueprint);
    r |= obj_put_label(o, L_CREATED_BY, "controller");
    r |= obj_put_annotation(o, A_TEMPLATE_REF, tpl);
    r |= obj_set_controller(o, API_EXT, KIND_POOL, s->pool->name, s->pool->uid);
    r |= obj_put(o, "spec", blueprint_spec(s->template->json));
    if (r)
        return NULL;

    pod_meta = obj_make(o, "spec.podTemplate.metadata");
    r |= obj_put_key(pod_meta, "labels", L_WARM_POOL, s->pool_hash);
    r |= obj_put_key(pod_meta, "labels", L_TEMPLATE_REF_HASH, s->hashes.template_ref);
    r |= obj_put_key(pod_meta, "labels", L_POD_TEMPLATE_HASH, s->hashes.pod_template);
    r |= obj_put_key(pod_meta, "labels", L_TEMPLATE_HASH, s->hashes.blueprint);
    if (!s->c->opts.no_pool_eviction &&
        !json_object_get(obj_get(pod_meta, "annotations"), A_SAFE_TO_EVICT))
        r |= obj_put_key(pod_meta, "annotations", A_SAFE_TO_EVICT, "true");
    return r ? NULL : TAKE_PTR(o);
}

/* --sandbox-warm-pool-replenish-delay: a pool that loses members waits until it has lost none for a
 * while. True: it waits. */
static bool is_held(struct census *s, size_t n_desired)
{
    struct pool_memory *m = s->memory;
    uint64_t now = ctl_now_ms(s->c), delay = s->c->opts.replenish_delay_ms;

    if (delay == 0)
        return false;
    if (m->has_seen && s->n_active < m->n_seen)
        m->hold_ms = now + delay;
    m->has_seen = true;
    m->n_seen = s->n_active;
    if (s->n_active >= n_desired)
        m->hold_ms = 0;
    if (now >= m->hold_ms)
        return false;
    step_again(s->st, m->hold_ms - now);
    return true;
}

/*
 * Claims that are being given have the API server for themselves: what they took is made anew when
 * no more come, but it is not late for long, and a pool that is half empty does not wait.
 */
static bool gives_way(struct census *s, size_t n_desired)
{
    uint64_t *since_ms = &s->memory->late_since_ms;

    if (s->n_active + s->n_terminating >= n_desired || 2 * s->n_ready < n_desired) {
        *since_ms = 0;
        return false;
    }
    return ctl_gives_way_since(s->item, s->st, since_ms, MAX_REFILL_LATE_MS);
}

/* --sandbox-warm-pool-max-refill-rate: how many of n may be made now. */
static size_t take_tokens(struct census *s, size_t n)
{
    struct pool_memory *m = s->memory;
    double rate = s->c->opts.max_refill_rate, most = MAX(1.0, rate);
    uint64_t now = ctl_now_ms(s->c);

    if (rate <= 0)
        return n;
    if (m->tokens_ms == 0)
        m->tokens = most;
    else
        m->tokens = MIN(most, m->tokens + rate * (double)(now - m->tokens_ms) / 1000);
    m->tokens_ms = now;
    n = MIN(n, (size_t)(m->tokens + 1e-6));
    m->tokens -= (double)n;
    if (m->tokens < 1)
        step_again(s->st, (uint64_t)((1 - m->tokens) / rate * 1000) + 1);
    return n;
}

/* 1, 2, 4, 8 … as long as they succeed: what is refused is refused a few times, not hundreds. */
static size_t slow_start(struct census *s)
{
    struct pool_memory *m = s->memory;

    if (!s->c->opts.is_cluster)
        return SIZE_MAX;
    if (m->n_tried > 0 && s->item->outcome == WRITE_OK)
        m->n_slow *= 2;
    else if (m->n_tried > 0 || m->n_slow == 0)
        m->n_slow = 1;
    m->n_tried = 0;
    return m->n_slow;
}

/* True: some of them are made in this step. */
static bool create_missing(struct census *s, size_t n_missing)
{
    uint64_t now = ctl_now_ms(s->c);
    size_t n = MIN(n_missing, MIN(room(s), (size_t)s->c->opts.max_refill_batch));

    n = MIN(n, slow_start(s));
    if (s->item->problem && now < s->item->retry_ms) {
        step_again(s->st, s->item->retry_ms - now);
        return false;
    }
    if (s->memory->late_since_ms > 0)
        n = MIN(n, 1 + n_missing / LATE_STEPS);
    n = take_tokens(s, n);
    for (size_t i = 0; i < n; i++)
        batch_create(&s->st->batch, KIND_SANDBOX, member_object(s));
    if (n > 0 && n < n_missing)
        step_again(s->st, 0);
    s->memory->n_tried = n;
    return n > 0;
}

/* ---- what is too much ---- */

/* Not ready first, then the newest. */
static int by_worth(const void *a, const void *b)
{
    const struct store_object *x = *(const struct store_object *const *)a;
    const struct store_object *y = *(const struct store_object *const *)b;
    int r = (int)is_ready(x) - (int)is_ready(y);

    if (r == 0)
        r = strcmp(obj_str_or(y->json, "metadata.creationTimestamp", ""),
                   obj_str_or(x->json, "metadata.creationTimestamp", ""));
    return r ? r : strcmp(y->name, x->name);
}

static void delete_excess(struct census *s, size_t n_excess)
{
    qsort(s->active, s->n_active, sizeof(s->active[0]), by_worth);
    for (size_t i = 0; i < s->n_active && n_excess > 0; i++) {
        if (room(s) == 0) {
            step_again(s->st, 0);
            return;
        }
        if (members_is_taken(&s->c->members, s->active[i]->uid))
            continue;
        batch_delete(&s->st->batch, s->active[i], true);
        n_excess--;
    }
}

static void write_status(struct census *s)
{
    json_t *status = json_object();
    char selector[80];
    int r = 0;

    (void)snprintf(selector, sizeof(selector), "%s=%s", L_WARM_POOL, s->pool_hash);
    r |= obj_put_int(status, "replicas", (json_int_t)s->n_active);
    r |= obj_put_int(status, "readyReplicas", (json_int_t)s->n_ready);
    r |= obj_put_str(status, "selector", selector);
    r |= obj_put_int(status, "observedGeneration", s->pool->generation);
    if (r) {
        json_decref(status);
        status = NULL;
    }
    batch_status(&s->st->batch, s->pool, status);
}

/* Epochs are of all pools: the notes of one say nothing to another. */
static void new_epoch(struct pool_memory *m)
{
    static uint32_t last;

    m->epoch = ++last & ((UINT32_C(1) << (64 - NOTE_TIME_BITS - NOTE_BITS)) - 1);
}

static int read_template(struct census *s, struct err *err)
{
    const char *name = obj_str_or(s->pool->json, "spec.sandboxTemplateRef.name", "");
    struct pool_memory *m = s->memory;

    s->template = store_get(s->c->store, KIND_TEMPLATE, s->pool->ns, name);
    if (!s->template) {
        (void)events_add(&s->c->events, KIND_POOL, s->pool->ns, s->pool->name, true,
                         R_TEMPLATE_NOT_FOUND, ctl_now_s(s->c), "SandboxTemplate \"%s\" not found",
                         name);
        return 0;
    }
    if (m->template_version != s->template->resource_version) {
        if (blueprint_hash(s->template->json, &m->hashes) < 0)
            return err_oom(err);
        m->template_version = s->template->resource_version;
        new_epoch(m);
    }
    s->hashes = m->hashes;
    return 0;
}

/* As Go writes a duration: "5m0s". */
static void go_duration(uint32_t s, char ret[32])
{
    if (s >= 3600)
        (void)snprintf(ret, 32, "%uh%um%us", s / 3600, s / 60 % 60, s % 60);
    else if (s >= 60)
        (void)snprintf(ret, 32, "%um%us", s / 60, s % 60);
    else
        (void)snprintf(ret, 32, "%us", s);
}

static void tell_progress(struct census *s, size_t n_desired)
{
    struct pool_memory *m = s->memory;
    char grace[32];

    if (s->n_unschedulable > 0 && !m->is_stuck) {
        go_duration(s->c->opts.readiness_grace_s, grace);
        ctl_record(s->c, s->pool, true, "WarmPoolNotProgressing", "Reconciling",
                   "%zu/%zu sandboxes are unschedulable past the %s readiness grace period; "
                   "holding them instead of replacing (replacements would be equally "
                   "unschedulable)",
                   s->n_unschedulable, n_desired, grace);
    } else if (s->n_unschedulable == 0 && m->is_stuck) {
        ctl_record(s->c, s->pool, false, "WarmPoolProgressing", "Reconciling",
                   "Warm pool is progressing again");
    }
    m->is_stuck = s->n_unschedulable > 0;
    if (s->n_unschedulable > 0)
        step_again(s->st, (uint64_t)s->c->opts.unschedulable_recheck_s * 1000);
}

/*
 * In a cluster each status is a write of its own: while members are being made it waits for the
 * step that makes none, and a paced pool tells ten steps at once; but nothing waits for long.
 */
static bool is_status_held(struct census *s, bool is_creating)
{
    uint64_t now = ctl_now_ms(s->c), since = now - s->memory->status_ms;
    uint64_t pace = (uint64_t)s->c->opts.pool_pace_ms * PACES_PER_STATUS;

    if (is_creating && s->c->opts.is_cluster && since < MAX_STATUS_HELD_MS)
        return true;
    if (since < pace) {
        step_again(s->st, pace - since);
        return true;
    }
    s->memory->status_ms = now;
    return false;
}

static int balance(struct census *s, struct err *err)
{
    size_t desired, total;
    bool is_creating = false, is_waiting;

    if (s->memory->generation != s->pool->generation || s->memory->epoch == 0) {
        s->memory->generation = s->pool->generation;
        new_epoch(s->memory);
    }
    if (read_template(s, err) < 0 || count_members(s, err) < 0)
        return -1;
    desired = (size_t)MAX(0, obj_int(s->pool->json, "spec.replicas", DEFAULT_REPLICAS));
    total = s->n_active + s->n_terminating;
    is_waiting = is_held(s, desired) || gives_way(s, desired);
    if (s->template && total < desired && !is_waiting)
        is_creating = create_missing(s, desired - total);
    else if (s->n_active > desired)
        delete_excess(s, s->n_active - desired);
    if (total >= desired)
        s->memory->n_slow = s->memory->n_tried = 0;
    if (!is_status_held(s, is_creating) && !ctl_gives_way(s->item, s->st))
        write_status(s);
    tell_progress(s, desired);
    return 0;
}

static struct pool_memory *memory_of(struct ctl_item *it)
{
    if (!it->memory)
        it->memory = calloc(1, sizeof(struct pool_memory));
    return it->memory;
}

void pool_look_at_all(struct ctl_item *it)
{
    struct pool_memory *m = it->memory;

    if (m)
        m->has_looked = false; /* without memory the next step looks anyway */
}

int pool_step(struct ctl *c, const struct store_object *o, struct ctl_item *it, struct step *st,
              struct err *err)
{
    struct census s = {.c = c, .item = it, .pool = o, .st = st, .memory = memory_of(it)};
    int r;

    if (!o || o->is_deleting)
        return 0;
    if (!s.memory)
        return err_oom(err);
    st->batch.separate = c->opts.is_cluster;
    obj_hash(o->name, s.pool_hash);
    s.recreate = strcmp(obj_str_or(o->json, "spec.updateStrategy.type", ""), "Recreate") == 0;
    r = balance(&s, err);
    census_done(&s);
    return r;
}
