#pragma once
/*
 * The one error type. A value, so that failing allocates nothing and an error can be written down a
 * pipe as it is. Rule for every int: 0 success; > 0 an outcome that the header documents; < 0
 * failure with *err set. Every `err` parameter may be NULL: the caller then learns only that it
 * failed.
 */
#include <stdbool.h>

#include "lib/base/cleanup.h"

/* gRPC status codes (grpc/doc/statuscodes.md). */
enum rpc_code {
    RPC_OK = 0,
    RPC_CANCELLED = 1,
    RPC_UNKNOWN = 2,
    RPC_INVALID_ARGUMENT = 3,
    RPC_DEADLINE_EXCEEDED = 4,
    RPC_NOT_FOUND = 5,
    RPC_ALREADY_EXISTS = 6,
    RPC_PERMISSION_DENIED = 7,
    RPC_RESOURCE_EXHAUSTED = 8,
    RPC_FAILED_PRECONDITION = 9,
    RPC_ABORTED = 10,
    RPC_OUT_OF_RANGE = 11,
    RPC_UNIMPLEMENTED = 12,
    RPC_INTERNAL = 13,
    RPC_UNAVAILABLE = 14,
    RPC_DATA_LOSS = 15,
    RPC_UNAUTHENTICATED = 16,
};

#define ERR_REASON_MAX 48
#define ERR_MSG_MAX    400

struct err {
    int code;                    /* enum rpc_code: what a caller over the wire is told            */
    int errnum;                  /* the errno behind it, or 0: for the log only                   */
    char reason[ERR_REASON_MAX]; /* stable CamelCase word for programs: "PoolNotFound"; never ""  */
    char msg[ERR_MSG_MAX];       /* sentence for people: "pool python: no template \"x\""         */
};

/* "NOT_FOUND"; "CODE_42" never: unknown numbers give "UNKNOWN". */
const char *rpc_code_name(int code);
/* Inverse, for "NOT_FOUND"; < 0 when the word is none. */
int rpc_code_from_name(const char *name);

/* Born: sets *err and returns -1. A message that does not fit is cut at a UTF-8 boundary. */
int err_set(struct err *err, int code, const char *reason, const char *fmt, ...) _printf_(4, 5);

/* Born of an errno: maps it to a code (ENOENT NOT_FOUND, ENOMEM RESOURCE_EXHAUSTED, EACCES
 * PERMISSION_DENIED, …, else INTERNAL), the reason is "SystemError", the message ends in ":
 * strerror". */
int err_errno(struct err *err, int errnum, const char *fmt, ...) _printf_(3, 4);

/* RESOURCE_EXHAUSTED, reason "OutOfMemory". */
int err_oom(struct err *err);

/* Passed on: puts "text: " before the message; code and reason stay. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) _printf_(2, 3);

/* Passed on under another code and reason, message as it is. Returns -1. */
int err_recode(struct err *err, int code, const char *reason);
