#pragma once
/*
 * Cleanup attributes and the few macros that every file uses.
 *
 * A local that owns something says so: `_cleanup_(freep) char *name = NULL;`. Leaving early is then
 * always `return`; TAKE_PTR() and TAKE_FD() hand ownership on.
 */
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)        __attribute__((cleanup(f)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_            __attribute__((unused))
#define _noreturn_          __attribute__((noreturn))

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define MIN(a, b)                       ((a) < (b) ? (a) : (b))
#define MAX(a, b)                       ((a) > (b) ? (a) : (b))

#define TAKE_PTR(p)                                                                                \
    ({                                                                                             \
        __typeof__(p) *take_from_ = &(p);                                                          \
        __typeof__(p) taken_ = *take_from_;                                                        \
        *take_from_ = NULL;                                                                        \
        taken_;                                                                                    \
    })

#define TAKE_FD(fd)                                                                                \
    ({                                                                                             \
        int *take_from_ = &(fd);                                                                   \
        int taken_ = *take_from_;                                                                  \
        *take_from_ = -1;                                                                          \
        taken_;                                                                                    \
    })

/* Defines the `_cleanup_` form of a destructor: DEFINE_CLEANUP(struct exec *, exec_free) ->
 * exec_freep. */
#define DEFINE_CLEANUP(type, func)                                                                 \
    _unused_ static inline void func##p(type *p)                                                   \
    {                                                                                              \
        if (*p)                                                                                    \
            func(*p);                                                                              \
    }

static inline void freep(void *p)
{
    free(*(void **)p);
}

static inline void close_fdp(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* nothing left to do about a failing close */
}
