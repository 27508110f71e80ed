#pragma once
/* A NodeService for tests, over gRPC: instances exist in memory and do what the test says. */
#include "agentsandbox/v1/node.pb-c.h"
#include "lib/base/list.h"
#include "lib/loop/loop.h"
#include "lib/rpc/server.h"

struct test_instance {
    struct list link;
    char id[24], sandbox[256];
    bool is_ready, is_ended;
};

struct test_node {
    struct loop *loop;
    struct rpc_server *server;
    struct list instances;
    struct list watches;
    size_t n_instances, n_created;
    const char *refuse_reason; /* CreateSandbox fails with it; NULL: it does not */
    const char *probe;         /* the readiness probe answers so and fails; NULL: ready at once */
};

/* address: "unix:/path". */
void test_node_start(struct test_node *n, struct loop *loop, const char *address);
void test_node_stop(struct test_node *n);
void test_node_end(struct test_node *n, const char *sandbox);
