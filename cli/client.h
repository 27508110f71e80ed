#pragma once
/*
 * The client's side of one sandboxctl: a loop, channels to the services' sockets made when first
 * used, and calls that read as if they blocked. Ctrl-C ends whatever is being waited for: the wait
 * returns an error (CANCELLED, "Interrupted") and the command cleans up.
 */
#include <protobuf-c/protobuf-c.h>

#include "cli/ctl.h"
#include "lib/loop/loop.h"
#include "lib/rpc/service.h"
#include "lib/rpc/trace.h"

struct client {
    struct loop *loop;
    const char *run_dir;
    struct rpc_channel *controller, *router, *node;
    bool is_traced; /* TRACEPARENT names the trace that our calls belong to */
    struct rpc_trace trace;
    struct loop_signal *signals[3]; /* SIGINT, SIGTERM, SIGHUP */
    int interrupted; /* the signal that came, or 0; who has dealt with it sets it to 0 */
    bool is_lost;    /* the private services that we run on have ended: `lost` says so */
    struct err lost;
};

/* run_dir must outlive it. */
int client_init(struct client *c, const char *run_dir, struct err *err);
void client_done(struct client *c);
/* Closes the connections; calls made later open them again. */
void client_disconnect(struct client *c);

enum client_service { CLIENT_CONTROLLER, CLIENT_ROUTER, CLIENT_NODE };
/* Fails (UNAVAILABLE) with what to do when the service's socket is not there. */
int client_channel(struct client *c, enum client_service service, struct rpc_channel **ret,
                   struct err *err);

/*
 * One unary call. timeout_ms 0: none. *ret_reply (may be NULL) is freed with client_msg_free().
 * Statuses other than OK become *err, reason word included.
 */
int client_call(struct client *c, enum client_service service, const struct rpc_method_desc *method,
                const ProtobufCMessage *request, uint64_t timeout_ms, void *ret_reply,
                struct err *err);
void client_msg_free(void *msg);
static inline void client_msg_freep(void *p)
{
    client_msg_free(*(void **)p);
}

/* Turns the loop until *done, the deadline (CLOCK_NEVER: none) or a signal. Returns 0 when *done,
 * < 0 DEADLINE_EXCEEDED "Timeout" or CANCELLED "Interrupted". */
int client_wait(struct client *c, const bool *done, uint64_t deadline_ms, struct err *err);
/* Lets the loop turn for so long, or until a signal comes (< 0). */
int client_sleep(struct client *c, uint64_t ms, struct err *err);
/* Waits until something answers at a socket of the run folder: "controller.sock". */
int client_ping(struct client *c, enum client_service service, uint64_t timeout_ms,
                struct err *err);
