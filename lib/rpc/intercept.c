#include "lib/rpc/intercept_core.h"

#include <string.h>

#include "lib/rpc/call_core.h"

enum { MAX_STATE = 512 };

int rpc_chain_add(struct rpc_chain *chain, const struct rpc_interceptor *i, void *user,
                  struct err *err)
{
    if (chain->n == RPC_INTERCEPTORS_MAX)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooManyInterceptors",
                       "a server or channel has at most %d interceptors", RPC_INTERCEPTORS_MAX);
    if (i->n_state > MAX_STATE)
        return err_set(err, RPC_INVALID_ARGUMENT, "StateTooLarge",
                       "an interceptor may keep %d bytes for a call, not %zu", MAX_STATE,
                       i->n_state);
    chain->at[chain->n].i = i;
    chain->at[chain->n++].user = user;
    return 0;
}

/* Back through those that the call has passed. */
static void tell_end(struct rpc_call *call, const struct rpc_status *status, uint64_t took_ns)
{
    struct rpc_watch *w = call->watch;
    struct rpc_call_end end = {
        .status = status, .took_ns = took_ns, .n_received = w->n_received, .n_sent = w->n_sent};

    while (w->n_passed > 0) {
        unsigned k = --w->n_passed;

        if (w->at[k].i->on_end)
            w->at[k].i->on_end(call, &end, w->at[k].state, w->at[k].user);
    }
}

static int pass(struct rpc_call *call, unsigned k, struct err *err)
{
    struct rpc_watch *w = call->watch;
    const struct rpc_interceptor *i = w->at[k].i;

    if (i->n_state > 0) {
        w->at[k].state = arena_zalloc(&call->arena, i->n_state);
        if (!w->at[k].state)
            return err_oom(err);
    }
    if (i->on_start && i->on_start(call, w->at[k].state, w->at[k].user, err) < 0)
        return -1;
    w->n_passed++;
    return 0;
}

/* A server says its status later: the call then ends as any other does. */
static void refused(struct rpc_call *call, const struct err *err)
{
    struct rpc_status status = {.code = err->code, .message = err->msg};

    if (call->role == RPC_SERVER)
        return;
    memcpy(status.reason, err->reason, sizeof(status.reason));
    tell_end(call, &status, clock_monotonic_ns() - call->watch->started_ns);
}

static struct rpc_watch *watch_new(struct rpc_call *call, const struct rpc_chain *chain)
{
    struct rpc_watch *w = arena_zalloc(&call->arena, sizeof(*w) + chain->n * sizeof(w->at[0]));

    if (!w)
        return NULL;
    w->started_ns = clock_monotonic_ns();
    w->n = chain->n;
    for (unsigned k = 0; k < w->n; k++) {
        w->at[k].i = chain->at[k].i;
        w->at[k].user = chain->at[k].user;
    }
    return w;
}

int rpc_watch_start(struct rpc_call *call, const struct rpc_chain *chain, struct err *err)
{
    struct err why;

    if (chain->n == 0)
        return 0;
    call->watch = watch_new(call, chain);
    if (!call->watch)
        return err_oom(err);
    for (unsigned k = 0; k < call->watch->n; k++) {
        if (pass(call, k, &why) == 0)
            continue;
        refused(call, &why);
        if (err)
            *err = why;
        return -1;
    }
    return 0;
}

void rpc_watch_received(struct rpc_call *call, size_t n)
{
    struct rpc_watch *w = call->watch;

    w->n_received++;
    for (unsigned k = 0; k < w->n_passed; k++)
        if (w->at[k].i->on_received)
            w->at[k].i->on_received(call, n, w->at[k].state, w->at[k].user);
}

void rpc_watch_sent(struct rpc_call *call, size_t n)
{
    struct rpc_watch *w = call->watch;

    w->n_sent++;
    for (unsigned k = 0; k < w->n_passed; k++)
        if (w->at[k].i->on_sent)
            w->at[k].i->on_sent(call, n, w->at[k].state, w->at[k].user);
}

void rpc_watch_said(struct rpc_call *call, const struct rpc_status *status)
{
    struct rpc_watch *w = call->watch;
    const char *message = *status->message ? arena_strdup(&call->arena, status->message) : "";

    w->said_ns = clock_monotonic_ns();
    w->said = (struct rpc_status){.code = status->code, .message = message ? message : ""};
    memcpy(w->said.reason, status->reason, sizeof(w->said.reason));
}

void rpc_watch_end(struct rpc_call *call)
{
    struct rpc_watch *w = call->watch;
    bool was_said = call->role == RPC_SERVER && w->said_ns && call->status.code == RPC_OK;
    uint64_t end_ns = was_said ? w->said_ns : clock_monotonic_ns();

    tell_end(call, was_said ? &w->said : &call->status, end_ns - w->started_ns);
}

void *rpc_call_state(const struct rpc_call *call, const struct rpc_interceptor *i)
{
    const struct rpc_watch *w = call->watch;

    for (unsigned k = 0; w && k < w->n; k++)
        if (w->at[k].i == i)
            return w->at[k].state;
    return NULL;
}
