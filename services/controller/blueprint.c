#include "services/controller/blueprint.h"

#include <string.h>

static const char *const PARTS[] = {"podTemplate", "volumeClaimTemplates", "service"};

static json_t *copy_parts(const json_t *template)
{
    json_t *spec = json_object();

    for (size_t i = 0; spec && i < ARRAY_SIZE(PARTS); i++) {
        const json_t *v = json_object_get(obj_get(template, "spec"), PARTS[i]);

        if (v && json_object_set_new(spec, PARTS[i], meta_deep_copy(v)) < 0) {
            json_decref(spec);
            return NULL;
        }
    }
    return spec;
}

/* Reference, "Secure pod defaults". */
static int add_defaults(const json_t *template, json_t *pod_spec)
{
    bool managed =
        strcmp(obj_str_or(template, "spec.networkPolicyManagement", "Managed"), "Unmanaged") != 0;
    int r = 0;

    if (!obj_get(pod_spec, "automountServiceAccountToken"))
        r |= obj_put_bool(pod_spec, "automountServiceAccountToken", false);
    if (managed && !obj_get(template, "spec.networkPolicy") &&
        !*obj_str_or(pod_spec, "dnsPolicy", "")) {
        r |= obj_put_str(pod_spec, "dnsPolicy", "None");
        r |= obj_put(pod_spec, "dnsConfig.nameservers", json_pack("[ss]", "8.8.8.8", "1.1.1.1"));
    }
    return r;
}

json_t *blueprint_spec(const json_t *template)
{
    _cleanup_(json_decrefp) json_t *spec = copy_parts(template);
    json_t *pod_spec = spec ? obj_make(spec, "podTemplate.spec") : NULL;

    if (!pod_spec || add_defaults(template, pod_spec) < 0)
        return NULL;
    return TAKE_PTR(spec);
}

int blueprint_hash(const json_t *template, struct blueprint_hashes *ret)
{
    _cleanup_(json_decrefp) json_t *parts = copy_parts(template);
    const json_t *pod_template;

    if (!parts)
        return -1;
    obj_hash(obj_name(template), ret->template_ref);
    pod_template = json_object_get(parts, "podTemplate");
    if (!pod_template)
        pod_template = json_null();
    if (obj_json_hash(pod_template, ret->pod_template) < 0)
        return -1;
    return obj_json_hash(parts, ret->blueprint);
}

/* Quantities by value, nothing as empty. Out of memory: nothing was found to differ. */
static bool same(const json_t *a, const json_t *b)
{
    return meta_same(a, b, NULL) != 0;
}

/* Same length, same order, name and spec; other metadata does not count. */
static bool volumes_equal(const json_t *a, const json_t *b)
{
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++) {
        const json_t *x = json_array_get(a, i), *y = json_array_get(b, i);

        if (!obj_equal(obj_get(x, "metadata.name"), obj_get(y, "metadata.name")) ||
            !same(obj_get(x, "spec"), obj_get(y, "spec")))
            return false;
    }
    return true;
}

bool blueprint_matches(const json_t *template, const json_t *sandbox)
{
    _cleanup_(json_decrefp) json_t *want = blueprint_spec(template);
    const json_t *have = obj_get(sandbox, "spec");

    return !want || (same(obj_get(want, "podTemplate.spec"), obj_get(have, "podTemplate.spec")) &&
                     volumes_equal(obj_get(want, "volumeClaimTemplates"),
                                   obj_get(have, "volumeClaimTemplates")) &&
                     obj_equal(obj_get(want, "service"), obj_get(have, "service")));
}

const json_t *blueprint_pod_metadata(const json_t *template)
{
    return obj_get(template, "spec.podTemplate.metadata");
}
