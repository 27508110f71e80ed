#pragma once
/* The headless Service of a Sandbox, as spec.service wants it (reference 2.1.2). Only in a cluster.
 */
#include "services/controller/ctl.h"

struct sandbox_service {
    const struct store_object *service; /* the one in use; NULL: none                        */
    bool is_required; /* readiness needs it: asked for, or in use                            */
    bool has_written; /* the step's batch changes it                                         */
    char problem[400];
};

/* < 0: out of memory. */
int sandbox_service_step(struct ctl *c, const struct store_object *sb, struct step *st,
                         struct sandbox_service *ret, struct err *err);

/* The ports of the Service, from those of the containers; an array, NULL: out of memory. */
json_t *sandbox_service_ports(const json_t *pod_spec);
