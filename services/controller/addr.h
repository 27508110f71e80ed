#pragma once
/* The addresses of sandboxes: one each, out of a range, next-fit so that one that was just freed
 * rests. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct addr_pool {
    uint32_t base; /* host order   */
    uint32_t n;    /* size of range */
    uint32_t next;
    uint32_t n_used;
    uint64_t *used; /* one bit each */
    char text[24];  /* "10.97.0.0/16" */
};

/* "a.b.c.d/n", n 12..30: INVALID_ARGUMENT "BadRequest" otherwise. The first and last are not given
 * out. */
int addr_pool_init(struct addr_pool *p, const char *cidr, struct err *err);
void addr_pool_done(struct addr_pool *p);
/* ret: 16 bytes. RESOURCE_EXHAUSTED "NoAddress" when all are in use. */
int addr_take(struct addr_pool *p, char ret[16], struct err *err);
/* Marks one that is in use already; text that is no address of the range is let pass. */
void addr_reserve(struct addr_pool *p, const char *text);
void addr_free(struct addr_pool *p, const char *text);
