#pragma once
/*
 * What a peer may not do, each with a limit, a counter and the text that its GOAWAY carries.
 * nghttp2 enforces part of the rules of HTTP/2; these are about what the rules permit and nobody
 * needs: floods, and peers that are slow on purpose. The table with attacks and reasons is in
 * docs/internals/rpc.md.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rpc_guard {
    /* Rates: more than so many in one second end the connection with ENHANCE_YOUR_CALM. */
    RPC_GUARD_RESETS,          /* server: RST_STREAM of the client ("rapid reset")               */
    RPC_GUARD_PROVOKED_RESETS, /* RST_STREAM that the peer made us send ("made you reset")       */
    RPC_GUARD_REFUSED_STREAMS, /* server: streams over max_streams                               */
    RPC_GUARD_PINGS,           /* PING, and answers to PINGs that we did not send                */
    RPC_GUARD_SETTINGS,
    RPC_GUARD_GOAWAYS,
    RPC_GUARD_EMPTY_DATA,     /* DATA of padding or nothing, that ends nothing                   */
    RPC_GUARD_CONTINUATIONS,  /* CONTINUATION                                                    */
    RPC_GUARD_LARGE_HEADS,    /* header blocks over the limit for metadata                       */
    RPC_GUARD_LATE_HEADS,     /* server: HEADERS on a stream that has ended                      */
    RPC_GUARD_WINDOW_UPDATES, /* beyond the ten that each DATA frame of ours pays for            */
    RPC_GUARD_TINY_WINDOWS,   /* DATA frames that the peer's window cut to less than 16 bytes    */
    RPC_GUARD_PRIORITIES,     /* PRIORITY                                                        */
    RPC_GUARD_UNKNOWN_FRAMES, /* server: frames of types that HTTP/2 does not have               */
    N_RPC_RATES,

    /* One is enough. */
    RPC_GUARD_LONG_HEADS = N_RPC_RATES, /* a header block of more than 16 CONTINUATIONs          */
    RPC_GUARD_REUSED_IDS,               /* server: HEADERS on an identifier that was left out    */
    RPC_GUARD_EARLY_PINGS,              /* server: three PINGs sooner than min_ping_ms           */
    RPC_GUARD_QUEUED_FRAMES,            /* frames that wait to be sent: the peer does not read   */
    RPC_GUARD_OTHER_RULES,              /* what nghttp2 itself ended, by the rules of HTTP/2     */

    /* Time. */
    RPC_GUARD_SLOW_STARTS,  /* no TLS, preface and SETTINGS within handshake_ms                  */
    RPC_GUARD_SLOW_HEADS,   /* a header block that does not end within head_ms                   */
    RPC_GUARD_SLOW_READERS, /* the socket took nothing for write_ms                              */
    RPC_GUARD_SLOW_STREAMS, /* server: the end of a call could not be sent for write_ms; a reset */
    RPC_GUARD_DEAD_PEERS,   /* the keepalive PING was not answered                               */

    /* Server: refused before they cost anything. */
    RPC_GUARD_CONNECTIONS,         /* over max_connections                                       */
    RPC_GUARD_CONNECTIONS_OF_PEER, /* over max_connections_per_peer                              */
    RPC_GUARD_HELD,                /* calls that wanted more while max_held bytes were held      */
    N_RPC_GUARDS
};

/* How often each has struck: connections ended, for CONNECTIONS… refused, for SLOW_STREAMS and HELD
 * calls. */
struct rpc_guard_counts {
    uint64_t n[N_RPC_GUARDS];
};

/* 0 in any field: the default. */
struct rpc_guard_limits {
    uint32_t per_second[N_RPC_RATES];
    uint32_t head_ms; /* 10 s */
    /* Set: always. 0: 60 s, and only while more than half of the server's max_held is held, so that
     * a client that pauses (a pager at its end) costs nobody anything and keeps its place. */
    uint32_t write_ms;
};

enum { RPC_GUARD_TEXT_BYTES = 96 };

/* As in a label of a metric: "rapid_reset". */
const char *rpc_guard_name(enum rpc_guard g);
/* What the GOAWAY says: "rapid_reset: over 1500 in a second". limit: the number in it. */
void rpc_guard_text(char ret[RPC_GUARD_TEXT_BYTES], enum rpc_guard g, uint32_t limit);

uint32_t rpc_guard_rate(const struct rpc_guard_limits *limits, enum rpc_guard g);
uint32_t rpc_guard_head_ms(const struct rpc_guard_limits *limits);
uint32_t rpc_guard_write_ms(const struct rpc_guard_limits *limits);

/* The rates of one connection. No clock: now_ms comes in. */
struct rpc_meter {
    const struct rpc_guard_limits *limits; /* NULL: all defaults */
    uint64_t since_ms;
    uint32_t n[N_RPC_RATES];
    uint32_t paid; /* WINDOW_UPDATEs, by DATA sent; half is forgotten each second */
};

void rpc_meter_init(struct rpc_meter *m, const struct rpc_guard_limits *limits);
/* Before frames are noted. */
void rpc_meter_tick(struct rpc_meter *m, uint64_t now_ms);
/* One more of a rate. Whether it was one too many. */
bool rpc_meter_note(struct rpc_meter *m, enum rpc_guard g);
/* A DATA frame of ours went out. */
void rpc_meter_sent_data(struct rpc_meter *m);
