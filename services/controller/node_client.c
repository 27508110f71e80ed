#include "services/controller/node_client.h"
#include "lib/rpc/observe.h"

#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/node.rpc.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"

enum { CREATE_TIMEOUT_MS = 120 * 1000, DELETE_TIMEOUT_MS = 120 * 1000, AGAIN_MS = 200 };

struct node_client {
    struct ctl *c;
    struct binder *binder;
    struct rpc_channel *channel;
    struct rpc_call *hello, *watch;
    struct loop_timer *timer;
    struct list calls; /* creates and deletes under way */
    bool is_up, is_closing;
    bool is_spoiled; /* the present watch is not believed: one of its words was lost */
    bool was_told;   /* that it is away is logged once */
    char node_name[256];
};

struct node_call {
    struct list link;
    struct node_client *n;
    struct rpc_call *call;
    char id[24];
};

static void say_hello(struct node_client *n);

/* ---- the watch ---- */

static void lost(struct node_client *n, const struct rpc_status *status)
{
    struct err why;

    if (n->is_closing)
        return;
    (void)rpc_status_to_err(status, &why);
    if (!n->was_told)
        log_warn("node is away, trying again", LOG_ERR(&why));
    n->was_told = true;
    n->is_up = false;
    binder_node_down(n->binder, &why);
    loop_timer_arm(n->timer, loop_now_ms(n->c->loop) + AGAIN_MS);
}

static void on_watch_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__WatchSandboxesResponse *res =
        (const Agentsandbox__V1__WatchSandboxesResponse *)msg;
    struct node_client *n = user;

    if (n->is_spoiled)
        return;
    if (!n->is_up) {
        n->is_up = true;
        n->was_told = false;
        binder_node_up(n->binder, n->node_name);
    }
    if (res->instance)
        binder_instance(n->binder, res->instance);
    if (res->synced) {
        log_info("node is there", LOG_S("node", n->node_name));
        binder_synced(n->binder);
    }
    rpc_call_read(call);
}

static void on_watch_done(struct rpc_call *call _unused_, const struct rpc_status *status,
                          void *user)
{
    struct node_client *n = user;

    n->watch = NULL;
    lost(n, status);
}

static const struct rpc_msg_ops watch_ops = {.on_message = on_watch_message,
                                             .on_done = on_watch_done};

static void start_watch(struct node_client *n)
{
    const Agentsandbox__V1__WatchSandboxesRequest req =
        AGENTSANDBOX__V1__WATCH_SANDBOXES_REQUEST__INIT;
    struct err err;

    if (agentsandbox_v1_node_service_watch_sandboxes(n->channel, NULL, &req, &watch_ops, n,
                                                     &n->watch, &err) < 0) {
        loop_timer_arm(n->timer, loop_now_ms(n->c->loop) + AGAIN_MS);
        return;
    }
    n->is_spoiled = false;
    rpc_call_read(n->watch);
}

/* Its end is seen as a loss, and then everything is asked anew. */
static void list_again(void *user)
{
    struct node_client *n = user;

    if (!n->watch)
        return;
    n->is_spoiled = true;
    rpc_call_cancel(n->watch, RPC_RESOURCE_EXHAUSTED, "no memory for what the node said");
}

static void on_hello(struct rpc_call *call _unused_, const ProtobufCMessage *reply,
                     const struct rpc_status *status, void *user)
{
    const Agentsandbox__V1__GetNodeResponse *res = (const Agentsandbox__V1__GetNodeResponse *)reply;
    struct node_client *n = user;

    n->hello = NULL;
    if (!res) {
        lost(n, status);
        return;
    }
    (void)snprintf(n->node_name, sizeof(n->node_name), "%s",
                   *res->node_name ? res->node_name : "localhost");
    start_watch(n);
}

static void say_hello(struct node_client *n)
{
    const Agentsandbox__V1__GetNodeRequest req = AGENTSANDBOX__V1__GET_NODE_REQUEST__INIT;
    struct err err;

    if (n->hello || n->watch)
        return;
    if (agentsandbox_v1_node_service_get_node(n->channel, NULL, &req, on_hello, n, &n->hello,
                                              &err) < 0)
        loop_timer_arm(n->timer, loop_now_ms(n->c->loop) + AGAIN_MS);
}

static void on_timer(struct loop_timer *t _unused_, void *user)
{
    say_hello(user);
}

/* ---- what the binder asks ---- */

static void node_call_free(struct node_call *call)
{
    list_remove(&call->link);
    free(call);
}

static void on_created(struct rpc_call *rpc _unused_, const ProtobufCMessage *reply,
                       const struct rpc_status *status, void *user)
{
    const Agentsandbox__V1__CreateSandboxResponse *res =
        (const Agentsandbox__V1__CreateSandboxResponse *)reply;
    struct node_call *call = user;
    struct err err;

    if (!call->n->is_closing) {
        if (res && !res->instance)
            (void)err_set(&err, RPC_INTERNAL, "RuntimeFailed",
                          "the node answered without instance");
        else if (!res)
            (void)rpc_status_to_err(status, &err);
        binder_created(call->n->binder, call->id, res ? res->instance : NULL,
                       res && res->instance ? NULL : &err);
    }
    node_call_free(call);
}

static void on_deleted(struct rpc_call *rpc _unused_, const ProtobufCMessage *reply,
                       const struct rpc_status *status, void *user)
{
    struct node_call *call = user;
    struct err err;

    if (!call->n->is_closing) {
        if (!reply)
            (void)rpc_status_to_err(status, &err);
        binder_deleted(call->n->binder, call->id, reply ? NULL : &err);
    }
    node_call_free(call);
}

static struct node_call *node_call_new(struct node_client *n, const char *id, struct err *err)
{
    struct node_call *call = calloc(1, sizeof(*call));

    if (!call) {
        (void)err_oom(err);
        return NULL;
    }
    call->n = n;
    (void)snprintf(call->id, sizeof(call->id), "%s", id);
    list_init(&call->link);
    list_push_back(&n->calls, &call->link);
    return call;
}

static int ask_create(void *user, const Agentsandbox__V1__CreateSandboxRequest *req,
                      struct err *err)
{
    const struct rpc_call_opts opts = {.timeout_ms = CREATE_TIMEOUT_MS};
    struct node_client *n = user;
    struct node_call *call = node_call_new(n, req->instance_id, err);

    if (!call)
        return -1;
    if (agentsandbox_v1_node_service_create_sandbox(n->channel, &opts, req, on_created, call,
                                                    &call->call, err) < 0) {
        node_call_free(call);
        return -1;
    }
    return 0;
}

static int ask_remove(void *user, const char *instance_id, struct err *err)
{
    Agentsandbox__V1__DeleteSandboxRequest req = AGENTSANDBOX__V1__DELETE_SANDBOX_REQUEST__INIT;
    const struct rpc_call_opts opts = {.timeout_ms = DELETE_TIMEOUT_MS};
    struct node_client *n = user;
    struct node_call *call = node_call_new(n, instance_id, err);

    if (!call)
        return -1;
    req.instance_id = call->id;
    if (agentsandbox_v1_node_service_delete_sandbox(n->channel, &opts, &req, on_deleted, call,
                                                    &call->call, err) < 0) {
        node_call_free(call);
        return -1;
    }
    return 0;
}

/* ---- life ---- */

int node_client_new(struct node_client **ret, struct ctl *c, const char *target,
                    const struct binder_opts *opts, struct rpc_observer *observer, struct err *err)
{
    const struct rpc_channel_opts channel_opts = {.backoff_first_ms = 100, .backoff_max_ms = 2000};
    _cleanup_(node_client_freep) struct node_client *n = calloc(1, sizeof(*n));
    struct node_ops ops;

    if (!n)
        return err_oom(err);
    n->c = c;
    list_init(&n->calls);
    ops = (struct node_ops){
        .create = ask_create, .remove = ask_remove, .list_again = list_again, .user = n};
    if (binder_new(&n->binder, c, &ops, opts, err) < 0 ||
        loop_timer_new(&n->timer, c->loop, on_timer, n, err) < 0 ||
        rpc_channel_new(&n->channel, c->loop, target, &channel_opts, err) < 0 ||
        rpc_observe_channel(observer, n->channel, err) < 0)
        return err_wrap(err, "--node %s", target);
    say_hello(n);
    *ret = TAKE_PTR(n);
    return 0;
}

struct rpc_channel *node_client_channel(struct node_client *n)
{
    return n->channel;
}

void node_client_free(struct node_client *n)
{
    if (!n)
        return;
    n->is_closing = true;
    rpc_channel_free(n->channel); /* ends all calls: their on_done come from inside */
    LIST_FOREACH_SAFE(it, &n->calls)
    node_call_free(CONTAINER_OF(it, struct node_call, link));
    loop_timer_free(n->timer);
    binder_free(n->binder);
    free(n);
}
