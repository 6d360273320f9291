import { playInGuest } from './checks.ts';
import { MEMORY_CHECKS } from './checks/memory.ts';
import { UML } from './uml.ts';

void playInGuest(UML, 'v2', MEMORY_CHECKS);
