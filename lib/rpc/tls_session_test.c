/* Session resumption, reloading, SPIFFE IDs and the key log. */
#include "lib/rpc/tls_test_util.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/alloc_sweep.h"
#include "lib/rpc/spiffe.h"

/* ---- time that passes at once ---- */

static uint64_t skipped_ms;

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    int r = __real_clock_gettime(clock, ret);

    ret->tv_sec += (time_t)(skipped_ms / 1000);
    return r;
}

/* ---- identities ---- */

static struct identity ca, other_ca, one, two, brief, router, agent, foreign, doubled;

static int make_all(void **state)
{
    (void)state;
    make_identity(&ca, "test ca", NULL, NULL, 3600);
    make_identity(&other_ca, "other ca", NULL, NULL, 3600);
    make_identity(&one, "server one", "DNS:localhost,IP:127.0.0.1", &ca, 3600);
    make_identity(&two, "server two", "DNS:localhost,IP:127.0.0.1", &ca, 3600);
    make_identity(&router, "router", "URI:spiffe://box.test/sa/router", &ca, 3600);
    make_identity(&agent, "agent", "URI:spiffe://box.test/sa/agent", &ca, 3600);
    make_identity(&foreign, "foreign", "URI:spiffe://box.test.evil/sa/router", &ca, 3600);
    make_identity(&doubled, "doubled", "URI:spiffe://box.test/sa/router,URI:spiffe://box.test/b",
                  &ca, 3600);
    return 0;
}

static int free_all(void **state)
{
    struct identity *all[] = {&ca,     &other_ca, &one,     &two,    &brief,
                              &router, &agent,    &foreign, &doubled};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        X509_free(all[i]->cert);
        EVP_PKEY_free(all[i]->key);
    }
    return 0;
}

static struct rpc_tls_opts opts_of(const struct identity *id, bool is_server)
{
    return (struct rpc_tls_opts){.is_server = is_server,
                                 .cert_pem = id ? id->cert_pem : NULL,
                                 .key_pem = id ? id->key_pem : NULL,
                                 .ca_pem = is_server ? NULL : ca.cert_pem};
}

/* What one call saw of its connection, on both sides. */
struct sight {
    bool client_resumed, server_resumed;
    char version[16], server_name[64], client_name[64], client_spiffe[64], server_spiffe[64];
    int code;
    char message[256];
};

static void copy(char *to, size_t n, const char *from)
{
    (void)snprintf(to, n, "%s", from ? from : "");
}

/* One call on a new connection to the server, by the client's rpc_tls. */
static struct sight visit(struct secure *s)
{
    struct rpc_channel_opts opts = {.tls = s->client, .backoff_first_ms = 60000};
    const struct rpc_peer *peer;
    struct sight got = {0};
    struct err err;

    rpc_channel_free(s->w.channel);
    assert_int_equal(rpc_channel_new(&s->w.channel, s->w.loop, s->address, &opts, &err), 0);
    s->client_talk = (struct talk){.reads_on = true};
    s->server_talk = (struct talk){.reads_on = true, .echoes = true};
    talk_start(&s->w, &s->client_talk, "/t.T/Echo", NULL);
    assert_true(rpc_call_send(s->client_talk.call, "x", 1, &err) >= 0);
    rpc_call_read(s->client_talk.call);
    RUN_WHILE(&s->w, !s->client_talk.n_messages && !s->client_talk.n_done);
    got.code = s->client_talk.code;
    copy(got.message, sizeof(got.message), s->client_talk.message);
    if (s->client_talk.n_done)
        return got;
    peer = rpc_call_peer(s->client_talk.call);
    got.client_resumed = peer->is_resumed;
    copy(got.version, sizeof(got.version), peer->tls_version);
    copy(got.server_name, sizeof(got.server_name), peer->tls_name);
    copy(got.server_spiffe, sizeof(got.server_spiffe), peer->spiffe_id);
    assert_non_null(peer->tls_cipher);
    peer = rpc_call_peer(s->server_talk.call);
    got.server_resumed = peer->is_resumed;
    copy(got.client_name, sizeof(got.client_name), peer->tls_name);
    copy(got.client_spiffe, sizeof(got.client_spiffe), peer->spiffe_id);
    rpc_call_send_end(s->client_talk.call);
    run_until(&s->w, &s->client_talk.n_done, 1);
    assert_int_equal(s->client_talk.code, RPC_OK);
    return got;
}

static void resumes(struct secure *s, bool wanted)
{
    struct sight got = visit(s);

    assert_int_equal(got.code, RPC_OK);
    assert_int_equal(got.client_resumed, wanted);
    assert_int_equal(got.server_resumed, wanted);
}

/* ---- resumption ---- */

static void tls13(void **state)
{
    struct rpc_tls_opts server = opts_of(&one, true), client = opts_of(NULL, false);
    struct sight got;
    struct secure s;

    (void)state;
    secure_up(&s, &server, &client);
    resumes(&s, false);
    for (int i = 0; i < 4; i++)
        resumes(&s, true); /* each one by the ticket of the one before */
    got = visit(&s);
    assert_string_equal(got.version, "TLSv1.3");
    assert_string_equal(got.server_name, "CN=server one");
    secure_down(&s);
}

static void tls12(void **state)
{
    struct rpc_tls_opts server = opts_of(&one, true), client = opts_of(NULL, false);
    struct sight got;
    struct secure s;

    (void)state;
    server.allow_tls12 = client.only_tls12 = true;
    secure_up(&s, &server, &client);
    resumes(&s, false);
    resumes(&s, true);
    got = visit(&s);
    assert_string_equal(got.version, "TLSv1.2");
    assert_true(got.client_resumed);
    secure_down(&s);
}

static void switched_off(void **state)
{
    struct rpc_tls_opts server = opts_of(&one, true), client = opts_of(NULL, false);
    struct secure s;

    (void)state;
    for (int side = 0; side < 4; side++) {
        server.allow_tls12 = true;
        client.only_tls12 = side >= 2;
        server.no_resumption = side % 2 == 0;
        client.no_resumption = side % 2 == 1;
        secure_up(&s, &server, &client);
        resumes(&s, false);
        resumes(&s, false);
        secure_down(&s);
    }
}

static void clients_with_certificates(void **state)
{
    struct rpc_tls_opts server = opts_of(&one, true), client = opts_of(&two, false);
    struct sight got;
    struct secure s;

    (void)state;
    server.ca_pem = ca.cert_pem;
    secure_up(&s, &server, &client);
    resumes(&s, false);
    got = visit(&s);
    assert_true(got.server_resumed);
    assert_string_equal(got.client_name, "CN=server two");
    secure_down(&s);
}

/* The key changes by the hour; the one before is honoured for one more. */
static void keys_change(void **state)
{
    const uint64_t hour_ms = 60 * 60 * 1000;
    struct rpc_tls_opts server = opts_of(&one, true), client = opts_of(NULL, false);
    struct secure s;

    (void)state;
    secure_up(&s, &server, &client);
    resumes(&s, false);
    skipped_ms += hour_ms + 1000;
    resumes(&s, true); /* under the key before */
    resumes(&s, true); /* under the new one    */
    skipped_ms += 3 * hour_ms;
    resumes(&s, false);
    resumes(&s, true);
    secure_down(&s);
    skipped_ms = 0;
}

static void by_target(void **state)
{
    struct rpc_tls_opts server = opts_of(&one, true), client = opts_of(NULL, false);
    struct secure s, t;
    struct err err;

    (void)state;
    secure_up(&s, &server, &client);
    secure_up(&t, &server, NULL);
    assert_int_equal(rpc_tls_new(&t.client, &client, &err), 0);
    rpc_tls_free(t.client);
    t.client = s.client; /* one client of two servers */
    resumes(&s, false);
    resumes(&t, false);
    resumes(&t, true);
    resumes(&s, true);
    t.client = NULL;
    secure_down(&t);
    secure_down(&s);
}

/* ---- certificates that change ---- */

static void reload(void **state)
{
    struct rpc_tls_opts server = opts_of(&one, true), client = opts_of(NULL, false);
    struct rpc_tls_opts next = opts_of(&two, true);
    struct rpc_channel_opts opts = {0};
    struct rpc_channel *open_channel;
    struct talk open_talk = {.reads_on = true}, open_server = {.reads_on = true, .echoes = true};
    struct secure s;
    struct sight got;
    struct err err;

    (void)state;
    secure_up(&s, &server, &client);
    assert_int_equal(rpc_server_handle(s.w.server, "/t.T/Long", talk_handler, &open_server, &err),
                     0);
    resumes(&s, false);
    resumes(&s, true);
    opts.tls = s.client;
    assert_int_equal(rpc_channel_new(&open_channel, s.w.loop, s.address, &opts, &err), 0);
    assert_int_equal(rpc_channel_call(open_channel, "/t.T/Long", NULL, &talk_ops, &open_talk,
                                      &open_talk.call, &err),
                     0);
    rpc_call_read(open_talk.call);
    assert_int_equal(rpc_call_send(open_talk.call, "a", 1, &err), 0);
    run_until(&s.w, &open_talk.n_messages, 1);

    assert_int_equal(rpc_tls_reload(s.server, &next, &err), 0);
    got = visit(&s);
    assert_false(got.client_resumed || got.server_resumed); /* not by a ticket of the old one */
    assert_string_equal(got.server_name, "CN=server two");
    resumes(&s, true);
    assert_int_equal(rpc_call_send(open_talk.call, "b", 1, &err), 0); /* lives on */
    run_until(&s.w, &open_talk.n_messages, 2);
    assert_string_equal(rpc_call_peer(open_talk.call)->tls_name, "CN=server one");

    assert_int_equal(rpc_tls_reload(s.client, &client, &err), 0);
    resumes(&s, false);
    rpc_call_send_end(open_talk.call);
    run_until(&s.w, &open_talk.n_done, 1);
    assert_int_equal(open_talk.code, RPC_OK);
    rpc_channel_free(open_channel);
    secure_down(&s);
}

/* A session does not outlive the certificate it was made with. */
static void expiry(void **state)
{
    struct rpc_tls_opts server = opts_of(&brief, true), client = opts_of(NULL, false);
    struct sight got = {0};
    struct secure s;

    (void)state;
    make_identity(&brief, "server brief", "IP:127.0.0.1", &ca, 2);
    secure_up(&s, &server, &client);
    resumes(&s, false);
    resumes(&s, true);
    run_for(&s.w, 3100);
    got = visit(&s);
    assert_int_equal(got.code, RPC_UNAVAILABLE);
    assert_non_null(strstr(got.message, "expired"));
    secure_down(&s);
}

/* ---- SPIFFE ---- */

static void check_spiffe(const struct identity *server, const struct identity *client,
                         const char *const *of_server, const char *const *of_client,
                         const char *why)
{
    struct rpc_tls_opts server_opts = opts_of(server, true), client_opts = opts_of(client, false);
    struct sight got;
    struct secure s;

    server_opts.ca_pem = ca.cert_pem;
    server_opts.spiffe_ids = of_client; /* what it wants of clients */
    client_opts.spiffe_ids = of_server;
    secure_up(&s, &server_opts, &client_opts);
    got = visit(&s);
    if (!why) {
        assert_string_equal(got.message, "");
        assert_int_equal(got.code, RPC_OK);
        assert_string_equal(got.server_spiffe, "spiffe://box.test/sa/agent");
        assert_string_equal(got.client_spiffe, "spiffe://box.test/sa/router");
        got = visit(&s);
        assert_true(got.client_resumed);
        assert_string_equal(got.client_spiffe, "spiffe://box.test/sa/router");
    } else {
        assert_int_equal(got.code, RPC_UNAVAILABLE);
        if (!strstr(got.message, why))
            fail_msg("want \"%s\", it says \"%s\"", why, got.message);
        assert_int_equal(s.server_talk.n_messages, 0);
    }
    secure_down(&s);
}

#define IDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void spiffe(void **state)
{
    const char *const *the_agent = IDS("spiffe://box.test/sa/agent");
    const char *const *the_router = IDS("spiffe://other.test", "spiffe://box.test/sa/router");
    const char *const *domain = IDS("spiffe://box.test");

    (void)state;
    check_spiffe(&agent, &router, the_agent, the_router, NULL);
    check_spiffe(&agent, &router, domain, domain, NULL);
    check_spiffe(&router, &router, the_agent, the_router,
                 "the peer is spiffe://box.test/sa/router, which is none");
    check_spiffe(&agent, &agent, the_agent, the_router, "alert");
    check_spiffe(&agent, &foreign, domain, domain, "alert");
    check_spiffe(&foreign, &router, domain, domain, "spiffe://box.test.evil/sa/router");
    check_spiffe(&doubled, &router, domain, domain, "has no SPIFFE ID");
    check_spiffe(&one, &router, domain, domain, "has no SPIFFE ID");
    check_spiffe(&agent, &doubled, domain, domain, "alert");
    /* the name is checked when there is no ID to check */
    check_spiffe(&agent, &router, NULL, domain, "mismatch");
}

static void spiffe_text(void **state)
{
    static const char *const good[] = {"spiffe://a", "spiffe://a.b-c_1", "spiffe://a/b/C.d-_9",
                                       "spiffe://a/..."};
    static const char *const bad[] = {"",
                                      "spiffe://",
                                      "spiffe:///a",
                                      "SPIFFE://a",
                                      "spiffe://A",
                                      "http://a",
                                      "spiffe://a/",
                                      "spiffe://a//b",
                                      "spiffe://a/./b",
                                      "spiffe://a/../b",
                                      "spiffe://a/b?c",
                                      "spiffe://a/b#c",
                                      "spiffe://a:80/b",
                                      "spiffe://u@a/b",
                                      "spiffe://a/%41",
                                      "spiffe://a/b c",
                                      "spiffe://a\\b"};
    char text[RPC_SPIFFE_MAX + 2] = "spiffe://a/";

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(rpc_spiffe_is_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (rpc_spiffe_is_valid(bad[i], strlen(bad[i])))
            fail_msg("taken: %s", bad[i]);
    memset(text + 11, 'x', sizeof(text) - 12);
    assert_true(rpc_spiffe_is_valid(text, RPC_SPIFFE_MAX));
    assert_false(rpc_spiffe_is_valid(text, RPC_SPIFFE_MAX + 1));
    memset(text + 9, 'x', 300);
    assert_true(rpc_spiffe_is_valid(text, 9 + RPC_SPIFFE_DOMAIN_MAX));
    assert_false(rpc_spiffe_is_valid(text, 9 + RPC_SPIFFE_DOMAIN_MAX + 1));
    assert_false(rpc_spiffe_is_valid("spiffe://a\0b", 12));
    assert_true(rpc_spiffe_matches("spiffe://a", "spiffe://a/b"));
    assert_true(rpc_spiffe_matches("spiffe://a", "spiffe://a"));
    assert_false(rpc_spiffe_matches("spiffe://a", "spiffe://ab/b"));
    assert_false(rpc_spiffe_matches("spiffe://a", "spiffe://a.b/b"));
    assert_false(rpc_spiffe_matches("spiffe://a/b", "spiffe://a/b/c"));
    assert_false(rpc_spiffe_matches("spiffe://a/b", "spiffe://a"));
}

static void refused_options(void **state)
{
    struct rpc_tls_opts wrong = opts_of(NULL, false), unverified = opts_of(NULL, false);
    struct rpc_tls_opts no_ca = opts_of(&one, true);
    const struct rpc_tls_opts *all[] = {&wrong, &unverified, &no_ca};
    struct rpc_tls *tls;
    struct err err;

    (void)state;
    wrong.spiffe_ids = IDS("spiffe://Box.Test/a");
    unverified.spiffe_ids = no_ca.spiffe_ids = IDS("spiffe://box.test");
    unverified.skip_verify = true;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        assert_true(rpc_tls_new(&tls, all[i], &err) < 0);
        assert_string_equal(err.reason, "BadTlsConfig");
        assert_non_null(strstr(err.msg, "SPIFFE"));
    }
}

/* ---- the key log ---- */

static void key_log(void **state)
{
    char dir[] = "/tmp/rpc-keylog-XXXXXX", path[64], link[64], text[8192] = "";
    struct rpc_tls_opts server = opts_of(&one, true), client = opts_of(NULL, false);
    struct rpc_tls *tls;
    struct stat st;
    struct secure s;
    struct err err;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/keys", dir);
    (void)snprintf(link, sizeof(link), "%s/link", dir);
    client.key_log_file = path;
    secure_up(&s, &server, &client);
    resumes(&s, false);
    secure_down(&s);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    (void)close(fd);
    assert_non_null(strstr(text, "CLIENT_TRAFFIC_SECRET_0 "));
    assert_int_equal(text[strlen(text) - 1], '\n');

    assert_int_equal(symlink(path, link), 0);
    client.key_log_file = link;
    assert_true(rpc_tls_new(&tls, &client, &err) < 0);
    assert_int_equal(chmod(path, 0640), 0);
    client.key_log_file = path;
    assert_true(rpc_tls_new(&tls, &client, &err) < 0);
    assert_string_equal(err.reason, "BadTlsConfig");
    (void)unlink(link);
    (void)unlink(path);
    (void)rmdir(dir);
}

/* ---- no memory ---- */

static int try_calls(struct secure *s, struct err *err)
{
    const char *const *domain = IDS("spiffe://box.test", "spiffe://other.test");
    struct rpc_tls_opts server = opts_of(&agent, true), client = opts_of(&router, false);
    struct rpc_listen_opts listen = {0};

    server.ca_pem = ca.cert_pem;
    server.spiffe_ids = client.spiffe_ids = domain;
    if (rpc_tls_new(&s->server, &server, err) < 0 || rpc_tls_new(&s->client, &client, err) < 0 ||
        rpc_server_new(&s->w.server, s->w.loop, NULL, err) < 0)
        return -1;
    listen.tls = s->server;
    s->w.channel_opts.tls = s->client;
    if (rpc_server_listen(s->w.server, "127.0.0.1:0", &listen, s->address, err) < 0)
        return -1;
    for (int i = 0; i < 2; i++) { /* the second one resumes */
        s->client_talk = (struct talk){0};
        rpc_channel_free(s->w.channel);
        s->w.channel = NULL;
        if (rpc_channel_new(&s->w.channel, s->w.loop, s->address, &s->w.channel_opts, err) < 0 ||
            rpc_channel_call(s->w.channel, "/t.T/None", NULL, &talk_ops, &s->client_talk,
                             &s->client_talk.call, err) < 0)
            return -1;
        run_until(&s->w, &s->client_talk.n_done, 1);
        if (s->client_talk.code != RPC_UNIMPLEMENTED)
            return err_oom(err);
    }
    return 0;
}

static int two_calls(void *user, struct err *err)
{
    struct secure s = {0};
    int r;

    (void)user;
    alloc_sweep_pause();
    assert_int_equal(loop_new(&s.w.loop, err), 0);
    alloc_sweep_resume();
    r = try_calls(&s, err);
    alloc_sweep_pause();
    secure_down(&s);
    alloc_sweep_resume();
    return r;
}

static void no_memory(void **state)
{
    (void)state;
    alloc_sweep(two_calls, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls13),           cmocka_unit_test(tls12),
        cmocka_unit_test(switched_off),    cmocka_unit_test(clients_with_certificates),
        cmocka_unit_test(keys_change),     cmocka_unit_test(by_target),
        cmocka_unit_test(reload),          cmocka_unit_test(expiry),
        cmocka_unit_test(spiffe),          cmocka_unit_test(spiffe_text),
        cmocka_unit_test(refused_options), cmocka_unit_test(key_log),
        cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, make_all, free_all);
}
