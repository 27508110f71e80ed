#include "lib/kube/kube_error.h"

#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"

const char *kube_verb(const struct kube_asked *asked)
{
    switch (asked->method) {
    case KUBE_GET:
        return asked->is_watch ? "watch" : asked->is_list ? "list" : "get";
    case KUBE_POST:
        return "create";
    case KUBE_PUT:
        return "update";
    case KUBE_PATCH:
        return "patch";
    case KUBE_DELETE:
        return "delete";
    }
    return "use";
}

/* "sandboxclaims.extensions.agents.x-k8s.io/status" */
static void format_resource(const struct kube_asked *asked, char *ret, size_t n)
{
    const struct kube_resource *r = asked->resource;
    const char *slash = r ? strchr(r->api_version, '/') : NULL;
    const char *sub = asked->subresource ? asked->subresource : "";

    if (!r) {
        (void)snprintf(ret, n, "%s", asked->path ? asked->path : "it");
        return;
    }
    (void)snprintf(ret, n, "%s%s%.*s%s%s", r->plural, slash ? "." : "",
                   slash ? (int)(slash - r->api_version) : 0, r->api_version, sub[0] ? "/" : "",
                   sub);
}

/* `patch sandboxclaims.… "web-1" in namespace "default"` */
static void format_asked(const struct kube_asked *asked, char *ret, size_t n)
{
    bool has_name = asked->name && asked->name[0], has_ns = asked->ns && asked->ns[0];
    char what[200];

    format_resource(asked, what, sizeof(what));
    (void)snprintf(ret, n, "%s %s%s%s%s%s%s%s", kube_verb(asked), what, has_name ? " \"" : "",
                   has_name ? asked->name : "", has_name ? "\"" : "",
                   has_ns ? " in namespace \"" : "", has_ns ? asked->ns : "", has_ns ? "\"" : "");
}

static const struct meaning {
    int status;
    int code;
    const char *reason;
    const char *word;
} meanings[] = {
    {400, RPC_INVALID_ARGUMENT, "BadRequest", "refused"},
    {401, RPC_UNAUTHENTICATED, "Unauthorized", "the API server does not know us"},
    {403, RPC_PERMISSION_DENIED, "Forbidden", "forbidden"},
    {404, RPC_NOT_FOUND, "NotFound", "not found"},
    {405, RPC_UNIMPLEMENTED, "MethodNotAllowed", "not allowed"},
    {406, RPC_INVALID_ARGUMENT, "BadRequest", "refused"},
    {408, RPC_DEADLINE_EXCEEDED, "Timeout", "too slow"},
    {409, RPC_ABORTED, "Conflict", "conflict"},
    {410, RPC_OUT_OF_RANGE, "Expired", "expired"},
    {413, RPC_RESOURCE_EXHAUSTED, "TooLarge", "too large"},
    {415, RPC_INVALID_ARGUMENT, "BadRequest", "refused"},
    {422, RPC_INVALID_ARGUMENT, "Invalid", "invalid"},
    {429, RPC_RESOURCE_EXHAUSTED, "TooManyRequests", "too many requests"},
    {503, RPC_UNAVAILABLE, "ApiServerError", "the API server is not available"},
    {504, RPC_UNAVAILABLE, "ApiServerError", "the API server was too slow"},
};

static struct meaning meaning_of(int status, const json_t *body)
{
    const char *reason = meta_str(body, "reason", "");

    if (status == 409 && strcmp(reason, "AlreadyExists") == 0)
        return (struct meaning){409, RPC_ALREADY_EXISTS, "AlreadyExists", "already there"};
    /* No object of that name, or no such resource at all: a CRD that is missing, or another version
     * of it. Only the first names the object in its details. */
    if (status == 404 && !meta_get(body, "details.name"))
        return (struct meaning){404, RPC_NOT_FOUND, "ResourceNotServed",
                                "the API server serves no such resource (is its CRD installed, in "
                                "this version?)"};
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (meanings[i].status == status)
            return meanings[i];
    if (status >= 500)
        return (struct meaning){status, RPC_UNAVAILABLE, "ApiServerError", "the API server failed"};
    return (struct meaning){status, RPC_INTERNAL, "UnexpectedAnswer", "unexpected answer"};
}

int kube_error_from_answer(struct err *err, const struct kube_asked *asked, int status,
                           const json_t *body, const char *text, size_t n_text)
{
    struct meaning m = meaning_of(status, body);
    const char *said = meta_str(body, "message", "");
    char what[640], shown[160] = "";

    format_asked(asked, what, sizeof(what));
    if (!said[0] && n_text > 0)
        said = bytes_escape(text, MIN(n_text, 120u), shown, sizeof(shown));
    return err_set(err, m.code, m.reason, "%s: cannot %s: HTTP %d%s%s", m.word, what, status,
                   said[0] ? ": " : "", said);
}

int kube_error_from_status(struct err *err, const struct kube_asked *asked, const json_t *status)
{
    return kube_error_from_answer(err, asked, (int)meta_int(status, "code", 500), status, "", 0);
}
