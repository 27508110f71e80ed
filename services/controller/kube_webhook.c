/*
 * One request to the API server at a time; its answer moves the state, as the table `moves` allows:
 *
 *     SECRET -> MAKE, ROTATE -> SECRET        until there is a Secret that is not due
 *     SECRET -> CRD_READ -> CRD_PATCH -> …    each of the four in turn
 *            -> SETTLE -> WAIT -> SECRET      serve it; look again
 *
 * Whatever fails is logged when it is new and tried again after a while, from SECRET.
 */
#include "services/controller/kube_webhook.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "lib/api/kinds.h"
#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/http/http1_listen.h"
#include "lib/http/http1_tls.h"
#include "lib/loop/loop.h"
#include "services/controller/convert_review.h"
#include "services/controller/kube_certs.h"
#include "services/controller/kube_pem.h"

#define SECRET_NAME        "agent-sandbox-webhook-certs"
#define CONTROLLER_SERVICE "agent-sandbox-controller"

enum {
    MAX_HELD = 128 * 1024 * 1024, /* bodies and answers of all connections */
    RETRY_MS = 1000,
    CRD_AGAIN_MS = 10 * 60 * 1000, /* somebody may have replaced a CRD as a whole */
};

enum hook_state {
    HOOK_SECRET,
    HOOK_MAKE,
    HOOK_ROTATE,
    HOOK_CRD_READ,
    HOOK_CRD_PATCH,
    HOOK_SETTLE,
    HOOK_WAIT,
    HOOK_N,
};

static const char *const state_names[HOOK_N] = {
    "secret", "make", "rotate", "crd-read", "crd-patch", "settle", "wait",
};

#define TO(s) (1u << (s))
static const unsigned moves[HOOK_N] = {
    [HOOK_SECRET] = TO(HOOK_MAKE) | TO(HOOK_ROTATE) | TO(HOOK_CRD_READ) | TO(HOOK_WAIT),
    [HOOK_MAKE] = TO(HOOK_SECRET) | TO(HOOK_WAIT),
    [HOOK_ROTATE] = TO(HOOK_SECRET) | TO(HOOK_WAIT),
    [HOOK_CRD_READ] = TO(HOOK_CRD_READ) | TO(HOOK_CRD_PATCH) | TO(HOOK_SETTLE) | TO(HOOK_WAIT),
    [HOOK_CRD_PATCH] = TO(HOOK_CRD_READ) | TO(HOOK_SETTLE) | TO(HOOK_WAIT),
    [HOOK_SETTLE] = TO(HOOK_WAIT),
    [HOOK_WAIT] = TO(HOOK_SECRET),
};

struct kube_webhook {
    struct loop *loop;
    struct kube_webhook_opts opts;
    struct kube_certs_names names;
    struct http1_tls *tls;
    struct http1_server *server;
    struct http1_listener *listener;
    struct loop_timer *timer;
    struct kube_call *call;

    enum hook_state state;
    struct kube_certs serving, found; /* found: of the Secret as read last */
    size_t crd;                       /* which of the four is at hand      */
    bool is_ready, has_patched;
    uint64_t crds_done_ms; /* when all four were right last; 0: never */
    char trouble[ERR_REASON_MAX];

    struct metric *m_reviews, *m_objects, *m_expiry;
};

static const struct kube_resource secrets = {"v1", "secrets", "Secret", false};
static const struct kube_resource crds = {"apiextensions.k8s.io/v1", "customresourcedefinitions",
                                          "CustomResourceDefinition", true};

static const struct metric_desc descs[] = {
    {.name = "agent_sandbox_conversion_reviews_total",
     .help = "Conversion reviews answered, by result",
     .type = METRIC_COUNTER,
     .labels = {"result"}},
    {.name = "agent_sandbox_converted_objects_total",
     .help = "Objects in conversion reviews",
     .type = METRIC_COUNTER},
    {.name = "agent_sandbox_webhook_certificate_not_after_seconds",
     .help = "When the served certificate expires, in seconds of Unix time",
     .type = METRIC_GAUGE},
};

static int64_t wall_s(void)
{
    return (int64_t)(clock_realtime_ns() / 1000000000u);
}

/* ---- requests of the API server ---- */

static void count_review(struct kube_webhook *w, const char *result, size_t n_objects)
{
    if (!w->opts.metrics)
        return;
    metric_inc(metric_with(w->m_reviews, &result));
    metric_add(metric_with(w->m_objects, NULL), (double)n_objects);
}

static void answer_convert(struct kube_webhook *w, const struct http1_request *req,
                           struct http1_reply *reply)
{
    struct err err;
    size_t n = 0;

    reply->content_type = "application/json";
    if (convert_review(req->body, req->n_body, &reply->body, &n, &err) == 0) {
        count_review(w, "answered", n);
        return;
    }
    count_review(w, "refused", n);
    reply->status = err.code == RPC_INVALID_ARGUMENT ? 400 : 503;
    reply->content_type = "text/plain; charset=utf-8";
    buf_clear(&reply->body);
    (void)buf_appendf(&reply->body, NULL, "%s\n", err.msg); /* the status says it too */
}

static void on_request(const struct http1_request *req, struct http1_reply *reply, void *user)
{
    const char *why = NULL;

    if (strcmp(req->path, "/convert") != 0) {
        reply->status = 404;
        why = "here is only /convert\n";
    } else if (strcmp(req->method, "POST") != 0) {
        reply->status = 405;
        why = "/convert takes a ConversionReview by POST\n";
    }
    if (why)
        (void)buf_append_str(&reply->body, why, NULL);
    else
        answer_convert(user, req, reply);
}

/* ---- state ---- */

static void enter(struct kube_webhook *w, enum hook_state to, uint64_t wait_ms)
{
    if (!(moves[w->state] & TO(to)))
        abort();
    log_debug("webhook", LOG_S("from", state_names[w->state]), LOG_S("to", state_names[to]));
    w->state = to;
    loop_timer_arm(w->timer, clock_add(loop_now_ms(w->loop), wait_ms));
}

static void go_on(struct kube_webhook *w, enum hook_state to)
{
    enter(w, to, 0);
}

/* Logged once per kind of trouble; looked at again soon. */
static void trouble(struct kube_webhook *w, const struct err *err)
{
    if (strcmp(w->trouble, err->reason) != 0) {
        (void)snprintf(w->trouble, sizeof(w->trouble), "%s", err->reason);
        log_warn("the webhook's certificates are not in order, trying again", LOG_ERR(err));
    }
    enter(w, HOOK_WAIT, RETRY_MS);
}

/* A read-only root is no reason to fail: /convert serves from memory. */
static void write_files(struct kube_webhook *w)
{
    const struct kube_options *o = w->opts.options;
    struct err err;

    if (!o->manage_certs || !o->cert_dir[0])
        return;
    if (kube_pem_write(&w->serving, o, &err) < 0)
        log_debug("cannot write the certificate's files, going on", LOG_ERR(&err));
}

static void serve(struct kube_webhook *w, struct kube_certs *c)
{
    char until[32];
    struct err err;

    if (http1_tls_set(w->tls, c->cert_pem, c->key_pem, &err) < 0) {
        log_error("cannot serve the new certificate, the old one stays", LOG_ERR(&err));
        return;
    }
    kube_certs_done(&w->serving);
    w->serving = *c;
    *c = (struct kube_certs){0};
    if (w->opts.metrics && w->serving.not_after_s > 0)
        metric_set(metric_with(w->m_expiry, NULL), (double)w->serving.not_after_s);
    clock_format_rfc3339(w->serving.not_after_s, until, sizeof(until));
    log_info("serving /convert", LOG_U("port", http1_listener_port(w->listener)),
             LOG_S("certificate_until", until));
    write_files(w);
    if (w->opts.changed)
        w->opts.changed(w->opts.user);
}

/* ---- the Secret ---- */

static void ask(struct kube_webhook *w, const struct kube_request *req, kube_done_fn done)
{
    struct err err;

    if (kube_call(&w->call, w->opts.client, req, done, w, &err) < 0) {
        w->call = NULL;
        trouble(w, &err);
    }
}

static bool is_reason(const struct kube_result *res, int code)
{
    return res->err && res->err->code == code;
}

/* What cannot be made for want of a place for it: asking again at once would be refused at once. */
static void no_namespace(struct kube_webhook *w)
{
    struct err err;

    (void)err_set(&err, RPC_FAILED_PRECONDITION, "NamespaceMissing",
                  "there is no namespace %s for the Secret %s: apply the manifests, or give the "
                  "namespace of the webhook's Service as --webhook-namespace",
                  w->names.ns, SECRET_NAME);
    trouble(w, &err);
}

/* Made or changed, or somebody else was faster: what the Secret says now counts. */
static void on_secret_written(const struct kube_result *res, void *user)
{
    struct kube_webhook *w = user;

    w->call = NULL;
    if (w->state == HOOK_MAKE && is_reason(res, RPC_NOT_FOUND))
        no_namespace(w);
    else if (res->err && !is_reason(res, RPC_ALREADY_EXISTS) && !is_reason(res, RPC_ABORTED) &&
             !is_reason(res, RPC_NOT_FOUND))
        trouble(w, res->err);
    else
        go_on(w, HOOK_SECRET);
}

static json_t *new_secret(struct kube_webhook *w, struct err *err)
{
    struct kube_certs c = {0};
    json_t *data, *secret;

    if (kube_certs_make(&c, &w->names, wall_s(), err) < 0)
        return NULL;
    data = kube_certs_data(&c, err);
    kube_certs_done(&c);
    if (!data)
        return NULL;
    secret = json_pack("{s:s, s:s, s:{s:s, s:s}, s:s, s:o}", "apiVersion", "v1", "kind", "Secret",
                       "metadata", "name", SECRET_NAME, "namespace", w->names.ns, "type", "Opaque",
                       "data", data);
    if (!secret)
        (void)err_oom(err);
    return secret;
}

static void make_secret(struct kube_webhook *w)
{
    struct err err;
    _cleanup_json_ json_t *secret = new_secret(w, &err);
    const struct kube_request req = {.method = KUBE_POST,
                                     .resource = &secrets,
                                     .ns = w->names.ns,
                                     .body = secret,
                                     .lane = KUBE_LANE_REST};

    if (!secret) {
        trouble(w, &err);
        return;
    }
    if (!w->trouble[0]) /* else said already */
        log_info("making the webhook's certificates", LOG_S("secret", SECRET_NAME),
                 LOG_S("namespace", w->names.ns));
    ask(w, &req, on_secret_written);
}

static json_t *rotation(struct kube_webhook *w, const char *version, struct err *err)
{
    struct kube_certs c = {0};
    json_t *data = NULL, *patch = NULL;

    if (kube_certs_make(&c, &w->names, wall_s(), err) == 0 &&
        kube_certs_add_cas(&c, w->found.ca_pem, wall_s(), err) == 0)
        data = kube_certs_data(&c, err);
    kube_certs_done(&c);
    if (!data)
        return NULL;
    patch = json_pack("{s:{s:s}, s:o}", "metadata", "resourceVersion", version, "data", data);
    if (!patch)
        (void)err_oom(err);
    return patch;
}

/* With the resourceVersion that was read: of several replicas one wins. */
static void rotate(struct kube_webhook *w, const char *version)
{
    struct err err;
    _cleanup_json_ json_t *patch = rotation(w, version, &err);
    const struct kube_request req = {.method = KUBE_PATCH,
                                     .resource = &secrets,
                                     .ns = w->names.ns,
                                     .name = SECRET_NAME,
                                     .body = patch,
                                     .lane = KUBE_LANE_REST};

    go_on(w, HOOK_ROTATE);
    if (!patch) {
        trouble(w, &err);
        return;
    }
    log_info("the webhook's certificate nears its end: making a new one",
             LOG_S("secret", SECRET_NAME));
    loop_timer_disarm(w->timer);
    ask(w, &req, on_secret_written);
}

static bool crds_are_due(const struct kube_webhook *w)
{
    return w->crds_done_ms == 0 || loop_now_ms(w->loop) - w->crds_done_ms >= CRD_AGAIN_MS;
}

/* The first one: the CRDs may know its CA already, and are told of it in a moment. */
static void serve_at_once(struct kube_webhook *w, const json_t *secret)
{
    struct kube_certs c = {0};

    if (!w->serving.cert_pem && kube_certs_read(&c, secret, NULL) == 0)
        serve(w, &c);
    kube_certs_done(&c);
}

static void use_secret(struct kube_webhook *w, const json_t *secret)
{
    struct err err;

    kube_certs_done(&w->found);
    if (kube_certs_read(&w->found, secret, &err) < 0) {
        if (!w->serving.cert_pem)
            w->opts.failed(&err, w->opts.user);
        trouble(w, &err);
        return;
    }
    serve_at_once(w, secret);
    if (kube_certs_is_due(&w->found, &w->names, wall_s())) {
        rotate(w, meta_str(secret, "metadata.resourceVersion", ""));
        return;
    }
    if (kube_certs_same(&w->found, &w->serving) && !crds_are_due(w)) {
        w->trouble[0] = '\0';
        enter(w, HOOK_WAIT, KUBE_WEBHOOK_POLL_MS);
        return;
    }
    w->crd = 0;
    go_on(w, HOOK_CRD_READ);
}

static void on_secret_read(const struct kube_result *res, void *user)
{
    struct kube_webhook *w = user;

    w->call = NULL;
    if (is_reason(res, RPC_NOT_FOUND))
        go_on(w, HOOK_MAKE);
    else if (res->err)
        trouble(w, res->err);
    else
        use_secret(w, res->body);
}

static void read_secret(struct kube_webhook *w)
{
    const struct kube_request req = {.method = KUBE_GET,
                                     .resource = &secrets,
                                     .ns = w->names.ns,
                                     .name = SECRET_NAME,
                                     .lane = KUBE_LANE_REST};

    ask(w, &req, on_secret_read);
}

/* ---- the CRDs ---- */

static const char *crd_name(const struct kube_webhook *w, char ret[128])
{
    const struct api_kind *k = &api_kinds[w->crd];

    (void)snprintf(ret, 128, "%s.%s", k->plural, k->group);
    return ret;
}

static void next_crd(struct kube_webhook *w)
{
    if (++w->crd < API_N_KINDS) {
        go_on(w, HOOK_CRD_READ);
        return;
    }
    w->crds_done_ms = MAX(loop_now_ms(w->loop), 1u);
    w->trouble[0] = '\0';
    /* API servers learn of a new CA a moment later, whichever replica told it. */
    if (w->has_patched || !kube_certs_same(&w->serving, &w->found))
        enter(w, HOOK_SETTLE, KUBE_WEBHOOK_SETTLE_MS);
    else
        enter(w, HOOK_SETTLE, 0);
}

static void on_crd_patched(const struct kube_result *res, void *user)
{
    struct kube_webhook *w = user;

    w->call = NULL;
    if (res->err && !is_reason(res, RPC_NOT_FOUND))
        trouble(w, res->err);
    else
        next_crd(w);
}

static json_t *client_config(const struct kube_webhook *w, const char *bundle)
{
    return json_pack("{s:{s:s, s:s, s:s}, s:s}", "service", "name", w->names.service, "namespace",
                     w->names.ns, "path", "/convert", "caBundle", bundle);
}

/* The Secret's CAs and, as long as another certificate is served, its CA: base64. */
static char *make_bundle(const struct kube_webhook *w)
{
    struct kube_certs all = {.ca_pem = strdup(w->found.ca_pem)};
    char *text = NULL;
    size_t n;

    if (all.ca_pem &&
        (!w->serving.ca_pem || kube_certs_add_cas(&all, w->serving.ca_pem, wall_s(), NULL) == 0)) {
        n = strlen(all.ca_pem);
        text = malloc(bytes_base64_len(n) + 1);
        if (text)
            (void)bytes_base64(all.ca_pem, n, true, text);
    }
    free(all.ca_pem);
    return text;
}

/* What the CRD says now and what it shall say, as a merge patch; {} when it says so already. NULL:
 * out of memory. */
static json_t *crd_patch(const struct kube_webhook *w, const json_t *crd, struct err *err)
{
    static const char path[] = "spec.conversion.webhook";
    _cleanup_(freep) char *bundle = make_bundle(w);
    json_t *config = bundle ? client_config(w, bundle) : NULL, *patch = json_object();
    const json_t *now = meta_get(crd, "spec.conversion.webhook.clientConfig");
    const char *said = meta_str(now, "caBundle", "");
    bool is_right =
        config && strcmp(said, bundle) == 0 &&
        meta_same(meta_get(now, "service.name"), meta_get(config, "service.name"), NULL) == 1 &&
        meta_same(meta_get(now, "service.namespace"), meta_get(config, "service.namespace"),
                  NULL) == 1 &&
        meta_same(meta_get(now, "service.path"), meta_get(config, "service.path"), NULL) == 1;

    if (!config || !patch) {
        json_decref(config);
        json_decref(patch);
        (void)err_oom(err);
        return NULL;
    }
    if (is_right) {
        json_decref(config);
        return patch;
    }
    if (meta_set(patch, "spec.conversion.webhook.clientConfig", config, err) < 0 ||
        (!meta_get(meta_get(crd, path), "conversionReviewVersions") &&
         meta_set(patch, "spec.conversion.webhook.conversionReviewVersions",
                  json_pack("[s, s]", "v1", "v1beta1"), err) < 0)) {
        json_decref(patch);
        return NULL;
    }
    return patch;
}

static void patch_crd(struct kube_webhook *w, const json_t *crd)
{
    char name[128];
    struct err err;
    _cleanup_json_ json_t *patch = crd_patch(w, crd, &err);
    const struct kube_request req = {.method = KUBE_PATCH,
                                     .resource = &crds,
                                     .name = crd_name(w, name),
                                     .body = patch,
                                     .lane = KUBE_LANE_REST};

    if (!patch) {
        trouble(w, &err);
    } else if (json_object_size(patch) == 0) {
        next_crd(w);
    } else {
        go_on(w, HOOK_CRD_PATCH);
        w->has_patched = true;
        loop_timer_disarm(w->timer);
        log_info("telling a CRD of the webhook's CA", LOG_S("crd", name));
        ask(w, &req, on_crd_patched);
    }
}

static void on_crd_read(const struct kube_result *res, void *user)
{
    struct kube_webhook *w = user;

    w->call = NULL;
    if (is_reason(res, RPC_NOT_FOUND))
        next_crd(w);
    else if (res->err)
        trouble(w, res->err);
    else if (strcmp(meta_str(res->body, "spec.conversion.strategy", "None"), "Webhook") != 0)
        next_crd(w);
    else
        patch_crd(w, res->body);
}

static void read_crd(struct kube_webhook *w)
{
    char name[128];
    const struct kube_request req = {
        .method = KUBE_GET, .resource = &crds, .name = crd_name(w, name), .lane = KUBE_LANE_REST};

    ask(w, &req, on_crd_read);
}

/* ---- files ---- */

static int read_files(struct kube_webhook *w, struct err *err)
{
    struct kube_certs c = {0};
    int r = kube_pem_read(&c, w->opts.options, err);

    if (r == 0 && !kube_certs_same(&c, &w->serving)) {
        r = http1_tls_set(w->tls, c.cert_pem, c.key_pem, err);
        if (r == 0)
            serve(w, &c);
    }
    kube_certs_done(&c);
    w->is_ready = w->serving.cert_pem != NULL;
    return r;
}

/* ---- the round ---- */

static void on_files_timer(struct kube_webhook *w)
{
    struct err err;

    if (read_files(w, &err) == 0)
        w->trouble[0] = '\0';
    else if (strcmp(w->trouble, err.reason) != 0) {
        (void)snprintf(w->trouble, sizeof(w->trouble), "%s", err.reason);
        log_warn("cannot read the webhook's certificate, the old one stays", LOG_ERR(&err));
    }
    loop_timer_arm(w->timer, clock_add(loop_now_ms(w->loop), KUBE_WEBHOOK_POLL_MS));
}

/* The CRDs are half a megabyte each, and are not looked at again for a while. */
static void give_memory_back(void)
{
    (void)malloc_trim(0);
}

static void settle(struct kube_webhook *w)
{
    w->is_ready = true;
    w->has_patched = false;
    give_memory_back();
    if (!kube_certs_same(&w->serving, &w->found))
        serve(w, &w->found);
    enter(w, HOOK_WAIT, KUBE_WEBHOOK_POLL_MS);
}

static void step(struct kube_webhook *w)
{
    switch (w->state) {
    case HOOK_SECRET:
        read_secret(w);
        break;
    case HOOK_MAKE:
        make_secret(w);
        break;
    case HOOK_CRD_READ:
        read_crd(w);
        break;
    case HOOK_SETTLE:
        settle(w);
        break;
    case HOOK_WAIT:
        go_on(w, HOOK_SECRET);
        break;
    case HOOK_ROTATE: /* these wait for an answer */
    case HOOK_CRD_PATCH:
    case HOOK_N:
        break;
    }
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct kube_webhook *w = user;

    (void)t;
    if (w->opts.options->manage_certs)
        step(w);
    else
        on_files_timer(w);
}

static int add_metrics(struct kube_webhook *w, struct err *err)
{
    if (!w->opts.metrics)
        return 0;
    if (metrics_add(w->opts.metrics, &descs[0], &w->m_reviews, err) < 0 ||
        metrics_add(w->opts.metrics, &descs[1], &w->m_objects, err) < 0)
        return -1;
    return metrics_add(w->opts.metrics, &descs[2], &w->m_expiry, err);
}

static int listen_on(struct kube_webhook *w, struct err *err)
{
    const struct http1_server_opts opts = {.handler = on_request,
                                           .user = w,
                                           .max_body = LIMIT_REVIEW,
                                           .max_reply = LIMIT_REVIEW_ANSWER,
                                           .max_held = MAX_HELD,
                                           .wrap = http1_tls_wrap(w->tls)};
    char address[32];

    (void)snprintf(address, sizeof(address), ":%u", (unsigned)w->opts.options->webhook_port);
    if (http1_server_new_opts(&w->server, w->loop, &opts, err) < 0)
        return -1;
    return http1_listen(&w->listener, w->loop, address, w->server, err) < 0
               ? err_wrap(err, "--webhook-port")
               : 0;
}

int kube_webhook_new(struct kube_webhook **ret, struct loop *loop,
                     const struct kube_webhook_opts *opts, struct err *err)
{
    _cleanup_(kube_webhook_freep) struct kube_webhook *w = calloc(1, sizeof(*w));
    const struct kube_options *o = opts->options;

    if (!w)
        return err_oom(err);
    w->loop = loop;
    w->opts = *opts;
    w->names = (struct kube_certs_names){.service = o->webhook_service,
                                         .ns = o->webhook_namespace,
                                         .cluster_domain = o->cluster_domain,
                                         .also = CONTROLLER_SERVICE};
    if (add_metrics(w, err) < 0 || http1_tls_new(&w->tls, err) < 0 || listen_on(w, err) < 0 ||
        loop_timer_new(&w->timer, loop, on_timer, w, err) < 0)
        return -1;
    if (!o->manage_certs && read_files(w, err) < 0)
        return err_wrap(err, "--manage-webhook-certs=false");
    loop_timer_arm(w->timer,
                   o->manage_certs ? loop_now_ms(loop) : loop_now_ms(loop) + KUBE_WEBHOOK_POLL_MS);
    *ret = TAKE_PTR(w);
    return 0;
}

void kube_webhook_free(struct kube_webhook *w)
{
    if (!w)
        return;
    kube_call_cancel(w->call);
    loop_timer_free(w->timer);
    http1_listener_free(w->listener);
    http1_server_free(w->server);
    http1_tls_free(w->tls);
    kube_certs_done(&w->serving);
    kube_certs_done(&w->found);
    free(w);
}

bool kube_webhook_is_ready(const struct kube_webhook *w)
{
    return w->is_ready && w->serving.cert_pem;
}
