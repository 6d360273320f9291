import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest, STUBBORN } from './shell-manifest.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-many-');
after(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(dir, `${name}.pod.yaml`);
  writeFileSync(path, text);
  return path;
}

function shell(name: string, apps: Parameters<typeof shellManifest>[1]): string {
  return file(name, shellManifest(name, apps));
}

async function left(): Promise<string> {
  return podOk(['ps', '-a', '-o', 'name'], { root });
}

test('several manifests are checked before any is started, and all errors are shown at once', async () => {
  const good = shell('good', { a: 'true' });
  const bad = file('bad', 'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: bad}\nappz: []\n');
  const two = file('two', `${shellManifest('x', { a: 'true' })}\n---\n${shellManifest('y', { a: 'true' })}\n`);
  const twin = file('twin', shellManifest('good', { a: 'true' }));
  const { exitCode, stderr } = await pod(['run', good, bad, two, twin], { root });
  assert.equal(exitCode, 125);
  for (const text of [/bad\.pod\.yaml:4:1/, /two\.pod\.yaml:3:1[^]*second YAML document/, /manifest\/duplicate/]) {
    assert.match(stderr, text);
  }
  assert.equal((await pod(['validate', two], { root })).exitCode, 1);
  assert.equal(await left(), '');
  assert.equal((await pod(['run', '--name', 'x', good, twin], { root })).exitCode, 125);
});

test('several pods show their lines with the pods’ names, and the first code in the order given counts', async () => {
  const one = shell('one', { a: 'echo from-one' });
  const two = shell('two', { a: 'echo from-a; exit 4', b: 'echo from-b >&2' });
  const three = shell('three', { a: 'exit 5' });
  const { exitCode, stdout, stderr } = await pod(['run', '--rm', one, two, three], { root });
  assert.equal(exitCode, 4);
  assert.match(stdout, /^one +\| from-one$/m);
  assert.match(stdout, /^two\/a +\| from-a$/m);
  assert.match(stderr, /^two\/b +\| from-b$/m);
  assert.equal(await left(), '');
});

test('^C stops all pods of the foreground, a second one kills those that do not listen', async () => {
  const run = new PodProcess(root, ['run', '--rm', shell('polite', { a: POLITE }), shell('rude', { a: STUBBORN })]);
  for (const name of ['polite | up', 'rude   | up']) await run.says(name);
  run.signal('SIGINT');
  await run.says('polite | stops');
  run.signal('SIGINT');
  assert.equal(await run.ended(), 137);
  assert.equal(await left(), '');
});

test('detached pods are told one a line; when one does not start, nothing is left of the others', async () => {
  const one = shell('d-one', { a: POLITE });
  const two = shell('d-two', { a: POLITE });
  const uuids = (await podOk(['run', '-d', one, two], { root })).split('\n');
  assert.equal(uuids.length, 2);
  const names = JSON.parse(await podOk(['ps', '-o', 'json'], { root })) as { uuid: string; name: string }[];
  assert.deepEqual(
    uuids.map((uuid) => names.find((pod) => pod.uuid === uuid)?.name),
    ['d-one', 'd-two'],
  );
  await podOk(['rm', '--force', ...uuids], { root });
  const failing = file('failing', shellManifest('failing', { a: 'true' }).replace('/bin/sh', '/bin/nothing'));
  for (const flags of [['-d'], []]) {
    const { exitCode, stdout } = await pod(['run', ...flags, one, failing, two], { root });
    assert.deepEqual([exitCode, stdout.includes('d-two')], [127, false]);
    assert.equal(await left(), '');
  }
});
