#include "lib/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BUF_KEEP_BYTES = 16 * 1024, BUF_FIRST_BYTES = 256 };

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max = max_bytes};
}

void buf_done(struct buf *b)
{
    free(b->mem);
    *b = (struct buf){.max = b->max};
}

static void slide_to_front(struct buf *b)
{
    size_t n = buf_len(b);

    if (b->start == 0)
        return;
    memmove(b->mem, b->mem + b->start, n);
    b->start = 0;
    b->end = n;
}

uint8_t *buf_reserve(struct buf *b, size_t n, struct err *err)
{
    size_t len = buf_len(b), cap;
    uint8_t *mem;

    if (n > b->max || len > b->max - n) {
        err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge", "more than %zu bytes", b->max);
        return NULL;
    }
    if (b->cap - b->end >= n && b->mem)
        return b->mem + b->end;

    /* Sliding is paid by the bytes consumed before it only when they are at least as many. */
    if (b->cap - len >= n && b->start >= len && b->mem) {
        slide_to_front(b);
        return b->mem + b->end;
    }

    cap = MAX(b->cap, (size_t)BUF_FIRST_BYTES);
    while (cap < len + n)
        cap = cap > SIZE_MAX / 2 ? len + n : cap * 2;
    if (len == 0 && n > BUF_KEEP_BYTES)
        cap = n; /* one large piece, not something that grows */
    mem = malloc(cap);
    if (!mem) {
        err_oom(err);
        return NULL;
    }
    if (len)
        memcpy(mem, b->mem + b->start, len);
    free(b->mem);
    b->mem = mem;
    b->cap = cap;
    b->start = 0;
    b->end = len;
    return b->mem + b->end;
}

void buf_commit(struct buf *b, size_t n)
{
    assert(n <= b->cap - b->end);
    b->end += n;
}

int buf_append(struct buf *b, const void *data, size_t n, struct err *err)
{
    uint8_t *to;

    if (n == 0)
        return 0;
    to = buf_reserve(b, n, err);
    if (!to)
        return -1;
    memcpy(to, data, n);
    buf_commit(b, n);
    return 0;
}

int buf_append_str(struct buf *b, const char *s, struct err *err)
{
    return buf_append(b, s, strlen(s), err);
}

int buf_appendf(struct buf *b, struct err *err, const char *fmt, ...)
{
    uint8_t *to;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return err_set(err, RPC_INTERNAL, "BadFormat", "cannot format text");

    /* One more for the NUL that vsnprintf() writes and that is not counted. */
    to = buf_reserve(b, (size_t)n + 1, err);
    if (!to)
        return -1;
    va_start(ap, fmt);
    (void)vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
    va_end(ap);
    buf_commit(b, (size_t)n);
    return 0;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= buf_len(b));
    b->start += n;
    if (b->start != b->end)
        return;
    if (b->cap > BUF_KEEP_BYTES)
        buf_done(b);
    else
        b->start = b->end = 0;
}

void buf_clear(struct buf *b)
{
    buf_consume(b, buf_len(b));
}

const char *buf_cstr(struct buf *b, struct err *err)
{
    uint8_t *to = buf_reserve(b, 1, err);

    if (!to)
        return NULL;
    *to = '\0';
    return (const char *)buf_data(b);
}
