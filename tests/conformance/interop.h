#pragma once
/* What both ends of gRPC's interoperability tests agree on
 * (github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md). */

enum { INTEROP_MAX_MESSAGE = 16 * 1024 * 1024 };

#define INTEROP_INITIAL  "x-grpc-test-echo-initial"
#define INTEROP_TRAILING "x-grpc-test-echo-trailing-bin"
#define INTEROP_REPORT   "endpoint-load-metrics-bin"
