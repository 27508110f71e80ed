#pragma once
/* One Pod's life on the node, as the binder knows it. Only binder.c, pod_status.c and their tests
 * look inside. */
#include "agentsandbox/v1/node.pb-c.h"
#include "lib/base/err.h"
#include "lib/base/list.h"

enum bind_state {
    BIND_NEW,      /* being written to the Pod                                              */
    BIND_UNKNOWN,  /* found in the store at start: the node has not been asked yet           */
    BIND_WAITING,  /* durable; waits for its turn, or for the node                           */
    BIND_CREATING, /* CreateSandbox is under way                                             */
    BIND_BACKOFF,  /* refused: tried again at until_ms                                       */
    BIND_PRESENT,  /* on the node: `inst` is its newest word                                 */
    BIND_LOST,     /* had started and is not on the node any more                            */
    BIND_REMOVING, /* DeleteSandbox is under way                                             */
    BIND_STAYING,  /* could not be removed: tried again at until_ms, or when the node is back */
    BIND_GONE,     /* not on the node for sure                                               */
    BIND_N,
};

struct bind {
    struct list lane; /* while WAITING */
    enum bind_state state;
    bool is_refill; /* its lane: pool members wait behind claims  */
    bool was_sent;  /* the node may know of it                    */
    bool is_seen;   /* named by the node since the last list began */
    bool has_pod;   /* false: its Pod is gone, only the end is awaited */
    uint8_t n_fails;
    uint64_t until_ms;
    Agentsandbox__V1__Instance *inst; /* the node's newest word, or NULL */
    struct err *err;                  /* why it was refused, or NULL      */
    char id[24];
    char pod_ip[16];
    char pod_uid[40];
    const char *ns, *pod; /* "" for an orphan */
};

const char *bind_state_name(enum bind_state s);
