#include "services/controller/kube_rights.h"

#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"

#define CORE     ""
#define AGENTS   "agents.x-k8s.io"
#define EXT      "extensions.agents.x-k8s.io"
#define CRDS     "apiextensions.k8s.io"
#define MAX_WORD 16

enum part { ALWAYS, EXTENSIONS, CERTS, LEASE };

struct need {
    enum part part;
    const char *group, *resource, *name; /* name: one object only, or NULL */
    const char *verbs;
};

/* A table, laid out by hand: what is asked of the API server, and no more. */
/* clang-format off */
static const struct need needs[] = {
    {ALWAYS, AGENTS, "sandboxes", NULL, "delete get list patch watch"},
    {ALWAYS, AGENTS, "sandboxes/status", NULL, "patch"},
    {ALWAYS, CORE, "pods", NULL, "create delete get list patch watch"},
    {ALWAYS, CORE, "services", NULL, "create delete get list patch watch"},
    {ALWAYS, CORE, "persistentvolumeclaims", NULL, "create get list patch watch"},
    {ALWAYS, "events.k8s.io", "events", NULL, "create patch"},
    {EXTENSIONS, AGENTS, "sandboxes", NULL, "create"},
    {EXTENSIONS, EXT, "sandboxclaims", NULL, "create delete get list patch watch"},
    {EXTENSIONS, EXT, "sandboxclaims/status", NULL, "patch"},
    {EXTENSIONS, EXT, "sandboxtemplates", NULL, "get list patch watch"},
    {EXTENSIONS, EXT, "sandboxwarmpools", NULL, "get list watch"},
    {EXTENSIONS, EXT, "sandboxwarmpools/status", NULL, "patch"},
    {EXTENSIONS, "networking.k8s.io", "networkpolicies", NULL, "create delete get list patch watch"},
    {CERTS, CORE, "secrets", NULL, "create"},
    {CERTS, CORE, "secrets", "agent-sandbox-webhook-certs", "get patch"},
    {CERTS, CRDS, "customresourcedefinitions", "sandboxes.agents.x-k8s.io", "get patch"},
    {LEASE, "coordination.k8s.io", "leases", NULL, "create get list patch update watch"},
};
/* clang-format on */

static bool list_has(const json_t *list, const char *word)
{
    const json_t *v;
    size_t i;

    json_array_foreach((json_t *)list, i, v)
    {
        const char *s = json_string_value(v);

        if (s && (strcmp(s, "*") == 0 || strcmp(s, word) == 0))
            return true;
    }
    return false;
}

/* "pods", or "*" + "/status" as RBAC writes a subresource of everything. */
static bool has_resource(const json_t *rule, const char *resource)
{
    const json_t *list = json_object_get(rule, "resources");
    const char *slash = strchr(resource, '/');
    char any[64];

    if (list_has(list, resource))
        return true;
    (void)snprintf(any, sizeof(any), "*%s", slash ?: "");
    return slash && list_has(list, any);
}

static bool has_name(const json_t *rule, const char *name)
{
    const json_t *names = json_object_get(rule, "resourceNames");

    return json_array_size(names) == 0 || (name && list_has(names, name));
}

static bool is_allowed(const json_t *status, const struct need *n, const char *verb)
{
    const json_t *rule;
    size_t i;

    json_array_foreach(json_object_get(status, "resourceRules"), i, rule)
    {
        if (list_has(json_object_get(rule, "apiGroups"), n->group) &&
            has_resource(rule, n->resource) && has_name(rule, n->name) &&
            list_has(json_object_get(rule, "verbs"), verb))
            return true;
    }
    return false;
}

static bool is_needed(const struct need *n, const struct kube_rights_opts *o)
{
    switch (n->part) {
    case ALWAYS:
        return true;
    case EXTENSIONS:
        return o->has_extensions;
    case CERTS:
        return o->has_webhook_certs;
    case LEASE:
        return o->has_lease;
    }
    abort();
}

/* The next word of a list with spaces; false at its end. */
static bool next_word(const char **list, char ret[MAX_WORD])
{
    size_t n = strcspn(*list, " ");

    if (n == 0)
        return false;
    (void)snprintf(ret, MAX_WORD, "%.*s", (int)n, *list);
    *list += n + ((*list)[n] == ' ');
    return true;
}

static void full_name(const struct need *n, char *ret, size_t size)
{
    const char *slash = strchr(n->resource, '/');
    int len = slash ? (int)(slash - n->resource) : (int)strlen(n->resource);

    (void)snprintf(ret, size, "%.*s%s%s%s%s%s", len, n->resource, n->group[0] ? "." : "", n->group,
                   slash ?: "", n->name ? " " : "", n->name ?: "");
}

size_t kube_rights_missing(const json_t *status, const struct kube_rights_opts *opts,
                           void (*fn)(const char *verb, const char *resource, void *user),
                           void *user)
{
    size_t n_missing = 0;
    char verb[MAX_WORD], resource[160];

    if (meta_bool(status, "incomplete", false))
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
        const char *verbs = needs[i].verbs;

        if (!is_needed(&needs[i], opts))
            continue;
        full_name(&needs[i], resource, sizeof(resource));
        while (next_word(&verbs, verb)) {
            if (is_allowed(status, &needs[i], verb))
                continue;
            n_missing++;
            fn(verb, resource, user);
        }
    }
    return n_missing;
}
