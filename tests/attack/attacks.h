#pragma once
/* What is done to the server, and how that is to end. */
#include "lib/rpc/guard.h"
#include "tests/attack/frames.h"

enum attack_end {
    ENDS_WITH_GOAWAY, /* code and the guard's text, then the connection is closed */
    ENDS,             /* closed; what it said could not be read, or was not said  */
    SURVIVES,         /* harmless, or it costs the attacker its streams only      */
};

struct attack {
    const char *name;
    void (*first)(struct out *o);            /* after preface and SETTINGS; NULL: nothing */
    void (*unit)(struct out *o, unsigned i); /* again and again; NULL: nothing            */
    bool no_preface, no_settings, acks;      /* what comes before                         */
    bool waits;                              /* for an answer after each unit             */
    bool deaf;                               /* reads nothing                             */
    uint32_t window;                         /* SETTINGS_INITIAL_WINDOW_SIZE; 0: default  */
    bool closed_window;                      /* that it is 0                              */
    unsigned n_units;                        /* at most; 0: MAX_UNITS                     */
    int wait_ms;                             /* after the last unit, for the end          */
    enum rpc_guard guard;                    /* that must have counted                    */
    unsigned n_counted;                      /* at least; 0: 1                            */
    enum attack_end end;
    uint32_t code;
    /* Instead of all that: does it, and says in *w how it ended. */
    void (*custom)(struct wire *w, uint16_t port);
};

enum { MAX_UNITS = 20000 };

extern const struct attack floods[], slow_attacks[];
extern const size_t n_floods, n_slow_attacks;
