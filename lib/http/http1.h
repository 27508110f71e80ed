#pragma once
/*
 * HTTP/1.1 for what is small: GET and HEAD answered out of memory (/healthz, /metrics, the agent's
 * `GET /`), POST with a bounded body where it is asked for (a webhook), and one GET for a probe.
 * Parsing is llhttp's, strict. TLS comes in from outside (http1_tls.h); proxying is another module.
 *
 * Bounds: LIMIT_HTTP1_HEAD bytes of request line and headers, HTTP1_HEAD_MS until they are there,
 * HTTP1_BODY_MS for the whole of a body, HTTP1_IDLE_MS between requests of one connection,
 * HTTP1_WRITE_MS for an answer to leave, LIMIT_HTTP1_CONNECTIONS at once.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct loop;
struct http1_server;
struct http1_get;

enum {
    HTTP1_HEAD_MS = 10 * 1000,
    HTTP1_BODY_MS = 30 * 1000,
    HTTP1_IDLE_MS = 30 * 1000,
    HTTP1_WRITE_MS = 10 * 1000
};

/* ---- server ---- */

struct http1_request {
    const char *method; /* "GET", "HEAD", or "POST" with max_body: others get 405 without asking */
    const char *path;  /* "/metrics": target up to '?', as it came, not decoded                   */
    const char *query; /* after the '?', or ""                                                    */
    const uint8_t *body; /* of a POST */
    size_t n_body;
};

struct http1_reply {
    int status;               /* 200 when the handler leaves it alone                          */
    const char *content_type; /* static; "text/plain; charset=utf-8" when left alone           */
    struct buf body;          /* empty, ceiling max_reply; the handler appends to it           */
};

/* Answers one request; the pointers are good until it returns. */
typedef void (*http1_handler)(const struct http1_request *req, struct http1_reply *reply,
                              void *user);

int http1_server_new(struct http1_server **ret, struct loop *loop, http1_handler handler,
                     void *user, struct err *err);

/* How bytes travel when not as they are. Each call is for one connection, whose stream `open` made;
 * read and write are like recv and send on a non-blocking socket (-1 with errno EAGAIN: later). */
struct http1_wrap {
    void *(*open)(void *ctx, int fd); /* NULL: it is closed; fd stays the caller's            */
    ssize_t (*read)(void *stream, void *to, size_t max);
    ssize_t (*write)(void *stream, const void *data, size_t n);
    bool (*has_pending)(void *stream); /* has bytes that the socket does not show             */
    bool (*wants_write)(void *stream); /* goes on when the socket takes bytes                 */
    void (*close)(void *stream);       /* says goodbye as far as the socket takes it, frees   */
    void *ctx;
};

struct http1_server_opts {
    http1_handler handler;
    void *user;
    size_t max_body;  /* of a POST, bytes; 0: no POST                                         */
    size_t max_held;  /* bodies and answers of all connections together: over it 503; 0: any  */
    size_t max_reply; /* 0: LIMIT_HTTP1_BODY                                                  */
    const struct http1_wrap *wrap; /* NULL: plain; must outlive the server                    */
};
int http1_server_new_opts(struct http1_server **ret, struct loop *loop,
                          const struct http1_server_opts *opts, struct err *err);
/* Closes its connections at once. NULL is fine. */
void http1_server_free(struct http1_server *s);
DEFINE_CLEANUP(struct http1_server *, http1_server_free)

/*
 * Takes over a connected stream socket of which n bytes were read already (copied). Never fails to
 * the caller: what cannot be served is closed. The shape is that of rpc_listen_opts.on_other,
 * `server` being the http1_server, so that one port speaks gRPC and HTTP/1.1.
 */
void http1_server_take(int fd, const uint8_t *data, size_t n, void *server);

/* ---- client: one GET ---- */

struct http1_header {
    const char *name, *value;
};

struct http1_get_spec {
    const char *address; /* numeric IPv4 or IPv6; NULL: 127.0.0.1 */
    uint16_t port;
    const char *path;                   /* "/healthz?x=1"; NULL: "/" */
    const char *host;                   /* Host field; NULL: address:port */
    const struct http1_header *headers; /* a "Host" among them replaces the field above */
    size_t n_headers;
    uint64_t timeout_ms; /* from the start to the end of the answer's head; 0: HTTP1_HEAD_MS */
};

/*
 * err NULL: status is that of the answer (200..999). Otherwise status is 0 and *err says what went
 * wrong: UNAVAILABLE ("ConnectionRefused", "ConnectionLost"), DEADLINE_EXCEEDED ("Timeout"),
 * INTERNAL ("BadResponse": what is no HTTP/1.1, or a head over LIMIT_HTTP1_HEAD).
 */
typedef void (*http1_get_fn)(struct http1_get *g, int status, const struct err *err, void *user);

/* Calls fn once, from the loop, never from inside this call. The body is not read. Free it in fn or
 * later. */
int http1_get_start(struct http1_get **ret, struct loop *loop, const struct http1_get_spec *spec,
                    http1_get_fn fn, void *user, struct err *err);
/* Ends it; fn is not called any more. NULL is fine. */
void http1_get_free(struct http1_get *g);
DEFINE_CLEANUP(struct http1_get *, http1_get_free)
