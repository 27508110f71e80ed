#pragma once
/*
 * What a call over gRPC passes on Kubernetes before its handler: does this replica lead, and may
 * this caller (who.h). Without a gate (one machine: the socket's own rules, controller.c) handlers
 * are called at once.
 */
#include "lib/rpc/service.h"
#include "services/controller/who.h"

struct gate;

struct gate_opts {
    struct who *who; /* NULL: everybody may (--grpc-insecure) */
    /* Whether this replica answers; if not, *leader is who does ("" unknown). */
    bool (*leads)(const char **leader, void *user);
    /* When it does not: takes the call and lets the leader answer it (pass.h). false: not taken, it
     * is answered NotLeader. NULL: none is. */
    bool (*pass_on)(struct rpc_call *call, const struct rpc_method_desc *m,
                    const ProtobufCMessage *request, void *user);
    void *user;
};

int gate_new(struct gate **ret, const struct gate_opts *opts, struct err *err);
/* After rpc_server_free(). */
void gate_free(struct gate *g);
DEFINE_CLEANUP(struct gate *, gate_free)

/* What the API server is asked before this method. all: an empty namespace means all of them, not
 * "default". */
struct gate_rule {
    const char *group, *resource, *verb;
    bool all;
};
/* As rpc_server_handle_method(), behind the gate; g NULL: without. Requests are unary; their fields
 * `namespace` and `name`, or those of `sandbox`, say what is asked for. */
int gate_handle(struct gate *g, struct rpc_server *server, const struct rpc_method_desc *m,
                const struct gate_rule *rule, rpc_msg_handler handler, void *user, struct err *err);

/* Of "authorization: Bearer TOKEN"; NULL: the call has none. */
const char *gate_bearer_token(const struct rpc_call *call);
/* Inside a handler: who calls. NULL: not known (no gate, or everybody may). */
const char *gate_principal(const struct gate *g);
/* UNAVAILABLE "NotLeader" with the leader's name when this replica does not answer (any more). */
int gate_check_leader(const struct gate *g, struct err *err);
