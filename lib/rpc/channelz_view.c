/*
 * Making a message never fails on the way: without memory its parts are written to a scrap that
 * nobody sends, and the view says so at the end. All share that scrap, so nothing is read back
 * from what was made: parts are made first and held in locals.
 */
#include "lib/rpc/channelz_view.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "lib/rpc/channelz.h"

#define SHOWN(name) Grpc__Channelz__V1__##name

typedef SHOWN(Address) Address;
typedef Google__Protobuf__Timestamp Timestamp;
typedef Google__Protobuf__Int64Value Int64Value;

enum { SCRAP_BYTES = 512 };

void channelz_view_init(struct channelz_view *v, struct rpc_call *call)
{
    *v = (struct channelz_view){.arena = rpc_call_arena(call),
                                .now_ms = loop_now_ms(rpc_call_loop(call)),
                                .real_ns = clock_realtime_ns()};
}

static void *make(struct channelz_view *v, const ProtobufCMessageDescriptor *desc)
{
    static _Thread_local _Alignas(16) uint8_t scrap[SCRAP_BYTES];
    ProtobufCMessage *m = arena_alloc(v->arena, desc->sizeof_message);

    if (!m) {
        v->is_out_of_memory = true;
        m = (ProtobufCMessage *)scrap;
    }
    protobuf_c_message_init(desc, m);
    return m;
}

#define MAKE(v, name) make((v), &grpc__channelz__v1__##name##__descriptor)

void *channelz_list(struct channelz_view *v, size_t *n)
{
    void *list = *n > 0 ? arena_alloc(v->arena, *n * sizeof(void *)) : NULL;

    if (*n > 0 && !list) {
        v->is_out_of_memory = true;
        *n = 0;
    }
    return list;
}

static char *text(struct channelz_view *v, const char *s)
{
    char *copy = arena_strdup(v->arena, s);

    if (copy)
        return copy;
    v->is_out_of_memory = true;
    return (char *)protobuf_c_empty_string;
}

/* NULL: never. */
static Timestamp *when(struct channelz_view *v, uint64_t at_ms)
{
    uint64_t ns = v->real_ns - (v->now_ms - MIN(at_ms, v->now_ms)) * 1000000u;
    Timestamp *t;

    if (at_ms == 0)
        return NULL;
    t = make(v, &google__protobuf__timestamp__descriptor);
    t->seconds = (int64_t)(ns / 1000000000u);
    t->nanos = (int32_t)(ns % 1000000000u);
    return t;
}

static SHOWN(ChannelTrace) * trace(struct channelz_view *v, const struct rpc_counts *c)
{
    Timestamp *made = when(v, c->made_ms);
    SHOWN(ChannelTrace) *to = MAKE(v, channel_trace);

    to->creation_timestamp = made;
    return to;
}

/* ---- servers ---- */

static SHOWN(SocketRef) * socket_ref(struct channelz_view *v, uint64_t id, const char *name)
{
    SHOWN(SocketRef) *ref = MAKE(v, socket_ref);

    ref->socket_id = (int64_t)id;
    ref->name = text(v, name);
    return ref;
}

static SHOWN(SocketRef) * *listeners(struct channelz_view *v, struct rpc_server *s, size_t *ret_n)
{
    SHOWN(SocketRef) * *refs;
    uint64_t id;
    size_t n = 0;
    int fd;

    while (n < RPC_CHANNELZ_PAGE && rpc_server_look_listener(s, n, &id, &fd))
        n++;
    refs = channelz_list(v, &n);
    for (size_t i = 0; i < n; i++) {
        (void)rpc_server_look_listener(s, i, &id, &fd);
        refs[i] = socket_ref(v, id, "");
    }
    *ret_n = n;
    return refs;
}

static SHOWN(ServerData) * server_data(struct channelz_view *v, const struct rpc_counts *c)
{
    SHOWN(ChannelTrace) *t = trace(v, c);
    Timestamp *last = when(v, c->started_ms);
    SHOWN(ServerData) *to = MAKE(v, server_data);

    to->trace = t;
    to->calls_started = (int64_t)c->n_started;
    to->calls_succeeded = (int64_t)c->n_ok;
    to->calls_failed = (int64_t)c->n_failed;
    to->last_call_started_timestamp = last;
    return to;
}

static SHOWN(ServerRef) * server_ref(struct channelz_view *v, const struct rpc_server_view *of)
{
    SHOWN(ServerRef) *to = MAKE(v, server_ref);

    to->server_id = (int64_t)of->calls->id;
    to->name = text(v, of->looked_at->name ? of->looked_at->name : "");
    return to;
}

SHOWN(Server) * channelz_show_server(struct channelz_view *v, struct rpc_server *s)
{
    SHOWN(SocketRef) * *sockets;
    SHOWN(ServerData) * data;
    SHOWN(ServerRef) * ref;
    SHOWN(Server) * to;
    struct rpc_server_view view;
    size_t n;

    rpc_server_look(s, &view);
    ref = server_ref(v, &view);
    data = server_data(v, view.calls);
    sockets = listeners(v, s, &n);
    to = MAKE(v, server);
    to->ref = ref;
    to->data = data;
    to->listen_socket = sockets;
    to->n_listen_socket = n;
    return to;
}

/* ---- channels ---- */

static SHOWN(ChannelConnectivityState) * state(struct channelz_view *v, enum rpc_channel_state s)
{
    /* Theirs begin with UNKNOWN and go on in the order of ours. */
    static_assert(RPC_CHANNEL_IDLE + 1 ==
                          (int)GRPC__CHANNELZ__V1__CHANNEL_CONNECTIVITY_STATE__STATE__IDLE &&
                      RPC_CHANNEL_SHUTDOWN + 1 ==
                          (int)GRPC__CHANNELZ__V1__CHANNEL_CONNECTIVITY_STATE__STATE__SHUTDOWN,
                  "states");
    SHOWN(ChannelConnectivityState) *to = MAKE(v, channel_connectivity_state);

    to->state = (SHOWN(ChannelConnectivityState__State))((int)s + 1);
    return to;
}

static SHOWN(ChannelData) * channel_data(struct channelz_view *v, const struct rpc_counts *c,
                                         enum rpc_channel_state s, const char *target)
{
    SHOWN(ChannelConnectivityState) *st = state(v, s);
    SHOWN(ChannelTrace) *t = trace(v, c);
    Timestamp *last = when(v, c->started_ms);
    SHOWN(ChannelData) *to = MAKE(v, channel_data);

    to->state = st;
    to->target = text(v, target);
    to->trace = t;
    to->calls_started = (int64_t)c->n_started;
    to->calls_succeeded = (int64_t)c->n_ok;
    to->calls_failed = (int64_t)c->n_failed;
    to->last_call_started_timestamp = last;
    return to;
}

static SHOWN(SubchannelRef) * subchannel_ref(struct channelz_view *v, const struct endpoint *e)
{
    SHOWN(SubchannelRef) *ref = MAKE(v, subchannel_ref);

    ref->subchannel_id = (int64_t)e->counts.id;
    ref->name = text(v, e->address.text);
    return ref;
}

static SHOWN(SubchannelRef) *
    *subchannels(struct channelz_view *v, const struct rpc_channel *ch, size_t *ret_n)
{
    SHOWN(SubchannelRef) * *refs;
    size_t n = 0, i = 0;

    LIST_FOREACH(it, &ch->endpoints)
    n += n < RPC_CHANNELZ_PAGE;
    refs = channelz_list(v, &n);
    LIST_FOREACH(it, &ch->endpoints)
    if (i < n)
        refs[i++] = subchannel_ref(v, CONTAINER_OF(it, struct endpoint, link));
    *ret_n = n;
    return refs;
}

static SHOWN(ChannelRef) * channel_ref(struct channelz_view *v, const struct rpc_channel *ch)
{
    SHOWN(ChannelRef) *to = MAKE(v, channel_ref);

    to->channel_id = (int64_t)ch->calls.id;
    to->name = text(v, ch->target.text);
    return to;
}

SHOWN(Channel) * channelz_show_channel(struct channelz_view *v, const struct rpc_channel *ch)
{
    SHOWN(ChannelRef) *ref = channel_ref(v, ch);
    SHOWN(ChannelData) *data = channel_data(v, &ch->calls, ch->state, ch->target.text);
    SHOWN(SubchannelRef) * *refs;
    SHOWN(Channel) * to;
    size_t n;

    refs = subchannels(v, ch, &n);
    to = MAKE(v, channel);
    to->ref = ref;
    to->data = data;
    to->subchannel_ref = refs;
    to->n_subchannel_ref = n;
    return to;
}

static enum rpc_channel_state state_of(const struct endpoint *e)
{
    if (e->is_ready)
        return RPC_CHANNEL_READY;
    if (e->is_unhealthy)
        return RPC_CHANNEL_TRANSIENT_FAILURE;
    if (e->conn)
        return RPC_CHANNEL_CONNECTING;
    return e->has_failed ? RPC_CHANNEL_TRANSIENT_FAILURE : RPC_CHANNEL_IDLE;
}

/* With those of its connections that still live. */
static struct rpc_counts counts_of(const struct rpc_channel *ch, const struct endpoint *e)
{
    struct rpc_counts all = e->counts;

    if (e->conn)
        rpc_counts_add(&all, &e->conn->counts);
    LIST_FOREACH(it, &ch->old)
    {
        const struct rpc_conn *conn = CONTAINER_OF(it, struct rpc_conn, link);

        if (strcmp(conn->address, e->address.text) == 0)
            rpc_counts_add(&all, &conn->counts);
    }
    return all;
}

SHOWN(Subchannel) * channelz_show_endpoint(struct channelz_view *v, const struct rpc_channel *ch,
                                           const struct endpoint *e)
{
    struct rpc_counts all = counts_of(ch, e);
    SHOWN(SubchannelRef) *ref = subchannel_ref(v, e);
    SHOWN(ChannelData) *data = channel_data(v, &all, state_of(e), e->address.text);
    size_t n = e->conn ? 1 : 0;
    SHOWN(SocketRef) **sockets = channelz_list(v, &n);
    SHOWN(Subchannel) * to;

    if (n > 0)
        sockets[0] = channelz_show_ref(v, e->conn);
    to = MAKE(v, subchannel);
    to->ref = ref;
    to->data = data;
    to->socket_ref = sockets;
    to->n_socket_ref = n;
    return to;
}

/* ---- sockets ---- */

static void show_tcp(struct channelz_view *v, Address *to, const void *ip, size_t n_ip,
                     in_port_t port)
{
    SHOWN(Address__TcpIpAddress) *a = MAKE(v, address__tcp_ip_address);

    a->ip_address.data = (uint8_t *)arena_memdup(v->arena, ip, n_ip);
    a->ip_address.len = a->ip_address.data ? n_ip : 0;
    v->is_out_of_memory |= !a->ip_address.data;
    a->port = ntohs(port);
    to->address_case = GRPC__CHANNELZ__V1__ADDRESS__ADDRESS_TCPIP_ADDRESS;
    to->tcpip_address = a;
}

static void show_unix(struct channelz_view *v, Address *to, const struct sockaddr_un *un,
                      socklen_t n)
{
    SHOWN(Address__UdsAddress) *a = MAKE(v, address__uds_address);
    char path[sizeof(un->sun_path) + 1] = "";

    if (n > offsetof(struct sockaddr_un, sun_path))
        (void)snprintf(path, sizeof(path), "%.*s",
                       (int)(n - offsetof(struct sockaddr_un, sun_path)), un->sun_path);
    a->filename = text(v, path);
    to->address_case = GRPC__CHANNELZ__V1__ADDRESS__ADDRESS_UDS_ADDRESS;
    to->uds_address = a;
}

/* NULL: the socket has none. */
static Address *address(struct channelz_view *v, int fd,
                        int (*ask)(int fd, struct sockaddr *sa, socklen_t *n))
{
    union {
        struct sockaddr any;
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } sa = {0};
    socklen_t n = sizeof(sa);
    Address *to;

    if (fd < 0 || ask(fd, &sa.any, &n) < 0)
        return NULL;
    to = MAKE(v, address);
    if (sa.any.sa_family == AF_INET)
        show_tcp(v, to, &sa.in4.sin_addr, sizeof(sa.in4.sin_addr), sa.in4.sin_port);
    else if (sa.any.sa_family == AF_INET6)
        show_tcp(v, to, &sa.in6.sin6_addr, sizeof(sa.in6.sin6_addr), sa.in6.sin6_port);
    else if (sa.any.sa_family == AF_UNIX)
        show_unix(v, to, &sa.un, n);
    return to;
}

static int ask_local(int fd, struct sockaddr *sa, socklen_t *n)
{
    return getsockname(fd, sa, n);
}

static int ask_remote(int fd, struct sockaddr *sa, socklen_t *n)
{
    return getpeername(fd, sa, n);
}

static Int64Value *number(struct channelz_view *v, int64_t value)
{
    Int64Value *n = make(v, &google__protobuf__int64_value__descriptor);

    n->value = value;
    return n;
}

static SHOWN(SocketData) * socket_data(struct channelz_view *v, const struct rpc_conn *conn)
{
    const struct rpc_counts *c = &conn->counts;
    Timestamp *started = when(v, c->started_ms), *sent = when(v, c->sent_ms);
    Timestamp *received = when(v, c->received_ms);
    Int64Value *granted_to_us = NULL, *granted_to_them = NULL;
    SHOWN(SocketData) * to;
    int64_t in, out;

    if (conn->session) {
        rpc_session_windows(conn->session, &in, &out);
        granted_to_us = number(v, out);
        granted_to_them = number(v, in);
    }
    to = MAKE(v, socket_data);
    to->streams_started = (int64_t)c->n_started;
    to->streams_succeeded = (int64_t)c->n_ok;
    to->streams_failed = (int64_t)c->n_failed;
    to->messages_sent = (int64_t)c->n_sent;
    to->messages_received = (int64_t)c->n_received;
    to->keep_alives_sent = (int64_t)c->n_pings;
    to->last_message_sent_timestamp = sent;
    to->last_message_received_timestamp = received;
    if (conn->opts.role == RPC_CLIENT)
        to->last_local_stream_created_timestamp = started;
    else
        to->last_remote_stream_created_timestamp = started;
    to->local_flow_control_window = granted_to_us;
    to->remote_flow_control_window = granted_to_them;
    return to;
}

/* NULL: plaintext. */
static SHOWN(Security) * security(struct channelz_view *v, const struct rpc_peer *peer)
{
    SHOWN(Security__Tls) * tls;
    SHOWN(Security) * to;

    if (!peer->is_tls || !peer->tls_cipher)
        return NULL;
    tls = MAKE(v, security__tls);
    tls->cipher_suite_case = GRPC__CHANNELZ__V1__SECURITY__TLS__CIPHER_SUITE_STANDARD_NAME;
    tls->standard_name = text(v, peer->tls_cipher);
    to = MAKE(v, security);
    to->model_case = GRPC__CHANNELZ__V1__SECURITY__MODEL_TLS;
    to->tls = tls;
    return to;
}

SHOWN(SocketRef) * channelz_show_ref(struct channelz_view *v, const struct rpc_conn *conn)
{
    return socket_ref(v, conn->counts.id, conn->address);
}

SHOWN(Socket) * channelz_show_conn(struct channelz_view *v, const struct rpc_conn *conn)
{
    int fd = conn->transport ? conn->transport->fd : -1;
    const char *name = conn->peer.spiffe_id ? conn->peer.spiffe_id : conn->peer.tls_name;
    SHOWN(SocketRef) *ref = channelz_show_ref(v, conn);
    SHOWN(SocketData) *data = socket_data(v, conn);
    Address *local = address(v, fd, ask_local), *remote = address(v, fd, ask_remote);
    SHOWN(Security) *tls = security(v, &conn->peer);
    SHOWN(Socket) *to = MAKE(v, socket);

    to->ref = ref;
    to->data = data;
    to->local = local;
    to->remote = remote;
    to->security = tls;
    to->remote_name = text(v, name ? name : "");
    return to;
}

SHOWN(Socket) * channelz_show_listener(struct channelz_view *v, uint64_t id, int fd)
{
    SHOWN(SocketRef) *ref = socket_ref(v, id, "");
    SHOWN(SocketData) *data = MAKE(v, socket_data);
    Address *local = address(v, fd, ask_local);
    SHOWN(Socket) *to = MAKE(v, socket);

    to->ref = ref;
    to->data = data;
    to->local = local;
    return to;
}
