/* Bytes as a program: puts, deletes, copies, trims and goes over an object, beside a plain list
 * that does the same. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MAX_MEMBERS = 512 };

struct model {
    struct {
        char key[48];
        json_int_t v;
    } m[MAX_MEMBERS];
    size_t n;
};

static void check(bool is_so)
{
    if (!is_so)
        abort();
}

/* 256 keys of many lengths. */
static void key_of(uint8_t k, char ret[48])
{
    (void)snprintf(ret, 48, "%.*s%u", k % 40, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop", k);
}

static size_t at(const struct model *x, const char *key)
{
    size_t i = 0;

    while (i < x->n && strcmp(x->m[i].key, key) != 0)
        i++;
    return i;
}

static void put(struct model *x, json_t *o, uint8_t k, json_int_t v)
{
    char key[48];
    size_t i;

    key_of(k, key);
    i = at(x, key);
    check(json_object_set_new(o, key, json_integer(v)) == 0);
    (void)snprintf(x->m[i].key, sizeof(x->m[i].key), "%s", key);
    x->m[i].v = v;
    x->n = MAX(x->n, i + 1);
}

static void forget(struct model *x, size_t i)
{
    (void)memmove(&x->m[i], &x->m[i + 1], (x->n - i - 1) * sizeof(x->m[0]));
    x->n--;
}

static void del(struct model *x, json_t *o, uint8_t k)
{
    char key[48];
    size_t i;

    key_of(k, key);
    i = at(x, key);
    check(json_object_del(o, key) == (i < x->n ? 0 : -1));
    if (i < x->n)
        forget(x, i);
}

static void del_some(struct model *x, json_t *o, uint8_t odd)
{
    const char *key;
    json_t *v;
    void *next;

    json_object_foreach_safe(o, next, key, v)
    {
        if (json_integer_value(v) % (2 + odd % 3) != 0)
            continue;
        forget(x, at(x, key));
        check(json_object_del(o, key) == 0);
    }
}

static void compare(const struct model *x, json_t *o)
{
    const char *key;
    json_t *v;
    size_t i = 0;

    check(json_object_size(o) == x->n);
    json_object_foreach(o, key, v)
    {
        check(i < x->n && strcmp(key, x->m[i].key) == 0 && json_integer_value(v) == x->m[i].v);
        check(json_object_get(o, key) == v);
        i++;
    }
    check(i == x->n);
}

static json_t *swap(json_t *o, json_t *copy)
{
    check(copy && json_equal(o, copy));
    json_decref(o);
    return copy;
}

static json_t *step(struct model *x, json_t *o, uint8_t op, uint8_t k, json_int_t v)
{
    switch (op % 16) {
    case 0:
        json_trim(o);
        break;
    case 1:
        return swap(o, json_deep_copy(o));
    case 2:
        return swap(o, json_copy(o));
    case 3:
        del_some(x, o, k);
        break;
    case 4:
    case 5:
    case 6:
        del(x, o, k);
        break;
    default:
        put(x, o, k, v);
    }
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct model x;
    json_t *o = json_object();

    x.n = 0;
    for (size_t i = 0; i + 1 < n && i < 4000; i += 2) {
        o = step(&x, o, data[i], data[i + 1], (json_int_t)i);
        if (i % 64 == 0)
            compare(&x, o);
    }
    compare(&x, o);
    json_decref(o);
    return 0;
}
