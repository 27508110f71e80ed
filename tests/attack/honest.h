#pragma once
/* A client that does nothing wrong, on a thread of its own: one call after another over one
 * connection, and one over a new connection now and then. */
#include <stdint.h>

struct honest_figures {
    int n_ok, n_failed, n_connections;
    uint64_t worst_ms; /* the longest that a call took */
    char why[300];     /* the first that failed        */
};

struct honest;

/* NULL: out of memory. */
struct honest *honest_start(const char *address);
void honest_stop(struct honest *h, struct honest_figures *ret);

/* One call, waits for it; reply (room for n) gets its text. < 0: it failed. */
int honest_ask(const char *address, const char *path, char *reply, unsigned n);
