import { readFileSync } from 'node:fs';

/** Of the guests in test/v2, one is a kernel that is a process: slow in its system calls, and without the firewall of a bridge. */
export const isUserModeLinux: boolean = readFileSync('/proc/cpuinfo', 'utf8').includes('User Mode Linux');
