/* What a finished transfer means: an answer, an error, or another try. */
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/kube/client_impl.h"

#define RETRY_DEFAULT_S 1

static bool is_write(const struct kube_call *call)
{
    return call->asked.method != KUBE_GET;
}

/* ---- no answer ---- */

static bool was_sent(struct kube_call *call)
{
    long n = 0;

    if (!call->easy)
        return call->was_sent;
    (void)call->client->curl->easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &n);
    return n > 0;
}

/* Where no transfer began, nothing can have happened. */
static bool is_before_sending(CURLcode code)
{
    static const CURLcode all[] = {
        CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,
        CURLE_SSL_CONNECT_ERROR,     CURLE_SSL_CERTPROBLEM,      CURLE_PEER_FAILED_VERIFICATION,
        CURLE_SSL_CACERT_BADFILE,    CURLE_URL_MALFORMAT,        CURLE_SSL_CIPHER,
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i] == code)
            return true;
    return false;
}

static void say_unreachable(struct kube_call *call, CURLcode code)
{
    const struct kube_client *c = call->client;
    const char *why = call->why[0] ? call->why
                      : call->easy ? c->curl->easy_strerror(code)
                                   : "the connection was lost";

    (void)err_set(&call->err, RPC_UNAVAILABLE, "ApiServerUnreachable",
                  "the API server %s cannot be reached to %s %s: %s", kube_client_server(c),
                  kube_verb(&call->asked),
                  call->asked.resource ? call->asked.resource->plural : call->asked.path, why);
}

static void judge_failure(struct kube_call *call, CURLcode code)
{
    call->is_uncertain = is_write(call) && !is_before_sending(code) && was_sent(call);
    call->status = call->is_stream ? kube_conn_status(call) : 0; /* what came before counts */
    if (call->is_too_large) {
        (void)err_set(&call->err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
                      "the API server's answer to %s %s has more than %zu bytes",
                      kube_verb(&call->asked), call->asked.path, call->in.max);
    } else if (code == CURLE_OUT_OF_MEMORY || call->has_no_memory) {
        (void)err_oom(&call->err);
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        call->conn->wants_fresh = true; /* it may be the connection that is dead */
        (void)err_set(&call->err, RPC_DEADLINE_EXCEEDED, "Timeout",
                      "the API server %s did not answer within %llu ms to %s %s \"%s\"",
                      kube_client_server(call->client),
                      (unsigned long long)(call->deadline_ms - call->made_ms),
                      kube_verb(&call->asked),
                      call->asked.resource ? call->asked.resource->plural : call->asked.path,
                      call->asked.name);
    } else {
        say_unreachable(call, code);
    }
}

/* ---- answers ---- */

/* How long the server wants us to wait, in seconds; < 0: it does not say. */
static int64_t retry_after_s(struct kube_call *call)
{
    curl_off_t s = call->retry_after_s;

    if (call->easy)
        (void)call->client->curl->easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &s);
    if (s > 0)
        return MIN(s, KUBE_MAX_RETRY_AFTER_S);
    s = meta_int(call->answer, "details.retryAfterSeconds", 0);
    return s > 0 ? MIN(s, KUBE_MAX_RETRY_AFTER_S) : -1;
}

/* 429 says that nothing was done; 503 and others with Retry-After the same (as client-go takes it).
 */
static bool may_come_again(struct kube_call *call)
{
    int64_t wait_s = retry_after_s(call);
    uint64_t now = loop_now_ms(call->client->loop), wait_ms;
    uint16_t chance;

    if (call->status != 429 && !(call->status >= 500 && wait_s > 0))
        return false;
    if (call->n_retries >= KUBE_MAX_RETRIES)
        return false;
    bytes_random(&chance, sizeof(chance));
    wait_ms = (uint64_t)(wait_s > 0 ? wait_s : RETRY_DEFAULT_S) * 1000;
    wait_ms += wait_ms * (chance % 100) / 400; /* not all at once */
    if (now + wait_ms >= call->deadline_ms)
        return false;
    call->again_ms = now + wait_ms;
    return true;
}

/* Whether the answer is JSON; what is to be told of it is read. */
static bool read_answer(struct kube_call *call, struct err *err)
{
    const char *text = (const char *)buf_data(&call->in);
    size_t n = buf_len(&call->in);
    int r;

    if (call->wants_text && call->status / 100 == 2) {
        r = kube_ident_read(&call->ident, text, n, n, err);
        call->has_ident = r == 0;
        return r >= 0;
    }
    call->answer = meta_parse(text, n, n, err);
    return call->answer != NULL;
}

static void parse_answer(struct kube_call *call)
{
    struct err err = {0};

    if (buf_len(&call->in) == 0 || read_answer(call, &err) || call->status >= 300)
        return;
    call->is_uncertain = is_write(call); /* it has happened, but what? */
    call->err = err;
    if (err.code != RPC_RESOURCE_EXHAUSTED)
        (void)err_recode(&call->err, RPC_UNAVAILABLE, "GarbledAnswer");
    (void)err_wrap(&call->err, "the API server's answer to %s %s is no JSON",
                   kube_verb(&call->asked),
                   call->asked.resource ? call->asked.resource->plural : call->asked.path);
}

static enum kube_verdict judge_answer(struct kube_call *call)
{
    call->status = kube_conn_status(call);
    if (call->status / 100 == 2 && call->is_stream)
        return KUBE_VERDICT_END;
    parse_answer(call);
    if (call->status / 100 == 2)
        return KUBE_VERDICT_END;
    if (may_come_again(call))
        return KUBE_VERDICT_AFTER;
    if (call->status == 401 && !call->was_refused && kube_auth_refused(call->client->auth)) {
        call->was_refused = true;
        return KUBE_VERDICT_AGAIN;
    }
    call->is_uncertain = is_write(call) && call->status >= 500;
    (void)kube_error_from_answer(&call->err, &call->asked, call->status, call->answer,
                                 (const char *)buf_data(&call->in), buf_len(&call->in));
    return KUBE_VERDICT_END;
}

enum kube_verdict kube_answer_judge(struct kube_call *call, CURLcode code)
{
    if (code == CURLE_OK)
        return judge_answer(call);
    judge_failure(call, code);
    return KUBE_VERDICT_END;
}
