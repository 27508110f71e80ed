#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "agentsandbox/v1/claim.rpc.h"
#include "lib/base/cleanup.h"
#include "lib/rpc/descriptor.h"

/* package p; message M { message In { enum E { A = 0; } oneof o { int32 x = 1; } } } service S {
 * rpc Do(M) … } */
static const char sample[] = "\012\001f"
                             "\022\001p"
                             "\042\037\012\001M\032\032\012\002In\022\003\012\001x\042\012"
                             "\012\001E\022\005\012\001A\020\000"
                             "\102\003\012\001o"
                             "\062\011\012\001S\022\004\012\002Do";

static const struct {
    const char *name;
    enum descriptor_kind kind;
} sample_cases[] = {
    {"p.M", DESCRIPTOR_MESSAGE},
    {"p.M.In", DESCRIPTOR_MESSAGE},
    {"p.M.In.x", DESCRIPTOR_LEAF},
    {"p.M.In.o", DESCRIPTOR_LEAF},
    {"p.M.In.E", DESCRIPTOR_ENUM},
    {"p.M.In.A", DESCRIPTOR_LEAF}, /* values are siblings of their enum */
    {"p.M.In.E.A", DESCRIPTOR_NONE},
    {"p.S", DESCRIPTOR_SERVICE},
    {"p.S.Do", DESCRIPTOR_LEAF},
    {"p.S.D", DESCRIPTOR_NONE},
    {"p.S.Dot", DESCRIPTOR_NONE},
    {"p.S.Do.", DESCRIPTOR_NONE},
    {"p.M.", DESCRIPTOR_NONE},
    {"p.In", DESCRIPTOR_NONE},
    {"p", DESCRIPTOR_NONE},
    {"p.", DESCRIPTOR_NONE},
    {"pp.M", DESCRIPTOR_NONE},
    {"M", DESCRIPTOR_NONE},
    {".p.M", DESCRIPTOR_NONE},
    {"", DESCRIPTOR_NONE},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sample_cases); i++) {
        enum descriptor_kind kind =
            descriptor_find((const uint8_t *)sample, sizeof(sample) - 1, sample_cases[i].name);

        if (kind != sample_cases[i].kind)
            fail_msg("%s: got %d", sample_cases[i].name, (int)kind);
    }
}

/* Cut anywhere, and with any one byte wrong, it is read within its bounds (the sanitizer watches).
 */
static void test_malformed(void **state)
{
    size_t n = sizeof(sample) - 1;

    (void)state;
    for (size_t cut = 0; cut <= n; cut++) {
        _cleanup_(freep) uint8_t *copy = malloc(cut ? cut : 1);

        memcpy(copy, sample, cut);
        (void)descriptor_find(copy, cut, "p.M.In.A");
    }
    for (size_t at = 0; at < n; at++) {
        for (unsigned value = 0; value < 256; value++) {
            _cleanup_(freep) uint8_t *copy = malloc(n);

            memcpy(copy, sample, n);
            copy[at] = (uint8_t)value;
            (void)descriptor_find(copy, n, "p.M.In.A");
            (void)descriptor_find(copy, n, "p.S.Do");
        }
    }
    assert_int_equal(descriptor_find((const uint8_t *)"", 0, "p.M"), DESCRIPTOR_NONE);
}

static void test_generated(void **state)
{
    const struct rpc_file_desc *file = &agentsandbox_v1_claim_proto_file;

    (void)state;
    assert_string_equal(file->name, "agentsandbox/v1/claim.proto");
    assert_int_equal(descriptor_find(file->data, file->n, "agentsandbox.v1.ClaimService"),
                     DESCRIPTOR_SERVICE);
    assert_int_equal(
        descriptor_find(file->data, file->n, "agentsandbox.v1.ClaimService.CreateClaim"),
        DESCRIPTOR_LEAF);
    assert_int_equal(descriptor_find(file->data, file->n, "agentsandbox.v1.CreateClaimRequest"),
                     DESCRIPTOR_MESSAGE);
    assert_int_equal(descriptor_find(file->data, file->n, "agentsandbox.v1.Claim.LabelsEntry.key"),
                     DESCRIPTOR_LEAF);
    assert_int_equal(descriptor_find(file->data, file->n, "agentsandbox.v1.CLAIM_PHASE_READY"),
                     DESCRIPTOR_LEAF);
    assert_int_equal(descriptor_find(file->data, file->n, "agentsandbox.v1.SandboxRef"),
                     DESCRIPTOR_NONE); /* in common.proto */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_generated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
