#pragma once
/*
 * The reconcile core: level-triggered. An event of the store only marks objects dirty; in the next
 * turn of the loop each dirty object is stepped once: the step looks at the world as the store has
 * it and collects what to write (one batch) and when to look again. While its batch is under way an
 * object is not stepped; the store's memory has the result before `done`, so a step always sees its
 * own writes and needs no expectations.
 *
 * No I/O and no clock of its own: the store, the node and the time come in from outside, so
 * scripted worlds (tests/worlds) run the same code.
 */
#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/store/store.h"
#include "services/controller/batch.h"
#include "services/controller/ctl_late.h"
#include "services/controller/events.h"
#include "services/controller/members.h"

struct loop;
struct ctl;
struct binder;
struct ctl_metrics;
struct ctl_work;
struct spans;
struct claim_memo;

/* In the order in which they are stepped: claims first, refill last. */
enum ctl_queue { Q_CLAIM, Q_SANDBOX, Q_POD, Q_POOL, Q_TEMPLATE, Q_N };

struct ctl_clock {
    uint64_t (*now_ms)(void *user); /* monotonic: waits                     */
    int64_t (*now_ns)(void *user);  /* wall clock, Unix: what is stored     */
    void *user;
};

struct ctl_opts {
    struct ctl_clock clock;     /* all NULL: the real one                               */
    uint32_t readiness_grace_s; /* a pool member not ready so long is replaced; 0: 300  */
    uint32_t max_refill_batch;  /* creates or deletes of one pool per step; 0: 32       */
    const char *label_domains;  /* allowed in additionalPodMetadata; NULL: sandbox.users.io */

    /* Kubernetes: kubelets run the pods (no binder), so Services, claims of volumes and network
     * policies are made, Pods adopted, and Events written to the API. */
    bool is_cluster;
    const char *cluster_domain; /* end of serviceFQDN; NULL: cluster.local                  */
    const char *host_name;      /* of reportingInstance in Events; NULL: this machine's      */
    /* A pool is stepped at most so often: each step counts all its members, and every move of each
     * of them asks for one. 0: whenever asked. */
    uint32_t pool_pace_ms;
    uint32_t unschedulable_recheck_s; /* a pool whose members nobody can place; 0: 60 */
    uint32_t replenish_delay_ms; /* a pool that lost members waits so long; 0: not            */
    double max_refill_rate;      /* creates per second and pool; 0: no bound                  */
    uint32_t write_behind_ms;    /* metadata of owned Pods may be late by this, at most 1 s    */
    uint32_t yield_ms; /* what nobody waits for waits while a claim was given so recently; 0: not */
    bool no_pool_eviction;     /* members are not marked as safe to evict                   */
    bool no_claim_events;      /* no Events about claims in the API                         */
    bool no_claim_annotations; /* claims are not written to only for observability          */
};

enum write_outcome { WRITE_OK, WRITE_MOVED, WRITE_FAILED };

/* One object that is, or was, in the store. */
struct ctl_item {
    struct ctl *ctl;
    struct list dirty; /* on ctl->dirty[queue] */
    enum ctl_queue queue;
    bool is_busy;        /* its batch is under way                               */
    bool is_dirty;       /* something changed meanwhile                          */
    bool was_refused;    /* the last batch ended with ALREADY_EXISTS             */
    bool is_telling;     /* its batch only says what failed before               */
    bool must_tell;      /* with problem: its status has yet to say so, however late it is */
    bool is_invalid;     /* with problem: all of it is 422, which no retry mends */
    uint8_t outcome;     /* enum write_outcome: the worst of its batch so far    */
    uint8_t n_writes;    /* of its batch that have not been answered             */
    uint8_t n_fails;     /* in a row: back-off                                   */
    uint8_t n_churn;     /* pools: members that ended in a row, none ready       */
    uint32_t work_stamp; /* when it began to wait, or its step began: ctl_work.h */
    uint64_t due_ms;     /* looks again then; CLOCK_NEVER                        */
    uint64_t stepped_ms; /* pools, with opts.pool_pace_ms: last time            */
    size_t heap_at;      /* place in ctl->heap + 1; 0: not in it                 */
    char taken_uid[40];  /* claims: the pool member this batch takes; ""         */
    char *problem;       /* what the API refused of the last batch, a line each; NULL: nothing */
    uint64_t retry_ms;   /* with problem: not to be tried again before           */
    uint32_t tried_generation; /* Sandboxes: that of the spec whose writes were tried last */
    char told[9];              /* hash of the problem that its status was to tell last */
    struct claim_memo *memo;   /* claims: what a step leaves for the next; NULL: nothing */
    void *memory;              /* of the step, kept between steps; free()d with it     */
    /* ctl_late.h: on ctl->late.items; since when its steps have given way, 0: the last did not; its
     * batch is a claim's that somebody waits for. */
    struct list late;
    uint64_t late_since_ms;
    bool is_urgent;
    const char *ns, *name;
};

/* What a step wants. */
struct step {
    struct batch batch;
    uint64_t again_ms;      /* look again after so long; CLOCK_NEVER                            */
    enum store_hurry hurry; /* of the batch; of a claim's by kind: somebody waits */
    bool has_given_way;     /* ctl_gives_way() */
    bool is_telling;        /* the batch does not try what failed (it->problem), it only says so */
};
void step_again(struct step *st, uint64_t wait_ms);

struct ctl {
    struct store *store;
    struct ctl_opts opts;
    struct members members;
    struct events events;
    struct binder *binder;       /* NULL: none on Kubernetes */
    struct ctl_metrics *metrics; /* NULL: not counted        */
    struct ctl_work *work;       /* NULL: the same           */
    struct spans *spans;         /* NULL: not traced         */

    struct map items; /* "<queue letter>/ns/name" -> ctl_item */
    struct list dirty[Q_N];
    struct ctl_late late;
    uint64_t series_ms;     /* record.c: when a series of Events is to be written; CLOCK_NEVER */
    struct ctl_item **heap; /* by due_ms */
    size_t n_heap, cap_heap;
    size_t n_busy;
    uint64_t look_all_ms; /* something found no memory: looks at everything then; CLOCK_NEVER */
    uint32_t look_all_wait_ms;
    bool is_stopped;
    bool is_next_turn; /* the task has let one turn of the loop pass */
    struct store_watch *watch;
    struct loop_task *task;
    struct loop_timer *timer;
    struct loop *loop;
    struct list listeners;
};

/* loop: drives the steps. The store must outlive it. */
int ctl_init(struct ctl *c, struct loop *loop, struct store *store, const struct ctl_opts *opts,
             struct err *err);
/* Marks everything that is in the store dirty; before it nothing is stepped. */
int ctl_start(struct ctl *c, struct err *err);
/* Nothing is stepped any more; writes under way end. */
void ctl_stop(struct ctl *c);
void ctl_done(struct ctl *c);

/* Marks dirty: stepped later in this turn. Out of memory is made good a moment later. */
void ctl_wake(struct ctl *c, enum ctl_queue q, const char *ns, const char *name);
/* Marks pools of the namespace whose name has this hash (a Sandbox bears it, and is nobody's). */
void ctl_wake_pools_of_hash(struct ctl *c, const char *ns, const char *hash);
/* The same for an item that is at hand. */
void ctl_item_mark(struct ctl_item *it);
/* Steps all that is dirty or due. The loop calls it; tests with a clock of their own may. */
void ctl_process(struct ctl *c);
/* Nothing dirty, nothing under way. */
bool ctl_is_idle(const struct ctl *c);
/* When something is due next, in the clock's now_ms; CLOCK_NEVER. */
uint64_t ctl_deadline_ms(const struct ctl *c);

uint64_t ctl_now_ms(const struct ctl *c);
int64_t ctl_now_ns(const struct ctl *c);
static inline int64_t ctl_now_s(const struct ctl *c)
{
    return ctl_now_ns(c) / 1000000000;
}
/* RFC 3339 with nanoseconds and Z, as Go's RFC3339Nano. ret holds 40 bytes. */
void ctl_format_nano(int64_t ns, char ret[40]);

/* Told of changes that matter to those who wait for a claim or a sandbox: the Sandbox of this name
 * changed, its Pod included, or an assignment in memory was made. Called from inside: mark and
 * return. */
struct ctl_listener {
    struct list link;
    void (*on_sandbox)(const char *ns, const char *name, const char *uid, void *user);
    void (*on_claim)(const char *ns, const char *name, void *user);
    void *user;
};
void ctl_listen(struct ctl *c, struct ctl_listener *l);
void ctl_unlisten(struct ctl_listener *l);
void ctl_tell_sandbox(struct ctl *c, const char *ns, const char *name, const char *uid);

/* Something happened to `about`: kept in c->events and, in a cluster, written as an Event
 * (events.k8s.io/v1, reportingController after the kind; reference 3.4). The same again within
 * minutes is counted in that Event's series. reason and action are static. What cannot be written
 * is lost. */
void ctl_record(struct ctl *c, const struct store_object *about, bool is_warning,
                const char *reason, const char *action, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/* Series of repeated Events that are due; ctl_process() calls it. */
void ctl_record_process(struct ctl *c);

/* ---- the steps; o is NULL when the object is gone. < 0: retried with back-off ---- */

int template_step(struct ctl *c, const struct store_object *o, struct ctl_item *it, struct step *st,
                  struct err *err);
int pool_step(struct ctl *c, const struct store_object *o, struct ctl_item *it, struct step *st,
              struct err *err);
/* Sandboxes that bear a pool's mark and are nobody's may be there: its next step looks for them. */
void pool_look_at_all(struct ctl_item *it);
int claim_step(struct ctl *c, const struct store_object *o, struct ctl_item *it, struct step *st,
               struct err *err);
/* The batch of its step has ended, well or not. */
void claim_written(struct ctl *c, struct ctl_item *it, const struct store_result *res);
void claim_memo_free(struct claim_memo *m);
/* Of a claim: members are held for those claims that name them. */
void claim_on_event(struct ctl *c, const struct store_event *ev);
void claim_hold_all(struct ctl *c);
/* The write that took the member for this claim has ended: it stays held while the claim names it.
 */
void claim_settle(struct ctl *c, const char *ns, const char *claim, const char *member_uid);
int sandbox_step(struct ctl *c, const struct store_object *o, struct ctl_item *it, struct step *st,
                 struct err *err);
/* services/controller/binder.c */
int pod_step(struct ctl *c, const struct store_object *o, struct ctl_item *it, struct step *st,
             struct err *err);
