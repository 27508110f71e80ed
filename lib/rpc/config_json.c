#include "lib/rpc/config_json.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"

enum { MAX_BYTES = 64 * 1024, MAX_ATTEMPTS_READ = 1000, MAX_TOKENS = 1000 };

static int bad(struct err *err, const char *where, const char *what)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadServiceConfig", "service config: %s %s", where,
                   what);
}

/* ---- values ---- */

/* A protobuf Duration in JSON: "1.5s", up to nine digits behind the point; milliseconds, rounded
 * up. */
static int take_duration(const json_t *v, const char *where, uint64_t *ret_ms, struct err *err)
{
    const char *s = json_string_value(v), *point;
    size_t n = s ? strlen(s) : 0, n_whole;
    char whole[16];
    uint64_t seconds, scale = 100000000, ns = 0;

    if (n < 2 || s[n - 1] != 's')
        return bad(err, where, "is no duration: write \"1.5s\"");
    point = memchr(s, '.', n);
    n_whole = point ? (size_t)(point - s) : n - 1;
    (void)snprintf(whole, sizeof(whole), "%.*s", (int)n_whole, s);
    if (n_whole >= sizeof(whole) || bytes_parse_u64(whole, 0, 315576000000, &seconds) < 0 ||
        (point && (point + 2 > s + n - 1 || n - 1 - n_whole > 10)))
        return bad(err, where, "is no duration: write \"1.5s\"");
    for (const char *c = point ? point + 1 : s + n - 1; *c != 's'; c++, scale /= 10) {
        if (*c < '0' || *c > '9')
            return bad(err, where, "is no duration: write \"1.5s\"");
        ns += (uint64_t)(*c - '0') * scale;
    }
    *ret_ms = seconds * 1000 + (ns + 999999) / 1000000;
    return 0;
}

/* A positive number in thousandths, rounded down. */
static int take_milli(const json_t *v, const char *where, uint32_t *ret, struct err *err)
{
    double d = json_number_value(v);

    if (!json_is_number(v) || !(d >= 0.001) || d > 1000000)
        return bad(err, where, "is not a number from 0.001 to 1000000");
    *ret = (uint32_t)(d * 1000 + 0.0005);
    return 0;
}

/* Protobuf writes 64-bit numbers as strings, and takes both. */
static int take_bytes(const json_t *v, const char *where, size_t *ret, struct err *err)
{
    uint64_t n = 0;

    if (!v)
        return 0;
    if (json_is_integer(v) && json_integer_value(v) > 0)
        n = (uint64_t)json_integer_value(v);
    else if (!json_is_string(v) || bytes_parse_u64(json_string_value(v), 1, UINT32_MAX, &n) < 0)
        return bad(err, where, "is not a number of bytes");
    *ret = (size_t)MIN(n, (uint64_t)UINT32_MAX);
    return 0;
}

/* "UNAVAILABLE", "unavailable" or 14. */
static int take_code(const json_t *v, uint32_t *codes, struct err *err)
{
    const char *s = json_string_value(v);
    char upper[32];
    int code = json_is_integer(v) && json_integer_value(v) <= RPC_UNAUTHENTICATED
                   ? (int)MAX(json_integer_value(v), -1)
                   : -1;
    size_t n = 0;

    for (; s && s[n] && n + 1 < sizeof(upper); n++)
        upper[n] = s[n] >= 'a' && s[n] <= 'z' ? (char)(s[n] - 'a' + 'A') : s[n];
    upper[n] = '\0';
    if (s)
        code = rpc_code_from_name(upper);
    if (code <= RPC_OK)
        return bad(err, "retryableStatusCodes", "has what is no status that a retry could be for");
    *codes |= 1u << code;
    return 0;
}

/* ---- retries ---- */

static int take_backoff(const json_t *o, const char *name, uint32_t *ret, struct err *err)
{
    uint64_t ms;

    if (take_duration(json_object_get(o, name), name, &ms, err) < 0)
        return -1;
    if (ms == 0 || ms > UINT32_MAX)
        return bad(err, name, "is zero or too long");
    *ret = (uint32_t)ms;
    return 0;
}

static int take_retry(const json_t *o, struct rpc_retry_policy *ret, struct err *err)
{
    const json_t *attempts = json_object_get(o, "maxAttempts"), *code;
    const json_t *codes = json_object_get(o, "retryableStatusCodes");
    json_int_t n = json_integer_value(attempts);
    size_t i;

    if (!o)
        return 0;
    if (!json_is_integer(attempts) || n < 2 || n > MAX_ATTEMPTS_READ)
        return bad(err, "retryPolicy.maxAttempts", "is not a number from 2");
    if (take_backoff(o, "initialBackoff", &ret->initial_backoff_ms, err) < 0 ||
        take_backoff(o, "maxBackoff", &ret->max_backoff_ms, err) < 0 ||
        take_milli(json_object_get(o, "backoffMultiplier"), "backoffMultiplier",
                   &ret->multiplier_milli, err) < 0)
        return -1;
    if (json_array_size(codes) == 0)
        return bad(err, "retryPolicy.retryableStatusCodes", "is no list, or an empty one");
    json_array_foreach((json_t *)codes, i,
                       code) if (take_code(code, &ret->codes, err) < 0) return -1;
    ret->max_attempts = (unsigned)MIN(n, (json_int_t)RPC_RETRY_ATTEMPTS_MAX);
    return 0;
}

static int take_throttling(const json_t *o, struct rpc_service_config *c, struct err *err)
{
    if (!o)
        return 0;
    if (take_milli(json_object_get(o, "maxTokens"), "retryThrottling.maxTokens", &c->throttle_max,
                   err) < 0 ||
        take_milli(json_object_get(o, "tokenRatio"), "retryThrottling.tokenRatio",
                   &c->throttle_ratio, err) < 0)
        return -1;
    if (c->throttle_max > MAX_TOKENS * 1000)
        return bad(err, "retryThrottling.maxTokens", "is over 1000");
    return 0;
}

/* ---- methods ---- */

static int take_method(const json_t *o, struct rpc_method_config *m, struct err *err)
{
    const json_t *timeout = json_object_get(o, "timeout");
    const json_t *waits = json_object_get(o, "waitForReady");

    if (timeout && take_duration(timeout, "timeout", &m->timeout_ms, err) < 0)
        return -1;
    if (waits && !json_is_boolean(waits))
        return bad(err, "waitForReady", "is neither true nor false");
    m->has_wait_for_ready = waits;
    m->wait_for_ready = json_is_true(waits);
    if (take_bytes(json_object_get(o, "maxRequestMessageBytes"), "maxRequestMessageBytes",
                   &m->max_request, err) < 0 ||
        take_bytes(json_object_get(o, "maxResponseMessageBytes"), "maxResponseMessageBytes",
                   &m->max_response, err) < 0)
        return -1;
    return take_retry(json_object_get(o, "retryPolicy"), &m->retry, err);
}

static int take_name(const json_t *o, const char *member, const char **ret, struct err *err)
{
    const json_t *v = json_object_get(o, member);

    *ret = v ? json_string_value(v) : "";
    return *ret ? 0 : bad(err, member, "of a name is no text");
}

static int take_methods(const json_t *list, struct rpc_service_config *c, struct err *err)
{
    const json_t *o, *name;
    size_t i, k;

    if (list && !json_is_array(list))
        return bad(err, "methodConfig", "is no list");
    json_array_foreach((json_t *)list, i, o)
    {
        struct rpc_method_config m = {0};

        if (!json_is_object(o))
            return bad(err, "methodConfig", "has what is no object");
        if (take_method(o, &m, err) < 0)
            return -1;
        json_array_foreach(json_object_get(o, "name"), k, name)
        {
            const char *service, *method;

            if (take_name(name, "service", &service, err) < 0 ||
                take_name(name, "method", &method, err) < 0 ||
                rpc_service_config_add(c, service, method, &m, err) < 0)
                return -1;
        }
    }
    return 0;
}

/* ---- balancing ---- */

/* The first one that is known counts; a list without any is refused. */
static int take_balance(const json_t *root, struct rpc_service_config *c, struct err *err)
{
    const json_t *list = json_object_get(root, "loadBalancingConfig"), *o;
    const char *old = json_string_value(json_object_get(root, "loadBalancingPolicy"));
    size_t i;

    json_array_foreach((json_t *)list, i, o)
    {
        if (c->has_balance)
            return 0;
        c->is_round_robin = json_object_get(o, "round_robin");
        c->has_balance = c->is_round_robin || json_object_get(o, "pick_first");
    }
    if (list && !c->has_balance)
        return bad(err, "loadBalancingConfig", "names neither pick_first nor round_robin");
    if (list || !old)
        return 0;
    c->is_round_robin = strcasecmp(old, "round_robin") == 0;
    c->has_balance = c->is_round_robin || strcasecmp(old, "pick_first") == 0;
    return c->has_balance ? 0 : bad(err, "loadBalancingPolicy", "is none that is known");
}

/* ---- health ---- */

static int take_health(const json_t *o, struct rpc_service_config *c, struct err *err)
{
    const json_t *name = json_object_get(o, "serviceName");

    if (!name)
        return 0;
    if (!json_is_string(name) || json_string_length(name) > RPC_HEALTH_SERVICE_MAX)
        return bad(err, "healthCheckConfig.serviceName", "is no text, or one of over 512 bytes");
    c->health_service = strdup(json_string_value(name));
    return c->health_service ? 0 : err_oom(err);
}

static int take_all(const json_t *root, struct rpc_service_config *c, struct err *err)
{
    if (!json_is_object(root))
        return bad(err, "it", "is no JSON object");
    if (take_balance(root, c, err) < 0 ||
        take_throttling(json_object_get(root, "retryThrottling"), c, err) < 0 ||
        take_health(json_object_get(root, "healthCheckConfig"), c, err) < 0)
        return -1;
    return take_methods(json_object_get(root, "methodConfig"), c, err);
}

int rpc_service_config_parse(const char *json, size_t n, struct rpc_service_config *ret,
                             struct err *err)
{
    json_error_t where;
    json_t *root;
    int r;

    rpc_service_config_init(ret);
    if (n > MAX_BYTES)
        return bad(err, "it", "is longer than 64 KiB");
    root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &where);
    /* jansson has no words for the one, and a code for the other way of running out. */
    if (!root && (!where.text[0] || json_error_code(&where) == json_error_out_of_memory))
        return err_oom(err);
    if (!root)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadServiceConfig",
                       "service config: line %d, column %d: %s", where.line, where.column,
                       where.text);
    r = take_all(root, ret, err);
    json_decref(root);
    if (r < 0)
        rpc_service_config_done(ret);
    return r;
}
