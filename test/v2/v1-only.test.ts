import { playInGuest } from './checks.ts';
import { LIFE_CHECKS } from './checks/life.ts';
import { LIMIT_CHECKS } from './checks/limits.ts';
import { DEVICE_CHECKS } from './checks/resources.ts';
import { UML } from './uml.ts';

void playInGuest(UML, 'v1', [...LIFE_CHECKS, ...LIMIT_CHECKS, ...DEVICE_CHECKS]);
