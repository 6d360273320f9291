// fcntl(2), signal(7), unix(7)

import { AT_FDCWD, AT_REMOVEDIR } from '../../linux/constants.ts';
import { F_SETFL, F_SETOWN, O_ASYNC } from '../../linux/signal-io.ts';
import { offset, sym, type Tape } from '../../tape/program.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { requireSignal } from './signals.ts';
import { LOG_FILES } from './stores.ts';

/** HANDOFF_FD of state.h. */
const HANDOFF_FD = 3;
/** Where `a` is in a message of io.h. */
const MESSAGE_A = 12;
const MESSAGE_BYTES = 64;

/**
 * The pod lives no longer than the other end of the hand-off socket, which one process has: when the kernel closes that, it sends the
 * monitor SIGIO, and init is killed. The first SIGIO is the monitor's own, for an end that has come already.
 */
export function planLifeline(host: Tape, at: PodSpec['at']): void {
  const monitor = host.program.reg('monitor');
  const reason = { at, why: 'be told when the process that wants the pod has ended' };
  host.call('getpid', [], { ...reason, out: monitor });
  host.call('fcntl', [HANDOFF_FD, F_SETOWN, monitor], reason);
  host.call('fcntl', [HANDOFF_FD, F_SETFL, O_ASYNC], reason);
  host.call('kill', [monitor, requireSignal('SIGIO')], reason);
}

/** The ledger and the record say what is left to do when this is cut short: they go last. */
const FILES = [
  'uuid',
  'request.json',
  'events',
  'final',
  'control',
  'paused',
  'manifest.yaml',
  'record.json',
  'ledger',
];

/**
 * On the settle tape: waits until nobody looks at what the pod has left, then removes it. The upper layers are in memory, or somebody
 * else's; what init writes has names that are known.
 */
export function planRemoval(settle: Tape, { apps, at }: PodSpec): void {
  const { program } = settle;
  const reason = { at, why: "wait until the pod's files are needed no more" };
  const message = settle.buffer(MESSAGE_BYTES);
  settle.call('recvfrom', [HANDOFF_FD, message, MESSAGE_BYTES, 0, 0, 0], reason);
  settle.call('tape.check32', [offset(message, MESSAGE_A)], reason);
  const podDir = program.reg('podDir');
  const remove = (path: string): void => {
    settle.call('unlinkat', [podDir, settle.text(path), 0], { at, why: `remove "${path}"`, tolerate: ['ENOENT'] });
  };
  const name = settle.text([sym('root'), '/claims/name/', sym('podName')]);
  settle.call('unlinkat', [AT_FDCWD, name, 0], { at, why: "free the pod's name", tolerate: ['ENOENT'] });
  for (const { name } of apps) {
    for (let i = 0; i < LOG_FILES; i++) remove(`logs/${name}.log${i === 0 ? '' : `.${i}`}`);
  }
  settle.call('unlinkat', [podDir, settle.text('logs'), AT_REMOVEDIR], { at, why: 'remove the log directory' });
  for (const file of FILES) remove(file);
  const path = settle.text([sym('root'), '/pods/exited/', sym('uuid')]);
  settle.call('unlinkat', [AT_FDCWD, path, AT_REMOVEDIR], { at, why: "remove the pod's directory" });
  // Whoever waits for this need not wait until the kernel has let the firewall's elements go.
  settle.call('close', [HANDOFF_FD], { at, why: 'say that nothing is left' });
}
