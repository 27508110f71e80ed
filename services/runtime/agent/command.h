#pragma once
/* What a request asks to be run, checked and settled: argv, environment, folder, user, limits. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentsandbox/v1/exec.pb-c.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"

/* Whom commands run as unless they ask otherwise, and out of what. Lives as long as the agent. */
struct identity {
    uid_t uid;
    gid_t gid;
    const char *cwd;         /* NULL: the agent's     */
    const char *const *envp; /* of the container      */
    bool is_switchable;      /* the agent may become other users: it is root */
    const char *passwd;      /* path; NULL: /etc/passwd */
};

struct command {
    const char *const *argv; /* NULL-terminated, never empty */
    const char *const *envp;
    const char *cwd; /* NULL: the agent's */
    uid_t uid;       /* (uid_t)-1: the agent's own */
    gid_t gid;
    uint64_t timeout_ms; /* 0: none */
    uint64_t grace_ms;
    bool has_terminal, has_stdin;
    uint16_t columns, rows;
};

enum { COMMAND_GRACE_DEFAULT_MS = 2000, COMMAND_GRACE_MAX_MS = 60 * 1000 };

/* Everything in *ret lives in the arena, or as long as msg and id. INVALID_ARGUMENT "BadRequest";
 * PERMISSION_DENIED "UserNotAllowed"; NOT_FOUND "UserNotFound". */
int command_parse(const Agentsandbox__V1__Command *msg, const struct identity *id,
                  struct arena *arena, struct command *ret, struct err *err);
/* Same for a plain argv of our own (the container's command, probes). */
int command_plain(const char *const *argv, const struct identity *id, struct arena *arena,
                  struct command *ret, struct err *err);
/* Milliseconds, rounded up; NULL: otherwise. Negative or malformed: INVALID_ARGUMENT, naming
 * `field`. */
int command_duration_ms(const Google__Protobuf__Duration *d, uint64_t otherwise, const char *field,
                        uint64_t *ret, struct err *err);
