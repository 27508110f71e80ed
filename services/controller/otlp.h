#pragma once
/*
 * Sends the spans of the reconcilers to a collector: OTLP over gRPC (opentelemetry.io/docs/specs/
 * otlp). Every 5 s, or when 512 wait, one batch; one at a time. What the collector could not take
 * for now (UNAVAILABLE, DEADLINE_EXCEEDED, …: OTLP, "Failures") goes back into the queue and is
 * sent again after 1 s, doubling to 60 s; what it refuses is dropped and counted. That it does not
 * work is logged once, and once that it works again.
 */
#include <stdint.h>

#include "lib/base/err.h"

struct loop;
struct spans;
struct otlp;

struct otlp_opts {
    /* "https://host:4317" | "http://host:4317" | "host:4317" (then TLS unless is_insecure);
     * NULL: localhost:4317. */
    const char *endpoint;
    bool is_insecure;
    const char *ca_file;      /* NULL: the system's                              */
    const char *headers;      /* "key=value,key=value", values percent-encoded; NULL: none */
    const char *service_name; /* of the resource */
    const char *version;
    unsigned every_ms; /* 0: 5000 */
};

/* OTEL_EXPORTER_OTLP_[TRACES_]ENDPOINT, _INSECURE, _CERTIFICATE, _HEADERS. The strings are the
 * environment's. */
void otlp_opts_from_env(struct otlp_opts *opts);

/* spans must outlive it. Connects with the first batch. INVALID_ARGUMENT "BadEndpoint" |
 * "BadHeaders" | "BadTlsConfig". */
int otlp_new(struct otlp **ret, struct loop *loop, struct spans *spans,
             const struct otlp_opts *opts, struct err *err);
/* Sends what waits; done is called from the loop when it was said or the collector did not take it
 * within 2 s. For an orderly end. */
void otlp_flush(struct otlp *o, void (*done)(void *user), void *user);
void otlp_free(struct otlp *o);
DEFINE_CLEANUP(struct otlp *, otlp_free)

struct otlp_stats {
    uint64_t n_sent, n_refused, n_failures; /* spans, spans, batches */
};
void otlp_stats(const struct otlp *o, struct otlp_stats *ret);
