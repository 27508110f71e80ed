#include "services/router/cause.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char *cause_words(const Agentsandbox__V1__Cause *c, char *tmp, size_t n_tmp)
{
    switch (c->kind) {
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXITED:
        (void)snprintf(tmp, n_tmp, "it exited with code %d", c->exit_code);
        return tmp;
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_SIGNALLED:
        (void)snprintf(tmp, n_tmp, "it was ended by signal %d (%s)", c->signal,
                       strsignal(c->signal));
        return tmp;
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_OUT_OF_MEMORY:
        (void)snprintf(tmp, n_tmp, "it ran out of memory (limit %llu bytes)",
                       (unsigned long long)c->limit_bytes);
        return tmp;
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_TIMED_OUT:
        return "its time limit passed";
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_KILLED:
        return "it was ended on request";
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXPIRED:
        return "its claim expired";
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_SANDBOX_ENDED:
        return "it ended";
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_LOST:
        return "it was lost without a record";
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_START_FAILED:
        return "it could not be started";
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_PROBE_FAILED:
        return "a probe failed";
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_UNSPECIFIED:
    case _AGENTSANDBOX__V1__CAUSE_KIND_IS_INT_SIZE:
        break;
    }
    return "";
}

const char *cause_sentence(const Agentsandbox__V1__Cause *c, char *tmp, size_t n_tmp)
{
    const char *words;
    char kind[96];

    if (!c)
        return "";
    words = cause_words(c, kind, sizeof(kind));
    if (c->message && *c->message)
        (void)snprintf(tmp, n_tmp, "%s%s%.200s", words, *words ? ": " : "", c->message);
    else
        (void)snprintf(tmp, n_tmp, "%s", words);
    return tmp;
}
