import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

/** Says which instance of itself it is, and fails until it is the last. */
function counted(last: number, rest: string): string {
  return `n=$(cat /tmp/n 2>/dev/null || echo 0); n=$((n+1)); echo $n >/tmp/n; echo begin $n; echo end $n; [ $n -ge ${last} ] || exit 1; ${rest}`;
}

const RESTART = { restart: { policy: 'on-failure', maxRetries: 5, backoff: { initial: '1ms', cap: '1ms' } } };

test('-p shows what the instance before the current one wrote, and nothing else', async () => {
  const apps = { a: { script: counted(3, POLITE), ...RESTART }, b: POLITE };
  await podOk(['run', '-d', '-'], { root, input: shellManifest('again', apps) });
  const logs = new PodProcess(root, ['logs', '-f', 'again', '-a', 'a']);
  await logs.says('up');
  assert.equal(await podOk(['logs', '-p', 'again', '-a', 'a'], { root }), 'begin 2\nend 2');
  assert.equal(await podOk(['logs', '-p', '--tail', '1', 'again'], { root }), 'end 2');
  assert.match(await podOk(['logs', '-p', '-t', 'again'], { root }), /^2\d{3}-\S+Z begin 2\n2\d{3}-\S+Z end 2$/);
  const none = await pod(['logs', '-p', 'again', '-a', 'b'], { root });
  assert.deepEqual([none.exitCode, none.stdout], [1, '']);
  assert.match(none.stderr, /app "b" has no previous instance/);
  assert.equal((await pod(['logs', '-p', '-f', 'again'], { root })).exitCode, 2);
  await podOk(['restart', '-a', 'a', 'again'], { root });
  await logs.says('begin 4');
  assert.equal(await podOk(['logs', '-p', 'again', '-a', 'a'], { root }), 'begin 3\nend 3\nup\nstops');
  await podOk(['stop', 'again'], { root });
  assert.equal(await logs.ended(), 0);
  const numbers = [1, 2, 3, 4].map((n) => `begin ${n}\nend ${n}\n`);
  assert.equal(logs.output, `${numbers.slice(0, 3).join('')}up\nstops\n${numbers[3]}up\nstops\n`);
});

test('--since takes durations and times, and lines of several apps stand in the order of time', async () => {
  const turns = (numbers: string): string =>
    `for i in ${numbers}; do until [ -e /dev/shm/$i ]; do sleep 0.01; done; echo $i; done`;
  const input = shellManifest('turns', { a: turns('1 3 5'), long: turns('2 4 6') });
  await podOk(['run', '-d', '-'], { root, input });
  // Each speaks when what the other has said is in the log.
  const logs = new PodProcess(root, ['logs', '-f', 'turns']);
  for (let n = 1; n <= 6; n++) {
    await podOk(['exec', '-a', n % 2 === 1 ? 'a' : 'long', 'turns', '--', '/bin/touch', `/dev/shm/${n}`], { root });
    await logs.says(`| ${n}\n`);
  }
  await logs.ended();
  const all = await podOk(['logs', 'turns'], { root });
  const expected = [1, 2, 3, 4, 5, 6].map((n) => `${n % 2 === 1 ? 'a   ' : 'long'} | ${n}`);
  assert.equal(all, expected.join('\n'));
  assert.equal(await podOk(['logs', '--since', '1h', '--tail', '2', 'turns'], { root }), expected.slice(4).join('\n'));
  const lines = (await podOk(['logs', '-t', 'turns'], { root })).split('\n');
  const times = lines.map((line) => /\| (\S+Z) \d$/.exec(line)![1]!);
  assert.deepEqual(times.toSorted(), times);
  assert.equal(await podOk(['logs', '--since', times[3]!, 'turns'], { root }), expected.slice(3).join('\n'));
  assert.equal(await podOk(['logs', '--since', new Date(Date.now() + 60_000).toISOString(), 'turns'], { root }), '');
});
