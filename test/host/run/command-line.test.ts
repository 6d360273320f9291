import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

test('validate shows a folder that cannot be read among the findings', async () => {
  const [empty, bad, good] = [join(root, 'empty'), join(root, 'bad.pod.yaml'), join(root, 'good.pod.yaml')];
  mkdirSync(empty);
  writeFileSync(bad, 'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: bad}\nappz: []\n');
  writeFileSync(good, shellManifest('good', { a: 'true' }));
  const text = await pod(['validate', bad, empty, good], { root });
  assert.equal(text.exitCode, 1);
  assert.match(text.stdout, /\[manifest\/unknown-field\]/);
  assert.match(text.stdout, /find manifests in ".*empty".*\[manifest\/unreadable\]/);
  assert.match(text.stdout, /good\.pod\.yaml: ok\n/);
  const { exitCode, stdout } = await pod(['validate', '-o', 'json', bad, empty, good], { root });
  const codes = (JSON.parse(stdout) as { code: string }[]).map(({ code }) => code);
  assert.equal(exitCode, 1);
  assert.ok(codes.includes('manifest/unreadable') && codes.includes('manifest/unknown-field'), stdout);
});

test('a root that is empty is not the current directory', async () => {
  for (const args of [
    ['ps', '--root='],
    ['ps', '--root', ''],
  ]) {
    const { exitCode, stderr } = await pod(args, { cwd: root });
    assert.equal(exitCode, 2);
    assert.match(stderr, /--root "": the path is empty \[cli\/usage\]/);
  }
});

test('kill sends real-time signals, by name and number, and knows what a slip was to be', async () => {
  // dash knows their numbers only.
  const script = 'trap "echo got" 37; echo up; while :; do sleep 1000 & wait $!; done';
  await podOk(['run', '-d', '-'], { root, input: shellManifest('timed', { a: script }) });
  const logs = new PodProcess(root, ['logs', '-f', 'timed']);
  await logs.says('up\n');
  await podOk(['kill', '-s', 'SIGRTMIN+3', 'timed'], { root });
  await logs.says('up\ngot\n');
  await podOk(['kill', '-s', '37', 'timed'], { root });
  await logs.says('up\ngot\ngot\n');
  const { exitCode, stderr } = await pod(['kill', '-s', 'HUPP', 'timed'], { root });
  assert.equal(exitCode, 2);
  assert.match(stderr, /did you mean "SIGHUP"\?/);
  await podOk(['rm', '--force', 'timed'], { root });
  await logs.ended();
});
