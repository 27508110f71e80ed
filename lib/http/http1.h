#pragma once
/*
 * HTTP/1.1 for what is small: GET and HEAD answered out of memory (/healthz, /metrics, the agent's
 * `GET /`), and one GET for a probe. Parsing is llhttp's, strict. No bodies of requests, no TLS, no
 * uploads; proxying is another module.
 *
 * Bounds: LIMIT_HTTP1_HEAD bytes of request line and headers, HTTP1_HEAD_MS until they are there,
 * HTTP1_IDLE_MS between requests of one connection, HTTP1_WRITE_MS for an answer to leave,
 * LIMIT_HTTP1_CONNECTIONS at once.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct loop;
struct http1_server;
struct http1_get;

enum { HTTP1_HEAD_MS = 10 * 1000, HTTP1_IDLE_MS = 30 * 1000, HTTP1_WRITE_MS = 10 * 1000 };

/* ---- server ---- */

struct http1_request {
    const char *method; /* "GET" or "HEAD": all others get 405 without asking the handler */
    const char *path;  /* "/metrics": target up to '?', as it came, not decoded                   */
    const char *query; /* after the '?', or ""                                                    */
};

struct http1_reply {
    int status;               /* 200 when the handler leaves it alone                          */
    const char *content_type; /* static; "text/plain; charset=utf-8" when left alone           */
    struct buf body;          /* empty, ceiling LIMIT_HTTP1_BODY; the handler appends to it    */
};

/* Answers one request; the pointers are good until it returns. */
typedef void (*http1_handler)(const struct http1_request *req, struct http1_reply *reply,
                              void *user);

int http1_server_new(struct http1_server **ret, struct loop *loop, http1_handler handler,
                     void *user, struct err *err);
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
