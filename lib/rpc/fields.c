#include <string.h>

#include "lib/base/bytes.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/metadata_core.h"

void rpc_fields_init(struct rpc_fields *f, struct arena *arena, size_t cap)
{
    *f = (struct rpc_fields){.v = arena_alloc(arena, cap * sizeof(*f->v)), .cap = cap};
    f->is_bad = !f->v;
}

static void add(struct rpc_fields *f, const char *name, const char *value, size_t n_value,
                uint8_t flags)
{
    if (f->is_bad || f->n == f->cap) {
        f->is_bad = true;
        return;
    }
    f->v[f->n++] = (nghttp2_nv){
        .name = (uint8_t *)name,
        .namelen = strlen(name),
        .value = (uint8_t *)value,
        .valuelen = n_value,
        .flags = (uint8_t)(flags | NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE),
    };
}

void rpc_fields_add(struct rpc_fields *f, const char *name, const char *value)
{
    add(f, name, value, strlen(value), NGHTTP2_NV_FLAG_NONE);
}

void rpc_fields_add_unindexed(struct rpc_fields *f, const char *name, const char *value)
{
    add(f, name, value, strlen(value), NGHTTP2_NV_FLAG_NO_INDEX);
}

static void add_binary(struct rpc_fields *f, const struct rpc_field *field, struct arena *arena)
{
    char *text = arena_alloc(arena, bytes_base64_len(field->n_value) + 1);

    if (!text) {
        f->is_bad = true;
        return;
    }
    add(f, field->name, text, bytes_base64(field->value, field->n_value, false, text),
        NGHTTP2_NV_FLAG_NONE);
}

void rpc_fields_add_metadata(struct rpc_fields *f, const struct rpc_metadata *md, bool is_raw)
{
    for (size_t i = 0; i < md->n; i++) {
        const struct rpc_field *field = &md->fields[i];

        if (rpc_metadata_is_binary(field->name, strlen(field->name)))
            add_binary(f, field, md->arena);
        else if (is_raw || (strcmp(field->name, "grpc-encoding") != 0 &&
                            strcmp(field->name, "grpc-accept-encoding") != 0))
            add(f, field->name, (const char *)field->value, field->n_value, NGHTTP2_NV_FLAG_NONE);
    }
}
