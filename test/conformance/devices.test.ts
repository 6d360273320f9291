import assert from 'node:assert/strict';
import { probeBothWays } from '../harness/both-ways.ts';
import { useTempRoot } from '../harness/temp-root.ts';

const both = probeBothWays(useTempRoot(), { name: 'devices' });

const DEVICES: Readonly<Record<string, readonly [number, number]>> = {
  null: [1, 3],
  zero: [1, 5],
  full: [1, 7],
  random: [1, 8],
  urandom: [1, 9],
  tty: [5, 0],
};

both('/dev holds six devices, world-writable, and no other', ({ dev }) => {
  const found = Object.entries(dev).filter(([, { type }]) => type === 'char' || type === 'block');
  const numbers = Object.fromEntries(found.map(([name, { major, minor }]) => [name, [major, minor]]));
  assert.deepEqual(numbers, DEVICES);
  for (const [name, { mode }] of found) assert.equal(mode, 0o666, name);
});

both('/dev has the usual links and directories', ({ dev }) => {
  for (const name of ['fd', 'stdin', 'stdout', 'stderr']) assert.equal(dev[name]?.type, 'link', name);
  for (const name of ['pts', 'shm']) assert.equal(dev[name]?.type, 'directory', name);
});

both(
  'pts, shm and mqueue are the pod’s own, and let in neither set-user-id programs nor, but for pts, devices',
  ({ mounts }) => {
    const find = (path: string): (typeof mounts)[number] | undefined => mounts.findLast((mount) => mount.path === path);
    for (const [name, type, size] of [
      ['pts', 'devpts', /ptmxmode=666/],
      ['shm', 'tmpfs', /size=65536k/],
      ['mqueue', 'mqueue', /./],
    ] as const) {
      const mount = find(`/dev/${name}`);
      assert.equal(mount?.type, type);
      assert.match(mount.superOptions, size);
      const options = mount.options.split(',');
      for (const option of ['nosuid', 'noexec', ...(name === 'pts' ? [] : ['nodev'])])
        assert.ok(options.includes(option), `${name}: ${mount.options}`);
    }
  },
);
