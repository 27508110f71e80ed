#include "lib/api/kinds.h"

#include <string.h>
#include <strings.h>

#include "lib/api/meta.h"

#define AGENTS     "agents.x-k8s.io"
#define EXTENSIONS "extensions.agents.x-k8s.io"

const struct api_kind api_kinds[API_N_KINDS] = {
    {API_SANDBOX, "Sandbox", AGENTS, "sandboxes", "sandbox", "sandbox", AGENTS "/v1beta1",
     AGENTS "/v1alpha1", true},
    {API_CLAIM, "SandboxClaim", EXTENSIONS, "sandboxclaims", "sandboxclaim", "sandboxclaim",
     EXTENSIONS "/v1beta1", EXTENSIONS "/v1alpha1", true},
    {API_TEMPLATE, "SandboxTemplate", EXTENSIONS, "sandboxtemplates", "sandboxtemplate",
     "sandboxtemplate", EXTENSIONS "/v1beta1", EXTENSIONS "/v1alpha1", false},
    {API_POOL, "SandboxWarmPool", EXTENSIONS, "sandboxwarmpools", "sandboxwarmpool", "swp",
     EXTENSIONS "/v1beta1", EXTENSIONS "/v1alpha1", true},
};

static bool is_word(const struct api_kind *k, const char *word, size_t n)
{
    const char *const names[] = {k->kind, k->plural, k->singular, k->short_name};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strlen(names[i]) == n && strncasecmp(names[i], word, n) == 0)
            return true;
    return false;
}

const struct api_kind *api_kind_find(const char *word)
{
    size_t n = strcspn(word, ".");

    for (size_t i = 0; i < API_N_KINDS; i++)
        if (is_word(&api_kinds[i], word, n) &&
            (word[n] == '\0' || strcasecmp(word + n + 1, api_kinds[i].group) == 0))
            return &api_kinds[i];
    return NULL;
}

const struct api_kind *api_kind_of(const char *api_version, const char *kind, enum api_version *ret,
                                   struct err *err)
{
    for (size_t i = 0; i < API_N_KINDS; i++) {
        const struct api_kind *k = &api_kinds[i];

        if (strcmp(k->kind, kind) != 0)
            continue;
        if (strcmp(k->hub, api_version) == 0)
            *ret = API_V1BETA1;
        else if (strcmp(k->old, api_version) == 0)
            *ret = API_V1ALPHA1;
        else
            break;
        return k;
    }
    (void)err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                  "unknown kind \"%s\" of apiVersion \"%s\"; known are Sandbox of %s, and "
                  "SandboxClaim, SandboxTemplate, SandboxWarmPool of %s, each v1beta1 or v1alpha1",
                  kind, api_version, AGENTS, EXTENSIONS);
    return NULL;
}

const struct api_kind *api_kind_of_object(const json_t *o, enum api_version *ret, struct err *err)
{
    const char *kind = meta_str(o, "kind", ""), *api_version = meta_str(o, "apiVersion", "");

    if (json_is_object(o) && kind[0] && api_version[0])
        return api_kind_of(api_version, kind, ret, err);
    (void)err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                  "no Kubernetes object: want a mapping with apiVersion and kind");
    return NULL;
}
