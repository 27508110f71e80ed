#pragma once
/* grpc-message (gRPC over HTTP/2, "Percent-Encoded"): bytes outside 0x20..0x7E and '%' travel as
 * %XX. */
#include <stddef.h>

/* ret has room for 3 * n + 1; NUL-terminated. Returns the length. */
size_t rpc_percent_encode(const char *s, size_t n, char *ret);
/* ret has room for n + 1; NUL-terminated. What is no escape is kept as it is (the specification
 * forbids to fail); what then is not UTF-8, and NUL, become '?'. Returns the length. */
size_t rpc_percent_decode(const char *s, size_t n, char *ret);
