#include "services/controller/kube_serve.h"
#include "services/controller/claim.h"

#include <fcntl.h>
#include <string.h>

#include "lib/base/fd.h"
#include "lib/http/http1_listen.h"

#define DOMAINS_FILE "/etc/sandbox-config/allowed-label-domains"

enum { MAX_DOMAINS = 64 * 1024 };

struct kube_serve {
    struct metrics *metrics;
    struct http1_server *probes, *pages;
    struct http1_listener *probe_port, *page_port;
    char *label_domains;
    bool (*is_ready)(void *user);
    void *user;
};

static void not_found(struct http1_reply *reply, const char *what)
{
    reply->status = 404;
    (void)buf_appendf(&reply->body, NULL, "here is only %s\n", what); /* the status says it too */
}

static void on_probe(const struct http1_request *req, struct http1_reply *reply, void *user)
{
    struct kube_serve *s = user;
    bool asks_ready = strncmp(req->path, "/readyz", 7) == 0;

    if (!asks_ready && strncmp(req->path, "/healthz", 8) != 0) {
        not_found(reply, "/healthz and /readyz");
    } else if (asks_ready && s->is_ready && !s->is_ready(s->user)) {
        reply->status = 503;
        (void)buf_append_str(&reply->body, "the CRDs do not know the webhook's certificate yet\n",
                             NULL);
    } else {
        (void)buf_append_str(&reply->body, "ok", NULL);
    }
}

static void on_page(const struct http1_request *req, struct http1_reply *reply, void *user)
{
    struct kube_serve *s = user;
    struct err err;

    if (strcmp(req->path, "/metrics") != 0) {
        not_found(reply, "/metrics");
        return;
    }
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    if (metrics_write(s->metrics, &reply->body, &err) < 0) {
        reply->status = 500;
        buf_clear(&reply->body);
        (void)buf_appendf(&reply->body, NULL, "%s\n", err.msg);
    }
}

/* "0" and "" serve nothing. */
static int serve(struct http1_server **server, struct http1_listener **port, struct loop *loop,
                 const char *address, http1_handler handler, struct kube_serve *s, struct err *err)
{
    if (!address[0] || strcmp(address, "0") == 0)
        return 0;
    if (http1_server_new(server, loop, handler, s, err) < 0)
        return -1;
    return http1_listen(port, loop, address, *server, err);
}

/* No file is the usual case; one that cannot be read is said, and the default holds. */
static void read_domains(struct kube_serve *s)
{
    struct buf text;
    struct err err;

    buf_init(&text, MAX_DOMAINS);
    if (access(DOMAINS_FILE, F_OK) < 0)
        return;
    if (fd_read_file(AT_FDCWD, DOMAINS_FILE, &text, &err) < 0)
        log_warn("cannot read the allowed label domains, using the default", LOG_ERR(&err));
    else if (buf_len(&text) > 0 && buf_cstr(&text, NULL))
        s->label_domains = claim_label_domains(buf_cstr(&text, NULL)); /* NULL: the default */
    buf_done(&text);
}

int kube_serve_new(struct kube_serve **ret, struct loop *loop, const struct kube_options *options,
                   struct metrics *metrics, struct err *err)
{
    _cleanup_(kube_serve_freep) struct kube_serve *s = calloc(1, sizeof(*s));

    if (!s)
        return err_oom(err);
    s->metrics = metrics;
    read_domains(s);
    if (serve(&s->probes, &s->probe_port, loop, options->probe_address, on_probe, s, err) < 0)
        return err_wrap(err, "--health-probe-bind-address");
    if (serve(&s->pages, &s->page_port, loop, options->metrics_address, on_page, s, err) < 0)
        return err_wrap(err, "--metrics-bind-address");
    *ret = TAKE_PTR(s);
    return 0;
}

void kube_serve_free(struct kube_serve *s)
{
    if (!s)
        return;
    http1_listener_free(s->probe_port);
    http1_listener_free(s->page_port);
    http1_server_free(s->probes);
    http1_server_free(s->pages);
    free(s->label_domains);
    free(s);
}

const char *kube_serve_label_domains(const struct kube_serve *s)
{
    return s->label_domains;
}

void kube_serve_ready_when(struct kube_serve *s, bool (*is_ready)(void *user), void *user)
{
    s->is_ready = is_ready;
    s->user = user;
}
