/*
 * One table says of every flag its type, where it goes, its default (text, read by the same code as
 * a value from the command line), its bound and its help. So --help, the defaults and the checks
 * cannot disagree.
 */
#include "services/controller/kube_options.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/bytes.h"

enum flag_type { FLAG_BOOL, FLAG_STRING, FLAG_INT, FLAG_FLOAT, FLAG_DURATION };
enum flag_rule { ANY, POSITIVE, NOT_NEGATIVE, NOT_EMPTY, CLAMPED, PORT };

struct flag {
    const char *name;
    enum flag_type type;
    enum flag_rule rule;
    size_t at;
    const char *preset;
    const char *help;
};

#define F(type_, field, name_, preset_, rule_, help_)                                              \
    {                                                                                              \
        name_, type_, rule_, offsetof(struct kube_options, field), preset_, help_                  \
    }

/* A table, laid out by hand. */
/* clang-format off */
static const struct flag flags[] = {
    F(FLAG_BOOL, show_version, "version", "false", ANY, "print the version and end"),
    F(FLAG_BOOL, has_extensions, "extensions", "false", ANY,
      "run the SandboxTemplate, SandboxWarmPool and SandboxClaim controllers too"),
    F(FLAG_STRING, kubeconfig, "kubeconfig", "", ANY,
      "file with the API server's address and credentials; empty: $KUBECONFIG, then in-cluster"),

    F(FLAG_BOOL, leader_elect, "leader-elect", "true", ANY, "only the holder of the lease acts"),
    F(FLAG_STRING, leader_namespace, "leader-election-namespace", "", ANY,
      "where the lease is; empty: the namespace this runs in"),
    F(FLAG_STRING, metrics_address, "metrics-bind-address", ":8080", ANY,
      "HTTP /metrics; \"0\" serves none"),
    F(FLAG_STRING, probe_address, "health-probe-bind-address", ":8081", ANY,
      "HTTP /healthz and /readyz; \"0\" serves none"),
    F(FLAG_STRING, grpc_address, "grpc-bind-address", "0", ANY,
      "gRPC ClaimService over TLS with bearer tokens, e.g. \":9090\"; \"0\" serves none"),
    F(FLAG_STRING, grpc_cert, "grpc-cert-file", "", ANY,
      "its certificate; empty: the webhook's, in --webhook-cert-dir"),
    F(FLAG_STRING, grpc_key, "grpc-key-file", "", ANY, "the key of it"),
    F(FLAG_STRING, grpc_client_ca, "grpc-client-ca-file", "", ANY,
      "who may sign certificates of clients; empty: clients show tokens only"),
    F(FLAG_BOOL, grpc_insecure, "grpc-insecure", "false", ANY,
      "gRPC without TLS; tokens are needed all the same"),
    F(FLAG_STRING, grpc_advertise_ip, "grpc-advertise-ip", "", ANY,
      "where other replicas reach it; empty: $POD_IP, or the address it listens on"),
    F(FLAG_STRING, cluster_domain, "cluster-domain", "cluster.local", NOT_EMPTY,
      "suffix of Service names"),

    F(FLAG_BOOL, enable_webhook, "enable-webhook", "true", ANY,
      "serve /convert; false needs CRDs whose conversion strategy is None"),
    F(FLAG_BOOL, manage_certs, "manage-webhook-certs", "true", ANY,
      "make, share and rotate the webhook's certificates and tell the CRDs"),
    F(FLAG_INT, webhook_port, "webhook-port", "9443", PORT, "port of /convert"),
    F(FLAG_STRING, cert_dir, "webhook-cert-dir", "/tmp/k8s-webhook-server/serving-certs", ANY,
      "folder of the certificate, with --manage-webhook-certs=false"),
    F(FLAG_STRING, cert_name, "webhook-cert-name", "tls.crt", NOT_EMPTY, "file in that folder"),
    F(FLAG_STRING, key_name, "webhook-key-name", "tls.key", NOT_EMPTY, "file in that folder"),
    F(FLAG_STRING, webhook_service, "webhook-service-name", "agent-sandbox-webhook-service",
      NOT_EMPTY, "the Service before /convert"),
    F(FLAG_STRING, webhook_namespace, "webhook-namespace", "agent-sandbox-system", NOT_EMPTY,
      "its namespace, and that of the certificates' Secret"),

    F(FLAG_FLOAT, api_qps, "kube-api-qps", "-1", ANY, "API requests per second; -1: no limit"),
    F(FLAG_INT, api_burst, "kube-api-burst", "10", POSITIVE, "API requests at once over that"),
    F(FLAG_INT, api_connections, "api-connections", "1", POSITIVE,
      "HTTP/2 connections to the API server"),
    F(FLAG_BOOL, separate_watch, "separate-watch-connection", "false", ANY,
      "lists and watches on a connection of their own"),

    F(FLAG_INT, sandbox_workers, "sandbox-concurrent-workers", "100", POSITIVE,
      "Sandboxes whose writes may be under way at once"),
    F(FLAG_INT, claim_workers, "sandbox-claim-concurrent-workers", "50", POSITIVE,
      "the same for SandboxClaims"),
    F(FLAG_INT, pool_workers, "sandbox-warm-pool-concurrent-workers", "1", POSITIVE,
      "the same for SandboxWarmPools"),
    F(FLAG_INT, template_workers, "sandbox-template-concurrent-workers", "1", ANY,
      "the same for SandboxTemplates"),
    F(FLAG_INT, pool_max_batch, "sandbox-warm-pool-max-batch-size", "300", POSITIVE,
      "creates or deletes of one pool per pass"),
    F(FLAG_DURATION, pool_replenish_delay_ns, "sandbox-warm-pool-replenish-delay", "0",
      NOT_NEGATIVE, "wait after a member was taken before the pool is refilled"),
    F(FLAG_FLOAT, pool_max_refill_rate, "sandbox-warm-pool-max-refill-rate", "0", NOT_NEGATIVE,
      "creates per second and pool; 0: no limit"),
    F(FLAG_DURATION, pool_grace_ns, "sandbox-warm-pool-readiness-grace-period", "5m", POSITIVE,
      "a member not ready for so long is replaced"),
    F(FLAG_DURATION, pool_recheck_ns, "sandbox-warm-pool-unschedulable-recheck-interval", "1m",
      POSITIVE, "how often unschedulable members are looked at"),
    F(FLAG_BOOL, pool_eviction, "enable-warm-pool-eviction", "true", ANY,
      "mark the pods of pools as safe to evict"),
    F(FLAG_DURATION, write_behind_ns, "sandbox-write-behind-window", "0", NOT_NEGATIVE,
      "labels of running pods may lag so long"),
    F(FLAG_BOOL, cache_selectors, "cache-label-selectors", "false", ANY,
      "watch only Pods and Services that carry the sandbox label"),
    F(FLAG_BOOL, disable_claim_events, "disable-claim-events", "false", ANY,
      "no Events for claims"),
    F(FLAG_BOOL, disable_claim_annotations, "disable-claim-observability-annotations", "false", ANY,
      "no time stamps on claims"),

    F(FLAG_BOOL, enable_tracing, "enable-tracing", "false", ANY,
      "continue and write trace context in annotations"),
    F(FLAG_BOOL, enable_pprof, "enable-pprof", "false", ANY,
      "taken and ignored: a C program has no Go profile; use perf"),
    F(FLAG_BOOL, enable_pprof_debug, "enable-pprof-debug", "false", ANY, "taken and ignored"),
    F(FLAG_INT, pprof_block_rate, "pprof-block-profile-rate", "1000000", CLAMPED,
      "taken and ignored"),
    F(FLAG_INT, pprof_mutex_fraction, "pprof-mutex-profile-fraction", "10", CLAMPED,
      "taken and ignored"),

    F(FLAG_BOOL, zap_devel, "zap-devel", "false", ANY, "log key=value, debug and up"),
    F(FLAG_STRING, zap_encoder, "zap-encoder", "", ANY, "json or console (key=value)"),
    F(FLAG_STRING, zap_level, "zap-log-level", "", ANY,
      "debug, info, warn, error, panic, or a number > 0 for debug"),
    F(FLAG_STRING, zap_stacktrace, "zap-stacktrace-level", "", ANY, "taken and ignored"),
    F(FLAG_STRING, zap_time, "zap-time-encoding", "", ANY, "taken; times are always RFC 3339"),
};
/* clang-format on */

static const char help_head[] =
    "Usage: sandbox-controller kubernetes [FLAG…]\n"
    "       sandbox-controller kubernetes completion bash\n"
    "The agent-sandbox controller of a Kubernetes cluster: Sandboxes, templates, warm pools, claims,\n"
    "and the conversion webhook of their CRDs. Flags as in Go: -x or --x, =VALUE or a word of its own.\n"
    "\n";
static const char help_tail[] =
    "\n"
    "Examples:\n"
    "  sandbox-controller kubernetes --extensions                      in a pod, as the manifests do\n"
    "  sandbox-controller kubernetes --extensions --kubeconfig ~/.kube/config \\\n"
    "      --leader-election-namespace agent-sandbox-system --enable-webhook=false\n"
    "  curl -s localhost:8080/metrics | grep agent_sandbox             what it counts\n"
    "\n"
    "Exit codes: 0 ended by a signal, 1 cannot go on (the log says why), 2 wrong flags.\n";

/* ---- values ---- */

static int parse_bool(const char *s, bool *ret)
{
    static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
            *ret = strcmp(s, yes[i]) == 0;
            return 0;
        }
    }
    return -1;
}

static int parse_int(const char *s, int64_t *ret)
{
    char *end;
    long long n;

    if (s[0] != '-' && s[0] != '+' && (s[0] < '0' || s[0] > '9'))
        return -1; /* strtoll() would skip white space */
    errno = 0;
    n = strtoll(s, &end, 0); /* as Go: 0x and 0 prefixes too */
    if (errno || end == s || *end)
        return -1;
    *ret = n;
    return 0;
}

static int parse_float(const char *s, double *ret)
{
    char *end;
    double n;

    if (s[0] == '\0' || strchr(" \t\n\v\f\r", s[0]))
        return -1;
    n = strtod(s, &end);
    if (end == s || *end)
        return -1;
    *ret = n;
    return 0;
}

static int duration_unit(const char **s, double *ret_ns)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1},   {"us", 1e3}, {"\xc2\xb5s", 1e3}, {"\xce\xbcs", 1e3},
                 {"ms", 1e6}, {"s", 1e9},  {"m", 60e9},        {"h", 3600e9}};

    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        size_t n = strlen(units[i].name);

        if (strncmp(*s, units[i].name, n) == 0) {
            *s += n;
            *ret_ns = units[i].ns;
            return 0;
        }
    }
    return -1;
}

/* Digits, at most one point, at least one digit; no exponent. */
static int duration_number(const char **s, double *ret)
{
    double n = 0, scale = 1;
    bool has_point = false;
    int n_digits = 0;

    for (;; (*s)++) {
        if (**s == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (**s < '0' || **s > '9')
            break;
        n_digits++;
        if (has_point)
            n += (**s - '0') * (scale /= 10);
        else
            n = n * 10 + (**s - '0');
    }
    *ret = n;
    return n_digits > 0 ? 0 : -1;
}

int kube_parse_duration(const char *text, int64_t *ret_ns)
{
    const char *s = text;
    double sum = 0, n, unit;
    bool is_negative = *s == '-';

    if (*s == '-' || *s == '+')
        s++;
    if (strcmp(s, "0") == 0) {
        *ret_ns = 0;
        return 0;
    }
    if (!*s)
        return -1;
    while (*s) {
        if (duration_number(&s, &n) < 0 || duration_unit(&s, &unit) < 0)
            return -1;
        sum += n * unit;
    }
    if (sum > 9.2e18)
        return -1;
    *ret_ns = (int64_t)(is_negative ? -sum : sum);
    return 0;
}

static int parse_value(const struct flag *f, const char *value, struct kube_options *o)
{
    char *at = (char *)o + f->at;

    switch (f->type) {
    case FLAG_BOOL:
        return parse_bool(value, (bool *)(void *)at);
    case FLAG_STRING:
        *(const char **)(void *)at = value;
        return 0;
    case FLAG_INT:
        return parse_int(value, (int64_t *)(void *)at);
    case FLAG_FLOAT:
        return parse_float(value, (double *)(void *)at);
    case FLAG_DURATION:
        return kube_parse_duration(value, (int64_t *)(void *)at);
    }
    abort();
}

static const char *type_wants(enum flag_type t)
{
    switch (t) {
    case FLAG_BOOL:
        return "true or false";
    case FLAG_STRING:
        return "text";
    case FLAG_INT:
        return "a whole number";
    case FLAG_FLOAT:
        return "a number";
    case FLAG_DURATION:
        return "a duration such as 5m, 90s or 500ms";
    }
    abort();
}

/* ---- rules ---- */

static double number_of(const struct flag *f, const struct kube_options *o)
{
    const char *at = (const char *)o + f->at;

    if (f->type == FLAG_FLOAT)
        return *(const double *)(const void *)at;
    return (double)*(const int64_t *)(const void *)at;
}

static const char *broken_rule(const struct flag *f, struct kube_options *o)
{
    char *at = (char *)o + f->at;

    switch (f->rule) {
    case ANY:
        return f->type == FLAG_FLOAT && !isfinite(number_of(f, o)) ? "a finite number" : NULL;
    case POSITIVE:
        return number_of(f, o) > 0 ? NULL : "more than 0";
    case NOT_NEGATIVE:
        return isfinite(number_of(f, o)) && number_of(f, o) >= 0 ? NULL : "0 or more, and finite";
    case NOT_EMPTY:
        return **(const char **)(void *)at ? NULL : "not empty";
    case PORT:
        return number_of(f, o) >= 0 && number_of(f, o) <= 65535 ? NULL : "0 to 65535";
    case CLAMPED:
        if (number_of(f, o) < 0)
            *(int64_t *)(void *)at = 0;
        return NULL;
    }
    abort();
}

static int check_rules(struct kube_options *o, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        const char *wants = broken_rule(&flags[i], o);

        if (wants)
            return err_set(err, RPC_INVALID_ARGUMENT, "FlagOutOfRange", "--%s must be %s",
                           flags[i].name, wants);
    }
    return 0;
}

static int bad_log(const char *flag, const char *value, const char *wanted, struct err *err)
{
    char shown[80];

    return err_set(err, RPC_INVALID_ARGUMENT, "BadFlag", "--%s \"%s\": give %s", flag,
                   bytes_escape(value, strlen(value), shown, sizeof(shown)), wanted);
}

static int set_log(struct kube_options *o, struct err *err)
{
    int64_t n;
    int level;

    o->log_format = o->zap_devel ? LOG_FORMAT_KV : LOG_FORMAT_JSON;
    o->log_level = o->zap_devel ? LOG_DEBUG : LOG_INFO;
    if (strcmp(o->zap_encoder, "console") == 0)
        o->log_format = LOG_FORMAT_KV;
    else if (strcmp(o->zap_encoder, "json") == 0)
        o->log_format = LOG_FORMAT_JSON;
    else if (o->zap_encoder[0])
        return bad_log("zap-encoder", o->zap_encoder, "json or console", err);

    if (!o->zap_level[0])
        return 0;
    if (strcmp(o->zap_level, "panic") == 0) {
        o->log_level = LOG_ERROR;
        return 0;
    }
    level = log_level_parse(o->zap_level);
    if (level >= 0)
        o->log_level = (enum log_level)level;
    else if (parse_int(o->zap_level, &n) == 0 && n > 0)
        o->log_level = LOG_DEBUG;
    else
        return bad_log("zap-log-level", o->zap_level, "debug, info, warn, error or panic", err);
    return 0;
}

/* ---- the command line ---- */

static const struct flag *find(const char *name, size_t n)
{
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (strlen(flags[i].name) == n && memcmp(flags[i].name, name, n) == 0)
            return &flags[i];
    return NULL;
}

static int unknown_flag(const char *arg, struct err *err)
{
    char shown[80];

    return err_set(err, RPC_INVALID_ARGUMENT, "UnknownFlag", "%s: there is no such flag",
                   bytes_escape(arg, strlen(arg), shown, sizeof(shown)));
}

/* One flag at argv[i], its value perhaps at argv[i + 1]. Returns how many words it took. */
static int read_flag(struct kube_options *o, char *const *argv, int left, struct err *err)
{
    const char *name = argv[0] + (argv[0][1] == '-' ? 2 : 1), *value = strchr(name, '=');
    const struct flag *f = find(name, value ? (size_t)(value - name) : strlen(name));
    int n = 1;

    if (!f)
        return unknown_flag(argv[0], err);
    if (value) {
        value++;
    } else if (f->type == FLAG_BOOL) {
        value = "true";
    } else if (left > 1) {
        value = argv[1];
        n = 2;
    } else {
        return err_set(err, RPC_INVALID_ARGUMENT, "BadFlag", "--%s needs a value: %s", f->name,
                       type_wants(f->type));
    }
    if (parse_value(f, value, o) < 0)
        return bad_log(f->name, value, type_wants(f->type), err);
    return n;
}

static bool is_help(const char *arg)
{
    return strcmp(arg, "-h") == 0 || strcmp(arg, "-help") == 0 || strcmp(arg, "--help") == 0 ||
           strcmp(arg, "--h") == 0;
}

static void set_presets(struct kube_options *o)
{
    *o = (struct kube_options){0};
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (parse_value(&flags[i], flags[i].preset, o) < 0)
            abort();
}

int kube_options_read(struct kube_options *ret, int argc, char *const *argv, struct err *err)
{
    struct kube_options o;
    int i = 1, n;

    set_presets(&o);
    while (i < argc) {
        if (is_help(argv[i]))
            return KUBE_OPTIONS_HELP;
        if (argv[i][0] != '-' || argv[i][1] == '\0' || strcmp(argv[i], "--") == 0)
            return err_set(err, RPC_INVALID_ARGUMENT, "UnknownFlag",
                           "\"%.60s\": words without a flag are not taken", argv[i]);
        n = read_flag(&o, argv + i, argc - i, err);
        if (n < 0)
            return -1;
        i += n;
    }
    if (o.show_version)
        return KUBE_OPTIONS_VERSION;
    if (set_log(&o, err) < 0 || check_rules(&o, err) < 0)
        return -1;
    *ret = o;
    return 0;
}

char *kube_options_help(void)
{
    struct buf b;
    char *ret = NULL;

    buf_init(&b, 64 * 1024);
    (void)buf_append_str(&b, help_head, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        const struct flag *f = &flags[i];
        const char *kind = f->type == FLAG_STRING     ? " TEXT"
                           : f->type == FLAG_DURATION ? " DURATION"
                           : f->type == FLAG_BOOL     ? ""
                                                      : " N";

        (void)buf_appendf(&b, NULL, "  --%s%s\n        %s  (%s)\n", f->name, kind, f->help,
                          f->preset[0] ? f->preset : "empty");
    }
    if (buf_append_str(&b, help_tail, NULL) == 0 && buf_cstr(&b, NULL))
        ret = strdup(buf_cstr(&b, NULL));
    buf_done(&b);
    return ret;
}

const char *kube_options_name(unsigned i)
{
    return i < ARRAY_SIZE(flags) ? flags[i].name : NULL;
}
