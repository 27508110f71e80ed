/* Client-side health checking (gRPC A17): addresses that are not serving get no calls. */
#include "lib/rpc/net_test_util.h"

#include "lib/base/alloc_sweep.h"
#include "lib/rpc/health.h"
#include "lib/rpc/service_config.h"

#define SERVICE "count.v1.Count"

struct scene {
    struct net n;
    struct rpc_service_config config;
    struct rpc_health *health[N_HOSTS];
};

static void host_up(struct scene *s, int i, enum rpc_health_status status)
{
    struct err err;

    if (!s->n.servers[i])
        server_start(&s->n, i);
    assert_int_equal(rpc_health_new(&s->health[i], s->n.servers[i], &err), 0);
    assert_int_equal(rpc_health_set(s->health[i], SERVICE, status, &err), 0);
}

static void set_health(struct scene *s, int i, enum rpc_health_status status)
{
    struct err err;

    assert_int_equal(rpc_health_set(s->health[i], SERVICE, status, &err), 0);
}

static void scene_up(struct scene *s, int n_hosts, enum rpc_health_status first)
{
    *s = (struct scene){0};
    net_up(&s->n);
    rpc_service_config_init(&s->config);
    s->config.health_service = strdup(SERVICE);
    s->n.w.channel_opts.service_config = &s->config;
    for (int i = 0; i < n_hosts; i++) {
        host_up(s, i, i == 0 ? first : RPC_HEALTH_SERVING);
        s->n.fake.hosts[i] = i + 1;
    }
}

static void scene_down(struct scene *s)
{
    net_down(&s->n);
    for (int i = 0; i < N_HOSTS; i++)
        rpc_health_free(s->health[i]);
    rpc_service_config_done(&s->config);
}

static void turns(struct scene *s, int n, int wanted_code)
{
    memset(s->n.n_calls, 0, sizeof(s->n.n_calls));
    for (int i = 0; i < n; i++)
        assert_int_equal(call_once(&s->n, false), wanted_code);
}

static void wait_ready(struct scene *s)
{
    rpc_channel_connect(s->n.w.channel);
    RUN_WHILE(&s->n.w, rpc_channel_state(s->n.w.channel) != RPC_CHANNEL_READY);
    run_for(&s->n.w, 50);
}

/* Each address comes and goes with its health. */
static void comes_and_goes(void **state)
{
    struct scene s;

    (void)state;
    scene_up(&s, 2, RPC_HEALTH_NOT_SERVING);
    net_channel(&s.n, RPC_ROUND_ROBIN, NULL);
    wait_ready(&s);
    turns(&s, 6, RPC_OK);
    assert_int_equal(s.n.n_calls[0], 0);
    assert_int_equal(s.n.n_calls[1], 6);
    set_health(&s, 0, RPC_HEALTH_SERVING);
    run_for(&s.n.w, 50);
    turns(&s, 6, RPC_OK);
    assert_int_equal(s.n.n_calls[0], 3);
    assert_int_equal(s.n.n_calls[1], 3);
    set_health(&s, 1, RPC_HEALTH_NOT_SERVING);
    run_for(&s.n.w, 50);
    turns(&s, 6, RPC_OK);
    assert_int_equal(s.n.n_calls[0], 6);
    scene_down(&s);
}

/* None is well: the channel says so, calls that wait wait, and all is well again at once. */
static void none_is_well(void **state)
{
    struct rpc_call_opts waits = {.wait_for_ready = true};
    struct scene s;
    struct talk t = {0};
    int n_lookups;

    (void)state;
    scene_up(&s, 2, RPC_HEALTH_NOT_SERVING);
    set_health(&s, 1, RPC_HEALTH_NOT_SERVING);
    net_channel(&s.n, RPC_ROUND_ROBIN, NULL);
    rpc_channel_connect(s.n.w.channel);
    RUN_WHILE(&s.n.w, rpc_channel_state(s.n.w.channel) != RPC_CHANNEL_TRANSIENT_FAILURE);
    n_lookups = s.n.fake.n_lookups;
    talk_start(&s.n.w, &t, "/t.T/Count", NULL);
    run_until(&s.n.w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    if (!strstr(t.message, "health of \"" SERVICE "\": NOT_SERVING"))
        fail_msg("it says \"%s\"", t.message);
    t = (struct talk){0};
    talk_start(&s.n.w, &t, "/t.T/Count", &waits);
    run_for(&s.n.w, 100);
    assert_int_equal(t.n_done, 0);
    assert_int_equal(s.n.fake.n_lookups, n_lookups); /* connected: nothing to look up */
    set_health(&s, 1, RPC_HEALTH_SERVING);
    run_until(&s.n.w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_OK);
    assert_int_equal(rpc_channel_state(s.n.w.channel), RPC_CHANNEL_READY);
    set_health(&s, 1, RPC_HEALTH_NOT_SERVING);
    RUN_WHILE(&s.n.w, rpc_channel_state(s.n.w.channel) != RPC_CHANNEL_TRANSIENT_FAILURE);
    scene_down(&s);
}

/* Calls that are open when the verdict changes go on. */
static void open_calls_go_on(void **state)
{
    struct talk t = {.reads_on = true}, handler = {.reads_on = true, .echoes = true};
    struct scene s;
    struct err err;

    (void)state;
    scene_up(&s, 1, RPC_HEALTH_SERVING);
    assert_int_equal(rpc_server_handle(s.n.servers[0], "/t.T/Echo", talk_handler, &handler, &err),
                     0);
    net_channel(&s.n, RPC_ROUND_ROBIN, NULL);
    wait_ready(&s);
    talk_start(&s.n.w, &t, "/t.T/Echo", NULL);
    rpc_call_read(t.call);
    assert_int_equal(rpc_call_send(t.call, "a", 1, &err), 0);
    run_until(&s.n.w, &t.n_messages, 1);
    set_health(&s, 0, RPC_HEALTH_NOT_SERVING);
    RUN_WHILE(&s.n.w, rpc_channel_state(s.n.w.channel) != RPC_CHANNEL_TRANSIENT_FAILURE);
    assert_int_equal(rpc_call_send(t.call, "b", 1, &err), 0);
    run_until(&s.n.w, &t.n_messages, 2);
    rpc_call_send_end(t.call);
    run_until(&s.n.w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_OK);
    scene_down(&s);
}

/* Whoever has no health service is well. */
static void no_such_service(void **state)
{
    struct scene s;

    (void)state;
    scene_up(&s, 0, RPC_HEALTH_SERVING);
    s.n.fake.hosts[0] = 1;
    net_channel(&s.n, RPC_ROUND_ROBIN, NULL);
    turns(&s, 3, RPC_OK);
    scene_down(&s);
}

/* The same where the config asks for no check, and with pick-first, which makes none. */
static void not_asked_for(void **state)
{
    struct scene s;

    (void)state;
    for (int i = 0; i < 2; i++) {
        scene_up(&s, 1, RPC_HEALTH_NOT_SERVING);
        if (i == 0)
            rpc_service_config_done(&s.config);
        net_channel(&s.n, i == 0 ? RPC_ROUND_ROBIN : RPC_PICK_FIRST, NULL);
        turns(&s, 3, RPC_OK);
        scene_down(&s);
    }
}

/* ---- watches that end, garble, or say nothing ---- */

struct odd {
    int n_watches, fails_first; /* so many end with INTERNAL */
    const char *answer;
    size_t n_answer;
    bool ends_after;
};

static void on_watch(struct rpc_call *call, void *user)
{
    struct odd *o = user;

    if (o->n_watches++ < o->fails_first) {
        rpc_call_finish(call, RPC_INTERNAL, "not today");
        return;
    }
    if (o->answer)
        assert_int_equal(rpc_call_send(call, o->answer, o->n_answer, NULL), 0);
    if (o->ends_after)
        rpc_call_finish(call, RPC_UNAVAILABLE, "enough");
}

static void odd_up(struct scene *s, struct odd *o)
{
    struct err err;

    scene_up(s, 0, RPC_HEALTH_SERVING);
    assert_int_equal(
        rpc_server_handle(s->n.servers[0], "/grpc.health.v1.Health/Watch", on_watch, o, &err), 0);
    s->n.fake.hosts[0] = 1;
    net_channel(&s->n, RPC_ROUND_ROBIN, NULL);
}

static void watches_are_begun_again(void **state)
{
    struct odd o = {.fails_first = 2, .answer = "\x08\x01", .n_answer = 2};
    struct scene s;

    (void)state;
    odd_up(&s, &o);
    assert_int_equal(call_once(&s.n, true), RPC_OK);
    assert_int_equal(o.n_watches, 3);
    scene_down(&s);
}

/* It said SERVING and broke off: between two watches it is not. Back-off keeps it from spinning. */
static void a_watch_that_ends(void **state)
{
    struct odd o = {.answer = "\x08\x01", .n_answer = 2, .ends_after = true};
    struct scene s;

    (void)state;
    odd_up(&s, &o);
    assert_int_equal(call_once(&s.n, true), RPC_OK);
    run_until(&s.n.w, &o.n_watches, 3);
    scene_down(&s);
}

static void garbled_answers(void **state)
{
    struct odd cases[] = {
        {.answer = "\xff\xff", .n_answer = 2},
        {.answer = "\x08", .n_answer = 1},
        {.answer = "", .n_answer = 0},                 /* UNKNOWN */
        {.answer = "\x08\x03", .n_answer = 2},         /* SERVICE_UNKNOWN */
        {.answer = "\x08\xff\xff\x03", .n_answer = 4}, /* none that there is */
    };
    struct odd fine = {.answer = "\x12\x01z\x08\x01", .n_answer = 5}; /* and one that is new */
    struct scene s;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        odd_up(&s, &cases[i]);
        assert_int_equal(call_once(&s.n, false), RPC_UNAVAILABLE);
        scene_down(&s);
    }
    odd_up(&s, &fine);
    assert_int_equal(call_once(&s.n, false), RPC_OK);
    scene_down(&s);
}

/* One that never answers: the channel connects until then; freeing it in between is fine. */
static void a_silent_watch(void **state)
{
    struct odd o = {0};
    struct talk t = {0};
    struct scene s;

    (void)state;
    odd_up(&s, &o);
    talk_start(&s.n.w, &t, "/t.T/Count", NULL);
    run_for(&s.n.w, 50);
    assert_int_equal(t.n_done, 0);
    assert_int_equal(rpc_channel_state(s.n.w.channel), RPC_CHANNEL_CONNECTING);
    server_stop(&s.n, 0); /* nobody listens any more */
    run_until(&s.n.w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    scene_down(&s);
}

/* An unhealthy server goes: the channel tries it again, and the new one is asked anew. */
static void an_unhealthy_server_restarts(void **state)
{
    struct scene s;

    (void)state;
    scene_up(&s, 1, RPC_HEALTH_NOT_SERVING);
    net_channel(&s.n, RPC_ROUND_ROBIN, NULL);
    rpc_channel_connect(s.n.w.channel);
    RUN_WHILE(&s.n.w, rpc_channel_state(s.n.w.channel) != RPC_CHANNEL_TRANSIENT_FAILURE);
    server_stop(&s.n, 0);
    rpc_health_free(s.health[0]);
    run_for(&s.n.w, 50);
    assert_int_equal(call_once(&s.n, false), RPC_UNAVAILABLE);
    host_up(&s, 0, RPC_HEALTH_SERVING);
    assert_int_equal(call_once(&s.n, true), RPC_OK);
    /* and one that leaves in good order */
    rpc_health_shutdown(s.health[0]);
    rpc_server_drain(s.n.servers[0], loop_now_ms(s.n.w.loop) + 1000, NULL, NULL);
    RUN_WHILE(&s.n.w, rpc_channel_state(s.n.w.channel) == RPC_CHANNEL_READY);
    run_for(&s.n.w, 50);
    scene_down(&s);
}

/* ---- no memory ---- */

static int try_a_call(struct scene *s, struct err *err)
{
    struct rpc_channel_opts opts = {.resolver = &s->n.fake.base,
                                    .service_config = &s->config,
                                    .balance = RPC_ROUND_ROBIN,
                                    .backoff_first_ms = 5,
                                    .backoff_max_ms = 5};
    struct talk t = {0};
    char target[64];

    (void)snprintf(target, sizeof(target), "dns:test.example:%u", s->n.port);
    if (rpc_channel_new(&s->n.w.channel, s->n.w.loop, target, &opts, err) < 0 ||
        rpc_channel_call(s->n.w.channel, "/t.T/Count", NULL, &talk_ops, &t, &t.call, err) < 0)
        return -1;
    run_until(&s->n.w, &t.n_done, 1);
    return t.code == RPC_OK ? 0 : err_oom(err); /* as a status the reason is gone */
}

static int one_checked_call(void *user, struct err *err)
{
    struct scene s;
    int r;

    (void)user;
    alloc_sweep_pause();
    scene_up(&s, 1, RPC_HEALTH_SERVING);
    alloc_sweep_resume();
    r = try_a_call(&s, err);
    alloc_sweep_pause();
    scene_down(&s);
    alloc_sweep_resume();
    return r;
}

static void no_memory(void **state)
{
    (void)state;
    alloc_sweep(one_checked_call, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_and_goes),    cmocka_unit_test(none_is_well),
        cmocka_unit_test(open_calls_go_on),  cmocka_unit_test(no_such_service),
        cmocka_unit_test(not_asked_for),     cmocka_unit_test(watches_are_begun_again),
        cmocka_unit_test(a_watch_that_ends), cmocka_unit_test(garbled_answers),
        cmocka_unit_test(a_silent_watch),    cmocka_unit_test(an_unhealthy_server_restarts),
        cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
