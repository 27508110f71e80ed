#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/fd.h"
#include "services/runtime/node/image_import.h"

static int make_folder(void **state)
{
    char *dir = strdup("/tmp/image-test-XXXXXX");

    if (!dir || !mkdtemp(dir))
        return -1;
    *state = dir;
    return 0;
}

static int remove_folder(void **state)
{
    int r = fd_rm_tree(AT_FDCWD, *state, NULL);

    free(*state);
    return r;
}

static void write_text(const char *dir, const char *name, const char *text)
{
    char path[512];
    struct err err = {0};

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    *strrchr(path, '/') = '\0';
    assert_int_equal(fd_mkdir_p(path, 0755, &err), 0);
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(fd_write_file_atomic(AT_FDCWD, path, text, strlen(text), 0644, false, &err),
                     0);
}

static void users_are_looked_up_in_the_image(void **state)
{
    static const struct {
        const char *user;
        int64_t uid, gid; /* uid -2: refused */
        const char *home;
    } CASES[] = {
        {"", -1, -1, ""},
        {"0", 0, 0, "/root"},
        {"app", 1000, 1001, "/app"},
        {"1000", 1000, 1001, "/app"},
        {"app:staff", 1000, 50, "/app"},
        {"app:7", 1000, 7, "/app"},
        {"4711", 4711, 0, ""},
        {"4711:12", 4711, 12, ""},
        {"nobody", -2, 0, ""},
        {"app:none", -2, 0, ""},
        {"broken", -2, 0, ""},
        {"99999999999", -2, 0, ""},
    };
    int fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    write_text(
        *state, "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/app:/bin/sh\nbroken:x:y:z\n\n:::\n");
    write_text(*state, "etc/group", "root:x:0:\nstaff:x:50:app\n");
    for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
        int64_t uid = 0, gid = 0;
        struct err err = {0};
        char home[256];
        int r = image_resolve_user(fd, CASES[i].user, &uid, &gid, home, &err);

        if (CASES[i].uid == -2) {
            assert_true(r < 0);
            assert_string_equal(err.reason, "BadImage");
            continue;
        }
        assert_int_equal(r, 0);
        assert_true(uid == CASES[i].uid && gid == CASES[i].gid);
        assert_string_equal(home, CASES[i].home);
    }
    (void)close(fd);
}

/* A link in the image must not lead to the host's accounts. */
static void a_linked_passwd_stays_inside(void **state)
{
    char path[512], home[256];
    int64_t uid, gid;
    int fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct err err = {0};

    (void)snprintf(path, sizeof(path), "%s/etc", (char *)*state);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/etc/passwd", (char *)*state);
    assert_int_equal(symlink("/../../../../../../etc/passwd", path), 0);
    assert_true(image_resolve_user(fd, "root", &uid, &gid, home, &err) < 0);
    (void)close(fd);
}

static void names_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool good;
    } CASES[] = {
        {"registry.k8s.io/agent-sandbox/python-runtime-sandbox:v0.1.0", true},
        {"localhost/a@sha256:00", true},
        {"x", true},
        {"", false},
        {"/etc/passwd", false},
        {"../x", false},
        {"-x", false},
        {"a b", false},
        {"a\nb", false},
        {"a%2f", false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(CASES); i++)
        assert_int_equal(image_check_name(CASES[i].name, NULL) == 0, CASES[i].good);
}

struct seen {
    int n;
    char name[256], digest[80];
};

static void see(const struct image *img, void *user)
{
    struct seen *s = user;

    s->n++;
    (void)snprintf(s->name, sizeof(s->name), "%s", img->name);
    (void)snprintf(s->digest, sizeof(s->digest), "%s", img->digest);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void add_image(const char *dir, const char *file)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "names/%s", file);
    write_text(dir, path, "{\"digest\":\"sha256:" HEX "\",\"import_time\":42}");
    write_text(dir, "roots/" HEX "/image.json",
               "{\"digest\":\"sha256:" HEX
               "\",\"size\":7,\"uid\":1000,\"gid\":1000,\"home\":\"/app\",\"config\":{}}");
    write_text(dir, "roots/" HEX "/rootfs/x", "x");
}

static void finds_lists_and_removes(void **state)
{
    struct image img = {0};
    struct err err = {0};
    struct seen seen = {0};
    char path[512];

    assert_int_equal(image_store_open(*state, &err), 0);
    add_image(*state, "a%2Fb%3A1");
    add_image(*state, "other");
    write_text(*state, "names/broken", "{}");
    assert_int_equal(image_find(*state, "a/b:1", &img, &err), 0);
    assert_int_equal(img.size_bytes, 7);
    assert_int_equal(img.uid, 1000);
    assert_int_equal(img.import_time_s, 42);
    image_done(&img);

    assert_true(image_find(*state, "a/b:2", &img, &err) < 0);
    assert_int_equal(err.code, RPC_NOT_FOUND);
    assert_string_equal(err.reason, "ImageNotFound");

    /* The root stays as long as one name has it. */
    (void)snprintf(path, sizeof(path), "%s/roots/" HEX "/rootfs/x", (char *)*state);
    assert_int_equal(image_remove(*state, "other", &err), 0);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(image_list(*state, see, &seen, &err), 0);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.name, "a/b:1");
    assert_int_equal(image_remove(*state, "a/b:1", &err), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_true(image_remove(*state, "a/b:1", &err) < 0);
}

static void sweeps_what_nobody_works_on(void **state)
{
    char path[512];
    struct err err = {0};
    int fd;

    assert_int_equal(image_store_open(*state, &err), 0);
    write_text(*state, "tmp/interrupted/rootfs/x", "x");
    write_text(*state, "tmp/working/rootfs/x", "x");
    (void)snprintf(path, sizeof(path), "%s/tmp/working", (char *)*state);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(image_sweep(*state, &err), 0);
    assert_int_equal(access(path, F_OK), 0);
    (void)snprintf(path, sizeof(path), "%s/tmp/interrupted", (char *)*state);
    assert_int_not_equal(access(path, F_OK), 0);
    (void)close(fd);
}

static void reads_an_imports_answer(void **state)
{
    (void)state;
    struct image img = {0};
    struct err err = {0};

    assert_int_equal(
        image_import_parse("{\"name\":\"a\",\"digest\":\"sha256:x\",\"size\":5,\"time\":6}", &img,
                           &err),
        0);
    assert_string_equal(img.name, "a");
    assert_true(
        image_import_parse("{\"code\":14,\"reason\":\"RegistryUnreachable\",\"message\":\"m\"}",
                           &img, &err) < 0);
    assert_int_equal(err.code, RPC_UNAVAILABLE);
    assert_string_equal(err.reason, "RegistryUnreachable");
    assert_true(image_import_parse("", &img, &err) < 0);
    assert_string_equal(err.reason, "ImportFailed");
}

static void refuses_sources_that_are_none(void **state)
{
    static const char *const BAD[] = {
        "", "x", "dir:/etc", "oci:", "docker:", "docker-daemon:x", "containers-storage:x"};
    struct image img;

    for (size_t i = 0; i < ARRAY_SIZE(BAD); i++) {
        struct err err = {0};

        assert_true(image_import(*state, BAD[i], "a", &img, &err) < 0);
        assert_int_equal(err.code, RPC_INVALID_ARGUMENT);
        assert_string_equal(err.reason, "BadImage");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(users_are_looked_up_in_the_image, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_linked_passwd_stays_inside, make_folder, remove_folder),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test_setup_teardown(finds_lists_and_removes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sweeps_what_nobody_works_on, make_folder, remove_folder),
        cmocka_unit_test(reads_an_imports_answer),
        cmocka_unit_test_setup_teardown(refuses_sources_that_are_none, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
