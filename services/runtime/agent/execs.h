#pragma once
/*
 * All execs of the sandbox: live ones, and the records of those that ended. Starting is idempotent
 * by request id. Bounded by LIMIT_EXECS live, LIMIT_EXEC_RECORDS ended, LIMIT_EXEC_RING_TOTAL of
 * output and EXECS_MEMORY_MAX of requests; what goes first is the oldest ended one that nobody
 * reads.
 */
#include "lib/base/map.h"
#include "services/runtime/agent/exec.h"

enum { EXECS_MEMORY_MAX = 32 * 1024 * 1024, EXECS_SINKS_MAX = 64, EXECS_REQUEST_ID_MAX = 128 };

struct execs {
    struct exec_host host;
    const struct identity *identity;
    struct list live, ended; /* oldest first */
    struct list sinks;       /* ended, but descendants still write */
    size_t n_live, n_ended, n_sinks;
    size_t memory; /* of all ended ones, besides rings */
    uint64_t last_seq;
    struct map by_id, by_request;
    bool is_stopping;                 /* no new ones */
    void (*on_none_live)(void *user); /* records only; may be NULL */
    void *user;
};

/* identity must outlive it. */
void execs_init(struct execs *x, struct loop *loop, struct reaper *reaper,
                const struct identity *identity);
/* Kills what still runs. Readers must have been detached. */
void execs_done(struct execs *x);

/*
 * Starts, or finds the one of the same request id (*ret_existed). Errors: those of command_parse();
 * INVALID_ARGUMENT "BadRequest"; ALREADY_EXISTS "AlreadyExists"; RESOURCE_EXHAUSTED "TooManyExecs";
 * UNAVAILABLE "SandboxGone" while the sandbox stops. The exec stays the table's: it lives until it
 * has ended, has no reader and is among the oldest.
 */
int execs_start(struct execs *x, const Agentsandbox__V1__StartRequest *request, struct exec **ret,
                bool *ret_existed, struct err *err);
/* NOT_FOUND "ExecNotFound". */
int execs_get(const struct execs *x, const char *id, struct exec **ret, struct err *err);
/* The first one started after seq, ended or live; NULL: none. */
struct exec *execs_after(const struct execs *x, uint64_t seq);
/* Ends all live ones with CAUSE_SANDBOX_ENDED: SIGTERM, SIGKILL after the grace of each; or SIGKILL
 * at once. */
void execs_end_all(struct execs *x, bool at_once, const struct cause *why);
