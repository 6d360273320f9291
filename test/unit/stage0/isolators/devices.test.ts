import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appDevices, appDeviceWrites, podDevices } from '../../../../stages/stage0/cgroup/device-policy.ts';
import { DEFAULT_DEVICES, deviceLine, type DeviceRule } from '../../../../stages/stage0/cgroup/devices.ts';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import type { HostFacts } from '../../../../stages/stage0/plan/facts.ts';
import { newHost, spec } from './host.ts';
import { FULL_HYBRID, FULL_USER, FULL_V1, FULL_V2 } from './table.ts';

function allowed(entries: readonly object[], host: HostFacts = FULL_V2, hasUserns = false): string[] {
  const specs = [spec('os/linux/devices', { allow: entries })];
  const { draft, errors } = lowerIsolators(specs, 'app', host, { hasUserns });
  if (errors.length > 0) return errors.map(({ code, at }) => `${code} ${at?.file.replace('pod.yaml', '')}`.trim());
  return draft.devices.map((grant) => `${deviceLine(grant)}${grant.node ? ` ${grant.node.source}` : ''}`);
}

const TABLE: readonly (readonly [string, readonly object[], readonly string[]])[] = [
  ['a node', [{ path: '/dev/fuse', access: 'wr' }], ['c 10:229 rw /dev/fuse']],
  ['a node behind a link', [{ path: '/dev/disk/by-label/data' }], ['b 8:1 rwm /dev/sda1']],
  ['a number', [{ type: 'b', major: 8, minor: 0, access: 'r' }], ['b 8:0 r']],
  ['all numbers of a kind', [{ type: 'c', major: 188 }], ['c 188:* rwm']],
  ['no such node', [{ path: '/dev/nothing' }], ['host/unsupported /allow/0/path']],
  ['a node and numbers', [{ path: '/dev/fuse', major: 10 }], ['manifest/schema /allow/0']],
  ['a number without a kind', [{ major: 10 }], ['manifest/schema /allow/0']],
  ['access alone', [{ access: 'r' }], ['manifest/schema /allow/0']],
  ['a place of the pod', [{ path: '/dev/pts/0' }], ['manifest/schema /allow/0/path']],
  [
    'a link of the pod',
    [{ path: '/dev/stdin' }, { path: '/dev/ptmx' }],
    ['manifest/schema /allow/0/path', 'manifest/schema /allow/1/path'],
  ],
  ['a way out of /dev', [{ path: '/dev/../etc/passwd' }], ['manifest/schema /allow/0/path']],
];

for (const [name, entries, expected] of TABLE) {
  test(`${name}: the same on every host`, () => {
    for (const host of [FULL_V1, FULL_V2, FULL_HYBRID]) assert.deepEqual(allowed(entries, host), expected);
  });
}

test('a node that users of the pod could not open is refused', () => {
  assert.deepEqual(allowed([{ path: '/dev/kvm', access: 'rw' }], FULL_V2, true), ['host/unsupported /allow/0/path']);
  assert.deepEqual(allowed([{ path: '/dev/kvm', access: 'r' }], FULL_V2, true), ['c 10:232 r /dev/kvm']);
});

test('a normal user is shown devices that are for all, and cannot restrict any', () => {
  assert.deepEqual(allowed([{ path: '/dev/fuse' }], FULL_USER, true), ['c 10:229 rwm /dev/fuse']);
  assert.deepEqual(allowed([{ path: '/dev/fuse', access: 'r' }], FULL_USER, true), ['host/privilege /allow/0']);
  assert.deepEqual(allowed([{ type: 'c', major: 10 }], FULL_USER, true), ['host/privilege /allow/0']);
});

test('a host that cannot restrict devices refuses to allow some', () => {
  assert.deepEqual(allowed([{ type: 'c', major: 1 }], newHost([])), ['host/unsupported']);
});

const FUSE: DeviceRule = { type: 'char', major: 10, minor: 229, access: 'rw' };
const FUSE_READ: DeviceRule = { ...FUSE, access: 'r' };
const DISK: DeviceRule = { type: 'block', major: 8, access: 'r' };
const NULL: DeviceRule = { type: 'char', major: 1, minor: 3, access: 'r' };

const lines = (rules: readonly DeviceRule[] | undefined): string[] | undefined =>
  rules?.filter((rule) => !DEFAULT_DEVICES.includes(rule)).map(deviceLine);
const writes = (app: string, requests: Parameters<typeof podDevices>[0]): string[] =>
  appDeviceWrites(app, requests).map(({ file, value }) => `${file} ${value}`);

test('the pod may use what any app may, and an app no more than its own', () => {
  const requests = { pod: [DISK], apps: new Map([['a', [FUSE]]]) };
  assert.deepEqual(lines(podDevices(requests)), ['b 8:* r', 'c 10:229 rw']);
  assert.equal(appDevices('a', requests), undefined);
  assert.deepEqual(lines(appDevices('b', requests)), ['b 8:* r']);
  assert.deepEqual(writes('a', requests), []);
  assert.deepEqual(writes('b', requests), ['devices.deny c 10:229 rw', 'devices.allow b 8:* r']);
});

test('the same device with less access comes back after it was taken away', () => {
  const requests = {
    pod: [],
    apps: new Map([
      ['a', [FUSE]],
      ['b', [FUSE_READ]],
    ]),
  };
  assert.deepEqual(writes('b', requests), ['devices.deny c 10:229 rw', 'devices.allow c 10:229 r']);
  assert.deepEqual(lines(appDevices('b', requests)), ['c 10:229 r']);
});

test('what every pod may use is never taken from an app', () => {
  const requests = { pod: [], apps: new Map([['a', [NULL]]]) };
  assert.deepEqual(writes('b', requests), []);
  assert.equal(appDevices('b', requests), undefined);
});
