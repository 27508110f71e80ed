/*
 * The typed layer: messages of protobuf-c instead of bytes. protobuf-c unpacks through an allocator
 * into the call's message arena, which is emptied before each message (a unary request stays until
 * the call ends).
 */
#include "lib/rpc/service.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/item.h"

enum { MAX_NESTING = 100 };

struct rpc_typed {
    const struct rpc_method_desc *method;
    struct rpc_msg_ops ops; /* by value: those of unary calls are made here */
    const ProtobufCMessageDescriptor *incoming;
    rpc_unary_fn unary_fn; /* client */
    ProtobufCMessage *reply;
    unsigned n_messages;
    struct rpc_typed_handler *handler; /* server, until the request is there */
};

struct rpc_typed_handler {
    struct rpc_owned owned; /* first: the server frees it */
    const struct rpc_method_desc *method;
    rpc_msg_handler fn;
    void *user;
};

/* ---- unpacking ---- */

static void *arena_allocate(void *arena, size_t n)
{
    return arena_alloc(arena, n);
}

static void arena_deallocate(void *arena, void *p)
{
    (void)arena; /* all goes with the arena */
    (void)p;
}

/*
 * Before unpacking, since protobuf-c recurses for nested messages without a bound and ends strings
 * at a NUL: what is checked there would not be what was sent.
 */
static int check_message(const ProtobufCMessageDescriptor *desc, struct item_cursor in,
                         unsigned depth, struct err *err);

static int check_string(const ProtobufCFieldDescriptor *f, const struct item *it, struct err *err)
{
    if (memchr(it->body.at, 0, item_len(it)))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadMessage", "field %s holds a NUL", f->name);
    if (!bytes_is_utf8(it->body.at, item_len(it)))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadMessage", "field %s is not valid UTF-8",
                       f->name);
    return 0;
}

static int check_item(const ProtobufCMessageDescriptor *desc, const struct item *it, unsigned depth,
                      struct err *err)
{
    const ProtobufCFieldDescriptor *f;

    if (it->wire != ITEM_LEN)
        return 0;
    f = protobuf_c_message_descriptor_get_field(desc, it->field);
    if (f && f->type == PROTOBUF_C_TYPE_STRING)
        return check_string(f, it, err);
    if (f && f->type == PROTOBUF_C_TYPE_MESSAGE)
        return check_message(f->descriptor, it->body, depth + 1, err);
    return 0;
}

static int check_message(const ProtobufCMessageDescriptor *desc, struct item_cursor in,
                         unsigned depth, struct err *err)
{
    struct item it;
    int r;

    if (depth > MAX_NESTING)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadMessage",
                       "messages are nested deeper than %d", MAX_NESTING);
    while ((r = item_next(&in, &it)) > 0)
        if (check_item(desc, &it, depth, err) < 0)
            return -1;
    if (r < 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadMessage", "not a valid message");
    return 0;
}

ProtobufCMessage *rpc_unpack(const ProtobufCMessageDescriptor *desc, const uint8_t *data, size_t n,
                             struct arena *arena, struct err *err)
{
    ProtobufCAllocator allocator = {
        .alloc = arena_allocate, .free = arena_deallocate, .allocator_data = arena};
    uint8_t none = 0;
    struct item_cursor in = {.at = n ? data : &none, .end = (n ? data : &none) + n};
    ProtobufCMessage *msg;

    if (check_message(desc, in, 0, err) < 0) {
        err_wrap(err, "%s", desc->name);
        return NULL;
    }
    msg = protobuf_c_message_unpack(desc, &allocator, n, in.at);
    if (!msg)
        err_set(err, RPC_INVALID_ARGUMENT, "BadMessage", "%zu bytes are no valid %s", n,
                desc->name);
    return msg;
}

/* ---- sending ---- */

int rpc_send(struct rpc_call *call, const ProtobufCMessage *msg, struct err *err)
{
    size_t n = protobuf_c_message_get_packed_size(msg);
    uint8_t *to = rpc_call_send_begin(call, n, err);

    if (!to)
        return -1;
    (void)protobuf_c_message_pack(msg, to);
    return rpc_call_send_commit(call, n, err);
}

void rpc_reply(struct rpc_call *call, const ProtobufCMessage *reply)
{
    struct err err;

    if (rpc_send(call, reply, &err) < 0)
        rpc_call_fail(call, &err);
    else
        rpc_call_finish(call, RPC_OK, NULL);
}

/* ---- receiving ---- */

static void end_for(struct rpc_call *call, const struct err *err)
{
    if (call->role == RPC_SERVER) {
        rpc_call_fail(call, err);
        rpc_call_end(call, err->code, err->msg);
    } else {
        /* What the server sent is its fault, not the argument of ours. */
        rpc_call_cancel(call, err->code == RPC_INVALID_ARGUMENT ? RPC_INTERNAL : err->code,
                        err->msg);
    }
}

static ProtobufCMessage *unpack_for(struct rpc_call *call, const uint8_t *data, size_t n)
{
    struct rpc_typed *t = call->typed;
    ProtobufCMessage *msg;
    struct err err;

    msg = rpc_unpack(t->incoming, data, n, &call->msg_arena, &err);
    if (!msg)
        end_for(call, &err);
    return msg;
}

static void typed_headers(struct rpc_call *call, void *user)
{
    if (call->typed && call->typed->ops.on_headers)
        call->typed->ops.on_headers(call, user);
}

static void typed_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    ProtobufCMessage *msg;

    if (!call->typed)
        return;
    arena_reset(&call->msg_arena);
    msg = unpack_for(call, data, n);
    if (msg && call->typed->ops.on_message)
        call->typed->ops.on_message(call, msg, user);
}

static void typed_half_close(struct rpc_call *call, void *user)
{
    if (call->typed && call->typed->ops.on_half_close)
        call->typed->ops.on_half_close(call, user);
}

static void typed_writable(struct rpc_call *call, void *user)
{
    if (call->typed && call->typed->ops.on_writable)
        call->typed->ops.on_writable(call, user);
}

static void typed_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    if (call->typed && call->typed->ops.on_done)
        call->typed->ops.on_done(call, status, user);
}

static const struct rpc_call_ops typed_ops = {
    .on_headers = typed_headers,
    .on_message = typed_message,
    .on_half_close = typed_half_close,
    .on_writable = typed_writable,
    .on_done = typed_done,
};

static struct rpc_typed *typed_new(struct rpc_call *call, const struct rpc_method_desc *m)
{
    struct rpc_typed *t = arena_zalloc(&call->arena, sizeof(*t));

    if (!t)
        return NULL;
    t->method = m;
    t->incoming = call->role == RPC_SERVER ? m->input : m->output;
    call->typed = t;
    return t;
}

enum rpc_kind rpc_method_kind(const struct rpc_method_desc *m)
{
    if (m->client_streaming)
        return m->server_streaming ? RPC_KIND_BIDI : RPC_KIND_CLIENT_STREAM;
    return m->server_streaming ? RPC_KIND_SERVER_STREAM : RPC_KIND_UNARY;
}

/* ---- client ---- */

static int start(struct rpc_channel *ch, const struct rpc_method_desc *m,
                 const struct rpc_call_opts *opts, const struct rpc_call_ops *ops, void *user,
                 struct rpc_call **ret, struct err *err)
{
    struct rpc_call_opts own = opts ? *opts : (struct rpc_call_opts){0};

    own.kind = rpc_method_kind(m);
    if (rpc_channel_call(ch, m->path, &own, ops, user, ret, err) < 0)
        return -1;
    if (!typed_new(*ret, m)) {
        rpc_call_abandon(*ret);
        return err_oom(err);
    }
    return 0;
}

int rpc_start(struct rpc_channel *ch, const struct rpc_method_desc *m,
              const struct rpc_call_opts *opts, const struct rpc_msg_ops *ops, void *user,
              struct rpc_call **ret, struct err *err)
{
    struct rpc_call *call;

    if (start(ch, m, opts, &typed_ops, user, &call, err) < 0)
        return -1;
    call->typed->ops = *ops;
    if (ret)
        *ret = call;
    return 0;
}

static void unary_reply(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct rpc_typed *t = call->typed;

    (void)user;
    t->reply = unpack_for(call, data, n);
}

static void unary_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct rpc_typed *t = call->typed;

    if (!t || !t->unary_fn)
        return;
    t->unary_fn(call, status->code == RPC_OK ? t->reply : NULL, status, user);
}

static const struct rpc_call_ops unary_ops = {
    .on_message = unary_reply,
    .on_done = unary_done,
};

int rpc_unary(struct rpc_channel *ch, const struct rpc_method_desc *m,
              const struct rpc_call_opts *opts, const ProtobufCMessage *request, rpc_unary_fn fn,
              void *user, struct rpc_call **ret, struct err *err)
{
    struct rpc_call_opts own = opts ? *opts : (struct rpc_call_opts){0};
    struct rpc_call *call;

    own.unary_response = true;
    if (start(ch, m, &own, &unary_ops, user, &call, err) < 0)
        return -1;
    call->typed->unary_fn = fn;
    if (rpc_send(call, request, err) < 0) {
        rpc_call_abandon(call);
        return -1;
    }
    rpc_call_send_end(call);
    rpc_call_read(call);
    if (ret)
        *ret = call;
    return 0;
}

/* ---- server ---- */

static void cardinality(struct rpc_call *call, const char *what)
{
    struct err err;

    err_set(&err, RPC_UNIMPLEMENTED, "BadCardinality", "%s takes exactly one message: %s came",
            call->path, what);
    end_for(call, &err);
}

static void request_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct rpc_typed *t = call->typed;

    (void)user;
    if (t->n_messages++ > 0) {
        cardinality(call, "a second one");
        return;
    }
    t->reply = unpack_for(call, data, n);
    rpc_call_read(call);
}

/* The handler runs when the request is whole, and the one only. */
static void request_end(struct rpc_call *call, void *user)
{
    struct rpc_typed *t = call->typed;
    struct rpc_typed_handler *h = t->handler;

    (void)user;
    if (!t->reply) {
        cardinality(call, "none");
        return;
    }
    rpc_call_set_ops(call, NULL, NULL);
    h->fn(call, t->reply, h->user);
}

static const struct rpc_call_ops request_ops = {
    .on_message = request_message,
    .on_half_close = request_end,
};

static void typed_handler(struct rpc_call *call, void *user)
{
    struct rpc_typed_handler *h = user;
    struct rpc_typed *t = typed_new(call, h->method);
    struct err err;

    if (!t) {
        err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    if (h->method->client_streaming) {
        h->fn(call, NULL, h->user);
        return;
    }
    t->handler = h;
    rpc_call_set_ops(call, &request_ops, NULL);
    rpc_call_read(call);
}

int rpc_server_handle_method(struct rpc_server *s, const struct rpc_method_desc *m,
                             rpc_msg_handler fn, void *user, struct err *err)
{
    struct rpc_typed_handler *h = malloc(sizeof(*h));

    if (!h)
        return err_oom(err);
    *h = (struct rpc_typed_handler){.method = m, .fn = fn, .user = user};
    if (rpc_server_handle_kind(s, m->path, rpc_method_kind(m), typed_handler, h, err) < 0) {
        free(h);
        return -1;
    }
    rpc_server_own(s, &h->owned);
    return 0;
}

void rpc_accept(struct rpc_call *call, const struct rpc_method_desc *m,
                const struct rpc_msg_ops *ops, void *user)
{
    struct rpc_typed *t = call->typed;
    struct err err;

    if (!t)
        t = typed_new(call, m);
    if (!t) {
        err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    t->ops = *ops;
    rpc_call_set_ops(call, &typed_ops, user);
}
