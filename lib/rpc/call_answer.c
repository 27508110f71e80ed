/* The server's answer: its head, and the status that ends it. */
#include <string.h>

#include "lib/base/limits.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/metadata_core.h"
#include "lib/rpc/percent.h"
#include "lib/rpc/status_core.h"

int rpc_call_begin(struct rpc_call *call, bool is_raw, size_t max_message, struct err *err)
{
    uint64_t wait_ms = call->stream.head.timeout_ms;

    call->is_raw = is_raw;
    if (max_message && max_message != call->max_message) {
        call->max_message = max_message;
        call->decoder.max = (uint32_t)MIN(max_message, (size_t)UINT32_MAX);
    }
    if (!is_raw) {
        call->sends_gzip =
            call->stream.head.encoding && strcmp(call->stream.head.encoding, "gzip") == 0;
        rpc_head_hide_encodings(&call->stream.head);
    }
    if (wait_ms == CLOCK_NEVER)
        return 0;
    return rpc_deadline_arm(call->hub, &call->deadline,
                            clock_add(loop_now_ms(call->hub->loop), wait_ms), err);
}

static int add_field(struct rpc_call *call, struct rpc_metadata *md, const char *name,
                     const void *value, size_t n, struct err *err)
{
    if (!rpc_call_is_open(call) || call->is_send_ended)
        return err_set(err, RPC_FAILED_PRECONDITION, "CallEnded", "the call has ended");
    return rpc_metadata_add(md, name, value, n, err);
}

int rpc_call_add_header(struct rpc_call *call, const char *name, const void *value, size_t n,
                        struct err *err)
{
    if (call->is_head_sent)
        return err_set(err, RPC_FAILED_PRECONDITION, "HeadersSent",
                       "the initial metadata was already sent");
    return add_field(call, &call->headers, name, value, n, err);
}

int rpc_call_add_trailer(struct rpc_call *call, const char *name, const void *value, size_t n,
                         struct err *err)
{
    return add_field(call, &call->trailers, name, value, n, err);
}

typedef int (*add_fn)(struct rpc_call *call, const char *name, const void *value, size_t n,
                      struct err *err);

static int copy(struct rpc_call *call, const struct rpc_metadata *md, add_fn add,
                bool (*is_passed)(const char *name), struct err *err)
{
    for (size_t i = 0; md && i < md->n; i++)
        if (is_passed(md->fields[i].name) &&
            add(call, md->fields[i].name, md->fields[i].value, md->fields[i].n_value, err) < 0)
            return -1;
    return 0;
}

int rpc_call_copy_headers(struct rpc_call *call, const struct rpc_metadata *md,
                          bool (*is_passed)(const char *name), struct err *err)
{
    return copy(call, md, rpc_call_add_header, is_passed, err);
}

int rpc_call_copy_trailers(struct rpc_call *call, const struct rpc_metadata *md,
                           bool (*is_passed)(const char *name), struct err *err)
{
    return copy(call, md, rpc_call_add_trailer, is_passed, err);
}

static void add_head(struct rpc_call *call, struct rpc_fields *f)
{
    rpc_fields_add(f, ":status", "200");
    rpc_fields_add(f, "content-type", rpc_call_content_type(call));
    if (call->has_gzip)
        rpc_fields_add(f, "grpc-encoding", "gzip");
    if (!call->is_raw)
        rpc_fields_add(f, "grpc-accept-encoding", "identity,gzip");
    rpc_fields_add_metadata(f, &call->headers, call->is_raw);
}

int rpc_call_send_headers(struct rpc_call *call, struct err *err)
{
    struct rpc_fields f;

    if (call->is_head_sent)
        return 0;
    if (rpc_call_check_send(call, err) < 0)
        return -1;
    call->has_gzip = !call->is_raw && call->sends_gzip && call->stream.head.accepts_gzip;
    rpc_fields_init(&f, &call->arena, 4 + call->headers.n);
    add_head(call, &f);
    if (f.is_bad)
        return err_oom(err);
    if (rpc_stream_respond(&call->stream, f.v, f.n, false, err) < 0)
        return -1;
    call->is_head_sent = true;
    rpc_call_dirty(call);
    return 0;
}

static void add_status(struct rpc_call *call, struct rpc_fields *f, const struct rpc_status *status)
{
    static const char numbers[17][3] = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                        "9", "10", "11", "12", "13", "14", "15", "16"};
    int code = status->code < 0 || status->code > RPC_UNAUTHENTICATED ? RPC_UNKNOWN : status->code;
    size_t n = MIN(strlen(status->message), (size_t)LIMIT_STATUS_MESSAGE);
    char *text;

    rpc_fields_add(f, "grpc-status", numbers[code]);
    if (n > 0) {
        text = arena_alloc(&call->arena, 3 * n + 1);
        f->is_bad |= !text;
        if (text) {
            (void)rpc_percent_encode(status->message, n, text);
            rpc_fields_add_unindexed(f, "grpc-message", text);
        }
    }
    if (status->details) {
        struct rpc_field field = {"grpc-status-details-bin", status->details, status->n_details};
        struct rpc_metadata md = {.fields = &field, .n = 1, .arena = &call->arena};

        rpc_fields_add_metadata(f, &md, true);
    }
    rpc_fields_add_metadata(f, &call->trailers, true);
}

/* Trailers after what is queued, or all in one header block when nothing was sent before. */
static int send_status(struct rpc_call *call, const struct rpc_status *status, struct err *err)
{
    struct rpc_fields f;

    rpc_fields_init(&f, &call->arena, 4 + call->headers.n + 3 + call->trailers.n);
    if (!call->is_head_sent)
        add_head(call, &f);
    add_status(call, &f, status);
    if (f.is_bad)
        return err_oom(err);
    if (!call->is_head_sent)
        return rpc_stream_respond(&call->stream, f.v, f.n, true, err);
    call->stream.end = f.v;
    call->stream.n_end = f.n;
    call->stream.is_out_ended = true;
    rpc_stream_resume(&call->stream);
    return 0;
}

void rpc_call_finish_status(struct rpc_call *call, const struct rpc_status *status)
{
    struct err err;

    if (!rpc_call_is_open(call) || call->is_send_ended || call->role != RPC_SERVER)
        return;
    call->said_code = status->code;
    if (call->watch)
        rpc_watch_said(call, status);
    if (send_status(call, status, &err) < 0)
        rpc_stream_reset(&call->stream, NGHTTP2_INTERNAL_ERROR);
    call->is_head_sent = true;
    call->is_send_ended = true;
    rpc_call_dirty(call);
}

void rpc_call_finish(struct rpc_call *call, int code, const char *message)
{
    rpc_call_finish_status(call,
                           &(struct rpc_status){.code = code, .message = message ? message : ""});
}

void rpc_call_fail(struct rpc_call *call, const struct err *err)
{
    struct rpc_status status = {.code = err->code, .message = err->msg};

    if (rpc_call_is_open(call) && !call->is_send_ended)
        status.details =
            rpc_status_pack(err->code, err->msg, err->reason, &call->arena, &status.n_details);
    memcpy(status.reason, err->reason, sizeof(status.reason));
    rpc_call_finish_status(call, &status);
}

void rpc_call_refuse(struct rpc_call *call, const struct err *err)
{
    rpc_call_finish(call, err->code, err->msg);
}

void rpc_call_reply(struct rpc_call *call, const void *data, size_t n)
{
    struct err err;

    if (rpc_call_send(call, data, n, &err) < 0)
        rpc_call_fail(call, &err);
    else
        rpc_call_finish(call, RPC_OK, NULL);
}

void rpc_call_refuse_http(struct rpc_call *call, const char *http_status)
{
    static const char text[] = "This is a gRPC server: POST, content-type application/grpc.\n";
    struct rpc_fields f;
    struct err err;

    rpc_fields_init(&f, &call->arena, 2);
    rpc_fields_add(&f, ":status", http_status);
    rpc_fields_add(&f, "content-type", "text/plain");
    /* It ends when the request does: what is wrong with the rest of the request is then still said.
     */
    call->is_refused = true;
    call->said_code = RPC_UNIMPLEMENTED;
    if (f.is_bad || buf_append(&call->stream.out, text, sizeof(text) - 1, &err) < 0 ||
        rpc_stream_respond(&call->stream, f.v, f.n, false, &err) < 0)
        rpc_stream_reset(&call->stream, NGHTTP2_INTERNAL_ERROR);
    call->is_head_sent = call->is_send_ended = true;
    rpc_call_dirty(call);
}
