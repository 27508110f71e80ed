#pragma once
/*
 * One header block as gRPC sees it: pseudo fields and those that belong to the protocol are taken
 * out and understood, the rest is metadata. Both ways: a request, a response, trailers. No I/O.
 */
#include "lib/rpc/metadata.h"

struct rpc_head {
    struct rpc_metadata md;
    const char *path; /* request; NULL when absent                             */
    const char *authority;
    const char *content_type;
    const char *encoding;   /* grpc-encoding; also in md, for the raw form           */
    const char *message;    /* grpc-message, decoded; or NULL                        */
    const uint8_t *details; /* grpc-status-details-bin, decoded; or NULL             */
    size_t n_details;
    uint64_t timeout_ms; /* CLOCK_NEVER: none                                     */
    size_t bytes;        /* RFC 9113 6.5.2, of all fields                         */
    uint32_t n_fields;
    int32_t grpc_status;  /* -1: none; what is no number counts as UNKNOWN         */
    uint16_t http_status; /* 0: none                                               */
    bool is_post;
    bool accepts_gzip;  /* grpc-accept-encoding names it                         */
    bool has_encodings; /* md holds grpc-encoding or grpc-accept-encoding        */
    bool is_too_large;  /* further fields were not kept                          */
    bool is_out_of_memory;
    bool is_bad; /* a field that is not what its name promises            */
};

void rpc_head_init(struct rpc_head *h, struct arena *arena);
/* Takes one field, copied into the arena. Trouble is noted in *h. */
void rpc_head_field(struct rpc_head *h, const char *name, size_t n_name, const char *value,
                    size_t n_value);
/* The message form handles encodings itself: takes them out of md. */
void rpc_head_hide_encodings(struct rpc_head *h);
/* "application/grpc", optionally followed by "+…" or ";…". */
bool rpc_head_is_grpc(const struct rpc_head *h);
/* Of those the ones whose messages are protobuf: "application/grpc", "application/grpc+proto". */
bool rpc_head_is_proto(const struct rpc_head *h);
