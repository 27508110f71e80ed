/* Calls passed on to the leader: two replicas, each a server of its own; the leader's certificate
 * is known by its fingerprint only. */
#include "lib/rpc/tls_test_util.h"

#include "agentsandbox/v1/claim.rpc.h"
#include "lib/base/alloc_sweep.h"
#include "services/controller/gate.h"
#include "services/controller/pass.h"

static bool is_sweep;

static void pause_sweep(void)
{
    if (is_sweep)
        alloc_sweep_pause();
}

static void resume_sweep(void)
{
    if (is_sweep)
        alloc_sweep_resume();
}

typedef Agentsandbox__V1__GetClaimRequest GetRequest;
typedef Agentsandbox__V1__WatchClaimsRequest WatchRequest;

#define TURN_WHILE(s, condition)                                                                   \
    do {                                                                                           \
        uint64_t end_ = clock_monotonic_ms() + 20000;                                              \
        while (condition) {                                                                        \
            (void)loop_turn((s)->loop, false);                                                     \
            if (clock_monotonic_ms() > end_)                                                       \
                fail_msg("still %s", #condition);                                                  \
        }                                                                                          \
    } while (0)

/* What a leader was asked; the last call. */
struct leader {
    struct rpc_server *server;
    struct rpc_tls *tls;
    struct pass_leader where;
    char name[64], token[64], mark[64], own[64];
    uint64_t left_ms;
    int n_calls, n_ended, ended;
    struct rpc_call *watch; /* NULL: ended */
    size_t n_to_send;       /* messages of a watch */
    bool is_full;
};

struct scene {
    struct loop *loop;
    struct identity id[2];
    struct leader leaders[2], *now; /* now NULL: nobody leads */
    struct rpc_server *follower;
    struct gate *gate;
    struct pass *pass;
    struct rpc_channel *channel;
};

struct answer {
    struct rpc_call *call;
    int n_done, code, n_messages;
    bool reads;
    char reason[ERR_REASON_MAX], message[600], header[32], trailer[32];
};

/* ---- the leader ---- */

static void keep(char *to, size_t n, const struct rpc_call *call, const char *name)
{
    const char *value = rpc_metadata_get(rpc_call_headers(call), name);

    (void)snprintf(to, n, "%s", value ? value : "");
}

static void note_call(struct leader *l, struct rpc_call *call)
{
    l->n_calls++;
    keep(l->token, sizeof(l->token), call, "authorization");
    keep(l->mark, sizeof(l->mark), call, PASS_MARK);
    keep(l->own, sizeof(l->own), call, "x-own");
    l->left_ms = rpc_call_deadline_ms(call) == CLOCK_NEVER
                     ? 0
                     : rpc_call_deadline_ms(call) - loop_now_ms(rpc_call_loop(call));
}

static void on_get(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const GetRequest *req = (const GetRequest *)request;
    Agentsandbox__V1__GetClaimResponse reply = AGENTSANDBOX__V1__GET_CLAIM_RESPONSE__INIT;
    struct leader *l = user;
    struct err err;

    note_call(l, call);
    (void)snprintf(l->name, sizeof(l->name), "%s", req->name);
    if (strcmp(req->name, "none") == 0) {
        (void)err_set(&err, RPC_NOT_FOUND, "ClaimNotFound", "no claim none");
        rpc_call_fail(call, &err);
        return;
    }
    (void)rpc_call_add_header(call, "x-head", "h", 1, &err);
    (void)rpc_call_add_trailer(call, "x-tail", "t", 1, &err);
    rpc_reply(call, &reply.base);
}

static void send_some(struct rpc_call *call, void *user)
{
    static char text[32 * 1024];
    Agentsandbox__V1__WatchClaimsResponse event = AGENTSANDBOX__V1__WATCH_CLAIMS_RESPONSE__INIT;
    Agentsandbox__V1__Claim claim = AGENTSANDBOX__V1__CLAIM__INIT;
    struct leader *l = user;
    struct err err;
    int r = 0;

    memset(text, 'x', sizeof(text) - 1);
    claim.name = text;
    event.claim = &claim;
    while (l->n_to_send > 0 && r == 0) {
        r = rpc_send(call, &event.base, &err);
        l->n_to_send--;
    }
    l->is_full = r == RPC_WAIT;
}

static void watch_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct leader *l = user;

    (void)call;
    l->watch = NULL;
    l->n_ended++;
    l->ended = status->code;
}

static void on_watch(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    static const struct rpc_msg_ops ops = {.on_writable = send_some, .on_done = watch_done};
    struct leader *l = user;

    (void)request;
    note_call(l, call);
    l->watch = call;
    rpc_accept(call, &agentsandbox_v1_claim_service_watch_claims_method, &ops, l);
    send_some(call, l);
}

static void leader_up(struct scene *s, int i, bool is_tls)
{
    struct leader *l = &s->leaders[i];
    const struct rpc_tls_opts tls = {
        .is_server = true, .cert_pem = s->id[i].cert_pem, .key_pem = s->id[i].key_pem};
    struct rpc_listen_opts listen = {0};
    char address[128];
    struct err err;

    *l = (struct leader){0};
    assert_int_equal(rpc_server_new(&l->server, s->loop, NULL, &err), 0);
    assert_int_equal(rpc_server_handle_method(l->server,
                                              &agentsandbox_v1_claim_service_get_claim_method,
                                              on_get, l, &err),
                     0);
    assert_int_equal(rpc_server_handle_method(l->server,
                                              &agentsandbox_v1_claim_service_watch_claims_method,
                                              on_watch, l, &err),
                     0);
    if (is_tls) {
        assert_int_equal(rpc_tls_new(&l->tls, &tls, &err), 0);
        assert_int_equal(rpc_tls_fingerprint(l->tls, l->where.sha256, &err), 0);
        listen.tls = l->tls;
    }
    assert_int_equal(rpc_server_listen(l->server, "127.0.0.1:0", &listen, address, &err), 0);
    (void)snprintf(l->where.address, sizeof(l->where.address), "%.79s", address);
    (void)snprintf(l->where.identity, sizeof(l->where.identity), "leader-%d", i);
}

static void leader_down(struct leader *l)
{
    rpc_server_free(TAKE_PTR(l->server));
    rpc_tls_free(TAKE_PTR(l->tls));
}

/* ---- the follower ---- */

static bool leads(const char **leader, void *user)
{
    const struct scene *s = user;

    *leader = s->now ? s->now->where.identity : "";
    return false;
}

static bool pass_to_leader(struct rpc_call *call, const struct rpc_method_desc *m,
                           const ProtobufCMessage *request, void *user)
{
    struct scene *s = user;

    return s->now && pass_on(s->pass, &s->now->where, call, m, request);
}

static void unexpected(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    (void)call;
    (void)request;
    (void)user;
    fail_msg("the follower's own handler was called");
}

static int follower_up(struct scene *s, bool is_plain, struct err *err)
{
    static const struct gate_rule rule = {"g", "r", "get", false};
    const struct pass_opts pass = {.name = "follower", .is_plain = is_plain};
    const struct gate_opts gate = {.leads = leads, .pass_on = pass_to_leader, .user = s};
    char address[128];

    if (pass_new(&s->pass, s->loop, &pass, err) < 0 || gate_new(&s->gate, &gate, err) < 0 ||
        rpc_server_new(&s->follower, s->loop, NULL, err) < 0 ||
        gate_handle(s->gate, s->follower, &agentsandbox_v1_claim_service_get_claim_method, &rule,
                    unexpected, s, err) < 0 ||
        gate_handle(s->gate, s->follower, &agentsandbox_v1_claim_service_watch_claims_method, &rule,
                    unexpected, s, err) < 0 ||
        rpc_server_listen(s->follower, "127.0.0.1:0", NULL, address, err) < 0)
        return -1;
    return rpc_channel_new(&s->channel, s->loop, address, NULL, err);
}

static void up(struct scene *s, bool is_tls)
{
    struct err err;

    memset(s, 0, sizeof(*s));
    make_identity(&s->id[0], "nobody", NULL, NULL, 3600);
    make_identity(&s->id[1], "nobody else", NULL, NULL, 3600);
    assert_int_equal(loop_new(&s->loop, &err), 0);
    leader_up(s, 0, is_tls);
    leader_up(s, 1, is_tls);
    s->now = &s->leaders[0];
}

static void up_all(struct scene *s, bool is_tls)
{
    struct err err;

    up(s, is_tls);
    if (follower_up(s, !is_tls, &err) < 0)
        fail_msg("%s", err.msg);
}

static void down(struct scene *s)
{
    rpc_channel_free(s->channel);
    rpc_server_free(s->follower);
    gate_free(s->gate);
    pass_free(s->pass);
    for (int i = 0; i < 2; i++) {
        leader_down(&s->leaders[i]);
        EVP_PKEY_free(s->id[i].key);
        X509_free(s->id[i].cert);
    }
    loop_free(s->loop);
}

/* ---- the caller ---- */

static void keep_field(char to[32], const struct rpc_metadata *md, const char *name)
{
    const char *value = md ? rpc_metadata_get(md, name) : NULL;

    (void)snprintf(to, 32, "%s", value ? value : "");
}

static void on_headers(struct rpc_call *call, void *user)
{
    keep_field(((struct answer *)user)->header, rpc_call_headers(call), "x-head");
}

static void on_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct answer *a = user;

    (void)data;
    (void)n;
    a->n_messages++;
    if (a->reads)
        rpc_call_read(call);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct answer *a = user;

    a->call = NULL;
    a->n_done++;
    a->code = status->code;
    (void)snprintf(a->reason, sizeof(a->reason), "%s", status->reason);
    (void)snprintf(a->message, sizeof(a->message), "%s", status->message);
    keep_field(a->trailer, rpc_call_trailers(call), "x-tail");
}

static const struct rpc_call_ops caller_ops = {
    .on_headers = on_headers, .on_message = on_message, .on_done = on_done};

static int begin(struct scene *s, const struct rpc_method_desc *m, const ProtobufCMessage *request,
                 const char *name, const char *value, struct answer *a, struct err *err)
{
    struct rpc_metadata md;
    struct arena arena;
    const struct rpc_call_opts opts = {.timeout_ms = 15000, .metadata = &md};
    uint8_t bytes[256];
    size_t n = protobuf_c_message_pack(request, bytes);
    int r = 0;

    *a = (struct answer){.reads = true};
    pause_sweep();
    arena_init(&arena, 65536);
    rpc_metadata_init(&md, &arena);
    r = rpc_metadata_add_str(&md, "x-own", "kept", err);
    assert_int_equal(r, 0);
    if (name)
        assert_int_equal(rpc_metadata_add_str(&md, name, value, err), 0);
    if (!name || strcmp(name, "authorization") != 0)
        assert_int_equal(rpc_metadata_add_str(&md, "authorization", "Bearer t", err), 0);
    resume_sweep();
    r = rpc_channel_call(s->channel, m->path, &opts, &caller_ops, a, &a->call, err);
    if (r == 0 && rpc_call_send(a->call, bytes, n, err) < 0) {
        rpc_call_abandon(TAKE_PTR(a->call));
        r = -1;
    }
    if (r == 0) {
        rpc_call_send_end(a->call);
        rpc_call_read(a->call);
    }
    pause_sweep();
    arena_done(&arena);
    resume_sweep();
    return r;
}

static int begin_get(struct scene *s, const char *claim, const char *name, const char *value,
                     struct answer *a, struct err *err)
{
    GetRequest req = AGENTSANDBOX__V1__GET_CLAIM_REQUEST__INIT;

    req.name = (char *)claim;
    return begin(s, &agentsandbox_v1_claim_service_get_claim_method, &req.base, name, value, a,
                 err);
}

static void get(struct scene *s, const char *claim, const char *name, const char *value,
                struct answer *a)
{
    struct err err;

    if (begin_get(s, claim, name, value, a, &err) < 0)
        fail_msg("%s", err.msg);
    TURN_WHILE(s, !a->n_done);
}

static void watch(struct scene *s, struct answer *a)
{
    WatchRequest req = AGENTSANDBOX__V1__WATCH_CLAIMS_REQUEST__INIT;
    struct err err;

    assert_int_equal(begin(s, &agentsandbox_v1_claim_service_watch_claims_method, &req.base, NULL,
                           NULL, a, &err),
                     0);
}

static void refused(const struct answer *a, const char *reason, const char *words)
{
    if (a->code != RPC_UNAVAILABLE || strcmp(a->reason, reason) != 0 || !strstr(a->message, words))
        fail_msg("want %s \"…%s…\", got %d %s \"%s\"", reason, words, a->code, a->reason,
                 a->message);
}

/* ---- tests ---- */

static void a_call_goes_there_and_its_answer_comes_back(void **state)
{
    struct answer a;
    struct scene s;

    (void)state;
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        up_all(&s, is_tls);
        get(&s, "web", NULL, NULL, &a);
        assert_int_equal(a.code, RPC_OK);
        assert_int_equal(a.n_messages, 1);
        assert_string_equal(a.header, "h");
        assert_string_equal(a.trailer, "t");
        assert_string_equal(s.now->name, "web");
        assert_string_equal(s.now->token, "Bearer t");
        assert_string_equal(s.now->own, "kept");
        assert_string_equal(s.now->mark, "follower");
        assert_in_range(s.now->left_ms, 1, 15000);
        get(&s, "none", NULL, NULL, &a);
        assert_int_equal(a.code, RPC_NOT_FOUND);
        assert_string_equal(a.reason, "ClaimNotFound");
        assert_string_equal(a.message, "no claim none");
        down(&s);
    }
}

static void some_are_told_who_leads_instead(void **state)
{
    struct answer a;
    struct scene s;

    (void)state;
    up_all(&s, true);
    get(&s, "web", PASS_MARK, "another", &a); /* passed on already */
    refused(&a, "NotLeader", "leader-0");
    get(&s, "web", "authorization", "Basic x", &a);
    refused(&a, "NotLeader", "leader-0");
    s.now->where.sha256[0] = '\0'; /* a leader without TLS gets no token */
    get(&s, "web", NULL, NULL, &a);
    refused(&a, "NotLeader", "leader-0");
    (void)snprintf(s.now->where.sha256, 65, "%064d", 7);
    get(&s, "web", NULL, NULL, &a); /* nor does whoever sits at his address */
    refused(&a, "LeaderUnreachable", "another certificate");
    (void)snprintf(s.now->where.address, sizeof(s.now->where.address), "evil.test:80");
    get(&s, "web", NULL, NULL, &a); /* nor a name */
    refused(&a, "NotLeader", "leader-0");
    s.now = NULL;
    get(&s, "web", NULL, NULL, &a);
    refused(&a, "NotLeader", "not known");
    assert_int_equal(s.leaders[0].n_calls, 0);
    down(&s);
}

static void a_stream_passes_as_it_is_read(void **state)
{
    struct answer a;
    struct scene s;

    (void)state;
    up_all(&s, true);
    s.now->n_to_send = 2000; /* of 32 KiB */
    watch(&s, &a);
    a.reads = false;
    TURN_WHILE(&s, a.n_messages == 0 || !s.now->is_full);
    for (int i = 0; i < 200; i++)
        (void)loop_turn(s.loop, false);
    assert_true(s.now->is_full);
    assert_in_range(s.now->n_to_send, 1500, 2000); /* the rest waits at the leader */
    assert_int_equal(a.n_messages, 1);
    a.reads = true;
    rpc_call_read(a.call);
    TURN_WHILE(&s, a.n_messages < 2000);
    rpc_call_cancel(a.call, RPC_CANCELLED, "enough");
    TURN_WHILE(&s, s.now->n_ended == 0); /* cancellation passes */
    assert_int_equal(s.now->ended, RPC_CANCELLED);
    down(&s);
}

static void a_leader_that_is_lost_is_no_answer(void **state)
{
    struct answer a;
    struct scene s;

    (void)state;
    up_all(&s, true);
    watch(&s, &a);
    TURN_WHILE(&s, !s.now->watch);
    leader_down(s.now);
    TURN_WHILE(&s, !a.n_done);
    refused(&a, "LeaderUnreachable", "leader-0");
    get(&s, "web", NULL, NULL, &a);
    refused(&a, "LeaderUnreachable", s.now->where.address);
    down(&s);
}

static void another_leader_is_asked_at_once(void **state)
{
    struct answer a, old;
    struct scene s;

    (void)state;
    up_all(&s, true);
    watch(&s, &old);
    TURN_WHILE(&s, !s.now->watch);
    s.now = &s.leaders[1];
    get(&s, "web", NULL, NULL, &a);
    assert_int_equal(a.code, RPC_OK);
    assert_int_equal(s.leaders[1].n_calls, 1);
    for (int i = 0; i < 20; i++)
        (void)loop_turn(s.loop, false);
    assert_int_equal(old.n_done, 0); /* he ends his own calls */
    s.leaders[0].n_to_send = 1;
    send_some(s.leaders[0].watch, &s.leaders[0]);
    TURN_WHILE(&s, old.n_messages < 1);
    rpc_call_finish(s.leaders[0].watch, RPC_UNAVAILABLE, "stopping");
    TURN_WHILE(&s, !old.n_done);
    assert_string_equal(old.message, "stopping");
    TURN_WHILE(&s, ({
        struct rpc_server_stats stats;
        rpc_server_stats(s.leaders[0].server, &stats);
        stats.n_connections > 0; /* nothing is left on it: it is closed */
    }));
    down(&s);
}

static void callers_and_servers_may_go_first(void **state)
{
    struct answer a, b;
    struct scene s;

    (void)state;
    up_all(&s, true);
    watch(&s, &a);
    watch(&s, &b);
    TURN_WHILE(&s, s.now->n_calls < 2);
    rpc_call_abandon(TAKE_PTR(a.call));
    TURN_WHILE(&s, s.now->n_ended < 1);
    rpc_server_free(TAKE_PTR(s.follower)); /* with b open */
    TURN_WHILE(&s, s.now->n_ended < 2);
    TURN_WHILE(&s, !b.n_done);
    down(&s);
}

static void streams_end_when_the_follower_stops(void **state)
{
    struct answer a;
    struct scene s;
    struct err why;

    (void)state;
    up_all(&s, true);
    watch(&s, &a);
    TURN_WHILE(&s, !s.now->watch);
    (void)err_set(&why, RPC_UNAVAILABLE, "Stopping", "it stops");
    pass_end_streams(s.pass, &why);
    TURN_WHILE(&s, !a.n_done || s.now->n_ended == 0);
    refused(&a, "Stopping", "it stops");
    assert_int_equal(s.now->ended, RPC_CANCELLED);
    get(&s, "web", NULL, NULL, &a);
    assert_int_equal(a.code, RPC_OK);
    down(&s);
}

static void notes_are_read_with_care(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"identity\":\"me\",\"grpc\":7,\"certificateSHA256\":\"\"}",
        "{\"identity\":\"me\",\"grpc\":\"\",\"certificateSHA256\":\"\"}",
        "{\"identity\":\"me\",\"grpc\":\"1.2.3.4:5\"}",
        "{\"identity\":\"you\",\"grpc\":\"1.2.3.4:5\",\"certificateSHA256\":\"\"}",
        ("{\"identity\":\"me\",\"grpc\":\"1.2.3.4:5\",\"certificateSHA256\":"
         "\"00000000000000000000000000000000000000000000000000000000000000000\"}"),
    };
    struct pass_leader me = {"me", "[fd00::1]:9090", "ab"}, ret;
    char *note = pass_note(&me);

    (void)state;
    assert_int_equal(pass_read_note(note, "me", &ret), 0);
    assert_string_equal(ret.identity, "me");
    assert_string_equal(ret.address, "[fd00::1]:9090");
    assert_string_equal(ret.sha256, "ab");
    assert_int_equal(pass_read_note(note, "you", &ret), -1); /* of a holder before this one */
    assert_int_equal(pass_read_note(note, "", &ret), -1);
    free(note);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(pass_read_note(bad[i], "me", &ret), -1);
}

/* An allocation fails, the call ends all the same, and nothing is left. */
static int pass_one(void *user, struct err *err)
{
    struct answer a = {0};
    struct scene s;
    int r;

    (void)user;
    pause_sweep();
    up(&s, false);
    resume_sweep();
    r = follower_up(&s, true, err);
    if (r == 0)
        r = begin_get(&s, "web", NULL, NULL, &a, err);
    if (r == 0) {
        TURN_WHILE(&s, !a.n_done);
        if (a.code != RPC_OK)
            r = err_oom(err);
    }
    pause_sweep();
    down(&s);
    resume_sweep();
    return r;
}

static void memory_may_be_short(void **state)
{
    (void)state;
    is_sweep = true;
    alloc_sweep(pass_one, NULL);
    is_sweep = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_goes_there_and_its_answer_comes_back),
        cmocka_unit_test(some_are_told_who_leads_instead),
        cmocka_unit_test(a_stream_passes_as_it_is_read),
        cmocka_unit_test(a_leader_that_is_lost_is_no_answer),
        cmocka_unit_test(another_leader_is_asked_at_once),
        cmocka_unit_test(callers_and_servers_may_go_first),
        cmocka_unit_test(streams_end_when_the_follower_stops),
        cmocka_unit_test(notes_are_read_with_care),
        cmocka_unit_test(memory_may_be_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
