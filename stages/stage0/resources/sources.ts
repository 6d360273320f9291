// Where isolators read back from: control files, /proc, and what only root can open of a pod

import { readlinkSync, statfsSync, statSync } from 'node:fs';
import type { Fd } from '../../linux/fd.ts';
import { readIoPriority } from '../../linux/ioprio.ts';
import type { NetworkNamespace } from '../../linux/network-namespace.ts';
import { inNamespace } from '../../linux/visit-namespace.ts';
import { type CgroupOwner, ControlFiles, directoryOf, unifiedOf } from '../cgroup/control-files.ts';
import { PodError } from '../error.ts';
import type { InForceSource } from '../isolators/isolator.ts';
import { sysctlNamespace } from '../isolators/sysctl.ts';
import { readLinkRates } from '../network/link-rates.ts';
import { type MarkInForce, readMarks } from '../network/read-marks.ts';
import type { CgroupFacts } from '../plan/facts.ts';
import { readIfThere } from '../pod/files.ts';

/** How to get at the parts of a running pod; a normal user cannot. They throw `pod/state` when it has ended. */
export interface Openers {
  readonly network: (uuid: string) => NetworkNamespace;
  readonly namespace: (uuid: string, kind: 'net' | 'ipc' | 'uts') => Fd;
  readonly root: (uuid: string, app: string) => Fd;
}

export interface Context {
  readonly facts: CgroupFacts;
  readonly uuid: string;
  readonly openers: Openers | undefined;
}

/** Of an app: with the pid of its first process, which may just have ended. */
export function appSource({ facts, uuid, openers }: Context, app: string, pid: number | null): InForceSource {
  const files = new ControlFiles(facts, { uuid, app });
  return {
    control: (controller, file) => files.read(controller, file),
    proc: procOf(pid),
    ...(pid === null ? {} : { ioPriority: () => readIoPriority(pid) }),
    ...(openers ? { layer: () => unlessEnded(() => sizeOf(openers.root(uuid, app))) } : {}),
    ...(openers ? { marks: () => marksOf(facts, { uuid, app }) } : {}),
  };
}

/**
 * Of the pod as a whole; its files on disk are counted together, so that any app's tell of them, and any app is in the namespaces that
 * the pod has for all of them.
 */
export function podSource({ facts, uuid, openers }: Context, anApp: RunningApp | undefined): InForceSource {
  const files = new ControlFiles(facts, { uuid });
  const pid = anApp?.pid ?? null;
  const common: InForceSource = {
    control: (controller, file) => files.read(controller, file),
    proc: procOf(pid),
    ...(pid === null ? {} : { namespace: (name) => namespaceOf(pid, name) }),
  };
  if (!openers) return common;
  return {
    ...common,
    marks: () => marksOf(facts, { uuid }),
    link: () => unlessEnded(() => readLinkRates(uuid, openers.network)),
    sysctl: (name) => unlessEnded(() => readSysctl(name, uuid, openers)),
    ...(anApp === undefined ? {} : { layer: () => unlessEnded(() => sizeOf(openers.root(uuid, anApp.name))) }),
  };
}

interface RunningApp {
  readonly name: string;
  readonly pid: number | null;
}

function procOf(pid: number | null): InForceSource['proc'] {
  return (file) => (pid === null ? undefined : readProc(`/proc/${pid}/${file}`));
}

/** By its number, which another pod that shares it has as well. */
function namespaceOf(pid: number, name: string): string | undefined {
  const link = readLink(`/proc/${pid}/ns/${name}`);
  return link !== undefined && link === readLink(`/proc/self/ns/${name}`) ? 'host' : link;
}

/** Undefined: the process has ended, is of another user, or the kernel has no such namespaces. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** statfs(2) of an overlay is that of its upper layer, and of a project with a quota that of the quota. */
function sizeOf(root: Fd): ReturnType<NonNullable<InForceSource['layer']>> {
  using held = root;
  const { blocks, bfree, bsize } = statfsSync(`/proc/self/fd/${held.number}`);
  return { totalBytes: blocks * bsize, freeBytes: bfree * bsize };
}

/** The id of a cgroup is the number of its directory. */
function marksOf(facts: CgroupFacts, owner: CgroupOwner): MarkInForce[] {
  const unified = unifiedOf(facts);
  const directory = unified && statSync(directoryOf(unified, owner), { bigint: true, throwIfNoEntry: false });
  return directory ? readMarks(owner.uuid).filter(({ cgroupId }) => cgroupId === directory.ino) : [];
}

/** /proc/sys shows who reads it the values of their own namespaces. A user namespace cannot be entered by a process with threads. */
function readSysctl(name: string, uuid: string, openers: Openers): string | undefined {
  const kind = sysctlNamespace(name);
  if (kind === 'user') return undefined;
  using held = openers.namespace(uuid, kind);
  return inNamespace(kind, held.number, () => readIfThere(`/proc/sys/${name.replaceAll('.', '/')}`))?.trim();
}

/** The pod may end while it is looked at. */
function unlessEnded<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof PodError && error.code === 'pod/state') return undefined;
    throw error;
  }
}

/**
 * The process may end between two reads. EINVAL is what a label's file says where no security module gives labels, and mountinfo
 * of a process that is about to be gone. EACCES and EPERM: a normal user may not look into a process of another one of his ids.
 */
function readProc(path: string): string | undefined {
  try {
    return readIfThere(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ESRCH', 'EACCES', 'EPERM'].includes(code)) return undefined;
    if (code === 'EINVAL' && (path.includes('/attr/') || path.endsWith('/mountinfo'))) return undefined;
    throw error;
  }
}
