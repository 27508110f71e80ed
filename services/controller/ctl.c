#include "services/controller/ctl.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "services/controller/ctl_wake.h"
#include "services/controller/ctl_work.h"
#include "services/controller/names.h"
#include "services/controller/podmeta.h"
#include "services/controller/spans.h"

typedef int (*step_fn)(struct ctl *c, const struct store_object *o, struct ctl_item *it,
                       struct step *st, struct err *err);

static const struct {
    const char *kind;
    step_fn step;
    const char *span; /* the reference's; NULL: its steps are not traced */
} queues[Q_N] = {
    [Q_CLAIM] = {KIND_CLAIM, claim_step, "ReconcileSandboxClaim"},
    [Q_SANDBOX] = {KIND_SANDBOX, sandbox_step, "ReconcileSandbox"},
    [Q_POD] = {KIND_POD, pod_step, NULL},
    [Q_POOL] = {KIND_POOL, pool_step, NULL},
    [Q_TEMPLATE] = {KIND_TEMPLATE, template_step, "ReconcileSandboxTemplate"},
};

enum { LOOK_ALL_FIRST_MS = 50, LOOK_ALL_MAX_MS = 5000 };
enum { FIRST_RETRY_MS = 5, MAX_RETRY_MS = 30 * 1000, MAX_SLEEP_MS = 60 * 1000 };

/* ---- time ---- */

uint64_t ctl_now_ms(const struct ctl *c)
{
    return c->opts.clock.now_ms ? c->opts.clock.now_ms(c->opts.clock.user) : clock_monotonic_ms();
}

int64_t ctl_now_ns(const struct ctl *c)
{
    return c->opts.clock.now_ns ? c->opts.clock.now_ns(c->opts.clock.user)
                                : (int64_t)clock_realtime_ns();
}

void ctl_format_nano(int64_t ns, char ret[40])
{
    char seconds[32];

    clock_format_rfc3339(ns / 1000000000, seconds, sizeof(seconds));
    (void)snprintf(ret, 40, "%.19s.%09uZ", seconds, (unsigned)(ns % 1000000000));
}

void step_again(struct step *st, uint64_t wait_ms)
{
    /* Long waits are cut, so that a wall clock that is set is noticed within a minute. */
    st->again_ms = MIN(st->again_ms, MIN(wait_ms, (uint64_t)MAX_SLEEP_MS));
}

/* ---- the heap of things that wait for a time ---- */

static void heap_put(struct ctl *c, size_t i, struct ctl_item *it)
{
    c->heap[i] = it;
    it->heap_at = i + 1;
}

static void heap_up(struct ctl *c, size_t i, struct ctl_item *it)
{
    for (; i > 0 && c->heap[(i - 1) / 2]->due_ms > it->due_ms; i = (i - 1) / 2)
        heap_put(c, i, c->heap[(i - 1) / 2]);
    heap_put(c, i, it);
}

static void heap_down(struct ctl *c, size_t i, struct ctl_item *it)
{
    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= c->n_heap)
            break;
        if (child + 1 < c->n_heap && c->heap[child + 1]->due_ms < c->heap[child]->due_ms)
            child++;
        if (c->heap[child]->due_ms >= it->due_ms)
            break;
        heap_put(c, i, c->heap[child]);
        i = child;
    }
    heap_put(c, i, it);
}

static void heap_remove(struct ctl *c, struct ctl_item *it)
{
    size_t i = it->heap_at;
    struct ctl_item *last;

    if (i == 0)
        return;
    it->heap_at = 0;
    it->due_ms = CLOCK_NEVER;
    last = c->heap[--c->n_heap];
    if (last == it)
        return;
    i--;
    if (i > 0 && c->heap[(i - 1) / 2]->due_ms > last->due_ms)
        heap_up(c, i, last);
    else
        heap_down(c, i, last);
}

static int heap_add(struct ctl *c, struct ctl_item *it, uint64_t due_ms)
{
    heap_remove(c, it);
    if (due_ms == CLOCK_NEVER)
        return 0;
    if (c->n_heap == c->cap_heap) {
        size_t cap = c->cap_heap ? 2 * c->cap_heap : 64;
        struct ctl_item **heap = realloc(c->heap, cap * sizeof(*heap));

        if (!heap)
            return -1;
        c->heap = heap;
        c->cap_heap = cap;
    }
    it->due_ms = due_ms;
    heap_up(c, c->n_heap++, it);
    return 0;
}

uint64_t ctl_deadline_ms(const struct ctl *c)
{
    uint64_t at = MIN(c->look_all_ms, ctl_late_deadline_ms(c));

    at = MIN(at, c->series_ms);
    return MIN(at, c->n_heap ? c->heap[0]->due_ms : CLOCK_NEVER);
}

/* A mark or a date found no memory: what was to be looked at is not known any more, so everything
 * is, soon. */
static void forgot(struct ctl *c)
{
    if (c->look_all_ms != CLOCK_NEVER)
        return;
    c->look_all_wait_ms =
        MIN(MAX(2 * c->look_all_wait_ms, (uint32_t)LOOK_ALL_FIRST_MS), (uint32_t)LOOK_ALL_MAX_MS);
    c->look_all_ms = ctl_now_ms(c) + c->look_all_wait_ms;
    if (c->timer)
        loop_timer_arm(c->timer, ctl_deadline_ms(c));
}

static void look_again(struct ctl *c, struct ctl_item *it, uint64_t wait_ms)
{
    if (heap_add(c, it, ctl_now_ms(c) + wait_ms) < 0)
        forgot(c);
}

/* ---- items ---- */

static void item_free(struct ctl_item *it)
{
    if (!it)
        return;
    heap_remove(it->ctl, it);
    list_remove(&it->dirty);
    list_remove(&it->late);
    claim_memo_free(it->memo);
    free(it->problem);
    free(it->memory);
    free(it);
}

static void item_key(char *ret, size_t n, enum ctl_queue q, const char *ns, const char *name)
{
    (void)snprintf(ret, n, "%d/%s/%s", (int)q, ns, name); /* names are at most 253 bytes each */
}

static struct ctl_item *item_make(struct ctl *c, enum ctl_queue q, const char *ns, const char *name)
{
    size_t n_ns = strlen(ns) + 1, n_name = strlen(name) + 1;
    struct ctl_item *it;
    char key[560];

    item_key(key, sizeof(key), q, ns, name);
    it = map_get(&c->items, key);
    if (it)
        return it;

    it = calloc(1, sizeof(*it) + n_ns + n_name);
    if (!it)
        return NULL;
    it->ctl = c;
    it->queue = q;
    it->due_ms = CLOCK_NEVER;
    list_init(&it->dirty);
    list_init(&it->late);
    it->ns = memcpy(it + 1, ns, n_ns);
    it->name = memcpy((char *)(it + 1) + n_ns, name, n_name);
    if (map_set(&c->items, key, it, NULL, NULL) < 0) {
        free(it);
        return NULL;
    }
    return it;
}

/* Forgets an item whose object is gone and that nothing keeps. */
static void item_drop_if_gone(struct ctl_item *it)
{
    struct ctl *c = it->ctl;
    char key[560];

    if (it->is_busy || it->is_dirty || it->heap_at ||
        store_get(c->store, queues[it->queue].kind, it->ns, it->name))
        return;
    item_key(key, sizeof(key), it->queue, it->ns, it->name);
    (void)map_remove(&c->items, key);
    item_free(it);
}

static void arm(struct ctl *c)
{
    if (c->timer)
        loop_timer_arm(c->timer, ctl_deadline_ms(c));
}

/* Not yet again: it is due a little later. */
static bool is_paced(struct ctl_item *it)
{
    struct ctl *c = it->ctl;
    uint64_t due_ms = it->stepped_ms + c->opts.pool_pace_ms;

    if (it->queue != Q_POOL || !it->stepped_ms || ctl_now_ms(c) >= due_ms)
        return false;
    if ((!it->heap_at || it->due_ms > due_ms) && heap_add(c, it, due_ms) < 0)
        forgot(c);
    arm(c);
    return true;
}

void ctl_item_mark(struct ctl_item *it)
{
    struct ctl *c = it->ctl;

    if (it->is_dirty || (!it->is_busy && is_paced(it)))
        return;
    it->is_dirty = true;
    if (it->is_busy)
        return; /* its done puts it on the list */
    list_push_back(&c->dirty[it->queue], &it->dirty);
    ctl_work_added(c->work, it);
    loop_task_schedule(c->task);
}

void ctl_wake(struct ctl *c, enum ctl_queue q, const char *ns, const char *name)
{
    struct ctl_item *it = item_make(c, q, ns, name);

    if (it)
        ctl_item_mark(it);
    else
        forgot(c);
}

void ctl_wake_pools_of_hash(struct ctl *c, const char *ns, const char *hash)
{
    struct store_query q = {.kind = KIND_POOL, .ns = ns};
    char own[9];

    STORE_FOREACH(pool, c->store, &q)
    {
        struct ctl_item *it;

        if (strcmp(obj_hash(pool->name, own), hash) != 0)
            continue;
        it = item_make(c, Q_POOL, ns, pool->name);
        if (!it) {
            forgot(c);
            continue;
        }
        pool_look_at_all(it);
        ctl_item_mark(it);
    }
}

/* ---- one step ---- */

static uint64_t retry_ms(struct ctl_item *it)
{
    uint64_t wait = (uint64_t)FIRST_RETRY_MS << MIN(it->n_fails, 13);

    ctl_work_retried(it->ctl->work, it);
    if (it->n_fails < UINT8_MAX)
        it->n_fails++;
    return MIN(wait, (uint64_t)MAX_RETRY_MS);
}

static void log_failure(const struct ctl_item *it, const struct err *err)
{
    if (it->n_fails == 0 || it->n_fails >= 8)
        log_warn("reconcile failed, trying again", LOG_S("kind", queues[it->queue].kind),
                 LOG_S("namespace", it->ns), LOG_S("name", it->name), LOG_ERR(err));
}

static void item_failed(struct ctl_item *it, const struct err *err)
{
    log_failure(it, err);
    look_again(it->ctl, it, retry_ms(it));
}

static void settle_taken(struct ctl_item *it)
{
    if (!it->taken_uid[0])
        return;
    claim_settle(it->ctl, it->ns, it->name, it->taken_uid);
    it->taken_uid[0] = '\0';
}

/* Keeps what the API said, for the status; out of memory keeps what it can. */
static void add_problem(struct ctl_item *it, const struct err *err)
{
    char *text;

    if (it->problem && strstr(it->problem, err->msg))
        return;
    if (asprintf(&text, "%s%s%s", it->problem ? it->problem : "", it->problem ? "\n" : "",
                 err->msg) < 0)
        return;
    it->is_invalid = err->code == RPC_INVALID_ARGUMENT && (!it->problem || it->is_invalid);
    free(it->problem);
    it->problem = text;
}

static void forget_problem(struct ctl_item *it)
{
    free(it->problem);
    it->problem = NULL;
    it->told[0] = '\0';
    it->must_tell = false;
}

/* One call of the batch was answered. */
static void note_answer(struct ctl_item *it, const struct err *err)
{
    if (!err)
        return;
    if (err->code == RPC_ALREADY_EXISTS)
        it->was_refused = true;
    if (err->code == RPC_ABORTED || err->code == RPC_NOT_FOUND || err->code == RPC_ALREADY_EXISTS) {
        it->outcome = MAX(it->outcome, (uint8_t)WRITE_MOVED); /* the world moved on */
        return;
    }
    if (!it->is_telling && it->outcome != WRITE_FAILED) { /* that of the attempt before */
        free(it->problem);
        it->problem = NULL;
    }
    it->outcome = WRITE_FAILED;
    log_failure(it, err);
    if (!it->is_telling)
        add_problem(it, err);
}

/*
 * After a success the next move may be due, so the item is stepped again. After a failure it is too
 * when the failure is news, to say so in its status; it is tried again later.
 */
static bool is_next_at_once(struct ctl_item *it)
{
    char hash[9];

    if (it->outcome != WRITE_FAILED)
        return !it->heap_at;
    if (it->is_telling) {
        it->told[0] = '\0'; /* it was not told */
        return false;
    }
    if (!it->ctl->opts.is_cluster || !it->problem ||
        strcmp(obj_hash(it->problem, hash), it->told) == 0)
        return false;
    memcpy(it->told, hash, sizeof(hash));
    it->must_tell = true;
    return true;
}

static void batch_ended(struct ctl_item *it, const struct store_result *res)
{
    struct ctl *c = it->ctl;

    it->is_busy = false;
    c->n_busy--;
    ctl_work_ended(c->work, it,
                   it->outcome == WRITE_OK      ? WORK_SUCCESS
                   : it->outcome == WRITE_MOVED ? WORK_REQUEUE
                                                : WORK_ERROR);
    if (it->is_urgent)
        ctl_claim_ended(c);
    settle_taken(it);
    if (it->queue == Q_CLAIM)
        claim_written(c, it, res);
    if (it->outcome == WRITE_OK) {
        if (!it->is_telling) {
            it->n_fails = 0;
            forget_problem(it);
        }
    } else {
        uint64_t wait = retry_ms(it);

        if (!it->is_telling)
            it->retry_ms = ctl_now_ms(c) + wait;
        look_again(c, it, wait);
    }

    arm(c);
    if (it->is_dirty || is_next_at_once(it)) {
        it->is_dirty = false;
        ctl_item_mark(it);
    }
}

static void on_written(const struct store_result *res, void *user)
{
    struct ctl_item *it = user;

    note_answer(it, res->err);
    if (--it->n_writes == 0)
        batch_ended(it, res);
}

/* True when the batch is under way. */
static bool item_write(struct ctl_item *it, struct step *st)
{
    struct err err;
    int r;

    /* Steps are made again from the world after a crash, all but the one that decides whose a
     * sandbox is. */
    st->batch.relaxed = !it->taken_uid[0];
    st->batch.hurry = st->hurry;
    it->is_urgent = it->queue == Q_CLAIM && st->hurry != STORE_HURRY_LAST;
    it->outcome = WRITE_OK;
    it->was_refused = false;
    it->is_telling = st->is_telling;
    r = batch_write(&st->batch, it->ctl->store, on_written, it, &err);
    it->n_writes = (uint8_t)st->batch.n_queued;
    if (it->is_urgent && it->n_writes > 0)
        ctl_claim_began(it->ctl);
    if (r == 0)
        return true;
    if (it->n_writes > 0) { /* the rest is for the next step */
        note_answer(it, &err);
        return true;
    }
    settle_taken(it);
    item_failed(it, &err);
    return false;
}

/* The step inside its span; what it wants to write is written outside of it. */
static int run_step(struct ctl_item *it, struct step *st, struct err *err)
{
    struct ctl *c = it->ctl;
    const struct store_object *o = store_get(c->store, queues[it->queue].kind, it->ns, it->name);
    struct span span;
    int r;

    span_begin(&span, o && queues[it->queue].span ? c->spans : NULL, queues[it->queue].span,
               o && c->spans ? obj_annotation(o->json, A_TRACE) : NULL);
    if (it->queue == Q_SANDBOX) {
        span_attr(&span, "sandbox.name", it->name);
        span_attr(&span, "sandbox.namespace", it->ns);
    }
    if (span.spans && obj_label(o->json, L_CREATED_BY))
        span_attr(&span, L_CREATED_BY, podmeta_created_by(obj_label(o->json, L_CREATED_BY)));
    r = queues[it->queue].step(c, o, it, st, err);
    if (r == 0 && st->batch.oom)
        r = err_oom(err);
    span_end(&span, r < 0 ? err : NULL);
    return r;
}

static void item_step(struct ctl_item *it)
{
    struct ctl *c = it->ctl;
    struct step st = {.again_ms = CLOCK_NEVER};
    struct err err = {0};
    bool is_writing = false, is_failed;
    int r;

    it->is_dirty = false;
    it->stepped_ms = c->opts.pool_pace_ms ? ctl_now_ms(c) : 0;
    it->is_busy = true; /* what wakes it from inside the step steps it afterwards */
    c->n_busy++;
    ctl_work_began(c->work, it);
    heap_remove(c, it);
    list_remove(&it->late);
    batch_init(&st.batch);
    r = run_step(it, &st, &err);
    if (!st.has_given_way)
        it->late_since_ms = 0;
    if (st.again_ms != CLOCK_NEVER)
        look_again(c, it, st.again_ms);
    if (r < 0) {
        settle_taken(it);
        item_failed(it, &err);
    } else if (st.batch.n > 0) {
        is_writing = item_write(it, &st);
    } else if (!st.is_telling) {
        it->n_fails = 0;
        it->was_refused = false;
        forget_problem(it);
    }
    is_failed = r < 0 || (st.batch.n > 0 && !is_writing);
    batch_done(&st.batch);
    if (is_writing)
        return;
    it->is_busy = false;
    c->n_busy--;
    ctl_work_ended(c->work, it,
                   is_failed                    ? WORK_ERROR
                   : st.again_ms != CLOCK_NEVER ? WORK_REQUEUE_AFTER
                                                : WORK_SUCCESS);
    if (it->is_dirty) {
        it->is_dirty = false;
        ctl_item_mark(it);
    }
    item_drop_if_gone(it); /* Careful: it may be gone here. */
}

static void take_due(struct ctl *c)
{
    uint64_t now = ctl_now_ms(c);

    while (c->n_heap && c->heap[0]->due_ms <= now) {
        struct ctl_item *it = c->heap[0];

        heap_remove(c, it);
        ctl_item_mark(it);
    }
}

static void mark_all(struct ctl *c)
{
    for (int q = 0; q < Q_N; q++) {
        struct store_query query = {.kind = queues[q].kind};

        if (q == Q_POD && c->opts.is_cluster)
            continue; /* the kubelets' */
        STORE_FOREACH(o, c->store, &query)
        {
            if (q == Q_SANDBOX)
                members_update(&c->members, o);
            ctl_wake(c, (enum ctl_queue)q, o->ns, o->name);
        }
    }
    claim_hold_all(c);
}

static void look_at_all(struct ctl *c)
{
    c->look_all_ms = CLOCK_NEVER;
    c->members.is_incomplete = false;
    mark_all(c);
    if (c->look_all_ms == CLOCK_NEVER && !c->members.is_incomplete)
        c->look_all_wait_ms = 0;
}

void ctl_process(struct ctl *c)
{
    if (c->is_stopped)
        return;
    if (ctl_now_ms(c) >= c->look_all_ms)
        look_at_all(c);
    take_due(c);
    ctl_late_process(c);
    ctl_record_process(c);
    for (int q = 0; q < Q_N; q++) {
        struct list now = LIST_INIT(now);
        struct list *link;

        /* Only those that are dirty now: what a step makes dirty comes with the next round. */
        while ((link = list_pop_front(&c->dirty[q])))
            list_push_back(&now, link);
        while ((link = list_pop_front(&now)))
            item_step(CONTAINER_OF(link, struct ctl_item, dirty));
    }
    arm(c);
}

bool ctl_is_idle(const struct ctl *c)
{
    for (int q = 0; q < Q_N; q++)
        if (!list_is_empty(&c->dirty[q]))
            return false;
    return c->n_busy == 0;
}

/* ---- listeners ---- */

void ctl_listen(struct ctl *c, struct ctl_listener *l)
{
    list_init(&l->link);
    list_push_back(&c->listeners, &l->link);
}

void ctl_unlisten(struct ctl_listener *l)
{
    if (l->link.next)
        list_remove(&l->link);
}

void ctl_tell_sandbox(struct ctl *c, const char *ns, const char *name, const char *uid)
{
    LIST_FOREACH_SAFE(it, &c->listeners)
    {
        struct ctl_listener *l = CONTAINER_OF(it, struct ctl_listener, link);

        if (l->on_sandbox)
            l->on_sandbox(ns, name, uid, l->user);
    }
}

void ctl_tell_claim(struct ctl *c, const char *ns, const char *name)
{
    LIST_FOREACH_SAFE(it, &c->listeners)
    {
        struct ctl_listener *l = CONTAINER_OF(it, struct ctl_listener, link);

        if (l->on_claim)
            l->on_claim(ns, name, l->user);
    }
}

/* ---- life ---- */

/*
 * A step is not urgent, an answer is: what the commit that woke us has to tell its callers leaves
 * in this turn of the loop, and the steps run in the next.
 */
static void on_task(struct loop_task *t, void *user)
{
    struct ctl *c = user;

    c->is_next_turn = !c->is_next_turn;
    if (c->is_next_turn)
        loop_task_schedule(t);
    else
        ctl_process(c);
}

static void on_timer(struct loop_timer *t _unused_, void *user)
{
    ctl_process(user);
}

static void on_event(const struct store_event *ev, void *user)
{
    ctl_on_event(user, ev);
}

static void prune_status(json_t *o)
{
    (void)json_object_del(o, "status"); /* absent is fine */
}

static void prune_all_but_metadata(json_t *o)
{
    prune_status(o);
    (void)json_object_del(o, "spec"); /* absent is fine */
}

/* What a cluster has beside the kinds of every store. */
static const struct store_kind cluster_kinds[] = {
    {.name = KIND_SERVICE,
     .api_version = "v1",
     .noun = "Service",
     .has_status = true,
     .prune = prune_status},
    {.name = KIND_PVC,
     .api_version = "v1",
     .noun = "PersistentVolumeClaim",
     .has_status = true,
     .prune = prune_all_but_metadata},
    {.name = KIND_POLICY,
     .api_version = API_POLICY,
     .noun = "NetworkPolicy",
     .plural = "networkpolicies"},
};

static int register_cluster_kinds(struct store *store, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(cluster_kinds); i++)
        if (!store_find_kind(store, cluster_kinds[i].name) &&
            store_register_kind(store, &cluster_kinds[i], err) < 0)
            return -1;
    return 0;
}

int ctl_init(struct ctl *c, struct loop *loop, struct store *store, const struct ctl_opts *opts,
             struct err *err)
{
    *c = (struct ctl){.store = store, .loop = loop, .look_all_ms = CLOCK_NEVER};
    if (opts)
        c->opts = *opts;
    if (c->opts.readiness_grace_s == 0)
        c->opts.readiness_grace_s = 300;
    if (c->opts.max_refill_batch == 0)
        c->opts.max_refill_batch = 32;
    if (!c->opts.label_domains)
        c->opts.label_domains = "sandbox.users.io";
    if (!c->opts.cluster_domain)
        c->opts.cluster_domain = "cluster.local";
    if (c->opts.unschedulable_recheck_s == 0)
        c->opts.unschedulable_recheck_s = 60;
    map_init(&c->items);
    list_init(&c->listeners);
    for (int q = 0; q < Q_N; q++)
        list_init(&c->dirty[q]);
    ctl_late_init(&c->late);
    c->series_ms = CLOCK_NEVER;
    members_init(&c->members);
    events_init(&c->events);
    if (c->opts.is_cluster && register_cluster_kinds(store, err) < 0)
        return -1;
    if (loop_task_new(&c->task, loop, on_task, c, err) < 0)
        return -1;
    return c->opts.clock.now_ms ? 0 : loop_timer_new(&c->timer, loop, on_timer, c, err);
}

int ctl_start(struct ctl *c, struct err *err)
{
    if (store_watch_new(&c->watch, c->store, NULL, on_event, c, err) < 0)
        return -1;
    mark_all(c);
    return 0;
}

void ctl_stop(struct ctl *c)
{
    ctl_late_flush(c);
    c->is_stopped = true;
    if (c->timer)
        loop_timer_disarm(c->timer);
}

void ctl_done(struct ctl *c)
{
    store_watch_free(c->watch);
    MAP_FOREACH(it, &c->items)
    {
        struct ctl_item *item = map_entry_value(it);

        store_forget(c->store, item);
        item_free(item);
    }
    map_done(&c->items);
    free(c->heap);
    ctl_late_done(&c->late);
    loop_task_free(c->task);
    loop_timer_free(c->timer);
    members_done(&c->members);
    events_done(&c->events);
}
