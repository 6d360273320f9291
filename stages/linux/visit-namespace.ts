// setns(2), namespaces(7)

import { closeSync, openSync } from 'node:fs';
import { CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWUTS } from './constants.ts';
import { mustReturn } from './return.ts';
import { syscall } from './syscall.ts';

type Kind = 'net' | 'ipc' | 'uts';
const FLAGS: Readonly<Record<Kind, bigint>> = {
  net: CLONE_NEWNET,
  ipc: CLONE_NEWIPC,
  uts: CLONE_NEWUTS,
};

/**
 * Runs `work` with this thread in the namespace of the descriptor; returns to its own namespace afterwards, also on an exception.
 */
export function inNamespace<T>(kind: Kind, namespace: number, work: () => T): T {
  const home = openSync(`/proc/thread-self/ns/${kind}`, 'r');
  try {
    // Namespaces belong to this thread, so nothing may be awaited before it returns.
    syscall('setns', namespace, FLAGS[kind]);
    try {
      return work();
    } finally {
      mustReturn(() => void syscall('setns', home, FLAGS[kind]));
    }
  } finally {
    closeSync(home);
  }
}
