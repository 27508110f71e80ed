#pragma once
/*
 * grpc.reflection.v1, and v1alpha for older clients: what a server offers, from the descriptors
 * that our protoc plugin embedded. grpcurl and the like need no .proto files then.
 * (grpc/doc/server-reflection.md)
 */
#include "lib/rpc/service.h"

/* The most .proto files that the services of one server come from, imports included. */
#define RPC_REFLECTION_MAX_FILES 64

/*
 * Adds both services to the server. services: a NULL-terminated list of what it shows, which must
 * outlive the server (mostly a static const array); reflection itself is shown without being in it.
 * < 0: out of memory, or more files than RPC_REFLECTION_MAX_FILES (INTERNAL, "TooManyFiles").
 */
int rpc_reflection_register(struct rpc_server *s, const struct rpc_service_desc *const *services,
                            struct err *err);
