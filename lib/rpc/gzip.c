#include "lib/rpc/gzip.h"

#include <zlib.h>

enum {
    GZIP_ONLY = 16 + MAX_WBITS,
    STEP_BYTES = 16 * 1024,
    MIN_WBITS = 9,
    MEM_LEVEL = 8,
};

/* One step into what room there is. Z_STREAM_END ends, < 0 with *err. */
static int unpack_step(z_stream *z, struct buf *ret, struct err *err)
{
    size_t room = MIN((size_t)STEP_BYTES, ret->max - buf_len(ret));
    uint8_t probe, *to = room ? buf_reserve(ret, room, err) : &probe;
    int r;

    if (!to)
        return -1;
    z->next_out = to;
    z->avail_out = room ? (uInt)room : 1; /* full: one more byte tells whether anything is left */
    r = inflate(z, Z_NO_FLUSH);
    if (room == 0 && z->avail_out == 0)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "MessageTooLarge",
                       "a compressed message unpacks to more than %zu bytes", ret->max);
    if (room)
        buf_commit(ret, room - z->avail_out);
    if (r == Z_MEM_ERROR)
        return err_oom(err);
    if (r != Z_OK && r != Z_STREAM_END)
        return err_set(err, RPC_INTERNAL, "BadCompression", "a message is not valid gzip data");
    return r;
}

int rpc_gzip_unpack(const uint8_t *data, size_t n, struct buf *ret, struct err *err)
{
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)n};
    int r;

    if (inflateInit2(&z, GZIP_ONLY) != Z_OK)
        return err_oom(err);
    do
        r = unpack_step(&z, ret, err);
    while (r == Z_OK);
    (void)inflateEnd(&z);
    return r == Z_STREAM_END ? 0 : -1;
}

/* A window no larger than the data: zlib's memory is 4 KiB to 256 KiB, and it clears it each time.
 */
static int window_bits(size_t n)
{
    int bits = MIN_WBITS;

    while (bits < MAX_WBITS && ((size_t)1 << bits) < n)
        bits++;
    return bits;
}

int rpc_gzip_pack(const uint8_t *data, size_t n, struct buf *ret, struct err *err)
{
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)n};
    int bits = window_bits(n), r;
    uint8_t *to;
    size_t room;

    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + bits,
                     MIN(MEM_LEVEL, bits - MIN_WBITS + 3), Z_DEFAULT_STRATEGY) != Z_OK)
        return err_oom(err);
    room = deflateBound(&z, (uLong)n);
    to = buf_reserve(ret, room, err);
    if (!to) {
        (void)deflateEnd(&z);
        return -1;
    }
    z.next_out = to;
    z.avail_out = (uInt)room;
    r = deflate(&z, Z_FINISH);
    buf_commit(ret, room - z.avail_out);
    (void)deflateEnd(&z);
    if (r != Z_STREAM_END) /* deflateBound() promises that there is room */
        return err_set(err, RPC_INTERNAL, "BadCompression", "zlib did not finish: %d", r);
    return 0;
}
