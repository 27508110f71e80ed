#include "lib/base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

enum { LOG_LINE_BYTES = 4096, LOG_VALUE_BYTES = 1024 };

static struct {
    const char *service;
    enum log_level level;
    enum log_format format;
    int fd;
} config = {.service = "-", .level = LOG_INFO, .fd = STDERR_FILENO};

static const char *const level_words[] = {"debug", "info", "warn", "error"};

void log_init(const char *service, enum log_level level, enum log_format format, int fd)
{
    config.service = service;
    config.level = level;
    config.format = format;
    config.fd = fd;
}

int log_level_parse(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(level_words); i++)
        if (strcmp(word, level_words[i]) == 0)
            return (int)i;
    return -1;
}

int log_format_parse(const char *word)
{
    if (strcmp(word, "kv") == 0)
        return LOG_FORMAT_KV;
    return strcmp(word, "json") == 0 ? LOG_FORMAT_JSON : -1;
}

bool log_enabled(enum log_level level)
{
    return level >= config.level;
}

struct line {
    char text[LOG_LINE_BYTES];
    size_t n;
};

static void put(struct line *l, const char *s)
{
    size_t n = strlen(s), room = sizeof(l->text) - 2 - l->n;

    n = MIN(n, room);
    memcpy(l->text + l->n, s, n);
    l->n += n;
}

static bool needs_quotes(const char *s)
{
    if (!*s)
        return true;
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == '"' || *s == '=' || *s == '\\')
            return true;
    return false;
}

/* JSON knows no \xNN: what bytes_escape() wrote so becomes \u00NN. */
static void put_json_escaped(struct line *l, const char *s)
{
    for (; *s; s++) {
        if (s[0] == '\\' && s[1] == 'x') {
            put(l, "\\u00");
            s++;
        } else if (s[0] == '\\' && s[1]) {
            put(l, (char[]){s[0], s[1], '\0'});
            s++;
        } else {
            put(l, (char[]){s[0], '\0'});
        }
    }
}

static void put_text(struct line *l, const char *s)
{
    char escaped[LOG_VALUE_BYTES];

    s = s ? s : "";
    (void)bytes_escape(s, strlen(s), escaped, sizeof(escaped));
    if (config.format == LOG_FORMAT_JSON) {
        put(l, "\"");
        put_json_escaped(l, escaped);
        put(l, "\"");
    } else if (needs_quotes(s)) {
        put(l, "\"");
        put(l, escaped);
        put(l, "\"");
    } else {
        put(l, escaped);
    }
}

static void put_key(struct line *l, const char *key)
{
    bool is_json = config.format == LOG_FORMAT_JSON;

    if (l->n > 0)
        put(l, is_json ? "," : " ");
    else if (is_json)
        put(l, "{");
    if (is_json)
        put(l, "\"");
    put(l, key);
    put(l, is_json ? "\":" : "=");
}

static void put_field(struct line *l, const struct log_field *f)
{
    char number[32];

    put_key(l, f->key);
    switch (f->type) {
    case LOG_FIELD_STR:
        put_text(l, f->s);
        return;
    case LOG_FIELD_I64:
        (void)snprintf(number, sizeof(number), "%" PRId64, f->i);
        break;
    case LOG_FIELD_U64:
        (void)snprintf(number, sizeof(number), "%" PRIu64, f->u);
        break;
    case LOG_FIELD_BOOL:
        (void)snprintf(number, sizeof(number), "%s", f->u ? "true" : "false");
        break;
    }
    put(l, number);
}

static void put_time(struct line *l)
{
    uint64_t ns = clock_realtime_ns();
    char date[32], text[40];

    clock_format_rfc3339((int64_t)(ns / 1000000000u), date, sizeof(date));
    date[strlen(date) - 1] = '\0';
    (void)snprintf(text, sizeof(text), "%s.%03uZ", date, (unsigned)(ns / 1000000u % 1000u));
    put_field(l, &LOG_S("time", text));
}

void log_write(enum log_level level, const char *msg, const struct log_field *fields, int n)
{
    struct line l = {.n = 0};

    put_time(&l);
    put_field(&l, &LOG_S("level", level_words[level]));
    put_field(&l, &LOG_S("service", config.service));
    put_field(&l, &LOG_S("msg", msg));
    for (int i = 0; i < n; i++)
        put_field(&l, &fields[i]);
    if (config.format == LOG_FORMAT_JSON) {
        l.n = MIN(l.n, sizeof(l.text) - 2);
        l.text[l.n++] = '}';
    }
    l.text[l.n++] = '\n';
    if (write(config.fd, l.text, l.n) < 0) {
        /* A log that cannot be written must not end the service: the line is lost. */
    }
}

bool log_ratelimit(struct log_ratelimit *rl, uint64_t now_ms, uint32_t *ret_suppressed)
{
    if (now_ms - rl->since_ms >= rl->per_ms) {
        rl->since_ms = now_ms;
        rl->n = 0;
    }
    if (rl->n >= rl->burst) {
        rl->n_suppressed++;
        return false;
    }
    rl->n++;
    *ret_suppressed = rl->n_suppressed;
    rl->n_suppressed = 0;
    return true;
}
