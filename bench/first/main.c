/*
 * bench-first: the first figures of a running system. Prints one line per sample,
 * "name<TAB>microseconds"; bench/first/run starts the system, calls this and makes the table.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "bench/first/client.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"

struct what {
    const char *controller, *router;
    const char *sandbox; /* claimed already */
    const char *pool, *cold_template, *probed_template;
    const char *bare_bundle, *runsc;
    char *const *runsc_flags;
    uint64_t runs;
};

static void sample(const char *name, uint64_t from_ns)
{
    (void)printf("%s\t%.1f\n", name, (double)(clock_monotonic_ns() - from_ns) / 1000);
    (void)fflush(stdout);
}

static void progress(const char *what)
{
    (void)fprintf(stderr, "bench-first: %s\n", what);
}

static void warm_claims(struct bench *b, const struct what *w)
{
    progress("warm claims");
    for (uint64_t i = 0; i < w->runs; i++) {
        struct bench_claim c;
        uint64_t from_ns;

        bench_pool_wait(b, w->pool, 2);
        from_ns = clock_monotonic_ns();
        bench_claim_create(b, w->pool, NULL, &c);
        sample("warm_claim", from_ns);
        if (!c.is_warm)
            bench_die("a claim from the full pool was not served from it", NULL);
        from_ns = clock_monotonic_ns();
        bench_agent_answers(b, b->router, c.sandbox);
        sample("claim_first_answer", from_ns);
        bench_claim_delete(b, &c);
    }
}

static void execs(struct bench *b, const struct what *w, const char *sandbox)
{
    static const char *const argv[] = {"/bin/true", NULL};

    progress("exec of /bin/true");
    bench_exec(b, sandbox, argv); /* once for the file cache */
    for (uint64_t i = 0; i < 4 * w->runs; i++) {
        uint64_t from_ns = clock_monotonic_ns();

        bench_exec(b, sandbox, argv);
        sample("exec_true", from_ns);
    }
}

static void echoes(struct bench *b, const struct what *w, const char *sandbox)
{
    struct bench_cat *cat;
    char line[64];

    progress("round trips through cat");
    memset(line, 'x', sizeof(line));
    cat = bench_cat_open(b, sandbox);
    bench_cat_echo(cat, line, sizeof(line));
    for (uint64_t i = 0; i < 20 * w->runs; i++) {
        uint64_t from_ns = clock_monotonic_ns();

        bench_cat_echo(cat, line, sizeof(line));
        sample("round_trip", from_ns);
    }
    bench_cat_close(cat);
}

static void answers(struct bench *b, const struct what *w, const char *sandbox)
{
    progress("unary calls that the agent answers at once");
    for (uint64_t i = 0; i < 20 * w->runs; i++) {
        uint64_t from_ns = clock_monotonic_ns();

        bench_agent_answers(b, b->router, sandbox);
        sample("unary_call", from_ns);
    }
}

static void cold_create(struct bench *b, const char *template, const char *name)
{
    uint64_t from_ns = clock_monotonic_ns();
    struct bench_claim c;

    bench_claim_create(b, NULL, template, &c);
    bench_agent_answers(b, b->router, c.sandbox);
    sample(name, from_ns);
    if (c.is_warm)
        bench_die("a cold claim was served from a pool", NULL);
    bench_claim_delete(b, &c);
}

/* Pairwise, so that both see the same machine. */
static void cold_creates(struct bench *b, const struct what *w)
{
    progress("cold creates, and bare runs of the same agent");
    for (uint64_t i = 0; i < w->runs; i++) {
        if (w->cold_template)
            cold_create(b, w->cold_template, "cold_create");
        if (w->bare_bundle)
            (void)printf("bare_run\t%.1f\n",
                         bench_bare_run(b, w->runsc, w->runsc_flags, w->bare_bundle, (int)i));
        if (w->probed_template)
            cold_create(b, w->probed_template, "cold_create_probed");
    }
}

static void use_sandbox(struct bench *b, const struct what *w, const char *sandbox)
{
    answers(b, w, sandbox);
    execs(b, w, sandbox);
    echoes(b, w, sandbox);
}

static void run(const struct what *w)
{
    struct bench b;
    struct bench_claim c;

    bench_open(&b, w->controller, w->router);
    if (w->pool) {
        warm_claims(&b, w);
        bench_pool_wait(&b, w->pool, 2);
        bench_claim_create(&b, w->pool, NULL, &c);
        use_sandbox(&b, w, c.sandbox);
        bench_claim_delete(&b, &c);
    }
    if (w->sandbox)
        use_sandbox(&b, w, w->sandbox);
    if (w->cold_template || w->bare_bundle)
        cold_creates(&b, w);
    bench_close(&b);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"controller", required_argument, NULL, 'c'},
        {"router", required_argument, NULL, 'r'},
        {"pool", required_argument, NULL, 'p'},
        {"cold-template", required_argument, NULL, 't'},
        {"probed-template", required_argument, NULL, 'T'},
        {"bare-bundle", required_argument, NULL, 'b'},
        {"runsc", required_argument, NULL, 'R'},
        {"sandbox", required_argument, NULL, 's'},
        {"runs", required_argument, NULL, 'n'},
        {0},
    };
    struct what w = {.runsc = "runsc", .runs = 50};
    int id;

    while ((id = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char **texts[] = {
            ['c'] = &w.controller,    ['r'] = &w.router,          ['p'] = &w.pool,
            ['t'] = &w.cold_template, ['T'] = &w.probed_template, ['b'] = &w.bare_bundle,
            ['R'] = &w.runsc,         ['s'] = &w.sandbox};

        if (id == '?' || (id == 'n' && bytes_parse_u64(optarg, 1, 1000, &w.runs) < 0))
            return 2;
        if (id != 'n')
            *texts[id] = optarg;
    }
    if (!w.controller || !w.router) {
        (void)fprintf(
            stderr,
            "Usage: bench-first --controller TARGET --router TARGET [--sandbox S] [--pool P] [--cold-template T]\n"
            "       [--probed-template T] [--bare-bundle DIR] [--runsc PATH] [--runs N] [-- RUNSC-FLAG…]\n");
        return 2;
    }
    w.runsc_flags = argv + optind;
    run(&w);
    return 0;
}
