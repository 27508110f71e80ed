/* Texts, numbers and words: each one block. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/json/value_impl.h"

struct string {
    json_t json;
    char s[];
};

struct integer {
    json_t json;
    json_int_t v;
};

struct real {
    json_t json;
    double v;
};

/* ---- texts ---- */

json_t *json_stringn_nocheck(const char *s, size_t n)
{
    struct string *v = s ? json_make(JSON_STRING, sizeof(*v) + n + 1, n) : NULL;

    if (!v)
        return NULL;
    (void)memcpy(v->s, s, n);
    v->s[n] = '\0';
    return &v->json;
}

json_t *json_string_nocheck(const char *s)
{
    return s ? json_stringn_nocheck(s, strlen(s)) : NULL;
}

json_t *json_stringn(const char *s, size_t n)
{
    return s && utf8_check_string(s, n) ? json_stringn_nocheck(s, n) : NULL;
}

json_t *json_string(const char *s)
{
    return s ? json_stringn(s, strlen(s)) : NULL;
}

/* jansson's parser and packer: the text is given away, also when it fails. */
json_t *jsonp_stringn_nocheck_own(const char *s, size_t n)
{
    json_t *v = json_stringn_nocheck(s, n);

    jsonp_free((char *)s);
    return v;
}

const char *json_string_value(const json_t *json)
{
    return json_is_string(json) ? ((const struct string *)json)->s : NULL;
}

size_t json_string_length(const json_t *json)
{
    return json_is_string(json) ? *json_count(json) : 0;
}

json_t *json_vsprintf(const char *fmt, va_list ap)
{
    json_t *v = NULL;
    va_list again;
    char *s;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    s = n >= 0 ? jsonp_malloc((size_t)n + 1) : NULL;
    if (s) {
        (void)vsnprintf(s, (size_t)n + 1, fmt, again);
        v = json_stringn(s, (size_t)n);
        jsonp_free(s);
    }
    va_end(again);
    return v;
}

json_t *json_sprintf(const char *fmt, ...)
{
    va_list ap;
    json_t *v;

    va_start(ap, fmt);
    v = json_vsprintf(fmt, ap);
    va_end(ap);
    return v;
}

/* ---- numbers and words ---- */

json_t *json_integer(json_int_t value)
{
    struct integer *v = json_make(JSON_INTEGER, sizeof(*v), 0);

    if (!v)
        return NULL;
    v->v = value;
    return &v->json;
}

json_int_t json_integer_value(const json_t *json)
{
    return json_is_integer(json) ? ((const struct integer *)json)->v : 0;
}

int json_integer_set(json_t *json, json_int_t value)
{
    if (!json_is_integer(json))
        return -1;
    ((struct integer *)json)->v = value;
    return 0;
}

static bool is_finite(double v)
{
    return v - v == 0;
}

json_t *json_real(double value)
{
    struct real *v = is_finite(value) ? json_make(JSON_REAL, sizeof(*v), 0) : NULL;

    if (!v)
        return NULL;
    v->v = value;
    return &v->json;
}

double json_real_value(const json_t *json)
{
    return json_is_real(json) ? ((const struct real *)json)->v : 0;
}

int json_real_set(json_t *json, double value)
{
    if (!json_is_real(json) || !is_finite(value))
        return -1;
    ((struct real *)json)->v = value;
    return 0;
}

double json_number_value(const json_t *json)
{
    return json_is_integer(json) ? (double)json_integer_value(json) : json_real_value(json);
}

json_t *json_true(void)
{
    static json_t v = {JSON_TRUE, JSON_FOREVER};

    return &v;
}

json_t *json_false(void)
{
    static json_t v = {JSON_FALSE, JSON_FOREVER};

    return &v;
}

json_t *json_null(void)
{
    static json_t v = {JSON_NULL, JSON_FOREVER};

    return &v;
}

json_t *json_copy_plain(const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_STRING:
        return json_stringn_nocheck(json_string_value(v), *json_count(v));
    case JSON_INTEGER:
        return json_integer(json_integer_value(v));
    case JSON_REAL:
        return json_real(json_real_value(v));
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return (json_t *)v;
}
