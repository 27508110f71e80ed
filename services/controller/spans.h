#pragma once
/*
 * Spans of the reconcilers, for a collector of traces (reference, "Tracing"). A step runs inside a
 * span that goes on with the trace of its object (annotation opentelemetry.io/trace-context, a JSON
 * map with `traceparent`); what it does inside may have spans of its own. Ended spans wait in a
 * bounded queue for otlp.h to take them; when nobody takes them the
 * newest are dropped and counted.
 *
 * Where nothing is traced (struct spans NULL) a span costs one comparison.
 */
#include "lib/base/list.h"
#include "lib/rpc/trace.h"

struct store_object;

enum { SPANS_MAX = 2048, SPAN_MAX_ATTRS = 3, SPAN_MAX_EVENTS = 2 };

/* Keys and names are static. Values are the caller's until span_end(), which copies them, cut at
 * SPAN_MAX_VALUE bytes. */
enum { SPAN_MAX_VALUE = 256 };
struct span_attr {
    const char *key, *value;
};
struct span_event {
    const char *name;
    int64_t at_ns; /* Unix */
    struct span_attr attrs[SPAN_MAX_ATTRS];
    unsigned n_attrs;
};

struct span {
    struct list link; /* ended: in the queue */
    struct spans *spans;
    struct span *outer; /* the one it is inside of */
    struct rpc_trace trace;
    const char *name;
    int64_t start_ns, end_ns; /* Unix */
    bool has_failed;
    const char *problem; /* failed: what went wrong */
    struct span_attr attrs[SPAN_MAX_ATTRS];
    unsigned n_attrs;
    struct span_event events[SPAN_MAX_EVENTS];
    unsigned n_events;
};

struct spans {
    int64_t (*now_ns)(void *user); /* Unix; NULL: the real clock */
    void *user;
    struct list ended; /* struct span, oldest first, each freed by spans_free_span() */
    size_t n;
    uint64_t n_dropped;
    struct span *current;         /* the innermost that runs */
    void (*on_ended)(void *user); /* one was queued; may be NULL */
    void *on_ended_user;
};

void spans_init(struct spans *t);
void spans_done(struct spans *t);
/* The oldest, taken off; NULL when there is none. */
struct span *spans_take(struct spans *t);
/* Puts one back as the oldest: it could not be sent. */
void spans_put_back(struct spans *t, struct span *s);
void spans_free_span(struct span *s);

/* Begins s, on the stack of the caller, inside the span that runs; the outermost goes on with the
 * trace in `context` (may be NULL or malformed: a trace of its own). spans NULL: nothing is done,
 * here and in the functions below. */
void span_begin(struct span *s, struct spans *spans, const char *name, const char *context);
void span_attr(struct span *s, const char *key, const char *value);
/* The innermost span that runs gets the event; NULL beyond SPAN_MAX_EVENTS or without a span. */
struct span_event *span_event(struct spans *spans, const char *name);
void span_event_attr(struct span_event *e, const char *key, const char *value);
/* Ends it, and whatever was begun inside and not ended is lost. err: it failed; NULL: it did not.
 * What its trace does not sample is not queued. */
void span_end(struct span *s, const struct err *err);

/* The annotation's text for an object that has none: the trace of the span that runs, or a new
 * sampled one. ret holds SPAN_CONTEXT_CHARS. */
enum { SPAN_CONTEXT_CHARS = 80 };
void span_context(const struct spans *spans, char ret[SPAN_CONTEXT_CHARS]);
/* The same of that trace. */
void span_context_of(const struct rpc_trace *trace, char ret[SPAN_CONTEXT_CHARS]);
