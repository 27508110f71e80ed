#pragma once
/* What the parts of rpc-load share: its options, its figures, what it knows of the server's
 * process. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum mode {
    MODE_UNARY,   /* calls, a new one for each that ends, or at a fixed rate */
    MODE_BIDI,    /* open streams on which messages go to and fro            */
    MODE_IDLE,    /* connections, and open streams, on which nothing goes    */
    MODE_USED,    /* as idle, after n_calls calls on each connection         */
    MODE_CONNECT, /* a new connection with its first call, over and over     */
};

struct options {
    enum mode mode;
    const char *host;
    int port;
    bool tls;
    unsigned n_conns, n_streams; /* streams: per connection                    */
    unsigned n_calls;            /* of each connection before it is idle       */
    unsigned n_bytes, n_window;  /* of a message's field; messages under way   */
    double rate;                 /* unary calls per second, 0: as fast as goes */
    double seconds, warmup;
    pid_t pid; /* the server: 0 when nobody knows */
};

/* false: they are wrong, or one is missing. Changes argv. */
bool options_parse(struct options *o, int argc, char **argv);

enum { REQUEST_HEAD_MAX = 512 };
/* The header block of a call, at most REQUEST_HEAD_MAX bytes; its length. */
size_t request_head(const struct options *o, uint8_t *ret);
/* A gRPC message with one field of n_bytes; malloc()ed. */
uint8_t *request_message(const struct options *o, size_t *ret_n);

/* perror(), and the end. */
_Noreturn void die(const char *what);
/* Never NULL, not for nothing either. */
void *zalloc(size_t n, size_t size);

/* Durations in buckets of 1/64 of a power of two, in units of 100 ns. */
struct histogram {
    uint64_t buckets[64 * 64];
    uint64_t n;
};

void histogram_add(struct histogram *h, uint64_t ns);
/* In microseconds; 0 when there is nothing. */
double histogram_quantile(const struct histogram *h, double q);

/* Nanoseconds of CPU time of all threads; 0 when the process is gone. */
uint64_t process_cpu_ns(pid_t pid);
/* A figure of /proc/PID/FILE ("VmRSS:", "Pss:") in KiB; -1 when it is not there. */
long process_kib(pid_t pid, const char *file, const char *name);
uint64_t now_ns(void);
