#pragma once
/* The writes of one step: collected, then handed to the store as one call (on SQLite: one
 * transaction). */
#include "lib/store/store.h"
#include "services/controller/obj.h"

struct batch {
    struct store_op ops[STORE_MAX_OPS];
    size_t n;
    size_t n_queued; /* after batch_write(): calls for which `done` comes                */
    bool oom;        /* a builder failed: the batch is not to be written                  */
    bool separate;   /* each op is a call of its own, side by side, and fails alone       */
    enum store_hurry hurry;
    bool relaxed; /* no wait for the disk: after a crash of the machine it is done anew */
};

void batch_init(struct batch *b);
/* Drops the objects; what was handed to the store lives on there. */
void batch_done(struct batch *b);

/* All take the reference of `object`, also when it is NULL (out of memory, remembered in b->oom).
 */
void batch_create(struct batch *b, const char *kind, json_t *object);
/* Spec and metadata as they are in `object`; locked: refused when base is not the newest. */
void batch_update(struct batch *b, const struct store_object *base, json_t *object, bool locked);
/* JSON merge patch of labels, annotations, spec; unlocked. */
void batch_patch(struct batch *b, const struct store_object *base, json_t *patch);
/* status: the new status alone. No op when it equals the old one. */
void batch_status(struct batch *b, const struct store_object *base, json_t *status);
/* Always with the uid; locked: with the resourceVersion too. */
void batch_delete(struct batch *b, const struct store_object *base, bool locked);

/* What the op that was added last does, put before the message of its failure: a literal. */
void batch_doing(struct batch *b, const char *doing);

static inline size_t batch_room(const struct batch *b)
{
    return STORE_MAX_OPS - b->n;
}

/* 0, or < 0 and nothing was queued (separate: b->n_queued of the calls were). */
int batch_write(struct batch *b, struct store *store, store_done_fn done, void *user,
                struct err *err);
