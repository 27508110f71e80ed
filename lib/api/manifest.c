/*
 * libyaml gives events; one recursive descent makes of them the JSON value and, beside it, a tree
 * of marks with the keys and places as the file has them (the JSON may be changed later, the marks
 * stay). Depth, documents and values are bounded before they are built.
 */
#include "lib/api/manifest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "lib/api/meta.h"
#include "lib/base/arena.h"
#include "lib/base/bytes.h"
#include "lib/base/limits.h"
#include "lib/base/map.h"

#define MARKS_MAX_BYTES (64u * 1024 * 1024)
#define MARKS_ROOM      8192 /* less than this left is full */

/* The place of one value. */
struct mark {
    const char *key; /* in a mapping; NULL in a list */
    unsigned line, column;
    struct mark *children, *last_child, *next;
};

struct doc {
    json_t *value;
    struct mark *mark;
};

struct manifest {
    struct doc docs[LIMIT_MANIFEST_DOCS];
    size_t n_docs;
    struct arena arena; /* marks and their keys */
};

struct reader {
    struct manifest *m;
    const char *name;
    yaml_parser_t parser;
    struct map anchors; /* name -> json_t, referenced */
    unsigned n_values, depth;
    struct err *err;
};

static void event_done(yaml_event_t *ev)
{
    yaml_event_delete(ev);
}
#define _cleanup_event_ _cleanup_(event_done)

/* ---- errors ---- */

static _printf_(3, 4) int refuse(struct reader *r, yaml_mark_t at, const char *fmt, ...)
{
    char text[ERR_MSG_MAX];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return err_set(r->err, RPC_INVALID_ARGUMENT, "BadRequest", "%s:%zu:%zu: %s", r->name,
                   at.line + 1, at.column + 1, text);
}

static int too_large(struct reader *r, const char *what, unsigned long most)
{
    return err_set(r->err, RPC_RESOURCE_EXHAUSTED, "TooLarge", "%s: more than %lu %s", r->name,
                   most, what);
}

/* libyaml counts columns in characters and from 0. */
static int syntax_error(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "not YAML";

    if (p->error == YAML_MEMORY_ERROR)
        return err_oom(r->err);
    if (p->error == YAML_READER_ERROR)
        return refuse(r, p->mark, "%s (byte %zu)", problem, p->problem_offset);
    return refuse(r, p->problem_mark, "%s%s%s", problem, p->context ? ", " : "",
                  p->context ? p->context : "");
}

static int next_event(struct reader *r, yaml_event_t *ev)
{
    return yaml_parser_parse(&r->parser, ev) ? 0 : syntax_error(r);
}

/* ---- scalars: go-yaml v2 resolve.go ---- */

static bool is_one_of(const char *s, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(s, *words) == 0)
            return true;
    return false;
}

static const char *const true_words[] = {"y",  "Y",  "yes",  "Yes",  "YES",  "on",
                                         "On", "ON", "true", "True", "TRUE", NULL};
static const char *const false_words[] = {"n",   "N",   "no",    "No",    "NO",    "off",
                                          "Off", "OFF", "false", "False", "FALSE", NULL};
static const char *const null_words[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const not_finite_words[] = {".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",
                                               ".INF",  "+.inf", "+.Inf", "+.INF", "-.inf",
                                               "-.Inf", "-.INF", NULL};

/* Go's strconv.ParseInt(s, 0, 64). */
static bool parse_integer(const char *s, int64_t *ret)
{
    const char *digits = s + (*s == '+' || *s == '-');
    int base = 10;
    char *end;
    long long v;

    if (digits[0] == '0' && digits[1]) {
        base = strchr("xX", digits[1]) ? 16 : strchr("bB", digits[1]) ? 2 : 8;
        digits += strchr("xXbBoO", digits[1]) ? 2 : 1;
    }
    if (strspn(digits, "0123456789abcdefABCDEF") != strlen(digits) || !*digits)
        return false;
    errno = 0;
    v = strtoll(digits, &end, base);
    if (*end || errno)
        return false; /* -2^63 alone is lost: it becomes a float, as nothing that fits a field does
                       */
    *ret = *s == '-' ? -v : v;
    return true;
}

/* [-+]? ( .d+ | d+ (. d*)? ) ( [eE] [-+]? d+ )? */
static bool is_float(const char *s)
{
    size_t before, after = 0;

    s += *s == '+' || *s == '-';
    before = strspn(s, "0123456789");
    s += before;
    if (*s == '.') {
        s++;
        after = strspn(s, "0123456789");
        s += after;
    }
    if (before + after == 0)
        return false;
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '+' || *s == '-';
        if (!*s || strspn(s, "0123456789") == 0)
            return false;
        s += strspn(s, "0123456789");
    }
    return *s == '\0';
}

/* A float that is whole is written as an integer on its way to the API server. */
static json_t *number(double v)
{
    if (v == floor(v) && fabs(v) < 9e18)
        return json_integer((json_int_t)v);
    return json_real(v); /* NULL when it is not finite: the caller says so */
}

#define NUMBER_MAX 128

/* Whether it is a number. *ret is then NULL when memory failed, or with *ret_bad, when JSON cannot
 * say it. */
static bool resolve_number(const char *s, json_t **ret, bool *ret_bad)
{
    char plain[NUMBER_MAX];
    size_t n = 0;
    int64_t i;

    *ret_bad = is_one_of(s, not_finite_words);
    if (*ret_bad || !strchr("+-.0123456789", s[0]) || strlen(s) >= sizeof(plain))
        return *ret_bad;
    for (const char *c = s; *c; c++)
        if (*c != '_')
            plain[n++] = *c;
    plain[n] = '\0';
    if (parse_integer(plain, &i)) {
        *ret = json_integer(i);
        return true;
    }
    if (!is_float(plain))
        return false;
    *ret_bad = !isfinite(strtod(plain, NULL));
    *ret = *ret_bad ? NULL : number(strtod(plain, NULL));
    return true;
}

/* A plain scalar without a tag. NULL: out of memory, or *ret_bad. */
static json_t *resolve(const char *s, bool *ret_bad)
{
    json_t *v = NULL;

    *ret_bad = false;
    if (is_one_of(s, null_words))
        return json_null();
    if (is_one_of(s, true_words))
        return json_true();
    if (is_one_of(s, false_words))
        return json_false();
    return resolve_number(s, &v, ret_bad) ? v : json_string(s);
}

enum tag { TAG_NONE, TAG_STRING, TAG_PLAIN, TAG_UNKNOWN };

static enum tag tag_of(const yaml_char_t *tag)
{
    static const char *const plain[] = {YAML_NULL_TAG,      YAML_BOOL_TAG, YAML_INT_TAG,
                                        YAML_FLOAT_TAG,     YAML_MAP_TAG,  YAML_SEQ_TAG,
                                        YAML_TIMESTAMP_TAG, NULL};
    const char *s = (const char *)tag;

    if (!s)
        return TAG_NONE;
    if (strcmp(s, YAML_STR_TAG) == 0 || strcmp(s, "!") == 0)
        return TAG_STRING;
    return is_one_of(s, plain) ? TAG_PLAIN : TAG_UNKNOWN;
}

static int scalar(struct reader *r, const yaml_event_t *ev, json_t **ret)
{
    const char *s = (const char *)ev->data.scalar.value;
    enum tag tag = tag_of(ev->data.scalar.tag);
    bool is_bad = false;

    if (strlen(s) != ev->data.scalar.length)
        return refuse(r, ev->start_mark, "a string with a NUL character");
    if (tag == TAG_UNKNOWN)
        return refuse(r, ev->start_mark, "unknown tag %.60s", (const char *)ev->data.scalar.tag);
    if (tag == TAG_STRING || (tag == TAG_NONE && ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE))
        *ret = json_string(s);
    else
        *ret = resolve(s, &is_bad);
    if (is_bad)
        return refuse(r, ev->start_mark, "%.40s is a number that JSON cannot say", s);
    return *ret ? 0 : err_oom(r->err);
}

/* ---- marks ---- */

static struct mark *mark_new(struct reader *r, struct mark *parent, const char *key, yaml_mark_t at)
{
    struct mark *mark = arena_zalloc(&r->m->arena, sizeof(*mark));
    const char *copy = key && mark ? arena_strdup(&r->m->arena, key) : NULL;

    if (!mark || (key && !copy)) {
        if (r->m->arena.used > MARKS_MAX_BYTES - MARKS_ROOM)
            (void)too_large(r, "bytes of places", MARKS_MAX_BYTES);
        else
            (void)err_oom(r->err);
        return NULL;
    }
    mark->key = copy;
    mark->line = (unsigned)at.line + 1;
    mark->column = (unsigned)at.column + 1;
    if (parent && parent->last_child)
        parent->last_child->next = mark;
    else if (parent)
        parent->children = mark;
    if (parent)
        parent->last_child = mark;
    return mark;
}

/* ---- values ---- */

static int value(struct reader *r, const yaml_event_t *ev, struct mark *mark, json_t **ret);

static int count_values(struct reader *r, unsigned n)
{
    r->n_values += n;
    if (r->n_values > MANIFEST_MAX_VALUES)
        return too_large(r, "values", MANIFEST_MAX_VALUES);
    return 0;
}

static unsigned size_of(const json_t *v)
{
    unsigned n = 1;
    const char *key;
    json_t *m;
    size_t i;

    json_object_foreach((json_t *)v, key, m) n += size_of(m);
    json_array_foreach((json_t *)v, i, m) n += size_of(m);
    return n;
}

static unsigned depth_of(const json_t *v)
{
    unsigned deepest = 0;
    const char *key;
    json_t *m;
    size_t i;

    json_object_foreach((json_t *)v, key, m) deepest = MAX(deepest, depth_of(m));
    json_array_foreach((json_t *)v, i, m) deepest = MAX(deepest, depth_of(m));
    return deepest + 1;
}

/* Remembers a copy: what follows may change neither. */
static int anchor(struct reader *r, const yaml_char_t *name, const json_t *v)
{
    json_t *copy;
    void *old;

    if (!name)
        return 0;
    if (count_values(r, size_of(v)) < 0)
        return -1;
    copy = meta_deep_copy(v);
    if (!copy || map_set(&r->anchors, (const char *)name, copy, &old, r->err) < 0) {
        json_decref(copy);
        return err_oom(r->err);
    }
    json_decref(old);
    return 0;
}

static int alias(struct reader *r, const yaml_event_t *ev, json_t **ret)
{
    const char *name = (const char *)ev->data.alias.anchor;
    const json_t *v = map_get(&r->anchors, name);

    if (!v)
        return refuse(r, ev->start_mark, "unknown anchor \"%.60s\"", name);
    if (r->depth + depth_of(v) > LIMIT_JSON_DEPTH)
        return refuse(r, ev->start_mark, "nested deeper than %d levels", LIMIT_JSON_DEPTH);
    if (count_values(r, size_of(v)) < 0)
        return -1;
    *ret = meta_deep_copy(v);
    return *ret ? 0 : err_oom(r->err);
}

/* The text of a mapping's key: numbers and booleans are written out. */
static int key_text(struct reader *r, const yaml_event_t *ev, char **ret)
{
    _cleanup_json_ json_t *v = NULL;

    if (ev->type != YAML_SCALAR_EVENT)
        return refuse(r, ev->start_mark, "want a text as the key");
    if (scalar(r, ev, &v) < 0)
        return -1;
    if (json_is_null(v))
        return refuse(r, ev->start_mark, "want a text as the key, got null");
    *ret = json_is_string(v) ? strdup(json_string_value(v)) : meta_text(v, r->err);
    return *ret ? 0 : err_oom(r->err);
}

static bool is_merge_key(const yaml_event_t *ev)
{
    return ev->type == YAML_SCALAR_EVENT && ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           !ev->data.scalar.tag && strcmp((const char *)ev->data.scalar.value, "<<") == 0;
}

/* jansson's json_object_update_missing() does not say when memory failed it. */
static int add_missing(json_t *to, const json_t *from)
{
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)from, key, v) if (!json_object_get(to, key) &&
                                                    json_object_set(to, key, v) < 0) return -1;
    return 0;
}

/* What the mapping says itself, before or after, wins; of several merged the first. */
static int merge_in(struct reader *r, yaml_mark_t at, json_t *merged, const json_t *from)
{
    size_t i;
    json_t *v;

    if (json_is_array(from)) {
        json_array_foreach((json_t *)from, i, v)
        {
            if (!json_is_object(v))
                return refuse(r, at, "want mappings to merge");
            if (add_missing(merged, v) < 0)
                return err_oom(r->err);
        }
        return 0;
    }
    if (!json_is_object(from))
        return refuse(r, at, "want a mapping to merge");
    return add_missing(merged, from) < 0 ? err_oom(r->err) : 0;
}

static int member(struct reader *r, const yaml_event_t *key_ev, struct mark *mark, json_t *object,
                  json_t *merged)
{
    _cleanup_event_ yaml_event_t ev = {0};
    _cleanup_(freep) char *key = NULL;
    _cleanup_json_ json_t *v = NULL;
    struct mark *child;

    if (key_text(r, key_ev, &key) < 0)
        return -1;
    if (json_object_get(object, key))
        return refuse(r, key_ev->start_mark, "the key \"%.60s\" is there twice", key);
    child = mark_new(r, mark, key, key_ev->start_mark);
    if (!child || next_event(r, &ev) < 0 || value(r, &ev, child, &v) < 0)
        return -1;
    if (is_merge_key(key_ev))
        return merge_in(r, key_ev->start_mark, merged, v);
    return json_object_set(object, key, v) < 0 ? err_oom(r->err) : 0;
}

static int mapping(struct reader *r, struct mark *mark, json_t **ret)
{
    _cleanup_json_ json_t *object = json_object(), *merged = json_object();

    if (!object || !merged)
        return err_oom(r->err);
    for (;;) {
        _cleanup_event_ yaml_event_t ev = {0};

        if (next_event(r, &ev) < 0)
            return -1;
        if (ev.type == YAML_MAPPING_END_EVENT)
            break;
        if (member(r, &ev, mark, object, merged) < 0)
            return -1;
    }
    if (add_missing(object, merged) < 0)
        return err_oom(r->err);
    *ret = TAKE_PTR(object);
    return 0;
}

static int sequence(struct reader *r, struct mark *mark, json_t **ret)
{
    _cleanup_json_ json_t *list = json_array();

    if (!list)
        return err_oom(r->err);
    for (;;) {
        _cleanup_event_ yaml_event_t ev = {0};
        json_t *v = NULL;
        struct mark *child;

        if (next_event(r, &ev) < 0)
            return -1;
        if (ev.type == YAML_SEQUENCE_END_EVENT)
            break;
        child = mark_new(r, mark, NULL, ev.start_mark);
        if (!child || value(r, &ev, child, &v) < 0)
            return -1;
        if (json_array_append_new(list, v) < 0)
            return err_oom(r->err);
    }
    *ret = TAKE_PTR(list);
    return 0;
}

static int collection(struct reader *r, const yaml_event_t *ev, struct mark *mark, json_t **ret)
{
    bool is_mapping = ev->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *tag = is_mapping ? ev->data.mapping_start.tag : ev->data.sequence_start.tag;
    _cleanup_json_ json_t *v = NULL;
    int e;

    if (tag_of(tag) == TAG_UNKNOWN)
        return refuse(r, ev->start_mark, "unknown tag %.60s", (const char *)tag);
    if (r->depth >= LIMIT_JSON_DEPTH)
        return refuse(r, ev->start_mark, "nested deeper than %d levels", LIMIT_JSON_DEPTH);
    r->depth++;
    e = is_mapping ? mapping(r, mark, &v) : sequence(r, mark, &v);
    r->depth--;
    if (e < 0 ||
        anchor(r, is_mapping ? ev->data.mapping_start.anchor : ev->data.sequence_start.anchor, v) <
            0)
        return -1;
    *ret = TAKE_PTR(v);
    return 0;
}

/* ev begins the value. *ret is set also on failure, when a part was made. */
static int value(struct reader *r, const yaml_event_t *ev, struct mark *mark, json_t **ret)
{
    if (count_values(r, 1) < 0)
        return -1;
    if (ev->type == YAML_ALIAS_EVENT)
        return alias(r, ev, ret);
    if (ev->type != YAML_SCALAR_EVENT)
        return collection(r, ev, mark, ret);
    if (scalar(r, ev, ret) < 0)
        return -1;
    if (anchor(r, ev->data.scalar.anchor, *ret) == 0)
        return 0;
    json_decref(*ret);
    *ret = NULL;
    return -1;
}

/* ---- documents ---- */

static void forget_anchors(struct reader *r)
{
    MAP_FOREACH(it, &r->anchors)
    json_decref(map_entry_value(it));
    map_done(&r->anchors);
}

static int document(struct reader *r)
{
    _cleanup_event_ yaml_event_t ev = {0}, end = {0};
    struct manifest *m = r->m;
    struct doc *doc = &m->docs[m->n_docs];

    if (m->n_docs == LIMIT_MANIFEST_DOCS)
        return too_large(r, "documents", LIMIT_MANIFEST_DOCS);
    if (next_event(r, &ev) < 0)
        return -1;
    doc->mark = mark_new(r, NULL, NULL, ev.start_mark);
    if (!doc->mark || value(r, &ev, doc->mark, &doc->value) < 0)
        return -1;
    forget_anchors(r);
    if (json_is_null(doc->value))
        *doc = (struct doc){0}; /* nothing between two "---" */
    else
        m->n_docs++;
    return next_event(r, &end);
}

static int stream(struct reader *r)
{
    for (;;) {
        _cleanup_event_ yaml_event_t ev = {0};

        if (next_event(r, &ev) < 0)
            return -1;
        if (ev.type == YAML_STREAM_END_EVENT)
            return 0;
        if (ev.type == YAML_DOCUMENT_START_EVENT && document(r) < 0)
            return -1;
    }
}

int manifest_parse(struct manifest **ret, const char *name, const void *data, size_t n,
                   struct err *err)
{
    _cleanup_(manifest_freep) struct manifest *m = calloc(1, sizeof(*m));
    struct reader r = {.m = m, .name = name, .err = err};
    int e;

    if (!m)
        return err_oom(err);
    arena_init(&m->arena, MARKS_MAX_BYTES);
    if (n > LIMIT_MANIFEST)
        return too_large(&r, "bytes", LIMIT_MANIFEST);
    if (!yaml_parser_initialize(&r.parser))
        return err_oom(err);
    map_init(&r.anchors);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, data, n);
    e = stream(&r);
    yaml_parser_delete(&r.parser);
    forget_anchors(&r);
    if (e < 0)
        return -1;
    *ret = TAKE_PTR(m);
    return 0;
}

void manifest_free(struct manifest *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < LIMIT_MANIFEST_DOCS; i++)
        json_decref(m->docs[i].value);
    arena_done(&m->arena);
    free(m);
}

size_t manifest_n_docs(const struct manifest *m)
{
    return m->n_docs;
}

json_t *manifest_doc(const struct manifest *m, size_t i)
{
    return m->docs[i].value;
}

/* ---- places ---- */

/* Takes one step off the path: an index, or a key into ret. */
static bool next_step(const char **path, char *ret, size_t n_ret, size_t *ret_index)
{
    const char *p = *path;
    size_t n;
    char *end;

    *ret_index = SIZE_MAX;
    if (*p == '.')
        p++;
    if (*p == '[' && p[1] != '"') {
        *ret_index = strtoul(p + 1, &end, 10);
        *path = *end == ']' ? end + 1 : "";
        return true;
    }
    if (*p == '[') { /* ["a.b/c"] */
        p += 2;
        end = strstr(p, "\"]");
        n = end ? (size_t)(end - p) : strlen(p);
        *path = end ? end + 2 : "";
    } else {
        n = strcspn(p, ".[");
        *path = p + n;
    }
    (void)snprintf(ret, n_ret, "%.*s", (int)n, p);
    return n > 0;
}

static const struct mark *child_of(const struct mark *mark, const char *key, size_t index)
{
    const struct mark *c = mark->children;

    for (; c; c = c->next)
        if (index != SIZE_MAX ? index-- == 0 : c->key && strcmp(c->key, key) == 0)
            return c;
    return NULL;
}

void manifest_position(const struct manifest *m, size_t i, const char *path, unsigned *ret_line,
                       unsigned *ret_column)
{
    const struct mark *mark = m->docs[i].mark, *child;
    char key[256];
    size_t index;

    while (*path && next_step(&path, key, sizeof(key), &index)) {
        child = child_of(mark, key, index);
        if (!child)
            break;
        mark = child;
    }
    *ret_line = mark->line;
    *ret_column = mark->column;
}
