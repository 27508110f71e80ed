#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/fd.h"
#include "lib/handover/handover.h"

static void passes_a_connection_unread(void **state)
{
    (void)state;
    char dir[] = "/tmp/handover-XXXXXX", path[64], word[8];
    struct handover got,
        sent = {.instance_id = "abcdefgh01234567", .generation = 0x0102030405060708};
    int listener, node, router = -1, stream[2], fd = -1;
    struct err err = {0};

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/s", dir);
    assert_true(handover_connect(path, &err) < 0);
    assert_int_equal(err.errnum, ENOENT);

    listener = handover_listen(path, &err);
    assert_true(listener >= 0);
    assert_int_equal(handover_accept(listener, &router, &err), HANDOVER_AGAIN);
    node = handover_connect(path, &err);
    assert_true(node >= 0);
    assert_int_equal(handover_accept(listener, &router, &err), 0);
    assert_int_equal(handover_recv(router, &got, &fd, &err), HANDOVER_AGAIN);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
    assert_int_equal(write(stream[0], "hello", 5), 5);
    assert_int_equal(handover_send(node, &sent, stream[1], &err), 0);
    (void)close(stream[1]);
    assert_int_equal(handover_recv(router, &got, &fd, &err), 0);
    assert_string_equal(got.instance_id, sent.instance_id);
    assert_true(got.generation == sent.generation);
    assert_int_equal(read(fd, word, sizeof(word)), 5);
    assert_memory_equal(word, "hello", 5);

    (void)close(node);
    assert_true(handover_recv(router, &got, &fd, &err) < 0);
    assert_string_equal(err.reason, "HandoverClosed");
    (void)close(fd);
    (void)close(stream[0]);
    (void)close(router);
    (void)close(listener);
    assert_int_equal(fd_rm_tree(AT_FDCWD, dir, &err), 0);
}

static void refuses_what_is_not_one(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        uint8_t generation;
        size_t n;
        size_t n_fds;
    } cases[] = {
        {"", 1, 40, 1},    {"a/b", 1, 40, 1}, {"UP", 1, 40, 1},  {"abc", 0, 40, 1},
        {"abc", 1, 39, 1}, {"abc", 1, 41, 1}, {"abc", 1, 40, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t wire[41] = {0};
        struct handover got;
        struct err err = {0};
        int pair[2], fd = -1;

        memcpy(wire, cases[i].id, strlen(cases[i].id));
        wire[32] = cases[i].generation;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(fd_send(pair[0], wire, cases[i].n, &pair[0], cases[i].n_fds, &err), 0);
        assert_true(handover_recv(pair[1], &got, &fd, &err) < 0);
        assert_string_equal(err.reason, "BadHandover");
        assert_int_equal(fd, -1);
        (void)close(pair[0]);
        (void)close(pair[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_a_connection_unread),
        cmocka_unit_test(refuses_what_is_not_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
