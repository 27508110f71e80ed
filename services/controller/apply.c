#include "services/controller/apply.h"

#include <stdlib.h>
#include <string.h>

#include "lib/api/convert.h"
#include "lib/api/podspec.h"
#include "lib/base/buf.h"
#include "lib/base/bytes.h"
#include "lib/base/limits.h"
#include "services/controller/names.h"

enum { MAX_WARNINGS = 32 * 1024 };

void apply_done(struct apply *a)
{
    for (size_t i = 0; i < a->n; i++) {
        json_decref(a->items[i].object);
        store_object_unref((struct store_object *)a->items[i].old);
        buf_done(&a->items[i].warnings);
    }
    free(a->items);
    *a = (struct apply){0};
}

static int check_name(const json_t *o, const char *kind, struct err *err)
{
    const char *name = obj_name(o), *ns = obj_ns(o);

    if (!*name)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "metadata.name: is missing");
    if (!bytes_is_dns_subdomain(name) ||
        (strcmp(kind, KIND_TEMPLATE) != 0 && !bytes_is_dns_label(name)))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "metadata.name: \"%.64s\" is no DNS label (lower-case letters, digits and "
                       "'-', at most 63)",
                       name);
    if (!bytes_is_dns_label(ns))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "metadata.namespace: \"%.64s\" is no DNS label", ns);
    return 0;
}

/* What this home cannot do is said now, not when the first pod starts. */
static int check_pod(const json_t *o, const char *kind, struct buf *warnings, struct err *err)
{
    if (strcmp(kind, KIND_TEMPLATE) != 0 && strcmp(kind, KIND_SANDBOX) != 0)
        return 0;
    if (json_array_size(obj_get(o, "spec.volumeClaimTemplates")) > 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "PodSpecUnsupported",
                       "spec.volumeClaimTemplates: there are no volumes on one machine: use an "
                       "emptyDir");
    return podspec_admit(obj_get(o, "spec.podTemplate.spec"), "spec.podTemplate.spec", warnings,
                         err);
}

static int copy_map(json_t *to, const char *path, const json_t *from)
{
    const char *key;
    json_t *v;
    int r = 0;

    json_object_foreach((json_t *)from, key, v)
    {
        r |= obj_put_key(to, path, key, json_string_value(v));
    }
    return r;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Which keys of the map the manifest has set, for the next one: sorted, joined by commas. */
static int note_keys(json_t *o, const char *annotation, const json_t *map)
{
    size_t n = 0, size = json_object_size(map);
    _cleanup_(freep) const char **keys = calloc(size ? size : 1, sizeof(*keys));
    struct buf text;
    const char *key;
    json_t *v;
    int r = keys ? 0 : -1;

    buf_init(&text, LIMIT_OBJECT);
    if (r == 0)
        json_object_foreach((json_t *)map, key, v) keys[n++] = key;
    if (n > 0)
        qsort(keys, n, sizeof(*keys), by_text);
    for (size_t i = 0; i < n; i++)
        r |= buf_appendf(&text, NULL, "%s%s", i ? "," : "", keys[i]);
    if (r == 0)
        r = obj_put_annotation(o, annotation, n > 0 ? buf_cstr(&text, NULL) : NULL);
    buf_done(&text);
    return r;
}

/* What a manifest before this one has set and this one does not. */
static int drop_keys(json_t *o, const char *annotation, const char *path, const json_t *wanted)
{
    const char *list = obj_annotation(o, annotation);
    _cleanup_(freep) char *copy = list ? strdup(list) : NULL;
    char *state = NULL;

    if (list && !copy)
        return -1;
    for (char *key = copy ? strtok_r(copy, ",", &state) : NULL; key;
         key = strtok_r(NULL, ",", &state))
        if (!json_object_get(wanted, key))
            (void)obj_put_key(o, path, key, NULL); /* removing cannot fail */
    return 0;
}

/* The keys that the manifest `from` sets, written on `to`; what it no longer sets goes. */
static int set_keys(json_t *to, const json_t *from)
{
    _cleanup_(json_decrefp) json_t *labels = json_incref(obj_get(from, "metadata.labels"));
    _cleanup_(json_decrefp) json_t *annotations =
        meta_copy(obj_get(from, "metadata.annotations") ?: json_null());
    int r = annotations ? 0 : -1;

    r |= drop_keys(to, A_APPLIED_LABELS, "metadata.labels", labels);
    r |= drop_keys(to, A_APPLIED_ANNOTATIONS, "metadata.annotations", annotations);
    r |= copy_map(to, "metadata.labels", labels);
    r |= copy_map(to, "metadata.annotations", annotations);
    r |= note_keys(to, A_APPLIED_LABELS, labels);
    r |= note_keys(to, A_APPLIED_ANNOTATIONS, annotations);
    return r;
}

/* The new object over what is there: the spec is replaced, labels and annotations are those of this
 * manifest instead of the one before, and what controllers wrote on the object stays. */
static int lay_over(struct apply_item *it, struct err *err)
{
    _cleanup_(json_decrefp) json_t *edit = store_object_edit(it->old, err);
    json_t *spec = obj_get(it->object, "spec");
    int r = 0;

    if (!edit)
        return -1;
    if (schema_check_update(it->old->json, it->object, err) < 0)
        return -1;
    r |= set_keys(edit, it->object);
    r |= json_object_set(edit, "spec", spec ? spec : json_null());
    if (r)
        return err_oom(err);
    json_decref(it->object);
    it->object = TAKE_PTR(edit);
    return 0;
}

static int parse(const Agentsandbox__V1__Manifest *m, const char *default_ns, json_t **ret,
                 const struct api_kind **kind, enum api_version *version, struct err *err)
{
    _cleanup_(json_decrefp) json_t *o =
        meta_parse((const char *)m->json.data, m->json.len, LIMIT_OBJECT, err);

    if (!o)
        return -1;
    *kind = api_kind_of_object(o, version, err);
    if (!*kind)
        return -1;
    if (!*obj_ns(o) && obj_put_str(o, "metadata.namespace", default_ns) < 0)
        return err_oom(err);
    *ret = TAKE_PTR(o);
    return 0;
}

static int prepare_item(struct apply_item *it, const struct store *store,
                        const Agentsandbox__V1__Manifest *m, const char *default_ns,
                        struct err *err)
{
    _cleanup_(json_decrefp) json_t *o = NULL;
    const struct api_kind *kind;
    enum api_version version;
    const struct store_object *old;

    if (parse(m, default_ns, &o, &kind, &version, err) < 0)
        return -1;
    if (check_name(o, kind->kind, err) < 0 || schema_apply(o, &it->warnings, err) < 0)
        return err_wrap(err, "%s \"%.64s\"", kind->kind, obj_name(o));
    it->object = convert_object(o, API_V1BETA1, err);
    if (it->object && version != API_V1BETA1 && schema_apply(it->object, NULL, err) < 0)
        return err_wrap(err, "%s \"%.64s\"", kind->kind, obj_name(o)); /* the hub's defaults */
    if (!it->object || check_pod(it->object, kind->kind, &it->warnings, err) < 0)
        return err_wrap(err, "%s \"%.64s\"", kind->kind, obj_name(o));
    it->kind = kind->kind;
    it->api_version = version == API_V1BETA1 ? kind->hub : kind->old;
    old = store_get(store, kind->kind, obj_ns(o), obj_name(o));
    if (old) {
        it->old = store_object_ref(old);
        if (lay_over(it, err) < 0)
            return err_wrap(err, "%s \"%.64s\"", kind->kind, obj_name(o));
    } else if (set_keys(it->object, it->object) < 0) {
        return err_oom(err);
    }
    it->name = obj_name(it->object);
    it->ns = obj_ns(it->object);
    return 0;
}

static int check_twice(const struct apply *a, struct err *err)
{
    const struct apply_item *last = &a->items[a->n - 1];

    for (size_t i = 0; i + 1 < a->n; i++) {
        const struct apply_item *it = &a->items[i];

        if (strcmp(it->kind, last->kind) == 0 && strcmp(it->name, last->name) == 0 &&
            strcmp(it->ns, last->ns) == 0)
            return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                           "%s \"%.64s\" is given twice in one request", it->kind, it->name);
    }
    return 0;
}

int apply_prepare(struct apply *ret, const struct store *store,
                  const Agentsandbox__V1__ApplyRequest *req, struct err *err)
{
    const char *ns = *req->default_namespace ? req->default_namespace : "default";

    *ret = (struct apply){0};
    if (req->n_manifests > LIMIT_MANIFEST_DOCS)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "manifests: %zu in one request, at most %d are taken", req->n_manifests,
                       LIMIT_MANIFEST_DOCS);
    ret->items = calloc(req->n_manifests + 1, sizeof(*ret->items));
    if (!ret->items)
        return err_oom(err);
    for (size_t i = 0; i < req->n_manifests; i++) {
        const Agentsandbox__V1__Manifest *m = req->manifests[i];
        struct apply_item *it = &ret->items[ret->n++];

        buf_init(&it->warnings, MAX_WARNINGS);
        if (prepare_item(it, store, m, ns, err) < 0 || check_twice(ret, err) < 0) {
            if (*m->origin)
                (void)err_wrap(err, "%.100s", m->origin);
            apply_done(ret);
            return -1;
        }
    }
    return 0;
}
