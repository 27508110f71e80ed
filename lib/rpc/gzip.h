#pragma once
/* The gzip message encoding. */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

/* Appends what the gzip data unpacks to. Stops at the ceiling of ret: RESOURCE_EXHAUSTED,
 * "MessageTooLarge", so a small message cannot make much of little. Data that is not gzip, or is
 * cut short: INTERNAL, "BadCompression". */
int rpc_gzip_unpack(const uint8_t *data, size_t n, struct buf *ret, struct err *err);
/* Appends the data to *ret as one gzip member. < 0: out of memory, or over the ceiling of ret. */
int rpc_gzip_pack(const uint8_t *data, size_t n, struct buf *ret, struct err *err);
