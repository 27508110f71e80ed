#pragma once
/*
 * A watch over gRPC: first the present objects, then each change. It keeps a place in the store's
 * history instead of a queue, so a slow reader costs nothing; one that is slower than the history
 * is told OUT_OF_RANGE "Expired" and lists anew.
 */
#include "lib/rpc/service.h"
#include "services/controller/ctl.h"

struct watch_stream;

enum watch_word { WATCH_ADDED, WATCH_MODIFIED, WATCH_DELETED, WATCH_BOOKMARK };

/* Sends one; o is NULL for a bookmark. As rpc_send(). */
typedef int (*watch_send_fn)(struct rpc_call *call, enum watch_word word,
                             const struct store_object *o, uint64_t resource_version, void *user,
                             struct err *err);

struct watch_streams { /* of one service */
    struct list all;
    struct ctl *c;
    struct store_watch *watch;
    struct loop_task *task;
};
int watch_streams_init(struct watch_streams *ws, struct ctl *c, struct err *err);
/* Ends all that are open with this; they would outlast any patience. */
void watch_streams_end(struct watch_streams *ws, const struct err *why);
/* Open streams have ended before. */
void watch_streams_done(struct watch_streams *ws);

struct watch_spec {
    const struct rpc_method_desc *method;
    const char *kind;
    const char *ns, *name;        /* "": all      */
    const char *resource_version; /* "": list first */
    watch_send_fn send;
    void *user;
};
/* Takes the call over; strings are copied. What is wrong fails the call. */
void watch_stream_start(struct watch_streams *ws, struct rpc_call *call,
                        const struct watch_spec *spec);
