/* The input is a header block: "name\0value\0name\0value…", and the same bytes for the text
 * formats. Encoders are run as round trips. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rpc/address.h"
#include "lib/rpc/head.h"
#include "lib/rpc/percent.h"
#include "lib/rpc/status_core.h"
#include "lib/rpc/timeout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_head(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct rpc_head h;
    const char *part[2], *at = (const char *)data, *end = at + size;
    size_t n_part[2];

    arena_init(&arena, 1 << 20);
    rpc_head_init(&h, &arena);
    for (int i = 0; at <= end; i = !i) {
        const char *stop = memchr(at, '\0', (size_t)(end - at));

        part[i] = at;
        n_part[i] = (size_t)((stop ? stop : end) - at);
        if (i == 1)
            rpc_head_field(&h, part[0], n_part[0], part[1], n_part[1]);
        if (!stop)
            break;
        at = stop + 1;
    }
    rpc_head_hide_encodings(&h);
    (void)rpc_head_is_grpc(&h);
    for (size_t i = 0; i < h.md.n; i++)
        assert(h.md.fields[i].value[h.md.fields[i].n_value] == '\0');
    assert(!h.message || strlen(h.message) <= size);
    arena_done(&arena);
}

static void run_texts(const char *s, size_t n)
{
    char *coded = malloc(3 * n + 1), *plain = malloc(3 * n + 1);
    char reason[ERR_REASON_MAX], text[RPC_TIMEOUT_MAX_CHARS + 1];
    uint64_t ms, again;

    assert(coded && plain);
    /* Decoding makes valid text of anything; that survives a round trip. */
    (void)rpc_percent_decode(s, n, plain);
    (void)rpc_percent_encode(plain, strlen(plain), coded);
    (void)rpc_percent_decode(coded, strlen(coded), coded);
    assert(strcmp(plain, coded) == 0);
    if (rpc_timeout_parse(s, n, &ms) == 0) {
        size_t len = rpc_timeout_format(ms, text);

        assert(rpc_timeout_parse(text, len, &again) == 0 && again >= ms);
    }
    rpc_status_find_reason((const uint8_t *)s, n, reason);
    assert(strlen(reason) < sizeof(reason));
    free(coded);
    free(plain);
}

static void run_address(const char *s, size_t n)
{
    char *text = strndup(s, n);
    struct rpc_address a;

    assert(text);
    if (rpc_address_parse(text, &a, NULL) == 0)
        assert(a.n_sa > 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    run_head(data, size);
    run_texts((const char *)data, size);
    run_address((const char *)data, size);
    return 0;
}
