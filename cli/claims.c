#include "cli/claims.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/claim.rpc.h"
#include "agentsandbox/v1/template.rpc.h"
#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"

int claims_create(struct client *c, const struct claim_wish *wish,
                  Agentsandbox__V1__CreateClaimResponse **ret, struct err *err)
{
    Agentsandbox__V1__CreateClaimRequest req = AGENTSANDBOX__V1__CREATE_CLAIM_REQUEST__INIT;
    Agentsandbox__V1__ClaimSpec spec = AGENTSANDBOX__V1__CLAIM_SPEC__INIT;
    Google__Protobuf__Timestamp end = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    char request_id[37];

    bytes_uuid(request_id);
    spec.shutdown_policy = AGENTSANDBOX__V1__SHUTDOWN_POLICY__SHUTDOWN_POLICY_DELETE;
    if (wish->template) {
        spec.source_case = AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_TEMPLATE;
        spec.template_ = (char *)wish->template;
    } else {
        spec.source_case = AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_POOL;
        spec.pool = (char *)wish->pool;
    }
    if (wish->ttl_ms) {
        end.seconds = (int64_t)(clock_realtime_ns() / 1000000000u + (wish->ttl_ms + 999) / 1000);
        spec.shutdown_time = &end;
    }
    req.namespace_ = (char *)wish->ns;
    if (wish->name)
        req.name = (char *)wish->name;
    req.request_id = request_id;
    req.spec = &spec;
    req.delete_on_failure = wish->is_temporary;
    return client_call(c, CLIENT_CONTROLLER, &agentsandbox_v1_claim_service_create_claim_method,
                       &req.base, wish->wait_ms, ret, err);
}

int claims_get(struct client *c, const char *ns, const char *name,
               Agentsandbox__V1__GetClaimResponse **ret, struct err *err)
{
    Agentsandbox__V1__GetClaimRequest req = AGENTSANDBOX__V1__GET_CLAIM_REQUEST__INIT;

    req.namespace_ = (char *)ns;
    req.name = (char *)name;
    return client_call(c, CLIENT_CONTROLLER, &agentsandbox_v1_claim_service_get_claim_method,
                       &req.base, 10000, ret, err);
}

int claims_delete(struct client *c, const char *ns, const char *name, bool allow_missing, bool wait,
                  uint64_t timeout_ms, struct err *err)
{
    Agentsandbox__V1__DeleteClaimRequest req = AGENTSANDBOX__V1__DELETE_CLAIM_REQUEST__INIT;

    req.namespace_ = (char *)ns;
    req.name = (char *)name;
    req.allow_missing = allow_missing;
    req.wait = wait;
    return client_call(c, CLIENT_CONTROLLER, &agentsandbox_v1_claim_service_delete_claim_method,
                       &req.base, timeout_ms, NULL, err);
}

/* ---- waiting for pools ---- */

struct pool_tally {
    int64_t n_pools, wanted, ready;
    char names[120]; /* of the pools, for messages */
};

static void tally_pool(struct pool_tally *t, const json_t *pool, const char *template)
{
    size_t n = strlen(t->names);

    if (template && strcmp(meta_str(pool, "spec.sandboxTemplateRef.name", ""), template) != 0)
        return;
    t->n_pools++;
    t->wanted += meta_int(pool, "spec.replicas", 1);
    t->ready += meta_int(pool, "status.readyReplicas", 0);
    (void)snprintf(t->names + n, sizeof(t->names) - n, "%s%s", n ? ", " : "", meta_name(pool));
}

static int tally_pools(struct client *c, const char *ns, const char *template,
                       struct pool_tally *ret, struct err *err)
{
    Agentsandbox__V1__ListRequest req = AGENTSANDBOX__V1__LIST_REQUEST__INIT;
    _cleanup_(client_msg_freep) Agentsandbox__V1__ListResponse *res = NULL;

    *ret = (struct pool_tally){0};
    req.kind = (char *)"SandboxWarmPool";
    req.namespace_ = (char *)ns;
    req.page_size = 1000;
    if (client_call(c, CLIENT_CONTROLLER, &agentsandbox_v1_template_service_list_method, &req.base,
                    10000, &res, err) < 0)
        return -1;
    for (size_t i = 0; i < res->n_objects; i++) {
        const ProtobufCBinaryData *text = &res->objects[i]->json;
        _cleanup_json_ json_t *pool =
            meta_parse((const char *)text->data, text->len, LIMIT_OBJECT, err);

        if (!pool)
            return err_wrap(err, "a pool from the controller");
        tally_pool(ret, pool, template);
    }
    return 0;
}

/* Why a pool is not getting ready: what its sandboxes say of themselves. */
static void explain_pools(struct client *c, const char *ns, struct err *err)
{
    Agentsandbox__V1__ListRequest req = AGENTSANDBOX__V1__LIST_REQUEST__INIT;
    _cleanup_(client_msg_freep) Agentsandbox__V1__ListResponse *res = NULL;
    struct err ignored = {0};

    req.kind = (char *)"Sandbox";
    req.namespace_ = (char *)ns;
    if (client_call(c, CLIENT_CONTROLLER, &agentsandbox_v1_template_service_list_method, &req.base,
                    2000, &res, &ignored) < 0)
        return; /* the failure that is told anyway has to do */
    for (size_t i = 0; i < res->n_objects; i++) {
        const ProtobufCBinaryData *text = &res->objects[i]->json;
        _cleanup_json_ json_t *sandbox =
            meta_parse((const char *)text->data, text->len, LIMIT_OBJECT, &ignored);
        const json_t *ready = sandbox ? meta_condition(sandbox, "Ready") : NULL;
        struct err why;

        if (!ready || strcmp(meta_str(ready, "status", ""), "True") == 0 ||
            !*meta_str(ready, "message", ""))
            continue;
        err_set(&why, err->code, meta_str(ready, "reason", "Timeout"), "%s; sandbox %s: %s",
                err->msg, meta_name(sandbox), meta_str(ready, "message", ""));
        *err = why;
        return;
    }
}

int pools_wait_ready(struct client *c, const char *ns, const char *template, uint64_t wait_ms,
                     struct err *err)
{
    uint64_t begin = clock_monotonic_ms(), said_ms = 0;
    int64_t said_ready = -1;
    struct pool_tally t;

    for (;;) {
        uint64_t now = clock_monotonic_ms();

        if (tally_pools(c, ns, template, &t, err) < 0)
            return -1;
        if (t.n_pools == 0)
            return 0; /* the claim will be started cold */
        if (t.ready != said_ready || now - said_ms >= 5000) {
            ctl_say("warm pool %s: %lld of %lld ready (%.1f s)", t.names, (long long)t.ready,
                    (long long)t.wanted, (double)(now - begin) / 1000);
            said_ready = t.ready;
            said_ms = now;
        }
        if (t.ready >= t.wanted)
            return 0;
        if (now - begin > wait_ms) {
            err_set(err, RPC_DEADLINE_EXCEEDED, "Timeout",
                    "warm pool %s has only %lld of %lld ready after %llu s", t.names,
                    (long long)t.ready, (long long)t.wanted, (unsigned long long)wait_ms / 1000);
            explain_pools(c, ns, err);
            return -1;
        }
        if (client_sleep(c, 50, err) < 0)
            return -1;
    }
}
