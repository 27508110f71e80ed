#pragma once
/* The command line of the agent. */
#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/err.h"

struct options {
    const char *control, *data; /* unix sockets to dial and serve on; NULL: none     */
    const char *listen;         /* "0.0.0.0:8888"; NULL: no TCP                      */
    const char *cwd;
    bool has_user;
    uid_t uid;
    gid_t gid;
    const char *const *argv; /* the container's command; NULL: none               */
    int log_level, log_format;
    bool is_help, is_version;
};

/*
 * Reads argv (argv[0] is the program, an "agent" after it is skipped); the strings stay argv's.
 * When the container's command is this agent itself, its --listen is taken over and the command is
 * dropped. INVALID_ARGUMENT "BadUsage" names the flag.
 */
int options_parse(int argc, char *const *argv, struct options *ret, struct err *err);
extern const char options_help[];
