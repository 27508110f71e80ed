#pragma once
/*
 * A service's log: one line per event on standard error, `key=value` or JSON. Libraries do not log.
 *
 *     log_info("claim bound", LOG_S("claim", name), LOG_S("sandbox", sb), LOG_U("ms", took));
 *     -> time=2026-11-23T18:33:07.123Z level=info service=controller msg="claim bound" claim=web-1
 * …
 *
 * Values are escaped, so what a peer sent cannot forge a line. Secrets and payloads never go in.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_KV, LOG_FORMAT_JSON };

struct log_field {
    const char *key; /* [a-z_]+ */
    enum { LOG_FIELD_STR, LOG_FIELD_I64, LOG_FIELD_U64, LOG_FIELD_BOOL } type;
    const char *s;
    int64_t i;
    uint64_t u;
};

#define LOG_S(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_STR, .s = (v)})
#define LOG_I(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_I64, .i = (v)})
#define LOG_U(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_U64, .u = (v)})
#define LOG_B(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_BOOL, .u = (v)})
/* An error: reason= and error= in one. */
#define LOG_ERR(e) LOG_S("reason", (e)->reason), LOG_S("error", (e)->msg)

/* service: a static string. fd: where lines go (2). */
void log_init(const char *service, enum log_level level, enum log_format format, int fd);
/* "debug" … "error", "kv" and "json"; < 0 when the word is none. */
int log_level_parse(const char *word);
int log_format_parse(const char *word);
bool log_enabled(enum log_level level);

void log_write(enum log_level level, const char *msg, const struct log_field *fields, int n);

#define log_at(level, msg, ...)                                                                    \
    do {                                                                                           \
        if (log_enabled(level)) {                                                                  \
            const struct log_field log_fields_[] = {{0}, ##__VA_ARGS__};                           \
            log_write((level), (msg), log_fields_ + 1, (int)ARRAY_SIZE(log_fields_) - 1);          \
        }                                                                                          \
    } while (0)
#define log_debug(msg, ...) log_at(LOG_DEBUG, msg, ##__VA_ARGS__)
#define log_info(msg, ...)  log_at(LOG_INFO, msg, ##__VA_ARGS__)
#define log_warn(msg, ...)  log_at(LOG_WARN, msg, ##__VA_ARGS__)
#define log_error(msg, ...) log_at(LOG_ERROR, msg, ##__VA_ARGS__)

/* For what a peer can cause: true at most `burst` times per `per_ms`; then counts what it held back
 * and *ret_suppressed gives the count with the next true. */
struct log_ratelimit {
    uint32_t burst;
    uint32_t per_ms;
    uint32_t n;
    uint32_t n_suppressed;
    uint64_t since_ms;
};
bool log_ratelimit(struct log_ratelimit *rl, uint64_t now_ms, uint32_t *ret_suppressed);
