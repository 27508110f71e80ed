/* The n-th allocation fails, for every n: nothing is lost, nothing is half there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/base/alloc_sweep.h"
#include "lib/json/json.h"

/* All or nothing: a copy that is there is equal. */
static int copy(const json_t *o, struct err *err)
{
    json_t *twin = json_deep_copy(o);

    if (!twin)
        return err_oom(err);
    if (!json_equal(o, twin))
        abort();
    json_decref(twin);
    return 0;
}

static int fill(json_t *o, json_t *a, struct err *err)
{
    char key[32];

    for (int i = 0; i < 30; i++) {
        size_t n = json_object_size(o);

        (void)snprintf(key, sizeof(key), "key-%d", i);
        if (json_object_set_new(o, key, json_integer(i)) < 0) {
            if (json_object_size(o) != n || json_object_get(o, key))
                abort();
            return err_oom(err);
        }
        if (json_array_append_new(a, json_string(key)) < 0)
            return err_oom(err);
    }
    return json_object_set(o, "list", a) < 0 ? err_oom(err) : 0;
}

static int scenario(void *user, struct err *err)
{
    json_t *o = json_object(), *a = json_array();
    int r = -1;

    (void)user;
    if (!o || !a)
        (void)err_oom(err);
    else if (fill(o, a, err) == 0)
        r = copy(o, err);
    for (int i = 0; i < 25 && r == 0; i++) {
        char key[32];

        (void)snprintf(key, sizeof(key), "key-%d", i);
        (void)json_object_del(o, key); /* it is there */
    }
    json_trim(o);
    if (r == 0 && (json_object_size(o) != 6 || !json_object_get(o, "key-29")))
        abort();
    json_decref(o);
    json_decref(a);
    return r;
}

static void test_sweep(void **state)
{
    (void)state;
    json_set_alloc_funcs(malloc,
                         free); /* jansson's own calls are of this file now, and so caught */
    alloc_sweep(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sweep)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
