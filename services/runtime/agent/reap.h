#pragma once
/*
 * The duty of pid 1: every child that ends is waited for, our own and the orphans that fall to us,
 * by one reaper that dispatches by pid. (A pidfd per child and a wait for "any" would take each
 * other's children away.)
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/base/list.h"

struct loop;
struct reaper;

struct reap_watch {
    struct list link;
    pid_t pid;
    /* Its process group gets SIGKILL while the ended leader still holds the number, so that no
     * other group can be meant. */
    bool kill_group;
    /* Called once, from the loop, with the status of wait4(2); the watch is off the reaper then. */
    void (*fn)(struct reap_watch *w, int status, const struct rusage *usage);
};

int reaper_new(struct reaper **ret, struct loop *loop, struct err *err);
void reaper_free(struct reaper *r);
DEFINE_CLEANUP(struct reaper *, reaper_free)

/* w: pid and fn set, the caller's, until fn was called or reaper_unwatch(). Nothing is missed
 * between the fork and this call as long as both happen in one turn of the loop. */
void reaper_watch(struct reaper *r, struct reap_watch *w);
/* Does nothing when it is not watched. */
void reaper_unwatch(struct reap_watch *w);
/* Children that were nobody's: orphans of commands. */
uint64_t reaper_n_orphans(const struct reaper *r);
