/*
 * A server on several loops, and clients on threads of their own: calls of all kinds arrive, the
 * figures add up, a drain ends it all in good order. Under ThreadSanitizer this shows that the
 * loops share nothing (./dev test rpc runs it so).
 */
#include "lib/rpc/tls_test_util.h"

#include <pthread.h>
#include <unistd.h>

#include "lib/rpc/loops.h"

enum { LOOPS = 3, CLIENTS = 3, CHANNELS = 4, CALLS = 25 };

/* What belongs to a loop: written by its thread alone. */
struct place {
    int n_calls, n_torn_down;
};

struct scene {
    struct rpc_loops *loops;
    struct place places[LOOPS];
    struct rpc_tls *server_tls, *client_tls; /* of all loops, of all clients; or NULL */
    char address[128];
};

static void echo_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    (void)rpc_call_send(call, data, n, NULL); /* the queue is far from full */
    rpc_call_read(call);
}

static void echo_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static const struct rpc_call_ops echo_ops = {.on_message = echo_message,
                                             .on_half_close = echo_half_close};

static void on_echo(struct rpc_call *call, void *user)
{
    struct place *p = user;

    p->n_calls++;
    rpc_call_set_ops(call, &echo_ops, p);
    rpc_call_read(call);
}

static int set_up(struct rpc_server *s, struct loop *loop, unsigned index,
                  struct rpc_listen_opts *listen, void *user, struct err *err)
{
    struct scene *scene = user;

    (void)loop;
    listen->tls = scene->server_tls;
    return rpc_server_handle(s, "/t.T/Echo", on_echo, &scene->places[index], err);
}

static void tear_down(unsigned index, void *user)
{
    struct scene *scene = user;

    scene->places[index].n_torn_down++;
}

static void scene_up(struct scene *s, const char *address)
{
    struct rpc_loops_opts opts = {
        .n_loops = LOOPS, .setup = set_up, .teardown = tear_down, .user = s};
    struct err err = {0};

    memset(s->places, 0, sizeof(s->places));
    assert_int_equal(rpc_loops_new(&s->loops, &opts, &err), 0);
    assert_int_equal(rpc_loops_count(s->loops), LOOPS);
    if (rpc_loops_listen(s->loops, address, s->address, &err) < 0)
        fail_msg("%s", err.msg);
}

/* ---- clients: cmocka's asserts are for one thread, so these only count ---- */

struct client {
    const char *address;
    const struct rpc_tls *tls;
    pthread_t thread;
    int n_ok, n_lost, n_open, n_started;
    bool goes_on; /* until a call is lost */
};

struct ask {
    struct client *client;
    struct rpc_channel *channel;
    int n_left;
};

static void begin_call(struct ask *a);

static void ask_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)data;
    (void)n;
    (void)user;
    rpc_call_read(call);
}

static void ask_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct ask *a = user;
    bool is_ok = status->code == RPC_OK;

    (void)call;
    a->client->n_open--;
    a->client->n_ok += is_ok;
    a->client->n_lost += !is_ok;
    if (is_ok && (a->client->goes_on || --a->n_left > 0))
        begin_call(a);
}

static const struct rpc_call_ops ask_ops = {.on_message = ask_message, .on_done = ask_done};

static void begin_call(struct ask *a)
{
    struct rpc_call_opts opts = {.timeout_ms = 20000};
    struct rpc_call *call;

    if (rpc_channel_call(a->channel, "/t.T/Echo", &opts, &ask_ops, a, &call, NULL) < 0)
        return;
    a->client->n_open++;
    a->client->n_started++;
    (void)rpc_call_send(call, "hello", 5, NULL);
    rpc_call_send_end(call);
    rpc_call_read(call);
}

static void *run_client(void *user)
{
    struct client *c = user;
    struct rpc_channel_opts opts = {.backoff_first_ms = 60000, .tls = c->tls};
    struct ask asks[CHANNELS] = {0};
    struct loop *loop;

    if (loop_new(&loop, NULL) < 0)
        return NULL;
    for (int i = 0; i < CHANNELS; i++) {
        asks[i] = (struct ask){.client = c, .n_left = CALLS};
        if (rpc_channel_new(&asks[i].channel, loop, c->address, &opts, NULL) == 0)
            begin_call(&asks[i]);
    }
    while (c->n_open > 0)
        (void)loop_turn(loop, true);
    for (int i = 0; i < CHANNELS; i++)
        rpc_channel_free(asks[i].channel);
    loop_free(loop);
    return NULL;
}

static void start_clients(struct client *clients, const struct scene *s, bool goes_on)
{
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] =
            (struct client){.address = s->address, .tls = s->client_tls, .goes_on = goes_on};
        assert_int_equal(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]), 0);
    }
}

static void join_clients(struct client *clients)
{
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
}

static void check_calls(struct scene *scene, const char *address)
{
    struct client clients[CLIENTS];
    struct rpc_server_stats stats;
    struct scene s = *scene;
    int n = 0, n_used = 0;

    scene_up(&s, address);
    start_clients(clients, &s, false);
    rpc_loops_stats(s.loops, &stats); /* while they run */
    join_clients(clients);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(clients[i].n_ok, CHANNELS * CALLS);
        assert_int_equal(clients[i].n_lost, 0);
    }
    rpc_loops_stats(s.loops, &stats);
    assert_int_equal(stats.n_calls_total, CLIENTS * CHANNELS * CALLS);
    assert_int_equal(stats.n_connections_total, CLIENTS * CHANNELS);
    rpc_loops_drain(s.loops, clock_monotonic_ms() + 5000);
    for (int i = 0; i < LOOPS; i++) {
        n += s.places[i].n_calls;
        n_used += s.places[i].n_calls > 0;
        assert_int_equal(s.places[i].n_torn_down, 1);
    }
    assert_int_equal(n, CLIENTS * CHANNELS * CALLS);
    print_message("%s: %d of %d loops had calls\n", s.address, n_used, LOOPS);
    rpc_loops_stats(s.loops, &stats); /* after their end */
    assert_int_equal(stats.n_calls_total, n);
    assert_int_equal(stats.n_connections, 0);
    rpc_loops_free(s.loops);
}

static void test_tcp(void **state)
{
    (void)state;
    check_calls(&(struct scene){0}, "127.0.0.1:0");
}

static void test_unix(void **state)
{
    char dir[] = "/tmp/rpc-loops-XXXXXX", address[64];

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(address, sizeof(address), "unix:%s/s", dir);
    check_calls(&(struct scene){0}, address);
    assert_int_equal(rmdir(dir), 0); /* the socket is gone */
}

/* One set of certificates for all: its tickets and sessions are the only thing that loops share. */
static void test_tls(void **state)
{
    static struct identity ca, id;
    struct rpc_tls_opts server = {
        .is_server = true, .cert_pem = id.cert_pem, .key_pem = id.key_pem};
    struct rpc_tls_opts client = {.ca_pem = ca.cert_pem};
    struct scene s = {0};
    struct err err;

    (void)state;
    make_identity(&ca, "test ca", NULL, NULL, 3600);
    make_identity(&id, "server", "IP:127.0.0.1", &ca, 3600);
    assert_int_equal(rpc_tls_new(&s.server_tls, &server, &err), 0);
    assert_int_equal(rpc_tls_new(&s.client_tls, &client, &err), 0);
    for (int i = 0; i < 2; i++) /* then sessions are resumed */
        check_calls(&s, "127.0.0.1:0");
    rpc_tls_free(s.server_tls);
    rpc_tls_free(s.client_tls);
    EVP_PKEY_free(ca.key);
    EVP_PKEY_free(id.key);
    X509_free(ca.cert);
    X509_free(id.cert);
}

/* Clients that call without end: the drain lets what is open finish, and no call is cut. */
static void test_drain_under_load(void **state)
{
    struct client clients[CLIENTS];
    struct rpc_server_stats stats;
    struct scene s = {0};
    uint64_t end = clock_monotonic_ms() + 20000;

    (void)state;
    scene_up(&s, "127.0.0.1:0");
    start_clients(clients, &s, true);
    do {
        (void)usleep(1000);
        rpc_loops_stats(s.loops, &stats);
    } while (stats.n_calls_total < 500 && clock_monotonic_ms() < end);
    rpc_loops_drain(s.loops, clock_monotonic_ms() + 10000);
    join_clients(clients);
    rpc_loops_stats(s.loops, &stats);
    assert_true(stats.n_calls_total >= 500);
    assert_int_equal(stats.n_connections, 0);
    for (int i = 0; i < CLIENTS; i++) {
        assert_true(clients[i].n_ok > 0);
        /* What was begun when nobody listened any more found no server; nothing else was lost. */
        assert_int_equal(clients[i].n_lost, CHANNELS);
        stats.n_calls_total -= (uint64_t)clients[i].n_ok;
    }
    assert_int_equal(stats.n_calls_total, 0);
    rpc_loops_free(s.loops);
}

static void test_free_with_open_calls(void **state)
{
    struct client clients[CLIENTS];
    struct scene s = {0};

    (void)state;
    scene_up(&s, "127.0.0.1:0");
    start_clients(clients, &s, true);
    (void)usleep(20000);
    rpc_loops_free(s.loops);
    join_clients(clients);
    for (int i = 0; i < LOOPS; i++)
        assert_int_equal(s.places[i].n_torn_down, 1);
}

static void test_address_in_use(void **state)
{
    struct scene one = {0}, two = {0};
    struct rpc_server *plain;
    struct loop *loop;
    struct err err;

    (void)state;
    scene_up(&one, "127.0.0.1:0");
    scene_up(&two, "127.0.0.1:0");
    assert_int_equal(rpc_loops_listen(two.loops, one.address, NULL, &err), -1);
    assert_string_equal(err.reason, "AddressInUse");
    assert_int_equal(loop_new(&loop, &err), 0);
    assert_int_equal(rpc_server_new(&plain, loop, NULL, &err), 0);
    assert_int_equal(rpc_server_listen(plain, one.address, NULL, NULL, &err), -1);
    assert_string_equal(err.reason, "AddressInUse");
    assert_int_equal(rpc_loops_listen(two.loops, "nonsense", NULL, &err), -1);
    assert_string_equal(err.reason, "BadTarget");
    rpc_server_free(plain);
    loop_free(loop);
    rpc_loops_free(two.loops);
    rpc_loops_free(one.loops);
}

static int refuse_third(struct rpc_server *s, struct loop *loop, unsigned index,
                        struct rpc_listen_opts *listen, void *user, struct err *err)
{
    (void)s;
    (void)loop;
    (void)listen;
    (void)user;
    return index == 2 ? err_set(err, RPC_INVALID_ARGUMENT, "NoThird", "loop 2 has no place") : 0;
}

static void test_setup_fails(void **state)
{
    struct scene s = {0};
    struct rpc_loops_opts opts = {
        .n_loops = LOOPS, .setup = refuse_third, .teardown = tear_down, .user = &s};
    struct err err;

    (void)state;
    assert_int_equal(rpc_loops_new(&s.loops, &opts, &err), -1);
    assert_string_equal(err.reason, "NoThird");
    for (int i = 0; i < LOOPS; i++)
        assert_int_equal(s.places[i].n_torn_down, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_drain_under_load),
        cmocka_unit_test(test_free_with_open_calls),
        cmocka_unit_test(test_address_in_use),
        cmocka_unit_test(test_setup_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
