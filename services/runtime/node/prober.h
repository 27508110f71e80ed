#pragma once
/*
 * When to run a probe and what its answers mean; pure, on the caller's clock. The kubelet's rules:
 * initial delay, period, thresholds of consecutive answers; but while a start is in progress a
 * failing probe is tried again after 10, 20, 40, … ms up to its period, so that becoming ready is
 * not rounded up to whole periods. Such early answers count as successes when they succeed and as
 * nothing when they fail.
 */
#include <stdbool.h>
#include <stdint.h>

struct prober_timing {
    uint32_t initial_delay_ms;
    uint32_t period_ms;
    uint32_t timeout_ms;
    uint32_t success_threshold;
    uint32_t failure_threshold;
};

struct prober {
    struct prober_timing t;
    bool eager;   /* quick retries until the first pass (readiness, startup) */
    bool running; /* one is in flight                                        */
    bool passing; /* success_threshold reached, failure_threshold not since   */
    uint64_t next_ms;
    uint64_t counted_ms; /* when a failure was last counted                         */
    uint32_t retry_ms;
    uint32_t n_successes, n_failures;
};

enum { PROBER_SAME = 0, PROBER_PASSED = 1, PROBER_FAILED = 2 };

/* Zeros in t become Kubernetes' defaults: 10 s, 1 s, 1, 3. */
void prober_init(struct prober *p, const struct prober_timing *t, bool eager, uint64_t now_ms);
/* CLOCK_NEVER while one is in flight. */
uint64_t prober_next_ms(const struct prober *p);
void prober_sent(struct prober *p);
/* The answer. PROBER_PASSED: it passes from now on. PROBER_FAILED: the failure threshold is reached
 * (again for each further one). */
int prober_answer(struct prober *p, bool success, uint64_t now_ms);
