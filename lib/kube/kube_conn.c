/*
 * One libcurl multi handle on the loop. libcurl says which sockets to watch and when to call it
 * again; both are only noted here and acted upon outside of its callbacks.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/kube/kube_h2.h"

#define MAX_KICKS             8
#define MAX_TOTAL_CONNECTIONS 32
#define READ_BUFFER_BYTES     16384
#define WRITE_BUFFER_BYTES    16384

struct kube_socket {
    struct list link; /* conn->sockets */
    struct kube_conn *conn;
    struct loop_io *io;
    curl_socket_t fd;
};

/* ---- libcurl's callbacks: they record ---- */

static void socket_free(struct kube_socket *s)
{
    list_remove(&s->link);
    loop_io_free(s->io);
    free(s);
}

static void drain(struct kube_conn *conn)
{
    const struct curl_lib *curl = conn->client->curl;
    CURLMsg *msg;
    int n;

    while ((msg = curl->multi_info_read(conn->multi, &n))) {
        struct kube_call *call = NULL;
        CURLcode code = msg->data.result;

        (void)curl->easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
        kube_call_finished(call, code);
    }
}

static void on_socket(struct loop_io *io, int events, void *user)
{
    struct kube_socket *s = user;
    struct kube_conn *conn = s->conn;
    int bits = ((events & LOOP_READ) ? CURL_CSELECT_IN : 0) |
               ((events & LOOP_WRITE) ? CURL_CSELECT_OUT : 0);
    int running;

    (void)io;
    (void)conn->client->curl->multi_socket_action(conn->multi, s->fd, bits, &running);
    /* Careful: s may be gone here. */
    drain(conn);
    kube_client_poke(conn->client);
}

static struct kube_socket *socket_new(struct kube_conn *conn, curl_socket_t fd)
{
    struct kube_socket *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->conn = conn;
    s->fd = fd;
    list_push_back(&conn->sockets, &s->link);
    if (loop_io_new(&s->io, conn->client->loop, fd, 0, on_socket, s, NULL) < 0) {
        socket_free(s);
        return NULL;
    }
    (void)conn->client->curl->multi_assign(conn->multi, fd, s); /* fd is libcurl's own */
    return s;
}

static int socket_cb(CURL *easy, curl_socket_t fd, int what, void *user, void *socketp)
{
    struct kube_conn *conn = user;
    struct kube_socket *s = socketp;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (s)
            socket_free(s);
        return 0;
    }
    if (!s)
        s = socket_new(conn, fd);
    if (!s) {
        /* -1 would make libcurl give up the multi handle for good. */
        conn->is_blind = true;
        kube_client_poke(conn->client);
        return 0;
    }
    loop_io_set(s->io, ((what & CURL_POLL_IN) ? LOOP_READ : 0) |
                           ((what & CURL_POLL_OUT) ? LOOP_WRITE : 0));
    return 0;
}

static int timer_cb(CURLM *multi, long timeout_ms, void *user)
{
    struct kube_conn *conn = user;

    (void)multi;
    if (timeout_ms == 0) {
        conn->is_due = true;
        kube_client_poke(conn->client);
        return 0;
    }
    if (timeout_ms < 0)
        loop_timer_disarm(conn->timer);
    else
        loop_timer_arm(conn->timer, clock_monotonic_ms() + (uint64_t)timeout_ms);
    return 0;
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct kube_conn *conn = user;

    (void)t;
    conn->is_due = true;
    kube_client_poke(conn->client);
}

bool kube_call_take(struct kube_call *call, const void *data, size_t n)
{
    struct err err;

    if (buf_append(&call->in, data, n, &err) < 0) {
        call->is_too_large = strcmp(err.reason, "TooLarge") == 0;
        call->has_no_memory = !call->is_too_large;
        return false;
    }
    if (call->is_stream && !list_is_linked(&call->news)) {
        list_push_back(&call->client->news, &call->news);
        kube_client_poke(call->client);
    }
    return true;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    return kube_call_take(user, data, size * n) ? size * n : 0;
}

static int on_socket_made(void *user, curl_socket_t fd, curlsocktype purpose)
{
    struct kube_conn *conn = user;
    const unsigned dead_ms = KUBE_DEAD_PEER_MS;

    (void)purpose;
    conn->client->stats.n_connections++;
    /* Without it a peer that vanished is noticed after a quarter of an hour. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms)); /* a nicety */
    return CURL_SOCKOPT_OK;
}

/* ---- opening and closing ---- */

static int open_multi(struct kube_conn *conn, struct err *err)
{
    const struct curl_lib *curl = conn->client->curl;

    conn->multi = curl->multi_init();
    if (!conn->multi)
        return err_oom(err);
    (void)curl->multi_setopt(conn->multi, CURLMOPT_SOCKETFUNCTION, socket_cb);
    (void)curl->multi_setopt(conn->multi, CURLMOPT_SOCKETDATA, conn);
    (void)curl->multi_setopt(conn->multi, CURLMOPT_TIMERFUNCTION, timer_cb);
    (void)curl->multi_setopt(conn->multi, CURLMOPT_TIMERDATA, conn);
    (void)curl->multi_setopt(conn->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    (void)curl->multi_setopt(conn->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                             (long)MAX_TOTAL_CONNECTIONS);
    return 0;
}

int kube_conn_use_curl(struct kube_client *c, struct err *err)
{
    if (!c->curl)
        c->curl = curl_lib_get(err);
    if (!c->curl)
        return -1;
    if (c->route && !c->connect_to && !(c->connect_to = c->curl->slist_append(NULL, c->route)))
        return err_oom(err);
    return 0;
}

int kube_conn_open(struct kube_conn *conn, struct kube_client *client, struct err *err)
{
    conn->client = client;
    conn->next_ms = CLOCK_NEVER;
    list_init(&conn->sockets);
    list_init(&conn->links);
    return loop_timer_new(&conn->timer, client->loop, on_timer, conn, err);
}

void kube_conn_close(struct kube_conn *conn)
{
    if (!conn->client)
        return;
    kube_h2_close(conn);
    if (conn->multi)
        (void)conn->client->curl->multi_cleanup(conn->multi); /* its transfers are gone */
    while (!list_is_empty(&conn->sockets))
        socket_free(LIST_FIRST(&conn->sockets, struct kube_socket, link));
    loop_timer_free(conn->timer);
    *conn = (struct kube_conn){0};
}

/* ---- one transfer ---- */

static CURL *take_handle(struct kube_client *c)
{
    return c->n_idle > 0 ? c->idle[--c->n_idle] : c->curl->easy_init();
}

static void give_handle(struct kube_client *c, CURL *easy)
{
    if (c->n_idle == KUBE_IDLE_HANDLES) {
        c->curl->easy_cleanup(easy);
        return;
    }
    c->curl->easy_reset(easy);
    c->idle[c->n_idle++] = easy;
}

/* All options below are known to every libcurl since 7.85 and fail for lack of memory only. */
#define SET(option, value) (bad |= curl->easy_setopt(easy, (option), (value)) != CURLE_OK)

static bool set_blob(const struct curl_lib *curl, CURL *easy, CURLoption option, const char *pem)
{
    struct curl_blob blob = {.data = (void *)pem, .len = strlen(pem), .flags = CURL_BLOB_COPY};

    return curl->easy_setopt(easy, option, &blob) == CURLE_OK;
}

static bool set_tls(const struct kube_client *c, CURL *easy)
{
    const struct curl_lib *curl = c->curl;
    const char *cert = kube_auth_cert(c->auth), *key = kube_auth_key(c->auth);
    bool bad = false;

    if (c->config->is_insecure) {
        SET(CURLOPT_SSL_VERIFYPEER, 0L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
    } else if (c->config->ca_pem) {
        bad |= !set_blob(curl, easy, CURLOPT_CAINFO_BLOB, c->config->ca_pem);
        SET(CURLOPT_CAPATH, NULL);
    }
    if (cert && key) {
        bad |= !set_blob(curl, easy, CURLOPT_SSLCERT_BLOB, cert);
        bad |= !set_blob(curl, easy, CURLOPT_SSLKEY_BLOB, key);
    }
    return !bad;
}

static bool is_loopback(const char *server)
{
    const char *host = strstr(server, "://");

    host = host ? host + 3 : server;
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
           strncmp(host, "[::1]", 5) == 0;
}

static bool set_route(const struct kube_client *c, CURL *easy)
{
    const struct curl_lib *curl = c->curl;
    bool bad = false;

    if (c->config->proxy_url)
        SET(CURLOPT_PROXY, c->config->proxy_url);
    else if (is_loopback(c->config->server))
        SET(CURLOPT_PROXY, ""); /* not by the environment's proxy: as Go's clients have it */
    if (c->connect_to) {
        SET(CURLOPT_CONNECT_TO, c->connect_to);
    }
    SET(CURLOPT_SOCKOPTFUNCTION, on_socket_made);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, (long)KUBE_KEEPALIVE_S);
    SET(CURLOPT_TCP_KEEPINTVL, (long)KUBE_KEEPALIVE_S / 3);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)KUBE_CONNECT_MS);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    /* Without TLS it would wait for the first answer, which of a watch may never come. */
    SET(CURLOPT_PIPEWAIT, strncmp(c->config->server, "https", 5) == 0 ? 1L : 0L);
    return !bad;
}

static bool set_message(const struct kube_client *c, CURL *easy, struct kube_call *call)
{
    static const char *const words[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    const struct curl_lib *curl = c->curl;
    bool bad = false;

    SET(CURLOPT_URL, call->url);
    SET(CURLOPT_USERAGENT, c->user_agent);
    if (call->body) {
        SET(CURLOPT_POSTFIELDSIZE, (long)strlen(call->body));
        SET(CURLOPT_POSTFIELDS, call->body);
    }
    SET(CURLOPT_CUSTOMREQUEST, words[call->asked.method]);
    SET(CURLOPT_HTTPHEADER, c->headers[!call->body ? 0 : call->asked.method == KUBE_PATCH ? 2 : 1]);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_PRIVATE, call);
    SET(CURLOPT_ERRORBUFFER, call->why);
    /* Refused by a handle that has its buffer from the request before: it is of this size. */
    (void)curl->easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)READ_BUFFER_BYTES);
    /* libcurl's own is 64 KiB, kept by each handle that waits for its next request. */
    (void)curl->easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)WRITE_BUFFER_BYTES);
    return !bad;
}

static bool set_all(struct kube_conn *conn, CURL *easy, struct kube_call *call)
{
    const struct kube_client *c = conn->client;
    const struct curl_lib *curl = c->curl;
    uint64_t now = loop_now_ms(c->loop);
    uint64_t left = call->deadline_ms > now ? call->deadline_ms - now : 1;
    bool bad = !set_message(c, easy, call) || !set_route(c, easy) || !set_tls(c, easy);

    SET(CURLOPT_SOCKOPTDATA, conn);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)MIN(left, 86400000u));
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FRESH_CONNECT, conn->wants_fresh ? 1L : 0L);
    return !bad;
}

static int start_by_curl(struct kube_conn *conn, struct kube_call *call, struct err *err)
{
    struct kube_client *c = conn->client;
    CURL *easy;

    if (kube_conn_use_curl(c, err) < 0 || (!conn->multi && open_multi(conn, err) < 0))
        return -1;
    easy = take_handle(c);
    if (!easy)
        return err_oom(err);
    if (!set_all(conn, easy, call) || c->curl->multi_add_handle(conn->multi, easy) != CURLM_OK) {
        give_handle(c, easy);
        return err_oom(err);
    }
    conn->wants_fresh = false;
    conn->n_running++;
    call->easy = easy;
    call->conn = conn;
    return 0;
}

int kube_conn_start(struct kube_conn *conn, struct kube_call *call, struct err *err)
{
    const struct kube_client *c = conn->client;

    if (conn->generation != kube_auth_generation(c->auth)) {
        conn->generation = kube_auth_generation(c->auth);
        conn->wants_fresh = true; /* what is open has shown another certificate */
    }
    call->why[0] = '\0';
    call->is_unprocessed = false;
    if (c->is_h2 && !c->is_h2_refused)
        return kube_h2_start(conn, call, err);
    return start_by_curl(conn, call, err);
}

int kube_conn_status(const struct kube_call *call)
{
    long status = 0;

    if (!call->easy)
        return call->http_status;
    (void)call->client->curl->easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

void kube_conn_stop(struct kube_call *call)
{
    struct kube_conn *conn = call->conn;

    if (call->h2)
        kube_h2_stop(call);
    if (!call->easy)
        return;
    (void)conn->client->curl->multi_remove_handle(conn->multi, call->easy); /* it was added */
    give_handle(conn->client, TAKE_PTR(call->easy));
    conn->n_running--;
    call->conn = NULL;
}

void kube_conn_kick(struct kube_conn *conn)
{
    int running;

    for (int i = 0; i < MAX_KICKS && conn->is_due; i++) {
        conn->is_due = false;
        kube_h2_kick(conn);
        if (!conn->multi)
            continue;
        (void)conn->client->curl->multi_socket_action(conn->multi, CURL_SOCKET_TIMEOUT, 0,
                                                      &running);
        drain(conn);
    }
    if (conn->is_due)
        kube_client_poke(conn->client);
}
