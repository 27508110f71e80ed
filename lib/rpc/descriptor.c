#include "lib/rpc/descriptor.h"

#include <string.h>

#include "lib/rpc/item.h"

/* Nested messages of a file that protoc took are never as deep. */
#define MAX_DEPTH 64

static struct item_cursor find_bytes(struct item_cursor c, uint32_t number)
{
    struct item it;

    while (item_next(&c, &it) > 0) {
        if (it.field == number)
            return it.body;
    }
    return (struct item_cursor){c.end, c.end};
}

/* What a field of FileDescriptorProto, DescriptorProto or ServiceDescriptorProto declares. */
static enum descriptor_kind file_child(uint32_t number)
{
    static const enum descriptor_kind kinds[] = {[4] = DESCRIPTOR_MESSAGE,
                                                 [5] = DESCRIPTOR_ENUM,
                                                 [6] = DESCRIPTOR_SERVICE,
                                                 [7] = DESCRIPTOR_LEAF};

    return number < sizeof(kinds) / sizeof(kinds[0]) ? kinds[number] : DESCRIPTOR_NONE;
}

static enum descriptor_kind message_child(uint32_t number)
{
    static const enum descriptor_kind kinds[] = {[2] = DESCRIPTOR_LEAF,
                                                 [3] = DESCRIPTOR_MESSAGE,
                                                 [4] = DESCRIPTOR_ENUM,
                                                 [6] = DESCRIPTOR_LEAF,
                                                 [8] = DESCRIPTOR_LEAF};

    return number < sizeof(kinds) / sizeof(kinds[0]) ? kinds[number] : DESCRIPTOR_NONE;
}

/* The methods of a service and the values of an enum. */
static enum descriptor_kind leaf_child(uint32_t number)
{
    return number == 2 ? DESCRIPTOR_LEAF : DESCRIPTOR_NONE;
}

typedef enum descriptor_kind (*child_fn)(uint32_t number);

static enum descriptor_kind find_in(struct item_cursor scope, child_fn child, const char *name,
                                    unsigned depth);

/* Is it this child, or in it? name is relative to the scope that the child is in. */
static enum descriptor_kind find_at(struct item_cursor child, enum descriptor_kind kind,
                                    const char *name, unsigned depth)
{
    struct item_cursor own = find_bytes(child, 1);
    size_t n = (size_t)(own.end - own.at);
    const char *inner;

    /* A value of an enum is named like a sibling of the enum. */
    if (kind == DESCRIPTOR_ENUM && find_in(child, leaf_child, name, depth + 1) == DESCRIPTOR_LEAF)
        return DESCRIPTOR_LEAF;
    if (n == 0 || strncmp(name, (const char *)own.at, n) != 0)
        return DESCRIPTOR_NONE;
    if (name[n] == '\0')
        return kind;
    if (name[n] != '.')
        return DESCRIPTOR_NONE;

    inner = name + n + 1;
    if (kind == DESCRIPTOR_MESSAGE)
        return find_in(child, message_child, inner, depth + 1);
    if (kind == DESCRIPTOR_SERVICE)
        return find_in(child, leaf_child, inner, depth + 1);
    return DESCRIPTOR_NONE;
}

static enum descriptor_kind find_in(struct item_cursor scope, child_fn child, const char *name,
                                    unsigned depth)
{
    enum descriptor_kind found = DESCRIPTOR_NONE;
    struct item it;

    if (depth > MAX_DEPTH)
        return DESCRIPTOR_NONE;
    while (found == DESCRIPTOR_NONE && item_next(&scope, &it) > 0) {
        enum descriptor_kind kind = child(it.field);

        if (kind != DESCRIPTOR_NONE)
            found = find_at(it.body, kind, name, depth);
    }
    return found;
}

enum descriptor_kind descriptor_find(const uint8_t *file, size_t n, const char *name)
{
    struct item_cursor all = {file, file + n};
    struct item_cursor package = find_bytes(all, 2);
    size_t n_package = (size_t)(package.end - package.at);

    if (n_package > 0) {
        if (strncmp(name, (const char *)package.at, n_package) != 0 || name[n_package] != '.')
            return DESCRIPTOR_NONE;
        name += n_package + 1;
    }
    return find_in(all, file_child, name, 0);
}
