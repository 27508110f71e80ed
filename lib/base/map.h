#pragma once
/*
 * Hash map from byte-string keys to pointers. Keys are copied, values are the caller's. The hash is
 * SipHash-like keyed by a per-process random, so a peer that picks names cannot make chains.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct map_entry;

struct map {
    struct map_entry **slots;
    size_t n_slots; /* power of two, or 0 */
    size_t n;
};

void map_init(struct map *m);
/* Frees keys and slots, never values. */
void map_done(struct map *m);

/* Sets or replaces (which cannot fail); *ret_old (may be NULL) gets the value that was there, or
 * NULL. */
int map_set(struct map *m, const char *key, void *value, void **ret_old, struct err *err);
void *map_get(const struct map *m, const char *key);
/* Removes; returns the value that was there, or NULL. */
void *map_remove(struct map *m, const char *key);

/* Visits every entry in no order: for (it = NULL; (it = map_next(m, it));). Nothing may be added or
 * removed meanwhile but the entry just visited, by map_remove(), after fetching its successor. */
struct map_entry *map_next(const struct map *m, const struct map_entry *it);
const char *map_entry_key(const struct map_entry *e);
void *map_entry_value(const struct map_entry *e);

#define MAP_FOREACH(it, m)                                                                         \
    for (struct map_entry *it = map_next((m), NULL), *it##_next = it ? map_next((m), it) : NULL;   \
         it; it = it##_next, it##_next = it ? map_next((m), it) : NULL)
