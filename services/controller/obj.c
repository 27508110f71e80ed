#include "services/controller/obj.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

/* ---- reading ---- */

bool obj_time(const json_t *o, const char *path, int64_t *ret)
{
    const char *s = obj_str(o, path);

    return s && clock_parse_rfc3339(s, ret) == 0;
}

static bool is_nothing(const json_t *v)
{
    return !v || json_is_null(v) || (json_is_object(v) && json_object_size(v) == 0) ||
           (json_is_array(v) && json_array_size(v) == 0);
}

static bool objects_equal(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)a, key, v)
    {
        if (!obj_equal(v, json_object_get(b, key)))
            return false;
    }
    json_object_foreach((json_t *)b, key, v)
    {
        if (!json_object_get(a, key) && !is_nothing(v))
            return false;
    }
    return true;
}

bool obj_equal(const json_t *a, const json_t *b)
{
    if (json_is_object(a) && json_is_object(b))
        return objects_equal(a, b);
    if (is_nothing(a) || is_nothing(b))
        return is_nothing(a) && is_nothing(b);
    if (json_is_number(a) && json_is_number(b))
        return fabs(json_number_value(a) - json_number_value(b)) == 0;
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (!json_is_array(a))
        return json_equal(a, b) == 1;

    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++)
        if (!obj_equal(json_array_get(a, i), json_array_get(b, i)))
            return false;
    return true;
}

/* ---- building ---- */

/* Walks to the parent of the last key, making objects on the way; *key is that last key. */
static json_t *make_parent(json_t *o, const char *path, const char **key)
{
    const char *last = strrchr(path, '.');
    char parent[128];

    if (!last) {
        *key = path;
        return o;
    }
    *key = last + 1;
    if ((size_t)snprintf(parent, sizeof(parent), "%.*s", (int)(last - path), path) >=
        sizeof(parent))
        return NULL;
    return obj_make(o, parent);
}

json_t *obj_make(json_t *o, const char *path)
{
    while (o && *path) {
        size_t n = strcspn(path, ".");
        json_t *next = json_object_getn(o, path, n);

        if (!json_is_object(next)) {
            next = json_object();
            if (json_object_setn_new(o, path, n, next) < 0)
                return NULL;
        }
        o = next;
        path += n + (path[n] == '.');
    }
    return o;
}

int obj_put(json_t *o, const char *path, json_t *v)
{
    const char *key;
    json_t *parent = make_parent(o, path, &key);

    if (!parent) {
        json_decref(v);
        return -1;
    }
    return json_object_set_new(parent, key, v);
}

void obj_drop(json_t *o, const char *path)
{
    const char *last = strrchr(path, '.');
    char parent[128];

    if (!last) {
        (void)json_object_del(o, path);
        return;
    }
    if ((size_t)snprintf(parent, sizeof(parent), "%.*s", (int)(last - path), path) < sizeof(parent))
        (void)json_object_del(obj_get(o, parent), last + 1); /* absent is fine */
}

int obj_put_str(json_t *o, const char *path, const char *v)
{
    if (v)
        return obj_put(o, path, json_string(v));
    obj_drop(o, path);
    return 0;
}

int obj_put_int(json_t *o, const char *path, int64_t v)
{
    return obj_put(o, path, json_integer(v));
}

int obj_put_bool(json_t *o, const char *path, bool v)
{
    return obj_put(o, path, json_boolean(v));
}

int obj_put_key(json_t *o, const char *path, const char *key, const char *v)
{
    json_t *map;

    if (!v) {
        (void)json_object_del(obj_get(o, path), key); /* absent is fine */
        return 0;
    }
    map = obj_make(o, path);
    return map ? json_object_set_new(map, key, json_string(v)) : -1;
}

int obj_put_label(json_t *o, const char *key, const char *v)
{
    return obj_put_key(o, "metadata.labels", key, v);
}

int obj_put_annotation(json_t *o, const char *key, const char *v)
{
    return obj_put_key(o, "metadata.annotations", key, v);
}

json_t *obj_new(const char *api_version, const char *kind, const char *ns, const char *name)
{
    json_t *o = json_pack("{s:s, s:s, s:{s:s}}", "apiVersion", api_version, "kind", kind,
                          "metadata", "namespace", ns);

    if (o && name && obj_put_str(o, "metadata.name", name) < 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

/* ---- owners ---- */

bool obj_controller(const json_t *o, struct obj_owner *ret)
{
    const json_t *refs = obj_get(o, "metadata.ownerReferences");

    for (size_t i = 0; i < json_array_size(refs); i++) {
        const json_t *ref = json_array_get(refs, i);

        if (!obj_bool(ref, "controller", false))
            continue;
        *ret = (struct obj_owner){
            .api_version = obj_str_or(ref, "apiVersion", ""),
            .kind = obj_str_or(ref, "kind", ""),
            .name = obj_str_or(ref, "name", ""),
            .uid = obj_str_or(ref, "uid", ""),
        };
        return true;
    }
    return false;
}

bool obj_controlled_by_kind(const json_t *o, const char *group, const char *kind,
                            struct obj_owner *ret)
{
    struct obj_owner owner;
    size_t n = strlen(group);

    if (!obj_controller(o, &owner) || strcmp(owner.kind, kind) != 0 ||
        strncmp(owner.api_version, group, n) != 0 || owner.api_version[n] != '/')
        return false;
    if (ret)
        *ret = owner;
    return true;
}

bool obj_controlled_by_uid(const json_t *o, const char *uid)
{
    struct obj_owner owner;

    return obj_controller(o, &owner) && strcmp(owner.uid, uid) == 0;
}

int obj_set_controller(json_t *o, const char *api_version, const char *kind, const char *name,
                       const char *uid)
{
    return obj_put(o, "metadata.ownerReferences",
                   json_pack("[{s:s, s:s, s:s, s:s, s:b, s:b}]", "apiVersion", api_version, "kind",
                             kind, "name", name, "uid", uid, "controller", 1, "blockOwnerDeletion",
                             1));
}

/* ---- conditions ---- */

static size_t cond_index(const json_t *conditions, const char *type)
{
    size_t n = json_array_size(conditions);

    for (size_t i = 0; i < n; i++) {
        const char *t = obj_str(json_array_get(conditions, i), "type");

        if (t && strcmp(t, type) == 0)
            return i;
    }
    return n;
}

json_t *cond_get(const json_t *holder, const char *type)
{
    const json_t *conditions = obj_get(holder, "conditions");

    return json_array_get(conditions, cond_index(conditions, type));
}

bool cond_is_true(const json_t *holder, const char *type)
{
    return strcmp(obj_str_or(cond_get(holder, type), "status", ""), "True") == 0;
}

int cond_set(json_t *holder, const char *type, const char *status, const char *reason,
             const char *message, int64_t generation, int64_t time_s)
{
    json_t *conditions = obj_get(holder, "conditions");
    json_t *c;
    char when[32];
    int r = 0;

    if (!conditions) {
        conditions = json_array();
        if (json_object_set_new(holder, "conditions", conditions) < 0)
            return -1;
    }
    c = json_array_get(conditions, cond_index(conditions, type));
    if (!c) {
        c = json_pack("{s:s}", "type", type);
        if (json_array_append_new(conditions, c) < 0)
            return -1;
    }
    if (strcmp(obj_str_or(c, "status", ""), status) != 0) {
        clock_format_rfc3339(time_s, when, sizeof(when));
        r |= obj_put_str(c, "status", status);
        r |= obj_put_str(c, "lastTransitionTime", when);
    }
    r |= obj_put_str(c, "reason", reason);
    r |= obj_put_str(c, "message", message);
    r |= obj_put_int(c, "observedGeneration", generation);
    return r ? -1 : 0;
}

void cond_drop(json_t *holder, const char *type)
{
    json_t *conditions = obj_get(holder, "conditions");
    size_t i = cond_index(conditions, type);

    if (i < json_array_size(conditions))
        (void)json_array_remove(conditions, i); /* just found */
}

const char *obj_hash(const char *s, char ret[9])
{
    bytes_fnv1a_hex(s, ret);
    return ret;
}

int obj_json_hash(const json_t *v, char ret[9])
{
    _cleanup_(freep) char *text = json_dumps(v, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);

    if (!text)
        return -1;
    bytes_fnv1a_hex(text, ret);
    return 0;
}
