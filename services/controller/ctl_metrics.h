#pragma once
/* What the reconcilers count (reference 3.2). All take m NULL: nothing is counted. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct ctl_metrics;
struct store_object;

/* One claim got a Sandbox. template, pool: NULL when not known. */
void ctl_metrics_claim(struct ctl_metrics *m, const char *ns, const struct store_object *template,
                       const struct store_object *pool, bool is_warm, bool is_ready);
/* A claim is ready for the first time. */
void ctl_metrics_ready(struct ctl_metrics *m, const json_t *claim,
                       const struct store_object *sandbox, int64_t now_ns);
