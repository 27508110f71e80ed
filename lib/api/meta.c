/* Paths are walked key by key in place; nothing is copied but what is set. */
#include "lib/api/meta.h"

#include <stdio.h>
#include <string.h>

#include "lib/api/quantity.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"

#define PATH_KEY_MAX 128

/* Takes the next key off *path into key; false at the end. A key that does not fit is cut: it is
 * then found nowhere. */
static bool next_key(const char **path, char key[PATH_KEY_MAX])
{
    size_t n;

    if (!**path)
        return false;
    n = strcspn(*path, ".");
    (void)memcpy(key, *path, MIN(n, PATH_KEY_MAX - 1u));
    key[MIN(n, PATH_KEY_MAX - 1u)] = '\0';
    *path += n;
    if (**path == '.')
        (*path)++;
    return true;
}

json_t *meta_get(const json_t *o, const char *path)
{
    json_t *v = (json_t *)o;

    while (v && *path) {
        size_t n = strcspn(path, ".");

        v = json_object_getn(v, path, n);
        path += n + (path[n] == '.');
    }
    return json_is_null(v) ? NULL : v;
}

const char *meta_str(const json_t *o, const char *path, const char *fallback)
{
    const char *s = json_string_value(meta_get(o, path));

    return s ? s : fallback;
}

int64_t meta_int(const json_t *o, const char *path, int64_t fallback)
{
    const json_t *v = meta_get(o, path);

    return json_is_integer(v) ? json_integer_value(v) : fallback;
}

bool meta_bool(const json_t *o, const char *path, bool fallback)
{
    const json_t *v = meta_get(o, path);

    return json_is_boolean(v) ? json_is_true(v) : fallback;
}

int64_t meta_time(const json_t *o, const char *path, int64_t fallback)
{
    const char *s = meta_str(o, path, NULL);
    int64_t t;

    return s && clock_parse_rfc3339(s, &t) == 0 ? t : fallback;
}

/* The member, made as an empty object when it is absent or no object. NULL: out of memory. */
static json_t *member_object(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);

    if (json_is_object(v))
        return v;
    v = json_object();
    return json_object_set_new(o, key, v) < 0 ? NULL : v;
}

int meta_set(json_t *o, const char *path, json_t *value, struct err *err)
{
    _cleanup_json_ json_t *v = value;
    char key[PATH_KEY_MAX], next[PATH_KEY_MAX];

    if (!v || !next_key(&path, key))
        return err_oom(err);
    while (next_key(&path, next)) {
        o = member_object(o, key);
        if (!o)
            return err_oom(err);
        (void)memcpy(key, next, sizeof(key));
    }
    if (json_object_set(o, key, v) < 0)
        return err_oom(err);
    return 0;
}

int meta_set_str(json_t *o, const char *path, const char *value, struct err *err)
{
    return meta_set(o, path, json_string(value), err);
}

int meta_set_int(json_t *o, const char *path, int64_t value, struct err *err)
{
    return meta_set(o, path, json_integer(value), err);
}

int meta_set_bool(json_t *o, const char *path, bool value, struct err *err)
{
    return meta_set(o, path, json_boolean(value), err);
}

int meta_set_time(json_t *o, const char *path, int64_t unix_s, struct err *err)
{
    char text[32];

    clock_format_rfc3339(unix_s, text, sizeof(text));
    return meta_set_str(o, path, text, err);
}

void meta_remove(json_t *o, const char *path)
{
    char key[PATH_KEY_MAX], next[PATH_KEY_MAX];

    if (!next_key(&path, key))
        return;
    while (next_key(&path, next)) {
        o = json_object_get(o, key);
        (void)memcpy(key, next, sizeof(key));
    }
    (void)json_object_del(o, key); /* absent is fine */
}

const char *meta_name(const json_t *o)
{
    return meta_str(o, "metadata.name", "");
}

const char *meta_ns(const json_t *o)
{
    return meta_str(o, "metadata.namespace", "");
}

const char *meta_uid(const json_t *o)
{
    return meta_str(o, "metadata.uid", "");
}

const char *meta_label(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(meta_get(o, "metadata.labels"), key));
}

const char *meta_annotation(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(meta_get(o, "metadata.annotations"), key));
}

static int set_in_map(json_t *o, const char *map, const char *key, const char *value,
                      struct err *err)
{
    json_t *metadata, *m;

    if (!value) {
        metadata = json_object_get(o, "metadata");
        m = json_object_get(metadata, map);
        (void)json_object_del(m, key); /* absent is fine */
        if (m && json_object_size(m) == 0)
            (void)json_object_del(metadata, map);
        return 0;
    }
    metadata = member_object(o, "metadata");
    m = metadata ? member_object(metadata, map) : NULL;
    if (!m || json_object_set_new(m, key, json_string(value)) < 0)
        return err_oom(err);
    return 0;
}

int meta_set_label(json_t *o, const char *key, const char *value, struct err *err)
{
    return set_in_map(o, "labels", key, value, err);
}

int meta_set_annotation(json_t *o, const char *key, const char *value, struct err *err)
{
    return set_in_map(o, "annotations", key, value, err);
}

bool meta_labels_match(const json_t *o, const json_t *want)
{
    const json_t *have = meta_get(o, "metadata.labels");
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)want, key,
                        value) if (!json_equal(value, json_object_get(have, key))) return false;
    return true;
}

/* ---- conditions ---- */

static size_t find_by(const json_t *array, const char *key, const char *value)
{
    size_t i;
    json_t *v;

    json_array_foreach((json_t *)array, i,
                       v) if (strcmp(meta_str(v, key, ""), value) == 0) return i;
    return SIZE_MAX;
}

const json_t *meta_condition(const json_t *o, const char *type)
{
    const json_t *all = meta_get(o, "status.conditions");
    size_t i = find_by(all, "type", type);

    return i == SIZE_MAX ? NULL : json_array_get(all, i);
}

bool meta_condition_is(const json_t *o, const char *type, const char *status)
{
    return strcmp(meta_str(meta_condition(o, type), "status", ""), status) == 0;
}

/* The array at status.<...> or metadata.<...>, made when absent. */
static json_t *member_array(json_t *o, const char *parent, const char *key)
{
    json_t *p = member_object(o, parent), *v = json_object_get(p, key);

    if (json_is_array(v))
        return v;
    v = json_array();
    return json_object_set_new(p, key, v) < 0 ? NULL : v;
}

int meta_set_condition(json_t *o, const struct meta_condition *c, int64_t now_unix_s,
                       struct err *err)
{
    json_t *all = member_array(o, "status", "conditions"), *old;
    _cleanup_json_ json_t *new = NULL;
    char now[32];
    const char *since = now;
    size_t i;

    if (!all)
        return err_oom(err);
    clock_format_rfc3339(now_unix_s, now, sizeof(now));
    i = find_by(all, "type", c->type);
    old = i == SIZE_MAX ? NULL : json_array_get(all, i);
    if (old && strcmp(meta_str(old, "status", ""), c->status) == 0)
        since = meta_str(old, "lastTransitionTime", now);

    new = json_pack("{ss ss ss ss ss sI}", "type", c->type, "status", c->status,
                    "lastTransitionTime", since, "reason", c->reason, "message", c->message,
                    "observedGeneration", (json_int_t)c->observed_generation);
    if (!new)
        return err_oom(err);
    if (old && json_equal(old, new))
        return 0;
    if ((old ? json_array_set(all, i, new) : json_array_append(all, new)) < 0)
        return err_oom(err);
    return 1;
}

bool meta_remove_condition(json_t *o, const char *type)
{
    json_t *all = meta_get(o, "status.conditions");
    size_t i = find_by(all, "type", type);

    return i != SIZE_MAX && json_array_remove(all, i) == 0;
}

/* ---- owners, finalizers ---- */

const json_t *meta_controller_ref(const json_t *o)
{
    size_t i;
    json_t *ref;

    json_array_foreach(meta_get(o, "metadata.ownerReferences"), i,
                       ref) if (meta_bool(ref, "controller", false)) return ref;
    return NULL;
}

bool meta_is_owned_by(const json_t *o, const char *uid)
{
    return find_by(meta_get(o, "metadata.ownerReferences"), "uid", uid) != SIZE_MAX;
}

bool meta_ref_is(const json_t *ref, const char *group, const char *kind)
{
    const char *api = meta_str(ref, "apiVersion", "");
    const char *slash = strchr(api, '/');
    size_t n = slash ? (size_t)(slash - api) : 0;

    return strlen(group) == n && strncmp(api, group, n) == 0 &&
           strcmp(meta_str(ref, "kind", ""), kind) == 0;
}

static size_t find_owner(const json_t *refs, const struct meta_owner *owner)
{
    const char *slash = strchr(owner->api_version, '/');
    char group[256] = "";
    size_t i;
    json_t *ref;

    if (slash && (size_t)(slash - owner->api_version) < sizeof(group))
        (void)memcpy(group, owner->api_version, (size_t)(slash - owner->api_version));
    json_array_foreach((json_t *)refs, i,
                       ref) if (meta_ref_is(ref, group, owner->kind) &&
                                strcmp(meta_str(ref, "name", ""), owner->name) == 0) return i;
    return SIZE_MAX;
}

int meta_set_owner(json_t *o, const struct meta_owner *owner, struct err *err)
{
    json_t *refs = member_array(o, "metadata", "ownerReferences");
    _cleanup_json_ json_t *ref = NULL;
    size_t i;

    ref = json_pack("{ss ss ss ss}", "apiVersion", owner->api_version, "kind", owner->kind, "name",
                    owner->name, "uid", owner->uid);
    if (!refs || !ref)
        return err_oom(err);
    if (owner->controller && json_object_set_new(ref, "controller", json_true()) < 0)
        return err_oom(err);
    if (owner->block_deletion && json_object_set_new(ref, "blockOwnerDeletion", json_true()) < 0)
        return err_oom(err);
    i = find_owner(refs, owner);
    if ((i != SIZE_MAX ? json_array_set(refs, i, ref) : json_array_append(refs, ref)) < 0)
        return err_oom(err);
    return 0;
}

static bool remove_at(json_t *o, const char *key, size_t i)
{
    json_t *metadata = json_object_get(o, "metadata"), *all = json_object_get(metadata, key);

    if (i == SIZE_MAX)
        return false;
    (void)json_array_remove(all, i); /* it was found there */
    if (json_array_size(all) == 0)
        (void)json_object_del(metadata, key);
    return true;
}

bool meta_remove_owner(json_t *o, const char *uid)
{
    return remove_at(o, "ownerReferences",
                     find_by(meta_get(o, "metadata.ownerReferences"), "uid", uid));
}

static size_t find_finalizer(const json_t *o, const char *name)
{
    size_t i;
    json_t *v;

    json_array_foreach(meta_get(o, "metadata.finalizers"), i,
                       v) if (json_is_string(v) &&
                              strcmp(json_string_value(v), name) == 0) return i;
    return SIZE_MAX;
}

bool meta_has_finalizer(const json_t *o, const char *name)
{
    return find_finalizer(o, name) != SIZE_MAX;
}

int meta_add_finalizer(json_t *o, const char *name, struct err *err)
{
    json_t *all = member_array(o, "metadata", "finalizers");

    if (meta_has_finalizer(o, name))
        return 0;
    if (!all || json_array_append_new(all, json_string(name)) < 0)
        return err_oom(err);
    return 0;
}

bool meta_remove_finalizer(json_t *o, const char *name)
{
    return remove_at(o, "finalizers", find_finalizer(o, name));
}

/* ---- copies ---- */

/* jansson ignores failing allocations in places (copies, the lexer's buffer) and then goes on with
 * less. Every failure is noted here, so that such a result is not used. */
static _Thread_local bool json_has_no_memory;

/* And the lexer's buffer that could not grow is read past its end. So its growth has a reserve
 * while it parses; it asks for powers of two. What else gets some of it goes with the failed parse.
 */
static _Thread_local struct {
    char *mem;
    size_t n, used;
} reserve;

static void *take_reserve(size_t n)
{
    char *p = reserve.mem ? reserve.mem + reserve.used : NULL;

    if (!p || (n & (n - 1)) != 0 || n < 32 || n > reserve.n - reserve.used)
        return NULL;
    reserve.used += n;
    return p;
}

static void *json_malloc(size_t n)
{
    void *p = malloc(n);

    if (p)
        return p;
    json_has_no_memory = true;
    return take_reserve(n);
}

static void json_free(void *p)
{
    uintptr_t at = (uintptr_t)p, from = (uintptr_t)reserve.mem;

    if (!from || at < from || at >= from + reserve.n)
        free(p);
}

static __attribute__((constructor)) void watch_json_memory(void)
{
    json_set_alloc_funcs(json_malloc, json_free);
}

/* v, or NULL when memory failed since json_has_no_memory was cleared. */
static json_t *whole_or_null(json_t *v)
{
    if (!json_has_no_memory)
        return v;
    json_decref(v);
    return NULL;
}

json_t *meta_copy(const json_t *v)
{
    json_has_no_memory = false;
    return whole_or_null(json_copy((json_t *)v));
}

json_t *meta_deep_copy(const json_t *v)
{
    json_has_no_memory = false;
    return whole_or_null(json_deep_copy(v));
}

/* ---- patches, text, hash ---- */

/* Depth is bounded by whoever parsed the value (LIMIT_JSON_DEPTH). NULL: out of memory. */
static json_t *merge(const json_t *target, const json_t *patch)
{
    _cleanup_json_ json_t *out = NULL;
    const char *key;
    json_t *v;

    if (!json_is_object(patch))
        return json_incref((json_t *)patch);
    out = json_is_object(target) ? meta_copy(target) : json_object();
    if (!out)
        return NULL;
    json_object_foreach((json_t *)patch, key, v)
    {
        if (json_is_null(v))
            (void)json_object_del(out, key); /* absent is fine */
        else if (json_object_set_new(out, key, merge(json_object_get(target, key), v)) < 0)
            return NULL;
    }
    return TAKE_PTR(out);
}

json_t *meta_merge_apply(const json_t *target, const json_t *patch, struct err *err)
{
    json_t *out = merge(target, patch);

    if (!out)
        (void)err_oom(err);
    return out;
}

static json_t *diff(const json_t *from, const json_t *to);

static int diff_member(json_t *out, const char *key, const json_t *old, const json_t *new)
{
    _cleanup_json_ json_t *d = NULL;

    if (json_equal(old, new))
        return 0;
    if (!json_is_object(old) || !json_is_object(new))
        return json_object_set(out, key, (json_t *)new);
    d = diff(old, new);
    if (!d)
        return -1;
    return json_object_size(d) > 0 ? json_object_set(out, key, d) : 0;
}

static json_t *diff(const json_t *from, const json_t *to)
{
    _cleanup_json_ json_t *out = json_object();
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)to, key,
                        v) if (!json_is_null(v) && diff_member(out, key, json_object_get(from, key),
                                                               v) < 0) return NULL;
    json_object_foreach((json_t *)from, key, v)
    {
        const json_t *kept = json_object_get(to, key);

        if ((!kept || json_is_null(kept)) && json_object_set_new(out, key, json_null()) < 0)
            return NULL;
    }
    return TAKE_PTR(out);
}

json_t *meta_merge_diff(const json_t *from, const json_t *to, struct err *err)
{
    json_t *out = diff(from, to);

    if (!out)
        (void)err_oom(err);
    return out;
}

static char *dump(const json_t *o, size_t flags, struct err *err)
{
    char *text;

    json_has_no_memory = false;
    text = json_dumps(o, JSON_COMPACT | JSON_ENCODE_ANY | flags);
    if (text && !json_has_no_memory)
        return text;
    free(text); /* it may lack something */
    (void)err_oom(err);
    return NULL;
}

char *meta_dump(const json_t *o, struct err *err)
{
    return dump(o, JSON_SORT_KEYS, err);
}

char *meta_text(const json_t *o, struct err *err)
{
    return dump(o, 0, err);
}

static bool is_empty(const json_t *v)
{
    return json_is_null(v) || (json_is_object(v) && json_object_size(v) == 0) ||
           (json_is_array(v) && json_array_size(v) == 0) ||
           (json_is_string(v) && json_string_length(v) == 0);
}

static json_t *canonical(const json_t *v);

/* 1 and "1000m" are the same. What is no quantity stays as it is. */
static json_t *canonical_quantity(const json_t *v)
{
    int64_t milli;
    char text[32];

    if (quantity_from_json(v, 3, &milli, NULL) < 0)
        return json_incref((json_t *)v);
    (void)snprintf(text, sizeof(text), "%lldm", (long long)milli);
    return json_string(text);
}

static json_t *canonical_quantities(const json_t *map)
{
    _cleanup_json_ json_t *out = json_object();
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)map, key,
                        v) if (json_object_set_new(out, key, canonical_quantity(v)) <
                               0) return NULL;
    return TAKE_PTR(out);
}

/* Where Kubernetes' types have quantities: resource lists and sizeLimit. */
static json_t *canonical_member(const char *key, const json_t *v)
{
    if ((strcmp(key, "limits") == 0 || strcmp(key, "requests") == 0) && json_is_object(v))
        return canonical_quantities(v);
    if (strcmp(key, "sizeLimit") == 0)
        return canonical_quantity(v);
    return canonical(v);
}

/* A copy without empty members and with quantities in one form; array elements keep their places.
 * NULL: out of memory. */
static json_t *canonical(const json_t *v)
{
    _cleanup_json_ json_t *out = NULL;
    const char *key;
    json_t *m;
    size_t i;

    if (json_is_object(v)) {
        out = json_object();
        json_object_foreach((json_t *)v, key, m)
        {
            _cleanup_json_ json_t *kept = canonical_member(key, m);

            if (!kept || (!is_empty(kept) && json_object_set(out, key, kept) < 0))
                return NULL;
        }
        return TAKE_PTR(out);
    }
    if (json_is_array(v)) {
        out = json_array();
        json_array_foreach((json_t *)v, i,
                           m) if (json_array_append_new(out, canonical(m)) < 0) return NULL;
        return TAKE_PTR(out);
    }
    return json_incref((json_t *)v);
}

int meta_hash(const json_t *o, char ret[9], struct err *err)
{
    _cleanup_json_ json_t *kept = canonical(o);
    _cleanup_(freep) char *text = kept ? meta_dump(kept, err) : NULL;

    if (!text)
        return err_oom(err);
    bytes_fnv1a_hex(text, ret);
    return 0;
}

int meta_same(const json_t *a, const json_t *b, struct err *err)
{
    _cleanup_json_ json_t *x = canonical(a), *y = canonical(b);

    if ((a && !x) || (b && !y))
        return err_oom(err);
    if (!x || !y)
        return (!x || is_empty(x)) && (!y || is_empty(y));
    return json_equal(x, y);
}

/* jansson's own depth limit is 2048 and it recurses; ours is found by counting brackets outside of
 * strings first. */
static bool is_too_deep(const char *text, size_t n)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < n; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '[')) {
            if (++depth > LIMIT_JSON_DEPTH)
                return true;
        } else if (!in_string && (text[i] == '}' || text[i] == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

/* At least as long as the longest token. */
static size_t longest_token(const char *text, size_t n)
{
    size_t longest = 0, from = 0;
    bool in_string = false;

    for (size_t i = 0; i < n; i++) {
        if (in_string && text[i] == '\\') {
            i++;
            continue;
        }
        if (text[i] != '"' && (in_string || !strchr(" \t\r\n,:{}[]", text[i])))
            continue;
        in_string ^= text[i] == '"';
        longest = MAX(longest, i - from);
        from = i;
    }
    return MAX(longest, n - from);
}

/* The buffer doubles: all its sizes together are below four times the longest token. */
static json_t *load(const char *text, size_t n, json_error_t *e)
{
    json_t *out;

    json_has_no_memory = false;
    reserve.n = 4 * longest_token(text, n) + 4096;
    reserve.used = 0;
    reserve.mem = malloc(reserve.n);
    json_has_no_memory = !reserve.mem;
    out = reserve.mem ? json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, e) : NULL;
    out = whole_or_null(out);
    free(TAKE_PTR(reserve.mem));
    return out;
}

json_t *meta_parse(const char *text, size_t n, size_t max_bytes, struct err *err)
{
    json_error_t e;
    json_t *out;

    if (n > max_bytes) {
        (void)err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge", "%zu bytes of JSON; %zu is the most",
                      n, max_bytes);
        return NULL;
    }
    if (is_too_deep(text, n)) {
        (void)err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "JSON nested deeper than %d levels",
                      LIMIT_JSON_DEPTH);
        return NULL;
    }
    out = load(text, n, &e);
    if (out)
        return out;
    if (json_has_no_memory)
        (void)err_oom(err);
    else
        (void)err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "JSON line %d, column %d: %s",
                      e.line, e.column, e.text);
    return NULL;
}
