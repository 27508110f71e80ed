#include "lib/base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* SipHash-1-3, after the reference description (Aumasson, Bernstein 2012). */
#define ROTL(x, b) (uint64_t)(((x) << (b)) | ((x) >> (64 - (b))))

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = ROTL(v[1], 13) ^ v[0];
    v[0] = ROTL(v[0], 32);
    v[2] += v[3];
    v[3] = ROTL(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = ROTL(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = ROTL(v[1], 17) ^ v[2];
    v[2] = ROTL(v[2], 32);
}

static const uint64_t *hash_key(void)
{
    static _Thread_local uint64_t key[2];

    /* Per thread, so that no lock is needed: maps are never shared between loops. */
    if (key[0] == 0)
        bytes_random(key, sizeof(key));
    return key;
}

uint64_t bytes_hash(const void *data, size_t n)
{
    const uint64_t *k = hash_key();
    const uint8_t *p = data;
    uint64_t v[4] = {k[0] ^ 0x736f6d6570736575, k[1] ^ 0x646f72616e646f6d,
                     k[0] ^ 0x6c7967656e657261, k[1] ^ 0x7465646279746573};
    uint64_t m, last = (uint64_t)n << 56;
    size_t i;

    for (i = 0; i + 8 <= n; i += 8) {
        memcpy(&m, p + i, 8);
        v[3] ^= m;
        sip_round(v);
        v[0] ^= m;
    }
    for (size_t j = 0; i + j < n; j++)
        last |= (uint64_t)p[i + j] << (8 * j);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int r = 0; r < 3; r++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void bytes_fnv1a_hex(const char *s, char ret[9])
{
    uint32_t h = 0x811c9dc5;

    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 0x01000193u;
    (void)snprintf(ret, 9, "%08x", h);
}

uint64_t bytes_fnv1a64(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t h = 0xcbf29ce484222325;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

void bytes_random(void *ret, size_t n)
{
    uint8_t *p = ret;

    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        p += got;
        n -= (size_t)got;
    }
}

void bytes_random_name(char *ret, size_t n)
{
    static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789"; /* 27: no vowels, no 0 1 3 */

    uint8_t r[32];
    size_t at = sizeof(r);

    for (size_t i = 0; i < n; at++) {
        if (at == sizeof(r)) {
            bytes_random(r, sizeof(r));
            at = 0;
        }
        if (r[at] < 243) /* 9 * 27: the rest would favour the first letters */
            ret[i++] = alphabet[r[at] % 27];
    }
    ret[n] = '\0';
}

void bytes_uuid(char ret[37])
{
    uint8_t u[16];

    bytes_random(u, sizeof(u));
    u[6] = (uint8_t)((u[6] & 0x0F) | 0x40);
    u[8] = (uint8_t)((u[8] & 0x3F) | 0x80);
    (void)snprintf(ret, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
                   u[13], u[14], u[15]);
}

void bytes_hex(const void *data, size_t n, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = data;

    for (size_t i = 0; i < n; i++) {
        *ret++ = digits[p[i] >> 4];
        *ret++ = digits[p[i] & 15];
    }
    *ret = '\0';
}

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t bytes_base64(const void *data, size_t n, bool pad, char *ret)
{
    const uint8_t *p = data;
    char *to = ret;

    for (size_t i = 0; i < n; i += 3) {
        size_t left = MIN(n - i, (size_t)3);
        uint32_t v = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                     (left > 2 ? p[i + 2] : 0u);

        *to++ = base64_alphabet[v >> 18];
        *to++ = base64_alphabet[v >> 12 & 63];
        if (left > 1 || pad)
            *to++ = left > 1 ? base64_alphabet[v >> 6 & 63] : '=';
        if (left > 2 || pad)
            *to++ = left > 2 ? base64_alphabet[v & 63] : '=';
    }
    *to = '\0';
    return (size_t)(to - ret);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ssize_t bytes_unbase64(const char *s, size_t n, uint8_t *ret)
{
    uint8_t *to = ret;
    uint32_t v = 0;
    int bits = 0;

    while (n > 0 && s[n - 1] == '=')
        n--;
    if (n % 4 == 1)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int d = base64_value(s[i]);

        if (d < 0)
            return -1;
        v = v << 6 | (uint32_t)d;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *to++ = (uint8_t)(v >> bits);
        }
    }
    return to - ret;
}

/* Length of the valid UTF-8 character at p, or 0. */
static size_t utf8_char(const uint8_t *p, size_t n)
{
    uint32_t c;
    size_t len;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (n < len)
        return 0;
    c = p[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if (len == 3 && (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF)))
        return 0;
    if (len == 4 && (c < 0x10000 || c > 0x10FFFF))
        return 0;
    return len;
}

bool bytes_is_utf8(const void *data, size_t n)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < n;) {
        size_t len = utf8_char(p + i, n - i);

        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

static size_t dns_label_len(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return n > 0 && n <= 63 && s[0] != '-' && s[n - 1] != '-' ? n : 0;
}

bool bytes_is_dns_label(const char *s)
{
    size_t n = dns_label_len(s);

    return n > 0 && s[n] == '\0';
}

bool bytes_is_dns_subdomain(const char *s)
{
    if (strlen(s) > 253)
        return false;
    for (;;) {
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

        if (n == 0 || s[0] == '-' || s[n - 1] == '-')
            return false;
        if (s[n] == '\0')
            return true;
        if (s[n] != '.')
            return false;
        s += n + 1;
    }
}

char *bytes_escape(const void *data, size_t n, char *ret, size_t ret_size)
{
    const uint8_t *p = data;
    size_t at = 0;

    for (size_t i = 0; i < n;) {
        char piece[5];
        size_t n_in = utf8_char(p + i, n - i), n_out;

        if (p[i] == '\n' || p[i] == '\t' || p[i] == '\r') {
            n_out = 2;
            piece[0] = '\\';
            piece[1] = p[i] == '\n' ? 'n' : p[i] == '\t' ? 't' : 'r';
        } else if (p[i] == '"' || p[i] == '\\') {
            n_out = 2;
            piece[0] = '\\';
            piece[1] = (char)p[i];
        } else if (n_in == 0 || p[i] < 0x20 || p[i] == 0x7F) {
            n_in = 1;
            n_out = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", p[i]);
        } else {
            n_out = n_in;
            memcpy(piece, p + i, n_in);
        }
        if (at + n_out + 1 > ret_size)
            break;
        memcpy(ret + at, piece, n_out);
        at += n_out;
        i += MAX(n_in, (size_t)1);
    }
    if (ret_size)
        ret[at] = '\0';
    return ret;
}

int bytes_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t v = 0;

    if (!*s)
        return -1;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return -1;
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
            return -1;
    }
    if (v < min || v > max)
        return -1;
    *ret = v;
    return 0;
}

int bytes_parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
    bool negative = *s == '-';
    uint64_t v;
    int64_t i;

    if (bytes_parse_u64(s + negative, 0, (uint64_t)INT64_MAX, &v) < 0)
        return -1;
    i = negative ? -(int64_t)v : (int64_t)v;
    if (i < min || i > max)
        return -1;
    *ret = i;
    return 0;
}
