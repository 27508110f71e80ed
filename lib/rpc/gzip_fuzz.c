/* What unpacks is within the limit whatever it was; what we pack unpacks to the same. The first
 * byte says the limit. */
#include <assert.h>
#include <string.h>

#include "lib/rpc/gzip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unpack_any(const uint8_t *data, size_t size, size_t limit)
{
    struct buf b;
    struct err err = {0};
    int r;

    buf_init(&b, limit);
    r = rpc_gzip_unpack(data, size, &b, &err);
    assert(buf_len(&b) <= limit);
    assert(r == 0 || strcmp(err.reason, "MessageTooLarge") == 0 ||
           strcmp(err.reason, "BadCompression") == 0);
    buf_done(&b);
}

static void round_trip(const uint8_t *data, size_t size)
{
    struct buf packed, plain;
    struct err err;
    int r;

    buf_init(&packed, 2 * size + 1024);
    buf_init(&plain, size);
    r = rpc_gzip_pack(data, size, &packed, &err);
    assert(r == 0);
    r = rpc_gzip_unpack(buf_data(&packed), buf_len(&packed), &plain, &err);
    assert(r == 0 && buf_len(&plain) == size);
    assert(size == 0 || memcmp(buf_data(&plain), data, size) == 0);
    if (size > 0) { /* one byte less is too little */
        buf_clear(&plain);
        plain.max = size - 1;
        r = rpc_gzip_unpack(buf_data(&packed), buf_len(&packed), &plain, &err);
        assert(r < 0 && strcmp(err.reason, "MessageTooLarge") == 0);
    }
    buf_done(&packed);
    buf_done(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    unpack_any(data + 1, size - 1, (size_t)data[0] * 64);
    round_trip(data + 1, size - 1);
    return 0;
}
