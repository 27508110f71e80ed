#include "cli/manifests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cli/ctl.h"
#include "lib/api/kinds.h"
#include "lib/api/manifest.h"
#include "lib/api/meta.h"
#include "lib/api/schema.h"
#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/base/limits.h"

static int read_stdin(struct buf *b, struct err *err)
{
    for (;;) {
        uint8_t *room = buf_reserve(b, 65536, err);
        ssize_t n = room ? read(0, room, 65536) : -1;

        if (!room)
            return -1;
        if (n < 0 && errno != EINTR)
            return err_errno(err, errno, "reading standard input");
        if (n == 0)
            return 0;
        buf_commit(b, n > 0 ? (size_t)n : 0);
    }
}

/* ---- checking one document ---- */

struct checking {
    const struct manifest *file;
    const char *name;
    size_t doc;
    size_t n_errors;
    struct err *err; /* gets the first */
};

static void on_issue(const struct schema_issue *issue, void *user)
{
    struct checking *c = user;
    unsigned line = 0, column = 0;

    manifest_position(c->file, c->doc, issue->path, &line, &column);
    if (issue->is_warning)
        (void)fprintf(stderr, "warning: %s:%u:%u: %s: %s\n", c->name, line, column, issue->path,
                      issue->message);
    else if (c->n_errors++ == 0)
        err_set(c->err, RPC_INVALID_ARGUMENT, "BadRequest", "%s:%u:%u: %s: %s", c->name, line,
                column, issue->path, issue->message);
    else
        (void)fprintf(stderr, "error: %s:%u:%u: %s: %s\n", c->name, line, column, issue->path,
                      issue->message);
}

/* Where the reader should look when the object as a whole is none of ours. */
static int wrap_place(const struct checking *c, const char *path, struct err *err)
{
    unsigned line = 0, column = 0;

    manifest_position(c->file, c->doc, path, &line, &column);
    return err_wrap(err, "%s:%u:%u", c->name, line, column);
}

static int check_document(struct checking *c, json_t *value, struct err *err)
{
    enum api_version version;
    int r;

    if (!json_is_object(value)) {
        err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                "a manifest is a mapping with apiVersion and kind");
        return wrap_place(c, "", err);
    }
    if (!api_kind_of_object(value, &version, err))
        return wrap_place(c, meta_get(value, "kind") ? "kind" : "apiVersion", err);
    c->err = err;
    r = schema_check(value, on_issue, c, err);
    if (r < 0)
        return wrap_place(c, "", err);
    return r == 0 ? 0 : -1;
}

/* ---- adding ---- */

static int add(struct manifests *m, const json_t *value, const char *name, unsigned line,
               struct err *err)
{
    Agentsandbox__V1__Manifest *item;
    char origin[300];

    if (m->n == ARRAY_SIZE(m->items))
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge", "more than %zu documents at once",
                       ARRAY_SIZE(m->items));
    (void)snprintf(origin, sizeof(origin), "%.250s:%u", name, line);
    item = calloc(1, sizeof(*item));
    if (!item)
        return err_oom(err);
    agentsandbox__v1__manifest__init(item);
    m->items[m->n++] = item;
    item->origin = strdup(origin);
    item->json.data = (uint8_t *)meta_dump(value, err);
    if (!item->origin || !item->json.data)
        return err_oom(err);
    item->json.len = strlen((char *)item->json.data);
    return 0;
}

static int read_documents(struct manifests *m, const char *name, const struct buf *text,
                          struct err *err)
{
    _cleanup_(manifest_freep) struct manifest *file = NULL;

    if (manifest_parse(&file, name, buf_data(text), buf_len(text), err) < 0)
        return -1;
    if (manifest_n_docs(file) == 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "%s: there is nothing in it", name);
    for (size_t i = 0; i < manifest_n_docs(file); i++) {
        json_t *value = manifest_doc(file, i);
        struct checking c = {.file = file, .name = name, .doc = i};
        unsigned line = 1, column = 1;

        manifest_position(file, i, "", &line, &column);
        if (check_document(&c, value, err) < 0 || add(m, value, name, line, err) < 0)
            return -1;
    }
    return 0;
}

int manifests_read(struct manifests *m, const char *file, struct err *err)
{
    bool is_stdin = strcmp(file, "-") == 0;
    struct buf text;
    int r;

    buf_init(&text, LIMIT_MANIFEST + 65536);
    r = is_stdin ? read_stdin(&text, err) : fd_read_file(AT_FDCWD, file, &text, err);
    if (r < 0)
        err_wrap(err, "%s", file);
    else
        r = read_documents(m, file, &text, err);
    buf_done(&text);
    return r;
}

void manifests_done(struct manifests *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->items[i]->origin);
        free(m->items[i]->json.data);
        free(m->items[i]);
    }
    m->n = 0;
}
