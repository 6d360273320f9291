// What a pod that runs cannot do at the moment, in words that say what to do.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

test('neither a command nor a signal reaches an app that waits for its next start', async () => {
  const apps = { waits: { script: 'exit 3', restart: { policy: 'always', backoff: { initial: '1h', cap: '1h' } } } };
  await podOk(['run', '-d', '-'], { root, input: shellManifest('pausing', { ...apps, other: POLITE }) });
  await eventually(async () => {
    const { apps: shown } = JSON.parse(await podOk(['status', '-o', 'json', 'pausing'], { root }));
    assert.equal(shown[0].state, 'waiting');
  });
  for (const verb of [
    ['exec', '-a', 'waits', 'pausing', '--', '/bin/true'],
    ['kill', '-a', 'waits', 'pausing'],
  ]) {
    const { stderr } = await pod(verb, { root });
    assert.match(stderr, /app "waits": it does not run at the moment \[pod\/state\]/);
    assert.match(stderr, /"pod status" says whether it has ended or waits for its next start/);
  }
});

test('a pod whose record is damaged is not said to have died before it started', async () => {
  await podOk(['run', '-d', '-'], { root, input: shellManifest('damaged', { only: POLITE }) });
  const path = `${JSON.parse(await podOk(['inspect', 'damaged'], { root })).path}/record.json`;
  const whole = readFileSync(path, 'utf8');
  const { uuid } = JSON.parse(whole) as { uuid: string };
  writeFileSync(path, whole.slice(0, 20));
  for (const verb of [
    ['logs', uuid],
    ['exec', uuid, '--', '/bin/true'],
  ])
    assert.match((await pod(verb, { root })).stderr, /record\.json" is damaged \[pod\/state\]/, verb[0]);
  writeFileSync(path, whole);
});
