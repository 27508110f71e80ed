#pragma once
/*
 * JSON values that are equal become one value. A pool's members differ in a name, a uid and some
 * times; everything else (the whole Pod template, most conditions) is held once for all of them.
 * Works bottom up: a container is shared when all of its members are, so two values are equal when
 * they are the same. The table's references are weak: what only the table holds goes with the next
 * clearing, which comes when the table has doubled.
 *
 * Nothing here fails: without memory a value stays as it is. Whoever holds an interned value must
 * never change it, as with all values of the store.
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct intern_slot {
    json_t *value; /* referenced, or NULL */
    uint64_t hash;
};

struct intern {
    struct intern_slot *slots;
    size_t n_slots; /* power of two, or 0 */
    size_t n, n_clear_at;
};

void intern_init(struct intern *t);
void intern_done(struct intern *t);
/* Replaces what is inside of the object by what is shared, and gives back what the rest has in
 * reserve (json_trim()): no iterator of it stays good. What never is shared (uids, versions, the
 * object's own name) is not looked at. */
void intern_object(struct intern *t, json_t *object);
