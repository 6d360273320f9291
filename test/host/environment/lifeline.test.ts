import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { listRanges } from '../../../stages/stage0/pod/uid-ranges.ts';
import { eventually } from '../../harness/eventually.ts';
import { cliEnvironment, podOk } from '../../harness/pod-cli.ts';
import { TOP } from '../../harness/paths.ts';
import type { PodStatus } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { serverPod, shellPod } from './manifests.ts';

const root = useTempRoot();
const children: ChildProcess[] = [];
after(() => children.forEach((child) => child.kill('SIGKILL')));

/** A test process of its own, that goes as far as `script`. */
async function testProcess(
  script: string,
  env: Record<string, string> = {},
  manifests: object[] = [serverPod('api'), serverPod('other')],
): Promise<ChildProcess> {
  const options = JSON.stringify({ root, manifests });
  const text = `
    const { environment } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
    const stack = environment('life', ${options});
    stack.clone().then(async (e) => { ${script} });`;
  const child = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'pipe'], env: cliEnvironment(env) });
  children.push(child);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'up');
  return child;
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', (code) => resolve(code)));
}

/** Pods, claims and ranges of ids. */
function left(): string[] {
  const ranges = listRanges().filter((range) => range.root === root);
  const pods = ['prepare', 'run', 'exited', 'garbage'].flatMap((state) => readdirSync(`${root}/pods/${state}`));
  const claims = readdirSync(`${root}/claims`).flatMap((kind) => readdirSync(`${root}/claims/${kind}`));
  return [...pods, ...claims, ...ranges.map(({ base }) => `range ${base}`)];
}

function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}

/** Kills it, and tells how many milliseconds later nothing was left. */
async function kill(child: ChildProcess, when: string): Promise<number> {
  child.kill('SIGKILL');
  const begunMs = performance.now();
  await eventually(async () => assert.deepEqual(left(), [], `killed ${when}`));
  return performance.now() - begunMs;
}

/** Of some times the median: others use this machine too, and now and then one of them is in the way. */
function assertWithinSecond(times: readonly number[]): void {
  const median = times.toSorted((a, b) => a - b)[times.length >> 1]!;
  assert.ok(median < 1000, `${times.map(Math.round).join(', ')} ms`);
}

test('a test process that is killed takes its pods along, within a second, and leaves nothing', async () => {
  const times: number[] = [];
  for (let round = 0; round < 3; round++) {
    const child = await testProcess(`console.log('up'); setInterval(() => {}, 1000);`);
    assert.equal(readdirSync(`${root}/pods/run`).length, 2);
    times.push(await kill(child, 'while it waited'));
  }
  assertWithinSecond(times);
});

for (const [what, loop] of [
  ['a reset leaves nothing, neither of the pods before nor of those after', 'await e.reset();'],
  ['a clone leaves nothing, not even what its monitor never had', 'await (await stack.clone()).dispose();'],
] as const) {
  test(`one that is killed at any moment of ${what}`, async () => {
    const times: number[] = [];
    for (let delayMs = 0; delayMs < 80; delayMs += 4) {
      const child = await testProcess(`console.log('up'); for (;;) ${loop}`);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      times.push(await kill(child, `after ${delayMs} ms`));
    }
    assertWithinSecond(times);
  });
}

test('what waits for the end of a test process does not outlive it', async () => {
  const child = await testProcess(`console.log('up'); await e.dispose(); setInterval(() => {}, 1000);`);
  const [guard] = await eventually(async () => {
    const found = childrenOf(child.pid!);
    assert.equal(found.length, 1);
    return found;
  });
  child.kill('SIGTERM');
  await ended(child);
  await eventually(async () => assert.ok(!existsSync(`/proc/${guard}`)));
});

test('one that is killed with what its pods told it unread takes them along too', async () => {
  const options = JSON.stringify({ root, manifests: [serverPod('api')] });
  // Once a pod is under way the process is busy, and so reads nothing, until it is killed.
  const text = `
    const { readdirSync } = require('node:fs');
    const { environment } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
    const running = () => readdirSync(${JSON.stringify(`${root}/pods/run`)}).length > 0;
    environment('life', ${options}).clone();
    const look = () => (running() ? busy() : setImmediate(look));
    const busy = () => { console.log('busy'); for (;;); };
    look();`;
  const child = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'], env: cliEnvironment() });
  children.push(child);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'busy');
  const [uuid] = readdirSync(`${root}/pods/run`);
  await eventually(async () =>
    assert.match(await podOk(['status', uuid!, '-o', 'json'], { root }), /"state": "running"/),
  );
  await kill(child, 'with all unread');
});

test('a test process that just ends needs no clean-up, and is not kept from ending', async () => {
  const child = await testProcess(`console.log('up');`);
  assert.equal(await ended(child), 0);
  await eventually(async () => assert.deepEqual(left(), []));
});

test('with POD_TEST_KEEP=onfail an environment whose wait failed is left up, and says how to enter it', async () => {
  const child = await testProcess(
    `const { port } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
     console.log('up');
     await e.pods.api.wait(port(1), { timeoutMs: 50 }).catch(() => {});
     await e.dispose();`,
    { POD_TEST_KEEP: 'onfail' },
  );
  let said = '';
  child.stderr!.on('data', (data) => (said += String(data)));
  assert.equal(await ended(child), 0);
  const [, name] = /pod logs (life-[0-9a-f]+-api)/.exec(said) ?? [];
  assert.ok(name, said);
  assert.equal((await podOk(['exec', name, '--', '/bin/hostname'], { root })).trim(), 'api');
  for (const uuid of readdirSync(`${root}/pods/run`)) await podOk(['rm', '--force', uuid], { root });
  assert.deepEqual(left(), []);
});

test('of an environment that is left up a pod that has exited stays too, and the commands are those that work', async () => {
  const child = await testProcess(
    `const { exit } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
     await e.pods.crashed.exec(['/bin/sh', '-c', 'until test -p /srv/go; do :; done; echo > /srv/go']).catch(() => {});
     await e.pods.crashed.wait(exit(3));
     console.log('up'); e.markFailed(); await e.dispose();`,
    { POD_TEST_KEEP: 'onfail' },
    [shellPod('crashed', 'mkfifo /srv/go; echo last words; read go < /srv/go; exit 3'), serverPod('api')],
  );
  let said = '';
  child.stderr!.on('data', (data) => (said += String(data)));
  assert.equal(await ended(child), 0);
  await podOk(['gc'], { root });
  const commands = said.split('\n').flatMap((line) => /^  pod (.*-crashed.*)/.exec(line)?.[1] ?? []);
  assert.equal(commands.length, 3, said);
  const outputs: string[] = [];
  for (const command of commands) outputs.push(await podOk(command.replace(/ --root \S+/, '').split(' '), { root }));
  assert.match(outputs[0]!, /^last words$/m);
  for (const uuid of readdirSync(`${root}/pods/run`)) await podOk(['rm', '--force', uuid], { root });
  assert.deepEqual(left(), []);
});

test('without POD_TEST_KEEP it is removed all the same', async () => {
  const child = await testProcess(`console.log('up'); e.markFailed(); await e.dispose();`);
  assert.equal(await ended(child), 0);
  assert.deepEqual(left(), []);
});

test('with POD_TEST_REUSE=1 the next run finds the environment as the last has left it, and another manifest ends it', async () => {
  const reuse = { POD_TEST_REUSE: '1' };
  const first = await testProcess(
    `e.pods.api.files.write('/srv/mark', e.pods.api.ip); await e.dispose(); console.log('up');`,
    reuse,
  );
  assert.equal(await ended(first), 0);
  const uuids = readdirSync(`${root}/pods/run`);
  const second = await testProcess(
    `if (String(e.pods.api.files.read('/srv/mark')) === e.pods.api.ip) console.log('up'); await e.dispose();`,
    reuse,
  );
  assert.equal(await ended(second), 0);
  assert.deepEqual(readdirSync(`${root}/pods/run`), uuids);
  const killed = await testProcess(`console.log('up'); setInterval(() => {}, 1000);`, reuse);
  killed.kill('SIGKILL');
  await ended(killed);
  const finder = await testProcess(
    `if (String(e.pods.api.files.read('/srv/mark')) === e.pods.api.ip) console.log('up'); await e.dispose();`,
    reuse,
  );
  assert.equal(await ended(finder), 0);
  assert.deepEqual(readdirSync(`${root}/pods/run`), uuids);
  const third = await testProcess(`console.log('up'); await e.dispose();`, reuse, [serverPod('api')]);
  assert.equal(await ended(third), 0);
  const now = readdirSync(`${root}/pods/run`);
  assert.equal(now.length, 1);
  assert.equal(uuids.includes(now[0]!), false);
  await podOk(['rm', '--force', now[0]!], { root });
});

test('what was reset and is left for reuse can be reset in the next run: by names that nobody has', async () => {
  const names = new Set<string>();
  for (let run = 1; run <= 2; run++) {
    const child = await testProcess(`await e.reset(); await e.dispose(); console.log('up');`, { POD_TEST_REUSE: '1' });
    assert.equal(await ended(child), 0);
    const pods = JSON.parse(await podOk(['ps', '-o', 'json'], { root })) as PodStatus[];
    for (const { name } of pods) names.add(name);
    // Those before have theirs until they have ended.
    assert.equal(names.size, 2 * run);
  }
  await podOk(['rm', '--force', ...readdirSync(`${root}/pods/run`)], { root });
});

test('what does not come up is not left for reuse: the next run begins anew', async () => {
  const reuse = { POD_TEST_REUSE: '1' };
  const first = await testProcess(`await e.dispose(); console.log('up');`, reuse);
  assert.equal(await ended(first), 0);
  const second = await testProcess(
    `await e.dispose();
     const { port } = require(${JSON.stringify(join(TOP, 'dist/test.cjs'))});
     await stack.clone({ until: port(9), timeoutMs: 100 }).catch(({ code }) => code === 'pod/timeout' && console.log('up'));`,
    reuse,
  );
  assert.equal(await ended(second), 0);
  assert.deepEqual(left(), []);
});
