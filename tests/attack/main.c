/*
 * rpc-attack TARGET [NAME…]: starts the server TARGET (rpc-attack-target) and does to it what the
 * tables in attacks.c and attacks_slow.c say, one after the other, while an honest client goes on
 * calling. Each attack is bounded in frames and time. Asserted of each: the connection ends, with
 * the right code and text, or not, as the table says; the right counter counted; the server's
 * memory and CPU stay in bounds; the honest client was served all the time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/attack/attacks.h"
#include "tests/attack/honest.h"
#include "tests/attack/target_proc.h"

enum {
    BATCH = 200,
    SEND_MS = 2500,
    END_MS = 1500,
    ANSWER_MS = 2,
    QUIET_MS = 150,      /* honest calls after it */
    RSS_KIB = 24 * 1024, /* growth; with sanitizers, whose shadow counts too */
    HONEST_MS = 2500, /* the longest that an honest call may take, on a machine that has others */
    HONEST_CALLS = 5,
};
#define CPU_S 1.5

struct result {
    struct wire wire;
    unsigned n_sent;
    long rss_kib; /* growth */
    double cpu_s;
    long n_counted;
    struct honest_figures honest;
    uint64_t took_ms;
};

static int n_failed;

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "FAILED %s: ", a->name);                                               \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fprintf(stderr, "\n");                                                                 \
            n_failed++;                                                                            \
        }                                                                                          \
    } while (0)

/* ---- one attack ---- */

static void put_opening(struct out *o, const struct attack *a)
{
    if (!a->no_preface)
        put(o, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    if (!a->no_settings && (a->window || a->closed_window))
        put_settings(o, 4, a->window);
    else if (!a->no_settings)
        put_frame(o, F_SETTINGS, 0, 0, NULL, 0);
    if (a->acks)
        put_frame(o, F_SETTINGS, FL_ACK, 0, NULL, 0);
    if (a->first)
        a->first(o);
}

static bool is_over(const struct wire *w)
{
    return w->is_closed || w->code != 0;
}

static unsigned send_units(const struct attack *a, struct wire *w, uint8_t *mem)
{
    unsigned n = a->n_units ? a->n_units : MAX_UNITS, sent = 0;
    uint64_t end_ms = clock_monotonic_ms() + SEND_MS;

    while (sent < n && !is_over(w) && clock_monotonic_ms() < end_ms) {
        struct out o = {.at = mem};

        for (unsigned i = 0; i < (a->waits ? 1 : BATCH) && sent < n && o.n < UNIT_MAX; i++)
            a->unit(&o, sent++);
        if (!wire_send(w, o.at, o.n, a->deaf, SEND_MS))
            break;
        if (a->waits)
            wire_read(w, ANSWER_MS);
    }
    return sent;
}

/* Deaf ones learn of the end by writing. */
static void wait_end(const struct attack *a, struct wire *w)
{
    int ms = a->wait_ms ? a->wait_ms : END_MS;
    uint64_t end_ms = clock_monotonic_ms() + (uint64_t)ms;
    struct timespec pause = {.tv_nsec = 20 * 1000000};

    if (a->end == SURVIVES)
        end_ms = clock_monotonic_ms() + (uint64_t)a->wait_ms / 2;
    while (!w->is_closed && clock_monotonic_ms() < end_ms) {
        if (!a->deaf) {
            wire_read(w, 20);
            continue;
        }
        (void)wire_send(w, (const uint8_t *)"\0\0\0\x42\0\0\0\0\0", 9, true, 0);
        (void)nanosleep(&pause, NULL);
    }
}

static void attack(const struct attack *a, const struct target *t, struct result *r)
{
    uint8_t *mem = malloc(2 * (size_t)UNIT_MAX);
    struct out o = {.at = mem};

    if (!mem || (!a->custom && wire_open(&r->wire, t->port, a->deaf ? 4096 : 0) < 0)) {
        fprintf(stderr, "FAILED %s: no connection\n", a->name);
        n_failed++;
        free(mem);
        return;
    }
    if (a->custom) {
        a->custom(&r->wire, t->port);
    } else {
        put_opening(&o, a);
        (void)wire_send(&r->wire, o.at, o.n, a->deaf, SEND_MS);
        if (a->unit)
            r->n_sent = send_units(a, &r->wire, mem);
        r->rss_kib = target_rss_kib(t); /* while all of it is there */
        wait_end(a, &r->wire);
        wire_close(&r->wire);
    }
    free(mem);
}

static long count_of(const struct target *t, enum rpc_guard g)
{
    char text[4096], name[64];
    const char *at;

    if (g == N_RPC_GUARDS)
        return 0;
    if (honest_ask(t->address, "/t.T/Stats", text, sizeof(text)) < 0)
        return -1;
    (void)snprintf(name, sizeof(name), "%s ", rpc_guard_name(g));
    for (at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, name, strlen(name)) == 0)
            return strtol(at + strlen(name), NULL, 10);
    return -1;
}

static void check_end(const struct attack *a, const struct result *r)
{
    const struct wire *w = &r->wire;
    const char *name = a->guard < N_RPC_GUARDS ? rpc_guard_name(a->guard) : "";

    switch (a->end) {
    case ENDS_WITH_GOAWAY:
        CHECK(w->code == a->code, "GOAWAY with code %u, \"%s\"; wanted %u", w->code, w->text,
              a->code);
        CHECK(a->guard == RPC_GUARD_OTHER_RULES || strstr(w->text, name) == w->text,
              "GOAWAY says \"%s\", not %s", w->text, name);
        CHECK(w->is_closed, "the connection stays open");
        break;
    case ENDS:
        CHECK(w->is_closed, "the connection stays open");
        break;
    case SURVIVES:
        CHECK(!w->is_closed && w->code == 0, "the connection was ended: %u \"%s\"", w->code,
              w->text);
        break;
    }
}

static void check(const struct attack *a, const struct result *r)
{
    check_end(a, r);
    if (a->guard < N_RPC_GUARDS)
        CHECK(r->n_counted >= (long)(a->n_counted ? a->n_counted : 1), "%s counted %ld",
              rpc_guard_name(a->guard), r->n_counted);
    CHECK(r->rss_kib <= RSS_KIB, "the server grew by %ld KiB", r->rss_kib);
    CHECK(r->cpu_s <= CPU_S, "the server used %.3f s of CPU", r->cpu_s);
    CHECK(r->honest.n_failed == 0, "%d honest calls failed, %s", r->honest.n_failed, r->honest.why);
    CHECK(r->honest.n_ok >= HONEST_CALLS, "%d honest calls", r->honest.n_ok);
    CHECK(r->honest.worst_ms <= HONEST_MS, "an honest call took %llu ms",
          (unsigned long long)r->honest.worst_ms);
}

static void run(const struct attack *a, const struct target *t)
{
    struct timespec quiet = {.tv_nsec = QUIET_MS * 1000000};
    long rss = target_rss_kib(t), before = count_of(t, a->guard), after;
    double cpu = target_cpu_s(t);
    uint64_t began_ms = clock_monotonic_ms();
    struct result *r = calloc(1, sizeof(*r));
    struct honest *h = honest_start(t->address);

    if (!r || !h)
        abort();
    (void)nanosleep(&quiet, NULL);
    attack(a, t, r);
    after = target_rss_kib(t);
    r->rss_kib = (after > r->rss_kib ? after : r->rss_kib) - rss;
    (void)nanosleep(&quiet, NULL);
    honest_stop(h, &r->honest);
    r->cpu_s = target_cpu_s(t) - cpu;
    r->took_ms = clock_monotonic_ms() - began_ms;
    r->n_counted = count_of(t, a->guard) - before;
    printf("%-22s sent %6u  code %2u %-46s %4ld counted  %+6ld KiB  %.3f s CPU of %.1f  honest %d, "
           "worst %llu ms\n",
           a->name, r->n_sent, r->wire.code, r->wire.text, r->n_counted, r->rss_kib, r->cpu_s,
           (double)r->took_ms / 1000, r->honest.n_ok, (unsigned long long)r->honest.worst_ms);
    check(a, r);
    free(r);
}

/* ---- all of them ---- */

static bool is_wanted(const char *name, char **names)
{
    for (char **n = names; *n; n++)
        if (strcmp(*n, name) == 0)
            return true;
    return !names[0];
}

static int run_table(const struct attack *table, size_t n, const struct target *t, char **names)
{
    int n_run = 0;

    for (size_t i = 0; i < n; i++) {
        if (!is_wanted(table[i].name, names))
            continue;
        run(&table[i], t);
        n_run++;
    }
    return n_run;
}

int main(int argc, char **argv)
{
    struct target t;
    int n;

    if (argc < 2) {
        fprintf(stderr, "usage: rpc-attack TARGET [NAME…]\n");
        return 2;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (target_start(&t, argv[1]) < 0)
        return 1;
    n = run_table(floods, n_floods, &t, argv + 2) +
        run_table(slow_attacks, n_slow_attacks, &t, argv + 2);
    if (target_stop(&t) < 0)
        n_failed++;
    printf("%d attacks, %d checks failed\n", n, n_failed);
    return n == 0 || n_failed > 0;
}
