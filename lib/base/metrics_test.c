/* The registry, and its text against what Prometheus reads (exposition format 0.0.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/metrics.h"

static const double bounds[] = {0.1, 1, 10};

static const struct metric_desc calls = {
    .name = "calls_total", .help = "Calls.", .type = METRIC_COUNTER, .labels = {"method", "code"}};
static const struct metric_desc open_calls = {
    .name = "calls_open", .help = "Open now.", .type = METRIC_GAUGE};
static const struct metric_desc latency = {.name = "latency_seconds",
                                           .help = "Time.",
                                           .type = METRIC_HISTOGRAM,
                                           .labels = {"method"},
                                           .buckets = bounds,
                                           .n_buckets = ARRAY_SIZE(bounds)};

static void set_open(void *user)
{
    metric_set(user, 2.5);
}

static void test_text(void **state)
{
    static const char expected[] = "# HELP calls_total Calls.\n"
                                   "# TYPE calls_total counter\n"
                                   "calls_total{method=\"/a/B\",code=\"OK\"} 3\n"
                                   "calls_total{method=\"q\\\"\\\\\\n\",code=\"\"} 1\n"
                                   "# HELP calls_open Open now.\n"
                                   "# TYPE calls_open gauge\n"
                                   "calls_open 2.5\n"
                                   "# HELP latency_seconds Time.\n"
                                   "# TYPE latency_seconds histogram\n"
                                   "latency_seconds_bucket{method=\"m\",le=\"0.1\"} 1\n"
                                   "latency_seconds_bucket{method=\"m\",le=\"1\"} 3\n"
                                   "latency_seconds_bucket{method=\"m\",le=\"10\"} 3\n"
                                   "latency_seconds_bucket{method=\"m\",le=\"+Inf\"} 4\n"
                                   "latency_seconds_sum{method=\"m\"} 101.55\n"
                                   "latency_seconds_count{method=\"m\"} 4\n";
    struct metrics *m = NULL;
    struct metric *c = NULL, *g = NULL, *h = NULL;
    struct metric_series *s;
    struct buf out;
    struct err err;

    (void)state;
    buf_init(&out, 65536);
    assert_int_equal(metrics_new(&m, &err), 0);
    assert_int_equal(metrics_add(m, &calls, &c, &err), 0);
    assert_int_equal(metrics_add(m, &open_calls, &g, &err), 0);
    assert_int_equal(metrics_add(m, &latency, &h, &err), 0);
    assert_int_equal(metrics_add(m, &calls, &c, &err), -1);
    assert_string_equal(err.reason, "AlreadyExists");

    s = metric_with(c, (const char *[]){"/a/B", "OK"});
    metric_inc(s);
    metric_add(metric_with(c, (const char *[]){"/a/B", "OK"}), 2);
    assert_true(metric_value(s) == 3);
    metric_inc(metric_with(c, (const char *[]){"q\"\\\n", ""}));
    metrics_on_write(m, set_open, metric_with(g, NULL));
    s = metric_with(h, (const char *[]){"m"});
    metric_observe(s, 0.05);
    metric_observe(s, 0.5);
    metric_observe(s, 1);
    metric_observe(s, 100);

    assert_int_equal(metrics_write(m, &out, &err), 0);
    assert_string_equal(buf_cstr(&out, &err), expected);
    buf_done(&out);
    metrics_free(m);
}

/* A peer that invents label values fills its family and no more. */
static void test_series_are_bounded(void **state)
{
    struct metrics *m = NULL;
    struct metric *c = NULL;
    struct metric_series *over = NULL;
    char value[200];
    struct buf out;
    struct err err;

    (void)state;
    buf_init(&out, 1 << 20);
    assert_int_equal(metrics_new(&m, &err), 0);
    assert_int_equal(metrics_add(m, &calls, &c, &err), 0);
    for (int i = 0; i < METRIC_MAX_SERIES + 10; i++) {
        (void)snprintf(value, sizeof(value), "%0100d", i); /* cut: these are all alike */
        metric_inc(metric_with(c, (const char *[]){value, "OK"}));
        (void)snprintf(value, sizeof(value), "/m/%d", i);
        over = metric_with(c, (const char *[]){value, "OK"});
        metric_inc(over);
    }
    assert_true(metric_value(over) == 11); /* one series went to the long names */
    assert_int_equal(metrics_write(m, &out, &err), 0);
    assert_non_null(strstr(buf_cstr(&out, &err), "{method=\"_other\",code=\"_other\"} 11\n"));
    buf_done(&out);

    buf_init(&out, 100);
    assert_int_equal(metrics_write(m, &out, &err), -1);
    assert_string_equal(err.reason, "TooLarge");
    buf_done(&out);
    metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_series_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
