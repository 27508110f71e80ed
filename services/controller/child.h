#pragma once
/* Whose a child of a Sandbox is (Pod, Service, PersistentVolumeClaim): reference 2.1.2, the
 * matrices of foreign and unowned objects. */
#include "lib/store/store.h"
#include "services/controller/obj.h"

enum child_owner {
    CHILD_OURS,
    CHILD_ADOPTABLE, /* nobody's, and labelled so that we may take it */
    CHILD_UNOWNED,   /* nobody's, and not for us                      */
    CHILD_FOREIGN,
};

enum child_owner child_owner(const struct store_object *child, const struct store_object *sb);

/* Why a child that is CHILD_UNOWNED or CHILD_FOREIGN cannot be had; noun: "pod", "service", "PVC".
 */
void child_refusal(char *ret, size_t n, const char *noun, const struct store_object *child,
                   const struct store_object *sb);

/* Our controller reference beside those that are there; -1: out of memory. */
int child_adopt(json_t *child, const struct store_object *sb);
