#pragma once
/*
 * What implementations of the store share: the objects in memory with their indexes, the watchers,
 * the history. An implementation (memory and SQLite: local.c; the Kubernetes API later; a fake in a
 * test) is a struct store_ops; it makes objects with store_object_new() and puts its changes in
 * with store_cache_prepare(), store_cache_apply() and store_tell().
 */
#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/store/store.h"

#define STORE_MAX_KINDS 32
#define STORE_HISTORY   384
#define STORE_UID_MAX   48

struct store_ops {
    int (*write)(struct store *s, const struct store_op *ops, size_t n_ops, store_done_fn done,
                 void *user, struct err *err);
    void (*forget)(struct store *s, const void *user);
    void (*flush)(struct store *s);
    bool (*is_synced)(const struct store *s);
    /* Loads, or begins to watch, what there is of a new kind. */
    int (*add_kind)(struct store *s, const struct store_kind *kind, struct err *err);
    /* Frees all that is its own; the shared part follows by store_done(). */
    void (*free)(struct store *s);
};

/* All objects of one kind, sorted by (namespace, name). */
struct store_table {
    const struct store_kind *kind;
    const struct store_object **objects;
    size_t n, cap;
    size_t n_reserved; /* prepared and not yet applied */
};

/* Objects with an ownerReference to one uid; the uid need not exist. */
struct store_owner_set {
    struct list edges;
    size_t n_reserved; /* prepared and not yet applied */
};

/* An object with its places in the owner index; allocated as one. */
struct store_owner_edge {
    struct list link;
    const struct store_object *object;
};
struct store_object_full {
    struct store_object pub;
    uint32_t seen; /* kube.c: the last list that told of it */
    uint32_t n_edges;
    struct store_owner_edge edges[];
};

/* One change of one object. The references are held by whoever made the change. */
struct store_change {
    uint64_t resource_version;
    const struct store_kind *kind;
    const struct store_object *old_object; /* NULL: created */
    const struct store_object *object;     /* NULL: deleted */
    const struct store_object *last;       /* deleted: its last state */
};

struct store_past {
    uint64_t resource_version;
    enum store_event_type type;
    struct store_object *object;
};

struct store {
    const struct store_ops *ops;
    struct loop *loop;
    struct store_table tables[STORE_MAX_KINDS];
    size_t n_tables;
    size_t n_objects;
    struct map by_uid;   /* uid -> struct store_object; NULL: prepared */
    struct map by_owner; /* uid -> struct store_owner_set              */
    /* The last one asked for: who counts an owner's objects asks once for each. NULL: none. */
    const struct store_owner_set *last_set;
    char last_owner[STORE_UID_MAX];
    uint64_t revision;
    struct list watches;
    bool is_telling;
    const char *only_history; /* the one kind that store_replay() serves; NULL: all that have one */
    struct store_past *past;  /* ring of STORE_HISTORY */
    size_t past_at, n_past;
    uint64_t past_from; /* changes after this one are all in the ring */
    char instance_id[13];
    int64_t (*clock)(void *user);
    void *clock_user;
    store_fault_fn fault;
    void *fault_user;
    bool is_sequential; /* memory: as Kubernetes does, no transactions */
};

/* The shared part. Registers the kinds every store has, without calling ops->add_kind. */
int store_init(struct store *s, const struct store_ops *ops, struct loop *loop, struct err *err);
void store_done(struct store *s);

struct store_table *store_table(const struct store *s, const char *kind);
/* Sets the error of store_need(); returns -1. */
int store_not_found(const struct store *s, const char *kind, const char *ns, const char *name,
                    struct err *err);
int64_t store_now_s(const struct store *s);

/* Takes a reference to json, whose metadata must have name, uid and resourceVersion. NULL with
 * *err. */
struct store_object *store_object_new(const struct store_kind *kind, json_t *json, struct err *err);

/* Allocates all that applying the change will need; undo gives the room back. Between them and
 * apply readers see nothing. */
int store_cache_prepare(struct store *s, const struct store_change *c, struct err *err);
void store_cache_undo(struct store *s, const struct store_change *c);
/* Cannot fail. */
void store_cache_apply(struct store *s, const struct store_change *c);
/* Puts it into the history and calls the watchers. */
void store_tell(struct store *s, const struct store_change *c);

/* NULL, or those with an ownerReference to uid. */
const struct store_owner_set *store_dependents(const struct store *s, const char *uid);
