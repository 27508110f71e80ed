#pragma once
/*
 * The process that keeps the three services of a home running (hidden command `supervise`). It
 * starts them, says when all answer, starts one again that died (after 0.1 s, 0.2 s, … 5 s), and
 * stops them in order on SIGTERM or when its own lifeline ends. Each service holds the reading end
 * of one pipe whose only writer is this process: should it die, all of them see end-of-file and
 * shut down.
 *
 * It reports to who started it by lines on a descriptor: "say TEXT", "ready", "fail CODE REASON
 * TEXT".
 */
#include "cli/home.h"

struct supervise_opts {
    struct home home;
    int lifeline_fd;       /* -1: none                                     */
    int report_fd;         /* -1: none; closed after "ready" or "fail"     */
    bool logs_to_stderr;   /* services write to our standard error         */
    const char *log_level; /* of the services; NULL: theirs                */
};

/* Returns the exit code. */
int supervise_run(struct supervise_opts *opts);
