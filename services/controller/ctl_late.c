#include "services/controller/ctl_late.h"

#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/loop/loop.h"
#include "services/controller/ctl.h"
#include "services/controller/names.h"

/* Of each kind in one turn of the loop: a claim that comes then waits for no more. */
enum { AT_ONCE = 16, MAX_EVENTS = 1024 };

struct late_event {
    struct list link;
    uint64_t due_ms;
    json_t *object;
};

void ctl_late_init(struct ctl_late *l)
{
    *l = (struct ctl_late){0};
    list_init(&l->items);
    list_init(&l->events);
}

static void event_free(struct late_event *e)
{
    list_remove(&e->link);
    json_decref(e->object);
    free(e);
}

void ctl_late_done(struct ctl_late *l)
{
    LIST_FOREACH_SAFE(it, &l->events)
    event_free(CONTAINER_OF(it, struct late_event, link));
    l->n_events = 0;
}

/* ---- is anybody waiting ---- */

void ctl_claim_began(struct ctl *c)
{
    c->late.n_claims++;
    c->late.claimed_ms = ctl_now_ms(c);
    c->late.has_claimed = true;
}

static void arm(struct ctl *c)
{
    if (c->timer)
        loop_timer_arm(c->timer, ctl_deadline_ms(c));
}

void ctl_claim_ended(struct ctl *c)
{
    c->late.n_claims--;
    c->late.claimed_ms = ctl_now_ms(c);
    arm(c);
}

/* When it is quiet, unless another claim comes; 0: it is. */
static uint64_t quiet_ms(const struct ctl *c)
{
    const struct ctl_late *l = &c->late;
    uint64_t at;

    if (c->opts.yield_ms == 0 || !l->has_claimed)
        return 0;
    if (l->n_claims > 0)
        return CLOCK_NEVER;
    at = l->claimed_ms + c->opts.yield_ms;
    return at > ctl_now_ms(c) ? at : 0;
}

bool ctl_is_rushed(const struct ctl *c)
{
    return quiet_ms(c) != 0;
}

/* ---- steps ---- */

bool ctl_gives_way_since(struct ctl_item *it, struct step *st, uint64_t *since_ms, uint32_t max_ms)
{
    struct ctl *c = it->ctl;
    uint64_t now = ctl_now_ms(c);

    if (!ctl_is_rushed(c)) {
        *since_ms = 0;
        return false;
    }
    if (*since_ms == 0)
        *since_ms = MAX(now, (uint64_t)1);
    if (now >= *since_ms + max_ms)
        return false;
    if (!list_is_linked(&it->late))
        list_push_back(&c->late.items, &it->late);
    step_again(st, *since_ms + max_ms - now);
    return true;
}

bool ctl_gives_way(struct ctl_item *it, struct step *st)
{
    bool gives_way = ctl_gives_way_since(it, st, &it->late_since_ms, LATE_MAX_MS);

    st->has_given_way |= gives_way;
    return gives_way;
}

/* ---- Events ---- */

static void write_event(struct ctl *c, json_t *event)
{
    struct store_op op = {.type = STORE_CREATE,
                          .kind = KIND_EVENT,
                          .object = event,
                          .relaxed = true,
                          .hurry = STORE_HURRY_LAST};

    (void)store_write(c->store, &op, 1, NULL, NULL, NULL); /* what cannot be written is lost */
}

static struct late_event *first_event(const struct ctl *c)
{
    return LIST_FIRST(&c->late.events, struct late_event, link);
}

static void write_first(struct ctl *c)
{
    struct late_event *e = first_event(c);

    write_event(c, e->object);
    event_free(e);
    c->late.n_events--;
}

void ctl_late_event(struct ctl *c, json_t *event)
{
    struct late_event *e = NULL;

    if (ctl_is_rushed(c) && c->late.n_events < MAX_EVENTS)
        e = calloc(1, sizeof(*e));
    if (!e) {
        write_event(c, event);
        json_decref(event);
        return;
    }
    e->object = event;
    e->due_ms = ctl_now_ms(c) + LATE_MAX_MS;
    list_init(&e->link);
    list_push_back(&c->late.events, &e->link);
    c->late.n_events++;
    arm(c);
}

void ctl_late_flush(struct ctl *c)
{
    while (first_event(c))
        write_first(c);
}

/* ---- the loop ---- */

void ctl_late_process(struct ctl *c)
{
    uint64_t now = ctl_now_ms(c);
    bool is_quiet = !ctl_is_rushed(c);
    struct list *link;

    for (int i = 0; i < AT_ONCE && is_quiet && (link = list_pop_front(&c->late.items)); i++)
        ctl_item_mark(CONTAINER_OF(link, struct ctl_item, late));
    for (int i = 0; i < AT_ONCE && first_event(c); i++) {
        if (!is_quiet && first_event(c)->due_ms > now)
            return;
        write_first(c);
    }
}

uint64_t ctl_late_deadline_ms(const struct ctl *c)
{
    uint64_t at = CLOCK_NEVER;

    if (!list_is_empty(&c->late.items) || first_event(c))
        at = quiet_ms(c);
    return first_event(c) ? MIN(at, first_event(c)->due_ms) : at;
}
