#include "lib/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
    [RPC_OK] = "OK",
    [RPC_CANCELLED] = "CANCELLED",
    [RPC_UNKNOWN] = "UNKNOWN",
    [RPC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
    [RPC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [RPC_NOT_FOUND] = "NOT_FOUND",
    [RPC_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [RPC_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [RPC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
    [RPC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [RPC_ABORTED] = "ABORTED",
    [RPC_OUT_OF_RANGE] = "OUT_OF_RANGE",
    [RPC_UNIMPLEMENTED] = "UNIMPLEMENTED",
    [RPC_INTERNAL] = "INTERNAL",
    [RPC_UNAVAILABLE] = "UNAVAILABLE",
    [RPC_DATA_LOSS] = "DATA_LOSS",
    [RPC_UNAUTHENTICATED] = "UNAUTHENTICATED",
};

const char *rpc_code_name(int code)
{
    if (code < 0 || (size_t)code >= ARRAY_SIZE(code_names))
        return "UNKNOWN";

    return code_names[code];
}

int rpc_code_from_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(code_names); i++)
        if (strcmp(code_names[i], name) == 0)
            return (int)i;

    return -1;
}

/* A cut in the middle of a character would make the message invalid UTF-8 for whoever shows it. */
static void cut_at_character(char *s, size_t max)
{
    size_t n = strlen(s), i = n;

    if (n < max - 1)
        return;
    while (i > 0 && ((unsigned char)s[i - 1] & 0xC0) == 0x80)
        i--;
    if (i > 0 && (unsigned char)s[i - 1] >= 0xC0)
        s[i - 1] = '\0';
}

_printf_(5, 0) static void set_v(struct err *err, int code, int errnum, const char *reason,
                                 const char *fmt, va_list ap)
{
    err->code = code;
    err->errnum = errnum;
    (void)snprintf(err->reason, sizeof(err->reason), "%s", reason);
    (void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    cut_at_character(err->msg, sizeof(err->msg));
}

int err_set(struct err *err, int code, const char *reason, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return -1;
    va_start(ap, fmt);
    set_v(err, code, 0, reason, fmt, ap);
    va_end(ap);
    return -1;
}

static int code_of_errno(int errnum)
{
    switch (errnum) {
    case ENOENT:
        return RPC_NOT_FOUND;
    case EEXIST:
        return RPC_ALREADY_EXISTS;
    case EACCES:
    case EPERM:
        return RPC_PERMISSION_DENIED;
    case EINVAL:
    case ENAMETOOLONG:
        return RPC_INVALID_ARGUMENT;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EDQUOT:
        return RPC_RESOURCE_EXHAUSTED;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case ENETUNREACH:
    case EHOSTUNREACH:
        return RPC_UNAVAILABLE;
    case ETIMEDOUT:
        return RPC_DEADLINE_EXCEEDED;
    default:
        return RPC_INTERNAL;
    }
}

int err_errno(struct err *err, int errnum, const char *fmt, ...)
{
    size_t n;
    va_list ap;

    if (!err)
        return -1;
    va_start(ap, fmt);
    set_v(err, code_of_errno(errnum), errnum, "SystemError", fmt, ap);
    va_end(ap);

    n = strlen(err->msg);
    (void)snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", strerror(errnum));
    cut_at_character(err->msg, sizeof(err->msg));
    return -1;
}

int err_oom(struct err *err)
{
    err_set(err, RPC_RESOURCE_EXHAUSTED, "OutOfMemory", "out of memory");
    if (err)
        err->errnum = ENOMEM;
    return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char old[ERR_MSG_MAX];
    size_t n;
    va_list ap;

    if (!err)
        return -1;
    memcpy(old, err->msg, sizeof(old));
    va_start(ap, fmt);
    (void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
    va_end(ap);

    n = strlen(err->msg);
    (void)snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", old);
    cut_at_character(err->msg, sizeof(err->msg));
    return -1;
}

int err_recode(struct err *err, int code, const char *reason)
{
    if (!err)
        return -1;
    err->code = code;
    (void)snprintf(err->reason, sizeof(err->reason), "%s", reason);
    return -1;
}
