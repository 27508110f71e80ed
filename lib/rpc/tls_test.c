/* TLS between our client and our server, with certificates made here. */
#include "lib/rpc/tls_test_util.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/limits.h"
#include "lib/rpc/address.h"

static struct identity ca, server_id, client_id, stranger_ca, stranger, expired;

static int make_all(void **state)
{
    (void)state;
    make_identity(&ca, "test ca", NULL, NULL, 3600);
    make_identity(&server_id, "server", "DNS:localhost,DNS:box.test,IP:127.0.0.1", &ca, 3600);
    make_identity(&client_id, "client one", NULL, &ca, 3600);
    make_identity(&stranger_ca, "other ca", NULL, NULL, 3600);
    make_identity(&stranger, "stranger", "DNS:localhost", &stranger_ca, 3600);
    make_identity(&expired, "old", "DNS:localhost", &ca, -3600);
    return 0;
}

static int free_all(void **state)
{
    struct identity *all[] = {&ca, &server_id, &client_id, &stranger_ca, &stranger, &expired};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        X509_free(all[i]->cert);
        EVP_PKEY_free(all[i]->key);
    }
    return 0;
}

static struct rpc_tls_opts server_opts(void)
{
    return (struct rpc_tls_opts){
        .is_server = true, .cert_pem = server_id.cert_pem, .key_pem = server_id.key_pem};
}

static struct rpc_tls_opts client_opts(void)
{
    return (struct rpc_tls_opts){.ca_pem = ca.cert_pem};
}

/* One echo of a message, large and small. */
static void check_echo(struct secure *s, size_t n)
{
    uint8_t *data = calloc(1, n + 1);
    struct err err;

    s->client_talk = (struct talk){.reads_on = true};
    s->server_talk = (struct talk){.reads_on = true, .echoes = true};
    talk_start(&s->w, &s->client_talk, "/t.T/Echo", NULL);
    assert_true(rpc_call_send(s->client_talk.call, data, n, &err) >= 0);
    rpc_call_send_end(s->client_talk.call);
    rpc_call_read(s->client_talk.call);
    run_until(&s->w, &s->client_talk.n_done, 1);
    assert_string_equal(s->client_talk.message, "");
    assert_int_equal(s->client_talk.code, 0);
    assert_int_equal(s->client_talk.n_bytes, n);
    free(data);
}

static void test_echo(void **state)
{
    struct rpc_tls_opts server = server_opts(), client = client_opts();
    struct secure s;

    (void)state;
    secure_up(&s, &server, &client);
    check_echo(&s, 5);
    check_echo(&s, 0);
    check_echo(&s, LIMIT_RPC_MESSAGE);
    secure_down(&s);
}

static void check_refused(const struct rpc_tls_opts *server, const struct rpc_tls_opts *client,
                          const char *why)
{
    struct secure s;

    secure_up(&s, server, client);
    talk_start(&s.w, &s.client_talk, "/t.T/Echo", NULL);
    run_until(&s.w, &s.client_talk.n_done, 1);
    assert_int_equal(s.client_talk.code, RPC_UNAVAILABLE);
    if (!strstr(s.client_talk.message, why))
        fail_msg("want \"%s\", it says \"%s\"", why, s.client_talk.message);
    assert_int_equal(s.server_talk.n_messages, 0);
    secure_down(&s);
}

static void test_verify(void **state)
{
    struct rpc_tls_opts server = server_opts(), client = client_opts();
    struct secure s;

    (void)state;
    client.ca_pem = stranger_ca.cert_pem;
    check_refused(&server, &client, "certificate");
    client = client_opts();
    client.server_name = "elsewhere.test";
    check_refused(&server, &client, "hostname mismatch");
    client.server_name = "127.0.0.2";
    check_refused(&server, &client, "IP address mismatch");
    client = client_opts();
    server.cert_pem = expired.cert_pem;
    server.key_pem = expired.key_pem;
    client.server_name = "localhost";
    check_refused(&server, &client, "expired");
    check_refused(&server, NULL, "connecting to"); /* plain HTTP/2 to a TLS port */

    server = server_opts();
    client.server_name = "box.test";
    secure_up(&s, &server, &client);
    check_echo(&s, 1);
    secure_down(&s);
    client = (struct rpc_tls_opts){.ca_pem = stranger_ca.cert_pem, .skip_verify = true};
    secure_up(&s, &server, &client);
    check_echo(&s, 1);
    secure_down(&s);
}

/* A certificate that no authority signed, that has run out and names somebody else. */
static void test_pinned(void **state)
{
    struct rpc_tls_opts server = server_opts(), client = {0};
    struct secure s;
    struct err err;
    char sha256[65];

    (void)state;
    server.cert_pem = expired.cert_pem;
    server.key_pem = expired.key_pem;
    client.peer_sha256 = sha256;
    memset(sha256, 'a', 64);
    sha256[64] = '\0';
    check_refused(&server, &client, "another certificate");
    secure_up(&s, &server, NULL);
    assert_int_equal(rpc_tls_fingerprint(s.server, sha256, &err), 0);
    secure_down(&s);
    client.server_name = "elsewhere.test";
    secure_up(&s, &server, &client);
    check_echo(&s, 1);
    assert_int_equal(rpc_tls_fingerprint(s.client, sha256, &err), -1);
    assert_string_equal(err.reason, "CertificateMissing");
    secure_down(&s);
    server = server_opts(); /* a good one, but another */
    check_refused(&server, &client, "another certificate");
    client.peer_sha256 = "ABCD";
    assert_int_equal(rpc_tls_new(&s.client, &client, &err), -1);
    assert_string_equal(err.reason, "BadTlsConfig");
}

static void test_mutual(void **state)
{
    struct rpc_tls_opts server = server_opts(), client = client_opts();
    struct secure s;
    struct err err;

    (void)state;
    server.ca_pem = ca.cert_pem;
    check_refused(&server, &client, "certificate required");
    client.cert_pem = stranger.cert_pem;
    client.key_pem = stranger.key_pem;
    check_refused(&server, &client, "unknown ca");
    client.cert_pem = client_id.cert_pem;
    client.key_pem = client_id.key_pem;
    secure_up(&s, &server, &client);
    talk_start(&s.w, &s.client_talk, "/t.T/Echo", NULL);
    assert_int_equal(rpc_call_send(s.client_talk.call, "x", 1, &err), 0);
    rpc_call_read(s.client_talk.call);
    run_until(&s.w, &s.client_talk.n_messages, 1);
    assert_true(rpc_call_peer(s.server_talk.call)->is_tls);
    assert_string_equal(rpc_call_peer(s.server_talk.call)->tls_name, "CN=client one");
    secure_down(&s);
}

/* What OpenSSL itself offers as a client, and what our server makes of it. */
static int bare_client(struct secure *s, int version, bool alpn)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    uint16_t port = (uint16_t)strtoul(strrchr(s->address, ':') + 1, NULL, 10);
    struct sockaddr_in sa = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r = -1;
    uint64_t end = clock_monotonic_ms() + 5000;
    SSL *ssl;

    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    SSL_CTX_set_max_proto_version(ctx, version);
    if (alpn)
        SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\2h2", 3);
    ssl = SSL_new(ctx);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    SSL_set_fd(ssl, fd);
    while (clock_monotonic_ms() < end) {
        r = SSL_connect(ssl);
        if (r == 1 || SSL_get_error(ssl, r) != SSL_ERROR_WANT_READ)
            break;
        (void)loop_turn(s->w.loop, false);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    (void)close(fd);
    run_for(&s->w, 5);
    return r;
}

static void test_versions(void **state)
{
    struct rpc_tls_opts server = server_opts(), client = client_opts();
    struct rpc_server_stats stats;
    struct secure s;

    (void)state;
    secure_up(&s, &server, &client);
    assert_true(bare_client(&s, TLS1_2_VERSION, true) != 1);
    assert_int_equal(bare_client(&s, TLS1_3_VERSION, true), 1);
    (void)bare_client(&s, TLS1_3_VERSION,
                      false); /* done by the client's book, closed by the server */
    RUN_WHILE(&s.w, (rpc_server_stats(s.w.server, &stats), stats.n_connections > 0));
    secure_down(&s);
    server.allow_tls12 = true;
    secure_up(&s, &server, &client);
    assert_int_equal(bare_client(&s, TLS1_2_VERSION, true), 1);
    assert_true(bare_client(&s, TLS1_1_VERSION, true) != 1);
    secure_down(&s);
}

static void test_config(void **state)
{
    struct rpc_tls_opts none = {.is_server = true},
                        file = {.is_server = true, .cert_file = "/nonexistent", .key_pem = ""};
    struct rpc_tls_opts mixed = server_opts(), bad = {.ca_pem = "no certificate"};
    const struct rpc_tls_opts *all[] = {&none, &file, &mixed, &bad};
    struct rpc_tls_opts good = server_opts();
    struct rpc_tls *tls;
    struct err err;

    (void)state;
    mixed.key_pem = client_id.key_pem;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        assert_true(rpc_tls_new(&tls, all[i], &err) < 0);
        assert_string_equal(err.reason, "BadTlsConfig");
    }
    assert_int_equal(rpc_tls_new(&tls, &good, &err), 0);
    assert_true(rpc_tls_reload(tls, &mixed, &err) < 0);
    assert_int_equal(rpc_tls_reload(tls, &good, &err), 0);
    rpc_tls_free(tls);
}

/* Slow handshakes: nothing, the head of a record, half a ClientHello. */
static void test_slow_handshake(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } cases[] = {
        {"", 0}, {"\x16\x03\x01", 3}, {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11}};
    const struct rpc_tls_opts tls = {
        .is_server = true, .cert_pem = server_id.cert_pem, .key_pem = server_id.key_pem};
    struct rpc_server_opts opts = {.handshake_ms = 30};
    struct rpc_listen_opts listen = {0};
    struct rpc_server_stats stats;
    struct world w = {0};
    struct rpc_tls *server;
    char address[128];
    struct err err;

    (void)state;
    assert_int_equal(rpc_tls_new(&server, &tls, &err), 0);
    listen.tls = server;
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&w.server, w.loop, &opts, &err), 0);
    assert_int_equal(rpc_server_listen(w.server, "127.0.0.1:0", &listen, address, &err), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct rpc_address a;

        assert_int_equal(rpc_address_parse(address, &a, &err), 0);
        assert_int_equal(connect(fd, &a.sa.any, a.n_sa), 0);
        if (cases[i].n)
            assert_int_equal(write(fd, cases[i].bytes, cases[i].n), cases[i].n);
        RUN_WHILE(&w, (rpc_server_stats(w.server, &stats), stats.n_connections == 0));
        RUN_WHILE(&w, (rpc_server_stats(w.server, &stats), stats.n_connections > 0));
        assert_int_equal(stats.guard.n[RPC_GUARD_SLOW_STARTS], i + 1);
        (void)close(fd);
    }
    world_down(&w);
    rpc_tls_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_handshake), cmocka_unit_test(test_echo),
        cmocka_unit_test(test_verify),         cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_mutual),         cmocka_unit_test(test_versions),
        cmocka_unit_test(test_config),
    };

    return cmocka_run_group_tests(tests, make_all, free_all);
}
