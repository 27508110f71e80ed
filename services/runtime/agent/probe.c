/*
 * Each kind has a start function and reports through probe_report(), which only records and
 * schedules: fn is called from a task, so that a kind that knows its answer at once (connection
 * refused on loopback) does not call back from inside probe_start(). The time limit is the probe's
 * own timer, the same for all.
 */
#include "services/runtime/agent/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/http/http1.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"

enum { PROBE_OUTPUT_TAIL = 200, PROBE_ARENA_MAX = 512 * 1024, HEALTH_SERVING = 1 };

struct probe {
    struct loop *loop;
    probe_fn fn;
    void *user;
    struct loop_task *task;
    struct loop_timer *timer;
    uint64_t timeout_ms;
    bool is_reported;
    bool success;
    char message[PROBE_MESSAGE_MAX];

    struct http1_get *get;
    int fd;
    struct loop_io *io;
    struct exec *exec;
    struct arena arena; /* of its command */
    struct exec_reader reader;
    struct rpc_channel *channel;
    struct rpc_call *call;
    int health; /* of grpc.health.v1.HealthCheckResponse; -1: no answer */
};

static void _printf_(3, 4) probe_report(struct probe *p, bool success, const char *fmt, ...)
{
    char text[PROBE_MESSAGE_MAX];
    va_list ap;

    if (p->is_reported)
        return;
    p->is_reported = true;
    p->success = success;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)bytes_escape(text, strlen(text), p->message, sizeof(p->message));
    loop_task_schedule(p->task);
}

static void on_report(struct loop_task *t, void *user)
{
    struct probe *p = user;

    (void)t;
    loop_timer_disarm(p->timer);
    p->fn(p, p->success, p->message, p->user); /* Careful: p may be gone here. */
}

static void on_timeout(struct loop_timer *t, void *user)
{
    struct probe *p = user;

    (void)t;
    if (p->exec)
        exec_kill(p->exec, CAUSE_TIMED_OUT);
    probe_report(p, false, "no answer within %llu ms", (unsigned long long)p->timeout_ms);
}

static int check_port(uint32_t port, struct err *err)
{
    if (port >= 1 && port <= 65535)
        return 0;
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "probe port %u is not 1..65535", port);
}

/* ---- httpGet: 200..399 is success (Kubernetes' rule) ---- */

static void on_get(struct http1_get *g, int status, const struct err *err, void *user)
{
    struct probe *p = user;

    (void)g;
    if (err)
        probe_report(p, false, "%s", err->msg);
    else
        probe_report(p, status >= 200 && status < 400, "HTTP %d", status);
}

static int start_http(struct probe *p, const Agentsandbox__V1__HttpGetProbe *msg, struct err *err)
{
    struct http1_header headers[32];
    struct http1_get_spec spec = {
        .address = msg->host[0] && strcmp(msg->host, "localhost") != 0 ? msg->host : NULL,
        .port = (uint16_t)msg->port,
        .path = msg->path,
        .headers = headers,
        .n_headers = msg->n_headers,
        .timeout_ms = p->timeout_ms + 1, /* ours says it first */
    };

    if (check_port(msg->port, err) < 0)
        return -1;
    if (msg->https)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "https probes are not supported: use http, tcp or exec");
    if (msg->n_headers > ARRAY_SIZE(headers))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "more than %zu probe headers",
                       ARRAY_SIZE(headers));
    for (size_t i = 0; i < msg->n_headers; i++)
        headers[i] = (struct http1_header){msg->headers[i]->name, msg->headers[i]->value};
    return http1_get_start(&p->get, p->loop, &spec, on_get, p, err);
}

/* ---- tcpSocket: it connects ---- */

static void report_connect(struct probe *p, int e)
{
    if (e == 0)
        probe_report(p, true, "connected");
    else
        probe_report(p, false, "%s", e == ECONNREFUSED ? "connection refused" : strerror(e));
}

static void on_connect(struct loop_io *io, int events, void *user)
{
    struct probe *p = user;
    int e = 0;
    socklen_t n = sizeof(e);

    (void)events;
    loop_io_set(io, 0);
    report_connect(p, getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &e, &n) < 0 ? errno : e);
}

static int start_tcp(struct probe *p, uint32_t port, struct err *err)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    if (check_port(port, err) < 0)
        return -1;
    to.sin_port = htons((uint16_t)port);
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->fd < 0)
        return err_errno(err, errno, "making a socket");
    if (connect(p->fd, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS) {
        report_connect(p, errno);
        return 0;
    }
    return loop_io_new(&p->io, p->loop, p->fd, LOOP_WRITE, on_connect, p, err);
}

/* ---- exec: exit code 0 ---- */

/* The last line or so of what it said. */
static void output_tail(const struct exec *e, enum exec_stream s, char *ret, size_t n)
{
    uint64_t end = exec_end(e, s), at = MAX(exec_begin(e, s), end - MIN(end, (uint64_t)n - 1));
    const uint8_t *data;
    size_t got, len = 0;

    while ((got = exec_peek(e, s, at, &data)) > 0) {
        memcpy(ret + len, data, got);
        len += got;
        at += got;
    }
    while (len > 0 && (ret[len - 1] == '\n' || ret[len - 1] == ' '))
        len--;
    ret[len] = '\0';
}

static void on_exec_wake(struct exec_reader *r)
{
    struct probe *p = CONTAINER_OF(r, struct probe, reader);
    const struct cause *c = &p->exec->cause;
    char tail[PROBE_OUTPUT_TAIL];

    if (p->exec->state != EXEC_ENDED)
        return;
    output_tail(p->exec, EXEC_STDERR, tail, sizeof(tail));
    if (!tail[0])
        output_tail(p->exec, EXEC_STDOUT, tail, sizeof(tail));
    if (c->kind == CAUSE_EXITED)
        probe_report(p, c->exit_code == 0, "exit code %d%s%s", c->exit_code, tail[0] ? ": " : "",
                     tail);
    else
        probe_report(p, false, "%s", c->message);
}

static int start_exec(struct probe *p, const Agentsandbox__V1__ExecProbe *msg,
                      struct exec_host *host, const struct identity *identity, struct err *err)
{
    const char **argv;

    if (msg->n_argv == 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "exec probe without a command");
    if (exec_new(&p->exec, host, err) < 0)
        return -1;
    argv = arena_alloc(&p->arena, (msg->n_argv + 1) * sizeof(*argv));
    if (!argv)
        return err_oom(err);
    for (size_t i = 0; i < msg->n_argv; i++)
        argv[i] = msg->argv[i];
    argv[msg->n_argv] = NULL;
    if (command_plain(argv, identity, &p->arena, &p->exec->spec.command, err) < 0)
        return -1;
    p->exec->spec.drops_oldest = true;
    p->exec->spec.keep_ms = CLOCK_NEVER;
    p->reader = (struct exec_reader){.kind = READER_WAITS, .wake = on_exec_wake};
    exec_attach(p->exec, &p->reader);
    return exec_start(p->exec, err);
}

/* ---- grpc: grpc.health.v1.Health/Check answers SERVING ---- */

/* HealthCheckResponse has one field: status = 1, an enum. */
static void on_health(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct probe *p = user;

    (void)call;
    p->health = n == 0 ? 0 : n == 2 && data[0] == 0x08 ? data[1] : -1;
}

static void on_health_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    static const char *const names[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
    struct probe *p = user;

    (void)call;
    p->call = NULL;
    if (status->code != RPC_OK)
        probe_report(p, false, "%s: %s", rpc_code_name(status->code), status->message);
    else
        probe_report(p, p->health == HEALTH_SERVING, "%s",
                     p->health >= 0 && p->health < (int)ARRAY_SIZE(names) ? names[p->health]
                                                                          : "no health status");
}

static const struct rpc_call_ops health_ops = {.on_message = on_health, .on_done = on_health_done};

static int start_grpc(struct probe *p, const Agentsandbox__V1__GrpcProbe *msg, struct err *err)
{
    struct rpc_call_opts opts = {.timeout_ms = p->timeout_ms + 1};
    uint8_t request[2 + 127]; /* HealthCheckRequest: service = 1, a string */
    size_t n = strlen(msg->service);
    char target[40];

    if (check_port(msg->port, err) < 0)
        return -1;
    if (n > 127)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "the service of the grpc probe is over 127 bytes");
    request[0] = 0x0a;
    request[1] = (uint8_t)n;
    memcpy(request + 2, msg->service, n);
    (void)snprintf(target, sizeof(target), "ipv4:127.0.0.1:%u", msg->port);
    p->health = -1;
    if (rpc_channel_new(&p->channel, p->loop, target, NULL, err) < 0 ||
        rpc_channel_call(p->channel, "/grpc.health.v1.Health/Check", &opts, &health_ops, p,
                         &p->call, err) < 0)
        return -1;
    rpc_call_read(p->call);
    if (rpc_call_send(p->call, request, n ? n + 2 : 0, err) < 0)
        return -1;
    rpc_call_send_end(p->call);
    return 0;
}

/* ---- all ---- */

static int start_check(struct probe *p, const Agentsandbox__V1__Probe *msg, struct exec_host *host,
                       const struct identity *identity, struct err *err)
{
    if (msg->check_case == AGENTSANDBOX__V1__PROBE__CHECK_HTTP_GET)
        return start_http(p, msg->http_get, err);
    if (msg->check_case == AGENTSANDBOX__V1__PROBE__CHECK_TCP_PORT)
        return start_tcp(p, msg->tcp_port, err);
    if (msg->check_case == AGENTSANDBOX__V1__PROBE__CHECK_EXEC)
        return start_exec(p, msg->exec, host, identity, err);
    if (msg->check_case == AGENTSANDBOX__V1__PROBE__CHECK_GRPC)
        return start_grpc(p, msg->grpc, err);
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "the probe has no check");
}

int probe_start(struct probe **ret, const Agentsandbox__V1__Probe *msg, struct exec_host *host,
                const struct identity *identity, probe_fn fn, void *user, struct err *err)
{
    _cleanup_(probe_freep) struct probe *p = calloc(1, sizeof(*p));

    if (!p)
        return err_oom(err);
    *p = (struct probe){.loop = host->loop, .fn = fn, .user = user, .fd = -1};
    list_init(&p->reader.link);
    arena_init(&p->arena, PROBE_ARENA_MAX);
    p->timeout_ms = MIN(msg->timeout_ms ? msg->timeout_ms : (uint32_t)PROBE_TIMEOUT_DEFAULT_MS,
                        (uint32_t)PROBE_TIMEOUT_MAX_MS);
    if (loop_task_new(&p->task, p->loop, on_report, p, err) < 0 ||
        loop_timer_new(&p->timer, p->loop, on_timeout, p, err) < 0)
        return -1;
    loop_timer_arm(p->timer, clock_add(loop_now_ms(p->loop), p->timeout_ms));
    if (start_check(p, msg, host, identity, err) < 0)
        return -1;
    *ret = TAKE_PTR(p);
    return 0;
}

void probe_free(struct probe *p)
{
    if (!p)
        return;
    http1_get_free(p->get);
    loop_io_free(p->io);
    if (p->fd >= 0)
        (void)close(p->fd);
    if (p->exec) {
        list_remove(&p->reader.link);
        exec_free(p->exec);
    }
    arena_done(&p->arena);
    rpc_call_abandon(p->call);
    rpc_channel_free(p->channel);
    loop_task_free(p->task);
    loop_timer_free(p->timer);
    free(p);
}
