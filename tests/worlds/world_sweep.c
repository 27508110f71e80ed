/*
 * A sweep: the story is run once as it is, which counts the controller's writes after its `sweep`
 * line; then again and again, each time with one of them failing in one of the ways in which a
 * write to an API server fails, the end of the process before it among them. What the story expects
 * must come true every time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/controller/names.h"
#include "tests/worlds/world.h"

static const char *const mode_names[SWEEP_N_MODES] = {
    [SWEEP_NONE] = "undisturbed",    [SWEEP_KILL] = "kill -9 before", [SWEEP_CONFLICT] = "409 at",
    [SWEEP_LOST] = "503 before",     [SWEEP_UNHEARD] = "503 after",   [SWEEP_THROTTLED] = "429 at",
    [SWEEP_INTERNAL] = "500 before",
};

void world_sweep_say(const struct world *w)
{
    if (w->sweep.mode != SWEEP_NONE)
        (void)fprintf(stderr, "    with %s write %u\n", mode_names[w->sweep.mode], w->sweep.at);
}

static unsigned step_of(const char *file)
{
    FILE *f = fopen(file, "re");
    unsigned step = 1;
    char line[200];

    if (f && fgets(line, sizeof(line), f))
        (void)sscanf(line, "# step=%u", &step); /* else each write */
    if (f)
        (void)fclose(f);
    return step ? step : 1;
}

void world_sweep_story(const char *file)
{
    struct world_sweep calm = {.mode = SWEEP_NONE};
    unsigned step = step_of(file);

    world_run(file, &calm);
    if (calm.n == 0) {
        (void)fprintf(stderr, "%s: nothing was written after `sweep`\n", file);
        exit(1);
    }
    for (int mode = SWEEP_KILL; mode < SWEEP_N_MODES; mode++)
        for (unsigned at = 1; at <= calm.n; at += step) {
            struct world_sweep s = {.mode = (enum sweep_mode)mode, .at = at};

            world_run(file, &s);
        }
    (void)printf("%s: %u writes, %d ways to fail\n", file, calm.n, SWEEP_N_MODES - 1);
}

void world_sweep_begin(struct world *w)
{
    world_settle(w);
    w->sweep.is_on = true;
    w->sweep.n = 0;
}

static int fail(const struct world *w, const struct store_op *op, struct err *err)
{
    switch (w->sweep.mode) {
    case SWEEP_CONFLICT:
        if (op->type == STORE_CREATE)
            return 0; /* has no version to conflict with */
        return err_set(err, RPC_ABORTED, "Conflict", "the object has been modified");
    case SWEEP_LOST:
        return err_set(err, RPC_UNAVAILABLE, "ApiServerError", "503 before it took effect");
    case SWEEP_UNHEARD:
        (void)err_set(err, RPC_UNAVAILABLE, "ApiServerError", "503 after it took effect");
        return 1;
    case SWEEP_THROTTLED:
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooManyRequests", "429");
    case SWEEP_INTERNAL:
        return err_set(err, RPC_UNAVAILABLE, "ApiServerError", "500");
    case SWEEP_NONE:
    case SWEEP_KILL:
    case SWEEP_N_MODES:
        return 0;
    }
    abort();
}

int world_sweep_op(struct world *w, const struct store_op *op, struct err *err)
{
    struct world_sweep *s = &w->sweep;

    if (!s->is_on)
        return 0;
    s->n++;
    if (s->mode == SWEEP_KILL && s->at > 0 && s->n >= s->at) {
        s->is_dead = true; /* nothing of this process is heard of any more */
        return err_set(err, RPC_UNAVAILABLE, "ApiServerUnreachable", "the process is dead");
    }
    return s->n == s->at ? fail(w, op, err) : 0;
}

bool world_sweep_has_died(struct world *w)
{
    if (!w->sweep.is_dead)
        return false;
    w->sweep.is_dead = false;
    w->sweep.is_on = false;
    return true;
}
