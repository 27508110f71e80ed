/* NSS key log format (draft-ietf-tls-keylogfile), for debugging only. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/rpc/tls_core.h"

static void on_line(const SSL *ssl, const char *line)
{
    struct iovec parts[] = {{.iov_base = (void *)line, .iov_len = strlen(line)},
                            {.iov_base = (char *)"\n", .iov_len = 1}};

    /* One call, so that several processes may append; what is lost is lost for the debugger only.
     */
    if (writev(tls_shared_of(ssl)->key_log_fd, parts, 2) < 0)
        return;
}

int tls_keylog_use(SSL_CTX *ctx, struct tls_shared *shared, const char *path, struct err *err)
{
    struct stat st;

    if (!path)
        return 0;
    shared->key_log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (shared->key_log_fd < 0 || fstat(shared->key_log_fd, &st) < 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig", "the key log %s: %s", path,
                       strerror(errno));
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 || st.st_uid != geteuid())
        return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig",
                       "the key log %s must be a file of our own that nobody else can read: "
                       "chmod 600, or name one that is not there",
                       path);
    SSL_CTX_set_keylog_callback(ctx, on_line);
    return 0;
}
