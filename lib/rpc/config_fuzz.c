/* Service configs: whatever comes is taken or refused with a reason; what is taken keeps its
 * promises. */
#include <assert.h>
#include <stdlib.h>

#include "lib/rpc/config_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rpc_service_config c;
    struct err err = {0};

    if (rpc_service_config_parse((const char *)data, size, &c, &err) < 0) {
        assert(err.code != RPC_OK && err.reason[0]);
        return 0;
    }
    MAP_FOREACH(it, &c.methods)
    {
        const struct rpc_method_config *m = map_entry_value(it);

        assert(rpc_service_config_find(&c, map_entry_key(it)) == m);
        assert(m->retry.max_attempts <= RPC_RETRY_ATTEMPTS_MAX && m->retry.max_attempts != 1);
        if (m->retry.max_attempts)
            assert(m->retry.initial_backoff_ms > 0 && m->retry.codes > 1 && !(m->retry.codes & 1) &&
                   m->retry.multiplier_milli > 0);
    }
    assert(c.throttle_max <= 1000 * 1000 && (c.throttle_max == 0) == (c.throttle_ratio == 0));
    rpc_service_config_done(&c);
    return 0;
}
