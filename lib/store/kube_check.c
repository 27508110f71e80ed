/*
 * The store's conformance on a real API server, the one of $KUBECONFIG: run by
 * tests/cluster/store_test.py, which makes CRDs that take any spec. The server must be ours alone:
 * what it holds of our kinds is deleted before each test.
 *
 *     kube-store-check            the conformance
 *     kube-store-check memory     waits for the first lists and prints what each kind costs
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/clock.h"
#include "lib/kube/kube_config.h"
#include "lib/store/conformance.h"
#include "lib/store/store_impl.h"
#include "lib/store/store_kube.h"

#define WAIT_MS 60000

struct place {
    struct kube_client *client;
    unsigned n_under_way;
    char why[ERR_MSG_MAX];
};

static int open_client(struct place *p, struct loop *loop, struct err *err)
{
    const struct kube_client_opts opts = {.separate_watches = true};
    struct kube_config *config;

    if (kube_config_find(&config, NULL, NULL, err) < 0)
        return -1;
    return kube_client_new(&p->client, loop, config, &opts, err);
}

/* ---- an empty server ---- */

static void on_deleted(const struct kube_result *res, void *user)
{
    struct place *p = user;

    p->n_under_way--;
    if (res->err)
        (void)snprintf(p->why, sizeof(p->why), "%s", res->err->msg);
}

static int delete_all(struct place *p, struct loop *loop, struct err *err)
{
    static const char *const kinds[][2] = {{"agents.x-k8s.io", "sandboxes"},
                                           {"extensions.agents.x-k8s.io", "sandboxclaims"},
                                           {"extensions.agents.x-k8s.io", "sandboxtemplates"},
                                           {"extensions.agents.x-k8s.io", "sandboxwarmpools"}};
    static const char *const namespaces[] = {"default", "zzz"};
    char path[200];

    for (size_t i = 0; i < ARRAY_SIZE(kinds) * ARRAY_SIZE(namespaces); i++) {
        struct kube_request req = {.method = KUBE_DELETE, .path = path};

        (void)snprintf(path, sizeof(path), "/apis/%s/v1beta1/namespaces/%s/%s", kinds[i / 2][0],
                       namespaces[i % 2], kinds[i / 2][1]);
        if (kube_call(NULL, p->client, &req, on_deleted, p, err) < 0)
            return -1;
        p->n_under_way++;
    }
    while (p->n_under_way > 0)
        (void)loop_turn(loop, true); /* each has its deadline */
    return p->why[0] ? err_set(err, RPC_INTERNAL, "NotEmptied", "%s", p->why) : 0;
}

/* ---- a store on it ---- */

static void on_trouble(const char *kind, const struct err *err, unsigned wait_ms, void *user)
{
    (void)user;
    if (err)
        fprintf(stderr, "%s: %s (again in %u ms)\n", kind, err->msg, wait_ms);
}

static int open_store(struct store **ret, struct place *p, struct loop *loop, struct err *err)
{
    const struct store_kube_opts opts = {.trouble = on_trouble};
    _cleanup_(store_freep) struct store *s = NULL;
    uint64_t end = clock_monotonic_ms() + WAIT_MS;

    if (store_new_kube(&s, loop, p->client, &opts, err) < 0)
        return -1;
    while (!store_is_synced(s) && clock_monotonic_ms() < end)
        (void)loop_turn(loop, true);
    if (!store_is_synced(s))
        return err_set(err, RPC_DEADLINE_EXCEEDED, "NotSynced", "the first lists did not come");
    *ret = TAKE_PTR(s);
    return 0;
}

static int make(struct store **ret, struct loop *loop, void *user, struct err *err)
{
    struct place *p = user;

    p->why[0] = '\0';
    if (open_client(p, loop, err) < 0 || delete_all(p, loop, err) < 0)
        return -1;
    return open_store(ret, p, loop, err);
}

static void clean(void *user)
{
    kube_client_free(TAKE_PTR(((struct place *)user)->client));
}

/* ---- what it costs ---- */

static size_t rss_anon_kib(void)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    size_t kib = 0;

    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "RssAnon: %zu kB", &kib) == 1)
            break;
    if (f)
        (void)fclose(f); /* only read from */
    return kib;
}

static int measure(struct place *p, struct err *err)
{
    struct loop *loop;
    struct store *s = NULL;
    size_t before, after;
    int r = -1;

    if (loop_new(&loop, err) < 0)
        return -1;
    if (open_client(p, loop, err) == 0) {
        before = mallinfo2().uordblks;
        r = open_store(&s, p, loop, err);
        after = mallinfo2().uordblks;
        if (r == 0)
            printf("sandboxes=%zu pods=%zu heap_bytes=%zu bytes_per_object=%zu rss_anon_kib=%zu\n",
                   store_count(s, "Sandbox"), store_count(s, "Pod"), after - before,
                   s->n_objects ? (after - before) / s->n_objects : 0, rss_anon_kib());
    }
    store_free(s);
    clean(p);
    loop_free(loop);
    return r;
}

int main(int argc, char **argv)
{
    struct place p = {0};
    struct err err = {0};
    struct conformance c = {.name = "kubernetes", .make = make, .clean = clean, .user = &p};

    if (argc == 1)
        return store_conformance(&c) ? 1 : 0;
    if (strcmp(argv[1], "memory") == 0 && measure(&p, &err) == 0)
        return 0;
    fprintf(stderr, "kube-store-check: %s\n", err.msg[0] ? err.msg : "usage: [memory]");
    return 1;
}
