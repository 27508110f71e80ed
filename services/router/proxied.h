#pragma once
/* Inside the proxy: one call that is passed on. proxy.c moves it from state to state and lets it
 * wait; relay.c carries its bytes. */
#include "lib/base/buf.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/rpc/call.h"
#include "services/router/proxy.h"
#include "services/router/routes.h"
#include "services/router/target.h"
#include "services/router/upstreams.h"

struct rpc_channel;

enum proxied_state { PROXIED_WAITING, PROXIED_OPEN, PROXIED_LOST, PROXIED_ENDED };

/* One call. It lives until the on_done of its client's half. */
struct proxied {
    struct proxy *proxy;
    struct list link; /* the proxy's waiting ones, while WAITING or LOST */
    enum proxied_state state;
    struct rpc_call *down;             /* from the client  */
    struct rpc_call *up;               /* to the sandbox; NULL before and after */
    const struct rpc_channel *channel; /* that up was started on; only compared, it may be gone   */
    struct target target;
    struct route_resolve resolve;
    bool was_asked;            /* the controller has answered, or cannot                        */
    uint64_t give_up_ms;       /* when the present wait ends                                    */
    uint64_t agent_give_up_ms; /* since the route was ready; 0: it was not yet                  */
    struct buf early;          /* from the client, before there is an upstream                  */
    bool is_down_ended;        /* the client has half-closed                                    */
    size_t n_down_held;        /* bytes in up's queue whose window the client has not got back  */
    size_t n_up_held;          /* the same in the other direction                               */
    uint64_t id, started_ns;
    char instance_id[UPSTREAM_MAX_ID + 1]; /* where it went                                     */
    int code;        /* of the status given to the client                                  */
    const char *why; /* its message, in down's arena                                       */
};

struct proxy {
    struct loop *loop;
    struct proxy_opts opts;
    struct list waiting;
    struct loop_task *look;
    struct loop_timer *timer; /* at the first give_up_ms of those that wait */
    uint64_t timer_ms;
    uint64_t n_calls;
    size_t n_early; /* bytes in all struct proxied.early */
    struct log_ratelimit failures;
};

/* The one place that writes state. */
void proxied_enter(struct proxied *c, enum proxied_state state);
/* Ends it with the client: the status out of *err. */
void proxied_fail(struct proxied *c, const struct err *err);
/* For the log: the client's half tells only whether the status was sent. */
void proxied_note_end(struct proxied *c, int code, const char *message);
/* While WAITING or LOST: looked at again then at the latest. */
void proxied_wait_until(struct proxied *c, uint64_t give_up_ms);
/* Until the client's deadline; 0: it has none. */
uint64_t proxied_remaining_ms(const struct proxied *c);

/* relay.c. Begins the sandbox's half on that channel and joins both: OPEN, or ENDED when that
 * fails. */
void relay_join(struct proxied *c, const struct route *route, struct rpc_channel *channel);
/* Of the client's half, as in rpc_call_ops. */
void relay_on_data(struct rpc_call *down, const uint8_t *data, size_t n, void *user);
void relay_on_half_close(struct rpc_call *down, void *user);
void relay_on_writable(struct rpc_call *down, void *user);
