import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();
const file = `${root}/counts.yaml`;

before(async () => {
  writeFileSync(file, shellManifest('counts', { a: 'head -c 70000 | wc -c; exit 4' }));
  await podOk(['run', '-d', '-'], { root, input: shellManifest('there', { a: POLITE }) });
});

/** `pod` with its standard input redirected by a shell. */
async function from(redirection: string, args: readonly string[]): ReturnType<typeof pod> {
  return pod(args, { root, wrapper: ['/bin/sh', '-c', `exec "$@" ${redirection}`, 'sh'] });
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

test('no directory of the host gets into a pod as its standard input', async () => {
  for (const { args } of VERBS) {
    const { exitCode, stderr } = await from('< /', args);
    assert.deepEqual([exitCode, /it is a directory \[cli\/usage\]/.test(stderr)], [125, true], stderr);
  }
  assert.equal(await podOk(['ps', '-a', '-o', 'name'], { root }).then((names) => names.split('\n').length), 1);
});
