/*
 * The way up, one request at a time, each step repeated until it succeeds:
 *
 *     REACH      the API server answers
 *     KINDS      it serves v1beta1 of our kinds
 *     RIGHTS     what we may not do is named in the log (and tried all the same)
 *     SYNC       the first lists are in memory
 *     STANDBY    waits for the lease, memory warm
 *     CATCHING   leads, and waits until memory has what the leader before it has written last
 *     LEADING    reconciles
 *     CLOSING    answers the calls under way, as the leader if it is that; refuses new ones
 *     STOPPING   decides nothing any more; writes end, the lease is given back
 */
#include "services/controller/kube_home.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "lib/api/kinds.h"
#include "lib/api/meta.h"
#include "lib/base/build_info.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/http/admin.h"
#include "lib/kube/kube_config.h"
#include "lib/kube/kube_lease.h"
#include "lib/rpc/observe.h"
#include "services/controller/controller.h"
#include "services/controller/kube_certs.h"
#include "services/controller/kube_core.h"
#include "services/controller/kube_door.h"
#include "services/controller/kube_fresh.h"
#include "services/controller/kube_rights.h"
#include "services/controller/kube_serve.h"
#include "services/controller/kube_webhook.h"

#define LEASE_NAME "a3317529.agent-sandbox.x-k8s.io"

enum {
    RETRY_MS = 1000,
    RETRY_MAX_MS = 10 * 1000,
    POLL_MS = 10,
    ANSWER_MS = 1000,
    DRAIN_MS = 1000,
    TIDY_MS = 3000
};

enum home_state {
    HOME_REACH,
    HOME_KINDS,
    HOME_RIGHTS,
    HOME_SYNC,
    HOME_STANDBY,
    HOME_CATCHING,
    HOME_LEADING,
    HOME_CLOSING,
    HOME_STOPPING,
    HOME_N,
};

static const char *const state_names[HOME_N] = {
    "reach", "kinds", "rights", "sync", "standby", "catching", "leading", "closing", "stopping",
};

#define TO(s) (1u << (s))
static const unsigned moves[HOME_N] = {
    [HOME_REACH] = TO(HOME_KINDS) | TO(HOME_CLOSING),
    [HOME_KINDS] = TO(HOME_REACH) | TO(HOME_RIGHTS) | TO(HOME_CLOSING),
    [HOME_RIGHTS] = TO(HOME_SYNC) | TO(HOME_CLOSING),
    [HOME_SYNC] = TO(HOME_STANDBY) | TO(HOME_CLOSING),
    [HOME_STANDBY] = TO(HOME_CATCHING) | TO(HOME_LEADING) | TO(HOME_CLOSING),
    [HOME_CATCHING] = TO(HOME_LEADING) | TO(HOME_CLOSING),
    [HOME_LEADING] = TO(HOME_CLOSING),
    [HOME_CLOSING] = TO(HOME_STOPPING),
};

struct kube_home {
    struct loop *loop;
    const struct kube_options *options;
    struct kube_home_ops ops;
    bool is_in_cluster;
    char host[256], identity[300];

    struct metrics *metrics;
    struct rpc_observer *observer; /* of the door's calls; NULL: no door */
    struct metric_series *m_leads;
    struct kube_serve *serve;
    struct kube_client *client;
    struct kube_webhook *webhook;

    enum home_state state;
    bool is_leading; /* LEADING, and CLOSING after it */
    struct loop_timer *timer;
    struct loop_timer *tidy;
    uint64_t tidied; /* revision of the store then */
    struct kube_call *call;
    size_t group; /* KINDS: which of the two API groups */
    uint64_t wait_ms;
    char trouble[ERR_REASON_MAX];

    struct kube_core core;
    struct kube_lease *lease;
    struct kube_fresh *fresh; /* CATCHING */
    struct kube_door *door;   /* NULL: not asked for, or its certificate is not there yet */

    uint64_t drain_until_ms;
    void (*on_stopped)(void *user);
    void *on_stopped_user;
};

static const char *const groups[] = {"agents.x-k8s.io", "extensions.agents.x-k8s.io"};

/* ---- state ---- */

static void enter(struct kube_home *h, enum home_state to, uint64_t wait_ms)
{
    if (!(moves[h->state] & TO(to)))
        abort();
    log_debug("controller", LOG_S("from", state_names[h->state]), LOG_S("to", state_names[to]));
    h->state = to;
    h->wait_ms = RETRY_MS;
    h->trouble[0] = '\0';
    loop_timer_arm(h->timer, clock_add(loop_now_ms(h->loop), wait_ms));
}

/* Said once per kind of trouble; the step is tried again, ever more slowly. */
static void wait_for(struct kube_home *h, const char *what, const struct err *err)
{
    if (strcmp(h->trouble, err->reason) != 0) {
        (void)snprintf(h->trouble, sizeof(h->trouble), "%s", err->reason);
        log_warn(what, LOG_ERR(err), LOG_S("server", kube_client_server(h->client)));
    }
    loop_timer_arm(h->timer, clock_add(loop_now_ms(h->loop), h->wait_ms));
    h->wait_ms = MIN(h->wait_ms * 2, (uint64_t)RETRY_MAX_MS);
}

static void ask(struct kube_home *h, const struct kube_request *req, kube_done_fn done)
{
    struct err err;

    if (kube_call(&h->call, h->client, req, done, h, &err) < 0) {
        h->call = NULL;
        wait_for(h, "cannot ask the API server, trying again", &err);
    }
}

/* ---- REACH, KINDS ---- */

static void on_version(const struct kube_result *res, void *user)
{
    struct kube_home *h = user;

    h->call = NULL;
    if (res->err) {
        wait_for(h, "waiting for the API server", res->err);
        return;
    }
    log_info("reached the API server", LOG_S("server", kube_client_server(h->client)),
             LOG_S("version", meta_str(res->body, "gitVersion", "")));
    h->group = 0;
    enter(h, HOME_KINDS, 0);
}

static void reach(struct kube_home *h)
{
    const struct kube_request req = {.method = KUBE_GET, .path = "/version"};

    ask(h, &req, on_version);
}

static bool list_has_kind(const json_t *resources, const char *plural)
{
    const json_t *r;
    size_t i;

    json_array_foreach((json_t *)resources, i, r)
    {
        if (strcmp(meta_str(r, "name", ""), plural) == 0)
            return true;
    }
    return false;
}

/* The first kind of the group that v1beta1 of it does not serve, or NULL. */
static const struct api_kind *missing_kind(const char *group, const json_t *body)
{
    for (size_t i = 0; i < API_N_KINDS; i++) {
        const struct api_kind *k = &api_kinds[i];

        if (strcmp(k->group, group) == 0 && !list_has_kind(meta_get(body, "resources"), k->plural))
            return k;
    }
    return NULL;
}

static void on_kinds(const struct kube_result *res, void *user)
{
    struct kube_home *h = user;
    const struct api_kind *missing;
    struct err err;

    h->call = NULL;
    if (res->err && res->err->code != RPC_NOT_FOUND) {
        wait_for(h, "cannot ask which kinds the API server has, trying again", res->err);
        return;
    }
    missing = missing_kind(groups[h->group], res->body);
    if (missing) {
        err_set(&err, RPC_FAILED_PRECONDITION, "CrdMissing",
                "the CRD %s.%s is not installed or does not serve v1beta1: apply the manifests' "
                "CRDs",
                missing->plural, missing->group);
        wait_for(h, "waiting for a CRD", &err);
        return;
    }
    if (++h->group < (h->options->has_extensions ? ARRAY_SIZE(groups) : 1))
        loop_timer_arm(h->timer, loop_now_ms(h->loop));
    else
        enter(h, HOME_RIGHTS, 0);
}

static void ask_kinds(struct kube_home *h)
{
    char path[80];
    const struct kube_request req = {.method = KUBE_GET, .path = path};

    (void)snprintf(path, sizeof(path), "/apis/%s/v1beta1", groups[h->group]);
    ask(h, &req, on_kinds);
}

/* ---- RIGHTS ---- */

static void say_missing(const char *verb, const char *resource, void *user)
{
    (void)user;
    log_warn("the ServiceAccount lacks a right (RBAC)", LOG_S("reason", "RightMissing"),
             LOG_S("verb", verb), LOG_S("resource", resource));
}

static void on_rights(const struct kube_result *res, void *user)
{
    struct kube_home *h = user;
    const struct kube_rights_opts opts = {.has_extensions = h->options->has_extensions,
                                          .has_webhook_certs = h->options->enable_webhook &&
                                                               h->options->manage_certs,
                                          .has_lease = h->options->leader_elect};

    h->call = NULL;
    if (res->err)
        log_warn("cannot ask what this ServiceAccount may do, going on", LOG_ERR(res->err));
    else
        (void)kube_rights_missing(meta_get(res->body, "status"), &opts, say_missing, NULL);
    enter(h, HOME_SYNC, 0);
}

static const char *lease_namespace(const struct kube_home *h)
{
    return h->options->leader_namespace[0] ? h->options->leader_namespace
                                           : kube_client_namespace(h->client);
}

static void ask_rights(struct kube_home *h)
{
    static const struct kube_resource reviews = {
        "authorization.k8s.io/v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", true};
    _cleanup_json_ json_t *body =
        json_pack("{s:s, s:s, s:{s:s}}", "apiVersion", "authorization.k8s.io/v1", "kind",
                  "SelfSubjectRulesReview", "spec", "namespace", h->options->webhook_namespace);
    const struct kube_request req = {.method = KUBE_POST, .resource = &reviews, .body = body};
    struct err err;

    if (body) {
        ask(h, &req, on_rights);
    } else {
        (void)err_oom(&err);
        wait_for(h, "cannot ask what this ServiceAccount may do, trying again", &err);
    }
}

/* ---- SYNC ---- */

static void fail(struct kube_home *h, const struct err *err)
{
    h->ops.failed(err, h->ops.user);
}

/* ---- the gRPC door ---- */

static bool leads(const char **leader, void *user)
{
    const struct kube_home *h = user;

    *leader = h->lease ? kube_lease_holder(h->lease) : "";
    return h->is_leading;
}

static const char *told(void *user)
{
    const struct kube_home *h = user;

    return h->lease ? kube_lease_told(h->lease) : "";
}

/* In the Lease, when it is ours: where the others pass calls on to. */
static void tell_where(struct kube_home *h)
{
    const char *ip = h->options->grpc_advertise_ip, *pod_ip = getenv("POD_IP");
    _cleanup_(freep) char *note = NULL;
    struct err err;

    if (!h->door || !h->lease)
        return;
    if (kube_door_note(h->door, *ip || !pod_ip ? ip : pod_ip, &note, &err) < 0 ||
        kube_lease_tell(h->lease, note, &err) < 0)
        log_warn("other replicas are not told where to pass calls on to", LOG_ERR(&err));
}

static bool wants_door(const struct kube_home *h)
{
    const char *a = h->options->grpc_address;

    return a[0] && strcmp(a, "0") != 0;
}

/* The files of the managed certificate come a moment after the start. */
static void open_door(struct kube_home *h)
{
    const struct kube_options *o = h->options;
    char cert[4200], key[4200];
    struct kube_door_opts opts = {.address = o->grpc_address,
                                  .client_ca_file = o->grpc_client_ca,
                                  .is_insecure = o->grpc_insecure,
                                  .client = h->client,
                                  .leads = leads,
                                  .told = told,
                                  .identity = h->identity,
                                  .user = h,
                                  .observer = h->observer};
    struct err err;

    if (h->door || !h->core.has_ctl || !wants_door(h))
        return;
    (void)snprintf(cert, sizeof(cert), "%s/%s", o->cert_dir, o->cert_name);
    (void)snprintf(key, sizeof(key), "%s/%s", o->cert_dir, o->key_name);
    if (!o->grpc_insecure) {
        opts.cert_file = o->grpc_cert[0] ? o->grpc_cert : cert;
        opts.key_file = o->grpc_key[0] ? o->grpc_key : key;
    }
    if (kube_door_new(&h->door, h->loop, &h->core.ctl, &opts, &err) == 0)
        log_info("serving gRPC", LOG_S("address", kube_door_address(h->door)));
    else if (o->grpc_cert[0] || o->grpc_insecure || !h->webhook)
        fail(h, &err);
    else
        log_warn("gRPC waits for the webhook's certificate", LOG_ERR(&err));
}

static void on_certificate(void *user)
{
    struct kube_home *h = user;
    struct err err;

    if (!h->door)
        open_door(h);
    else if (kube_door_reload(h->door, &err) < 0)
        log_warn("gRPC keeps its old certificate", LOG_ERR(&err));
    tell_where(h);
}

static int open_core(struct kube_home *h, struct err *err)
{
    const struct kube_core_opts opts = {.options = h->options,
                                        .client = h->client,
                                        .metrics = h->metrics,
                                        .host = h->host,
                                        .label_domains = kube_serve_label_domains(h->serve)};

    return kube_core_open(&h->core, h->loop, &opts, err);
}

static void sync_store(struct kube_home *h)
{
    struct err err;

    if (!h->core.store) {
        if (open_core(h, &err) < 0) {
            fail(h, &err);
            return;
        }
        open_door(h);
    }
    if (!store_is_synced(h->core.store)) {
        loop_timer_arm(h->timer, clock_add(loop_now_ms(h->loop), POLL_MS));
        return;
    }
    log_info("in step with the API server",
             LOG_U("sandboxes", store_count(h->core.store, api_kinds[API_SANDBOX].kind)),
             LOG_U("pods", store_count(h->core.store, "Pod")));
    enter(h, HOME_STANDBY, 0);
}

/* ---- STANDBY, LEADING ---- */

static void reconcile(struct kube_home *h)
{
    struct err err;

    enter(h, HOME_LEADING, 0);
    loop_timer_disarm(h->timer);
    h->is_leading = true;
    metric_set(h->m_leads, 1);
    log_info("leading", LOG_S("identity", h->identity),
             LOG_B("extensions", h->options->has_extensions));
    if (ctl_start(&h->core.ctl, &err) < 0)
        fail(h, &err);
}

static void on_caught_up(bool is_sure _unused_, void *user) /* if not, it has been said */
{
    struct kube_home *h = user;

    kube_fresh_free(h->fresh);
    h->fresh = NULL;
    if (h->state == HOME_CATCHING)
        reconcile(h);
}

static void lead(struct kube_home *h)
{
    struct err err;

    if (h->state != HOME_STANDBY)
        return;
    if (!h->options->has_extensions) {
        reconcile(h);
        return;
    }
    enter(h, HOME_CATCHING, 0);
    if (kube_fresh_new(&h->fresh, h->loop, h->client, h->core.store, on_caught_up, h, &err) < 0)
        fail(h, &err);
}

static void on_started(void *user)
{
    lead(user);
}

static void lead_no_more(struct kube_home *h)
{
    h->is_leading = false;
    metric_set(h->m_leads, 0);
    if (h->core.has_ctl)
        ctl_stop(&h->core.ctl);
}

static void on_lost(const struct err *err, void *user)
{
    struct kube_home *h = user;

    lead_no_more(h);
    if (h->state != HOME_CLOSING && h->state != HOME_STOPPING)
        fail(h, err);
}

static void on_new_leader(const char *identity, void *user)
{
    const struct kube_home *h = user;

    if (strcmp(identity, h->identity) != 0)
        log_info("another replica leads", LOG_S("identity", identity));
}

static void on_lease_trouble(const struct err *err, void *user)
{
    (void)user;
    log_warn("trouble with the lease, trying again", LOG_S("lease", LEASE_NAME), LOG_ERR(err));
}

static void start_lease(struct kube_home *h)
{
    const struct kube_lease_opts opts = {.ns = lease_namespace(h),
                                         .name = LEASE_NAME,
                                         .identity = h->identity,
                                         .started = on_started,
                                         .stopped = on_lost,
                                         .new_leader = on_new_leader,
                                         .trouble = on_lease_trouble};
    struct err err;

    if (h->lease)
        return;
    log_info("waiting for the lease", LOG_S("lease", LEASE_NAME), LOG_S("namespace", opts.ns));
    if (kube_lease_new(&h->lease, h->client, h->loop, &opts, h, &err) < 0)
        fail(h, &err);
    else
        tell_where(h);
}

/* ---- CLOSING, STOPPING ---- */

static void on_flushed(void *user)
{
    struct kube_home *h = user;

    h->on_stopped(h->on_stopped_user);
}

static void on_released(void *user)
{
    struct kube_home *h = user;

    if (h->core.otlp)
        otlp_flush(h->core.otlp, on_flushed, h);
    else
        on_flushed(h);
}

static void give_back(struct kube_home *h)
{
    struct err err;

    if (!h->lease) {
        on_released(h);
        return;
    }
    if (kube_lease_release(h->lease, on_released, h, &err) < 0) {
        log_warn("cannot give the lease back, it will expire", LOG_ERR(&err));
        on_released(h);
    }
}

/* Writes that are under way end first, so that the next leader does not meet them. */
static void drain(struct kube_home *h)
{
    bool is_writing = h->core.has_ctl && h->core.ctl.n_busy > 0;

    if (!is_writing || loop_now_ms(h->loop) >= h->drain_until_ms)
        give_back(h);
    else
        loop_timer_arm(h->timer, clock_add(loop_now_ms(h->loop), POLL_MS));
}

/*
 * While it leads: what was promised to callers is decided by then, and whoever leads next reads it
 * from the API server.
 */
static void on_closed(void *user)
{
    struct kube_home *h = user;

    lead_no_more(h);
    h->drain_until_ms = clock_add(loop_now_ms(h->loop), DRAIN_MS);
    enter(h, HOME_STOPPING, 0);
}

void kube_home_stop(struct kube_home *h, void (*fn)(void *user), void *user)
{
    h->on_stopped = fn;
    h->on_stopped_user = user;
    kube_call_cancel(h->call);
    h->call = NULL;
    kube_fresh_free(h->fresh);
    h->fresh = NULL;
    enter(h, HOME_CLOSING, 0);
    if (h->door)
        kube_door_drain(h->door, clock_add(loop_now_ms(h->loop), ANSWER_MS), on_closed, h);
    else
        on_closed(h);
}

/* ---- the round ---- */

/* What a burst needed is given back once the store is at rest. */
static void on_tidy(struct loop_timer *t, void *user)
{
    struct kube_home *h = user;
    uint64_t revision = h->core.store ? store_revision(h->core.store) : 0;

    if (revision != h->tidied)
        (void)malloc_trim(0);
    h->tidied = revision;
    loop_timer_arm(t, clock_add(loop_now_ms(h->loop), TIDY_MS));
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct kube_home *h = user;

    (void)t;
    switch (h->state) {
    case HOME_REACH:
        reach(h);
        break;
    case HOME_KINDS:
        ask_kinds(h);
        break;
    case HOME_RIGHTS:
        ask_rights(h);
        break;
    case HOME_SYNC:
        sync_store(h);
        break;
    case HOME_STANDBY:
        if (h->options->leader_elect)
            start_lease(h);
        else
            lead(h);
        break;
    case HOME_CATCHING:
    case HOME_LEADING:
    case HOME_CLOSING:
        break;
    case HOME_STOPPING:
        drain(h);
        break;
    case HOME_N:
        abort();
    }
}

static const struct metric_desc leads_desc = {.name = "leader_election_master_status",
                                              .help = "1 while this replica holds the lease",
                                              .type = METRIC_GAUGE,
                                              .labels = {"name"}};
static const struct metric_desc build_desc = {
    .name = "agent_sandbox_build_info",
    .help = "What runs; always 1",
    .type = METRIC_GAUGE,
    .labels = {"git_version", "git_commit", "build_date", "go_version", "compiler", "platform"}};

static int make_metrics(struct kube_home *h, struct err *err)
{
    const char *const build[] = {
        ("v" CONTROLLER_VERSION),
        build_git_commit,
        build_date,
        "none", /* it is C */
#if defined(__clang__)
        "clang",
#else
        "gcc",
#endif
#if defined(__x86_64__)
        "linux/amd64",
#elif defined(__aarch64__)
        "linux/arm64",
#else
        "linux",
#endif
    };
    static const char *const lease[] = {LEASE_NAME};
    struct rpc_observer_opts observer = {.traces = true, .logs = true};
    struct metric *leads, *info;

    if (metrics_new(&h->metrics, err) < 0 ||
        admin_add_process_metrics(h->metrics, "controller", CONTROLLER_VERSION, err) < 0 ||
        metrics_add(h->metrics, &leads_desc, &leads, err) < 0 ||
        metrics_add(h->metrics, &build_desc, &info, err) < 0)
        return -1;
    metric_set(metric_with(info, build), 1);
    h->m_leads = metric_with(leads, lease);
    metric_set(h->m_leads, 0);
    observer.metrics = h->metrics;
    return wants_door(h) ? rpc_observer_new(&h->observer, &observer, err) : 0;
}

/*
 * Requests side by side on one connection. More only wait in the API server instead of here, out of
 * order, and each costs 25 KiB while it does (libcurl's handle and its buffers).
 */
enum { FIRST_PER_CONNECTION = 16, REST_PER_CONNECTION = 32, REST_BESIDE_FIRST = 2 };

static unsigned in_flight(int64_t workers, int64_t per_connection, const struct kube_options *o)
{
    return (unsigned)MIN(workers, per_connection * MIN(o->api_connections, (int64_t)64));
}

/* The API server says no more than 401 of one that has ended. */
static void warn_of_certificate(const char *pem)
{
    int64_t end_s = pem ? kube_certs_end(pem) : 0;
    char until[32];

    if (end_s == 0 || end_s > (int64_t)(clock_realtime_ns() / 1000000000u))
        return;
    clock_format_rfc3339(end_s, until, sizeof(until));
    log_warn("the kubeconfig's client certificate has ended: get a new one",
             LOG_S("reason", "CertificateExpired"), LOG_S("until", until));
}

static int make_client(struct kube_home *h, struct err *err)
{
    const struct kube_options *o = h->options;
    const struct kube_client_opts opts = {
        .qps = o->api_qps,
        .burst = (unsigned)MIN(o->api_burst, (int64_t)UINT32_MAX),
        .n_connections = (unsigned)MIN(o->api_connections, (int64_t)64),
        .separate_watches = o->separate_watch,
        .user_agent = "sandbox-controller/" CONTROLLER_VERSION,
        .max_in_flight_first = in_flight(o->claim_workers * 2, FIRST_PER_CONNECTION, o),
        .max_in_flight_rest = in_flight(o->sandbox_workers, REST_PER_CONNECTION, o),
        .max_rest_beside_first = REST_BESIDE_FIRST,
        .metrics = h->metrics,
    };
    struct kube_config *config;

    if (kube_config_find(&config, o->kubeconfig, NULL, err) < 0)
        return -1;
    h->is_in_cluster = kube_config_is_in_cluster(config);
    warn_of_certificate(kube_config_cert(config));
    return kube_client_new(&h->client, h->loop, config, &opts, err);
}

static void on_webhook_failed(const struct err *err, void *user)
{
    fail(user, err);
}

static bool is_ready(void *user)
{
    const struct kube_home *h = user;

    return kube_webhook_is_ready(h->webhook);
}

static int make_webhook(struct kube_home *h, struct err *err)
{
    const struct kube_webhook_opts opts = {.options = h->options,
                                           .client = h->client,
                                           .metrics = h->metrics,
                                           .failed = on_webhook_failed,
                                           .changed = on_certificate,
                                           .user = h};

    if (!h->options->enable_webhook)
        return 0;
    if (kube_webhook_new(&h->webhook, h->loop, &opts, err) < 0)
        return -1;
    kube_serve_ready_when(h->serve, is_ready, h);
    return 0;
}

static void make_identity(struct kube_home *h)
{
    char uuid[37];

    if (gethostname(h->host, sizeof(h->host) - 1) < 0)
        (void)snprintf(h->host, sizeof(h->host), "localhost");
    bytes_uuid(uuid);
    (void)snprintf(h->identity, sizeof(h->identity), "%s_%s", h->host, uuid);
}

int kube_home_new(struct kube_home **ret, struct loop *loop, const struct kube_options *options,
                  const struct kube_home_ops *ops, struct err *err)
{
    _cleanup_(kube_home_freep) struct kube_home *h = calloc(1, sizeof(*h));

    if (!h)
        return err_oom(err);
    h->loop = loop;
    h->options = options;
    h->ops = *ops;
    h->wait_ms = RETRY_MS;
    make_identity(h);
    kube_core_init(&h->core);
    if (make_metrics(h, err) < 0 || kube_serve_new(&h->serve, loop, options, h->metrics, err) < 0 ||
        make_client(h, err) < 0 || make_webhook(h, err) < 0 ||
        loop_timer_new(&h->timer, loop, on_timer, h, err) < 0 ||
        loop_timer_new(&h->tidy, loop, on_tidy, h, err) < 0)
        return -1;
    loop_timer_arm(h->timer, loop_now_ms(loop));
    loop_timer_arm(h->tidy, clock_add(loop_now_ms(loop), TIDY_MS));
    *ret = TAKE_PTR(h);
    return 0;
}

void kube_home_free(struct kube_home *h)
{
    if (!h)
        return;
    kube_call_cancel(h->call);
    loop_timer_free(h->timer);
    loop_timer_free(h->tidy);
    kube_door_free(h->door);
    kube_fresh_free(h->fresh);
    kube_lease_free(h->lease);
    kube_webhook_free(h->webhook);
    kube_serve_free(h->serve);
    kube_core_done(&h->core);
    kube_client_free(h->client);
    rpc_observer_free(h->observer);
    metrics_free(h->metrics);
    free(h);
}

bool kube_home_is_in_cluster(const struct kube_home *h)
{
    return h->is_in_cluster;
}
