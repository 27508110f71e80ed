#pragma once

/* `sandbox-controller kubernetes [FLAG…]`; argv[0] is the word. Returns the exit code. */
int kube_main(int argc, char **argv);
