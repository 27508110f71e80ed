/* The n-th allocation fails, for every n: the call that needed it fails alone and the store stays
 * whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/base/alloc_sweep.h"
#include "lib/loop/loop.h"
#include "lib/store/store.h"

struct outcome {
    bool is_done;
    struct err err;
};

static void on_done(const struct store_result *res, void *user)
{
    struct outcome *o = user;

    o->is_done = true;
    o->err = res->err ? *res->err : (struct err){0};
}

static void on_event(const struct store_event *ev, void *user)
{
    unsigned *n = user;

    (void)ev;
    ++*n;
}

/* Returns as the write ended. */
static int write_all(struct store *s, const struct store_op *ops, size_t n, struct err *err)
{
    struct outcome o = {0};

    if (store_write(s, ops, n, on_done, &o, err) < 0)
        return -1;
    store_flush(s);
    assert_true(o.is_done);
    if (o.err.code == RPC_OK)
        return 0;
    *err = o.err;
    return -1;
}

static json_t *object(const char *name)
{
    return json_pack("{s{ss ss s[s]} s{si}}", "metadata", "name", name, "namespace", "default",
                     "finalizers", "f", "spec", "n", 1);
}

static int story(struct store *s, struct err *err)
{
    struct meta_owner ref = {"agents.x-k8s.io/v1beta1", "Sandbox", "a", "", true, true};
    _cleanup_json_ json_t *a = object("a"), *b = object("b"), *edited = NULL;
    struct store_op ops[] = {{.type = STORE_CREATE, .kind = "Sandbox", .object = a},
                             {.type = STORE_CREATE, .kind = "Sandbox", .object = b}};
    struct store_op del = {.type = STORE_DELETE, .kind = "Sandbox", .ns = "default", .name = "a"};
    struct store_op update = {.type = STORE_UPDATE, .kind = "Sandbox"};

    if (!a || !b)
        return err_oom(err);
    meta_remove(b, "metadata.finalizers");
    if (meta_set_owner(b, &ref, err) < 0)
        return -1;
    if (write_all(s, ops, 2, err) < 0) {
        assert_int_equal(store_count(s, "Sandbox"), 0); /* both or neither */
        return -1;
    }
    assert_int_equal(store_count(s, "Sandbox"), 2);
    if (write_all(s, &del, 1, err) < 0)
        return -1;
    edited = store_object_edit(store_get(s, "Sandbox", "default", "a"), err);
    if (!edited)
        return -1;
    (void)meta_remove_finalizer(edited, "f");
    if (meta_set_int(edited, "spec.n", 2, err) < 0)
        return -1;
    update.object = edited;
    if (write_all(s, &update, 1, err) < 0)
        return -1;
    /* The garbage may need another round where memory failed it. */
    alloc_sweep_pause();
    store_flush(s);
    alloc_sweep_resume();
    assert_int_equal(store_count(s, "Sandbox"), 0);
    return 0;
}

static int scenario(void *user, struct err *err)
{
    struct loop *loop = user;
    _cleanup_(store_freep) struct store *s = NULL;
    _cleanup_(store_watch_freep) struct store_watch *w = NULL;
    unsigned n = 0;

    if (store_new_memory(&s, loop, err) < 0 || store_watch_new(&w, s, NULL, on_event, &n, err) < 0)
        return -1;
    if (story(s, err) < 0)
        return -1;
    assert_int_equal(n, 5); /* two made, one marked, one gone, one collected */
    return 0;
}

static void test_sweep(void **state)
{
    struct loop *loop;

    (void)state;
    assert_int_equal(loop_new(&loop, NULL), 0);
    alloc_sweep(scenario, loop);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sweep)};

    return cmocka_run_group_tests_name("out of memory", tests, NULL, NULL);
}
