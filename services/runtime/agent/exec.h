#pragma once
/*
 * One command and all that is kept of it: process, stdin, two output streams, readers, limits, and
 * how it ended.
 *
 * Events (the process ended, a pipe gave bytes, a reader went, a deadline passed) only wake
 * exec_step(), which looks at the whole and goes as far as it can:
 *
 *     RUNNING --process reaped--> DRAINING --its output is in the rings--> ENDED
 *
 * DRAINING waits for end of file. A descendant in the background may hold the pipe open for ever;
 * so when all that the command itself wrote was read, EXEC_QUIET_MS of silence, or
 * EXEC_DRAIN_MAX_MS in all, end it too. What the descendant writes later is read and dropped: it
 * does not die of a closed pipe.
 */
#include "agentsandbox/v1/exec.pb-c.h"
#include "lib/base/list.h"
#include "services/runtime/agent/cause.h"
#include "services/runtime/agent/command.h"
#include "services/runtime/agent/input.h"
#include "services/runtime/agent/output.h"
#include "services/runtime/agent/reap.h"

struct exec;
struct loop_timer;

enum {
    EXEC_ID_LENGTH = 20,
    EXEC_QUIET_MS = 250,
    EXEC_DRAIN_MAX_MS = 2000,
    EXEC_HOLD_MS = 30 * 1000, /* BLOCK goes on so long after the last reader has left */
    EXEC_KEEP_DEFAULT_MS = 3600 * 1000,
    EXEC_RING_MAX = 16 * 1024 * 1024,
};

enum exec_state { EXEC_RUNNING, EXEC_DRAINING, EXEC_ENDED };
enum exec_stream { EXEC_STDOUT, EXEC_STDERR, EXEC_N_STREAMS };

/* Who wants to know. READS holds the command up and counts as attached; OBSERVES and WAITS do not.
 */
struct exec_reader {
    enum { READER_READS, READER_OBSERVES, READER_WAITS } kind;
    uint64_t at[EXEC_N_STREAMS]; /* next offset it wants                                        */
    void (*wake)(struct exec_reader *r); /* records only: something may have changed             */
    struct list link;
};

/* What an exec needs of the agent. */
struct exec_host {
    struct loop *loop;
    struct reaper *reaper;
    struct ring_budget budget;
    struct oom_watch oom;
    size_t n_collected; /* output that Run calls hold for their replies, bytes */
    void (*on_ended)(struct exec *e, void *user); /* records only; may be NULL */
    void *user;
};

struct exec_spec {
    struct command command;
    bool drops_oldest;  /* OVERFLOW_DROP_OLDEST */
    bool kill_on_leave; /* ON_DISCONNECT_KILL */
    uint64_t keep_ms;
    size_t ring_bytes;
};

struct exec {
    char id[EXEC_ID_LENGTH + 1];
    uint64_t seq;     /* order of starting */
    char *request_id; /* "" when it has none */
    /* The StartRequest, packed, env sorted; NULL: not started over the wire. Up to 1024 records are
     * kept, so nothing larger than this is. */
    uint8_t *request;
    size_t n_request;

    struct exec_host *host;
    struct exec_spec spec;
    enum exec_state state;
    pid_t pid;
    struct reap_watch watch;
    struct input in;
    struct output out[EXEC_N_STREAMS];
    struct list readers;
    const void *writer; /* who has stdin; NULL: nobody */

    struct loop_timer *timer;
    uint64_t timeout_at, kill_at, keep_at, hold_until, drain_until; /* CLOCK_NEVER: not set */
    uint64_t hold_at[EXEC_N_STREAMS]; /* where the last reader was when it left */

    enum cause_kind wish; /* what we did to it */
    int last_signal;
    struct cause cause; /* kind CAUSE_NONE until ENDED */
    struct cause sandbox_cause;
    struct rusage usage;
    uint64_t start_ns, end_ns; /* wall clock */
    uint64_t start_mono_ns, end_mono_ns;

    struct list link;      /* of the table */
    struct list sink_link; /* of those whose descendants still write */
};

/* An exec that has not started: fill request, spec, then start. */
int exec_new(struct exec **ret, struct exec_host *host, struct err *err);
/* Kills what still runs of it. No reader may be attached. NULL is fine. */
void exec_free(struct exec *e);
DEFINE_CLEANUP(struct exec *, exec_free)

/* Runs e->spec, whose strings need not outlive this call. A command that cannot be started is no
 * failure: it is ENDED then, with its cause.
 */
int exec_start(struct exec *e, struct err *err);

/* The reader is the caller's until detached; wake is called when output, stdin's room or the state
 * changed. */
void exec_attach(struct exec *e, struct exec_reader *r);
void exec_detach(struct exec *e, struct exec_reader *r);
/* A reader's `at` moved on. */
void exec_advance(struct exec *e);
uint32_t exec_n_readers(const struct exec *e);

/* Output from offset on in one piece; 0: nothing there now. An offset before `begin` is not asked
 * for. */
size_t exec_peek(const struct exec *e, enum exec_stream stream, uint64_t offset,
                 const uint8_t **ret);
uint64_t exec_begin(const struct exec *e, enum exec_stream stream);
uint64_t exec_end(const struct exec *e, enum exec_stream stream);

/* 1..64 to its process group. INVALID_ARGUMENT "BadRequest"; FAILED_PRECONDITION "ExecEnded". */
int exec_signal(struct exec *e, int signum, struct err *err);
/* SIGTERM now, SIGKILL after its grace; the cause will be `wish`. Does nothing when it has ended,
 * or is being ended. */
void exec_terminate(struct exec *e, enum cause_kind wish);
/* SIGKILL at once. */
void exec_kill(struct exec *e, enum cause_kind wish);
/* FAILED_PRECONDITION "NoTerminal"; INVALID_ARGUMENT "BadRequest". */
int exec_resize(struct exec *e, uint32_t columns, uint32_t rows, struct err *err);
/* Stops reading what descendants still write. */
void exec_close_output(struct exec *e);
/* What it holds besides rings, bytes. */
size_t exec_memory(const struct exec *e);
