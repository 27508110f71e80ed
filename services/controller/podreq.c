#include "services/controller/podreq.h"

#include <string.h>

#include "lib/api/podspec.h"
#include "services/controller/names.h"
#include "services/controller/obj.h"

typedef Agentsandbox__V1__CreateSandboxRequest Request;
typedef Agentsandbox__V1__Container Container;
typedef Agentsandbox__V1__Probe Probe;

/* A message in the arena, initialised; NULL: out of memory. */
static void *make(const ProtobufCMessageDescriptor *desc, struct arena *a)
{
    void *m = arena_alloc(a, desc->sizeof_message);

    if (m)
        protobuf_c_message_init(desc, m);
    return m;
}

static size_t count(const char *const *list)
{
    size_t n = 0;

    while (list && list[n])
        n++;
    return n;
}

static int put_env(Container *c, const struct podspec *spec, struct arena *a)
{
    c->env = arena_alloc(a, (spec->n_env + 1) * sizeof(*c->env));
    if (!c->env)
        return -1;
    for (size_t i = 0; i < spec->n_env; i++) {
        Agentsandbox__V1__ContainerEnv *env = make(&agentsandbox__v1__container_env__descriptor, a);

        if (!env)
            return -1;
        env->name = (char *)spec->env[i].name;
        env->value = (char *)spec->env[i].value;
        c->env[c->n_env++] = env;
    }
    return 0;
}

static int put_mounts(Container *c, const struct podspec *spec, struct arena *a)
{
    c->mounts = arena_alloc(a, (spec->n_mounts + 1) * sizeof(*c->mounts));
    if (!c->mounts)
        return -1;
    for (size_t i = 0; i < spec->n_mounts; i++) {
        const struct podspec_mount *from = &spec->mounts[i];
        Agentsandbox__V1__EmptyDirMount *to =
            make(&agentsandbox__v1__empty_dir_mount__descriptor, a);

        if (!to)
            return -1;
        to->name = (char *)from->name;
        to->mount_path = (char *)from->mount_path;
        to->sub_path = (char *)from->sub_path;
        to->size_limit_bytes = from->size_limit_bytes;
        to->memory = from->in_memory;
        to->read_only = from->read_only;
        c->mounts[c->n_mounts++] = to;
    }
    return 0;
}

static int put_http(Probe *p, const struct podspec_probe *from, struct arena *a)
{
    Agentsandbox__V1__HttpGetProbe *http = make(&agentsandbox__v1__http_get_probe__descriptor, a);

    if (!http)
        return -1;
    http->path = (char *)from->path;
    http->host = (char *)from->host;
    http->port = from->port;
    http->https = from->https;
    http->headers = arena_alloc(a, (from->n_headers + 1) * sizeof(*http->headers));
    if (!http->headers)
        return -1;
    for (size_t i = 0; i < from->n_headers; i++) {
        Agentsandbox__V1__HttpHeader *h = make(&agentsandbox__v1__http_header__descriptor, a);

        if (!h)
            return -1;
        h->name = (char *)from->headers[i].name;
        h->value = (char *)from->headers[i].value;
        http->headers[http->n_headers++] = h;
    }
    p->check_case = AGENTSANDBOX__V1__PROBE__CHECK_HTTP_GET;
    p->http_get = http;
    return 0;
}

static int put_exec(Probe *p, const struct podspec_probe *from, struct arena *a)
{
    Agentsandbox__V1__ExecProbe *exec = make(&agentsandbox__v1__exec_probe__descriptor, a);

    if (!exec)
        return -1;
    exec->n_argv = count(from->argv);
    exec->argv = (char **)from->argv;
    p->check_case = AGENTSANDBOX__V1__PROBE__CHECK_EXEC;
    p->exec = exec;
    return 0;
}

static int put_grpc(Probe *p, const struct podspec_probe *from, struct arena *a)
{
    Agentsandbox__V1__GrpcProbe *grpc = make(&agentsandbox__v1__grpc_probe__descriptor, a);

    if (!grpc)
        return -1;
    grpc->port = from->port;
    grpc->service = (char *)from->service;
    p->check_case = AGENTSANDBOX__V1__PROBE__CHECK_GRPC;
    p->grpc = grpc;
    return 0;
}

static int put_check(Probe *p, const struct podspec_probe *from, struct arena *a)
{
    switch (from->type) {
    case PROBE_HTTP:
        return put_http(p, from, a);
    case PROBE_TCP:
        p->check_case = AGENTSANDBOX__V1__PROBE__CHECK_TCP_PORT;
        p->tcp_port = from->port;
        return 0;
    case PROBE_EXEC:
        return put_exec(p, from, a);
    case PROBE_GRPC:
        return put_grpc(p, from, a);
    case PROBE_NONE:
        return 0;
    }
    return 0;
}

/* *ret stays NULL when there is no such probe. */
static int put_probe(Probe **ret, const struct podspec_probe *from, struct arena *a)
{
    Probe *p;

    if (from->type == PROBE_NONE)
        return 0;
    p = make(&agentsandbox__v1__probe__descriptor, a);
    if (!p || put_check(p, from, a) < 0)
        return -1;
    p->initial_delay_ms = from->initial_delay_ms;
    p->period_ms = from->period_ms;
    p->timeout_ms = from->timeout_ms;
    p->success_threshold = from->success_threshold;
    p->failure_threshold = from->failure_threshold;
    *ret = p;
    return 0;
}

static Container *build_container(const struct podspec *spec, struct arena *a)
{
    Container *c = make(&agentsandbox__v1__container__descriptor, a);

    if (!c)
        return NULL;
    c->name = (char *)spec->container;
    c->image = (char *)spec->image;
    c->working_dir = (char *)spec->working_dir;
    c->n_command = count(spec->command);
    c->command = (char **)spec->command;
    c->n_args = count(spec->args);
    c->args = (char **)spec->args;
    c->cpu_limit_millis = spec->cpu_limit_millis;
    c->memory_limit_bytes = spec->memory_limit_bytes;
    c->ephemeral_storage_limit_bytes = spec->storage_limit_bytes;
    c->cpu_request_millis = spec->cpu_request_millis;
    c->memory_request_bytes = spec->memory_request_bytes;
    c->run_as_user = spec->run_as_user;
    c->run_as_group = spec->run_as_group;
    c->run_as_non_root = spec->run_as_non_root;
    c->read_only_root = spec->read_only_root;
    if (put_env(c, spec, a) < 0 || put_mounts(c, spec, a) < 0 ||
        put_probe(&c->readiness_probe, &spec->readiness, a) < 0 ||
        put_probe(&c->liveness_probe, &spec->liveness, a) < 0 ||
        put_probe(&c->startup_probe, &spec->startup, a) < 0)
        return NULL;
    return c;
}

static Agentsandbox__V1__RestartPolicy restart_policy(enum podspec_restart policy)
{
    switch (policy) {
    case PODSPEC_ALWAYS:
        return AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_ALWAYS;
    case PODSPEC_ON_FAILURE:
        return AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_ON_FAILURE;
    case PODSPEC_NEVER:
        return AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_NEVER;
    }
    return AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_ALWAYS;
}

static Agentsandbox__V1__SandboxRef *build_ref(const json_t *pod, struct arena *a)
{
    Agentsandbox__V1__SandboxRef *ref = make(&agentsandbox__v1__sandbox_ref__descriptor, a);
    struct obj_owner owner;

    if (!ref)
        return NULL;
    ref->namespace_ = (char *)obj_ns(pod);
    ref->name = (char *)obj_name(pod);
    if (obj_controlled_by_kind(pod, GROUP_CORE, KIND_SANDBOX, &owner)) {
        ref->name = (char *)owner.name;
        ref->uid = (char *)owner.uid;
    }
    return ref;
}

Request *podreq_build(const json_t *pod, const char *instance_id, const char *pod_ip,
                      struct arena *a, struct err *err)
{
    Request *r = make(&agentsandbox__v1__create_sandbox_request__descriptor, a);
    struct podspec spec;

    if (podspec_parse(&spec, a, pod, err) < 0)
        return NULL;
    if (r) {
        r->sandbox = build_ref(pod, a);
        r->container = build_container(&spec, a);
        r->termination_grace = make(&google__protobuf__duration__descriptor, a);
    }
    if (!r || !r->sandbox || !r->container || !r->termination_grace) {
        (void)err_oom(err);
        return NULL;
    }
    r->instance_id = (char *)instance_id;
    r->pod_name = (char *)obj_name(pod);
    r->hostname = (char *)spec.hostname;
    r->runtime_class = (char *)spec.runtime_class;
    r->restart_policy = restart_policy(spec.restart);
    r->termination_grace->seconds = spec.grace_s;
    r->pod_ip = (char *)pod_ip;
    return r;
}
