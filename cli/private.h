#pragma once
/*
 * Services started by this process: `up` (they stay) and `run --ephemeral` (they end with us,
 * whatever ends us).
 *
 * The front process holds the writing end of a pipe, the supervisor the reading end, in a session
 * of its own: Ctrl-C does not reach it, and our end, kill -9 included, is the pipe's. Should the
 * supervisor die first, the services see the end of theirs and remove the sandboxes; what is left
 * of the folders goes with private_stop() or with the next start.
 */
#include "cli/client.h"
#include "cli/home.h"
#include "lib/base/proc.h"

struct private_home {
    struct home home;
    struct proc supervisor; /* pidfd -1: none */
    struct loop_child *child;
    int lifeline; /* writing end, -1: none */
    struct client *client;
};

/* A random private home. */
void private_init(struct private_home *p);

struct private_opts {
    bool has_lifeline;   /* its end is ours                          */
    bool logs_to_stderr; /* the services' logs                       */
    bool verbose;        /* services log at level debug              */
};

/* Starts the supervisor for p->home and waits until all services answer. Sets c->run_dir, and
 * c->is_lost when the supervisor ends. */
int private_start_with(struct private_home *p, struct client *c, const struct private_opts *opts,
                       struct err *err);
/* The private one: sweeps what earlier ones left first. */
int private_start(struct private_home *p, struct client *c, bool verbose, struct err *err);
/* Ends it and waits until it has cleaned up. */
void private_stop(struct private_home *p);
