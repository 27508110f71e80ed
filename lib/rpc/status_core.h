#pragma once
/* Inside lib/rpc: google.rpc.Status (code = 1, message = 2, details = 3 of Any) with one
 * google.rpc.ErrorInfo (reason = 1, domain = 2), written and read by hand: three tiny messages. */
#include "lib/base/arena.h"
#include "lib/rpc/status.h"

#define RPC_ERROR_DOMAIN "agentsandbox.dev"

/* Serialises into the arena. NULL when out of memory. */
const uint8_t *rpc_status_pack(int code, const char *message, const char *reason,
                               struct arena *arena, size_t *ret_n);
/* The reason of the first ErrorInfo; "" when there is none or the bytes are garbage. */
void rpc_status_find_reason(const uint8_t *details, size_t n, char ret[ERR_REASON_MAX]);

/* gRPC over HTTP/2, "Errors": what an HTTP/2 error code, and an HTTP status without grpc-status,
 * mean. */
int rpc_code_of_h2_error(uint32_t h2_error);
int rpc_code_of_http_status(int http_status);
