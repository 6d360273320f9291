import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from '../run/pod-process.ts';
import { Repository, useFolder } from '../source/repository.ts';
import { SetFolder } from './set-folder.ts';

const root = useTempRoot();
const dir = useFolder();

/** A set whose folder is in a repository. */
class RepositorySet extends SetFolder {
  readonly repository: Repository;

  constructor(name: string) {
    super(root, name);
    this.repository = new Repository(this.dir);
  }

  get url(): string {
    return this.repository.url('?ref=main');
  }

  commit(): string {
    return this.repository.commit().slice(0, 12);
  }
}

test('a folder of a repository is brought about as it was committed, and tells which commit that is', async () => {
  await using set = new RepositorySet('cloud');
  set.write('a');
  set.write('b');
  const commit = set.commit();
  set.write('c');
  const first = await set.verb('apply', '-f', set.url);
  assert.deepEqual([first.exitCode, first.stderr], [0, `source main@${commit}`]);
  assert.match(first.stdout, /set cloud: 2 created/);
  const before = await set.running();
  set.commit();
  assert.equal((await set.verb('diff', '-f', set.url, '-o', 'name')).stdout, 'c');
  assert.match(await podOk(['apply', '-f', set.url], { root }), /set cloud: 2 unchanged, 1 created/);
  const { c: _new, ...rest } = await set.running();
  assert.deepEqual(rest, before);
  // The same folder, as a set of its own that takes over.
  assert.match(await podOk(['apply', '-f', set.dir, '--ref', 'main', '--set', 'cloud'], { root }), /3 unchanged/);
  assert.match((await set.verb('delete', '-f', set.dir)).stderr, /set\/other-folder/);
  assert.equal((await set.verb('delete', '-f', set.dir, '--ref', 'main')).exitCode, 0);
  assert.deepEqual(await set.names(), []);
  await podOk(['apply', '-f', set.url], { root });
  assert.equal((await set.verb('delete', '-f', set.url)).exitCode, 0);
  assert.deepEqual(await set.names(), []);
});

test('a commit that nobody signed, or a link out of it, changes nothing', async () => {
  await using set = new RepositorySet('strict');
  set.write('a');
  set.commit();
  await podOk(['apply', '-f', set.url], { root });
  const before = await set.running();
  set.write('b');
  set.commit();
  const signers = join(dir, 'signers');
  writeFileSync(signers, '');
  const { exitCode, stderr } = await set.verb('apply', '-f', set.url, '--allowed-signers', signers);
  assert.deepEqual([exitCode, /source\/signature/.test(stderr)], [1, true], stderr);
  set.repository.commitTree([['120000', 'b.pod.yaml', '/etc/shadow']]);
  const hostile = await set.verb('apply', '-f', set.url, '--prune');
  assert.deepEqual([hostile.exitCode, /source\/hostile/.test(hostile.stderr)], [1, true], hostile.stderr);
  assert.deepEqual(await set.running(), before);
});

test('usage that makes no sense is refused', async () => {
  await using set = new RepositorySet('usage');
  set.write('a');
  set.commit();
  for (const [args, code] of [
    [['-f', set.dir, '--allowed-signers', 'x'], 'cli/usage'],
    [['-f', set.url, '--ref', 'main'], 'source/reference'],
    [['-f', set.dir, '--ref', '--upload-pack=evil'], 'source/reference'],
    [['-f', set.dir, '--ref', 'none'], 'source/reference'],
    [['-f', 'git+ext::sh -c evil'], 'source/reference'],
  ] as const) {
    const { exitCode, stderr } = await set.verb('apply', ...args);
    assert.notEqual(exitCode, 0, args.join(' '));
    assert.ok(stderr.includes(`[${code}]`), stderr);
  }
});

test('a frozen lock counts for a folder, and a missing pin is an error', async () => {
  await using set = new SetFolder(root, 'frozen');
  set.write('a');
  const without = await set.apply('--frozen');
  assert.deepEqual([without.exitCode, /lock\/stale/.test(without.stderr)], [1, true], without.stderr);
  await podOk(['lock', set.dir], { root });
  assert.match(await set.applyOk('--frozen'), /1 created/);
});

test('a server that does not answer holds up nobody for longer than was asked for', { timeout: 120_000 }, async () => {
  const connections: Socket[] = [];
  const silent = createServer((socket) => connections.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `git+https://127.0.0.1:${(silent.address() as AddressInfo).port}/r?ref=main`;
  try {
    const late = await pod(['apply', '-f', url, '--set', 'mute', '--timeout', '1s'], { root });
    assert.deepEqual([late.exitCode, /\[pod\/timeout\]/.test(late.stderr)], [1, true], late.stderr);
    for (const verb of [['apply'], ['apply', '--watch']]) {
      connections.length = 0;
      const waiting = new PodProcess(root, [...verb, '-f', url, '--set', 'mute']);
      await eventually(async () => assert.equal(connections.length, 1));
      waiting.signal('SIGTERM');
      await waiting.ended();
    }
  } finally {
    for (const socket of connections) socket.destroy();
    silent.close();
  }
});
