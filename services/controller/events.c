#include "services/controller/events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct history {
    struct list link; /* events.by_age */
    struct list events;
    size_t n;
    char key[];
};

void events_init(struct events *e)
{
    map_init(&e->objects);
    list_init(&e->by_age);
    e->n_objects = 0;
    e->n_news = 0;
}

static void history_free(struct events *e, struct history *h)
{
    struct list *it;

    while ((it = list_pop_front(&h->events)))
        free(CONTAINER_OF(it, struct event, link));
    list_remove(&h->link);
    (void)map_remove(&e->objects, h->key);
    e->n_objects--;
    free(h);
}

void events_done(struct events *e)
{
    while (!list_is_empty(&e->by_age))
        history_free(e, LIST_FIRST(&e->by_age, struct history, link));
    map_done(&e->objects);
}

static void make_key(char *ret, size_t n, const char *kind, const char *ns, const char *name)
{
    (void)snprintf(ret, n, "%s/%s/%s", kind, ns, name); /* names are at most 253 bytes */
}

static struct history *make_history(struct events *e, const char *key)
{
    struct history *h = map_get(&e->objects, key);

    if (h)
        return h;
    if (e->n_objects >= EVENTS_MAX_OBJECTS)
        history_free(e, LIST_FIRST(&e->by_age, struct history, link));
    h = calloc(1, sizeof(*h) + strlen(key) + 1);
    if (!h)
        return NULL;
    memcpy(h->key, key, strlen(key) + 1);
    list_init(&h->link);
    list_init(&h->events);
    if (map_set(&e->objects, h->key, h, NULL, NULL) < 0) {
        free(h);
        return NULL;
    }
    e->n_objects++;
    return h;
}

static struct event *find_same(struct history *h, bool is_warning, const char *reason,
                               const char *message)
{
    LIST_FOREACH(it, &h->events)
    {
        struct event *ev = CONTAINER_OF(it, struct event, link);

        if (ev->is_warning == is_warning && strcmp(ev->reason, reason) == 0 &&
            strcmp(ev->message, message) == 0)
            return ev;
    }
    return NULL;
}

bool events_add(struct events *e, const char *kind, const char *ns, const char *name,
                bool is_warning, const char *reason, int64_t now_s, const char *fmt, ...)
{
    char key[600], message[512];
    struct history *h;
    struct event *ev;
    bool is_news;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof(message), fmt, ap); /* cut when too long */
    va_end(ap);

    make_key(key, sizeof(key), kind, ns, name);
    h = make_history(e, key);
    if (!h)
        return false;
    list_remove(&h->link);
    list_push_back(&e->by_age, &h->link);

    ev = find_same(h, is_warning, reason, message);
    if (!ev) {
        ev = calloc(1, sizeof(*ev) + strlen(message) + 1);
        if (!ev)
            return false;
        memcpy(ev->message, message, strlen(message) + 1);
        ev->is_warning = is_warning;
        ev->reason = reason;
        ev->first_s = now_s;
        list_init(&ev->link);
        h->n++;
    }
    is_news = ev->count == 0 || now_s - ev->last_s > EVENTS_SERIES_S;
    e->n_news += is_news;
    ev->count++;
    ev->last_s = now_s;
    list_remove(&ev->link);
    list_push_back(&h->events, &ev->link);
    if (h->n > EVENTS_PER_OBJECT) {
        free(CONTAINER_OF(list_pop_front(&h->events), struct event, link));
        h->n--;
    }
    return is_news;
}

const struct list *events_of(const struct events *e, const char *kind, const char *ns,
                             const char *name)
{
    const struct history *h;
    char key[600];

    make_key(key, sizeof(key), kind, ns, name);
    h = map_get(&e->objects, key);
    return h ? &h->events : NULL;
}

struct event *events_last(const struct events *e, const char *kind, const char *ns,
                          const char *name)
{
    const struct list *all = events_of(e, kind, ns, name);

    return all && !list_is_empty(all) ? CONTAINER_OF(all->prev, struct event, link) : NULL;
}

void events_each(struct events *e, void (*fn)(const char *key, struct event *ev, void *user),
                 void *user)
{
    LIST_FOREACH(h, &e->by_age)
    {
        struct history *history = CONTAINER_OF(h, struct history, link);

        LIST_FOREACH(it, &history->events)
        fn(history->key, CONTAINER_OF(it, struct event, link), user);
    }
}
