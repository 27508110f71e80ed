#pragma once
/*
 * What the connections and calls of one server or channel share on their loop: deadlines (one timer
 * for all), the list of calls that have something to tell, the connections that have something to
 * send, and spare call objects. All that a caller causes is told from here, never from inside the
 * function it called.
 */
#include "lib/base/list.h"
#include "lib/loop/loop.h"
#include "lib/rpc/guard.h"
#include "lib/rpc/pages.h"
#include "lib/rpc/pool.h"

struct rpc_deadline {
    uint64_t at_ms;
    size_t index; /* in the heap, from 1; 0: not armed */
    void (*fn)(struct rpc_deadline *d);
};

struct rpc_hub {
    struct loop *loop;
    struct loop_task *task;
    struct loop_timer *timer;
    struct rpc_deadline **heap;
    size_t n_heap, cap_heap;
    uint64_t armed_ms;  /* what the timer is set to; never later than the first deadline */
    struct list todo;   /* struct rpc_call.todo                                           */
    struct list dirty;  /* struct rpc_conn.dirty                                          */
    struct list unread; /* struct rpc_call.pending: ended by the server, not yet read to the end */
    struct list spare;  /* struct rpc_call.todo of freed calls                            */
    unsigned n_spare;
    struct rpc_pool pool;
    struct rpc_deadline pool_rest;
    struct rpc_deadline trim;
    unsigned n_handshakes;  /* since the heap was trimmed */
    struct rpc_pages pages; /* of its sessions */
    void *frame;            /* of its sessions: h2_mem.h; made with the first */
    struct rpc_guard_counts guard;
    size_t held, max_held; /* bytes of all calls, near enough; 0: any number */
    struct list lingering; /* linger.c */
    unsigned n_lingering;
    unsigned n_ref;
    bool is_closed;
};

int rpc_hub_new(struct rpc_hub **ret, struct loop *loop, struct err *err);
/* The owner's end: no task and no timer runs any more; the memory goes with the last reference. */
void rpc_hub_close(struct rpc_hub *hub);
void rpc_hub_unref(struct rpc_hub *hub);
static inline struct rpc_hub *rpc_hub_ref(struct rpc_hub *hub)
{
    hub->n_ref++;
    return hub;
}

/* The buffer for rpc_session_opts.frame; NULL when out of memory: it can do without. */
void *rpc_hub_frame(struct rpc_hub *hub);

/* server.c. */
struct rpc_server;
struct rpc_hub *rpc_server_hub(const struct rpc_server *s);

/* A TLS handshake has ended: 40 KiB that it needed lie free between what stays. After many of them,
 * and a second without, what malloc() has in whole pages goes back to the kernel. */
void rpc_hub_note_handshake(struct rpc_hub *hub);

/* Runs the task later in this turn. */
void rpc_hub_wake(struct rpc_hub *hub);
/* Tells what is to be told, now. */
void rpc_hub_tell(struct rpc_hub *hub);

/* Calls d->fn once, at or after at_ms; arming again moves it. CLOCK_NEVER disarms. */
int rpc_deadline_arm(struct rpc_hub *hub, struct rpc_deadline *d, uint64_t at_ms, struct err *err);
void rpc_deadline_disarm(struct rpc_hub *hub, struct rpc_deadline *d);
