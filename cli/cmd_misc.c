/* version and completion. */
#include <stdio.h>
#include <string.h>

#include "cli/ctl.h"

#ifndef ASB_VERSION
#define ASB_VERSION "0.1.0"
#endif

static int run_version(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    const struct opt opts[] = {{0}};
    int first, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    if (r >= 0)
        return r;
    if (ctl->out == OUT_JSON)
        printf("{\n  \"version\": \"" ASB_VERSION "\"\n}\n");
    else
        printf("sandboxctl " ASB_VERSION "\n");
    return CTL_OK;
}

const struct ctl_command cmd_version = {
    .name = "version",
    .usage = "version [-o json]",
    .summary = "print the version",
    .examples = "  sandboxctl version -o json\n",
    .run = run_version,
};

/* Names of objects come from the controller, when one answers. */
static const char completion_bash[] =
    "_sandboxctl()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd=${COMP_WORDS[1]}\n"
    "\n"
    "    _sandboxctl_names() { sandboxctl get \"$1\" -o name --timeout 1s 2>/dev/null | sed 's|.*/||'; }\n"
    "    case $prev in\n"
    "    --template) COMPREPLY=($(compgen -W \"$(_sandboxctl_names templates)\" -- \"$cur\")); return ;;\n"
    "    --pool) COMPREPLY=($(compgen -W \"$(_sandboxctl_names pools)\" -- \"$cur\")); return ;;\n"
    "    -o|--output) COMPREPLY=($(compgen -W 'table wide json yaml name' -- \"$cur\")); return ;;\n"
    "    -f|--filename|--apply) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
    "    --run-dir|--state-dir|--cache-dir) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n"
    "    esac\n"
    "    if [[ $cur == -* ]]; then\n"
    "        COMPREPLY=($(compgen -W \"$(sandboxctl \"$cmd\" --help 2>/dev/null |\n"
    "            grep -oE '(^| )--?[a-z][a-z-]*' | tr -d ' ')\" -- \"$cur\"))\n"
    "        return\n"
    "    fi\n"
    "    if [[ $COMP_CWORD == 1 ]]; then\n"
    "        COMPREPLY=($(compgen -W '";

static int run_completion(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    const struct opt opts[] = {{0}};
    int first, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    if (r >= 0)
        return r;
    if (argc - first != 1 || strcmp(argv[first], "bash") != 0)
        return ctl_usage(self, "only bash is known");
    (void)fputs(completion_bash, stdout);
    for (const struct ctl_command *const *c = ctl_commands; *c; c++)
        printf("%s ", (*c)->name);
    printf(
        "' -- \"$cur\"))\n        return\n    fi\n"
        "    case $cmd:$COMP_CWORD in\n"
        "    get:2|describe:2|delete:2)\n"
        "        COMPREPLY=($(compgen -W 'templates pools claims sandboxes' -- \"$cur\")) ;;\n"
        "    get:*|describe:*|delete:*)\n"
        "        COMPREPLY=($(compgen -W \"$(_sandboxctl_names \"${COMP_WORDS[2]}\")\" -- \"$cur\")) ;;\n"
        "    exec:2)\n"
        "        COMPREPLY=($(compgen -W \"$(_sandboxctl_names claims)\" -- \"$cur\")) ;;\n"
        "    image:2) COMPREPLY=($(compgen -W 'import list rm' -- \"$cur\")) ;;\n"
        "    completion:2) COMPREPLY=($(compgen -W bash -- \"$cur\")) ;;\n"
        "    esac\n"
        "}\n"
        "complete -o default -F _sandboxctl sandboxctl\n");
    return CTL_OK;
}

const struct ctl_command cmd_completion = {
    .name = "completion",
    .usage = "completion bash",
    .summary = "print the shell's completion script",
    .examples = "  source <(sandboxctl completion bash)\n"
                "  sandboxctl completion bash >/etc/bash_completion.d/sandboxctl\n",
    .run = run_completion,
};
