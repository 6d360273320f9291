import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { ISOLATORS } from '../../../stages/stage0/isolators/registry.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();

interface Finding {
  readonly name: string;
  readonly status: string;
  readonly detail: string;
  readonly remedy?: string;
}

test('doctor tries every isolator in a pod, says why one cannot be had, and leaves nothing', async () => {
  const findings = JSON.parse(await podOk(['doctor', '-o', 'json'], { root })) as Finding[];
  const of = (name: string): Finding | undefined => findings.find((finding) => finding.name === name);
  for (const { name } of ISOLATORS) assert.ok(of(name), name);
  for (const name of ['resource/memory', 'resource/cpu', 'resource/network-bandwidth', 'os/linux/rlimits'])
    assert.equal(of(name)?.status, 'OK', of(name)?.detail);
  for (const { status, detail, remedy } of findings) assert.ok(status === 'OK' || remedy, detail);
  assert.deepEqual(
    readdirSync(tmpdir()).filter((name) => name.startsWith('pod-doctor-')),
    [],
  );
});
