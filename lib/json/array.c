/* Arrays: one block of pointers. */
#include <string.h>

#include "lib/json/value_impl.h"

struct array {
    json_t json;
    json_t **items; /* at least as many as room_for() says; NULL: none */
};

static struct array *array_of(const json_t *v)
{
    return json_is_array(v) ? (struct array *)v : NULL;
}

/* Of n items: 3, as malloc gives no less, then half as many more at a time. It follows from n
 * alone, so it need not be kept: there is always so much, or more. */
static size_t room_for(size_t n)
{
    size_t room = 3;

    while (room < n)
        room = (room + room / 2) | 1;
    return room;
}

static int set_room(struct array *a, size_t room)
{
    json_t **items = jsonp_malloc(room * sizeof(json_t *));

    if (!items)
        return -1;
    if (a->items)
        (void)memcpy(items, a->items, *json_count(&a->json) * sizeof(json_t *));
    jsonp_free(a->items);
    a->items = items;
    return 0;
}

json_t *json_array(void)
{
    struct array *a = json_make(JSON_ARRAY, sizeof(*a), 0);

    if (!a)
        return NULL;
    a->items = NULL;
    return &a->json;
}

void json_free_array(json_t *v)
{
    struct array *a = array_of(v);

    for (size_t i = 0; i < *json_count(&a->json); i++)
        json_decref(a->items[i]);
    jsonp_free(a->items);
    jsonp_free(a);
}

size_t json_array_size(const json_t *json)
{
    return json_is_array(json) ? *json_count(json) : 0;
}

json_t *json_array_get(const json_t *json, size_t i)
{
    return i < json_array_size(json) ? array_of(json)->items[i] : NULL;
}

int json_array_set_new(json_t *json, size_t i, json_t *value)
{
    json_t *old;

    if (!value)
        return -1;
    if (json == value || i >= json_array_size(json)) {
        json_decref(value);
        return -1;
    }
    old = array_of(json)->items[i];
    array_of(json)->items[i] = value;
    json_decref(old);
    return 0;
}

/* Perhaps too early: more may be left of when there were more. */
static bool is_full(const struct array *a)
{
    size_t n = *json_count(&a->json);

    return !a->items || room_for(n) == n;
}

int json_array_insert_new(json_t *json, size_t i, json_t *value)
{
    struct array *a = array_of(json);
    size_t n = json_array_size(json);

    if (!value)
        return -1;
    if (!a || json == value || i > n || n == UINT32_MAX ||
        (is_full(a) && set_room(a, room_for(n + 1)) < 0)) {
        json_decref(value);
        return -1;
    }
    (void)memmove(&a->items[i + 1], &a->items[i], (n - i) * sizeof(json_t *));
    a->items[i] = value;
    ++*json_count(json);
    return 0;
}

int json_array_append_new(json_t *json, json_t *value)
{
    return json_array_insert_new(json, json_array_size(json), value);
}

int json_array_remove(json_t *json, size_t i)
{
    struct array *a = array_of(json);
    size_t n = json_array_size(json);
    json_t *old;

    if (i >= n)
        return -1;
    old = a->items[i];
    (void)memmove(&a->items[i], &a->items[i + 1], (n - i - 1) * sizeof(json_t *));
    --*json_count(json);
    json_decref(old);
    return 0;
}

int json_array_clear(json_t *json)
{
    if (!json_is_array(json))
        return -1;
    while (json_array_size(json) > 0)
        (void)json_array_remove(json, json_array_size(json) - 1); /* it is there */
    return 0;
}

int json_array_extend(json_t *json, json_t *other)
{
    size_t n = json_array_size(other);

    if (!json_is_array(json) || !json_is_array(other))
        return -1;
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(json, json_incref(json_array_get(other, i))) < 0)
            return -1;
    return 0;
}

/* ---- as a whole ---- */

bool json_equal_arrays(const json_t *a, const json_t *b)
{
    if (*json_count(a) != *json_count(b))
        return false;
    for (size_t i = 0; i < *json_count(a); i++)
        if (!json_equal(json_array_get(a, i), json_array_get(b, i)))
            return false;
    return true;
}

json_t *json_copy_array(const json_t *v, bool is_deep)
{
    json_t *ret = json_array();

    for (size_t i = 0; ret && i < *json_count(v); i++)
        if (json_array_append_new(ret, json_inner(json_array_get(v, i), is_deep)) < 0) {
            json_decref(ret);
            return NULL;
        }
    return ret;
}

void json_trim_array(json_t *v)
{
    struct array *a = array_of(v);

    if (*json_count(v) > 0)
        return;
    jsonp_free(a->items);
    a->items = NULL;
}
