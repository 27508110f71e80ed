#pragma once
/* How each of the three services is started: program, flags, log, descriptors. */
#include "cli/home.h"
#include "lib/base/proc.h"

enum service_kind { SERVICE_NODE, SERVICE_CONTROLLER, SERVICE_ROUTER, N_SERVICES };

/* "node", "controller", "router" */
const char *service_name(enum service_kind kind);
/* The socket that answers when it is up: "controller.sock". */
const char *service_socket(enum service_kind kind);

/*
 * Starts one. lifeline_fd: its end tells the service to shut down. log_fd: its standard error; -1:
 * the file state_dir/log/NAME.log.
 */
int service_start(const struct home *h, enum service_kind kind, int lifeline_fd, int log_fd,
                  const char *log_level, struct proc *ret, struct err *err);

/* Opens state_dir/log/NAME.log for appending; one that has grown over its ceiling becomes
 * NAME.log.1 first. */
int service_log_open(const struct home *h, const char *name, struct err *err);

/* The last line of its log file, for messages: "" when there is none. */
void service_last_words(const struct home *h, enum service_kind kind, char *ret, size_t n_ret);

/* Removes what sandboxes of this home left: a node whose lifeline has ended before it starts.
 * Blocks, at most 30 s. */
int service_sweep_node(const struct home *h, struct err *err);
