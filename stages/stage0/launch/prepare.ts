import { closeSync, writeFileSync } from 'node:fs';
import type { ManifestInput, RunningPod, RunOptions } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import { tryLockAt } from '../gc/remove.ts';
import { undoLedger } from '../gc/undo.ts';
import { parseObject, readIfThere, writeManifest } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';
import { readLedger } from '../pod/ledger.ts';
import { tryLockPatiently } from '../pod/lock.ts';
import { type PodRecord, readRecord, writeRecord } from '../pod/record.ts';
import { type PodDir, PodStore } from '../pod/store.ts';
import type { CompiledPod } from './compiled.ts';
import { giveBack } from './give-back.ts';
import { newRecord } from './record.ts';
import { compiledFile } from './run-file.ts';
import { startPod } from './start.ts';
import { takeName } from './take-name.ts';

/** The manifest's command-line options, kept for the start. Its text is in the pod's own copy. */
type Request = Omit<ManifestInput, 'text'>;

/** Values that are not known until the pod is started. */
const UNKNOWN = { uidBase: null, ips: [], metadataUrl: undefined };

/**
 * Does everything except the start: checks the manifest, unpacks its images, compiles it, and gives the pod its uuid, name and
 * directory. Addresses, ports and ids are taken at the start, so that a waiting pod holds none.
 */
export async function preparePod(manifest: ManifestInput, options: RunOptions): Promise<string> {
  const { identity, pod } = await compiledFile(manifest, options);
  const store = new PodStore(options.root);
  const made = store.create();
  const { uuid, path } = made;
  try {
    await takeName(store, identity.name, uuid, { signal: options.signal });
    writeManifest(path, manifest.text);
    writeRecord(path, newRecord({ identity, pod, options, uuid, ...UNKNOWN, hostname: identity.hostname }));
    const { text: _text, ...request } = manifest;
    writeFileSync(`${path}/${POD_FILES.request}`, JSON.stringify(request satisfies Request), { mode: 0o600 });
    store.move(uuid, 'prepare', 'prepared');
  } catch (error) {
    return giveBack(options.root, made, error);
  }
  closeSync(made.lockFd);
  return uuid;
}

/** Reads what a prepared pod is started from. Throws `pod/state` when the pod is not prepared. */
export function readPrepared(pod: PodDir): ManifestInput {
  const text = readIfThere(`${pod.path}/${POD_FILES.manifest}`);
  const request = parseObject(readIfThere(`${pod.path}/${POD_FILES.request}`) ?? '') as Request | undefined;
  if (pod.state !== 'prepared' || text === undefined || !request) throw notPrepared(pod, `it is in "${pod.state}"`);
  return { ...request, text };
}

/** Starts a prepared pod, as `runFile` starts a manifest. A pod that fails to start is removed, as with `run`. */
export async function startPrepared(pod: PodDir, manifest: ManifestInput, options: RunOptions): Promise<RunningPod> {
  const input = await compiledFile(manifest, options);
  const record = readRecord(pod.path);
  // Waits a moment for the lock: a collector holds it only while it checks the pod.
  const lock = record && tryLockAt(pod, tryLockPatiently);
  if (!record || !lock) throw notPrepared(pod, 'another process is starting or removing it');
  const { fd } = lock;
  try {
    requireSameImages(pod, record, input.pod);
    // Left by a start that was killed.
    await undoLedger(options.root, pod.uuid, readLedger(pod.path));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return startPod({ ...input, prepared: { uuid: pod.uuid, path: pod.path, lockFd: fd, createdAt: record.createdAt } });
}

/** The pod must run with the images it was prepared with. */
function requireSameImages(pod: PodDir, record: PodRecord, { apps }: CompiledPod): void {
  const changed = apps.find(({ image }, index) => image.digest !== record.apps[index]?.image.digest);
  if (!changed) return;
  throw new PodError(
    'pod/state',
    `start pod ${pod.uuid}: image "${changed.image.ref}" is not the one it was prepared with`,
    {
      hint: 'remove the pod, and prepare it again',
      at: changed.at,
    },
  );
}

function notPrepared({ uuid }: PodDir, found: string): PodError {
  return new PodError('pod/state', `start prepared pod ${uuid}: ${found}`, {
    hint: 'pod prepare creates a pod to start later',
  });
}
