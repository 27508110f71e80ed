#pragma once
/* The command line of sandbox-controller, read and checked; nothing is done yet. */
#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/log.h"

enum { OPTIONS_HELP = 1, OPTIONS_VERSION = 2, OPTIONS_MAX_UIDS = 8 };

struct options {
    const char *listen, *routes_listen, *node, *state_dir, *pod_cidr;
    bool has_user; /* --user: drop to these */
    uid_t uid;
    gid_t gid;
    uid_t client_uids[OPTIONS_MAX_UIDS]; /* the first owns the socket */
    size_t n_client_uids;
    bool has_router_uid;
    uid_t router_uid;
    bool is_insecure;
    bool shows_channels;   /* --channelz */
    uint32_t max_starting; /* 0: the binder's default */
    uint32_t readiness_grace_s;
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
