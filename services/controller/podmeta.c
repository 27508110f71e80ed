#include "services/controller/podmeta.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/limits.h"
#include "services/controller/names.h"

static bool has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool podmeta_is_reserved(const char *key)
{
    return has_prefix(key, GROUP_CORE "/") || has_prefix(key, GROUP_EXT "/");
}

const char *podmeta_created_by(const char *value)
{
    static const char *const known[] = {"go-client", "python-client", "controller"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strcmp(value, known[i]) == 0)
            return known[i];
    return "unknown";
}

static bool is_copied(const char *key)
{
    return !podmeta_is_reserved(key) && strcmp(key, A_TRACE) != 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The copied keys of a map, sorted and joined by commas. */
static int join_keys(const json_t *map, struct buf *ret)
{
    size_t n = 0, cap = json_object_size(map);
    _cleanup_(freep) const char **keys = calloc(cap ? cap : 1, sizeof(*keys));
    const char *key;
    json_t *v;

    if (!keys)
        return -1;
    json_object_foreach((json_t *)map, key, v)
    {
        if (is_copied(key))
            keys[n++] = key;
    }
    qsort(keys, n, sizeof(*keys), by_text);
    for (size_t i = 0; i < n; i++)
        if (buf_appendf(ret, NULL, "%s%s", i ? "," : "", keys[i]) < 0)
            return -1;
    return 0;
}

static int copy_keys(json_t *pod, const char *path, const json_t *from)
{
    const char *key;
    json_t *v;
    int r = 0;

    json_object_foreach((json_t *)from, key, v)
    {
        if (is_copied(key))
            r |= obj_put_key(pod, path, key, json_string_value(v));
    }
    return r;
}

/* An empty list is written too: the reference writes it with the first look at the Pod. */
static int write_list(json_t *pod, const char *annotation, const json_t *map)
{
    struct buf text;
    const char *s;
    int r;

    buf_init(&text, LIMIT_OBJECT);
    r = join_keys(map, &text);
    s = r == 0 ? buf_cstr(&text, NULL) : NULL;
    r = s ? obj_put_annotation(pod, annotation, s) : -1;
    buf_done(&text);
    return r;
}

static bool is_list_written(const json_t *pod, const char *annotation, const json_t *map)
{
    const char *have = obj_annotation(pod, annotation), *s;
    struct buf text;
    bool is;

    if (!have)
        return false;
    buf_init(&text, LIMIT_OBJECT);
    s = join_keys(map, &text) == 0 ? buf_cstr(&text, NULL) : NULL;
    is = s && strcmp(have, s) == 0;
    buf_done(&text);
    return is;
}

/* Labels that follow the Sandbox: its pool's, its template's, who made it. NULL: none. */
struct extension_labels {
    const char *pool, *template, *created_by;
};

static struct extension_labels extension_labels(const json_t *sandbox)
{
    const char *by = obj_label(sandbox, L_CREATED_BY);
    bool by_pool = obj_controlled_by_kind(sandbox, GROUP_EXT, KIND_POOL, NULL);
    bool by_claim = obj_controlled_by_kind(sandbox, GROUP_EXT, KIND_CLAIM, NULL);

    return (struct extension_labels){
        .pool = by_pool ? obj_label(sandbox, L_WARM_POOL) : NULL,
        .template = by_pool || by_claim ? obj_label(sandbox, L_TEMPLATE_REF_HASH) : NULL,
        .created_by = by && *by ? podmeta_created_by(by) : NULL,
    };
}

static int put_common(json_t *pod, const json_t *sandbox)
{
    const json_t *meta = obj_get(sandbox, "spec.podTemplate.metadata");
    const json_t *labels = obj_get(meta, "labels"), *annotations = obj_get(meta, "annotations");
    struct extension_labels ext = extension_labels(sandbox);
    char hash[9];
    int r = 0;

    r |= copy_keys(pod, "metadata.labels", labels);
    r |= copy_keys(pod, "metadata.annotations", annotations);
    r |= obj_put_label(pod, L_NAME_HASH, obj_hash(obj_name(sandbox), hash));
    r |= obj_put_label(pod, L_WARM_POOL, ext.pool);
    r |= obj_put_label(pod, L_TEMPLATE_REF_HASH, ext.template);
    r |= obj_put_label(pod, L_CREATED_BY, ext.created_by);
    r |= write_list(pod, A_PROPAGATED_LABELS, labels);
    r |= write_list(pod, A_PROPAGATED_ANNOTATIONS, annotations);
    return r;
}

int podmeta_fill(json_t *pod, const json_t *sandbox)
{
    return put_common(pod, sandbox);
}

/* ---- looking ---- */

static bool has_label(const json_t *pod, const char *key, const char *want)
{
    const char *have = obj_label(pod, key);

    return want ? have && strcmp(have, want) == 0 : !have;
}

static bool has_copies(const json_t *have, const json_t *from)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)from, key, v)
    {
        if (is_copied(key) && !json_equal(json_object_get(have, key), v))
            return false;
    }
    return true;
}

bool podmeta_is_synced(const json_t *pod, const json_t *sandbox)
{
    const json_t *meta = obj_get(sandbox, "spec.podTemplate.metadata");
    const json_t *labels = obj_get(meta, "labels"), *annotations = obj_get(meta, "annotations");
    struct extension_labels ext = extension_labels(sandbox);
    char hash[9];

    /* Lists that name today's keys have nothing left to remove. */
    return has_label(pod, L_NAME_HASH, obj_hash(obj_name(sandbox), hash)) &&
           has_label(pod, L_WARM_POOL, ext.pool) &&
           has_label(pod, L_TEMPLATE_REF_HASH, ext.template) &&
           has_label(pod, L_CREATED_BY, ext.created_by) &&
           has_copies(obj_get(pod, "metadata.labels"), labels) &&
           has_copies(obj_get(pod, "metadata.annotations"), annotations) &&
           is_list_written(pod, A_PROPAGATED_LABELS, labels) &&
           is_list_written(pod, A_PROPAGATED_ANNOTATIONS, annotations);
}

/* ---- an existing Pod ---- */

/* Removes what was copied once and is no longer in the template. */
static int drop_old(json_t *pod, const char *annotation, const char *path, const json_t *wanted)
{
    const char *list = obj_annotation(pod, annotation);
    _cleanup_(freep) char *copy = list ? strdup(list) : NULL;
    char *state = NULL;

    if (list && !copy)
        return -1;
    for (char *key = copy ? strtok_r(copy, ",", &state) : NULL; key;
         key = strtok_r(NULL, ",", &state)) {
        bool is_kept = strcmp(key, L_NAME_HASH) == 0 || strcmp(key, A_PROPAGATED_LABELS) == 0 ||
                       strcmp(key, A_PROPAGATED_ANNOTATIONS) == 0;

        if (!is_kept && (podmeta_is_reserved(key) || !json_object_get(wanted, key)))
            (void)obj_put_key(pod, path, key, NULL); /* removing cannot fail */
    }
    return 0;
}

int podmeta_sync(json_t *pod, const json_t *sandbox)
{
    const json_t *meta = obj_get(sandbox, "spec.podTemplate.metadata");

    if (drop_old(pod, A_PROPAGATED_LABELS, "metadata.labels", obj_get(meta, "labels")) < 0 ||
        drop_old(pod, A_PROPAGATED_ANNOTATIONS, "metadata.annotations",
                 obj_get(meta, "annotations")) < 0)
        return -1;
    return put_common(pod, sandbox);
}
