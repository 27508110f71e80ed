/*
 * Any bytes as a message: what rpc_unpack() takes can be packed again, and that is taken too; and
 * as a descriptor: looking for a name in them stays within them.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/rpc/descriptor.h"
#include "lib/rpc/service.h"
#include "rpc_test.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void round_trip(const ProtobufCMessage *msg)
{
    size_t n = protobuf_c_message_get_packed_size(msg);
    _cleanup_(freep) uint8_t *bytes = malloc(n ? n : 1);
    struct arena arena;
    struct err err;

    if (!bytes)
        abort();
    if (protobuf_c_message_pack(msg, bytes) != n)
        abort();
    arena_init(&arena, 64u * 1024 * 1024);
    if (!rpc_unpack(msg->descriptor, bytes, n, &arena, &err))
        abort();
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const ProtobufCMessage *msg;
    struct arena arena;
    struct err err = {0};

    (void)descriptor_find(data, n, "test.v1.Text.parts");
    arena_init(&arena, 16u * 1024 * 1024);
    msg = rpc_unpack(&test__v1__text__descriptor, data, n, &arena, &err);
    if (msg)
        round_trip(msg);
    else if (!err.msg[0])
        abort();
    arena_done(&arena);
    return 0;
}
