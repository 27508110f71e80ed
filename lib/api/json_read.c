/*
 * One reader for both: read_value() checks the grammar and builds when it is told to. Depth is
 * bounded by LIMIT_JSON_DEPTH, so it recurses. Strings, most of what an API server sends, are
 * looked at eight bytes at a time.
 */
#include "lib/api/json_read.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/base/limits.h"

#define SHORT_NUMBER 64

struct reader {
    const char *from, *at, *end;
    unsigned depth;
    struct err *err;
    struct json_find *finds; /* json_find() only */
    size_t n_finds;
};

/* A string of the text, without its quotes. */
struct span {
    const char *s;
    size_t n;
    bool has_escapes;
};

static int refuse(struct reader *r, const char *what)
{
    int line = 1, column = 1;

    for (const char *p = r->from; p < r->at; p++) {
        column = *p == '\n' ? 1 : column + 1;
        line += *p == '\n';
    }
    return err_set(r->err, RPC_INVALID_ARGUMENT, "BadRequest", "JSON line %d, column %d: %s", line,
                   column, what);
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

/* The next character that is no space; '\0' at the end (which no JSON has there). */
static char peek(struct reader *r)
{
    skip_space(r);
    return r->at < r->end ? *r->at : '\0';
}

/* ---- strings ---- */

/* Whether one of these eight bytes ends the plain part of a string, or is none of ASCII. */
static bool has_special(const char *p)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t v, quote, back;

    (void)memcpy(&v, p, 8);
    quote = v ^ ones * '"';
    back = v ^ ones * '\\';
    return (((quote - ones) & ~quote) | ((back - ones) & ~back) | ((v - ones * 0x20) & ~v) | v) &
           highs;
}

/* Over bytes that mean nothing in a string. *is_ascii: cleared when there are others than ASCII. */
static void skip_plain(struct reader *r, bool *is_ascii)
{
    while (r->at < r->end) {
        const char *some = r->at + MIN(r->end - r->at, 8);

        if (some - r->at == 8 && !has_special(r->at)) {
            r->at = some;
            continue;
        }
        for (; r->at < some; r->at++) {
            unsigned char c = (unsigned char)*r->at;

            if (c == '"' || c == '\\' || c < 0x20)
                return;
            *is_ascii &= c < 0x80;
        }
    }
}

static int hex4(struct reader *r, unsigned *ret)
{
    unsigned v = 0;

    if (r->end - r->at < 4)
        return refuse(r, "a \\u escape that is cut off");
    for (int i = 0; i < 4; i++) {
        char c = *r->at++;

        if (c >= '0' && c <= '9')
            v = v << 4 | (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v << 4 | (unsigned)((c | 0x20) - 'a' + 10);
        else
            return refuse(r, "a \\u escape without four hex digits");
    }
    *ret = v;
    return 0;
}

static size_t put_utf8(unsigned c, char ret[4])
{
    if (c < 0x80) {
        ret[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        ret[0] = (char)(0xc0 | c >> 6);
        ret[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        ret[0] = (char)(0xe0 | c >> 12);
        ret[1] = (char)(0x80 | (c >> 6 & 0x3f));
        ret[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    ret[0] = (char)(0xf0 | c >> 18);
    ret[1] = (char)(0x80 | (c >> 12 & 0x3f));
    ret[2] = (char)(0x80 | (c >> 6 & 0x3f));
    ret[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* After "\u". */
static int read_unicode(struct reader *r, char ret[4], size_t *ret_n)
{
    unsigned c, low;

    if (hex4(r, &c) < 0)
        return -1;
    if (c == 0)
        return refuse(r, "\\u0000 is not allowed");
    if (c >= 0xd800 && c < 0xdc00) {
        if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
            return refuse(r, "half a surrogate pair");
        r->at += 2;
        if (hex4(r, &low) < 0)
            return -1;
        if (low < 0xdc00 || low >= 0xe000)
            return refuse(r, "half a surrogate pair");
        c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
    } else if (c >= 0xdc00 && c < 0xe000) {
        return refuse(r, "half a surrogate pair");
    }
    *ret_n = put_utf8(c, ret);
    return 0;
}

/* At a backslash. */
static int read_escape(struct reader *r, char ret[4], size_t *ret_n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;
    char c;

    r->at++;
    if (r->at == r->end)
        return refuse(r, "a string that does not end");
    c = *r->at++;
    if (c == 'u')
        return read_unicode(r, ret, ret_n);
    found = c ? strchr(from, c) : NULL;
    if (!found)
        return refuse(r, "an unknown escape");
    ret[0] = to[found - from];
    *ret_n = 1;
    return 0;
}

/* At a quote. */
static int read_span(struct reader *r, struct span *ret)
{
    bool is_ascii = true, has_escapes = false;
    const char *from = ++r->at;
    char scratch[4];
    size_t n;

    for (;;) {
        skip_plain(r, &is_ascii);
        if (r->at == r->end)
            return refuse(r, "a string that does not end");
        if (*r->at == '"')
            break;
        if (*r->at == '\\') {
            has_escapes = true;
            if (read_escape(r, scratch, &n) < 0)
                return -1;
        } else if ((unsigned char)*r->at < 0x20) {
            return refuse(r, "a control character in a string");
        }
    }
    *ret = (struct span){.s = from, .n = (size_t)(r->at - from), .has_escapes = has_escapes};
    r->at++;
    if (!is_ascii && !bytes_is_utf8(ret->s, ret->n))
        return refuse(r, "a string that is not UTF-8");
    return 0;
}

/* What the escapes mean; free() it. The span has been checked. */
static char *unescape(const struct reader *r, const struct span *span, size_t *ret_n)
{
    struct reader in = {.from = span->s, .at = span->s, .end = span->s + span->n, .err = r->err};
    char *out = malloc(span->n + 4);
    size_t n = 0, len;

    if (!out)
        return NULL;
    while (in.at < in.end) {
        if (*in.at != '\\') {
            out[n++] = *in.at++;
            continue;
        }
        if (read_escape(&in, out + n, &len) < 0)
            abort(); /* it was checked */
        n += len;
    }
    *ret_n = n;
    return out;
}

static int build_string(const struct reader *r, const struct span *span, json_t **ret)
{
    _cleanup_(freep) char *plain = NULL;
    size_t n = span->n;

    if (span->has_escapes && !(plain = unescape(r, span, &n)))
        return err_oom(r->err);
    *ret = json_stringn_nocheck(plain ? plain : span->s, n);
    return *ret ? 0 : err_oom(r->err);
}

/* ---- numbers ---- */

static bool is_digit(const struct reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static int skip_digits(struct reader *r)
{
    if (!is_digit(r))
        return refuse(r, "a number without digits");
    while (is_digit(r))
        r->at++;
    return 0;
}

/* The grammar; *is_real: with a fraction or an exponent. */
static int skip_number(struct reader *r, bool *is_real)
{
    *is_real = false;
    if (*r->at == '-')
        r->at++;
    if (is_digit(r) && *r->at == '0') {
        r->at++;
        if (is_digit(r))
            return refuse(r, "a number that begins with 0");
    } else if (skip_digits(r) < 0) {
        return -1;
    }
    if (r->at < r->end && *r->at == '.') {
        *is_real = true;
        r->at++;
        if (skip_digits(r) < 0)
            return -1;
    }
    if (r->at < r->end && (*r->at | 0x20) == 'e') {
        *is_real = true;
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
            r->at++;
        return skip_digits(r);
    }
    return 0;
}

static int build_number(struct reader *r, const char *from, bool is_real, json_t **ret)
{
    size_t n = (size_t)(r->at - from);
    char text[SHORT_NUMBER];
    _cleanup_(freep) char *longer = n < sizeof(text) ? NULL : malloc(n + 1);
    char *s = n < sizeof(text) ? text : longer;

    if (!s)
        return err_oom(r->err);
    (void)memcpy(s, from, n);
    s[n] = '\0';
    errno = 0;
    if (is_real) {
        double v = strtod(s, NULL);

        if (isinf(v))
            return refuse(r, "a number out of range");
        *ret = json_real(v);
    } else {
        long long v = strtoll(s, NULL, 10);

        if (errno == ERANGE)
            return refuse(r, "a number out of range");
        *ret = json_integer(v);
    }
    return *ret ? 0 : err_oom(r->err);
}

static int read_number(struct reader *r, json_t **ret)
{
    const char *from = r->at;
    bool is_real;

    if (skip_number(r, &is_real) < 0)
        return -1;
    return ret ? build_number(r, from, is_real, ret) : 0;
}

/* ---- values ---- */

/* The value at r->at; built into *ret unless ret is NULL. sought: bit i says that finds[i] may be
 * inside, at keys[depth] and on. */
static int read_value(struct reader *r, const struct json_sieve *sieve, unsigned sought,
                      json_t **ret);

static int read_word(struct reader *r, const char *word, json_t *value, json_t **ret)
{
    size_t n = strlen(word);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return refuse(r, "no value");
    r->at += n;
    if (ret)
        *ret = value; /* one of jansson's three, which are not counted */
    return 0;
}

static bool is_key(const char *key, const char *s, size_t n)
{
    return strncmp(key, s, n) == 0 && key[n] == '\0';
}

static bool is_in(const char *const *list, const char *s, size_t n)
{
    for (; *list; list++)
        if (is_key(*list, s, n))
            return true;
    return false;
}

static bool is_kept(const struct json_sieve *sieve, const char *s, size_t n)
{
    return !sieve || ((!sieve->only || is_in(sieve->only, s, n)) &&
                      (!sieve->without || !is_in(sieve->without, s, n)));
}

static const struct json_sieve *sieve_inside(const struct json_sieve *sieve, const char *s,
                                             size_t n)
{
    const struct json_sieve_member *m = sieve ? sieve->inside : NULL;

    for (; m && m->key; m++)
        if (is_key(m->key, s, n))
            return m->sieve;
    return NULL;
}

/* Those of `sought` that go on with this key. */
static unsigned seek(const struct reader *r, unsigned sought, const char *s, size_t n)
{
    unsigned found = 0;

    for (size_t i = 0; i < r->n_finds; i++) {
        const char *key = r->depth <= JSON_FIND_MAX_KEYS ? r->finds[i].keys[r->depth - 1] : NULL;

        if ((sought & 1u << i) && key && is_key(key, s, n))
            found |= 1u << i;
    }
    return found;
}

/* Those whose last key this was have found their value. */
static void note_found(const struct reader *r, unsigned sought, const char *from)
{
    for (size_t i = 0; i < r->n_finds; i++) {
        struct json_find *f = &r->finds[i];

        if (!(sought & 1u << i) || (r->depth < JSON_FIND_MAX_KEYS && f->keys[r->depth]))
            continue;
        f->at = from;
        f->n = (size_t)(r->at - from);
    }
}

/* A member whose key is s: up to its end. out: the object it belongs to, or NULL. */
static int read_member(struct reader *r, const struct json_sieve *sieve, unsigned sought,
                       const char *s, size_t n, json_t *out)
{
    bool is_wanted = out && is_kept(sieve, s, n);
    size_t n_before = out ? json_object_size(out) : 0;
    json_t *v = NULL;
    const char *from;

    if (peek(r) != ':')
        return refuse(r, "a key without ':'");
    r->at++;
    skip_space(r);
    from = r->at;
    sought = sought ? seek(r, sought, s, n) : 0;
    if (read_value(r, is_wanted ? sieve_inside(sieve, s, n) : NULL, sought, is_wanted ? &v : NULL) <
        0)
        return -1;
    if (sought)
        note_found(r, sought, from);
    if (!is_wanted)
        return 0;
    if (json_object_setn_new_nocheck(out, s, n, v) < 0)
        return err_oom(r->err);
    return json_object_size(out) > n_before ? 0 : refuse(r, "a key that was there before");
}

static int read_key_and_member(struct reader *r, const struct json_sieve *sieve, unsigned sought,
                               json_t *out)
{
    _cleanup_(freep) char *plain = NULL;
    struct span key;
    size_t n;

    if (peek(r) != '"')
        return refuse(r, "no key");
    if (read_span(r, &key) < 0)
        return -1;
    n = key.n;
    if (key.has_escapes && !(plain = unescape(r, &key, &n)))
        return err_oom(r->err);
    return read_member(r, sieve, sought, plain ? plain : key.s, n, out);
}

static int read_object(struct reader *r, const struct json_sieve *sieve, unsigned sought,
                       json_t *out)
{
    r->at++;
    if (peek(r) == '}') {
        r->at++;
        return 0;
    }
    for (;;) {
        char c;

        if (read_key_and_member(r, sieve, sought, out) < 0)
            return -1;
        c = peek(r);
        if (c != ',' && c != '}')
            return refuse(r, "an object that goes on without ','");
        r->at++;
        if (c == '}')
            return 0;
    }
}

static int read_item(struct reader *r, json_t *out)
{
    json_t *v = NULL;

    skip_space(r);
    if (read_value(r, NULL, 0, out ? &v : NULL) < 0)
        return -1;
    return out && json_array_append_new(out, v) < 0 ? err_oom(r->err) : 0;
}

static int read_array(struct reader *r, json_t *out)
{
    r->at++;
    if (peek(r) == ']') {
        r->at++;
        return 0;
    }
    for (;;) {
        char c;

        if (read_item(r, out) < 0)
            return -1;
        c = peek(r);
        if (c != ',' && c != ']')
            return refuse(r, "an array that goes on without ','");
        r->at++;
        if (c == ']')
            return 0;
    }
}

static int read_container(struct reader *r, const struct json_sieve *sieve, unsigned sought,
                          json_t **ret)
{
    _cleanup_json_ json_t *out = NULL;
    bool is_object = *r->at == '{';
    int x;

    if (ret && !(out = is_object ? json_object() : json_array()))
        return err_oom(r->err);
    if (++r->depth > LIMIT_JSON_DEPTH)
        return refuse(r, "nested too deep");
    x = is_object ? read_object(r, sieve, sought, out) : read_array(r, out);
    if (x < 0)
        return -1;
    r->depth--;
    if (ret)
        *ret = TAKE_PTR(out);
    return 0;
}

static int read_value(struct reader *r, const struct json_sieve *sieve, unsigned sought,
                      json_t **ret)
{
    struct span span;

    switch (r->at < r->end ? *r->at : '\0') {
    case '{':
    case '[':
        return read_container(r, sieve, sought, ret);
    case '"':
        if (read_span(r, &span) < 0)
            return -1;
        return ret ? build_string(r, &span, ret) : 0;
    case 't':
        return read_word(r, "true", json_true(), ret);
    case 'f':
        return read_word(r, "false", json_false(), ret);
    case 'n':
        return read_word(r, "null", json_null(), ret);
    case '-':
    case '0' ... '9':
        return read_number(r, ret);
    default:
        return refuse(r, "no value");
    }
}

/* One value and nothing after it. */
static int read_whole(struct reader *r, size_t max_bytes, const struct json_sieve *sieve,
                      json_t **ret)
{
    size_t n = (size_t)(r->end - r->from);

    if (n > max_bytes)
        return err_set(r->err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
                       "%zu bytes of JSON; %zu is the most", n, max_bytes);
    skip_space(r);
    if (read_value(r, sieve, r->n_finds ? (1u << r->n_finds) - 1 : 0, ret) < 0)
        return -1;
    skip_space(r);
    return r->at == r->end ? 0 : refuse(r, "something after the value");
}

json_t *json_read(const char *text, size_t n, size_t max_bytes, const struct json_sieve *sieve,
                  struct err *err)
{
    struct reader r = {.from = text, .at = text, .end = text + n, .err = err};
    json_t *out = NULL;

    if (read_whole(&r, max_bytes, sieve, &out) == 0)
        return out;
    json_decref(out);
    return NULL;
}

int json_find(const char *text, size_t n, size_t max_bytes, struct json_find *finds, size_t n_finds,
              struct err *err)
{
    struct reader r = {
        .from = text, .at = text, .end = text + n, .err = err, .finds = finds, .n_finds = n_finds};

    if (n_finds > JSON_FIND_MAX)
        abort();
    for (size_t i = 0; i < n_finds; i++) {
        finds[i].at = NULL;
        finds[i].n = 0;
    }
    return read_whole(&r, max_bytes, NULL, NULL);
}

bool json_find_text(const struct json_find *f, const char **ret, size_t *ret_n)
{
    if (!f->at || f->n < 2 || f->at[0] != '"' || memchr(f->at, '\\', f->n))
        return false;
    *ret = f->at + 1;
    *ret_n = f->n - 2;
    return true;
}
