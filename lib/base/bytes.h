#pragma once
/* Small functions on bytes and text: hashes, hex, base64, UTF-8, names. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

/* Keyed 64-bit hash (SipHash-1-3); the key is drawn once per process. For hash tables only. */
uint64_t bytes_hash(const void *data, size_t n);

/* 32-bit FNV-1a as 8 lower-case hex digits and a NUL: the "name hash" of
 * reference/controller.md 1.8. */
void bytes_fnv1a_hex(const char *s, char ret[9]);
uint64_t bytes_fnv1a64(const void *data, size_t n);

/* getrandom(2); aborts when the kernel has none, which it never lacks after boot. */
void bytes_random(void *ret, size_t n);
/* n lower-case letters and digits of random without vowels (the alphabet of Kubernetes' names) and
 * a NUL. */
void bytes_random_name(char *ret, size_t n);
/* A random UUID, version 4, 36 characters and a NUL. */
void bytes_uuid(char ret[37]);

/* 2 * n digits and a NUL. */
void bytes_hex(const void *data, size_t n, char *ret);

/* Base64 (RFC 4648 4), unpadded when pad is false. ret holds bytes_base64_len(n) + 1. Returns the
 * length. */
size_t bytes_base64(const void *data, size_t n, bool pad, char *ret);
static inline size_t bytes_base64_len(size_t n)
{
    return (n + 2) / 3 * 4;
}
/* Takes padded and unpadded. ret has room for n * 3 / 4 bytes. Returns the length, or -1 when it is
 * none. */
ssize_t bytes_unbase64(const char *s, size_t n, uint8_t *ret);

/* RFC 3629: no surrogates, no overlong forms, nothing over U+10FFFF. */
bool bytes_is_utf8(const void *data, size_t n);

/* DNS-1123 label and subdomain as Kubernetes has them (63 and 253 bytes). */
bool bytes_is_dns_label(const char *s);
bool bytes_is_dns_subdomain(const char *s);

/* Writes s with control characters, quotes, backslashes and bytes that are not UTF-8 as \n, \",
 * \xNN; cut at ret_size - 1. For logs and messages that carry what a peer sent. Returns ret. */
char *bytes_escape(const void *data, size_t n, char *ret, size_t ret_size);

/* Decimal, whole string, min..max. Returns 0, or -1. */
int bytes_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret);
int bytes_parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret);
