#include "lib/rpc/channelz.h"

#include "lib/rpc/channelz_view.h"

#define SHOWN(name) Grpc__Channelz__V1__##name

struct rpc_channelz {
    struct list servers, channels; /* struct rpc_looked_at, by growing id */
    struct grpc_channelz_v1_channelz_impl impl;
};

static struct rpc_looked_at *looked_at(struct list *it)
{
    return CONTAINER_OF(it, struct rpc_looked_at, link);
}

static struct rpc_channel *channel_of(struct list *it)
{
    return looked_at(it)->owner;
}

static struct rpc_conn *conn_of(struct list *it)
{
    return CONTAINER_OF(it, struct rpc_conn, link);
}

static uint64_t id_of_server(struct list *it)
{
    struct rpc_server_view view;

    rpc_server_look(looked_at(it)->owner, &view);
    return view.calls->id;
}

static uint64_t id_of_channel(struct list *it)
{
    return channel_of(it)->calls.id;
}

static uint64_t id_of_conn(struct list *it)
{
    return conn_of(it)->counts.id;
}

/* ---- pages ---- */

struct page {
    const struct list *all;
    uint64_t (*id)(struct list *it);
    uint64_t start;
    size_t max, n;
    bool is_last;
};

/* < 0: the call was refused. Counts what is on it. */
static int open_page(struct page *p, struct rpc_call *call, int64_t start, int64_t max)
{
    if (start < 0 || max < 0) {
        rpc_call_finish(call, RPC_INVALID_ARGUMENT, "neither an id nor max_results is negative");
        return -1;
    }
    p->start = (uint64_t)start;
    p->max = max == 0 || max > RPC_CHANNELZ_PAGE ? RPC_CHANNELZ_PAGE : (size_t)max;
    p->is_last = true;
    LIST_FOREACH(it, p->all)
    {
        if (p->id(it) < p->start)
            continue;
        if (p->n == p->max) {
            p->is_last = false;
            break;
        }
        p->n++;
    }
    return 0;
}

/* The n of them, as they are in the list. */
static void fill_page(const struct page *p, struct channelz_view *v, void **to, size_t n,
                      void *(*show)(struct channelz_view *v, struct list *it))
{
    size_t i = 0;

    LIST_FOREACH(it, p->all)
    if (i < n && p->id(it) >= p->start)
        to[i++] = show(v, it);
}

static bool is_sent(struct rpc_call *call, const struct channelz_view *v)
{
    if (v->is_out_of_memory)
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
    return !v->is_out_of_memory;
}

static void not_found(struct rpc_call *call, const char *what, int64_t id)
{
    struct err err;

    err_set(&err, RPC_NOT_FOUND, "NotFound", "there is no %s %lld here, or not any more", what,
            (long long)id);
    rpc_call_fail(call, &err);
}

/* ---- lists ---- */

static void *show_server(struct channelz_view *v, struct list *it)
{
    return channelz_show_server(v, looked_at(it)->owner);
}

static void on_servers(struct rpc_call *call, const SHOWN(GetServersRequest) * request, void *user)
{
    SHOWN(GetServersResponse) to = GRPC__CHANNELZ__V1__GET_SERVERS_RESPONSE__INIT;
    struct rpc_channelz *cz = user;
    struct page p = {.all = &cz->servers, .id = id_of_server};
    struct channelz_view v;

    if (open_page(&p, call, request->start_server_id, request->max_results) < 0)
        return;
    channelz_view_init(&v, call);
    to.n_server = p.n;
    to.server = channelz_list(&v, &to.n_server);
    fill_page(&p, &v, (void **)to.server, to.n_server, show_server);
    to.end = p.is_last;
    if (is_sent(call, &v))
        grpc_channelz_v1_channelz_get_servers_reply(call, &to);
}

static void *show_channel(struct channelz_view *v, struct list *it)
{
    return channelz_show_channel(v, channel_of(it));
}

static void on_channels(struct rpc_call *call, const SHOWN(GetTopChannelsRequest) * request,
                        void *user)
{
    SHOWN(GetTopChannelsResponse) to = GRPC__CHANNELZ__V1__GET_TOP_CHANNELS_RESPONSE__INIT;
    struct rpc_channelz *cz = user;
    struct page p = {.all = &cz->channels, .id = id_of_channel};
    struct channelz_view v;

    if (open_page(&p, call, request->start_channel_id, request->max_results) < 0)
        return;
    channelz_view_init(&v, call);
    to.n_channel = p.n;
    to.channel = channelz_list(&v, &to.n_channel);
    fill_page(&p, &v, (void **)to.channel, to.n_channel, show_channel);
    to.end = p.is_last;
    if (is_sent(call, &v))
        grpc_channelz_v1_channelz_get_top_channels_reply(call, &to);
}

static struct rpc_server *find_server(struct rpc_channelz *cz, int64_t id)
{
    LIST_FOREACH(it, &cz->servers)
    if (id_of_server(it) == (uint64_t)id)
        return looked_at(it)->owner;
    return NULL;
}

static void *show_conn_ref(struct channelz_view *v, struct list *it)
{
    return channelz_show_ref(v, conn_of(it));
}

static void on_sockets(struct rpc_call *call, const SHOWN(GetServerSocketsRequest) * request,
                       void *user)
{
    SHOWN(GetServerSocketsResponse) to = GRPC__CHANNELZ__V1__GET_SERVER_SOCKETS_RESPONSE__INIT;
    struct rpc_server *s = find_server(user, request->server_id);
    struct page p = {.id = id_of_conn};
    struct rpc_server_view view;
    struct channelz_view v;

    if (!s) {
        not_found(call, "server", request->server_id);
        return;
    }
    rpc_server_look(s, &view);
    p.all = view.conns;
    if (open_page(&p, call, request->start_socket_id, request->max_results) < 0)
        return;
    channelz_view_init(&v, call);
    to.n_socket_ref = p.n;
    to.socket_ref = channelz_list(&v, &to.n_socket_ref);
    fill_page(&p, &v, (void **)to.socket_ref, to.n_socket_ref, show_conn_ref);
    to.end = p.is_last;
    if (is_sent(call, &v))
        grpc_channelz_v1_channelz_get_server_sockets_reply(call, &to);
}

/* ---- single ones ---- */

static void on_channel(struct rpc_call *call, const SHOWN(GetChannelRequest) * request, void *user)
{
    SHOWN(GetChannelResponse) to = GRPC__CHANNELZ__V1__GET_CHANNEL_RESPONSE__INIT;
    struct rpc_channelz *cz = user;
    struct channelz_view v;

    channelz_view_init(&v, call);
    LIST_FOREACH(it, &cz->channels)
    if (id_of_channel(it) == (uint64_t)request->channel_id)
        to.channel = channelz_show_channel(&v, channel_of(it));
    if (!to.channel)
        not_found(call, "channel", request->channel_id);
    else if (is_sent(call, &v))
        grpc_channelz_v1_channelz_get_channel_reply(call, &to);
}

static SHOWN(Subchannel) *
    find_subchannel(struct channelz_view *v, const struct rpc_channel *ch, uint64_t id)
{
    LIST_FOREACH(it, &ch->endpoints)
    {
        const struct endpoint *e = CONTAINER_OF(it, struct endpoint, link);

        if (e->counts.id == id)
            return channelz_show_endpoint(v, ch, e);
    }
    return NULL;
}

static void on_subchannel(struct rpc_call *call, const SHOWN(GetSubchannelRequest) * request,
                          void *user)
{
    SHOWN(GetSubchannelResponse) to = GRPC__CHANNELZ__V1__GET_SUBCHANNEL_RESPONSE__INIT;
    struct rpc_channelz *cz = user;
    struct channelz_view v;

    channelz_view_init(&v, call);
    LIST_FOREACH(it, &cz->channels)
    if (!to.subchannel)
        to.subchannel = find_subchannel(&v, channel_of(it), (uint64_t)request->subchannel_id);
    if (!to.subchannel)
        not_found(call, "subchannel", request->subchannel_id);
    else if (is_sent(call, &v))
        grpc_channelz_v1_channelz_get_subchannel_reply(call, &to);
}

static const struct rpc_conn *find_conn(const struct list *conns, uint64_t id)
{
    LIST_FOREACH(it, conns)
    if (id_of_conn(it) == id)
        return conn_of(it);
    return NULL;
}

static SHOWN(Socket) * find_of_server(struct channelz_view *v, struct rpc_server *s, uint64_t id)
{
    struct rpc_server_view view;
    const struct rpc_conn *conn;
    uint64_t listener;
    int fd;

    rpc_server_look(s, &view);
    conn = find_conn(view.conns, id);
    if (conn)
        return channelz_show_conn(v, conn);
    for (size_t i = 0; rpc_server_look_listener(s, i, &listener, &fd); i++)
        if (listener == id)
            return channelz_show_listener(v, id, fd);
    return NULL;
}

static SHOWN(Socket) *
    find_of_channel(struct channelz_view *v, const struct rpc_channel *ch, uint64_t id)
{
    const struct rpc_conn *conn = find_conn(&ch->old, id);

    LIST_FOREACH(it, &ch->endpoints)
    {
        const struct endpoint *e = CONTAINER_OF(it, struct endpoint, link);

        if (e->conn && e->conn->counts.id == id)
            conn = e->conn;
    }
    return conn ? channelz_show_conn(v, conn) : NULL;
}

static void on_socket(struct rpc_call *call, const SHOWN(GetSocketRequest) * request, void *user)
{
    SHOWN(GetSocketResponse) to = GRPC__CHANNELZ__V1__GET_SOCKET_RESPONSE__INIT;
    uint64_t id = (uint64_t)request->socket_id;
    struct rpc_channelz *cz = user;
    struct channelz_view v;

    channelz_view_init(&v, call);
    LIST_FOREACH(it, &cz->servers)
    if (!to.socket)
        to.socket = find_of_server(&v, looked_at(it)->owner, id);
    LIST_FOREACH(it, &cz->channels)
    if (!to.socket)
        to.socket = find_of_channel(&v, channel_of(it), id);
    if (!to.socket)
        not_found(call, "socket", request->socket_id);
    else if (is_sent(call, &v))
        grpc_channelz_v1_channelz_get_socket_reply(call, &to);
}

/* ---- what is shown ---- */

static void add_sorted(struct list *all, struct list *e, uint64_t (*id)(struct list *it))
{
    struct list *before = all;

    list_remove(e);
    LIST_FOREACH(it, all)
    if (id(it) < id(e))
        before = it;
    list_insert_between(before, before->next, e);
}

void rpc_channelz_add_server(struct rpc_channelz *cz, struct rpc_server *s, const char *name)
{
    struct rpc_server_view view;

    rpc_server_look(s, &view);
    view.looked_at->name = name;
    add_sorted(&cz->servers, &view.looked_at->link, id_of_server);
}

void rpc_channelz_add_channel(struct rpc_channelz *cz, struct rpc_channel *ch)
{
    add_sorted(&cz->channels, &ch->looked_at.link, id_of_channel);
}

int rpc_channelz_new(struct rpc_channelz **ret, struct rpc_server *host, const char *name,
                     struct err *err)
{
    _cleanup_(rpc_channelz_freep) struct rpc_channelz *cz = calloc(1, sizeof(*cz));

    if (!cz)
        return err_oom(err);
    list_init(&cz->servers);
    list_init(&cz->channels);
    cz->impl = (struct grpc_channelz_v1_channelz_impl){.user = cz,
                                                       .get_servers = on_servers,
                                                       .get_top_channels = on_channels,
                                                       .get_server_sockets = on_sockets,
                                                       .get_channel = on_channel,
                                                       .get_subchannel = on_subchannel,
                                                       .get_socket = on_socket};
    rpc_channelz_add_server(cz, host, name);
    /* Last: what it registers points to cz. */
    if (grpc_channelz_v1_channelz_register(host, &cz->impl, err) < 0)
        return err_wrap(err, "channelz service");
    *ret = TAKE_PTR(cz);
    return 0;
}

void rpc_channelz_free(struct rpc_channelz *cz)
{
    if (!cz)
        return;
    while (list_pop_front(&cz->servers) || list_pop_front(&cz->channels))
        continue;
    free(cz);
}
