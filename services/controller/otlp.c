#include "services/controller/otlp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "lib/rpc/dns.h"
#include "lib/rpc/percent.h"
#include "lib/rpc/tls.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.rpc.h"
#include "services/controller/spans.h"

enum {
    BATCH_MAX = 512,
    EVERY_MS = 5000,
    EXPORT_TIMEOUT_MS = 10000,
    FLUSH_MS = 2000,
    AGAIN_FIRST_MS = 1000,
    AGAIN_MAX_MS = 60000,
    REQUEST_MAX_BYTES = 4 * 1024 * 1024,
    HEADERS_MAX_BYTES = 64 * 1024,
};

typedef Opentelemetry__Proto__Collector__Trace__V1__AnyValue OtlpAnyValue;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest
    OtlpExportTraceServiceRequest;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse
    OtlpExportTraceServiceResponse;
typedef Opentelemetry__Proto__Collector__Trace__V1__InstrumentationScope OtlpInstrumentationScope;
typedef Opentelemetry__Proto__Collector__Trace__V1__KeyValue OtlpKeyValue;
typedef Opentelemetry__Proto__Collector__Trace__V1__Resource OtlpResource;
typedef Opentelemetry__Proto__Collector__Trace__V1__ResourceSpans OtlpResourceSpans;
typedef Opentelemetry__Proto__Collector__Trace__V1__ScopeSpans OtlpScopeSpans;
typedef Opentelemetry__Proto__Collector__Trace__V1__Span OtlpSpan;
typedef Opentelemetry__Proto__Collector__Trace__V1__Span__Event OtlpSpanEvent;
#define otlp_(name) opentelemetry__proto__collector__trace__v1__##name
#define SPAN_KIND_INTERNAL                                                                         \
    OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_INTERNAL
#define STATUS_ERROR                                                                               \
    OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR

struct otlp {
    struct loop *loop;
    struct spans *spans;
    struct rpc_tls *tls;
    struct rpc_resolver *resolver;
    struct rpc_channel *channel;
    struct rpc_call *call;
    struct loop_timer *timer;
    struct arena header_mem;
    struct rpc_metadata headers;
    char *service_name, *version;
    unsigned every_ms, again_ms; /* again_ms: 0 while it works */
    struct list sending;         /* the spans of the call under way */
    struct otlp_stats stats;
    void (*flushed)(void *user); /* otlp_flush(): told at flush_by_ms at the latest */
    void *flushed_user;
    uint64_t flush_by_ms;
};

/* ---- options ---- */

static const char *either(const char *traces, const char *all)
{
    const char *v = getenv(traces);

    return v && *v ? v : getenv(all);
}

void otlp_opts_from_env(struct otlp_opts *opts)
{
    const char *insecure =
        either("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE");

    opts->endpoint = either("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
    opts->is_insecure = insecure && strcasecmp(insecure, "true") == 0;
    opts->ca_file =
        either("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE");
    opts->headers = either("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS");
}

/* "host:1", "[::1]:1" */
static bool has_port(const char *host, size_t n)
{
    const char *bracket = memrchr(host, ']', n);

    return memchr(bracket ? bracket : host, ':', n - (bracket ? (size_t)(bracket - host) : 0));
}

/* The target of a channel out of an endpoint. */
static int take_endpoint(const struct otlp_opts *opts, char *ret, size_t n, bool *is_tls,
                         struct err *err)
{
    const char *text = opts->endpoint && *opts->endpoint ? opts->endpoint : "localhost:4317";
    const char *host = strstr(text, "://");
    size_t n_host;

    *is_tls = !opts->is_insecure;
    if (host && host - text == 5 && strncasecmp(text, "https", 5) == 0)
        *is_tls = true;
    else if (host && host - text == 4 && strncasecmp(text, "http", 4) == 0)
        *is_tls = false;
    else if (host)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadEndpoint",
                       "OTEL_EXPORTER_OTLP_ENDPOINT \"%s\": the scheme must be http or https",
                       text);
    host = host ? host + 3 : text;
    n_host = strcspn(host, "/?#");
    if (memchr(host, '@', n_host)) /* a password: not shown */
        return err_set(
            err, RPC_INVALID_ARGUMENT, "BadEndpoint",
            "OTEL_EXPORTER_OTLP_ENDPOINT holds a user: write it as http://host:4317, and "
            "who we are into OTEL_EXPORTER_OTLP_HEADERS");
    if (n_host == 0 || n_host + sizeof("dns::4317") > n)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadEndpoint",
                       "OTEL_EXPORTER_OTLP_ENDPOINT \"%s\": write it as http://host:4317", text);
    (void)snprintf(ret, n, "dns:%.*s%s", (int)n_host, host, has_port(host, n_host) ? "" : ":4317");
    return 0;
}

static int add_header(struct otlp *o, const char *pair, size_t n, struct err *err)
{
    const char *eq = memchr(pair, '=', n);
    char name[256], *value;
    size_t n_name = eq ? (size_t)(eq - pair) : 0;

    while (n_name > 0 && (*pair == ' ' || *pair == '\t')) {
        pair++;
        n--;
        n_name--;
    }
    while (n_name > 0 && pair[n_name - 1] == ' ')
        n_name--;
    if (n_name == 0 || n_name >= sizeof(name))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadHeaders",
                       "OTEL_EXPORTER_OTLP_HEADERS must be key=value,key=value");
    for (size_t i = 0; i < n_name; i++)
        name[i] = (char)(pair[i] >= 'A' && pair[i] <= 'Z' ? pair[i] - 'A' + 'a' : pair[i]);
    name[n_name] = '\0';
    value = arena_alloc(&o->header_mem, n + 1);
    if (!value)
        return err_oom(err);
    n = rpc_percent_decode(eq + 1, (size_t)(pair + n - eq - 1), value);
    return rpc_metadata_add(&o->headers, name, value, n, err);
}

/* Values may be secrets: no message shows them. */
static int take_headers(struct otlp *o, const char *headers, struct err *err)
{
    arena_init(&o->header_mem, HEADERS_MAX_BYTES);
    rpc_metadata_init(&o->headers, &o->header_mem);
    while (headers && *headers) {
        size_t n = strcspn(headers, ",");

        if (n > 0 && add_header(o, headers, n, err) < 0)
            return -1;
        headers += n;
        if (*headers)
            headers++;
    }
    return 0;
}

/* ---- the request ---- */

static OtlpKeyValue *key_value(struct arena *a, const char *key, const char *value)
{
    OtlpKeyValue *kv = arena_alloc(a, sizeof(*kv));
    OtlpAnyValue *v = arena_alloc(a, sizeof(*v));

    if (!kv || !v)
        return NULL;
    otlp_(key_value__init)(kv);
    otlp_(any_value__init)(v);
    v->value_case = OPENTELEMETRY__PROTO__COLLECTOR__TRACE__V1__ANY_VALUE__VALUE_STRING_VALUE;
    v->string_value = (char *)value;
    kv->key = (char *)key;
    kv->value = v;
    return kv;
}

static OtlpKeyValue **attributes(struct arena *a, const struct span_attr *attrs, unsigned n)
{
    OtlpKeyValue **all = arena_alloc(a, (n ? n : 1) * sizeof(OtlpKeyValue *));

    if (!all)
        return NULL;
    for (unsigned i = 0; i < n; i++)
        if (!(all[i] = key_value(a, attrs[i].key, attrs[i].value)))
            return NULL;
    return all;
}

static int put_events(struct arena *a, const struct span *s, OtlpSpan *msg)
{
    msg->events = arena_alloc(a, SPAN_MAX_EVENTS * sizeof(OtlpSpanEvent *));
    if (!msg->events)
        return -1;
    for (unsigned i = 0; i < s->n_events; i++) {
        OtlpSpanEvent *e = arena_alloc(a, sizeof(*e));

        if (!e)
            return -1;
        otlp_(span__event__init)(e);
        e->name = (char *)s->events[i].name;
        e->time_unix_nano = (uint64_t)s->events[i].at_ns;
        e->n_attributes = s->events[i].n_attrs;
        if (!(e->attributes = attributes(a, s->events[i].attrs, s->events[i].n_attrs)))
            return -1;
        msg->events[msg->n_events++] = e;
    }
    return 0;
}

static int put_status(struct arena *a, const struct span *s, OtlpSpan *msg)
{
    if (!s->has_failed)
        return 0;
    msg->status = arena_alloc(a, sizeof(*msg->status));
    if (!msg->status)
        return -1;
    otlp_(status__init)(msg->status);
    msg->status->code = STATUS_ERROR;
    msg->status->message = (char *)(s->problem ? s->problem : "");
    return 0;
}

static bool is_root(const struct span *s)
{
    static const uint8_t none[8];

    return memcmp(s->trace.parent_id, none, sizeof(none)) == 0;
}

static OtlpSpan *span_message(struct arena *a, struct span *s)
{
    OtlpSpan *msg = arena_alloc(a, sizeof(*msg));

    if (!msg)
        return NULL;
    otlp_(span__init)(msg);
    msg->trace_id = (ProtobufCBinaryData){sizeof(s->trace.trace_id), s->trace.trace_id};
    msg->span_id = (ProtobufCBinaryData){sizeof(s->trace.span_id), s->trace.span_id};
    if (!is_root(s))
        msg->parent_span_id = (ProtobufCBinaryData){sizeof(s->trace.parent_id), s->trace.parent_id};
    msg->name = (char *)s->name;
    msg->kind = SPAN_KIND_INTERNAL;
    msg->flags = s->trace.flags;
    msg->start_time_unix_nano = (uint64_t)s->start_ns;
    msg->end_time_unix_nano = (uint64_t)s->end_ns;
    msg->n_attributes = s->n_attrs;
    if (!(msg->attributes = attributes(a, s->attrs, s->n_attrs)) || put_events(a, s, msg) < 0 ||
        put_status(a, s, msg) < 0)
        return NULL;
    return msg;
}

/* The spans of o->sending as one ScopeSpans. */
static OtlpScopeSpans *scope_message(struct otlp *o, struct arena *a)
{
    OtlpScopeSpans *scope = arena_alloc(a, sizeof(*scope));
    OtlpInstrumentationScope *ours = arena_alloc(a, sizeof(*ours));

    if (!scope || !ours)
        return NULL;
    otlp_(scope_spans__init)(scope);
    otlp_(instrumentation_scope__init)(ours);
    ours->name = o->service_name;
    ours->version = o->version;
    scope->scope = ours;
    scope->spans = arena_alloc(a, BATCH_MAX * sizeof(OtlpSpan *));
    if (!scope->spans)
        return NULL;
    LIST_FOREACH(link, &o->sending)
    if (!(scope->spans[scope->n_spans++] = span_message(a, CONTAINER_OF(link, struct span, link))))
        return NULL;
    return scope;
}

/* ---- sending ---- */

static void tell_flushed(struct otlp *o)
{
    void (*fn)(void *user) = o->flushed;

    o->flushed = NULL;
    if (fn)
        fn(o->flushed_user);
}

static void arm(struct otlp *o, uint64_t wait_ms)
{
    uint64_t at = clock_add(loop_now_ms(o->loop), wait_ms);

    loop_timer_arm(o->timer, o->flushed && o->flush_by_ms < at ? o->flush_by_ms : at);
}

static void give_up(struct otlp *o)
{
    struct list *link;

    while ((link = list_pop_front(&o->sending))) {
        o->stats.n_refused++;
        spans_free_span(CONTAINER_OF(link, struct span, link));
    }
}

static void put_all_back(struct otlp *o)
{
    while (!list_is_empty(&o->sending)) {
        struct list *last = o->sending.prev;

        list_remove(last);
        spans_put_back(o->spans, CONTAINER_OF(last, struct span, link));
    }
}

/* OTLP, "Failures". */
static bool is_for_now(int code)
{
    switch (code) {
    case RPC_CANCELLED:
    case RPC_DEADLINE_EXCEEDED:
    case RPC_ABORTED:
    case RPC_OUT_OF_RANGE:
    case RPC_UNAVAILABLE:
    case RPC_DATA_LOSS:
        return true;
    default:
        return false;
    }
}

static void take_answer(struct otlp *o, const OtlpExportTraceServiceResponse *reply)
{
    uint64_t n = 0, refused = 0;
    struct list *link;

    while ((link = list_pop_front(&o->sending))) {
        spans_free_span(CONTAINER_OF(link, struct span, link));
        n++;
    }
    if (reply->partial_success && reply->partial_success->rejected_spans > 0) {
        refused = (uint64_t)reply->partial_success->rejected_spans;
        refused = refused < n ? refused : n;
    }
    o->stats.n_refused += refused;
    o->stats.n_sent += n - refused;
    if (o->again_ms)
        log_info("the collector of traces takes spans again");
    o->again_ms = 0;
}

static void take_failure(struct otlp *o, int code, const char *message)
{
    o->stats.n_failures++;
    if (!o->again_ms)
        log_warn("the collector of traces does not take spans", LOG_S("code", rpc_code_name(code)),
                 LOG_S("error", message));
    if (is_for_now(code))
        put_all_back(o);
    else
        give_up(o);
    o->again_ms = o->again_ms ? o->again_ms * 2 : AGAIN_FIRST_MS;
    if (o->again_ms > AGAIN_MAX_MS)
        o->again_ms = AGAIN_MAX_MS;
}

static void on_exported(struct rpc_call *call _unused_, const ProtobufCMessage *reply,
                        const struct rpc_status *status, void *user)
{
    struct otlp *o = user;

    o->call = NULL;
    if (reply)
        take_answer(o, (const OtlpExportTraceServiceResponse *)reply);
    else
        take_failure(o, status->code, status->message);
    if (o->flushed && (o->again_ms || o->spans->n == 0)) {
        tell_flushed(o);
        return;
    }
    arm(o, o->again_ms ? o->again_ms : o->spans->n >= BATCH_MAX || o->flushed ? 0 : o->every_ms);
}

static int send_batch(struct otlp *o, struct arena *a, struct err *err)
{
    OtlpExportTraceServiceRequest req;
    OtlpResourceSpans all, *all_p = &all;
    OtlpResource resource;
    OtlpScopeSpans *scope;
    struct span_attr about[] = {{"service.name", o->service_name}, {"service.version", o->version}};
    struct rpc_call_opts opts = {.timeout_ms = EXPORT_TIMEOUT_MS, .metadata = &o->headers};

    otlp_(export_trace_service_request__init)(&req);
    otlp_(resource_spans__init)(&all);
    otlp_(resource__init)(&resource);
    resource.n_attributes = ARRAY_SIZE(about);
    resource.attributes = attributes(a, about, ARRAY_SIZE(about));
    scope = scope_message(o, a);
    if (!resource.attributes || !scope)
        return err_oom(err);
    all.resource = &resource;
    all.n_scope_spans = 1;
    all.scope_spans = &scope;
    req.n_resource_spans = 1;
    req.resource_spans = &all_p;
    return opentelemetry_proto_collector_trace_v1_trace_service_export(
        o->channel, &opts, &req, on_exported, o, &o->call, err);
}

static void export_some(struct otlp *o)
{
    struct arena a;
    struct err err;

    for (unsigned i = 0; i < BATCH_MAX; i++) {
        struct span *s = spans_take(o->spans);

        if (!s)
            break;
        list_push_back(&o->sending, &s->link);
    }
    if (list_is_empty(&o->sending))
        return;
    arena_init(&a, REQUEST_MAX_BYTES);
    if (send_batch(o, &a, &err) < 0) {
        take_failure(o, RPC_UNAVAILABLE, err.msg);
        arm(o, o->again_ms);
    }
    arena_done(&a);
}

static void on_timer(struct loop_timer *t _unused_, void *user)
{
    struct otlp *o = user;

    if (o->flushed && loop_now_ms(o->loop) >= o->flush_by_ms)
        tell_flushed(o);
    else if (!o->call)
        export_some(o);
}

/* From inside a step: only the timer is moved. */
static void on_ended(void *user)
{
    struct otlp *o = user;

    if (o->call || o->again_ms)
        return;
    if (o->spans->n == 1)
        arm(o, o->every_ms);
    else if (o->spans->n == BATCH_MAX)
        arm(o, 0);
}

void otlp_flush(struct otlp *o, void (*done)(void *user), void *user)
{
    o->flushed = done;
    o->flushed_user = user;
    o->flush_by_ms = clock_add(loop_now_ms(o->loop), FLUSH_MS);
    if (!o->call && o->spans->n == 0)
        o->flush_by_ms = 0; /* nothing to wait for: told in the next turn */
    arm(o, o->call ? FLUSH_MS : 0);
}

/* ---- making one ---- */

static int connect_to(struct otlp *o, const struct otlp_opts *opts, struct err *err)
{
    struct rpc_tls_opts tls = {.ca_file = opts->ca_file, .allow_tls12 = true};
    struct rpc_channel_opts channel = {.backoff_max_ms = AGAIN_MAX_MS};
    char target[300];
    bool is_tls;

    if (take_endpoint(opts, target, sizeof(target), &is_tls, err) < 0 ||
        (is_tls && rpc_tls_new(&o->tls, &tls, err) < 0) ||
        rpc_dns_new(&o->resolver, o->loop, NULL, err) < 0)
        return -1;
    channel.tls = o->tls;
    channel.resolver = o->resolver;
    return rpc_channel_new(&o->channel, o->loop, target, &channel, err);
}

int otlp_new(struct otlp **ret, struct loop *loop, struct spans *spans,
             const struct otlp_opts *opts, struct err *err)
{
    _cleanup_(otlp_freep) struct otlp *o = calloc(1, sizeof(*o));

    if (!o)
        return err_oom(err);
    o->loop = loop;
    o->spans = spans;
    o->every_ms = opts->every_ms ? opts->every_ms : EVERY_MS;
    list_init(&o->sending);
    o->service_name = strdup(opts->service_name);
    o->version = strdup(opts->version ? opts->version : "");
    if (!o->service_name || !o->version)
        return err_oom(err);
    if (take_headers(o, opts->headers, err) < 0 || connect_to(o, opts, err) < 0 ||
        loop_timer_new(&o->timer, loop, on_timer, o, err) < 0)
        return -1;
    spans->on_ended = on_ended;
    spans->on_ended_user = o;
    if (spans->n > 0)
        arm(o, o->every_ms);
    *ret = o;
    o = NULL;
    return 0;
}

void otlp_free(struct otlp *o)
{
    if (!o)
        return;
    if (o->call)
        rpc_call_abandon(o->call);
    give_up(o);
    if (o->spans->on_ended_user == o)
        o->spans->on_ended = NULL;
    rpc_channel_free(o->channel);
    rpc_dns_free(o->resolver);
    rpc_tls_free(o->tls);
    loop_timer_free(o->timer);
    arena_done(&o->header_mem);
    free(o->service_name);
    free(o->version);
    free(o);
}

void otlp_stats(const struct otlp *o, struct otlp_stats *ret)
{
    *ret = o->stats;
}
