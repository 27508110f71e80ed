#include "services/controller/kube_pem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"

enum { MAX_PEM_FILE = 256 * 1024 };

static int write_pem(int folder, const char *name, const char *pem, struct err *err)
{
    return fd_write_file_atomic(folder, name, pem, strlen(pem), 0600, false, err);
}

/* The default is below /tmp: whoever was there first shall not have our key, nor lead us astray. */
static int open_folder(const char *path, struct err *err)
{
    _cleanup_(close_fdp) int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(err, errno, "--webhook-cert-dir %s", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return err_set(err, RPC_PERMISSION_DENIED, "FolderOfAnother",
                       "--webhook-cert-dir %s belongs to user %u: no key is written there", path,
                       (unsigned)st.st_uid);
    return TAKE_FD(fd);
}

int kube_pem_write(const struct kube_certs *c, const struct kube_options *o, struct err *err)
{
    _cleanup_(close_fdp) int folder = -1;

    if (fd_mkdir_p(o->cert_dir, 0700, err) < 0)
        return -1;
    folder = open_folder(o->cert_dir, err);
    if (folder < 0 || write_pem(folder, o->key_name, c->key_pem, err) < 0)
        return -1;
    return write_pem(folder, o->cert_name, c->cert_pem, err);
}

static int read_pem(const char *folder, const char *name, struct buf *ret, struct err *err)
{
    char path[4096];

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong", "--webhook-cert-dir is too long");
    buf_clear(ret);
    if (fd_read_file(AT_FDCWD, path, ret, err) < 0) {
        (void)err_wrap(err, "%s", path);
        return err_recode(err, RPC_FAILED_PRECONDITION, "CertificateMissing");
    }
    return buf_cstr(ret, err) ? 0 : -1;
}

/* cert.pem, with the key in it, where both names are the defaults and their files are not there. */
static int read_pair(const struct kube_options *o, struct buf *cert, struct buf *key,
                     struct err *err)
{
    bool is_default = strcmp(o->cert_name, "tls.crt") == 0 && strcmp(o->key_name, "tls.key") == 0;

    if (read_pem(o->cert_dir, o->cert_name, cert, err) == 0 &&
        read_pem(o->cert_dir, o->key_name, key, err) == 0)
        return 0;
    if (!is_default || read_pem(o->cert_dir, "cert.pem", cert, NULL) < 0)
        return -1;
    return read_pem(o->cert_dir, "cert.pem", key, err);
}

int kube_pem_read(struct kube_certs *ret, const struct kube_options *o, struct err *err)
{
    struct kube_certs c = {0};
    struct buf cert, key;
    int r;

    buf_init(&cert, MAX_PEM_FILE);
    buf_init(&key, MAX_PEM_FILE);
    r = read_pair(o, &cert, &key, err);
    if (r == 0) {
        c.cert_pem = strdup(buf_cstr(&cert, NULL));
        c.key_pem = strdup(buf_cstr(&key, NULL));
        c.ca_pem = strdup("");
        r = c.cert_pem && c.key_pem && c.ca_pem ? 0 : err_oom(err);
    }
    buf_done(&cert);
    buf_done(&key);
    if (r < 0) {
        kube_certs_done(&c);
        return -1;
    }
    *ret = c;
    return 0;
}
