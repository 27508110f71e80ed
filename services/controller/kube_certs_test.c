/* Certificates: made, kept in a Secret, judged, rotated; and a TLS server that changes its own
 * while it runs, met by a client that trusts only the Secret's CA. */
#include "services/controller/kube_certs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/base/fd.h"
#include "lib/http/http1_listen.h"
#include "lib/http/http1_tls.h"
#include "lib/loop/loop.h"
#include "services/controller/kube_pem.h"

enum { DAY = 86400, NOW = 1790000000 };

static const struct kube_certs_names names = {"agent-sandbox-webhook-service",
                                              "agent-sandbox-system", "cluster.local"};

static X509 *cert_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(x);
    return x;
}

static void make(struct kube_certs *c, int64_t now_s)
{
    struct err err;

    if (kube_certs_make(c, &names, now_s, &err) < 0)
        fail_msg("%s", err.msg);
}

static json_t *secret_of(const struct kube_certs *c)
{
    json_t *data = kube_certs_data(c, NULL);

    return json_pack("{s:s, s:o}", "kind", "Secret", "data", data);
}

static void test_make(void **state)
{
    static const char *const hosts[] = {
        "agent-sandbox-webhook-service", "agent-sandbox-webhook-service.agent-sandbox-system",
        "agent-sandbox-webhook-service.agent-sandbox-system.svc",
        "agent-sandbox-webhook-service.agent-sandbox-system.svc.cluster.local"};
    struct kube_certs c, back;
    json_t *secret;
    X509 *ca, *cert;
    struct err err;

    (void)state;
    make(&c, NOW);
    ca = cert_of(c.ca_pem);
    cert = cert_of(c.cert_pem);
    assert_int_equal(X509_check_ca(ca), 1);
    assert_int_equal(X509_check_issued(ca, cert), X509_V_OK);
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
        assert_int_equal(X509_check_host(cert, hosts[i], 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "other.agent-sandbox-system.svc", 0, 0, NULL), 0);
    assert_int_equal(ASN1_INTEGER_get(X509_get0_serialNumber(ca)), 1);
    assert_int_equal(ASN1_INTEGER_get(X509_get0_serialNumber(cert)), 2);
    X509_free(ca);
    X509_free(cert);

    secret = secret_of(&c);
    assert_int_equal(kube_certs_read(&back, secret, &err), 0);
    assert_true(kube_certs_same(&c, &back));
    assert_int_equal(back.not_before_s, NOW - 3600);
    assert_int_equal(back.not_after_s, NOW + 365 * DAY);
    assert_int_equal(kube_certs_end(c.cert_pem), back.not_after_s);
    assert_int_equal(kube_certs_end("no certificate"), 0);
    json_decref(secret);
    kube_certs_done(&back);
    kube_certs_done(&c);
}

static void test_due(void **state)
{
    static const struct kube_certs_names other = {"other", "agent-sandbox-system", "cluster.local"};
    struct kube_certs c;

    (void)state;
    make(&c, NOW);
    assert_false(kube_certs_is_due(&c, &names, NOW));
    assert_false(kube_certs_is_due(&c, &names, NOW + 240 * DAY));
    assert_true(kube_certs_is_due(&c, &names, NOW + 250 * DAY));
    assert_true(kube_certs_is_due(&c, &names, NOW + 400 * DAY));
    assert_true(kube_certs_is_due(&c, &other, NOW));
    kube_certs_done(&c);
}

static size_t count_cas(const struct kube_certs *c)
{
    size_t n = 0;

    for (const char *p = c->ca_pem; (p = strstr(p, "BEGIN CERTIFICATE")); p++)
        n++;
    return n;
}

/* The bundle keeps CAs that may still be needed, once each, and never more than a few. */
static void test_bundle(void **state)
{
    struct kube_certs c, old;

    (void)state;
    make(&old, NOW);
    for (int i = 1; i < 8; i++) {
        make(&c, NOW + i);
        assert_int_equal(kube_certs_add_cas(&c, old.ca_pem, NOW + i, NULL), 0);
        assert_int_equal(kube_certs_add_cas(&c, old.ca_pem, NOW + i, NULL), 0);
        assert_int_equal(count_cas(&c), MIN(i + 1, 4));
        kube_certs_done(&old);
        old = c;
    }
    make(&c, NOW + 500 * DAY);
    assert_int_equal(kube_certs_add_cas(&c, old.ca_pem, NOW + 500 * DAY, NULL), 0);
    assert_int_equal(count_cas(&c), 1);
    kube_certs_done(&c);
    kube_certs_done(&old);
}

static void refuse(json_t *secret, const char *key, json_t *value)
{
    json_t *data = json_object_get(secret, "data");
    json_t *was = json_incref(json_object_get(data, key));
    struct kube_certs c;
    struct err err;

    if (value)
        assert_int_equal(json_object_set_new(data, key, value), 0);
    else
        (void)json_object_del(data, key);
    assert_int_equal(kube_certs_read(&c, secret, &err), -1);
    assert_string_equal(err.reason, "BadSecret");
    assert_non_null(strstr(err.msg, key));
    assert_int_equal(json_object_set_new(data, key, was), 0);
}

static void test_bad_secrets(void **state)
{
    static const char *const keys[] = {"ca.crt", "tls.crt", "tls.key"};
    struct kube_certs c, other;
    json_t *secret, *foreign;
    struct err err;

    (void)state;
    make(&c, NOW);
    make(&other, NOW);
    secret = secret_of(&c);
    foreign = secret_of(&other);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        refuse(secret, keys[i], NULL);
        refuse(secret, keys[i], json_string(""));
        refuse(secret, keys[i], json_string("not base64!"));
        refuse(secret, keys[i], json_string("aGVsbG8="));
        refuse(secret, keys[i], json_integer(3));
    }
    refuse(secret, "tls.key",
           json_incref(json_object_get(json_object_get(foreign, "data"), "tls.key")));
    assert_int_equal(
        kube_certs_make(&other, &(struct kube_certs_names){"no name", "n", "d"}, NOW, &err), -1);
    assert_string_equal(err.reason, "BadName");
    json_decref(secret);
    json_decref(foreign);
    kube_certs_done(&c);
    kube_certs_done(&other);
}

/* Under a passphrase: refused, and nobody is asked for it. */
static void test_locked_key(void **state)
{
    struct kube_certs c;
    json_t *secret;
    EVP_PKEY *key;
    char *text;
    BIO *bio;
    long n;

    (void)state;
    make(&c, NOW);
    bio = BIO_new_mem_buf(c.key_pem, -1);
    key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), (const uint8_t *)"word",
                                              4, NULL, NULL),
                     1);
    n = BIO_get_mem_data(bio, &text);
    free(c.key_pem);
    c.key_pem = strndup(text, (size_t)n);
    secret = secret_of(&c);
    refuse(secret, "tls.key",
           json_incref(json_object_get(json_object_get(secret, "data"), "tls.key")));
    json_decref(secret);
    BIO_free(bio);
    EVP_PKEY_free(key);
    kube_certs_done(&c);
}

/* ---- files ---- */

static void test_files(void **state)
{
    char root[] = "/tmp/asb-certs-XXXXXX", dir[64], link[64], path[100];
    struct kube_options o = {.cert_name = "tls.crt", .key_name = "tls.key"};
    struct kube_certs c, back;
    struct stat st;
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(root));
    (void)snprintf(dir, sizeof(dir), "%s/a/b", root);
    (void)snprintf(link, sizeof(link), "%s/link", root);
    make(&c, NOW);
    o.cert_dir = dir;
    assert_int_equal(kube_pem_write(&c, &o, &err), 0);
    assert_int_equal(kube_pem_read(&back, &o, &err), 0);
    assert_string_equal(back.key_pem, c.key_pem);
    kube_certs_done(&back);
    (void)snprintf(path, sizeof(path), "%s/tls.key", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    assert_int_equal(symlink(dir, link), 0); /* where somebody else wants it */
    o.cert_dir = link;
    assert_int_equal(kube_pem_write(&c, &o, &err), -1);
    o.cert_dir = dir;
    if (geteuid() == 0) {
        assert_int_equal(chown(dir, 12345, 12345), 0);
        assert_int_equal(kube_pem_write(&c, &o, &err), -1);
        assert_string_equal(err.reason, "FolderOfAnother");
    }
    kube_certs_done(&c);
    assert_int_equal(fd_rm_tree(AT_FDCWD, root, &err), 0);
}

/* ---- over TLS ---- */

static void answer(const struct http1_request *req, struct http1_reply *reply, void *user)
{
    (void)user;
    assert_int_equal(buf_appendf(&reply->body, NULL, "%s %zu", req->method, req->n_body), 0);
}

struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

static void client_open(struct client *c, const char *ca_pem, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    X509 *ca = cert_of(ca_pem);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(c->ctx), ca), 1);
    X509_free(ca);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(fcntl(c->fd, F_SETFL, O_NONBLOCK), 0);
    c->ssl = SSL_new(c->ctx);
    assert_int_equal(SSL_set_fd(c->ssl, c->fd), 1);
    assert_int_equal(
        SSL_set1_host(c->ssl, "agent-sandbox-webhook-service.agent-sandbox-system.svc"), 1);
    assert_int_equal(SSL_set_alpn_protos(c->ssl, (const uint8_t *)"\x02h2\x08http/1.1", 12), 0);
}

static void client_close(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    (void)close(c->fd);
    ERR_clear_error();
}

/* 1: done; 0: it failed. */
static int handshake(struct loop *loop, struct client *c)
{
    int r = -1;

    for (int i = 0; i < 2000; i++) {
        (void)loop_turn(loop, false);
        r = SSL_connect(c->ssl);
        if (r == 1)
            return 1;
        if (SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_READ)
            return 0;
    }
    return 0;
}

/* A POST of n bytes; the status line and the body of the answer. */
static void post(struct loop *loop, struct client *c, size_t n, const char *want)
{
    char *text = malloc(n + 200), got[1024] = "";
    size_t len, at = 0, n_got = 0;

    assert_non_null(text);
    len = (size_t)snprintf(text, 200,
                           "POST /convert HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", n);
    memset(text + len, 'x', n);
    len += n;
    for (int i = 0; i < 20000 && !strstr(got, want); i++) {
        int r;

        if (at < len) {
            r = SSL_write(c->ssl, text + at, (int)MIN(len - at, 16000u));
            at += (size_t)MAX(r, 0);
        }
        (void)loop_turn(loop, false);
        r = SSL_read(c->ssl, got + n_got, (int)(sizeof(got) - 1 - n_got));
        if (r <= 0)
            (void)usleep(100); /* the kernel may hold small segments back */
        n_got += (size_t)MAX(r, 0);
        got[n_got] = '\0';
    }
    free(text);
    assert_memory_equal(got, "HTTP/1.1 200", 12);
    assert_non_null(strstr(got, want));
}

static void test_serving(void **state)
{
    struct http1_server_opts opts = {.handler = answer, .max_body = 1 << 20};
    struct kube_certs first, second;
    struct http1_listener *listener;
    struct http1_server *server;
    struct client a, b, c;
    struct http1_tls *tls;
    struct loop *loop;
    struct err err;
    const uint8_t *alpn;
    unsigned n_alpn;

    (void)state;
    make(&first, (int64_t)time(NULL));
    make(&second, (int64_t)time(NULL));
    assert_int_equal(loop_new(&loop, &err), 0);
    assert_int_equal(http1_tls_new(&tls, &err), 0);
    opts.wrap = http1_tls_wrap(tls);
    assert_int_equal(http1_server_new_opts(&server, loop, &opts, &err), 0);
    assert_int_equal(http1_listen(&listener, loop, "127.0.0.1:0", server, &err), 0);

    client_open(&a, first.ca_pem, http1_listener_port(listener)); /* no certificate yet */
    assert_int_equal(handshake(loop, &a), 0);
    client_close(&a);

    assert_int_equal(http1_tls_set(tls, first.cert_pem, second.key_pem, &err), -1);
    assert_string_equal(err.reason, "BadTlsConfig");
    assert_int_equal(http1_tls_set(tls, "x", "y", &err), -1);
    assert_int_equal(http1_tls_set(tls, first.cert_pem, first.key_pem, &err), 0);
    client_open(&a, first.ca_pem, http1_listener_port(listener));
    assert_int_equal(handshake(loop, &a), 1);
    SSL_get0_alpn_selected(a.ssl, &alpn, &n_alpn);
    assert_int_equal(n_alpn, 8);
    assert_memory_equal(alpn, "http/1.1", 8);
    post(loop, &a, 5, "POST 5");
    post(loop, &a, 300000, "POST 300000");

    /* Rotated: who is connected goes on, who comes needs the new CA. */
    assert_int_equal(http1_tls_set(tls, second.cert_pem, second.key_pem, &err), 0);
    client_open(&b, second.ca_pem, http1_listener_port(listener));
    assert_int_equal(handshake(loop, &b), 1);
    client_open(&c, first.ca_pem, http1_listener_port(listener));
    assert_int_equal(handshake(loop, &c), 0);
    post(loop, &a, 7, "POST 7");
    post(loop, &b, 9, "POST 9");

    client_close(&a);
    client_close(&b);
    client_close(&c);
    for (int i = 0; i < 10; i++)
        (void)loop_turn(loop, false);
    http1_listener_free(listener);
    http1_server_free(server);
    http1_tls_free(tls);
    loop_free(loop);
    kube_certs_done(&first);
    kube_certs_done(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),       cmocka_unit_test(test_due),
        cmocka_unit_test(test_bundle),     cmocka_unit_test(test_bad_secrets),
        cmocka_unit_test(test_locked_key), cmocka_unit_test(test_files),
        cmocka_unit_test(test_serving),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* the client of this test is OpenSSL alone */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
