// What holds for a pod that runs, as the kernel says it, and what it uses

import { type Counters, readCounters } from '../cgroup/counters.ts';
import type { InForce, InForceSource } from '../isolators/isolator.ts';
import { ISOLATORS } from '../isolators/registry.ts';
import type { CgroupFacts } from '../plan/facts.ts';
import { readIfThere } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';
import type { PodStatus } from '../pod/status.ts';
import { appSource, type Openers, podSource } from './sources.ts';

/** By the isolator's name. Null: nothing of its own, the pod's holds; a value in it is null that the kernel does not have. */
export type AllInForce = Readonly<Record<string, Nullable<InForce> | null>>;
type Nullable<Values> = { readonly [Name in keyof Values]: Exclude<Values[Name], undefined> | null };

export interface Resources {
  readonly inForce: AllInForce;
  readonly usage: Counters;
}

export interface PodResources extends Resources {
  /** Those that run, by name. */
  readonly apps: Readonly<Record<string, Resources>>;
}

export interface Looked {
  readonly status: PodStatus;
  /** The pod's directory. */
  readonly path: string;
  readonly facts: CgroupFacts;
  readonly openers: Openers | undefined;
}

/** Undefined when the pod does not run. Reads only, from outside: nothing of the pod's is executed. */
export async function readResources({ status, path, facts, openers }: Looked): Promise<PodResources | undefined> {
  if (status.state !== 'running' && status.state !== 'paused') return undefined;
  const { uuid } = status;
  const context = { facts, uuid, openers };
  const running = status.apps.filter(({ state }) => state === 'running');
  const asked = await readAsked(path);
  const one = (source: InForceSource, app?: string): Resources => ({
    inForce: readBackAll(source, app === undefined ? 'pod' : 'app', asked.get(app)),
    usage: readCounters(facts, uuid, app),
  });
  return {
    ...one(podSource(context, running[0])),
    apps: Object.fromEntries(running.map(({ name, pid }) => [name, one(appSource(context, name, pid), name)])),
  };
}

/** Values of isolators by their names. */
type Asked = ReadonlyMap<string, unknown>;

/** What the manifest has for isolators that need it to read back; of the pod, which is under no name, and of its apps. */
async function readAsked(path: string): Promise<ReadonlyMap<string | undefined, Asked>> {
  const text = readIfThere(`${path}/${POD_FILES.manifest}`) ?? '';
  const isAsked = ISOLATORS.some(({ name, readBackNeedsValue }) => readBackNeedsValue && text.includes(name));
  // Most pods ask for none of them, and are shown without a parser.
  const spec =
    isAsked && (await import('../manifest/parse.ts')).parseManifest(text, 'manifest.yaml', { baseDir: '/' }).spec;
  if (!spec) return new Map();
  const owners = [{ name: undefined, isolators: spec.isolators }, ...spec.apps];
  return new Map(
    owners.map(({ name, isolators }) => [name, new Map(isolators.map((isolator) => [isolator.name, isolator.value]))]),
  );
}

/** What no isolator can read back is not in it. */
function readBackAll(source: InForceSource, scope: 'app' | 'pod', asked: Asked = new Map()): AllInForce {
  const readable = ISOLATORS.filter(({ scopes, readBack }) => readBack && scopes.includes(scope));
  return Object.fromEntries(
    readable.map(({ name, readBack, readBackNeedsValue }) => [
      name,
      readBackNeedsValue && !asked.has(name) ? null : withNulls(readBack!(source, asked.get(name) as never)),
    ]),
  );
}

function withNulls(inForce: InForce | undefined): Nullable<InForce> | null {
  if (!inForce) return null;
  return Object.fromEntries(Object.entries(inForce).map(([name, value]) => [name, value ?? null]));
}
