#pragma once
/*
 * The cgroup of one sandbox, made and removed by us and never by the OCI runtime, the same way on
 * both versions.
 *
 * Version 1: a folder of the same relative path in each hierarchy (limits in memory, cpu and pids
 * only). Version 2: one folder. A hybrid layout counts as version 1. All of it is plain file work
 * of well under a millisecond.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum { CGROUP_MAX_HIERARCHIES = 16 };

struct cgroup_hierarchy {
    char mount[256];
    bool memory, cpu, pids; /* which of our controllers it carries */
};

struct cgroup_host {
    bool v2;
    struct cgroup_hierarchy h[CGROUP_MAX_HIERARCHIES];
    int n;
};

struct cgroup_limits {
    uint64_t memory_bytes;      /* hard limit; 0: none             */
    uint64_t cpu_millis;        /* 1000 = one core; 0: none        */
    uint64_t cpu_weight_millis; /* request, gives the share; 0: least */
    uint32_t pids;              /* 0: none                         */
};

struct cgroup_memory {
    uint64_t oom_kills;
    uint64_t limit_bytes; /* 0: none  */
    uint64_t peak_bytes;  /* 0: unknown */
};

/* Reads /proc/self/mounts. FAILED_PRECONDITION "NoCgroups" when there is neither version with a
 * memory controller. */
int cgroup_probe(struct cgroup_host *ret, struct err *err);
/* As cgroup_probe(), from a text like /proc/self/mounts. For tests. */
int cgroup_parse_mounts(const char *mounts, struct cgroup_host *ret, struct err *err);

/*
 * Version 1 makes an attach after an idle gap wait 10 ms for an RCU grace period. A named hierarchy
 * mounted once with favordynmods makes it wait no more, for the whole machine. Harmless where it is
 * not needed; < 0 where it cannot be.
 */
int cgroup_favor_attach(struct err *err);

/* rel: "agent-sandbox/NODE/ID". Makes missing parents. There already: success, limits are set anew.
 */
int cgroup_make(const struct cgroup_host *host, const char *rel, const struct cgroup_limits *limits,
                struct err *err);
/* Its share of the CPU alone, as in cgroup_limits. */
int cgroup_weigh(const struct cgroup_host *host, const char *rel, uint64_t cpu_weight_millis,
                 struct err *err);
/* Moves the calling process into it. Async-signal-safe but for the text of a failure. */
int cgroup_join(const struct cgroup_host *host, const char *rel, struct err *err);
/* SIGKILL to every process in it and below, once. Returns how many there were, or < 0. */
int cgroup_kill(const struct cgroup_host *host, const char *rel, struct err *err);
/* cgroup_kill() until nothing is left; DEADLINE_EXCEEDED after timeout_ms. Blocks. */
int cgroup_kill_wait(const struct cgroup_host *host, const char *rel, int timeout_ms,
                     struct err *err);
/* Removes it and what a runtime made below it. Not there: success. Still in use:
 * FAILED_PRECONDITION "Busy". */
int cgroup_remove(const struct cgroup_host *host, const char *rel, struct err *err);
int cgroup_memory(const struct cgroup_host *host, const char *rel, struct cgroup_memory *ret,
                  struct err *err);
/* Calls fn with the name of each cgroup directly below rel, in whatever hierarchy (names may come
 * more than once). */
void cgroup_list(const struct cgroup_host *host, const char *rel,
                 void (*fn)(const char *name, void *user), void *user);
