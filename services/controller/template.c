/*
 * SandboxTemplate: bears the hash of its own name, which network policies select by; in a cluster
 * it has such a policy (policy.c). One machine has no network to let through yet.
 */
#include <string.h>

#include "services/controller/ctl.h"
#include "services/controller/names.h"
#include "services/controller/policy.h"

int template_step(struct ctl *c, const struct store_object *o, struct ctl_item *it _unused_,
                  struct step *st, struct err *err)
{
    char hash[9];

    if (!o || o->is_deleting)
        return 0;
    st->batch.separate = c->opts.is_cluster;
    obj_hash(o->name, hash);
    if (strcmp(hash, obj_label(o->json, L_TEMPLATE_REF_HASH) ?: "") != 0) {
        batch_patch(&st->batch, o,
                    json_pack("{s:{s:{s:s}}}", "metadata", "labels", L_TEMPLATE_REF_HASH, hash));
        return 0; /* the policy comes with the next step */
    }
    return c->opts.is_cluster ? policy_step(c, o, st, err) : 0;
}
