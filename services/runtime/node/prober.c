#include "services/runtime/node/prober.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

enum { FIRST_RETRY_MS = 10 };

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
    return value ? value : fallback;
}

void prober_init(struct prober *p, const struct prober_timing *t, bool eager, uint64_t now_ms)
{
    *p = (struct prober){
        .t = {.initial_delay_ms = t->initial_delay_ms,
              .period_ms = or_default(t->period_ms, 10000),
              .timeout_ms = or_default(t->timeout_ms, 1000),
              .success_threshold = or_default(t->success_threshold, 1),
              .failure_threshold = or_default(t->failure_threshold, 3)},
        .eager = eager,
        .next_ms = clock_add(now_ms, t->initial_delay_ms),
        .retry_ms = FIRST_RETRY_MS,
    };
    p->counted_ms = p->next_ms; /* the first period after the delay is no failure yet */
}

uint64_t prober_next_ms(const struct prober *p)
{
    return p->running ? CLOCK_NEVER : p->next_ms;
}

void prober_sent(struct prober *p)
{
    p->running = true;
}

static int failed(struct prober *p, uint64_t now_ms)
{
    bool hurry = p->eager;

    p->n_successes = 0;
    p->next_ms = clock_add(now_ms, hurry ? MIN(p->retry_ms, p->t.period_ms) : p->t.period_ms);
    p->retry_ms = MIN(p->retry_ms * 2, p->t.period_ms);
    if (hurry && now_ms < clock_add(p->counted_ms, p->t.period_ms))
        return PROBER_SAME;

    p->counted_ms = now_ms;
    if (++p->n_failures < p->t.failure_threshold)
        return PROBER_SAME;
    p->passing = false;
    return PROBER_FAILED;
}

int prober_answer(struct prober *p, bool success, uint64_t now_ms)
{
    bool was = p->passing;

    p->running = false;
    if (!success)
        return failed(p, now_ms);

    p->n_failures = 0;
    p->n_successes++;
    p->next_ms = clock_add(now_ms, p->t.period_ms);
    if (!was && p->n_successes < p->t.success_threshold)
        return PROBER_SAME;
    p->passing = true;
    p->eager = false;
    return was ? PROBER_SAME : PROBER_PASSED;
}
