/* Generated from agentsandbox/v1/file.proto by protoc-gen-rpc-c. Do not edit. */
#include "agentsandbox/v1/file.rpc.h"
#include "google/protobuf/timestamp.rpc.h"

static const uint8_t file_data[] =
    "\012\032agentsandbox/v1/file.proto\022\017agentsandbox.v1\032\037google/protobuf/tim"
    "estamp.proto\042\371\001\012\010FileInfo\022\022\012\004path\030\001 \001(\011R\004p"
    "ath\022-\012\004type\030\002 \001(\0162\031.agentsandbox.v1.FileTypeR\004type\022\035"
    "\012\012size_bytes\030\003 \001(\004R\011sizeBytes\022\022\012\004mode\030\004 \001("
    "\015R\004mode\022\020\012\003uid\030\005 \001(\015R\003uid\022\020\012\003gid\030\006"
    " \001(\015R\003gid\022;\012\013modify_time\030\007 \001(\0132\032.google.protobuf.Ti"
    "mestampR\012modifyTime\022\026\012\006target\030\010 \001(\011R\006target\042>\012\013"
    "StatRequest\022\022\012\004path\030\001 \001(\011R\004path\022\033\012\011no_follow\030"
    "\002 \001(\010R\010noFollow\042=\012\014StatResponse\022-\012\004info\030\001 \001(\013"
    "2\031.agentsandbox.v1.FileInfoR\004info\042<\012\020ListFilesRequest\022\022\012\004"
    "path\030\001 \001(\011R\004path\022\024\012\005depth\030\002 \001(\015R\005depth\042"
    "H\012\021ListFilesResponse\0223\012\007entries\030\001 \003(\0132\031.agentsandbox.v"
    "1.FileInfoR\007entries\042Q\012\013ReadRequest\022\022\012\004path\030\001 \001(\011"
    "R\004path\022\026\012\006offset\030\002 \001(\004R\006offset\022\026\012\006length\030"
    "\003 \001(\004R\006length\042i\012\014ReadResponse\022-\012\004info\030\001 \001(\013"
    "2\031.agentsandbox.v1.FileInfoR\004info\022\026\012\006offset\030\002 \001(\004R\006"
    "offset\022\022\012\004data\030\003 \001(\014R\004data\042^\012\014WriteRequest\0220\012"
    "\004open\030\001 \001(\0132\032.agentsandbox.v1.WriteOpenH\000R\004open\022\024\012\004"
    "data\030\002 \001(\014H\000R\004dataB\006\012\004kind\042\203\001\012\011WriteOpen\022"
    "\022\012\004path\030\001 \001(\011R\004path\022\022\012\004mode\030\002 \001(\015R\004"
    "mode\022\030\012\007parents\030\003 \001(\010R\007parents\022\034\012\011exclusive\030"
    "\004 \001(\010R\011exclusive\022\026\012\006append\030\005 \001(\010R\006append\042>"
    "\012\015WriteResponse\022-\012\004info\030\001 \001(\0132\031.agentsandbox.v1.FileIn"
    "foR\004info\042f\012\015RemoveRequest\022\022\012\004path\030\001 \001(\011R\004path"
    "\022\034\012\011recursive\030\002 \001(\010R\011recursive\022#\012\015allow_missing\030"
    "\003 \001(\010R\014allowMissing\042\020\012\016RemoveResponse\042Q\012\015RenameRequ"
    "est\022\022\012\004from\030\001 \001(\011R\004from\022\016\012\002to\030\002 \001(\011"
    "R\002to\022\034\012\011exclusive\030\003 \001(\010R\011exclusive\042\077\012\016Rena"
    "meResponse\022-\012\004info\030\001 \001(\0132\031.agentsandbox.v1.FileInfoR\004info"
    "\042X\012\024MakeDirectoryRequest\022\022\012\004path\030\001 \001(\011R\004path\022"
    "\022\012\004mode\030\002 \001(\015R\004mode\022\030\012\007parents\030\003 \001(\010"
    "R\007parents\042F\012\025MakeDirectoryResponse\022-\012\004info\030\001 \001(\0132\031"
    ".agentsandbox.v1.FileInfoR\004info\042E\012\021WatchFilesRequest\022\022\012\004path"
    "\030\001 \001(\011R\004path\022\034\012\011recursive\030\002 \001(\010R\011recursive"
    "\042q\012\022WatchFilesResponse\0223\012\006change\030\001 \001(\0162\033.agentsandb"
    "ox.v1.FileChangeR\006change\022\022\012\004path\030\002 \001(\011R\004path\022\022\012"
    "\004from\030\003 \001(\011R\004from*\322\001\012\010FileType\022\031\012\025FILE_TYP"
    "E_UNSPECIFIED\020\000\022\025\012\021FILE_TYPE_REGULAR\020\001\022\027\012\023FILE_T"
    "YPE_DIRECTORY\020\002\022\025\012\021FILE_TYPE_SYMLINK\020\003\022\022\012\016FILE_T"
    "YPE_FIFO\020\004\022\024\012\020FILE_TYPE_SOCKET\020\005\022\036\012\032FILE_TYPE_CH"
    "ARACTER_DEVICE\020\006\022\032\012\026FILE_TYPE_BLOCK_DEVICE\020\007*\304\001\012\012"
    "FileChange\022\033\012\027FILE_CHANGE_UNSPECIFIED\020\000\022\027\012\023FILE_CHANGE"
    "_CREATED\020\001\022\030\012\024FILE_CHANGE_MODIFIED\020\002\022\027\012\023FILE_CHA"
    "NGE_REMOVED\020\003\022\027\012\023FILE_CHANGE_RENAMED\020\004\022\032\012\026FILE_C"
    "HANGE_ATTRIBUTES\020\005\022\030\012\024FILE_CHANGE_OVERFLOW\020\0062\376\004\012\013"
    "FileService\022C\012\004Stat\022\034.agentsandbox.v1.StatRequest\032\035.agentsandbo"
    "x.v1.StatResponse\022O\012\004List\022!.agentsandbox.v1.ListFilesRequest\032\042.age"
    "ntsandbox.v1.ListFilesResponse0\001\022E\012\004Read\022\034.agentsandbox.v1.ReadReq"
    "uest\032\035.agentsandbox.v1.ReadResponse0\001\022H\012\005Write\022\035.agentsandbo"
    "x.v1.WriteRequest\032\036.agentsandbox.v1.WriteResponse(\001\022I\012\006Remove\022\036"
    ".agentsandbox.v1.RemoveRequest\032\037.agentsandbox.v1.RemoveResponse\022I\012\006Re"
    "name\022\036.agentsandbox.v1.RenameRequest\032\037.agentsandbox.v1.RenameResponse\022"
    "^\012\015MakeDirectory\022%.agentsandbox.v1.MakeDirectoryRequest\032&.agentsandbox.v"
    "1.MakeDirectoryResponse\022R\012\005Watch\022\042.agentsandbox.v1.WatchFilesRequest\032"
    "#.agentsandbox.v1.WatchFilesResponse0\001B\214\001\012\023dev.agentsandbox.v1P\001Z6"
    "agentsandbox.dev/gen/go/agentsandbox/v1;agentsandboxv1\242\002\003ASB\252\002\017Age"
    "ntSandbox.V1\312\002\017AgentSandbox\134V1\352\002\020AgentSandbox::V1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    &google_protobuf_timestamp_proto_file,
    NULL,
};

const struct rpc_file_desc agentsandbox_v1_file_proto_file = {
    .name = "agentsandbox/v1/file.proto",
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

static int start_with_request(struct rpc_channel *ch, const struct rpc_method_desc *m,
    const struct rpc_call_opts *opts, const ProtobufCMessage *request,
    const struct rpc_msg_ops *ops, void *user, struct rpc_call **ret, struct err *err)
{
    struct rpc_call *call;

    if (rpc_start(ch, m, opts, ops, user, &call, err) < 0)
        return -1;
    if (rpc_send(call, request, err) < 0) {
        rpc_call_abandon(call);
        return -1;
    }
    rpc_call_send_end(call);
    if (ret)
        *ret = call;
    return 0;
}

/* ======== agentsandbox.v1.FileService ======== */

const struct rpc_method_desc agentsandbox_v1_file_service_stat_method = {
    .path = "/agentsandbox.v1.FileService/Stat",
    .input = &agentsandbox__v1__stat_request__descriptor,
    .output = &agentsandbox__v1__stat_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_file_service_list_method = {
    .path = "/agentsandbox.v1.FileService/List",
    .input = &agentsandbox__v1__list_files_request__descriptor,
    .output = &agentsandbox__v1__list_files_response__descriptor,
    .client_streaming = false,
    .server_streaming = true,
};

const struct rpc_method_desc agentsandbox_v1_file_service_read_method = {
    .path = "/agentsandbox.v1.FileService/Read",
    .input = &agentsandbox__v1__read_request__descriptor,
    .output = &agentsandbox__v1__read_response__descriptor,
    .client_streaming = false,
    .server_streaming = true,
};

const struct rpc_method_desc agentsandbox_v1_file_service_write_method = {
    .path = "/agentsandbox.v1.FileService/Write",
    .input = &agentsandbox__v1__write_request__descriptor,
    .output = &agentsandbox__v1__write_response__descriptor,
    .client_streaming = true,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_file_service_remove_method = {
    .path = "/agentsandbox.v1.FileService/Remove",
    .input = &agentsandbox__v1__remove_request__descriptor,
    .output = &agentsandbox__v1__remove_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_file_service_rename_method = {
    .path = "/agentsandbox.v1.FileService/Rename",
    .input = &agentsandbox__v1__rename_request__descriptor,
    .output = &agentsandbox__v1__rename_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_file_service_make_directory_method = {
    .path = "/agentsandbox.v1.FileService/MakeDirectory",
    .input = &agentsandbox__v1__make_directory_request__descriptor,
    .output = &agentsandbox__v1__make_directory_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_file_service_watch_method = {
    .path = "/agentsandbox.v1.FileService/Watch",
    .input = &agentsandbox__v1__watch_files_request__descriptor,
    .output = &agentsandbox__v1__watch_files_response__descriptor,
    .client_streaming = false,
    .server_streaming = true,
};

static const struct rpc_method_desc agentsandbox_v1_file_service_methods[] = {
    {
        .path = "/agentsandbox.v1.FileService/Stat",
        .input = &agentsandbox__v1__stat_request__descriptor,
        .output = &agentsandbox__v1__stat_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.FileService/List",
        .input = &agentsandbox__v1__list_files_request__descriptor,
        .output = &agentsandbox__v1__list_files_response__descriptor,
        .client_streaming = false,
        .server_streaming = true,
    },
    {
        .path = "/agentsandbox.v1.FileService/Read",
        .input = &agentsandbox__v1__read_request__descriptor,
        .output = &agentsandbox__v1__read_response__descriptor,
        .client_streaming = false,
        .server_streaming = true,
    },
    {
        .path = "/agentsandbox.v1.FileService/Write",
        .input = &agentsandbox__v1__write_request__descriptor,
        .output = &agentsandbox__v1__write_response__descriptor,
        .client_streaming = true,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.FileService/Remove",
        .input = &agentsandbox__v1__remove_request__descriptor,
        .output = &agentsandbox__v1__remove_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.FileService/Rename",
        .input = &agentsandbox__v1__rename_request__descriptor,
        .output = &agentsandbox__v1__rename_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.FileService/MakeDirectory",
        .input = &agentsandbox__v1__make_directory_request__descriptor,
        .output = &agentsandbox__v1__make_directory_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.FileService/Watch",
        .input = &agentsandbox__v1__watch_files_request__descriptor,
        .output = &agentsandbox__v1__watch_files_response__descriptor,
        .client_streaming = false,
        .server_streaming = true,
    },
};

const struct rpc_service_desc agentsandbox_v1_file_service = {
    .name = "agentsandbox.v1.FileService",
    .methods = agentsandbox_v1_file_service_methods,
    .n_methods = 8,
    .file = &agentsandbox_v1_file_proto_file,
};

int agentsandbox_v1_file_service_stat(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__StatRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_file_service_stat_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_file_service_list(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListFilesRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return start_with_request(ch, &agentsandbox_v1_file_service_list_method, opts, &request->base, ops, user, ret,
        err);
}

int agentsandbox_v1_file_service_read(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ReadRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return start_with_request(ch, &agentsandbox_v1_file_service_read_method, opts, &request->base, ops, user, ret,
        err);
}

int agentsandbox_v1_file_service_write(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_start(ch, &agentsandbox_v1_file_service_write_method, opts, ops, user, ret, err);
}

int agentsandbox_v1_file_service_remove(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RemoveRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_file_service_remove_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_file_service_rename(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RenameRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_file_service_rename_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_file_service_make_directory(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__MakeDirectoryRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_file_service_make_directory_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_file_service_watch(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WatchFilesRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return start_with_request(ch, &agentsandbox_v1_file_service_watch_method, opts, &request->base, ops, user, ret,
        err);
}

static void agentsandbox_v1_file_service_stat_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_file_service_impl *impl = user;

    impl->stat(call, (const Agentsandbox__V1__StatRequest *)request, impl->user);
}

static void agentsandbox_v1_file_service_list_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_file_service_impl *impl = user;

    impl->list(call, (const Agentsandbox__V1__ListFilesRequest *)request, impl->user);
}

static void agentsandbox_v1_file_service_read_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_file_service_impl *impl = user;

    impl->read(call, (const Agentsandbox__V1__ReadRequest *)request, impl->user);
}

static void agentsandbox_v1_file_service_write_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_file_service_impl *impl = user;

    (void)request;
    impl->write(call, impl->user);
}

static void agentsandbox_v1_file_service_remove_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_file_service_impl *impl = user;

    impl->remove(call, (const Agentsandbox__V1__RemoveRequest *)request, impl->user);
}

static void agentsandbox_v1_file_service_rename_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_file_service_impl *impl = user;

    impl->rename(call, (const Agentsandbox__V1__RenameRequest *)request, impl->user);
}

static void agentsandbox_v1_file_service_make_directory_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_file_service_impl *impl = user;

    impl->make_directory(call, (const Agentsandbox__V1__MakeDirectoryRequest *)request, impl->user);
}

static void agentsandbox_v1_file_service_watch_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_file_service_impl *impl = user;

    impl->watch(call, (const Agentsandbox__V1__WatchFilesRequest *)request, impl->user);
}

int agentsandbox_v1_file_service_register(struct rpc_server *s, const struct agentsandbox_v1_file_service_impl *impl,
    struct err *err)
{
    if (handle(s, &agentsandbox_v1_file_service_stat_method, impl->stat ? agentsandbox_v1_file_service_stat_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_file_service_list_method, impl->list ? agentsandbox_v1_file_service_list_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_file_service_read_method, impl->read ? agentsandbox_v1_file_service_read_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_file_service_write_method, impl->write ? agentsandbox_v1_file_service_write_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_file_service_remove_method, impl->remove ? agentsandbox_v1_file_service_remove_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_file_service_rename_method, impl->rename ? agentsandbox_v1_file_service_rename_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_file_service_make_directory_method, impl->make_directory ? agentsandbox_v1_file_service_make_directory_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_file_service_watch_method, impl->watch ? agentsandbox_v1_file_service_watch_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
