#pragma once
/*
 * GET /healthz and /metrics over HTTP/1.1, beside gRPC on the same port: give admin_take() and the
 * object to rpc_listen_opts.on_other.
 *
 *     /healthz   200 "ok", or 503 and a sentence saying why not
 *     /metrics   Prometheus text, exposition format 0.0.4
 *     others     404
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/metrics.h"

struct admin;
struct loop;

struct admin_opts {
    struct metrics *metrics; /* must outlive the admin */
    /* Return 0 when the service can do its work; < 0 with *err when not. NULL: always. */
    int (*is_healthy)(void *user, struct err *err);
    void *user;
};

int admin_new(struct admin **ret, struct loop *loop, const struct admin_opts *opts,
              struct err *err);
/* Closes its connections at once. NULL is fine. */
void admin_free(struct admin *a);
DEFINE_CLEANUP(struct admin *, admin_free)

/* Takes over fd and copies the n bytes read so far; `admin` is the struct admin. */
void admin_take(int fd, const uint8_t *data, size_t n, void *admin);

/* The gauges every service has: adds process_cpu_seconds_total, process_resident_memory_bytes,
 * process_open_fds, process_start_time_seconds and build_info{service,version} to m, and reads them
 * before each metrics_write(). */
int admin_add_process_metrics(struct metrics *m, const char *service, const char *version,
                              struct err *err);
