#pragma once
/* The Pod of a Sandbox: finding it, making it, keeping its metadata in step (reference 2.1.2). */
#include "services/controller/ctl.h"

struct sandbox_pod {
    const struct store_object *pod; /* the Pod that bears the name, or ours; NULL: none */
    bool is_ours;
    bool is_multiple; /* several are ours: nothing is touched                     */
    bool has_written; /* the step's batch makes, deletes or adopts the Pod        */
    bool has_named;   /* the step's batch changes the Sandbox's annotation, or the Pod's metadata */
    char problem[400]; /* the Pod step failed, and why; "": it did not             */
};

/* Brings the Pod where the Sandbox's mode wants it, as writes of st. < 0: out of memory. */
int sandbox_pod_step(struct ctl_item *it, const struct store_object *sb, struct step *st,
                     struct sandbox_pod *ret, struct err *err);
/* The Pod by the Sandbox's annotation or name; NULL when there is none. */
const struct store_object *sandbox_pod_named(const struct ctl *c, const struct store_object *sb);
static inline bool sandbox_is_suspended(const json_t *sb)
{
    const char *mode = obj_str(sb, "spec.operatingMode");

    return mode && mode[0] == 'S'; /* Running or Suspended: the schema knows no other */
}
