#include "lib/rpc/service_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 512 };

void rpc_service_config_init(struct rpc_service_config *c)
{
    *c = (struct rpc_service_config){0};
    map_init(&c->methods);
}

void rpc_service_config_done(struct rpc_service_config *c)
{
    MAP_FOREACH(it, &c->methods)
    free(map_entry_value(it));
    map_done(&c->methods);
    free(c->health_service);
    c->health_service = NULL;
}

int rpc_service_config_add(struct rpc_service_config *c, const char *service, const char *method,
                           const struct rpc_method_config *m, struct err *err)
{
    _cleanup_(freep) struct rpc_method_config *copy = NULL;
    char key[PATH_MAX_BYTES];
    int n = snprintf(key, sizeof(key), *service ? "/%s/%s" : "/", service, method);

    if (n < 0 || n >= (int)sizeof(key) || (!*service && *method) || strchr(service, '/') ||
        strchr(method, '/'))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadServiceConfig",
                       "service config: no method is called \"%.64s\" \"%.64s\"", service, method);
    if (map_get(&c->methods, key))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadServiceConfig",
                       "service config: \"%.128s\" is named twice", key);
    copy = malloc(sizeof(*copy));
    if (!copy)
        return err_oom(err);
    *copy = *m;
    if (map_set(&c->methods, key, copy, NULL, err) < 0)
        return -1;
    copy = NULL;
    return 0;
}

const struct rpc_method_config *rpc_service_config_find(const struct rpc_service_config *c,
                                                        const char *path)
{
    const char *slash = strrchr(path, '/');
    const struct rpc_method_config *m = c ? map_get(&c->methods, path) : NULL;
    char service[PATH_MAX_BYTES];

    if (m || !c)
        return m;
    if (slash && (size_t)(slash + 1 - path) < sizeof(service)) {
        (void)snprintf(service, sizeof(service), "%.*s", (int)(slash + 1 - path), path);
        m = map_get(&c->methods, service);
    }
    return m ? m : map_get(&c->methods, "/");
}
