/*
 * A call of store_write() goes through its ops one after another:
 *
 *     READY --(nobody writes the object)--> SENT --(answered)--> READY … --> answered
 *       |  ^                                  |
 *       v  |                                  +--(a create's answer is lost)--> LOOKING
 *     WAITING (for the call that writes the object)
 *
 * Two ops on one object never run at once: the second one's difference is to what the first one
 * leaves. Whoever waits for an object gets it in the order of the calls. Everything is stepped by
 * one task of the loop, so `done` is never called from inside store_write().
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/loop/loop.h"
#include "lib/store/kube_impl.h"

enum { LOOK_MS = 200, LOOK_MAX_MS = 2000, LOOK_TRIES = 6 };

enum write_state { WRITE_READY, WRITE_WAITING, WRITE_SENT, WRITE_LOOKING };

struct kube_write {
    struct kube_store *ks;
    struct list link;  /* ks->writes                           */
    struct list queue; /* ks->ready, or the waiters of another */
    struct list waiters;
    enum write_state state;
    struct store_call *call;
    enum kube_lane lane;
    size_t at; /* the op */
    bool is_named, holds;
    struct kube_plan plan;
    char key[KUBE_STORE_KEY_MAX];
    struct kube_call *http;
    struct err lost; /* LOOKING: what became of the create */
    unsigned n_looks;
    struct loop_timer *timer; /* LOOKING, made when needed */
};

static const unsigned moves[] = {
    [WRITE_READY] = 1 << WRITE_WAITING | 1 << WRITE_SENT,
    [WRITE_WAITING] = 1 << WRITE_READY,
    [WRITE_SENT] = 1 << WRITE_READY | 1 << WRITE_LOOKING,
    [WRITE_LOOKING] = 1 << WRITE_READY,
};

static void enter(struct kube_write *w, enum write_state to)
{
    if (!(moves[w->state] & 1u << to))
        abort();
    w->state = to;
}

static void make_ready(struct kube_write *w)
{
    enter(w, WRITE_READY);
    list_push_back(&w->ks->ready, &w->queue);
    loop_task_schedule(w->ks->task);
}

static void write_free(struct kube_write *w)
{
    if (w->http)
        kube_call_cancel(w->http);
    loop_timer_free(w->timer);
    kube_plan_done(&w->plan);
    list_remove(&w->queue);
    list_remove(&w->link);
    store_call_free(w->call);
    free(w);
}

/* ---- one object at a time ---- */

/* Returns whether the object is ours now; if not, we wait for it. */
static int hold(struct kube_write *w, struct err *err)
{
    const struct kube_plan *p = &w->plan;
    struct kube_write *holder;

    if (w->holds)
        return 1;
    (void)snprintf(w->key, sizeof(w->key), "%s/%s/%s", p->kind->kind->name, p->ns, p->name);
    holder = map_get(&w->ks->busy, w->key);
    if (holder) {
        list_push_back(&holder->waiters, &w->queue);
        enter(w, WRITE_WAITING);
        return 0;
    }
    if (map_set(&w->ks->busy, w->key, w, NULL, err) < 0)
        return -1;
    w->holds = true;
    return 1;
}

/* The first who waits has it next, and the others wait for him. */
static void release(struct kube_write *w)
{
    struct list *first;
    struct kube_write *next;

    if (!w->holds)
        return;
    w->holds = false;
    first = list_pop_front(&w->waiters);
    if (!first) {
        (void)map_remove(&w->ks->busy, w->key);
        return;
    }
    next = CONTAINER_OF(first, struct kube_write, queue);
    (void)map_set(&w->ks->busy, w->key, next, NULL, NULL); /* replaces: cannot fail */
    next->holds = true;
    while ((first = list_pop_front(&w->waiters)))
        list_push_back(&next->waiters, first);
    make_ready(next);
}

/* ---- the end of an op, and of the call ---- */

static void answer(struct kube_write *w)
{
    release(w);
    store_call_answer(w->call);
    write_free(w);
}

static void fail(struct kube_write *w, const struct err *err)
{
    w->call->has_failed = true;
    w->call->failed = w->at;
    w->call->err = *err;
    answer(w);
}

/* o: what the op left, referenced for us. */
static void op_done(struct kube_write *w, struct store_object *o)
{
    w->call->objects[w->at++] = o;
    release(w);
    kube_plan_done(&w->plan);
    w->is_named = false;
    if (w->at == w->call->n_ops)
        answer(w);
    else if (w->state == WRITE_READY)
        list_push_back(&w->ks->ready, &w->queue);
    else
        make_ready(w);
}

/* ---- answers ---- */

/* What a DELETE's answer says is left: an object that waits for finalizers or its grace. */
static bool is_left(const json_t *o)
{
    return meta_get(o, "metadata.deletionTimestamp") &&
           (json_array_size(meta_get(o, "metadata.finalizers")) > 0 ||
            meta_int(o, "metadata.deletionGracePeriodSeconds", 0) > 0);
}

static int take_deleted(struct kube_write *w, json_t *o, struct store_object **ret, struct err *err)
{
    const struct kube_plan *p = &w->plan;
    const struct store_object *now = NULL;
    bool is_object = strcmp(meta_str(o, "kind", ""), p->kind->kind->name) == 0;

    if (is_object)
        kube_prune(p->kind->kind, o);
    if (is_object && is_left(o)) {
        if (kube_cache_put(p->kind, o, false, &now, err) < 0)
            return -1;
        *ret = store_object_ref(now ? now : p->old);
        return 0;
    }
    *ret = store_object_ref(p->old);
    return kube_cache_drop(p->kind, p->ns, p->name, p->old->uid,
                           is_object && strcmp(p->old->uid, meta_uid(o)) == 0 ? o : NULL, err);
}

static int take_object(struct kube_write *w, json_t *o, struct store_object **ret, struct err *err)
{
    const struct kube_plan *p = &w->plan;
    const struct store_object *now = NULL;

    if (!meta_uid(o)[0] || strcmp(meta_name(o), p->name) != 0 || strcmp(meta_ns(o), p->ns) != 0)
        return err_set(err, RPC_UNAVAILABLE, "ApiServerError",
                       "the API server answered a write of %s \"%s\" with another object",
                       p->kind->kind->name, p->name);
    kube_prune(p->kind->kind, o);
    /* The last finalizer went: the answer is its last state. */
    if (p->kind->watch && meta_get(o, "metadata.deletionTimestamp") && !is_left(o)) {
        *ret = store_object_new(p->kind->kind, o, err);
        return *ret ? kube_cache_drop(p->kind, p->ns, p->name, meta_uid(o), o, err) : -1;
    }
    if (p->kind->watch && kube_cache_put(p->kind, o, false, &now, err) < 0)
        return -1;
    /* Not kept in memory, or gone again already: it is what was answered. */
    *ret = now ? store_object_ref(now) : store_object_new(p->kind->kind, o, err);
    return *ret ? 0 : -1;
}

static void succeed(struct kube_write *w, json_t *body)
{
    _cleanup_(store_object_unrefp) struct store_object *o = NULL;
    struct err err;
    int r;

    if (w->plan.method == KUBE_DELETE)
        r = take_deleted(w, body, &o, &err);
    else
        r = take_object(w, body, &o, &err);
    if (r < 0)
        fail(w, &err);
    else
        op_done(w, TAKE_PTR(o));
}

/* The text of an answer: built only when it is news. */
static void succeed_text(struct kube_write *w, const struct kube_result *res)
{
    const struct kube_plan *p = &w->plan;
    const struct store_object *now = NULL;
    _cleanup_json_ json_t *body = NULL;
    struct err err;

    /* One that is being deleted may be gone by this answer, which take_object() finds out. */
    if (p->method != KUBE_DELETE && p->kind->watch && res->ident &&
        strcmp(res->ident->name, p->name) == 0 && strcmp(res->ident->ns, p->ns) == 0 &&
        kube_cache_knows(p->kind, res->ident, false, &now) && now && !now->is_deleting) {
        op_done(w, store_object_ref(now));
        return;
    }
    body = json_read(res->text, res->n_text, res->n_text, kube_sieve(p->kind->kind), &err);
    if (body && !json_is_object(body))
        (void)err_set(&err, RPC_UNAVAILABLE, "ApiServerError",
                      "the API server's answer to a write is no JSON object");
    if (json_is_object(body))
        succeed(w, body);
    else
        fail(w, &err);
}

static void look_later(struct kube_write *w);

static void on_looked(const struct kube_result *res, void *user)
{
    struct kube_write *w = user;

    w->http = NULL;
    if (!res->err && kube_plan_is_done(&w->plan, res->body))
        succeed(w, res->body);
    else if (!res->err || res->err->code == RPC_NOT_FOUND || w->n_looks >= LOOK_TRIES)
        fail(w, &w->lost);
    else
        look_later(w);
}

static void on_look(struct loop_timer *t, void *user)
{
    struct kube_write *w = user;
    const struct kube_request req = {.method = KUBE_GET,
                                     .resource = &w->plan.kind->resource,
                                     .ns = w->plan.ns,
                                     .name = w->plan.name,
                                     .lane = w->lane};
    struct err err;

    (void)t;
    if (kube_call(&w->http, w->ks->client, &req, on_looked, w, &err) < 0) {
        w->http = NULL;
        fail(w, &w->lost);
    }
}

static void look_later(struct kube_write *w)
{
    uint64_t wait_ms = MIN((uint64_t)LOOK_MS << w->n_looks, (uint64_t)LOOK_MAX_MS);

    w->n_looks++;
    loop_timer_arm(w->timer, clock_add(loop_now_ms(w->ks->store.loop), wait_ms));
}

/* A create may have happened: looks for what it would have made. */
static void look(struct kube_write *w, const struct err *lost)
{
    struct err err;

    w->lost = *lost;
    w->n_looks = 0;
    if (!w->timer && loop_timer_new(&w->timer, w->ks->store.loop, on_look, w, &err) < 0) {
        fail(w, lost);
        return;
    }
    enter(w, WRITE_LOOKING);
    look_later(w);
}

/* 404: in the store's own words. A DELETE then tells what memory did not know. */
static void fail_not_found(struct kube_write *w)
{
    const struct kube_plan *p = &w->plan;
    const struct store_object *old = store_get(&w->ks->store, p->kind->kind->name, p->ns, p->name);
    struct err err, ignored;

    (void)store_not_found(&w->ks->store, p->kind->kind->name, p->ns, p->name, &err);
    if (p->method == KUBE_DELETE && old)
        (void)kube_cache_drop(p->kind, p->ns, p->name, old->uid, NULL, &ignored); /* or the watch */
    fail(w, &err);
}

static void on_answer(const struct kube_result *res, void *user)
{
    struct kube_write *w = user;

    w->http = NULL;
    if (!res->err && res->text)
        succeed_text(w, res);
    else if (!res->err)
        fail(w, &(struct err){.code = RPC_UNAVAILABLE,
                              .reason = "ApiServerError",
                              .msg = "the API server's answer to a write is empty"});
    else if (res->is_uncertain && w->plan.method == KUBE_POST && w->plan.kind->watch)
        look(w, res->err);
    else if (res->status == 404 && w->plan.method != KUBE_POST)
        fail_not_found(w);
    else
        fail(w, res->err);
}

/* ---- stepping ---- */

/* A claim that has been begun is finished before the next one is: of many at once half are ready
 * after half of the time, and not all at its end. */
static bool is_begun(const struct kube_write *w)
{
    const struct store_op *op = &w->call->ops[w->at];

    return w->at > 0 || (op->type == STORE_UPDATE_STATUS && strcmp(op->kind, "SandboxClaim") == 0);
}

static void send_plan(struct kube_write *w)
{
    const struct kube_plan *p = &w->plan;
    const struct kube_request req = {.method = p->method,
                                     .resource = &p->kind->resource,
                                     .ns = p->ns,
                                     .name = p->method == KUBE_POST ? NULL : p->name,
                                     .subresource = p->subresource,
                                     .body = p->body,
                                     .max_body_bytes = LIMIT_OBJECT,
                                     .is_ahead = is_begun(w),
                                     .wants_text = true,
                                     .lane = w->lane};
    struct err err;

    enter(w, WRITE_SENT);
    if (kube_call(&w->http, w->ks->client, &req, on_answer, w, &err) < 0) {
        w->http = NULL;
        fail(w, &err);
    }
}

static void step(struct kube_write *w)
{
    const struct store_op *op = &w->call->ops[w->at];
    const struct store_object *o;
    struct err err;
    int r;

    if (!w->is_named && kube_plan_name(w->ks, op, &w->plan, &err) < 0) {
        fail(w, &err);
        return;
    }
    w->is_named = true;
    r = hold(w, &err);
    if (r == 0)
        return;
    if (r > 0)
        r = kube_plan_make(w->ks, op, &w->plan, &err);
    if (r < 0) {
        fail(w, &err);
        return;
    }
    if (r != KUBE_PLAN_NOTHING) {
        send_plan(w);
        return;
    }
    o = store_get(&w->ks->store, op->kind, w->plan.ns, w->plan.name);
    op_done(w, o ? store_object_ref(o) : NULL);
}

static void on_task(struct loop_task *t, void *user)
{
    struct kube_store *ks = user;
    struct list *e;

    (void)t;
    while ((e = list_pop_front(&ks->ready)))
        step(CONTAINER_OF(e, struct kube_write, queue));
}

/* ---- the store's ways in ---- */

static enum kube_lane default_lane(const struct store_op *op)
{
    if (op->hurry != STORE_HURRY_BY_KIND)
        return op->hurry == STORE_HURRY_FIRST ? KUBE_LANE_FIRST : KUBE_LANE_REST;
    if (strcmp(op->kind, "SandboxClaim") == 0)
        return KUBE_LANE_FIRST;
    return strcmp(op->kind, "Sandbox") == 0 && (op->type == STORE_PATCH || op->type == STORE_UPDATE)
               ? KUBE_LANE_FIRST
               : KUBE_LANE_REST;
}

static int kube_write(struct store *s, const struct store_op *ops, size_t n_ops, store_done_fn done,
                      void *user, struct err *err)
{
    struct kube_store *ks = CONTAINER_OF(s, struct kube_store, store);
    struct kube_write *w = calloc(1, sizeof(*w));

    if (!w)
        return err_oom(err);
    w->call = store_call_new(ops, n_ops, err);
    if (!w->call) {
        free(w);
        return -1;
    }
    w->ks = ks;
    w->call->done = done;
    w->call->user = user;
    w->lane = ks->opts.lane ? ks->opts.lane(&ops[0], ks->opts.user) : default_lane(&ops[0]);
    list_init(&w->waiters);
    list_push_back(&ks->writes, &w->link);
    list_push_back(&ks->ready, &w->queue);
    loop_task_schedule(ks->task);
    return 0;
}

static void kube_forget(struct store *s, const void *user)
{
    const struct kube_store *ks = CONTAINER_OF(s, struct kube_store, store);

    LIST_FOREACH(it, &ks->writes)
    {
        struct kube_write *w = CONTAINER_OF(it, struct kube_write, link);

        if (w->call->user == user)
            w->call->done = NULL;
    }
}

static void kube_flush(struct store *s)
{
    (void)s; /* what is sent is on its way; nothing here can hurry it */
}

static bool kube_is_synced(const struct store *s)
{
    const struct kube_store *ks = CONTAINER_OF(s, struct kube_store, store);

    for (size_t i = 0; i < ks->n_kinds; i++)
        if (ks->kinds[i].watch && !kube_watch_is_synced(ks->kinds[i].watch))
            return false;
    return true;
}

/* ---- what the watches tell ---- */

static void on_listing(void *user)
{
    struct kube_kind *k = user;

    k->list++;
}

static int on_put(json_t *object, void *user, struct err *err)
{
    return kube_cache_put(user, object, true, NULL, err);
}

static int on_listed(uint64_t version, void *user, struct err *err)
{
    return kube_cache_sweep(user, version, err);
}

static int on_gone(json_t *object, void *user, struct err *err)
{
    return kube_cache_drop(user, meta_ns(object), meta_name(object), meta_uid(object), object, err);
}

static bool on_is_known(const struct kube_ident *id, void *user)
{
    return kube_cache_knows(user, id, true, NULL);
}

static void on_trouble(const struct err *err, unsigned wait_ms, void *user)
{
    const struct kube_kind *k = user;

    if (k->ks->opts.trouble)
        k->ks->opts.trouble(k->kind->name, err, wait_ms, k->ks->opts.user);
}

static void prune_pod_kind(json_t *o)
{
    static const struct store_kind pod = {.name = "Pod"};

    kube_prune(&pod, o);
}

static int start_watch(struct kube_kind *k, struct err *err)
{
    static const struct kube_watch_ops ops = {.listing = on_listing,
                                              .put = on_put,
                                              .listed = on_listed,
                                              .gone = on_gone,
                                              .trouble = on_trouble,
                                              .is_known = on_is_known};
    const struct kube_store *ks = k->ks;
    bool is_pod = strcmp(k->kind->name, "Pod") == 0;
    bool is_selected = is_pod || strcmp(k->kind->name, "Service") == 0;
    const struct kube_watch_opts opts = {
        .resource = &k->resource,
        .label_selector = is_selected ? ks->label_selector : NULL,
        .sieve = kube_sieve(k->kind),
        .prune = is_pod ? prune_pod_kind : k->kind->prune,
        .silence_ms = ks->opts.watch_silence_ms,
    };

    return kube_watch_new(&k->watch, ks->client, &opts, &ops, k, err);
}

/* ---- kinds ---- */

static void choose_plural(struct kube_kind *k)
{
    const char *given = k->kind->plural;
    size_t i = 0;

    for (const char *c = given ? given : k->kind->name; *c && i < sizeof(k->plural) - 2; c++)
        k->plural[i++] = (char)tolower((unsigned char)*c);
    if (!given)
        k->plural[i++] = 's';
    k->plural[i] = '\0';
}

static int kube_add_kind(struct store *s, const struct store_kind *kind, struct err *err)
{
    struct kube_store *ks = CONTAINER_OF(s, struct kube_store, store);
    struct kube_kind *k = &ks->kinds[ks->n_kinds];
    bool is_extension = strncmp(kind->api_version, "extensions.", 11) == 0;

    *k = (struct kube_kind){.ks = ks, .kind = kind};
    choose_plural(k);
    k->resource = (struct kube_resource){
        .api_version = kind->api_version, .plural = k->plural, .kind = kind->name};
    ks->n_kinds++;
    if (kind->is_write_only || (is_extension && ks->opts.without_extensions))
        return 0;
    return start_watch(k, err);
}

/* ---- making and unmaking ---- */

static void kube_free(struct store *s)
{
    struct kube_store *ks = CONTAINER_OF(s, struct kube_store, store);

    for (size_t i = 0; i < ks->n_kinds; i++)
        kube_watch_free(ks->kinds[i].watch);
    LIST_FOREACH_SAFE(it, &ks->writes)
    write_free(CONTAINER_OF(it, struct kube_write, link));
    map_done(&ks->busy);
    intern_done(&ks->shared);
    loop_task_free(ks->task);
    free(ks->label_selector);
}

static const struct store_ops kube_ops = {
    .write = kube_write,
    .forget = kube_forget,
    .flush = kube_flush,
    .is_synced = kube_is_synced,
    .add_kind = kube_add_kind,
    .free = kube_free,
};

static int start(struct kube_store *ks, const char *label_selector, struct err *err)
{
    intern_init(&ks->shared);
    /* Greater than whatever a process before this one has said. */
    ks->store.revision = clock_realtime_ns() / 1000;
    ks->store.past_from = ks->store.revision;
    ks->store.only_history = "SandboxClaim"; /* clients watch no other kind by way of us */
    if (label_selector && !(ks->label_selector = strdup(label_selector)))
        return err_oom(err);
    if (loop_task_new(&ks->task, ks->store.loop, on_task, ks, err) < 0)
        return -1;
    for (size_t i = 0; i < ks->store.n_tables; i++)
        if (kube_add_kind(&ks->store, ks->store.tables[i].kind, err) < 0)
            return -1;
    return 0;
}

int store_new_kube(struct store **ret, struct loop *loop, struct kube_client *client,
                   const struct store_kube_opts *opts, struct err *err)
{
    struct kube_store *ks = calloc(1, sizeof(*ks));
    int r;

    if (!ks)
        return err_oom(err);
    ks->client = client;
    if (opts)
        ks->opts = *opts;
    list_init(&ks->writes);
    list_init(&ks->ready);
    map_init(&ks->busy);
    r = store_init(&ks->store, &kube_ops, loop, err);
    if (r == 0)
        r = start(ks, opts ? opts->label_selector : NULL, err);
    if (r < 0) {
        store_free(&ks->store);
        return -1;
    }
    *ret = &ks->store;
    return 0;
}
