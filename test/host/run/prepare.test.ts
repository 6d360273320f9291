import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

function prepare(name: string, script: string): Promise<string> {
  const manifest = JSON.parse(shellManifest(name, { a: script })) as { network?: unknown };
  delete manifest.network;
  return podOk(['prepare', '-'], { root, input: JSON.stringify(manifest) });
}

function claims(): string[] {
  const kinds = existsSync(`${root}/claims`) ? readdirSync(`${root}/claims`) : [];
  return kinds.flatMap((kind) => readdirSync(`${root}/claims/${kind}`).map((key) => `${kind}/${key}`));
}

test('a prepared pod holds its name and nothing else of the host, and runs with the same uuid', async () => {
  const uuid = await prepare('later', 'echo ran; exit 3');
  assert.equal(claims().length, 1);
  const prepared = await statusOf(root, 'later');
  assert.deepEqual([prepared.uuid, prepared.state, prepared.network.ips], [uuid, 'prepared', []]);
  assert.equal(prepared.apps[0]!.state, 'waiting');
  assert.match(await podOk(['ps', '-a'], { root }), /later +prepared/);
  const taken = await pod(['run', '-'], { root, input: shellManifest('later', { a: 'true' }) });
  assert.equal(taken.exitCode, 125);
  assert.match(taken.stderr, /pod run-prepared later, pod rm later/);
  const logs = await pod(['logs', 'later'], { root });
  assert.deepEqual([logs.exitCode, /it has not been started/.test(logs.stderr)], [1, true], logs.stderr);
  const waits = new PodProcess(root, ['wait', 'later']);
  const { exitCode, stdout } = await pod(['run-prepared', 'later'], { root });
  assert.deepEqual([exitCode, stdout], [3, 'ran']);
  assert.deepEqual([await waits.ended(), waits.output], [0, '3\n']);
  const ended = await statusOf(root, 'later');
  assert.deepEqual([ended.uuid, ended.network.ips.length], [uuid, 2]);
  assert.equal((await pod(['run-prepared', 'later'], { root })).exitCode, 125);
  await podOk(['rm', 'later'], { root });
});

test('run-prepared takes -d and --rm', async () => {
  const uuid = await prepare('quiet', POLITE);
  assert.equal(await podOk(['run-prepared', '-d', '--rm', 'quiet'], { root }), uuid);
  assert.equal((await statusOf(root, 'quiet')).state, 'running');
  await podOk(['rm', '--force', 'quiet'], { root });
  await prepare('once', 'true');
  await podOk(['run-prepared', '--rm', 'once'], { root });
  assert.equal(await podOk(['ps', '-a', '-o', 'name'], { root }), '');
});

test('a prepared pod is removed by rm, and by gc when it was not started for its time', async () => {
  await prepare('unwanted', 'true');
  await podOk(['rm', 'unwanted'], { root });
  const uuid = await prepare('expired', 'true');
  await podOk(['gc', '--grace', '0'], { root });
  assert.equal((await statusOf(root, 'expired')).uuid, uuid);
  await podOk(['gc', '--expire-prepared', '0'], { root });
  assert.equal(await podOk(['ps', '-a', '-o', 'name'], { root }), '');
  assert.deepEqual(claims(), []);
});

test('of two who start a prepared pod one does, and a bad manifest is not prepared', async () => {
  await prepare('wanted', POLITE);
  const both = await Promise.all([1, 2].map(() => pod(['run-prepared', '-d', 'wanted'], { root })));
  assert.deepEqual(
    both.map(({ exitCode }) => exitCode).toSorted((a, b) => a! - b!),
    [0, 125],
  );
  await podOk(['rm', '--force', 'wanted'], { root });
  assert.equal((await pod(['prepare', '-'], { root, input: 'kind: Pod' })).exitCode, 125);
  assert.equal(await podOk(['ps', '-a', '-o', 'name'], { root }), '');
});
