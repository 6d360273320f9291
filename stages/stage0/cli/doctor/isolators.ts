import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PodError, PodErrors } from '../../error.ts';
import { collect } from '../../gc/collect.ts';
import { run } from '../../index.ts';
import type { AnyIsolator } from '../../isolators/isolator.ts';
import { ISOLATORS } from '../../isolators/registry.ts';
import type { Finding } from './check.ts';

export type NamedFinding = Finding & { readonly name: string };

/** Each isolator in a pod of its own that starts and ends; what this host cannot enforce is refused as a manifest's would be. */
export async function tryIsolators(): Promise<NamedFinding[]> {
  const root = mkdtempSync(join(tmpdir(), 'pod-doctor-'));
  try {
    const findings: NamedFinding[] = [];
    for (const isolator of ISOLATORS) findings.push({ name: isolator.name, ...(await tryOne(root, isolator)) });
    return findings;
  } finally {
    await collect(root, { graceMs: 0, expirePreparedMs: 0, isDryRun: false });
    rmSync(root, { recursive: true, force: true });
  }
}

async function tryOne(root: string, isolator: AnyIsolator): Promise<Finding> {
  try {
    await using pod = await run(manifestOf(isolator), { root });
    const code = await pod.exit;
    if (code === 0) return { status: 'OK', detail: `takes ${JSON.stringify(isolator.example)}` };
    return { status: 'limited', detail: `/bin/true ended with ${code}`, remedy: 'it cannot be used here' };
  } catch (error) {
    const first = error instanceof PodErrors ? error.errors[0]! : error;
    if (!(first instanceof PodError)) throw error;
    return { status: 'limited', detail: first.message, remedy: first.hint ?? 'it is refused here, with its line' };
  }
}

/** On a bridge, which some isolators are about. */
function manifestOf({ name, example, scopes }: AnyIsolator): object {
  const isolators = { [name]: example };
  const ofApp = scopes.includes('app');
  const app = { name: 'true', image: 'host', exec: ['/bin/true'], ...(ofApp ? { isolators } : {}) };
  return {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'doctor' },
    network: { mode: 'bridge' },
    ...(ofApp ? {} : { isolators }),
    apps: [app],
  };
}
