#pragma once
/*
 * The last bytes of an output stream, addressed by their offset in all of it. Memory grows with
 * what is kept, up to the ring's own size and out of a budget that all rings of the sandbox share.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RING_MIN = 4096 }; /* a ring has at least this, whatever the budget says */

struct ring_budget {
    size_t used, max;
    /* Asked before a ring is refused: gives memory of rings that nobody needs back. May be NULL. */
    void (*reclaim)(struct ring_budget *budget, size_t want, void *user);
    void *user;
};

struct ring {
    uint8_t *mem;
    size_t cap;          /* bytes of mem                          */
    size_t max;          /* the most it grows to                  */
    uint64_t begin, end; /* offsets of what is kept       */
    bool is_final;       /* no more is kept behind a reader: the stream is ending */
    struct ring_budget *budget;
};

/* max: RING_MIN or more. Cannot fail, allocates nothing. */
void ring_init(struct ring *r, size_t max, struct ring_budget *budget);
/* Gives the memory back; begin becomes end. It may be used on. */
void ring_done(struct ring *r);

/*
 * Where the next bytes go: *ret_n is how many fit in one piece. What a reader at `reader` has not
 * read is never overwritten, and while there is one, up to three quarters of the ring before it
 * stay too: what was sent to it may be lost on the way, and it then comes back for that. No reader:
 * UINT64_MAX. NULL, *ret_n 0: no room until the reader moves on (or out of memory).
 */
uint8_t *ring_room(struct ring *r, uint64_t reader, size_t *ret_n);
/* n bytes were written there; the oldest go when the ring is full. */
void ring_commit(struct ring *r, size_t n);

/* n bytes came that there is no memory for at all: they are missing, and what was kept goes too. */
void ring_skip(struct ring *r, size_t n);

/* Bytes from `offset` on in one piece; 0 at the end. offset: begin..end. */
size_t ring_peek(const struct ring *r, uint64_t offset, const uint8_t **ret);
/* Gives back what is not in use: for a stream that has ended. */
void ring_shrink(struct ring *r);
