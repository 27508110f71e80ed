/* What a claim may ask of its pod: metadata, environment, volumes (reference 2.4.5, with its
 * texts). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "services/controller/claim.h"
#include "services/controller/names.h"

#define DEFAULT_DOMAINS "sandbox.users.io"

#define BAD_META "invalid additionalPodMetadata: failed to validate %s \"%s\": "

/* [A-Za-z0-9] at both ends, [A-Za-z0-9._-] between, at most 63 bytes. */
static bool is_label_text(const char *s, bool may_be_empty)
{
    size_t n = strlen(s);

    if (n == 0)
        return may_be_empty;
    if (n > 63 || !isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[n - 1]))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && !strchr("._-", s[i]))
            return false;
    return true;
}

/* Splits "domain/name"; domain is "" when there is none. */
static bool split_key(const char *key, char domain[256])
{
    const char *slash = strchr(key, '/');

    domain[0] = '\0';
    if (!slash)
        return is_label_text(key, false);
    if (slash == key || slash - key > 253)
        return false;
    (void)snprintf(domain, 256, "%.*s", (int)(slash - key), key);
    return bytes_is_dns_subdomain(domain) && is_label_text(slash + 1, false);
}

char *claim_label_domains(const char *text)
{
    char *ret = calloc(1, strlen(text) + sizeof(DEFAULT_DOMAINS)), *out = ret;

    if (!ret)
        return NULL;
    while (*text) {
        size_t n = strcspn(text, ",\r\n"), skip = strspn(text, " \t");
        size_t end = n;

        while (end > skip && (text[end - 1] == ' ' || text[end - 1] == '\t'))
            end--;
        if (end > skip && out > ret)
            *out++ = ',';
        for (size_t i = MIN(skip, end); i < end; i++)
            *out++ = (char)tolower((unsigned char)text[i]);
        text += n + (text[n] != '\0');
    }
    if (out == ret)
        memcpy(ret, DEFAULT_DOMAINS, sizeof(DEFAULT_DOMAINS));
    return ret;
}

static bool is_in_domain(const char *domain, const char *of, size_t n_of)
{
    size_t n = strlen(domain);

    return n >= n_of && strncmp(domain + n - n_of, of, n_of) == 0 &&
           (n == n_of || domain[n - n_of - 1] == '.');
}

static bool is_allowed_domain(const char *domain, const char *allowed)
{
    while (*allowed) {
        size_t n = strcspn(allowed, ",");

        if (n > 0 && is_in_domain(domain, allowed, n))
            return true;
        allowed += n + (allowed[n] == ',');
    }
    return false;
}

static int check_label(const struct ctl *c, const char *key, const char *value,
                       struct claim_problem *p)
{
    char domain[256];

    if (!split_key(key, domain))
        return claim_problem_set(p, true, R_INVALID_METADATA,
                                 BAD_META "invalid label key: \"%s\": must be a qualified name",
                                 "label", key, key);
    if (strcasecmp(key, "app") == 0 && strcasecmp(value, "sandbox-router") == 0)
        return claim_problem_set(p, true, R_INVALID_METADATA,
                                 BAD_META "restricted system label value: \"%s\"=\"%s\" is not "
                                          "allowed in AdditionalPodMetadata",
                                 "label", key, key, value);
    if (!domain[0])
        return claim_problem_set(
            p, true, R_INVALID_METADATA,
            BAD_META "label \"%s\" must have a domain prefix (e.g. 'sandbox.users.io/my-label') to "
                     "prevent opting into unintended policy domains",
            "label", key, key);
    if (!is_allowed_domain(domain, c->opts.label_domains))
        return claim_problem_set(p, true, R_INVALID_METADATA,
                                 BAD_META "label domain \"%s\" is not in the allowlist", "label",
                                 key, domain);
    if (!is_label_text(value, true))
        return claim_problem_set(p, true, R_INVALID_METADATA,
                                 BAD_META "invalid label value: \"%s\" does not match allowed "
                                          "pattern: at most 63 of [A-Za-z0-9._-]",
                                 "label", key, value);
    return 0;
}

static int check_annotation(const char *key, struct claim_problem *p)
{
    static const char *const restricted[] = {"kubernetes.io", "k8s.io", "agents.x-k8s.io"};
    char domain[256];

    if (!split_key(key, domain))
        return claim_problem_set(p, true, R_INVALID_METADATA,
                                 BAD_META "invalid label key: \"%s\": must be a qualified name",
                                 "annotation", key, key);
    if (strcmp(key, A_SAFE_TO_EVICT) == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(restricted); i++)
        if (is_in_domain(domain, restricted[i], strlen(restricted[i])))
            return claim_problem_set(p, true, R_INVALID_METADATA,
                                     BAD_META "restricted system domain: \"%s\" is not allowed in "
                                              "AdditionalPodMetadata",
                                     "annotation", key, key);
    return 0;
}

int claim_check_metadata(const struct ctl *c, const json_t *claim, struct claim_problem *p)
{
    const json_t *meta = obj_get(claim, "spec.additionalPodMetadata");
    const char *key;
    json_t *v;

    p->reason[0] = '\0';
    json_object_foreach(obj_get(meta, "labels"), key, v)
    {
        if (check_label(c, key, json_string_value(v) ?: "", p) < 0)
            return -1;
    }
    json_object_foreach(obj_get(meta, "annotations"), key, v)
    {
        if (check_annotation(key, p) < 0)
            return -1;
    }
    return 0;
}

/* ---- environment ---- */

static json_t *by_name(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *e = json_array_get(list, i);

        if (strcmp(obj_str_or(e, "name", ""), name) == 0)
            return e;
    }
    return NULL;
}

/* The container an entry is for; NULL: there is none of that name. */
static json_t *target_of(json_t *pod_spec, const char *container)
{
    json_t *found;

    if (!*container)
        return json_array_get(obj_get(pod_spec, "containers"), 0);
    found = by_name(obj_get(pod_spec, "containers"), container);
    return found ? found : by_name(obj_get(pod_spec, "initContainers"), container);
}

static int put_env(json_t *container, const char *name, const char *value, bool may_override,
                   struct claim_problem *p)
{
    json_t *env, *have;

    if (!may_override && json_array_size(obj_get(container, "envFrom")) > 0)
        return claim_problem_set(
            p, true, R_ENV_REJECTED,
            "environment variable injection rejected: container \"%s\" uses EnvFrom sources; Allowed "
            "policy cannot safely prevent overriding EnvFrom-provided variables",
            obj_str_or(container, "name", ""));
    env = obj_get(container, "env");
    have = by_name(env, name);
    if (have && !may_override)
        return claim_problem_set(p, false, R_RECONCILER_ERROR,
                                 "environment variable override is not allowed by the template "
                                 "policy for variable \"%s\"",
                                 name);
    if (have) {
        (void)json_object_del(have, "valueFrom"); /* absent is fine */
        return obj_put_str(have, "value", value);
    }
    if (!env && json_object_set_new(container, "env", env = json_array()) < 0)
        return -1;
    return json_array_append_new(env, json_pack("{s:s, s:s}", "name", name, "value", value));
}

/* All containers that are named exist: looked at before any is changed. */
static int check_targets(const json_t *list, json_t *pod_spec, struct claim_problem *p)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);
        const char *container = obj_str_or(e, "containerName", "");

        if (!target_of(pod_spec, container))
            return claim_problem_set(
                p, false, R_RECONCILER_ERROR,
                "target container \"%s\" not found in template for environment variable \"%s\"",
                container, obj_str_or(e, "name", ""));
    }
    return 0;
}

/* One pass over the claim's entries: those that name their container, or those that do not. */
static int inject_pass(const json_t *list, json_t *pod_spec, bool named, bool may_override,
                       struct claim_problem *p)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);
        const char *container = obj_str_or(e, "containerName", "");
        const char *name = obj_str_or(e, "name", "");

        if ((*container != '\0') == named &&
            put_env(target_of(pod_spec, container), name, obj_str_or(e, "value", ""), may_override,
                    p) < 0)
            return -1;
    }
    return 0;
}

int claim_inject_env(const json_t *claim, const json_t *template, json_t *pod_spec,
                     struct claim_problem *p)
{
    const char *policy = obj_str_or(template, "spec.envVarsInjectionPolicy", "Disallowed");
    const json_t *list = obj_get(claim, "spec.env");
    bool may_override = strcmp(policy, "Overrides") == 0;

    p->reason[0] = '\0';
    if (json_array_size(list) == 0)
        return 0;
    if (!may_override && strcmp(policy, "Allowed") != 0)
        return claim_problem_set(p, true, R_ENV_REJECTED,
                                 "environment variable injection rejected: environment variable "
                                 "injection is not allowed by the template policy");
    if (check_targets(list, pod_spec, p) < 0 ||
        inject_pass(list, pod_spec, true, may_override, p) < 0)
        return -1;
    return inject_pass(list, pod_spec, false, may_override, p);
}

/* ---- volumes ---- */

#define MERGE_FAILED "failed to merge volume claim templates: "

/* where: what the sentence begins with. */
static int check_volume_names(const json_t *list, const char *where, struct claim_problem *p)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = obj_str_or(json_array_get(list, i), "metadata.name", "");

        if (!*name)
            return claim_problem_set(p, true, R_VOLUMES_ERROR,
                                     "%s: invalid volume claim templates: name at index %zu is "
                                     "empty",
                                     where, i);
        for (size_t k = 0; k < i; k++)
            if (strcmp(obj_str_or(json_array_get(list, k), "metadata.name", ""), name) == 0)
                return claim_problem_set(p, true, R_VOLUMES_ERROR,
                                         "%s: invalid volume claim templates: duplicate name "
                                         "\"%s\"",
                                         where, name);
    }
    return 0;
}

static int put_volume(json_t *list, const json_t *entry, bool may_override, struct claim_problem *p)
{
    const char *name = obj_str_or(entry, "metadata.name", "");

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(obj_str_or(json_array_get(list, i), "metadata.name", ""), name) != 0)
            continue;
        if (!may_override)
            return claim_problem_set(
                p, true, R_VOLUMES_ERROR,
                "failed to merge volume claim templates: overriding volume "
                "claim templates is forbidden by the template: cannot override "
                "template volume \"%s\"",
                name);
        return json_array_set_new(list, i, meta_deep_copy(entry));
    }
    return json_array_append_new(list, meta_deep_copy(entry));
}

int claim_merge_volumes(const json_t *claim, const json_t *template, json_t *sandbox_spec,
                        struct claim_problem *p)
{
    const char *policy = obj_str_or(template, "spec.volumeClaimTemplatesPolicy", "Disallowed");
    const json_t *wanted = obj_get(claim, "spec.volumeClaimTemplates");
    json_t *list = obj_get(sandbox_spec, "volumeClaimTemplates");
    bool may_override = strcmp(policy, "Overrides") == 0;

    p->reason[0] = '\0';
    if (json_array_size(wanted) == 0)
        return check_volume_names(list, "invalid volume claim templates in template", p);
    if (check_volume_names(wanted, MERGE_FAILED "claim", p) < 0 ||
        check_volume_names(list, MERGE_FAILED "template", p) < 0)
        return -1;
    if (!may_override && strcmp(policy, "Allowed") != 0)
        return claim_problem_set(
            p, true, R_VOLUMES_ERROR,
            "failed to merge volume claim templates: volume claim templates are "
            "disallowed by the template");
    if (!list && json_object_set_new(sandbox_spec, "volumeClaimTemplates", list = json_array()) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (put_volume(list, json_array_get(wanted, i), may_override, p) < 0)
            return -1;
    return 0;
}
