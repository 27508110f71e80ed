#pragma once
/*
 * The one process beside a sandbox that outlives the node. It runs the OCI runtime (`run
 * --detach`), adopts what that leaves (it is a subreaper), waits for the container's end and writes
 * how it ended. Straight blocking code, one poll() loop, no library but lib/base: a few hundred
 * KiB.
 *
 * It has a mount namespace of its own, so that whatever is mounted for the sandbox (its overlay
 * root, what runsc mounts) is gone with the last of its processes and is never seen on the host.
 *
 * In the instance's folder it writes: "monitor" (its pid and start time), "end" (record.h), "log"
 * and "log.1" (the container's output, the newest 512 KiB to 1 MiB). The OCI runtime writes
 * "container.pid". SIGTERM: ends the container with SIGKILL, recorded as killed on request.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct monitor_spec {
    const char *id;
    const char *dir;        /* the instance's folder, absolute    */
    const char *cgroup;     /* relative, made before (cgroup.h) */
    const char *lower;      /* image root: an overlay is mounted at DIR/rootfs; NULL: none is  */
    uint64_t scratch_bytes; /* with lower: its changes go to a tmpfs of that size; 0: to DIR,
                               without a limit */
    bool hide_cgroup2;      /* crun refuses a hybrid layout: take cgroup2 out of its sight  */
    bool
        sandboxed; /* the container's pid is the runtime's sandbox, not the container's own pid 1 */
    int lifeline_fd; /* end-of-file there ends the container, its cgroup is removed; -1: none */
    int report_fd; /* one line is written when the container runs; -1: none                       */
    const char *const *argv; /* the OCI runtime */
};

/* Returns when the end is recorded. < 0: it could not be, *err says why. */
int monitor_run(const struct monitor_spec *spec, struct err *err);
/* The command line of `sandbox-runtime monitor`; returns the exit code. */
int monitor_main(int argc, char **argv);
