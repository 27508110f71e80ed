#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/api/podspec.h"
#include "lib/base/fd.h"
#include "lib/base/limits.h"

static json_t *parse(const char *text)
{
    struct err err = {0};
    json_t *j = meta_parse(text, strlen(text), LIMIT_OBJECT, &err);

    if (!j)
        fail_msg("%s: %s", err.msg, text);
    return j;
}

static void test_table_is_sorted(void **state)
{
    (void)state;
    for (const struct podspec_rule *r = podspec_rules; r[1].path; r++)
        if (strcmp(r[0].path, r[1].path) >= 0)
            fail_msg("%s before %s", r[0].path, r[1].path);
}

/* Every rule is about a field that there is. */
static void test_table_is_of_fields(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1u << 20);
    assert_int_equal(
        fd_read_file(AT_FDCWD, "schema/sandboxes.agents.x-k8s.io.v1beta1.fields.jsonl", &b, NULL),
        0);
    for (const struct podspec_rule *r = podspec_rules; r->path; r++) {
        char want[300];

        if (strstr(r->path, "resources.limits.") || strstr(r->path, "resources.requests."))
            continue; /* keys of a map */
        (void)snprintf(want, sizeof(want), "\"spec.podTemplate.spec.%s\"", r->path);
        if (!strstr(buf_cstr(&b, NULL), want))
            fail_msg("no field %s", r->path);
    }
    buf_done(&b);
}

static void row(const struct podspec_rule *r, char *ret, size_t n)
{
    static const char *const words[] = {"done", "ignored", "refused"};

    if (r->allowed)
        (void)snprintf(ret, n, "| `%s` | %s, unless `%s` | %s |\n", r->path, words[r->class],
                       r->allowed, r->note);
    else
        (void)snprintf(ret, n, "| `%s` | %s | %s |\n", r->path, words[r->class], r->note);
}

/* docs/podspec.md has exactly these rows, in this order. `podspec_test --rows` prints them. */
static void test_page(void **state)
{
    struct buf b;
    const char *at;
    char want[400];

    (void)state;
    buf_init(&b, 1u << 20);
    assert_int_equal(fd_read_file(AT_FDCWD, "../../docs/podspec.md", &b, NULL), 0);
    at = strstr(buf_cstr(&b, NULL), "| `");
    for (const struct podspec_rule *r = podspec_rules; r->path; r++) {
        row(r, want, sizeof(want));
        assert_non_null(at);
        if (strncmp(at, want, strlen(want)) != 0)
            fail_msg("docs/podspec.md lacks %s", want);
        at += strlen(want);
    }
    assert_null(strstr(at, "| `"));
    buf_done(&b);
}

static void on_issue(const struct schema_issue *issue, void *user)
{
    char *out = user;
    size_t n = strlen(out);

    (void)snprintf(out + n, 2048 - n, "%s%s\n", issue->is_warning ? "~" : "!", issue->path);
}

#define C(fields) "{\"containers\":[{\"name\":\"c\",\"image\":\"i\"" fields "}]}"
#define S(fields) "{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]" fields "}"

static void test_classes(void **state)
{
    static const char *const cases[][2] = {
        {C(""), ""},
        {S(",\"hostNetwork\":true"), "!spec.hostNetwork\n"},
        {S(",\"hostNetwork\":false"), ""},
        {S(",\"hostPID\":true,\"hostIPC\":true,\"hostUsers\":false"),
         "!spec.hostPID\n!spec.hostIPC\n!spec.hostUsers\n"},
        {S(",\"tolerations\":[{}],\"dnsPolicy\":\"x\""), "~spec.tolerations\n~spec.dnsPolicy\n"},
        {S(",\"automountServiceAccountToken\":false"), ""},
        {S(",\"initContainers\":[]"), ""},
        {S(",\"initContainers\":[{\"name\":\"x\"}]"), "!spec.initContainers\n"},
        {S(",\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/\"}}]"),
         "!spec.volumes[0].hostPath\n"},
        {S(",\"volumes\":[{\"name\":\"v\",\"secret\":{}}]"), "!spec.volumes[0].secret\n"},
        {S(",\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]"), ""},
        {S(",\"hostAliases\":[]"), "!spec.hostAliases\n"},
        {S(",\"never\":1"), "!spec.never\n"},
        {C(",\"securityContext\":{\"privileged\":true,\"procMount\":\"Unmasked\"}"),
         "!spec.containers[0].securityContext.privileged\n!spec.containers[0].securityContext.procMount\n"},
        {C(",\"securityContext\":{\"capabilities\":{\"add\":[\"SYS_ADMIN\"],\"drop\":[\"ALL\"]}}"),
         "!spec.containers[0].securityContext.capabilities.add\n"},
        {C(",\"securityContext\":{\"seccompProfile\":{\"type\":\"RuntimeDefault\"}}"), ""},
        {C(",\"securityContext\":{\"seccompProfile\":{\"type\":\"Unconfined\"}}"),
         "!spec.containers[0].securityContext.seccompProfile\n"},
        {C(",\"securityContext\":{\"allowPrivilegeEscalation\":true}"),
         "!spec.containers[0].securityContext.allowPrivilegeEscalation\n"},
        {C(",\"resources\":{\"limits\":{\"nvidia.com/gpu\":1}}"),
         "!spec.containers[0].resources.limits.nvidia.com/gpu\n"},
        {C(",\"volumeDevices\":[{\"name\":\"d\"}]"), "!spec.containers[0].volumeDevices\n"},
        {C(",\"ports\":[{\"containerPort\":1,\"hostPort\":80}]"),
         "!spec.containers[0].ports[0].hostPort\n"},
        {C(",\"env\":[{\"name\":\"a\",\"valueFrom\":{\"secretKeyRef\":{}}}]"),
         "!spec.containers[0].env[0].valueFrom.secretKeyRef\n"},
        {C(",\"imagePullPolicy\":\"Never\""), ""},
        {C(",\"imagePullPolicy\":\"IfNotPresent\""), ""},
        {C(",\"imagePullPolicy\":\"Always\""), "~spec.containers[0].imagePullPolicy\n"},
        {C(",\"imagePullPolicy\":\"\""), "~spec.containers[0].imagePullPolicy\n"},
        {C(",\"securityContext\":{\"runAsUser\":0,\"capabilities\":{\"drop\":[\"ALL\"]}}"),
         "!spec.containers[0].securityContext.capabilities.drop\n"},
        {S(",\"automountServiceAccountToken\":true"), "~spec.automountServiceAccountToken\n"},
        {C(",\"envFrom\":[]"), "!spec.containers[0].envFrom\n"},
        {C(",\"lifecycle\":{}"), "!spec.containers[0].lifecycle\n"},
        {"{\"containers\":[{},{}]}", "!spec.containers\n"},
        {"{}", "!spec.containers\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_json_ json_t *spec = parse(cases[i][0]);
        char said[2048] = "";
        int r = podspec_check(spec, "spec", on_issue, said);

        assert_string_equal(said, cases[i][1]);
        assert_int_equal(r, strchr(said, '!') != NULL);
    }
}

static void test_admit_message(void **state)
{
    _cleanup_json_ json_t *spec = parse(S(",\"hostNetwork\":true,\"affinity\":{}"));
    struct buf warnings;
    struct err err;

    (void)state;
    buf_init(&warnings, 1000);
    assert_int_equal(podspec_admit(spec, "spec.podTemplate.spec", &warnings, &err), -1);
    assert_string_equal(err.reason, "PodSpecUnsupported");
    assert_string_equal(
        err.msg, "spec.podTemplate.spec.hostNetwork: refused on one machine: touches isolation");
    assert_string_equal(
        buf_cstr(&warnings, NULL),
        "spec.podTemplate.spec.affinity: ignored on one machine: there is one node\n");
    buf_done(&warnings);
}

static int parse_pod(struct podspec *ret, struct arena *a, const char *spec, struct err *err)
{
    _cleanup_json_ json_t *pod = json_pack("{s{ss ss} so}", "metadata", "name", "web-1",
                                           "namespace", "ns", "spec", parse(spec));

    arena_init(a, 1u << 20);
    return podspec_parse(ret, a, pod, err);
}

static void test_parse(void **state)
{
    struct podspec s;
    struct arena a;
    struct err err = {0};

    (void)state;
    if (parse_pod(
            &s, &a,
            "{\"runtimeClassName\":\"gvisor\",\"restartPolicy\":\"OnFailure\",\"terminationGracePeriodSeconds\":5,"
            "\"activeDeadlineSeconds\":60,\"hostname\":\"h\",\"securityContext\":{\"runAsUser\":7,\"runAsGroup\":8},"
            "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"medium\":\"Memory\",\"sizeLimit\":\"1Mi\"}}],"
            "\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"workingDir\":\"/w\",\"imagePullPolicy\":\"Never\","
            "\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":\"B\",\"value\":\"$(A)-$$(A)-$(NO)-$\"},"
            "{\"name\":\"N\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}}],"
            "\"command\":[\"sh\",\"$(N)\"],\"args\":[\"-c\"],"
            "\"ports\":[{\"name\":\"http\",\"containerPort\":8888}],"
            "\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"512Mi\"},\"requests\":{\"cpu\":\"250m\"}},"
            "\"securityContext\":{\"runAsUser\":9,\"runAsNonRoot\":true,\"readOnlyRootFilesystem\":true,"
            "\"capabilities\":{\"drop\":[\"ALL\"]}},"
            "\"readinessProbe\":{\"httpGet\":{\"port\":\"http\",\"httpHeaders\":[{\"name\":\"x\",\"value\":\"y\"}]},"
            "\"periodSeconds\":1},"
            "\"livenessProbe\":{\"exec\":{\"command\":[\"true\"]}},\"startupProbe\":{\"grpc\":{\"port\":1}},"
            "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/data\",\"readOnly\":true}]}]}",
            &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(s.image, "i");
    assert_string_equal(s.working_dir, "/w");
    assert_string_equal(s.pull_policy, "Never");
    assert_int_equal(s.n_env, 3);
    assert_string_equal(s.env[1].value, "1-$(A)-$(NO)-$");
    assert_string_equal(s.env[2].value, "web-1");
    assert_string_equal(s.command[1], "web-1");
    assert_null(s.command[2]);
    assert_string_equal(s.args[0], "-c");
    assert_int_equal(s.cpu_limit_millis, 1000);
    assert_int_equal(s.cpu_request_millis, 250);
    assert_int_equal(s.memory_limit_bytes, 512 << 20);
    assert_int_equal(s.memory_request_bytes, 512 << 20);
    assert_int_equal(s.run_as_user, 9);
    assert_int_equal(s.run_as_group, 8);
    assert_true(s.run_as_non_root && s.read_only_root);
    assert_string_equal(s.drop_capabilities[0], "ALL");
    assert_int_equal(s.readiness.type, PROBE_HTTP);
    assert_int_equal(s.readiness.port, 8888);
    assert_string_equal(s.readiness.path, "/");
    assert_int_equal(s.readiness.period_ms, 1000);
    assert_int_equal(s.readiness.failure_threshold, 3);
    assert_string_equal(s.readiness.headers[0].name, "x");
    assert_int_equal(s.liveness.type, PROBE_EXEC);
    assert_string_equal(s.liveness.argv[0], "true");
    assert_int_equal(s.startup.type, PROBE_GRPC);
    assert_int_equal(s.n_mounts, 1);
    assert_string_equal(s.mounts[0].mount_path, "/data");
    assert_true(s.mounts[0].in_memory && s.mounts[0].read_only);
    assert_int_equal(s.mounts[0].size_limit_bytes, 1 << 20);
    assert_string_equal(s.runtime_class, "gvisor");
    assert_int_equal(s.restart, PODSPEC_ON_FAILURE);
    assert_int_equal(s.grace_s, 5);
    assert_int_equal(s.active_deadline_s, 60);
    arena_done(&a);
}

static void test_parse_defaults(void **state)
{
    struct podspec s;
    struct arena a;

    (void)state;
    assert_int_equal(parse_pod(&s, &a, C(""), NULL), 0);
    assert_int_equal(s.run_as_user, -1);
    assert_int_equal(s.run_as_group, -1);
    assert_int_equal(s.restart, PODSPEC_ALWAYS);
    assert_int_equal(s.grace_s, 30);
    assert_int_equal(s.readiness.type, PROBE_NONE);
    assert_string_equal(s.runtime_class, "");
    assert_string_equal(s.working_dir, "");
    assert_null(s.command[0]);
    assert_int_equal(s.cpu_limit_millis, 0);
    arena_done(&a);
}

static void test_parse_refuses(void **state)
{
    static const char *const cases[][3] = {
        {S(",\"hostPID\":true"), "PodSpecUnsupported", "spec.hostPID"},
        {"{\"containers\":[{\"name\":\"c\"}]}", "BadRequest", "image"},
        {S(",\"restartPolicy\":\"Maybe\""), "BadRequest", "\"Maybe\""},
        {S(",\"terminationGracePeriodSeconds\":-1"), "BadRequest", "terminationGracePeriodSeconds"},
        {C(",\"resources\":{\"limits\":{\"memory\":\"lots\"}}"), "BadRequest",
         "resources.limits.memory"},
        {C(",\"resources\":{\"limits\":{\"cpu\":\"1\"},\"requests\":{\"cpu\":\"2\"}}"),
         "BadRequest", "limit"},
        {C(",\"readinessProbe\":{}"), "BadRequest", "readinessProbe"},
        {C(",\"readinessProbe\":{\"tcpSocket\":{\"port\":\"web\"}}"), "BadRequest", "\"web\""},
        {C(",\"readinessProbe\":{\"tcpSocket\":{\"port\":0}}"), "BadRequest", "port"},
        {C(",\"env\":[{\"name\":\"a=b\",\"value\":\"\"}]"), "BadRequest", "a=b"},
        {C(",\"env\":[{\"name\":\"a\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"spec.x\"}}}]"),
         "PodSpecUnsupported", "spec.x"},
        {C(",\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/x\"}]"), "BadRequest", "\"v\""},
        {"{\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}],\"containers\":[{\"name\":\"c\",\"image\":\"i\","
         "\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/x/../..\"}]}]}",
         "BadRequest", "not a path"},
        {C(",\"securityContext\":{\"runAsNonRoot\":true,\"runAsUser\":0}"), "BadRequest",
         "runAsNonRoot"},
        {C(",\"imagePullPolicy\":\"Sometimes\""), "BadRequest", "Sometimes"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct podspec s;
        struct arena a;
        struct err err = {0};

        assert_int_equal(parse_pod(&s, &a, cases[i][0], &err), -1);
        assert_string_equal(err.reason, cases[i][1]);
        if (!strstr(err.msg, cases[i][2]))
            fail_msg("%s lacks %s", err.msg, cases[i][2]);
        arena_done(&a);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_sorted),
        cmocka_unit_test(test_table_is_of_fields),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_admit_message),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_defaults),
        cmocka_unit_test(test_parse_refuses),
    };
    char text[400];

    if (argc < 2 || strcmp(argv[1], "--rows") != 0)
        return cmocka_run_group_tests(tests, NULL, NULL);
    for (const struct podspec_rule *r = podspec_rules; r->path; r++) {
        row(r, text, sizeof(text));
        (void)fputs(text, stdout);
    }
    return 0;
}
