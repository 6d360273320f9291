import { playInGuest } from './checks.ts';
import { SELINUX_CHECKS } from './checks/selinux.ts';
import { newQemu } from './qemu.ts';
import { SELINUX } from './security-module.ts';

// A kernel has SELinux or AppArmor.
void playInGuest(newQemu(SELINUX), 'v2', SELINUX_CHECKS);
