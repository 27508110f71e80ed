/* The command line of the monitor. Written by the node, never by hand; --help says what it is. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "services/runtime/monitor/monitor.h"

static const char HELP[] =
    "Usage: sandbox-runtime monitor --id ID --dir DIR --cgroup PATH [OPTION]... -- RUNTIME [ARG]...\n"
    "\n"
    "Runs an OCI runtime for one sandbox, waits for its end and records it in DIR/end.\n"
    "Started by the node; there is no reason to start it by hand.\n"
    "\n"
    "  --id ID          the instance\n"
    "  --dir DIR        its folder\n"
    "  --cgroup PATH    its cgroup, relative to the mounts of the cgroup file systems\n"
    "  --lower DIR      mount an overlay over this image root at DIR/rootfs\n"
    "  --scratch N      keep what changes over it in a tmpfs of N bytes\n"
    "  --hide-cgroup2   for crun on a hybrid cgroup layout\n"
    "  --sandboxed      the runtime puts a sandbox process around the container (runsc)\n"
    "  --lifeline-fd N  end-of-file there ends the container\n"
    "  --report-fd N    write one line there when the container runs\n"
    "\n"
    "Example: sandbox-runtime monitor --id a1 --dir /tmp/a1 --cgroup agent-sandbox/test/a1 \\\n"
    "             -- runc --root /tmp/a1/rt run --detach --pid-file /tmp/a1/container.pid --bundle /tmp/a1 a1\n";

int monitor_main(int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"id", required_argument, NULL, 'i'},
        {"dir", required_argument, NULL, 'd'},
        {"cgroup", required_argument, NULL, 'c'},
        {"lower", required_argument, NULL, 'l'},
        {"scratch", required_argument, NULL, 'S'},
        {"hide-cgroup2", no_argument, NULL, '2'},
        {"sandboxed", no_argument, NULL, 's'},
        {"report-fd", required_argument, NULL, 'r'},
        {"lifeline-fd", required_argument, NULL, 'L'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct monitor_spec spec = {.report_fd = -1, .lifeline_fd = -1};
    struct err err = {0};
    int c;

    while ((c = getopt_long(argc, argv, "+h", OPTIONS, NULL)) != -1) {
        switch (c) {
        case 'i':
            spec.id = optarg;
            break;
        case 'd':
            spec.dir = optarg;
            break;
        case 'c':
            spec.cgroup = optarg;
            break;
        case 'l':
            spec.lower = optarg;
            break;
        case 'S':
            spec.scratch_bytes = strtoull(optarg, NULL, 10);
            break;
        case '2':
            spec.hide_cgroup2 = true;
            break;
        case 's':
            spec.sandboxed = true;
            break;
        case 'L':
            spec.lifeline_fd = (int)strtol(optarg, NULL, 10);
            break;
        case 'r':
            spec.report_fd = (int)strtol(optarg, NULL, 10);
            break;
        case 'h':
            (void)fputs(HELP, stdout);
            return 0;
        default:
            return 2;
        }
    }
    if (!spec.id || !spec.dir || !spec.cgroup || optind >= argc) {
        (void)fputs("monitor: --id, --dir, --cgroup and a command are needed; see --help\n",
                    stderr);
        return 2;
    }
    spec.argv = (const char *const *)argv + optind;
    if (monitor_run(&spec, &err) < 0) {
        (void)fprintf(stderr, "monitor %s: %s\n", spec.id, err.msg);
        return 1;
    }
    return 0;
}
