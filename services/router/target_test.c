#include "services/router/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/limits.h"
#include "lib/rpc/metadata.h"

#define RUN    "/agentsandbox.v1.ExecService/Run"
#define LONG64 "a123456789a123456789a123456789a123456789a123456789a123456789abcd"

struct target_case {
    const char *path;
    const char *md[8]; /* name, value, … */
    int code;
    const char *ns, *name, *uid; /* code 0 */
    const char *words;           /* otherwise: in the message */
};

static const struct target_case cases[] = {
    {RUN, {"x-sandbox-id", "web-1"}, 0, "default", "web-1", "", NULL},
    {RUN,
     {"x-sandbox-id", "web-1", "x-sandbox-namespace", "team-a", "x-sandbox-uid", "8f-AB_.9"},
     0,
     "team-a",
     "web-1",
     "8f-AB_.9",
     NULL},
    {RUN, {"x-sandbox-id", "web-1", "x-sandbox-id", "web-1"}, 0, "default", "web-1", "", NULL},
    {"/process.v1.ProcessService/Start", {"x-sandbox-id", "w"}, 0, "default", "w", "", NULL},

    {RUN, {NULL}, RPC_INVALID_ARGUMENT, .words = "x-sandbox-id is missing"},
    {RUN, {"x-sandbox-id", ""}, RPC_INVALID_ARGUMENT, .words = "x-sandbox-id: \"\" is no name"},
    {RUN, {"x-sandbox-id", "../etc"}, RPC_INVALID_ARGUMENT, .words = "\"../etc\" is no name"},
    {RUN, {"x-sandbox-id", "Web"}, RPC_INVALID_ARGUMENT, .words = "is no name"},
    {RUN, {"x-sandbox-id", LONG64}, RPC_INVALID_ARGUMENT, .words = "is no name"},
    {RUN, {"x-sandbox-id", "a\"b"}, RPC_INVALID_ARGUMENT, .words = "\"a\\\"b\" is no name"},
    {RUN, {"x-sandbox-id", "a", "x-sandbox-id", "b"}, RPC_INVALID_ARGUMENT, .words = "twice"},
    {RUN,
     {"x-sandbox-id", "a", "x-sandbox-namespace", "b/c"},
     RPC_INVALID_ARGUMENT,
     .words = "x-sandbox-namespace: \"b/c\""},
    {RUN,
     {"x-sandbox-id", "a", "x-sandbox-uid", "b c"},
     RPC_INVALID_ARGUMENT,
     .words = "x-sandbox-uid is no uid"},
    {RUN,
     {"x-sandbox-id", "a", "x-sandbox-uid", LONG64 "a"},
     RPC_INVALID_ARGUMENT,
     .words = "x-sandbox-uid is no uid"},
    {"/my.Service/Do",
     {"x-sandbox-id", "a", "x-sandbox-port", "80"},
     RPC_UNIMPLEMENTED,
     .words = "x-sandbox-port"},
    {"/process.v1.ProcessService/Start",
     {"x-sandbox-id", "a", "x-sandbox-port", "80"},
     RPC_UNIMPLEMENTED,
     .words = "x-sandbox-port"},
    {"/my.Service/Do", {"x-sandbox-id", "a"}, RPC_UNIMPLEMENTED, .words = "/my.Service/Do"},
    {"/agentsandbox.v1x.A/B", {"x-sandbox-id", "a"}, RPC_UNIMPLEMENTED, .words = "neither"},
};

static void check(const struct target_case *c)
{
    struct target t = {0};
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    arena_init(&arena, LIMIT_RPC_METADATA);
    rpc_metadata_init(&md, &arena);
    for (size_t i = 0; c->md[i]; i += 2)
        assert_int_equal(rpc_metadata_add_str(&md, c->md[i], c->md[i + 1], &err), 0);
    if (c->code == 0) {
        assert_int_equal(target_read(&t, c->path, &md, &err), 0);
        assert_string_equal(t.ns, c->ns);
        assert_string_equal(t.name, c->name);
        assert_string_equal(t.uid, c->uid);
    } else {
        assert_int_equal(target_read(&t, c->path, &md, &err), -1);
        assert_int_equal(err.code, c->code);
        assert_string_equal(err.reason,
                            c->code == RPC_UNIMPLEMENTED ? "Unimplemented" : "BadRequest");
        if (!strstr(err.msg, c->words))
            fail_msg("\"%s\" does not say \"%s\"", err.msg, c->words);
    }
    arena_done(&arena);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
