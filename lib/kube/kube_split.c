#include "lib/kube/kube_split.h"

#include <string.h>

#include "lib/base/limits.h"

void kube_list_split_init(struct kube_list_split *s)
{
    *s = (struct kube_list_split){0};
    buf_init(&s->item, KUBE_MAX_ITEM);
    buf_init(&s->rest, KUBE_MAX_REST);
}

void kube_list_split_done(struct kube_list_split *s)
{
    buf_done(&s->item);
    buf_done(&s->rest);
}

static int garbled(struct err *err, const char *what)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "the list %s", what);
}

/* Notes strings at depth 1: the one before a '[' is its key. */
static void note_string(struct kube_list_split *s, char c)
{
    if (s->depth != 1)
        return;
    if (c == '"') {
        if (!s->in_string)
            s->n_key = 0;
        return;
    }
    if (s->n_key < sizeof(s->key))
        s->key[s->n_key] = c;
    s->n_key++;
}

static bool is_items_key(const struct kube_list_split *s)
{
    return s->n_key == 5 && memcmp(s->key, "items", 5) == 0;
}

/* One byte outside of strings. Returns whether it ends an item. */
static int step(struct kube_list_split *s, char c, struct err *err)
{
    bool was_item = s->is_items && s->depth >= 3;

    if (c == '"')
        s->in_string = true;
    if (c == '{' || c == '[') {
        if (++s->depth > LIMIT_JSON_DEPTH + 2)
            return garbled(err, "is nested too deep");
        if (s->depth == 2 && c == '[' && is_items_key(s))
            s->is_items = true;
    } else if (c == '}' || c == ']') {
        if (s->depth == 0)
            return garbled(err, "closes more than it opened");
        s->depth--;
        if (s->depth == 1)
            s->is_items = false;
        s->is_ended = s->depth == 0;
        return was_item && s->depth == 2;
    }
    return 0;
}

enum place { PLACE_NOWHERE, PLACE_ITEM, PLACE_REST };

/* Where the byte belongs: to an item, to the rest, or (between items) nowhere. */
static enum place place_of(const struct kube_list_split *s, char c, bool is_inside)
{
    if (is_inside)
        return PLACE_ITEM;
    if (s->is_items && s->depth == 2 && (c == ',' || c == ' ' || c == '\n' || c == '\t'))
        return PLACE_NOWHERE;
    return PLACE_REST;
}

static int put(struct kube_list_split *s, enum place place, const char *data, size_t n,
               struct err *err)
{
    if (place == PLACE_NOWHERE || n == 0)
        return 0;
    return buf_append(place == PLACE_ITEM ? &s->item : &s->rest, data, n, err);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Looks at one byte. Returns 1 when it ends an item. */
static int take(struct kube_list_split *s, char c, enum place *ret, struct err *err)
{
    bool was_inside = s->is_items && s->depth >= 3;
    int ends = 0;

    *ret = PLACE_NOWHERE;
    if (s->is_ended)
        return is_space(c) ? 0 : garbled(err, "goes on after its end");
    if (s->in_string) {
        note_string(s, c);
        if (s->is_escaped)
            s->is_escaped = false;
        else if (c == '\\')
            s->is_escaped = true;
        else if (c == '"')
            s->in_string = false;
    } else {
        if (c == '"')
            note_string(s, c);
        ends = step(s, c, err);
        if (ends < 0)
            return -1;
    }
    *ret = place_of(s, c, was_inside || (s->is_items && s->depth >= 3));
    return ends;
}

int kube_list_split_next(struct kube_list_split *s, struct buf *in, struct err *err)
{
    const char *data = (const char *)buf_data(in);
    size_t n = buf_len(in), run = 0; /* what is put together in one go */
    enum place run_place = PLACE_NOWHERE;

    if (s->depth == 2 && buf_len(&s->item) > 0)
        buf_clear(&s->item); /* the one handed out before */
    for (size_t i = 0; i < n; i++) {
        enum place place;
        int r = take(s, data[i], &place, err);

        if (r < 0)
            return -1;
        if (place != run_place) {
            if (put(s, run_place, data + run, i - run, err) < 0)
                return -1;
            run = i;
            run_place = place;
        }
        if (r == 0)
            continue;
        if (put(s, run_place, data + run, i + 1 - run, err) < 0)
            return -1;
        buf_consume(in, i + 1);
        return 0;
    }
    if (put(s, run_place, data + run, n - run, err) < 0)
        return -1;
    buf_consume(in, n);
    return KUBE_SPLIT_MORE;
}

int kube_line_next(struct buf *in, size_t *from, const char **ret, size_t *ret_n, struct err *err)
{
    const char *data = (const char *)buf_data(in);
    size_t n = buf_len(in);
    const char *end = n > *from ? memchr(data + *from, '\n', n - *from) : NULL;

    if (end) {
        *from = 0;
        *ret = data;
        *ret_n = (size_t)(end - data);
        return 0;
    }
    if (n > KUBE_MAX_ITEM)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
                       "a watch event has more than %u bytes", KUBE_MAX_ITEM);
    *from = n;
    return KUBE_SPLIT_MORE;
}
