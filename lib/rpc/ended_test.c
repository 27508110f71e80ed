/* The bits of rpc_ended against a plain list of what happened. */
#include "lib/rpc/ended.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { IDS = 20000 };

static void test_model(void **state)
{
    static bool ended[IDS];
    struct rpc_ended e;
    int32_t newest = -1;
    unsigned random = 1;

    (void)state;
    rpc_ended_init(&e);
    assert_false(rpc_ended_has(&e, 1));
    rpc_ended_note(&e, 1); /* never began */
    while (newest < IDS - 3000) {
        random = random * 1103515245 + 12345;
        /* now and then a gap, some larger than all that is remembered */
        newest += 2 + (random >> 16 & 15 ? 0 : 2 * (int32_t)(random >> 20 & 1023));
        rpc_ended_begin(&e, newest);
        for (int i = 0; i < 3; i++) {
            int32_t id = newest - 2 * (int32_t)(random >> (8 * i) & 255);

            if (id < 1)
                continue;
            rpc_ended_note(&e, id);
            ended[id] = true;
        }
        for (int32_t id = newest; id > 0 && id > newest - 1200; id -= 2) {
            bool is_remembered = newest - id < 2 * RPC_ENDED_STREAMS;

            assert_int_equal(rpc_ended_has(&e, id), is_remembered && ended[id]);
        }
        assert_false(rpc_ended_has(&e, newest + 2));
        assert_false(rpc_ended_has(&e, newest - 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_model)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
