import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseCgroupMounts, readCgroupFacts } from '../../../../stages/stage0/cgroup/hierarchies.ts';

/** A line of mountinfo. */
function line(place: string, type: string, superOptions: string, root = '/', options = 'rw,relatime'): string {
  return `40 31 0:37 ${root} ${place} ${options} shared:9 - ${type} ${type} ${superOptions}`;
}

test('both versions are told apart, and options are not taken for controllers', () => {
  const text = [
    line('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct'),
    line('/sys/fs/cgroup/systemd', 'cgroup', 'rw,xattr,name=systemd'),
    line('/sys/fs/cgroup/unified', 'cgroup2', 'rw,nsdelegate'),
    line('/mnt', 'ext4', 'rw'),
  ].join('\n');
  const mounts = parseCgroupMounts(text).map(({ version, mountPoint, controllers }) => [
    version,
    mountPoint,
    controllers,
  ]);
  assert.deepEqual(mounts, [
    [1, '/sys/fs/cgroup/cpu,cpuacct', ['cpu', 'cpuacct']],
    [1, '/sys/fs/cgroup/systemd', []],
    [2, '/sys/fs/cgroup/unified', []],
  ]);
});

test('of two mounts on one place the later one counts', () => {
  const text = [line('/sys/fs/cgroup/x', 'cgroup', 'rw,cpu'), line('/sys/fs/cgroup/x', 'cgroup', 'rw,memory')].join(
    '\n',
  );
  assert.deepEqual(
    parseCgroupMounts(text).map(({ controllers }) => controllers),
    [['memory']],
  );
});

test('a read-only mount and a mount of a part are seen as such', () => {
  const [part, readOnly] = parseCgroupMounts(
    [line('/a', 'cgroup', 'rw,cpu', '/docker/1'), line('/b', 'cgroup', 'rw,cpu', '/', 'ro')].join('\n'),
  );
  assert.deepEqual([part?.whole, part?.writable, readOnly?.whole, readOnly?.writable], [false, true, true, false]);
});

test('escaped characters in a mount point are read back', () => {
  assert.equal(parseCgroupMounts(line('/a\\040b\\134c', 'cgroup', 'rw,cpu'))[0]?.mountPoint, '/a b\\c');
});

test('a plain directory that claims to be a hierarchy is none', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pod-cgroup-'));
  try {
    const text = [line(directory, 'cgroup', 'rw,memory'), line(directory, 'cgroup2', 'rw')].join('\n');
    assert.deepEqual(readCgroupFacts(text).hierarchies, []);
    assert.deepEqual(readCgroupFacts(line(`${directory}/none`, 'cgroup', 'rw,memory')).hierarchies, []);
  } finally {
    rmdirSync(directory);
  }
});

test('what this host has is really there, each controller once', () => {
  const { mode, hierarchies } = readCgroupFacts();
  const names = hierarchies.flatMap(({ controllers }) => controllers);
  assert.equal(new Set(names).size, names.length);
  assert.ok(hierarchies.every(({ mountPoint }) => existsSync(`${mountPoint}/cgroup.procs`)));
  const versions = new Set(hierarchies.map(({ version }) => version));
  assert.equal(mode === 'hybrid', versions.size === 2);
});
