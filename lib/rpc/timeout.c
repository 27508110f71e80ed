#include "lib/rpc/timeout.h"

#include <stdio.h>

#include "lib/base/cleanup.h"

static const struct {
    char unit;
    uint64_t ns;
} units[] = {
    {'n', 1},          {'u', 1000},         {'m', 1000000},
    {'S', 1000000000}, {'M', 60000000000u}, {'H', 3600000000000u},
};
enum { NS_PER_MS = 1000000, MAX_DIGITS = 8, MAX_VALUE = 99999999, UNIT_MS = 2 };

int rpc_timeout_parse(const char *s, size_t n, uint64_t *ret_ms)
{
    uint64_t v = 0;

    if (n < 2 || n > MAX_DIGITS + 1)
        return -1;
    for (size_t i = 0; i + 1 < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        v = v * 10 + (uint64_t)(s[i] - '0');
    }
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (units[i].unit != s[n - 1])
            continue;
        /* Whole milliseconds and more are multiplied there: 99999999 h in ns would not fit. */
        if (i >= UNIT_MS)
            *ret_ms = v * (units[i].ns / NS_PER_MS);
        else
            *ret_ms = (v * units[i].ns + NS_PER_MS - 1) / NS_PER_MS;
        return 0;
    }
    return -1;
}

size_t rpc_timeout_format(uint64_t ms, char ret[RPC_TIMEOUT_MAX_CHARS + 1])
{
    uint64_t v = MAX_VALUE;
    size_t i;

    for (i = UNIT_MS; i < ARRAY_SIZE(units); i++) {
        uint64_t per = units[i].ns / NS_PER_MS;

        v = ms / per + (ms % per != 0);
        if (v <= MAX_VALUE)
            break;
    }
    if (i == ARRAY_SIZE(units)) {
        i--;
        v = MAX_VALUE;
    }
    return (size_t)snprintf(ret, RPC_TIMEOUT_MAX_CHARS + 1, "%u%c", (unsigned)v, units[i].unit);
}
