/* Where a request goes: https://server/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME/SUB?QUERY. */
#include <string.h>

#include "lib/kube/client_impl.h"

#define MAX_URL_BYTES 16384

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           memchr("-._~", c, 4);
}

static int add_escaped(struct buf *b, const char *s, struct err *err)
{
    for (; *s; s++)
        if ((is_unreserved((unsigned char)*s)
                 ? buf_append(b, s, 1, err)
                 : buf_appendf(b, err, "%%%02X", (unsigned char)*s)) < 0)
            return -1;
    return 0;
}

int kube_query_add(struct buf *b, const char *key, const char *value, struct err *err)
{
    if (buf_appendf(b, err, "%s%s=", buf_len(b) ? "&" : "", key) < 0)
        return -1;
    return add_escaped(b, value, err);
}

static int add_part(struct buf *b, const char *part, struct err *err)
{
    if (!part || !part[0])
        return 0;
    if (buf_append_str(b, "/", err) < 0)
        return -1;
    return add_escaped(b, part, err);
}

static int add_resource(struct buf *b, const struct kube_request *req, struct err *err)
{
    const struct kube_resource *r = req->resource;
    bool has_ns = !r->is_cluster && req->ns && req->ns[0];

    if (buf_appendf(b, err, "/%s/%s", strchr(r->api_version, '/') ? "apis" : "api",
                    r->api_version) < 0 ||
        (has_ns && buf_append_str(b, "/namespaces", err) < 0) ||
        add_part(b, has_ns ? req->ns : NULL, err) < 0 || add_part(b, r->plural, err) < 0 ||
        add_part(b, req->name, err) < 0)
        return -1;
    return add_part(b, req->subresource, err);
}

char *kube_url(const char *server, const struct kube_request *req)
{
    bool has_query = req->query && req->query[0];
    const char *text;
    char *out = NULL;
    struct buf b;

    buf_init(&b, MAX_URL_BYTES);
    if (buf_append_str(&b, server, NULL) == 0 &&
        (req->path ? buf_append_str(&b, req->path, NULL) : add_resource(&b, req, NULL)) == 0 &&
        (!has_query || buf_appendf(&b, NULL, "?%s", req->query) == 0) &&
        (text = buf_cstr(&b, NULL)))
        out = strdup(text);
    buf_done(&b);
    return out;
}
