/* Runs every file of the folders and files named on the command line through the fuzzer's entry, so
 * that each kept input is an ordinary test with any compiler. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    struct buf b;
    struct err err;
    uint8_t none = 0;

    buf_init(&b, 64u << 20);
    if (fd_read_file(AT_FDCWD, path, &b, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return -1;
    }
    (void)LLVMFuzzerTestOneInput(buf_len(&b) ? buf_data(&b) : &none, buf_len(&b));
    buf_done(&b);
    return 0;
}

int main(int argc, char **argv)
{
    int n = 0;

    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        struct dirent *e;
        char path[4096];

        if (!d) {
            if (run_file(argv[i]) < 0)
                return 1;
            n++;
            continue;
        }
        while ((e = readdir(d))) {
            if (e->d_name[0] == '.')
                continue;
            (void)snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
            if (run_file(path) < 0)
                return 1;
            n++;
        }
        (void)closedir(d);
    }
    printf("%d inputs\n", n);
    return n > 0 ? 0 : 1;
}
