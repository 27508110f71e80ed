/* Large buffers are kept, within their bounds, and given back; a head that promises takes nothing.
 */
#include "lib/rpc/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/limits.h"
#include "lib/rpc/frame.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

static unsigned n_told;

static void told(struct rpc_pool *pool)
{
    (void)pool;
    n_told++;
}

static void put(struct rpc_pool *pool, size_t n)
{
    struct buf b;
    struct err err;

    buf_init(&b, n);
    assert_non_null(buf_reserve(&b, n, &err));
    buf_commit(&b, n);
    rpc_pool_clear_buf(pool, &b);
    assert_int_equal(buf_len(&b), 0);
    buf_done(&b);
}

static size_t taken(struct rpc_pool *pool, size_t n)
{
    struct buf b;
    size_t cap;

    buf_init(&b, 16 * MIB);
    rpc_pool_take(pool, &b, n);
    cap = b.cap;
    buf_done(&b);
    return cap;
}

static void test_fit(void **state)
{
    struct rpc_pool pool = {0};

    (void)state;
    put(&pool, 100 * KIB);
    put(&pool, 2 * MIB);
    put(&pool, 40 * KIB);
    put(&pool, 1 * KIB); /* small ones are malloc()'s */
    assert_int_equal(pool.n, 3);
    assert_int_equal(taken(&pool, 30 * KIB), 40 * KIB);
    assert_int_equal(taken(&pool, 30 * KIB), 100 * KIB);
    assert_int_equal(taken(&pool, 3 * MIB), 0);
    assert_int_equal(taken(&pool, 1 * KIB), 0);
    assert_int_equal(taken(&pool, 30 * KIB), 2 * MIB);
    assert_int_equal(pool.n, 0);
    assert_int_equal(pool.n_bytes, 0);
}

static void test_bounds(void **state)
{
    struct rpc_pool pool = {0};

    (void)state;
    for (int i = 0; i < 50; i++) {
        put(&pool, (size_t)(i % 7 + 1) * MIB);
        assert_true(pool.n <= RPC_POOL_BUFS && pool.n_bytes <= LIMIT_RPC_POOL);
    }
    put(&pool, LIMIT_RPC_POOL + 1);
    assert_true(pool.n_bytes <= LIMIT_RPC_POOL);
    rpc_pool_done(&pool);
    for (int i = 0; i < RPC_POOL_BUFS + 3; i++)
        put(&pool, (size_t)(i + 20) * KIB);
    assert_int_equal(pool.n, RPC_POOL_BUFS);
    assert_int_equal(taken(&pool, 17 * KIB), 23 * KIB); /* the small ones made room */
    rpc_pool_done(&pool);
}

static void test_rest(void **state)
{
    struct rpc_pool pool = {.on_kept = told};

    (void)state;
    n_told = 0;
    put(&pool, MIB);
    put(&pool, MIB);
    assert_int_equal(n_told, 1);
    assert_int_equal(taken(&pool, MIB), MIB);
    assert_true(rpc_pool_rest(&pool)); /* was just used */
    assert_false(rpc_pool_rest(&pool));
    assert_int_equal(pool.n, 0);
    put(&pool, MIB);
    assert_int_equal(n_told, 2);
    rpc_pool_done(&pool);
}

static void test_promise(void **state)
{
    static const uint8_t head[] = {0, 0, 0x40, 0, 0}; /* 4 MiB */
    static uint8_t data[100 * KIB];
    struct rpc_frame_decoder d;
    struct rpc_frame frame;
    size_t n = sizeof(head), sent = 0, n_moved = 0;
    const uint8_t *in = head;
    struct err err;

    (void)state;
    rpc_frame_decoder_init(&d, 4 * MIB);
    assert_int_equal(rpc_frame_next(&d, &in, &n, &frame, &err), RPC_FRAME_NEED_MORE);
    assert_int_equal(d.body.cap, 0);
    while (sent < 4 * MIB) {
        const uint8_t *was = d.body.mem;
        int r;

        n = MIN(sizeof(data), 4 * MIB - sent);
        sent += n;
        in = data;
        r = rpc_frame_next(&d, &in, &n, &frame, &err);
        assert_int_equal(r, sent < 4 * MIB ? RPC_FRAME_NEED_MORE : 0);
        assert_true(d.body.cap <= 8 * sent);
        n_moved += was && was != d.body.mem;
    }
    assert_int_equal(frame.n_body, 4 * MIB);
    assert_true(n_moved <= 2);
    rpc_frame_decoder_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_promise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
