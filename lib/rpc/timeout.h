#pragma once
/* grpc-timeout (gRPC over HTTP/2, "Timeout"): 1 to 8 digits and a unit H M S m u n. */
#include <stddef.h>
#include <stdint.h>

enum { RPC_TIMEOUT_MAX_CHARS = 9 };

/* Milliseconds, rounded up, so that a peer's short deadline is never taken for none. Returns 0, or
 * -1 when it is no timeout. */
int rpc_timeout_parse(const char *s, size_t n, uint64_t *ret_ms);
/* The finest unit that fits, rounded up; over 99999999 h it is that. ret is NUL-terminated. Returns
 * its length. */
size_t rpc_timeout_format(uint64_t ms, char ret[RPC_TIMEOUT_MAX_CHARS + 1]);
