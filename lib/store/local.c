/*
 * The store whose truth is here, with a disk (SQLite) or without (memory).
 *
 * store_write() only queues. At the end of the loop round one commit takes all that was queued:
 * each call is staged op by op above what is in memory; a call that fails is unstaged and the
 * others go on; what is staged goes to disk in one transaction; then, and not before, memory
 * changes, watchers are told and the calls' `done`s are called. Staging allocates all that applying
 * needs, so after the disk has said yes nothing can fail.
 *
 * Garbage collection is done as Kubernetes does it, after the fact: what a round has deleted makes
 * its dependents candidates, and the next round deletes those whose owners are all gone. It needs
 * no record on disk: on loading, everything is a candidate.
 */
#include "lib/store/local.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/limits.h"
#include "lib/loop/loop.h"
#include "lib/store/apply.h"
#include "lib/store/call.h"

#define FLUSH_ROUNDS  64
#define FOREGROUND    "foregroundDeletion"
#define KEY_MAX_BYTES 640 /* kind, namespace and name at their longest */

/* One staged change; the same object may have several in one round. */
struct staged {
    struct list link;
    struct store_change change; /* its objects are referenced */
    struct staged *before;      /* of the same object, or NULL */
    char *text;                 /* of change.object, for the disk */
    struct store_call *write;
    char key[];
};

struct local {
    struct store store; /* first: store_free() frees the whole */
    struct local_disk *disk;
    struct loop_task *task;
    struct list queue;  /* struct store_call, waiting     */
    struct list round;  /* struct store_call, being done  */
    struct list staged; /* struct staged, in order   */
    struct map by_key;  /* key -> its last staged    */
    uint64_t revision;  /* of the last staged change */
    bool is_committing;
    struct store_object **candidates; /* for garbage collection, referenced */
    size_t n_candidates, cap_candidates;
    bool must_scan; /* everything is a candidate */
};

static struct local *local_of(const struct store *s)
{
    return CONTAINER_OF(s, struct local, store);
}

/* ---- calls ---- */

static int local_write(struct store *s, const struct store_op *ops, size_t n_ops,
                       store_done_fn done, void *user, struct err *err)
{
    struct local *l = local_of(s);
    struct store_call *w = store_call_new(ops, n_ops, err);

    if (!w)
        return -1;
    w->done = done;
    w->user = user;
    list_push_back(&l->queue, &w->link);
    loop_task_schedule(l->task);
    return 0;
}

static void forget_in(struct list *writes, const void *user)
{
    LIST_FOREACH(it, writes)
    {
        struct store_call *w = CONTAINER_OF(it, struct store_call, link);

        if (w->user == user)
            w->done = NULL;
    }
}

static void local_forget(struct store *s, const void *user)
{
    forget_in(&local_of(s)->queue, user);
    forget_in(&local_of(s)->round, user);
}

/* ---- staging ---- */

static void format_key(char *ret, const char *kind, const char *ns, const char *name)
{
    (void)snprintf(ret, KEY_MAX_BYTES, "%s/%s/%s", kind, ns, name);
}

static const struct store_object *staged_get(const void *user, const struct store_kind *kind,
                                             const char *ns, const char *name)
{
    const struct local *l = user;
    const struct staged *c;
    char key[KEY_MAX_BYTES];

    if (l->by_key.n > 0) {
        format_key(key, kind->name, ns, name);
        c = map_get(&l->by_key, key);
        if (c)
            return c->change.object;
    }
    return store_get(&l->store, kind->name, ns, name);
}

static void staged_free(struct staged *c)
{
    list_remove(&c->link);
    store_object_unref((struct store_object *)c->change.old_object);
    store_object_unref((struct store_object *)c->change.object);
    store_object_unref((struct store_object *)c->change.last);
    free(c->text);
    free(c);
}

/* Undoes the newest change of its object. */
static void unstage(struct local *l, struct staged *c)
{
    store_cache_undo(&l->store, &c->change);
    if (c->before)
        (void)map_set(&l->by_key, c->key, c->before, NULL, NULL); /* replaces: cannot fail */
    else
        (void)map_remove(&l->by_key, c->key);
    staged_free(c);
}

static int check_room(const struct local *l, const struct applied *a, const char *text,
                      struct err *err)
{
    size_t n = strlen(text);

    if (n > LIMIT_OBJECT)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
                       "%s \"%s\" would have %zu bytes; %u is the most", a->kind->name,
                       meta_name(a->json), n, LIMIT_OBJECT);
    if (!a->old && l->store.n_objects + l->by_key.n >= LIMIT_OBJECTS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
                       "the store holds %d objects already", LIMIT_OBJECTS);
    return 0;
}

static struct staged *staged_new(struct local *l, const struct applied *a, struct err *err)
{
    char key[KEY_MAX_BYTES];
    struct staged *c;

    format_key(key, a->kind->name, meta_ns(a->json), meta_name(a->json));
    c = calloc(1, sizeof(*c) + strlen(key) + 1);
    if (!c) {
        (void)err_oom(err);
        return NULL;
    }
    (void)memcpy(c->key, key, strlen(key) + 1);
    list_init(&c->link);
    c->before = map_get(&l->by_key, key);
    c->change.kind = a->kind;
    c->change.resource_version = ++l->revision;
    c->change.old_object = a->old ? store_object_ref(a->old) : NULL;
    return c;
}

/* Completes the object: its resourceVersion, its snapshot, its text. */
static int staged_fill(struct local *l, struct staged *c, const struct applied *a, struct err *err)
{
    struct store_object *o;
    char version[24];

    (void)snprintf(version, sizeof(version), "%llu", (unsigned long long)l->revision);
    if (meta_set_str(a->json, "metadata.resourceVersion", version, err) < 0)
        return -1;
    o = store_object_new(a->kind, a->json, err);
    if (!o)
        return -1;
    *(a->is_removed ? &c->change.last : &c->change.object) = o;
    c->text = meta_text(a->json, err);
    if (!c->text)
        return -1;
    return check_room(l, a, c->text, err);
}

static int stage_change(struct local *l, struct store_call *w, const struct applied *a,
                        struct err *err)
{
    struct staged *c = staged_new(l, a, err);

    if (!c)
        return -1;
    c->write = w;
    if (staged_fill(l, c, a, err) < 0 || store_cache_prepare(&l->store, &c->change, err) < 0) {
        staged_free(c);
        return -1;
    }
    if (map_set(&l->by_key, c->key, c, NULL, err) < 0) {
        store_cache_undo(&l->store, &c->change);
        staged_free(c);
        return -1;
    }
    list_push_back(&l->staged, &c->link);
    return 0;
}

/* A kind with a ceiling (Events) makes room for one more. */
static int make_room(struct local *l, struct store_call *w, const struct applied *a,
                     struct err *err)
{
    const struct store_table *t = store_table(&l->store, a->kind->name);
    const struct store_object *oldest = NULL;
    struct applied gone;

    if (a->old || a->kind->max_objects == 0 || t->n + t->n_reserved < a->kind->max_objects)
        return 0;
    for (size_t i = 0; i < t->n; i++)
        if ((!oldest || t->objects[i]->resource_version < oldest->resource_version) &&
            staged_get(l, t->kind, t->objects[i]->ns, t->objects[i]->name) == t->objects[i])
            oldest = t->objects[i];
    if (!oldest)
        return 0;
    gone = (struct applied){
        .kind = a->kind, .old = oldest, .json = meta_deep_copy(oldest->json), .is_removed = true};
    if (!gone.json)
        return err_oom(err);
    if (stage_change(l, w, &gone, err) < 0) {
        json_decref(gone.json);
        return -1;
    }
    json_decref(gone.json);
    return 0;
}

/* What the op left behind: its change, or when it had none the object as it was. */
static const struct store_object *left_behind(const struct local *l, const struct applied *a)
{
    const struct staged *c;

    if (!a->json)
        return store_object_ref(a->old);
    c = CONTAINER_OF(l->staged.prev, struct staged, link);
    return store_object_ref(c->change.object ? c->change.object : c->change.last);
}

static int stage_op(struct local *l, struct store_call *w, size_t i, struct err *err)
{
    struct apply_view view = {
        .store = &l->store, .get = staged_get, .user = l, .now_s = store_now_s(&l->store)};
    struct applied a;
    int r, fault = 0;

    if (l->store.fault)
        fault = l->store.fault(&w->ops[i], l->store.fault_user, err);
    if (fault < 0)
        return -1;
    if (apply_op(&view, &w->ops[i], &a, err) < 0)
        return -1;
    if (a.json) {
        r = make_room(l, w, &a, err);
        if (r == 0)
            r = stage_change(l, w, &a, err);
        json_decref(a.json);
        if (r < 0)
            return -1;
    }
    w->objects[i] = left_behind(l, &a);
    return fault > 0 ? -1 : 0; /* > 0: it took effect, and its answer is lost */
}

static void stage_write(struct local *l, struct store_call *w)
{
    struct err err = {.reason = "Internal"};

    for (size_t i = 0; i < w->n_ops; i++) {
        if (stage_op(l, w, i, &err) == 0)
            continue;
        w->has_failed = true;
        w->failed = i;
        w->err = err;
        break;
    }
    if (l->store.is_sequential)
        return; /* what was done before it stays done */
    while (w->has_failed && !list_is_empty(&l->staged)) {
        struct staged *c = CONTAINER_OF(l->staged.prev, struct staged, link);

        if (c->write != w)
            break;
        unstage(l, c);
    }
}

/* ---- garbage collection ---- */

static void add_candidate(struct local *l, const struct store_object *o)
{
    size_t cap = MAX(l->cap_candidates * 2, 16u);
    struct store_object **grown;

    if (l->n_candidates == l->cap_candidates) {
        grown = realloc(l->candidates, cap * sizeof(struct store_object *));
        if (!grown) {
            l->must_scan = true; /* slower, and needs no memory */
            return;
        }
        l->candidates = grown;
        l->cap_candidates = cap;
    }
    l->candidates[l->n_candidates++] = store_object_ref(o);
}

static bool is_in_foreground(const struct store_object *o)
{
    return o->is_deleting && meta_has_finalizer(o->json, FOREGROUND);
}

/* Owners of a kind that is not kept here are somebody else's matter. */
static bool has_lost_its_owners(const struct local *l, const struct store_object *o)
{
    const json_t *refs = meta_get(o->json, "metadata.ownerReferences");
    size_t i;
    json_t *ref;

    if (json_array_size(refs) == 0)
        return false;
    json_array_foreach(
        (json_t *)refs, i,
        ref) if (store_get_by_uid(&l->store, meta_str(ref, "uid", "")) ||
                 !store_find_kind(&l->store, meta_str(ref, "kind", ""))) return false;
    return true;
}

static void add_candidates(struct local *l, const struct store_change *c)
{
    const struct store_owner_set *set;
    const struct store_object *o = c->object ? c->object : c->last;
    size_t i;
    json_t *ref;

    if (c->object) {
        if (is_in_foreground(o) || has_lost_its_owners(l, o))
            add_candidate(l, o);
        return;
    }
    set = store_dependents(&l->store, o->uid);
    if (set)
        LIST_FOREACH(it, &set->edges)
    add_candidate(l, CONTAINER_OF(it, struct store_owner_edge, link)->object);
    json_array_foreach(meta_get(o->json, "metadata.ownerReferences"), i, ref)
    {
        const struct store_object *owner = store_get_by_uid(&l->store, meta_str(ref, "uid", ""));

        if (owner && is_in_foreground(owner))
            add_candidate(l, owner);
    }
}

static bool blocks(const struct store_object *o, const char *owner_uid)
{
    size_t i;
    json_t *ref;

    json_array_foreach(meta_get(o->json, "metadata.ownerReferences"), i,
                       ref) if (strcmp(meta_str(ref, "uid", ""), owner_uid) == 0 &&
                                meta_bool(ref, "blockOwnerDeletion", false)) return true;
    return false;
}

static void collect_op(struct local *l, const struct store_op *op)
{
    struct store_call *w = store_call_new(op, 1, NULL);

    if (!w) {
        l->must_scan = true; /* again with the next round */
        return;
    }
    list_push_back(&l->round, &w->link);
    stage_write(l, w);
    l->must_scan |= w->has_failed && strcmp(w->err.reason, "OutOfMemory") == 0;
}

static void collect_delete(struct local *l, const struct store_object *o, bool foreground)
{
    struct store_op op = {.type = STORE_DELETE,
                          .kind = o->kind,
                          .ns = o->ns,
                          .name = o->name,
                          .uid = o->uid,
                          .foreground = foreground};

    if (!o->is_deleting)
        collect_op(l, &op);
}

/* The owner goes when nothing that blocks it is left. */
static void collect_in_foreground(struct local *l, const struct store_object *o)
{
    const struct store_owner_set *set = store_dependents(&l->store, o->uid);
    _cleanup_json_ json_t *edited = NULL;
    bool is_blocked = false;

    if (set)
        LIST_FOREACH(it, &set->edges)
        {
            const struct store_object *dep =
                CONTAINER_OF(it, struct store_owner_edge, link)->object;

            is_blocked |= blocks(dep, o->uid);
            collect_delete(l, dep, store_dependents(&l->store, dep->uid) != NULL);
        }
    if (is_blocked)
        return;
    edited = store_object_edit(o, NULL);
    if (!edited) {
        l->must_scan = true;
        return;
    }
    (void)meta_remove_finalizer(edited, FOREGROUND); /* it has it */
    collect_op(l, &(struct store_op){
                      .type = STORE_UPDATE, .kind = o->kind, .object = edited, .uid = o->uid});
}

static void collect_one(struct local *l, const struct store_object *o)
{
    if (is_in_foreground(o))
        collect_in_foreground(l, o);
    else if (has_lost_its_owners(l, o))
        collect_delete(l, o, false);
}

static void collect_garbage(struct local *l)
{
    struct store_object **candidates = l->candidates;
    size_t n = l->n_candidates;
    bool all = l->must_scan;

    l->candidates = NULL;
    l->n_candidates = l->cap_candidates = 0;
    l->must_scan = false;
    for (size_t i = 0; all && i < l->store.n_tables; i++)
        for (size_t j = 0; j < l->store.tables[i].n; j++)
            collect_one(l, l->store.tables[i].objects[j]);
    for (size_t i = 0; i < n; i++) {
        const struct store_object *now = store_get_by_uid(&l->store, candidates[i]->uid);

        if (!all && now)
            collect_one(l, now);
        store_object_unref(candidates[i]);
    }
    free(candidates);
}

/* ---- the round ---- */

/* Garbage is relaxed: what goes with it is looked for again at the next start. */
static bool must_sync(const struct local *l)
{
    LIST_FOREACH(it, &l->round)
    {
        const struct store_call *w = CONTAINER_OF(it, struct store_call, link);

        for (size_t i = 0; i < w->n_ops; i++)
            if (!w->ops[i].relaxed)
                return true;
    }
    return false;
}

static int to_disk(struct local *l, struct err *err)
{
    _cleanup_(freep) struct local_row *rows = NULL;
    size_t n = 0;

    if (!l->disk || list_is_empty(&l->staged))
        return 0;
    rows = calloc(l->by_key.n, sizeof(*rows));
    if (!rows)
        return err_oom(err);
    LIST_FOREACH(it, &l->staged)
    {
        const struct staged *c = CONTAINER_OF(it, struct staged, link);
        const struct store_object *o = c->change.object ? c->change.object : c->change.last;

        if (map_get(&l->by_key, c->key) != c)
            continue; /* changed again within the round */
        rows[n++] = (struct local_row){.kind = o->kind,
                                       .ns = o->ns,
                                       .name = o->name,
                                       .json = c->change.object ? c->text : NULL};
    }
    return l->disk->commit(l->disk, rows, n, l->revision, must_sync(l), err);
}

static void fail_round(struct local *l, const struct err *err)
{
    while (!list_is_empty(&l->staged)) {
        struct staged *c = CONTAINER_OF(l->staged.prev, struct staged, link);

        c->write->has_failed = true;
        c->write->failed = 0;
        c->write->err = *err;
        unstage(l, c);
    }
    l->must_scan = true; /* the garbage of this round is still there */
}

static void tell_all(struct local *l)
{
    LIST_FOREACH(it, &l->staged)
    {
        const struct staged *c = CONTAINER_OF(it, struct staged, link);

        store_cache_apply(&l->store, &c->change);
    }
    LIST_FOREACH(it, &l->staged)
    {
        const struct staged *c = CONTAINER_OF(it, struct staged, link);

        add_candidates(l, &c->change);
        store_tell(&l->store, &c->change);
    }
    while (!list_is_empty(&l->staged))
        staged_free(CONTAINER_OF(l->staged.next, struct staged, link));
}

static void finish_writes(struct local *l)
{
    struct list *e;

    while ((e = l->round.next) != &l->round) {
        struct store_call *w = CONTAINER_OF(e, struct store_call, link);

        store_call_answer(w);
        list_remove(&w->link);
        store_call_free(w);
    }
}

static bool is_idle(const struct local *l)
{
    return list_is_empty(&l->queue) && l->n_candidates == 0 && !l->must_scan;
}

static void commit_round(struct local *l)
{
    struct err err = {.reason = "Internal"};
    struct list *e;
    bool has_failed;

    assert(!l->is_committing); /* store_flush() from inside a callback */
    l->is_committing = true;
    l->revision = l->store.revision;
    collect_garbage(l);
    while ((e = list_pop_front(&l->queue))) {
        list_push_back(&l->round, e);
        stage_write(l, CONTAINER_OF(e, struct store_call, link));
    }
    has_failed = to_disk(l, &err) < 0;
    if (has_failed)
        fail_round(l, &err);
    map_done(&l->by_key);
    tell_all(l);
    finish_writes(l);
    l->is_committing = false;
    /* must_scan alone, after memory or disk failed, waits for the next write: trying at once would
     * spin. */
    if (!list_is_empty(&l->queue) || (l->n_candidates > 0 && !has_failed))
        loop_task_schedule(l->task);
}

static void on_task(struct loop_task *t, void *user)
{
    (void)t;
    commit_round(user);
}

static void local_flush(struct store *s)
{
    for (int i = 0; i < FLUSH_ROUNDS && !is_idle(local_of(s)); i++)
        commit_round(local_of(s));
}

/* ---- life ---- */

static bool local_is_synced(const struct store *s)
{
    (void)s;
    return true;
}

static int local_add_kind(struct store *s, const struct store_kind *kind, struct err *err)
{
    struct local *l = local_of(s);

    l->must_scan = true;
    loop_task_schedule(l->task);
    return l->disk ? l->disk->load(l->disk, s, kind, err) : 0;
}

int local_load(struct store *s, const struct store_kind *kind, json_t *json, struct err *err)
{
    struct store_object *o = store_object_new(kind, json, err);
    struct store_change c = {.kind = kind, .object = o};
    int r;

    if (!o)
        return -1;
    c.resource_version = o->resource_version;
    if (!o->name[0] || !o->uid[0] || o->resource_version == 0 || store_get_by_uid(s, o->uid) ||
        store_get(s, kind->name, o->ns, o->name))
        r = err_set(err, RPC_FAILED_PRECONDITION, "StateCorrupt", "%s \"%s\" makes no sense",
                    kind->name, o->name);
    else
        r = store_cache_prepare(s, &c, err);
    if (r == 0)
        store_cache_apply(s, &c);
    store_object_unref(o);
    return r;
}

int local_load_all(struct store *s, struct err *err)
{
    for (size_t i = 0; i < s->n_tables; i++)
        if (local_add_kind(s, s->tables[i].kind, err) < 0)
            return -1;
    s->past_from = s->revision;
    return 0;
}

static void local_free(struct store *s)
{
    struct local *l = local_of(s);

    assert(list_is_empty(&s->watches)); /* freed before the store */
    LIST_FOREACH(it, &l->queue)
    CONTAINER_OF(it, struct store_call, link)->done = NULL;
    if (!list_is_empty(&l->queue))
        commit_round(l); /* nobody is called, so nothing is queued again */
    for (size_t i = 0; i < l->n_candidates; i++)
        store_object_unref(l->candidates[i]);
    free(l->candidates);
    loop_task_free(l->task);
    if (l->disk)
        l->disk->free(l->disk);
}

static const struct store_ops local_ops = {
    .write = local_write,
    .forget = local_forget,
    .flush = local_flush,
    .is_synced = local_is_synced,
    .add_kind = local_add_kind,
    .free = local_free,
};

int local_new(struct store **ret, struct loop *loop, struct local_disk *disk, struct err *err)
{
    struct local *l = calloc(1, sizeof(*l));

    if (!l) {
        if (disk)
            disk->free(disk);
        return err_oom(err);
    }
    l->disk = disk;
    list_init(&l->queue);
    list_init(&l->round);
    list_init(&l->staged);
    map_init(&l->by_key);
    if (store_init(&l->store, &local_ops, loop, err) < 0 ||
        loop_task_new(&l->task, loop, on_task, l, err) < 0) {
        store_free(&l->store);
        return -1;
    }
    *ret = &l->store;
    return 0;
}

int store_new_memory(struct store **ret, struct loop *loop, struct err *err)
{
    return local_new(ret, loop, NULL, err);
}
