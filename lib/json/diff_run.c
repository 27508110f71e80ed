/*
 * Random operations on random values, told step by step. It is built twice, with our values and
 * with jansson's own: what the two tell must be the same, byte for byte (diff.cmake).
 *
 *     json-diff-ours|json-diff-jansson SEED STEPS
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_SLOTS = 12, MAX_TEXT = 4000 };

static uint64_t state;

static unsigned below(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

/* Long and short, with what must be escaped, and some that are no UTF-8. */
static const char *word(void)
{
    static const char *const words[] = {"",
                                        "a",
                                        "b",
                                        "name",
                                        "labels",
                                        "\xc3\xa4\xe2\x82\xac",
                                        "\x01\n\"\\/",
                                        "\xc3",
                                        "\xf0\x9f\x98\x80",
                                        "uid",
                                        "agents.x-k8s.io/sandbox-name-hash"};
    static char made[32];

    if (below(3) > 0)
        return words[below(sizeof(words) / sizeof(words[0]))];
    (void)snprintf(made, sizeof(made), "%.*s%u", (int)below(8), "kkkkkkkk", below(60));
    return made;
}

static json_t *scalar(void)
{
    switch (below(8)) {
    case 0:
        return json_integer((json_int_t)below(100) - 50);
    case 1:
        return json_integer(INT64_MAX - (json_int_t)below(3));
    case 2:
        return json_real(below(1000) / 8.0);
    case 3:
        return json_boolean(below(2));
    case 4:
        return json_null();
    case 5:
        return json_sprintf("%s-%u", "f", below(9));
    default:
        return json_string(word()); /* NULL when it is no UTF-8 */
    }
}

static void tell(const char *what, json_t *v)
{
    char *s =
        v ? json_dumps(v, JSON_ENCODE_ANY | (below(2) ? JSON_COMPACT : JSON_SORT_KEYS)) : NULL;

    printf("%s %s refs %zu size %zu %zu\n", what, s ? s : "none",
           v && v->refcount != (size_t)-1 ? v->refcount : 0, json_object_size(v),
           json_array_size(v));
    free(s);
}

/* A value to put somewhere: never one that holds the other, or is held twice on the way. */
static json_t *part(json_t *const slots[])
{
    return below(3) ? scalar() : json_deep_copy(slots[below(N_SLOTS)]);
}

static void on_object(json_t *o, json_t *const slots[])
{
    json_t *other = json_copy(slots[below(N_SLOTS)]);
    char w[64];

    (void)snprintf(w, sizeof(w), "%s", word());
    switch (below(9)) {
    case 0:
        printf("del %d\n", json_object_del(o, w));
        break;
    case 1:
        printf("update %d\n", json_object_update(o, other));
        break;
    case 2:
        printf("missing %d\n", json_object_update_missing(o, other));
        break;
    case 3:
        printf("existing %d\n", json_object_update_existing(o, other));
        break;
    case 4:
        if (below(6) == 0)
            printf("clear %d\n", json_object_clear(o));
        break;
    case 5:
        printf("setn %d\n", json_object_setn_new(o, w, strlen(w), part(slots)));
        break;
    default:
        printf("set %d\n", json_object_set_new(o, w, part(slots)));
    }
    json_decref(other);
}

static void on_array(json_t *a, json_t *const slots[])
{
    size_t i = below(6);

    switch (below(6)) {
    case 0:
        printf("remove %d\n", json_array_remove(a, i));
        break;
    case 1:
        printf("insert %d\n", json_array_insert_new(a, i, part(slots)));
        break;
    case 2:
        printf("put %d\n", json_array_set_new(a, i, part(slots)));
        break;
    case 3:
        printf("extend %d\n", json_array_extend(a, slots[below(N_SLOTS)]));
        break;
    case 4:
        if (below(6) == 0)
            printf("empty %d\n", json_array_clear(a));
        break;
    default:
        printf("append %d\n", json_array_append_new(a, part(slots)));
    }
}

static void go_over(json_t *o)
{
    const char *key;
    json_t *v;
    void *next;

    json_object_foreach(o, key, v)
    {
        printf("%s=%d ", key, (int)json_typeof(v));
        if (below(4) == 0)
            (void)json_object_iter_set_new(o, json_object_iter_at(o, key), json_integer(1));
    }
    json_object_foreach_safe(o, next, key, v)
    {
        if (below(5) == 0) {
            printf("-%s", key);
            printf(" %d ", json_object_del(o, key));
        }
    }
    printf("\n");
}

/* Written, damaged and read again: what is refused, and with which words. */
static json_t *reread(const json_t *v)
{
    char *s = json_dumps(v, JSON_ENCODE_ANY);
    json_error_t where = {.line = 0};
    json_t *again;

    if (!s)
        return json_null();
    if (s[0] && below(2))
        s[below((unsigned)strlen(s))] = (char)below(256);
    again = json_loads(s, JSON_DECODE_ANY | (below(2) ? JSON_REJECT_DUPLICATES : 0), &where);
    if (!again)
        printf("refused: %s at %d %d\n", where.text, where.line, where.position);
    free(s);
    return again ? again : json_null();
}

static json_t *fresh(json_t *const slots[])
{
    switch (below(6)) {
    case 0:
        return json_array();
    case 1:
        return json_pack("{s:s, s:[i, b, n], s:o*, s:{s:s}}", "a", "x", "b", 1, 1, "d",
                         json_string(word()), "e", "f", "g");
    case 2:
        return json_deep_copy(slots[below(N_SLOTS)]);
    case 3:
        return json_copy(slots[below(N_SLOTS)]);
    case 4:
        return reread(slots[below(N_SLOTS)]);
    default:
        return json_object();
    }
}

static void step(json_t **slots)
{
    json_t **v = &slots[below(N_SLOTS)], *other = slots[below(N_SLOTS)];
    char *s;

    switch (below(8)) {
    case 0:
        other = fresh(slots);
        json_decref(*v);
        *v = other ? other : json_null();
        break;
    case 1:
        go_over(*v);
        break;
    case 2:
        printf("equal %d %d\n", json_equal(*v, other), json_equal(other, *v));
        break;
    default:
        if (json_is_object(*v))
            on_object(*v, slots);
        else
            on_array(*v, slots); /* of what is no array: refused */
    }
    tell("now", *v);
    s = json_dumps(*v, JSON_ENCODE_ANY);
    if (!s || strlen(s) > MAX_TEXT) {
        json_decref(*v);
        *v = json_object();
    }
    free(s);
}

int main(int argc, char **argv)
{
    json_t *slots[N_SLOTS];
    long n = argc > 2 ? strtol(argv[2], NULL, 10) : 1000;

    state = argc > 1 ? (uint64_t)strtoull(argv[1], NULL, 10) : 1;
    for (size_t i = 0; i < N_SLOTS; i++)
        slots[i] = i % 2 ? json_object() : json_array();
    for (long i = 0; i < n; i++)
        step(slots);
    for (size_t i = 0; i < N_SLOTS; i++)
        json_decref(slots[i]);
    return 0;
}
