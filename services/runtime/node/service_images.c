#include "services/runtime/node/service_images.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agentsandbox/v1/node.rpc.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/base/proc.h"
#include "services/runtime/node/image_import.h"
#include "services/runtime/node/instance.h"

enum { MAX_IMPORTS = 8, MAX_IMPORT_ANSWER = 65536 };

static void fill_image(PB(Image) *to, Google__Protobuf__Timestamp *time, const struct image *img)
{
    agentsandbox__v1__image__init(to);
    google__protobuf__timestamp__init(time);
    time->seconds = img->import_time_s;
    to->name = (char *)img->name;
    to->digest = (char *)img->digest;
    to->size_bytes = img->size_bytes;
    to->import_time = time;
}

struct import_job {
    struct list link;
    struct rpc_call *call; /* NULL: nobody waits any more */
    struct loop_child *child;
    int out_fd;
    struct loop_io *io;
    struct buf answer;
};

static void import_free(struct import_job *j)
{
    list_remove(&j->link);
    if (j->child)
        (void)loop_child_kill(j->child, SIGKILL, NULL);
    loop_child_free(j->child);
    loop_io_free(j->io);
    if (j->out_fd >= 0)
        (void)close(j->out_fd);
    buf_done(&j->answer);
    free(j);
}
DEFINE_CLEANUP(struct import_job *, import_free)

static void import_reads(struct loop_io *io, int events, void *user)
{
    struct import_job *j = user;
    uint8_t *to = buf_reserve(&j->answer, 4096, NULL);
    ssize_t n = to ? read(j->out_fd, to, 4096) : 0;

    (void)events;
    if (n > 0)
        buf_commit(&j->answer, (size_t)n);
    else
        loop_io_set(io, 0);
}

static void import_answer(struct import_job *j)
{
    PB(ImportImageResponse) reply = AGENTSANDBOX__V1__IMPORT_IMAGE_RESPONSE__INIT;
    Google__Protobuf__Timestamp time;
    struct image img = {0};
    struct err err = {0};
    PB(Image) msg;
    const char *text;

    while (buf_reserve(&j->answer, 4096, NULL)) {
        ssize_t n = read(j->out_fd, j->answer.mem + j->answer.end, 4096);

        if (n <= 0)
            break;
        buf_commit(&j->answer, (size_t)n);
    }
    text = buf_cstr(&j->answer, NULL);
    if (image_import_parse(text ? text : "", &img, &err) < 0) {
        log_warn("image not imported", LOG_ERR(&err));
        rpc_call_fail(j->call, &err);
        return;
    }
    log_info("image imported", LOG_S("image", img.name), LOG_S("digest", img.digest));
    fill_image(&msg, &time, &img);
    reply.image = &msg;
    agentsandbox_v1_node_service_import_image_reply(j->call, &reply);
}

static void import_ended(struct loop_child *c, const siginfo_t *info, void *user)
{
    struct import_job *j = user;

    (void)c;
    (void)info;
    loop_child_free(TAKE_PTR(j->child));
    if (j->call)
        import_answer(j);
    else
        import_free(j);
}

/* The call has its answer, or went away: then the import is broken off, and its left-overs are
 * swept. */
static void import_call_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct import_job *j = user;

    (void)call;
    (void)status;
    import_free(j);
}

static const struct rpc_msg_ops IMPORT_OPS = {.on_done = import_call_done};

static int import_spawn(struct node *n, struct import_job *j, const PB(ImportImageRequest) *r,
                        struct err *err)
{
    const char *argv[] = {"/proc/self/exe", "image-import", "--store", n->images, "--source",
                          r->source,        "--name",       r->name,   NULL};
    _cleanup_(close_fdp) int out_w = -1;
    struct proc p;
    int pair[2];

    if (fd_pipe(pair, 0, err) < 0)
        return -1;
    j->out_fd = pair[0];
    out_w = pair[1];
    if (fd_set_nonblock(j->out_fd, err) < 0)
        return -1;

    const int fds[] = {-1, out_w, 2};

    if (proc_spawn(&(struct proc_spec){.argv = argv,
                                       .fds = fds,
                                       .n_fds = 3,
                                       .uid = (uid_t)-1,
                                       .gid = (gid_t)-1,
                                       .die_with_parent = true},
                   &p, err) < 0)
        return -1;
    if (loop_child_new(&j->child, n->loop, p.pid, p.pidfd, import_ended, j, err) < 0) {
        proc_done(&p);
        return -1;
    }
    return loop_io_new(&j->io, n->loop, j->out_fd, LOOP_READ, import_reads, j, err);
}

static size_t list_length(const struct list *l)
{
    size_t n = 0;

    LIST_FOREACH(it, l) n++;
    return n;
}

static int import_start(struct node *n, struct rpc_call *call, const PB(ImportImageRequest) *r,
                        struct err *err)
{
    _cleanup_(import_freep) struct import_job *j = NULL;

    if (list_length(&n->imports) >= MAX_IMPORTS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
                       "%d imports run already: try again later", MAX_IMPORTS);
    j = calloc(1, sizeof(*j));
    if (!j)
        return err_oom(err);
    list_init(&j->link);
    j->out_fd = -1;
    buf_init(&j->answer, MAX_IMPORT_ANSWER);
    if (import_spawn(n, j, r, err) < 0)
        return -1;
    j->call = call;
    list_push_back(&n->imports, &j->link);
    rpc_accept(call, &agentsandbox_v1_node_service_import_image_method, &IMPORT_OPS, TAKE_PTR(j));
    return 0;
}

void service_import_image(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    struct err err = {0};

    if (import_start(user, call, (const PB(ImportImageRequest) *)request, &err) < 0)
        rpc_call_fail(call, &err);
}

enum { MAX_LISTED = 4096 };

struct image_rows {
    struct image images[MAX_LISTED];
    PB(Image) msgs[MAX_LISTED], *list[MAX_LISTED];
    Google__Protobuf__Timestamp times[MAX_LISTED];
    size_t n;
};

static void take_row(const struct image *img, void *user)
{
    struct image_rows *rows = user;

    if (rows->n == MAX_LISTED)
        return;
    rows->images[rows->n] = *img;
    rows->images[rows->n].config = NULL;
    fill_image(&rows->msgs[rows->n], &rows->times[rows->n], &rows->images[rows->n]);
    rows->list[rows->n] = &rows->msgs[rows->n];
    rows->n++;
}

void service_list_images(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    PB(ListImagesResponse) reply = AGENTSANDBOX__V1__LIST_IMAGES_RESPONSE__INIT;
    /* Untouched pages of it cost nothing. */
    _cleanup_(freep) struct image_rows *rows = calloc(1, sizeof(*rows));
    struct node *n = user;
    struct err err = {0};

    (void)request;
    if (!rows)
        err_oom(&err);
    if (!rows || image_list(n->images, take_row, rows, &err) < 0) {
        rpc_call_fail(call, &err);
        return;
    }
    reply.images = rows->list;
    reply.n_images = rows->n;
    agentsandbox_v1_node_service_list_images_reply(call, &reply);
}

static bool is_used(struct node *n, const char *digest)
{
    bool used = false;

    MAP_FOREACH(it, &n->instances)
    used |= strcmp(((struct instance *)map_entry_value(it))->image_digest, digest) == 0;
    return used;
}

struct name_count {
    const char *digest;
    int n;
};

static void count_name(const struct image *img, void *user)
{
    struct name_count *c = user;

    c->n += strcmp(img->digest, c->digest) == 0;
}

static int remove_checked(struct node *n, const char *name, struct err *err)
{
    struct image img = {0};
    struct name_count names = {.digest = img.digest};
    bool used;

    if (image_find(n->images, name, &img, err) < 0)
        return -1;
    (void)image_list(n->images, count_name, &names, NULL); /* unreadable: counts as the last name */
    used = names.n <= 1 && is_used(n, img.digest);
    image_done(&img);
    if (used)
        return err_set(err, RPC_FAILED_PRECONDITION, "Conflict",
                       "image \"%s\" is used by a sandbox", name);
    return image_remove(n->images, name, err);
}

void service_remove_image(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    PB(RemoveImageResponse) reply = AGENTSANDBOX__V1__REMOVE_IMAGE_RESPONSE__INIT;
    struct node *n = user;
    struct err err = {0};

    if (remove_checked(n, ((const PB(RemoveImageRequest) *)request)->name, &err) < 0) {
        rpc_call_fail(call, &err);
        return;
    }
    node_trash(n, NULL, NULL);
    agentsandbox_v1_node_service_remove_image_reply(call, &reply);
}

void service_imports_end(struct node *n)
{
    struct list *e;

    while ((e = list_pop_front(&n->imports)))
        import_free(CONTAINER_OF(e, struct import_job, link));
}
