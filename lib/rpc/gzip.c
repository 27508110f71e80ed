#include "lib/rpc/gzip.h"

#include <zlib.h>

enum { GZIP_ONLY = 16 + MAX_WBITS, STEP_BYTES = 16 * 1024 };

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
