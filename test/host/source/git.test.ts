import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { locateRepository } from '../../../stages/stage0/source/local.ts';
import { openGitSource } from '../../../stages/stage0/source/open.ts';
import { sweepSources } from '../../../stages/stage0/source/sweep.ts';
import { cacheOf, openSource, readText, useSources } from './repository.ts';

const { dir, newRepository, newRoot } = useSources();

test('a branch, a tag, a commit and the HEAD are pinned to what they stand for', async () => {
  const repository = newRepository();
  repository.write('prod/web.pod.yaml', 'one\n');
  const first = repository.commit();
  repository.git('tag', '--annotate', '--message', 'x', 'v1');
  repository.write('prod/web.pod.yaml', 'two\n');
  const second = repository.commit();
  for (const [query, commit, label, text] of [
    ['', second, `main@${second.slice(0, 12)}`, 'two\n'],
    ['?ref=main', second, `main@${second.slice(0, 12)}`, 'two\n'],
    ['?ref=refs/heads/main', second, `main@${second.slice(0, 12)}`, 'two\n'],
    ['?ref=v1', first, `v1@${first.slice(0, 12)}`, 'one\n'],
    [`?ref=${first}`, first, first.slice(0, 12), 'one\n'],
  ] as const) {
    using source = await openSource(newRoot(), repository.url(`//prod${query}`));
    assert.deepEqual([source.revision.commit, source.revision.label], [commit, label], query);
    assert.equal(readText(join(source.folder, 'web.pod.yaml')), text, query);
  }
});

test('the folder stays where it is from one revision to the next, and the old tree goes', async () => {
  const repository = newRepository();
  const root = newRoot();
  const folders: string[] = [];
  for (const text of ['one', 'two', 'two']) {
    repository.write('a', text);
    repository.commit();
    using source = await openSource(root, repository.url());
    folders.push(source.folder);
    assert.equal(readText(join(source.folder, 'a')), text);
    assert.deepEqual(readdirSync(`${cacheOf(root)}/trees`).toSorted(), [
      source.revision.commit,
      `${source.revision.commit}.json`,
    ]);
  }
  assert.deepEqual(new Set(folders).size, 1);
  assert.deepEqual(readdirSync(cacheOf(root)).toSorted(), ['current', 'origin', 'trees']);
  assert.equal(statSync(`${root}/sources`).mode & 0o777, 0o700);
});

test('a tree that something has mounted stays until it is let go', async () => {
  const repository = newRepository();
  const root = newRoot();
  repository.write('site/a', 'one');
  const first = repository.commit();
  (await openSource(root, repository.url()))[Symbol.dispose]();
  const target = join(dir, 'mounted');
  mkdirSync(target);
  repository.write('site/a', 'two');
  // In a mount namespace of its own, as a pod's; it says when, and ends with its standard input.
  const holder = execHolder(`mount --bind ${cacheOf(root)}/current/site ${target}`);
  await holder.ready;
  try {
    repository.commit();
    (await openSource(root, repository.url()))[Symbol.dispose]();
    assert.equal(existsSync(`${cacheOf(root)}/trees/${first}/site/a`), true);
  } finally {
    await holder.end();
  }
  (await openSource(root, repository.url()))[Symbol.dispose]();
  assert.equal(existsSync(`${cacheOf(root)}/trees/${first}`), false);
});

test('what no set is of, no pod has a part of, and nobody has open is swept', async () => {
  const repository = newRepository();
  const root = newRoot();
  repository.write('a', 'x');
  repository.commit();
  const origin = repository.url();
  const open = await openSource(root, origin);
  assert.deepEqual(sweepSources(root, new Set(), false), []);
  open[Symbol.dispose]();
  assert.deepEqual(sweepSources(root, new Set([origin]), false), []);
  const pod = `${root}/pods/exited/11111111-1111-4111-8111-111111111111`;
  mkdirSync(pod, { recursive: true });
  writeFileSync(`${pod}/record.json`, `{"layers":["${cacheOf(root)}/trees/${open.revision.commit}/rootfs"]}`);
  assert.deepEqual(sweepSources(root, new Set(), false), []);
  execFileSync('rm', ['-r', pod]);
  assert.deepEqual(sweepSources(root, new Set(), true), [origin]);
  assert.deepEqual(sweepSources(root, new Set(), false), [origin]);
  assert.deepEqual([sweepSources(root, new Set(), false), readdirSync(`${root}/sources`)], [[], []]);
});

test('what is not changed is not fetched again', async () => {
  const repository = newRepository();
  const root = newRoot();
  repository.write('a', 'one');
  repository.commit();
  using first = await openSource(root, repository.url());
  const { ino } = statSync(first.folder);
  first[Symbol.dispose]();
  // Objects cannot be read any more: looking up is all that works.
  execFileSync('rm', ['-rf', join(repository.dir, '.git/objects')]);
  mkdirSync(join(repository.dir, '.git/objects'));
  using second = await openSource(root, repository.url());
  assert.equal(statSync(second.folder).ino, ino);
});

test('programs may be executed, links inside lead where they led, and nothing of git is there', async () => {
  const repository = newRepository();
  repository.write('bin/run', '#!/bin/sh\n', 0o755);
  repository.git('config', 'core.symlinks', 'true');
  execFileSync('ln', ['-s', '../bin/run', join(repository.dir, 'bin/link')]);
  execFileSync('ln', ['-s', 'bin', join(repository.dir, 'folder')]);
  repository.commit();
  using source = await openSource(newRoot(), repository.url());
  assert.equal(statSync(join(source.folder, 'bin/run')).mode & 0o777, 0o755);
  assert.equal(readlinkSync(join(source.folder, 'bin/link')), '../bin/run');
  assert.equal(readText(join(source.folder, 'folder/link')), '#!/bin/sh\n');
  assert.deepEqual(readdirSync(source.folder).toSorted(), ['bin', 'folder']);
});

test('what is not there is told apart', async () => {
  const repository = newRepository();
  repository.write('a', 'x');
  repository.commit();
  repository.git('branch', 'both');
  repository.git('tag', 'both');
  for (const [url, code] of [
    [repository.url('?ref=none'), 'source/reference'],
    // Patterns of ls-remote match ends of names.
    [repository.url('?ref=heads/main'), 'source/reference'],
    [repository.url('?ref=both'), 'source/reference'],
    [repository.url('//none'), 'source/reference'],
    [repository.url('//a'), 'source/reference'],
    [repository.url(`?ref=${'1'.repeat(40)}`), 'source/unreachable'],
    [`git+file://${dir}/none`, 'source/unreachable'],
    ['git+https://127.0.0.1:1/repo', 'source/unreachable'],
    ['git+ssh://127.0.0.1:1/repo', 'source/unreachable'],
  ] as const)
    await assert.rejects(openSource(newRoot(), url), { code }, url);
});

test('a folder of a repository on this host is known by what was committed', async () => {
  const repository = newRepository();
  repository.write('a b/c/web', 'committed');
  repository.commit();
  repository.write('a b/c/web', 'edited');
  const reference = await locateRepository(join(repository.dir, 'a b/c'), 'main');
  assert.deepEqual([reference.path, reference.ref], ['a b/c', 'main']);
  using source = await openGitSource(reference, { root: newRoot() });
  assert.equal(readText(join(source.folder, 'web')), 'committed');
  await assert.rejects(locateRepository(dir, 'main'), { code: 'source/unreachable' });
  await assert.rejects(locateRepository(join(dir, 'none'), 'main'), { code: 'source/reference' });
});

test('two that open one source at once get it one after the other, and both the same', async () => {
  const repository = newRepository();
  repository.write('a', 'x');
  const commit = repository.commit();
  const root = newRoot();
  const opened = [0, 1, 2].map(async () => {
    using source = await openSource(root, repository.url());
    return source.revision.commit;
  });
  assert.deepEqual(await Promise.all(opened), [commit, commit, commit]);
});

test('what a killed process left goes at the next opening', async () => {
  const repository = newRepository();
  repository.write('a', 'x');
  const commit = repository.commit();
  const root = newRoot();
  (await openSource(root, repository.url()))[Symbol.dispose]();
  const cache = cacheOf(root);
  mkdirSync(`${cache}/.draft-killed/git`, { recursive: true });
  // A tree whose note was not written yet is no tree.
  execFileSync('rm', [`${cache}/trees/${commit}.json`]);
  using source = await openSource(root, repository.url());
  assert.equal(lstatSync(join(source.folder, 'a')).isFile(), true);
  assert.deepEqual(readdirSync(cache).toSorted(), ['current', 'origin', 'trees']);
});

interface Holder {
  readonly ready: Promise<void>;
  readonly end: () => Promise<void>;
}

function execHolder(command: string): Holder {
  const child = spawn('unshare', ['--mount', 'sh', '-c', `${command} && echo ready && exec cat`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return {
    ready: once(child.stdout, 'data').then(() => undefined),
    end: async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
