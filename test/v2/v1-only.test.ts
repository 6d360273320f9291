import { playInGuest } from './checks.ts';
import { LIFE_CHECKS } from './checks/life.ts';
import { SWAP_CHECKS } from './checks/memory.ts';
import { UML } from './uml.ts';

void playInGuest(UML, 'v1', [...LIFE_CHECKS, ...SWAP_CHECKS]);
