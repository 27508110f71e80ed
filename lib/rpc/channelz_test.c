/* grpc.channelz.v1, asked by the client that our plugin generates. */
#include "lib/rpc/test_util.h"

#include "grpc/channelz/v1/channelz.rpc.h"
#include "lib/base/alloc_sweep.h"
#include "lib/rpc/channelz.h"

#define SHOWN(name) Grpc__Channelz__V1__##name
#define READY       GRPC__CHANNELZ__V1__CHANNEL_CONNECTIVITY_STATE__STATE__READY

struct scene {
    struct world w;
    struct rpc_channelz *cz;
    struct talk handler;
    char address[128];
};

/* The answer, copied out of the call by packing it once more. */
struct answer {
    int n_done, code;
    ProtobufCMessage *message;
};

static void on_answer(struct rpc_call *call, const ProtobufCMessage *reply,
                      const struct rpc_status *status, void *user)
{
    struct answer *a = user;

    (void)call;
    a->n_done++;
    a->code = status->code;
    if (reply) {
        static uint8_t packed[1 << 20]; /* no malloc() that a sweep would meet */
        size_t n = protobuf_c_message_get_packed_size(reply);

        assert_true(n <= sizeof(packed));
        (void)protobuf_c_message_pack(reply, packed);
        a->message = protobuf_c_message_unpack(reply->descriptor, NULL, n, packed);
        assert_non_null(a->message);
    }
}

static void forget(struct answer *a)
{
    if (a->message)
        protobuf_c_message_free_unpacked(a->message, NULL);
    *a = (struct answer){0};
}

#define ASK(s, a, method, Request, ...)                                                            \
    do {                                                                                           \
        SHOWN(Request) request_ = {__VA_ARGS__};                                                   \
        struct err err_;                                                                           \
        forget(a);                                                                                 \
        assert_int_equal(grpc_channelz_v1_channelz_##method((s)->w.channel, NULL, &request_,       \
                                                            on_answer, a, NULL, &err_),            \
                         0);                                                                       \
        run_until(&(s)->w, &(a)->n_done, 1);                                                       \
    } while (0)
#define BASE(name) .base = PROTOBUF_C_MESSAGE_INIT(&grpc__channelz__v1__##name##__descriptor)

static void scene_up(struct scene *s)
{
    struct err err;

    *s = (struct scene){0};
    s->handler.reads_on = s->handler.echoes = true;
    assert_int_equal(loop_new(&s->w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&s->w.server, s->w.loop, NULL, &err), 0);
    assert_int_equal(rpc_channelz_new(&s->cz, s->w.server, "main", &err), 0);
    assert_int_equal(rpc_server_handle(s->w.server, "/t.T/Echo", talk_handler, &s->handler, &err),
                     0);
    assert_int_equal(rpc_server_listen(s->w.server, "127.0.0.1:0", NULL, s->address, &err), 0);
    assert_int_equal(rpc_channel_new(&s->w.channel, s->w.loop, s->address, NULL, &err), 0);
    rpc_channelz_add_channel(s->cz, s->w.channel);
}

static void scene_down(struct scene *s)
{
    world_down(&s->w);
    rpc_channelz_free(s->cz);
}

static void one_echo(struct scene *s)
{
    struct talk t = {.reads_on = true};
    struct err err;

    talk_start(&s->w, &t, "/t.T/Echo", NULL);
    assert_int_equal(rpc_call_send(t.call, "hello", 5, &err), 0);
    rpc_call_send_end(t.call);
    rpc_call_read(t.call);
    run_until(&s->w, &t.n_done, 1);
}

/* ---- servers ---- */

static void servers(void **state)
{
    const SHOWN(GetServersResponse) * list;
    const SHOWN(Socket) * socket;
    struct answer a = {0};
    struct talk t = {0};
    struct scene s;
    int64_t id, socket_id;

    (void)state;
    scene_up(&s);
    one_echo(&s);
    talk_start(&s.w, &t, "/t.T/None", NULL);
    run_until(&s.w, &t.n_done, 1);
    run_for(&s.w, 10);
    ASK(&s, &a, get_servers, GetServersRequest, BASE(get_servers_request));
    assert_int_equal(a.code, RPC_OK);
    list = (const void *)a.message;
    assert_int_equal(list->n_server, 1);
    assert_true(list->end);
    assert_string_equal(list->server[0]->ref->name, "main");
    assert_int_equal(list->server[0]->data->calls_started, 3); /* this one too */
    assert_int_equal(list->server[0]->data->calls_succeeded, 1);
    assert_int_equal(list->server[0]->data->calls_failed, 1);
    assert_true(list->server[0]->data->last_call_started_timestamp->seconds > 1500000000);
    assert_true(list->server[0]->data->trace->creation_timestamp->seconds > 1500000000);
    assert_int_equal(list->server[0]->n_listen_socket, 1);
    id = list->server[0]->ref->server_id;
    socket_id = list->server[0]->listen_socket[0]->socket_id;

    ASK(&s, &a, get_socket, GetSocketRequest, BASE(get_socket_request), .socket_id = socket_id);
    socket = ((const SHOWN(GetSocketResponse) *)a.message)->socket;
    assert_int_equal(socket->local->tcpip_address->ip_address.len, 4);
    assert_null(socket->remote);

    ASK(&s, &a, get_server_sockets, GetServerSocketsRequest, BASE(get_server_sockets_request),
        .server_id = id);
    assert_int_equal(((const SHOWN(GetServerSocketsResponse) *)a.message)->n_socket_ref, 1);
    socket_id = ((const SHOWN(GetServerSocketsResponse) *)a.message)->socket_ref[0]->socket_id;
    ASK(&s, &a, get_socket, GetSocketRequest, BASE(get_socket_request), .socket_id = socket_id);
    socket = ((const SHOWN(GetSocketResponse) *)a.message)->socket;
    assert_int_equal(socket->data->streams_started, 6);
    assert_int_equal(socket->data->streams_succeeded, 5);
    assert_int_equal(socket->data->streams_failed, 0);
    assert_int_equal(socket->data->messages_received, 5); /* /t.T/None sent none */
    assert_int_equal(socket->data->messages_sent, 4);
    assert_non_null(socket->data->last_remote_stream_created_timestamp);
    assert_null(socket->data->last_local_stream_created_timestamp);
    assert_true(socket->data->remote_flow_control_window->value > 0);
    assert_true(socket->data->local_flow_control_window->value > 0);
    assert_int_equal(socket->remote->tcpip_address->ip_address.data[0], 127);
    assert_null(socket->security);
    forget(&a);
    scene_down(&s);
}

/* ---- channels ---- */

static void channels(void **state)
{
    const SHOWN(GetTopChannelsResponse) * list;
    const SHOWN(Subchannel) * sub;
    const SHOWN(Socket) * socket;
    struct answer a = {0};
    struct talk t = {0};
    struct scene s;
    int64_t id, sub_id;

    (void)state;
    scene_up(&s);
    one_echo(&s);
    talk_start(&s.w, &t, "/t.T/None", NULL);
    run_until(&s.w, &t.n_done, 1);
    ASK(&s, &a, get_top_channels, GetTopChannelsRequest, BASE(get_top_channels_request));
    list = (const void *)a.message;
    assert_int_equal(list->n_channel, 1);
    assert_true(list->end);
    assert_string_equal(list->channel[0]->data->target, s.address);
    assert_int_equal(list->channel[0]->data->state->state, READY);
    assert_int_equal(list->channel[0]->data->calls_started, 3);
    assert_int_equal(list->channel[0]->data->calls_succeeded, 1);
    assert_int_equal(list->channel[0]->data->calls_failed, 1);
    assert_int_equal(list->channel[0]->n_subchannel_ref, 1);
    id = list->channel[0]->ref->channel_id;
    sub_id = list->channel[0]->subchannel_ref[0]->subchannel_id;

    ASK(&s, &a, get_channel, GetChannelRequest, BASE(get_channel_request), .channel_id = id);
    assert_int_equal(((const SHOWN(GetChannelResponse) *)a.message)->channel->ref->channel_id, id);
    ASK(&s, &a, get_subchannel, GetSubchannelRequest, BASE(get_subchannel_request),
        .subchannel_id = sub_id);
    sub = ((const SHOWN(GetSubchannelResponse) *)a.message)->subchannel;
    assert_int_equal(sub->data->state->state, READY);
    assert_int_equal(sub->data->calls_started, 5);
    assert_int_equal(sub->n_socket_ref, 1);
    ASK(&s, &a, get_socket, GetSocketRequest, BASE(get_socket_request),
        .socket_id = sub->socket_ref[0]->socket_id);
    socket = ((const SHOWN(GetSocketResponse) *)a.message)->socket;
    assert_int_equal(socket->data->streams_started, 6);
    assert_int_equal(socket->data->messages_sent, 5);
    assert_int_equal(socket->data->messages_received, 4);
    assert_non_null(socket->data->last_local_stream_created_timestamp);
    forget(&a);
    scene_down(&s);
}

/* ---- what is not there, pages ---- */

static void not_there(void **state)
{
    struct answer a = {0};
    struct scene s;

    (void)state;
    scene_up(&s);
    ASK(&s, &a, get_socket, GetSocketRequest, BASE(get_socket_request), .socket_id = 1 << 30);
    assert_int_equal(a.code, RPC_NOT_FOUND);
    ASK(&s, &a, get_socket, GetSocketRequest, BASE(get_socket_request), .socket_id = -1);
    assert_int_equal(a.code, RPC_NOT_FOUND);
    ASK(&s, &a, get_channel, GetChannelRequest, BASE(get_channel_request));
    assert_int_equal(a.code, RPC_NOT_FOUND);
    ASK(&s, &a, get_subchannel, GetSubchannelRequest, BASE(get_subchannel_request));
    assert_int_equal(a.code, RPC_NOT_FOUND);
    ASK(&s, &a, get_server_sockets, GetServerSocketsRequest, BASE(get_server_sockets_request));
    assert_int_equal(a.code, RPC_NOT_FOUND);
    ASK(&s, &a, get_servers, GetServersRequest, BASE(get_servers_request), .max_results = -1);
    assert_int_equal(a.code, RPC_INVALID_ARGUMENT);
    ASK(&s, &a, get_servers, GetServersRequest, BASE(get_servers_request), .start_server_id = -1);
    assert_int_equal(a.code, RPC_INVALID_ARGUMENT);
    forget(&a);
    scene_down(&s);
}

/* Walks all pages; they are in order, none twice, none left out. */
static size_t walk(struct scene *s, int64_t max, size_t *ret_pages)
{
    struct answer a = {0};
    int64_t start = 0;
    size_t n = 0;

    *ret_pages = 0;
    for (bool end = false; !end && *ret_pages < 1000; ++*ret_pages) {
        const SHOWN(GetTopChannelsResponse) * list;

        ASK(s, &a, get_top_channels, GetTopChannelsRequest, BASE(get_top_channels_request),
            .start_channel_id = start, .max_results = max);
        list = (const void *)a.message;
        assert_true(list->n_channel > 0 && list->n_channel <= RPC_CHANNELZ_PAGE);
        for (size_t i = 0; i < list->n_channel; i++) {
            assert_true(list->channel[i]->ref->channel_id >= start);
            start = list->channel[i]->ref->channel_id + 1;
        }
        n += list->n_channel;
        end = list->end;
    }
    forget(&a);
    return n;
}

static void pages(void **state)
{
    enum { N = 250 };
    struct rpc_channel *all[N];
    size_t n_pages;
    struct scene s;
    struct err err;

    (void)state;
    scene_up(&s);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(rpc_channel_new(&all[i], s.w.loop, "127.0.0.1:1", NULL, &err), 0);
    for (size_t i = N; i-- > 0;) /* the order in which they are added does not matter */
        rpc_channelz_add_channel(s.cz, all[i]);
    assert_int_equal(walk(&s, 0, &n_pages), N + 1);
    assert_int_equal(n_pages, 3);
    assert_int_equal(walk(&s, 1000000, &n_pages), N + 1);
    assert_int_equal(n_pages, 3);
    assert_int_equal(walk(&s, 50, &n_pages), N + 1);
    assert_int_equal(n_pages, 6);
    for (size_t i = 0; i < N; i++)
        rpc_channel_free(all[i]); /* not shown any more */
    assert_int_equal(walk(&s, 0, &n_pages), 1);
    scene_down(&s);
}

/* What an address has counted stays when its connection goes. */
static void connections_come_and_go(void **state)
{
    static const struct rpc_server_opts opts = {.max_idle_ms = 20};
    const SHOWN(GetTopChannelsResponse) * list;
    struct rpc_channel *ch;
    struct rpc_server *old;
    struct answer a = {0};
    struct scene s;
    struct talk t = {0};
    char address[128];
    struct err err;

    (void)state;
    scene_up(&s);
    assert_int_equal(rpc_server_new(&old, s.w.loop, &opts, &err), 0);
    assert_int_equal(rpc_server_listen(old, "127.0.0.1:0", NULL, address, &err), 0);
    assert_int_equal(rpc_channel_new(&ch, s.w.loop, address, NULL, &err), 0);
    rpc_channelz_add_server(s.cz, old, NULL);
    rpc_channelz_add_channel(s.cz, ch);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rpc_channel_call(ch, "/t.T/None", NULL, &talk_ops, &t, &t.call, &err), 0);
        run_until(&s.w, &t.n_done, i + 1);
        RUN_WHILE(&s.w, rpc_channel_state(ch) == RPC_CHANNEL_READY);
        run_for(&s.w, 10);
    }
    ASK(&s, &a, get_top_channels, GetTopChannelsRequest, BASE(get_top_channels_request));
    list = (const void *)a.message;
    assert_int_equal(list->n_channel, 2);
    ASK(&s, &a, get_subchannel, GetSubchannelRequest, BASE(get_subchannel_request),
        .subchannel_id = list->channel[1]->subchannel_ref[0]->subchannel_id);
    assert_int_equal(
        ((const SHOWN(GetSubchannelResponse) *)a.message)->subchannel->data->calls_started, 3);
    forget(&a);
    rpc_channel_free(ch);
    rpc_server_free(old);
    scene_down(&s);
}

/* ---- no memory ---- */

static int ask_all(struct scene *s, struct answer *a, struct err *err)
{
    SHOWN(GetServersRequest) servers_ = GRPC__CHANNELZ__V1__GET_SERVERS_REQUEST__INIT;
    SHOWN(GetTopChannelsRequest) channels_ = GRPC__CHANNELZ__V1__GET_TOP_CHANNELS_REQUEST__INIT;
    SHOWN(GetSocketRequest) socket_ = GRPC__CHANNELZ__V1__GET_SOCKET_REQUEST__INIT;

    socket_.socket_id = 1;
    if (rpc_channelz_new(&s->cz, s->w.server, "main", err) < 0 ||
        grpc_channelz_v1_channelz_get_servers(s->w.channel, NULL, &servers_, on_answer, a, NULL,
                                              err) < 0)
        return -1;
    rpc_channelz_add_channel(s->cz, s->w.channel);
    RUN_WHILE(&s->w, a->n_done < 1);
    if (a->code != RPC_OK)
        return err_oom(err);
    forget(a);
    if (grpc_channelz_v1_channelz_get_top_channels(s->w.channel, NULL, &channels_, on_answer, a,
                                                   NULL, err) < 0)
        return -1;
    RUN_WHILE(&s->w, a->n_done < 1);
    if (a->code != RPC_OK)
        return err_oom(err);
    forget(a);
    if (grpc_channelz_v1_channelz_get_socket(s->w.channel, NULL, &socket_, on_answer, a, NULL,
                                             err) < 0)
        return -1;
    RUN_WHILE(&s->w, a->n_done < 1);
    return a->code == RPC_NOT_FOUND ? 0 : err_oom(err);
}

static int without_memory(void *user, struct err *err)
{
    struct answer a = {0};
    struct scene s = {0};
    int r;

    (void)user;
    alloc_sweep_pause();
    world_up(&s.w);
    alloc_sweep_resume();
    r = ask_all(&s, &a, err);
    alloc_sweep_pause();
    forget(&a);
    scene_down(&s);
    alloc_sweep_resume();
    return r;
}

static void no_memory(void **state)
{
    (void)state;
    alloc_sweep(without_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers),
        cmocka_unit_test(channels),
        cmocka_unit_test(not_there),
        cmocka_unit_test(pages),
        cmocka_unit_test(connections_come_and_go),
        cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
