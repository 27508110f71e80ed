/* PEM of all sorts into an SSL_CTX, and two SSL that talk over sockets of ours. */
#include "lib/tls/pem.h"
#include "lib/tls/socket_bio.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/tls/test_identity.h"

static struct identity ca, leaf, other;
static char rsa_key[4096], locked_key[4096];

static int make_all(void **state)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    BIO *bio = BIO_new(BIO_s_mem());

    (void)state;
    make_identity(&ca, "test ca", NULL, NULL, 3600);
    make_identity(&leaf, "leaf", "DNS:localhost", &ca, 3600);
    make_identity(&other, "other", "DNS:localhost", &ca, 3600);
    assert_int_equal(PEM_write_bio_PrivateKey(bio, rsa, NULL, NULL, 0, NULL, NULL), 1);
    to_text(bio, rsa_key, sizeof(rsa_key));
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, leaf.key, EVP_aes_128_cbc(),
                                              (const unsigned char *)"word", 4, NULL, NULL),
                     1);
    to_text(bio, locked_key, sizeof(locked_key));
    EVP_PKEY_free(rsa);
    return 0;
}

static int free_all(void **state)
{
    struct identity *all[] = {&ca, &leaf, &other};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        X509_free(all[i]->cert);
        EVP_PKEY_free(all[i]->key);
    }
    return 0;
}

/* ---- PEM ---- */

/* Two texts, one after the other; good until the next call. */
static const char *both(const char *a, const char *b)
{
    static char text[16384];

    (void)snprintf(text, sizeof(text), "%s%s", a, b);
    return text;
}

/* The certificates of a text that are damaged after that many bytes of their base64. */
static const char *damaged(const char *pem, size_t at)
{
    static char text[4096];

    (void)snprintf(text, sizeof(text), "%s", pem);
    memset(strchr(text, '\n') + 1 + at, '!', 4);
    return text;
}

static size_t n_chain(SSL_CTX *ctx)
{
    STACK_OF(X509) *chain = NULL;

    (void)SSL_CTX_get0_chain_certs(ctx, &chain);
    return chain ? (size_t)sk_X509_num(chain) : 0;
}

static void test_chain(void **state)
{
    const struct {
        const char *text;
        int r;
        size_t n;
    } cases[] = {
        {leaf.cert_pem, 0, 0},
        {strdup(both(leaf.cert_pem, ca.cert_pem)), 0, 1},
        {strdup(both(leaf.key_pem, leaf.cert_pem)), 0, 0}, /* in one file with its key */
        {strdup(both("subject=/CN=leaf\n", leaf.cert_pem)), 0, 0},
        {strdup(both(leaf.cert_pem, damaged(ca.cert_pem, 30))), -1, 0},
        {strdup(both(leaf.cert_pem, "-----BEGIN CERTIFICATE-----\n")), -1, 0},
        {strdup(damaged(leaf.cert_pem, 10)), -1, 0},
        {leaf.key_pem, -1, 0},
        {"no certificate", -1, 0},
        {"", -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
        struct err err = {0};

        assert_int_equal(tls_pem_chain(ctx, (struct tls_pem){cases[i].text}, &err), cases[i].r);
        if (cases[i].r == 0)
            assert_int_equal(n_chain(ctx), cases[i].n);
        else
            assert_string_equal(err.reason, "BadTlsConfig");
        assert_int_equal(ERR_peek_error(), 0);
        SSL_CTX_free(ctx);
    }
    for (size_t i = 1; i < 7; i++)
        if (cases[i].text != leaf.cert_pem)
            free((char *)cases[i].text);
}

static void test_key(void **state)
{
    const struct {
        const char *text, *why;
    } cases[] = {
        {leaf.key_pem, NULL},
        {other.key_pem, "key values mismatch"},
        {rsa_key, "no certificate assigned"},
        {locked_key, "it is encrypted"},
        {leaf.cert_pem, "no key of a known kind"},
        {"", "no key of a known kind"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
        struct err err = {0};

        assert_int_equal(tls_pem_chain(ctx, (struct tls_pem){leaf.cert_pem}, &err), 0);
        assert_int_equal(tls_pem_key(ctx, (struct tls_pem){cases[i].text}, &err),
                         cases[i].why ? -1 : 0);
        if (cases[i].why && !strstr(err.msg, cases[i].why))
            fail_msg("case %zu: want \"%s\", it says \"%s\"", i, cases[i].why, err.msg);
        assert_int_equal(ERR_peek_error(), 0);
        SSL_CTX_free(ctx);
    }
}

static void test_authorities(void **state)
{
    const struct {
        const char *text;
        bool is_server;
        int r;
    } cases[] = {
        {ca.cert_pem, false, 0},
        {strdup(both(ca.cert_pem, leaf.cert_pem)), true, 0},
        {strdup(both(ca.cert_pem, ca.cert_pem)), false, 0},
        {strdup(both(ca.cert_pem, damaged(leaf.cert_pem, 30))), true, -1},
        {"", false, -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_method());
        struct err err = {0};

        assert_int_equal(
            tls_pem_authorities(ctx, (struct tls_pem){cases[i].text}, cases[i].is_server, &err),
            cases[i].r);
        if (cases[i].r == 0)
            assert_int_equal(sk_X509_NAME_num(SSL_CTX_get_client_CA_list(ctx)) > 0,
                             cases[i].is_server);
        SSL_CTX_free(ctx);
    }
    for (size_t i = 1; i < 4; i++)
        free((char *)cases[i].text);
}

static void test_files(void **state)
{
    char path[] = "/tmp/asb-tls-XXXXXX";
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    int fd = mkstemp(path);
    struct err err;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, leaf.cert_pem, strlen(leaf.cert_pem)), strlen(leaf.cert_pem));
    assert_int_equal(tls_pem_chain(ctx, (struct tls_pem){.file = path}, &err), 0);
    assert_int_equal(tls_pem_key(ctx, (struct tls_pem){.file = path}, &err), -1);
    assert_non_null(strstr(err.msg, path));
    assert_int_equal(tls_pem_key(ctx, (struct tls_pem){leaf.key_pem, path}, &err), 0);
    (void)close(fd);
    (void)unlink(path);
    assert_int_equal(tls_pem_chain(ctx, (struct tls_pem){.file = path}, &err), -1);
    assert_non_null(strstr(err.msg, path));
    assert_non_null(strstr(err.msg, "No such file"));
    SSL_CTX_free(ctx);
}

/* ---- the socket ---- */

struct pair {
    BIO_METHOD *method;
    SSL_CTX *ctx[2];
    SSL *ssl[2];
    int fd[2];
};

static void pair_up(struct pair *p)
{
    struct err err;

    p->method = tls_socket_bio_method();
    assert_non_null(p->method);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, p->fd), 0);
    p->ctx[0] = SSL_CTX_new(TLS_server_method());
    p->ctx[1] = SSL_CTX_new(TLS_client_method());
    assert_int_equal(tls_pem_chain(p->ctx[0], (struct tls_pem){leaf.cert_pem}, &err), 0);
    assert_int_equal(tls_pem_key(p->ctx[0], (struct tls_pem){leaf.key_pem}, &err), 0);
    assert_int_equal(tls_pem_authorities(p->ctx[1], (struct tls_pem){ca.cert_pem}, false, &err), 0);
    SSL_CTX_set_verify(p->ctx[1], SSL_VERIFY_PEER, NULL);
    for (int i = 0; i < 2; i++) {
        SSL_CTX_set_mode(p->ctx[i], SSL_MODE_ENABLE_PARTIAL_WRITE);
        p->ssl[i] = SSL_new(p->ctx[i]);
        assert_int_equal(tls_socket_bio_use(p->ssl[i], p->method, p->fd[i]), 0);
    }
    SSL_set_accept_state(p->ssl[0]);
    SSL_set_connect_state(p->ssl[1]);
    for (int i = 0;
         i < 100 && !(SSL_is_init_finished(p->ssl[0]) && SSL_is_init_finished(p->ssl[1])); i++) {
        int r = SSL_do_handshake(p->ssl[i % 2]);

        assert_true(r == 1 || SSL_get_error(p->ssl[i % 2], r) == SSL_ERROR_WANT_READ);
    }
    assert_true(SSL_is_init_finished(p->ssl[0]) && SSL_is_init_finished(p->ssl[1]));
}

static void pair_down(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        SSL_free(p->ssl[i]);
        SSL_CTX_free(p->ctx[i]);
        if (p->fd[i] >= 0)
            (void)close(p->fd[i]);
    }
    BIO_meth_free(p->method);
    ERR_clear_error();
}

static void test_talk(void **state)
{
    struct pair p;
    char got[8];

    (void)state;
    pair_up(&p);
    assert_int_equal(SSL_get_error(p.ssl[0], SSL_read(p.ssl[0], got, 8)), SSL_ERROR_WANT_READ);
    assert_int_equal(SSL_write(p.ssl[1], "hello", 5), 5);
    assert_int_equal(SSL_read(p.ssl[0], got, 8), 5);
    assert_memory_equal(got, "hello", 5);
    pair_down(&p);
}

/* A peer that reads nothing: WANT_WRITE, and all of it arrives once it reads. */
static void test_full(void **state)
{
    static char data[16384];
    size_t sent = 0, got = 0;
    struct pair p;
    int r;

    (void)state;
    pair_up(&p);
    while ((r = SSL_write(p.ssl[1], data, sizeof(data))) > 0 && sent < 64 << 20)
        sent += (size_t)r;
    assert_int_equal(SSL_get_error(p.ssl[1], r), SSL_ERROR_WANT_WRITE);
    while ((r = SSL_read(p.ssl[0], data, sizeof(data))) > 0)
        got += (size_t)r;
    assert_int_equal(SSL_get_error(p.ssl[0], r), SSL_ERROR_WANT_READ);
    assert_true(got > 0 && got <= sent);
    pair_down(&p);
}

/* The peer has gone: an error here, and no signal that ends us. */
static void test_gone(void **state)
{
    struct pair p;
    int r;

    (void)state;
    pair_up(&p);
    (void)close(p.fd[0]);
    p.fd[0] = -1;
    r = SSL_write(p.ssl[1], "hello", 5);
    assert_true(r <= 0);
    assert_int_equal(SSL_get_error(p.ssl[1], r), SSL_ERROR_SYSCALL);
    SSL_set_quiet_shutdown(p.ssl[0], 1);
    pair_down(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),       cmocka_unit_test(test_key),
        cmocka_unit_test(test_authorities), cmocka_unit_test(test_files),
        cmocka_unit_test(test_talk),        cmocka_unit_test(test_full),
        cmocka_unit_test(test_gone),
    };

    return cmocka_run_group_tests(tests, make_all, free_all);
}
