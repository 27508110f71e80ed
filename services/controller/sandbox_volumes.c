#include "services/controller/sandbox_volumes.h"

#include <stdio.h>
#include <string.h>

#include "services/controller/child.h"
#include "services/controller/names.h"

static json_t *volume_object(const struct store_object *sb, const json_t *entry, const char *name)
{
    _cleanup_(json_decrefp) json_t *o = obj_new("v1", KIND_PVC, sb->ns, name);
    const json_t *labels = obj_get(entry, "metadata.labels");
    const json_t *annotations = obj_get(entry, "metadata.annotations");
    const json_t *spec = obj_get(entry, "spec");
    char hash[9];
    int r = 0;

    if (!o)
        return NULL;
    if (labels)
        r |= obj_put(o, "metadata.labels", meta_deep_copy(labels));
    if (annotations)
        r |= obj_put(o, "metadata.annotations", meta_deep_copy(annotations));
    if (spec)
        r |= obj_put(o, "spec", meta_deep_copy(spec));
    r |= obj_put_label(o, L_NAME_HASH, obj_hash(sb->name, hash));
    r |= child_adopt(o, sb);
    return r ? NULL : TAKE_PTR(o);
}

static int adopt(const struct store_object *pvc, const struct store_object *sb, struct step *st,
                 struct err *err)
{
    _cleanup_(json_decrefp) json_t *edit = store_object_edit(pvc, err);

    if (!edit)
        return -1;
    if (child_adopt(edit, sb) < 0)
        return err_oom(err);
    batch_update(&st->batch, pvc, TAKE_PTR(edit), false);
    return 0;
}

static int one(struct ctl *c, const struct store_object *sb, const json_t *entry, struct step *st,
               struct sandbox_volumes *v, struct err *err)
{
    const struct store_object *pvc;
    char name[520];

    (void)snprintf(name, sizeof(name), "%s-%s", obj_str_or(entry, "metadata.name", ""), sb->name);
    pvc = store_get(c->store, KIND_PVC, sb->ns, name);
    if (!pvc) {
        batch_create(&st->batch, KIND_PVC, volume_object(sb, entry, name));
        v->has_written = true;
        return 0;
    }
    switch (child_owner(pvc, sb)) {
    case CHILD_OURS:
        return 0;
    case CHILD_ADOPTABLE:
        v->has_written = true;
        return adopt(pvc, sb, st, err);
    case CHILD_UNOWNED:
    case CHILD_FOREIGN:
        child_refusal(v->problem, sizeof(v->problem), "PVC", pvc, sb);
        return 0;
    }
    abort();
}

/* Room that the Pod, the Service and the Sandbox itself need in the batch. */
enum { KEEP_ROOM = 8 };

int sandbox_volumes_step(struct ctl *c, const struct store_object *sb, struct step *st,
                         struct sandbox_volumes *ret, struct err *err)
{
    const json_t *entries = obj_get(sb->json, "spec.volumeClaimTemplates");

    *ret = (struct sandbox_volumes){0};
    for (size_t i = 0; i < json_array_size(entries) && !ret->problem[0]; i++) {
        if (batch_room(&st->batch) <= KEEP_ROOM)
            return 0; /* the next step goes on */
        if (one(c, sb, json_array_get(entries, i), st, ret, err) < 0)
            return -1;
    }
    return 0;
}
