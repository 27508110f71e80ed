/*
 * What jansson takes of these bytes json_read() takes, with the same value, and no more; what it
 * leaves out it leaves out of that value; json_find() finds what is there. Two things are refused
 * only where they are built: duplicate keys and numbers out of range. (jansson takes a NUL for the
 * end of the text; no JSON has one.)
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/api/json_read.h"
#include "lib/api/meta.h"
#include "lib/base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *const meta_without[] = {"b", NULL};
static const char *const only[] = {"a", "metadata", "spec", NULL};
static const struct json_sieve metadata = {.without = meta_without};
static const struct json_sieve_member inside[] = {{"metadata", &metadata}, {0}};
static const struct json_sieve sieve = {.only = only, .inside = inside};

static void check(bool is_so)
{
    if (!is_so)
        abort();
}

/* The same by hand. */
static void leave_out(json_t *o)
{
    const char *key;
    json_t *v;
    void *next;

    json_object_foreach_safe(o, next, key, v)
    {
        bool is_kept = false;

        for (size_t i = 0; only[i]; i++)
            is_kept |= strcmp(key, only[i]) == 0;
        if (!is_kept)
            (void)json_object_del(o, key);
    }
    (void)json_object_del(json_object_get(o, "metadata"), "b");
}

static void check_found(const json_t *o, const struct json_find *f)
{
    const json_t *v = o;
    _cleanup_json_ json_t *found = f->at ? json_read(f->at, f->n, f->n, NULL, NULL) : NULL;
    const char *text;
    size_t n;

    for (size_t i = 0; i < JSON_FIND_MAX_KEYS && f->keys[i]; i++)
        v = json_object_get(v, f->keys[i]);
    check((v == NULL) == (f->at == NULL));
    check(!v || json_equal(v, found));
    if (json_find_text(f, &text, &n))
        check(json_string_length(v) == n && memcmp(json_string_value(v), text, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data;
    _cleanup_json_ json_t *want = meta_parse(text, n, LIMIT_OBJECT, NULL);
    struct err err = {0};
    _cleanup_json_ json_t *got = json_read(text, n, LIMIT_OBJECT, NULL, &err);
    _cleanup_json_ json_t *part = json_read(text, n, LIMIT_OBJECT, &sieve, NULL);
    struct json_find finds[] = {{.keys = {"a"}},
                                {.keys = {"a", "b"}},
                                {.keys = {"metadata", "a", "b"}},
                                {.keys = {"spec"}}};
    int r = json_find(text, n, LIMIT_OBJECT, finds, ARRAY_SIZE(finds), NULL);

    check(!got || !memchr(text, '\0', n));
    if (memchr(text, '\0', n))
        return 0;
    check((want == NULL) == (got == NULL));
    check(got || err.msg[0]);
    if (!want)
        return 0;
    check(json_equal(want, got));
    check(part && r == 0);
    for (size_t i = 0; i < ARRAY_SIZE(finds); i++)
        check_found(want, &finds[i]);
    leave_out(want);
    check(json_equal(want, part));
    return 0;
}
