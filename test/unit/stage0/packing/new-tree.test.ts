import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { NewTree } from '../../../../stages/stage0/packing/new-tree.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();

function partial(): string {
  return `${scratch}/${readdirSync(scratch).find((name) => name.startsWith('.tree.'))!}`;
}

test('a tree has its name when it is complete, and one that is not is removed', () => {
  {
    using tree = new NewTree(`${scratch}/tree`);
    writeFileSync(`${partial()}/file`, 'x');
    assert.ok(!existsSync(`${scratch}/tree`) && tree.fd.number > 0);
  }
  assert.deepEqual(readdirSync(scratch), []);
  {
    using tree = new NewTree(`${scratch}/tree`);
    writeFileSync(`${partial()}/file`, 'x');
    tree.publish();
  }
  assert.deepEqual(readdirSync(scratch), ['tree']);
  assert.throws(() => new NewTree(`${scratch}/tree`), PodError);
});

test('what others put in its place is neither published nor removed', () => {
  {
    using tree = new NewTree(`${scratch}/new`);
    const name = `${scratch}/${readdirSync(scratch).find((one) => one.startsWith('.new.'))!}`;
    renameSync(name, `${scratch}/away`);
    mkdirSync(name);
    writeFileSync(`${name}/theirs`, 'x');
    assert.throws(() => tree.publish(), /another process has replaced it/);
  }
  assert.ok(!existsSync(`${scratch}/new`));
  const left = readdirSync(scratch).find((one) => one.startsWith('.new.'))!;
  assert.deepEqual(readdirSync(`${scratch}/${left}`), ['theirs']);
});
