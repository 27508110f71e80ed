#include "lib/rpc/item.h"

static int get_varint(struct item_cursor *c, uint64_t *ret)
{
    uint64_t v = 0;

    for (unsigned shift = 0; shift < 64 && c->at < c->end; shift += 7) {
        uint8_t b = *c->at++;

        v |= (uint64_t)(b & 0x7F) << shift;
        if (!(b & 0x80)) {
            *ret = v;
            return 0;
        }
    }
    return -1;
}

static int skip(struct item_cursor *c, uint64_t n)
{
    if (n > (uint64_t)(c->end - c->at))
        return -1;
    c->at += n;
    return 0;
}

int item_next(struct item_cursor *c, struct item *ret)
{
    uint64_t tag, n;

    if (c->at == c->end)
        return 0;
    if (get_varint(c, &tag) < 0 || tag > UINT32_MAX || tag >> 3 == 0) /* fields begin at 1 */
        return -1;
    *ret = (struct item){.field = (uint32_t)(tag >> 3), .wire = (enum item_wire)(tag & 7)};
    switch (tag & 7) {
    case ITEM_VARINT:
        return get_varint(c, &ret->number) < 0 ? -1 : 1;
    case ITEM_I64:
        return skip(c, 8) < 0 ? -1 : 1;
    case ITEM_I32:
        return skip(c, 4) < 0 ? -1 : 1;
    case ITEM_LEN:
        if (get_varint(c, &n) < 0)
            return -1;
        ret->body.at = c->at;
        if (skip(c, n) < 0)
            return -1;
        ret->body.end = c->at;
        return 1;
    default:
        return -1;
    }
}
