#pragma once
/* The four kinds and their versions, as the CRDs name them (docs: Kubernetes groups, kinds,
 * versions). */
#include <jansson.h>
#include <stdbool.h>

#include "lib/base/err.h"

enum api_kind_id { API_SANDBOX, API_CLAIM, API_TEMPLATE, API_POOL, API_N_KINDS };

struct api_kind {
    enum api_kind_id id;
    const char *kind;  /* "SandboxWarmPool" */
    const char *group; /* "extensions.agents.x-k8s.io" */
    const char *plural, *singular, *short_name;
    const char *hub; /* "extensions.agents.x-k8s.io/v1beta1": what is stored */
    const char *old; /* ".../v1alpha1": served, deprecated */
    bool has_status; /* a status subresource */
};

extern const struct api_kind api_kinds[API_N_KINDS];

enum api_version { API_V1BETA1, API_V1ALPHA1 };

/* By kind, plural, singular or short name, any case, as kubectl takes them; "" suffixes of the
 * group
 * ("sandboxes.agents.x-k8s.io") too. NULL when it is none. */
const struct api_kind *api_kind_find(const char *word);
/* By apiVersion and kind. INVALID_ARGUMENT "BadRequest", naming what is known. */
const struct api_kind *api_kind_of(const char *api_version, const char *kind, enum api_version *ret,
                                   struct err *err);
/* The same from an object's own fields. */
const struct api_kind *api_kind_of_object(const json_t *o, enum api_version *ret, struct err *err);
