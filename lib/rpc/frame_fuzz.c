/* The first byte says how the rest is cut. Whatever the cut, the messages are the same. */
#include <assert.h>
#include <string.h>

#include "lib/rpc/frame.h"

enum { MAX_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A number that depends on all messages and on how it ended. */
static uint64_t run(const uint8_t *data, size_t size, size_t step)
{
    struct rpc_frame_decoder d;
    uint64_t sum = 0;
    int r = 0;

    rpc_frame_decoder_init(&d, MAX_BYTES);
    for (size_t at = 0; at < size && r >= 0; at += step) {
        const uint8_t *in = data + at;
        size_t n = MIN(step, size - at);
        struct rpc_frame f;

        while ((r = rpc_frame_next(&d, &in, &n, &f, NULL)) == 0) {
            assert(f.n_body <= MAX_BYTES);
            sum = sum * 31 + f.n_body + f.compressed;
            for (uint32_t i = 0; i < f.n_body; i++)
                sum = sum * 31 + f.body[i];
        }
    }
    sum = sum * 31 + (r < 0 ? 2 : rpc_frame_is_partial(&d));
    rpc_frame_decoder_done(&d);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    assert(run(data + 1, size - 1, size) == run(data + 1, size - 1, (size_t)data[0] + 1));
    return 0;
}
