#pragma once
/*
 * nghttp2's memory. Each of its sessions keeps a buffer of 16 KiB in which it builds the frame that
 * it sends next. The sessions of one loop send one after the other, and rpc_session_pull() takes
 * each frame away before another session is asked; so those of one server or channel share one
 * buffer, and an idle connection has none of its own. And each has a table of streams of 4 KiB,
 * which is a page of pages.h.
 */
#include <nghttp2/nghttp2.h>
#include <stdbool.h>

#include "lib/rpc/pages.h"

enum { RPC_H2_FRAME_BYTES = 9 + 1 + 16384 }; /* frame head, pad length, payload */

struct rpc_h2_mem {
    nghttp2_mem mem; /* for nghttp2_session_*_new3()                                       */
    void *frame;     /* shared, RPC_H2_FRAME_BYTES; NULL: the session has one of its own */
    bool is_lent;
    struct rpc_pages *pages; /* for the table of streams, or NULL */
    void *table;             /* that is from there                */
};

/* m, frame and pages outlive the session. */
void rpc_h2_mem_init(struct rpc_h2_mem *m, void *frame, struct rpc_pages *pages);
