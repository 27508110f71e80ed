#include "services/controller/kube_door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentsandbox/v1/claim.rpc.h"
#include "agentsandbox/v1/route.rpc.h"
#include "agentsandbox/v1/template.rpc.h"
#include "grpc/health/v1/health.rpc.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "lib/rpc/health.h"
#include "lib/rpc/observe.h"
#include "lib/rpc/reflection.h"
#include "lib/rpc/tls.h"
#include "services/controller/claim_service.h"
#include "services/controller/gate.h"
#include "services/controller/names.h"
#include "services/controller/pass.h"
#include "services/controller/route_service.h"

enum { REVIEW_TIMEOUT_MS = 5000 };

struct kube_door {
    struct loop *loop;
    struct kube_door_opts opts;
    struct list reviews; /* struct review, under way */
    struct who *who;
    struct gate *gate;
    struct pass *pass;
    struct rpc_tls *tls;
    struct rpc_server *server;
    struct rpc_health *health;
    struct claim_service *claims;
    struct route_service *routes;
    void (*on_drained)(void *user);
    void *on_drained_user;
    char address[128];
};

/* ---- reviews ---- */

struct review {
    struct list link;
    struct kube_call *call;
    who_answer_fn fn;
    void *user;
};

static const struct kube_resource review_kinds[] = {
    [WHO_TOKEN_REVIEW] = {"authentication.k8s.io/v1", "tokenreviews", "TokenReview", true},
    [WHO_ACCESS_REVIEW] = {"authorization.k8s.io/v1", "subjectaccessreviews", "SubjectAccessReview",
                           true},
};

static void on_reviewed(const struct kube_result *res, void *user)
{
    struct review *r = user;
    who_answer_fn fn = r->fn;
    void *fn_user = r->user;

    list_remove(&r->link);
    free(r);
    fn(res->err, res->body, fn_user);
}

static int post(void *user, enum who_review kind, const json_t *body, who_answer_fn fn,
                void *fn_user, struct err *err)
{
    struct kube_door *d = user;
    const struct kube_request req = {.method = KUBE_POST,
                                     .resource = &review_kinds[kind],
                                     .body = body,
                                     .lane = KUBE_LANE_FIRST,
                                     .timeout_ms = REVIEW_TIMEOUT_MS};
    struct review *r = calloc(1, sizeof(*r));

    if (!r)
        return err_oom(err);
    r->fn = fn;
    r->user = fn_user;
    list_init(&r->link);
    if (kube_call(&r->call, d->opts.client, &req, on_reviewed, r, err) < 0) {
        free(r);
        return -1;
    }
    list_push_back(&d->reviews, &r->link);
    return 0;
}

static uint64_t review_now(void *user)
{
    return loop_now_ms(((struct kube_door *)user)->loop);
}

/* ---- life ---- */

static struct rpc_tls_opts tls_opts(const struct kube_door *d)
{
    const char *ca = d->opts.client_ca_file;

    return (struct rpc_tls_opts){.is_server = true,
                                 .cert_file = d->opts.cert_file,
                                 .key_file = d->opts.key_file,
                                 .ca_file = ca && *ca ? ca : NULL};
}

static int make_tls(struct kube_door *d, struct err *err)
{
    const char *cert = d->opts.cert_file, *key = d->opts.key_file;
    struct rpc_tls_opts opts;

    if (cert && *cert && key && *key) {
        opts = tls_opts(d);
        return rpc_tls_new(&d->tls, &opts, err);
    }
    if (!d->opts.is_insecure)
        return err_set(err, RPC_FAILED_PRECONDITION, "CertificateMissing",
                       "gRPC on %s would carry tokens in plain text: give a certificate and its "
                       "key, or say --grpc-insecure",
                       d->opts.address);
    log_warn("gRPC listens without TLS: tokens can be read on the way",
             LOG_S("address", d->opts.address));
    return 0;
}

static bool leads(const char **leader, void *user)
{
    const struct kube_door *d = user;

    return d->opts.leads(leader, d->opts.user);
}

static bool pass_to_leader(struct rpc_call *call, const struct rpc_method_desc *m,
                           const ProtobufCMessage *request, void *user)
{
    struct kube_door *d = user;
    struct pass_leader leader;
    const char *holder;

    return d->opts.told && !d->opts.leads(&holder, d->opts.user) &&
           pass_read_note(d->opts.told(d->opts.user), holder, &leader) == 0 &&
           pass_on(d->pass, &leader, call, m, request);
}

static int make_gate(struct kube_door *d, struct err *err)
{
    const struct who_ops ops = {.post = post, .now_ms = review_now, .user = d};
    const struct pass_opts pass = {
        .name = d->opts.identity, .is_plain = d->opts.is_insecure, .observer = d->opts.observer};
    struct gate_opts opts = {.leads = leads, .pass_on = pass_to_leader, .user = d};

    if (who_new(&d->who, &ops, err) < 0 || pass_new(&d->pass, d->loop, &pass, err) < 0)
        return -1;
    opts.who = d->who;
    return gate_new(&d->gate, &opts, err);
}

/* Templates and pools have a door already, with rules, quotas and an audit log of its own. */
static void on_template_call(struct rpc_call *call, void *user _unused_)
{
    struct err err;

    (void)err_set(&err, RPC_UNIMPLEMENTED, "UseKubectl",
                  "on Kubernetes templates and pools are applied to the API server: use kubectl "
                  "(sandboxtemplates, sandboxwarmpools of " GROUP_EXT ")");
    rpc_call_fail(call, &err);
}

static int refuse_templates(struct kube_door *d, struct err *err)
{
    const struct rpc_service_desc *s = &agentsandbox_v1_template_service;

    for (size_t i = 0; i < s->n_methods; i++)
        if (rpc_server_handle(d->server, s->methods[i].path, on_template_call, d, err) < 0)
            return -1;
    return 0;
}

static int make_services(struct kube_door *d, struct ctl *c, struct err *err)
{
    static const struct rpc_service_desc *const services[] = {&grpc_health_v1_health,
                                                              &agentsandbox_v1_claim_service,
                                                              &agentsandbox_v1_route_service, NULL};

    if (rpc_server_new(&d->server, d->loop, &(struct rpc_server_opts){0}, err) < 0 ||
        (d->opts.observer && rpc_observe_server(d->opts.observer, d->server, err) < 0) ||
        rpc_health_new(&d->health, d->server, err) < 0 ||
        rpc_reflection_register(d->server, services, err) < 0 ||
        claim_service_new(&d->claims, c, d->server, d->gate, err) < 0 ||
        route_service_new(&d->routes, c, d->server, d->gate, err) < 0 ||
        refuse_templates(d, err) < 0 ||
        rpc_health_set(d->health, agentsandbox_v1_claim_service.name, RPC_HEALTH_SERVING, err) < 0)
        return -1;
    return rpc_health_set(d->health, agentsandbox_v1_route_service.name, RPC_HEALTH_SERVING, err);
}

/* ":9090" is all addresses, as in Go. */
static int listen(struct kube_door *d, struct err *err)
{
    const struct rpc_listen_opts opts = {.tls = d->tls};
    char address[128];

    if ((size_t)snprintf(address, sizeof(address), "%s%s", d->opts.address[0] == ':' ? "[::]" : "",
                         d->opts.address) >= sizeof(address))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadAddress", "\"%.100s…\" is too long",
                       d->opts.address);
    return rpc_server_listen(d->server, address, &opts, d->address, err) < 0
               ? err_wrap(err, "--grpc-bind-address")
               : 0;
}

int kube_door_new(struct kube_door **ret, struct loop *loop, struct ctl *c,
                  const struct kube_door_opts *opts, struct err *err)
{
    _cleanup_(kube_door_freep) struct kube_door *d = calloc(1, sizeof(*d));

    if (!d)
        return err_oom(err);
    d->loop = loop;
    d->opts = *opts;
    list_init(&d->reviews);
    if (make_tls(d, err) < 0 || make_gate(d, err) < 0 || make_services(d, c, err) < 0 ||
        listen(d, err) < 0)
        return -1;
    log_info("serving claims over gRPC", LOG_S("address", d->address),
             LOG_B("tls", d->tls != NULL));
    *ret = TAKE_PTR(d);
    return 0;
}

int kube_door_reload(struct kube_door *d, struct err *err)
{
    struct rpc_tls_opts opts = tls_opts(d);

    return d->tls ? rpc_tls_reload(d->tls, &opts, err) : 0;
}

static void on_drained(struct rpc_server *s _unused_, void *user)
{
    struct kube_door *d = user;

    d->on_drained(d->on_drained_user);
}

void kube_door_drain(struct kube_door *d, uint64_t deadline_ms, void (*fn)(void *user), void *user)
{
    struct err why;

    d->on_drained = fn;
    d->on_drained_user = user;
    (void)err_set(&why, RPC_UNAVAILABLE, "Stopping",
                  "this replica of the controller stops: try again");
    rpc_health_shutdown(d->health);
    claim_service_end_watches(d->claims, &why);
    route_service_end_watches(d->routes, &why);
    pass_end_streams(d->pass, &why);
    rpc_server_drain(d->server, deadline_ms, on_drained, d);
}

/* The server goes first: its calls end while all that they use is there. */
void kube_door_free(struct kube_door *d)
{
    struct list *link;

    if (!d)
        return;
    rpc_server_free(d->server);
    rpc_health_free(d->health);
    route_service_free(d->routes);
    claim_service_free(d->claims);
    while ((link = list_pop_front(&d->reviews))) {
        struct review *r = CONTAINER_OF(link, struct review, link);

        kube_call_cancel(r->call);
        free(r);
    }
    gate_free(d->gate);
    pass_free(d->pass);
    who_free(d->who);
    rpc_tls_free(d->tls);
    free(d);
}

const char *kube_door_address(const struct kube_door *d)
{
    return d->address;
}

/* Without brackets. "" when it listens on all. */
static void listen_ip(const struct kube_door *d, char ret[64])
{
    const char *end = strrchr(d->address, ':'), *begin = d->address;
    size_t n;

    ret[0] = '\0';
    if (!end)
        return;
    n = (size_t)(end - begin);
    if (n > 2 && *begin == '[') {
        begin++;
        n -= 2;
    }
    if (n < 64 && !(n == 2 && strncmp(begin, "::", 2) == 0) &&
        !(n == 7 && strncmp(begin, "0.0.0.0", 7) == 0))
        (void)snprintf(ret, 64, "%.*s", (int)n, begin);
}

int kube_door_note(const struct kube_door *d, const char *ip, char **ret, struct err *err)
{
    const char *port = strrchr(d->address, ':'), *ca = d->opts.client_ca_file;
    struct pass_leader me = {0};
    bool is_v6;
    char own[64];

    listen_ip(d, own);
    if (!*ip)
        ip = own;
    is_v6 = strchr(ip, ':');
    if (*ip && port && !(ca && *ca)) {
        (void)snprintf(me.identity, sizeof(me.identity), "%s", d->opts.identity);
        if ((size_t)snprintf(me.address, sizeof(me.address), is_v6 ? "[%s]%s" : "%s%s", ip, port) >=
            sizeof(me.address))
            return err_set(err, RPC_INVALID_ARGUMENT, "BadAddress", "\"%.64s…\" is no IP address",
                           ip);
        if (d->tls && rpc_tls_fingerprint(d->tls, me.sha256, err) < 0)
            return -1;
    }
    *ret = me.address[0] ? pass_note(&me) : strdup("");
    return *ret ? 0 : err_oom(err);
}
