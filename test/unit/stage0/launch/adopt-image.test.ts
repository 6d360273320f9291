import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodErrors } from '../../../../stages/stage0/error.ts';
import { EMPTY_CONFIG } from '../../../../stages/stage0/image/config.ts';
import type { AciConfig } from '../../../../stages/stage0/image/types.ts';
import { adoptImage } from '../../../../stages/stage0/launch/adopt-image.ts';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';
import type { AppSpec } from '../../../../stages/stage0/manifest/spec.ts';

/** The app of a manifest with these lines, and what it has from an image with those words. */
function adopt(aci: Partial<AciConfig>, lines: readonly string[] = [], pod = ''): AppSpec {
  const app = ['name: a', 'image: aci:x', 'exec: [/x]', ...lines].map((line) => `    ${line}\n`).join('');
  const text = `apiVersion: pod/v1\nkind: Pod\nmetadata: {name: p}\n${pod}apps:\n  -\n${app}`;
  const { spec, errors } = parseManifest(text, 'm', { baseDir: '/' });
  assert.deepEqual(errors, []);
  const whole: AciConfig = { name: 'x', labels: [], isolators: [], hooks: {}, mountPoints: [], ports: [], ...aci };
  const image = { ref: 'aci:x', digest: 'sha512:0', config: { ...EMPTY_CONFIG, aci: whole }, mounts: [] };
  return adoptImage(spec!.apps[0]!, image, spec!.isolators);
}

function isolatorsOf(...args: Parameters<typeof adopt>): Record<string, unknown> {
  return Object.fromEntries(adopt(...args).isolators.map(({ name, value }) => [name, structuredClone(value)]));
}

/** Code and line of each error. */
function refusalsOf(...args: Parameters<typeof adopt>): string[] {
  try {
    adopt(...args);
  } catch (error) {
    assert.ok(error instanceof PodErrors);
    return error.errors.map(({ code, at }) => `${code} ${at?.line}`);
  }
  return [];
}

const isolators = (...list: readonly (readonly [string, unknown])[]): Partial<AciConfig> => ({
  isolators: list.map(([name, value]) => ({ name, value })),
});
const LIMIT = isolators(['resource/memory', { limit: '1G' }]);
const RETAIN = 'os/linux/capabilities-retain-set';
const REMOVE = 'os/linux/capabilities-remove-set';
const CALLS = 'os/linux/seccomp-retain-set';

test('a limit of the image applies, at the line of the image, unless the manifest has its own', () => {
  assert.deepEqual(isolatorsOf(LIMIT), { 'resource/memory': { limit: '1G' } });
  assert.equal(adopt(LIMIT).isolators[0]!.atOf('/limit').line, 7);
  assert.deepEqual(isolatorsOf(LIMIT, ['isolators: {resource/memory: {limit: 2G}}']), {
    'resource/memory': { limit: '2G' },
  });
});

test('an isolator of the manifest takes the place of one of the image that excludes it', () => {
  const set = { set: ['CAP_CHOWN'] };
  assert.deepEqual(isolatorsOf(isolators([RETAIN, set]), [`isolators: {${REMOVE}: {set: [CAP_KILL]}}`]), {
    [REMOVE]: { set: ['CAP_KILL'] },
  });
  const filter = isolators([CALLS, { set: ['@appc.io/all'] }]);
  const own = 'isolators: {os/linux/seccomp-remove-set: {set: [ptrace]}}';
  assert.deepEqual(Object.keys(isolatorsOf(filter, [own])), ['os/linux/seccomp-remove-set']);
});

test('an image can take from what its app gets by default', () => {
  const wanted = [
    [RETAIN, { set: ['CAP_NET_BIND_SERVICE', 'CAP_CHOWN'] }],
    [CALLS, { set: ['@docker/default-whitelist', 'read'], errno: 'EPERM' }],
    ['os/linux/no-new-privileges', true],
    ['os/linux/oom-score-adj', 500],
    ['resource/block-iops', { default: true, limit: '100' }],
  ] as const;
  assert.deepEqual(isolatorsOf(isolators(...wanted)), Object.fromEntries(wanted));
});

test('a cpu limit of an image leaves the share of its app as it is by default, or makes it less', () => {
  const cpuOf = (value: object): unknown =>
    JSON.parse(JSON.stringify(isolatorsOf(isolators(['resource/cpu', value]))['resource/cpu']));
  assert.deepEqual(cpuOf({ limit: '500' }), { limit: '500', request: '1' });
  assert.deepEqual(cpuOf({ limit: '500m' }), { limit: '500m', request: '500m' });
  assert.deepEqual(cpuOf({ limit: '500', request: '250m' }), { limit: '500', request: '250m' });
});

for (const [name, value] of [
  ['resource/cpu', { request: '250', limit: '500' }],
  ['resource/cpu', { limit: '1', burst: '1' }],
  ['resource/memory', { request: '1G', limit: '2G' }],
  ['resource/memory', { limit: '2G', min: '1G' }],
  [RETAIN, { set: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] }],
  [CALLS, { set: ['@appc.io/all'] }],
  [CALLS, { set: ['@podman/default'] }],
  [CALLS, { set: ['@pod/default', 'mount'] }],
  [CALLS, { set: ['read', 'clone'] }],
  ['os/linux/no-new-privileges', false],
  ['os/linux/oom-score-adj', -1],
  ['resource/block-iops', { disks: [{ path: '/etc', limit: '100' }] }],
  ['os/linux/cpu-shares', 10_000],
  ['os/unix/sysctl', { 'net.ipv4.ip_forward': '1' }],
  ['resource/network-bandwidth', { limit: '1G' }],
  ['os/linux/no-such-isolator', {}],
  ['resource/memory', { limit: 'much' }],
] as const)
  test(`an image does not get ${name} ${JSON.stringify(value)}, and the manifest's line says so`, () => {
    assert.deepEqual(refusalsOf(isolators([name, value])), ['image/manifest 7']);
  });

test('what only a pod can have is taken from the pod, not from the image', () => {
  const wanted = isolators(['resource/network-bandwidth', { limit: '1G' }]);
  assert.deepEqual(isolatorsOf(wanted, [], 'isolators: {resource/network-bandwidth: {limit: 1M}}\n'), {});
  assert.deepEqual(refusalsOf(LIMIT, [], 'isolators: {resource/memory: {limit: 2G}}\n'), []);
});

test('an image gives no capabilities to a user whom the manifest names', () => {
  const wanted = isolators([RETAIN, { set: ['CAP_DAC_OVERRIDE'] }]);
  assert.deepEqual(refusalsOf(wanted), []);
  assert.deepEqual(refusalsOf(wanted, ['user: "1000"']), ['image/manifest 7']);
  assert.deepEqual(refusalsOf(isolators([RETAIN, { set: [] }]), ['user: "1000"']), []);
});

const VOLUMES = 'volumes: [{name: work, kind: empty}]\n';
const WORK: Partial<AciConfig> = { mountPoints: [{ name: 'work', path: '/var/work/', readOnly: true }] };

test('a mount point needs a mount of the manifest, and the name of a volume is none', () => {
  assert.deepEqual(refusalsOf(WORK), ['image/mount-point 7']);
  assert.deepEqual(refusalsOf(WORK, [], VOLUMES), ['image/mount-point 8']);
  assert.deepEqual(refusalsOf(WORK, ['mounts: [{volume: work, path: /var/work/x}]'], VOLUMES), ['image/mount-point 8']);
  assert.deepEqual(refusalsOf(WORK, ['mounts: [{volume: work, path: /var/work}]'], VOLUMES), []);
});

test('a mount point that is read-only makes the mount read-only', () => {
  const mounts = ['mounts: [{volume: work, path: /var/work}, {volume: work, path: /other}]'];
  assert.deepEqual(
    adopt(WORK, mounts, VOLUMES).mounts.map(({ readOnly }) => readOnly),
    [true, false],
  );
});

const HOOKS: Partial<AciConfig> = { hooks: { preStart: ['/pre'], postStop: ['/post'] } };

test('hooks of the image run beside those of the manifest, which come first', () => {
  const { commands, asUser } = adopt(HOOKS, ['hooks: {preStart: [/mine], preStop: [/stop]}']).hooks;
  assert.deepEqual(
    Object.entries(commands).map(([name, { value, at }]) => [name, value[0], at.line]),
    [
      ['preStart', '/mine', 9],
      ['preStop', '/stop', 9],
      ['postStop', '/post', 7],
    ],
  );
  assert.equal(asUser, undefined);
});

test('hooks of the image run as the user whom the manifest names, and those of the manifest as before', () => {
  const { asUser } = adopt(HOOKS, ['user: "1000"', 'hooks: {preStart: [/mine]}']).hooks;
  assert.deepEqual(asUser, ['postStop']);
});

test('everything that an image asks for in vain is told at once', () => {
  assert.deepEqual(
    refusalsOf({
      ...WORK,
      ...isolators(
        ['os/linux/no-new-privileges', false],
        [RETAIN, { set: ['CAP_BPF'] }],
        ['resource/memory', { limit: 'much' }],
      ),
    }),
    ['image/manifest 7', 'image/manifest 7', 'image/manifest 7', 'image/mount-point 7'],
  );
});
