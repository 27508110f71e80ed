#pragma once
/* Addresses of servers and targets of channels. Nothing is looked up: numbers, "localhost" and unix
 * paths only. */
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base/err.h"

struct rpc_address {
    union {
        struct sockaddr any;
        struct sockaddr_un un;
        struct sockaddr_storage storage;
    } sa;
    socklen_t n_sa;
    bool is_unix;
    bool is_name; /* only of rpc_target_parse(): sa is not filled in, host and port are to be looked
                     up */
    uint16_t port;  /* of IP addresses and names    */
    char host[256]; /* as written; of unix: "localhost" */
    char text[300]; /* for people: as written            */
};

/* "unix:/path", "unix:///path", "ipv4:1.2.3.4:80", "ipv6:[::1]:80", "dns:host:port",
 * "dns:///host:port", "host:port", "[::1]:80". INVALID_ARGUMENT, "BadTarget"; a name that would
 * have to be looked up: UNIMPLEMENTED, "BadTarget". */
int rpc_address_parse(const char *s, struct rpc_address *ret, struct err *err);
/* The same for the target of a channel: names are permitted. */
int rpc_target_parse(const char *s, struct rpc_address *ret, struct err *err);
/* Address n of a name: host stays what was asked for, text is for people. */
void rpc_address_set(struct rpc_address *ret, const struct rpc_address *target,
                     const struct sockaddr *sa, socklen_t n_sa);
bool rpc_address_equal(const struct rpc_address *a, const struct rpc_address *b);
/* Port of an IP address, filled in by the kernel: writes "1.2.3.4:80" or "[::]:80". */
int rpc_address_of_socket(int fd, char *ret, size_t n_ret, struct err *err);
/* What goes into :authority: the address without its scheme. */
const char *rpc_address_authority(const struct rpc_address *a);
