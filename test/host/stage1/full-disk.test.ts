import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { removeRoot } from '../../harness/temp-root.ts';
import { eventsOf, pathOf, shell, start } from './pods.ts';

/** Smaller than what an app's logs may take. */
const SIZE = '24m';
const root = mkdtempSync('/var/tmp/pod-test-full-');

before(() => execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=0700`, 'pod-test', root]));
after(async () => {
  // What it lists as a directory of its own is a mount point here, and goes last.
  await removeRoot(`${root}/state`);
  execFileSync('umount', [root]);
  rmdirSync(root);
});

test('a full disk blocks no app: its lines are whole or dropped, and the dropped are counted', async () => {
  const lines = 300_000;
  const script = `i=0; yes ${'x'.repeat(99)} | head -n ${lines}; echo done >&2; exit 5`;
  await using pod = await start(`${root}/state`, 'full', shell('main', script));
  assert.equal(await pod.exit, 5);
  const logs = `${pathOf(`${root}/state`, pod)}/logs`;
  const kept = readdirSync(logs).flatMap((name) => readFileSync(`${logs}/${name}`, 'latin1').split('\n'));
  const torn = kept.filter((line) => line !== '' && !/^\S+Z std(out|err) ([FP] (x{0,99}|done)|G \d+ \d+)$/.test(line));
  assert.deepEqual(torn, []);
  assert.ok(eventsOf(`${root}/state`, pod).every((event) => typeof event.t === 'number'));
  // Neither log nor journal had room: what is lost is known all the same, to the line.
  const whole = kept.filter((line) => / stdout F /.test(line)).length;
  assert.ok(whole < lines);
  assert.equal(
    pod.status()!.apps[0]!.logDropped.lines,
    lines + 1 - kept.filter((line) => / F (x+|done)$/.test(line)).length,
  );
});
