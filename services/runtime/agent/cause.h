#pragma once
/* Why a command, or the sandbox, ended. */
#include <stdint.h>
#include <sys/resource.h>

#include "agentsandbox/v1/common.pb-c.h"
#include "lib/base/err.h"

enum cause_kind {
    CAUSE_NONE = 0,
    CAUSE_EXITED = 1,
    CAUSE_SIGNALLED = 2,
    CAUSE_OUT_OF_MEMORY = 3,
    CAUSE_TIMED_OUT = 4,
    CAUSE_KILLED = 5,
    CAUSE_SANDBOX_ENDED = 7,
    CAUSE_START_FAILED = 9,
}; /* the numbers of agentsandbox.v1.CauseKind */

struct cause {
    enum cause_kind kind;
    int exit_code;
    int signal;
    uint64_t limit_bytes, peak_bytes;
    char reason[ERR_REASON_MAX];
    char message[256];
    uint64_t time_ns; /* wall clock */
};

/* Memory trouble of the control group, where the sandbox can see it. */
struct oom_watch {
    char root[64];     /* "/sys/fs/cgroup" */
    uint64_t n_killed; /* processes killed by it, as last seen */
};

/* root NULL: "/sys/fs/cgroup". Reads the count as it is now. */
void oom_watch_init(struct oom_watch *w, const char *root);
/* Whether the kernel has killed for memory since the last call; then limit and peak, 0 where
 * unknown. */
bool oom_watch_check(struct oom_watch *w, uint64_t *ret_limit, uint64_t *ret_peak);

/*
 * Of a wait4() status. wish: what we did to it, CAUSE_NONE, CAUSE_TIMED_OUT, CAUSE_KILLED or
 * CAUSE_SANDBOX_ENDED; sent: the last signal that was asked for, or 0. oom may be NULL.
 */
void cause_of_status(struct cause *ret, int status, enum cause_kind wish, int sent,
                     struct oom_watch *oom);
/* Of a command that could not be started: exit code 127 or 126, as a shell has it. */
void cause_of_start_failure(struct cause *ret, const struct err *err);
/* 0..255: the exit code, or 128 + n for signal n. */
int cause_exit_code(const struct cause *c);

/* *ret points into *c and *ret_time: no allocation. */
void cause_to_message(const struct cause *c, Agentsandbox__V1__Cause *ret,
                      Google__Protobuf__Timestamp *ret_time);
