import { playInGuest } from './checks.ts';
import { CONTROLLER_CHECKS } from './checks/controllers.ts';
import { PRIVILEGED_CHECKS } from './checks/privileged.ts';
import { BURST_CHECKS } from './checks/sums.ts';
import { newQemu } from './qemu.ts';
import { APPARMOR } from './security-module.ts';

void playInGuest(newQemu(APPARMOR), 'v2', [...CONTROLLER_CHECKS, ...PRIVILEGED_CHECKS, ...BURST_CHECKS]);
