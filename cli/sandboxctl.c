/* The program: all of it is in main.c, so that tests can link the rest. */
#include "cli/ctl.h"

int main(int argc, char **argv)
{
    return ctl_main(argc, argv);
}
