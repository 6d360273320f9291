import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import { newHost, spec } from './host.ts';
import { FULL_HYBRID, FULL_USER, FULL_V1, FULL_V2, lowered } from './table.ts';

type Row = readonly [name: string, isolators: object, v1: readonly string[]];

const TABLE: readonly Row[] = [
  ['a class', { 'os/linux/net-class': '10:1' }, ['net_cls.classid=1048577']],
  ['the last class', { 'os/linux/net-class': 'ffff:ffff' }, ['net_cls.classid=4294967295']],
  [
    'priorities',
    { 'os/linux/net-priority': { eth0: 6, lo: 0 } },
    ['net_prio.ifpriomap=eth0 6', 'net_prio.ifpriomap=lo 0'],
  ],
  ['an interface that is not there', { 'os/linux/net-priority': { eth1: 6 } }, ['host/unsupported /eth1']],
];

for (const [name, app, v1] of TABLE) {
  test(`${name}: by the controller of version 1, and refused without any cgroups`, () => {
    const asked = { app: { ...app }, hostNetwork: true };
    assert.deepEqual(lowered(FULL_V1, asked), v1);
    assert.deepEqual(lowered(FULL_HYBRID, asked), v1);
    assert.deepEqual(lowered(newHost([]), asked), ['host/unsupported']);
  });

  test(`${name}: refused in a network namespace of the pod`, () => {
    assert.deepEqual(lowered(FULL_V1, { app: { ...app } }), ['manifest/schema']);
  });
}

test('a normal user may not touch the firewall that would mark packets', () => {
  assert.deepEqual(lowered(FULL_USER, { app: { 'os/linux/net-class': '10:1' }, hostNetwork: true }), [
    'host/privilege',
  ]);
});

test('without the controllers, packets are marked by nftables', () => {
  const specs = [spec('os/linux/net-class', '10:1'), spec('os/linux/net-priority', { eth0: 6 })];
  const { draft, errors } = lowerIsolators(specs, 'app', FULL_V2, { hostNetwork: true });
  assert.deepEqual(errors, []);
  assert.deepEqual(
    draft.marks.map(({ priority, interface: link }) => [priority, link]),
    [
      [0x10_0001, undefined],
      [6, 'eth0'],
    ],
  );
  assert.ok(draft.cgroup.every(({ controller }) => !controller.startsWith('net')));
});
