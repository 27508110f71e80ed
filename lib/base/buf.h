#pragma once
/*
 * A byte queue with a ceiling: bytes are appended at the end and consumed from the front. It gets
 * its ceiling when it is made, so whatever a peer can grow is bounded where it is stored.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct buf {
    uint8_t *mem;
    size_t start; /* first byte not yet consumed */
    size_t end;   /* one past the last byte      */
    size_t cap;
    size_t max;
};

/* max_bytes: the most it ever holds. Cannot fail, allocates nothing. */
void buf_init(struct buf *b, size_t max_bytes);
void buf_done(struct buf *b);

static inline const uint8_t *buf_data(const struct buf *b)
{
    return b->mem ? b->mem + b->start : NULL; /* NULL + 0 is undefined in C */
}
static inline size_t buf_len(const struct buf *b)
{
    return b->end - b->start;
}

/* Makes room for n more bytes; returns where to write them (then buf_commit()), or NULL with *err:
 * RESOURCE_EXHAUSTED, reason "TooLarge" over the ceiling, "OutOfMemory" otherwise. */
uint8_t *buf_reserve(struct buf *b, size_t n, struct err *err);
void buf_commit(struct buf *b, size_t n);

int buf_append(struct buf *b, const void *data, size_t n, struct err *err);
int buf_appendf(struct buf *b, struct err *err, const char *fmt, ...) _printf_(3, 4);
int buf_append_str(struct buf *b, const char *s, struct err *err);

/* Drops n bytes from the front. Empties keep their memory up to 16 KiB, larger ones give it back.
 */
void buf_consume(struct buf *b, size_t n);
void buf_clear(struct buf *b);

/* NUL-terminates (the NUL is not counted) and returns the text, or NULL with *err set. */
const char *buf_cstr(struct buf *b, struct err *err);
