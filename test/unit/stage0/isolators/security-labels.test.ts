import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import type { HostFacts } from '../../../../stages/stage0/plan/facts.ts';
import { newHost, spec, V2 } from './host.ts';

const APPARMOR = 'text /sys/module/apparmor/parameters/enabled';
const SELINUX = 'text /sys/fs/selinux/enforce';
const LEVELS = 'text /sys/fs/selinux/mls';
const ACTIVE = { [APPARMOR]: 'Y', [SELINUX]: '1', [LEVELS]: '1' };
const WITHOUT_LEVELS = { ...ACTIVE, [LEVELS]: '0' };
const CONTEXT = 'os/linux/selinux-context';
const PROFILE = 'os/linux/apparmor-profile';

type Row = readonly [
  name: string,
  isolator: string,
  value: unknown,
  looked: HostFacts['looked'],
  expected: readonly string[],
];

/** What is written and what is read then, or the error's code. */
const TABLE: readonly Row[] = [
  ['a profile', PROFILE, 'web', ACTIVE, ['apparmor/exec', 'exec web', 'web (']],
  ['no profile', PROFILE, 'unconfined', ACTIVE, ['apparmor/exec', 'exec unconfined', 'unconfined']],
  ['AppArmor that is switched off', PROFILE, 'web', { [APPARMOR]: 'N' }, ['host/unsupported']],
  ['a kernel without AppArmor', PROFILE, 'unconfined', { [APPARMOR]: null }, ['host/unsupported']],
  ['a context', CONTEXT, 'u:r:t:s0:c1,c2', ACTIVE, ['exec', 'u:r:t:s0:c1,c2', 'u:r:t:']],
  [
    'a context whose level the kernel writes otherwise',
    CONTEXT,
    'u:r:t:s0:c2,c1',
    ACTIVE,
    ['exec', 'u:r:t:s0:c2,c1', 'u:r:t:'],
  ],
  ['a context without a level', CONTEXT, 'u:r:t', WITHOUT_LEVELS, ['exec', 'u:r:t', 'u:r:t\0']],
  [
    'a context in parts',
    CONTEXT,
    { type: 'container_t', level: 's0:c7' },
    ACTIVE,
    ['exec', 'system_u:system_r:container_t:s0:c7', 'system_u:system_r:container_t:'],
  ],
  [
    'a context that gets the default level',
    CONTEXT,
    { type: 't' },
    ACTIVE,
    ['exec', 'system_u:system_r:t:s0', 'system_u:system_r:t:'],
  ],
  [
    'a context in parts, of a policy without levels',
    CONTEXT,
    { type: 't' },
    WITHOUT_LEVELS,
    ['exec', 'system_u:system_r:t', 'system_u:system_r:t\0'],
  ],
  ['SELinux that is not active', CONTEXT, { type: 't' }, { [SELINUX]: null, [LEVELS]: null }, ['host/unsupported']],
];

for (const [name, isolator, value, looked, expected] of TABLE) {
  test(`${name}: ${JSON.stringify(expected)}`, () => {
    const { draft, errors } = lowerIsolators([spec(isolator, value)], 'app', newHost(V2, { looked }));
    const labels = draft.process.labels.flatMap(({ attribute, request, shown }) => [attribute, request, shown]);
    assert.deepEqual([...labels, ...errors.map(({ code }) => code)], expected);
  });
}
