#pragma once
/*
 * For tests: makes the n-th allocation fail, for n = 0, 1, 2, … until the scenario runs without
 * meeting it. A test that uses it says asb_alloc_sweep() in its CMakeLists.txt, which catches the
 * allocations of our own code; lib/api sends those of jansson through it too.
 */
#include "lib/base/err.h"

/* Runs it again and again, with one allocation failing and with all from one on failing. The
 * scenario returns 0 having checked its results, or < 0 with *err, which must then say OutOfMemory:
 * anything else aborts. */
void alloc_sweep(int (*scenario)(void *user, struct err *err), void *user);

/* Inside a scenario: allocations do not fail while paused (what the test itself does). */
void alloc_sweep_pause(void);
void alloc_sweep_resume(void);
