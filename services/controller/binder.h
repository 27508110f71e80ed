#pragma once
/*
 * One machine: turns Pods into instances of the node and the node's word back into Pod status, as
 * the kubelet does on Kubernetes. The instance id is in the Pod before the node is called, so a
 * crash in between leaks nothing: after a restart the node's list and the Pods are laid side by
 * side; an instance without a Pod is removed, a Pod whose instance had started and is not there any
 * more is lost.
 *
 * Knows no transport: what the node is asked goes out through node_ops, what it says comes in by
 * the functions below (node_client.c over gRPC; tests/worlds with a node of their own).
 */
#include "agentsandbox/v1/node.pb-c.h"
#include "services/controller/ctl.h"

struct binder;

struct node_ops {
    /* Both start a call and return; the answer comes by binder_created() and binder_deleted(),
     * never from inside. < 0: not started. */
    int (*create)(void *user, const Agentsandbox__V1__CreateSandboxRequest *req, struct err *err);
    int (*remove)(void *user, const char *instance_id, struct err *err);
    /* A word of the node found no memory: what it said until its next list is not passed on. NULL:
     * the next word has to do. */
    void (*list_again)(void *user);
    void *user;
};

struct binder_opts {
    const char *pod_cidr;  /* NULL: 10.97.0.0/16                               */
    uint32_t max_starting; /* CreateSandbox calls at once; 0: 4. Claims go first */
};

/* Becomes c->binder. Reserves the addresses of Pods that are in the store. */
int binder_new(struct binder **ret, struct ctl *c, const struct node_ops *node,
               const struct binder_opts *opts, struct err *err);
void binder_free(struct binder *b);
DEFINE_CLEANUP(struct binder *, binder_free)

/* ---- what the node says ---- */

/* Reached: its list follows (binder_instance() for each, then binder_synced()), then changes. */
void binder_node_up(struct binder *b, const char *node_name);
void binder_node_down(struct binder *b, const struct err *why);
void binder_instance(struct binder *b, const Agentsandbox__V1__Instance *inst);
void binder_synced(struct binder *b);
/* err NULL: made, and `inst` is how it is. */
void binder_created(struct binder *b, const char *instance_id,
                    const Agentsandbox__V1__Instance *inst, const struct err *err);
void binder_deleted(struct binder *b, const char *instance_id, const struct err *err);

/* ---- for those who ask ---- */

bool binder_is_up(const struct binder *b);
/* What a Pod that is not ready waits for, as a sentence; false when nothing is known of it.
 * *is_fatal: it will not get there by waiting (image missing, runtime class not available, …),
 * *reason its word. *is_probe: a probe fails. */
struct binder_trouble {
    bool is_fatal, is_probe;
    int code;
    char reason[ERR_REASON_MAX];
    char message[ERR_MSG_MAX];
};
bool binder_trouble_of(const struct binder *b, const struct store_object *pod,
                       struct binder_trouble *ret);
struct binder_stats {
    size_t n_instances, n_starting, n_waiting, n_addresses;
};
void binder_stats(const struct binder *b, struct binder_stats *ret);
