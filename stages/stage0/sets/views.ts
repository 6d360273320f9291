import { parseManifest } from '../manifest/parse.ts';
import { readIfThere } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';
import { readRecord } from '../pod/record.ts';
import type { PodStore } from '../pod/store.ts';
import type { Change } from './changes.ts';
import type { Placement } from './inventory.ts';
import { mask } from './mask.ts';
import { normalise } from './normalise.ts';
import type { Contents } from './types.ts';
import { withUnits } from './units.ts';

/** A change as two values for comparison, without secrets; undefined means nothing. */
export interface ViewedChange {
  readonly change: Change;
  readonly before: unknown;
  readonly after: unknown;
}

/** What exists and what would be made. */
export function viewChange(store: PodStore, change: Change): ViewedChange {
  const { desired, entry, action } = change;
  const before = entry?.current && viewPod(store, entry.current);
  const isLeaving = action === 'prune' || !desired;
  const after = isLeaving ? undefined : view(desired.text, desired.path, desired.baseDir, desired.contents);
  return { change, before: mask(before, after, 'before'), after: mask(after, before, 'after') };
}

/** A removed pod has left nothing to compare with. */
function viewPod(store: PodStore, { uuid, baseDir, contents }: Placement): unknown {
  const pod = store.locate(uuid);
  const text = pod && readIfThere(`${pod.path}/${POD_FILES.manifest}`);
  const path = pod && readRecord(pod.path)?.manifest.path;
  return text === undefined || path === undefined ? undefined : view(text, path, baseDir, contents);
}

/** The normal form, with what the pod was made from besides its manifest. */
function view(text: string, path: string, baseDir: string, { images, files }: Contents): unknown {
  // A manifest accepted by an older version of pod may be invalid today.
  const { spec } = parseManifest(text, path, { baseDir });
  if (!spec) return undefined;
  const digests = { ...images, ...files };
  return withUnits({ ...normalise(spec), ...(Object.keys(digests).length > 0 ? { contents: digests } : {}) });
}
