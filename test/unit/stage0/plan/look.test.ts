import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lookAround } from '../../../../stages/stage0/plan/look.ts';

/** Whether cgroups have the file, where those below the root are so. */
function look(file: string, children: Readonly<Record<string, readonly string[]>>, enabled?: string): unknown {
  const root = mkdtempSync(join(tmpdir(), 'pod-look-'));
  try {
    writeFileSync(join(root, file), '');
    for (const [name, files] of Object.entries(children)) {
      mkdirSync(join(root, name));
      for (const each of files) writeFileSync(join(root, name, each), '');
      if (enabled !== undefined) writeFileSync(join(root, name, 'cgroup.controllers'), `${enabled}\n`);
    }
    return lookAround([`control ${root}/${file}`])[`control ${root}/${file}`];
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('whether the kernel has a control file is told by a cgroup below the root that has the controller', () => {
  assert.equal(look('io.latency', { a: ['io.latency'] }, 'cpu io'), true);
  assert.equal(look('io.latency', { a: ['io.max'] }, 'cpu io'), false);
  assert.equal(look('io.latency', { a: ['io.pressure'] }, 'cpu memory'), null);
  assert.equal(look('io.latency', {}), null);
  assert.equal(look('cpu.cfs_burst_us', { a: ['cpu.shares'] }), false);
});
