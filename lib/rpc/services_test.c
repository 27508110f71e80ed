/* Health and reflection over a connection, asked by the clients that our plugin generates. */
#include "lib/rpc/test_util.h"

#include "agentsandbox/v1/claim.rpc.h"
#include "agentsandbox/v1/stream.rpc.h"
#include "grpc/health/v1/health.rpc.h"
#include "grpc/reflection/v1/reflection.rpc.h"
#include "grpc/reflection/v1alpha/reflection.rpc.h"
#include "lib/rpc/health.h"
#include "lib/rpc/reflection.h"

typedef Grpc__Health__V1__HealthCheckRequest CheckRequest;
typedef Grpc__Health__V1__HealthCheckResponse CheckResponse;
typedef Grpc__Health__V1__HealthListResponse ListResponse;
typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;

#define CLAIMS          "agentsandbox.v1.ClaimService"
#define SERVICE_UNKNOWN 3

static const struct rpc_service_desc *const services[] = {
    &agentsandbox_v1_claim_service,
    &agentsandbox_v1_stream_service,
    &grpc_health_v1_health,
    NULL,
};

struct fixture {
    struct world w;
    struct rpc_health *health;
};

static void fixture_up(struct fixture *f)
{
    struct err err;

    *f = (struct fixture){0};
    world_up(&f->w);
    assert_int_equal(rpc_health_new(&f->health, f->w.server, &err), 0);
    assert_int_equal(rpc_reflection_register(f->w.server, services, &err), 0);
}

static void fixture_down(struct fixture *f)
{
    world_down(&f->w);
    rpc_health_free(f->health);
}

/* ---- health ---- */

struct answer {
    int n_done, code;
    int status; /* of the last CheckResponse */
    size_t n_listed;
    char listed[4][64];
    int listed_status[4];
};

static void on_check(struct rpc_call *call, const ProtobufCMessage *reply,
                     const struct rpc_status *status, void *user)
{
    struct answer *a = user;

    (void)call;
    a->n_done++;
    a->code = status->code;
    a->status = reply ? (int)((const CheckResponse *)reply)->status : -1;
}

static struct answer check(struct fixture *f, const char *service)
{
    CheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    struct answer a = {0};
    struct err err;

    request.service = (char *)service;
    assert_int_equal(
        grpc_health_v1_health_check(f->w.channel, NULL, &request, on_check, &a, NULL, &err), 0);
    run_until(&f->w, &a.n_done, 1);
    return a;
}

static void test_check(void **state)
{
    struct fixture f;
    struct err err;

    (void)state;
    fixture_up(&f);
    assert_int_equal(check(&f, "").status, RPC_HEALTH_SERVING);
    assert_int_equal(check(&f, CLAIMS).code, RPC_NOT_FOUND);

    assert_int_equal(rpc_health_set(f.health, CLAIMS, RPC_HEALTH_NOT_SERVING, &err), 0);
    assert_int_equal(check(&f, CLAIMS).status, RPC_HEALTH_NOT_SERVING);
    assert_int_equal(rpc_health_set(f.health, CLAIMS, RPC_HEALTH_SERVING, &err), 0);
    assert_int_equal(check(&f, CLAIMS).status, RPC_HEALTH_SERVING);
    assert_int_equal(check(&f, "").status, RPC_HEALTH_SERVING);

    rpc_health_shutdown(f.health);
    assert_int_equal(check(&f, "").status, RPC_HEALTH_NOT_SERVING);
    assert_int_equal(rpc_health_set(f.health, CLAIMS, RPC_HEALTH_SERVING, &err), 0);
    assert_int_equal(check(&f, CLAIMS).status, RPC_HEALTH_NOT_SERVING);
    fixture_down(&f);
}

static void on_list(struct rpc_call *call, const ProtobufCMessage *reply,
                    const struct rpc_status *status, void *user)
{
    const ListResponse *list = (const ListResponse *)reply;
    struct answer *a = user;

    (void)call;
    a->n_done++;
    a->code = status->code;
    for (size_t i = 0; list && i < list->n_statuses && i < ARRAY_SIZE(a->listed); i++) {
        (void)snprintf(a->listed[i], sizeof(a->listed[i]), "%s", list->statuses[i]->key);
        a->listed_status[i] = (int)list->statuses[i]->value->status;
        a->n_listed++;
    }
}

static struct answer list(struct fixture *f)
{
    Grpc__Health__V1__HealthListRequest request = GRPC__HEALTH__V1__HEALTH_LIST_REQUEST__INIT;
    struct answer a = {0};
    struct err err;

    assert_int_equal(
        grpc_health_v1_health_list(f->w.channel, NULL, &request, on_list, &a, NULL, &err), 0);
    run_until(&f->w, &a.n_done, 1);
    return a;
}

static void test_list(void **state)
{
    struct fixture f;
    struct answer a;
    struct err err;
    int claims;

    (void)state;
    fixture_up(&f);
    assert_int_equal(rpc_health_set(f.health, CLAIMS, RPC_HEALTH_NOT_SERVING, &err), 0);
    a = list(&f);
    assert_int_equal(a.code, 0);
    assert_int_equal(a.n_listed, 2);
    claims = strcmp(a.listed[0], CLAIMS) == 0 ? 0 : 1;
    assert_string_equal(a.listed[claims], CLAIMS);
    assert_string_equal(a.listed[1 - claims], "");
    assert_int_equal(a.listed_status[claims], RPC_HEALTH_NOT_SERVING);
    assert_int_equal(a.listed_status[1 - claims], RPC_HEALTH_SERVING);

    for (int i = 0; i < 100; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "s%d", i);
        assert_int_equal(rpc_health_set(f.health, name, RPC_HEALTH_SERVING, &err), 0);
    }
    assert_int_equal(list(&f).code, RPC_RESOURCE_EXHAUSTED);
    fixture_down(&f);
}

struct watch {
    struct rpc_call *call;
    int seen[8];
    int n_seen, n_done, code;
};

static void watch_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    struct watch *w = user;

    assert_true(w->n_seen < (int)ARRAY_SIZE(w->seen));
    w->seen[w->n_seen++] = (int)((const CheckResponse *)msg)->status;
    rpc_call_read(call);
}

static void watch_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct watch *w = user;

    (void)call;
    w->n_done++;
    w->code = status->code;
}

static const struct rpc_msg_ops watch_ops = {.on_message = watch_message, .on_done = watch_done};

static void watch_start(struct fixture *f, struct watch *w, const char *service)
{
    CheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    struct err err;

    *w = (struct watch){0};
    request.service = (char *)service;
    assert_int_equal(
        grpc_health_v1_health_watch(f->w.channel, NULL, &request, &watch_ops, w, &w->call, &err),
        0);
    rpc_call_read(w->call);
    run_until(&f->w, &w->n_seen, 1);
}

static void test_watch(void **state)
{
    struct watch all, claims;
    struct fixture f;
    struct err err;

    (void)state;
    fixture_up(&f);
    watch_start(&f, &all, "");
    watch_start(&f, &claims, CLAIMS);
    assert_int_equal(all.seen[0], RPC_HEALTH_SERVING);
    assert_int_equal(claims.seen[0], SERVICE_UNKNOWN);

    assert_int_equal(rpc_health_set(f.health, CLAIMS, RPC_HEALTH_NOT_SERVING, &err), 0);
    run_until(&f.w, &claims.n_seen, 2);
    assert_int_equal(claims.seen[1], RPC_HEALTH_NOT_SERVING);
    /* No change, no message. */
    assert_int_equal(rpc_health_set(f.health, CLAIMS, RPC_HEALTH_NOT_SERVING, &err), 0);
    assert_int_equal(rpc_health_set(f.health, CLAIMS, RPC_HEALTH_SERVING, &err), 0);
    run_until(&f.w, &claims.n_seen, 3);
    assert_int_equal(claims.seen[2], RPC_HEALTH_SERVING);
    assert_int_equal(all.n_seen, 1);

    rpc_health_shutdown(f.health);
    run_until(&f.w, &claims.n_done, 1);
    run_until(&f.w, &all.n_done, 1);
    assert_int_equal(claims.seen[claims.n_seen - 1], RPC_HEALTH_NOT_SERVING);
    assert_int_equal(all.seen[all.n_seen - 1], RPC_HEALTH_NOT_SERVING);
    assert_int_equal(claims.code, RPC_UNAVAILABLE);
    fixture_down(&f);
}

/* A watcher that goes leaves nothing behind for a later change to stumble over. */
static void test_watcher_goes(void **state)
{
    struct watch gone, stays;
    struct fixture f;
    struct err err;

    (void)state;
    fixture_up(&f);
    watch_start(&f, &gone, CLAIMS);
    watch_start(&f, &stays, CLAIMS);
    rpc_call_abandon(gone.call);
    run_for(&f.w, 50);
    assert_int_equal(rpc_health_set(f.health, CLAIMS, RPC_HEALTH_SERVING, &err), 0);
    run_until(&f.w, &stays.n_seen, 2);
    assert_int_equal(gone.n_seen, 1);
    rpc_call_cancel(stays.call, RPC_CANCELLED, NULL);
    run_until(&f.w, &stays.n_done, 1);
    fixture_down(&f);
}

/* ---- reflection ---- */

/* What the last response was, as text: "files a.proto b.proto", "services …", "numbers of T",
 * "error 5 …". */
struct reflection {
    struct rpc_call *call;
    char text[1024];
    int n_messages, n_done, code;
};

static void note(struct reflection *r, const char *word, size_t n)
{
    size_t at = strlen(r->text);

    (void)snprintf(r->text + at, sizeof(r->text) - at, "%s%.*s", at ? " " : "", (int)n, word);
}

/* The name is the first field of a FileDescriptorProto. */
static void note_file(struct reflection *r, ProtobufCBinaryData file)
{
    assert_true(file.len > 2 && file.data[0] == 0x0A && file.data[1] < 0x80);
    note(r, (const char *)file.data + 2, file.data[1]);
}

static void reflection_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Response *response = (const Response *)msg;
    struct reflection *r = user;
    char number[32];

    (void)call;
    r->n_messages++;
    r->text[0] = '\0';
    assert_non_null(response->original_request);
    assert_string_equal(response->original_request->host, "h");
    switch (response->message_response_case) {
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE:
        note(r, "files", 5);
        for (size_t i = 0; i < response->file_descriptor_response->n_file_descriptor_proto; i++)
            note_file(r, response->file_descriptor_response->file_descriptor_proto[i]);
        return;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE:
        note(r, "services", 8);
        for (size_t i = 0; i < response->list_services_response->n_service; i++)
            note(r, response->list_services_response->service[i]->name, 100);
        return;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ALL_EXTENSION_NUMBERS_RESPONSE:
        note(r, "numbers of", 10);
        note(r, response->all_extension_numbers_response->base_type_name, 100);
        assert_int_equal(response->all_extension_numbers_response->n_extension_number, 0);
        return;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE:
        (void)snprintf(number, sizeof(number), "error %d", response->error_response->error_code);
        note(r, number, sizeof(number));
        note(r, response->error_response->error_message, 200);
        return;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE__NOT_SET:
    case _GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE__CASE_IS_INT_SIZE:
        break;
    }
    fail_msg("a response without content");
}

static void reflection_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct reflection *r = user;

    (void)call;
    r->n_done++;
    r->code = status->code;
}

static const struct rpc_msg_ops reflection_ops = {.on_message = reflection_message,
                                                  .on_done = reflection_done};

static const char *ask(struct fixture *f, struct reflection *r, Request *request)
{
    struct err err;

    request->host = (char *)"h";
    assert_int_equal(
        grpc_reflection_v1_server_reflection_server_reflection_info_send(r->call, request, &err),
        0);
    rpc_call_read(r->call);
    run_until(&f->w, &r->n_messages, r->n_messages + 1);
    return r->text;
}

#define ASK(f, r, kind_, member_, value_)                                                          \
    ask(f, r,                                                                                      \
        &(Request){                                                                                \
            PROTOBUF_C_MESSAGE_INIT(&grpc__reflection__v1__server_reflection_request__descriptor), \
            .message_request_case =                                                                \
                GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##kind_,          \
            .member_ = value_})
#define ASK_SYMBOL(f, r, name)                                                                     \
    ASK(f, r, FILE_CONTAINING_SYMBOL, file_containing_symbol, (char *)(name))
#define ASK_FILE(f, r, name) ASK(f, r, FILE_BY_FILENAME, file_by_filename, (char *)(name))
#define ASK_NUMBERS(f, r, name)                                                                    \
    ASK(f, r, ALL_EXTENSION_NUMBERS_OF_TYPE, all_extension_numbers_of_type, (char *)(name))

static void reflection_start(struct fixture *f, struct reflection *r, const char *path)
{
    static struct rpc_method_desc kept; /* the call points to it */
    struct err err;

    *r = (struct reflection){0};
    kept = grpc_reflection_v1_server_reflection_server_reflection_info_method;
    kept.path = path;
    assert_int_equal(rpc_start(f->w.channel, &kept, NULL, &reflection_ops, r, &r->call, &err), 0);
}

static void reflect(const char *path)
{
    struct reflection r;
    struct fixture f;

    fixture_up(&f);
    reflection_start(&f, &r, path);
    assert_string_equal(
        ASK(&f, &r, LIST_SERVICES, list_services, (char *)""),
        "services " CLAIMS " agentsandbox.v1.StreamService grpc.health.v1.Health "
        "grpc.reflection.v1.ServerReflection grpc.reflection.v1alpha.ServerReflection");

    /* The file comes first, then what of its imports the stream has not had. */
    assert_string_equal(ASK_SYMBOL(&f, &r, CLAIMS ".CreateClaim"),
                        "files agentsandbox/v1/claim.proto agentsandbox/v1/common.proto "
                        "google/protobuf/timestamp.proto google/protobuf/duration.proto");
    assert_string_equal(ASK_SYMBOL(&f, &r, "agentsandbox.v1.AttachRequest"),
                        "files agentsandbox/v1/stream.proto agentsandbox/v1/exec.proto");
    assert_string_equal(ASK_SYMBOL(&f, &r, "agentsandbox.v1.ClaimSpec.PodLabelsEntry"),
                        "files agentsandbox/v1/claim.proto");
    assert_string_equal(ASK_FILE(&f, &r, "google/protobuf/duration.proto"),
                        "files google/protobuf/duration.proto");
    assert_string_equal(ASK_NUMBERS(&f, &r, "agentsandbox.v1.Claim"),
                        "numbers of agentsandbox.v1.Claim");

    /* Nothing of that ends the stream. */
    assert_string_equal(ASK_SYMBOL(&f, &r, "agentsandbox.v1.Nope"),
                        "error 5 no such symbol: agentsandbox.v1.Nope");
    assert_string_equal(ASK_FILE(&f, &r, "nope.proto"), "error 5 no such file: nope.proto");
    assert_string_equal(ASK_NUMBERS(&f, &r, CLAIMS), "error 5 no such message type: " CLAIMS);
    assert_string_equal(
        ASK(&f, &r, FILE_CONTAINING_EXTENSION, file_containing_extension,
            (&(Grpc__Reflection__V1__ExtensionRequest){
                PROTOBUF_C_MESSAGE_INIT(&grpc__reflection__v1__extension_request__descriptor),
                .containing_type = (char *)"agentsandbox.v1.Claim", .extension_number = 1})),
        "error 5 no such extension of: agentsandbox.v1.Claim");

    rpc_call_send_end(r.call);
    run_until(&f.w, &r.n_done, 1);
    assert_int_equal(r.code, RPC_OK);
    fixture_down(&f);
}

static void test_reflection(void **state)
{
    (void)state;
    reflect("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
}

static void test_reflection_v1alpha(void **state)
{
    (void)state;
    reflect("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
}

static void test_reflection_refuses_nothing(void **state)
{
    Request empty = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    struct reflection r;
    struct fixture f;
    struct err err;

    (void)state;
    fixture_up(&f);
    reflection_start(&f, &r, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
    assert_int_equal(rpc_send(r.call, &empty.base, &err), 0);
    rpc_call_read(r.call);
    run_until(&f.w, &r.n_done, 1);
    assert_int_equal(r.code, RPC_INVALID_ARGUMENT);
    fixture_down(&f);
}

/* ---- what the plugin generates ---- */

static void test_null_handler(void **state)
{
    static const struct agentsandbox_v1_claim_service_impl nothing;
    Agentsandbox__V1__GetClaimRequest request = AGENTSANDBOX__V1__GET_CLAIM_REQUEST__INIT;
    struct answer a = {0};
    struct fixture f;
    struct err err;

    (void)state;
    fixture_up(&f);
    assert_int_equal(agentsandbox_v1_claim_service_register(f.w.server, &nothing, &err), 0);
    assert_int_equal(agentsandbox_v1_claim_service_get_claim(f.w.channel, NULL, &request, on_check,
                                                             &a, NULL, &err),
                     0);
    run_until(&f.w, &a.n_done, 1);
    assert_int_equal(a.code, RPC_UNIMPLEMENTED);
    fixture_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_watcher_goes),
        cmocka_unit_test(test_reflection),
        cmocka_unit_test(test_reflection_v1alpha),
        cmocka_unit_test(test_reflection_refuses_nothing),
        cmocka_unit_test(test_null_handler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
