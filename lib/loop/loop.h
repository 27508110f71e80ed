#pragma once
/*
 * What we need of libuv, named our way: one loop per thread, descriptors, timers, signals,
 * children.
 *
 * A callback is called from loop_run() only, never from a call made into this module. Every object
 * may be freed inside any callback, its own included; nothing is called for it afterwards. Freeing
 * NULL is fine.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

struct loop;
struct loop_io;
struct loop_timer;
struct loop_signal;
struct loop_child;
struct loop_task;

int loop_new(struct loop **ret, struct err *err);
/* All objects made on it must be freed before. */
void loop_free(struct loop *loop);
DEFINE_CLEANUP(struct loop *, loop_free)

/* Runs until loop_stop(), or until nothing is left to wait for. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* One turn: waits for events (block) or takes those that are there. Returns whether anything is
 * left to wait for. For tests. */
bool loop_turn(struct loop *loop, bool block);
/* Monotonic, milliseconds, read once per turn. */
uint64_t loop_now_ms(const struct loop *loop);

enum { LOOP_READ = 1, LOOP_WRITE = 2 };
typedef void (*loop_io_fn)(struct loop_io *io, int events, void *user);
/* Watches fd, which stays the caller's and must outlive the object. Level-triggered. events may be
 * 0. A descriptor in error is reported with the events asked for: the read or write then says what
 * is wrong. */
int loop_io_new(struct loop_io **ret, struct loop *loop, int fd, int events, loop_io_fn fn,
                void *user, struct err *err);
/* Cheap when nothing changes. */
void loop_io_set(struct loop_io *io, int events);
void loop_io_free(struct loop_io *io);

typedef void (*loop_timer_fn)(struct loop_timer *t, void *user);
int loop_timer_new(struct loop_timer **ret, struct loop *loop, loop_timer_fn fn, void *user,
                   struct err *err);
/* Calls fn once at or after deadline_ms; CLOCK_NEVER disarms. Re-arming replaces. */
void loop_timer_arm(struct loop_timer *t, uint64_t deadline_ms);
void loop_timer_disarm(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

typedef void (*loop_signal_fn)(struct loop_signal *s, int signum, void *user);
int loop_signal_new(struct loop_signal **ret, struct loop *loop, int signum, loop_signal_fn fn,
                    void *user, struct err *err);
void loop_signal_free(struct loop_signal *s);

/* Waits for a child of this process by its pidfd (lib/base/proc.h) and reaps it. The object owns
 * the pidfd. */
typedef void (*loop_child_fn)(struct loop_child *c, const siginfo_t *info, void *user);
int loop_child_new(struct loop_child **ret, struct loop *loop, pid_t pid, int pidfd,
                   loop_child_fn fn, void *user, struct err *err);
int loop_child_kill(struct loop_child *c, int signum, struct err *err);
pid_t loop_child_pid(const struct loop_child *c);
/* Does not end the process; when it still runs it is not reaped by us any more. */
void loop_child_free(struct loop_child *c);

/* Work to do once, later in this turn, after the callbacks that are due ("mark dirty, then step").
 * Scheduling twice runs it once; scheduling from inside its own fn runs it again in the next turn.
 */
typedef void (*loop_task_fn)(struct loop_task *t, void *user);
int loop_task_new(struct loop_task **ret, struct loop *loop, loop_task_fn fn, void *user,
                  struct err *err);
void loop_task_schedule(struct loop_task *t);
void loop_task_free(struct loop_task *t);

DEFINE_CLEANUP(struct loop_io *, loop_io_free)
DEFINE_CLEANUP(struct loop_timer *, loop_timer_free)
