#pragma once
/*
 * PodSpec on one machine. Each field is done, ignored with a warning, or refused by its path; what
 * is not listed is refused, and nothing that touches isolation is ever ignored. docs/podspec.md
 * shows the table to users; a test compares the two.
 *
 * podspec_parse() makes of a Pod what the maker of sandboxes needs: defaults applied, quantities as
 * numbers, $(VAR) expanded, named ports resolved.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/api/schema.h"
#include "lib/base/arena.h"

enum podspec_class { PODSPEC_DONE, PODSPEC_IGNORED, PODSPEC_REFUSED };

struct podspec_rule {
    const char *path; /* from the pod's spec: "containers[].securityContext.privileged" */
    enum podspec_class class;
    /* IGNORED and REFUSED: "x or y": these values, as JSON, pass without a word. NULL: none. */
    const char *allowed;
    const char *note; /* for people: what is done, or why it is refused */
};
extern const struct podspec_rule podspec_rules[]; /* sorted by path, ended by a NULL path */

/* spec: a PodSpec. prefix: its path, "spec" or "spec.podTemplate.spec", for the issues. fn: a
 * warning for each field ignored, an error for each refused. Returns 0, or 1 when something was
 * refused. */
int podspec_check(const json_t *spec, const char *prefix, schema_issue_fn fn, void *user);

/* The same with the first refusal as *err: INVALID_ARGUMENT "PodSpecUnsupported". warnings may be
 * NULL. */
int podspec_admit(const json_t *spec, const char *prefix, struct buf *warnings, struct err *err);

struct podspec_env {
    const char *name, *value;
};

struct podspec_probe {
    enum { PROBE_NONE, PROBE_HTTP, PROBE_TCP, PROBE_EXEC, PROBE_GRPC } type;
    const char *host, *path; /* HTTP: "" is 127.0.0.1; path is "/" when absent */
    bool https;
    struct podspec_env *headers; /* HTTP */
    size_t n_headers;
    uint16_t port;       /* HTTP, TCP, GRPC */
    const char *service; /* GRPC */
    const char **argv;   /* EXEC; NULL-terminated */
    uint32_t initial_delay_ms, period_ms, timeout_ms;
    uint32_t success_threshold, failure_threshold;
};

struct podspec_mount { /* of an emptyDir */
    const char *name, *mount_path, *sub_path;
    uint64_t size_limit_bytes; /* 0: none */
    bool in_memory, read_only;
};

enum podspec_restart { PODSPEC_ALWAYS, PODSPEC_ON_FAILURE, PODSPEC_NEVER };

/* Texts are never NULL ("" for absent); all memory is the arena's. */
struct podspec {
    const char *container, *image, *pull_policy, *working_dir;
    const char **command, **args; /* NULL-terminated */
    struct podspec_env *env;
    size_t n_env;
    uint64_t cpu_limit_millis, memory_limit_bytes, storage_limit_bytes; /* 0: none */
    uint64_t cpu_request_millis, memory_request_bytes; /* the limit when there is no request */
    struct podspec_probe startup, readiness, liveness;
    int64_t run_as_user, run_as_group; /* -1: the image's */
    bool run_as_non_root, read_only_root;
    const char **drop_capabilities; /* "ALL", "NET_RAW" */
    struct podspec_mount *mounts;
    size_t n_mounts;
    const char *hostname, *runtime_class;
    enum podspec_restart restart;
    uint32_t grace_s;           /* 30 when absent */
    uint32_t active_deadline_s; /* 0: none */
};

/* pod: a whole Pod (its metadata is what fieldRef sees). INVALID_ARGUMENT: "PodSpecUnsupported" for
 * what is refused, "BadRequest" for what makes no sense. */
int podspec_parse(struct podspec *ret, struct arena *arena, const json_t *pod, struct err *err);
