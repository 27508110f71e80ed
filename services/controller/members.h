#pragma once
/*
 * The index of warm pool members that a claim may take: in memory, kept from the events of
 * Sandboxes, rebuilt at start. Taking removes a member before anything is written, so no two claims
 * can get the same one; what became of the write is told by members_settle().
 */
#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/store/store.h"

struct member {
    struct list link; /* in ready of its node or starting of its pool; unlinked while taken */
    bool is_ready, has_ip, is_taken;
    struct member_pool *pool;
    struct member_node *node; /* while ready */
    char uid[40];
    uint64_t holder; /* members_holder() of the claim it is for; 0: none */
    const char *ns, *name;
};

/* The ready members of a pool on one node; there as long as the pool. */
struct member_node {
    struct list link;  /* pool.nodes */
    struct list ready; /* oldest first */
    size_t n;
    char name[]; /* "": not known */
};

struct member_pool {
    struct list nodes;
    struct list starting; /* adoptable but not Ready */
    size_t n_ready, n_starting;
    char *key; /* "ns/pool" */
};

struct members {
    struct map by_uid;
    struct map pools;   /* never shrinks but with the pool object */
    bool is_incomplete; /* one found no memory: whoever sees it updates all again */
};

void members_init(struct members *m);
void members_done(struct members *m);

/* Looks at a Sandbox: puts it in, moves it, or takes it out. Out of memory: left out, and
 * is_incomplete says so. */
void members_update(struct members *m, const struct store_object *sandbox);
void members_remove(struct members *m, const char *uid);
void members_remove_pool(struct members *m, const char *ns, const char *pool);

/* Ready ones first, of the node that has most of them (which spreads what claims cost over the
 * nodes), oldest first; then starting ones that have an address. NULL: none. The member
 * is taken: nobody else gets it until members_settle(). */
struct member *members_take(struct members *m, const char *ns, const char *pool, bool ready_only);
/* Takes this one; NULL when it is not there or taken. */
struct member *members_take_uid(struct members *m, const char *uid);
/* Taken for this claim, from before its write until after: also when the claim was written and the
 * Sandbox not yet (a crash, a conflict), nobody else gets it until members_settle(). False: it is
 * not there, or for another claim. */
bool members_hold(struct members *m, const char *uid, uint64_t holder);
bool members_is_held_by(const struct members *m, const char *uid, uint64_t holder);
uint64_t members_holder(const char *ns, const char *claim);
/* The write that took it has ended, well or not: `sandbox` is how the store has it now (NULL:
 * gone). */
void members_settle(struct members *m, const char *uid, const struct store_object *sandbox);

size_t members_n_ready(const struct members *m, const char *ns, const char *pool);
/* Adoptable, but none has an address yet: a claim waits a moment for one. */
bool members_are_pending(const struct members *m, const char *ns, const char *pool);
bool members_is_taken(const struct members *m, const char *uid);

/* Whether a Sandbox may be adopted, and from which pool. */
bool sandbox_is_adoptable(const json_t *sandbox, const char **ret_pool);
