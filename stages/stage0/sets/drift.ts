import { readIfThere } from '../pod/files.ts';
import { POD_FILES, podPath } from '../pod/layout.ts';
import { describe, digestWith } from './describe.ts';
import { digestOf } from './digest.ts';
import type { InventoryPod, Placement } from './inventory.ts';

/** Names of running pods that differ from what they were made from, because `pod update` changed and recorded their limits. */
export async function readDrift(root: string, pods: Readonly<Record<string, InventoryPod>>): Promise<Set<string>> {
  const names = new Set<string>();
  for (const [name, { current }] of Object.entries(pods))
    if (current && (await isDrifted(root, current))) names.add(name);
  return names;
}

async function isDrifted(
  root: string,
  { uuid, text: digest, baseDir, contents, digest: whole }: Placement,
): Promise<boolean> {
  const path = `${podPath(root, 'run', uuid)}/${POD_FILES.manifest}`;
  const text = readIfThere(path);
  if (text === undefined || digestOf(text) === digest) return false;
  // Limits that were changed and changed back count as unchanged, whatever the text looks like.
  const { description } = await describe({ file: path, path, baseDir, text });
  return description !== undefined && digestWith(description.form, contents) !== whole;
}
