import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { removeTree } from '../../../stages/stage0/pod/remove-tree.ts';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { manifest } from './manifests.ts';

const root = useTempRoot();

function makeCanary(name: string): string {
  const canary = `${root}/${name}`;
  mkdirSync(canary);
  writeFileSync(`${canary}/file`, '');
  return canary;
}

for (const [verb, args] of [
  ['gc', ['gc', '--grace', '0']],
  ['rm', ['rm', 'mounted-rm']],
] as const) {
  test(`${verb} takes down what was mounted in a dead pod's directory, and touches nothing behind it`, async () => {
    const canary = makeCanary(`canary ${verb}`);
    const uuid = await podOk(['run', '-d', manifest(`mounted-${verb}`, 'true')], { root });
    await podOk(['wait', uuid], { root });
    const { path } = new PodStore(root).locate(uuid)!;
    for (const name of ['bind', 'bind here', 'ram']) mkdirSync(`${path}/${name}`);
    execFileSync('mount', ['-t', 'tmpfs', 'none', `${path}/ram`]);
    mkdirSync(`${path}/ram/on it`);
    for (const place of ['bind', 'bind here', 'ram/on it'])
      execFileSync('mount', ['--bind', canary, `${path}/${place}`]);
    await podOk(args, { root });
    assert.equal(new PodStore(root).locate(uuid), undefined);
    assert.deepEqual(readdirSync(canary), ['file']);
    assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes(uuid), false);
  });
}

test('a removal stops at a mount point, be it of the same file system', () => {
  const canary = makeCanary('canary');
  const tree = `${root}/tree`;
  mkdirSync(`${tree}/a/b`, { recursive: true });
  execFileSync('mount', ['--bind', canary, `${tree}/a/b`]);
  try {
    assert.throws(() => removeTree(tree), { code: 'state/io', message: /something is mounted in it/ });
    assert.deepEqual(readdirSync(canary), ['file']);
  } finally {
    execFileSync('umount', [`${tree}/a/b`]);
  }
  removeTree(tree);
  assert.equal(existsSync(tree), false);
});
