#pragma once
/* What the kinds of values share: their head, and what value.c asks of each kind. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/json/json.h"

#define JSON_FOREVER ((size_t)-1) /* jansson's reference count of what is never freed */

/* jansson's own, not in its header. */
void *jsonp_malloc(size_t n);
void jsonp_free(void *p);
int utf8_check_string(const char *s, size_t n);
json_t *jsonp_stringn_nocheck_own(const char *s, size_t n);

/* How many members, items or bytes: in the hole that json_t has after its type. */
static inline uint32_t *json_count(const json_t *v)
{
    return (uint32_t *)((char *)v + 4);
}

/* A value of that size with a reference and a count; what follows json_t is the caller's to set.
 * NULL: no memory. */
void *json_make(json_type type, size_t size, size_t n);

/* Each of a value of its kind. Equal: of two. Copies: NULL without memory, never a part of one. */
void json_free_object(json_t *v);
void json_free_array(json_t *v);
bool json_equal_objects(const json_t *a, const json_t *b);
bool json_equal_arrays(const json_t *a, const json_t *b);
json_t *json_copy_object(const json_t *v, bool is_deep);
json_t *json_copy_array(const json_t *v, bool is_deep);
json_t *json_copy_plain(const json_t *v);
void json_trim_object(json_t *v);
void json_trim_array(json_t *v);
/* What a copy holds: the same, or copied. */
static inline json_t *json_inner(json_t *v, bool is_deep)
{
    return is_deep ? json_deep_copy(v) : json_incref(v);
}
