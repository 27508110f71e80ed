#pragma once
/*
 * Pages of zeros of which the kernel gives memory when they are first written: for nghttp2's table
 * of streams, 4 KiB that a connection without a call never touches. From malloc() it lies in memory
 * that others have used, and is cleared by hand.
 */
#include <stddef.h>

enum { RPC_PAGE_BYTES = 4096 };

struct rpc_page_chunk;

struct rpc_pages {
    struct rpc_page_chunk *chunks;
};

/* RPC_PAGE_BYTES of zeros, or NULL. */
void *rpc_pages_take(struct rpc_pages *p);
/* One that was taken. */
void rpc_pages_give(struct rpc_pages *p, void *page);
/* All must have been given back. */
void rpc_pages_done(struct rpc_pages *p);
