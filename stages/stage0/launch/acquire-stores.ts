// mkfs.ext4(8), loop(4), quotactl(2)

import { execFile } from 'node:child_process';
import { closeSync, openSync, truncateSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Fd } from '../../linux/fd.ts';
import { openLoopDevice } from '../../linux/loop.ts';
import { isFreeProject } from '../../linux/quota.ts';
import type { Bindings } from '../../tape/bindings.ts';
import { PodError } from '../error.ts';
import { claimFirstFree } from '../pod/claims.ts';
import type { LedgerEntry } from '../pod/ledger.ts';
import { PROJECT_KIND } from '../pod/projects.ts';
import { readStoreFacts } from '../plan/store-facts.ts';
import type { CompiledStore } from './compiled.ts';

export interface AcquiredStores {
  readonly bindings: Bindings;
  /** Loop devices, in the order of the stores. The kernel frees a device when its descriptor is closed. */
  readonly devices: readonly Fd[];
}

interface StoresInput {
  readonly root: string;
  readonly uuid: string;
  /** The pod's directory. */
  readonly path: string;
  readonly stores: readonly CompiledStore[];
  readonly record: (entries: readonly LedgerEntry[]) => void;
}

/** Takes what the pod's stores need besides their files: project ids and loop devices. */
export async function acquireStores(input: StoresInput): Promise<AcquiredStores> {
  const bindings: Record<string, number> = {};
  const devices: Fd[] = [];
  try {
    for (const store of input.stores) {
      if (store.method === 'project') bindings[`project.${store.name}`] = claimProject(input, store);
      if (store.method === 'image') devices.push(await makeImage(input.path, store));
    }
  } catch (error) {
    for (const device of devices) device[Symbol.dispose]();
    throw error;
  }
  return { bindings, devices };
}

/** Higher than the ids that administrators put into /etc/projid; no other tool is known to allocate from this range. */
const FIRST_PROJECT = 0x4000_0000;
const PROJECTS = 0x2000_0000;
const MOST_TRIES = 1000;

/** Starts at a position derived from the uuid: pods of other state directories share the file system, but not the claims. */
function* freeProjects(uuid: string, fd: number): Generator<string> {
  const start = Number.parseInt(uuid.slice(0, 8), 16) % PROJECTS;
  for (let i = 0; i < MOST_TRIES; i++) {
    const project = FIRST_PROJECT + ((start + i) % PROJECTS);
    if (isFreeProject(fd, project)) yield String(project);
  }
}

function claimProject({ root, uuid, path, record }: StoresInput, { name, at }: CompiledStore): number {
  const fd = openSync(path, 'r');
  try {
    const key = claimFirstFree(root, PROJECT_KIND, freeProjects(uuid, fd), uuid);
    if (key === undefined) {
      throw new PodError('host/unsupported', `find a project for "${name}": all are taken`, {
        at,
        hint: 'pod gc frees what dead pods still hold',
      });
    }
    record([
      { kind: 'project', id: Number(key) },
      { kind: 'claim', of: PROJECT_KIND, key },
    ]);
    return Number(key);
  } finally {
    closeSync(fd);
  }
}

/** No reserved blocks and no journal, because the content does not outlive the pod. */
const OPTIONS = ['-q', '-F', '-m', '0', '-O', '^has_journal,^resize_inode', '-E', 'lazy_itable_init=1,nodiscard'];

/** Makes a sparse image file in the pod's directory. It is removed together with the directory. */
async function makeImage(podPath: string, { name, bytes, at }: CompiledStore): Promise<Fd> {
  const image = `${podPath}/store.${name}.img`;
  const why = `make a file system of ${bytes} bytes for "${name}"`;
  const { makeFileSystem } = readStoreFacts(podPath);
  try {
    closeSync(openSync(image, 'wx', 0o600));
    truncateSync(image, bytes);
    await promisify(execFile)(makeFileSystem ?? 'mkfs.ext4', [...OPTIONS, image], { env: {} });
    return openLoopDevice(image);
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new PodError('state/io', `${why}: ${stderr?.trim() || message}`, { at, cause: error });
  }
}
