/* Sessions that share the buffer for the frame being sent do not disturb one another. */
#include "lib/rpc/h2_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rpc/session.h"

enum { N = 3, VALUE_BYTES = 30000, BODY_BYTES = 50000, PULL_BYTES = 32 * 1024 };

/* ---- a bare peer that looks at each byte ---- */

struct peer {
    nghttp2_session *h2;
    char letter;
    size_t n_value, n_body;
};

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
                     size_t n_name, const uint8_t *value, size_t n_value, uint8_t flags, void *user)
{
    struct peer *p = user;

    (void)h2;
    (void)frame;
    (void)flags;
    if (n_name != 1 || *name != 'x')
        return 0;
    for (size_t i = 0; i < n_value; i++)
        assert_int_equal(value[i], p->letter);
    p->n_value += n_value;
    return 0;
}

static int on_chunk(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t n,
                    void *user)
{
    struct peer *p = user;

    (void)h2;
    (void)flags;
    (void)id;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(data[i], p->letter);
    p->n_body += n;
    return 0;
}

static void peer_init(struct peer *p, char letter)
{
    nghttp2_session_callbacks *cb;

    *p = (struct peer){.letter = letter};
    assert_int_equal(nghttp2_session_callbacks_new(&cb), 0);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_chunk);
    assert_int_equal(nghttp2_session_server_new(&p->h2, cb, p), 0);
    nghttp2_session_callbacks_del(cb);
}

/* ---- ours ---- */

struct ours {
    struct rpc_session *session;
    struct rpc_stream stream;
    struct arena arena;
    char value[VALUE_BYTES];
};

static void ours_init(struct ours *o, char letter, void *frame)
{
    struct rpc_session_opts opts = {.role = RPC_CLIENT, .frame = frame};
    nghttp2_nv nv[] = {
        {(uint8_t *)":method", (uint8_t *)"POST", 7, 4, 0},
        {(uint8_t *)":scheme", (uint8_t *)"http", 7, 4, 0},
        {(uint8_t *)":path", (uint8_t *)"/a", 5, 2, 0},
        {(uint8_t *)":authority", (uint8_t *)"a", 10, 1, 0},
        {(uint8_t *)"x", (uint8_t *)o->value, 1, VALUE_BYTES, NGHTTP2_NV_FLAG_NO_INDEX},
    };
    struct err err;
    uint8_t *body;

    memset(o->value, letter, sizeof(o->value));
    arena_init(&o->arena, 1 << 20);
    o->stream = (struct rpc_stream){.arena = &o->arena};
    list_init(&o->stream.link);
    buf_init(&o->stream.out, BODY_BYTES);
    body = buf_reserve(&o->stream.out, BODY_BYTES, &err);
    memset(body, letter, BODY_BYTES);
    buf_commit(&o->stream.out, BODY_BYTES);
    o->stream.is_out_ended = true;
    assert_int_equal(rpc_session_new(&o->session, &opts, &err), 0);
    assert_int_equal(
        rpc_session_request(o->session, &o->stream, nv, sizeof(nv) / sizeof(nv[0]), &err), 0);
}

/* Header blocks of several frames and DATA, some of each session by turns. */
static void sessions_by_turns(void **state)
{
    static uint8_t frame[RPC_H2_FRAME_BYTES], bytes[PULL_BYTES];
    struct ours *ours = calloc(N, sizeof(*ours));
    struct peer peers[N];
    struct err err;
    bool is_moving = true;

    (void)state;
    assert_non_null(ours);
    for (int i = 0; i < N; i++) {
        peer_init(&peers[i], (char)('a' + i));
        ours_init(&ours[i], (char)('a' + i), frame);
    }
    for (int turn = 0; is_moving && turn < 100; turn++) {
        is_moving = false;
        for (int i = 0; i < N; i++) {
            ssize_t n = rpc_session_pull(ours[i].session, bytes, sizeof(bytes), &err);

            assert_true(n >= 0);
            is_moving |= n > 0;
            assert_int_equal(nghttp2_session_mem_recv(peers[i].h2, bytes, (size_t)n), n);
        }
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(peers[i].n_value, VALUE_BYTES);
        assert_int_equal(peers[i].n_body, BODY_BYTES);
        rpc_session_free(ours[i].session);
        nghttp2_session_del(peers[i].h2);
        buf_done(&ours[i].stream.out);
        arena_done(&ours[i].arena);
    }
    free(ours);
}

/* That nghttp2 asks for a buffer of the size that h2_mem.c knows: else nothing is saved. */
static void the_buffer_is_shared(void **state)
{
    static uint8_t frame[RPC_H2_FRAME_BYTES], bytes[PULL_BYTES];
    struct rpc_pages pages = {0};
    struct rpc_session_opts opts = {.role = RPC_SERVER, .frame = frame, .pages = &pages};
    struct rpc_session *s;
    struct err err;

    (void)state;
    assert_int_equal(rpc_session_new(&s, &opts, &err), 0);
    assert_true(rpc_session_pull(s, bytes, sizeof(bytes), &err) > 0);
    assert_int_not_equal(frame[1 + 3],
                         0);       /* the type of the last frame, after padding and length */
    assert_non_null(pages.chunks); /* the table of streams as well */
    rpc_session_free(s);
    rpc_pages_done(&pages);
}

static void pages_are_zeros(void **state)
{
    enum { N_PAGES = 150 };
    struct rpc_pages pages = {0};
    uint8_t *taken[N_PAGES] = {0};
    unsigned random = 7;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        uint8_t **at;

        random = random * 1103515245 + 12345;
        at = &taken[(random >> 16) % N_PAGES];
        if (*at) {
            rpc_pages_give(&pages, *at);
            *at = NULL;
            continue;
        }
        *at = rpc_pages_take(&pages);
        assert_non_null(*at);
        for (int k = 0; k < RPC_PAGE_BYTES; k++)
            assert_int_equal((*at)[k], 0);
        memset(*at, 0xEE, RPC_PAGE_BYTES);
    }
    for (int i = 0; i < N_PAGES; i++)
        if (taken[i])
            rpc_pages_give(&pages, taken[i]);
    rpc_pages_done(&pages);
    assert_null(pages.chunks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_by_turns),
        cmocka_unit_test(the_buffer_is_shared),
        cmocka_unit_test(pages_are_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
