import { playInGuest } from './checks.ts';
import { APPARMOR_CHECKS } from './checks/apparmor.ts';
import { NETWORK_CHECKS } from './checks/network.ts';
import { CPUSET_CHECKS, TOGETHER_CHECKS, UNIFIED_CHECKS } from './checks/resources.ts';
import { newQemu } from './qemu.ts';
import { APPARMOR } from './security-module.ts';

// User-mode Linux is built without the nftables families a bridge network needs.
void playInGuest(newQemu(APPARMOR), 'v2', [
  ...NETWORK_CHECKS,
  ...CPUSET_CHECKS,
  ...UNIFIED_CHECKS,
  ...TOGETHER_CHECKS,
  ...APPARMOR_CHECKS,
]);
