#pragma once
/*
 * For tests: an API server that says what the test tells it to, on the test's own loop, over plain
 * HTTP/1.1. It keeps the last requests, answers each by the next step of a script (or by a
 * function), and can do what no good server does: cut, dribble, keep silent, talk nonsense.
 */
#include <stdbool.h>
#include <stddef.h>

#include "lib/loop/loop.h"

#define FAKE_MAX_CONNS    32
#define FAKE_MAX_BYTES    (256u * 1024)
#define FAKE_MAX_REQUESTS 64

struct fake_request {
    char method[8];
    char target[1024];
    char authorization[256];
    char content_type[64];
    char body[4096];
};

struct fake_conn;
struct fake_server;
/* Called for each whole request; answers now or later, or never. */
typedef void (*fake_fn)(struct fake_conn *conn, const struct fake_request *req, void *user);

struct fake_conn {
    struct fake_server *server;
    int fd; /* -1: free */
    struct loop_io *io;
    size_t n_in;
    char in[FAKE_MAX_BYTES];
};

struct fake_server {
    struct loop *loop;
    int fd, port;
    struct loop_io *io;
    fake_fn fn;
    void *user;
    struct fake_request requests[FAKE_MAX_REQUESTS];
    size_t n_requests; /* all there were; the last FAKE_MAX_REQUESTS are kept */
    size_t n_accepted;
    struct fake_conn conns[FAKE_MAX_CONNS];
};

/* Large: make it static or by calloc. Fails the test when it cannot be made. */
void fake_start(struct fake_server *s, struct loop *loop, fake_fn fn, void *user);
void fake_stop(struct fake_server *s);
const struct fake_request *fake_last(const struct fake_server *s);

/* headers: whole lines with \r\n, or "". */
void fake_answer(struct fake_conn *c, int status, const char *headers, const char *body);
/* The head of an answer of no fixed length (chunked), and parts of its body. */
void fake_begin(struct fake_conn *c, int status);
void fake_chunk(struct fake_conn *c, const char *data, size_t n);
void fake_end(struct fake_conn *c);
void fake_raw(struct fake_conn *c, const char *data, size_t n);
void fake_close(struct fake_conn *c);
