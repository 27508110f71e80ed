/*
 * What is told comes from three mouths: a list, a watch, and the answers of our own writes, in any
 * order. The newer resourceVersion of one uid wins; of two uids under one name the one with the
 * newer version; a uid that is gone stays gone.
 */
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/store/kube_impl.h"

/* ---- graves ---- */

static bool is_buried(const struct kube_graves *g, const char *uid)
{
    uint64_t hash = bytes_hash(uid, strlen(uid));

    for (size_t i = 0; i < g->n; i++)
        if (g->hashes[i] == hash)
            return true;
    return false;
}

static void bury(struct kube_graves *g, const char *uid)
{
    if (!uid[0] || is_buried(g, uid))
        return;
    g->hashes[g->at] = bytes_hash(uid, strlen(uid));
    g->at = (g->at + 1) % KUBE_STORE_GRAVES;
    g->n = MIN(g->n + 1, (size_t)KUBE_STORE_GRAVES);
}

/* ---- pruning ---- */

static bool is_one_of(const char *s, const char *const *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(s, all[i]) == 0)
            return true;
    return false;
}

static void keep_only(json_t *o, const char *const *keys, size_t n)
{
    const char *key;
    json_t *v;
    void *next;

    json_object_foreach_safe(o, next, key, v)
    {
        if (!is_one_of(key, keys, n))
            (void)json_object_del(o, key); /* it is there */
    }
}

/* Scheduled, and ready: the others lead there. Without their times those of most Pods are equal. */
static void prune_conditions(json_t *list)
{
    static const char *const types[] = {"PodScheduled", "Ready"};
    static const char *const keys[] = {"type", "status", "reason", "message"};

    for (size_t i = json_array_size(list); i-- > 0;) {
        json_t *c = json_array_get(list, i);

        if (is_one_of(meta_str(c, "type", ""), types, ARRAY_SIZE(types)))
            keep_only(c, keys, ARRAY_SIZE(keys));
        else
            (void)json_array_remove(list, i); /* it is there */
    }
}

/* A container that runs has nothing to tell; why one waits or has ended is read. */
static void prune_containers(json_t *list)
{
    static const char *const keys[] = {"name", "state"};

    for (size_t i = json_array_size(list); i-- > 0;) {
        json_t *c = json_array_get(list, i);

        if (meta_get(c, "state.running"))
            (void)json_array_remove(list, i); /* it is there */
        else
            keep_only(c, keys, ARRAY_SIZE(keys));
    }
}

/* Of a Pod's spec only the node is read, of its status what the reconcilers look at: the rest is
 * most of its size. */
static const char *const in_pod_spec[] = {"nodeName", NULL};
static const char *const in_pod_status[] = {
    "phase", "reason", "message", "conditions", "podIPs", "containerStatuses", NULL};
static const struct json_sieve pod_spec = {.only = in_pod_spec};
static const struct json_sieve pod_status = {.only = in_pod_status};
static const struct json_sieve_member in_pod[] = {
    {"metadata", &kube_sieve_metadata}, {"spec", &pod_spec}, {"status", &pod_status}, {0}};
static const struct json_sieve pod = {.inside = in_pod};

const struct json_sieve *kube_sieve(const struct store_kind *kind)
{
    return strcmp(kind->name, "Pod") == 0 ? &pod : &kube_sieve_object;
}

static void prune_pod(json_t *o)
{
    json_t *status = json_object_get(o, "status");

    keep_only(json_object_get(o, "spec"), in_pod_spec, ARRAY_SIZE(in_pod_spec) - 1);
    keep_only(status, in_pod_status, ARRAY_SIZE(in_pod_status) - 1);
    prune_conditions(json_object_get(status, "conditions"));
    prune_containers(json_object_get(status, "containerStatuses"));
}

void kube_prune(const struct store_kind *kind, json_t *o)
{
    (void)json_object_del(json_object_get(o, "metadata"), "managedFields"); /* absent is fine */
    if (strcmp(kind->name, "Pod") == 0)
        prune_pod(o);
    if (kind->prune)
        kind->prune(o);
}

/* ---- changes ---- */

/* Applies and tells it. The references to old and new are the caller's. */
static int change(struct kube_kind *k, const struct store_object *old,
                  const struct store_object *now, const struct store_object *last, struct err *err)
{
    struct store *s = &k->ks->store;
    const struct store_change c = {.resource_version = s->revision + 1,
                                   .kind = k->kind,
                                   .old_object = old,
                                   .object = now,
                                   .last = last};

    if (store_cache_prepare(s, &c, err) < 0)
        return -1;
    store_cache_apply(s, &c);
    store_tell(s, &c);
    return 0;
}

static int remove_object(struct kube_kind *k, const struct store_object *o, json_t *last,
                         struct err *err)
{
    _cleanup_(store_object_unrefp) struct store_object *old = store_object_ref(o), *final = NULL;

    final = last ? store_object_new(k->kind, last, err) : store_object_ref(old);
    if (!final)
        return -1;
    bury(&k->ks->graves, old->uid);
    return change(k, old, NULL, final, err);
}

static void mark_seen(const struct kube_kind *k, const struct store_object *o)
{
    CONTAINER_OF((struct store_object *)o, struct store_object_full, pub)->seen = k->list;
}

static int insert(struct kube_kind *k, const struct store_object *before, json_t *json,
                  bool is_told, const struct store_object **ret, struct err *err)
{
    _cleanup_(store_object_unrefp) struct store_object *made = store_object_new(k->kind, json, err);
    _cleanup_(store_object_unrefp) struct store_object *old =
        before ? store_object_ref(before) : NULL;

    if (!made)
        return -1;
    if (is_told)
        mark_seen(k, made);
    else if (old)
        CONTAINER_OF(made, struct store_object_full, pub)->seen =
            CONTAINER_OF(old, struct store_object_full, pub)->seen;
    if (change(k, old, made, NULL, err) < 0)
        return -1;
    *ret = store_get(&k->ks->store, k->kind->name, made->ns, made->name);
    return 0;
}

static uint64_t version_of(const json_t *json)
{
    uint64_t v;

    return bytes_parse_u64(meta_str(json, "metadata.resourceVersion", ""), 0, UINT64_MAX, &v) == 0
               ? v
               : 0;
}

/* One of that name is there: what becomes of it. Returns whether the new one is to be put in. */
static int meet(struct kube_kind *k, const struct store_object **old, const json_t *json,
                bool is_told, struct err *err)
{
    if (strcmp((*old)->uid, meta_uid(json)) == 0) {
        if (is_told)
            mark_seen(k, *old);
        return version_of(json) > (*old)->resource_version;
    }
    if (version_of(json) < (*old)->resource_version)
        return 0;
    if (remove_object(k, *old, NULL, err) < 0)
        return -1;
    *old = NULL;
    return 1;
}

int kube_cache_put(struct kube_kind *k, json_t *json, bool is_told, const struct store_object **ret,
                   struct err *err)
{
    const struct store_object *old =
        store_get(&k->ks->store, k->kind->name, meta_ns(json), meta_name(json));
    const struct store_object *now = NULL;
    int r = 1;

    if (ret)
        *ret = NULL;
    if (is_buried(&k->ks->graves, meta_uid(json)))
        return 0;
    if (old)
        r = meet(k, &old, json, is_told, err);
    if (r > 0) {
        intern_object(&k->ks->shared, json);
        r = insert(k, old, json, is_told, &now, err);
    }
    if (r < 0)
        return -1;
    if (ret)
        *ret = now ? now : old;
    return 0;
}

bool kube_cache_knows(struct kube_kind *k, const struct kube_ident *id, bool is_told,
                      const struct store_object **ret)
{
    const struct store_object *o = store_get(&k->ks->store, k->kind->name, id->ns, id->name);

    if (ret)
        *ret = NULL;
    if (!o || strcmp(o->uid, id->uid) != 0)
        return is_buried(&k->ks->graves, id->uid);
    if (id->version > o->resource_version)
        return false;
    if (is_told)
        mark_seen(k, o);
    if (ret)
        *ret = o;
    return true;
}

int kube_cache_drop(struct kube_kind *k, const char *ns, const char *name, const char *uid,
                    json_t *last, struct err *err)
{
    const struct store_object *old = store_get(&k->ks->store, k->kind->name, ns, name);

    if (old && (!uid || strcmp(old->uid, uid) == 0))
        return remove_object(k, old, last, err);
    if (uid)
        bury(&k->ks->graves, uid);
    return 0;
}

int kube_cache_sweep(struct kube_kind *k, uint64_t version, struct err *err)
{
    const struct store_table *t = store_table(&k->ks->store, k->kind->name);

    for (size_t i = t->n; i-- > 0;) {
        const struct store_object *o = t->objects[i];
        const struct store_object_full *f = CONTAINER_OF(o, struct store_object_full, pub);

        /* One that an answer told of is newer than the list. */
        if (f->seen == k->list || o->resource_version > version)
            continue;
        if (remove_object(k, o, NULL, err) < 0)
            return -1;
    }
    return 0;
}
