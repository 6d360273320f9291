// proc_pid_mountinfo(5)

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readIfThere } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';
import { PodStore } from '../pod/store.ts';
import { isKernelError } from '../error.ts';

/**
 * Commits whose trees pods have something of: a volume, which is in the mount table of its processes, or a `dir:` image, which is
 * in its record.
 */
export function treesInUse(root: string, sourceDir: string): Set<string> {
  const used = new Set<string>();
  // A mount's root is told from the top of its file system, wherever that is mounted: the end of the path is the same.
  const key = sourceDir.slice(sourceDir.lastIndexOf('/sources/'));
  const pattern = new RegExp(`${key.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}/trees/([0-9a-f]+)`, 'g');
  const note = (text: string): void => {
    for (const [, commit] of text.matchAll(pattern)) used.add(commit!);
  };
  for (const pod of new PodStore(root).list()) note(readIfThere(`${pod.path}/${POD_FILES.record}`) ?? '');
  for (const table of mountTables()) note(table);
  return used;
}

/** Of each mount namespace, once. */
function* mountTables(): Generator<string> {
  const seen = new Set<string>();
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
      if (seen.has(namespace)) continue;
      seen.add(namespace);
      yield readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
    } catch (error) {
      // It has ended, or is a kernel thread.
      if (!isKernelError(error)) throw error;
    }
  }
}
