import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { appendLedger, readLedger } from '../../../stages/stage0/pod/ledger.ts';
import { ensureLayout, PodStore } from '../../../stages/stage0/pod/store.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { manifest, STOPPABLE } from './manifests.ts';

const USER = 54_321;

const root = useTempRoot();
/** What another user wrote. */
const foreign = mkdtempSync('/var/tmp/pod-foreign-');
ensureLayout(foreign);
const victim = mkdtempSync('/var/tmp/pod-victim-');
after(() => {
  for (const path of [foreign, victim]) rmSync(path, { recursive: true });
});

function giveAway(): void {
  assert.equal(spawnSync('chown', ['-hR', `${USER}:${USER}`, foreign]).status, 0);
}

test('root follows no link out of a state directory of another user', async () => {
  writeFileSync(`${victim}/file`, 'precious');
  symlinkSync(victim, `${foreign}/claims/name`);
  giveAway();
  for (const args of [
    ['gc', '--grace', '0'],
    ['ps', '-a'],
    ['run', '--rm', manifest('x', 'true')],
  ]) {
    const { stderr } = await pod(args, { root: foreign });
    assert.ok(existsSync(`${victim}/file`));
    if (args[0] !== 'ps') assert.match(stderr, new RegExp(`it belongs to user ${USER} \\[state/io\\]\n {2}hint: `));
  }
});

test('a ledger of another user ends none of the pods of root', async () => {
  const uuid = await podOk(['run', '-d', manifest('mine', STOPPABLE)], { root });
  for (const state of ['run', 'exited'] as const) {
    const path = `${foreign}/pods/${state}/${uuid}`;
    mkdirSync(path, { recursive: true });
    appendLedger(path, readLedger(new PodStore(root).locate(uuid)!.path));
    // As if its monitor had run.
    writeFileSync(`${path}/events`, '');
    giveAway();
    for (const args of [
      ['ps', '-a'],
      ['status', uuid],
      ['stop', uuid],
      ['rm', '-f', uuid],
      ['rm', uuid],
      ['gc', '--grace', '0'],
    ])
      await pod(args, { root: foreign });
    assert.equal((await statusOf(root, uuid)).state, 'running', state);
    rmSync(path, { recursive: true });
  }
  await podOk(['rm', '-f', uuid], { root });
});

test('a state directory that every user may write to is not used', async () => {
  chownSync(foreign, 0, 0);
  chmodSync(foreign, 0o1777);
  const { exitCode, stderr } = await pod(['gc'], { root: foreign });
  assert.deepEqual([exitCode, /every user may write to it \[state\/io\]/.test(stderr)], [1, true], stderr);
});
