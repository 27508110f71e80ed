/* sandbox-monitor: the monitor as a static program of its own, which costs a third of the memory.
 */
#include "services/runtime/monitor/monitor.h"

int main(int argc, char **argv)
{
    return monitor_main(argc, argv);
}
