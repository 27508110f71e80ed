#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "services/controller/blueprint.h"
#include "services/controller/claim.h"
#include "services/controller/names.h"

int claim_problem_set(struct claim_problem *p, bool is_final, const char *reason, const char *fmt,
                      ...)
{
    va_list ap;

    (void)snprintf(p->reason, sizeof(p->reason), "%s", reason);
    va_start(ap, fmt);
    (void)vsnprintf(p->message, sizeof(p->message), fmt, ap); /* cut when too long */
    va_end(ap);
    p->is_final = is_final;
    return -1;
}

const char *claim_shadow_template(const char *ref)
{
    size_t n = strlen(SHADOW_POOL_PREFIX);

    return strncmp(ref, SHADOW_POOL_PREFIX, n) == 0 && ref[n] ? ref + n : NULL;
}

const char *claim_assignment(const json_t *claim)
{
    const char *name = obj_annotation(claim, A_SANDBOX_NAME);

    if (!name || !*name)
        name = obj_label(claim, L_SANDBOX_NAME);
    return name && *name ? name : NULL;
}

/* "sandbox-claim-" and 8 hex digits, through v1alpha1 (the conversion leaves its mark), with
 * nothing of what later clients add. */
bool claim_is_seed_era(const json_t *claim)
{
    static const char prefix[] = "sandbox-claim-";
    const char *name = obj_name(claim);

    return obj_annotation(claim, A_CLAIM_STATE_V1ALPHA1) &&
           !obj_annotation(claim, A_CLIENT_REQUESTED) && !obj_label(claim, L_CREATED_BY) &&
           strncmp(name, prefix, strlen(prefix)) == 0 &&
           strspn(name + strlen(prefix), "0123456789abcdef") == 8 &&
           strlen(name) == strlen(prefix) + 8;
}

int claim_find_source(const struct ctl *c, const char *ns, const char *ref,
                      struct claim_source *ret, struct claim_problem *p)
{
    const char *template = claim_shadow_template(ref);

    *ret = (struct claim_source){.pool = store_get(c->store, KIND_POOL, ns, ref)};
    if (ret->pool)
        template = obj_str_or(ret->pool->json, "spec.sandboxTemplateRef.name", "");
    else if (!template)
        return claim_problem_set(p, true, R_POOL_NOT_FOUND, "SandboxWarmPool \"%s\" not found",
                                 ref);

    ret->template = store_get(c->store, KIND_TEMPLATE, ns, template);
    if (!ret->template)
        return claim_problem_set(p, true, R_TEMPLATE_NOT_FOUND, "SandboxTemplate \"%s\" not found",
                                 template);
    return 0;
}

/* A member of this pool that is not about to be replaced. */
static struct member *take_fresh(struct ctl *c, const struct store_object *pool,
                                 const struct store_object *template, bool ready_only)
{
    struct member *m;

    while ((m = members_take(&c->members, pool->ns, pool->name, ready_only))) {
        const struct store_object *sb = store_get_by_uid(c->store, m->uid);

        if (sb && !sb->is_deleting &&
            !pool_member_is_stale(pool->json, template ? template->json : NULL, sb->json))
            return m;
        members_remove(&c->members, m->uid); /* comes back with its next event, if it may */
    }
    return NULL;
}

/* Of the pools that use the template, the one with the most ready members; none ready: the first by
 * name that has one starting. */
static const struct store_object *best_pool(struct ctl *c, const struct store_object *template)
{
    struct store_query q = {.kind = KIND_POOL, .ns = template->ns};
    const struct store_object *best = NULL;
    size_t n_best = 0;

    STORE_FOREACH(pool, c->store, &q)
    {
        size_t n = members_n_ready(&c->members, pool->ns, pool->name);

        if (strcmp(obj_str_or(pool->json, "spec.sandboxTemplateRef.name", ""), template->name) != 0)
            continue;
        if (n > n_best || (!best && members_are_pending(&c->members, pool->ns, pool->name))) {
            best = pool;
            n_best = n;
        }
    }
    return best;
}

struct member *claim_take_member(struct ctl *c, const char *ns, const struct claim_source *src,
                                 bool ready_only, bool *ret_pending)
{
    const struct store_object *pool = src->pool ? src->pool : best_pool(c, src->template);
    struct member *m;

    if (ret_pending)
        *ret_pending = false;
    if (!pool)
        return NULL;
    m = take_fresh(c, pool, src->template, ready_only);
    if (!m && ret_pending)
        *ret_pending = members_are_pending(&c->members, ns, pool->name);
    return m;
}

/* ---- the Sandbox's metadata once a claim has it ---- */

static int merge_map(json_t *into, const char *path, const json_t *from, const char *what,
                     struct claim_problem *p)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)from, key, v)
    {
        const char *have = json_string_value(json_object_get(obj_get(into, path), key));
        const char *want = json_string_value(v) ?: "";

        if (have && strcmp(have, want) != 0)
            return claim_problem_set(p, false, R_RECONCILER_ERROR,
                                     "metadata override conflict: %s \"%s\" is defined in template "
                                     "with value \"%s\", but claim requests \"%s\"",
                                     what, key, have, want);
        if (obj_put_key(into, path, key, want) < 0)
            return -1;
    }
    return 0;
}

static json_t *merge_metadata(const json_t *claim, const struct store_object *template,
                              const json_t *base, struct claim_problem *p)
{
    const json_t *extra = obj_get(claim, "spec.additionalPodMetadata");
    _cleanup_(json_decrefp) json_t *meta = base ? meta_deep_copy(base) : json_object();
    char hash[9];
    int r = 0;

    p->reason[0] = '\0';
    if (!meta)
        return NULL;
    /* Conflicts are with the template's own keys, so they are found before ours go in. */
    if (merge_map(meta, "labels", obj_get(extra, "labels"), "label", p) < 0 ||
        merge_map(meta, "annotations", obj_get(extra, "annotations"), "annotation", p) < 0)
        return NULL;
    if (*obj_uid(claim))
        r |= obj_put_key(meta, "labels", L_CLAIM_UID, obj_uid(claim));
    if (template)
        r |= obj_put_key(meta, "labels", L_TEMPLATE_REF_HASH, obj_hash(template->name, hash));
    r |= obj_put_key(meta, "labels", L_CREATED_BY, obj_label(claim, L_CREATED_BY));
    return r ? NULL : TAKE_PTR(meta);
}

json_t *claim_pod_metadata(const json_t *claim, const struct store_object *template,
                           struct claim_problem *p)
{
    return merge_metadata(claim, template, blueprint_pod_metadata(template->json), p);
}

/* Of a member that is taken: its template's, or when that is gone its own, without the mark that it
 * may be evicted. */
static json_t *adopted_metadata(const json_t *claim, const struct store_object *sandbox,
                                const struct store_object *template, struct claim_problem *p)
{
    const json_t *own = obj_get(sandbox->json, "spec.podTemplate.metadata");
    _cleanup_(json_decrefp) json_t *base = NULL;
    const json_t *mark;

    if (template)
        return claim_pod_metadata(claim, template, p);
    p->reason[0] = '\0';
    base = own ? meta_deep_copy(own) : json_object();
    if (!base)
        return NULL;
    mark = json_object_get(obj_get(base, "annotations"), A_SAFE_TO_EVICT);
    if (strcmp(json_string_value(mark) ?: "", "true") == 0)
        (void)json_object_del(obj_get(base, "annotations"), A_SAFE_TO_EVICT); /* it is there */
    return merge_metadata(claim, NULL, base, p);
}

json_t *claim_adopted_sandbox(const json_t *claim, const struct store_object *sandbox,
                              const struct store_object *template, struct claim_problem *p)
{
    _cleanup_(json_decrefp) json_t *edit = store_object_edit(sandbox, NULL);
    json_t *meta = adopted_metadata(claim, sandbox, template, p);
    const char *trace = obj_annotation(claim, A_TRACE);
    int r = 0;

    if (!edit || !meta) {
        json_decref(meta);
        return NULL;
    }
    r |= obj_put(edit, "spec.podTemplate.metadata", meta);
    r |= obj_put_label(edit, L_WARM_POOL, NULL);
    r |= obj_put_label(edit, L_POD_TEMPLATE_HASH, NULL);
    r |= obj_put_label(edit, L_TEMPLATE_HASH, NULL);
    r |= obj_put_label(edit, L_LAUNCH_TYPE, "warm");
    if (*obj_uid(claim))
        r |= obj_put_label(edit, L_CLAIM_UID, obj_uid(claim));
    r |= obj_put_label(edit, L_CREATED_BY, obj_label(claim, L_CREATED_BY));
    r |= obj_put_annotation(edit, A_POD_NAME, sandbox->name);
    if (trace)
        r |= obj_put_annotation(edit, A_TRACE, trace);
    r |= obj_set_controller(edit, API_EXT, KIND_CLAIM, obj_name(claim), obj_uid(claim));
    return r ? NULL : TAKE_PTR(edit);
}

/* Names that the Sandbox's children could not have: said now, not by a Sandbox that never gets
 * ready. */
static int check_names(const json_t *claim, const json_t *sandbox_spec, struct claim_problem *p)
{
    const char *name = obj_name(claim);
    const json_t *volumes = obj_get(sandbox_spec, "volumeClaimTemplates");

    if (obj_bool(sandbox_spec, "service", false) &&
        (!bytes_is_dns_label(name) || (name[0] >= '0' && name[0] <= '9')))
        return claim_problem_set(p, true, R_INVALID_CONFIGURATION,
                                 "the template asks for a Service, and \"%s\" cannot be the name "
                                 "of one: a claim of it needs a name of at most 63 lower-case "
                                 "letters, digits and '-' that begins with a letter",
                                 name);
    for (size_t i = 0; i < json_array_size(volumes); i++) {
        const char *entry = obj_str_or(json_array_get(volumes, i), "metadata.name", "");

        if (strlen(entry) + 1 + strlen(name) > 253)
            return claim_problem_set(p, true, R_INVALID_CONFIGURATION,
                                     "\"%s-%s\" is too long for the name of a volume claim (at "
                                     "most 253): use a shorter claim name",
                                     entry, name);
    }
    return 0;
}

json_t *claim_cold_sandbox(const json_t *claim, const struct store_object *template,
                           struct claim_problem *p)
{
    _cleanup_(json_decrefp) json_t *o =
        obj_new(API_CORE, KIND_SANDBOX, obj_ns(claim), obj_name(claim));
    json_t *spec = blueprint_spec(template->json), *meta;
    char hash[9];
    int r = 0;

    p->reason[0] = '\0';
    if (obj_put(o, "spec", spec) < 0 || /* also when o is NULL: it takes spec */
        claim_merge_volumes(claim, template->json, spec, p) < 0 || check_names(claim, spec, p) < 0)
        return NULL;
    meta = claim_pod_metadata(claim, template, p);
    if (!meta || obj_put(spec, "podTemplate.metadata", meta) < 0)
        return NULL;
    if (claim_inject_env(claim, template->json, obj_get(spec, "podTemplate.spec"), p) < 0)
        return NULL;

    r |= obj_put_label(o, L_CLAIM_UID, obj_uid(claim));
    r |= obj_put_label(o, L_CREATED_BY, obj_label(claim, L_CREATED_BY));
    r |= obj_put_label(o, L_LAUNCH_TYPE, "cold");
    r |= obj_put_label(o, L_TEMPLATE_REF_HASH, obj_hash(template->name, hash));
    r |= obj_put_annotation(o, A_TEMPLATE_REF, template->name);
    r |= obj_put_annotation(o, A_TRACE, obj_annotation(claim, A_TRACE));
    r |= obj_set_controller(o, API_EXT, KIND_CLAIM, obj_name(claim), obj_uid(claim));
    return r ? NULL : TAKE_PTR(o);
}
