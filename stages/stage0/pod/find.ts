import { PodError } from '../error.ts';
import { nameOwner } from './names.ts';
import { nearest } from './nearest.ts';
import { readRecordIfReadable } from './record.ts';
import type { PodDir, PodLookup } from './pod-dir.ts';
import { isUuid } from './uuid.ts';

const PREFIX = /^[0-9a-f][0-9a-f-]*$/;

/** See `PodStore.find`. A name takes precedence over a prefix: `cafe` is the pod of that name, whatever the uuids are. */
export function findPod(store: PodLookup, query: string): PodDir {
  if (isUuid(query)) {
    const exact = store.locate(query);
    if (exact) return exact;
    throw notFound(store, query);
  }
  const owner = nameOwner(store.root, query);
  const named = owner === undefined ? undefined : store.locate(owner);
  if (named && named.state !== 'garbage') return named;
  const all = store.list();
  const pods = all.filter((pod) => pod.state !== 'garbage');
  const found = byName(pods, query) ?? byPrefix(pods, query);
  // The rest of an interrupted removal has given up its name, but is listed, and can be removed by what is listed.
  const candidates = found.length > 0 ? found : byPrefix(all, query);
  if (candidates.length === 1) return candidates[0]!;
  throw candidates.length === 0 ? notFound(store, query) : ambiguous(candidates, query);
}

/** Pods whose name has not passed to another pod, or whose claim was lost. */
function byName(pods: readonly PodDir[], query: string): PodDir[] | undefined {
  const found = pods.filter((pod) => readRecordIfReadable(pod.path)?.name === query);
  return found.length > 0 ? found : undefined;
}

function byPrefix(pods: readonly PodDir[], query: string): PodDir[] {
  return PREFIX.test(query) ? pods.filter((pod) => pod.uuid.startsWith(query)) : [];
}

function notFound(store: PodLookup, query: string): PodError {
  const living = store.list().filter((pod) => pod.state !== 'garbage');
  const names = living.flatMap((pod) => readRecordIfReadable(pod.path)?.name ?? []);
  const near = nearest(query, names);
  return new PodError('pod/not-found', `find pod "${query}": no pod has that uuid, prefix or name`, {
    hint: near === undefined ? 'pod ps -a lists all pods' : `did you mean "${near}"?`,
  });
}

function ambiguous(candidates: readonly PodDir[], query: string): PodError {
  const lines = candidates.map((pod) => `${pod.uuid} ${readRecordIfReadable(pod.path)?.name ?? '?'} (${pod.state})`);
  return new PodError(
    'pod/ambiguous',
    `find pod "${query}": ${candidates.length} pods match\n  ${lines.join('\n  ')}`,
    {
      hint: 'give more digits of the uuid',
    },
  );
}
