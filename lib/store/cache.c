/*
 * The objects in memory: per kind an array sorted by (namespace, name), which serves get, ordered
 * lists and pages with eight bytes per object; a map by uid; and per owner uid a list of dependents
 * whose links are part of the object. A change is prepared (all that can fail) before the disk is
 * written and applied (cannot fail) after, so memory never lags behind what is durable.
 */
#include <assert.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/store/store_impl.h"

static int compare_key(const struct store_object *o, const char *ns, const char *name)
{
    int r = strcmp(o->ns, ns);

    return r != 0 ? r : strcmp(o->name, name);
}

/* The place of the first object whose key is not below (ns, name). */
static size_t lower_bound(const struct store_table *t, const char *ns, const char *name)
{
    size_t lo = 0, hi = t->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (compare_key(t->objects[mid], ns, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct store_table *store_table(const struct store *s, const char *kind)
{
    for (size_t i = 0; i < s->n_tables; i++)
        if (s->tables[i].kind->name == kind || strcmp(s->tables[i].kind->name, kind) == 0)
            return (struct store_table *)&s->tables[i];
    return NULL;
}

const struct store_object *store_get(const struct store *s, const char *kind, const char *ns,
                                     const char *name)
{
    const struct store_table *t = store_table(s, kind);
    size_t i;

    if (!t)
        return NULL;
    i = lower_bound(t, ns, name);
    return i < t->n && compare_key(t->objects[i], ns, name) == 0 ? t->objects[i] : NULL;
}

const struct store_object *store_get_by_uid(const struct store *s, const char *uid)
{
    return map_get(&s->by_uid, uid);
}

const struct store_owner_set *store_dependents(const struct store *s, const char *uid)
{
    return map_get(&s->by_owner, uid);
}

/* Whose it is, is known: what is asked by owner comes from the owner's set. */
static bool matches(const struct store_object *o, const struct store_query *q)
{
    const char *value;

    if (q->ns && strcmp(o->ns, q->ns) != 0)
        return false;
    if (!q->label_key)
        return true;
    value = meta_label(o->json, q->label_key);
    return value && (!q->label_value || strcmp(value, q->label_value) == 0);
}

static const struct store_object *next_in_table(const struct store_table *t,
                                                const struct store_query *q, size_t i)
{
    for (; i < t->n; i++) {
        if (q->ns && strcmp(t->objects[i]->ns, q->ns) != 0)
            return NULL; /* sorted by namespace: past the last of it */
        if (matches(t->objects[i], q))
            return t->objects[i];
    }
    return NULL;
}

static bool is_kind(const struct store_object *o, const char *kind)
{
    return o->kind == kind || strcmp(o->kind, kind) == 0;
}

static const struct list *edge_of(const struct store_object *o, const struct store_owner_set *set,
                                  const char *uid)
{
    const struct store_object_full *f = CONTAINER_OF(o, struct store_object_full, pub);
    const json_t *refs;

    if (f->n_edges == 1)
        return &f->edges[0].link; /* it is in the set by this one */
    refs = meta_get(o->json, "metadata.ownerReferences");
    for (size_t i = 0; i < f->n_edges; i++)
        if (strcmp(meta_str(json_array_get(refs, i), "uid", ""), uid) == 0)
            return &f->edges[i].link;
    return &set->edges;
}

static const struct store_owner_set *owner_set_again(const struct store *s, const char *uid)
{
    struct store *mine = (struct store *)s; /* what is remembered is no state */

    if (s->last_set && strcmp(s->last_owner, uid) == 0)
        return s->last_set;
    if (strlen(uid) >= sizeof(s->last_owner))
        return store_dependents(s, uid);
    mine->last_set = store_dependents(s, uid);
    (void)memcpy(mine->last_owner, uid, strlen(uid) + 1);
    return s->last_set;
}

static const struct store_object *next_owned(const struct store *s, const struct store_query *q,
                                             const struct store_object *prev)
{
    const struct store_owner_set *set = owner_set_again(s, q->owner_uid);
    const struct list *it;

    if (!set)
        return NULL;
    it = prev ? edge_of(prev, set, q->owner_uid) : &set->edges;
    for (it = it->next; it != &set->edges; it = it->next) {
        const struct store_object *o = CONTAINER_OF(it, struct store_owner_edge, link)->object;

        /* An object that names the owner twice counts once. */
        if (it == edge_of(o, set, q->owner_uid) && is_kind(o, q->kind) && matches(o, q))
            return o;
    }
    return NULL;
}

const struct store_object *store_next(const struct store *s, const struct store_query *q,
                                      const struct store_object *prev)
{
    const struct store_table *t = store_table(s, q->kind);

    if (!t)
        return NULL;
    if (q->owner_uid)
        return next_owned(s, q, prev);
    if (prev)
        return store_next_after(s, q, prev->ns, prev->name);
    return next_in_table(t, q, q->ns ? lower_bound(t, q->ns, "") : 0);
}

const struct store_object *store_next_after(const struct store *s, const struct store_query *q,
                                            const char *ns, const char *name)
{
    const struct store_table *t = store_table(s, q->kind);
    size_t i;

    if (!t)
        return NULL;
    i = lower_bound(t, ns, name);
    if (i < t->n && compare_key(t->objects[i], ns, name) == 0)
        i++;
    if (q->ns && strcmp(ns, q->ns) < 0)
        i = lower_bound(t, q->ns, "");
    return next_in_table(t, q, i);
}

size_t store_count(const struct store *s, const char *kind)
{
    const struct store_table *t = store_table(s, kind);

    return t ? t->n : 0;
}

/* ---- changes ---- */

static int reserve_place(struct store_table *t, struct err *err)
{
    size_t need = t->n + t->n_reserved + 1, cap = MAX(t->cap * 2, 16u);
    const struct store_object **grown;

    if (need > t->cap) {
        grown = realloc(t->objects, cap * sizeof(struct store_object *));
        if (!grown)
            return err_oom(err);
        t->objects = grown;
        t->cap = cap;
    }
    t->n_reserved++;
    return 0;
}

static struct store_owner_set *owner_set(const struct store *s, const struct store_object *o,
                                         size_t i, const char **ret_uid)
{
    const json_t *refs = meta_get(o->json, "metadata.ownerReferences");

    *ret_uid = meta_str(json_array_get(refs, i), "uid", "");
    return map_get(&s->by_owner, *ret_uid);
}

static void drop_owner_set_if_unused(struct store *s, const char *uid)
{
    struct store_owner_set *set = map_get(&s->by_owner, uid);

    if (!set || !list_is_empty(&set->edges) || set->n_reserved > 0)
        return;
    if (s->last_set == set)
        s->last_set = NULL;
    (void)map_remove(&s->by_owner, uid);
    free(set);
}

static void unreserve_owners(struct store *s, const struct store_object *o, size_t n)
{
    const char *uid;

    for (size_t i = 0; i < n; i++) {
        owner_set(s, o, i, &uid)->n_reserved--;
        drop_owner_set_if_unused(s, uid);
    }
}

static int reserve_owner(struct store *s, const struct store_object *o, size_t i, struct err *err)
{
    const char *uid;
    struct store_owner_set *set = owner_set(s, o, i, &uid);
    _cleanup_(freep) struct store_owner_set *made = NULL;

    if (!set) {
        set = made = calloc(1, sizeof(*made));
        if (!made)
            return err_oom(err);
        list_init(&made->edges);
        if (map_set(&s->by_owner, uid, made, NULL, err) < 0)
            return -1;
        (void)TAKE_PTR(made); /* the map's now */
    }
    set->n_reserved++;
    return 0;
}

static int reserve_owners(struct store *s, const struct store_object *o, struct err *err)
{
    const struct store_object_full *f = CONTAINER_OF(o, struct store_object_full, pub);

    for (size_t i = 0; i < f->n_edges; i++)
        if (reserve_owner(s, o, i, err) < 0) {
            unreserve_owners(s, o, i);
            return -1;
        }
    return 0;
}

static int reserve_uid_and_place(struct store *s, const struct store_change *c, struct err *err)
{
    if (map_set(&s->by_uid, c->object->uid, NULL, NULL, err) < 0)
        return -1;
    if (reserve_place(store_table(s, c->kind->name), err) < 0) {
        (void)map_remove(&s->by_uid, c->object->uid);
        return -1;
    }
    return 0;
}

int store_cache_prepare(struct store *s, const struct store_change *c, struct err *err)
{
    if (!c->object)
        return 0;
    if (reserve_owners(s, c->object, err) < 0)
        return -1;
    if (!c->old_object && reserve_uid_and_place(s, c, err) < 0) {
        unreserve_owners(s, c->object,
                         CONTAINER_OF(c->object, struct store_object_full, pub)->n_edges);
        return -1;
    }
    return 0;
}

void store_cache_undo(struct store *s, const struct store_change *c)
{
    if (!c->object)
        return;
    unreserve_owners(s, c->object, CONTAINER_OF(c->object, struct store_object_full, pub)->n_edges);
    if (c->old_object)
        return;
    (void)map_remove(&s->by_uid, c->object->uid);
    store_table(s, c->kind->name)->n_reserved--;
}

static void link_owners(struct store *s, const struct store_object *o)
{
    struct store_object_full *f = CONTAINER_OF(o, struct store_object_full, pub);
    const char *uid;

    for (size_t i = 0; i < f->n_edges; i++) {
        struct store_owner_set *set = owner_set(s, o, i, &uid);

        list_push_back(&set->edges, &f->edges[i].link);
        set->n_reserved--;
    }
}

static void unlink_owners(struct store *s, const struct store_object *o)
{
    struct store_object_full *f = CONTAINER_OF(o, struct store_object_full, pub);
    const char *uid;

    for (size_t i = 0; i < f->n_edges; i++) {
        list_remove(&f->edges[i].link);
        (void)owner_set(s, o, i, &uid);
        drop_owner_set_if_unused(s, uid);
    }
}

static void insert(struct store *s, struct store_table *t, const struct store_object *o)
{
    size_t i = lower_bound(t, o->ns, o->name);

    assert(t->n < t->cap && t->n_reserved > 0);
    (void)memmove(&t->objects[i + 1], &t->objects[i], (t->n - i) * sizeof(t->objects[0]));
    t->objects[i] = store_object_ref(o);
    t->n++;
    t->n_reserved--;
    s->n_objects++;
}

static void replace(struct store_table *t, const struct store_object *o)
{
    size_t i = lower_bound(t, o->ns, o->name);
    struct store_object *old = (struct store_object *)t->objects[i];

    t->objects[i] = store_object_ref(o);
    store_object_unref(old);
}

static void erase(struct store *s, struct store_table *t, const struct store_object *o)
{
    size_t i = lower_bound(t, o->ns, o->name);
    struct store_object *old = (struct store_object *)t->objects[i];

    (void)memmove(&t->objects[i], &t->objects[i + 1], (t->n - i - 1) * sizeof(t->objects[0]));
    t->n--;
    s->n_objects--;
    store_object_unref(old);
}

void store_cache_apply(struct store *s, const struct store_change *c)
{
    struct store_table *t = store_table(s, c->kind->name);
    int r = 0;

    if (c->object) {
        r = map_set(&s->by_uid, c->object->uid, (void *)c->object, NULL, NULL);
        link_owners(s, c->object);
    } else {
        (void)map_remove(&s->by_uid, c->old_object->uid);
    }
    assert(r == 0); /* prepared: the key is there */
    if (c->old_object)
        unlink_owners(s, c->old_object);

    if (!c->old_object)
        insert(s, t, c->object);
    else if (c->object)
        replace(t, c->object);
    else
        erase(s, t, c->old_object);
    s->revision = MAX(s->revision, c->resource_version);
}
