import { playInGuest } from './checks.ts';
import { CLOCK_CHECKS } from './checks/clock.ts';
import { FILE_CHECKS } from './checks/files.ts';
import { LIFE_CHECKS } from './checks/life.ts';
import { NAMESPACE_CHECKS } from './checks/namespaces.ts';
import { STORAGE_CHECKS } from './checks/storage.ts';
import { sumChecks } from './checks/sums.ts';
import { UPDATE_CHECKS } from './checks/update.ts';
import { USER_CHECKS } from './checks/user.ts';
import { UML } from './uml.ts';

void playInGuest(UML, 'v2', [
  ...LIFE_CHECKS,
  ...FILE_CHECKS,
  ...STORAGE_CHECKS,
  ...NAMESPACE_CHECKS,
  ...UPDATE_CHECKS,
  ...sumChecks(false),
  ...CLOCK_CHECKS,
  ...USER_CHECKS,
]);
