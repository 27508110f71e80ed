/* From an admitted Pod to the plain structure. Types have been checked when the object was applied;
 * here a value of another type counts as absent, and numbers out of range are refused. */
#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/api/podspec.h"
#include "lib/api/quantity.h"
#include "lib/base/limits.h"

struct parser {
    struct podspec *out;
    struct arena *arena;
    const json_t *pod, *spec, *container;
    struct err *err;
};

static int bad(struct parser *p, const char *path, const char *what, const char *value)
{
    return err_set(p->err, RPC_INVALID_ARGUMENT, "BadRequest", "spec.%s: %s \"%s\"", path, what,
                   value);
}

static int oom(struct parser *p)
{
    return err_oom(p->err);
}

/* ---- text ---- */

static int copy(struct parser *p, const char *s, const char **ret)
{
    *ret = s[0] ? arena_strdup(p->arena, s) : "";
    return *ret ? 0 : oom(p);
}

static const char *env_value(const struct podspec *out, const char *name, size_t n)
{
    for (size_t i = out->n_env; i-- > 0;)
        if (strlen(out->env[i].name) == n && strncmp(out->env[i].name, name, n) == 0)
            return out->env[i].value;
    return NULL;
}

/* Appends to buf; what is NULL in the first pass, which counts only. */
static void put(char *buf, size_t *at, const char *s, size_t n)
{
    if (buf)
        (void)memcpy(buf + *at, s, n);
    *at += n;
}

/* $(VAR) becomes its value when it is known and stays as it is when not; $$ is one $ (Kubernetes'
 * container environment expansion). Returns the length. */
static size_t expand_into(const struct podspec *out, const char *s, char *buf)
{
    size_t at = 0;

    while (*s) {
        size_t plain = strcspn(s, "$");
        const char *end, *v = NULL;

        put(buf, &at, s, plain);
        s += plain;
        if (!*s)
            break;
        end = s[1] == '(' ? strchr(s, ')') : NULL;
        if (end)
            v = env_value(out, s + 2, (size_t)(end - s - 2));
        if (v) {
            put(buf, &at, v, strlen(v));
            s = end + 1;
        } else {
            put(buf, &at, s, 1);
            s += s[1] == '$' ? 2 : 1;
        }
    }
    return at;
}

static int expand(struct parser *p, const char *s, const char **ret)
{
    size_t n = expand_into(p->out, s, NULL);
    char *text;

    if (n > LIMIT_OBJECT)
        return bad(p, "containers[0]", "too long after expanding", "$(…)");
    text = arena_alloc(p->arena, n + 1);
    if (!text)
        return oom(p);
    (void)expand_into(p->out, s, text);
    text[n] = '\0';
    *ret = text;
    return 0;
}

/* A list of strings, NULL-terminated. */
static int strings(struct parser *p, const json_t *list, bool expands, const char ***ret)
{
    size_t n = json_array_size(list);
    const char **out = arena_zalloc(p->arena, (n + 1) * sizeof(char *));

    if (!out)
        return oom(p);
    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_array_get(list, i));

        if ((expands ? expand(p, s ? s : "", &out[i]) : copy(p, s ? s : "", &out[i])) < 0)
            return -1;
    }
    *ret = out;
    return 0;
}

/* ---- environment ---- */

static int env_from(struct parser *p, const json_t *from, const char *name, const char **ret)
{
    const char *field = meta_str(from, "fieldRef.fieldPath", "");

    if (strcmp(field, "metadata.name") == 0 || strcmp(field, "metadata.namespace") == 0 ||
        strcmp(field, "metadata.uid") == 0)
        return copy(p, meta_str(p->pod, field, ""), ret);
    return err_set(
        p->err, RPC_INVALID_ARGUMENT, "PodSpecUnsupported",
        "spec.containers[0].env \"%s\": refused on one machine: valueFrom.fieldRef may be "
        "metadata.name, metadata.namespace or metadata.uid, not \"%s\"",
        name, field);
}

static int parse_env(struct parser *p)
{
    const json_t *list = json_object_get(p->container, "env");
    struct podspec *out = p->out;
    size_t i;
    json_t *v;

    out->env = arena_zalloc(p->arena, (json_array_size(list) + 1) * sizeof(*out->env));
    if (!out->env)
        return oom(p);
    json_array_foreach((json_t *)list, i, v)
    {
        struct podspec_env *e = &out->env[out->n_env];
        const json_t *from = meta_get(v, "valueFrom");
        const char *name = meta_str(v, "name", "");

        if (!name[0] || strchr(name, '='))
            return bad(p, "containers[0].env", "no name of a variable:", name);
        if (copy(p, name, &e->name) < 0)
            return -1;
        if ((from ? env_from(p, from, name, &e->value)
                  : expand(p, meta_str(v, "value", ""), &e->value)) < 0)
            return -1;
        out->n_env++; /* each sees those before it */
    }
    return 0;
}

/* ---- numbers ---- */

static int quantity(struct parser *p, const char *map, const char *key, unsigned digits,
                    uint64_t *ret)
{
    char path[64];
    const json_t *v = json_object_get(meta_get(p->container, map), key);
    int64_t n;

    if (!v)
        return 0;
    if (quantity_from_json(v, digits, &n, p->err) < 0) {
        (void)snprintf(path, sizeof(path), "spec.containers[0].%s.%s", map, key);
        return err_wrap(p->err, "%s", path);
    }
    *ret = (uint64_t)n;
    return 0;
}

static int parse_resources(struct parser *p)
{
    struct podspec *out = p->out;

    if (quantity(p, "resources.limits", "cpu", 3, &out->cpu_limit_millis) < 0 ||
        quantity(p, "resources.limits", "memory", 0, &out->memory_limit_bytes) < 0 ||
        quantity(p, "resources.limits", "ephemeral-storage", 0, &out->storage_limit_bytes) < 0)
        return -1;
    out->cpu_request_millis = out->cpu_limit_millis;
    out->memory_request_bytes = out->memory_limit_bytes;
    if (quantity(p, "resources.requests", "cpu", 3, &out->cpu_request_millis) < 0 ||
        quantity(p, "resources.requests", "memory", 0, &out->memory_request_bytes) < 0)
        return -1;
    if (out->cpu_limit_millis && out->cpu_request_millis > out->cpu_limit_millis)
        return bad(p, "containers[0].resources", "requests more than its limit of", "cpu");
    if (out->memory_limit_bytes && out->memory_request_bytes > out->memory_limit_bytes)
        return bad(p, "containers[0].resources", "requests more than its limit of", "memory");
    return 0;
}

/* An integer member within min..max; fallback when absent. */
static int integer(struct parser *p, const json_t *o, const char *key, int64_t min, int64_t max,
                   int64_t fallback, int64_t *ret)
{
    char text[24];
    int64_t n = meta_int(o, key, fallback);

    if (meta_get(o, key) && (n < min || n > max)) {
        (void)snprintf(text, sizeof(text), "%lld", (long long)n);
        return bad(p, key, "out of range:", text);
    }
    *ret = n;
    return 0;
}

/* ---- probes ---- */

static int port_by_name(struct parser *p, const char *name, uint16_t *ret)
{
    size_t i;
    json_t *v;

    json_array_foreach(json_object_get(p->container, "ports"), i,
                       v) if (strcmp(meta_str(v, "name", ""), name) == 0)
    {
        int64_t n;

        if (integer(p, v, "containerPort", 1, 65535, 0, &n) < 0)
            return -1;
        *ret = (uint16_t)n;
        return 0;
    }
    return bad(p, "containers[0].ports", "no port is named", name);
}

static int parse_port(struct parser *p, const json_t *action, uint16_t *ret)
{
    const json_t *v = json_object_get(action, "port");
    int64_t n;

    if (json_is_string(v))
        return port_by_name(p, json_string_value(v), ret);
    if (!json_is_integer(v))
        return bad(p, "containers[0]", "a probe has no", "port");
    if (integer(p, action, "port", 1, 65535, 0, &n) < 0)
        return -1;
    *ret = (uint16_t)n;
    return 0;
}

static int parse_headers(struct parser *p, const json_t *list, struct podspec_probe *out)
{
    size_t i;
    json_t *v;

    out->headers = arena_zalloc(p->arena, (json_array_size(list) + 1) * sizeof(*out->headers));
    if (!out->headers)
        return oom(p);
    out->n_headers = json_array_size(list);
    json_array_foreach((json_t *)list, i,
                       v) if (copy(p, meta_str(v, "name", ""), &out->headers[i].name) < 0 ||
                              copy(p, meta_str(v, "value", ""), &out->headers[i].value) <
                                  0) return -1;
    return 0;
}

static int parse_http(struct parser *p, const json_t *action, struct podspec_probe *out)
{
    const char *path = meta_str(action, "path", "/");

    out->type = PROBE_HTTP;
    out->https = strcmp(meta_str(action, "scheme", "HTTP"), "HTTPS") == 0;
    if (copy(p, meta_str(action, "host", ""), &out->host) < 0 ||
        copy(p, path[0] ? path : "/", &out->path) < 0 ||
        parse_headers(p, json_object_get(action, "httpHeaders"), out) < 0)
        return -1;
    return parse_port(p, action, &out->port);
}

static int parse_action(struct parser *p, const json_t *probe, struct podspec_probe *out)
{
    const json_t *action;

    if ((action = meta_get(probe, "httpGet")))
        return parse_http(p, action, out);
    if ((action = meta_get(probe, "tcpSocket"))) {
        out->type = PROBE_TCP;
        return parse_port(p, action, &out->port);
    }
    if ((action = meta_get(probe, "grpc"))) {
        out->type = PROBE_GRPC;
        if (copy(p, meta_str(action, "service", ""), &out->service) < 0)
            return -1;
        return parse_port(p, action, &out->port);
    }
    if ((action = meta_get(probe, "exec"))) {
        out->type = PROBE_EXEC;
        return strings(p, json_object_get(action, "command"), false, &out->argv);
    }
    return bad(p, "containers[0]", "a probe needs one of httpGet, tcpSocket, exec, grpc:", "none");
}

#define DAY_S 86400

static int parse_probe(struct parser *p, const char *name, struct podspec_probe *out)
{
    const json_t *probe = meta_get(p->container, name);
    int64_t delay, period, timeout, success, failure;

    *out = (struct podspec_probe){.host = "", .path = "", .service = ""};
    if (!probe)
        return 0;
    if (integer(p, probe, "initialDelaySeconds", 0, DAY_S, 0, &delay) < 0 ||
        integer(p, probe, "periodSeconds", 1, DAY_S, 10, &period) < 0 ||
        integer(p, probe, "timeoutSeconds", 1, DAY_S, 1, &timeout) < 0 ||
        integer(p, probe, "successThreshold", 1, 1000, 1, &success) < 0 ||
        integer(p, probe, "failureThreshold", 1, 1000000, 3, &failure) < 0 ||
        parse_action(p, probe, out) < 0)
        return err_wrap(p->err, "%s", name);
    out->initial_delay_ms = (uint32_t)delay * 1000;
    out->period_ms = (uint32_t)period * 1000;
    out->timeout_ms = (uint32_t)timeout * 1000;
    out->success_threshold = (uint32_t)success;
    out->failure_threshold = (uint32_t)failure;
    return 0;
}

/* ---- user, mounts ---- */

static int id_of(struct parser *p, const char *key, int64_t *ret)
{
    int64_t of_pod;

    if (integer(p, meta_get(p->spec, "securityContext"), key, 0, INT32_MAX, -1, &of_pod) < 0)
        return -1;
    return integer(p, meta_get(p->container, "securityContext"), key, 0, INT32_MAX, of_pod, ret);
}

static int parse_security(struct parser *p)
{
    const json_t *context = meta_get(p->container, "securityContext");

    if (id_of(p, "runAsUser", &p->out->run_as_user) < 0 ||
        id_of(p, "runAsGroup", &p->out->run_as_group) < 0)
        return -1;
    p->out->run_as_non_root = meta_bool(context, "runAsNonRoot",
                                        meta_bool(p->spec, "securityContext.runAsNonRoot", false));
    p->out->read_only_root = meta_bool(context, "readOnlyRootFilesystem", false);
    if (p->out->run_as_non_root && p->out->run_as_user == 0)
        return bad(p, "containers[0].securityContext", "runAsNonRoot, and runAsUser is", "0");
    return strings(p, meta_get(context, "capabilities.drop"), false, &p->out->drop_capabilities);
}

static const json_t *find_volume(const struct parser *p, const char *name)
{
    size_t i;
    json_t *v;

    json_array_foreach(json_object_get(p->spec, "volumes"), i,
                       v) if (strcmp(meta_str(v, "name", ""), name) == 0) return v;
    return NULL;
}

/* Absolute, without a "..": it is joined to the root of the sandbox. */
static bool is_mount_path(const char *s)
{
    return s[0] == '/' && s[1] != '\0' && strstr(s, "/../") == NULL &&
           (strlen(s) < 3 || strcmp(s + strlen(s) - 3, "/..") != 0);
}

static bool is_sub_path(const char *s)
{
    return s[0] != '/' && strncmp(s, "../", 3) != 0 && strcmp(s, "..") != 0 &&
           strstr(s, "/../") == NULL && (strlen(s) < 3 || strcmp(s + strlen(s) - 3, "/..") != 0);
}

static int parse_mount(struct parser *p, const json_t *mount, struct podspec_mount *out)
{
    const char *name = meta_str(mount, "name", ""), *path = meta_str(mount, "mountPath", "");
    const json_t *volume = find_volume(p, name), *empty = meta_get(volume, "emptyDir");
    const json_t *limit = meta_get(empty, "sizeLimit");
    const char *medium = meta_str(empty, "medium", ""), *sub = meta_str(mount, "subPath", "");
    int64_t n = 0;

    if (!volume)
        return bad(p, "containers[0].volumeMounts", "no volume is named", name);
    if (!empty)
        return bad(p, "volumes", "no emptyDir:", name);
    if (!is_mount_path(path) || !is_sub_path(sub))
        return bad(p, "containers[0].volumeMounts", "not a path inside the sandbox:", path);
    if (medium[0] && strcmp(medium, "Memory") != 0)
        return bad(p, "volumes", "unknown medium", medium);
    if (limit && quantity_from_json(limit, 0, &n, p->err) < 0)
        return err_wrap(p->err, "spec.volumes \"%s\": emptyDir.sizeLimit", name);
    out->size_limit_bytes = (uint64_t)n;
    out->in_memory = medium[0] != '\0';
    out->read_only = meta_bool(mount, "readOnly", false);
    return copy(p, name, &out->name) < 0 || copy(p, path, &out->mount_path) < 0
               ? -1
               : copy(p, sub, &out->sub_path);
}

static int parse_mounts(struct parser *p)
{
    const json_t *list = json_object_get(p->container, "volumeMounts");
    size_t i;
    json_t *v;

    p->out->mounts = arena_zalloc(p->arena, (json_array_size(list) + 1) * sizeof(*p->out->mounts));
    if (!p->out->mounts)
        return oom(p);
    p->out->n_mounts = json_array_size(list);
    json_array_foreach((json_t *)list, i,
                       v) if (parse_mount(p, v, &p->out->mounts[i]) < 0) return -1;
    return 0;
}

/* ---- the pod ---- */

static int parse_restart(struct parser *p)
{
    const char *word = meta_str(p->spec, "restartPolicy", "Always");

    if (strcmp(word, "Always") == 0)
        p->out->restart = PODSPEC_ALWAYS;
    else if (strcmp(word, "OnFailure") == 0)
        p->out->restart = PODSPEC_ON_FAILURE;
    else if (strcmp(word, "Never") == 0)
        p->out->restart = PODSPEC_NEVER;
    else
        return bad(p, "restartPolicy", "want Always, OnFailure or Never, got", word);
    return 0;
}

static int parse_pull_policy(struct parser *p)
{
    const char *word = meta_str(p->container, "imagePullPolicy", "IfNotPresent");

    if (strcmp(word, "Always") != 0 && strcmp(word, "IfNotPresent") != 0 &&
        strcmp(word, "Never") != 0)
        return bad(p, "containers[0].imagePullPolicy", "want Always, IfNotPresent or Never, got",
                   word);
    return copy(p, word, &p->out->pull_policy);
}

static int parse_pod(struct parser *p)
{
    int64_t grace, deadline;

    if (integer(p, p->spec, "terminationGracePeriodSeconds", 0, DAY_S, 30, &grace) < 0 ||
        integer(p, p->spec, "activeDeadlineSeconds", 1, UINT32_MAX, 0, &deadline) < 0 ||
        copy(p, meta_str(p->spec, "hostname", ""), &p->out->hostname) < 0 ||
        copy(p, meta_str(p->spec, "runtimeClassName", ""), &p->out->runtime_class) < 0)
        return -1;
    p->out->grace_s = (uint32_t)grace;
    p->out->active_deadline_s = (uint32_t)deadline;
    return parse_restart(p);
}

static int parse_container(struct parser *p)
{
    const json_t *c = p->container;

    if (copy(p, meta_str(c, "name", ""), &p->out->container) < 0 ||
        copy(p, meta_str(c, "image", ""), &p->out->image) < 0 ||
        copy(p, meta_str(c, "workingDir", ""), &p->out->working_dir) < 0)
        return -1;
    if (!p->out->image[0])
        return bad(p, "containers[0].image", "missing in container", p->out->container);
    if (parse_env(p) < 0 || strings(p, json_object_get(c, "command"), true, &p->out->command) < 0 ||
        strings(p, json_object_get(c, "args"), true, &p->out->args) < 0)
        return -1;
    if (parse_pull_policy(p) < 0 || parse_resources(p) < 0 || parse_security(p) < 0 ||
        parse_mounts(p) < 0)
        return -1;
    if (parse_probe(p, "startupProbe", &p->out->startup) < 0 ||
        parse_probe(p, "readinessProbe", &p->out->readiness) < 0)
        return -1;
    return parse_probe(p, "livenessProbe", &p->out->liveness);
}

int podspec_parse(struct podspec *ret, struct arena *arena, const json_t *pod, struct err *err)
{
    struct podspec out = {0};
    struct parser p = {
        .out = &out, .arena = arena, .pod = pod, .spec = meta_get(pod, "spec"), .err = err};

    if (podspec_admit(p.spec, "spec", NULL, err) < 0)
        return -1;
    p.container = json_array_get(json_object_get(p.spec, "containers"), 0);
    if (parse_pod(&p) < 0 || parse_container(&p) < 0)
        return -1;
    *ret = out;
    return 0;
}
