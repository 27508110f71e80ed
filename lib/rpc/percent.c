#include "lib/rpc/percent.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/bytes.h"

size_t rpc_percent_encode(const char *s, size_t n, char *ret)
{
    static const char digits[] = "0123456789ABCDEF";
    char *to = ret;

    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)s[i];

        if (c >= 0x20 && c <= 0x7E && c != '%') {
            *to++ = (char)c;
            continue;
        }
        *to++ = '%';
        *to++ = digits[c >> 4];
        *to++ = digits[c & 15];
    }
    *to = '\0';
    return (size_t)(to - ret);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void make_utf8(char *s, size_t n)
{
    bool is_valid = bytes_is_utf8(s, n);

    for (size_t i = 0; i < n; i++)
        if (s[i] == '\0' || (!is_valid && (uint8_t)s[i] >= 0x80))
            s[i] = '?';
}

size_t rpc_percent_decode(const char *s, size_t n, char *ret)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        int hi = s[i] == '%' && i + 2 < n ? hex_value(s[i + 1]) : -1;
        int lo = hi >= 0 ? hex_value(s[i + 2]) : -1;

        if (lo >= 0) {
            ret[len++] = (char)(hi << 4 | lo);
            i += 2;
        } else {
            ret[len++] = s[i];
        }
    }
    make_utf8(ret, len);
    ret[len] = '\0';
    return len;
}
