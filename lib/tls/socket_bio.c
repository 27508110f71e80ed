#include "lib/tls/socket_bio.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

static int fd_of(BIO *bio)
{
    return (int)(intptr_t)BIO_get_data(bio);
}

static int bio_write(BIO *bio, const char *data, int n)
{
    ssize_t done;

    BIO_clear_retry_flags(bio);
    do
        done = send(fd_of(bio), data, (size_t)n, MSG_NOSIGNAL);
    while (done < 0 && errno == EINTR);
    if (done < 0 && errno == EAGAIN)
        BIO_set_retry_write(bio);
    return (int)done;
}

static int bio_read(BIO *bio, char *to, int n)
{
    ssize_t done;

    BIO_clear_retry_flags(bio);
    do
        done = recv(fd_of(bio), to, (size_t)n, 0);
    while (done < 0 && errno == EINTR);
    if (done < 0 && errno == EAGAIN)
        BIO_set_retry_read(bio);
    return (int)done;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)bio;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_socket_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");

    if (m && BIO_meth_set_write(m, bio_write) && BIO_meth_set_read(m, bio_read) &&
        BIO_meth_set_ctrl(m, bio_ctrl))
        return m;
    BIO_meth_free(m);
    return NULL;
}

int tls_socket_bio_use(SSL *ssl, BIO_METHOD *method, int fd)
{
    BIO *bio = BIO_new(method);

    if (!bio)
        return -1;
    BIO_set_data(bio, (void *)(intptr_t)fd);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return 0;
}
