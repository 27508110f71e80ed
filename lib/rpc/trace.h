#pragma once
/*
 * Trace context of W3C (www.w3.org/TR/trace-context-2): which story a call belongs to. A server
 * takes it from `traceparent` and `tracestate` or begins one; a channel sends it on with the calls
 * that are made for that one (rpc_call_opts.parent). Nothing is recorded or exported: the ids join
 * our log lines with the traces of those who do.
 */
#include "lib/rpc/intercept.h"

enum { RPC_TRACEPARENT_CHARS = 55, RPC_TRACESTATE_MAX = 1024 };

enum { RPC_TRACE_SAMPLED = 1, RPC_TRACE_RANDOM = 2 }; /* of flags */

struct rpc_trace {
    uint8_t trace_id[16]; /* never all zero                                              */
    uint8_t span_id[8];   /* ours: the call's; never all zero                            */
    uint8_t parent_id[8]; /* whose child it is; all zero: the first of its trace         */
    uint8_t flags;        /* RPC_TRACE_…; others are not passed on (3.3.2, "Other flags") */
    const char *state;    /* tracestate, or NULL: passed on as it came                   */
};

/* The version 00 form, strictly; of later versions what is the same in them (3.2.4). span_id is
 * the one given. 0, or -1: it is none, which must be treated as if there were none. */
int rpc_trace_parse(const char *text, size_t n, struct rpc_trace *ret);
/* "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" and a NUL. */
void rpc_trace_format(const struct rpc_trace *t, char ret[RPC_TRACEPARENT_CHARS + 1]);
/* A trace of its own: random, not sampled. */
void rpc_trace_begin(struct rpc_trace *ret);
/* A span of parent's trace. Its state is parent's, not copied. */
void rpc_trace_child(const struct rpc_trace *parent, struct rpc_trace *ret);

/* For commands: the trace that the environment names (TRACEPARENT, TRACESTATE, as
 * opentelemetry.io's "Environment Variables as Context Propagation Carriers" has them). -1: none,
 * or a malformed one. */
int rpc_trace_environment(struct rpc_trace *ret);

/*
 * Interceptors. A server gives each call a span: a child of the caller's, or the first of a new
 * trace when the caller sends none, two, or a malformed one. A channel sends a child of the parent
 * call's span; a traceparent that the call's metadata has already is left as it is when there is no
 * parent, and replaced when there is. Add them before those that log.
 */
int rpc_trace_server(struct rpc_server *s, struct err *err);
int rpc_trace_channel(struct rpc_channel *ch, struct err *err);
/* The same; calls without a parent are children of `of`, which must outlive the channel. */
int rpc_trace_channel_of(struct rpc_channel *ch, const struct rpc_trace *of, struct err *err);
/* The call's own span, good as long as the call; NULL without those. */
const struct rpc_trace *rpc_call_trace(const struct rpc_call *call);
