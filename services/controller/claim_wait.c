#include "services/controller/claim_wait.h"

#include <stdio.h>
#include <string.h>

#include "services/controller/binder.h"
#include "services/controller/names.h"
#include "services/controller/sandbox_pod.h"

static const struct {
    const char *condition, *reason; /* of the claim's Ready; the word a caller is told */
    int code;
} final_reasons[] = {
    {R_TEMPLATE_NOT_FOUND, "TemplateNotFound", RPC_NOT_FOUND},
    {R_POOL_NOT_FOUND, "PoolNotFound", RPC_NOT_FOUND},
    {R_INVALID_METADATA, "InvalidMetadata", RPC_INVALID_ARGUMENT},
    {R_ENV_REJECTED, R_ENV_REJECTED, RPC_FAILED_PRECONDITION},
    {R_VOLUMES_ERROR, R_VOLUMES_ERROR, RPC_FAILED_PRECONDITION},
    {R_INVALID_CONFIGURATION, R_INVALID_CONFIGURATION, RPC_FAILED_PRECONDITION},
    {R_CLAIM_EXPIRED, "ClaimFinished", RPC_FAILED_PRECONDITION},
    {R_SANDBOX_EXPIRED, "ClaimFinished", RPC_FAILED_PRECONDITION},
};

int claim_refused(const struct claim_problem *p, const char *name, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(final_reasons); i++)
        if (strcmp(p->reason, final_reasons[i].condition) == 0)
            return err_set(err, final_reasons[i].code, final_reasons[i].reason, "claim \"%s\": %s",
                           name, p->message);
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "claim \"%s\": %s", name, p->message);
}

/* A claim that can never get ready: -1 with *err. */
static int check_hope(const char *name, const json_t *status, struct err *err)
{
    const json_t *ready = cond_get(status, C_READY);
    const char *reason = obj_str_or(ready, "reason", "");
    const char *message = obj_str_or(ready, "message", "");

    if (cond_is_true(status, C_FINISHED))
        return err_set(err, RPC_FAILED_PRECONDITION, "SandboxGone",
                       "claim \"%s\": its sandbox ended before it was ready: %s", name, message);
    for (size_t i = 0; i < ARRAY_SIZE(final_reasons); i++)
        if (strcmp(reason, final_reasons[i].condition) == 0)
            return err_set(err, final_reasons[i].code, final_reasons[i].reason, "claim \"%s\": %s",
                           name, message);
    return 0;
}

/* ---- what its pod suffers from ---- */

/* Words of the kubelet; fatal: waiting does not help. */
static const struct {
    const char *word, *reason;
    bool is_fatal;
} kubelet_words[] = {
    {"InvalidImageName", "ImageNotFound", true},
    {"ErrImageNeverPull", "ImageNotFound", true},
    {"ErrImagePull", "ImageNotFound", false},
    {"ImagePullBackOff", "ImageNotFound", false},
    {"CreateContainerConfigError", "PodSpecUnsupported", false},
    {"CreateContainerError", "PodSpecUnsupported", false},
    {"RunContainerError", "PodSpecUnsupported", false},
    {"CrashLoopBackOff", "SandboxGone", false},
};

static bool of_container(const json_t *waiting, struct binder_trouble *ret)
{
    const char *word = obj_str_or(waiting, "reason", "");

    for (size_t i = 0; i < ARRAY_SIZE(kubelet_words); i++) {
        if (strcmp(word, kubelet_words[i].word) != 0)
            continue;
        *ret = (struct binder_trouble){.is_fatal = kubelet_words[i].is_fatal,
                                       .code = RPC_FAILED_PRECONDITION};
        (void)snprintf(ret->reason, sizeof(ret->reason), "%s", kubelet_words[i].reason);
        (void)snprintf(ret->message, sizeof(ret->message), "%s: %s", word,
                       obj_str_or(waiting, "message", "the kubelet says no more"));
        return true;
    }
    return false;
}

/* On Kubernetes: what scheduler and kubelet wrote into its status. */
static bool of_pod(const json_t *pod, struct binder_trouble *ret)
{
    const json_t *list = obj_get(pod, "status.containerStatuses");
    const json_t *scheduled = cond_get(obj_get(pod, "status"), C_POD_SCHEDULED);

    for (size_t i = 0; i < json_array_size(list); i++)
        if (of_container(obj_get(json_array_get(list, i), "state.waiting"), ret))
            return true;
    if (strcmp(obj_str_or(scheduled, "reason", ""), "Unschedulable") != 0)
        return false;
    *ret = (struct binder_trouble){.code = RPC_FAILED_PRECONDITION};
    (void)snprintf(ret->reason, sizeof(ret->reason), "Unschedulable");
    (void)snprintf(ret->message, sizeof(ret->message), "%s",
                   obj_str_or(scheduled, "message", "no node has room for it"));
    return true;
}

/* False: nothing is known against it. */
static bool has_trouble(const struct ctl *c, const struct store_object *claim,
                        struct binder_trouble *ret)
{
    const struct store_object *sb = claim_promised_sandbox(c, claim);
    const struct store_object *pod = sb ? sandbox_pod_named(c, sb) : NULL;

    if (!pod)
        return false;
    return c->binder ? binder_trouble_of(c->binder, pod, ret) : of_pod(pod->json, ret);
}

/* ---- looking ---- */

int claim_look(const struct ctl *c, const char *ns, const char *name, const char *uid,
               struct err *err)
{
    const struct store_object *claim = store_get(c->store, KIND_CLAIM, ns, name);
    _cleanup_(json_decrefp) json_t *status = NULL;
    struct binder_trouble trouble;

    if (!claim || strcmp(claim->uid, uid) != 0 || claim->is_deleting)
        return err_set(err, RPC_ABORTED, "ClaimNotFound",
                       "claim \"%s\" was deleted while it was being waited for", name);
    status = claim_present_status(c, claim);
    if (!status)
        return err_oom(err);
    if (cond_is_true(status, C_READY))
        return 0;
    if (check_hope(name, status, err) < 0)
        return -1;
    if (has_trouble(c, claim, &trouble) && trouble.is_fatal)
        return err_set(err, trouble.code == RPC_NOT_FOUND ? RPC_FAILED_PRECONDITION : trouble.code,
                       trouble.reason, "claim \"%s\": %s", name, trouble.message);
    return 1;
}

int claim_timed_out(const struct ctl *c, const char *ns, const char *name, struct err *err)
{
    const struct store_object *claim = store_get(c->store, KIND_CLAIM, ns, name);
    _cleanup_(json_decrefp) json_t *status = claim ? claim_present_status(c, claim) : NULL;
    const struct store_object *sb = claim ? claim_promised_sandbox(c, claim) : NULL;
    struct binder_trouble trouble;

    if (claim && has_trouble(c, claim, &trouble))
        return err_set(err, RPC_DEADLINE_EXCEEDED, trouble.reason,
                       "claim \"%s\" was not ready by the deadline: sandbox \"%s\": %s", name,
                       sb ? sb->name : "", trouble.message);
    return err_set(err, RPC_DEADLINE_EXCEEDED, "Timeout",
                   "claim \"%s\" was not ready by the deadline: %s", name,
                   sb ? obj_str_or(cond_get(status, C_READY), "message", "Sandbox is not ready")
                      : "it has no sandbox yet");
}
