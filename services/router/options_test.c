#include "services/router/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_ARGS = 24 };

static int read_line(struct options *o, const char *const *args, struct err *err)
{
    char *argv[MAX_ARGS + 2] = {(char *)"sandbox-router"};
    int argc = 1;

    for (; args[argc - 1]; argc++)
        argv[argc] = (char *)args[argc - 1];
    return options_read(o, argc, argv, err);
}

static void test_defaults(void **state)
{
    struct options o;
    struct err err;

    (void)state;
    assert_int_equal(read_line(&o, (const char *[]){NULL}, &err), 0);
    assert_string_equal(o.router.listen, "unix:/run/agent-sandbox/router.sock");
    assert_string_equal(o.router.fds_path, "/run/agent-sandbox/router-fds.sock");
    assert_string_equal(o.router.controller, "unix:/run/agent-sandbox/routes.sock");
    assert_false(o.has_user);
    assert_int_equal(o.lifeline_fd, -1);
}

static void test_all(void **state)
{
    const char *line[] = {"--listen",
                          "0.0.0.0:80",
                          "--insecure",
                          "--fds=/f",
                          "--controller",
                          "unix:/c",
                          "--user",
                          "971:972",
                          "--client-uid",
                          "1000",
                          "--client-uid",
                          "1001",
                          "--lifeline-fd",
                          "3",
                          "--log-level",
                          "debug",
                          "--log-format",
                          "json",
                          NULL};
    struct options o;
    struct err err;

    (void)state;
    assert_int_equal(read_line(&o, line, &err), 0);
    assert_string_equal(o.router.listen, "0.0.0.0:80");
    assert_string_equal(o.router.fds_path, "/f");
    assert_string_equal(o.router.controller, "unix:/c");
    assert_true(o.has_user && o.uid == 971 && o.gid == 972);
    assert_true(o.router.n_client_uids == 2 && o.router.client_uids[1] == 1001);
    assert_int_equal(o.lifeline_fd, 3);
    assert_int_equal(o.log_level, LOG_DEBUG);
    assert_int_equal(o.log_format, LOG_FORMAT_JSON);

    assert_int_equal(read_line(&o, (const char *[]){"--user", "7", NULL}, &err), 0);
    assert_true(o.uid == 7 && o.gid == 7);
    assert_int_equal(read_line(&o, (const char *[]){"--help", NULL}, &err), OPTIONS_HELP);
    assert_int_equal(read_line(&o, (const char *[]){"--version", NULL}, &err), OPTIONS_VERSION);
}

static void test_refused(void **state)
{
    static const struct {
        const char *args[4];
        const char *words;
    } cases[] = {
        {{"--nope"}, "--nope: no such option"},
        {{"--listen"}, "--listen: no such option, or its value is missing"},
        {{"extra"}, "extra: arguments without a name"},
        {{"--listen", "0.0.0.0:80"}, "say --insecure too"},
        {{"--user", "root"}, "--user \"root\": give UID or UID:GID"},
        {{"--user", "1:"}, "--user \"1:\""},
        {{"--user", "4294967295"}, "--user"},
        {{"--client-uid", "-1"}, "--client-uid \"-1\""},
        {{"--lifeline-fd", "x"}, "--lifeline-fd \"x\""},
        {{"--log-level", "loud"}, "--log-level \"loud\": give debug, info, warn or error"},
        {{"--log-format", "xml"}, "--log-format \"xml\": give kv or json"},
    };
    struct options o;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(read_line(&o, cases[i].args, &err), -1);
        assert_int_equal(err.code, RPC_INVALID_ARGUMENT);
        if (!strstr(err.msg, cases[i].words))
            fail_msg("\"%s\" does not say \"%s\"", err.msg, cases[i].words);
    }
}

static void test_on_kubernetes(void **state)
{
    const char *line[] = {"--listen=0.0.0.0:8080",
                          "--fds=",
                          "--controller=dns:c.test:9090",
                          "--controller-ca=/ca",
                          "--controller-token-file=/t",
                          "--token-file=/mine",
                          NULL};
    struct options o;
    struct err err;

    (void)state;
    assert_int_equal(read_line(&o, line, &err), 0);
    assert_string_equal(o.router.fds_path, "");
    assert_string_equal(o.router.controller_ca, "/ca");
    assert_string_equal(o.router.controller_token, "/t");
    assert_string_equal(o.router.token_file, "/mine");
    line[3] = "--log-level=info"; /* a token in plain text */
    assert_int_equal(read_line(&o, line, &err), -1);
    assert_non_null(strstr(err.msg, "--controller-ca"));
    line[3] = "--controller-ca=/ca";
    line[5] = NULL; /* a door without a lock */
    assert_int_equal(read_line(&o, line, &err), -1);
    assert_non_null(strstr(err.msg, "--token-file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_on_kubernetes),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
