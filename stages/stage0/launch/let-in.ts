// newuidmap(1), newgidmap(1)

import { execFileSync } from 'node:child_process';
import type { Fd } from '../../linux/fd.ts';
import { encodeMessage } from '../../stage1/message.ts';
import type { Monitor } from '../../stage1/monitor.ts';
import { PodError, type Position } from '../error.ts';
import type { IdMapping } from '../plan/caller.ts';
import { findTool } from '../plan/read-caller.ts';
import type { Entry } from './plan-enter.ts';

/** Called when the monitor waits in its namespaces: gives it its ids and its network, then lets it continue. */
export async function letIn(
  { maps, network }: Entry,
  { pid, channel }: Pick<Monitor, 'pid' | 'channel'>,
  { at, podDir }: { readonly at?: Position; readonly podDir?: string } = {},
): Promise<void> {
  let held: Fd | undefined;
  try {
    if (maps) {
      writeMap('newuidmap', pid, maps.uids, at);
      writeMap('newgidmap', pid, maps.gids, at);
    }
    if (network) held = await (await import('./user-network.ts')).startUserNetwork(pid, podDir!, network);
  } catch (error) {
    // The monitor ends when the channel closes.
    channel.close();
    throw error;
  }
  channel.send(encodeMessage({ type: 'entered', fds: held ? 1 : 0 }), held ? [held.number] : []);
  held?.[Symbol.dispose]();
}

/** These programs are setuid: only through them does the kernel let a user map the ranges that /etc/subuid grants. */
function writeMap(tool: string, pid: number, mappings: readonly IdMapping[], at: Position | undefined): void {
  const path = findTool(tool) ?? tool;
  const args = mappings.flatMap(({ inside, outside, count }) => [inside, outside, count]);
  try {
    execFileSync(path, [pid, ...args].map(String), { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    throw new PodError('host/tool', `map your ids into the pod: ${stderr?.trim() || message}`, {
      at,
      hint: `${path} must be setuid root or have the capability it is named after, and /etc/subuid and /etc/subgid must assign you the ranges`,
      cause: error,
    });
  }
}
