#pragma once
/*
 * What our server and our client under test share: the runner's framing on standard input and
 * output, headers and errors as the suite's messages have them.
 */
#include "connectrpc/conformance/v1/client_compat.pb-c.h"
#include "connectrpc/conformance/v1/server_compat.pb-c.h"
#include "connectrpc/conformance/v1/service.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "lib/base/buf.h"
#include "lib/rpc/call.h"

typedef Connectrpc__Conformance__V1__Header compat_header;
typedef Connectrpc__Conformance__V1__Error compat_error;
typedef Google__Protobuf__Any compat_any;

enum { COMPAT_MAX_MESSAGE = 64 * 1024 * 1024 };

#define COMPAT_SERVICE     "connectrpc.conformance.v1.ConformanceService"
#define COMPAT_TYPE_PREFIX "type.googleapis.com/"

/* A message is a 4-byte big-endian length and that many bytes. 1: *ret is set (arena), 0: end of
 * file, < 0: broken. */
int compat_read(int fd, struct arena *arena, uint8_t **ret, size_t *ret_n, struct err *err);
/* Packs and writes one, whole. */
int compat_write(int fd, const ProtobufCMessage *msg, struct err *err);

/* Fields of a call as headers: values of one name together, those of -bin names in base64. NULL md:
 * none. */
compat_header **compat_headers(const struct rpc_metadata *md, struct arena *arena, size_t *ret_n);
/* The inverse: each value of each header by `add`; values of -bin names are decoded. */
int compat_add_headers(compat_header *const *headers, size_t n,
                       int (*add)(void *user, const char *name, const void *value, size_t n_value,
                                  struct err *err),
                       void *user, struct err *err);

/* google.rpc.Status with these details and *extra (may be NULL), packed into the arena. */
void compat_pack_status(const compat_error *e, compat_any *extra, struct arena *arena,
                        struct rpc_status *ret);
/* How a call ended, as the suite's Error. */
compat_error *compat_unpack_status(const struct rpc_status *status, struct arena *arena);

/* protobuf-c's allocator on an arena: unpacked messages live there. */
ProtobufCAllocator compat_allocator(struct arena *arena);
/* arena_alloc() that ends the program when memory is out. */
void *compat_alloc(struct arena *arena, size_t n);
