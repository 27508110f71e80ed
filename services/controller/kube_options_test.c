/* The flags of the Go controller, its defaults, and Go's ways of writing them. */
#include "services/controller/kube_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int parse(struct kube_options *o, struct err *err, const char *const *args)
{
    const char *argv[16] = {"kubernetes"};
    int argc = 1;

    for (; args[argc - 1]; argc++)
        argv[argc] = args[argc - 1];
    return kube_options_read(o, argc, (char *const *)argv, err);
}
#define PARSE(...) parse(&o, &err, (const char *const[]){__VA_ARGS__, NULL})

static void test_defaults(void **state)
{
    struct kube_options o;
    struct err err;

    (void)state;
    assert_int_equal(parse(&o, &err, (const char *const[]){NULL}), 0);
    assert_false(o.has_extensions);
    assert_true(o.leader_elect && o.enable_webhook && o.manage_certs && o.pool_eviction);
    assert_string_equal(o.metrics_address, ":8080");
    assert_string_equal(o.probe_address, ":8081");
    assert_string_equal(o.cluster_domain, "cluster.local");
    assert_int_equal(o.webhook_port, 9443);
    assert_string_equal(o.cert_dir, "/tmp/k8s-webhook-server/serving-certs");
    assert_string_equal(o.webhook_service, "agent-sandbox-webhook-service");
    assert_string_equal(o.webhook_namespace, "agent-sandbox-system");
    assert_true(o.api_qps == -1);
    assert_int_equal(o.api_burst, 10);
    assert_int_equal(o.api_connections, 1);
    assert_int_equal(o.sandbox_workers, 100);
    assert_int_equal(o.claim_workers, 50);
    assert_int_equal(o.pool_workers, 1);
    assert_int_equal(o.pool_max_batch, 300);
    assert_int_equal(o.pool_grace_ns, 300000000000);
    assert_int_equal(o.pool_recheck_ns, 60000000000);
    assert_int_equal(o.pool_replenish_delay_ns, 0);
    assert_int_equal(o.pprof_block_rate, 1000000);
    assert_int_equal(o.log_level, LOG_INFO);
    assert_int_equal(o.log_format, LOG_FORMAT_JSON);
}

/* The args that the reference's end-to-end suite and its scalability gate write. */
static void test_go_forms(void **state)
{
    struct kube_options o;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("--leader-elect=true", "--extensions", "--sandbox-concurrent-workers=50",
                           "--sandbox-claim-concurrent-workers=50", "--kube-api-qps=-1.000000",
                           "--kube-api-burst=10"),
                     0);
    assert_true(o.has_extensions && o.api_qps == -1);
    assert_int_equal(PARSE("-extensions=T", "-metrics-bind-address", ":9", "--leader-elect=0",
                           "--sandbox-warm-pool-readiness-grace-period", "1m30s"),
                     0);
    assert_true(o.has_extensions);
    assert_false(o.leader_elect);
    assert_string_equal(o.metrics_address, ":9");
    assert_int_equal(o.pool_grace_ns, 90000000000);
    assert_int_equal(PARSE("--pprof-block-profile-rate=-5"), 0);
    assert_int_equal(o.pprof_block_rate, 0);
    assert_int_equal(PARSE("--zap-devel", "--zap-log-level=error"), 0);
    assert_int_equal(o.log_level, LOG_ERROR);
    assert_int_equal(o.log_format, LOG_FORMAT_KV);
    assert_int_equal(PARSE("--version"), KUBE_OPTIONS_VERSION);
    assert_int_equal(PARSE("--extensions", "-help"), KUBE_OPTIONS_HELP);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *arg, *reason;
    } cases[] = {
        {"--no-such-flag", "UnknownFlag"},
        {"word", "UnknownFlag"},
        {"-", "UnknownFlag"},
        {"--", "UnknownFlag"},
        {"--extensions=maybe", "BadFlag"},
        {"--kube-api-burst=ten", "BadFlag"},
        {"--kube-api-burst= 3", "BadFlag"},
        {"--kube-api-burst", "BadFlag"},
        {"--kube-api-burst=0", "FlagOutOfRange"},
        {"--api-connections=0", "FlagOutOfRange"},
        {"--kube-api-qps=NaN", "FlagOutOfRange"},
        {"--kube-api-qps=x", "BadFlag"},
        {"--sandbox-concurrent-workers=-1", "FlagOutOfRange"},
        {"--sandbox-warm-pool-max-refill-rate=inf", "FlagOutOfRange"},
        {"--sandbox-warm-pool-max-refill-rate=-1", "FlagOutOfRange"},
        {"--sandbox-warm-pool-readiness-grace-period=0", "FlagOutOfRange"},
        {"--sandbox-warm-pool-readiness-grace-period=5", "BadFlag"},
        {"--sandbox-write-behind-window=-1s", "FlagOutOfRange"},
        {"--webhook-cert-name=", "FlagOutOfRange"},
        {"--webhook-port=70000", "FlagOutOfRange"},
        {"--zap-encoder=xml", "BadFlag"},
        {"--zap-log-level=loud", "BadFlag"},
    };
    struct kube_options o;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(PARSE(cases[i].arg), -1);
        assert_string_equal(err.reason, cases[i].reason);
    }
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"0", 0},
                {"5m", 300000000000},
                {"500ms", 500000000},
                {"1.5h", 5400000000000},
                {"-2s", -2000000000},
                {"1h2m3s4ms5us6ns", 3723004005006},
                {".5s", 500000000},
                {"+1\xc2\xb5s", 1000}};
    static const char *const bad[] = {"", "-", "5", "s", ".s", "5x", "1e3s", " 1s", "9999999999h"};
    int64_t ns;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(kube_parse_duration(good[i].text, &ns), 0);
        assert_int_equal(ns, good[i].ns);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(kube_parse_duration(bad[i], &ns), -1);
}

/* Every flag is in --help. */
static void test_help(void **state)
{
    char *help = kube_options_help();
    unsigned n = 0;

    (void)state;
    assert_non_null(help);
    for (; kube_options_name(n); n++) {
        char line[128];

        (void)snprintf(line, sizeof(line), "  --%s", kube_options_name(n));
        assert_non_null(strstr(help, line));
    }
    assert_int_equal(n, 50);
    free(help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_go_forms),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_durations),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
