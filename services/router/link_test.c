/* The router as it runs on Kubernetes: no node, clients over TCP with a token, the controller over
 * TLS with another; and the files that these are in. */
#include "services/router/scene.h"

#include <openssl/pem.h>

#include "lib/base/fd.h"
#include "lib/rpc/tls_test_util.h"
#include "services/router/token.h"

struct cluster {
    struct scene s;
    struct identity ca, cert;
    struct rpc_tls *tls;
    char ca_file[80], own_token[80], clients_token[80], endpoint[140];
    char asked_with[128]; /* the authorization of the controller's last call */
};

static void write_file(const char *path, const char *text)
{
    struct err err;

    assert_int_equal(fd_write_file_atomic(AT_FDCWD, path, text, strlen(text), 0600, false, &err),
                     0);
}

static int on_controller_call(struct rpc_call *call, void *user, struct err *err)
{
    struct cluster *c = user;
    const char *value = rpc_metadata_get(rpc_call_headers(call), "authorization");

    (void)err;
    (void)snprintf(c->asked_with, sizeof(c->asked_with), "%s", value ? value : "");
    return 0;
}

/* Replaces the fake's server, which listens on a unix socket, by one on TCP with TLS. */
static void controller_up(struct cluster *c)
{
    const struct rpc_tls_opts tls = {
        .is_server = true, .cert_pem = c->cert.cert_pem, .key_pem = c->cert.key_pem};
    struct rpc_listen_opts listen = {0};
    char address[128];
    struct err err;

    assert_int_equal(rpc_tls_new(&c->tls, &tls, &err), 0);
    listen.tls = c->tls;
    c->s.controller.on_call = on_controller_call;
    c->s.controller.on_call_user = c;
    fake_controller_up(&c->s.controller, c->s.w.loop, c->s.routes);
    assert_int_equal(
        rpc_server_listen(c->s.controller.server, "127.0.0.1:0", &listen, address, &err), 0);
    (void)snprintf(c->s.target, sizeof(c->s.target), "ipv4:%.60s", address);
}

static void agent_up(struct cluster *c)
{
    struct fake_route pod = web_1;
    char address[128];
    struct err err;

    fake_agent_up(&c->s.agent, c->s.w.loop);
    assert_int_equal(rpc_server_listen(c->s.agent.server, "127.0.0.1:0", NULL, address, &err), 0);
    (void)snprintf(c->endpoint, sizeof(c->endpoint), "ipv4:%s", address);
    pod.endpoint = c->endpoint;
    fake_controller_set(&c->s.controller, &pod);
}

static void up(struct cluster *c)
{
    struct scene *s = &c->s;
    struct router_opts opts = {.listen = "127.0.0.1:0",
                               .fds_path = "",
                               .controller_ca = c->ca_file,
                               .controller_token = c->own_token,
                               .token_file = c->clients_token};
    struct err err;

    memset(c, 0, sizeof(*c));
    scene_paths(s);
    make_identity(&c->ca, "test ca", NULL, NULL, 3600);
    make_identity(&c->cert, "controller", "IP:127.0.0.1", &c->ca, 3600);
    (void)snprintf(c->ca_file, sizeof(c->ca_file), "%s/ca", s->dir);
    (void)snprintf(c->own_token, sizeof(c->own_token), "%s/own", s->dir);
    (void)snprintf(c->clients_token, sizeof(c->clients_token), "%s/clients", s->dir);
    write_file(c->ca_file, c->ca.cert_pem);
    write_file(c->own_token, "of-the-router\n");
    write_file(c->clients_token, "  of-its-clients\n");
    assert_int_equal(loop_new(&s->w.loop, &err), 0);
    controller_up(c);
    agent_up(c);
    opts.controller = s->target;
    if (router_new(&s->router, s->w.loop, &opts, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(router_start(s->router, &err), 0);
    assert_int_equal(
        rpc_channel_new(&s->w.channel, s->w.loop, router_address(s->router), NULL, &err), 0);
    UNTIL(s, s->controller.n_watches > 0);
}

static void identity_done(struct identity *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->cert);
}

static void down(struct cluster *c)
{
    (void)unlink(c->ca_file);
    (void)unlink(c->own_token);
    (void)unlink(c->clients_token);
    identity_done(&c->ca);
    identity_done(&c->cert);
    scene_down(&c->s);
    rpc_tls_free(c->tls);
}

static void call(struct cluster *c, struct talk *t, const char *authorization)
{
    struct rpc_metadata md;
    struct arena arena;
    const struct rpc_call_opts opts = {.metadata = &md};
    struct err err;

    *t = (struct talk){.reads_on = true};
    arena_init(&arena, LIMIT_RPC_METADATA);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add_str(&md, "x-sandbox-id", "web-1", &err), 0);
    assert_int_equal(rpc_metadata_add_str(&md, "x-own", "kept", &err), 0);
    if (authorization)
        assert_int_equal(rpc_metadata_add_str(&md, "authorization", authorization, &err), 0);
    talk_start(&c->s.w, t, SEEN, &opts);
    rpc_call_read(t->call);
    rpc_call_send_end(t->call);
    UNTIL(&c->s, t->n_done);
    arena_done(&arena);
}

static void test_tokens_on_both_sides(void **state)
{
    static const char *const bad[] = {NULL,
                                      "Bearer x",
                                      "Bearer of-its-clientsx",
                                      "Bearer",
                                      "of-its-clients",
                                      "Basic of-its-clients",
                                      "Bearer of-the-router"};
    struct cluster c;
    struct talk t;

    (void)state;
    up(&c);
    assert_string_equal(c.asked_with, "Bearer of-the-router");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        call(&c, &t, bad[i]);
        assert_int_equal(t.code, RPC_UNAUTHENTICATED);
        assert_string_equal(t.reason, "Unauthenticated");
    }
    assert_int_equal(c.s.agent.n_calls, 0);
    call(&c, &t, "Bearer of-its-clients");
    assert_int_equal(t.code, RPC_OK);
    assert_non_null(strstr(t.last, "x-own"));
    assert_null(strstr(t.last, "authorization")); /* a sandbox does not learn it */
    assert_null(strstr(t.last, "of-its-clients"));
    down(&c);
}

static void test_another_controller_gets_no_token(void **state)
{
    struct router_opts opts = {.listen = "127.0.0.1:0", .fds_path = ""};
    struct identity other;
    struct cluster c;
    struct err err;

    (void)state;
    up(&c);
    rpc_channel_free(TAKE_PTR(c.s.w.channel));
    router_free(TAKE_PTR(c.s.router));
    c.asked_with[0] = '\0';
    opts.controller = c.s.target;
    opts.controller_ca = c.ca_file;
    opts.controller_token = c.own_token;
    make_identity(&other, "another ca", NULL, NULL, 3600);
    write_file(c.ca_file, other.cert_pem);
    assert_int_equal(router_new(&c.s.router, c.s.w.loop, &opts, &err), 0);
    assert_int_equal(router_start(c.s.router, &err), 0);
    run_for(&c.s.w, 300);
    assert_string_equal(c.asked_with, "");
    identity_done(&other);
    router_free(TAKE_PTR(c.s.router));
    write_file(c.ca_file, "no certificate");
    assert_int_equal(router_new(&c.s.router, c.s.w.loop, &opts, &err), -1);
    assert_string_equal(err.reason, "BadTlsConfig");
    write_file(c.ca_file, c.ca.cert_pem);
    write_file(c.own_token, " \n");
    assert_int_equal(router_new(&c.s.router, c.s.w.loop, &opts, &err), -1);
    assert_string_equal(err.reason, "BadToken");
    down(&c);
}

static void test_token_files(void **state)
{
    struct token t = {0};
    struct err err;
    char path[] = "/tmp/router-token.XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(token_init(&t, "/nonexistent/token", 0, &err), -1);
    write_file(path, "two\nlines");
    assert_int_equal(token_init(&t, path, 0, &err), -1);
    assert_string_equal(err.reason, "BadToken");
    write_file(path, "\r\nfirst \n");
    assert_int_equal(token_init(&t, path, 0, &err), 0);
    write_file(path, "second");
    assert_string_equal(token_text(&t, TOKEN_KEEP_MS - 1), "first");
    assert_string_equal(token_text(&t, TOKEN_KEEP_MS), "second");
    (void)unlink(path);
    assert_string_equal(token_text(&t, 2 * TOKEN_KEEP_MS), "second"); /* better than none */
    assert_true(token_is(&t, "bearer  second", 2 * TOKEN_KEEP_MS));
    assert_false(token_is(&t, "bearer secon", 2 * TOKEN_KEEP_MS));
    assert_false(token_is(&t, NULL, 2 * TOKEN_KEEP_MS));
    token_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_on_both_sides),
        cmocka_unit_test(test_another_controller_gets_no_token),
        cmocka_unit_test(test_token_files),
    };

    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
