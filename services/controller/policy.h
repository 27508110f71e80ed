#pragma once
/* The NetworkPolicy of a SandboxTemplate: one for all Pods made from it (reference 2.2). Only in a
 * cluster. */
#include "services/controller/ctl.h"

/* Makes, mends or removes it as the template wants, as writes of st. < 0: out of memory, or the
 * policy of that name is somebody else's. */
int policy_step(struct ctl *c, const struct store_object *template, struct step *st,
                struct err *err);
