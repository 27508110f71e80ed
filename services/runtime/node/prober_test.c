#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "services/runtime/node/prober.h"

struct turn {
    uint64_t at_ms; /* when the probe is due                    */
    bool success;
    int outcome;
};

static void play(struct prober *p, const struct turn *turns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(prober_next_ms(p), turns[i].at_ms);
        prober_sent(p);
        assert_true(prober_next_ms(p) == CLOCK_NEVER);
        assert_int_equal(prober_answer(p, turns[i].success, turns[i].at_ms), turns[i].outcome);
    }
}

static void a_start_is_probed_eagerly(void **state)
{
    (void)state;
    static const struct turn TURNS[] = {
        {1000, false, PROBER_SAME},
        {1010, false, PROBER_SAME},
        {1030, false, PROBER_SAME},
        {1070, true, PROBER_PASSED},
        {2070, true, PROBER_SAME},
        /* Once it passed: by period, and only after the threshold it fails. */
        {3070, false, PROBER_SAME},
        {4070, true, PROBER_SAME},
        {5070, false, PROBER_SAME},
        {6070, false, PROBER_SAME},
        {7070, false, PROBER_FAILED},
        {8070, true, PROBER_PASSED},
    };
    struct prober p;

    prober_init(&p, &(struct prober_timing){.period_ms = 1000}, true, 1000);
    play(&p, TURNS, ARRAY_SIZE(TURNS));
}

static void eager_answers_do_not_use_up_the_threshold(void **state)
{
    (void)state;
    struct prober p;
    uint64_t now = 0;
    int outcome = PROBER_SAME, n = 0;

    prober_init(&p, &(struct prober_timing){.period_ms = 100, .failure_threshold = 3}, true, 0);
    while (outcome == PROBER_SAME) {
        now = prober_next_ms(&p);
        prober_sent(&p);
        outcome = prober_answer(&p, false, now);
        assert_true(++n < 50);
    }
    assert_int_equal(outcome, PROBER_FAILED);
    assert_in_range(now, 300, 450); /* not before three periods have passed */
}

static void a_liveness_probe_keeps_its_period(void **state)
{
    (void)state;
    static const struct turn TURNS[] = {
        {500, true, PROBER_PASSED},
        {2500, false, PROBER_SAME},
        {4500, false, PROBER_FAILED},
        {6500, false, PROBER_FAILED},
    };
    struct prober p;

    prober_init(
        &p,
        &(struct prober_timing){.initial_delay_ms = 500, .period_ms = 2000, .failure_threshold = 2},
        false, 0);
    play(&p, TURNS, ARRAY_SIZE(TURNS));
}

static void successes_are_counted(void **state)
{
    (void)state;
    static const struct turn TURNS[] = {
        {0, true, PROBER_SAME},
        {1000, false, PROBER_SAME},
        {2000, true, PROBER_SAME},
        {3000, true, PROBER_PASSED},
    };
    struct prober p;

    prober_init(&p, &(struct prober_timing){.period_ms = 1000, .success_threshold = 2}, false, 0);
    play(&p, TURNS, ARRAY_SIZE(TURNS));
}

static void zeros_are_the_defaults_of_kubernetes(void **state)
{
    (void)state;
    struct prober p;

    prober_init(&p, &(struct prober_timing){0}, true, 0);
    assert_int_equal(p.t.period_ms, 10000);
    assert_int_equal(p.t.timeout_ms, 1000);
    assert_int_equal(p.t.success_threshold, 1);
    assert_int_equal(p.t.failure_threshold, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_is_probed_eagerly),
        cmocka_unit_test(eager_answers_do_not_use_up_the_threshold),
        cmocka_unit_test(a_liveness_probe_keeps_its_period),
        cmocka_unit_test(successes_are_counted),
        cmocka_unit_test(zeros_are_the_defaults_of_kubernetes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
