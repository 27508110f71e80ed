#pragma once
/*
 * For the router's tests: a controller that says what the test says, agents that do odd things on
 * request, and a node that hands their connections over, all on the test's loop.
 */
#include "lib/rpc/test_util.h"

#include "agentsandbox/v1/route.rpc.h"
#include "lib/base/list.h"

enum { FAKE_MAX_ROUTES = 8, FAKE_MAX_AGENT_CALLS = 80 };

/* ---- controller ---- */

struct fake_route {
    const char *name, *uid, *instance_id, *cause;
    const char *endpoint; /* NULL: "node" */
    uint64_t generation;
    Agentsandbox__V1__RoutePhase phase;
    bool is_claimed;
    bool is_hidden; /* the watch does not say it, Resolve does */
};

struct fake_controller {
    struct loop *loop;
    struct rpc_server *server;
    char path[96];
    struct fake_route routes[FAKE_MAX_ROUTES];
    size_t n_routes;
    /* As rpc_server_opts; set before fake_controller_up(). NULL: all pass */
    int (*on_call)(struct rpc_call *call, void *user, struct err *err);
    void *on_call_user;
    struct rpc_call *watch;
    int n_watches, n_resolves;
    struct list resolves; /* struct fake_resolve: those that wait */
};

#define FAKE_READY   AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_READY
#define FAKE_PENDING AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_PENDING
#define FAKE_ENDED   AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_ENDED
#define FAKE_GONE    AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_GONE

void fake_controller_up(struct fake_controller *c, struct loop *loop, const char *path);
void fake_controller_down(struct fake_controller *c);
/* Adds or replaces by name, tells the watch and those who resolve. */
void fake_controller_set(struct fake_controller *c, const struct fake_route *route);

/* ---- agent ---- */

/*
 * Serves, in /agentsandbox.v1.ExecService/:
 *   Echo     each message comes back; OK after the half-close
 *   Seen     one message with the metadata and the deadline as they arrived
 *   Fail     header and trailer metadata, one message, then FAILED_PRECONDITION "Odd" with details
 *   Refuse   trailers only: NOT_FOUND "ExecNotFound"
 *   Hang     takes what comes and never answers
 *   Flood    messages of 16 KiB for as long as the other side takes them
 *   Sink     never reads; the window fills
 */
struct fake_agent {
    struct loop *loop;
    struct rpc_server *server;
    int n_calls, n_open, n_cancelled, n_deadline;
    size_t n_flooded, max_queued;
    int n_closed;                         /* connections that ended */
    char traceparent[64], tracestate[64]; /* of the last call */
    int n_traceparents;
};

void fake_agent_up(struct fake_agent *a, struct loop *loop);
void fake_agent_down(struct fake_agent *a);
/* A connection to it, for the node to hand over. */
int fake_agent_connect(struct fake_agent *a);

/* ---- node ---- */

/* Hands over and closes fd. Connects anew each time. */
void fake_node_hand_over(const char *fds_path, const char *instance_id, uint64_t generation,
                         int fd);
