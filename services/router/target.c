#include "services/router/target.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/rpc/metadata.h"

static const struct rpc_field *next_field(const struct rpc_metadata *md, size_t *at,
                                          const char *name)
{
    for (; *at < md->n; (*at)++)
        if (strcmp(md->fields[*at].name, name) == 0)
            return &md->fields[(*at)++];
    return NULL;
}

/* The one value of a field, NULL when absent. Two that differ are refused: another hop might take
 * the other one. */
static int read_one(const struct rpc_metadata *md, const char *name, const char **ret,
                    struct err *err)
{
    const struct rpc_field *first, *other;
    size_t at = 0;

    first = next_field(md, &at, name);
    *ret = first ? (const char *)first->value : NULL;
    while ((other = next_field(md, &at, name)))
        if (strcmp((const char *)other->value, *ret) != 0)
            return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                           "metadata %s is there twice with different values", name);
    return 0;
}

static int read_label(const struct rpc_metadata *md, const char *field, const char *otherwise,
                      char ret[64], struct err *err)
{
    const char *value;
    char shown[80];

    if (read_one(md, field, &value, err) < 0)
        return -1;
    if (!value)
        value = otherwise;
    if (!value)
        return err_set(
            err, RPC_INVALID_ARGUMENT, "BadRequest",
            "metadata %s is missing: set it to the name of the sandbox that the call is for",
            field);
    if (!bytes_is_dns_label(value))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "metadata %s: \"%s\" is no name (a-z, 0-9 and '-', at most 63 characters)",
                       field, bytes_escape(value, strlen(value), shown, sizeof(shown)));
    (void)snprintf(ret, 64, "%s", value);
    return 0;
}

static int read_uid(const struct rpc_metadata *md, char ret[TARGET_UID_MAX + 1], struct err *err)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    const char *value;

    if (read_one(md, "x-sandbox-uid", &value, err) < 0)
        return -1;
    if (!value)
        value = "";
    if (strlen(value) > TARGET_UID_MAX || value[strspn(value, letters)] != '\0')
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "metadata x-sandbox-uid is no uid of a sandbox");
    (void)snprintf(ret, TARGET_UID_MAX + 1, "%s", value);
    return 0;
}

static bool has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* What the agent serves; the rest is a port's (design: "agentsandbox.v1 and, without
 * x-sandbox-port, process.v1"). */
static bool is_agents(const char *path)
{
    return has_prefix(path, "/agentsandbox.v1.") || has_prefix(path, "/process.v1.");
}

int target_read(struct target *ret, const char *path, const struct rpc_metadata *md,
                struct err *err)
{
    const char *port, *id;
    char shown[200];

    if (read_one(md, "x-sandbox-port", &port, err) < 0 ||
        read_one(md, "x-sandbox-id", &id, err) < 0)
        return -1;
    if (port && !has_prefix(path, "/agentsandbox.v1."))
        return err_set(
            err, RPC_UNIMPLEMENTED, "Unimplemented",
            "metadata x-sandbox-port: calls to a port of a sandbox are not supported yet");
    if (!is_agents(path))
        return err_set(err, RPC_UNIMPLEMENTED, "Unimplemented",
                       "%s: neither the router nor the agent of a sandbox has this method",
                       bytes_escape(path, strlen(path), shown, sizeof(shown)));
    if (read_label(md, "x-sandbox-id", NULL, ret->name, err) < 0 ||
        read_label(md, "x-sandbox-namespace", "default", ret->ns, err) < 0)
        return -1;
    return read_uid(md, ret->uid, err);
}
