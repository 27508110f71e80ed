/* Generated from agentsandbox/v1/template.proto by protoc-gen-rpc-c. Do not edit. */
#include "agentsandbox/v1/template.rpc.h"
#include "google/protobuf/timestamp.rpc.h"

static const uint8_t file_data[] =
    "\012\036agentsandbox/v1/template.proto\022\017agentsandbox.v1\032\037google/protobuf"
    "/timestamp.proto\0426\012\010Manifest\022\022\012\004json\030\001 \001(\014R\004json"
    "\022\026\012\006origin\030\002 \001(\011R\006origin\042\215\001\012\014ApplyRequest\022"
    "7\012\011manifests\030\001 \003(\0132\031.agentsandbox.v1.ManifestR\011manifests\022"
    "+\012\021default_namespace\030\002 \001(\011R\020defaultNamespace\022\027\012\007dry"
    "_run\030\003 \001(\010R\006dryRun\042\313\001\012\015AppliedObject\022\037\012\013ap"
    "i_version\030\001 \001(\011R\012apiVersion\022\022\012\004kind\030\002 \001(\011R\004"
    "kind\022\034\012\011namespace\030\003 \001(\011R\011namespace\022\022\012\004name\030"
    "\004 \001(\011R\004name\0227\012\007outcome\030\005 \001(\0162\035.agentsandbox.v1.A"
    "pplyOutcomeR\007outcome\022\032\012\010warnings\030\006 \003(\011R\010warnings\042I\012"
    "\015ApplyResponse\0228\012\007objects\030\001 \003(\0132\036.agentsandbox.v1.Applied"
    "ObjectR\007objects\042l\012\012GetRequest\022\022\012\004kind\030\001 \001(\011R\004"
    "kind\022\034\012\011namespace\030\002 \001(\011R\011namespace\022\022\012\004name\030"
    "\003 \001(\011R\004name\022\030\012\007version\030\004 \001(\011R\007version\042\327"
    "\001\012\005Event\022\022\012\004type\030\001 \001(\011R\004type\022\026\012\006reas"
    "on\030\002 \001(\011R\006reason\022\030\012\007message\030\003 \001(\011R\007message"
    "\022\024\012\005count\030\004 \001(\005R\005count\0229\012\012first_time\030\005 \001"
    "(\0132\032.google.protobuf.TimestampR\011firstTime\0227\012\011last_time\030\006 \001"
    "(\0132\032.google.protobuf.TimestampR\010lastTime\042\034\012\006Object\022\022\012\004"
    "json\030\001 \001(\014R\004json\042n\012\013GetResponse\022/\012\006object\030\001 \001"
    "(\0132\027.agentsandbox.v1.ObjectR\006object\022.\012\006events\030\002 \003(\0132\026"
    ".agentsandbox.v1.EventR\006events\042\225\001\012\013ListRequest\022\022\012\004kind"
    "\030\001 \001(\011R\004kind\022\034\012\011namespace\030\002 \001(\011R\011namespace"
    "\022\030\012\007version\030\003 \001(\011R\007version\022\033\012\011page_size\030\004"
    " \001(\005R\010pageSize\022\035\012\012page_token\030\005 \001(\011R\011pageToken\042"
    "\224\001\012\014ListResponse\0221\012\007objects\030\001 \003(\0132\027.agentsandbox"
    ".v1.ObjectR\007objects\022&\012\017next_page_token\030\002 \001(\011R\015nextPageTok"
    "en\022)\012\020resource_version\030\003 \001(\011R\017resourceVersion\042\231\001\012"
    "\014WatchRequest\022\022\012\004kind\030\001 \001(\011R\004kind\022\034\012\011names"
    "pace\030\002 \001(\011R\011namespace\022\022\012\004name\030\003 \001(\011R\004name\022"
    "\030\012\007version\030\004 \001(\011R\007version\022)\012\020resource_version\030\005"
    " \001(\011R\017resourceVersion\042u\012\015WatchResponse\0223\012\004type\030\001 \001"
    "(\0162\037.agentsandbox.v1.WatchEventTypeR\004type\022/\012\006object\030\002 \001(\013"
    "2\027.agentsandbox.v1.ObjectR\006object\042g\012\015DeleteRequest\022\022\012\004kin"
    "d\030\001 \001(\011R\004kind\022\034\012\011namespace\030\002 \001(\011R\011namespac"
    "e\022\022\012\004name\030\003 \001(\011R\004name\022\020\012\003uid\030\004 \001(\011"
    "R\003uid\042\020\012\016DeleteResponse*\203\001\012\014ApplyOutcome\022\035\012\031A"
    "PPLY_OUTCOME_UNSPECIFIED\020\000\022\031\012\025APPLY_OUTCOME_CREATED\020\001\022\034"
    "\012\030APPLY_OUTCOME_CONFIGURED\020\002\022\033\012\027APPLY_OUTCOME_UNCHANGED\020\003"
    "*\213\001\012\016WatchEventType\022 \012\034WATCH_EVENT_TYPE_UNSPECIFIED\020\000\022"
    "\032\012\026WATCH_EVENT_TYPE_ADDED\020\001\022\035\012\031WATCH_EVENT_TYPE_MODIFIED\020"
    "\002\022\034\012\030WATCH_EVENT_TYPE_DELETED\020\0032\365\002\012\017TemplateService"
    "\022F\012\005Apply\022\035.agentsandbox.v1.ApplyRequest\032\036.agentsandbox.v1.Appl"
    "yResponse\022@\012\003Get\022\033.agentsandbox.v1.GetRequest\032\034.agentsandbox.v1"
    ".GetResponse\022C\012\004List\022\034.agentsandbox.v1.ListRequest\032\035.agentsandb"
    "ox.v1.ListResponse\022H\012\005Watch\022\035.agentsandbox.v1.WatchRequest\032\036.ag"
    "entsandbox.v1.WatchResponse0\001\022I\012\006Delete\022\036.agentsandbox.v1.DeleteRe"
    "quest\032\037.agentsandbox.v1.DeleteResponseB\214\001\012\023dev.agentsandbox.v1P\001"
    "Z6agentsandbox.dev/gen/go/agentsandbox/v1;agentsandboxv1\242\002\003ASB\252\002\017A"
    "gentSandbox.V1\312\002\017AgentSandbox\134V1\352\002\020AgentSandbox::V1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    &google_protobuf_timestamp_proto_file,
    NULL,
};

const struct rpc_file_desc agentsandbox_v1_template_proto_file = {
    .name = "agentsandbox/v1/template.proto",
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

/* ======== agentsandbox.v1.TemplateService ======== */

const struct rpc_method_desc agentsandbox_v1_template_service_apply_method = {
    .path = "/agentsandbox.v1.TemplateService/Apply",
    .input = &agentsandbox__v1__apply_request__descriptor,
    .output = &agentsandbox__v1__apply_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_template_service_get_method = {
    .path = "/agentsandbox.v1.TemplateService/Get",
    .input = &agentsandbox__v1__get_request__descriptor,
    .output = &agentsandbox__v1__get_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_template_service_list_method = {
    .path = "/agentsandbox.v1.TemplateService/List",
    .input = &agentsandbox__v1__list_request__descriptor,
    .output = &agentsandbox__v1__list_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_template_service_watch_method = {
    .path = "/agentsandbox.v1.TemplateService/Watch",
    .input = &agentsandbox__v1__watch_request__descriptor,
    .output = &agentsandbox__v1__watch_response__descriptor,
    .client_streaming = false,
    .server_streaming = true,
};

const struct rpc_method_desc agentsandbox_v1_template_service_delete_method = {
    .path = "/agentsandbox.v1.TemplateService/Delete",
    .input = &agentsandbox__v1__delete_request__descriptor,
    .output = &agentsandbox__v1__delete_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

static const struct rpc_method_desc agentsandbox_v1_template_service_methods[] = {
    {
        .path = "/agentsandbox.v1.TemplateService/Apply",
        .input = &agentsandbox__v1__apply_request__descriptor,
        .output = &agentsandbox__v1__apply_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.TemplateService/Get",
        .input = &agentsandbox__v1__get_request__descriptor,
        .output = &agentsandbox__v1__get_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.TemplateService/List",
        .input = &agentsandbox__v1__list_request__descriptor,
        .output = &agentsandbox__v1__list_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.TemplateService/Watch",
        .input = &agentsandbox__v1__watch_request__descriptor,
        .output = &agentsandbox__v1__watch_response__descriptor,
        .client_streaming = false,
        .server_streaming = true,
    },
    {
        .path = "/agentsandbox.v1.TemplateService/Delete",
        .input = &agentsandbox__v1__delete_request__descriptor,
        .output = &agentsandbox__v1__delete_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
};

const struct rpc_service_desc agentsandbox_v1_template_service = {
    .name = "agentsandbox.v1.TemplateService",
    .methods = agentsandbox_v1_template_service_methods,
    .n_methods = 5,
    .file = &agentsandbox_v1_template_proto_file,
};

int agentsandbox_v1_template_service_apply(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ApplyRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_template_service_apply_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_template_service_get(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__GetRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_template_service_get_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_template_service_list(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_template_service_list_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_template_service_watch(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WatchRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return start_with_request(ch, &agentsandbox_v1_template_service_watch_method, opts, &request->base, ops, user, ret,
        err);
}

int agentsandbox_v1_template_service_delete(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__DeleteRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_template_service_delete_method, opts, &request->base, fn, user, ret, err);
}

static void agentsandbox_v1_template_service_apply_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_template_service_impl *impl = user;

    impl->apply(call, (const Agentsandbox__V1__ApplyRequest *)request, impl->user);
}

static void agentsandbox_v1_template_service_get_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_template_service_impl *impl = user;

    impl->get(call, (const Agentsandbox__V1__GetRequest *)request, impl->user);
}

static void agentsandbox_v1_template_service_list_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_template_service_impl *impl = user;

    impl->list(call, (const Agentsandbox__V1__ListRequest *)request, impl->user);
}

static void agentsandbox_v1_template_service_watch_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_template_service_impl *impl = user;

    impl->watch(call, (const Agentsandbox__V1__WatchRequest *)request, impl->user);
}

static void agentsandbox_v1_template_service_delete_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_template_service_impl *impl = user;

    impl->delete_(call, (const Agentsandbox__V1__DeleteRequest *)request, impl->user);
}

int agentsandbox_v1_template_service_register(struct rpc_server *s, const struct agentsandbox_v1_template_service_impl *impl,
    struct err *err)
{
    if (handle(s, &agentsandbox_v1_template_service_apply_method, impl->apply ? agentsandbox_v1_template_service_apply_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_template_service_get_method, impl->get ? agentsandbox_v1_template_service_get_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_template_service_list_method, impl->list ? agentsandbox_v1_template_service_list_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_template_service_watch_method, impl->watch ? agentsandbox_v1_template_service_watch_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_template_service_delete_method, impl->delete_ ? agentsandbox_v1_template_service_delete_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
