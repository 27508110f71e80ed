/* What all values have in common. */
#include "lib/json/value_impl.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

int jsonp_loop_check(void *parents, const json_t *json, char *key, size_t n_key, size_t *ret_n_key);

static_assert(offsetof(json_t, refcount) == 8 && sizeof(json_type) == 4, "json_t has a hole");

void *json_make(json_type type, size_t size, size_t n)
{
    json_t *v = n <= UINT32_MAX ? jsonp_malloc(size) : NULL;

    if (!v)
        return NULL;
    v->type = type;
    *json_count(v) = (uint32_t)n;
    v->refcount = 1;
    return v;
}

void json_delete(json_t *v)
{
    if (!v)
        return;
    if (json_is_object(v))
        json_free_object(v);
    else if (json_is_array(v))
        json_free_array(v);
    else if (v->refcount != JSON_FOREVER)
        jsonp_free(v);
}

int json_equal(const json_t *a, const json_t *b)
{
    if (!a || !b || json_typeof(a) != json_typeof(b))
        return 0;
    if (a == b)
        return 1;
    switch (json_typeof(a)) {
    case JSON_OBJECT:
        return json_equal_objects(a, b);
    case JSON_ARRAY:
        return json_equal_arrays(a, b);
    case JSON_STRING:
        return *json_count(a) == *json_count(b) &&
               memcmp(json_string_value(a), json_string_value(b), *json_count(a)) == 0;
    case JSON_INTEGER:
        return json_integer_value(a) == json_integer_value(b);
    case JSON_REAL:
        return json_real_value(a) >= json_real_value(b) && json_real_value(a) <= json_real_value(b);
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return 1;
    }
    return 0;
}

json_t *json_copy(json_t *v)
{
    return !v                  ? NULL
           : json_is_object(v) ? json_copy_object(v, false)
           : json_is_array(v)  ? json_copy_array(v, false)
                               : json_copy_plain(v);
}

json_t *json_deep_copy(const json_t *v)
{
    return !v                  ? NULL
           : json_is_object(v) ? json_copy_object(v, true)
           : json_is_array(v)  ? json_copy_array(v, true)
                               : json_copy_plain(v);
}

void json_trim(json_t *v)
{
    if (json_is_object(v))
        json_trim_object(v);
    else if (json_is_array(v))
        json_trim_array(v);
}

/* jansson asks it of every container that it writes: nothing of ours holds itself. */
int jsonp_loop_check(void *parents, const json_t *json, char *key, size_t n_key, size_t *ret_n_key)
{
    (void)parents;
    (void)json;
    if (n_key > 0)
        key[0] = '\0';
    if (ret_n_key)
        *ret_n_key = 0;
    return 0;
}
