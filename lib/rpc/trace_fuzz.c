/* traceparent: what is taken is written again as it was, but for what is not passed on. */
#include <stdlib.h>
#include <string.h>

#include "lib/rpc/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n ? n : 1); /* its own, so that a byte too far is seen */
    char again[RPC_TRACEPARENT_CHARS + 1];
    struct rpc_trace t, u, child;

    if (!text)
        abort();
    memcpy(text, data, n);
    if (rpc_trace_parse(text, n, &t) == 0) {
        rpc_trace_format(&t, again);
        if (strlen(again) != RPC_TRACEPARENT_CHARS || memcmp(again + 3, text + 3, 50) != 0 ||
            rpc_trace_parse(again, RPC_TRACEPARENT_CHARS, &u) < 0 || u.flags != t.flags)
            abort();
        rpc_trace_child(&t, &child);
        if (memcmp(child.trace_id, t.trace_id, 16) != 0 ||
            memcmp(child.parent_id, t.span_id, 8) != 0 || memcmp(child.span_id, t.span_id, 8) == 0)
            abort();
    }
    free(text);
    return 0;
}
