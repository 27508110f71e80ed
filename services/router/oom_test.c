/* The n-th allocation fails, for every n: making a router, and one call through it. Nothing leaks,
 * nothing crashes, every call ends, and the next one works. */
#include "services/router/scene.h"

#include "lib/base/alloc_sweep.h"

static int make_router(void *user, struct err *err)
{
    struct scene *s = user;
    const struct router_opts opts = {
        .listen = s->listen, .fds_path = s->fds, .controller = s->target};
    struct router *r = NULL;
    int made = router_new(&r, s->w.loop, &opts, err);

    if (made == 0)
        made = router_start(r, err);
    router_free(r);
    alloc_sweep_pause();
    (void)loop_turn(s->w.loop, false); /* handles that libuv closes later */
    alloc_sweep_resume();
    return made;
}

static void test_making(void **state)
{
    struct scene s = {0};
    struct err err;

    (void)state;
    scene_paths(&s);
    assert_int_equal(loop_new(&s.w.loop, &err), 0);
    alloc_sweep(make_router, &s);
    loop_free(s.w.loop);
    scene_clean(&s);
}

static void start_call(struct scene *s, struct talk *t, const struct rpc_metadata *md)
{
    const struct rpc_call_opts opts = {.metadata = md, .timeout_ms = 2000};

    t->world = &s->w;
    if (rpc_channel_call(s->w.channel, SEEN, &opts, &talk_ops, t, &t->call, NULL) < 0)
        t->n_done = 1;
    else
        rpc_call_send_end(t->call);
}

static int one_call(void *user, struct err *err)
{
    const struct rpc_metadata *md = user;
    struct talk t = {0};
    struct scene s = {0};

    (void)err;
    alloc_sweep_pause();
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_echo(&s, "web-1");
    alloc_sweep_resume();
    start_call(&s, &t, md);
    UNTIL(&s, t.n_done);
    alloc_sweep_pause();
    if (s.agent.n_closed >
        0) /* the connection was the victim: a new one, as the node would bring it */
        scene_agent(&s, "inst1", 2);
    scene_echo(&s, "web-1");
    scene_down(&s);
    alloc_sweep_resume();
    return 0;
}

static void test_one_call(void **state)
{
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    (void)state;
    arena_init(&arena, LIMIT_RPC_METADATA);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add_str(&md, "x-sandbox-id", "web-1", &err), 0);
    alloc_sweep(one_call, &md);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_making),
        cmocka_unit_test(test_one_call),
    };

    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
