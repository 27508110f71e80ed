#pragma once
/* How a call ended. */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct rpc_status {
    int code; /* enum rpc_code                                                          */
    const char *message;    /* UTF-8, never NULL; good until the callback that got it returns    */
    const uint8_t *details; /* google.rpc.Status, serialised (grpc-status-details-bin), or NULL */
    size_t n_details;
    char reason[ERR_REASON_MAX]; /* google.rpc.ErrorInfo.reason out of the details, or "" */
};

/* A status as an error, for callers that pass it on: reason "" becomes "Remote". Returns -1. */
int rpc_status_to_err(const struct rpc_status *status, struct err *err);
