#pragma once
/* Which objects a change makes dirty (reference, "Triggers" of each controller). */
#include "services/controller/ctl.h"

void ctl_on_event(struct ctl *c, const struct store_event *ev);
void ctl_tell_claim(struct ctl *c, const char *ns, const char *name);
