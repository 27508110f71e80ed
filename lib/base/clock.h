#pragma once
/* Clocks. A loop keeps one monotonic now_ms per round and hands it down; wall-clock time appears
 * only where it is shown or stored. */
#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER UINT64_MAX /* a deadline that never passes */

static inline uint64_t clock_monotonic_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline uint64_t clock_monotonic_ms(void)
{
    return clock_monotonic_ns() / 1000000u;
}

static inline uint64_t clock_realtime_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* now + wait without wrapping past CLOCK_NEVER. */
static inline uint64_t clock_add(uint64_t now_ms, uint64_t wait_ms)
{
    return wait_ms > CLOCK_NEVER - now_ms ? CLOCK_NEVER : now_ms + wait_ms;
}

/* "2026-11-23T18:33:07Z" (RFC 3339, seconds, as Kubernetes writes it); ret has 21 bytes or more. */
void clock_format_rfc3339(int64_t unix_s, char *ret, size_t n_ret);
/* Reads RFC 3339 with optional fraction and zone. Returns 0, or -1 when it is none. */
int clock_parse_rfc3339(const char *s, int64_t *ret_unix_s);
