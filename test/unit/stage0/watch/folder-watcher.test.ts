import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderLook } from '../../../../stages/stage0/watch/folder-look.ts';
import { FolderWatcher, turnsOf } from '../../../../stages/stage0/watch/folder-watcher.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();
let count = 0;

function newFolder(): string {
  const dir = join(scratch, `folder-${count++}`, 'prod');
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** Acts again and again, each time until the watcher has told of something, as whoever watches does. */
async function eachIsSeen(dir: string, acts: readonly (() => void)[]): Promise<void> {
  let onEvent: () => void = () => undefined;
  using watcher = new FolderWatcher(dir, () => onEvent());
  for (const act of acts) {
    const look = new FolderLook(dir);
    look.take();
    await new Promise<void>((resolve) => {
      // One act may raise many events; the last makes the folder another one.
      onEvent = () => {
        watcher.refresh();
        if (look.isOther()) resolve();
      };
      act();
    });
    // What else the act has raised is not to be taken for the next one.
    onEvent = () => watcher.refresh();
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
  }
}

function link(target: string, path: string): void {
  symlinkSync(target, `${path}.new`);
  renameSync(`${path}.new`, path);
}

test('files that come, change in place, are replaced, and go are seen', async () => {
  const dir = newFolder();
  const path = join(dir, 'a.pod.yaml');
  await eachIsSeen(dir, [
    () => writeFileSync(path, 'one'),
    () => writeFileSync(path, 'two'),
    () => {
      writeFileSync(join(dir, '.a.swp'), 'three');
      renameSync(join(dir, '.a.swp'), path);
    },
    () => unlinkSync(path),
  ]);
});

test('folders that come later are seen into', async () => {
  const dir = newFolder();
  await eachIsSeen(dir, [
    () => {
      mkdirSync(join(dir, 'deep/er'), { recursive: true });
      writeFileSync(join(dir, 'deep/er/a.pod.yaml'), 'one');
    },
    () => writeFileSync(join(dir, 'deep/er/a.pod.yaml'), 'two'),
  ]);
});

test('a folder that is replaced by another one is followed', async () => {
  const dir = newFolder();
  const next = `${dir}-next`;
  writeFileSync(join(dir, 'a.pod.yaml'), 'one');
  await eachIsSeen(dir, [
    () => {
      mkdirSync(next);
      writeFileSync(join(next, 'a.pod.yaml'), 'two');
      renameSync(dir, `${dir}-old`);
      renameSync(next, dir);
    },
    () => writeFileSync(join(dir, 'a.pod.yaml'), 'three'),
    () => rmSync(dir, { recursive: true }),
    () => mkdirSync(dir),
    () => writeFileSync(join(dir, 'a.pod.yaml'), 'four'),
  ]);
});

test('links on the way, and links to files as Kubernetes has them, are followed when they are switched', async () => {
  const home = newFolder();
  for (const version of ['one', 'two']) {
    mkdirSync(join(home, version, 'prod'), { recursive: true });
    writeFileSync(join(home, version, 'prod/a.pod.yaml'), version);
  }
  link('one', join(home, 'current'));
  const dir = join(home, 'current/prod');
  await eachIsSeen(dir, [
    () => link('two', join(home, 'current')),
    () => writeFileSync(join(home, 'two/prod/a.pod.yaml'), 'three'),
  ]);
  const mounted = newFolder();
  for (const version of ['..1', '..2']) {
    mkdirSync(join(mounted, version));
    writeFileSync(join(mounted, version, 'a.pod.yaml'), version);
  }
  link('..1', join(mounted, '..data'));
  link('..data/a.pod.yaml', join(mounted, 'a.pod.yaml'));
  await eachIsSeen(mounted, [
    () => link('..2', join(mounted, '..data')),
    () => writeFileSync(join(mounted, '..2/a.pod.yaml'), 'in place'),
  ]);
});

test('rules of what to leave out that come, change and go are seen', async () => {
  const dir = newFolder();
  writeFileSync(join(dir, 'a.pod.yaml'), 'one');
  writeFileSync(join(dir, 'b.pod.yaml'), 'one');
  await eachIsSeen(dir, [
    () => writeFileSync(join(dir, '.podignore'), 'a.pod.yaml'),
    () => writeFileSync(join(dir, '.podignore'), 'b.pod.yaml'),
    () => unlinkSync(join(dir, '.podignore')),
  ]);
});

test('a link that leads nowhere keeps nobody from seeing the rest', async () => {
  const dir = newFolder();
  symlinkSync('loop', join(dir, 'loop'));
  symlinkSync('loop.pod.yaml', join(dir, 'loop.pod.yaml'));
  symlinkSync('a.pod.yaml/below', join(dir, 'below'));
  await eachIsSeen(dir, [
    () => writeFileSync(join(dir, 'a.pod.yaml'), 'one'),
    () => writeFileSync(join(dir, 'a.pod.yaml'), 'two'),
  ]);
});

test('a file that a manifest names is seen where the folder is not walked', async () => {
  const dir = newFolder();
  const path = join(dir, '.images/root.tar');
  mkdirSync(join(dir, '.images'));
  writeFileSync(path, 'one');
  const seen = new Promise<void>((resolve) => {
    const watcher = new FolderWatcher(dir, () => {
      watcher[Symbol.dispose]();
      resolve();
    });
    watcher.refresh([path]);
  });
  writeFileSync(path, 'two');
  await seen;
});

test('the places where a path may turn are its links and its end', () => {
  const home = newFolder();
  mkdirSync(join(home, 'real/sub'), { recursive: true });
  symlinkSync('../prod/real', join(home, 'up'));
  symlinkSync('up/sub', join(home, 'chain'));
  const names = (path: string): string[] =>
    turnsOf(path)
      .filter(({ dir }) => dir.startsWith(scratch))
      .map(({ dir, name }) => join(dir, name).slice(home.length + 1));
  assert.deepEqual(names(join(home, 'real/sub')), ['real/sub']);
  assert.deepEqual(names(join(home, 'chain')), ['chain', 'up', 'real/sub']);
  assert.deepEqual(names(join(home, 'gone/sub')), ['gone']);
  symlinkSync('loop', join(home, 'loop'));
  assert.ok(names(join(home, 'loop')).length > 1);
});
