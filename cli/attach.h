#pragma once
/*
 * A command in a sandbox on our own descriptors: StreamService.Attach by way of the router. Output
 * is written as fast as our reader takes it and no faster asked for; input is kept until it was
 * taken. When the router's connection is lost the stream is opened again at the offsets we have, so
 * that no byte is lost or doubled.
 */
#include "agentsandbox/v1/exec.pb-c.h"
#include "cli/client.h"

struct attach_opts {
    const char *ns;
    const char *sandbox;                         /* name                                        */
    const char *uid;                             /* fences it; "" or NULL: any                  */
    const Agentsandbox__V1__StartRequest *start; /* must have a request_id                   */
    bool is_stdin;                               /* send our standard input                     */
    bool is_terminal;                            /* ours is put into raw mode, resizes are sent */
};

/*
 * Runs it to its end. Returns the exit code for our own end: the command's, 128 + n for signal n,
 * 126 and 127 when it could not be started (said on standard error), and the like. < 0: we could
 * not run it or lost it. Ctrl-C, SIGTERM and SIGHUP go to the command; the second one, or no end
 * within 5 s, gives up (CANCELLED, "Interrupted").
 */
int attach_run(struct client *c, const struct attach_opts *opts, struct err *err);
