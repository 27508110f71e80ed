#pragma once

/* `sandbox-runtime doctor`: prints what this host can do and what is missing. Exit code 0 when
 * sandboxes of class gvisor can be made, 1 otherwise. */
int doctor_main(int argc, char **argv);
