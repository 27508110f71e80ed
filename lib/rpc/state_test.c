/* The states of a channel, each move of them, and what is said when a server sends one away. */
#include "lib/rpc/net_test_util.h"

#include <unistd.h>

#include "lib/rpc/channel_core.h"

struct seen {
    char moves[64]; /* a letter each: Idle, Connecting, Ready, Transient failure, Shutdown */
    char reason[ERR_REASON_MAX], why[ERR_MSG_MAX];
    int n;
};

static void on_state(struct rpc_channel *ch, enum rpc_channel_state state, const struct err *why,
                     void *user)
{
    struct seen *s = user;

    assert_int_equal(rpc_channel_state(ch), state);
    s->moves[s->n++ % 60] = "ICRTS"[state];
    if (why)
        (void)snprintf(s->reason, sizeof(s->reason), "%s", why->reason);
    if (why)
        (void)snprintf(s->why, sizeof(s->why), "%s", why->msg);
}

static void watch_states(struct net *n, struct seen *s)
{
    n->w.channel_opts.on_state = on_state;
    n->w.channel_opts.user = s;
    n->fake.hosts[0] = 1;
    net_channel(n, RPC_PICK_FIRST, NULL);
}

static void all_moves(void **state)
{
    struct seen s = {0};
    struct net n;

    (void)state;
    net_up(&n);
    watch_states(&n, &s);
    assert_int_equal(rpc_channel_state(n.w.channel), RPC_CHANNEL_IDLE);
    run_for(&n.w, 10);
    assert_string_equal(s.moves, ""); /* nobody asked */
    assert_int_equal(call_once(&n, false), RPC_OK);
    assert_string_equal(s.moves, "CR");

    server_stop(&n, 0); /* connection lost: nothing is wrong yet */
    RUN_WHILE(&n.w, rpc_channel_state(n.w.channel) != RPC_CHANNEL_IDLE);
    assert_string_equal(s.moves, "CRI");
    assert_true(s.why[0]);

    assert_int_equal(call_once(&n, false), RPC_UNAVAILABLE);
    RUN_WHILE(&n.w, rpc_channel_state(n.w.channel) != RPC_CHANNEL_TRANSIENT_FAILURE);
    assert_memory_equal(s.moves, "CRICT", 5);
    assert_string_equal(s.reason, "ConnectFailed");
    RUN_WHILE(&n.w, s.n < 9); /* again and again */
    assert_memory_equal(s.moves, "CRICTCTCT", 9);

    server_start(&n, 0);
    assert_int_equal(call_once(&n, true), RPC_OK);
    assert_int_equal(s.moves[s.n - 1], 'R');
    assert_int_equal(s.moves[s.n - 2], 'C');
    net_down(&n); /* freeing tells nothing */
    assert_int_equal(s.moves[s.n - 1], 'R');
}

/* Asked for, without a call. */
static void connect_without_a_call(void **state)
{
    struct seen s = {0};
    struct net n;

    (void)state;
    net_up(&n);
    watch_states(&n, &s);
    rpc_channel_connect(n.w.channel);
    assert_string_equal(s.moves, ""); /* never from inside a function */
    RUN_WHILE(&n.w, rpc_channel_state(n.w.channel) != RPC_CHANNEL_READY);
    assert_string_equal(s.moves, "CR");
    rpc_channel_connect(n.w.channel); /* does nothing now */
    run_for(&n.w, 10);
    assert_string_equal(s.moves, "CR");
    net_down(&n);
}

/* Over a descriptor there is no way back. */
static void shutdown_of_an_fd(void **state)
{
    struct world w = {0};
    struct seen s = {0};
    struct talk t = {0};

    (void)state;
    w.channel_opts.on_state = on_state;
    w.channel_opts.user = &s;
    world_up(&w);
    assert_int_equal(rpc_channel_state(w.channel), RPC_CHANNEL_CONNECTING);
    RUN_WHILE(&w, rpc_channel_state(w.channel) != RPC_CHANNEL_READY);
    rpc_server_free(w.server);
    w.server = NULL;
    RUN_WHILE(&w, rpc_channel_state(w.channel) != RPC_CHANNEL_SHUTDOWN);
    assert_string_equal(s.moves, "RS");
    talk_start(&w, &t, "/t.T/Count", &(struct rpc_call_opts){.wait_for_ready = true});
    run_until(&w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    world_down(&w);
}

/* A server that drains: new calls go to the next connection. */
static void goaway(void **state)
{
    struct seen s = {0};
    struct net n;

    (void)state;
    net_up(&n);
    watch_states(&n, &s);
    assert_int_equal(call_once(&n, false), RPC_OK);
    rpc_server_drain(n.servers[0], loop_now_ms(n.w.loop) + 1000, NULL, NULL);
    RUN_WHILE(&n.w, rpc_channel_state(n.w.channel) != RPC_CHANNEL_IDLE);
    assert_string_equal(s.moves, "CRI");
    assert_string_equal(s.reason, "ServerStopping");
    net_down(&n);
}

/* A frame of GOAWAY with these words, from a peer that is none of ours. */
static void send_goaway(int fd, uint32_t code, const char *text, size_t n_text)
{
    uint8_t frame[512] = {0, 0, (uint8_t)(8 + n_text), 7};
    static const uint8_t settings[9] = {0, 0, 0, 4};

    assert_true(8 + n_text < 256);
    frame[16] = (uint8_t)code;
    memcpy(frame + 17, text, n_text);
    assert_int_equal(write(fd, settings, sizeof(settings)), sizeof(settings));
    assert_int_equal(write(fd, frame, 17 + n_text), 17 + n_text);
}

static void check_goaway(uint32_t code, const char *text, size_t n_text, const char *reason,
                         const char *why)
{
    struct world w = {0};
    struct seen s = {0};
    struct talk t = {0};
    struct err err;
    int sv[2];

    w.channel_opts.on_state = on_state;
    w.channel_opts.user = &s;
    w.channel_opts.keepalive_ms = 10000;
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(rpc_channel_new_fd(&w.channel, w.loop, sv[1], &w.channel_opts, &err), 0);
    talk_start(&w, &t, "/t.T/Count", &(struct rpc_call_opts){.wait_for_ready = true});
    send_goaway(sv[0], code, text, n_text);
    RUN_WHILE(&w, rpc_channel_state(w.channel) != RPC_CHANNEL_SHUTDOWN);
    assert_string_equal(s.reason, reason);
    if (!strstr(s.why, why))
        fail_msg("want \"%s\", it says \"%s\"", why, s.why);
    assert_int_equal(w.channel->opts.keepalive_ms, strstr(why, "too_many") ? 20000 : 10000);
    (void)close(sv[0]);
    run_until(&w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    world_down(&w);
}

static void goaway_texts(void **state)
{
    char large[200];

    (void)state;
    memset(large, 'x', sizeof(large));
    check_goaway(0, "bye", 3, "ServerStopping", "is stopping");
    check_goaway(11, "too_many_pings", 14, "GoAway", "ENHANCE_YOUR_CALM, \"too_many_pings\"");
    check_goaway(2, "", 0, "GoAway", "INTERNAL_ERROR, \"\"");
    check_goaway(1, "a\n\x01\xff\0z", 6, "GoAway", "PROTOCOL_ERROR, \"a\\n\\x01\\xff\\x00z\"");
    check_goaway(1, large, sizeof(large), "GoAway", "xxxxxxxx");
}

/* A call that was open when the server lost its patience learns why. */
static void the_call_learns_why(void **state)
{
    struct world w = {.server_opts = {.min_ping_ms = 60000}, .channel_opts = {.keepalive_ms = 10}};
    struct talk t = {0}, handler = {0};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Silent", talk_handler, &handler, &err), 0);
    talk_start(&w, &t, "/t.T/Silent", NULL);
    run_until(&w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    if (!strstr(t.message, "too_many_pings"))
        fail_msg("it says \"%s\"", t.message);
    world_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_moves),         cmocka_unit_test(connect_without_a_call),
        cmocka_unit_test(shutdown_of_an_fd), cmocka_unit_test(goaway),
        cmocka_unit_test(goaway_texts),      cmocka_unit_test(the_call_learns_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
