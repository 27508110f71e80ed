#pragma once
/*
 * Memory that goes in one stroke. A call owns an arena: its metadata and its decoded message live
 * there; the ceiling of the arena is the limit of what a peer can make us hold for it.
 * (h2o h2o_mem_pool_t, unbound regional.)
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct arena_block;

struct arena {
    struct arena_block *blocks;
    uint8_t *at, *end; /* free room in the newest block */
    size_t used;       /* bytes taken from malloc       */
    size_t max;
    uint8_t *first; /* the caller's memory that is used before any block, or NULL */
    size_t n_first;
};

/* max_bytes: the most it takes from malloc. Allocates nothing until first used. */
void arena_init(struct arena *a, size_t max_bytes);
/* The same over memory of the caller's (16-byte aligned), used up first and not counted: an object
 * that owns an arena embeds its usual need and then costs one allocation. */
void arena_init_with(struct arena *a, size_t max_bytes, void *first, size_t n_first);
/* Gives all memory back; the arena may be used again. */
void arena_done(struct arena *a);
/* Forgets all that was allocated but keeps one block of up to 4 KiB for what comes next. */
void arena_reset(struct arena *a);

/* 16-byte aligned, not zeroed. NULL when over the ceiling or out of memory. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);
char *arena_strdup(struct arena *a, const char *s);
/* Copies n bytes and adds a NUL. */
char *arena_memdup(struct arena *a, const void *data, size_t n);
