/* sandboxctl: finds the command and hands over. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/ctl.h"

const struct ctl_command *const ctl_commands[] = {
    &cmd_run,   &cmd_exec, &cmd_claim, &cmd_get,    &cmd_describe,   &cmd_apply,   &cmd_delete,
    &cmd_image, &cmd_up,   &cmd_down,  &cmd_doctor, &cmd_completion, &cmd_version, NULL,
};

void ctl_say(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)fflush(stdout);
    (void)fputs("sandboxctl: ", stderr);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

int ctl_fail(const struct err *err)
{
    ctl_say("%s (%s)", err->msg, err->reason);
    return CTL_FAILED;
}

int ctl_usage(const struct ctl_command *self, const char *fmt, ...)
{
    char text[ERR_MSG_MAX];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    ctl_say("%s", text);
    (void)fprintf(stderr, "Usage: sandboxctl %s\nMore: sandboxctl %s --help\n", self->usage,
                  self->name);
    return CTL_USAGE;
}

static void print_help(const struct ctl_command *self, const struct opt *own,
                       const struct opt *common)
{
    printf("Usage: sandboxctl %s\n\n%s\n", self->usage, self->summary);
    if (self->details)
        printf("\n%s", self->details);
    if (own && own->name) {
        printf("\nOptions:\n");
        opts_print(own);
    }
    printf("\nOptions of all commands:\n");
    opts_print(common);
    printf("  %-28s %s\n", "-h, --help", "this text");
    printf("\nExamples:\n%s", self->examples);
}

static int parse_format(struct ctl *ctl, const char *word)
{
    static const char *const words[] = {"table", "wide", "json", "yaml", "name"};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(word, words[i]) == 0) {
            ctl->out = (enum out_format)i;
            return 0;
        }
    }
    return -1;
}

int ctl_parse(struct ctl *ctl, const struct ctl_command *self, const struct opt *own, int argc,
              char **argv, int *ret_first)
{
    const char *format = NULL;
    struct err err = {0};
    const struct opt common[] = {
        {"namespace", 'n', OPT_TEXT, &ctl->ns, "NS", "namespace of the objects (default)"},
        {"output", 'o', OPT_TEXT, &format, "FORMAT", "table, wide, json, yaml or name"},
        {"timeout", 0, OPT_DURATION, &ctl->timeout_ms, "TIME", "give up after so long: 30s, 5m"},
        {"run-dir", 0, OPT_TEXT, &ctl->run_dir, "DIR",
         "where the services' sockets are ($AGENT_SANDBOX_RUN_DIR, /run/agent-sandbox)"},
        {"verbose", 'v', OPT_FLAG, &ctl->verbose, NULL, "say more on standard error"},
        {0},
    };
    int r = opts_parse(own, common, self->takes_command, argc, argv, ret_first, &err);

    if (r == OPTS_HELP) {
        print_help(self, own, common);
        return CTL_OK;
    }
    if (r < 0)
        return ctl_usage(self, "%s", err.msg);
    if (format && parse_format(ctl, format) < 0)
        return ctl_usage(self, "-o %.40s: there is table, wide, json, yaml and name", format);
    return -1;
}

static void usage(FILE *to)
{
    (void)fprintf(to, "Usage: sandboxctl COMMAND [ARGUMENT…]\n\n"
                      "Sandboxes for code that nobody trusts.\n\nCommands:\n");
    for (const struct ctl_command *const *c = ctl_commands; *c; c++)
        (void)fprintf(to, "  %-12s %s\n", (*c)->name, (*c)->summary);
    (void)fprintf(to,
                  "\nExamples:\n"
                  "  sandboxctl up\n"
                  "  sandboxctl apply -f deploy/examples/python-runtime.yaml\n"
                  "  sandboxctl run --template python-runtime-template \"python3 -c 'print(42)'\"\n"
                  "  sandboxctl get pools\n\n"
                  "sandboxctl COMMAND --help says more of each.\n");
}

/* "sandboxctl --run-dir R get pools": the command's word goes to the front. */
static void move_command_first(int argc, char **argv)
{
    static const char *const with_value[] = {"-n",       "--namespace", "-o",
                                             "--output", "--timeout",   "--run-dir"};
    char *word;
    int at = 1;

    while (at < argc && argv[at][0] == '-') {
        bool has_value = false;

        for (size_t i = 0; i < ARRAY_SIZE(with_value); i++)
            has_value = has_value || strcmp(argv[at], with_value[i]) == 0;
        at += 1 + has_value;
    }
    if (at >= argc)
        return;
    word = argv[at];
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(*argv));
    argv[1] = word;
}

int ctl_main(int argc, char **argv)
{
    const char *dir = getenv("AGENT_SANDBOX_RUN_DIR");
    struct ctl ctl = {
        .run_dir = dir && *dir ? dir : "/run/agent-sandbox", .ns = "default", .program = argv[0]};
    const char *word;

    move_command_first(argc, argv);
    word = argc > 1 ? argv[1] : "--help";
    (void)signal(SIGPIPE,
                 SIG_IGN); /* a reader that went away is an error of write(2), not our end */
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        usage(stdout);
        return CTL_OK;
    }
    if (strcmp(word, "--version") == 0)
        word = "version";
    for (const struct ctl_command *const *c = ctl_commands; *c; c++)
        if (strcmp((*c)->name, word) == 0)
            return (*c)->run(&ctl, *c, argc - 1, argv + 1);
    if (strcmp(cmd_supervise.name, word) == 0)
        return cmd_supervise.run(&ctl, &cmd_supervise, argc - 1, argv + 1);
    usage(stderr);
    ctl_say("there is no command \"%.60s\"", word);
    return CTL_USAGE;
}
