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

/** Does it with this thread in the namespace behind the descriptor, and is back when it returns or throws. */
export function inNamespace<T>(kind: Kind, namespace: number, work: () => T): T {
  const home = openSync(`/proc/thread-self/ns/${kind}`, 'r');
  try {
    // Namespaces belong to this thread: nothing is awaited before it is back.
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
