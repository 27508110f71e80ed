/* Which calls go where, wait, or are refused, as routes and connections come and go. */
#include "services/router/scene.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void test_refusals(void **state)
{
    static const struct {
        const char *name, *uid;
        int code;
        const char *reason, *words;
    } cases[] = {
        {"nobody", NULL, RPC_NOT_FOUND, "SandboxNotFound", "controller: no sandbox nobody"},
        {"pool-1", NULL, RPC_FAILED_PRECONDITION, "NotClaimed", "pool-1 is not claimed"},
        {"web-1", "u-0", RPC_NOT_FOUND, "Gone",
         "default/web-1 with uid u-0 is gone: the name belongs to uid u-1"},
        {"dead", NULL, RPC_FAILED_PRECONDITION, "SandboxGone",
         "sandbox default/dead has ended: it ran out of memory (limit 1024 bytes): a big list"},
        {"cold", NULL, RPC_DEADLINE_EXCEEDED, "Timeout", "sandbox default/cold is not ready yet"},
        {"web-1", NULL, RPC_UNAVAILABLE, "AgentUnavailable", "its agent has not connected"},
    };
    struct fake_route dead = web_1;
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    dead.name = "dead";
    dead.instance_id = "inst4";
    dead.phase = FAKE_ENDED;
    dead.cause = "a big list";
    fake_controller_set(&s.controller, &dead);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct talk t = {0};

        scene_call_as(&s, &t, ECHO, cases[i].name, cases[i].uid, 0);
        scene_refused(&s, &t, cases[i].code, cases[i].reason, cases[i].words);
    }
    scene_down(&s);
}

/* A deadline of the caller's ends the wait, not our own limit. */
static void test_waits_until_the_deadline(void **state)
{
    struct talk t = {0};
    struct scene s = {0};
    uint64_t from;

    (void)state;
    scene_up(&s);
    from = clock_monotonic_ms();
    scene_call_as(&s, &t, ECHO, "cold", NULL, 700); /* route_wait_ms is 400 */
    UNTIL(&s, t.n_done);
    assert_int_equal(t.code, RPC_DEADLINE_EXCEEDED);
    assert_in_range(clock_monotonic_ms() - from, 600, 1500);
    scene_down(&s);
}

static void test_pending_becomes_ready(void **state)
{
    struct fake_route ready = cold;
    struct talk t = {.reads_on = true};
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    scene_call(&s, &t, ECHO, "cold");
    rpc_call_send_end(t.call);
    run_for(&s.w, 50);
    assert_int_equal(t.n_done, 0);
    ready.phase = FAKE_READY;
    fake_controller_set(&s.controller, &ready);
    run_for(&s.w, 50);
    assert_int_equal(t.n_done, 0); /* now for its agent */
    scene_agent(&s, "inst2", 1);
    UNTIL(&s, t.n_done);
    assert_int_equal(t.code, RPC_OK);
    scene_down(&s);
}

/* A claim of this moment: the watch has not said it yet, the controller's memory has it. */
static void test_controller_is_asked_before_a_refusal(void **state)
{
    struct fake_route claimed = pool_1, fresh = web_1;
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    claimed.is_claimed = claimed.is_hidden = true;
    fresh.name = "fresh";
    fresh.instance_id = "inst5";
    fresh.is_hidden = true;
    fake_controller_set(&s.controller, &claimed);
    fake_controller_set(&s.controller, &fresh);
    scene_agent(&s, "inst3", 1);
    scene_agent(&s, "inst5", 1);
    scene_echo(&s, "pool-1");
    scene_echo(&s, "fresh");
    assert_int_equal(s.controller.n_resolves, 2);
    scene_echo(&s, "fresh");
    assert_int_equal(s.controller.n_resolves, 2);
    scene_down(&s);
}

/* The last map stays in use, what it lacks is said to be so; then the controller is back, with
 * another list. */
static void test_controller_away_and_back(void **state)
{
    struct talk t = {0};
    struct scene s = {0};
    int watches;

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_echo(&s, "web-1");
    watches = s.controller.n_watches;
    fake_controller_down(&s.controller);
    run_for(&s.w, 30);
    scene_echo(&s, "web-1");
    scene_call(&s, &t, ECHO, "nobody");
    scene_refused(
        &s, &t, RPC_UNAVAILABLE, "ControllerUnavailable",
        "sandbox default/nobody is not among those last known, and the controller cannot be asked");
    t = (struct talk){0};
    scene_call(&s, &t, ECHO, "pool-1");
    scene_refused(&s, &t, RPC_UNAVAILABLE, "ControllerUnavailable",
                  "pool-1 was not the caller's when it was last heard of");

    s.controller.n_routes = 0;
    fake_controller_up(&s.controller, s.w.loop, s.routes);
    UNTIL(&s, s.controller.n_watches > watches);
    run_for(&s.w, 30);
    t = (struct talk){0};
    scene_call(&s, &t, ECHO, "web-1");
    scene_refused(&s, &t, RPC_NOT_FOUND, "SandboxNotFound", "no sandbox web-1");
    UNTIL(&s, s.agent.n_closed == 1); /* its connection went with it */
    scene_down(&s);
}

static void test_newer_connection_replaces(void **state)
{
    struct talk t = {0};
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 5);
    scene_call(&s, &t, HANG, "web-1");
    UNTIL(&s, s.agent.n_open == 1);
    scene_agent(&s, "inst1", 4); /* old news: closed */
    UNTIL(&s, s.agent.n_closed == 1);
    assert_int_equal(t.n_done, 0);
    scene_agent(&s, "inst1", 6);
    scene_refused(&s, &t, RPC_UNAVAILABLE, "AgentUnavailable",
                  "the connection to sandbox default/web-1 was lost");
    UNTIL(&s, s.agent.n_closed == 2);
    scene_echo(&s, "web-1");
    scene_down(&s);
}

/* The agent goes: open calls end with why, when that is known in time; new ones wait for the
 * redial. */
static void test_connection_lost(void **state)
{
    struct fake_route ended = web_1;
    struct talk open = {0}, blind = {0}, waits = {.reads_on = true};
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_call(&s, &blind, HANG, "web-1");
    UNTIL(&s, s.agent.n_open == 1);
    fake_agent_down(&s.agent);
    scene_refused(&s, &blind, RPC_UNAVAILABLE, "AgentUnavailable",
                  "the connection to sandbox default/web-1 was lost");

    fake_agent_up(&s.agent, s.w.loop);
    scene_call(&s, &waits, ECHO, "web-1");
    rpc_call_send_end(waits.call);
    run_for(&s.w, 50);
    assert_int_equal(waits.n_done, 0);
    scene_agent(&s, "inst1", 2);
    UNTIL(&s, waits.n_done);
    assert_int_equal(waits.code, RPC_OK);

    s.agent.n_calls = 0;
    scene_call(&s, &open, HANG, "web-1");
    UNTIL(&s, s.agent.n_calls == 1);
    fake_agent_down(&s.agent);
    run_for(&s.w, 20);
    assert_int_equal(open.n_done, 0);
    ended.phase = FAKE_ENDED;
    ended.cause = "a big list";
    fake_controller_set(&s.controller, &ended);
    scene_refused(&s, &open, RPC_UNAVAILABLE, "SandboxGone",
                  "sandbox default/web-1 has ended: it ran out of memory");
    fake_agent_up(&s.agent, s.w.loop);
    scene_down(&s);
}

static void count_drained(struct rpc_server *server, void *user)
{
    (void)server;
    (*(int *)user)++;
}

/* An agent that stops in good order (GOAWAY) still ends its calls itself. */
static void test_agent_stops_in_good_order(void **state)
{
    struct talk t = {.reads_on = true};
    struct scene s = {0};
    int drained = 0;
    struct err err;

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_call(&s, &t, ECHO, "web-1");
    rpc_call_read(t.call);
    UNTIL(&s, s.agent.n_open == 1);
    rpc_server_drain(s.agent.server, clock_monotonic_ms() + 5000, count_drained, &drained);
    run_for(&s.w, 50);
    assert_int_equal(t.n_done, 0);
    assert_true(rpc_call_send(t.call, "last words", 10, &err) >= 0);
    rpc_call_send_end(t.call);
    UNTIL(&s, t.n_done);
    assert_int_equal(t.code, RPC_OK);
    assert_string_equal(t.last, "last words");
    UNTIL(&s, drained);
    scene_down(&s);
}

static void test_sandbox_deleted_under_a_call(void **state)
{
    struct fake_route gone = web_1;
    struct talk t = {0};
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_call(&s, &t, HANG, "web-1");
    UNTIL(&s, s.agent.n_open == 1);
    gone.phase = FAKE_GONE;
    fake_controller_set(&s.controller, &gone);
    UNTIL(&s, t.n_done);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    assert_non_null(strstr(t.message, "default/web-1"));
    UNTIL(&s, s.agent.n_closed == 1);
    scene_down(&s);
}

/* Made anew under the same name: another instance, and the old one's connection is not used. */
static void test_sandbox_made_anew(void **state)
{
    struct fake_route again = web_1;
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_echo(&s, "web-1");
    again.uid = "u-9";
    again.instance_id = "inst9";
    again.generation = 2;
    fake_controller_set(&s.controller, &again);
    scene_agent(&s, "inst9", 1); /* before or after its route: alike */
    run_for(&s.w, 30);
    scene_echo(&s, "web-1");
    UNTIL(&s, s.agent.n_closed == 1); /* the old instance's */
    scene_down(&s);
}

/* Connections of nobody are kept, but not without end. */
static void test_strangers_are_bounded(void **state)
{
    enum { MORE = 5, ALL = 256 + MORE };
    struct fake_route known = web_1;
    struct scene s = {0};
    char id[32];

    (void)state;
    scene_up(&s);
    for (int i = 0; i < ALL; i++) {
        (void)snprintf(id, sizeof(id), "stranger%d", i);
        scene_agent(&s, id, 1);
        if (i % 8 == 0)
            run_for(&s.w, 2);
    }
    UNTIL(&s, s.agent.n_closed == MORE);
    run_for(&s.w, 20);
    assert_int_equal(s.agent.n_closed, MORE);
    known.name = "late";
    known.instance_id = id;
    fake_controller_set(&s.controller, &known);
    scene_echo(&s, "late");
    scene_down(&s);
}

/* ---- pods ---- */

#define POD_UID "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"

/* The agent of a pod, on its own port or that one. */
static void agent_listens(struct scene *s, char endpoint[140])
{
    const char *port = *endpoint ? strrchr(endpoint, ':') + 1 : "0";
    char address[140], real[128];
    struct err err;

    (void)snprintf(address, sizeof(address), "127.0.0.1:%.8s", port);
    assert_int_equal(rpc_server_listen(s->agent.server, address, NULL, real, &err), 0);
    (void)snprintf(endpoint, 140, "ipv4:%s", real);
}

static struct fake_route pod_route(const char *endpoint)
{
    struct fake_route r = web_1;

    r.instance_id = POD_UID;
    r.endpoint = endpoint;
    return r;
}

static void test_pods_are_dialled(void **state)
{
    struct talk t = {.reads_on = true};
    struct fake_route pod;
    char endpoint[140] = "";
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    agent_listens(&s, endpoint);
    pod = pod_route(endpoint);
    fake_controller_set(&s.controller, &pod);
    scene_echo(&s, "web-1");
    scene_echo(&s, "web-1"); /* on the same connection */
    scene_call(&s, &t, HANG, "web-1");
    UNTIL(&s, s.agent.n_open == 1);
    fake_agent_down(&s.agent);
    scene_refused(&s, &t, RPC_UNAVAILABLE, "AgentUnavailable", "default/web-1 was lost");
    t = (struct talk){0};
    scene_call(&s, &t, HANG, "web-1");
    scene_refused(&s, &t, RPC_UNAVAILABLE, "AgentUnavailable", "no agent has answered at ipv4:127");
    assert_non_null(strstr(t.message, "refused"));
    t = (struct talk){.reads_on = true}; /* waits until it listens */
    scene_call(&s, &t, ECHO, "web-1");
    rpc_call_send_end(t.call);
    run_for(&s.w, 100);
    assert_int_equal(t.n_done, 0);
    fake_agent_up(&s.agent, s.w.loop);
    agent_listens(&s, endpoint);
    UNTIL(&s, t.n_done);
    assert_int_equal(t.code, RPC_OK);
    scene_down(&s);
}

/* The name's next pod has another uid and address. */
static void test_a_pod_made_anew(void **state)
{
    char first[140] = "", second[140] = "";
    struct fake_route old, new;
    struct talk t = {0};
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    agent_listens(&s, first);
    agent_listens(&s, second);
    old = pod_route(first);
    new = pod_route(second);
    new.instance_id = "1" POD_UID;
    new.generation = 2;
    fake_controller_set(&s.controller, &old);
    scene_call(&s, &t, HANG, "web-1");
    UNTIL(&s, s.agent.n_open == 1);
    fake_controller_set(&s.controller, &new);
    scene_refused(&s, &t, RPC_UNAVAILABLE, "AgentUnavailable", "default/web-1 was lost");
    scene_echo(&s, "web-1");
    scene_down(&s);
}

static void test_endpoints_that_are_none(void **state)
{
    static const char *const bad[] = {"dns:evil.test:80", "unix:/run/x", "127.0.0.1:8888", "nodes"};
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct fake_route pod = pod_route(bad[i]);
        struct talk t = {0};

        pod.name = "odd";
        fake_controller_set(&s.controller, &pod);
        scene_call(&s, &t, ECHO, "odd");
        scene_refused(&s, &t, RPC_UNIMPLEMENTED, "BadEndpoint", bad[i]);
    }
    scene_down(&s);
}

/* Something listens that does not speak HTTP/2: tried a few times, then let be. */
static void test_pods_without_an_agent(void **state)
{
    struct fake_route pod;
    struct talk t = {0};
    struct scene s = {0};
    char endpoint[64];
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(sa);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, n), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
    (void)snprintf(endpoint, sizeof(endpoint), "ipv4:127.0.0.1:%u", ntohs(sa.sin_port));
    scene_up(&s);
    pod = pod_route(endpoint);
    fake_controller_set(&s.controller, &pod);
    scene_call(&s, &t, ECHO, "web-1"); /* silence */
    scene_refused(&s, &t, RPC_UNAVAILABLE, "AgentUnavailable", "no agent has answered");
    (void)close(fd);
    scene_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_waits_until_the_deadline),
        cmocka_unit_test(test_pending_becomes_ready),
        cmocka_unit_test(test_controller_is_asked_before_a_refusal),
        cmocka_unit_test(test_controller_away_and_back),
        cmocka_unit_test(test_newer_connection_replaces),
        cmocka_unit_test(test_connection_lost),
        cmocka_unit_test(test_agent_stops_in_good_order),
        cmocka_unit_test(test_sandbox_deleted_under_a_call),
        cmocka_unit_test(test_sandbox_made_anew),
        cmocka_unit_test(test_strangers_are_bounded),
        cmocka_unit_test(test_pods_are_dialled),
        cmocka_unit_test(test_a_pod_made_anew),
        cmocka_unit_test(test_endpoints_that_are_none),
        cmocka_unit_test(test_pods_without_an_agent),
    };

    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
