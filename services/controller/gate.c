#include "services/controller/gate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/rpc/metadata.h"

enum { GATE_MAX_METHODS = 16 };

struct gated_method {
    struct gate *gate;
    const struct rpc_method_desc *desc;
    struct gate_rule rule;
    rpc_msg_handler handler;
    void *user;
};

struct gate {
    struct gate_opts opts;
    struct gated_method methods[GATE_MAX_METHODS];
    size_t n_methods;
    const char *principal; /* during a handler */
};

/* One call that waits; in its arena. */
struct waiting {
    struct who_ask ask;
    const struct gated_method *method;
    struct rpc_call *call;
    const ProtobufCMessage *request;
};

/* A string field of a message, "" when it has none. */
static const char *text_field(const ProtobufCMessage *m, const char *name)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);
    const char *text;

    if (!f || f->type != PROTOBUF_C_TYPE_STRING)
        return "";
    memcpy(&text, (const char *)m + f->offset, sizeof(text));
    return text ? text : "";
}

/* The message that has the names: the request, or its `sandbox`. */
static const ProtobufCMessage *named_part(const ProtobufCMessage *m)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "sandbox");
    const ProtobufCMessage *part = NULL;

    if (f && f->type == PROTOBUF_C_TYPE_MESSAGE)
        memcpy(&part, (const char *)m + f->offset, sizeof(part));
    return part ? part : m;
}

const char *gate_bearer_token(const struct rpc_call *call)
{
    const char *value = rpc_metadata_get(rpc_call_headers(call), "authorization");

    if (!value || strncasecmp(value, "bearer ", 7) != 0)
        return NULL;
    value += 7;
    return value + strspn(value, " ");
}

static void pass(struct waiting *w, const char *principal)
{
    struct gate *g = w->method->gate;

    g->principal = principal;
    w->method->handler(w->call, w->request, w->method->user);
    g->principal = NULL;
}

static void on_verdict(struct who_ask *ask, const struct err *err, const char *principal)
{
    struct waiting *w = CONTAINER_OF(ask, struct waiting, ask);
    struct err why;

    if (err)
        rpc_call_fail(w->call, err);
    else if (gate_check_leader(w->method->gate, &why) < 0)
        rpc_call_fail(w->call, &why);
    else
        pass(w, principal);
}

static void on_done(struct rpc_call *call _unused_, const struct rpc_status *status _unused_,
                    void *user)
{
    struct waiting *w = user;

    who_cancel(&w->ask);
}

static const struct rpc_msg_ops waiting_ops = {.on_done = on_done};

static void ask(struct waiting *w)
{
    const struct gated_method *m = w->method;
    const ProtobufCMessage *part = named_part(w->request);
    const char *ns = text_field(part, "namespace");

    w->ask = (struct who_ask){
        .token = gate_bearer_token(w->call),
        .subject = rpc_call_peer(w->call)->tls_name,
        .group = m->rule.group,
        .resource = m->rule.resource,
        .verb = m->rule.verb,
        .ns = *ns || m->rule.all ? ns : "default",
        .name = strcmp(m->rule.verb, "create") == 0 ? "" : text_field(part, "name"),
        .fn = on_verdict,
    };
    who_ask(m->gate->opts.who, &w->ask);
}

static bool pass_to_leader(const struct gated_method *m, struct rpc_call *call,
                           const ProtobufCMessage *request)
{
    const struct gate_opts *o = &m->gate->opts;

    return o->pass_on && o->pass_on(call, m->desc, request, o->user);
}

static void on_call(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const struct gated_method *m = user;
    struct waiting *w;
    struct err err;

    if (gate_check_leader(m->gate, &err) < 0) {
        if (!pass_to_leader(m, call, request))
            rpc_call_fail(call, &err);
        return;
    }
    if (!m->gate->opts.who) {
        m->handler(call, request, m->user);
        return;
    }
    w = arena_zalloc(rpc_call_arena(call), sizeof(*w));
    if (!w) {
        (void)err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    *w = (struct waiting){.method = m, .call = call, .request = request};
    rpc_accept(call, m->desc, &waiting_ops, w);
    ask(w);
}

int gate_check_leader(const struct gate *g, struct err *err)
{
    const char *leader = "";

    if (!g || !g->opts.leads || g->opts.leads(&leader, g->opts.user))
        return 0;
    return err_set(err, RPC_UNAVAILABLE, "NotLeader",
                   "this replica of the controller does not lead%s%.200s: try again",
                   *leader ? ", the leader is " : ", and who does is not known yet", leader);
}

const char *gate_principal(const struct gate *g)
{
    return g ? g->principal : NULL;
}

int gate_handle(struct gate *g, struct rpc_server *server, const struct rpc_method_desc *m,
                const struct gate_rule *rule, rpc_msg_handler handler, void *user, struct err *err)
{
    struct gated_method *gm;

    if (!g)
        return rpc_server_handle_method(server, m, handler, user, err);
    if (g->n_methods == GATE_MAX_METHODS)
        return err_set(err, RPC_INTERNAL, "Internal", "the gate has %d methods already",
                       GATE_MAX_METHODS);
    gm = &g->methods[g->n_methods++];
    *gm = (struct gated_method){
        .gate = g, .desc = m, .rule = *rule, .handler = handler, .user = user};
    return rpc_server_handle_method(server, m, on_call, gm, err);
}

int gate_new(struct gate **ret, const struct gate_opts *opts, struct err *err)
{
    struct gate *g = calloc(1, sizeof(*g));

    if (!g)
        return err_oom(err);
    g->opts = *opts;
    *ret = g;
    return 0;
}

void gate_free(struct gate *g)
{
    free(g);
}
