#include "lib/rpc/admit.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/fd.h"

enum { KEY_BYTES = 17, FRAME_HEAD = 9, GOAWAY_FIXED = 8 };

/* In the top byte of a key. */
#define KIND_IPV4 (1ull << 56)
#define KIND_UID  (2ull << 56)

void rpc_admit_init(struct rpc_admit *a, uint32_t max, uint32_t max_per_peer)
{
    *a = (struct rpc_admit){.max = max, .max_per_peer = max_per_peer};
    map_init(&a->peers);
}

void rpc_admit_done(struct rpc_admit *a)
{
    map_done(&a->peers);
}

static uint64_t inet6_key(const struct in6_addr *addr)
{
    uint32_t v4;
    uint64_t net;

    if (IN6_IS_ADDR_V4MAPPED(addr)) {
        memcpy(&v4, addr->s6_addr + 12, sizeof(v4));
        return KIND_IPV4 | v4;
    }
    memcpy(&net, addr->s6_addr, sizeof(net));
    return net ? net : 1; /* ::1 has none */
}

/* 0: nobody that could be counted. */
static uint64_t peer_key(int fd)
{
    struct sockaddr_storage ss = {0};
    const struct sockaddr_in *in4 = (const void *)&ss;
    const struct sockaddr_in6 *in6 = (const void *)&ss;
    socklen_t n = sizeof(ss);
    pid_t pid;
    uid_t uid;
    gid_t gid;

    if (getpeername(fd, (struct sockaddr *)&ss, &n) < 0)
        return 0;
    if (ss.ss_family == AF_INET)
        return KIND_IPV4 | in4->sin_addr.s_addr;
    if (ss.ss_family == AF_INET6)
        return inet6_key(&in6->sin6_addr);
    if (ss.ss_family == AF_UNIX && fd_peer_cred(fd, &pid, &uid, &gid, NULL) == 0)
        return KIND_UID | uid;
    return 0;
}

static void key_text(char ret[KEY_BYTES], uint64_t peer)
{
    (void)snprintf(ret, KEY_BYTES, "%016" PRIx64, peer);
}

static uint32_t count_of(const struct rpc_admit *a, const char *key)
{
    return (uint32_t)(uintptr_t)map_get(&a->peers, key);
}

static int refused(struct rpc_guard_counts *counts, enum rpc_guard g, uint32_t max, struct err *err)
{
    char text[RPC_GUARD_TEXT_BYTES];

    counts->n[g]++;
    rpc_guard_text(text, g, max);
    return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooManyConnections", "%s", text);
}

int rpc_admit_enter(struct rpc_admit *a, int fd, struct rpc_guard_counts *counts,
                    uint64_t *ret_peer, struct err *err)
{
    uint64_t peer = a->max_per_peer ? peer_key(fd) : 0;
    char key[KEY_BYTES];
    uint32_t n = 0;

    key_text(key, peer);
    if (peer)
        n = count_of(a, key);
    if (a->max && a->n >= a->max)
        return refused(counts, RPC_GUARD_CONNECTIONS, a->max, err);
    if (peer && n >= a->max_per_peer)
        return refused(counts, RPC_GUARD_CONNECTIONS_OF_PEER, a->max_per_peer, err);
    if (peer && map_set(&a->peers, key, (void *)(uintptr_t)(n + 1), NULL, err) < 0)
        return -1;
    a->n++;
    *ret_peer = peer;
    return 0;
}

void rpc_admit_leave(struct rpc_admit *a, uint64_t peer)
{
    char key[KEY_BYTES];
    uint32_t n;

    a->n--;
    if (!peer)
        return;
    key_text(key, peer);
    n = count_of(a, key);
    if (n > 1) /* replacing needs no memory */
        (void)map_set(&a->peers, key, (void *)(uintptr_t)(n - 1), NULL, NULL);
    else
        (void)map_remove(&a->peers, key);
}

void rpc_admit_refuse(int fd, const struct err *why)
{
    uint8_t said[FRAME_HEAD + FRAME_HEAD + GOAWAY_FIXED + sizeof(why->msg)] = {0};
    uint8_t junk[1024];
    size_t n_text = strlen(why->msg), n = GOAWAY_FIXED + n_text;
    uint8_t *goaway = said + FRAME_HEAD;

    said[3] = NGHTTP2_SETTINGS; /* RFC 9113 3.4: comes first */
    goaway[1] = (uint8_t)(n >> 8);
    goaway[2] = (uint8_t)n;
    goaway[3] = NGHTTP2_GOAWAY;
    goaway[FRAME_HEAD + 7] = NGHTTP2_ENHANCE_YOUR_CALM;
    memcpy(goaway + FRAME_HEAD + GOAWAY_FIXED, why->msg, n_text);
    /* It goes or it does not; what is left unread would take it back. */
    (void)send(fd, said, 2 * (size_t)FRAME_HEAD + n, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)recv(fd, junk, sizeof(junk), MSG_DONTWAIT);
}
