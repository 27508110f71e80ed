#include "services/controller/batch.h"

#include <assert.h>

void batch_init(struct batch *b)
{
    b->n = 0;
    b->n_queued = 0;
    b->oom = false;
    b->relaxed = false;
    b->separate = false;
    b->hurry = STORE_HURRY_BY_KIND;
}

void batch_done(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        json_decref(b->ops[i].object);
    b->n = 0;
}

static void add(struct batch *b, struct store_op op)
{
    assert(b->n < STORE_MAX_OPS);
    if (op.type != STORE_DELETE && !op.object) {
        b->oom = true;
        return;
    }
    b->ops[b->n++] = op;
}

void batch_create(struct batch *b, const char *kind, json_t *object)
{
    add(b, (struct store_op){.type = STORE_CREATE, .kind = kind, .object = object});
}

void batch_update(struct batch *b, const struct store_object *base, json_t *object, bool locked)
{
    add(b, (struct store_op){.type = STORE_UPDATE,
                             .kind = base->kind,
                             .ns = base->ns,
                             .name = base->name,
                             .object = object,
                             .uid = base->uid,
                             .resource_version = locked ? base->resource_version : 0});
}

void batch_patch(struct batch *b, const struct store_object *base, json_t *patch)
{
    add(b, (struct store_op){.type = STORE_PATCH,
                             .kind = base->kind,
                             .ns = base->ns,
                             .name = base->name,
                             .object = patch,
                             .uid = base->uid});
}

void batch_status(struct batch *b, const struct store_object *base, json_t *status)
{
    json_t *o;

    if (!status) {
        b->oom = true;
        return;
    }
    if (obj_equal(status, json_object_get(base->json, "status"))) {
        json_decref(status);
        return;
    }
    o = json_pack("{s:o}", "status", status);
    add(b, (struct store_op){.type = STORE_UPDATE_STATUS,
                             .kind = base->kind,
                             .ns = base->ns,
                             .name = base->name,
                             .object = o,
                             .uid = base->uid});
}

void batch_delete(struct batch *b, const struct store_object *base, bool locked)
{
    add(b, (struct store_op){.type = STORE_DELETE,
                             .kind = base->kind,
                             .ns = base->ns,
                             .name = base->name,
                             .uid = base->uid,
                             .resource_version = locked ? base->resource_version : 0});
}

void batch_doing(struct batch *b, const char *doing)
{
    if (b->n > 0)
        b->ops[b->n - 1].doing = doing;
}

int batch_write(struct batch *b, struct store *store, store_done_fn done, void *user,
                struct err *err)
{
    size_t per_call = b->separate ? 1 : b->n;

    b->n_queued = 0;
    if (b->oom)
        return err_oom(err);
    for (size_t i = 0; i < b->n; i++) {
        b->ops[i].relaxed = b->relaxed;
        b->ops[i].hurry = b->hurry;
    }
    for (size_t i = 0; i < b->n; i += per_call) {
        if (store_write(store, &b->ops[i], per_call, done, user, err) < 0)
            return -1;
        b->n_queued++;
    }
    return 0;
}
