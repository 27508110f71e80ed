/* What is taken for a SPIFFE ID has its parts, and matches itself and its trust domain only. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rpc/spiffe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const char *id, size_t n)
{
    const char *slash = strchr(id + 9, '/'); /* a trust domain may be ".." */
    char domain[RPC_SPIFFE_MAX + 2];

    if (strlen(id) != n || n > RPC_SPIFFE_MAX || strpbrk(id, "?#@%\\ ") ||
        (slash && strstr(slash, "/../")) || id[n - 1] == '/' || strstr(id + 9, "//") ||
        !rpc_spiffe_matches(id, id))
        abort();
    memcpy(domain, id, n + 1);
    domain[slash ? (size_t)(slash - id) : n] = '\0';
    if (!rpc_spiffe_is_valid(domain, strlen(domain)) || !rpc_spiffe_matches(domain, id))
        abort();
    if (slash && rpc_spiffe_matches(id, domain))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1);

    if (!text)
        abort();
    memcpy(text, data, n);
    text[n] = '\0';
    if (rpc_spiffe_is_valid(text, n))
        check(text, n);
    free(text);
    return 0;
}
