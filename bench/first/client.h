#pragma once
/* A client that waits: one call at a time, each with its time. What goes wrong ends the program
 * with a sentence. */
#include <stdint.h>

#include "agentsandbox/v1/claim.rpc.h"
#include "agentsandbox/v1/exec.rpc.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"

struct bench {
    struct loop *loop;
    struct rpc_channel *controller, *router;
};

_noreturn_ void bench_die(const char *what, const struct err *err);

void bench_open(struct bench *b, const char *controller, const char *router);
void bench_close(struct bench *b);

/* Turns the loop until *flag, at most 60 s. */
void bench_wait(struct bench *b, const bool *flag, const char *what);

struct bench_claim {
    char name[64], sandbox[64];
    bool is_warm;
};

/* Claims from a pool, or by a template when pool is NULL; waits until it is ready. */
void bench_claim_create(struct bench *b, const char *pool, const char *template,
                        struct bench_claim *ret);
/* Returns when its sandbox is gone. */
void bench_claim_delete(struct bench *b, const struct bench_claim *c);
/* Returns when that many members of the pool are ready. */
void bench_pool_wait(struct bench *b, const char *pool, unsigned n_ready);

/* ExecService.List over that channel: the cheapest answer of an agent. sandbox NULL: without
 * routing metadata. */
void bench_agent_answers(struct bench *b, struct rpc_channel *ch, const char *sandbox);
/* Runs argv to its end, which must be exit code 0. */
void bench_exec(struct bench *b, const char *sandbox, const char *const *argv);

/* A conversation with cat. */
struct bench_cat;
struct bench_cat *bench_cat_open(struct bench *b, const char *sandbox);
/* Sends n bytes and waits until they are back. */
void bench_cat_echo(struct bench_cat *c, const void *data, size_t n);
void bench_cat_close(struct bench_cat *c);

/* bare.c: the same agent in the same root, without us: the bundle has config.json, whose socket
 * folder is bundle/run. flags: runsc's. Returns microseconds from the start of `runsc run` until
 * the agent has answered a call. */
double bench_bare_run(struct bench *b, const char *runsc, char *const *flags, const char *bundle,
                      int n);
