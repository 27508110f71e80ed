#include "lib/rpc/status.h"

#include <string.h>

#include "lib/rpc/item.h"
#include "lib/rpc/status_core.h"

static const char any_type[] = "type.googleapis.com/google.rpc.ErrorInfo";

int rpc_status_to_err(const struct rpc_status *status, struct err *err)
{
    return err_set(err, status->code, status->reason[0] ? status->reason : "Remote", "%s",
                   status->message);
}

/* ---- writing ---- */

static size_t varint_len(uint64_t v)
{
    size_t n = 1;

    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

static uint8_t *put_varint(uint8_t *to, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *to++ = (uint8_t)(v | 0x80);
    *to++ = (uint8_t)v;
    return to;
}

/* Field numbers here are all below 16: a tag is one byte. */
static size_t field_len(size_t n)
{
    return 1 + varint_len(n) + n;
}

static uint8_t *put_tag(uint8_t *to, unsigned field, size_t n)
{
    *to++ = (uint8_t)(field << 3 | ITEM_LEN);
    return put_varint(to, n);
}

static uint8_t *put_field(uint8_t *to, unsigned field, const char *s, size_t n)
{
    to = put_tag(to, field, n);
    memcpy(to, s, n);
    return to + n;
}

const uint8_t *rpc_status_pack(int code, const char *message, const char *reason,
                               struct arena *arena, size_t *ret_n)
{
    size_t n_msg = strlen(message), n_reason = strlen(reason), n_domain = strlen(RPC_ERROR_DOMAIN);
    size_t n_type = sizeof(any_type) - 1;
    size_t n_info = field_len(n_reason) + field_len(n_domain);
    size_t n_any = field_len(n_type) + field_len(n_info);
    size_t n = 1 + varint_len((uint64_t)code) + field_len(n_msg) + field_len(n_any);
    uint8_t *data = arena_alloc(arena, n), *to = data;

    if (!data)
        return NULL;
    *to++ = 1 << 3 | ITEM_VARINT;
    to = put_varint(to, (uint64_t)code);
    to = put_field(to, 2, message, n_msg);
    to = put_tag(to, 3, n_any);
    to = put_field(to, 1, any_type, n_type);
    to = put_tag(to, 2, n_info);
    to = put_field(to, 1, reason, n_reason);
    (void)put_field(to, 2, RPC_ERROR_DOMAIN, n_domain);
    *ret_n = n;
    return data;
}

/* ---- reading ---- */

static bool body_is(const struct item_cursor *c, const char *s)
{
    size_t n = strlen(s);

    return (size_t)(c->end - c->at) == n && memcmp(c->at, s, n) == 0;
}

static bool reason_of_info(struct item_cursor info, char ret[ERR_REASON_MAX])
{
    struct item it;

    while (item_next(&info, &it) > 0) {
        size_t n = item_len(&it);

        if (it.field != 1 || n == 0 || n >= ERR_REASON_MAX)
            continue;
        memcpy(ret, it.body.at, n);
        ret[n] = '\0';
        return true;
    }
    return false;
}

static bool reason_of_any(struct item_cursor any, char ret[ERR_REASON_MAX])
{
    struct item_cursor value = {0};
    bool is_info = false;
    struct item it;

    while (item_next(&any, &it) > 0) {
        if (it.field == 1 && it.body.at)
            is_info = body_is(&it.body, any_type);
        else if (it.field == 2 && it.body.at)
            value = it.body;
    }
    return is_info && value.at && reason_of_info(value, ret);
}

void rpc_status_find_reason(const uint8_t *details, size_t n, char ret[ERR_REASON_MAX])
{
    struct item_cursor c = {.at = details, .end = details + n};
    struct item it;

    ret[0] = '\0';
    while (item_next(&c, &it) > 0)
        if (it.field == 3 && it.body.at && reason_of_any(it.body, ret))
            return;
}

/* ---- codes of HTTP ---- */

int rpc_code_of_h2_error(uint32_t h2_error)
{
    switch (h2_error) {
    case 0x7: /* REFUSED_STREAM */
        return RPC_UNAVAILABLE;
    case 0x8: /* CANCEL */
        return RPC_CANCELLED;
    case 0xb: /* ENHANCE_YOUR_CALM */
        return RPC_RESOURCE_EXHAUSTED;
    case 0xc: /* INADEQUATE_SECURITY */
        return RPC_PERMISSION_DENIED;
    default:
        return RPC_INTERNAL;
    }
}

int rpc_code_of_http_status(int http_status)
{
    switch (http_status) {
    case 400:
        return RPC_INTERNAL;
    case 401:
        return RPC_UNAUTHENTICATED;
    case 403:
        return RPC_PERMISSION_DENIED;
    case 404:
        return RPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return RPC_UNAVAILABLE;
    default:
        return RPC_UNKNOWN;
    }
}
