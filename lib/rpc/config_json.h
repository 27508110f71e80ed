#pragma once
/*
 * A service config out of its JSON form (grpc/doc/service_config.md,
 * grpc.service_config.ServiceConfig): methodConfig (name, timeout, waitForReady,
 * maxRequestMessageBytes, maxResponseMessageBytes, retryPolicy), retryThrottling,
 * loadBalancingConfig and loadBalancingPolicy. Other members are passed over. A library of its own
 * (`rpc_config`): `rpc` links no JSON.
 */
#include "lib/rpc/service_config.h"

/* json: n bytes, at most 64 KiB. INVALID_ARGUMENT, "BadServiceConfig", which says where and what;
 * *ret is then as after rpc_service_config_init(). */
int rpc_service_config_parse(const char *json, size_t n, struct rpc_service_config *ret,
                             struct err *err);
