/* Golden texts are beside this file: oci_config_gvisor.json, oci_config_runc.json. After an
 * intended change run the test with UPDATE_GOLDEN=1 and read the difference. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/fd.h"
#include "services/runtime/node/oci_config.h"

struct world {
    PB(CreateSandboxRequest) request;
    PB(Container) container;
    struct image image;
    struct oci_input in;
};

static void make_world(struct world *w, const char *image_config)
{
    agentsandbox__v1__create_sandbox_request__init(&w->request);
    agentsandbox__v1__container__init(&w->container);
    w->request.instance_id = (char *)"abcdefgh01234567";
    w->request.pod_name = (char *)"web-1";
    w->request.container = &w->container;
    w->container.image = (char *)"img:1";
    w->container.run_as_user = w->container.run_as_group = -1;
    w->image = (struct image){.config = json_loads(image_config, 0, NULL), .uid = -1, .gid = -1};
    assert_non_null(w->image.config);
    w->in = (struct oci_input){.request = &w->request,
                               .image = &w->image,
                               .runtime = RUNTIME_GVISOR,
                               .root = "/cache/images/roots/X/rootfs",
                               .instance_dir = "/state/instances/I",
                               .socket_dir = "/run/node/I",
                               .agent = "/usr/lib/sandbox-agent",
                               .cgroup = "agent-sandbox/N/I"};
}

static void done_world(struct world *w)
{
    image_done(&w->image);
}

static void compare_golden(const char *file, const char *text)
{
    _cleanup_(buf_done) struct buf want;
    struct err err = {0};

    if (getenv("UPDATE_GOLDEN"))
        assert_int_equal(
            fd_write_file_atomic(AT_FDCWD, file, text, strlen(text), 0644, false, &err), 0);
    buf_init(&want, 1 << 20);
    assert_int_equal(fd_read_file(AT_FDCWD, file, &want, &err), 0);
    assert_string_equal(buf_cstr(&want, &err), text);
}

static const char PYTHON[] =
    "{\"Entrypoint\":[\"/bin/server\",\"--port\"],\"Cmd\":[\"80\"],"
    "\"Env\":[\"PATH=/bin\",\"A=image\",\"HOME=/srv\"],\"WorkingDir\":\"/srv\"}";

static void golden(void **state)
{
    (void)state;
    static const struct {
        enum runtime_kind runtime;
        const char *file;
    } CASES[] = {{RUNTIME_GVISOR, "oci_config_gvisor.json"},
                 {RUNTIME_RUNC, "oci_config_runc.json"}};
    PB(ContainerEnv) env = AGENTSANDBOX__V1__CONTAINER_ENV__INIT;
    PB(EmptyDirMount)
    disk = AGENTSANDBOX__V1__EMPTY_DIR_MOUNT__INIT,
    memory = AGENTSANDBOX__V1__EMPTY_DIR_MOUNT__INIT;
    PB(ContainerEnv) *envs[] = {&env};
    PB(EmptyDirMount) *mounts[] = {&disk, &memory};
    struct world w;
    struct err err = {0};

    make_world(&w, PYTHON);
    env.name = (char *)"A";
    env.value = (char *)"pod";
    disk.name = (char *)"data";
    disk.mount_path = (char *)"/data";
    disk.sub_path = (char *)"in";
    disk.read_only = true;
    memory.name = (char *)"tmp";
    memory.mount_path = (char *)"/scratch";
    memory.memory = true;
    memory.size_limit_bytes = 1 << 20;
    w.container.env = envs;
    w.container.n_env = 1;
    w.container.mounts = mounts;
    w.container.n_mounts = 2;
    for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
        _cleanup_(freep) char *text = NULL;

        w.in.runtime = CASES[i].runtime;
        text = oci_config(&w.in, &err);
        assert_non_null(text);
        compare_golden(CASES[i].file, text);
    }
    done_world(&w);
}

static void command_and_args_follow_kubernetes(void **state)
{
    (void)state;
    static const struct {
        const char *image;
        const char *command, *args;
        const char *want; /* joined by spaces; NULL: refused */
    } CASES[] = {
        {"{\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\"]}", NULL, NULL, "e c "},
        {"{\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\"]}", "x", NULL, "x "},
        {"{\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\"]}", NULL, "y", "e y "},
        {"{\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\"]}", "x", "y", "x y "},
        {"{\"Cmd\":[\"c\"]}", NULL, NULL, "c "},
        {"{\"Cmd\":[\"c\"]}", NULL, "y", "y "},
        {"{\"Entrypoint\":[\"e\"]}", NULL, NULL, "e "},
        {"{\"Entrypoint\":null,\"Cmd\":null}", "x", NULL, "x "},
        {"{}", NULL, NULL, NULL},
        {"{\"Entrypoint\":\"text\"}", NULL, NULL, NULL},
    };

    for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
        char *command[] = {(char *)CASES[i].command}, *args[] = {(char *)CASES[i].args},
             joined[64] = "";
        const char **argv = NULL;
        struct err err = {0};
        struct world w;
        int r;

        make_world(&w, CASES[i].image);
        w.container.command = command;
        w.container.n_command = CASES[i].command != NULL;
        w.container.args = args;
        w.container.n_args = CASES[i].args != NULL;
        r = oci_argv(&w.container, &w.image, &argv, &err);
        assert_int_equal(r == 0, CASES[i].want != NULL);
        for (size_t k = 0; r == 0 && argv[k]; k++)
            (void)snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s ",
                           argv[k]);
        if (CASES[i].want)
            assert_string_equal(joined, CASES[i].want);
        free(argv);
        done_world(&w);
    }
}

static void who_it_runs_as(void **state)
{
    (void)state;
    static const struct {
        int64_t image_uid, image_gid, user, group;
        bool non_root;
        int64_t uid, gid; /* uid -1: refused */
    } CASES[] = {
        {-1, -1, -1, -1, false, 1000, 1000}, /* says nothing: unprivileged */
        {0, 0, -1, -1, false, 1000, 1000},   /* the image's root is not a wish */
        {33, 34, -1, -1, false, 33, 34},     {33, 34, 0, -1, false, 0, 0}, /* the pod's is */
        {33, 34, 33, -1, false, 33, 34},     {-1, -1, 7, -1, false, 7, 7},
        {-1, -1, 7, 8, false, 7, 8},         {-1, -1, -1, 8, false, 1000, 8},
        {-1, -1, 0, -1, true, -1, 0},        {0, 0, -1, -1, true, 1000, 1000},
    };

    for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
        struct oci_identity id = {0};
        struct err err = {0};
        struct world w;

        make_world(&w, "{}");
        w.image.uid = CASES[i].image_uid;
        w.image.gid = CASES[i].image_gid;
        w.container.run_as_user = CASES[i].user;
        w.container.run_as_group = CASES[i].group;
        w.container.run_as_non_root = CASES[i].non_root;
        assert_int_equal(oci_identity(&w.container, &w.image, &id, &err) == 0, CASES[i].uid >= 0);
        if (CASES[i].uid >= 0)
            assert_true(id.uid == CASES[i].uid && id.gid == CASES[i].gid);
        done_world(&w);
    }
}

static void bad_requests_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *id, *hostname, *image, *cwd, *mount_name, *mount_path, *sub_path;
        const char *field;
    } CASES[] = {
        {.id = "", .field = "instance_id"},
        {.id = "ABCDEFGH01234567", .field = "instance_id"},
        {.id = "../../../../../a", .field = "instance_id"},
        {.hostname = "a.b", .field = "hostname"},
        {.image = "", .field = "container.image"},
        {.cwd = "tmp", .field = "container.working_dir"},
        {.mount_name = "../x", .field = "container.mounts.name"},
        {.mount_path = "data", .field = "container.mounts.mount_path"},
        {.mount_path = "/", .field = "container.mounts.mount_path"},
        {.mount_path = "/a/../b", .field = "container.mounts.mount_path"},
        {.mount_path = "/.agent-sandbox/run", .field = "container.mounts.mount_path"},
        {.sub_path = "../../etc", .field = "container.mounts.sub_path"},
        {.sub_path = "/etc", .field = "container.mounts.sub_path"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
        PB(EmptyDirMount) mount = AGENTSANDBOX__V1__EMPTY_DIR_MOUNT__INIT, *mounts[] = {&mount};
        struct err err = {0};
        struct world w;

        make_world(&w, "{}");
        mount.name = (char *)(CASES[i].mount_name ? CASES[i].mount_name : "data");
        mount.mount_path = (char *)(CASES[i].mount_path ? CASES[i].mount_path : "/data");
        mount.sub_path = (char *)(CASES[i].sub_path ? CASES[i].sub_path : "");
        w.container.mounts = mounts;
        w.container.n_mounts = 1;
        assert_int_equal(oci_check(&w.request, &err) == 0 || CASES[i].mount_name ||
                             CASES[i].mount_path || CASES[i].sub_path,
                         true);
        if (CASES[i].id)
            w.request.instance_id = (char *)CASES[i].id;
        if (CASES[i].hostname)
            w.request.hostname = (char *)CASES[i].hostname;
        if (CASES[i].image)
            w.container.image = (char *)CASES[i].image;
        if (CASES[i].cwd)
            w.container.working_dir = (char *)CASES[i].cwd;
        assert_true(oci_check(&w.request, &err) < 0);
        assert_int_equal(err.code, RPC_INVALID_ARGUMENT);
        assert_string_equal(err.reason, "BadRequest");
        assert_non_null(strstr(err.msg, CASES[i].field));
        done_world(&w);
    }
}

static void unknown_and_missing_classes_are_told_apart(void **state)
{
    (void)state;
    struct runtime_classes cs = {0};
    const struct runtime_class *c;
    struct err err = {0};

    for (int i = 0; i < N_RUNTIMES; i++)
        cs.c[i] = (struct runtime_class){.kind = (enum runtime_kind)i,
                                         .name = i == RUNTIME_GVISOR ? "gvisor" : "kata"};
    assert_true(classes_find(&cs, "gvisor", &c, &err) < 0);
    assert_string_equal(err.reason, "RuntimeClassUnavailable");
    assert_int_equal(err.code, RPC_FAILED_PRECONDITION);
    assert_true(classes_find(&cs, "docker", &c, &err) < 0);
    assert_string_equal(err.reason, "RuntimeClassUnknown");
    assert_int_equal(err.code, RPC_INVALID_ARGUMENT);
    cs.c[RUNTIME_GVISOR].available = true;
    assert_int_equal(classes_find(&cs, "", &c, &err), 0);
    assert_int_equal(c->kind, RUNTIME_GVISOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden),
        cmocka_unit_test(command_and_args_follow_kubernetes),
        cmocka_unit_test(who_it_runs_as),
        cmocka_unit_test(bad_requests_are_named),
        cmocka_unit_test(unknown_and_missing_classes_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
