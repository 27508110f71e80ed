#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/log.h"
#include "lib/base/optval.h"

static void test_numbers(void **state)
{
    uint64_t n = 0;
    uint32_t id = 0;
    struct err err;
    int fd = -1;

    (void)state;
    assert_int_equal(optval_u64("max", "7", 1, 7, "1 to 7", &n, &err), 0);
    assert_int_equal(n, 7);
    assert_int_equal(optval_u64("max", "8", 1, 7, "1 to 7", &n, &err), -1);
    assert_string_equal(err.msg, "--max \"8\": give 1 to 7");
    assert_string_equal(err.reason, "BadUsage");
    assert_int_equal(optval_id("client-uid", "4294967294", &id, &err), 0);
    assert_int_equal(id, UINT32_MAX - 1);
    assert_int_equal(optval_id("client-uid", "4294967295", &id, &err), -1);
    assert_int_equal(optval_fd("lifeline-fd", "3", &fd, &err), 0);
    assert_int_equal(fd, 3);
    assert_int_equal(optval_fd("lifeline-fd", "-1", &fd, &err), -1);
}

static void test_user(void **state)
{
    static const char *const bad[] = {
        "",      "root", "1:",         ":1",
        "1:2:3", "1:x",  "4294967295", "00000000000000000000000000000000000001"};
    struct err err;
    uid_t uid;
    gid_t gid;

    (void)state;
    assert_int_equal(optval_user("user", "970", &uid, &gid, &err), 0);
    assert_true(uid == 970 && gid == 970);
    assert_int_equal(optval_user("user", "970:5", &uid, &gid, &err), 0);
    assert_true(uid == 970 && gid == 5);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(optval_user("user", bad[i], &uid, &gid, &err), -1);
}

static void test_words(void **state)
{
    char *const argv[] = {(char *)"program", (char *)"--what", NULL};
    struct err err;
    int word;

    (void)state;
    assert_int_equal(optval_word("log-level", "warn", log_level_parse, "a level", &word, &err), 0);
    assert_int_equal(word, LOG_WARN);
    assert_int_equal(optval_word("log-level", "a\nb", log_level_parse, "a level", &word, &err), -1);
    assert_null(strchr(err.msg, '\n')); /* what a terminal would act on is escaped */
    assert_int_equal(optval_unknown(argv, 1, &err), -1);
    assert_string_equal(err.msg, "--what: no such option, or its value is missing");
    assert_int_equal(optval_left_over(argv, 1, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_user),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
