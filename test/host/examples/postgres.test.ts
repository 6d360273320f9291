import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { MANIFESTS } from '../../harness/paths.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();

before(async () => {
  await podOk(['run', '-d', join(MANIFESTS, 'postgres.pod.yaml')], { root });
  await podOk(['wait', 'postgres', '--for', 'ready', '--timeout', '180s'], { root });
});

function query(sql: string): Promise<string> {
  return podOk(['exec', 'postgres', '--', 'psql', '-h', '/tmp', '-Atc', sql], { root });
}

test('a query through exec answers', async () => {
  assert.equal((await query('select 6 * 7')).trim(), '42');
});

test('what one query writes another reads', async () => {
  await query('create table if not exists pods (name text)');
  await query("insert into pods values ('web'), ('redis')");
  assert.equal((await query('select count(*) from pods')).trim(), '2');
});

test('the server runs as its own user', async () => {
  const text = await podOk(['exec', 'postgres', '--', '/usr/bin/id', '-un'], { root });
  assert.equal(text.trim(), 'postgres');
});

test('stop lets the server end in its own way', async () => {
  await podOk(['stop', 'postgres'], { root });
  const { state, apps } = await statusOf(root, 'postgres');
  assert.equal(state, 'exited');
  assert.deepEqual([apps[0]?.exitCode, apps[0]?.signal ?? null], [0, null]);
});
