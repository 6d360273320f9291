import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();
const file = `${root}/counts.yaml`;
const BIG_BYTES = 3_000_000;

before(async () => {
  writeFileSync(file, shellManifest('counts', { a: 'head -c 70000 | wc -c; exit 4' }));
  await podOk(['run', '-d', '-'], { root, input: shellManifest('there', { a: POLITE }) });
});

/** `pod` with its standard input redirected by a shell. */
async function from(redirection: string, args: readonly string[]): ReturnType<typeof pod> {
  return pod(args, { root, wrapper: ['/bin/sh', '-c', `exec "$@" ${redirection}`, 'sh'] });
}

function asHostRoot(manifest: string): string {
  return JSON.stringify({ ...JSON.parse(manifest), userns: 'host' });
}

const VERBS = [
  { args: ['run', '--rm', '-i', file], code: 4 },
  { args: ['exec', '-i', 'there', '--', '/bin/sh', '-c', 'head -c 70000 | wc -c; exit 5'], code: 5 },
] as const;

test('-i takes what there is of a file, of a device that is no terminal, and of nothing', async () => {
  for (const [redirection, bytes] of [
    [`< ${file}`, 'some'],
    ['< /dev/null', '0'],
    ['<&-', '0'],
    ['< /dev/zero', '70000'],
  ] as const)
    for (const { args, code } of VERBS) {
      const { exitCode, stdout, stderr } = await from(redirection, args);
      assert.equal(exitCode, code, `${args[0]} ${redirection}: ${stderr}`);
      if (bytes !== 'some') assert.equal(stdout, bytes, `${args[0]} ${redirection}`);
    }
});

test('a file that the caller reads from is not changed by a pod whose root is the host’s', async () => {
  const read = `${root}/read-only.txt`;
  const script = 'cat; echo changed >> /proc/self/fd/0; chmod 777 /proc/self/fd/0; true';
  writeFileSync(read, 'as it was\n', { mode: 0o600 });
  const manifest = `${root}/root.yaml`;
  writeFileSync(manifest, asHostRoot(shellManifest('as-root', { a: script })));
  await podOk(['run', '-d', '-'], { root, input: asHostRoot(shellManifest('host-root', { a: POLITE })) });
  for (const args of [
    ['run', '--rm', '-i', manifest],
    ['exec', '-i', 'host-root', '--', '/bin/sh', '-c', script],
  ]) {
    const { exitCode, stdout, stderr } = await from(`< ${read}`, args);
    assert.deepEqual([exitCode, stdout], [0, 'as it was'], stderr);
    assert.equal(readFileSync(read, 'utf8'), 'as it was\n');
    assert.equal(statSync(read).mode & 0o777, 0o600);
  }
  await podOk(['rm', '--force', 'host-root'], { root });
});

test('a file larger than a pipe arrives whole, or not at all where nobody reads it', async () => {
  const big = `${root}/big`;
  writeFileSync(big, Buffer.alloc(BIG_BYTES, 'x'));
  for (const [script, expected] of [
    ['cat | wc -c', String(BIG_BYTES)],
    ['exec 0<&-; echo unread', 'unread'],
  ] as const) {
    const manifest = `${root}/big.yaml`;
    writeFileSync(manifest, shellManifest('big', { a: script }));
    for (const args of [
      ['run', '--rm', '-i', manifest],
      ['exec', '-i', 'there', '--', '/bin/sh', '-c', script],
    ])
      assert.equal((await from(`< ${big}`, args)).stdout, expected, `${args[0]} ${script}`);
  }
});

test('no directory of the host gets into a pod as its standard input', async () => {
  for (const { args } of VERBS) {
    const { exitCode, stderr } = await from('< /', args);
    assert.deepEqual([exitCode, /it is a directory \[cli\/usage\]/.test(stderr)], [125, true], stderr);
  }
  assert.equal(await podOk(['ps', '-a', '-o', 'name'], { root }).then((names) => names.split('\n').length), 1);
});
