#pragma once
/*
 * A scripted world: the controller's core with a store in memory, a clock that a story moves and a
 * node that does what the story says. A story is a text file, one command per line; README.md has
 * the words.
 */
#include "agentsandbox/v1/claim.pb-c.h"
#include "lib/base/map.h"
#include "lib/loop/loop.h"
#include "services/controller/binder.h"
#include "services/controller/claim_call.h"
#include "services/controller/ctl.h"
#include "services/controller/metrics_impl.h"
#include "services/controller/spans.h"

/* ---- the node of a world (world_node.c) ---- */

struct fake_instance {
    struct list link;
    char id[24], sandbox[256];
    bool is_running, is_ready, is_ended, is_new;
    int exit_code, signal;
    bool oom;
    char probe[128]; /* last answer of the readiness probe; "" none */
};

struct fake_node {
    struct list instances;
    struct list calls; /* asked and not yet answered */
    struct binder *binder;
    bool is_down, is_holding; /* holding: calls stay unanswered          */
    bool is_racing;           /* the watch is faster than the answer      */
    bool is_going;            /* refuses all, its watch is still there    */
    bool is_manual;           /* instances get ready only by a command   */
    char refuse_reason[48], refuse_message[128];
    unsigned n_asked, n_created, n_deleted; /* asked: CreateSandbox calls */
};

void fake_node_init(struct fake_node *n);
void fake_node_done(struct fake_node *n);
struct node_ops fake_node_ops(struct fake_node *n);
/* Tells a (new) binder that the node is there, with its list. */
void fake_node_connect(struct fake_node *n, struct binder *b);
void fake_node_disconnect(struct fake_node *n);
/* Answers what was asked; true when there was something. */
bool fake_node_turn(struct fake_node *n);
struct fake_instance *fake_node_find(struct fake_node *n, const char *sandbox);
/* Tells the binder how the instance is now. */
void fake_node_tell(struct fake_node *n, const struct fake_instance *i);
void fake_node_forget(struct fake_node *n, struct fake_instance *i);
size_t fake_node_count(const struct fake_node *n);

/* ---- the cluster of a world (world_cluster.c): scheduler, kubelet, and what writes cost ---- */

enum { FAKE_MAX_STUCK = 8, FAKE_MAX_COUNTS = 64 };

struct fake_count {
    char key[64]; /* "create Pod" */
    unsigned n;
};

struct fake_cluster {
    bool is_holding;                 /* kubelet and scheduler do nothing                    */
    bool is_manual;                  /* pods get ready only by a command                    */
    bool is_unschedulable;           /* no node has room                                    */
    char stuck[FAKE_MAX_STUCK][256]; /* pods that stay terminating                */
    size_t n_stuck;
    unsigned n_ips;
    struct fake_count counts[FAKE_MAX_COUNTS]; /* ops that reached the store      */
    size_t n_counts;
    char fault_key[64]; /* the next op like this fails; "": none                  */
    int fault_code;
    char fault_reason[48], fault_message[200];
    int fault_n; /* so many times; < 0: always                                    */
};

struct world;
/* Scheduler and kubelet do one move; true when there was something to do. */
bool fake_cluster_turn(struct world *w);
/* `kubelet …` */
void fake_cluster_do(struct world *w);
/* `fault create Pod CODE/Reason message [n=1]`, `fault none` */
void fake_cluster_fault(struct world *w);
/* `expect writes create.Pod=1 …`; `forget writes` */
void fake_cluster_expect_writes(struct world *w);
int fake_cluster_on_op(const struct store_op *op, void *world, struct err *err);

/* ---- the world ---- */

enum { WORLD_MAX_WORDS = 24, WORLD_MAX_CALLS = 128 };

struct world_call { /* one gRPC claim of the story */
    struct world *w;
    char name[64];
    struct claim_call *call;
    bool is_over, existed, is_warm;
    struct err err; /* code 0: it went well */
    char claim[256], sandbox[256];
    char line[512]; /* that made it */
};

/* ---- sweeps (world_sweep.c): the same story, with each write failing in turn ---- */

enum sweep_mode {
    SWEEP_NONE,
    SWEEP_KILL,      /* the process ends before the write; then it starts anew        */
    SWEEP_CONFLICT,  /* 409                                                            */
    SWEEP_LOST,      /* 503, nothing happened                                          */
    SWEEP_UNHEARD,   /* it took effect, and the answer was lost                        */
    SWEEP_THROTTLED, /* 429                                                            */
    SWEEP_INTERNAL,  /* 500, nothing happened                                          */
    SWEEP_N_MODES,
};
struct world_sweep {
    enum sweep_mode mode;
    unsigned at, n; /* the write that fails; writes since `sweep` */
    bool is_on, is_dead;
};
/* Runs the story once as it is, then once per mode and write; the first line of it may say
 * `# step=N`: only every n-th. */
void world_sweep_story(const char *file);
/* `sweep`: from here on. */
void world_sweep_begin(struct world *w);
/* For the store's fault: what becomes of this write. */
int world_sweep_op(struct world *w, const struct store_op *op, struct err *err);
/* Where it is, to stderr; nothing when it sweeps not. */
void world_sweep_say(const struct world *w);
/* The process has ended at a write; once. */
bool world_sweep_has_died(struct world *w);

struct world {
    struct loop *loop;
    struct store *store;
    struct ctl ctl;
    struct ctl_opts opts;
    struct binder_opts binder_opts;
    struct binder *binder;
    struct claim_door *door;
    struct fake_node node;
    struct fake_cluster cluster; /* used when opts.is_cluster */
    struct world_sweep sweep;
    struct metrics *metrics; /* of the present process */
    struct ctl_metrics counters;
    struct store_watch *audit;
    struct map history; /* claim -> "Reason,Reason", owned */
    uint64_t now_ms;
    int64_t stepped_ms; /* how far the wall clock was set, in all */
    struct world_call calls[WORLD_MAX_CALLS];
    size_t n_calls;
    const char *file;
    int line;
    char text[2048]; /* the line, for messages */
    const char *words[WORLD_MAX_WORDS];
    size_t n_words;
    bool is_tracing;
    struct spans spans;
    bool no_settle;  /* the command ends in '!'                      */
    bool is_outside; /* what is written now is not the controller's */
};

/* Value of "key=value" among the words, or NULL. */
const char *world_arg(const struct world *w, const char *key);
bool world_has(const struct world *w, const char *word);
/* Says file:line and why, and ends the program with failure. */
void world_fail(const struct world *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));
void world_settle(struct world *w);
/* world_expect.c: the `expect` lines. */
void world_expect(struct world *w);
/* The sandbox that a word names: "@claim", "pool/0" (its members by name), or itself. */
const char *world_sandbox(const struct world *w, const char *word);
struct world_call *world_find_call(struct world *w, const char *name);
/* Borrowed word i; fails the story when there is none. */
const char *world_need(const struct world *w, size_t i);
/* JSON; 'text' is a string; in {…} and […] single quotes stand for double ones. */
json_t *world_value(const char *text);
/* Writes as somebody outside the controller would; takes object. */
void world_store(struct world *w, enum store_op_type type, const char *kind, const char *name,
                 json_t *object);
/* Unix time of the story, seconds. */
int64_t world_now_s(const struct world *w);
/* What must be so at every moment, and what claims said meanwhile (world_audit.c). */
void world_audit_start(struct world *w);
void world_audit_done(struct world *w);
void world_expect_history(struct world *w, const char *claim);
void world_expect_metric(struct world *w, const char *series);
/* One story from beginning to end. */
void world_run(const char *file, struct world_sweep *sweep);
/* As after `kill -9`; those who called and have no answer call again. */
void world_restart_and_repeat(struct world *w);
