#pragma once
/*
 * v1alpha1 <-> v1beta1 of the four kinds, by the rules of the conversion webhook: what the other
 * version cannot say travels in annotations, so that a round trip loses nothing it can carry.
 */
#include <jansson.h>

#include "lib/api/kinds.h"

/*
 * object: of either version; want: the version to get. A new object, to be decref'ed (unchanged
 * parts are shared with `object`: change neither), also when it is of that version already; NULL
 * with *err: INVALID_ARGUMENT "BadRequest" for an unknown kind or an annotation that makes no
 * sense.
 */
json_t *convert_object(const json_t *object, enum api_version want, struct err *err);
