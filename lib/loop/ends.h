#pragma once
/*
 * What tells a service to end: SIGTERM, SIGINT, or the end of its lifeline, a pipe whose other end
 * its starter holds. SIGHUP is taken and ignored: there is nothing to read anew.
 */
#include "lib/loop/loop.h"

/* why: "Terminated", "the lifeline has ended"; is_again: it was told before, and somebody wants it
 * to end at once. */
typedef void (*ends_fn)(const char *why, bool is_again, void *user);

struct ends {
    struct loop_signal *term, *interrupt, *hangup;
    struct loop_io *lifeline;
    int lifeline_fd;
    bool was_told;
    ends_fn fn;
    void *user;
};

/* lifeline_fd: the caller's, made non-blocking; -1: none. On an error ends_done() is still due. */
int ends_watch(struct ends *e, struct loop *loop, int lifeline_fd, ends_fn fn, void *user,
               struct err *err);
/* A zeroed one is fine. */
void ends_done(struct ends *e);
