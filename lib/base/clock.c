#include "lib/base/clock.h"

#include <stdio.h>
#include <string.h>

void clock_format_rfc3339(int64_t unix_s, char *ret, size_t n_ret)
{
    time_t t = (time_t)unix_s;
    struct tm tm;

    (void)gmtime_r(&t, &tm);
    if (strftime(ret, n_ret, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0 && n_ret)
        ret[0] = '\0';
}

int clock_parse_rfc3339(const char *s, int64_t *ret_unix_s)
{
    struct tm tm = {0};
    const char *end = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
    int h, m;

    if (!end)
        return -1;
    if (*end == '.') {
        size_t n = strspn(end + 1, "0123456789");

        if (n == 0)
            return -1;
        end += 1 + n;
    }
    *ret_unix_s = (int64_t)timegm(&tm);
    if (strcmp(end, "Z") == 0 || strcmp(end, "z") == 0)
        return 0;
    if ((*end != '+' && *end != '-') || strlen(end) != 6 || end[3] != ':' ||
        sscanf(end + 1, "%2d:%2d", &h, &m) != 2 || h < 0 || h > 23 || m < 0 || m > 59)
        return -1;
    *ret_unix_s -= (*end == '+' ? 1 : -1) * (h * 3600 + m * 60);
    return 0;
}
