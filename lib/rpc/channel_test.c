/* Channels with names: several addresses, what becomes of them, and c-ares against a name server of
 * ours. */
#include "lib/rpc/net_test_util.h"

#include <unistd.h>

#include "lib/rpc/dns.h"

/* ---- pick-first ---- */

static void test_second_address(void **state)
{
    struct net n;

    (void)state;
    net_up(&n);
    n.fake.hosts[0] = 2; /* nobody listens */
    n.fake.hosts[1] = 1;
    net_channel(&n, RPC_PICK_FIRST, NULL);
    for (int i = 0; i < 5; i++)
        assert_int_equal(call_once(&n, false), RPC_OK);
    assert_int_equal(n.n_calls[0], 5);
    assert_int_equal(n.fake.n_lookups, 1);
    net_down(&n);
}

/* The first one takes the connection and says nothing. */
static void test_silent_address(void **state)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    uint64_t begun_ms, took_ms;
    struct net n;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    net_up(&n);
    sa.sin_addr.s_addr = htonl(0x7f000002);
    sa.sin_port = htons(n.port);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(fd, 4), 0);
    n.fake.hosts[0] = 2;
    n.fake.hosts[1] = 1;
    net_channel(&n, RPC_PICK_FIRST, NULL);
    begun_ms = clock_monotonic_ms();
    assert_int_equal(call_once(&n, false), RPC_OK);
    took_ms = clock_monotonic_ms() - begun_ms;
    assert_in_range(took_ms, 240, 5000);
    assert_int_equal(n.n_calls[0], 1);
    (void)close(fd);
    net_down(&n);
}

/* It moves; the name is looked up again. */
static void test_move(void **state)
{
    struct net n;

    (void)state;
    net_up(&n);
    server_start(&n, 1);
    n.fake.hosts[0] = 1;
    net_channel(&n, RPC_PICK_FIRST, NULL);
    assert_int_equal(call_once(&n, false), RPC_OK);
    server_stop(&n, 0);
    n.fake.hosts[0] = 2;
    RUN_WHILE(&n.w, rpc_channel_state(n.w.channel) == RPC_CHANNEL_READY);
    assert_int_equal(call_once(&n, true), RPC_OK);
    assert_int_equal(n.n_calls[1], 1);
    net_down(&n);
}

static void test_no_such_name(void **state)
{
    struct talk t = {0};
    struct net n;

    (void)state;
    net_up(&n);
    net_channel(&n, RPC_PICK_FIRST, NULL);
    talk_start(&n.w, &t, "/t.T/Count", NULL);
    run_until(&n.w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    assert_string_equal(t.message, "looking up test.example: no");
    assert_int_equal(rpc_channel_state(n.w.channel), RPC_CHANNEL_TRANSIENT_FAILURE);
    n.fake.hosts[0] = 1;
    assert_int_equal(call_once(&n, true), RPC_OK);
    net_down(&n);
}

/* Freed in the middle of a lookup, and of an attempt. */
static void test_free_early(void **state)
{
    struct talk t = {0};
    struct net n;

    (void)state;
    for (int i = 0; i < 4; i++) {
        net_up(&n);
        n.fake.hosts[0] = 1;
        net_channel(&n, RPC_PICK_FIRST, NULL);
        talk_start(&n.w, &t, "/t.T/Count", NULL);
        for (int turn = 0; turn < i; turn++)
            (void)loop_turn(n.w.loop, false);
        rpc_channel_free(n.w.channel);
        n.w.channel = NULL;
        assert_int_equal(t.n_done, i + 1);
        run_for(&n.w, 2);
        net_down(&n);
    }
}

/* ---- round-robin ---- */

static void turns(struct net *n, int n_turns)
{
    for (int i = 0; i < n_turns; i++)
        (void)loop_turn(n->w.loop, false);
}

static void test_round_robin(void **state)
{
    struct net n;
    int n_lookups;

    (void)state;
    net_up(&n);
    server_start(&n, 1);
    server_start(&n, 2);
    for (int i = 0; i < N_HOSTS; i++)
        n.fake.hosts[i] = i + 1;
    net_channel(&n, RPC_ROUND_ROBIN, NULL);
    assert_int_equal(call_once(&n, true), RPC_OK);
    RUN_WHILE(&n.w, (call_once(&n, false), !n.n_calls[0] || !n.n_calls[1] || !n.n_calls[2]));
    memset(n.n_calls, 0, sizeof(n.n_calls));
    for (int i = 0; i < 30; i++)
        assert_int_equal(call_once(&n, false), RPC_OK);
    for (int i = 0; i < N_HOSTS; i++)
        assert_int_equal(n.n_calls[i], 10);

    server_stop(&n, 1);
    turns(&n, 20);
    memset(n.n_calls, 0, sizeof(n.n_calls));
    for (int i = 0; i < 20; i++)
        assert_int_equal(call_once(&n, false), RPC_OK);
    assert_int_equal(n.n_calls[0], 10);
    assert_int_equal(n.n_calls[2], 10);

    server_start(&n, 1); /* it is found again without being asked for */
    RUN_WHILE(&n.w, (call_once(&n, false), n.n_calls[1] == 0));

    n.fake.hosts[0] = 3; /* the others are not named any more */
    n.fake.hosts[1] = 0;
    n_lookups = n.fake.n_lookups;
    server_stop(&n, 0);
    RUN_WHILE(&n.w, n.fake.n_lookups == n_lookups);
    turns(&n, 20);
    memset(n.n_calls, 0, sizeof(n.n_calls));
    for (int i = 0; i < 5; i++)
        assert_int_equal(call_once(&n, false), RPC_OK);
    assert_int_equal(n.n_calls[2], 5);
    net_down(&n);
}

/* All gone, one comes back. */
static void test_round_robin_down(void **state)
{
    struct net n;

    (void)state;
    net_up(&n);
    n.fake.hosts[0] = 1;
    n.fake.hosts[1] = 2;
    net_channel(&n, RPC_ROUND_ROBIN, NULL);
    assert_int_equal(call_once(&n, false), RPC_OK);
    server_stop(&n, 0);
    RUN_WHILE(&n.w, rpc_channel_state(n.w.channel) != RPC_CHANNEL_TRANSIENT_FAILURE);
    assert_int_equal(call_once(&n, false), RPC_UNAVAILABLE);
    server_start(&n, 1);
    assert_int_equal(call_once(&n, true), RPC_OK);
    assert_int_equal(n.n_calls[1], 1);
    net_down(&n);
}

/* ---- c-ares ---- */

struct name_server {
    int fd;
    struct loop_io *io;
    uint16_t port;
    int n_queries;
};

/* Answers A with 127.0.0.2 and 127.0.0.1, everything else with nothing. */
static void on_query(struct loop_io *io, int events, void *user)
{
    static const uint8_t answer[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0};
    struct name_server *s = user;
    struct sockaddr_in from;
    socklen_t n_from = sizeof(from);
    uint8_t q[512];
    ssize_t n = recvfrom(s->fd, q, sizeof(q) - 64, 0, (struct sockaddr *)&from, &n_from);
    size_t end = 12;

    (void)io;
    (void)events;
    if (n < 17)
        return;
    s->n_queries++;
    while (end < (size_t)n && q[end])
        end += q[end] + 1u;
    end += 5;
    q[2] = 0x81;
    q[3] = 0x80;
    memset(q + 6, 0, 6);
    if (q[end - 3] == 1) {
        q[7] = 2;
        for (uint8_t i = 2; i >= 1; i--) {
            memcpy(q + end, answer, sizeof(answer));
            q[end + sizeof(answer)] = i;
            end += sizeof(answer) + 1;
        }
    }
    (void)sendto(s->fd, q, end, 0, (struct sockaddr *)&from, n_from);
}

static void name_server_up(struct name_server *s, struct loop *loop)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    socklen_t n = sizeof(sa);
    struct err err;

    memset(s, 0, sizeof(*s));
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sa, &n), 0);
    s->port = ntohs(sa.sin_port);
    assert_int_equal(loop_io_new(&s->io, loop, s->fd, LOOP_READ, on_query, s, &err), 0);
}

static void name_server_down(struct name_server *s)
{
    loop_io_free(s->io);
    (void)close(s->fd);
}

static void test_dns(void **state)
{
    struct rpc_resolver *dns;
    struct name_server names;
    struct rpc_dns_opts opts = {.timeout_ms = 200};
    char servers[32];
    struct net n;
    struct err err;

    (void)state;
    net_up(&n);
    name_server_up(&names, n.w.loop);
    (void)snprintf(servers, sizeof(servers), "127.0.0.1:%u", names.port);
    opts.servers = servers;
    assert_int_equal(rpc_dns_new(&dns, n.w.loop, &opts, &err), 0);
    net_channel(&n, RPC_PICK_FIRST, dns);
    assert_int_equal(call_once(&n, false), RPC_OK);
    assert_true(names.n_queries >= 1);
    assert_int_equal(n.n_calls[0], 1);
    rpc_channel_free(n.w.channel);

    name_server_down(&names); /* nobody answers */
    net_channel(&n, RPC_PICK_FIRST, dns);
    assert_int_equal(call_once(&n, false), RPC_UNAVAILABLE);
    rpc_channel_connect(n.w.channel);
    (void)loop_turn(n.w.loop, false);
    rpc_channel_free(n.w.channel); /* in the middle of a lookup */
    n.w.channel = NULL;
    rpc_dns_free(dns);
    net_down(&n);
}

/* Without a resolver names are refused, with a word that helps. */
static void test_no_resolver(void **state)
{
    struct net n;
    struct err err;

    (void)state;
    net_up(&n);
    assert_true(rpc_channel_new(&n.w.channel, n.w.loop, "dns:test.example:80", NULL, &err) < 0);
    assert_string_equal(err.reason, "BadTarget");
    n.w.channel = NULL;
    net_down(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_address),
        cmocka_unit_test(test_silent_address),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_no_such_name),
        cmocka_unit_test(test_free_early),
        cmocka_unit_test(test_round_robin),
        cmocka_unit_test(test_round_robin_down),
        cmocka_unit_test(test_dns),
        cmocka_unit_test(test_no_resolver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
