/* The server's address, the socket, TLS with the credential's certificate. */
#include "lib/kube/kube_h2_dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/kube/kube_h2.h"
#include "lib/rpc/address.h"
#include "lib/rpc/tls.h"

static int use_certificates(struct kube_client *c, struct err *err)
{
    const struct rpc_tls_opts opts = {
        .ca_pem = c->config->ca_pem,
        .cert_pem = kube_auth_key(c->auth) ? kube_auth_cert(c->auth) : NULL,
        .key_pem = kube_auth_cert(c->auth) ? kube_auth_key(c->auth) : NULL,
        .server_name = c->config->tls_server_name,
        .skip_verify = c->config->is_insecure,
        .allow_tls12 = true,
        .no_resumption = true,
    };
    unsigned generation = kube_auth_generation(c->auth);

    if (c->tls && c->tls_generation == generation)
        return 0;
    if ((c->tls ? rpc_tls_reload(c->tls, &opts, err) : rpc_tls_new(&c->tls, &opts, err)) < 0)
        return -1;
    c->tls_generation = generation;
    return 0;
}

static int parse_server(const struct kube_client *c, struct rpc_address *ret, struct err *err)
{
    const char *host = strstr(c->config->server, "://");
    size_t n = host ? strcspn(host + 3, "/") : 0;
    char text[300];

    if (!host || n + 5 > sizeof(text))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadTarget", "no address");
    (void)snprintf(text, sizeof(text), "%.*s", (int)n, host + 3);
    if (!strrchr(text, ':') || strrchr(text, ']') > strrchr(text, ':'))
        (void)snprintf(text + n, sizeof(text) - n, ":443");
    return rpc_address_parse(text, ret, err);
}

static bool has_proxy(void)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (getenv(names[i]) && getenv(names[i])[0])
            return true;
    return false;
}

bool kube_h2_fits(const struct kube_client *c)
{
    struct rpc_address a;
    struct err err;

    return strncmp(c->config->server, "https://", 8) == 0 && !c->config->proxy_url &&
           !has_proxy() && parse_server(c, &a, &err) == 0 && !a.is_unix;
}

static void set_socket(int fd)
{
    const int on = 1, idle_s = KUBE_KEEPALIVE_S, every_s = KUBE_KEEPALIVE_S / 3;
    const unsigned dead_ms = KUBE_DEAD_PEER_MS;

    /* Niceties: without them it is slower, or a dead peer is noticed later. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
}

static int open_socket(const struct rpc_address *a, struct err *err)
{
    _cleanup_(close_fdp) int fd =
        socket(a->sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return err_errno(err, errno, "making a socket");
    set_socket(fd);
    if (connect(fd, &a->sa.any, a->n_sa) < 0 && errno != EINPROGRESS)
        return err_set(err, RPC_UNAVAILABLE, "ConnectFailed", "cannot connect: %s",
                       strerror(errno));
    return TAKE_FD(fd);
}

int kube_h2_dial(struct kube_client *c, struct rpc_transport **ret, struct err *err)
{
    struct rpc_tls_peer peer = {0};
    struct rpc_address a;
    int fd;

    if (use_certificates(c, err) < 0 || parse_server(c, &a, err) < 0)
        return -1;
    fd = open_socket(&a, err);
    if (fd < 0)
        return -1;
    peer.host = a.host;
    if (c->tls->wrap(c->tls, fd, &peer, ret, err) < 0) {
        (void)close(fd);
        return -1;
    }
    return 0;
}
