/* Generated from grpc/channelz/v1/channelz.proto by protoc-gen-rpc-c. Do not edit. */
#include "grpc/channelz/v1/channelz.rpc.h"
#include "google/protobuf/any.rpc.h"
#include "google/protobuf/timestamp.rpc.h"
#include "google/protobuf/wrappers.rpc.h"

static const uint8_t file_data[] =
    "\012\037grpc/channelz/v1/channelz.proto\022\020grpc.channelz.v1\032\031google/protob"
    "uf/any.proto\032\037google/protobuf/timestamp.proto\032\036google/protobuf/wrappers."
    "proto\042\257\002\012\007Channel\022.\012\003ref\030\001 \001(\0132\034.grpc.channel"
    "z.v1.ChannelRefR\003ref\0221\012\004data\030\002 \001(\0132\035.grpc.channelz.v1.Cha"
    "nnelDataR\004data\022=\012\013channel_ref\030\003 \003(\0132\034.grpc.channelz.v1.Ch"
    "annelRefR\012channelRef\022F\012\016subchannel_ref\030\004 \003(\0132\037.grpc.chann"
    "elz.v1.SubchannelRefR\015subchannelRef\022:\012\012socket_ref\030\005 \003(\0132\033"
    ".grpc.channelz.v1.SocketRefR\011socketRef\042\265\002\012\012Subchannel\0221\012\003"
    "ref\030\001 \001(\0132\037.grpc.channelz.v1.SubchannelRefR\003ref\0221\012\004data\030"
    "\002 \001(\0132\035.grpc.channelz.v1.ChannelDataR\004data\022=\012\013channel_ref\030"
    "\003 \003(\0132\034.grpc.channelz.v1.ChannelRefR\012channelRef\022F\012\016subchanne"
    "l_ref\030\004 \003(\0132\037.grpc.channelz.v1.SubchannelRefR\015subchannelRef\022:\012"
    "\012socket_ref\030\005 \003(\0132\033.grpc.channelz.v1.SocketRefR\011socketRef\042\302"
    "\001\012\030ChannelConnectivityState\022F\012\005state\030\001 \001(\01620.grpc.chan"
    "nelz.v1.ChannelConnectivityState.StateR\005state\042^\012\005State\022\013\012\007UN"
    "KNOWN\020\000\022\010\012\004IDLE\020\001\022\016\012\012CONNECTING\020\002\022\011\012"
    "\005READY\020\003\022\025\012\021TRANSIENT_FAILURE\020\004\022\014\012\010SHUTDOWN\020"
    "\005\042\351\002\012\013ChannelData\022@\012\005state\030\001 \001(\0132*.grpc.chann"
    "elz.v1.ChannelConnectivityStateR\005state\022\026\012\006target\030\002 \001(\011R\006"
    "target\0224\012\005trace\030\003 \001(\0132\036.grpc.channelz.v1.ChannelTraceR\005tr"
    "ace\022#\012\015calls_started\030\004 \001(\003R\014callsStarted\022'\012\017calls_s"
    "ucceeded\030\005 \001(\003R\016callsSucceeded\022!\012\014calls_failed\030\006 \001("
    "\003R\013callsFailed\022Y\012\033last_call_started_timestamp\030\007 \001(\0132\032."
    "google.protobuf.TimestampR\030lastCallStartedTimestamp\042\230\003\012\021ChannelTra"
    "ceEvent\022 \012\013description\030\001 \001(\011R\013description\022H\012\010severi"
    "ty\030\002 \001(\0162,.grpc.channelz.v1.ChannelTraceEvent.SeverityR\010severity\0228"
    "\012\011timestamp\030\003 \001(\0132\032.google.protobuf.TimestampR\011timestamp\022"
    "\077\012\013channel_ref\030\004 \001(\0132\034.grpc.channelz.v1.ChannelRefH\000R\012"
    "channelRef\022H\012\016subchannel_ref\030\005 \001(\0132\037.grpc.channelz.v1.Subcha"
    "nnelRefH\000R\015subchannelRef\042E\012\010Severity\022\016\012\012CT_UNKNOWN\020\000"
    "\022\013\012\007CT_INFO\020\001\022\016\012\012CT_WARNING\020\002\022\014\012\010CT_"
    "ERROR\020\003B\013\012\011child_ref\042\302\001\012\014ChannelTrace\022*\012\021num_"
    "events_logged\030\001 \001(\003R\017numEventsLogged\022I\012\022creation_timestamp\030"
    "\002 \001(\0132\032.google.protobuf.TimestampR\021creationTimestamp\022;\012\006even"
    "ts\030\003 \003(\0132#.grpc.channelz.v1.ChannelTraceEventR\006events\042c\012\012Cha"
    "nnelRef\022\035\012\012channel_id\030\001 \001(\003R\011channelId\022\022\012\004nam"
    "e\030\002 \001(\011R\004nameJ\004\010\003\020\004J\004\010\004\020\005J\004\010\005\020"
    "\006J\004\010\006\020\007J\004\010\007\020\010J\004\010\010\020\011\042l\012\015Subc"
    "hannelRef\022#\012\015subchannel_id\030\007 \001(\003R\014subchannelId\022\022\012\004"
    "name\030\010 \001(\011R\004nameJ\004\010\001\020\002J\004\010\002\020\003J\004\010\003"
    "\020\004J\004\010\004\020\005J\004\010\005\020\006J\004\010\006\020\007\042`\012\011"
    "SocketRef\022\033\012\011socket_id\030\003 \001(\003R\010socketId\022\022\012\004nam"
    "e\030\004 \001(\011R\004nameJ\004\010\001\020\002J\004\010\002\020\003J\004\010\005\020"
    "\006J\004\010\006\020\007J\004\010\007\020\010J\004\010\010\020\011\042`\012\011Serv"
    "erRef\022\033\012\011server_id\030\005 \001(\003R\010serverId\022\022\012\004name\030"
    "\006 \001(\011R\004nameJ\004\010\001\020\002J\004\010\002\020\003J\004\010\003\020\004"
    "J\004\010\004\020\005J\004\010\007\020\010J\004\010\010\020\011\042\253\001\012\006S"
    "erver\022-\012\003ref\030\001 \001(\0132\033.grpc.channelz.v1.ServerRefR\003ref\0220"
    "\012\004data\030\002 \001(\0132\034.grpc.channelz.v1.ServerDataR\004data\022@\012\015"
    "listen_socket\030\003 \003(\0132\033.grpc.channelz.v1.SocketRefR\014listenSocket\042"
    "\216\002\012\012ServerData\0224\012\005trace\030\001 \001(\0132\036.grpc.channelz.v1"
    ".ChannelTraceR\005trace\022#\012\015calls_started\030\002 \001(\003R\014callsStarted"
    "\022'\012\017calls_succeeded\030\003 \001(\003R\016callsSucceeded\022!\012\014calls_"
    "failed\030\004 \001(\003R\013callsFailed\022Y\012\033last_call_started_timestamp\030"
    "\005 \001(\0132\032.google.protobuf.TimestampR\030lastCallStartedTimestamp\042\246\002"
    "\012\006Socket\022-\012\003ref\030\001 \001(\0132\033.grpc.channelz.v1.SocketRefR\003"
    "ref\0220\012\004data\030\002 \001(\0132\034.grpc.channelz.v1.SocketDataR\004data\022"
    "/\012\005local\030\003 \001(\0132\031.grpc.channelz.v1.AddressR\005local\0221\012\006"
    "remote\030\004 \001(\0132\031.grpc.channelz.v1.AddressR\006remote\0226\012\010securi"
    "ty\030\005 \001(\0132\032.grpc.channelz.v1.SecurityR\010security\022\037\012\013remo"
    "te_name\030\006 \001(\011R\012remoteName\042\203\007\012\012SocketData\022'\012\017s"
    "treams_started\030\001 \001(\003R\016streamsStarted\022+\012\021streams_succeeded\030"
    "\002 \001(\003R\020streamsSucceeded\022%\012\016streams_failed\030\003 \001(\003R\015"
    "streamsFailed\022#\012\015messages_sent\030\004 \001(\003R\014messagesSent\022+\012\021"
    "messages_received\030\005 \001(\003R\020messagesReceived\022(\012\020keep_alives_sen"
    "t\030\006 \001(\003R\016keepAlivesSent\022h\012#last_local_stream_created_timestamp\030"
    "\007 \001(\0132\032.google.protobuf.TimestampR\037lastLocalStreamCreatedTimestamp\022"
    "j\012$last_remote_stream_created_timestamp\030\010 \001(\0132\032.google.protobuf.Ti"
    "mestampR lastRemoteStreamCreatedTimestamp\022Y\012\033last_message_sent_timestamp\030"
    "\011 \001(\0132\032.google.protobuf.TimestampR\030lastMessageSentTimestamp\022a\012\037"
    "last_message_received_timestamp\030\012 \001(\0132\032.google.protobuf.TimestampR\034"
    "lastMessageReceivedTimestamp\022V\012\031local_flow_control_window\030\013 \001(\013"
    "2\033.google.protobuf.Int64ValueR\026localFlowControlWindow\022X\012\032remote_flow_"
    "control_window\030\014 \001(\0132\033.google.protobuf.Int64ValueR\027remoteFlowContr"
    "olWindow\0226\012\006option\030\015 \003(\0132\036.grpc.channelz.v1.SocketOptionR\006"
    "option\042\270\003\012\007Address\022M\012\015tcpip_address\030\001 \001(\0132&.grpc"
    ".channelz.v1.Address.TcpIpAddressH\000R\014tcpipAddress\022G\012\013uds_address\030\002"
    " \001(\0132$.grpc.channelz.v1.Address.UdsAddressH\000R\012udsAddress\022M\012\015oth"
    "er_address\030\003 \001(\0132&.grpc.channelz.v1.Address.OtherAddressH\000R\014otherA"
    "ddress\032A\012\014TcpIpAddress\022\035\012\012ip_address\030\001 \001(\014R\011ipAd"
    "dress\022\022\012\004port\030\002 \001(\005R\004port\032(\012\012UdsAddress\022\032\012"
    "\010filename\030\001 \001(\011R\010filename\032N\012\014OtherAddress\022\022\012\004"
    "name\030\001 \001(\011R\004name\022*\012\005value\030\002 \001(\0132\024.google.prot"
    "obuf.AnyR\005valueB\011\012\007address\042\226\003\012\010Security\0222\012\003tls\030"
    "\001 \001(\0132\036.grpc.channelz.v1.Security.TlsH\000R\003tls\022@\012\005other\030"
    "\002 \001(\0132(.grpc.channelz.v1.Security.OtherSecurityH\000R\005other\032\271\001\012"
    "\003Tls\022%\012\015standard_name\030\001 \001(\011H\000R\014standardName\022\037\012"
    "\012other_name\030\002 \001(\011H\000R\011otherName\022+\012\021local_certificate\030"
    "\003 \001(\014R\020localCertificate\022-\012\022remote_certificate\030\004 \001(\014"
    "R\021remoteCertificateB\016\012\014cipher_suite\032O\012\015OtherSecurity\022\022\012"
    "\004name\030\001 \001(\011R\004name\022*\012\005value\030\002 \001(\0132\024.google."
    "protobuf.AnyR\005valueB\007\012\005model\042n\012\014SocketOption\022\022\012\004nam"
    "e\030\001 \001(\011R\004name\022\024\012\005value\030\002 \001(\011R\005value\0224\012"
    "\012additional\030\003 \001(\0132\024.google.protobuf.AnyR\012additional\042b\012\025"
    "GetTopChannelsRequest\022(\012\020start_channel_id\030\001 \001(\003R\016startChanne"
    "lId\022\037\012\013max_results\030\002 \001(\003R\012maxResults\042_\012\026GetTopCh"
    "annelsResponse\0223\012\007channel\030\001 \003(\0132\031.grpc.channelz.v1.ChannelR\007"
    "channel\022\020\012\003end\030\002 \001(\010R\003end\042\134\012\021GetServersReques"
    "t\022&\012\017start_server_id\030\001 \001(\003R\015startServerId\022\037\012\013max"
    "_results\030\002 \001(\003R\012maxResults\042X\012\022GetServersResponse\0220\012\006"
    "server\030\001 \003(\0132\030.grpc.channelz.v1.ServerR\006server\022\020\012\003end\030"
    "\002 \001(\010R\003end\042\177\012\027GetServerSocketsRequest\022\033\012\011server_"
    "id\030\001 \001(\003R\010serverId\022&\012\017start_socket_id\030\002 \001(\003R\015"
    "startSocketId\022\037\012\013max_results\030\003 \001(\003R\012maxResults\042h\012\030"
    "GetServerSocketsResponse\022:\012\012socket_ref\030\001 \003(\0132\033.grpc.channelz"
    ".v1.SocketRefR\011socketRef\022\020\012\003end\030\002 \001(\010R\003end\0422\012\021"
    "GetChannelRequest\022\035\012\012channel_id\030\001 \001(\003R\011channelId\042I\012"
    "\022GetChannelResponse\0223\012\007channel\030\001 \001(\0132\031.grpc.channelz.v1.C"
    "hannelR\007channel\042;\012\024GetSubchannelRequest\022#\012\015subchannel_id\030\001"
    " \001(\003R\014subchannelId\042U\012\025GetSubchannelResponse\022<\012\012subchannel"
    "\030\001 \001(\0132\034.grpc.channelz.v1.SubchannelR\012subchannel\042/\012\020GetSo"
    "cketRequest\022\033\012\011socket_id\030\001 \001(\003R\010socketId\042E\012\021GetS"
    "ocketResponse\0220\012\006socket\030\001 \001(\0132\030.grpc.channelz.v1.SocketR\006"
    "socket2\304\004\012\010Channelz\022c\012\016GetTopChannels\022'.grpc.channelz.v1.Get"
    "TopChannelsRequest\032(.grpc.channelz.v1.GetTopChannelsResponse\022W\012\012GetServe"
    "rs\022#.grpc.channelz.v1.GetServersRequest\032$.grpc.channelz.v1.GetServersResponse\022"
    "i\012\020GetServerSockets\022).grpc.channelz.v1.GetServerSocketsRequest\032*.grpc.ch"
    "annelz.v1.GetServerSocketsResponse\022W\012\012GetChannel\022#.grpc.channelz.v1.GetC"
    "hannelRequest\032$.grpc.channelz.v1.GetChannelResponse\022`\012\015GetSubchannel\022"
    "&.grpc.channelz.v1.GetSubchannelRequest\032'.grpc.channelz.v1.GetSubchannelResponse\022"
    "T\012\011GetSocket\022\042.grpc.channelz.v1.GetSocketRequest\032#.grpc.channelz.v1.G"
    "etSocketResponseBX\012\023io.grpc.channelz.v1B\015ChannelzProtoP\001Z0google.golang."
    "org/grpc/channelz/grpc_channelz_v1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    &google_protobuf_any_proto_file,
    &google_protobuf_timestamp_proto_file,
    &google_protobuf_wrappers_proto_file,
    NULL,
};

const struct rpc_file_desc grpc_channelz_v1_channelz_proto_file = {
    .name = "grpc/channelz/v1/channelz.proto",
    .data = file_data,
    .n = sizeof(file_data) - 1, /* without the NUL of the literal */
    .deps = file_deps,
};

static void handle_unimplemented(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_UNIMPLEMENTED, "this server does not implement the method");
}

/* A method without handler is taken too: a proxy behind must not get it. */
static int handle(struct rpc_server *s, const struct rpc_method_desc *m,
    rpc_msg_handler handler, const void *impl, struct err *err)
{
    if (!handler)
        return rpc_server_handle(s, m->path, handle_unimplemented, NULL, err);
    return rpc_server_handle_method(s, m, handler, (void *)impl, err);
}

/* ======== grpc.channelz.v1.Channelz ======== */

const struct rpc_method_desc grpc_channelz_v1_channelz_get_top_channels_method = {
    .path = "/grpc.channelz.v1.Channelz/GetTopChannels",
    .input = &grpc__channelz__v1__get_top_channels_request__descriptor,
    .output = &grpc__channelz__v1__get_top_channels_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc grpc_channelz_v1_channelz_get_servers_method = {
    .path = "/grpc.channelz.v1.Channelz/GetServers",
    .input = &grpc__channelz__v1__get_servers_request__descriptor,
    .output = &grpc__channelz__v1__get_servers_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc grpc_channelz_v1_channelz_get_server_sockets_method = {
    .path = "/grpc.channelz.v1.Channelz/GetServerSockets",
    .input = &grpc__channelz__v1__get_server_sockets_request__descriptor,
    .output = &grpc__channelz__v1__get_server_sockets_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc grpc_channelz_v1_channelz_get_channel_method = {
    .path = "/grpc.channelz.v1.Channelz/GetChannel",
    .input = &grpc__channelz__v1__get_channel_request__descriptor,
    .output = &grpc__channelz__v1__get_channel_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc grpc_channelz_v1_channelz_get_subchannel_method = {
    .path = "/grpc.channelz.v1.Channelz/GetSubchannel",
    .input = &grpc__channelz__v1__get_subchannel_request__descriptor,
    .output = &grpc__channelz__v1__get_subchannel_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc grpc_channelz_v1_channelz_get_socket_method = {
    .path = "/grpc.channelz.v1.Channelz/GetSocket",
    .input = &grpc__channelz__v1__get_socket_request__descriptor,
    .output = &grpc__channelz__v1__get_socket_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

static const struct rpc_method_desc grpc_channelz_v1_channelz_methods[] = {
    {
        .path = "/grpc.channelz.v1.Channelz/GetTopChannels",
        .input = &grpc__channelz__v1__get_top_channels_request__descriptor,
        .output = &grpc__channelz__v1__get_top_channels_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/grpc.channelz.v1.Channelz/GetServers",
        .input = &grpc__channelz__v1__get_servers_request__descriptor,
        .output = &grpc__channelz__v1__get_servers_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/grpc.channelz.v1.Channelz/GetServerSockets",
        .input = &grpc__channelz__v1__get_server_sockets_request__descriptor,
        .output = &grpc__channelz__v1__get_server_sockets_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/grpc.channelz.v1.Channelz/GetChannel",
        .input = &grpc__channelz__v1__get_channel_request__descriptor,
        .output = &grpc__channelz__v1__get_channel_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/grpc.channelz.v1.Channelz/GetSubchannel",
        .input = &grpc__channelz__v1__get_subchannel_request__descriptor,
        .output = &grpc__channelz__v1__get_subchannel_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/grpc.channelz.v1.Channelz/GetSocket",
        .input = &grpc__channelz__v1__get_socket_request__descriptor,
        .output = &grpc__channelz__v1__get_socket_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
};

const struct rpc_service_desc grpc_channelz_v1_channelz = {
    .name = "grpc.channelz.v1.Channelz",
    .methods = grpc_channelz_v1_channelz_methods,
    .n_methods = 6,
    .file = &grpc_channelz_v1_channelz_proto_file,
};

int grpc_channelz_v1_channelz_get_top_channels(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetTopChannelsRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &grpc_channelz_v1_channelz_get_top_channels_method, opts, &request->base, fn, user, ret, err);
}

int grpc_channelz_v1_channelz_get_servers(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetServersRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &grpc_channelz_v1_channelz_get_servers_method, opts, &request->base, fn, user, ret, err);
}

int grpc_channelz_v1_channelz_get_server_sockets(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetServerSocketsRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &grpc_channelz_v1_channelz_get_server_sockets_method, opts, &request->base, fn, user, ret, err);
}

int grpc_channelz_v1_channelz_get_channel(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetChannelRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &grpc_channelz_v1_channelz_get_channel_method, opts, &request->base, fn, user, ret, err);
}

int grpc_channelz_v1_channelz_get_subchannel(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetSubchannelRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &grpc_channelz_v1_channelz_get_subchannel_method, opts, &request->base, fn, user, ret, err);
}

int grpc_channelz_v1_channelz_get_socket(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetSocketRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &grpc_channelz_v1_channelz_get_socket_method, opts, &request->base, fn, user, ret, err);
}

static void grpc_channelz_v1_channelz_get_top_channels_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_channelz_v1_channelz_impl *impl = user;

    impl->get_top_channels(call, (const Grpc__Channelz__V1__GetTopChannelsRequest *)request, impl->user);
}

static void grpc_channelz_v1_channelz_get_servers_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_channelz_v1_channelz_impl *impl = user;

    impl->get_servers(call, (const Grpc__Channelz__V1__GetServersRequest *)request, impl->user);
}

static void grpc_channelz_v1_channelz_get_server_sockets_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_channelz_v1_channelz_impl *impl = user;

    impl->get_server_sockets(call, (const Grpc__Channelz__V1__GetServerSocketsRequest *)request, impl->user);
}

static void grpc_channelz_v1_channelz_get_channel_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_channelz_v1_channelz_impl *impl = user;

    impl->get_channel(call, (const Grpc__Channelz__V1__GetChannelRequest *)request, impl->user);
}

static void grpc_channelz_v1_channelz_get_subchannel_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_channelz_v1_channelz_impl *impl = user;

    impl->get_subchannel(call, (const Grpc__Channelz__V1__GetSubchannelRequest *)request, impl->user);
}

static void grpc_channelz_v1_channelz_get_socket_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_channelz_v1_channelz_impl *impl = user;

    impl->get_socket(call, (const Grpc__Channelz__V1__GetSocketRequest *)request, impl->user);
}

int grpc_channelz_v1_channelz_register(struct rpc_server *s, const struct grpc_channelz_v1_channelz_impl *impl,
    struct err *err)
{
    if (handle(s, &grpc_channelz_v1_channelz_get_top_channels_method, impl->get_top_channels ? grpc_channelz_v1_channelz_get_top_channels_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &grpc_channelz_v1_channelz_get_servers_method, impl->get_servers ? grpc_channelz_v1_channelz_get_servers_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &grpc_channelz_v1_channelz_get_server_sockets_method, impl->get_server_sockets ? grpc_channelz_v1_channelz_get_server_sockets_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &grpc_channelz_v1_channelz_get_channel_method, impl->get_channel ? grpc_channelz_v1_channelz_get_channel_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &grpc_channelz_v1_channelz_get_subchannel_method, impl->get_subchannel ? grpc_channelz_v1_channelz_get_subchannel_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &grpc_channelz_v1_channelz_get_socket_method, impl->get_socket ? grpc_channelz_v1_channelz_get_socket_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
