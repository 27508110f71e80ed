#include "services/controller/template_service.h"

#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/template.rpc.h"
#include "lib/api/convert.h"
#include "lib/base/limits.h"
#include "services/controller/apply.h"
#include "services/controller/cause.h"
#include "services/controller/watch_stream.h"

enum {
    PAGE_DEFAULT = 100,
    PAGE_MAX = 1000,
    /* Of JSON in one page: with the next object it still is a message that clients take. */
    PAGE_MAX_BYTES = LIMIT_RPC_MESSAGE - 2 * LIMIT_OBJECT,
    MAX_EVENTS = 64,
    MAX_CONFLICTS = 8,
};

struct template_service {
    struct ctl *c;
    struct watch_streams watches;
};

static const char *ns_of(const char *ns)
{
    return *ns ? ns : "default";
}

static void fail_oom(struct rpc_call *call)
{
    struct err err;

    (void)err_oom(&err);
    rpc_call_fail(call, &err);
}

/* ---- Apply ---- */

struct apply_call {
    struct template_service *s;
    struct rpc_call *rpc;
    const Agentsandbox__V1__ApplyRequest *req; /* lives as long as the call */
    struct apply apply;
    size_t n_done; /* items whose write has ended */
    unsigned n_conflicts;
    Agentsandbox__V1__ApplyOutcome outcomes[LIMIT_MANIFEST_DOCS];
};

static char **warning_lines(struct buf *warnings, size_t *n, struct arena *a)
{
    const char *text = buf_cstr(warnings, NULL);
    size_t max = 1;
    char **lines, *copy, *state = NULL;

    *n = 0;
    for (const char *p = text; p && *p; p++)
        max += *p == '\n';
    lines = arena_alloc(a, max * sizeof(char *));
    copy = arena_strdup(a, text ? text : "");
    if (!lines || !copy)
        return NULL;
    for (char *line = strtok_r(copy, "\n", &state); line && *n < max;
         line = strtok_r(NULL, "\n", &state))
        lines[(*n)++] = line;
    return lines;
}

static Agentsandbox__V1__ApplyOutcome outcome(const struct apply_item *it, uint64_t version)
{
    if (!it->old)
        return AGENTSANDBOX__V1__APPLY_OUTCOME__APPLY_OUTCOME_CREATED;
    if (version == it->old->resource_version)
        return AGENTSANDBOX__V1__APPLY_OUTCOME__APPLY_OUTCOME_UNCHANGED;
    return AGENTSANDBOX__V1__APPLY_OUTCOME__APPLY_OUTCOME_CONFIGURED;
}

static void apply_reply(struct apply_call *ctx)
{
    Agentsandbox__V1__ApplyResponse reply = AGENTSANDBOX__V1__APPLY_RESPONSE__INIT;
    struct arena *a = rpc_call_arena(ctx->rpc);

    reply.objects = arena_alloc(a, (ctx->apply.n + 1) * sizeof(*reply.objects));
    for (size_t i = 0; reply.objects && i < ctx->apply.n; i++) {
        struct apply_item *it = &ctx->apply.items[i];
        Agentsandbox__V1__AppliedObject *o = arena_alloc(a, sizeof(*o));

        if (!o)
            break;
        agentsandbox__v1__applied_object__init(o);
        o->api_version = (char *)it->api_version;
        o->kind = (char *)it->kind;
        o->namespace_ = (char *)it->ns;
        o->name = (char *)it->name;
        o->outcome = ctx->outcomes[i];
        o->warnings = warning_lines(&it->warnings, &o->n_warnings, a);
        if (!o->warnings)
            break;
        reply.objects[reply.n_objects++] = o;
    }
    if (reply.n_objects < ctx->apply.n)
        fail_oom(ctx->rpc);
    else
        agentsandbox_v1_template_service_apply_reply(ctx->rpc, &reply);
}

static void write_next(struct apply_call *ctx);

/* Somebody wrote one of the objects meanwhile: laid over it anew. What is done stays done. */
static void begin_again(struct apply_call *ctx)
{
    struct err err;

    apply_done(&ctx->apply);
    if (apply_prepare(&ctx->apply, ctx->s->c->store, ctx->req, &err) < 0)
        rpc_call_fail(ctx->rpc, &err);
    else
        write_next(ctx);
}

static void refuse_write(struct apply_call *ctx, const struct store_result *res)
{
    const Agentsandbox__V1__Manifest *m = ctx->req->manifests[ctx->n_done + res->failed];
    struct err err = *res->err;

    if (*m->origin)
        (void)err_wrap(&err, "%.100s", m->origin);
    rpc_call_fail(ctx->rpc, &err);
}

static void on_applied(const struct store_result *res, void *user)
{
    struct apply_call *ctx = user;

    if (res->err && (res->err->code == RPC_ABORTED || res->err->code == RPC_ALREADY_EXISTS) &&
        ctx->n_conflicts++ < MAX_CONFLICTS) {
        begin_again(ctx);
        return;
    }
    if (res->err) {
        refuse_write(ctx, res);
        return;
    }
    for (size_t i = 0; i < res->n_objects; i++, ctx->n_done++)
        ctx->outcomes[ctx->n_done] =
            outcome(&ctx->apply.items[ctx->n_done], res->objects[i]->resource_version);
    if (ctx->n_done < ctx->apply.n)
        write_next(ctx);
    else
        apply_reply(ctx);
}

static void write_next(struct apply_call *ctx)
{
    struct store_op ops[STORE_MAX_OPS];
    struct err err;
    size_t n = 0;

    while (n < STORE_MAX_OPS && ctx->n_done + n < ctx->apply.n) {
        const struct apply_item *it = &ctx->apply.items[ctx->n_done + n];

        ops[n++] = (struct store_op){
            .type = it->old ? STORE_UPDATE : STORE_CREATE,
            .kind = it->kind,
            .ns = it->ns,
            .name = it->name,
            .object = it->object,
            .uid = it->old ? it->old->uid : NULL,
            .resource_version = it->old ? it->old->resource_version : 0,
        };
    }
    if (store_write(ctx->s->c->store, ops, n, on_applied, ctx, &err) < 0)
        rpc_call_fail(ctx->rpc, &err);
}

static void on_apply_done(struct rpc_call *call _unused_, const struct rpc_status *status _unused_,
                          void *user)
{
    struct apply_call *ctx = user;

    store_forget(ctx->s->c->store, ctx); /* what was begun is stored all the same */
    apply_done(&ctx->apply);
}

static const struct rpc_msg_ops apply_ops = {.on_done = on_apply_done};

static void dry_outcomes(struct apply_call *ctx)
{
    for (size_t i = 0; i < ctx->apply.n; i++) {
        const struct apply_item *it = &ctx->apply.items[i];
        bool same = it->old &&
                    obj_equal(obj_get(it->object, "spec"), obj_get(it->old->json, "spec")) &&
                    obj_equal(obj_get(it->object, "metadata.labels"),
                              obj_get(it->old->json, "metadata.labels")) &&
                    obj_equal(obj_get(it->object, "metadata.annotations"),
                              obj_get(it->old->json, "metadata.annotations"));

        ctx->outcomes[i] = outcome(it, same ? it->old->resource_version : 0);
    }
}

static void on_apply(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__ApplyRequest *req = (const Agentsandbox__V1__ApplyRequest *)request;
    struct apply_call *ctx = arena_zalloc(rpc_call_arena(call), sizeof(*ctx));
    struct err err;

    if (!ctx) {
        fail_oom(call);
        return;
    }
    ctx->s = user;
    ctx->rpc = call;
    ctx->req = req;
    if (apply_prepare(&ctx->apply, ctx->s->c->store, req, &err) < 0) {
        rpc_call_fail(call, &err);
        return;
    }
    agentsandbox_v1_template_service_apply_accept(call, &apply_ops, ctx);
    if (req->dry_run || ctx->apply.n == 0) {
        dry_outcomes(ctx);
        apply_reply(ctx);
    } else {
        write_next(ctx);
    }
}

/* ---- reading ---- */

static const struct api_kind *need_kind(const char *word, struct err *err)
{
    const struct api_kind *kind = api_kind_find(word);

    if (!kind)
        (void)err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                      "kind: \"%.64s\" is none: SandboxTemplate, SandboxWarmPool, SandboxClaim or "
                      "Sandbox",
                      word);
    return kind;
}

static int need_version(const char *word, enum api_version *ret, struct err *err)
{
    *ret = strcmp(word, "v1alpha1") == 0 ? API_V1ALPHA1 : API_V1BETA1;
    if (*word && strcmp(word, "v1beta1") != 0 && *ret == API_V1BETA1)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "version: \"%.32s\" is none: v1alpha1 or v1beta1", word);
    return 0;
}

/* The object as JSON text in the arena; NULL with *err. */
static Agentsandbox__V1__Object *to_object(const struct store_object *o, enum api_version version,
                                           struct arena *a, struct err *err)
{
    _cleanup_(json_decrefp) json_t *converted = convert_object(o->json, version, err);
    _cleanup_(freep) char *text = NULL;
    Agentsandbox__V1__Object *m;

    if (!converted)
        return NULL;
    text = json_dumps(converted, JSON_COMPACT);
    m = arena_alloc(a, sizeof(*m));
    if (!text || !m) {
        (void)err_oom(err);
        return NULL;
    }
    agentsandbox__v1__object__init(m);
    m->json.len = strlen(text);
    m->json.data = (uint8_t *)arena_memdup(a, text, m->json.len);
    if (!m->json.data) {
        (void)err_oom(err);
        return NULL;
    }
    return m;
}

static int put_events(Agentsandbox__V1__GetResponse *reply, const struct list *events,
                      struct arena *a)
{
    reply->events = arena_alloc(a, MAX_EVENTS * sizeof(*reply->events));
    if (!reply->events)
        return -1;
    LIST_FOREACH(it, events)
    {
        const struct event *from = CONTAINER_OF(it, struct event, link);
        Agentsandbox__V1__Event *to = arena_alloc(a, sizeof(*to));

        if (!to || reply->n_events == MAX_EVENTS)
            return to ? 0 : -1;
        agentsandbox__v1__event__init(to);
        to->type = (char *)(from->is_warning ? "Warning" : "Normal");
        to->reason = (char *)from->reason;
        to->message = (char *)from->message;
        to->count = (int32_t)from->count;
        to->first_time = cause_timestamp(from->first_s, a);
        to->last_time = cause_timestamp(from->last_s, a);
        reply->events[reply->n_events++] = to;
    }
    return 0;
}

static void on_get(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__GetRequest *req = (const Agentsandbox__V1__GetRequest *)request;
    Agentsandbox__V1__GetResponse reply = AGENTSANDBOX__V1__GET_RESPONSE__INIT;
    struct template_service *s = user;
    const struct store_object *o = NULL;
    const struct api_kind *kind;
    const struct list *events;
    enum api_version version;
    struct err err;

    kind = need_kind(req->kind, &err);
    if (kind && need_version(req->version, &version, &err) == 0)
        o = store_need(s->c->store, kind->kind, ns_of(req->namespace_), req->name, &err);
    if (o)
        reply.object = to_object(o, version, rpc_call_arena(call), &err);
    if (!reply.object) {
        rpc_call_fail(call, &err);
        return;
    }
    events = events_of(&s->c->events, kind->kind, o->ns, o->name);
    if (events && put_events(&reply, events, rpc_call_arena(call)) < 0)
        fail_oom(call);
    else
        agentsandbox_v1_template_service_get_reply(call, &reply);
}

static const struct store_object *page_start(struct store *store, const struct store_query *q,
                                             const char *token)
{
    const char *slash = strchr(token, '/');
    char ns[256];

    if (!slash || slash - token >= (long)sizeof(ns))
        return store_next(store, q, NULL);
    (void)snprintf(ns, sizeof(ns), "%.*s", (int)(slash - token), token);
    return store_next_after(store, q, ns, slash + 1);
}

static int fill_page(struct template_service *s, const Agentsandbox__V1__ListRequest *req,
                     Agentsandbox__V1__ListResponse *reply, struct arena *a, struct err *err)
{
    size_t n_bytes = 0, max = req->page_size > 0 ? (size_t)req->page_size : PAGE_DEFAULT;
    const struct api_kind *kind = need_kind(req->kind, err);
    struct store_query q = {.ns = *req->namespace_ ? req->namespace_ : NULL};
    const struct store_object *last = NULL;
    enum api_version version;
    char token[520];

    if (!kind || need_version(req->version, &version, err) < 0)
        return -1;
    if (req->page_size < 0 || req->page_size > PAGE_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "page_size: %d is out of range, 0 to %d", req->page_size, PAGE_MAX);
    if (*req->page_token && !strchr(req->page_token, '/'))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "page_token: is none of ours");
    q.kind = kind->kind;
    reply->objects = arena_alloc(a, max * sizeof(*reply->objects));
    if (!reply->objects)
        return err_oom(err);
    for (const struct store_object *o = page_start(s->c->store, &q, req->page_token); o;
         o = store_next(s->c->store, &q, o)) {
        Agentsandbox__V1__Object *m;

        if (reply->n_objects == max || n_bytes > PAGE_MAX_BYTES) {
            (void)snprintf(token, sizeof(token), "%s/%s", last->ns, last->name);
            reply->next_page_token = arena_strdup(a, token);
            return reply->next_page_token ? 0 : err_oom(err);
        }
        m = to_object(o, version, a, err);
        if (!m)
            return -1;
        reply->objects[reply->n_objects++] = m;
        n_bytes += m->json.len;
        last = o;
    }
    return 0;
}

static void on_list(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__ListRequest *req = (const Agentsandbox__V1__ListRequest *)request;
    Agentsandbox__V1__ListResponse reply = AGENTSANDBOX__V1__LIST_RESPONSE__INIT;
    struct template_service *s = user;
    char revision[24];
    struct err err;

    (void)snprintf(revision, sizeof(revision), "%llu",
                   (unsigned long long)store_revision(s->c->store));
    reply.resource_version = revision;
    if (fill_page(s, req, &reply, rpc_call_arena(call), &err) < 0)
        rpc_call_fail(call, &err);
    else
        agentsandbox_v1_template_service_list_reply(call, &reply);
}

/* ---- Watch ---- */

static int send_change(struct rpc_call *call, enum watch_word word, const struct store_object *o,
                       enum api_version version, struct err *err)
{
    static const Agentsandbox__V1__WatchEventType types[] = {
        [WATCH_ADDED] = AGENTSANDBOX__V1__WATCH_EVENT_TYPE__WATCH_EVENT_TYPE_ADDED,
        [WATCH_MODIFIED] = AGENTSANDBOX__V1__WATCH_EVENT_TYPE__WATCH_EVENT_TYPE_MODIFIED,
        [WATCH_DELETED] = AGENTSANDBOX__V1__WATCH_EVENT_TYPE__WATCH_EVENT_TYPE_DELETED,
    };
    Agentsandbox__V1__WatchResponse m = AGENTSANDBOX__V1__WATCH_RESPONSE__INIT;
    struct arena arena; /* the call's would grow with each change */
    int r;

    if (word == WATCH_BOOKMARK)
        return 0;
    arena_init(&arena, 4 * LIMIT_OBJECT);
    m.type = types[word];
    m.object = to_object(o, version, &arena, err);
    r = m.object ? rpc_send(call, &m.base, err) : -1;
    arena_done(&arena);
    return r;
}

static int send_new(struct rpc_call *call, enum watch_word word, const struct store_object *o,
                    uint64_t resource_version _unused_, void *user _unused_, struct err *err)
{
    return send_change(call, word, o, API_V1BETA1, err);
}

static int send_old(struct rpc_call *call, enum watch_word word, const struct store_object *o,
                    uint64_t resource_version _unused_, void *user _unused_, struct err *err)
{
    return send_change(call, word, o, API_V1ALPHA1, err);
}

static void on_watch(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__WatchRequest *req = (const Agentsandbox__V1__WatchRequest *)request;
    struct template_service *s = user;
    const struct api_kind *kind;
    enum api_version version;
    struct watch_spec spec;
    struct err err;

    kind = need_kind(req->kind, &err);
    if (!kind || need_version(req->version, &version, &err) < 0) {
        rpc_call_fail(call, &err);
        return;
    }
    spec = (struct watch_spec){
        .method = &agentsandbox_v1_template_service_watch_method,
        .kind = kind->kind,
        .ns = req->namespace_,
        .name = req->name,
        .resource_version = req->resource_version,
        .send = version == API_V1ALPHA1 ? send_old : send_new,
        .user = s,
    };
    watch_stream_start(&s->watches, call, &spec);
}

/* ---- Delete ---- */

struct delete_call {
    struct template_service *s;
    struct rpc_call *rpc;
};

static void on_deleted(const struct store_result *res, void *user)
{
    const Agentsandbox__V1__DeleteResponse reply = AGENTSANDBOX__V1__DELETE_RESPONSE__INIT;
    struct delete_call *d = user;

    if (res->err)
        rpc_call_fail(d->rpc, res->err);
    else
        agentsandbox_v1_template_service_delete_reply(d->rpc, &reply);
}

static void on_delete_done(struct rpc_call *call _unused_, const struct rpc_status *status _unused_,
                           void *user)
{
    struct delete_call *d = user;

    store_forget(d->s->c->store, d);
}

static const struct rpc_msg_ops delete_ops = {.on_done = on_delete_done};

static void on_delete(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__DeleteRequest *req = (const Agentsandbox__V1__DeleteRequest *)request;
    struct delete_call *d = arena_alloc(rpc_call_arena(call), sizeof(*d));
    struct template_service *s = user;
    const struct store_object *o = NULL;
    const struct api_kind *kind;
    struct store_op op;
    struct err err;

    if (!d) {
        fail_oom(call);
        return;
    }
    *d = (struct delete_call){.s = s, .rpc = call};
    kind = need_kind(req->kind, &err);
    if (kind)
        o = store_need(s->c->store, kind->kind, ns_of(req->namespace_), req->name, &err);
    if (o && *req->uid && strcmp(req->uid, o->uid) != 0) {
        (void)err_set(&err, RPC_NOT_FOUND, "Gone",
                      "%s \"%s\" is another one now: its uid is %s, not %.64s", o->kind, o->name,
                      o->uid, req->uid);
        o = NULL;
    }
    if (!o) {
        rpc_call_fail(call, &err);
        return;
    }
    agentsandbox_v1_template_service_delete_accept(call, &delete_ops, d);
    op = (struct store_op){
        .type = STORE_DELETE, .kind = o->kind, .ns = o->ns, .name = o->name, .uid = o->uid};
    if (store_write(s->c->store, &op, 1, on_deleted, d, &err) < 0)
        rpc_call_fail(call, &err);
}

/* ---- life ---- */

int template_service_new(struct template_service **ret, struct ctl *c, struct rpc_server *server,
                         struct err *err)
{
    static const struct {
        const struct rpc_method_desc *method;
        rpc_msg_handler handler;
    } methods[] = {
        {&agentsandbox_v1_template_service_apply_method, on_apply},
        {&agentsandbox_v1_template_service_get_method, on_get},
        {&agentsandbox_v1_template_service_list_method, on_list},
        {&agentsandbox_v1_template_service_watch_method, on_watch},
        {&agentsandbox_v1_template_service_delete_method, on_delete},
    };
    _cleanup_(template_service_freep) struct template_service *s = calloc(1, sizeof(*s));

    if (!s)
        return err_oom(err);
    s->c = c;
    list_init(&s->watches.all);
    if (watch_streams_init(&s->watches, c, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (rpc_server_handle_method(server, methods[i].method, methods[i].handler, s, err) < 0)
            return -1;
    *ret = TAKE_PTR(s);
    return 0;
}

void template_service_free(struct template_service *s)
{
    if (!s)
        return;
    watch_streams_done(&s->watches);
    free(s);
}
