#include "lib/rpc/metadata.h"

#include <string.h>

#include "lib/base/limits.h"
#include "lib/rpc/metadata_core.h"

/* RFC 9113 8.2.2, and what the library itself sends. */
static const char *const owned_names[] = {
    "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade",
    "te",         "content-type",     "host",       "content-length",
};
/* Of the names that gRPC reserves, those that a proxy passes on and a tracer sets. */
static const char *const passed_names[] = {
    "grpc-encoding", "grpc-accept-encoding",       "grpc-trace-bin",
    "grpc-tags-bin", "grpc-previous-rpc-attempts", "grpc-retry-pushback-ms",
};

void rpc_metadata_init(struct rpc_metadata *md, struct arena *arena)
{
    *md = (struct rpc_metadata){.arena = arena};
}

static bool is_listed(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

bool rpc_metadata_is_binary(const char *name, size_t n)
{
    return n > 4 && memcmp(name + n - 4, "-bin", 4) == 0;
}

static bool is_name(const char *name)
{
    if (*name == '\0')
        return false;
    for (; *name; name++)
        if (!(*name >= 'a' && *name <= 'z') && !(*name >= '0' && *name <= '9') && *name != '-' &&
            *name != '_' && *name != '.')
            return false;
    return true;
}

static int check_name(const char *name, struct err *err)
{
    if (!is_name(name))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadMetadata",
                       "metadata name \"%.64s\": use a-z, 0-9, '-', '_' and '.'", name);
    if (is_listed(name, owned_names, ARRAY_SIZE(owned_names)) ||
        (strncmp(name, "grpc-", 5) == 0 &&
         !is_listed(name, passed_names, ARRAY_SIZE(passed_names))))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadMetadata",
                       "metadata name \"%.64s\" is reserved: choose another", name);
    return 0;
}

/* A value that begins or ends in white space would be refused by the peer (RFC 9113 8.2.1). */
static int check_value(const char *name, const uint8_t *v, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] < 0x20 || v[i] > 0x7E)
            return err_set(
                err, RPC_INVALID_ARGUMENT, "BadMetadata",
                "metadata %.64s: byte %zu is not printable ASCII; a name in -bin takes any", name,
                i);
    if (n && (v[0] == ' ' || v[n - 1] == ' '))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadMetadata",
                       "metadata %.64s: the value begins or ends in a space", name);
    return 0;
}

static int grow(struct rpc_metadata *md, struct err *err)
{
    size_t cap = md->cap ? md->cap * 2 : 8;
    struct rpc_field *fields = arena_alloc(md->arena, cap * sizeof(*fields));

    if (!fields)
        return err_oom(err);
    if (md->n)
        memcpy(fields, md->fields, md->n * sizeof(*fields));
    md->fields = fields;
    md->cap = cap;
    return 0;
}

int rpc_metadata_append(struct rpc_metadata *md, const char *name, const uint8_t *value, size_t n,
                        struct err *err)
{
    size_t bytes = strlen(name) + n + 32;

    if (bytes > LIMIT_RPC_METADATA - md->bytes || md->n >= LIMIT_RPC_METADATA_FIELDS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "MetadataTooLarge",
                       "metadata is larger than %u bytes or %d fields", LIMIT_RPC_METADATA,
                       LIMIT_RPC_METADATA_FIELDS);
    if (md->n == md->cap && grow(md, err) < 0)
        return -1;
    md->fields[md->n++] = (struct rpc_field){.name = name, .value = value, .n_value = n};
    md->bytes += bytes;
    return 0;
}

int rpc_metadata_add(struct rpc_metadata *md, const char *name, const void *value, size_t n_value,
                     struct err *err)
{
    const char *name_copy, *value_copy;

    if (check_name(name, err) < 0)
        return -1;
    if (!rpc_metadata_is_binary(name, strlen(name)) && check_value(name, value, n_value, err) < 0)
        return -1;
    if (n_value > LIMIT_RPC_METADATA)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "MetadataTooLarge",
                       "metadata %.64s has %zu bytes: the limit is %u", name, n_value,
                       LIMIT_RPC_METADATA);
    name_copy = arena_strdup(md->arena, name);
    value_copy = arena_memdup(md->arena, value, n_value);
    if (!name_copy || !value_copy)
        return err_oom(err);
    return rpc_metadata_append(md, name_copy, (const uint8_t *)value_copy, n_value, err);
}

int rpc_metadata_add_str(struct rpc_metadata *md, const char *name, const char *value,
                         struct err *err)
{
    return rpc_metadata_add(md, name, value, strlen(value), err);
}

const struct rpc_field *rpc_metadata_find(const struct rpc_metadata *md, const char *name)
{
    for (size_t i = 0; i < md->n; i++)
        if (strcmp(md->fields[i].name, name) == 0)
            return &md->fields[i];
    return NULL;
}

bool rpc_metadata_is_of_hop(const char *name)
{
    static const char *const names[] = {"grpc-status-details-bin", "content-length", "host"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

const char *rpc_metadata_get(const struct rpc_metadata *md, const char *name)
{
    const struct rpc_field *f = rpc_metadata_find(md, name);

    return f ? (const char *)f->value : NULL;
}

void rpc_metadata_drop(struct rpc_metadata *md, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < md->n; i++)
        if (strcmp(md->fields[i].name, name) != 0)
            md->fields[kept++] = md->fields[i];
    md->n = kept;
}
