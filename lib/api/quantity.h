#pragma once
/*
 * Kubernetes quantities ("250m", "0.5", "512Mi", "1e3", 2): k8s.io/apimachinery pkg/api/resource.
 * Grammar: sign? digits with an optional point, then Ki Mi Gi Ti Pi Ei | n u m k M G T P E | e or E
 * with a signed whole exponent.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

bool quantity_is_valid(const char *s);

/* The value times 10^scale_digits (0: units, 3: thousandths, …, up to 9), rounded up as Kubernetes
 * does, 0..INT64_MAX. INVALID_ARGUMENT "BadRequest" when it is none, negative, or too large. */
int quantity_parse(const char *s, unsigned scale_digits, int64_t *ret, struct err *err);
/* From JSON: a string or an integer. */
int quantity_from_json(const json_t *v, unsigned scale_digits, int64_t *ret, struct err *err);
