/* Service configs as JSON: what is taken, what is refused, and each allocation of ours failing in
 * turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "lib/base/alloc_sweep.h"
#include "lib/rpc/config_json.h"

static const char full[] =
    "{\"loadBalancingConfig\":[{\"grpclb\":{}},{\"round_robin\":{}}],"
    "\"healthCheckConfig\":{\"serviceName\":\"a.B\"},"
    "\"retryThrottling\":{\"maxTokens\":10,\"tokenRatio\":0.1},"
    "\"methodConfig\":[{\"name\":[{\"service\":\"a.B\",\"method\":\"C\"},{\"service\":\"a.D\"}],"
    "\"timeout\":\"1.5004s\",\"waitForReady\":true,\"maxRequestMessageBytes\":\"1024\","
    "\"maxResponseMessageBytes\":2048,\"retryPolicy\":{\"maxAttempts\":9,"
    "\"initialBackoff\":\"0.01s\",\"maxBackoff\":\"1s\",\"backoffMultiplier\":1.6,"
    "\"retryableStatusCodes\":[\"UNAVAILABLE\",\"aborted\",8]}},"
    "{\"name\":[{}],\"timeout\":\"3s\"}]}";

static int check_full(void *user, struct err *err)
{
    const struct rpc_method_config *m;
    struct rpc_service_config c;

    (void)user;
    if (rpc_service_config_parse(full, sizeof(full) - 1, &c, err) < 0)
        return -1;
    assert_true(c.has_balance && c.is_round_robin);
    assert_string_equal(c.health_service, "a.B");
    assert_int_equal(c.throttle_max, 10000);
    assert_int_equal(c.throttle_ratio, 100);
    m = rpc_service_config_find(&c, "/a.B/C");
    assert_non_null(m);
    assert_ptr_not_equal(m, rpc_service_config_find(&c, "/a.B/X"));
    assert_int_equal(m->timeout_ms, 1501);
    assert_true(m->has_wait_for_ready && m->wait_for_ready);
    assert_int_equal(m->max_request, 1024);
    assert_int_equal(m->max_response, 2048);
    assert_int_equal(m->retry.max_attempts, 5);
    assert_int_equal(m->retry.initial_backoff_ms, 10);
    assert_int_equal(m->retry.max_backoff_ms, 1000);
    assert_int_equal(m->retry.multiplier_milli, 1600);
    assert_int_equal(m->retry.codes,
                     1u << RPC_UNAVAILABLE | 1u << RPC_ABORTED | 1u << RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(rpc_service_config_find(&c, "/a.D/Any")->timeout_ms, 1501);
    assert_int_equal(rpc_service_config_find(&c, "/other/Any")->timeout_ms, 3000);
    assert_false(rpc_service_config_find(&c, "/other/Any")->has_wait_for_ready);
    rpc_service_config_done(&c);
    return 0;
}

static void test_full(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(check_full(NULL, &err), 0);
}

#define RETRY(text)  "{\"methodConfig\":[{\"name\":[{}],\"retryPolicy\":{" text "}}]}"
#define GOOD_BACKOFF "\"initialBackoff\":\"1s\",\"maxBackoff\":\"1s\",\"backoffMultiplier\":2"

static void test_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "[]",
        "{",
        "{\"a\":1,\"a\":2}",
        "{\"methodConfig\":{}}",
        "{\"methodConfig\":[1]}",
        "{\"methodConfig\":[{\"name\":[{\"method\":\"m\"}]}]}",
        "{\"methodConfig\":[{\"name\":[{\"service\":\"a/b\"}]}]}",
        "{\"methodConfig\":[{\"name\":[{\"service\":1}]}]}",
        "{\"methodConfig\":[{\"name\":[{\"service\":\"a\"}]},{\"name\":[{\"service\":\"a\"}]}]}",
        "{\"methodConfig\":[{\"timeout\":1}]}",
        "{\"methodConfig\":[{\"timeout\":\"1\"}]}",
        "{\"methodConfig\":[{\"timeout\":\"s\"}]}",
        "{\"methodConfig\":[{\"timeout\":\"1.s\"}]}",
        "{\"methodConfig\":[{\"timeout\":\"1.1234567891s\"}]}",
        "{\"methodConfig\":[{\"timeout\":\"1.1x1s\"}]}",
        "{\"methodConfig\":[{\"timeout\":\"-1s\"}]}",
        "{\"methodConfig\":[{\"waitForReady\":1}]}",
        "{\"methodConfig\":[{\"maxRequestMessageBytes\":\"x\"}]}",
        "{\"methodConfig\":[{\"maxResponseMessageBytes\":-1}]}",
        RETRY(""),
        RETRY("\"maxAttempts\":1," GOOD_BACKOFF ",\"retryableStatusCodes\":[14]"),
        RETRY("\"maxAttempts\":2," GOOD_BACKOFF ",\"retryableStatusCodes\":[]"),
        RETRY("\"maxAttempts\":2," GOOD_BACKOFF ",\"retryableStatusCodes\":[0]"),
        RETRY("\"maxAttempts\":2," GOOD_BACKOFF ",\"retryableStatusCodes\":[17]"),
        RETRY("\"maxAttempts\":2," GOOD_BACKOFF ",\"retryableStatusCodes\":[\"NO\"]"),
        RETRY("\"maxAttempts\":2,\"initialBackoff\":\"0s\",\"maxBackoff\":\"1s\","
              "\"backoffMultiplier\":2,\"retryableStatusCodes\":[14]"),
        RETRY("\"maxAttempts\":2,\"initialBackoff\":\"1s\",\"maxBackoff\":\"1s\","
              "\"backoffMultiplier\":0,\"retryableStatusCodes\":[14]"),
        "{\"retryThrottling\":{\"maxTokens\":1001,\"tokenRatio\":1}}",
        "{\"retryThrottling\":{\"maxTokens\":0,\"tokenRatio\":1}}",
        "{\"retryThrottling\":{\"maxTokens\":1}}",
        "{\"healthCheckConfig\":{\"serviceName\":1}}",
        "{\"healthCheckConfig\":{\"serviceName\":null}}",
        "{\"loadBalancingConfig\":[{\"grpclb\":{}}]}",
        "{\"loadBalancingPolicy\":\"grpclb\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rpc_service_config c;
        struct err err = {0};

        if (rpc_service_config_parse(cases[i], strlen(cases[i]), &c, &err) == 0)
            fail_msg("taken: %s", cases[i]);
        assert_string_equal(err.reason, "BadServiceConfig");
        assert_int_equal(c.methods.n, 0);
    }
}

/* The linker's name for the one that does not fail (asb_alloc_sweep). */
void *__real_malloc(size_t n);

/* What jansson's parser does without memory is no matter of this test: it may cut a text short
 * (lib/api has what guards against that). */
static void test_no_memory(void **state)
{
    (void)state;
    json_set_alloc_funcs(__real_malloc, free);
    alloc_sweep(check_full, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
