#pragma once
/* The server that is attacked: a process of ours, and what it uses. */
#include <stdint.h>
#include <sys/types.h>

struct target {
    pid_t pid;
    int lifeline; /* its standard input: it ends with it */
    char address[128];
    uint16_t port;
};

/* < 0: a line on standard error says why. */
int target_start(struct target *t, const char *program);
/* Whether it ended by itself, with 0: no crash, no leak (LeakSanitizer). */
int target_stop(struct target *t);
long target_rss_kib(const struct target *t);
double target_cpu_s(const struct target *t);
