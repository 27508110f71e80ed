#pragma once
/* Manifests to objects: validated whole, converted to the stored version, laid over what is there.
 */
#include "agentsandbox/v1/template.pb-c.h"
#include "lib/base/buf.h"
#include "lib/store/store.h"
#include "services/controller/obj.h"

struct apply_item {
    json_t *object;                 /* as it shall be stored; owned                */
    const char *kind, *name, *ns;   /* point into object                           */
    const char *api_version;        /* as the manifest said; static                */
    const struct store_object *old; /* what is there, a reference; NULL: nothing   */
    struct buf warnings;            /* a line each                                 */
};
struct apply {
    struct apply_item *items;
    size_t n;
};

/* Checks everything and stores nothing. INVALID_ARGUMENT "BadRequest" | "PodSpecUnsupported": where
 * it came from, the path of the field and what was wrong. */
int apply_prepare(struct apply *ret, const struct store *store,
                  const Agentsandbox__V1__ApplyRequest *req, struct err *err);
void apply_done(struct apply *a);
