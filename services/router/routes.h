#pragma once
/*
 * Where sandboxes are, as the controller tells: a map kept by RouteService.Watch, and Resolve for
 * what the map does not have yet or would refuse (it may be a moment behind: a claim is made in the
 * controller's memory first).
 *
 * When the controller is away the last map stays in use; the watch begins anew as soon as it is
 * back, and what the new list does not name is dropped at its end.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/rpc/call.h"
#include "services/router/link.h"

struct loop;
struct routes;

enum route_phase { ROUTE_PENDING, ROUTE_READY, ROUTE_ENDED, ROUTE_GONE };

/* Good until the next turn of the loop; all strings are never NULL. */
struct route {
    const char *ns, *name;
    const char *uid;
    const char *instance_id;
    const char *endpoint; /* "node" or a target of lib/rpc/channel.h */
    const char *cause;    /* a sentence: why it ended; "" when it has not, or nobody knows */
    const char *reason;   /* with phase ROUTE_ENDED: "SandboxGone" or "SandboxLost"        */
    uint64_t generation;
    enum route_phase phase;
    bool is_claimed;
    uint64_t epoch; /* of the watch that named it last */
};

struct routes_opts {
    struct link_opts controller; /* target: "unix:/run/…/routes.sock" */
    /* A route is new or has changed; with ROUTE_GONE it is about to be forgotten. */
    void (*on_route)(const struct route *route, void *user);
    /* The first list is there, or the watch was lost (*why) or is back (why NULL). */
    void (*on_watch)(bool is_synced, const struct err *why, void *user);
    void *user;
};

/* opts is copied, its strings are not. Nothing is connected before routes_start(). */
int routes_new(struct routes **ret, struct loop *loop, const struct routes_opts *opts,
               struct err *err);
int routes_start(struct routes *r, struct err *err);
/* The connection to the controller, for those who observe it. */
struct rpc_channel *routes_channel(struct routes *r);
/* Resolves that are open must have been stopped. */
void routes_free(struct routes *r);
DEFINE_CLEANUP(struct routes *, routes_free)

const struct route *routes_find(const struct routes *r, const char *ns, const char *name);
const struct route *routes_find_instance(const struct routes *r, const char *instance_id);
size_t routes_count(const struct routes *r);
/* The map was complete once: what it lacks was not there then. */
bool routes_was_synced(const struct routes *r);
/* The watch is up and complete now. */
bool routes_is_synced(const struct routes *r);

enum { ROUTE_WAIT = 1 };
/*
 * 0: calls may go there; ROUTE_WAIT: not yet; < 0: refused, by NOT_FOUND "Gone" (uid is not "" and
 * another), FAILED_PRECONDITION "NotClaimed", or "SandboxGone" and "SandboxLost" with the cause.
 */
int route_check(const struct route *route, const char *uid, struct err *err);

/* One question to the controller. Zeroed before use; may be stopped at any time, answered or not.
 */
struct route_resolve {
    struct routes *routes;
    struct rpc_call *call; /* NULL: none is open */
    /* err NULL: the answer is in the map now. is_remote: the controller said it; else it could not
     * be asked. */
    void (*fn)(struct route_resolve *rr, const struct err *err, bool is_remote);
};

/* timeout_ms 0: none. fn comes once, from the loop. */
int routes_resolve(struct routes *r, struct route_resolve *rr, const char *ns, const char *name,
                   const char *uid, uint64_t timeout_ms, struct err *err);
void route_resolve_stop(struct route_resolve *rr);
