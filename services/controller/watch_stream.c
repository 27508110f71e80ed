#include "services/controller/watch_stream.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/loop/loop.h"

struct watch_stream {
    struct list link;
    struct watch_streams *ws;
    struct rpc_call *call;
    struct watch_spec spec;
    uint64_t cursor; /* the last change that was sent */
    bool is_listing, is_waiting, is_dirty, is_failed;
    char ns[256], name[256];
    char last_ns[256], last_name[256]; /* while listing */
    struct err err;
};

static void stream_free(struct watch_stream *s)
{
    list_remove(&s->link);
    free(s);
}

static bool matches(const struct watch_stream *s, const struct store_object *o)
{
    return (!s->ns[0] || strcmp(s->ns, o->ns) == 0) &&
           (!s->name[0] || strcmp(s->name, o->name) == 0);
}

static void send(struct watch_stream *s, enum watch_word word, const struct store_object *o,
                 uint64_t resource_version)
{
    int r = s->spec.send(s->call, word, o, resource_version, s->spec.user, &s->err);

    if (r < 0)
        s->is_failed = true;
    else if (r == RPC_WAIT)
        s->is_waiting = true;
}

static void pump_list(struct watch_stream *s)
{
    const struct store_query q = {.kind = s->spec.kind, .ns = s->ns[0] ? s->ns : NULL};
    const struct store_object *o;

    while (!s->is_waiting && !s->is_failed) {
        o = s->last_name[0] ? store_next_after(s->ws->c->store, &q, s->last_ns, s->last_name)
                            : store_next(s->ws->c->store, &q, NULL);
        if (!o) {
            s->is_listing = false;
            send(s, WATCH_BOOKMARK, NULL, s->cursor);
            return;
        }
        (void)snprintf(s->last_ns, sizeof(s->last_ns), "%s", o->ns);
        (void)snprintf(s->last_name, sizeof(s->last_name), "%s", o->name);
        if (matches(s, o))
            send(s, WATCH_ADDED, o, o->resource_version);
    }
}

static void on_replay(const struct store_event *ev, void *user)
{
    static const enum watch_word words[] = {
        [STORE_ADDED] = WATCH_ADDED,
        [STORE_MODIFIED] = WATCH_MODIFIED,
        [STORE_DELETED] = WATCH_DELETED,
    };
    struct watch_stream *s = user;

    if (s->is_waiting || s->is_failed)
        return;
    s->cursor = ev->resource_version;
    if (matches(s, ev->object))
        send(s, words[ev->type], ev->object, ev->resource_version);
}

static void pump(struct watch_stream *s)
{
    s->is_dirty = false;
    if (s->is_waiting)
        return;
    if (s->is_listing)
        pump_list(s);
    if (!s->is_listing && !s->is_waiting && !s->is_failed &&
        store_replay(s->ws->c->store, s->spec.kind, s->cursor, on_replay, s, &s->err) < 0)
        s->is_failed = true;
    if (s->is_failed)
        rpc_call_fail(s->call, &s->err); /* on_done frees it, later */
}

static void mark(struct watch_stream *s)
{
    s->is_dirty = true;
    loop_task_schedule(s->ws->task);
}

static void on_writable(struct rpc_call *call _unused_, void *user)
{
    struct watch_stream *s = user;

    s->is_waiting = false;
    mark(s);
}

static void on_done(struct rpc_call *call _unused_, const struct rpc_status *status _unused_,
                    void *user)
{
    stream_free(user);
}

static const struct rpc_msg_ops ops = {.on_writable = on_writable, .on_done = on_done};

void watch_stream_start(struct watch_streams *ws, struct rpc_call *call,
                        const struct watch_spec *spec)
{
    struct watch_stream *s = calloc(1, sizeof(*s));
    struct err err;

    if (!s) {
        (void)err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    if (*spec->resource_version &&
        bytes_parse_u64(spec->resource_version, 0, UINT64_MAX, &s->cursor) < 0) {
        (void)err_set(&err, RPC_INVALID_ARGUMENT, "BadRequest",
                      "resource_version: \"%.32s\" is none of ours", spec->resource_version);
        free(s);
        rpc_call_fail(call, &err);
        return;
    }
    s->ws = ws;
    s->call = call;
    s->spec = *spec;
    s->is_listing = !*spec->resource_version;
    if (s->is_listing)
        s->cursor = store_revision(ws->c->store);
    (void)snprintf(s->ns, sizeof(s->ns), "%s", spec->ns);
    (void)snprintf(s->name, sizeof(s->name), "%s", spec->name);
    list_init(&s->link);
    list_push_back(&ws->all, &s->link);
    rpc_accept(call, spec->method, &ops, s);
    (void)rpc_call_send_headers(call, NULL); /* the client learns that it watches */
    mark(s);
}

static void on_task(struct loop_task *t _unused_, void *user)
{
    struct watch_streams *ws = user;

    LIST_FOREACH_SAFE(it, &ws->all)
    {
        struct watch_stream *s = CONTAINER_OF(it, struct watch_stream, link);

        if (s->is_dirty && !s->is_failed)
            pump(s);
    }
}

static void on_event(const struct store_event *ev, void *user)
{
    struct watch_streams *ws = user;

    LIST_FOREACH(it, &ws->all)
    {
        struct watch_stream *s = CONTAINER_OF(it, struct watch_stream, link);

        if (strcmp(s->spec.kind, ev->object->kind) == 0)
            mark(s);
        else if (!s->is_dirty && !s->is_waiting && !s->is_listing)
            s->cursor = ev->resource_version; /* else the history of others would outrun it */
    }
}

int watch_streams_init(struct watch_streams *ws, struct ctl *c, struct err *err)
{
    ws->c = c;
    list_init(&ws->all);
    if (loop_task_new(&ws->task, c->loop, on_task, ws, err) < 0)
        return -1;
    return store_watch_new(&ws->watch, c->store, NULL, on_event, ws, err);
}

void watch_streams_end(struct watch_streams *ws, const struct err *why)
{
    LIST_FOREACH_SAFE(it, &ws->all)
    {
        struct watch_stream *s = CONTAINER_OF(it, struct watch_stream, link);

        s->is_failed = true;
        rpc_call_fail(s->call, why); /* on_done frees it, later */
    }
}

void watch_streams_done(struct watch_streams *ws)
{
    store_watch_free(ws->watch);
    loop_task_free(ws->task);
}
