#pragma once
/* What CreateClaim waits for, and the words in which it says so. */
#include "services/controller/claim.h"

/* 1: not ready yet. 0: ready. < 0: it will never be, or it is not there any more, with *err. */
int claim_look(const struct ctl *c, const char *ns, const char *name, const char *uid,
               struct err *err);
/* DEADLINE_EXCEEDED "Timeout", or what its pod suffers from. Returns -1. */
int claim_timed_out(const struct ctl *c, const char *ns, const char *name, struct err *err);
/* A claim that is refused before it is made. Returns -1. */
int claim_refused(const struct claim_problem *p, const char *name, struct err *err);
