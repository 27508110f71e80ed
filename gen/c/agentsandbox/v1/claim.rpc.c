/* Generated from agentsandbox/v1/claim.proto by protoc-gen-rpc-c. Do not edit. */
#include "agentsandbox/v1/claim.rpc.h"
#include "agentsandbox/v1/common.rpc.h"
#include "google/protobuf/duration.rpc.h"
#include "google/protobuf/timestamp.rpc.h"

static const uint8_t file_data[] =
    "\012\033agentsandbox/v1/claim.proto\022\017agentsandbox.v1\032\034agentsandbox/v1/co"
    "mmon.proto\032\036google/protobuf/duration.proto\032\037google/protobuf/timestamp.pr"
    "oto\042P\012\006EnvVar\022\022\012\004name\030\001 \001(\011R\004name\022\024\012\005"
    "value\030\002 \001(\011R\005value\022\034\012\011container\030\003 \001(\011R\011con"
    "tainer\042\354\004\012\011ClaimSpec\022\024\012\004pool\030\001 \001(\011H\000R\004p"
    "ool\022\034\012\010template\030\002 \001(\011H\000R\010template\022\077\012\015shutd"
    "own_time\030\003 \001(\0132\032.google.protobuf.TimestampR\014shutdownTime\022G\012\022"
    "ttl_after_finished\030\004 \001(\0132\031.google.protobuf.DurationR\020ttlAfterFinis"
    "hed\022H\012\017shutdown_policy\030\005 \001(\0162\037.agentsandbox.v1.ShutdownPolic"
    "yR\016shutdownPolicy\022)\012\003env\030\006 \003(\0132\027.agentsandbox.v1.EnvVarR\003"
    "env\022H\012\012pod_labels\030\007 \003(\0132).agentsandbox.v1.ClaimSpec.PodLabelsEn"
    "tryR\011podLabels\022W\012\017pod_annotations\030\010 \003(\0132..agentsandbox.v1.Cl"
    "aimSpec.PodAnnotationsEntryR\016podAnnotations\032<\012\016PodLabelsEntry\022\020\012"
    "\003key\030\001 \001(\011R\003key\022\024\012\005value\030\002 \001(\011R\005value:\002"
    "8\001\032A\012\023PodAnnotationsEntry\022\020\012\003key\030\001 \001(\011R\003key\022"
    "\024\012\005value\030\002 \001(\011R\005value:\0028\001B\010\012\006source\042\350\001"
    "\012\011Condition\022\022\012\004type\030\001 \001(\011R\004type\022\026\012\006stat"
    "us\030\002 \001(\011R\006status\022\026\012\006reason\030\003 \001(\011R\006reason\022"
    "\030\012\007message\030\004 \001(\011R\007message\022L\012\024last_transition_time\030"
    "\005 \001(\0132\032.google.protobuf.TimestampR\022lastTransitionTime\022/\012\023obs"
    "erved_generation\030\006 \001(\003R\022observedGeneration\042\262\006\012\005Claim\022"
    "\034\012\011namespace\030\001 \001(\011R\011namespace\022\022\012\004name\030\002 \001"
    "(\011R\004name\022\020\012\003uid\030\003 \001(\011R\003uid\022)\012\020resource_ver"
    "sion\030\004 \001(\011R\017resourceVersion\022.\012\004spec\030\005 \001(\0132\032.a"
    "gentsandbox.v1.ClaimSpecR\004spec\0221\012\005phase\030\006 \001(\0162\033.agentsand"
    "box.v1.ClaimPhaseR\005phase\0225\012\007sandbox\030\007 \001(\0132\033.agentsandbox."
    "v1.SandboxRefR\007sandbox\022<\012\013launch_type\030\010 \001(\0162\033.agentsandbo"
    "x.v1.LaunchTypeR\012launchType\022:\012\012conditions\030\011 \003(\0132\032.agentsa"
    "ndbox.v1.ConditionR\012conditions\022,\012\005cause\030\012 \001(\0132\026.agentsand"
    "box.v1.CauseR\005cause\022;\012\013create_time\030\013 \001(\0132\032.google.protobu"
    "f.TimestampR\012createTime\0229\012\012ready_time\030\014 \001(\0132\032.google.prot"
    "obuf.TimestampR\011readyTime\022:\012\006labels\030\015 \003(\0132\042.agentsandbox."
    "v1.Claim.LabelsEntryR\006labels\022I\012\013annotations\030\016 \003(\0132'.agentsan"
    "dbox.v1.Claim.AnnotationsEntryR\013annotations\0329\012\013LabelsEntry\022\020\012\003"
    "key\030\001 \001(\011R\003key\022\024\012\005value\030\002 \001(\011R\005value:\0028"
    "\001\032>\012\020AnnotationsEntry\022\020\012\003key\030\001 \001(\011R\003key\022\024"
    "\012\005value\030\002 \001(\011R\005value:\0028\001\042\366\003\012\022CreateClaimRe"
    "quest\022\034\012\011namespace\030\001 \001(\011R\011namespace\022\022\012\004name\030"
    "\002 \001(\011R\004name\022\035\012\012request_id\030\003 \001(\011R\011requestId\022"
    ".\012\004spec\030\004 \001(\0132\032.agentsandbox.v1.ClaimSpecR\004spec\022G\012\006"
    "labels\030\005 \003(\0132/.agentsandbox.v1.CreateClaimRequest.LabelsEntryR\006labels"
    "\022V\012\013annotations\030\006 \003(\01324.agentsandbox.v1.CreateClaimRequest.Anno"
    "tationsEntryR\013annotations\022\027\012\007no_wait\030\007 \001(\010R\006noWait\022"
    "*\012\021delete_on_failure\030\010 \001(\010R\017deleteOnFailure\0329\012\013LabelsE"
    "ntry\022\020\012\003key\030\001 \001(\011R\003key\022\024\012\005value\030\002 \001("
    "\011R\005value:\0028\001\032>\012\020AnnotationsEntry\022\020\012\003key\030\001 \001"
    "(\011R\003key\022\024\012\005value\030\002 \001(\011R\005value:\0028\001\042]\012\023"
    "CreateClaimResponse\022,\012\005claim\030\001 \001(\0132\026.agentsandbox.v1.ClaimR\005"
    "claim\022\030\012\007existed\030\002 \001(\010R\007existed\042C\012\017GetClaimReque"
    "st\022\034\012\011namespace\030\001 \001(\011R\011namespace\022\022\012\004name\030\002"
    " \001(\011R\004name\042@\012\020GetClaimResponse\022,\012\005claim\030\001 \001(\013"
    "2\026.agentsandbox.v1.ClaimR\005claim\042\360\001\012\021ListClaimsRequest\022\034\012"
    "\011namespace\030\001 \001(\011R\011namespace\022F\012\006labels\030\002 \003(\0132."
    ".agentsandbox.v1.ListClaimsRequest.LabelsEntryR\006labels\022\033\012\011page_size\030"
    "\003 \001(\005R\010pageSize\022\035\012\012page_token\030\004 \001(\011R\011pageToke"
    "n\0329\012\013LabelsEntry\022\020\012\003key\030\001 \001(\011R\003key\022\024\012\005"
    "value\030\002 \001(\011R\005value:\0028\001\042\227\001\012\022ListClaimsResponse\022"
    ".\012\006claims\030\001 \003(\0132\026.agentsandbox.v1.ClaimR\006claims\022&\012\017"
    "next_page_token\030\002 \001(\011R\015nextPageToken\022)\012\020resource_version\030"
    "\003 \001(\011R\017resourceVersion\042q\012\022WatchClaimsRequest\022\034\012\011nam"
    "espace\030\001 \001(\011R\011namespace\022\022\012\004name\030\002 \001(\011R\004nam"
    "e\022)\012\020resource_version\030\003 \001(\011R\017resourceVersion\042\237\001\012"
    "\023WatchClaimsResponse\022/\012\004type\030\001 \001(\0162\033.agentsandbox.v1.Chan"
    "geTypeR\004type\022,\012\005claim\030\002 \001(\0132\026.agentsandbox.v1.ClaimR\005c"
    "laim\022)\012\020resource_version\030\003 \001(\011R\017resourceVersion\042\266\001\012"
    "\021RenewClaimRequest\022\034\012\011namespace\030\001 \001(\011R\011namespace\022\022"
    "\012\004name\030\002 \001(\011R\004name\022\077\012\015shutdown_time\030\003 \001(\013"
    "2\032.google.protobuf.TimestampR\014shutdownTime\022.\012\023clear_shutdown_time\030"
    "\004 \001(\010R\021clearShutdownTime\042B\012\022RenewClaimResponse\022,\012\005clai"
    "m\030\001 \001(\0132\026.agentsandbox.v1.ClaimR\005claim\042\221\001\012\022DeleteCl"
    "aimRequest\022\034\012\011namespace\030\001 \001(\011R\011namespace\022\022\012\004n"
    "ame\030\002 \001(\011R\004name\022\020\012\003uid\030\003 \001(\011R\003uid\022#\012"
    "\015allow_missing\030\004 \001(\010R\014allowMissing\022\022\012\004wait\030\005 \001"
    "(\010R\004wait\042\025\012\023DeleteClaimResponse*\334\001\012\012ClaimPhase\022\033"
    "\012\027CLAIM_PHASE_UNSPECIFIED\020\000\022\027\012\023CLAIM_PHASE_PENDING\020\001\022"
    "\025\012\021CLAIM_PHASE_READY\020\002\022\031\012\025CLAIM_PHASE_NOT_READY\020\003\022"
    "\030\012\024CLAIM_PHASE_FINISHED\020\004\022\027\012\023CLAIM_PHASE_EXPIRED\020\005\022"
    "\026\012\022CLAIM_PHASE_FAILED\020\006\022\033\012\027CLAIM_PHASE_TERMINATING\020\007"
    "*U\012\012LaunchType\022\033\012\027LAUNCH_TYPE_UNSPECIFIED\020\000\022\024\012\020L"
    "AUNCH_TYPE_WARM\020\001\022\024\012\020LAUNCH_TYPE_COLD\020\002*\220\001\012\016Shut"
    "downPolicy\022\037\012\033SHUTDOWN_POLICY_UNSPECIFIED\020\000\022\032\012\026SHUTDOW"
    "N_POLICY_DELETE\020\001\022%\012!SHUTDOWN_POLICY_DELETE_FOREGROUND\020\002\022\032\012"
    "\026SHUTDOWN_POLICY_RETAIN\020\003*\215\001\012\012ChangeType\022\033\012\027CHANGE_"
    "TYPE_UNSPECIFIED\020\000\022\025\012\021CHANGE_TYPE_ADDED\020\001\022\030\012\024CHA"
    "NGE_TYPE_MODIFIED\020\002\022\027\012\023CHANGE_TYPE_DELETED\020\003\022\030\012\024"
    "CHANGE_TYPE_BOOKMARK\020\0042\235\004\012\014ClaimService\022X\012\013CreateClaim\022"
    "#.agentsandbox.v1.CreateClaimRequest\032$.agentsandbox.v1.CreateClaimResponse\022O\012"
    "\010GetClaim\022 .agentsandbox.v1.GetClaimRequest\032!.agentsandbox.v1.GetClaimRespo"
    "nse\022U\012\012ListClaims\022\042.agentsandbox.v1.ListClaimsRequest\032#.agentsandb"
    "ox.v1.ListClaimsResponse\022Z\012\013WatchClaims\022#.agentsandbox.v1.WatchClaimsReq"
    "uest\032$.agentsandbox.v1.WatchClaimsResponse0\001\022U\012\012RenewClaim\022\042.ag"
    "entsandbox.v1.RenewClaimRequest\032#.agentsandbox.v1.RenewClaimResponse\022X\012\013"
    "DeleteClaim\022#.agentsandbox.v1.DeleteClaimRequest\032$.agentsandbox.v1.DeleteClaim"
    "ResponseB\214\001\012\023dev.agentsandbox.v1P\001Z6agentsandbox.dev/gen/go/agentsand"
    "box/v1;agentsandboxv1\242\002\003ASB\252\002\017AgentSandbox.V1\312\002\017AgentSand"
    "box\134V1\352\002\020AgentSandbox::V1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    &agentsandbox_v1_common_proto_file,
    &google_protobuf_duration_proto_file,
    &google_protobuf_timestamp_proto_file,
    NULL,
};

const struct rpc_file_desc agentsandbox_v1_claim_proto_file = {
    .name = "agentsandbox/v1/claim.proto",
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

/* ======== agentsandbox.v1.ClaimService ======== */

const struct rpc_method_desc agentsandbox_v1_claim_service_create_claim_method = {
    .path = "/agentsandbox.v1.ClaimService/CreateClaim",
    .input = &agentsandbox__v1__create_claim_request__descriptor,
    .output = &agentsandbox__v1__create_claim_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_claim_service_get_claim_method = {
    .path = "/agentsandbox.v1.ClaimService/GetClaim",
    .input = &agentsandbox__v1__get_claim_request__descriptor,
    .output = &agentsandbox__v1__get_claim_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_claim_service_list_claims_method = {
    .path = "/agentsandbox.v1.ClaimService/ListClaims",
    .input = &agentsandbox__v1__list_claims_request__descriptor,
    .output = &agentsandbox__v1__list_claims_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_claim_service_watch_claims_method = {
    .path = "/agentsandbox.v1.ClaimService/WatchClaims",
    .input = &agentsandbox__v1__watch_claims_request__descriptor,
    .output = &agentsandbox__v1__watch_claims_response__descriptor,
    .client_streaming = false,
    .server_streaming = true,
};

const struct rpc_method_desc agentsandbox_v1_claim_service_renew_claim_method = {
    .path = "/agentsandbox.v1.ClaimService/RenewClaim",
    .input = &agentsandbox__v1__renew_claim_request__descriptor,
    .output = &agentsandbox__v1__renew_claim_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_claim_service_delete_claim_method = {
    .path = "/agentsandbox.v1.ClaimService/DeleteClaim",
    .input = &agentsandbox__v1__delete_claim_request__descriptor,
    .output = &agentsandbox__v1__delete_claim_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

static const struct rpc_method_desc agentsandbox_v1_claim_service_methods[] = {
    {
        .path = "/agentsandbox.v1.ClaimService/CreateClaim",
        .input = &agentsandbox__v1__create_claim_request__descriptor,
        .output = &agentsandbox__v1__create_claim_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.ClaimService/GetClaim",
        .input = &agentsandbox__v1__get_claim_request__descriptor,
        .output = &agentsandbox__v1__get_claim_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.ClaimService/ListClaims",
        .input = &agentsandbox__v1__list_claims_request__descriptor,
        .output = &agentsandbox__v1__list_claims_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.ClaimService/WatchClaims",
        .input = &agentsandbox__v1__watch_claims_request__descriptor,
        .output = &agentsandbox__v1__watch_claims_response__descriptor,
        .client_streaming = false,
        .server_streaming = true,
    },
    {
        .path = "/agentsandbox.v1.ClaimService/RenewClaim",
        .input = &agentsandbox__v1__renew_claim_request__descriptor,
        .output = &agentsandbox__v1__renew_claim_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.ClaimService/DeleteClaim",
        .input = &agentsandbox__v1__delete_claim_request__descriptor,
        .output = &agentsandbox__v1__delete_claim_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
};

const struct rpc_service_desc agentsandbox_v1_claim_service = {
    .name = "agentsandbox.v1.ClaimService",
    .methods = agentsandbox_v1_claim_service_methods,
    .n_methods = 6,
    .file = &agentsandbox_v1_claim_proto_file,
};

int agentsandbox_v1_claim_service_create_claim(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__CreateClaimRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_claim_service_create_claim_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_claim_service_get_claim(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__GetClaimRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_claim_service_get_claim_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_claim_service_list_claims(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListClaimsRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_claim_service_list_claims_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_claim_service_watch_claims(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WatchClaimsRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return start_with_request(ch, &agentsandbox_v1_claim_service_watch_claims_method, opts, &request->base, ops, user, ret,
        err);
}

int agentsandbox_v1_claim_service_renew_claim(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RenewClaimRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_claim_service_renew_claim_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_claim_service_delete_claim(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__DeleteClaimRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_claim_service_delete_claim_method, opts, &request->base, fn, user, ret, err);
}

static void agentsandbox_v1_claim_service_create_claim_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_claim_service_impl *impl = user;

    impl->create_claim(call, (const Agentsandbox__V1__CreateClaimRequest *)request, impl->user);
}

static void agentsandbox_v1_claim_service_get_claim_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_claim_service_impl *impl = user;

    impl->get_claim(call, (const Agentsandbox__V1__GetClaimRequest *)request, impl->user);
}

static void agentsandbox_v1_claim_service_list_claims_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_claim_service_impl *impl = user;

    impl->list_claims(call, (const Agentsandbox__V1__ListClaimsRequest *)request, impl->user);
}

static void agentsandbox_v1_claim_service_watch_claims_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_claim_service_impl *impl = user;

    impl->watch_claims(call, (const Agentsandbox__V1__WatchClaimsRequest *)request, impl->user);
}

static void agentsandbox_v1_claim_service_renew_claim_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_claim_service_impl *impl = user;

    impl->renew_claim(call, (const Agentsandbox__V1__RenewClaimRequest *)request, impl->user);
}

static void agentsandbox_v1_claim_service_delete_claim_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_claim_service_impl *impl = user;

    impl->delete_claim(call, (const Agentsandbox__V1__DeleteClaimRequest *)request, impl->user);
}

int agentsandbox_v1_claim_service_register(struct rpc_server *s, const struct agentsandbox_v1_claim_service_impl *impl,
    struct err *err)
{
    if (handle(s, &agentsandbox_v1_claim_service_create_claim_method, impl->create_claim ? agentsandbox_v1_claim_service_create_claim_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_claim_service_get_claim_method, impl->get_claim ? agentsandbox_v1_claim_service_get_claim_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_claim_service_list_claims_method, impl->list_claims ? agentsandbox_v1_claim_service_list_claims_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_claim_service_watch_claims_method, impl->watch_claims ? agentsandbox_v1_claim_service_watch_claims_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_claim_service_renew_claim_method, impl->renew_claim ? agentsandbox_v1_claim_service_renew_claim_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_claim_service_delete_claim_method, impl->delete_claim ? agentsandbox_v1_claim_service_delete_claim_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
