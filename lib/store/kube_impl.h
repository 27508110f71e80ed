#pragma once
/*
 * The store above the Kubernetes API in three parts: what is in memory and how news gets there
 * (kube_cache.c), what an op becomes (kube_op.c), and the calls that wait, run and end (kube.c).
 */
#include "lib/kube/kube_watch.h"
#include "lib/store/call.h"
#include "lib/store/intern.h"
#include "lib/store/store_impl.h"
#include "lib/store/store_kube.h"

#define KUBE_STORE_PLURAL_MAX 64
#define KUBE_STORE_NAME_MAX   254
#define KUBE_STORE_NS_MAX     64
#define KUBE_STORE_KEY_MAX    400
#define KUBE_STORE_GRAVES     4096

struct kube_kind {
    struct kube_store *ks;
    const struct store_kind *kind;
    struct kube_resource resource;
    char plural[KUBE_STORE_PLURAL_MAX];
    struct kube_watch *watch; /* NULL: not watched                      */
    uint32_t list;            /* number of the present list, from 1 on  */
};

/* uids that are gone: what is told of them late is dropped. Their hashes, the oldest forgotten. */
struct kube_graves {
    uint64_t hashes[KUBE_STORE_GRAVES];
    size_t n, at;
};

struct kube_store {
    struct store store; /* first: store_free() frees the whole */
    struct kube_client *client;
    struct store_kube_opts opts;
    char *label_selector;
    struct kube_kind kinds[STORE_MAX_KINDS];
    size_t n_kinds;
    struct kube_graves graves;
    struct intern shared; /* what equal objects have in common */
    struct loop_task *task;
    struct list writes; /* struct kube_write, all                 */
    struct list ready;  /* those that can go on in the next turn  */
    struct map busy;    /* key of an object that is being written -> its struct kube_write */
};

struct kube_kind *kube_kind_find(struct kube_store *ks, const char *name);

/* ---- kube_cache.c ---- */

/* Puts in what the API server has said is there. is_told: by a list or a watch, not by an answer.
 * json is shared from now on. *ret (may be NULL): the object in memory after it, NULL when it was
 * dropped as gone; good until the next change. < 0: out of memory. */
int kube_cache_put(struct kube_kind *k, json_t *json, bool is_told, const struct store_object **ret,
                   struct err *err);
/* It is gone. last: its last state, or NULL. uid: NULL for whichever it is. */
int kube_cache_drop(struct kube_kind *k, const char *ns, const char *name, const char *uid,
                    json_t *last, struct err *err);
/* The list of that version is whole: what it did not tell of is gone. */
int kube_cache_sweep(struct kube_kind *k, uint64_t version, struct err *err);
/* Whether memory has it as new as that, or knows that it is gone. is_told as above: it counts as
 * told then. *ret (may be NULL): the object in memory; NULL: gone, or not known. */
bool kube_cache_knows(struct kube_kind *k, const struct kube_ident *id, bool is_told,
                      const struct store_object **ret);
/* What of an object of that kind is built at all: what kube_prune() would take away is left out,
 * as far as it can be said of a path. */
const struct json_sieve *kube_sieve(const struct store_kind *kind);
/* Takes away managedFields and what the kind says. */
void kube_prune(const struct store_kind *kind, json_t *o);

/* ---- kube_op.c ---- */

/* What one op asks of the API server. */
struct kube_plan {
    struct kube_kind *kind;
    enum kube_method method;
    const char *subresource; /* or NULL */
    char ns[KUBE_STORE_NS_MAX], name[KUBE_STORE_NAME_MAX];
    json_t *body;             /* owned */
    struct store_object *old; /* DELETE: what is to go, referenced */
};
enum { KUBE_PLAN_NOTHING = 1 };
/* Kind, namespace and name: a created one with generateName gets its name here, once, so that a try
 * whose answer is lost can be looked for. */
int kube_plan_name(struct kube_store *ks, const struct store_op *op, struct kube_plan *ret,
                   struct err *err);
/* The request; 0, or KUBE_PLAN_NOTHING when memory has it so already. Errors as struct
 * store_result. */
int kube_plan_make(struct kube_store *ks, const struct store_op *op, struct kube_plan *p,
                   struct err *err);
/* Whether `o` is what the plan, a create, would have made. */
bool kube_plan_is_done(const struct kube_plan *p, const json_t *o);
void kube_plan_done(struct kube_plan *p);
