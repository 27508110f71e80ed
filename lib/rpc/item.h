#pragma once
/*
 * The fields of a serialised protobuf message, one by one, without a descriptor and without memory:
 * for what reads a message in passing. (protobuf.dev/programming-guides/encoding)
 */
#include <stddef.h>
#include <stdint.h>

enum item_wire { ITEM_VARINT = 0, ITEM_I64 = 1, ITEM_LEN = 2, ITEM_I32 = 5 };

struct item_cursor {
    const uint8_t *at, *end;
};

struct item {
    uint32_t field;
    enum item_wire wire;
    uint64_t number;         /* of ITEM_VARINT */
    struct item_cursor body; /* of ITEM_LEN, within the message; else empty, at NULL */
};

/* Takes one off *c. 1 with an item, 0 at the end, -1 for what is no message (groups are none
 * either). */
int item_next(struct item_cursor *c, struct item *ret);

static inline size_t item_len(const struct item *it)
{
    return (size_t)(it->body.end - it->body.at);
}
