import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeOut } from '../../../../stages/stage0/cli/write-out.ts';

const dir = mkdtempSync(join(tmpdir(), 'pod-out-'));
after(() => rmSync(dir, { recursive: true }));

function write(path: string): void {
  writeOut({ path, text: 'new', what: 'the plan', mode: 0o600 });
}

test('a file comes about whole, with the mode it is to have', () => {
  const path = join(dir, 'fresh');
  write(path);
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.equal(lstatSync(path).mode & 0o777, 0o600);
});

test('what is there is written to, and stays what it is', () => {
  const [file, link, far] = ['file', 'link', 'far'].map((name) => join(dir, name)) as [string, string, string];
  writeFileSync(file, 'something longer');
  const { ino } = lstatSync(file);
  symlinkSync('file', link);
  write(link);
  assert.deepEqual([readFileSync(file, 'utf8'), lstatSync(file).ino], ['new', ino]);
  assert.ok(lstatSync(link).isSymbolicLink());
  symlinkSync('made', far);
  write(far);
  assert.deepEqual([readFileSync(join(dir, 'made'), 'utf8'), lstatSync(far).isSymbolicLink()], ['new', true]);
  const device = join(dir, 'null');
  symlinkSync('/dev/null', device);
  write(device);
  assert.ok(lstatSync('/dev/null').isCharacterDevice());
});

test('what cannot be written leaves nothing', () => {
  const before = readdirSync(dir);
  assert.throws(() => write(join(dir, 'none/file')), { code: 'state/io', message: /write the plan to .*ENOENT/ });
  assert.throws(() => write(dir), { code: 'state/io' });
  assert.deepEqual(readdirSync(dir), before);
});
