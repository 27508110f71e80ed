#pragma once
/*
 * One sandbox. Events (its monitor's end, its agent's connection, a deadline, a call) only wake it;
 * instance_step() looks at the world and goes as far as it can. instance_enter() alone changes the
 * state.
 *
 *     QUEUED -> STARTING -> RUNNING -> BACKOFF -> QUEUED …    restart policy
 *                              |          \-> ENDED           no restart: the record stays until it
 * is deleted any -> STOPPING (the agent was asked) -> KILLING -> REMOVING -> gone
 */
#include "services/runtime/monitor/record.h"
#include "services/runtime/node/agent_link.h"
#include "services/runtime/node/node.h"

enum instance_state {
    INSTANCE_QUEUED,
    INSTANCE_STARTING,
    INSTANCE_RUNNING,
    INSTANCE_BACKOFF,
    INSTANCE_ENDED,
    INSTANCE_STOPPING,
    INSTANCE_KILLING,
    INSTANCE_REMOVING,
};

/* Why it ended, with the storage that PB(Cause) only points to. */
struct instance_cause {
    PB(CauseKind) kind; /* UNSPECIFIED: has not ended yet */
    int exit_code, signal;
    uint64_t limit_bytes, peak_bytes;
    uint64_t time_ns;
    char reason[ERR_REASON_MAX];
    char message[RECORD_MESSAGE_MAX + 1];
};

struct instance {
    struct node *node;
    struct list link; /* node->queue */
    char id[32];
    PB(CreateSandboxRequest) *request;
    const struct runtime_class *class;
    char image_digest[80];
    enum instance_state state;
    bool was_started; /* its container ran once: from then on a failure is a cause, not an answer */
    bool holds_slot;  /* counted in node->n_starting                              */

    pid_t monitor_pid;
    int monitor_pidfd; /* -1: none. Child of ours, or of a predecessor             */
    struct loop_io *monitor_io;
    bool monitor_ended;
    int report_fd;
    struct loop_io *report_io;

    struct agent_link agent;
    struct door_entry door;
    struct loop_timer *timer;
    struct loop_task *task;
    uint64_t deadline_ms; /* of the state */
    unsigned n_tries;     /* of removing  */

    uint32_t n_restarts, backoff_ms;
    uint64_t started_ms;         /* loop time of the last start, for the back-off            */
    uint64_t start_ns, ready_ns; /* CLOCK_REALTIME; 0: not yet                               */
    struct instance_cause cause;
    struct instance_cause forced; /* of the end that we bring about (a failed probe)          */
    bool delete_wanted;
    uint64_t grace_ms;
    struct err failure;             /* of its creation                                          */
    struct list creators, deleters; /* struct instance_waiter: calls to be answered             */
};

/* A call that waits for this instance. Made by service.c, unlinked by whoever answers. */
struct instance_waiter {
    struct list link;
    struct rpc_call *call;
};

/* A message about an instance that points into it and into itself: good until either changes. */
struct instance_message {
    PB(Instance) msg;
    PB(Cause) cause;
    PB(ProbeResult) probe;
    Google__Protobuf__Timestamp start, ready, cause_time, probe_time;
};

/* Takes request. Checks everything that can be checked without starting it. It is QUEUED, its
 * folders exist. */
int instance_new(struct node *n, PB(CreateSandboxRequest) *request, struct instance **ret,
                 struct err *err);
/* One that a predecessor left: running, ended or lost. */
int instance_adopt(struct node *n, const char *id, struct instance **ret, struct err *err);
/* Frees the memory; on the host all stays as it is. */
void instance_free(struct instance *i);
/* The queue's turn. */
void instance_start(struct instance *i);
/* Ends and removes it; the deleters are answered when it is gone. grace_ms: UINT64_MAX is that of
 * its creation. */
void instance_delete(struct instance *i, uint64_t grace_ms);
/* It runs, or ran: creators need not wait. */
bool instance_is_started(const struct instance *i);
void instance_describe(const struct instance *i, struct instance_message *ret);

/* service.c: answers those who wait. */
void instance_answer_creators(struct instance *i);
void instance_answer_deleters(struct instance *i);
