#include "services/controller/sandbox_pod.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/controller/child.h"
#include "services/controller/names.h"
#include "services/controller/podmeta.h"

const struct store_object *sandbox_pod_named(const struct ctl *c, const struct store_object *sb)
{
    const char *name = obj_annotation(sb->json, A_POD_NAME);

    return store_get(c->store, KIND_POD, sb->ns, name && *name ? name : sb->name);
}

/* Sets or removes the annotation that names the Pod. */
static void put_pod_name(const struct store_object *sb, const char *name, struct step *st,
                         struct sandbox_pod *p)
{
    json_t *value = name ? json_string(name) : json_null();

    batch_patch(&st->batch, sb,
                json_pack("{s:{s:{s:o}}}", "metadata", "annotations", A_POD_NAME, value));
    p->has_named = true;
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
        p->pod = NULL;
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

static void step_suspended(const struct store_object *sb, struct step *st, struct sandbox_pod *p)
{
    if (p->pod && p->is_ours) {
        if (!p->pod->is_deleting) {
            batch_delete(&st->batch, p->pod, false);
            batch_doing(&st->batch, "failed to delete pod");
            p->has_written = true;
        }
    } else if (obj_annotation(sb->json, A_POD_NAME)) {
        put_pod_name(sb, NULL, st, p);
    }
}

/* Not ours and not to be had: as if there were none, and a problem. */
static void refuse(const struct store_object *sb, bool is_foreign, struct step *st,
                   struct sandbox_pod *p)
{
    child_refusal(p->problem, sizeof(p->problem), "pod", p->pod, sb);
    p->pod = NULL;
    if (is_foreign && obj_annotation(sb->json, A_POD_NAME))
        put_pod_name(sb, NULL, st, p);
}

enum { MAX_WRITE_BEHIND_MS = 1000 };

/* --sandbox-write-behind-window: the metadata of a Pod that is ours may wait a little. True: it
 * does. */
static bool is_written_behind(struct ctl_item *it, struct step *st)
{
    struct ctl *c = it->ctl;
    uint64_t now = ctl_now_ms(c), *due = it->memory;

    if (c->opts.write_behind_ms == 0)
        return false;
    if (!due) {
        due = it->memory = malloc(sizeof(*due));
        if (!due)
            return false;
        *due = now + MIN(c->opts.write_behind_ms, (uint32_t)MAX_WRITE_BEHIND_MS);
    }
    if (now >= *due) {
        free(it->memory);
        it->memory = NULL;
        return false;
    }
    step_again(st, *due - now);
    return true;
}

/* Running, and a Pod is there: ours, or one that we may take. */
static int step_existing(struct ctl_item *it, const struct store_object *sb, struct step *st,
                         struct sandbox_pod *p, struct err *err)
{
    _cleanup_(json_decrefp) json_t *edit = NULL;
    const char *annotated = obj_annotation(sb->json, A_POD_NAME);
    enum child_owner whose = child_owner(p->pod, sb);
    int r = 0;

    if (whose == CHILD_FOREIGN || whose == CHILD_UNOWNED) {
        refuse(sb, whose == CHILD_FOREIGN, st, p);
        return 0;
    }
    if (!annotated || !*annotated)
        put_pod_name(sb, p->pod->name, st, p);
    p->is_ours = true;
    if (whose == CHILD_OURS && podmeta_is_synced(p->pod->json, sb->json))
        return 0;
    if (whose == CHILD_OURS && (is_written_behind(it, st) || ctl_gives_way(it, st)))
        return 0;

    edit = store_object_edit(p->pod, err);
    if (!edit)
        return -1;
    if (whose == CHILD_ADOPTABLE)
        r |= child_adopt(edit, sb);
    r |= podmeta_sync(edit, sb->json);
    if (r)
        return err_oom(err);
    batch_update(&st->batch, p->pod, TAKE_PTR(edit), false);
    batch_doing(&st->batch, "failed to patch pod");
    if (whose == CHILD_OURS)
        p->has_named = true;
    else
        p->has_written = true;
    return 0;
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
    r |= child_adopt(o, sb);
    r |= podmeta_fill(o, sb->json);
    spec = meta_deep_copy(obj_get(sb->json, "spec.podTemplate.spec"));
    r |= obj_put(o, "spec", spec);
    if (r || add_claim_volumes(spec, sb) < 0)
        return NULL;
    return TAKE_PTR(o);
}

static void step_missing(const struct ctl *c, const struct store_object *sb, struct step *st,
                         struct sandbox_pod *p)
{
    const char *annotated = obj_annotation(sb->json, A_POD_NAME);

    batch_create(&st->batch, KIND_POD, pod_object(sb));
    p->has_written = true;
    /* In a cluster the name is written once the Pod is there, with the status. */
    if (!c->opts.is_cluster && !(annotated && strcmp(annotated, sb->name) == 0))
        put_pod_name(sb, sb->name, st, p);
    else if (c->opts.is_cluster && annotated && strcmp(annotated, sb->name) != 0)
        put_pod_name(sb, NULL, st, p);
}

int sandbox_pod_step(struct ctl_item *it, const struct store_object *sb, struct step *st,
                     struct sandbox_pod *ret, struct err *err)
{
    bool stale;

    *ret = (struct sandbox_pod){0};
    find(it->ctl, sb, ret, &stale);
    if (ret->is_multiple)
        return 0;
    if (sandbox_is_suspended(sb->json)) {
        step_suspended(sb, st, ret);
        return 0;
    }
    if (stale && ret->pod) {
        put_pod_name(sb, ret->pod->name, st, ret);
        ret->has_written = true; /* the next step sees the Pod under its name */
        return 0;
    }
    if (ret->pod)
        return step_existing(it, sb, st, ret, err);
    step_missing(it->ctl, sb, st, ret);
    return 0;
}
