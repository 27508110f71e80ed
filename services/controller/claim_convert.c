#include "services/controller/claim_convert.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "services/controller/cause.h"
#include "services/controller/claim.h"
#include "services/controller/names.h"
#include "services/controller/sandbox_pod.h"

typedef Agentsandbox__V1__Claim Claim;
typedef Agentsandbox__V1__ClaimSpec ClaimSpec;

#define POLICY(p) AGENTSANDBOX__V1__SHUTDOWN_POLICY__SHUTDOWN_POLICY_##p
#define PHASE(p)  AGENTSANDBOX__V1__CLAIM_PHASE__CLAIM_PHASE_##p
#define LAUNCH(t) AGENTSANDBOX__V1__LAUNCH_TYPE__LAUNCH_TYPE_##t

/* All map entries that protobuf-c generates look like this one. */
typedef Agentsandbox__V1__Claim__LabelsEntry Entry;

static const struct {
    Agentsandbox__V1__ShutdownPolicy proto;
    const char *word;
} policies[] = {
    {POLICY(DELETE), "Delete"},
    {POLICY(DELETE_FOREGROUND), "DeleteForeground"},
    {POLICY(RETAIN), "Retain"},
};

/* ---- request to JSON ---- */

static int put_time(json_t *o, const char *path, const Google__Protobuf__Timestamp *t)
{
    char when[32];

    clock_format_rfc3339(t->seconds, when, sizeof(when));
    return obj_put_str(o, path, when);
}

static int put_source(json_t *o, const ClaimSpec *spec, struct err *err)
{
    char shadow[300];
    const char *name = "";

    switch (spec->source_case) {
    case AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_POOL:
        name = spec->pool;
        break;
    case AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_TEMPLATE:
        if (*spec->template_) {
            (void)snprintf(shadow, sizeof(shadow), SHADOW_POOL_PREFIX "%.253s", spec->template_);
            name = shadow;
        }
        break;
    case AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE__NOT_SET:
    case _AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE__CASE_IS_INT_SIZE:
        break;
    }
    if (!*name)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "spec: names neither a pool nor a template: set one of them");
    return obj_put_str(o, "spec.warmPoolRef.name", name) < 0 ? err_oom(err) : 0;
}

static int put_lifecycle(json_t *o, const ClaimSpec *spec, struct err *err)
{
    int r = 0;

    if (spec->shutdown_time)
        r |= put_time(o, "spec.lifecycle.shutdownTime", spec->shutdown_time);
    if (spec->ttl_after_finished) {
        if (spec->ttl_after_finished->seconds < 0 || spec->ttl_after_finished->seconds > INT32_MAX)
            return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                           "spec.ttl_after_finished: %lld s is out of range, 0 to %d s",
                           (long long)spec->ttl_after_finished->seconds, INT32_MAX);
        r |= obj_put_int(o, "spec.lifecycle.ttlSecondsAfterFinished",
                         spec->ttl_after_finished->seconds);
    }
    for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
        if (policies[i].proto == spec->shutdown_policy)
            r |= obj_put_str(o, "spec.lifecycle.shutdownPolicy", policies[i].word);
    return r ? err_oom(err) : 0;
}

static bool is_env_name(const char *s)
{
    if (!isalpha((unsigned char)*s) && *s != '_')
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && *s != '_')
            return false;
    return true;
}

static int put_env(json_t *o, const ClaimSpec *spec, struct err *err)
{
    json_t *list;

    if (spec->n_env == 0)
        return 0;
    list = json_array();
    if (obj_put(o, "spec.env", list) < 0)
        return err_oom(err);
    for (size_t i = 0; i < spec->n_env; i++) {
        const Agentsandbox__V1__EnvVar *e = spec->env[i];
        json_t *v;

        if (!is_env_name(e->name))
            return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                           "spec.env[%zu].name: \"%.64s\" is none: letters, digits and '_', not "
                           "beginning with a digit",
                           i, e->name);
        v = json_pack("{s:s, s:s}", "name", e->name, "value", e->value);
        if (v && *e->container && obj_put_str(v, "containerName", e->container) < 0) {
            json_decref(v);
            v = NULL;
        }
        if (json_array_append_new(list, v) < 0)
            return err_oom(err);
    }
    return 0;
}

static int put_map(json_t *o, const char *path, void *const *entries, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const Entry *e = entries[i];

        if (obj_put_key(o, path, e->key, e->value) < 0)
            return err_oom(err);
    }
    return 0;
}

json_t *claim_from_request(const Agentsandbox__V1__CreateClaimRequest *req, struct err *err)
{
    const char *ns = *req->namespace_ ? req->namespace_ : "default";
    _cleanup_(json_decrefp) json_t *o = obj_new(API_EXT, KIND_CLAIM, ns, NULL);
    const ClaimSpec *s = req->spec;

    if (!o) {
        (void)err_oom(err);
        return NULL;
    }
    if (!s) {
        (void)err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "spec: is missing");
        return NULL;
    }
    if (put_source(o, s, err) < 0 || put_lifecycle(o, s, err) < 0 || put_env(o, s, err) < 0 ||
        put_map(o, "spec.additionalPodMetadata.labels", (void *const *)s->pod_labels,
                s->n_pod_labels, err) < 0 ||
        put_map(o, "spec.additionalPodMetadata.annotations", (void *const *)s->pod_annotations,
                s->n_pod_annotations, err) < 0 ||
        put_map(o, "metadata.labels", (void *const *)req->labels, req->n_labels, err) < 0 ||
        put_map(o, "metadata.annotations", (void *const *)req->annotations, req->n_annotations,
                err) < 0)
        return NULL;
    return TAKE_PTR(o);
}

/* ---- JSON to message ---- */

static char *text(const json_t *o, const char *path)
{
    return (char *)obj_str_or(o, path, "");
}

/* A JSON object of strings as map entries of any generated entry type. */
static int get_map(const json_t *map, const ProtobufCMessageDescriptor *desc, size_t *n, void *ret,
                   struct arena *a)
{
    void **entries;
    const char *key;
    json_t *v;

    *n = 0;
    entries = arena_alloc(a, (json_object_size(map) + 1) * sizeof(void *));
    if (!entries)
        return -1;
    json_object_foreach((json_t *)map, key, v)
    {
        Entry *e = arena_alloc(a, sizeof(*e));

        if (!e)
            return -1;
        protobuf_c_message_init(desc, e);
        e->key = (char *)key;
        e->value = (char *)(json_string_value(v) ?: "");
        entries[(*n)++] = e;
    }
    memcpy(ret, &entries, sizeof(entries));
    return 0;
}

static int get_env(const json_t *list, ClaimSpec *s, struct arena *a)
{
    s->env = arena_alloc(a, (json_array_size(list) + 1) * sizeof(*s->env));
    if (!s->env)
        return -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *from = json_array_get(list, i);
        Agentsandbox__V1__EnvVar *e = arena_alloc(a, sizeof(*e));

        if (!e)
            return -1;
        agentsandbox__v1__env_var__init(e);
        e->name = text(from, "name");
        e->value = text(from, "value");
        e->container = text(from, "containerName");
        s->env[s->n_env++] = e;
    }
    return 0;
}

static void get_source(const json_t *claim, ClaimSpec *s)
{
    const char *ref = obj_str_or(claim, "spec.warmPoolRef.name", "");
    const char *template = claim_shadow_template(ref);

    if (template) {
        s->source_case = AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_TEMPLATE;
        s->template_ = (char *)template;
    } else {
        s->source_case = AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_POOL;
        s->pool = (char *)ref;
    }
}

static int get_lifecycle(const json_t *claim, ClaimSpec *s, struct arena *a)
{
    const char *policy = obj_str_or(claim, "spec.lifecycle.shutdownPolicy", "");
    int64_t at, ttl = obj_int(claim, "spec.lifecycle.ttlSecondsAfterFinished", -1);

    for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
        if (strcmp(policies[i].word, policy) == 0)
            s->shutdown_policy = policies[i].proto;
    if (obj_time(claim, "spec.lifecycle.shutdownTime", &at)) {
        s->shutdown_time = cause_timestamp(at, a);
        if (!s->shutdown_time)
            return -1;
    }
    if (ttl >= 0) {
        s->ttl_after_finished = arena_alloc(a, sizeof(*s->ttl_after_finished));
        if (!s->ttl_after_finished)
            return -1;
        google__protobuf__duration__init(s->ttl_after_finished);
        s->ttl_after_finished->seconds = ttl;
    }
    return 0;
}

static ClaimSpec *get_spec(const json_t *claim, struct arena *a)
{
    const json_t *extra = obj_get(claim, "spec.additionalPodMetadata");
    ClaimSpec *s = arena_alloc(a, sizeof(*s));

    if (!s)
        return NULL;
    agentsandbox__v1__claim_spec__init(s);
    get_source(claim, s);
    if (get_lifecycle(claim, s, a) < 0 || get_env(obj_get(claim, "spec.env"), s, a) < 0 ||
        get_map(obj_get(extra, "labels"),
                &agentsandbox__v1__claim_spec__pod_labels_entry__descriptor, &s->n_pod_labels,
                &s->pod_labels, a) < 0 ||
        get_map(obj_get(extra, "annotations"),
                &agentsandbox__v1__claim_spec__pod_annotations_entry__descriptor,
                &s->n_pod_annotations, &s->pod_annotations, a) < 0)
        return NULL;
    return s;
}

static char *copy(struct arena *a, const json_t *o, const char *path)
{
    return arena_strdup(a, obj_str_or(o, path, ""));
}

static int get_conditions(const json_t *status, Claim *c, struct arena *a)
{
    const json_t *list = obj_get(status, "conditions");

    c->conditions = arena_alloc(a, (json_array_size(list) + 1) * sizeof(*c->conditions));
    if (!c->conditions)
        return -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *from = json_array_get(list, i);
        Agentsandbox__V1__Condition *to = arena_alloc(a, sizeof(*to));
        int64_t when;

        if (!to)
            return -1;
        agentsandbox__v1__condition__init(to);
        to->type = copy(a, from, "type");
        to->status = copy(a, from, "status");
        to->reason = copy(a, from, "reason");
        to->message = copy(a, from, "message");
        to->observed_generation = obj_int(from, "observedGeneration", 0);
        if (!to->type || !to->status || !to->reason || !to->message)
            return -1;
        if (obj_time(from, "lastTransitionTime", &when))
            to->last_transition_time = cause_timestamp(when, a);
        c->conditions[c->n_conditions++] = to;
    }
    return 0;
}

static int get_sandbox(const json_t *status, const struct store_object *sb, Claim *c,
                       struct arena *a)
{
    const json_t *ips = obj_get(status, "sandbox.podIPs");
    Agentsandbox__V1__SandboxRef *ref;

    if (!obj_str(status, "sandbox.name"))
        return 0;
    ref = arena_alloc(a, sizeof(*ref));
    if (!ref)
        return -1;
    agentsandbox__v1__sandbox_ref__init(ref);
    ref->namespace_ = c->namespace_;
    ref->name = copy(a, status, "sandbox.name");
    ref->uid = sb ? (char *)sb->uid : (char *)"";
    ref->pod_ips = arena_alloc(a, (json_array_size(ips) + 1) * sizeof(char *));
    if (!ref->name || !ref->pod_ips)
        return -1;
    for (size_t i = 0; i < json_array_size(ips); i++) {
        char *ip = arena_strdup(a, json_string_value(json_array_get(ips, i)) ?: "");

        if (!ip)
            return -1;
        ref->pod_ips[ref->n_pod_ips++] = ip;
    }
    c->sandbox = ref;
    return 0;
}

Agentsandbox__V1__ClaimPhase claim_phase(const json_t *status, bool is_deleting, bool has_sandbox)
{
    static const char *const failed[] = {R_TEMPLATE_NOT_FOUND, R_POOL_NOT_FOUND, R_INVALID_METADATA,
                                         R_ENV_REJECTED, R_VOLUMES_ERROR};
    const char *reason = obj_str_or(cond_get(status, C_READY), "reason", "");

    if (is_deleting)
        return PHASE(TERMINATING);
    if (strcmp(reason, R_CLAIM_EXPIRED) == 0)
        return PHASE(EXPIRED);
    if (cond_is_true(status, C_FINISHED))
        return PHASE(FINISHED);
    if (cond_is_true(status, C_READY))
        return PHASE(READY);
    for (size_t i = 0; i < ARRAY_SIZE(failed); i++)
        if (strcmp(reason, failed[i]) == 0)
            return PHASE(FAILED);
    return has_sandbox ? PHASE(NOT_READY) : PHASE(PENDING);
}

static Agentsandbox__V1__LaunchType launch_type(const struct store_object *sb)
{
    const char *word = sb ? obj_label(sb->json, L_LAUNCH_TYPE) : NULL;

    if (!word)
        return LAUNCH(UNSPECIFIED);
    return strcmp(word, "warm") == 0 ? LAUNCH(WARM) : LAUNCH(COLD);
}

static Agentsandbox__V1__Cause *get_cause(const struct ctl *c, const json_t *status,
                                          const struct store_object *sb, struct arena *a)
{
    const struct store_object *pod = sb ? sandbox_pod_named(c, sb) : NULL;
    const json_t *ready = cond_get(status, C_READY);
    Agentsandbox__V1__Cause *cause;
    int64_t when;

    if (strcmp(obj_str_or(ready, "reason", ""), R_CLAIM_EXPIRED) != 0)
        return pod ? cause_of_pod(pod->json, a) : NULL;
    cause = arena_alloc(a, sizeof(*cause));
    if (!cause)
        return NULL;
    agentsandbox__v1__cause__init(cause);
    cause->kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXPIRED;
    cause->reason = (char *)R_CLAIM_EXPIRED;
    cause->message = (char *)"its time was over";
    if (obj_time(ready, "lastTransitionTime", &when))
        cause->time = cause_timestamp(when, a);
    return cause;
}

static int get_times(const json_t *claim, const json_t *status, Claim *c, struct arena *a)
{
    int64_t when;

    if (obj_time(claim, "metadata.creationTimestamp", &when))
        c->create_time = cause_timestamp(when, a);
    if (clock_parse_rfc3339(obj_annotation(claim, A_FIRST_READY) ?: "", &when) == 0 ||
        (c->phase == PHASE(READY) &&
         obj_time(cond_get(status, C_READY), "lastTransitionTime", &when))) {
        /* a member of a pool was ready before there was a claim */
        if (c->create_time)
            when = MAX(when, c->create_time->seconds);
        c->ready_time = cause_timestamp(when, a);
    }
    return 0;
}

static int get_metadata(const struct store_object *o, Claim *c, struct arena *a)
{
    char version[24];

    c->namespace_ = (char *)o->ns;
    c->name = (char *)o->name;
    c->uid = (char *)o->uid;
    (void)snprintf(version, sizeof(version), "%llu", (unsigned long long)o->resource_version);
    c->resource_version = arena_strdup(a, version);
    if (!c->resource_version)
        return -1;
    if (get_map(obj_get(o->json, "metadata.labels"),
                &agentsandbox__v1__claim__labels_entry__descriptor, &c->n_labels, &c->labels,
                a) < 0)
        return -1;
    return get_map(obj_get(o->json, "metadata.annotations"),
                   &agentsandbox__v1__claim__annotations_entry__descriptor, &c->n_annotations,
                   &c->annotations, a);
}

Claim *claim_to_proto(const struct ctl *ctl, const struct store_object *o, struct arena *a)
{
    const struct store_object *sb = claim_promised_sandbox(ctl, o);
    _cleanup_(json_decrefp) json_t *status = claim_present_status(ctl, o);
    Claim *c = arena_alloc(a, sizeof(*c));

    if (!c || !status)
        return NULL;
    agentsandbox__v1__claim__init(c);
    c->spec = get_spec(o->json, a);
    if (!c->spec || get_metadata(o, c, a) < 0 || get_conditions(status, c, a) < 0 ||
        get_sandbox(status, sb, c, a) < 0)
        return NULL;
    c->phase = claim_phase(status, o->is_deleting, c->sandbox != NULL);
    c->launch_type = launch_type(sb);
    c->cause = get_cause(ctl, status, sb, a);
    (void)get_times(o->json, status, c, a); /* a time that found no memory is left out */
    return c;
}
