#pragma once
/*
 * What nobody waits for gives way to claims (opts.yield_ms): notes on objects that are as they
 * shall be, Events, a pool's refill. While a claim's write is under way, and for a moment after the
 * last one, it is not written; at the latest after its own time it is all the same.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/list.h"

struct ctl;
struct ctl_item;
struct step;

enum { LATE_MAX_MS = 1000 };

struct ctl_late {
    size_t n_claims;     /* writes of claims under way that somebody waits for   */
    uint64_t claimed_ms; /* when the last of them began or ended                 */
    bool has_claimed;    /* there was one                                        */
    struct list items;   /* ctl_item.late: stepped again once it is quiet        */
    struct list events;  /* struct late_event, oldest first                      */
    size_t n_events;
};

void ctl_late_init(struct ctl_late *l);
/* Events that still wait are lost. */
void ctl_late_done(struct ctl_late *l);

/* A write that a claim waits for. */
void ctl_claim_began(struct ctl *c);
void ctl_claim_ended(struct ctl *c);
/* One is under way or was a moment ago. */
bool ctl_is_rushed(const struct ctl *c);

/* Whether what this step would write has to wait. *since_ms: when it began to, 0 for it does not;
 * the caller keeps it. True for max_ms at most; the item is then stepped again in time. */
bool ctl_gives_way_since(struct ctl_item *it, struct step *st, uint64_t *since_ms, uint32_t max_ms);
/* The same for LATE_MAX_MS, since the item's first such step in a row. */
bool ctl_gives_way(struct ctl_item *it, struct step *st);

/* Takes the reference. Written now, or once it is quiet, or after LATE_MAX_MS. */
void ctl_late_event(struct ctl *c, json_t *event);
/* Writes all Events that wait: nothing comes after. */
void ctl_late_flush(struct ctl *c);

/* For ctl_process() and ctl_deadline_ms(). */
void ctl_late_process(struct ctl *c);
uint64_t ctl_late_deadline_ms(const struct ctl *c);
