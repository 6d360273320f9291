import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pausePod } from '../../../../stages/stage0/launch/pause.ts';

test('a pod that ended after it was found running is told as one, and not as a host without a freezer', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pod-pause-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const uuid = randomUUID();
  await assert.rejects(pausePod({ uuid, path: `${directory}/moved` }), { code: 'pod/state', message: /just ended/ });
  await assert.rejects(pausePod({ uuid, path: directory }), { code: 'host/unsupported', message: /no freezer/ });
});
