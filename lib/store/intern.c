#include "lib/store/intern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/base/cleanup.h"
#include "lib/json/json.h"

#define MIN_SLOTS 1024

void intern_init(struct intern *t)
{
    *t = (struct intern){.n_clear_at = MIN_SLOTS / 2};
}

void intern_done(struct intern *t)
{
    for (size_t i = 0; i < t->n_slots; i++)
        json_decref(t->slots[i].value);
    free(t->slots);
    *t = (struct intern){0};
}

/* ---- the table ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

/* Of a value whose members are shared: their addresses stand for them. */
static uint64_t hash_of(const json_t *v)
{
    uint64_t h = (uint64_t)json_typeof(v) + 1;
    const char *key;
    json_t *m;
    size_t i;

    if (json_is_string(v))
        return mix(h, bytes_hash(json_string_value(v), json_string_length(v)));
    if (json_is_integer(v))
        return mix(h, (uint64_t)json_integer_value(v));
    if (json_is_object(v)) {
        json_object_foreach((json_t *)v, key, m)
        {
            h = mix(mix(h, bytes_hash(key, strlen(key))), (uintptr_t)m);
        }
    } else if (json_is_array(v)) {
        json_array_foreach((json_t *)v, i, m)
        {
            h = mix(h, (uintptr_t)m);
        }
    }
    return h;
}

static bool is_same_object(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *m;

    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach((json_t *)a, key, m)
    {
        if (json_object_get(b, key) != m)
            return false;
    }
    return true;
}

static bool is_same_array(const json_t *a, const json_t *b)
{
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++)
        if (json_array_get(a, i) != json_array_get(b, i))
            return false;
    return true;
}

static bool is_same(const json_t *a, const json_t *b)
{
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_object(a))
        return is_same_object(a, b);
    if (json_is_array(a))
        return is_same_array(a, b);
    return json_equal(a, b);
}

/* The slot of an equal value, or the empty one where it belongs. */
static struct intern_slot *find(const struct intern *t, const json_t *v, uint64_t hash)
{
    for (size_t i = hash & (t->n_slots - 1);; i = (i + 1) & (t->n_slots - 1)) {
        struct intern_slot *s = &t->slots[i];

        if (!s->value || (s->hash == hash && is_same(s->value, v)))
            return s;
    }
}

/* Into a new table, without what nobody else holds any more. Returns whether there was memory. */
static bool rebuild(struct intern *t)
{
    struct intern_slot *old = t->slots;
    size_t n_old = t->n_slots, n_kept = 0, n = MIN_SLOTS;

    for (size_t i = 0; i < n_old; i++)
        n_kept += old[i].value && old[i].value->refcount > 1;
    while (n < n_kept * 3)
        n *= 2;
    t->slots = calloc(n, sizeof(*t->slots));
    if (!t->slots) {
        t->slots = old;
        return false;
    }
    t->n_slots = n;
    t->n = 0;
    for (size_t i = 0; i < n_old; i++) {
        json_t *v = old[i].value;

        if (v && v->refcount > 1) {
            *find(t, v, old[i].hash) = old[i];
            t->n++;
        } else {
            json_decref(v);
        }
    }
    t->n_clear_at = n / 2;
    free(old);
    return true;
}

/* The shared value equal to v, which becomes it when there is none; takes over the reference.
 * *ret_shared: whether it is shared now. */
static json_t *share(struct intern *t, json_t *v, bool *ret_shared)
{
    uint64_t hash = hash_of(v);
    struct intern_slot *s;

    *ret_shared = true;
    if (json_is_true(v) || json_is_false(v) || json_is_null(v))
        return v; /* one each, by jansson */
    if (t->n >= t->n_clear_at && !rebuild(t) && t->n + 1 >= t->n_slots) {
        *ret_shared = false;
        return v;
    }
    if (!t->slots && !rebuild(t)) {
        *ret_shared = false;
        return v;
    }
    s = find(t, v, hash);
    if (!s->value) {
        json_trim(v);
        *s = (struct intern_slot){.value = json_incref(v), .hash = hash};
        t->n++;
        return v;
    }
    json_incref(s->value);
    json_decref(v);
    return s->value;
}

/* ---- values ---- */

/* Texts of which there are as many as objects: looking for them costs more than it saves. */
static bool is_unique(const char *key, const json_t *v, const char *name)
{
    static const char *const keys[] = {"uid", "resourceVersion", "containerID", "podIP",
                                       "ip",  "selector",        "serviceFQDN", "time"};

    if (!json_is_string(v))
        return false;
    for (size_t i = 0; key && i < ARRAY_SIZE(keys); i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return strcmp(json_string_value(v), name) == 0;
}

static json_t *intern_value(struct intern *t, const char *key, json_t *v, const char *name,
                            bool *ret_shared);

/* Depth is bounded by whoever parsed the value. */
static bool intern_members(struct intern *t, json_t *o, const char *name)
{
    bool all = true, is_shared;

    for (void *it = json_object_iter(o); it; it = json_object_iter_next(o, it)) {
        json_t *v = json_object_iter_value(it);
        json_t *shared =
            intern_value(t, json_object_iter_key(it), json_incref(v), name, &is_shared);

        all &= is_shared;
        if (shared == v)
            json_decref(shared);
        else
            (void)json_object_iter_set_new(o, it, shared); /* replaces in place */
    }
    return all;
}

static bool intern_items(struct intern *t, json_t *a, const char *name)
{
    bool all = true, is_shared;

    for (size_t i = 0; i < json_array_size(a); i++) {
        json_t *v = json_array_get(a, i);
        json_t *shared = intern_value(t, NULL, json_incref(v), name, &is_shared);

        all &= is_shared;
        if (shared == v)
            json_decref(shared);
        else
            (void)json_array_set_new(a, i, shared); /* replaces in place */
    }
    return all;
}

static json_t *intern_value(struct intern *t, const char *key, json_t *v, const char *name,
                            bool *ret_shared)
{
    *ret_shared = false;
    if (is_unique(key, v, name) || json_is_real(v))
        return v;
    if ((json_is_object(v) && !intern_members(t, v, name)) ||
        (json_is_array(v) && !intern_items(t, v, name))) {
        json_trim(v);
        return v;
    }
    return share(t, v, ret_shared);
}

void intern_object(struct intern *t, json_t *object)
{
    (void)intern_members(t, object, meta_name(object));
    json_trim(object);
}
