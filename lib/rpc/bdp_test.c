/* The window that rpc_bdp finds on links of a given delay and rate: a sender that always has data,
 * a receiver that always takes it, a millisecond at a time. */
#include "lib/rpc/bdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KIB = 1024, MIB = 1024 * 1024, FIRST = 256 * KIB, MAX = 16 * MIB, DELAY_MAX_MS = 400 };

struct link {
    uint32_t one_way_ms;
    uint64_t rate;                      /* bytes in a millisecond      */
    uint64_t data[DELAY_MAX_MS];        /* that arrive in that ms      */
    uint64_t window_back[DELAY_MAX_MS]; /* updates on the way back     */
    bool ping[2 * DELAY_MAX_MS];        /* answers on the way          */
    uint64_t room;                      /* what the sender may send    */
    unsigned n_pings;
};

/* Bytes received in `ms` milliseconds. */
static uint64_t run(struct link *l, struct rpc_bdp *b, uint64_t from_ms, uint64_t ms)
{
    uint64_t total = 0;

    for (uint64_t now = from_ms; now < from_ms + ms; now++) {
        size_t slot = now % l->one_way_ms;
        bool *pong = &l->ping[now % (2 * l->one_way_ms)];
        uint64_t came = l->data[slot], back = l->window_back[slot], sent;

        if (*pong && rpc_bdp_answered(b, now))
            back += b->window / 2; /* the stream's window doubled: the update goes with the rest */
        *pong = false;
        l->room += l->window_back[slot];
        l->window_back[slot] = came + (back - l->window_back[slot]);
        sent = l->room < l->rate ? l->room : l->rate;
        l->room -= sent;
        l->data[slot] = sent;
        total += came;
        if (came && rpc_bdp_received(b, came, now)) {
            *pong = true;
            l->n_pings++;
        }
    }
    return total;
}

static void test_links(void **state)
{
    static const struct {
        uint32_t one_way_ms;
        uint64_t rate;
    } cases[] = {
        {1, 10 * KIB},   {5, 10 * KIB},   {10, 125 * KIB}, {25, 12 * KIB},
        {50, 125 * KIB}, {100, 12 * KIB}, {100, 60 * KIB}, {150, 125 * KIB},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct link l = {.one_way_ms = cases[i].one_way_ms, .rate = cases[i].rate, .room = FIRST};
        uint64_t product = 2 * l.one_way_ms * l.rate, want = product < MAX ? product : MAX, got;
        struct rpc_bdp b;

        rpc_bdp_init(&b, FIRST, MAX);
        (void)run(&l, &b, 0, 10000);
        got = run(&l, &b, 10000, 5000);
        assert_true(b.window <= MAX);
        assert_true(b.window <= FIRST || b.window <= 6 * product); /* not more than of use */
        /* and the sender hardly waits */
        assert_true(got >= 5000 * want / (2 * l.one_way_ms) * 85 / 100);
    }
}

static void test_quiet(void **state)
{
    struct rpc_bdp b;

    (void)state;
    rpc_bdp_init(&b, FIRST, MAX);
    for (uint64_t now = 0; now < 100; now++) /* unary calls: no PING at all */
        assert_false(rpc_bdp_received(&b, 1000, now));
    assert_false(rpc_bdp_answered(&b, 5)); /* an answer to nothing */
    assert_int_equal(b.window, FIRST);
}

/* No delay to speak of: PINGs become rare, the window stays. */
static void test_near(void **state)
{
    unsigned n = 0;
    struct rpc_bdp b;

    (void)state;
    rpc_bdp_init(&b, FIRST, MAX);
    for (uint64_t now = 0; now < 60000; now++) {
        for (int i = 0; i < 4; i++)
            if (rpc_bdp_received(&b, 200 * KIB, now)) {
                n++;
                (void)rpc_bdp_received(&b, MIB, now);
                assert_false(rpc_bdp_answered(&b, now));
            }
    }
    assert_int_equal(b.window, FIRST);
    assert_true(n > 5 && n < 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
