#include "cli/out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"

void out_table_init(struct out_table *t, int n_columns)
{
    *t = (struct out_table){.n_columns = n_columns};
    buf_init(&t->text, 64u << 20);
}

void out_table_done(struct out_table *t)
{
    buf_done(&t->text);
}

/* Characters as a terminal shows them, taking one column for each code point. */
static int text_width(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

int out_cell(struct out_table *t, const char *text, struct err *err)
{
    const char *shown = text && *text ? text : "-";

    t->width[t->at] = MAX(t->width[t->at], text_width(shown));
    t->at = (t->at + 1) % t->n_columns;
    return buf_append(&t->text, shown, strlen(shown) + 1, err);
}

int out_cellf(struct out_table *t, struct err *err, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return out_cell(t, text, err);
}

void out_table_print(const struct out_table *t, FILE *to)
{
    const char *at = (const char *)buf_data(&t->text), *end = at + buf_len(&t->text);

    for (int column = 0; at < end; at += strlen(at) + 1, column = (column + 1) % t->n_columns) {
        bool is_last = column == t->n_columns - 1;

        (void)fputs(at, to);
        if (is_last)
            (void)fputc('\n', to);
        else
            (void)fprintf(to, "%*s", t->width[column] - text_width(at) + 3, "");
    }
}

int out_json(const json_t *value, FILE *to, struct err *err)
{
    if (json_dumpf(value, to, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0 || fputc('\n', to) == EOF)
        return err_set(err, RPC_UNAVAILABLE, "OutputFailed", "cannot write the output");
    return 0;
}

/* ---- YAML ---- */

static int emit_value(yaml_emitter_t *e, const json_t *v);

/* A text that YAML would take for something else than a text is quoted. */
static bool is_plain_text(const char *s)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on",
                                        "off",  "y",    "n",     "~",   ""};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcasecmp(s, words[i]) == 0)
            return false;
    return !strchr("0123456789+-.", *s);
}

static int emit_scalar(yaml_emitter_t *e, const char *s, size_t n, yaml_scalar_style_t style)
{
    yaml_event_t ev;
    bool is_plain = style != YAML_DOUBLE_QUOTED_SCALAR_STYLE;

    return yaml_scalar_event_initialize(&ev, NULL, NULL, (const yaml_char_t *)s, (int)n, is_plain,
                                        true, style) &&
           yaml_emitter_emit(e, &ev);
}

static int emit_text(yaml_emitter_t *e, const char *s)
{
    yaml_scalar_style_t style = !is_plain_text(s) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
                                : strchr(s, '\n') ? YAML_LITERAL_SCALAR_STYLE
                                                  : YAML_ANY_SCALAR_STYLE;

    return emit_scalar(e, s, strlen(s), style);
}

static int emit_number(yaml_emitter_t *e, const json_t *v)
{
    char text[64];

    if (json_is_integer(v))
        (void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    else
        (void)snprintf(text, sizeof(text), "%.17g", json_real_value(v));
    return emit_scalar(e, text, strlen(text), YAML_PLAIN_SCALAR_STYLE);
}

static int emit_word(yaml_emitter_t *e, const char *word)
{
    return emit_scalar(e, word, strlen(word), YAML_PLAIN_SCALAR_STYLE);
}

static int emit_array(yaml_emitter_t *e, const json_t *v)
{
    yaml_event_t ev;
    const json_t *item;
    size_t i;

    if (!yaml_sequence_start_event_initialize(&ev, NULL, NULL, true, YAML_ANY_SEQUENCE_STYLE) ||
        !yaml_emitter_emit(e, &ev))
        return 0;
    json_array_foreach(v, i, item) if (!emit_value(e, item)) return 0;
    return yaml_sequence_end_event_initialize(&ev) && yaml_emitter_emit(e, &ev);
}

static int emit_object(yaml_emitter_t *e, const json_t *v)
{
    yaml_event_t ev;
    const char *key;
    json_t *item;

    if (!yaml_mapping_start_event_initialize(&ev, NULL, NULL, true, YAML_ANY_MAPPING_STYLE) ||
        !yaml_emitter_emit(e, &ev))
        return 0;
    json_object_foreach((json_t *)v, key,
                        item) if (!emit_text(e, key) || !emit_value(e, item)) return 0;
    return yaml_mapping_end_event_initialize(&ev) && yaml_emitter_emit(e, &ev);
}

static int emit_value(yaml_emitter_t *e, const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return emit_object(e, v);
    case JSON_ARRAY:
        return emit_array(e, v);
    case JSON_STRING:
        return emit_text(e, json_string_value(v));
    case JSON_INTEGER:
    case JSON_REAL:
        return emit_number(e, v);
    case JSON_TRUE:
        return emit_word(e, "true");
    case JSON_FALSE:
        return emit_word(e, "false");
    case JSON_NULL:
        return emit_word(e, "null");
    }
    abort();
}

static int emit_document(yaml_emitter_t *e, const json_t *value, bool separate)
{
    yaml_event_t ev;

    return yaml_stream_start_event_initialize(&ev, YAML_UTF8_ENCODING) &&
           yaml_emitter_emit(e, &ev) &&
           yaml_document_start_event_initialize(&ev, NULL, NULL, NULL, !separate) &&
           yaml_emitter_emit(e, &ev) && emit_value(e, value) &&
           yaml_document_end_event_initialize(&ev, true) && yaml_emitter_emit(e, &ev) &&
           yaml_stream_end_event_initialize(&ev) && yaml_emitter_emit(e, &ev) &&
           yaml_emitter_flush(e);
}

int out_yaml(const json_t *value, bool separate, FILE *to, struct err *err)
{
    yaml_emitter_t e;
    int ok;

    if (!yaml_emitter_initialize(&e))
        return err_oom(err);
    yaml_emitter_set_output_file(&e, to);
    yaml_emitter_set_unicode(&e, true);
    yaml_emitter_set_width(&e, -1);
    ok = emit_document(&e, value, separate);
    yaml_emitter_delete(&e);
    return ok ? 0 : err_set(err, RPC_UNAVAILABLE, "OutputFailed", "cannot write the output");
}

/* ---- small things ---- */

const char *out_age(int64_t since_unix_s, char ret[16])
{
    int64_t s = (int64_t)(clock_realtime_ns() / 1000000000u) - since_unix_s;

    ret[0] = 0;
    if (since_unix_s <= 0)
        return ret;
    s = MAX(s, 0);
    if (s < 120)
        (void)snprintf(ret, 16, "%" PRId64 "s", s);
    else if (s < 2 * 3600)
        (void)snprintf(ret, 16, "%" PRId64 "m", s / 60);
    else if (s < 2 * 86400)
        (void)snprintf(ret, 16, "%" PRId64 "h", s / 3600);
    else
        (void)snprintf(ret, 16, "%" PRId64 "d", MIN(s / 86400, 99999));
    return ret;
}

const char *out_bytes(uint64_t n, char ret[16])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)n;
    size_t u = 0;

    for (; value >= 1024 && u + 1 < ARRAY_SIZE(units); u++)
        value /= 1024;
    (void)snprintf(ret, 16, u == 0 ? "%.0f %s" : "%.1f %s", value, units[u]);
    return ret;
}
