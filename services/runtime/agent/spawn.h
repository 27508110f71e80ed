#pragma once
/* Starts a settled command with its pipes or its terminal. */
#include "lib/base/err.h"
#include "services/runtime/agent/command.h"

/* Our ends; all non-blocking and close-on-exec; -1 where there is none. */
struct spawned {
    pid_t pid; /* leader of its own session and process group */
    int stdin_fd;
    int stdout_fd; /* of a terminal: the master, and stderr_fd is -1 */
    int stderr_fd;
};

/* Blocks until the command has been exec'ed or could not be. Reasons "CommandNotFound",
 * "NotExecutable", "SpawnFailed", "SystemError". The command's environment decides the PATH it is
 * looked up in. */
int spawn_command(const struct command *c, struct spawned *ret, struct err *err);
/* Descriptors 0, 1, 2 of the agent go to it: for the container's own command. */
int spawn_inheriting(const struct command *c, pid_t *ret_pid, struct err *err);
/* Of a terminal's master. */
int spawn_resize(int master, uint16_t columns, uint16_t rows, struct err *err);
/* The limit of open files that commands get back; the agent itself raises its own. Called once at
 * the start. */
void spawn_raise_own_limits(void);
