#pragma once
/* What tests of the whole controller share: a folder, a node, a channel, calls that wait for their
 * answer. */
#include "agentsandbox/v1/claim.rpc.h"
#include "agentsandbox/v1/route.rpc.h"
#include "agentsandbox/v1/template.rpc.h"
#include "services/controller/test_node.h"

struct scene {
    struct loop *loop;
    char dir[64], listen[96], routes[96], node_address[96], state[96];
    struct test_node node;
    struct rpc_channel *channel, *routes_channel;
};

void scene_open(struct scene *s);
void scene_close(struct scene *s);

/* A unary call, waited for. Returns the status code; *ret_reply (may be NULL) is malloc'ed by
 * protobuf-c; reason and message of a failure are in call_reason and call_message. */
int scene_call(struct scene *s, struct rpc_channel *ch, const struct rpc_method_desc *m,
               const ProtobufCMessage *req, uint64_t timeout_ms, ProtobufCMessage **ret_reply);
extern char call_reason[64], call_message[1024];

/* Starts one and does not wait: *done (0, 1) and *code tell. */
struct scene_async {
    bool is_done;
    int code;
    bool is_warm;
    char claim[256], sandbox[256], reason[64];
};
void scene_claim_async(struct scene *s, const char *pool, const char *request_id,
                       struct scene_async *ret);

/* Runs the loop until *flag, or the test fails after timeout_ms. */
void scene_wait(struct scene *s, const bool *flag, uint64_t timeout_ms);
void scene_run_for(struct scene *s, uint64_t ms);

/* CreateClaim of a pool (or, with a leading '/', of a template), as a reply to free, or NULL. */
Agentsandbox__V1__CreateClaimResponse *scene_claim(struct scene *s, const char *name,
                                                   const char *source, uint64_t timeout_ms);
/* Apply of one JSON text; the status code. *ret may be NULL. */
int scene_apply(struct scene *s, const char *json, Agentsandbox__V1__ApplyResponse **ret);
/* Get of one object's JSON text, or NULL; free() it. */
char *scene_get(struct scene *s, const char *kind, const char *name, const char *version);
/* Waits until the pool has so many ready members. */
void scene_wait_pool(struct scene *s, const char *pool, int n_ready);

extern const char TEMPLATE_JSON[], POOL_JSON[];
