#include "lib/rpc/hub.h"

#include <assert.h>
#include <malloc.h>

#include "lib/base/clock.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/conn.h"
#include "lib/rpc/h2_mem.h"
#include "lib/rpc/linger.h"

enum { HUB_ROUNDS = 4, TRIM_HANDSHAKES = 64, TRIM_QUIET_MS = 1000 };

/* ---- deadlines: a binary heap ---- */

static void put(struct rpc_hub *hub, size_t i, struct rpc_deadline *d)
{
    hub->heap[i - 1] = d;
    d->index = i;
}

static struct rpc_deadline *at(const struct rpc_hub *hub, size_t i)
{
    return hub->heap[i - 1];
}

static void sift_up(struct rpc_hub *hub, size_t i, struct rpc_deadline *d)
{
    for (; i > 1 && at(hub, i / 2)->at_ms > d->at_ms; i /= 2)
        put(hub, i, at(hub, i / 2));
    put(hub, i, d);
}

static void sift_down(struct rpc_hub *hub, size_t i, struct rpc_deadline *d)
{
    for (;;) {
        size_t child = 2 * i;

        if (child < hub->n_heap && at(hub, child + 1)->at_ms < at(hub, child)->at_ms)
            child++;
        if (child > hub->n_heap || at(hub, child)->at_ms >= d->at_ms)
            break;
        put(hub, i, at(hub, child));
        i = child;
    }
    put(hub, i, d);
}

static void set_timer(struct rpc_hub *hub, uint64_t at_ms)
{
    if (hub->is_closed || hub->armed_ms == at_ms)
        return;
    hub->armed_ms = at_ms;
    loop_timer_arm(hub->timer, at_ms);
}

static int make_room(struct rpc_hub *hub, struct err *err)
{
    size_t cap = hub->cap_heap ? hub->cap_heap * 2 : 16;
    struct rpc_deadline **heap;

    if (hub->n_heap < hub->cap_heap)
        return 0;
    heap = realloc(hub->heap, cap * sizeof(struct rpc_deadline *));
    if (!heap)
        return err_oom(err);
    hub->heap = heap;
    hub->cap_heap = cap;
    return 0;
}

int rpc_deadline_arm(struct rpc_hub *hub, struct rpc_deadline *d, uint64_t at_ms, struct err *err)
{
    rpc_deadline_disarm(hub, d);
    if (at_ms == CLOCK_NEVER)
        return 0;
    if (make_room(hub, err) < 0)
        return -1;
    d->at_ms = at_ms;
    sift_up(hub, ++hub->n_heap, d);
    if (at_ms < hub->armed_ms)
        set_timer(hub, at_ms);
    return 0;
}

/* The timer stays as it is and may come too early: it then looks and goes on. Only an empty heap
 * stops it, so that it keeps no loop alive. */
void rpc_deadline_disarm(struct rpc_hub *hub, struct rpc_deadline *d)
{
    size_t i = d->index;
    struct rpc_deadline *last;

    if (i == 0)
        return;
    d->index = 0;
    last = at(hub, hub->n_heap--);
    if (last != d) {
        if (i > 1 && at(hub, i / 2)->at_ms > last->at_ms)
            sift_up(hub, i, last);
        else
            sift_down(hub, i, last);
    }
    if (hub->n_heap == 0)
        set_timer(hub, CLOCK_NEVER);
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct rpc_hub *hub = rpc_hub_ref(user);
    uint64_t now_ms = loop_now_ms(hub->loop);

    (void)t;
    hub->armed_ms = CLOCK_NEVER;
    while (!hub->is_closed && hub->n_heap > 0 && at(hub, 1)->at_ms <= now_ms) {
        struct rpc_deadline *d = at(hub, 1);

        rpc_deadline_disarm(hub, d);
        d->fn(d); /* Careful: d, and all but the hub, may be gone here. */
    }
    if (!hub->is_closed && hub->n_heap > 0)
        set_timer(hub, at(hub, 1)->at_ms);
    rpc_hub_unref(hub);
}

void *rpc_hub_frame(struct rpc_hub *hub)
{
    if (!hub->frame)
        hub->frame = malloc(RPC_H2_FRAME_BYTES);
    return hub->frame;
}

/* ---- the round ---- */

void rpc_hub_wake(struct rpc_hub *hub)
{
    if (!hub->is_closed)
        loop_task_schedule(hub->task);
}

void rpc_hub_tell(struct rpc_hub *hub)
{
    struct list *e;

    while ((e = list_pop_front(&hub->todo)))
        rpc_call_tell(CONTAINER_OF(e, struct rpc_call, todo));
}

/* Those that wait now: what is told may begin calls that end at once, over and over, and the loop
 * has other things to do. */
static void tell_once(struct rpc_hub *hub)
{
    size_t n = 0;

    LIST_FOREACH(it, &hub->todo)
    n++;
    while (n-- > 0 && !list_is_empty(&hub->todo))
        rpc_call_tell(CONTAINER_OF(list_pop_front(&hub->todo), struct rpc_call, todo));
}

static void send_dirty(struct rpc_hub *hub)
{
    struct list now = LIST_INIT(now), *e;

    while ((e = list_pop_front(&hub->dirty)))
        list_push_back(&now, e);
    while ((e = list_pop_front(&now)))
        rpc_conn_flush(CONTAINER_OF(e, struct rpc_conn, dirty));
}

static void on_task(struct loop_task *t, void *user)
{
    struct rpc_hub *hub = rpc_hub_ref(user);

    (void)t;
    for (int i = 0; i < HUB_ROUNDS; i++) {
        tell_once(hub);
        send_dirty(hub);
        if (list_is_empty(&hub->todo) && list_is_empty(&hub->dirty))
            break;
    }
    if (!list_is_empty(&hub->todo) || !list_is_empty(&hub->dirty))
        rpc_hub_wake(hub);
    rpc_hub_unref(hub);
}

/* ---- the pool's rest ---- */

static void rest_later(struct rpc_hub *hub)
{
    if (hub->is_closed || hub->pool_rest.index)
        return;
    /* No memory for it: then the pool keeps what it has until its next chance. */
    (void)rpc_deadline_arm(hub, &hub->pool_rest,
                           clock_add(loop_now_ms(hub->loop), RPC_POOL_KEEP_MS), NULL);
}

static void on_kept(struct rpc_pool *pool)
{
    rest_later(CONTAINER_OF(pool, struct rpc_hub, pool));
}

static void on_rest(struct rpc_deadline *d)
{
    struct rpc_hub *hub = CONTAINER_OF(d, struct rpc_hub, pool_rest);

    if (rpc_pool_rest(&hub->pool))
        rest_later(hub);
}

/* ---- the heap after handshakes ---- */

void rpc_hub_note_handshake(struct rpc_hub *hub)
{
    hub->n_handshakes++;
    if (hub->n_handshakes < TRIM_HANDSHAKES || hub->is_closed)
        return;
    /* No memory for it: then the next handshake asks again. */
    (void)rpc_deadline_arm(hub, &hub->trim, clock_add(loop_now_ms(hub->loop), TRIM_QUIET_MS), NULL);
}

static void on_trim(struct rpc_deadline *d)
{
    CONTAINER_OF(d, struct rpc_hub, trim)->n_handshakes = 0;
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

int rpc_hub_new(struct rpc_hub **ret, struct loop *loop, struct err *err)
{
    struct rpc_hub *hub = calloc(1, sizeof(*hub));

    if (!hub)
        return err_oom(err);
    hub->loop = loop;
    hub->armed_ms = CLOCK_NEVER;
    hub->n_ref = 1;
    hub->pool.on_kept = on_kept;
    hub->pool_rest.fn = on_rest;
    hub->trim.fn = on_trim;
    list_init(&hub->todo);
    list_init(&hub->dirty);
    list_init(&hub->unread);
    list_init(&hub->spare);
    list_init(&hub->lingering);
    if (loop_task_new(&hub->task, loop, on_task, hub, err) < 0 ||
        loop_timer_new(&hub->timer, loop, on_timer, hub, err) < 0) {
        rpc_hub_close(hub);
        return -1;
    }
    *ret = hub;
    return 0;
}

void rpc_hub_close(struct rpc_hub *hub)
{
    rpc_linger_stop(hub);
    hub->is_closed = true;
    rpc_deadline_disarm(hub, &hub->pool_rest);
    rpc_deadline_disarm(hub, &hub->trim);
    loop_task_free(TAKE_PTR(hub->task));
    loop_timer_free(TAKE_PTR(hub->timer));
    rpc_hub_unref(hub);
}

void rpc_hub_unref(struct rpc_hub *hub)
{
    if (--hub->n_ref > 0)
        return;
    assert(list_is_empty(&hub->todo) && list_is_empty(&hub->dirty));
    rpc_call_free_spare(hub);
    rpc_pool_done(&hub->pool);
    rpc_pages_done(&hub->pages);
    free(hub->frame);
    free(hub->heap);
    free(hub);
}
