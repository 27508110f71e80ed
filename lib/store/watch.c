/* Watchers and the bounded history for clients that resume. */
#include <string.h>

#include "lib/store/store_impl.h"

struct store_watch {
    struct store *store;
    struct list link;
    const struct store_kind *kind; /* NULL: all */
    uint64_t since;                /* changes up to here were there when it was made */
    store_watch_fn fn;             /* NULL: freed while being told */
    void *user;
};

int store_watch_new(struct store_watch **ret, struct store *s, const char *kind, store_watch_fn fn,
                    void *user, struct err *err)
{
    struct store_watch *w;

    if (kind && !store_find_kind(s, kind))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "unknown kind \"%s\"", kind);
    w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom(err);
    w->store = s;
    w->kind = kind ? store_find_kind(s, kind) : NULL;
    w->since = s->revision;
    w->fn = fn;
    w->user = user;
    list_push_back(&s->watches, &w->link);
    *ret = w;
    return 0;
}

/* Inside store_tell() the ring must stay walkable: the watcher is only marked then. */
void store_watch_free(struct store_watch *w)
{
    if (!w)
        return;
    if (w->store->is_telling) {
        w->fn = NULL;
        return;
    }
    list_remove(&w->link);
    free(w);
}

static void remember(struct store *s, const struct store_change *c, const struct store_event *ev)
{
    struct store_past *p = &s->past[s->past_at];

    if (!c->kind->has_history || (s->only_history && strcmp(s->only_history, c->kind->name) != 0))
        return;
    if (s->n_past == STORE_HISTORY) {
        s->past_from = p->resource_version;
        store_object_unref(p->object);
    } else {
        s->n_past++;
    }
    *p = (struct store_past){.resource_version = c->resource_version,
                             .type = ev->type,
                             .object = store_object_ref(ev->object)};
    s->past_at = (s->past_at + 1) % STORE_HISTORY;
}

void store_tell(struct store *s, const struct store_change *c)
{
    struct store_event ev = {
        .type = !c->object      ? STORE_DELETED
                : c->old_object ? STORE_MODIFIED
                                : STORE_ADDED,
        .resource_version = c->resource_version,
        .old_object = c->old_object,
        .object = c->object ? c->object : c->last,
    };

    remember(s, c, &ev);
    s->is_telling = true;
    LIST_FOREACH(it, &s->watches)
    {
        struct store_watch *w = CONTAINER_OF(it, struct store_watch, link);

        if (w->fn && (!w->kind || w->kind == c->kind) && w->since < c->resource_version)
            w->fn(&ev, w->user);
    }
    s->is_telling = false;
    LIST_FOREACH_SAFE(it, &s->watches)
    {
        struct store_watch *w = CONTAINER_OF(it, struct store_watch, link);

        if (!w->fn)
            store_watch_free(w);
    }
}

int store_replay(const struct store *s, const char *kind, uint64_t resource_version,
                 store_watch_fn fn, void *user, struct err *err)
{
    const struct store_kind *k = store_find_kind(s, kind);
    size_t first = (s->past_at + STORE_HISTORY - s->n_past) % STORE_HISTORY;

    if (!k || !k->has_history || (s->only_history && strcmp(s->only_history, kind) != 0))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "kind \"%s\" keeps no history",
                       kind);
    if (resource_version < s->past_from || resource_version > s->revision)
        return err_set(err, RPC_OUT_OF_RANGE, "Expired",
                       "changes after resourceVersion %llu are not remembered; list again",
                       (unsigned long long)resource_version);
    for (size_t i = 0; i < s->n_past; i++) {
        const struct store_past *p = &s->past[(first + i) % STORE_HISTORY];
        struct store_event ev = {
            .type = p->type, .resource_version = p->resource_version, .object = p->object};

        if (p->resource_version > resource_version && p->object->kind == k->name)
            fn(&ev, user);
    }
    return 0;
}
