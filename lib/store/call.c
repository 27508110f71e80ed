#include "lib/store/call.h"

#include <stdlib.h>

#define CALL_ARENA_BYTES (64u * 1024)

void store_call_free(struct store_call *c)
{
    for (size_t i = 0; i < c->n_ops; i++) {
        json_decref(c->ops[i].object);
        store_object_unref((struct store_object *)c->objects[i]);
    }
    arena_done(&c->arena);
    free(c);
}

static char *dup_or_null(struct arena *a, const char *s, bool *oom)
{
    char *copy = s ? arena_strdup(a, s) : NULL;

    *oom |= s && !copy;
    return copy;
}

static int copy_ops(struct store_call *c, const struct store_op *ops, size_t n)
{
    bool oom = false;

    c->ops = arena_zalloc(&c->arena, n * sizeof(*c->ops));
    c->objects = arena_zalloc(&c->arena, n * sizeof(*c->objects));
    if (!c->ops || !c->objects)
        return -1;
    c->n_ops = n;
    for (size_t i = 0; i < n; i++) {
        c->ops[i] = ops[i];
        c->ops[i].object = json_incref(ops[i].object);
        c->ops[i].kind = dup_or_null(&c->arena, ops[i].kind, &oom);
        c->ops[i].ns = dup_or_null(&c->arena, ops[i].ns, &oom);
        c->ops[i].name = dup_or_null(&c->arena, ops[i].name, &oom);
        c->ops[i].uid = dup_or_null(&c->arena, ops[i].uid, &oom);
    }
    return oom ? -1 : 0;
}

struct store_call *store_call_new(const struct store_op *ops, size_t n, struct err *err)
{
    struct store_call *c = calloc(1, sizeof(*c));

    if (!c) {
        (void)err_oom(err);
        return NULL;
    }
    list_init(&c->link);
    arena_init(&c->arena, CALL_ARENA_BYTES);
    if (copy_ops(c, ops, n) < 0) {
        store_call_free(c);
        (void)err_oom(err);
        return NULL;
    }
    return c;
}

void store_call_answer(const struct store_call *c)
{
    struct store_result res = {.n_objects = c->n_ops, .objects = c->objects};
    struct err err;

    if (c->has_failed) {
        err = c->err;
        if (c->ops[c->failed].doing)
            (void)err_wrap(&err, "%s", c->ops[c->failed].doing);
        res = (struct store_result){.err = &err, .failed = c->failed};
    }
    if (c->done)
        c->done(&res, c->user);
}
