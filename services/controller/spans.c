#include "services/controller/spans.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/store/store.h"

void spans_init(struct spans *t)
{
    *t = (struct spans){0};
    list_init(&t->ended);
}

void spans_done(struct spans *t)
{
    struct span *s;

    while ((s = spans_take(t)))
        spans_free_span(s);
}

struct span *spans_take(struct spans *t)
{
    struct list *link = list_pop_front(&t->ended);

    if (!link)
        return NULL;
    t->n--;
    return CONTAINER_OF(link, struct span, link);
}

void spans_put_back(struct spans *t, struct span *s)
{
    list_push_front(&t->ended, &s->link);
    t->n++;
}

void spans_free_span(struct span *s)
{
    free(s);
}

static int64_t now_ns(const struct spans *t)
{
    return t->now_ns ? t->now_ns(t->user) : (int64_t)clock_realtime_ns();
}

/* ---- the trace of an object ---- */

/* The map that other languages' propagators fill: its traceparent counts, the rest is left. */
static int parse_context(const char *context, struct rpc_trace *ret)
{
    json_t *map = json_loadb(context, strlen(context), JSON_REJECT_DUPLICATES, NULL);
    const char *parent = json_string_value(json_object_get(map, "traceparent"));
    int r = parent ? rpc_trace_parse(parent, strlen(parent), ret) : -1;

    json_decref(map);
    return r;
}

static void begin_sampled(struct rpc_trace *ret)
{
    rpc_trace_begin(ret);
    ret->flags |= RPC_TRACE_SAMPLED;
}

void span_context_of(const struct rpc_trace *trace, char ret[SPAN_CONTEXT_CHARS])
{
    char text[RPC_TRACEPARENT_CHARS + 1];

    rpc_trace_format(trace, text);
    (void)snprintf(ret, SPAN_CONTEXT_CHARS, "{\"traceparent\":\"%s\"}", text);
}

void span_context(const struct spans *spans, char ret[SPAN_CONTEXT_CHARS])
{
    struct rpc_trace trace;

    if (spans && spans->current)
        trace = spans->current->trace;
    else
        begin_sampled(&trace);
    span_context_of(&trace, ret);
}

/* ---- a span's life ---- */

void span_begin(struct span *s, struct spans *spans, const char *name, const char *context)
{
    struct rpc_trace parent;

    s->spans = spans;
    if (!spans)
        return;
    *s = (struct span){.spans = spans, .outer = spans->current, .name = name};
    if (s->outer)
        rpc_trace_child(&s->outer->trace, &s->trace);
    else if (context && parse_context(context, &parent) == 0)
        rpc_trace_child(&parent, &s->trace);
    else
        begin_sampled(&s->trace);
    s->start_ns = now_ns(spans);
    spans->current = s;
}

void span_attr(struct span *s, const char *key, const char *value)
{
    if (s->spans && value && s->n_attrs < SPAN_MAX_ATTRS)
        s->attrs[s->n_attrs++] = (struct span_attr){key, value};
}

struct span_event *span_event(struct spans *spans, const char *name)
{
    struct span *s = spans ? spans->current : NULL;
    struct span_event *e;

    if (!s || s->n_events == SPAN_MAX_EVENTS)
        return NULL;
    e = &s->events[s->n_events++];
    *e = (struct span_event){.name = name, .at_ns = now_ns(spans)};
    return e;
}

void span_event_attr(struct span_event *e, const char *key, const char *value)
{
    if (e && value && e->n_attrs < SPAN_MAX_ATTRS)
        e->attrs[e->n_attrs++] = (struct span_attr){key, value};
}

/* All values of a span, so that one allocation can hold it. */
static size_t each_value(struct span *s, size_t (*fn)(const char **value, void *user), void *user)
{
    size_t n = 0;

    for (unsigned i = 0; i < s->n_attrs; i++)
        n += fn(&s->attrs[i].value, user);
    for (unsigned i = 0; i < s->n_events; i++)
        for (unsigned j = 0; j < s->events[i].n_attrs; j++)
            n += fn(&s->events[i].attrs[j].value, user);
    if (s->problem)
        n += fn(&s->problem, user);
    return n;
}

static size_t measure(const char **value, void *user)
{
    (void)user;
    return strnlen(*value, SPAN_MAX_VALUE) + 1;
}

/* user: char **, where the next text goes. */
static size_t move(const char **value, void *user)
{
    char **at = user;
    size_t n = strnlen(*value, SPAN_MAX_VALUE);

    memcpy(*at, *value, n);
    (*at)[n] = '\0';
    *value = *at;
    *at += n + 1;
    return n + 1;
}

static struct span *copy_span(const struct span *s)
{
    struct span all = *s, *copy = malloc(sizeof(*copy) + each_value(&all, measure, NULL));
    char *text;

    if (!copy)
        return NULL;
    *copy = *s;
    text = (char *)(copy + 1);
    (void)each_value(copy, move, &text);
    copy->trace.state = NULL; /* not ours to keep */
    copy->outer = NULL;
    return copy;
}

void span_end(struct span *s, const struct err *err)
{
    struct spans *t = s->spans;
    struct span *copy;

    if (!t)
        return;
    t->current = s->outer;
    s->end_ns = now_ns(t);
    s->has_failed = err != NULL;
    s->problem = err ? err->msg : NULL;
    if (!(s->trace.flags & RPC_TRACE_SAMPLED))
        return;
    copy = t->n < SPANS_MAX ? copy_span(s) : NULL;
    if (!copy) {
        t->n_dropped++;
        return;
    }
    list_push_back(&t->ended, &copy->link);
    t->n++;
    if (t->on_ended)
        t->on_ended(t->on_ended_user);
}
