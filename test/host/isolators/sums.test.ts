import { test } from 'node:test';
import { useTempRoot } from '../../harness/temp-root.ts';
import { BURST_CHECKS, sumChecks } from '../../v2/checks/sums.ts';
import { facts } from './with-cgroups.ts';

const root = useTempRoot();
const hasCpuset = facts.hierarchies.some(({ controllers }) => controllers.includes('cpuset'));

// The same that are played on a host with version 2 alone.
for (const { name, run } of [...sumChecks(hasCpuset), ...BURST_CHECKS]) test(name, () => run(root));
