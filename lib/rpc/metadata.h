#pragma once
/* Header fields of a call, in wire order, duplicates kept. (gRPC over HTTP/2, "Custom-Metadata".)
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

struct rpc_field {
    const char *name;     /* lower case, NUL-terminated                                         */
    const uint8_t *value; /* decoded when the name ends in -bin; NUL follows, not counted        */
    size_t n_value;
};

struct rpc_metadata {
    struct rpc_field *fields;
    size_t n, cap;
    size_t bytes;        /* RFC 9113 6.5.2: names + values + 32 each */
    struct arena *arena; /* owns everything                         */
};

void rpc_metadata_init(struct rpc_metadata *md, struct arena *arena);

/* Copies. Refuses (INVALID_ARGUMENT, "BadMetadata") names that are not [0-9a-z_.-]+, reserved ones
 * ("grpc-…" but for grpc-encoding, grpc-accept-encoding, grpc-trace-bin and their like that a proxy
 * passes on, pseudo fields, connection-specific fields of RFC 9113 8.2.2), and ASCII values with
 * bytes outside 0x20..0x7E. Over LIMIT_RPC_METADATA: RESOURCE_EXHAUSTED, "MetadataTooLarge". */
int rpc_metadata_add(struct rpc_metadata *md, const char *name, const void *value, size_t n_value,
                     struct err *err);
int rpc_metadata_add_str(struct rpc_metadata *md, const char *name, const char *value,
                         struct err *err);

/* A field that tells of one hop, so who passes a call on leaves it out: content-length, host, and
 * grpc-status-details-bin, which goes with the status. */
bool rpc_metadata_is_of_hop(const char *name);

/* The first value as text, or NULL when absent. */
const char *rpc_metadata_get(const struct rpc_metadata *md, const char *name);
const struct rpc_field *rpc_metadata_find(const struct rpc_metadata *md, const char *name);
