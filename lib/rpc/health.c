/*
 * A map from service to status and a list of those who watch. A watcher is sent the status as it is
 * when there is room to send, not each change: one that reads slowly misses what was in between and
 * holds nothing up.
 */
#include "lib/rpc/health.h"

#include <assert.h>
#include <string.h>

#include "grpc/health/v1/health.rpc.h"
#include "lib/base/list.h"
#include "lib/base/map.h"

typedef Grpc__Health__V1__HealthCheckRequest CheckRequest;
typedef Grpc__Health__V1__HealthCheckResponse CheckResponse;
typedef Grpc__Health__V1__HealthListRequest ListRequest;
typedef Grpc__Health__V1__HealthListResponse ListResponse;
typedef Grpc__Health__V1__HealthListResponse__StatusesEntry ListEntry;

/* As others have it: a server with more services than that is asked by Check. */
#define MAX_LISTED 100

struct rpc_health {
    struct map services; /* name -> const CheckResponse * out of answers[] */
    struct list watchers;
    bool is_down;
    struct grpc_health_v1_health_impl impl;
};

/* Lives in the arena of its call. */
struct watcher {
    struct list link;
    struct rpc_health *health;
    struct rpc_call *call;
    const char *service;
    int sent; /* the last status sent, -1: none yet */
    bool is_full;
};

#define STATUS(word) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##word
#define ANSWER(word)                                                                               \
    [STATUS(word)] = {                                                                             \
        PROTOBUF_C_MESSAGE_INIT(&grpc__health__v1__health_check_response__descriptor),             \
        .status = STATUS(word)}

/* What the map points to, by status. */
static const CheckResponse answers[] = {ANSWER(UNKNOWN), ANSWER(SERVING), ANSWER(NOT_SERVING),
                                        ANSWER(SERVICE_UNKNOWN)};

/* NULL when the service is not known. */
static const CheckResponse *health_find(const struct rpc_health *h, const char *service)
{
    const CheckResponse *answer = map_get(&h->services, service);

    return answer && h->is_down ? &answers[RPC_HEALTH_NOT_SERVING] : answer;
}

static void on_check(struct rpc_call *call, const CheckRequest *request, void *user)
{
    const CheckResponse *answer = health_find(user, request->service);

    if (!answer) {
        rpc_call_finish(call, RPC_NOT_FOUND, "unknown service");
        return;
    }
    grpc_health_v1_health_check_reply(call, answer);
}

static ListEntry **list_entries(const struct rpc_health *h, struct arena *arena)
{
    ListEntry **ret = arena_alloc(arena, h->services.n * sizeof(*ret));
    ListEntry *entries = arena_alloc(arena, h->services.n * sizeof(*entries));
    size_t n = 0;

    if (!ret || !entries)
        return NULL;
    MAP_FOREACH(it, &h->services)
    {
        ListEntry *entry = &entries[n];

        grpc__health__v1__health_list_response__statuses_entry__init(entry);
        entry->key = (char *)map_entry_key(it); /* only read */
        entry->value = (CheckResponse *)health_find(h, entry->key);
        ret[n++] = entry;
    }
    return ret;
}

static void on_list(struct rpc_call *call, const ListRequest *request, void *user)
{
    ListResponse response = GRPC__HEALTH__V1__HEALTH_LIST_RESPONSE__INIT;
    const struct rpc_health *h = user;

    (void)request;
    if (h->services.n <= MAX_LISTED)
        response.statuses = list_entries(h, rpc_call_arena(call));
    if (!response.statuses) {
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED,
                        "too many services for one message: use Check");
        return;
    }
    response.n_statuses = h->services.n;
    grpc_health_v1_health_list_reply(call, &response);
}

/* Sends the status when it is news. */
static void watcher_step(struct watcher *w)
{
    const CheckResponse *answer = health_find(w->health, w->service);
    struct err err;
    int r;

    if (!answer)
        answer = &answers[STATUS(SERVICE_UNKNOWN)];
    if (w->is_full || (int)answer->status == w->sent)
        return;

    r = grpc_health_v1_health_watch_reply(w->call, answer, &err);
    if (r < 0) {
        rpc_call_fail(w->call, &err); /* no memory; when it has ended already this does nothing */
        return;
    }
    w->is_full = r == RPC_WAIT;
    w->sent = (int)answer->status;
}

static void watcher_on_writable(struct rpc_call *call, void *user)
{
    struct watcher *w = user;

    (void)call;
    w->is_full = false;
    watcher_step(w);
}

static void watcher_on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct watcher *w = user;

    (void)call;
    (void)status;
    list_remove(&w->link);
}

static const struct rpc_msg_ops watcher_ops = {
    .on_writable = watcher_on_writable,
    .on_done = watcher_on_done,
};

static void watcher_end(struct watcher *w)
{
    rpc_call_finish(w->call, RPC_UNAVAILABLE, "the server is shutting down");
}

static void on_watch(struct rpc_call *call, const CheckRequest *request, void *user)
{
    struct arena *arena = rpc_call_arena(call);
    struct watcher *w = arena_zalloc(arena, sizeof(*w));
    struct rpc_health *h = user;

    if (!w) {
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    w->health = h;
    w->call = call;
    w->service = request->service; /* lives as long as the call */
    w->sent = -1;
    list_push_back(&h->watchers, &w->link);
    grpc_health_v1_health_watch_accept(call, &watcher_ops, w);
    watcher_step(w);
    if (h->is_down)
        watcher_end(w);
}

int rpc_health_new(struct rpc_health **ret, struct rpc_server *s, struct err *err)
{
    _cleanup_(rpc_health_freep) struct rpc_health *h = calloc(1, sizeof(*h));

    if (!h)
        return err_oom(err);
    map_init(&h->services);
    list_init(&h->watchers);
    h->impl = (struct grpc_health_v1_health_impl){
        .user = h, .check = on_check, .list = on_list, .watch = on_watch};
    if (rpc_health_set(h, "", RPC_HEALTH_SERVING, err) < 0)
        return -1;
    /* Last: what it registers points to h. */
    if (grpc_health_v1_health_register(s, &h->impl, err) < 0)
        return err_wrap(err, "health service");

    *ret = TAKE_PTR(h);
    return 0;
}

void rpc_health_free(struct rpc_health *h)
{
    if (!h)
        return;
    assert(list_is_empty(&h->watchers)); /* else the server is still there */
    map_done(&h->services);
    free(h);
}

int rpc_health_set(struct rpc_health *h, const char *service, enum rpc_health_status status,
                   struct err *err)
{
    assert(status <= RPC_HEALTH_NOT_SERVING);
    if (map_set(&h->services, service, (void *)&answers[status], NULL, err) < 0)
        return err_wrap(err, "health of \"%s\"", service);
    LIST_FOREACH(it, &h->watchers)
    {
        struct watcher *w = CONTAINER_OF(it, struct watcher, link);

        if (strcmp(w->service, service) == 0)
            watcher_step(w);
    }
    return 0;
}

void rpc_health_shutdown(struct rpc_health *h)
{
    h->is_down = true;
    LIST_FOREACH(it, &h->watchers)
    {
        struct watcher *w = CONTAINER_OF(it, struct watcher, link);

        watcher_step(w);
        watcher_end(w);
    }
}
