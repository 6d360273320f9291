import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { claimUidRange, type UidRangeSources } from '../../../../stages/stage0/launch/uid-range.ts';
import {
  claimRange,
  isOfDeletedRoot,
  listRanges,
  releaseRange,
  releaseStrays,
} from '../../../../stages/stage0/pod/uid-ranges.ts';
import { newUuid } from '../../../../stages/stage0/pod/uuid.ts';

const AUTO = { mode: 'auto', size: 65_536, at: { file: 'p.yaml', line: 4, col: 9 } } as const;

let scratch: string;
let sources: UidRangeSources;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'pod-ranges-'));
  const files = Object.fromEntries(['subuid', 'subgid', 'passwd', 'group'].map((name) => [name, join(scratch, name)]));
  sources = { dir: join(scratch, 'ranges'), files: files as unknown as UidRangeSources['files'] };
});

afterEach(() => {
  rmSync(scratch, { recursive: true });
});

function give(lines: string, ...names: ('subuid' | 'subgid' | 'passwd' | 'group')[]): void {
  for (const name of names) writeFileSync(join(scratch, name), lines);
}

function claim(count: number, root = scratch): number[] {
  return Array.from({ length: count }, () => claimUidRange(root, newUuid(), AUTO, sources)!);
}

test('pods of one host, whatever their state directories, have ranges of their own', () => {
  const bases = [...claim(300), ...claim(300, '/')];
  assert.equal(new Set(bases).size, 600);
  for (const base of bases) assert.ok(base % 65_536 === 0 && base >= 0x7000_0000 && base + 65_536 <= 0x7ffe_0000);
});

test('where all is taken that nobody else uses, containers share what systemd leaves to them', () => {
  mkdirSync(sources.dir);
  for (let i = 0; i < 4094; i++) claimRange(0x7000_0000 + i * 65_536, '/', newUuid(), sources.dir);
  const [base] = claim(1);
  assert.ok(base! >= 0x1000_0000 && base! < 0x7000_0000);
});

test('the ranges of the user `pod` are taken, and only those that both files give', () => {
  give('pod:200000:196608\nalice:100000:65536\n', 'subuid');
  give('pod:200000:131072\n', 'subgid');
  assert.deepEqual(
    claim(2).toSorted((a, b) => a - b),
    [200_000, 265_536],
  );
  assert.throws(() => claim(1), { code: 'host/exhausted', at: AUTO.at });
});

test("other users' subordinate ids are avoided", () => {
  give('pod:200000:196608\ncontainers:270000:10\n', 'subuid');
  give('pod:200000:196608\nbob:200010:1\n', 'subgid');
  assert.deepEqual(claim(1), [331_072]);
  assert.throws(() => claim(1), { code: 'host/exhausted' });
});

test('so are users and groups themselves, and a file that changed is read again', () => {
  give('pod:600000:131072\n', 'subuid', 'subgid');
  give('eve:x:600005:600005::/:/bin/sh\n', 'passwd');
  assert.deepEqual(claim(1), [665_536]);
  give('staff:x:665540:\n', 'group');
  rmSync(sources.dir, { recursive: true });
  assert.throws(() => claim(1), { code: 'host/exhausted' });
});

test('one file alone gives nothing to `pod`', () => {
  give('pod:200000:196608\n', 'subuid');
  assert.ok(claim(1)[0]! >= 0x7000_0000);
});

test('a pod gives back its own range only', () => {
  claimRange(65_536, '/r', 'a', sources.dir);
  releaseRange(65_536, '/r', 'b', sources.dir);
  releaseRange(65_536, '/s', 'a', sources.dir);
  assert.deepEqual(listRanges(sources.dir), [{ base: 65_536, root: '/r', uuid: 'a' }]);
  releaseRange(65_536, '/r', 'a', sources.dir);
  assert.deepEqual(listRanges(sources.dir), []);
});

test('strays are told, and given back when it is meant', () => {
  claimRange(65_536, '/r', 'a', sources.dir);
  claimRange(131_072, '/r', 'b', sources.dir);
  const isStray = ({ uuid }: { readonly uuid: string }): boolean => uuid === 'a';
  assert.deepEqual(
    releaseStrays(isStray, true, sources.dir).map(({ base }) => base),
    [65_536],
  );
  assert.equal(readdirSync(sources.dir).length, 2);
  assert.deepEqual(
    releaseStrays(isStray, false, sources.dir).map(({ base }) => base),
    [65_536],
  );
  assert.deepEqual(readdirSync(sources.dir), ['131072']);
});

test('when all are taken, those of a state directory that was deleted are free', () => {
  give('pod:200000:65536\n', 'subuid', 'subgid');
  claimRange(200_000, join(scratch, 'gone'), 'a', sources.dir);
  assert.deepEqual(claim(1), [200_000]);
});

test('a range is in use while a process of its pod is there, whether its state directory is seen or not', () => {
  const range = { base: 200_000, root: join(scratch, 'gone'), uuid: 'a' };
  const leaf = join(scratch, 'cgroup', 'pod-a', 'app-x');
  mkdirSync(leaf, { recursive: true });
  const isStray = (): boolean => isOfDeletedRoot(range, [join(scratch, 'none'), join(scratch, 'cgroup')]);
  writeFileSync(join(leaf, 'cgroup.procs'), '4711\n');
  assert.equal(isStray(), false);
  writeFileSync(join(leaf, 'cgroup.procs'), '');
  assert.equal(isStray(), true);
  mkdirSync(range.root);
  assert.equal(isStray(), false);
});

test('users and groups of any number are nobody’s in what the files give to `pod`, root first of all', () => {
  give('pod:0:327680\n', 'subuid', 'subgid');
  give('root:x:0:0:root:/root:/bin/sh\neve:x:1000:1000::/:/bin/sh\nmallory:x:131080:1::/:/bin/sh\n', 'passwd');
  give('nogroup:x:65534:\nstaff:x:200001:\n', 'group');
  assert.deepEqual(
    claim(2).toSorted((a, b) => a - b),
    [65_536, 262_144],
  );
  assert.throws(() => claim(1), { code: 'host/exhausted' });
});

test('without an account of that number root’s id is not given away either, nor one beyond the last', () => {
  give('pod:0:65536\npod:4294901760:65536\npod:4294836224:65536\n', 'subuid', 'subgid');
  assert.deepEqual(claim(1), [4_294_836_224]);
  assert.throws(() => claim(1), { code: 'host/exhausted' });
});

test('a pod without a user namespace takes nothing', () => {
  assert.equal(claimUidRange('/r', newUuid(), { mode: 'host', at: AUTO.at }, sources), null);
  assert.deepEqual(listRanges(sources.dir), []);
});
