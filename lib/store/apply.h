#pragma once
/* What an API server makes of one operation: from the object as it is and the op to the object as
 * it will be. Changes nothing. */
#include "lib/store/store_impl.h"

/* How the op sees the objects: what is durable and, above it, what this round has staged. */
struct apply_view {
    const struct store *store;
    const struct store_object *(*get)(const void *user, const struct store_kind *kind,
                                      const char *ns, const char *name);
    const void *user;
    int64_t now_s;
    bool is_remote; /* CREATE: whether the name is taken is somebody else's to say */
};

struct applied {
    const struct store_kind *kind;
    const struct store_object *old; /* borrowed; NULL: created                                  */
    json_t *json;                   /* the new object without its resourceVersion, to be
                                       decref'ed; its metadata is shared with nobody. NULL:
                                       nothing changes                                          */
    bool is_removed;                /* json is its last state                                   */
};

/* < 0 with *err as struct store_result documents. */
int apply_op(const struct apply_view *view, const struct store_op *op, struct applied *ret,
             struct err *err);
