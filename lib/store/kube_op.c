/* What an op becomes: apply.c says what the object shall be, the difference to memory is asked for.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/store/apply.h"
#include "lib/store/kube_impl.h"

#define GENERATE_MAX 58 /* of generateName: 63 with the suffix */

static const struct store_object *get_object(const void *user, const struct store_kind *kind,
                                             const char *ns, const char *name)
{
    return store_get(user, kind->name, ns, name);
}

struct kube_kind *kube_kind_find(struct kube_store *ks, const char *name)
{
    for (size_t i = 0; i < ks->n_kinds; i++)
        if (strcmp(ks->kinds[i].kind->name, name) == 0)
            return &ks->kinds[i];
    return NULL;
}

static int generate_name(const struct kube_store *ks, const struct store_op *op,
                         struct kube_plan *p, struct err *err)
{
    const char *prefix = meta_str(op->object, "metadata.generateName", "");
    size_t n = MIN(strlen(prefix), (size_t)GENERATE_MAX);

    if (op->type != STORE_CREATE || n == 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "no metadata.name for a %s",
                       p->kind->kind->name);
    (void)memcpy(p->name, prefix, n);
    do
        bytes_random_name(p->name + n, 5);
    while (store_get(&ks->store, p->kind->kind->name, p->ns, p->name));
    return 0;
}

int kube_plan_name(struct kube_store *ks, const struct store_op *op, struct kube_plan *ret,
                   struct err *err)
{
    const char *ns = op->ns ? op->ns : meta_ns(op->object);
    const char *name = op->name ? op->name : meta_name(op->object);

    *ret = (struct kube_plan){.kind = kube_kind_find(ks, op->kind)};
    if (!ret->kind)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "unknown kind \"%s\"", op->kind);
    if (strlen(ns) >= sizeof(ret->ns) || strlen(name) >= sizeof(ret->name))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "the name or namespace of a %s is too long: %s", op->kind, name);
    (void)snprintf(ret->ns, sizeof(ret->ns), "%s", ns);
    (void)snprintf(ret->name, sizeof(ret->name), "%s", name);
    return name[0] ? 0 : generate_name(ks, op, ret, err);
}

/* ---- requests ---- */

static int plan_create(struct kube_plan *p, json_t *json, struct err *err)
{
    json_t *metadata = json_object_get(json, "metadata");

    /* The server's own; absent is fine. */
    (void)json_object_del(metadata, "uid");
    (void)json_object_del(metadata, "generation");
    (void)json_object_del(metadata, "creationTimestamp");
    p->method = KUBE_POST;
    p->body = json_incref(json);
    return meta_set_str(json, "metadata.name", p->name, err);
}

static int plan_delete(struct kube_plan *p, const struct store_op *op,
                       const struct store_object *old, struct err *err)
{
    p->method = KUBE_DELETE;
    p->body = kube_delete_options(old->uid, op->resource_version, op->now ? 0 : -1,
                                  op->foreground ? "Foreground" : "Background");
    p->old = store_object_ref(old); /* the watch may be faster than the answer */
    return p->body ? 0 : err_oom(err);
}

static int add_preconditions(json_t *body, const struct store_op *op, struct err *err)
{
    char version[24];

    if (op->uid && meta_set_str(body, "metadata.uid", op->uid, err) < 0)
        return -1;
    if (!op->resource_version)
        return 0;
    (void)snprintf(version, sizeof(version), "%" PRIu64, op->resource_version);
    return meta_set_str(body, "metadata.resourceVersion", version, err);
}

static int plan_patch(struct kube_plan *p, const struct store_op *op,
                      const struct store_object *old, const json_t *json, struct err *err)
{
    json_t *metadata;

    p->body = meta_merge_diff(old->json, json, err);
    if (!p->body)
        return -1;
    metadata = json_object_get(p->body, "metadata");
    (void)json_object_del(metadata, "generation"); /* the server counts */
    if (metadata && json_object_size(metadata) == 0)
        (void)json_object_del(p->body, "metadata"); /* it is there */
    if (json_object_size(p->body) == 0)
        return KUBE_PLAN_NOTHING;
    p->method = KUBE_PATCH;
    if (op->type == STORE_UPDATE_STATUS || op->type == STORE_PATCH_STATUS)
        p->subresource = "status";
    return add_preconditions(p->body, op, err);
}

/* Memory knows nothing of the object: what is given is what is sent. */
static int plan_blind_patch(struct kube_plan *p, const struct store_op *op, struct err *err)
{
    p->body = json_deep_copy(op->object);
    if (!p->body)
        return err_oom(err);
    p->method = KUBE_PATCH;
    return add_preconditions(p->body, op, err);
}

int kube_plan_make(struct kube_store *ks, const struct store_op *op, struct kube_plan *p,
                   struct err *err)
{
    const struct apply_view view = {.store = &ks->store,
                                    .get = get_object,
                                    .user = &ks->store,
                                    .now_s = store_now_s(&ks->store),
                                    .is_remote = true};
    struct store_op named = *op;
    struct applied a;
    int r;

    if (p->kind->kind->is_write_only && op->type == STORE_PATCH)
        return plan_blind_patch(p, op, err);

    named.ns = p->ns;
    named.name = p->name;
    if (apply_op(&view, &named, &a, err) < 0)
        return -1;
    if (!a.json)
        return KUBE_PLAN_NOTHING;
    switch (op->type) {
    case STORE_CREATE:
        r = plan_create(p, a.json, err);
        break;
    case STORE_DELETE:
        r = plan_delete(p, op, a.old, err);
        break;
    case STORE_UPDATE:
    case STORE_PATCH:
    case STORE_UPDATE_STATUS:
    case STORE_PATCH_STATUS:
        r = plan_patch(p, op, a.old, a.json, err);
        break;
    default:
        abort();
    }
    json_decref(a.json);
    return r;
}

bool kube_plan_is_done(const struct kube_plan *p, const json_t *o)
{
    struct err err;
    _cleanup_json_ json_t *with = meta_merge_apply(o, p->body, &err);

    return with && json_equal(with, o);
}

void kube_plan_done(struct kube_plan *p)
{
    json_decref(TAKE_PTR(p->body));
    store_object_unref(TAKE_PTR(p->old));
}
