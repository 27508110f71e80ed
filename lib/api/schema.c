/* A walk over object and table side by side. The path of where it stands is one buffer that grows
 * and is cut back; an issue costs nothing until there is one. */
#include "lib/api/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/api/quantity.h"
#include "lib/api/schema_table.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"

struct walk {
    char path[SCHEMA_PATH_MAX];
    size_t n_path;
    schema_issue_fn fn;
    void *user;
    unsigned n_issues, n_errors;
    unsigned depth;
    bool has_no_memory;
};

static const char *text_at(uint16_t offset)
{
    return schema_strings + offset;
}

/* ---- path and issues ---- */

static bool is_plain_key(const char *key)
{
    return key[0] != '\0' && strpbrk(key, ".[]\"/ \t\n") == NULL;
}

/* key NULL: an index. Returns the length to cut back to. A path that does not fit is cut: it still
 * says where it begins. */
static size_t push(struct walk *w, const char *key, size_t index)
{
    size_t old = w->n_path, room = sizeof(w->path) - old;
    char quoted[128];
    int n;

    if (!key)
        n = snprintf(w->path + old, room, "[%zu]", index);
    else if (is_plain_key(key))
        n = snprintf(w->path + old, room, "%s%s", old ? "." : "", key);
    else
        n = snprintf(w->path + old, room, "[\"%s\"]",
                     bytes_escape(key, strlen(key), quoted, sizeof(quoted)));
    w->n_path = MIN(old + (size_t)n, sizeof(w->path) - 1);
    return old;
}

static void pop(struct walk *w, size_t old)
{
    w->n_path = old;
    w->path[old] = '\0';
}

static _printf_(4, 5) void report(struct walk *w, bool is_warning, bool is_missing, const char *fmt,
                                  ...)
{
    struct schema_issue issue = {
        .is_warning = is_warning, .is_missing = is_missing, .path = w->path};
    char message[ERR_MSG_MAX];
    va_list ap;

    w->n_errors += !is_warning;
    if (w->n_issues++ >= SCHEMA_MAX_ISSUES)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    issue.message = message;
    w->fn(&issue, w->user);
}

#define fault(w, ...) report((w), false, false, __VA_ARGS__)

/* "the string \"two\"", short enough for a message. */
static const char *describe(const json_t *v, char *ret, size_t n_ret)
{
    char text[64];

    switch (json_typeof(v)) {
    case JSON_OBJECT:
        (void)snprintf(ret, n_ret, "a mapping");
        break;
    case JSON_ARRAY:
        (void)snprintf(ret, n_ret, "a list");
        break;
    case JSON_STRING:
        (void)snprintf(
            ret, n_ret, "the string \"%s\"",
            bytes_escape(json_string_value(v), json_string_length(v), text, sizeof(text)));
        break;
    case JSON_INTEGER:
        (void)snprintf(ret, n_ret, "the number %lld", (long long)json_integer_value(v));
        break;
    case JSON_REAL:
        (void)snprintf(ret, n_ret, "the number %g", json_real_value(v));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        (void)snprintf(ret, n_ret, "the boolean %s", json_is_true(v) ? "true" : "false");
        break;
    case JSON_NULL:
        (void)snprintf(ret, n_ret, "null");
        break;
    }
    return ret;
}

static void wrong_type(struct walk *w, const json_t *v, const char *want)
{
    char got[128];

    fault(w, "want %s, got %s", want, describe(v, got, sizeof(got)));
}

/* ---- scalars ---- */

/* ^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$ */
static bool is_reason(const char *s)
{
    static const char alnum[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_,:";
    size_t n = strlen(s);

    return n > 0 && strspn(s, alnum) == n && strchr("0123456789_,:", s[0]) == NULL &&
           (n == 1 || strchr(",:", s[n - 1]) == NULL);
}

/* [A-Za-z0-9], with "-_." inside */
static bool is_qualified_part(const char *s)
{
    static const char inside[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t n = strlen(s);

    return n > 0 && strspn(s, inside) == n && strchr("-_.", s[0]) == NULL &&
           strchr("-_.", s[n - 1]) == NULL;
}

static bool is_qualified_name(const char *s)
{
    const char *slash = strchr(s, '/');
    char prefix[254];

    if (!slash)
        return is_qualified_part(s);
    if ((size_t)(slash - s) >= sizeof(prefix))
        return false;
    (void)memcpy(prefix, s, (size_t)(slash - s));
    prefix[slash - s] = '\0';
    return bytes_is_dns_subdomain(prefix) && is_qualified_part(slash + 1);
}

static void check_pattern(struct walk *w, uint8_t pattern, const char *s)
{
    char text[64];

    (void)bytes_escape(s, strlen(s), text, sizeof(text));
    if (pattern == PATTERN_REASON && !is_reason(s))
        fault(w, "want a CamelCase word, got \"%s\"", text);
    if (pattern == PATTERN_QUALIFIED_NAME && !is_qualified_name(s))
        fault(w, "want a qualified name, got \"%s\"", text);
    if (pattern == PATTERN_QUANTITY && !quantity_is_valid(s))
        fault(w, "want a quantity such as 250m, 2 or 512Mi, got \"%s\"", text);
}

static void check_enum(struct walk *w, uint16_t enums, const char *s)
{
    char known[200] = "", text[64];
    size_t n = 0;

    for (const char *e = text_at(enums); *e; e += strlen(e) + 1) {
        if (strcmp(e, s) == 0)
            return;
        n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "", e);
        n = MIN(n, sizeof(known) - 1);
    }
    fault(w, "want one of %s, got \"%s\"", known, bytes_escape(s, strlen(s), text, sizeof(text)));
}

/* Lengths count characters, as the API server does. */
static size_t n_characters(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void check_string(struct walk *w, const struct schema_rule *rule, const json_t *v)
{
    const char *s = json_string_value(v);
    int64_t t;

    if (n_characters(s) < rule->min_length)
        fault(w, "want at least %u characters, got %zu", rule->min_length, n_characters(s));
    if (rule->max_length > 0 && n_characters(s) > rule->max_length)
        fault(w, "want at most %u characters, got %zu", rule->max_length, n_characters(s));
    if (rule->enums)
        check_enum(w, rule->enums, s);
    if (rule->format == FORMAT_DATE_TIME && clock_parse_rfc3339(s, &t) < 0)
        wrong_type(w, v, "a time such as 2026-01-31T12:00:00Z");
    check_pattern(w, rule->pattern, s);
}

static void check_integer(struct walk *w, const struct schema_rule *rule, const json_t *v)
{
    int64_t n = json_integer_value(v);

    if (rule->format == FORMAT_INT32 && (n < INT32_MIN || n > INT32_MAX))
        fault(w, "want a 32-bit integer, got the number %lld", (long long)n);
    if ((rule->has & SCHEMA_HAS_MINIMUM) && n < rule->minimum)
        fault(w, "want at least %lld, got %lld", (long long)rule->minimum, (long long)n);
    if ((rule->has & SCHEMA_HAS_MAXIMUM) && n > rule->maximum)
        fault(w, "want at most %lld, got %lld", (long long)rule->maximum, (long long)n);
}

/* ---- mappings and lists ---- */

static void check_value(struct walk *w, const struct schema_node *node, json_t *v);

static const struct schema_field *find_field(const struct schema_node *node, const char *key)
{
    size_t lo = node->first_field, hi = lo + node->n_fields;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int r = strcmp(text_at(schema_fields[mid].name), key);

        if (r == 0)
            return &schema_fields[mid];
        if (r < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static void check_member(struct walk *w, const struct schema_node *node, json_t *object,
                         const char *key, json_t *v)
{
    const struct schema_field *field = find_field(node, key);
    size_t old = push(w, key, 0);

    if (!field) {
        report(w, true, false, "unknown field, ignored");
        (void)json_object_del(object, key); /* it is there */
    } else if (json_is_null(v)) {
        (void)json_object_del(object, key);
    } else {
        check_value(w, &schema_nodes[field->node], v);
    }
    pop(w, old);
}

static void add_absent(struct walk *w, const struct schema_field *field, json_t *object)
{
    const char *name = text_at(field->name);
    const char *text = text_at(schema_rules[schema_nodes[field->node].rule].default_json);
    size_t old;

    if (*text) {
        json_t *v = meta_parse(text, strlen(text), LIMIT_OBJECT, NULL);

        w->has_no_memory |= json_object_set_new(object, name, v) < 0;
    } else if (field->is_required) {
        old = push(w, name, 0);
        report(w, false, true, "missing, and required");
        pop(w, old);
    }
}

static void check_object(struct walk *w, const struct schema_node *node, json_t *object)
{
    const char *key;
    json_t *v;
    void *next;

    json_object_foreach_safe(object, next, key, v) check_member(w, node, object, key, v);
    for (size_t i = 0; i < node->n_fields; i++) {
        const struct schema_field *field = &schema_fields[node->first_field + i];

        if (!json_object_get(object, text_at(field->name)))
            add_absent(w, field, object);
    }
}

static void check_map(struct walk *w, const struct schema_node *node, json_t *map)
{
    const char *key;
    json_t *v;

    json_object_foreach(map, key, v)
    {
        size_t old = push(w, key, 0);

        check_value(w, &schema_nodes[node->item], v);
        pop(w, old);
    }
}

/* Two items of a keyed list are the same when all their keys are. Absent ones (after defaults) make
 * an item unlike any other; it has been reported already. */
static bool same_keys(const json_t *a, const json_t *b, const char *keys)
{
    for (const char *key = keys; *key; key += strlen(key) + 1) {
        const json_t *v = json_object_get(a, key);

        if (!v || !json_equal(v, json_object_get(b, key)))
            return false;
    }
    return true;
}

/* Quadratic, and bounded by the size of an object: a longer list is the API server's business. */
#define MAX_KEYED_ITEMS 1024

static void check_duplicates(struct walk *w, const json_t *list, const char *keys)
{
    size_t n = json_array_size(list);

    if (n > MAX_KEYED_ITEMS)
        fault(w, "want at most %d items, got %zu", MAX_KEYED_ITEMS, n);
    for (size_t i = 1; i < n && n <= MAX_KEYED_ITEMS; i++)
        for (size_t j = 0; j < i; j++) {
            size_t old;

            if (!same_keys(json_array_get(list, i), json_array_get(list, j), keys))
                continue;
            old = push(w, NULL, i);
            fault(w, "has the same %s as item %zu", keys, j);
            pop(w, old);
            break;
        }
}

static void check_list(struct walk *w, const struct schema_node *node, json_t *list)
{
    size_t i;
    json_t *v;

    json_array_foreach(list, i, v)
    {
        size_t old = push(w, NULL, i);

        check_value(w, &schema_nodes[node->item], v);
        pop(w, old);
    }
    if (node->list_keys)
        check_duplicates(w, list, text_at(node->list_keys));
}

static void check_typed(struct walk *w, const struct schema_node *node, json_t *v)
{
    const struct schema_rule *rule = &schema_rules[node->rule];

    switch ((enum schema_type)node->type) {
    case SCHEMA_ANY:
        return;
    case SCHEMA_OBJECT:
        return json_is_object(v) ? check_object(w, node, v) : wrong_type(w, v, "a mapping");
    case SCHEMA_MAP:
        return json_is_object(v) ? check_map(w, node, v) : wrong_type(w, v, "a mapping");
    case SCHEMA_ARRAY:
        return json_is_array(v) ? check_list(w, node, v) : wrong_type(w, v, "a list");
    case SCHEMA_STRING:
        return json_is_string(v) ? check_string(w, rule, v) : wrong_type(w, v, "a string");
    case SCHEMA_INTEGER:
        return json_is_integer(v) ? check_integer(w, rule, v) : wrong_type(w, v, "an integer");
    case SCHEMA_BOOLEAN:
        return json_is_boolean(v) ? (void)0 : wrong_type(w, v, "true or false");
    case SCHEMA_INT_OR_STRING:
        if (json_is_string(v))
            return check_string(w, rule, v);
        return json_is_integer(v) ? (void)0 : wrong_type(w, v, "a string or an integer");
    }
}

static void check_value(struct walk *w, const struct schema_node *node, json_t *v)
{
    if (w->depth >= LIMIT_JSON_DEPTH) {
        fault(w, "nested deeper than %d levels", LIMIT_JSON_DEPTH);
        return;
    }
    w->depth++;
    check_typed(w, node, v);
    w->depth--;
}

/* ---- the whole ---- */

int schema_check(json_t *object, schema_issue_fn fn, void *user, struct err *err)
{
    struct walk w = {.fn = fn, .user = user};
    enum api_version version;
    const struct api_kind *kind = api_kind_of_object(object, &version, err);

    if (!kind)
        return -1;
    check_value(&w, &schema_nodes[schema_roots[kind->id][version]], object);
    if (w.has_no_memory)
        return err_oom(err);
    return w.n_errors > 0;
}

struct collected {
    struct buf *warnings;
    struct err *err;
    unsigned n_errors;
};

static void collect(const struct schema_issue *issue, void *user)
{
    struct collected *c = user;

    if (issue->is_warning) {
        if (c->warnings)
            (void)buf_appendf(c->warnings, NULL, "%s: %s\n", issue->path, issue->message);
        return;
    }
    if (c->n_errors++ == 0)
        (void)err_set(c->err, RPC_INVALID_ARGUMENT, "BadRequest", "%s: %s", issue->path,
                      issue->message);
}

int schema_apply(json_t *object, struct buf *warnings, struct err *err)
{
    struct collected c = {.warnings = warnings, .err = err};
    int r = schema_check(object, collect, &c, err);
    size_t n;

    if (r <= 0)
        return r;
    n = err ? strlen(err->msg) : 0;
    if (err && c.n_errors > 1)
        (void)snprintf(err->msg + n, sizeof(err->msg) - n, "; and %u more", c.n_errors - 1);
    return -1;
}

int schema_check_update(const json_t *old_object, const json_t *new_object, struct err *err)
{
    const json_t *a = meta_get(old_object, "spec.volumeClaimTemplates");
    const json_t *b = meta_get(new_object, "spec.volumeClaimTemplates");

    if (strcmp(meta_str(new_object, "kind", ""), "Sandbox") != 0 || (!a && !b) || json_equal(a, b))
        return 0;
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                   "spec: volumeClaimTemplates is immutable");
}
