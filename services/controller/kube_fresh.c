#include "services/controller/kube_fresh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "services/controller/names.h"

enum { POLL_MS = 2, RETRY_MS = 100 };

/* A claim that is newer at the API server than in memory. */
struct behind {
    struct list link;
    uint64_t resource_version;
    const char *ns, *name;
};

struct kube_fresh {
    struct loop *loop;
    struct kube_client *client;
    const struct store *store;
    void (*done)(bool is_sure, void *user);
    void *user;
    struct kube_call *call;
    struct loop_timer *timer;
    struct list behind;
    uint64_t end_ms;
    bool is_listed;
    char *next; /* page token; NULL: the first page */
};

static const struct kube_resource claims = {API_EXT, "sandboxclaims", KIND_CLAIM, false};

static void ask(struct kube_fresh *f);

static bool is_in_memory(const struct kube_fresh *f, const char *ns, const char *name,
                         uint64_t resource_version)
{
    const struct store_object *o = store_get(f->store, KIND_CLAIM, ns, name);

    return o && o->resource_version >= resource_version;
}

static int add_behind(struct kube_fresh *f, const char *ns, const char *name, uint64_t version)
{
    size_t n_ns = strlen(ns) + 1, n_name = strlen(name) + 1;
    struct behind *b = calloc(1, sizeof(*b) + n_ns + n_name);

    if (!b)
        return -1;
    b->resource_version = version;
    b->ns = memcpy(b + 1, ns, n_ns);
    b->name = memcpy((char *)(b + 1) + n_ns, name, n_name);
    list_init(&b->link);
    list_push_back(&f->behind, &b->link);
    return 0;
}

static int read_page(struct kube_fresh *f, const json_t *body)
{
    const json_t *items = meta_get(body, "items");
    const char *next = meta_str(body, "metadata.continue", "");
    uint64_t version;

    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *o = json_array_get(items, i);

        if (bytes_parse_u64(meta_str(o, "metadata.resourceVersion", ""), 0, UINT64_MAX, &version) <
            0)
            continue; /* no object of this API server */
        if (!is_in_memory(f, meta_ns(o), meta_name(o), version) &&
            add_behind(f, meta_ns(o), meta_name(o), version) < 0)
            return -1;
    }
    free(f->next);
    f->next = *next ? strdup(next) : NULL;
    f->is_listed = !*next;
    return *next && !f->next ? -1 : 0;
}

static void again(struct kube_fresh *f, uint64_t wait_ms)
{
    loop_timer_arm(f->timer, clock_add(loop_now_ms(f->loop), wait_ms));
}

static void on_page(const struct kube_result *res, void *user)
{
    struct kube_fresh *f = user;

    f->call = NULL;
    if (!res->err && read_page(f, res->body) == 0) {
        again(f, 0);
        return;
    }
    if (res->err)
        log_warn("cannot list the claims before leading, trying again", LOG_ERR(res->err));
    free(f->next); /* from the beginning: the token may be what is wrong */
    f->next = NULL;
    again(f, RETRY_MS);
}

static void ask(struct kube_fresh *f)
{
    char query[2048];
    const struct kube_request req = {.method = KUBE_GET,
                                     .resource = &claims,
                                     .query = query,
                                     .lane = KUBE_LANE_FIRST,
                                     .timeout_ms = KUBE_FRESH_MAX_MS,
                                     .max_bytes = 64u << 20};
    struct err err;

    /* Without resourceVersion: not from a cache. Tokens are base64url: nothing is to be escaped. */
    (void)snprintf(query, sizeof(query), "limit=%d%s%s", KUBE_FRESH_PAGE,
                   f->next ? "&continue=" : "", f->next ? f->next : "");
    if (kube_call(&f->call, f->client, &req, on_page, f, &err) < 0) {
        f->call = NULL;
        again(f, RETRY_MS);
    }
}

static void end(struct kube_fresh *f, bool is_sure)
{
    uint64_t n = 0;

    LIST_FOREACH(it, &f->behind)
    n++;
    if (!is_sure)
        log_warn("memory lags behind the API server, leading all the same", LOG_U("claims", n));
    f->done(is_sure, f->user); /* Careful: f may be gone here. */
}

static void on_timer(struct loop_timer *t _unused_, void *user)
{
    struct kube_fresh *f = user;

    if (loop_now_ms(f->loop) >= f->end_ms) {
        kube_call_cancel(f->call);
        f->call = NULL;
        end(f, false);
        return;
    }
    if (!f->is_listed) {
        ask(f);
        return;
    }
    LIST_FOREACH_SAFE(it, &f->behind)
    {
        struct behind *b = CONTAINER_OF(it, struct behind, link);

        if (!is_in_memory(f, b->ns, b->name, b->resource_version))
            continue;
        list_remove(&b->link);
        free(b);
    }
    if (list_is_empty(&f->behind))
        end(f, true);
    else
        again(f, POLL_MS);
}

int kube_fresh_new(struct kube_fresh **ret, struct loop *loop, struct kube_client *client,
                   const struct store *store, void (*done)(bool is_sure, void *user), void *user,
                   struct err *err)
{
    _cleanup_(kube_fresh_freep) struct kube_fresh *f = calloc(1, sizeof(*f));

    if (!f)
        return err_oom(err);
    f->loop = loop;
    f->client = client;
    f->store = store;
    f->done = done;
    f->user = user;
    f->end_ms = clock_add(loop_now_ms(loop), KUBE_FRESH_MAX_MS);
    list_init(&f->behind);
    if (loop_timer_new(&f->timer, loop, on_timer, f, err) < 0)
        return -1;
    again(f, 0);
    *ret = TAKE_PTR(f);
    return 0;
}

void kube_fresh_free(struct kube_fresh *f)
{
    struct list *link;

    if (!f)
        return;
    kube_call_cancel(f->call);
    loop_timer_free(f->timer);
    while ((link = list_pop_front(&f->behind)))
        free(CONTAINER_OF(link, struct behind, link));
    free(f->next);
    free(f);
}
