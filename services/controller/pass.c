/*
 * Two halves of a call, joined message by message: the next one is asked of the leader when the
 * caller has taken the one before. The connection to a leader (a hop) is shared by all calls; when
 * another leads, or has another certificate, the calls on the old one end as they may, and it goes
 * with the last of them.
 */
#include "services/controller/pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "lib/rpc/observe.h"
#include "lib/rpc/tls.h"
#include "services/controller/gate.h"
#include "services/controller/obj.h"

/* A leader whose machine is gone says nothing: watches would hang. */
enum { KEEPALIVE_MS = 10 * 1000, KEEPALIVE_TIMEOUT_MS = 5 * 1000, CONNECT_MS = 5 * 1000 };

struct hop {
    struct list link;
    struct pass *pass;
    struct pass_leader leader;
    struct rpc_tls *tls;
    struct rpc_channel *channel;
    size_t n_calls;
};

struct pass {
    struct loop *loop;
    struct pass_opts opts;
    struct list hops;    /* the first is the present one */
    struct list streams; /* struct passed whose method is a stream */
    struct loop_task *sweep;
};

/* In the arena of down. */
struct passed {
    struct list link; /* the pass's streams */
    struct hop *hop;
    struct rpc_call *down, *up;
};

/* ---- the note ---- */

char *pass_note(const struct pass_leader *leader)
{
    _cleanup_(json_decrefp) json_t *note =
        json_pack("{s:s, s:s, s:s}", "identity", leader->identity, "grpc", leader->address,
                  "certificateSHA256", leader->sha256);

    return note ? json_dumps(note, JSON_COMPACT) : NULL;
}

static int read_part(const json_t *note, const char *key, char *ret, size_t n_ret)
{
    const char *text = obj_str(note, key);

    if (!text || strlen(text) >= n_ret)
        return -1;
    memcpy(ret, text, strlen(text) + 1);
    return 0;
}

int pass_read_note(const char *note, const char *holder, struct pass_leader *ret)
{
    _cleanup_(json_decrefp) json_t *o = json_loads(note, 0, NULL);
    struct pass_leader l;

    if (!*holder || read_part(o, "identity", l.identity, sizeof(l.identity)) < 0 ||
        read_part(o, "grpc", l.address, sizeof(l.address)) < 0 ||
        read_part(o, "certificateSHA256", l.sha256, sizeof(l.sha256)) < 0 || !l.address[0] ||
        strcmp(l.identity, holder) != 0)
        return -1;
    *ret = l;
    return 0;
}

/* ---- hops ---- */

static void hop_free(struct hop *h)
{
    if (!h)
        return;
    list_remove(&h->link);
    rpc_channel_free(h->channel);
    rpc_tls_free(h->tls);
    free(h);
}
DEFINE_CLEANUP(struct hop *, hop_free)

/* Not from inside a callback of its channel. */
static void on_sweep(struct loop_task *t _unused_, void *user)
{
    struct pass *p = user;
    bool is_first = true;

    LIST_FOREACH_SAFE(it, &p->hops)
    {
        struct hop *h = CONTAINER_OF(it, struct hop, link);

        if (!is_first && h->n_calls == 0)
            hop_free(h);
        is_first = false;
    }
}

static int connect_hop(struct hop *h, struct err *err)
{
    struct rpc_tls_opts tls = {.peer_sha256 = h->leader.sha256};
    struct rpc_channel_opts opts = {.connect_timeout_ms = CONNECT_MS,
                                    .backoff_max_ms = CONNECT_MS,
                                    .keepalive_ms = KEEPALIVE_MS,
                                    .keepalive_timeout_ms = KEEPALIVE_TIMEOUT_MS};
    struct rpc_observer *observer = h->pass->opts.observer;
    char target[sizeof(h->leader.address) + 8];

    (void)snprintf(target, sizeof(target), "%s%s",
                   h->leader.address[0] == '[' ? "ipv6:" : "ipv4:", h->leader.address);
    if (h->leader.sha256[0] && rpc_tls_new(&h->tls, &tls, err) < 0)
        return -1;
    opts.tls = h->tls;
    if (rpc_channel_new(&h->channel, h->pass->loop, target, &opts, err) < 0)
        return -1;
    return observer ? rpc_observe_channel(observer, h->channel, err) : 0;
}

static bool is_same_place(const struct pass_leader *a, const struct pass_leader *b)
{
    return strcmp(a->identity, b->identity) == 0 && strcmp(a->address, b->address) == 0 &&
           strcmp(a->sha256, b->sha256) == 0;
}

static struct hop *hop_to(struct pass *p, const struct pass_leader *leader, struct err *err)
{
    _cleanup_(hop_freep) struct hop *h = NULL;

    if (!list_is_empty(&p->hops) &&
        is_same_place(&LIST_FIRST(&p->hops, struct hop, link)->leader, leader))
        return LIST_FIRST(&p->hops, struct hop, link);
    h = calloc(1, sizeof(*h));
    if (!h) {
        (void)err_oom(err);
        return NULL;
    }
    list_init(&h->link);
    h->pass = p;
    h->leader = *leader;
    if (connect_hop(h, err) < 0)
        return NULL;
    list_push_front(&p->hops, &h->link);
    loop_task_schedule(p->sweep);
    log_info("passing calls on to the leader", LOG_S("identity", leader->identity),
             LOG_S("address", leader->address));
    return TAKE_PTR(h);
}

/* ---- from the leader to the caller ---- */

static bool is_passed(const char *name)
{
    if (rpc_metadata_is_of_hop(name) || strcmp(name, "user-agent") == 0 ||
        strcmp(name, PASS_MARK) == 0)
        return false;
    return strncmp(name, "grpc-", 5) != 0 || strcmp(name, "grpc-trace-bin") == 0;
}

static void let_go(struct passed *c)
{
    c->up = NULL;
    list_remove(&c->link);
    if (--c->hop->n_calls == 0)
        loop_task_schedule(c->hop->pass->sweep);
}

/* What came cannot be handed to the caller. */
static void give_up(struct passed *c, const struct err *err)
{
    rpc_call_abandon(c->up);
    let_go(c);
    rpc_call_fail(c->down, err);
}

static void up_on_headers(struct rpc_call *up, void *user)
{
    struct passed *c = user;
    struct err err;

    if (rpc_call_copy_headers(c->down, rpc_call_headers(up), is_passed, &err) < 0 ||
        rpc_call_send_headers(c->down, &err) < 0)
        give_up(c, &err);
}

static void up_on_message(struct rpc_call *up, const uint8_t *data, size_t n, void *user)
{
    struct passed *c = user;
    struct err err;
    int r = rpc_call_send(c->down, data, n, &err);

    if (r < 0)
        give_up(c, &err);
    else if (r != RPC_WAIT)
        rpc_call_read(up);
}

static void up_on_done(struct rpc_call *up, const struct rpc_status *status, void *user)
{
    struct passed *c = user;
    bool is_lost = status->code == RPC_UNAVAILABLE && !rpc_call_trailers(up);
    struct err err;

    if (is_lost)
        (void)err_set(&err, RPC_UNAVAILABLE, "LeaderUnreachable",
                      "this replica of the controller does not lead, and the leader %.100s (%s) "
                      "cannot be reached or was lost: try again: %.200s",
                      c->hop->leader.identity, c->hop->leader.address, status->message);
    let_go(c);
    if (is_lost || rpc_call_copy_trailers(c->down, rpc_call_trailers(up), is_passed, &err) < 0)
        rpc_call_fail(c->down, &err);
    else
        rpc_call_finish_status(c->down, status);
}

static const struct rpc_call_ops up_ops = {
    .on_headers = up_on_headers,
    .on_message = up_on_message,
    .on_done = up_on_done,
};

/* ---- the caller's half ---- */

static void down_on_writable(struct rpc_call *down _unused_, void *user)
{
    struct passed *c = user;

    if (c->up)
        rpc_call_read(c->up);
}

/* Gone, cancelled, out of time, or answered. */
static void down_on_done(struct rpc_call *down _unused_, const struct rpc_status *st _unused_,
                         void *user)
{
    struct passed *c = user;

    if (!c->up)
        return;
    rpc_call_abandon(c->up);
    let_go(c);
}

static const struct rpc_msg_ops down_ops = {
    .on_writable = down_on_writable,
    .on_done = down_on_done,
};

static int request_fields(struct passed *c, struct rpc_metadata *ret, struct err *err)
{
    const struct rpc_metadata *md = rpc_call_headers(c->down);

    rpc_metadata_init(ret, rpc_call_arena(c->down));
    for (size_t i = 0; i < md->n; i++)
        if (is_passed(md->fields[i].name) &&
            rpc_metadata_add(ret, md->fields[i].name, md->fields[i].value, md->fields[i].n_value,
                             err) < 0)
            return -1;
    return rpc_metadata_add_str(ret, PASS_MARK, c->hop->pass->opts.name, err);
}

/* 0: none. */
static uint64_t remaining_ms(const struct rpc_call *call)
{
    uint64_t deadline_ms = rpc_call_deadline_ms(call), now = loop_now_ms(rpc_call_loop(call));

    if (deadline_ms == CLOCK_NEVER)
        return 0;
    return deadline_ms > now ? deadline_ms - now : 1;
}

static int start(struct passed *c, const struct rpc_method_desc *m, const ProtobufCMessage *request,
                 struct err *err)
{
    struct rpc_metadata fields;
    struct rpc_call_opts opts = {.timeout_ms = remaining_ms(c->down),
                                 .metadata = &fields,
                                 .parent = c->down,
                                 .kind = rpc_method_kind(m)};
    size_t n = protobuf_c_message_get_packed_size(request);
    _cleanup_(freep) uint8_t *bytes = malloc(n + 1);

    if (!bytes)
        return err_oom(err);
    (void)protobuf_c_message_pack(request, bytes);
    if (request_fields(c, &fields, err) < 0 ||
        rpc_channel_call(c->hop->channel, m->path, &opts, &up_ops, c, &c->up, err) < 0)
        return -1;
    if (rpc_call_send(c->up, bytes, n, err) < 0) {
        rpc_call_abandon(TAKE_PTR(c->up));
        return -1;
    }
    rpc_call_send_end(c->up);
    rpc_call_read(c->up);
    return 0;
}

static bool may_pass(const struct pass *p, const struct pass_leader *leader,
                     const struct rpc_call *call)
{
    const struct rpc_metadata *md = rpc_call_headers(call);

    return gate_bearer_token(call) && !rpc_metadata_find(md, PASS_MARK) &&
           (leader->sha256[0] || p->opts.is_plain) && strcmp(leader->identity, p->opts.name) != 0;
}

bool pass_on(struct pass *p, const struct pass_leader *leader, struct rpc_call *call,
             const struct rpc_method_desc *m, const ProtobufCMessage *request)
{
    struct passed *c;
    struct err err;

    if (!may_pass(p, leader, call))
        return false;
    c = arena_zalloc(rpc_call_arena(call), sizeof(*c));
    if (!c)
        return false;
    list_init(&c->link);
    c->down = call;
    c->hop = hop_to(p, leader, &err);
    if (!c->hop)
        return false;
    if (start(c, m, request, &err) < 0) {
        rpc_call_fail(call, &err);
        return true;
    }
    c->hop->n_calls++;
    if (m->server_streaming)
        list_push_back(&p->streams, &c->link);
    rpc_accept(call, m, &down_ops, c);
    return true;
}

void pass_end_streams(struct pass *p, const struct err *why)
{
    LIST_FOREACH_SAFE(it, &p->streams)
    give_up(CONTAINER_OF(it, struct passed, link), why);
}

/* ---- life ---- */

int pass_new(struct pass **ret, struct loop *loop, const struct pass_opts *opts, struct err *err)
{
    _cleanup_(pass_freep) struct pass *p = calloc(1, sizeof(*p));

    if (!p)
        return err_oom(err);
    p->loop = loop;
    p->opts = *opts;
    list_init(&p->hops);
    list_init(&p->streams);
    if (loop_task_new(&p->sweep, loop, on_sweep, p, err) < 0)
        return -1;
    *ret = TAKE_PTR(p);
    return 0;
}

void pass_free(struct pass *p)
{
    if (!p)
        return;
    while (!list_is_empty(&p->hops))
        hop_free(LIST_FIRST(&p->hops, struct hop, link));
    loop_task_free(p->sweep);
    free(p);
}
