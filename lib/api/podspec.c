/* The table, and the walk that holds a PodSpec against it. A rule for a mapping or list says what
 * happens to all of it, unless rules for parts of it follow: then each part needs its own. */
#include "lib/api/podspec.h"

#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/limits.h"

#define DONE(path, note)                                                                           \
    {                                                                                              \
        path, PODSPEC_DONE, NULL, note                                                             \
    }
#define IGNORED(path, allowed, note)                                                               \
    {                                                                                              \
        path, PODSPEC_IGNORED, allowed, note                                                       \
    }
#define REFUSED(path, allowed, note)                                                               \
    {                                                                                              \
        path, PODSPEC_REFUSED, allowed, note                                                       \
    }

#define PROBE(name)                                                                                \
    DONE("containers[]." name, "by the agent, inside the sandbox"),                                \
        DONE("containers[]." name ".exec", "exit code 0 is success"),                              \
        DONE("containers[]." name ".failureThreshold", "default 3"),                               \
        DONE("containers[]." name ".grpc", "grpc.health.v1"),                                      \
        DONE("containers[]." name ".httpGet", "200 to 399 is success; named ports too"),           \
        DONE("containers[]." name ".initialDelaySeconds", "default 0"),                            \
        DONE("containers[]." name ".periodSeconds", "default 10"),                                 \
        DONE("containers[]." name ".successThreshold", "default 1"),                               \
        DONE("containers[]." name ".tcpSocket", "a connection is success"),                        \
        IGNORED("containers[]." name ".terminationGracePeriodSeconds", NULL, "the pod's is used"), \
        DONE("containers[]." name ".timeoutSeconds", "default 1")

#define ONE_NODE "there is one node"
#define NO_API   "there is no API server to reach from a sandbox"

const struct podspec_rule podspec_rules[] = {
    DONE("activeDeadlineSeconds", "the pod fails when it has run so long"),
    IGNORED("affinity", NULL, ONE_NODE),
    IGNORED("automountServiceAccountToken", "false", NO_API),
    DONE("containers", "exactly one"),
    DONE("containers[].args", "instead of the image's; $(VAR) is expanded"),
    DONE("containers[].command", "instead of the image's; $(VAR) is expanded"),
    DONE("containers[].env", "$(VAR) is expanded"),
    DONE("containers[].env[].name", ""),
    DONE("containers[].env[].value", ""),
    DONE("containers[].env[].valueFrom", ""),
    DONE("containers[].env[].valueFrom.fieldRef",
         "metadata.name, metadata.namespace, metadata.uid"),
    DONE("containers[].image", "by the name it has in the node's image store"),
    IGNORED("containers[].imagePullPolicy", "\"IfNotPresent\" or \"Never\"",
            "nothing is pulled when a sandbox is made; images are imported before"),
    PROBE("livenessProbe"),
    DONE("containers[].name", ""),
    DONE("containers[].ports", "for named ports of probes; only the router reaches them"),
    DONE("containers[].ports[].containerPort", ""),
    REFUSED("containers[].ports[].hostPort", "0", "would open a port of the host"),
    DONE("containers[].ports[].name", ""),
    DONE("containers[].ports[].protocol", ""),
    PROBE("readinessProbe"),
    IGNORED("containers[].resizePolicy", NULL, "a pod is not resized"),
    DONE("containers[].resources", ""),
    DONE("containers[].resources.limits", ""),
    DONE("containers[].resources.limits.cpu", "hard limit"),
    DONE("containers[].resources.limits.ephemeral-storage",
         "hard limit of the root's changes; in memory under runc and crun"),
    DONE("containers[].resources.limits.memory", "hard limit"),
    DONE("containers[].resources.requests", ""),
    DONE("containers[].resources.requests.cpu", "weight; the limit when absent"),
    DONE("containers[].resources.requests.ephemeral-storage", "nothing is reserved"),
    DONE("containers[].resources.requests.memory", "weight; the limit when absent"),
    DONE("containers[].securityContext", ""),
    REFUSED("containers[].securityContext.allowPrivilegeEscalation", "false",
            "no process gains privileges"),
    DONE("containers[].securityContext.capabilities", ""),
    REFUSED("containers[].securityContext.capabilities.add", "[]", "no capability is added"),
    DONE("containers[].securityContext.capabilities.drop",
         "only root has any at all; refused with runAsUser 0"),
    REFUSED("containers[].securityContext.privileged", "false", "touches isolation"),
    REFUSED("containers[].securityContext.procMount", "\"Default\"", "touches isolation"),
    DONE("containers[].securityContext.readOnlyRootFilesystem", ""),
    DONE("containers[].securityContext.runAsGroup", "default: the image's"),
    DONE("containers[].securityContext.runAsNonRoot", "checked when the container starts"),
    DONE("containers[].securityContext.runAsUser", "default: the image's"),
    REFUSED("containers[].securityContext.seccompProfile", "{\"type\":\"RuntimeDefault\"}",
            "the runtime's own filter is always on"),
    PROBE("startupProbe"),
    REFUSED("containers[].stdin", "false", "use exec"),
    REFUSED("containers[].stdinOnce", "false", "use exec"),
    IGNORED("containers[].terminationMessagePath", NULL, "the cause of the end says more"),
    IGNORED("containers[].terminationMessagePolicy", NULL, "the cause of the end says more"),
    REFUSED("containers[].tty", "false", "use exec -t"),
    REFUSED("containers[].volumeDevices", "[]", "touches isolation"),
    DONE("containers[].volumeMounts", "of emptyDir volumes"),
    DONE("containers[].volumeMounts[].mountPath", ""),
    REFUSED("containers[].volumeMounts[].mountPropagation", "\"None\"", "touches isolation"),
    DONE("containers[].volumeMounts[].name", ""),
    DONE("containers[].volumeMounts[].readOnly", ""),
    DONE("containers[].volumeMounts[].subPath", ""),
    DONE("containers[].workingDir", "default: the image's"),
    IGNORED("dnsConfig", NULL, "a sandbox has no network but lo"),
    IGNORED("dnsPolicy", NULL, "a sandbox has no network but lo"),
    IGNORED("enableServiceLinks", "false", "there are no Services"),
    REFUSED("ephemeralContainers", "[]", "use exec"),
    REFUSED("hostIPC", "false", "touches isolation"),
    REFUSED("hostNetwork", "false", "touches isolation"),
    REFUSED("hostPID", "false", "touches isolation"),
    REFUSED("hostUsers", NULL, "touches isolation"),
    DONE("hostname", "default: the pod's name"),
    IGNORED("imagePullSecrets", "[]", "images are pulled with the credentials of the host"),
    REFUSED("initContainers", "[]", "only one container is run"),
    IGNORED("nodeName", NULL, ONE_NODE),
    IGNORED("nodeSelector", "{}", ONE_NODE),
    DONE("os", ""),
    REFUSED("os.name", "\"linux\"", "only linux"),
    IGNORED("overhead", NULL, ONE_NODE),
    IGNORED("preemptionPolicy", NULL, ONE_NODE),
    IGNORED("priority", NULL, ONE_NODE),
    IGNORED("priorityClassName", NULL, ONE_NODE),
    REFUSED("readinessGates", "[]", "nobody would open them"),
    DONE("restartPolicy", "Always, OnFailure, Never"),
    DONE("runtimeClassName", "gvisor (default), runc, crun; refused when the host cannot"),
    IGNORED("schedulerName", "\"default-scheduler\"", ONE_NODE),
    REFUSED("schedulingGates", "[]", "nobody would open them"),
    DONE("securityContext", ""),
    IGNORED("securityContext.fsGroup", NULL, "emptyDir volumes are writable by all"),
    IGNORED("securityContext.fsGroupChangePolicy", NULL, "emptyDir volumes are writable by all"),
    DONE("securityContext.runAsGroup", "default of the container's"),
    DONE("securityContext.runAsNonRoot", "default of the container's"),
    DONE("securityContext.runAsUser", "default of the container's"),
    REFUSED("securityContext.seccompProfile", "{\"type\":\"RuntimeDefault\"}",
            "the runtime's own filter is always on"),
    REFUSED("securityContext.supplementalGroups", "[]", "touches isolation"),
    REFUSED("securityContext.sysctls", "[]", "touches isolation"),
    IGNORED("serviceAccount", NULL, NO_API),
    IGNORED("serviceAccountName", NULL, NO_API),
    REFUSED("shareProcessNamespace", "false", "touches isolation"),
    IGNORED("subdomain", NULL, "a sandbox has no network but lo"),
    DONE("terminationGracePeriodSeconds", "between SIGTERM and SIGKILL; default 30"),
    IGNORED("tolerations", NULL, ONE_NODE),
    IGNORED("topologySpreadConstraints", NULL, ONE_NODE),
    DONE("volumes", "emptyDir only"),
    DONE("volumes[].emptyDir", ""),
    DONE("volumes[].emptyDir.medium", "\"\" or Memory"),
    DONE("volumes[].emptyDir.sizeLimit", "hard with medium Memory; not enforced on disk"),
    REFUSED("volumes[].hostPath", NULL, "touches isolation"),
    DONE("volumes[].name", ""),
    {0},
};

struct walk {
    char rule[256];             /* the path as rules have it */
    char path[SCHEMA_PATH_MAX]; /* the path as the user has it */
    schema_issue_fn fn;
    void *user;
    unsigned n_refused;
};

static const struct podspec_rule *find_rule(const char *path)
{
    size_t lo = 0, hi = ARRAY_SIZE(podspec_rules) - 1;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int r = strcmp(podspec_rules[mid].path, path);

        if (r == 0)
            return &podspec_rules[mid];
        if (r < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* Whether rules for parts of it follow: "containers" before "containers[].args". */
static bool has_parts(const struct podspec_rule *rule)
{
    size_t n = strlen(rule->path);

    for (const struct podspec_rule *r = rule + 1; r->path && strncmp(r->path, rule->path, n) == 0;
         r++)
        if (r->path[n] == '.' || r->path[n] == '[')
            return true;
    return false;
}

/* Whether text is one of "x or y or z". */
static bool is_alternative(const char *list, const char *text)
{
    size_t n = strlen(text);

    for (const char *at = list; at; at = strstr(at, " or ")) {
        at += at == list ? 0 : strlen(" or ");
        if (strncmp(at, text, n) == 0 && (at[n] == '\0' || strncmp(at + n, " or ", 4) == 0))
            return n > 0;
    }
    return false;
}

/* The few forms that `allowed` has, written without an allocation. */
static bool is_allowed(const struct podspec_rule *rule, const json_t *v)
{
    const char *type = meta_str(v, "type", "");
    char text[64] = "";

    if (!rule || !rule->allowed)
        return false;
    if (json_is_false(v))
        (void)snprintf(text, sizeof(text), "false");
    else if (json_is_integer(v))
        (void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
    else if (json_is_string(v))
        (void)snprintf(text, sizeof(text), "\"%s\"", json_string_value(v));
    else if (json_is_array(v) && json_array_size(v) == 0)
        (void)snprintf(text, sizeof(text), "[]");
    else if (json_is_object(v) && json_object_size(v) == 0)
        (void)snprintf(text, sizeof(text), "{}");
    else if (json_is_object(v) && json_object_size(v) == 1)
        (void)snprintf(text, sizeof(text), "{\"type\":\"%s\"}", type);
    return is_alternative(rule->allowed, text);
}

static void report(struct walk *w, const struct podspec_rule *rule)
{
    struct schema_issue issue = {.path = w->path};
    char message[200];

    issue.is_warning = rule && rule->class == PODSPEC_IGNORED;
    w->n_refused += !issue.is_warning;
    if (!rule)
        (void)snprintf(message, sizeof(message), "not supported on one machine");
    else
        (void)snprintf(message, sizeof(message), "%s on one machine: %s",
                       issue.is_warning ? "ignored" : "refused", rule->note);
    issue.message = message;
    w->fn(&issue, w->user);
}

static void check_parts(struct walk *w, const json_t *v);

static void check_field(struct walk *w, const json_t *v)
{
    const struct podspec_rule *rule = find_rule(w->rule);

    if (json_is_null(v) || is_allowed(rule, v))
        return;
    if (!rule || rule->class != PODSPEC_DONE)
        report(w, rule);
    else if (has_parts(rule))
        check_parts(w, v);
}

/* Appends to both paths, checks, cuts back. The rule's path is longer than any rule's when it is
 * cut. */
static void check_part(struct walk *w, const char *dot, const char *key, size_t index,
                       const json_t *v)
{
    size_t n_rule = strlen(w->rule), n_path = strlen(w->path);

    if (key) {
        (void)snprintf(w->rule + n_rule, sizeof(w->rule) - n_rule, "%s%s", dot, key);
        (void)snprintf(w->path + n_path, sizeof(w->path) - n_path, ".%s", key);
        check_field(w, v);
    } else {
        (void)snprintf(w->rule + n_rule, sizeof(w->rule) - n_rule, "[]");
        (void)snprintf(w->path + n_path, sizeof(w->path) - n_path, "[%zu]", index);
        check_parts(w, v);
    }
    w->rule[n_rule] = '\0';
    w->path[n_path] = '\0';
}

static void check_parts(struct walk *w, const json_t *v)
{
    const char *key, *dot = w->rule[0] ? "." : "";
    json_t *m;
    size_t i;

    json_object_foreach((json_t *)v, key, m) check_part(w, dot, key, 0, m);
    json_array_foreach((json_t *)v, i, m) check_part(w, dot, NULL, i, m);
}

static void check_count(struct walk *w, const json_t *spec)
{
    struct schema_issue issue = {.path = w->path,
                                 .message = "want exactly one container on one machine"};
    size_t n = strlen(w->path);

    if (json_array_size(json_object_get(spec, "containers")) == 1)
        return;
    (void)snprintf(w->path + n, sizeof(w->path) - n, ".containers");
    w->fn(&issue, w->user);
    w->path[n] = '\0';
    w->n_refused++;
}

/* Commands of any other user have no capabilities, so there dropping some holds by itself. */
static void check_drop(struct walk *w, const json_t *spec)
{
    struct schema_issue issue = {.path = w->path,
                                 .message = "refused on one machine with runAsUser 0: root keeps "
                                            "the few capabilities there are"};
    const json_t *c = json_array_get(json_object_get(spec, "containers"), 0);
    int64_t user =
        meta_int(c, "securityContext.runAsUser", meta_int(spec, "securityContext.runAsUser", -1));
    size_t n = strlen(w->path);

    if (user != 0 || json_array_size(meta_get(c, "securityContext.capabilities.drop")) == 0)
        return;
    (void)snprintf(w->path + n, sizeof(w->path) - n,
                   ".containers[0].securityContext.capabilities.drop");
    w->fn(&issue, w->user);
    w->path[n] = '\0';
    w->n_refused++;
}

int podspec_check(const json_t *spec, const char *prefix, schema_issue_fn fn, void *user)
{
    struct walk w = {.fn = fn, .user = user};

    (void)snprintf(w.path, sizeof(w.path), "%s", prefix);
    check_parts(&w, spec);
    check_count(&w, spec);
    check_drop(&w, spec);
    return w.n_refused > 0;
}

struct collected {
    struct buf *warnings;
    struct err *err;
    unsigned n;
};

static void collect(const struct schema_issue *issue, void *user)
{
    struct collected *c = user;

    if (issue->is_warning && c->warnings)
        (void)buf_appendf(c->warnings, NULL, "%s: %s\n", issue->path, issue->message);
    if (!issue->is_warning && c->n++ == 0)
        (void)err_set(c->err, RPC_INVALID_ARGUMENT, "PodSpecUnsupported", "%s: %s", issue->path,
                      issue->message);
}

int podspec_admit(const json_t *spec, const char *prefix, struct buf *warnings, struct err *err)
{
    struct collected c = {.warnings = warnings, .err = err};

    return podspec_check(spec, prefix, collect, &c) == 0 ? 0 : -1;
}
