#include "lib/rpc/spiffe.h"

#include <string.h>

static const char scheme[] = "spiffe://";
enum { N_SCHEME = sizeof(scheme) - 1 };

static bool is_domain_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool is_path_char(char c)
{
    return is_domain_char(c) || (c >= 'A' && c <= 'Z');
}

static bool is_segment(const char *s, size_t n)
{
    bool is_dots = (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.');

    for (size_t i = 0; i < n; i++)
        if (!is_path_char(s[i]))
            return false;
    return n > 0 && !is_dots;
}

/* "/segment/segment", or nothing. */
static bool is_path(const char *s, size_t n)
{
    while (n > 0) {
        const char *next = memchr(s + 1, '/', n - 1);
        size_t n_segment = next ? (size_t)(next - s - 1) : n - 1;

        if (!is_segment(s + 1, n_segment))
            return false;
        s += n_segment + 1;
        n -= n_segment + 1;
    }
    return true;
}

bool rpc_spiffe_is_valid(const char *id, size_t n)
{
    size_t n_domain = 0;

    if (n <= N_SCHEME || n > RPC_SPIFFE_MAX || memcmp(id, scheme, N_SCHEME) != 0)
        return false;
    id += N_SCHEME;
    n -= N_SCHEME;
    while (n_domain < n && is_domain_char(id[n_domain]))
        n_domain++;
    if (n_domain == 0 || n_domain > RPC_SPIFFE_DOMAIN_MAX || (n_domain < n && id[n_domain] != '/'))
        return false;
    return is_path(id + n_domain, n - n_domain);
}

bool rpc_spiffe_matches(const char *allowed, const char *id)
{
    size_t n = strlen(allowed);

    if (strchr(allowed + N_SCHEME, '/'))
        return strcmp(allowed, id) == 0;
    return strncmp(allowed, id, n) == 0 && (id[n] == '/' || id[n] == '\0');
}
