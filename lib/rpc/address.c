#include "lib/rpc/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"

static int bad(const char *s, const char *why, struct err *err)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadTarget",
                   "address \"%.128s\": %s; write unix:/path, 1.2.3.4:80 or [::1]:80", s, why);
}

static const char *after(const char *s, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

static int parse_unix(const char *s, const char *path, struct rpc_address *ret, struct err *err)
{
    size_t n;

    if (after(path, "///"))
        path += 2;
    n = strlen(path);
    if (n == 0)
        return bad(s, "the path is missing", err);
    if (n >= sizeof(ret->sa.un.sun_path))
        return bad(s, "a unix socket's path has at most 107 bytes", err);
    ret->sa.un.sun_family = AF_UNIX;
    memcpy(ret->sa.un.sun_path, path, n + 1);
    ret->n_sa = sizeof(ret->sa.un);
    ret->is_unix = true;
    (void)snprintf(ret->host, sizeof(ret->host), "localhost");
    return 0;
}

static int fill_ip(uint16_t port, struct rpc_address *ret)
{
    struct sockaddr_in *in4 = (void *)&ret->sa;
    struct sockaddr_in6 *in6 = (void *)&ret->sa;
    const char *host = strcmp(ret->host, "localhost") == 0 ? "127.0.0.1" : ret->host;

    ret->port = port;
    if (inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
        in4->sin_family = AF_INET;
        in4->sin_port = htons(port);
        ret->n_sa = sizeof(*in4);
        return 0;
    }
    if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        ret->n_sa = sizeof(*in6);
        return 0;
    }
    ret->is_name = true;
    return 0;
}

static int parse_ip(const char *s, const char *rest, struct rpc_address *ret, struct err *err)
{
    const char *colon = strrchr(rest, ':'), *end = colon;
    uint64_t port;

    if (!colon || bytes_parse_u64(colon + 1, 0, UINT16_MAX, &port) < 0)
        return bad(s, "the port (0 to 65535) is missing", err);
    if (*rest == '[') {
        rest++;
        if (colon == rest || colon[-1] != ']')
            return bad(s, "']' is missing", err);
        end = colon - 1;
    }
    if (end == rest || (size_t)(end - rest) >= sizeof(ret->host))
        return bad(s, "the host is missing or too long", err);
    (void)snprintf(ret->host, sizeof(ret->host), "%.*s", (int)(end - rest), rest);
    return fill_ip((uint16_t)port, ret);
}

static const char *const schemes[] = {"ipv4:", "ipv6:", "dns:///", "dns:"};

int rpc_target_parse(const char *s, struct rpc_address *ret, struct err *err)
{
    const char *rest = after(s, "unix:");

    *ret = (struct rpc_address){0};
    if (strlen(s) >= sizeof(ret->text))
        return bad(s, "too long", err);
    (void)snprintf(ret->text, sizeof(ret->text), "%s", s);
    if (rest)
        return parse_unix(s, rest, ret, err);
    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
        if ((rest = after(s, schemes[i])))
            return parse_ip(s, rest, ret, err);
    return parse_ip(s, s, ret, err);
}

int rpc_address_parse(const char *s, struct rpc_address *ret, struct err *err)
{
    if (rpc_target_parse(s, ret, err) < 0)
        return -1;
    if (ret->is_name)
        return err_set(err, RPC_UNIMPLEMENTED, "BadTarget",
                       "address \"%.128s\": names are not looked up here: give the IP address", s);
    return 0;
}

static void describe(const struct sockaddr *sa, char *ret, size_t n_ret)
{
    const struct sockaddr_in *in4 = (const void *)sa;
    const struct sockaddr_in6 *in6 = (const void *)sa;
    char text[INET6_ADDRSTRLEN] = "";

    if (sa->sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &in4->sin_addr, text, sizeof(text));
        (void)snprintf(ret, n_ret, "%s:%u", text, ntohs(in4->sin_port));
    } else {
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
        (void)snprintf(ret, n_ret, "[%s]:%u", text, ntohs(in6->sin6_port));
    }
}

void rpc_address_set(struct rpc_address *ret, const struct rpc_address *target,
                     const struct sockaddr *sa, socklen_t n_sa)
{
    *ret = *target;
    ret->is_name = false;
    ret->n_sa = (socklen_t)MIN((size_t)n_sa, sizeof(ret->sa.storage));
    memcpy(&ret->sa, sa, ret->n_sa);
    if (sa->sa_family == AF_INET)
        ((struct sockaddr_in *)(void *)&ret->sa)->sin_port = htons(target->port);
    else
        ((struct sockaddr_in6 *)(void *)&ret->sa)->sin6_port = htons(target->port);
    describe(&ret->sa.any, ret->text, sizeof(ret->text));
}

bool rpc_address_equal(const struct rpc_address *a, const struct rpc_address *b)
{
    return a->n_sa == b->n_sa && memcmp(&a->sa, &b->sa, a->n_sa) == 0;
}

const char *rpc_address_authority(const struct rpc_address *a)
{
    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
        if (after(a->text, schemes[i]))
            return after(a->text, schemes[i]);
    return a->is_unix ? a->host : a->text;
}

int rpc_address_of_socket(int fd, char *ret, size_t n_ret, struct err *err)
{
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof(ss);

    if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0)
        return err_errno(err, errno, "asking for a socket's address");
    describe((const struct sockaddr *)&ss, ret, n_ret);
    return 0;
}
