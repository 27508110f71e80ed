#include "services/controller/policy.h"

#include <stdio.h>
#include <string.h>

#include "services/controller/names.h"

/* ---- what is wanted ---- */

/* In: from the router's pods only. Out: the internet, not the cluster nor its neighbours; the
 * cluster's DNS is out of reach on purpose. */
static json_t *default_ingress(void)
{
    return json_pack("[{s:[{s:{s:{s:s}}, s:{s:{s:s}}}]}]", "from", "podSelector", "matchLabels",
                     "app", "sandbox-router", "namespaceSelector", "matchLabels",
                     "kubernetes.io/metadata.name", "agent-sandbox-system");
}

static json_t *default_egress(void)
{
    return json_pack("[{s:[{s:{s:s, s:[s, s, s, s]}}, {s:{s:s, s:[s, s]}}]}]", "to", "ipBlock",
                     "cidr", "0.0.0.0/0", "except", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
                     "169.254.0.0/16", "ipBlock", "cidr", "::/0", "except", "fc00::/7",
                     "fe80::/10");
}

/* The rules as they are; none at all deny the direction. */
static json_t *own_rules(const json_t *policy, const char *direction)
{
    const json_t *rules = json_object_get(policy, direction);

    return rules && !json_is_null(rules) ? meta_deep_copy(rules) : json_array();
}

static json_t *policy_spec(const struct store_object *template)
{
    const json_t *own = obj_get(template->json, "spec.networkPolicy");
    json_t *ingress = own ? own_rules(own, "ingress") : default_ingress();
    json_t *egress = own ? own_rules(own, "egress") : default_egress();
    char hash[9];

    /* json_pack() drops what it was given when a part is missing. */
    return json_pack("{s:{s:{s:s}}, s:[s, s], s:o, s:o}", "podSelector", "matchLabels",
                     L_TEMPLATE_REF_HASH, obj_hash(template->name, hash), "policyTypes", "Ingress",
                     "Egress", "ingress", ingress, "egress", egress);
}

/* ---- whether it is so ---- */

static bool is_dropped(const char *key, const json_t *v)
{
    return json_is_null(v) || (json_is_array(v) && json_array_size(v) == 0) ||
           (strcmp(key, "matchLabels") == 0 && json_object_size(v) == 0);
}

static bool same(const json_t *have, const json_t *want);

static bool same_members(const json_t *have, const json_t *want)
{
    bool is_port = json_object_get(want, "port") && !json_object_get(want, "protocol");
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)want, key, v)
    {
        const json_t *h = json_object_get(have, key);

        if (is_dropped(key, v) ? h && !is_dropped(key, h) : !h || !same(h, v))
            return false;
    }
    json_object_foreach((json_t *)have, key, v)
    {
        bool is_default = is_port && strcmp(key, "protocol") == 0 &&
                          strcmp(json_string_value(v) ?: "", "TCP") == 0;

        if (!json_object_get(want, key) && !is_dropped(key, v) && !is_default)
            return false;
    }
    return true;
}

/*
 * As the API server would have it: it drops empty lists and fills in the protocol of a port. An
 * empty selector is not the same as none: it selects everything.
 */
static bool same(const json_t *have, const json_t *want)
{
    if (json_is_object(have) && json_is_object(want))
        return same_members(have, want);
    if (!json_is_array(have) || !json_is_array(want))
        return json_equal(have, want) == 1;
    if (json_array_size(have) != json_array_size(want))
        return false;
    for (size_t i = 0; i < json_array_size(want); i++)
        if (!same(json_array_get(have, i), json_array_get(want, i)))
            return false;
    return true;
}

/* ---- the step ---- */

static json_t *policy_object(const struct store_object *template, const char *name)
{
    _cleanup_(json_decrefp) json_t *o = obj_new(API_POLICY, KIND_POLICY, template->ns, name);

    if (!o || obj_set_controller(o, API_EXT, KIND_TEMPLATE, template->name, template->uid) < 0 ||
        obj_put(o, "spec", policy_spec(template)) < 0)
        return NULL;
    return TAKE_PTR(o);
}

static int mend(const struct store_object *policy, const struct store_object *template,
                struct step *st, struct err *err)
{
    _cleanup_(json_decrefp) json_t *want = policy_spec(template);
    _cleanup_(json_decrefp) json_t *edit = NULL;

    if (!want)
        return err_oom(err);
    if (same(obj_get(policy->json, "spec"), want))
        return 0;
    edit = store_object_edit(policy, err);
    if (!edit)
        return -1;
    if (json_object_set(edit, "spec", want) < 0)
        return err_oom(err);
    batch_update(&st->batch, policy, TAKE_PTR(edit), true);
    return 0;
}

int policy_step(struct ctl *c, const struct store_object *template, struct step *st,
                struct err *err)
{
    const char *management = obj_str_or(template->json, "spec.networkPolicyManagement", "");
    const struct store_object *policy;
    bool is_ours;
    char name[300];

    (void)snprintf(name, sizeof(name), "%s-network-policy", template->name);
    policy = store_get(c->store, KIND_POLICY, template->ns, name);
    is_ours = policy && obj_controlled_by_uid(policy->json, template->uid);
    if (strcmp(management, "Unmanaged") == 0) {
        if (is_ours && !policy->is_deleting)
            batch_delete(&st->batch, policy, false);
        return 0;
    }
    if (!policy) {
        batch_create(&st->batch, KIND_POLICY, policy_object(template, name));
        return 0;
    }
    if (!is_ours)
        return err_set(err, RPC_FAILED_PRECONDITION, "NotOwned",
                       "refusing to update NetworkPolicy \"%s\" as it is not controlled by "
                       "SandboxTemplate \"%s\"",
                       name, template->name);
    return mend(policy, template, st, err);
}
