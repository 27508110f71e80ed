#pragma once
/*
 * Child processes: spawned by ourselves and held by a pidfd, never by uv_spawn(). The set-up runs
 * in straight blocking code in the child, allocates nothing after the fork, and reports by one
 * `struct err` down a close-on-exec pipe: end-of-file means that exec worked.
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/err.h"

struct proc_spec {
    const char *const
        *argv; /* argv[0] is looked up in PATH when it has no slash; NULL-terminated */
    const char *const *envp; /* NULL: the parent's */
    const char *cwd;         /* NULL: the parent's */
    const int *fds; /* fds[i] becomes descriptor i in the child; -1 means /dev/null. All others are
                       closed. */
    int n_fds;      /* at least 3 */
    uid_t uid;      /* (uid_t)-1: as it is. Supplementary groups are dropped when set. */
    gid_t gid;
    bool new_session;     /* setsid() */
    bool new_group;       /* setpgid(0, 0) */
    bool die_with_parent; /* PR_SET_PDEATHSIG SIGKILL */
    bool controlling_tty; /* descriptor 0 is a terminal and becomes the controlling one (needs
                             new_session) */
    /* Runs in the child just before exec, may only make async-signal-safe calls; NULL for none. */
    int (*setup)(void *user, struct err *err);
    void *user;
};

struct proc {
    pid_t pid;
    int pidfd; /* CLOEXEC, becomes readable when the process has ended */
};

/* Returns when the child has exec'ed or failed to: reason "CommandNotFound" (NOT_FOUND),
 * "NotExecutable" (PERMISSION_DENIED), else "SpawnFailed". Signal mask and dispositions of the
 * child are the defaults. */
int proc_spawn(const struct proc_spec *spec, struct proc *ret, struct err *err);

/* waitid(P_PIDFD): 0 and *ret_info when it has ended, 1 when it still runs. */
int proc_reap(struct proc *p, siginfo_t *ret_info, struct err *err);
/* Ends it with SIGKILL when it still runs, reaps it, closes the pidfd. */
void proc_done(struct proc *p);

/* For tools of a short-lived set-up (skopeo, umoci, runsc): runs to completion within timeout_ms
 * and keeps the last 300 bytes of its stderr for the message. Blocks: never call it on a loop.
 * Returns the exit code (128 + n for signal n), or < 0. ret_out may be NULL; it gets standard
 * output. */
struct buf;
int proc_run(const char *const *argv, struct buf *ret_out, int timeout_ms, struct err *err);
