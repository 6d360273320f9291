import { playInGuest } from './checks.ts';
import { VERSION_1_CHECKS } from './checks/controllers.ts';
import { newQemu } from './qemu.ts';
import { APPARMOR } from './security-module.ts';

// User-mode Linux is built without most of these controllers.
void playInGuest(newQemu(APPARMOR), 'v1', VERSION_1_CHECKS);
