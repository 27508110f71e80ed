#include "lib/base/alloc_sweep.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_armed, fails_on;
static unsigned long n_seen, fail_at, n_failed;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

static bool is_to_fail(void)
{
    unsigned long i;

    if (!is_armed)
        return false;
    i = n_seen++;
    if (i != fail_at && !(fails_on && i > fail_at))
        return false;
    n_failed++;
    return true;
}

void *__wrap_malloc(size_t n)
{
    return is_to_fail() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_to_fail() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return is_to_fail() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
    return is_to_fail() ? NULL : __real_strdup(s);
}

void alloc_sweep_pause(void)
{
    is_armed = false;
}

void alloc_sweep_resume(void)
{
    is_armed = true;
}

static void check(int r, const struct err *err)
{
    if (r == 0 || strcmp(err->reason, "OutOfMemory") == 0)
        return;
    fprintf(stderr, "allocation %lu (%s) failed and the error is %s: %s\n", fail_at,
            fails_on ? "and all after it" : "alone", err->reason, err->msg);
    abort();
}

static void sweep(int (*scenario)(void *user, struct err *err), void *user)
{
    for (fail_at = 0;; fail_at++) {
        struct err err = {.reason = "Unset"};
        int r;

        n_seen = n_failed = 0;
        is_armed = true;
        r = scenario(user, &err);
        is_armed = false;
        check(r, &err);
        if (n_failed == 0)
            return;
    }
}

void alloc_sweep(int (*scenario)(void *user, struct err *err), void *user)
{
    fails_on = false;
    sweep(scenario, user);
    fails_on = true;
    sweep(scenario, user);
    printf("%lu allocations swept\n", fail_at);
}
