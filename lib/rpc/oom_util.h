#pragma once
/*
 * The n-th allocation fails, for n = 0, 1, 2, … until the scenario no longer asks for that many:
 * once alone, once with all that follow. For a test linked with --wrap=malloc,calloc,realloc and a
 * static nghttp2, so that its allocations fail too.
 */
#include "lib/rpc/test_util.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static struct {
    bool is_on, all_after;
    int n, fail_at;
} oom;

static bool must_fail(void)
{
    int i;

    if (!oom.is_on)
        return false;
    i = oom.n++;
    return oom.all_after ? i >= oom.fail_at : i == oom.fail_at;
}

void *__wrap_malloc(size_t n)
{
    return must_fail() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return must_fail() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return must_fail() ? NULL : __real_realloc(p, n);
}

/* run() returns whether all was as if memory had sufficed, with oom.is_on only where it may be
 * short. */
static inline void oom_sweep(bool all_after, bool (*run)(int variant), int variant)
{
    int n_harmless = 0;

    for (int i = 0;; i++) {
        bool is_ok;

        oom.n = 0;
        oom.fail_at = i;
        oom.all_after = all_after;
        is_ok = run(variant);
        if (oom.n <= i) {
            assert_true(is_ok);
            print_message("%d allocations, %d could fail unnoticed\n", i, n_harmless);
            assert_true(i > 50);
            return;
        }
        n_harmless += is_ok;
    }
}

/* Turns until as many calls ended as began; fails after 5 s. */
static inline void oom_wait(struct loop *loop, const int *n_started, const int *n_done)
{
    uint64_t end = clock_monotonic_ms() + 5000;

    while (*n_done < *n_started && clock_monotonic_ms() < end)
        (void)loop_turn(loop, false);
    if (*n_done != *n_started)
        fail_msg("allocation %d%s: %d calls began, %d ended", oom.fail_at,
                 oom.all_after ? " and all after it" : "", *n_started, *n_done);
}
