#pragma once
/* For the router's tests: one loop with a router, a client, a fake controller, a fake agent.
 * Sandbox "web-1" (uid u-1, instance inst1) is claimed and ready, "cold" (inst2) is pending,
 * "pool-1" is unclaimed. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "services/router/fakes.h"
#include "services/router/router.h"

struct scene {
    struct world w; /* loop and channel: the client's */
    struct fake_controller controller;
    struct fake_agent agent;
    struct router *router;
    size_t n_spoken; /* bytes that came back on a bare connection */
    char dir[40], listen[64], fds[64], routes[64], target[80];
};

#define ECHO  "/agentsandbox.v1.ExecService/Echo"
#define SEEN  "/agentsandbox.v1.ExecService/Seen"
#define HANG  "/agentsandbox.v1.ExecService/Hang"
#define FLOOD "/agentsandbox.v1.ExecService/Flood"
#define SINK  "/agentsandbox.v1.ExecService/Sink"

#define UNTIL(s, cond)                                                                             \
    do {                                                                                           \
        uint64_t until_ = clock_monotonic_ms() + 10000;                                            \
        while (!(cond)) {                                                                          \
            (void)loop_turn((s)->w.loop, false);                                                   \
            if (clock_monotonic_ms() > until_)                                                     \
                fail_msg("waited 10 s for %s", #cond);                                             \
        }                                                                                          \
    } while (0)

static const struct fake_route web_1 = {.name = "web-1",
                                        .uid = "u-1",
                                        .instance_id = "inst1",
                                        .generation = 1,
                                        .phase = FAKE_READY,
                                        .is_claimed = true};
static const struct fake_route cold = {.name = "cold",
                                       .uid = "u-2",
                                       .instance_id = "inst2",
                                       .generation = 1,
                                       .phase = FAKE_PENDING,
                                       .is_claimed = true};
static const struct fake_route pool_1 = {
    .name = "pool-1", .uid = "u-3", .instance_id = "inst3", .generation = 1, .phase = FAKE_READY};

static inline void scene_paths(struct scene *s)
{
    (void)snprintf(s->dir, sizeof(s->dir), "/tmp/router.XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    (void)snprintf(s->listen, sizeof(s->listen), "unix:%s/r", s->dir);
    (void)snprintf(s->fds, sizeof(s->fds), "%s/f", s->dir);
    (void)snprintf(s->routes, sizeof(s->routes), "%s/c", s->dir);
    (void)snprintf(s->target, sizeof(s->target), "unix:%s", s->routes);
}

static inline void scene_client(struct scene *s)
{
    const struct rpc_channel_opts opts = {.backoff_first_ms = 20, .backoff_max_ms = 100};
    struct err err;

    assert_int_equal(rpc_channel_new(&s->w.channel, s->w.loop, s->listen, &opts, &err), 0);
}

static inline void scene_up(struct scene *s)
{
    struct router_opts opts = {
        .waits = {.route_wait_ms = 400, .agent_wait_ms = 300, .cause_wait_ms = 150}};
    struct err err;

    scene_paths(s);
    opts.listen = s->listen;
    opts.fds_path = s->fds;
    opts.controller = s->target;
    assert_int_equal(loop_new(&s->w.loop, &err), 0);
    fake_controller_up(&s->controller, s->w.loop, s->routes);
    fake_controller_set(&s->controller, &web_1);
    fake_controller_set(&s->controller, &cold);
    fake_controller_set(&s->controller, &pool_1);
    fake_agent_up(&s->agent, s->w.loop);
    assert_int_equal(router_new(&s->router, s->w.loop, &opts, &err), 0);
    assert_int_equal(router_start(s->router, &err), 0);
    scene_client(s);
    UNTIL(s, s->controller.n_watches > 0);
}

/* Connects the agent as instance_id. */
static inline void scene_agent(struct scene *s, const char *instance_id, uint64_t generation)
{
    fake_node_hand_over(s->fds, instance_id, generation, fake_agent_connect(&s->agent));
}

static inline void scene_clean(struct scene *s)
{
    (void)unlink(s->listen + 5);
    (void)unlink(s->fds);
    (void)unlink(s->routes);
    (void)rmdir(s->dir);
}

static inline void scene_down(struct scene *s)
{
    rpc_channel_free(s->w.channel);
    router_free(s->router);
    fake_agent_down(&s->agent);
    if (s->controller.server)
        fake_controller_down(&s->controller);
    loop_free(s->w.loop);
    scene_clean(s);
    memset(s, 0, sizeof(*s));
}

/* Starts a call for a sandbox; uid NULL: not fenced, timeout_ms 0: no deadline. */
static inline void scene_call_as(struct scene *s, struct talk *t, const char *path,
                                 const char *name, const char *uid, uint64_t timeout_ms)
{
    struct rpc_call_opts opts = {.timeout_ms = timeout_ms, .wait_for_ready = true};
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    arena_init(&arena, LIMIT_RPC_METADATA);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add_str(&md, "x-sandbox-id", name, &err), 0);
    if (uid)
        assert_int_equal(rpc_metadata_add_str(&md, "x-sandbox-uid", uid, &err), 0);
    opts.metadata = &md;
    talk_start(&s->w, t, path, &opts);
    arena_done(&arena);
}

static inline void scene_call(struct scene *s, struct talk *t, const char *path, const char *name)
{
    scene_call_as(s, t, path, name, NULL, 0);
}

/* One echo, to the end. */
static inline void scene_echo(struct scene *s, const char *name)
{
    struct talk t = {.reads_on = true};
    struct err err;

    scene_call(s, &t, ECHO, name);
    rpc_call_read(t.call);
    assert_true(rpc_call_send(t.call, "hello", 5, &err) >= 0);
    rpc_call_send_end(t.call);
    UNTIL(s, t.n_done);
    assert_string_equal(t.message, "");
    assert_int_equal(t.code, RPC_OK);
    assert_string_equal(t.last, "hello");
}

/* A call that is to end with this code, reason and words. */
static inline void scene_refused(struct scene *s, struct talk *t, int code, const char *reason,
                                 const char *words)
{
    UNTIL(s, t->n_done);
    if (t->code != code || strcmp(t->reason, reason) != 0 || !strstr(t->message, words))
        fail_msg("%s %s \"%s\", not %s %s \"%s\"", rpc_code_name(t->code), t->reason, t->message,
                 rpc_code_name(code), reason, words);
}
