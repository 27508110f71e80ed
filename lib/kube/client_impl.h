#pragma once
/*
 * What the parts of the client share: calls (kube_call.c), connections (kube_conn.c) and the client
 * that gives the ones to the others (kube_client.c).
 *
 * libcurl's callbacks only record: bytes go into the call's buffer, sockets become watched, timers
 * armed. kube_client.c then looks at what has changed, in one function, and calls back.
 */
#include "lib/base/buf.h"
#include "lib/base/list.h"
#include "lib/base/metrics.h"
#include "lib/kube/curl_lib.h"
#include "lib/kube/kube_auth.h"
#include "lib/kube/kube_client.h"
#include "lib/kube/kube_error.h"
#include "lib/loop/loop.h"

#define KUBE_MAX_CONNECTIONS   64
#define KUBE_IDLE_HANDLES      8
#define KUBE_DEFAULT_ANSWER    (4u * 1024 * 1024)
#define KUBE_DEFAULT_LIST      (64u * 1024 * 1024)
#define KUBE_DEFAULT_BODY      (3u * 1024 * 1024) /* what an API server takes at most */
#define KUBE_MAX_WAITING       20000              /* calls of both lanes                */
#define KUBE_CONNECT_MS        10000
#define KUBE_DEAD_PEER_MS      20000 /* bytes unacknowledged so long: the connection is dead */
#define KUBE_KEEPALIVE_S       15
#define KUBE_MAX_MOVES         5 /* of a request that the server has not begun with */
#define KUBE_MAX_RETRIES       10
#define KUBE_MAX_RETRY_AFTER_S 60

enum { KUBE_LANE_WATCH = KUBE_LANE_REST + 1, KUBE_N_LANES };

enum kube_call_state {
    KUBE_CALL_WAITING, /* in its lane                         */
    KUBE_CALL_BACKOFF, /* told to come again                  */
    KUBE_CALL_RUNNING, /* libcurl or kube_h2.c has it         */
    KUBE_CALL_ENDED,   /* its `done` is due                   */
};

struct kube_call {
    struct list link; /* of what its state says */
    struct kube_client *client;
    enum kube_call_state state;
    unsigned lane; /* enum kube_lane, or KUBE_LANE_WATCH */
    bool is_stream, is_ahead, wants_text;
    char *url;               /* owned */
    char *body;              /* owned, or NULL */
    struct kube_asked asked; /* its strings are in `text` */
    char *text;
    size_t max_bytes;
    uint64_t made_ms, deadline_ms, again_ms, started_ns;
    unsigned n_retries;
    bool was_refused; /* 401, and tried again once */
    /* running */
    struct kube_conn *conn;
    CURL *easy;                 /* this one … */
    struct kube_h2_request *h2; /* … or that */
    struct buf in;
    char why[CURL_ERROR_SIZE]; /* libcurl's own words, or what stands for them */
    /* of kube_h2.c: what libcurl is asked for by getinfo */
    int http_status, retry_after_s;
    bool was_sent, is_unprocessed;
    unsigned n_moves;
    bool is_too_large, has_no_memory;
    struct list news; /* of client->news: bytes came */
    /* ended */
    struct err err;
    int status;
    bool is_uncertain;
    json_t *answer;
    bool has_ident;
    struct kube_ident ident; /* wants_text */
    kube_done_fn done;
    void (*on_data)(struct kube_call *call, void *user);
    void *user;
};

/* One libcurl multi handle, or links of kube_h2.c: its own connections, its own sockets. */
struct kube_conn {
    struct kube_client *client;
    CURLM *multi; /* NULL: libcurl is not used (yet) */
    struct list links;
    uint64_t next_ms; /* when a request on one of the links is late */
    struct loop_timer *timer;
    struct list sockets;
    size_t n_running;
    bool wants_fresh; /* the next call shall not use the connections there are */
    bool is_due;      /* libcurl or a link wants to be called now */
    bool is_blind;    /* a socket could not be watched: its transfers are lost */
    unsigned generation;
};

struct kube_client {
    const struct curl_lib *curl; /* NULL: not needed so far */
    bool is_h2;                  /* kube_h2.c serves it; had_h2: and has done so */
    bool had_h2, is_h2_refused;  /* it cannot: libcurl from now on */
    struct rpc_tls *tls;
    unsigned tls_generation;
    struct loop *loop;
    struct kube_config *config;
    struct kube_client_opts opts;
    struct kube_auth *auth;
    struct kube_conn conns[KUBE_MAX_CONNECTIONS + 1];
    size_t n_conns; /* for requests; one more for watches when separate */
    struct list waiting[KUBE_N_LANES], backoff, running, ended, news;
    size_t n_waiting;
    size_t n_in_flight[KUBE_N_LANES];
    struct loop_task *task;
    struct loop_timer *timer; /* back-offs, rate limit, deadlines of what waits */
    bool waits_for_auth;
    double tokens; /* of the rate limit */
    uint64_t tokens_at_ms;
    CURL *idle[KUBE_IDLE_HANDLES];
    size_t n_idle;
    struct curl_slist *headers[3]; /* get, JSON body, merge patch; with the credential */
    char *header_made_of;          /* the credential in them */
    char *base_url;                /* the server, or its tls-server-name */
    char *route;                   /* where that name leads, as libcurl wants it, or NULL */
    struct curl_slist *connect_to; /* the same */
    char *user_agent;
    char *host; /* for metrics */
    struct kube_client_stats stats;
    struct metric *requests, *durations, *limiter;
};

/* ---- kube_path.c ---- */

/* free() it. NULL: out of memory. */
char *kube_url(const char *server, const struct kube_request *req);
/* Percent-encodes what no query value may hold (RFC 3986). */
int kube_query_add(struct buf *b, const char *key, const char *value, struct err *err);

/* ---- kube_conn.c ---- */

int kube_conn_open(struct kube_conn *conn, struct kube_client *client, struct err *err);
void kube_conn_close(struct kube_conn *conn);
/* Loads libcurl, for all that is not kube_h2.c's. */
int kube_conn_use_curl(struct kube_client *c, struct err *err);
/* Gives the call to kube_h2.c, or to libcurl. */
int kube_conn_start(struct kube_conn *conn, struct kube_call *call, struct err *err);
/* Takes it back. */
void kube_conn_stop(struct kube_call *call);
/* Lets libcurl do what it has to do now. */
void kube_conn_kick(struct kube_conn *conn);
/* The status of the answer so far; 0: none. The call is with libcurl or kube_h2.c. */
int kube_conn_status(const struct kube_call *call);
/* Bytes of the answer's body. false: too many, or no memory, which is noted. */
bool kube_call_take(struct kube_call *call, const void *data, size_t n);

/* ---- kube_answer.c ---- */

/* What has come of a transfer. */
enum kube_verdict { KUBE_VERDICT_END, KUBE_VERDICT_AGAIN, KUBE_VERDICT_AFTER };
/* Fills the call's outcome. AGAIN: at once, with a new credential; AFTER: at call->again_ms. */
enum kube_verdict kube_answer_judge(struct kube_call *call, CURLcode code);

/* ---- kube_client.c ---- */

/* The transfer is over. */
void kube_call_finished(struct kube_call *call, CURLcode code);
/* kube_client's turn comes later in this turn of the loop. */
void kube_client_poke(struct kube_client *c);
void kube_client_count(struct kube_client *c, const struct kube_call *call, CURLcode code);

/* ---- kube_call.c ---- */

int kube_call_new(struct kube_call **ret, struct kube_client *c, const struct kube_request *req,
                  bool is_stream, struct err *err);
void kube_call_free(struct kube_call *call);
/* Its `done` is due, with call->err. */
void kube_call_end(struct kube_call *call);

/* ---- streams, for kube_watch.c ---- */

/*
 * A call whose 2xx body is read as it comes: on_data is called whenever bytes are added to *in;
 * whoever reads consumes them. At the end `done` is called as ever, its body NULL on success.
 * timeout_ms is the whole stream's. Takes no place in a lane's bound when is_watch.
 */
int kube_stream(struct kube_call **ret, struct kube_client *c, const struct kube_request *req,
                bool is_watch, void (*on_data)(struct kube_call *call, void *user),
                kube_done_fn done, void *user, struct err *err);
struct buf *kube_stream_in(struct kube_call *call);
/* The connection is not to be trusted: the next stream gets a new one. */
void kube_stream_distrust(struct kube_call *call);
struct loop *kube_client_loop(const struct kube_client *c);
