import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeModules } from '../../../../../stages/stage0/cli/doctor/security-modules.ts';

type Row = readonly [selinux: string | null, apparmor: string | null, own: string | null, expected: readonly string[]];

const TABLE: readonly Row[] = [
  ['1', 'N', 'u:r:unconfined_t:s0\0', ['OK', 'SELinux enforces its policy, and pod runs as "u:r:unconfined_t:s0"']],
  ['0', 'N', 'u:r:t:s0\0', ['limited', 'SELinux is permissive: it denies nothing, and pod runs as "u:r:t:s0"']],
  [null, 'Y', 'unconfined', ['OK', 'AppArmor is active, and pod runs as "unconfined"']],
  [null, 'N', null, ['OK', 'neither SELinux nor AppArmor is active: apps cannot have their labels']],
  [null, null, null, ['OK', 'neither SELinux nor AppArmor is active: apps cannot have their labels']],
];

for (const [selinux, apparmor, own, expected] of TABLE) {
  test(`SELinux ${selinux}, AppArmor ${apparmor}: ${expected[0]}, ${expected[1]}`, () => {
    const { status, detail, remedy } = describeModules({
      'text /sys/fs/selinux/enforce': selinux,
      'text /sys/module/apparmor/parameters/enabled': apparmor,
      'text /proc/self/attr/current': own,
    });
    assert.deepEqual([status, detail], expected);
    assert.equal(remedy !== undefined, status === 'limited');
  });
}
