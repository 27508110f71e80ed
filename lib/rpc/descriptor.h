#pragma once
/*
 * What reflection needs of a serialised FileDescriptorProto: does it declare this name? Reads the
 * bytes as they are, allocates nothing; malformed bytes declare nothing more.
 * (google/protobuf/descriptor.proto)
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum descriptor_kind {
    DESCRIPTOR_NONE = 0,
    DESCRIPTOR_MESSAGE,
    DESCRIPTOR_ENUM,
    DESCRIPTOR_SERVICE,
    DESCRIPTOR_LEAF, /* method, field, oneof, enum value, extension */
};

/* name: full, without a dot in front: "package.Service.Method", "package.Message.Nested", … */
enum descriptor_kind descriptor_find(const uint8_t *file, size_t n, const char *name);
