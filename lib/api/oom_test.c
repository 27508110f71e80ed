/* The n-th allocation fails, for every n: nothing leaks, nothing crashes, and success means the
 * same result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/convert.h"
#include "lib/api/manifest.h"
#include "lib/api/meta.h"
#include "lib/api/podspec.h"
#include "lib/api/schema.h"
#include "lib/base/alloc_sweep.h"
#include "lib/base/limits.h"

static const char template_yaml[] =
    "apiVersion: extensions.agents.x-k8s.io/v1alpha1\n"
    "kind: SandboxTemplate\n"
    "metadata: {name: t, namespace: default, labels: &l {a: b}, annotations: *l}\n"
    "spec:\n"
    "  unknown: 1\n"
    "  podTemplate:\n"
    "    metadata: {labels: {<<: *l, c: d}}\n"
    "    spec:\n"
    "      tolerations: []\n"
    "      volumes: [{name: v, emptyDir: {}}]\n"
    "      containers:\n"
    "      - name: c\n"
    "        image: i\n"
    "        env: [{name: A, value: x}, {name: B, value: $(A)}]\n"
    "        command: [sh, -c, $(B)]\n"
    "        ports: [{containerPort: 8888}]\n"
    "        volumeMounts: [{name: v, mountPath: /v}]\n"
    "        readinessProbe: {httpGet: {port: 8888, httpHeaders: [{name: a, value: b}]}}\n"
    "        resources: {requests: {cpu: 250m, memory: 512Mi}}\n";

/* The text that an undisturbed run gives. */
struct expected {
    char *text;
};

static int expect(struct expected *e, const json_t *o, struct err *err)
{
    _cleanup_(freep) char *text = meta_dump(o, err);
    int same;

    if (!text)
        return -1;
    alloc_sweep_pause();
    if (!e->text)
        e->text = strdup(text);
    same = strcmp(e->text, text);
    alloc_sweep_resume();
    if (same != 0) {
        fprintf(stderr, "want %s\ngot  %s\n", e->text, text);
        abort();
    }
    return 0;
}

static int read_template(void *user, struct err *err)
{
    _cleanup_(manifest_freep) struct manifest *m = NULL;
    _cleanup_json_ json_t *hub = NULL, *back = NULL;
    struct buf warnings;
    int r;

    if (manifest_parse(&m, "f", template_yaml, strlen(template_yaml), err) < 0)
        return -1;
    buf_init(&warnings, 4096);
    r = schema_apply(manifest_doc(m, 0), &warnings, err);
    buf_done(&warnings);
    if (r < 0)
        return -1;
    hub = convert_object(manifest_doc(m, 0), API_V1BETA1, err);
    back = hub ? convert_object(hub, API_V1ALPHA1, err) : NULL;
    if (!back || expect(user, back, err) < 0)
        return -1;
    return 0;
}

static int parse_pod(void *user, struct err *err)
{
    const json_t *pod = user;
    struct podspec spec;
    struct arena arena;
    int r;

    arena_init(&arena, 1u << 20);
    r = podspec_parse(&spec, &arena, pod, err);
    if (r == 0)
        assert_string_equal(spec.command[2], "x");
    arena_done(&arena);
    return r;
}

static int edit(void *user, struct err *err)
{
    static const char text[] = "{\"spec\":{\"a\":{\"b\":1,\"c\":2}},\"metadata\":{\"name\":\"x\"}}";
    struct meta_owner owner = {"v1", "Pod", "p", "u", true, true};
    struct meta_condition c = {"Ready", "True", "R", "m", 1};
    _cleanup_json_ json_t *o = meta_parse(text, strlen(text), 1000, err), *from = NULL, *d = NULL,
                          *n = NULL;
    char hash[9];

    from = o ? meta_deep_copy(o) : NULL;
    if (!o)
        return -1;
    if (!from)
        return err_oom(err);
    if (meta_set_owner(o, &owner, err) < 0 || meta_set_condition(o, &c, 0, err) < 0 ||
        meta_add_finalizer(o, "f", err) < 0 || meta_set_label(o, "l", "v", err) < 0 ||
        meta_set_int(o, "spec.a.b", 2, err) < 0 || meta_set_str(o, "x.y.z", "s", err) < 0)
        return -1;
    d = meta_merge_diff(from, o, err);
    n = d ? meta_merge_apply(from, d, err) : NULL;
    if (!n || meta_hash(n, hash, err) < 0)
        return -1;
    return expect(user, n, err);
}

static void sweep_with_text(int (*scenario)(void *user, struct err *err))
{
    struct expected e = {0};
    struct err err;

    assert_int_equal(scenario(&e, &err), 0);
    alloc_sweep_pause();
    alloc_sweep(scenario, &e);
    free(e.text);
}

static void test_template(void **state)
{
    (void)state;
    sweep_with_text(read_template);
}

static void test_edit(void **state)
{
    (void)state;
    sweep_with_text(edit);
}

static void test_podspec(void **state)
{
    _cleanup_(manifest_freep) struct manifest *m = NULL;
    _cleanup_json_ json_t *pod = NULL;

    (void)state;
    assert_int_equal(manifest_parse(&m, "f", template_yaml, strlen(template_yaml), NULL), 0);
    pod = json_pack("{sO}", "spec", meta_get(manifest_doc(m, 0), "spec.podTemplate.spec"));
    alloc_sweep(parse_pod, pod);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_edit), cmocka_unit_test(test_template),
                                       cmocka_unit_test(test_podspec)};

    return cmocka_run_group_tests_name("out of memory", tests, NULL, NULL);
}
