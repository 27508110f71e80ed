/*
 * A stream of questions, answered one by one: the next is read when the answer to the last has
 * room. All state is in the arena of the call: which files there are, and which this stream has
 * had. v1alpha is v1 under another path, the same on the wire, so both are served by the messages
 * of v1.
 */
#include "lib/rpc/reflection.h"

#include <string.h>

#include "grpc/reflection/v1/reflection.rpc.h"
#include "grpc/reflection/v1alpha/reflection.rpc.h"
#include "lib/rpc/descriptor.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;
typedef Grpc__Reflection__V1__ServiceResponse ServiceResponse;

#define REQUEST(kind)  GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##kind
#define RESPONSE(kind) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##kind

static const struct rpc_method_desc v1alpha_method = {
    .path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    .input = &grpc__reflection__v1__server_reflection_request__descriptor,
    .output = &grpc__reflection__v1__server_reflection_response__descriptor,
    .client_streaming = true,
    .server_streaming = true,
};

/* What is shown besides the application's services. */
static const struct rpc_service_desc *const own_services[] = {
    &grpc_reflection_v1_server_reflection,
    &grpc_reflection_v1alpha_server_reflection,
    NULL,
};

struct file_set {
    const struct rpc_file_desc *files[RPC_REFLECTION_MAX_FILES];
    bool was_sent[RPC_REFLECTION_MAX_FILES];
    size_t n;
};

struct stream {
    const struct rpc_service_desc *const *services;
    struct file_set set;
};

/* ---- files ---- */

/* False when the set is full. */
static bool file_set_add(struct file_set *set, const struct rpc_file_desc *file)
{
    for (size_t i = 0; i < set->n; i++) {
        if (set->files[i] == file)
            return true;
    }
    if (set->n == RPC_REFLECTION_MAX_FILES)
        return false;
    set->files[set->n++] = file;
    for (size_t i = 0; file->deps[i]; i++) {
        if (!file_set_add(set, file->deps[i]))
            return false;
    }
    return true;
}

static bool file_set_add_services(struct file_set *set,
                                  const struct rpc_service_desc *const *services)
{
    for (size_t i = 0; services[i]; i++) {
        if (!file_set_add(set, services[i]->file))
            return false;
    }
    return true;
}

static size_t file_set_index(const struct file_set *set, const struct rpc_file_desc *file)
{
    size_t i = 0;

    while (set->files[i] != file)
        i++;
    return i;
}

static const struct rpc_file_desc *file_by_name(const struct file_set *set, const char *name)
{
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->files[i]->name, name) == 0)
            return set->files[i];
    }
    return NULL;
}

static const struct rpc_file_desc *file_by_symbol(const struct file_set *set, const char *name,
                                                  enum descriptor_kind *ret_kind)
{
    for (size_t i = 0; i < set->n; i++) {
        *ret_kind = descriptor_find(set->files[i]->data, set->files[i]->n, name);
        if (*ret_kind != DESCRIPTOR_NONE)
            return set->files[i];
    }
    return NULL;
}

/* Appends what of the file's imports this stream has not had. */
static void take_unsent(struct file_set *set, const struct rpc_file_desc *file,
                        ProtobufCBinaryData *ret, size_t *n)
{
    set->was_sent[file_set_index(set, file)] = true;
    ret[(*n)++] = (ProtobufCBinaryData){.len = file->n, .data = (uint8_t *)file->data};
    for (size_t i = 0; file->deps[i]; i++) {
        if (!set->was_sent[file_set_index(set, file->deps[i])])
            take_unsent(set, file->deps[i], ret, n);
    }
}

/* ---- answers: each fills the response and returns what became of sending it ---- */

static int answer(struct rpc_call *call, const Request *request, Response *response,
                  struct err *err)
{
    response->valid_host = request->host;
    response->original_request = (Request *)request; /* only read */
    return grpc_reflection_v1_server_reflection_server_reflection_info_reply(call, response, err);
}

static int answer_error(struct rpc_call *call, const Request *request, int code, const char *what,
                        const char *name, struct err *err)
{
    Grpc__Reflection__V1__ErrorResponse error = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;
    Response response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    struct err text;

    (void)err_set(&text, code, "Reflection", "%s: %s", what, name); /* cut where it must be */
    error.error_code = code;
    error.error_message = text.msg;
    response.message_response_case = RESPONSE(ERROR_RESPONSE);
    response.error_response = &error;
    return answer(call, request, &response, err);
}

static int answer_file(struct rpc_call *call, const Request *request, struct file_set *set,
                       const struct rpc_file_desc *file, struct err *err)
{
    Grpc__Reflection__V1__FileDescriptorResponse files =
        GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;
    Response response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    ProtobufCBinaryData data[RPC_REFLECTION_MAX_FILES];
    size_t n = 0;

    take_unsent(set, file, data, &n);
    files.n_file_descriptor_proto = n;
    files.file_descriptor_proto = data;
    response.message_response_case = RESPONSE(FILE_DESCRIPTOR_RESPONSE);
    response.file_descriptor_response = &files;
    return answer(call, request, &response, err);
}

static int answer_symbol(struct rpc_call *call, const Request *request, struct file_set *set,
                         struct err *err)
{
    enum descriptor_kind kind;
    const struct rpc_file_desc *file = file_by_symbol(set, request->file_containing_symbol, &kind);

    if (!file)
        return answer_error(call, request, RPC_NOT_FOUND, "no such symbol",
                            request->file_containing_symbol, err);
    return answer_file(call, request, set, file, err);
}

static int answer_name(struct rpc_call *call, const Request *request, struct file_set *set,
                       struct err *err)
{
    const struct rpc_file_desc *file = file_by_name(set, request->file_by_filename);

    if (!file)
        return answer_error(call, request, RPC_NOT_FOUND, "no such file", request->file_by_filename,
                            err);
    return answer_file(call, request, set, file, err);
}

/* proto3 messages have no extensions: none for a message that is there. */
static int answer_extension_numbers(struct rpc_call *call, const Request *request,
                                    struct file_set *set, struct err *err)
{
    Grpc__Reflection__V1__ExtensionNumberResponse numbers =
        GRPC__REFLECTION__V1__EXTENSION_NUMBER_RESPONSE__INIT;
    Response response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    enum descriptor_kind kind;

    if (!file_by_symbol(set, request->all_extension_numbers_of_type, &kind) ||
        kind != DESCRIPTOR_MESSAGE)
        return answer_error(call, request, RPC_NOT_FOUND, "no such message type",
                            request->all_extension_numbers_of_type, err);
    numbers.base_type_name = request->all_extension_numbers_of_type;
    response.message_response_case = RESPONSE(ALL_EXTENSION_NUMBERS_RESPONSE);
    response.all_extension_numbers_response = &numbers;
    return answer(call, request, &response, err);
}

static size_t list_services(const struct rpc_service_desc *const *services, ServiceResponse *ret,
                            ServiceResponse **ret_pointers)
{
    size_t n = 0;

    for (; services[n]; n++) {
        if (!ret)
            continue;
        grpc__reflection__v1__service_response__init(&ret[n]);
        ret[n].name = (char *)services[n]->name; /* only read */
        ret_pointers[n] = &ret[n];
    }
    return n;
}

static int answer_services(struct rpc_call *call, const Request *request,
                           const struct rpc_service_desc *const *services, struct err *err)
{
    Grpc__Reflection__V1__ListServiceResponse list =
        GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
    Response response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    size_t n = list_services(services, NULL, NULL) + list_services(own_services, NULL, NULL);
    _cleanup_(freep) ServiceResponse *all = calloc(n, sizeof(*all));
    _cleanup_(freep) ServiceResponse **pointers = calloc(n, sizeof(ServiceResponse *));

    if (!all || !pointers)
        return err_oom(err);
    n = list_services(services, all, pointers);
    list.n_service = n + list_services(own_services, all + n, pointers + n);
    list.service = pointers;
    response.message_response_case = RESPONSE(LIST_SERVICES_RESPONSE);
    response.list_services_response = &list;
    return answer(call, request, &response, err);
}

static int answer_any(struct rpc_call *call, const Request *request, struct stream *stream,
                      struct err *err)
{
    switch (request->message_request_case) {
    case REQUEST(FILE_BY_FILENAME):
        return answer_name(call, request, &stream->set, err);
    case REQUEST(FILE_CONTAINING_SYMBOL):
        return answer_symbol(call, request, &stream->set, err);
    case REQUEST(FILE_CONTAINING_EXTENSION):
        return answer_error(call, request, RPC_NOT_FOUND, "no such extension of",
                            request->file_containing_extension->containing_type, err);
    case REQUEST(ALL_EXTENSION_NUMBERS_OF_TYPE):
        return answer_extension_numbers(call, request, &stream->set, err);
    case REQUEST(LIST_SERVICES):
        return answer_services(call, request, stream->services, err);
    case REQUEST(_NOT_SET):
    case _GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST__CASE_IS_INT_SIZE:
        break;
    }
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "message_request is not set");
}

/* ---- the stream ---- */

static void on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    struct err err;
    int r = answer_any(call, (const Request *)msg, user, &err);

    if (r < 0)
        rpc_call_fail(call, &err);
    else if (r != RPC_WAIT)
        rpc_call_read(call);
}

static void on_writable(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_read(call);
}

static void on_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    (void)call;
    (void)status;
    (void)user; /* in the call's arena */
}

static const struct rpc_msg_ops stream_ops = {
    .on_message = on_message,
    .on_half_close = on_half_close,
    .on_writable = on_writable,
    .on_done = on_done,
};

static void open_stream(struct rpc_call *call, const struct rpc_method_desc *method,
                        const struct rpc_service_desc *const *services)
{
    struct stream *stream = arena_zalloc(rpc_call_arena(call), sizeof(*stream));

    if (!stream) {
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    stream->services = services;
    (void)file_set_add_services(&stream->set, services); /* fits: tried when registering */
    (void)file_set_add_services(&stream->set, own_services);
    rpc_accept(call, method, &stream_ops, stream);
    rpc_call_read(call);
}

static void handle_v1(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    (void)request;
    open_stream(call, &grpc_reflection_v1_server_reflection_server_reflection_info_method, user);
}

static void handle_v1alpha(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    (void)request;
    open_stream(call, &v1alpha_method, user);
}

int rpc_reflection_register(struct rpc_server *s, const struct rpc_service_desc *const *services,
                            struct err *err)
{
    struct file_set set = {0};

    if (!file_set_add_services(&set, services) || !file_set_add_services(&set, own_services))
        return err_set(err, RPC_INTERNAL, "TooManyFiles", "reflection shows at most %d files",
                       RPC_REFLECTION_MAX_FILES);
    if (rpc_server_handle_method(
            s, &grpc_reflection_v1_server_reflection_server_reflection_info_method, handle_v1,
            (void *)services, err) < 0 ||
        rpc_server_handle_method(s, &v1alpha_method, handle_v1alpha, (void *)services, err) < 0)
        return err_wrap(err, "reflection service");
    return 0;
}
