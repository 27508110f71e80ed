/* What a claim says of itself (reference 2.4.7): two conditions, its Sandbox, the Sandbox's
 * addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "services/controller/claim.h"
#include "services/controller/names.h"

const struct store_object *claim_sandbox(const struct ctl *c, const struct store_object *claim)
{
    const char *const names[] = {
        obj_str(claim->json, "status.sandbox.name"),
        obj_annotation(claim->json, A_SANDBOX_NAME),
        obj_label(claim->json, L_SANDBOX_NAME),
        claim->name,
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct store_object *sb =
            names[i] ? store_get(c->store, KIND_SANDBOX, claim->ns, names[i]) : NULL;

        if (sb && obj_controlled_by_uid(sb->json, claim->uid))
            return sb;
    }
    return NULL;
}

const struct store_object *claim_promised_sandbox(const struct ctl *c,
                                                  const struct store_object *claim)
{
    const struct store_object *sb = claim_sandbox(c, claim);
    const char *name = sb ? NULL : claim_assignment(claim->json);

    if (name)
        sb = store_get(c->store, KIND_SANDBOX, claim->ns, name);
    if (name && sb &&
        !members_is_held_by(&c->members, sb->uid, members_holder(claim->ns, claim->name)))
        return NULL;
    return sb;
}

bool claim_is_expired(const struct ctl *c, const json_t *claim, uint64_t *ret_wait_ms)
{
    const json_t *finished = cond_get(obj_get(claim, "status"), C_FINISHED);
    int64_t ttl = obj_int(claim, "spec.lifecycle.ttlSecondsAfterFinished", -1);
    int64_t end = INT64_MAX, at, now_ms = ctl_now_ns(c) / 1000000;

    if (obj_time(claim, "spec.lifecycle.shutdownTime", &at))
        end = at;
    if (ttl >= 0 && strcmp(obj_str_or(finished, "status", ""), "True") == 0 &&
        obj_time(finished, "lastTransitionTime", &at))
        end = MIN(end, at + ttl);
    *ret_wait_ms = CLOCK_NEVER;
    if (end == INT64_MAX)
        return false;
    *ret_wait_ms = (uint64_t)MAX(end * 1000 - now_ms, (int64_t)0);
    return now_ms >= end * 1000;
}

/* ---- Ready ---- */

static int put_ready(json_t *status, const struct ctl *c, const struct store_object *claim,
                     const char *reason, const char *message)
{
    return cond_set(status, C_READY, "False", reason, message, claim->generation, ctl_now_s(c));
}

/* The Sandbox's own word, verbatim, with the claim's generation. */
static int copy_condition(json_t *status, const json_t *from, int64_t generation)
{
    json_t *copy = meta_deep_copy(from);
    json_t *conditions;

    if (!copy)
        return -1;
    cond_drop(status, obj_str_or(from, "type", ""));
    conditions = obj_get(status, "conditions");
    if (!conditions) {
        conditions = json_array();
        if (json_object_set_new(status, "conditions", conditions) < 0) {
            json_decref(copy);
            return -1;
        }
    }
    if (obj_put_int(copy, "observedGeneration", generation) < 0) {
        json_decref(copy);
        return -1;
    }
    return json_array_append_new(conditions, copy);
}

static int put_problem(json_t *status, const struct ctl *c, const struct store_object *claim,
                       const struct claim_outcome *out)
{
    const struct claim_problem *p = &out->problem;
    char text[600];

    if (out->is_expired && strcmp(p->reason, R_NOT_OWNED) == 0) {
        (void)snprintf(text, sizeof(text), "Claim expired. %s", p->message);
        return put_ready(status, c, claim, R_CLAIM_EXPIRED, text);
    }
    if (strcmp(p->reason, R_RECONCILER_ERROR) == 0 || strcmp(p->reason, R_NOT_OWNED) == 0) {
        (void)snprintf(text, sizeof(text), "Error seen: %s", p->message);
        return put_ready(status, c, claim, R_RECONCILER_ERROR, text);
    }
    return put_ready(status, c, claim, p->reason, p->message);
}

static int put_ready_condition(json_t *status, const struct ctl *c,
                               const struct store_object *claim, const struct claim_outcome *out)
{
    const json_t *ready;

    if (out->problem.reason[0])
        return put_problem(status, c, claim, out);
    if (out->is_expired)
        return put_ready(status, c, claim, R_CLAIM_EXPIRED,
                         "Claim expired. Sandbox cleanup initiated.");
    if (!out->sandbox)
        return put_ready(status, c, claim, "SandboxMissing", "Sandbox does not exist");
    ready = cond_get(obj_get(out->sandbox->json, "status"), C_READY);
    if (!ready)
        return put_ready(status, c, claim, "SandboxNotReady", "Sandbox is not ready");
    if (strcmp(obj_str_or(ready, "reason", ""), R_SANDBOX_EXPIRED) == 0)
        return put_ready(status, c, claim, R_SANDBOX_EXPIRED,
                         "Underlying Sandbox resource has expired independently of the Claim.");
    return copy_condition(status, ready, claim->generation);
}

static int put_finished(json_t *status, const struct claim_outcome *out)
{
    const json_t *finished;

    if (!out->sandbox) {
        if (!out->is_expired)
            cond_drop(status, C_FINISHED);
        return 0;
    }
    finished = cond_get(obj_get(out->sandbox->json, "status"), C_FINISHED);
    if (finished)
        return copy_condition(status, finished, obj_int(finished, "observedGeneration", 0));
    if (!out->is_expired)
        cond_drop(status, C_FINISHED);
    return 0;
}

/* ---- the rest ---- */

static int put_sandbox(json_t *status, const struct claim_outcome *out)
{
    const json_t *ips;
    int r;

    if (!out->sandbox) {
        if (!out->problem.reason[0] || strcmp(out->problem.reason, R_NOT_OWNED) == 0)
            obj_drop(status, "sandbox");
        return 0; /* a passing error never clears it */
    }
    obj_drop(status, "sandbox.podIPs");
    r = obj_put_str(status, "sandbox.name", out->sandbox->name);
    ips = obj_get(out->sandbox->json, "status.podIPs");
    if (json_array_size(ips) > 0)
        r |= obj_put(status, "sandbox.podIPs", meta_deep_copy(ips));
    return r;
}

static int by_type(const void *a, const void *b)
{
    return strcmp(obj_str_or(*(const json_t *const *)a, "type", ""),
                  obj_str_or(*(const json_t *const *)b, "type", ""));
}

static int sort_conditions(json_t *status)
{
    json_t *list = obj_get(status, "conditions"), *sorted = json_array(), *all[8];
    size_t n = MIN(json_array_size(list), ARRAY_SIZE(all));
    int r = 0;

    for (size_t i = 0; i < n; i++)
        all[i] = json_array_get(list, i);
    qsort(all, n, sizeof(all[0]), by_type);
    for (size_t i = 0; i < n; i++)
        r |= json_array_append(sorted, all[i]);
    return r | json_object_set_new(status, "conditions", sorted);
}

json_t *claim_build_status(const struct ctl *c, const struct store_object *claim,
                           const struct claim_outcome *out)
{
    const json_t *old = json_object_get(claim->json, "status");
    _cleanup_(json_decrefp) json_t *status = old ? meta_deep_copy(old) : json_object();
    bool keeps_all = strcmp(out->problem.reason, R_CREATE_PENDING) == 0 &&
                     obj_str(old, "sandbox.name"); /* nothing is known yet: touch nothing */

    if (!status)
        return NULL;
    if (keeps_all)
        return TAKE_PTR(status);
    if (put_sandbox(status, out) < 0 || put_finished(status, out) < 0 ||
        put_ready_condition(status, c, claim, out) < 0 || sort_conditions(status) < 0)
        return NULL;
    return TAKE_PTR(status);
}

json_t *claim_present_status(const struct ctl *c, const struct store_object *claim)
{
    const json_t *old = json_object_get(claim->json, "status");
    const char *reason = obj_str_or(cond_get(old, C_READY), "reason", "");
    struct claim_outcome out = {.sandbox = claim_promised_sandbox(c, claim)};

    if (!out.sandbox || strcmp(reason, R_CLAIM_EXPIRED) == 0)
        return old ? meta_deep_copy(old) : json_object();
    return claim_build_status(c, claim, &out);
}
