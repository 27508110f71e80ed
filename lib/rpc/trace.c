#include "lib/rpc/trace.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/metadata_core.h"

/* ---- text ---- */

/* Lower case only (2.2.2: HEXDIGLC). */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static int take_hex(const char *text, uint8_t *ret, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return -1;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static bool is_zero(const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (data[i])
            return false;
    return true;
}

int rpc_trace_parse(const char *text, size_t n, struct rpc_trace *ret)
{
    struct rpc_trace t = {0};
    uint8_t version;

    if (n < RPC_TRACEPARENT_CHARS || text[2] != '-' || text[35] != '-' || text[52] != '-' ||
        take_hex(text, &version, 1) < 0 || take_hex(text + 3, t.trace_id, sizeof(t.trace_id)) < 0 ||
        take_hex(text + 36, t.span_id, sizeof(t.span_id)) < 0 ||
        take_hex(text + 53, &t.flags, 1) < 0)
        return -1;
    if (version == 0xff || is_zero(t.trace_id, sizeof(t.trace_id)) ||
        is_zero(t.span_id, sizeof(t.span_id)))
        return -1;
    if (n > RPC_TRACEPARENT_CHARS && (version == 0 || text[RPC_TRACEPARENT_CHARS] != '-'))
        return -1;
    t.flags &= RPC_TRACE_SAMPLED | RPC_TRACE_RANDOM;
    *ret = t;
    return 0;
}

void rpc_trace_format(const struct rpc_trace *t, char ret[RPC_TRACEPARENT_CHARS + 1])
{
    memcpy(ret, "00-", 3);
    bytes_hex(t->trace_id, sizeof(t->trace_id), ret + 3);
    ret[35] = '-';
    bytes_hex(t->span_id, sizeof(t->span_id), ret + 36);
    ret[52] = '-';
    bytes_hex(&t->flags, 1, ret + 53);
}

/* ---- spans ---- */

/* Out of a store that is filled at once: a system call for each would cost more than all the rest.
 * Ids are no secrets. */
static void draw(uint8_t *ret, size_t n)
{
    static _Thread_local uint8_t store[512];
    static _Thread_local size_t n_left;

    do {
        if (n_left < n) {
            bytes_random(store, sizeof(store));
            n_left = sizeof(store);
        }
        n_left -= n;
        memcpy(ret, store + n_left, n);
    } while (is_zero(ret, n));
}

void rpc_trace_begin(struct rpc_trace *ret)
{
    *ret = (struct rpc_trace){.flags = RPC_TRACE_RANDOM};
    draw(ret->trace_id, sizeof(ret->trace_id));
    draw(ret->span_id, sizeof(ret->span_id));
}

void rpc_trace_child(const struct rpc_trace *parent, struct rpc_trace *ret)
{
    struct rpc_trace t = *parent;

    memcpy(t.parent_id, parent->span_id, sizeof(t.parent_id));
    draw(t.span_id, sizeof(t.span_id));
    *ret = t;
}

/* Fit for a header field as it is; with blanks between its members it is left out. */
static bool is_state(const char *s)
{
    size_t n = 0;

    while (s[n] > ' ' && s[n] < 0x7f)
        n++;
    return n > 0 && n <= RPC_TRACESTATE_MAX && s[n] == '\0';
}

int rpc_trace_environment(struct rpc_trace *ret)
{
    const char *parent = getenv("TRACEPARENT"), *state = getenv("TRACESTATE");
    struct rpc_trace t;

    if (!parent || rpc_trace_parse(parent, strlen(parent), &t) < 0)
        return -1;
    if (state && is_state(state))
        t.state = state;
    *ret = t;
    return 0;
}

/* ---- the server ---- */

/* The only traceparent, or NULL: with two nobody can say which (3.2.2.5: one is sent). */
static const struct rpc_field *find_only(const struct rpc_metadata *md, const char *name)
{
    const struct rpc_field *found = NULL;

    for (size_t i = 0; i < md->n; i++) {
        if (strcmp(md->fields[i].name, name) != 0)
            continue;
        if (found)
            return NULL;
        found = &md->fields[i];
    }
    return found;
}

/* Several fields are one list (3.3.1). NULL: none, too long, or no memory for it. */
static const char *join_states(struct rpc_call *call, const struct rpc_metadata *md)
{
    char joined[RPC_TRACESTATE_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < md->n; i++) {
        const struct rpc_field *f = &md->fields[i];

        if (strcmp(f->name, "tracestate") != 0 || f->n_value == 0)
            continue;
        if (n + 1 + f->n_value > RPC_TRACESTATE_MAX)
            return NULL;
        if (n > 0)
            joined[n++] = ',';
        memcpy(joined + n, f->value, f->n_value);
        n += f->n_value;
    }
    return n > 0 ? arena_memdup(&call->arena, joined, n) : NULL;
}

static int on_server_start(struct rpc_call *call, void *state, void *user, struct err *err)
{
    const struct rpc_metadata *md = rpc_call_headers(call);
    const struct rpc_field *f = md ? find_only(md, "traceparent") : NULL;
    struct rpc_trace given, *t = state;

    (void)user;
    (void)err;
    if (!f || rpc_trace_parse((const char *)f->value, f->n_value, &given) < 0) {
        rpc_trace_begin(t);
        return 0;
    }
    given.state = join_states(call, md);
    rpc_trace_child(&given, t);
    return 0;
}

static const struct rpc_interceptor on_server = {.n_state = sizeof(struct rpc_trace),
                                                 .on_start = on_server_start};

/* ---- the client ---- */

static int send_trace(struct rpc_call *call, const struct rpc_trace *t, struct err *err)
{
    char text[RPC_TRACEPARENT_CHARS + 1];

    rpc_metadata_drop(&call->headers, "traceparent");
    rpc_metadata_drop(&call->headers, "tracestate");
    rpc_trace_format(t, text);
    if (rpc_call_add_header(call, "traceparent", text, RPC_TRACEPARENT_CHARS, err) < 0)
        return -1;
    if (!t->state)
        return 0;
    return rpc_call_add_header(call, "tracestate", t->state, strlen(t->state), err);
}

static int on_client_start(struct rpc_call *call, void *state, void *user, struct err *err)
{
    const struct rpc_call *parent = rpc_call_parent(call);
    const struct rpc_trace *of_parent = parent ? rpc_call_trace(parent) : NULL;
    const struct rpc_field *own = find_only(&call->headers, "traceparent");
    struct rpc_trace *t = state;

    if (of_parent)
        rpc_trace_child(of_parent, t);
    else if (user && !own)
        rpc_trace_child(user, t);
    else if (own && rpc_trace_parse((const char *)own->value, own->n_value, t) == 0)
        return 0;
    else
        rpc_trace_begin(t);
    return send_trace(call, t, err);
}

static const struct rpc_interceptor on_client = {.n_state = sizeof(struct rpc_trace),
                                                 .on_start = on_client_start};

int rpc_trace_server(struct rpc_server *s, struct err *err)
{
    return rpc_server_intercept(s, &on_server, NULL, err);
}

int rpc_trace_channel_of(struct rpc_channel *ch, const struct rpc_trace *of, struct err *err)
{
    return rpc_channel_intercept(ch, &on_client, (void *)of, err); /* it is only read */
}

int rpc_trace_channel(struct rpc_channel *ch, struct err *err)
{
    return rpc_trace_channel_of(ch, NULL, err);
}

const struct rpc_trace *rpc_call_trace(const struct rpc_call *call)
{
    return rpc_call_state(call, call->role == RPC_SERVER ? &on_server : &on_client);
}
