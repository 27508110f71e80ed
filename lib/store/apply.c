/*
 * Every op goes through four steps: find the object and check the preconditions; make the new
 * object, sharing with the old one what stays (objects are immutable, so sharing is safe); compare,
 * because a write that changes nothing is none; and see whether a deletion that waited for its
 * finalizers is now complete. Kubernetes' rules are those of k8s.io/apiserver
 * pkg/registry/generic/registry/store.go.
 */
#include "lib/store/apply.h"

#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/base/limits.h"

#define FOREGROUND "foregroundDeletion"

/* What a client may write in metadata; the rest is the store's. */
static const char *const client_metadata[] = {"labels", "annotations", "ownerReferences",
                                              "finalizers"};

static int bad(struct err *err, const char *what, const char *value)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "%s \"%s\"", what, value);
}

/* ---- owners by name ---- */

static int resolve_owner(const struct apply_view *view, const char *ns, json_t *ref,
                         struct err *err)
{
    const struct store_kind *kind = store_find_kind(view->store, meta_str(ref, "kind", ""));
    const char *name = meta_str(ref, "name", "");
    const struct store_object *owner = kind ? view->get(view->user, kind, ns, name) : NULL;

    if (owner)
        return meta_set_str(ref, "uid", owner->uid, err);
    if (!kind)
        return bad(err, "ownerReference without uid to the unknown kind",
                   meta_str(ref, "kind", ""));
    (void)store_not_found(view->store, kind->name, ns, name, err);
    return err_wrap(err, "ownerReference");
}

/* metadata's references are its own (deep) copy. */
static int resolve_owners(const struct apply_view *view, const char *ns, json_t *metadata,
                          struct err *err)
{
    size_t i;
    json_t *ref;

    json_array_foreach(json_object_get(metadata, "ownerReferences"), i, ref)
    {
        if (!json_is_object(ref))
            return bad(err, "metadata.ownerReferences: want objects, in", ns);
        if (meta_str(ref, "uid", "")[0] == '\0' && resolve_owner(view, ns, ref, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- making the new object ---- */

/* Puts deep copies of the client's fields of `from` into metadata, in place of those there. */
static int take_client_metadata(json_t *metadata, const json_t *from, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(client_metadata); i++) {
        const char *key = client_metadata[i];
        const json_t *v = json_object_get(from, key);
        const json_t *have = json_object_get(metadata, key);

        if (v == have)
            continue;
        if (!v || json_is_null(v))
            (void)json_object_del(metadata, key); /* absent is fine */
        else if (!json_equal(v, have) && json_object_set_new(metadata, key, meta_deep_copy(v)) < 0)
            return err_oom(err);
    }
    return 0;
}

static bool is_body(const struct store_kind *kind, const char *key)
{
    if (strcmp(key, "apiVersion") == 0 || strcmp(key, "kind") == 0 || strcmp(key, "metadata") == 0)
        return false;
    return !kind->has_status || strcmp(key, "status") != 0;
}

/* Makes the body of `out` (spec and whatever else is neither metadata nor a status of its own) that
 * of `from`. */
static int take_body(const struct store_kind *kind, json_t *out, const json_t *from,
                     struct err *err)
{
    const char *key;
    json_t *v;
    void *tmp;

    json_object_foreach((json_t *)from, key, v)
    {
        if (!is_body(kind, key) || json_is_null(v) || json_equal(v, json_object_get(out, key)))
            continue;
        if (json_object_set_new(out, key, meta_deep_copy(v)) < 0)
            return err_oom(err);
    }
    json_object_foreach_safe(out, tmp, key, v)
    {
        const json_t *kept = json_object_get(from, key);

        if (is_body(kind, key) && (!kept || json_is_null(kept)))
            (void)json_object_del(out, key); /* it is there */
    }
    return 0;
}

/* A copy of old whose metadata may be changed. NULL with *err. */
static json_t *begin(const struct store_object *old, struct err *err)
{
    _cleanup_json_ json_t *out = meta_copy(old->json);

    if (!out || json_object_set_new(out, "metadata",
                                    meta_copy(json_object_get(old->json, "metadata"))) < 0) {
        (void)err_oom(err);
        return NULL;
    }
    return TAKE_PTR(out);
}

static bool same_body(const struct store_kind *kind, const json_t *a, const json_t *b)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)a, key,
                        v) if (is_body(kind, key) &&
                               !json_equal(v, json_object_get(b, key))) return false;
    json_object_foreach((json_t *)b, key,
                        v) if (is_body(kind, key) && !json_object_get(a, key)) return false;
    return true;
}

/* ---- create ---- */

static int check_names(const struct store_kind *kind, const struct store_op *op, struct err *err)
{
    const json_t *o = op->object;
    const char *kind_name = meta_str(o, "kind", kind->name);
    const char *api = meta_str(o, "apiVersion", kind->api_version);
    const char *ns = op->ns ? op->ns : meta_ns(o);

    if (!json_is_object(o))
        return bad(err, "no object to write for kind", kind->name);
    if (strcmp(kind_name, kind->name) != 0)
        return bad(err, "the object is of kind", kind_name);
    if (strcmp(api, kind->api_version) != 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "%s has apiVersion \"%s\"; the store keeps \"%s\"", kind_name, api,
                       kind->api_version);
    if (ns[0] && !bytes_is_dns_label(ns))
        return bad(err, "metadata.namespace is no DNS label:", ns);
    return 0;
}

#define NAME_MAX_BYTES 253

/* The name wanted, or one that is free made from generateName. */
static int choose_name(const struct apply_view *view, const struct store_kind *kind,
                       const struct store_op *op, const char *ns, char ret[NAME_MAX_BYTES + 1],
                       struct err *err)
{
    const char *name = op->name ? op->name : meta_name(op->object);
    const char *prefix = meta_str(op->object, "metadata.generateName", "");
    size_t n_prefix = MIN(strlen(prefix), 58u); /* as Kubernetes cuts it: 63 with the suffix */

    if (name[0]) {
        if (!bytes_is_dns_subdomain(name))
            return bad(err, "metadata.name is no DNS subdomain:", name);
        (void)memcpy(ret, name, strlen(name) + 1);
        if (!view->is_remote && view->get(view->user, kind, ns, name))
            return err_set(err, RPC_ALREADY_EXISTS, "AlreadyExists",
                           "%s \"%s\" already exists in namespace \"%s\"", kind->name, name, ns);
        return 0;
    }
    if (n_prefix == 0)
        return bad(err, "neither metadata.name nor metadata.generateName for kind", kind->name);
    (void)memcpy(ret, prefix, n_prefix);
    do
        bytes_random_name(ret + n_prefix, 5);
    while (view->get(view->user, kind, ns, ret));
    if (!bytes_is_dns_subdomain(ret))
        return bad(err, "metadata.generateName gives no DNS subdomain:", ret);
    return 0;
}

static json_t *new_metadata(const struct apply_view *view, const char *ns, const char *name,
                            const json_t *object, struct err *err)
{
    _cleanup_json_ json_t *m = json_object();
    const char *prefix = meta_str(object, "metadata.generateName", "");
    char uuid[37];

    bytes_uuid(uuid);
    if (meta_set_str(m, "name", name, err) < 0 || meta_set_str(m, "uid", uuid, err) < 0 ||
        (prefix[0] && meta_set_str(m, "generateName", prefix, err) < 0) ||
        (ns[0] && meta_set_str(m, "namespace", ns, err) < 0) ||
        meta_set_int(m, "generation", 1, err) < 0 ||
        meta_set_time(m, "creationTimestamp", view->now_s, err) < 0 ||
        take_client_metadata(m, json_object_get(object, "metadata"), err) < 0 ||
        resolve_owners(view, ns, m, err) < 0)
        return NULL;
    return TAKE_PTR(m);
}

static int apply_create(const struct apply_view *view, const struct store_op *op,
                        struct applied *ret, struct err *err)
{
    const struct store_kind *kind = ret->kind;
    _cleanup_json_ json_t *out = NULL;
    char name[NAME_MAX_BYTES + 1];
    json_t *metadata;
    const char *ns;

    if (check_names(kind, op, err) < 0)
        return -1;
    ns = op->ns ? op->ns : meta_ns(op->object);
    if (choose_name(view, kind, op, ns, name, err) < 0)
        return -1;
    metadata = new_metadata(view, ns, name, op->object, err);
    if (!metadata)
        return -1;
    out = json_pack("{ss ss so}", "apiVersion", kind->api_version, "kind", kind->name, "metadata",
                    metadata);
    if (!out)
        return err_oom(err);
    if (take_body(kind, out, op->object, err) < 0)
        return -1;
    ret->json = TAKE_PTR(out);
    return 0;
}

/* ---- update, patch, status ---- */

/* A deletion that only waited for its finalizers, or its grace, is complete when both are gone. */
static bool is_finished(const json_t *o)
{
    return meta_get(o, "metadata.deletionTimestamp") &&
           json_array_size(meta_get(o, "metadata.finalizers")) == 0 &&
           meta_int(o, "metadata.deletionGracePeriodSeconds", 0) == 0;
}

static int apply_update(const struct apply_view *view, const json_t *object, struct applied *ret,
                        struct err *err)
{
    _cleanup_json_ json_t *out = begin(ret->old, err);
    json_t *metadata = json_object_get(out, "metadata");

    if (!out || take_client_metadata(metadata, json_object_get(object, "metadata"), err) < 0 ||
        resolve_owners(view, ret->old->ns, metadata, err) < 0 ||
        take_body(ret->kind, out, object, err) < 0)
        return -1;
    if (!same_body(ret->kind, out, ret->old->json) &&
        meta_set_int(out, "metadata.generation", ret->old->generation + 1, err) < 0)
        return -1;
    if (json_equal(out, ret->old->json))
        return 0;
    ret->is_removed = is_finished(out);
    ret->json = TAKE_PTR(out);
    return 0;
}

static int apply_patch(const struct apply_view *view, const json_t *patch, struct applied *ret,
                       struct err *err)
{
    _cleanup_json_ json_t *merged = meta_merge_apply(ret->old->json, patch, err);

    if (!merged)
        return -1;
    return apply_update(view, merged, ret, err);
}

/* status is shared from now on: a deep copy, or made by us. */
static int apply_status(json_t *status, struct applied *ret, struct err *err)
{
    _cleanup_json_ json_t *mine = status, *out = NULL;

    if (json_equal(mine, json_object_get(ret->old->json, "status")))
        return 0;
    out = begin(ret->old, err);
    if (!out)
        return -1;
    if (!mine)
        (void)json_object_del(out, "status"); /* absent is fine */
    else if (json_object_set(out, "status", mine) < 0)
        return err_oom(err);
    if (!json_equal(out, ret->old->json))
        ret->json = TAKE_PTR(out);
    return 0;
}

static int apply_update_status(const json_t *object, struct applied *ret, struct err *err)
{
    const json_t *status = meta_get(object, "status");
    json_t *copy = status ? meta_deep_copy(status) : NULL;

    if (status && !copy)
        return err_oom(err);
    return apply_status(copy, ret, err);
}

static int apply_patch_status(const json_t *patch, struct applied *ret, struct err *err)
{
    const json_t *p = json_object_get(patch, "status");
    _cleanup_json_ json_t *own = NULL, *merged = NULL;

    if (!p)
        return 0;
    own = meta_deep_copy(p);
    merged = own ? meta_merge_apply(json_object_get(ret->old->json, "status"), own, err) : NULL;
    if (!merged)
        return err_oom(err);
    return apply_status(json_incref(merged), ret, err);
}

/* ---- delete ---- */

/* Seconds between a delete and its end; only a Pod that has a node has any. */
static int64_t grace_of(const struct store_kind *kind, const struct store_op *op,
                        const struct store_object *old)
{
    if (!kind->is_graceful || op->now || meta_str(old->json, "spec.nodeName", "")[0] == '\0')
        return 0;
    return meta_int(old->json, "spec.terminationGracePeriodSeconds", 30);
}

static int mark_deleted(const struct apply_view *view, int64_t grace, bool foreground,
                        const struct store_object *old, json_t *out, struct err *err)
{
    json_t *finalizers;

    if (!old->is_deleting &&
        (meta_set_time(out, "metadata.deletionTimestamp", view->now_s + grace, err) < 0 ||
         meta_set_int(out, "metadata.generation", old->generation + 1, err) < 0))
        return -1;
    if (meta_set_int(out, "metadata.deletionGracePeriodSeconds", grace, err) < 0)
        return -1;
    if (!foreground)
        return 0;
    finalizers = json_object_get(json_object_get(out, "metadata"), "finalizers");
    if (finalizers && json_object_set_new(json_object_get(out, "metadata"), "finalizers",
                                          meta_copy(finalizers)) < 0)
        return err_oom(err);
    return meta_add_finalizer(out, FOREGROUND, err);
}

static int apply_delete(const struct apply_view *view, const struct store_op *op,
                        struct applied *ret, struct err *err)
{
    const struct store_object *old = ret->old;
    int64_t grace = grace_of(ret->kind, op, old);
    _cleanup_json_ json_t *out = begin(old, err);

    if (!out)
        return -1;
    if (old->is_deleting) /* a second delete can shorten the grace, never lengthen it */
        grace = MIN(grace, meta_int(old->json, "metadata.deletionGracePeriodSeconds", 0));
    if (mark_deleted(view, grace, op->foreground, old, out, err) < 0)
        return -1;
    if (json_equal(out, old->json) && !is_finished(out))
        return 0;
    ret->is_removed = is_finished(out);
    ret->json = TAKE_PTR(out);
    return 0;
}

/* ---- all of them ---- */

static int check_preconditions(const struct store_op *op, const struct store_object *o,
                               struct err *err)
{
    if (op->uid && strcmp(op->uid, o->uid) != 0)
        return err_set(err, RPC_ABORTED, "Conflict",
                       "%s \"%s\" is another one by now: its uid is %s, not %s", o->kind, o->name,
                       o->uid, op->uid);
    if (op->resource_version && op->resource_version != o->resource_version)
        return err_set(err, RPC_ABORTED, "Conflict",
                       "%s \"%s\" was changed meanwhile: resourceVersion %llu, not %llu", o->kind,
                       o->name, (unsigned long long)o->resource_version,
                       (unsigned long long)op->resource_version);
    return 0;
}

static int find_old(const struct apply_view *view, const struct store_op *op, struct applied *ret,
                    struct err *err)
{
    const char *ns = op->ns ? op->ns : meta_ns(op->object);
    const char *name = op->name ? op->name : meta_name(op->object);

    ret->old = view->get(view->user, ret->kind, ns, name);
    if (ret->old)
        return check_preconditions(op, ret->old, err);
    return store_not_found(view->store, ret->kind->name, ns, name, err);
}

int apply_op(const struct apply_view *view, const struct store_op *op, struct applied *ret,
             struct err *err)
{
    *ret = (struct applied){.kind = store_find_kind(view->store, op->kind)};
    if (!ret->kind)
        return bad(err, "unknown kind", op->kind);
    if (op->type == STORE_CREATE)
        return apply_create(view, op, ret, err);
    if (find_old(view, op, ret, err) < 0)
        return -1;
    if (op->type != STORE_DELETE && !json_is_object(op->object))
        return bad(err, "no object to write for", ret->old->name);

    switch (op->type) {
    case STORE_CREATE:
        break; /* done above */
    case STORE_UPDATE:
        return apply_update(view, op->object, ret, err);
    case STORE_PATCH:
        return apply_patch(view, op->object, ret, err);
    case STORE_UPDATE_STATUS:
    case STORE_PATCH_STATUS:
        if (!ret->kind->has_status)
            return bad(err, "no status to write on kind", ret->kind->name);
        return op->type == STORE_PATCH_STATUS ? apply_patch_status(op->object, ret, err)
                                              : apply_update_status(op->object, ret, err);
    case STORE_DELETE:
        return apply_delete(view, op, ret, err);
    }
    return bad(err, "unknown operation on", ret->old->name);
}
