// What holds for a pod that runs, as the kernel says it, and what it uses

import { PodError } from '../error.ts';
import { ControlFiles } from '../cgroup/control-files.ts';
import { type Counters, readCounters } from '../cgroup/counters.ts';
import type { InForce, InForceSource } from '../isolators/isolator.ts';
import { ISOLATORS } from '../isolators/registry.ts';
import type { NetworkNamespace } from '../../linux/network-namespace.ts';
import { readLinkRates } from '../network/link-rates.ts';
import type { CgroupFacts } from '../plan/facts.ts';
import { readIfThere } from '../pod/files.ts';
import type { PodStatus } from '../pod/status.ts';

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

/** Undefined when the pod does not run. Reads only, from outside: nothing of the pod's is executed. */
export function readResources(pod: PodStatus, facts: CgroupFacts, openNetwork: OpenNetwork): PodResources | undefined {
  if (pod.state !== 'running' && pod.state !== 'paused') return undefined;
  const running = pod.apps.filter(({ state }) => state === 'running');
  const apps = running.map(({ name, pid }) => [name, readOne(facts, pod.uuid, { app: name, pid })] as const);
  return { ...readOne(facts, pod.uuid, { openNetwork }), apps: Object.fromEntries(apps) };
}

/** How to get at the network of a running pod; a normal user cannot. */
export type OpenNetwork = ((uuid: string) => NetworkNamespace) | undefined;

/** Of the pod as a whole, or of an app of it. */
interface Which {
  readonly app?: string;
  readonly pid?: number | null;
  readonly openNetwork?: OpenNetwork;
}

function readOne(facts: CgroupFacts, uuid: string, { app, pid = null, openNetwork }: Which): Resources {
  const files = new ControlFiles(facts, { uuid, app });
  const source: InForceSource = {
    control: (controller, file) => files.read(controller, file),
    proc: (file) => (pid === null ? undefined : readProc(`/proc/${pid}/${file}`)),
    ...(openNetwork ? { link: () => readLink(uuid, openNetwork) } : {}),
  };
  return { inForce: readBackAll(source, app === undefined ? 'pod' : 'app'), usage: readCounters(facts, uuid, app) };
}

/** The pod may end while it is looked at. */
function readLink(uuid: string, openNetwork: NonNullable<OpenNetwork>): ReturnType<NonNullable<InForceSource['link']>> {
  try {
    return readLinkRates(uuid, openNetwork);
  } catch (error) {
    if (error instanceof PodError && error.code === 'pod/state') return undefined;
    throw error;
  }
}

/** What no isolator can read back is not in it. */
export function readBackAll(source: InForceSource, scope: 'app' | 'pod'): AllInForce {
  const readable = ISOLATORS.filter(({ scopes, readBack }) => readBack && scopes.includes(scope));
  return Object.fromEntries(readable.map(({ name, readBack }) => [name, withNulls(readBack!(source))]));
}

function withNulls(inForce: InForce | undefined): Nullable<InForce> | null {
  if (!inForce) return null;
  return Object.fromEntries(Object.entries(inForce).map(([name, value]) => [name, value ?? null]));
}

/** The process may end between two reads; EINVAL is what a label's file says where no security module gives labels. */
function readProc(path: string): string | undefined {
  try {
    return readIfThere(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || (code === 'EINVAL' && path.includes('/attr/'))) return undefined;
    throw error;
  }
}
