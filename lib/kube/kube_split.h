#pragma once
/*
 * Cuts what comes in pieces into values, before they are parsed: the items of a list, one by one
 * (so that a list of any length costs the memory of one item), and the lines of a watch. No I/O, no
 * JSON values; what is inside an item or a line is not judged here.
 */
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define KUBE_MAX_ITEM (4u * 1024 * 1024) /* one object */
#define KUBE_MAX_REST (256u * 1024)      /* what a list says besides its items */

enum { KUBE_SPLIT_MORE = 1 };

/* ---- lists: {"kind": …, "metadata": {…}, "items": [item, …]} ---- */

struct kube_list_split {
    struct buf item; /* the one under way           */
    struct buf rest; /* the list with its items cut out: JSON as well */
    unsigned depth;
    bool in_string, is_escaped;
    bool is_items; /* depth 2 is inside of the list's "items"      */
    bool is_ended; /* the outermost brace is closed                */
    char key[8];   /* the start of the last string at depth 1      */
    size_t n_key;
};

void kube_list_split_init(struct kube_list_split *s);
void kube_list_split_done(struct kube_list_split *s);
/* Takes bytes off *in. 0: an item is whole, as s->item, good until the next call; KUBE_SPLIT_MORE:
 * all bytes are taken; < 0: INVALID_ARGUMENT "BadRequest" (nested too deep, bytes after the end),
 * RESOURCE_EXHAUSTED "TooLarge". */
int kube_list_split_next(struct kube_list_split *s, struct buf *in, struct err *err);

/* ---- watches: one JSON value per line ---- */

/* 0: a line is whole: *ret, *ret_n, without its end, good until the buffer changes; call
 * buf_consume(in, *ret_n + 1) after it. KUBE_SPLIT_MORE: not yet. < 0 "TooLarge". from: how much of
 * *in was looked at already; the caller keeps it, 0 for a new line. */
int kube_line_next(struct buf *in, size_t *from, const char **ret, size_t *ret_n, struct err *err);
