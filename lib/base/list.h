#pragma once
/* Intrusive doubly linked ring: an element is on a list without an allocation and leaves it in
 * O(1). */
#include <stdbool.h>

#include "lib/base/cleanup.h"

struct list {
    struct list *prev, *next;
};

#define LIST_INIT(l) ((struct list){&(l), &(l)})

/* An element that is on no list; list_remove() of it does nothing. */
static inline void list_init(struct list *l)
{
    l->prev = l->next = l;
}
static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}
static inline bool list_is_linked(const struct list *e)
{
    return e->next != e;
}
static inline void list_insert_between(struct list *prev, struct list *next, struct list *e)
{
    e->prev = prev;
    e->next = next;
    prev->next = e;
    next->prev = e;
}
static inline void list_push_back(struct list *l, struct list *e)
{
    list_insert_between(l->prev, l, e);
}
static inline void list_push_front(struct list *l, struct list *e)
{
    list_insert_between(l, l->next, e);
}
static inline void list_remove(struct list *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
    list_init(e);
}
/* The first element, taken off; NULL when empty. */
static inline struct list *list_pop_front(struct list *l)
{
    struct list *e = l->next;

    if (e == l)
        return NULL;
    list_remove(e);
    return e;
}

#define LIST_FIRST(l, type, member)                                                                \
    (list_is_empty(l) ? NULL : CONTAINER_OF((l)->next, type, member))
#define LIST_FOREACH(it, l) for (struct list *it = (l)->next; it != (l); it = it->next)
/* The loop's body may remove `it`, and only it. */
#define LIST_FOREACH_SAFE(it, l)                                                                   \
    for (struct list *it = (l)->next, *it##_next = it->next; it != (l);                            \
         it = it##_next, it##_next = it->next)
