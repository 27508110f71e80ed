/*
 * To the hub, the complete v1alpha1 object goes into a state annotation; back, the annotation tells
 * what the hub cannot. Each kind has one function per direction that changes a copy of the spec and
 * status; apiVersion and annotations are handled once for all.
 */
#include "lib/api/convert.h"

#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/limits.h"

#define SHADOW     "shadow-pool-"
#define POLICY     "volumeClaimTemplatesPolicy"
#define POLICY_KEY "api.agents.x-k8s.io/v1beta1-volume-claim-templates-policy"

static const char *const state_keys[API_N_KINDS] = {
    [API_SANDBOX] = "api.agents.x-k8s.io/v1alpha1-sandbox-state",
    [API_CLAIM] = "api.agents.x-k8s.io/v1alpha1-sandboxclaim-state",
    [API_TEMPLATE] = "api.agents.x-k8s.io/v1alpha1-sandboxtemplate-state",
    [API_POOL] = "api.agents.x-k8s.io/v1alpha1-sandboxwarmpool-state",
};

/* ---- copies that may be changed ---- */

/* Gives the object a copy of its member that nobody shares, when it has one. */
static int own(json_t *o, const char *key, struct err *err)
{
    json_t *v = json_object_get(o, key);

    if (json_is_object(v) && json_object_set_new(o, key, meta_copy(v)) < 0)
        return err_oom(err);
    return 0;
}

/* object with metadata, annotations, spec and status (but not what is in them) its own. */
static json_t *copy_outline(const json_t *object, struct err *err)
{
    _cleanup_json_ json_t *o = meta_copy(object);

    if (!o) {
        (void)err_oom(err);
        return NULL;
    }
    if (own(o, "metadata", err) < 0 ||
        own(json_object_get(o, "metadata"), "annotations", err) < 0 || own(o, "spec", err) < 0 ||
        own(o, "status", err) < 0)
        return NULL;
    return TAKE_PTR(o);
}

/* ---- Sandbox ---- */

static int sandbox_up(json_t *o, struct err *err)
{
    bool is_suspended = meta_int(o, "spec.replicas", 1) == 0;

    meta_remove(o, "spec.replicas");
    meta_remove(o, "status.replicas");
    meta_remove(o, "status.nodeName");
    return meta_set_str(o, "spec.operatingMode", is_suspended ? "Suspended" : "Running", err);
}

/* What v1alpha1 said of replicas, when the hub has not changed its mind; absent stays absent. */
static int sandbox_replicas(json_t *o, const char *mode, const json_t *state, struct err *err)
{
    const json_t *was = meta_get(state, "spec.replicas");

    if (strcmp(mode, "Suspended") == 0)
        return meta_set_int(o, "spec.replicas", 0, err);
    if (state && strcmp(mode, "Running") == 0 && !was)
        return 0;
    if (state && strcmp(mode, "Running") == 0 && json_integer_value(was) != 0)
        return meta_set_int(o, "spec.replicas", json_integer_value(was), err);
    return meta_set_int(o, "spec.replicas", 1, err);
}

static int sandbox_down(json_t *o, const json_t *state, struct err *err)
{
    _cleanup_json_ json_t *mode_value = json_incref(meta_get(o, "spec.operatingMode"));
    const char *mode = json_string_value(mode_value) ? json_string_value(mode_value) : "";
    const json_t *replicas = meta_get(state, "status.replicas");
    bool has_status = json_object_get(o, "status") != NULL;

    meta_remove(o, "spec.operatingMode");
    meta_remove(o, "status.nodeName");
    if (sandbox_replicas(o, mode, state, err) < 0)
        return -1;
    if (state)
        return replicas ? meta_set(o, "status.replicas", json_incref((json_t *)replicas), err) : 0;
    if (!has_status)
        return 0;
    return meta_set_int(o, "status.replicas", strcmp(mode, "Suspended") == 0 ? 0 : 1, err);
}

/* ---- SandboxClaim ---- */

static bool is_specific(const char *warmpool)
{
    return warmpool[0] && strcmp(warmpool, "none") != 0 && strcmp(warmpool, "default") != 0;
}

#define NAME_BYTES 512

/* A pool's sandbox is named <pool>-<random>. */
static void without_last_segment(const char *name, char ret[NAME_BYTES])
{
    const char *dash = strrchr(name, '-');

    (void)snprintf(ret, NAME_BYTES, "%.*s", dash ? (int)(dash - name) : (int)strlen(name), name);
}

static void pool_of_claim(const json_t *o, char ret[NAME_BYTES])
{
    const char *warmpool = meta_str(o, "spec.warmpool", "");
    const char *bound = meta_str(o, "status.sandbox.name", "");

    if (is_specific(warmpool))
        (void)snprintf(ret, NAME_BYTES, "%s", warmpool);
    else if (bound[0] && strcmp(bound, meta_name(o)) != 0)
        without_last_segment(bound, ret);
    else
        (void)snprintf(ret, NAME_BYTES, SHADOW "%s",
                       meta_str(o, "spec.sandboxTemplateRef.name", ""));
}

static int claim_up(json_t *o, struct err *err)
{
    char pool[NAME_BYTES];

    pool_of_claim(o, pool);
    meta_remove(o, "spec.warmpool");
    meta_remove(o, "spec.sandboxTemplateRef");
    return meta_set(o, "spec.warmPoolRef", json_pack("{ss}", "name", pool), err);
}

/* Whether the hub's pool is still the one that the v1alpha1 claim came to. */
static bool is_unchanged(const json_t *o, const json_t *state, const char *actual)
{
    const char *warmpool = meta_str(state, "spec.warmpool", "");
    const char *expected =
        is_specific(warmpool) ? warmpool : meta_str(state, "spec.sandboxTemplateRef.name", "");
    const char *bound = meta_str(o, "status.sandbox.name", "");
    char shorter[NAME_BYTES];

    if (strcmp(actual, expected) == 0)
        return true;
    if (strncmp(actual, SHADOW, strlen(SHADOW)) == 0 &&
        strcmp(actual + strlen(SHADOW), expected) == 0)
        return true;
    without_last_segment(bound, shorter);
    return bound[0] && (strcmp(actual, bound) == 0 || strcmp(actual, shorter) == 0);
}

static int set_or_remove(json_t *o, const char *path, const json_t *v, struct err *err)
{
    if (v)
        return meta_set(o, path, json_incref((json_t *)v), err);
    meta_remove(o, path);
    return 0;
}

static int claim_down(json_t *o, const json_t *state, struct err *err)
{
    const char *pool_now = meta_str(o, "spec.warmPoolRef.name", "");
    char actual[NAME_BYTES];
    bool is_shadow = strncmp(pool_now, SHADOW, strlen(SHADOW)) == 0;

    (void)snprintf(actual, sizeof(actual), "%s", pool_now);
    meta_remove(o, "spec.warmPoolRef");
    meta_remove(o, "spec.volumeClaimTemplates");
    if (state && is_unchanged(o, state, actual))
        return set_or_remove(o, "spec.warmpool", meta_get(state, "spec.warmpool"), err) < 0
                   ? -1
                   : set_or_remove(o, "spec.sandboxTemplateRef",
                                   meta_get(state, "spec.sandboxTemplateRef"), err);
    if (state) {
        if (meta_set_str(o, "spec.warmpool", actual, err) < 0)
            return -1;
        return set_or_remove(o, "spec.sandboxTemplateRef",
                             meta_get(state, "spec.sandboxTemplateRef"), err);
    }
    if (meta_set_str(o, "spec.warmpool", is_shadow ? "default" : actual, err) < 0)
        return -1;
    return meta_set(o, "spec.sandboxTemplateRef",
                    json_pack("{ss}", "name", is_shadow ? actual + strlen(SHADOW) : actual), err);
}

/* ---- SandboxTemplate ---- */

static int template_up(json_t *o, struct err *err)
{
    const char *policy = meta_annotation(o, POLICY_KEY);

    if (!policy)
        return 0;
    if (strcmp(policy, "Disallowed") != 0 && strcmp(policy, "Allowed") != 0 &&
        strcmp(policy, "Overrides") != 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "invalid VolumeClaimTemplatesPolicy annotation value: \"%.100s\"", policy);
    if (meta_set_str(o, "spec." POLICY, policy, err) < 0)
        return -1;
    return meta_set_annotation(o, POLICY_KEY, NULL, err);
}

static int template_down(json_t *o, struct err *err)
{
    const char *policy = meta_str(o, "spec." POLICY, "");

    if (meta_set_annotation(o, POLICY_KEY, policy[0] ? policy : NULL, err) < 0)
        return -1;
    meta_remove(o, "spec." POLICY);
    return 0;
}

/* ---- SandboxWarmPool ---- */

static int pool_down(json_t *o, struct err *err)
{
    meta_remove(o, "status.observedGeneration");
    if (meta_get(o, "spec.replicas"))
        return 0;
    return meta_set_int(o, "spec.replicas", 1, err);
}

/* ---- both ways ---- */

static int up(const struct api_kind *kind, json_t *o, struct err *err)
{
    switch (kind->id) {
    case API_SANDBOX:
        return sandbox_up(o, err);
    case API_CLAIM:
        return claim_up(o, err);
    case API_TEMPLATE:
        return template_up(o, err);
    case API_POOL:
    case API_N_KINDS:
        return 0;
    }
    return 0;
}

static int down(const struct api_kind *kind, json_t *o, const json_t *state, struct err *err)
{
    switch (kind->id) {
    case API_SANDBOX:
        return sandbox_down(o, state, err);
    case API_CLAIM:
        return claim_down(o, state, err);
    case API_TEMPLATE:
        return template_down(o, err);
    case API_POOL:
        return pool_down(o, err);
    case API_N_KINDS:
        return 0;
    }
    return 0;
}

/* The text of the v1alpha1 object without its own state annotation. */
static char *state_text(const struct api_kind *kind, const json_t *object, struct err *err)
{
    _cleanup_json_ json_t *o = copy_outline(object, err);

    if (!o || meta_set_annotation(o, state_keys[kind->id], NULL, err) < 0)
        return NULL;
    return meta_dump(o, err);
}

static json_t *to_hub(const struct api_kind *kind, const json_t *object, struct err *err)
{
    _cleanup_json_ json_t *o = copy_outline(object, err);
    _cleanup_(freep) char *state = o ? state_text(kind, object, err) : NULL;

    if (!state || up(kind, o, err) < 0 || meta_set_str(o, "apiVersion", kind->hub, err) < 0 ||
        meta_set_annotation(o, state_keys[kind->id], state, err) < 0)
        return NULL;
    return TAKE_PTR(o);
}

/* Parsed for the two kinds that need it; Go's text is taken too. *ret stays NULL without an
 * annotation. */
static int read_state(const struct api_kind *kind, const json_t *object, json_t **ret,
                      struct err *err)
{
    const char *text = meta_annotation(object, state_keys[kind->id]);

    if (!text || (kind->id != API_SANDBOX && kind->id != API_CLAIM))
        return 0;
    *ret = meta_parse(text, strlen(text), LIMIT_OBJECT, err);
    if (*ret && json_is_object(*ret))
        return 0;
    if (*ret)
        (void)err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "want a mapping");
    return err_wrap(err, "failed to unmarshal v1alpha1 %s state", kind->kind);
}

static json_t *from_hub(const struct api_kind *kind, const json_t *object, struct err *err)
{
    _cleanup_json_ json_t *o = NULL, *state = NULL;

    if (read_state(kind, object, &state, err) < 0)
        return NULL;
    o = copy_outline(object, err);
    if (!o || meta_set_annotation(o, state_keys[kind->id], NULL, err) < 0 ||
        down(kind, o, state, err) < 0 || meta_set_str(o, "apiVersion", kind->old, err) < 0)
        return NULL;
    return TAKE_PTR(o);
}

json_t *convert_object(const json_t *object, enum api_version want, struct err *err)
{
    enum api_version have;
    const struct api_kind *kind = api_kind_of_object(object, &have, err);

    if (!kind)
        return NULL;
    if (have == want)
        return json_incref((json_t *)object);
    return want == API_V1BETA1 ? to_hub(kind, object, err) : from_hub(kind, object, err);
}
