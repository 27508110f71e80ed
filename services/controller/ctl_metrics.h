#pragma once
/* What the reconcilers count (reference 3.2). All take m NULL: nothing is counted. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct ctl_metrics;
struct store_object;

/* One claim got a Sandbox. template, pool: names, NULL when not known. */
void ctl_metrics_claim(struct ctl_metrics *m, const json_t *claim, const char *template,
                       const char *pool, bool is_warm, bool is_ready);
/* A claim is ready for the first time. first_seen_ns: when the controller first saw it, for a claim
 * that does not say so itself. */
void ctl_metrics_ready(struct ctl_metrics *m, const json_t *claim,
                       const struct store_object *sandbox, int64_t first_seen_ns, int64_t now_ns);
