import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { judgePin } from '../../../../stages/stage0/pins/judge-pin.ts';
import { frozenBy, isAsPinned, LOCK_FILE, parsePins, PLATFORM, readPins } from '../../../../stages/stage0/pins/pins.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();
const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const AT = { file: 'web.pod.yaml', line: 7, col: 12 };
let folders = 0;

function newFolder(): string {
  const dir = `${scratch}/folder-${folders++}`;
  mkdirSync(dir);
  return dir;
}

function lockText(images: object, notPinned: readonly string[] = []): string {
  return JSON.stringify({ version: 1, images, notPinned });
}

const pinsOf = (images: object): ReturnType<typeof parsePins> => parsePins(lockText(images), '/x/pod.lock');

test('a folder without a lock has none, unless a flag says that there is one', () => {
  const dir = newFolder();
  assert.equal(readPins(dir), undefined);
  assert.equal(readPins(dir, 'ci'), undefined);
  assert.throws(() => readPins(dir, 'flag'), { code: 'lock/stale' });
});

test('an image is as pinned when the digest is, for this machine', () => {
  const pins = pinsOf({ 'oci:x:1': { [PLATFORM]: A }, 'oci:x:2': { 'linux/other': A } });
  assert.equal(isAsPinned(pins, { ref: 'oci:x:1', digest: A }), true);
  assert.equal(isAsPinned(pins, { ref: 'oci:x:1', digest: B }), false);
  assert.equal(isAsPinned(pins, { ref: 'oci:x:2', digest: A }), false);
  assert.equal(isAsPinned(pins, { ref: 'oci:x:3', digest: A }), false);
  assert.equal(isAsPinned(undefined, { ref: 'oci:x:3', digest: A }), true);
});

test('what has no digest is never amiss', () => {
  const pins = pinsOf({});
  for (const ref of ['host', 'dir:./x']) assert.equal(isAsPinned(pins, { ref, digest: B }), true, ref);
});

test('a name that objects have by nature is no image', () => {
  for (const ref of ['__proto__', 'constructor', 'toString'])
    assert.equal(isAsPinned(pinsOf({}), { ref, digest: A }), false, ref);
});

test('another digest is an error at the line of the image', () => {
  const judged = judgePin(pinsOf({ 'oci:x:1': { [PLATFORM]: A } }), { ref: 'oci:x:1', digest: B }, { at: AT });
  assert.deepEqual([judged?.severity, judged?.error.code, judged?.error.at], ['error', 'lock/stale', AT]);
});

test('a missing pin is a warning, and an error when the lock is frozen', () => {
  const image = { ref: 'oci:x:1', digest: A };
  const judge = (frozen?: 'flag' | 'ci'): string | undefined =>
    judgePin(pinsOf({}), image, { at: AT, frozen })?.severity;
  assert.deepEqual([judge(), judge('flag'), judge('ci')], ['warning', 'error', 'error']);
});

test('a pin for another machine only is said to be one', () => {
  const judged = judgePin(pinsOf({ 'oci:x:1': { 'linux/s390x': A } }), { ref: 'oci:x:1', digest: A }, { at: AT });
  assert.match(judged!.error.message, /linux\/s390x/);
});

test('build servers freeze the lock', () => {
  assert.equal(frozenBy(false, {}), undefined);
  assert.equal(frozenBy(false, { CI: 'false' }), undefined);
  assert.equal(frozenBy(false, { CI: 'true' }), 'ci');
  assert.equal(frozenBy(false, { CI: '1' }), 'ci');
  assert.equal(frozenBy(true, {}), 'flag');
});

test('a merge conflict in a lock is found at its line', () => {
  const text = '{\n  "version": 1,\n<<<<<<< ours\n  "images": {}\n=======\n>>>>>>> theirs\n}\n';
  const error = errorOf(() => parsePins(text, 'pod.lock'));
  assert.deepEqual([error.code, error.at], ['lock/malformed', { file: 'pod.lock', line: 3, col: 1 }]);
  assert.match(error.hint!, /conflict/);
});

test('what is not a lock of this version is refused', () => {
  for (const text of [
    '',
    'null',
    '[]',
    '{"images":{}}',
    '{"version":2,"images":{}}',
    '{"version":1}',
    '{"version":1,"images":[]}',
    '{"version":1,"images":{"oci:x":"sha256:00"}}',
    '{"version":1,"images":{"oci:x":{"linux/amd64":"sha256:00"}}}',
    '{"version":1,"images":{},"notPinned":"host"}',
    '{"version":1,"images":{},"notPinned":[1]}',
  ])
    assert.equal(errorOf(() => parsePins(text, 'pod.lock')).code, 'lock/malformed', text);
});

test('a lock that is a pipe, a device or leads nowhere is refused, not waited for', () => {
  const [pipe, device, nowhere, folder] = [newFolder(), newFolder(), newFolder(), newFolder()];
  execFileSync('mkfifo', [`${pipe}/${LOCK_FILE}`]);
  symlinkSync('/dev/zero', `${device}/${LOCK_FILE}`);
  symlinkSync('gone', `${nowhere}/${LOCK_FILE}`);
  mkdirSync(`${folder}/${LOCK_FILE}`);
  for (const dir of [pipe, device, nowhere, folder])
    assert.equal(errorOf(() => readPins(dir)).code, 'lock/malformed', dir);
});

test('a lock that is a symlink to a lock is that lock', () => {
  const dir = newFolder();
  writeFileSync(`${dir}/real`, lockText({}, ['host']));
  symlinkSync('real', `${dir}/${LOCK_FILE}`);
  assert.deepEqual(readPins(dir)?.notPinned, ['host']);
});

function errorOf(act: () => unknown): PodError {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof PodError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' });
}
