#pragma once
/*
 * The router put together: the clients' door, the routes, the connections to sandboxes, the proxy
 * between them, its own health, reflection, /healthz and /metrics. main.c adds options, privilege
 * and signals; a test uses it as it is.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "services/router/proxy.h"

#define ROUTER_VERSION "0.1.0"

struct router;

enum { ROUTER_MAX_CLIENTS = 8 };

struct router_opts {
    const char *listen;     /* "unix:/run/…/router.sock" or "1.2.3.4:80"                    */
    const char *fds_path;   /* where the node hands connections over; "": there is none      */
    const char *controller; /* target of its RouteService                */
    const char *controller_ca, *controller_token; /* files; NULL: none   */
    const char
        *token_file; /* what clients over TCP must show; NULL: nothing. It is not passed on */
    uid_t client_uids[ROUTER_MAX_CLIENTS]; /* who may call, besides root and ourselves; the first
                                              owns the socket */
    size_t n_client_uids;
    struct proxy_opts waits; /* only its *_wait_ms */
    bool shows_channels;     /* --channelz */
};

/* Binds its sockets, connects to nothing yet. The strings of opts must outlive it. */
int router_new(struct router **ret, struct loop *loop, const struct router_opts *opts,
               struct err *err);
/* Once privileges are dropped: from now on it knows, or tries to learn, where sandboxes are. */
int router_start(struct router *r, struct err *err);
/* Takes no new calls, waits for the open ones until deadline_ms, then calls fn. */
void router_drain(struct router *r, uint64_t deadline_ms, void (*fn)(void *user), void *user);
void router_free(struct router *r);
DEFINE_CLEANUP(struct router *, router_free)

/* The real address it listens on; with port 0 that has the number. */
const char *router_address(const struct router *r);
