#pragma once
/*
 * What happened to objects, for people: as Kubernetes' Events, kept in memory, newest last. Repeats
 * of the same (type, reason, message) count up instead of adding. Bounded per object and in all;
 * the objects longest without news go first.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/list.h"
#include "lib/base/map.h"

enum { EVENTS_PER_OBJECT = 16, EVENTS_MAX_OBJECTS = 256, EVENTS_SERIES_S = 360 };

struct event {
    struct list link;
    bool is_warning;
    uint32_t count;
    int64_t first_s, last_s; /* Unix */
    const char *reason;      /* static */
    /* Written to Kubernetes (record.c): what its name ends in, 0: it is not; how often it happened
     * since, how much of that is written there, and when that was. */
    uint64_t written_id;
    uint32_t n_series, n_written;
    int64_t written_s;
    int64_t seen_ns; /* the last time it happened */
    char message[];
};

struct events {
    struct map objects; /* "Kind/ns/name" */
    struct list by_age; /* least recently written first */
    size_t n_objects;
    uint64_t n_news; /* ever */
};

void events_init(struct events *e);
void events_done(struct events *e);
/* Whether it is news: not the same as one of the last EVENTS_SERIES_S seconds. Out of memory loses
 * the event. */
bool events_add(struct events *e, const char *kind, const char *ns, const char *name,
                bool is_warning, const char *reason, int64_t now_s, const char *fmt, ...)
    __attribute__((format(printf, 8, 9)));
/* The event that the last events_add() for this object added or counted; NULL: none. */
struct event *events_last(const struct events *e, const char *kind, const char *ns,
                          const char *name);
/* All there are, with the object's key "Kind/ns/name". */
void events_each(struct events *e, void (*fn)(const char *key, struct event *ev, void *user),
                 void *user);
/* The object's events, oldest first, or NULL; good until the next events_add(). */
const struct list *events_of(const struct events *e, const char *kind, const char *ns,
                             const char *name);
