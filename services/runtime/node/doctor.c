#include "services/runtime/node/doctor.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "services/runtime/monitor/cgroup.h"
#include "services/runtime/node/classes.h"

static void line(bool ok, const char *what, const char *detail)
{
    (void)printf("%-4s %-18s %s\n", ok ? "ok" : "NO", what, detail);
}

static bool in_path(const char *program)
{
    const char *path = getenv("PATH");
    char full[512];

    for (const char *at = path ? path : ""; *at;) {
        size_t n = strcspn(at, ":");

        (void)snprintf(full, sizeof(full), "%.*s/%s", (int)n, at, program);
        if (n > 0 && access(full, X_OK) == 0)
            return true;
        at += n + (at[n] == ':');
    }
    return false;
}

static int try_namespaces(void)
{
    return unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS) < 0
               ? errno
               : 0;
}

static int try_overlay(void)
{
    char dir[] = "/tmp/agent-sandbox-doctor-XXXXXX", part[128], options[512];
    int r = 0;

    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        !mkdtemp(dir))
        return errno;
    for (const char *const *p = (const char *const[]){"lower", "upper", "work", "root", NULL}; *p;
         p++) {
        (void)snprintf(part, sizeof(part), "%s/%s", dir, *p);
        (void)fd_mkdir_p(part, 0700, NULL);
    }
    (void)snprintf(options, sizeof(options), "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work",
                   dir, dir, dir);
    if (mount("overlay", part, "overlay", 0, options) < 0)
        r = errno;
    else
        (void)umount2(part, MNT_DETACH);
    (void)fd_rm_tree(AT_FDCWD, dir, NULL);
    return r;
}

/* In a child, since there is no way back out of a namespace. */
static void try_in_child(const char *what, int (*fn)(void), const char *good)
{
    char detail[128];
    int status = 0;
    pid_t pid;

    (void)fflush(stdout);
    pid = fork();
    if (pid == 0)
        _exit(fn());
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status)) {
        line(false, what, "could not be tried");
        return;
    }
    (void)snprintf(detail, sizeof(detail), "%s",
                   WEXITSTATUS(status) ? strerror(WEXITSTATUS(status)) : good);
    line(WEXITSTATUS(status) == 0, what, detail);
}

static void say_cgroups(void)
{
    struct cgroup_host host;
    struct err err = {0};
    char detail[128];
    int n = 0;

    if (cgroup_probe(&host, &err) < 0) {
        line(false, "cgroups", err.msg);
        return;
    }
    for (int i = 0; i < host.n; i++)
        n += host.h[i].memory + host.h[i].cpu + host.h[i].pids;
    (void)snprintf(detail, sizeof(detail), "version %d, %d of memory, cpu, pids", host.v2 ? 2 : 1,
                   n);
    line(n == 3, "cgroups", detail);
}

static void say_landlock(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    char detail[64];

    if (abi > 0)
        (void)snprintf(detail, sizeof(detail), "ABI %ld, confines the unpacking of images", abi);
    else
        (void)snprintf(detail, sizeof(detail),
                       "not there: images are unpacked with less confinement");
    line(abi > 0, "landlock", detail);
}

int doctor_main(int argc, char **argv)
{
    struct runtime_classes classes;
    struct utsname u;

    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0;

        (void)fputs(
            "Usage: sandbox-runtime doctor\n\nSays what this host can do; exit code 0 when gVisor sandboxes "
            "can be made.\n",
            help ? stdout : stderr);
        return help ? 0 : 2;
    }
    if (uname(&u) == 0)
        line(true, "kernel", u.release);
    line(geteuid() == 0, "root", geteuid() == 0 ? "yes" : "the node must run as root");
    say_cgroups();
    try_in_child("namespaces", try_namespaces, "mount, network, pid, ipc, uts");
    try_in_child("overlayfs", try_overlay, "for runc and crun");
    say_landlock();
    line(in_path("skopeo"), "skopeo", "imports images (Debian package skopeo)");
    line(in_path("umoci"), "umoci", "unpacks images (Debian package umoci)");
    classes_probe(&classes);
    for (int i = 0; i < N_RUNTIMES; i++)
        line(classes.c[i].available, classes.c[i].name, classes.c[i].detail);
    return classes.c[RUNTIME_GVISOR].available ? 0 : 1;
}
