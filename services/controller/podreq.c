#include "services/controller/podreq.h"

#include <string.h>

#include "services/controller/names.h"
#include "services/controller/obj.h"

typedef Agentsandbox__V1__CreateSandboxRequest Request;
typedef Agentsandbox__V1__Container Container;

static int copy_strings(const json_t *list, size_t *n, char ***ret, struct arena *a)
{
    *n = json_array_size(list);
    *ret = arena_alloc(a, (*n + 1) * sizeof(char *));
    if (!*ret)
        return -1;
    for (size_t i = 0; i < *n; i++)
        (*ret)[i] = (char *)(json_string_value(json_array_get(list, i)) ?: "");
    return 0;
}

static int copy_env(const json_t *list, Container *c, struct arena *a)
{
    c->n_env = json_array_size(list);
    c->env = arena_alloc(a, (c->n_env + 1) * sizeof(*c->env));
    if (!c->env)
        return -1;
    for (size_t i = 0; i < c->n_env; i++) {
        const json_t *e = json_array_get(list, i);
        Agentsandbox__V1__ContainerEnv *env = arena_alloc(a, sizeof(*env));

        if (!env)
            return -1;
        agentsandbox__v1__container_env__init(env);
        env->name = (char *)obj_str_or(e, "name", "");
        env->value = (char *)obj_str_or(e, "value", "");
        c->env[i] = env;
    }
    return 0;
}

static Container *build_container(const json_t *spec, struct arena *a)
{
    const json_t *from = json_array_get(obj_get(spec, "containers"), 0);
    Container *c = arena_alloc(a, sizeof(*c));

    if (!c)
        return NULL;
    agentsandbox__v1__container__init(c);
    c->name = (char *)obj_str_or(from, "name", "");
    c->image = (char *)obj_str_or(from, "image", "");
    c->working_dir = (char *)obj_str_or(from, "workingDir", "");
    c->run_as_user = obj_int(from, "securityContext.runAsUser", -1);
    c->run_as_group = obj_int(from, "securityContext.runAsGroup", -1);
    if (copy_strings(obj_get(from, "command"), &c->n_command, &c->command, a) < 0 ||
        copy_strings(obj_get(from, "args"), &c->n_args, &c->args, a) < 0 ||
        copy_env(obj_get(from, "env"), c, a) < 0)
        return NULL;
    return c;
}

static Agentsandbox__V1__RestartPolicy restart_policy(const json_t *spec)
{
    const char *word = obj_str_or(spec, "restartPolicy", "Always");

    if (strcmp(word, "Never") == 0)
        return AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_NEVER;
    if (strcmp(word, "OnFailure") == 0)
        return AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_ON_FAILURE;
    return AGENTSANDBOX__V1__RESTART_POLICY__RESTART_POLICY_ALWAYS;
}

Request *podreq_build(const json_t *pod, const char *instance_id, const char *pod_ip,
                      struct arena *a, struct err *err)
{
    const json_t *spec = obj_get(pod, "spec");
    Request *r = arena_alloc(a, sizeof(*r));
    Agentsandbox__V1__SandboxRef *ref = arena_alloc(a, sizeof(*ref));
    struct obj_owner owner;

    if (!r || !ref) {
        (void)err_oom(err);
        return NULL;
    }
    agentsandbox__v1__create_sandbox_request__init(r);
    agentsandbox__v1__sandbox_ref__init(ref);
    ref->namespace_ = (char *)obj_ns(pod);
    if (obj_controlled_by_kind(pod, GROUP_CORE, KIND_SANDBOX, &owner)) {
        ref->name = (char *)owner.name;
        ref->uid = (char *)owner.uid;
    }
    r->instance_id = (char *)instance_id;
    r->sandbox = ref;
    r->pod_name = (char *)obj_name(pod);
    r->hostname = (char *)obj_str_or(spec, "hostname", obj_name(pod));
    r->runtime_class = (char *)obj_str_or(spec, "runtimeClassName", "");
    r->restart_policy = restart_policy(spec);
    r->pod_ip = (char *)pod_ip;
    r->container = build_container(spec, a);
    if (!r->container) {
        (void)err_oom(err);
        return NULL;
    }
    return r;
}
