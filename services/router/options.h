#pragma once
/* The command line of sandbox-router, read and checked; nothing is done yet. */
#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/log.h"
#include "services/router/router.h"

enum { OPTIONS_HELP = 1, OPTIONS_VERSION = 2 };

struct options {
    struct router_opts router;
    bool has_user; /* --user: drop to these */
    uid_t uid;
    gid_t gid;
    bool is_insecure;
    int lifeline_fd; /* -1: none */
    enum log_level log_level;
    enum log_format log_format;
};

/*
 * 0; OPTIONS_HELP, OPTIONS_VERSION: show that and end; < 0: a wrong command line, exit code 2.
 * ret's strings are argv's.
 */
int options_read(struct options *ret, int argc, char *const *argv, struct err *err);
extern const char options_help[];
