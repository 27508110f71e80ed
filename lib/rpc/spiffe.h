#pragma once
/*
 * SPIFFE IDs: "spiffe://trust.domain/path", who a workload is, in the one URI of its certificate.
 * (SPIFFE-ID.md 2 and X509-SVID.md 2 of the SPIFFE standards.) Text only, no TLS.
 */
#include <stdbool.h>
#include <stddef.h>

enum { RPC_SPIFFE_MAX = 2048, RPC_SPIFFE_DOMAIN_MAX = 255 };

/* Strictly: scheme and trust domain in lower case, no port, query, fragment or percent-encoding, no
 * empty, "." or ".." segment, no slash at the end, at most RPC_SPIFFE_MAX bytes. */
bool rpc_spiffe_is_valid(const char *id, size_t n);

/* allowed: an ID, for exactly that; or "spiffe://trust.domain", for all of that domain. Both
 * valid, NUL-terminated. */
bool rpc_spiffe_matches(const char *allowed, const char *id);
