#include "services/controller/child.h"

#include <stdio.h>
#include <string.h>

#include "services/controller/names.h"

enum child_owner child_owner(const struct store_object *child, const struct store_object *sb)
{
    const char *adoptable = obj_label(child->json, L_ADOPTABLE);
    const char *hash = obj_label(child->json, L_NAME_HASH);
    struct obj_owner owner;
    char want[9];

    if (obj_controller(child->json, &owner))
        return strcmp(owner.uid, sb->uid) == 0 ? CHILD_OURS : CHILD_FOREIGN;
    if ((adoptable && strcmp(adoptable, "true") == 0) ||
        (hash && strcmp(hash, obj_hash(sb->name, want)) == 0))
        return CHILD_ADOPTABLE;
    return CHILD_UNOWNED;
}

void child_refusal(char *ret, size_t n, const char *noun, const struct store_object *child,
                   const struct store_object *sb)
{
    struct obj_owner owner;

    if (obj_controller(child->json, &owner))
        (void)snprintf(ret, n, "%s \"%s\" is owned by %s/%s (UID: %s), not by sandbox \"%s\"", noun,
                       child->name, owner.kind, owner.name, owner.uid, sb->name);
    else
        (void)snprintf(ret, n,
                       "cannot adopt unowned %s \"%s\": missing required pool authorization label "
                       "(\"" L_ADOPTABLE "\") or sandbox tracking label (\"" L_NAME_HASH "\")",
                       noun, child->name);
}

int child_adopt(json_t *child, const struct store_object *sb)
{
    const struct meta_owner owner = {.api_version = API_CORE,
                                     .kind = KIND_SANDBOX,
                                     .name = sb->name,
                                     .uid = sb->uid,
                                     .controller = true,
                                     .block_deletion = true};

    return meta_set_owner(child, &owner, NULL);
}
