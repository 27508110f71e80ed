#include "cli/term.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

static struct {
    int fd;
    bool is_raw;
    bool has_exit_hook;
    struct termios before;
} term;

void term_restore(void)
{
    if (!term.is_raw)
        return;
    term.is_raw = false;
    (void)tcsetattr(term.fd, TCSADRAIN, &term.before); /* a terminal that has gone needs none */
}

int term_raw(int fd, struct err *err)
{
    struct termios raw;

    if (tcgetattr(fd, &term.before) < 0)
        return err_errno(err, errno, "reading the terminal's settings");
    raw = term.before;
    cfmakeraw(&raw);
    if (!term.has_exit_hook && atexit(term_restore) != 0)
        return err_oom(err);
    term.has_exit_hook = true;
    if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
        return err_errno(err, errno, "putting the terminal into raw mode");
    term.fd = fd;
    term.is_raw = true;
    return 0;
}

void term_size(int fd, uint32_t *ret_columns, uint32_t *ret_rows)
{
    struct winsize size = {0};

    (void)ioctl(fd, TIOCGWINSZ, &size); /* no answer: the default below */
    *ret_columns = size.ws_col ? size.ws_col : 80;
    *ret_rows = size.ws_row ? size.ws_row : 24;
}
