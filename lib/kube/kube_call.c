/* One request, from the caller's words to its place in a lane; and what the outside may do with it.
 */
#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/kube/client_impl.h"

#define STREAM_ROOM_BYTES (2u * 1024 * 1024) /* what libcurl may add in one go */

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

/* Copies of the strings that messages need, in one piece. */
static int copy_asked(struct kube_call *call, const struct kube_request *req)
{
    const char *parts[] = {or_empty(req->ns), or_empty(req->name), or_empty(req->subresource),
                           or_empty(req->path)};
    const char *copies[ARRAY_SIZE(parts)];
    size_t n = 0, at = 0;

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        n += strlen(parts[i]) + 1;
    call->text = malloc(n);
    if (!call->text)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        copies[i] = call->text + at;
        (void)memcpy(call->text + at, parts[i], strlen(parts[i]) + 1);
        at += strlen(parts[i]) + 1;
    }
    call->asked = (struct kube_asked){.method = req->method,
                                      .resource = req->resource,
                                      .ns = copies[0],
                                      .name = copies[1],
                                      .subresource = copies[2],
                                      .path = copies[3],
                                      .is_list = req->resource && !copies[1][0]};
    return 0;
}

static int write_body(struct kube_call *call, const struct kube_request *req, struct err *err)
{
    size_t max = req->max_body_bytes ? req->max_body_bytes : KUBE_DEFAULT_BODY, n;

    if (!req->body)
        return 0;
    call->body = meta_text(req->body, err);
    if (!call->body)
        return -1;
    n = strlen(call->body);
    if (n > max)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
                       "cannot %s %s \"%s\": %zu bytes to send; %zu is the most",
                       kube_verb(&call->asked), req->resource ? req->resource->plural : "",
                       call->asked.name, n, max);
    return 0;
}

void kube_call_free(struct kube_call *call)
{
    if (!call)
        return;
    list_remove(&call->link);
    list_remove(&call->news);
    free(call->url);
    free(call->body);
    free(call->text);
    buf_done(&call->in);
    json_decref(call->answer);
    free(call);
}
DEFINE_CLEANUP(struct kube_call *, kube_call_free)

int kube_call_new(struct kube_call **ret, struct kube_client *c, const struct kube_request *req,
                  bool is_stream, struct err *err)
{
    _cleanup_(kube_call_freep) struct kube_call *call = calloc(1, sizeof(*call));
    size_t max = req->max_bytes;

    if (!call)
        return err_oom(err);
    list_init(&call->link);
    list_init(&call->news);
    call->client = c;
    call->is_stream = is_stream;
    call->wants_text = req->wants_text;
    call->lane = req->lane;
    call->is_ahead = req->is_ahead;
    buf_init(&call->in, 0);
    if (copy_asked(call, req) < 0)
        return err_oom(err);
    call->url = kube_url(c->base_url, req);
    if (!call->url)
        return err_oom(err);
    if (write_body(call, req, err) < 0)
        return -1;
    if (max == 0)
        max = call->asked.is_list && req->method == KUBE_GET ? KUBE_DEFAULT_LIST
                                                             : KUBE_DEFAULT_ANSWER;
    buf_init(&call->in, is_stream ? max + STREAM_ROOM_BYTES : max);
    call->made_ms = loop_now_ms(c->loop);
    call->deadline_ms = call->made_ms + (req->timeout_ms ? req->timeout_ms : c->opts.timeout_ms);
    *ret = TAKE_PTR(call);
    return 0;
}

/* What ends something that was begun goes before what begins, in the order of its coming. */
static void put_in_lane(struct kube_client *c, struct kube_call *call)
{
    struct list *lane = &c->waiting[call->lane], *at = lane;

    if (call->is_ahead)
        for (at = lane->next; at != lane && CONTAINER_OF(at, struct kube_call, link)->is_ahead;)
            at = at->next;
    list_push_back(at, &call->link); /* before `at` */
}

static int enqueue(struct kube_client *c, struct kube_call *call, struct err *err)
{
    if (c->n_waiting >= KUBE_MAX_WAITING)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooManyRequests",
                       "%zu requests to the API server wait already", c->n_waiting);
    call->state = KUBE_CALL_WAITING;
    put_in_lane(c, call);
    c->n_waiting++;
    kube_client_poke(c);
    return 0;
}

int kube_call(struct kube_call **ret, struct kube_client *c, const struct kube_request *req,
              kube_done_fn done, void *user, struct err *err)
{
    _cleanup_(kube_call_freep) struct kube_call *call = NULL;

    if (kube_call_new(&call, c, req, false, err) < 0 || enqueue(c, call, err) < 0)
        return -1;
    call->done = done;
    call->user = user;
    if (ret)
        *ret = call;
    (void)TAKE_PTR(call); /* its list's now */
    return 0;
}

int kube_stream(struct kube_call **ret, struct kube_client *c, const struct kube_request *req,
                bool is_watch, void (*on_data)(struct kube_call *call, void *user),
                kube_done_fn done, void *user, struct err *err)
{
    _cleanup_(kube_call_freep) struct kube_call *call = NULL;

    if (kube_call_new(&call, c, req, true, err) < 0)
        return -1;
    call->asked.is_watch = is_watch;
    call->asked.is_list = !is_watch;
    call->lane = is_watch ? KUBE_LANE_WATCH : call->lane;
    call->done = done;
    call->on_data = on_data;
    call->user = user;
    if (enqueue(c, call, err) < 0)
        return -1;
    *ret = TAKE_PTR(call);
    return 0;
}

struct buf *kube_stream_in(struct kube_call *call)
{
    return &call->in;
}

void kube_stream_distrust(struct kube_call *call)
{
    if (call->conn)
        call->conn->wants_fresh = true;
}

void kube_call_cancel(struct kube_call *call)
{
    struct kube_client *c;

    if (!call)
        return;
    c = call->client;
    if (call->state == KUBE_CALL_RUNNING) {
        kube_conn_stop(call);
        c->n_in_flight[call->lane]--;
        kube_client_poke(c);
    } else if (call->state != KUBE_CALL_ENDED) {
        c->n_waiting--;
    }
    kube_call_free(call);
}

void kube_call_end(struct kube_call *call)
{
    list_remove(&call->link);
    call->state = KUBE_CALL_ENDED;
    list_push_back(&call->client->ended, &call->link);
    kube_client_poke(call->client);
}

json_t *kube_delete_options(const char *uid, uint64_t resource_version, int64_t grace_s,
                            const char *propagation)
{
    json_t *o = json_pack("{ss ss}", "apiVersion", "v1", "kind", "DeleteOptions");
    char version[24];
    bool bad = !o;

    (void)snprintf(version, sizeof(version), "%llu", (unsigned long long)resource_version);
    if (uid && uid[0])
        bad |= meta_set_str(o, "preconditions.uid", uid, NULL) < 0;
    if (resource_version)
        bad |= meta_set_str(o, "preconditions.resourceVersion", version, NULL) < 0;
    if (grace_s >= 0)
        bad |= meta_set_int(o, "gracePeriodSeconds", grace_s, NULL) < 0;
    if (propagation)
        bad |= meta_set_str(o, "propagationPolicy", propagation, NULL) < 0;
    if (!bad)
        return o;
    json_decref(o);
    return NULL;
}
