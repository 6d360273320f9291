import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { podOk } from '../harness/pod-cli.ts';
import { PROBE_INSIDE, probeManifest, startHoldingPod } from '../harness/probe-pod.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { TerminalProcess } from '../harness/terminal-process.ts';

const root = useTempRoot();
const NO_NETWORK = { network: { mode: 'none' } };

interface Stream {
  readonly isDevice: boolean;
  readonly isTerminal: boolean;
  /** TIOCSTI: a key that is typed for the person at the terminal. */
  readonly type: string;
}

before(() => startHoldingPod(root, { name: 'held', pod: NO_NETWORK }));

/** What `probe terminal` printed on our terminal. */
async function lookFrom(args: readonly string[]): Promise<Readonly<Record<string, Stream>> & { readonly own: string }> {
  await using run = TerminalProcess.pod(root, args);
  await run.says(/\{.*\}\s*\n/s);
  const text = run.output;
  assert.equal(await run.ended(), 0, text);
  return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as never;
}

/** Input of no use but /dev/null may be a device; what is written to may not, whatever the caller has there. */
function assertNoTerminal(found: Awaited<ReturnType<typeof lookFrom>>): void {
  for (const fd of ['0', '1', '2']) {
    assert.equal(found[fd]?.isTerminal, false, fd);
    assert.equal(found[fd]?.type, 'ENOTTY', fd);
  }
  assert.equal(found['1']?.isDevice || found['2']?.isDevice, false);
  assert.equal(found.own, 'ENXIO');
}

for (const flags of [[], ['-i']]) {
  test(`a command of exec ${flags.join('')} gets nothing of the caller’s terminal, and what it writes is shown`, async () => {
    assertNoTerminal(await lookFrom(['exec', ...flags, 'held', '--', PROBE_INSIDE, 'terminal']));
  });

  test(`an app of run ${flags.join('')} gets nothing of the caller’s terminal`, async () => {
    const file = `${root}/terminal.json`;
    writeFileSync(file, probeManifest({ name: 'looks', args: ['terminal'], pod: NO_NETWORK }));
    assertNoTerminal(await lookFrom(['run', '--rm', ...flags, file]));
  });
}

test('what a command of exec writes to a terminal is whole and in order, and so is its code', async () => {
  const script = 'i=0; while [ $i -lt 2000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; exit 3';
  await using run = TerminalProcess.pod(root, ['exec', 'held', '--', '/bin/sh', '-c', script]);
  assert.equal(await run.ended(), 3);
  await run.says('err 1999');
  const expected = Array.from({ length: 2000 }, (_, i) => `out ${i}\nerr ${i}\n`).join('');
  assert.equal(run.output, expected);
});

test('what is typed goes to a command of exec -i, up to its end', async () => {
  await using run = TerminalProcess.pod(root, [
    'exec',
    '-i',
    'held',
    '--',
    '/bin/sh',
    '-c',
    'read a; echo got $a; cat',
  ]);
  run.type('one\n');
  await run.says('got one');
  run.type('two\n\x04');
  assert.equal(await run.ended(), 0);
  // What it wrote last may be read after its end is known.
  await run.says(/got one\ntwo\ntwo\n/);
});

test('what a command leaves behind keeps no caller waiting, and reads nothing that is typed later', async () => {
  const script = '(while :; do echo late; read a <&1 && echo "stole $a"; done) & exit 0';
  await using run = TerminalProcess.pod(root, ['exec', 'held', '--', '/bin/sh', '-c', script]);
  assert.equal(await run.ended(), 0);
  assert.doesNotMatch(run.output, /stole/);
  await podOk(['stop', 'held'], { root });
});
