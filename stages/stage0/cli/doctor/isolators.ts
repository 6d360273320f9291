import { mkdtempSync, rmSync } from 'node:fs';
import { makeDirectories } from '../../../linux/directory.ts';
import { PodError, podErrorsOf } from '../../error.ts';
import { collect } from '../../gc/collect.ts';
import { run } from '../../index.ts';
import type { AnyIsolator } from '../../isolators/isolator.ts';
import { ISOLATORS } from '../../isolators/registry.ts';
import type { Finding } from './check.ts';

export type NamedFinding = Finding & { readonly name: string };

/**
 * Each isolator in a pod of its own that starts and ends; what this host cannot enforce is refused as a manifest's would be. The
 * pods are below `root`, where those of the user are, so that the disk is the same.
 */
export async function tryIsolators(root: string): Promise<NamedFinding[]> {
  const dir = makeScratch(root);
  try {
    const findings: NamedFinding[] = [];
    for (const isolator of ISOLATORS) {
      const { name, example, scopes, trials = [] } = isolator;
      const ofPod = !scopes.includes('app');
      findings.push({ name, ...(await tryOne(dir, isolator, example, ofPod)) });
      for (const { of, value, isOfPod = ofPod } of trials)
        findings.push({ name: `${name} ${of}`, ...(await tryOne(dir, isolator, value, isOfPod)) });
    }
    return findings;
  } finally {
    await collect(dir, { graceMs: 0, expirePreparedMs: 0, isDryRun: false });
    rmSync(dir, { recursive: true, force: true });
  }
}

function makeScratch(root: string): string {
  try {
    makeDirectories(root, 0o700);
    return mkdtempSync(`${root}/doctor-`);
  } catch (error) {
    const { message } = error as Error;
    throw new PodError('state/io', `try the isolators below "${root}": ${message}`, {
      hint: 'choose a writable directory with --root',
      cause: error,
    });
  }
}

async function tryOne(root: string, isolator: AnyIsolator, value: unknown, ofPod: boolean): Promise<Finding> {
  try {
    await using pod = await run(manifestOf(isolator, value, ofPod), { root });
    const code = await pod.exit;
    if (code === 0) return { status: 'OK', detail: `accepts ${JSON.stringify(value)}` };
    return { status: 'limited', detail: `/bin/true exited with ${code}`, remedy: 'it cannot be used on this host' };
  } catch (error) {
    const { message, hint } = podErrorsOf(error)[0]!;
    return {
      status: 'limited',
      detail: message,
      remedy: hint ?? 'a manifest that uses it is refused on this host, with the line',
    };
  }
}

/** On a bridge, which some isolators are about, where root has one. */
function manifestOf({ name, network }: AnyIsolator, value: unknown, ofPod: boolean): object {
  const mode = network ?? (process.geteuid!() === 0 ? 'bridge' : 'none');
  const isolators = { [name]: value };
  const app = { name: 'true', image: 'host', exec: ['/bin/true'], ...(ofPod ? {} : { isolators }) };
  return {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'doctor' },
    network: { mode },
    ...(ofPod ? { isolators } : {}),
    apps: [app],
  };
}
