/* The n-th allocation fails: no half answer, no leak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/alloc_sweep.h"
#include "services/controller/convert_review.h"

static const char review[] =
    "{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"ConversionReview\",\"request\":{"
    "\"uid\":\"u\",\"desiredAPIVersion\":\"extensions.agents.x-k8s.io/v1beta1\",\"objects\":[{"
    "\"apiVersion\":\"extensions.agents.x-k8s.io/v1alpha1\",\"kind\":\"SandboxClaim\",\"metadata\":"
    "{\"name\":\"c\"},\"spec\":{\"sandboxTemplateRef\":{\"name\":\"t\"}}}]}}";

static int scenario(void *user, struct err *err)
{
    struct buf out;
    int r;

    (void)user;
    buf_init(&out, LIMIT_REVIEW_ANSWER);
    r = convert_review(review, strlen(review), &out, NULL, err);
    if (r == 0 && !strstr(buf_cstr(&out, NULL) ?: "shadow-pool-t", "shadow-pool-t"))
        abort();
    buf_done(&out);
    return r;
}

static void test_sweep(void **state)
{
    (void)state;
    alloc_sweep(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sweep)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
