/*
 * SandboxTemplate: bears the hash of its own name, which network policies select by. The policies
 * themselves belong to Kubernetes; one machine has no network to let through yet.
 */
#include <string.h>

#include "services/controller/ctl.h"
#include "services/controller/names.h"

int template_step(struct ctl *c _unused_, const struct store_object *o,
                  struct ctl_item *it _unused_, struct step *st, struct err *err)
{
    _cleanup_(json_decrefp) json_t *edit = NULL;
    char hash[9];

    if (!o || o->is_deleting)
        return 0;
    obj_hash(o->name, hash);
    if (strcmp(hash, obj_label(o->json, L_TEMPLATE_REF_HASH) ?: "") == 0)
        return 0;
    edit = store_object_edit(o, err);
    if (!edit)
        return -1;
    if (obj_put_label(edit, L_TEMPLATE_REF_HASH, hash) < 0)
        return err_oom(err);
    batch_update(&st->batch, o, TAKE_PTR(edit), true);
    return 0;
}
