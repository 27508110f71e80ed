#pragma once
/*
 * The command line of `sandbox-controller kubernetes`: names, defaults and rules of the Go
 * controller's flags (reference 3.1), in the syntax of Go's flag package: -x and --x, --x=value,
 * --x value, bare booleans, Go durations ("5m", "1m30s", "500ms") and floats ("-1.000000"). A
 * manifest written for the Go controller works with its args unchanged.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/log.h"

struct kube_options {
    bool show_version;
    bool has_extensions; /* Template, WarmPool and Claim too */

    bool leader_elect;
    const char *leader_namespace; /* "": the one this process runs in */

    const char *metrics_address, *probe_address, *grpc_address; /* ":8080"; "0": none */
    const char *grpc_cert, *grpc_key, *grpc_client_ca; /* "": the webhook's own; no client CA   */
    bool grpc_insecure;
    const char *grpc_advertise_ip; /* "": $POD_IP, or the one it listens on */
    const char *cluster_domain;

    bool enable_webhook, manage_certs;
    int64_t webhook_port;
    const char *cert_dir, *cert_name, *key_name;
    const char *webhook_service, *webhook_namespace;

    const char *kubeconfig; /* "": $KUBECONFIG, in-cluster, ~/.kube/config */
    double api_qps;         /* < 0: no limit */
    int64_t api_burst, api_connections;
    bool separate_watch;

    int64_t sandbox_workers, claim_workers, pool_workers, template_workers;
    int64_t pool_max_batch;
    int64_t pool_replenish_delay_ns;
    double pool_max_refill_rate; /* creates per second and pool; 0: no limit */
    int64_t pool_grace_ns, pool_recheck_ns;
    bool pool_eviction;
    int64_t write_behind_ns;
    bool cache_selectors;
    bool disable_claim_events, disable_claim_annotations;

    bool enable_tracing, enable_pprof, enable_pprof_debug;
    int64_t pprof_block_rate, pprof_mutex_fraction;

    bool zap_devel;
    const char *zap_encoder, *zap_level, *zap_stacktrace, *zap_time;
    enum log_level log_level;
    enum log_format log_format;
};

enum { KUBE_OPTIONS_HELP = 1, KUBE_OPTIONS_VERSION = 2 };

/*
 * argv[0] is the program (or the word `kubernetes`), flags follow. 0; KUBE_OPTIONS_HELP or
 * KUBE_OPTIONS_VERSION: show that and end with 0; < 0: INVALID_ARGUMENT with reason "UnknownFlag"
 * or "BadFlag" (a value that cannot be read) for exit code 2, "FlagOutOfRange" for exit code 1, as
 * in Go. ret's strings are argv's or static.
 */
int kube_options_read(struct kube_options *ret, int argc, char *const *argv, struct err *err);

/* Usage, one line per flag with its default, examples. The caller frees it; NULL: out of memory. */
char *kube_options_help(void);
/* The flags' names, one after another, for shell completion; NULL at the end. */
const char *kube_options_name(unsigned i);

/* Go's time.ParseDuration: "300ms", "-1.5h", "2h45m", "0". < 0 when it is none or over the range of
 * 64 bits. */
int kube_parse_duration(const char *text, int64_t *ret_ns);
