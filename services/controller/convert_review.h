#pragma once
/*
 * What the API server asks of a conversion webhook (apiextensions.k8s.io/v1 ConversionReview, and
 * v1beta1 of the same shape). Bytes in, bytes out; lib/api/convert.h has the rules.
 */
#include "lib/base/buf.h"

#define LIMIT_REVIEW        (32u * 1024 * 1024) /* one request: a list is one review            */
#define LIMIT_REVIEW_ANSWER (64u * 1024 * 1024) /* v1beta1 carries the v1alpha1 state beside it */

/*
 * Appends the answer. An object that cannot be converted is an answer too: its result says Failure
 * and why, and no object is converted. < 0: this is no review (INVALID_ARGUMENT "BadRequest"), or
 * RESOURCE_EXHAUSTED. ret_n: how many objects the review had; NULL is fine.
 */
int convert_review(const void *body, size_t n, struct buf *ret, size_t *ret_n, struct err *err);
