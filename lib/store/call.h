#pragma once
/* One call of store_write(), as it waits for its turn: its ops with copies of their strings, and
 * what came of them. */
#include "lib/base/arena.h"
#include "lib/base/list.h"
#include "lib/store/store.h"

struct store_call {
    struct list link;
    struct arena arena; /* the strings and arrays of the ops */
    struct store_op *ops;
    size_t n_ops;
    store_done_fn done;
    void *user;
    const struct store_object **objects; /* what each op left, referenced */
    bool has_failed;
    size_t failed;
    struct err err;
};

/* NULL with *err: out of memory. */
struct store_call *store_call_new(const struct store_op *ops, size_t n, struct err *err);
/* On no list any more. */
void store_call_free(struct store_call *c);
/* Calls `done`, when there is one. */
void store_call_answer(const struct store_call *c);
