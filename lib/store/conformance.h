#pragma once
/* What every store must do, as one cmocka group that each implementation's test runs. */
#include "lib/loop/loop.h"
#include "lib/store/store.h"

enum {
    CONFORMANCE_ATOMIC = 1,  /* the ops of one call are all or nothing */
    CONFORMANCE_COLLECTS = 2 /* garbage collection and Pod deletion need no other program */
};

struct conformance {
    const char *name;
    int traits;
    /* An empty store on the loop. */
    int (*make)(struct store **ret, struct loop *loop, void *user, struct err *err);
    /* After store_free(); NULL for none. */
    void (*clean)(void *user);
    void *user;
};

/* The number of tests that failed. */
int store_conformance(const struct conformance *c);
