#pragma once
/*
 * What the controller must be allowed to do, and which of it the API server says it may not: one
 * SelfSubjectRulesReview instead of a failure at the first write. It knows RBAC's rules only where
 * the server can list them; `incomplete` ones are no reason to complain.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct kube_rights_opts {
    bool has_extensions, has_webhook_certs, has_lease;
};

/* status: of a SelfSubjectRulesReview. Calls fn for each missing right, "cannot patch
 * sandboxes.agents.x-k8s.io/status" without the first word. Returns how many. */
size_t kube_rights_missing(const json_t *status, const struct kube_rights_opts *opts,
                           void (*fn)(const char *verb, const char *resource, void *user),
                           void *user);
