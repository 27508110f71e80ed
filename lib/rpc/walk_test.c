/* Frame heads are found in any split. */
#include "lib/rpc/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_FRAMES = 5, SKIP = 24 };

static const nghttp2_frame_hd frames[N_FRAMES] = {
    {.length = 0, .stream_id = 0, .type = NGHTTP2_SETTINGS},
    {.length = 70, .stream_id = 1, .type = NGHTTP2_HEADERS, .flags = 4},
    {.length = 3, .stream_id = 1, .type = NGHTTP2_DATA, .flags = 1},
    {.length = 4, .stream_id = 0x7FFFFFFF, .type = NGHTTP2_RST_STREAM},
    {.length = 300, .stream_id = 3, .type = 0xFF, .flags = 0xFF},
};

static size_t write_frames(uint8_t *to)
{
    uint8_t *p = to + SKIP;

    memset(to, 0, SKIP);
    for (int i = 0; i < N_FRAMES; i++) {
        const nghttp2_frame_hd *f = &frames[i];
        uint32_t id = (uint32_t)f->stream_id | 1u << 31; /* the reserved bit is not part of it */
        uint8_t head[RPC_WALK_HEAD] = {(uint8_t)(f->length >> 16),
                                       (uint8_t)(f->length >> 8),
                                       (uint8_t)f->length,
                                       f->type,
                                       f->flags,
                                       (uint8_t)(id >> 24),
                                       (uint8_t)(id >> 16),
                                       (uint8_t)(id >> 8),
                                       (uint8_t)id};

        memcpy(p, head, sizeof(head));
        memset(p + RPC_WALK_HEAD, 0xEE, f->length);
        p += RPC_WALK_HEAD + f->length;
    }
    return (size_t)(p - to);
}

static void test_splits(void **state)
{
    uint8_t bytes[1024];
    size_t n = write_frames(bytes);

    (void)state;
    for (size_t step = 1; step <= n; step++) {
        struct rpc_walk w;
        int i = 0;

        rpc_walk_init(&w, SKIP);
        for (size_t from = 0; from < n; from += step) {
            size_t len = from + step < n ? step : n - from, at = 0;
            nghttp2_frame_hd hd;

            while (rpc_walk_next(&w, bytes + from, len, &at, &hd)) {
                assert_true(i < N_FRAMES);
                assert_int_equal(hd.length, frames[i].length);
                assert_int_equal(hd.type, frames[i].type);
                assert_int_equal(hd.flags, frames[i].flags);
                assert_int_equal(hd.stream_id, frames[i].stream_id);
                i++;
            }
            assert_int_equal(at, len);
        }
        assert_int_equal(i, N_FRAMES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_splits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
