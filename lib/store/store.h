#pragma once
/*
 * One store of objects, whether the truth is a SQLite file (one machine) or the Kubernetes API (a
 * cluster).
 *
 * Objects are Kubernetes objects as JSON, always in the hub version v1beta1. Reading is
 * synchronous, from memory, like an informer's cache. Writing is asynchronous: ops go in, `done` is
 * called on the loop. The memory changes when the write has succeeded, then watchers are told, then
 * `done` is called; nothing is seen before it is durable.
 *
 * What an API server does, the store does: uid, creationTimestamp, generateName, generation,
 * resourceVersion, finalizers (a delete first sets deletionTimestamp), graceful deletion of Pods,
 * garbage collection by ownerReferences, and a write that changes nothing is none (same
 * resourceVersion, no event).
 *
 * The two stores differ in one thing a caller must know. SQLite: the ops of one store_write() are
 * one transaction, all or nothing, and all calls of one loop round share one commit to disk.
 * Kubernetes: the ops of one call are done in order and stop at the first failure; those before it
 * have happened. So put first what decides (the claim that carries its assignment) and make the
 * rest repeatable.
 *
 *     json_t *sb = store_object_edit(member, &err);                  // a copy to change
 *     meta_set_owner(sb, …);
 *     struct store_op ops[] = {
 *         {.type = STORE_CREATE, .kind = "SandboxClaim", .object = claim},
 *         {.type = STORE_UPDATE, .kind = "Sandbox", .object = sb, .uid = member->uid,
 *          .resource_version = member->resource_version},
 *     };
 *     r = store_write(store, ops, 2, on_claimed, claim_ctx, &err);
 *
 * One loop, one thread; nothing here blocks but a bounded SQLite commit.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct loop;
struct store;

/* ---- kinds ---- */

/* Registered at start: Sandbox, SandboxClaim, SandboxTemplate, SandboxWarmPool, Pod, Event. */
struct store_kind {
    const char *name;        /* "SandboxClaim"                                                */
    const char *api_version; /* "extensions.agents.x-k8s.io/v1beta1"                          */
    const char *noun;        /* "Claim": errors say "ClaimNotFound" and `no claim "web-1"`    */
    bool has_status;         /* a status of its own: CREATE and UPDATE leave status alone     */
    bool has_history;        /* store_replay() serves it                                      */
    bool is_graceful;        /* as Pods: once spec.nodeName is set, DELETE sets
                                deletionTimestamp and DELETE with `now` removes it            */
    uint32_t max_objects;    /* over it the oldest goes (Events); 0: LIMIT_OBJECTS, refused   */
    /* Read by the Kubernetes store only. */
    const char *plural;       /* "sandboxes"; NULL: the name in lower case and an "s"          */
    bool is_write_only;       /* created and patched, never listed nor watched (Events)        */
    void (*prune)(json_t *o); /* takes away what nobody reads before it is kept, or NULL      */
};

/* An internal kind of the caller; `kind` and its strings are static. Before the first write of that
 * kind. Objects of it that are in the file are loaded now; when that fails the store is good for
 * store_free() only. */
int store_register_kind(struct store *store, const struct store_kind *kind, struct err *err);
const struct store_kind *store_find_kind(const struct store *store, const char *kind);

/* ---- objects ---- */

/* An immutable snapshot. The strings point into `json`. Nobody may change `json`: edit a copy. */
struct store_object {
    const char *kind; /* the store's own string: compare with == or strcmp */
    const char *ns;   /* "" for none      */
    const char *name;
    const char *uid;
    uint64_t resource_version; /* increases over all kinds of the store */
    int64_t generation;
    bool is_deleting; /* deletionTimestamp is set */
    const json_t *json;
    unsigned n_refs;
    uint64_t memo; /* store_object_note(): 0 in a new snapshot */
};

/* What a reader found out about this snapshot and need not find out again. One reader per kind (of
 * Sandboxes: the pools). */
static inline void store_object_note(const struct store_object *o, uint64_t memo)
{
    ((struct store_object *)o)->memo = memo;
}

struct store_object *store_object_ref(const struct store_object *o);
void store_object_unref(struct store_object *o);
DEFINE_CLEANUP(struct store_object *, store_object_unref)

/* A deep copy to change and hand to store_write(); json_decref() it. NULL: out of memory, *err set.
 */
json_t *store_object_edit(const struct store_object *o, struct err *err);

/* ---- reading: from memory
 * ------------------------------------------------------------------------------------- */

/* A pointer that these return is good until control returns to the loop (or store_flush()); ref it
 * to keep it. */

/* NULL when there is none. */
const struct store_object *store_get(const struct store *store, const char *kind, const char *ns,
                                     const char *name);
/* The same as an error: NOT_FOUND, reason "ClaimNotFound", message `no claim "web-1" in namespace
 * "default"`. */
const struct store_object *store_need(const struct store *store, const char *kind, const char *ns,
                                      const char *name, struct err *err);
const struct store_object *store_get_by_uid(const struct store *store, const char *uid);

struct store_query {
    const char *kind;        /* needed                                                        */
    const char *ns;          /* NULL: all                                                     */
    const char *owner_uid;   /* NULL, or only those with an ownerReference to it (indexed)    */
    const char *label_key;   /* NULL, or only those with this label …                         */
    const char *label_value; /*   … of this value; NULL: any value                            */
};

/* In order of (namespace, name); with owner_uid in no order, and store_next_after() not served.
 * prev: the one returned before, NULL for the first; NULL at the end. A page goes on with
 * store_next_after(), whose key need not exist any more. */
const struct store_object *store_next(const struct store *store, const struct store_query *q,
                                      const struct store_object *prev);
const struct store_object *store_next_after(const struct store *store, const struct store_query *q,
                                            const char *ns, const char *name);
#define STORE_FOREACH(it, store, q)                                                                \
    for (const struct store_object *it = store_next((store), (q), NULL); it;                       \
         it = store_next((store), (q), it))

size_t store_count(const struct store *store, const char *kind);

/* The resourceVersion of the newest change, as a list carries it. */
uint64_t store_revision(const struct store *store);
/* Whether memory holds all there is. SQLite and memory: always. Kubernetes: when the first lists
 * are in. */
bool store_is_synced(const struct store *store);
/* Random, made once for the life of the file; names of what this instance makes on the host carry
 * it. 12 characters [a-z0-9]. */
const char *store_instance_id(const struct store *store);

/* ---- writing ---- */

/* Kubernetes: who waits for a write. By kind: a claim, and what changes a Sandbox, goes first. */
enum store_hurry { STORE_HURRY_BY_KIND, STORE_HURRY_FIRST, STORE_HURRY_LAST };

enum store_op_type {
    STORE_CREATE,        /* object: whole; metadata.name or .generateName. Its status is dropped
                            when the kind has_status                                           */
    STORE_UPDATE,        /* object: labels, annotations, ownerReferences, finalizers and spec as
                            they shall be; what is missing is removed                          */
    STORE_PATCH,         /* object: JSON merge patch (RFC 7396) of the same                    */
    STORE_UPDATE_STATUS, /* object: its `status` replaces the status, nothing else is read     */
    STORE_PATCH_STATUS,  /* object: {"status": merge patch}                                    */
    STORE_DELETE,        /* object: NULL                                                       */
};

/*
 * ns and name may be NULL where `object` carries them. An ownerReference in `object` whose uid is
 * "" gets the uid of the object it names (same namespace), created by an earlier op of the same
 * call included. Server-owned metadata in `object` (uid, resourceVersion, generation,
 * creationTimestamp, deletionTimestamp) is ignored: preconditions are said here only.
 */
struct store_op {
    enum store_op_type type;
    const char *kind;
    const char *ns, *name;
    json_t *object;            /* borrowed: a reference is taken; unchanged until `done`   */
    const char *uid;           /* precondition, or NULL: another uid is a conflict         */
    uint64_t resource_version; /* precondition, or 0                                       */
    bool now;                  /* DELETE: gracePeriodSeconds 0                             */
    bool foreground;           /* DELETE: after its dependents (with blockOwnerDeletion)   */
    /* May be lost when the machine (never when the process) crashes, together with all that follows
     * it: for what can be made again from the rest of the world. SQLite: no wait for the disk. */
    bool relaxed;
    /* Put before the message of this op's failure ("failed to patch pod"); a literal, or NULL. */
    const char *doing;
    enum store_hurry hurry; /* that of the call's first op counts */
};

/*
 * err is NULL on success: objects[i] is then what op i left behind (DELETE: the object that is
 * gone, or is_deleting when a finalizer or grace holds it). On failure `failed` is the op that did,
 * with err one of NOT_FOUND "<Noun>NotFound", ALREADY_EXISTS "AlreadyExists", ABORTED "Conflict" (a
 * precondition: read again, try again), INVALID_ARGUMENT "BadRequest", RESOURCE_EXHAUSTED
 * "TooLarge" | "OutOfMemory", UNAVAILABLE "StateUnavailable" (the commit failed: disk full, I/O;
 * nothing of the whole round happened), PERMISSION_DENIED (Kubernetes). All pointers are good
 * during the call only.
 */
struct store_result {
    const struct err *err;
    size_t failed;
    size_t n_objects;
    const struct store_object *const *objects;
};
typedef void (*store_done_fn)(const struct store_result *res, void *user);

#define STORE_MAX_OPS 64

/* 0: `done` (may be NULL) will be called exactly once, from the loop, never from inside this call.
 * < 0: nothing was queued. Calls are applied in the order made; on Kubernetes they are begun in
 * it, and it holds for those about one object. Commits at the end of this loop round. Strings are
 * copied. */
int store_write(struct store *store, const struct store_op *ops, size_t n_ops, store_done_fn done,
                void *user, struct err *err);
/* The writes of `user` that are under way go on, but their `done` is not called. For a caller that
 * dies. */
void store_forget(struct store *store, const void *user);
/* SQLite, memory: commits what waits, now; watchers and `done`s are called from inside. For an
 * orderly end and for tests; not from a watcher or a `done`. Kubernetes: does nothing. */
void store_flush(struct store *store);

/* ---- watching ---- */

enum store_event_type { STORE_ADDED, STORE_MODIFIED, STORE_DELETED };

struct store_event {
    enum store_event_type type;
    uint64_t resource_version;             /* of this change; a deletion has one of its own */
    const struct store_object *old_object; /* MODIFIED, DELETED: as it was                  */
    const struct store_object *object;     /* as it is now; DELETED: its last state         */
};
struct store_watch;
/* Called on the loop, in order of resourceVersion. Memory may already be newer than the event:
 * look, do not believe. */
typedef void (*store_watch_fn)(const struct store_event *ev, void *user);

/* kind NULL: all. Objects that are there already are not told: list them, in the same callback, and
 * nothing is missed. (On Kubernetes those of the first list come as ADDED.) */
int store_watch_new(struct store_watch **ret, struct store *store, const char *kind,
                    store_watch_fn fn, void *user, struct err *err);
/* May be called from inside any callback of the store. */
void store_watch_free(struct store_watch *w);
DEFINE_CLEANUP(struct store_watch *, store_watch_free)

/* For a client that resumes a watch: calls fn, from inside, for each change of the kind after
 * resource_version, oldest first; go on with store_watch_new() in the same callback. < 0:
 * OUT_OF_RANGE, reason "Expired": the change may have been forgotten; list again. old_object is
 * NULL here. */
int store_replay(const struct store *store, const char *kind, uint64_t resource_version,
                 store_watch_fn fn, void *user, struct err *err);

/* ---- making one ---- */

/*
 * path: the database file, in a folder that exists; made with mode 0600. Errors, all
 * FAILED_PRECONDITION: "StateNotWritable", "SchemaTooNew" (made by a newer version), "StateInUse"
 * (another process has it open), "StateCorrupt". Loads everything.
 */
int store_new_sqlite(struct store **ret, struct loop *loop, const char *path, struct err *err);
/* The same without a file: for tests and scripted worlds. */
int store_new_memory(struct store **ret, struct loop *loop, struct err *err);
/* Commits what waits, without calling anybody; watches must be freed before. */
void store_free(struct store *store);
DEFINE_CLEANUP(struct store *, store_free)

/* ---- for tests ---- */

/* The wall clock of creationTimestamp and deletionTimestamp, Unix seconds; NULL: the real one. */
void store_set_clock(struct store *store, int64_t (*now_s)(void *user), void *user);
/* SQLite, memory: asked before each op of each call is applied; < 0 with *err fails the call with
 * it, > 0 with *err does too after the op took effect (for sequential stores). NULL: none. */
typedef int (*store_fault_fn)(const struct store_op *op, void *user, struct err *err);
void store_set_fault(struct store *store, store_fault_fn fn, void *user);
/* SQLite, memory: as on Kubernetes the ops of one call are done in order, and those before the one
 * that failed stay done. */
void store_set_sequential(struct store *store, bool is_sequential);
