/* The round of a loop: what is told may begin calls that end at once, and nothing else starves. */
#include "lib/rpc/test_util.h"

enum { MANY = 20000 };

/* Calls that are begun when the one before ends, on a channel that refuses each at once. */
struct chain {
    struct world *w;
    int n_done;
    bool is_stopped;
};

static void begin(struct chain *c);

static void chain_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct chain *c = user;

    (void)call;
    assert_int_equal(status->code, RPC_UNAVAILABLE);
    c->n_done++;
    if (!c->is_stopped && c->n_done < MANY)
        begin(c);
}

static void begin(struct chain *c)
{
    static const struct rpc_call_ops ops = {.on_done = chain_done};
    struct rpc_call *call;
    struct err err;

    assert_int_equal(rpc_channel_call(c->w->channel, "/t.T/Echo", NULL, &ops, c, &call, &err), 0);
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct chain *c = user;

    (void)t;
    c->is_stopped = true;
}

static void test_timer_beside_refused_calls(void **state)
{
    struct loop_timer *timer;
    struct world w = {0};
    struct chain c = {.w = &w};
    struct talk first = {0};
    struct err err;

    (void)state;
    world_up(&w);
    rpc_server_free(w.server); /* a channel of one descriptor never connects again */
    w.server = NULL;
    talk_start(&w, &first, "/t.T/Echo", NULL);
    run_until(&w, &first.n_done, 1);
    assert_int_equal(loop_timer_new(&timer, w.loop, on_timer, &c, &err), 0);

    begin(&c);
    run_until(&w, &c.n_done, 1);
    loop_timer_arm(timer, loop_now_ms(w.loop) + 1);
    RUN_WHILE(&w, !c.is_stopped && c.n_done < MANY);
    assert_true(c.is_stopped);
    run_for(&w, 5); /* the last one */
    assert_true(c.n_done < MANY);
    loop_timer_free(timer);
    world_down(&w);
}

/* One turn tells a bounded number, however many begin. */
static void test_one_turn_is_bounded(void **state)
{
    struct world w = {0};
    struct chain c = {.w = &w};
    struct talk first = {0};

    (void)state;
    world_up(&w);
    rpc_server_free(w.server);
    w.server = NULL;
    talk_start(&w, &first, "/t.T/Echo", NULL);
    run_until(&w, &first.n_done, 1);

    begin(&c);
    run_until(&w, &c.n_done, 1);
    assert_in_range(c.n_done, 1, 100);
    c.is_stopped = true;
    run_for(&w, 5);
    world_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer_beside_refused_calls),
        cmocka_unit_test(test_one_turn_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
