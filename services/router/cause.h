#pragma once
/* Why a sandbox ended, in words: "it ran out of memory (limit 1024 bytes): a big list". */
#include <stddef.h>

#include "agentsandbox/v1/common.pb-c.h"

/* "" when c is NULL or says nothing. Returns tmp or a static string. */
const char *cause_sentence(const Agentsandbox__V1__Cause *c, char *tmp, size_t n_tmp);
