/* Calls with messages of protobuf-c instead of bytes. */
#include "lib/rpc/test_util.h"

#include "lib/rpc/service.h"
#include "rpc_test.pb-c.h"

static const struct rpc_method_desc unary_method = {.path = "/test.v1.Test/Unary",
                                                    .input = &test__v1__text__descriptor,
                                                    .output = &test__v1__text__descriptor};
static const struct rpc_method_desc bidi_method = {.path = "/test.v1.Test/Bidi",
                                                   .input = &test__v1__text__descriptor,
                                                   .output = &test__v1__text__descriptor,
                                                   .client_streaming = true,
                                                   .server_streaming = true};

static void typed_unary(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Test__V1__Text *in = (const void *)request;

    (void)user;
    assert_int_equal(in->n_parts, 1);
    assert_string_equal(in->parts[0]->text, "part");
    rpc_reply(call, request);
}

struct typed {
    int n_done, n_messages, code;
    char text[32];
    char message[128];
};

static void typed_reply(struct rpc_call *call, const ProtobufCMessage *reply,
                        const struct rpc_status *status, void *user)
{
    struct typed *t = user;

    (void)call;
    t->n_done++;
    t->code = status->code;
    (void)snprintf(t->message, sizeof(t->message), "%s", status->message);
    assert_int_equal(reply == NULL, status->code != 0);
    if (reply)
        (void)snprintf(t->text, sizeof(t->text), "%s",
                       ((const Test__V1__Text *)(const void *)reply)->text);
}

static void bidi_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    struct typed *t = user;
    struct err err;

    if (t)
        t->n_messages++;
    else
        assert_int_equal(rpc_send(call, msg, &err), 0);
    rpc_call_read(call);
}

static void bidi_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, 0, NULL);
}

static void bidi_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct typed *t = user;

    (void)call;
    if (t) {
        t->n_done++;
        t->code = status->code;
    }
}

static const struct rpc_msg_ops bidi_ops = {
    .on_message = bidi_message, .on_half_close = bidi_half_close, .on_done = bidi_done};

static void typed_bidi(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    (void)user;
    assert_null(request);
    rpc_accept(call, &bidi_method, &bidi_ops, NULL);
    rpc_call_read(call);
}

static void test_typed(void **state)
{
    struct world w = {0};
    struct typed unary = {0}, bidi = {0};
    struct rpc_call *call;
    Test__V1__Text part = TEST__V1__TEXT__INIT, msg = TEST__V1__TEXT__INIT, *parts[] = {&part};
    char part_text[] = "part", text[] = "grüße", bad[] = "\xff\xfe";
    struct err err;

    (void)state;
    part.text = part_text;
    msg.text = text;
    msg.n_parts = 1;
    msg.parts = parts;
    world_up(&w);
    assert_int_equal(rpc_server_handle_method(w.server, &unary_method, typed_unary, NULL, &err), 0);
    assert_int_equal(rpc_server_handle_method(w.server, &bidi_method, typed_bidi, NULL, &err), 0);
    assert_int_equal(
        rpc_unary(w.channel, &unary_method, NULL, &msg.base, typed_reply, &unary, NULL, &err), 0);
    run_until(&w, &unary.n_done, 1);
    assert_int_equal(unary.code, 0);
    assert_string_equal(unary.text, "grüße");

    part.text = bad;
    assert_int_equal(
        rpc_unary(w.channel, &unary_method, NULL, &msg.base, typed_reply, &unary, NULL, &err), 0);
    run_until(&w, &unary.n_done, 2);
    assert_int_equal(unary.code, RPC_INVALID_ARGUMENT);
    assert_string_equal(unary.message, "test.v1.Text: field text is not valid UTF-8");
    part.text = part_text;

    assert_int_equal(rpc_start(w.channel, &bidi_method, NULL, &bidi_ops, &bidi, &call, &err), 0);
    rpc_call_read(call);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rpc_send(call, &msg.base, &err), 0);
    rpc_call_send_end(call);
    run_until(&w, &bidi.n_done, 1);
    assert_int_equal(bidi.n_messages, 100);
    assert_int_equal(bidi.code, 0);
    world_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
