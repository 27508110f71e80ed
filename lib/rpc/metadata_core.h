#pragma once
/* Inside lib/rpc: metadata as the wire has it, without the checks that a caller's fields get. */
#include "lib/rpc/metadata.h"

bool rpc_metadata_is_binary(const char *name, size_t n);
/* Appends without copying: name (NUL-terminated) and value (a NUL follows) live as long as the
 * arena. Same limits. */
int rpc_metadata_append(struct rpc_metadata *md, const char *name, const uint8_t *value, size_t n,
                        struct err *err);
void rpc_metadata_drop(struct rpc_metadata *md, const char *name);
