#include "services/controller/test_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentsandbox/v1/node.rpc.h"

typedef Agentsandbox__V1__Instance Instance;

#define STATE(s) AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_##s

struct test_watch {
    struct list link;
    struct rpc_call *call;
};

static void fill(const struct test_node *n, struct test_instance *i, Instance *m,
                 Google__Protobuf__Timestamp *when, Agentsandbox__V1__ProbeResult *probe,
                 Agentsandbox__V1__Cause *cause)
{
    agentsandbox__v1__instance__init(m);
    google__protobuf__timestamp__init(when);
    agentsandbox__v1__probe_result__init(probe);
    agentsandbox__v1__cause__init(cause);
    when->seconds = 1790000000;
    m->instance_id = i->id;
    m->state = i->is_ended ? STATE(ENDED) : STATE(RUNNING);
    m->ready = i->is_ready && !i->is_ended;
    m->start_time = when;
    if (m->ready)
        m->ready_time = when;
    if (n->probe) {
        probe->probe = (char *)"readiness";
        probe->message = (char *)n->probe;
        m->last_probe = probe;
    }
    if (i->is_ended) {
        cause->kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXITED;
        cause->exit_code = 3;
        cause->reason = (char *)"Error";
        m->cause = cause;
    }
}

static void tell_one(struct test_node *n, struct rpc_call *call, struct test_instance *i)
{
    Agentsandbox__V1__WatchSandboxesResponse m = AGENTSANDBOX__V1__WATCH_SANDBOXES_RESPONSE__INIT;
    Google__Protobuf__Timestamp when;
    Agentsandbox__V1__ProbeResult probe;
    Agentsandbox__V1__Cause cause;
    Instance inst;

    fill(n, i, &inst, &when, &probe, &cause);
    m.instance = &inst;
    (void)rpc_send(call, &m.base, NULL); /* a watch that has ended hears nothing */
}

static void tell(struct test_node *n, struct test_instance *i)
{
    LIST_FOREACH(it, &n->watches)
    tell_one(n, CONTAINER_OF(it, struct test_watch, link)->call, i);
}

static struct test_instance *find(struct test_node *n, const char *id)
{
    LIST_FOREACH(it, &n->instances)
    {
        struct test_instance *i = CONTAINER_OF(it, struct test_instance, link);

        if (strcmp(i->id, id) == 0 || strcmp(i->sandbox, id) == 0)
            return i;
    }
    return NULL;
}

static void on_get(struct rpc_call *call, const ProtobufCMessage *request _unused_,
                   void *user _unused_)
{
    Agentsandbox__V1__GetNodeResponse reply = AGENTSANDBOX__V1__GET_NODE_RESPONSE__INIT;

    reply.node_name = (char *)"test-node";
    agentsandbox_v1_node_service_get_node_reply(call, &reply);
}

static struct test_instance *create(struct test_node *n,
                                    const Agentsandbox__V1__CreateSandboxRequest *req)
{
    struct test_instance *i = calloc(1, sizeof(*i));

    if (!i)
        abort();
    (void)snprintf(i->id, sizeof(i->id), "%s", req->instance_id);
    (void)snprintf(i->sandbox, sizeof(i->sandbox), "%s", req->sandbox->name);
    i->is_ready = !n->probe;
    list_init(&i->link);
    list_push_back(&n->instances, &i->link);
    n->n_instances++;
    n->n_created++;
    return i;
}

static void on_create(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__CreateSandboxRequest *req =
        (const Agentsandbox__V1__CreateSandboxRequest *)request;
    Agentsandbox__V1__CreateSandboxResponse reply = AGENTSANDBOX__V1__CREATE_SANDBOX_RESPONSE__INIT;
    Google__Protobuf__Timestamp when;
    Agentsandbox__V1__ProbeResult probe;
    Agentsandbox__V1__Cause cause;
    struct test_node *n = user;
    struct test_instance *i;
    Instance inst;
    struct err err;

    if (n->refuse_reason) {
        (void)err_set(&err, RPC_NOT_FOUND, n->refuse_reason, "image \"%s\" is not in the store",
                      req->container->image);
        rpc_call_fail(call, &err);
        return;
    }
    i = find(n, req->instance_id);
    if (!i)
        i = create(n, req);
    fill(n, i, &inst, &when, &probe, &cause);
    reply.instance = &inst;
    agentsandbox_v1_node_service_create_sandbox_reply(call, &reply);
    tell(n, i);
}

static void on_delete(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__DeleteSandboxRequest *req =
        (const Agentsandbox__V1__DeleteSandboxRequest *)request;
    Agentsandbox__V1__DeleteSandboxResponse reply = AGENTSANDBOX__V1__DELETE_SANDBOX_RESPONSE__INIT;
    struct test_node *n = user;
    struct test_instance *i = find(n, req->instance_id);

    if (i) {
        list_remove(&i->link);
        free(i);
        n->n_instances--;
    }
    agentsandbox_v1_node_service_delete_sandbox_reply(call, &reply);
}

static void on_watch_done(struct rpc_call *call _unused_, const struct rpc_status *s _unused_,
                          void *user)
{
    struct test_watch *w = user;

    list_remove(&w->link);
    free(w);
}

static const struct rpc_msg_ops watch_ops = {.on_done = on_watch_done};

static void on_watch(struct rpc_call *call, const ProtobufCMessage *request _unused_, void *user)
{
    Agentsandbox__V1__WatchSandboxesResponse synced =
        AGENTSANDBOX__V1__WATCH_SANDBOXES_RESPONSE__INIT;
    struct test_watch *w = calloc(1, sizeof(*w));
    struct test_node *n = user;

    if (!w)
        abort();
    w->call = call;
    list_init(&w->link);
    list_push_back(&n->watches, &w->link);
    agentsandbox_v1_node_service_watch_sandboxes_accept(call, &watch_ops, w);
    LIST_FOREACH(it, &n->instances)
    tell_one(n, call, CONTAINER_OF(it, struct test_instance, link));
    synced.synced = true;
    (void)rpc_send(call, &synced.base, NULL); /* a watch that has ended hears nothing */
}

static void must(int r, const struct err *err)
{
    if (r < 0) {
        (void)fprintf(stderr, "test node: %s\n", err->msg);
        abort();
    }
}

void test_node_start(struct test_node *n, struct loop *loop, const char *address)
{
    struct err err;

    *n = (struct test_node){.loop = loop};
    list_init(&n->instances);
    list_init(&n->watches);
    must(rpc_server_new(&n->server, loop, NULL, &err), &err);
    must(rpc_server_handle_method(n->server, &agentsandbox_v1_node_service_get_node_method, on_get,
                                  n, &err),
         &err);
    must(rpc_server_handle_method(n->server, &agentsandbox_v1_node_service_create_sandbox_method,
                                  on_create, n, &err),
         &err);
    must(rpc_server_handle_method(n->server, &agentsandbox_v1_node_service_delete_sandbox_method,
                                  on_delete, n, &err),
         &err);
    must(rpc_server_handle_method(n->server, &agentsandbox_v1_node_service_watch_sandboxes_method,
                                  on_watch, n, &err),
         &err);
    must(rpc_server_listen(n->server, address, NULL, NULL, &err), &err);
}

void test_node_stop(struct test_node *n)
{
    struct list *it;

    rpc_server_free(n->server);
    while ((it = list_pop_front(&n->instances)))
        free(CONTAINER_OF(it, struct test_instance, link));
}

void test_node_end(struct test_node *n, const char *sandbox)
{
    struct test_instance *i = find(n, sandbox);

    if (!i)
        abort();
    i->is_ended = true;
    tell(n, i);
}
