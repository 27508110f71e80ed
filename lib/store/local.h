#pragma once
/* The store whose truth is here: an implementation of struct store_ops that does what an API server
 * does, above a file or nothing. */
#include "lib/store/store_impl.h"

/* One object as it shall be on disk. */
struct local_row {
    const char *kind, *ns, *name;
    const char *json; /* NULL: delete it */
};

struct local_disk {
    /* All rows and the revision in one transaction; sync: on the disk when it returns, with all
     * transactions before it. < 0 with *err: nothing happened. NULL: no disk. */
    int (*commit)(struct local_disk *d, const struct local_row *rows, size_t n_rows,
                  uint64_t revision, bool sync, struct err *err);
    /* Calls local_load() for each object of the kind. */
    int (*load)(struct local_disk *d, struct store *s, const struct store_kind *kind,
                struct err *err);
    void (*free)(struct local_disk *d);
};

/* disk: NULL for none; taken also on failure. */
int local_new(struct store **ret, struct loop *loop, struct local_disk *disk, struct err *err);
/* Loads the kinds that are there from the start. */
int local_load_all(struct store *s, struct err *err);
/* Puts in an object that is on disk; json: borrowed. */
int local_load(struct store *s, const struct store_kind *kind, json_t *json, struct err *err);
