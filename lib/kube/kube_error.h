#pragma once
/* What an answer that is no success means, in our errors. */
#include <jansson.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/kube/kube_client.h"

/* Which request it was: for messages. Any may be NULL or "". */
struct kube_asked {
    enum kube_method method;
    const struct kube_resource *resource;
    const char *ns, *name, *subresource;
    const char *path; /* of a request that names no resource */
    bool is_list, is_watch;
};

/* "create", "get", "list", "watch", "update", "patch", "delete": as RBAC names it. */
const char *kube_verb(const struct kube_asked *asked);

/* status: HTTP, not 2xx. body: parsed, or NULL; text: as it came. Always returns -1. */
int kube_error_from_answer(struct err *err, const struct kube_asked *asked, int status,
                           const json_t *body, const char *text, size_t n_text);
/* The same from a Status object alone, as watches send it. */
int kube_error_from_status(struct err *err, const struct kube_asked *asked, const json_t *status);
