#pragma once
/* The PersistentVolumeClaims of a Sandbox, one per volumeClaimTemplates entry (reference 2.1.2).
 * Only in a cluster. */
#include "services/controller/ctl.h"

struct sandbox_volumes {
    bool has_written;  /* the step's batch makes or adopts one                   */
    char problem[400]; /* the first entry that failed, and why; "": none did     */
};

/* < 0: out of memory. */
int sandbox_volumes_step(struct ctl *c, const struct store_object *sb, struct step *st,
                         struct sandbox_volumes *ret, struct err *err);
