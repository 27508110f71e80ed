/* Requests over HTTP/2 and TLS, against a server of nghttp2's that does what the test says. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>

#include "lib/api/meta.h"
#include "lib/base/alloc_sweep.h"
#include "lib/base/buf.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/kube/client_impl.h"
#include "lib/kube/kube_config.h"
#include "lib/rpc/tls.h"
#include "lib/rpc/transport.h"
#include "lib/tls/test_identity.h"

enum { WAIT_MS = 10000, MAX_LINKS = 16, MAX_STREAMS = 64 };

enum deed { ANSWERS, IS_SILENT, CUTS_AFTER_HEAD, REFUSES, GOES_AWAY };

/* What the server does with the next request. */
struct step {
    enum deed deed;
    const char *status, *retry_after;
    const char *body;
    size_t n_body; /* of 'x' in a JSON string, instead of a body */
};

struct request {
    char method[8], path[256], authorization[64], type[64], authority[64], length[16];
    char body[256];
    size_t n_body;
    const struct step *step;
    size_t n_sent;
};

struct link {
    struct scene *scene;
    struct rpc_transport *transport; /* NULL: free */
    struct loop_io *io;
    nghttp2_session *h2;
    struct buf out;
    bool is_up, is_cut;
};

struct scene {
    struct loop *loop;
    struct rpc_tls *tls;
    struct kube_client *client;
    int fd, port;
    struct loop_io *io;
    struct link links[MAX_LINKS];
    size_t n_links;
    const struct step *steps; /* the last one again and again */
    size_t n_steps, at;
    uint32_t max_streams;
    struct request requests[MAX_STREAMS];
    size_t n_requests, n_resets, n_open, most_open;
    /* outcomes */
    int n_done;
    struct err err;
    int status;
    bool is_uncertain;
    char text[64];
    size_t n_answer;
    bool is_swept;
};

static struct identity authority, server_identity;
static const struct kube_resource pods = {.api_version = "v1", .plural = "pods", .kind = "Pod"};

/* The server's own allocations do not fail. */
static void pause_sweep(const struct scene *s)
{
    if (s->is_swept)
        alloc_sweep_pause();
}

static void resume_sweep(const struct scene *s)
{
    if (s->is_swept)
        alloc_sweep_resume();
}

/* ---- the server ---- */

static struct request *request_of(nghttp2_session *h2, int32_t id)
{
    return nghttp2_session_get_stream_user_data(h2, id);
}

static int on_begin(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
    struct scene *s = ((struct link *)user)->scene;
    struct request *r = &s->requests[s->n_requests++ % MAX_STREAMS];

    memset(r, 0, sizeof(*r));
    r->step = &s->steps[MIN(s->at, s->n_steps - 1)];
    s->at++;
    s->n_open++;
    s->most_open = MAX(s->most_open, s->n_open);
    return nghttp2_session_set_stream_user_data(h2, frame->hd.stream_id, r);
}

static int on_field(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
                    size_t n_name, const uint8_t *value, size_t n, uint8_t flags, void *user)
{
    struct request *r = request_of(h2, frame->hd.stream_id);
    const struct {
        const char *name;
        char *to;
        size_t size;
    } all[] = {{":method", r->method, sizeof(r->method)},
               {":path", r->path, sizeof(r->path)},
               {":authority", r->authority, sizeof(r->authority)},
               {"authorization", r->authorization, sizeof(r->authorization)},
               {"content-type", r->type, sizeof(r->type)},
               {"content-length", r->length, sizeof(r->length)}};

    (void)flags;
    (void)user;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (strlen(all[i].name) == n_name && memcmp(all[i].name, name, n_name) == 0)
            (void)snprintf(all[i].to, all[i].size, "%.*s", (int)n, (const char *)value);
    return 0;
}

static int on_body(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data, size_t n,
                   void *user)
{
    struct request *r = request_of(h2, id);

    (void)flags;
    (void)user;
    assert_true(r->n_body + n < sizeof(r->body));
    memcpy(r->body + r->n_body, data, n);
    r->n_body += n;
    return 0;
}

static ssize_t give(nghttp2_session *h2, int32_t id, uint8_t *to, size_t max, uint32_t *flags,
                    nghttp2_data_source *source, void *user)
{
    struct request *r = source->ptr;
    const char *body = r->step->body ? r->step->body : "";
    size_t all = r->step->n_body ? r->step->n_body + 10 : strlen(body), n;

    (void)h2;
    (void)id;
    (void)user;
    n = MIN(max, all - r->n_sent);
    if (r->step->n_body) {
        for (size_t i = 0; i < n; i++) {
            size_t at = r->n_sent + i;

            to[i] = (uint8_t)(at < 6         ? "{\"a\":\""[at]
                              : at < all - 4 ? 'x'
                                             : "\"  }"[at - (all - 4)]);
        }
    } else {
        memcpy(to, body + r->n_sent, n);
    }
    r->n_sent += n;
    if (r->step->deed == CUTS_AFTER_HEAD && r->n_sent == all)
        return n > 0 ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
    if (r->n_sent == all)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static void answer(struct link *l, int32_t id, struct request *r)
{
#define NV(n, v)                                                                                   \
    {                                                                                              \
        (uint8_t *)(n), (uint8_t *)(v), strlen(n), strlen(v), NGHTTP2_NV_FLAG_NONE                 \
    }
    const nghttp2_nv fields[] = {
        NV(":status", r->step->status ? r->step->status : "200"),
        NV("content-type", "application/json"),
        NV("retry-after", r->step->retry_after ? r->step->retry_after : "0")};
    nghttp2_data_provider source = {.source.ptr = r, .read_callback = give};

    assert_int_equal(
        nghttp2_submit_response(l->h2, id, fields, r->step->retry_after ? 3 : 2, &source), 0);
}

static void act(struct link *l, int32_t id)
{
    struct request *r = request_of(l->h2, id);

    switch (r->step->deed) {
    case ANSWERS:
        answer(l, id, r);
        break;
    case IS_SILENT:
        break;
    case CUTS_AFTER_HEAD:
        answer(l, id, r);
        l->is_cut = true;
        break;
    case REFUSES:
        (void)nghttp2_submit_rst_stream(l->h2, 0, id, NGHTTP2_REFUSED_STREAM);
        break;
    case GOES_AWAY:
        (void)nghttp2_submit_goaway(l->h2, 0, 0, NGHTTP2_NO_ERROR, NULL, 0);
        break;
    }
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
    struct link *l = user;

    (void)h2;
    l->scene->n_resets += frame->hd.type == NGHTTP2_RST_STREAM;
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        act(l, frame->hd.stream_id);
    return 0;
}

static int on_stream_end(nghttp2_session *h2, int32_t id, uint32_t code, void *user)
{
    (void)h2;
    (void)id;
    (void)code;
    ((struct link *)user)->scene->n_open--;
    return 0;
}

static void link_close(struct link *l)
{
    if (!l->transport)
        return;
    loop_io_free(TAKE_PTR(l->io));
    nghttp2_session_del(TAKE_PTR(l->h2));
    (void)close(l->transport->ops->release(TAKE_PTR(l->transport)));
    buf_done(&l->out);
}

static void link_send(struct link *l)
{
    const uint8_t *data;
    struct err err;
    ssize_t n;

    while ((n = nghttp2_session_mem_send(l->h2, &data)) > 0)
        assert_int_equal(buf_append(&l->out, data, (size_t)n, &err), 0);
    while (buf_len(&l->out) > 0) {
        n = l->transport->ops->write(l->transport, buf_data(&l->out), buf_len(&l->out), &err);
        if (n < 0)
            break;
        buf_consume(&l->out, (size_t)n);
    }
    loop_io_set(l->io, LOOP_READ | (buf_len(&l->out) > 0 ? LOOP_WRITE : 0));
}

static void link_begin(struct link *l)
{
    const nghttp2_settings_entry limit = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                                          l->scene->max_streams};
    nghttp2_session_callbacks *cb;

    assert_int_equal(nghttp2_session_callbacks_new(&cb), 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_field);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_body);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_end);
    assert_int_equal(nghttp2_session_server_new(&l->h2, cb, l), 0);
    nghttp2_session_callbacks_del(cb);
    assert_int_equal(nghttp2_submit_settings(l->h2, 0, &limit, 1), 0);
    l->is_up = true;
}

static void on_link(struct loop_io *io, int events, void *user)
{
    static uint8_t in[65536];
    struct link *l = user;
    struct err err;
    ssize_t n = 0;
    int r;

    (void)io;
    (void)events;
    pause_sweep(l->scene);
    if (!l->is_up) {
        r = l->transport->ops->handshake(l->transport, &err);
        if (r == 0)
            link_begin(l);
        else if (r != RPC_TRANSPORT_AGAIN)
            link_close(l);
    }
    while (l->transport && l->is_up &&
           (n = l->transport->ops->read(l->transport, in, sizeof(in), &err)) > 0)
        assert_true(nghttp2_session_mem_recv(l->h2, in, (size_t)n) >= 0);
    if (l->transport && l->is_up)
        link_send(l);
    if (l->transport && l->is_up && (l->is_cut || n == 0 || n == -1))
        link_close(l);
    resume_sweep(l->scene);
}

static void on_accept(struct loop_io *io, int events, void *user)
{
    const struct rpc_tls_peer nobody = {0};
    struct scene *s = user;
    struct link *l = &s->links[s->n_links++ % MAX_LINKS];
    struct err err;
    int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)io;
    (void)events;
    assert_true(fd >= 0);
    pause_sweep(s);
    link_close(l);
    *l = (struct link){.scene = s};
    buf_init(&l->out, 16u << 20);
    assert_int_equal(s->tls->wrap(s->tls, fd, &nobody, &l->transport, &err), 0);
    assert_int_equal(loop_io_new(&l->io, s->loop, fd, LOOP_READ, on_link, l, &err), 0);
    resume_sweep(s);
}

static void listen_here(struct scene *s)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(sa);

    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
    assert_int_equal(listen(s->fd, 16), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sa, &n), 0);
    s->port = ntohs(sa.sin_port);
    assert_int_equal(loop_io_new(&s->io, s->loop, s->fd, LOOP_READ, on_accept, s, NULL), 0);
}

/* ---- the client ---- */

static int make_client(struct scene *s, const struct identity *ca, unsigned timeout_ms,
                       struct kube_client **ret, struct err *err)
{
    const struct kube_client_opts opts = {.timeout_ms = timeout_ms, .separate_watches = true};
    struct kube_config *config;
    char ca_text[8192], yaml[12000];

    ca_text[bytes_base64(ca->cert_pem, strlen(ca->cert_pem), true, ca_text)] = '\0';
    (void)snprintf(yaml, sizeof(yaml),
                   "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],\n"
                   "clusters: [{name: k, cluster: {server: \"https://127.0.0.1:%d\",\n"
                   "  certificate-authority-data: %s}}],\n"
                   "users: [{name: u, user: {token: secret}}]}",
                   s->port, ca_text);
    if (kube_config_parse(&config, "test", "/", yaml, strlen(yaml), NULL, err) < 0)
        return -1;
    return kube_client_new(ret, s->loop, config, &opts, err);
}

static void on_done(const struct kube_result *res, void *user)
{
    struct scene *s = user;

    s->n_done++;
    s->err = res->err ? *res->err : (struct err){0};
    s->status = res->status;
    s->is_uncertain = res->is_uncertain;
    s->n_answer = strlen(meta_str(res->body, "a", ""));
    (void)snprintf(s->text, sizeof(s->text), "%s", meta_name(res->body));
}

static void wait_for(struct scene *s, int n_done)
{
    uint64_t end = clock_monotonic_ms() + WAIT_MS;

    while (s->n_done < n_done && clock_monotonic_ms() < end)
        (void)loop_turn(s->loop, false);
    assert_int_equal(s->n_done, n_done);
}

static void play(struct scene *s, const struct step *steps, size_t n)
{
    s->steps = steps;
    s->n_steps = n;
    s->at = 0;
}
#define PLAY(s, steps) play((s), (steps), ARRAY_SIZE(steps))

static void ask(struct scene *s, enum kube_method method, struct kube_call **ret)
{
    _cleanup_json_ json_t *body = method == KUBE_GET ? NULL : json_pack("{ss}", "k", "v");
    const struct kube_request req = {.method = method,
                                     .resource = &pods,
                                     .ns = "n",
                                     .name = method == KUBE_POST ? NULL : "a",
                                     .body = body};

    assert_int_equal(kube_call(ret, s->client, &req, on_done, s, NULL), 0);
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct rpc_tls_opts opts = {.is_server = true,
                                .cert_pem = server_identity.cert_pem,
                                .key_pem = server_identity.key_pem};

    assert_non_null(s);
    s->max_streams = 100;
    assert_int_equal(loop_new(&s->loop, NULL), 0);
    assert_int_equal(rpc_tls_new(&s->tls, &opts, NULL), 0);
    listen_here(s);
    assert_int_equal(make_client(s, &authority, 0, &s->client, NULL), 0);
    *state = s;
    return 0;
}

static void stop_listening(struct scene *s)
{
    if (!s->io)
        return;
    loop_io_free(TAKE_PTR(s->io));
    (void)close(s->fd);
}

static int teardown(void **state)
{
    struct scene *s = *state;

    kube_client_free(s->client);
    stop_listening(s);
    for (size_t i = 0; i < MAX_LINKS; i++)
        link_close(&s->links[i]);
    rpc_tls_free(s->tls);
    loop_free(s->loop);
    free(s);
    return 0;
}

/* ---- tests ---- */

static const struct step good = {.deed = ANSWERS, .body = "{\"metadata\":{\"name\":\"a\"}}"};

static void test_wire(void **state)
{
    static const struct {
        enum kube_method method;
        const char *word, *path, *type;
    } cases[] = {
        {KUBE_GET, "GET", "/api/v1/namespaces/n/pods/a", ""},
        {KUBE_POST, "POST", "/api/v1/namespaces/n/pods", "application/json"},
        {KUBE_PATCH, "PATCH", "/api/v1/namespaces/n/pods/a", "application/merge-patch+json"},
        {KUBE_DELETE, "DELETE", "/api/v1/namespaces/n/pods/a", "application/json"},
    };
    struct scene *s = *state;

    play(s, &good, 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct request *r = &s->requests[i];

        ask(s, cases[i].method, NULL);
        wait_for(s, (int)i + 1);
        if (s->err.code)
            fail_msg("%s: %s", cases[i].word, s->err.msg);
        assert_string_equal(s->text, "a");
        assert_string_equal(r->method, cases[i].word);
        assert_string_equal(r->path, cases[i].path);
        assert_string_equal(r->type, cases[i].type);
        assert_string_equal(r->authorization, "Bearer secret");
        assert_string_equal(r->body, cases[i].method == KUBE_GET ? "" : "{\"k\":\"v\"}");
        assert_string_equal(r->length, cases[i].method == KUBE_GET ? "" : "9");
        assert_memory_equal(r->authority, "127.0.0.1:", 10);
    }
    assert_int_equal(s->n_links, 1);
    assert_null(s->client->curl); /* nobody needed libcurl */
}

static void test_statuses(void **state)
{
    static const struct step steps[] = {
        {.status = "404",
         .body =
             "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"code\":404,\"details\":{\"name\":\"a\"}}"},
        {.status = "429", .retry_after = "1", .body = "{}"},
        {.status = "201", .body = "{\"metadata\":{\"name\":\"b\"}}"},
        {.status = "500", .body = "{}"},
    };
    struct scene *s = *state;
    uint64_t began;

    PLAY(s, steps);
    ask(s, KUBE_GET, NULL);
    wait_for(s, 1);
    assert_string_equal(s->err.reason, "NotFound");
    began = clock_monotonic_ms();
    ask(s, KUBE_POST, NULL);
    wait_for(s, 2);
    assert_int_equal(s->status, 201);
    assert_true(clock_monotonic_ms() >= began + 900); /* as Retry-After said */
    ask(s, KUBE_PATCH, NULL);
    wait_for(s, 3);
    assert_string_equal(s->err.reason, "ApiServerError");
    assert_true(s->is_uncertain);
}

static void test_cut(void **state)
{
    static const struct step steps[] = {{.deed = CUTS_AFTER_HEAD, .body = "{\"metadata\":"},
                                        {.deed = ANSWERS, .body = "{}"}};
    struct scene *s = *state;

    PLAY(s, steps);
    ask(s, KUBE_POST, NULL);
    wait_for(s, 1);
    assert_string_equal(s->err.reason, "ApiServerUnreachable");
    assert_true(s->is_uncertain);
    ask(s, KUBE_GET, NULL);
    wait_for(s, 2);
    assert_int_equal(s->err.code, RPC_OK);
    assert_int_equal(s->n_links, 2);
}

/* What the server has not begun with is asked again, however it says so. */
static void test_not_begun(void **state)
{
    static const struct step refused[] = {{.deed = REFUSES}, {.deed = REFUSES}, {.deed = ANSWERS}};
    static const struct step away[] = {{.deed = GOES_AWAY}, {.deed = ANSWERS}};
    static const struct step never[] = {{.deed = REFUSES}};
    struct scene *s = *state;

    PLAY(s, refused);
    ask(s, KUBE_POST, NULL);
    wait_for(s, 1);
    assert_int_equal(s->err.code, RPC_OK);
    assert_int_equal(s->n_requests, 3);
    assert_int_equal(s->n_links, 1);
    PLAY(s, away);
    ask(s, KUBE_POST, NULL);
    wait_for(s, 2);
    assert_int_equal(s->err.code, RPC_OK);
    assert_int_equal(s->n_links, 2);
    PLAY(s, never);
    ask(s, KUBE_POST, NULL);
    wait_for(s, 3);
    assert_string_equal(s->err.reason, "ApiServerUnreachable");
}

static void test_silent(void **state)
{
    static const struct step steps[] = {{.deed = IS_SILENT}, {.deed = ANSWERS, .body = "{}"}};
    struct scene *s = *state;

    kube_client_free(s->client);
    assert_int_equal(make_client(s, &authority, 300, &s->client, NULL), 0);
    PLAY(s, steps);
    ask(s, KUBE_PATCH, NULL);
    wait_for(s, 1);
    assert_string_equal(s->err.reason, "Timeout");
    assert_true(s->is_uncertain);
    ask(s, KUBE_GET, NULL);
    wait_for(s, 2);
    assert_int_equal(s->err.code, RPC_OK);
    assert_int_equal(s->n_links, 2); /* the first may be dead */
    assert_int_equal(s->n_resets, 1);
}

static void test_cancel(void **state)
{
    static const struct step steps[] = {{.deed = IS_SILENT}};
    struct scene *s = *state;
    struct kube_call *calls[3];
    uint64_t end = clock_monotonic_ms() + WAIT_MS;

    PLAY(s, steps);
    for (size_t i = 0; i < 3; i++)
        ask(s, KUBE_GET, &calls[i]);
    kube_call_cancel(calls[0]); /* not sent yet */
    while (s->n_requests < 2 && clock_monotonic_ms() < end)
        (void)loop_turn(s->loop, false);
    kube_call_cancel(calls[1]);
    while (s->n_resets < 1 && clock_monotonic_ms() < end)
        (void)loop_turn(s->loop, false);
    assert_int_equal(s->n_requests, 2);
    assert_int_equal(s->n_resets, 1);
    assert_int_equal(s->n_done, 0); /* and the third ends with the client */
}

static void test_bounds(void **state)
{
    static const struct step large[] = {{.n_body = 3 * 1024 * 1024}, {.n_body = 5 * 1024 * 1024}};
    struct scene *s = *state;

    PLAY(s, large);
    ask(s, KUBE_GET, NULL);
    wait_for(s, 1);
    assert_int_equal(s->err.code, RPC_OK);
    assert_true(s->n_answer > 3 * 1024 * 1024 - 10);
    ask(s, KUBE_GET, NULL);
    wait_for(s, 2);
    assert_string_equal(s->err.reason, "TooLarge");
}

static void test_few_streams(void **state)
{
    struct scene *s = *state;

    s->max_streams = 2;
    play(s, &good, 1);
    ask(s, KUBE_GET, NULL); /* the limit is known after the first */
    wait_for(s, 1);
    s->most_open = 0;
    for (int i = 0; i < 20; i++)
        ask(s, KUBE_GET, NULL);
    wait_for(s, 21);
    assert_int_equal(s->err.code, RPC_OK);
    assert_in_range(s->most_open, 1, 2);
    assert_int_equal(s->n_links, 1);
}

static void test_nobody_there(void **state)
{
    struct scene *s = *state;

    stop_listening(s);
    ask(s, KUBE_POST, NULL);
    wait_for(s, 1);
    assert_string_equal(s->err.reason, "ApiServerUnreachable");
    assert_false(s->is_uncertain);
}

/* libcurl is asked then, and says the same. */
static void test_wrong_authority(void **state)
{
    struct scene *s = *state;
    struct identity other;

    make_identity(&other, "/CN=other", NULL, NULL, 3600);
    kube_client_free(s->client);
    assert_int_equal(make_client(s, &other, 0, &s->client, NULL), 0);
    play(s, &good, 1);
    ask(s, KUBE_POST, NULL);
    wait_for(s, 1);
    assert_string_equal(s->err.reason, "ApiServerUnreachable");
    assert_false(s->is_uncertain);
    assert_int_equal(s->n_requests, 0);
    assert_non_null(s->client->curl);
    EVP_PKEY_free(other.key);
    X509_free(other.cert);
}

static int request_once(void *user, struct err *err)
{
    struct scene *s = user;
    _cleanup_(kube_client_freep) struct kube_client *c = NULL;
    const struct kube_request req = {
        .method = KUBE_GET, .resource = &pods, .ns = "n", .name = "a", .timeout_ms = 5000};

    if (make_client(s, &authority, 0, &c, err) < 0)
        return -1;
    s->n_done = 0;
    if (kube_call(NULL, c, &req, on_done, s, err) < 0)
        return -1;
    wait_for(s, 1);
    if (s->err.code == RPC_OK)
        return 0;
    *err = s->err;
    return -1;
}

static void test_no_memory(void **state)
{
    struct scene *s = *state;

    play(s, &good, 1);
    s->is_swept = true;
    alloc_sweep(request_once, s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_wire),         T(test_statuses),        T(test_cut),       T(test_not_begun),
        T(test_silent),       T(test_cancel),          T(test_bounds),    T(test_few_streams),
        T(test_nobody_there), T(test_wrong_authority), T(test_no_memory),
    };
    int r;

    make_identity(&authority, "/CN=authority", NULL, NULL, 3600);
    make_identity(&server_identity, "/CN=server", "IP:127.0.0.1", &authority, 3600);
    r = cmocka_run_group_tests(tests, NULL, NULL);
    EVP_PKEY_free(authority.key);
    X509_free(authority.cert);
    EVP_PKEY_free(server_identity.key);
    X509_free(server_identity.cert);
    return r;
}
