#include "services/controller/sandbox_pod.h"

#include <stdio.h>
#include <string.h>

#include "services/controller/names.h"
#include "services/controller/podmeta.h"

#define ADOPT_HINT                                                                                 \
    "missing required pool authorization label (\"" L_ADOPTABLE                                    \
    "\") or sandbox tracking label (\"" L_NAME_HASH "\")"

const struct store_object *sandbox_pod_named(const struct ctl *c, const struct store_object *sb)
{
    const char *name = obj_annotation(sb->json, A_POD_NAME);

    return store_get(c->store, KIND_POD, sb->ns, name && *name ? name : sb->name);
}

/* Sets or removes the annotation that names the Pod. */
static int put_pod_name(const struct store_object *sb, const char *name, struct step *st,
                        struct sandbox_pod *p, struct err *err)
{
    _cleanup_(json_decrefp) json_t *edit = store_object_edit(sb, err);

    if (!edit)
        return -1;
    if (obj_put_annotation(edit, A_POD_NAME, name) < 0)
        return err_oom(err);
    batch_update(&st->batch, sb, TAKE_PTR(edit), true);
    p->has_written = true;
    return 0;
}

/* Finds the Pod. *stale: the annotation names one that is not the Pod. */
static void find(struct ctl *c, const struct store_object *sb, struct sandbox_pod *p, bool *stale)
{
    struct store_query q = {.kind = KIND_POD, .ns = sb->ns, .owner_uid = sb->uid};
    const char *annotated = obj_annotation(sb->json, A_POD_NAME);
    const struct store_object *owned = NULL;
    size_t n = 0;

    p->pod = sandbox_pod_named(c, sb);
    *stale = !p->pod && annotated && *annotated;
    STORE_FOREACH(o, c->store, &q)
    {
        if (!obj_controlled_by_uid(o->json, sb->uid))
            continue;
        owned = o;
        n++;
    }
    if (n > 1) {
        p->is_multiple = true;
        (void)snprintf(p->problem, sizeof(p->problem),
                       "multiple Pods (%zu) are controlled by this Sandbox; refusing to choose or "
                       "create a Pod",
                       n);
    } else if (n == 1) {
        *stale = *stale || (p->pod && strcmp(owned->name, p->pod->name) != 0 && annotated);
        p->pod = owned;
    }
    p->is_ours = p->pod && obj_controlled_by_uid(p->pod->json, sb->uid);
}

static int step_suspended(const struct store_object *sb, struct step *st, struct sandbox_pod *p,
                          struct err *err)
{
    if (p->pod && p->is_ours) {
        if (!p->pod->is_deleting) {
            batch_delete(&st->batch, p->pod, false);
            p->has_written = true;
        }
        return 0;
    }
    if (obj_annotation(sb->json, A_POD_NAME))
        return put_pod_name(sb, NULL, st, p, err);
    return 0;
}

static bool may_adopt(const struct store_object *pod, const struct store_object *sb)
{
    const char *adoptable = obj_label(pod->json, L_ADOPTABLE);
    const char *hash = obj_label(pod->json, L_NAME_HASH);
    char want[9];

    return (adoptable && strcmp(adoptable, "true") == 0) ||
           (hash && strcmp(hash, obj_hash(sb->name, want)) == 0);
}

static int refuse_foreign(const struct store_object *sb, const struct obj_owner *owner,
                          struct step *st, struct sandbox_pod *p, struct err *err)
{
    (void)snprintf(p->problem, sizeof(p->problem),
                   "pod \"%s\" is owned by %s/%s (UID: %s), not by sandbox \"%s\"", p->pod->name,
                   owner->kind, owner->name, owner->uid, sb->name);
    p->pod = NULL;
    return obj_annotation(sb->json, A_POD_NAME) ? put_pod_name(sb, NULL, st, p, err) : 0;
}

/* Running, and a Pod is there: ours, or one that we may take. */
static int step_existing(const struct store_object *sb, struct step *st, struct sandbox_pod *p,
                         struct err *err)
{
    _cleanup_(json_decrefp) json_t *edit = NULL;
    const char *annotated = obj_annotation(sb->json, A_POD_NAME);
    struct obj_owner owner;
    bool has_owner = obj_controller(p->pod->json, &owner);
    int r = 0;

    if (has_owner && !p->is_ours)
        return refuse_foreign(sb, &owner, st, p, err);
    if (!has_owner && !may_adopt(p->pod, sb)) {
        (void)snprintf(p->problem, sizeof(p->problem), "cannot adopt unowned pod \"%s\": %s",
                       p->pod->name, ADOPT_HINT);
        p->pod = NULL;
        return 0;
    }
    edit = store_object_edit(p->pod, err);
    if (!edit)
        return -1;
    if (!has_owner)
        r |= obj_set_controller(edit, API_CORE, KIND_SANDBOX, sb->name, sb->uid);
    r |= podmeta_sync(edit, sb->json);
    if (r)
        return err_oom(err);
    if (!obj_equal(json_object_get(edit, "metadata"), json_object_get(p->pod->json, "metadata"))) {
        batch_update(&st->batch, p->pod, TAKE_PTR(edit), false);
        p->has_written = true;
    }
    p->is_ours = true;
    return annotated && *annotated ? 0 : put_pod_name(sb, p->pod->name, st, p, err);
}

static int add_claim_volumes(json_t *pod_spec, const struct store_object *sb)
{
    const json_t *templates = obj_get(sb->json, "spec.volumeClaimTemplates");
    json_t *volumes;

    if (json_array_size(templates) == 0)
        return 0;
    volumes = obj_get(pod_spec, "volumes");
    if (!volumes && json_object_set_new(pod_spec, "volumes", volumes = json_array()) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(templates); i++) {
        const char *name = obj_str_or(json_array_get(templates, i), "metadata.name", "");
        char claim[520];

        for (size_t k = json_array_size(volumes); k-- > 0;)
            if (strcmp(obj_str_or(json_array_get(volumes, k), "name", ""), name) == 0)
                (void)json_array_remove(volumes, k); /* just found */
        (void)snprintf(claim, sizeof(claim), "%s-%s", name, sb->name);
        if (json_array_append_new(volumes, json_pack("{s:s, s:{s:s}}", "name", name,
                                                     "persistentVolumeClaim", "claimName", claim)) <
            0)
            return -1;
    }
    return 0;
}

static json_t *pod_object(const struct store_object *sb)
{
    _cleanup_(json_decrefp) json_t *o = obj_new("v1", KIND_POD, sb->ns, sb->name);
    json_t *spec;
    int r = 0;

    if (!o)
        return NULL;
    r |= obj_set_controller(o, API_CORE, KIND_SANDBOX, sb->name, sb->uid);
    r |= podmeta_fill(o, sb->json);
    spec = meta_deep_copy(obj_get(sb->json, "spec.podTemplate.spec"));
    r |= obj_put(o, "spec", spec);
    if (r || add_claim_volumes(spec, sb) < 0)
        return NULL;
    return TAKE_PTR(o);
}

static int step_missing(const struct store_object *sb, struct step *st, struct sandbox_pod *p,
                        struct err *err)
{
    const char *annotated = obj_annotation(sb->json, A_POD_NAME);

    batch_create(&st->batch, KIND_POD, pod_object(sb));
    p->has_written = true;
    if (annotated && strcmp(annotated, sb->name) == 0)
        return 0;
    return put_pod_name(sb, sb->name, st, p, err);
}

int sandbox_pod_step(struct ctl *c, const struct store_object *sb, struct step *st,
                     struct sandbox_pod *ret, struct err *err)
{
    bool stale;

    *ret = (struct sandbox_pod){0};
    find(c, sb, ret, &stale);
    if (ret->is_multiple)
        return 0;
    if (sandbox_is_suspended(sb->json))
        return step_suspended(sb, st, ret, err);
    if (stale && ret->pod)
        return put_pod_name(sb, ret->pod->name, st, ret, err);
    return ret->pod ? step_existing(sb, st, ret, err) : step_missing(sb, st, ret, err);
}
