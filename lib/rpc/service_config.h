#pragma once
/*
 * What a service's owner says about how to call it (grpc/doc/service_config.md): per method a
 * timeout, wait-for-ready, limits, retries; for the channel how calls are spread and retry
 * throttling. Made by lib/rpc/config_json.h out of JSON, or by hand.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/map.h"

enum { RPC_HEALTH_SERVICE_MAX = 512 }; /* bytes of a name */
enum { RPC_RETRY_ATTEMPTS_MAX = 5 };   /* more are taken as so many (gRPC A6) */

struct rpc_retry_policy {
    unsigned max_attempts; /* the first one counted; 0: no retries, else 2..5 */
    uint32_t initial_backoff_ms, max_backoff_ms;
    uint32_t multiplier_milli; /* 1600: ×1.6 */
    uint32_t codes;            /* bit 1 << code of each status that is retried */
};

struct rpc_method_config {
    uint64_t timeout_ms; /* 0: none; the shorter of this and the call's own */
    bool has_wait_for_ready, wait_for_ready;
    size_t max_request, max_response; /* bytes; 0: as without */
    struct rpc_retry_policy retry;
};

struct rpc_service_config {
    struct map methods;    /* "/service/method", "/service/" or "/" → struct rpc_method_config */
    uint32_t throttle_max; /* tokens in thousandths; 0: none */
    uint32_t throttle_ratio; /* thousandths */
    bool has_balance, is_round_robin;
    /* healthCheckConfig.serviceName, malloc()ed; NULL: addresses are not checked. Round-robin only
     * (gRPC A17). */
    char *health_service;
};

void rpc_service_config_init(struct rpc_service_config *c);
void rpc_service_config_done(struct rpc_service_config *c);
/* service "": all; method "": all of the service. A name that is there already: INVALID_ARGUMENT,
 * "BadServiceConfig". */
int rpc_service_config_add(struct rpc_service_config *c, const char *service, const char *method,
                           const struct rpc_method_config *m, struct err *err);
/* path: "/service/method". What is said of the method, else of its service, else of all; NULL:
 * nothing. c may be NULL. */
const struct rpc_method_config *rpc_service_config_find(const struct rpc_service_config *c,
                                                        const char *path);
