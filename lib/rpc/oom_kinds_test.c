/*
 * A whole call of each kind with each allocation failing in turn (oom_util.h): client streaming,
 * server streaming, both ways, gzip, one that is retried, raw in both directions; plain and over
 * TLS. What OpenSSL and zlib allocate for themselves does not fail here: they are not ours to
 * sweep.
 */
#include "lib/rpc/oom_util.h"

#include <unistd.h>

#include "lib/rpc/service_config.h"
#include "lib/rpc/tls_test_util.h"

enum { MESSAGES = 4, CALLS = 6, PLAIN = 0, TLS = 1 };

static struct identity ca, server_id;
static struct rpc_service_config retries;

/* ---- the server ---- */

static int n_flaky;

static void fail_short(struct rpc_call *call)
{
    rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
}

static void count_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)data;
    (void)n;
    (void)user;
    rpc_call_read(call);
}

static void collect_end(struct rpc_call *call, void *user)
{
    (void)user;
    if (rpc_call_add_trailer(call, "x-sum-bin", "\0\4", 2, NULL) < 0 ||
        rpc_call_send(call, "all", 3, NULL) < 0)
        fail_short(call);
    else
        rpc_call_finish(call, RPC_OK, NULL);
}

static void echo_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    if (rpc_call_send(call, data, n, NULL) < 0)
        fail_short(call);
    else
        rpc_call_read(call);
}

static void echo_end(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static void echo_data(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    if (rpc_call_send_raw(call, data, n, NULL) < 0)
        fail_short(call);
    else
        rpc_call_consumed(call, n);
}

static const struct rpc_call_ops collect_ops = {.on_message = count_message,
                                                .on_half_close = collect_end};
static const struct rpc_call_ops echo_ops = {.on_message = echo_message, .on_half_close = echo_end};
static const struct rpc_call_ops raw_ops = {.on_data = echo_data, .on_half_close = echo_end};

static void on_collect(struct rpc_call *call, void *user)
{
    rpc_call_set_ops(call, &collect_ops, user);
    rpc_call_read(call);
}

static void on_talk(struct rpc_call *call, void *user)
{
    rpc_call_set_ops(call, &echo_ops, user);
    rpc_call_read(call);
}

static void on_list(struct rpc_call *call, void *user)
{
    (void)user;
    for (int i = 0; i < MESSAGES; i++) {
        if (rpc_call_send(call, "item", 4, NULL) < 0) {
            fail_short(call);
            return;
        }
    }
    rpc_call_finish(call, RPC_OK, NULL);
}

static void on_flaky(struct rpc_call *call, void *user)
{
    if (n_flaky++ == 0)
        rpc_call_finish(call, RPC_UNAVAILABLE, "not yet");
    else
        on_talk(call, user);
}

static void on_rest(struct rpc_call *call, void *user)
{
    rpc_call_set_ops(call, &raw_ops, user);
}

/* ---- the client ---- */

struct seen {
    int n_started, n_done, n_ok;
};

struct ask {
    struct seen *seen;
    int n_left; /* messages still to be sent, one for each answer */
};

static void send_next(struct rpc_call *call, struct ask *a)
{
    if (a->n_left-- > 0 && rpc_call_send(call, "message", 7, NULL) < 0)
        rpc_call_cancel(call, RPC_RESOURCE_EXHAUSTED, NULL);
    else if (a->n_left <= 0)
        rpc_call_send_end(call);
}

static void ask_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)data;
    (void)n;
    send_next(call, user);
    rpc_call_read(call);
}

static void ask_data(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)data;
    (void)user;
    rpc_call_consumed(call, n);
}

static void ask_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct ask *a = user;

    (void)call;
    a->seen->n_done++;
    a->seen->n_ok += status->code == RPC_OK;
}

static const struct rpc_call_ops ask_ops = {.on_message = ask_message, .on_done = ask_done};
static const struct rpc_call_ops ask_raw_ops = {.on_data = ask_data, .on_done = ask_done};

static struct rpc_call *begin(struct rpc_channel *ch, const char *path, struct rpc_call_opts opts,
                              struct ask *a)
{
    struct rpc_call *call;

    opts.timeout_ms = 60000;
    if (rpc_channel_call(ch, path, &opts, opts.raw ? &ask_raw_ops : &ask_ops, a, &call, NULL) < 0)
        return NULL;
    a->seen->n_started++;
    if (!opts.raw)
        rpc_call_read(call);
    return call;
}

static void send_all(struct rpc_call *call, struct ask *a)
{
    while (call && a->n_left > 0)
        send_next(call, a);
}

static void begin_calls(struct rpc_channel *ch, struct ask *asks)
{
    struct rpc_call *call = begin(ch, "/t.T/Collect", (struct rpc_call_opts){0}, &asks[0]);

    send_all(call, &asks[0]);
    call = begin(ch, "/t.T/List", (struct rpc_call_opts){0}, &asks[1]);
    if (call)
        rpc_call_send_end(call);
    call = begin(ch, "/t.T/Talk", (struct rpc_call_opts){0}, &asks[2]);
    if (call)
        send_next(call, &asks[2]);
    call = begin(ch, "/t.T/Talk", (struct rpc_call_opts){.gzip = true}, &asks[3]);
    if (call)
        send_next(call, &asks[3]);
    call = begin(ch, "/t.T/Flaky", (struct rpc_call_opts){.unary_response = true}, &asks[4]);
    send_all(call, &asks[4]);
    call = begin(ch, "/t.T/Raw", (struct rpc_call_opts){.raw = true}, &asks[5]);
    if (call && rpc_call_send_raw(call, "\0\0\0\0\2hi", 7, NULL) < 0)
        rpc_call_cancel(call, RPC_RESOURCE_EXHAUSTED, NULL);
    if (call)
        rpc_call_send_end(call);
}

/* ---- both ---- */

struct ends {
    struct world w;
    struct rpc_tls *server, *client;
};

static int make_tls(struct ends *e)
{
    struct rpc_tls_opts server = {
        .is_server = true, .cert_pem = server_id.cert_pem, .key_pem = server_id.key_pem};
    struct rpc_tls_opts client = {.ca_pem = ca.cert_pem};

    return rpc_tls_new(&e->server, &server, NULL) < 0 ? -1 : rpc_tls_new(&e->client, &client, NULL);
}

static int connect_both(struct ends *e, bool is_tls)
{
    struct rpc_channel_opts opts = {.backoff_first_ms = 5, .service_config = &retries};
    struct rpc_server_opts server = {.max_connections_per_peer = 10};
    struct rpc_listen_opts listen = {0};
    struct rpc_server *s;
    char address[128];

    if (is_tls && make_tls(e) < 0)
        return -1;
    listen.tls = e->server;
    opts.tls = e->client;
    if (rpc_server_new(&e->w.server, e->w.loop, &server, NULL) < 0)
        return -1;
    s = e->w.server;
    rpc_server_handle_rest_raw(s, on_rest, NULL);
    if (rpc_server_handle(s, "/t.T/Collect", on_collect, NULL, NULL) < 0 ||
        rpc_server_handle(s, "/t.T/List", on_list, NULL, NULL) < 0 ||
        rpc_server_handle(s, "/t.T/Talk", on_talk, NULL, NULL) < 0 ||
        rpc_server_handle(s, "/t.T/Flaky", on_flaky, NULL, NULL) < 0 ||
        rpc_server_listen(s, "127.0.0.1:0", &listen, address, NULL) < 0)
        return -1;
    return rpc_channel_new(&e->w.channel, e->w.loop, address, &opts, NULL);
}

static bool run(int variant)
{
    struct ends e = {0};
    struct seen seen = {0};
    struct ask asks[CALLS];
    struct err err;

    for (int i = 0; i < CALLS; i++)
        asks[i] = (struct ask){.seen = &seen, .n_left = i == 1 ? 0 : MESSAGES};
    asks[4].n_left = 1;
    n_flaky = 0;
    assert_int_equal(loop_new(&e.w.loop, &err), 0);
    oom.is_on = true;
    if (connect_both(&e, variant == TLS) == 0)
        begin_calls(e.w.channel, asks);
    oom_wait(e.w.loop, &seen.n_started, &seen.n_done);
    rpc_channel_free(e.w.channel);
    rpc_server_free(e.w.server);
    rpc_tls_free(e.client);
    rpc_tls_free(e.server);
    oom.is_on = false;
    loop_free(e.w.loop);
    return seen.n_started == CALLS && seen.n_ok == CALLS;
}

static void test_plain(void **state)
{
    (void)state;
    oom_sweep(false, run, PLAIN);
    oom_sweep(true, run, PLAIN);
}

static void test_tls(void **state)
{
    (void)state;
    oom_sweep(false, run, TLS);
    oom_sweep(true, run, TLS);
}

static int set_up(void **state)
{
    struct rpc_method_config m = {.retry = {.max_attempts = 3,
                                            .initial_backoff_ms = 1,
                                            .max_backoff_ms = 2,
                                            .multiplier_milli = 1000,
                                            .codes = 1u << RPC_UNAVAILABLE}};

    (void)state;
    make_identity(&ca, "test ca", NULL, NULL, 3600);
    make_identity(&server_id, "server", "IP:127.0.0.1", &ca, 3600);
    rpc_service_config_init(&retries);
    return rpc_service_config_add(&retries, "t.T", "Flaky", &m, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    rpc_service_config_done(&retries);
    EVP_PKEY_free(ca.key);
    EVP_PKEY_free(server_id.key);
    X509_free(ca.cert);
    X509_free(server_id.cert);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain), cmocka_unit_test(test_tls)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
