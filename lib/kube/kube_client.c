/*
 * The client's turn: what came is handed on, what ended is told, what waits is started as far as
 * lanes, rate limit and credential allow, and libcurl gets to send it at once. It runs as a task of
 * the loop after whatever woke it, so no caller is ever called from inside its own call.
 */
#include "lib/kube/kube_client.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/clock.h"
#include "lib/kube/kube_h2.h"
#include "lib/rpc/tls.h"

static const double duration_buckets[] = {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};

static const struct metric_desc requests_desc = {
    .name = "rest_client_requests_total",
    .help = "Number of HTTP requests, partitioned by status code, method, and host.",
    .type = METRIC_COUNTER,
    .labels = {"code", "host", "method"}};
static const struct metric_desc durations_desc = {
    .name = "rest_client_request_duration_seconds",
    .help = "Request latency in seconds. Broken down by verb, and host.",
    .type = METRIC_HISTOGRAM,
    .labels = {"host", "verb"},
    .buckets = duration_buckets,
    .n_buckets = ARRAY_SIZE(duration_buckets)};
static const struct metric_desc limiter_desc = {
    .name = "rest_client_rate_limiter_duration_seconds",
    .help = "Client side rate limiter latency in seconds. Broken down by verb, and host.",
    .type = METRIC_HISTOGRAM,
    .labels = {"host", "verb"},
    .buckets = duration_buckets,
    .n_buckets = ARRAY_SIZE(duration_buckets)};

/* ---- figures ---- */

static const char *method_word(const struct kube_call *call)
{
    static const char *const words[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

    return words[call->asked.method];
}

void kube_client_count(struct kube_client *c, const struct kube_call *call, CURLcode code)
{
    char status[16] = "<error>";

    c->stats.n_requests++;
    c->stats.n_writes += call->asked.method != KUBE_GET;
    if (!c->requests)
        return;
    if (code == CURLE_OK)
        (void)snprintf(status, sizeof(status), "%d", kube_conn_status(call));
    metric_inc(metric_with(c->requests, (const char *[]){status, c->host, method_word(call)}));
    if (!call->is_stream)
        metric_observe(metric_with(c->durations, (const char *[]){c->host, method_word(call)}),
                       (double)(clock_monotonic_ns() - call->started_ns) / 1e9);
}

void kube_client_stats(const struct kube_client *c, struct kube_client_stats *ret)
{
    *ret = c->stats;
    ret->n_waiting = c->n_waiting;
    for (size_t i = 0; i < KUBE_N_LANES; i++)
        ret->n_in_flight += c->n_in_flight[i];
}

/* ---- one call's way ---- */

void kube_call_finished(struct kube_call *call, CURLcode code)
{
    struct kube_client *c = call->client;
    enum kube_verdict verdict;

    kube_client_count(c, call, code);
    if (call->is_unprocessed && call->n_moves++ < KUBE_MAX_MOVES)
        verdict = KUBE_VERDICT_AGAIN;
    else
        verdict = kube_answer_judge(call, code);
    kube_conn_stop(call);
    c->n_in_flight[call->lane]--;
    if (verdict == KUBE_VERDICT_END) {
        kube_call_end(call);
        return;
    }
    c->stats.n_retries++;
    call->n_retries++;
    buf_clear(&call->in);
    json_decref(TAKE_PTR(call->answer));
    list_remove(&call->link);
    c->n_waiting++;
    call->state = verdict == KUBE_VERDICT_AFTER ? KUBE_CALL_BACKOFF : KUBE_CALL_WAITING;
    if (verdict == KUBE_VERDICT_AFTER)
        list_push_back(&c->backoff, &call->link);
    else
        list_push_front(&c->waiting[call->lane], &call->link);
}

/* One that waits ends with call->err. */
static void give_up(struct kube_call *call)
{
    call->client->n_waiting--;
    kube_call_end(call);
}

static void say_late(struct kube_call *call)
{
    (void)err_set(&call->err, RPC_DEADLINE_EXCEEDED, "Timeout",
                  "the request to %s %s \"%s\" was still waiting for its turn after %llu ms",
                  kube_verb(&call->asked),
                  call->asked.resource ? call->asked.resource->plural : call->asked.path,
                  call->asked.name, (unsigned long long)(call->deadline_ms - call->made_ms));
}

/* ---- the turn ---- */

static void deliver_news(struct kube_client *c)
{
    struct list *it;

    while ((it = list_pop_front(&c->news))) {
        struct kube_call *call = CONTAINER_OF(it, struct kube_call, news);
        int status;

        if (call->state != KUBE_CALL_RUNNING && call->status / 100 != 2)
            continue;
        status = call->state == KUBE_CALL_RUNNING ? kube_conn_status(call) : call->status;
        if (status / 100 == 2)
            call->on_data(call, call->user); /* Careful: call may be gone here. */
    }
}

static void deliver_ended(struct kube_client *c)
{
    struct list *it;

    while ((it = list_pop_front(&c->ended))) {
        struct kube_call *call = CONTAINER_OF(it, struct kube_call, link);
        struct kube_result res = {.err = call->err.code != RPC_OK ? &call->err : NULL,
                                  .status = call->status,
                                  .body = call->answer,
                                  .is_uncertain = call->is_uncertain};

        if (call->wants_text && !res.err && buf_len(&call->in) > 0) {
            res.text = (const char *)buf_data(&call->in);
            res.n_text = buf_len(&call->in);
            res.ident = call->has_ident ? &call->ident : NULL;
        }
        if (call->done)
            call->done(&res, call->user);
        kube_call_free(call);
    }
}

static void wake_backoffs(struct kube_client *c, uint64_t now)
{
    LIST_FOREACH_SAFE(it, &c->backoff)
    {
        struct kube_call *call = CONTAINER_OF(it, struct kube_call, link);

        if (now < call->again_ms)
            continue;
        list_remove(&call->link);
        call->state = KUBE_CALL_WAITING;
        list_push_front(&c->waiting[call->lane], &call->link);
    }
}

/* Those made first are late first; a shorter time behind a longer one is seen when its turn comes.
 */
static void end_late(struct kube_client *c, uint64_t now)
{
    for (size_t i = 0; i < KUBE_N_LANES; i++) {
        struct kube_call *call;

        while ((call = LIST_FIRST(&c->waiting[i], struct kube_call, link)) &&
               call->deadline_ms <= now) {
            say_late(call);
            give_up(call);
        }
    }
}

static int make_headers(struct kube_client *c, struct err *err)
{
    static const char *const kinds[] = {NULL, "Content-Type: application/json",
                                        "Content-Type: application/merge-patch+json"};
    const char *credential = kube_auth_header(c->auth);

    if (c->headers[0] && (credential == NULL) == (c->header_made_of == NULL) &&
        (!credential || strcmp(credential, c->header_made_of) == 0))
        return 0;
    free(TAKE_PTR(c->header_made_of));
    if (credential && !(c->header_made_of = strdup(credential)))
        return err_oom(err);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const char *const lines[] = {"Accept: application/json", "Expect:", kinds[i], credential};

        c->curl->slist_free_all(TAKE_PTR(c->headers[i]));
        for (size_t j = 0; j < ARRAY_SIZE(lines); j++) {
            struct curl_slist *longer =
                lines[j] ? c->curl->slist_append(c->headers[i], lines[j]) : c->headers[i];

            if (!longer)
                return err_oom(err);
            c->headers[i] = longer;
        }
    }
    return 0;
}

static struct kube_conn *choose_conn(struct kube_client *c, const struct kube_call *call)
{
    struct kube_conn *best = &c->conns[0];

    if (c->opts.separate_watches && call->is_stream)
        return &c->conns[c->n_conns];
    for (size_t i = 1; i < c->n_conns; i++)
        if (c->conns[i].n_running < best->n_running)
            best = &c->conns[i];
    return best;
}

static void start(struct kube_client *c, struct kube_call *call)
{
    bool by_curl = !c->is_h2 || c->is_h2_refused;

    call->status = 0;
    call->started_ns = clock_monotonic_ns();
    if ((by_curl && (kube_conn_use_curl(c, &call->err) < 0 || make_headers(c, &call->err) < 0)) ||
        kube_conn_start(choose_conn(c, call), call, &call->err) < 0) {
        give_up(call);
        return;
    }
    if (c->limiter && c->opts.qps > 0)
        metric_observe(metric_with(c->limiter, (const char *[]){c->host, method_word(call)}),
                       (double)(loop_now_ms(c->loop) - call->made_ms) / 1e3);
    list_remove(&call->link);
    list_push_back(&c->running, &call->link);
    call->state = KUBE_CALL_RUNNING;
    c->n_waiting--;
    c->n_in_flight[call->lane]++;
}

/* Whether the rate limit lets one more go; takes its place then. */
static bool take_token(struct kube_client *c, uint64_t now)
{
    if (c->opts.qps <= 0)
        return true;
    c->tokens += (double)(now - c->tokens_at_ms) * c->opts.qps / 1000;
    c->tokens = MIN(c->tokens, (double)c->opts.burst);
    c->tokens_at_ms = now;
    if (c->tokens < 1)
        return false;
    c->tokens -= 1;
    return true;
}

/* Never none: what goes on for long in the first lane does not starve the other. */
static size_t bound_of_rest(const struct kube_client *c)
{
    bool has_first =
        c->n_in_flight[KUBE_LANE_FIRST] > 0 || !list_is_empty(&c->waiting[KUBE_LANE_FIRST]);
    size_t beside = c->opts.max_rest_beside_first;

    return has_first && beside > 0 ? MIN(beside, (size_t)c->opts.max_in_flight_rest)
                                   : c->opts.max_in_flight_rest;
}

static size_t bound_of(const struct kube_client *c, size_t lane)
{
    return lane == KUBE_LANE_FIRST  ? c->opts.max_in_flight_first
           : lane == KUBE_LANE_REST ? bound_of_rest(c)
                                    : SIZE_MAX;
}

/* Whether there is a credential to start with; when there will be none, the call ends. */
static bool is_known(struct kube_client *c, struct kube_call *call)
{
    int r = kube_auth_get(c->auth, &call->err);

    c->waits_for_auth = r == KUBE_AUTH_WAIT;
    if (r < 0)
        give_up(call);
    return r == 0;
}

static void start_lane(struct kube_client *c, size_t lane, uint64_t now)
{
    struct kube_call *call;

    while (!c->waits_for_auth && c->n_in_flight[lane] < bound_of(c, lane) &&
           (call = LIST_FIRST(&c->waiting[lane], struct kube_call, link))) {
        if (call->deadline_ms <= now) {
            say_late(call);
            give_up(call);
            continue;
        }
        if (lane != KUBE_LANE_WATCH && !take_token(c, now))
            return;
        if (is_known(c, call))
            start(c, call);
    }
}

static uint64_t next_wake(const struct kube_client *c, uint64_t now)
{
    uint64_t at = CLOCK_NEVER;

    LIST_FOREACH(it, &c->backoff)
    at = MIN(at, CONTAINER_OF(it, struct kube_call, link)->again_ms);
    for (size_t i = 0; i < KUBE_N_LANES; i++) {
        const struct kube_call *call = LIST_FIRST(&c->waiting[i], struct kube_call, link);

        if (!call)
            continue;
        at = MIN(at, call->deadline_ms);
        if (c->opts.qps > 0 && i != KUBE_LANE_WATCH && c->tokens < 1)
            at = MIN(at, now + 1 + (uint64_t)ceil((1 - c->tokens) * 1000 / c->opts.qps));
    }
    return at;
}

/* What libcurl has to do, or (at the end of the turn, so that all goes out at once) all of it. */
static void kick_all(struct kube_client *c, bool is_end)
{
    for (size_t i = 0; i < c->n_conns + c->opts.separate_watches; i++)
        if (c->conns[i].is_due && (is_end || c->conns[i].multi))
            kube_conn_kick(&c->conns[i]);
}

/* Memory lacked to watch a socket: whatever used the connection ends now, not at its deadline. */
static void end_blind(struct kube_client *c)
{
    for (size_t i = 0; i < c->n_conns + c->opts.separate_watches; i++) {
        struct kube_conn *conn = &c->conns[i];

        if (!conn->is_blind)
            continue;
        conn->is_blind = false;
        conn->wants_fresh = true;
        LIST_FOREACH_SAFE(it, &c->running)
        {
            struct kube_call *call = CONTAINER_OF(it, struct kube_call, link);

            if (call->conn != conn)
                continue;
            kube_conn_stop(call);
            c->n_in_flight[call->lane]--;
            call->is_uncertain = call->asked.method != KUBE_GET;
            (void)err_oom(&call->err);
            kube_call_end(call);
        }
    }
}

static void turn(struct loop_task *t, void *user)
{
    struct kube_client *c = user;
    uint64_t now = loop_now_ms(c->loop);

    (void)t;
    kick_all(c, false);
    end_blind(c);
    deliver_news(c);
    deliver_ended(c);
    wake_backoffs(c, now);
    end_late(c, now);
    for (size_t i = 0; i < KUBE_N_LANES; i++)
        start_lane(c, (i + KUBE_LANE_WATCH) % KUBE_N_LANES, now); /* watches, claims, the rest */
    kick_all(c, true);
    end_blind(c);
    loop_timer_arm(c->timer, next_wake(c, now));
    if (!list_is_empty(&c->ended) || !list_is_empty(&c->news))
        kube_client_poke(c);
}

void kube_client_poke(struct kube_client *c)
{
    loop_task_schedule(c->task);
}

static void on_timer(struct loop_timer *t, void *user)
{
    (void)t;
    kube_client_poke(user);
}

static void on_auth_ready(void *user)
{
    struct kube_client *c = user;

    c->waits_for_auth = false;
    kube_client_poke(c);
}

/* ---- making one ---- */

static int set_opts(struct kube_client *c, const struct kube_client_opts *opts, struct err *err)
{
    struct kube_client_opts *o = &c->opts;

    if (opts)
        *o = *opts;
    o->burst = o->burst ? o->burst : 10;
    o->n_connections = o->n_connections ? o->n_connections : 1;
    o->timeout_ms = o->timeout_ms ? o->timeout_ms : 30000;
    o->max_in_flight_first = o->max_in_flight_first ? o->max_in_flight_first : 200;
    o->max_in_flight_rest = o->max_in_flight_rest ? o->max_in_flight_rest : 100;
    if (o->n_connections > KUBE_MAX_CONNECTIONS)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "%u connections to the API server; %d is the most", o->n_connections,
                       KUBE_MAX_CONNECTIONS);
    c->n_conns = o->n_connections;
    c->tokens = o->burst;
    c->user_agent = strdup(o->user_agent ? o->user_agent : "agent-sandbox");
    return c->user_agent ? 0 : err_oom(err);
}

/* The name the server's certificate must bear takes the host's place in the URL, and libcurl is
 * told where it leads: that is what tls-server-name means. */
static int set_address(struct kube_client *c, struct err *err)
{
    const char *server = c->config->server, *name = c->config->tls_server_name;
    const char *host = strstr(server, "://") + 3;
    const char *path = host + strcspn(host, "/");
    const char *port = memchr(host, ']', (size_t)(path - host));

    c->host = strndup(host, (size_t)(path - host));
    if (!c->host)
        return err_oom(err);
    if (!name) {
        c->base_url = strdup(server);
        return c->base_url ? 0 : err_oom(err);
    }
    port = memchr(port ? port : host, ':', (size_t)(path - (port ? port : host)));
    port = port ? port + 1 : "443";
    if (asprintf(&c->base_url, "https://%s:%.*s%s", name, (int)strcspn(port, "/"), port, path) <
            0 ||
        asprintf(&c->route, "%s:%.*s:%.*s%s", name, (int)strcspn(port, "/"), port,
                 (int)(path - host), host, strchr(c->host, ':') ? "" : ":443") < 0)
        return err_oom(err);
    return 0;
}

static int add_metrics(struct kube_client *c, struct err *err)
{
    struct metrics *m = c->opts.metrics;

    if (!m)
        return 0;
    if (metrics_add(m, &requests_desc, &c->requests, err) < 0 ||
        metrics_add(m, &durations_desc, &c->durations, err) < 0)
        return -1;
    return metrics_add(m, &limiter_desc, &c->limiter, err);
}

static int open_all(struct kube_client *c, struct err *err)
{
    for (size_t i = 0; i < c->n_conns + c->opts.separate_watches; i++)
        if (kube_conn_open(&c->conns[i], c, err) < 0)
            return -1;
    if (loop_task_new(&c->task, c->loop, turn, c, err) < 0)
        return -1;
    return loop_timer_new(&c->timer, c->loop, on_timer, c, err);
}

int kube_client_new(struct kube_client **ret, struct loop *loop, struct kube_config *config,
                    const struct kube_client_opts *opts, struct err *err)
{
    _cleanup_(kube_client_freep) struct kube_client *c = calloc(1, sizeof(*c));

    if (!c) {
        kube_config_free(config);
        return err_oom(err);
    }
    c->config = config;
    c->loop = loop;
    for (size_t i = 0; i < KUBE_N_LANES; i++)
        list_init(&c->waiting[i]);
    list_init(&c->backoff);
    list_init(&c->running);
    list_init(&c->ended);
    list_init(&c->news);
    c->is_h2 = kube_h2_fits(c);
    if (set_opts(c, opts, err) < 0 || set_address(c, err) < 0 ||
        (!c->is_h2 && kube_conn_use_curl(c, err) < 0) ||
        kube_auth_new(&c->auth, loop, config, on_auth_ready, c, err) < 0 || open_all(c, err) < 0 ||
        add_metrics(c, err) < 0)
        return -1;
    c->tokens_at_ms = loop_now_ms(loop);
    *ret = TAKE_PTR(c);
    return 0;
}

static void drop_all(struct list *calls)
{
    while (!list_is_empty(calls)) {
        struct kube_call *call = LIST_FIRST(calls, struct kube_call, link);

        kube_conn_stop(call);
        kube_call_free(call);
    }
}

void kube_client_free(struct kube_client *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < KUBE_N_LANES; i++)
        drop_all(&c->waiting[i]);
    drop_all(&c->backoff);
    drop_all(&c->running);
    drop_all(&c->ended);
    for (size_t i = 0; i < c->n_idle; i++)
        c->curl->easy_cleanup(c->idle[i]);
    for (size_t i = 0; i < ARRAY_SIZE(c->conns); i++)
        kube_conn_close(&c->conns[i]);
    for (size_t i = 0; c->curl && i < ARRAY_SIZE(c->headers); i++)
        c->curl->slist_free_all(c->headers[i]);
    if (c->connect_to)
        c->curl->slist_free_all(c->connect_to);
    rpc_tls_free(c->tls);
    kube_auth_free(c->auth);
    if (c->header_made_of)
        explicit_bzero(c->header_made_of, strlen(c->header_made_of));
    free(c->header_made_of);
    free(c->base_url);
    free(c->route);
    free(c->user_agent);
    free(c->host);
    loop_task_free(c->task);
    loop_timer_free(c->timer);
    kube_config_free(c->config);
    free(c);
}

const char *kube_client_server(const struct kube_client *c)
{
    return kube_config_server(c->config);
}

const char *kube_client_namespace(const struct kube_client *c)
{
    return kube_config_namespace(c->config);
}

struct loop *kube_client_loop(const struct kube_client *c)
{
    return c->loop;
}
