#pragma once
/*
 * The blueprint: the part of a SandboxTemplate that is copied into a Sandbox and by which a pool
 * tells whether a member is stale (podTemplate, volumeClaimTemplates, service).
 */
#include "services/controller/obj.h"

struct blueprint_hashes {
    char pod_template[9];
    char blueprint[9];
    char template_ref[9]; /* of the template's name */
};

/* < 0: out of memory. */
int blueprint_hash(const json_t *template, struct blueprint_hashes *ret);

/* The spec of a Sandbox made from the template, secure pod defaults included; NULL: out of memory.
 */
json_t *blueprint_spec(const json_t *template);

/* Whether a Sandbox still is what the template says now: pod spec, volume claims, service. Pod
 * labels and annotations do not count. */
bool blueprint_matches(const json_t *template, const json_t *sandbox);

/* {labels, annotations} of the template's pod template; borrowed, may be NULL. */
const json_t *blueprint_pod_metadata(const json_t *template);

/* services/controller/pool.c: whether a pool with strategy Recreate is about to replace this
 * member. */
bool pool_member_is_stale(const json_t *pool, const json_t *template, const json_t *sandbox);
