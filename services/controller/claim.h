#pragma once
/*
 * The parts of the claim controller that the gRPC door shares with the reconciler: where a claim's
 * sandbox comes from, taking a pool member, what the status says.
 */
#include "services/controller/ctl.h"

/* Why a claim cannot go on; reason "" when it can. */
struct claim_problem {
    char reason[48];
    char message[512];
    bool is_final; /* only a change of some object helps: no retry with back-off */
};
/* Returns -1. */
int claim_problem_set(struct claim_problem *p, bool is_final, const char *reason, const char *fmt,
                      ...) __attribute__((format(printf, 4, 5)));

/* ---- where it comes from ---- */

struct claim_source {
    const struct store_object *pool; /* NULL: by template ("shadow-pool-<template>")          */
    const struct store_object *template;
};
/* < 0: *p says TemplateNotFound or WarmPoolNotFound. ref: spec.warmPoolRef.name. */
int claim_find_source(const struct ctl *c, const char *ns, const char *ref,
                      struct claim_source *ret, struct claim_problem *p);
/* The template that a "shadow-pool-…" name means, or NULL. */
const char *claim_shadow_template(const char *ref);

/* The Sandbox that the claim names as its own, transferred or not: the annotation, else the legacy
 * label; NULL. */
const char *claim_assignment(const json_t *claim);
/* Made by the v0.1.0 client, which finds its Sandbox by the claim's own name. */
bool claim_is_seed_era(const json_t *claim);

/* A member of the claim's pool, or of the best pool of its template (most ready; ties by name). It
 * is taken: members_settle() it. NULL: none; *ret_pending (may be NULL): but one is about to be
 * there. */
struct member *claim_take_member(struct ctl *c, const char *ns, const struct claim_source *src,
                                 bool ready_only, bool *ret_pending);

/* ---- objects ---- */

/* How the Sandbox shall be once the claim has it; claim's uid may be missing (not yet created).
 * NULL: out of memory or *p. template may be NULL (gone). */
json_t *claim_adopted_sandbox(const json_t *claim, const struct store_object *sandbox,
                              const struct store_object *template, struct claim_problem *p);
/* A Sandbox made for this claim alone; NULL with *p, or out of memory with p->reason "". */
json_t *claim_cold_sandbox(const json_t *claim, const struct store_object *template,
                           struct claim_problem *p);
/* {labels, annotations} the pod template of a claim's Sandbox shall have; NULL as above. */
json_t *claim_pod_metadata(const json_t *claim, const struct store_object *template,
                           struct claim_problem *p);

/* ---- input rules (reference 2.4.5) ---- */

/* The file of allowed label domains: commas and lines part them; made lower case, joined by commas.
 * NULL: out of memory. Without any: the default. */
char *claim_label_domains(const char *text);

int claim_check_metadata(const struct ctl *c, const json_t *claim, struct claim_problem *p);
/* Adds spec.env of the claim to the pod spec. < 0: refused, *p; out of memory with p->reason "". */
int claim_inject_env(const json_t *claim, const json_t *template, json_t *pod_spec,
                     struct claim_problem *p);
/* The claim's volumeClaimTemplates into the Sandbox's, as the template's policy permits. */
int claim_merge_volumes(const json_t *claim, const json_t *template, json_t *sandbox_spec,
                        struct claim_problem *p);

/* ---- status ---- */

/* The Sandbox that the claim has, controlled by it; NULL when there is none (yet). */
const struct store_object *claim_sandbox(const struct ctl *c, const struct store_object *claim);

/* The same, or the one that it names and that is kept for it: assigned, not yet transferred. */
const struct store_object *claim_promised_sandbox(const struct ctl *c,
                                                  const struct store_object *claim);

struct claim_outcome {
    const struct store_object *sandbox; /* NULL: none */
    struct claim_problem problem;
    bool is_expired;
};
/* NULL: out of memory. */
json_t *claim_build_status(const struct ctl *c, const struct store_object *claim,
                           const struct claim_outcome *out);
/* The status as it is at this moment: the stored one, brought up to date with its Sandbox. */
json_t *claim_present_status(const struct ctl *c, const struct store_object *claim);

/* Whether the claim's time is over; *ret_wait_ms: until then (CLOCK_NEVER). */
bool claim_is_expired(const struct ctl *c, const json_t *claim, uint64_t *ret_wait_ms);
